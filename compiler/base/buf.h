/* A growing byte string with a maximum. Always NUL-terminated behind its length. */
#ifndef TWINC_BASE_BUF_H
#define TWINC_BASE_BUF_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BUF_MAX_BYTES ((size_t)1 << 30)
struct buf {
	char *text; /* owned; NULL while empty */
	size_t len, cap;
	bool full; /* an append went over the maximum and was dropped */
};

void buf_init(struct buf *b);
void buf_finish(struct buf *b); /* accepts NULL and zero */
void buf_clear(struct buf *b);  /* keeps the storage */
void buf_add_more(struct buf *b, const char *bytes, size_t len); /* as buf_add; for what does not fit as it is */
static inline void buf_add(struct buf *b, const char *bytes, size_t len)
{
	if (len >= b->cap - b->len || b->full) {
		buf_add_more(b, bytes, len);
		return;
	}
	memcpy(b->text + b->len, bytes, len);
	b->text[b->len += len] = '\0';
}
static inline void buf_puts(struct buf *b, const char *s) { buf_add(b, s, strlen(s)); }
static inline void buf_putc(struct buf *b, char c) { buf_add(b, &c, 1); }
void buf_int(struct buf *b, int64_t v); /* in decimal digits */
void buf_ints(struct buf *b, const char *between, const uint32_t *list, size_t n); /* with that between two of them */
void buf_fill(struct buf *b, char c, size_t n); /* n of it */
void buf_percent(struct buf *b, const char *text, const char *plain); /* but ASCII letters, digits and those, each byte as %XX (RFC 3986, 2.1) */
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args);
/* The text so far, "" when empty; borrowed until the next change. */
const char *buf_text(const struct buf *b);
#endif
