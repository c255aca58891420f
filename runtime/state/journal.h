/* The journal: the only truth about runs, in one SQLite file. Writes gather in one transaction; journal_commit makes
 * them last, and no effect may come before it. A write that fails is remembered and told by the next commit. */
#ifndef TWINC_STATE_JOURNAL_H
#define TWINC_STATE_JOURNAL_H
#include "compiler/base/arena.h"
#include "compiler/base/map.h"
#include "runtime/state/task_state.h"
#include <stdbool.h>
#include <stdint.h>

#define JOURNAL_SCHEMA 3
#define JOURNAL_KEPT_RUNS 200 /* of each workflow; older ones are forgotten, and results that only they used */
#define JOURNAL_KEPT_STATS 200000

enum journal_fault {
	JOURNAL_OK,
	JOURNAL_MISSING, /* read only, and there is none */
	JOURNAL_NEWER,   /* of a later twinc */
	JOURNAL_DAMAGED,
	JOURNAL_IO,      /* no room, no permission, locked ... */
};
struct journal_options {
	const char *path;
	bool read_only, fsync;
	void (*after_commit)(void *ctx); /* for tests: what a crash there does; or NULL */
	void *ctx;
};
struct journal;
/* NULL, *ret_fault and a message on failure. */
struct journal *journal_open(const struct journal_options *o, enum journal_fault *ret_fault, char *ret_error, size_t error_len);
/* What is read from now on is as it is now, and read faster; until it is closed. For looking only, and not for long. Who writes has the
 * same from the first look for a kept result to the next commit. */
void journal_snapshot(struct journal *j);
void journal_close(struct journal *j); /* accepts NULL; what is not committed is dropped */
/* False: this or an earlier write failed; journal_error says how. Free when nothing was written. */
bool journal_commit(struct journal *j);
const char *journal_error(const struct journal *j);

struct journal_run {
	int64_t id, start_ms, end_ms; /* end_ms 0: still going, or broken off */
	int64_t pid;
	const char *workflow, *state, *plan; /* state: running, done, failed, gated, interrupted; plan: digest or NULL */
};
struct journal_task {
	int64_t run;
	const char *name, *step, *key, *reason, *place; /* place: "flood.twin:12:3"; strings may be NULL but name */
	const char *workflow; /* of its run; only read */
	enum task_state state;
	uint32_t attempt;
	int64_t home;    /* the run whose keeper has it, and */
	uint32_t number; /* its number there: its folder is work/HOME-NUMBER */
	int64_t start_ms, end_ms;
	int exit;        /* status of the command, 128 + signal, or -1 */
	const char *lane;  /* who carries it out: "slurm:hpc"; NULL: nobody yet, or this machine */
	const char *waits; /* what its engine says that it waits for; or NULL */
	uint32_t cpus;     /* asked for, as is */
	uint64_t memory_bytes; /* 0: no limit */
	uint64_t peak_bytes;   /* of memory, of its largest process; 0: not known */
};
struct journal_gate { const char *workflow, *name, *digest, *state, *text; int64_t at_ms; };

int64_t journal_run_add(struct journal *j, const struct journal_run *r); /* the new id */
void journal_run_end(struct journal *j, int64_t id, const char *state, int64_t end_ms);
void journal_task_put(struct journal *j, const struct journal_task *t);
void journal_task_set_state(struct journal *j, int64_t run, const char *name, enum task_state s);
void journal_key_put(struct journal *j, const char *key, const char *components);
void journal_cache_put(struct journal *j, const char *key, const char *result);
/* What the files of the kept result looked like, to be told without reading it. */
void journal_look_put(struct journal *j, const char *key, const char *look);
void journal_stat_put(struct journal *j, const char *path, const char *stamp, const char *digest);
void journal_gate_put(struct journal *j, const struct journal_gate *g);
/* A gate that was not passed when it was seen last is passed now; nothing is written of the others. */
void journal_gate_pass(struct journal *j, const char *workflow, const char *name, const char *text, int64_t at_ms);
void journal_approve(struct journal *j, const char *gate, const char *digest, int64_t at_ms);
void journal_promote(struct journal *j, const char *model, const char *value, int64_t run);
void journal_results_put(struct journal *j, const char *workflow, const char *digest, const char *stamp, const char *object);
void journal_plan_put(struct journal *j, const char *digest, const char *text);
/* After a run: forgets runs beyond JOURNAL_KEPT_RUNS and what only they used; which tasks were cached is kept of the last
 * run of each workflow only. */
void journal_prune(struct journal *j, int64_t run);

struct journal_stat { const char *stamp, *digest; };
bool journal_stat_get(struct journal *j, struct arena *a, const char *path, struct journal_stat *ret);
/* Each returns arena text or NULL where there is none. */
const char *journal_cache_get(struct journal *j, struct arena *a, const char *key);
const char *journal_look_get(struct journal *j, struct arena *a, const char *key);
const char *journal_key_get(struct journal *j, struct arena *a, const char *key);
const char *journal_promotion_get(struct journal *j, struct arena *a, const char *model);
bool journal_approved(struct journal *j, const char *gate, const char *digest);
/* The newest run (of the workflow, unless NULL). */
bool journal_run_last(struct journal *j, struct arena *a, const char *workflow, struct journal_run *ret);
bool journal_results_get(struct journal *j, struct arena *a, const char *workflow, const char **ret_digest, const char **ret_stamp, const char **ret_object);
/* The last two keys under which the task was done, newest first; the number found. */
uint32_t journal_task_keys(struct journal *j, struct arena *a, const char *workflow, const char *name, const char *ret[2]);
/* How long the task took when it was last done, or -1. */
int64_t journal_task_duration_ms(struct journal *j, const char *workflow, const char *name);
/* The mean of the tasks of a step in the last run in which one was done, or -1. */
int64_t journal_step_duration_ms(struct journal *j, const char *workflow, const char *step);
/* Newest first for runs, by name for tasks; each stops when the callback says false. Strings live for the call. */
void journal_run_each(struct journal *j, uint32_t max, bool (*each)(const struct journal_run *r, void *ctx), void *ctx);
void journal_task_each(struct journal *j, int64_t run, bool (*each)(const struct journal_task *t, void *ctx), void *ctx);
/* Tasks of the workflow (NULL: of any) that were recorded as running and never heard of again. */
void journal_orphan_each(struct journal *j, const char *workflow, bool (*each)(const struct journal_task *t, void *ctx), void *ctx);
/* The newest record of a task name, in any run of the workflow (NULL: any), that has a folder. */
bool journal_task_find(struct journal *j, struct arena *a, const char *workflow, const char *name, struct journal_task *ret);
/* The same, with or without a folder. */
bool journal_task_last(struct journal *j, struct arena *a, const char *workflow, const char *name, struct journal_task *ret);
/* Every kept result, in no order; the text lives for the call. */
void journal_cache_each(struct journal *j, void (*each)(const char *result, void *ctx), void *ctx);
void journal_promotion_each(struct journal *j, bool (*each)(const char *model, const char *value, void *ctx), void *ctx);
/* Gates as last seen, newest first. */
void journal_gate_each(struct journal *j, bool (*each)(const struct journal_gate *g, void *ctx), void *ctx);
#endif
