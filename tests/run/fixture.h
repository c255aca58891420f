/* Plans by hand, for tests of the runtime that need no compiler. */
#ifndef TWINC_TESTS_FIXTURE_H
#define TWINC_TESTS_FIXTURE_H
#include "compiler/plan/plan.h"

struct fixture {
	struct plan plan;
	struct arena arena;
	struct sources sources;
};
void fixture_init(struct fixture *f);
void fixture_finish(struct fixture *f);

/* A workflow with an empty block; its id. */
uint32_t fixture_workflow(struct fixture *f, const char *name);
uint32_t fixture_block(struct fixture *f, uint32_t parent, uint32_t owner);
uint32_t fixture_slot(struct fixture *f, uint32_t block, const char *name, enum plan_slot_kind kind);
uint32_t fixture_workflow_input(struct fixture *f, uint32_t workflow, const char *name, const struct type *type, const struct expr *otherwise);
void fixture_workflow_output(struct fixture *f, uint32_t workflow, const char *name, const struct type *type, const struct expr *e);

/* A step; inputs, outputs and metrics first, then its script, where {name} is an input or an output. */
uint32_t fixture_step(struct fixture *f, const char *name);
void fixture_input(struct fixture *f, uint32_t step, const char *name, const struct type *type);
void fixture_output(struct fixture *f, uint32_t step, const char *name, const char *path);
void fixture_metric(struct fixture *f, uint32_t step, const char *name, const struct type *type);
void fixture_script(struct fixture *f, uint32_t step, const char *script);

/* Nodes; those that fill a slot give the slot. Arguments are expressions, one an input. */
uint32_t fixture_call(struct fixture *f, uint32_t block, const char *name, uint32_t step, uint32_t n, const struct expr *const *args);
uint32_t fixture_sub(struct fixture *f, uint32_t block, const char *name, uint32_t workflow, uint32_t n, const struct expr *const *args);
uint32_t fixture_value(struct fixture *f, uint32_t block, const char *name, const struct expr *e);
uint32_t fixture_node(struct fixture *f, enum plan_node_kind kind, uint32_t block, const char *name); /* the node */
void fixture_needs(struct fixture *f, uint32_t node, const struct expr *e);
void fixture_waits(struct fixture *f, uint32_t node, uint32_t other);
void fixture_export(struct fixture *f, uint32_t node, uint32_t inner, uint32_t outer, bool otherwise);
uint32_t fixture_gate(struct fixture *f, uint32_t block, const char *name, uint32_t guarded, const struct expr *requirement, enum plan_on_fail on_fail);

const struct expr *x_slot(struct fixture *f, uint32_t slot, bool checked);
const struct expr *x_previous(struct fixture *f, uint32_t slot);
const struct expr *x_member(struct fixture *f, const struct expr *e, const char *name);
const struct expr *x_int(struct fixture *f, int64_t v);
const struct expr *x_bool(struct fixture *f, bool v);
const struct expr *x_string(struct fixture *f, const char *s);
const struct expr *x_file(struct fixture *f, const char *path);
const struct expr *x_two(struct fixture *f, enum expr_op op, const struct expr *a, const struct expr *b);
const struct expr *x_list(struct fixture *f, uint32_t n, const struct expr *const *items);
#define ARGS(...) (uint32_t)(sizeof((const struct expr *[]){ __VA_ARGS__ }) / sizeof(void *)), (const struct expr *[]){ __VA_ARGS__ }
#endif
