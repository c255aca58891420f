/* Expressions: names, members, literals, lists; their types; what is known already is worked out at once. */
#include "compiler/diag/near.h"
#include "compiler/model/check.h"
#include "compiler/base/file.h"
#include <string.h>

const char *show(struct checker *ck, const struct type *t)
{
	return type_text(ck->arena, t);
}

const char *a_type(struct checker *ck, const struct type *t)
{
	if (t->kind == TYPE_RECORD && t->thing)
		return arena_printf(ck->arena, "the %s", t->thing);
	const char *text = show(ck, t);
	return arena_printf(ck->arena, strchr("aeio", *text) ? "an `%s`" : "a `%s`", text);
}

struct expr *make_const(struct checker *ck, struct span span, const struct value *v, const struct type *t)
{
	struct expr *e = expr_new(ck->arena, EXPR_CONST, span, t, 0);
	e->value = v;
	return e;
}

struct expr *make_poison(struct checker *ck, struct span span)
{
	return make_const(ck, span, &value_null, &type_poison);
}

/* -- names ---------------------------------------------------------------------------------------------------------- */

static struct expr *ref(struct checker *ck, enum expr_op op, struct span span, const struct type *t, uint32_t index, const char *name)
{
	struct expr *e = expr_new(ck->arena, op, span, t, 0);
	e->index = index;
	e->name = name;
	return e;
}

/* A slot read past its gates may be absent where a gate skips. */
static struct expr *slot_ref(struct context *cx, struct span span, struct model_slot *s)
{
	s->used = true;
	if (cx->unchecked)
		s = body_unchecked(cx->ck, s);
	bool checked = s->n_gates > 0 && !cx->unchecked, skips = false;
	for (uint32_t i = 0; i < s->n_gates; i++) {
		if (s->gates[i] == cx->gate)
			checked = false;
		skips = skips || s->gates[i]->on_fail == MODEL_SKIP;
	}
	struct expr *e = ref(cx->ck, EXPR_SLOT, span, checked && skips ? type_optional(cx->ck->arena, s->type) : s->type, s->id, s->name);
	e->checked = checked;
	if (s->node && s->node->step)
		s->node->step->used = true;
	return e;
}

static struct expr *schema_ref(struct context *cx, const struct ast_expr *e, const struct schema *schema)
{
	for (uint32_t i = 0; i < schema->n_attrs; i++)
		if (strcmp(schema->attrs[i].name, e->string.text) == 0)
			return ref(cx->ck, EXPR_INPUT, e->span, schema->attrs[i].type, i, e->string.text);
	return NULL;
}

static struct expr *step_ref(struct context *cx, const struct ast_expr *e, const struct scope *s)
{
	const char *name = e->string.text;
	for (uint32_t i = 0; i < s->step->n_inputs; i++)
		if (strcmp(s->step->inputs[i].name, name) == 0)
			return ref(cx->ck, EXPR_INPUT, e->span, s->step->inputs[i].type, i, name);
	for (uint32_t i = 0; s->outputs && i < s->step->n_outputs; i++)
		if (strcmp(s->step->outputs[i].name, name) == 0)
			return ref(cx->ck, EXPR_OUTPUT, e->span, s->step->outputs[i].type, i, name);
	return NULL;
}

static struct expr *scope_ref(struct context *cx, const struct ast_expr *e)
{
	for (struct scope *s = cx->scope; s; s = s->parent) {
		struct expr *x = NULL;
		struct model_slot *slot;
		switch (s->kind) {
		case SCOPE_LOCAL:
			if (strcmp(s->name, e->string.text) == 0)
				x = ref(cx->ck, EXPR_LOCAL, e->span, s->type, s->index, s->name);
			break;
		case SCOPE_EVENT:
			if (strcmp("event", e->string.text) == 0 && s->type)
				x = ref(cx->ck, EXPR_EVENT, e->span, s->type, 0, "event");
			break;
		case SCOPE_SCHEMA: x = schema_ref(cx, e, s->schema); break;
		case SCOPE_STEP: x = step_ref(cx, e, s); break;
		case SCOPE_BODY:
			slot = body_find(cx, s->body, e->string.text);
			x = slot ? slot_ref(cx, e->span, slot) : NULL;
			break;
		}
		if (x)
			return x;
	}
	return NULL;
}

static struct expr *param_ref(struct context *cx, const struct ast_expr *e, struct decl *d)
{
	if (!decl_settle(cx->ck, d))
		return make_poison(cx->ck, e->span);
	d->used = d->param->used = true;
	return ref(cx->ck, EXPR_PARAM, e->span, d->param->type, d->param->id, d->full);
}

