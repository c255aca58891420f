/* Puts the parts of a picture that nothing joins into columns. Graphviz would lay them all side by side. */
#include "targets/graph.h"
#include <stdlib.h>

struct piece { uint32_t root, depth, size, last, column; /* last: a node of the deepest rank */ };
struct stack {
	const struct graph *g;
	uint32_t *parent; /* union-find over nodes */
	uint32_t *rank, *feeds;
	VEC(struct piece) pieces;
};

static uint32_t root(struct stack *s, uint32_t i)
{
	while (s->parent[i] != i)
		i = s->parent[i] = s->parent[s->parent[i]];
	return i;
}

static uint32_t outer_box(const struct graph *g, uint32_t box)
{
	while (box != PLAN_NONE && g->boxes.at[box].parent != PLAN_NONE)
		box = g->boxes.at[box].parent;
	return box;
}

static void pieces_join(struct stack *s)
{
	const struct graph *g = s->g;
	uint32_t *of_box = arena_new_n(g->arena, uint32_t, g->boxes.len + 1);

	for (uint32_t i = 0; i < g->nodes.len; i++) {
		uint32_t box = outer_box(g, g->nodes.at[i].box);
		if (box == PLAN_NONE)
			continue;
		if (of_box[box])
			s->parent[root(s, i)] = root(s, of_box[box] - 1);
		of_box[box] = i + 1;
	}
	for (uint32_t i = 0; i < g->edges.len; i++)
		s->parent[root(s, g->edges.at[i].from)] = root(s, g->edges.at[i].to);
}

/* Longest way from a node that nothing feeds; edges stand behind those that they continue only by chance, so again until
 * nothing changes, but not for ever. */
static void ranks_find(struct stack *s)
{
	bool again = true;

	for (int round = 0; again && round < 60; round++) {
		again = false;
		for (uint32_t i = 0; i < s->g->edges.len; i++) {
			const struct graph_edge *e = &s->g->edges.at[i];
			if (e->link == LINK_BACK || s->rank[e->to] > s->rank[e->from])
				continue;
			s->rank[e->to] = s->rank[e->from] + 1;
			again = true;
		}
	}
	for (uint32_t i = 0; i < s->g->edges.len; i++)
		s->feeds[s->g->edges.at[i].to] += s->g->edges.at[i].link != LINK_BACK;
}

static void pieces_find(struct stack *s)
{
	for (uint32_t i = 0; i < s->g->nodes.len; i++) {
		uint32_t k = 0, of = root(s, i);
		while (k < s->pieces.len && s->pieces.at[k].root != of)
			k++;
		if (k == s->pieces.len)
			*vec_push(&s->pieces) = (struct piece){ .root = of, .last = i };
		struct piece *p = &s->pieces.at[k];
		p->size++;
		if (s->rank[i] + 1 > p->depth) {
			p->depth = s->rank[i] + 1;
			p->last = i;
		}
	}
}

static int deeper(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->depth != y->depth)
		return x->depth < y->depth ? 1 : -1;
	return x->last < y->last ? -1 : x->last > y->last;
}

/* `piece` below `above`: everything that nothing feeds would else float up. */
static void chain(struct stack *s, const struct piece *above, const struct piece *piece, struct buf *ret)
{
	for (uint32_t i = 0; i < s->g->nodes.len; i++)
		if (s->feeds[i] == 0 && root(s, i) == piece->root)
			buf_printf(ret, "n%u -> n%u [style=invis];\n", above->last, i);
}

static void columns_fill(struct stack *s, struct buf *ret)
{
	uint32_t most = (s->pieces.at[0].depth + 1) * 3 / 2, n = s->pieces.len;
	uint32_t *height = arena_new_n(s->g->arena, uint32_t, n), *tail = arena_new_n(s->g->arena, uint32_t, n);

	for (uint32_t i = 0; i < n; i++) {
		struct piece *p = &s->pieces.at[i];
		while (height[p->column] && height[p->column] + p->depth + 1 > most)
			p->column++;
		if (height[p->column])
			chain(s, &s->pieces.at[tail[p->column]], p, ret);
		height[p->column] += p->depth + 1;
		tail[p->column] = i;
	}
}

void graph_stack(const struct graph *g, struct buf *ret)
{
	uint32_t n = g->nodes.len;
	struct stack s = { .g = g, .parent = arena_new_n(g->arena, uint32_t, n + 1) };

	if (n == 0)
		return;
	s.rank = arena_new_n(g->arena, uint32_t, n);
	s.feeds = arena_new_n(g->arena, uint32_t, n);
	for (uint32_t i = 0; i < n; i++)
		s.parent[i] = i;
	pieces_join(&s);
	ranks_find(&s);
	pieces_find(&s);
	qsort(s.pieces.at, s.pieces.len, sizeof(s.pieces.at[0]), deeper);
	columns_fill(&s, ret);
	vec_finish(&s.pieces);
}
