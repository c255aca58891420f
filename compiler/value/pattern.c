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

/* -- without an automaton: characters, one after the other, each so many times ------------------------------------------- */

struct atom { bool set[256]; uint32_t low, high; };

/* The bracket expression behind its `[`; NULL: with names in it. */
static const char *read_bracket(const char *p, struct atom *ret)
{
	bool other = *p == '^';
	p += other;
	for (const char *first = p; p == first || *p != ']'; p++) {
		unsigned char low = (unsigned char)*p, high = low;
		if (!low || low > 0x7F || (low == '[' && strchr(":.=", p[1])))
			return NULL;
		if (p[1] == '-' && p[2] && p[2] != ']') {
			high = (unsigned char)p[2];
			p += 2;
		}
		if (high < low || high > 0x7F || high == '[')
			return NULL;
		memset(ret->set + low, true, high - low + 1u);
	}
	for (int c = 0; other && c < 256; c++)
		ret->set[c] = !ret->set[c];
	return p + 1;
}

/* {2,5} behind its `{`. */
static const char *read_count(const char *p, struct atom *ret)
{
	char *end;
	if (!isdigit((unsigned char)*p))
		return NULL;
	ret->low = ret->high = (uint32_t)strtoul(p, &end, 10);
	if (*end == ',')
		ret->high = isdigit((unsigned char)end[1]) ? (uint32_t)strtoul(end + 1, &end, 10) : (end++, UINT32_MAX);
	return *end == '}' && ret->low <= ret->high ? end + 1 : NULL;
}

/* One atom of a translated pattern; NULL where it is none of these. */
static const char *read_atom(const char *p, struct atom *ret)
{
	*ret = (struct atom){.low = 1, .high = 1};
	if ((unsigned char)*p > 0x7F || strchr("()|^$*+?{", *p))
		return NULL;
	if (*p == '[')
		p = read_bracket(p + 1, ret);
	else if (*p == '.')
		memset(ret->set, true, sizeof ret->set), p++;
	else
		p += *p == '\\', ret->set[(unsigned char)*p++] = true;
	if (p && *p == '{')
		return read_count(p + 1, ret);
	if (p && *p && strchr("*+?", *p)) {
		ret->low = *p == '+';
		ret->high = *p == '?' ? 1 : UINT32_MAX;
		p++;
	}
	return p;
}

/* From the places that were reached to those behind one atom; count[i]: of places reached before i. */
static void step_atom(const struct atom *x, const char *text, size_t len, bool *reached, uint32_t *count)
{
	uint32_t run = 0;
	count[0] = 0;
	for (size_t i = 0; i <= len; i++)
		count[i + 1] = count[i] + reached[i];
	for (size_t i = 0; i <= len; i++) {
		run = i && x->set[(unsigned char)text[i - 1]] ? run + 1 : 0;
		uint32_t most = run < x->high ? run : x->high;
		reached[i] = most >= x->low && count[i - x->low + 1] > count[i - most];
	}
}

/* False: it has groups, anchors or names. */
static bool match_atoms(struct arena *a, const char *pattern, const char *text, size_t len, bool *ret_matches)
{
	struct buf b = {0};
	struct atom x;
	const char *error = NULL;
	translate(pattern, &b, &error);
	const char *p = buf_text(&b), *end = p + b.len - 2;
	if (weigh(&p, 0) > MAX_WEIGHT)
		error = "told by the other way";
	p = buf_text(&b) + 2; /* between ^( and )$ */
	bool *reached = arena_new_n(a, bool, len + 1);
	uint32_t *count = arena_new_n(a, uint32_t, len + 2);
	reached[0] = true;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] > 0x7F || !text[i])
			error = "not ASCII";
	while (p && p < end && !error) {
		p = read_atom(p, &x);
		if (p)
			step_atom(&x, text, len, reached, count);
	}
	bool known = !error && p == end && b.len > 4;
	buf_finish(&b);
	if (known)
		*ret_matches = reached[len];
	return known;
}

bool pattern_match(struct arena *a, const char *pattern, const char *text, size_t len, bool *ret_matches, char **ret_error)
{
	regex_t re;
	if (len > PATTERN_TEXT_MAX_BYTES) {
		*ret_error = arena_printf(a, "the text is too long to be matched (%zu bytes)", len);
		return false;
	}
	if (strlen(pattern) <= PATTERN_MAX_BYTES && match_atoms(a, pattern, text, len, ret_matches))
		return true;
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
