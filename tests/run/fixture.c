#include "tests/run/fixture.h"
#include <stdio.h>
#include <string.h>

#define MAX 20000 /* of each kind of thing in a plan */

void fixture_init(struct fixture *f)
{
	struct plan *p = &f->plan;
	memset(f, 0, sizeof *f);
	arena_init(&f->arena);
	sources_init(&f->sources, &f->arena);
	p->arena = &f->arena;
	p->sources = &f->sources;
	p->twin = "fixture";
	p->folder = ".";
	p->steps = arena_new_n(&f->arena, struct plan_step, 64);
	p->workflows = arena_new_n(&f->arena, struct plan_workflow, 16);
	p->blocks = arena_new_n(&f->arena, struct plan_block, 64);
	p->nodes = arena_new_n(&f->arena, struct plan_node, MAX);
	p->slots = arena_new_n(&f->arena, struct plan_slot, MAX);
}

void fixture_finish(struct fixture *f)
{
	sources_finish(&f->sources);
	arena_finish(&f->arena);
}

/* Arrays of the fixture grow by one: quadratic in memory, and simple. */
static uint32_t *push(struct fixture *f, uint32_t *list, uint32_t *n, uint32_t x)
{
	if ((*n & (*n - 1)) == 0) { /* at a power of two: room for twice as many */
		uint32_t *more = arena_new_n(&f->arena, uint32_t, *n ? *n * 2 : 1);
		for (uint32_t i = 0; i < *n; i++)
			more[i] = list[i];
		list = more;
	}
	list[(*n)++] = x;
	return list;
}

uint32_t fixture_block(struct fixture *f, uint32_t parent, uint32_t owner)
{
	uint32_t id = f->plan.n_blocks++;
	f->plan.blocks[id] = (struct plan_block){ .parent_block = parent, .owner_node = owner };
	return id;
}

uint32_t fixture_workflow(struct fixture *f, const char *name)
{
	uint32_t id = f->plan.n_workflows++;
	struct plan_workflow *w = &f->plan.workflows[id];
	w->name = name;
	w->block = fixture_block(f, PLAN_NONE, PLAN_NONE);
	w->inputs = arena_new_n(&f->arena, struct plan_field, 8);
	w->outputs = arena_new_n(&f->arena, struct plan_field, 32);
	f->plan.blocks[w->block].workflow = id;
	return id;
}

uint32_t fixture_slot(struct fixture *f, uint32_t block, const char *name, enum plan_slot_kind kind)
{
	uint32_t id = f->plan.n_slots++;
	struct plan_block *b = &f->plan.blocks[block];
	f->plan.slots[id] = (struct plan_slot){ .name = name, .kind = kind, .block = block, .position = b->n_slots, .node = PLAN_NONE, .type = &type_any };
	b->slots = push(f, b->slots, &b->n_slots, id);
	return id;
}

uint32_t fixture_workflow_input(struct fixture *f, uint32_t workflow, const char *name, const struct type *type, const struct expr *otherwise)
{
	struct plan_workflow *w = &f->plan.workflows[workflow];
	struct plan_field *x = &w->inputs[w->n_inputs++];
	*x = (struct plan_field){ .name = name, .type = type, .expr = otherwise, .slot = fixture_slot(f, w->block, name, PLAN_SLOT_INPUT) };
	return x->slot;
}

void fixture_workflow_output(struct fixture *f, uint32_t workflow, const char *name, const struct type *type, const struct expr *e)
{
	struct plan_workflow *w = &f->plan.workflows[workflow];
	w->outputs[w->n_outputs++] = (struct plan_field){ .name = name, .type = type, .expr = e };
}

/* -- steps ---------------------------------------------------------------------------------------------------------- */

uint32_t fixture_step(struct fixture *f, const char *name)
{
	uint32_t id = f->plan.n_steps++;
	struct plan_step *s = &f->plan.steps[id];
	*s = (struct plan_step){ .name = name, .kind = "step", .attempts = 1, .workers = 1 };
	s->inputs = arena_new_n(&f->arena, struct plan_field, 8);
	s->outputs = arena_new_n(&f->arena, struct plan_field, 8);
	s->metrics = arena_new_n(&f->arena, struct plan_field, 8);
	return id;
}

void fixture_input(struct fixture *f, uint32_t step, const char *name, const struct type *type)
{
	struct plan_step *s = &f->plan.steps[step];
	s->inputs[s->n_inputs++] = (struct plan_field){ .name = name, .type = type };
}

