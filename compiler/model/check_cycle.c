/* Order comes from data: gives each body an order in which every node stands behind what it needs; where there is none, a
 * result needs itself, and the cycle is shown whole. No recursion: a body may hold a hundred thousand calls in a chain. */
#include "compiler/model/check.h"
#include <string.h>

/* The nodes of one body that the current node needs; node->id maps into stamps, so that each counts once. */
struct needs { const struct model *m; struct model_body *body; uint32_t *stamps, stamp; VEC(struct model_node *) list; };

static void add_need(struct needs *e, struct model_node *n)
{
	if (!n || n->body != e->body || e->stamps[n->id] == e->stamp)
		return;
	e->stamps[n->id] = e->stamp;
	*vec_push(&e->list) = n;
}

static void each_need(const struct expr *ref, void *ctx)
{
	struct needs *e = ctx;
	if (ref->op != EXPR_SLOT)
		return;
	const struct model_slot *s = e->m->slots.at[ref->index];
	add_need(e, s->node);
	for (uint32_t i = 0; ref->checked && i < s->n_gates; i++)
		add_need(e, s->gates[i]);
}

static void add_afters(struct needs *e, const struct model_node *n)
{
	for (uint32_t i = 0; i < n->n_after_nodes; i++)
		add_need(e, n->after_nodes[i]);
	for (const struct model_node *k = n->inner ? n->inner->nodes : NULL; k; k = k->next)
		add_afters(e, k);
	for (const struct model_node *k = n->otherwise ? n->otherwise->nodes : NULL; k; k = k->next)
		add_afters(e, k);
}

static void find_needs(struct needs *e, const struct model_node *n)
{
	vec_clear(&e->list);
	e->stamp++;
	model_each_ref(n, each_need, e);
	add_afters(e, n);
	for (uint32_t i = 0; i < n->n_guards && n->kind == MODEL_GATE; i++)
		add_need(e, n->guards[i]->node);
}

/* Forward edges of a body, as one array: who waits for node i stands from first[i] on. */
struct graph { struct model_node **nodes; uint32_t n, *waiting, *first, *targets; };

static void build_graph(struct checker *ck, struct needs *e, struct model_body *body, uint32_t *position, struct graph *g)
{
	for (struct model_node *n = body->nodes; n; n = n->next)
		g->n++;
	g->nodes = arena_new_n(ck->arena, struct model_node *, g->n + 1);
	g->waiting = arena_new_n(ck->arena, uint32_t, g->n + 1);
	g->first = arena_new_n(ck->arena, uint32_t, g->n + 2);
	uint32_t i = 0;
	for (struct model_node *n = body->nodes; n; n = n->next) {
		position[n->id] = i;
		g->nodes[i++] = n;
	}
	VEC(uint32_t) pairs = {0};
	e->body = body;
	for (i = 0; i < g->n; i++) {
		find_needs(e, g->nodes[i]);
		g->waiting[i] = e->list.len;
		for (uint32_t k = 0; k < e->list.len; k++) {
			*vec_push(&pairs) = position[e->list.at[k]->id];
			*vec_push(&pairs) = i;
			g->first[position[e->list.at[k]->id] + 1]++;
		}
	}
	for (i = 0; i < g->n; i++)
		g->first[i + 1] += g->first[i];
	g->targets = arena_new_n(ck->arena, uint32_t, pairs.len / 2 + 1);
	uint32_t *next = arena_copy(ck->arena, g->first, sizeof *next * (g->n + 1));
	for (i = 0; i < pairs.len; i += 2)
		g->targets[next[pairs.at[i]]++] = pairs.at[i + 1];
	vec_finish(&pairs);
}

/* Every node that is left needs another that is left: walking from one ends in a cycle. */
static void report_ring(struct checker *ck, struct needs *e, struct graph *g, const uint32_t *position)
{
	uint32_t at = 0, len = 0;
	while (g->waiting[at] == 0)
		at++;
	uint32_t *path = arena_new_n(ck->arena, uint32_t, g->n + 1), *seen = arena_new_n(ck->arena, uint32_t, g->n + 1);
	while (!seen[at]) {
		seen[at] = ++len;
		path[len - 1] = at;
		find_needs(e, g->nodes[at]);
		for (uint32_t k = 0; k < e->list.len; k++)
			if (g->waiting[position[e->list.at[k]->id]]) {
				at = position[e->list.at[k]->id];
				break;
			}
	}
	struct model_node *back = g->nodes[at];
	const struct model_node *gate = NULL;
	struct diag *d = diag_add(ck->diags, DIAG_E0444, back->span, "these need one another, round in a cycle");
	for (uint32_t i = seen[at] - 1; i < len; i++) {
		struct model_node *n = g->nodes[path[i]], *next = i + 1 < len ? g->nodes[path[i + 1]] : back;
		gate = n->kind == MODEL_GATE && len - seen[at] > 0 ? n : gate;
		if (n == back)
			diag_here(d, n == next ? "`%s` needs itself" : "`%s` needs `%s`", n->name, next->name);
		else
			diag_label(d, n->span, "`%s` needs `%s`", n->name, next->name);
	}
	if (gate) {
		diag_help(d, "what the gate reads is made before `%s` is passed: there, use the result that it guards as `unchecked(x)`", gate->name);
		return;
	}
	diag_help(d, back->body->owner && back->body->owner->kind == MODEL_REPEAT ? "the value of the round before is `previous(x)`" : "to go round until something holds, use `repeat { max = 10, until = ... }`");
}

static void order_body(struct checker *ck, struct needs *e, struct model_body *body, uint32_t *position)
{
	struct graph g = {0};
	build_graph(ck, e, body, position, &g);
	body->order = arena_new_n(ck->arena, struct model_node *, g.n + 1);
	uint32_t tail = 0;
	for (uint32_t i = 0; i < g.n; i++)
		if (g.waiting[i] == 0)
			body->order[tail++] = g.nodes[i];
	for (uint32_t head = 0; head < tail; head++) {
		uint32_t at = position[body->order[head]->id];
		for (uint32_t k = g.first[at]; k < g.first[at + 1]; k++)
			if (--g.waiting[g.targets[k]] == 0)
				body->order[tail++] = g.nodes[g.targets[k]];
	}
	body->n_nodes = tail;
	if (tail < g.n)
		report_ring(ck, e, &g, position);
}

void check_cycles(struct checker *ck, struct model *m)
{
	struct needs e = {.m = m, .stamps = arena_new_n(ck->arena, uint32_t, m->n_nodes + 1)};
	uint32_t *position = arena_new_n(ck->arena, uint32_t, m->n_nodes + 1);
	for (uint32_t i = 0; i < m->bodies.len; i++)
		order_body(ck, &e, m->bodies.at[i], position);
	vec_finish(&e.list);
}
