/* Which task starts when: heaviest first, as far as there is room; what happens when one ends. */
#include "runtime/run/inside.h"
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>

#define MAX_BACKOFF_S 86400.0

/* -- weights -------------------------------------------------------------------------------------------------------- */

/* A node weighs one more than the heaviest that needs it; what stands inside a loop also carries the loop's weight. */
static void weigh_block(struct run *r, uint32_t *of_slot, const struct plan_block *b)
{
	uint32_t base = b->owner_node != PLAN_NONE ? r->weights[b->owner_node] : 0;
	for (uint32_t i = b->n_nodes; i-- > 0;) {
		uint32_t id = b->nodes[i], heaviest = base;
		const struct plan_node *n = &r->plan->nodes[id];
		if (n->slot != PLAN_NONE && of_slot[n->slot] > heaviest)
			heaviest = of_slot[n->slot];
		for (uint32_t k = 0; k < n->n_exports; k++)
			if (of_slot[n->exports[k].outer] > heaviest)
				heaviest = of_slot[n->exports[k].outer];
		r->weights[id] = heaviest + 1;
		for (uint32_t k = 0; k < n->n_needs; k++)
			if (r->weights[id] > of_slot[n->needs[k]])
				of_slot[n->needs[k]] = r->weights[id];
	}
}

void schedule_weights(struct run *r)
{
	const struct plan *p = r->plan;
	uint32_t *of_slot = arena_new_n(&r->arena, uint32_t, p->n_slots);
	r->weights = arena_new_n(&r->arena, uint32_t, p->n_nodes);
	for (uint32_t pass = 0; pass < 3; pass++) /* blocks may stand in any order; deep nests are only weighed roughly */
		for (uint32_t i = 0; i < p->n_blocks; i++)
			weigh_block(r, of_slot, &p->blocks[i]);
}

/* -- the queue: a heap, heaviest first, then in order of appearance --------------------------------------------------- */

static bool before(const struct task *a, const struct task *b)
{
	return a->weight != b->weight ? a->weight > b->weight : a->order < b->order;
}

static void heap_push(struct task *t)
{
	struct lane *l = t->lane;
	*vec_push(&l->queue) = t;
	for (uint32_t i = l->queue.len - 1; i > 0 && before(l->queue.at[i], l->queue.at[(i - 1) / 2]); i = (i - 1) / 2) {
		struct task *swap = l->queue.at[i];
		l->queue.at[i] = l->queue.at[(i - 1) / 2];
		l->queue.at[(i - 1) / 2] = swap;
	}
}

static struct task *heap_pop(struct lane *l)
{
	struct task *top = l->queue.at[0], **at = l->queue.at;
	at[0] = at[--l->queue.len];
	for (uint32_t i = 0, child; (child = 2 * i + 1) < l->queue.len; i = child) {
		if (child + 1 < l->queue.len && before(at[child + 1], at[child]))
			child++;
		if (!before(at[child], at[i]))
			break;
		struct task *swap = at[i];
		at[i] = at[child];
		at[child] = swap;
	}
	return top;
}

#define NOTE_MS 1000 /* who waits less is not told of */
#define NOTED 16     /* next in line */

static void note_soon(struct run *r)
{
	if (r->note_ms == INT64_MAX)
		r->note_ms = run_now(r) + NOTE_MS;
}

/* `status` and `why` tell from the journal what the next in line wait for. */
static void note_next(struct run *r)
{
	if (!r->id || r->stopping || run_now(r) < r->note_ms)
		return;
	r->note_ms = INT64_MAX;
	for (uint32_t i = 0; i < r->lanes.len; i++)
		for (uint32_t k = 0; k < r->lanes.at[i]->queue.len && k < NOTED; k++) {
			struct task *t = r->lanes.at[i]->queue.at[k];
			if (t->waits)
				continue;
			t->waits = lane_lack(r, t);
			task_record(r, t);
		}
}

void schedule_ready(struct run *r, struct task *t, int64_t due_ms)
{
	t->state = TASK_READY;
	t->due_ms = due_ms;
	t->start_ms = run_now(r);
	t->end_ms = 0;
	note_soon(r);
	if (t->attempt == 0) {
		t->attempt = 1;
		t->order = ++r->orders;
		run_tell_task(r, EVENT_TASK_READY, t);
	}
	if (due_ms > 0)
		*vec_push(&r->later) = t;
	else
		heap_push(t);
}

uint32_t schedule_waiting(const struct run *r)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < r->lanes.len; i++)
		n += r->lanes.at[i]->queue.len;
	return n;
}

