/* What starts a workflow: by the clock a CronJob; by events a Deployment that listens, and an account that may create Jobs. */
#include "targets/kubernetes/inside.h"
#include "compiler/base/file.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define PORT 8080 /* of webhooks */
#define KCAT_IMAGE "docker.io/edenhill/kcat:1.7.1"

/* "5 * * * *" of cron("5 * * * *"); NULL: started otherwise. */
static const char *cron_of(struct kube *k, const struct plan_thing *t)
{
	const char *when = doc_text(doc_get(t->attributes, "when"), "");
	size_t n = strlen(when);

	if (strncmp(when, "cron(\"", 6) != 0 || n < 8 || strcmp(when + n - 2, "\")") != 0)
		return NULL;
	return arena_strndup(k->arena, when + 6, n - 8);
}

static const char *overlap_of(const struct plan_thing *t)
{
	return doc_text(doc_get(t->attributes, "overlap"), "queue");
}

/* -- sources ------------------------------------------------------------------------------------------------------------------ */

/* The source whose event sets it off, or NULL: the clock, or a condition. */
static const struct plan_thing *source_of(const struct kube *k, const struct plan_thing *t)
{
	const char *when = doc_text(doc_get(t->attributes, "when"), "");

	for (uint32_t i = 0; i < t->n_refs; i++) {
		size_t n = strlen(t->refs[i]);
		if (strncmp(when, t->refs[i], n) == 0 && when[n] == '.' && !strpbrk(when + n, " (<>="))
			return kube_thing(k, t->refs[i]);
	}
	return NULL;
}

static bool is_kind(const struct plan_thing *t, const char *kind)
{
	return strcmp(t->kind, kind) == 0;
}

/* Where what a source names as its `broker` or `store` is found in the namespace; NULL: it names none, or that is elsewhere. */
static const char *own_server(struct kube *k, const struct plan_thing *source, const char *attribute, int64_t port)
{
	const struct plan_thing *own = kube_thing(k, doc_text(doc_get(doc_get(source->attributes, attribute), "ref"), NULL));

	if (!own || !kube_cluster_of(k, doc_text(doc_get(doc_get(own->attributes, "on"), "ref"), NULL)))
		return NULL;
	return arena_printf(k->arena, "%s:%" PRId64, names_get(&k->things, own->name), doc_integer(doc_get(own->attributes, "port"), port));
}

/* Why sources.py cannot ask it; NULL: it can. listing: what it holds is asked for, too. */
static const char *obstacle(struct kube *k, const struct plan_thing *source, bool listing)
{
	static const char *const folders[] = { "file.folder", "dcache.folder", "s3.bucket", "kafka.topic" }, *const others[] = { "timer.every", "prometheus.alert", "webhook.endpoint", "mqtt.topic" };
	const char *path = doc_text(doc_get(source->attributes, "path"), "");

	if (is_kind(source, "fews.threshold"))
		return arena_printf(k->arena, "nothing here watches thresholds of FEWS: what FEWS itself starts when `%s` is crossed can call a `webhook.endpoint`", source->name);
	if (is_kind(source, "file.folder") && (*path == '/' || strstr(path, "..")))
		return arena_printf(k->arena, "the folder of `%s` lies outside of the twin's volume: a path beside the twin can be watched", source->name);
	if (is_kind(source, "s3.bucket") && !doc_get(source->attributes, "server") && !own_server(k, source, "store", 0))
		return arena_printf(k->arena, "the store of `%s` has no address: say its `server`", source->name);
	if (is_kind(source, "mqtt.topic") && !doc_get(source->attributes, "server") && !own_server(k, source, "broker", 0))
		return arena_printf(k->arena, "the broker of `%s` has no address: say its `server`", source->name);
	if (is_kind(source, "mqtt.topic") && listing)
		return arena_printf(k->arena, "a broker of MQTT keeps no messages of `%s` that could be asked for: who listens to it has those that came", source->name);
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		if (is_kind(source, folders[i]))
			return NULL;
	for (size_t i = 0; !listing && i < sizeof(others) / sizeof(*others); i++)
		if (is_kind(source, others[i]))
			return NULL;
	return arena_printf(k->arena, "nothing here asks a `%s`, which `%s` is: what sees it can call a `webhook.endpoint`", source->kind, source->name);
}

