/* The target: a folder a cluster, with a kustomization of what stays there, and a folder a workflow, which runs as Jobs. */
#include "targets/kubernetes/inside.h"
#include "compiler/base/file.h"
#include <stdlib.h>
#include <string.h>

#define NEWEST 34 /* of Kubernetes 1.x, where a cluster says nothing */

/* -- clusters ------------------------------------------------------------------------------------------------------------- */

static void add_cluster(struct kube *k, const struct plan_thing *t)
{
	const char *version = t ? doc_text(doc_get(t->attributes, "version"), NULL) : NULL, *dot = version ? strchr(version, '.') : NULL;

	k->clusters[k->n_clusters++] = (struct kube_cluster){ .thing = t, .folder = t ? names_get(&k->things, t->name) : "cluster",
		.namespace = doc_text(t ? doc_get(t->attributes, "namespace") : NULL, k->part_of), .minor = dot ? atoi(dot + 1) : NEWEST,
		.resources = doc_list(k->arena) };
}

static bool is_cluster(const struct plan_thing *t)
{
	return strcmp(t->kind, "kubernetes.cluster") == 0;
}

static void find_clusters(struct kube *k)
{
	struct names twin;

	names_init(&twin, k->arena, &names_dns_label);
	names_add(&twin, k->plan->twin);
	k->part_of = names_get(&twin, k->plan->twin);
	names_finish(&twin);
	k->secrets = arena_printf(k->arena, "%s-secrets", k->part_of);
	names_init(&k->things, k->arena, &names_dns_label);
	names_init(&k->steps, k->arena, &names_dns_label);
	for (uint32_t i = 0; i < k->plan->n_things; i++)
		names_add(&k->things, k->plan->things[i].name);
	for (uint32_t i = 0; i < k->plan->n_workflows; i++)
		names_add(&k->things, k->plan->workflows[i].name);
	for (uint32_t i = 0; i < k->plan->n_steps; i++)
		names_add(&k->steps, k->plan->steps[i].name);
	k->clusters = arena_new_n(k->arena, struct kube_cluster, k->plan->n_things + 1);
	for (uint32_t i = 0; i < k->plan->n_things; i++)
		if (is_cluster(&k->plan->things[i]))
			add_cluster(k, &k->plan->things[i]);
	if (!k->n_clusters)
		add_cluster(k, NULL);
}

/* -- what every namespace has --------------------------------------------------------------------------------------------- */

static struct span cluster_span(const struct kube *k)
{
	return k->cluster->thing ? k->cluster->thing->span : (struct span){ 0 };
}

static void put_namespace(struct kube *k)
{
	struct doc *list = doc_list(k->arena), *d = kube_object(k, "v1", "Namespace", k->cluster->namespace, k->plan->doc, cluster_span(k));
	struct doc *labels = doc_get(doc_get(d, "metadata"), "labels");

	doc_set(k->arena, labels, "pod-security.kubernetes.io/enforce", doc_string(k->arena, "restricted"));
	doc_push(list, d);
	kube_put(k, "namespace.yaml", cluster_span(k), list);
}

static struct doc *policy(struct kube *k, const char *name, const char *doc, const char *spec)
{
	struct doc *d = kube_object(k, "networking.k8s.io/v1", "NetworkPolicy", name, doc, cluster_span(k));

	kube_set(k, d, "spec", kube_json(k, spec));
	return d;
}

static void put_network(struct kube *k)
{
	struct doc *list = doc_list(k->arena);
	bool runs = false;

	for (doc_each(file, k->cluster->resources))
		runs |= strcmp(doc_text(file, ""), "runs.yaml") == 0;

	doc_push(list, policy(k, "default-deny", "Nobody reaches anybody, but for what other policies allow", "{\"podSelector\": {}, \"policyTypes\": [\"Ingress\", \"Egress\"]}"));
	doc_push(list, policy(k, "allow-names-and-neighbours", "Names are resolved, and services of the same namespace are reached",
		"{\"podSelector\": {}, \"policyTypes\": [\"Egress\"], \"egress\": [{\"to\": [{\"podSelector\": {}}]},"
		"{\"ports\": [{\"protocol\": \"UDP\", \"port\": 53}, {\"protocol\": \"TCP\", \"port\": 53}]}]}"));
	if (runs)
		doc_push(list, policy(k, "allow-runs", "Runs reach the API server, and their steps what they read from elsewhere",
		"{\"podSelector\": {\"matchExpressions\": [{\"key\": \"twin-run\", \"operator\": \"Exists\"}]}, \"policyTypes\": [\"Egress\"], \"egress\": [{}]}"));
	kube_put(k, "network.yaml", cluster_span(k), list);
}

