#include "compiler/plan/pack.h"
#include "compiler/doc/quote.h"
#include <math.h>
#include <string.h>

void pack_fail(struct pack *p, const char *key, const char *what)
{
	if (!p->error)
		p->error = arena_printf(p->arena, "%s: %s", key, what);
}

/* Begins a member of the map that is being written. */
static struct buf *put(struct pack *p, const char *key)
{
	if (p->out->text[p->out->len - 1] != '{')
		buf_puts(p->out, ", ");
	buf_putc(p->out, '"');
	buf_puts(p->out, key);
	buf_puts(p->out, "\": ");
	return p->out;
}

/* The member while loading, of this kind; NULL where it is absent or there was a failure. */
static struct doc *get(struct pack *p, const char *key, enum doc_kind kind)
{
	struct doc *d = p->error ? NULL : doc_get(p->map, key);
	if (d && d->kind != kind) {
		pack_fail(p, key, "of another kind");
		return NULL;
	}
	return d;
}

void pack_text(struct pack *p, const char *key, const char **text)
{
	if (!p->loading && *text)
		quote_json(*text, strlen(*text), put(p, key));
	if (!p->loading)
		return;
	const struct doc *d = get(p, key, DOC_STRING);
	*text = d ? arena_strdup(p->arena, d->string.text) : NULL;
}

void pack_name(struct pack *p, const char *key, const char **text)
{
	pack_text(p, key, text);
	if (p->loading && !*text) {
		pack_fail(p, key, "missing");
		*text = "";
	}
}

void pack_bool(struct pack *p, const char *key, bool *b)
{
	if (!p->loading && *b)
		buf_puts(put(p, key), "true");
	if (!p->loading)
		return;
	const struct doc *d = get(p, key, DOC_BOOL);
	*b = d && d->boolean;
}

static void pack_int(struct pack *p, const char *key, int64_t *n, int64_t absent, int64_t low, int64_t high)
{
	if (!p->loading && *n != absent)
		buf_int(put(p, key), *n);
	if (!p->loading)
		return;
	const struct doc *d = get(p, key, DOC_INT);
	*n = d ? d->integer : absent;
	if (*n < low || *n > high) {
		pack_fail(p, key, "out of range");
		*n = absent;
	}
}

void pack_u32(struct pack *p, const char *key, uint32_t *n)
{
	int64_t wide = *n;
	pack_int(p, key, &wide, 0, 0, UINT32_MAX - 1);
	*n = (uint32_t)wide;
}

void pack_id(struct pack *p, const char *key, uint32_t *id)
{
	int64_t wide = *id;
	pack_int(p, key, &wide, PLAN_NONE, 0, PLAN_NONE);
	*id = (uint32_t)wide;
}

void pack_i64(struct pack *p, const char *key, int64_t *n)
{
	pack_int(p, key, n, 0, INT64_MIN, INT64_MAX);
}

void pack_double(struct pack *p, const char *key, double *x)
{
	if (!p->loading && *x != 0)
		doc_json_write(&(struct doc){.kind = DOC_FLOAT, .number = *x}, 0, put(p, key));
	if (!p->loading)
		return;
	const struct doc *d = p->error ? NULL : doc_get(p->map, key);
	*x = doc_number(d, 0);
	if ((d && d->kind != DOC_INT && d->kind != DOC_FLOAT) || !isfinite(*x))
		pack_fail(p, key, "no number");
}

void pack_word(struct pack *p, const char *key, int *value, const char *const *words, int n_words)
{
	const char *word = p->loading ? NULL : words[*value];
	pack_name(p, key, &word);
	if (!p->loading)
		return;
	int i = 0;
	while (i < n_words && strcmp(words[i], word) != 0)
		i++;
	if (i == n_words)
		pack_fail(p, key, "not a known word");
	*value = i < n_words ? i : 0;
}

void pack_span(struct pack *p, const char *key, struct span *span)
{
	if (!p->loading && (span->file || span->start || span->end))
		span_write(*span, put(p, key));
	if (!p->loading)
		return;
	const struct doc *d = get(p, key, DOC_LIST);
	*span = (struct span){0};
	if (d && !span_load(d, span))
		pack_fail(p, key, "no place");
}

