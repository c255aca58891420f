/* Processes of the Common Workflow Language, v1.0 to v1.2: read with everything they import, brought into one shape, checked.
 * The only room of the compiler that knows CWL's words. A process travels as its normal document (a plain tree, valid CWL
 * in itself, which the plan carries); cwl_load makes structures of it, for the model and for the runtime alike. */
#ifndef TWINC_CWL_CWL_H
#define TWINC_CWL_CWL_H
#include "compiler/doc/doc.h"

struct cwl_error {
	const char *message, *help; /* arena text; help may be NULL */
	const char *file;           /* that it is about */
	uint32_t line, column;      /* in it, from 1; 0: not known */
	bool missing;               /* a file is not there */
	bool unsupported;           /* right, but not what can be used here */
};
/* The process in `path` ("x.cwl" or "x.cwl#name"), in normal form: imports, types and `run` inlined, lists instead of maps,
 * short names, files of defaults absolute. NULL: *ret_error. */
struct doc *cwl_read(struct arena *a, const char *path, struct cwl_error *ret_error);

enum cwl_class { CWL_TOOL, CWL_EXPRESSION, CWL_WORKFLOW, CWL_OPERATION };
enum cwl_type_kind {
	CWL_NULL, CWL_BOOLEAN, CWL_INT, CWL_FLOAT, CWL_STRING, CWL_FILE, CWL_DIRECTORY, CWL_ANY, CWL_ENUM, CWL_RECORD, CWL_ARRAY, CWL_UNION,
};
enum cwl_stream { CWL_NO_STREAM, CWL_STDIN, CWL_STDOUT, CWL_STDERR };
enum cwl_listing { CWL_LISTING_UNSAID, CWL_LISTING_NONE, CWL_LISTING_SHALLOW, CWL_LISTING_DEEP };

struct cwl_binding { /* how a value stands on a command line */
	const struct doc *position;  /* an int, or an expression; NULL: 0 */
	const char *prefix, *separator; /* or NULL */
	const char *value_from;      /* text or expression; or NULL */
	bool joined;                 /* prefix and value are one word */
	bool raw;                    /* not quoted for the shell */
	bool load_contents;
};
struct cwl_type {
	enum cwl_type_kind kind;
	const struct cwl_binding *binding;          /* of an array, record or enum itself; or NULL */
	const struct cwl_type **of; uint32_t n_of;  /* UNION: each; ARRAY: one */
	const char **symbols; uint32_t n_symbols;   /* ENUM */
	struct cwl_param *fields; uint32_t n_fields; /* RECORD */
};
struct cwl_secondary { const char *pattern; const struct doc *required; /* bool or expression; NULL: not said */ };
struct cwl_collect { const struct doc *glob; const char *eval; bool load_contents; enum cwl_listing listing; };
struct cwl_param { /* an input, an output, a field of a record */
	const char *name, *doc;
	const struct cwl_type *type;
	const struct cwl_binding *binding; /* or NULL */
	const struct cwl_collect *collect; /* outputs; or NULL */
	struct cwl_secondary *secondary; uint32_t n_secondary;
	const struct doc *secondary_from;  /* an expression that gives all of them; or NULL */
	const struct doc *format;          /* IRI, expression or list; or NULL */
	const struct doc *fallback;        /* default; or NULL */
	enum cwl_stream stream;
	bool load_contents;
	enum cwl_listing listing;
	uint32_t line, column;
};
struct cwl_setting { const char *name, *value; }; /* value: text or expression */
struct cwl_process {
	enum cwl_class class;
	int version;                      /* 10, 11 or 12 */
	const char *doc;
	struct cwl_param *inputs, *outputs; uint32_t n_inputs, n_outputs;
	/* CommandLineTool */
	const char **base; uint32_t n_base;
	struct cwl_binding *arguments; uint32_t n_arguments; /* value_from is the text */
	const char *in, *out, *err;       /* stdin, stdout, stderr; or NULL */
	int64_t *success, *temporary, *permanent; uint32_t n_success, n_temporary, n_permanent;
	/* ExpressionTool */
	const char *expression;
	/* requirements, and hints that are understood */
	bool javascript, shell, network;
	const char **library; uint32_t n_library;
	struct cwl_setting *env; uint32_t n_env;
	const struct doc *work_dir;       /* a list, or an expression; or NULL */
	const struct doc *cores, *ram_mib, *tmp_mib, *out_mib, *time_s, *reuse; /* or NULL */
	enum cwl_listing listing;
	const char *image;                /* that it runs in; or NULL */
	bool image_required;              /* and not only recommended */
	const char *image_folder;         /* where its outputs lie inside, or NULL */
	bool in_place;                    /* changes its inputs (InplaceUpdateRequirement); a Workflow: or its steps do */
	bool calls_expressions;           /* has something that needs JavaScript; a Workflow: or its steps have */
};
/* Structures of a normal document. Everything is checked again: a plan may come from anywhere. NULL: *ret_error. */
struct cwl_process *cwl_load(struct arena *a, const struct doc *normal, struct cwl_error *ret_error);
/* What the meaning of the document rests on: without descriptions, and with the files that it names told by what `tell`
 * gives for their paths instead. A File that cannot be told keeps its path. */
struct doc *cwl_identity(struct arena *a, const struct doc *normal, const char *(*tell)(const char *path, void *ctx), void *ctx);
/* Why this machine cannot run the process; NULL: it can. `engine` is the one that a Workflow wants. */
const char *cwl_lacks(struct arena *a, const struct cwl_process *p, const char *engine);
/* Programs on the PATH; NULL: not there. */
const char *cwl_find_node(struct arena *a);
const char *cwl_find_engine(struct arena *a, const char *engine);
/* The text without what a name inside a packed document stands in: "#main/x" is "x". */
const char *cwl_short_name(const char *name);
/* Whether the text has `$(` or `${`. */
bool cwl_is_expression(const char *text);
#endif
