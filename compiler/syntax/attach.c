/* Documentation: `##` lines above an item, or a `##` comment behind it on its line. */
#include "compiler/syntax/parse.h"
#include <string.h>

struct item_list { VEC(struct ast_item *) items; };

static void collect(struct item_list *list, struct ast_item *first)
{
	for (struct ast_item *i = first; i; i = i->next) {
		*vec_push(&list->items) = i;
		if (i->type && i->type->kind == AST_TYPE_RECORD)
			collect(list, i->type->fields);
		collect(list, i->body);
		collect(list, i->otherwise);
	}
}

static uint32_t item_start(const struct ast_item *i)
{
	return i->annotations ? i->annotations->span.start : i->span.start;
}

static void add_doc(struct scan *s, struct ast_item *item, const struct ast_comment *c)
{
	const char *text = s->text + c->span.start + 2;
	size_t len = c->span.end - c->span.start - 2;
	if (len && *text == ' ') {
		text++;
		len--;
	}
	while (len && (text[len - 1] == ' ' || text[len - 1] == '\t' || text[len - 1] == '\r'))
		len--;
	item->doc = item->doc ? arena_printf(s->arena, "%s\n%.*s", item->doc, (int)len, text) : arena_strndup(s->arena, text, len);
}

static bool same_line(const struct scan *s, uint32_t from, uint32_t to)
{
	return from <= to && memchr(s->text + from, '\n', to - from) == NULL;
}

/* The item that a comment behind it on its line speaks of: the last that ended, else the one whose head stands there. */
static struct ast_item *item_before(const struct scan *s, const struct item_list *list, uint32_t n, uint32_t at)
{
	struct ast_item *ended = NULL, *head = NULL;
	for (uint32_t i = n; i-- > 0 && same_line(s, list->items.at[i]->span.start, at);) {
		struct ast_item *item = list->items.at[i];
		if (item->span.end > at)
			head = head ? head : item;
		else if (!ended || item->span.end >= ended->span.end)
			ended = item;
	}
	return ended ? ended : head;
}

void parse_attach_docs(struct scan *s)
{
	struct item_list list = {0};
	collect(&list, s->file->items);
	uint32_t next = 0; /* first item that starts behind the comment */
	for (uint32_t k = 0; k < s->file->comments.len; k++) {
		struct ast_comment *c = &s->file->comments.at[k];
		while (next < list.items.len && item_start(list.items.at[next]) < c->span.start)
			next++;
		if (!c->doc)
			continue;
		struct ast_item *item = c->own_line ? (next < list.items.len ? list.items.at[next] : NULL) : item_before(s, &list, next, c->span.start);
		if (item)
			add_doc(s, item, c);
	}
	vec_finish(&list.items);
}
