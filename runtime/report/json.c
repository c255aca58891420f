/* An object a line: docs, "apply --json". */
#include "compiler/doc/doc.h"
#include "runtime/report/inside.h"

static struct doc *place_object(struct report *r, struct arena *a, struct span span)
{
	struct place p = source_place(r->o.sources, span);
	struct doc *d = doc_map(a);
	doc_set_text(a, d, "file", p.path);
	doc_set(a, d, "line", doc_int(a, p.line));
	doc_set(a, d, "column", doc_int(a, p.column));
	return d;
}

static void add_diag(struct report *r, struct arena *a, struct doc *d, const struct diag *diag)
{
	struct buf text = { 0 };
	doc_set(a, d, "code", doc_string(a, diag_code_info(diag->code)->id));
	doc_set(a, d, "message", doc_string(a, diag->message));
	if (diag->labels && diag->labels->span.file)
		doc_set(a, d, "at", place_object(r, a, diag->labels->span));
	if (r->o.show) {
		r->o.show(diag, false, &text);
		doc_set(a, d, "shown", doc_string(a, buf_text(&text)));
	}
	buf_finish(&text);
}

static void add_counts(struct arena *a, struct doc *d, const struct run_counts *c)
{
	struct doc *m = doc_map(a);
	const struct { const char *name; uint32_t n; } parts[] = {
		{ "tasks", c->tasks }, { "done", c->done }, { "cached", c->cached }, { "failed", c->failed }, { "skipped", c->skipped },
		{ "cancelled", c->cancelled }, { "gated", c->gated },
	};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		doc_set(a, m, parts[i].name, doc_int(a, parts[i].n));
	doc_set(a, d, "counts", m);
}

/* What the text of an event is called in its object. */
static const char *text_key(enum run_event_kind k)
{
	switch (k) {
	case EVENT_GATE: return "verdict";
	case EVENT_OUTPUT: return "value";
	case EVENT_RUN_DONE: return "state";
	case EVENT_RUN_STARTED:
	case EVENT_TASK_READY:
	case EVENT_TASK_STARTED:
	case EVENT_TASK_CACHED:
	case EVENT_TASK_DONE:
	case EVENT_TASK_FAILED:
	case EVENT_TASK_RETRIED:
	case EVENT_TASK_SKIPPED:
	case EVENT_TASK_CANCELLED:
	case EVENT_PROBLEM:
	case EVENT_IMAGE:
	case EVENT_KINDS: break;
	}
	return "reason";
}

static const char *name_key(enum run_event_kind k)
{
	return k == EVENT_GATE ? "gate" : k == EVENT_OUTPUT ? "output" : k == EVENT_IMAGE ? "image" : "task";
}

void report_json(struct report *r, const struct run_event *e)
{
	struct arena a = { 0 };
	struct doc *d = doc_map(&a);
	struct buf time = { 0 };
	report_time(e->time_ms, &time);
	doc_set(&a, d, "time", doc_string(&a, buf_text(&time)));
	doc_set(&a, d, "event", doc_string(&a, run_event_name(e->kind)));
	doc_set(&a, d, "run", e->run ? doc_int(&a, e->run) : doc_null(&a));
	doc_set_text(&a, d, "workflow", e->workflow);
	doc_set_text(&a, d, name_key(e->kind), e->task);
	doc_set_text(&a, d, "step", e->step);
	if (e->attempt)
		doc_set(&a, d, "attempt", doc_int(&a, e->attempt));
	doc_set_text(&a, d, text_key(e->kind), e->text);
	if (e->exit >= 0)
		doc_set(&a, d, "exit", doc_int(&a, e->exit));
	if (e->duration_ms >= 0)
		doc_set(&a, d, "duration", doc_float(&a, (double)e->duration_ms / 1000));
	if (e->span.file)
		doc_set(&a, d, "place", place_object(r, &a, e->span));
	doc_set_text(&a, d, "stdout", e->out);
	doc_set_text(&a, d, "stderr", e->err);
	if (e->diag)
		add_diag(r, &a, d, e->diag);
	if (e->kind == EVENT_RUN_DONE)
		add_counts(&a, d, &e->counts);
	doc_json_write(d, 0, &r->out);
	buf_putc(&r->out, '\n');
	buf_finish(&time);
	arena_finish(&a);
}
