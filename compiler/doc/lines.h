/* Which place of the twin each line of a written text comes from. */
#ifndef TWINC_DOC_LINES_H
#define TWINC_DOC_LINES_H
#include "compiler/base/buf.h"
#include "compiler/base/vec.h"
#include "compiler/diag/source.h"

struct line_from { uint32_t number; struct span from; }; /* from this line on, counted from 1, up to the next one */
struct lines {
	VEC(struct line_from) list; /* numbers rise */
	struct span now;       /* what is written at the moment */
	uint32_t number;       /* newlines seen so far */
	size_t seen;           /* bytes of the text that were counted */
};
void lines_finish(struct lines *l);
void lines_turn(struct lines *l, const struct buf *text, struct span from); /* of lines_from: what is new */
/* What follows in the text comes from there. Of several in one line the last counts. Nowhere (file 0): stays as it is.
 * l may be NULL. */
static inline void lines_from(struct lines *l, const struct buf *text, struct span from)
{
	if (l && from.file && !(from.file == l->now.file && from.start == l->now.start && from.end == l->now.end))
		lines_turn(l, text, from);
}
/* What is written at the moment, to come back to. l may be NULL. */
static inline struct span lines_now(const struct lines *l) { return l ? l->now : (struct span){ 0 }; }
#endif
