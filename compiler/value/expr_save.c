/* Expressions, whole and back: ["op", [file, start, end], type, what belongs to the operator, args...]. */
#include "compiler/doc/quote.h"
#include "compiler/value/expr.h"
#include <string.h>

void type_table_init(struct type_table *t, struct arena *a)
{
	*t = (struct type_table){.arena = a};
}

void type_table_finish(struct type_table *t)
{
	if (!t)
		return;
	map_finish(&t->by_address);
	map_finish(&t->by_text);
	buf_finish(&t->saved);
}

/* Its number + 1. */
static uintptr_t put_type(struct type_table *t, const struct type *type)
{
	struct buf text = {0};
	doc_json_write(type_save(t->arena, type), 0, &text);
	struct map_entry *e = map_entry_n(&t->by_text, text.text, text.len);
	if (!e->value) {
		e->key = arena_strndup(t->arena, text.text, text.len);
		e->value = (void *)(uintptr_t)t->by_text.len;
		buf_puts(&t->saved, t->saved.len ? ", " : "");
		buf_add(&t->saved, text.text, text.len);
	}
	buf_finish(&text);
	return (uintptr_t)e->value;
}

void type_table_put(struct type_table *t, const struct type *type, struct buf *ret)
{
	if (!type) {
		buf_puts(ret, "null");
		return;
	}
	uintptr_t number = (uintptr_t)map_get_n(&t->by_address, (const char *)&type, sizeof type);
	if (!number) {
		number = put_type(t, type);
		map_set_n(&t->by_address, arena_copy(t->arena, &type, sizeof type), sizeof type, (void *)number);
	}
	buf_int(ret, (int64_t)number - 1);
}

bool type_table_load(struct type_table *t, const struct doc *list, const struct map *formats)
{
	if (!list || list->kind != DOC_LIST)
		return false;
	t->loaded = arena_new_n(t->arena, const struct type *, doc_len(list));
	for (doc_each(item, list)) {
		if (!type_load(t->arena, item, formats, &t->loaded[t->n_loaded]))
			return false;
		t->n_loaded++;
	}
	return true;
}

bool type_table_get(const struct type_table *t, const struct doc *d, const struct type **ret)
{
	if (d && d->kind == DOC_NULL) {
		*ret = NULL;
		return true;
	}
	int64_t number = doc_integer(d, -1);
	if (number < 0 || number >= t->n_loaded)
		return false;
	*ret = t->loaded[number];
	return true;
}

/* What an operator carries besides its arguments. */
enum own { NOTHING, VALUE, ASSET, INDEX, NAME, FUNCTION, FIRST, EACH, UNIT, KEYS };
static const struct { const char *name; uint16_t min, max; enum own own; } ops[] = {
	[EXPR_CONST] = {"const", 0, 0, VALUE}, [EXPR_PARAM] = {"param", 0, 0, INDEX}, [EXPR_SLOT] = {"slot", 0, 0, INDEX},
	[EXPR_PREVIOUS] = {"previous", 0, 0, INDEX}, [EXPR_INPUT] = {"input", 0, 0, INDEX},
	[EXPR_OUTPUT] = {"output", 0, 0, INDEX}, [EXPR_MODEL] = {"model", 0, 0, NAME}, [EXPR_EVENT] = {"event", 0, 1, NAME},
	[EXPR_LOCAL] = {"local", 0, 0, INDEX}, [EXPR_LET] = {"let", 1, UINT16_MAX, FIRST},
	[EXPR_MEMBER] = {"member", 1, 1, NAME}, [EXPR_INDEX] = {"index", 2, 2, NOTHING},
	[EXPR_NEGATE] = {"negate", 1, 1, NOTHING}, [EXPR_NOT] = {"not", 1, 1, NOTHING}, [EXPR_ADD] = {"+", 2, 2, NOTHING},
	[EXPR_SUB] = {"-", 2, 2, NOTHING}, [EXPR_MUL] = {"*", 2, 2, NOTHING}, [EXPR_DIV] = {"/", 2, 2, NOTHING},
	[EXPR_MOD] = {"%", 2, 2, NOTHING}, [EXPR_LT] = {"<", 2, 2, NOTHING}, [EXPR_LE] = {"<=", 2, 2, NOTHING},
	[EXPR_GT] = {">", 2, 2, NOTHING}, [EXPR_GE] = {">=", 2, 2, NOTHING}, [EXPR_EQ] = {"==", 2, 2, NOTHING},
	[EXPR_NE] = {"!=", 2, 2, NOTHING}, [EXPR_IN] = {"in", 2, 2, NOTHING}, [EXPR_AND] = {"&&", 2, 2, NOTHING},
	[EXPR_OR] = {"||", 2, 2, NOTHING}, [EXPR_COALESCE] = {"??", 2, 2, NOTHING}, [EXPR_COND] = {"cond", 3, 3, NOTHING},
	[EXPR_RANGE] = {"..", 2, 2, NOTHING}, [EXPR_AS] = {"as", 1, 1, UNIT}, [EXPR_TEXT] = {"text", 0, UINT16_MAX, NOTHING},
	[EXPR_WORDS] = {"words", 0, UINT16_MAX, NOTHING}, [EXPR_LIST] = {"list", 0, UINT16_MAX, NOTHING},
	[EXPR_RECORD] = {"record", 0, UINT16_MAX, KEYS}, [EXPR_EACH] = {"each", 3, 3, EACH},
	[EXPR_CALL] = {"call", 0, UINT16_MAX, FUNCTION}, [EXPR_ASSET] = {"asset", 0, 0, ASSET},
	[EXPR_GLOB] = {"glob", 1, 1, NOTHING},
};
#define N_OPS (sizeof ops / sizeof *ops)
#define MAX_DEPTH EVAL_MAX_DEPTH

