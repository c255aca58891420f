#include "compiler/value/value.h"
#include "compiler/base/bug.h"
#include "compiler/base/number.h"
#include <math.h>
#include <string.h>

const struct value value_null = {.kind = VALUE_NULL}, value_true = {.kind = VALUE_BOOL, .boolean = true},
	value_false = {.kind = VALUE_BOOL};

static struct value *new_value(struct arena *a, enum value_kind kind)
{
	struct value *v = arena_new(a, struct value);
	v->kind = kind;
	return v;
}

const struct value *value_bool(bool v)
{
	return v ? &value_true : &value_false;
}

const struct value *value_int(struct arena *a, int64_t v, const struct unit *u)
{
	struct value *ret = new_value(a, VALUE_INT);
	ret->integer = v;
	ret->unit = u;
	return ret;
}

const struct value *value_float(struct arena *a, double v, const struct unit *u)
{
	struct value *ret = new_value(a, VALUE_FLOAT);
	ret->number = v;
	ret->unit = u;
	return ret;
}

const struct value *value_string_n(struct arena *a, const char *s, size_t len)
{
	struct value *ret = new_value(a, VALUE_STRING);
	ret->string.text = arena_strndup(a, s, len);
	ret->string.len = len;
	return ret;
}

const struct value *value_string(struct arena *a, const char *s)
{
	return value_string_n(a, s, strlen(s));
}

const struct value *value_path(struct arena *a, const char *path, bool is_dir, const char *digest)
{
	struct value *ret = new_value(a, VALUE_PATH);
	ret->is_dir = is_dir;
	ret->file.path = arena_strdup(a, path);
	ret->file.digest = digest ? arena_strdup(a, digest) : NULL;
	return ret;
}

const struct value *value_list(struct arena *a, const struct value **items, uint32_t len)
{
	struct value *ret = new_value(a, VALUE_LIST);
	ret->list.items = items;
	ret->list.len = len;
	return ret;
}

const struct value *value_record(struct arena *a, const struct value_field *fields, uint32_t len)
{
	struct value *ret = new_value(a, VALUE_RECORD);
	ret->record.fields = fields;
	ret->record.len = len;
	return ret;
}

const struct value *value_range(struct arena *a, const struct value *low, const struct value *high)
{
	struct value *ret = new_value(a, VALUE_RANGE);
	ret->range.low = low;
	ret->range.high = high;
	return ret;
}

const struct value *value_secret(struct arena *a, const char *name)
{
	struct value *ret = new_value(a, VALUE_SECRET);
	ret->string.text = arena_strdup(a, name);
	ret->string.len = strlen(name);
	return ret;
}

const struct value *value_member(const struct value *record, const char *name)
{
	if (record->kind != VALUE_RECORD)
		return NULL;
	for (uint32_t i = 0; i < record->record.len; i++) {
		if (strcmp(record->record.fields[i].name, name) == 0)
			return record->record.fields[i].value;
	}
	return NULL;
}

bool value_pair(const struct value *v, const struct value **ret_first, const struct value **ret_second)
{
	if (v->kind == VALUE_LIST && v->list.len == 2) {
		*ret_first = v->list.items[0];
		*ret_second = v->list.items[1];
		return true;
	}
	if (v->kind == VALUE_RECORD && v->record.len == 2) {
		*ret_first = v->record.fields[0].value;
		*ret_second = v->record.fields[1].value;
		return true;
	}
	return false;
}

double value_number(const struct value *v)
{
	if (!value_is_number(v))
		bug("value_number of a value of kind %d", (int)v->kind);
	return v->kind == VALUE_INT ? (double)v->integer : v->number;
}

bool value_number_in(const struct value *v, const struct unit *u, double *ret)
{
	if (!value_is_number(v) || !unit_same_dim(v->unit, u))
		return false;
	*ret = unit_equal(v->unit, u) ? value_number(v) : unit_convert(value_number(v), v->unit, u);
	return true;
}

bool value_int_in(const struct value *v, const struct unit *u, int64_t *ret)
{
	uint64_t num, den;
	if (!value_is_number(v) || !unit_ratio(v->unit, u, &num, &den))
		return false;
	if (v->kind == VALUE_INT && num <= INT64_MAX && den <= INT64_MAX) {
		int64_t product;
		if (__builtin_mul_overflow(v->integer, (int64_t)num, &product) || product % (int64_t)den != 0)
			return false;
		*ret = product / (int64_t)den;
		return true;
	}
	double x = unit_convert(value_number(v), v->unit, u);
	if (!(fabs(x) < 0x1p63) || x != floor(x))
		return false;
	*ret = (int64_t)x;
	return true;
}

static int compare_doubles(double x, double y)
{
	return (x > y) - (x < y);
}

