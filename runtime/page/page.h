/* A run as people look at it afterwards, or while it goes on: a timeline as SVG, a report as one HTML file that needs nothing else,
 * metrics as Prometheus reads them. Everything that a run or a twin says is escaped; nothing in a page is executed. */
#ifndef TWINC_PAGE_PAGE_H
#define TWINC_PAGE_PAGE_H
#include "compiler/base/buf.h"
#include "runtime/state/journal.h"

struct page {
	const char *twin, *file;           /* name of the twin and of its file */
	const struct journal_run *run;
	const struct journal_task *tasks; uint32_t n_tasks; /* of the run, by name */
	const struct journal_gate *gates; uint32_t n_gates; /* of its workflow, as last seen */
	const char *state;                 /* of the run, in words: "done", "broken off" */
	uint32_t again_s;                  /* the page is to be loaded anew after so long; 0: never */
	int64_t now_ms;                    /* where what still runs ends, in the picture */
	const char *graph;                 /* SVG of the plan with states, or NULL */
	const char *(*log)(const struct journal_task *t, void *ctx); /* the end of what it wrote; or NULL */
	void *ctx;
};
void page_timeline(const struct page *p, struct buf *ret); /* SVG */
void page_html(const struct page *p, struct buf *ret);     /* all of it */
/* Text format 0.0.4 (Prometheus, "Exposition formats"). */
void page_metrics(const struct page *p, struct buf *ret);

/* usage.c: what the tasks of a step asked for and took. */
struct usage {
	const char *step;
	uint32_t n, n_measured, cpus;
	int64_t min_ms, median_ms, max_ms, total_ms;
	uint64_t memory_bytes, peak_bytes; /* limit, 0: none; most that was measured, 0: nothing was */
	uint64_t suggested_bytes;          /* 0: as it is */
};
/* One per step, in order of name; in the arena. */
struct usage *page_usage(const struct page *p, struct arena *a, uint32_t *ret_len);

/* escape.c: text into HTML or SVG, in elements and in quoted attributes; other control characters than newline become a space. */
void page_escape(const char *text, struct buf *ret);
void page_bytes(uint64_t bytes, struct buf *ret); /* "1.5 GiB" */
#endif
