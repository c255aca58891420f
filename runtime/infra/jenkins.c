/* Jobs of a Jenkins: each with the twin's pipeline, made, changed and removed by REST. A job bears our name in its description; one
 * that does not is somebody else's, and is left alone. What is to be done is in the journal before, so a run that was broken off
 * is gone on with: a job is found by its path and that name, a build by the name in its parameter (jenkins_build.c). */
#include "runtime/infra/jenkins.h"
#include <string.h>
#include <strings.h>

#define GONE_MAX_MS (5 * 60 * 1000) /* builds under way are ended before a job goes */

static const char *const kinds[] = { "jenkins.job", NULL };
static const struct infra_rule rules[] = {
	{ "jenkins.job", "manager", INFRA_IGNORED, false }, { "jenkins.job", "user", INFRA_IGNORED, false }, { "jenkins.job", "auth", INFRA_IGNORED, false },
	{ "jenkins.job", "max_time", INFRA_IGNORED, false }, { "jenkins.job", "job", INFRA_REPLACES, false }, { NULL, NULL, INFRA_CHANGES, false },
};

/* -- jobs ---------------------------------------------------------------------------------------------------------------------------- */

static bool carries(const struct stack *s)
{
	for (uint32_t i = 0; i < s->n_things; i++)
		if (!doc_get(s->things[i].attributes, "repository"))
			return true;
	return false;
}

/* Of all that was written, the pipeline is what a job holds; and nothing, where a repository does. */
static void prepare(struct stack *s)
{
	const struct infra_file *f = jenkins_file(s);
	bool counts = f && carries(s);
	digest_bytes(counts ? f->text : "", counts ? f->len : 0, &s->files_digest);
}

static const struct doc *known_of(const struct stack *s, const char *thing)
{
	return doc_get(doc_get(s->record, "live"), thing);
}

static void make_jobs(struct stack *s, struct jenkins *k)
{
	k->jobs = arena_new_n(s->arena, struct jenkins_job, s->n_things + 1);
	k->n_jobs = s->n_things;
	for (uint32_t i = 0; i < s->n_things; i++) {
		struct jenkins_job *j = &k->jobs[i];
		const struct doc *known = known_of(s, s->things[i].name);
		j->thing = &s->things[i];
		j->path = jenkins_path(s, j->thing);
		j->starts = doc_integer(doc_get(known, "starts"), 0);
		if (strcmp(doc_text(doc_get(known, "path"), j->path), j->path) != 0)
			continue; /* another job: what was started in the one before is no matter */
		j->start = doc_text(doc_get(known, "start"), NULL);
		j->told = doc_text(doc_get(known, "told"), NULL);
		j->result = doc_text(doc_get(known, "result"), NULL);
		j->queue = doc_integer(doc_get(known, "queue"), 0);
		j->build = doc_integer(doc_get(known, "build"), 0);
		j->due = doc_truth(doc_get(known, "due"), false);
	}
}

/* What is there under a path; *ret_there: NULL for nothing. */
static enum infra_answer read_config(struct stack *s, struct span span, const char *path, const char **ret_there)
{
	struct net_answer r = jenkins_ask(s, &(struct jenkins_ask){ .method = "GET", .path = arena_printf(s->arena, "%s/config.xml", jenkins_url(s, path)) });
	const char *what = arena_printf(s->arena, "tell of the job `%s`", path), *body = r.body + strspn(r.body, " \t\r\n");
	*ret_there = net_is_good(&r) ? r.body : NULL;
	if (*ret_there && (*body != '<' || strncasecmp(body, "<!doctype", 9) == 0 || strncasecmp(body, "<html", 5) == 0))
		return jenkins_nonsense(s, span, what);
	return net_is_good(&r) || net_is_gone(&r) ? INFRA_OK : jenkins_refused(s, span, &r, what);
}

/* -- looking ------------------------------------------------------------------------------------------------------------------------- */

