/* What a run tells: one stream of typed events, after the commit that made each of them true. */
#ifndef TWINC_RUN_EVENT_H
#define TWINC_RUN_EVENT_H
#include "compiler/diag/diag.h"

enum run_event_kind {
	EVENT_RUN_STARTED, EVENT_TASK_READY, EVENT_TASK_STARTED, EVENT_TASK_CACHED, EVENT_TASK_DONE, EVENT_TASK_FAILED,
	EVENT_TASK_RETRIED, EVENT_TASK_SKIPPED, EVENT_TASK_CANCELLED, EVENT_GATE, EVENT_PROBLEM, EVENT_IMAGE /* it is pulled, and what needs it waits */, EVENT_OUTPUT, EVENT_RUN_DONE,
	EVENT_KINDS
};
/* "task_started", as the JSON lines say it. */
const char *run_event_name(enum run_event_kind k);

struct run_counts { uint32_t tasks, running, done, cached, failed, skipped, cancelled, gated; };
struct run_event {
	enum run_event_kind kind;
	int64_t time_ms, run;
	const char *workflow;
	const char *task;        /* or the gate's or output's name; or NULL */
	const char *step, *text; /* text: a reason, a gate's verdict, an output's place, the run's end state; or NULL */
	struct span span;
	uint32_t attempt;
	int64_t duration_ms;     /* of what ended; -1: none */
	int exit;                /* of what failed; -1: none */
	const char *out, *err;   /* logs, or NULL */
	const struct diag *diag; /* why, or NULL */
	struct run_counts counts;
};
struct run_listener {
	void (*hear)(const struct run_event *e, void *ctx); /* or NULL */
	void (*tick)(void *ctx); /* twice a second, for what moves on its own; or NULL */
	void *ctx;
};
#endif
