#include "runtime/executor/executors.h"
#include <string.h>

const struct executor *const executors[] = {
	&executor_local,
	NULL,
};

const struct executor *executor_find(const char *name)
{
	for (const struct executor *const *e = executors; *e; e++)
		if (strcmp((*e)->name, name) == 0)
			return *e;
	return NULL;
}
