/* The command line of a tool: CWL v1.2, Command Line Tool Description, 4.1 "Input binding". */
#include "runtime/cwl/inside.h"
#include <stdlib.h>

struct part { const char *text; int64_t number; }; /* of a sort key: numbers stand before texts */
struct key { const struct part *parts; uint32_t n; };
struct word { struct key key; const struct cwl_binding *binding; const struct doc *datum; uint32_t order; };
struct words { VEC(struct word) list; };
/* A binding and, for elements of an array, the key of the array's own. */
struct own { const struct cwl_binding *binding; const struct key *key; };
static const struct cwl_binding plain_binding; /* what an array's elements have when the array has one */

static struct key key_join(struct tool *t, struct key a, struct key b)
{
	struct part *parts = arena_new_n(t->arena, struct part, a.n + b.n + 1);
	if (a.n)
		memcpy(parts, a.parts, a.n * sizeof *parts);
	if (b.n)
		memcpy(parts + a.n, b.parts, b.n * sizeof *parts);
	return (struct key){ parts, a.n + b.n };
}

static struct key key_number(struct tool *t, int64_t n)
{
	struct part *p = arena_new(t->arena, struct part);
	p->number = n;
	return (struct key){ p, 1 };
}

static struct key key_text(struct tool *t, const char *text)
{
	struct part *p = arena_new(t->arena, struct part);
	p->text = text;
	return (struct key){ p, 1 };
}

static int compare(const void *x, const void *y)
{
	const struct word *a = x, *b = y;
	for (uint32_t i = 0; i < a->key.n && i < b->key.n; i++) {
		const struct part *p = &a->key.parts[i], *q = &b->key.parts[i];
		int c = !p->text != !q->text ? (p->text ? 1 : -1) : p->text ? strcmp(p->text, q->text) : p->number < q->number ? -1 : p->number > q->number;
		if (c)
			return c;
	}
	return a->key.n != b->key.n ? (a->key.n < b->key.n ? -1 : 1) : a->order < b->order ? -1 : 1;
}

static bool position(struct tool *t, const struct cwl_binding *b, const struct doc *self, int64_t *ret)
{
	const struct doc *d = b->position;
	*ret = 0;
	if (!d)
		return true;
	if (!expression_value(t, d, self, &d))
		return false;
	if (d->kind != DOC_INT && d->kind != DOC_NULL)
		return tool_fail(t, "a position is no whole number");
	*ret = doc_integer(d, 0);
	return true;
}

static bool own_key(struct tool *t, struct own own, const struct doc *datum, struct key lead, struct key tail, struct key *ret)
{
	struct key mine;
	int64_t n;
	if (own.key) {
		mine = *own.key;
	} else {
		if (!position(t, own.binding, datum, &n))
			return false;
		mine = key_number(t, n);
	}
	*ret = key_join(t, key_join(t, lead, mine), tail);
	return true;
}

static void add_word(struct words *w, struct key key, const struct cwl_binding *b, const struct doc *datum)
{
	*vec_push(&w->list) = (struct word){ key, b, datum, w->list.len };
}

/* What stands inside of something with a binding is sorted within its place. */
static void put_below(struct tool *t, struct words *w, uint32_t from, struct key above)
{
	for (uint32_t i = from; i < w->list.len; i++)
		w->list.at[i].key = key_join(t, above, w->list.at[i].key);
}

static bool bind(struct tool *t, const struct cwl_type *type, struct own own, const struct doc *datum, struct key lead, struct key tail, struct words *w, int depth);

static bool bind_elements(struct tool *t, const struct cwl_type *type, struct own own, const struct doc *datum, struct key lead, struct key tail, struct words *w, int depth)
{
	struct key key = { 0 };
	int64_t n = 0;
	if (own.binding && !own_key(t, own, datum, lead, tail, &key))
		return false;
	for (doc_each(item, datum))
		if (!bind(t, type->of[0], own.binding ? (struct own){ own.binding, &key } : (struct own){ 0 }, item, key_number(t, n++), tail, w, depth + 1))
			return false;
	return true;
}

static bool bind_fields(struct tool *t, const struct cwl_type *type, const struct doc *datum, struct key lead, struct words *w, int depth)
{
	for (uint32_t i = 0; i < type->n_fields; i++) {
		const struct cwl_param *f = &type->fields[i];
		const struct doc *v = doc_get(datum, f->name);
		if (!datum_is_null(v) && !bind(t, f->type, (struct own){ f->binding, NULL }, v, lead, key_text(t, f->name), w, depth + 1))
			return false;
	}
	return true;
}

/* An array, record or enum with its own binding. */
static bool bind_inner(struct tool *t, const struct cwl_type *type, const struct cwl_binding *b, const struct doc *datum, struct key lead, struct key tail, struct words *w, int depth)
{
	struct own own = { b, NULL };
	uint32_t from = w->list.len;
	struct key key;
	if (type->kind == CWL_ARRAY)
		return bind_elements(t, type, own, datum, lead, tail, w, depth);
	if (type->kind == CWL_RECORD && !bind_fields(t, type, datum, lead, w, depth))
		return false;
	if (!b)
		return true;
	if (!own_key(t, own, datum, lead, tail, &key))
		return false;
	put_below(t, w, from, key);
	add_word(w, key, b, datum);
	return true;
}

static const struct cwl_type *choose(const struct cwl_type *type, const struct doc *datum)
{
	for (int depth = 0; type->kind == CWL_UNION && depth < VALUE_MAX_DEPTH; depth++) {
		const struct cwl_type *found = NULL;
		for (uint32_t i = 0; i < type->n_of && !found; i++)
			if (datum_matches(type->of[i], datum, 0))
				found = type->of[i];
		if (!found)
			return type;
		type = found;
	}
	return type;
}

