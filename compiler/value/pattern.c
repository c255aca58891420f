#include "compiler/value/pattern.h"
#include "compiler/base/buf.h"
#include <ctype.h>
#include <regex.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A compiled expression grows with its repetitions, nested ones by their product. */
#define MAX_WEIGHT 2000

static const char *class_of(char c, bool inside)
{
	switch (c) {
	case 'd':
		return inside ? "0-9" : "[0-9]";
	case 'w':
		return inside ? "A-Za-z0-9_" : "[A-Za-z0-9_]";
	case 's':
		return inside ? " \t\r\n" : "[ \t\r\n]";
	default:
		return NULL;
	}
}

/* A bracket expression at p, with the escapes that POSIX has not; NULL when it is not closed or an escape cannot be said. */
static const char *translate_bracket(const char *p, struct buf *ret)
{
	buf_putc(ret, *p++);
	if (*p == '^')
		buf_putc(ret, *p++);
	if (*p == ']')
		buf_putc(ret, *p++);
	for (; *p && *p != ']'; p++) {
		if (p[0] == '[' && (p[1] == ':' || p[1] == '.' || p[1] == '=')) {
			const char close[] = {p[1], ']', '\0'};
			const char *end = strstr(p + 2, close);
			if (!end)
				return NULL;
			buf_add(ret, p, (size_t)(end + 1 - p));
			p = end + 1;
			buf_putc(ret, ']');
		} else if (*p == '\\') {
			const char *class = class_of(*++p, true);
			if (!*p || strchr("]^-", *p))
				return NULL;
			if (class)
				buf_puts(ret, class);
			else
				buf_putc(ret, *p);
		} else {
			buf_putc(ret, *p);
		}
	}
	if (!*p)
		return NULL;
	buf_putc(ret, ']');
	return p + 1;
}

static const char *translate_escape(const char *p, struct buf *ret, const char **ret_error)
{
	const char *class = class_of(p[1], false);
	if (isdigit((unsigned char)p[1]) || !p[1]) {
		*ret_error = p[1] ? "a pattern cannot refer back to a group" : "a pattern cannot end with a backslash";
		return NULL;
	}
	if (class)
		buf_puts(ret, class);
	else if (isalpha((unsigned char)p[1]))
		*ret_error = "a pattern knows the escapes \\d, \\w and \\s, and a backslash before punctuation";
	else if (strchr("<>`'", p[1]))
		buf_putc(ret, p[1]); /* with a backslash they are anchors of some libraries */
	else
		buf_add(ret, p, 2);
	return *ret_error ? NULL : p + 2;
}

static void translate(const char *p, struct buf *ret, const char **ret_error)
{
	buf_puts(ret, "^(");
	while (p && *p) {
		if (*p == '[') {
			p = translate_bracket(p, ret);
			if (!p)
				*ret_error = "a [...] of the pattern is not closed, or escapes ], ^ or - (put ] first and - last)";
		} else if (*p == '\\') {
			p = translate_escape(p, ret, ret_error);
		} else if (strncmp(p, "(?:", 3) == 0) {
			buf_putc(ret, '(');
			p += 3;
		} else {
			buf_putc(ret, *p++);
		}
	}
	buf_puts(ret, ")$");
}

static uint32_t least(uint64_t a)
{
	return a > MAX_WEIGHT + 1 ? MAX_WEIGHT + 1 : (uint32_t)a;
}

/* The weight of what a repetition at *p makes of `last`; it is stepped over. */
static uint64_t weigh_repetition(const char **p, uint64_t last)
{
	char c = *(*p)++;
	if (c == '+') /* compiled as xx* */
		return 2 * last;
	if (c != '{')
		return last;
	char *end;
	uint64_t low = strtoull(*p, &end, 10), high = *end == ',' ? strtoull(end + 1, &end, 10) : low;
	uint64_t times = least(high > low ? high : low);
	*p = end + (*end == '}');
	return last * (times ? times : 1);
}

/* Steps over one atom, up to a closing parenthesis of its group. */
static uint32_t weigh(const char **p, int depth);
static uint64_t weigh_atom(const char **p, int depth)
{
	uint64_t weight = 1;
	char c = *(*p)++;
	if (c == '(') {
		weight = weigh(p, depth + 1);
		*p += **p == ')';
	} else if (c == '[') {
		*p += **p == '^';
		*p += **p == ']';
		*p += strcspn(*p, "]");
		*p += **p == ']';
	} else if (c == '\\') {
		*p += **p != '\0';
	}
	return weight;
}

/* How large the translated expression grows: the sequence at *p up to a closing parenthesis. A repetition of a repetition
 * is no pattern elsewhere either. */
static uint32_t weigh(const char **p, int depth)
{
	uint64_t sum = 1;
	while (**p && **p != ')') {
		uint64_t weight = depth > 50 ? MAX_WEIGHT + 1 : weigh_atom(p, depth);
		if (**p && strchr("*+?{", **p))
			weight = weigh_repetition(p, weight);
		if (**p && strchr("*+?{", **p))
			weight = MAX_WEIGHT + 1;
		sum = least(sum + weight);
		if (sum > MAX_WEIGHT)
			break;
	}
	return (uint32_t)sum;
}

