/* What roles are made of: one file each in targets/ansible/roles, read from the program itself; nothing of a twin enters them.
 * The target tosca makes playbooks of the same. */
#ifndef TWINC_TARGETS_ANSIBLE_RECIPE_H
#define TWINC_TARGETS_ANSIBLE_RECIPE_H
#include "targets/target.h"

struct recipe {
	const char *role, *summary;
	const char *image;           /* or NULL: no service */
	const struct doc *file;      /* as it was read */
	struct doc *options;         /* without the role's prefix: {port: {type, default, description, secret, times}} */
	struct doc *tasks, *handlers;
	struct doc *templates;       /* {unit.j2: text} */
};
/* The role of a kind of service, or of that name; NULL: there is none. shared: what keeps it for the next that asks, or NULL: the
 * arena. Its documents are copied before they become part of others. */
const struct recipe *recipe_of_kind(struct arena *a, struct target_shared *shared, const char *kind);
const struct recipe *recipe_named(struct arena *a, struct target_shared *shared, const char *role);
/* Why the recipe cannot do what the thing asks, or does it otherwise; NULL: it does as asked. key: "refused", "emulated". */
const char *recipe_reason(struct arena *a, const struct recipe *r, const struct plan_thing *t, const char *key);

/* The name of a secret that a service needs and the twin does not name: none of its own is called so. */
const char *recipe_secret(struct arena *a, const struct plan *p, const char *option, const char *service);
/* An attribute as the option takes it: an int of `times` its base unit, or as it is. */
struct doc *recipe_value(struct arena *a, const struct doc *option, const struct doc *value);

/* A string that Jinja must leave alone is tagged `!unsafe`; in lists and maps too. */
struct doc *jinja_data(struct arena *a, const struct doc *value);
bool jinja_is_in(const struct doc *value);

/* -- infrastructure --------------------------------------------------------------------------------------------------------- */

/* Where it is already, as text for people; NULL: its machines are to be made. */
const char *infra_there(const struct plan_thing *t);
/* Whether its machines form a Kubernetes cluster with a front end. */
bool infra_is_kubernetes(const struct plan_thing *t);
/* The infrastructure that a service runs on, or NULL. */
const struct plan_thing *infra_of(const struct plan *p, const struct plan_thing *service);
/* "cloud_front", which nothing else is called. */
const char *infra_name_beside(struct arena *a, const struct plan *p, const char *name, const char *suffix);
#endif
