/* Scopes: open blocks with their slots and nodes, and the counters that say when something can go on. */
#include "runtime/run/inside.h"

/* -- waiting ------------------------------------------------------------------------------------------------------ */

static void enqueue(struct run *r, struct waiter *w)
{
	*r->ready_end = w;
	r->ready_end = &w->ready;
	w->ready = NULL;
}

void waiter_arm(struct run *r, struct waiter *w)
{
	if (w->blocked == 0)
		enqueue(r, w);
}

static void wait_on(struct run *r, struct waiting **list, struct waiter *w)
{
	struct waiting *x = arena_new(&r->arena, struct waiting);
	x->waiter = w;
	x->next = *list;
	*list = x;
	w->blocked++;
}

static void wake(struct run *r, struct waiting **list)
{
	struct waiting *inverse = NULL; /* first come, first served */
	while (*list) {
		struct waiting *x = *list;
		*list = x->next;
		x->next = inverse;
		inverse = x;
	}
	for (; inverse; inverse = inverse->next)
		if (--inverse->waiter->blocked == 0)
			enqueue(r, inverse->waiter);
}

void waiter_block_slot(struct run *r, struct waiter *w, struct slot *s)
{
	if (s->state == SLOT_OPEN)
		wait_on(r, &s->waiting, w);
}

void waiter_block_node(struct run *r, struct waiter *w, struct node *n)
{
	if (n->state == NODE_WAITING || n->state == NODE_OPEN)
		wait_on(r, &n->waiting, w);
}

static void block_checked(struct run *r, struct waiter *w, struct scope *s, uint32_t slot, bool checked)
{
	waiter_block_slot(r, w, scope_slot(r, s, slot));
	for (uint32_t i = 0; checked && i < r->plan->slots[slot].n_gates; i++) {
		struct node *gate = scope_node(r, s, r->plan->slots[slot].gates[i]);
		if (gate)
			waiter_block_node(r, w, gate);
	}
}

struct block_ctx { struct run *run; struct waiter *waiter; struct scope *scope; };

static void block_ref(const struct expr *ref, void *ctx)
{
	struct block_ctx *b = ctx;
	if (ref->op == EXPR_SLOT)
		block_checked(b->run, b->waiter, b->scope, ref->index, ref->checked);
}

void waiter_block_expr(struct run *r, struct waiter *w, struct scope *s, const struct expr *e)
{
	struct block_ctx b = { r, w, s };
	if (e)
		expr_each_ref(e, block_ref, &b);
}

/* -- slots -------------------------------------------------------------------------------------------------------- */

struct scope *scope_find(struct scope *s, uint32_t block)
{
	while (s && s->block != block)
		s = s->parent;
	return s;
}

struct slot *scope_slot(struct run *r, struct scope *s, uint32_t slot)
{
	const struct plan_slot *p = &r->plan->slots[slot];
	struct scope *home = scope_find(s, p->block);
	if (!home)
		bug("slot %u (%s) is not in reach of block %u", slot, p->name, s->block);
	return &home->slots[p->position];
}

struct node *scope_node(struct run *r, struct scope *s, uint32_t node)
{
	struct scope *home = scope_find(s, r->plan->nodes[node].block);
	return home ? &home->nodes[r->positions[node]] : NULL;
}

static enum slot_state gate_state(enum gate_verdict v)
{
	switch (v) {
	case GATE_PASSED:
	case GATE_WARNED:
	case GATE_ABSENT: return SLOT_KNOWN;
	case GATE_BLOCKED:
	case GATE_HELD: return SLOT_FAILED;
	case GATE_NONE: break;
	}
	return SLOT_UNKNOWN;
}

static const struct value *load_kept(struct run *r, struct scope *s, const struct plan_slot *p)
{
	struct task *t = scope_node(r, s, p->node)->task;
	const struct value *v = cache_load(r, t);
	struct diag *d = v ? NULL : run_broken(r, "the kept result of `%s` cannot be read: `%s/journal.db` is damaged", t->name, r->o.state);
	if (d)
		diag_help(d, "move it away to start afresh");
	return v;
}

