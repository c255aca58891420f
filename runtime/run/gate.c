/* Gates: requirements over what they guard, evaluated anew at every run; what follows from a failure is `on_fail`. */
#include "runtime/run/inside.h"

/* What an approval belongs to: a digest over the values that the gate guards. */
static void guarded_digest(struct run *r, struct node *n, struct digest_hex *ret)
{
	struct arena a = { 0 };
	struct buf text = { 0 };
	for (uint32_t i = 0; i < n->plan->n_guards; i++) {
		const struct value *v;
		if (slot_read(r, n->scope, n->plan->guards[i], false, &v) == SLOT_KNOWN)
			key_value(&a, v, &text);
		buf_putc(&text, '\n');
	}
	digest_bytes(buf_text(&text), text.len, ret);
	buf_finish(&text);
	arena_finish(&a);
}

static bool all_absent(struct run *r, struct node *n)
{
	for (uint32_t i = 0; i < n->plan->n_guards; i++) {
		const struct value *v;
		if (slot_read(r, n->scope, n->plan->guards[i], false, &v) != SLOT_KNOWN || v->kind != VALUE_NULL)
			return false;
	}
	return n->plan->n_guards > 0;
}

/* "mean.count >= 20 (mean.count is 12)": the requirement with the values that stand in it. */
static const char *requirement_text(struct run *r, struct node *n, const struct expr *e)
{
	struct buf b = { 0 };
	bool any = false;
	expr_show(e, &b);
	for (uint16_t i = 0; e->op >= EXPR_LT && e->op <= EXPR_IN && i < e->n; i++) {
		struct bind bind = { .run = r, .scope = n->scope, .arena = &r->arena };
		const struct value *v;
		struct span span;
		const char *error;
		if (e->args[i]->op == EXPR_CONST || bind_eval(&bind, e->args[i], &v, &span, &error) != EVAL_OK)
			continue;
		buf_puts(&b, any ? ", " : " (");
		expr_show(e->args[i], &b);
		buf_puts(&b, " is ");
		value_show(v, &b);
		any = true;
	}
	if (any)
		buf_putc(&b, ')');
	const char *text = arena_strndup(&r->arena, buf_text(&b), b.len);
	buf_finish(&b);
	return text;
}

struct outcome { bool unknown, asks; const struct plan_requirement *failed; const char *text, *all; };

static struct outcome gate_evaluate(struct run *r, struct node *n)
{
	struct outcome o = { 0 };
	struct buf all = { 0 };
	for (uint32_t i = 0; i < n->plan->n_requirements; i++) {
		const struct plan_requirement *q = &n->plan->requirements[i];
		struct bind b = { .run = r, .scope = n->scope, .arena = &r->arena };
		const struct value *v = &value_null;
		struct span span;
		const char *error = NULL, *text;
		enum eval_status s = bind_eval(&b, q->expr, &v, &span, &error);
		if (s == EVAL_UNKNOWN) {
			o.unknown = true;
			continue;
		}
		text = s == EVAL_OK ? requirement_text(r, n, q->expr) : error;
		bool passed = s == EVAL_OK && v->kind == VALUE_BOOL && v->boolean;
		buf_printf(&all, "%s%s: %s", all.len ? "; " : "", q->name ? q->name : "require", text);
		if (!passed && !o.failed) {
			o.failed = q;
			o.text = text;
		}
	}
	o.all = arena_strndup(&r->arena, buf_text(&all), all.len);
	/* A gate without requirements only waits for a person; the checker lets none but `ask` be so. */
	if (n->plan->n_requirements == 0) {
		o.asks = true;
		o.all = o.text = "a person has to look";
	}
	buf_finish(&all);
	return o;
}

static const char *verdict_word(enum gate_verdict v)
{
	switch (v) {
	case GATE_NONE: return "unknown";
	case GATE_PASSED: return "passed";
	case GATE_WARNED: return "warned";
	case GATE_ABSENT: return "skipped";
	case GATE_BLOCKED: return "blocked";
	case GATE_HELD: return "held";
	}
	return "unknown";
}

static void report(struct run *r, struct node *n, enum diag_code code, const struct outcome *o)
{
	const char *name = node_name(r, n);
	struct diag *d = fail_node(r, n, code, o->failed ? o->failed->expr->span : n->plan->span, "gate `%s` is not passed: %s", name, o->text);
	for (uint32_t i = 0; i < n->plan->n_guards; i++) {
		uint32_t by = r->plan->slots[n->plan->guards[i]].node;
		if (by != PLAN_NONE)
			diag_label(d, r->plan->nodes[by].span, "guards this");
	}
	if (code == DIAG_E0612)
		diag_help(d, "look at what it guards, then `twinc approve %s` and apply again", name);
}

static void conclude(struct run *r, struct node *n, enum gate_verdict v, const struct outcome *o, const char *digest)
{
	const char *name = node_name(r, n), *word = verdict_word(v);
	n->verdict = v;
	if (!r->dry && v == GATE_PASSED && !r->id) /* a run that does nothing else is not recorded for it */
		journal_gate_pass(r->o.journal, r->workflow->name, name, o->all, run_now(r));
	else if (!r->dry)
		journal_gate_put(r->o.journal, &(struct journal_gate){ r->workflow->name, name, v == GATE_PASSED ? NULL : digest, word, o->all, run_now(r) });
	struct run_event *e = run_tell(r, EVENT_GATE, name);
	e->text = arena_printf(&r->arena, "%s: %s", word, o->all);
	e->span = n->plan->span;
	if (v == GATE_BLOCKED || v == GATE_HELD) {
		r->gated = true;
		r->counts.gated++;
		if (r->dry)
			call_placeholder(r, n, arena_printf(&r->arena, "gate %s: %s", word, o->all));
	}
	node_settle(r, n, v == GATE_BLOCKED || v == GATE_HELD ? NODE_FAILED : NODE_DONE);
}

void gate_go(struct run *r, struct node *n)
{
	struct outcome o = { .all = "what it guards is absent" };
	struct digest_hex digest = { "" };
	if (!all_absent(r, n))
		o = gate_evaluate(r, n);
	if (!o.failed && !o.asks && o.unknown) {
		node_unknown(r, n);
		return;
	}
	if (!o.failed && !o.asks) {
		conclude(r, n, GATE_PASSED, &o, NULL);
		return;
	}
	switch (n->plan->on_fail) {
	case PLAN_BLOCK:
		report(r, n, DIAG_E0611, &o);
		conclude(r, n, GATE_BLOCKED, &o, NULL);
		return;
	case PLAN_WARN:
		report(r, n, DIAG_W0611, &o);
		conclude(r, n, GATE_WARNED, &o, NULL);
		return;
	case PLAN_SKIP: conclude(r, n, GATE_ABSENT, &o, NULL); return;
	case PLAN_ASK:
		guarded_digest(r, n, &digest);
		if (r->o.journal && journal_approved(r->o.journal, node_name(r, n), digest.text)) {
			conclude(r, n, GATE_PASSED, &o, NULL);
			return;
		}
		report(r, n, DIAG_E0612, &o);
		conclude(r, n, GATE_HELD, &o, digest.text);
		return;
	}
}
