/* What each kind of node does once nothing blocks it. Loops, gates and calls have files of their own. */
#include "runtime/run/inside.h"

/* -- needs that failed -------------------------------------------------------------------------------------------- */

static const char *failed_slot(struct run *r, struct scope *s, uint32_t slot)
{
	if (scope_slot(r, s, slot)->state != SLOT_FAILED)
		return NULL;
	return arena_printf(&r->arena, "needs `%s`, which is not there", r->plan->slots[slot].name);
}

static const char *failed_wait(struct run *r, const struct node *other)
{
	const char *name = other->plan->name;
	if (other->verdict == GATE_BLOCKED)
		return arena_printf(&r->arena, "the gate `%s` blocks it", name);
	if (other->verdict == GATE_HELD)
		return arena_printf(&r->arena, "the gate `%s` waits for approval", name);
	if (other->state == NODE_FAILED || other->state == NODE_SKIPPED)
		return arena_printf(&r->arena, "comes after `%s`, which did not succeed", name);
	return NULL;
}

struct need_ctx { struct run *run; struct scope *scope; const char *reason; };

static void check_ref(const struct expr *ref, void *ctx)
{
	struct need_ctx *c = ctx;
	if (ref->op != EXPR_SLOT || c->reason)
		return;
	const struct plan_slot *p = &c->run->plan->slots[ref->index];
	c->reason = failed_slot(c->run, c->scope, ref->index);
	for (uint32_t i = 0; ref->checked && !c->reason && i < p->n_gates; i++) {
		struct node *gate = scope_node(c->run, c->scope, p->gates[i]);
		if (gate)
			c->reason = failed_wait(c->run, gate);
	}
}

const char *node_failed_need(struct run *r, struct node *n)
{
	const struct plan_node *p = n->plan;
	struct need_ctx c = { r, n->scope, NULL };
	switch (p->kind) {
	case PLAN_CALL:
	case PLAN_SUB:
	case PLAN_VALUE:
	case PLAN_GATE:
		for (uint32_t i = 0; i < p->n_needs && !c.reason; i++)
			c.reason = failed_slot(r, n->scope, p->needs[i]);
		for (uint32_t i = 0; i < p->n_waits && !c.reason; i++) {
			struct node *other = scope_node(r, n->scope, p->waits[i]);
			if (other)
				c.reason = failed_wait(r, other);
		}
		break;
	case PLAN_FOR:
	case PLAN_IF:
		expr_each_ref(p->subject, check_ref, &c);
		break;
	case PLAN_REPEAT:
		if (p->max)
			expr_each_ref(p->max, check_ref, &c);
		break;
	}
	return c.reason;
}

/* -- filling ------------------------------------------------------------------------------------------------------ */

static void fill_open(struct run *r, struct node *n, uint32_t slot, enum slot_state state, const struct value *v)
{
	if (scope_slot(r, n->scope, slot)->state == SLOT_OPEN)
		slot_fill(r, n->scope, slot, state, v);
}

/* Every slot that the node fills and that is still open. */
void node_fill(struct run *r, struct node *n, enum slot_state state, const struct value *v)
{
	const struct plan_node *p = n->plan;
	if (p->slot != PLAN_NONE)
		fill_open(r, n, p->slot, state, v);
	for (uint32_t i = 0; i < p->n_exports; i++)
		fill_open(r, n, p->exports[i].outer, state, v);
	for (uint32_t i = 0; i < p->n_otherwise_exports; i++)
		fill_open(r, n, p->otherwise_exports[i].outer, state, v);
}

static void node_fail(struct run *r, struct node *n)
{
	node_fill(r, n, SLOT_FAILED, NULL);
	node_settle(r, n, NODE_FAILED);
	r->failed = true;
}

void node_skip(struct run *r, struct node *n, const char *reason)
{
	if (n->plan->kind == PLAN_CALL)
		call_skip(r, n, reason);
	node_fill(r, n, SLOT_FAILED, NULL);
	node_settle(r, n, NODE_SKIPPED);
}

void node_unknown(struct run *r, struct node *n)
{
	node_fill(r, n, SLOT_UNKNOWN, NULL);
	node_settle(r, n, NODE_UNKNOWN);
}

/* -- values and workflows ----------------------------------------------------------------------------------------- */

static void value_go(struct run *r, struct node *n)
{
	const struct value *v;
	switch (node_eval(r, n, n->scope, n->plan->subject, &v)) {
	case EVAL_OK:
		node_fill(r, n, SLOT_KNOWN, v);
		node_settle(r, n, NODE_DONE);
		return;
	case EVAL_UNKNOWN: node_unknown(r, n); return;
	case EVAL_FAILED: node_fail(r, n); return;
	}
}

