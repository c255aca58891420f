/* Where what an expression reads is found: in a block's own steps and inputs, or outside of it, for which the block gets an
 * input of its own. A gate takes the place of what it guards for all who come after it. */
#include "targets/cwl/cwl.h"
#include <string.h>

/* -- refs ----------------------------------------------------------------------------------------------------------- */

bool cwl_is_ported(const struct cwl *c, uint32_t slot)
{
	for (uint32_t depth = 0; depth < 1000; depth++) {
		const struct plan_slot *s = &c->plan->slots[slot];
		const struct plan_node *n = s->node == PLAN_NONE ? NULL : &c->plan->nodes[s->node];
		uint32_t inner = PLAN_NONE;
		if (s->kind != PLAN_SLOT_EXPORT || !n)
			return s->kind == PLAN_SLOT_RESULT;
		for (uint32_t i = 0; i < n->n_exports; i++)
			if (n->exports[i].outer == slot)
				inner = n->exports[i].inner;
		for (uint32_t i = 0; i < n->n_otherwise_exports; i++)
			if (n->otherwise_exports[i].outer == slot)
				inner = n->otherwise_exports[i].inner;
		if (inner == PLAN_NONE)
			return false;
		slot = inner;
	}
	return false;
}

/* A value that is only another name of a slot. */
static void follow_names(const struct cwl *c, struct cwl_ref *ref)
{
	for (;;) {
		const struct plan_slot *s = &c->plan->slots[ref->index];
		const struct expr *e = s->kind == PLAN_SLOT_VALUE && s->node != PLAN_NONE ? c->plan->nodes[s->node].subject : NULL;
		if (!e || e->op != EXPR_SLOT || s->n_gates)
			return;
		ref->index = e->index;
		ref->checked = e->checked;
	}
}

bool cwl_is_ref(const struct cwl *c, const struct expr *e, struct cwl_ref *ret)
{
	struct cwl_ref ref = { .index = e->index };

	if (e->op == EXPR_SLOT || e->op == EXPR_PREVIOUS) {
		ref.kind = e->op == EXPR_SLOT ? CWL_SLOT : CWL_PREVIOUS;
		ref.checked = e->checked && c->plan->slots[e->index].n_gates > 0;
		if (e->op == EXPR_SLOT)
			follow_names(c, &ref);
	} else if (e->op == EXPR_PARAM) {
		ref.kind = CWL_PARAM;
	} else if (e->op == EXPR_MODEL) {
		ref.kind = CWL_MODEL;
		ref.model = e->name;
	} else if (e->op == EXPR_MEMBER && cwl_is_ref(c, e->args[0], &ref)) {
		if (ref.field || (ref.kind != CWL_SLOT && ref.kind != CWL_PREVIOUS) || !cwl_is_ported(c, ref.index))
			return false;
		ref.field = e->name;
	} else {
		return false;
	}
	*ret = ref;
	return true;
}

/* Whether the block is this one or around it. */
static bool is_around(const struct cwl *c, uint32_t block, uint32_t inner)
{
	while (inner != block && inner != PLAN_NONE) {
		uint32_t owner = c->plan->blocks[inner].owner_node;
		inner = owner == PLAN_NONE ? PLAN_NONE : c->plan->nodes[owner].block;
	}
	return inner == block;
}

const struct type *cwl_ref_type(struct cwl_flow *f, const struct cwl_ref *ref)
{
	const struct plan *p = f->c->plan;
	const struct plan_slot *s;
	const struct type *t = &type_any;

	switch (ref->kind) {
	case CWL_SLOT:
		s = &p->slots[ref->index];
		t = cwl_member_type(f->c, s->type, ref->field);
		for (uint32_t i = 0; ref->checked && i < s->n_gates; i++)
			if (p->nodes[s->gates[i]].on_fail == PLAN_SKIP && is_around(f->c, p->nodes[s->gates[i]].block, f->block))
				return type_optional(f->c->arena, t);
		return t;
	case CWL_PREVIOUS:
		return type_optional(f->c->arena, cwl_member_type(f->c, p->slots[ref->index].type, ref->field));
	case CWL_PARAM:
		return p->params[ref->index].type;
	case CWL_MODEL:
		return type_path(f->c->arena, TYPE_FILE, NULL);
	case CWL_NODE:
		return t;
	}
	return t;
}

