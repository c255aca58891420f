/* Bars over time, a band for each step: tasks in rows as tightly as they fit; of thousands, how many ran at once. */
#include "compiler/base/arena.h"
#include "runtime/page/page.h"
#include "runtime/report/report.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 1000.0
#define LEFT 190.0
#define RIGHT 20.0
#define TOP 34.0
#define ROW 14.0
#define GAP 8.0
#define MAX_ROWS 24  /* of a band; above that it is drawn as an area */
#define MAX_BARS 600
#define STEPS 200    /* of an area */

static const struct { enum task_state state; const char *class; } classes[] = {
	{ TASK_DONE, "done" }, { TASK_FAILED, "failed" }, { TASK_RUNNING, "running" }, { TASK_CANCELLED, "other" }, { TASK_ADOPTED, "other" },
};

struct line { const struct page *p; struct arena arena; struct buf *b; int64_t from, to; double y; };
struct bar { const struct journal_task *task; int64_t start, end, band; uint32_t row; }; /* band: when the first of its step began */

static double x_of(const struct line *l, int64_t ms)
{
	return LEFT + (WIDTH - LEFT - RIGHT) * (double)(ms - l->from) / (double)(l->to - l->from);
}

static int by_step_and_start(const void *a, const void *b)
{
	const struct bar *x = a, *y = b;
	int order = strcmp(x->task->step, y->task->step);
	return order ? order : x->start < y->start ? -1 : x->start > y->start ? 1 : strcmp(x->task->name, y->task->name);
}

static int by_band(const void *a, const void *b)
{
	const struct bar *x = a, *y = b;
	return x->band < y->band ? -1 : x->band > y->band ? 1 : by_step_and_start(a, b);
}

static struct bar *bars_of(struct line *l, uint32_t *ret_len)
{
	const struct page *p = l->p;
	struct bar *bars = arena_new_n(&l->arena, struct bar, p->n_tasks + 1);
	uint32_t n = 0;
	l->from = INT64_MAX;
	l->to = 0;
	for (uint32_t i = 0; i < p->n_tasks; i++) {
		const struct journal_task *t = &p->tasks[i];
		if (!t->step || t->number == 0 || t->start_ms == 0)
			continue;
		bars[n] = (struct bar){ .task = t, .start = t->start_ms, .end = t->end_ms ? t->end_ms : p->now_ms };
		l->from = bars[n].start < l->from ? bars[n].start : l->from;
		l->to = bars[n].end > l->to ? bars[n].end : l->to;
		n++;
	}
	if (l->to <= l->from)
		l->to = l->from + 1;
	qsort(bars, n, sizeof *bars, by_step_and_start);
	for (uint32_t i = 0; i < n; i++)
		bars[i].band = i > 0 && strcmp(bars[i].task->step, bars[i - 1].task->step) == 0 ? bars[i - 1].band : bars[i].start;
	qsort(bars, n, sizeof *bars, by_band);
	*ret_len = n;
	return bars;
}

/* The first row that is free again; gives their number. */
static uint32_t pack(struct line *l, struct bar *bars, uint32_t n)
{
	int64_t *free_at = arena_new_n(&l->arena, int64_t, n);
	uint32_t rows = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t r = 0;
		while (r < rows && r < MAX_ROWS && free_at[r] > bars[i].start)
			r++;
		if (r == rows)
			rows++;
		free_at[r] = bars[i].end;
		bars[i].row = r;
		if (rows > MAX_ROWS)
			return rows;
	}
	return rows;
}

static const char *class_of(enum task_state s)
{
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		if (classes[i].state == s)
			return classes[i].class;
	return "other";
}

static void put_bar(struct line *l, const struct bar *bar)
{
	double x = x_of(l, bar->start), w = x_of(l, bar->end) - x;
	buf_printf(l->b, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"2\"><title>", class_of(bar->task->state), x,
		   l->y + bar->row * ROW + 1, w < 1.5 ? 1.5 : w, ROW - 2);
	page_escape(bar->task->name, l->b);
	buf_printf(l->b, ": %s, ", task_state_name(bar->task->state));
	report_duration(bar->end - bar->start, l->b);
	if (bar->task->attempt > 1)
		buf_printf(l->b, ", attempt %u", bar->task->attempt);
	buf_puts(l->b, "</title></rect>\n");
}