/* One input of a workflow, brought to its type. False: reported. */
static bool fill_input(struct run *r, struct node *n, struct scope *inner, uint32_t at)
{
	const struct plan_field *f = &r->plan->workflows[n->plan->target].inputs[at];
	const struct plan_argument *arg = at < n->plan->n_args ? &n->plan->args[at] : NULL;
	const struct expr *e = arg && arg->expr ? arg->expr : f->expr;
	const struct value *v = &value_null;
	char *error;
	switch (e ? node_eval(r, n, n->scope, e, &v) : EVAL_OK) {
	case EVAL_OK: break;
	case EVAL_UNKNOWN: slot_fill(r, inner, f->slot, SLOT_UNKNOWN, NULL); return true;
	case EVAL_FAILED: return false;
	}
	if (v->kind != VALUE_NULL && !value_coerce(&r->arena, v, f->type, &v, &error)) {
		diag_label(fail_node(r, n, DIAG_E0610, e->span, "`%s`: %s", f->name, error), f->span, "the input");
		return false;
	}
	slot_fill(r, inner, f->slot, SLOT_KNOWN, v);
	return true;
}

void sub_go(struct run *r, struct node *n)
{
	const struct plan_workflow *w = &r->plan->workflows[n->plan->target];
	const char *prefix = arena_printf(&r->arena, "%s.", node_name(r, n));
	struct scope *inner = scope_open(r, w->block, NULL, n, prefix, "");
	for (uint32_t i = 0; i < w->n_inputs; i++)
		if (!fill_input(r, n, inner, i)) {
			node_fail(r, n);
			return;
		}
	struct result *x = arena_new(&r->arena, struct result);
	x->waiter.kind = WAITER_RESULT;
	x->owner = n;
	n->state = NODE_OPEN;
	n->scopes = arena_new(&r->arena, struct scope *);
	n->scopes[0] = inner;
	n->n_scopes = n->n_open = 1;
	for (uint32_t i = 0; i < w->n_outputs; i++)
		waiter_block_expr(r, &x->waiter, inner, w->outputs[i].expr);
	waiter_arm(r, &x->waiter);
	scope_start(r, inner);
}

void result_go(struct run *r, struct result *x)
{
	struct node *n = x->owner;
	const struct plan_workflow *w = &r->plan->workflows[n->plan->target];
	struct need_ctx c = { r, n->scopes[0], NULL };
	struct value_field *fields = arena_new_n(&r->arena, struct value_field, w->n_outputs);
	enum slot_state state = SLOT_KNOWN;
	for (uint32_t i = 0; i < w->n_outputs && state != SLOT_FAILED; i++) {
		expr_each_ref(w->outputs[i].expr, check_ref, &c);
		fields[i].name = w->outputs[i].name;
		switch (c.reason ? EVAL_FAILED : node_eval(r, n, n->scopes[0], w->outputs[i].expr, &fields[i].value)) {
		case EVAL_OK: break;
		case EVAL_UNKNOWN: state = SLOT_UNKNOWN; break;
		case EVAL_FAILED: state = SLOT_FAILED; break;
		}
	}
	n->inner_failed |= state == SLOT_FAILED;
	node_fill(r, n, state, state == SLOT_KNOWN ? value_record(&r->arena, fields, w->n_outputs) : NULL);
}

/* -- the map of this folder --------------------------------------------------------------------------------------- */

void node_go(struct run *r, struct node *n)
{
	const char *reason = node_failed_need(r, n);
	if (reason) {
		node_skip(r, n, reason);
		return;
	}
	switch (n->plan->kind) {
	case PLAN_CALL: call_go(r, n); return;
	case PLAN_SUB: sub_go(r, n); return;
	case PLAN_VALUE: value_go(r, n); return;
	case PLAN_FOR: for_go(r, n); return;
	case PLAN_IF: if_go(r, n); return;
	case PLAN_REPEAT: repeat_go(r, n); return;
	case PLAN_GATE: gate_go(r, n); return;
	}
}

void node_scope_ended(struct run *r, struct node *n, struct scope *s)
{
	n->inner_failed |= s->failed;
	n->inner_unknown |= s->unknown;
	switch (n->plan->kind) {
	case PLAN_REPEAT: repeat_round_ended(r, n, s); return;
	case PLAN_CALL:
	case PLAN_SUB:
	case PLAN_VALUE:
	case PLAN_FOR:
	case PLAN_IF:
	case PLAN_GATE: break;
	}
	if (--n->n_open == 0)
		node_settle(r, n, n->inner_failed ? NODE_FAILED : n->inner_unknown ? NODE_UNKNOWN : NODE_DONE);
}
