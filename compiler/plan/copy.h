/* Deep copies into a plan's own arena; shared parts stay shared. Private to this room. */
#ifndef TWINC_PLAN_COPY_H
#define TWINC_PLAN_COPY_H
#include "compiler/plan/plan.h"
struct copy {
	struct arena *arena;
	struct map types, units, texts; /* by the address of the original */
	struct map formats;             /* name -> the plan's struct format */
};
const char *copy_text(struct copy *c, const char *s); /* NULL stays NULL */
const struct type *copy_type(struct copy *c, const struct type *t);
const struct value *copy_value(struct copy *c, const struct value *v);
const struct expr *copy_expr(struct copy *c, const struct expr *e);
void copy_finish(struct copy *c);
#endif