/* Why another trigger is in its way; NULL: none is. */
static const char *taken(struct kube *k, const struct plan_thing *t, const struct plan_thing *source)
{
	if (source && is_kind(source, "mqtt.topic") && doc_get(source->attributes, "client"))
		for (const struct plan_thing *other = k->plan->things; other < t; other++)
			if (strcmp(other->role, "trigger") == 0 && source_of(k, other) == source)
				return arena_printf(k->arena, "a broker knows one client `%s`, which listens for `%s`: another source without `client` can be said", doc_text(doc_get(source->attributes, "client"), ""), other->name);
	return NULL;
}

/* Whether a condition reads a metric of this step. */
static bool reads(const struct expr *e, const char *step)
{
	size_t n = strlen(step);
	bool any = e && e->op == EXPR_EVENT && strncmp(e->name, step, n) == 0 && e->name[n] == '.' && !strchr(e->name + n + 1, '.');

	for (uint16_t i = 0; e && !any && i < e->n; i++)
		any = reads(e->args[i], step);
	return any;
}

/* Why nobody measures what a condition is about; NULL: runs in its cluster do. */
static const char *unmeasured(struct kube *k, const struct plan_thing *t)
{
	bool *run = arena_new_n(k->arena, bool, k->plan->n_steps + 1);

	for (uint32_t w = 0; w < k->plan->n_workflows; w++) {
		bool *steps = arena_new_n(k->arena, bool, k->plan->n_steps + 1);
		if (kube_home(k, w, steps) == k->cluster)
			for (uint32_t i = 0; i < k->plan->n_steps; i++)
				run[i] |= steps[i];
	}
	for (uint32_t i = 0; i < k->plan->n_steps; i++) {
		const struct plan_step *step = &k->plan->steps[i];
		if (reads(t->condition, step->name) && (!run[i] || !kube_can_run(k, step)))
			return arena_printf(k->arena, "it waits for metrics of `%s`, which no run in its cluster leaves: where it runs, what measures it can call a `webhook.endpoint`", step->name);
	}
	return NULL;
}

void kube_put_measured(struct kube *k, const struct plan_step *step, struct doc *container)
{
	const char *folders = "";

	for (uint32_t i = 0; i < k->plan->n_things; i++) {
		const struct plan_thing *t = &k->plan->things[i];
		if (t->condition && reads(t->condition, step->name) && kube_home(k, t->workflow, NULL) == k->cluster)
			folders = arena_printf(k->arena, "%s%s/twin/events/%s/.metrics", folders, *folders ? " " : "", t->name);
	}
	if (*folders)
		kube_env(k, doc_get(container, "env"), "TWIN_MEASURED", folders);
}

/* Why nothing starts its runs; NULL: something does. */
static const char *refused(struct kube *k, const struct plan_thing *t)
{
	const struct plan_thing *source = source_of(k, t);
	const char *why = source ? obstacle(k, source, false) : t->condition ? unmeasured(k, t) : NULL;

	if (!source && !t->condition && !cron_of(k, t))
		return "nothing here knows what it waits for: what does can call a `webhook.endpoint`";
	for (uint32_t i = source ? 1 : 0; !why && i < t->n_refs; i++) { /* those that its arguments read */
		const struct plan_thing *read = kube_thing(k, t->refs[i]);
		if (read && strcmp(read->role, "source") == 0 && !(read == source && is_kind(read, "mqtt.topic")))
			why = obstacle(k, read, true);
	}
	return why ? why : taken(k, t, source);
}

/* What bodies and messages end in. */
static void put_extension(struct kube *k, struct doc *d, const char *format)
{
	for (uint32_t i = 0; i < k->plan->n_formats; i++)
		if (strcmp(k->plan->formats[i].name, format) == 0 && k->plan->formats[i].extensions && *k->plan->formats[i].extensions)
			kube_text(k, d, "extension", arena_printf(k->arena, ".%.*s", (int)strcspn(k->plan->formats[i].extensions, " ,"), k->plan->formats[i].extensions));
}

/* Of pods: where who listens and kafka.sh find each other. */
static const char *kafka_folder(struct kube *k, const struct plan_thing *source)
{
	return arena_printf(k->arena, "/tmp/kafka-%s", source->name);
}

