/* Built-in functions on lists and maps. */
#include "compiler/base/utf8.h"
#include "compiler/value/builtin.h"
#include <stdlib.h>
#include <string.h>

static enum eval_status give_list(struct eval *ev, const struct value **items, uint32_t n, const struct value **ret)
{
	*ret = value_list(ev->arena, items, n);
	return EVAL_OK;
}

enum eval_status run_len(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	const struct value *v = args[0], **items;
	uint32_t n;
	if (v->kind == VALUE_STRING) {
		*ret = value_int(ev->arena, (int64_t)utf8_count(v->string.text, v->string.len), NULL);
		return eval_spend(ev, e, v->string.len / 64);
	}
	if (v->kind == VALUE_LIST || v->kind == VALUE_RECORD) {
		*ret = value_int(ev->arena, v->kind == VALUE_LIST ? v->list.len : v->record.len, NULL);
		return EVAL_OK;
	}
	enum eval_status s = eval_items(ev, e->args[0], v, &items, &n);
	if (s == EVAL_OK)
		*ret = value_int(ev->arena, n, NULL);
	return s;
}

/* Whether one of the elements is `wanted`. */
static enum eval_status seek(struct eval *ev, const struct expr *e, const struct value *v, bool wanted, bool *ret)
{
	const struct value **items;
	uint32_t n;
	bool found = false;
	enum eval_status s = eval_items(ev, e->args[0], v, &items, &n);
	for (uint32_t i = 0; s == EVAL_OK && i < n; i++) {
		if (items[i]->kind != VALUE_BOOL)
			return eval_fail(ev, e->args[0], "element %u is neither true nor false", i);
		found = found || items[i]->boolean == wanted;
	}
	if (s == EVAL_OK)
		*ret = found;
	return s;
}

enum eval_status run_any(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	bool found;
	enum eval_status s = seek(ev, e, args[0], true, &found);
	if (s == EVAL_OK)
		*ret = value_bool(found);
	return s;
}

enum eval_status run_all(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	bool found;
	enum eval_status s = seek(ev, e, args[0], false, &found);
	if (s == EVAL_OK)
		*ret = value_bool(!found);
	return s;
}

enum eval_status run_flatten(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	const struct value **lists;
	uint32_t n, at = 0;
	uint64_t total = 0;
	enum eval_status s = eval_items(ev, e->args[0], args[0], &lists, &n);
	for (uint32_t i = 0; s == EVAL_OK && i < n; i++) {
		if (lists[i]->kind != VALUE_LIST)
			return eval_fail(ev, e->args[0], "element %u is no list", i);
		total += lists[i]->list.len;
	}
	if (s == EVAL_OK && total > EVAL_MAX_ITEMS)
		return eval_fail(ev, e, "a list of more than %u elements", EVAL_MAX_ITEMS);
	if (s == EVAL_OK)
		s = eval_spend(ev, e, total);
	if (s != EVAL_OK)
		return s;
	const struct value **items = arena_new_n(ev->arena, const struct value *, total);
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t j = 0; j < lists[i]->list.len; j++)
			items[at++] = lists[i]->list.items[j];
	}
	return give_list(ev, items, at, ret);
}

enum eval_status run_distinct(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	const struct value **from;
	uint32_t n, kept = 0;
	enum eval_status s = eval_items(ev, e->args[0], args[0], &from, &n);
	if (s != EVAL_OK)
		return s;
	const struct value **items = arena_new_n(ev->arena, const struct value *, n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t j = 0;
		while (j < kept && !value_equal(items[j], from[i]))
			j++;
		s = eval_spend(ev, e, j);
		if (s != EVAL_OK)
			return s;
		if (j == kept)
			items[kept++] = from[i];
	}
	return give_list(ev, items, kept, ret);
}

struct sortable {
	const struct value *value;
	uint32_t place; /* equal ones keep their order */
};

static int compare_sortables(const void *a, const void *b)
{
	const struct sortable *x = a, *y = b;
	int order = value_compare(x->value, y->value);
	return order ? order : (x->place > y->place) - (x->place < y->place);
}

static bool is_ordered(const struct value *v, const struct value *first)
{
	if (value_is_number(v))
		return value_is_number(first) && unit_same_dim(v->unit, first->unit);
	return v->kind == VALUE_STRING && first->kind == VALUE_STRING;
}

