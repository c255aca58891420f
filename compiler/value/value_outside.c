/* Values from and to the world outside: inputs files, metrics, the command line, output objects. */
#include "compiler/value/convert.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What stands behind `?` and range<>. */
static const struct type *strip(const struct type *t)
{
	while (t && (t->kind == TYPE_OPTIONAL || t->kind == TYPE_RANGE))
		t = t->of;
	return t;
}

static bool is_number_type(const struct type *t)
{
	return t && (t->kind == TYPE_INT || t->kind == TYPE_FLOAT);
}

static size_t number_len(const char *text, bool *ret_is_int)
{
	const char *s = text;
	s += *s == '-' || *s == '+';
	size_t whole = strspn(s, "0123456789"), part = 0;
	s += whole;
	*ret_is_int = *s != '.';
	if (*s == '.')
		part = strspn(++s, "0123456789");
	s += part;
	if (whole == 0 || (!*ret_is_int && part == 0))
		return 0;
	if (*s == 'e' || *s == 'E') {
		size_t sign = s[1] == '-' || s[1] == '+', digits = strspn(s + 1 + sign, "0123456789");
		if (digits) {
			*ret_is_int = false;
			s += 1 + sign + digits;
		}
	}
	return (size_t)(s - text);
}

/* "72h", "-3", "75%", "40/day"; false without an error where the text is no number at all. */
static bool read_number(struct convert *c, const char *text, const struct value **ret)
{
	bool is_int;
	size_t len = number_len(text, &is_int);
	if (len == 0)
		return false;
	const char *name = text + len;
	const struct unit *u = NULL;
	size_t bad_at, bad_len;
	if (*name && !unit_parse(c->arena, name, strlen(name), &u, &bad_at, &bad_len))
		return convert_fail(c, "\"%s\" is no number with a unit: there is no unit \"%.*s\"", text, (int)bad_len, name + bad_at);
	const char *digits = arena_strndup(c->arena, text, len);
	errno = 0;
	int64_t n = is_int ? strtoll(digits, NULL, 10) : 0;
	if (is_int && errno == 0)
		*ret = value_int(c->arena, n, u);
	else
		*ret = value_float(c->arena, strtod(digits, NULL), u);
	if ((*ret)->kind == VALUE_FLOAT && !isfinite((*ret)->number))
		return convert_fail(c, "%s is too large", text);
	return true;
}

/* "2..10" or one number. */
static bool read_range(struct convert *c, const char *text, const struct value **ret)
{
	const char *dots = strstr(text, "..");
	if (!dots)
		return read_number(c, text, ret);
	const struct value *low, *high;
	if (!read_number(c, arena_strndup(c->arena, text, (size_t)(dots - text)), &low) || !read_number(c, dots + 2, &high))
		return false;
	*ret = value_range(c->arena, low, high);
	return true;
}

static bool from_doc(struct convert *c, const struct doc *d, const struct type *t, const struct value **ret);

static bool from_string(struct convert *c, const struct doc *d, const struct type *t, const struct value **ret)
{
	if (is_number_type(strip(t))) {
		if (read_range(c, d->string.text, ret))
			return true;
		return c->error ? false : convert_fail(c, "\"%s\" is no %s", d->string.text, type_text(c->arena, t));
	}
	*ret = value_string_n(c->arena, d->string.text, d->string.len);
	return true;
}

static const struct type *element_type(const struct type *t)
{
	return t && (t->kind == TYPE_LIST || t->kind == TYPE_MAP) ? t->of : NULL;
}

static bool from_list(struct convert *c, const struct doc *d, const struct type *t, const struct value **ret)
{
	const struct value **items = arena_new_n(c->arena, const struct value *, d->children.len);
	uint32_t n = 0;
	for (doc_each(item, d)) {
		if (!from_doc(c, item, element_type(strip(t)), &items[n]))
			return convert_fail(c, "element %u: %s", n, c->error);
		n++;
	}
	*ret = value_list(c->arena, items, n);
	return true;
}

