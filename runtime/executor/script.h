/* A task as a script that any node can run which sees its folder: FOLDER/task keeps the end in FOLDER/exit, and starts nothing when
 * FOLDER/void says that the attempt was given up. Secrets lie in FOLDER/secret (0600), which it removes at the end. */
#ifndef TWINC_EXECUTOR_SCRIPT_H
#define TWINC_EXECUTOR_SCRIPT_H
#include "compiler/base/arena.h"
#include "compiler/base/buf.h"
#include "runtime/run/executor.h"

/* What runs a contained task where there is `program`. */
struct script_choice { const char *program; const char *const *argv; };
struct script_options {
	bool limit_time;  /* the engine does not, or only by the minute */
	const struct script_choice *choices; /* of a contained task, the best first, instead of its argv and env; they need the runner's own environment */
	uint32_t n_choices;
	bool keeps_environment; /* the engine gives secrets in the environment, and little else */
};
/* The script and, where it has any, the file of secrets, for a task that sees its folder at t->folder. */
void script_put(struct buf *b, const struct executor_task *t, const struct script_options *o);
void script_put_secrets(struct buf *b, const struct executor_task *t);
/* 0 or an errno. */
int script_write(const struct executor_task *t, const struct script_options *o);
/* How it ended. False: it has not, or not yet where this machine sees it. time_ms: its limit, or 0. */
bool script_ended(const char *folder, uint64_t time_ms, struct executor_end *ret);
/* It must not start any more. 0 or an errno. */
int script_void(const char *folder);
/* How an attempt's folder is called. */
const char *script_folder(struct arena *a, const char *state, int64_t run, uint32_t number);
#endif
