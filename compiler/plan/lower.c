#include "compiler/plan/lower.h"
#include "compiler/plan/copy.h"
#include "compiler/plan/lower_thing.h"
#include <stdlib.h>
#include <string.h>

/* -- fields and parameters -------------------------------------------------------------------------------------------- */

static struct plan_field *lower_fields(struct lower *l, const struct model_field *from, uint32_t n)
{
	struct plan_field *fields = arena_new_n(l->plan->arena, struct plan_field, n + 1);
	for (uint32_t i = 0; i < n; i++)
		fields[i] = (struct plan_field){copy_text(&l->copy, from[i].name), copy_text(&l->copy, from[i].doc), from[i].span, copy_type(&l->copy, from[i].type),
			copy_expr(&l->copy, from[i].expr), from[i].slot ? from[i].slot->id : PLAN_NONE};
	return fields;
}

static void lower_params(struct lower *l)
{
	const struct model *m = l->model;
	l->plan->n_params = m->params.len;
	l->plan->params = arena_new_n(l->plan->arena, struct plan_param, m->params.len + 1);
	for (uint32_t i = 0; i < m->params.len; i++) {
		const struct model_param *p = m->params.at[i];
		l->plan->params[i] = (struct plan_param){copy_text(&l->copy, p->name), copy_text(&l->copy, p->doc), p->span, copy_type(&l->copy, p->type), copy_value(&l->copy, p->value), p->secret, p->maker ? copy_text(&l->copy, p->maker->name) : NULL};
	}
}

static void lower_formats(struct lower *l)
{
	const struct model *m = l->model;
	struct format *formats = arena_new_n(l->plan->arena, struct format, m->formats.len + 1);
	l->plan->formats = formats;
	l->plan->n_formats = m->formats.len;
	for (uint32_t i = 0; i < m->formats.len; i++) {
		const struct format *f = m->formats.at[i];
		formats[i] = (struct format){.name = copy_text(&l->copy, f->name), .doc = copy_text(&l->copy, f->doc), .iri = copy_text(&l->copy, f->iri), .extensions = copy_text(&l->copy, f->extensions), .magic = copy_text(&l->copy, f->magic)};
		map_set(&l->copy.formats, formats[i].name, &formats[i]);
	}
	for (uint32_t i = 0; i < m->formats.len; i++)
		formats[i].parent = m->formats.at[i]->parent ? map_get(&l->copy.formats, m->formats.at[i]->parent->name) : NULL;
}

/* -- nodes -------------------------------------------------------------------------------------------------------------- */

/* What a node reads from outside itself; stamps make each count once. */
struct reads { struct lower *l; const struct model_node *node; uint32_t *slot_stamps, *node_stamps, stamp; VEC(uint32_t) slots, waits; };

static bool inside(const struct model_body *b, const struct model_node *n)
{
	for (; b; b = b->parent)
		if (b->owner == n)
			return true;
	return false;
}

static void add_wait(struct reads *r, const struct model_node *n)
{
	if (n == r->node || inside(n->body, r->node) || r->node_stamps[n->id] == r->stamp)
		return;
	r->node_stamps[n->id] = r->stamp;
	*vec_push(&r->waits) = n->id;
}

static void add_slot(struct reads *r, const struct model_slot *s)
{
	if (inside(s->body, r->node) || r->slot_stamps[s->id] == r->stamp)
		return;
	r->slot_stamps[s->id] = r->stamp;
	*vec_push(&r->slots) = s->id;
}

static void each_read(const struct expr *ref, void *ctx)
{
	struct reads *r = ctx;
	if (ref->op != EXPR_SLOT)
		return;
	const struct model_slot *s = r->l->model->slots.at[ref->index];
	add_slot(r, s);
	for (uint32_t i = 0; ref->checked && i < s->n_gates; i++)
		add_wait(r, s->gates[i]);
}

static void add_afters(struct reads *r, const struct model_node *n)
{
	for (uint32_t i = 0; i < n->n_after_nodes; i++)
		add_wait(r, n->after_nodes[i]);
	for (const struct model_node *k = n->inner ? n->inner->nodes : NULL; k; k = k->next)
		add_afters(r, k);
	for (const struct model_node *k = n->otherwise ? n->otherwise->nodes : NULL; k; k = k->next)
		add_afters(r, k);
}

static void lower_reads(struct reads *r, const struct model_node *n, struct plan_node *p)
{
	struct arena *a = r->l->plan->arena;
	vec_clear(&r->slots);
	vec_clear(&r->waits);
	r->stamp++;
	r->node = n;
	model_each_ref(n, each_read, r);
	add_afters(r, n);
	for (uint32_t i = 0; n->kind == MODEL_GATE && i < n->n_guards; i++)
		add_slot(r, n->guards[i]);
	p->n_needs = r->slots.len;
	p->needs = arena_copy(a, r->slots.at, sizeof *p->needs * r->slots.len);
	p->n_waits = r->waits.len;
	p->waits = arena_copy(a, r->waits.at, sizeof *p->waits * r->waits.len);
}