void fixture_output(struct fixture *f, uint32_t step, const char *name, const char *path)
{
	struct plan_step *s = &f->plan.steps[step];
	s->outputs[s->n_outputs++] = (struct plan_field){ .name = name, .type = type_path(&f->arena, TYPE_FILE, NULL), .expr = x_string(f, path) };
}

void fixture_metric(struct fixture *f, uint32_t step, const char *name, const struct type *type)
{
	struct plan_step *s = &f->plan.steps[step];
	s->metrics[s->n_metrics++] = (struct plan_field){ .name = name, .type = type };
	s->metrics_file = x_string(f, "metrics.json");
}

static const struct expr *placeholder(struct fixture *f, const struct plan_step *s, const char *name, size_t n)
{
	struct expr *e = expr_new(&f->arena, EXPR_INPUT, (struct span){ 0 }, &type_any, 0);
	for (e->index = 0; e->index < s->n_inputs; e->index++)
		if (strncmp(s->inputs[e->index].name, name, n) == 0 && s->inputs[e->index].name[n] == 0)
			return e;
	e->op = EXPR_OUTPUT;
	for (e->index = 0; e->index < s->n_outputs; e->index++)
		if (strncmp(s->outputs[e->index].name, name, n) == 0 && s->outputs[e->index].name[n] == 0)
			return e;
	fprintf(stderr, "fixture: no {%.*s}\n", (int)n, name);
	return x_string(f, "");
}

void fixture_script(struct fixture *f, uint32_t step, const char *script)
{
	struct plan_step *s = &f->plan.steps[step];
	struct expr *e = expr_new(&f->arena, EXPR_WORDS, (struct span){ 0 }, &type_string, 40);
	uint16_t n = 0;
	while (*script) {
		const char *open = strchrnul(script, '{'), *close = strchr(open, '}');
		e->args[n++] = x_string(f, arena_strndup(&f->arena, script, (size_t)(open - script)));
		if (!close)
			break;
		e->args[n++] = placeholder(f, s, open + 1, (size_t)(close - open - 1));
		script = close + 1;
	}
	e->n = n;
	s->script = e;
}

/* -- nodes ---------------------------------------------------------------------------------------------------------- */

uint32_t fixture_node(struct fixture *f, enum plan_node_kind kind, uint32_t block, const char *name)
{
	uint32_t id = f->plan.n_nodes++;
	struct plan_block *b = &f->plan.blocks[block];
	f->plan.nodes[id] = (struct plan_node){ .kind = kind, .name = name, .block = block, .slot = PLAN_NONE, .inner = PLAN_NONE,
						.otherwise = PLAN_NONE, .element = PLAN_NONE, .second = PLAN_NONE };
	b->nodes = push(f, b->nodes, &b->n_nodes, id);
	return id;
}

struct needs { struct fixture *f; struct plan_node *n; };

static void need(const struct expr *ref, void *ctx)
{
	struct needs *x = ctx;
	if (ref->op != EXPR_SLOT)
		return;
	x->n->needs = push(x->f, x->n->needs, &x->n->n_needs, ref->index);
	const struct plan_slot *s = &x->f->plan.slots[ref->index];
	for (uint32_t i = 0; ref->checked && i < s->n_gates; i++)
		x->n->waits = push(x->f, x->n->waits, &x->n->n_waits, s->gates[i]);
}

void fixture_needs(struct fixture *f, uint32_t node, const struct expr *e)
{
	struct needs x = { f, &f->plan.nodes[node] };
	expr_each_ref(e, need, &x);
}

void fixture_waits(struct fixture *f, uint32_t node, uint32_t other)
{
	struct plan_node *n = &f->plan.nodes[node];
	n->waits = push(f, n->waits, &n->n_waits, other);
}

static uint32_t fill_slot(struct fixture *f, uint32_t node, enum plan_slot_kind kind)
{
	struct plan_node *n = &f->plan.nodes[node];
	n->slot = fixture_slot(f, n->block, n->name, kind);
	f->plan.slots[n->slot].node = node;
	return n->slot;
}

static uint32_t with_arguments(struct fixture *f, uint32_t node, uint32_t target, uint32_t n_args, const struct expr *const *args)
{
	struct plan_node *n = &f->plan.nodes[node];
	n->target = target;
	n->n_args = n_args;
	n->args = arena_new_n(&f->arena, struct plan_argument, n_args);
	for (uint32_t i = 0; i < n_args; i++) {
		n->args[i].expr = args[i];
		if (args[i])
			fixture_needs(f, node, args[i]);
	}
	return fill_slot(f, node, PLAN_SLOT_RESULT);
}

