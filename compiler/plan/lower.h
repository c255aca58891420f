/* From the model, with its parameters bound, to the plan. */
#ifndef TWINC_PLAN_LOWER_H
#define TWINC_PLAN_LOWER_H
#include "compiler/model/model.h"
#include "compiler/plan/plan.h"
/* The model must be free of errors. The result owns all that it needs. */
struct plan *plan_lower(const struct model *m);
#endif
