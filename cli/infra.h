/* What the verbs about infrastructure share. */
#ifndef TWINC_CLI_INFRA_H
#define TWINC_CLI_INFRA_H
#include "cli/state.h"
#include "runtime/infra/infra.h"

/* The plan of the twin, for verbs that are about no workflow, and the state folder beside it. NULL: said why. */
struct plan *cli_infra_plan(struct cli *c, const char **ret_state, int *ret_exit);
/* What the twin names managers for, and what was made earlier. journal: or NULL. NULL: said why. */
struct infra *cli_infra_open(struct cli *c, const struct plan *plan, const char *state, struct journal *journal);
/* Compares; true: *ret_n changes. False: a manager could not be asked, which is shown. */
bool cli_infra_compare(struct cli *c, struct infra *in, enum infra_depth depth, bool all_goes, uint32_t *ret_n);
/* A line a change, and below it what differs. */
void cli_infra_print(struct cli *c, struct infra *in, const struct plan *plan);
/* The same as documents: pushed onto a list; and the number of each action, into a map. */
void cli_infra_docs(struct cli *c, struct infra *in, const struct plan *plan, struct doc *list, struct doc *summary);
/* Does the changes; what takes something down is asked for first. The exit code. */
int cli_infra_carry_out(struct cli *c, struct infra *in, const struct plan *plan, const char *question);
/* All of that, before a run of the workflow (PLAN_NONE: none): CLI_DONE to go on, and what infrastructure gives is in the plan. *ret_managed: the
 * twin has such infrastructure. */
int cli_infra_apply(struct cli *c, struct plan *plan, uint32_t workflow, const char *state, struct journal *journal, bool *ret_managed);
/* What the journal knows of infrastructure, for `status`: {"name", "state", "outputs", ...} pushed onto the list. */
void cli_infra_known(struct cli *c, struct journal *j, struct doc *list);
#endif
