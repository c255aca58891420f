/* Builds: started under a name of ours, which stands in a parameter, so that one is found again after a crash, in the queue or among
 * builds; followed stage by stage. Facts: Queue and Run in jenkinsci/jenkins, the README of pipeline-rest-api (wfapi). */
#include "runtime/infra/jenkins.h"
#include "compiler/doc/quote.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define AWAY_MAX_MS (5 * 60 * 1000) /* a Jenkins that is started anew is waited for */
#define FIND_ROUNDS 3
#define LOG_KEPT_BYTES ((size_t)64 << 10)
#define LOG_SHOWN_BYTES 3000
#define STAGES_MAX 5000
#define BLAMED_MAX 20

/* -- the journal -------------------------------------------------------------------------------------------------------------------- */

static struct doc *job_doc(struct arena *a, const struct jenkins_job *j, const struct doc *before)
{
	struct doc *d = doc_map(a);
	doc_set_text(a, d, "path", j->path);
	doc_set_text(a, d, "leaves", doc_text(doc_get(before, "leaves"), NULL));
	doc_set_text(a, d, "told", j->told);
	doc_set_text(a, d, "start", j->start);
	doc_set_text(a, d, "result", j->result);
	doc_append(a, d, "starts", doc_int(a, j->starts));
	if (j->due)
		doc_append(a, d, "due", doc_bool(a, true));
	if (j->queue)
		doc_append(a, d, "queue", doc_int(a, j->queue));
	if (j->build)
		doc_append(a, d, "build", doc_int(a, j->build));
	return d;
}

void jenkins_note(struct stack *s)
{
	const struct jenkins *k = s->state_of;
	struct doc *live = doc_map(s->arena);
	for (uint32_t i = 0; i < k->n_jobs; i++)
		doc_append(s->arena, live, k->jobs[i].thing->name, job_doc(s->arena, &k->jobs[i], doc_get(s->live, k->jobs[i].thing->name)));
	for (doc_each(x, s->live)) /* what is to go is known until it is gone */
		if (!doc_get(live, x->key))
			doc_append(s->arena, live, x->key, doc_copy(s->arena, x));
	s->live = live;
}

static bool save(struct stack *s)
{
	jenkins_note(s);
	return stack_save(s, s->state);
}

/* -- starting ----------------------------------------------------------------------------------------------------------------------- */

static bool has_name(const struct doc *item, const char *name)
{
	for (doc_each(action, doc_get(item, "actions")))
		for (doc_each(p, doc_get(action, "parameters")))
			if (strcmp(doc_text(doc_get(p, "name"), ""), JENKINS_START) == 0 && strcmp(doc_text(doc_get(p, "value"), ""), name) == 0)
				return true;
	return false;
}

static bool runs(struct stack *s, struct jenkins_job *j)
{
	j->phase = JENKINS_RUNNING;
	stack_tell(s, j->thing->name, "build #%" PRId64 " runs", j->build);
	return true;
}

/* In the queue, then among builds: it goes that way. */
static struct net_answer look_for(struct stack *s, struct jenkins_job *j)
{
	struct net_answer r = jenkins_get(s, "/queue/api/json?tree=items%5Bid,actions%5Bparameters%5Bname,value%5D%5D%5D");
	for (doc_each(x, doc_get(stack_json(s, &r), "items")))
		if (has_name(x, j->start)) {
			j->queue = doc_integer(doc_get(x, "id"), 0);
			j->phase = JENKINS_QUEUED;
			return r;
		}
	if (!net_is_good(&r))
		return r;
	r = jenkins_get(s, arena_printf(s->arena, "%s/api/json?tree=builds%%5Bnumber,actions%%5Bparameters%%5Bname,value%%5D%%5D%%5D%%7B0,100%%7D", jenkins_url(s, j->path)));
	for (doc_each(x, doc_get(stack_json(s, &r), "builds")))
		if (has_name(x, j->start)) {
			j->build = doc_integer(doc_get(x, "number"), 0);
			runs(s, j);
		}
	return r;
}

