/* cancel: end the apply that works in this folder, also from another terminal. */
#include "cli/state.h"
#include <errno.h>
#include <signal.h>
#include <string.h>

int verb_cancel(struct cli *c)
{
	const char *file = cli_file(c);
	struct cli_lock holder;
	if (!file)
		return CLI_USAGE;
	if (c->subject)
		return cli_usage(c, "one task cannot be ended alone; `twinc cancel` ends the run");
	if (!cli_lock_holder(c, cli_state(c, file), &holder) || holder.pid <= 0)
		return cli_fail("no apply works here");
	if (kill((pid_t)holder.pid, SIGTERM) != 0)
		return cli_fail("cannot signal pid %lld: %s", (long long)holder.pid, strerror(errno));
	if (!c->quiet)
		fprintf(stderr, "asked pid %lld to end its run; `twinc apply` goes on with it later\n", (long long)holder.pid);
	return CLI_DONE;
}