static enum infra_answer look_at(struct stack *s, const struct doc *known, struct doc *live, uint32_t *ret_there)
{
	struct arena *a = s->arena;
	const struct infra_thing *t = stack_thing(s, known->key);
	const char *path = doc_text(doc_get(known, "path"), ""), *there;
	struct doc *d = doc_map(a), *tasks = NULL;
	bool ours = false, pipeline;
	for (doc_each(x, known)) /* but what an earlier look found */
		if (strcmp(x->key, "tasks") != 0 && strcmp(x->key, "wrong") != 0)
			doc_append(a, d, x->key, doc_copy(a, x));
	doc_append(a, live, known->key, d);
	enum infra_answer answer = read_config(s, t ? t->span : s->span, path, &there);
	if (answer != INFRA_OK)
		return answer;
	*ret_there += there != NULL;
	pipeline = there && jenkins_is_pipeline(s, known->key, there, &ours);
	if (!there)
		doc_set_text(a, d, "wrong", "gone from Jenkins");
	else if (!pipeline || !ours)
		doc_set_text(a, d, "wrong", pipeline ? "no longer marked as this twin's" : "no pipeline any more");
	else if (t && strcmp(path, jenkins_path(s, t)) == 0 && doc_len(tasks = jenkins_differences(s, t, there)))
		doc_append(a, d, "tasks", tasks);
	return INFRA_OK;
}

static enum infra_answer look(struct stack *s, enum infra_depth depth)
{
	struct doc *live = doc_map(s->arena);
	uint32_t n = 0, there = 0;
	(void)depth; /* one request a job: nothing is spared by asking less */
	if (!jenkins_reach(s))
		return INFRA_FAILED;
	for (doc_each(x, doc_get(s->record, "live"))) {
		enum infra_answer answer = look_at(s, x, live, &there);
		if (answer != INFRA_OK)
			return answer;
		n++;
	}
	s->gone = there == 0;
	s->live = live;
	return INFRA_OK;
}

/* -- doing ---------------------------------------------------------------------------------------------------------------------------- */

/* What can be known to be impossible before anything is done. */
static bool is_possible(struct stack *s, const struct infra_thing *t)
{
	const struct infra_file *f = jenkins_file(s);
	const struct doc *run = doc_get(t->attributes, "run");
	const char *bad, *workflow = doc_text(doc_get(run, "workflow"), NULL);
	if (!f) {
		diag_help(diag_here(stack_fail(s, DIAG_E0634, t->span, "`%s` cannot be made: no workflow of this twin can be said in a pipeline of Jenkins", t->name), "declared here"), "`twinc build -t jenkins` says why");
		return false;
	}
	if (!run)
		return true;
	if (!strstr(f->text, arena_printf(s->arena, "params.WORKFLOW == '%s'", workflow))) {
		diag_help(diag_here(stack_fail(s, DIAG_E0634, run->from, "the workflow `%s` is not in the pipeline of Jenkins", workflow), "to be started there"), "`twinc build -t jenkins` says why");
		return false;
	}
	jenkins_parameters(s, t, &bad);
	if (bad)
		diag_help(diag_here(stack_fail(s, DIAG_E0634, run->from, "the input `%s` cannot be given to a build of Jenkins", bad), "started there"), "a file is none that an agent has, and a secret is one of Jenkins' own credentials: let the twin say a default");
	return !bad;
}

static enum infra_answer taken(struct stack *s, const struct jenkins_job *j, bool pipeline)
{
	const struct doc *named = doc_get(j->thing->attributes, "job");
	struct diag *d = stack_fail(s, DIAG_E0635, named && named->from.file ? named->from : j->thing->span, "the job `%s` is there, and this twin did not make it", j->path);
	if (pipeline && s->external)
		diag_here(d, "its description does not hold the words `%s`", jenkins_marker(s, j->thing->name));
	else
		diag_here(d, pipeline ? "its description says nothing of this twin" : "it is no pipeline");
	diag_help(d, "give another name as `job`; or remove that one in Jenkins, if nobody needs it");
	return INFRA_FAILED;
}

