/* The tasks of one call, on a terminal: told one by one while they are few, together once they are many. */
#include "runtime/report/inside.h"
#include "compiler/base/bug.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define FEW 20       /* tasks of a call that have a line each */
#define MAX_TOLD 10  /* failures of one call that are told in full */
#define BAR 20

/* "sub.x" of "sub[3].x[0]@2": what is counted is left out. */
static size_t call_of(const char *task, char *ret, size_t max)
{
	size_t n = 0;

	while (*task && n + 1 < max) {
		size_t digits = *task == '[' || *task == '@' ? strspn(task + 1, "0123456789*") : 0;
		if (digits > 0 && (*task == '@' || task[digits + 1] == ']'))
			task += digits + (*task == '[' ? 2 : 1);
		else
			ret[n++] = *task++;
	}
	ret[n] = 0;
	return n;
}

static struct group *find(struct report *r, const char *task, bool make)
{
	char name[256];
	size_t n = call_of(task, name, sizeof name);
	struct group *g = map_get_n(&r->by_call, name, n);

	if (g || !make)
		return g;
	g = calloc(1, sizeof *g);
	if (!g || !(g->name = strdup(name)))
		bug_out_of_memory();
	map_set(&r->by_call, g->name, g);
	*vec_push(&r->groups) = g;
	return g;
}

static void count(struct group *g, const struct run_event *e)
{
	uint32_t before = g->running;

	switch (e->kind) {
	case EVENT_TASK_READY: g->ready += e->attempt <= 1; return;
	case EVENT_TASK_STARTED: g->running++; return;
	case EVENT_TASK_RETRIED: g->running -= before > 0; return;
	case EVENT_TASK_DONE: g->running -= before > 0; g->done++; return;
	case EVENT_TASK_FAILED: g->running -= before > 0 && e->duration_ms >= 0; g->failed++; return;
	case EVENT_TASK_CANCELLED: g->running -= before > 0 && e->duration_ms >= 0; g->cancelled++; return;
	case EVENT_TASK_CACHED: g->cached++; return;
	case EVENT_TASK_SKIPPED: g->skipped++; return;
	case EVENT_PROBLEM: g->problems++; return;
	case EVENT_RUN_STARTED:
	case EVENT_GATE:
	case EVENT_IMAGE:
	case EVENT_OUTPUT:
	case EVENT_RUN_DONE:
	case EVENT_KINDS: return;
	}
}

static uint32_t over(const struct group *g)
{
	return g->done + g->failed + g->cached + g->skipped + g->cancelled;
}

static uint32_t known(const struct group *g)
{
	uint32_t at_least = over(g) + g->running, told = g->ready + g->cached + g->skipped;
	return told > at_least ? told : at_least;
}

bool group_hear(struct report *r, const struct run_event *e, struct group **ret)
{
	*ret = NULL;
	if (!e->task || e->kind == EVENT_GATE || e->kind == EVENT_IMAGE || e->kind == EVENT_OUTPUT)
		return false;
	struct group *g = *ret = find(r, e->task, e->kind != EVENT_PROBLEM);
	if (!g)
		return false;
	count(g, e);
	g->many = g->many || known(g) > FEW;
	if (!g->many)
		return false;
	return e->kind == EVENT_PROBLEM ? g->problems > MAX_TOLD : e->kind == EVENT_TASK_FAILED ? g->failed > MAX_TOLD : e->kind != EVENT_TASK_RETRIED;
}

bool group_falls_silent(const struct group *g, const struct run_event *e)
{
	return e->kind == EVENT_PROBLEM && g->problems == MAX_TOLD + 1;
}

void group_tell_silence(struct report *r, const struct group *g)
{
	buf_printf(&r->out, "          more of %s fails: from here on it is counted, and `twinc status` tells all\n", g->name);
}

static void put_counts(const struct group *g, struct buf *b)
{
	const struct { uint32_t n; const char *name; } parts[] = {
		{ g->running, "running" }, { g->cached, "cached" }, { g->failed, "failed" }, { g->skipped, "skipped" }, { g->cancelled, "cancelled" },
	};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (parts[i].n)
			buf_printf(b, ", %u %s", parts[i].n, parts[i].name);
}

bool group_goes_on(const struct group *g)
{
	return g->many && (g->running > 0 || over(g) < known(g));
}

void group_draw(struct report *r, const struct group *g, uint32_t columns)
{
	char bar[BAR + 1];
	uint32_t full = known(g) ? (uint32_t)((uint64_t)over(g) * BAR / known(g)) : 0;
	struct buf line = { 0 };
	int width = columns > 90 ? 24 : 12;

	memset(bar, '.', BAR);
	memset(bar, '#', full < BAR ? full : BAR);
	bar[BAR] = 0;
	buf_printf(&line, "  %-*.*s [%s] %u/%u", width, width, g->name, bar, over(g), known(g));
	put_counts(g, &line);
	buf_printf(&r->out, "%.*s\n", (int)(columns > 1 ? columns - 1 : 1), buf_text(&line));
	buf_finish(&line);
}

void group_tell(struct report *r, const struct group *g)
{
	buf_printf(&r->out, "          %s: %u task%s, %u done", g->name, over(g), over(g) == 1 ? "" : "s", g->done);
	put_counts(g, &r->out);
	buf_putc(&r->out, '\n');
}

void groups_finish(struct report *r)
{
	for (uint32_t i = 0; i < r->groups.len; i++) {
		free(r->groups.at[i]->name);
		free(r->groups.at[i]);
	}
	vec_finish(&r->groups);
	map_finish(&r->by_call);
}
