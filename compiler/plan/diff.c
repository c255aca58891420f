/* Two plans compared in words. Constructs are matched by kind and name; of what is matched, the dumps are compared. */
#include "compiler/plan/plan.h"
#include <string.h>

struct differ {
	struct arena arena;
	struct buf *out;
};

/* A construct under the name that it is matched by. */
struct entry {
	const char *name;       /* "step work", "main: gate accept" */
	const struct doc *doc;
	const struct plan_node *gate; /* or NULL */
};
struct entries {
	VEC(struct entry) list;
	struct map by_name; /* number in the list + 1 */
};

static void add(struct differ *x, struct entries *e, const char *name, const struct doc *doc, const struct plan_node *gate)
{
	const char *unique = name;
	for (int i = 2; map_get(&e->by_name, unique); i++) /* two `if c` in one block */
		unique = arena_printf(&x->arena, "%s (%d)", name, i);
	*vec_push(&e->list) = (struct entry){unique, doc, gate};
	map_set(&e->by_name, unique, (void *)(uintptr_t)e->list.len);
}

static const struct entry *find(const struct entries *e, const char *name)
{
	uintptr_t number = (uintptr_t)map_get(&e->by_name, name);
	return number ? &e->list.at[number - 1] : NULL;
}

/* The heading of a node's dump is its first member: "call: part = work". */
static const char *node_name(struct differ *x, const struct plan *p, const struct plan_node *n)
{
	switch (n->kind) {
	case PLAN_CALL:
	case PLAN_SUB:
		return arena_printf(&x->arena, "call %s", n->name);
	case PLAN_VALUE:
		return arena_printf(&x->arena, "value %s", n->name);
	case PLAN_GATE:
		return arena_printf(&x->arena, "gate %s", n->name);
	case PLAN_FOR:
		return arena_printf(&x->arena, "for %s", p->slots[n->element].name ? p->slots[n->element].name : "_");
	case PLAN_IF:
	case PLAN_REPEAT:
		break;
	}
	return n->name;
}

/* Nodes of the block in both shapes: as the plan has them and as they were dumped, in the same order. */
static void add_nodes(struct differ *x, struct entries *e, const struct plan *p, uint32_t block, const struct doc *dumped, const char *around)
{
	const struct doc *d = dumped ? dumped->children.first : NULL;
	for (uint32_t i = 0; d && i < p->blocks[block].n_nodes; i++, d = d->next) {
		const struct plan_node *n = &p->nodes[p->blocks[block].nodes[i]];
		const char *name = arena_printf(&x->arena, "%s: %s", around, node_name(x, p, n));
		struct doc *own = doc_map(&x->arena);
		for (doc_each(member, d)) {
			if (strcmp(member->key, "do") != 0 && strcmp(member->key, "else") != 0)
				doc_append(&x->arena, own, member->key, doc_copy(&x->arena, member));
		}
		add(x, e, name, own, n->kind == PLAN_GATE ? n : NULL);
		if (doc_get(d, "do"))
			add_nodes(x, e, p, n->inner, doc_get(d, "do"), name);
		if (doc_get(d, "else"))
			add_nodes(x, e, p, n->otherwise, doc_get(d, "else"), arena_printf(&x->arena, "%s: else", name));
	}
}

static void add_workflows(struct differ *x, struct entries *e, const struct plan *p, const struct doc *dumped)
{
	uint32_t i = 0;
	for (doc_each(w, doc_get(dumped, "workflows"))) {
		const char *name = arena_printf(&x->arena, "workflow %s", p->workflows[i].name);
		struct doc *own = doc_map(&x->arena);
		for (doc_each(member, w)) {
			if (strcmp(member->key, "nodes") != 0)
				doc_append(&x->arena, own, member->key, doc_copy(&x->arena, member));
		}
		add(x, e, name, own, NULL);
		add_nodes(x, e, p, p->workflows[i].block, doc_get(w, "nodes"), p->workflows[i].name);
		i++;
	}
}

static void add_all(struct differ *x, struct entries *e, const struct plan *p)
{
	static const char *const sections[][2] = {{"params", "param"}, {"things", NULL}, {"steps", "step"}, {"models", "model"}};
	const struct doc *dumped = plan_dump_without_places(&x->arena, p);
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
		for (doc_each(item, doc_get(dumped, sections[i][0]))) {
			const char *kind = sections[i][1] ? sections[i][1] : doc_text(doc_get(item, "role"), "thing");
			add(x, e, arena_printf(&x->arena, "%s %s", kind, doc_text(doc_get(item, "name"), "?")), item, NULL);
		}
	}
	add_workflows(x, e, p, dumped);
}

