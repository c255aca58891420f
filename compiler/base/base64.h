/* RFC 4648, sections 4 and 5. */
#ifndef TWINC_BASE_BASE64_H
#define TWINC_BASE_BASE64_H
#include "compiler/base/arena.h"
#include "compiler/base/buf.h"

/* Appends, with padding, in the alphabet of section 4. */
void base64_encode(struct buf *b, const char *bytes, size_t len);
/* Of either alphabet; whatever belongs to none (ends of lines, padding) is passed over. NUL-terminated, in the arena. */
char *base64_decode(struct arena *a, const char *text, size_t len);
#endif
