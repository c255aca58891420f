/* The names of a workflow's bodies: calls, values, gates, `for`, `if`, `repeat`, and what each gives to the outside. */
#include "compiler/diag/near.h"
#include "compiler/model/check.h"
#include <string.h>

struct builder { struct checker *ck; struct module *module; struct model_workflow *w; };

const struct ast_item *body_attribute(const struct ast_item *first, const char *name)
{
	for (; first; first = first->next)
		if (first->kind == AST_ATTRIBUTE && strcmp(first->name, name) == 0)
			return first;
	return NULL;
}

static struct model_body *new_body(struct builder *b, struct model_body *parent, struct model_node *owner)
{
	struct model_body *body = arena_new(b->ck->arena, struct model_body);
	body->parent = parent;
	body->owner = owner;
	body->workflow = b->w;
	body->id = b->ck->model->bodies.len;
	body->scope = arena_new(b->ck->arena, struct scope);
	*body->scope = (struct scope){.kind = SCOPE_BODY, .parent = parent ? parent->scope : NULL, .body = body};
	*vec_push(&b->ck->model->bodies) = body;
	return body;
}

static struct model_node *new_node(struct builder *b, struct model_body *body, enum model_node_kind kind, const char *name, struct span span, const struct ast_item *item)
{
	struct model_node *n = arena_new(b->ck->arena, struct model_node);
	n->kind = kind;
	n->name = name;
	n->span = span;
	n->item = item;
	n->body = body;
	n->id = b->ck->model->n_nodes++;
	if (body->last)
		body->last->next = n;
	else
		body->nodes = n;
	body->last = n;
	return n;
}

static struct model_slot *new_slot(struct builder *b, struct model_body *body, enum model_slot_kind kind, const char *name, struct span span, struct model_node *node)
{
	struct model_slot *s = arena_new(b->ck->arena, struct model_slot);
	*s = (struct model_slot){.name = name, .kind = kind, .span = span, .body = body, .node = node, .type = &type_poison, .id = b->ck->model->slots.len};
	*vec_push(&b->ck->model->slots) = s;
	*vec_push(&body->slots) = s;
	return s;
}

static bool add_name(struct builder *b, struct model_body *body, const char *name, const struct ast_item *item, struct span span, struct model_slot *slot, struct model_node *node)
{
	struct map_entry *e = map_entry_n(&body->names, name, strlen(name));
	const struct model_name *old = e->value;
	if (old) {
		struct diag *d = diag_here(diag_add(b->ck->diags, DIAG_E0203, span, "`%s` is named twice here", name), "named again here");
		diag_label(d, old->slot ? old->slot->span : old->node->span, "first named here");
		return false;
	}
	struct model_name *n = arena_new(b->ck->arena, struct model_name);
	*n = (struct model_name){.name = name, .item = item, .slot = slot, .node = node};
	e->value = n;
	return true;
}

/* -- what a call calls ------------------------------------------------------------------------------------------------- */

/* The step or workflow that `f(...)` or `m.f(...)` calls, or NULL. */
static struct decl *callee(struct builder *b, const struct ast_expr *e)
{
	bool function = e->kind == AST_CALL && e->call.a->kind == AST_NAME && map_get(&b->module->functions, e->call.a->string.text);
	struct decl *d = function ? NULL : module_called(b->ck, b->module, e);
	return decl_is(d, "step") || (d && d->kind == DECL_WORKFLOW) ? d : NULL;
}

/* `x = preproces(...)`: neither a function nor a step; said with the steps and workflows that are near. */
static bool unknown_callee(struct builder *b, const struct ast_item *i)
{
	const struct ast_expr *e = i->value;
	if (e->kind != AST_CALL || e->call.a->kind != AST_NAME || map_get(&b->module->functions, e->call.a->string.text) || builtin_find(e->call.a->string.text))
		return false;
	static const char *const own[] = {"asset", "glob", "previous", "unchecked", "cron", "now"};
	for (size_t k = 0; k < sizeof own / sizeof *own; k++)
		if (strcmp(own[k], e->call.a->string.text) == 0)
			return false;
	struct near near;
	near_init(&near, e->call.a->string.text);
	for (uint32_t k = 0; k < b->module->names.cap; k++) {
		struct decl *d = b->module->names.entries[k].value;
		if (b->module->names.entries[k].key && (d->kind == DECL_WORKFLOW || (decl_is(d, "step"))))
			near_offer(&near, d->name);
	}
	const char *best = near_best(&near);
	struct diag *d = diag_here(diag_add(b->ck->diags, DIAG_E0212, e->call.a->span, "there is no step, workflow or function `%s`", e->call.a->string.text), "not found");
	if (best)
		diag_suggest(d, e->call.a->span, best);
	return true;
}

