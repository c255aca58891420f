/* Patterns of `matching` and matches(): POSIX extended regular expressions over the whole text, with \d \w \s. */
#ifndef TWINC_VALUE_PATTERN_H
#define TWINC_VALUE_PATTERN_H
#include "compiler/base/arena.h"
#include <stdbool.h>
#define PATTERN_MAX_BYTES 1000
#define PATTERN_TEXT_MAX_BYTES ((size_t)1 << 20)
/* False with *ret_error for a pattern that is none, or too large to be tried; else *ret_matches. */
bool pattern_match(struct arena *a, const char *pattern, const char *text, size_t len, bool *ret_matches, char **ret_error);
/* The same question for the pattern alone. */
bool pattern_check(struct arena *a, const char *pattern, char **ret_error);
/* The same pattern for regular expressions of Python and ECMAScript over the bytes of a text, in ASCII; the caller anchors it at
 * both ends. NULL: it cannot be said there. */
const char *pattern_spell(struct arena *a, const char *pattern);
#endif
