/* The map of the program: a verb a row, its code in verb_NAME.c. */
#include "cli/cli.h"
#include <errno.h>
#include <signal.h>
#include <string.h>

const struct verb verbs[] = {
	{ "init", verb_init, WORDS_OPTIONAL, 0, "FOLDER", "a starter twin that runs",
		"twinc init|in this folder\n"
		"twinc init station|in the new folder `station`" },
	{ "check", verb_check, WORDS_FILES, GROUP_FORMAT | GROUP_JSON, NULL, "find what is wrong, across all layers",
		"twinc check|the twin of this folder\n"
		"twinc check flood.twin --format sarif > flood.sarif|for a code host" },
	{ "lint", verb_lint, WORDS_FILES, GROUP_FORMAT | GROUP_JSON, NULL, "check, and find what is better done otherwise",
		"twinc lint --format github|annotations in a pipeline" },
	{ "fmt", verb_fmt, WORDS_FILES, GROUP_CHECK | GROUP_EXITCODE, NULL, "write a twin the way all twins are written",
		"twinc fmt|replace the file\n"
		"twinc fmt --check --detailed-exitcode|2 where something would change\n"
		"twinc fmt - < a.twin|as a filter" },
	{ "explain", verb_explain, WORDS_OPTIONAL, GROUP_JSON, "CODE|ARTEFACT:LINE", "what a diagnostic means, or where a built line comes from",
		"twinc explain E0412|one of them\n"
		"twinc explain build/cwl/main.cwl:12|the place in the twin\n"
		"twinc explain unpinned-image|a rule of lint\n"
		"twinc explain|all codes" },
	{ "plan", verb_plan, WORDS_WORKFLOW, GROUP_BIND | GROUP_STATE | GROUP_JSON | GROUP_FORMAT | GROUP_EXITCODE | GROUP_APPLY | GROUP_INFRA, NULL,
		"what apply would do, and why",
		"twinc plan month=7|with a value bound\n"
		"twinc plan --detailed-exitcode|2 when there is something to do" },
	{ "apply", verb_apply, WORDS_WORKFLOW, GROUP_BIND | GROUP_STATE | GROUP_RESULTS | GROUP_JSON | GROUP_FORMAT | GROUP_APPLY | GROUP_YES | GROUP_INFRA, NULL,
		"do it; run again to resume",
		"twinc apply|the only workflow, or `main`\n"
		"twinc apply flood.twin forecast scene=data/s1.tif|another one\n"
		"twinc apply --secret token=env:TOKEN|bind a secret\n"
		"twinc apply --json|events, one JSON object a line" },
	{ "drift", verb_drift, WORDS_WORKFLOW, GROUP_BIND | GROUP_STATE | GROUP_JSON | GROUP_FORMAT | GROUP_EXITCODE, NULL,
		"what is there, against what was made; nothing is changed",
		"twinc drift --secret cloud=file:auth.dat|each machine is looked at\n"
		"twinc drift --detailed-exitcode|2 where something is not as it was made" },
	{ "destroy", verb_destroy, WORDS_WORKFLOW, GROUP_BIND | GROUP_STATE | GROUP_JSON | GROUP_FORMAT | GROUP_YES, NULL,
		"take down what apply made, and say what stays",
		"twinc destroy --secret cloud=file:auth.dat|asks first\n"
		"twinc destroy --yes|does not" },
	{ "status", verb_status, WORDS_WORKFLOW, GROUP_STATE | GROUP_JSON | GROUP_RUN | GROUP_WATCH, NULL, "runs and their tasks",
		"twinc status|the last run\n"
		"twinc status --watch|again and again, until it ends\n"
		"twinc status --json|to read back" },
	{ "report", verb_report, WORDS_WORKFLOW, GROUP_BIND | GROUP_STATE | GROUP_RUN | GROUP_OUTPUT | GROUP_FORMAT | GROUP_LISTEN, NULL,
		"a run to look at: what it took, in words or as a page",
		"twinc report|what each step took, and could ask for\n"
		"twinc report -o run.html|timeline, gates, failures with logs, in one file\n"
		"twinc report -o run.svg|the timeline alone\n"
		"twinc report -o twin.prom|for Prometheus, through a textfile collector\n"
		"twinc report --listen 127.0.0.1:9464|the page at / and /metrics, as the run goes on" },
	{ "outputs", verb_outputs, WORDS_WORKFLOW, GROUP_STATE | GROUP_RESULTS | GROUP_JSON | GROUP_RUN, NULL, "what the last run gave",
		"twinc outputs station.twin main|a CWL output object" },
	{ "logs", verb_logs, WORDS_OPTIONAL, GROUP_STATE | GROUP_RUN | GROUP_LOGS, "TASK", "what tasks wrote",
		"twinc logs average|of one task\n"
		"twinc logs average --follow|as it comes" },
	{ "why", verb_why, WORDS_SUBJECT, GROUP_STATE | GROUP_JSON | GROUP_RUN, "TASK", "why a task ran, or did not",
		"twinc why average|the first thing that differs" },
	{ "approve", verb_approve, WORDS_SUBJECT, GROUP_STATE | GROUP_RUN | GROUP_JSON, "GATE", "let pass what a gate holds",
		"twinc approve accept|then apply again" },
	{ "cancel", verb_cancel, WORDS_OPTIONAL, GROUP_STATE | GROUP_RUN | GROUP_JSON, "TASK", "end a run, also from another terminal",
		"twinc cancel|the run under way" },
	{ "build", verb_build, WORDS_WORKFLOW, GROUP_BIND | GROUP_OUTPUT | GROUP_FORMAT | GROUP_JSON | GROUP_BUILD, NULL,
		"write what other systems run, and say what they cannot",
		"twinc build|for all targets, into build/\n"
		"twinc build flood.twin -t cwl -o out|one of them, elsewhere\n"
		"twinc build -t cwl --packed|one CWL document a workflow" },
	{ "targets", verb_targets, WORDS_NONE, GROUP_JSON, NULL, "what build can write",
		"twinc targets|a line each" },
	{ "graph", verb_graph, WORDS_WORKFLOW, GROUP_BIND | GROUP_STATE | GROUP_OUTPUT | GROUP_PICTURE | GROUP_FORMAT, NULL, "the plan as a picture",
		"twinc graph -o flood.svg|svg, png, dot or mmd (Mermaid)\n"
		"twinc graph|dot on stdout" },
	{ "diff", verb_diff, WORDS_PLANS, GROUP_FORMAT | GROUP_EXITCODE, NULL, "two twins or two plans, in words",
		"twinc diff old.twin new.twin|what a change means: a gate loosened, a step added\n"
		"twinc diff --detailed-exitcode a/plan.json b.twin|exits with 2 where they differ" },
	{ "dump", verb_dump, WORDS_WORKFLOW, GROUP_BIND | GROUP_AS | GROUP_JSON | GROUP_FORMAT, NULL, "what the compiler made of it",
		"twinc dump --as ast|what was written\n"
		"twinc dump --as plan --json|what will be done" },
	{ "completions", verb_completions, WORDS_SUBJECT, 0, "SHELL", "what a shell completes: bash, zsh or fish",
		"twinc completions bash > ~/.local/share/bash-completion/completions/twinc|for this user" },
	{ NULL },
};

int main(int argc, char **argv)
{
	struct cli c = { 0 };
	int code;

	if (argc == 3 && strcmp(argv[1], "cwl-task") == 0)
		return cli_cwl_task(argv[2]);
	signal(SIGPIPE, SIG_DFL);
	code = cli_parse(&c, argc, argv);
	if (code < 0)
		code = c.verb->run ? c.verb->run(&c) : cli_fail("`%s` is not built into this program", c.verb->name);
	if (fflush(stdout) != 0 && code == CLI_DONE)
		code = cli_fail("cannot write to standard output: %s", strerror(errno));
	cli_finish(&c);
	return code;
}
