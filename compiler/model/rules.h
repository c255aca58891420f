/* A check over the finished model. Private to this room. */
#ifndef TWINC_MODEL_RULES_H
#define TWINC_MODEL_RULES_H
#include "compiler/model/model.h"
struct rule {
	const char *name;
	void (*run)(const struct model *m, struct diags *ds); /* NULL: none */
};
#endif
