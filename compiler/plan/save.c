#include "compiler/plan/pack.h"
#include <stdio.h>
#include <string.h>

#define PLAN_VERSION 1

static struct doc *save_sources(struct arena *a, const struct plan *p, bool with_sources)
{
	struct doc *list = doc_list(a);
	for (uint32_t i = 1; i < p->sources->list.len; i++) {
		const struct source *s = &p->sources->list.at[i];
		struct doc *map = doc_map(a);
		doc_append(a, map, "path", doc_string(a, s->path));
		if (with_sources)
			doc_append(a, map, "text", doc_string_n(a, s->text, s->len));
		doc_push(list, map);
	}
	return list;
}

struct doc *plan_save(struct arena *a, const struct plan *p, bool with_sources)
{
	struct plan copy = *p; /* packing takes pointers to fields, but only reads them while saving */
	struct pack pack = {.arena = a, .map = doc_map(a)};
	doc_append(a, pack.map, "plan", doc_int(a, PLAN_VERSION));
	type_table_init(&pack.types, a);
	pack_plan(&pack, &copy);
	type_table_finish(&pack.types);
	doc_append(a, pack.map, "sources", save_sources(a, p, with_sources));
	return pack.map;
}

static bool load_sources(struct plan *p, const struct doc *list)
{
	for (doc_each(item, list)) {
		const char *path = doc_text(doc_get(item, "path"), NULL);
		const struct doc *text = doc_get(item, "text");
		if (!path || (text && text->kind != DOC_STRING) || (text && text->string.len >= UINT32_MAX))
			return false;
		size_t len = text ? text->string.len : 0;
		sources_add(p->sources, path, arena_strndup(p->arena, text ? text->string.text : "", len), len);
	}
	return true;
}

static const char *load(struct plan *p, struct doc *d)
{
	struct pack pack = {.loading = true, .arena = p->arena, .map = d};
	if (!load_sources(p, doc_get(d, "sources")))
		return "the sources cannot be read";
	type_table_init(&pack.types, p->arena);
	pack_plan(&pack, p);
	type_table_finish(&pack.types);
	map_finish(&pack.formats);
	return pack.error ? pack.error : plan_check(p, p->arena);
}

struct plan *plan_load(const struct doc *d, char *ret_error, size_t error_len)
{
	if (doc_integer(doc_get(d, "plan"), 0) != PLAN_VERSION) {
		snprintf(ret_error, error_len, "this is no plan of version %d", PLAN_VERSION);
		return NULL;
	}
	struct plan *p = plan_create();
	const char *error = load(p, (struct doc *)d);
	if (!error)
		return p;
	snprintf(ret_error, error_len, "the plan is damaged: %s", error);
	plan_destroy(p);
	return NULL;
}