static enum infra_answer compare_job(struct stack *s, struct jenkins_job *j)
{
	bool ours = false, pipeline;
	enum infra_answer answer = read_config(s, j->thing->span, j->path, &j->there);
	if (answer != INFRA_OK)
		return answer;
	pipeline = j->there && jenkins_is_pipeline(s, j->thing->name, j->there, &ours);
	if (j->there && (!pipeline || !ours))
		return taken(s, j, pipeline);
	j->differs = !j->there || doc_len(jenkins_differences(s, j->thing, j->there)) > 0;
	bool well = j->result && (strcmp(j->result, "SUCCESS") == 0 || strcmp(j->result, "UNSTABLE") == 0);
	const char *bad, *told = doc_get(j->thing->attributes, "run") ? jenkins_parameters(s, j->thing, &bad) : NULL;
	if (!told || !j->there) { /* nothing is to run, or nothing that ran is there */
		j->start = j->result = NULL;
		j->queue = j->build = 0;
	}
	j->due = told && (j->due || j->differs || !j->start || (j->result && !well) || !j->told || strcmp(j->told, told) != 0);
	return INFRA_OK;
}

static enum infra_answer put(struct stack *s, struct jenkins_job *j)
{
	struct jenkins *k = s->state_of;
	const char *body = jenkins_config(s, j->thing, j->there), *slash = strrchr(j->path, '/'), *name = slash ? slash + 1 : j->path;
	const char *folder = slash ? jenkins_url(s, arena_strndup(s->arena, j->path, (size_t)(slash - j->path))) : "";
	const char *path = j->there ? arena_printf(s->arena, "%s/config.xml", jenkins_url(s, j->path)) : arena_printf(s->arena, "%s/createItem?name=%s", folder, name);
	bool makes = !j->there;
	struct net_answer r = jenkins_ask(s, &(struct jenkins_ask){ .method = "POST", .path = path, .body = body, .len = strlen(body), .type = "application/xml; charset=UTF-8", .once = makes });
	k->touched = k->touched || !(r.outcome == NET_UNSENT || (r.outcome == NET_ANSWERED && r.status >= 300 && r.status < 500));
	if (r.outcome == NET_STOPPED)
		return INFRA_STOPPED;
	if (makes && !net_is_good(&r) && r.outcome != NET_UNSENT) { /* the answer was lost, perhaps not the deed; or somebody was faster */
		struct diags *ds = stack_diags(s);
		bool ours = false, pipeline;
		uint32_t errors = ds->n_errors;
		enum infra_answer answer = read_config(s, j->thing->span, j->path, &j->there);
		while (ds->n_errors > errors && ds->last) /* what it says first counts */
			diags_remove(ds, ds->last);
		pipeline = j->there && jenkins_is_pipeline(s, j->thing->name, j->there, &ours);
		if (answer == INFRA_OK && j->there && !ours)
			return taken(s, j, pipeline);
		r.status = ours ? 200 : r.status;
		r.outcome = ours ? NET_ANSWERED : r.outcome;
	}
	if (!net_is_good(&r))
		return jenkins_refused(s, j->thing->span, &r, arena_printf(s->arena, "%s the job `%s`", makes ? "make" : "change", j->path));
	stack_tell(s, j->thing->name, makes ? "made as the job %s" : "the job %s has changed", j->path);
	return INFRA_OK;
}

/* INFRA_OK: it is gone, or nobody's but somebody else's. */
static enum infra_answer remove_job(struct stack *s, const char *thing, const char *path, bool tells)
{
	const char *there;
	bool ours = false, pipeline;
	enum infra_answer answer = read_config(s, s->span, path, &there);
	if (answer != INFRA_OK || !there)
		return answer;
	pipeline = jenkins_is_pipeline(s, thing, there, &ours);
	if (!ours) {
		if (tells)
			stack_tell(s, thing, "the job %s stays: %s", path, pipeline ? "its description does not say that this twin made it" : "it is no pipeline of this twin");
		return INFRA_OK;
	}
	if (!tells)
		return INFRA_WORKING;
	struct net_answer r = jenkins_ask(s, &(struct jenkins_ask){ .method = "POST", .path = arena_printf(s->arena, "%s/doDelete", jenkins_url(s, path)), .body = "", .type = "application/x-www-form-urlencoded" });
	bool done = net_is_good(&r) || net_is_gone(&r) || (r.outcome == NET_ANSWERED && (r.status == 302 || r.status == 303)); /* it sends to the page above */
	return done ? INFRA_WORKING : jenkins_refused(s, s->span, &r, arena_printf(s->arena, "remove the job `%s`", path));
}