static struct doc *source_doc(struct kube *k, const struct plan_thing *source)
{
	static const char *const left_out[] = { "format", "rate", "volume", "retention", "store", "broker" }, *const bodies[] = { "webhook.endpoint", "kafka.topic", "mqtt.topic" };
	struct doc *d = doc_map(k->arena);
	const char *store = own_server(k, source, "store", 9000), *broker = own_server(k, source, "broker", 1883);
	const char *format = doc_text(doc_get(source->attributes, "format"), "");

	d->from = source->span;
	kube_text(k, d, "kind", source->kind);
	for (doc_each(one, source->attributes)) {
		bool drop = (is_kind(source, "file.folder") && strcmp(one->key, "path") == 0) || is_kind(source, "kafka.topic");
		for (size_t i = 0; i < sizeof(left_out) / sizeof(*left_out); i++)
			drop |= strcmp(one->key, left_out[i]) == 0;
		if (!drop)
			doc_set(k->arena, d, one->key, doc_copy(k->arena, one));
	}
	if (store && !doc_get(source->attributes, "server"))
		kube_text(k, d, "server", arena_printf(k->arena, "http://%s", store));
	if (broker && is_kind(source, "mqtt.topic") && !doc_get(source->attributes, "server"))
		kube_text(k, d, "server", broker);
	if (is_kind(source, "kafka.topic"))
		kube_text(k, d, "folder", kafka_folder(k, source));
	if (is_kind(source, "file.folder"))
		kube_text(k, d, "path", arena_printf(k->arena, "/twin/%s", doc_text(doc_get(source->attributes, "path"), ".")));
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
		if (is_kind(source, bodies[i]))
			put_extension(k, d, format);
	return d;
}

/* -- what listens ------------------------------------------------------------------------------------------------------------- */

/* inputs.json with what the trigger gives, as far as it is known. */
static void put_arguments(struct kube_run *r, const struct plan_thing *t, const char *file)
{
	struct kube *k = r->k;
	const struct doc *d = NULL;
	struct doc *inputs = doc_map(k->arena), *all = doc_map(k->arena);
	const char *path = arena_printf(k->arena, "%s/flow/inputs.json", r->name);

	for (uint32_t i = 0; i < k->ret->files.len; i++)
		if (strcmp(k->ret->files.at[i].path, path) == 0)
			d = k->ret->files.at[i].doc;
	for (doc_each(own, doc_get(d, "inputs")))
		if (!doc_get(t->arguments, own->key))
			doc_set(k->arena, inputs, own->key, doc_copy(k->arena, own));
	for (doc_each(given, t->arguments)) {
		bool later = false;
		for (uint32_t i = 0; i < t->n_given; i++)
			later |= strcmp(t->given[i].name, given->key) == 0;
		if (!later)
			doc_set(k->arena, inputs, given->key, doc_from(doc_copy(k->arena, given), t->span));
	}
	for (doc_each(group, d))
		doc_set(k->arena, all, group->key, strcmp(group->key, "inputs") == 0 ? inputs : doc_copy(k->arena, group));
	target_put_doc(k->ret, arena_printf(k->arena, "%s/flow/%s", r->name, file), t->span, all);
}

/* trigger-NAME.py: the inputs of a run, worked out when it starts. */
static bool put_given(struct kube_run *r, const struct plan_thing *t)
{
	struct kube *k = r->k;
	const struct plan_workflow *w = &k->plan->workflows[r->workflow];
	struct py py = { .arena = k->arena, .plan = k->plan, .request = r->flow.request, .folder = file_join(k->arena, r->flow.request->folder, r->flow.folder), .block = PLAN_NONE, .trigger = true, .measured = t->condition };
	struct target_text text = { 0 };
	struct buf *out = &text.text;

	target_text_from(&text, t->span);
	buf_printf(out, "# %s: what the trigger %s gives its run\nimport listen\nfrom twin import *\n\nlisten.main(", target_place(k->arena, k->plan, t->span), t->name);
	py_string(t->name, strlen(t->name), out);
	buf_puts(out, ", {\n");
	for (uint32_t i = 0; i < t->n_given; i++) {
		const struct type *to = NULL;
		for (uint32_t j = 0; j < w->n_inputs; j++)
			if (strcmp(w->inputs[j].name, t->given[i].name) == 0)
				to = w->inputs[j].type;
		target_text_from(&text, t->given[i].span);
		buf_puts(out, "    ");
		py_string(t->given[i].name, strlen(t->given[i].name), out);
		buf_puts(out, ": lambda event, latest, since: ");
		py_as(&py, t->given[i].expr, to, PY_COND, out);
		buf_puts(out, ",\n");
	}
	target_text_from(&text, t->span);
	if (t->condition) {
		buf_puts(out, "}, lambda event: ");
		py_expr(&py, t->condition, PY_COND, out);
		buf_puts(out, ")\n");
	} else {
		buf_puts(out, "})\n");
	}
	vec_finish(&py.assets);
	if (py.error) {
		target_row(k->ret, t->name, py.error_span, TARGET_REFUSED, "%s", py.error);
		buf_finish(&text.text);
		lines_finish(&text.lines);
		return false;
	}
	target_put_text(k->ret, arena_printf(k->arena, "%s/flow/trigger-%s.py", r->name, t->name), t->span, &text);
	return true;
}

