#include "runtime/executor/executors.h"
#include "compiler/base/buf.h"
#include <string.h>

const struct executor *const executors[] = {
	&executor_local,
	&executor_slurm,
	&executor_kubernetes,
	&executor_ssh,
	&executor_cwl,
	NULL,
};

const struct executor *executor_find(const char *name)
{
	for (const struct executor *const *e = executors; *e; e++)
		if (strcmp((*e)->name, name) == 0)
			return *e;
	return NULL;
}

const char *executor_names(struct arena *a)
{
	struct buf b = { 0 };
	for (uint32_t i = 0; executors[i]; i++)
		buf_printf(&b, "%s`%s`", i == 0 ? executors[1] ? "are " : "is " : executors[i + 1] ? ", " : " and ", executors[i]->name);
	const char *text = arena_strdup(a, buf_text(&b));
	buf_finish(&b);
	return text;
}
