#include "targets/flow/flow.h"
#include "compiler/base/file.h"
#include <string.h>

const char *flow_path(const struct py *py, const char *path)
{
	const char *whole = path[0] == '/' ? path : file_join(py->arena, py->request->here, path), *ret = target_path_from(py->arena, py->folder, whole);

	if (py->seen)
		*vec_push(&py->seen->paths) = (struct flow_view){ whole, ret };
	return ret;
}

static const char *wanted(struct arena *a, const struct plan *p, const struct plan_node *n)
{
	switch (n->kind) {
	case PLAN_FOR: return arena_printf(a, "for_%s", p->slots[n->element].name);
	case PLAN_IF: return "if";
	case PLAN_REPEAT: return "repeat";
	case PLAN_CALL:
	case PLAN_SUB:
	case PLAN_VALUE:
	case PLAN_GATE: break;
	}
	return n->name;
}

const char *flow_node_name(struct arena *a, const struct plan *p, uint32_t node)
{
	const struct plan_node *n = &p->nodes[node];
	const struct plan_block *b = &p->blocks[n->block];
	const char *name = wanted(a, p, n);
	uint32_t before = 0;

	if (n->kind != PLAN_FOR && n->kind != PLAN_IF && n->kind != PLAN_REPEAT)
		return name;
	for (uint32_t i = 0; i < b->n_nodes && b->nodes[i] != node; i++)
		before += strcmp(wanted(a, p, &p->nodes[b->nodes[i]]), name) == 0;
	return before ? arena_printf(a, "%s_%u", name, before + 1) : name;
}
