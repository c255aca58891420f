#include "runtime/executor/slurm_rest.h"
#include "compiler/base/base64.h"
#include "compiler/base/bug.h"
#include "compiler/base/file.h"
#include "compiler/doc/doc.h"
#include "runtime/executor/engine.h"
#include "runtime/net/net.h"
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEWEST 42
#define OLDEST 36
#define SCRIPT_MAX_BYTES ((size_t)1 << 20)
#define ANSWER_MAX_BYTES ((size_t)256 << 20) /* all jobs of a cluster */
#define ELEMENTS_MAX 100000                  /* of an array that waits */

struct slurm_rest {
	struct arena arena;
	struct net *net;
	const char *url, *user, *token; /* user, token: headers; token may be NULL */
	const char *state;       /* where jobs start */
	int version;             /* NN of v0.0.NN */
};

/* -- asking ---------------------------------------------------------------------------------------------------------- */

/* What it says is wrong, in words; or NULL. */
static const char *error_of(struct arena *a, const struct net_answer *answer, const struct doc *d)
{
	for (doc_each(e, doc_get(d, "errors"))) {
		const char *error = doc_text(doc_get(e, "error"), ""), *more = doc_text(doc_get(e, "description"), "");
		if (*error || *more)
			return arena_printf(a, "%s%s%s", error, *error && *more ? ": " : "", more);
	}
	if (answer->outcome != NET_ANSWERED)
		return answer->error ? answer->error : "it was given up";
	if (answer->status != 200)
		return arena_printf(a, "slurmrestd answers with HTTP status %ld", answer->status);
	return d ? NULL : "what answers is no slurmrestd: it speaks no JSON";
}

static struct net_answer ask(struct slurm_rest *r, struct arena *a, const char *method, int version, const char *path, const struct doc *body, struct doc **ret)
{
	struct buf text = { 0 };
	const char *headers[] = { "Accept: application/json", "Content-Type: application/json", r->user, r->token, NULL };
	char *why;
	if (body)
		doc_json_write(body, 0, &text);
	struct net_answer answer = net_ask(r->net, a, &(struct net_request){
		.method = method, .url = arena_printf(a, "%s/slurm/v0.0.%d/%s", r->url, version, path), .headers = headers, .max_bytes = ANSWER_MAX_BYTES,
		.body = body ? buf_text(&text) : NULL, .body_len = text.len, .once = strcmp(method, "POST") == 0 });
	buf_finish(&text);
	*ret = NULL;
	if (answer.outcome == NET_ANSWERED && answer.len > 0 && !doc_json_read(a, answer.body, answer.len, ret, &why))
		*ret = NULL;
	return answer;
}

/* Whom a JSON web token (RFC 7519) is for, as scontrol(1) writes it: claim `sun`; else who calls. */
static const char *user_of(struct arena *a, const char *token)
{
	const char *dot = token ? strchr(token, '.') : NULL;
	const struct passwd *who = getpwuid(getuid());
	const char *claims = dot ? base64_decode(a, dot + 1, strcspn(dot + 1, ".")) : "";
	struct doc *d;
	char *why;
	if (!doc_json_read(a, claims, strlen(claims), &d, &why))
		d = NULL;
	const char *name = doc_text(doc_get(d, "sun"), who ? who->pw_name : "");
	return arena_printf(a, "X-SLURM-USER-NAME: %.*s", (int)strcspn(name, "\r\n"), name);
}

