/* Private to this room: what the checker carries while it turns trees into the model. */
#ifndef TWINC_MODEL_CHECK_H
#define TWINC_MODEL_CHECK_H
#include "compiler/base/intern.h"
#include "compiler/model/model.h"
#include "compiler/syntax/ast.h"

struct near;
enum decl_kind { DECL_IMPORT, DECL_PARAM, DECL_SCENARIO, DECL_THING, DECL_WORKFLOW, DECL_FORMAT, DECL_SCHEMA, DECL_FUNCTION };
enum decl_state { DECL_NEW, DECL_BUSY, DECL_DONE };
struct decl {
	enum decl_kind kind;
	enum decl_state state;
	bool failed;               /* an error was reported for it: uses stay silent */
	const char *word;          /* "step", "param", ...; of an import or a function: NULL */
	const char *name, *full;   /* full: with the module's prefix */
	struct span span;          /* of the name */
	struct decl *outer;        /* while BUSY: who asked */
	const struct ast_item *item; /* NULL once a step is settled: its tree is given back */
	struct module *module;
	union {
		struct module *import;  /* NULL where it could not be read */
		struct model_param *param;
		struct model_thing *thing;
		struct model_workflow *workflow;
		struct schema *schema;
		const struct format *format;
	};
	bool used;
};
struct module {
	const char *path;          /* as given to the user */
	const char *folder;        /* of that path, for messages and imports */
	const char *root;          /* the same, absolute: where data and assets are looked for */
	const char *prefix;        /* of full names: "" for the main file, "hydro." */
	struct ast_file *ast;
	struct map names, functions; /* name -> struct decl */
	VEC(struct decl *) decls;  /* in order of the file */
	struct module *importer;   /* while reading: the ring of imports */
	struct span import_span;
	bool reading, standard;
	struct module *next;
};

enum scope_kind { SCOPE_LOCAL, SCOPE_STEP, SCOPE_BODY, SCOPE_SCHEMA, SCOPE_EVENT };
struct scope {
	enum scope_kind kind;
	struct scope *parent;
	const char *name; const struct type *type; uint32_t index; bool used; /* LOCAL */
	const struct model_thing *step; bool outputs;  /* STEP: inputs, and outputs while the command runs */
	struct model_body *body;   /* BODY */
	const struct schema *schema; /* SCHEMA: its attributes by name */
};
struct checker {
	struct arena *arena;
	struct intern *intern;
	struct sources *sources;
	struct diags *diags;
	struct model *model;
	struct module *modules, *prelude, *main;
	struct map formats;        /* name -> const struct format */
	struct map shared;         /* kind and unit or format -> struct type: the same few come again and again */
	struct decl *settling;     /* innermost declaration being worked out; its `outer` is the one that asked for it */
};
/* Where an expression stands. */
struct context {
	struct checker *ck;
	struct module *module;
	struct scope *scope;
	const struct model_node *gate;   /* whose requirement this is: reads what it guards unchecked */
	struct model_body *repeat;       /* innermost enclosing repeat's body: previous() */
	bool unchecked;                  /* inside unchecked(x) */
	bool trigger;                    /* a trigger's attribute: event, sources and metrics of steps may be named */
	const struct type *event;        /* in a trigger: record of the event, or NULL */
	uint32_t n_locals;
	uint32_t decl_only;              /* steps and params of the module are visible; a step's command sees only its fields */
	bool closed;                     /* a command: the module's values are not visible */
};

/* -- resolve.c: modules and declarations */
struct decl *module_find(struct checker *ck, struct module *m, const char *name);
/* "hpc", "hydro.route", "slurm.cluster": follows imports. NULL without a report. */
struct decl *module_find_path(struct checker *ck, struct module *m, const char *path);
/* What `f(...)` or `m.f(...)` calls, of whatever kind; NULL without a report. Functions are another name space. */
struct decl *module_called(struct checker *ck, struct module *m, const struct ast_expr *call);
/* A declaration of a thing with this word: "step", "infra", "source". */
bool decl_is(const struct decl *d, const char *word);
/* Makes the declaration's meaning known. False when that failed (reported once). */
bool decl_settle(struct checker *ck, struct decl *d);
const char *decl_words(const struct decl *d); /* "step", "param", ... */
void report_cycle(struct checker *ck, struct decl *d);
struct module *module_import(struct checker *ck, struct module *from, const struct ast_item *item);
void module_declare(struct checker *ck, struct module *m);

/* -- types.c */
struct type_context { struct checker *ck; struct module *module; const struct schema *schema; const struct format *format; bool special; };
const struct type *type_resolve(struct type_context *tc, const struct ast_type *t);
/* `secret<T>?` of an input: told, and the `?` taken away. */
void check_secret_type(struct checker *ck, const struct ast_type *t, const struct type **type);
/* type_number and type_path, made once. */
const struct type *shared_number(struct checker *ck, enum type_kind kind, const struct unit *unit);
const struct type *shared_path(struct checker *ck, enum type_kind kind, const struct format *format);
/* F replaced by the format in a kind's attribute type. */
const struct type *type_bind(struct arena *a, const struct type *t, const struct format *format);
/* The type both agree on, or NULL. */
const struct type *type_join(struct arena *a, const struct type *x, const struct type *y);
const struct format *format_find(struct checker *ck, struct module *m, const char *name);

