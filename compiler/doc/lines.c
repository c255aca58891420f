#include "compiler/doc/lines.h"
#include <string.h>

void lines_finish(struct lines *l)
{
	vec_finish(&l->list);
}

static bool is_same(struct span a, struct span b)
{
	return a.file == b.file && a.start == b.start && a.end == b.end;
}

void lines_turn(struct lines *l, const struct buf *text, struct span from)
{
	const char *newline;

	for (; (newline = memchr(buf_text(text) + l->seen, '\n', text->len - l->seen)); l->seen = (size_t)(newline + 1 - text->text))
		l->number++;
	l->seen = text->len;
	l->now = from;
	if (l->list.len && vec_last(&l->list)->number == l->number + 1)
		vec_pop(&l->list);
	if (!l->list.len || !is_same(vec_last(&l->list)->from, from))
		*vec_push(&l->list) = (struct line_from){ l->number + 1, from };
}