const char *cwl_ref_key(struct cwl *c, const struct cwl_ref *ref)
{
	static const char letters[] = { [CWL_SLOT] = 'u', [CWL_PREVIOUS] = 'v', [CWL_PARAM] = 'p', [CWL_MODEL] = 'm', [CWL_NODE] = 'n' };

	if (ref->kind == CWL_MODEL)
		return arena_printf(c->arena, "m%s", ref->model);
	return arena_printf(c->arena, "%c%u.%s", ref->kind == CWL_SLOT && ref->checked ? 'c' : letters[ref->kind], ref->index, ref->field ? ref->field : "");
}

const char *cwl_ref_name(struct cwl *c, const struct cwl_ref *ref)
{
	const char *name = "", *field = ref->field;

	switch (ref->kind) {
	case CWL_SLOT:
		name = c->plan->slots[ref->index].name;
		break;
	case CWL_PREVIOUS:
		name = arena_printf(c->arena, "previous_%s", c->plan->slots[ref->index].name);
		break;
	case CWL_PARAM:
		name = c->plan->params[ref->index].name;
		break;
	case CWL_MODEL:
		name = arena_printf(c->arena, "%s_weights", ref->model);
		break;
	case CWL_NODE:
		name = arena_printf(c->arena, "after_%s", c->plan->nodes[ref->index].name);
		break;
	}
	return field ? arena_printf(c->arena, "%s_%s", name, field) : name;
}

/* -- what is read ------------------------------------------------------------------------------------------------------ */

static const char *used_key(struct cwl *c, uint32_t slot, const char *field, bool checked)
{
	return arena_printf(c->arena, "%u.%s%s", slot, field ? field : "", checked ? "!" : "");
}

static bool is_used(struct cwl *c, uint32_t slot, const char *field, bool checked)
{
	return map_get(&c->used, used_key(c, slot, field, checked)) != NULL;
}

static const struct type *record_in(const struct type *t)
{
	while (t->kind == TYPE_OPTIONAL || t->kind == TYPE_LIST)
		t = t->of;
	return t;
}

void cwl_each_used(struct cwl *c, uint32_t slot, bool checked, void (*each)(const char *field, void *ctx), void *ctx)
{
	const struct type *t = record_in(c->plan->slots[slot].type);

	if (!cwl_is_ported(c, slot)) {
		if (is_used(c, slot, NULL, checked))
			each(NULL, ctx);
		return;
	}
	for (uint32_t i = 0; i < t->n; i++)
		if (is_used(c, slot, t->fields[i].name, checked))
			each(t->fields[i].name, ctx);
}

void cwl_each_ref(struct cwl *c, const struct expr *e, void (*each)(const struct cwl_ref *ref, const struct expr *e, void *ctx), void *ctx)
{
	struct cwl_ref ref;
	const struct type *t;

	if (!e)
		return;
	if (!cwl_is_ref(c, e, &ref)) {
		for (uint16_t i = 0; i < e->n; i++)
			cwl_each_ref(c, e->args[i], each, ctx);
		return;
	}
	if (ref.field || (ref.kind != CWL_SLOT && ref.kind != CWL_PREVIOUS) || !cwl_is_ported(c, ref.index)) {
		each(&ref, e, ctx);
		return;
	}
	t = record_in(c->plan->slots[ref.index].type);
	for (uint32_t i = 0; i < t->n; i++) {
		ref.field = t->fields[i].name;
		each(&ref, e, ctx);
	}
}

/* checked: also what gates have to hand on. */
static void mark(struct cwl *c, uint32_t slot, const char *field, bool checked)
{
	const char *key = used_key(c, slot, field, checked);
	const struct plan_slot *s = &c->plan->slots[slot];
	const struct plan_node *n;

	if (map_get(&c->used, key))
		return;
	map_set(&c->used, key, c);
	if (checked)
		mark(c, slot, field, false);
	if (s->kind != PLAN_SLOT_EXPORT || s->node == PLAN_NONE)
		return;
	n = &c->plan->nodes[s->node];
	for (uint32_t i = 0; i < n->n_exports; i++)
		if (n->exports[i].outer == slot)
			mark(c, n->exports[i].inner, field, !n->exports[i].raw);
	for (uint32_t i = 0; i < n->n_otherwise_exports; i++)
		if (n->otherwise_exports[i].outer == slot)
			mark(c, n->otherwise_exports[i].inner, field, !n->otherwise_exports[i].raw);
}

