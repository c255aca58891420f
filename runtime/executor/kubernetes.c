/* Kubernetes: what is ready together and alike is one indexed Job, a pod a task; on servers that cannot judge each index by itself, each
 * task is a Job. They are created once, under names made of state folder, run and a number, which stand with the index in the attempt's
 * folder (FOLDER/job) before the server is asked. One watch over the pods of the state folder, resumed where it ended. Pods see the
 * state folder through a PersistentVolumeClaim that is mounted at the same path as here, or nothing of it: then all goes through a bucket
 * (kubernetes_store.h). Formats: kubernetes_job.h; watches: API concepts, "Efficient detection of changes". */
#include "compiler/base/bug.h"
#include "compiler/base/buf.h"
#include "compiler/base/file.h"
#include "compiler/plan/plan.h"
#include "runtime/executor/executors.h"
#include "runtime/executor/kubernetes_own.h"
#include "runtime/executor/kubernetes_store.h"
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
#define URLS_BYTES 700000  /* of one Secret, which is 1 MiB at most */
#define QUEUE_MS 86400000  /* of what a URL lives, left to waiting for a node */
#define INDEXED_MINOR 29   /* since then, by default, a Job's indexes fail each for itself (1.x) */

struct kube_job {
	struct kube_known known; /* name "": it has none yet */
	uint32_t indexes; /* of its Job; 0: it has none */
	bool refused; /* its Job is not made yet */
	bool bare;    /* its pod is gone, or goes, and no other is seen yet */
	bool seen;    /* it has a pod, by the last list */
	uint64_t waits_since_ms;
	/* Of what goes through a bucket. */
	bool sent;
	bool left;       /* it has ended, and its result may lie there */
	char looked[40]; /* the pod after which it was looked for */
	bool looked_job; /* it was, after the Job's end */
};
struct kubernetes {
	struct arena arena;
	struct kube *kube;
	struct kubernetes_site site;
	struct kube_store store; /* where the site names a bucket */
	enum { ASK, ALONE, INDEXED } kind; /* of Jobs that the server gets */
	uint32_t n_batches;
	char version[32];  /* of the last list or event: where the next watch begins; "": list first */
	struct map jobs;   /* key of struct kube_known -> struct engine_job; made anew at every look */
	bool soon;         /* the watch that goes on is a short one */
	bool anything;     /* was made, or found: then it is cleaned up at the end */
	struct engine_context *context;
};

static const char *key_of(struct arena *a, const struct kube_known *known)
{
	return arena_printf(a, "%s %d", known->name, known->index);
}

/* -- submitting ------------------------------------------------------------------------------------------------------ */

/* Asked again it may be answered. */
static bool is_passing(const struct net_answer *answer)
{
	return answer->outcome != NET_ANSWERED || answer->status == 429 || answer->status >= 500;
}

/* Created, or there already: its name is this attempt's alone. */
static bool create(struct kubernetes *k, struct arena *a, const char *path, const struct doc *d, bool *ret_passing, const char **ret_error)
{
	struct doc *said;
	struct net_answer answer = kube_ask(k->kube, a, "POST", path, d, false, &said);
	if (net_is_good(&answer) || (answer.outcome == NET_ANSWERED && answer.status == 409))
		return true;
	*ret_passing = is_passing(&answer) || (answer.status == 403 && strstr(kube_error(a, &answer, said), "exceeded quota"));
	*ret_error = kube_error(a, &answer, said);
	return false;
}

static bool prepare(struct engine_context *c, struct engine_job *j)
{
	struct kubernetes *k = c->own;
	struct executor_task bare = j->task;
	char text[200];
	if (k->site.bucket && j->task.time_ms <= (uint64_t)S3_URL_MAX_S * 1000 - QUEUE_MS)
		return true; /* its script is made as it is sent */
	if (k->site.bucket) {
		engine_end(c, j, EXECUTOR_REJECTED, 0, "its limit of time is longer than six days: the URL for its result lives seven, and one is left to waiting for a node");
		return false;
	}
	for (const char *const *r = j->task.reads; r && *r; r++)
		if (!file_is_below(*r, k->site.mount)) {
			snprintf(text, sizeof text, "its pods see %s only, and it reads %.100s", k->site.mount, *r);
			engine_end(c, j, EXECUTOR_REJECTED, 0, text);
			return false;
		}
	bare.secrets = NULL; /* a Secret brings them */
	int failure = script_write(&bare, &(struct script_options){ .limit_time = true, .keeps_environment = true });
	if (failure)
		engine_end(c, j, EXECUTOR_NOT_STARTED, failure, "its script cannot be written");
	return !failure;
}

