/* Gathers what the picture of a plan shows. Producers of a value are found through exports and elements, so an edge joins
 * the calls themselves and not the brackets around them. */
#include "targets/graph.h"
#include <string.h>

struct gather {
	struct graph *g;
	const struct plan *p;
	const enum graph_state *states;
	uint32_t *of_node;     /* plan node -> graph node */
	uint32_t *of_input;    /* plan slot -> graph node of a workflow's input */
	uint32_t *of_thing;    /* plan thing -> graph node */
	uint32_t *of_workflow; /* plan workflow -> its first graph node */
	uint32_t *box_of;      /* plan workflow -> its box */
	enum graph_fold fold;
	uint32_t *first, *count; /* plan node -> the first that is alike, and how many there are */
};

#define PICTURE_LIGHT 60  /* more nodes: calls that are alike are folded */
#define PICTURE_HEAVY 240 /* still more nodes: blocks are folded, too */
#define PICTURE_FIELDS 12 /* more inputs or outputs are one node, in a picture that folds */

static uint32_t node_add(struct gather *t, enum graph_shape shape, const char *label, const char *second, uint32_t box)
{
	*vec_push(&t->g->nodes) = (struct graph_node){ .label = label, .second = second, .shape = shape, .box = box };
	return t->g->nodes.len - 1;
}

static uint32_t box_add(struct gather *t, const char *label, uint32_t parent, bool solid)
{
	*vec_push(&t->g->boxes) = (struct graph_box){ .label = label, .parent = parent, .solid = solid };
	return t->g->boxes.len - 1;
}

/* One edge a pair and kind; several labels are joined. */
static void edge_add(struct gather *t, uint32_t from, uint32_t to, const char *label, enum graph_link link)
{
	if (from == PLAN_NONE || to == PLAN_NONE || (from == to && link != LINK_BACK))
		return;
	for (uint32_t i = 0; i < t->g->edges.len; i++) {
		struct graph_edge *e = &t->g->edges.at[i];
		if (e->from != from || e->to != to || e->link != link)
			continue;
		if (label && !e->label)
			e->label = label;
		else if (label && strlen(e->label) < 40 && !strstr(e->label, label))
			e->label = arena_printf(t->g->arena, "%s, %s", e->label, label);
		return;
	}
	*vec_push(&t->g->edges) = (struct graph_edge){ from, to, label, link };
}

static const char *expr_label(struct gather *t, const struct expr *e)
{
	struct buf b;
	const char *text;

	buf_init(&b);
	expr_show(e, &b);
	text = b.len > 60 ? arena_printf(t->g->arena, "%.57s...", buf_text(&b)) : arena_strdup(t->g->arena, buf_text(&b));
	buf_finish(&b);
	return text;
}

/* -- edges ----------------------------------------------------------------------------------------------------------- */

static void expr_join(struct gather *t, const struct expr *e, uint32_t to, const char *label, enum graph_link link);

static void slot_join(struct gather *t, uint32_t slot, uint32_t to, const char *label, enum graph_link link);

static void exports_join(struct gather *t, const struct plan_export *exports, uint32_t n, uint32_t slot, uint32_t to,
	const char *label, enum graph_link link)
{
	for (uint32_t i = 0; i < n; i++)
		if (exports[i].outer == slot)
			slot_join(t, exports[i].inner, to, label, link);
}

static void slot_join(struct gather *t, uint32_t slot, uint32_t to, const char *label, enum graph_link link)
{
	const struct plan_slot *s = &t->p->slots[slot];
	const struct plan_block *block = &t->p->blocks[s->block];
	const struct plan_node *n = s->node == PLAN_NONE ? NULL : &t->p->nodes[s->node];

	switch (s->kind) {
	case PLAN_SLOT_INPUT:
		edge_add(t, t->of_input[slot], to, label, link);
		break;
	case PLAN_SLOT_RESULT:
	case PLAN_SLOT_VALUE:
		if (n)
			edge_add(t, t->of_node[s->node], to, label, link);
		break;
	case PLAN_SLOT_ELEMENT:
	case PLAN_SLOT_INDEX:
		if (block->owner_node != PLAN_NONE)
			expr_join(t, t->p->nodes[block->owner_node].subject, to, label, link);
		break;
	case PLAN_SLOT_EXPORT:
		if (!n)
			break;
		exports_join(t, n->exports, n->n_exports, slot, to, label, link);
		exports_join(t, n->otherwise_exports, n->n_otherwise_exports, slot, to, label, link);
		break;
	}
}