static void put_said(struct kube_run *r, const struct plan_thing *t)
{
	struct kube *k = r->k;
	const struct plan_thing *source = source_of(k, t);
	struct doc *d = doc_from(doc_map(k->arena), t->span), *sources = doc_map(k->arena);

	kube_text(k, d, "name", t->name);
	kube_text(k, d, "object", names_get(&k->things, t->name));
	if (source)
		kube_text(k, d, "source", source->name);
	if (t->condition)
		doc_set(k->arena, d, "lasting", doc_float(k->arena, doc_number(doc_get(t->attributes, "lasting"), 0)));
	kube_text(k, d, "overlap", overlap_of(t));
	kube_int(k, d, "batch", doc_integer(doc_get(t->attributes, "batch"), 1));
	doc_set(k->arena, d, "debounce", doc_float(k->arena, doc_number(doc_get(t->attributes, "debounce"), 0)));
	for (uint32_t i = 0; i < t->n_refs; i++) {
		const struct plan_thing *read = kube_thing(k, t->refs[i]);
		if (read && strcmp(read->role, "source") == 0 && !doc_get(sources, read->name))
			doc_set(k->arena, sources, read->name, source_doc(k, read));
	}
	kube_set(k, d, "sources", sources);
	target_put_doc(k->ret, arena_printf(k->arena, "%s/flow/trigger-%s.json", r->name, t->name), t->span, d);
}

static void add_program(struct kube_run *r, const char *name)
{
	for (doc_each(item, r->items))
		if (strcmp(doc_text(doc_get(item, "path"), ""), name) == 0)
			return;
	kube_add_program(r, name);
}

/* The source of a kind that it refers to, after this one; NULL: there is none. */
static const struct plan_thing *next_of_kind(const struct kube *k, const struct plan_thing *t, const char *kind, const struct plan_thing *after)
{
	const struct plan_thing *next = NULL;

	for (uint32_t i = 0; i < t->n_refs; i++) {
		const struct plan_thing *one = kube_thing(k, t->refs[i]);
		if (one && is_kind(one, kind) && (!after || one > after) && (!next || one < next))
			next = one;
	}
	return next;
}

/* Files that only what listens reads. */
static void add_files(struct kube_run *r, const struct plan_thing *t)
{
	struct kube *k = r->k;
	bool kafka = next_of_kind(k, t, "kafka.topic", NULL);

	add_program(r, "listen.py");
	add_program(r, "sources.py");
	if (kafka || next_of_kind(k, t, "mqtt.topic", NULL))
		add_program(r, "streams.py");
	if (kafka)
		add_program(r, "kafka.sh");
	put_said(r, t);
	kube_add_item(r, arena_printf(k->arena, "trigger-%s.json", t->name));
	kube_add_item(r, arena_printf(k->arena, "trigger-%s.py", t->name));
}

/* A container that runs trigger-NAME.py. */
static struct doc *listener(struct kube_run *r, struct doc *list, const struct plan_thing *t, const char *verb)
{
	struct kube *k = r->k;
	struct doc *c = kube_runner(r, list, verb ? verb : "listen", (const char *const[]){ "python3", arena_printf(k->arena, "trigger-%s.py", t->name), verb, NULL }, false);
	const struct doc *sources = NULL;

