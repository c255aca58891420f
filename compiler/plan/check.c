/* What a loaded plan must keep to, so that whoever runs it may trust every id. */
#include "compiler/cwl/cwl.h"
#include "compiler/plan/pack.h"

struct checker {
	const struct plan *p;
	struct arena *arena;
	const char *error;
	/* Of the expression at hand: */
	uint32_t block;                    /* slots of it and of the blocks around it may be read; PLAN_NONE: none */
	uint32_t n_inputs, n_outputs;
	uint32_t *place; /* of each node: its place in the block at hand, from 1; 0 elsewhere */
	bool *listed;    /* each node: some block has it */
	uint8_t *filled; /* each slot: something fills it; 2: the `else` branch does, too */
};

static bool fail(struct checker *c, const char *what, uint32_t id)
{
	if (!c->error)
		c->error = arena_printf(c->arena, "%s (%u)", what, id);
	return false;
}

static bool in_range(struct checker *c, uint32_t id, uint32_t n, const char *what)
{
	return id < n || fail(c, what, id);
}

static bool may_be_none(struct checker *c, uint32_t id, uint32_t n, const char *what)
{
	return id == PLAN_NONE || in_range(c, id, n, what);
}

static bool all_in_range(struct checker *c, const uint32_t *ids, uint32_t n_ids, uint32_t n, const char *what)
{
	for (uint32_t i = 0; i < n_ids; i++) {
		if (!in_range(c, ids[i], n, what))
			return false;
	}
	return true;
}

/* Whether `outer` is the block or one around it; parents have been checked. */
static bool encloses(const struct plan *p, uint32_t outer, uint32_t block)
{
	while (block != PLAN_NONE && block != outer)
		block = p->blocks[block].parent_block;
	return block == outer && block != PLAN_NONE;
}

static void check_ref(struct checker *c, const struct expr *e)
{
	const struct plan *p = c->p;
	if (e->op == EXPR_PARAM)
		in_range(c, e->index, p->n_params, "a parameter that is not there");
	else if (e->op == EXPR_INPUT)
		in_range(c, e->index, c->n_inputs, "an input that is not there");
	else if (e->op == EXPR_OUTPUT)
		in_range(c, e->index, c->n_outputs, "an output that is not there");
	else if ((e->op == EXPR_SLOT || e->op == EXPR_PREVIOUS) && in_range(c, e->index, p->n_slots, "a slot that is not there") &&
	         !encloses(p, p->slots[e->index].block, c->block))
		fail(c, "a slot that is not visible", e->index);
}

static void check_expr(struct checker *c, const struct expr *e)
{
	if (!e || c->error)
		return;
	check_ref(c, e);
	for (uint16_t i = 0; i < e->n; i++)
		check_expr(c, e->args[i]);
}

static void check_fields(struct checker *c, const struct plan_field *fields, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!fields[i].type)
			fail(c, "a field without a type", i);
		check_expr(c, fields[i].expr);
	}
}

static void check_thing(struct checker *c, const struct plan_thing *t)
{
	may_be_none(c, t->workflow, c->p->n_workflows, "a workflow that is not there");
	c->block = PLAN_NONE;
	c->n_inputs = c->n_outputs = 0;
	for (uint32_t i = 0; i < t->n_given; i++)
		check_expr(c, t->given[i].expr);
	check_expr(c, t->condition);
}

/* A CWL process: it can be loaded, and has the step's inputs and outputs. */
static void check_document(struct checker *c, const struct plan_step *s)
{
	struct cwl_error error;
	const struct cwl_process *p = s->cwl ? cwl_load(c->arena, s->cwl, &error) : NULL;
	if (s->cwl && (!p || p->n_inputs != s->n_inputs || p->n_outputs != s->n_outputs))
		fail(c, "a CWL process that is not what its step says", 0);
}

