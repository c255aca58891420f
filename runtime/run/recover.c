/* After a crash: attempts that the journal says are running, whose end nobody here saw. Their executors are asked for all of them
 * at once. One that is still the task that is wanted is waited for and then checked like any other; any other one is ended before
 * its task starts anew. */
#include "runtime/run/inside.h"
#include <inttypes.h>
#include <stdio.h>

static bool add_orphan(const struct journal_task *t, void *ctx)
{
	struct run *r = ctx;
	struct orphan *o = arena_new(&r->arena, struct orphan);
	*o = (struct orphan){ .name = arena_strdup(&r->arena, t->name), .key = t->key ? arena_strdup(&r->arena, t->key) : "", .run = t->run,
			      .home = t->home, .number = t->number, .attempt = t->attempt, .start_ms = t->start_ms,
			      .lane = lane_by_id(r, t->lane ? t->lane : "local:") };
	*vec_push(&r->orphans) = o;
	map_set(&r->orphan_names, o->name, o);
	return true;
}

static void find_of_lane(struct run *r, struct lane *l)
{
	VEC(struct executor_attempt) attempts = { 0 };
	char error[300] = "";
	for (uint32_t i = 0; i < r->orphans.len; i++)
		if (r->orphans.at[i]->lane == l)
			*vec_push(&attempts) = (struct executor_attempt){ .run = r->orphans.at[i]->home, .number = r->orphans.at[i]->number };
	if (attempts.len > 0 && !l->executor->find(&l->host, attempts.at, attempts.len, error, sizeof error)) {
		struct diag *d = run_broken(r, "`%s` cannot be asked what became of %u task%s of an earlier run: %s", l->name, attempts.len,
					    attempts.len == 1 ? "" : "s", error);
		if (d)
			diag_help(d, "nothing was started, so that nothing runs twice; apply again when it answers");
	}
	for (uint32_t i = 0, n = 0; i < r->orphans.len; i++) {
		struct orphan *o = r->orphans.at[i];
		if (o->lane == l) {
			o->found = attempts.at[n].found;
			o->end = attempts.at[n++].end;
		}
	}
	vec_finish(&attempts);
}

void recover_load(struct run *r)
{
	journal_orphan_each(r->o.journal, r->workflow->name, add_orphan, r);
	for (uint32_t i = 0; i < r->lanes.len; i++)
		find_of_lane(r, r->lanes.at[i]);
}

struct orphan *recover_find(struct run *r, const char *name)
{
	struct orphan *o = map_get(&r->orphan_names, name);
	return o && !o->taken ? o : NULL;
}

static const char *attempt_name(struct arena *a, int64_t home, uint32_t number)
{
	return arena_printf(a, "%" PRId64 "-%u", home, number);
}

struct task *recover_task(struct run *r, int64_t home, uint32_t number)
{
	char name[40];
	snprintf(name, sizeof name, "%" PRId64 "-%u", home, number);
	return map_get(&r->adopted, name);
}

/* Of one that is gone: whatever its engine left. */
void recover_kill(struct lane *l, int64_t home, uint32_t number)
{
	l->executor->kill(&l->host, &(struct executor_attempt){ .run = home, .number = number, .found = EXECUTOR_GONE }, 1);
}

/* The earlier run's row stays as it is until the same commit in which this one has its own. */
static void hand_over(struct run *r, struct task *t, struct orphan *o, enum task_state state)
{
	run_begin(r);
	journal_task_set_state(r->o.journal, o->run, o->name, state);
	t->orphan = NULL;
}

/* Its end will be heard of. */
static void watch(struct run *r, struct task *t, struct orphan *o)
{
	map_set(&r->adopted, attempt_name(&r->arena, o->home, o->number), t);
	*vec_push(&o->lane->found) = (struct found){ t, { .run = o->home, .number = o->number, .found = o->found, .end = o->end } };
}

static void name_place(struct run *r, const struct executor_attempt *a, struct executor_task *ret)
{
	ret->folder = ret->seen = arena_printf(&r->arena, "%s/work/%" PRId64 "-%u", r->o.state, a->run, a->number);
	ret->out = arena_printf(&r->arena, "%s/out", ret->folder); /* nobody will read them */
	ret->err = arena_printf(&r->arena, "%s/err", ret->folder);
}

