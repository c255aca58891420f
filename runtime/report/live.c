/* A terminal: lines of what happened above, what runs now below, redrawn in place. Calls of many tasks have one line each. */
#include "runtime/report/inside.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_SHOWN 12
#define REDRAW_MS 100 /* where only counts changed */

static void running_add(struct report *r, const struct run_event *e, const struct group *g)
{
	struct running *x = vec_push(&r->running);
	x->name = strdup(e->task);
	x->group = g;
	x->start_ms = e->time_ms;
}

static void running_drop(struct report *r, const char *name)
{
	for (uint32_t i = 0; i < r->running.len; i++)
		if (strcmp(r->running.at[i].name, name) == 0) {
			free(r->running.at[i].name);
			memmove(&r->running.at[i], &r->running.at[i + 1], (--r->running.len - i) * sizeof r->running.at[0]);
			return;
		}
}

static void erase(struct report *r)
{
	if (r->drawn)
		buf_printf(&r->out, "\033[%uA\033[J", r->drawn);
	r->drawn = 0;
}

static void totals(struct report *r, int64_t now)
{
	const struct run_counts *c = &r->counts;
	uint32_t over = c->done + c->cached + c->failed + c->skipped, rest = c->tasks - over;
	buf_printf(&r->out, "%u/%u tasks", over, c->tasks);
	if (c->cached)
		buf_printf(&r->out, ", %u cached", c->cached);
	if (c->failed)
		buf_printf(&r->out, ", %u failed", c->failed);
	buf_puts(&r->out, "  ");
	report_duration(now - r->started_ms, &r->out);
	if (c->done >= 3 && rest > 0) {
		buf_puts(&r->out, ", about ");
		report_duration((now - r->started_ms) * rest / c->done, &r->out);
		buf_puts(&r->out, " left");
	}
	buf_putc(&r->out, '\n');
	r->drawn++;
}

static void draw_running(struct report *r, int64_t now, uint32_t columns)
{
	int width = columns > 30 ? (int)columns - 16 : 14;
	uint32_t shown = 0, alone = 0;

	for (uint32_t i = 0; i < r->running.len; i++) {
		if (r->running.at[i].group && r->running.at[i].group->many)
			continue;
		if (alone++ >= MAX_SHOWN)
			continue;
		buf_printf(&r->out, "  %-*.*s ", width, width, r->running.at[i].name);
		report_duration(now - r->running.at[i].start_ms, &r->out);
		buf_putc(&r->out, '\n');
		shown++;
	}
	if (alone > shown) {
		buf_printf(&r->out, "  and %u more\n", alone - shown);
		shown++;
	}
	r->drawn += shown;
}

static void draw_groups(struct report *r, uint32_t columns)
{
	uint32_t shown = 0, n = 0;

	for (uint32_t i = 0; i < r->groups.len; i++) {
		if (!group_goes_on(r->groups.at[i]) || n++ >= MAX_SHOWN)
			continue;
		group_draw(r, r->groups.at[i], columns);
		shown++;
	}
	if (n > shown) {
		buf_printf(&r->out, "  and %u more calls\n", n - shown);
		shown++;
	}
	r->drawn += shown;
}

static void draw(struct report *r)
{
	int64_t now = report_now_ms();
	uint32_t columns = r->o.columns ? r->o.columns(r->o.ctx) : 80;

	draw_running(r, now, columns);
	draw_groups(r, columns);
	totals(r, now);
	r->drawn_ms = now;
}

static void tell_groups(struct report *r)
{
	for (uint32_t i = 0; i < r->groups.len && !r->o.quiet; i++)
		if (r->groups.at[i]->many)
			group_tell(r, r->groups.at[i]);
}

void report_live(struct report *r, const struct run_event *e)
{
	struct group *g;
	bool folded = group_hear(r, e, &g), last = folded && group_falls_silent(g, e);

	if (e->kind == EVENT_TASK_DONE || e->kind == EVENT_TASK_FAILED || e->kind == EVENT_TASK_RETRIED || e->kind == EVENT_TASK_CANCELLED)
		running_drop(r, e->task);
	if (folded && !last && report_now_ms() - r->drawn_ms < REDRAW_MS)
		return;
	erase(r);
	if (last)
		group_tell_silence(r, g);
	else if (e->kind == EVENT_TASK_STARTED && !folded)
		running_add(r, e, g);
	else if (e->kind == EVENT_RUN_DONE)
		tell_groups(r);
	if (!folded && e->kind != EVENT_TASK_STARTED)
		report_line(r, e);
	if (e->kind != EVENT_RUN_DONE && !r->o.quiet)
		draw(r);
}

void report_live_tick(void *ctx)
{
	struct report *r = ctx;
	buf_clear(&r->out);
	erase(r);
	draw(r);
	if (write(r->o.fd, buf_text(&r->out), r->out.len) < 0)
		r->drawn = 0;
}