	kube_env(k, doc_get(c, "env"), "TWIN_EVENTS", "/twin/events");
	if (t->arguments)
		kube_env(k, doc_get(c, "env"), "TWIN_INPUTS", arena_printf(k->arena, "%s/inputs-%s.json", r->home, t->name));
	for (uint32_t i = 0; i < k->ret->files.len; i++)
		if (strcmp(k->ret->files.at[i].path, arena_printf(k->arena, "%s/flow/trigger-%s.json", r->name, t->name)) == 0)
			sources = doc_get(k->ret->files.at[i].doc, "sources");
	for (uint32_t i = 0; i < k->plan->n_params; i++) {
		bool wanted = false;
		for (doc_each(source, sources))
			for (doc_each(attribute, source))
				wanted |= strcmp(doc_text(doc_get(attribute, "secret"), ""), k->plan->params[i].name) == 0;
		if (wanted)
			kube_secret(k, c, k->plan->params[i].name);
	}
	return c;
}

static void put_liveness(struct kube *k, struct doc *c, const char *const *words)
{
	struct doc *list;

	kube_set(k, c, "livenessProbe", kube_json(k, "{\"initialDelaySeconds\": 60, \"periodSeconds\": 60, \"timeoutSeconds\": 10}"));
	list = kube_set(k, doc_get(c, "livenessProbe"), "exec/command", doc_list(k->arena));
	for (; *words; words++)
		doc_push(list, doc_string(k->arena, *words));
}

static void put_user(struct kube *k, struct doc *env, const struct plan_thing *source, const char *name, const char *attribute)
{
	const char *secret = doc_text(doc_get(doc_get(source->attributes, attribute), "secret"), NULL);

	if (secret)
		kube_env_secret(k, env, name, k->secrets, secret);
}

/* A container a topic of Kafka, which asks it for what listens; verb: as kafka.sh knows it. */
static void put_kafka(struct kube_run *r, struct doc *list, const struct plan_thing *t, const char *verb)
{
	struct kube *k = r->k;
	int n = 0;

	for (const struct plan_thing *source = NULL; (source = next_of_kind(k, t, "kafka.topic", source));) {
		const char *folder = kafka_folder(k, source), *brokers = "";
		struct doc *c = kube_container(r, list, arena_printf(k->arena, "kafka-%d", ++n), KCAT_IMAGE, (const char *const[]){ "sh", arena_printf(k->arena, "%s/kafka.sh", r->home), verb, folder, NULL }, false), *env = doc_get(c, "env");
		doc_from(c, source->span);
		for (doc_each(one, doc_get(source->attributes, "brokers")))
			brokers = arena_printf(k->arena, "%s%s%s", brokers, *brokers ? "," : "", doc_text(one, ""));
		kube_env(k, env, "KAFKA_BROKERS", brokers);
		kube_env(k, env, "KAFKA_TOPIC", doc_text(doc_get(source->attributes, "topic"), ""));
		kube_env(k, env, "KAFKA_SECURITY", doc_text(doc_get(source->attributes, "security"), "plaintext"));
		put_user(k, env, source, "KAFKA_USER", "user");
		put_user(k, env, source, "KAFKA_PASSWORD", "password");
		kube_set(k, c, "resources", kube_json(k, "{\"requests\": {\"cpu\": \"50m\", \"memory\": \"64Mi\"}, \"limits\": {\"cpu\": \"1\", \"memory\": \"256Mi\"}}"));
		if (strcmp(verb, "serve") == 0)
			put_liveness(k, c, (const char *const[]){ "sh", "-c", arena_printf(k->arena, "test -n \"$(find %s/alive -mmin -30)\"", folder), NULL });
	}
}

static void put_deadline(struct kube_run *r, const struct plan_thing *t, struct doc *spec)
{
	double deadline = doc_number(doc_get(t->attributes, "deadline"), 0);

	if (deadline > 0)
		kube_int(r->k, spec, "activeDeadlineSeconds", (int64_t)ceil(deadline));
}

/* run-NAME.json: the Job of a run, which listen.py completes. */
static void put_template(struct kube_run *r, const struct plan_thing *t, const char *name)
{
	struct kube *k = r->k;
	struct doc *d = kube_object(k, "batch/v1", "Job", name, t->doc, t->span);

	kube_text(k, doc_get(doc_get(d, "metadata"), "labels"), "twin-trigger", name);
	put_deadline(r, t, kube_set(k, d, "spec", kube_run_spec(r, NULL)));
	target_put_doc(k->ret, arena_printf(k->arena, "%s/flow/run-%s.json", r->name, t->name), t->span, d);
	kube_add_item(r, arena_printf(k->arena, "run-%s.json", t->name));
}

