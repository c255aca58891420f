#include "tests/run/fake.h"
#include "compiler/base/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_task { uint32_t number, cpus, next; int64_t ends_ms; struct executor_end end; bool live; };
static struct fake *current; /* the executor's hooks get no context of the test's */
static struct fake_task tasks[256];
static uint32_t n_tasks;
static int64_t current_run; /* its id */

static const struct fake_rule *rule_of(const char *name)
{
	for (const struct fake_rule *r = current->rules; r && r->task; r++) {
		size_t n = strlen(r->task);
		if (n > 0 && r->task[n - 1] == '*' ? strncmp(r->task, name, n - 1) == 0 : strcmp(r->task, name) == 0)
			return r;
	}
	return NULL;
}

static uint32_t starts_of(const char *name)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < current->n_starts; i++)
		n += strcmp(current->starts[i].name, name) == 0;
	return n;
}

static void *fake_begin(const struct executor_host *host, char *ret_error, size_t error_len)
{
	(void)ret_error;
	(void)error_len;
	current_run = host->run;
	n_tasks = 0;
	return current;
}

static void leave(const struct executor_task *t, const char *name, const char *text)
{
	char path[600];
	snprintf(path, sizeof path, "%s/work/%s", t->folder, name);
	file_write(path, text, strlen(text), NULL);
}

static void fake_submit_one(struct fake *f, const struct executor_task *t)
{
	const struct fake_rule *r = rule_of(t->name);
	struct fake_task *x = &tasks[n_tasks++];
	struct fake_start *s = &f->starts[f->n_starts++];
	snprintf(s->name, sizeof s->name, "%s", t->name);
	s->at_ms = f->now_ms;
	s->cpus = t->cpus;
	f->cpus_now += t->cpus;
	f->cpus_most = f->cpus_now > f->cpus_most ? f->cpus_now : f->cpus_most;
	*x = (struct fake_task){ .number = t->number, .cpus = t->cpus, .live = true };
	x->end = (struct executor_end){ .number = t->number, .outcome = EXECUTOR_EXITED };
	int64_t takes = r && r->takes_ms ? r->takes_ms : 1000;
	if (t->time_ms && takes > (int64_t)t->time_ms) {
		takes = (int64_t)t->time_ms;
		x->end.outcome = EXECUTOR_TIMED_OUT;
	} else if (r && starts_of(t->name) <= r->fails) {
		x->end.outcome = r->outcome;
		x->end.code = r->code;
	}
	x->ends_ms = f->now_ms + takes;
	if (!r || !r->no_out)
		leave(t, "out.txt", r && r->out ? r->out : t->name);
	if (r && r->metrics)
		leave(t, "metrics.json", r->metrics);
}

static void fake_submit(void *state, const struct executor_task *submitted, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		fake_submit_one(state, &submitted[i]);
}

static int fake_fd(void *state)
{
	(void)state;
	return -1;
}

static bool fake_poll(void *state, struct executor_news *ret)
{
	struct fake *f = state;
	for (uint32_t i = 0; i < n_tasks; i++)
		if (tasks[i].live && tasks[i].ends_ms <= f->now_ms) {
			tasks[i].live = false;
			f->cpus_now -= tasks[i].cpus;
			*ret = (struct executor_news){ .run = current_run, .word = EXECUTOR_ENDED, .end = tasks[i].end };
			return true;
		}
	return false;
}

static void fake_cancel(void *state, int64_t run, uint32_t number, bool force)
{
	struct fake *f = state;
	(void)run;
	(void)force;
	f->n_cancels++;
	for (uint32_t i = 0; i < n_tasks; i++)
		if (tasks[i].number == number) {
			tasks[i].ends_ms = f->now_ms;
			tasks[i].end = (struct executor_end){ .number = number, .outcome = EXECUTOR_SIGNALLED, .code = 15 };
		}
}

static void fake_finish(void *state)
{
	(void)state;
}

static bool fake_find(const struct executor_host *host, struct executor_attempt *attempts, uint32_t n, char *ret_error, size_t error_len)
{
	(void)host;
	(void)ret_error;
	(void)error_len;
	for (uint32_t i = 0; i < n; i++)
		attempts[i].found = EXECUTOR_GONE;
	return true;
}

static void fake_adopt(void *state, const struct executor_attempt *a, const struct executor_task *t)
{
	(void)state;
	(void)a;
	(void)t;
}

static void fake_kill(const struct executor_host *host, const struct executor_attempt *attempts, uint32_t n)
{
	(void)host;
	(void)attempts;
	(void)n;
}

static bool fake_accepts(const struct executor_host *host, const struct executor_wish *w, char *ret_why, size_t why_len)
{
	(void)host;
	(void)w;
	(void)ret_why;
	(void)why_len;
	return true;
}

static const struct executor executor_fake = {
	.name = "fake", .doc = "for tests", .accepts = fake_accepts, .start = fake_begin, .submit = fake_submit, .fd = fake_fd, .poll = fake_poll,
	.cancel = fake_cancel, .finish = fake_finish, .find = fake_find, .adopt = fake_adopt, .kill = fake_kill,
};

/* -- runs ------------------------------------------------------------------------------------------------------------- */