static bool compile(struct arena *a, const char *pattern, regex_t *ret, char **ret_error)
{
	if (strlen(pattern) > PATTERN_MAX_BYTES) {
		*ret_error = arena_printf(a, "a pattern may have %d bytes", PATTERN_MAX_BYTES);
		return false;
	}
	struct buf b = {0};
	const char *error = NULL;
	translate(pattern, &b, &error);
	const char *p = b.text;
	if (!error && weigh(&p, 0) > MAX_WEIGHT)
		error = "the pattern repeats too much";
	int code = error ? 0 : regcomp(ret, b.text, REG_EXTENDED | REG_NOSUB);
	buf_finish(&b);
	if (code) {
		char text[200];
		regerror(code, ret, text, sizeof text);
		error = arena_printf(a, "not a pattern: %s", text);
	}
	if (error)
		*ret_error = arena_strdup(a, error);
	return !error;
}

bool pattern_check(struct arena *a, const char *pattern, char **ret_error)
{
	regex_t re;
	if (!compile(a, pattern, &re, ret_error))
		return false;
	regfree(&re);
	return true;
}

bool pattern_match(struct arena *a, const char *pattern, const char *text, size_t len, bool *ret_matches, char **ret_error)
{
	regex_t re;
	if (len > PATTERN_TEXT_MAX_BYTES) {
		*ret_error = arena_printf(a, "the text is too long to be matched (%zu bytes)", len);
		return false;
	}
	if (!compile(a, pattern, &re, ret_error))
		return false;
	*ret_matches = !memchr(text, '\0', len) && regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return true;
}

/* -- for other engines --------------------------------------------------------------------------------------------- */

static void put_literal(char c, struct buf *ret)
{
	if (!isprint((unsigned char)c))
		buf_printf(ret, "\\x%02x", (unsigned char)c);
	else
		buf_printf(ret, strchr("\\^$.|?*+()[]{}-&~/", c) ? "\\%c" : "%c", c);
}

/* A class by its name, as in the C locale; NULL: none. */
static const char *class_named(const char *name, size_t len)
{
	static const char *const names[][2] = {
		{"alnum", "0-9A-Za-z"}, {"alpha", "A-Za-z"}, {"blank", "\\t "}, {"cntrl", "\\x00-\\x1f\\x7f"}, {"digit", "0-9"}, {"graph", "\\x21-\\x7e"},
		{"lower", "a-z"}, {"print", "\\x20-\\x7e"}, {"punct", "\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e"}, {"space", "\\t-\\r "},
		{"upper", "A-Z"}, {"xdigit", "0-9A-Fa-f"}};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i][0]) == len && memcmp(names[i][0], name, len) == 0)
			return names[i][1];
	return NULL;
}

/* A bracket expression of POSIX at p, past its `[`; NULL where it has a collating element. */
static const char *spell_bracket(const char *p, struct buf *ret)
{
	bool first = true;
	buf_putc(ret, '[');
	if (*p == '^')
		buf_putc(ret, *p++);
	for (; first || *p != ']'; first = false) {
		const char *end = p[0] == '[' && p[1] == ':' ? strstr(p + 2, ":]") : NULL;
		const char *class = end ? class_named(p + 2, (size_t)(end - p - 2)) : NULL;
		if (class) {
			buf_puts(ret, class);
			p = end + 2;
		} else if (p[0] == '[' && strchr(":.=", p[1])) {
			return NULL;
		} else if (p[0] == '-' && !first && p[1] != ']') { /* of a range */
			buf_putc(ret, *p++);
		} else {
			put_literal(*p++, ret);
		}
	}
	buf_putc(ret, ']');
	return p + 1;
}

/* {2,5} at p, the least written out. */
static const char *spell_interval(const char *p, struct buf *ret)
{
	size_t n = strcspn(p, "}") + 1;
	buf_puts(ret, p[1] == ',' ? "{0" : "{");
	buf_add(ret, p + 1, n - 1);
	return p + n;
}

/* One part of a translated pattern; NULL: not to be said elsewhere. */
static const char *spell_part(const char *p, bool repeatable, struct buf *ret)
{
	switch (*p) {
	case '[': return spell_bracket(p + 1, ret);
	case '{': return repeatable ? spell_interval(p, ret) : NULL;
	case '*': case '+': case '?':
		buf_putc(ret, *p);
		return repeatable ? p + 1 : NULL;
	case '.': buf_puts(ret, "[\\s\\S]"); return p + 1;
	case '$': buf_puts(ret, "(?![\\s\\S])"); return p + 1;
	case '(': case ')': case '|': case '^': buf_putc(ret, *p); return p + 1;
	case '\\': p++; break;
	}
	put_literal(*p, ret);
	return p + 1;
}

const char *pattern_spell(struct arena *a, const char *pattern)
{
	struct buf posix = {0}, out = {0};
	const char *error = NULL;
	int depth = 0;
	if (!pattern_check(a, pattern, &(char *){NULL}))
		return NULL;
	translate(pattern, &posix, &error);
	const char *p = buf_text(&posix) + 2, *end = buf_text(&posix) + posix.len - 2; /* between ^( and )$ */
	for (bool repeatable = false; p && p < end && depth >= 0;) {
		char c = *p;
		depth += (c == '(') - (c == ')');
		p = spell_part(p, repeatable, &out);
		repeatable = !strchr("(|^$*+?{", c);
	}
	const char *ret = p == end && depth == 0 ? arena_strdup(a, buf_text(&out)) : NULL;
	buf_finish(&posix);
	buf_finish(&out);
	return ret;
}
