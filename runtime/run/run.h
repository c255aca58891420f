/* A run of a workflow: opens the plan's blocks as values become known, turns calls into tasks, gives these to an executor
 * and records every step in the journal before it takes effect. A dry run is the same thing with nothing carried out. */
#ifndef TWINC_RUN_RUN_H
#define TWINC_RUN_RUN_H
#include "compiler/diag/diag.h"
#include "compiler/plan/plan.h"
#include "runtime/run/event.h"
#include "runtime/run/executor.h"
#include "runtime/state/journal.h"

struct run_secret { const char *name, *content; };
struct run_clock { int64_t (*now_ms)(void *ctx); void *ctx; };
struct run_options {
	const struct plan *plan;     /* borrowed, as all below */
	uint32_t workflow;
	const struct value *const *inputs; /* one per workflow input, NULL: its default; or NULL: all defaults */
	const char *state, *results; /* folders: absolute; results is the one above the workflow's */
	struct journal *journal;     /* NULL: nothing is known and nothing is kept (dry runs only) */
	const struct executor *executor; /* of what has no place; NULL: a dry run */
	const struct executor *planned; /* a dry run: what it would be; or NULL */
	const char *option;          /* for it: a partition, say; or NULL */
	const struct executor_whole *whole; /* for an executor whose engine takes workflows as a whole */
	const struct executor *const *executors; /* ends with NULL: they serve the places of the twin; or NULL: none does */
	const struct run_secret *secrets; uint32_t n_secrets;
	struct run_listener listener;
	struct run_clock clock;      /* now_ms NULL: the real one */
	uint32_t cpus, gpus;         /* room; 0: this machine's */
	uint64_t memory_bytes;
	uint32_t tasks_per_job;      /* of executors that can put many in one; 0: as they see fit */
	bool fail_fast;
	bool no_container;           /* CWL tools that require a container run without */
	bool all_here;               /* steps that name a place are treated as if they did not */
};
enum run_verdict { RUN_DONE, RUN_FAILED, RUN_GATED, RUN_INTERRUPTED };

struct run;
/* Never NULL; what is wrong with the options shows in run_diags and ends the run at its first turn. */
struct run *run_create(const struct run_options *o);
void run_destroy(struct run *r); /* accepts NULL */
/* One turn: hear the executor, go on with what is known, start what has room. True while there is more to come. */
bool run_turn(struct run *r);
/* How long the next turn may wait for the executor: 0: it should not, -1: for ever. */
int64_t run_wait_ms(const struct run *r);
int run_fd(const struct run *r); /* the executor's, or -1 */
/* Ends what runs; force: at once. The run is over when run_turn says so. */
void run_cancel(struct run *r, bool force);
/* Turns until the end with signals and waiting, the way apply does. *ret_signal: what interrupted it, or 0. */
enum run_verdict run_loop(struct run *r, int *ret_signal);
enum run_verdict run_verdict(const struct run *r);
struct diags *run_diags(struct run *r);
int64_t run_id(const struct run *r); /* 0: nothing had to be recorded */
const struct run_counts *run_counts(const struct run *r);
/* Every file and folder that the run rested on or left behind, with its stamp (runtime/state/stamp.h), in no order. */
void run_each_seen(const struct run *r, void (*each)(const char *path, const char *stamp, void *ctx), void *ctx);

/* The thing of the twin that a place belongs to: `hpc` of "hpc.gpu"; NULL: none. */
const struct plan_thing *run_place_thing(const struct plan *p, const char *place);
/* Where an attempt's standard output or error goes. */
const char *run_log_path(struct arena *a, const char *state, const char *workflow, const char *task, uint32_t attempt, bool err);

/* What a run (above all a dry one) knows of each task, in order of appearance. */
enum run_action { RUN_ACTION_RUN, RUN_ACTION_CACHED, RUN_ACTION_BLOCKED, RUN_ACTION_SKIP };
struct run_task_info {
	const char *name, *step, *reason, *key;
	struct span span;
	enum run_action action;
	int64_t duration_ms; /* of what is to be run: of the last time, else of its time limit; -1: not known */
};
uint32_t run_task_len(const struct run *r);
struct run_task_info run_task_info(struct run *r, uint32_t at);
/* The longest path over what is to be run, by the durations above (0 where not known); names of its calls go to `each`. */
int64_t run_critical_path(struct run *r, void (*each)(const char *name, int64_t duration_ms, void *ctx), void *ctx);
/* Calls of which an executor puts many tasks into one job: how many are to run, how many at most are in each, which took so long the
 * last time (-1: not known). */
struct run_share { const char *call, *executor; uint32_t tasks, per_job; int64_t expected_ms; };
void run_each_share(struct run *r, void (*each)(const struct run_share *s, void *ctx), void *ctx);
/* The first component that differs between two texts of key components. False: none does. */
bool run_component_differs(struct arena *a, const char *before, const char *now, const char **ret_name, const char **ret_before, const char **ret_now);
#endif
