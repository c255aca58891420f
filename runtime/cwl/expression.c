/* Texts with parameter references `$(inputs.x.path)`, which are looked up here, and expressions, which node evaluates. */
#include "runtime/cwl/inside.h"
#include <ctype.h>
#include <stdlib.h>

/* -- where an expression stands -------------------------------------------------------------------------------------- */

enum { NEST_MAX = 500 };

/* The end of the expression that starts with the bracket at `from`, just behind its closing one; NULL: it has none. */
static const char *end_of(const char *from)
{
	char open = *from, close = open == '(' ? ')' : '}', quote = 0;
	int depth = 0;
	for (const char *c = from; *c; c++) {
		if (quote) {
			if (*c == '\\' && c[1])
				c++;
			else if (*c == quote)
				quote = 0;
		} else if (*c == '\'' || *c == '"') {
			quote = *c;
		} else if (*c == open) {
			if (++depth > NEST_MAX)
				return NULL;
		} else if (*c == close && --depth == 0) {
			return c + 1;
		}
	}
	return NULL;
}

/* -- parameter references -------------------------------------------------------------------------------------------- */

static bool word(int c)
{
	return isalnum(c) || c == '_' || c >= 0x80;
}

/* One segment: `.name`, `['name']`, `["name"]`, `[7]`; NULL: something else stands there. */
static const char *segment(struct tool *t, const char *at, const char **ret_name, long *ret_index)
{
	*ret_name = NULL;
	if (*at == '.') {
		const char *end = at + 1;
		while (word((unsigned char)*end))
			end++;
		*ret_name = arena_strndup(t->arena, at + 1, (size_t)(end - at - 1));
		return end > at + 1 ? end : NULL;
	}
	if (*at != '[')
		return NULL;
	if (at[1] == '\'' || at[1] == '"') {
		struct buf b = { 0 };
		const char *c = at + 2;
		for (; *c && *c != at[1]; c++) {
			if (*c == '\\' && c[1])
				c++;
			buf_putc(&b, *c);
		}
		*ret_name = arena_strndup(t->arena, buf_text(&b), b.len);
		buf_finish(&b);
		return *c && c[1] == ']' ? c + 2 : NULL;
	}
	char *end;
	if (!isdigit((unsigned char)at[1]))
		return NULL;
	*ret_index = strtol(at + 1, &end, 10);
	return *end == ']' ? end + 1 : NULL;
}

enum looked { LOOKED_FOUND, LOOKED_NO_REFERENCE, LOOKED_MISSING };

static const struct doc *member(struct tool *t, const struct doc *d, const char *name, long index)
{
	if (name && d->kind == DOC_LIST && strcmp(name, "length") == 0)
		return doc_int(t->arena, doc_len(d));
	if (name)
		return d->kind == DOC_MAP ? doc_get(d, name) : NULL;
	long i = 0;
	for (doc_each(x, d->kind == DOC_LIST ? d : NULL))
		if (i++ == index)
			return x;
	return NULL;
}

static enum looked look_up(struct tool *t, const char *text, const struct doc *self, const struct doc **ret)
{
	const char *at = text, *name;
	long index = 0;
	while (word((unsigned char)*at))
		at++;
	const char *root = arena_strndup(t->arena, text, (size_t)(at - text));
	const struct doc *d = NULL;
	if (strcmp(root, "inputs") == 0)
		d = t->inputs;
	else if (strcmp(root, "runtime") == 0)
		d = t->runtime;
	else if (strcmp(root, "self") == 0)
		d = self ? self : doc_null(t->arena);
	else if (strcmp(root, "null") == 0 && !*at)
		d = doc_null(t->arena);
	if (!d)
		return LOOKED_NO_REFERENCE;
	bool missing = false;
	while (*at) {
		at = segment(t, at, &name, &index);
		if (!at)
			return LOOKED_NO_REFERENCE;
		if (!missing && !(d = member(t, d, name, index)))
			missing = true;
	}
	*ret = d;
	return missing ? LOOKED_MISSING : LOOKED_FOUND;
}