/* They are made at the look that follows. */
static void kubernetes_submit(struct engine_context *c, struct engine_jobs jobs)
{
	for (uint32_t i = 0; i < jobs.len; i++) {
		struct kube_job *own = arena_new(&jobs.at[i]->arena, struct kube_job);
		own->refused = true;
		jobs.at[i]->own = own;
		prepare(c, jobs.at[i]);
	}
}

/* Which Jobs the server can have. False: it does not answer. */
static bool ask_version(struct kubernetes *k, const char **ret_error, struct arena *a)
{
	struct doc *said = NULL;
	if (k->kind != ASK)
		return true;
	struct net_answer answer = kube_ask(k->kube, a, "GET", "/version", NULL, false, &said);
	if (!is_passing(&answer)) /* some say "29+", some nothing */
		k->kind = atoi(doc_text(doc_get(said, "minor"), "0")) >= INDEXED_MINOR ? INDEXED : ALONE;
	else
		*ret_error = kube_error(a, &answer, said);
	return k->kind != ASK;
}

static const char *list_path(const struct kubernetes *k, struct arena *a, const char *name)
{
	return arena_printf(a, "%s/kubernetes/%s.list", k->site.state, name);
}

/* Who is who in a Job, for its pods and for whoever comes after us. */
static void name_batch(struct engine_context *c, struct engine_job *const *jobs, uint32_t n, bool indexed)
{
	struct kubernetes *k = c->own;
	struct arena a = { 0 };
	struct buf list = { 0 };
	struct kube_known known = { .index = -1 };
	int e = 0;
	snprintf(known.name, sizeof known.name, indexed ? "twin-%s-%" PRId64 "-b%u" : "twin-%s-%" PRId64 "-%u", k->site.name, jobs[0]->run,
		 indexed ? ++k->n_batches : jobs[0]->task.number);
	for (uint32_t i = 0; i < n && !e; i++) {
		struct kube_job *own = jobs[i]->own;
		known.index = indexed ? (int)i : -1;
		own->known = known;
		own->indexes = indexed ? n : 0;
		const char *text = arena_printf(&a, "%s\n", key_of(&a, &known));
		e = file_write(arena_printf(&a, "%s/job", jobs[i]->task.folder), text, strlen(text), NULL);
		buf_printf(&list, "%" PRId64 "-%u\n", jobs[i]->run, jobs[i]->task.number);
	}
	if (!e && indexed)
		e = file_write(list_path(k, &a, known.name), buf_text(&list), list.len, NULL);
	for (uint32_t i = 0; i < n && e; i++)
		engine_end(c, jobs[i], EXECUTOR_NOT_STARTED, e, "its place in a Job cannot be written");
	buf_finish(&list);
	arena_finish(&a);
}

static bool is_new(const struct engine_job *j)
{
	const struct kube_job *own = j->own;
	return !j->ended && own->refused && !own->known.name[0];
}

/* To the bucket, before their Job is made. False: it does not answer now. */
static bool send_new(struct engine_context *c)
{
	struct kubernetes *k = c->own;
	enum store_outcome outcome = STORE_DONE;
	for (uint32_t i = 0; i < c->jobs.len && outcome != STORE_LATER; i++) {
		struct engine_job *j = c->jobs.at[i];
		struct kube_job *own = j->own;
		struct arena a = { 0 };
		const char *why = NULL;
		int e = 0;
		if (is_new(j) && !own->sent) {
			outcome = store_send(&k->store, j, &a, &why, &e);
			own->sent = outcome == STORE_DONE;
			if (outcome == STORE_LATER)
				engine_note(c, j, EXECUTOR_WAITS, why);
			else if (!own->sent)
				engine_end(c, j, e ? EXECUTOR_NOT_STARTED : EXECUTOR_REJECTED, e, e ? "what it needs cannot be sent" : why);
		}
		arena_finish(&a);
	}
	return outcome != STORE_LATER;
}

