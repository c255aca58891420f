#include "runtime/executor/kubernetes_job.h"
#include "runtime/executor/kubernetes_store.h"
#include "stdlib/stdlib.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GRACE_S 60      /* over the task's own limit */
#define STAGE_S 3600    /* and for what it reads to be fetched, and its result to be brought */
#define TTL_S 86400     /* of a Job that ended, should nobody come back for it; how it ended stands in its folder */
#define REMADE_MOST 6   /* pods of one task that somebody deletes */

static struct doc *set_map(struct arena *a, struct doc *d, const char *key)
{
	struct doc *m = doc_map(a);
	doc_set(a, d, key, m);
	return m;
}

static struct doc *set_list(struct arena *a, struct doc *d, const char *key)
{
	struct doc *l = doc_list(a);
	doc_set(a, d, key, l);
	return l;
}

static struct doc *push_map(struct arena *a, struct doc *list)
{
	struct doc *m = doc_map(a);
	doc_push(list, m);
	return m;
}

static struct doc *new_object(const struct kubernetes_site *site, struct arena *a, const char *version, const char *kind, const struct kubernetes_job *j, struct doc **ret_meta)
{
	struct doc *d = doc_map(a);
	doc_set_text(a, d, "apiVersion", version);
	doc_set_text(a, d, "kind", kind);
	*ret_meta = set_map(a, d, "metadata");
	doc_set_text(a, *ret_meta, "name", j->name);
	struct doc *labels = set_map(a, *ret_meta, "labels");
	doc_set_text(a, labels, "app.kubernetes.io/managed-by", "twinc");
	doc_set_text(a, labels, "twinc/state", site->name);
	doc_set(a, labels, "twinc/run", doc_printf(a, "%" PRId64, j->first->run));
	return d;
}