static void check_step(struct checker *c, const struct plan_step *s)
{
	c->block = PLAN_NONE;
	c->n_inputs = s->n_inputs;
	c->n_outputs = s->n_outputs;
	check_fields(c, s->inputs, s->n_inputs);
	check_fields(c, s->outputs, s->n_outputs);
	check_fields(c, s->metrics, s->n_metrics);
	const struct expr *exprs[] = {s->script, s->argv, s->metrics_file, s->cpus, s->memory, s->gpus, s->time};
	for (size_t i = 0; i < sizeof exprs / sizeof *exprs; i++)
		check_expr(c, exprs[i]);
	for (uint32_t i = 0; i < s->n_env; i++)
		check_expr(c, s->env[i].expr);
	for (uint32_t i = 0; i < s->n_outputs; i++) {
		if (!s->cwl && !s->outputs[i].expr)
			fail(c, "an output that lies nowhere", i);
	}
	for (uint32_t i = 0; i < s->n_metrics; i++) {
		if (!s->cwl && !s->metrics_file)
			fail(c, "metrics that are read from nowhere", i);
	}
	if ((s->script != NULL) + (s->argv != NULL) + (s->cwl != NULL) > 1)
		fail(c, "a step of several commands", 0);
	c->n_inputs = c->n_outputs = 0;
	check_document(c, s);
}

/* A workflow's own block has nothing around it; any other is the inner one of its owner. */
static void check_surroundings(struct checker *c, uint32_t id)
{
	const struct plan *p = c->p;
	const struct plan_block *b = &p->blocks[id];
	if (b->parent_block == PLAN_NONE) {
		if (b->owner_node != PLAN_NONE || p->workflows[b->workflow].block != id)
			fail(c, "a block without a place", id);
		return;
	}
	const struct plan_node *owner = b->owner_node == PLAN_NONE ? NULL : &p->nodes[b->owner_node];
	bool is_construct = owner && (owner->kind == PLAN_FOR || owner->kind == PLAN_IF || owner->kind == PLAN_REPEAT);
	if (!is_construct || owner->block != b->parent_block || (owner->inner != id && owner->otherwise != id))
		fail(c, "a block whose owner is elsewhere", id);
	if (p->blocks[b->parent_block].workflow != b->workflow)
		fail(c, "a block in two workflows", id);
}

/* The lists of nodes and slots agree with what these say of themselves. */
static void check_block(struct checker *c, uint32_t id)
{
	const struct plan *p = c->p;
	const struct plan_block *b = &p->blocks[id];
	if (!may_be_none(c, b->parent_block, p->n_blocks, "a block that is not there") ||
	    !may_be_none(c, b->owner_node, p->n_nodes, "a node that is not there") ||
	    !in_range(c, b->workflow, p->n_workflows, "a workflow that is not there") ||
	    !all_in_range(c, b->nodes, b->n_nodes, p->n_nodes, "a node that is not there") ||
	    !all_in_range(c, b->slots, b->n_slots, p->n_slots, "a slot that is not there"))
		return;
	check_surroundings(c, id);
	for (uint32_t i = 0; i < b->n_nodes; i++) {
		if (p->nodes[b->nodes[i]].block != id || c->listed[b->nodes[i]])
			fail(c, "a node in two places", b->nodes[i]);
		c->listed[b->nodes[i]] = true;
	}
	for (uint32_t i = 0; i < b->n_slots; i++) {
		const struct plan_slot *s = &p->slots[b->slots[i]];
		if (s->block != id || s->position != i)
			fail(c, "a slot in two places", b->slots[i]);
	}
}

static void check_block_ring(struct checker *c, uint32_t id)
{
	uint32_t length = 0;
	for (uint32_t b = id; b != PLAN_NONE; b = c->p->blocks[b].parent_block) {
		if (++length > c->p->n_blocks) {
			fail(c, "a block inside itself", id);
			return;
		}
	}
}

