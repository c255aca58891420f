/* fmt: the same tokens and comments, line breaks kept, indentation, blanks and the columns of `=` made regular. */
#include "compiler/syntax/parse.h"
#include "compiler/syntax/scan.h"
#include <string.h>

enum { INDENT = 2 };
struct piece { int kind; bool angle, glued, comment; uint32_t start, end, newlines; };
/* What neighbouring lines line up: `name =`, `name: type`, `word name`. */
enum shape { SHAPE_OTHER, SHAPE_ATTRIBUTE, SHAPE_FIELD, SHAPE_DECLARATION };
/* column: where a line of its shape takes blanks, `pad` of them; comment: one behind the items, or 0. */
struct line { uint32_t start, end, column, comment, pad, indent; enum shape shape; };
struct layout {
	const char *text;
	VEC(struct piece) pieces;
	VEC(struct line) lines;
	struct buf out;
	/* Open brackets: whether each made the lines inside it indent, and the ternaries that wait for their colon. */
	VEC(uint8_t) open;
	uint32_t indent, ternaries;
	bool opened_on_line;
};

static uint32_t count_newlines(const char *text, uint32_t from, uint32_t to)
{
	uint32_t n = 0;
	for (; from < to; from++)
		n += text[from] == '\n';
	return n;
}

/* Texts with holes are one piece, kept as they are. */
static void gather(struct layout *l, const struct ast_file *f)
{
	uint32_t c = 0, end = 0;
	for (uint32_t i = 0; i < f->tokens.len || c < f->comments.len;) {
		struct piece p = {0};
		if (c < f->comments.len && (i >= f->tokens.len || f->comments.at[c].span.start < f->tokens.at[i].start)) {
			p = (struct piece){.comment = true, .start = f->comments.at[c].span.start, .end = f->comments.at[c].span.end};
			while (p.end > p.start && strchr(" \t\r", l->text[p.end - 1]))
				p.end--;
			c++;
		} else {
			const struct ast_token *t = &f->tokens.at[i++];
			p = (struct piece){.kind = t->kind, .angle = t->angle, .start = t->start, .end = t->end};
			uint32_t depth = t->kind == STRING_OPEN || t->kind == BLOCK_OPEN;
			for (; depth && i < f->tokens.len; i++) {
				depth += f->tokens.at[i].kind == STRING_OPEN || f->tokens.at[i].kind == BLOCK_OPEN;
				depth -= f->tokens.at[i].kind == STRING_CLOSE;
				p.end = f->tokens.at[i].end;
				p.kind = STRING;
			}
			while (c < f->comments.len && f->comments.at[c].span.start < p.end)
				c++; /* inside a hole */
		}
		p.newlines = count_newlines(l->text, end, p.start);
		p.glued = end == p.start;
		end = p.end;
		*vec_push(&l->pieces) = p;
	}
}

static bool ends_value(const struct piece *p)
{
	switch (p->kind) {
	case NAME: case STRING: case INT: case FLOAT: case QUANTITY: case UNIT: case TRUE: case FALSE: case NULL_: case RPAREN: case RBRACKET: case RBRACE:
		return true;
	}
	return p->angle;
}

/* Whether a blank stands between two pieces of one line. `before` is what stands before a. */
static bool blank_between(struct layout *l, const struct piece *before, const struct piece *a, const struct piece *b)
{
	if (b->comment)
		return true;
	if ((a->kind == MINUS || a->kind == BANG) && !(before && ends_value(before)))
		return false; /* unary */
	switch (a->kind) {
	case LPAREN: case LBRACKET: case DOT: case AT: case DOTS:
		return false;
	case LT:
		if (a->angle)
			return false;
		break;
	case LBRACE:
		return b->kind != RBRACE;
	}
	switch (b->kind) {
	case RPAREN: case RBRACKET: case COMMA: case DOT: case DOTS:
		return false;
	case COLON:
		return l->ternaries > 0;
	case LPAREN: case LBRACKET:
		return !(a->kind == NAME || a->kind == RPAREN || a->kind == RBRACKET || a->kind == STRING);
	case LT: case GT: case QUESTION:
		return !b->angle;
	}
	return true;
}

static void put_piece(struct layout *l, const struct piece *p)
{
	switch (p->kind) {
	case LPAREN: case LBRACKET: case LBRACE:
		*vec_push(&l->open) = !l->opened_on_line;
		l->indent += !l->opened_on_line;
		l->opened_on_line = true;
		break;
	case RPAREN: case RBRACKET: case RBRACE:
		if (l->open.len) {
			bool indented = *vec_last(&l->open);
			vec_pop(&l->open);
			l->indent -= indented;
			if (indented)
				l->opened_on_line = false;
		}
		break;
	case QUESTION:
		l->ternaries += !p->angle;
		break;
	case COLON:
		l->ternaries -= l->ternaries > 0;
		break;
	}
	buf_add(&l->out, l->text + p->start, p->end - p->start);
}

static bool continues(const struct piece *p)
{
	switch (p->kind) {
	case PLUS: case STAR: case SLASH: case PERCENT: case LE: case GE: case EQ: case NE: case AND: case OR: case COALESCE: case DOTS:
	case IN: case AS: case COLON: case DOT: case BAR: case ARROW: case LT: case GT: case QUESTION: case MATCHING:
		return !p->comment;
	}
	return false;
}

