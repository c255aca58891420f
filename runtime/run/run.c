/* A run from its beginning to its end, turn by turn. */
#include "runtime/run/inside.h"
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

static const char *const event_names[EVENT_KINDS] = {
	[EVENT_RUN_STARTED] = "run_started", [EVENT_TASK_READY] = "task_ready", [EVENT_TASK_STARTED] = "task_started",
	[EVENT_TASK_CACHED] = "task_cached", [EVENT_TASK_DONE] = "task_done", [EVENT_TASK_FAILED] = "task_failed",
	[EVENT_TASK_RETRIED] = "task_retried", [EVENT_TASK_SKIPPED] = "task_skipped", [EVENT_TASK_CANCELLED] = "task_cancelled",
	[EVENT_GATE] = "gate", [EVENT_PROBLEM] = "problem", [EVENT_IMAGE] = "image_pulled",
	[EVENT_OUTPUT] = "output", [EVENT_RUN_DONE] = "run_done",
};

const char *run_event_name(enum run_event_kind k)
{
	return k < EVENT_KINDS ? event_names[k] : "unknown";
}

static int64_t clock_ms(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The time of day at the start, and evenly on from there: who sets the machine's clock moves no retry and no duration. */
int64_t run_now(const struct run *r)
{
	return r->o.clock.now_ms ? r->o.clock.now_ms(r->o.clock.ctx) : r->since_boot_ms + clock_ms(CLOCK_BOOTTIME);
}

/* -- events --------------------------------------------------------------------------------------------------------- */

struct run_event *run_tell(struct run *r, enum run_event_kind kind, const char *name)
{
	struct run_event *e = vec_push(&r->events);
	*e = (struct run_event){ .kind = kind, .time_ms = run_now(r), .workflow = r->workflow->name, .task = name, .duration_ms = -1, .exit = -1,
				 .counts = r->counts };
	return e;
}

struct run_event *run_tell_task(struct run *r, enum run_event_kind kind, const struct task *t)
{
	struct run_event *e = run_tell(r, kind, t->name);
	e->step = t->step ? t->step->name : NULL;
	e->text = t->reason;
	e->span = t->node->plan->span;
	e->attempt = t->attempt;
	e->exit = t->exit;
	e->out = t->now ? t->now->out : NULL;
	e->err = t->now ? t->now->err : NULL;
	e->diag = t->diag;
	if (t->end_ms && t->start_ms)
		e->duration_ms = t->end_ms - t->start_ms;
	return e;
}

static void tell_all(struct run *r)
{
	for (uint32_t i = 0; i < r->events.len; i++) {
		r->events.at[i].run = r->id;
		if (r->o.listener.hear)
			r->o.listener.hear(&r->events.at[i], r->o.listener.ctx);
	}
	vec_clear(&r->events);
	attempts_free(r);
}

struct diag *run_broken(struct run *r, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *text = arena_vprintf(&r->arena, format, args);
	va_end(args);
	if (r->broken)
		return NULL;
	r->broken = r->stopping = r->failed = true;
	struct diag *d = diag_add(&r->diags, DIAG_E0616, (struct span){ 0 }, "%s", text);
	run_tell(r, EVENT_PROBLEM, NULL)->diag = d;
	return d;
}

/* -- making ---------------------------------------------------------------------------------------------------------- */

static uint32_t machine_cpus(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set) != 0)
		return 1;
	return (uint32_t)CPU_COUNT(&set);
}

static uint64_t machine_memory(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	uint64_t all = pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : (uint64_t)1 << 30, limit;
	char text[64] = "";
	int fd = open("/sys/fs/cgroup/memory.max", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (read(fd, text, sizeof text - 1) > 0 && (limit = strtoull(text, NULL, 10)) > 0 && limit < all)
			all = limit;
		close(fd);
	}
	return all;
}

static uint32_t machine_gpus(void)
{
	glob_t g;
	uint32_t n = glob("/dev/nvidia[0-9]*", 0, NULL, &g) == 0 ? (uint32_t)g.gl_pathc : 0;
	globfree(&g);
	return n;
}

static void find_positions(struct run *r)
{
	const struct plan *p = r->plan;
	r->positions = arena_new_n(&r->arena, uint32_t, p->n_nodes);
	for (uint32_t b = 0; b < p->n_blocks; b++)
		for (uint32_t i = 0; i < p->blocks[b].n_nodes; i++)
			r->positions[p->blocks[b].nodes[i]] = i;
}

static void missing_input(struct run *r, const struct plan_field *f, const char *what)
{
	diag_add(&r->diags, DIAG_E0609, f->span, "%s", what);
	run_tell(r, EVENT_PROBLEM, f->name)->diag = r->diags.last;
	r->failed = r->stopping = true;
}

