/* What a request binds: parameters, inputs of the workflow, scenarios. */
#ifndef TWINC_COMPILER_BIND_H
#define TWINC_COMPILER_BIND_H
#include "compiler/compile.h"
#include "compiler/model/model.h"

struct bound { struct model_workflow *workflow; const struct value **inputs; };
/* False after a report. */
bool bind_request(struct compile *c, const struct compile_request *request, struct bound *ret);
void bind_defaults(struct model *m);
void bind_scenario(struct model *m, const struct model_scenario *s);
/* Drops what was reported behind `before` and says the same as something before it; notes the scenario at the rest. */
void bind_once(struct diags *ds, struct diag *before, const char *scenario);
#endif
