/* Which nodes of a plan are alike: calls of one step, or of one workflow, at one place in one block, and plain values. */
#include "targets/graph.h"
#include <string.h>

#define FEW 4 /* fewer stay as they are: today, dam wall and more rain are no crowd */

static bool alike(const struct plan_node *a, const struct plan_node *b)
{
	if (a->kind != b->kind || a->n_waits != b->n_waits)
		return false;
	if (a->kind == PLAN_VALUE)
		return true;
	return a->target == b->target && (a->place == b->place || (a->place && b->place && strcmp(a->place, b->place) == 0));
}

static bool can_fold(const struct plan_node *n)
{
	return n->kind == PLAN_CALL || n->kind == PLAN_SUB || n->kind == PLAN_VALUE;
}

/* Few kinds of nodes stand in a block, so a list of the first of each is short. */
static void block_find(const struct plan *p, const struct plan_block *b, uint32_t *first, uint32_t *count)
{
	VEC(uint32_t) kinds = { 0 };

	for (uint32_t i = 0; i < b->n_nodes; i++) {
		uint32_t id = b->nodes[i], k = 0;
		if (!can_fold(&p->nodes[id]))
			continue;
		while (k < kinds.len && !alike(&p->nodes[kinds.at[k]], &p->nodes[id]))
			k++;
		if (k == kinds.len)
			*vec_push(&kinds) = id;
		first[id] = kinds.at[k];
		count[kinds.at[k]]++;
	}
	for (uint32_t i = 0; i < b->n_nodes; i++) {
		uint32_t id = b->nodes[i];
		if (first[id] != id && count[first[id]] < FEW)
			first[id] = id;
	}
	for (uint32_t k = 0; k < kinds.len; k++)
		if (count[kinds.at[k]] < FEW)
			count[kinds.at[k]] = 1;
	vec_finish(&kinds);
}

void graph_alike(struct arena *a, const struct plan *p, uint32_t **ret_first, uint32_t **ret_count)
{
	uint32_t *first = arena_new_n(a, uint32_t, p->n_nodes + 1), *count = arena_new_n(a, uint32_t, p->n_nodes + 1);

	for (uint32_t i = 0; i < p->n_nodes; i++)
		first[i] = i;
	for (uint32_t i = 0; i < p->n_blocks; i++)
		block_find(p, &p->blocks[i], first, count);
	*ret_first = first;
	*ret_count = count;
}
