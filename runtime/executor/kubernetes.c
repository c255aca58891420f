/* Kubernetes: a task is a Job of one pod, created once under a name made of state folder, run and number; one watch over the pods of
 * the state folder, resumed where it ended. Pods see the state folder through a PersistentVolumeClaim that is mounted at the same path as
 * here. Formats: Job batch/v1, Pod and Secret v1; watches: API concepts, "Efficient detection of changes". */
#include "compiler/base/bug.h"
#include "compiler/base/buf.h"
#include "compiler/base/file.h"
#include "compiler/base/map.h"
#include "compiler/plan/plan.h"
#include "runtime/executor/engine.h"
#include "runtime/executor/executors.h"
#include "runtime/executor/kube.h"
#include "runtime/executor/script.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WATCH_MS 30000     /* a watch lasts so long at most; then Jobs are looked at, too */
#define RETRY_MS 1000
#define SETTLE_MS 10000    /* for what a pod wrote to be seen here */
#define IMAGE_MS 120000    /* an image that cannot be had for so long is never to be had */
#define GRACE_S 60         /* over the task's own limit */
#define TTL_S 86400        /* of a Job that ended, should nobody come back for it; how it ended stands in its folder */

struct kube_job {
	bool refused; /* it is not made yet */
	bool bare;    /* its pod is gone, and no other is seen yet */
	uint64_t waits_since_ms;
};
struct kubernetes {
	struct arena arena;
	struct kube *kube;
	const char *name, *claim, *mount, *image; /* name: of the state folder, in all names and labels */
	char version[32];  /* of the last list or event: where the next watch begins; "": list first */
	struct map jobs;   /* name of the Job -> struct engine_job; made anew at every look */
	bool soon;         /* the watch that goes on is a short one */
	bool anything;     /* was made, or found: then it is cleaned up at the end */
	struct engine_context *context;
};

static const char *job_name(struct arena *a, const char *state, int64_t run, uint32_t number)
{
	return arena_printf(a, "twin-%s-%" PRId64 "-%u", state, run, number);
}

/* --on kubernetes:CLAIM:MOUNT, or what the twin says of the cluster. */
static bool read_storage(const struct executor_host *host, struct arena *a, const char **ret_claim, const char **ret_mount)
{
	const char *colon = host->option ? strchr(host->option, ':') : NULL;
	*ret_claim = engine_attribute(host, "claim");
	*ret_mount = engine_attribute(host, "mount");
	if (host->option) {
		*ret_claim = arena_strndup(a, host->option, colon ? (size_t)(colon - host->option) : strlen(host->option));
		*ret_mount = colon ? colon + 1 : NULL;
	}
	return *ret_claim && *ret_mount && (*ret_mount)[0] == '/';
}

/* -- documents ------------------------------------------------------------------------------------------------------- */

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

static struct doc *new_object(struct arena *a, const char *version, const char *kind, const char *name, const char *state, int64_t run)
{
	struct doc *d = doc_map(a);
	doc_set_text(a, d, "apiVersion", version);
	doc_set_text(a, d, "kind", kind);
	struct doc *meta = set_map(a, d, "metadata");
	doc_set_text(a, meta, "name", name);
	struct doc *labels = set_map(a, meta, "labels");
	doc_set_text(a, labels, "app.kubernetes.io/managed-by", "twinc");
	doc_set_text(a, labels, "twinc/state", state);
	doc_set(a, labels, "twinc/run", doc_printf(a, "%" PRId64, run));
	return d;
}

static const char *secret_name(const char *setting, struct arena *a)
{
	return arena_strndup(a, setting, strcspn(setting, "="));
}

