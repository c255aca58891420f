/* Bringing a value to its type, and saying why it cannot be brought there. */
#include "compiler/diag/near.h"
#include "compiler/value/convert.h"
#include "compiler/value/pattern.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool convert_fail(struct convert *c, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	c->error = arena_vprintf(c->arena, format, args);
	va_end(args);
	return false;
}

static const char *kind_name(const struct value *v)
{
	switch (v->kind) {
	case VALUE_NULL:
		return "nothing";
	case VALUE_BOOL:
		return "a bool";
	case VALUE_INT:
	case VALUE_FLOAT:
		return "a number";
	case VALUE_STRING:
		return "a string";
	case VALUE_PATH:
		return v->is_dir ? "a folder" : "a file";
	case VALUE_LIST:
		return "a list";
	case VALUE_RECORD:
		return "a record";
	case VALUE_RANGE:
		return "a range";
	case VALUE_SECRET:
		return "a secret";
	}
	return "a value";
}

static bool is_short(const struct value *v)
{
	return v->kind == VALUE_BOOL || v->kind == VALUE_INT || v->kind == VALUE_FLOAT || v->kind == VALUE_RANGE ||
	       (v->kind == VALUE_STRING && v->string.len < 60) || v->kind == VALUE_PATH;
}

static bool mismatch(struct convert *c, const struct value *v, const struct type *t)
{
	const char *wanted = type_text(c->arena, t);
	if (is_short(v))
		return convert_fail(c, "%s is no %s", value_text(c->arena, v), wanted);
	return convert_fail(c, "expected %s, got %s", wanted, kind_name(v));
}

static bool check_bounds(struct convert *c, const struct value *v, const struct type *t)
{
	double x;
	if (!value_number_in(v, t->unit, &x))
		return mismatch(c, v, t);
	if (!isnan(x) && !(t->has_low && x < t->low) && !(t->has_high && x > t->high))
		return true;
	struct buf b = {0};
	value_show(v, &b);
	buf_puts(&b, " is not in ");
	if (t->has_low)
		unit_show(t->low, t->unit, &b);
	buf_puts(&b, "..");
	if (t->has_high)
		unit_show(t->high, t->unit, &b);
	convert_fail(c, "%s", buf_text(&b));
	buf_finish(&b);
	return false;
}

static bool coerce_number(struct convert *c, const struct value *v, const struct type *t, const struct value **ret)
{
	if (!value_is_number(v))
		return mismatch(c, v, t);
	if (!unit_same_dim(v->unit, t->unit)) {
		const char *wanted = unit_dim_name(c->arena, t->unit);
		if (!v->unit)
			return convert_fail(c, "%s has no unit, but %s is needed (%s%s?)", value_text(c->arena, v), wanted, value_text(c->arena, v), t->unit->name);
		return convert_fail(c, "%s is %s, but %s is needed", value_text(c->arena, v), unit_dim_name(c->arena, v->unit), wanted);
	}
	if (!check_bounds(c, v, t))
		return false;
	if (t->kind == TYPE_INT) {
		int64_t n;
		if (!value_int_in(v, t->unit, &n))
			return convert_fail(c, "%s is no whole number%s%s", value_text(c->arena, v), t->unit ? " of " : "", t->unit ? t->unit->name : "");
		*ret = v->kind == VALUE_INT && v->unit == t->unit ? v : value_int(c->arena, n, t->unit);
		return true;
	}
	double x = 0;
	value_number_in(v, t->unit, &x);
	*ret = v->kind == VALUE_FLOAT && v->unit == t->unit ? v : value_float(c->arena, x, t->unit);
	return true;
}

static bool coerce_string(struct convert *c, const struct value *v, const struct type *t, const struct value **ret)
{
	if (v->kind != VALUE_STRING)
		return mismatch(c, v, t);
	bool matches = true;
	if (t->pattern && !pattern_match(c->arena, t->pattern, v->string.text, v->string.len, &matches, &c->error))
		return false;
	if (!matches)
		return convert_fail(c, "%s does not match \"%s\"", value_text(c->arena, v), t->pattern);
	*ret = v;
	return true;
}

