#include "compiler/base/map.h"
#include "compiler/doc/doc.h"
#include <string.h>

struct differ {
	struct arena arena; /* of the paths */
	struct buf *out;
};

static void put_value(const struct doc *d, struct buf *ret)
{
	if (d)
		doc_json_write(d, 0, ret);
	else
		buf_puts(ret, "(nothing)");
}

static void put_change(struct differ *x, const char *path, const struct doc *a, const struct doc *b)
{
	buf_printf(x->out, "%s: ", path[0] ? path : "(all)");
	put_value(a, x->out);
	buf_puts(x->out, " -> ");
	put_value(b, x->out);
	buf_putc(x->out, '\n');
}

static void compare(struct differ *x, const char *path, const struct doc *a, const struct doc *b);

static const char *member_path(struct differ *x, const char *path, const char *key)
{
	return path[0] ? arena_printf(&x->arena, "%s.%s", path, key) : key;
}

static void compare_maps(struct differ *x, const char *path, const struct doc *a, const struct doc *b)
{
	for (doc_each(member, a))
		compare(x, member_path(x, path, member->key), member, doc_get(b, member->key));
	for (doc_each(member, b)) {
		if (!doc_get(a, member->key))
			compare(x, member_path(x, path, member->key), NULL, member);
	}
}

/* Fills `names` with the elements by their names; false unless each is a map with a name of its own. */
static bool index_names(const struct doc *list, struct map *names)
{
	for (doc_each(item, list)) {
		const char *name = doc_text(doc_get(item, "name"), NULL);
		if (!name || map_set(names, name, item))
			return false;
	}
	return true;
}

static bool same_order(const struct doc *a, const struct doc *b)
{
	const struct doc *p = a->children.first, *q = b->children.first;
	while (p && q && strcmp(doc_text(doc_get(p, "name"), ""), doc_text(doc_get(q, "name"), "")) == 0) {
		p = p->next;
		q = q->next;
	}
	return !p && !q;
}

static void compare_named(struct differ *x, const char *path, const struct doc *a, const struct map *in_a, const struct doc *b, const struct map *in_b)
{
	for (doc_each(item, a)) {
		const char *name = doc_text(doc_get(item, "name"), "");
		compare(x, arena_printf(&x->arena, "%s[%s]", path, name), item, map_get(in_b, name));
	}
	for (doc_each(item, b)) {
		const char *name = doc_text(doc_get(item, "name"), "");
		if (!map_get(in_a, name))
			compare(x, arena_printf(&x->arena, "%s[%s]", path, name), NULL, item);
	}
	if (in_a->len == in_b->len && !same_order(a, b))
		buf_printf(x->out, "%s: in another order\n", path[0] ? path : "(all)");
}

static void compare_by_place(struct differ *x, const char *path, const struct doc *a, const struct doc *b)
{
	const struct doc *p = a->children.first, *q = b->children.first;
	for (uint32_t i = 0; p || q; i++) {
		compare(x, arena_printf(&x->arena, "%s[%u]", path, i), p, q);
		p = p ? p->next : NULL;
		q = q ? q->next : NULL;
	}
}

static void compare_lists(struct differ *x, const char *path, const struct doc *a, const struct doc *b)
{
	struct map in_a = {0}, in_b = {0};
	if (index_names(a, &in_a) && index_names(b, &in_b))
		compare_named(x, path, a, &in_a, b, &in_b);
	else
		compare_by_place(x, path, a, b);
	map_finish(&in_a);
	map_finish(&in_b);
}

static void compare(struct differ *x, const char *path, const struct doc *a, const struct doc *b)
{
	if (doc_equal(a, b))
		return;
	if (a && b && a->kind == DOC_MAP && b->kind == DOC_MAP)
		compare_maps(x, path, a, b);
	else if (a && b && a->kind == DOC_LIST && b->kind == DOC_LIST)
		compare_lists(x, path, a, b);
	else
		put_change(x, path, a, b);
}

void doc_diff(const struct doc *a, const struct doc *b, struct buf *ret)
{
	struct differ x = {.out = ret};
	compare(&x, "", a, b);
	arena_finish(&x.arena);
}