/* The number in ".../queue/item/12/", whatever address Jenkins believes to have; 0: it is none. */
static int64_t queue_number(const char *location)
{
	const char *at = location ? strstr(location, "/queue/item/") : NULL;
	return at ? strtoll(at + strlen("/queue/item/"), NULL, 10) : 0;
}

static enum infra_answer post_start(struct stack *s, struct jenkins_job *j)
{
	const char *bad, *body = arena_printf(s->arena, "%s&" JENKINS_START "=%s", jenkins_parameters(s, j->thing, &bad), jenkins_encoded(s->arena, j->start));
	struct net_answer r = jenkins_ask(s, &(struct jenkins_ask){ .method = "POST", .path = arena_printf(s->arena, "%s/buildWithParameters", jenkins_url(s, j->path)),
		.body = body, .len = strlen(body), .type = "application/x-www-form-urlencoded", .once = true });
	if (r.outcome == NET_STOPPED)
		return INFRA_STOPPED;
	j->queue = r.status == 201 ? queue_number(r.got[JENKINS_LOCATION]) : 0;
	j->phase = j->queue > 0 ? JENKINS_QUEUED : JENKINS_IDLE;
	for (int i = 0; i < FIND_ROUNDS && j->phase == JENKINS_IDLE && r.outcome != NET_UNSENT && (r.outcome == NET_UNKNOWN || r.status < 400 || r.status >= 500); i++) {
		struct timespec pause = { i > 0, 0 };
		nanosleep(&pause, NULL);
		look_for(s, j); /* the answer was lost, perhaps not the deed */
	}
	if (j->phase == JENKINS_IDLE)
		return jenkins_refused(s, j->thing->span, &r, arena_printf(s->arena, "start the job `%s`", j->path));
	return save(s) ? INFRA_WORKING : INFRA_FAILED;
}

enum infra_answer jenkins_start(struct stack *s, struct jenkins_job *j)
{
	const char *bad;
	j->since_ms = stack_now_ms();
	if (!j->due) {
		if (j->build)
			return runs(s, j) ? INFRA_WORKING : INFRA_FAILED;
		struct net_answer r = look_for(s, j);
		if (!net_is_good(&r))
			return jenkins_refused(s, j->thing->span, &r, "tell what it runs");
		return j->phase == JENKINS_IDLE ? post_start(s, j) : INFRA_WORKING;
	}
	j->starts++;
	j->start = arena_printf(s->arena, "%s-%s-%" PRId64, s->external, j->thing->name, j->starts);
	j->told = jenkins_parameters(s, j->thing, &bad);
	j->result = NULL;
	j->queue = j->build = 0;
	j->due = false;
	return save(s) ? post_start(s, j) : INFRA_FAILED;
}

/* -- following ---------------------------------------------------------------------------------------------------------------------- */

/* An answer that is none: waited for, as Jenkins may be started anew. */
static enum infra_answer away(struct stack *s, struct jenkins_job *j, const struct net_answer *r)
{
	int64_t now = stack_now_ms();
	if (r->outcome == NET_STOPPED)
		return INFRA_STOPPED;
	if (!j->away_ms)
		stack_tell(s, j->thing->name, "Jenkins does not answer; waiting for it");
	j->away_ms = j->away_ms ? j->away_ms : now;
	return now - j->away_ms < AWAY_MAX_MS ? INFRA_WORKING : jenkins_refused(s, j->thing->span, r, arena_printf(s->arena, "tell of the job `%s`", j->path));
}

static bool is_away(const struct net_answer *r)
{
	return r->outcome != NET_ANSWERED || r->status == 429 || r->status >= 500;
}

static void say(struct stack *s, struct jenkins_job *j, const char *text)
{
	if (!j->said || strcmp(j->said, text) != 0)
		stack_tell(s, j->thing->name, "%s", text);
	j->said = text;
}