static void open_root(struct run *r)
{
	r->root = scope_open(r, r->workflow->block, NULL, NULL, "", "");
	for (uint32_t i = 0; i < r->workflow->n_inputs; i++) {
		const struct plan_field *f = &r->workflow->inputs[i];
		const struct value *v = r->o.inputs ? r->o.inputs[i] : NULL;
		struct bind b = { .run = r, .arena = &r->arena };
		struct span span;
		const char *error;
		char *why;
		if (!v && f->expr && bind_eval(&b, f->expr, &v, &span, &error) != EVAL_OK)
			missing_input(r, f, arena_printf(&r->arena, "input `%s`: %s", f->name, error));
		else if (!v && !f->expr && f->type->kind != TYPE_OPTIONAL)
			missing_input(r, f, arena_printf(&r->arena, "input `%s` of `%s` is not given", f->name, r->workflow->name));
		else if (v && v->kind != VALUE_NULL && !value_coerce(&r->arena, v, f->type, &v, &why))
			missing_input(r, f, arena_printf(&r->arena, "input `%s`: %s", f->name, why));
		else
			slot_fill(r, r->root, f->slot, SLOT_KNOWN, v ? v : &value_null);
	}
	if (!r->stopping)
		scope_start(r, r->root);
}

struct run *run_create(const struct run_options *o)
{
	struct run *r = calloc(1, sizeof *r);
	if (!r)
		bug_out_of_memory();
	r->o = *o;
	r->plan = o->plan;
	r->workflow = &o->plan->workflows[o->workflow];
	r->dry = !o->executor;
	for (uint32_t i = 0; r->dry && i < o->plan->n_params; i++)
		r->open = r->open || (o->plan->params[i].maker && !o->plan->params[i].value);
	r->ready_end = &r->ready;
	arena_init(&r->arena);
	diags_init(&r->diags, &r->arena, o->plan->sources);
	map_init(&r->images);
	map_init(&r->orphan_names);
	map_init(&r->adopted);
	r->cpus = o->cpus ? o->cpus : machine_cpus();
	r->gpus = o->gpus ? o->gpus : machine_gpus();
	r->memory_bytes = o->memory_bytes ? o->memory_bytes : machine_memory();
	r->since_boot_ms = clock_ms(CLOCK_REALTIME) - clock_ms(CLOCK_BOOTTIME);
	r->started_ms = run_now(r);
	r->wake = -1;
	r->note_ms = INT64_MAX;
	r->folder = open(o->state, O_PATH | O_DIRECTORY | O_CLOEXEC);
	stamps_init(&r->stamps, &r->arena, o->journal, !r->dry);
	if (!r->dry)
		recover_load(r);
	find_positions(r);
	r->places = arena_new_n(&r->arena, const char *, r->plan->n_nodes);
	schedule_weights(r);
	open_root(r);
	return r;
}

void run_destroy(struct run *r)
{
	if (!r)
		return;
	lanes_finish(r);
	for (uint32_t i = 0; i < r->tasks.len; i++)
		attempt_drop(r, r->tasks.at[i]);
	attempts_free(r);
	vec_finish(&r->spent);
	vec_finish(&r->looks);
	if (r->folder >= 0)
		close(r->folder);
	vec_finish(&r->unrecorded);
	vec_finish(&r->tasks);
	vec_finish(&r->numbered);
	vec_finish(&r->later);
	vec_finish(&r->held);
	vec_finish(&r->running);
	vec_finish(&r->ended);
	vec_finish(&r->orphans);
	vec_finish(&r->events);
	stamps_finish(&r->stamps);
	map_finish(&r->images);
	map_finish(&r->working);
	map_finish(&r->orphan_names);
	map_finish(&r->adopted);
	arena_finish(&r->arena);
	free(r);
}

/* -- turns ----------------------------------------------------------------------------------------------------------- */

static struct task *task_of(struct run *r, const struct executor_news *n)
{
	uint32_t number = n->end.number;
	if (n->run != r->id)
		return recover_task(r, n->run, number);
	return number > 0 && number <= r->numbered.len ? r->numbered.at[number - 1] : NULL;
}

/* What the engine says of a task that has not ended. */
static void note_waiting(struct run *r, struct task *t, const struct executor_news *n)
{
	const char *text = n->word == EXECUTOR_WAITS ? n->text : NULL;
	if (!t->running_at || (!text && !t->waits) || (text && t->waits && strcmp(text, t->waits) == 0))
		return;
	if (!text)
		t->start_ms = run_now(r);
	t->waits = text ? arena_printf(&r->arena, "%s", text) : NULL;
	task_record(r, t);
}

