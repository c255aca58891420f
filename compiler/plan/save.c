#include "compiler/plan/pack.h"
#include "compiler/doc/quote.h"
#include <stdio.h>
#include <string.h>

#define PLAN_VERSION 1

static void save_sources(const struct plan *p, bool with_sources, struct buf *ret)
{
	buf_puts(ret, ", \"sources\": [");
	for (uint32_t i = 1; i < p->sources->list.len; i++) {
		const struct source *s = &p->sources->list.at[i];
		buf_puts(ret, i > 1 ? ", {\"path\": " : "{\"path\": ");
		quote_json(s->path, strlen(s->path), ret);
		if (with_sources) {
			buf_puts(ret, ", \"text\": ");
			quote_json(s->text, s->len, ret);
		}
		buf_putc(ret, '}');
	}
	buf_putc(ret, ']');
}

void plan_save(const struct plan *p, bool with_sources, struct buf *ret)
{
	struct plan copy = *p; /* packing takes pointers to fields, but only reads them while saving */
	struct arena a = {0};
	struct pack pack = {.arena = &a, .out = ret};
	buf_printf(ret, "{\"plan\": %d", PLAN_VERSION);
	type_table_init(&pack.types, &a);
	pack_plan(&pack, &copy);
	type_table_finish(&pack.types);
	save_sources(p, with_sources, ret);
	buf_putc(ret, '}');
	arena_finish(&a);
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
