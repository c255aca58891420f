/* Source texts and places in them. A span is three numbers; lines and columns are worked out only when shown. */
#ifndef TWINC_DIAG_SOURCE_H
#define TWINC_DIAG_SOURCE_H
#include "compiler/base/arena.h"
#include "compiler/base/vec.h"
#include <stdbool.h>
#include <stdint.h>

/* Bytes start..end (end excluded) of source number `file`. file 0 is "nowhere" (a command line, a built-in). */
struct span { uint32_t file, start, end; };
/* Lines and columns from 1; columns count code points; the end is just behind the last character. */
struct place { const char *path; uint32_t line, column, end_line, end_column; };

struct source {
	const char *path; /* as shown to the user; std files as "std/kafka.twin" */
	const char *text; /* NUL-terminated behind len */
	size_t len;
	uint32_t *lines; /* byte offset of each line's start, made on first use */
	uint32_t n_lines;
	uint32_t recent; /* the line that was found last: places are mostly asked for in order */
};
struct sources {
	struct arena *arena; /* borrowed: texts, paths, tables */
	VEC(struct source) list; /* [0] is "nowhere" */
};
void sources_init(struct sources *s, struct arena *arena);
void sources_finish(struct sources *s);
/* Adds a text (borrowed, must outlive the set) and returns its number, from 1. */
uint32_t sources_add(struct sources *s, const char *path, const char *text, size_t len);
struct place source_place(struct sources *s, struct span span);
uint32_t source_line_number(struct sources *s, struct span span); /* of its start */
/* Line `line` (from 1) without its newline. */
const char *source_line(struct sources *s, uint32_t file, uint32_t line, size_t *ret_len);
static inline struct span span_join(struct span a, struct span b) { a.end = b.end > a.end ? b.end : a.end; return a; }
#endif
