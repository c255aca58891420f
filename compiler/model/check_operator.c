/* Operators: what they take, what they give, and what to say when units or types do not agree. */
#include "compiler/model/check.h"
#include <string.h>

static bool is_number(const struct type *t)
{
	return t->kind == TYPE_INT || t->kind == TYPE_FLOAT;
}

void explain_absent(struct context *cx, struct diag *d, const struct expr *e)
{
	while (e->op == EXPR_MEMBER || e->op == EXPR_INDEX || e->op == EXPR_AS)
		e = e->args[0];
	if (e->op != EXPR_SLOT)
		return;
	const struct model_slot *s = cx->ck->model->slots.at[e->index];
	for (uint32_t i = 0; e->checked && i < s->n_gates; i++)
		if (s->gates[i]->on_fail == MODEL_SKIP)
			diag_label(d, s->gates[i]->on_fail_span, "absent where gate `%s` is not passed", s->gates[i]->name);
	if (s->kind == MODEL_SLOT_EXPORT && s->node->kind == MODEL_IF)
		diag_label(d, s->node->span, "absent where this condition does not hold");
}

bool check_present(struct context *cx, const struct expr *e, const char *what)
{
	if (e->type->kind != TYPE_OPTIONAL && e->type->kind != TYPE_NULL)
		return true;
	struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0310, e->span, "%s may be absent", what), "this is %s", a_type(cx->ck, e->type));
	explain_absent(cx, d, e);
	diag_help(d, "say what stands for it with `??`, such as `(x ?? 0)`");
	return false;
}

static bool is_secret(struct context *cx, const struct expr *e)
{
	if (e->type->kind != TYPE_SECRET)
		return false;
	diag_help(diag_here(diag_add(cx->ck->diags, DIAG_E0471, e->span, "nothing can be worked out from a secret"), "this is a secret"),
		"hand it over whole: to an attribute that takes a secret, or as a variable in `env { }`");
	return true;
}

static struct expr *operands_error(struct context *cx, const struct ast_expr *e, const struct expr *a, const struct expr *b, const char *message)
{
	struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0301, e->span, "%s", message), "`%s` between these", ast_op_text(e->op));
	diag_label(d, a->span, "this is %s", a_type(cx->ck, a->type));
	diag_label(d, b->span, "this is %s", a_type(cx->ck, b->type));
	if (e->op == AST_ADD && (a->type->kind == TYPE_STRING || b->type->kind == TYPE_STRING))
		diag_help(d, "text is put together by interpolation: \"~{a}~{b}\"");
	else if (e->op == AST_ADD && a->type->kind == TYPE_LIST)
		diag_help(d, "lists are joined by `flatten([xs, ys])`");
	return make_poison(cx->ck, e->span);
}

static struct expr *units_error(struct context *cx, const struct ast_expr *e, const struct expr *a, const struct expr *b)
{
	struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0304, e->span, "these are measured in different units"), "`%s` between these", ast_op_text(e->op));
	diag_label(d, a->span, a->type->unit ? "%s (%s)" : "a plain number", unit_dim_name(cx->ck->arena, a->type->unit), a->type->unit ? a->type->unit->name : "");
	diag_label(d, b->span, b->type->unit ? "%s (%s)" : "a plain number", unit_dim_name(cx->ck->arena, b->type->unit), b->type->unit ? b->type->unit->name : "");
	const struct expr *plain = a->type->unit ? b : a, *measured = a->type->unit ? a : b;
	if (!plain->type->unit && plain->op == EXPR_CONST) {
		struct buf b2 = {0};
		value_show(plain->value, &b2);
		buf_puts(&b2, measured->type->unit->name);
		const char *text = arena_strdup(cx->ck->arena, buf_text(&b2));
		buf_finish(&b2);
		diag_fix(diag_help(d, "give it a unit: `%s`", text), plain->span, text, "write `%s`", text);
	} else if (!plain->type->unit) {
		diag_help(d, "make a plain number of the quantity: `as %s`", measured->type->unit->name);
	}
	return make_poison(cx->ck, e->span);
}