static void build_result(struct builder *b, struct model_body *body, const struct ast_item *i)
{
	struct decl *d = callee(b, i->value);
	bool unknown = !d && unknown_callee(b, i);
	struct model_node *n = new_node(b, body, !d ? MODEL_VALUE : d->kind == DECL_WORKFLOW ? MODEL_SUB : MODEL_CALL, i->name, i->name_span, i);
	n->slot = new_slot(b, body, d ? MODEL_SLOT_RESULT : MODEL_SLOT_VALUE, i->name, i->name_span, n);
	if (!add_name(b, body, i->name, i, i->name_span, n->slot, n)) {
		n->subject = make_poison(b->ck, i->value->span);
		return;
	}
	if (unknown) {
		struct model_name *name = map_get(&body->names, i->name);
		name->state = DECL_DONE; /* reported: its type stays the poison */
		n->subject = make_poison(b->ck, i->value->span);
	}
	if (d && decl_settle(b->ck, d)) {
		d->used = true;
		if (d->kind == DECL_WORKFLOW) {
			n->workflow = d->workflow;
			d->workflow->used = true;
		} else {
			n->step = d->thing;
			d->thing->used = true;
		}
	}
}

/* -- inner bodies ------------------------------------------------------------------------------------------------------- */

static void build_items(struct builder *b, struct model_body *body, const struct ast_item *first);

/* Every name inside becomes one outside. */
static void build_exports(struct builder *b, struct model_body *outer, struct model_node *n, struct model_body *inner, bool otherwise)
{
	for (uint32_t k = 0; k < inner->slots.len; k++) {
		struct model_slot *s = inner->slots.at[k];
		if (s->kind == MODEL_SLOT_ELEMENT || s->kind == MODEL_SLOT_INDEX)
			continue;
		struct model_name *old = otherwise ? map_get(&outer->names, s->name) : NULL;
		if (old && old->node == n) {
			old->slot->otherwise = s;
			continue;
		}
		struct model_slot *out = new_slot(b, outer, MODEL_SLOT_EXPORT, s->name, s->span, n);
		if (otherwise)
			out->otherwise = s;
		else
			out->inner = s;
		add_name(b, outer, s->name, NULL, s->span, out, n);
	}
}

static void build_for(struct builder *b, struct model_body *body, const struct ast_item *i)
{
	struct model_node *n = new_node(b, body, MODEL_FOR, "for", ast_word_span(i), i);
	n->inner = new_body(b, body, n);
	n->element = new_slot(b, n->inner, MODEL_SLOT_ELEMENT, i->pattern->name, i->pattern->span, NULL);
	n->element->node = NULL;
	add_name(b, n->inner, i->pattern->name, i, i->pattern->span, n->element, n);
	if (i->pattern->second) {
		n->second = new_slot(b, n->inner, MODEL_SLOT_INDEX, i->pattern->second, i->pattern->second_span, NULL);
		add_name(b, n->inner, i->pattern->second, i, i->pattern->second_span, n->second, n);
	}
	build_items(b, n->inner, i->body);
	build_exports(b, body, n, n->inner, false);
}

static void build_if(struct builder *b, struct model_body *body, const struct ast_item *i)
{
	struct model_node *n = new_node(b, body, MODEL_IF, "if", ast_word_span(i), i);
	n->inner = new_body(b, body, n);
	build_items(b, n->inner, i->body);
	build_exports(b, body, n, n->inner, false);
	if (i->has_otherwise) {
		n->otherwise = new_body(b, body, n);
		build_items(b, n->otherwise, i->otherwise);
		build_exports(b, body, n, n->otherwise, true);
	}
}

