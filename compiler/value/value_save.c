/* Values and types, whole and back: plain ones as themselves, the rest as a map whose first key tells the kind. */
#include "compiler/value/value.h"
#include <math.h>
#include <string.h>

static void save_unit(struct arena *a, struct doc *map, const struct unit *u)
{
	if (u)
		doc_append(a, map, "unit", doc_string(a, u->name));
}

/* Whole floats are marked, and so is what JSON has no number for. */
static struct doc *save_double(struct arena *a, double x)
{
	if (isnan(x))
		return doc_string(a, "nan");
	if (isinf(x))
		return doc_string(a, x > 0 ? "inf" : "-inf");
	return x == 0 && signbit(x) ? doc_string(a, "-0") : doc_float(a, x);
}

static bool load_double(const struct doc *d, double *ret)
{
	static const struct { const char *text; double x; } words[] = {{"nan", NAN}, {"inf", INFINITY}, {"-inf", -INFINITY}, {"-0", -0.0}};
	const char *text = doc_text(d, NULL);
	for (size_t i = 0; text && i < sizeof words / sizeof *words; i++) {
		if (strcmp(text, words[i].text) == 0) {
			*ret = words[i].x;
			return true;
		}
	}
	if (!d || (d->kind != DOC_INT && d->kind != DOC_FLOAT))
		return false;
	*ret = doc_number(d, 0);
	return true;
}

static struct doc *save_number(struct arena *a, const struct value *v)
{
	if (v->kind == VALUE_INT && !v->unit)
		return doc_int(a, v->integer);
	struct doc *map = doc_map(a);
	if (v->kind == VALUE_INT)
		doc_append(a, map, "int", doc_int(a, v->integer));
	else
		doc_append(a, map, "float", save_double(a, v->number));
	save_unit(a, map, v->unit);
	return map;
}

static struct doc *save_path(struct arena *a, const struct value *v)
{
	struct doc *map = doc_map(a);
	doc_append(a, map, v->is_dir ? "dir" : "file", doc_string(a, v->file.path));
	if (v->file.digest)
		doc_append(a, map, "digest", doc_string(a, v->file.digest));
	return map;
}

static struct doc *save_record(struct arena *a, const struct value *v)
{
	struct doc *map = doc_map(a), *fields = doc_map(a);
	for (uint32_t i = 0; i < v->record.len; i++)
		doc_append(a, fields, v->record.fields[i].name, value_save(a, v->record.fields[i].value));
	doc_append(a, map, "record", fields);
	return map;
}

struct doc *value_save(struct arena *a, const struct value *v)
{
	struct doc *d = NULL;
	switch (v->kind) {
	case VALUE_NULL:
		return doc_null(a);
	case VALUE_BOOL:
		return doc_bool(a, v->boolean);
	case VALUE_INT:
	case VALUE_FLOAT:
		return save_number(a, v);
	case VALUE_STRING:
		return doc_string_n(a, v->string.text, v->string.len);
	case VALUE_PATH:
		return save_path(a, v);
	case VALUE_LIST:
		d = doc_list(a);
		for (uint32_t i = 0; i < v->list.len; i++)
			doc_push(d, value_save(a, v->list.items[i]));
		return d;
	case VALUE_RECORD:
		return save_record(a, v);
	case VALUE_RANGE:
		d = doc_map(a);
		doc_append(a, d, "low", value_save(a, v->range.low));
		doc_append(a, d, "high", value_save(a, v->range.high));
		return d;
	case VALUE_SECRET:
		d = doc_map(a);
		doc_append(a, d, "secret", doc_string(a, v->string.text));
		return d;
	}
	return doc_null(a);
}

bool unit_load(struct arena *a, const struct doc *d, const struct unit **ret)
{
	const char *name = doc_text(d, NULL);
	size_t at, len;
	if (!d) {
		*ret = NULL;
		return true;
	}
	return name && unit_parse(a, name, strlen(name), ret, &at, &len);
}

static bool load_number(struct arena *a, const struct doc *d, const struct value **ret)
{
	const struct doc *whole = doc_get(d, "int");
	const struct unit *u;
	double x;
	if (!unit_load(a, doc_get(d, "unit"), &u))
		return false;
	if (whole && whole->kind == DOC_INT)
		*ret = value_int(a, whole->integer, u);
	else if (!whole && load_double(doc_get(d, "float"), &x))
		*ret = value_float(a, x, u);
	else
		return false;
	return true;
}

