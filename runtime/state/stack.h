/* What a twin made in the world: a row a stack. A stack is what one manager holds for a twin: the machines and services of one
 * Infrastructure Manager, the hosts that Ansible sets up. The table is made when the first stack is written. */
#ifndef TWINC_STATE_STACK_H
#define TWINC_STATE_STACK_H
#include "runtime/state/journal.h"

enum stack_state {
	STACK_CREATING, /* asked for, perhaps without an id yet: the name tells whether it came to be */
	STACK_CHANGING,
	STACK_READY,
	STACK_FAILED,   /* it is there and not as it should be */
	STACK_DELETING,
};
struct journal_stack {
	const char *name;     /* of the row: provider and manager */
	const char *provider, *manager;
	const char *external; /* the name that it bears there, unlike any other */
	const char *id;       /* what the manager calls it, or NULL: not known */
	const char *record;   /* JSON: what was asked for last, and what came of it */
	enum stack_state state;
	int64_t at_ms;
};
/* "creating", "changing", "ready", "failed", "deleting". */
const char *stack_state_name(enum stack_state s);
/* Part of the next journal_commit. */
void journal_stack_put(struct journal *j, const struct journal_stack *s);
void journal_stack_drop(struct journal *j, const char *name);
/* By name; none where the table is not there. Strings live for the call. */
void journal_stack_each(struct journal *j, void (*each)(const struct journal_stack *s, void *ctx), void *ctx);
#endif
