/* Slurm by slurmrestd. Format: the OpenAPI documents of its plug-ins openapi/v0.0.36 to v0.0.42 ("slurm/v0.0.NN/..."): environment is an
 * object up to 38 and a list of settings from 39 on, numbers may be objects from 39 on, job_state a list from 40 on. */
#ifndef TWINC_EXECUTOR_SLURM_REST_H
#define TWINC_EXECUTOR_SLURM_REST_H
#include "runtime/executor/slurm_queue.h"

/* url: where it listens. Asks which version it speaks; NULL and a message when it does not answer, or not to us. */
struct slurm_rest *slurm_rest_open(const struct executor_host *host, const char *url, char *ret_error, size_t error_len);
void slurm_rest_close(struct slurm_rest *r); /* accepts NULL */
/* True: *ret is the job's id. False: why not; *ret_later: what became of it is not known, or asking again may help. */
bool slurm_rest_submit(struct slurm_rest *r, struct arena *a, const char *path, const struct slurm_options *o, const char **ret, bool *ret_later);
/* As slurm_query. */
bool slurm_rest_query(struct slurm_rest *r, struct arena *a, const char *prefix, struct map *ret, const char **ret_error);
/* The number of an array is that of one of its elements, too, and cancels all: an element is named "7_3". */
void slurm_rest_cancel(struct slurm_rest *r, struct arena *a, const char *const *ids, uint32_t n);
#endif
