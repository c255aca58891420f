/* apply: do it, show how it goes; run again to resume. */
#include "cli/infra.h"
#include "cli/still.h"
#include "cli/whole.h"
#include "compiler/show/show.h"
#include "runtime/report/report.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static uint32_t terminal_columns(void *ctx)
{
	struct winsize w;
	(void)ctx;
	return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : 80;
}

static struct report *report_open(struct cli *c, const struct plan *plan)
{
	const char *term = getenv("TERM");
	bool live = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
	struct report_options o = {
		.style = c->json ? REPORT_JSON : live ? REPORT_LIVE : REPORT_LINES, .fd = c->json ? STDOUT_FILENO : STDERR_FILENO,
		.colour = !c->json && cli_colour(c, stderr), .quiet = c->quiet, .verbose = c->verbose, .sources = plan->sources,
		.show = show_one_text, .columns = terminal_columns,
	};
	return report_create(&o);
}

static int exit_code(enum run_verdict v, int signal_number)
{
	switch (v) {
	case RUN_DONE: return CLI_DONE;
	case RUN_FAILED: return CLI_WRONG;
	case RUN_GATED: return CLI_GATED;
	case RUN_INTERRUPTED: break;
	}
	return 128 + signal_number;
}

/* Whether a step's image may be another one under the same name. */
static bool has_moving_image(const struct plan *p)
{
	for (uint32_t i = 0; i < p->n_steps; i++)
		if (p->steps[i].container && !strstr(p->steps[i].container, "@sha256:"))
			return true;
	return false;
}

static int run(struct cli *c, const char *file, struct plan *plan, struct run_options *o)
{
	struct still still = { .arena = &c->arena };
	int code = CLI_WRONG, signal_number = 0;
	o->journal = cli_journal_write(c, o->state, &code);
	if (!o->journal)
		return code;
	bool managed = false, late = infra_is_read(plan); /* the documents of a whole hold what infrastructure gives */
	code = late ? CLI_DONE : cli_whole(c, o->executor, o);
	if (code == CLI_DONE)
		code = cli_infra_apply(c, plan, o->workflow, o->state, o->journal, &managed);
	if (code == CLI_DONE && late)
		code = cli_whole(c, o->executor, o);
	if (code == CLI_DONE && o->workflow == PLAN_NONE && !managed)
		code = cli_fail("%s has neither a workflow to run nor infrastructure to make: name a `manager` of what should be made", file);
	if (code != CLI_DONE || o->workflow == PLAN_NONE) {
		journal_close(o->journal);
		return code;
	}
	still.bad = managed || has_moving_image(o->plan); /* what is there is looked at each time */
	struct report *report = report_open(c, o->plan);
	o->listener = still_listener(&still, report_listener(report));
	signal(SIGPIPE, SIG_IGN); /* nobody reads any more: the run goes on */
	fflush(NULL); /* the keeper is a copy of this process */
	struct run *r = run_create(o);
	enum run_verdict verdict = run_loop(r, &signal_number);
	code = exit_code(verdict, signal_number);
	if (verdict == RUN_DONE)
		still_note(&still, c, file, r, o->plan);
	run_destroy(r);
	report_destroy(report);
	journal_close(o->journal);
	still_write(&still, c, file, o->state, o->results, verdict == RUN_DONE);
	return code;
}

int verb_apply(struct cli *c)
{
	const char *file = cli_file(c);
	struct run_options o = { 0 };
	struct cli_lock lock = { -1, 0, 0 };
	const struct value **inputs;
	int code = CLI_USAGE;
	if (!file)
		return CLI_USAGE;
	o.state = cli_state(c, file);
	o.results = cli_results(c, file);
	if (still_holds(c, file, o.state, o.results))
		return CLI_DONE;
	c->bare = true;
	struct plan *plan = cli_plan(c, file, &o.workflow, &inputs, &code);
	if (!plan)
		return code;
	o.plan = plan;
	o.inputs = inputs;
	if (!cli_run_options(c, &o, &code)) {
		plan_destroy(plan);
		return code;
	}
	int e = file_mkdirs(o.state);
	if (!e)
		e = cli_lock_take(c, o.state, &lock);
	code = e ? cli_locked(c, e, o.state, &lock) : run(c, file, plan, &o);
	if (!e)
		cli_lock_release(&lock);
	plan_destroy(plan);
	return code;
}
