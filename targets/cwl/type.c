/* Types and constant values in CWL's words. */
#include "targets/cwl/cwl.h"
#include "compiler/base/file.h"
#include <string.h>

const struct type *cwl_strip(const struct type *t)
{
	while (t->kind == TYPE_OPTIONAL || t->kind == TYPE_SECRET)
		t = t->of;
	return t;
}

bool cwl_is_null(const struct type *t)
{
	return t->kind == TYPE_OPTIONAL || t->kind == TYPE_NULL || t->kind == TYPE_ANY;
}

const struct type *cwl_member_type(struct cwl *c, const struct type *t, const char *name)
{
	const struct type_field *field;

	if (!name)
		return t;
	if (t->kind == TYPE_OPTIONAL)
		return type_optional(c->arena, cwl_member_type(c, t->of, name));
	if (t->kind == TYPE_LIST)
		return type_list(c->arena, cwl_member_type(c, t->of, name));
	field = t->kind == TYPE_RECORD ? type_field(t, name) : NULL;
	return field ? field->type : &type_any;
}

static struct doc *record_type(struct cwl *c, const struct type *t)
{
	struct doc *d = doc_map(c->arena), *fields = doc_map(c->arena);

	doc_set(c->arena, d, "type", doc_string(c->arena, "record"));
	for (uint32_t i = 0; i < t->n; i++)
		doc_set(c->arena, fields, t->fields[i].name, cwl_parameter(c, t->fields[i].type));
	doc_set(c->arena, d, "fields", fields);
	return d;
}

static struct doc *range_type(struct cwl *c, const struct type *t)
{
	struct type_field fields[] = { { .name = "low", .type = t->of }, { .name = "high", .type = t->of } };

	return record_type(c, type_record(c->arena, arena_copy(c->arena, fields, sizeof(fields)), 2, NULL));
}

static struct doc *enum_type(struct cwl *c, const struct type *t)
{
	struct doc *d = doc_map(c->arena), *symbols = doc_list(c->arena);

	doc_set(c->arena, d, "type", doc_string(c->arena, "enum"));
	for (uint32_t i = 0; i < t->n; i++)
		doc_push(symbols, doc_string(c->arena, t->members[i]));
	doc_set(c->arena, d, "symbols", symbols);
	return d;
}

static struct doc *type_doc(struct cwl *c, const struct type *t, bool short_form);

/* "File[]" where the element is a word and a short form may stand, else the long form. */
static struct doc *array_type(struct cwl *c, const struct type *t, bool short_form)
{
	struct doc *of = type_doc(c, t->of, false), *d;

	if (of->kind == DOC_STRING && short_form)
		return doc_printf(c->arena, "%s[]", of->string.text);
	d = doc_map(c->arena);
	doc_set(c->arena, d, "type", doc_string(c->arena, "array"));
	doc_set(c->arena, d, "items", of);
	return d;
}

static struct doc *optional_type(struct cwl *c, const struct type *t, bool short_form)
{
	struct doc *of = type_doc(c, t->of, short_form), *d;

	if (of->kind == DOC_LIST || (of->kind == DOC_STRING && strcmp(of->string.text, "null") == 0))
		return of;
	if (of->kind == DOC_STRING && short_form)
		return strchr(of->string.text, '?') ? of : doc_printf(c->arena, "%s?", of->string.text);
	d = doc_list(c->arena);
	doc_push(d, doc_string(c->arena, "null"));
	doc_push(d, of);
	return d;
}

/* What is not looked into: a map, for which CWL has no type, or the element of []. */
static struct doc *any_type(struct cwl *c, bool null, bool short_form)
{
	struct doc *d = doc_list(c->arena);

	if (!null || short_form)
		return doc_string(c->arena, null ? "Any?" : "Any");
	doc_push(d, doc_string(c->arena, "null"));
	doc_push(d, doc_string(c->arena, "Any"));
	return d;
}

/* Words with `[]` and `?` are understood right behind `type:` only. */
static struct doc *type_doc(struct cwl *c, const struct type *t, bool short_form)
{
	switch (t->kind) {
	case TYPE_NULL:
		return doc_string(c->arena, "null");
	case TYPE_BOOL:
		return doc_string(c->arena, "boolean");
	case TYPE_INT:
		return doc_string(c->arena, "long");
	case TYPE_FLOAT:
		return doc_string(c->arena, "double");
	case TYPE_STRING:
	case TYPE_ENDPOINT:
	case TYPE_THING:
		return doc_string(c->arena, "string");
	case TYPE_ENUM:
		return enum_type(c, t);
	case TYPE_FILE:
		return doc_string(c->arena, "File");
	case TYPE_DIR:
		return doc_string(c->arena, "Directory");
	case TYPE_LIST:
		return array_type(c, t, short_form);
	case TYPE_RECORD:
		return record_type(c, t);
	case TYPE_OPTIONAL:
		return optional_type(c, t, short_form);
	case TYPE_SECRET:
		return type_doc(c, t->of, short_form);
	case TYPE_RANGE:
		return range_type(c, t);
	case TYPE_MAP:
		return any_type(c, false, short_form);
	case TYPE_POISON:
	case TYPE_ANY:
		return any_type(c, true, short_form);
	}
	return any_type(c, true, short_form);
}

