#include "compiler/doc/doc.h"
#include "compiler/base/bug.h"
#include <string.h>

static struct doc *new_doc(struct arena *a, enum doc_kind kind)
{
	struct doc *d = arena_new(a, struct doc);
	d->kind = kind;
	return d;
}

struct doc *doc_null(struct arena *a)
{
	return new_doc(a, DOC_NULL);
}

struct doc *doc_bool(struct arena *a, bool v)
{
	struct doc *d = new_doc(a, DOC_BOOL);
	d->boolean = v;
	return d;
}

struct doc *doc_int(struct arena *a, int64_t v)
{
	struct doc *d = new_doc(a, DOC_INT);
	d->integer = v;
	return d;
}

struct doc *doc_float(struct arena *a, double v)
{
	struct doc *d = new_doc(a, DOC_FLOAT);
	d->number = v;
	return d;
}

struct doc *doc_string_n(struct arena *a, const char *s, size_t len)
{
	struct doc *d = new_doc(a, DOC_STRING);
	d->string.text = arena_strndup(a, s, len);
	d->string.len = len;
	return d;
}

struct doc *doc_string(struct arena *a, const char *s)
{
	return doc_string_n(a, s, strlen(s));
}

struct doc *doc_printf(struct arena *a, const char *format, ...)
{
	struct doc *d = new_doc(a, DOC_STRING);
	va_list args;
	va_start(args, format);
	d->string.text = arena_vprintf(a, format, args);
	va_end(args);
	d->string.len = strlen(d->string.text);
	return d;
}

struct doc *doc_list(struct arena *a)
{
	return new_doc(a, DOC_LIST);
}

struct doc *doc_map(struct arena *a)
{
	return new_doc(a, DOC_MAP);
}

static void add_child(struct doc *parent, struct doc *child)
{
	if (child->next || child == parent->children.last)
		bug("a document node in two places");
	if (parent->children.last)
		parent->children.last->next = child;
	else
		parent->children.first = child;
	parent->children.last = child;
	parent->children.len++;
}

void doc_push(struct doc *list, struct doc *item)
{
	if (list->kind != DOC_LIST)
		bug("doc_push to what is no list");
	add_child(list, item);
}

void doc_append(struct arena *a, struct doc *map, const char *key, struct doc *value)
{
	if (map->kind != DOC_MAP)
		bug("doc_set(%s) in what is no map", key);
	value->key = arena_strdup(a, key);
	add_child(map, value);
}

void doc_set(struct arena *a, struct doc *map, const char *key, struct doc *value)
{
	if (doc_get(map, key))
		bug("key %s set twice", key);
	doc_append(a, map, key, value);
}

void doc_set_text(struct arena *a, struct doc *map, const char *key, const char *text)
{
	if (text)
		doc_set(a, map, key, doc_string(a, text));
}

struct doc *doc_get(const struct doc *map, const char *key)
{
	if (!map || map->kind != DOC_MAP)
		return NULL;
	struct doc *d = map->children.first;
	while (d && strcmp(d->key, key) != 0)
		d = d->next;
	return d;
}

const char *doc_text(const struct doc *d, const char *otherwise)
{
	return d && d->kind == DOC_STRING ? d->string.text : otherwise;
}

int64_t doc_integer(const struct doc *d, int64_t otherwise)
{
	return d && d->kind == DOC_INT ? d->integer : otherwise;
}

double doc_number(const struct doc *d, double otherwise)
{
	if (d && d->kind == DOC_INT)
		return (double)d->integer;
	return d && d->kind == DOC_FLOAT ? d->number : otherwise;
}

bool doc_truth(const struct doc *d, bool otherwise)
{
	return d && d->kind == DOC_BOOL ? d->boolean : otherwise;
}

uint32_t doc_len(const struct doc *d)
{
	return d && d->kind >= DOC_LIST ? d->children.len : 0;
}

static bool equal_children(const struct doc *a, const struct doc *b)
{
	if (a->children.len != b->children.len)
		return false;
	const struct doc *y = b->children.first;
	for (const struct doc *x = a->children.first; x; x = x->next, y = y->next) {
		/* Keys mostly stand in the same order. */
		const struct doc *other = a->kind == DOC_LIST || strcmp(x->key, y->key) == 0 ? y : doc_get(b, x->key);
		if (!other || !doc_equal(x, other))
			return false;
	}
	return true;
}

bool doc_equal(const struct doc *a, const struct doc *b)
{
	if (!a || !b || a->kind != b->kind)
		return a == b;
	switch (a->kind) {
	case DOC_NULL:
		return true;
	case DOC_BOOL:
		return a->boolean == b->boolean;
	case DOC_INT:
		return a->integer == b->integer;
	case DOC_FLOAT:
		return a->number == b->number || (a->number != a->number && b->number != b->number);
	case DOC_STRING:
		return a->string.len == b->string.len && memcmp(a->string.text, b->string.text, a->string.len) == 0;
	case DOC_LIST:
	case DOC_MAP:
		return equal_children(a, b);
	}
	return false;
}

struct doc *doc_from(struct doc *d, struct span from)
{
	d->from = from;
	return d;
}

struct doc *doc_share(struct arena *a, const struct doc *d)
{
	struct doc *same = arena_copy(a, d, sizeof *d);
	same->next = NULL;
	same->key = NULL;
	return same;
}

struct doc *doc_copy(struct arena *a, const struct doc *d)
{
	struct doc *copy = doc_share(a, d);
	if (d->comment)
		copy->comment = arena_strdup(a, d->comment);
	if (d->kind == DOC_STRING)
		copy->string.text = arena_strndup(a, d->string.text, d->string.len);
	if (d->kind < DOC_LIST)
		return copy;
	copy->children.first = copy->children.last = NULL;
	copy->children.len = 0;
	for (doc_each(child, d)) {
		struct doc *c = doc_copy(a, child);
		if (d->kind == DOC_MAP)
			c->key = arena_strdup(a, child->key);
		add_child(copy, c);
	}
	return copy;
}