static struct expr *member_of_enum(struct context *cx, const struct ast_expr *e, const struct type *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (strcmp(t->members[i], e->string.text) == 0)
			return make_const(cx->ck, e->span, value_string(cx->ck->arena, t->members[i]), t);
	return NULL;
}

static const struct type *wanted_enum(const struct type *t)
{
	while (t && (t->kind == TYPE_OPTIONAL || t->kind == TYPE_RANGE))
		t = t->of;
	return t && t->kind == TYPE_ENUM ? t : NULL;
}

/* A declaration that is not a value, as a constant of its own kind's type. */
static struct expr *thing_ref(struct context *cx, const struct ast_expr *e, struct decl *d)
{
	if (!decl_settle(cx->ck, d))
		return make_poison(cx->ck, e->span);
	d->thing->used = d->used = true;
	struct type *t = arena_new(cx->ck->arena, struct type);
	t->kind = TYPE_THING;
	t->thing = d->thing->schema->name;
	return make_const(cx->ck, e->span, value_string(cx->ck->arena, d->full), t);
}

static struct expr *closed_name(struct context *cx, const struct ast_expr *e, const struct decl *d)
{
	struct diag *g = diag_here(diag_add(cx->ck->diags, DIAG_E0211, e->span, "a command sees only its step's inputs and outputs, not the %s `%s`", decl_words(d), d->name), "not visible here");
	diag_label(g, d->span, "declared here");
	if (d->kind == DECL_PARAM)
		diag_help(g, "give the step an input: `input %s: TYPE`, and pass `%s: %s` where it is called", d->name, d->name, d->name);
	else if (d->kind == DECL_THING && strcmp(d->word, "step") != 0)
		diag_help(g, "give the step an input, such as `input address: string`, and pass `address: %s.address` where it is called; or name it in `env { }`", d->name);
	return make_poison(cx->ck, e->span);
}

static struct expr *decl_ref(struct context *cx, const struct ast_expr *e, struct decl *d)
{
	if (cx->closed && d->kind != DECL_IMPORT)
		return closed_name(cx, e, d);
	switch (d->kind) {
	case DECL_PARAM: return param_ref(cx, e, d);
	case DECL_THING:
		if (strcmp(d->word, "step") != 0)
			return thing_ref(cx, e, d);
		break;
	case DECL_IMPORT:
		if (d->failed)
			return make_poison(cx->ck, e->span);
		break;
	case DECL_SCENARIO: case DECL_WORKFLOW: case DECL_FORMAT: case DECL_SCHEMA: case DECL_FUNCTION: break;
	}
	struct diag *g = diag_here(diag_add(cx->ck->diags, DIAG_E0308, e->span, "`%s` is no value", e->string.text), "this is a %s", decl_words(d));
	if (d->kind == DECL_THING || d->kind == DECL_WORKFLOW)
		diag_help(g, "a %s is called in a workflow: `result = %s(...)`, and the result is a value", decl_words(d), e->string.text);
	return make_poison(cx->ck, e->span);
}

void offer_names(struct context *cx, struct near *near)
{
	for (struct scope *s = cx->scope; s; s = s->parent) {
		switch (s->kind) {
		case SCOPE_LOCAL: near_offer(near, s->name); break;
		case SCOPE_EVENT: near_offer(near, "event"); break;
		case SCOPE_SCHEMA:
			for (uint32_t i = 0; i < s->schema->n_attrs; i++)
				near_offer(near, s->schema->attrs[i].name);
			break;
		case SCOPE_STEP:
			for (uint32_t i = 0; i < s->step->n_inputs; i++)
				near_offer(near, s->step->inputs[i].name);
			for (uint32_t i = 0; s->outputs && i < s->step->n_outputs; i++)
				near_offer(near, s->step->outputs[i].name);
			break;
		case SCOPE_BODY: body_offer(s->body, near); break;
		}
	}
	for (uint32_t i = 0; !cx->closed && i < cx->module->names.cap; i++) {
		struct decl *d = cx->module->names.entries[i].value;
		if (cx->module->names.entries[i].key && (d->kind == DECL_PARAM || d->kind == DECL_IMPORT || (d->kind == DECL_THING && strcmp(d->word, "step") != 0)))
			near_offer(near, d->name);
	}
}

void report_unknown_name(struct context *cx, const struct ast_expr *e, const struct type *expected)
{
	struct near near;
	near_init(&near, e->string.text);
	const struct type *members = wanted_enum(expected);
	for (uint32_t i = 0; members && i < members->n; i++)
		near_offer(&near, members->members[i]);
	offer_names(cx, &near);
	const char *best = near_best(&near);
	struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0202, e->span, "there is no `%s` here", e->string.text), "not found");
	if (best)
		diag_suggest(d, e->span, best);
	else if (members)
		diag_help(d, "one of %s is expected", show(cx->ck, members));
	else if (cx->closed)
		diag_help(d, "a command sees the inputs and outputs of its step");
	else if (strcmp(e->string.text, "event") == 0)
		diag_help(d, "`event` is what set off a trigger; only a trigger's `run` sees it");
}

