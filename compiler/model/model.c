/* Questions to a finished model: values under the current parameters, places, references. */
#include "compiler/model/model.h"
#include <string.h>

bool model_is_own(const char *name)
{
	return strchr(name, '.') == NULL;
}

static enum eval_status param_value(void *ctx, uint32_t index, const struct value **ret)
{
	const struct model *m = ctx;
	if (!m->params.at[index]->value)
		return EVAL_UNKNOWN;
	*ret = m->params.at[index]->value;
	return EVAL_OK;
}

enum eval_status model_eval(const struct model *m, struct arena *a, const struct expr *e, const struct value **ret)
{
	struct eval ev = {.arena = a, .ctx = (void *)(uintptr_t)m, .param = param_value};
	return eval_expr(&ev, e, ret);
}

bool model_number(const struct model *m, const struct expr *e, double *ret)
{
	const struct value *v;
	if (!e || e->type->kind == TYPE_POISON || model_eval(m, m->arena, e, &v) != EVAL_OK || !value_is_number(v))
		return false;
	*ret = value_number(v);
	if (v->unit)
		*ret = *ret * (double)v->unit->num / (double)v->unit->den;
	return true;
}

static void number_of(const struct model *m, const struct model_attr *a, double *ret_low, double *ret_high)
{
	const struct value *v;
	if (!a || !a->expr || a->expr->type->kind == TYPE_POISON || model_eval(m, m->arena, a->expr, &v) != EVAL_OK)
		return;
	const struct value *low = v->kind == VALUE_RANGE ? v->range.low : v, *high = v->kind == VALUE_RANGE ? v->range.high : v;
	if (!value_is_number(low) || !value_is_number(high))
		return;
	double scale = low->unit ? (double)low->unit->num / (double)low->unit->den : 1;
	*ret_low = value_number(low) * scale;
	scale = high->unit ? (double)high->unit->num / (double)high->unit->den : 1;
	*ret_high = value_number(high) * scale;
}

static void read_place(const struct model *m, struct model_place *p)
{
	static const char *const names[] = {"nodes", "cpus", "gpus", "memory", "max_time"};
	double low[5] = {0}, high[5] = {0};
	for (size_t i = 0; i < 5; i++)
		number_of(m, p->part ? model_block_attr(p->part, names[i]) : model_attr(p->thing, names[i]), &low[i], &high[i]);
	p->nodes_low = low[0];
	p->nodes_high = high[0];
	p->cpus = high[1];
	p->gpus = high[2];
	p->memory_bytes = high[3];
	p->max_time_s = high[4];
}

bool model_place(const struct model *m, const char *name, struct model_place *ret)
{
	for (uint32_t i = 0; i < m->things.len; i++) {
		const struct model_thing *t = m->things.at[i];
		size_t n = strlen(t->name);
		if (strcmp(t->role, "infra") != 0 || strncmp(t->name, name, n) != 0)
			continue;
		struct model_place p = {.name = name, .thing = t};
		if (name[n] == '.') {
			for (const struct model_block *b = t->blocks; b; b = b->next)
				if (b->name && strcmp(b->name, name + n + 1) == 0)
					p.part = b;
			if (!p.part)
				continue;
		} else if (name[n]) {
			continue;
		}
		read_place(m, &p);
		*ret = p;
		return true;
	}
	return false;
}

static void each_in(const struct expr *e, void (*each)(const struct expr *, void *), void *ctx)
{
	if (e)
		expr_each_ref(e, each, ctx);
}

void model_each_ref(const struct model_node *n, void (*each)(const struct expr *ref, void *ctx), void *ctx)
{
	each_in(n->subject, each, ctx);
	each_in(n->max, each, ctx);
	uint32_t n_args = n->step ? n->step->n_inputs : n->workflow ? n->workflow->n_inputs : 0;
	for (uint32_t i = 0; n->args && i < n_args; i++)
		each_in(n->args[i], each, ctx);
	for (uint32_t i = 0; i < n->n_requirements; i++)
		each_in(n->requirements[i].expr, each, ctx);
	for (const struct model_node *k = n->inner ? n->inner->nodes : NULL; k; k = k->next)
		model_each_ref(k, each, ctx);
	for (const struct model_node *k = n->otherwise ? n->otherwise->nodes : NULL; k; k = k->next)
		model_each_ref(k, each, ctx);
}

void model_finish(struct model *m)
{
	if (!m)
		return;
	vec_finish(&m->params);
	vec_finish(&m->scenarios);
	vec_finish(&m->things);
	vec_finish(&m->steps);
	vec_finish(&m->workflows);
	vec_finish(&m->slots);
	for (uint32_t i = 0; i < m->bodies.len; i++) {
		map_finish(&m->bodies.at[i]->names);
		vec_finish(&m->bodies.at[i]->slots);
	}
	vec_finish(&m->bodies);
	vec_finish(&m->allows);
	vec_finish(&m->imports);
	vec_finish(&m->formats);
	map_finish(&m->formats_by_name);
}
