/* The command line: what was asked for, parsed once, and what all verbs share. Only this room prints: what is meant to
 * be piped goes to stdout, everything else to stderr. */
#ifndef TWINC_CLI_CLI_H
#define TWINC_CLI_CLI_H
#include "compiler/base/arena.h"
#include "compiler/base/vec.h"
#include "compiler/base/file.h"
#include "compiler/compile.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Exit codes that scripts rely on. An interrupted verb ends with 130 or 143. */
enum cli_exit {
	CLI_DONE = 0,
	CLI_WRONG = 1,     /* the twin is wrong, or a task failed */
	CLI_DIFFERENT = 2, /* with --detailed-exitcode or --check */
	CLI_GATED = 3,     /* a gate blocked the work or waits for `approve` */
	CLI_USAGE = 64,
	CLI_BUG = 70,
};

/* What a verb's words mean besides FILE, which each verb but WORDS_NONE may have. */
enum cli_words {
	WORDS_NONE,     /* no word at all */
	WORDS_FILE,     /* FILE */
	WORDS_FILES,    /* any number of FILEs */
	WORDS_PLANS,    /* the same, or plans that `build` wrote */
	WORDS_WORKFLOW, /* WORKFLOW name=value ... */
	WORDS_SUBJECT,  /* one word that the verb is about: a code, a task, a gate */
	WORDS_OPTIONAL, /* the same, may be left out */
};

/* Groups of options; a verb takes those of its groups. */
enum cli_group {
	GROUP_ALL = 1 << 0,    /* help, version, colour, quiet, verbose */
	GROUP_BIND = 1 << 1,   /* what a twin is compiled with */
	GROUP_STATE = 1 << 2,  /* where the journal is */
	GROUP_APPLY = 1 << 3,  /* how work is run */
	GROUP_JSON = 1 << 4,
	GROUP_FORMAT = 1 << 5, /* how diagnostics are shown */
	GROUP_AS = 1 << 6,
	GROUP_OUTPUT = 1 << 7,
	GROUP_CHECK = 1 << 8,
	GROUP_EXITCODE = 1 << 9,
	GROUP_RUN = 1 << 10,   /* which run is meant */
	GROUP_LOGS = 1 << 11,
	GROUP_RESULTS = 1 << 12,
	GROUP_BUILD = 1 << 13,
	GROUP_PICTURE = 1 << 14, /* how much of a plan is drawn */
	GROUP_YES = 1 << 15,     /* what cannot be undone is asked for first */
	GROUP_WATCH = 1 << 17,   /* whether it is shown again and again */
	GROUP_INFRA = 1 << 16,   /* whether infrastructure is looked after, too */
	GROUP_LISTEN = 1 << 18,  /* who may look, and where */
};

enum cli_colour { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };
enum cli_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SARIF, FORMAT_JUNIT, FORMAT_GITHUB };
enum cli_as { AS_PLAN, AS_AST, AS_MODEL };
enum cli_secret_from { SECRET_ENV, SECRET_FILE, SECRET_COMMAND };

struct cli;
struct verb {
	const char *name;
	int (*run)(struct cli *c); /* gives the exit code */
	enum cli_words words;
	unsigned groups;           /* enum cli_group bits; GROUP_ALL is understood */
	const char *subject;       /* WORDS_SUBJECT, WORDS_OPTIONAL: what to call it */
	const char *summary;
	const char *examples;      /* lines "command|what it does", for --help */
};
extern const struct verb verbs[]; /* ends with a NULL name */

struct cli_binding { const char *name, *text; };
struct cli_secret { const char *name; enum cli_secret_from from; const char *text; };
struct cli {
	struct arena arena;
	const struct verb *verb;
	VEC(const char *) files;
	const char *workflow; /* or NULL */
	const char *subject;  /* or NULL */
	VEC(struct cli_binding) bindings;
	VEC(const char *) inputs; /* files with bindings, in order */
	VEC(struct cli_secret) secrets;
	const char *scenario, *state, *results, *on, *output, *run, *target, *image, *listen, *token; /* or NULL */
	const char *secret_text;  /* last --secret as written, taken apart at once */
	bool partial;             /* what is not bound may stay open: for pictures and dumps */
	bool bare, no_workflow;   /* of struct compile_request */
	bool yes, no_infra;
	bool json, quiet, verbose, detailed_exitcode, check, fail_fast, fsync, no_container, follow, watch, timeline, packed, force, unfolded, help, version;
	int colour, format, as;   /* enum cli_colour, cli_format, cli_as */
	uint32_t cpus;            /* 0: what the machine has */
	uint64_t memory_bytes;    /* 0: what the machine has */
	uint32_t tail;            /* lines; 0: all */
	uint32_t tasks_per_job;   /* 0: as the executor sees fit */
};

