/* From raw tokens to the parser's: newlines, numbers, names, strings, nesting. */
#include "compiler/syntax/scan.h"
#include "compiler/diag/near.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct { const char *word; int kind; } keywords[] = {
#define KEYWORD(word, kind) {word, kind},
#include "grammar/keywords.def"
#undef KEYWORD
};

size_t scan_input(struct scan *s, char *buffer, size_t most)
{
	size_t n = s->len - s->handed;
	n = n < most ? n : most;
	memcpy(buffer, s->text + s->handed, n);
	s->handed += (uint32_t)n;
	return n;
}

int scan_name(struct scan *s, const char *text, uint32_t len, YYSTYPE *value)
{
	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
		if (keywords[i].word[0] == text[0] && strlen(keywords[i].word) == len && memcmp(keywords[i].word, text, len) == 0)
			return keywords[i].kind;
	value->name = intern_n(s->intern, text, len);
	return NAME;
}

void scan_comment(struct scan *s, struct span span, const char *text)
{
	*vec_push(&s->file->comments) = (struct ast_comment){.span = span, .doc = text[1] == '#', .own_line = !s->line_has_token};
}

int scan_number(struct scan *s, const struct span *span, const char *text, uint32_t len, YYSTYPE *value)
{
	char copy[64];
	if (len >= sizeof copy) {
		diag_add(s->diags, DIAG_E0106, *span, "this number has %u characters; no number needs more than %zu", len, sizeof copy - 1);
		len = sizeof copy - 1;
	}
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (strpbrk(copy, ".eE") == NULL) {
		errno = 0;
		value->integer = strtoll(copy, NULL, 10);
		if (errno == ERANGE) {
			diag_help(diag_here(diag_add(s->diags, DIAG_E0106, *span, "this whole number is too large"), "more than 9223372036854775807"),
				"write it as a decimal number, such as 1e20, where an exact value is not needed");
		}
		return INT;
	}
	value->quantity.number = strtod(copy, NULL);
	value->quantity.unit = NULL;
	if (value->quantity.number > 1.7976931348623157e308)
		diag_here(diag_add(s->diags, DIAG_E0106, *span, "this number is too large"), "more than 1.7976931348623157e308");
	return FLOAT;
}

struct unit_search { struct near near; };
static void unit_offer(const char *name, void *ctx)
{
	near_offer(&((struct unit_search *)ctx)->near, name);
}

static void unit_unknown(struct scan *s, struct span span, const char *name, size_t len)
{
	const char *word = arena_strndup(s->arena, name, len);
	struct unit_search search;
	near_init(&search.near, word);
	unit_each_name(unit_offer, &search);
	const char *best = near_best(&search.near);
	if (best && strcmp(best, word) == 0) {
		diag_here(diag_add(s->diags, DIAG_E0107, span, "this unit is too large to be held"), "its ratio to the base units, or its exponent");
		return;
	}
	struct diag *d = diag_add(s->diags, DIAG_E0107, span, "`%s` is not a unit", word);
	diag_here(d, "no such unit");
	if (strcmp(word, "degC") == 0 || strcmp(word, "C") == 0)
		diag_help(d, "temperatures are written in kelvin: 20 degrees Celsius are 293.15K");
	else if (strcmp(word, "year") == 0 || strcmp(word, "month") == 0 || strcmp(word, "y") == 0)
		diag_help(d, "years and months differ in length; write days, such as 365day");
	else if (best)
		diag_suggest(d, span, best);
	else
		diag_help(d, "units are SI units with their prefixes (K, mm, kPa), B and bit (GB, GiB), min, h, day, week and %%");
}

static bool read_unit(struct scan *s, const char *text, size_t len, const struct unit **ret, size_t *ret_bad_at, size_t *ret_bad_len)
{
	const struct unit *known = map_get_n(&s->units, text, len);
	if (known) {
		*ret = known;
		return true;
	}
	if (!unit_parse(s->kept, text, len, ret, ret_bad_at, ret_bad_len))
		return false;
	map_set_n(&s->units, arena_strndup(s->kept, text, len), len, (void *)(uintptr_t)*ret);
	return true;
}