enum eval_status run_sort(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	const struct value **from;
	uint32_t n;
	enum eval_status s = eval_items(ev, e->args[0], args[0], &from, &n);
	if (s == EVAL_OK)
		s = eval_spend(ev, e, (uint64_t)n * 8);
	if (s != EVAL_OK)
		return s;
	struct sortable *sortables = arena_new_n(ev->arena, struct sortable, n);
	for (uint32_t i = 0; i < n; i++) {
		if (!is_ordered(from[i], from[0]))
			return eval_fail(ev, e->args[0], "element %u has no order with the first", i);
		sortables[i] = (struct sortable){from[i], i};
	}
	qsort(sortables, n, sizeof *sortables, compare_sortables);
	const struct value **items = arena_new_n(ev->arena, const struct value *, n);
	for (uint32_t i = 0; i < n; i++)
		items[i] = sortables[i].value;
	return give_list(ev, items, n, ret);
}

static const struct value *make_pair(struct arena *a, const char *first_name, const struct value *first, const char *second_name, const struct value *second)
{
	struct value_field *fields = arena_new_n(a, struct value_field, 2);
	fields[0] = (struct value_field){first_name, first};
	fields[1] = (struct value_field){second_name, second};
	return value_record(a, fields, 2);
}

enum eval_status run_zip(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	const struct value **left, **right;
	uint32_t n, m;
	enum eval_status s = eval_items(ev, e->args[0], args[0], &left, &n);
	if (s == EVAL_OK)
		s = eval_items(ev, e->args[1], args[1], &right, &m);
	if (s != EVAL_OK)
		return s;
	if (n != m)
		return eval_fail(ev, e, "zip of lists of different length (%u and %u)", n, m);
	const struct value **items = arena_new_n(ev->arena, const struct value *, n);
	for (uint32_t i = 0; i < n; i++)
		items[i] = make_pair(ev->arena, "first", left[i], "second", right[i]);
	return give_list(ev, items, n, ret);
}

enum eval_status run_enumerate(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	const struct value **from;
	uint32_t n;
	enum eval_status s = eval_items(ev, e->args[0], args[0], &from, &n);
	if (s != EVAL_OK)
		return s;
	const struct value **items = arena_new_n(ev->arena, const struct value *, n);
	for (uint32_t i = 0; i < n; i++)
		items[i] = make_pair(ev->arena, "index", value_int(ev->arena, i, NULL), "value", from[i]);
	return give_list(ev, items, n, ret);
}

static enum eval_status fields(struct eval *ev, const struct expr *e, const struct value *v, bool names, const struct value **ret)
{
	if (v->kind != VALUE_RECORD)
		return eval_fail(ev, e->args[0], v->kind == VALUE_NULL ? "an absent value where a map is needed" : "this is no map");
	uint32_t n = v->record.len;
	const struct value **items = arena_new_n(ev->arena, const struct value *, n);
	for (uint32_t i = 0; i < n; i++)
		items[i] = names ? value_string(ev->arena, v->record.fields[i].name) : v->record.fields[i].value;
	enum eval_status s = eval_spend(ev, e, n);
	return s == EVAL_OK ? give_list(ev, items, n, ret) : s;
}

enum eval_status run_keys(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	return fields(ev, e, args[0], true, ret);
}

enum eval_status run_values(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	return fields(ev, e, args[0], false, ret);
}

/* Of a list: what is not absent. Of anything else: whether it is. */
enum eval_status run_present(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret)
{
	const struct value *v = args[0];
	if (v->kind != VALUE_LIST) {
		*ret = value_bool(v->kind != VALUE_NULL);
		return EVAL_OK;
	}
	const struct value **items = arena_new_n(ev->arena, const struct value *, v->list.len);
	uint32_t n = 0;
	for (uint32_t i = 0; i < v->list.len; i++) {
		if (v->list.items[i]->kind != VALUE_NULL)
			items[n++] = v->list.items[i];
	}
	enum eval_status s = eval_spend(ev, e, v->list.len);
	return s == EVAL_OK ? give_list(ev, items, n, ret) : s;
}
