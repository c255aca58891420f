/* What arrives against what the places can take, and what is kept against the storage. */
#include "compiler/model/rules.h"
#include <math.h>
#include <string.h>

struct load { struct diags *ds; const struct model *m; const struct model_thing *trigger, *source; double rate; struct span rate_span; };

static double need(const struct model *m, const struct model_thing *t, const char *attr)
{
	double x = 0;
	rule_number(m, t, "resources", attr, &x, NULL);
	return x;
}

/* How many such tasks the place runs at once; 0: not known. */
static double slots(const struct model *m, const struct model_thing *t, const struct model_place *p, double *ret_per_node)
{
	double n = 1e9, cpus = fmax(1, need(m, t, "cpus")), memory = need(m, t, "memory"), gpus = need(m, t, "gpus"), workers = 1;
	if (p->cpus > 0)
		n = fmin(n, floor(p->cpus / cpus));
	if (memory > 0 && p->memory_bytes > 0)
		n = fmin(n, floor(p->memory_bytes / memory));
	if (gpus > 0)
		n = fmin(n, floor(p->gpus / gpus));
	rule_number(m, t, "distributed", "workers", &workers, NULL);
	*ret_per_node = n / fmax(1, workers);
	return n >= 1e9 ? 0 : floor(n * p->nodes_high / fmax(1, workers));
}

static void unknown_time(struct load *l, const struct model_node *call, const char *place, struct span on)
{
	struct diag *d = diag_here(diag_add(l->ds, DIAG_W0423, call->step->span, "whether `%s` keeps up with `%s` is unknown", call->step->name, l->source->name), "this step has no `time`");
	diag_label(d, l->rate_span, "%s arrive", rule_show(l->ds->arena, l->rate, "1/s"));
	diag_label(d, on, "on %s", place);
	diag_help(d, "say how long it may take: `resources { time = 20min }`");
}

static const char *per_day(struct arena *a, double per_second)
{
	char text[32];
	value_number_text(round(per_second * 86400 * 10) / 10, text);
	return arena_printf(a, "%s/day", text);
}

static void each_call(const struct model_node *call, void *ctx)
{
	struct load *l = ctx;
	struct span on, time_span;
	struct model_place p;
	const char *place = rule_place(call, &on);
	double time_s, per_node;
	if (!place || !model_place(l->m, place, &p) || p.nodes_high <= 0)
		return;
	if (!rule_number(l->m, call->step, "resources", "time", &time_s, &time_span)) {
		unknown_time(l, call, place, on);
		return;
	}
	double room = slots(l->m, call->step, &p, &per_node), wanted = l->rate * time_s;
	if (room <= 0 || time_s <= 0 || wanted <= room)
		return;
	struct diag *d = diag_add(l->ds, DIAG_W0421, l->rate_span, "more arrives than `%s` can take", place);
	diag_here(d, "%s arrive", per_day(l->ds->arena, l->rate));
	diag_label(d, time_span, "each may take `%s` %s", call->step->name, rule_show(l->ds->arena, time_s, "s"));
	diag_label(d, p.part ? p.part->span : p.thing->span, "%.0f at once on %.0f node%s: %s", room, p.nodes_high, p.nodes_high == 1 ? "" : "s", per_day(l->ds->arena, room / time_s));
	diag_label(d, l->trigger->span, "started by this trigger");
	diag_note(d, "the queue grows by %s; %.0f more node%s would hold it", per_day(l->ds->arena, l->rate - room / time_s), ceil((wanted - room) / fmax(per_node, 1e-9)), ceil((wanted - room) / fmax(per_node, 1e-9)) == 1 ? "" : "s");
	diag_note(d, "this rests on the time limit; a shorter real time would hold more");
}

void rule_rates(const struct model *m, struct diags *ds)
{
	for (uint32_t i = 0; i < m->things.len; i++) {
		struct load l = {.ds = ds, .m = m, .trigger = m->things.at[i], .source = m->things.at[i]->event_source};
		double batch = 1;
		if (!l.source || !l.trigger->runs || !rule_number(m, l.source, NULL, "rate", &l.rate, &l.rate_span))
			continue;
		rule_number(m, l.trigger, NULL, "batch", &batch, NULL);
		l.rate /= fmax(1, batch);
		rule_each_call(l.trigger->runs->body, each_call, &l);
	}
}

/* -- storage ----------------------------------------------------------------------------------------------------------- */

static const struct model_thing *find_thing(const struct model *m, const char *name)
{
	for (uint32_t i = 0; i < m->things.len; i++)
		if (strcmp(m->things.at[i]->name, name) == 0)
			return m->things.at[i];
	return NULL;
}

static void check_storage(struct diags *ds, const struct model *m, const struct model_thing *source, const struct model_thing *service)
{
	double rate, volume, retention, storage;
	struct span retention_span, storage_span, rate_span;
	if (!rule_number(m, source, NULL, "rate", &rate, &rate_span) || !rule_number(m, source, NULL, "volume", &volume, NULL) || !rule_number(m, service, NULL, "storage", &storage, &storage_span))
		return;
	if (!rule_number(m, source, NULL, "retention", &retention, &retention_span) && !rule_number(m, service, NULL, "retention", &retention, &retention_span))
		return;
	double kept = rate * volume * retention;
	if (kept <= storage)
		return;
	struct diag *d = diag_here(diag_add(ds, DIAG_E0424, storage_span, "`%s` is too small for what `%s` brings", service->name, source->name), "holds %s", rule_show(ds->arena, storage, "B"));
	diag_label(d, rate_span, "%s arrive, each of %s", per_day(ds->arena, rate), rule_show(ds->arena, volume, "B"));
	diag_label(d, retention_span, "and are kept for %s", rule_show(ds->arena, retention, "s"));
	diag_note(d, "%s are kept at once", rule_show(ds->arena, kept, "B"));
	diag_help(d, "give it that much storage, or keep less long: %s would fit", rule_show(ds->arena, floor(storage / (rate * volume)), "s"));
}

void rule_storage(const struct model *m, struct diags *ds)
{
	for (uint32_t i = 0; i < m->things.len; i++) {
		const struct model_thing *t = m->things.at[i];
		for (uint32_t k = 0; strcmp(t->role, "source") == 0 && k < t->schema->n_attrs; k++) {
			const struct expr *e = t->attrs[k].expr;
			const struct model_thing *s = e && e->op == EXPR_CONST && e->type->kind == TYPE_THING && e->value->kind == VALUE_STRING ? find_thing(m, e->value->string.text) : NULL;
			if (s && strcmp(s->role, "service") == 0)
				check_storage(ds, m, t, s);
		}
	}
}