static void wake_due(struct run *r)
{
	int64_t now = run_now(r);
	for (uint32_t i = 0; i < r->later.len;) {
		struct task *t = r->later.at[i];
		if (t->due_ms > now) {
			i++;
			continue;
		}
		r->later.at[i] = r->later.at[--r->later.len];
		t->due_ms = 0;
		t->waits = NULL;
		heap_push(t);
		note_soon(r);
	}
}

/* -- starting ------------------------------------------------------------------------------------------------------- */

/* The plan as it was, under its digest: what a run meant can be looked up later. */
static const char *keep_plan(struct run *r)
{
	struct buf text = { 0 };
	struct digest_hex hex;
	plan_save(r->plan, true, &text);
	digest_bytes(buf_text(&text), text.len, &hex);
	journal_plan_put(r->o.journal, hex.text, buf_text(&text));
	buf_finish(&text);
	return arena_strdup(&r->arena, hex.text);
}

void run_begin(struct run *r)
{
	if (r->id || r->dry)
		return;
	r->id = journal_run_add(r->o.journal, &(struct journal_run){ .workflow = r->workflow->name, .state = "running", .start_ms = r->started_ms,
								      .pid = getpid(), .plan = keep_plan(r) });
	run_tell(r, EVENT_RUN_STARTED, NULL);
}

void task_record(struct run *r, struct task *t)
{
	if (!r->id)
		return;
	key_record(r, t);
	journal_task_put(r->o.journal, &(struct journal_task){
		.run = r->id, .name = t->name, .step = t->step ? t->step->name : NULL, .key = t->key, .reason = t->reason, .place = node_place(r, t->node->plan),
		.state = t->state, .attempt = t->attempt, .home = t->home, .number = t->number, .start_ms = t->start_ms, .end_ms = t->end_ms,
		.exit = t->exit, .lane = t->lane ? t->lane->id : NULL, .waits = t->waits, .cpus = t->cpus, .memory_bytes = t->memory_bytes,
		.peak_bytes = t->peak_bytes });
}

/* What needed no run is told by a row of its own, too, but nothing waits for that: it is written when those that can have started.
 * Should this never be, the rows of the run that made the results tell the same. */
bool record_settled(struct run *r, uint32_t most)
{
	uint32_t n = r->id && !r->broken ? r->unrecorded.len : 0;
	if (n > most)
		n = most;
	for (uint32_t i = 0; i < n; i++)
		task_record(r, r->unrecorded.at[--r->unrecorded.len]);
	return n > 0;
}

void schedule_running(struct run *r, struct task *t)
{
	t->state = TASK_RUNNING;
	lane_take_room(r, t, 1);
	*vec_push(&r->running) = t;
	t->running_at = r->running.len; /* one more: 0 is for those that do not run */
	r->counts.running++;
}

static void task_fail(struct run *r, struct task *t, const char *reason)
{
	t->reason = reason;
	t->waits = NULL;
	t->end_ms = run_now(r);
	call_settle(r, t, false, NULL);
	task_record(r, t);
	run_tell_task(r, EVENT_TASK_FAILED, t);
}

/* Folder, links and command of the next attempt, made before there is room for it. False: it failed. */
static bool prepare(struct run *r, struct task *t)
{
	if (t->prepared)
		return true;
	run_begin(r);
	t->home = r->id;
	t->number = ++r->numbers;
	*vec_push(&r->numbered) = t;
	t->prepared = world_make(r, t);
	if (!t->prepared) {
		t->start_ms = 0;
		task_fail(r, t, "it could not be prepared");
	}
	return t->prepared;
}

static void claim(struct run *r, struct task *t)
{
	if (!prepare(r, t))
		return;
	t->prepared = false;
	t->start_ms = run_now(r);
	t->end_ms = 0;
	t->waits = NULL;
	note_soon(r);
	schedule_running(r, t);
	*vec_push(&t->lane->starting) = t;
	task_record(r, t);
	run_tell_task(r, EVENT_TASK_STARTED, t);
}

#define MAX_PASSED_OVER 64 /* tasks that do not fit now, looked past for smaller ones behind them */

static void start_lane(struct run *r, struct lane *l)
{
	struct task *passed[MAX_PASSED_OVER];
	uint32_t n = 0, most = l->executor->most;
	while (l->queue.len > 0 && n < MAX_PASSED_OVER && (most ? l->running < most : r->cpus_used < r->cpus) && !r->stopping) {
		struct task *t = heap_pop(l);
		if (lane_has_room(r, l, t))
			claim(r, t);
		else
			passed[n++] = t;
	}
	while (n > 0)
		heap_push(passed[--n]);
}

