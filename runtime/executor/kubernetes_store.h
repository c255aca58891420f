/* Tasks of pods that share no folder with this machine: what they read, what they are and what they leave goes through a bucket of an object
 * store. content/KEY is what tasks read, once for ever; STATE/RUN-NUMBER.task and .result are of one attempt. Pods are given URLs. What a pod
 * does: kubernetes_pod.sh. */
#ifndef TWINC_EXECUTOR_KUBERNETES_STORE_H
#define TWINC_EXECUTOR_KUBERNETES_STORE_H
#include "compiler/base/map.h"
#include "runtime/executor/engine.h"
#include "runtime/net/s3.h"

#define STORE_ROOT "/twin/work" /* in a pod: what it works in */
#define STORE_URL "/twin/url"   /* in a pod: a file that says where its task lies */

struct kube_store {
	struct arena arena;
	struct s3 s3;
	struct net *net;
	const char *state, *name; /* the state folder, and what it is called there */
	struct map sent;          /* keys of contents that lie there */
};
/* Whether the twin names a place that may be, "s3://NAME/PREFIX" where it says; credentials are no part of it. False: why not. */
bool store_accepts(const struct executor_host *host, const char *bucket, char *ret_error, size_t error_len);
/* Nothing is asked yet. False: why not; nothing is to be finished. */
bool store_open(struct kube_store *s, const struct executor_host *host, const char *bucket, const char *name, char *ret_error, size_t error_len);
void store_finish(struct kube_store *s); /* accepts what was never opened */
/* Whether it answers, and takes our credentials. */
bool store_ask(struct kube_store *s, char *ret_error, size_t error_len);

enum store_outcome {
	STORE_DONE,
	STORE_NONE,  /* there is no such thing */
	STORE_LATER, /* it is to be tried again */
	STORE_NEVER, /* it is refused for good */
};
/* All that the task needs, and its URLs. *ret_why: what is wrong, in a. */
enum store_outcome store_send(struct kube_store *s, const struct engine_job *j, struct arena *a, const char **ret_why, int *ret_errno);
/* For whoever is to carry it out: where it lies, for as long as a URL can live. */
const char *store_task_url(struct kube_store *s, struct arena *a, const struct engine_job *j);
/* What it left takes its place in its folder. NONE: nothing; NEVER: it is not taken. */
enum store_outcome store_bring(struct kube_store *s, const struct engine_job *j, struct arena *a, const char **ret_why);
/* What lies there of an attempt goes, and it does not start any more. False: the bucket does not answer. */
bool store_drop(struct kube_store *s, int64_t run, uint32_t number);
/* The attempts of this state folder that left something: "RUN-NUMBER" to a value, with keys in a. */
bool store_list_results(struct kube_store *s, struct arena *a, struct map *ret, char *ret_error, size_t error_len);
void store_clean(struct kube_store *s); /* all that lies there of attempts of this state folder */
#endif