/* It ended, and not well. */
static struct diag *failed(struct stack *s, struct jenkins_job *j, const char *result, struct span span, const char *why)
{
	j->phase = JENKINS_IDLE;
	j->result = result;
	struct diag *d = stack_fail(s, DIAG_E0636, span, "`%s`: %s", j->thing->name, why);
	if (span.file != j->thing->span.file || span.start != j->thing->span.start)
		diag_label(d, j->thing->span, "started by this job, %s at %s", j->path, s->manager);
	return d;
}

static enum infra_answer follow_queue(struct stack *s, struct jenkins_job *j)
{
	struct net_answer r = jenkins_get(s, arena_printf(s->arena, "/queue/item/%" PRId64 "/api/json?tree=cancelled,why,executable%%5Bnumber%%5D", j->queue));
	if (is_away(&r))
		return away(s, j, &r);
	j->away_ms = 0;
	if (net_is_gone(&r)) { /* it forgets items some minutes after they have left */
		j->queue = 0;
		r = look_for(s, j);
		if (is_away(&r))
			return away(s, j, &r);
		if (j->queue || j->build)
			return save(s) ? INFRA_WORKING : INFRA_FAILED;
		diag_help(diag_here(failed(s, j, "LOST", j->thing->span, "its build is neither in the queue nor among the builds"), "it was removed there"), "apply again: another one is started");
		return INFRA_FAILED;
	}
	const struct doc *d = stack_json(s, &r);
	if (!d)
		return net_is_good(&r) ? jenkins_nonsense(s, j->thing->span, "tell of its queue") : jenkins_refused(s, j->thing->span, &r, "tell of its queue");
	if (doc_truth(doc_get(d, "cancelled"), false)) {
		diag_help(diag_here(failed(s, j, "CANCELLED", j->thing->span, "its build was cancelled in the queue"), "somebody took it out"), "apply again: another one is started");
		return INFRA_FAILED;
	}
	j->build = doc_integer(doc_get(doc_get(d, "executable"), "number"), 0);
	if (j->build <= 0) {
		const char *why = doc_text(doc_get(d, "why"), NULL);
		/* how long, changes with each answer */
		if (why)
			say(s, j, arena_printf(s->arena, "in the queue: %s", stack_masked(s, arena_strndup(s->arena, why, strcspn(why, ".(")), 200)));
		return INFRA_WORKING;
	}
	return save(s) && runs(s, j) ? INFRA_WORKING : INFRA_FAILED;
}

/* The place that wrote a stage: the n-th of its name in the Jenkinsfile. */
static bool stage_span(const struct stack *s, const char *name, uint32_t n, struct span *ret)
{
	const struct infra_file *f = jenkins_file(s);
	struct buf b = { 0 };
	uint32_t number = 1;
	bool found = false;
	if (!f)
		return false;
	quote_groovy(name, strlen(name), &b);
	for (const char *line = f->text; *line && !found; number++) {
		size_t len = strcspn(line, "\n"), blank = strspn(line, " ");
		if (strncmp(line + blank, "stage(", 6) == 0 && strncmp(line + blank + 6, buf_text(&b), b.len) == 0 && n-- == 0) {
			for (uint32_t i = 0; i < f->n_lines && f->lines[i].number <= number; i++)
				*ret = f->lines[i].from;
			found = ret->file != 0;
		}
		line += len + (line[len] != 0);
	}
	buf_finish(&b);
	return found;
}

/* Stages tell their ends, each once. */
static void tell_stages(struct stack *s, struct jenkins_job *j, const struct doc *stages)
{
	struct map seen = { 0 };
	uint32_t n = 0;
	for (doc_each(x, stages)) {
		const char *id = doc_text(doc_get(x, "id"), ""), *name = doc_text(doc_get(x, "name"), ""), *status = doc_text(doc_get(x, "status"), "");
		uint32_t before = (uint32_t)(uintptr_t)map_get(&seen, name);
		const char *told = map_get(&j->stages, id);
		struct span span = { 0 };
		if (n++ == STAGES_MAX)
			break;
		map_set(&seen, name, (void *)(uintptr_t)(before + 1));
		if (strcmp(status, "IN_PROGRESS") == 0 || strcmp(status, "NOT_EXECUTED") == 0 || (told && strcmp(told, status) == 0))
			continue;
		map_set(&j->stages, arena_strdup(s->arena, id), arena_strdup(s->arena, status));
		bool known = stage_span(s, name, before, &span);
		struct place p = known ? source_place(s->part->sources, span) : (struct place){ 0 };
		bool asks = strcmp(status, "PAUSED_PENDING_INPUT") == 0;
		stack_tell(s, j->thing->name, "stage `%s`: %s%s%s%s", stack_masked(s, name, 200), stack_masked(s, status, 40), known ? "  " : "", known ? arena_printf(s->arena, "%s:%u:%u", p.path, p.line, p.column) : "",
			asks ? arena_printf(s->arena, "; it asks: %s%s/%" PRId64 "/input", s->manager, jenkins_url(s, j->path), j->build) : "");
	}
	map_finish(&seen);
}

