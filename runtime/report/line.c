/* A line an event. */
#include "runtime/report/inside.h"
#include <inttypes.h>
#include <string.h>

static void word(struct report *r, const char *text, const char *colour)
{
	if (r->o.colour && colour)
		buf_printf(&r->out, "\033[%sm%-9s\033[0m ", colour, text);
	else
		buf_printf(&r->out, "%-9s ", text);
}

/* Names and reasons may hold what a file or a program gave: nothing of it may steer a terminal. */
static void plain(struct report *r, const char *text)
{
	for (; *text; text++)
		buf_putc(&r->out, (unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

static void task_line(struct report *r, const struct run_event *e, const char *what, const char *colour, bool reason)
{
	word(r, what, colour);
	plain(r, e->task);
	if (e->attempt > 1)
		buf_printf(&r->out, " (attempt %u)", e->attempt);
	if (e->duration_ms >= 0) {
		buf_puts(&r->out, "  ");
		report_duration(e->duration_ms, &r->out);
	}
	if (reason && e->text) {
		buf_puts(&r->out, "  ");
		plain(r, e->text);
	}
	buf_putc(&r->out, '\n');
}

static void summary(struct report *r, const struct run_event *e)
{
	const struct run_counts *c = &e->counts;
	const struct { uint32_t n; const char *name; } parts[] = {
		{ c->done, "done" }, { c->cached, "cached" }, { c->failed, "failed" }, { c->skipped, "skipped" },
		{ c->cancelled, "cancelled" }, { c->gated, "held by gates" },
	};
	bool good = strcmp(e->text, "done") == 0;
	word(r, e->text, good ? "1;32" : "1;31");
	buf_printf(&r->out, "%s: %u task%s", e->workflow, c->tasks, c->tasks == 1 ? "" : "s");
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (parts[i].n)
			buf_printf(&r->out, ", %u %s", parts[i].n, parts[i].name);
	buf_puts(&r->out, "  ");
	report_duration(e->duration_ms, &r->out);
	buf_putc(&r->out, '\n');
}

static void problem(struct report *r, const struct run_event *e)
{
	if (e->diag && r->o.show)
		r->o.show(e->diag, r->o.colour, &r->out);
}

void report_line(struct report *r, const struct run_event *e)
{
	if (r->o.quiet && e->kind != EVENT_PROBLEM)
		return;
	switch (e->kind) {
	case EVENT_RUN_STARTED:
		word(r, "run", "1");
		buf_printf(&r->out, "%" PRId64 " of %s\n", e->run, e->workflow);
		return;
	case EVENT_TASK_READY: return;
	case EVENT_TASK_STARTED: task_line(r, e, "started", NULL, r->o.verbose); return;
	case EVENT_TASK_CACHED:
		if (r->o.verbose)
			task_line(r, e, "cached", "2", false);
		return;
	case EVENT_TASK_DONE: task_line(r, e, "done", "32", false); return;
	case EVENT_TASK_FAILED: task_line(r, e, "failed", "31", true); return;
	case EVENT_TASK_RETRIED: task_line(r, e, "retry", "33", true); return;
	case EVENT_TASK_SKIPPED: task_line(r, e, "skipped", "33", true); return;
	case EVENT_TASK_CANCELLED: task_line(r, e, "cancelled", "33", false); return;
	case EVENT_GATE:
		word(r, "gate", "35");
		plain(r, e->task);
		buf_puts(&r->out, "  ");
		plain(r, e->text);
		buf_putc(&r->out, '\n');
		return;
	case EVENT_PROBLEM: problem(r, e); return;
	case EVENT_IMAGE:
		word(r, "waiting", "33");
		buf_puts(&r->out, "for the image ");
		plain(r, e->task);
		buf_puts(&r->out, ", which is pulled\n");
		return;
	case EVENT_OUTPUT:
		word(r, "output", "36");
		plain(r, e->task);
		buf_puts(&r->out, " = ");
		plain(r, e->text);
		buf_putc(&r->out, '\n');
		return;
	case EVENT_RUN_DONE: summary(r, e); return;
	case EVENT_KINDS: return;
	}
}
