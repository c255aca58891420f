/* Services of the twin: a Deployment or a StatefulSet, its Service, storage, policy and configuration; or a chart of Helm. */
#include "targets/kubernetes/inside.h"
#include "compiler/base/digest.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

struct service { struct kube *k; const struct plan_thing *thing; const char *name; int64_t port, replicas; struct doc *objects, *container, *spec; };
/* What is known of the program that a kind stands for. Words are its arguments; @PORT@ and @DATA@ are filled in. */
struct program {
	const char *kind;
	int user;               /* of the image */
	const char *data;       /* where it keeps what it keeps */
	const char *ready, *live; /* paths of HTTP; NULL: that the port is open */
	const char *const *command, *const *args;
	const char *const *scratch; /* folders that it writes to and may lose */
	void (*more)(struct service *s);
};

static const struct doc *attribute(const struct service *s, const char *name)
{
	return doc_get(s->thing->attributes, name);
}

static struct doc *env(struct service *s)
{
	struct doc *list = doc_get(s->container, "env");

	return list ? list : kube_set(s->k, s->container, "env", doc_list(s->k->arena));
}

static void add_arg(struct service *s, const char *text)
{
	struct doc *list = doc_get(s->container, "args");

	doc_push(list ? list : kube_set(s->k, s->container, "args", doc_list(s->k->arena)), doc_string(s->k->arena, text));
}

/* A user or a password: what the twin says, as text or as a secret; else a key of the twin's Secret, which has to be there. */
static void add_credential(struct service *s, const char *variable, const char *name)
{
	const struct doc *given = attribute(s, name);
	const char *secret = doc_text(doc_get(given, "secret"), NULL);

	if (given && given->kind == DOC_STRING)
		kube_env(s->k, env(s), variable, given->string.text);
	else
		kube_env_secret(s->k, env(s), variable, s->k->secrets, secret ? secret : arena_printf(s->k->arena, "%s_%s", s->thing->name, name));
}

/* A file of configuration, at a folder of its own. */
static void add_file(struct service *s, const char *folder, const char *file, const char *text)
{
	struct kube *k = s->k;
	struct doc *d = kube_object(k, "v1", "ConfigMap", s->name, NULL, s->thing->span), *data = kube_set(k, d, "data", doc_map(k->arena)), *m;

	doc_set(k->arena, data, file, doc_string(k->arena, text));
	doc_push(s->objects, d);
	m = kube_named(k, doc_get(s->container, "volumeMounts"), "config");
	kube_text(k, m, "mountPath", folder);
	kube_set(k, m, "readOnly", doc_bool(k->arena, true));
	kube_text(k, kube_named(k, doc_get(s->spec, "volumes"), "config"), "configMap/name", s->name);
}

/* -- programs ---------------------------------------------------------------------------------------------------------------- */

static void more_mlflow(struct service *s)
{
	const char *artifacts = doc_text(attribute(s, "artifacts"), "/data/artifacts");

	add_arg(s, arena_printf(s->k->arena, "--artifacts-destination=%s", artifacts));
	if (attribute(s, "user") || attribute(s, "password"))
		target_row(s->k->ret, s->thing->name, s->thing->span, TARGET_EMULATED, "nobody is asked for a name: only pods of its namespace reach it");
}

static void more_minio(struct service *s)
{
	add_credential(s, "MINIO_ROOT_USER", "user");
	add_credential(s, "MINIO_ROOT_PASSWORD", "password");
	if (!attribute(s, "user") || !attribute(s, "password"))
		target_row(s->k->ret, s->thing->name, s->thing->span, TARGET_EMULATED, "it has no user and password of the twin's: the Secret %s must hold %s_user and %s_password", s->k->secrets, s->thing->name, s->thing->name);
}

