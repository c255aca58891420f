/* What `build` writes beside the targets' own files, and what `explain` reads back. */
#ifndef TWINC_CLI_BUILD_H
#define TWINC_CLI_BUILD_H
#include "cli/cli.h"
#include "targets/target.h"
#include "compiler/base/map.h"

#define BUILD_MAP "sourcemap.json"
#define BUILD_MATRIX "portability.json"
#define BUILD_MAX_BYTES ((size_t)1 << 30)

struct built { const struct target *target; struct target_result result; };
struct build {
	struct cli *cli;
	const struct plan *plan;
	uint32_t workflow;
	const struct value **inputs;
	const char *dir, *here;
	VEC(struct built) list;
	VEC(struct target_scenario) scenarios;  /* with plans of their own; where a target wants them */
	const struct doc *old_map, *old_matrix; /* of an earlier build, or NULL */
	struct map ours;                        /* names that the old map knows */
	struct map made;                        /* folders that are there */
	struct doc *map;                        /* "TARGET/path": [{"from", "to", "file", "line", ...}], growing as files are written */
};
/* build_record.c */
/* A document that an earlier build left in DIR; NULL: none. */
const struct doc *build_read(struct arena *a, const char *dir, const char *name);
/* Adds a file to the map; number: of its lines. */
void build_record_file(struct build *b, const char *key, const struct lines *lines, uint32_t number);
/* What is known of targets that were not built this time goes on being known. */
void build_keep_others(const struct build *b, const struct doc *old, struct doc *map);
/* After a failure: what the old map knows, and this build did not come to, goes on being known. */
void build_keep_missing(struct build *b);
/* The portability of all that was built: {TARGET: {"files", "rows", "note"}}. */
struct doc *build_matrix_doc(const struct build *b);
void build_print_matrix(const struct build *b);
#endif