static void build_repeat(struct builder *b, struct model_body *body, const struct ast_item *i)
{
	struct model_node *n = new_node(b, body, MODEL_REPEAT, "repeat", ast_word_span(i), i);
	n->inner = new_body(b, body, n);
	build_items(b, n->inner, i->body);
	build_exports(b, body, n, n->inner, false);
	static const char *const wanted[] = {"max", "until"};
	for (size_t k = 0; k < 2; k++)
		if (!body_attribute(i->body, wanted[k]))
			diag_help(diag_here(diag_add(b->ck->diags, DIAG_E0214, ast_word_span(i), "this `repeat` lacks `%s`", wanted[k]), "not given"),
				k ? "say when it is done: `until = fix.residual < 0.01`" : "say how often at most: `max = 10`");
}

static void build_gate(struct builder *b, struct model_body *body, const struct ast_item *i)
{
	struct model_node *n = new_node(b, body, MODEL_GATE, i->name, i->name_span, i);
	add_name(b, body, i->name, i, i->name_span, NULL, n);
}

static void not_here(struct builder *b, const struct ast_item *i, bool inner)
{
	bool named = i->kind == AST_DECLARATION;
	struct diag *d = diag_here(diag_add(b->ck->diags, DIAG_E0201, named || i->kind == AST_BLOCK ? ast_word_span(i) : i->span, named ? "there is no declaration `%s` in a workflow" : "this cannot stand in a workflow", i->word), "unknown here");
	static const char *const known[] = {"input", "output", "gate"};
	struct near near;
	near_init(&near, named ? i->word : "");
	for (size_t k = 0; named && k < 3; k++)
		near_offer(&near, known[k]);
	const char *best = named ? near_best(&near) : NULL;
	if (inner && named && (strcmp(i->word, "input") == 0 || strcmp(i->word, "output") == 0))
		diag_help(d, "inputs and outputs stand at the top of the workflow; every name in here can be used out there");
	else if (best)
		diag_suggest(d, ast_word_span(i), best);
	else
		diag_help(d, "a workflow holds `input`, `output`, `gate`, calls `name = step(...)`, `for`, `if` and `repeat`");
}

static void build_items(struct builder *b, struct model_body *body, const struct ast_item *first)
{
	bool repeat = body->owner && body->owner->kind == MODEL_REPEAT;
	for (const struct ast_item *i = first; i; i = i->next) {
		switch ((enum ast_item_kind)i->kind) {
		case AST_ATTRIBUTE:
			if (!(repeat && (strcmp(i->name, "max") == 0 || strcmp(i->name, "until") == 0)))
				build_result(b, body, i);
			break;
		case AST_FOR: build_for(b, body, i); break;
		case AST_IF: build_if(b, body, i); break;
		case AST_REPEAT: build_repeat(b, body, i); break;
		case AST_DECLARATION:
			if (strcmp(i->word, "gate") == 0)
				build_gate(b, body, i);
			else if (body->parent || (strcmp(i->word, "input") != 0 && strcmp(i->word, "output") != 0))
				not_here(b, i, body->parent != NULL);
			break;
		case AST_FIELD: case AST_BLOCK: case AST_IMPORT: case AST_FUNCTION: not_here(b, i, false); break;
		}
	}
}

static void build_inputs(struct builder *b, struct model_body *body, struct decl *d)
{
	for (const struct ast_item *i = d->item->body; i; i = i->next) {
		if (i->kind != AST_DECLARATION || strcmp(i->word, "input") != 0)
			continue;
		struct model_slot *s = new_slot(b, body, MODEL_SLOT_INPUT, i->name, i->name_span, NULL);
		if (!add_name(b, body, i->name, i, i->name_span, s, NULL))
			continue;
		struct decl *p = module_find(b->ck, b->module, i->name);
		if (p && p->kind == DECL_PARAM && p->module == d->module)
			diag_label(diag_here(diag_add(b->ck->diags, DIAG_E0203, i->name_span, "an input and a parameter are both called `%s`", i->name), "this input"), p->span, "this %s", p->word);
	}
}

struct model_body *body_build(struct checker *ck, struct decl *d)
{
	struct builder b = {.ck = ck, .module = d->module, .w = d->workflow};
	struct model_body *body = new_body(&b, NULL, NULL);
	build_inputs(&b, body, d);
	build_items(&b, body, d->item->body);
	return body;
}

/* -- names ----------------------------------------------------------------------------------------------------------------- */

struct model_name *body_name(struct model_body *body, const char *name, struct model_body **ret_where)
{
	for (; body; body = body->parent) {
		struct model_name *n = map_get(&body->names, name);
		if (n) {
			if (ret_where)
				*ret_where = body;
			return n;
		}
	}
	return NULL;
}