static struct expr *check_name(struct context *cx, const struct ast_expr *e, const struct type *expected)
{
	const struct type *members = wanted_enum(expected);
	struct expr *x = members ? member_of_enum(cx, e, members) : NULL;
	if (x || (x = scope_ref(cx, e)))
		return x;
	struct decl *d = module_find(cx->ck, cx->module, e->string.text);
	if (d && d->kind != DECL_FORMAT)
		return decl_ref(cx, e, d);
	report_unknown_name(cx, e, expected);
	return make_poison(cx->ck, e->span);
}

/* -- members -------------------------------------------------------------------------------------------------------- */

/* Whether a scope gives the name a meaning of its own, which hides a declaration. */
static bool scope_hides(const struct scope *s, const char *name)
{
	switch (s->kind) {
	case SCOPE_LOCAL: return strcmp(s->name, name) == 0;
	case SCOPE_BODY: return map_get(&s->body->names, name) != NULL;
	case SCOPE_EVENT: return s->type && strcmp("event", name) == 0;
	case SCOPE_STEP:
		for (uint32_t i = 0; i < s->step->n_inputs; i++)
			if (strcmp(s->step->inputs[i].name, name) == 0)
				return true;
		return false;
	case SCOPE_SCHEMA: break;
	}
	return false;
}

/* The declaration that `a.b.c` names, where it starts with no value in scope. *ret_rest: what is left of it. */
static struct decl *path_decl(struct context *cx, const struct ast_expr *e)
{
	if (e->kind == AST_NAME) {
		for (struct scope *s = cx->scope; s; s = s->parent)
			if (scope_hides(s, e->string.text))
				return NULL;
		return module_find(cx->ck, cx->module, e->string.text);
	}
	if (e->kind != AST_MEMBER)
		return NULL;
	struct decl *d = path_decl(cx, e->member.a);
	if (!d || d->kind != DECL_IMPORT || !d->import)
		return NULL;
	d->used = true;
	return map_get(&d->import->names, e->member.name);
}

static struct expr *unknown_member(struct context *cx, const struct ast_expr *e, const char *whole, const char **names, uint32_t n, struct span declared)
{
	struct near near;
	near_init(&near, e->member.name);
	struct buf list = {0};
	for (uint32_t i = 0; i < n; i++) {
		near_offer(&near, names[i]);
		buf_printf(&list, "%s`%s`", i == 0 ? "" : i + 1 == n ? " and " : ", ", names[i]);
	}
	const char *best = near_best(&near);
	struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0206, ast_member_span(e), "%s has no `%s`", whole, e->member.name), "not found");
	if (declared.file)
		diag_label(d, declared, "declared here");
	if (n && n <= 12)
		diag_note(d, "it has %s", buf_text(&list));
	if (best)
		diag_suggest(d, ast_member_span(e), best);
	buf_finish(&list);
	return make_poison(cx->ck, e->span);
}

static const struct type *member_type(struct context *cx, const struct type *t, const char *name, const struct type **ret_record)
{
	struct arena *a = cx->ck->arena;
	if (t->kind == TYPE_LIST || t->kind == TYPE_OPTIONAL) {
		const struct type *of = member_type(cx, t->of, name, ret_record);
		return !of ? NULL : t->kind == TYPE_LIST ? type_list(a, of) : type_optional(a, of);
	}
	if (t->kind != TYPE_RECORD)
		return NULL;
	*ret_record = t;
	const struct type_field *f = type_field(t, name);
	return f ? f->type : NULL;
}

static struct expr *value_member_expr(struct context *cx, const struct ast_expr *e, struct expr *of)
{
	if (is_poison(of))
		return of;
	const struct type *record = NULL, *t = member_type(cx, of->type, e->member.name, &record);
	if (t) {
		struct expr *x = expr_new(cx->ck->arena, EXPR_MEMBER, e->span, t, 1);
		x->name = e->member.name;
		x->args[0] = of;
		return x;
	}
	if (record) {
		const char **names = arena_new_n(cx->ck->arena, const char *, record->n + 1);
		for (uint32_t i = 0; i < record->n; i++)
			names[i] = record->fields[i].name;
		return unknown_member(cx, e, record->thing ? arena_printf(cx->ck->arena, "the %s", record->thing) : "this record", names, record->n, (struct span){0});
	}
	struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0206, ast_member_span(e), "a `%s` has no members", show(cx->ck, of->type)), "nothing to take from");
	if (of->type->kind == TYPE_FILE && (strcmp(e->member.name, "name") == 0 || strcmp(e->member.name, "path") == 0 || strcmp(e->member.name, "basename") == 0))
		diag_help(d, "the name of a file is `basename(x)`, without its ending `stem(x)`");
	return make_poison(cx->ck, e->span);
}

