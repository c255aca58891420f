/* Typed expressions: made by the checker, evaluated by it, by the plan and by the runtime with one evaluator. */
#ifndef TWINC_VALUE_EXPR_H
#define TWINC_VALUE_EXPR_H
#include "compiler/base/map.h"
#include "compiler/diag/source.h"
#include "compiler/value/value.h"

enum expr_op {
	EXPR_CONST,    /* value */
	EXPR_PARAM,    /* index: a parameter of the twin; late: what infrastructure gives, once it is ready; name */
	EXPR_SLOT,     /* index: a slot of a workflow block (plan.h); checked: through its gates; name */
	EXPR_PREVIOUS, /* index: a slot of the enclosing repeat, its value in the round before; null in the first; name */
	EXPR_INPUT,    /* index: an input of the step; name */
	EXPR_OUTPUT,   /* index: an output of the step: its path while the command runs; name */
	EXPR_MODEL,    /* name: the promoted weights of a model */
	EXPR_EVENT,    /* name: what set the trigger off, "event"; with args[0], what a source gave last: "scenes.latest", "scenes.since" (in s) */
	EXPR_LOCAL,    /* index: a comprehension's or function's own variable, unique in the root expression; name */
	EXPR_LET,      /* args[0..n-2] are stored in locals index.., args[n-1] is the result */
	EXPR_MEMBER,   /* args[0].name; over a list: of each element; of null: null */
	EXPR_INDEX,    /* args[0][args[1]] */
	EXPR_NEGATE, EXPR_NOT,
	EXPR_ADD, EXPR_SUB, EXPR_MUL, EXPR_DIV, EXPR_MOD,
	EXPR_LT, EXPR_LE, EXPR_GT, EXPR_GE, EXPR_EQ, EXPR_NE, EXPR_IN,
	EXPR_AND, EXPR_OR, EXPR_COALESCE, EXPR_COND,
	EXPR_RANGE,    /* args[0]..args[1] */
	EXPR_AS,       /* a quantity as a plain number in `unit` */
	EXPR_TEXT,     /* concatenation of args as text (string interpolation) */
	EXPR_WORDS,    /* a command's text: args are string constants (script text) and placeholders, quoted word by word for sh; a
	                  placeholder that is itself a constant string is wrapped in a TEXT */
	EXPR_LIST,     /* args */
	EXPR_RECORD,   /* args, keys */
	EXPR_EACH,     /* comprehension: for local index (index + 1 the second of a pair when pair) in args[0] if args[1] -> args[2]; args[1] may be NULL */
	EXPR_CALL,     /* name: a built-in function (builtin.def), args */
	EXPR_ASSET,    /* value: a PATH beside the twin, staged with the task */
	EXPR_GLOB,     /* args[0]: pattern, in the work folder of the step (outputs only) */
};
struct expr {
	enum expr_op op;
	bool checked : 1, pair : 1, late : 1;
	uint16_t n; /* of args */
	uint32_t index;
	struct span span;
	const struct type *type;
	union {
		const struct value *value;
		const char *name;
		const struct unit *unit;
		const char **keys;
	};
	const struct expr **args;
};

enum eval_status { EVAL_OK, EVAL_UNKNOWN /* rests on something not known yet */, EVAL_FAILED };
struct eval {
	struct arena *arena; /* results */
	void *ctx;
	/* Each may be NULL (then: unknown). ret is untouched unless EVAL_OK. */
	enum eval_status (*slot)(void *ctx, const struct expr *e, const struct value **ret); /* SLOT and PREVIOUS */
	enum eval_status (*param)(void *ctx, uint32_t index, const struct value **ret);
	enum eval_status (*input)(void *ctx, uint32_t index, const struct value **ret);
	enum eval_status (*output)(void *ctx, uint32_t index, const struct value **ret);
	enum eval_status (*model)(void *ctx, const char *name, const struct value **ret);
	enum eval_status (*event)(void *ctx, const char *name, const struct value **ret);
	enum eval_status (*asset)(void *ctx, const struct value *path, const struct value **ret); /* NULL: the path itself */
	const struct value **locals; uint32_t n_locals; /* grown by eval in the arena */
	uint32_t depth; uint64_t steps;  /* bounded: EVAL_MAX_DEPTH, EVAL_MAX_STEPS */
	struct span error_span;          /* on EVAL_FAILED: the failing part */
	const char *error, *error_help;  /* "the mean of an empty list", arena text */
};
#define EVAL_MAX_DEPTH 500
#define EVAL_MAX_STEPS ((uint64_t)20000000)
#define EVAL_MAX_ITEMS ((uint32_t)1000000)
#define EVAL_MAX_TEXT ((size_t)64 << 20)
#define EVAL_MAX_LOCALS 65536u
enum eval_status eval_expr(struct eval *ev, const struct expr *e, const struct value **ret);
/* Ends an evaluation: the failing part is e. For built-ins and callbacks. */
enum eval_status eval_fail(struct eval *ev, const struct expr *e, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Counts n steps of work; EVAL_FAILED when there were too many. */
enum eval_status eval_spend(struct eval *ev, const struct expr *e, uint64_t n);
/* Appends to ret the text of a value as it stands inside "..~{}.." or in a command's list: paths, strings, plain
 * numbers; false for the rest. */
bool eval_value_text(const struct value *v, struct buf *ret);

/* Built-in functions: rows of builtin.def: FN(name, min_args, max_args, phase). Typing is in model/builtin.c, meaning in value/builtin.c. */
struct builtin {
	const char *name;
	uint8_t min_args, max_args;
	enum eval_status (*run)(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret);
};
const struct builtin *builtin_find(const char *name);
extern const struct builtin builtins[]; /* ends with a NULL name; sorted by name */

struct expr *expr_new(struct arena *a, enum expr_op op, struct span span, const struct type *type, uint16_t n_args);
/* Calls back for every SLOT, PREVIOUS, MODEL and PARAM inside. */
void expr_each_ref(const struct expr *e, void (*each)(const struct expr *ref, void *ctx), void *ctx);
/* The expression as text, for messages and dumps: `mean.count >= 20`. */
void expr_show(const struct expr *e, struct buf *ret);
/* A constant without a place. */
const struct expr *expr_const(struct arena *a, const struct value *v, const struct type *type, struct span span);
const char *expr_text(struct arena *a, const struct expr *e);
/* Arguments, indices of locals, built-ins and units are checked; the other indices are the caller's to check. */
bool expr_load(struct arena *a, const struct doc *d, const struct map *formats, const struct expr **ret);

/* Types that many expressions share, saved once and then told by number. */
struct type_table {
	struct arena *arena;              /* borrowed */
	struct map by_address, by_text;   /* while saving: to number + 1 */
	struct buf saved;                 /* their JSON, with commas between */
	const struct type **loaded; uint32_t n_loaded;
};
void type_table_init(struct type_table *t, struct arena *a);
void type_table_finish(struct type_table *t);
bool type_table_load(struct type_table *t, const struct doc *list, const struct map *formats);
/* Writes its number; NULL: null. */
void type_table_put(struct type_table *t, const struct type *type, struct buf *ret);
bool type_table_get(const struct type_table *t, const struct doc *d, const struct type **ret); /* null: NULL */
/* As JSON: [file, start, end]. */
void span_write(struct span span, struct buf *ret);
bool span_load(const struct doc *d, struct span *ret);
/* As JSON; NULL: null. */
void expr_write(struct type_table *t, const struct expr *e, struct buf *ret);
bool expr_load_with(const struct type_table *t, const struct doc *d, const struct expr **ret);
#endif
