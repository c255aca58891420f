/* Memory that is given back all at once: one arena per compilation, per plan, per document set. */
#ifndef TWINC_BASE_ARENA_H
#define TWINC_BASE_ARENA_H
#include <stdarg.h>
#include <stddef.h>

struct arena_block;
struct arena {
	struct arena_block *blocks; /* owned; newest first */
	char *next, *end;           /* free part of the newest block */
	size_t used_bytes;          /* handed out so far */
};

/* An arena in the caller's storage; all-zero is a valid empty arena too. */
void arena_init(struct arena *a);
void arena_finish(struct arena *a); /* accepts NULL and zero */

/* Zeroed memory, aligned for pointers, 64-bit integers and doubles. Never NULL: running out of memory ends the process with a message. */
void *arena_alloc(struct arena *a, size_t bytes);
void *arena_copy(struct arena *a, const void *from, size_t bytes);
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *format, va_list args);

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_new_n(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (size_t)(n)))
#endif
