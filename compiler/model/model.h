/* The model: what the twin means. Every name is settled, every expression typed, kinds applied; no tree of the syntax is
 * needed behind it. Made by resolve.c and check_*.c, read by the rules (rules.c and one file a layer), lint and plan/lower. */
#ifndef TWINC_MODEL_MODEL_H
#define TWINC_MODEL_MODEL_H
#include "compiler/diag/diag.h"
#include "compiler/value/expr.h"

/* -- schemas: roles and kinds, read from stdlib/ ------------------------------------------------------------------- */
enum model_phase { MODEL_STATIC, MODEL_PLAN, MODEL_RUN };
struct schema_attr {
	const char *name, *doc;
	struct span span;
	const struct type *type;      /* special ones ("command", "place", ...) are THING types of that name */
	const struct expr *fallback;  /* default, or NULL */
	enum model_phase phase;       /* when its value must be known */
	bool required;
	bool given;                   /* what it is shows when it is there: nobody sets it */
};
enum schema_block_kind { SCHEMA_BLOCK, SCHEMA_MAP, SCHEMA_PART, SCHEMA_EVENT };
struct schema_block {
	enum schema_block_kind kind;
	const char *name, *doc;
	struct span span;
	struct schema_attr *attrs; uint32_t n_attrs;
	const struct type *of;        /* MAP: type of each value */
	bool required;                /* BLOCK: some attribute must be given */
	struct schema_block *next;
};
struct schema_require { const char *name, *doc; struct span span; const struct expr *expr; /* EXPR_INPUT i: attribute i */ };
struct schema {
	const char *name, *doc;       /* "slurm.cluster"; a role: "infra" */
	const char *role;
	struct span span;
	struct schema_attr *attrs; uint32_t n_attrs; /* the role's included */
	struct schema_block *blocks;
	const char **members; uint32_t n_members;   /* "input", "output", ...: what else it may declare */
	const char **parameters; uint32_t n_parameters; /* <F: format> */
	struct schema_require *requires; uint32_t n_requires;
	const char **runs; uint32_t n_runs;         /* "script", "container", ...: what steps it can run */
	const struct doc *annotations;              /* name -> {argument: value} */
};
const struct schema_block *schema_block(const struct schema *s, const char *name);

/* -- declarations -------------------------------------------------------------------------------------------------- */
struct model_attr {
	const struct schema_attr *schema;
	const struct expr *expr;   /* given, or the default; NULL: neither */
	struct span span;          /* of the value; the name where it was not given */
	bool given;
	struct model_param *param; /* of what is given: what stands for it where something reads it, or NULL */
};
struct model_entry { const char *name; const struct expr *expr; struct span span; }; /* of a MAP block such as env */
struct model_block {
	const struct schema_block *schema;
	const char *name, *doc;    /* of a part; else NULL */
	struct span span;          /* its name, or the word */
	struct model_attr *attrs;  /* one per schema attribute */
	struct model_entry *entries; uint32_t n_entries;
	struct model_block *next;
};
struct model_field {
	const char *name, *doc;
	struct span span;
	const struct type *type;
	const struct expr *expr;   /* step input: default; step output: its path, glob or list of paths; workflow input: default; workflow output: value */
	struct model_slot *slot;   /* workflow inputs */
	bool secret;
};
struct model_thing { /* infra, service, source, step, model, trigger */
	const char *role, *name, *doc; /* name with the module's prefix: "hydro.route" */
	struct span span;          /* of its name */
	const struct schema *schema;
	const struct format *format; /* the kind's parameter, or NULL */
	struct model_attr *attrs;  /* one per schema attribute */
	struct model_block *blocks;
	struct model_field *inputs, *outputs, *metrics; uint32_t n_inputs, n_outputs, n_metrics;
	const struct type *result; /* step: record of outputs and metrics */
	uint32_t id;               /* among those of its role */
	bool used;                 /* something refers to it */
	const struct doc *cwl;     /* step: the normal document of the CWL process that it is, or NULL */
	/* trigger */
	struct model_workflow *runs;      /* or NULL */
	const struct expr **run_args;     /* one per input of it, NULL: its default */
	const struct model_thing *event_source; /* when = source.event, or NULL */
	const char *event_name;
	const char *cron;                 /* when = cron("..."): its time table */
	/* model: weights = workflow.output */
	struct model_workflow *weights_workflow; const char *weights_output;
};
/* The attribute by name; NULL where the schema has none. */
struct model_attr *model_attr(const struct model_thing *t, const char *name);
struct model_attr *model_block_attr(const struct model_block *b, const char *name);
struct model_block *model_block(const struct model_thing *t, const char *word); /* the first; or NULL */