int scan_quantity(struct scan *s, const struct span *span, const char *text, uint32_t *taken, YYSTYPE *value)
{
	uint32_t digits = (uint32_t)strspn(text, "0123456789");
	if (text[digits] == '.')
		digits += 1 + (uint32_t)strspn(text + digits + 1, "0123456789");
	uint32_t more = digits; /* an exponent, where digits follow it */
	if (text[more] == 'e' || text[more] == 'E') {
		more += 1 + (text[more + 1] == '+' || text[more + 1] == '-');
		uint32_t n = (uint32_t)strspn(text + more, "0123456789");
		digits = n ? more + n : digits;
	}
	const char *unit = text + digits;
	size_t len = *taken - digits, bad_at = 0, bad_len = 0;
	YYSTYPE number;
	struct span number_span = {span->file, span->start, span->start + digits};
	int kind = scan_number(s, &number_span, text, digits, &number);
	double n = kind == INT ? (double)number.integer : number.quantity.number;
	value->quantity.number = n;
	value->quantity.unit = NULL;
	if (read_unit(s, unit, len, &value->quantity.unit, &bad_at, &bad_len))
		return QUANTITY;
	const char *slash = memchr(unit, '/', len);
	if (slash) {
		size_t before = (size_t)(slash - text);
		struct diag *d = diag_add(s->diags, DIAG_E0107, *span, "`%.*s` is not a quantity", (int)*taken, text);
		diag_here(d, "`%.*s` is not a unit", (int)bad_len, unit + bad_at);
		diag_fix(diag_help(d, "for a division, put blanks around the slash: `%.*s / %s`", (int)before, text,
				arena_strndup(s->arena, slash + 1, *taken - before - 1)),
			(struct span){span->file, span->start + (uint32_t)before, span->start + (uint32_t)before + 1}, " / ", "write a division");
	} else {
		unit_unknown(s, (struct span){span->file, span->start + digits + (uint32_t)bad_at, span->start + digits + (uint32_t)(bad_at + bad_len)},
			unit + bad_at, bad_len);
	}
	s->file->bad = true;
	return QUANTITY;
}

int scan_unit(struct scan *s, const struct span *span, const char *text, uint32_t len, YYSTYPE *value)
{
	size_t bad_at = 0, bad_len = len;
	value->unit = NULL;
	if (!read_unit(s, text, len, &value->unit, &bad_at, &bad_len)) {
		unit_unknown(s, (struct span){span->file, span->start + (uint32_t)bad_at, span->start + (uint32_t)(bad_at + bad_len)}, text + bad_at, bad_len);
		s->file->bad = true;
	}
	return UNIT;
}

bool scan_wants_unit(const struct scan *s)
{
	return s->last == NAME && s->last_end == s->start && (strcmp(s->last_name, "float") == 0 || strcmp(s->last_name, "int") == 0);
}

int scan_part(const char *text, uint32_t len, YYSTYPE *value)
{
	value->string.text = text;
	value->string.len = len;
	return STRING_PART;
}

static size_t utf8_put(uint32_t c, char out[4])
{
	if (c < 0x80)
		return out[0] = (char)c, 1;
	if (c < 0x800)
		return out[0] = (char)(0xc0 | c >> 6), out[1] = (char)(0x80 | (c & 63)), 2;
	if (c < 0x10000)
		return out[0] = (char)(0xe0 | c >> 12), out[1] = (char)(0x80 | (c >> 6 & 63)), out[2] = (char)(0x80 | (c & 63)), 3;
	out[0] = (char)(0xf0 | c >> 18), out[1] = (char)(0x80 | (c >> 12 & 63));
	return out[2] = (char)(0x80 | (c >> 6 & 63)), out[3] = (char)(0x80 | (c & 63)), 4;
}