/* Claims what has room. Nothing starts before the commit that follows. */
void schedule_start(struct run *r)
{
	wake_due(r);
	for (uint32_t i = 0; i < r->lanes.len; i++)
		start_lane(r, r->lanes.at[i]);
	note_next(r);
}

#define MAX_PREPARED 16

/* While others run: the next ones need only be started when their turn comes. */
void schedule_prepare(struct run *r)
{
	struct task *next[MAX_PREPARED];
	uint32_t n = 0, most = r->cpus < MAX_PREPARED ? r->cpus : MAX_PREPARED;
	for (uint32_t i = 0; i < r->lanes.len; i++)
		while (n < most && r->lanes.at[i]->queue.len > 0 && !r->stopping) {
			struct task *t = heap_pop(r->lanes.at[i]);
			if (prepare(r, t))
				next[n++] = t;
		}
	while (n > 0)
		heap_push(next[--n]);
}

/* -- ending --------------------------------------------------------------------------------------------------------- */

static const char *signal_name(int s)
{
	const char *name = sigabbrev_np(s);
	return name ? name : "?";
}

static void label_limit(struct diag *d, const struct expr *limit)
{
	if (limit)
		diag_label(d, limit->span, "its limit");
}

static struct diag *diag_end(struct run *r, struct task *t, const struct executor_end *end)
{
	const char *engine = t->lane->name;
	struct diag *d;
	switch (end->outcome) {
	case EXECUTOR_EXITED: return fail_task(r, t, DIAG_E0601, "`%s` failed with exit code %d", t->name, end->code);
	case EXECUTOR_SIGNALLED:
		return fail_task(r, t, DIAG_E0603, "`%s` was ended by signal %d (SIG%s)", t->name, end->code, signal_name(end->code));
	case EXECUTOR_TIMED_OUT:
		d = fail_task(r, t, DIAG_E0602, "`%s` did not end within its time of %g s", t->name, (double)t->time_ms / 1000);
		label_limit(d, t->step->time);
		return d;
	case EXECUTOR_OUT_OF_MEMORY:
		d = fail_task(r, t, DIAG_E0607, "`%s` needed more memory than its limit", t->name);
		label_limit(d, t->step->memory);
		return d;
	case EXECUTOR_NOT_STARTED:
		return fail_task(r, t, DIAG_E0601, "`%s` could not be started: %s: %s", t->name, t->now->argv ? t->now->argv[0] : "", strerror(end->code));
	case EXECUTOR_NODE_FAILED: return fail_task(r, t, DIAG_E0603, "`%s` was lost: its node failed", t->name);
	case EXECUTOR_PREEMPTED: return fail_task(r, t, DIAG_E0603, "`%s` was ended to make room for other work", t->name);
	case EXECUTOR_CANCELLED: return fail_task(r, t, DIAG_E0603, "`%s` was cancelled by somebody else, at `%s`", t->name, engine);
	case EXECUTOR_REJECTED: return fail_task(r, t, DIAG_E0620, "`%s` was not taken by `%s`", t->name, engine);
	case EXECUTOR_LOST:
	case EXECUTOR_OUTCOMES: break;
	}
	return fail_task(r, t, DIAG_E0603, "`%s` was lost: what kept it is gone", t->name);
}

static void report_end(struct run *r, struct task *t, const struct executor_end *end, const char *text)
{
	struct diag *d = diag_end(r, t, end);
	if (text)
		diag_note(d, "what `%s` says: %s", t->lane->name, text);
	if (t->attempt > 1)
		diag_note(d, "this was attempt %u of %u", t->attempt, t->step->attempts);
	if (end->outcome != EXECUTOR_REJECTED)
		fail_add_log(r, t, d);
}

