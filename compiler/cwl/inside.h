/* What the files of compiler/cwl share. */
#ifndef TWINC_CWL_INSIDE_H
#define TWINC_CWL_INSIDE_H
#include "compiler/base/map.h"
#include "compiler/cwl/cwl.h"
#include <string.h>

#define CWL_MAX_DEPTH 60        /* files within files, types within types, processes within processes */
#define CWL_MAX_FILES 2000
#define CWL_MAX_FILE_BYTES ((size_t)16 << 20)
#define CWL_MAX_NODES ((uint32_t)2000000) /* of the document with everything inlined */

struct reader {
	struct arena *arena;
	struct cwl_error *error;  /* the first one is kept */
	bool failed;
	const char *file, *folder; /* being read */
	uint32_t depth, n_files, n_nodes;
	bool imported;             /* places are of another file than `file` */
	const struct doc *graph;   /* of the current file, or NULL */
	const struct doc *spaces;  /* its $namespaces, or NULL */
	struct map *types;         /* named types of the process: name -> document as written */
	int version;
};
/* Keeps the first error. False. */
bool read_fail(struct reader *r, const struct doc *at, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool read_help(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* read.c: a file with its imports and includes; its processes */
struct doc *read_file(struct reader *r, const char *path, const struct doc *at);
/* A process by reference ("x.cwl#name", "#name") or as it stands, in normal form. NULL: reported. */
struct doc *read_process(struct reader *r, const struct doc *run);

/* normal.c */
struct doc *normal_process(struct reader *r, const struct doc *d);
/* A map by name or a list of maps as a list; `key` names them, `value` is what a short form means. */
struct doc *normal_list(struct reader *r, const struct doc *d, const char *key, const char *value, const char *what);
void normal_put(struct reader *r, struct doc *map, const char *key, struct doc *value);
struct doc *normal_string(struct reader *r, const char *text, const struct doc *at);

/* normal_type.c */
struct doc *normal_type(struct reader *r, const struct doc *d);
struct doc *normal_params(struct reader *r, const struct doc *d, const char *what, bool input);
struct doc *normal_format(struct reader *r, const struct doc *d);
void normal_declare(struct reader *r, const struct doc *types);

/* fields.c: which words an object may have */
enum fields {
	FIELDS_TOOL, FIELDS_EXPRESSION, FIELDS_WORKFLOW, FIELDS_OPERATION, FIELDS_INPUT, FIELDS_OUTPUT, FIELDS_FIELD, FIELDS_TYPE, FIELDS_BINDING,
	FIELDS_COLLECT, FIELDS_STEP, FIELDS_STEP_IN, FIELDS_STEP_OUT, FIELDS_SECONDARY, FIELDS_DIRENT,
};
bool fields_check(struct reader *r, const struct doc *map, enum fields kind, const char *what);
bool fields_requirement(struct reader *r, const struct doc *req, bool hint);

/* links.c: a workflow's steps and where their inputs come from */
bool links_check(struct reader *r, const struct doc *workflow);
#endif
