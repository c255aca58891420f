/* Documentation: `##` lines above an item, or a `##` comment behind it on its line. */
#include "compiler/syntax/parse.h"
#include <string.h>

/* The item and all that stands in it, in order of the text. */
static void collect(struct scan *s, struct ast_item *i)
{
	*vec_push(&s->listed) = i;
	if (i->type && i->type->kind == AST_TYPE_RECORD)
		for (struct ast_item *k = i->type->fields; k; k = k->next)
			collect(s, k);
	for (struct ast_item *k = i->body; k; k = k->next)
		collect(s, k);
	for (struct ast_item *k = i->has_otherwise ? i->otherwise : NULL; k; k = k->next)
		collect(s, k);
}

static uint32_t item_start(const struct ast_item *i)
{
	return i->annotations ? i->annotations->span.start : i->span.start;
}

static void add_doc(struct scan *s, const char **doc, const struct ast_comment *c)
{
	const char *text = s->text + c->span.start + 2;
	size_t len = c->span.end - c->span.start - 2;
	if (len && *text == ' ') {
		text++;
		len--;
	}
	while (len && (text[len - 1] == ' ' || text[len - 1] == '\t' || text[len - 1] == '\r'))
		len--;
	*doc = *doc ? arena_printf(s->kept, "%s\n%.*s", *doc, (int)len, text) : arena_strndup(s->kept, text, len);
}

static bool same_line(const struct scan *s, uint32_t from, uint32_t to)
{
	return from <= to && memchr(s->text + from, '\n', to - from) == NULL;
}

/* The item that a comment behind it on its line speaks of: the last that ended, else the one whose head stands there. */
static struct ast_item *item_before(const struct scan *s, uint32_t n, uint32_t at)
{
	struct ast_item *ended = NULL, *head = NULL;
	for (uint32_t i = n; i-- > 0 && same_line(s, s->listed.at[i]->span.start, at);) {
		struct ast_item *item = s->listed.at[i];
		if (item->span.end > at)
			head = head ? head : item;
		else if (!ended || item->span.end >= ended->span.end)
			ended = item;
	}
	return ended ? ended : head;
}

void parse_attach_docs(struct scan *s, struct ast_item *top)
{
	vec_clear(&s->listed);
	collect(s, top);
	top->doc = s->doc_ahead;
	s->doc_ahead = NULL;
	uint32_t next = 0; /* first item that starts behind the comment */
	for (; s->attached < s->file->comments.len; s->attached++) {
		const struct ast_comment *c = &s->file->comments.at[s->attached];
		while (next < s->listed.len && item_start(s->listed.at[next]) < c->span.start)
			next++;
		if (!c->doc)
			continue;
		struct ast_item *before = c->own_line ? NULL : item_before(s, next, c->span.start);
		if (c->own_line)
			add_doc(s, next < s->listed.len ? &s->listed.at[next]->doc : &s->doc_ahead, c);
		else if (before)
			add_doc(s, &before->doc, c);
	}
}