/* Those that are new: what is alike together, where the server can judge each by itself. */
static void name_all(struct engine_context *c, bool indexed)
{
	struct kubernetes *k = c->own;
	VEC(struct engine_job *) batch = { 0 };
	size_t most = indexed ? BATCH_MAX : 1;
	for (uint32_t i = 0; i < c->jobs.len; i++) {
		vec_clear(&batch);
		if (indexed && k->site.bucket && is_new(c->jobs.at[i])) {
			struct arena a = { 0 };
			size_t fit = URLS_BYTES / strlen(store_task_url(&k->store, &a, c->jobs.at[i]));
			most = fit < BATCH_MAX ? fit : BATCH_MAX;
			arena_finish(&a);
		}
		for (uint32_t at = i; at < c->jobs.len && batch.len < most; at++) {
			struct engine_job *j = c->jobs.at[at];
			if (is_new(j) && (((struct kube_job *)j->own)->sent || !k->site.bucket) && (batch.len == 0 || kubernetes_alike(&batch.at[0]->task, &j->task)))
				*vec_push(&batch) = j;
			if (batch.len == 0)
				break;
		}
		if (batch.len > 0)
			name_batch(c, batch.at, batch.len, indexed);
	}
	vec_finish(&batch);
}

/* Where each of the Job's tasks lies, for its pods alone. */
static bool create_urls(struct kubernetes *k, struct arena *a, const struct kubernetes_job *job, struct engine_job *const *jobs, uint32_t n, bool *ret_passing, const char **ret_error)
{
	const char **urls = arena_new_n(a, const char *, job->indexes + 1);
	for (uint32_t i = 0; i < n; i++) {
		const struct kube_job *own = jobs[i]->own;
		urls[own->known.index < 0 ? 0 : own->known.index] = store_task_url(&k->store, a, jobs[i]);
	}
	for (uint32_t i = 0; i < job->indexes; i++)
		urls[i] = urls[i] ? urls[i] : ""; /* cancelled meanwhile */
	return create(k, a, arena_printf(a, "/api/v1/namespaces/%s/secrets", kube_namespace(k->kube)), kubernetes_urls_document(&k->site, a, job, urls, job->indexes ? job->indexes : 1), ret_passing, ret_error);
}

/* False: the server cannot be reached now, or has no room: it is asked again at the next look. */
static bool submit_batch(struct engine_context *c, struct engine_job *const *jobs, uint32_t n)
{
	struct kubernetes *k = c->own;
	struct arena a = { 0 };
	const struct kube_job *own = jobs[0]->own;
	struct kubernetes_job job = { .name = own->known.name, .first = jobs[0], .indexes = own->indexes, .list = list_path(k, &a, own->known.name) };
	const char *error = NULL, *const *secrets = job.first->task.secrets;
	bool passing = false, good = true;
	k->anything = true;
	if (secrets && *secrets)
		good = create(k, &a, arena_printf(&a, "/api/v1/namespaces/%s/secrets", kube_namespace(k->kube)), kubernetes_secret_document(&k->site, &a, &job), &passing, &error);
	if (good && k->site.bucket)
		good = create_urls(k, &a, &job, jobs, n, &passing, &error);
	if (good)
		good = create(k, &a, arena_printf(&a, "/apis/batch/v1/namespaces/%s/jobs?fieldValidation=Strict", kube_namespace(k->kube)), kubernetes_job_document(&k->site, &a, &job), &passing, &error);
	if (!good && passing)
		engine_note(c, jobs[0], EXECUTOR_WAITS, error);
	for (uint32_t i = 0; i < n; i++) {
		((struct kube_job *)jobs[i]->own)->refused = !good && passing;
		if (!good && !passing)
			engine_end(c, jobs[i], EXECUTOR_REJECTED, 0, error);
	}
	arena_finish(&a);
	return good || !passing;
}

