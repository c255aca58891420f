/* What the styles share. */
#ifndef TWINC_REPORT_INSIDE_H
#define TWINC_REPORT_INSIDE_H
#include "compiler/base/map.h"
#include "compiler/base/vec.h"
#include "runtime/report/report.h"

struct group { /* the tasks of one call */
	char *name;
	bool many; /* they have one line together */
	uint32_t ready, running, done, failed, cached, skipped, cancelled, problems;
};
struct running { char *name; const struct group *group; int64_t start_ms; };
struct report {
	struct report_options o;
	struct buf out;
	VEC(struct running) running;  /* of calls with few tasks */
	VEC(struct group *) groups;   /* in order of appearance */
	struct map by_call;
	struct run_counts counts;
	int64_t started_ms;
	uint32_t drawn; /* lines of the live region on the screen */
	int64_t drawn_ms;
};
void report_line(struct report *r, const struct run_event *e); /* one line about an event, if it deserves one */
void report_json(struct report *r, const struct run_event *e);
void report_live(struct report *r, const struct run_event *e);
void report_live_tick(void *ctx);

/* group.c. Counts the event; true: its group speaks for it, it needs no line of its own. *ret: its group, or NULL. */
bool group_hear(struct report *r, const struct run_event *e, struct group **ret);
/* Whether this is the first problem of many that is not told any more. */
bool group_falls_silent(const struct group *g, const struct run_event *e);
void group_tell_silence(struct report *r, const struct group *g);
bool group_goes_on(const struct group *g);
void group_draw(struct report *r, const struct group *g, uint32_t columns); /* one line, moving */
void group_tell(struct report *r, const struct group *g);                   /* one line, at the end */
void groups_finish(struct report *r);
#endif