static bool load_record(struct arena *a, const struct doc *d, const struct value **ret)
{
	if (d->kind != DOC_MAP)
		return false;
	struct value_field *fields = arena_new_n(a, struct value_field, d->children.len);
	uint32_t n = 0;
	for (doc_each(member, d)) {
		fields[n].name = arena_strdup(a, member->key);
		if (!value_load(a, member, &fields[n++].value))
			return false;
	}
	*ret = value_record(a, fields, n);
	return true;
}

static bool load_list(struct arena *a, const struct doc *d, const struct value **ret)
{
	const struct value **items = arena_new_n(a, const struct value *, d->children.len);
	uint32_t n = 0;
	for (doc_each(item, d)) {
		if (!value_load(a, item, &items[n++]))
			return false;
	}
	*ret = value_list(a, items, n);
	return true;
}

static bool load_path(struct arena *a, const struct doc *d, bool is_dir, const struct value **ret)
{
	const char *path = doc_text(d->children.first, NULL);
	if (!path)
		return false;
	*ret = value_path(a, path, is_dir, doc_text(doc_get(d, "digest"), NULL));
	return true;
}

static bool load_map(struct arena *a, const struct doc *d, const struct value **ret)
{
	const struct value *low, *high;
	const char *kind = d->children.first ? d->children.first->key : "";
	if (strcmp(kind, "int") == 0 || strcmp(kind, "float") == 0)
		return load_number(a, d, ret);
	if (strcmp(kind, "file") == 0 || strcmp(kind, "dir") == 0)
		return load_path(a, d, kind[0] == 'd', ret);
	if (strcmp(kind, "record") == 0)
		return load_record(a, d->children.first, ret);
	if (strcmp(kind, "secret") == 0 && d->children.first->kind == DOC_STRING) {
		*ret = value_secret(a, d->children.first->string.text);
		return true;
	}
	if (strcmp(kind, "low") != 0 || !doc_get(d, "high") || !value_load(a, d->children.first, &low) || !value_load(a, doc_get(d, "high"), &high))
		return false;
	if (!value_is_number(low) || !value_is_number(high) || !unit_same_dim(low->unit, high->unit))
		return false;
	*ret = value_range(a, low, high);
	return true;
}

bool value_load(struct arena *a, const struct doc *d, const struct value **ret)
{
	if (!d)
		return false;
	switch (d->kind) {
	case DOC_NULL:
		*ret = &value_null;
		return true;
	case DOC_BOOL:
		*ret = value_bool(d->boolean);
		return true;
	case DOC_INT:
		*ret = value_int(a, d->integer, NULL);
		return true;
	case DOC_FLOAT:
		*ret = value_float(a, d->number, NULL);
		return true;
	case DOC_STRING:
		*ret = value_string_n(a, d->string.text, d->string.len);
		return true;
	case DOC_LIST:
		return load_list(a, d, ret);
	case DOC_MAP:
		return load_map(a, d, ret);
	}
	return false;
}

static const char *const type_names[] = {
	[TYPE_POISON] = "poison", [TYPE_ANY] = "any", [TYPE_NULL] = "null", [TYPE_BOOL] = "bool", [TYPE_INT] = "int",
	[TYPE_FLOAT] = "float", [TYPE_STRING] = "string", [TYPE_ENUM] = "enum", [TYPE_FILE] = "file", [TYPE_DIR] = "dir",
	[TYPE_LIST] = "list", [TYPE_MAP] = "map", [TYPE_RECORD] = "record", [TYPE_OPTIONAL] = "optional",
	[TYPE_SECRET] = "secret", [TYPE_RANGE] = "range", [TYPE_ENDPOINT] = "endpoint", [TYPE_THING] = "thing",
};
#define N_TYPE_KINDS (sizeof type_names / sizeof *type_names)

static struct doc *save_fields(struct arena *a, const struct type *t)
{
	struct doc *list = doc_list(a);
	for (uint32_t i = 0; i < t->n; i++) {
		const struct type_field *f = &t->fields[i];
		struct doc *map = doc_map(a);
		doc_append(a, map, "name", doc_string(a, f->name));
		doc_append(a, map, "type", type_save(a, f->type));
		if (f->doc)
			doc_append(a, map, "doc", doc_string(a, f->doc));
		if (f->has_default)
			doc_append(a, map, "default", doc_bool(a, true));
		doc_push(list, map);
	}
	return list;
}

static bool is_bare(const struct type *t)
{
	return !t->has_low && !t->has_high && !t->unit && !t->pattern && !t->of && !t->format && !t->n && !t->thing &&
	       t->kind != TYPE_RECORD && t->kind != TYPE_ENUM;
}

