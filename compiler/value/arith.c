#include "compiler/value/arith.h"
#include <math.h>
#include <string.h>

enum eval_status arith_float(struct eval *ev, const struct expr *e, double x, const struct unit *u, const struct value **ret)
{
	if (!isfinite(x))
		return eval_fail(ev, e, "the result is no number that can be written");
	*ret = value_float(ev->arena, x, u);
	return EVAL_OK;
}

static enum eval_status overflow(struct eval *ev, const struct expr *e)
{
	return eval_fail(ev, e, "the result is too large for an int");
}

static const char *measure(struct eval *ev, const struct value *v)
{
	return unit_dim_name(ev->arena, v->unit);
}

static enum eval_status need_number(struct eval *ev, const struct expr *e, const struct value *v)
{
	if (value_is_number(v))
		return EVAL_OK;
	return eval_fail(ev, e, v->kind == VALUE_NULL ? "an absent value where a number is needed" : "this is no number");
}

/* + - % of whole numbers in one unit. */
static enum eval_status add_ints(struct eval *ev, const struct expr *e, int64_t x, int64_t y, const struct unit *u, const struct value **ret)
{
	int64_t n = 0;
	bool over = false;
	if (e->op == EXPR_ADD)
		over = __builtin_add_overflow(x, y, &n);
	else if (e->op == EXPR_SUB)
		over = __builtin_sub_overflow(x, y, &n);
	else
		n = y == -1 ? 0 : x % y; /* INT64_MIN % -1 traps */
	if (over)
		return overflow(ev, e);
	*ret = value_int(ev->arena, n, u);
	return EVAL_OK;
}

static enum eval_status additive(struct eval *ev, const struct expr *e, const struct value *a, const struct value *b, const struct value **ret)
{
	double x = value_number(a), y;
	if (!value_number_in(b, a->unit, &y))
		return eval_fail(ev, e, "%s and %s do not go together", measure(ev, a), measure(ev, b));
	if (e->op == EXPR_MOD && y == 0)
		return eval_fail(ev, e->args[1], "division by zero");
	if (a->kind == VALUE_INT && b->kind == VALUE_INT && unit_equal(a->unit, b->unit))
		return add_ints(ev, e, a->integer, b->integer, a->unit, ret);
	return arith_float(ev, e, e->op == EXPR_ADD ? x + y : e->op == EXPR_SUB ? x - y : fmod(x, y), a->unit, ret);
}

/* What has no dimension multiplies as a plain number: 50% is 0.5. */
static const struct value *as_factor(struct eval *ev, const struct value *v)
{
	double x;
	if (!v->unit || !value_number_in(v, NULL, &x))
		return v;
	return value_float(ev->arena, x, NULL);
}

static double in_base_units(const struct value *v)
{
	return v->unit ? value_number(v) * (double)v->unit->num / (double)v->unit->den : value_number(v);
}

/* The dimensions cancel: h * 1/day, GiB / MiB. What stays is a plain number. */
static double cancelled(const struct value *a, const struct value *b, bool divides)
{
	double y = 1;
	if (!divides)
		return in_base_units(a) * in_base_units(b);
	value_number_in(b, a->unit, &y);
	return value_number(a) / y;
}

static enum eval_status multiplicative(struct eval *ev, const struct expr *e, const struct value *a, const struct value *b, const struct value **ret)
{
	bool divides = e->op == EXPR_DIV;
	const struct unit *u = NULL;
	a = as_factor(ev, a);
	b = as_factor(ev, b);
	if (divides && value_number(b) == 0)
		return eval_fail(ev, e->args[1], "division by zero");
	if ((a->unit || b->unit) && !(divides ? unit_divide : unit_multiply)(ev->arena, a->unit, b->unit, &u))
		return eval_fail(ev, e, "the result has no unit that can be written");
	if (!u && a->unit)
		return arith_float(ev, e, cancelled(a, b, divides), NULL, ret);
	if (!divides && a->kind == VALUE_INT && b->kind == VALUE_INT) {
		int64_t n;
		if (__builtin_mul_overflow(a->integer, b->integer, &n))
			return overflow(ev, e);
		*ret = value_int(ev->arena, n, u);
		return EVAL_OK;
	}
	double x = value_number(a), y = value_number(b);
	return arith_float(ev, e, divides ? x / y : x * y, u, ret);
}

static enum eval_status concat(struct eval *ev, const struct expr *e, const struct value *a, const struct value *b, const struct value **ret)
{
	if (a->kind == VALUE_STRING) {
		size_t len = a->string.len + b->string.len;
		if (len > EVAL_MAX_TEXT)
			return eval_fail(ev, e, "a text of more than %zu bytes", EVAL_MAX_TEXT);
		char *text = arena_alloc(ev->arena, len + 1);
		memcpy(text, a->string.text, a->string.len);
		memcpy(text + a->string.len, b->string.text, b->string.len);
		*ret = value_string_n(ev->arena, text, len);
		return eval_spend(ev, e, len / 64);
	}
	uint64_t len = (uint64_t)a->list.len + b->list.len;
	if (len > EVAL_MAX_ITEMS)
		return eval_fail(ev, e, "a list of more than %u elements", EVAL_MAX_ITEMS);
	const struct value **items = arena_new_n(ev->arena, const struct value *, len);
	for (uint64_t i = 0; i < len; i++)
		items[i] = i < a->list.len ? a->list.items[i] : b->list.items[i - a->list.len];
	*ret = value_list(ev->arena, items, (uint32_t)len);
	return eval_spend(ev, e, len);
}

