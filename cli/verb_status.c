/* status: runs and their tasks, also while an apply works and after a crash. */
#include "cli/infra.h"
#include "compiler/base/utf8.h"
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define SHOWN_RUNS 10
#define MAX_LINES 60  /* tasks in lines of their own */
#define MAX_GROUPS 200
#define WATCH_MS 500

struct group { enum task_state state; const char *word, *step, *more; uint32_t n; };
struct status {
	struct cli *c;
	const char *state;
	struct cli_lock holder;
	bool busy;             /* an apply works there now */
	struct journal_run run; /* the one whose tasks are shown */
	struct doc *runs, *tasks, *gates, *infra;
	uint32_t n_running;
	VEC(struct group) groups;
};

/* What the journal calls running and nobody works on was broken off. */
static const char *run_state(const struct status *s, const struct journal_run *r)
{
	if (strcmp(r->state, "running") != 0 || (s->busy && s->holder.pid == r->pid))
		return r->state;
	return "broken off";
}

static const char *task_word(const struct status *s, const struct journal_task *t)
{
	bool live = strcmp(run_state(s, &s->run), "running") == 0;
	return t->state == TASK_RUNNING && !live ? "unknown" : task_state_name(t->state);
}

/* For what a task waits that has not started, or that its engine holds back; NULL: for nothing, or nobody works there. */
static const char *waits_for(const struct status *s, const struct journal_task *t)
{
	bool live = strcmp(run_state(s, &s->run), "running") == 0;
	return live && (t->state == TASK_RUNNING || t->state == TASK_READY) ? t->waits : NULL;
}

static const char *log_path(const struct status *s, const struct journal_task *t, bool err)
{
	return run_log_path(&s->c->arena, s->state, t->workflow, t->name, t->attempt, err);
}

/* -- JSON ----------------------------------------------------------------------------------------------------------- */

static bool add_run(const struct journal_run *r, void *ctx)
{
	struct status *s = ctx;
	struct arena *a = &s->c->arena;
	struct doc *d = doc_map(a);
	doc_set(a, d, "run", doc_int(a, r->id));
	doc_set_text(a, d, "workflow", r->workflow);
	doc_set_text(a, d, "state", run_state(s, r));
	doc_set_text(a, d, "start", cli_time(s->c, r->start_ms));
	doc_set_text(a, d, "end", r->end_ms ? cli_time(s->c, r->end_ms) : NULL);
	doc_set(a, d, "pid", doc_int(a, r->pid));
	doc_push(s->runs, d);
	return true;
}

static bool add_task(const struct journal_task *t, void *ctx)
{
	struct status *s = ctx;
	struct arena *a = &s->c->arena;
	struct doc *d = doc_map(a);
	doc_set_text(a, d, "task", t->name);
	doc_set_text(a, d, "step", t->step);
	doc_set_text(a, d, "state", task_word(s, t));
	doc_set(a, d, "attempts", doc_int(a, t->attempt));
	doc_set_text(a, d, "start", t->start_ms ? cli_time(s->c, t->start_ms) : NULL);
	doc_set_text(a, d, "end", t->end_ms ? cli_time(s->c, t->end_ms) : NULL);
	if (t->exit >= 0)
		doc_set(a, d, "exit", doc_int(a, t->exit));
	doc_set_text(a, d, "reason", t->reason);
	doc_set_text(a, d, "waits", waits_for(s, t));
	doc_set_text(a, d, "engine", t->lane);
	doc_set_text(a, d, "place", t->place);
	if (t->number) {
		doc_set_text(a, d, "stdout", log_path(s, t, false));
		doc_set_text(a, d, "stderr", log_path(s, t, true));
		doc_set_text(a, d, "folder", arena_printf(a, "%s/work/%" PRId64 "-%u", s->state, t->home, t->number));
	}
	doc_set_text(a, d, "key", t->key);
	doc_push(s->tasks, d);
	return true;
}