/* hpc.login: an attribute; hpc.gpu: a part; scenes.arrival is for triggers. */
static struct expr *thing_member(struct context *cx, const struct ast_expr *e, struct decl *d)
{
	if (!decl_settle(cx->ck, d))
		return make_poison(cx->ck, e->span);
	struct model_thing *t = d->thing;
	t->used = d->used = true;
	if (strcmp(t->role, "model") == 0 && strcmp(e->member.name, "weights") == 0) {
		const struct type *w = &type_any;
		struct model_attr *a = model_attr(t, "weights");
		if (a && a->expr)
			w = a->expr->type;
		return ref(cx->ck, EXPR_MODEL, e->span, w, 0, t->name);
	}
	struct model_attr *a = model_attr(t, e->member.name);
	if (a && a->schema->given)
		return check_given(cx, e->span, t, a);
	if (a && a->schema->type->kind != TYPE_THING) {
		if (a->expr) {
			struct expr *x = arena_copy(cx->ck->arena, a->expr, sizeof *a->expr);
			x->span = e->span;
			return x;
		}
		return make_const(cx->ck, e->span, &value_null, a->schema->type);
	}
	for (struct model_block *b = t->blocks; b; b = b->next)
		if (b->name && strcmp(b->name, e->member.name) == 0) {
			struct type_field *fields = arena_new_n(cx->ck->arena, struct type_field, b->schema->n_attrs + 1);
			struct expr *x = expr_new(cx->ck->arena, EXPR_RECORD, e->span, NULL, (uint16_t)b->schema->n_attrs);
			x->keys = arena_new_n(cx->ck->arena, const char *, b->schema->n_attrs + 1);
			for (uint32_t i = 0; i < b->schema->n_attrs; i++) {
				const struct expr *value = b->attrs[i].expr;
				fields[i] = (struct type_field){.name = b->schema->attrs[i].name, .type = value ? value->type : &type_null};
				x->keys[i] = fields[i].name;
				x->args[i] = value ? value : make_const(cx->ck, e->span, &value_null, &type_null);
			}
			x->type = type_record(cx->ck->arena, fields, b->schema->n_attrs, arena_printf(cx->ck->arena, "%s `%s`", b->schema->name, b->name));
			return x;
		}
	VEC(const char *) names = {0};
	for (uint32_t i = 0; i < t->schema->n_attrs; i++)
		*vec_push(&names) = t->schema->attrs[i].name;
	for (struct model_block *b = t->blocks; b; b = b->next)
		if (b->name)
			*vec_push(&names) = b->name;
	struct expr *x = unknown_member(cx, e, arena_printf(cx->ck->arena, "%s `%s`", t->role, t->name), names.at, names.len, t->span);
	vec_finish(&names);
	return x;
}

/* In a trigger: a metric of a step, by the step's name. */
static struct expr *metric_member(struct context *cx, const struct ast_expr *e, struct decl *d)
{
	if (!decl_settle(cx->ck, d))
		return make_poison(cx->ck, e->span);
	d->thing->used = true;
	const char **names = arena_new_n(cx->ck->arena, const char *, d->thing->n_metrics + 1);
	for (uint32_t i = 0; i < d->thing->n_metrics; i++) {
		names[i] = d->thing->metrics[i].name;
		if (strcmp(names[i], e->member.name) == 0)
			return ref(cx->ck, EXPR_EVENT, e->span, d->thing->metrics[i].type, 0, arena_printf(cx->ck->arena, "%s.%s", d->full, names[i]));
	}
	return unknown_member(cx, e, arena_printf(cx->ck->arena, "step `%s`", d->name), names, d->thing->n_metrics, d->span);
}

