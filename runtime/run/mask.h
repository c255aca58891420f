/* Secrets in texts that are kept or shown: as they are, in base64 wherever they begin in it, and percent-encoded. */
#ifndef TWINC_RUN_MASK_H
#define TWINC_RUN_MASK_H
#include "compiler/base/arena.h"
#include <stddef.h>
#include <stdint.h>

/* The text with each secret as ***; itself where there is none. n_secrets texts of any length; empty ones are passed over. */
const char *mask_text(struct arena *a, const char *const *secrets, uint32_t n_secrets, const char *text, size_t len, size_t *ret_len);
/* The text with one word of n bytes, as it is, as ***; for none, n is 0. */
const char *mask_one(struct arena *a, const char *word, size_t n, const char *text, size_t len, size_t *ret_len);
#endif
