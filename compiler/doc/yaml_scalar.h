/* Which type a plain YAML scalar has, for the reader and for the writer. */
#ifndef TWINC_DOC_YAML_SCALAR_H
#define TWINC_DOC_YAML_SCALAR_H
#include "compiler/doc/doc.h"
/* YAML 1.2 core, but numbers with leading zeros and 0o.. stay text. */
struct doc *yaml_scalar_read(struct arena *a, const char *text, size_t len);
/* Whether the text may stand without quotes: no YAML 1.1 or 1.2 reader takes it for anything but this text. */
bool yaml_scalar_is_plain(const char *text, size_t len);
#endif
