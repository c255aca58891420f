/* Models that are served: an InferenceService of KServe, which takes the weights from where runs leave their results. */
#include "targets/kubernetes/inside.h"
#include <string.h>

static const char *format_of(const char *framework)
{
	static const char *const known[] = { "pytorch", "tensorflow", "onnx", "sklearn", "xgboost" };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(known[i], framework) == 0)
			return known[i];
	return NULL;
}

static const struct plan_model *model_of(const struct kube *k, const char *name)
{
	for (uint32_t i = 0; i < k->plan->n_models; i++)
		if (strcmp(k->plan->models[i].name, name) == 0)
			return &k->plan->models[i];
	return NULL;
}

void kube_put_model(struct kube *k, const struct plan_thing *t)
{
	const struct doc *serve = doc_get(t->attributes, "serve"), *replicas = doc_get(serve, "replicas");
	const char *framework = doc_text(doc_get(t->attributes, "framework"), "other"), *format = format_of(framework), *name = names_get(&k->things, t->name);
	const struct plan_model *m = model_of(k, t->name);
	struct doc *d, *predictor, *model, *limits, *list;
	double memory = doc_number(doc_get(serve, "memory"), 0);
	int64_t gpus = doc_integer(doc_get(serve, "gpus"), 0), low = doc_integer(doc_get(replicas, "low"), doc_integer(replicas, 1));

	if (!format || !m || m->workflow == PLAN_NONE) {
		target_row(k->ret, t->name, t->span, TARGET_REFUSED, format ? "its weights are a file: copy it to where the cluster reads it, and let a workflow give it"
			: "its framework is \"other\": KServe serves pytorch, tensorflow, onnx, sklearn and xgboost");
		return;
	}
	d = kube_object(k, "serving.kserve.io/v1beta1", "InferenceService", name, t->doc, t->span);
	predictor = kube_set(k, d, "spec/predictor", doc_map(k->arena));
	kube_int(k, predictor, "minReplicas", low);
	kube_int(k, predictor, "maxReplicas", doc_integer(doc_get(replicas, "high"), low));
	kube_placement(k, predictor);
	model = kube_set(k, predictor, "model", doc_map(k->arena));
	kube_text(k, model, "modelFormat/name", format);
	kube_text(k, model, "storageUri", arena_printf(k->arena, "pvc://%s/results/%s/%s", k->part_of, k->plan->workflows[m->workflow].name, m->output));
	limits = kube_set(k, model, "resources/limits", doc_map(k->arena));
	kube_text(k, limits, "cpu", arena_printf(k->arena, "%lld", (long long)doc_integer(doc_get(serve, "cpus"), 1)));
	if (memory > 0)
		kube_text(k, limits, "memory", kube_size(k, memory));
	if (gpus)
		doc_set(k->arena, limits, "nvidia.com/gpu", doc_printf(k->arena, "%lld", (long long)gpus));
	kube_set(k, model, "resources/requests", doc_copy(k->arena, limits));
	list = doc_list(k->arena);
	doc_push(list, d);
	kube_put(k, arena_printf(k->arena, "%s.yaml", name), t->span, list);
	target_row(k->ret, t->name, t->span, TARGET_EMULATED, "KServe serves it from the volume `%s` of runs, on its own port; a new version is taken up when its pods start anew", k->part_of);
}