static void put_environment(struct arena *a, struct doc *container, const struct executor_task *t, const char *name)
{
	struct doc *env = set_list(a, container, "env");
	for (const char *const *s = t->secrets; s && *s; s++) {
		struct doc *one = doc_map(a);
		doc_set_text(a, one, "name", secret_name(*s, a));
		struct doc *ref = set_map(a, set_map(a, one, "valueFrom"), "secretKeyRef");
		doc_set_text(a, ref, "name", name);
		doc_set_text(a, ref, "key", secret_name(*s, a));
		doc_push(env, one);
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

static struct doc *make_pod(const struct kubernetes *k, struct arena *a, const struct engine_job *j, const char *name)
{
	const struct executor_task *t = &j->task;
	struct doc *spec = doc_map(a), *container = doc_map(a), *mount = doc_map(a), *volume = doc_map(a), *security = set_map(a, spec, "securityContext");
	doc_set_text(a, spec, "restartPolicy", "Never");
	doc_set(a, spec, "automountServiceAccountToken", doc_bool(a, false));
	doc_set(a, spec, "enableServiceLinks", doc_bool(a, false));
	doc_set(a, security, "runAsUser", doc_int(a, getuid())); /* so that what it writes is the caller's */
	doc_set(a, security, "runAsGroup", doc_int(a, getgid()));
	if (getuid() != 0)
		doc_set(a, security, "runAsNonRoot", doc_bool(a, true));
	doc_set_text(a, set_map(a, security, "seccompProfile"), "type", "RuntimeDefault");
	doc_set_text(a, container, "name", "task");
	doc_set_text(a, container, "image", t->container ? t->container : k->image);
	struct doc *command = set_list(a, container, "command");
	doc_push(command, doc_string(a, "/bin/sh"));
	doc_push(command, doc_printf(a, "%s/task", t->folder));
	put_environment(a, container, t, name);
	put_resources(a, container, t);
	put_security(a, container);
	doc_set_text(a, mount, "name", "twin");
	doc_set_text(a, mount, "mountPath", k->mount);
	doc_push(set_list(a, container, "volumeMounts"), mount);
	doc_push(set_list(a, spec, "containers"), container);
	doc_set_text(a, volume, "name", "twin");
	doc_set_text(a, set_map(a, volume, "persistentVolumeClaim"), "claimName", k->claim);
	doc_push(set_list(a, spec, "volumes"), volume);
	return spec;
}

static struct doc *make_job(const struct kubernetes *k, struct arena *a, const struct engine_job *j, const char *name)
{
	struct doc *d = new_object(a, "batch/v1", "Job", name, k->name, j->run);
	struct doc *notes = set_map(a, (struct doc *)(uintptr_t)doc_get(d, "metadata"), "annotations");
	doc_set_text(a, notes, "twinc/task", j->task.name);
	struct doc *spec = set_map(a, d, "spec");
	doc_set(a, spec, "backoffLimit", doc_int(a, 0)); /* who tries again is the run */
	doc_set(a, spec, "ttlSecondsAfterFinished", doc_int(a, TTL_S));
	if (j->task.time_ms)
		doc_set(a, spec, "activeDeadlineSeconds", doc_int(a, (int64_t)(j->task.time_ms + 999) / 1000 + GRACE_S));
	struct doc *template = set_map(a, spec, "template"), *labels = set_map(a, set_map(a, template, "metadata"), "labels");
	doc_set_text(a, labels, "twinc/state", k->name);
	doc_set_text(a, labels, "twinc/job", name);
	doc_set(a, template, "spec", make_pod(k, a, j, name));
	return d;
}

static struct doc *make_secret(const struct kubernetes *k, struct arena *a, const struct engine_job *j, const char *name)
{
	struct doc *d = new_object(a, "v1", "Secret", name, k->name, j->run);
	struct doc *data = set_map(a, d, "stringData");
	for (const char *const *s = j->task.secrets; *s; s++)
		doc_set_text(a, data, secret_name(*s, a), *s + strcspn(*s, "=") + 1);
	return d;
}

/* -- submitting ------------------------------------------------------------------------------------------------------ */

/* Created, or there already: its name is this attempt's alone. */
static bool create(struct kubernetes *k, struct arena *a, const char *path, const struct doc *d, bool *ret_passing, const char **ret_error)
{
	struct doc *said;
	struct net_answer answer = kube_ask(k->kube, a, "POST", path, d, false, &said);
	if (net_is_good(&answer) || (answer.outcome == NET_ANSWERED && answer.status == 409))
		return true;
	*ret_passing = answer.outcome != NET_ANSWERED || answer.status == 429 || answer.status >= 500 ||
		       (answer.status == 403 && strstr(kube_error(a, &answer, said), "exceeded quota"));
	*ret_error = kube_error(a, &answer, said);
	return false;
}

/* False: the server cannot be reached now, or has no room: it is asked again at the next look. */
static bool submit_job(struct engine_context *c, struct engine_job *j)
{
	struct kubernetes *k = c->own;
	struct arena a = { 0 };
	struct kube_job *own = j->own;
	const char *name = job_name(&a, k->name, j->run, j->task.number), *error = NULL;
	bool passing = false, good = true;
	k->anything = true;
	if (j->task.secrets && *j->task.secrets)
		good = create(k, &a, arena_printf(&a, "/api/v1/namespaces/%s/secrets", kube_namespace(k->kube)), make_secret(k, &a, j, name), &passing, &error);
	if (good)
		good = create(k, &a, arena_printf(&a, "/apis/batch/v1/namespaces/%s/jobs", kube_namespace(k->kube)), make_job(k, &a, j, name), &passing, &error);
	own->refused = !good && passing;
	if (!good && passing)
		engine_note(c, j, EXECUTOR_WAITS, error);
	else if (!good)
		engine_end(c, j, EXECUTOR_REJECTED, 0, error);
	arena_finish(&a);
	return good || !passing;
}

static bool prepare(struct engine_context *c, struct engine_job *j)
{
	struct kubernetes *k = c->own;
	struct executor_task bare = j->task;
	char text[200];
	for (const char *const *r = j->task.reads; r && *r; r++)
		if (!file_is_below(*r, k->mount)) {
			snprintf(text, sizeof text, "its pods see %s only, and it reads %.100s", k->mount, *r);
			engine_end(c, j, EXECUTOR_REJECTED, 0, text);
			return false;
		}
	bare.secrets = NULL; /* a Secret brings them */
	int failure = script_write(&bare, &(struct script_options){ .limit_time = true, .keeps_environment = true });
	if (failure)
		engine_end(c, j, EXECUTOR_NOT_STARTED, failure, "its script cannot be written");
	return !failure;
}

static void kubernetes_submit(struct engine_context *c, struct engine_jobs jobs)
{
	bool reached = true;
	for (uint32_t i = 0; i < jobs.len; i++) {
		jobs.at[i]->own = arena_new(&jobs.at[i]->arena, struct kube_job);
		if (!prepare(c, jobs.at[i]))
			continue;
		if (reached)
			reached = submit_job(c, jobs.at[i]);
		else
			((struct kube_job *)jobs.at[i]->own)->refused = true;
	}
}

/* -- looking --------------------------------------------------------------------------------------------------------- */

static bool ended_by_file(struct engine_context *c, struct engine_job *j)
{
	struct executor_end end = { 0 };
	if (!script_ended(j->task.folder, j->task.time_ms, &end))
		return false;
	engine_end(c, j, end.outcome, end.code, NULL);
	return true;
}

static const struct doc *first_status(const struct doc *pod)
{
	const struct doc *list = doc_get(doc_get(pod, "status"), "containerStatuses");
	return list && list->kind == DOC_LIST ? list->children.first : NULL;
}

static void note_pending(struct engine_context *c, struct engine_job *j, const struct doc *pod)
{
	static const char *const hopeless[] = { "InvalidImageName", "CreateContainerConfigError", "CreateContainerError" };
	const struct doc *waiting = doc_get(doc_get(first_status(pod), "state"), "waiting");
	const char *reason = doc_text(doc_get(waiting, "reason"), ""), *message = doc_text(doc_get(waiting, "message"), "");
	struct kube_job *own = j->own;
	char text[220];
	for (doc_each(condition, doc_get(doc_get(pod, "status"), "conditions")))
		if (!*reason && strcmp(doc_text(doc_get(condition, "type"), ""), "PodScheduled") == 0 && strcmp(doc_text(doc_get(condition, "status"), ""), "False") == 0) {
			reason = doc_text(doc_get(condition, "reason"), "");
			message = doc_text(doc_get(condition, "message"), "");
		}
	snprintf(text, sizeof text, "its pod is pending%s%s%s%.150s", *reason ? ": " : "", reason, *message ? ": " : "", message);
	engine_note(c, j, EXECUTOR_WAITS, text);
	for (size_t i = 0; i < sizeof hopeless / sizeof *hopeless; i++)
		if (strcmp(reason, hopeless[i]) == 0)
			engine_end(c, j, EXECUTOR_REJECTED, 0, text);
	if (!strstr(reason, "ImagePull") && !strstr(reason, "ErrImage"))
		return;
	if (own->waits_since_ms && engine_now_ms() - own->waits_since_ms > IMAGE_MS)
		engine_end(c, j, EXECUTOR_REJECTED, 0, text);
	else if (!own->waits_since_ms)
		own->waits_since_ms = engine_now_ms();
}

static void note_failed(struct engine_context *c, struct engine_job *j, const struct doc *pod)
{
	static const struct { const char *reason; enum executor_outcome outcome; } reasons[] = {
		{ "DeadlineExceeded", EXECUTOR_TIMED_OUT }, { "OOMKilled", EXECUTOR_OUT_OF_MEMORY }, { "Evicted", EXECUTOR_NODE_FAILED },
		{ "NodeLost", EXECUTOR_NODE_FAILED }, { "NodeShutdown", EXECUTOR_NODE_FAILED }, { "Terminated", EXECUTOR_NODE_FAILED },
		{ "NodeAffinity", EXECUTOR_NODE_FAILED }, { "Shutdown", EXECUTOR_NODE_FAILED }, { "Preempting", EXECUTOR_PREEMPTED },
		{ "CreateContainerConfigError", EXECUTOR_REJECTED }, { "UnexpectedAdmissionError", EXECUTOR_REJECTED },
	};
	const struct doc *status = doc_get(pod, "status"), *end = doc_get(doc_get(first_status(pod), "state"), "terminated");
	const char *said[] = { doc_text(doc_get(status, "reason"), ""), doc_text(doc_get(end, "reason"), "") };
	char text[220];
	snprintf(text, sizeof text, "its pod failed%s%s%s%.150s", *said[0] ? ": " : "", said[0], doc_get(status, "message") ? ": " : "", doc_text(doc_get(status, "message"), ""));
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		for (size_t w = 0; w < 2; w++)
			if (strcmp(said[w], reasons[i].reason) == 0) {
				engine_end(c, j, reasons[i].outcome, 0, text);
				return;
			}
	if (!j->since_ms)
		j->since_ms = engine_now_ms(); /* its file may be seen late */
	if (end && engine_now_ms() - j->since_ms >= SETTLE_MS)
		engine_end(c, j, EXECUTOR_EXITED, (int)doc_integer(doc_get(end, "exitCode"), 1), text);
	else if (engine_now_ms() - j->since_ms >= SETTLE_MS)
		engine_end(c, j, EXECUTOR_LOST, 0, text);
}

static struct engine_job *job_of(const struct kubernetes *k, const struct doc *pod)
{
	return map_get(&k->jobs, doc_text(doc_get(doc_get(doc_get(pod, "metadata"), "labels"), "twinc/job"), ""));
}

static void see_pod(struct engine_context *c, const struct doc *pod)
{
	const char *phase = doc_text(doc_get(doc_get(pod, "status"), "phase"), "");
	struct engine_job *j = job_of(c->own, pod);
	if (!j || j->ended)
		return;
	((struct kube_job *)j->own)->bare = false;
	if (strcmp(phase, "Pending") == 0) {
		note_pending(c, j, pod);
	} else if (strcmp(phase, "Running") == 0) {
		j->since_ms = 0;
		if (j->word != EXECUTOR_RUNS)
			engine_note(c, j, EXECUTOR_RUNS, NULL);
	} else if (!ended_by_file(c, j)) {
		note_failed(c, j, pod);
	}
}

/* Something has to be looked at again soon. */
static bool is_unsettled(const struct engine_job *j)
{
	const struct kube_job *own = j->own;
	return j->since_ms || j->cancelled || own->refused || own->bare;
}

static void remember(struct kubernetes *k, const struct doc *object)
{
	snprintf(k->version, sizeof k->version, "%s", doc_text(doc_get(doc_get(object, "metadata"), "resourceVersion"), ""));
}

static void hear(const struct doc *event, void *ctx)
{
	struct kubernetes *k = ctx;
	const char *type = doc_text(doc_get(event, "type"), "");
	const struct doc *object = doc_get(event, "object");
	if (strcmp(type, "ERROR") == 0) { /* 410 Gone: what came between is lost, so all is listed anew */
		k->version[0] = 0;
		return;
	}
	remember(k, object);
	if (strcmp(type, "ADDED") == 0 || strcmp(type, "MODIFIED") == 0)
		see_pod(k->context, object);
	struct engine_job *j = job_of(k, object);
	if (j && strcmp(type, "DELETED") == 0)
		((struct kube_job *)j->own)->bare = true;
	if (j && !j->ended && !k->soon && is_unsettled(j))
		engine_call(k->context);
}

static const char *selector(const struct kubernetes *k, struct arena *a, const char *kind)
{
	return arena_printf(a, "%s/namespaces/%s/%s?labelSelector=twinc%%2Fstate%%3D%s", strcmp(kind, "jobs") == 0 ? "/apis/batch/v1" : "/api/v1",
			    kube_namespace(k->kube), kind, k->name);
}

/* Jobs that are gone took their tasks with them; those that failed without a pod say why. */
static void look_at_jobs(struct engine_context *c, const struct doc *list)
{
	struct kubernetes *k = c->own;
	struct map there = { 0 };
	struct arena a = { 0 };
	for (doc_each(job, doc_get(list, "items")))
		map_set(&there, doc_text(doc_get(doc_get(job, "metadata"), "name"), ""), job);
	for (uint32_t i = 0; i < c->jobs.len; i++) {
		struct engine_job *j = c->jobs.at[i];
		const struct kube_job *own = j->own;
		const struct doc *job = map_get(&there, job_name(&a, k->name, j->run, j->task.number));
		if (j->ended || own->refused || ended_by_file(c, j))
			continue;
		if (!job) {
			engine_end(c, j, EXECUTOR_CANCELLED, 0, "its Job is gone");
			continue;
		}
		for (doc_each(condition, doc_get(doc_get(job, "status"), "conditions")))
			if (strcmp(doc_text(doc_get(condition, "type"), ""), "Failed") == 0 && strcmp(doc_text(doc_get(condition, "reason"), ""), "DeadlineExceeded") == 0)
				engine_end(c, j, EXECUTOR_TIMED_OUT, 0, doc_text(doc_get(condition, "message"), NULL));
	}
	map_finish(&there);
	arena_finish(&a);
}

/* False: the server does not answer. */
static bool list_all(struct engine_context *c)
{
	struct kubernetes *k = c->own;
	struct arena a = { 0 };
	struct doc *jobs, *pods;
	struct net_answer first = kube_ask(k->kube, &a, "GET", selector(k, &a, "jobs"), NULL, false, &jobs);
	struct net_answer answer = kube_ask(k->kube, &a, "GET", selector(k, &a, "pods"), NULL, false, &pods);
	bool good = first.outcome == NET_ANSWERED && first.status == 200 && answer.outcome == NET_ANSWERED && answer.status == 200 && jobs && pods;
	if (good) {
		remember(k, pods);
		for (doc_each(pod, doc_get(pods, "items")))
			see_pod(c, pod);
		look_at_jobs(c, jobs);
	}
	arena_finish(&a);
	return good;
}

static void index_jobs(struct engine_context *c, struct arena *a)
{
	struct kubernetes *k = c->own;
	map_finish(&k->jobs);
	map_init(&k->jobs);
	for (uint32_t i = 0; i < c->jobs.len; i++) {
		struct engine_job *j = c->jobs.at[i];
		if (!j->own) /* adopted */
			j->own = arena_new(&j->arena, struct kube_job);
		map_set(&k->jobs, job_name(a, k->name, j->run, j->task.number), j);
	}
}

static void watch(struct engine_context *c, struct arena *a)
{
	struct kubernetes *k = c->own;
	k->soon = false;
	for (uint32_t i = 0; i < c->jobs.len; i++)
		k->soon = k->soon || is_unsettled(c->jobs.at[i]);
	uint32_t ms = k->soon ? RETRY_MS : WATCH_MS;
	const char *path = arena_printf(a, "%s&watch=1&allowWatchBookmarks=true&resourceVersion=%s&timeoutSeconds=%u", selector(k, a, "pods"), k->version, (ms + 999) / 1000);
	struct net_answer answer = kube_watch(k->kube, a, path, ms + RETRY_MS, c->called, hear, k);
	if (answer.outcome == NET_STOPPED)
		return; /* an order: it goes on from where it was */
	if (answer.outcome != NET_ANSWERED || answer.status != 200)
		usleep(RETRY_MS * 1000 / 4);
	k->version[0] = 0; /* now and then all is listed: a Job may be gone without a word of its pod */
}

static int64_t kubernetes_look(struct engine_context *c)
{
	struct kubernetes *k = c->own;
	struct arena a = { 0 };
	k->anything = true;
	index_jobs(c, &a);
	for (uint32_t i = 0; i < c->jobs.len; i++) {
		struct engine_job *j = c->jobs.at[i];
		if (!j->ended && ((struct kube_job *)j->own)->refused && !submit_job(c, j))
			break;
	}
	int64_t wait = 0;
	if (k->version[0])
		watch(c, &a);
	else if (!list_all(c))
		wait = RETRY_MS;
	map_finish(&k->jobs);
	map_init(&k->jobs);
	arena_finish(&a);
	return wait;
}

/* -- ending ---------------------------------------------------------------------------------------------------------- */

static void delete_job(struct kube *kube, struct arena *a, const char *name, bool force)
{
	struct doc *said;
	kube_ask(kube, a, "DELETE", arena_printf(a, "/apis/batch/v1/namespaces/%s/jobs/%s?propagationPolicy=%s%s", kube_namespace(kube), name,
						 force ? "Foreground" : "Background", force ? "&gracePeriodSeconds=0" : ""), NULL, false, &said);
}

static void kubernetes_cancel(struct engine_context *c, struct engine_jobs jobs, bool force)
{
	struct kubernetes *k = c->own;
	struct arena a = { 0 };
	for (uint32_t i = 0; i < jobs.len; i++) {
		struct engine_job *j = jobs.at[i];
		struct kube_job *own = j->own;
		script_void(j->task.folder);
		if (own && own->refused)
			engine_end(c, j, EXECUTOR_CANCELLED, 0, NULL);
		else
			delete_job(k->kube, &a, job_name(&a, k->name, j->run, j->task.number), force);
	}
	k->version[0] = 0;
	arena_finish(&a);
}

/* -- the row --------------------------------------------------------------------------------------------------------- */

static struct kube *open_of(const struct executor_host *host, char *ret_error, size_t error_len)
{
	return kube_open(engine_attribute(host, "context"), engine_attribute(host, "namespace"), ret_error, error_len);
}

static bool kubernetes_accepts(const struct executor_host *host, const struct executor_wish *w, char *ret_why, size_t why_len)
{
	struct arena a = { 0 };
	const char *claim, *mount;
	bool stored = read_storage(host, &a, &claim, &mount), good = false;
	if (w->cwl)
		snprintf(ret_why, why_len, "it is a CWL process, which needs this program and a CWL engine, and pods have neither");
	else if (w->n_modules > 0)
		snprintf(ret_why, why_len, "it loads environment modules, which images do not have: name a container instead");
	else if (!w->container && !engine_attribute(host, "image") && !getenv("TWINC_IMAGE"))
		snprintf(ret_why, why_len, "it names no container, and the cluster no `image` for such steps (nor does TWINC_IMAGE)");
	else if (!stored)
		snprintf(ret_why, why_len, "the cluster names no `claim` and `mount` through which its pods see the state folder (`--on kubernetes:CLAIM:MOUNT`)");
	else if (!file_is_below(host->state, mount))
		snprintf(ret_why, why_len, "its pods see %s only, and the state folder is %s: name one there with `--state`", mount, host->state);
	else
		good = true;
	arena_finish(&a);
	return good;
}

static bool kubernetes_open(struct engine_context *c, char *ret_error, size_t error_len)
{
	struct kubernetes *k = calloc(1, sizeof *k);
	if (!k)
		bug_out_of_memory();
	k->context = c;
	read_storage(c->host, &k->arena, &k->claim, &k->mount);
	k->image = engine_attribute(c->host, "image") ? engine_attribute(c->host, "image") : getenv("TWINC_IMAGE");
	k->name = engine_state_name(&k->arena, c->host->state, "kubernetes");
	if (!k->name)
		snprintf(ret_error, error_len, "%s/kubernetes cannot be written", c->host->state);
	k->kube = k->name ? open_of(c->host, ret_error, error_len) : NULL;
	if (!k->kube) {
		arena_finish(&k->arena);
		free(k);
		return false;
	}
	c->own = k;
	return true;
}

/* All that has ended goes, with its pods and secrets; what runs still belongs to the next run. */
static void clean_up(struct kubernetes *k)
{
	static const char *const kinds[] = { "jobs", "secrets" };
	struct arena a = { 0 };
	struct doc *said;
	for (size_t i = 0; i < 2; i++)
		kube_ask(k->kube, &a, "DELETE", arena_printf(&a, "%s&propagationPolicy=Background", selector(k, &a, kinds[i])), NULL, false, &said);
	arena_finish(&a);
}

static void kubernetes_close(struct engine_context *c)
{
	struct kubernetes *k = c->own;
	if (k->anything && c->jobs.len == 0)
		clean_up(k);
	kube_close(k->kube);
	map_finish(&k->jobs);
	arena_finish(&k->arena);
	free(k);
}

static const struct engine engine_kubernetes = {
	.open = kubernetes_open, .submit = kubernetes_submit, .look = kubernetes_look, .cancel = kubernetes_cancel, .close = kubernetes_close,
};

static void *kubernetes_start(const struct executor_host *host, char *ret_error, size_t error_len)
{
	return engine_start(&engine_kubernetes, host, ret_error, error_len);
}

/* -- after a crash --------------------------------------------------------------------------------------------------- */

static bool is_over(const struct doc *job)
{
	for (doc_each(condition, doc_get(doc_get(job, "status"), "conditions")))
		if ((strcmp(doc_text(doc_get(condition, "type"), ""), "Complete") == 0 || strcmp(doc_text(doc_get(condition, "type"), ""), "Failed") == 0) &&
		    strcmp(doc_text(doc_get(condition, "status"), ""), "True") == 0)
			return true;
	return false;
}

static void find_all(const struct executor_host *host, const char *name, const struct doc *jobs, struct executor_attempt *attempts, uint32_t n)
{
	struct arena a = { 0 };
	struct map there = { 0 };
	for (doc_each(job, doc_get(jobs, "items")))
		map_set(&there, doc_text(doc_get(doc_get(job, "metadata"), "name"), ""), job);
	for (uint32_t i = 0; i < n; i++) {
		const struct doc *job = map_get(&there, job_name(&a, name, attempts[i].run, attempts[i].number));
		attempts[i].found = EXECUTOR_GONE;
		if (script_ended(script_folder(&a, host->state, attempts[i].run, attempts[i].number), 0, &attempts[i].end))
			attempts[i].found = EXECUTOR_FOUND_ENDED;
		else if (job && !doc_get(doc_get(job, "metadata"), "deletionTimestamp"))
			attempts[i].found = EXECUTOR_ALIVE;
		if (attempts[i].found == EXECUTOR_ALIVE && is_over(job)) { /* its file is missing: it did not end well */
			attempts[i].found = EXECUTOR_FOUND_ENDED;
			attempts[i].end.outcome = EXECUTOR_LOST;
		}
	}
	map_finish(&there);
	arena_finish(&a);
}

static bool kubernetes_find(const struct executor_host *host, struct executor_attempt *attempts, uint32_t n, char *ret_error, size_t error_len)
{
	struct arena a = { 0 };
	struct kubernetes k = { .name = engine_state_name(&a, host->state, "kubernetes") };
	struct doc *jobs = NULL;
	bool good = false;
	snprintf(ret_error, error_len, "%s/kubernetes cannot be written", host->state);
	k.kube = k.name ? open_of(host, ret_error, error_len) : NULL;
	if (k.kube) {
		struct net_answer answer = kube_ask(k.kube, &a, "GET", selector(&k, &a, "jobs"), NULL, false, &jobs);
		good = answer.outcome == NET_ANSWERED && answer.status == 200 && jobs;
		if (good)
			find_all(host, k.name, jobs, attempts, n);
		else
			snprintf(ret_error, error_len, "%s", kube_error(&a, &answer, jobs));
	}
	kube_close(k.kube);
	arena_finish(&a);
	return good;
}

static void kubernetes_kill(const struct executor_host *host, const struct executor_attempt *attempts, uint32_t n)
{
	struct arena a = { 0 };
	char error[200];
	const char *name = engine_state_name(&a, host->state, "kubernetes");
	struct kube *kube = NULL;
	for (uint32_t i = 0; i < n; i++) {
		script_void(script_folder(&a, host->state, attempts[i].run, attempts[i].number));
		if (attempts[i].found == EXECUTOR_ALIVE && name && (kube || (kube = open_of(host, error, sizeof error))))
			delete_job(kube, &a, job_name(&a, name, attempts[i].run, attempts[i].number), true);
	}
	kube_close(kube);
	arena_finish(&a);
}

const struct executor executor_kubernetes = {
	.name = "kubernetes", .doc = "Jobs of a Kubernetes cluster", .kind = "kubernetes.cluster", .most = 1000,
	.accepts = kubernetes_accepts, .start = kubernetes_start, .submit = engine_submit, .fd = engine_fd, .poll = engine_poll,
	.cancel = engine_cancel, .finish = engine_finish, .find = kubernetes_find, .adopt = engine_adopt, .kill = kubernetes_kill,
};