static enum shape shape_of(const struct layout *l, uint32_t first, uint32_t end)
{
	const struct piece *p = &l->pieces.at[first];
	if (end - first < 3 || (p->kind != NAME && p->kind != STRING))
		return SHAPE_OTHER;
	return p[1].kind == EQUALS ? SHAPE_ATTRIBUTE : p[1].kind == COLON ? SHAPE_FIELD : p[1].kind == NAME && p[2].kind == COLON ? SHAPE_DECLARATION : SHAPE_OTHER;
}

static void put_line(struct layout *l, uint32_t first, uint32_t end)
{
	const struct piece *p = l->pieces.at;
	bool closes = p[first].kind == RBRACE || p[first].kind == RPAREN || p[first].kind == RBRACKET;
	uint32_t indent = l->indent - (closes && l->open.len && *vec_last(&l->open));
	indent += continues(&p[first]) && first > 0;
	struct line line = {.start = (uint32_t)l->out.len, .indent = indent};
	uint32_t depth = l->open.len;
	enum shape shape = shape_of(l, first, end);
	l->opened_on_line = false;
	for (uint32_t i = first; i < end; i++) {
		if (i > first && blank_between(l, i - first >= 2 ? &p[i - 2] : NULL, &p[i - 1], &p[i]))
			buf_puts(&l->out, p[i].comment ? "  " : " ");
		if (p[i].comment && i > first)
			line.comment = (uint32_t)l->out.len;
		if (i == first + (shape == SHAPE_FIELD ? 2 : 1))
			line.column = (uint32_t)l->out.len;
		put_piece(l, &p[i]);
	}
	line.shape = l->open.len == depth && line.column ? shape : SHAPE_OTHER;
	line.end = (uint32_t)l->out.len;
	*vec_push(&l->lines) = line;
}

/* Characters, not bytes: what a reader's columns are made of. */
static uint32_t columns(const struct layout *l, uint32_t from, uint32_t to)
{
	uint32_t n = 0;
	for (; from < to; from++)
		n += ((unsigned char)l->out.text[from] & 0xc0) != 0x80;
	return n;
}

/* The end of the run of lines from `i` on that are of one indentation, without a blank line between. */
static uint32_t run_end(const struct layout *l, uint32_t i, bool alike)
{
	const struct line *first = &l->lines.at[i];
	uint32_t n = i;
	for (; n < l->lines.len; n++) {
		const struct line *k = &l->lines.at[n];
		if (k->start == k->end || k->indent != first->indent || (alike && k->shape != first->shape))
			break;
	}
	return n == i ? i + 1 : n;
}

/* Neighbouring lines of one shape and indentation share a column. */
static void align_shapes(struct layout *l)
{
	for (uint32_t i = 0, n; i < l->lines.len; i = n) {
		uint32_t widest = 0;
		n = run_end(l, i, true);
		if (l->lines.at[i].shape == SHAPE_OTHER)
			continue;
		for (uint32_t k = i; k < n; k++) {
			uint32_t width = columns(l, l->lines.at[k].start, l->lines.at[k].column);
			widest = width > widest ? width : widest;
		}
		for (uint32_t k = i; k < n; k++)
			l->lines.at[k].pad = widest - columns(l, l->lines.at[k].start, l->lines.at[k].column);
	}
}

/* Where the comment of a line begins, with what was put into it; 0: the line has none. */
static uint32_t comment_column(const struct layout *l, const struct line *k)
{
	return k->comment ? columns(l, k->start, k->comment) + k->pad : 0;
}

/* Neighbouring comments behind items share a column too. */
static void put_lines(const struct layout *l, struct buf *ret)
{
	for (uint32_t i = 0, n; i < l->lines.len; i = n) {
		uint32_t widest = 0;
		n = run_end(l, i, false);
		for (uint32_t k = i; k < n; k++)
			widest = comment_column(l, &l->lines.at[k]) > widest ? comment_column(l, &l->lines.at[k]) : widest;
		for (uint32_t k = i; k < n; k++) {
			const struct line *line = &l->lines.at[k];
			uint32_t split = line->shape != SHAPE_OTHER ? line->column : line->start, end = line->comment ? line->comment : line->end;
			if (line->start < line->end)
				buf_printf(ret, "%*s", (int)(line->indent * INDENT), "");
			buf_add(ret, l->out.text + line->start, split - line->start);
			buf_printf(ret, "%*s", (int)line->pad, "");
			buf_add(ret, l->out.text + split, end - split);
			if (line->comment)
				buf_printf(ret, "%*s", (int)(widest - comment_column(l, line)), "");
			buf_add(ret, l->out.text + end, line->end - end);
			buf_putc(ret, '\n');
		}
	}
}

void ast_format(const struct ast_file *f, const char *text, struct buf *ret)
{
	struct layout l = {.text = text};
	gather(&l, f);
	for (uint32_t i = 0; i < l.pieces.len;) {
		uint32_t end = i + 1;
		while (end < l.pieces.len && l.pieces.at[end].newlines == 0)
			end++;
		bool closes = l.pieces.at[i].kind == RBRACE, opens = i && l.pieces.at[i - 1].kind == LBRACE;
		if (i && l.pieces.at[i].newlines > 1 && !closes && !opens)
			*vec_push(&l.lines) = (struct line){.start = (uint32_t)l.out.len, .end = (uint32_t)l.out.len};
		put_line(&l, i, end);
		i = end;
	}
	buf_putc(&l.out, '\0');
	align_shapes(&l);
	put_lines(&l, ret);
	buf_finish(&l.out);
	vec_finish(&l.pieces);
	vec_finish(&l.lines);
	vec_finish(&l.open);
}
