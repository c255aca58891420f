#include "compiler/base/arena.h"
#include "compiler/base/bug.h"
#include "compiler/base/format.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT _Alignof(uint64_t)
#define BLOCK_MIN_BYTES ((size_t)2 << 10) /* many live for one task, and are zeroed */
#define LARGE_BYTES ((size_t)4 << 10)
#define BLOCK_MAX_BYTES ((size_t)64 << 10) /* so that blocks that were given back are taken again */

struct arena_block {
	struct arena_block *next;
	size_t bytes;
	_Alignas(uint64_t) char data[];
};

void arena_init(struct arena *a)
{
	*a = (struct arena){0};
}

void arena_finish(struct arena *a)
{
	if (!a)
		return;
	for (struct arena_block *b = a->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct arena){0};
}

static struct arena_block *new_block(size_t bytes)
{
	struct arena_block *b = calloc(1, sizeof *b + bytes);
	if (!b)
		bug_out_of_memory();
	b->bytes = bytes;
	return b;
}

/* A block of its own, behind the newest, whose free part stays in use. */
static void *alloc_large(struct arena *a, size_t bytes)
{
	struct arena_block *b = new_block(bytes);
	if (a->blocks) {
		b->next = a->blocks->next;
		a->blocks->next = b;
	} else {
		a->blocks = b;
		a->next = a->end = b->data + bytes;
	}
	return b->data;
}

static void add_block(struct arena *a, size_t least)
{
	size_t bytes = BLOCK_MIN_BYTES;
	while (bytes < least || (bytes < a->used_bytes / 2 && bytes < BLOCK_MAX_BYTES))
		bytes *= 2;
	struct arena_block *b = new_block(bytes);
	b->next = a->blocks;
	a->blocks = b;
	a->next = b->data;
	a->end = b->data + bytes;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
	if (bytes > SIZE_MAX / 2)
		bug_out_of_memory();
	bytes = bytes ? (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
	a->used_bytes += bytes;
	if (bytes > LARGE_BYTES)
		return alloc_large(a, bytes);
	if (bytes > (size_t)(a->end - a->next))
		add_block(a, bytes);
	void *ret = a->next;
	a->next += bytes;
	return ret;
}

void *arena_copy(struct arena *a, const void *from, size_t bytes)
{
	void *ret = arena_alloc(a, bytes);
	if (bytes)
		memcpy(ret, from, bytes);
	return ret;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *ret = arena_alloc(a, len + 1);
	if (len)
		memcpy(ret, s, len);
	return ret;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_vprintf(struct arena *a, const char *format, va_list args)
{
	char most[256]; /* is enough for most, which are formatted once then */
	va_list again;
	va_copy(again, args);
	int len = format_text(most, sizeof most, format, again);
	va_end(again);
	if (len < 0)
		bug("a format that cannot be written: %s", format);
	char *ret = arena_alloc(a, (size_t)len + 1);
	if ((size_t)len < sizeof most)
		memcpy(ret, most, (size_t)len);
	else
		format_text(ret, (size_t)len + 1, format, args);
	return ret;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *ret = arena_vprintf(a, format, args);
	va_end(args);
	return ret;
}