static struct expr *check_member(struct context *cx, const struct ast_expr *e)
{
	struct decl *d = path_decl(cx, e->member.a);
	if (d && !cx->closed) {
		if (d->kind == DECL_IMPORT) {
			if (d->failed || !d->import)
				return make_poison(cx->ck, e->span);
			struct decl *inner = map_get(&d->import->names, e->member.name);
			d->used = true;
			if (inner) {
				struct ast_expr name = {.kind = AST_NAME, .span = e->span, .string = {inner->name, 0}};
				return decl_ref(cx, &name, inner);
			}
			VEC(const char *) names = {0};
			for (uint32_t i = 0; i < d->import->names.cap; i++)
				if (d->import->names.entries[i].key)
					*vec_push(&names) = d->import->names.entries[i].key;
			struct expr *x = unknown_member(cx, e, arena_printf(cx->ck->arena, "module `%s`", d->name), names.at, names.len, (struct span){0});
			vec_finish(&names);
			return x;
		}
		if (d->kind == DECL_THING && strcmp(d->word, "step") != 0)
			return thing_member(cx, e, d);
		if (d->kind == DECL_THING && cx->trigger)
			return metric_member(cx, e, d);
	}
	return value_member_expr(cx, e, check_expr(cx, e->member.a, NULL));
}

/* -- the rest ------------------------------------------------------------------------------------------------------- */

static struct expr *check_list(struct context *cx, const struct ast_expr *e, const struct type *expected)
{
	while (expected && expected->kind == TYPE_OPTIONAL)
		expected = expected->of;
	const struct type *wanted = expected && expected->kind == TYPE_LIST ? expected->of : NULL, *of = &type_any;
	if (e->list.len > UINT16_MAX) {
		diag_add(cx->ck->diags, DIAG_E0302, e->span, "a list that is written out has at most 65535 elements");
		return make_poison(cx->ck, e->span);
	}
	struct expr *x = expr_new(cx->ck->arena, EXPR_LIST, e->span, NULL, (uint16_t)e->list.len);
	uint32_t i = 0;
	for (const struct ast_expr *k = e->list.first; k; k = k->next) {
		struct expr *item = check_expr(cx, k, wanted ? wanted : of);
		if (is_poison(item))
			return make_poison(cx->ck, e->span);
		const struct type *joined = type_join(cx->ck->arena, of, item->type);
		if (!joined && wanted && type_assignable(item->type, wanted))
			joined = of;
		if (!joined) {
			struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0301, k->span, "the elements of a list have one type"), "this is %s", a_type(cx->ck, item->type));
			diag_label(d, e->list.first->span, "the first is %s", a_type(cx->ck, of));
			return make_poison(cx->ck, e->span);
		}
		of = joined;
		x->args[i++] = item;
	}
	if (wanted && (of->kind == TYPE_ANY || type_assignable(of, wanted)))
		of = wanted;
	x->type = type_list(cx->ck->arena, of);
	return x;
}

static struct expr *check_record(struct context *cx, const struct ast_expr *e, const struct type *expected)
{
	while (expected && expected->kind == TYPE_OPTIONAL)
		expected = expected->of;
	uint32_t n = e->list.len, i = 0;
	struct expr *x = expr_new(cx->ck->arena, EXPR_RECORD, e->span, NULL, (uint16_t)n);
	struct type_field *fields = arena_new_n(cx->ck->arena, struct type_field, n + 1);
	x->keys = arena_new_n(cx->ck->arena, const char *, n + 1);
	const struct type *of = &type_any;
	bool map = expected && expected->kind == TYPE_MAP;
	for (const struct ast_expr *k = e->list.first; k; k = k->next, i++) {
		for (uint32_t j = 0; j < i; j++)
			if (strcmp(x->keys[j], k->key) == 0) {
				diag_here(diag_add(cx->ck->diags, DIAG_E0203, ast_key_span(k), "`%s` is given twice", k->key), "given again here");
				return make_poison(cx->ck, e->span);
			}
		const struct type_field *f = expected && expected->kind == TYPE_RECORD ? type_field(expected, k->key) : NULL;
		struct expr *item = check_expr(cx, k, map ? expected->of : f ? f->type : NULL);
		if (is_poison(item))
			return make_poison(cx->ck, e->span);
		x->keys[i] = k->key;
		x->args[i] = item;
		fields[i] = (struct type_field){.name = k->key, .type = item->type};
		of = type_join(cx->ck->arena, of, item->type);
		of = of ? of : &type_poison;
	}
	x->type = map ? type_map(cx->ck->arena, of) : type_record(cx->ck->arena, fields, n, NULL);
	return x;
}

const struct type *element_type(struct context *cx, const struct expr *list, struct span span, const char *what)
{
	const struct type *t = list->type;
	if (t->kind == TYPE_LIST)
		return t->of;
	if (t->kind == TYPE_RANGE && t->of->kind == TYPE_INT)
		return t->of;
	if (t->kind == TYPE_POISON)
		return t;
	struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0301, span, "%s goes through a list", what), "this is %s", a_type(cx->ck, t));
	if (t->kind == TYPE_OPTIONAL)
		diag_help(d, "it may be absent; supply a list with `??`, such as `xs ?? []`");
	else if (t->kind == TYPE_MAP)
		diag_help(d, "go through `keys(m)` or `values(m)`");
	else if (t->kind == TYPE_INT)
		diag_help(d, "to count, write `1..n`");
	return &type_poison;
}