/* Who ended gives its room back at once; what it left is checked after the next ones have started. */
static void hear_lane(struct run *r, struct lane *l)
{
	struct executor_news n;
	while (l->state && l->executor->poll(l->state, &n)) {
		struct task *t = task_of(r, &n);
		if (!t)
			continue;
		if (n.word != EXECUTOR_ENDED) {
			note_waiting(r, t, &n);
			continue;
		}
		if (recover_ended(r, t, &n.end) || !t->running_at)
			continue;
		schedule_forget(r, t);
		*vec_push(&r->ended) = (struct ended){ t, n.end, n.text[0] ? arena_strdup(&r->arena, n.text) : NULL };
	}
}

static void hear_executors(struct run *r)
{
	for (uint32_t i = 0; i < r->lanes.len; i++)
		hear_lane(r, r->lanes.at[i]);
}

static void drop_starting(struct run *r)
{
	for (uint32_t i = 0; i < r->lanes.len; i++) {
		struct lane *l = r->lanes.at[i];
		for (uint32_t k = 0; k < l->starting.len; k++)
			schedule_forget(r, l->starting.at[k]);
		vec_clear(&l->starting);
		recover_drop(r, l);
	}
}

static void submit(struct run *r, struct lane *l)
{
	VEC(struct executor_task) tasks = { 0 };
	for (uint32_t k = 0; k < l->starting.len; k++)
		world_task(r, l->starting.at[k], vec_push(&tasks));
	l->executor->submit(l->state, tasks.at, tasks.len);
	vec_finish(&tasks);
	vec_clear(&l->starting);
}

/* The effects of what was just committed. */
static void carry_out(struct run *r)
{
	for (uint32_t i = 0; i < r->lanes.len; i++) {
		struct lane *l = r->lanes.at[i];
		if (l->starting.len == 0 && l->found.len == 0)
			continue;
		if (!lane_start(r, l)) {
			drop_starting(r);
			return;
		}
		recover_watch(r, l);
		if (l->starting.len > 0)
			submit(r, l);
	}
}

static bool any_starting(const struct run *r)
{
	for (uint32_t i = 0; i < r->lanes.len; i++)
		if (r->lanes.at[i]->starting.len > 0 || r->lanes.at[i]->found.len > 0)
			return true;
	return false;
}

enum run_verdict run_verdict(const struct run *r)
{
	return r->interrupted ? RUN_INTERRUPTED : r->failed ? RUN_FAILED : r->gated ? RUN_GATED : RUN_DONE;
}

static const char *verdict_name(enum run_verdict v)
{
	switch (v) {
	case RUN_DONE: return "done";
	case RUN_FAILED: return "failed";
	case RUN_GATED: return "gated";
	case RUN_INTERRUPTED: return "interrupted";
	}
	return "failed";
}

static void finish(struct run *r)
{
	r->over = true;
	if (r->dry)
		return;
	if (!r->stopping && !r->failed && !r->gated && !results_make(r))
		r->failed = true;
	if (!r->stopping && !r->broken)
		recover_rest(r);
	record_settled(r, UINT32_MAX);
	struct run_event *e = run_tell(r, EVENT_RUN_DONE, NULL);
	e->text = verdict_name(run_verdict(r));
	e->duration_ms = run_now(r) - r->started_ms;
	if (r->id && !r->broken) {
		journal_run_end(r->o.journal, r->id, verdict_name(run_verdict(r)), run_now(r));
		journal_prune(r->o.journal, r->id);
		tidy_up(r);
	}
}

static bool idle(const struct run *r)
{
	return r->running.len == 0 && !any_starting(r) && r->ended.len == 0;
}

static void journal_broken(struct run *r)
{
	struct diag *d = run_broken(r, "the journal `%s/journal.db` cannot be written: %s", r->o.state, journal_error(r->o.journal));
	fail_add_room(d, r->o.state, UINT64_MAX);
	diag_help(d, "make it writable, then apply again: what was recorded is kept, the rest is done then");
	schedule_stop(r, false);
}

/* What was not recorded did not happen: it is not told, and not counted. */
static void untell(struct run *r)
{
	struct run_event last;
	uint32_t n = 0;
	bool over = false;
	r->counts.done = r->recorded.done;
	r->counts.cached = r->recorded.cached;
	for (uint32_t i = 0; i < r->events.len; i++) {
		struct run_event e = r->events.at[i];
		e.counts = r->counts;
		if (e.kind == EVENT_RUN_DONE) {
			e.text = verdict_name(run_verdict(r));
			last = e;
			over = true;
		} else if (e.kind == EVENT_PROBLEM || e.kind == EVENT_TASK_FAILED || e.kind == EVENT_TASK_CANCELLED) {
			r->events.at[n++] = e;
		}
	}
	if (over)
		r->events.at[n++] = last;
	r->events.len = n;
}

