/* A workflow that runs by itself over files, for engines that only start tasks: flow.py tells it in Python, twin.py runs it. Slurm
 * and Kubernetes use it. What expressions of the twin mean becomes Python here; commands stay scripts of the shell. */
#ifndef TWINC_TARGETS_FLOW_FLOW_H
#define TWINC_TARGETS_FLOW_FLOW_H
#include "targets/target.h"

/* -- expressions (python.c) ------------------------------------------------------------------------------------------- */

enum py_precedence { PY_ANY, PY_COND, PY_OR, PY_AND, PY_NOT, PY_COMPARE, PY_SUM, PY_PRODUCT, PY_UNARY, PY_PRIMARY };
/* Paths that were told, and how flow.py sees them. */
struct flow_view { const char *path, *seen; };
struct flow_seen { VEC(struct flow_view) paths; };
struct py {
	struct arena *arena;
	const struct plan *plan;
	const struct target_request *request;
	const char *folder;           /* absolute, of flow.py */
	const struct plan_step *step; /* whose command or attribute it is: inputs are i["x"], outputs o["x"], assets a[0]; or NULL */
	uint32_t block;               /* where it stands in a workflow: slots are s["x"]; or PLAN_NONE */
	struct flow_seen *seen;       /* or NULL */
	bool trigger;                 /* an argument of a trigger: `event`, latest("source", n) and since("source", s) */
	bool measured;                /* of one that waits for metrics: event["STEP.METRIC"] */
	VEC(const struct value *) assets; /* of the step, in the order of `a`; the caller finishes it */
	const char *error;            /* why it has no Python, or NULL */
	struct span error_span;
};
/* Appends the expression; its value stands in the unit of its static type. */
void py_expr(struct py *py, const struct expr *e, enum py_precedence at_least, struct buf *ret);
/* The same in the unit of `to`. */
void py_as(struct py *py, const struct expr *e, const struct type *to, enum py_precedence at_least, struct buf *ret);
void py_call(struct py *py, const struct expr *e, struct buf *ret); /* python_call.c: built-in functions */
void py_string(const char *text, size_t len, struct buf *ret);      /* a literal; bytes that are not UTF-8 come back as they were */
void py_refuse(struct py *py, struct span span, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Whether it holds a record that has what a file has in JSON. */
bool py_looks_like_path(const struct value *v);
/* A file of the twin as seen from flow.py. */
const char *flow_path(const struct py *py, const char *path);
const struct type *py_strip(const struct type *t); /* without `?` and secret<> */

/* -- names (names.c) ---------------------------------------------------------------------------------------------------- */

/* How nodes are called in flow.py: unique in their block; arena text. */
const char *flow_node_name(struct arena *a, const struct plan *p, uint32_t node);

/* -- workflows (workflow.c) and steps (step.c) ---------------------------------------------------------------------------- */

struct flow {
	struct arena *arena;
	const struct target_request *request;
	const struct plan *plan;
	struct target_result *ret;
	const char *folder;      /* of the files, relative to the target's folder: "main" */
	const char *absolute;    /* the same, absolute; from flow_emit on */
	struct target_text text; /* flow.py, while it is told */
	struct flow_seen seen;
	bool *steps, *workflows; /* written already */
	bool refused;            /* something; the rows tell what */
};
/* Rows for each step that the workflow calls, and for what cannot be said. Writes FOLDER/flow.py, FOLDER/inputs.json, FOLDER/twin.py,
 * FOLDER/values.py and FOLDER/commands/STEP.sh; nothing of it when something is refused, which it says by false. */
bool flow_emit(struct flow *f, uint32_t workflow);
/* Whether a workflow gets a folder of its own: the one that is asked for, or each that no other calls. */
bool flow_is_meant(const struct target_request *request, uint32_t workflow);
/* The steps that were called, after flow_emit. */
bool flow_has_step(const struct flow *f, uint32_t step);
/* Whether the step's command is a file of its own (commands/STEP.sh), which reads values from its environment; otherwise the task's
 * folder holds it as `command`, with quoted words filled in. Argument lists likewise. */
bool flow_has_command(const struct plan_step *s);
/* The document of CWL that a step is, as its twin names it; NULL: none. */
const char *flow_cwl(const struct plan_step *s);
void flow_refuse(struct flow *f, const char *subject, struct span span, const char *format, ...) __attribute__((format(printf, 4, 5)));
#endif
