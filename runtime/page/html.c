#include "compiler/base/arena.h"
#include "runtime/page/page.h"
#include "runtime/report/report.h"
#include <inttypes.h>
#include <string.h>

#define MAX_ROWS 2000 /* tasks in the table */
#define MAX_FAILURES 50

static const char style[] =
	"body{font:15px/1.45 system-ui,sans-serif;color:#24292f;background:#fff;max-width:1080px;margin:2em auto;padding:0 1em}"
	"h1{font-size:1.5em;margin-bottom:.2em}h2{font-size:1.15em;margin-top:2em;border-bottom:1px solid #d0d7de;padding-bottom:.2em}"
	"table{border-collapse:collapse;width:100%;font-size:.92em}th,td{text-align:left;padding:.25em .6em;border-bottom:1px solid #eaeef2;vertical-align:top}"
	"th{color:#57606a;font-weight:600}td.n{text-align:right;font-variant-numeric:tabular-nums}"
	"pre{background:#f6f8fa;border:1px solid #d0d7de;border-radius:6px;padding:.7em;overflow:auto;font-size:.85em}"
	".picture{overflow:auto}.picture svg{max-width:100%;height:auto}"
	".done,.passed,.approved{color:#2d7a4b}.failed,.blocked{color:#b3362c;font-weight:600}.muted{color:#6e7781}"
	".badge{display:inline-block;padding:.1em .6em;border-radius:1em;background:#eaeef2;font-size:.85em}";

static void put_cell(const char *text, struct buf *b)
{
	buf_puts(b, "<td>");
	page_escape(text, b);
	buf_puts(b, "</td>");
}

static void put_duration(int64_t ms, struct buf *b)
{
	buf_puts(b, "<td class=\"n\">");
	if (ms >= 0)
		report_duration(ms, b);
	buf_puts(b, "</td>");
}

static void put_size(uint64_t bytes, struct buf *b)
{
	buf_puts(b, "<td class=\"n\">");
	if (bytes)
		page_bytes(bytes, b);
	buf_puts(b, "</td>");
}

/* "hpc (slurm)" of "slurm:hpc"; "local" of "local:". */
static void put_lane(const char *lane, struct buf *b)
{
	size_t n = lane ? strcspn(lane, ":") : 0;
	if (n > 0 && lane[n] && lane[n + 1]) {
		page_escape(lane + n + 1, b);
		buf_printf(b, " (%.*s)", (int)n, lane);
	} else if (n > 0) {
		buf_printf(b, "%.*s", (int)n, lane);
	}
}

static void put_head(const struct page *p, struct buf *b)
{
	uint32_t counts[TASK_STATES] = { 0 };
	buf_puts(b, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n");
	if (p->again_s)
		buf_printf(b, "<meta http-equiv=\"refresh\" content=\"%u\">\n", p->again_s);
	buf_puts(b, "<title>");
	page_escape(p->run->workflow, b);
	buf_printf(b, ", run %" PRId64 "</title><style>%s</style></head><body>\n<h1>", p->run->id, style);
	page_escape(p->twin, b);
	buf_puts(b, ": ");
	page_escape(p->run->workflow, b);
	buf_printf(b, "</h1>\n<p>Run %" PRId64 " of <code>", p->run->id);
	page_escape(p->file, b);
	buf_puts(b, "</code>: <strong class=\"");
	page_escape(p->state, b);
	buf_puts(b, "\">");
	page_escape(p->state, b);
	buf_puts(b, "</strong>, since ");
	report_time(p->run->start_ms, b);
	if (p->run->end_ms) {
		buf_puts(b, ", in ");
		report_duration(p->run->end_ms - p->run->start_ms, b);
	}
	buf_puts(b, "</p>\n<p>");
	for (uint32_t i = 0; i < p->n_tasks; i++)
		if (p->tasks[i].state < TASK_STATES)
			counts[p->tasks[i].state]++;
	for (int s = 0; s < TASK_STATES; s++)
		if (counts[s])
			buf_printf(b, "<span class=\"badge\">%u %s</span> ", counts[s], task_state_name((enum task_state)s));
	buf_puts(b, "</p>\n");
}

static void put_failures(const struct page *p, struct buf *b)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < p->n_tasks; i++) {
		const struct journal_task *t = &p->tasks[i];
		if (t->state != TASK_FAILED || n++ >= MAX_FAILURES)
			continue;
		if (n == 1)
			buf_puts(b, "<h2>Failures</h2>\n");
		buf_puts(b, "<h3 class=\"failed\">");
		page_escape(t->name, b);
		buf_puts(b, "</h3>\n<p>");
		page_escape(t->reason, b);
		if (t->exit >= 0)
			buf_printf(b, "; exit code %d", t->exit);
		buf_puts(b, " <span class=\"muted\">");
		page_escape(t->place, b);
		buf_puts(b, "</span></p>\n");
		const char *log = p->log && t->number ? p->log(t, p->ctx) : NULL;
		if (log && *log) {
			buf_puts(b, "<pre>");
			page_escape(log, b);
			buf_puts(b, "</pre>\n");
		}
	}
	if (n > MAX_FAILURES)
		buf_printf(b, "<p class=\"muted\">and %u more</p>\n", n - MAX_FAILURES);
}

