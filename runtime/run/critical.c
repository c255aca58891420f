/* The critical path: over the nodes of the plan, each as long as its longest task, loops as long as what is inside. */
#include "runtime/run/inside.h"

#define MAX_NESTING 50

struct path { int64_t length; uint32_t node; struct path *before; }; /* the longest way to the end of a node */
struct critical {
	struct run *run;
	struct arena arena;
	int64_t *own;         /* of nodes: the longest task that is to be run */
	struct path **ends;   /* of nodes */
	struct path **insides; /* of nodes: the longest way through what is inside */
};

static struct path *block_path(struct critical *c, const struct plan_block *b, int depth);

static struct path *longer(struct path *a, struct path *b)
{
	return !a || (b && b->length > a->length) ? b : a;
}

static struct path *inner_path(struct critical *c, const struct plan_node *n, int depth)
{
	const struct plan *p = c->run->plan;
	struct path *inside = NULL;
	if (n->kind == PLAN_SUB)
		return block_path(c, &p->blocks[p->workflows[n->target].block], depth + 1);
	if (n->inner != PLAN_NONE)
		inside = block_path(c, &p->blocks[n->inner], depth + 1);
	if (n->otherwise != PLAN_NONE)
		inside = longer(inside, block_path(c, &p->blocks[n->otherwise], depth + 1));
	return inside;
}

static struct path *node_path(struct critical *c, uint32_t id, int depth)
{
	const struct plan_node *n = &c->run->plan->nodes[id];
	struct path *start = NULL, *end = arena_new(&c->arena, struct path);
	for (uint32_t i = 0; i < n->n_needs; i++) {
		const struct plan_slot *slot = &c->run->plan->slots[n->needs[i]];
		if (slot->node != PLAN_NONE && slot->block == n->block) /* what is needed from around, the loop waits for */
			start = longer(start, c->ends[slot->node]);
	}
	for (uint32_t i = 0; i < n->n_waits; i++)
		if (c->run->plan->nodes[n->waits[i]].block == n->block)
			start = longer(start, c->ends[n->waits[i]]);
	c->insides[id] = inner_path(c, n, depth);
	*end = (struct path){ (start ? start->length : 0) + c->own[id] + (c->insides[id] ? c->insides[id]->length : 0), id, start };
	return c->ends[id] = end;
}

static struct path *block_path(struct critical *c, const struct plan_block *b, int depth)
{
	struct path *longest = NULL;
	for (uint32_t i = 0; i < b->n_nodes && depth < MAX_NESTING; i++)
		longest = longer(longest, node_path(c, b->nodes[i], depth));
	return longest;
}

static void tell(struct critical *c, const struct path *p, int depth, void (*each)(const char *name, int64_t duration_ms, void *ctx), void *ctx)
{
	if (!p || depth > MAX_NESTING)
		return;
	tell(c, p->before, depth + 1, each, ctx);
	if (c->own[p->node] > 0)
		each(c->run->plan->nodes[p->node].name, c->own[p->node], ctx);
	tell(c, c->insides[p->node], depth + 1, each, ctx);
}

int64_t run_critical_path(struct run *r, void (*each)(const char *name, int64_t duration_ms, void *ctx), void *ctx)
{
	struct critical c = { .run = r };
	c.own = arena_new_n(&c.arena, int64_t, r->plan->n_nodes);
	c.ends = arena_new_n(&c.arena, struct path *, r->plan->n_nodes);
	c.insides = arena_new_n(&c.arena, struct path *, r->plan->n_nodes);
	for (uint32_t i = 0; i < r->tasks.len; i++) {
		struct run_task_info info = run_task_info(r, i);
		int64_t *own = &c.own[r->tasks.at[i]->node->plan - r->plan->nodes];
		if (info.action == RUN_ACTION_RUN && info.duration_ms > *own)
			*own = info.duration_ms;
	}
	struct path *longest = block_path(&c, r->root->plan, 0);
	int64_t length = longest ? longest->length : 0;
	tell(&c, longest, 0, each, ctx);
	arena_finish(&c.arena);
	return length;
}