/* -- one expression, and texts around it ------------------------------------------------------------------------------ */

static bool evaluate(struct tool *t, const char *from, const char *end, const struct doc *self, const struct doc **ret)
{
	const char *inner = arena_strndup(t->arena, from + 1, (size_t)(end - from) - 2);
	bool body = *from == '{';
	enum looked looked = body ? LOOKED_NO_REFERENCE : look_up(t, inner, self, ret);
	if (looked == LOOKED_FOUND)
		return true;
	if (t->process->javascript)
		return script_eval(t, inner, body, self, ret);
	if (looked == LOOKED_MISSING)
		return tool_fail(t, "`$(%s)` names what is not there", inner);
	return tool_fail(t, "`$%.*s` is no parameter reference, and the document does not require InlineJavascriptRequirement", (int)(end - from), from);
}

static void add_text(struct tool *t, const struct doc *d, struct buf *b)
{
	if (d->kind == DOC_STRING)
		buf_add(b, d->string.text, d->string.len);
	else
		datum_json(t, d, b);
}

/* A backslash outside of expressions; the number of bytes that it and what it stands for take. */
static size_t escape(const struct tool *t, const char *at, struct buf *b)
{
	if (t->process->version < 12) { /* the next character, whatever it is */
		buf_putc(b, at[1]);
		return 2;
	}
	if (at[1] == '$' && (at[2] == '(' || at[2] == '{')) {
		buf_add(b, at + 1, 2);
		return 3;
	}
	if (at[1] == '\\') {
		buf_putc(b, '\\');
		return 2;
	}
	buf_add(b, at, 2);
	return 2;
}

static bool interpolate(struct tool *t, const char *text, const struct doc *self, const struct doc **ret)
{
	struct buf b = { 0 };
	bool good = true;
	for (const char *at = text; *at && good;) {
		if (*at == '\\' && at[1]) {
			at += escape(t, at, &b);
			continue;
		}
		if (*at != '$' || (at[1] != '(' && at[1] != '{')) {
			buf_putc(&b, *at++);
			continue;
		}
		const char *end = end_of(at + 1);
		const struct doc *d = NULL;
		if (!end) {
			good = tool_fail(t, "an expression has no end: %.80s", at);
		} else if ((good = evaluate(t, at + 1, end, self, &d))) {
			if (at == text && !*end) {
				*ret = d;
				buf_finish(&b);
				return true;
			}
			add_text(t, d, &b);
			at = end;
		}
	}
	if (good)
		*ret = doc_string_n(t->arena, buf_text(&b), b.len);
	buf_finish(&b);
	return good;
}

bool expression_eval_whole(struct tool *t, const char *text, const struct doc *self, const struct doc **ret)
{
	if (cwl_is_expression(text))
		return interpolate(t, text, self, ret);
	*ret = doc_string(t->arena, text);
	return true;
}

bool expression_eval(struct tool *t, const char *text, const struct doc *self, const struct doc **ret)
{
	if (cwl_is_expression(text)) {
		size_t n;
		text += strspn(text, " \t\r\n");
		n = strlen(text);
		while (n > 0 && strchr(" \t\r\n", text[n - 1]))
			n--;
		text = arena_strndup(t->arena, text, n);
	}
	return expression_eval_whole(t, text, self, ret);
}

bool expression_text(struct tool *t, const char *text, const struct doc *self, const char **ret)
{
	const struct doc *d;
	if (!expression_eval(t, text, self, &d))
		return false;
	*ret = d->kind == DOC_NULL ? "" : datum_text(t, d);
	return true;
}

bool expression_value(struct tool *t, const struct doc *d, const struct doc *self, const struct doc **ret)
{
	if (d->kind == DOC_STRING)
		return expression_eval(t, d->string.text, self, ret);
	*ret = d;
	return true;
}
