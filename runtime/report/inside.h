/* What the styles share. */
#ifndef TWINC_REPORT_INSIDE_H
#define TWINC_REPORT_INSIDE_H
#include "compiler/base/vec.h"
#include "runtime/report/report.h"

struct running { char *name; int64_t start_ms; };
struct report {
	struct report_options o;
	struct buf out;
	VEC(struct running) running;
	struct run_counts counts;
	int64_t started_ms;
	uint32_t drawn; /* lines of the live region on the screen */
};
void report_line(struct report *r, const struct run_event *e); /* one line about an event, if it deserves one */
void report_json(struct report *r, const struct run_event *e);
void report_live(struct report *r, const struct run_event *e);
void report_live_tick(void *ctx);
#endif