/* An account that may do with Jobs what the trigger needs, and nothing else. */
static void push_account(struct kube *k, struct doc *list, const struct plan_thing *t, const char *name)
{
	const char *overlap = overlap_of(t), *verbs = strcmp(overlap, "parallel") == 0 ? "\"create\"" : strcmp(overlap, "replace") == 0 ? "\"create\", \"list\", \"delete\"" : "\"create\", \"list\"";
	struct doc *d;

	doc_push(list, kube_object(k, "v1", "ServiceAccount", name, "Creates the runs of a trigger", t->span));
	d = kube_object(k, "rbac.authorization.k8s.io/v1", "Role", name, NULL, t->span);
	kube_set(k, d, "rules", kube_json(k, arena_printf(k->arena, "[{\"apiGroups\": [\"batch\"], \"resources\": [\"jobs\"], \"verbs\": [%s]}]", verbs)));
	doc_push(list, d);
	d = kube_object(k, "rbac.authorization.k8s.io/v1", "RoleBinding", name, NULL, t->span);
	kube_set(k, d, "roleRef", kube_json(k, "{\"apiGroup\": \"rbac.authorization.k8s.io\", \"kind\": \"Role\"}"));
	kube_text(k, doc_get(d, "roleRef"), "name", name);
	kube_set(k, d, "subjects", kube_json(k, "[{\"kind\": \"ServiceAccount\"}]"));
	kube_text(k, doc_get(d, "subjects")->children.first, "name", name);
	kube_text(k, doc_get(d, "subjects")->children.first, "namespace", k->cluster->namespace);
	doc_push(list, d);
}

/* The address of a webhook. Where callers have to show a token, they may come from anywhere. */
static void push_address(struct kube *k, struct doc *list, const struct plan_thing *source, const char *name)
{
	struct doc *d = kube_object(k, "v1", "Service", name, source->doc, source->span), *policy = kube_ingress(k, name, PORT, doc_get(source->attributes, "token") != NULL, source->span);

	kube_set(k, d, "spec/selector", kube_selector(k, name));
	kube_set(k, d, "spec/ports", kube_json(k, "[{\"name\": \"main\", \"port\": 80, \"targetPort\": \"main\"}]"));
	doc_push(list, d);
	doc_push(list, policy);
}

static void put_probes(struct kube *k, struct doc *c, bool webhook)
{
	static const char looked[] = "import os, sys, time; sys.exit(time.time() - os.stat('/tmp/alive').st_mtime > 600)";

	if (webhook) {
		kube_set(k, c, "ports", kube_json(k, "[{\"name\": \"main\", \"containerPort\": 8080}]"));
		kube_set(k, c, "readinessProbe", kube_json(k, "{\"httpGet\": {\"path\": \"/healthz\", \"port\": \"main\"}, \"periodSeconds\": 10}"));
	}
	put_liveness(k, c, (const char *const[]){ "python3", "-c", looked, NULL });
}

static void put_deployment(struct kube_run *r, const struct plan_thing *t, const char *name)
{
	struct kube *k = r->k;
	const struct plan_thing *source = source_of(k, t);
	bool webhook = source && is_kind(source, "webhook.endpoint");
	struct doc *list = doc_list(k->arena), *d = kube_object(k, "apps/v1", "Deployment", name, t->doc, t->span), *spec, *labels = kube_selector(k, name);

	push_account(k, list, t, name);
	kube_int(k, d, "spec/replicas", 1);
	kube_set(k, d, "spec/selector/matchLabels", kube_selector(k, name));
	kube_text(k, d, "spec/strategy/type", "Recreate"); /* one listens; a second would do no harm, and no good */
	doc_set(k->arena, labels, "twin-run", doc_string(k->arena, "trigger"));
	kube_set(k, d, "spec/template/metadata/labels", labels);
	spec = kube_set(k, d, "spec/template/spec", doc_map(k->arena));
	kube_text(k, spec, "serviceAccountName", name);
	kube_secure_pod(k, spec, 65532);
	kube_placement(k, spec);
	put_probes(k, listener(r, kube_set(k, spec, "containers", doc_list(k->arena)), t, NULL), webhook);
	put_kafka(r, doc_get(spec, "containers"), t, "serve");
	kube_volumes(r, spec, false);
	doc_push(list, d);
	if (webhook)
		push_address(k, list, source, name);
	kube_put(k, arena_printf(k->arena, "%s.yaml", name), t->span, list);
	if (source && (is_kind(source, "dcache.folder") || is_kind(source, "s3.bucket") || is_kind(source, "prometheus.alert")))
		target_row(k->ret, t->name, t->span, TARGET_EMULATED, "`%s` is asked every 10 s by a Deployment: what comes and goes in between is not seen", source->name);
	else if (source && is_kind(source, "kafka.topic") && doc_get(source->attributes, "group"))
		target_row(k->ret, t->name, t->span, TARGET_EMULATED, "how far `%s` was read is kept on the volume of runs, and not by a group of its broker", source->name);
	else if (source && is_kind(source, "mqtt.topic") && doc_integer(doc_get(source->attributes, "qos"), 1) == 2)
		target_row(k->ret, t->name, t->span, TARGET_EMULATED, "a message of `%s` counts at least once: again where what listens dies between taking it and saying so", source->name);
	else
		target_row(k->ret, t->name, t->span, TARGET_SUPPORTED, NULL);
}

