/* plan: what apply would do, and why. The same expansion as apply's, with nothing carried out. */
#include "cli/infra.h"
#include "cli/whole.h"
#include "runtime/executor/executors.h"
#include <string.h>
#include <unistd.h>

static const char *const actions[] = {
	[RUN_ACTION_RUN] = "run", [RUN_ACTION_CACHED] = "cached", [RUN_ACTION_BLOCKED] = "blocked", [RUN_ACTION_SKIP] = "skip",
};

struct totals { uint32_t n[4]; };

static struct totals count(struct run *r)
{
	struct totals t = { { 0 } };
	for (uint32_t i = 0; i < run_task_len(r); i++)
		t.n[run_task_info(r, i).action]++;
	return t;
}

/* -- JSON ----------------------------------------------------------------------------------------------------------- */

struct path { struct cli *c; struct doc *list; struct buf text; };

static void path_add(const char *name, int64_t duration_ms, void *ctx)
{
	struct path *p = ctx;
	doc_push(p->list, doc_string(&p->c->arena, name));
	buf_printf(&p->text, "%s%s (%s)", p->text.len ? ", " : "", name, cli_duration(p->c, duration_ms));
}

struct sharing { struct cli *c; struct doc *list; };

static void share_doc(const struct run_share *s, void *ctx)
{
	struct sharing *to = ctx;
	struct arena *a = &to->c->arena;
	struct doc *x = doc_map(a);
	doc_set(a, x, "call", doc_string(a, s->call));
	doc_set(a, x, "executor", doc_string(a, s->executor));
	doc_set(a, x, "tasks", doc_int(a, s->tasks));
	doc_set(a, x, "tasksPerJob", doc_int(a, s->per_job));
	doc_push(to->list, x);
}

static struct doc *engine_doc(struct arena *a, const struct executor_whole *w)
{
	struct doc *d = doc_map(a);
	doc_set(a, d, "name", doc_string(a, w->engine));
	doc_set(a, d, "version", doc_string(a, w->version));
	doc_set(a, d, "program", doc_string(a, w->program));
	return d;
}

static void print_json(struct cli *c, const struct run_options *o, struct infra *in, struct run *r, const struct totals *t, struct path *path, int64_t length)
{
	struct arena *a = &c->arena;
	struct doc *d = doc_map(a), *tasks = doc_list(a), *summary = doc_map(a), *critical = doc_map(a);
	if (in)
		cli_infra_docs(c, in, o->plan, tasks, summary);
	for (uint32_t i = 0; r && i < run_task_len(r); i++) {
		struct run_task_info info = run_task_info(r, i);
		struct doc *x = doc_map(a);
		doc_set(a, x, "task", doc_string(a, info.name));
		if (info.step)
			doc_set(a, x, "step", doc_string(a, info.step));
		doc_set(a, x, "action", doc_string(a, actions[info.action]));
		if (info.reason)
			doc_set(a, x, "reason", doc_string(a, info.reason));
		if (info.span.file)
			doc_set(a, x, "place", cli_place_doc(a, o->plan, info.span));
		if (info.duration_ms >= 0)
			doc_set(a, x, "duration", doc_float(a, (double)info.duration_ms / 1000));
		doc_push(tasks, x);
	}
	for (int i = 0; i < 4; i++)
		doc_set(a, summary, actions[i], doc_int(a, t->n[i]));
	doc_set(a, critical, "duration", doc_float(a, (double)length / 1000));
	doc_set(a, critical, "tasks", path->list);
	if (r)
		doc_set(a, d, "workflow", doc_string(a, o->plan->workflows[o->workflow].name));
	doc_set(a, d, "tasks", tasks);
	doc_set(a, d, "summary", summary);
	doc_set(a, d, "criticalPath", critical);
	if (o->whole && t->n[RUN_ACTION_RUN] > 0)
		doc_set(a, d, "engine", engine_doc(a, o->whole));
	struct sharing sharing = { c, doc_list(a) };
	if (r)
		run_each_share(r, share_doc, &sharing);
	if (sharing.list->children.first)
		doc_set(a, d, "sharing", sharing.list);
	cli_print_doc(c, d);
}

/* -- text ----------------------------------------------------------------------------------------------------------- */

static void print_share(const struct run_share *s, void *ctx)
{
	uint32_t most = s->per_job < s->tasks ? s->per_job : s->tasks;
	printf("%s: %u tasks in %u job%s of %s, up to %u in each, one after the other", s->call, s->tasks, (s->tasks + most - 1) / most,
	       s->tasks > most ? "s" : "", s->executor, most);
	if (s->expected_ms >= 0)
		printf(": they took %s the last time", cli_duration(ctx, s->expected_ms));
	putchar('\n');
}