static struct plan_export *lower_exports(struct lower *l, const struct model_node *n, bool otherwise, uint32_t *ret_n)
{
	struct plan_export *list = arena_new_n(l->plan->arena, struct plan_export, n->body->slots.len + 1);
	for (uint32_t i = 0; i < n->body->slots.len; i++) {
		const struct model_slot *s = n->body->slots.at[i], *inner = otherwise ? s->otherwise : s->inner;
		if (s->kind == MODEL_SLOT_EXPORT && s->node == n && inner)
			list[(*ret_n)++] = (struct plan_export){inner->id, s->id, s->raw};
	}
	return list;
}

static void lower_gate(struct lower *l, const struct model_node *n, struct plan_node *p)
{
	p->on_fail = (enum plan_on_fail)n->on_fail;
	p->guards = arena_new_n(l->plan->arena, uint32_t, n->n_guards + 1);
	for (uint32_t i = 0; i < n->n_guards; i++)
		p->guards[p->n_guards++] = n->guards[i]->id;
	p->requirements = arena_new_n(l->plan->arena, struct plan_requirement, n->n_requirements + 1);
	for (uint32_t i = 0; i < n->n_requirements; i++)
		p->requirements[p->n_requirements++] = (struct plan_requirement){copy_text(&l->copy, n->requirements[i].name), copy_expr(&l->copy, n->requirements[i].expr), n->requirements[i].span};
}

static void lower_node(struct lower *l, struct reads *r, const struct model_node *n)
{
	static const enum plan_node_kind kinds[] = {[MODEL_CALL] = PLAN_CALL, [MODEL_SUB] = PLAN_SUB, [MODEL_VALUE] = PLAN_VALUE, [MODEL_FOR] = PLAN_FOR, [MODEL_IF] = PLAN_IF, [MODEL_REPEAT] = PLAN_REPEAT, [MODEL_GATE] = PLAN_GATE};
	struct plan_node *p = &l->plan->nodes[n->id];
	*p = (struct plan_node){.kind = kinds[n->kind], .name = copy_text(&l->copy, n->name), .span = n->span, .block = n->body->id, .slot = n->slot ? n->slot->id : PLAN_NONE,
		.target = n->step ? n->step->id : n->workflow ? n->workflow->id : PLAN_NONE, .place = copy_text(&l->copy, n->place),
		.inner = n->inner ? n->inner->id : PLAN_NONE, .otherwise = n->otherwise ? n->otherwise->id : PLAN_NONE,
		.element = n->element ? n->element->id : PLAN_NONE, .second = n->second ? n->second->id : PLAN_NONE};
	p->subject = copy_expr(&l->copy, n->subject);
	p->max = copy_expr(&l->copy, n->max);
	p->n_args = n->step ? n->step->n_inputs : n->workflow ? n->workflow->n_inputs : 0;
	p->args = arena_new_n(l->plan->arena, struct plan_argument, p->n_args + 1);
	for (uint32_t i = 0; i < p->n_args; i++)
		p->args[i] = (struct plan_argument){copy_expr(&l->copy, n->args[i]), n->args[i] ? n->arg_spans[i] : n->span};
	if (n->inner)
		p->exports = lower_exports(l, n, false, &p->n_exports);
	if (n->otherwise)
		p->otherwise_exports = lower_exports(l, n, true, &p->n_otherwise_exports);
	if (n->kind == MODEL_GATE)
		lower_gate(l, n, p);
	lower_reads(r, n, p);
}

/* -- blocks and slots ----------------------------------------------------------------------------------------------------- */

static void lower_block(struct lower *l, const struct model_body *b)
{
	struct plan_block *p = &l->plan->blocks[b->id];
	*p = (struct plan_block){.parent_block = b->parent ? b->parent->id : PLAN_NONE, .owner_node = b->owner ? b->owner->id : PLAN_NONE, .workflow = b->workflow->id};
	p->nodes = arena_new_n(l->plan->arena, uint32_t, b->n_nodes + 1);
	for (uint32_t i = 0; i < b->n_nodes; i++)
		p->nodes[p->n_nodes++] = b->order[i]->id;
	p->slots = arena_new_n(l->plan->arena, uint32_t, b->slots.len + 1);
	for (uint32_t i = 0; i < b->slots.len; i++) {
		static const enum plan_slot_kind kinds[] = {[MODEL_SLOT_INPUT] = PLAN_SLOT_INPUT, [MODEL_SLOT_RESULT] = PLAN_SLOT_RESULT, [MODEL_SLOT_VALUE] = PLAN_SLOT_VALUE,
			[MODEL_SLOT_ELEMENT] = PLAN_SLOT_ELEMENT, [MODEL_SLOT_INDEX] = PLAN_SLOT_INDEX, [MODEL_SLOT_EXPORT] = PLAN_SLOT_EXPORT};
		const struct model_slot *s = b->slots.at[i];
		struct plan_slot *q = &l->plan->slots[s->id];
		*q = (struct plan_slot){.name = copy_text(&l->copy, s->name), .kind = kinds[s->kind], .block = b->id, .position = i, .node = s->node ? s->node->id : PLAN_NONE, .type = copy_type(&l->copy, s->type)};
		q->gates = arena_new_n(l->plan->arena, uint32_t, s->n_gates + 1);
		for (uint32_t k = 0; k < s->n_gates; k++)
			q->gates[q->n_gates++] = s->gates[k]->id;
		p->slots[p->n_slots++] = s->id;
	}
}