/* A name of 16 bytes in base64 without `=`, the same for each build. */
static const char *cluster_id(struct service *s)
{
	const char *seed = arena_printf(s->k->arena, "%s/%s", s->k->plan->twin, s->thing->name);
	struct digest_hex hex;

	digest_bytes(seed, strlen(seed), &hex);
	hex.text[22] = '\0'; /* hexadecimal digits are letters of base64 too; the last one carries 4 bits */
	hex.text[21] = 'A';
	return arena_strdup(s->k->arena, hex.text);
}

static void more_kafka(struct service *s)
{
	struct kube *k = s->k;
	struct buf voters = { 0 };
	const char *spread = arena_printf(k->arena, "%d", s->replicas < 3 ? (int)s->replicas : 3);

	for (int64_t i = 0; i < s->replicas; i++)
		buf_printf(&voters, "%s%" PRId64 "@%s-%" PRId64 ".%s:9093", i ? "," : "", i, s->name, i, s->name);
	kube_text(k, kube_named(k, env(s), "POD"), "valueFrom/fieldRef/fieldPath", "metadata.name");
	kube_env(k, env(s), "CLUSTER_ID", cluster_id(s));
	kube_env(k, env(s), "KAFKA_PROCESS_ROLES", "broker,controller");
	kube_env(k, env(s), "KAFKA_CONTROLLER_QUORUM_VOTERS", buf_text(&voters));
	kube_env(k, env(s), "KAFKA_CONTROLLER_LISTENER_NAMES", "CONTROLLER");
	kube_env(k, env(s), "KAFKA_LISTENERS", arena_printf(k->arena, "PLAINTEXT://:%" PRId64 ",CONTROLLER://:9093", s->port));
	kube_env(k, env(s), "KAFKA_ADVERTISED_LISTENERS", arena_printf(k->arena, "PLAINTEXT://$(POD).%s:%" PRId64, s->name, s->port));
	kube_env(k, env(s), "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
	kube_env(k, env(s), "KAFKA_LOG_DIRS", "/data/logs");
	kube_env(k, env(s), "KAFKA_LOG_RETENTION_MS", arena_printf(k->arena, "%.0f", doc_number(attribute(s, "retention"), 604800) * 1000));
	kube_env(k, env(s), "KAFKA_MESSAGE_MAX_BYTES", arena_printf(k->arena, "%" PRId64, doc_integer(attribute(s, "max_message"), 1048576)));
	kube_env(k, env(s), "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR", spread);
	kube_env(k, env(s), "KAFKA_DEFAULT_REPLICATION_FACTOR", spread);
	buf_finish(&voters);
}

/* Alerts of the twin that this server watches; an address with its name stands for it. */
static struct doc *alerts(struct service *s)
{
	struct kube *k = s->k;
	struct doc *list = doc_list(k->arena);

	for (uint32_t i = 0; i < k->plan->n_things; i++) {
		const struct plan_thing *t = &k->plan->things[i];
		struct doc *rule;
		if (strcmp(t->kind, "prometheus.alert") != 0)
			continue;
		rule = doc_map(k->arena);
		kube_text(k, rule, "alert", t->name);
		kube_text(k, rule, "expr", doc_text(doc_get(t->attributes, "expr"), ""));
		kube_text(k, rule, "for", arena_printf(k->arena, "%.0fs", ceil(doc_number(doc_get(t->attributes, "lasting"), 0))));
		if (t->doc)
			kube_text(k, rule, "annotations/description", t->doc);
		doc_push(list, rule);
	}
	return list;
}

static void more_prometheus(struct service *s)
{
	struct kube *k = s->k;
	struct doc *d = doc_map(k->arena), *job = doc_map(k->arena), *list = doc_list(k->arena), *rules = alerts(s), *group = doc_map(k->arena), *data;
	struct buf text = { 0 };

	kube_text(k, d, "global/scrape_interval", arena_printf(k->arena, "%.0fs", ceil(doc_number(attribute(s, "scrape"), 30))));
	for (doc_each(target, attribute(s, "targets")))
		doc_push(list, doc_copy(k->arena, target));
	kube_text(k, job, "job_name", "twin");
	doc_push(kube_set(k, job, "static_configs", doc_list(k->arena)), group);
	kube_set(k, group, "targets", list);
	doc_push(kube_set(k, d, "scrape_configs", doc_list(k->arena)), job);
	if (doc_len(rules))
		kube_set(k, d, "rule_files", kube_json(k, "[\"/etc/prometheus/rules.yml\"]"));
	doc_yaml_write(d, &text);
	add_file(s, "/etc/prometheus", "prometheus.yml", buf_text(&text));
	buf_finish(&text);
	add_arg(s, arena_printf(k->arena, "--storage.tsdb.retention.time=%.0fs", doc_number(attribute(s, "retention"), 1296000)));
	if (doc_len(rules)) {
		d = doc_map(k->arena);
		group = doc_map(k->arena);
		kube_text(k, group, "name", k->part_of);
		kube_set(k, group, "rules", rules);
		doc_push(kube_set(k, d, "groups", doc_list(k->arena)), group);
		doc_yaml_write(d, &text);
		data = doc_get(s->objects->children.last, "data");
		doc_set(k->arena, data, "rules.yml", doc_string(k->arena, buf_text(&text)));
		buf_finish(&text);
	}
	if (doc_truth(attribute(s, "grafana"), false))
		target_row(k->ret, s->thing->name, s->thing->span, TARGET_EMULATED, "Grafana is left to the cluster's own: it reads http://%s:%" PRId64, s->name, s->port);
}

static void more_mosquitto(struct service *s)
{
	add_file(s, "/etc/mosquitto", "mosquitto.conf", arena_printf(s->k->arena, "listener %" PRId64 "\nallow_anonymous true\npersistence true\npersistence_location /data/\nlog_dest stdout\n", s->port));
	if (doc_truth(attribute(s, "tls"), false))
		target_row(s->k->ret, s->thing->name, s->thing->span, TARGET_EMULATED, "its certificates are the cluster's: TLS ends before it");
}

static const struct program programs[] = {
	{ "mlflow.server", 65532, "/data", "/health", "/health", (const char *const[]){ "mlflow", "server", NULL },
		(const char *const[]){ "--host=0.0.0.0", "--port=@PORT@", "--backend-store-uri=sqlite:////data/mlflow.db", NULL }, NULL, more_mlflow },
	{ "s3.store", 65532, "/data", "/minio/health/ready", "/minio/health/live", NULL, (const char *const[]){ "server", "/data", "--address=:@PORT@", NULL }, NULL, more_minio },
	{ "kafka.broker", 1000, "/data", NULL, NULL, (const char *const[]){ "sh", "-c", "export KAFKA_NODE_ID=\"${POD##*-}\"; exec /etc/kafka/docker/run", NULL }, NULL,
		(const char *const[]){ "/opt/kafka/config", "/opt/kafka/logs", "/mnt/shared/config", NULL }, more_kafka },
	{ "prometheus.server", 65534, "/data", "/-/ready", "/-/healthy", NULL,
		(const char *const[]){ "--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/data", "--web.listen-address=:@PORT@", NULL }, NULL, more_prometheus },
	{ "mqtt.broker", 1883, "/data", NULL, NULL, (const char *const[]){ "mosquitto", "-c", "/etc/mosquitto/mosquitto.conf", NULL }, NULL, NULL, more_mosquitto },
};

static const struct program *program_of(const char *kind)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		if (strcmp(programs[i].kind, kind) == 0)
			return &programs[i];
	return NULL;
}

