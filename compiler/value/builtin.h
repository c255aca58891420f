/* Inside of compiler/value: the functions behind builtin.def. */
#ifndef TWINC_VALUE_BUILTIN_H
#define TWINC_VALUE_BUILTIN_H
#include "compiler/value/arith.h"
#define FN(name, min_args, max_args, phase) \
	enum eval_status run_##name(struct eval *ev, const struct expr *e, const struct value **args, const struct value **ret);
#include "compiler/value/builtin.def"
#undef FN
#endif