uint32_t fixture_call(struct fixture *f, uint32_t block, const char *name, uint32_t step, uint32_t n, const struct expr *const *args)
{
	return with_arguments(f, fixture_node(f, PLAN_CALL, block, name), step, n, args);
}

uint32_t fixture_sub(struct fixture *f, uint32_t block, const char *name, uint32_t workflow, uint32_t n, const struct expr *const *args)
{
	return with_arguments(f, fixture_node(f, PLAN_SUB, block, name), workflow, n, args);
}

uint32_t fixture_value(struct fixture *f, uint32_t block, const char *name, const struct expr *e)
{
	uint32_t node = fixture_node(f, PLAN_VALUE, block, name);
	f->plan.nodes[node].subject = e;
	fixture_needs(f, node, e);
	return fill_slot(f, node, PLAN_SLOT_VALUE);
}

void fixture_export(struct fixture *f, uint32_t node, uint32_t inner, uint32_t outer, bool otherwise)
{
	struct plan_node *n = &f->plan.nodes[node];
	struct plan_export **list = otherwise ? &n->otherwise_exports : &n->exports;
	uint32_t *len = otherwise ? &n->n_otherwise_exports : &n->n_exports;
	if (!*list)
		*list = arena_new_n(&f->arena, struct plan_export, 8);
	(*list)[(*len)++] = (struct plan_export){ inner, outer };
	f->plan.slots[outer].node = node;
}

uint32_t fixture_gate(struct fixture *f, uint32_t block, const char *name, uint32_t guarded, const struct expr *requirement, enum plan_on_fail on_fail)
{
	uint32_t node = fixture_node(f, PLAN_GATE, block, name);
	struct plan_node *n = &f->plan.nodes[node];
	struct plan_slot *s = &f->plan.slots[guarded];
	n->on_fail = on_fail;
	n->guards = push(f, NULL, &n->n_guards, guarded);
	n->requirements = arena_new(&f->arena, struct plan_requirement);
	n->requirements[0] = (struct plan_requirement){ "require", requirement, { 0 } };
	n->n_requirements = 1;
	fixture_needs(f, node, requirement);
	s->gates = push(f, s->gates, &s->n_gates, node);
	return node;
}

/* -- expressions ---------------------------------------------------------------------------------------------------- */

static struct expr *x_new(struct fixture *f, enum expr_op op, uint16_t n)
{
	return expr_new(&f->arena, op, (struct span){ 0 }, &type_any, n);
}

static const struct expr *x_const(struct fixture *f, const struct value *v)
{
	struct expr *e = x_new(f, EXPR_CONST, 0);
	e->value = v;
	return e;
}

const struct expr *x_slot(struct fixture *f, uint32_t slot, bool checked)
{
	struct expr *e = x_new(f, EXPR_SLOT, 0);
	e->index = slot;
	e->checked = checked;
	e->name = f->plan.slots[slot].name;
	return e;
}

const struct expr *x_previous(struct fixture *f, uint32_t slot)
{
	struct expr *e = x_new(f, EXPR_PREVIOUS, 0);
	e->index = slot;
	e->name = f->plan.slots[slot].name;
	return e;
}

const struct expr *x_member(struct fixture *f, const struct expr *of, const char *name)
{
	struct expr *e = x_new(f, EXPR_MEMBER, 1);
	e->name = name;
	e->args[0] = of;
	return e;
}

const struct expr *x_int(struct fixture *f, int64_t v)
{
	return x_const(f, value_int(&f->arena, v, NULL));
}

const struct expr *x_bool(struct fixture *f, bool v)
{
	return x_const(f, v ? &value_true : &value_false);
}

const struct expr *x_string(struct fixture *f, const char *s)
{
	return x_const(f, value_string(&f->arena, s));
}

const struct expr *x_file(struct fixture *f, const char *path)
{
	return x_const(f, value_path(&f->arena, path, false, NULL));
}

const struct expr *x_two(struct fixture *f, enum expr_op op, const struct expr *a, const struct expr *b)
{
	struct expr *e = x_new(f, op, 2);
	e->args[0] = a;
	e->args[1] = b;
	return e;
}

const struct expr *x_list(struct fixture *f, uint32_t n, const struct expr *const *items)
{
	struct expr *e = x_new(f, EXPR_LIST, (uint16_t)n);
	for (uint32_t i = 0; i < n; i++)
		e->args[i] = items[i];
	return e;
}
