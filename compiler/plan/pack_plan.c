/* The plan as a whole and its smaller parts. */
#include "compiler/plan/pack.h"
#include <string.h>

static const char *const slot_kinds[] = {
	[PLAN_SLOT_INPUT] = "input", [PLAN_SLOT_RESULT] = "result", [PLAN_SLOT_VALUE] = "value", [PLAN_SLOT_ELEMENT] = "element",
	[PLAN_SLOT_INDEX] = "index", [PLAN_SLOT_EXPORT] = "export",
};

static void pack_param(struct pack *p, void *param)
{
	struct plan_param *q = param;
	pack_name(p, "name", &q->name);
	pack_text(p, "doc", &q->doc);
	pack_span(p, "span", &q->span);
	pack_type(p, "type", &q->type);
	pack_value(p, "value", &q->value);
	pack_bool(p, "secret", &q->secret);
	pack_text(p, "maker", &q->maker);
}

static void pack_slot(struct pack *p, void *slot)
{
	struct plan_slot *s = slot;
	int kind = (int)s->kind;
	pack_text(p, "name", &s->name);
	pack_word(p, "kind", &kind, slot_kinds, sizeof slot_kinds / sizeof *slot_kinds);
	s->kind = (enum plan_slot_kind)kind;
	pack_u32(p, "block", &s->block);
	pack_u32(p, "position", &s->position);
	pack_id(p, "node", &s->node);
	pack_type(p, "type", &s->type);
	pack_ids(p, "gates", &s->gates, &s->n_gates);
}

static void pack_block(struct pack *p, void *block)
{
	struct plan_block *b = block;
	pack_id(p, "parent_block", &b->parent_block);
	pack_id(p, "owner_node", &b->owner_node);
	pack_u32(p, "workflow", &b->workflow);
	pack_ids(p, "nodes", &b->nodes, &b->n_nodes);
	pack_ids(p, "slots", &b->slots, &b->n_slots);
}

static void pack_workflow(struct pack *p, void *workflow)
{
	struct plan_workflow *w = workflow;
	pack_name(p, "name", &w->name);
	pack_text(p, "doc", &w->doc);
	pack_span(p, "span", &w->span);
	pack_u32(p, "block", &w->block);
	pack_each(p, "inputs", &w->inputs, &w->n_inputs, pack_field);
	pack_each(p, "outputs", &w->outputs, &w->n_outputs, pack_field);
}

static void pack_model(struct pack *p, void *model)
{
	struct plan_model *m = model;
	pack_name(p, "name", &m->name);
	pack_span(p, "span", &m->span);
	pack_id(p, "workflow", &m->workflow);
	pack_text(p, "output", &m->output);
	pack_value(p, "file", &m->file);
}

static void pack_part(struct pack *p, void *part)
{
	struct plan_part *q = part;
	pack_name(p, "name", &q->name);
	pack_span(p, "span", &q->span);
	pack_u32(p, "cpus", &q->cpus);
	pack_u32(p, "gpus", &q->gpus);
	pack_u32(p, "nodes_low", &q->nodes_low);
	pack_u32(p, "nodes_high", &q->nodes_high);
	pack_double(p, "memory_bytes", &q->memory_bytes);
	pack_double(p, "max_time_s", &q->max_time_s);
}

static void pack_thing(struct pack *p, void *thing)
{
	struct plan_thing *t = thing;
	pack_name(p, "role", &t->role);
	pack_name(p, "name", &t->name);
	pack_text(p, "kind", &t->kind);
	pack_text(p, "doc", &t->doc);
	pack_span(p, "span", &t->span);
	pack_doc(p, "attributes", &t->attributes);
	pack_doc(p, "annotations", &t->annotations);
	pack_each(p, "parts", &t->parts, &t->n_parts, pack_part);
	pack_id(p, "workflow", &t->workflow);
	pack_doc(p, "arguments", &t->arguments);
	pack_each(p, "given", &t->given, &t->n_given, pack_attribute);
	pack_expr(p, "condition", &t->condition);
	pack_texts(p, "refs", &t->refs, &t->n_refs);
}

static void pack_format(struct pack *p, void *format)
{
	struct format *f = format;
	pack_name(p, "name", &f->name);
	pack_text(p, "doc", &f->doc);
	pack_text(p, "iri", &f->iri);
	pack_text(p, "extensions", &f->extensions);
	pack_text(p, "magic", &f->magic);
	const char *parent = f->parent ? f->parent->name : NULL;
	pack_text(p, "parent", &parent);
	if (p->loading && map_set(&p->formats, f->name, f))
		pack_fail(p, "format", "twice");
}

/* A parent is found when all are there; a chain longer than the list is a ring. */
static void link_formats(struct pack *p, struct plan *plan)
{
	uint32_t i = 0;
	for (doc_each(item, doc_get(p->map, "formats"))) {
		const char *parent = doc_text(doc_get(item, "parent"), NULL);
		if (i == plan->n_formats)
			return;
		plan->formats[i].parent = parent ? map_get(&p->formats, parent) : NULL;
		if (parent && !plan->formats[i].parent)
			pack_fail(p, "format", "without its parent");
		i++;
	}
	for (i = 0; i < plan->n_formats; i++) {
		uint32_t length = 0;
		for (const struct format *f = &plan->formats[i]; f && length <= plan->n_formats; f = f->parent)
			length++;
		if (length > plan->n_formats) {
			pack_fail(p, "format", "its own parent");
			return;
		}
	}
}

static void pack_scenario(struct pack *p, void *scenario)
{
	struct plan_scenario *s = scenario;
	pack_name(p, "name", &s->name);
	pack_text(p, "doc", &s->doc);
	pack_span(p, "span", &s->span);
}

void pack_plan(struct pack *p, struct plan *plan)
{
	pack_name(p, "twin", &plan->twin);
	pack_text(p, "version", &plan->version);
	pack_text(p, "doc", &plan->doc);
	pack_i64(p, "edition", &plan->edition);
	pack_text(p, "folder", &plan->folder);
	pack_each(p, "formats", &plan->formats, &plan->n_formats, pack_format);
	if (p->loading) {
		link_formats(p, plan);
		if (!p->error && !type_table_load(&p->types, doc_get(p->map, "types"), &p->formats))
			pack_fail(p, "types", "not a list of types");
	}
	pack_each(p, "params", &plan->params, &plan->n_params, pack_param);
	pack_each(p, "steps", &plan->steps, &plan->n_steps, pack_step);
	pack_each(p, "workflows", &plan->workflows, &plan->n_workflows, pack_workflow);
	pack_each(p, "blocks", &plan->blocks, &plan->n_blocks, pack_block);
	pack_each(p, "nodes", &plan->nodes, &plan->n_nodes, pack_node);
	pack_each(p, "slots", &plan->slots, &plan->n_slots, pack_slot);
	pack_each(p, "models", &plan->models, &plan->n_models, pack_model);
	pack_each(p, "things", &plan->things, &plan->n_things, pack_thing);
	pack_each(p, "scenarios", &plan->scenarios, &plan->n_scenarios, pack_scenario);
	if (!p->loading)
		buf_printf(p->out, ", \"types\": [%s]", buf_text(&p->types.saved));
}
