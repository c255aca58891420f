/* Inside of compiler/value: what the conversions of values share. */
#ifndef TWINC_VALUE_CONVERT_H
#define TWINC_VALUE_CONVERT_H
#include "compiler/base/file.h"
#include "compiler/value/value.h"
struct convert {
	struct arena *arena;
	const char *folder; /* that strings which are paths start from; NULL: as they are */
	char *error;
};
bool convert_fail(struct convert *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool convert_coerce(struct convert *c, const struct value *v, const struct type *t, const struct value **ret);
#endif
