#include "compiler/base/format.h"
#include <stdbool.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

size_t format_int(int64_t v, char text[FORMAT_INT_BYTES])
{
	char digits[2 * FORMAT_INT_BYTES]; /* so that as many bytes are copied, whatever their number is */
	size_t n = FORMAT_INT_BYTES;
	uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	for (; rest >= 100; rest /= 100) {
		digits[--n] = (char)('0' + rest % 10);
		digits[--n] = (char)('0' + rest / 10 % 10);
	}
	digits[--n] = (char)('0' + rest % 10);
	if (rest >= 10)
		digits[--n] = (char)('0' + rest / 10);
	if (v < 0)
		digits[--n] = '-';
	memcpy(text, digits + n, FORMAT_INT_BYTES);
	return FORMAT_INT_BYTES - n;
}

struct out { char *text; size_t size, len; };

static size_t room(const struct out *o)
{
	return o->len < o->size ? o->size - o->len : 0;
}

static void add(struct out *o, const char *bytes, size_t n)
{
	size_t fits = room(o);
	if (fits)
		memcpy(o->text + o->len, bytes, n < fits ? n : fits);
	o->len += n;
}

static void add_int(struct out *o, int64_t v)
{
	char digits[FORMAT_INT_BYTES];
	if (room(o) >= FORMAT_INT_BYTES)
		o->len += format_int(v, o->text + o->len);
	else
		add(o, digits, format_int(v, digits));
}

static void add_padded(struct out *o, int width, const char *s)
{
	size_t len = strlen(s);
	for (int i = (int)len; i < width; i++)
		add(o, " ", 1);
	add(o, s, len);
}

/* Whole numbers that a double holds exactly. */
static bool add_whole(struct out *o, double x)
{
	bool whole = x >= 0 && x < 0x1p53 && x == (double)(int64_t)x && !(x == 0 && signbit(x));
	if (whole)
		add_int(o, (int64_t)x);
	return whole;
}

/* One conversion, behind its %; NULL where it is none of the usual ones. */
static const char *add_one(struct out *o, const char *f, va_list *args)
{
	if (f[0] == '.' && f[1] == '*' && f[2] == 's') {
		int n = va_arg(*args, int);
		const char *s = va_arg(*args, const char *);
		add(o, s, n < 0 ? strlen(s) : strnlen(s, (size_t)n));
		return f + 3;
	}
	if (f[0] == '*' && f[1] == 's') {
		int width = va_arg(*args, int);
		add_padded(o, width, va_arg(*args, const char *));
		return width < 0 ? NULL : f + 2;
	}
	if (f[0] == '.' && f[1] == '0' && f[2] == 'f')
		return add_whole(o, va_arg(*args, double)) ? f + 3 : NULL;
	if (*f == 's') {
		const char *s = va_arg(*args, const char *);
		s = s ? s : "(null)";
		add(o, s, strlen(s));
	} else if (*f == 'u') {
		add_int(o, va_arg(*args, unsigned));
	} else if (*f == 'd') {
		add_int(o, va_arg(*args, int));
	} else if (*f == 'c') {
		add(o, &(char){(char)va_arg(*args, int)}, 1);
	} else if (*f == '%') {
		add(o, f, 1);
	} else {
		return NULL;
	}
	return f + 1;
}

int format_text(char *text, size_t size, const char *format, va_list args)
{
	struct out o = {.text = text, .size = size};
	const char *f = format;
	va_list rest;
	va_copy(rest, args);
	while (f && *f) {
		const char *percent = *f == '%' ? f : strchrnul(f, '%');
		if (percent > f)
			add(&o, f, (size_t)(percent - f));
		f = *percent ? add_one(&o, percent + 1, &rest) : percent;
	}
	va_end(rest);
	if (!f || o.len > INT_MAX)
		return vsnprintf(text, size, format, args);
	if (size)
		text[o.len < size ? o.len : size - 1] = '\0';
	return (int)o.len;
}
