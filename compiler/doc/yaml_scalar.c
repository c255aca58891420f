#include "compiler/doc/yaml_scalar.h"
#include "compiler/base/utf8.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static size_t n_digits(const char *s)
{
	return strspn(s, "0123456789");
}

/* [-+]? ( \.[0-9]+ | [0-9]+ (\.[0-9]*)? ) ([eE][-+]?[0-9]+)? */
static bool is_float(const char *s)
{
	s += *s == '-' || *s == '+';
	size_t whole = n_digits(s), part = 0;
	s += whole;
	if (*s == '.') {
		part = n_digits(++s);
		s += part;
	}
	if (whole + part == 0)
		return false;
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '-' || *s == '+';
		size_t exponent = n_digits(s);
		if (exponent == 0)
			return false;
		s += exponent;
	}
	return *s == '\0';
}

static struct doc *read_int(struct arena *a, const char *text)
{
	const char *digits = text + (*text == '-' || *text == '+');
	size_t n = n_digits(digits);
	errno = 0;
	char *end;
	if (strncmp(digits, "0x", 2) == 0 && digits[2]) {
		long long v = strtoll(text, &end, 16);
		return *end == '\0' && errno == 0 && digits == text ? doc_int(a, v) : NULL;
	}
	if (n == 0 || digits[n] || (digits[0] == '0' && n > 1))
		return NULL;
	long long v = strtoll(text, &end, 10);
	return errno == 0 ? doc_int(a, v) : NULL;
}

static struct doc *read_float(struct arena *a, const char *text)
{
	const char *s = text + (*text == '-' || *text == '+');
	if (strcmp(s, ".inf") == 0 || strcmp(s, ".Inf") == 0 || strcmp(s, ".INF") == 0)
		return doc_float(a, *text == '-' ? -INFINITY : INFINITY);
	if (strcmp(text, ".nan") == 0 || strcmp(text, ".NaN") == 0 || strcmp(text, ".NAN") == 0)
		return doc_float(a, NAN);
	bool octal = s[0] == '0' && s[1] >= '0' && s[1] <= '9' && s[n_digits(s)] == '\0';
	return is_float(text) && !octal ? doc_float(a, strtod(text, NULL)) : NULL;
}

struct doc *yaml_scalar_read(struct arena *a, const char *text, size_t len)
{
	static const char *const null_words[] = {"", "~", "null", "Null", "NULL"};
	static const char *const bool_words[] = {"false", "False", "FALSE", "true", "True", "TRUE"};
	if (strlen(text) != len)
		return doc_string_n(a, text, len);
	for (size_t i = 0; i < sizeof null_words / sizeof *null_words; i++) {
		if (strcmp(text, null_words[i]) == 0)
			return doc_null(a);
	}
	for (size_t i = 0; i < sizeof bool_words / sizeof *bool_words; i++) {
		if (strcmp(text, bool_words[i]) == 0)
			return doc_bool(a, i >= 3);
	}
	struct doc *d = read_int(a, text);
	if (!d)
		d = read_float(a, text);
	return d ? d : doc_string_n(a, text, len);
}

#define SPECIAL_MAX_BYTES 5
static bool is_special_word(const char *text, size_t len)
{
	static const char *const words[] = {
		"~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "=", "<<", ".inf", "+.inf", "-.inf", ".nan",
	};
	if (len > SPECIAL_MAX_BYTES || !memchr("~nNtTfFyYoO=<.+-", text[0], 16)) /* what they begin with */
		return false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strlen(words[i]) == len && strncasecmp(words[i], text, len) == 0)
			return true;
	}
	return false;
}

/* Numbers of any base, sexagesimals, dates: made of these only, and few other texts are. */
static bool is_like_number(const char *text, size_t len)
{
	size_t i = 0;
	while (i < len && (memchr("0123456789abcdefABCDEFxXoOtTzZ_:.+- ", text[i], 36)))
		i++;
	return i == len && memchr("0123456789.+-", text[0], 13) != NULL;
}

/* Neither a line break nor unprintable for any reader; otherwise it needs escapes. */
static bool is_printable(const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint32_t c;
		bool valid;
		if (text[i] >= ' ' && text[i] < 0x7F) {
			i++;
			continue;
		}
		i += utf8_decode(text + i, len - i, &c, &valid);
		if (!valid || utf8_is_control(c) || c == 0xFEFF || c == 0xFFFE || c == 0xFFFF)
			return false;
	}
	return true;
}

/* Letters, digits and what never means anything inside of a word: most texts. */
static bool is_word(const char *text, size_t len)
{
	static const bool in_word[256] = {
		['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['0' ... '9'] = true, ['_'] = true, ['.'] = true, ['/'] = true, ['-'] = true,
	};
	size_t i = 0;
	while (i < len && in_word[(unsigned char)text[i]])
		i++;
	return i == len && ((text[0] | 0x20) >= 'a' && (text[0] | 0x20) <= 'z');
}

bool yaml_scalar_is_plain(const char *text, size_t len)
{
	if (len && is_word(text, len))
		return !is_special_word(text, len);
	if (len == 0 || text[0] == ' ' || text[len - 1] == ' ' || text[len - 1] == ':')
		return false;
	if (memchr("?:,[]{}#&*!|>'\"%@`", text[0], 18) || (text[0] == '-' && (len == 1 || text[1] == ' ')))
		return false;
	if (len >= 3 && (memcmp(text, "---", 3) == 0 || memcmp(text, "...", 3) == 0))
		return false;
	if (memmem(text, len, ": ", 2) || memmem(text, len, " #", 2))
		return false;
	return is_printable(text, len) && !is_special_word(text, len) && !is_like_number(text, len);
}
