/* Quoting per language: the only way a user's text enters a script. */
#ifndef TWINC_DOC_QUOTE_H
#define TWINC_DOC_QUOTE_H
#include "compiler/base/buf.h"
/* One POSIX shell word: bare where every byte is in [A-Za-z0-9_@%+=:,./-] and it is not empty, else in single quotes. */
void quote_sh(const char *text, size_t len, struct buf *ret);
#endif
