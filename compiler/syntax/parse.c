/* Constructors for the grammar's actions, syntax errors in words, and the entry. */
#include "compiler/syntax/parse.h"
#include "compiler/base/bug.h"
#include "compiler/syntax/scan.h"
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#define PART_BYTES ((size_t)0) /* so that every use behind ast_release is seen */
#else
#define PART_BYTES ((size_t)66 << 10) /* an item less than the 72 KiB that the first blocks of an arena come to */
#endif

static uint16_t deeper(struct scan *s, struct span span, uint16_t depth)
{
	if (depth < AST_MAX_DEPTH)
		return depth + 1;
	if (!s->too_deep)
		diag_here(diag_add(s->diags, DIAG_E0104, span, "this expression is nested more than %d deep", AST_MAX_DEPTH), "too deep");
	s->too_deep = s->file->bad = true;
	return depth;
}

struct ast_expr *parse_expr(struct scan *s, uint8_t kind, struct span span)
{
	struct ast_expr *e = arena_new(s->arena, struct ast_expr);
	e->kind = kind;
	e->span = span;
	return e;
}

/* A node above a, b and c. A chain that is too deep is cut off, so that no later recursion can overflow. */
static struct ast_expr *parse_over(struct scan *s, uint8_t kind, struct span span, struct ast_expr *a, struct ast_expr *b, struct ast_expr *c)
{
	uint16_t depth = a->depth;
	if (b && b->depth > depth)
		depth = b->depth;
	if (c && c->depth > depth)
		depth = c->depth;
	struct ast_expr *e = parse_expr(s, kind, span);
	e->depth = deeper(s, span, depth);
	if (s->too_deep) {
		e->kind = AST_ERROR;
		e->depth = 0;
		return e;
	}
	e->of.a = a;
	e->of.b = b;
	e->of.c = c;
	return e;
}

struct ast_expr *parse_name(struct scan *s, struct span span, const char *name)
{
	struct ast_expr *e = parse_expr(s, AST_NAME, span);
	e->string.text = name;
	e->string.len = (uint32_t)strlen(name);
	return e;
}

struct ast_expr *parse_string(struct scan *s, struct span span, const char *text, uint32_t len)
{
	struct ast_expr *e = parse_expr(s, AST_STRING, span);
	e->string.text = text;
	e->string.len = len;
	return e;
}

/* A piece of text between holes: marked by an empty key, so that a string inside a hole is not taken for one. */
static const char raw[] = "";

struct ast_expr *parse_part(struct scan *s, struct span span, const char *text, uint32_t len)
{
	struct ast_expr *e = parse_string(s, span, text, len);
	e->key = raw;
	return e;
}

/* The least indentation of the block's lines that hold anything; a line's start is known by the newline before it. */
static uint32_t block_indent(const struct ast_expr *parts)
{
	uint32_t least = UINT32_MAX, blanks = 0;
	bool start = false; /* the text behind the opening quotes belongs to no line yet */
	for (const struct ast_expr *p = parts; p; p = p->next) {
		if (p->key != raw) { /* a hole ends the indentation */
			if (start && blanks < least)
				least = blanks;
			start = false;
			continue;
		}
		for (uint32_t i = 0; i < p->string.len; i++) {
			char c = p->string.text[i];
			if (c == '\n') {
				start = true;
				blanks = 0;
			} else if (start && (c == ' ' || c == '\t')) {
				blanks++;
			} else if (start && c != '\r') {
				least = blanks < least ? blanks : least;
				start = false;
			}
		}
	}
	return least == UINT32_MAX ? 0 : least;
}

