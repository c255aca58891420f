/* Documentation: `##` lines above an item, or a `##` comment behind it on its line. */
#include "compiler/syntax/parse.h"
#include <string.h>

struct item_list { VEC(struct ast_item *) items; };

/* The item and all that stands in it, in order of the text. */
static void collect(struct item_list *list, struct ast_item *i)
{
	*vec_push(&list->items) = i;
	if (i->type && i->type->kind == AST_TYPE_RECORD)
		for (struct ast_item *k = i->type->fields; k; k = k->next)
			collect(list, k);
	for (struct ast_item *k = i->body; k; k = k->next)
		collect(list, k);
	for (struct ast_item *k = i->has_otherwise ? i->otherwise : NULL; k; k = k->next)
		collect(list, k);
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

/* Comments before, in or behind the listed item, as far as the following one (or NULL); *k: the next comment. */
static void attach(struct scan *s, const struct item_list *list, uint32_t *k, struct ast_item *following)
{
	uint32_t end = following ? item_start(following) : UINT32_MAX;
	uint32_t next = 0; /* first item that starts behind the comment */
	for (; *k < s->file->comments.len && s->file->comments.at[*k].span.start < end; ++*k) {
		const struct ast_comment *c = &s->file->comments.at[*k];
		while (next < list->items.len && item_start(list->items.at[next]) < c->span.start)
			next++;
		if (!c->doc)
			continue;
		struct ast_item *item = !c->own_line ? item_before(s, list, next, c->span.start) : next < list->items.len ? list->items.at[next] : following;
		if (item)
			add_doc(s, item, c);
	}
}

void parse_attach_docs(struct scan *s)
{
	struct item_list list = {0};
	uint32_t k = 0;
	for (struct ast_item *i = s->file->items; i && k < s->file->comments.len; i = i->next) {
		collect(&list, i);
		attach(s, &list, &k, i->next);
		vec_clear(&list.items);
	}
	vec_finish(&list.items);
}
