/* Checks across layers: one row each, with the file that holds it. A row runs when its model is free of errors. */
#include "compiler/model/rules.h"

static const struct rule rules[] = {
	{"none", NULL},
};

void model_rules(struct model *m, struct diags *ds)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (rules[i].run)
			rules[i].run(m, ds);
}