/* -- the pod ----------------------------------------------------------------------------------------------------------------- */

static void add_probe(struct service *s, const char *probe, const char *path, int wait)
{
	struct kube *k = s->k;
	struct doc *d = kube_set(k, s->container, probe, doc_map(k->arena));

	if (path)
		kube_text(k, d, "httpGet/path", path);
	kube_text(k, d, path ? "httpGet/port" : "tcpSocket/port", "main");
	kube_int(k, d, "periodSeconds", 10);
	kube_int(k, d, "failureThreshold", wait);
}

static void add_words(struct service *s, const char *key, const char *const *words)
{
	struct kube *k = s->k;

	for (struct doc *list = words ? kube_set(k, s->container, key, doc_list(k->arena)) : NULL; words && *words; words++) {
		const char *at = strstr(*words, "@PORT@");
		doc_push(list, at ? doc_printf(k->arena, "%.*s%" PRId64 "%s", (int)(at - *words), *words, s->port, at + 6) : doc_string(k->arena, *words));
	}
}

static void add_scratch(struct service *s, const char *name, const char *path)
{
	kube_text(s->k, kube_named(s->k, doc_get(s->container, "volumeMounts"), name), "mountPath", path);
	kube_set(s->k, kube_named(s->k, doc_get(s->spec, "volumes"), name), "emptyDir", doc_map(s->k->arena));
}

