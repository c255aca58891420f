/* A terminal: lines of what happened above, what runs now below, redrawn in place. */
#include "runtime/report/inside.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_SHOWN 12

static void running_add(struct report *r, const struct run_event *e)
{
	struct running *x = vec_push(&r->running);
	x->name = strdup(e->task);
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

static void draw(struct report *r)
{
	int64_t now = report_now_ms();
	uint32_t columns = r->o.columns ? r->o.columns(r->o.ctx) : 80;
	int width = columns > 30 ? (int)columns - 16 : 14;
	for (uint32_t i = 0; i < r->running.len && i < MAX_SHOWN; i++) {
		buf_printf(&r->out, "  %-*.*s ", width, width, r->running.at[i].name);
		report_duration(now - r->running.at[i].start_ms, &r->out);
		buf_putc(&r->out, '\n');
		r->drawn++;
	}
	if (r->running.len > MAX_SHOWN) {
		buf_printf(&r->out, "  and %u more\n", r->running.len - MAX_SHOWN);
		r->drawn++;
	}
	totals(r, now);
}

void report_live(struct report *r, const struct run_event *e)
{
	erase(r);
	switch (e->kind) {
	case EVENT_TASK_STARTED: running_add(r, e); break;
	case EVENT_TASK_DONE:
	case EVENT_TASK_FAILED:
	case EVENT_TASK_RETRIED:
	case EVENT_TASK_CANCELLED:
		running_drop(r, e->task);
		report_line(r, e);
		break;
	case EVENT_RUN_STARTED:
	case EVENT_TASK_READY:
	case EVENT_TASK_CACHED:
	case EVENT_TASK_SKIPPED:
	case EVENT_GATE:
	case EVENT_PROBLEM:
	case EVENT_IMAGE:
	case EVENT_OUTPUT:
	case EVENT_RUN_DONE:
	case EVENT_KINDS: report_line(r, e); break;
	}
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
