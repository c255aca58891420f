/* Services on a Kubernetes cluster that is there: the objects that the target kubernetes wrote, by server-side apply. Every object bears the
 * stack's name as a label, so what is not wanted any more is found and deleted, and nothing else is touched. Facts: the reference of
 * the API, "Server-Side Apply" (a field manager, force, dryRun). */
#include "runtime/executor/kube.h"
#include "runtime/infra/provider.h"
#include "compiler/base/file.h"
#include <stdio.h>
#include <string.h>

#define READY_MAX_MS (15 * 60 * 1000)
#define LABEL_MAX 63
#define OWNER "app.kubernetes.io/instance"

static const char *const kinds[] = { "kubernetes.cluster", NULL };
static const struct infra_rule rules[] = {
	{ "kubernetes.cluster", "manager", INFRA_IGNORED, false }, { "kubernetes.cluster", "context", INFRA_IGNORED, false }, { "kubernetes.cluster", "max_time", INFRA_IGNORED, false },
	{ NULL, "memory", INFRA_CHANGES, true }, { NULL, "storage", INFRA_CHANGES, true }, { NULL, NULL, INFRA_CHANGES, false },
};
/* What is made, in no order; also what is looked through for objects that are to go. */
static const struct kind { const char *name, *group, *plural; bool everywhere; } resources[] = {
	{ "Namespace", "api/v1", "namespaces", true }, { "ResourceQuota", "api/v1", "resourcequotas", false }, { "LimitRange", "api/v1", "limitranges", false },
	{ "ServiceAccount", "api/v1", "serviceaccounts", false }, { "Secret", "api/v1", "secrets", false }, { "ConfigMap", "api/v1", "configmaps", false },
	{ "PersistentVolumeClaim", "api/v1", "persistentvolumeclaims", false }, { "Service", "api/v1", "services", false },
	{ "Deployment", "apis/apps/v1", "deployments", false }, { "StatefulSet", "apis/apps/v1", "statefulsets", false },
	{ "NetworkPolicy", "apis/networking.k8s.io/v1", "networkpolicies", false }, { "Ingress", "apis/networking.k8s.io/v1", "ingresses", false },
	{ "PodDisruptionBudget", "apis/policy/v1", "poddisruptionbudgets", false }, { "PodDisruptionBudget", "apis/policy/v1beta1", "poddisruptionbudgets", false },
	{ "PrometheusRule", "apis/monitoring.coreos.com/v1", "prometheusrules", false },
};
#define N_RESOURCES (sizeof resources / sizeof *resources)

struct object { struct doc *doc; const struct kind *kind; const char *name; const struct infra_thing *thing; };
struct cluster {
	struct kube *kube;
	const char *namespace, *owner;
	VEC(struct object) objects;
	const char *said; /* what was told last of what it waits for */
	bool removes;
	int64_t deadline_ms;
};

/* -- objects ---------------------------------------------------------------------------------------------------------------- */

static const struct kind *kind_of(const struct doc *d)
{
	const char *version = doc_text(doc_get(d, "apiVersion"), ""), *name = doc_text(doc_get(d, "kind"), "");
	for (size_t i = 0; i < N_RESOURCES; i++) {
		const char *group = strchr(resources[i].group, '/') + 1;
		if (strcmp(resources[i].name, name) == 0 && strcmp(group, version) == 0)
			return &resources[i];
	}
	return NULL;
}

static const struct infra_thing *thing_of(const struct stack *s, const struct doc *d, struct span from)
{
	struct span span = d->from.file ? d->from : from;
	for (uint32_t i = 0; i < s->n_things; i++)
		if (s->things[i].span.file == span.file && s->things[i].span.start == span.start)
			return &s->things[i];
	return s->n_things ? &s->things[0] : NULL;
}

static struct doc *member(struct arena *a, struct doc *map, const char *key)
{
	struct doc *d = doc_get(map, key);
	if (!d)
		doc_append(a, map, key, d = doc_map(a));
	return d;
}

