/* Workflows that go to an engine as a whole. */
#ifndef TWINC_CLI_WHOLE_H
#define TWINC_CLI_WHOLE_H
#include "cli/state.h"

/* Where the executor hands workflows to an engine as a whole: finds the engine, makes its documents of the workflow and puts them into
 * the options, whose plan, workflow, inputs, state, secrets, option and journal are set. CLI_DONE; CLI_WRONG: it cannot be so, which
 * was said. With another executor it does nothing. */
int cli_whole(struct cli *c, const struct executor *x, struct run_options *o);
#endif