static void check_slot(struct checker *c, uint32_t id)
{
	const struct plan *p = c->p;
	const struct plan_slot *s = &p->slots[id];
	if (!in_range(c, s->block, p->n_blocks, "a block that is not there") || !may_be_none(c, s->node, p->n_nodes, "a node that is not there") ||
	    !all_in_range(c, s->gates, s->n_gates, p->n_nodes, "a gate that is not there"))
		return;
	const struct plan_block *b = &p->blocks[s->block];
	if (s->position >= b->n_slots || b->slots[s->position] != id)
		fail(c, "a slot that is not in its block", id);
	for (uint32_t i = 0; i < s->n_gates; i++) {
		if (p->nodes[s->gates[i]].kind != PLAN_GATE)
			fail(c, "a guard that is no gate", s->gates[i]);
	}
}

/* An inner block belongs to this node. */
static bool check_inner(struct checker *c, uint32_t node, uint32_t block)
{
	return in_range(c, block, c->p->n_blocks, "a block that is not there") &&
	       (c->p->blocks[block].owner_node == node || fail(c, "a block of another node", block));
}

/* Each slot is filled by one place only: the node that it names, or the opening of its block. */
static void check_filled(struct checker *c, uint32_t slot, uint32_t node, uint8_t how)
{
	if (c->p->slots[slot].node != node || (c->filled[slot] & how) || (how == 1 && c->filled[slot]))
		fail(c, "a slot that two would fill", slot);
	c->filled[slot] |= how;
}

static void check_exports(struct checker *c, const struct plan_export *exports, uint32_t n, uint32_t inner, uint32_t outer, uint32_t node, uint8_t how)
{
	const struct plan *p = c->p;
	for (uint32_t i = 0; i < n; i++) {
		if (!in_range(c, exports[i].inner, p->n_slots, "a slot that is not there") || !in_range(c, exports[i].outer, p->n_slots, "a slot that is not there"))
			return;
		if (inner == PLAN_NONE || p->slots[exports[i].inner].block != inner || p->slots[exports[i].outer].block != outer)
			fail(c, "an export between other blocks", exports[i].inner);
		check_filled(c, exports[i].outer, node, how);
	}
}

static void check_element(struct checker *c, uint32_t slot, uint32_t inner)
{
	if (!in_range(c, slot, c->p->n_slots, "a slot that is not there"))
		return;
	if (c->p->slots[slot].block != inner)
		fail(c, "an element in another block", slot);
	check_filled(c, slot, PLAN_NONE, 1);
}

static void check_construct(struct checker *c, uint32_t id, const struct plan_node *n)
{
	if (!check_inner(c, id, n->inner) || (n->otherwise != PLAN_NONE && !check_inner(c, id, n->otherwise)))
		return;
	check_exports(c, n->exports, n->n_exports, n->inner, n->block, id, 1);
	check_exports(c, n->otherwise_exports, n->n_otherwise_exports, n->otherwise, n->block, id, 2);
	if (!n->subject)
		fail(c, "a construct without a subject", id);
	if (n->kind == PLAN_FOR) {
		check_element(c, n->element, n->inner);
		if (n->second != PLAN_NONE)
			check_element(c, n->second, n->inner);
	}
	c->block = n->kind == PLAN_REPEAT ? n->inner : n->block;
	check_expr(c, n->subject);
	c->block = n->block;
	check_expr(c, n->max);
}

static void check_call(struct checker *c, uint32_t id, const struct plan_node *n)
{
	const struct plan *p = c->p;
	if (!in_range(c, n->target, n->kind == PLAN_CALL ? p->n_steps : p->n_workflows, "a call of what is not there"))
		return;
	if (n->n_args != (n->kind == PLAN_CALL ? p->steps[n->target].n_inputs : p->workflows[n->target].n_inputs))
		fail(c, "a call with other arguments than inputs", id);
	for (uint32_t i = 0; i < n->n_args; i++)
		check_expr(c, n->args[i].expr);
}

