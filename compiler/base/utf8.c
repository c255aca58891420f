#include "compiler/base/utf8.h"

static size_t sequence_len(unsigned char first)
{
	return first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
}

size_t utf8_decode(const char *s, size_t len, uint32_t *ret, bool *ret_valid)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	static const unsigned char mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
	size_t n = sequence_len((unsigned char)s[0]);
	bool valid = n > 0 && n <= len;
	uint32_t c = valid ? (unsigned char)s[0] & mask[n] : 0;
	for (size_t i = 1; valid && i < n; i++) {
		valid = ((unsigned char)s[i] & 0xC0) == 0x80;
		c = c << 6 | ((unsigned char)s[i] & 0x3F);
	}
	valid = valid && c >= lowest[n] && c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF);
	*ret = valid ? c : UTF8_REPLACEMENT;
	if (ret_valid)
		*ret_valid = valid;
	return valid ? n : 1;
}

void utf8_encode(uint32_t c, struct buf *ret)
{
	if (c < 0x80) {
		buf_putc(ret, (char)c);
		return;
	}
	if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		c = UTF8_REPLACEMENT;
	if (c < 0x800) {
		buf_putc(ret, (char)(0xC0 | c >> 6));
	} else if (c < 0x10000) {
		buf_putc(ret, (char)(0xE0 | c >> 12));
		buf_putc(ret, (char)(0x80 | (c >> 6 & 0x3F)));
	} else {
		buf_putc(ret, (char)(0xF0 | c >> 18));
		buf_putc(ret, (char)(0x80 | (c >> 12 & 0x3F)));
		buf_putc(ret, (char)(0x80 | (c >> 6 & 0x3F)));
	}
	buf_putc(ret, (char)(0x80 | (c & 0x3F)));
}

bool utf8_is_valid(const char *s, size_t len)
{
	bool valid = true;
	uint32_t c;
	for (size_t i = 0; valid && i < len;)
		i += utf8_decode(s + i, len - i, &c, &valid);
	return valid;
}

size_t utf8_count(const char *s, size_t len)
{
	size_t count = 0;
	uint32_t c;
	for (size_t i = 0; i < len; count++)
		i += (unsigned char)s[i] < 0x80 ? 1 : utf8_decode(s + i, len - i, &c, NULL);
	return count;
}

struct range { uint32_t first, last; };

static bool is_in(const struct range *ranges, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++) {
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	}
	return false;
}

int utf8_width(uint32_t c)
{
	static const struct range none[] = {
		{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A}, {0x064B, 0x065F}, {0x0900, 0x0902},
		{0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200D}, {0x20D0, 0x20F0},
		{0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0100, 0xE01EF},
	};
	static const struct range two[] = {
		{0x1100, 0x115F}, {0x231A, 0x231B}, {0x2E80, 0x303E}, {0x3041, 0x33FF}, {0x3400, 0x4DBF}, {0x4E00, 0x9FFF},
		{0xA000, 0xA4CF}, {0xA960, 0xA97C}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF}, {0xFE30, 0xFE6F}, {0xFF00, 0xFF60},
		{0xFFE0, 0xFFE6}, {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
	};
	if (c < 0x300)
		return 1;
	return is_in(none, sizeof none / sizeof *none, c) ? 0 : is_in(two, sizeof two / sizeof *two, c) ? 2 : 1;
}

bool utf8_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || c == 0x200E || c == 0x200F ||
	       (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}