struct slurm_rest *slurm_rest_open(const struct executor_host *host, const char *url, char *ret_error, size_t error_len)
{
	struct slurm_rest *r = calloc(1, sizeof *r);
	struct arena a = { 0 };
	struct doc *said;
	const char *token = engine_secret(host, "token"), *error = NULL;
	if (!r)
		bug_out_of_memory();
	r->url = arena_strndup(&r->arena, url, strlen(url) - (*url && url[strlen(url) - 1] == '/'));
	r->token = token ? arena_printf(&r->arena, "X-SLURM-USER-TOKEN: %.*s", (int)strcspn(token, "\r\n"), token) : NULL;
	r->user = user_of(&r->arena, token);
	r->state = arena_strdup(&r->arena, host->state);
	r->net = net_create(NULL, NULL, ret_error, error_len);
	for (int v = NEWEST; r->net && v >= OLDEST && !r->version && !error; v--) {
		struct net_answer answer = ask(r, &a, "GET", v, "ping/", NULL, &said);
		if (net_is_gone(&answer))
			continue;
		error = error_of(&a, &answer, said);
		if (!error)
			r->version = v;
	}
	if (r->net && !r->version)
		snprintf(ret_error, error_len, "slurmrestd at %s: %s", r->url, error ? error : "it speaks none of v0.0.36 to v0.0.42");
	arena_finish(&a);
	if (r->version)
		return r;
	slurm_rest_close(r);
	return NULL;
}

void slurm_rest_close(struct slurm_rest *r)
{
	if (!r)
		return;
	net_destroy(r->net);
	if (r->token)
		explicit_bzero((char *)(uintptr_t)r->token, strlen(r->token));
	arena_finish(&r->arena);
	free(r);
}

/* -- submitting ------------------------------------------------------------------------------------------------------ */

static void set_text(struct arena *a, struct doc *d, const char *name, const char *text)
{
	if (text && *text)
		doc_set_text(a, d, name, text);
}

static struct doc *environment(const struct slurm_rest *r, struct arena *a)
{
	static const char path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	struct doc *d = r->version <= 38 ? doc_map(a) : doc_list(a);
	if (r->version <= 38)
		doc_set_text(a, d, "PATH", path);
	else
		doc_push(d, doc_printf(a, "PATH=%s", path));
	return d;
}

static struct doc *describe(const struct slurm_rest *r, struct arena *a, const struct slurm_options *o)
{
	struct doc *d = doc_map(a);
	set_text(a, d, "name", o->name);
	set_text(a, d, "partition", o->partition);
	set_text(a, d, "account", o->account);
	set_text(a, d, "qos", o->qos);
	set_text(a, d, "constraints", o->constraint);
	set_text(a, d, "current_working_directory", r->state);
	set_text(a, d, "standard_input", "/dev/null");
	set_text(a, d, "standard_output", "/dev/null");
	set_text(a, d, "standard_error", "/dev/null");
	doc_set(a, d, "environment", environment(r, a));
	doc_set(a, d, "tasks", doc_int(a, 1));
	doc_set(a, d, "cpus_per_task", doc_int(a, o->cpus));
	if (o->memory_mib)
		doc_set(a, d, "memory_per_node", doc_int(a, (int64_t)o->memory_mib));
	if (o->gpus)
		doc_set(a, d, r->version <= 38 ? "gres" : "tres_per_node", doc_printf(a, r->version <= 38 ? "gpu:%u" : "gres/gpu:%u", o->gpus));
	if (o->minutes)
		doc_set(a, d, "time_limit", doc_int(a, (int64_t)o->minutes));
	if (o->elements > 1)
		doc_set(a, d, "array", doc_printf(a, "0-%u", o->elements - 1));
	return d;
}

/* From 39 on numbers may be told as { "set", "infinite", "number" }. */
static int64_t number_of(const struct doc *d, int64_t otherwise)
{
	if (d && d->kind == DOC_MAP)
		return doc_truth(doc_get(d, "set"), true) ? doc_integer(doc_get(d, "number"), otherwise) : otherwise;
	return doc_integer(d, otherwise);
}

/* Where it is not Slurm that refuses, Slurm may have the job all the same: the queue is to be asked. */
static bool may_be_there(const struct net_answer *answer, const struct doc *said)
{
	const struct doc *errors = doc_get(said, "errors");
	return answer->outcome != NET_ANSWERED || (doc_len(errors) == 0 && (answer->status == 200 || answer->status == 429 || answer->status >= 500));
}

