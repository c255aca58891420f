#include "compiler/diag/source.h"
#include "compiler/base/bug.h"
#include "compiler/base/utf8.h"
#include <string.h>

void sources_init(struct sources *s, struct arena *arena)
{
	*s = (struct sources){.arena = arena};
	*vec_push(&s->list) = (struct source){.path = "", .text = ""};
}

void sources_finish(struct sources *s)
{
	if (s)
		vec_finish(&s->list);
}

uint32_t sources_add(struct sources *s, const char *path, const char *text, size_t len)
{
	if (len >= UINT32_MAX)
		bug("a source of %zu bytes", len);
	*vec_push(&s->list) = (struct source){.path = arena_strdup(s->arena, path), .text = text, .len = len};
	return s->list.len - 1;
}

static void find_lines(struct sources *s, struct source *src)
{
	const char *end = src->text + src->len, *p;
	uint32_t n = 1;
	for (p = src->text; (p = memchr(p, '\n', (size_t)(end - p))); p++)
		n++;
	src->lines = arena_new_n(s->arena, uint32_t, n);
	src->n_lines = 1;
	for (p = src->text; (p = memchr(p, '\n', (size_t)(end - p)));)
		src->lines[src->n_lines++] = (uint32_t)(++p - src->text);
}

/* The source with its table of lines; an unknown number is nowhere. */
static struct source *get_source(struct sources *s, uint32_t file)
{
	struct source *src = &s->list.at[file < s->list.len ? file : 0];
	if (!src->lines)
		find_lines(s, src);
	return src;
}

static bool is_in_line(const struct source *src, uint32_t line, uint32_t at)
{
	return src->lines[line] <= at && (line + 1 == src->n_lines || at < src->lines[line + 1]);
}

/* The line (from 0) that holds the byte. */
static uint32_t find_line(struct source *src, uint32_t at)
{
	uint32_t low = 0, high = src->n_lines;
	for (uint32_t i = src->recent; i < src->recent + 3 && i < src->n_lines; i++)
		if (is_in_line(src, i, at))
			return src->recent = i;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (src->lines[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	return src->recent = low;
}

static void find_place(struct source *src, uint32_t at, uint32_t *ret_line, uint32_t *ret_column)
{
	uint32_t line = find_line(src, at), start = src->lines[line];
	*ret_line = line + 1;
	*ret_column = (uint32_t)utf8_count(src->text + start, at - start) + 1;
}

struct place source_place(struct sources *s, struct span span)
{
	struct source *src = get_source(s, span.file);
	uint32_t start = span.start < src->len ? span.start : (uint32_t)src->len;
	uint32_t end = span.end < src->len ? span.end : (uint32_t)src->len;
	struct place p = {.path = src->path};
	find_place(src, start, &p.line, &p.column);
	find_place(src, end > start ? end : start, &p.end_line, &p.end_column);
	return p;
}

uint32_t source_line_number(struct sources *s, struct span span)
{
	struct source *src = get_source(s, span.file);
	return find_line(src, span.start < src->len ? span.start : (uint32_t)src->len) + 1;
}

const char *source_line(struct sources *s, uint32_t file, uint32_t line, size_t *ret_len)
{
	const struct source *src = get_source(s, file);
	if (line == 0 || line > src->n_lines) {
		*ret_len = 0;
		return "";
	}
	size_t start = src->lines[line - 1], end = line < src->n_lines ? src->lines[line] - 1 : src->len;
	if (end > start && src->text[end - 1] == '\r')
		end--;
	*ret_len = end - start;
	return src->text + start;
}