static struct expr *binary(struct context *cx, const struct ast_expr *e, enum expr_op op, const struct type *t, struct expr *a, struct expr *b)
{
	struct expr *x = expr_new(cx->ck->arena, op, e->span, t, 2);
	x->args[0] = a;
	x->args[1] = b;
	return x;
}

static struct expr *arithmetic(struct context *cx, const struct ast_expr *e, struct expr *a, struct expr *b)
{
	static const enum expr_op ops[] = {[AST_ADD] = EXPR_ADD, [AST_SUB] = EXPR_SUB, [AST_MUL] = EXPR_MUL, [AST_DIV] = EXPR_DIV, [AST_MOD] = EXPR_MOD};
	if (!is_number(a->type) || !is_number(b->type))
		return operands_error(cx, e, a, b, "only numbers can be calculated with");
	bool whole = a->type->kind == TYPE_INT && b->type->kind == TYPE_INT;
	const struct unit *u = a->type->unit;
	if (e->op == AST_MUL || e->op == AST_DIV) {
		bool ok = e->op == AST_MUL ? unit_multiply(cx->ck->arena, u, b->type->unit, &u) : unit_divide(cx->ck->arena, u, b->type->unit, &u);
		if (!ok) {
			diag_here(diag_add(cx->ck->diags, DIAG_E0304, e->span, "the unit of this result cannot be held"), "its ratio to the base units is too large");
			return make_poison(cx->ck, e->span);
		}
		whole = whole && e->op == AST_MUL;
	} else if (!unit_same_dim(u, b->type->unit)) {
		return units_error(cx, e, a, b);
	}
	if (e->op == AST_MOD && (!whole || u))
		return operands_error(cx, e, a, b, "a remainder is taken of plain whole numbers");
	whole = whole && (u == b->type->unit || e->op == AST_MUL || (!u && !b->type->unit));
	return binary(cx, e, ops[e->op], type_number(cx->ck->arena, whole ? TYPE_INT : TYPE_FLOAT, u), a, b);
}

static struct expr *comparison(struct context *cx, const struct ast_expr *e, struct expr *a, struct expr *b)
{
	static const enum expr_op ops[] = {[AST_LT] = EXPR_LT, [AST_LE] = EXPR_LE, [AST_GT] = EXPR_GT, [AST_GE] = EXPR_GE, [AST_EQ] = EXPR_EQ, [AST_NE] = EXPR_NE};
	bool equality = e->op == AST_EQ || e->op == AST_NE;
	if (is_number(a->type) && is_number(b->type)) {
		if (!unit_same_dim(a->type->unit, b->type->unit))
			return units_error(cx, e, a, b);
	} else if (!equality && !(a->type->kind == TYPE_STRING && b->type->kind == TYPE_STRING)) {
		return operands_error(cx, e, a, b, "only numbers and strings have an order");
	} else if (equality && !type_join(cx->ck->arena, a->type, b->type)) {
		return operands_error(cx, e, a, b, "these can never be equal");
	}
	return binary(cx, e, ops[e->op], &type_bool, a, b);
}

static struct expr *membership(struct context *cx, const struct ast_expr *e, struct expr *a, struct expr *b)
{
	bool list = (b->type->kind == TYPE_LIST || b->type->kind == TYPE_RANGE) && type_join(cx->ck->arena, a->type, b->type->of);
	bool map = b->type->kind == TYPE_MAP && a->type->kind == TYPE_STRING;
	if (list && is_number(a->type) && !unit_same_dim(a->type->unit, b->type->of->unit))
		return units_error(cx, e, a, b);
	if (!list && !map)
		return operands_error(cx, e, a, b, "`in` looks for an element in a list, a number in a range or a key in a map");
	return binary(cx, e, EXPR_IN, &type_bool, a, b);
}