void fake_open(struct fake *f)
{
	char path[100], error[200];
	enum journal_fault fault;
	memset(f, 0, sizeof *f);
	f->now_ms = 1000000;
	snprintf(f->folder, sizeof f->folder, "/tmp/twinc-run-XXXXXX");
	if (!mkdtemp(f->folder))
		abort();
	snprintf(f->state, sizeof f->state, "%s/.twin", f->folder);
	snprintf(f->results, sizeof f->results, "%s/results", f->folder);
	file_mkdirs(f->state);
	snprintf(path, sizeof path, "%s/journal.db", f->state);
	struct journal_options o = { .path = path };
	f->journal = journal_open(&o, &fault, error, sizeof error);
	if (!f->journal)
		abort();
	fixture_init(&f->fixture);
	current = f;
}

void fake_close(struct fake *f)
{
	journal_close(f->journal);
	fixture_finish(&f->fixture);
	file_remove_tree(f->folder);
}

static int64_t fake_now(void *ctx)
{
	return ((struct fake *)ctx)->now_ms;
}

static void hear(const struct run_event *e, void *ctx)
{
	struct fake *f = ctx;
	if (e->kind == EVENT_GATE)
		snprintf(f->gates + strlen(f->gates), sizeof f->gates - strlen(f->gates), "%s: %s\n", e->task, e->text);
}

/* To the next moment at which something happens. */
static void advance(struct fake *f, struct run *r)
{
	int64_t wait = run_wait_ms(r), next = wait >= 0 ? f->now_ms + wait : INT64_MAX;
	for (uint32_t i = 0; i < n_tasks; i++)
		if (tasks[i].live && tasks[i].ends_ms < next)
			next = tasks[i].ends_ms;
	if (f->cancel_at_ms > f->now_ms && f->cancel_at_ms < next)
		next = f->cancel_at_ms;
	if (next == INT64_MAX)
		abort(); /* stuck */
	f->now_ms = next > f->now_ms ? next : f->now_ms;
}

void fake_apply(struct fake *f, const struct run_options *extra)
{
	struct run_options o = extra ? *extra : (struct run_options){ 0 };
	o.plan = &f->fixture.plan;
	o.state = f->state;
	o.results = f->results;
	o.journal = f->journal;
	o.executor = &executor_fake;
	o.clock = (struct run_clock){ fake_now, f };
	o.listener.hear = hear;
	o.listener.ctx = f;
	o.cpus = o.cpus ? o.cpus : 4;
	f->n_starts = f->n_cancels = f->cpus_now = f->cpus_most = n_tasks = 0;
	f->codes[0] = f->gates[0] = 0;
	struct run *r = run_create(&o);
	while (run_turn(r)) {
		advance(f, r);
		if (f->cancel_at_ms && f->now_ms >= f->cancel_at_ms) {
			run_cancel(r, false);
			f->cancel_at_ms = 0;
		}
	}
	f->verdict = run_verdict(r);
	f->counts = *run_counts(r);
	for (struct diag *d = run_diags(r)->first; d; d = d->next)
		snprintf(f->codes + strlen(f->codes), sizeof f->codes - strlen(f->codes), "%s ", diag_code_info(d->code)->id);
	run_destroy(r);
}

void fake_plan(struct fake *f, char *ret, size_t len)
{
	static const char *const words[] = { "run", "cached", "blocked", "skip" };
	struct run_options o = { .plan = &f->fixture.plan, .state = f->state, .results = f->results, .journal = f->journal };
	struct run *r = run_create(&o);
	*ret = 0;
	while (run_turn(r))
		;
	for (uint32_t i = 0; i < run_task_len(r); i++) {
		struct run_task_info t = run_task_info(r, i);
		snprintf(ret + strlen(ret), len - strlen(ret), "%s:%s ", t.name, words[t.action]);
	}
	run_destroy(r);
}

const struct fake_start *fake_start_of(const struct fake *f, const char *name, uint32_t nth)
{
	for (uint32_t i = 0; i < f->n_starts; i++)
		if (strcmp(f->starts[i].name, name) == 0 && nth-- == 0)
			return &f->starts[i];
	return NULL;
}

bool fake_started(const struct fake *f, const char *name)
{
	return fake_start_of(f, name, 0) != NULL;
}

const char *fake_output(struct fake *f, const char *name)
{
	static char text[4096];
	struct arena a = { 0 };
	struct buf b = { 0 };
	const char *digest, *stamp, *object;
	struct doc *d;
	char *error;
	text[0] = 0;
	if (journal_results_get(f->journal, &a, f->fixture.plan.workflows[0].name, &digest, &stamp, &object) &&
	    doc_json_read(&a, object, strlen(object), &d, &error) && doc_get(d, name)) {
		doc_json_write(doc_get(d, name), 0, &b);
		snprintf(text, sizeof text, "%s", buf_text(&b));
	}
	buf_finish(&b);
	arena_finish(&a);
	return text;
}

static bool approve(const struct journal_gate *g, void *ctx)
{
	if (strcmp(g->state, "held") == 0)
		snprintf(ctx, 65, "%s", g->digest);
	return true;
}

void fake_approve(struct fake *f, const char *gate)
{
	char digest[65] = "";
	journal_gate_each(f->journal, approve, digest);
	journal_approve(f->journal, gate, digest, f->now_ms);
}
