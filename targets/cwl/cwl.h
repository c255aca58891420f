/* Inside of targets/cwl. A step becomes a CommandLineTool (tool.c), a workflow a Workflow (flow.c). What an expression
 * reads is found as a link to a source (link.c); expressions that are no mere link become JavaScript (js.c). */
#ifndef TWINC_TARGETS_CWL_CWL_H
#define TWINC_TARGETS_CWL_CWL_H
#include "targets/target.h"
#include "compiler/base/map.h"

#define CWL_MAX_ROUNDS 100   /* of a repeat that is unrolled */
#define CWL_MAX_COUNTED 1000 /* elements of a constant list that are written out */

/* -- helpers in JavaScript ------------------------------------------------------------------------------------------ */

enum cwl_helper {
#define HELPER(name, needs, text) CWL_JS_##name,
#include "targets/cwl/helpers.def"
#undef HELPER
	CWL_JS_COUNT
};
/* What a process needs declared. */
struct cwl_needs {
	bool js, step_js, multiple, scatter, sub, edam;
	uint64_t helpers; /* bits of enum cwl_helper */
};

/* -- the document set ----------------------------------------------------------------------------------------------- */

/* A param or a model that a process reads: an input of it. */
struct cwl_global { uint32_t param; const char *model; /* or NULL */ const char *id; };
struct cwl_globals { VEC(struct cwl_global) list; };
struct cwl_step { bool done, refused; const char *run; struct cwl_globals globals; /* that its environment reads */ };
struct cwl_workflow { bool done, refused, called; const char *run; const char **input_ids; struct cwl_globals globals; uint64_t helpers; };
struct cwl_process { const char *path, *id; struct doc *doc; struct cwl_needs needs; uint32_t workflow; /* whose file it is, or PLAN_NONE */ bool dropped; };
struct cwl {
	struct arena *arena;
	const struct target_request *request;
	const struct plan *plan;
	struct target_result *ret;
	VEC(struct cwl_process) processes;
	struct map runs;      /* how a process is referred to -> its place in the list + 1; when all are there */
	struct cwl_step *steps;
	struct cwl_workflow *workflows;
	struct map used;      /* "slot.field" that somebody reads */
	bool *awaited;        /* nodes that an `after` names */
	bool refused;         /* something in the workflow under way */
	uint32_t workflow;    /* under way */
};
/* A row for what cannot be said; the workflow under way is left out. */
void cwl_refuse(struct cwl *c, const char *subject, struct span span, const char *format, ...) __attribute__((format(printf, 4, 5)));
void cwl_emulate(struct cwl *c, const char *subject, struct span span, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* How a process refers to another: a relative path, or an id of the same document. */
const char *cwl_run(const struct cwl *c, const char *path, const char *id);
/* The head of a process: version, class, documentation. */
struct doc *cwl_process_doc(struct cwl *c, const char *class, const char *doc, struct span span);
/* A map of requirements from what is needed; NULL for nothing. */
struct doc *cwl_requirements(struct cwl *c, const struct cwl_needs *needs);
/* The folder, as a path from the root, that a process' file stands in. */
const char *cwl_folder(const struct cwl *c, const char *path);

/* -- types and values (type.c) ---------------------------------------------------------------------------------------- */

struct doc *cwl_type(struct cwl *c, const struct type *t);
/* {"type": t}, or just the type where it is a word. */
struct doc *cwl_parameter(struct cwl *c, const struct type *t);
/* Whether values of one stand where the other is wanted, to a checker that knows CWL's types only. */
bool cwl_type_fits(struct cwl *c, const struct type *from, const struct type *to);
/* A value as a job or a default says it; folder: of the file that it will stand in. */
struct doc *cwl_value(struct cwl *c, const struct value *v, const struct type *t, const char *folder);
const struct type *cwl_strip(const struct type *t); /* without `?` and secret<> */
bool cwl_is_null(const struct type *t);             /* may be absent */
/* The type of a member, through lists and optionals. */
const struct type *cwl_member_type(struct cwl *c, const struct type *t, const char *name);
/* The value, where the expression rests on nothing but the bound params. */
const struct value *cwl_constant(struct cwl *c, const struct expr *e, const struct type *to, bool with_params);

/* -- names ------------------------------------------------------------------------------------------------------------ */

/* A name that is not yet in the map: the wanted one, else with a number. Letters that an id cannot hold become "_". */
const char *cwl_name(struct cwl *c, struct map *names, const char *wanted);

/* -- links (link.c) --------------------------------------------------------------------------------------------------- */

enum cwl_ref_kind { CWL_SLOT, CWL_PREVIOUS, CWL_PARAM, CWL_MODEL, CWL_NODE /* that it has ended */ };
struct cwl_ref { enum cwl_ref_kind kind; uint32_t index; const char *field; /* or NULL */ bool checked; const char *model; };
struct cwl_link { const char *source[2]; uint32_t n; /* 2: the first that is there */ const struct type *type; bool conditional; /* absent only where its step did not run */ };
struct cwl_capture { const char *key, *id; struct cwl_ref ref; };
/* A Workflow under construction: a block of the plan. */
struct cwl_flow {
	struct cwl *c;
	struct cwl_flow *parent; /* NULL: a file of its own */
	uint32_t block;
	const char *path; /* of its file */
	struct doc *inputs, *outputs, *steps;
	struct map names, sources; /* key of a ref -> struct cwl_link */
	VEC(struct cwl_capture) captures; /* inputs that stand for something outside of the block */
	struct cwl_needs *needs;
	bool rounds;             /* the body of a repeat: what lies outside is captured though there is no parent */
	struct cwl_flow *around; /* of a body of a repeat */
};
void cwl_flow_init(struct cwl_flow *f, struct cwl *c, struct cwl_flow *parent, uint32_t block);
void cwl_flow_finish(struct cwl_flow *f);
/* Whether the slot is a result, told field by field. */
bool cwl_is_ported(const struct cwl *c, uint32_t slot);
/* Whether the expression is nothing but one ref. */
bool cwl_is_ref(const struct cwl *c, const struct expr *e, struct cwl_ref *ret);
const struct type *cwl_ref_type(struct cwl_flow *f, const struct cwl_ref *ref);
const char *cwl_ref_key(struct cwl *c, const struct cwl_ref *ref);
/* A name for an input that carries it: "mean_count". */
const char *cwl_ref_name(struct cwl *c, const struct cwl_ref *ref);
/* Tells where the ref is found in this block from now on. */
struct cwl_link *cwl_bind(struct cwl_flow *f, const struct cwl_ref *ref, const char *source, const char *second, const struct type *type);
/* Where it is found in this block; an input is added where it lies outside. False: refused. */
bool cwl_resolve(struct cwl_flow *f, const struct cwl_ref *ref, struct span span, struct cwl_link *ret);
/* The fields of a slot that are read, or read through its gates: calls back with each. */
void cwl_each_used(struct cwl *c, uint32_t slot, bool checked, void (*each)(const char *field, void *ctx), void *ctx);
/* Whether the node waits for the other without reading what a gate hands on. */
bool cwl_only_waits(struct cwl *c, const struct plan_node *n, uint32_t other);
void cwl_mark_used(struct cwl *c);

/* -- JavaScript (js*.c) ----------------------------------------------------------------------------------------------- */

struct cwl_js {
	struct cwl *c;
	struct cwl_needs *needs;
	const struct plan_step *step; /* inside of a tool, else NULL; then assets become inputs of it */
	struct doc *inputs;
	const char *folder;
	/* How a ref is called; NULL: refused. */
	const char *(*name)(void *ctx, const struct cwl_ref *ref, const struct expr *e);
	const char *(*file)(void *ctx, const struct value *path); /* how a file that is named in an expression is called; NULL: refused */
	void *ctx;
	const char *error; /* why it cannot be said */
	struct span error_span;
};
enum cwl_precedence { CWL_ANY, CWL_COND, CWL_OR, CWL_AND, CWL_EQUAL, CWL_ORDER, CWL_SUM, CWL_PRODUCT, CWL_UNARY, CWL_PRIMARY };
void cwl_js(struct cwl_js *js, const struct expr *e, enum cwl_precedence at_least, struct buf *ret);
/* The same, brought to a type: numbers in its unit. */
void cwl_js_as(struct cwl_js *js, const struct expr *e, const struct type *to, enum cwl_precedence at_least, struct buf *ret);
/* As text that stands in a command or another text. */
void cwl_js_text(struct cwl_js *js, const struct expr *e, enum cwl_precedence at_least, struct buf *ret);
void cwl_js_call(struct cwl_js *js, const struct expr *e, struct buf *ret);
void cwl_js_helper(struct cwl_js *js, enum cwl_helper helper, struct buf *ret); /* its name, and that it is needed */
void cwl_js_string(const char *text, size_t len, struct buf *ret);
void cwl_js_refuse(struct cwl_js *js, struct span span, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Calls back with each ref inside, in order; whole results are told field by field. */
void cwl_each_ref(struct cwl *c, const struct expr *e, void (*each)(const struct cwl_ref *ref, const struct expr *e, void *ctx), void *ctx);
/* A list of expressionLib items. */
struct doc *cwl_js_library(struct cwl *c, uint64_t helpers);

/* -- what feeds an input (feed.c) --------------------------------------------------------------------------------------- */

/* The entry of a step's `in`. NULL: refused. `name`: for an expression that needs a step of its own. */
struct doc *cwl_feed(struct cwl_flow *f, const struct expr *e, const struct type *to, const char *name);
/* The link of an expression's value, by a step of its own where it is no mere link. */
bool cwl_feed_link(struct cwl_flow *f, const struct expr *e, const struct type *to, const char *name, struct cwl_link *ret);
/* A list of links as one `source` of several; NULL: it is not one. */
struct doc *cwl_feed_merged(struct cwl_flow *f, const struct expr *e, const struct type *to);
struct doc *cwl_link_doc(struct cwl_flow *f, const struct cwl_link *link); /* "a/b", or a map with `source` */
void cwl_set_sources(struct cwl_flow *f, struct doc *entry, const char *key, const struct cwl_link *link);

/* An ExpressionTool under construction: a step that works something out. */
struct cwl_expression { struct cwl_flow *f; const char *name; struct doc *in, *inputs, *outputs, *out; struct map names, refs; struct span span; bool refused; };
void cwl_expression_init(struct cwl_expression *x, struct cwl_flow *f, const char *name, struct span span);
void cwl_expression_finish(struct cwl_expression *x);
/* The id of its input that carries the ref; NULL: refused. */
const char *cwl_expression_input(struct cwl_expression *x, const struct cwl_ref *ref, struct span span);
const char *cwl_expression_output(struct cwl_expression *x, const char *wanted, const struct type *type);
/* Adds the step; the text is the expression. */
void cwl_expression_put(struct cwl_expression *x, const char *doc, const char *text);
/* For struct cwl_js: ctx is the expression; the ref is called "inputs.ID", and so is an input whose default is the file. */
const char *cwl_expression_ref(void *ctx, const struct cwl_ref *ref, const struct expr *e);
const char *cwl_expression_file(void *ctx, const struct value *path);

/* -- every command through a script of the runtime's (through.c); nothing where none is wanted ----------------------------- */

void cwl_through_flow(struct cwl_flow *f); /* one more input */
void cwl_through_call(struct cwl_flow *f, const struct plan_node *n, struct doc *in);
void cwl_through_branch(struct cwl_flow *f, struct doc *in);
void cwl_through_round(struct cwl_flow *f, uint32_t round, struct doc *in); /* from 1 */
void cwl_through_each(struct cwl_flow *f, const struct plan_node *n, struct doc *list, struct doc *in, struct doc *scatter);
void cwl_through_tool(struct cwl *c, const struct plan_step *s, struct doc *command, struct doc *inputs, struct doc *env);
void cwl_through_time(struct cwl *c, const struct doc *seconds, struct doc *env); /* a number or an expression */

/* -- constructs --------------------------------------------------------------------------------------------------------- */

bool cwl_is_foreign(const struct plan_step *s); /* tool.c; it is CWL already */
const char *cwl_step(struct cwl *c, uint32_t step);         /* tool.c; how to run it, NULL: refused */
/* foreign.c: the id of a step's input or output, which is another than its name only where the step is CWL already */
const char *cwl_port(const struct plan_step *s, bool output, const char *field);
/* Where the output is found as a `long` or `double`: the source itself, or a step that hands it on. */
const char *cwl_widened(struct cwl_flow *f, const struct plan_step *s, const char *field, const char *source, const struct type *type);
/* Puts what feeds a step's input i into its call's `in`; for CWL as that process's own types and formats want it. */
void cwl_put_input(struct cwl_flow *f, const struct plan_step *s, uint32_t i, const struct expr *e, struct doc *entry, struct doc *in);
void cwl_command(struct cwl_js *js, struct doc *tool);      /* command.c */
/* The id of the tool's input that is an asset. */
const char *cwl_asset(struct cwl_js *js, const struct value *v);
const char *cwl_workflow(struct cwl *c, uint32_t workflow); /* flow.c; the same */
void cwl_block(struct cwl_flow *f);
/* Who waits for a node waits for this output of a step; NULL: it has none, which is refused. */
void cwl_bind_wait(struct cwl_flow *f, uint32_t node, const char *step, const struct doc *out);
void cwl_add_step(struct cwl_flow *f, const char *name, struct doc *step, struct span span);
void cwl_for(struct cwl_flow *f, uint32_t node);
void cwl_if(struct cwl_flow *f, uint32_t node);
void cwl_repeat(struct cwl_flow *f, uint32_t node);
void cwl_gate(struct cwl_flow *f, uint32_t node);
/* An output of a flow that says what the ref is inside; the id, NULL: refused. */
const char *cwl_export(struct cwl_flow *f, const struct cwl_ref *ref, struct span span, const struct type **ret_type);
/* The `in` of a step that runs a flow, from what the flow captured. */
void cwl_feed_captures(struct cwl_flow *outer, const struct cwl_flow *inner, struct doc *in, struct span span);
#endif
