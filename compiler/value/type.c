#include "compiler/value/type.h"
#include <string.h>

const struct type type_poison = {.kind = TYPE_POISON}, type_any = {.kind = TYPE_ANY}, type_null = {.kind = TYPE_NULL},
	type_bool = {.kind = TYPE_BOOL}, type_int = {.kind = TYPE_INT}, type_float = {.kind = TYPE_FLOAT},
	type_string = {.kind = TYPE_STRING}, type_endpoint = {.kind = TYPE_ENDPOINT};

bool format_is(const struct format *f, const struct format *wanted)
{
	if (!wanted)
		return true;
	while (f && f != wanted && strcmp(f->name, wanted->name) != 0)
		f = f->parent;
	return f != NULL;
}

const struct type *type_with(struct arena *a, enum type_kind kind, const struct type *of)
{
	struct type *t = arena_new(a, struct type);
	t->kind = kind;
	t->of = of;
	return t;
}

const struct type *type_list(struct arena *a, const struct type *of)
{
	return type_with(a, TYPE_LIST, of);
}

const struct type *type_map(struct arena *a, const struct type *of)
{
	return type_with(a, TYPE_MAP, of);
}

const struct type *type_optional(struct arena *a, const struct type *of)
{
	bool already = of->kind == TYPE_OPTIONAL || of->kind == TYPE_NULL || of->kind == TYPE_POISON;
	return already ? of : type_with(a, TYPE_OPTIONAL, of);
}

const struct type *type_number(struct arena *a, enum type_kind kind, const struct unit *unit)
{
	if (!unit)
		return kind == TYPE_INT ? &type_int : &type_float;
	struct type *t = arena_new(a, struct type);
	t->kind = kind;
	t->unit = unit;
	return t;
}

const struct type *type_path(struct arena *a, enum type_kind kind, const struct format *format)
{
	struct type *t = arena_new(a, struct type);
	t->kind = kind;
	t->format = format;
	return t;
}

const struct type *type_record(struct arena *a, const struct type_field *fields, uint32_t n, const char *thing)
{
	struct type *t = arena_new(a, struct type);
	t->kind = TYPE_RECORD;
	t->fields = fields;
	t->n = n;
	t->thing = thing;
	return t;
}