static bool coerce_enum(struct convert *c, const struct value *v, const struct type *t, const struct value **ret)
{
	if (v->kind != VALUE_STRING)
		return mismatch(c, v, t);
	struct near near;
	near_init(&near, v->string.text);
	for (uint32_t i = 0; i < t->n; i++) {
		if (strcmp(t->members[i], v->string.text) == 0) {
			*ret = v;
			return true;
		}
		near_offer(&near, t->members[i]);
	}
	const char *best = near_best(&near);
	return convert_fail(c, "%s is not one of %s%s%s%s", value_text(c->arena, v), type_text(c->arena, t),
		best ? "; did you mean \"" : "", best ? best : "", best ? "\"?" : "");
}

static bool coerce_path(struct convert *c, const struct value *v, const struct type *t, const struct value **ret)
{
	bool is_dir = t->kind == TYPE_DIR;
	if (v->kind == VALUE_STRING && v->string.len) {
		const char *path = c->folder ? file_join(c->arena, c->folder, v->string.text) : v->string.text;
		*ret = value_path(c->arena, path, is_dir, NULL);
		return true;
	}
	if (v->kind != VALUE_PATH || v->is_dir != is_dir)
		return mismatch(c, v, t);
	*ret = v;
	return true;
}

/* "host:port", "[::1]:80" or "scheme://..." */
static bool is_endpoint(const char *text)
{
	size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");
	if (scheme && strncmp(text + scheme, "://", 3) == 0)
		return text[scheme + 3] != '\0' && !strpbrk(text, " \t\r\n");
	const char *colon = strrchr(text, ':');
	size_t host = colon ? (size_t)(colon - text) : strlen(text);
	bool bracketed = host > 2 && text[0] == '[' && text[host - 1] == ']';
	if (host == 0 || (!bracketed && strcspn(text, " \t\r\n/:") < host))
		return false;
	if (!colon)
		return true;
	char *end;
	unsigned long port = strtoul(colon + 1, &end, 10);
	return colon[1] >= '0' && colon[1] <= '9' && *end == '\0' && port >= 1 && port <= 65535;
}

static bool coerce_endpoint(struct convert *c, const struct value *v, const struct type *t, const struct value **ret)
{
	if (v->kind != VALUE_STRING)
		return mismatch(c, v, t);
	if (!is_endpoint(v->string.text))
		return convert_fail(c, "%s is no endpoint (host:port or a URL)", value_text(c->arena, v));
	*ret = v;
	return true;
}

