/* for, if and repeat: nodes that open their inner block once per element, once at most, or round after round. */
#include "runtime/run/inside.h"

#define MAX_ELEMENTS ((uint32_t)10000000)
#define MAX_ROUNDS 1000000

static void loop_fail(struct run *r, struct node *n)
{
	node_fill(r, n, SLOT_FAILED, NULL);
	node_settle(r, n, NODE_FAILED);
	r->failed = true;
}

struct unknown_ctx { struct run *run; struct scope *scope; const char *name; };

static void find_unknown(const struct expr *ref, void *ctx)
{
	struct unknown_ctx *u = ctx;
	if (ref->op == EXPR_SLOT && !u->name && scope_slot(u->run, u->scope, ref->index)->state != SLOT_KNOWN)
		u->name = ref->name;
}

void loop_unknown(struct run *r, struct node *n)
{
	struct unknown_ctx u = { r, n->scope, NULL };
	if (n->state == NODE_WAITING) { /* nothing inside could be shown: say so in the place of the tasks */
		const struct expr *e = n->plan->kind == PLAN_REPEAT ? n->plan->max : n->plan->subject;
		const char *what = n->plan->kind == PLAN_IF ? "is decided" : "expands";
		const char *open = given_missing(r, n->scope, e);
		expr_each_ref(e, find_unknown, &u);
		call_placeholder(r, n, open ? arena_printf(&r->arena, "%s by `%s`: known after apply", what, open) :
			arena_printf(&r->arena, "%s once `%s` has run", what, u.name ? u.name : "what it reads"));
	}
	node_unknown(r, n);
}

/* The subject, or false when the node is settled already. */
static bool subject(struct run *r, struct node *n, const struct expr *e, const struct value **ret)
{
	switch (node_eval(r, n, n->scope, e, ret)) {
	case EVAL_OK: return true;
	case EVAL_UNKNOWN: loop_unknown(r, n); return false;
	case EVAL_FAILED: loop_fail(r, n); return false;
	}
	return false;
}

/* -- exports ------------------------------------------------------------------------------------------------------ */

/* Arms one waiter an export, over all inner scopes and the gates that stand in them. */
static void export_arm(struct run *r, struct node *n, const struct plan_export *plan)
{
	struct export *e = arena_new(&r->arena, struct export);
	const struct plan_slot *p = &r->plan->slots[plan->inner];
	e->waiter.kind = WAITER_EXPORT;
	e->owner = n;
	e->plan = plan;
	for (uint32_t i = 0; i < n->n_scopes; i++) {
		waiter_block_slot(r, &e->waiter, scope_slot(r, n->scopes[i], plan->inner));
		for (uint32_t k = 0; !plan->raw && k < p->n_gates; k++) {
			struct node *gate = scope_node(r, n->scopes[i], p->gates[k]);
			if (gate)
				waiter_block_node(r, &e->waiter, gate);
		}
	}
	waiter_arm(r, &e->waiter);
}

void export_go(struct run *r, struct export *e)
{
	struct node *n = e->owner;
	const struct value **items = arena_new_n(&r->arena, const struct value *, n->n_scopes), *v = NULL;
	enum slot_state state = SLOT_KNOWN;
	for (uint32_t i = 0; i < n->n_scopes && state != SLOT_FAILED; i++) {
		enum slot_state s = slot_read(r, n->scopes[i], e->plan->inner, !e->plan->raw, &items[i]);
		if (s != SLOT_KNOWN)
			state = s;
	}
	if (state == SLOT_KNOWN)
		v = n->plan->kind == PLAN_FOR ? value_list(&r->arena, items, n->n_scopes) : items[0];
	slot_fill(r, n->scope, e->plan->outer, state, v);
}

/* -- for ---------------------------------------------------------------------------------------------------------- */

