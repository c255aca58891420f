#include "compiler/base/base64.h"
#include <stdint.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"; /* the last two: the + and / of URLs */

void base64_encode(struct buf *b, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t bits = 0;
		for (size_t j = 0; j < 3; j++)
			bits = bits << 8 | (j < n ? (unsigned char)bytes[i + j] : 0);
		for (size_t j = 0; j < 4; j++)
			buf_putc(b, j <= n ? digits[bits >> (18 - 6 * j) & 63] : '=');
	}
}

static int value_of(char c)
{
	const char *at = c ? strchr(digits, c) : NULL;
	int v = at ? (int)(at - digits) : -1;
	return v >= 64 ? v - 2 : v;
}

char *base64_decode(struct arena *a, const char *text, size_t len)
{
	char *out = arena_alloc(a, len + 1), *to = out;
	uint32_t bits = 0, n = 0;
	for (size_t i = 0; i < len; i++) {
		int v = value_of(text[i]);
		if (v < 0)
			continue;
		bits = bits << 6 | (uint32_t)v;
		if ((n += 6) >= 8)
			*to++ = (char)(bits >> (n -= 8) & 0xff);
	}
	*to = 0;
	return out;
}