static void check_gate(struct checker *c, const struct plan_node *n)
{
	all_in_range(c, n->guards, n->n_guards, c->p->n_slots, "a slot that is not there");
	for (uint32_t i = 0; i < n->n_requirements; i++)
		check_expr(c, n->requirements[i].expr);
}

static void check_node(struct checker *c, uint32_t id)
{
	const struct plan *p = c->p;
	const struct plan_node *n = &p->nodes[id];
	if (!may_be_none(c, n->slot, p->n_slots, "a slot that is not there") || !all_in_range(c, n->needs, n->n_needs, p->n_slots, "a slot that is not there") ||
	    !all_in_range(c, n->waits, n->n_waits, p->n_nodes, "a node that is not there"))
		return;
	bool fills = n->kind == PLAN_CALL || n->kind == PLAN_SUB || n->kind == PLAN_VALUE;
	if (n->slot != PLAN_NONE && p->slots[n->slot].block != n->block)
		fail(c, "a node that fills another block", id);
	if (n->slot != PLAN_NONE && fills)
		check_filled(c, n->slot, id, 1);
	c->block = n->block;
	switch (n->kind) {
	case PLAN_CALL:
	case PLAN_SUB:
		check_call(c, id, n);
		break;
	case PLAN_VALUE:
		if (!n->subject)
			fail(c, "a value without an expression", id);
		check_expr(c, n->subject);
		break;
	case PLAN_FOR:
	case PLAN_IF:
	case PLAN_REPEAT:
		check_construct(c, id, n);
		break;
	case PLAN_GATE:
		check_gate(c, n);
		break;
	}
	if (fills && n->slot == PLAN_NONE)
		fail(c, "a node without a slot", id);
}

/* Whether the node waits for one that its block has later: such a plan would never end. */
static void check_order(struct checker *c, const struct plan_block *b)
{
	const struct plan *p = c->p;
	uint32_t *place = c->place;
	for (uint32_t i = 0; i < b->n_nodes; i++)
		place[b->nodes[i]] = i + 1;
	for (uint32_t i = 0; i < b->n_nodes; i++) {
		const struct plan_node *n = &p->nodes[b->nodes[i]];
		for (uint32_t j = 0; j < n->n_needs; j++) {
			uint32_t filler = p->slots[n->needs[j]].node;
			if (filler != PLAN_NONE && place[filler] > i)
				fail(c, "a node that needs a later one", b->nodes[i]);
			if (!encloses(p, p->slots[n->needs[j]].block, n->block))
				fail(c, "a need that is not visible", n->needs[j]);
		}
		for (uint32_t j = 0; j < n->n_waits; j++) {
			if (place[n->waits[j]] > i)
				fail(c, "a node that waits for a later one", b->nodes[i]);
			if (!encloses(p, p->nodes[n->waits[j]].block, n->block))
				fail(c, "a wait for a node elsewhere", n->waits[j]);
		}
	}
	for (uint32_t i = 0; i < b->n_nodes; i++)
		place[b->nodes[i]] = 0;
}

static void check_workflow(struct checker *c, uint32_t id)
{
	const struct plan *p = c->p;
	const struct plan_workflow *w = &p->workflows[id];
	if (!in_range(c, w->block, p->n_blocks, "a block that is not there"))
		return;
	if (p->blocks[w->block].workflow != id || p->blocks[w->block].parent_block != PLAN_NONE)
		fail(c, "a workflow with a block of another", id);
	c->block = PLAN_NONE;
	check_fields(c, w->inputs, w->n_inputs);
	c->block = w->block;
	check_fields(c, w->outputs, w->n_outputs);
	for (uint32_t i = 0; i < w->n_inputs; i++) {
		if (!in_range(c, w->inputs[i].slot, p->n_slots, "a slot that is not there"))
			return;
		if (p->slots[w->inputs[i].slot].block != w->block)
			fail(c, "an input in another block", i);
		check_filled(c, w->inputs[i].slot, PLAN_NONE, 1);
	}
	for (uint32_t i = 0; i < w->n_outputs; i++) {
		if (!w->outputs[i].expr)
			fail(c, "an output without a value", i);
	}
}

