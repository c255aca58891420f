#include "compiler/base/file.h"
#include "compiler/plan/plan.h"
#include "runtime/executor/kubernetes_own.h"
#include "runtime/executor/kubernetes_store.h"
#include "runtime/executor/script.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- what both need -------------------------------------------------------------------------------------------------- */

void kubernetes_find_known(const struct kubernetes_site *site, struct arena *a, int64_t run, uint32_t number, struct kube_known *ret)
{
	char *text;
	size_t len;
	int e = file_read(a, arena_printf(a, "%s/job", script_folder(a, site->state, run, number)), 200, &text, &len);
	if (e || sscanf(text, "%95s %d", ret->name, &ret->index) != 2) {
		ret->index = -1;
		snprintf(ret->name, sizeof ret->name, "twin-%s-%" PRId64 "-%u", site->name, run, number);
	}
}

bool kubernetes_read_way(const struct executor_host *host, struct arena *a, struct kubernetes_site *ret)
{
	const char *option = host->option, *colon = option ? strchr(option, ':') : NULL;
	ret->claim = option ? NULL : engine_attribute(host, "claim");
	ret->mount = option ? NULL : engine_attribute(host, "mount");
	ret->bucket = option ? NULL : engine_attribute(host, "bucket");
	if (option && strncmp(option, "s3://", 5) == 0) {
		ret->bucket = option;
	} else if (option) {
		ret->claim = arena_strndup(a, option, colon ? (size_t)(colon - option) : strlen(option));
		ret->mount = colon ? colon + 1 : NULL;
	}
	return ret->bucket || (ret->claim && ret->mount && ret->mount[0] == '/');
}

struct kube *kubernetes_open_kube(const struct executor_host *host, char *ret_error, size_t error_len)
{
	return kube_open(engine_attribute(host, "context"), engine_attribute(host, "namespace"), ret_error, error_len);
}

const char *kubernetes_selector(const struct kube *kube, const char *name, struct arena *a, const char *kind)
{
	return arena_printf(a, "%s/namespaces/%s/%s?labelSelector=twinc%%2Fstate%%3D%s", strcmp(kind, "jobs") == 0 ? "/apis/batch/v1" : "/api/v1",
			    kube_namespace(kube), kind, name);
}

void kubernetes_delete_job(struct kube *kube, struct arena *a, const char *name, bool force)
{
	struct doc *said;
	kube_ask(kube, a, "DELETE", arena_printf(a, "/apis/batch/v1/namespaces/%s/jobs/%s?propagationPolicy=%s%s", kube_namespace(kube), name,
						 force ? "Foreground" : "Background", force ? "&gracePeriodSeconds=0" : ""), NULL, false, &said);
}

void kubernetes_delete_pod(struct kube *kube, struct arena *a, const struct kube_known *known, bool force)
{
	struct doc *said;
	kube_ask(kube, a, "DELETE", arena_printf(a, "/api/v1/namespaces/%s/pods?labelSelector=twinc%%2Fjob%%3D%s%%2Cbatch.kubernetes.io%%2Fjob-completion-index%%3D%d%s",
						 kube_namespace(kube), known->name, known->index, force ? "&gracePeriodSeconds=0" : ""), NULL, false, &said);
}

/* -- after a crash --------------------------------------------------------------------------------------------------- */

/* The Jobs of the state folder, by name; *ret: as the server told them. */
static bool list_jobs(struct kube *kube, const struct kubernetes_site *site, struct arena *a, struct map *ret, char *ret_error, size_t error_len)
{
	struct doc *jobs = NULL;
	struct net_answer answer = kube_ask(kube, a, "GET", kubernetes_selector(kube, site->name, a, "jobs"), NULL, false, &jobs);
	bool good = answer.outcome == NET_ANSWERED && answer.status == 200 && jobs;
	if (!good)
		snprintf(ret_error, error_len, "%s", kube_error(a, &answer, jobs));
	for (doc_each(job, good ? doc_get(jobs, "items") : NULL))
		map_set(ret, doc_text(doc_get(doc_get(job, "metadata"), "name"), ""), job);
	return good;
}

static bool open_site(const struct executor_host *host, struct arena *a, struct kubernetes_site *ret, struct kube **ret_kube, char *ret_error, size_t error_len)
{
	*ret = (struct kubernetes_site){ .name = engine_state_name(a, host->state, "kubernetes"), .state = host->state };
	kubernetes_read_way(host, a, ret);
	snprintf(ret_error, error_len, "%s/kubernetes cannot be written", host->state);
	*ret_kube = ret->name ? kubernetes_open_kube(host, ret_error, error_len) : NULL;
	return *ret_kube != NULL;
}

/* Who left a result is taken for alive, whatever became of its Job: who adopts it brings that home. */
static bool list_results(const struct executor_host *host, const struct kubernetes_site *site, struct arena *a, struct map *ret, char *ret_error, size_t error_len)
{
	struct kube_store store;
	if (!site->bucket)
		return true;
	if (!store_open(&store, host, site->bucket, site->name, ret_error, error_len))
		return false;
	bool good = store_list_results(&store, a, ret, ret_error, error_len);
	store_finish(&store);
	return good;
}