/* The threshold of `x >= 0.8` and which way it loosens: +1 when a larger one lets more pass, -1 a smaller one, 0: no such form. */
static int threshold(const struct expr *e, const struct value **ret)
{
	bool less = e->op == EXPR_LT || e->op == EXPR_LE, more = e->op == EXPR_GT || e->op == EXPR_GE;
	if (!less && !more)
		return 0;
	bool on_right = e->args[1]->op == EXPR_CONST;
	const struct expr *limit = e->args[on_right ? 1 : 0];
	if (limit->op != EXPR_CONST || !value_is_number(limit->value))
		return 0;
	*ret = limit->value;
	return less == on_right ? 1 : -1;
}

static const char *direction(const struct expr *a, const struct expr *b)
{
	const struct value *x = NULL, *y = NULL;
	int way = threshold(a, &x), other = threshold(b, &y);
	if (way == 0 || way != other || a->op != b->op || !unit_same_dim(x->unit, y->unit) || value_compare(x, y) == 0)
		return "changed";
	return value_compare(y, x) * way > 0 ? "loosened" : "tightened";
}

static const struct plan_requirement *find_requirement(const struct plan_node *gate, const char *name)
{
	for (uint32_t i = 0; i < gate->n_requirements; i++) {
		if (strcmp(gate->requirements[i].name ? gate->requirements[i].name : "", name) == 0)
			return &gate->requirements[i];
	}
	return NULL;
}

static void diff_requirements(struct differ *x, const char *name, const struct plan_node *a, const struct plan_node *b)
{
	for (uint32_t i = 0; i < a->n_requirements; i++) {
		const char *own = a->requirements[i].name ? a->requirements[i].name : "";
		const struct plan_requirement *other = find_requirement(b, own);
		const char *before = expr_text(&x->arena, a->requirements[i].expr), *after = other ? expr_text(&x->arena, other->expr) : NULL;
		if (!other)
			buf_printf(x->out, "%s loosened: %s no longer required: %s\n", name, own, before);
		else if (strcmp(before, after) != 0)
			buf_printf(x->out, "%s %s: %s -> %s\n", name, direction(a->requirements[i].expr, other->expr), before, after);
	}
	for (uint32_t i = 0; i < b->n_requirements; i++) {
		const char *own = b->requirements[i].name ? b->requirements[i].name : "";
		if (!find_requirement(a, own))
			buf_printf(x->out, "%s tightened: %s is required too: %s\n", name, own, expr_text(&x->arena, b->requirements[i].expr));
	}
}

static struct doc *without(struct differ *x, const struct doc *map, const char *key)
{
	struct doc *copy = doc_map(&x->arena);
	for (doc_each(member, map)) {
		if (strcmp(member->key, key) != 0)
			doc_append(&x->arena, copy, member->key, doc_copy(&x->arena, member));
	}
	return copy;
}

static void diff_entry(struct differ *x, const struct entry *a, const struct entry *b)
{
	const struct doc *before = a->doc, *after = b->doc;
	if (a->gate && b->gate) {
		diff_requirements(x, a->name, a->gate, b->gate);
		before = without(x, before, "require");
		after = without(x, after, "require");
	}
	struct buf lines = {0};
	doc_diff(before, after, &lines);
	for (const char *p = buf_text(&lines); *p;) {
		size_t n = strcspn(p, "\n");
		buf_printf(x->out, "%s: %.*s\n", a->name, (int)n, p);
		p += n + (p[n] == '\n');
	}
	buf_finish(&lines);
}

static void diff_heads(struct differ *x, const struct plan *a, const struct plan *b)
{
	const char *before = a->version ? a->version : "none", *after = b->version ? b->version : "none";
	if (strcmp(a->twin, b->twin) != 0)
		buf_printf(x->out, "twin: %s -> %s\n", a->twin, b->twin);
	if (strcmp(before, after) != 0)
		buf_printf(x->out, "version: %s -> %s\n", before, after);
	if (a->edition != b->edition)
		buf_printf(x->out, "edition: %lld -> %lld\n", (long long)a->edition, (long long)b->edition);
}

void plan_diff(const struct plan *a, const struct plan *b, struct buf *ret)
{
	struct differ x = {.out = ret};
	struct entries before = {0}, after = {0};
	add_all(&x, &before, a);
	add_all(&x, &after, b);
	diff_heads(&x, a, b);
	for (uint32_t i = 0; i < before.list.len; i++) {
		const struct entry *other = find(&after, before.list.at[i].name);
		if (other)
			diff_entry(&x, &before.list.at[i], other);
		else
			buf_printf(ret, "%s is gone\n", before.list.at[i].name);
	}
	for (uint32_t i = 0; i < after.list.len; i++) {
		if (!find(&before, after.list.at[i].name))
			buf_printf(ret, "%s is new\n", after.list.at[i].name);
	}
	vec_finish(&before.list);
	vec_finish(&after.list);
	map_finish(&before.by_name);
	map_finish(&after.by_name);
	arena_finish(&x.arena);
}
