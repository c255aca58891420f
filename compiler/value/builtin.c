/* The table of built-in functions, and those on numbers. */
#include "compiler/value/builtin.h"
#include <math.h>
#include <string.h>

const struct builtin builtins[] = {
#define FN(name, min_args, max_args, phase) {#name, min_args, max_args, run_##name},
#include "compiler/value/builtin.def"
#undef FN
	{NULL, 0, 0, NULL},
};

const struct builtin *builtin_find(const char *name)
{
	size_t low = 0, high = sizeof builtins / sizeof *builtins - 1;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, builtins[middle].name);
		if (order == 0)
			return &builtins[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* The numbers that max, min, sum and mean work on: the arguments, or the elements of the only one. */
struct numbers {
	const struct value **at;
	uint32_t n;
};

static enum eval_status get_numbers(struct eval *ev, const struct expr *e, const struct value **args, struct numbers *ret)
{
	*ret = (struct numbers){args, e->n};
	if (e->n == 1 && !value_is_number(args[0])) {
		enum eval_status s = eval_items(ev, e->args[0], args[0], &ret->at, &ret->n);
		if (s != EVAL_OK)
			return s;
	}
	for (uint32_t i = 0; i < ret->n; i++) {
		const struct expr *at = e->n == 1 ? e->args[0] : e->args[i];
		const struct value *v = ret->at[i];
		if (!value_is_number(v))
			return eval_fail(ev, at, "%s where a number is needed (element %u)", v->kind == VALUE_NULL ? "an absent value" : "no number", i);
		if (!unit_same_dim(v->unit, ret->at[0]->unit))
			return eval_fail(ev, at, "%s among numbers that are %s", unit_dim_name(ev->arena, v->unit), unit_dim_name(ev->arena, ret->at[0]->unit));
	}
	return EVAL_OK;
}

static enum eval_status extreme(struct eval *ev, const struct expr *e, const struct value **args, int sign, const struct value **ret)
{
	struct numbers numbers;
	enum eval_status s = get_numbers(ev, e, args, &numbers);
	if (s != EVAL_OK)
		return s;
	if (numbers.n == 0)
		return eval_fail(ev, e, "the %s of an empty list", sign > 0 ? "largest" : "smallest");
	const struct value *best = numbers.at[0];
	bool all_ints = true;
	for (uint32_t i = 0; i < numbers.n; i++) {
		all_ints = all_ints && numbers.at[i]->kind == VALUE_INT;
		if (sign * value_compare(numbers.at[i], best) > 0)
			best = numbers.at[i];
	}
	const struct unit *u = numbers.at[0]->unit;
	int64_t n;
	double x = 0;
	if (all_ints && value_int_in(best, u, &n)) {
		*ret = value_int(ev->arena, n, u);
		return EVAL_OK;
	}
	value_number_in(best, u, &x);
	return arith_float(ev, e, x, u, ret);
}

enum eval_status run_max(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	return extreme(ev, e, args, 1, ret);
}

enum eval_status run_min(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	return extreme(ev, e, args, -1, ret);
}

/* Exact while all are whole numbers in the first one's unit. */
static enum eval_status add_up(struct eval *ev, const struct expr *e, const struct numbers *numbers, const struct value **ret)
{
	const struct unit *u = numbers->n ? numbers->at[0]->unit : NULL;
	int64_t whole = 0;
	double sum = 0;
	bool all_ints = true;
	for (uint32_t i = 0; i < numbers->n; i++) {
		double x = 0;
		int64_t n = 0;
		value_number_in(numbers->at[i], u, &x);
		sum += x;
		all_ints = all_ints && numbers->at[i]->kind == VALUE_INT && value_int_in(numbers->at[i], u, &n);
		if (all_ints && __builtin_add_overflow(whole, n, &whole))
			return eval_fail(ev, e, "the result is too large for an int");
	}
	if (!all_ints)
		return arith_float(ev, e, sum, u, ret);
	*ret = value_int(ev->arena, whole, u);
	return EVAL_OK;
}

enum eval_status run_sum(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	struct numbers numbers;
	enum eval_status s = get_numbers(ev, e, args, &numbers);
	return s == EVAL_OK ? add_up(ev, e, &numbers, ret) : s;
}

enum eval_status run_mean(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	struct numbers numbers;
	const struct value *sum;
	enum eval_status s = get_numbers(ev, e, args, &numbers);
	if (s == EVAL_OK && numbers.n == 0)
		return eval_fail(ev, e, "the mean of an empty list");
	if (s == EVAL_OK)
		s = add_up(ev, e, &numbers, &sum);
	return s == EVAL_OK ? arith_float(ev, e, value_number(sum) / numbers.n, sum->unit, ret) : s;
}

static enum eval_status need_number(struct eval *ev, const struct expr *e, const struct value *v)
{
	if (value_is_number(v))
		return EVAL_OK;
	return eval_fail(ev, e->args[0], v->kind == VALUE_NULL ? "an absent value where a number is needed" : "this is no number");
}

enum eval_status run_abs(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	const struct value *v = args[0];
	enum eval_status s = need_number(ev, e, v);
	if (s != EVAL_OK)
		return s;
	if (v->kind == VALUE_FLOAT)
		return arith_float(ev, e, fabs(v->number), v->unit, ret);
	if (v->integer == INT64_MIN)
		return eval_fail(ev, e, "the result is too large for an int");
	*ret = value_int(ev->arena, v->integer < 0 ? -v->integer : v->integer, v->unit);
	return EVAL_OK;
}

static enum eval_status whole(struct eval *ev, const struct expr *e, const struct value *v, double (*to_whole)(double), const struct value **ret)
{
	enum eval_status s = need_number(ev, e, v);
	if (s != EVAL_OK)
		return s;
	if (v->kind == VALUE_INT) {
		*ret = v;
		return EVAL_OK;
	}
	double x = to_whole(v->number);
	if (!(fabs(x) < 0x1p63))
		return eval_fail(ev, e, "the result is too large for an int");
	*ret = value_int(ev->arena, (int64_t)x, v->unit);
	return EVAL_OK;
}

enum eval_status run_floor(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	return whole(ev, e, args[0], floor, ret);
}

enum eval_status run_ceil(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	return whole(ev, e, args[0], ceil, ret);
}

/* Halves go up, as in ECMAScript, which artefacts are evaluated in. */
static double round_half_up(double x)
{
	double below = floor(x);
	return x - below >= 0.5 ? below + 1 : below;
}

enum eval_status run_round(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	int64_t digits;
	if (e->n == 1)
		return whole(ev, e, args[0], round_half_up, ret);
	enum eval_status s = need_number(ev, e, args[0]);
	if (s != EVAL_OK)
		return s;
	if (args[1]->kind == VALUE_NULL || !value_int_in(args[1], NULL, &digits) || digits < 0 || digits > 15)
		return eval_fail(ev, e->args[1], "a number of digits is from 0 to 15");
	double scale = pow(10, (double)digits), x = value_number(args[0]);
	/* Beyond 2^53 there are no digits to lose. */
	double rounded = fabs(x) * scale < 0x1p53 ? round_half_up(x * scale) / scale : x;
	return arith_float(ev, e, rounded, args[0]->unit, ret);
}

enum eval_status run_range(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	int64_t n[3];
	for (uint16_t i = 0; i < e->n; i++) {
		if (!value_int_in(args[i], NULL, &n[i]))
			return eval_fail(ev, e->args[i], "a range is counted in whole numbers");
	}
	int64_t start = e->n > 1 ? n[0] : 0, end = e->n > 1 ? n[1] : n[0], by = e->n > 2 ? n[2] : 1;
	if (by == 0)
		return eval_fail(ev, e->args[2], "a range cannot be counted in steps of 0");
	uint64_t distance = by > 0 ? (end > start ? (uint64_t)end - (uint64_t)start : 0) : (start > end ? (uint64_t)start - (uint64_t)end : 0);
	uint64_t stride = by > 0 ? (uint64_t)by : -(uint64_t)by, len = distance / stride + (distance % stride != 0);
	if (len > EVAL_MAX_ITEMS)
		return eval_fail(ev, e, "a range of more than %u elements", EVAL_MAX_ITEMS);
	enum eval_status s = eval_spend(ev, e, len);
	if (s != EVAL_OK)
		return s;
	const struct value **items = arena_new_n(ev->arena, const struct value *, len);
	for (uint64_t i = 0; i < len; i++)
		items[i] = value_int(ev->arena, (int64_t)((uint64_t)start + i * (uint64_t)by), NULL);
	*ret = value_list(ev->arena, items, (uint32_t)len);
	return EVAL_OK;
}
