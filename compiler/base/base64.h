/* RFC 4648, sections 4 and 5. */
#ifndef TWINC_BASE_BASE64_H
#define TWINC_BASE_BASE64_H
#include "compiler/base/arena.h"

/* Of either alphabet; whatever belongs to none (ends of lines, padding) is passed over. NUL-terminated, in the arena. */
char *base64_decode(struct arena *a, const char *text, size_t len);
#endif