static void submit_all(struct engine_context *c)
{
	struct kubernetes *k = c->own;
	struct arena a = { 0 };
	const char *error = NULL;
	VEC(struct engine_job *) batch = { 0 };
	bool reached = true, news = false;
	for (uint32_t i = 0; i < c->jobs.len && !news; i++)
		news = is_new(c->jobs.at[i]);
	if (news && ask_version(k, &error, &a)) {
		reached = !k->site.bucket || send_new(c);
		name_all(c, k->kind == INDEXED);
	}
	for (uint32_t i = 0; i < c->jobs.len && reached; i++) {
		struct engine_job *j = c->jobs.at[i];
		const struct kube_job *own = j->own;
		if (j->ended || !own->refused)
			continue;
		if (is_new(j)) {
			engine_note(c, j, EXECUTOR_WAITS, error);
			break;
		}
		vec_clear(&batch);
		for (uint32_t at = i; at < c->jobs.len; at++) {
			const struct kube_job *other = c->jobs.at[at]->own;
			if (!c->jobs.at[at]->ended && other->refused && strcmp(other->known.name, own->known.name) == 0)
				*vec_push(&batch) = c->jobs.at[at];
		}
		reached = batch.len == 0 || submit_batch(c, batch.at, batch.len);
	}
	vec_finish(&batch);
	arena_finish(&a);
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

/* Its Job may make it another pod, which is not to start anything. */
static void give_up(struct engine_context *c, struct engine_job *j, enum executor_outcome outcome, int code, const char *text)
{
	script_void(j->task.folder);
	engine_end(c, j, outcome, code, text);
}

/* True once it has been so for long enough: what a pod wrote may be seen late. */
static bool has_settled(struct engine_job *j)
{
	if (!j->since_ms)
		j->since_ms = engine_now_ms();
	return engine_now_ms() - j->since_ms >= SETTLE_MS;
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
			give_up(c, j, EXECUTOR_REJECTED, 0, text);
	if (!strstr(reason, "ImagePull") && !strstr(reason, "ErrImage"))
		return;
	if (own->waits_since_ms && engine_now_ms() - own->waits_since_ms > IMAGE_MS)
		give_up(c, j, EXECUTOR_REJECTED, 0, text);
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
				give_up(c, j, reasons[i].outcome, 0, text);
				return;
			}
	if (((struct kubernetes *)c->own)->site.bucket) { /* what it asked its store for it had at once */
		snprintf(text, sizeof text, "its pod left no result: %.190s", doc_text(doc_get(end, "message"), doc_text(doc_get(end, "reason"), "it did not say why")));
		give_up(c, j, EXECUTOR_LOST, 0, text);
		return;
	}
	if (!has_settled(j))
		return;
	if (end)
		give_up(c, j, EXECUTOR_EXITED, (int)doc_integer(doc_get(end, "exitCode"), 1), text);
	else
		give_up(c, j, EXECUTOR_LOST, 0, text);
}

/* Where it is so for the first time after this pod, or after the Job: what it left is looked for before anything is said of it. */
static bool looks_first(const struct kubernetes *k, struct kube_job *own, const struct doc *pod)
{
	const char *uid = doc_text(doc_get(doc_get(pod, "metadata"), "uid"), "");
	if (!k->site.bucket || own->left)
		return own->left;
	if (pod ? strncmp(own->looked, uid, sizeof own->looked - 1) == 0 : own->looked_job)
		return false;
	if (pod)
		snprintf(own->looked, sizeof own->looked, "%s", uid);
	else
		own->looked_job = true;
	return own->left = true;
}

static struct engine_job *job_of(const struct kubernetes *k, const struct doc *pod)
{
	const struct doc *meta = doc_get(pod, "metadata");
	const char *index = doc_text(doc_get(doc_get(meta, "annotations"), "batch.kubernetes.io/job-completion-index"), "-1");
	char key[200];
	snprintf(key, sizeof key, "%s %s", doc_text(doc_get(doc_get(meta, "labels"), "twinc/job"), ""), index);
	return map_get(&k->jobs, key);
}

static void see_pod(struct engine_context *c, const struct doc *pod)
{
	const char *phase = doc_text(doc_get(doc_get(pod, "status"), "phase"), "");
	struct engine_job *j = job_of(c->own, pod);
	if (!j || j->ended)
		return;
	bool over = strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0, leaves = doc_get(doc_get(pod, "metadata"), "deletionTimestamp") != NULL;
	struct kube_job *own = j->own;
	own->seen = true;
	own->bare = leaves;
	if (over && (ended_by_file(c, j) || looks_first(c->own, own, pod)))
		return;
	if (over && j->cancelled) {
		engine_end(c, j, EXECUTOR_CANCELLED, 0, NULL);
	} else if (leaves) {
		return; /* its Job makes another, or tells that it does not */
	} else if (strcmp(phase, "Pending") == 0) {
		note_pending(c, j, pod);
	} else if (strcmp(phase, "Running") == 0) {
		j->since_ms = 0;
		if (j->word != EXECUTOR_RUNS)
			engine_note(c, j, EXECUTOR_RUNS, NULL);
	} else {
		note_failed(c, j, pod);
	}
}

