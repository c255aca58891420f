/* graph: the plan as a picture. */
#include "cli/cli.h"

int verb_graph(struct cli *c)
{
	(void)c;
	return cli_fail("there are no pictures yet");
}