/* {"class": "File", "path": ...} as CWL says it; "location" may be a file URL. */
static bool from_class(struct convert *c, const struct doc *d, const struct value **ret)
{
	const char *class = doc_text(doc_get(d, "class"), ""), *path = doc_text(doc_get(d, "path"), NULL);
	if (!path)
		path = doc_text(doc_get(d, "location"), NULL);
	bool is_dir = strcmp(class, "Directory") == 0;
	if (!path || (!is_dir && strcmp(class, "File") != 0))
		return convert_fail(c, "a file is given as {\"class\": \"File\", \"path\": \"...\"} or as its path");
	if (strncmp(path, "file://", 7) == 0)
		path += 7;
	*ret = value_path(c->arena, c->folder ? file_join(c->arena, c->folder, path) : path, is_dir, NULL);
	return true;
}

static bool from_map(struct convert *c, const struct doc *d, const struct type *t, const struct value **ret)
{
	const struct type *wanted = strip(t);
	if ((wanted && (wanted->kind == TYPE_FILE || wanted->kind == TYPE_DIR)) || (!wanted && doc_get(d, "class")))
		return from_class(c, d, ret);
	if (is_number_type(wanted) && doc_get(d, "low") && doc_get(d, "high") && d->children.len == 2) {
		const struct value *low, *high;
		if (!from_doc(c, doc_get(d, "low"), wanted, &low) || !from_doc(c, doc_get(d, "high"), wanted, &high))
			return false;
		*ret = value_range(c->arena, low, high);
		return true;
	}
	struct value_field *fields = arena_new_n(c->arena, struct value_field, d->children.len);
	uint32_t n = 0;
	for (doc_each(member, d)) {
		const struct type_field *f = wanted && wanted->kind == TYPE_RECORD ? type_field(wanted, member->key) : NULL;
		fields[n].name = arena_strdup(c->arena, member->key);
		if (!from_doc(c, member, f ? f->type : element_type(wanted), &fields[n].value))
			return convert_fail(c, "%s: %s", member->key, c->error);
		n++;
	}
	*ret = value_record(c->arena, fields, n);
	return true;
}

/* The value that the document says, read as the type suggests but not yet brought to it. */
static bool from_doc(struct convert *c, const struct doc *d, const struct type *t, const struct value **ret)
{
	const struct unit *u = is_number_type(strip(t)) ? strip(t)->unit : NULL; /* plain numbers are in it */
	switch (d->kind) {
	case DOC_NULL:
		*ret = &value_null;
		return true;
	case DOC_BOOL:
		*ret = value_bool(d->boolean);
		return true;
	case DOC_INT:
		*ret = value_int(c->arena, d->integer, u);
		return true;
	case DOC_FLOAT:
		if (!isfinite(d->number))
			return convert_fail(c, "a number must be finite");
		*ret = value_float(c->arena, d->number, u);
		return true;
	case DOC_STRING:
		return from_string(c, d, t, ret);
	case DOC_LIST:
		return from_list(c, d, t, ret);
	case DOC_MAP:
		return from_map(c, d, t, ret);
	}
	return false;
}

static bool read_doc(struct convert *c, const struct doc *d, const struct type *t, const struct value **ret)
{
	const struct value *v;
	return from_doc(c, d, t, &v) && (!t || convert_coerce(c, v, t, &v)) && (*ret = v, true);
}

bool value_from_doc(struct arena *a, const struct doc *d, const struct type *type, const char *folder, const struct value **ret, char **ret_error)
{
	struct convert c = {.arena = a, .folder = folder};
	bool fine = read_doc(&c, d, type, ret);
	if (!fine)
		*ret_error = c.error;
	return fine;
}

static bool read_json(struct convert *c, const char *text, const struct type *t, const struct value **ret)
{
	struct doc *d;
	char *error;
	if (!doc_json_read(c->arena, text, strlen(text), &d, &error))
		return convert_fail(c, "expected %s as JSON, such as [\"a\", \"b\"] (%s)", type_text(c->arena, t), error);
	return read_doc(c, d, t, ret);
}