static void mark_ref(const struct cwl_ref *ref, const struct expr *e, void *ctx)
{
	(void)e;
	if (ref->kind == CWL_SLOT || ref->kind == CWL_PREVIOUS)
		mark(ctx, ref->index, ref->field, ref->checked);
}

struct reading { struct cwl *c; uint32_t gate; bool found; };

static void find_gate(const struct cwl_ref *ref, const struct expr *e, void *ctx)
{
	struct reading *r = ctx;
	const struct plan_slot *s = ref->kind == CWL_SLOT && ref->checked ? &r->c->plan->slots[ref->index] : NULL;

	(void)e;
	for (uint32_t i = 0; s && i < s->n_gates; i++)
		r->found |= s->gates[i] == r->gate;
}

bool cwl_only_waits(struct cwl *c, const struct plan_node *n, uint32_t other)
{
	struct reading r = { .c = c, .gate = other };

	if (n->kind == PLAN_GATE || n->kind == PLAN_FOR || n->kind == PLAN_IF || n->kind == PLAN_REPEAT)
		return false; /* what is inside waits for itself */
	for (uint32_t i = 0; i < n->n_args; i++)
		cwl_each_ref(c, n->args[i].expr, find_gate, &r);
	cwl_each_ref(c, n->subject, find_gate, &r);
	return !r.found;
}

void cwl_mark_used(struct cwl *c)
{
	const struct plan *p = c->plan;

	for (uint32_t i = 0; i < p->n_nodes; i++) {
		const struct plan_node *n = &p->nodes[i];
		for (uint32_t k = 0; k < n->n_args; k++)
			cwl_each_ref(c, n->args[k].expr, mark_ref, c);
		for (uint32_t k = 0; k < n->n_requirements; k++)
			cwl_each_ref(c, n->requirements[k].expr, mark_ref, c);
		cwl_each_ref(c, n->subject, mark_ref, c);
		cwl_each_ref(c, n->max, mark_ref, c);
		for (uint32_t k = 0; k < n->n_waits; k++)
			c->awaited[n->waits[k]] |= cwl_only_waits(c, n, n->waits[k]);
	}
	for (uint32_t i = 0; i < p->n_workflows; i++)
		for (uint32_t k = 0; k < p->workflows[i].n_outputs; k++)
			cwl_each_ref(c, p->workflows[i].outputs[k].expr, mark_ref, c);
}

/* -- flows -------------------------------------------------------------------------------------------------------------- */

void cwl_flow_init(struct cwl_flow *f, struct cwl *c, struct cwl_flow *parent, uint32_t block)
{
	*f = (struct cwl_flow){ .c = c, .parent = parent, .block = block };
	f->inputs = doc_map(c->arena);
	f->outputs = doc_map(c->arena);
	f->steps = doc_map(c->arena);
	cwl_through_flow(f);
	if (!parent)
		return;
	f->path = parent->path;
	f->needs = parent->needs;
}

void cwl_flow_finish(struct cwl_flow *f)
{
	map_finish(&f->names);
	map_finish(&f->sources);
	vec_finish(&f->captures);
}

struct cwl_link *cwl_bind(struct cwl_flow *f, const struct cwl_ref *ref, const char *source, const char *second, const struct type *type)
{
	struct cwl_link *link = arena_new(f->c->arena, struct cwl_link);

	*link = (struct cwl_link){ .source = { source, second }, .n = second ? 2 : 1, .type = type };
	map_set(&f->sources, cwl_ref_key(f->c, ref), link);
	return link;
}

static const struct cwl_link *look_up(struct cwl_flow *f, const struct cwl_ref *ref)
{
	struct cwl_ref unchecked = *ref;
	const struct cwl_link *link = map_get(&f->sources, cwl_ref_key(f->c, ref));

	if (link || ref->kind != CWL_SLOT || !ref->checked || f->c->plan->slots[ref->index].block != f->block)
		return link;
	unchecked.checked = false;
	return map_get(&f->sources, cwl_ref_key(f->c, &unchecked));
}

