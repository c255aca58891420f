#include "compiler/doc/quote.h"
#include "compiler/base/utf8.h"
#include <string.h>

static bool is_bare(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr("_@%+=:,./-", c));
}

void quote_sh(const char *text, size_t len, struct buf *ret)
{
	size_t bare = 0;
	while (bare < len && is_bare(text[bare]))
		bare++;
	if (len && bare == len) {
		buf_add(ret, text, len);
		return;
	}
	buf_putc(ret, '\'');
	for (size_t i = 0; i < len;) {
		const char *quote = memchr(text + i, '\'', len - i);
		size_t n = quote ? (size_t)(quote - text) - i : len - i;
		buf_add(ret, text + i, n);
		buf_puts(ret, quote ? "'\\''" : "");
		i += n + 1;
	}
	buf_putc(ret, '\'');
}

void quote_groovy(const char *text, size_t len, struct buf *ret)
{
	buf_putc(ret, '\'');
	for (size_t i = 0; i < len;) {
		uint32_t c;
		i += utf8_decode(text + i, len - i, &c, NULL);
		if (c == '\'' || c == '\\')
			buf_printf(ret, "\\%c", (char)c);
		else if (c == '\n')
			buf_puts(ret, "\\n");
		else if (c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029) /* ends of lines to XML 1.1 */
			buf_printf(ret, "\\u%04x", c);
		else
			utf8_encode(c, ret);
	}
	buf_putc(ret, '\'');
}

static void put_json_char(uint32_t c, struct buf *ret)
{
	static const char named[][2] = {{'"', '"'}, {'\\', '\\'}, {'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}, {'\b', 'b'}, {'\f', 'f'}};
	for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
		if (c == (unsigned char)named[i][0]) {
			buf_putc(ret, '\\');
			buf_putc(ret, named[i][1]);
			return;
		}
	}
	bool odd = c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || c == 0xFEFF || c == 0xFFFE || c == 0xFFFF;
	if (odd)
		buf_printf(ret, "\\u%04x", c);
	else
		utf8_encode(c, ret);
}

/* Whether all of eight bytes stand for themselves: printable ASCII but " and \. */
static bool are_plain(uint64_t x)
{
	const uint64_t ones = 0x0101010101010101, tops = ones << 7, quote = x ^ ones * '"', slash = x ^ ones * '\\';

	return !((x | (x + ones) | (x - ones * ' ') | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & tops);
}

size_t quote_plain_len(const char *text, size_t len)
{
	size_t n = 0;
	for (uint64_t x; n + sizeof x <= len; n += sizeof x) {
		memcpy(&x, text + n, sizeof x);
		if (!are_plain(x))
			break;
	}
	while (n < len && text[n] >= ' ' && text[n] < 0x7F && text[n] != '"' && text[n] != '\\')
		n++;
	return n;
}

void quote_json(const char *text, size_t len, struct buf *ret)
{
	buf_putc(ret, '"');
	for (size_t i = 0; i < len;) {
		uint32_t c;
		size_t n = quote_plain_len(text + i, len - i);
		buf_add(ret, text + i, n);
		i += n;
		if (i < len) {
			i += utf8_decode(text + i, len - i, &c, NULL);
			put_json_char(c, ret);
		}
	}
	buf_putc(ret, '"');
}
