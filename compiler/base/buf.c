#include "compiler/base/buf.h"
#include "compiler/base/bug.h"
#include "compiler/base/format.h"
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b)
{
	*b = (struct buf){0};
}

void buf_finish(struct buf *b)
{
	if (!b)
		return;
	free(b->text);
	*b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->full = false;
	if (b->text)
		b->text[0] = '\0';
}

/* Room for more bytes and the NUL; false over the maximum. */
static bool reserve(struct buf *b, size_t more)
{
	if (b->full || more > BUF_MAX_BYTES - b->len) {
		b->full = true;
		return false;
	}
	size_t need = b->len + more + 1;
	if (need <= b->cap)
		return true;
	size_t cap = b->cap ? b->cap : 256;
	while (cap < need)
		cap *= 2;
	char *text = realloc(b->text, cap);
	if (!text)
		bug_out_of_memory();
	b->text = text;
	b->cap = cap;
	return true;
}

void buf_add_more(struct buf *b, const char *bytes, size_t len)
{
	if (!reserve(b, len))
		return;
	if (len)
		memcpy(b->text + b->len, bytes, len);
	b->len += len;
	b->text[b->len] = '\0';
}

void buf_int(struct buf *b, int64_t v)
{
	if (!reserve(b, FORMAT_INT_BYTES))
		return;
	b->len += format_int(v, b->text + b->len);
	b->text[b->len] = '\0';
}

void buf_ints(struct buf *b, const char *between, const uint32_t *list, size_t n)
{
	size_t gap = strlen(between);
	if (!reserve(b, n * (FORMAT_INT_BYTES + gap)))
		return;
	char *end = b->text + b->len;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; i && k < gap; k++)
			*end++ = between[k];
		end += format_int(list[i], end);
	}
	*end = '\0';
	b->len = (size_t)(end - b->text);
}

void buf_fill(struct buf *b, char c, size_t n)
{
	if (!reserve(b, n))
		return;
	memset(b->text + b->len, c, n);
	b->len += n;
	b->text[b->len] = '\0';
}

void buf_percent(struct buf *b, const char *text, const char *plain)
{
	for (const char *p = text; *p; p++)
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr(plain, *p))
			buf_putc(b, *p);
		else
			buf_printf(b, "%%%02X", (unsigned char)*p);
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	size_t room = b->cap - b->len;
	int len = format_text(b->cap ? b->text + b->len : NULL, room, format, again);
	va_end(again);
	if (len < 0)
		bug("a format that cannot be written: %s", format);
	bool fits = (size_t)len < room;
	if (!reserve(b, (size_t)len)) {
		if (room)
			b->text[b->len] = '\0';
		return;
	}
	if (!fits)
		format_text(b->text + b->len, (size_t)len + 1, format, args);
	b->len += (size_t)len;
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	buf_vprintf(b, format, args);
	va_end(args);
}

const char *buf_text(const struct buf *b)
{
	return b->text ? b->text : "";
}