static struct expr *check_each(struct context *cx, const struct ast_expr *e)
{
	struct expr *in = check_expr(cx, e->each->in, NULL);
	const struct type *of = element_type(cx, in, e->each->in->span, "a comprehension");
	const struct ast_pattern *p = e->each->pattern;
	const struct type *first = of, *second = of; /* of an error: both */
	if (p->second && of->kind != TYPE_POISON) {
		if (of->kind != TYPE_RECORD || of->n != 2 || !of->thing || strcmp(of->thing, "pair") != 0) {
			diag_here(diag_add(cx->ck->diags, DIAG_E0301, e->each->in->span, "`(%s, %s)` goes through pairs", p->name, p->second), "these are no pairs; `enumerate` and `zip` give pairs");
			return make_poison(cx->ck, e->span);
		}
		first = of->fields[0].type;
		second = of->fields[1].type;
	}
	struct scope one = {.kind = SCOPE_LOCAL, .parent = cx->scope, .name = p->name, .type = first, .index = cx->n_locals++};
	struct scope two = {.kind = SCOPE_LOCAL, .parent = &one, .name = p->second, .type = second, .index = cx->n_locals};
	cx->n_locals += p->second != NULL;
	struct scope *saved = cx->scope;
	cx->scope = p->second ? &two : &one;
	struct expr *when = e->each->when ? check_expr(cx, e->each->when, &type_bool) : NULL;
	struct expr *body = check_expr(cx, e->each->body, NULL);
	cx->scope = saved;
	if (when && !is_poison(when) && when->type->kind != TYPE_BOOL) {
		diag_here(diag_add(cx->ck->diags, DIAG_E0301, e->each->when->span, "the condition of a comprehension is a bool"), "this is %s", a_type(cx->ck, when->type));
		return make_poison(cx->ck, e->span);
	}
	if (is_poison(in) || is_poison(body) || of->kind == TYPE_POISON || (when && is_poison(when)))
		return make_poison(cx->ck, e->span);
	struct expr *x = expr_new(cx->ck->arena, EXPR_EACH, e->span, type_list(cx->ck->arena, body->type), 3);
	x->index = one.index;
	x->pair = p->second != NULL;
	x->args[0] = in;
	x->args[1] = when;
	x->args[2] = body;
	return x;
}

static struct expr *check_index(struct context *cx, const struct ast_expr *e)
{
	struct expr *of = check_expr(cx, e->of.a, NULL), *at = check_expr(cx, e->of.b, NULL);
	if (is_poison(of) || is_poison(at))
		return make_poison(cx->ck, e->span);
	bool list = of->type->kind == TYPE_LIST && at->type->kind == TYPE_INT && !at->type->unit;
	bool map = of->type->kind == TYPE_MAP && at->type->kind == TYPE_STRING;
	if (!list && !map) {
		struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0301, e->of.b->span, "a list is indexed by a whole number, a map by a string"), "this is %s", a_type(cx->ck, at->type));
		diag_label(d, e->of.a->span, "this is %s", a_type(cx->ck, of->type));
		return make_poison(cx->ck, e->span);
	}
	struct expr *x = expr_new(cx->ck->arena, EXPR_INDEX, e->span, of->type->of, 2);
	x->args[0] = of;
	x->args[1] = at;
	return x;
}

static struct expr *check_literal(struct context *cx, const struct ast_expr *e)
{
	struct arena *a = cx->ck->arena;
	switch ((enum ast_expr_kind)e->kind) {
	case AST_INT: return make_const(cx->ck, e->span, value_int(a, e->integer, NULL), &type_int);
	case AST_FLOAT: return make_const(cx->ck, e->span, value_float(a, e->quantity.number, NULL), &type_float);
	case AST_QUANTITY: {
		const struct unit *u = e->quantity.unit;
		double n = e->quantity.number;
		if (!u)
			return make_poison(cx->ck, e->span);
		bool whole = n >= -9e15 && n <= 9e15 && n == (double)(int64_t)n;
		return make_const(cx->ck, e->span, whole ? value_int(a, (int64_t)n, u) : value_float(a, n, u), shared_number(cx->ck, whole ? TYPE_INT : TYPE_FLOAT, u));
	}
	case AST_TRUE: return make_const(cx->ck, e->span, &value_true, &type_bool);
	case AST_FALSE: return make_const(cx->ck, e->span, &value_false, &type_bool);
	default: return make_const(cx->ck, e->span, &value_null, &type_null);
	}
}

