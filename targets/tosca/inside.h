/* Inside of targets/tosca. */
#ifndef TWINC_TARGETS_TOSCA_INSIDE_H
#define TWINC_TARGETS_TOSCA_INSIDE_H
#include "compiler/base/map.h"
#include "targets/ansible/recipe.h"

struct tosca {
	struct arena *arena;
	const struct plan *plan;
	struct target_shared *shared;
	struct target_result *ret;
	struct doc *capability_types, *artifact_types, *node_types, *policy_types; /* sections of the template */
	struct doc *inputs, *nodes, *relationships, *policies, *outputs;
	struct span whole;
	struct map node_of, input_of, thing_of, served; /* by name: what is in the template; things of the plan; infrastructure with services on it */
};

/* A node template with type, properties (or NULL), and a comment that tells its place. */
struct doc *tosca_node(struct tosca *s, const char *name, const char *type, struct span from);
struct doc *tosca_get(struct tosca *s, const char *function, const char *const *words, uint32_t n); /* {function: [words]} or {function: word} */
void tosca_requirement(struct tosca *s, struct doc *node, const char *name, const char *target);
/* Bytes as "32 GiB", with the largest unit that says them exactly. */
struct doc *tosca_size(struct tosca *s, double bytes);
void tosca_input(struct tosca *s, const char *name, const char *type, struct doc *preset, const char *description, struct span from);

/* The name with a suffix, and like that of no thing of the twin. */
const char *tosca_beside(struct tosca *s, const char *name, const char *suffix);
/* The machine that services of an infrastructure stand on. */
const char *tosca_front(struct tosca *s, const struct plan_thing *infra);
void tosca_infra(struct tosca *s, const struct plan_thing *t);      /* machines.c */
void tosca_service(struct tosca *s, const struct plan_thing *t);    /* software.c */
void tosca_kubernetes(struct tosca *s, const struct plan_thing *t); /* software.c */
/* playbook.c: the role as one playbook, beside the template; its name. */
const char *tosca_playbook(struct tosca *s, const struct recipe *r, struct span from);
void tosca_put_file(struct tosca *s, const char *path, struct span from, struct doc *d); /* once */
#endif