struct model_param {
	const char *name, *doc;
	struct span span;
	const struct type *type;
	const struct expr *fallback;   /* default, a CONST or over other params; NULL: must be bound */
	const struct value *value;     /* what the current checks assume: default, scenario or binding; NULL: nothing known */
	bool secret, used;
	uint32_t id;
	const struct model_thing *maker; /* `front` of `front.address`: it is no param of the twin, but what that infrastructure or service gives; or NULL */
};
struct model_setting { struct model_param *param; const struct value *value; struct span span; };
struct model_scenario { const char *name, *doc; struct span span; struct model_setting *settings; uint32_t n_settings; };

/* -- workflows ------------------------------------------------------------------------------------------------------ */
enum model_slot_kind { MODEL_SLOT_INPUT, MODEL_SLOT_RESULT, MODEL_SLOT_VALUE, MODEL_SLOT_ELEMENT, MODEL_SLOT_INDEX, MODEL_SLOT_EXPORT };
struct model_slot {
	const char *name;
	enum model_slot_kind kind;
	uint32_t id;               /* EXPR_SLOT's index */
	struct span span;
	const struct type *type;
	struct model_body *body;   /* that it lives in */
	struct model_node *node;   /* that fills it, or NULL */
	struct model_slot *inner, *otherwise; /* EXPORT: the slot inside; of the `else` branch */
	struct model_slot *unchecked; /* EXPORT: the same past the gates that stand inside, where something asks for it */
	bool raw;                  /* EXPORT: it is that */
	struct model_node **gates; uint32_t n_gates; /* that guard it */
	bool used;
};
enum model_node_kind { MODEL_CALL, MODEL_SUB, MODEL_VALUE, MODEL_FOR, MODEL_IF, MODEL_REPEAT, MODEL_GATE };
enum model_on_fail { MODEL_BLOCK, MODEL_WARN, MODEL_SKIP, MODEL_ASK };
struct model_requirement { const char *name; const struct expr *expr; struct span span; };
struct model_node {
	enum model_node_kind kind;
	const char *name;
	struct span span;          /* of the name */
	uint32_t id;
	struct model_body *body;   /* that it stands in */
	struct model_slot *slot;   /* CALL, SUB, VALUE */
	struct model_thing *step;  /* CALL */
	struct model_workflow *workflow; /* SUB */
	const struct expr **args;  struct span *arg_spans; /* one per input; NULL: the default */
	struct model_slot **after; uint32_t n_after; struct model_node **after_nodes; uint32_t n_after_nodes; /* nodes: gates named in `after` */
	const char *place; struct span place_span; /* a call's own `on` */
	const struct expr *subject;  /* VALUE; FOR: list; IF: condition; REPEAT: until */
	const struct expr *max;      /* REPEAT */
	struct model_body *inner, *otherwise;
	struct model_slot *element, *second; /* FOR */
	struct model_slot **guards; uint32_t n_guards;
	struct model_requirement *requirements; uint32_t n_requirements;
	enum model_on_fail on_fail;
	struct span on_fail_span;
	const void *item;            /* while checking: as written */
	struct model_node *next;     /* in its body */
};
struct model_body {
	struct model_body *parent;   /* NULL: a workflow's own */
	struct model_node *owner;    /* FOR, IF or REPEAT */
	struct model_workflow *workflow;
	uint32_t id;
	struct model_node *nodes, *last;
	struct model_node **order; uint32_t n_nodes; /* each behind what it needs */
	struct map names;            /* name -> struct model_name (private to body.c) */
	struct scope *scope;         /* while checking */
	VEC(struct model_slot *) slots;
};
struct model_workflow {
	const char *name, *doc;
	struct span span;
	struct model_field *inputs, *outputs; uint32_t n_inputs, n_outputs;
	const struct type *result;
	struct model_body *body;
	uint32_t id;
	bool used;
	void *decl;                  /* while checking: its declaration */
};

