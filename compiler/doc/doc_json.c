#include "compiler/base/number.h"
#include "compiler/doc/doc.h"
#include "compiler/doc/quote.h"
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct doc *from_json(struct arena *a, json_t *j, unsigned depth);

static struct doc *from_object(struct arena *a, json_t *j, unsigned depth)
{
	struct doc *map = doc_map(a);
	const char *key;
	json_t *member;
	json_object_foreach(j, key, member) {
		struct doc *d = from_json(a, member, depth + 1);
		if (!d)
			return NULL;
		doc_append(a, map, key, d); /* jansson refused duplicates */
	}
	return map;
}

static struct doc *from_array(struct arena *a, json_t *j, unsigned depth)
{
	struct doc *list = doc_list(a);
	size_t i;
	json_t *item;
	json_array_foreach(j, i, item) {
		struct doc *d = from_json(a, item, depth + 1);
		if (!d)
			return NULL;
		doc_push(list, d);
	}
	return list;
}

/* NULL when it is nested too deeply. */
static struct doc *from_json(struct arena *a, json_t *j, unsigned depth)
{
	if (depth > DOC_MAX_DEPTH)
		return NULL;
	switch (json_typeof(j)) {
	case JSON_OBJECT:
		return from_object(a, j, depth);
	case JSON_ARRAY:
		return from_array(a, j, depth);
	case JSON_STRING:
		return doc_string_n(a, json_string_value(j), json_string_length(j));
	case JSON_INTEGER:
		return doc_int(a, json_integer_value(j));
	case JSON_REAL:
		return doc_float(a, json_real_value(j));
	case JSON_TRUE:
		return doc_bool(a, true);
	case JSON_FALSE:
		return doc_bool(a, false);
	case JSON_NULL:
		return doc_null(a);
	}
	return NULL;
}

/* The end of the JSON string that starts at i. */
static size_t skip_string(const char *text, size_t len, size_t i)
{
	for (i++; i < len && text[i] != '"'; i++)
		i += text[i] == '\\';
	return i < len ? i + 1 : len;
}

static bool is_too_big(const char *digits, size_t n)
{
	errno = 0;
	char text[64];
	if (n >= sizeof text)
		return true;
	memcpy(text, digits, n);
	text[n] = '\0';
	strtoll(text, NULL, 10);
	return errno == ERANGE;
}

/* The text with `.0` behind whole numbers that are too large for an int64, which are floats then. */
static void mark_big_integers(const char *text, size_t len, struct buf *ret)
{
	for (size_t i = 0; i < len;) {
		size_t start = i;
		if (text[i] == '"') {
			i = skip_string(text, len, i);
			buf_add(ret, text + start, i - start);
			continue;
		}
		while (i < len && (memchr("0123456789+-.eE", text[i], 15)))
			i++;
		size_t n = i - start, sign = n && text[start] == '-';
		bool whole = n > sign && !memchr(text + start + sign, '.', n - sign) && !memchr(text + start, 'e', n) && !memchr(text + start, 'E', n);
		if (n == 0)
			i++;
		buf_add(ret, text + start, i - start);
		if (whole && is_too_big(text + start, n))
			buf_puts(ret, ".0");
	}
}

static json_t *parse(const char *text, size_t len, json_error_t *error)
{
	const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
	json_t *j = json_loadb(text, len, flags, error);
	if (j || json_error_code(error) != json_error_numeric_overflow)
		return j;
	struct buf marked = {0};
	mark_big_integers(text, len, &marked);
	j = json_loadb(buf_text(&marked), marked.len, flags, error);
	buf_finish(&marked);
	return j;
}

bool doc_json_read(struct arena *a, const char *text, size_t len, struct doc **ret, char **ret_error)
{
	json_error_t error;
	json_t *j = parse(text, len, &error);
	if (!j) {
		*ret_error = arena_printf(a, "line %d, column %d: %s", error.line, error.column, error.text);
		return false;
	}
	struct doc *d = from_json(a, j, 1);
	json_decref(j);
	if (d)
		*ret = d;
	else
		*ret_error = arena_printf(a, "nested more than %d deep", DOC_MAX_DEPTH);
	return d != NULL;
}

static void put_newline(int indent, int depth, struct buf *ret)
{
	if (indent) {
		buf_putc(ret, '\n');
		buf_fill(ret, ' ', (size_t)(indent * depth));
	}
}

static void put_node(const struct doc *d, int indent, int depth, struct buf *ret, struct lines *lines);

static void put_children(const struct doc *d, int indent, int depth, struct buf *ret, struct lines *lines)
{
	struct span around = lines_now(lines);
	buf_putc(ret, d->kind == DOC_MAP ? '{' : '[');
	for (doc_each(child, d)) {
		put_newline(indent, depth + 1, ret);
		lines_from(lines, ret, around);
		lines_from(lines, ret, child->from);
		if (d->kind == DOC_MAP) {
			quote_json(child->key, strlen(child->key), ret);
			buf_puts(ret, ": ");
		}
		put_node(child, indent, depth + 1, ret, lines);
		if (child->next)
			buf_puts(ret, indent ? "," : ", ");
	}
	if (d->children.first) {
		put_newline(indent, depth, ret);
		lines_from(lines, ret, around);
	}
	buf_putc(ret, d->kind == DOC_MAP ? '}' : ']');
}

static void put_float(double x, struct buf *ret)
{
	char text[NUMBER_TEXT_BYTES];
	number_text(x, text);
	buf_puts(ret, isfinite(x) ? text : "null"); /* JSON has no word for it */
}

static void put_node(const struct doc *d, int indent, int depth, struct buf *ret, struct lines *lines)
{
	switch (d->kind) {
	case DOC_NULL:
		buf_puts(ret, "null");
		break;
	case DOC_BOOL:
		buf_puts(ret, d->boolean ? "true" : "false");
		break;
	case DOC_INT:
		buf_int(ret, d->integer);
		break;
	case DOC_FLOAT:
		put_float(d->number, ret);
		break;
	case DOC_STRING:
		quote_json(d->string.text, d->string.len, ret);
		break;
	case DOC_LIST:
	case DOC_MAP:
		put_children(d, indent, depth, ret, lines);
		break;
	}
}

void doc_json_write_lines(const struct doc *d, int indent, struct buf *ret, struct lines *lines)
{
	lines_from(lines, ret, d->from);
	put_node(d, indent, 0, ret, lines);
}

void doc_json_write_below(const struct doc *d, int indent, int depth, struct buf *ret)
{
	put_node(d, indent, depth, ret, NULL);
}

void doc_json_write(const struct doc *d, int indent, struct buf *ret)
{
	doc_json_write_lines(d, indent, ret, NULL);
}