void body_offer(struct model_body *body, struct near *near)
{
	for (uint32_t i = 0; i < body->names.cap; i++)
		if (body->names.entries[i].key)
			near_offer(near, body->names.entries[i].key);
}

struct context body_context(struct checker *ck, struct model_body *body)
{
	struct context cx = {.ck = ck, .module = ((struct decl *)body->workflow->decl)->module, .scope = body->scope};
	for (struct model_body *b = body; b && !cx.repeat; b = b->parent)
		if (b->owner && b->owner->kind == MODEL_REPEAT)
			cx.repeat = b;
	return cx;
}

static const struct type *settle(struct checker *ck, struct model_name *n);

static const struct type *slot_type(struct checker *ck, struct model_slot *s)
{
	struct model_name *n = map_get(&s->body->names, s->name);
	return n && n->slot == s ? settle(ck, n) : s->type;
}

/* What leaves a body has passed its gates there: absent where one skipped. */
static const struct type *inner_type(struct checker *ck, struct model_slot *inner, bool raw)
{
	const struct type *t = slot_type(ck, inner);
	for (uint32_t i = 0; !raw && i < inner->n_gates; i++)
		if (inner->gates[i]->on_fail == MODEL_SKIP && t->kind != TYPE_POISON)
			return type_optional(ck->arena, t);
	return t;
}

static const struct type *export_type(struct checker *ck, struct model_slot *s)
{
	struct arena *a = ck->arena;
	const struct type *t = s->inner ? inner_type(ck, s->inner, s->raw) : NULL, *o = s->otherwise ? inner_type(ck, s->otherwise, s->raw) : NULL;
	if ((t && t->kind == TYPE_POISON) || (o && o->kind == TYPE_POISON))
		return &type_poison;
	if (s->node->kind == MODEL_FOR)
		return type_list(a, t);
	if (s->node->kind == MODEL_REPEAT)
		return t;
	if (!t || !o)
		return type_optional(a, t ? t : o);
	const struct type *both = type_join(a, t, o);
	if (both)
		return both;
	struct diag *d = diag_here(diag_add(ck->diags, DIAG_E0301, s->otherwise->span, "both branches name `%s`, with different types", s->name), "here it is %s", a_type(ck, o));
	diag_label(d, s->inner->span, "here it is %s", a_type(ck, t));
	return &type_poison;
}

static const struct type *element(struct checker *ck, struct model_name *n)
{
	const struct expr *list = check_subject(ck, n->node);
	if (is_poison(list))
		return &type_poison;
	struct context cx = body_context(ck, n->node->body);
	const struct type *of = element_type(&cx, list, list->span, "`for`");
	if (!n->node->second)
		return of;
	if (of->kind == TYPE_RECORD && of->thing && strcmp(of->thing, "pair") == 0)
		return of->fields[n->slot->kind == MODEL_SLOT_INDEX].type;
	if (of->kind != TYPE_POISON && n->slot->kind == MODEL_SLOT_ELEMENT)
		diag_here(diag_add(ck->diags, DIAG_E0301, list->span, "`for (a, b)` goes through pairs"), "these are no pairs; `enumerate` and `zip` give pairs");
	return &type_poison;
}

/* The type of what a name holds, worked out when it is first asked for. */
static const struct type *settle(struct checker *ck, struct model_name *n)
{
	struct model_slot *s = n->slot;
	if (n->state == DECL_DONE)
		return s->type;
	if (n->state == DECL_BUSY) {
		diag_here(diag_add(ck->diags, DIAG_E0444, s->span, "`%s` needs itself", s->name), "its own value is needed to work it out");
		n->state = DECL_DONE;
		return s->type = &type_poison;
	}
	n->state = DECL_BUSY;
	const struct type *t = &type_poison;
	switch (s->kind) {
	case MODEL_SLOT_INPUT: t = s->type; break;
	case MODEL_SLOT_RESULT: t = s->node->step ? s->node->step->result : s->node->workflow && s->node->workflow->result ? s->node->workflow->result : &type_poison; break;
	case MODEL_SLOT_VALUE: t = check_subject(ck, s->node)->type; break;
	case MODEL_SLOT_ELEMENT: case MODEL_SLOT_INDEX: t = element(ck, n); break;
	case MODEL_SLOT_EXPORT: t = export_type(ck, s); break;
	}
	n->state = DECL_DONE;
	return s->type = t;
}

