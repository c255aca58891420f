/* drift: what is there, against what the twin wants; read-only, and each machine is looked at. */
#include "cli/infra.h"

static int drift(struct cli *c, const struct plan *plan, const char *state, struct journal *j)
{
	struct arena *a = &c->arena;
	uint32_t n;
	int code = CLI_WRONG;
	struct infra *in = cli_infra_open(c, plan, state, j);
	if (!in)
		return code;
	bool ok = cli_infra_compare(c, in, INFRA_DRIFT, false, &n);
	for (uint32_t i = 0; ok && i < infra_stack_len(in); i++) {
		const struct stack *s = infra_stack(in, i);
		if (s->unasked) {
			code = cli_fail("%s cannot be asked without the secret `%s`: add --secret %s=env:NAME", s->manager, s->unasked, s->unasked);
			ok = false;
		}
	}
	if (ok) {
		code = c->detailed_exitcode && n > 0 ? CLI_DIFFERENT : CLI_DONE;
		if (c->json) {
			struct doc *d = doc_map(a), *list = doc_list(a), *summary = doc_map(a);
			cli_infra_docs(c, in, plan, list, summary);
			doc_set(a, d, "tasks", list);
			doc_set(a, d, "summary", summary);
			cli_print_doc(c, d);
		} else if (!c->quiet) {
			cli_infra_print(c, in, plan);
		}
	}
	infra_destroy(in);
	return code;
}

int verb_drift(struct cli *c)
{
	const char *state;
	int code;
	struct plan *plan = cli_infra_plan(c, &state, &code);
	if (!plan)
		return code;
	struct journal *j = cli_journal_look(c, state, &code);
	if (j)
		code = drift(c, plan, state, j);
	journal_close(j);
	plan_destroy(plan);
	return code;
}