/* Jobs under names of before, and of things that the twin has no more. */
static enum infra_answer remove_old(struct stack *s)
{
	struct doc *live = doc_map(s->arena);
	for (doc_each(x, s->live)) {
		const struct infra_thing *t = stack_thing(s, x->key);
		const char *path = doc_text(doc_get(x, t ? "leaves" : "path"), NULL);
		enum infra_answer answer = path ? remove_job(s, x->key, path, true) : INFRA_OK;
		if (answer != INFRA_OK && answer != INFRA_WORKING)
			return answer;
		if (answer == INFRA_WORKING)
			stack_tell(s, t ? t->name : NULL, "the job %s is removed", path);
		struct doc *d = doc_map(s->arena);
		for (doc_each(m, t ? x : NULL))
			if (strcmp(m->key, "leaves") != 0)
				doc_append(s->arena, d, m->key, doc_copy(s->arena, m));
		if (t)
			doc_append(s->arena, live, x->key, d);
	}
	s->live = live;
	return INFRA_OK;
}

/* Paths that were left for others. */
static void note_left(struct stack *s)
{
	struct doc *live = doc_map(s->arena);
	for (doc_each(x, doc_get(s->record, "live"))) {
		const struct infra_thing *t = stack_thing(s, x->key);
		const char *path = doc_text(doc_get(x, "path"), NULL);
		struct doc *d = doc_copy(s->arena, x);
		d->key = NULL;
		if (t && path && strcmp(path, jenkins_path(s, t)) != 0 && !doc_get(d, "leaves"))
			doc_append(s->arena, d, "leaves", doc_string(s->arena, path));
		doc_append(s->arena, live, x->key, d);
	}
	s->live = live;
}

/* Nothing was made: no later run need ask a Jenkins of that address. */
static void forget(struct stack *s)
{
	journal_stack_drop(stack_journal(s), s->name);
	journal_commit(stack_journal(s));
	s->known = false;
}

static enum infra_answer begin(struct stack *s)
{
	struct jenkins *k = jenkins_reach(s);
	enum infra_answer answer = INFRA_OK;
	bool first = !s->known;
	if (!k)
		return INFRA_FAILED;
	for (uint32_t i = 0; i < s->n_things; i++)
		if (!is_possible(s, &s->things[i]))
			return INFRA_FAILED;
	make_jobs(s, k);
	for (uint32_t i = 0; i < k->n_jobs && answer == INFRA_OK; i++)
		answer = compare_job(s, &k->jobs[i]);
	if (answer != INFRA_OK)
		return answer;
	note_left(s);
	jenkins_note(s);
	s->id = s->id ? s->id : k->jobs[0].path;
	if (!stack_save(s, s->known && s->state != STACK_CREATING ? STACK_CHANGING : STACK_CREATING))
		return INFRA_FAILED;
	for (uint32_t i = 0; i < k->n_jobs && answer == INFRA_OK; i++)
		answer = k->jobs[i].differs ? put(s, &k->jobs[i]) : INFRA_OK;
	if (answer == INFRA_FAILED && first && !k->touched)
		forget(s);
	if (answer == INFRA_OK)
		answer = remove_old(s);
	for (uint32_t i = 0; i < k->n_jobs && (answer == INFRA_OK || answer == INFRA_WORKING); i++)
		if (k->jobs[i].due || (k->jobs[i].start && !k->jobs[i].result))
			answer = jenkins_start(s, &k->jobs[i]);
	return answer == INFRA_OK ? INFRA_WORKING : answer;
}