/* Server-side apply knows ports by number and protocol, and a server of 1.20 has no default for the latter. */
static void set_protocols(struct arena *a, struct doc *d)
{
	for (doc_each(x, d)) {
		for (doc_each(port, x->key && strcmp(x->key, "ports") == 0 && x->kind == DOC_LIST ? x : NULL))
			if ((doc_get(port, "port") || doc_get(port, "containerPort")) && !doc_get(port, "protocol"))
				doc_append(a, port, "protocol", doc_string(a, "TCP"));
		set_protocols(a, x);
	}
}

/* Named, in its namespace, with its owner. */
static bool add_object(struct stack *s, const struct doc *d, struct span from)
{
	struct cluster *c = s->state_of;
	struct arena *a = s->arena;
	const struct kind *kind = kind_of(d);
	if (!kind) {
		stack_fail(s, DIAG_E0634, d->from.file ? d->from : s->span, "a `%s` (%s) cannot be applied yet", doc_text(doc_get(d, "kind"), ""), doc_text(doc_get(d, "apiVersion"), ""));
		return false;
	}
	struct doc *copy = doc_copy(a, d), *metadata = member(a, copy, "metadata");
	struct object *o = vec_push(&c->objects);
	*o = (struct object){ copy, kind, doc_text(doc_get(metadata, "name"), ""), thing_of(s, d, from) };
	set_protocols(a, copy);
	if (!kind->everywhere && !doc_get(metadata, "namespace"))
		doc_append(a, metadata, "namespace", doc_string(a, c->namespace));
	if (!doc_get(member(a, metadata, "labels"), OWNER))
		doc_append(a, member(a, metadata, "labels"), OWNER, doc_string(a, c->owner));
	return true;
}

/* The Secret that the pods read, with the content of what is bound. */
static bool add_keys(struct stack *s, const struct doc *d, struct doc *secrets)
{
	const struct doc *ref = doc_get(d, "secretKeyRef");
	const char *key = doc_text(doc_get(ref, "key"), NULL), *content = stack_secret(s, key);
	if (key && !content) {
		diag_help(stack_fail(s, DIAG_E0619, s->span, "the secret `%s` is not bound, which a service reads", key), "add `--secret %s=env:NAME`", key);
		return false;
	}
	if (key) {
		struct doc *all = member(s->arena, secrets, doc_text(doc_get(ref, "name"), ""));
		if (!doc_get(all, key))
			doc_append(s->arena, all, key, doc_string(s->arena, content));
	}
	for (doc_each(x, d))
		if (!add_keys(s, x, secrets))
			return false;
	return true;
}

static bool add_secrets(struct stack *s)
{
	struct cluster *c = s->state_of;
	struct arena *a = s->arena;
	struct doc *secrets = doc_map(a);
	for (uint32_t i = 0; i < c->objects.len; i++)
		if (!add_keys(s, c->objects.at[i].doc, secrets))
			return false;
	for (doc_each(x, secrets)) {
		struct doc *d = doc_map(a);
		doc_append(a, d, "apiVersion", doc_string(a, "v1"));
		doc_append(a, d, "kind", doc_string(a, "Secret"));
		doc_append(a, member(a, d, "metadata"), "name", doc_string(a, x->key));
		doc_append(a, d, "stringData", doc_copy(a, x));
		if (!add_object(s, d, s->span))
			return false;
	}
	return true;
}

static bool add_objects(struct stack *s)
{
	struct cluster *c = s->state_of;
	vec_clear(&c->objects);
	for (uint32_t i = 0; i < s->n_files; i++) {
		const struct infra_file *f = &s->files[i];
		const char *base = file_basename(s->arena, f->path);
		if (!f->doc || strchr(f->path, '/') != strrchr(f->path, '/') || strcmp(base, "kustomization.yaml") == 0)
			continue;
		if (f->doc->kind == DOC_MAP && !add_object(s, f->doc, f->from))
			return false;
		for (doc_each(d, f->doc->kind == DOC_LIST ? f->doc : NULL))
			if (!add_object(s, d, f->from))
				return false;
	}
	return true;
}

