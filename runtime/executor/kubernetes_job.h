/* What tasks are in Kubernetes: the documents of Jobs, of the pods that they make, and of the Secrets that these read. In the arena.
 * Formats: Job batch/v1, Pod and Secret v1. */
#ifndef TWINC_EXECUTOR_KUBERNETES_JOB_H
#define TWINC_EXECUTOR_KUBERNETES_JOB_H
#include "compiler/doc/doc.h"
#include "runtime/executor/engine.h"

/* What all have in common. Borrowed. */
struct kubernetes_site {
	const char *name;  /* of the state folder, in all names and labels */
	const char *state; /* the folder itself */
	const char *claim, *mount; /* or NULL */
	const char *bucket;        /* or NULL: what is instead of them, "s3://..." */
	const char *image;
};
/* A Job: of one task, or of several that are alike, a pod each, which it tells its index. */
struct kubernetes_job {
	const char *name;
	const struct engine_job *first; /* of the tasks */
	uint32_t indexes;               /* how many; 0: it is of one task, on servers that cannot judge each index by itself */
	const char *list;               /* with indexes: the file with the name of each task's folder, one a line */
};
/* Whether tasks may be in one Job. */
bool kubernetes_alike(const struct executor_task *a, const struct executor_task *b);
struct doc *kubernetes_job_document(const struct kubernetes_site *site, struct arena *a, const struct kubernetes_job *j);
/* The tasks' secrets, under the Job's name. */
struct doc *kubernetes_secret_document(const struct kubernetes_site *site, struct arena *a, const struct kubernetes_job *j);
/* The Secret with what its pods are told, each in a file: urls[i], where the task of index i lies. */
struct doc *kubernetes_urls_document(const struct kubernetes_site *site, struct arena *a, const struct kubernetes_job *j, const char *const *urls, uint32_t n);
/* Whether a list of indexes ("1,3-5") holds this one; NULL holds none. */
bool kubernetes_has_index(const char *list, uint32_t index);
/* How a Job ended, "Complete" or "Failed"; NULL: it has not. *ret: the condition that says so. */
const char *kubernetes_job_end(const struct doc *job, const struct doc **ret);
/* Why this index, or the whole Job, has no pod any more and will get no other: words to say; NULL: it may have one. */
const char *kubernetes_job_over(const struct doc *job, uint32_t index);
#endif