/* The elements as values; false: not a thing to go through. */
static bool elements(struct run *r, const struct value *v, const struct value ***ret, uint32_t *ret_n)
{
	if (v->kind == VALUE_LIST) {
		*ret = v->list.items;
		*ret_n = v->list.len;
		return true;
	}
	if (v->kind == VALUE_RANGE && v->range.low->kind == VALUE_INT && v->range.high->kind == VALUE_INT) {
		int64_t low = v->range.low->integer, high = v->range.high->integer;
		uint64_t n = high < low ? 0 : (uint64_t)high - (uint64_t)low + 1;
		if (n > MAX_ELEMENTS)
			return false;
		*ret = arena_new_n(&r->arena, const struct value *, n);
		for (uint64_t i = 0; i < n; i++)
			(*ret)[i] = value_int(&r->arena, low + (int64_t)i, v->range.low->unit);
		*ret_n = (uint32_t)n;
		return true;
	}
	if (v->kind == VALUE_RECORD) { /* a map, as pairs of key and value */
		*ret = arena_new_n(&r->arena, const struct value *, v->record.len);
		for (uint32_t i = 0; i < v->record.len; i++) {
			const struct value **pair = arena_new_n(&r->arena, const struct value *, 2);
			pair[0] = value_string(&r->arena, v->record.fields[i].name);
			pair[1] = v->record.fields[i].value;
			(*ret)[i] = value_list(&r->arena, pair, 2);
		}
		*ret_n = v->record.len;
		return true;
	}
	return false;
}

static const struct value *half(const struct value *pair, uint32_t at)
{
	if (pair->kind == VALUE_LIST && at < pair->list.len)
		return pair->list.items[at];
	if (pair->kind == VALUE_RECORD && at < pair->record.len)
		return pair->record.fields[at].value;
	return &value_null;
}

static struct scope *open_element(struct run *r, struct node *n, uint32_t at, const struct value *element)
{
	const struct plan_node *p = n->plan;
	const char *suffix = arena_printf(&r->arena, "%s[%u]", n->scope->suffix, at);
	struct scope *s = scope_open(r, p->inner, n->scope, n, n->scope->prefix, suffix);
	bool pair = p->second != PLAN_NONE;
	if (p->element != PLAN_NONE)
		slot_fill(r, s, p->element, SLOT_KNOWN, pair ? half(element, 0) : element);
	if (pair)
		slot_fill(r, s, p->second, SLOT_KNOWN, half(element, 1));
	return s;
}

static void open_branch(struct run *r, struct node *n, const struct plan_export *exports, uint32_t n_exports)
{
	n->state = NODE_OPEN;
	n->n_open = n->n_scopes;
	for (uint32_t i = 0; i < n_exports; i++)
		export_arm(r, n, &exports[i]);
	for (uint32_t i = 0; i < n->n_scopes; i++)
		scope_start(r, n->scopes[i]);
	if (n->n_scopes == 0)
		node_settle(r, n, NODE_DONE);
}

void for_go(struct run *r, struct node *n)
{
	const struct value *v, **items;
	uint32_t len;
	if (!subject(r, n, n->plan->subject, &v))
		return;
	if (v->kind == VALUE_NULL) {
		node_fill(r, n, SLOT_KNOWN, &value_null);
		node_settle(r, n, NODE_DONE);
		return;
	}
	if (!elements(r, v, &items, &len)) {
		fail_node(r, n, DIAG_E0610, n->plan->subject->span, "this cannot be gone through, or has more than %u elements", MAX_ELEMENTS);
		loop_fail(r, n);
		return;
	}
	n->scopes = arena_new_n(&r->arena, struct scope *, len);
	for (n->n_scopes = 0; n->n_scopes < len; n->n_scopes++)
		n->scopes[n->n_scopes] = open_element(r, n, n->n_scopes, items[n->n_scopes]);
	open_branch(r, n, n->plan->exports, n->plan->n_exports);
}

/* -- if ----------------------------------------------------------------------------------------------------------- */

static void fill_absent(struct run *r, struct node *n, const struct plan_export *taken, uint32_t n_taken, const struct plan_export *other, uint32_t n_other)
{
	for (uint32_t i = 0; i < n_other; i++) {
		bool both = false;
		for (uint32_t k = 0; k < n_taken; k++)
			both |= taken[k].outer == other[i].outer;
		if (!both)
			slot_fill(r, n->scope, other[i].outer, SLOT_KNOWN, &value_null);
	}
}