static void commit(struct run *r)
{
	if (r->dry)
		return;
	if (journal_commit(r->o.journal)) {
		r->recorded = r->counts;
		return;
	}
	drop_starting(r); /* not recorded, so not started */
	if (!r->broken)
		journal_broken(r);
	if (idle(r) && !r->over)
		finish(r);
	untell(r);
}

/* Those that wait for nothing but room. */
static void start_next(struct run *r)
{
	schedule_start(r);
	commit(r);
	carry_out(r);
}

static void check_ended(struct run *r)
{
	for (uint32_t i = 0; i < r->ended.len; i++) {
		struct ended e = r->ended.at[i];
		schedule_ended(r, e.task, &e.end, e.text);
	}
	vec_clear(&r->ended);
}

#define MAX_AT_ONCE 4096 /* things that a turn goes on with: what is ready among 100 000 starts before all are looked at */
#define MAX_BESIDE 64    /* while as many wait already */

bool run_turn(struct run *r)
{
	if (r->over)
		return false;
	hear_executors(r);
	if (r->ended.len > 0 && schedule_waiting(r) > 0 && !r->o.fail_fast)
		start_next(r);
	check_ended(r);
	scope_pump(r, schedule_waiting(r) < MAX_AT_ONCE ? MAX_AT_ONCE : MAX_BESIDE);
	if (!r->dry)
		schedule_start(r);
	bool ended = r->root->n_open == 0 && !r->ready;
	if (idle(r) && (r->stopping || ended))
		finish(r);
	else if (idle(r) && !r->ready && schedule_waiting(r) == 0 && r->later.len == 0 && r->held.len == 0)
		bug("the run of `%s` has nothing to wait for", r->workflow->name);
	commit(r);
	carry_out(r);
	tell_all(r);
	if (!r->dry && !r->over && !record_settled(r, MAX_AT_ONCE))
		schedule_prepare(r);
	return !r->over;
}

int64_t run_wait_ms(const struct run *r)
{
	int64_t now = run_now(r), until = INT64_MAX;
	if (r->over || r->ready || (r->id && !r->broken && r->unrecorded.len > 0) || r->ended.len > 0 || r->events.len > 0 || (r->stopping && idle(r)))
		return 0;
	for (uint32_t i = 0; i < r->later.len; i++)
		if (r->later.at[i]->due_ms < until)
			until = r->later.at[i]->due_ms;
	if (schedule_waiting(r) > 0 && r->note_ms < until && !r->stopping)
		until = r->note_ms;
	return until == INT64_MAX ? -1 : until > now ? until - now : 0;
}

int run_fd(const struct run *r)
{
	return r->wake;
}

void run_cancel(struct run *r, bool force)
{
	r->interrupted = r->stopping = true;
	schedule_stop(r, force);
}

/* -- looking --------------------------------------------------------------------------------------------------------- */

struct diags *run_diags(struct run *r)
{
	return &r->diags;
}

int64_t run_id(const struct run *r)
{
	return r->id;
}

const struct run_counts *run_counts(const struct run *r)
{
	return &r->counts;
}

uint32_t run_task_len(const struct run *r)
{
	return r->tasks.len;
}

struct run_task_info run_task_info(struct run *r, uint32_t at)
{
	const struct task *t = r->tasks.at[at];
	struct run_task_info i = { .name = t->name, .step = t->step ? t->step->name : NULL, .reason = t->reason, .key = t->key,
				   .span = t->node->plan->span, .action = t->action, .duration_ms = -1 };
	if (t->action != RUN_ACTION_RUN && t->action != RUN_ACTION_BLOCKED)
		return i;
	if (r->o.journal && t->step)
		i.duration_ms = journal_task_duration_ms(r->o.journal, r->workflow->name, t->name);
	if (i.duration_ms < 0 && t->time_ms)
		i.duration_ms = (int64_t)t->time_ms;
	return i;
}

void run_each_seen(const struct run *r, void (*each)(const char *path, const char *stamp, void *ctx), void *ctx)
{
	for (uint32_t i = 0; i < r->stamps.seen.cap; i++)
		if (r->stamps.seen.entries[i].key)
			each(r->stamps.seen.entries[i].key, r->stamps.seen.entries[i].value, ctx);
	cache_each_look(r, each, ctx);
}