static enum infra_answer begin_removal(struct stack *s)
{
	struct jenkins *k = jenkins_reach(s);
	if (!k)
		return INFRA_FAILED;
	s->live = doc_get(s->record, "live");
	if (!stack_save(s, STACK_DELETING))
		return INFRA_FAILED;
	k->removes = true;
	for (doc_each(x, s->live))
		for (int i = 0; i < 2; i++) {
			const char *path = doc_text(doc_get(x, i ? "leaves" : "path"), NULL), *slash = path ? strrchr(path, '/') : NULL;
			enum infra_answer answer = path ? remove_job(s, x->key, path, true) : INFRA_OK;
			if (answer != INFRA_OK && answer != INFRA_WORKING)
				return answer;
			if (slash && answer == INFRA_WORKING)
				stack_tell(s, NULL, "the folder %.*s stays: this twin did not make it", (int)(slash - path), path);
		}
	s->since_ms = stack_now_ms();
	return INFRA_WORKING;
}

static enum infra_answer poll_removal(struct stack *s)
{
	for (doc_each(x, s->live))
		for (int i = 0; i < 2; i++) {
			const char *path = doc_text(doc_get(x, i ? "leaves" : "path"), NULL);
			enum infra_answer answer = path ? remove_job(s, x->key, path, false) : INFRA_OK;
			if (answer == INFRA_WORKING && stack_now_ms() - s->since_ms > GONE_MAX_MS) {
				stack_fail(s, DIAG_E0633, s->span, "the job `%s` is still there after %d min", path, GONE_MAX_MS / 60000);
				return INFRA_FAILED;
			}
			if (answer != INFRA_OK)
				return answer;
		}
	return INFRA_OK;
}

static void note_outputs(struct stack *s)
{
	const struct jenkins *k = s->state_of;
	struct arena *a = s->arena;
	struct doc *outputs = doc_map(a);
	for (uint32_t i = 0; i < k->n_jobs; i++) {
		const struct jenkins_job *j = &k->jobs[i];
		doc_append(a, outputs, arena_printf(a, "%s_url", j->thing->name), doc_printf(a, "%s%s/", s->manager, jenkins_url(s, j->path)));
		if (j->build)
			doc_append(a, outputs, arena_printf(a, "%s_build", j->thing->name), doc_printf(a, "%lld", (long long)j->build));
		if (j->result)
			doc_append(a, outputs, arena_printf(a, "%s_result", j->thing->name), doc_string(a, j->result));
	}
	s->outputs = outputs;
}

static enum infra_answer poll(struct stack *s)
{
	struct jenkins *k = s->state_of;
	bool working = false;
	if (k->removes)
		return poll_removal(s);
	for (uint32_t i = 0; i < k->n_jobs; i++) {
		struct jenkins_job *j = &k->jobs[i];
		enum infra_answer answer = j->phase == JENKINS_IDLE ? INFRA_OK : jenkins_follow(s, j);
		if (answer == INFRA_FAILED) {
			jenkins_note(s);
			note_outputs(s);
			stack_save(s, STACK_FAILED);
		}
		if (answer == INFRA_FAILED || answer == INFRA_STOPPED)
			return answer;
		working = working || answer == INFRA_WORKING;
	}
	if (working)
		return INFRA_WORKING;
	jenkins_note(s);
	note_outputs(s);
	return INFRA_OK;
}

static void finish(struct stack *s)
{
	struct jenkins *k = s->state_of;
	for (uint32_t i = 0; k && i < k->n_jobs; i++) {
		map_finish(&k->jobs[i].stages);
		buf_finish(&k->jobs[i].log);
	}
}

const struct provider provider_jenkins = {
	.name = "jenkins", .doc = "jobs of a Jenkins with the twin's pipeline, by REST", .target = "jenkins", .wants_texts = true, .whole = true, .kinds = kinds, .rules = rules,
	.prepare = prepare, .look = look, .begin = begin, .remove = begin_removal, .poll = poll, .finish = finish,
};
