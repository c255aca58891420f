#include "runtime/state/task_state.h"
#include <string.h>

static const char *const names[TASK_STATES] = {
	[TASK_WAITING] = "waiting", [TASK_READY] = "ready",	    [TASK_CACHED] = "cached",
	[TASK_RUNNING] = "running", [TASK_DONE] = "done",	    [TASK_FAILED] = "failed",
	[TASK_SKIPPED] = "skipped", [TASK_CANCELLED] = "cancelled", [TASK_ADOPTED] = "adopted",
};

const char *task_state_name(enum task_state s)
{
	return s < TASK_STATES ? names[s] : "unknown";
}

enum task_state task_state_find(const char *name)
{
	for (int i = 0; i < TASK_STATES; i++)
		if (strcmp(names[i], name) == 0)
			return (enum task_state)i;
	return TASK_STATES;
}
