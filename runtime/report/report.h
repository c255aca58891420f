/* The stream of a run's events, for eyes and for programs. Text goes to a file descriptor that the caller gives. */
#ifndef TWINC_REPORT_REPORT_H
#define TWINC_REPORT_REPORT_H
#include "compiler/base/buf.h"
#include "runtime/run/event.h"

enum report_style {
	REPORT_LINES, /* a line an event, for logs */
	REPORT_LIVE,  /* a terminal: what runs now stands at the bottom and moves */
	REPORT_JSON,  /* an object a line */
};
struct report_options {
	enum report_style style;
	int fd;
	bool colour, quiet, verbose; /* quiet: only problems */
	struct sources *sources;     /* of the plan */
	void (*show)(const struct diag *d, bool colour, struct buf *ret); /* how a diagnostic looks */
	uint32_t (*columns)(void *ctx); /* of the terminal, asked at each drawing; NULL: 80 */
	void *ctx;
};
struct report;
struct report *report_create(const struct report_options *o);
void report_destroy(struct report *r); /* accepts NULL */
struct run_listener report_listener(struct report *r);

/* "300ms", "1.2s", "12s", "4m07s", "2h05m" */
void report_duration(int64_t ms, struct buf *ret);
int64_t report_now_ms(void); /* the time of day, in ms since 1970 */
/* "2026-03-01T12:00:00.250Z" */
void report_time(int64_t ms, struct buf *ret);
#endif