static uint32_t thing_find(const struct gather *t, const char *name)
{
	for (uint32_t i = 0; name && i < t->p->n_things; i++)
		if (strcmp(t->p->things[i].name, name) == 0)
			return i;
	return PLAN_NONE;
}

/* Edges from everything that an expression reads. */
static void expr_join(struct gather *t, const struct expr *e, uint32_t to, const char *label, enum graph_link link)
{
	uint32_t thing;

	if (!e)
		return;
	if (e->op == EXPR_MEMBER && e->n == 1) {
		expr_join(t, e->args[0], to, e->name, link);
		return;
	}
	if (e->op == EXPR_SLOT) {
		slot_join(t, e->index, to, label, link);
	} else if (e->op == EXPR_PREVIOUS) {
		slot_join(t, e->index, to, label, LINK_BACK);
	} else if (e->op == EXPR_MODEL) {
		thing = thing_find(t, e->name);
		if (thing != PLAN_NONE)
			edge_add(t, t->of_thing[thing], to, label, link);
	}
	for (uint16_t i = 0; i < e->n; i++)
		expr_join(t, e->args[i], to, NULL, link);
}

static void slot_gates_join(struct gather *t, uint32_t slot, bool checked, uint32_t to);

/* What leaves a `for`, `if` or `repeat` has passed the gates inside. */
static void inner_gates_join(struct gather *t, const struct plan_export *exports, uint32_t n, uint32_t slot, uint32_t to)
{
	for (uint32_t i = 0; i < n; i++)
		if (exports[i].outer == slot && !exports[i].raw)
			slot_gates_join(t, exports[i].inner, true, to);
}

static void slot_gates_join(struct gather *t, uint32_t slot, bool checked, uint32_t to)
{
	const struct plan_slot *s = &t->p->slots[slot];
	const struct plan_node *n = s->node == PLAN_NONE ? NULL : &t->p->nodes[s->node];

	for (uint32_t i = 0; checked && i < s->n_gates; i++)
		edge_add(t, t->of_node[s->gates[i]], to, NULL, LINK_ORDER);
	if (s->kind == PLAN_SLOT_EXPORT && n) {
		inner_gates_join(t, n->exports, n->n_exports, slot, to);
		inner_gates_join(t, n->otherwise_exports, n->n_otherwise_exports, slot, to);
	}
}

static void gates_join(struct gather *t, const struct expr *e, uint32_t to)
{
	if (!e)
		return;
	if (e->op == EXPR_SLOT)
		slot_gates_join(t, e->index, e->checked, to);
	for (uint16_t i = 0; i < e->n; i++)
		gates_join(t, e->args[i], to);
}

/* The place by its full name: a part of a thing, or the thing. */
static uint32_t place_find(const struct gather *t, const char *place)
{
	for (uint32_t i = 0; place && i < t->p->n_things; i++) {
		const struct plan_thing *thing = &t->p->things[i];
		if (strcmp(thing->role, "infra") != 0 || t->of_thing[i] == PLAN_NONE)
			continue;
		for (uint32_t k = 0; k < thing->n_parts; k++)
			if (strcmp(thing->parts[k].name, place) == 0)
				return t->of_thing[i] + k;
	}
	return PLAN_NONE;
}

/* A node in an `if` waits for its condition. */
static void conditions_join(struct gather *t, const struct plan_node *n, uint32_t to)
{
	uint32_t owner;

	for (uint32_t block = n->block; (owner = t->p->blocks[block].owner_node) != PLAN_NONE; block = t->p->nodes[owner].block)
		if (t->p->nodes[owner].kind == PLAN_IF)
			expr_join(t, t->p->nodes[owner].subject, to, NULL, LINK_ORDER);
}