static struct expr *check_string(struct context *cx, const struct ast_expr *e, const struct type *expected)
{
	while (expected && (expected->kind == TYPE_OPTIONAL || expected->kind == TYPE_LIST))
		expected = expected->kind == TYPE_OPTIONAL ? expected->of : NULL;
	struct arena *a = cx->ck->arena;
	if (expected && (expected->kind == TYPE_FILE || expected->kind == TYPE_DIR)) /* a literal string is a path */
		return make_const(cx->ck, e->span, value_path(a, file_join(a, cx->module->root, e->string.text), expected->kind == TYPE_DIR, NULL), expected);
	if (expected && expected->kind == TYPE_ENUM)
		for (uint32_t i = 0; i < expected->n; i++)
			if (strcmp(expected->members[i], e->string.text) == 0)
				return make_const(cx->ck, e->span, value_string(a, e->string.text), expected);
	if (expected && expected->kind == TYPE_ENDPOINT)
		return make_const(cx->ck, e->span, value_string_n(a, e->string.text, e->string.len), &type_endpoint);
	return make_const(cx->ck, e->span, value_string_n(a, e->string.text, e->string.len), &type_string);
}

struct expr *check_expr(struct context *cx, const struct ast_expr *e, const struct type *expected)
{
	switch ((enum ast_expr_kind)e->kind) {
	case AST_NAME: return check_name(cx, e, expected);
	case AST_STRING: return check_string(cx, e, expected);
	case AST_INT: case AST_FLOAT: case AST_QUANTITY: case AST_TRUE: case AST_FALSE: case AST_NULL: return check_literal(cx, e);
	case AST_TEXT: return check_text(cx, e);
	case AST_LIST: return check_list(cx, e, expected);
	case AST_RECORD: return check_record(cx, e, expected);
	case AST_EACH: return check_each(cx, e);
	case AST_UNARY: case AST_BINARY: case AST_COND: case AST_AS: return check_operator(cx, e, expected);
	case AST_MEMBER: return check_member(cx, e);
	case AST_INDEX: return check_index(cx, e);
	case AST_CALL: return check_call(cx, e, expected);
	case AST_ERROR: break;
	}
	return make_poison(cx->ck, e->span);
}

/* -- values ---------------------------------------------------------------------------------------------------------- */

enum model_phase expr_phase(const struct expr *e)
{
	enum model_phase phase = MODEL_STATIC;
	switch (e->op) {
	case EXPR_PARAM: return e->late ? MODEL_RUN : MODEL_PLAN;
	case EXPR_SLOT: case EXPR_PREVIOUS: case EXPR_INPUT: case EXPR_OUTPUT: case EXPR_MODEL: case EXPR_EVENT: case EXPR_GLOB: return MODEL_RUN;
	default: break;
	}
	for (uint32_t i = 0; i < e->n; i++) {
		enum model_phase p = e->args[i] ? expr_phase(e->args[i]) : MODEL_STATIC;
		phase = p > phase ? p : phase;
	}
	return phase;
}

/* What rests on nothing but constants becomes one; a failure is the twin's mistake and reported at its part. */
const struct expr *check_fold(struct context *cx, struct expr *e)
{
	if (e->op == EXPR_CONST || is_poison(e) || expr_phase(e) != MODEL_STATIC)
		return e;
	for (const struct scope *s = cx->scope; s; s = s->parent)
		if (s->kind == SCOPE_LOCAL)
			return e; /* inside a function or comprehension: its variables have no value yet */
	struct eval ev = {.arena = cx->ck->arena};
	const struct value *v;
	switch (eval_expr(&ev, e, &v)) {
	case EVAL_OK: return make_const(cx->ck, e->span, v, e->type);
	case EVAL_UNKNOWN: break;
	case EVAL_FAILED: {
		struct diag *d = diag_add(cx->ck->diags, DIAG_E0309, ev.error_span.file ? ev.error_span : e->span, "this has no value: %s", ev.error);
		if (ev.error_help)
			diag_help(d, "%s", ev.error_help);
		return make_poison(cx->ck, e->span);
	}
	}
	return e;
}