/* -- schema.c */
struct schema *schema_read(struct checker *ck, struct decl *d);

/* -- check_expr.c: never NULL; the poison type after an error, which was reported */
struct expr *check_expr(struct context *cx, const struct ast_expr *e, const struct type *expected);
/* What a value is for: "input `%s` of %s `%s`" and what stands in it; put into words only where there is something to say. */
struct what { const char *format, *a, *b, *c; };
#define WHAT(...) ((struct what){__VA_ARGS__})
const char *what_text(struct checker *ck, struct what what);
/* check_expr, assignability to `type`, folding, early range checks. declared: where the type stands (file 0: nowhere). */
const struct expr *check_value(struct context *cx, const struct ast_expr *e, const struct type *type, struct what what, struct span declared);
const struct expr *check_fold(struct context *cx, struct expr *e);
struct expr *make_const(struct checker *ck, struct span span, const struct value *v, const struct type *t);
struct expr *make_poison(struct checker *ck, struct span span);
static inline bool is_poison(const struct expr *e) { return e->type->kind == TYPE_POISON; }
const char *show(struct checker *ck, const struct type *t); /* `file<csv>` without the ticks */
const char *a_type(struct checker *ck, const struct type *t); /* "a `file<csv>`", "the result of step `mean`" */
void report_unknown_name(struct context *cx, const struct ast_expr *e, const struct type *expected);
/* Names that would fit here, offered to a did-you-mean. */
void offer_names(struct context *cx, struct near *near);

/* -- check_given.c: `front.address`, what infrastructure or a service gives */
struct expr *check_given(struct context *cx, struct span span, struct model_thing *t, struct model_attr *a);
/* Where that comes too late it is told. True: it was. */
bool check_too_late(struct checker *ck, const struct expr *e, const char *what);

/* -- check_operator.c */
struct expr *check_operator(struct context *cx, const struct ast_expr *e, const struct type *expected);
/* An operand that must be there, of a type; false after a report. */
bool check_present(struct context *cx, const struct expr *e, const char *what);
/* Labels the gate or the `if` that makes a value absent. */
void explain_absent(struct context *cx, struct diag *d, const struct expr *e);

/* -- check_builtin.c */
struct expr *check_call(struct context *cx, const struct ast_expr *e, const struct type *expected);

/* -- check_command.c */
const struct expr *check_command(struct context *cx, const struct ast_expr *e);
struct expr *check_text(struct context *cx, const struct ast_expr *e);

/* -- check_thing.c */
struct model_thing *check_thing(struct checker *ck, struct decl *d);
/* An attribute's value against its type, the special ones too. */
const struct expr *check_special(struct context *cx, const struct ast_expr *e, const struct type *t, struct model_thing *thing, const char *name, struct span declared);
/* -- check_place.c: the place that a dotted expression names, as a constant string; NULL after a report */
const struct expr *check_place(struct context *cx, const struct ast_expr *e);
/* -- check_trigger.c */
/* Whether its kind has a `run`: a trigger, and what starts a workflow once. */
bool check_takes_call(const struct model_thing *t);
void check_trigger(struct checker *ck, struct model_thing *t, struct decl *d);

/* -- body.c: the names of a workflow's bodies, and their types when asked for */
struct model_name {
	const char *name;
	const struct ast_item *item;
	struct model_slot *slot;   /* NULL: a gate */
	struct model_node *node;
	enum decl_state state;     /* of the slot's type */
};
struct model_body *body_build(struct checker *ck, struct decl *workflow);
void body_guards(struct checker *ck, struct model_body *body);
/* The slot that a name means in a body or around it, or NULL. Its type is settled. */
struct model_slot *body_find(struct context *cx, struct model_body *body, const char *name);
struct model_name *body_name(struct model_body *body, const char *name, struct model_body **ret_where);
/* Of an export, the slot that unchecked(x) means: past the gates inside; the slot itself where there are none. */
struct model_slot *body_unchecked(struct checker *ck, struct model_slot *s);
void body_offer(struct model_body *body, struct near *near);
/* Where expressions of this body stand. */
struct context body_context(struct checker *ck, struct model_body *body);
const struct ast_item *body_attribute(const struct ast_item *first, const char *name);

/* -- check_workflow.c */
struct model_workflow *check_workflow_head(struct checker *ck, struct decl *d);
void check_workflow_body(struct checker *ck, struct decl *d);
/* FOR: the list; IF: the condition; VALUE: it; checked when first asked for. */
const struct expr *check_subject(struct checker *ck, struct model_node *n);
/* The element type of what a `for` or comprehension goes through; the poison type after a report. */
const struct type *element_type(struct context *cx, const struct expr *list, struct span span, const char *what);

/* -- check_call.c */
/* The arguments of a call against inputs, one per input, NULL: its default. node: takes `after` and `on`; NULL in a trigger. */
struct callee { const char *word, *name; struct span declared; const struct model_field *inputs; uint32_t n; }; /* step `classify` */
void check_arguments(struct context *cx, const struct ast_expr *call, const struct callee *callee, struct model_node *node, const struct expr ***ret_args, struct span **ret_spans);
/* -- check_cycle.c */
void check_cycles(struct checker *ck, struct model *m);
#endif
