/* A workflow: its ConfigMap, the Job that runs it, the templates of the Jobs of its steps. */
#include "targets/kubernetes/inside.h"
#include "compiler/base/file.h"
#include "stdlib/stdlib.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define RUNNER_IMAGE "docker.io/library/python:3.12.7-slim-bookworm"
#define USER 65532 /* nobody's, and none of an image's own */

/* -- resources -------------------------------------------------------------------------------------------------------------- */

static const char otherwise[] = "the Job has the namespace's default";

static void put_resources(struct kube *k, const struct plan_step *step, struct doc *container)
{
	struct doc *limits = doc_map(k->arena), *env = doc_get(container, "env");
	double cpus = target_resource(k->ret, k->plan, step, step->cpus, "number of CPUs", otherwise), memory = target_resource(k->ret, k->plan, step, step->memory, "memory", otherwise);
	double gpus = target_resource(k->ret, k->plan, step, step->gpus, "number of GPUs", otherwise);

	if (cpus <= 0)
		cpus = 1;
	if (memory <= 0)
		memory = 1073741824;
	doc_from(kube_text(k, limits, "cpu", arena_printf(k->arena, "%.0f", ceil(cpus))), step->cpus ? step->cpus->span : step->span);
	doc_from(kube_text(k, limits, "memory", kube_size(k, memory)), step->memory ? step->memory->span : step->span);
	if (gpus > 0)
		doc_set(k->arena, limits, "nvidia.com/gpu", doc_printf(k->arena, "%.0f", ceil(gpus)));
	kube_set(k, container, "resources/requests", doc_copy(k->arena, limits));
	kube_set(k, container, "resources/limits", limits);
	kube_env(k, env, "TWIN_CPUS", arena_printf(k->arena, "%.0f", ceil(cpus)));
	kube_env(k, env, "TWIN_MEMORY_BYTES", arena_printf(k->arena, "%.0f", ceil(memory)));
}

/* -- pods ------------------------------------------------------------------------------------------------------------------- */

void kube_volumes(struct kube_run *r, struct doc *spec, bool task)
{
	struct kube *k = r->k;
	struct doc *list = kube_set(k, spec, "volumes", doc_list(k->arena)), *v;

	kube_text(k, kube_named(k, list, "twin"), "persistentVolumeClaim/claimName", k->part_of);
	v = kube_named(k, list, "flow");
	kube_text(k, v, "configMap/name", r->name);
	kube_set(k, v, "configMap/items", doc_copy(k->arena, r->items));
	if (task)
		kube_text(k, kube_named(k, list, "task"), "emptyDir/medium", "Memory"); /* may hold secrets */
	kube_set(k, kube_named(k, list, "tmp"), "emptyDir", doc_map(k->arena));
}

static void add_mount(struct kube *k, struct doc *list, const char *name, const char *path)
{
	kube_text(k, kube_named(k, list, name), "mountPath", path);
}

struct doc *kube_container(struct kube_run *r, struct doc *list, const char *name, const char *image, const char *const *words, bool task)
{
	struct kube *k = r->k;
	struct doc *c = kube_named(k, list, name), *mounts;

	kube_text(k, c, "image", image);
	kube_text(k, c, "imagePullPolicy", "IfNotPresent");
	kube_set(k, c, "command", doc_list(k->arena));
	for (; *words; words++)
		doc_push(doc_get(c, "command"), doc_string(k->arena, *words));
	kube_set(k, c, "env", doc_list(k->arena));
	kube_secure_container(k, c);
	mounts = kube_set(k, c, "volumeMounts", doc_list(k->arena));
	add_mount(k, mounts, "twin", "/twin");
	add_mount(k, mounts, "flow", r->home);
	if (task)
		add_mount(k, mounts, "task", "/task");
	add_mount(k, mounts, "tmp", "/tmp");
	return c;
}

