#include "compiler/plan/plan.h"
#include "compiler/base/bug.h"
#include <stdlib.h>
#include <string.h>

struct plan *plan_create(void)
{
	struct arena *arena = calloc(1, sizeof *arena);
	if (!arena)
		bug_out_of_memory();
	struct plan *p = arena_new(arena, struct plan);
	p->arena = arena;
	p->sources = arena_new(arena, struct sources);
	sources_init(p->sources, arena);
	return p;
}

void plan_destroy(struct plan *p)
{
	if (!p)
		return;
	struct arena *arena = p->arena;
	sources_finish(p->sources);
	arena_finish(arena);
	free(arena);
}

uint32_t plan_find_workflow(const struct plan *p, const char *name)
{
	for (uint32_t i = 0; i < p->n_workflows; i++) {
		if (strcmp(p->workflows[i].name, name) == 0)
			return i;
	}
	return PLAN_NONE;
}
