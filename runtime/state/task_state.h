/* The states of a task, as the journal keeps them (runtime/README.md has the diagram). */
#ifndef TWINC_STATE_TASK_STATE_H
#define TWINC_STATE_TASK_STATE_H

enum task_state {
	TASK_WAITING,   /* for values */
	TASK_READY,     /* for room, or for its next attempt */
	TASK_CACHED,    /* an earlier result stands */
	TASK_RUNNING,   /* recorded before it is started */
	TASK_DONE,
	TASK_FAILED,
	TASK_SKIPPED,   /* a gate, an if, a failed need */
	TASK_CANCELLED, /* ended because the run was */
	TASK_ADOPTED,   /* a later run took it over */
	TASK_STATES
};
/* "running"; and back, TASK_STATES for another word. */
const char *task_state_name(enum task_state s);
enum task_state task_state_find(const char *name);
#endif
