/* A task that is a CWL process, in a process of its own under the keeper; what is said goes to the task's log. */
#include "cli/cli.h"
#include "runtime/cwl/cwl.h"
#include "runtime/executor/container.h"

static const char *const *contain(struct arena *a, const struct executor_task *t)
{
	struct container_engine e;
	return container_find(&e) ? container_argv(a, &e, t) : NULL;
}

int cli_cwl_task(const char *folder)
{
	struct arena a = { 0 };
	struct cwl_hooks hooks = { contain };
	const char *message = NULL;
	int code = cwl_task_run(&a, folder, &hooks, &message);
	if (message)
		fprintf(stderr, "twinc: %s\n", message);
	arena_finish(&a);
	return code;
}
