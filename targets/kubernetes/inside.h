/* Inside of targets/kubernetes. */
#ifndef TWINC_TARGETS_KUBERNETES_INSIDE_H
#define TWINC_TARGETS_KUBERNETES_INSIDE_H
#include "targets/flow/flow.h"
#include "targets/names.h"

/* A cluster of the twin; without one, what is written is for any. */
struct kube_cluster {
	const struct plan_thing *thing; /* or NULL */
	const char *folder, *namespace;
	int minor;                      /* of Kubernetes 1.x */
	struct doc *resources;          /* of its kustomization: names of files */
	bool used;                      /* something is written for it */
};
struct kube {
	struct arena *arena;
	const struct plan *plan;
	const struct target_request *request;
	struct target_result *ret;
	struct kube_cluster *clusters; uint32_t n_clusters; /* at least one */
	struct kube_cluster *cluster;   /* that is written for */
	struct names things, steps;     /* as names of objects */
	const char *part_of;            /* the twin, as a label */
	const char *secrets;            /* the Secret that holds what the twin calls secret */
	bool *told;                     /* steps whose rows are there */
};

/* -- object.c ----------------------------------------------------------------------------------------------------------- */

/* apiVersion, kind and metadata; `doc` becomes its description. */
struct doc *kube_object(struct kube *k, const char *api, const char *kind, const char *name, const char *doc, struct span from);
/* Sets what stands at a path like "spec/template/spec", making the maps above it; gives the value. */
struct doc *kube_set(struct kube *k, struct doc *map, const char *path, struct doc *value);
struct doc *kube_text(struct kube *k, struct doc *map, const char *path, const char *text);
struct doc *kube_int(struct kube *k, struct doc *map, const char *path, int64_t number);
/* JSON of our own, as a tree. */
struct doc *kube_json(struct kube *k, const char *text);
/* {name: ..., KEY: value} at the end of a list. */
struct doc *kube_named(struct kube *k, struct doc *list, const char *name);
struct doc *kube_env(struct kube *k, struct doc *list, const char *name, const char *value);
struct doc *kube_env_secret(struct kube *k, struct doc *list, const char *name, const char *secret, const char *key);
/* Labels by which its pods are found: name and part-of. */
struct doc *kube_selector(struct kube *k, const char *name);
/* Security as `restricted` asks for it: of a pod that runs as this user, and of each of its containers. */
void kube_secure_pod(struct kube *k, struct doc *spec, int user);
void kube_secure_container(struct kube *k, struct doc *container);
/* "2Gi", "1500M" or bytes. */
const char *kube_size(struct kube *k, double bytes);
void kube_put(struct kube *k, const char *file, struct span from, struct doc *objects); /* a list; into the cluster's folder, and its kustomization */
/* The service port `from` opens, to pods of the namespace that `peers` selects. */
struct doc *kube_ingress(struct kube *k, const char *name, int64_t port, struct span from);
const struct plan_thing *kube_thing(const struct kube *k, const char *name);
/* The cluster that a place such as "cloud" is; NULL: none. */
struct kube_cluster *kube_cluster_of(struct kube *k, const char *place);
/* Keeps pods to the node that hands them to another system, where the cluster has such a node. */
void kube_placement(struct kube *k, struct doc *spec);

/* service.c: a service of the twin, with what it needs. */
void kube_put_service(struct kube *k, const struct plan_thing *t);
/* model.c: a model that is served. */
void kube_put_model(struct kube *k, const struct plan_thing *t);
/* workflow.c: a workflow, its runs and its triggers. */
void kube_put_workflow(struct kube *k, uint32_t workflow);
/* overlay.c: what a scenario changes of what is written, as overlays of kustomize. files: what is written
 * without it; made: with it, whose files are taken over where they differ. */
void kube_put_overlay(struct kube *k, const struct plan_scenario *s, const struct target_file *files, uint32_t n, struct target_result *made);
/* The key of a ConfigMap that stands for a path. */
char *kube_key(struct kube *k, const char *path);
#endif
