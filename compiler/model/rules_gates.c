/* A gate's thresholds lie in the ranges of its metrics; a gate can fail, and can pass. */
#include "compiler/model/rules.h"

/* `metric op threshold`, the metric on the left. */
struct test { const struct expr *metric; enum expr_op op; double threshold; struct span span; };

static bool has_range(const struct type *t)
{
	return (t->kind == TYPE_INT || t->kind == TYPE_FLOAT) && (t->has_low || t->has_high);
}

static bool read_test(const struct model *m, const struct expr *e, struct test *ret)
{
	static const enum expr_op turned[] = {[EXPR_LT] = EXPR_GT, [EXPR_LE] = EXPR_GE, [EXPR_GT] = EXPR_LT, [EXPR_GE] = EXPR_LE};
	if (e->op != EXPR_LT && e->op != EXPR_LE && e->op != EXPR_GT && e->op != EXPR_GE)
		return false;
	for (int side = 0; side < 2; side++) {
		const struct expr *metric = e->args[side], *other = e->args[1 - side];
		const struct value *v;
		if (metric->op != EXPR_MEMBER || !has_range(metric->type) || model_eval(m, m->arena, other, &v) != EVAL_OK || !value_is_number(v))
			continue;
		*ret = (struct test){metric, side ? turned[e->op] : e->op, 0, other->span};
		return value_number_in(v, metric->type->unit, &ret->threshold);
	}
	return false;
}

static void check_test(struct diags *ds, const struct model_node *gate, const struct model_requirement *r, const struct test *t)
{
	const struct type *type = t->metric->type;
	const char *range = type_text(ds->arena, type);
	bool below = type->has_low && t->threshold < type->low, above = type->has_high && t->threshold > type->high;
	bool low = type->has_low && t->threshold == type->low, high = type->has_high && t->threshold == type->high;
	struct diag *d;
	if (below || above) {
		d = diag_here(diag_add(ds, DIAG_E0452, t->span, "this threshold lies outside the metric's range"), "%s every value", below ? "below" : "above");
		diag_label(d, t->metric->span, "a `%s`", range);
		diag_help(d, "choose a threshold in the range, or widen the metric's range where it is declared");
	} else if ((low && t->op == EXPR_LT) || (high && t->op == EXPR_GT)) {
		d = diag_here(diag_add(ds, DIAG_E0451, r->span, "gate `%s` can never pass", gate->name), "no value meets this");
		diag_label(d, t->metric->span, "a `%s`", range);
	} else if ((low && t->op == EXPR_GE) || (high && t->op == EXPR_LE)) {
		d = diag_here(diag_add(ds, DIAG_W0451, r->span, "requirement `%s` can never fail", r->name), "every value meets this");
		diag_label(d, t->metric->span, "a `%s`", range);
	}
}

static void check_body(const struct model *m, struct diags *ds, const struct model_body *b)
{
	for (const struct model_node *n = b->nodes; n; n = n->next) {
		for (uint32_t i = 0; i < n->n_requirements; i++) {
			const struct model_requirement *r = &n->requirements[i];
			const struct value *v;
			struct test t;
			if (read_test(m, r->expr, &t)) {
				check_test(ds, n, r, &t);
			} else if (model_eval(m, m->arena, r->expr, &v) == EVAL_OK && v->kind == VALUE_BOOL) {
				if (v->boolean)
					diag_here(diag_add(ds, DIAG_W0451, r->span, "requirement `%s` can never fail", r->name), "always true");
				else
					diag_here(diag_add(ds, DIAG_E0451, r->span, "gate `%s` can never pass", n->name), "always false");
			}
		}
		if (n->inner)
			check_body(m, ds, n->inner);
		if (n->otherwise)
			check_body(m, ds, n->otherwise);
	}
}

void rule_gates(const struct model *m, struct diags *ds)
{
	for (uint32_t i = 0; i < m->workflows.len; i++)
		check_body(m, ds, m->workflows.at[i]->body);
}
