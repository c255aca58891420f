/* The plan: what to do, with every name settled. Flat arrays, integer ids, const for everybody downstream; complete in
 * itself (it carries its source texts), so a saved plan runs where no source is. Made by plan/lower, saved and read by plan/save.
 *
 * A workflow is a block of nodes. A node waits for the slots that its expressions read, and fills slots of its own block.
 * `for`, `if` and `repeat` are nodes with inner blocks, which the runtime opens as often as needed (an open block is a
 * scope); what is inside refers to the slots of its own and of the enclosing blocks. A call of a workflow opens that
 * workflow's block with nothing around it. */
#ifndef TWINC_PLAN_PLAN_H
#define TWINC_PLAN_PLAN_H
#include "compiler/value/expr.h"

#define PLAN_NONE UINT32_MAX

struct plan_param { /* params and secrets of the twin */
	const char *name, *doc;
	struct span span;
	const struct type *type;
	const struct value *value; /* bound; a secret: VALUE_SECRET; NULL: not bound, which apply must refuse */
	bool secret;
	const char *maker;         /* of what infrastructure or a service gives: its name; `front` of `front.address`. value: once it is ready; or NULL */
};
struct plan_field { /* an input, output or metric */
	const char *name, *doc;
	struct span span;
	const struct type *type;
	const struct expr *expr; /* step input: default or NULL; step output: where it is (a constant string, a text over inputs, GLOB, or LIST of these); workflow input: default or NULL; workflow output: its value */
	uint32_t slot;           /* workflow inputs: their slot in the block */
};
struct plan_attribute { const char *name; const struct expr *expr; struct span span; };
enum plan_retry_on { PLAN_RETRY_ANY = 0, PLAN_RETRY_TIMEOUT = 1, PLAN_RETRY_MEMORY = 2, PLAN_RETRY_NODE_FAILURE = 4, PLAN_RETRY_EXIT = 8 };
struct plan_step { /* what a `step` declaration says; calls are nodes */
	const char *name, *doc;
	struct span span;         /* its name */
	struct span command_span;
	const char *kind;         /* "step", "cwl.tool", ... */
	struct plan_field *inputs, *outputs, *metrics;
	uint32_t n_inputs, n_outputs, n_metrics;
	/* The command: script (EXPR_WORDS, run by sh -eu or bash -euo pipefail) or argv (EXPR_LIST). Exactly one is set, or neither for a kind without command. */
	const struct expr *script, *argv;
	bool bash;
	const struct expr *metrics_file; /* path of the metrics file, or NULL; also an EXPR_OUTPUT */
	struct plan_attribute *env; uint32_t n_env; /* env { NAME = value } : text or secret */
	const char *container;    /* or NULL */
	bool network;             /* the container may use it */
	const char **modules; uint32_t n_modules;
	const struct expr *cpus, *memory, *gpus, *time; /* resources; NULL: not said. int; size (B); int; duration (s) */
	uint32_t attempts;        /* 1: no retry */
	double backoff_s;         /* before the second attempt; doubles */
	uint32_t retry_on;        /* enum plan_retry_on bits; 0: any failure */
	const char *place;        /* `on`: full name of the place, or NULL */
	uint32_t workers;         /* distributed; 1 */
	const char *strategy;     /* of these: "mpi", "ddp", ...; NULL: not distributed */
	const struct doc *cwl;    /* the CWL process that it is, in normal form (compiler/cwl/cwl.h); its inputs and outputs in the same order; or NULL */
	const struct doc *extra;  /* the kind's other attributes, evaluated: for executors and targets; or NULL */
};

enum plan_slot_kind { PLAN_SLOT_INPUT, PLAN_SLOT_RESULT, PLAN_SLOT_VALUE, PLAN_SLOT_ELEMENT, PLAN_SLOT_INDEX, PLAN_SLOT_EXPORT };
struct plan_slot {
	const char *name;
	enum plan_slot_kind kind;
	uint32_t block;    /* the block it lives in */
	uint32_t position; /* its place among the block's slots, from 0 */
	uint32_t node;     /* that fills it; PLAN_NONE: inputs and elements, filled when the scope opens */
	const struct type *type;
	uint32_t *gates; uint32_t n_gates; /* nodes that guard it: a checked use waits for them */
};