static void put_gates(const struct page *p, struct buf *b)
{
	if (p->n_gates == 0)
		return;
	buf_puts(b, "<h2>Gates</h2>\n<table><tr><th>gate</th><th>verdict</th><th>with the values</th></tr>\n");
	for (uint32_t i = 0; i < p->n_gates; i++) {
		buf_puts(b, "<tr>");
		put_cell(p->gates[i].name, b);
		buf_puts(b, "<td class=\"");
		page_escape(p->gates[i].state, b);
		buf_puts(b, "\">");
		page_escape(p->gates[i].state, b);
		buf_puts(b, "</td>");
		put_cell(p->gates[i].text, b);
		buf_puts(b, "</tr>\n");
	}
	buf_puts(b, "</table>\n");
}

static void put_usage(const struct page *p, struct buf *b)
{
	struct arena a = { 0 };
	uint32_t n;
	const struct usage *u = page_usage(p, &a, &n);
	if (n > 0)
		buf_puts(b, "<h2>What the steps took</h2>\n<table><tr><th>step</th><th>tasks</th><th>shortest</th><th>median</th><th>longest</th><th>cpus</th>"
			    "<th>memory asked</th><th>most used</th><th>for the next run</th></tr>\n");
	for (uint32_t i = 0; i < n; i++) {
		buf_puts(b, "<tr>");
		put_cell(u[i].step, b);
		buf_printf(b, "<td class=\"n\">%u</td>", u[i].n);
		put_duration(u[i].min_ms, b);
		put_duration(u[i].median_ms, b);
		put_duration(u[i].max_ms, b);
		buf_printf(b, "<td class=\"n\">%u</td>", u[i].cpus);
		put_size(u[i].memory_bytes, b);
		put_size(u[i].peak_bytes, b);
		buf_puts(b, "<td>");
		if (u[i].suggested_bytes)
			buf_printf(b, "<code>memory = %" PRIu64 "MiB</code>", u[i].suggested_bytes >> 20);
		buf_puts(b, "</td></tr>\n");
	}
	if (n > 0)
		buf_puts(b, "</table>\n");
	arena_finish(&a);
}

static void put_tasks(const struct page *p, struct buf *b)
{
	buf_printf(b, "<h2>Tasks</h2>\n<details%s><summary>%u task%s</summary>\n<table><tr><th>task</th><th>state</th><th>took</th><th>where</th><th>why</th></tr>\n",
		   p->n_tasks <= 40 ? " open" : "", p->n_tasks, p->n_tasks == 1 ? "" : "s");
	for (uint32_t i = 0; i < p->n_tasks && i < MAX_ROWS; i++) {
		const struct journal_task *t = &p->tasks[i];
		buf_puts(b, "<tr>");
		put_cell(t->name, b);
		buf_printf(b, "<td class=\"%s\">%s</td>", task_state_name(t->state), task_state_name(t->state));
		put_duration(t->end_ms && t->start_ms ? t->end_ms - t->start_ms : -1, b);
		buf_puts(b, "<td>");
		put_lane(t->lane, b);
		buf_puts(b, "</td>");
		put_cell(t->state == TASK_RUNNING && t->waits ? t->waits : t->state == TASK_DONE ? "" : t->reason, b);
		buf_puts(b, "</tr>\n");
	}
	buf_puts(b, "</table>\n");
	if (p->n_tasks > MAX_ROWS)
		buf_printf(b, "<p class=\"muted\">and %u more: <code>twinc status --json</code> has all</p>\n", p->n_tasks - MAX_ROWS);
	buf_puts(b, "</details>\n");
}

void page_html(const struct page *p, struct buf *ret)
{
	put_head(p, ret);
	put_failures(p, ret);
	put_gates(p, ret);
	buf_puts(ret, "<h2>Timeline</h2>\n<div class=\"picture\">\n");
	page_timeline(p, ret);
	buf_puts(ret, "</div>\n");
	put_usage(p, ret);
	if (p->graph) {
		buf_puts(ret, "<h2>Plan</h2>\n<div class=\"picture\">\n");
		const char *svg = strstr(p->graph, "<svg"); /* without the head of a document */
		buf_puts(ret, svg ? svg : "");
		buf_puts(ret, "</div>\n");
	}
	put_tasks(p, ret);
	buf_puts(ret, "</body></html>\n");
}