static void block_dedent(struct ast_expr *parts)
{
	uint32_t indent = block_indent(parts), skip = 0;
	bool first = true, start = false;
	for (struct ast_expr *p = parts; p; p = p->next) {
		if (p->key != raw) {
			start = first = false;
			continue;
		}
		char *out = (char *)(uintptr_t)p->string.text; /* parse_text's own copy: what it becomes is no longer */
		uint32_t n = 0;
		for (uint32_t i = 0; i < p->string.len; i++) {
			char c = p->string.text[i];
			if (start && skip < indent && (c == ' ' || c == '\t')) {
				skip++;
				continue;
			}
			start = false;
			if (c == '\n') {
				start = true;
				skip = 0;
				if (first) {
					first = false;
					continue;
				}
			}
			if (c == '\r' && i + 1 < p->string.len && p->string.text[i + 1] == '\n')
				continue;
			out[n++] = c;
			if (c != ' ' && c != '\t')
				first = false;
		}
		/* The last line, when blank, is the closing quotes' own. */
		if (!p->next)
			while (n && (out[n - 1] == ' ' || out[n - 1] == '\t'))
				n--;
		out[n] = '\0';
		p->string.len = n;
	}
}

struct ast_expr *parse_text(struct scan *s, struct span span, struct ast_expr *parts, bool block)
{
	struct ast_expr *first = NULL, *last = NULL;
	uint32_t n = 0;
	for (struct ast_expr *p = parts; p;) {
		struct ast_expr *end = p->next;
		if (p->key == raw) { /* joined with its neighbours */
			uint32_t len = p->string.len;
			for (; end && end->key == raw; end = end->next) {
				p->span.end = end->span.end;
				len += end->string.len;
			}
			char *text = arena_alloc(s->arena, len + 1);
			uint32_t at = 0;
			for (struct ast_expr *q = p; q != end; q = q->next) {
				memcpy(text + at, q->string.text, q->string.len);
				at += q->string.len;
			}
			p->string.text = text;
			p->string.len = len;
		}
		p->next = NULL;
		if (last)
			last->next = p;
		else
			first = p;
		last = p;
		n++;
		p = end;
	}
	if (block)
		block_dedent(first);
	struct ast_expr *e;
	if (!first || (n == 1 && first->key == raw)) {
		e = parse_string(s, span, first ? first->string.text : "", first ? first->string.len : 0);
	} else {
		e = parse_expr(s, AST_TEXT, span);
		e->list.first = first;
		e->list.len = n;
		for (struct ast_expr *p = first; p; p = p->next) {
			p->key = NULL;
			e->depth = p->depth > e->depth ? p->depth : e->depth;
		}
		e->depth = deeper(s, span, e->depth);
	}
	e->block = block;
	return e;
}

struct ast_expr *parse_int(struct scan *s, struct span span, int64_t v)
{
	struct ast_expr *e = parse_expr(s, AST_INT, span);
	e->integer = v;
	return e;
}

struct ast_expr *parse_number(struct scan *s, uint8_t kind, struct span span, double v, const struct unit *u)
{
	struct ast_expr *e = parse_expr(s, kind, span);
	e->quantity.number = v;
	e->quantity.unit = u;
	return e;
}

struct ast_expr *parse_unary(struct scan *s, uint8_t op, struct span span, struct ast_expr *a)
{
	struct ast_expr *e = parse_over(s, AST_UNARY, span, a, NULL, NULL);
	e->op = op;
	return e;
}

struct ast_expr *parse_binary(struct scan *s, uint8_t op, struct span span, struct ast_expr *a, struct ast_expr *b)
{
	struct ast_expr *e = parse_over(s, AST_BINARY, span, a, b, NULL);
	e->op = op;
	return e;
}

struct ast_expr *parse_cond(struct scan *s, struct span span, struct ast_expr *a, struct ast_expr *b, struct ast_expr *c)
{
	return parse_over(s, AST_COND, span, a, b, c);
}

struct ast_expr *parse_as(struct scan *s, struct span span, struct ast_expr *a, const struct unit *u, struct span unit_span)
{
	struct ast_expr *e = parse_over(s, AST_AS, span, a, NULL, NULL);
	e->as.unit = u;
	e->as.unit_start = unit_span.start;
	e->as.unit_end = unit_span.end;
	return e;
}

struct ast_expr *parse_member(struct scan *s, struct span span, struct ast_expr *a, const char *name, struct span name_span)
{
	struct ast_expr *e = parse_over(s, AST_MEMBER, span, a, NULL, NULL);
	e->member.name = name;
	e->member.name_start = name_span.start;
	e->member.name_end = name_span.end;
	return e;
}

