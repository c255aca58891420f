/* What Slurm is asked, by its own programs, here or on a login node: the queue, the accounting. Formats: squeue(1) --format, sacct(1)
 * --parsable2, "JOB STATE CODES" of both. */
#ifndef TWINC_EXECUTOR_SLURM_QUEUE_H
#define TWINC_EXECUTOR_SLURM_QUEUE_H
#include "compiler/base/arena.h"
#include "compiler/base/map.h"
#include "runtime/executor/command.h"
#include "runtime/run/executor.h"

/* Names of all jobs of this state folder begin so; another folder in its place, later, has another name. NULL: it cannot be written. */
const char *slurm_prefix(struct arena *a, const char *state);
/* Where its programs are: NULL is here. */
const char *slurm_login(const struct executor_host *host);
/* Runs one of them. False: ret->err says why. */
bool slurm_ask(struct arena *a, const char *login, const char *const *words, struct command_answer *ret);

/* What a job is known as; in an attempt's FOLDER/job. */
struct slurm_known { char name[96], id[32]; uint32_t index; };
bool slurm_read_known(struct arena *a, const char *folder, struct slurm_known *ret);

/* "name index" -> row, of all jobs of this folder that Slurm still knows, ended ones too. */
struct slurm_row { const char *id, *state, *reason; };
bool slurm_query(struct arena *a, const char *login, const char *prefix, struct map *ret, const char **ret_error);
/* A state that is not known here is one in which the job is still there. ret: of one that ended. */
enum slurm_phase { SLURM_WAITS, SLURM_RUNS, SLURM_ENDED };
enum slurm_phase slurm_phase_of(const char *state, enum executor_outcome *ret);

/* Of jobs that the queue has forgotten: id -> state. Accounting may be away for a while, and late; many sites have none. */
enum slurm_account { SLURM_NO_ACCOUNT, SLURM_ACCOUNT_AWAY, SLURM_ACCOUNT };
enum slurm_account slurm_ask_accounting(struct arena *a, const char *login, const char *ids, struct map *ret, const char **ret_error);
void slurm_scancel(struct arena *a, const char *login, const char *const *ids, uint32_t n);
#endif
