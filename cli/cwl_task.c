/* A task that is a CWL process, in a process of its own under the keeper; what is said goes to the task's log. */
#include "cli/cli.h"
#include "runtime/cwl/cwl.h"
#include "runtime/executor/container.h"

static bool contain(struct arena *a, struct executor_task *t)
{
	struct container_engine e;
	if (!container_find(&e))
		return false;
	container_wrap(a, &e, t);
	container_client_env(a, t);
	return true;
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