/* Something has to be looked at again soon. */
static bool is_unsettled(const struct engine_job *j)
{
	const struct kube_job *own = j->own;
	return j->since_ms || j->cancelled || own->refused || own->bare || own->left;
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
	if (j && strcmp(type, "DELETED") == 0) {
		((struct kube_job *)j->own)->bare = true;
		if (j->cancelled)
			engine_end(k->context, j, EXECUTOR_CANCELLED, 0, NULL);
	}
	if (j && !j->ended && (!k->soon || ((struct kube_job *)j->own)->left) && is_unsettled(j))
		engine_call(k->context);
}

/* Jobs that are gone took their tasks with them; those that make no more pods say why. */
static void look_at_jobs(struct engine_context *c, const struct doc *list)
{
	struct map there = { 0 };
	for (doc_each(job, doc_get(list, "items")))
		map_set(&there, doc_text(doc_get(doc_get(job, "metadata"), "name"), ""), job);
	for (uint32_t i = 0; i < c->jobs.len; i++) {
		struct engine_job *j = c->jobs.at[i];
		struct kube_job *own = j->own;
		const struct doc *job = map_get(&there, own->known.name), *condition = NULL;
		if (j->ended || own->refused || ended_by_file(c, j))
			continue;
		const char *over = job ? kubernetes_job_over(job, (uint32_t)own->known.index) : NULL, *reason;
		if ((!job || over) && looks_first(c->own, own, NULL))
			continue;
		if (!job) {
			engine_end(c, j, EXECUTOR_CANCELLED, 0, "its Job is gone");
		} else if (j->cancelled && !own->seen) { /* nothing starts any more */
			engine_end(c, j, EXECUTOR_CANCELLED, 0, NULL);
		} else if (over) {
			kubernetes_job_end(job, &condition);
			reason = doc_text(doc_get(condition, "reason"), "");
			if (strcmp(reason, "DeadlineExceeded") == 0)
				engine_end(c, j, EXECUTOR_TIMED_OUT, 0, over);
			else if (j->cancelled)
				engine_end(c, j, EXECUTOR_CANCELLED, 0, NULL);
			else if (has_settled(j))
				engine_end(c, j, EXECUTOR_LOST, 0, over);
		}
	}
	map_finish(&there);
}

/* False: the server does not answer. */
static bool list_all(struct engine_context *c)
{
	struct kubernetes *k = c->own;
	struct arena a = { 0 };
	struct doc *jobs, *pods;
	struct net_answer first = kube_ask(k->kube, &a, "GET", kubernetes_selector(k->kube, k->site.name, &a, "jobs"), NULL, false, &jobs);
	struct net_answer answer = kube_ask(k->kube, &a, "GET", kubernetes_selector(k->kube, k->site.name, &a, "pods"), NULL, false, &pods);
	bool good = first.outcome == NET_ANSWERED && first.status == 200 && answer.outcome == NET_ANSWERED && answer.status == 200 && jobs && pods;
	if (good) {
		remember(k, pods);
		for (uint32_t i = 0; i < c->jobs.len; i++)
			((struct kube_job *)c->jobs.at[i]->own)->seen = false;
		for (doc_each(pod, doc_get(pods, "items")))
			see_pod(c, pod);
		look_at_jobs(c, jobs);
	}
	arena_finish(&a);
	return good;
}

static void know_adopted(struct engine_context *c, struct arena *a)
{
	for (uint32_t i = 0; i < c->jobs.len; i++) {
		struct engine_job *j = c->jobs.at[i];
		if (j->own)
			continue;
		struct kube_job *own = j->own = arena_new(&j->arena, struct kube_job);
		own->left = ((struct kubernetes *)c->own)->site.bucket != NULL; /* it may have ended meanwhile */
		kubernetes_find_known(&((struct kubernetes *)c->own)->site, a, j->run, j->task.number, &own->known);
	}
}

