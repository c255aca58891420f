#include "compiler/value/expr.h"

struct expr *expr_new(struct arena *a, enum expr_op op, struct span span, const struct type *type, uint16_t n_args)
{
	struct expr *e = arena_new(a, struct expr);
	e->op = op;
	e->span = span;
	e->type = type;
	e->n = n_args;
	if (n_args)
		e->args = arena_new_n(a, const struct expr *, n_args);
	return e;
}

const struct expr *expr_const(struct arena *a, const struct value *v, const struct type *type, struct span span)
{
	struct expr *e = expr_new(a, EXPR_CONST, span, type, 0);
	e->value = v;
	return e;
}

void expr_each_ref(const struct expr *e, void (*each)(const struct expr *ref, void *ctx), void *ctx)
{
	if (!e)
		return;
	if (e->op == EXPR_SLOT || e->op == EXPR_PREVIOUS || e->op == EXPR_MODEL || e->op == EXPR_PARAM)
		each(e, ctx);
	for (uint16_t i = 0; i < e->n; i++)
		expr_each_ref(e->args[i], each, ctx);
}