/* Workflows call each other without rings: takes away those whose callees are gone, until nothing changes. */
static void check_calls(struct checker *c)
{
	const struct plan *p = c->p;
	bool *ends = arena_new_n(c->arena, bool, p->n_workflows);
	for (bool changed = true; changed;) {
		bool *blocked = arena_new_n(c->arena, bool, p->n_workflows);
		changed = false;
		for (uint32_t i = 0; i < p->n_nodes; i++) {
			const struct plan_node *n = &p->nodes[i];
			if (n->kind == PLAN_SUB && !ends[n->target])
				blocked[p->blocks[n->block].workflow] = true;
		}
		for (uint32_t i = 0; i < p->n_workflows; i++) {
			changed = changed || (!blocked[i] && !ends[i]);
			ends[i] = ends[i] || !blocked[i];
		}
	}
	for (uint32_t i = 0; i < p->n_workflows; i++) {
		if (!ends[i])
			fail(c, "a workflow that calls itself", i);
	}
}

/* Ids of blocks and nodes first: the rest follows them. */
static void check_structure(struct checker *c)
{
	const struct plan *p = c->p;
	for (uint32_t i = 0; !c->error && i < p->n_nodes; i++)
		in_range(c, p->nodes[i].block, p->n_blocks, "a block that is not there");
	for (uint32_t i = 0; !c->error && i < p->n_blocks; i++)
		check_block(c, i);
	for (uint32_t i = 0; !c->error && i < p->n_blocks; i++)
		check_block_ring(c, i);
	for (uint32_t i = 0; !c->error && i < p->n_slots; i++)
		check_slot(c, i);
	for (uint32_t i = 0; !c->error && i < p->n_nodes; i++) {
		if (!c->listed[i])
			fail(c, "a node in no block", i);
	}
}

static void check_rest(struct checker *c)
{
	const struct plan *p = c->p;
	for (uint32_t i = 0; !c->error && i < p->n_params; i++) {
		if (!p->params[i].type)
			fail(c, "a parameter without a type", i);
	}
	for (uint32_t i = 0; !c->error && i < p->n_steps; i++)
		check_step(c, &p->steps[i]);
	for (uint32_t i = 0; !c->error && i < p->n_workflows; i++)
		check_workflow(c, i);
	for (uint32_t i = 0; !c->error && i < p->n_nodes; i++)
		check_node(c, i);
	for (uint32_t i = 0; !c->error && i < p->n_blocks; i++)
		check_order(c, &p->blocks[i]);
	for (uint32_t i = 0; !c->error && i < p->n_models; i++)
		may_be_none(c, p->models[i].workflow, p->n_workflows, "a workflow that is not there");
	for (uint32_t i = 0; !c->error && i < p->n_things; i++)
		check_thing(c, &p->things[i]);
	for (uint32_t i = 0; !c->error && i < p->n_slots; i++) {
		if (!c->filled[i])
			fail(c, "a slot that nothing fills", i);
	}
	if (!c->error)
		check_calls(c);
}

const char *plan_check(const struct plan *p, struct arena *a)
{
	struct arena scratch = {0};
	struct checker c = {.p = p, .arena = &scratch, .block = PLAN_NONE};
	c.place = arena_new_n(&scratch, uint32_t, p->n_nodes);
	c.listed = arena_new_n(&scratch, bool, p->n_nodes);
	c.filled = arena_new_n(&scratch, uint8_t, p->n_slots);
	check_structure(&c);
	if (!c.error)
		check_rest(&c);
	const char *error = c.error ? arena_strdup(a, c.error) : NULL;
	arena_finish(&scratch);
	return error;
}
