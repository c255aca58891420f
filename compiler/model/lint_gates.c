/* Gates that only one value passes. */
#include "compiler/model/lint.h"

static void check(struct lint *l, const struct model_requirement *r)
{
	const struct expr *e = r->expr;
	if (e->n != 2)
		return;
	for (int side = 0; side < 2; side++) {
		const struct expr *metric = e->args[side], *other = e->args[1 - side];
		const struct type *t = metric->type;
		const struct value *v;
		double x;
		if (metric->op != EXPR_MEMBER || (t->kind != TYPE_FLOAT && t->kind != TYPE_INT) || model_eval(l->m, l->ds->arena, other, &v) != EVAL_OK || !value_is_number(v) || !value_number_in(v, t->unit, &x))
			continue;
		bool up = side ? e->op == EXPR_LE : e->op == EXPR_GE, down = side ? e->op == EXPR_GE : e->op == EXPR_LE;
		bool edge = (up && t->has_high && x == t->high) || (down && t->has_low && x == t->low);
		if (e->op == EXPR_EQ && t->kind == TYPE_FLOAT)
			diag_help(diag_here(lint_add(l, r->span, "requirement `%s` asks a measured number to be exact", r->name), "`==` of a float"), "leave a margin: `abs(x - %s) < ...`", "value");
		else if (edge)
			diag_help(diag_here(lint_add(l, r->span, "requirement `%s` leaves no margin", r->name), "only the end of the range passes"), "choose a threshold inside the range");
		return;
	}
}

static void check_body(struct lint *l, const struct model_body *b)
{
	for (const struct model_node *n = b->nodes; n; n = n->next) {
		for (uint32_t i = 0; i < n->n_requirements; i++)
			check(l, &n->requirements[i]);
		if (n->inner)
			check_body(l, n->inner);
		if (n->otherwise)
			check_body(l, n->otherwise);
	}
}

void lint_gate_margin(struct lint *l)
{
	for (uint32_t i = 0; i < l->m->workflows.len; i++)
		check_body(l, l->m->workflows.at[i]->body);
}