enum eval_status arith_binary(struct eval *ev, const struct expr *e, const struct value *a, const struct value *b, const struct value **ret)
{
	if (e->op == EXPR_ADD && a->kind == b->kind && (a->kind == VALUE_STRING || a->kind == VALUE_LIST))
		return concat(ev, e, a, b, ret);
	enum eval_status s = need_number(ev, e->args[0], a);
	if (s == EVAL_OK)
		s = need_number(ev, e->args[1], b);
	if (s != EVAL_OK)
		return s;
	return e->op == EXPR_MUL || e->op == EXPR_DIV ? multiplicative(ev, e, a, b, ret) : additive(ev, e, a, b, ret);
}

enum eval_status arith_compare(struct eval *ev, const struct expr *e, const struct value *a, const struct value *b, const struct value **ret)
{
	bool texts = a->kind == VALUE_STRING && b->kind == VALUE_STRING;
	enum eval_status s = texts ? EVAL_OK : need_number(ev, e->args[0], a);
	if (s == EVAL_OK && !texts)
		s = need_number(ev, e->args[1], b);
	if (s != EVAL_OK)
		return s;
	if (!texts && !unit_same_dim(a->unit, b->unit))
		return eval_fail(ev, e, "%s and %s cannot be compared", measure(ev, a), measure(ev, b));
	int order = value_compare(a, b);
	bool holds = e->op == EXPR_LT ? order < 0 : e->op == EXPR_LE ? order <= 0 : e->op == EXPR_GT ? order > 0 : order >= 0;
	*ret = value_bool(holds);
	return EVAL_OK;
}

static bool is_in_range(const struct value *v, const struct value *range)
{
	return unit_same_dim(v->unit, range->range.low->unit) && value_compare(v, range->range.low) >= 0 && value_compare(v, range->range.high) <= 0;
}

enum eval_status arith_in(struct eval *ev, const struct expr *e, const struct value *a, const struct value *b, const struct value **ret)
{
	bool found = false;
	enum eval_status s = EVAL_OK;
	if (b->kind == VALUE_LIST) {
		s = eval_spend(ev, e, b->list.len);
		for (uint32_t i = 0; s == EVAL_OK && !found && i < b->list.len; i++)
			found = value_equal(a, b->list.items[i]);
	} else if (b->kind == VALUE_RANGE && value_is_number(b->range.low) && value_is_number(b->range.high)) {
		s = need_number(ev, e->args[0], a);
		found = s == EVAL_OK && is_in_range(a, b);
	} else if (b->kind == VALUE_RECORD && a->kind == VALUE_STRING) {
		found = value_member(b, a->string.text) != NULL;
	} else if (b->kind == VALUE_STRING && a->kind == VALUE_STRING) {
		found = memmem(b->string.text, b->string.len, a->string.text, a->string.len) != NULL;
	} else {
		return eval_fail(ev, e->args[1], b->kind == VALUE_NULL ? "an absent value has nothing in it" : "nothing can be in this");
	}
	if (s == EVAL_OK)
		*ret = value_bool(found);
	return s;
}

enum eval_status arith_negate(struct eval *ev, const struct expr *e, const struct value *v, const struct value **ret)
{
	enum eval_status s = need_number(ev, e->args[0], v);
	if (s != EVAL_OK)
		return s;
	if (v->kind == VALUE_FLOAT) {
		*ret = value_float(ev->arena, -v->number, v->unit);
		return EVAL_OK;
	}
	if (v->integer == INT64_MIN)
		return overflow(ev, e);
	*ret = value_int(ev->arena, -v->integer, v->unit);
	return EVAL_OK;
}

enum eval_status arith_as(struct eval *ev, const struct expr *e, const struct value *v, const struct value **ret)
{
	int64_t n;
	double x;
	if (v->kind == VALUE_NULL) {
		*ret = v;
		return EVAL_OK;
	}
	enum eval_status s = need_number(ev, e->args[0], v);
	if (s != EVAL_OK)
		return s;
	if (!value_number_in(v, e->unit, &x))
		return eval_fail(ev, e, "%s is %s and has no %s", value_text(ev->arena, v), measure(ev, v), e->unit ? e->unit->name : "plain number");
	if (v->kind == VALUE_INT && value_int_in(v, e->unit, &n)) {
		*ret = value_int(ev->arena, n, NULL);
		return EVAL_OK;
	}
	return arith_float(ev, e, x, NULL, ret);
}
