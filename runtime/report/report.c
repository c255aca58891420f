/* From events to one of the styles. */
#include "compiler/base/bug.h"
#include "runtime/report/inside.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int64_t report_now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void report_duration(int64_t ms, struct buf *ret)
{
	if (ms < 0) /* across a clock that was set back */
		ms = 0;
	int64_t s = ms / 1000;
	if (ms < 1000)
		buf_printf(ret, "%" PRId64 "ms", ms);
	else if (ms < 10000)
		buf_printf(ret, "%" PRId64 ".%" PRId64 "s", s, ms % 1000 / 100);
	else if (s < 60)
		buf_printf(ret, "%" PRId64 "s", s);
	else if (s < 3600)
		buf_printf(ret, "%" PRId64 "m%02" PRId64 "s", s / 60, s % 60);
	else
		buf_printf(ret, "%" PRId64 "h%02" PRId64 "m", s / 3600, s % 3600 / 60);
}

void report_time(int64_t ms, struct buf *ret)
{
	time_t s = (time_t)(ms / 1000);
	struct tm tm;
	gmtime_r(&s, &tm);
	buf_printf(ret, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		   (int)(ms % 1000));
}

struct report *report_create(const struct report_options *o)
{
	struct report *r = calloc(1, sizeof *r);
	if (!r)
		bug_out_of_memory();
	r->o = *o;
	r->started_ms = report_now_ms();
	return r;
}

void report_destroy(struct report *r)
{
	if (!r)
		return;
	for (uint32_t i = 0; i < r->running.len; i++)
		free(r->running.at[i].name);
	vec_finish(&r->running);
	groups_finish(r);
	buf_finish(&r->out);
	free(r);
}

static void hear(const struct run_event *e, void *ctx)
{
	struct report *r = ctx;
	buf_clear(&r->out);
	r->counts = e->counts;
	switch (r->o.style) {
	case REPORT_LINES: report_line(r, e); break;
	case REPORT_LIVE: report_live(r, e); break;
	case REPORT_JSON: report_json(r, e); break;
	}
	for (size_t at = 0; at < r->out.len;) {
		ssize_t n = write(r->o.fd, r->out.text + at, r->out.len - at);
		if (n < 0 && errno != EINTR)
			return; /* nobody listens any more; the run goes on */
		at += n > 0 ? (size_t)n : 0;
	}
}

struct run_listener report_listener(struct report *r)
{
	return (struct run_listener){ hear, r->o.style == REPORT_LIVE && !r->o.quiet ? report_live_tick : NULL, r };
}
