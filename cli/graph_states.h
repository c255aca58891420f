/* What the journal knows about the nodes of a plan, for its picture. */
#ifndef TWINC_CLI_GRAPH_STATES_H
#define TWINC_CLI_GRAPH_STATES_H
#include "cli/cli.h"
#include "targets/graph.h"
/* One per node of the plan, in the arena of `c`; NULL where there is no journal. */
enum graph_state *graph_states_read(struct cli *c, const char *file, const struct plan *plan);
#endif