/* -- asking ------------------------------------------------------------------------------------------------------------------- */

static struct cluster *cluster_of(struct stack *s)
{
	struct cluster *c = s->state_of;
	char error[256];
	if (c)
		return c;
	c = arena_new(s->arena, struct cluster);
	for (uint32_t i = 0; i < s->n_files; i++)
		if (strcmp(file_basename(s->arena, s->files[i].path), "kustomization.yaml") == 0)
			c->namespace = doc_text(doc_get(s->files[i].doc, "namespace"), c->namespace);
	c->namespace = c->namespace ? c->namespace : s->id;
	c->kube = kube_open(doc_text(doc_get(s->options, "context"), NULL), c->namespace, error, sizeof error);
	if (!c->kube) {
		diag_here(stack_fail(s, DIAG_E0631, s->span, "the cluster cannot be asked: %s", error), "for its services");
		return NULL;
	}
	c->namespace = c->namespace ? c->namespace : arena_strdup(s->arena, kube_namespace(c->kube));
	s->state_of = c;
	return c;
}

static void own(struct stack *s)
{
	struct cluster *c = s->state_of;
	size_t n = strlen(s->external);
	c->owner = n > LABEL_MAX ? s->external + n - LABEL_MAX : s->external;
	while (strchr("-_.", *c->owner))
		c->owner++;
}

static const char *path_of(struct stack *s, const struct kind *k, const char *name, const char *query)
{
	struct cluster *c = s->state_of;
	const char *place = k->everywhere ? "" : arena_printf(s->arena, "namespaces/%s/", c->namespace);
	return arena_printf(s->arena, "/%s/%s%s%s%s%s", k->group, place, k->plural, name ? "/" : "", name ? name : "", query ? query : "");
}

static enum infra_answer refused(struct stack *s, const struct object *o, const struct net_answer *r, const struct doc *said)
{
	const char *text = stack_masked(s, kube_error(s->arena, r, said), 2000), *what = o ? arena_printf(s->arena, "%s %s", o->kind->name, o->name) : "its objects";
	bool heard = r->outcome == NET_ANSWERED && r->status < 500 && r->status != 429;
	struct span span = o && o->thing ? o->thing->span : s->span;
	if (r->outcome == NET_STOPPED)
		return INFRA_STOPPED;
	struct diag *d = stack_fail(s, heard ? DIAG_E0632 : DIAG_E0631, span, heard ? "the cluster refuses %s" : "the cluster does not answer about %s", what);
	diag_here(d, "made for this");
	diag_note(d, "it says: %s", text);
	diag_help(d, "nothing is lost: apply again when that is put right");
	return INFRA_FAILED;
}

static struct net_answer patch(struct stack *s, const struct object *o, bool dry, struct doc **ret)
{
	struct cluster *c = s->state_of;
	return kube_ask(c->kube, s->arena, "PATCH", path_of(s, o->kind, o->name, dry ? "?fieldManager=twinc&force=true&dryRun=All" : "?fieldManager=twinc&force=true"), o->doc, false, ret);
}

/* -- looking ------------------------------------------------------------------------------------------------------------------ */

