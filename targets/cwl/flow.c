/* Workflows: a block of the plan becomes inputs, steps and outputs. */
#include "targets/cwl/cwl.h"
#include <string.h>

void cwl_add_step(struct cwl_flow *f, const char *name, struct doc *step, struct span span)
{
	struct cwl *c = f->c;

	step->comment = target_place(c->arena, c->plan, span);
	doc_append(c->arena, f->steps, name, doc_from(step, span)); /* cwl_name gives no name twice */
}

/* -- calls ------------------------------------------------------------------------------------------------------------- */

/* The input only makes the step wait: its expression keeps a checker from finding it unused. */
static void add_waits(struct cwl_flow *f, const struct plan_node *n, struct doc *in)
{
	struct cwl *c = f->c;

	for (uint32_t i = 0; i < n->n_waits; i++) {
		struct cwl_ref ref = { .kind = CWL_NODE, .index = n->waits[i] };
		struct doc *entry = doc_map(c->arena);
		struct cwl_link link;
		const char *id = cwl_ref_name(c, &ref);
		if (!cwl_only_waits(c, n, n->waits[i]) || !cwl_resolve(f, &ref, n->span, &link))
			continue; /* what a gate guards is read through it */
		while (doc_get(in, id))
			id = arena_printf(c->arena, "%s_", id);
		cwl_set_sources(f, entry, "source", &link);
		doc_set(c->arena, entry, "valueFrom", doc_printf(c->arena, "$(inputs.%s)", id));
		entry->comment = "only waits";
		f->needs->step_js = true;
		doc_set(c->arena, in, id, entry);
	}
}

static void add_arguments(struct cwl_flow *f, const struct plan_node *n, const struct plan_field *fields, uint32_t n_fields, const char **ids, struct doc *in)
{
	for (uint32_t i = 0; i < n_fields; i++) {
		const struct expr *e = i < n->n_args ? n->args[i].expr : NULL;
		struct doc *entry;
		/* A constant default stands in what is called. */
		if (!e && fields[i].expr && !cwl_constant(f->c, fields[i].expr, fields[i].type, n->kind == PLAN_SUB))
			e = fields[i].expr;
		entry = e ? cwl_feed(f, e, fields[i].type, arena_printf(f->c->arena, "%s_%s", n->name, fields[i].name)) : NULL;
		if (!entry || entry->kind == DOC_NULL)
			continue;
		if (ids)
			doc_set(f->c->arena, in, ids[i], entry);
		else
			cwl_put_input(f, &f->c->plan->steps[n->target], i, e, entry, in);
	}
}

static void add_globals(struct cwl_flow *f, const struct plan_node *n, const struct cwl_globals *globals, struct doc *in)
{
	for (uint32_t i = 0; i < globals->list.len; i++) {
		const struct cwl_global *g = &globals->list.at[i];
		struct cwl_ref ref = { .kind = g->model ? CWL_MODEL : CWL_PARAM, .index = g->param, .model = g->model };
		struct cwl_link link;
		if (cwl_resolve(f, &ref, n->span, &link))
			doc_set(f->c->arena, in, g->id, cwl_link_doc(f, &link));
	}
}

struct outs { struct cwl_flow *f; struct doc *list; const char *name; uint32_t slot; const struct plan_step *step; /* or NULL */ };

static void add_out(const char *field, void *ctx)
{
	struct outs *o = ctx;
	struct arena *a = o->f->c->arena;
	struct cwl_ref ref = { .kind = CWL_SLOT, .index = o->slot, .field = field };
	const char *id = o->step ? cwl_port(o->step, true, field) : field, *source = arena_printf(a, "%s/%s", o->name, id);
	const struct type *type = cwl_ref_type(o->f, &ref);

	doc_push(o->list, doc_string(a, id));
	cwl_bind(o->f, &ref, o->step ? cwl_widened(o->f, o->step, field, source, type) : source, NULL, type);
}

void cwl_bind_wait(struct cwl_flow *f, uint32_t node, const char *step, const struct doc *out)
{
	struct cwl_ref ref = { .kind = CWL_NODE, .index = node };
	const struct doc *first = out->children.first;
	const struct cwl_link *there = map_get(&f->sources, cwl_ref_key(f->c, &ref)); /* of the other branch */
	const char *source = first ? arena_printf(f->c->arena, "%s/%s", step, first->string.text) : NULL;

	if (!f->c->awaited[node])
		return;
	if (source && there)
		cwl_bind(f, &ref, there->source[0], source, &type_any);
	else if (source)
		cwl_bind(f, &ref, source, NULL, &type_any);
	else
		cwl_refuse(f->c, f->c->plan->nodes[node].name, f->c->plan->nodes[node].span, "others wait for it by `after`, and it has no output that is read: CWL orders steps by data only");
}