static void lower_workflows(struct lower *l)
{
	const struct model *m = l->model;
	struct plan *p = l->plan;
	p->n_workflows = m->workflows.len;
	p->workflows = arena_new_n(p->arena, struct plan_workflow, p->n_workflows + 1);
	for (uint32_t i = 0; i < p->n_workflows; i++) {
		const struct model_workflow *w = m->workflows.at[i];
		p->workflows[i] = (struct plan_workflow){copy_text(&l->copy, w->name), copy_text(&l->copy, w->doc), w->span, w->body->id, lower_fields(l, w->inputs, w->n_inputs), lower_fields(l, w->outputs, w->n_outputs), w->n_inputs, w->n_outputs};
	}
	p->n_blocks = m->bodies.len;
	p->blocks = arena_new_n(p->arena, struct plan_block, p->n_blocks + 1);
	p->n_slots = m->slots.len;
	p->slots = arena_new_n(p->arena, struct plan_slot, p->n_slots + 1);
	p->n_nodes = m->n_nodes;
	p->nodes = arena_new_n(p->arena, struct plan_node, p->n_nodes + 1);
	struct reads r = {.l = l};
	r.slot_stamps = calloc(m->slots.len + 1, sizeof *r.slot_stamps);
	r.node_stamps = calloc(m->n_nodes + 1, sizeof *r.node_stamps);
	for (uint32_t i = 0; i < m->bodies.len && r.slot_stamps && r.node_stamps; i++) {
		lower_block(l, m->bodies.at[i]);
		for (const struct model_node *n = m->bodies.at[i]->nodes; n; n = n->next)
			lower_node(l, &r, n);
	}
	free(r.slot_stamps);
	free(r.node_stamps);
	vec_finish(&r.slots);
	vec_finish(&r.waits);
}

static void lower_steps(struct lower *l)
{
	const struct model *m = l->model;
	l->plan->n_steps = m->steps.len;
	l->plan->steps = arena_new_n(l->plan->arena, struct plan_step, m->steps.len + 1);
	for (uint32_t i = 0; i < m->steps.len; i++) {
		const struct model_thing *t = m->steps.at[i];
		struct plan_step *p = &l->plan->steps[i];
		lower_step(l, t, p);
		p->inputs = lower_fields(l, t->inputs, t->n_inputs);
		p->outputs = lower_fields(l, t->outputs, t->n_outputs);
		p->metrics = lower_fields(l, t->metrics, t->n_metrics);
		p->n_inputs = t->n_inputs;
		p->n_outputs = t->n_outputs;
		p->n_metrics = t->n_metrics;
	}
}

static void lower_sources(struct lower *l)
{
	struct arena *a = l->plan->arena;
	for (uint32_t i = 1; i < l->model->sources->list.len; i++) {
		const struct source *s = &l->model->sources->list.at[i];
		sources_add(l->plan->sources, arena_strdup(a, s->path), arena_strndup(a, s->text, s->len), s->len);
	}
}

static void lower_scenarios(struct lower *l)
{
	const struct model *m = l->model;
	struct plan *p = l->plan;
	p->n_scenarios = m->scenarios.len;
	p->scenarios = arena_new_n(p->arena, struct plan_scenario, p->n_scenarios + 1);
	for (uint32_t i = 0; i < p->n_scenarios; i++) {
		const struct model_scenario *s = m->scenarios.at[i];
		p->scenarios[i] = (struct plan_scenario){copy_text(&l->copy, s->name), copy_text(&l->copy, s->doc), s->span};
	}
}

struct plan *plan_lower(const struct model *m)
{
	struct plan *p = plan_create();
	struct lower l = {.plan = p, .model = m, .copy = {.arena = p->arena}};
	lower_sources(&l);
	p->twin = copy_text(&l.copy, m->twin);
	p->version = copy_text(&l.copy, m->version);
	p->doc = copy_text(&l.copy, m->doc);
	p->edition = m->edition;
	p->folder = copy_text(&l.copy, m->folder);
	lower_formats(&l);
	lower_params(&l);
	lower_steps(&l);
	lower_workflows(&l);
	lower_things(&l);
	lower_given(&l);
	lower_scenarios(&l);
	copy_finish(&l.copy);
	return p;
}