void if_go(struct run *r, struct node *n)
{
	const struct plan_node *p = n->plan;
	const struct value *v;
	if (!subject(r, n, p->subject, &v))
		return;
	bool yes = v->kind == VALUE_BOOL && v->boolean;
	uint32_t block = yes ? p->inner : p->otherwise;
	const struct plan_export *taken = yes ? p->exports : p->otherwise_exports, *other = yes ? p->otherwise_exports : p->exports;
	uint32_t n_taken = yes ? p->n_exports : p->n_otherwise_exports, n_other = yes ? p->n_otherwise_exports : p->n_exports;
	if (block == PLAN_NONE) {
		node_fill(r, n, SLOT_KNOWN, &value_null);
		node_settle(r, n, NODE_DONE);
		return;
	}
	fill_absent(r, n, taken, n_taken, other, n_other);
	n->scopes = arena_new(&r->arena, struct scope *);
	n->scopes[0] = scope_open(r, block, n->scope, n, n->scope->prefix, n->scope->suffix);
	n->n_scopes = 1;
	open_branch(r, n, taken, n_taken);
}

/* -- repeat ------------------------------------------------------------------------------------------------------- */

static void open_round(struct run *r, struct node *n, struct scope *previous)
{
	uint32_t round = previous ? previous->round + 1 : 1;
	const char *suffix = arena_printf(&r->arena, "%s@%u", n->scope->suffix, round);
	struct scope *s = scope_open(r, n->plan->inner, n->scope, n, n->scope->prefix, suffix);
	s->round = round;
	s->previous = previous;
	if (previous)
		previous->previous = NULL; /* no round sees further back than one */
	n->scopes[0] = s;
	scope_start(r, s);
}

void repeat_go(struct run *r, struct node *n)
{
	const struct value *v = NULL;
	if (n->plan->max && !subject(r, n, n->plan->max, &v))
		return;
	int64_t max = v && v->kind == VALUE_INT ? v->integer : MAX_ROUNDS;
	n->max_rounds = max < 1 ? 1 : max > MAX_ROUNDS ? MAX_ROUNDS : (uint32_t)max;
	n->state = NODE_OPEN;
	n->scopes = arena_new(&r->arena, struct scope *);
	n->n_scopes = 1;
	open_round(r, n, NULL);
}

static void repeat_done(struct run *r, struct node *n, struct scope *s)
{
	enum node_state end = NODE_DONE;
	for (uint32_t i = 0; i < n->plan->n_exports; i++) {
		const struct value *v = NULL;
		enum slot_state state = slot_read(r, s, n->plan->exports[i].inner, !n->plan->exports[i].raw, &v);
		if (state == SLOT_FAILED)
			end = NODE_FAILED;
		slot_fill(r, n->scope, n->plan->exports[i].outer, state == SLOT_OPEN ? SLOT_FAILED : state, v);
	}
	node_settle(r, n, end);
}

void repeat_round_ended(struct run *r, struct node *n, struct scope *s)
{
	const struct value *v = &value_true;
	if (s->failed) {
		node_fill(r, n, SLOT_FAILED, NULL);
		node_settle(r, n, NODE_FAILED);
		return;
	}
	enum eval_status status = n->plan->subject ? node_eval(r, n, s, n->plan->subject, &v) : EVAL_OK;
	if (s->unknown || status == EVAL_UNKNOWN) {
		loop_unknown(r, n);
	} else if (status == EVAL_FAILED) {
		loop_fail(r, n);
	} else if (v->kind == VALUE_BOOL && v->boolean) {
		repeat_done(r, n, s);
	} else if (s->round < n->max_rounds) {
		open_round(r, n, s);
	} else {
		struct diag *d = fail_node(r, n, DIAG_E0613, n->plan->max ? n->plan->max->span : n->plan->span,
					   "`until` is still false after %u round%s", s->round, s->round == 1 ? "" : "s");
		if (n->plan->subject)
			diag_label(d, n->plan->subject->span, "false in the last round");
		loop_fail(r, n);
	}
}