static bool add_gate(const struct journal_gate *g, void *ctx)
{
	struct status *s = ctx;
	struct arena *a = &s->c->arena;
	struct doc *d = doc_map(a);
	if (s->run.workflow && strcmp(g->workflow, s->run.workflow) != 0)
		return true;
	doc_set_text(a, d, "gate", g->name);
	doc_set_text(a, d, "workflow", g->workflow);
	doc_set_text(a, d, "state", g->state);
	doc_set_text(a, d, "requirements", g->text);
	doc_set_text(a, d, "time", cli_time(s->c, g->at_ms));
	doc_push(s->gates, d);
	return true;
}

static void add_infra(struct status *s, struct doc *d)
{
	if (doc_len(s->infra))
		doc_set(&s->c->arena, d, "infrastructure", s->infra);
}

static void print_json(struct status *s, struct journal *j)
{
	struct arena *a = &s->c->arena;
	struct doc *d = doc_map(a);
	s->runs = doc_list(a);
	s->tasks = doc_list(a);
	s->gates = doc_list(a);
	journal_run_each(j, SHOWN_RUNS, add_run, s);
	journal_task_each(j, s->run.id, add_task, s);
	journal_gate_each(j, add_gate, s);
	doc_set(a, d, "run", doc_int(a, s->run.id));
	doc_set(a, d, "workflow", doc_string(a, s->run.workflow));
	doc_set(a, d, "state", doc_string(a, run_state(s, &s->run)));
	doc_set(a, d, "tasks", s->tasks);
	doc_set(a, d, "gates", s->gates);
	doc_set(a, d, "runs", s->runs);
	add_infra(s, d);
	cli_print_doc(s->c, d);
}

/* -- text ----------------------------------------------------------------------------------------------------------- */

/* Of many tasks those that are alike are one line. */
static bool fold_task(const struct journal_task *t, void *ctx)
{
	struct status *s = ctx;
	struct arena *a = &s->c->arena;
	const char *waits = waits_for(s, t), *more = waits ? waits + strcspn(waits, ":") : t->state == TASK_DONE || !t->reason ? "" : t->reason;
	const char *step = t->step ? t->step : t->name;
	for (uint32_t i = 0; i < s->groups.len; i++) {
		struct group *g = &s->groups.at[i];
		if (g->state == t->state && strcmp(g->step, step) == 0 && strcmp(g->more, more) == 0) {
			g->n++;
			return true;
		}
	}
	*vec_push(&s->groups) = (struct group){ t->state, task_word(s, t), arena_strdup(a, step), arena_strdup(a, more), 1 };
	return s->groups.len < MAX_GROUPS;
}

static void print_groups(const struct status *s)
{
	for (uint32_t i = 0; i < s->groups.len; i++) {
		const struct group *g = &s->groups.at[i];
		printf("  %-9s %-24s %8u  %s\n", g->word, g->step, g->n, g->more);
	}
	if (s->groups.len == MAX_GROUPS)
		printf("  and others: `--verbose` lists all\n");
}

static bool count_task(const struct journal_task *t, void *ctx)
{
	(void)t;
	return ++*(uint32_t *)ctx <= MAX_LINES;
}

static bool print_task(const struct journal_task *t, void *ctx)
{
	struct status *s = ctx;
	const char *took = t->end_ms && t->start_ms ? cli_duration(s->c, t->end_ms - t->start_ms) : "";
	if (t->state == TASK_CACHED && !s->c->verbose)
		return true;
	const char *waits = waits_for(s, t), *more = waits ? waits : t->state == TASK_DONE || !t->reason ? "" : t->reason;
	printf("  %-9s %-24s %8s  %s\n", task_word(s, t), t->name, took, more);
	if (t->state == TASK_FAILED && t->number)
		printf("            log: %s\n", log_path(s, t, true));
	return true;
}