struct ast_expr *parse_index(struct scan *s, struct span span, struct ast_expr *a, struct ast_expr *b)
{
	return parse_over(s, AST_INDEX, span, a, b, NULL);
}

static uint16_t list_depth(const struct ast_expr *first)
{
	uint16_t depth = 0;
	for (; first; first = first->next)
		depth = first->depth > depth ? first->depth : depth;
	return depth;
}

struct ast_expr *parse_call(struct scan *s, struct span span, struct ast_expr *a, struct ast_expr *args)
{
	struct ast_expr *e = parse_over(s, AST_CALL, span, a, NULL, NULL);
	uint16_t depth = list_depth(args);
	if (depth >= e->depth)
		e->depth = deeper(s, span, depth);
	e->call.args = args;
	return e;
}

struct ast_expr *parse_list(struct scan *s, uint8_t kind, struct span span, struct ast_expr *first)
{
	struct ast_expr *e = parse_expr(s, kind, span);
	e->depth = deeper(s, span, list_depth(first));
	e->list.first = first;
	for (; first; first = first->next)
		e->list.len++;
	return e;
}

struct ast_expr *parse_each(struct scan *s, struct span span, struct ast_pattern *p, struct ast_expr *in, struct ast_expr *when, struct ast_expr *body)
{
	struct ast_expr *e = parse_over(s, AST_EACH, span, in, body, when);
	if (e->kind == AST_EACH) {
		e->each = arena_new(s->arena, struct ast_each);
		*e->each = (struct ast_each){.pattern = p, .in = in, .when = when, .body = body};
	}
	return e;
}

struct ast_pattern *parse_pattern(struct scan *s, struct span span, const char *name, const char *second, struct span second_span)
{
	struct ast_pattern *p = arena_new(s->arena, struct ast_pattern);
	*p = (struct ast_pattern){.name = name, .second = second, .span = span, .second_span = second_span};
	return p;
}

struct ast_type *parse_type(struct scan *s, uint8_t kind, struct span span)
{
	struct ast_type *t = arena_new(s->arena, struct ast_type);
	t->kind = kind;
	t->span = span;
	return t;
}

struct ast_item *parse_item(struct scan *s, uint8_t kind, struct span span, const char *name, struct span name_span)
{
	struct ast_item *i = arena_new(s->arena, struct ast_item);
	i->kind = kind;
	i->span = span;
	i->name = name;
	i->name_span = name_span;
	return i;
}

struct ast_item *parse_head(struct ast_item *body, uint8_t kind, struct span span, const char *word, struct span word_span)
{
	body->kind = kind;
	body->span = span;
	body->word = word;
	body->name_span = word_span;
	return body;
}

struct ast_item *parse_declaration(struct scan *s, struct span span, const char *word, const char *name, struct span name_span)
{
	struct ast_item *i = parse_item(s, AST_DECLARATION, span, name, name_span);
	i->word = word;
	return i;
}

struct ast_expr *parse_keyed(struct ast_expr *e, const char *key, struct span key_span)
{
	e->key = key;
	e->key_start = key_span.start;
	e->key_end = key_span.end;
	return e;
}

struct ast_item *parse_import(struct scan *s, struct span span, struct ast_expr *path)
{
	struct ast_item *i = parse_item(s, AST_IMPORT, span, NULL, path->span);
	i->value = path;
	return i;
}

struct ast_annotation *parse_annotation(struct scan *s, struct span span, const char *name, struct ast_expr *args)
{
	struct ast_annotation *a = arena_new(s->arena, struct ast_annotation);
	*a = (struct ast_annotation){.name = name, .span = span, .args = args};
	return a;
}

