/* Doing it: each stack begins when those that it needs are there, and all that are under way are asked in turn. */
#include "runtime/infra/inside.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define TICK_MS 50
#define GIVEN_SHOWN 4096 /* bytes of an output */
#define FIRST_PAUSE_MS 200
#define LAST_PAUSE_MS 5000

enum phase { WAITING, ACTIVE, ENDED, FAILED };
struct job {
	struct stack *stack;
	enum phase phase;
	bool removes;
	int64_t start_ms, next_ms, pause_ms;
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int number)
{
	stop_signal = number;
}

bool stack_stopped(const struct stack *s)
{
	(void)s;
	return stop_signal != 0;
}

static bool has_changes(const struct stack *s)
{
	for (uint32_t i = 0; i < s->n_changes; i++)
		if (s->changes[i].action != INFRA_NONE)
			return true;
	return s->known && (s->state == STACK_DELETING || !s->n_changes); /* a row of which nothing is known any more */
}

static bool removes_all(const struct stack *s)
{
	for (uint32_t i = 0; i < s->n_changes; i++)
		if (s->changes[i].action != INFRA_DELETE)
			return false;
	return true;
}

/* Whether a thing of `s` refers to one of `other`. */
static bool needs(const struct stack *s, const struct stack *other)
{
	for (uint32_t i = 0; s->part && s != other && i < s->part->n_things; i++)
		for (uint32_t k = 0; k < s->part->things[i].n_refs; k++)
			if (stack_thing(other, s->part->things[i].refs[k]))
				return true;
	return false;
}

static void tell_end(struct job *job)
{
	struct stack *s = job->stack;
	int64_t now = stack_now_ms();
	infra_tell(s->infra, &(struct infra_event){ .kind = INFRA_DONE, .time_ms = now, .took_ms = now - job->start_ms, .manager = s->name, .span = s->span,
		.text = job->removes ? "gone" : "ready" });
	for (doc_each(x, job->removes ? NULL : s->outputs))
		infra_tell(s->infra, &(struct infra_event){ .kind = INFRA_OUTPUT, .time_ms = now, .took_ms = -1, .manager = s->name, .thing = x->key,
			.text = stack_masked(s, diff_text(s->arena, x, false) ? diff_text(s->arena, x, false) : "none", GIVEN_SHOWN), .span = s->span });
}

static void end_well(struct job *job)
{
	struct stack *s = job->stack;
	struct journal *j = s->infra->o.journal;
	bool ok;
	for (uint32_t i = 0; i < s->n_things; i++)
		s->things[i].applied = true;
	if (job->removes) {
		journal_stack_drop(j, s->name);
		ok = journal_commit(j);
		if (!ok)
			stack_fail(s, DIAG_E0616, s->span, "the journal cannot be written: %s", journal_error(j));
	} else {
		ok = stack_save(s, STACK_READY);
	}
	job->phase = ok ? ENDED : FAILED;
	if (ok)
		tell_end(job);
}

static void heard(struct job *job, enum infra_answer answer)
{
	struct stack *s = job->stack;
	switch (answer) {
	case INFRA_OK:
		end_well(job);
		break;
	case INFRA_WORKING:
		job->phase = ACTIVE;
		job->next_ms = stack_now_ms() + job->pause_ms;
		job->pause_ms = job->pause_ms * 3 / 2 > LAST_PAUSE_MS ? LAST_PAUSE_MS : job->pause_ms * 3 / 2;
		break;
	case INFRA_FAILED:
		job->phase = FAILED;
		infra_tell(s->infra, &(struct infra_event){ .kind = INFRA_PROBLEM, .time_ms = stack_now_ms(), .took_ms = -1, .manager = s->name, .diag = s->infra->diags.last, .span = s->span });
		break;
	case INFRA_STOPPED:
		job->phase = FAILED;
		break;
	}
}

static void begin(struct job *job)
{
	struct stack *s = job->stack;
	job->start_ms = stack_now_ms();
	job->pause_ms = FIRST_PAUSE_MS;
	infra_tell(s->infra, &(struct infra_event){ .kind = INFRA_STARTED, .time_ms = job->start_ms, .took_ms = -1, .manager = s->name, .span = s->span });
	if (s->auth_name && !s->auth) {
		struct diag *d = stack_fail(s, DIAG_E0619, s->span, "the secret `%s` is not bound, which lets in at `%s`", s->auth_name, s->manager);
		diag_help(d, "add `--secret %s=env:NAME`", s->auth_name);
		heard(job, INFRA_FAILED);
		return;
	}
	heard(job, job->removes ? s->provider->remove(s) : s->provider->begin(s));
}

/* One round over all jobs. False: none can go on any more. */
static bool turn(struct job *jobs, uint32_t n)
{
	bool more = false;
	for (uint32_t i = 0; i < n && !stop_signal; i++) {
		bool ready = jobs[i].phase == WAITING, lost = false;
		for (uint32_t k = 0; ready && k < n; k++)
			if (needs(jobs[i].stack, jobs[k].stack)) {
				lost = lost || jobs[k].phase == FAILED;
				ready = jobs[k].phase == ENDED || lost;
			}
		if (lost) {
			jobs[i].phase = FAILED;
			stack_fail(jobs[i].stack, DIAG_E0633, jobs[i].stack->span, "`%s` was not begun: what it needs could not be made", jobs[i].stack->manager);
		} else if (ready) {
			begin(&jobs[i]);
		} else if (jobs[i].phase == ACTIVE && stack_now_ms() >= jobs[i].next_ms) {
			heard(&jobs[i], jobs[i].stack->provider->poll(jobs[i].stack));
		}
		more = more || jobs[i].phase == WAITING || jobs[i].phase == ACTIVE;
	}
	return more && !stop_signal;
}

enum infra_answer infra_apply(struct infra *in, int *ret_signal)
{
	static const int numbers[] = { SIGINT, SIGTERM };
	struct sigaction mine = { .sa_handler = on_signal }, before[2];
	struct job *jobs = arena_new_n(&in->arena, struct job, in->stacks.len);
	uint32_t n = 0;
	bool ok = true;
	for (uint32_t i = 0; i < in->stacks.len; i++)
		if (has_changes(in->stacks.at[i]))
			jobs[n++] = (struct job){ .stack = in->stacks.at[i], .removes = removes_all(in->stacks.at[i]) };
	stop_signal = 0;
	for (int i = 0; i < 2; i++)
		sigaction(numbers[i], &mine, &before[i]);
	while (turn(jobs, n)) {
		struct timespec tick = { 0, TICK_MS * 1000000 };
		nanosleep(&tick, NULL);
	}
	for (int i = 0; i < 2; i++)
		sigaction(numbers[i], &before[i], NULL);
	*ret_signal = stop_signal;
	stop_signal = 0;
	for (uint32_t i = 0; i < n; i++)
		ok = ok && jobs[i].phase == ENDED;
	return *ret_signal ? INFRA_STOPPED : ok ? INFRA_OK : INFRA_FAILED;
}
