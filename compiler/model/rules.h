/* Checks over the finished model, and what they share. Private to this room. */
#ifndef TWINC_MODEL_RULES_H
#define TWINC_MODEL_RULES_H
#include "compiler/model/model.h"
struct rule {
	const char *layer;
	void (*run)(const struct model *m, struct diags *ds);
};
void rule_resources(const struct model *m, struct diags *ds); /* rules_resources.c */
void rule_placement(const struct model *m, struct diags *ds); /* rules_placement.c */
void rule_rates(const struct model *m, struct diags *ds);     /* rules_rates.c */
void rule_storage(const struct model *m, struct diags *ds);
void rule_deadlines(const struct model *m, struct diags *ds); /* rules_deadlines.c */
void rule_gates(const struct model *m, struct diags *ds);     /* rules_gates.c */
void rule_models(const struct model *m, struct diags *ds);    /* rules_models.c */

/* A call's place: its own `on`, else its step's; NULL: none. *ret_span: where that is said. */
const char *rule_place(const struct model_node *call, struct span *ret_span);
/* The number of a block's attribute in base units; false where it is not given or not known. */
bool rule_number(const struct model *m, const struct model_thing *t, const char *block, const char *attr, double *ret, struct span *ret_span);
/* "4 GPUs", "16GiB", "20min": with its unit. */
const char *rule_show(struct arena *a, double x, const char *unit);
/* Calls back for each CALL of a body and of all inside it. */
void rule_each_call(const struct model_body *b, void (*each)(const struct model_node *call, void *ctx), void *ctx);
#endif