struct model_slot *body_find(struct context *cx, struct model_body *body, const char *name)
{
	struct model_name *n = map_get(&body->names, name);
	if (!n || !n->slot)
		return NULL;
	settle(cx->ck, n);
	return n->slot;
}

static bool gated_inside(const struct model_slot *s)
{
	return s && (s->n_gates > 0 || (s->kind == MODEL_SLOT_EXPORT && (gated_inside(s->inner) || gated_inside(s->otherwise))));
}

struct model_slot *body_unchecked(struct checker *ck, struct model_slot *s)
{
	if (s->kind != MODEL_SLOT_EXPORT || s->raw || !(gated_inside(s->inner) || gated_inside(s->otherwise)))
		return s;
	if (!s->unchecked) {
		struct builder b = {.ck = ck, .w = s->body->workflow};
		struct model_slot *raw = new_slot(&b, s->body, MODEL_SLOT_EXPORT, s->name, s->span, s->node);
		raw->raw = true;
		raw->inner = s->inner ? body_unchecked(ck, s->inner) : NULL;
		raw->otherwise = s->otherwise ? body_unchecked(ck, s->otherwise) : NULL;
		raw->type = export_type(ck, raw);
		s->unchecked = raw;
	}
	return s->unchecked;
}

/* -- what gates guard -------------------------------------------------------------------------------------------------------- */

static void guard(struct checker *ck, struct model_node *gate, const struct ast_expr *e)
{
	struct model_body *where = NULL;
	struct model_name *n = e->kind == AST_NAME ? body_name(gate->body, e->string.text, &where) : NULL;
	if (!n || !n->slot || !n->slot->node) {
		if (e->kind == AST_NAME && !n) {
			struct context cx = body_context(ck, gate->body);
			report_unknown_name(&cx, e, NULL);
		} else {
			diag_help(diag_here(diag_add(ck->diags, DIAG_E0453, e->span, "a gate guards results of calls"), "not the name of a result"), "name the call: `of = mean`");
		}
		return;
	}
	if (where != gate->body) {
		diag_label(diag_here(diag_add(ck->diags, DIAG_E0453, e->span, "a gate stands beside what it guards"), "`%s` is named further out", n->name), n->slot->span, "here");
		return;
	}
	struct model_slot *s = n->slot;
	struct model_node **gates = arena_new_n(ck->arena, struct model_node *, s->n_gates + 1);
	if (s->n_gates)
		memcpy(gates, s->gates, sizeof *gates * s->n_gates);
	gates[s->n_gates++] = gate;
	s->gates = gates;
	gate->guards[gate->n_guards++] = s;
}

static void gate_guards(struct checker *ck, struct model_node *n, const struct ast_item *item)
{
	const struct ast_item *of = body_attribute(item->body, "of"), *fail = body_attribute(item->body, "on_fail");
	static const char *const words[] = {"block", "warn", "skip", "ask"};
	if (fail) {
		n->on_fail_span = fail->value->span;
		size_t k = 0;
		const char *text = fail->value->kind == AST_NAME || fail->value->kind == AST_STRING ? fail->value->string.text : "";
		while (k < 4 && strcmp(words[k], text) != 0)
			k++;
		if (k < 4)
			n->on_fail = (enum model_on_fail)k;
		else
			diag_here(diag_add(ck->diags, DIAG_E0305, fail->value->span, "`on_fail` is block, warn, skip or ask"), "none of these");
	}
	if (!of) {
		diag_help(diag_here(diag_add(ck->diags, DIAG_E0214, item->name_span, "gate `%s` lacks `of`", n->name), "guards nothing"), "name the results that it guards: `of = mean`, or `of = [a, b]`");
		return;
	}
	bool list = of->value->kind == AST_LIST;
	n->guards = arena_new_n(ck->arena, struct model_slot *, (list ? of->value->list.len : 1) + 1);
	if (!list)
		guard(ck, n, of->value);
	for (const struct ast_expr *e = list ? of->value->list.first : NULL; e; e = e->next)
		guard(ck, n, e);
}

void body_guards(struct checker *ck, struct model_body *body)
{
	for (struct model_node *n = body->nodes; n; n = n->next) {
		if (n->kind == MODEL_GATE)
			gate_guards(ck, n, n->item);
		if (n->inner)
			body_guards(ck, n->inner);
		if (n->otherwise)
			body_guards(ck, n->otherwise);
	}
}
