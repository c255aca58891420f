/* An executor and a clock for tests: tasks take the time they are told to and leave what they are told to. */
#ifndef TWINC_TESTS_FAKE_H
#define TWINC_TESTS_FAKE_H
#include "runtime/run/run.h"
#include "tests/run/fixture.h"

struct fake_rule { /* for a task name, or a beginning of one that ends in '*' */
	const char *task;
	uint32_t fails;        /* so many attempts fail first */
	enum executor_outcome outcome; /* of these */
	int code;
	int64_t takes_ms;      /* 0: 1000 */
	const char *out;       /* content of out.txt; NULL: the task's name */
	const char *metrics;   /* content of metrics.json, or NULL */
	bool no_out;
};
struct fake_start { char name[64]; int64_t at_ms; uint32_t cpus; };
struct fake {
	const struct fake_rule *rules; /* end with a NULL task */
	int64_t now_ms;
	struct fake_start starts[256];
	uint32_t n_starts, n_cancels;
	uint32_t cpus_now, cpus_most;
	int64_t cancel_at_ms;  /* the run is cancelled then; 0: never */
	struct fixture fixture;
	struct journal *journal;
	char folder[64], state[80], results[80];
	enum run_verdict verdict;
	struct run_counts counts;
	char codes[256];       /* of all diagnostics: "E0601 E0604 " */
	char gates[512];       /* "gate: blocked: ..." a line */
};
void fake_open(struct fake *f);  /* a folder, a journal, an empty fixture */
void fake_close(struct fake *f);
void fake_apply(struct fake *f, const struct run_options *extra); /* extra: cpus, fail_fast ...; or NULL */
/* A dry run: "name:action " for each task, in order. */
void fake_plan(struct fake *f, char *ret, size_t len);
void fake_approve(struct fake *f, const char *gate); /* what it held last */
bool fake_started(const struct fake *f, const char *name);
const struct fake_start *fake_start_of(const struct fake *f, const char *name, uint32_t nth);
/* A member of the results' output object as JSON text; "" where there is none. */
const char *fake_output(struct fake *f, const char *name);
#endif