static void explain_mismatch(struct diag *d, const struct expr *e, const struct type *want)
{
	const struct type *have = e->type;
	bool number = (have->kind == TYPE_INT || have->kind == TYPE_FLOAT) && (want->kind == TYPE_INT || want->kind == TYPE_FLOAT);
	if (have->kind == TYPE_OPTIONAL && type_assignable(have->of, want))
		diag_help(d, "it may be absent; say what stands for it with `??`");
	else if (number && have->unit && !want->unit)
		diag_help(d, "a plain number is wanted; say in which unit: `as %s`", have->unit->name);
	else if (number && !have->unit && want->unit)
		diag_help(d, "give it a unit, such as `%s`", want->unit->name);
	else if (number && have->kind == TYPE_FLOAT && want->kind == TYPE_INT)
		diag_help(d, "`round`, `floor` or `ceil` make a whole number of it");
	else if ((have->kind == TYPE_FILE || have->kind == TYPE_DIR) && have->kind == want->kind && have->format && want->format)
		diag_note(d, "a `%s` is not a `%s`; formats convert only along their lattice", have->format->name, want->format->name);
	else if (have->kind == TYPE_LIST && type_assignable(have->of, want))
		diag_help(d, "one is wanted and this is a list: scatter over it with `for x in xs { ... }`");
	else if (have->kind == TYPE_LIST && want->kind == TYPE_LIST && have->of->kind == TYPE_LIST && type_assignable(have->of, want))
		diag_help(d, "`flatten(...)` undoes one level of lists");
	else if (have->kind == TYPE_LIST && want->kind == TYPE_LIST && have->of->kind == TYPE_OPTIONAL && type_assignable(have->of->of, want->of))
		diag_help(d, "`present(...)` drops what is absent");
	else if (want->kind == TYPE_LIST && type_assignable(have, want->of))
		diag_help(d, "put it in a list: `[...]`");
	else if (have->kind == TYPE_STRING && (want->kind == TYPE_FILE || want->kind == TYPE_DIR))
		diag_help(d, "only a string that is written out stands for a path");
	else if (have->kind == TYPE_RECORD && want->kind != TYPE_RECORD && have->thing)
		for (uint32_t i = 0; i < have->n; i++)
			if (type_assignable(have->fields[i].type, want))
				diag_note(d, "its `%s` would fit", have->fields[i].name);
}

const char *what_text(struct checker *ck, struct what w)
{
	return arena_printf(ck->arena, w.format, w.a, w.b, w.c);
}

static struct expr *mismatch(struct context *cx, const struct expr *e, const struct type *type, const char *what, struct span declared)
{
	struct checker *ck = cx->ck;
	const struct type *whole = type;
	if (type->kind == TYPE_OPTIONAL || type->kind == TYPE_RANGE)
		type = type->of;
	bool secret = e->type->kind == TYPE_SECRET;
	bool units = (e->type->kind == TYPE_INT || e->type->kind == TYPE_FLOAT) && (type->kind == TYPE_INT || type->kind == TYPE_FLOAT) && e->type->unit && type->unit && !unit_same_dim(e->type->unit, type->unit);
	struct diag *d = diag_add(ck->diags, secret ? DIAG_E0471 : units ? DIAG_E0304 : DIAG_E0301, e->span,
		secret ? "a secret may not flow into %s" : units ? "%s is measured in other units" : "%s has another type", what);
	if (units)
		diag_here(d, "this is %s (%s)", unit_dim_name(ck->arena, e->type->unit), e->type->unit->name);
	else
		diag_here(d, "this is %s", a_type(ck, e->type));
	if (declared.file)
		diag_label(d, declared, "wanted: %s", units ? arena_printf(ck->arena, "%s (%s)", unit_dim_name(ck->arena, type->unit), type->unit->name) : arena_printf(ck->arena, "`%s`", show(ck, whole)));
	else
		diag_note(d, "%s is wanted", a_type(ck, whole));
	if (e->type->kind == TYPE_OPTIONAL)
		explain_absent(cx, d, e);
	if (!units)
		explain_mismatch(d, e, type);
	return make_poison(ck, e->span);
}

const struct expr *check_value(struct context *cx, const struct ast_expr *ast, const struct type *type, struct what what, struct span declared)
{
	struct expr *e = check_expr(cx, ast, type);
	if (is_poison(e) || type->kind == TYPE_POISON)
		return make_poison(cx->ck, e->span);
	if (!type_assignable(e->type, type))
		return mismatch(cx, e, type, what_text(cx->ck, what), declared);
	const struct expr *folded = check_fold(cx, e);
	if (folded->op != EXPR_CONST || is_poison(folded) || type->kind == TYPE_THING)
		return folded;
	const struct value *v;
	char *error;
	if (value_coerce(cx->ck->arena, folded->value, type, &v, &error)) {
		if (folded != e)
			return make_const(cx->ck, e->span, v, type);
		e->value = v; /* e is new, and nobody else's yet */
		e->type = type;
		return e;
	}
	struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0305, e->span, "%s: %s", what_text(cx->ck, what), error), "this value");
	if (declared.file)
		diag_label(d, declared, "allowed: `%s`", show(cx->ck, type));
	return make_poison(cx->ck, e->span);
}
