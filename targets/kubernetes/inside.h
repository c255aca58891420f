/* Inside of targets/kubernetes. */
#ifndef TWINC_TARGETS_KUBERNETES_INSIDE_H
#define TWINC_TARGETS_KUBERNETES_INSIDE_H
#include "targets/flow/flow.h"
#include "compiler/base/names.h"

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
	struct map templates;           /* what kube_json read: text -> struct doc */
};

/* Where secrets go; each array is stamped with the number of the search that found it. */
struct kube_secrets { uint32_t stamp, *params, *inputs, *slots, *first_call, *next_call; };

/* A workflow that is written. */
struct kube_run {
	struct kube *k;
	struct flow flow;
	uint32_t workflow;
	const char *name, *home;    /* of its objects; of its files, in a pod */
	struct doc *items, *files;  /* of its ConfigMap: as pods and as kustomize see them */
	struct kube_secrets *secrets; /* NULL before the first step, and where the twin has none */
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
/* Opens a port of the pods of this name to the pods of the namespace, or to anyone. */
struct doc *kube_ingress(struct kube *k, const char *name, int64_t port, bool anyone, struct span from);
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
/* The spec of the Job that runs it; inputs: the path of its inputs in a pod, or NULL: those that are bound. */
struct doc *kube_run_spec(struct kube_run *r, const char *inputs);
/* A container, at the end of a list, that runs a program of the workflow's folder; task: it sees /task. */
struct doc *kube_runner(struct kube_run *r, struct doc *list, const char *name, const char *const *words, bool task);
/* The same of another image, without command and resources. */
struct doc *kube_container(struct kube_run *r, struct doc *list, const char *name, const char *image, const char *const *words, bool task);
void kube_volumes(struct kube_run *r, struct doc *spec, bool task);
void kube_secret(struct kube *k, struct doc *container, const char *name); /* where values.py looks for it */
/* A file below WORKFLOW/flow becomes part of the ConfigMap; one of ours is written, too. */
void kube_add_item(struct kube_run *r, const char *path);
void kube_add_program(struct kube_run *r, const char *name);
/* secret.c: finds what secrets a step's pods need; variables for those that were found last. */
/* workflow.c: where a workflow runs: the cluster of the first step that names one, else the first. steps: those that it runs, or NULL. */
struct kube_cluster *kube_home(struct kube *k, uint32_t workflow, bool *steps);
bool kube_can_run(const struct kube *k, const struct plan_step *step);
void kube_find_secrets(struct kube_run *r, uint32_t step);
void kube_put_secrets(struct kube_run *r, struct doc *container);
/* trigger.c: what starts it. First what the pods of all steps see, and the row of what is refused, by false; then the rest. */
bool kube_prepare_trigger(struct kube_run *r, const struct plan_thing *t);
void kube_put_trigger(struct kube_run *r, const struct plan_thing *t);
/* Tells a step's pods who waits for its metrics. */
void kube_put_measured(struct kube *k, const struct plan_step *step, struct doc *container);
/* overlay.c: what a scenario changes of what is written, as overlays of kustomize. files: what is written
 * without it; made: with it, whose files are taken over where they differ. */
void kube_put_overlay(struct kube *k, const struct plan_scenario *s, const struct target_file *files, uint32_t n, struct target_result *made);
/* The key of a ConfigMap that stands for a path. */
char *kube_key(struct kube *k, const char *path);
#endif