static void index_jobs(struct engine_context *c, struct arena *a)
{
	struct kubernetes *k = c->own;
	map_finish(&k->jobs);
	map_init(&k->jobs);
	for (uint32_t i = 0; i < c->jobs.len; i++) {
		struct engine_job *j = c->jobs.at[i];
		const struct kube_job *own = j->own;
		if (own->known.name[0])
			map_set(&k->jobs, key_of(a, &own->known), j);
	}
}

static void watch(struct engine_context *c, struct arena *a)
{
	struct kubernetes *k = c->own;
	k->soon = false;
	for (uint32_t i = 0; i < c->jobs.len; i++)
		k->soon = k->soon || is_unsettled(c->jobs.at[i]);
	uint32_t ms = k->soon ? RETRY_MS : WATCH_MS;
	const char *path = arena_printf(a, "%s&watch=1&allowWatchBookmarks=true&resourceVersion=%s&timeoutSeconds=%u", kubernetes_selector(k->kube, k->site.name, a, "pods"), k->version, (ms + 999) / 1000);
	struct net_answer answer = kube_watch(k->kube, a, path, ms + RETRY_MS, c->called, hear, k);
	if (answer.outcome == NET_STOPPED)
		return; /* an order: it goes on from where it was */
	if (answer.outcome != NET_ANSWERED || answer.status != 200)
		usleep(RETRY_MS * 1000 / 4);
	k->version[0] = 0; /* now and then all is listed: a Job may be gone without a word of its pod */
}

/* From the bucket, of those that ended. */
static void bring_home(struct engine_context *c)
{
	struct kubernetes *k = c->own;
	for (uint32_t i = 0; i < c->jobs.len; i++) {
		struct engine_job *j = c->jobs.at[i];
		struct kube_job *own = j->own;
		struct arena a = { 0 };
		const char *why = NULL;
		enum store_outcome outcome = !j->ended && own->left ? store_bring(&k->store, j, &a, &why) : STORE_LATER;
		if (outcome == STORE_LATER && why)
			engine_note(c, j, EXECUTOR_WAITS, why);
		own->left = own->left && outcome == STORE_LATER;
		if (outcome == STORE_NONE)
			k->version[0] = 0; /* what is said of its pod is the answer then */
		if (outcome == STORE_NEVER)
			give_up(c, j, EXECUTOR_REJECTED, 0, why);
		if (outcome == STORE_DONE && !ended_by_file(c, j))
			give_up(c, j, EXECUTOR_LOST, 0, "its end cannot be read");
		if (outcome == STORE_DONE || outcome == STORE_NEVER)
			store_drop(&k->store, j->run, j->task.number);
		arena_finish(&a);
	}
}

