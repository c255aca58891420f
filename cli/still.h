/* Nothing to do, told at once: a record of the last apply that ended well, of what it was asked and of every file that it
 * rested on or left behind. Where the request is the same and no stamp differs, nothing can have changed: the twin is not
 * even compiled. */
#ifndef TWINC_CLI_STILL_H
#define TWINC_CLI_STILL_H
#include "cli/state.h"

struct still { struct arena *arena; struct buf text; bool bad; struct run_listener inner; }; /* what is being recorded */

/* True where the record holds; its gates and its end were told then. */
bool still_holds(struct cli *c, const char *file, const char *state, const char *results);
/* A listener in front of another, which notes what a later apply would say. */
struct run_listener still_listener(struct still *s, struct run_listener inner);
/* When the run has ended well, before it is destroyed. */
void still_note(struct still *s, struct cli *c, const char *file, const struct run *r, const struct plan *plan);
/* When the journal is closed: writes the record, or removes what is no longer true. */
void still_write(struct still *s, struct cli *c, const char *file, const char *state, const char *results, bool ended_well);
#endif
