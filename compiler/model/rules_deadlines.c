/* The longest path of walltimes through a workflow against its trigger's deadline or period. */
#include "compiler/model/rules.h"
#include <math.h>
#include <string.h>

/* Time until a node has ended, and the call that decided it. */
struct arrival { double end_s; const struct model_node *last; const struct model_node *by; };
struct path { const struct model *m; struct arrival *at; const struct model_node *unknown; double *body_end; };

static double body_time(struct path *p, const struct model_body *b, double start);

struct need { struct path *p; const struct model_node *node; double start; const struct model_node *by; };

static void each_ref(const struct expr *ref, void *ctx)
{
	struct need *n = ctx;
	if (ref->op != EXPR_SLOT)
		return;
	const struct model_slot *s = n->p->m->slots.at[ref->index];
	if (s->node && s->node->body == n->node->body && n->p->at[s->node->id].end_s > n->start) {
		n->start = n->p->at[s->node->id].end_s;
		n->by = s->node;
	}
}

static double rounds(const struct path *p, const struct model_node *n)
{
	double max = 1;
	model_number(p->m, n->max, &max);
	return max;
}

static double own_time(struct path *p, const struct model_node *n, double start)
{
	double t = 0, attempts = 1;
	switch (n->kind) {
	case MODEL_CALL:
		if (!n->step || !rule_number(p->m, n->step, "resources", "time", &t, NULL)) {
			p->unknown = p->unknown ? p->unknown : n;
			return 0;
		}
		rule_number(p->m, n->step, "retry", "attempts", &attempts, NULL);
		return t;
	case MODEL_SUB: return n->workflow ? body_time(p, n->workflow->body, start) : 0;
	case MODEL_FOR: return body_time(p, n->inner, start); /* at best all elements at once */
	case MODEL_IF: return fmax(body_time(p, n->inner, start), n->otherwise ? body_time(p, n->otherwise, start) : 0);
	case MODEL_REPEAT: return rounds(p, n) * body_time(p, n->inner, start);
	case MODEL_VALUE: case MODEL_GATE: break;
	}
	return 0;
}

static double body_time(struct path *p, const struct model_body *b, double start)
{
	double end = 0;
	for (uint32_t i = 0; i < b->n_nodes; i++) {
		struct need need = {.p = p, .node = b->order[i]};
		model_each_ref(b->order[i], each_ref, &need);
		double ends = need.start + own_time(p, b->order[i], start + need.start);
		p->at[b->order[i]->id] = (struct arrival){ends, b->order[i], need.by};
		end = fmax(end, ends);
	}
	return end;
}

static const char *path_words(struct path *p, struct arena *a, const struct model_body *b)
{
	const struct model_node *last = NULL;
	for (uint32_t i = 0; i < b->n_nodes; i++)
		if (!last || p->at[b->order[i]->id].end_s > p->at[last->id].end_s)
			last = b->order[i];
	const char *text = "";
	for (int n = 0; last && n < 12; n++, last = p->at[last->id].by)
		if (last->kind != MODEL_VALUE && last->kind != MODEL_GATE)
			text = *text ? arena_printf(a, "%s, then %s", last->name, text) : last->name;
	return text;
}

static void check_trigger(const struct model *m, struct diags *ds, const struct model_thing *t, const char *what, double limit, struct span span)
{
	struct path p = {.m = m, .at = arena_new_n(ds->arena, struct arrival, m->n_nodes + 1)};
	double longest = body_time(&p, t->runs->body, 0);
	if (longest > limit) {
		struct diag *d = diag_here(diag_add(ds, DIAG_W0431, span, "workflow `%s` may take longer than this %s", t->runs->name, what), "%s", rule_show(ds->arena, limit, "s"));
		diag_label(d, t->runs->span, "its longest path may take %s%s", rule_show(ds->arena, longest, "s"), p.unknown ? ", and more" : "");
		diag_note(d, "the longest path is %s", path_words(&p, ds->arena, t->runs->body));
		diag_note(d, "this rests on the time limits of the steps");
		if (p.unknown)
			diag_note(d, "step `%s` has no `time` and counts as unknown", p.unknown->step ? p.unknown->step->name : p.unknown->name);
	} else if (p.unknown) {
		struct diag *d = diag_here(diag_add(ds, DIAG_W0432, span, "whether workflow `%s` keeps this %s is unknown", t->runs->name, what), "%s", rule_show(ds->arena, limit, "s"));
		diag_label(d, p.unknown->step ? p.unknown->step->span : p.unknown->span, "this step has no `time`");
		diag_help(d, "say how long it may take: `resources { time = 20min }`");
	}
}

void rule_deadlines(const struct model *m, struct diags *ds)
{
	for (uint32_t i = 0; i < m->things.len; i++) {
		const struct model_thing *t = m->things.at[i];
		double limit;
		struct span span;
		if (strcmp(t->role, "trigger") != 0 || !t->runs)
			continue;
		if (rule_number(m, t, NULL, "deadline", &limit, &span))
			check_trigger(m, ds, t, "deadline", limit, span);
		else if (t->event_source && rule_number(m, t->event_source, NULL, "period", &limit, &span))
			check_trigger(m, ds, t, "period", limit, span);
	}
}