/* -- what the clock starts ---------------------------------------------------------------------------------------------------- */

static void put_cron(struct kube_run *r, const struct plan_thing *t, const char *name)
{
	struct kube *k = r->k;
	const char *overlap = overlap_of(t), *inputs = t->n_given ? arena_printf(k->arena, "/twin/events/%s/$(TWIN_RUN)/inputs.json", t->name)
		: t->arguments ? arena_printf(k->arena, "%s/inputs-%s.json", r->home, t->name) : NULL;
	struct doc *list = doc_list(k->arena), *spec, *c, *inits, *d = kube_object(k, k->cluster->minor >= 21 ? "batch/v1" : "batch/v1beta1", "CronJob", name, t->doc, t->span);

	kube_text(k, d, "spec/schedule", cron_of(k, t));
	if (k->cluster->minor >= 27)
		kube_text(k, d, "spec/timeZone", "Etc/UTC");
	kube_text(k, d, "spec/concurrencyPolicy", strcmp(overlap, "parallel") == 0 ? "Allow" : strcmp(overlap, "replace") == 0 ? "Replace" : "Forbid");
	kube_int(k, d, "spec/startingDeadlineSeconds", 3600);
	spec = kube_set(k, d, "spec/jobTemplate/spec", kube_run_spec(r, inputs));
	put_deadline(r, t, spec);
	if (t->n_given) { /* fetched when it fires */
		bool kafka = next_of_kind(k, t, "kafka.topic", NULL);
		inits = kube_set(k, spec, "template/spec/initContainers", doc_list(k->arena));
		if (kafka) {
			listener(r, inits, t, "ask");
			put_kafka(r, inits, t, "once");
		}
		c = listener(r, inits, t, kafka ? "asked" : "once");
		kube_text(k, kube_named(k, doc_get(c, "env"), "TWIN_RUN"), "valueFrom/fieldRef/fieldPath", "metadata.labels['job-name']");
	}
	doc_push(list, d);
	kube_put(k, arena_printf(k->arena, "%s.yaml", name), t->span, list);
	if (strcmp(overlap, "queue") == 0)
		target_row(k->ret, t->name, t->span, TARGET_EMULATED, "a run that would have to wait for the one before is left out");
	else
		target_row(k->ret, t->name, t->span, TARGET_SUPPORTED, NULL);
}

/* -- all ------------------------------------------------------------------------------------------------------------------------ */

bool kube_prepare_trigger(struct kube_run *r, const struct plan_thing *t)
{
	struct kube *k = r->k;
	const char *why = refused(k, t);

	if (why)
		target_row(k->ret, t->name, t->span, TARGET_REFUSED, "%s", why);
	else if ((t->n_given || !cron_of(k, t)) && !put_given(r, t))
		return false;
	if (!why && t->arguments) {
		put_arguments(r, t, arena_printf(k->arena, "inputs-%s.json", t->name));
		kube_add_item(r, arena_printf(k->arena, "inputs-%s.json", t->name));
	}
	return !why;
}

void kube_put_trigger(struct kube_run *r, const struct plan_thing *t)
{
	const char *name = names_get(&r->k->things, t->name);

	if (t->n_given || !cron_of(r->k, t))
		add_files(r, t);
	if (cron_of(r->k, t)) {
		put_cron(r, t, name);
	} else {
		put_template(r, t, name);
		put_deployment(r, t, name);
	}
}
