#include "compiler/plan/copy.h"
#include <string.h>

/* Originals live as long as the copying does, so an address names one of them. */
static void *known(const struct map *m, const void *address)
{
	return map_get_n(m, (const char *)&address, sizeof address);
}

static void remember(struct copy *c, struct map *m, const void *address, const void *copied)
{
	const void **key = arena_new(c->arena, const void *);
	*key = address;
	map_set_n(m, (const char *)key, sizeof *key, (void *)(uintptr_t)copied);
}

const char *copy_text(struct copy *c, const char *s)
{
	if (!s)
		return NULL;
	const char *t = map_get(&c->texts, s);
	if (!t) {
		t = arena_strdup(c->arena, s);
		map_set(&c->texts, t, (void *)(uintptr_t)t);
	}
	return t;
}

static const struct unit *copy_unit(struct copy *c, const struct unit *u)
{
	if (!u)
		return NULL;
	const struct unit *k = known(&c->units, u);
	if (k)
		return k;
	struct unit *n = arena_copy(c->arena, u, sizeof *u);
	n->name = copy_text(c, u->name);
	remember(c, &c->units, u, n);
	return n;
}

const struct type *copy_type(struct copy *c, const struct type *t)
{
	if (!t)
		return NULL;
	const struct type *k = known(&c->types, t);
	if (k)
		return k;
	struct type *n = arena_copy(c->arena, t, sizeof *t);
	remember(c, &c->types, t, n);
	n->unit = copy_unit(c, t->unit);
	n->pattern = copy_text(c, t->pattern);
	n->of = copy_type(c, t->of);
	n->format = t->format ? map_get(&c->formats, t->format->name) : NULL;
	n->thing = copy_text(c, t->thing);
	if (t->members) {
		n->members = arena_new_n(c->arena, const char *, t->n + 1);
		for (uint32_t i = 0; i < t->n; i++)
			n->members[i] = copy_text(c, t->members[i]);
	}
	if (t->fields) {
		struct type_field *fields = arena_new_n(c->arena, struct type_field, t->n + 1);
		for (uint32_t i = 0; i < t->n; i++)
			fields[i] = (struct type_field){copy_text(c, t->fields[i].name), copy_type(c, t->fields[i].type), copy_text(c, t->fields[i].doc), t->fields[i].has_default};
		n->fields = fields;
	}
	return n;
}

const struct value *copy_value(struct copy *c, const struct value *v)
{
	return v ? value_copy(c->arena, v) : NULL;
}

const struct expr *copy_expr(struct copy *c, const struct expr *e)
{
	if (!e)
		return NULL;
	struct expr *n = arena_copy(c->arena, e, sizeof *e);
	n->type = copy_type(c, e->type);
	switch (e->op) {
	case EXPR_CONST: case EXPR_ASSET: n->value = copy_value(c, e->value); break;
	case EXPR_AS: n->unit = copy_unit(c, e->unit); break;
	case EXPR_RECORD:
		n->keys = arena_new_n(c->arena, const char *, e->n + 1);
		for (uint32_t i = 0; i < e->n; i++)
			n->keys[i] = copy_text(c, e->keys[i]);
		break;
	case EXPR_PARAM: case EXPR_SLOT: case EXPR_PREVIOUS: case EXPR_INPUT: case EXPR_OUTPUT: case EXPR_MODEL: case EXPR_EVENT: case EXPR_LOCAL:
	case EXPR_MEMBER: case EXPR_CALL:
		n->name = copy_text(c, e->name);
		break;
	case EXPR_LET: case EXPR_INDEX: case EXPR_NEGATE: case EXPR_NOT: case EXPR_ADD: case EXPR_SUB: case EXPR_MUL: case EXPR_DIV: case EXPR_MOD:
	case EXPR_LT: case EXPR_LE: case EXPR_GT: case EXPR_GE: case EXPR_EQ: case EXPR_NE: case EXPR_IN: case EXPR_AND: case EXPR_OR:
	case EXPR_COALESCE: case EXPR_COND: case EXPR_RANGE: case EXPR_TEXT: case EXPR_WORDS: case EXPR_LIST: case EXPR_EACH: case EXPR_GLOB:
		n->value = NULL;
		break;
	}
	n->args = e->n ? arena_new_n(c->arena, const struct expr *, e->n) : NULL;
	for (uint32_t i = 0; i < e->n; i++)
		n->args[i] = copy_expr(c, e->args[i]);
	return n;
}

void copy_finish(struct copy *c)
{
	map_finish(&c->types);
	map_finish(&c->units);
	map_finish(&c->texts);
	map_finish(&c->formats);
}
