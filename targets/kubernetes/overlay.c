/* An overlay a scenario: what of the objects and of the files of workflows is otherwise there. */
#include "targets/kubernetes/inside.h"
#include "compiler/base/map.h"
#include <string.h>

struct overlay {
	struct kube *k;
	const struct plan_scenario *scenario;
	struct map before, after;  /* path -> struct target_file */
	const char *folder;        /* overlays/SCENARIO/CLUSTER */
	struct doc *patches, *maps;
};

static bool is_equal_file(const struct target_file *a, const struct target_file *b)
{
	if (a->doc && b->doc)
		return doc_equal(a->doc, b->doc);
	return !a->doc && !b->doc && a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* -- objects ---------------------------------------------------------------------------------------------------------------- */

static const char *name_of(const struct doc *object)
{
	return doc_text(doc_get(doc_get(object, "metadata"), "name"), "");
}

static void add_operation(struct overlay *o, struct doc *list, const char *op, const char *path, const struct doc *value)
{
	struct kube *k = o->k;
	struct doc *d = doc_from(doc_map(k->arena), o->scenario->span);

	kube_text(k, d, "op", op);
	kube_text(k, d, "path", path);
	if (value)
		doc_set(k->arena, d, "value", doc_copy(k->arena, value));
	doc_push(list, d);
}

/* PATH/KEY as a JSON pointer. */
static const char *pointer(struct kube *k, const char *path, const char *key)
{
	struct buf b = { 0 };
	const char *ret;

	for (const char *c = key; *c; c++)
		if (*c == '~' || *c == '/')
			buf_puts(&b, *c == '~' ? "~0" : "~1");
		else
			buf_putc(&b, *c);
	ret = arena_printf(k->arena, "%s/%s", path, buf_text(&b));
	buf_finish(&b);
	return ret;
}

/* Of two that differ. */
static void add_differences(struct overlay *o, struct doc *list, const char *path, const struct doc *from, const struct doc *to)
{
	struct kube *k = o->k;

	if (from->kind == DOC_MAP && to->kind == DOC_MAP) {
		for (doc_each(part, to))
			if (doc_equal(doc_get(from, part->key), part))
				continue;
			else if (doc_get(from, part->key))
				add_differences(o, list, pointer(k, path, part->key), doc_get(from, part->key), part);
			else
				add_operation(o, list, "add", pointer(k, path, part->key), part);
		for (doc_each(part, from))
			if (!doc_get(to, part->key))
				add_operation(o, list, "remove", pointer(k, path, part->key), NULL);
	} else if (from->kind == DOC_LIST && to->kind == DOC_LIST && doc_len(from) == doc_len(to)) {
		const struct doc *old = from->children.first;
		int at = 0;
		for (doc_each(part, to)) {
			if (!doc_equal(old, part))
				add_differences(o, list, arena_printf(k->arena, "%s/%d", path, at), old, part);
			old = old->next;
			at++;
		}
	} else {
		add_operation(o, list, "replace", path, to);
	}
}

/* A patch from one object to the other; both have the same kind and name. */
static void add_patch(struct overlay *o, const struct doc *from, const struct doc *to)
{
	struct kube *k = o->k;
	struct doc *list = doc_list(k->arena), *patch = doc_map(k->arena), *target;
	const char *kind = doc_text(doc_get(to, "kind"), ""), *api = doc_text(doc_get(to, "apiVersion"), ""), *slash = strchr(api, '/');
	const char *file = arena_printf(k->arena, "%s-%s.json", kind, name_of(to));

	if (!doc_equal(from, to))
		add_differences(o, list, "", from, to);
	if (!doc_len(list))
		return;
	target_put_doc(k->ret, arena_printf(k->arena, "%s/%s", o->folder, file), o->scenario->span, list);
	kube_text(k, patch, "path", file);
	target = kube_set(k, patch, "target", doc_map(k->arena));
	if (slash)
		kube_text(k, target, "group", arena_strndup(k->arena, api, (size_t)(slash - api)));
	kube_text(k, target, "version", slash ? slash + 1 : api);
	kube_text(k, target, "kind", kind);
	kube_text(k, target, "name", name_of(to));
	doc_push(o->patches, patch);
}

static const struct doc *counterpart(const struct doc *list, const struct doc *object)
{
	for (doc_each(one, list))
		if (doc_equal(doc_get(one, "kind"), doc_get(object, "kind")) && doc_equal(doc_get(one, "metadata"), doc_get(object, "metadata")) &&
			doc_equal(doc_get(one, "apiVersion"), doc_get(object, "apiVersion")))
			return one;
	return NULL;
}

/* Whether both files hold the same objects, in whatever state. */
static bool is_same_objects(const struct doc *a, const struct doc *b)
{
	bool ret = doc_len(a) == doc_len(b);

	for (doc_each(object, a))
		ret &= counterpart(b, object) != NULL;
	return ret;
}

/* -- files ------------------------------------------------------------------------------------------------------------------ */

static void take_file(struct overlay *o, struct target_file *f, const char *name)
{
	struct target_file *taken = vec_push(&o->k->ret->files);

	*taken = *f;
	taken->path = arena_printf(o->k->arena, "%s/%s", o->folder, name);
	taken->from = o->scenario->span;
	f->lines = NULL;
}

/* The files of a workflow that are otherwise: into its ConfigMap; and its run. */
static void add_workflow(struct overlay *o, const char *name, struct target_result *made)
{
	struct kube *k = o->k;
	const char *below = arena_printf(k->arena, "%s/flow/", name);
	struct doc *files = doc_list(k->arena), *map;
	struct target_file *run;

	for (uint32_t i = 0; i < made->files.len; i++) {
		struct target_file *f = &made->files.at[i];
		char *key;
		if (strncmp(f->path, below, strlen(below)) != 0 || is_equal_file(map_get(&o->before, f->path), f))
			continue;
		key = kube_key(k, f->path + strlen(below));
		take_file(o, f, f->path);
		doc_push(files, doc_printf(k->arena, "%s=%s", key, f->path));
	}
	if (doc_len(files)) {
		map = kube_named(k, o->maps, name);
		kube_text(k, map, "behavior", "merge");
		kube_set(k, map, "files", files);
	}
	run = map_get(&o->after, arena_printf(k->arena, "%s/run.yaml", name));
	if (run && !is_equal_file(map_get(&o->before, run->path), run))
		take_file(o, run, run->path);
}

/* -- an overlay --------------------------------------------------------------------------------------------------------------- */

static void put_cluster(struct overlay *o, const struct kube_cluster *c, struct target_result *made)
{
	struct kube *k = o->k;
	struct doc *d = doc_map(k->arena);
	bool old = c->minor < 21; /* kustomize of kubectl up to 1.20 has other words */

	o->folder = arena_printf(k->arena, "overlays/%s/%s", o->scenario->name, c->folder);
	o->patches = doc_list(k->arena);
	o->maps = doc_list(k->arena);
	for (doc_each(resource, c->resources)) {
		const char *name = doc_text(resource, ""), *path = arena_printf(k->arena, "%s/%s", c->folder, name);
		const struct target_file *before = map_get(&o->before, path), *after = map_get(&o->after, path);
		if (strncmp(name, "../", 3) == 0)
			add_workflow(o, name + 3, made);
		else if (before && after)
			for (doc_each(object, after->doc))
				add_patch(o, counterpart(before->doc, object), object);
	}
	kube_text(k, d, "apiVersion", "kustomize.config.k8s.io/v1beta1")->comment = target_place(k->arena, k->plan, o->scenario->span);
	kube_text(k, d, "kind", "Kustomization");
	kube_text(k, d, "namespace", c->namespace);
	doc_push(kube_set(k, d, old ? "bases" : "resources", doc_list(k->arena)), doc_printf(k->arena, "../../../%s", c->folder));
	if (doc_len(o->maps)) {
		kube_set(k, d, "configMapGenerator", o->maps);
		kube_set(k, d, "generatorOptions", kube_json(k, "{\"disableNameSuffixHash\": true}"));
	}
	if (doc_len(o->patches))
		kube_set(k, d, old ? "patchesJson6902" : "patches", o->patches);
	target_put_doc(k->ret, arena_printf(k->arena, "%s/kustomization.yaml", o->folder), o->scenario->span, d);
}

/* Overlays change objects; they make none, and take none away. */
static bool can_say(const struct overlay *o, const struct target_file *files, uint32_t n, const struct target_result *made)
{
	bool ret = n == made->files.len;

	for (uint32_t i = 0; ret && i < n; i++) {
		const struct target_file *after = map_get(&o->after, files[i].path);
		ret = after && (!files[i].several || is_same_objects(files[i].doc, after->doc));
	}
	return ret;
}

void kube_put_overlay(struct kube *k, const struct plan_scenario *s, const struct target_file *files, uint32_t n, struct target_result *made)
{
	struct overlay o = { .k = k, .scenario = s };

	map_init(&o.before);
	map_init(&o.after);
	for (uint32_t i = 0; i < n; i++)
		map_set(&o.before, files[i].path, (void *)&files[i]);
	for (uint32_t i = 0; i < made->files.len; i++)
		map_set(&o.after, made->files.at[i].path, &made->files.at[i]);
	if (can_say(&o, files, n, made)) {
		for (uint32_t i = 0; i < k->n_clusters; i++)
			if (k->clusters[i].used)
				put_cluster(&o, &k->clusters[i], made);
		target_row(k->ret, s->name, s->span, TARGET_SUPPORTED, NULL);
	} else {
		target_row(k->ret, s->name, s->span, TARGET_REFUSED, "it changes which objects there are, which overlays cannot: build it by itself, with --scenario %s", s->name);
	}
	map_finish(&o.before);
	map_finish(&o.after);
}