/* What is read of the result; somebody who only waits for it waits for its first output. */
static struct doc *add_outs(struct cwl_flow *f, uint32_t node, const char *name)
{
	const struct plan_node *n = &f->c->plan->nodes[node];
	struct outs o = { f, doc_list(f->c->arena), name, n->slot, n->kind == PLAN_CALL ? &f->c->plan->steps[n->target] : NULL };
	const struct type *t = f->c->plan->slots[n->slot].type;

	cwl_each_used(f->c, n->slot, false, add_out, &o);
	if (f->c->awaited[node] && !doc_len(o.list) && t->kind == TYPE_RECORD && t->n)
		doc_push(o.list, doc_string(f->c->arena, o.step ? cwl_port(o.step, true, t->fields[0].name) : t->fields[0].name));
	cwl_bind_wait(f, node, name, o.list);
	return o.list;
}

/* `what` it calls gives the name where its own is that of an input or output. */
static void put_call(struct cwl_flow *f, uint32_t node, const char *what, const char *run, struct doc *in)
{
	struct cwl *c = f->c;
	const struct plan_node *n = &c->plan->nodes[node];
	const char *name = cwl_name(c, &f->names, map_get(&f->names, n->name) && !map_get(&f->names, what) ? what : n->name);
	struct doc *step = doc_map(c->arena);

	add_waits(f, n, in);
	if (n->kind == PLAN_SUB || !cwl_is_foreign(&c->plan->steps[n->target]))
		cwl_through_call(f, n, in);
	doc_set(c->arena, step, "run", doc_string(c->arena, run));
	doc_set(c->arena, step, "in", in);
	doc_set(c->arena, step, "out", add_outs(f, node, name));
	cwl_add_step(f, name, step, n->span);
}

static void put_step(struct cwl_flow *f, uint32_t node)
{
	struct cwl *c = f->c;
	const struct plan_node *n = &c->plan->nodes[node];
	const struct plan_step *s = &c->plan->steps[n->target];
	const char *run = cwl_step(c, n->target);
	struct doc *in = doc_map(c->arena);

	if (!run) {
		cwl_refuse(c, n->name, n->span, "it calls `%s`, which is refused", s->name);
		return;
	}
	f->needs->sub |= s->kind && strcmp(s->kind, "cwl.workflow") == 0;
	add_arguments(f, n, s->inputs, s->n_inputs, NULL, in);
	add_globals(f, n, &c->steps[n->target].globals, in);
	put_call(f, node, s->name, run, in);
}

static void put_workflow(struct cwl_flow *f, uint32_t node)
{
	struct cwl *c = f->c;
	const struct plan_node *n = &c->plan->nodes[node];
	const struct plan_workflow *w = &c->plan->workflows[n->target];
	const char *run = cwl_workflow(c, n->target);
	const struct cwl_workflow *called = &c->workflows[n->target];
	struct doc *in = doc_map(c->arena);

	if (!run) {
		cwl_refuse(c, n->name, n->span, "it calls `%s`, which is refused", w->name);
		return;
	}
	f->needs->sub = true;
	/* In what is called the outer library takes the place of its own, in cwltool at least. */
	f->needs->helpers |= called->helpers;
	f->needs->js |= called->helpers != 0;
	add_arguments(f, n, w->inputs, w->n_inputs, called->input_ids, in);
	add_globals(f, n, &called->globals, in);
	put_call(f, node, w->name, run, in);
}

static void put_value(struct cwl_flow *f, const struct plan_node *n)
{
	struct cwl_ref ref = { .kind = CWL_SLOT, .index = n->slot };
	const struct plan_slot *s = &f->c->plan->slots[n->slot];
	struct cwl_link link;

	if (n->subject->op == EXPR_SLOT && !s->n_gates)
		return; /* another name, which all who read it look through */
	if (cwl_feed_link(f, n->subject, s->type, n->name, &link))
		cwl_bind(f, &ref, link.source[0], link.n > 1 ? link.source[1] : NULL, link.type);
}

void cwl_block(struct cwl_flow *f)
{
	const struct plan_block *b = &f->c->plan->blocks[f->block];

	for (uint32_t i = 0; i < b->n_nodes; i++) {
		const struct plan_node *n = &f->c->plan->nodes[b->nodes[i]];
		switch (n->kind) {
		case PLAN_CALL: put_step(f, b->nodes[i]); break;
		case PLAN_SUB: put_workflow(f, b->nodes[i]); break;
		case PLAN_VALUE: put_value(f, n); break;
		case PLAN_FOR: cwl_for(f, b->nodes[i]); break;
		case PLAN_IF: cwl_if(f, b->nodes[i]); break;
		case PLAN_REPEAT: cwl_repeat(f, b->nodes[i]); break;
		case PLAN_GATE: cwl_gate(f, b->nodes[i]); break;
		}
	}
}

