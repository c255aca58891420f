/* What the files of runtime/cwl share. Values are documents: maps with a `class` of File or Directory are files. */
#ifndef TWINC_RUNTIME_CWL_INSIDE_H
#define TWINC_RUNTIME_CWL_INSIDE_H
#include "compiler/base/file.h"
#include "compiler/base/vec.h"
#include "compiler/cwl/cwl.h"
#include "compiler/doc/quote.h"
#include "runtime/cwl/cwl.h"
#include <errno.h>
#include <string.h>
#include <sys/types.h>

#define CONTENTS_MAX_BYTES ((size_t)65536) /* of a file that is loaded into an expression: CWL's own limit */
#define VALUE_MAX_DEPTH 100
#define EXPRESSION_MAX_MS 60000

struct tool {
	struct arena *arena;
	const struct cwl_process *process;
	const struct cwl_hooks *hooks;
	const char *folder, *work, *tmp, *in; /* of the attempt: itself, work/, tmp/, in/ */
	struct doc *inputs, *runtime;
	const char *node;     /* the program, or NULL */
	const char *image;    /* to run in, or NULL */
	const struct doc *secrets; /* names of settings that may stand in no argument */
	pid_t node_pid;       /* 0: not started */
	int node_in, node_out;
	const char *error;    /* the first failure, arena text; NULL: none */
	uint32_t n_staged;
	VEC(const char *) reads; /* paths outside of the folder that links lead to */
	const char *out_name, *err_name; /* files of stdout and stderr in work/, or NULL */
	int64_t limit_s;      /* of the command, 0: none of its own */
	int exit;             /* of the command */
};
/* Keeps the first failure. False. */
bool tool_fail(struct tool *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* datum.c: documents as values */
void datum_put(struct tool *t, struct doc *map, const char *key, struct doc *value); /* sets or replaces; value is copied where it stands elsewhere */
void datum_put_text(struct tool *t, struct doc *map, const char *key, const char *text);
void datum_drop(struct doc *map, const char *key);
bool datum_is_file(const struct doc *d); /* class File */
bool datum_is_dir(const struct doc *d);
static inline bool datum_is_path(const struct doc *d) { return datum_is_file(d) || datum_is_dir(d); }
static inline bool datum_is_null(const struct doc *d) { return !d || d->kind == DOC_NULL; }
bool datum_matches(const struct cwl_type *type, const struct doc *d, int depth);
bool datum_type_optional(const struct cwl_type *type);
/* JSON with sorted keys, as it stands inside a text. */
void datum_json(struct tool *t, const struct doc *d, struct buf *ret);
/* The text of a value on a command line; numbers in decimal. */
const char *datum_text(struct tool *t, const struct doc *d);

/* expression.c: parameter references and expressions within texts */
bool expression_eval(struct tool *t, const char *text, const struct doc *self, const struct doc **ret);
/* The same without taking blanks off its ends. */
bool expression_eval_whole(struct tool *t, const char *text, const struct doc *self, const struct doc **ret);
bool expression_text(struct tool *t, const char *text, const struct doc *self, const char **ret);
/* Numbers and texts alike; anything but a text is itself. */
bool expression_value(struct tool *t, const struct doc *d, const struct doc *self, const struct doc **ret);

/* node.c: JavaScript */
bool script_eval(struct tool *t, const char *source, bool body, const struct doc *self, const struct doc **ret);
void script_finish(struct tool *t);

/* files.c: what a File or Directory says of itself */
void file_describe(struct tool *t, struct doc *file, const char *path, const char *basename); /* basename NULL: of the path */
bool file_load(struct tool *t, struct doc *file, bool contents, enum cwl_listing listing);
bool file_secondary(struct tool *t, struct doc *file, const struct cwl_param *p, bool output);
const char *file_pattern(struct tool *t, const char *name, const char *pattern);
enum cwl_listing file_listing(const struct tool *t, enum cwl_listing own, enum cwl_listing binding);

/* inputs.c, stage.c */
bool inputs_make(struct tool *t, const struct doc *given);
bool stage_value(struct tool *t, struct doc *value, int depth);
bool stage_path(struct tool *t, struct doc *file, const char *folder, bool copy);
bool work_dir_make(struct tool *t);

/* command.c */
bool command_make(struct tool *t, const char *const **ret_argv);

/* task.c */
#define FAILED 1
struct streams { const char *in, *out, *err; }; /* paths, or NULL */
bool task_env(struct tool *t, const char *const **ret);
void task_note(struct tool *t, const char *const *argv, const struct streams *s);
bool task_spawn(struct tool *t, const char *const *argv, const char *const *env, const struct streams *s);
bool task_outputs(struct tool *t, const struct doc *outputs);

/* workflow.c: by an engine */
int workflow_run(struct tool *t, const struct doc *job);

/* collect.c */
bool collect_outputs(struct tool *t, struct doc **ret);
bool collect_object(struct tool *t, const struct doc *object, struct doc **ret); /* of cwl.output.json or an ExpressionTool */
#endif