static void find_one(const struct kubernetes_site *site, struct arena *a, const struct map *jobs, const struct map *results, struct executor_attempt *at)
{
	struct kube_known known;
	kubernetes_find_known(site, a, at->run, at->number, &known);
	const struct doc *job = map_get(jobs, known.name);
	at->found = EXECUTOR_GONE;
	if (script_ended(script_folder(a, site->state, at->run, at->number), 0, &at->end)) {
		at->found = EXECUTOR_FOUND_ENDED;
	} else if (map_get(results, arena_printf(a, "%" PRId64 "-%u", at->run, at->number))) {
		at->found = EXECUTOR_ALIVE;
	} else if (job && kubernetes_job_over(job, (uint32_t)known.index)) { /* its file is missing: it did not end well */
		at->found = EXECUTOR_FOUND_ENDED;
		at->end.outcome = EXECUTOR_LOST;
	} else if (job && !doc_get(doc_get(job, "metadata"), "deletionTimestamp")) {
		at->found = EXECUTOR_ALIVE;
	}
}

bool kubernetes_find(const struct executor_host *host, struct executor_attempt *attempts, uint32_t n, char *ret_error, size_t error_len)
{
	struct arena a = { 0 };
	struct kubernetes_site site;
	struct map jobs = { 0 }, results = { 0 };
	struct kube *kube;
	bool good = open_site(host, &a, &site, &kube, ret_error, error_len) && list_jobs(kube, &site, &a, &jobs, ret_error, error_len) &&
		    list_results(host, &site, &a, &results, ret_error, error_len); /* last: what ended in between has left something */
	for (uint32_t i = 0; i < n && good; i++)
		find_one(&site, &a, &jobs, &results, &attempts[i]);
	map_finish(&jobs);
	map_finish(&results);
	kube_close(kube);
	arena_finish(&a);
	return good;
}

/* Whether the Job has nobody left but these. */
static bool has_no_other(const struct doc *job, uint32_t n)
{
	int64_t indexes = doc_integer(doc_get(doc_get(job, "spec"), "completions"), 1);
	for (uint32_t i = 0; i < indexes && i < BATCH_MAX; i++)
		if (!kubernetes_job_over(job, i) && n-- == 0)
			return false;
	return true;
}

struct killed { struct kube_known known; uint32_t n; bool done; };

/* Each attempt that may be alive, and with it how many of its Job are. */
static struct killed *killed_of(const struct kubernetes_site *site, struct arena *a, struct map *all, const struct executor_attempt *at)
{
	struct kube_known known;
	kubernetes_find_known(site, a, at->run, at->number, &known);
	struct killed *one = map_get(all, known.name);
	if (!one) {
		one = arena_new(a, struct killed);
		map_set(all, arena_strdup(a, known.name), one);
	}
	one->known = known;
	return one;
}

/* Of those that had got so far: nothing of them starts any more. */
static void drop_objects(const struct executor_host *host, struct arena *a, const struct executor_attempt *attempts, uint32_t n)
{
	struct kubernetes_site site = { .name = engine_state_name(a, host->state, "kubernetes") };
	struct kube_store store;
	char error[200];
	if (!kubernetes_read_way(host, a, &site) || !site.bucket || !site.name || !store_open(&store, host, site.bucket, site.name, error, sizeof error))
		return;
	for (uint32_t i = 0; i < n; i++)
		if (file_exists(arena_printf(a, "%s/job", script_folder(a, host->state, attempts[i].run, attempts[i].number))) &&
		    !store_drop(&store, attempts[i].run, attempts[i].number))
			break;
	store_finish(&store);
}

void kubernetes_kill(const struct executor_host *host, const struct executor_attempt *attempts, uint32_t n)
{
	struct arena a = { 0 };
	struct kubernetes_site site;
	struct map jobs = { 0 }, killed = { 0 };
	struct kube *kube = NULL;
	char error[200];
	uint32_t alive = 0;
	for (uint32_t i = 0; i < n; i++) {
		script_void(script_folder(&a, host->state, attempts[i].run, attempts[i].number));
		alive += attempts[i].found == EXECUTOR_ALIVE;
	}
	drop_objects(host, &a, attempts, n);
	bool good = alive > 0 && open_site(host, &a, &site, &kube, error, sizeof error) && list_jobs(kube, &site, &a, &jobs, error, sizeof error);
	for (uint32_t i = 0; i < n && good; i++)
		if (attempts[i].found == EXECUTOR_ALIVE)
			killed_of(&site, &a, &killed, &attempts[i])->n++;
	for (uint32_t i = 0; i < n && good; i++) {
		if (attempts[i].found != EXECUTOR_ALIVE)
			continue;
		struct killed *one = killed_of(&site, &a, &killed, &attempts[i]);
		const struct doc *job = map_get(&jobs, one->known.name);
		if (job && !one->done && has_no_other(job, one->n))
			kubernetes_delete_job(kube, &a, one->known.name, one->done = true);
		else if (job && !one->done)
			kubernetes_delete_pod(kube, &a, &one->known, true);
	}
	map_finish(&jobs);
	map_finish(&killed);
	kube_close(kube);
	arena_finish(&a);
}