/* One escape at text[0] == '\\'; returns its length, *ret_n bytes in out; reports a wrong one. */
static uint32_t escape_read(struct scan *s, struct span at, const char *text, uint32_t len, char out[4], size_t *ret_n)
{
	static const char names[] = "nt\"\\r", values[] = "\n\t\"\\\r";
	const char *known = len > 1 ? strchr(names, text[1]) : NULL;
	if (known && text[1]) {
		out[0] = values[known - names];
		*ret_n = 1;
		return 2;
	}
	if (len > 3 && text[1] == 'u' && text[2] == '{') {
		char *end;
		unsigned long c = strtoul(text + 3, &end, 16);
		uint32_t n = (uint32_t)(end - text) + 1;
		if (*end == '}' && end > text + 3 && n <= len && c <= 0x10ffff && c && (c < 0xd800 || c > 0xdfff)) {
			*ret_n = utf8_put((uint32_t)c, out);
			return n;
		}
	}
	struct span span = {at.file, at.start, at.start + (len > 1 ? 2 : 1)};
	struct diag *d = diag_here(diag_add(s->diags, DIAG_E0108, span, "`\\%c` is not an escape", len > 1 ? text[1] : ' '), "unknown escape");
	diag_fix(diag_help(d, "the escapes are \\n \\t \\r \\\" \\\\ and \\u{e9}; a backslash itself is \\\\"), (struct span){at.file, at.start, at.start}, "\\", "double the backslash");
	*ret_n = 0;
	return len > 1 ? 2 : 1;
}

int scan_escape(struct scan *s, const struct span *span, const char *text, uint32_t len, YYSTYPE *value)
{
	char out[4];
	size_t n = 0;
	escape_read(s, *span, text, len, out, &n);
	return scan_part(arena_strndup(s->arena, out, n), (uint32_t)n, value);
}

/* A string without holes, quotes included in text. */
bool scan_plain_string(struct scan *s, const struct span *span, const char *text, uint32_t len, YYSTYPE *value)
{
	for (uint32_t i = 1; i + 1 < len; i++)
		if (text[i] == '\\')
			i++;
		else if (text[i] == '~' && text[i + 1] == '{' && text[i - 1] != '~')
			return false;
	char *out = arena_alloc(s->arena, len);
	uint32_t n = 0;
	for (uint32_t i = 1; i + 1 < len;) {
		size_t more = 1;
		if (text[i] == '\\') {
			i += escape_read(s, (struct span){span->file, span->start + i, span->end}, text + i, len - 1 - i, out + n, &more);
		} else {
			i += text[i] == '~' && text[i + 1] == '~' && text[i + 2] == '{'; /* ~~{ is a literal ~{ */
			out[n] = text[i++];
		}
		n += (uint32_t)more;
	}
	value->string.text = out;
	value->string.len = n;
	return true;
}

void scan_unended(struct scan *s, struct span span, bool block)
{
	struct diag *d = diag_add(s->diags, DIAG_E0109, span, block ? "this text block is never ended" : "this string is not ended on its line");
	diag_here(d, block ? "the file ends here" : "the line ends here");
	diag_help(d, block ? "end it with three double quotes" : "end it with a double quote; for several lines use a block between three double quotes");
	s->file->bad = true;
}

void scan_stray(struct scan *s, struct span span, const char *text)
{
	if (s->error_at == span.start && s->error_at) { /* one report for a run of them */
		s->error_at = span.end;
		return;
	}
	s->error_at = span.end;
	unsigned char c = (unsigned char)text[0];
	struct diag *d = c < 32 || c == 127 ? diag_add(s->diags, DIAG_E0110, span, "a control character (byte %d) stands here", c)
	                                    : diag_add(s->diags, DIAG_E0110, span, "`%s` has no meaning here", text);
	diag_here(d, "unexpected character");
	if (text[0] == '\'')
		diag_help(d, "strings are written between double quotes");
	else if (text[0] == ';')
		diag_help(d, "items are separated by a new line or a comma");
	else if (text[0] == '&' || text[0] == '$')
		diag_help(d, text[0] == '&' ? "`and` is written &&" : "values are put into text as ~{name}");
	s->file->bad = true;
}