/* Without what the server keeps for itself. */
static struct doc *plain(struct arena *a, const struct doc *d)
{
	static const char *const own_metadata[] = { "managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink", "annotations" };
	struct doc *copy = doc_map(a);
	for (doc_each(x, d)) {
		if (strcmp(x->key, "status") == 0 || strcmp(x->key, "data") == 0)
			continue;
		struct doc *y = strcmp(x->key, "metadata") == 0 ? doc_map(a) : doc_copy(a, x);
		for (doc_each(m, strcmp(x->key, "metadata") == 0 ? x : NULL)) {
			bool theirs = false;
			for (size_t i = 0; i < sizeof own_metadata / sizeof *own_metadata; i++)
				theirs = theirs || strcmp(own_metadata[i], m->key) == 0;
			if (!theirs)
				doc_append(a, y, m->key, doc_copy(a, m));
		}
		doc_append(a, copy, x->key, y);
	}
	return copy;
}

static void note_task(struct stack *s, struct doc *live, const struct object *o, const char *text)
{
	struct arena *a = s->arena;
	struct doc *d = member(a, live, o->thing->name), *tasks = doc_get(d, "tasks"), *one = doc_map(a);
	if (!tasks)
		doc_append(a, d, "tasks", tasks = doc_list(a));
	doc_append(a, one, "task", doc_printf(a, "%s %s", o->kind->name, o->name));
	doc_append(a, one, "text", doc_string(a, text));
	doc_push(tasks, one);
}

static enum infra_answer look_at(struct stack *s, const struct object *o, struct doc *live, bool deep)
{
	struct cluster *c = s->state_of;
	struct doc *there, *then;
	struct net_answer r = kube_ask(c->kube, s->arena, "GET", path_of(s, o->kind, o->name, NULL), NULL, false, &there);
	if (net_is_gone(&r)) {
		note_task(s, live, o, "made: it is not there");
		return INFRA_OK;
	}
	if (!net_is_good(&r) || !there)
		return refused(s, o, &r, there);
	if (!deep || strcmp(o->kind->name, "Secret") == 0)
		return INFRA_OK;
	r = patch(s, o, true, &then);
	if (!net_is_good(&r) || !then)
		return refused(s, o, &r, then);
	struct buf b = { 0 };
	doc_diff(plain(s->arena, there), plain(s->arena, then), &b);
	for (const char *line = buf_text(&b); *line;) {
		size_t n = strcspn(line, "\n");
		note_task(s, live, o, stack_masked(s, arena_strndup(s->arena, line, n > 200 ? 200 : n), 200));
		line += n + (line[n] != 0);
	}
	buf_finish(&b);
	return INFRA_OK;
}

static enum infra_answer look(struct stack *s, enum infra_depth depth)
{
	struct cluster *c = cluster_of(s);
	struct doc *live = doc_map(s->arena);
	enum infra_answer answer = INFRA_OK;
	if (!c)
		return INFRA_FAILED;
	own(s);
	if (!add_objects(s))
		return INFRA_FAILED;
	for (uint32_t i = 0; answer == INFRA_OK && !s->restores && i < c->objects.len; i++)
		answer = look_at(s, &c->objects.at[i], live, depth != INFRA_QUICK);
	s->live = live;
	return answer;
}

/* -- doing --------------------------------------------------------------------------------------------------------------------- */

static bool is_wanted(const struct cluster *c, const struct kind *k, const char *name)
{
	for (uint32_t i = 0; i < c->objects.len && !c->removes; i++)
		if (strcmp(c->objects.at[i].kind->plural, k->plural) == 0 && strcmp(c->objects.at[i].name, name) == 0)
			return true;
	return false;
}

