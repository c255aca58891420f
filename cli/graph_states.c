/* The states of a picture's nodes: what the journal says of the last run of each workflow. */
#include "cli/graph_states.h"
#include "cli/state.h"
#include <string.h>

struct states {
	const struct plan *plan;
	uint32_t workflow;
	enum graph_state *of_node;
};

static enum graph_state task_shown(enum task_state s)
{
	switch (s) {
	case TASK_WAITING:
	case TASK_READY:
		return GRAPH_WAITING;
	case TASK_RUNNING:
	case TASK_ADOPTED:
		return GRAPH_RUNNING;
	case TASK_CACHED:
	case TASK_DONE:
		return GRAPH_DONE;
	case TASK_FAILED:
		return GRAPH_FAILED;
	case TASK_SKIPPED:
	case TASK_CANCELLED:
		return GRAPH_SKIPPED;
	case TASK_STATES:
		break;
	}
	return GRAPH_NONE;
}

/* A node may stand for many tasks; the one that matters most is shown. */
static int weight(enum graph_state s)
{
	switch (s) {
	case GRAPH_NONE:
		return 0;
	case GRAPH_DONE:
		return 1;
	case GRAPH_SKIPPED:
		return 2;
	case GRAPH_WAITING:
		return 3;
	case GRAPH_BLOCKED:
		return 4;
	case GRAPH_RUNNING:
		return 5;
	case GRAPH_FAILED:
		return 6;
	}
	return 0;
}

/* "tiles[3]", "fix@2" and "sub.step" are tasks of the nodes `tiles`, `fix` and `sub`. */
static void note(const struct states *s, const char *name, bool gate, enum graph_state state)
{
	size_t len = strcspn(name, ".[@");

	for (uint32_t i = 0; i < s->plan->n_nodes; i++) {
		const struct plan_node *n = &s->plan->nodes[i];
		if (s->plan->blocks[n->block].workflow != s->workflow || (n->kind == PLAN_GATE) != gate)
			continue;
		if (strlen(n->name) == len && memcmp(n->name, name, len) == 0 && weight(state) > weight(s->of_node[i]))
			s->of_node[i] = state;
	}
}

static bool each_task(const struct journal_task *t, void *ctx)
{
	note(ctx, t->name, false, task_shown(t->state));
	return true;
}

static bool each_gate(const struct journal_gate *g, void *ctx)
{
	const struct states *s = ctx;
	bool passed = strcmp(g->state, "passed") == 0 || strcmp(g->state, "warned") == 0;

	if (strcmp(g->workflow, s->plan->workflows[s->workflow].name) == 0)
		note(s, g->name, true, passed ? GRAPH_DONE : strcmp(g->state, "skipped") == 0 ? GRAPH_SKIPPED : GRAPH_BLOCKED);
	return true;
}

/* The journal tells of gates that held something up; in a run that is done all others were passed. */
static void gates_passed(const struct states *s)
{
	for (uint32_t i = 0; i < s->plan->n_nodes; i++) {
		const struct plan_node *n = &s->plan->nodes[i];
		if (n->kind == PLAN_GATE && s->plan->blocks[n->block].workflow == s->workflow && s->of_node[i] == GRAPH_NONE)
			s->of_node[i] = GRAPH_DONE;
	}
}

enum graph_state *graph_states_read(struct cli *c, const char *file, const struct plan *plan)
{
	struct states s = { .plan = plan, .of_node = arena_new_n(&c->arena, enum graph_state, plan->n_nodes + 1) };
	const char *state = cli_state(c, file);
	struct journal_options o = { .path = state ? arena_printf(&c->arena, "%s/journal.db", state) : NULL, .read_only = true };
	struct journal_run run;
	enum journal_fault fault;
	char error[256];
	struct journal *j = state ? journal_open(&o, &fault, error, sizeof(error)) : NULL;

	if (!j)
		return NULL;
	for (s.workflow = 0; s.workflow < plan->n_workflows; s.workflow++) {
		if (!journal_run_last(j, &c->arena, plan->workflows[s.workflow].name, &run))
			continue;
		journal_task_each(j, run.id, each_task, &s);
		journal_gate_each(j, each_gate, &s);
		if (strcmp(run.state, "done") == 0)
			gates_passed(&s);
	}
	journal_close(j);
	return s.of_node;
}