static struct expr *logic(struct context *cx, const struct ast_expr *e, struct expr *a, struct expr *b)
{
	if (a->type->kind != TYPE_BOOL || b->type->kind != TYPE_BOOL)
		return operands_error(cx, e, a, b, "`&&` and `||` go between conditions");
	return binary(cx, e, e->op == AST_AND ? EXPR_AND : EXPR_OR, &type_bool, a, b);
}

static struct expr *coalesce(struct context *cx, const struct ast_expr *e, struct expr *a, struct expr *b)
{
	const struct type *left = a->type->kind == TYPE_OPTIONAL ? a->type->of : a->type;
	const struct type *t = a->type->kind == TYPE_NULL ? b->type : type_join(cx->ck->arena, left, b->type);
	if (!t)
		return operands_error(cx, e, a, b, "what stands for an absent value has its type");
	return binary(cx, e, EXPR_COALESCE, t, a, b);
}

static struct expr *make_range(struct context *cx, const struct ast_expr *e, struct expr *a, struct expr *b)
{
	if (!is_number(a->type) || !is_number(b->type))
		return operands_error(cx, e, a, b, "a range goes from a number to a number");
	if (!unit_same_dim(a->type->unit, b->type->unit))
		return units_error(cx, e, a, b);
	const struct type *of = a->type->kind == b->type->kind ? a->type : type_number(cx->ck->arena, TYPE_FLOAT, a->type->unit);
	return binary(cx, e, EXPR_RANGE, type_with(cx->ck->arena, TYPE_RANGE, of), a, b);
}

static struct expr *check_binary(struct context *cx, const struct ast_expr *e, const struct type *expected)
{
	const struct type *side = e->op == AST_COALESCE ? expected : e->op == AST_RANGE && expected && expected->kind == TYPE_RANGE ? expected->of : NULL;
	struct expr *a = check_expr(cx, e->of.a, side);
	const struct type *other = e->op == AST_COALESCE ? (a->type->kind == TYPE_OPTIONAL ? a->type->of : side)
		: e->op == AST_EQ || e->op == AST_NE ? a->type : e->op == AST_IN ? NULL : side;
	if (e->op == AST_IN && (a->type->kind == TYPE_ENUM || a->type->kind == TYPE_STRING))
		other = type_list(cx->ck->arena, a->type);
	struct expr *b = check_expr(cx, e->of.b, other);
	if (is_poison(a) || is_poison(b))
		return make_poison(cx->ck, e->span);
	if (is_secret(cx, a) || is_secret(cx, b))
		return make_poison(cx->ck, e->span);
	bool may_be_absent = e->op == AST_COALESCE || e->op == AST_EQ || e->op == AST_NE;
	if (!may_be_absent && (!check_present(cx, a, "this operand") || !check_present(cx, b, "this operand")))
		return make_poison(cx->ck, e->span);
	switch ((enum ast_op)e->op) {
	case AST_ADD: case AST_SUB: case AST_MUL: case AST_DIV: case AST_MOD: return arithmetic(cx, e, a, b);
	case AST_LT: case AST_LE: case AST_GT: case AST_GE: case AST_EQ: case AST_NE: return comparison(cx, e, a, b);
	case AST_IN: return membership(cx, e, a, b);
	case AST_AND: case AST_OR: return logic(cx, e, a, b);
	case AST_COALESCE: return coalesce(cx, e, a, b);
	case AST_RANGE: return make_range(cx, e, a, b);
	case AST_OP_NONE: case AST_NEGATE: case AST_NOT: break;
	}
	return make_poison(cx->ck, e->span);
}

