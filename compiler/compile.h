/* The phases of the compiler, called in order, visibly: read, parse, resolve and check, rules, lower. One front end for
 * every verb: what check accepts, apply can run. */
#ifndef TWINC_COMPILER_COMPILE_H
#define TWINC_COMPILER_COMPILE_H
#include "compiler/base/intern.h"
#include "compiler/diag/diag.h"
#include "compiler/doc/doc.h"
#include "compiler/plan/plan.h"

struct compile_binding {
	const char *name;
	const char *text;       /* from the command line; or */
	const struct doc *doc;  /* from an inputs file */
	const char *folder;     /* that relative paths start from */
	const char *origin;     /* for messages: "on the command line", "in inputs.yaml" */
};
struct compile_request {
	const char *file;       /* path, or "-" */
	const char *workflow;   /* that will run; NULL: the only one or `main` */
	const char *scenario;   /* or NULL */
	const struct compile_binding *bindings; /* later ones win */
	uint32_t n_bindings;
	const char **secrets;   /* names that --secret binds */
	uint32_t n_secrets;
	bool run;               /* it will run: secrets that the workflow needs must be bound */
	bool bare;              /* the twin may have infrastructure and no workflow, or have a manager run it */
	bool no_workflow;       /* none is meant, whatever the twin has */
	bool partial;           /* for pictures and dumps: what is not bound stays open, and no workflow need be chosen */
};
struct ast_file;
struct model;
struct compile {
	struct arena arena;
	struct intern intern;
	struct sources sources;
	struct diags diags;
	struct ast_file *ast; /* of the main file */
	struct model *model;  /* NULL until resolved */
};
void compile_init(struct compile *c);
void compile_finish(struct compile *c);
/* Parses the file. False when it cannot be read; syntax errors are in c->diags. */
bool compile_parse(struct compile *c, const char *file);
/* The same of a text in memory (borrowed), shown as `name`; imports start from the folder of that name. */
void compile_parse_text(struct compile *c, const char *name, const char *text, size_t len);
/* Resolves, checks and applies the rules. True when there is no error. */
bool compile_check(struct compile *c);
/* Whether this machine has what the steps of a checked twin need to run on it. True when there is no error. */
bool compile_check_here(struct compile *c);
/* Lint rules on top of a checked twin. */
void compile_lint(struct compile *c);
/* Binds what the request says, checks again with these values, lowers. NULL when there are errors, which are in c->diags.
 * On success *ret_workflow is the workflow that the request means, and its input values stand in *ret_inputs (in the
 * plan's arena, one per workflow input, NULL: use the default). With `partial`, `bare`, `no_workflow` *ret_workflow may be PLAN_NONE. */
struct plan *compile_plan(struct compile *c, const struct compile_request *request, uint32_t *ret_workflow, const struct value ***ret_inputs);
/* The same of what a compile_plan that went well has read and resolved, bound otherwise; c->diags are of this one only. */
struct plan *compile_plan_again(struct compile *c, const struct compile_request *request, uint32_t *ret_workflow, const struct value ***ret_inputs);
#endif
