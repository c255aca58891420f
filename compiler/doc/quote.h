/* Quoting per language: the only way a user's text enters a script. */
#ifndef TWINC_DOC_QUOTE_H
#define TWINC_DOC_QUOTE_H
#include "compiler/base/buf.h"
/* How many of the first bytes are printable ASCII but " and \: such stand for themselves in most languages. */
size_t quote_plain_len(const char *text, size_t len);
/* One POSIX shell word: bare where every byte is in [A-Za-z0-9_@%+=:,./-] and it is not empty, else in single quotes. */
void quote_sh(const char *text, size_t len, struct buf *ret);
/* A string of Groovy in single quotes, in which no dollar is special; one line. */
void quote_groovy(const char *text, size_t len, struct buf *ret);
/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. Also a valid YAML double-quoted scalar: whatever
 * a YAML reader takes for a line break or refuses is escaped. */
void quote_json(const char *text, size_t len, struct buf *ret);
#endif