void recover_watch(struct run *r, struct lane *l)
{
	for (uint32_t i = 0; i < l->found.len; i++) {
		struct found *f = &l->found.at[i];
		struct executor_task x;
		world_task(r, f->task, &x);
		if (f->task->orphan) /* it is not prepared: all that is known is where the attempt of before lies */
			name_place(r, &f->attempt, &x);
		l->executor->adopt(l->state, &f->attempt, &x);
		if (f->task->orphan || f->task->cancelled)
			l->executor->cancel(l->state, f->attempt.run, f->attempt.number, true);
	}
	vec_clear(&l->found);
}

void recover_drop(struct run *r, struct lane *l)
{
	for (uint32_t i = 0; i < l->found.len; i++)
		if (l->found.at[i].task->running_at)
			schedule_forget(r, l->found.at[i].task);
	vec_clear(&l->found);
}

static void adopt(struct run *r, struct task *t, struct orphan *o)
{
	hand_over(r, t, o, TASK_ADOPTED);
	t->adopted = true;
	t->lane = o->lane;
	t->home = o->home;
	t->number = o->number;
	t->attempt = o->attempt;
	t->start_ms = o->start_ms;
	t->order = ++r->orders;
	world_adopt(r, t);
	run_tell_task(r, EVENT_TASK_STARTED, t)->text = "found again";
	if (o->found == EXECUTOR_FOUND_ENDED) { /* its checks are all that is left to do */
		t->state = TASK_RUNNING;
		task_record(r, t);
		*vec_push(&r->ended) = (struct ended){ t, o->end, NULL };
		return;
	}
	schedule_running(r, t);
	task_record(r, t);
	watch(r, t, o);
}

/* Nothing of the old attempt is left: the task may start anew, as the same attempt. */
static void restart(struct run *r, struct task *t, struct orphan *o)
{
	recover_kill(o->lane, o->home, o->number);
	hand_over(r, t, o, TASK_CANCELLED);
	t->attempt = o->attempt;
	t->order = ++r->orders;
	schedule_ready(r, t, 0);
}

void recover_adopt(struct run *r, struct task *t, struct orphan *o)
{
	bool same = strcmp(o->key, t->key) == 0;
	bool failed = o->found == EXECUTOR_FOUND_ENDED && (o->end.outcome != EXECUTOR_EXITED || o->end.code != 0);
	o->taken = true;
	if (o->found == EXECUTOR_GONE || failed || (!same && o->found == EXECUTOR_FOUND_ENDED)) {
		restart(r, t, o); /* it failed while nobody watched: to apply again is to try again */
	} else if (same) {
		adopt(r, t, o);
	} else {
		t->orphan = o;
		run_begin(r);
		*vec_push(&r->held) = t;
		watch(r, t, o);
	}
}

bool recover_ended(struct run *r, struct task *t, const struct executor_end *end)
{
	if (t->orphan) {
		for (uint32_t i = 0; i < r->held.len; i++)
			if (r->held.at[i] == t)
				r->held.at[i] = r->held.at[--r->held.len];
		restart(r, t, t->orphan);
		return true;
	}
	if (!t->adopted || !t->running_at)
		return false;
	t->adopted = false;
	if (end->outcome != EXECUTOR_LOST || t->cancelled)
		return false;
	schedule_forget(r, t); /* what kept it died with it: no fault of the task */
	recover_kill(t->lane, t->home, t->number);
	schedule_ready(r, t, 0);
	return true;
}

/* Nobody asked for these: they are ended, those of a lane together. */
void recover_rest(struct run *r)
{
	for (uint32_t k = 0; k < r->lanes.len; k++) {
		struct lane *l = r->lanes.at[k];
		VEC(struct executor_attempt) rest = { 0 };
		for (uint32_t i = 0; i < r->orphans.len; i++) {
			struct orphan *o = r->orphans.at[i];
			if (o->taken || o->lane != l)
				continue;
			*vec_push(&rest) = (struct executor_attempt){ .run = o->home, .number = o->number, .found = o->found };
			journal_task_set_state(r->o.journal, o->run, o->name, TASK_CANCELLED);
		}
		if (rest.len > 0)
			l->executor->kill(&l->host, rest.at, rest.len);
		for (uint32_t i = 0; i < r->orphans.len && rest.len > 0; i++)
			if (!r->orphans.at[i]->taken && r->orphans.at[i]->lane == l)
				world_mask(r, r->orphans.at[i]->name, r->orphans.at[i]->attempt);
		vec_finish(&rest);
	}
}