struct doc *cwl_type(struct cwl *c, const struct type *t)
{
	return type_doc(c, t, true);
}

struct doc *cwl_parameter(struct cwl *c, const struct type *t)
{
	struct doc *type = cwl_type(c, t), *d;

	if (type->kind == DOC_STRING)
		return type;
	d = doc_map(c->arena);
	doc_set(c->arena, d, "type", type);
	return d;
}

/* Neither `null` nor an unknown element hides another kind of value. */
static bool same_kind(struct cwl *c, const struct type *from, const struct type *to)
{
	from = cwl_strip(from);
	to = cwl_strip(to);
	if (from->kind == TYPE_LIST && to->kind == TYPE_LIST)
		return (!cwl_is_null(from->of) || cwl_is_null(to->of)) && same_kind(c, from->of, to->of);
	if (from->kind == TYPE_RECORD || to->kind == TYPE_RECORD)
		return from->kind == to->kind && doc_equal(cwl_type(c, from), cwl_type(c, to));
	return from->kind == to->kind;
}

bool cwl_type_fits(struct cwl *c, const struct type *from, const struct type *to)
{
	if (to->kind == TYPE_ANY || cwl_strip(to)->kind == TYPE_MAP)
		return true;
	return (!cwl_is_null(from) || cwl_is_null(to)) && same_kind(c, from, to);
}

/* A location is a URI: what is no letter of a path's is escaped. */
static const char *location(struct cwl *c, const char *path, const char *folder)
{
	struct buf b = { 0 };
	const char *ret, *full = path[0] == '/' ? path : file_join(c->arena, c->request->here, path);

	buf_percent(&b, target_path_from(c->arena, folder, full), "/._-");
	ret = arena_strndup(c->arena, buf_text(&b), b.len);
	buf_finish(&b);
	return ret;
}

static struct doc *path_value(struct cwl *c, const struct value *v, const char *folder)
{
	struct doc *d = doc_map(c->arena);

	doc_set(c->arena, d, "class", doc_string(c->arena, v->is_dir ? "Directory" : "File"));
	doc_set(c->arena, d, "location", doc_string(c->arena, location(c, v->file.path, folder)));
	return d;
}

struct doc *cwl_value(struct cwl *c, const struct value *v, const struct type *t, const char *folder)
{
	const struct type *of = t ? cwl_strip(t) : NULL;
	struct doc *d;

	switch (v->kind) {
	case VALUE_PATH:
		return path_value(c, v, folder);
	case VALUE_LIST:
		d = doc_list(c->arena);
		for (uint32_t i = 0; i < v->list.len; i++)
			doc_push(d, cwl_value(c, v->list.items[i], of && of->kind == TYPE_LIST ? of->of : NULL, folder));
		return d;
	case VALUE_RECORD:
		d = doc_map(c->arena);
		for (uint32_t i = 0; i < v->record.len; i++) {
			const struct value_field *f = &v->record.fields[i];
			const struct type_field *tf = of && of->kind == TYPE_RECORD ? type_field(of, f->name) : NULL;
			doc_set(c->arena, d, f->name, cwl_value(c, f->value, tf ? tf->type : of && of->kind == TYPE_MAP ? of->of : NULL, folder));
		}
		return d;
	case VALUE_NULL:
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_FLOAT:
	case VALUE_STRING:
	case VALUE_RANGE:
	case VALUE_SECRET:
		break;
	}
	return value_to_doc(c->arena, v, of);
}

static bool reads_asset(const struct expr *e)
{
	if (e->op == EXPR_ASSET)
		return true;
	for (uint16_t i = 0; i < e->n; i++)
		if (e->args[i] && reads_asset(e->args[i]))
			return true;
	return false;
}

const struct value *cwl_constant(struct cwl *c, const struct expr *e, const struct type *to, bool with_params)
{
	struct eval ev = { .arena = c->arena, .ctx = &c->plan, .param = with_params ? target_param : NULL };
	const struct value *v;
	char *error;

	if (reads_asset(e) || eval_expr(&ev, e, &v) != EVAL_OK)
		return NULL;
	if (to && v->kind != VALUE_NULL && !value_coerce(c->arena, v, to, &v, &error))
		return NULL;
	return v;
}

const char *cwl_name(struct cwl *c, struct map *names, const char *wanted)
{
	char *name = arena_strdup(c->arena, *wanted ? wanted : "x");
	const char *ret = name;

	for (char *p = name; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '_'))
			*p = '_';
	for (uint32_t i = 2; map_get(names, ret); i++)
		ret = arena_printf(c->arena, "%s_%u", name, i);
	map_set(names, ret, name);
	return ret;
}
