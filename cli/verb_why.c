/* why: why a task ran, or did not: the first part of its key that differs from the time before. */
#include "cli/state.h"
#include <string.h>

struct why { const char *state, *reason, *component, *before, *now; };

static void find_difference(struct cli *c, struct journal *j, const struct journal_task *t, struct why *w)
{
	const char *keys[2], *before, *now;
	uint32_t n = journal_task_keys(j, &c->arena, t->workflow, t->name, keys);
	/* The last key may be of a task that did not end well, and so is not among these. */
	uint32_t other = n > 0 && t->key && strcmp(keys[0], t->key) == 0 ? 1 : 0;
	if (other >= n || !t->key)
		return;
	before = journal_key_get(j, &c->arena, keys[other]);
	now = journal_key_get(j, &c->arena, t->key);
	if (before && now)
		run_component_differs(&c->arena, before, now, &w->component, &w->before, &w->now);
}

static void print_text(struct cli *c, const struct journal_task *t, const struct why *w)
{
	printf("%s: %s", t->name, w->state);
	if (w->reason)
		printf(", because %s", w->reason);
	putchar('\n');
	bool here = !t->lane || strcmp(t->lane, "local:") == 0;
	if (t->waits && (t->state == TASK_RUNNING || t->state == TASK_READY))
		printf("  waits%s%s since %s: %s\n", here ? "" : " at ", here ? "" : t->lane, cli_time(c, t->start_ms), t->waits);
	if (w->component)
		printf("  %s\n    before: %s\n    now:    %s\n", w->component, w->before ? w->before : "(none)", w->now ? w->now : "(none)");
	if (t->place)
		printf("  at %s\n", t->place);
}

static void print_json(struct cli *c, const struct journal_task *t, const struct why *w)
{
	struct arena *a = &c->arena;
	struct doc *d = doc_map(a);
	doc_set(a, d, "task", doc_string(a, t->name));
	doc_set(a, d, "state", doc_string(a, w->state));
	doc_set(a, d, "reason", w->reason ? doc_string(a, w->reason) : doc_null(a));
	doc_set(a, d, "component", w->component ? doc_string(a, w->component) : doc_null(a));
	doc_set(a, d, "before", w->before ? doc_string(a, w->before) : doc_null(a));
	doc_set(a, d, "now", w->now ? doc_string(a, w->now) : doc_null(a));
	if (t->waits)
		doc_set(a, d, "waits", doc_string(a, t->waits));
	if (t->place)
		doc_set(a, d, "place", doc_string(a, t->place));
	cli_print_doc(c, d);
}

int verb_why(struct cli *c)
{
	const char *file = cli_file(c);
	struct journal_task t;
	struct why w = { 0 };
	int code = CLI_USAGE;
	if (!file)
		return code;
	struct journal *j = cli_journal_look(c, cli_state(c, file), &code);
	if (!j)
		return code;
	if (!cli_task(c, j, false, &t)) {
		code = cli_fail("no task `%s` is recorded; `twinc status` lists them, also those next in line", c->subject);
	} else {
		w.state = task_state_name(t.state);
		w.reason = t.reason;
		find_difference(c, j, &t, &w);
		if (c->json)
			print_json(c, &t, &w);
		else
			print_text(c, &t, &w);
		code = CLI_DONE;
	}
	journal_close(j);
	return code;
}