enum slot_state slot_read(struct run *r, struct scope *s, uint32_t slot, bool checked, const struct value **ret)
{
	const struct plan_slot *p = &r->plan->slots[slot];
	struct slot *x = scope_slot(r, s, slot);
	enum slot_state state = x->state;
	const struct value *value = x->value;
	for (uint32_t i = 0; checked && state == SLOT_KNOWN && i < p->n_gates; i++) {
		struct node *gate = scope_node(r, s, p->gates[i]);
		if (!gate)
			continue; /* inside the loop that exported this: it was heeded there */
		state = gate->state == NODE_SKIPPED ? SLOT_FAILED : gate_state(gate->verdict);
		if (gate->verdict == GATE_ABSENT)
			value = &value_null;
	}
	if (state == SLOT_KNOWN && !value && !(value = x->value = load_kept(r, s, p)))
		return SLOT_FAILED;
	if (state == SLOT_KNOWN)
		*ret = value;
	return state;
}

void slot_fill(struct run *r, struct scope *s, uint32_t slot, enum slot_state state, const struct value *v)
{
	struct slot *x = scope_slot(r, s, slot);
	if (x->state != SLOT_OPEN)
		bug("slot %u (%s) is filled twice", slot, r->plan->slots[slot].name);
	x->state = state;
	x->value = v;
	wake(r, &x->waiting);
}

/* -- scopes ------------------------------------------------------------------------------------------------------- */

struct scope *scope_open(struct run *r, uint32_t block, struct scope *parent, struct node *owner, const char *prefix, const char *suffix)
{
	const struct plan_block *p = &r->plan->blocks[block];
	struct scope *s = arena_new(&r->arena, struct scope);
	*s = (struct scope){ .waiter.kind = WAITER_SCOPE, .block = block, .plan = p, .parent = parent, .owner = owner, .prefix = prefix,
			     .suffix = suffix, .n_open = p->n_nodes };
	s->slots = arena_new_n(&r->arena, struct slot, p->n_slots);
	s->nodes = arena_new_n(&r->arena, struct node, p->n_nodes);
	for (uint32_t i = 0; i < p->n_nodes; i++) {
		s->nodes[i].plan = &r->plan->nodes[p->nodes[i]];
		s->nodes[i].scope = s;
		s->nodes[i].waiter.kind = WAITER_NODE;
	}
	return s;
}

static void node_block(struct run *r, struct node *n)
{
	const struct plan_node *p = n->plan;
	switch (p->kind) {
	case PLAN_CALL:
	case PLAN_SUB:
	case PLAN_VALUE:
	case PLAN_GATE:
		for (uint32_t i = 0; i < p->n_needs; i++)
			waiter_block_slot(r, &n->waiter, scope_slot(r, n->scope, p->needs[i]));
		for (uint32_t i = 0; i < p->n_waits; i++) {
			struct node *other = scope_node(r, n->scope, p->waits[i]);
			if (other)
				waiter_block_node(r, &n->waiter, other);
		}
		return;
	case PLAN_FOR: /* opens as soon as it knows how often; what is inside waits for itself */
	case PLAN_IF:
		waiter_block_expr(r, &n->waiter, n->scope, p->subject);
		return;
	case PLAN_REPEAT:
		waiter_block_expr(r, &n->waiter, n->scope, p->max);
		return;
	}
}

void scope_start(struct run *r, struct scope *s)
{
	for (uint32_t i = 0; i < s->plan->n_nodes; i++) {
		node_block(r, &s->nodes[i]);
		waiter_arm(r, &s->nodes[i].waiter);
	}
	if (s->n_open == 0)
		enqueue(r, &s->waiter);
}

void node_settle(struct run *r, struct node *n, enum node_state state)
{
	struct scope *s = n->scope;
	n->state = state;
	s->failed |= state == NODE_FAILED || state == NODE_SKIPPED;
	s->unknown |= state == NODE_UNKNOWN;
	wake(r, &n->waiting);
	if (--s->n_open == 0)
		enqueue(r, &s->waiter); /* behind the exports that the same values woke */
}

void scope_ended(struct run *r, struct scope *s)
{
	if (s->owner)
		node_scope_ended(r, s->owner, s);
}

void scope_pump(struct run *r, uint32_t most)
{
	while (r->ready && most-- > 0) {
		struct waiter *w = r->ready;
		r->ready = w->ready;
		if (!r->ready)
			r->ready_end = &r->ready;
		switch (w->kind) {
		case WAITER_NODE: node_go(r, (struct node *)w); break;
		case WAITER_EXPORT: export_go(r, (struct export *)w); break;
		case WAITER_RESULT: result_go(r, (struct result *)w); break;
		case WAITER_SCOPE: scope_ended(r, (struct scope *)w); break;
		}
	}
}

const char *node_name(struct run *r, const struct node *n)
{
	return arena_printf(&r->arena, "%s%s%s", n->scope->prefix, n->plan->name, n->scope->suffix);
}