bool scan_open(struct scan *s, char what)
{
	if (s->depth == PARSE_MAX_NESTING) {
		if (!s->too_deep)
			diag_here(diag_add(s->diags, DIAG_E0104, (struct span){s->file->source, s->start, s->offset}, "brackets are nested more than %d deep", PARSE_MAX_NESTING), "one too many");
		s->too_deep = s->file->bad = true;
		return false;
	}
	s->nesting_at[s->depth] = s->start;
	s->nesting[s->depth++] = what;
	s->holes += what == 't' || what == 'b';
	return true;
}

char scan_close(struct scan *s, char what)
{
	if (s->depth == 0)
		return what;
	char open = s->nesting[s->depth - 1];
	bool hole = open == 't' || open == 'b';
	if (what == open || what == '{') {
		s->depth--;
		s->holes -= hole;
		return open;
	}
	if (hole) /* a stray ) or ] inside a hole is left to the parser */
		return what;
	s->depth--;
	return open;
}

/* Whether an item may end with this token, so that a line's end behind it separates. */
static bool ends_item(const struct scan *s)
{
	switch (s->last) {
	case NAME: case STRING: case STRING_CLOSE: case INT: case FLOAT: case QUANTITY: case UNIT: case TRUE: case FALSE:
	case NULL_: case RPAREN: case RBRACKET: case RBRACE:
		return true;
	case GT: case QUESTION: /* of a type: written without a blank before it */
		return s->glued;
	}
	return false;
}

/* A line that starts with this goes on with the item before it. */
static bool continues_item(int kind)
{
	switch (kind) {
	case PLUS: case STAR: case SLASH: case PERCENT: case LT: case LE: case GT: case GE: case EQ: case NE: case AND: case OR:
	case COALESCE: case DOTS: case IN: case AS: case QUESTION: case COLON: case DOT: case ELSE: case BAR: case ARROW: case MATCHING:
	case RPAREN: case RBRACKET: case RBRACE:
		return true;
	}
	return false;
}

static int next_raw(YYSTYPE *value, struct span *span, struct scan *s)
{
	int kind = scan_raw(value, span, s, s->flex);
	if (kind == SCAN_NEWLINE) {
		s->line_has_token = false;
		return kind;
	}
	if (kind == 0) {
		*span = (struct span){s->file->source, s->offset, s->offset};
		return kind;
	}
	s->line_has_token = true;
	if (kind == AS && !s->in_import)
		scan_expect_unit(s->flex);
	s->in_import = kind == IMPORT || (s->in_import && kind != COMMA);
	if (s->keep_tokens)
		*vec_push(&s->file->tokens) = (struct ast_token){.kind = (uint16_t)kind, .start = span->start, .end = span->end};
	return kind;
}

static void remember(struct scan *s, int kind, struct span span, const YYSTYPE *value)
{
	s->glued = span.start == s->last_end;
	s->last = kind;
	s->last_end = span.end;
	s->last_name = kind == NAME ? value->name : "";
}

int yylex(YYSTYPE *value, struct span *span, struct scan *s)
{
	YYSTYPE *ahead = s->ahead_value;
	int kind;
	if (s->ahead) {
		s->ahead = false;
		*value = *ahead;
		*span = s->ahead_span;
		kind = s->ahead_kind;
		remember(s, kind, *span, value);
		return kind;
	}
	kind = next_raw(value, span, s);
	if (kind != SCAN_NEWLINE) {
		remember(s, kind, *span, value);
		return kind;
	}
	struct span line_end = *span;
	s->in_import = false;
	do
		kind = next_raw(value, span, s);
	while (kind == SCAN_NEWLINE);
	if (kind == 0 || s->holes || !ends_item(s) || continues_item(kind)) {
		remember(s, kind, *span, value);
		return kind;
	}
	s->ahead = true;
	s->ahead_kind = kind;
	s->ahead_span = *span;
	*ahead = *value;
	*span = line_end;
	return NEWLINE;
}