/* What stands inside the item came before it; it moves behind the annotated items that start before it. */
struct ast_item *parse_annotated(struct scan *s, struct ast_item *item, struct ast_annotation *first)
{
	item->annotations = first;
	*vec_push(&s->file->annotated) = item;
	for (uint32_t i = s->file->annotated.len - 1; i > 0 && s->file->annotated.at[i - 1]->span.start > item->span.start; i--) {
		s->file->annotated.at[i] = s->file->annotated.at[i - 1];
		s->file->annotated.at[i - 1] = item;
	}
	return item;
}

struct ast_parameter *parse_parameter(struct scan *s, struct span span, const char *name, struct ast_type *type)
{
	struct ast_parameter *p = arena_new(s->arena, struct ast_parameter);
	*p = (struct ast_parameter){.name = name, .span = span, .type = type};
	return p;
}

const char *parse_key(struct scan *s, const char *text, uint32_t len)
{
	return intern_n(s->intern, text, len);
}

const char *parse_join(struct scan *s, const char *a, const char *b)
{
	return intern_str(s->intern, arena_printf(s->arena, "%s.%s", a, b));
}

/* Remembers that this < or > belongs to a type, for the layout. */
void parse_angle(struct scan *s, struct span span)
{
	for (uint32_t i = s->file->tokens.len; i-- > 0;)
		if (s->file->tokens.at[i].start == span.start) {
			s->file->tokens.at[i].angle = true;
			return;
		}
}

static void new_part(struct scan *s)
{
	s->arena = &vec_push(&s->file->parts)->arena;
}

void parse_top(struct scan *s, struct ast_item *item)
{
	item->part = s->file->parts.len - 1;
	vec_last(&s->file->parts)->needed++;
	parse_attach_docs(s, item);
	if (s->arena->used_bytes > PART_BYTES)
		new_part(s);
}

void parse_file(struct scan *s, struct ast_item *items)
{
	s->file->items = items;
}

/* "a, b or c"; NULL where it would be too many to help. */
static const char *one_of(struct scan *s, const char **names, uint32_t n)
{
	struct buf b = {0};
	for (uint32_t i = 0; i < n; i++) {
		bool word = strchr(names[i], ' ') != NULL;
		buf_printf(&b, word ? "%s%s" : "%s`%s`", i == 0 ? "" : i + 1 == n ? " or " : ", ", names[i]);
	}
	const char *text = arena_strdup(s->arena, buf_text(&b));
	buf_finish(&b);
	return text;
}