/* -- a whole workflow ------------------------------------------------------------------------------------------------------ */

static const char *add_input(struct cwl_flow *f, const struct plan_field *field)
{
	struct cwl *c = f->c;
	struct cwl_ref ref = { .kind = CWL_SLOT, .index = field->slot };
	const char *id = cwl_name(c, &f->names, field->name);
	const struct value *v = field->expr ? cwl_constant(c, field->expr, field->type, true) : NULL;
	struct doc *input = doc_map(c->arena);

	doc_set(c->arena, input, "type", cwl_type(c, field->type));
	if (field->doc)
		doc_set(c->arena, input, "doc", doc_string(c->arena, field->doc));
	if (v && v->kind != VALUE_NULL)
		doc_set(c->arena, input, "default", cwl_value(c, v, field->type, cwl_folder(c, f->path)));
	else if (field->expr && !v)
		cwl_refuse(c, field->name, field->expr->span, "a default that is not known before the run");
	if (doc_len(input) == 1 && input->children.first->kind == DOC_STRING)
		input = cwl_parameter(c, field->type);
	doc_set(c->arena, f->inputs, id, doc_from(input, field->span));
	cwl_bind(f, &ref, id, NULL, field->type);
	return id;
}

static struct doc *output_doc(struct cwl_flow *f, const struct plan_field *field)
{
	struct cwl *c = f->c;
	struct doc *d = doc_map(c->arena), *merged = cwl_feed_merged(f, field->expr, field->type);
	struct cwl_link link;

	doc_set(c->arena, d, "type", cwl_type(c, field->type));
	if (field->doc)
		doc_set(c->arena, d, "doc", doc_string(c->arena, field->doc));
	if (merged) {
		doc_set(c->arena, d, "outputSource", doc_copy(c->arena, doc_get(merged, "source")));
		doc_set(c->arena, d, "linkMerge", doc_copy(c->arena, doc_get(merged, "linkMerge")));
	} else if (cwl_feed_link(f, field->expr, field->type, arena_printf(c->arena, "%s_value", field->name), &link)) {
		cwl_set_sources(f, d, "outputSource", &link);
	}
	return d;
}

static struct doc *flow_doc(struct cwl_flow *f, const struct plan_workflow *w)
{
	struct cwl *c = f->c;
	struct doc *d = cwl_process_doc(c, "Workflow", w->doc, w->span), *requirements = cwl_requirements(c, f->needs);

	if (requirements)
		doc_set(c->arena, d, "requirements", requirements);
	doc_set(c->arena, d, "inputs", f->inputs);
	doc_set(c->arena, d, "steps", f->steps);
	doc_set(c->arena, d, "outputs", f->outputs);
	return d;
}

static void build(struct cwl *c, uint32_t workflow, const char *path, const char *id)
{
	const struct plan_workflow *w = &c->plan->workflows[workflow];
	struct cwl_needs needs = { 0 };
	struct cwl_flow f;
	struct cwl_process *p;

	cwl_flow_init(&f, c, NULL, w->block);
	f.path = path;
	f.needs = &needs;
	for (uint32_t i = 0; i < w->n_outputs; i++) /* they keep their names, whatever else is called so */
		cwl_name(c, &f.names, w->outputs[i].name);
	c->workflows[workflow].input_ids = arena_new_n(c->arena, const char *, w->n_inputs + 1);
	for (uint32_t i = 0; i < w->n_inputs; i++)
		c->workflows[workflow].input_ids[i] = add_input(&f, &w->inputs[i]);
	cwl_block(&f);
	for (uint32_t i = 0; i < w->n_outputs; i++)
		doc_set(c->arena, f.outputs, w->outputs[i].name, doc_from(output_doc(&f, &w->outputs[i]), w->outputs[i].span));
	p = vec_push(&c->processes);
	*p = (struct cwl_process){ .path = path, .id = id, .doc = flow_doc(&f, w), .needs = needs, .workflow = workflow, .dropped = c->refused };
	c->workflows[workflow].helpers = needs.helpers;
	cwl_flow_finish(&f);
}

const char *cwl_workflow(struct cwl *c, uint32_t workflow)
{
	struct cwl_workflow *w = &c->workflows[workflow];
	const char *name = c->plan->workflows[workflow].name;
	uint32_t around = c->workflow;
	bool refused = c->refused;

	if (!w->done) {
		w->done = true;
		c->workflow = workflow;
		c->refused = false;
		build(c, workflow, arena_printf(c->arena, "%s.cwl", name), name);
		w->refused = c->refused;
		w->run = cwl_run(c, arena_printf(c->arena, "%s.cwl", name), name);
		c->workflow = around;
		c->refused = refused;
	}
	w->called |= around != PLAN_NONE;
	return w->refused ? NULL : w->run;
}