/* What lint asks of the text that the model does not need itself. */
struct model_allow { const char *rule, *reason; struct span span, scope; bool used; }; /* @allow(rule, "why"): covers what stands in scope */
struct model_import { const char *name; struct span span; bool used; };

struct model {
	struct arena *arena;       /* borrowed, the compilation's */
	struct sources *sources;
	const char *twin, *version, *doc; int64_t edition;
	const char *folder;        /* of the main file, absolute */
	struct span twin_span;
	VEC(struct model_param *) params;      /* secrets too */
	VEC(struct model_scenario *) scenarios;
	VEC(struct model_thing *) things;      /* infra, service, source, model, trigger of the main file and what it uses */
	VEC(struct model_thing *) steps;
	VEC(struct model_workflow *) workflows;
	VEC(struct model_slot *) slots;
	VEC(struct model_body *) bodies;
	VEC(struct model_allow) allows;
	VEC(struct model_import) imports; /* of the main file */
	VEC(const struct format *) formats;
	struct map formats_by_name;
	uint32_t n_nodes;
	struct module *modules;    /* private to resolve.c */
};

/* Of the main file: imported declarations have the module's prefix in their names. */
bool model_is_own(const char *name);

/* A place that steps may run on, as its thing or part describes it. 0: not said. */
struct model_place {
	const char *name;          /* "hpc.gpu" */
	const struct model_thing *thing;
	const struct model_block *part; /* NULL: the thing itself */
	double nodes_low, nodes_high, cpus, gpus, memory_bytes, max_time_s;
};
/* False where `name` is no place. Values under the model's current params. */
bool model_place(const struct model *m, const char *name, struct model_place *ret);

/* Evaluates with the current values of the params; EVAL_UNKNOWN where it rests on a run. */
enum eval_status model_eval(const struct model *m, struct arena *a, const struct expr *e, const struct value **ret);
/* A number in base units (s, B, ...) of an expression; false while unknown. */
bool model_number(const struct model *m, const struct expr *e, double *ret);
/* Calls back for every reference (SLOT, PREVIOUS, MODEL, PARAM) in the node's own expressions and in all that stands inside it. */
void model_each_ref(const struct model_node *n, void (*each)(const struct expr *ref, void *ctx), void *ctx);
/* Earliest phase in which the expression's value is known. */
enum model_phase expr_phase(const struct expr *e);

struct ast_file;
struct intern;
/* Reads the main file's tree, which it gives back on the way, and all imports. Never NULL; errors are in ds, whose arena and sources are used. */
struct model *model_resolve(struct diags *ds, struct intern *in, struct ast_file *main_file);
/* rules.c: every row whose layer had no error so far, with the defaults and once for each scenario. */
void model_rules(struct model *m, struct diags *ds);
/* What calls that name no place need of this machine and do not find: programs that run CWL. */
void model_check_here(const struct model *m, struct diags *ds);
/* lint.c: the hygiene rules that are on, with @allow and the project file (twinc.yaml beside the twin or above) applied. */
void model_lint(struct model *m, struct diags *ds);
/* The rules by name, for documentation and completion; NULL behind the last. */
const char *model_lint_rule(uint32_t i, enum diag_code *ret_code);
/* dump.c: `dump --as model`. The model must be free of errors. */
struct doc *model_dump(struct arena *a, const struct model *m);
void model_finish(struct model *m);
#endif