static int compare_numbers(const struct value *a, const struct value *b)
{
	if (a->kind == VALUE_INT && b->kind == VALUE_INT && unit_equal(a->unit, b->unit))
		return (a->integer > b->integer) - (a->integer < b->integer);
	/* The larger unit gives way, so that 1h and 3600s meet in whole numbers. */
	uint64_t num, den;
	bool to_b = unit_ratio(a->unit, b->unit, &num, &den) && num >= den;
	double x = value_number(a), y = value_number(b);
	return to_b ? compare_doubles(unit_convert(x, a->unit, b->unit), y) : compare_doubles(x, unit_convert(y, b->unit, a->unit));
}

static int compare_texts(const struct value *a, const struct value *b)
{
	size_t least = a->string.len < b->string.len ? a->string.len : b->string.len;
	int order = least ? memcmp(a->string.text, b->string.text, least) : 0;
	return order ? order : (a->string.len > b->string.len) - (a->string.len < b->string.len);
}

int value_compare(const struct value *a, const struct value *b)
{
	if (value_is_number(a) && value_is_number(b))
		return compare_numbers(a, b);
	if (a->kind == VALUE_STRING && b->kind == VALUE_STRING)
		return compare_texts(a, b);
	bug("values of kinds %d and %d have no order", (int)a->kind, (int)b->kind);
}

static bool equal_lists(const struct value *a, const struct value *b)
{
	if (a->list.len != b->list.len)
		return false;
	for (uint32_t i = 0; i < a->list.len; i++) {
		if (!value_equal(a->list.items[i], b->list.items[i]))
			return false;
	}
	return true;
}

static bool equal_records(const struct value *a, const struct value *b)
{
	if (a->record.len != b->record.len)
		return false;
	for (uint32_t i = 0; i < a->record.len; i++) {
		const struct value_field *f = &a->record.fields[i], *g = &b->record.fields[i];
		const struct value *other = strcmp(f->name, g->name) == 0 ? g->value : value_member(b, f->name);
		if (!other || !value_equal(f->value, other))
			return false;
	}
	return true;
}

static bool equal_paths(const struct value *a, const struct value *b)
{
	if (a->is_dir != b->is_dir)
		return false;
	if (a->file.digest && b->file.digest)
		return strcmp(a->file.digest, b->file.digest) == 0;
	return strcmp(a->file.path, b->file.path) == 0;
}

bool value_equal(const struct value *a, const struct value *b)
{
	if (a == b)
		return true;
	if (value_is_number(a) && value_is_number(b))
		return unit_same_dim(a->unit, b->unit) && compare_numbers(a, b) == 0;
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case VALUE_NULL:
		return true;
	case VALUE_BOOL:
		return a->boolean == b->boolean;
	case VALUE_INT:
	case VALUE_FLOAT:
		return false; /* seen above */
	case VALUE_STRING:
	case VALUE_SECRET:
		return compare_texts(a, b) == 0;
	case VALUE_PATH:
		return equal_paths(a, b);
	case VALUE_LIST:
		return equal_lists(a, b);
	case VALUE_RECORD:
		return equal_records(a, b);
	case VALUE_RANGE:
		return value_equal(a->range.low, b->range.low) && value_equal(a->range.high, b->range.high);
	}
	return false;
}

static const struct value *copy_list(struct arena *a, const struct value *v)
{
	const struct value **items = arena_new_n(a, const struct value *, v->list.len);
	for (uint32_t i = 0; i < v->list.len; i++)
		items[i] = value_copy(a, v->list.items[i]);
	return value_list(a, items, v->list.len);
}

static const struct value *copy_record(struct arena *a, const struct value *v)
{
	struct value_field *fields = arena_new_n(a, struct value_field, v->record.len);
	for (uint32_t i = 0; i < v->record.len; i++) {
		fields[i].name = arena_strdup(a, v->record.fields[i].name);
		fields[i].value = value_copy(a, v->record.fields[i].value);
	}
	return value_record(a, fields, v->record.len);
}

const struct value *value_copy(struct arena *a, const struct value *v)
{
	switch (v->kind) {
	case VALUE_NULL:
		return &value_null;
	case VALUE_BOOL:
		return value_bool(v->boolean);
	case VALUE_INT:
		return value_int(a, v->integer, unit_copy(a, v->unit));
	case VALUE_FLOAT:
		return value_float(a, v->number, unit_copy(a, v->unit));
	case VALUE_STRING:
		return value_string_n(a, v->string.text, v->string.len);
	case VALUE_PATH:
		return value_path(a, v->file.path, v->is_dir, v->file.digest);
	case VALUE_LIST:
		return copy_list(a, v);
	case VALUE_RECORD:
		return copy_record(a, v);
	case VALUE_RANGE:
		return value_range(a, value_copy(a, v->range.low), value_copy(a, v->range.high));
	case VALUE_SECRET:
		return value_secret(a, v->string.text);
	}
	return &value_null;
}

void value_number_text(double x, char ret[32])
{
	number_text(x, ret);
}
