/* Objects of Kubernetes, as documents. */
#include "targets/kubernetes/inside.h"
#include "compiler/base/bug.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

struct doc *kube_set(struct kube *k, struct doc *map, const char *path, struct doc *value)
{
	const char *slash = strchr(path, '/');
	struct doc *inner;
	const char *key;

	if (!slash) {
		doc_set(k->arena, map, path, value);
		return value;
	}
	key = arena_strndup(k->arena, path, (size_t)(slash - path));
	inner = doc_get(map, key);
	if (!inner) {
		inner = doc_map(k->arena);
		doc_set(k->arena, map, key, inner);
	}
	return kube_set(k, inner, slash + 1, value);
}

struct doc *kube_text(struct kube *k, struct doc *map, const char *path, const char *text)
{
	return kube_set(k, map, path, doc_string(k->arena, text));
}

struct doc *kube_int(struct kube *k, struct doc *map, const char *path, int64_t number)
{
	return kube_set(k, map, path, doc_int(k->arena, number));
}

struct doc *kube_json(struct kube *k, const char *text)
{
	struct map_entry *known = map_entry_n(&k->templates, text, strlen(text));
	struct doc *d;
	char *error;

	if (!known->value && !doc_json_read(k->arena, text, known->len, &d, &error))
		bug("%s", error);
	known->value = known->value ? known->value : d;
	return doc_copy(k->arena, known->value);
}

struct doc *kube_named(struct kube *k, struct doc *list, const char *name)
{
	struct doc *d = doc_map(k->arena);

	kube_text(k, d, "name", name);
	doc_push(list, d);
	return d;
}

struct doc *kube_env(struct kube *k, struct doc *list, const char *name, const char *value)
{
	struct doc *d = kube_named(k, list, name);

	kube_text(k, d, "value", value);
	return d;
}

struct doc *kube_env_secret(struct kube *k, struct doc *list, const char *name, const char *secret, const char *key)
{
	struct doc *d = kube_named(k, list, name);

	kube_text(k, d, "valueFrom/secretKeyRef/name", secret);
	kube_text(k, d, "valueFrom/secretKeyRef/key", key);
	return d;
}

struct doc *kube_selector(struct kube *k, const char *name)
{
	struct doc *d = doc_map(k->arena);

	doc_set(k->arena, d, "app.kubernetes.io/name", doc_string(k->arena, name));
	doc_set(k->arena, d, "app.kubernetes.io/part-of", doc_string(k->arena, k->part_of));
	return d;
}

struct doc *kube_object(struct kube *k, const char *api, const char *kind, const char *name, const char *doc, struct span from)
{
	struct doc *d = doc_from(doc_map(k->arena), from), *labels = kube_selector(k, name), *annotations;
	const char *place = target_place(k->arena, k->plan, from);

	kube_text(k, d, "apiVersion", api)->comment = place;
	kube_text(k, d, "kind", kind);
	kube_text(k, d, "metadata/name", name);
	doc_set(k->arena, labels, "app.kubernetes.io/managed-by", doc_string(k->arena, "twinc"));
	kube_set(k, d, "metadata/labels", labels);
	if (doc) {
		annotations = kube_set(k, d, "metadata/annotations", doc_map(k->arena));
		doc_set(k->arena, annotations, "kubernetes.io/description", doc_string(k->arena, doc));
	}
	return d;
}

void kube_secure_pod(struct kube *k, struct doc *spec, int user)
{
	struct doc *d = kube_set(k, spec, "securityContext", doc_map(k->arena));

	kube_set(k, d, "runAsNonRoot", doc_bool(k->arena, true));
	kube_int(k, d, "runAsUser", user);
	kube_int(k, d, "runAsGroup", user);
	kube_int(k, d, "fsGroup", user);
	kube_text(k, d, "fsGroupChangePolicy", "OnRootMismatch"); /* volumes are large */
	kube_text(k, d, "seccompProfile/type", "RuntimeDefault");
	kube_set(k, spec, "enableServiceLinks", doc_bool(k->arena, false));
}

void kube_secure_container(struct kube *k, struct doc *container)
{
	kube_set(k, container, "securityContext", kube_json(k, "{\"allowPrivilegeEscalation\": false, \"readOnlyRootFilesystem\": true, \"capabilities\": {\"drop\": [\"ALL\"]}}"));
}

const char *kube_size(struct kube *k, double bytes)
{
	static const struct { double unit; const char *suffix; } units[] = { { 1099511627776.0, "Ti" }, { 1e12, "T" }, { 1073741824.0, "Gi" }, { 1e9, "G" }, { 1048576.0, "Mi" }, { 1e6, "M" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (bytes >= units[i].unit && fmod(bytes, units[i].unit) == 0)
			return arena_printf(k->arena, "%.0f%s", bytes / units[i].unit, units[i].suffix);
	return arena_printf(k->arena, "%.0f", ceil(bytes));
}

char *kube_key(struct kube *k, const char *path)
{
	char *key = arena_strdup(k->arena, path);

	for (char *c = key; *c; c++)
		if (*c == '/')
			*c = '.';
	return key;
}

void kube_put(struct kube *k, const char *file, struct span from, struct doc *objects)
{
	struct kube_cluster *c = k->cluster;

	target_put_doc(k->ret, arena_printf(k->arena, "%s/%s", c->folder, file), from, objects)->several = true;
	doc_push(c->resources, doc_string(k->arena, file));
	c->used = true;
}

struct doc *kube_ingress(struct kube *k, const char *name, int64_t port, bool anyone, struct span from)
{
	struct doc *d = kube_object(k, "networking.k8s.io/v1", "NetworkPolicy", name, NULL, from), *rule = doc_map(k->arena), *to = doc_map(k->arena);

	kube_set(k, d, "spec/podSelector/matchLabels", kube_selector(k, name));
	kube_set(k, d, "spec/policyTypes", kube_json(k, "[\"Ingress\"]"));
	if (!anyone)
		kube_set(k, rule, "from", kube_json(k, "[{\"podSelector\": {}}]"));
	kube_text(k, to, "protocol", "TCP");
	kube_int(k, to, "port", port);
	doc_push(kube_set(k, rule, "ports", doc_list(k->arena)), to);
	doc_push(kube_set(k, d, "spec/ingress", doc_list(k->arena)), rule);
	return d;
}

const struct plan_thing *kube_thing(const struct kube *k, const char *name)
{
	for (uint32_t i = 0; name && i < k->plan->n_things; i++)
		if (strcmp(k->plan->things[i].name, name) == 0)
			return &k->plan->things[i];
	return NULL;
}

struct kube_cluster *kube_cluster_of(struct kube *k, const char *place)
{
	for (uint32_t i = 0; place && i < k->n_clusters; i++)
		if (k->clusters[i].thing && strcmp(k->clusters[i].thing->name, place) == 0)
			return &k->clusters[i];
	return NULL;
}

void kube_placement(struct kube *k, struct doc *spec)
{
	const char *node = k->cluster->thing ? doc_text(doc_get(k->cluster->thing->attributes, "virtual_node"), NULL) : NULL;

	if (!node)
		return;
	doc_set(k->arena, kube_set(k, spec, "nodeSelector", doc_map(k->arena)), "kubernetes.io/hostname", doc_string(k->arena, node));
	kube_set(k, spec, "tolerations", kube_json(k, "[{\"key\": \"virtual-node.interlink/no-schedule\", \"operator\": \"Exists\"}]"));
}