static struct expr *check_unary(struct context *cx, const struct ast_expr *e)
{
	struct expr *a = check_expr(cx, e->of.a, e->op == AST_NOT ? &type_bool : NULL);
	if (is_poison(a) || is_secret(cx, a) || !check_present(cx, a, "this operand"))
		return make_poison(cx->ck, e->span);
	bool fits = e->op == AST_NOT ? a->type->kind == TYPE_BOOL : is_number(a->type);
	if (!fits) {
		diag_here(diag_add(cx->ck->diags, DIAG_E0301, e->span, e->op == AST_NOT ? "`!` turns a condition around" : "`-` goes before a number"), "this is %s", a_type(cx->ck, a->type));
		return make_poison(cx->ck, e->span);
	}
	struct expr *x = expr_new(cx->ck->arena, e->op == AST_NOT ? EXPR_NOT : EXPR_NEGATE, e->span, e->op == AST_NOT ? &type_bool : type_number(cx->ck->arena, a->type->kind, a->type->unit), 1);
	x->args[0] = a;
	return x;
}

static struct expr *check_cond(struct context *cx, const struct ast_expr *e, const struct type *expected)
{
	struct expr *c = check_expr(cx, e->of.a, &type_bool), *a = check_expr(cx, e->of.b, expected), *b = check_expr(cx, e->of.c, expected);
	if (is_poison(c) || is_poison(a) || is_poison(b) || is_secret(cx, c))
		return make_poison(cx->ck, e->span);
	if (c->type->kind != TYPE_BOOL) {
		diag_here(diag_add(cx->ck->diags, DIAG_E0301, e->of.a->span, "before `?` stands a condition"), "this is %s", a_type(cx->ck, c->type));
		return make_poison(cx->ck, e->span);
	}
	const struct type *t = type_join(cx->ck->arena, a->type, b->type);
	if (!t && expected && type_assignable(a->type, expected) && type_assignable(b->type, expected))
		t = expected;
	if (!t) {
		struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0301, e->span, "both sides of `:` have one type"), "chosen here");
		diag_label(d, a->span, "this is %s", a_type(cx->ck, a->type));
		diag_label(d, b->span, "this is %s", a_type(cx->ck, b->type));
		return make_poison(cx->ck, e->span);
	}
	struct expr *x = expr_new(cx->ck->arena, EXPR_COND, e->span, t, 3);
	x->args[0] = c;
	x->args[1] = a;
	x->args[2] = b;
	return x;
}

static struct expr *check_as(struct context *cx, const struct ast_expr *e)
{
	struct expr *a = check_expr(cx, e->as.a, NULL);
	if (is_poison(a) || !e->as.unit || is_secret(cx, a) || !check_present(cx, a, "this quantity"))
		return make_poison(cx->ck, e->span);
	const struct type *t = a->type;
	bool list = t->kind == TYPE_LIST;
	if (list)
		t = t->of;
	if (!is_number(t)) {
		diag_here(diag_add(cx->ck->diags, DIAG_E0301, e->as.a->span, "`as` gives a quantity in a unit"), "this is %s", a_type(cx->ck, a->type));
		return make_poison(cx->ck, e->span);
	}
	if (!unit_same_dim(t->unit, e->as.unit)) {
		struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0304, ast_unit_span(e), "this cannot be given in %s", e->as.unit->name), "%s", unit_dim_name(cx->ck->arena, e->as.unit));
		diag_label(d, e->as.a->span, t->unit ? "this is %s (%s)" : "this is a plain number", t->unit ? unit_dim_name(cx->ck->arena, t->unit) : "", t->unit ? t->unit->name : "");
		return make_poison(cx->ck, e->span);
	}
	struct expr *x = expr_new(cx->ck->arena, EXPR_AS, e->span, list ? type_list(cx->ck->arena, &type_float) : &type_float, 1);
	x->unit = e->as.unit;
	x->args[0] = a;
	return x;
}

struct expr *check_operator(struct context *cx, const struct ast_expr *e, const struct type *expected)
{
	switch ((enum ast_expr_kind)e->kind) {
	case AST_UNARY: return check_unary(cx, e);
	case AST_BINARY: return check_binary(cx, e, expected);
	case AST_COND: return check_cond(cx, e, expected);
	default: return check_as(cx, e);
	}
}
