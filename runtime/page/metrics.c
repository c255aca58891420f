#include "compiler/base/arena.h"
#include "runtime/page/page.h"
#include <inttypes.h>
#include <string.h>

/* A label's value: backslash, quote and newline are escaped. */
static void put_label(const char *text, struct buf *b)
{
	for (; text && *text; text++)
		switch (*text) {
		case '\\': buf_puts(b, "\\\\"); break;
		case '"': buf_puts(b, "\\\""); break;
		case '\n': buf_puts(b, "\\n"); break;
		default: buf_putc(b, *text);
		}
}

static void put_name(const struct page *p, const char *name, const char *label, const char *value, struct buf *b)
{
	buf_printf(b, "%s{twin=\"", name);
	put_label(p->twin, b);
	buf_puts(b, "\",workflow=\"");
	put_label(p->run->workflow, b);
	if (label) {
		buf_printf(b, "\",%s=\"", label);
		put_label(value, b);
	}
	buf_puts(b, "\"} ");
}

static void put_help(const char *name, const char *type, const char *help, struct buf *b)
{
	buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_tasks(const struct page *p, struct buf *b)
{
	uint32_t counts[TASK_STATES] = { 0 };
	for (uint32_t i = 0; i < p->n_tasks; i++)
		if (p->tasks[i].state < TASK_STATES)
			counts[p->tasks[i].state]++;
	put_help("twinc_tasks", "gauge", "Tasks of the run by state.", b);
	for (int s = 0; s < TASK_STATES; s++) {
		put_name(p, "twinc_tasks", "state", task_state_name((enum task_state)s), b);
		buf_printf(b, "%u\n", counts[s]);
	}
}

static void put_run(const struct page *p, struct buf *b)
{
	int64_t end = p->run->end_ms ? p->run->end_ms : p->now_ms;
	put_help("twinc_run_number", "gauge", "Number of the run.", b);
	put_name(p, "twinc_run_number", NULL, NULL, b);
	buf_printf(b, "%" PRId64 "\n", p->run->id);
	put_help("twinc_run_start_timestamp_seconds", "gauge", "When the run began, in seconds since 1970.", b);
	put_name(p, "twinc_run_start_timestamp_seconds", NULL, NULL, b);
	buf_printf(b, "%.3f\n", (double)p->run->start_ms / 1000);
	put_help("twinc_run_duration_seconds", "gauge", "How long the run took, or has taken so far.", b);
	put_name(p, "twinc_run_duration_seconds", NULL, NULL, b);
	buf_printf(b, "%.3f\n", (double)(end - p->run->start_ms) / 1000);
	put_help("twinc_run_state", "gauge", "1 for the state that the run is in.", b);
	put_name(p, "twinc_run_state", "state", p->state, b);
	buf_puts(b, "1\n");
}

static void put_steps(const struct page *p, struct buf *b)
{
	struct arena a = { 0 };
	uint32_t n;
	const struct usage *u = page_usage(p, &a, &n);
	if (n > 0)
		put_help("twinc_step_seconds_max", "gauge", "Longest task of the step.", b);
	for (uint32_t i = 0; i < n; i++) {
		put_name(p, "twinc_step_seconds_max", "step", u[i].step, b);
		buf_printf(b, "%.3f\n", (double)u[i].max_ms / 1000);
	}
	if (n > 0)
		put_help("twinc_step_memory_bytes_max", "gauge", "Most memory that a process of the step held; 0 where it was not measured.", b);
	for (uint32_t i = 0; i < n; i++) {
		put_name(p, "twinc_step_memory_bytes_max", "step", u[i].step, b);
		buf_printf(b, "%" PRIu64 "\n", u[i].peak_bytes);
	}
	arena_finish(&a);
}

static void put_gates(const struct page *p, struct buf *b)
{
	if (p->n_gates > 0)
		put_help("twinc_gate_passed", "gauge", "Whether the gate passed when it was judged last.", b);
	for (uint32_t i = 0; i < p->n_gates; i++) {
		put_name(p, "twinc_gate_passed", "gate", p->gates[i].name, b);
		buf_printf(b, "%d\n", strcmp(p->gates[i].state, "passed") == 0 || strcmp(p->gates[i].state, "approved") == 0);
	}
}

void page_metrics(const struct page *p, struct buf *ret)
{
	put_run(p, ret);
	put_tasks(p, ret);
	put_steps(p, ret);
	put_gates(p, ret);
}