/* The pod template; s->spec is its spec. */
static struct doc *make_pod(struct service *s, const struct program *p, const char *image)
{
	struct kube *k = s->k;
	struct doc *pod = doc_map(k->arena), *port = doc_map(k->arena);

	kube_set(k, pod, "metadata/labels", kube_selector(k, s->name));
	s->spec = kube_set(k, pod, "spec", doc_map(k->arena));
	kube_set(k, s->spec, "automountServiceAccountToken", doc_bool(k->arena, false));
	kube_secure_pod(k, s->spec, p->user);
	kube_placement(k, s->spec);
	s->container = kube_named(k, kube_set(k, s->spec, "containers", doc_list(k->arena)), s->name);
	kube_text(k, s->container, "image", image);
	kube_text(k, s->container, "imagePullPolicy", "IfNotPresent");
	add_words(s, "command", p->command);
	add_words(s, "args", p->args);
	kube_text(k, port, "name", "main");
	kube_int(k, port, "containerPort", s->port);
	doc_push(kube_set(k, s->container, "ports", doc_list(k->arena)), port);
	add_probe(s, "startupProbe", p->live, 60);
	add_probe(s, "readinessProbe", p->ready, 3);
	add_probe(s, "livenessProbe", p->live, 6);
	kube_set(k, s->container, "resources", kube_json(k, "{\"requests\": {\"cpu\": \"250m\", \"memory\": \"1Gi\"}, \"limits\": {\"cpu\": \"2\", \"memory\": \"2Gi\"}}"));
	kube_secure_container(k, s->container);
	kube_text(k, kube_named(k, kube_set(k, s->container, "volumeMounts", doc_list(k->arena)), "data"), "mountPath", p->data);
	kube_set(k, s->spec, "volumes", doc_list(k->arena));
	add_scratch(s, "tmp", "/tmp");
	for (int i = 0; p->scratch && p->scratch[i]; i++)
		add_scratch(s, arena_printf(k->arena, "scratch-%d", i), p->scratch[i]);
	p->more(s);
	return pod;
}

static struct doc *claim_spec(struct service *s)
{
	struct kube *k = s->k;
	const char *class = k->cluster->thing ? doc_text(doc_get(k->cluster->thing->attributes, "storage_class"), NULL) : NULL;
	struct doc *d = doc_map(k->arena);

	kube_set(k, d, "accessModes", kube_json(k, "[\"ReadWriteOnce\"]"));
	if (class)
		kube_text(k, d, "storageClassName", class);
	kube_text(k, d, "resources/requests/storage", kube_size(k, doc_number(attribute(s, "storage"), 10737418240.0)));
	return d;
}

/* Several replicas stay apart, and not all of them may go at once. */
static void spread(struct service *s)
{
	struct kube *k = s->k;
	struct doc *term = kube_json(k, "{\"weight\": 100, \"podAffinityTerm\": {\"topologyKey\": \"kubernetes.io/hostname\"}}"), *d;

	if (s->replicas < 2)
		return;
	kube_set(k, doc_get(term, "podAffinityTerm"), "labelSelector/matchLabels", kube_selector(k, s->name));
	doc_push(kube_set(k, s->spec, "affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution", doc_list(k->arena)), term);
	d = kube_object(k, k->cluster->minor >= 21 ? "policy/v1" : "policy/v1beta1", "PodDisruptionBudget", s->name, NULL, s->thing->span);
	kube_int(k, d, "spec/maxUnavailable", 1);
	kube_set(k, d, "spec/selector/matchLabels", kube_selector(k, s->name));
	doc_push(s->objects, d);
}

