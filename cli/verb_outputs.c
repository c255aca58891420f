/* outputs: what the last successful run gave, as a CWL output object. */
#include "cli/state.h"

int verb_outputs(struct cli *c)
{
	const char *file = cli_file(c), *digest, *stamp, *object;
	struct journal_run run;
	int code = CLI_USAGE;
	if (!file)
		return code;
	struct journal *j = cli_journal_look(c, cli_state(c, file), &code);
	if (!j)
		return code;
	const char *workflow = c->workflow ? c->workflow : journal_run_last(j, &c->arena, NULL, &run) ? run.workflow : "main";
	if (journal_results_get(j, &c->arena, workflow, &digest, &stamp, &object)) {
		printf("%s\n", object);
		code = CLI_DONE;
	} else {
		code = cli_fail("no run of `%s` has succeeded yet", workflow);
	}
	journal_close(j);
	return code;
}