const struct type_field *type_field(const struct type *record, const char *name)
{
	for (uint32_t i = 0; i < record->n; i++) {
		if (strcmp(record->fields[i].name, name) == 0)
			return &record->fields[i];
	}
	return NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool equal_numbers(const struct type *a, const struct type *b)
{
	return unit_equal(a->unit, b->unit) && a->has_low == b->has_low && a->has_high == b->has_high &&
	       (!a->has_low || a->low == b->low) && (!a->has_high || a->high == b->high);
}

static bool equal_fields(const struct type *a, const struct type *b)
{
	if (a->n != b->n || !same_text(a->thing, b->thing))
		return false;
	for (uint32_t i = 0; i < a->n; i++) {
		const struct type_field *x = &a->fields[i], *y = &b->fields[i];
		if (strcmp(x->name, y->name) != 0 || x->has_default != y->has_default || !type_equal(x->type, y->type))
			return false;
	}
	return true;
}

static bool has_member(const struct type *t, const char *member)
{
	uint32_t i = 0;
	while (i < t->n && strcmp(t->members[i], member) != 0)
		i++;
	return i < t->n;
}

static bool includes_members(const struct type *t, const struct type *other)
{
	uint32_t i = 0;
	while (i < other->n && has_member(t, other->members[i]))
		i++;
	return i == other->n;
}

bool type_equal(const struct type *a, const struct type *b)
{
	if (a == b)
		return true;
	if (!a || !b || a->kind != b->kind)
		return false;
	switch (a->kind) {
	case TYPE_POISON:
	case TYPE_ANY:
	case TYPE_NULL:
	case TYPE_BOOL:
	case TYPE_ENDPOINT:
		return true;
	case TYPE_INT:
	case TYPE_FLOAT:
		return equal_numbers(a, b);
	case TYPE_STRING:
		return same_text(a->pattern, b->pattern);
	case TYPE_ENUM:
		return a->n == b->n && includes_members(a, b);
	case TYPE_FILE:
	case TYPE_DIR:
		return a->format == b->format || (a->format && b->format && strcmp(a->format->name, b->format->name) == 0);
	case TYPE_LIST:
	case TYPE_MAP:
	case TYPE_OPTIONAL:
	case TYPE_SECRET:
	case TYPE_RANGE:
		return type_equal(a->of, b->of);
	case TYPE_RECORD:
		return equal_fields(a, b);
	case TYPE_THING:
		return same_text(a->thing, b->thing);
	}
	return false;
}

static bool record_assignable(const struct type *from, const struct type *to)
{
	if (from->kind != TYPE_RECORD)
		return false;
	for (uint32_t i = 0; i < to->n; i++) {
		const struct type_field *wanted = &to->fields[i], *f = type_field(from, wanted->name);
		bool may_lack = wanted->has_default || wanted->type->kind == TYPE_OPTIONAL;
		if (f ? !type_assignable(f->type, wanted->type) : !may_lack)
			return false;
	}
	return true;
}

static bool map_assignable(const struct type *from, const struct type *to)
{
	if (from->kind == TYPE_MAP)
		return type_assignable(from->of, to->of);
	bool fine = from->kind == TYPE_RECORD;
	for (uint32_t i = 0; fine && i < from->n; i++)
		fine = type_assignable(from->fields[i].type, to->of);
	return fine;
}

bool type_assignable(const struct type *from, const struct type *to)
{
	if (from->kind == TYPE_POISON || from->kind == TYPE_ANY)
		return true;
	if (from->kind == TYPE_OPTIONAL && to->kind != TYPE_OPTIONAL)
		return to->kind == TYPE_POISON || to->kind == TYPE_ANY;
	switch (to->kind) {
	case TYPE_POISON:
	case TYPE_ANY:
		return true;
	case TYPE_NULL:
	case TYPE_BOOL:
		return from->kind == to->kind;
	case TYPE_INT:
		return from->kind == TYPE_INT && unit_same_dim(from->unit, to->unit);
	case TYPE_FLOAT:
		return (from->kind == TYPE_INT || from->kind == TYPE_FLOAT) && unit_same_dim(from->unit, to->unit);
	case TYPE_STRING:
		return from->kind == TYPE_STRING || from->kind == TYPE_ENUM || from->kind == TYPE_ENDPOINT;
	case TYPE_ENDPOINT:
		return from->kind == TYPE_STRING || from->kind == TYPE_ENDPOINT;
	case TYPE_ENUM:
		return from->kind == TYPE_ENUM && includes_members(to, from);
	case TYPE_FILE:
	case TYPE_DIR:
		return from->kind == to->kind && format_is(from->format, to->format);
	case TYPE_LIST:
	case TYPE_SECRET:
		return from->kind == to->kind && type_assignable(from->of, to->of);
	case TYPE_MAP:
		return map_assignable(from, to);
	case TYPE_RECORD:
		return record_assignable(from, to);
	case TYPE_OPTIONAL:
		return from->kind == TYPE_NULL || type_assignable(from->kind == TYPE_OPTIONAL ? from->of : from, to->of);
	case TYPE_RANGE:
		return type_assignable(from->kind == TYPE_RANGE ? from->of : from, to->of);
	case TYPE_THING:
		return from->kind == TYPE_THING && same_text(from->thing, to->thing);
	}
	return false;
}

static void show_number(const struct type *t, struct buf *ret)
{
	static const char *const aliases[][2] = {{"s", "duration"}, {"B", "size"}, {"1/s", "rate"}, {"B/s", "throughput"}};
	for (size_t i = 0; t->kind == TYPE_FLOAT && t->unit && i < sizeof aliases / sizeof *aliases; i++) {
		if (strcmp(t->unit->name, aliases[i][0]) == 0) {
			buf_puts(ret, aliases[i][1]);
			return;
		}
	}
	buf_puts(ret, t->kind == TYPE_INT ? "int" : "float");
	if (t->unit)
		buf_printf(ret, "<%s>", t->unit->name);
}

static void show_bounds(const struct type *t, struct buf *ret)
{
	if (!t->has_low && !t->has_high)
		return;
	buf_puts(ret, " in ");
	if (t->has_low)
		unit_show(t->low, t->unit, ret);
	buf_puts(ret, "..");
	if (t->has_high)
		unit_show(t->high, t->unit, ret);
}

static void show_quoted(const char *text, struct buf *ret)
{
	buf_putc(ret, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_putc(ret, '\\');
		buf_putc(ret, *text);
	}
	buf_putc(ret, '"');
}

static void show_of(const char *name, const struct type *of, struct buf *ret)
{
	buf_printf(ret, "%s<", name);
	type_show(of, ret);
	buf_putc(ret, '>');
}

static void show_record(const struct type *t, struct buf *ret)
{
	if (t->thing) {
		buf_puts(ret, t->thing);
		return;
	}
	buf_puts(ret, "{ ");
	for (uint32_t i = 0; i < t->n; i++) {
		buf_printf(ret, "%s%s: ", i ? ", " : "", t->fields[i].name);
		type_show(t->fields[i].type, ret);
	}
	buf_puts(ret, t->n ? " }" : "}");
}

void type_show(const struct type *t, struct buf *ret)
{
	switch (t->kind) {
	case TYPE_POISON:
		buf_puts(ret, "unknown");
		break;
	case TYPE_ANY:
		buf_puts(ret, "anything");
		break;
	case TYPE_NULL:
		buf_puts(ret, "null");
		break;
	case TYPE_BOOL:
		buf_puts(ret, "bool");
		break;
	case TYPE_INT:
	case TYPE_FLOAT:
		show_number(t, ret);
		show_bounds(t, ret);
		break;
	case TYPE_STRING:
		buf_puts(ret, t->pattern ? "string matching " : "string");
		if (t->pattern)
			show_quoted(t->pattern, ret);
		break;
	case TYPE_ENUM:
		for (uint32_t i = 0; i < t->n; i++) {
			buf_puts(ret, i ? " | " : "");
			show_quoted(t->members[i], ret);
		}
		break;
	case TYPE_FILE:
	case TYPE_DIR:
		buf_puts(ret, t->kind == TYPE_FILE ? "file" : "dir");
		if (t->format)
			buf_printf(ret, "<%s>", t->format->name);
		break;
	case TYPE_LIST:
		show_of("list", t->of, ret);
		break;
	case TYPE_MAP:
		show_of("map", t->of, ret);
		break;
	case TYPE_SECRET:
		show_of("secret", t->of, ret);
		break;
	case TYPE_RANGE:
		show_of("range", t->of, ret);
		break;
	case TYPE_RECORD:
		show_record(t, ret);
		break;
	case TYPE_OPTIONAL:
		type_show(t->of, ret);
		buf_putc(ret, '?');
		break;
	case TYPE_ENDPOINT:
		buf_puts(ret, "endpoint");
		break;
	case TYPE_THING:
		buf_puts(ret, t->thing ? t->thing : "thing");
		break;
	}
}

const char *type_text(struct arena *a, const struct type *t)
{
	struct buf b = {0};
	type_show(t, &b);
	const char *text = arena_strndup(a, buf_text(&b), b.len);
	buf_finish(&b);
	return text;
}

static const struct type *bare(const struct type *t)
{
	while (t->kind == TYPE_OPTIONAL || t->kind == TYPE_SECRET)
		t = t->of;
	return t;
}

bool type_same_units(const struct type *a, const struct type *b)
{
	const struct type_field *f;
	bool ret = true;
	a = bare(a);
	b = bare(b);
	for (uint32_t i = 0; a->kind == TYPE_RECORD && b->kind == TYPE_RECORD && i < a->n; i++)
		if ((f = type_field(b, a->fields[i].name)) != NULL)
			ret = ret && type_same_units(a->fields[i].type, f->type);
	if (a->kind == b->kind && (a->kind == TYPE_MAP || a->kind == TYPE_LIST || a->kind == TYPE_RANGE))
		return type_same_units(a->of, b->of);
	bool numbers = (a->kind == TYPE_INT || a->kind == TYPE_FLOAT) && (b->kind == TYPE_INT || b->kind == TYPE_FLOAT);
	return ret && (!numbers || unit_equal(a->unit, b->unit));
}
