/* Did you mean: the candidate nearest to a name, by edit distance with transpositions, or NULL when none is near. */
#ifndef TWINC_DIAG_NEAR_H
#define TWINC_DIAG_NEAR_H
#include "compiler/base/arena.h"
#include <stdint.h>
struct near { const char *name; const char *best; uint32_t distance; /* in half edits */ };
void near_init(struct near *n, const char *name);
void near_offer(struct near *n, const char *candidate);
/* At most a third of the name's length (at least 1) away, case ignored at half price; NULL otherwise. */
const char *near_best(const struct near *n);
/* Edits between the two, rounded up. */
uint32_t near_distance(const char *a, const char *b);
#endif