/* How many ran at once. */
static double put_area(struct line *l, const struct bar *bars, uint32_t n)
{
	uint32_t at_once[STEPS] = { 0 }, most = 1;
	double height = ROW * 5;
	for (uint32_t i = 0; i < n; i++) {
		int64_t span = l->to - l->from;
		uint32_t a = (uint32_t)((bars[i].start - l->from) * (STEPS - 1) / span), b = (uint32_t)((bars[i].end - l->from) * (STEPS - 1) / span);
		for (uint32_t k = a; k <= b && k < STEPS; k++)
			most = ++at_once[k] > most ? at_once[k] : most;
	}
	buf_printf(l->b, "<path class=\"done\" d=\"M%.1f %.1f", LEFT, l->y + height);
	for (uint32_t k = 0; k < STEPS; k++)
		buf_printf(l->b, "L%.1f %.1f", LEFT + (WIDTH - LEFT - RIGHT) * k / (STEPS - 1), l->y + height * (1 - (double)at_once[k] / most));
	buf_printf(l->b, "L%.1f %.1fZ\"><title>up to %u at once</title></path>\n", WIDTH - RIGHT, l->y + height, most);
	buf_printf(l->b, "<text class=\"small\" x=\"%.1f\" y=\"%.1f\">up to %u at once</text>\n", LEFT + 4, l->y + 10, most);
	return height;
}

static void put_band(struct line *l, struct bar *bars, uint32_t n)
{
	uint32_t rows = pack(l, bars, n);
	buf_printf(l->b, "<text x=\"8\" y=\"%.1f\">", l->y + ROW - 3);
	char name[40];
	snprintf(name, sizeof name, "%.24s", bars[0].task->step);
	page_escape(name, l->b);
	if (n > 1)
		buf_printf(l->b, " <tspan class=\"small\">%u tasks</tspan>", n);
	buf_puts(l->b, "</text>\n");
	double height = rows * ROW;
	if (rows > MAX_ROWS || n > MAX_BARS)
		height = put_area(l, bars, n);
	else
		for (uint32_t i = 0; i < n; i++)
			put_bar(l, &bars[i]);
	l->y += height + GAP;
	buf_printf(l->b, "<line class=\"rule\" x1=\"0\" y1=\"%.1f\" x2=\"%.0f\" y2=\"%.1f\"/>\n", l->y - GAP / 2, WIDTH, l->y - GAP / 2);
}

/* Five to ten round steps. */
static int64_t tick_ms(int64_t span)
{
	static const int64_t round_ms[] = { 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 15000, 30000, 60000, 120000, 300000, 600000,
		900000, 1800000, 3600000, 7200000, 14400000, 21600000, 43200000, 86400000, 172800000, 604800000 };
	for (size_t i = 0; i < sizeof round_ms / sizeof *round_ms; i++)
		if (span / round_ms[i] < 10)
			return round_ms[i];
	return span / 8 + 1;
}

static void put_axis(struct line *l, double bottom)
{
	int64_t step = tick_ms(l->to - l->from);
	for (int64_t t = 0; t <= l->to - l->from; t += step) {
		double x = x_of(l, l->from + t);
		buf_printf(l->b, "<line class=\"rule\" x1=\"%.1f\" y1=\"%.0f\" x2=\"%.1f\" y2=\"%.1f\"/><text class=\"small\" x=\"%.1f\" y=\"%.0f\">", x, TOP - 8, x, bottom,
			   x + 2, TOP - 12);
		report_duration(t, l->b);
		buf_puts(l->b, "</text>\n");
	}
}

void page_timeline(const struct page *p, struct buf *ret)
{
	struct buf body = { 0 };
	struct line l = { .p = p, .b = &body, .y = TOP };
	uint32_t n;
	struct bar *bars = bars_of(&l, &n);
	for (uint32_t i = 0, k; i < n; i = k) {
		for (k = i; k < n && strcmp(bars[k].task->step, bars[i].task->step) == 0; k++)
			;
		put_band(&l, bars + i, k - i);
	}
	if (n == 0)
		buf_printf(&body, "<text x=\"8\" y=\"%.0f\">nothing has run yet</text>\n", TOP);
	l.y += n == 0 ? ROW : 0;
	buf_printf(ret, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" class=\"timeline\">\n", WIDTH, l.y, WIDTH, l.y);
	buf_puts(ret, "<style>.timeline text{font:12px sans-serif;fill:#24292f}.timeline .small{font-size:10px;fill:#6e7781}.timeline .rule{stroke:#d0d7de;stroke-width:.7}"
		      ".timeline .done{fill:#4c9a6a}.timeline .failed{fill:#cf4a3f}.timeline .running{fill:#3f7fbf}.timeline .other{fill:#9aa3ad}</style>\n"
		      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
	l.b = ret;
	if (n > 0)
		put_axis(&l, l.y - GAP / 2);
	buf_add(ret, buf_text(&body), body.len);
	buf_puts(ret, "</svg>\n");
	buf_finish(&body);
	arena_finish(&l.arena);
}