static bool may_retry(struct run *r, const struct task *t, const struct executor_end *end)
{
	static const uint32_t kinds[] = {
		[EXECUTOR_EXITED] = PLAN_RETRY_EXIT, [EXECUTOR_SIGNALLED] = PLAN_RETRY_EXIT, [EXECUTOR_TIMED_OUT] = PLAN_RETRY_TIMEOUT,
		[EXECUTOR_OUT_OF_MEMORY] = PLAN_RETRY_MEMORY, [EXECUTOR_NOT_STARTED] = PLAN_RETRY_NODE_FAILURE,
		[EXECUTOR_LOST] = PLAN_RETRY_NODE_FAILURE, [EXECUTOR_NODE_FAILED] = PLAN_RETRY_NODE_FAILURE,
		[EXECUTOR_PREEMPTED] = PLAN_RETRY_NODE_FAILURE, [EXECUTOR_CANCELLED] = 0, [EXECUTOR_REJECTED] = 0,
	};
	uint32_t on = t->step->retry_on;
	if (end->outcome == EXECUTOR_EXITED && t->step->cwl && foreign_permanent(r, t, end->code))
		return false;
	return !r->stopping && t->attempt < t->step->attempts && kinds[end->outcome] != 0 && (on == 0 || on & kinds[end->outcome]);
}

static void retry(struct run *r, struct task *t)
{
	double wait_s = t->step->backoff_s;
	for (uint32_t i = 1; i < t->attempt && wait_s < MAX_BACKOFF_S; i++)
		wait_s *= 2;
	if (wait_s > MAX_BACKOFF_S)
		wait_s = MAX_BACKOFF_S;
	t->state = TASK_READY;
	t->waits = wait_s <= 0 ? NULL : arena_printf(&r->arena, "attempt %u of %u, %g s after the last", t->attempt + 1, t->step->attempts, wait_s);
	task_record(r, t);
	struct run_event *e = run_tell_task(r, EVENT_TASK_RETRIED, t);
	e->text = arena_printf(&r->arena, "attempt %u of %u in %g s", t->attempt + 1, t->step->attempts, wait_s);
	t->attempt++;
	schedule_ready(r, t, wait_s > 0 ? run_now(r) + (int64_t)(wait_s * 1000) : 0);
}

void schedule_forget(struct run *r, struct task *t)
{
	struct task *last = r->running.at[--r->running.len];
	r->running.at[t->running_at - 1] = last;
	last->running_at = t->running_at;
	t->running_at = 0;
	r->counts.running--;
	lane_take_room(r, t, -1);
}

/* What the checks say is an error only of the last attempt. */
static void soften(struct run *r, const struct diag *last)
{
	for (struct diag *d = last ? last->next : r->diags.first; d; d = d->next)
		if (d->severity == DIAG_ERROR) {
			d->severity = DIAG_WARNING;
			r->diags.n_errors--;
			r->diags.n_warnings++;
		}
}

static void task_done(struct run *r, struct task *t, const struct executor_end *end)
{
	const struct diag *last = r->diags.last;
	const struct value *result = check_result(r, t);
	if (!result && may_retry(r, t, end)) {
		soften(r, last);
		retry(r, t);
		return;
	}
	if (!result) {
		task_fail(r, t, "what it left is not as declared");
		return;
	}
	t->state = TASK_DONE;
	r->counts.done++;
	task_record(r, t);
	run_tell_task(r, EVENT_TASK_DONE, t);
	call_settle(r, t, true, result);
}

void schedule_ended(struct run *r, struct task *t, const struct executor_end *end, const char *text)
{
	bool good = end->outcome == EXECUTOR_EXITED && end->code == 0;
	world_finish(r, t);
	t->end_ms = run_now(r);
	t->exit = end->outcome == EXECUTOR_EXITED ? end->code : end->outcome == EXECUTOR_SIGNALLED ? 128 + end->code : -1;
	t->waits = NULL;
	t->peak_bytes = end->peak_bytes;
	if (end->outcome == EXECUTOR_LOST)
		recover_kill(t->lane, t->home, t->number);
	if (good) {
		task_done(r, t, end);
	} else if (t->cancelled) {
		t->state = TASK_CANCELLED;
		t->reason = "the run was interrupted";
		r->counts.cancelled++;
		task_record(r, t);
		run_tell_task(r, EVENT_TASK_CANCELLED, t);
	} else if (may_retry(r, t, end)) {
		retry(r, t);
	} else {
		report_end(r, t, end, text);
		task_fail(r, t, end->outcome == EXECUTOR_REJECTED ? "its engine does not take it" : "its command failed");
	}
	attempt_drop(r, t);
	if (r->failed && r->o.fail_fast && !r->stopping)
		r->stopping = true; /* what runs goes on to its end */
}

void schedule_stop(struct run *r, bool force)
{
	for (uint32_t i = 0; i < r->running.len; i++) {
		struct task *t = r->running.at[i];
		t->cancelled = true;
		if (t->lane->state)
			t->lane->executor->cancel(t->lane->state, t->home, t->number, force);
	}
}