/* Deletes what bears our name and is not wanted; *ret_left: how many there were. Namespaces stay: others may use them. */
static enum infra_answer prune(struct stack *s, uint32_t *ret_left)
{
	struct cluster *c = s->state_of;
	struct doc *list, *said;
	*ret_left = 0;
	for (size_t i = 0; i < N_RESOURCES; i++) {
		const struct kind *k = &resources[i];
		if (k->everywhere)
			continue;
		struct net_answer r = kube_ask(c->kube, s->arena, "GET", path_of(s, k, NULL, arena_printf(s->arena, "?labelSelector=%s%%3D%s", "app.kubernetes.io%2Finstance", c->owner)), NULL, false, &list);
		if (net_is_gone(&r))
			continue; /* the cluster does not know this kind */
		if (!net_is_good(&r) || !list)
			return refused(s, NULL, &r, list);
		for (doc_each(x, doc_get(list, "items"))) {
			const char *name = doc_text(doc_get(doc_get(x, "metadata"), "name"), "");
			if (!*name || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") != strlen(name) || is_wanted(c, k, name))
				continue;
			++*ret_left;
			r = kube_ask(c->kube, s->arena, "DELETE", path_of(s, k, name, "?propagationPolicy=Background"), NULL, false, &said);
			if (!net_is_good(&r) && !net_is_gone(&r))
				return refused(s, NULL, &r, said);
			if (!doc_get(doc_get(x, "metadata"), "deletionTimestamp"))
				stack_tell(s, NULL, "%s %s: deleted", k->name, name);
		}
	}
	return INFRA_OK;
}

static enum infra_answer begin(struct stack *s)
{
	struct cluster *c = cluster_of(s);
	struct doc *said;
	uint32_t left;
	if (!c)
		return INFRA_FAILED;
	s->id = c->namespace;
	if (!stack_save(s, s->known && s->state != STACK_CREATING ? STACK_CHANGING : STACK_CREATING))
		return INFRA_FAILED;
	own(s);
	if (!add_objects(s) || !add_secrets(s))
		return INFRA_FAILED;
	for (int namespaces = 1; namespaces >= 0; namespaces--)
		for (uint32_t i = 0; i < c->objects.len; i++) {
			const struct object *o = &c->objects.at[i];
			if (o->kind->everywhere != (namespaces == 1))
				continue;
			struct net_answer r = patch(s, o, false, &said);
			if (!net_is_good(&r))
				return refused(s, o, &r, said);
		}
	stack_tell(s, NULL, "%u objects applied in the namespace %s", c->objects.len, c->namespace);
	c->deadline_ms = stack_now_ms() + READY_MAX_MS;
	enum infra_answer answer = prune(s, &left);
	return answer == INFRA_OK ? INFRA_WORKING : answer;
}

static enum infra_answer begin_removal(struct stack *s)
{
	struct cluster *c = cluster_of(s);
	if (!c || !stack_save(s, STACK_DELETING))
		return INFRA_FAILED;
	own(s);
	c->removes = true;
	c->deadline_ms = stack_now_ms() + READY_MAX_MS;
	stack_tell(s, NULL, "the namespace %s stays: others may use it", c->namespace);
	return INFRA_WORKING;
}

/* Whether all replicas are ready; *ret_why: what hinders them for good. */
static bool is_ready(const struct doc *d, const char **ret_why)
{
	const struct doc *status = doc_get(d, "status");
	int64_t wanted = doc_integer(doc_get(doc_get(d, "spec"), "replicas"), 1);
	for (doc_each(x, doc_get(status, "conditions")))
		if (strcmp(doc_text(doc_get(x, "reason"), ""), "ProgressDeadlineExceeded") == 0)
			*ret_why = doc_text(doc_get(x, "message"), "");
	return doc_integer(doc_get(status, "observedGeneration"), 0) >= doc_integer(doc_get(doc_get(d, "metadata"), "generation"), 0) &&
	       doc_integer(doc_get(status, "readyReplicas"), 0) >= wanted;
}

/* What a pod of it waits for, in the cluster's words; or NULL. */
static const char *hindrance(struct stack *s, const struct object *o)
{
	struct cluster *c = s->state_of;
	struct doc *list;
	struct net_answer r = kube_ask(c->kube, s->arena, "GET", arena_printf(s->arena, "/api/v1/namespaces/%s/pods?labelSelector=app.kubernetes.io%%2Fname%%3D%s", c->namespace, o->name), NULL, false, &list);
	for (doc_each(pod, net_is_good(&r) ? doc_get(list, "items") : NULL)) {
		const struct doc *status = doc_get(pod, "status");
		for (doc_each(x, doc_get(status, "containerStatuses"))) {
			const struct doc *waiting = doc_get(doc_get(x, "state"), "waiting");
			if (waiting)
				return stack_masked(s, arena_printf(s->arena, "%s: %s", doc_text(doc_get(waiting, "reason"), "waiting"), doc_text(doc_get(waiting, "message"), "")), 500);
		}
		for (doc_each(x, doc_get(status, "conditions")))
			if (strcmp(doc_text(doc_get(x, "status"), ""), "False") == 0 && doc_get(x, "message"))
				return stack_masked(s, doc_text(doc_get(x, "message"), ""), 500);
	}
	return NULL;
}

static void note_outputs(struct stack *s)
{
	struct cluster *c = s->state_of;
	struct arena *a = s->arena;
	struct doc *outputs = doc_map(a);
	for (uint32_t i = 0; i < c->objects.len; i++) {
		const struct object *o = &c->objects.at[i];
		const struct doc *ports = doc_get(doc_get(o->doc, "spec"), "ports"), *port = doc_get(ports && ports->kind == DOC_LIST ? ports->children.first : NULL, "port");
		const char *key = arena_printf(a, "%s_endpoint", o->name);
		if (strcmp(o->kind->name, "Service") == 0 && port && !doc_get(outputs, key))
			doc_append(a, outputs, key, doc_printf(a, "%s%s.%s.svc:%lld", o->thing ? stack_scheme(s, o->thing->name) : "", o->name, c->namespace, (long long)doc_integer(port, 0)));
	}
	s->outputs = outputs;
	s->live = NULL;
}

static enum infra_answer poll(struct stack *s)
{
	struct cluster *c = s->state_of;
	struct doc *d;
	uint32_t left = 0;
	if (c->removes) {
		enum infra_answer answer = prune(s, &left);
		return answer != INFRA_OK ? answer : left && stack_now_ms() < c->deadline_ms ? INFRA_WORKING : INFRA_OK;
	}
	for (uint32_t i = 0; i < c->objects.len; i++) {
		const struct object *o = &c->objects.at[i];
		const char *why = NULL;
		if (strcmp(o->kind->name, "Deployment") != 0 && strcmp(o->kind->name, "StatefulSet") != 0)
			continue;
		struct net_answer r = kube_ask(c->kube, s->arena, "GET", path_of(s, o->kind, o->name, NULL), NULL, false, &d);
		if (!net_is_good(&r) || !d)
			return refused(s, o, &r, d);
		if (is_ready(d, &why))
			continue;
		const char *waits = hindrance(s, o);
		if (waits && (!c->said || strcmp(c->said, waits) != 0))
			stack_tell(s, o->thing->name, "waits: %s", waits);
		c->said = waits;
		if (!why && stack_now_ms() < c->deadline_ms)
			return INFRA_WORKING;
		why = waits ? waits : why;
		diag_here(stack_fail(s, DIAG_E0633, o->thing->span, "`%s` does not become ready%s%s", o->thing->name, why ? ": " : "", why ? stack_masked(s, why, 500) : ""), "its %s is %s in the namespace %s", o->kind->name, o->name, c->namespace);
		stack_save(s, STACK_FAILED);
		return INFRA_FAILED;
	}
	note_outputs(s);
	return INFRA_OK;
}

static void finish(struct stack *s)
{
	struct cluster *c = s->state_of;
	if (!c)
		return;
	kube_close(c->kube);
	vec_finish(&c->objects);
}

const struct provider provider_kubernetes = {
	.name = "kubernetes", .doc = "services on a cluster that is there, by server-side apply", .target = "kubernetes", .by_thing = true, .kinds = kinds, .rules = rules,
	.look = look, .begin = begin, .remove = begin_removal, .poll = poll, .finish = finish,
};
