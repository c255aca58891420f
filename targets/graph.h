/* The plan as a picture: what is drawn is gathered once (graph.c), then written as dot or Mermaid; graph_draw.c is the
 * only file that knows Graphviz. */
#ifndef TWINC_TARGETS_GRAPH_H
#define TWINC_TARGETS_GRAPH_H
#include "compiler/base/vec.h"
#include "compiler/plan/plan.h"

enum graph_state { GRAPH_NONE, GRAPH_WAITING, GRAPH_RUNNING, GRAPH_DONE, GRAPH_FAILED, GRAPH_BLOCKED, GRAPH_SKIPPED };
enum graph_shape {
	SHAPE_DATA, SHAPE_STEP, SHAPE_SUB, SHAPE_VALUE, SHAPE_GATE, SHAPE_SOURCE, SHAPE_SERVICE, SHAPE_PLACE, SHAPE_MODEL, SHAPE_TRIGGER,
};
enum graph_link {
	LINK_DATA,   /* a value flows */
	LINK_ORDER,  /* only waits: a gate, `after`, an `if` */
	LINK_BACK,   /* to the next round of a repeat */
	LINK_PLACED, /* runs there */
	LINK_STARTS, /* an event, a trigger */
};
struct graph_node {
	const char *label, *second; /* second lines, or NULL */
	enum graph_shape shape;
	enum graph_state state;
	uint32_t box; /* that it stands in, or PLAN_NONE */
};
struct graph_box { const char *label; uint32_t parent; bool solid; /* a workflow, an infrastructure; else for, if, repeat */ };
struct graph_edge { uint32_t from, to; const char *label; /* or NULL */ enum graph_link link; };
struct graph {
	struct arena *arena; /* borrowed */
	const char *title;
	VEC(struct graph_node) nodes;
	VEC(struct graph_box) boxes;
	VEC(struct graph_edge) edges;
};
/* What does not help to understand a large picture becomes one node with a count. LIGHT: calls of one step in one block;
 * HEAVY: the insides of `for`, `if`, `repeat` and, where all are drawn, of workflows. */
enum graph_fold { FOLD_NOTHING, FOLD_LIGHT, FOLD_HEAVY };
/* workflow: PLAN_NONE draws all of them, with what surrounds them. states: one per node of the plan, or NULL.
 * unfolded: every node, however many. */
void graph_init(struct graph *g, struct arena *a, const struct plan *p, uint32_t workflow, const enum graph_state *states, bool unfolded);
void graph_finish(struct graph *g);
/* graph_fold.c: of each node of a plan the first one that is alike in its block; itself where there are only a few. */
void graph_alike(struct arena *a, const struct plan *p, uint32_t **ret_first, uint32_t **ret_count);
/* graph_stack.c: parts that nothing joins are put under one another by edges that are not seen, so that pictures are not
 * much wider than high. */
void graph_stack(const struct graph *g, struct buf *ret);
void graph_dot(const struct graph *g, struct buf *ret);
void graph_mermaid(const struct graph *g, struct buf *ret);
/* Lays a dot text out and renders it: "svg" or "png". False with the reason when Graphviz is not there or cannot. */
bool graph_draw(const char *dot, const char *format, struct buf *ret, char *ret_error, size_t error_len);
#endif