/* The console as it grows; its end is kept. */
static void read_log(struct stack *s, struct jenkins_job *j)
{
	if (j->no_log)
		return;
	struct net_answer r = jenkins_get(s, arena_printf(s->arena, "%s/%" PRId64 "/logText/progressiveText?start=%" PRId64, jenkins_url(s, j->path), j->build, j->log_size));
	int64_t size = net_is_good(&r) && r.got[JENKINS_TEXT_SIZE] ? strtoll(r.got[JENKINS_TEXT_SIZE], NULL, 10) : -1;
	j->no_log = net_is_gone(&r);
	if (size < 0 && r.outcome == NET_UNKNOWN) /* cut, or longer than is taken: on from there */
		size = j->log_size + (int64_t)r.len;
	if (size < 0)
		return;
	j->log_size = size;
	buf_add(&j->log, r.body, r.len);
	if (j->log.len > LOG_KEPT_BYTES) {
		memmove(j->log.text, j->log.text + j->log.len - LOG_KEPT_BYTES, LOG_KEPT_BYTES + 1);
		j->log.len = LOG_KEPT_BYTES;
	}
}

/* The end of the log of a stage's own failure; NULL: the stage only holds or follows what failed. */
static const char *stage_log(struct stack *s, struct jenkins_job *j, const char *stage, const char **ret_error)
{
	struct arena *a = s->arena;
	const char *base = arena_printf(a, "%s/%" PRId64 "/execution/node/", jenkins_url(s, j->path), j->build), *text = NULL;
	struct net_answer r = jenkins_get(s, arena_printf(a, "%s%s/wfapi/describe", base, jenkins_encoded(a, stage)));
	*ret_error = NULL;
	for (doc_each(x, doc_get(stack_json(s, &r), "stageFlowNodes"))) {
		const char *id = doc_text(doc_get(x, "id"), NULL);
		if (!id || strcmp(doc_text(doc_get(x, "status"), ""), "FAILED") != 0)
			continue;
		r = jenkins_get(s, arena_printf(a, "%s%s/wfapi/log", base, jenkins_encoded(a, id)));
		text = jenkins_plain(a, doc_text(doc_get(stack_json(s, &r), "text"), ""), (size_t)1 << 20);
		*ret_error = doc_text(doc_get(doc_get(x, "error"), "message"), NULL);
	}
	return text;
}