struct doc *type_save(struct arena *a, const struct type *t)
{
	if (is_bare(t))
		return doc_string(a, type_names[t->kind]);
	struct doc *d = doc_map(a);
	doc_append(a, d, "kind", doc_string(a, type_names[t->kind]));
	if (t->has_low)
		doc_append(a, d, "low", save_double(a, t->low));
	if (t->has_high)
		doc_append(a, d, "high", save_double(a, t->high));
	save_unit(a, d, t->unit);
	if (t->pattern)
		doc_append(a, d, "pattern", doc_string(a, t->pattern));
	if (t->of)
		doc_append(a, d, "of", type_save(a, t->of));
	if (t->format)
		doc_append(a, d, "format", doc_string(a, t->format->name));
	if (t->thing)
		doc_append(a, d, "thing", doc_string(a, t->thing));
	if (t->kind == TYPE_RECORD)
		doc_append(a, d, "fields", save_fields(a, t));
	if (t->kind == TYPE_ENUM) {
		struct doc *members = doc_list(a);
		for (uint32_t i = 0; i < t->n; i++)
			doc_push(members, doc_string(a, t->members[i]));
		doc_append(a, d, "members", members);
	}
	return d;
}

static bool find_kind(const char *name, enum type_kind *ret)
{
	for (size_t i = 0; name && i < N_TYPE_KINDS; i++) {
		if (strcmp(type_names[i], name) == 0) {
			*ret = (enum type_kind)i;
			return true;
		}
	}
	return false;
}

static bool load_members(struct arena *a, const struct doc *list, struct type *t)
{
	if (!list || list->kind != DOC_LIST)
		return false;
	t->members = arena_new_n(a, const char *, list->children.len);
	for (doc_each(item, list)) {
		if (item->kind != DOC_STRING)
			return false;
		t->members[t->n++] = arena_strdup(a, item->string.text);
	}
	return true;
}

static bool load_fields(struct arena *a, const struct doc *list, const struct map *formats, struct type *t)
{
	if (!list || list->kind != DOC_LIST)
		return false;
	struct type_field *fields = arena_new_n(a, struct type_field, list->children.len);
	t->fields = fields;
	for (doc_each(item, list)) {
		struct type_field *f = &fields[t->n++];
		const char *name = doc_text(doc_get(item, "name"), NULL), *doc = doc_text(doc_get(item, "doc"), NULL);
		if (!name || !type_load(a, doc_get(item, "type"), formats, &f->type))
			return false;
		f->name = arena_strdup(a, name);
		f->doc = doc ? arena_strdup(a, doc) : NULL;
		f->has_default = doc_truth(doc_get(item, "default"), false);
	}
	return true;
}

static bool needs_element(enum type_kind kind)
{
	return kind == TYPE_LIST || kind == TYPE_MAP || kind == TYPE_OPTIONAL || kind == TYPE_SECRET || kind == TYPE_RANGE;
}

static bool load_numbers(struct arena *a, const struct doc *d, struct type *t)
{
	const struct doc *low = doc_get(d, "low"), *high = doc_get(d, "high");
	t->has_low = low != NULL;
	t->has_high = high != NULL;
	return unit_load(a, doc_get(d, "unit"), &t->unit) && (!low || load_double(low, &t->low)) && (!high || load_double(high, &t->high));
}

static bool load_texts(struct arena *a, const struct doc *d, const struct map *formats, struct type *t)
{
	const char *format = doc_text(doc_get(d, "format"), NULL), *pattern = doc_text(doc_get(d, "pattern"), NULL);
	const char *thing = doc_text(doc_get(d, "thing"), NULL);
	t->pattern = pattern ? arena_strdup(a, pattern) : NULL;
	t->thing = thing ? arena_strdup(a, thing) : NULL;
	t->format = format ? map_get(formats, format) : NULL;
	return (!format || t->format) && (t->kind != TYPE_THING || thing);
}

bool type_load(struct arena *a, const struct doc *d, const struct map *formats, const struct type **ret)
{
	struct type *t = arena_new(a, struct type);
	bool bare = d && d->kind == DOC_STRING;
	if (!find_kind(doc_text(bare ? d : doc_get(d, "kind"), NULL), &t->kind))
		return false;
	if (!load_numbers(a, d, t) || !load_texts(a, d, formats, t))
		return false;
	if (needs_element(t->kind) && !type_load(a, doc_get(d, "of"), formats, &t->of))
		return false;
	if (t->kind == TYPE_ENUM && !load_members(a, doc_get(d, "members"), t))
		return false;
	if (t->kind == TYPE_RECORD && !load_fields(a, doc_get(d, "fields"), formats, t))
		return false;
	*ret = t;
	return true;
}
