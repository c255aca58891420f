/* What the verbs about runs share: the state folder, its lock, its journal. */
#ifndef TWINC_CLI_STATE_H
#define TWINC_CLI_STATE_H
#include "cli/cli.h"
#include "runtime/run/run.h"
#include "runtime/state/journal.h"

/* The lock of a state folder: held by the one apply that works in it. */
struct cli_lock { int fd; int64_t pid, start_ms; };
/* 0: held from now on; EWOULDBLOCK: pid and start of the other; else an errno. */
int cli_lock_take(struct cli *c, const char *state, struct cli_lock *ret);
/* Whether an apply works there now, and which. */
bool cli_lock_holder(struct cli *c, const char *state, struct cli_lock *ret);
void cli_lock_release(struct cli_lock *l);
/* Says why the folder cannot be worked in: an errno, and of EWOULDBLOCK who works there. CLI_WRONG. */
int cli_locked(struct cli *c, int error, const char *state, const struct cli_lock *other);

/* The path, from the current folder where it is relative. */
const char *cli_absolute(struct cli *c, const char *path);
/* The absolute state folder of the twin that is meant; NULL: said why. */
const char *cli_state(struct cli *c, const char *file);
const char *cli_results(struct cli *c, const char *file);
/* For looking: NULL and the exit code, with the reason said, when there is none. */
struct journal *cli_journal_look(struct cli *c, const char *state, int *ret_exit);
struct journal *cli_journal_write(struct cli *c, const char *state, int *ret_exit);
/* The run that --run names, else the last one (of the workflow that is named). False: said why. */
bool cli_run(struct cli *c, struct journal *j, struct journal_run *ret);
/* The newest record of the task that the verb is about, in the run that --run names or in any; with_folder: that was
 * started. False: there is none. */
bool cli_task(struct cli *c, struct journal *j, bool with_folder, struct journal_task *ret);
/* The content of each --secret, in their order. False: said why. */
bool cli_secrets(struct cli *c, const struct run_secret **ret);
/* The executor that --on names, and what it says behind the colon, or NULL. NULL: there is none, said why. */
const struct executor *cli_executor(struct cli *c, const char **ret_option);
/* Executor and secrets as the options say; false: said why, *ret_exit is the code. */
bool cli_run_options(struct cli *c, struct run_options *o, int *ret_exit);
const char *cli_time(struct cli *c, int64_t ms);     /* RFC 3339, UTC */
const char *cli_duration(struct cli *c, int64_t ms); /* "12s" */
#endif