static void node_join(struct gather *t, uint32_t id)
{
	const struct plan_node *n = &t->p->nodes[id];
	uint32_t to = t->of_node[id];

	if (to == PLAN_NONE)
		return;
	for (uint32_t i = 0; i < n->n_args; i++) {
		expr_join(t, n->args[i].expr, to, NULL, LINK_DATA);
		gates_join(t, n->args[i].expr, to);
	}
	for (uint32_t i = 0; i < n->n_waits; i++)
		edge_add(t, t->of_node[n->waits[i]], to, NULL, LINK_ORDER);
	if (n->kind == PLAN_VALUE) {
		expr_join(t, n->subject, to, NULL, LINK_DATA);
		gates_join(t, n->subject, to);
	}
	for (uint32_t i = 0; i < n->n_guards; i++)
		slot_join(t, n->guards[i], to, NULL, LINK_DATA);
	for (uint32_t i = 0; i < n->n_requirements; i++)
		expr_join(t, n->requirements[i].expr, to, NULL, LINK_DATA);
	conditions_join(t, n, to);
}

/* -- nodes ----------------------------------------------------------------------------------------------------------- */

static void block_draw(struct gather *t, uint32_t block, uint32_t box);

/* Of several nodes that are drawn as one the state that matters most is shown. */
static void state_join(struct gather *t, uint32_t id, uint32_t drawn)
{
	static const int weights[] = {
		[GRAPH_NONE] = 0, [GRAPH_DONE] = 1, [GRAPH_SKIPPED] = 2, [GRAPH_WAITING] = 3, [GRAPH_BLOCKED] = 4, [GRAPH_RUNNING] = 5, [GRAPH_FAILED] = 6,
	};

	if (t->states && weights[t->states[id]] > weights[t->g->nodes.at[drawn].state])
		t->g->nodes.at[drawn].state = t->states[id];
}

static const char *on_fail_text(enum plan_on_fail on_fail)
{
	switch (on_fail) {
	case PLAN_BLOCK:
		return NULL;
	case PLAN_WARN:
		return "warns";
	case PLAN_SKIP:
		return "skips";
	case PLAN_ASK:
		return "asks";
	}
	return NULL;
}

static const char *gate_text(struct gather *t, const struct plan_node *n)
{
	const char *text = on_fail_text(n->on_fail);

	for (uint32_t i = 0; i < n->n_requirements && i < 4; i++) {
		const char *one = expr_label(t, n->requirements[i].expr);
		text = text ? arena_printf(t->g->arena, "%s\n%s", text, one) : one;
	}
	return text;
}

/* What a call runs, and where. */
static const char *call_text(struct gather *t, const struct plan_node *n)
{
	const struct plan_step *step = &t->p->steps[n->target];
	const char *place = n->place ? n->place : step->place, *text = step->name;

	if (place)
		return arena_printf(t->g->arena, "%s\non %s", text, place);
	for (const struct doc *d = step->extra ? step->extra->children.first : NULL; d; d = d->next)
		for (uint32_t i = 0; d->kind == DOC_STRING && i < t->p->n_things; i++)
			if (strcmp(t->p->things[i].role, "service") == 0 && strcmp(t->p->things[i].name, d->string.text) == 0)
				return arena_printf(t->g->arena, "%s\nby %s", text, d->string.text);
	return text;
}

static uint32_t block_size(const struct plan *p, uint32_t block)
{
	uint32_t n = 0;

	for (uint32_t i = 0; block != PLAN_NONE && i < p->blocks[block].n_nodes; i++) {
		const struct plan_node *node = &p->nodes[p->blocks[block].nodes[i]];
		bool bracket = node->kind == PLAN_FOR || node->kind == PLAN_IF || node->kind == PLAN_REPEAT;
		n += bracket ? block_size(p, node->inner) + block_size(p, node->otherwise) : 1;
	}
	return n;
}

