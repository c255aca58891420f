/* After a crash: attempts that the journal says are running, whose end nobody here saw. One that is still the task that
 * is wanted is waited for and then checked like any other; any other one is ended before its task starts anew. */
#include "runtime/run/inside.h"
#include <inttypes.h>

#define LOOK_MS 50

static bool add_orphan(const struct journal_task *t, void *ctx)
{
	struct run *r = ctx;
	struct orphan *o = arena_new(&r->arena, struct orphan);
	*o = (struct orphan){ .name = arena_strdup(&r->arena, t->name), .key = t->key ? arena_strdup(&r->arena, t->key) : "", .run = t->run,
			      .home = t->home, .number = t->number, .attempt = t->attempt, .start_ms = t->start_ms };
	*vec_push(&r->orphans) = o;
	map_set(&r->orphan_names, o->name, o);
	return true;
}

void recover_load(struct run *r)
{
	journal_orphan_each(r->o.journal, r->workflow->name, add_orphan, r);
}

struct orphan *recover_find(struct run *r, const char *name)
{
	struct orphan *o = map_get(&r->orphan_names, name);
	return o && !o->taken ? o : NULL;
}

static struct executor_host host_of(const struct run *r, const struct orphan *o)
{
	return (struct executor_host){ r->o.state, o->home };
}

static void orphan_kill(struct run *r, struct orphan *o)
{
	struct executor_host host = host_of(r, o);
	r->o.executor->kill(&host, o->number, o->name);
	o->killed = true;
}

/* The earlier run's row stays as it is until the same commit in which this one has its own. */
static void hand_over(struct run *r, struct task *t, struct orphan *o, enum task_state state)
{
	run_begin(r);
	journal_task_set_state(r->o.journal, o->run, o->name, state);
	t->orphan = NULL;
}

static void adopt(struct run *r, struct task *t, struct orphan *o)
{
	hand_over(r, t, o, TASK_ADOPTED);
	t->adopted = true;
	t->home = o->home;
	t->number = o->number;
	t->attempt = o->attempt;
	t->start_ms = o->start_ms;
	t->order = ++r->orders;
	world_adopt(r, t);
	schedule_running(r, t);
	task_record(r, t);
	run_tell_task(r, EVENT_TASK_STARTED, t)->text = "found again";
}

/* Nothing of the old attempt is left: the task may start anew, as the same attempt. */
static void restart(struct run *r, struct task *t, struct orphan *o)
{
	orphan_kill(r, o); /* leftovers of a keeper that is gone */
	hand_over(r, t, o, TASK_CANCELLED);
	t->attempt = o->attempt;
	t->order = ++r->orders;
	schedule_ready(r, t, 0);
}

void recover_adopt(struct run *r, struct task *t, struct orphan *o)
{
	struct executor_host host = host_of(r, o);
	struct executor_end end;
	bool same = strcmp(o->key, t->key) == 0;
	o->taken = true;
	enum executor_found found = r->o.executor->find(&host, o->number, o->name, &end);
	if (found == EXECUTOR_ENDED && (end.outcome != EXECUTOR_EXITED || end.code != 0))
		found = EXECUTOR_GONE; /* it failed while nobody watched: to apply again is to try again */
	switch (found) {
	case EXECUTOR_ENDED:
	case EXECUTOR_ALIVE:
		if (same) {
			adopt(r, t, o);
			r->look_ms = 0; /* its end may be there already */
			return;
		}
		orphan_kill(r, o);
		t->orphan = o;
		*vec_push(&r->held) = t;
		r->look_ms = 0;
		return;
	case EXECUTOR_GONE: restart(r, t, o); return;
	}
}

static void look_at_adopted(struct run *r)
{
	for (uint32_t i = r->running.len; i-- > 0;) {
		struct task *t = r->running.at[i];
		struct executor_host host = { r->o.state, t->home };
		struct executor_end end = { .number = t->number, .outcome = EXECUTOR_LOST };
		if (!t->adopted)
			continue;
		enum executor_found found = r->o.executor->find(&host, t->number, t->name, &end);
		if (found == EXECUTOR_ALIVE)
			continue;
		t->adopted = false;
		schedule_forget(r, t);
		if (found == EXECUTOR_GONE && !t->cancelled) { /* its keeper died with it: no fault of the task */
			r->o.executor->kill(&host, t->number, t->name);
			schedule_ready(r, t, 0);
		} else {
			schedule_ended(r, t, &end);
		}
	}
}

void recover_look(struct run *r)
{
	if (run_now(r) < r->look_ms)
		return;
	look_at_adopted(r);
	for (uint32_t i = r->held.len; i-- > 0;) {
		struct task *t = r->held.at[i];
		struct executor_host host = host_of(r, t->orphan);
		struct executor_end end;
		if (r->o.executor->find(&host, t->orphan->number, t->name, &end) == EXECUTOR_ALIVE)
			continue;
		r->held.at[i] = r->held.at[--r->held.len];
		restart(r, t, t->orphan);
	}
	bool more = r->held.len > 0;
	for (uint32_t i = 0; i < r->running.len; i++)
		more |= r->running.at[i]->adopted;
	r->look_ms = more ? run_now(r) + LOOK_MS : INT64_MAX;
}

void recover_rest(struct run *r)
{
	for (uint32_t i = 0; i < r->orphans.len; i++) {
		struct orphan *o = r->orphans.at[i];
		if (o->taken)
			continue;
		orphan_kill(r, o);
		journal_task_set_state(r->o.journal, o->run, o->name, TASK_CANCELLED);
	}
}
