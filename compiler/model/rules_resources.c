/* A step, times its workers, fits the partition or node that it is placed on. */
#include "compiler/model/rules.h"
#include <math.h>
#include <string.h>

struct request { const char *attr, *place_attr, *unit, *what; double asks, has; struct span span; };

static struct span place_attr_span(const struct model_place *p, const char *name)
{
	const struct model_attr *a = p->part ? model_block_attr(p->part, name) : model_attr(p->thing, name);
	return a && a->given ? a->span : p->part ? p->part->span : p->thing->span;
}

static void report_misfit(struct diags *ds, const struct model_place *p, const struct request *r, struct span on, double workers)
{
	struct arena *a = ds->arena;
	bool time = strcmp(r->attr, "time") == 0;
	struct diag *d = diag_add(ds, time ? DIAG_E0413 : DIAG_E0412, r->span, time ? "this step may run longer than its place allows" : "this step does not fit where it is placed");
	diag_here(d, "asks for %s%s", rule_show(a, r->asks, r->unit), time ? "" : workers > 1 ? " per worker" : " per task");
	diag_label(d, place_attr_span(p, r->place_attr), time ? "the limit is %s" : "each node has %s", rule_show(a, r->has, r->unit));
	diag_label(d, on, "placed here");
	diag_note(d, "the largest request that fits %s is %s%s", p->name, rule_show(a, r->has, r->unit), time ? "" : workers > 1 ? " per worker" : " per task");
	if (strcmp(r->attr, "gpus") == 0 && workers <= 1 && r->has > 0)
		diag_help(d, "lower `gpus`, or spread the work with `distributed { workers = %.0f }` and %.0f GPU%s each", ceil(r->asks / r->has), r->has, r->has == 1 ? "" : "s");
	else if (strcmp(r->attr, "gpus") == 0 && r->has == 0)
		diag_help(d, "place it on something that has GPUs");
	else if (time)
		diag_help(d, "lower `time`, or choose a place with a longer limit");
	else
		diag_help(d, "lower `%s`, or choose a larger place", r->attr);
}

/* How many workers of this size one node holds. */
static double per_node(const struct model_place *p, double cpus, double memory, double gpus)
{
	double n = cpus > 0 && p->cpus > 0 ? floor(p->cpus / cpus) : 1e9;
	if (memory > 0 && p->memory_bytes > 0)
		n = fmin(n, floor(p->memory_bytes / memory));
	if (gpus > 0)
		n = fmin(n, floor(p->gpus / gpus));
	return n;
}

static void check_workers(struct diags *ds, const struct model *m, const struct model_thing *t, const struct model_place *p, const struct request *r, struct span on)
{
	double workers;
	struct span span;
	if (!rule_number(m, t, "distributed", "workers", &workers, &span) || p->nodes_high <= 0)
		return;
	double each = per_node(p, r[0].asks, r[1].asks, r[2].asks), most = each * p->nodes_high;
	if (workers <= most)
		return;
	struct diag *d = diag_here(diag_add(ds, DIAG_E0414, span, "more workers than the place holds at once"), "asks for %.0f workers", workers);
	diag_label(d, place_attr_span(p, "nodes"), "%.0f node%s, each holding %.0f of them", p->nodes_high, p->nodes_high == 1 ? "" : "s", each);
	diag_label(d, on, "placed here");
	diag_note(d, "the largest number that fits %s is %.0f workers", p->name, most);
}

static void check_one(struct diags *ds, const struct model *m, const struct model_thing *t, const char *place, struct span on)
{
	struct model_place p;
	if (!model_place(m, place, &p))
		return;
	struct request r[] = {
		{"cpus", "cpus", "cpu", "cpus", 0, p.cpus, {0}}, {"memory", "memory", "B", "memory", 0, p.memory_bytes, {0}},
		{"gpus", "gpus", "GPU", "gpus", 0, p.gpus, {0}}, {"time", "max_time", "s", "time", 0, p.max_time_s, {0}},
	};
	double workers = 1;
	rule_number(m, t, "distributed", "workers", &workers, NULL);
	bool fits = true;
	for (size_t i = 0; i < sizeof r / sizeof *r; i++) {
		bool known = rule_number(m, t, "resources", r[i].attr, &r[i].asks, &r[i].span);
		bool bounded = r[i].has > 0 || strcmp(r[i].attr, "gpus") == 0;
		if (known && bounded && r[i].asks > r[i].has) {
			report_misfit(ds, &p, &r[i], on, workers);
			fits = false;
		}
	}
	if (fits)
		check_workers(ds, m, t, &p, r, on);
}

struct walk { struct diags *ds; const struct model *m; };

static void each_call(const struct model_node *call, void *ctx)
{
	const struct walk *w = ctx;
	if (call->place)
		check_one(w->ds, w->m, call->step, call->place, call->place_span);
}

void rule_resources(const struct model *m, struct diags *ds)
{
	struct walk w = {ds, m};
	for (uint32_t i = 0; i < m->steps.len; i++) {
		struct model_node probe = {.step = m->steps.at[i]};
		struct span on;
		const char *place = rule_place(&probe, &on);
		if (place)
			check_one(ds, m, m->steps.at[i], place, on);
	}
	for (uint32_t i = 0; i < m->workflows.len; i++)
		rule_each_call(m->workflows.at[i]->body, each_call, &w);
}