enum plan_node_kind { PLAN_CALL, PLAN_SUB, PLAN_VALUE, PLAN_FOR, PLAN_IF, PLAN_REPEAT, PLAN_GATE };
enum plan_on_fail { PLAN_BLOCK, PLAN_WARN, PLAN_SKIP, PLAN_ASK };
struct plan_argument { const struct expr *expr; /* NULL: the input's default */ struct span span; };
struct plan_requirement { const char *name; const struct expr *expr; struct span span; };
/* Inner slot -> outer slot. FOR: the list of all rounds. IF: null where the branch was not taken. REPEAT: the last round's. */
struct plan_export { uint32_t inner, outer; bool raw; /* past its gates, for unchecked() outside */ };
struct plan_node {
	enum plan_node_kind kind;
	const char *name; /* the call's, value's or gate's name; "for", "if", "repeat" otherwise */
	struct span span;
	uint32_t block;   /* that it stands in */
	uint32_t slot;    /* that it fills: CALL, SUB (a RECORD of outputs), VALUE; else PLAN_NONE */
	uint32_t *needs; uint32_t n_needs; /* slots read by its own expressions and by everything inside it, outside itself */
	uint32_t *waits; uint32_t n_waits; /* nodes of its own or an enclosing block that must have ended: `after`, and gates of what it reads */
	/* CALL: step, args. SUB: workflow, args. One per input, in the input's order. */
	uint32_t target;
	struct plan_argument *args; uint32_t n_args;
	const char *place; /* CALL: overrides the step's, or NULL */
	const struct expr *subject; /* VALUE: it. FOR: the list (LIST or RANGE value). IF: the condition. REPEAT: `until`, read in the inner block */
	const struct expr *max;     /* REPEAT */
	uint32_t inner, otherwise;  /* blocks: FOR, IF, REPEAT; `else` or PLAN_NONE */
	uint32_t element, second;   /* FOR: slots of the inner block; second: `for (a, b)` over pairs, else PLAN_NONE */
	struct plan_export *exports, *otherwise_exports; uint32_t n_exports, n_otherwise_exports;
	/* GATE */
	uint32_t *guards; uint32_t n_guards; /* slots */
	struct plan_requirement *requirements; uint32_t n_requirements;
	enum plan_on_fail on_fail;
};
struct plan_block {
	uint32_t parent_block; /* PLAN_NONE: a workflow's own */
	uint32_t owner_node;   /* the FOR, IF or REPEAT around it, or PLAN_NONE */
	uint32_t workflow;
	uint32_t *nodes; uint32_t n_nodes; /* in an order in which each stands behind what it needs */
	uint32_t *slots; uint32_t n_slots;
};
struct plan_workflow {
	const char *name, *doc; /* imported ones with their prefix: "hydro.route" */
	struct span span;
	uint32_t block;
	struct plan_field *inputs, *outputs; uint32_t n_inputs, n_outputs;
};
struct plan_model { const char *name; struct span span; uint32_t workflow; const char *output; /* its weights: workflow.output; PLAN_NONE: not from a workflow */ const struct value *file; /* then: this file */ };
struct plan_part { const char *name; struct span span; uint32_t cpus, gpus, nodes_low, nodes_high; double memory_bytes, max_time_s; /* 0: not said */ };
struct plan_thing { /* infra, service, source, model, trigger: for graph, targets and executors */
	const char *role, *name, *kind, *doc;
	struct span span;
	const struct doc *attributes; /* evaluated; references as {"ref": name} ; secrets as {"secret": name} */
	struct plan_part *parts; uint32_t n_parts; /* places, full names: "hpc.gpu"; the thing itself first when it can run steps */
	const struct doc *annotations; /* of its kind, for targets: name -> {argument: value}; or NULL */
	uint32_t workflow;           /* trigger: what it runs; else PLAN_NONE */
	const struct doc *arguments; /* trigger: what it gives, by the workflow's inputs; null: known only when it fires, and among `given`; or NULL */
	struct plan_attribute *given; uint32_t n_given; /* trigger: inputs of its workflow over EXPR_EVENT */
	const struct expr *condition; /* trigger: over metrics of steps, as EXPR_EVENT "STEP.METRIC"; NULL: an event or the clock sets it off */
	const char **refs; uint32_t n_refs; /* things it refers to: `on`, `registry`, a trigger's source */
};
struct plan_scenario { const char *name, *doc; struct span span; }; /* what it sets is in a plan of its own */
struct plan {
	struct arena *arena;     /* owns everything below */
	struct sources *sources; /* deep copy: spans resolve without the files */
	const char *twin, *version, *doc; int64_t edition;
	const char *folder;      /* of the twin; absolute */
	struct plan_param *params;       uint32_t n_params;
	struct plan_step *steps;         uint32_t n_steps;
	struct plan_workflow *workflows; uint32_t n_workflows;
	struct plan_block *blocks;       uint32_t n_blocks;
	struct plan_node *nodes;         uint32_t n_nodes;
	struct plan_slot *slots;         uint32_t n_slots;
	struct plan_model *models;       uint32_t n_models;
	struct plan_thing *things;       uint32_t n_things;
	struct plan_scenario *scenarios; uint32_t n_scenarios;
	struct format *formats;          uint32_t n_formats;
};
/* Empty plan in a new arena of its own; plan_destroy frees it all and accepts NULL. */
struct plan *plan_create(void);
void plan_destroy(struct plan *p);
/* PLAN_NONE where there is none. */
uint32_t plan_find_workflow(const struct plan *p, const char *name);

/* plan/save.c: lossless, as JSON, `{"plan": 1, ...}`; with_sources: the texts too (build/plan.json and the journal). */
void plan_save(const struct plan *p, bool with_sources, struct buf *ret);
/* NULL and *ret_error for a text that is no plan of this version. Every id is bounds-checked: a loaded plan is safe to run. */
struct plan *plan_load(const struct doc *d, char *ret_error, size_t error_len);
/* plan/dump.c: for people and golden tests: places as line:column, expressions as text, one document. */
struct doc *plan_dump(struct arena *a, const struct plan *p);
struct doc *plan_dump_without_places(struct arena *a, const struct plan *p);
/* plan/diff.c: two plans in words, one change a line: "gate accept loosened: fit.iou >= 0.82 -> fit.iou >= 0.7"; nothing when equal
 * but for places and texts. */
void plan_diff(const struct plan *a, const struct plan *b, struct buf *ret);
#endif