/* What went wrong inside, with where. */
static bool inside(struct convert *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool inside(struct convert *c, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *where = arena_vprintf(c->arena, format, args);
	va_end(args);
	return convert_fail(c, "%s: %s", where, c->error);
}

static bool coerce_list(struct convert *c, const struct value *v, const struct type *t, const struct value **ret)
{
	if (v->kind != VALUE_LIST)
		return mismatch(c, v, t);
	const struct value **items = arena_new_n(c->arena, const struct value *, v->list.len);
	for (uint32_t i = 0; i < v->list.len; i++) {
		if (!convert_coerce(c, v->list.items[i], t->of, &items[i]))
			return inside(c, "element %u", i);
	}
	*ret = value_list(c->arena, items, v->list.len);
	return true;
}

static int compare_fields(const void *a, const void *b)
{
	return strcmp(((const struct value_field *)a)->name, ((const struct value_field *)b)->name);
}

static bool coerce_map(struct convert *c, const struct value *v, const struct type *t, const struct value **ret)
{
	if (v->kind != VALUE_RECORD)
		return mismatch(c, v, t);
	uint32_t n = v->record.len;
	struct value_field *fields = arena_new_n(c->arena, struct value_field, n);
	for (uint32_t i = 0; i < n; i++) {
		fields[i].name = v->record.fields[i].name;
		if (!convert_coerce(c, v->record.fields[i].value, t->of, &fields[i].value))
			return inside(c, "%s", fields[i].name);
	}
	if (n)
		qsort(fields, n, sizeof *fields, compare_fields);
	*ret = value_record(c->arena, fields, n);
	return true;
}

static bool check_known(struct convert *c, const struct value *v, const struct type *t)
{
	for (uint32_t i = 0; i < v->record.len; i++) {
		const char *name = v->record.fields[i].name;
		if (type_field(t, name))
			continue;
		struct near near;
		near_init(&near, name);
		for (uint32_t j = 0; j < t->n; j++)
			near_offer(&near, t->fields[j].name);
		const char *best = near_best(&near);
		return convert_fail(c, "there is no field %s%s%s%s", name, best ? "; did you mean " : "", best ? best : "", best ? "?" : "");
	}
	return true;
}

static bool coerce_record(struct convert *c, const struct value *v, const struct type *t, const struct value **ret)
{
	if (v->kind != VALUE_RECORD)
		return mismatch(c, v, t);
	if (!check_known(c, v, t))
		return false;
	struct value_field *fields = arena_new_n(c->arena, struct value_field, t->n);
	uint32_t n = 0;
	for (uint32_t i = 0; i < t->n; i++) {
		const struct type_field *f = &t->fields[i];
		const struct value *member = value_member(v, f->name);
		if (!member && f->has_default)
			continue;
		if (!member && f->type->kind != TYPE_OPTIONAL)
			return convert_fail(c, "the field %s is missing", f->name);
		fields[n].name = f->name;
		if (!convert_coerce(c, member ? member : &value_null, f->type, &fields[n++].value))
			return inside(c, "%s", f->name);
	}
	*ret = value_record(c->arena, fields, n);
	return true;
}

static bool coerce_range(struct convert *c, const struct value *v, const struct type *t, const struct value **ret)
{
	bool is_range = v->kind == VALUE_RANGE;
	const struct value *low, *high;
	if (!convert_coerce(c, is_range ? v->range.low : v, t->of, &low) || !convert_coerce(c, is_range ? v->range.high : v, t->of, &high))
		return false;
	if (value_is_number(low) && value_is_number(high) && value_compare(low, high) > 0)
		return convert_fail(c, "%s ends before it starts", value_text(c->arena, v));
	*ret = value_range(c->arena, low, high);
	return true;
}

static bool keep_if(struct convert *c, bool fits, const struct value *v, const struct type *t, const struct value **ret)
{
	if (!fits)
		return mismatch(c, v, t);
	*ret = v;
	return true;
}

bool convert_coerce(struct convert *c, const struct value *v, const struct type *t, const struct value **ret)
{
	switch (t->kind) {
	case TYPE_POISON:
	case TYPE_ANY:
	case TYPE_THING:
		return keep_if(c, true, v, t, ret);
	case TYPE_NULL:
		return keep_if(c, v->kind == VALUE_NULL, v, t, ret);
	case TYPE_BOOL:
		return keep_if(c, v->kind == VALUE_BOOL, v, t, ret);
	case TYPE_INT:
	case TYPE_FLOAT:
		return coerce_number(c, v, t, ret);
	case TYPE_STRING:
		return coerce_string(c, v, t, ret);
	case TYPE_ENUM:
		return coerce_enum(c, v, t, ret);
	case TYPE_FILE:
	case TYPE_DIR:
		return coerce_path(c, v, t, ret);
	case TYPE_LIST:
		return coerce_list(c, v, t, ret);
	case TYPE_MAP:
		return coerce_map(c, v, t, ret);
	case TYPE_RECORD:
		return coerce_record(c, v, t, ret);
	case TYPE_OPTIONAL:
		return v->kind == VALUE_NULL ? keep_if(c, true, v, t, ret) : convert_coerce(c, v, t->of, ret);
	case TYPE_SECRET:
		return keep_if(c, v->kind == VALUE_SECRET, v, t, ret);
	case TYPE_RANGE:
		return coerce_range(c, v, t, ret);
	case TYPE_ENDPOINT:
		return coerce_endpoint(c, v, t, ret);
	}
	return false;
}

bool value_coerce(struct arena *a, const struct value *v, const struct type *type, const struct value **ret, char **ret_error)
{
	struct convert c = {.arena = a};
	if (convert_coerce(&c, v, type, ret))
		return true;
	*ret_error = c.error;
	return false;
}