static void print_text(struct cli *c, const struct run_options *o, struct run *r, const struct totals *t, struct path *path, int64_t length)
{
	static const char *const colours[] = { "32", "2", "33", "33" };
	bool colour = cli_colour(c, stdout);
	int width = 8;
	for (uint32_t i = 0; i < run_task_len(r); i++) {
		int n = (int)strlen(run_task_info(r, i).name);
		width = n > width && n <= 40 ? n : width;
	}
	for (uint32_t i = 0; i < run_task_len(r); i++) {
		struct run_task_info info = run_task_info(r, i);
		if (info.action == RUN_ACTION_CACHED && !c->verbose)
			continue;
		printf(colour ? "\033[%s%s\033[0m  %-*s  %s\n" : "%.0s%s  %-*s  %s\n", colour ? arena_printf(&c->arena, "%sm", colours[info.action]) : "",
		       arena_printf(&c->arena, "%-7s", actions[info.action]), width, info.name, info.reason ? info.reason : "");
	}
	printf("%s: %u to run, %u cached", o->plan->workflows[o->workflow].name, t->n[RUN_ACTION_RUN], t->n[RUN_ACTION_CACHED]);
	if (t->n[RUN_ACTION_BLOCKED])
		printf(", %u not known yet or blocked", t->n[RUN_ACTION_BLOCKED]);
	if (t->n[RUN_ACTION_SKIP])
		printf(", %u skipped", t->n[RUN_ACTION_SKIP]);
	putchar('\n');
	run_each_share(r, print_share, c);
	if (o->whole && t->n[RUN_ACTION_RUN] > 0)
		printf("%s goes as a whole to %s %s (%s)\n", o->whole->workflow, o->whole->engine, o->whole->version, o->whole->program);
	if (length > 0)
		printf("critical path: %s: %s\n", cli_duration(c, length), buf_text(&path->text));
}

/* r, in: NULL where the twin has no workflow, or nothing that a manager makes. */
static int show(struct cli *c, const struct run_options *o, struct infra *in, uint32_t n_infra, struct run *r)
{
	struct totals t = r ? count(r) : (struct totals){ { 0 } };
	struct path path = { .c = c, .list = doc_list(&c->arena) };
	int64_t length = r ? run_critical_path(r, path_add, &path) : 0;
	struct diags *ds = r ? run_diags(r) : NULL;
	bool json = c->json;
	c->json = false;
	if (ds && ds->first)
		cli_show_diags(c, ds);
	c->json = json;
	if (json)
		print_json(c, o, in, r, &t, &path, length);
	if (!json && !c->quiet && in)
		cli_infra_print(c, in, o->plan);
	if (!json && !c->quiet && r)
		print_text(c, o, r, &t, &path, length);
	buf_finish(&path.text);
	if (r && run_verdict(r) == RUN_FAILED)
		return CLI_WRONG;
	return c->detailed_exitcode && t.n[RUN_ACTION_RUN] + t.n[RUN_ACTION_BLOCKED] + n_infra > 0 ? CLI_DIFFERENT : CLI_DONE;
}

static void note_stack(const struct journal_stack *s, void *ctx)
{
	(void)s;
	*(bool *)ctx = true;
}

/* Infrastructure that managers make, compared with what is there; *ret_in NULL: there is none. The exit code. */
static int look(struct cli *c, struct plan *plan, const struct run_options *o, struct infra **ret_in, uint32_t *ret_n)
{
	bool managed = infra_is_managed(o->plan);
	*ret_in = NULL;
	*ret_n = 0;
	if (o->journal && !managed)
		journal_stack_each(o->journal, note_stack, &managed);
	if (!managed || (c->no_infra && !infra_is_read(plan)))
		return CLI_DONE;
	struct infra *in = cli_infra_open(c, plan, o->state, o->journal);
	bool ok = in && (c->no_infra || cli_infra_compare(c, in, INFRA_PLAN, false, ret_n));
	if (ok)
		infra_give(in, plan, c->no_infra);
	if (c->no_infra)
		infra_destroy(in);
	else
		*ret_in = in;
	return ok ? CLI_DONE : CLI_WRONG;
}

static int expand(struct cli *c, struct plan *plan, struct run_options *o)
{
	struct infra *in;
	uint32_t n_infra = 0;
	struct run *r = NULL;
	int code = look(c, plan, o, &in, &n_infra);
	if (code == CLI_DONE)
		code = cli_whole(c, o->planned, o);
	if (code == CLI_DONE && o->workflow == PLAN_NONE && !in)
		code = cli_fail("there is neither a workflow to run nor infrastructure to make: name a `manager` of what should be made");
	if (code == CLI_DONE && o->workflow != PLAN_NONE) {
		r = run_create(o);
		while (run_turn(r))
			;
	}
	if (code == CLI_DONE)
		code = show(c, o, in, n_infra, r);
	run_destroy(r);
	infra_destroy(in);
	return code;
}

int verb_plan(struct cli *c)
{
	const char *file = cli_file(c);
	struct run_options o = { 0 };
	const struct value **inputs;
	int code = CLI_USAGE;
	if (!file || !(o.planned = cli_executor(c, &o.option)))
		return CLI_USAGE;
	c->bare = true;
	struct plan *plan = cli_plan(c, file, &o.workflow, &inputs, &code);
	if (!plan)
		return code;
	o.plan = plan;
	o.inputs = inputs;
	o.state = cli_state(c, file);
	o.results = cli_results(c, file);
	o.executors = executors;
	o.tasks_per_job = c->tasks_per_job;
	o.all_here = c->on && o.planned == executors[0];
	o.no_container = c->no_container;
	if (file_exists(arena_printf(&c->arena, "%s/journal.db", o.state)))
		o.journal = cli_journal_look(c, o.state, &code);
	else
		code = CLI_DONE;
	if (o.journal)
		journal_snapshot(o.journal);
	if (o.journal || code == CLI_DONE)
		code = expand(c, plan, &o);
	journal_close(o.journal);
	plan_destroy(plan);
	return code;
}
