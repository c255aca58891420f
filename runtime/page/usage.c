#include "compiler/base/arena.h"
#include "runtime/page/page.h"
#include <stdlib.h>
#include <string.h>

#define MARGIN 1.3                        /* of memory, over what was measured */
#define GRAIN ((uint64_t)64 << 20)        /* suggestions are whole numbers of it */

static bool ran(const struct journal_task *t)
{
	return t->step && t->number > 0 && t->start_ms > 0 && t->end_ms > 0;
}

static int by_step(const void *a, const void *b)
{
	const struct journal_task *x = *(const struct journal_task *const *)a, *y = *(const struct journal_task *const *)b;
	int order = strcmp(x->step, y->step);
	int64_t dx = x->end_ms - x->start_ms, dy = y->end_ms - y->start_ms;
	return order ? order : dx < dy ? -1 : dx > dy;
}

/* A limit far above what was needed keeps others from running; one near it may break the next run. */
static uint64_t suggest(uint64_t limit, uint64_t peak)
{
	uint64_t enough = ((uint64_t)((double)peak * MARGIN) / GRAIN + 1) * GRAIN;
	if (limit == 0 || peak == 0 || (enough * 2 > limit && enough <= limit))
		return 0;
	return enough;
}

/* Of the sorted tasks of one step. */
static struct usage use_of(const struct journal_task *const *t, uint32_t n)
{
	struct usage u = { .step = t[0]->step, .n = n };
	u.min_ms = t[0]->end_ms - t[0]->start_ms;
	u.median_ms = t[n / 2]->end_ms - t[n / 2]->start_ms;
	u.max_ms = t[n - 1]->end_ms - t[n - 1]->start_ms;
	for (uint32_t i = 0; i < n; i++) {
		u.total_ms += t[i]->end_ms - t[i]->start_ms;
		u.n_measured += t[i]->peak_bytes > 0;
		u.peak_bytes = t[i]->peak_bytes > u.peak_bytes ? t[i]->peak_bytes : u.peak_bytes;
		u.memory_bytes = t[i]->memory_bytes > u.memory_bytes ? t[i]->memory_bytes : u.memory_bytes;
		u.cpus = t[i]->cpus > u.cpus ? t[i]->cpus : u.cpus;
	}
	u.suggested_bytes = suggest(u.memory_bytes, u.peak_bytes);
	return u;
}

struct usage *page_usage(const struct page *p, struct arena *a, uint32_t *ret_len)
{
	const struct journal_task **sorted = arena_new_n(a, const struct journal_task *, p->n_tasks + 1);
	struct usage *list = arena_new_n(a, struct usage, p->n_tasks + 1);
	uint32_t n = 0, len = 0;
	for (uint32_t i = 0; i < p->n_tasks; i++)
		if (ran(&p->tasks[i]))
			sorted[n++] = &p->tasks[i];
	qsort(sorted, n, sizeof *sorted, by_step);
	for (uint32_t i = 0, k; i < n; i = k) {
		for (k = i; k < n && strcmp(sorted[k]->step, sorted[i]->step) == 0; k++)
			;
		list[len++] = use_of(sorted + i, k - i);
	}
	*ret_len = len;
	return list;
}