static void write_text(const char *text, struct buf *ret)
{
	if (text)
		quote_json(text, strlen(text), ret);
	else
		buf_puts(ret, "null");
}

static void write_index(const struct expr *e, struct buf *ret)
{
	buf_putc(ret, '[');
	buf_int(ret, e->index);
	buf_puts(ret, ", ");
	write_text(e->name, ret);
	buf_puts(ret, e->checked ? ", true]" : "]");
}

static void write_keys(const struct expr *e, struct buf *ret)
{
	buf_putc(ret, '[');
	for (uint16_t i = 0; i < e->n; i++) {
		buf_puts(ret, i ? ", " : "");
		write_text(e->keys[i], ret);
	}
	buf_putc(ret, ']');
}

/* Texts and plain numbers are most. */
static void write_value(struct arena *a, const struct value *v, struct buf *ret)
{
	if (v->kind == VALUE_STRING)
		quote_json(v->string.text, v->string.len, ret);
	else if (v->kind == VALUE_INT && !v->unit)
		buf_int(ret, v->integer);
	else
		doc_json_write(value_save(a, v), 0, ret);
}

static void write_own(struct type_table *t, const struct expr *e, struct buf *ret)
{
	switch (ops[e->op].own) {
	case NOTHING:
		buf_puts(ret, "null");
		return;
	case VALUE:
	case ASSET:
		write_value(t->arena, e->value, ret);
		return;
	case INDEX:
		write_index(e, ret);
		return;
	case NAME:
	case FUNCTION:
		write_text(e->name, ret);
		return;
	case FIRST:
		buf_int(ret, e->index);
		return;
	case EACH:
		buf_printf(ret, "[%u, %s]", e->index, e->pair ? "true" : "false");
		return;
	case UNIT:
		write_text(e->unit ? e->unit->name : NULL, ret);
		return;
	case KEYS:
		write_keys(e, ret);
		return;
	}
}

void span_write(struct span span, struct buf *ret)
{
	buf_putc(ret, '[');
	buf_ints(ret, ", ", (const uint32_t[]){span.file, span.start, span.end}, 3);
	buf_putc(ret, ']');
}

void expr_write(struct type_table *t, const struct expr *e, struct buf *ret)
{
	if (!e) {
		buf_puts(ret, "null");
		return;
	}
	buf_puts(ret, "[\"");
	buf_puts(ret, ops[e->op].name);
	buf_puts(ret, "\", ");
	span_write(e->span, ret);
	buf_puts(ret, ", ");
	type_table_put(t, e->type, ret);
	buf_puts(ret, ", ");
	write_own(t, e, ret);
	for (uint16_t i = 0; i < e->n; i++) {
		buf_puts(ret, ", ");
		expr_write(t, e->args[i], ret);
	}
	buf_putc(ret, ']');
}

struct loader {
	struct arena *arena;
	const struct type_table *types; /* or */
	const struct map *formats;
};

static bool load_number(const struct doc *d, uint32_t *ret)
{
	int64_t n = doc_integer(d, -1);
	if (n < 0 || n > UINT32_MAX)
		return false;
	*ret = (uint32_t)n;
	return true;
}

bool span_load(const struct doc *d, struct span *ret)
{
	if (!d || d->kind != DOC_LIST || doc_len(d) != 3)
		return false;
	const struct doc *file = d->children.first;
	struct span span;
	if (!load_number(file, &span.file) || !load_number(file->next, &span.start) || !load_number(file->next->next, &span.end))
		return false;
	*ret = span;
	return true;
}

static bool load_name(struct arena *a, const struct doc *d, const char **ret)
{
	if (!d || d->kind != DOC_STRING)
		return false;
	*ret = arena_strdup(a, d->string.text);
	return true;
}