void kube_secret(struct kube *k, struct doc *container, const char *name)
{
	char *variable = arena_printf(k->arena, "TWIN_SECRET_%s", name);

	for (char *c = variable; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	kube_env_secret(k, doc_get(container, "env"), variable, k->secrets, name);
}

struct doc *kube_runner(struct kube_run *r, struct doc *list, const char *name, const char *const *words, bool task)
{
	struct kube *k = r->k;
	struct doc *c = kube_container(r, list, name, RUNNER_IMAGE, words, task);

	kube_text(k, c, "workingDir", r->home);
	kube_env(k, doc_get(c, "env"), "PYTHONDONTWRITEBYTECODE", "1");
	kube_set(k, c, "resources", kube_json(k, "{\"requests\": {\"cpu\": \"100m\", \"memory\": \"128Mi\"}, \"limits\": {\"cpu\": \"1\", \"memory\": \"512Mi\"}}"));
	return c;
}

/* -- steps ------------------------------------------------------------------------------------------------------------------ */

/* Of steps that name none: as the command line says, or the cluster. */
static const char *common_image(const struct kube *k)
{
	return k->request->image ? k->request->image : k->cluster->thing ? doc_text(doc_get(k->cluster->thing->attributes, "image"), NULL) : NULL;
}

static const char *image_of(const struct kube *k, const struct plan_step *step)
{
	return step->container && !flow_cwl(step) ? step->container : common_image(k);
}

static bool is_launched(const struct plan_step *step)
{
	return !step->strategy || strcmp(step->strategy, "mpi") == 0 || strcmp(step->strategy, "horovod") == 0;
}

static void tell_step(struct kube *k, const struct plan_step *step)
{
	if (flow_cwl(step))
		target_row(k->ret, step->name, step->span, TARGET_EMULATED, "it is a document of CWL: cwltool of the image runs it, without containers of its own");
	if (step->place && !kube_cluster_of(k, step->place))
		target_row(k->ret, step->name, step->span, TARGET_EMULATED, "it is placed on `%s`, which is no cluster of Kubernetes: its Jobs run where the workflow does", step->place);
	if (step->n_modules)
		target_row(k->ret, step->name, step->span, TARGET_EMULATED, "environment modules belong to machines: its image has to hold what they load");
	if (step->workers > 1 && is_launched(step))
		target_row(k->ret, step->name, step->span, TARGET_EMULATED, "its %u workers are pods of one indexed Job, started by `mpirun` of Open MPI, which its image has to hold, through the volume of runs; a worker that fails ends the Job, which is not tried again", step->workers);
	else if (step->workers > 1)
		target_row(k->ret, step->name, step->span, TARGET_EMULATED, "its %u workers are pods of one indexed Job, which find each other by RANK, WORLD_SIZE and MASTER_ADDR; a worker that fails ends the Job, which is not tried again", step->workers);
	else if (step->attempts > 1)
		target_row(k->ret, step->name, step->span, TARGET_EMULATED, "it is tried again after any failure; pauses between attempts start with 10 s and double, up to 6 min");
}

/* The Service by which workers of a distributed step find each other; once a cluster. */
static const char *workers_service(struct kube *k)
{
	return arena_printf(k->arena, "%.55s-workers", k->part_of);
}

static void put_workers_service(struct kube *k, struct span from)
{
	const char *name = workers_service(k), *pods = "{\"matchLabels\": {\"twin-workers\": \"of-a-step\"}}";
	struct doc *list = doc_list(k->arena), *d;

	for (doc_each(there, k->cluster->resources))
		if (strcmp(doc_text(there, ""), "workers.yaml") == 0)
			return;
	d = kube_object(k, "v1", "Service", name, "Workers of distributed steps find each other", from);
	kube_set(k, d, "spec", kube_json(k, "{\"clusterIP\": \"None\", \"publishNotReadyAddresses\": true, \"selector\": {\"twin-workers\": \"of-a-step\"}}"));
	doc_push(list, d);
	d = kube_object(k, "networking.k8s.io/v1", "NetworkPolicy", name, NULL, from);
	kube_set(k, d, "spec", kube_json(k, arena_printf(k->arena, "{\"podSelector\": %s, \"policyTypes\": [\"Ingress\"], \"ingress\": [{\"from\": [{\"podSelector\": %s}]}]}", pods, pods)));
	doc_push(list, d);
	kube_put(k, "workers.yaml", from, list);
}

static void put_workers(struct kube_run *r, const struct plan_step *step, struct doc *spec, struct doc *labels)
{
	struct kube *k = r->k;

	put_workers_service(k, step->span);
	kube_text(k, spec, "completionMode", "Indexed");
	kube_int(k, spec, "completions", step->workers);
	kube_int(k, spec, "parallelism", step->workers);
	doc_set(k->arena, labels, "twin-workers", doc_string(k->arena, "of-a-step"));
	kube_text(k, spec, "template/spec/subdomain", workers_service(k));
}

static void put_meeting(struct kube_run *r, struct doc *c)
{
	struct doc *env = doc_get(c, "env");

	kube_env(r->k, env, "TWIN_WORKERS", workers_service(r->k));
	kube_text(r->k, kube_named(r->k, env, "TWIN_JOB"), "valueFrom/fieldRef/fieldPath", "metadata.labels['controller-uid']");
	kube_text(r->k, kube_named(r->k, env, "TWIN_JOB_NAME"), "valueFrom/fieldRef/fieldPath", "metadata.labels['job-name']");
}

static void put_step(struct kube_run *r, uint32_t at)
{
	struct kube *k = r->k;
	const struct plan_step *step = &k->plan->steps[at];
	const char *name = names_get(&k->steps, step->name);
	struct doc *d = kube_object(k, "batch/v1", "Job", name, step->doc, step->span), *spec, *list, *c, *labels = kube_selector(k, name);
	uint32_t rows = k->ret->rows.len;
	double time = target_resource(k->ret, k->plan, step, step->time, "time", otherwise);

	kube_int(k, d, "spec/backoffLimit", step->workers > 1 ? 0 : step->attempts - 1);
	kube_set(k, d, "spec/template/metadata/labels", labels);
	spec = kube_set(k, d, "spec/template/spec", doc_map(k->arena));
	if (step->workers > 1)
		put_workers(r, step, doc_get(d, "spec"), labels);
	kube_text(k, spec, "restartPolicy", "Never");
	if (time > 0)
		doc_from(kube_int(k, spec, "activeDeadlineSeconds", (int64_t)ceil(time)), step->time->span);
	kube_set(k, spec, "automountServiceAccountToken", doc_bool(k->arena, false));
	kube_secure_pod(k, spec, USER);
	kube_placement(k, spec);
	kube_find_secrets(r, at);
	list = kube_set(k, spec, "initContainers", doc_list(k->arena));
	kube_put_secrets(r, kube_runner(r, list, "begin", (const char *const[]){ "python3", "-m", "kube", "begin", "/task/run", NULL }, true));
	c = kube_container(r, list, "command", image_of(k, step), (const char *const[]){ "sh", "/task/run", NULL }, true);
	doc_from(c, step->command_span);
	put_resources(k, step, c);
	list = kube_set(k, spec, "containers", doc_list(k->arena));
	kube_put_secrets(r, kube_runner(r, list, "end", (const char *const[]){ "python3", "-m", "kube", "end", NULL }, true));
	kube_put_measured(k, step, list->children.first);
	if (step->workers > 1) {
		put_meeting(r, doc_get(spec, "initContainers")->children.first);
		put_meeting(r, doc_get(spec, "containers")->children.first);
		if (is_launched(step))
			kube_env(k, doc_get(doc_get(spec, "initContainers")->children.first, "env"), "TWIN_LAUNCHED", "1");
	}
	if (flow_cwl(step))
		kube_env(k, doc_get(doc_get(spec, "initContainers")->children.first, "env"), "CWLTOOL_OPTIONS", "--no-container");
	kube_volumes(r, spec, true);
	target_put_doc(k->ret, arena_printf(k->arena, "%s/flow/step-%s.json", r->name, step->name), step->span, d);
	tell_step(k, step);
	if (rows == k->ret->rows.len)
		target_row(k->ret, step->name, step->span, TARGET_SUPPORTED, NULL);
	if (k->told[at])
		k->ret->rows.len = rows;
	k->told[at] = true;
}

/* Why its workers cannot meet; NULL: they can, or there is one. */
static const char *lonely(const struct kube *k, const struct plan_step *step)
{
	if (step->workers <= 1)
		return NULL;
	if (step->strategy && strcmp(step->strategy, "ray") == 0)
		return arena_printf(k->arena, "its %u workers are a cluster of Ray, which KubeRay makes where its operator is: a step whose command submits to that, or `mpi`, `ddp`, `deepspeed` and `horovod`, which run as an indexed Job", step->workers);
	if (k->cluster->minor < 24)
		return "its workers are an indexed Job, which clusters have from 1.24 on";
	return NULL;
}

bool kube_can_run(const struct kube *k, const struct plan_step *step)
{
	return image_of(k, step) && !lonely(k, step);
}

static bool refuse_steps(struct kube_run *r)
{
	struct kube *k = r->k;

	for (uint32_t i = 0; i < k->plan->n_steps; i++) {
		const struct plan_step *step = &k->plan->steps[i];
		if (!flow_has_step(&r->flow, i))
			continue;
		if (k->told[i]) /* it is refused, or said, already */
			r->flow.refused |= !kube_can_run(k, step);
		else if (!image_of(k, step))
			flow_refuse(&r->flow, step->name, step->span, flow_cwl(step) ? "it is a document of CWL, which cwltool would have to run inside of a container: let its cluster name an `image` that holds both, or give one by --image"
				: "it names no container, and a pod is made of these: say `container`, or let its cluster name an `image` for all such steps, or give one by --image");
		else if (lonely(k, step))
			flow_refuse(&r->flow, step->name, step->span, "%s", lonely(k, step));
		k->told[i] |= !kube_can_run(k, step);
	}
	return r->flow.refused;
}

/* -- runs ------------------------------------------------------------------------------------------------------------------- */

struct doc *kube_run_spec(struct kube_run *r, const char *inputs)
{
	struct kube *k = r->k;
	struct doc *job = doc_map(k->arena), *spec, *list, *c, *env, *labels = kube_selector(k, r->name);

	kube_int(k, job, "backoffLimit", 0);
	doc_set(k->arena, labels, "twin-run", doc_string(k->arena, "self"));
	kube_set(k, job, "template/metadata/labels", labels);
	spec = kube_set(k, job, "template/spec", doc_map(k->arena));
	kube_text(k, spec, "restartPolicy", "Never");
	kube_text(k, spec, "serviceAccountName", "runner");
	kube_secure_pod(k, spec, USER);
	list = kube_set(k, spec, "containers", doc_list(k->arena));
	c = kube_runner(r, list, "run", (const char *const[]){ "python3", "-m", "kube", "run", NULL }, false);
	env = doc_get(c, "env");
	kube_text(k, kube_named(k, env, "TWIN_RUN"), "valueFrom/fieldRef/fieldPath", "metadata.labels['job-name']");
	kube_text(k, kube_named(k, env, "TWIN_OWNER"), "valueFrom/fieldRef/fieldPath", "metadata.labels['controller-uid']");
	kube_env(k, env, "TWIN_STATE", "/twin/runs/$(TWIN_RUN)");
	if (k->cluster->minor >= 24)
		kube_env(k, env, "TWIN_INDEXED", k->cluster->minor >= 29 ? "each" : "all"); /* of its elements: what a failure ends */
	if (inputs)
		kube_env(k, env, "TWIN_INPUTS", inputs);
	kube_volumes(r, spec, false);
	return job;
}

/* -- a workflow ----------------------------------------------------------------------------------------------------------- */

void kube_add_item(struct kube_run *r, const char *path)
{
	struct kube *k = r->k;
	const char *key = kube_key(k, path);
	struct doc *item = doc_map(k->arena);

	kube_text(k, item, "key", key);
	kube_text(k, item, "path", path);
	doc_push(r->items, item);
	doc_push(r->files, doc_printf(k->arena, "%s=flow/%s", key, path));
}

/* A program of ours, beside flow.py. */
void kube_add_program(struct kube_run *r, const char *name)
{
	struct kube *k = r->k;
	const struct stdlib_file *file = stdlib_kubernetes;

	while (strcmp(file->name, name) != 0)
		file++;
	kube_add_item(r, name);
	target_put_own(k->ret, arena_printf(k->arena, "%s/flow/%s", r->name, name), k->plan->workflows[r->workflow].span, file->text, file->len);
}

/* What the ConfigMap will hold; the files of steps and triggers are still to be written. */
static void list_files(struct kube_run *r)
{
	struct kube *k = r->k;
	size_t n = strlen(r->flow.folder) + 1;
	uint32_t there = k->ret->files.len;

	r->files = doc_list(k->arena);
	r->items = doc_list(k->arena);
	for (uint32_t i = 0; i < there; i++)
		if (strncmp(k->ret->files.at[i].path, r->flow.folder, n - 1) == 0 && k->ret->files.at[i].path[n - 1] == '/')
			kube_add_item(r, k->ret->files.at[i].path + n);
	kube_add_program(r, "kube.py");
	for (uint32_t i = 0; i < k->plan->n_steps; i++)
		if (flow_has_step(&r->flow, i))
			kube_add_item(r, arena_printf(k->arena, "step-%s.json", k->plan->steps[i].name));
}

static void put_folder(struct kube_run *r)
{
	struct kube *k = r->k;
	const struct plan_workflow *w = &k->plan->workflows[r->workflow];
	struct doc *d = doc_map(k->arena), *map, *list = doc_list(k->arena), *run = kube_object(k, "batch/v1", "Job", r->name, w->doc, w->span);

	kube_text(k, d, "apiVersion", "kustomize.config.k8s.io/v1beta1")->comment = target_place(k->arena, k->plan, w->span);
	kube_text(k, d, "kind", "Kustomization");
	kube_text(k, d, "namespace", k->cluster->namespace);
	map = kube_named(k, kube_set(k, d, "configMapGenerator", doc_list(k->arena)), r->name);
	kube_set(k, map, "files", r->files);
	kube_set(k, d, "generatorOptions", kube_json(k, "{\"disableNameSuffixHash\": true}"));
	target_put_doc(k->ret, arena_printf(k->arena, "%s/kustomization.yaml", r->name), w->span, d);
	kube_text(k, doc_get(run, "metadata"), "namespace", k->cluster->namespace);
	kube_set(k, run, "spec", kube_run_spec(r, NULL));
	doc_push(list, run);
	target_put_doc(k->ret, arena_printf(k->arena, "%s/run.yaml", r->name), w->span, list)->several = true;
	doc_push(k->cluster->resources, doc_printf(k->arena, "../%s", r->name));
}

/* What runs need of the namespace: the volume, and an account that may create Jobs. Once a cluster. */
static void put_runs(struct kube_run *r)
{
	struct kube *k = r->k;
	struct span from = k->plan->workflows[r->workflow].span;
	const char *class = k->cluster->thing ? doc_text(doc_get(k->cluster->thing->attributes, "storage_class"), NULL) : NULL;
	struct doc *list = doc_list(k->arena), *d;

	for (doc_each(there, k->cluster->resources))
		if (strcmp(doc_text(there, ""), "runs.yaml") == 0)
			return;
	d = kube_object(k, "v1", "PersistentVolumeClaim", k->part_of, "The files of the twin, the folders of its runs and their results", from);
	kube_set(k, d, "spec/accessModes", kube_json(k, "[\"ReadWriteMany\"]"));
	if (class)
		kube_text(k, d, "spec/storageClassName", class);
	kube_text(k, d, "spec/resources/requests/storage", "100Gi");
	doc_push(list, d);
	d = kube_object(k, "v1", "ServiceAccount", "runner", "Runs workflows", from);
	doc_push(list, d);
	d = kube_object(k, "rbac.authorization.k8s.io/v1", "Role", "runner", NULL, from);
	kube_set(k, d, "rules", kube_json(k, "[{\"apiGroups\": [\"batch\"], \"resources\": [\"jobs\"], \"verbs\": [\"create\", \"delete\", \"get\", \"list\"]}]"));
	doc_push(list, d);
	d = kube_object(k, "rbac.authorization.k8s.io/v1", "RoleBinding", "runner", NULL, from);
	kube_set(k, d, "roleRef", kube_json(k, "{\"apiGroup\": \"rbac.authorization.k8s.io\", \"kind\": \"Role\", \"name\": \"runner\"}"));
	kube_set(k, d, "subjects", kube_json(k, "[{\"kind\": \"ServiceAccount\", \"name\": \"runner\"}]"));
	kube_text(k, doc_get(d, "subjects")->children.first, "namespace", k->cluster->namespace);
	doc_push(list, d);
	kube_put(k, "runs.yaml", from, list);
}

static void put_constructs(struct kube_run *r)
{
	struct kube *k = r->k;

	for (uint32_t i = 0; i < k->plan->n_nodes; i++) {
		const struct plan_node *n = &k->plan->nodes[i];
		if (!r->flow.workflows[k->plan->blocks[n->block].workflow])
			continue;
		if (n->kind == PLAN_GATE && n->on_fail == PLAN_ASK)
			target_row(k->ret, n->name, n->span, TARGET_EMULATED, "its run waits until a person called `python3 -m flow approve TASK` in the run's pod");
		if (n->kind == PLAN_CALL && n->place && kube_cluster_of(k, n->place) != k->cluster)
			target_row(k->ret, n->name, n->span, TARGET_EMULATED, "it is placed on `%s`, which is not the cluster of its workflow: its Job runs where the others do", n->place);
	}
}

static void put_all(struct kube_run *r)
{
	struct kube *k = r->k;
	const struct plan_thing **triggers = arena_new_n(k->arena, const struct plan_thing *, k->plan->n_things + 1);
	uint32_t n = 0;

	list_files(r);
	for (uint32_t i = 0; i < k->plan->n_things; i++)
		if (strcmp(k->plan->things[i].role, "trigger") == 0 && k->plan->things[i].workflow == r->workflow && kube_prepare_trigger(r, &k->plan->things[i]))
			triggers[n++] = &k->plan->things[i];
	for (uint32_t i = 0; i < k->plan->n_steps; i++)
		if (flow_has_step(&r->flow, i))
			put_step(r, i);
	put_constructs(r);
	put_runs(r);
	for (uint32_t i = 0; i < n; i++)
		kube_put_trigger(r, triggers[i]);
	put_folder(r);
}

struct kube_cluster *kube_home(struct kube *k, uint32_t workflow, bool *steps)
{
	const struct plan *p = k->plan;
	bool *seen = arena_new_n(k->arena, bool, p->n_workflows + 1), more = true;
	const struct plan_step *first = NULL;

	seen[workflow] = true;
	while (more) { /* what it calls, and what these call */
		more = false;
		for (uint32_t i = 0; i < p->n_nodes; i++)
			if (p->nodes[i].kind == PLAN_SUB && seen[p->blocks[p->nodes[i].block].workflow] && !seen[p->nodes[i].target])
				seen[p->nodes[i].target] = more = true;
	}
	for (uint32_t i = 0; i < p->n_nodes; i++) {
		const struct plan_node *n = &p->nodes[i];
		if (n->kind != PLAN_CALL || !seen[p->blocks[n->block].workflow])
			continue;
		if (steps)
			steps[n->target] = true;
		if (kube_cluster_of(k, p->steps[n->target].place) && (!first || &p->steps[n->target] < first))
			first = &p->steps[n->target];
	}
	return first ? kube_cluster_of(k, first->place) : &k->clusters[0];
}

void kube_put_workflow(struct kube *k, uint32_t workflow)
{
	const struct plan_workflow *w = &k->plan->workflows[workflow];
	const char *name = names_get(&k->things, w->name);
	struct target_request request = *k->request;
	struct kube_run r = { .k = k, .workflow = workflow, .name = name, .home = arena_printf(k->arena, "/twin/.kubernetes/%s/flow", name) };
	uint32_t files = k->ret->files.len;

	/* In a pod, the folder of the twin is the volume's. */
	request.folder = file_join(k->arena, k->plan->folder, ".kubernetes");
	r.flow = (struct flow){ .arena = k->arena, .request = &request, .plan = k->plan, .ret = k->ret, .folder = arena_printf(k->arena, "%s/flow", name) };
	bool good = flow_emit(&r.flow, workflow);
	k->cluster = kube_home(k, workflow, NULL);
	if (good && !refuse_steps(&r)) {
		put_all(&r);
	} else {
		for (; k->ret->files.len > files; k->ret->files.len--)
			if (vec_last(&k->ret->files)->lines)
				lines_finish(vec_last(&k->ret->files)->lines);
		for (uint32_t i = 0; i < k->plan->n_things; i++)
			if (strcmp(k->plan->things[i].role, "trigger") == 0 && k->plan->things[i].workflow == workflow)
				target_row(k->ret, k->plan->things[i].name, k->plan->things[i].span, TARGET_REFUSED, "the workflow `%s`, which it starts, cannot run there", w->name);
	}
}
