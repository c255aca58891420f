/* Lowering of declarations: private to this room. */
#ifndef TWINC_PLAN_LOWER_THING_H
#define TWINC_PLAN_LOWER_THING_H
#include "compiler/model/model.h"
#include "compiler/plan/copy.h"
struct lower { struct plan *plan; const struct model *model; struct copy copy; };
/* All of a step but its fields. */
void lower_step(struct lower *l, const struct model_thing *t, struct plan_step *p);
/* infra, service, source, model and trigger; and the table of models. */
void lower_things(struct lower *l);
/* What services in a cluster are called there, where something reads it: the target kubernetes gives them these names. After the things. */
void lower_given(struct lower *l);
#endif