static enum infra_answer ended_badly(struct stack *s, struct jenkins_job *j, const char *result, const struct doc *stages)
{
	const char *name = NULL, *first = NULL, *log = NULL, *error = NULL;
	struct span span = j->thing->span;
	struct map seen = { 0 };
	uint32_t n = 0, at = 0, first_at = 0;
	for (doc_each(x, stages)) {
		const char *stage = doc_text(doc_get(x, "name"), "");
		uint32_t before = (uint32_t)(uintptr_t)map_get(&seen, stage);
		map_set(&seen, stage, (void *)(uintptr_t)(before + 1));
		if (name || strcmp(doc_text(doc_get(x, "status"), ""), "FAILED") != 0 || n++ == BLAMED_MAX)
			continue;
		first_at = first ? first_at : before;
		first = first ? first : stage;
		log = stage_log(s, j, doc_text(doc_get(x, "id"), ""), &error);
		name = log ? stage : NULL;
		at = before;
	}
	map_finish(&seen);
	at = name ? at : first_at;
	name = name ? name : first;
	bool known = name && stage_span(s, name, at, &span);
	struct diag *d = failed(s, j, result, known ? span : j->thing->span, name
		? arena_printf(s->arena, "the stage `%s` of its build #%" PRId64 " failed", stack_masked(s, name, 200), j->build)
		: arena_printf(s->arena, "its build #%" PRId64 " ended with %s", j->build, stack_masked(s, result, 40)));
	diag_here(d, known ? "this failed there" : "this was started");
	log = log && *log ? log : buf_text(&j->log);
	if (*log)
		diag_note(d, "the end of its log:\n%s", stack_masked(s, log, LOG_SHOWN_BYTES));
	if (error)
		diag_note(d, "Jenkins says: %s", stack_masked(s, error, 500));
	diag_note(d, "the whole log: %s%s/%" PRId64 "/console", s->manager, jenkins_url(s, j->path), j->build);
	diag_help(d, "when what is wrong is put right, apply again: another build is started");
	return INFRA_FAILED;
}

static enum infra_answer follow_build(struct stack *s, struct jenkins_job *j)
{
	const char *base = arena_printf(s->arena, "%s/%" PRId64, jenkins_url(s, j->path), j->build);
	struct net_answer r = jenkins_get(s, arena_printf(s->arena, "%s/api/json?tree=building,result", base)); /* first: stages that are told afterwards are then all */
	if (is_away(&r))
		return away(s, j, &r);
	if (net_is_gone(&r)) {
		diag_help(diag_here(failed(s, j, "LOST", j->thing->span, arena_printf(s->arena, "its build #%" PRId64 " is gone", j->build)), "it was removed there"), "apply again: another one is started");
		return INFRA_FAILED;
	}
	const struct doc *d = stack_json(s, &r), *stages = NULL;
	if (!d)
		return net_is_good(&r) ? jenkins_nonsense(s, j->thing->span, "tell of a build") : jenkins_refused(s, j->thing->span, &r, "tell of a build");
	const char *result = doc_truth(doc_get(d, "building"), true) ? NULL : doc_text(doc_get(d, "result"), NULL);
	r = j->no_stages ? r : jenkins_get(s, arena_printf(s->arena, "%s/wfapi/describe", base));
	if (!j->no_stages && is_away(&r))
		return away(s, j, &r);
	j->away_ms = 0;
	if (!j->no_stages && net_is_gone(&r)) {
		j->no_stages = true;
		stack_tell(s, j->thing->name, "its stages are not told: Jenkins has no plug-in pipeline-rest-api");
	}
	if (!j->no_stages && net_is_good(&r))
		tell_stages(s, j, stages = doc_get(stack_json(s, &r), "stages"));
	read_log(s, j);
	if (!result)
		return INFRA_WORKING;
	if (strcmp(result, "SUCCESS") != 0 && strcmp(result, "UNSTABLE") != 0)
		return ended_badly(s, j, result, stages);
	j->phase = JENKINS_IDLE;
	j->result = result;
	stack_tell(s, j->thing->name, "build #%" PRId64 ": %s", j->build, result);
	return INFRA_OK;
}

enum infra_answer jenkins_follow(struct stack *s, struct jenkins_job *j)
{
	double most = doc_number(doc_get(j->thing->attributes, "max_time"), 86400);
	if (stack_now_ms() - j->since_ms > (int64_t)(most * 1000)) {
		struct diag *d = stack_fail(s, DIAG_E0636, j->thing->span, "`%s`: its build %s after %.0f s", j->thing->name, j->phase == JENKINS_QUEUED ? "is still in the queue" : "still runs", most);
		diag_here(d, "longer than its `max_time`");
		diag_help(d, "it goes on there; apply again to follow it");
		return INFRA_FAILED;
	}
	return j->phase == JENKINS_QUEUED ? follow_queue(s, j) : follow_build(s, j);
}