static bool load_index(struct arena *a, const struct doc *d, struct expr *e)
{
	if (d->kind != DOC_LIST || doc_len(d) < 2 || !load_number(d->children.first, &e->index))
		return false;
	const struct doc *name = d->children.first->next;
	e->checked = doc_truth(name->next, false);
	return (name->kind == DOC_NULL || load_name(a, name, &e->name)) && (e->op != EXPR_LOCAL || e->index < EVAL_MAX_LOCALS);
}

static bool load_each(const struct doc *d, struct expr *e)
{
	if (d->kind != DOC_LIST || doc_len(d) != 2 || !load_number(d->children.first, &e->index))
		return false;
	e->pair = doc_truth(d->children.first->next, false);
	return e->index < EVAL_MAX_LOCALS - 1;
}

static bool load_keys(struct arena *a, const struct doc *d, struct expr *e)
{
	if (d->kind != DOC_LIST || doc_len(d) != e->n)
		return false;
	e->keys = arena_new_n(a, const char *, e->n);
	uint16_t i = 0;
	for (doc_each(key, d)) {
		if (!load_name(a, key, &e->keys[i++]))
			return false;
	}
	return true;
}

static bool load_call(struct arena *a, const struct doc *d, struct expr *e)
{
	if (!load_name(a, d, &e->name))
		return false;
	const struct builtin *b = builtin_find(e->name);
	return b && e->n >= b->min_args && e->n <= b->max_args;
}

static bool load_own(struct arena *a, const struct doc *d, struct expr *e)
{
	switch (ops[e->op].own) {
	case NOTHING:
		return d->kind == DOC_NULL;
	case VALUE:
		return value_load(a, d, &e->value);
	case ASSET:
		return value_load(a, d, &e->value) && e->value->kind == VALUE_PATH;
	case INDEX:
		return load_index(a, d, e);
	case NAME:
		return load_name(a, d, &e->name);
	case FUNCTION:
		return load_call(a, d, e);
	case FIRST:
		return load_number(d, &e->index) && e->index < EVAL_MAX_LOCALS - e->n;
	case EACH:
		return load_each(d, e);
	case UNIT:
		return d->kind == DOC_STRING && unit_load(a, d, &e->unit);
	case KEYS:
		return load_keys(a, d, e);
	}
	return false;
}

static bool load(struct loader *l, const struct doc *d, unsigned depth, const struct expr **ret);

static bool load_args(struct loader *l, const struct doc *first, unsigned depth, struct expr *e)
{
	uint16_t i = 0;
	for (const struct doc *d = first; d; d = d->next, i++) {
		bool may_lack = e->op == EXPR_EACH && i == 1;
		if (d->kind == DOC_NULL ? !may_lack : !load(l, d, depth + 1, &e->args[i]))
			return false;
	}
	return true;
}

static bool find_op(const char *name, enum expr_op *ret)
{
	for (size_t i = 0; i < N_OPS; i++) {
		if (strcmp(ops[i].name, name) == 0) {
			*ret = (enum expr_op)i;
			return true;
		}
	}
	return false;
}

static bool load_type(struct loader *l, const struct doc *d, const struct type **ret)
{
	if (l->types)
		return type_table_get(l->types, d, ret);
	return d->kind == DOC_NULL || type_load(l->arena, d, l->formats, ret);
}

static bool load(struct loader *l, const struct doc *d, unsigned depth, const struct expr **ret)
{
	enum expr_op op;
	struct span span;
	const struct type *type = NULL;
	uint32_t len = doc_len(d);
	if (!d || d->kind != DOC_LIST || len < 4 || len - 4 > UINT16_MAX || depth > MAX_DEPTH)
		return false;
	const struct doc *name = d->children.first, *at = name->next, *own = at->next->next;
	if (!find_op(doc_text(name, ""), &op) || !span_load(at, &span) || !load_type(l, at->next, &type))
		return false;
	uint16_t n = (uint16_t)(len - 4);
	if (n < ops[op].min || n > ops[op].max)
		return false;
	struct expr *e = expr_new(l->arena, op, span, type, n);
	if (!load_own(l->arena, own, e) || !load_args(l, own->next, depth, e))
		return false;
	*ret = e;
	return true;
}

bool expr_load(struct arena *a, const struct doc *d, const struct map *formats, const struct expr **ret)
{
	struct loader l = {.arena = a, .formats = formats};
	return load(&l, d, 1, ret);
}

bool expr_load_with(const struct type_table *t, const struct doc *d, const struct expr **ret)
{
	struct loader l = {.arena = t->arena, .types = t};
	return load(&l, d, 1, ret);
}
