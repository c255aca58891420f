/* Written by hand rather than by libyaml: comments, and the same layout for ever. */
#include "compiler/base/number.h"
#include "compiler/base/utf8.h"
#include "compiler/doc/doc.h"
#include "compiler/doc/quote.h"
#include "compiler/doc/yaml_scalar.h"
#include <math.h>
#include <string.h>

#define INDENT 2
#define KEY_MAX_BYTES 1000 /* readers look no further for the colon of a simple key */

static void put_indent(int depth, struct buf *ret)
{
	buf_fill(ret, ' ', (size_t)(depth * INDENT));
}

static void put_comment(const char *comment, int depth, struct buf *ret)
{
	size_t len = strlen(comment);
	put_indent(depth, ret);
	buf_puts(ret, "# ");
	for (size_t i = 0; i < len;) {
		uint32_t c;
		i += utf8_decode(comment + i, len - i, &c, NULL);
		if (c == '\n') {
			buf_putc(ret, '\n');
			put_indent(depth, ret);
			buf_puts(ret, "# ");
		} else {
			utf8_encode(utf8_is_control(c) && c != '\t' ? UTF8_REPLACEMENT : c, ret);
		}
	}
	buf_putc(ret, '\n');
}

/* Whether `|` says exactly this text: lines of printable characters, the first of which starts with no blank; none ends in
 * one, which nobody sees and linters refuse. */
static bool is_block(const char *text, size_t len)
{
	if (!memchr(text, '\n', len) || text[0] == ' ' || text[0] == '\t' || text[0] == '\n')
		return false;
	for (size_t i = 0; i < len;) {
		uint32_t c;
		bool valid;
		i += utf8_decode(text + i, len - i, &c, &valid);
		bool control = utf8_is_control(c) && c != '\n' && c != '\t';
		bool hidden = (c == ' ' || c == '\t') && (i == len || text[i] == '\n');
		if (!valid || control || hidden || c == 0xFEFF || c == 0xFFFE || c == 0xFFFF)
			return false;
	}
	return true;
}

static void put_block(const char *text, size_t len, int depth, struct buf *ret)
{
	bool ends = text[len - 1] == '\n', keeps = ends && len > 1 && text[len - 2] == '\n';
	buf_puts(ret, keeps ? "|+\n" : ends ? "|\n" : "|-\n");
	for (size_t i = 0; i < len;) {
		const char *newline = memchr(text + i, '\n', len - i);
		size_t n = newline ? (size_t)(newline - text) - i : len - i;
		if (n)
			put_indent(depth, ret);
		buf_add(ret, text + i, n);
		buf_putc(ret, '\n');
		i += n + 1;
	}
}

static void put_float(double x, struct buf *ret)
{
	char text[NUMBER_TEXT_BYTES];
	number_text(x, text);
	const char *e = strchr(text, 'e');
	if (!isfinite(x))
		buf_puts(ret, isnan(x) ? ".nan" : x > 0 ? ".inf" : "-.inf");
	else if (e && !strchr(text, '.')) /* YAML 1.1 wants a point before an exponent */
		buf_printf(ret, "%.*s.0%s", (int)(e - text), text, e);
	else
		buf_puts(ret, text);
}

static void put_text(const char *text, size_t len, struct buf *ret)
{
	if (yaml_scalar_is_plain(text, len))
		buf_add(ret, text, len);
	else
		quote_json(text, len, ret);
}

/* A scalar or an empty container, up to its newline; depth: of the lines of a block. */
static void put_scalar(const struct doc *d, int depth, struct buf *ret)
{
	if (d->tag)
		buf_printf(ret, "%s ", d->tag);
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
		if (depth > 0 && is_block(d->string.text, d->string.len)) {
			put_block(d->string.text, d->string.len, depth, ret);
			return;
		}
		put_text(d->string.text, d->string.len, ret);
		break;
	case DOC_LIST:
		buf_puts(ret, "[]");
		break;
	case DOC_MAP:
		buf_puts(ret, "{}");
		break;
	}
	buf_putc(ret, '\n');
}

static void put_children(const struct doc *d, int depth, bool indented, struct buf *ret, struct lines *lines);

static void put_key(const char *key, int depth, struct buf *ret)
{
	size_t before = ret->len, len = strlen(key);
	put_text(key, len, ret);
	if (ret->len - before > KEY_MAX_BYTES) {
		ret->len = before;
		buf_puts(ret, "? ");
		put_text(key, len, ret);
		buf_putc(ret, '\n');
		put_indent(depth, ret);
	}
	buf_putc(ret, ':');
}

static void put_member(const struct doc *d, int depth, struct buf *ret, struct lines *lines)
{
	put_key(d->key, depth, ret);
	if (doc_len(d)) {
		buf_putc(ret, '\n');
		put_children(d, depth + 1, true, ret, lines);
	} else {
		buf_putc(ret, ' ');
		put_scalar(d, depth + 1, ret);
	}
}

static void put_item(const struct doc *d, int depth, struct buf *ret, struct lines *lines)
{
	buf_putc(ret, '-');
	if (doc_len(d) && d->children.first->comment) {
		buf_putc(ret, '\n');
		put_children(d, depth + 1, true, ret, lines);
		return;
	}
	buf_putc(ret, ' ');
	if (doc_len(d))
		put_children(d, depth + 1, false, ret, lines);
	else
		put_scalar(d, depth + 1, ret);
}

/* indented: the first child starts a line of its own. */
static void put_children(const struct doc *d, int depth, bool indented, struct buf *ret, struct lines *lines)
{
	struct span around = lines_now(lines);

	for (doc_each(child, d)) {
		lines_from(lines, ret, child->from);
		if (child->comment && indented)
			put_comment(child->comment, depth, ret);
		if (indented)
			put_indent(depth, ret);
		indented = true;
		if (d->kind == DOC_MAP)
			put_member(child, depth, ret, lines);
		else
			put_item(child, depth, ret, lines);
		lines_from(lines, ret, around);
	}
}

void doc_yaml_write_lines(const struct doc *d, struct buf *ret, struct lines *lines)
{
	lines_from(lines, ret, d->from);
	if (d->comment)
		put_comment(d->comment, 0, ret);
	if (doc_len(d))
		put_children(d, 0, true, ret, lines);
	else
		put_scalar(d, 0, ret);
}

void doc_yaml_write(const struct doc *d, struct buf *ret)
{
	doc_yaml_write_lines(d, ret, NULL);
}