bool slurm_rest_submit(struct slurm_rest *r, struct arena *a, const char *path, const struct slurm_options *o, const char **ret, bool *ret_later)
{
	struct doc *body = doc_map(a), *said;
	char *script;
	size_t len;
	*ret = "its job script cannot be read";
	if (file_read(a, path, SCRIPT_MAX_BYTES, &script, &len) != 0)
		return false;
	doc_set(a, body, "script", doc_string_n(a, script, len));
	doc_set(a, body, "job", describe(r, a, o));
	struct net_answer answer = ask(r, a, "POST", r->version, "job/submit", body, &said);
	int64_t id = number_of(doc_get(said, "job_id"), 0);
	*ret_later = may_be_there(&answer, said);
	*ret = error_of(a, &answer, said);
	if (!*ret && id > 0)
		*ret = arena_printf(a, "%" PRId64, id);
	else if (!*ret)
		*ret = "slurmrestd tells no id of the job";
	else
		id = 0;
	return id > 0;
}

/* -- the queue ------------------------------------------------------------------------------------------------------- */

static const char *state_of(const struct doc *job)
{
	const struct doc *state = doc_get(job, "job_state");
	return doc_text(state && state->kind == DOC_LIST ? state->children.first : state, "");
}

static void add_row(struct arena *a, struct map *ret, const struct doc *job, const char *id, uint32_t index)
{
	struct slurm_row *row = arena_new(a, struct slurm_row);
	*row = (struct slurm_row){ .id = id, .state = state_of(job), .reason = doc_text(doc_get(job, "state_reason"), "") };
	map_set(ret, arena_printf(a, "%s %u", doc_text(doc_get(job, "name"), ""), index), row);
}

/* "0-3,7%5": elements that wait are told together. */
static void add_waiting(struct arena *a, struct map *ret, const struct doc *job, int64_t array, const char *list)
{
	while (*list >= '0' && *list <= '9') {
		char *end;
		unsigned long from = strtoul(list, &end, 10), to = *end == '-' ? strtoul(end + 1, &end, 10) : from;
		for (unsigned long i = from; i <= to && i < ELEMENTS_MAX; i++)
			add_row(a, ret, job, arena_printf(a, "%" PRId64 "_%lu", array, i), (uint32_t)i);
		list = *end == ',' ? end + 1 : end + strlen(end);
	}
}

static void add_job(struct arena *a, struct map *ret, const struct doc *job)
{
	int64_t array = number_of(doc_get(job, "array_job_id"), 0), index = number_of(doc_get(job, "array_task_id"), -1);
	const char *waiting = doc_text(doc_get(job, "array_task_string"), "");
	if (array > 0 && *waiting)
		add_waiting(a, ret, job, array, waiting);
	else if (array > 0 && index >= 0)
		add_row(a, ret, job, arena_printf(a, "%" PRId64 "_%" PRId64, array, index), (uint32_t)index);
	else
		add_row(a, ret, job, arena_printf(a, "%" PRId64, number_of(doc_get(job, "job_id"), 0)), 0);
}

bool slurm_rest_query(struct slurm_rest *r, struct arena *a, const char *prefix, struct map *ret, const char **ret_error)
{
	struct doc *said;
	struct net_answer answer = ask(r, a, "GET", r->version, "jobs/", NULL, &said);
	*ret_error = error_of(a, &answer, said);
	if (!*ret_error && !doc_get(said, "jobs"))
		*ret_error = "slurmrestd tells no jobs";
	if (*ret_error)
		return false;
	for (doc_each(job, doc_get(said, "jobs")))
		if (strncmp(doc_text(doc_get(job, "name"), ""), prefix, strlen(prefix)) == 0)
			add_job(a, ret, job);
	return true;
}

void slurm_rest_cancel(struct slurm_rest *r, struct arena *a, const char *const *ids, uint32_t n)
{
	struct doc *said;
	for (uint32_t i = 0; i < n; i++)
		ask(r, a, "DELETE", r->version, arena_printf(a, "job/%s", ids[i]), NULL, &said);
}