/* All nodes of a block are drawn as one. */
static void block_fold(struct gather *t, uint32_t block, uint32_t drawn)
{
	for (uint32_t i = 0; block != PLAN_NONE && i < t->p->blocks[block].n_nodes; i++) {
		uint32_t id = t->p->blocks[block].nodes[i];
		const struct plan_node *n = &t->p->nodes[id];
		if (n->kind == PLAN_FOR || n->kind == PLAN_IF || n->kind == PLAN_REPEAT) {
			block_fold(t, n->inner, drawn);
			block_fold(t, n->otherwise, drawn);
		} else {
			t->of_node[id] = drawn;
			state_join(t, id, drawn);
		}
	}
}

static void bracket_draw(struct gather *t, const struct plan_node *n, const char *text, uint32_t box)
{
	uint32_t size = block_size(t->p, n->inner) + block_size(t->p, n->otherwise);

	if (t->fold == FOLD_HEAVY && size > 1) {
		uint32_t drawn = node_add(t, SHAPE_SUB, text, arena_printf(t->g->arena, "%u nodes", size), box);
		block_fold(t, n->inner, drawn);
		block_fold(t, n->otherwise, drawn);
		return;
	}
	block_draw(t, n->inner, box_add(t, text, box, false));
	if (n->otherwise != PLAN_NONE)
		block_draw(t, n->otherwise, box_add(t, "else", box, false));
}

static const char *counted(struct gather *t, uint32_t id, const char *name)
{
	return t->fold && t->count[id] > 1 ? arena_printf(t->g->arena, "%s and %u more", name, t->count[id] - 1) : name;
}

static void node_draw(struct gather *t, uint32_t id, uint32_t box)
{
	const struct plan_node *n = &t->p->nodes[id];
	struct arena *a = t->g->arena;
	const char *text = n->subject ? expr_label(t, n->subject) : "";
	uint32_t drawn = PLAN_NONE;

	if (t->fold && t->first[id] != id) {
		drawn = t->of_node[t->first[id]];
		t->of_node[id] = drawn;
		state_join(t, id, drawn);
		return;
	}
	switch (n->kind) {
	case PLAN_CALL:
		drawn = node_add(t, SHAPE_STEP, counted(t, id, n->name), call_text(t, n), box);
		break;
	case PLAN_SUB:
		drawn = node_add(t, SHAPE_SUB, counted(t, id, n->name), t->p->workflows[n->target].name, box);
		break;
	case PLAN_VALUE:
		drawn = node_add(t, SHAPE_VALUE, counted(t, id, n->name), NULL, box);
		break;
	case PLAN_GATE:
		drawn = node_add(t, SHAPE_GATE, n->name, gate_text(t, n), box);
		break;
	case PLAN_FOR:
		bracket_draw(t, n, arena_printf(a, "for %s in %s", t->p->slots[n->element].name, text), box);
		break;
	case PLAN_IF:
		bracket_draw(t, n, arena_printf(a, "if %s", text), box);
		break;
	case PLAN_REPEAT:
		bracket_draw(t, n, arena_printf(a, "repeat until %s", text), box);
		break;
	}
	t->of_node[id] = drawn;
	if (drawn != PLAN_NONE)
		state_join(t, id, drawn);
}

static void block_draw(struct gather *t, uint32_t block, uint32_t box)
{
	const struct plan_block *b = &t->p->blocks[block];

	for (uint32_t i = 0; i < b->n_nodes; i++)
		node_draw(t, b->nodes[i], box);
}

/* A workflow whose insides do not matter here. */
static void workflow_fold(struct gather *t, uint32_t id)
{
	const struct plan_workflow *w = &t->p->workflows[id];
	uint32_t drawn = node_add(t, SHAPE_SUB, w->name, arena_printf(t->g->arena, "%u nodes", block_size(t->p, w->block)), PLAN_NONE);

	for (uint32_t i = 0; i < w->n_inputs; i++)
		t->of_input[w->inputs[i].slot] = drawn;
	block_fold(t, w->block, drawn);
	t->of_workflow[id] = drawn;
}