static void put_controller(struct service *s, const struct program *p, const char *kind, const char *image)
{
	struct kube *k = s->k;
	const struct plan_thing *t = s->thing;
	struct doc *d = kube_object(k, "apps/v1", kind, s->name, t->doc, t->span), *claim;
	bool set = strcmp(kind, "StatefulSet") == 0;

	kube_int(k, d, "spec/replicas", s->replicas);
	kube_set(k, d, "spec/selector/matchLabels", kube_selector(k, s->name));
	if (set)
		kube_text(k, d, "spec/serviceName", s->name);
	else
		kube_text(k, d, "spec/strategy/type", "Recreate"); /* its volume is for one pod at a time */
	if (set && s->replicas > 1)
		kube_text(k, d, "spec/podManagementPolicy", "Parallel"); /* they wait for each other */
	kube_set(k, d, "spec/template", make_pod(s, p, image));
	spread(s);
	if (set) {
		claim = doc_map(k->arena);
		kube_text(k, claim, "metadata/name", "data");
		kube_set(k, claim, "spec", claim_spec(s));
		doc_push(kube_set(k, d, "spec/volumeClaimTemplates", doc_list(k->arena)), claim);
	} else {
		kube_text(k, kube_named(k, doc_get(s->spec, "volumes"), "data"), "persistentVolumeClaim/claimName", s->name);
		claim = kube_object(k, "v1", "PersistentVolumeClaim", s->name, NULL, t->span);
		kube_set(k, claim, "spec", claim_spec(s));
		doc_push(s->objects, claim);
	}
	doc_push(s->objects, d);
}

static void put_address(struct service *s, bool set)
{
	struct kube *k = s->k;
	struct doc *d = kube_object(k, "v1", "Service", s->name, s->thing->doc, s->thing->span), *port = doc_map(k->arena), *policy;

	if (set) /* a StatefulSet wants each of its pods to have a name */
		kube_text(k, d, "spec/clusterIP", "None");
	if (set && s->replicas > 1) /* they speak to each other before they are ready */
		kube_set(k, d, "spec/publishNotReadyAddresses", doc_bool(k->arena, true));
	kube_set(k, d, "spec/selector", kube_selector(k, s->name));
	kube_text(k, port, "name", "main");
	kube_int(k, port, "port", s->port);
	kube_text(k, port, "targetPort", "main");
	doc_push(kube_set(k, d, "spec/ports", doc_list(k->arena)), port);
	doc_push(s->objects, d);
	policy = kube_ingress(k, s->name, s->port, false, s->thing->span);
	if (strcmp(s->thing->kind, "kafka.broker") == 0)
		doc_push(doc_get(doc_get(doc_get(policy, "spec"), "ingress")->children.first, "ports"), kube_json(k, "{\"protocol\": \"TCP\", \"port\": 9093}"));
	doc_push(s->objects, policy);
}

/* -- charts ------------------------------------------------------------------------------------------------------------------ */

static struct doc *hub_values(struct service *s)
{
	struct kube *k = s->k;
	struct doc *d = doc_map(k->arena);
	const char *image = doc_text(attribute(s, "image"), ""), *colon = strrchr(image, ':');
	double memory = doc_number(attribute(s, "memory_per_user"), 2147483648.0);

