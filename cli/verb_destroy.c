/* destroy: take down what apply made for this twin, and say what stays. */
#include "cli/infra.h"
#include <errno.h>
#include <string.h>

static void say_what_stays(struct cli *c, const struct plan *plan)
{
	if (c->quiet)
		return;
	for (uint32_t i = 0; i < plan->n_things; i++) {
		const struct plan_thing *t = &plan->things[i];
		if (strcmp(t->role, "infra") == 0 && !doc_text(doc_get(t->attributes, "manager"), NULL))
			fprintf(stderr, "stays    %s  %s: this twin did not make it\n", t->name, t->kind);
	}
	fprintf(stderr, "stays    what runs recorded, and results: remove .twin and results where nobody wants them any more\n");
}

static int destroy(struct cli *c, const struct plan *plan, const char *state)
{
	uint32_t n;
	int code;
	struct journal *j = cli_journal_write(c, state, &code);
	struct infra *in = j ? cli_infra_open(c, plan, state, j) : NULL;
	code = CLI_WRONG;
	if (in && cli_infra_compare(c, in, INFRA_QUICK, true, &n)) {
		bool any = n > 0;
		for (uint32_t i = 0; i < infra_stack_len(in); i++)
			any = any || infra_stack(in, i)->known;
		code = any ? cli_infra_carry_out(c, in, plan, "This takes down all infrastructure that this twin made; what is on it is lost.") : CLI_DONE;
		if (code == CLI_DONE && !any && !c->quiet)
			fprintf(stderr, "nothing to take down: this twin has made no infrastructure\n");
		if (code == CLI_DONE)
			say_what_stays(c, plan);
	}
	infra_destroy(in);
	journal_close(j);
	return code;
}

int verb_destroy(struct cli *c)
{
	struct cli_lock lock = { -1, 0, 0 };
	const char *state;
	int code;
	struct plan *plan = cli_infra_plan(c, &state, &code);
	if (!plan)
		return code;
	int e = file_mkdirs(state);
	if (!e)
		e = cli_lock_take(c, state, &lock);
	code = e ? cli_locked(c, e, state, &lock) : destroy(c, plan, state);
	if (!e)
		cli_lock_release(&lock);
	plan_destroy(plan);
	return code;
}