static bool expects(const char **names, uint32_t n, const char *name)
{
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

void parse_unexpected(struct scan *s, struct span span, const char *got, const char **expected, uint32_t n)
{
	s->file->bad = true;
	if (s->too_deep || (s->error_at && s->error_at >= span.start))
		return;
	s->error_at = span.end;
	bool end = strcmp(got, "end of file") == 0;
	struct diag *d;
	if (end || strcmp(got, "the end of the line") == 0) {
		d = diag_add(s->diags, DIAG_E0101, span, end ? "the file ends in the middle of an item" : "the line ends in the middle of an item");
	} else if (strchr(got, ' ')) {
		d = diag_add(s->diags, DIAG_E0101, span, "`%.*s` cannot stand here", (int)(span.end - span.start > 40 ? 40 : span.end - span.start), s->text + span.start);
	} else {
		d = diag_add(s->diags, DIAG_E0101, span, "`%s` cannot stand here", got);
	}
	bool value = expects(expected, n, "[") && expects(expected, n, "true");
	bool body = expects(expected, n, "}") && expects(expected, n, "import");
	if (body || (expects(expected, n, "import") && !value))
		diag_here(d, "expected an item: `name = value`, `name: type` or `word name { ... }`");
	else if (value)
		diag_here(d, "expected a value");
	else if (n && n <= 6)
		diag_here(d, "expected %s", one_of(s, expected, n));
	else if (expects(expected, n, "the end of the line"))
		diag_here(d, "expected the end of the item: a new line or a comma");
	if (end && s->depth)
		diag_label(d, (struct span){span.file, s->nesting_at[s->depth - 1], s->nesting_at[s->depth - 1] + 1}, "opened here and never closed");
	if (strcmp(got, ":") == 0 && expects(expected, n, "="))
		diag_help(d, "values are given with `=`; `name: type` declares a field");
	else if (s->text[span.start] == '=' && s->text[span.end] == '=')
		diag_help(d, "`=` gives a value, `==` compares");
}

/* Bison's own troubles: its stack is full or memory is out. */
void parse_overflow(struct scan *s, struct span span)
{
	if (!s->too_deep)
		diag_add(s->diags, DIAG_E0104, span, "this is nested too deep");
	s->too_deep = s->file->bad = true;
}

/* The first byte that is not UTF-8 (RFC 3629), or len. */
static size_t utf8_bad(const char *text, size_t len)
{
	const unsigned char *t = (const unsigned char *)text;
	for (size_t i = 0; i < len;) {
		unsigned char c = t[i];
		if (c < 0x80) {
			i++;
			continue;
		}
		size_t n = c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
		if (n == 0 || i + n > len)
			return i;
		for (size_t k = 1; k < n; k++)
			if ((t[i + k] & 0xc0) != 0x80)
				return i;
		if ((c == 0xe0 && t[i + 1] < 0xa0) || (c == 0xed && t[i + 1] > 0x9f) || (c == 0xf0 && t[i + 1] < 0x90) || (c == 0xf4 && t[i + 1] > 0x8f))
			return i;
		i += n;
	}
	return len;
}

static bool readable(struct scan *s)
{
	size_t bad = utf8_bad(s->text, s->len);
	const char *nul = memchr(s->text, '\0', s->len);
	if (nul && (size_t)(nul - s->text) < bad)
		bad = (size_t)(nul - s->text);
	if (bad == s->len)
		return true;
	struct span span = {s->file->source, (uint32_t)bad, (uint32_t)bad + 1};
	struct diag *d = diag_add(s->diags, DIAG_E0105, span, "this is not a text in UTF-8: byte 0x%02x stands at offset %zu", (unsigned char)s->text[bad], bad);
	diag_help(d, s->text[bad] ? "save the file as UTF-8" : "a twin is a text file; this one holds NUL bytes");
	s->file->bad = true;
	return false;
}

struct ast_file *ast_parse(struct arena *a, struct intern *in, struct diags *ds, uint32_t source, bool keep_tokens)
{
	const struct source *src = &ds->sources->list.at[source];
	struct scan s = {.kept = a, .intern = in, .diags = ds, .text = src->text, .len = (uint32_t)src->len, .keep_tokens = keep_tokens, .last_name = ""};
	s.file = arena_new(a, struct ast_file);
	s.file->source = source;
	new_part(&s);
	if (!readable(&s))
		return s.file;
	uint32_t bom = s.len >= 3 && memcmp(s.text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	s.offset = s.handed = bom;
	s.ahead_value = arena_new(a, YYSTYPE);
	s.flex = scan_create(&s);
	if (!s.flex)
		bug_out_of_memory();
	yyparse(&s);
	scan_destroy(s.flex);
	map_finish(&s.units);
	vec_finish(&s.listed);
	return s.file;
}

void ast_release(struct ast_file *f, const struct ast_item *item)
{
	struct ast_part *part = &f->parts.at[item->part];
	if (--part->needed == 0)
		arena_finish(&part->arena);
}

void ast_finish(struct ast_file *f)
{
	if (!f)
		return;
	for (uint32_t i = 0; i < f->parts.len; i++)
		arena_finish(&f->parts.at[i].arena);
	f->items = NULL;
	vec_finish(&f->parts);
	vec_finish(&f->tokens);
	vec_finish(&f->comments);
	vec_finish(&f->annotated);
}

struct span ast_word_span(const struct ast_item *i)
{
	return i->word ? (struct span){i->span.file, i->span.start, i->span.start + (uint32_t)strlen(i->word)} : (struct span){0};
}

const char *ast_op_text(enum ast_op op)
{
	static const char *const text[] = {"", "-", "!", "+", "-", "*", "/", "%", "<", "<=", ">", ">=", "==", "!=", "in", "&&", "||", "??", ".."};
	return text[op];
}