	if (colon) {
		kube_text(k, d, "singleuser/image/name", arena_strndup(k->arena, image, (size_t)(colon - image)));
		kube_text(k, d, "singleuser/image/tag", colon + 1);
	}
	kube_int(k, d, "singleuser/cpu/guarantee", doc_integer(attribute(s, "cpus_per_user"), 1));
	kube_text(k, d, "singleuser/memory/guarantee", arena_printf(k->arena, "%.0fM", ceil(memory / 1048576))); /* M of JupyterHub is MiB */
	if (doc_number(attribute(s, "storage"), 0) > 0)
		kube_text(k, d, "singleuser/storage/capacity", kube_size(k, doc_number(attribute(s, "storage"), 0)));
	kube_int(k, d, "hub/activeServerLimit", doc_integer(attribute(s, "users"), 10));
	kube_int(k, d, "proxy/service/port", s->port);
	return d;
}

static void put_hub(struct service *s)
{
	struct kube *k = s->k;
	bool dask = doc_truth(attribute(s, "gateway"), false);
	const char *folder = arena_printf(k->arena, "%s/%s", k->cluster->folder, s->name), *place = target_place(k->arena, k->plan, s->thing->span);
	struct doc *d = doc_map(k->arena), *chart, *values = hub_values(s), *outer = doc_map(k->arena);

	kube_text(k, d, "apiVersion", "kustomize.config.k8s.io/v1beta1")->comment = place;
	kube_text(k, d, "kind", "Kustomization");
	kube_text(k, d, "namespace", k->cluster->namespace);
	chart = kube_named(k, kube_set(k, d, "helmCharts", doc_list(k->arena)), dask ? "daskhub" : "jupyterhub");
	kube_text(k, chart, "repo", dask ? "https://helm.dask.org/" : "https://hub.jupyter.org/helm-chart/");
	kube_text(k, chart, "version", dask ? "2024.1.1" : "4.0.0");
	kube_text(k, chart, "releaseName", s->name);
	kube_text(k, chart, "namespace", k->cluster->namespace);
	kube_text(k, chart, "valuesFile", "values.yaml");
	if (dask) {
		kube_set(k, outer, "jupyterhub", values);
		values = outer;
	}
	target_put_doc(k->ret, arena_printf(k->arena, "%s/kustomization.yaml", folder), s->thing->span, d);
	target_put_doc(k->ret, arena_printf(k->arena, "%s/values.yaml", folder), s->thing->span, values);
	k->cluster->used = true;
	target_row(k->ret, s->thing->name, s->thing->span, TARGET_EMULATED, "it is a chart of Helm: `kubectl kustomize --enable-helm %s | kubectl apply -f -`, in a namespace that may be less restricted", folder);
}

/* -- all --------------------------------------------------------------------------------------------------------------------- */

void kube_put_service(struct kube *k, const struct plan_thing *t)
{
	const struct doc *said = doc_get(t->annotations, "kubernetes");
	const char *image = doc_text(doc_get(said, "image"), NULL), *kind = doc_text(doc_get(said, "kind"), "Deployment");
	const struct program *p = program_of(t->kind);
	struct service s = { .k = k, .thing = t, .name = names_get(&k->things, t->name), .port = doc_integer(doc_get(t->attributes, "port"), 80),
		.replicas = doc_integer(doc_get(t->attributes, "replicas"), 1), .objects = doc_list(k->arena) };
	uint32_t rows = k->ret->rows.len;

	if (doc_get(t->attributes, "url")) /* there already */
		return;
	if (strcmp(t->kind, "jupyterhub.server") == 0) {
		put_hub(&s);
		return;
	}
	if (!image || !p) {
		target_row(k->ret, t->name, t->span, TARGET_REFUSED, "%s", doc_text(doc_get(said, "refused"),
			arena_printf(k->arena, "nothing is known of `%s` in a container: its kind names no image, or not how it is started", t->kind)));
		return;
	}
	put_controller(&s, p, kind, image);
	put_address(&s, strcmp(kind, "StatefulSet") == 0);
	kube_put(k, arena_printf(k->arena, "%s.yaml", s.name), t->span, s.objects);
	if (rows == k->ret->rows.len)
		target_row(k->ret, t->name, t->span, TARGET_SUPPORTED, NULL);
}