static bool bind(struct tool *t, const struct cwl_type *type, struct own own, const struct doc *datum, struct key lead, struct key tail, struct words *w, int depth)
{
	uint32_t from = w->list.len;
	struct key key;
	if (depth > VALUE_MAX_DEPTH)
		return tool_fail(t, "an input is nested too deeply");
	type = choose(type, datum);
	bool values = own.binding && own.binding->value_from;
	if (!values && (type->kind == CWL_ARRAY || type->kind == CWL_RECORD || type->kind == CWL_ENUM)) {
		const struct cwl_binding *inner = type->binding;
		if (own.binding && !inner && type->kind == CWL_ARRAY && !own.binding->separator)
			inner = &plain_binding;
		if (!bind_inner(t, type, inner, datum, lead, tail, w, depth))
			return false;
	}
	if (!own.binding)
		return true;
	if (!own_key(t, own, datum, lead, tail, &key))
		return false;
	put_below(t, w, from, key);
	add_word(w, key, own.binding, datum);
	return true;
}

static bool collect_words(struct tool *t, struct words *w)
{
	struct key none = { 0 };
	for (uint32_t i = 0; i < t->process->n_base; i++)
		add_word(w, key_join(t, key_number(t, INT64_MIN), key_number(t, i)), NULL, doc_string(t->arena, t->process->base[i]));
	for (uint32_t i = 0; i < t->process->n_arguments; i++) {
		const struct cwl_binding *b = &t->process->arguments[i];
		int64_t n;
		if (!position(t, b, NULL, &n))
			return false;
		add_word(w, key_join(t, key_number(t, n), key_number(t, i)), b, NULL);
	}
	for (uint32_t i = 0; i < t->process->n_inputs; i++) {
		const struct cwl_param *p = &t->process->inputs[i];
		const struct doc *v = doc_get(t->inputs, p->name);
		if (!datum_is_null(v) && !bind(t, p->type, (struct own){ p->binding, NULL }, v, none, key_text(t, p->name), w, 0))
			return false;
	}
	if (w->list.len)
		qsort(w->list.at, w->list.len, sizeof *w->list.at, compare);
	return true;
}

/* -- from bindings to words -------------------------------------------------------------------------------------------- */

struct line { VEC(const char *) argv; struct buf shell; };

static void emit(struct tool *t, struct line *l, const struct cwl_binding *b, const char *text)
{
	*vec_push(&l->argv) = text;
	if (!t->process->shell)
		return;
	if (l->shell.len)
		buf_putc(&l->shell, ' ');
	if (b && b->raw)
		buf_puts(&l->shell, text);
	else
		quote_sh(text, strlen(text), &l->shell);
}

static void emit_joined(struct tool *t, struct line *l, const struct cwl_binding *b, const struct doc *list)
{
	struct buf text = { 0 };
	for (doc_each(x, list))
		buf_printf(&text, "%s%s", x == list->children.first ? "" : b->separator, datum_text(t, x));
	if (b->prefix && !b->joined)
		emit(t, l, b, b->prefix);
	emit(t, l, b, arena_printf(t->arena, "%s%s", b->prefix && b->joined ? b->prefix : "", buf_text(&text)));
	buf_finish(&text);
}

static void emit_value(struct tool *t, struct line *l, const struct cwl_binding *b, const struct doc *v)
{
	bool truth = v->kind == DOC_BOOL, list = v->kind == DOC_LIST, record = v->kind == DOC_MAP && !datum_is_path(v);
	if (v->kind == DOC_NULL || (truth && !v->boolean))
		return;
	if (list && b->separator && doc_len(v) > 0) {
		emit_joined(t, l, b, v);
		return;
	}
	if (truth || record || list) {
		if (b->prefix && (!list || doc_len(v) > 0 || b->value_from))
			emit(t, l, b, b->prefix);
		for (doc_each(x, list && b->value_from ? v : NULL))
			emit(t, l, b, datum_text(t, x));
		return;
	}
	const char *text = datum_text(t, v);
	if (b->prefix && !b->joined)
		emit(t, l, b, b->prefix);
	emit(t, l, b, b->prefix && b->joined ? arena_printf(t->arena, "%s%s", b->prefix, text) : text);
}

bool command_make(struct tool *t, const char *const **ret_argv)
{
	struct words w = { 0 };
	struct line l = { 0 };
	bool good = collect_words(t, &w);
	for (uint32_t i = 0; i < w.list.len && good; i++) {
		const struct word *x = &w.list.at[i];
		const struct doc *v = x->datum;
		if (x->binding && x->binding->value_from)
			good = expression_eval(t, x->binding->value_from, x->datum, &v);
		if (good && x->binding)
			emit_value(t, &l, x->binding, v);
		else if (good)
			emit(t, &l, NULL, datum_text(t, v));
	}
	if (good && l.argv.len == 0)
		good = tool_fail(t, "its command line is empty");
	if (good && t->process->shell) {
		vec_clear(&l.argv);
		*vec_push(&l.argv) = "/bin/sh";
		*vec_push(&l.argv) = "-c";
		*vec_push(&l.argv) = arena_strndup(t->arena, buf_text(&l.shell), l.shell.len);
	}
	*vec_push(&l.argv) = NULL;
	*ret_argv = arena_copy(t->arena, l.argv.at, l.argv.len * sizeof *l.argv.at);
	vec_finish(&l.argv);
	vec_finish(&w.list);
	buf_finish(&l.shell);
	return good;
}