static bool from_text(struct convert *c, const char *text, const struct type *t, const struct value **ret)
{
	const struct value *v = NULL;
	switch (t->kind) {
	case TYPE_POISON:
	case TYPE_ANY:
	case TYPE_STRING:
	case TYPE_ENUM:
	case TYPE_FILE:
	case TYPE_DIR:
	case TYPE_ENDPOINT:
	case TYPE_THING:
		v = value_string(c->arena, text);
		break;
	case TYPE_NULL:
	case TYPE_BOOL:
		v = strcmp(text, "true") == 0 ? &value_true : strcmp(text, "false") == 0 ? &value_false : strcmp(text, "null") == 0 ? &value_null : NULL;
		break;
	case TYPE_INT:
	case TYPE_FLOAT:
	case TYPE_RANGE:
		if (!(t->kind == TYPE_RANGE ? read_range : read_number)(c, text, &v) && c->error)
			return false;
		break;
	case TYPE_LIST:
	case TYPE_MAP:
	case TYPE_RECORD:
		return read_json(c, text, t, ret);
	case TYPE_OPTIONAL:
		if (strcmp(text, "null") == 0 && t->of->kind != TYPE_STRING) {
			*ret = &value_null;
			return true;
		}
		return from_text(c, text, t->of, ret);
	case TYPE_SECRET:
		return convert_fail(c, "a secret is bound by --secret only");
	}
	if (!v)
		return convert_fail(c, "\"%s\" is no %s", text, type_text(c->arena, t));
	return convert_coerce(c, v, t, ret);
}

bool value_from_text(struct arena *a, const char *text, const struct type *type, const char *folder, const struct value **ret, char **ret_error)
{
	struct convert c = {.arena = a, .folder = folder};
	bool fine = from_text(&c, text, type, ret);
	if (!fine)
		*ret_error = c.error;
	return fine;
}

static struct doc *number_to_doc(struct arena *a, const struct value *v, const struct type *t)
{
	const struct unit *u = is_number_type(t) ? t->unit : v->unit;
	int64_t n;
	double x;
	if (v->kind == VALUE_INT && value_int_in(v, u, &n))
		return doc_int(a, n);
	return doc_float(a, value_number_in(v, u, &x) ? x : value_number(v));
}

static struct doc *record_to_doc(struct arena *a, const struct value *v, const struct type *t)
{
	struct doc *map = doc_map(a);
	for (uint32_t i = 0; i < v->record.len; i++) {
		const struct value_field *field = &v->record.fields[i];
		const struct type_field *f = t && t->kind == TYPE_RECORD ? type_field(t, field->name) : NULL;
		doc_append(a, map, field->name, value_to_doc(a, field->value, f ? f->type : element_type(t)));
	}
	return map;
}

struct doc *value_to_doc(struct arena *a, const struct value *v, const struct type *type)
{
	const struct type *t = strip(type);
	struct doc *d = NULL;
	switch (v->kind) {
	case VALUE_NULL:
		return doc_null(a);
	case VALUE_BOOL:
		return doc_bool(a, v->boolean);
	case VALUE_INT:
	case VALUE_FLOAT:
		return number_to_doc(a, v, t);
	case VALUE_STRING:
		return doc_string_n(a, v->string.text, v->string.len);
	case VALUE_PATH:
		d = doc_map(a);
		doc_append(a, d, "class", doc_string(a, v->is_dir ? "Directory" : "File"));
		doc_append(a, d, "path", doc_string(a, v->file.path));
		return d;
	case VALUE_LIST:
		d = doc_list(a);
		for (uint32_t i = 0; i < v->list.len; i++)
			doc_push(d, value_to_doc(a, v->list.items[i], element_type(t)));
		return d;
	case VALUE_RECORD:
		return record_to_doc(a, v, t);
	case VALUE_RANGE:
		d = doc_map(a);
		doc_append(a, d, "low", value_to_doc(a, v->range.low, t));
		doc_append(a, d, "high", value_to_doc(a, v->range.high, t));
		return d;
	case VALUE_SECRET:
		d = doc_map(a);
		doc_append(a, d, "secret", doc_string(a, v->string.text));
		return d;
	}
	return doc_null(a);
}