/* No more than the cluster has, as far as the twin says; what says nothing of itself gets a little. */
static void put_quota(struct kube *k)
{
	const struct plan_thing *t = k->cluster->thing;
	const struct plan_part *p = t && t->n_parts ? &t->parts[0] : NULL;
	struct doc *list = doc_list(k->arena), *d;

	if (!p || !p->cpus || p->memory_bytes <= 0 || !p->nodes_high)
		return;
	d = kube_object(k, "v1", "ResourceQuota", k->part_of, NULL, t->span);
	kube_set(k, d, "spec/hard", doc_map(k->arena));
	d->from = t->span;
	kube_text(k, doc_get(doc_get(d, "spec"), "hard"), "requests.cpu", arena_printf(k->arena, "%llu", (unsigned long long)p->cpus * p->nodes_high));
	kube_text(k, doc_get(doc_get(d, "spec"), "hard"), "requests.memory", kube_size(k, p->memory_bytes * p->nodes_high));
	if (p->gpus)
		doc_set(k->arena, doc_get(doc_get(d, "spec"), "hard"), "requests.nvidia.com/gpu", doc_printf(k->arena, "%llu", (unsigned long long)p->gpus * p->nodes_high));
	doc_push(list, d);
	d = kube_object(k, "v1", "LimitRange", k->part_of, NULL, t->span);
	kube_set(k, d, "spec", kube_json(k, "{\"limits\": [{\"type\": \"Container\", \"defaultRequest\": {\"cpu\": \"100m\", \"memory\": \"128Mi\"}, \"default\": {\"cpu\": \"1\", \"memory\": \"512Mi\"}}]}"));
	doc_push(list, d);
	kube_put(k, "quota.yaml", t->span, list);
}

static bool is_common(const char *file)
{
	return strcmp(file, "namespace.yaml") == 0 || strcmp(file, "network.yaml") == 0 || strcmp(file, "quota.yaml") == 0;
}

static bool is_folder(const char *file)
{
	return strncmp(file, "../", 3) == 0;
}

static void put_kustomization(struct kube *k)
{
	struct doc *d = doc_map(k->arena), *resources = doc_list(k->arena), *bases = doc_list(k->arena);

	kube_text(k, d, "apiVersion", "kustomize.config.k8s.io/v1beta1")->comment = target_place(k->arena, k->plan, cluster_span(k));
	kube_text(k, d, "kind", "Kustomization");
	kube_text(k, d, "namespace", k->cluster->namespace);
	for (int pass = 0; pass < 2; pass++) /* the namespace, and what is for all of it, come first */
		for (doc_each(file, k->cluster->resources))
			if (is_common(doc_text(file, "")) == (pass == 0))
				doc_push(is_folder(doc_text(file, "")) && k->cluster->minor < 21 ? bases : resources, doc_copy(k->arena, file));
	kube_set(k, d, "resources", resources);
	if (doc_len(bases)) /* what kubectl up to 1.20 calls folders */
		kube_set(k, d, "bases", bases);
	target_put_doc(k->ret, arena_printf(k->arena, "%s/kustomization.yaml", k->cluster->folder), cluster_span(k), d);
}

/* -- all -------------------------------------------------------------------------------------------------------------------- */

static void put_things(struct kube *k)
{
	for (uint32_t i = 0; i < k->plan->n_things; i++) {
		const struct plan_thing *t = &k->plan->things[i];
		const struct doc *serve = doc_get(t->attributes, "serve");
		if (strcmp(t->role, "service") == 0 && (k->cluster = kube_cluster_of(k, doc_text(doc_get(doc_get(t->attributes, "on"), "ref"), NULL))))
			kube_put_service(k, t);
		if (strcmp(t->role, "model") == 0 && (k->cluster = kube_cluster_of(k, doc_text(doc_get(doc_get(serve, "on"), "ref"), NULL))))
			kube_put_model(k, t);
	}
}

/* All but overlays. */
static void emit_plan(struct kube *k, const struct target_request *request, struct target_result *ret)
{
	*k = (struct kube){ .arena = ret->arena, .plan = request->plan, .request = request, .ret = ret };
	k->told = arena_new_n(k->arena, bool, k->plan->n_steps + 1);
	find_clusters(k);
	put_things(k);
	for (uint32_t i = 0; i < k->plan->n_workflows; i++)
		if (flow_is_meant(request, i))
			kube_put_workflow(k, i);
	for (uint32_t i = 0; i < k->n_clusters; i++) {
		k->cluster = &k->clusters[i];
		if (!k->cluster->used)
			continue;
		put_namespace(k);
		put_network(k);
		put_quota(k);
		put_kustomization(k);
	}
	if (!ret->files.len)
		ret->note = "nothing of it is on a cluster, and no workflow can run there";
}

static void finish(struct kube *k)
{
	names_finish(&k->things);
	names_finish(&k->steps);
	map_finish(&k->templates);
}

static void emit(const struct target_request *request, struct target_result *ret)
{
	struct target_result made;
	struct target_request other;
	struct target_file *files;
	struct kube k, of;
	uint32_t n;

	emit_plan(&k, request, ret);
	n = ret->files.len;
	files = arena_copy(ret->arena, ret->files.at, n * sizeof(*files));
	for (uint32_t i = 0; i < request->n_scenarios && n; i++) {
		const struct target_scenario *s = &request->scenarios[i];
		if (!s->plan) {
			target_row(ret, s->scenario->name, s->scenario->span, TARGET_REFUSED, "it does not go with what is bound: %s", s->error);
			continue;
		}
		other = *request;
		other.plan = s->plan;
		other.inputs = s->inputs;
		other.shared = NULL; /* nobody else asks for it */
		target_result_init(&made, ret->arena);
		emit_plan(&of, &other, &made);
		kube_put_overlay(&k, s->scenario, files, n, &made);
		finish(&of);
		target_result_drop_files(&made);
		target_result_finish(&made);
	}
	finish(&k);
}

static void check(const struct target_request *request, struct target_result *ret)
{
	emit(request, ret);
	target_result_drop_files(ret);
}

const struct target target_kubernetes = { "kubernetes", "Kubernetes: services, storage, policies; workflows as Jobs; a kustomization a cluster", check, emit, NULL, true };
