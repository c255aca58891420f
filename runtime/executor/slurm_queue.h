/* What Slurm is asked: to take a batch, for its queue, for its accounting, to cancel. By its own programs, here or on a login node, or by
 * slurmrestd (slurm_rest.h). Formats: sbatch(1), squeue(1) --format, sacct(1) --parsable2, "JOB STATE CODES" of both. */
#ifndef TWINC_EXECUTOR_SLURM_QUEUE_H
#define TWINC_EXECUTOR_SLURM_QUEUE_H
#include "compiler/base/arena.h"
#include "compiler/base/buf.h"
#include "compiler/base/map.h"
#include "runtime/executor/command.h"
#include "runtime/run/executor.h"

/* Names of all jobs of this state folder begin so; another folder in its place, later, has another name. NULL: it cannot be written. */
const char *slurm_prefix(struct arena *a, const char *state);

/* How it is asked. */
struct slurm_rest;
struct slurm_way {
	struct slurm_rest *rest; /* NULL: by its programs */
	const char *login;       /* where they are; NULL: here */
	struct ssh_link *link;   /* there, by this connection of the caller's; NULL: by ssh alone */
};
struct ssh_link;
/* False and a message when it cannot be asked at all. */
bool slurm_way_open(struct slurm_way *w, const struct executor_host *host, char *ret_error, size_t error_len);
void slurm_way_close(struct slurm_way *w);

/* What a batch asks for; NULL and 0: nothing said. */
struct slurm_options {
	const char *name, *partition, *account, *qos, *constraint;
	uint32_t cpus, gpus, elements; /* elements: of an array; 1: a job */
	uint64_t memory_mib, minutes;
};
/* The same as lines of a script. */
void slurm_put_options(const struct slurm_options *o, struct buf *b);
/* ret: the job's id; or why not. LATER: asking again may help, and may be to ask twice. */
enum slurm_answer { SLURM_TAKEN, SLURM_LATER, SLURM_REFUSED };
enum slurm_answer slurm_submit_script(struct arena *a, const struct slurm_way *w, const char *path, const struct slurm_options *o, const char **ret);

/* What a job is known as; in an attempt's FOLDER/job. */
struct slurm_known { char name[96], id[32]; uint32_t index; };
bool slurm_read_known(struct arena *a, const char *folder, struct slurm_known *ret);

/* "name index" -> row, of all jobs of this folder that Slurm still knows, ended ones too. */
struct slurm_row { const char *id, *state, *reason; };
bool slurm_query(struct arena *a, const struct slurm_way *w, const char *prefix, struct map *ret, const char **ret_error);
/* A state that is not known here is one in which the job is still there. ret: of one that ended. */
enum slurm_phase { SLURM_WAITS, SLURM_RUNS, SLURM_ENDED };
enum slurm_phase slurm_phase_of(const char *state, enum executor_outcome *ret);

/* Of jobs that the queue has forgotten: id -> state. Accounting may be away for a while, and late; many sites have none. */
enum slurm_account { SLURM_NO_ACCOUNT, SLURM_ACCOUNT_AWAY, SLURM_ACCOUNT };
enum slurm_account slurm_ask_accounting(struct arena *a, const struct slurm_way *w, const char *ids, struct map *ret, const char **ret_error);
/* ids: of jobs, and of elements, "7_3". */
void slurm_scancel(struct arena *a, const struct slurm_way *w, const char *const *ids, uint32_t n);

/* Whether what tasks read is sent there: its nodes do not see this machine's folders. */
bool slurm_is_staged(const struct executor_host *host);
/* slurm_find.c: hooks of the executor (run/executor.h). */
bool slurm_find(const struct executor_host *host, struct executor_attempt *attempts, uint32_t n, char *ret_error, size_t error_len);
void slurm_kill(const struct executor_host *host, const struct executor_attempt *attempts, uint32_t n);
#endif
