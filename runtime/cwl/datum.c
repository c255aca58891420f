/* Documents as values of CWL. */
#include "runtime/cwl/inside.h"
#include "compiler/base/number.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

bool tool_fail(struct tool *t, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (!t->error)
		t->error = arena_vprintf(t->arena, format, args);
	va_end(args);
	return false;
}

void datum_put(struct tool *t, struct doc *map, const char *key, struct doc *value)
{
	struct doc *old = doc_get(map, key);
	if (value->next || value->key)
		value = doc_copy(t->arena, value);
	if (!old) {
		doc_append(t->arena, map, key, value);
		return;
	}
	value->next = old->next;
	value->key = old->key;
	*old = *value;
}

void datum_put_text(struct tool *t, struct doc *map, const char *key, const char *text)
{
	datum_put(t, map, key, doc_string(t->arena, text));
}

void datum_drop(struct doc *map, const char *key)
{
	struct doc *before = NULL;
	for (doc_each(m, map)) {
		if (strcmp(m->key, key) == 0) {
			if (before)
				before->next = m->next;
			else
				map->children.first = m->next;
			if (map->children.last == m)
				map->children.last = before;
			map->children.len--;
			return;
		}
		before = m;
	}
}

bool datum_is_file(const struct doc *d)
{
	return d && d->kind == DOC_MAP && strcmp(doc_text(doc_get(d, "class"), ""), "File") == 0;
}

bool datum_is_dir(const struct doc *d)
{
	return d && d->kind == DOC_MAP && strcmp(doc_text(doc_get(d, "class"), ""), "Directory") == 0;
}

bool datum_type_optional(const struct cwl_type *type)
{
	for (uint32_t i = 0; i < type->n_of && type->kind == CWL_UNION; i++)
		if (type->of[i]->kind == CWL_NULL)
			return true;
	return type->kind == CWL_NULL || type->kind == CWL_ANY;
}

static bool matches_record(const struct cwl_type *type, const struct doc *d, int depth)
{
	if (d->kind != DOC_MAP || datum_is_path(d))
		return false;
	for (uint32_t i = 0; i < type->n_fields; i++)
		if (!datum_matches(type->fields[i].type, doc_get(d, type->fields[i].name), depth + 1))
			return false;
	return true;
}

bool datum_matches(const struct cwl_type *type, const struct doc *d, int depth)
{
	if (depth > VALUE_MAX_DEPTH)
		return false;
	switch (type->kind) {
	case CWL_NULL: return datum_is_null(d);
	case CWL_BOOLEAN: return d && d->kind == DOC_BOOL;
	case CWL_INT: return d && (d->kind == DOC_INT || (d->kind == DOC_FLOAT && d->number == floor(d->number)));
	case CWL_FLOAT: return d && (d->kind == DOC_INT || d->kind == DOC_FLOAT);
	case CWL_STRING: return d && d->kind == DOC_STRING;
	case CWL_FILE: return datum_is_file(d);
	case CWL_DIRECTORY: return datum_is_dir(d);
	case CWL_ANY: return !datum_is_null(d);
	case CWL_ENUM:
		for (uint32_t i = 0; i < type->n_symbols; i++)
			if (strcmp(doc_text(d, ""), type->symbols[i]) == 0)
				return true;
		return false;
	case CWL_RECORD: return d && matches_record(type, d, depth);
	case CWL_ARRAY:
		if (!d || d->kind != DOC_LIST)
			return false;
		for (doc_each(x, d))
			if (!datum_matches(type->of[0], x, depth + 1))
				return false;
		return true;
	case CWL_UNION:
		for (uint32_t i = 0; i < type->n_of; i++)
			if (datum_matches(type->of[i], d, depth + 1))
				return true;
		return false;
	}
	return false;
}

static int by_key(const void *a, const void *b)
{
	return strcmp((*(struct doc *const *)a)->key, (*(struct doc *const *)b)->key);
}

static struct doc *sorted(struct tool *t, const struct doc *d)
{
	if (d->kind < DOC_LIST)
		return doc_copy(t->arena, d);
	uint32_t n = 0;
	struct doc **members = arena_new_n(t->arena, struct doc *, doc_len(d) + 1), *to = d->kind == DOC_MAP ? doc_map(t->arena) : doc_list(t->arena);
	for (doc_each(m, d))
		members[n++] = m;
	if (d->kind == DOC_MAP && n > 1)
		qsort(members, n, sizeof *members, by_key);
	for (uint32_t i = 0; i < n; i++)
		if (d->kind == DOC_MAP)
			doc_append(t->arena, to, members[i]->key, sorted(t, members[i]));
		else
			doc_push(to, sorted(t, members[i]));
	return to;
}

void datum_json(struct tool *t, const struct doc *d, struct buf *ret)
{
	doc_json_write(sorted(t, d), 0, ret);
}

/* Digits without an exponent: what programs read that know none. */
static const char *decimal(struct tool *t, double x)
{
	char text[NUMBER_TEXT_BYTES], *e;
	number_text(x, text);
	e = strchr(text, 'e');
	if (!e)
		return arena_strdup(t->arena, text);
	char digits[NUMBER_TEXT_BYTES];
	int exponent = atoi(e + 1), n = 0, point = 0;
	for (const char *c = text; c < e; c++)
		if (*c >= '0' && *c <= '9')
			digits[n++] = *c;
		else if (*c == '.')
			point = n;
	point = (point ? point : n) + exponent; /* digits before the point */
	struct buf b = { 0 };
	if (x < 0)
		buf_putc(&b, '-');
	if (point <= 0)
		buf_puts(&b, "0.");
	for (int i = point; i < 0; i++)
		buf_putc(&b, '0');
	for (int i = 0; i < n; i++) {
		if (i == point && i > 0)
			buf_putc(&b, '.');
		buf_putc(&b, digits[i]);
	}
	for (int i = n; i < point; i++)
		buf_putc(&b, '0');
	const char *out = arena_strdup(t->arena, buf_text(&b));
	buf_finish(&b);
	return out;
}

const char *datum_text(struct tool *t, const struct doc *d)
{
	struct buf b = { 0 };
	const char *text;
	switch (d->kind) {
	case DOC_NULL: return "null";
	case DOC_BOOL: return d->boolean ? "true" : "false";
	case DOC_INT: return arena_printf(t->arena, "%lld", (long long)d->integer);
	case DOC_FLOAT: return decimal(t, d->number);
	case DOC_STRING: return d->string.text;
	case DOC_LIST:
	case DOC_MAP: break;
	}
	if (datum_is_path(d))
		return doc_text(doc_get(d, "path"), "");
	datum_json(t, d, &b);
	text = arena_strndup(t->arena, buf_text(&b), b.len);
	buf_finish(&b);
	return text;
}