static const char *secret_name(const char *setting, struct arena *a)
{
	return arena_strndup(a, setting, strcspn(setting, "="));
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool kubernetes_alike(const struct executor_task *a, const struct executor_task *b)
{
	const char *const *s = a->secrets, *const *t = b->secrets;
	if (a->cpus != b->cpus || a->gpus != b->gpus || a->memory_bytes != b->memory_bytes || a->time_ms != b->time_ms ||
	    !same_text(a->container, b->container) || !same_text(a->place, b->place))
		return false;
	while (s && t && *s && *t && strcmp(*s, *t) == 0)
		s++, t++;
	return !(s && *s) && !(t && *t);
}

/* -- pods ------------------------------------------------------------------------------------------------------------ */

static void put_environment(struct arena *a, struct doc *container, const struct kubernetes_job *j)
{
	struct doc *env = set_list(a, container, "env");
	for (const char *const *s = j->first->task.secrets; s && *s; s++) {
		struct doc *one = push_map(a, env);
		doc_set_text(a, one, "name", secret_name(*s, a));
		struct doc *ref = set_map(a, set_map(a, one, "valueFrom"), "secretKeyRef");
		doc_set_text(a, ref, "name", j->name);
		doc_set_text(a, ref, "key", secret_name(*s, a));
	}
}

static void put_resources(struct arena *a, struct doc *container, const struct executor_task *t)
{
	struct doc *resources = set_map(a, container, "resources"), *requests = set_map(a, resources, "requests"), *limits = set_map(a, resources, "limits");
	doc_set(a, requests, "cpu", doc_printf(a, "%u", t->cpus));
	doc_set(a, limits, "cpu", doc_printf(a, "%u", t->cpus));
	if (t->memory_bytes) {
		doc_set(a, requests, "memory", doc_printf(a, "%" PRIu64, t->memory_bytes));
		doc_set(a, limits, "memory", doc_printf(a, "%" PRIu64, t->memory_bytes));
	}
	if (t->gpus)
		doc_set(a, limits, "nvidia.com/gpu", doc_printf(a, "%u", t->gpus));
}

static void put_security(struct arena *a, struct doc *container)
{
	struct doc *s = set_map(a, container, "securityContext");
	doc_set(a, s, "allowPrivilegeEscalation", doc_bool(a, false));
	doc_push(set_list(a, set_map(a, s, "capabilities"), "drop"), doc_string(a, "ALL"));
}

static void put_command(const struct kubernetes_site *site, struct arena *a, struct doc *container, const struct kubernetes_job *j)
{
	struct doc *command = set_list(a, container, "command");
	doc_push(command, doc_string(a, "/bin/sh"));
	if (site->bucket) {
		const char *const words[] = { "-c", stdlib_kubernetes_pod[0].text, "twin", STORE_ROOT, STORE_URL };
		for (size_t i = 0; i < sizeof words / sizeof *words; i++)
			doc_push(command, doc_string(a, words[i]));
		return;
	}
	if (!j->indexes) {
		doc_push(command, doc_printf(a, "%s/task", j->first->task.folder));
		return;
	}
	doc_push(command, doc_string(a, "-c"));
	doc_push(command, doc_string(a, "exec /bin/sh \"$1/$(sed -n \"$((JOB_COMPLETION_INDEX + 1))p\" \"$2\")/task\""));
	doc_push(command, doc_string(a, "twin"));
	doc_push(command, doc_printf(a, "%s/work", site->state));
	doc_push(command, doc_string(a, j->list));
}

/* *ret: its place in the container. */
static struct doc *put_volume(struct arena *a, struct doc *spec, struct doc *container, const char *name, const char *path, struct doc **ret)
{
	struct doc *list = doc_get(container, "volumeMounts"), *volumes = doc_get(spec, "volumes");
	struct doc *volume = push_map(a, volumes ? volumes : set_list(a, spec, "volumes"));
	*ret = push_map(a, list ? list : set_list(a, container, "volumeMounts"));
	doc_set_text(a, *ret, "name", name);
	doc_set_text(a, *ret, "mountPath", path);
	doc_set_text(a, volume, "name", name);
	return volume;
}

static const char *urls_name(const struct kubernetes_job *j, struct arena *a)
{
	return arena_printf(a, "%s-urls", j->name);
}

static void put_volumes(const struct kubernetes_site *site, struct arena *a, struct doc *spec, struct doc *container, const struct kubernetes_job *j)
{
	struct doc *mount;
	if (site->bucket) { /* of the URLs, its own: those of others are none of its business */
		set_map(a, put_volume(a, spec, container, "work", STORE_ROOT, &mount), "emptyDir");
		doc_set_text(a, set_map(a, put_volume(a, spec, container, "url", STORE_URL, &mount), "secret"), "secretName", urls_name(j, a));
		doc_set_text(a, mount, j->indexes ? "subPathExpr" : "subPath", j->indexes ? "$(JOB_COMPLETION_INDEX)" : "0");
	} else {
		doc_set_text(a, set_map(a, put_volume(a, spec, container, "twin", site->mount, &mount), "persistentVolumeClaim"), "claimName", site->claim);
	}
}

static struct doc *make_pod(const struct kubernetes_site *site, struct arena *a, const struct kubernetes_job *j)
{
	const struct executor_task *t = &j->first->task;
	struct doc *spec = doc_map(a), *security = set_map(a, spec, "securityContext");
	doc_set_text(a, spec, "restartPolicy", "Never");
	doc_set(a, spec, "automountServiceAccountToken", doc_bool(a, false));
	doc_set(a, spec, "enableServiceLinks", doc_bool(a, false));
	doc_set(a, security, "runAsUser", doc_int(a, getuid())); /* so that what it writes is the caller's */
	doc_set(a, security, "runAsGroup", doc_int(a, getgid()));
	if (getuid() != 0)
		doc_set(a, security, "runAsNonRoot", doc_bool(a, true));
	doc_set_text(a, set_map(a, security, "seccompProfile"), "type", "RuntimeDefault");
	struct doc *container = push_map(a, set_list(a, spec, "containers"));
	doc_set_text(a, container, "name", "task");
	doc_set_text(a, container, "image", t->container ? t->container : site->image);
	put_command(site, a, container, j);
	put_environment(a, container, j);
	put_resources(a, container, t);
	put_security(a, container);
	put_volumes(site, a, spec, container, j);
	return spec;
}

/* -- Jobs ------------------------------------------------------------------------------------------------------------ */

/* Who tries again is the run, so an index fails with its command. But a pod that was put out of its node, or deleted, which its command
 * sees as SIGTERM or SIGKILL, is made again when it is gone; a command that ended so by itself has left its end, and is not begun anew. */
static void put_indexes(struct arena *a, struct doc *spec, uint32_t n)
{
	doc_set_text(a, spec, "completionMode", "Indexed");
	doc_set(a, spec, "completions", doc_int(a, n));
	doc_set(a, spec, "parallelism", doc_int(a, n));
	doc_set(a, spec, "backoffLimitPerIndex", doc_int(a, REMADE_MOST));
	doc_set_text(a, spec, "podReplacementPolicy", "Failed");
	struct doc *rules = set_list(a, set_map(a, spec, "podFailurePolicy"), "rules"), *rule = push_map(a, rules);
	doc_set_text(a, rule, "action", "Ignore");
	struct doc *condition = push_map(a, set_list(a, rule, "onPodConditions"));
	doc_set_text(a, condition, "type", "DisruptionTarget");
	doc_set_text(a, condition, "status", "True");
	rule = push_map(a, rules);
	doc_set_text(a, rule, "action", "FailIndex");
	struct doc *codes = set_map(a, rule, "onExitCodes"), *values;
	doc_set_text(a, codes, "containerName", "task");
	doc_set_text(a, codes, "operator", "NotIn");
	values = set_list(a, codes, "values");
	doc_push(values, doc_int(a, 137));
	doc_push(values, doc_int(a, 143));
}

struct doc *kubernetes_job_document(const struct kubernetes_site *site, struct arena *a, const struct kubernetes_job *j)
{
	const struct executor_task *t = &j->first->task;
	struct doc *meta, *d = new_object(site, a, "batch/v1", "Job", j, &meta), *spec = set_map(a, d, "spec");
	doc_set_text(a, set_map(a, meta, "annotations"), "twinc/task", j->indexes > 1 ? arena_printf(a, "%s and %u more", t->name, j->indexes - 1) : t->name);
	if (j->indexes)
		put_indexes(a, spec, j->indexes);
	else
		doc_set(a, spec, "backoffLimit", doc_int(a, 0));
	doc_set(a, spec, "ttlSecondsAfterFinished", doc_int(a, TTL_S));
	struct doc *template = set_map(a, spec, "template"), *labels = set_map(a, set_map(a, template, "metadata"), "labels"), *pod = make_pod(site, a, j);
	if (t->time_ms)
		doc_set(a, j->indexes ? pod : spec, "activeDeadlineSeconds", doc_int(a, (int64_t)(t->time_ms + 999) / 1000 + GRACE_S + (site->bucket ? STAGE_S : 0)));
	doc_set_text(a, labels, "twinc/state", site->name);
	doc_set_text(a, labels, "twinc/job", j->name);
	doc_set(a, template, "spec", pod);
	return d;
}

struct doc *kubernetes_secret_document(const struct kubernetes_site *site, struct arena *a, const struct kubernetes_job *j)
{
	struct doc *meta, *d = new_object(site, a, "v1", "Secret", j, &meta), *data = set_map(a, d, "stringData");
	for (const char *const *s = j->first->task.secrets; *s; s++)
		doc_set_text(a, data, secret_name(*s, a), *s + strcspn(*s, "=") + 1);
	return d;
}

struct doc *kubernetes_urls_document(const struct kubernetes_site *site, struct arena *a, const struct kubernetes_job *j, const char *const *urls, uint32_t n)
{
	const struct kubernetes_job named = { .name = urls_name(j, a), .first = j->first };
	struct doc *meta, *d = new_object(site, a, "v1", "Secret", &named, &meta), *data = set_map(a, d, "stringData");
	for (uint32_t i = 0; i < n; i++)
		doc_set(a, data, arena_printf(a, "%u", i), doc_printf(a, "%s\n", urls[i]));
	return d;
}

/* -- how they stand -------------------------------------------------------------------------------------------------- */

bool kubernetes_has_index(const char *list, uint32_t index)
{
	for (char *end; list && *list >= '0' && *list <= '9'; list = *end == ',' ? end + 1 : end) {
		unsigned long from = strtoul(list, &end, 10), to = from;
		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		if (from <= index && index <= to)
			return true;
	}
	return false;
}

const char *kubernetes_job_end(const struct doc *job, const struct doc **ret)
{
	for (doc_each(condition, doc_get(doc_get(job, "status"), "conditions"))) {
		const char *type = doc_text(doc_get(condition, "type"), "");
		*ret = condition;
		if ((strcmp(type, "Complete") == 0 || strcmp(type, "Failed") == 0) && strcmp(doc_text(doc_get(condition, "status"), ""), "True") == 0)
			return type;
	}
	return NULL;
}

const char *kubernetes_job_over(const struct doc *job, uint32_t index)
{
	const struct doc *status = doc_get(job, "status"), *condition;
	const char *end = kubernetes_job_end(job, &condition);
	bool indexed = doc_get(doc_get(job, "spec"), "backoffLimitPerIndex") != NULL;
	if (indexed && kubernetes_has_index(doc_text(doc_get(status, "failedIndexes"), NULL), index))
		return "its Job counts it as failed";
	if (indexed && kubernetes_has_index(doc_text(doc_get(status, "completedIndexes"), NULL), index))
		return "its Job counts it as completed";
	return end ? doc_text(doc_get(condition, "message"), "its Job has ended") : NULL;
}
