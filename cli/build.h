/* What `build` writes beside the targets' own files, and what `explain` reads back. */
#ifndef TWINC_CLI_BUILD_H
#define TWINC_CLI_BUILD_H
#include "cli/cli.h"
#include "targets/target.h"
#include "compiler/base/map.h"

#define BUILD_MAP "sourcemap.json"
#define BUILD_MATRIX "portability.json"
#define BUILD_MAX_BYTES ((size_t)1 << 30)

struct built { const struct target *target; struct target_result result; uint32_t n_written; /* of its files */ };
struct build {
	struct cli *cli;
	const struct plan *plan;
	uint32_t workflow;
	const struct value **inputs;
	const char *dir, *here;
	VEC(struct built) list;
	VEC(struct target_scenario) scenarios;  /* with plans of their own; where a target wants them */
	struct target_shared shared;
	const struct doc *old_map, *old_matrix; /* of an earlier build, or NULL */
	struct map ours;                        /* names that the old map knows */
	struct buf map;                         /* its text, growing as files are written */
	int folder;                             /* an open folder, or -1: the next file probably goes there too */
	const char *folder_path;
};
/* build_write.c: the files below DIR. A target's folder that was not there appears whole; in one that was, each file is replaced by
 * itself, and only where it changes. Exit codes; what failed was told. */
void build_open(struct build *b); /* what an earlier build left */
void build_close(struct build *b);
int build_put_plan(struct build *b);
int build_put_target(struct build *b, struct built *x);
/* The records come last, so that what was not written is not taken for ours; after a failure (code), too, so that what was is. */
int build_put_records(struct build *b, int code);

/* build_record.c */
/* A document that an earlier build left in DIR; NULL: none. */
const struct doc *build_read(struct arena *a, const char *dir, const char *name);
/* Adds a file to the map, under "TARGET/path": {"twin.twin": [[first line, last line, line, column, end line, end column], ...]}: its lines
 * by the source that they come from, and the places there. number: of its lines. */
void build_record_file(struct build *b, const char *key, const struct lines *lines, uint32_t number);
/* What is known of targets that were not built this time goes on being known. */
void build_keep_others(struct build *b);
/* After a failure: what the old map knows, and this build did not come to, goes on being known. */
void build_keep_missing(struct build *b);
/* The portability of all that was built, as JSON: {TARGET: {"files", "rows", "note"}}. others: targets of an earlier build that were not
 * built this time go on being there; or NULL. */
void build_matrix(struct build *b, const struct doc *others, struct buf *ret);
void build_print_matrix(const struct build *b);
#endif