/* options.c. Takes the words apart. Gives -1 to go on, else the exit code, with everything already said. */
int cli_parse(struct cli *c, int argc, char **argv);
void cli_finish(struct cli *c);
struct cli_option { const char *name, *help, *choices; /* "a|b", or NULL */ char letter; bool takes_value; unsigned group; };
void cli_each_option(void (*each)(const struct cli_option *option, void *ctx), void *ctx);

/* help.c */
void cli_help(FILE *to);
void cli_help_verb(FILE *to, const struct verb *verb);
void cli_help_options(FILE *to, unsigned groups); /* options.c has the table */

/* shared.c */
/* "twinc: ...", and what to try instead. Gives CLI_USAGE. */
int cli_usage(const struct cli *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "twinc: ..." on stderr. Gives CLI_WRONG. */
int cli_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Whether to colour what goes to this stream. */
bool cli_colour(const struct cli *c, FILE *to);
/* The one twin that is meant: FILE, or in the folder FILE or the current one main.twin or the only twin. NULL: said why,
 * the exit code is CLI_USAGE. */
const char *cli_file(struct cli *c);
const char *cli_file_at(struct cli *c, uint32_t i); /* of several FILEs */
/* The folder that .twin and results stand in: that of the twin; "." for standard input. */
const char *cli_folder(struct cli *c, const char *file);
/* .twin and results, or where --state and --results moved them. */
const char *cli_state_dir(struct cli *c, const char *file);
const char *cli_results_dir(struct cli *c, const char *file);
/* Reads the --inputs files and puts together what the compiler is asked. False: said why, the exit code is CLI_WRONG. */
bool cli_request(struct cli *c, const char *file, struct compile_request *ret);
/* Shows diagnostics as --format wants: text on stderr, the rest on stdout. */
void cli_show_diags(const struct cli *c, struct diags *ds);
/* From words to a plan, with every message already shown. NULL: *ret_exit is the exit code. The plan is the caller's to
 * destroy; it is complete in itself. */
struct plan *cli_plan(struct cli *c, const char *file, uint32_t *ret_workflow, const struct value ***ret_inputs, int *ret_exit);
/* The same in a compilation of the caller's, which may be asked for more plans. */
struct plan *cli_compile(struct cli *c, const char *file, struct compile *comp, uint32_t *ret_workflow, const struct value ***ret_inputs, int *ret_exit);
/* {file, line, column} of the place. */
struct doc *cli_place_doc(struct arena *a, const struct plan *plan, struct span span);
/* A document on stdout, JSON with --json, else YAML. */
void cli_print_doc(const struct cli *c, const struct doc *d);
void cli_print(const struct buf *b);

/* cwl_task.c: no verb for people: what a task that is a CWL process runs. */
int cli_cwl_task(const char *folder);

int verb_apply(struct cli *c);
int verb_destroy(struct cli *c);
int verb_diff(struct cli *c);
int verb_drift(struct cli *c);
int verb_approve(struct cli *c);
int verb_targets(struct cli *c);
int verb_build(struct cli *c);
int verb_cancel(struct cli *c);
int verb_check(struct cli *c);
int verb_completions(struct cli *c);
int verb_dump(struct cli *c);
int verb_explain(struct cli *c);
int verb_fmt(struct cli *c);
int verb_graph(struct cli *c);
int verb_report(struct cli *c);
int verb_init(struct cli *c);
int verb_lint(struct cli *c);
int verb_logs(struct cli *c);
int verb_outputs(struct cli *c);
int verb_plan(struct cli *c);
int verb_status(struct cli *c);
int verb_why(struct cli *c);
#endif