static void workflow_draw(struct gather *t, uint32_t id)
{
	const struct plan_workflow *w = &t->p->workflows[id];
	uint32_t box = box_add(t, w->name, PLAN_NONE, true), first = t->g->nodes.len;
	bool many = t->fold && w->n_inputs > PICTURE_FIELDS;

	if (many)
		node_add(t, SHAPE_DATA, arena_printf(t->g->arena, "%u inputs", w->n_inputs), NULL, box);
	for (uint32_t i = 0; i < w->n_inputs; i++)
		t->of_input[w->inputs[i].slot] = many ? first : node_add(t, SHAPE_DATA, w->inputs[i].name, type_text(t->g->arena, w->inputs[i].type), box);
	block_draw(t, w->block, box);
	t->of_workflow[id] = t->g->nodes.len > first ? first : PLAN_NONE;
	t->box_of[id] = box;
}

static void outputs_join(struct gather *t, uint32_t id)
{
	const struct plan_workflow *w = &t->p->workflows[id];
	bool many = t->fold && w->n_outputs > PICTURE_FIELDS;
	uint32_t node = many ? node_add(t, SHAPE_DATA, arena_printf(t->g->arena, "%u outputs", w->n_outputs), NULL, t->box_of[id]) : PLAN_NONE;

	for (uint32_t i = 0; i < w->n_outputs; i++) {
		if (!many)
			node = node_add(t, SHAPE_DATA, w->outputs[i].name, type_text(t->g->arena, w->outputs[i].type), t->box_of[id]);
		expr_join(t, w->outputs[i].expr, node, NULL, LINK_DATA);
		gates_join(t, w->outputs[i].expr, node);
	}
}

/* -- what surrounds the workflows ------------------------------------------------------------------------------------ */

static const char *part_text(struct gather *t, const struct plan_part *part)
{
	struct buf b;
	const char *text;

	buf_init(&b);
	if (part->nodes_low == part->nodes_high && part->nodes_low)
		buf_printf(&b, "%u x ", part->nodes_low);
	else if (part->nodes_high)
		buf_printf(&b, "%u to %u x ", part->nodes_low, part->nodes_high);
	buf_printf(&b, "%u CPU%s", part->cpus, part->cpus == 1 ? "" : "s");
	if (part->memory_bytes > 0)
		buf_printf(&b, ", %g GiB", part->memory_bytes / 1073741824.0);
	if (part->gpus)
		buf_printf(&b, ", %u GPU%s", part->gpus, part->gpus == 1 ? "" : "s");
	text = arena_strdup(t->g->arena, buf_text(&b));
	buf_finish(&b);
	return text;
}

static void infra_draw(struct gather *t, uint32_t id)
{
	const struct plan_thing *thing = &t->p->things[id];
	uint32_t box = box_add(t, arena_printf(t->g->arena, "%s: %s", thing->name, thing->kind), PLAN_NONE, true);

	t->of_thing[id] = t->g->nodes.len;
	for (uint32_t i = 0; i < thing->n_parts; i++)
		node_add(t, SHAPE_PLACE, thing->parts[i].name, part_text(t, &thing->parts[i]), box);
	if (thing->n_parts == 0)
		node_add(t, SHAPE_PLACE, thing->name, NULL, box);
}

/* A trigger says what it waits for, everything else what it is. */
static const char *thing_text(struct gather *t, const struct plan_thing *thing)
{
	const char *when = doc_text(doc_get(thing->attributes, "when"), NULL);

	if (strcmp(thing->role, "trigger") != 0)
		return thing->kind;
	return when && strlen(when) > 40 ? arena_printf(t->g->arena, "%.37s...", when) : when ? when : thing->kind;
}

static void thing_draw(struct gather *t, uint32_t id)
{
	static const struct { const char *role; enum graph_shape shape; } shapes[] = {
		{ "service", SHAPE_SERVICE }, { "source", SHAPE_SOURCE }, { "model", SHAPE_MODEL }, { "trigger", SHAPE_TRIGGER },
	};
	const struct plan_thing *thing = &t->p->things[id];

	if (strcmp(thing->role, "infra") == 0)
		infra_draw(t, id);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (strcmp(thing->role, shapes[i].role) == 0)
			t->of_thing[id] = node_add(t, shapes[i].shape, thing->name, thing_text(t, thing), PLAN_NONE);
}

