/* What the files of the executor for Kubernetes share. */
#ifndef TWINC_EXECUTOR_KUBERNETES_OWN_H
#define TWINC_EXECUTOR_KUBERNETES_OWN_H
#include "compiler/base/map.h"
#include "runtime/executor/engine.h"
#include "runtime/executor/kube.h"
#include "runtime/executor/kubernetes_job.h"

#define BATCH_MAX 1000 /* tasks in a Job */

/* Which Job an attempt belongs to: FOLDER/job, "NAME INDEX"; index -1: it is of this attempt alone. */
struct kube_known { char name[96]; int index; };
void kubernetes_find_known(const struct kubernetes_site *site, struct arena *a, int64_t run, uint32_t number, struct kube_known *ret);
/* --on kubernetes:CLAIM:MOUNT or kubernetes:s3://BUCKET/PREFIX, or what the twin says of the cluster: into claim and mount, or bucket. False:
 * it says nothing. */
bool kubernetes_read_way(const struct executor_host *host, struct arena *a, struct kubernetes_site *ret);
struct kube *kubernetes_open_kube(const struct executor_host *host, char *ret_error, size_t error_len);
const char *kubernetes_selector(const struct kube *kube, const char *name, struct arena *a, const char *kind); /* the path of all of that kind */
void kubernetes_delete_job(struct kube *kube, struct arena *a, const char *name, bool force);
void kubernetes_delete_pod(struct kube *kube, struct arena *a, const struct kube_known *known, bool force);

/* After a crash: hooks of the executor's row. */
bool kubernetes_find(const struct executor_host *host, struct executor_attempt *attempts, uint32_t n, char *ret_error, size_t error_len);
void kubernetes_kill(const struct executor_host *host, const struct executor_attempt *attempts, uint32_t n);
#endif