/* Params and models are inputs of each workflow that reads them. */
static const char *add_global(struct cwl_flow *f, const struct cwl_ref *ref)
{
	struct cwl *c = f->c;
	struct cwl_workflow *w = &c->workflows[c->workflow];
	const struct type *type = cwl_ref_type(f, ref);
	const struct plan_param *param = ref->kind == CWL_PARAM ? &c->plan->params[ref->index] : NULL;
	const char *id = cwl_name(c, &f->names, cwl_ref_name(c, ref));
	struct doc *input = doc_map(c->arena);

	doc_set(c->arena, input, "type", cwl_type(c, type));
	if (param && param->doc)
		doc_set(c->arena, input, "doc", doc_string(c->arena, param->doc));
	if (param && !param->secret && param->value)
		doc_set(c->arena, input, "default", cwl_value(c, param->value, type, cwl_folder(c, f->path)));
	if (ref->kind == CWL_MODEL)
		doc_set(c->arena, input, "doc", doc_printf(c->arena, "The weights of the model `%s` that passed their gate.", ref->model));
	for (uint32_t i = 0; ref->kind == CWL_MODEL && i < c->plan->n_models; i++)
		if (strcmp(c->plan->models[i].name, ref->model) == 0 && c->plan->models[i].file)
			doc_set(c->arena, input, "default", cwl_value(c, c->plan->models[i].file, type, cwl_folder(c, f->path)));
	doc_set(c->arena, f->inputs, id, doc_len(input) == 1 ? cwl_parameter(c, type) : input);
	*vec_push(&w->globals.list) = (struct cwl_global){ ref->index, ref->model, id };
	return id;
}

static const char *add_capture(struct cwl_flow *f, const struct cwl_ref *ref)
{
	struct cwl *c = f->c;
	const char *id = cwl_name(c, &f->names, cwl_ref_name(c, ref));

	doc_set(c->arena, f->inputs, id, cwl_parameter(c, cwl_ref_type(f, ref)));
	*vec_push(&f->captures) = (struct cwl_capture){ cwl_ref_key(c, ref), id, *ref };
	return id;
}

bool cwl_resolve(struct cwl_flow *f, const struct cwl_ref *ref, struct span span, struct cwl_link *ret)
{
	const struct cwl_link *link = look_up(f, ref);
	const char *id;

	if (!link) {
		bool global = ref->kind == CWL_PARAM || ref->kind == CWL_MODEL, outside = f->parent || f->around;
		if (!outside && !global) {
			cwl_refuse(f->c, "workflow", span, f->c->refused ? "%.0s" : "`%s` is not found where it is read", cwl_ref_name(f->c, ref));
			return false;
		}
		id = outside ? add_capture(f, ref) : add_global(f, ref);
		cwl_bind(f, ref, id, NULL, cwl_ref_type(f, ref));
		link = look_up(f, ref);
	}
	*ret = *link;
	return true;
}

void cwl_feed_captures(struct cwl_flow *outer, const struct cwl_flow *inner, struct doc *in, struct span span)
{
	for (uint32_t i = 0; i < inner->captures.len; i++) {
		const struct cwl_capture *x = &inner->captures.at[i];
		struct cwl_link link;
		if (x->ref.kind == CWL_PREVIOUS && outer->c->plan->slots[x->ref.index].block == inner->block)
			continue; /* fed by the round before */
		if (cwl_resolve(outer, &x->ref, span, &link))
			doc_set(outer->c->arena, in, x->id, cwl_link_doc(outer, &link));
	}
}

const char *cwl_export(struct cwl_flow *f, const struct cwl_ref *ref, struct span span, const struct type **ret_type)
{
	struct cwl *c = f->c;
	struct cwl_link link;
	struct doc *output = doc_map(c->arena);
	const char *id;

	if (!cwl_resolve(f, ref, span, &link))
		return NULL;
	id = cwl_name(c, &f->names, cwl_ref_name(c, ref));
	doc_set(c->arena, output, "type", cwl_type(c, link.type));
	cwl_set_sources(f, output, "outputSource", &link);
	doc_set(c->arena, f->outputs, id, output);
	*ret_type = link.type;
	return id;
}