static int64_t kubernetes_look(struct engine_context *c)
{
	struct kubernetes *k = c->own;
	struct arena a = { 0 };
	k->anything = true;
	know_adopted(c, &a);
	bring_home(c);
	submit_all(c);
	index_jobs(c, &a);
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

/* A Job of which nothing is wanted any more goes as a whole; of others, the pod. */
static void kubernetes_cancel(struct engine_context *c, struct engine_jobs jobs, bool force)
{
	struct kubernetes *k = c->own;
	struct arena a = { 0 };
	struct map wanted = { 0 }, gone = { 0 };
	bool answers = k->site.bucket != NULL;
	know_adopted(c, &a);
	for (uint32_t i = 0; i < c->jobs.len; i++)
		if (!c->jobs.at[i]->ended && !c->jobs.at[i]->cancelled)
			map_set(&wanted, ((struct kube_job *)c->jobs.at[i]->own)->known.name, k);
	for (uint32_t i = 0; i < jobs.len; i++) {
		struct engine_job *j = jobs.at[i];
		const struct kube_job *own = j->own;
		script_void(j->task.folder);
		answers = answers && store_drop(&k->store, j->run, j->task.number);
		if (own->refused)
			engine_end(c, j, EXECUTOR_CANCELLED, 0, NULL);
		else if (map_get(&wanted, own->known.name))
			kubernetes_delete_pod(k->kube, &a, &own->known, force);
		else if (!map_get(&gone, own->known.name))
			kubernetes_delete_job(k->kube, &a, own->known.name, force);
		map_set(&gone, own->known.name, k);
	}
	k->version[0] = 0;
	map_finish(&wanted);
	map_finish(&gone);
	arena_finish(&a);
}

/* -- the row --------------------------------------------------------------------------------------------------------- */

static bool kubernetes_accepts(const struct executor_host *host, const struct executor_wish *w, char *ret_why, size_t why_len)
{
	struct arena a = { 0 };
	struct kubernetes_site site;
	bool stored = kubernetes_read_way(host, &a, &site), good = false;
	if (w->cwl)
		snprintf(ret_why, why_len, "it is a CWL process, which needs this program and a CWL engine, and pods have neither");
	else if (w->n_modules > 0)
		snprintf(ret_why, why_len, "it loads environment modules, which images do not have: name a container instead");
	else if (!w->container && !engine_attribute(host, "image") && !getenv("TWINC_IMAGE"))
		snprintf(ret_why, why_len, "it names no container, and the cluster no `image` for such steps (nor does TWINC_IMAGE)");
	else if (!stored)
		snprintf(ret_why, why_len, "the cluster names no `claim` and `mount` through which its pods see the state folder, and no `bucket` (`--on kubernetes:CLAIM:MOUNT`, `--on kubernetes:s3://NAME/PREFIX`)");
	else if (site.bucket)
		good = store_accepts(host, site.bucket, ret_why, why_len);
	else if (!file_is_below(host->state, site.mount))
		snprintf(ret_why, why_len, "its pods see %s only, and the state folder is %s: name one there with `--state`", site.mount, host->state);
	else
		good = true;
	arena_finish(&a);
	return good;
}

/* Where tasks find their folders: their own, or those of here. */
static const char *kubernetes_root(const struct executor_host *host, struct arena *a, char *ret_error, size_t error_len)
{
	struct kubernetes_site site;
	(void)ret_error, (void)error_len;
	return kubernetes_read_way(host, a, &site) && site.bucket ? STORE_ROOT : "";
}

static bool open_store(struct kubernetes *k, const struct executor_host *host, char *ret_error, size_t error_len)
{
	if (!k->site.bucket)
		return true;
	if (!store_open(&k->store, host, k->site.bucket, k->site.name, ret_error, error_len))
		return false;
	bool good = store_ask(&k->store, ret_error, error_len);
	if (!good)
		store_finish(&k->store);
	return good;
}

static bool kubernetes_open(struct engine_context *c, char *ret_error, size_t error_len)
{
	struct kubernetes *k = calloc(1, sizeof *k);
	if (!k)
		bug_out_of_memory();
	k->context = c;
	kubernetes_read_way(c->host, &k->arena, &k->site);
	k->site.image = engine_attribute(c->host, "image") ? engine_attribute(c->host, "image") : getenv("TWINC_IMAGE");
	k->site.state = c->host->state;
	k->site.name = engine_state_name(&k->arena, c->host->state, "kubernetes");
	if (!k->site.name)
		snprintf(ret_error, error_len, "%s/kubernetes cannot be written", c->host->state);
	k->kube = k->site.name ? kubernetes_open_kube(c->host, ret_error, error_len) : NULL;
	if (!k->kube || !open_store(k, c->host, ret_error, error_len)) {
		kube_close(k->kube);
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
		kube_ask(k->kube, &a, "DELETE", arena_printf(&a, "%s&propagationPolicy=Background", kubernetes_selector(k->kube, k->site.name, &a, kinds[i])), NULL, false, &said);
	if (k->site.bucket)
		store_clean(&k->store);
	arena_finish(&a);
}

static void kubernetes_close(struct engine_context *c)
{
	struct kubernetes *k = c->own;
	if (k->anything && c->jobs.len == 0)
		clean_up(k);
	if (k->site.bucket)
		store_finish(&k->store);
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

const struct executor executor_kubernetes = {
	.name = "kubernetes", .doc = "Jobs of a Kubernetes cluster", .kind = "kubernetes.cluster", .most = 1000,
	.accepts = kubernetes_accepts, .root = kubernetes_root, .start = kubernetes_start, .submit = engine_submit, .fd = engine_fd, .poll = engine_poll,
	.cancel = engine_cancel, .finish = engine_finish, .find = kubernetes_find, .adopt = engine_adopt, .kill = kubernetes_kill,
};
