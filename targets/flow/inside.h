/* Inside of targets/flow. */
#ifndef TWINC_TARGETS_FLOW_INSIDE_H
#define TWINC_TARGETS_FLOW_INSIDE_H
#include "targets/flow/flow.h"

struct flow_step { struct flow *flow; const struct plan_step *step; struct py py; };
bool flow_put_workflow(struct flow *f, uint32_t workflow); /* workflow.c; what it calls comes before it; false: refused */
/* For expressions that stand in a block, or outside of all. */
struct py flow_py(struct flow *f, uint32_t block);
bool flow_put_step(struct flow *f, uint32_t step); /* step.c; false: refused */
void flow_put_inputs(struct flow *f, uint32_t workflow); /* inputs.c: inputs.json */
#endif