static bool print_gate(const struct journal_gate *g, void *ctx)
{
	struct status *s = ctx;
	if (strcmp(g->workflow, s->run.workflow) == 0 && strcmp(g->state, "passed") != 0)
		printf("  gate %s %s: %s\n", g->name, g->state, g->text ? g->text : "");
	return true;
}

/* Text as it is, unless a terminal would take some of it for its own; what is no text as JSON. */
static void print_output(const struct doc *d)
{
	struct buf b = { 0 };
	const char *text = doc_text(d, NULL);
	size_t len = text ? strlen(text) : 0, n;
	for (size_t i = 0; text && i < len; i += n) {
		uint32_t c;
		n = utf8_decode(text + i, len - i, &c, NULL);
		if (utf8_is_control(c))
			text = NULL;
	}
	if (!text)
		doc_json_write(d, 0, &b);
	printf("  %s = %s\n", d->key, text ? text : buf_text(&b));
	buf_finish(&b);
}

static void print_infra(const struct doc *infra)
{
	for (doc_each(x, infra)) {
		printf("infrastructure at %s: %s, since %s%s%s\n", doc_text(doc_get(x, "manager"), ""), doc_text(doc_get(x, "state"), ""), doc_text(doc_get(x, "since"), ""),
		       doc_get(x, "id") ? ", there called " : "", doc_text(doc_get(x, "id"), ""));
		for (doc_each(output, doc_get(x, "outputs")))
			print_output(output);
	}
}

/* A twin that has made infrastructure, and has not run yet. */
static int show_infra(struct status *s)
{
	struct doc *d = doc_map(&s->c->arena);
	add_infra(s, d);
	if (s->c->json)
		cli_print_doc(s->c, d);
	else
		print_infra(s->infra);
	return CLI_DONE;
}

static void print_text(struct status *s, struct journal *j)
{
	uint32_t n = 0;
	journal_task_each(j, s->run.id, count_task, &n);
	if (n > MAX_LINES && !s->c->verbose) {
		journal_task_each(j, s->run.id, fold_task, s);
		print_groups(s);
	} else {
		journal_task_each(j, s->run.id, print_task, s);
	}
	journal_gate_each(j, print_gate, s);
	print_infra(s->infra);
}

static int show(struct cli *c, bool *ret_live)
{
	struct status s = { .c = c };
	const char *file = cli_file(c);
	int code = CLI_USAGE;
	if (!file)
		return code;
	s.state = cli_state(c, file);
	struct journal *j = cli_journal_look(c, s.state, &code);
	if (!j)
		return code;
	s.busy = cli_lock_holder(c, s.state, &s.holder);
	code = CLI_WRONG;
	s.infra = doc_list(&c->arena);
	cli_infra_known(c, j, s.infra);
	struct journal_run any;
	if (!c->run && !c->workflow && doc_len(s.infra) && !journal_run_last(j, &c->arena, NULL, &any)) {
		code = show_infra(&s);
	} else if (cli_run(c, j, &s.run)) {
		code = CLI_DONE;
		if (c->json) {
			print_json(&s, j);
		} else {
			const char *state = run_state(&s, &s.run);
			printf("run %" PRId64 " of %s: %s, since %s%s\n", s.run.id, s.run.workflow, state, cli_time(c, s.run.start_ms),
			       strcmp(state, "broken off") == 0 ? "; `twinc apply` goes on with it" : "");
			print_text(&s, j);
		}
	}
	journal_close(j);
	vec_finish(&s.groups);
	*ret_live = s.busy;
	return code;
}

/* Where it goes to a terminal, in place of what was there. */
int verb_status(struct cli *c)
{
	bool live = false;
	int code = show(c, &live);
	while (c->watch && live && code == CLI_DONE) {
		fflush(stdout);
		poll(NULL, 0, WATCH_MS);
		printf("%s", isatty(STDOUT_FILENO) ? "\033[H\033[J" : "\n");
		code = show(c, &live);
	}
	return code;
}