/* A trigger's references start it; what a service or model refers to, it runs on or is kept in. */
static void thing_join(struct gather *t, uint32_t id)
{
	const struct plan_thing *thing = &t->p->things[id];
	bool trigger = strcmp(thing->role, "trigger") == 0;

	for (uint32_t i = 0; i < thing->n_refs; i++) {
		uint32_t ref = thing_find(t, thing->refs[i]), place = place_find(t, thing->refs[i]);
		uint32_t other = place != PLAN_NONE ? place : ref != PLAN_NONE ? t->of_thing[ref] : PLAN_NONE;
		if (trigger)
			edge_add(t, other, t->of_thing[id], NULL, LINK_STARTS);
		else
			edge_add(t, t->of_thing[id], other, NULL, LINK_PLACED);
	}
	if (thing->workflow != PLAN_NONE)
		edge_add(t, t->of_thing[id], t->of_workflow[thing->workflow], NULL, LINK_STARTS);
}

/* A model's weights come out of a workflow. */
static void model_join(struct gather *t, const struct plan_model *m)
{
	uint32_t thing = thing_find(t, m->name);
	const struct plan_workflow *w = m->workflow == PLAN_NONE ? NULL : &t->p->workflows[m->workflow];

	if (thing == PLAN_NONE || !w || t->of_workflow[m->workflow] == PLAN_NONE || t->of_thing[thing] == PLAN_NONE)
		return;
	for (uint32_t i = 0; i < w->n_outputs; i++) {
		if (!m->output || strcmp(w->outputs[i].name, m->output) != 0)
			continue;
		expr_join(t, w->outputs[i].expr, t->of_thing[thing], m->output, LINK_DATA);
		gates_join(t, w->outputs[i].expr, t->of_thing[thing]);
	}
}

static uint32_t *table_new(struct arena *a, uint32_t n)
{
	uint32_t *table = arena_new_n(a, uint32_t, n ? n : 1);

	for (uint32_t i = 0; i < n; i++)
		table[i] = PLAN_NONE;
	return table;
}

static void nodes_draw(struct gather *t, uint32_t workflow)
{
	bool all = workflow == PLAN_NONE;

	vec_clear(&t->g->nodes);
	vec_clear(&t->g->boxes);
	for (uint32_t i = 0; all && i < t->p->n_things; i++)
		thing_draw(t, i);
	for (uint32_t i = 0; i < t->p->n_workflows; i++) {
		if (all && t->fold == FOLD_HEAVY)
			workflow_fold(t, i);
		else if (all || workflow == i)
			workflow_draw(t, i);
	}
}

void graph_init(struct graph *g, struct arena *a, const struct plan *p, uint32_t workflow, const enum graph_state *states, bool unfolded)
{
	struct gather t = { .g = g, .p = p, .states = states };
	bool all = workflow == PLAN_NONE;

	*g = (struct graph){ .arena = a, .title = p->twin };
	t.of_node = table_new(a, p->n_nodes);
	t.of_input = table_new(a, p->n_slots);
	t.of_thing = table_new(a, p->n_things);
	t.of_workflow = table_new(a, p->n_workflows);
	t.box_of = table_new(a, p->n_workflows);
	graph_alike(a, p, &t.first, &t.count);
	nodes_draw(&t, workflow);
	for (int fold = FOLD_LIGHT; !unfolded && fold <= FOLD_HEAVY && g->nodes.len > (fold == FOLD_LIGHT ? PICTURE_LIGHT : PICTURE_HEAVY); fold++) {
		t.fold = (enum graph_fold)fold;
		nodes_draw(&t, workflow);
	}
	for (uint32_t i = 0; i < p->n_nodes; i++)
		node_join(&t, i);
	for (uint32_t i = 0; i < p->n_workflows; i++)
		if (t.box_of[i] != PLAN_NONE)
			outputs_join(&t, i);
	for (uint32_t i = 0; all && i < p->n_things; i++)
		thing_join(&t, i);
	for (uint32_t i = 0; i < p->n_models; i++)
		model_join(&t, &p->models[i]);
}

void graph_finish(struct graph *g)
{
	vec_finish(&g->nodes);
	vec_finish(&g->boxes);
	vec_finish(&g->edges);
}