void pack_type(struct pack *p, const char *key, const struct type **type)
{
	if (!p->loading && *type)
		type_table_put(&p->types, *type, put(p, key));
	if (!p->loading)
		return;
	*type = NULL;
	const struct doc *d = get(p, key, DOC_INT);
	if (d && !type_table_get(&p->types, d, type))
		pack_fail(p, key, "no type");
}

void pack_expr(struct pack *p, const char *key, const struct expr **e)
{
	if (!p->loading && *e)
		expr_write(&p->types, *e, put(p, key));
	if (!p->loading)
		return;
	*e = NULL;
	const struct doc *d = get(p, key, DOC_LIST);
	if (d && !expr_load_with(&p->types, d, e))
		pack_fail(p, key, "no expression");
}

void pack_value(struct pack *p, const char *key, const struct value **v)
{
	if (!p->loading && *v)
		doc_json_write(value_save(p->arena, *v), 0, put(p, key));
	if (!p->loading)
		return;
	*v = NULL;
	const struct doc *d = p->error ? NULL : doc_get(p->map, key);
	if (d && !value_load(p->arena, d, v))
		pack_fail(p, key, "no value");
}

void pack_doc(struct pack *p, const char *key, const struct doc **d)
{
	if (!p->loading && *d)
		doc_json_write(*d, 0, put(p, key));
	if (!p->loading)
		return;
	const struct doc *from = p->error ? NULL : doc_get(p->map, key);
	*d = from ? doc_copy(p->arena, from) : NULL;
}

void pack_ids(struct pack *p, const char *key, uint32_t **ids, uint32_t *n)
{
	if (!p->loading && *n) {
		buf_putc(put(p, key), '[');
		buf_ints(p->out, ", ", *ids, *n);
		buf_putc(p->out, ']');
	}
	if (!p->loading)
		return;
	const struct doc *d = get(p, key, DOC_LIST);
	*n = 0;
	*ids = arena_new_n(p->arena, uint32_t, doc_len(d));
	for (doc_each(item, d)) {
		int64_t id = doc_integer(item, -1);
		if (id < 0 || id >= PLAN_NONE) {
			pack_fail(p, key, "out of range");
			return;
		}
		(*ids)[(*n)++] = (uint32_t)id;
	}
}

void pack_texts(struct pack *p, const char *key, const char ***texts, uint32_t *n)
{
	if (!p->loading && *n) {
		buf_putc(put(p, key), '[');
		for (uint32_t i = 0; i < *n; i++) {
			buf_puts(p->out, i ? ", " : "");
			quote_json((*texts)[i], strlen((*texts)[i]), p->out);
		}
		buf_putc(p->out, ']');
	}
	if (!p->loading)
		return;
	const struct doc *d = get(p, key, DOC_LIST);
	*n = 0;
	*texts = arena_new_n(p->arena, const char *, doc_len(d));
	for (doc_each(item, d)) {
		if (item->kind != DOC_STRING) {
			pack_fail(p, key, "not a list of texts");
			return;
		}
		(*texts)[(*n)++] = arena_strdup(p->arena, item->string.text);
	}
}

static void save_list(struct pack *p, const char *key, char *items, uint32_t n, size_t item_bytes, void (*each)(struct pack *, void *))
{
	buf_putc(put(p, key), '[');
	for (uint32_t i = 0; i < n; i++) {
		buf_puts(p->out, i ? ", {" : "{");
		each(p, items + i * item_bytes);
		buf_putc(p->out, '}');
	}
	buf_putc(p->out, ']');
}

void pack_list(struct pack *p, const char *key, void **items, uint32_t *n, size_t item_bytes, void (*each)(struct pack *p, void *item))
{
	if (!p->loading) {
		if (*n)
			save_list(p, key, *items, *n, item_bytes, each);
		return;
	}
	const struct doc *d = get(p, key, DOC_LIST);
	struct doc *around = p->map;
	*n = 0;
	*items = arena_alloc(p->arena, item_bytes * doc_len(d));
	for (doc_each(item, d)) {
		if (item->kind != DOC_MAP)
			pack_fail(p, key, "not a list of maps");
		if (p->error)
			break;
		p->map = item;
		each(p, (char *)*items + (*n)++ * item_bytes);
	}
	p->map = around;
}
