/* The template that is sent to Infrastructure Manager: what the target tosca wrote, named, counted, with its secrets.
 * It merges what is sent with what it has and forgets nothing, so what goes is said: no machines, no operations. */
#include "runtime/infra/im.h"
#include <stdio.h>
#include <string.h>

const struct doc *im_template(const struct stack *s)
{
	const struct infra_file *f = stack_file(s, "template.yaml");
	return f ? f->doc : NULL;
}

static const struct doc *nodes_of(const struct doc *template)
{
	return doc_get(doc_get(template, "topology_template"), "node_templates");
}

static bool is_machine(const struct doc *node)
{
	return strcmp(doc_text(doc_get(node, "type"), ""), "twin.nodes.Machine") == 0;
}

static bool comes_from(const struct doc *node, const struct infra_thing *t)
{
	return node->from.file == t->span.file && node->from.start == t->span.start;
}

uint32_t im_machines(const struct stack *s, const struct infra_thing *t, const char **ret, uint32_t max)
{
	uint32_t n = 0;
	for (doc_each(node, nodes_of(im_template(s))))
		if (n < max && is_machine(node) && comes_from(node, t))
			ret[n++] = node->key;
	return n;
}

/* -- shapes -------------------------------------------------------------------------------------------------------------- */

/* Everything that the target wrote of a thing, but how many machines there are; their processors and memory are inputs of the template. */
void im_prepare(struct stack *s)
{
	struct map by_start = { 0 };
	struct { char key[24]; struct buf text; } *all = arena_alloc(s->arena, sizeof *all * (s->n_things + 1));
	for (uint32_t i = 0; i < s->n_things; i++) {
		snprintf(all[i].key, sizeof all[i].key, "%u:%u", s->things[i].span.file, s->things[i].span.start);
		map_set(&by_start, all[i].key, &all[i].text);
	}
	for (doc_each(node, nodes_of(im_template(s)))) {
		char key[24];
		snprintf(key, sizeof key, "%u:%u", node->from.file, node->from.start);
		struct buf *b = map_get(&by_start, key);
		if (!b)
			continue;
		buf_printf(b, "%s\n", node->key);
		for (doc_each(x, node))
			if (strcmp(x->key, "capabilities") != 0)
				doc_json_write(x, 0, b);
	}
	for (uint32_t i = 0; i < s->n_things; i++) {
		struct digest_hex digest;
		digest_bytes(buf_text(&all[i].text), all[i].text.len, &digest);
		if (strcmp(s->things[i].role, "infra") == 0)
			s->things[i].shape = arena_strdup(s->arena, digest.text);
		buf_finish(&all[i].text);
	}
	map_finish(&by_start);
}

/* -- what is sent ---------------------------------------------------------------------------------------------------------- */

/* Sets a member, also one that is there. */
static void put(struct arena *a, struct doc *map, const char *key, struct doc *value)
{
	struct doc *there = doc_get(map, key);
	if (!there) {
		doc_append(a, map, key, value);
		return;
	}
	const char *name = there->key;
	struct doc *next = there->next;
	*there = *value;
	there->key = name;
	there->next = next;
}

static struct doc *inside(struct arena *a, struct doc *map, const char *key)
{
	struct doc *there = doc_get(map, key);
	if (!there || there->kind != DOC_MAP)
		put(a, map, key, doc_map(a));
	return doc_get(map, key);
}

static void set_count(struct stack *s, struct doc *node, uint32_t count, uint32_t low, uint32_t high)
{
	struct arena *a = s->arena;
	struct doc *d = inside(a, inside(a, inside(a, node, "capabilities"), "scalable"), "properties");
	put(a, d, "min_instances", doc_int(a, count < low ? count : low));
	put(a, d, "max_instances", doc_int(a, high ? high : 1));
	put(a, d, "default_instances", doc_int(a, count));
}

/* As many as there are where the twin leaves it open. */
static uint32_t count_of(const struct stack *s, const struct infra_thing *t)
{
	const struct doc *live = doc_get(doc_get(s->live, t->name), "nodes");
	int64_t n = doc_integer(live, t->low);
	const struct infra_change *c = stack_change(s, t->name);
	if (!live || (c && c->action == INFRA_REPLACE))
		return t->low;
	return n < t->low ? t->low : n > t->high ? t->high : (uint32_t)n;
}

static void set_counts(struct stack *s, struct doc *nodes, bool emptied)
{
	const char *names[IM_MACHINES_MAX];
	for (uint32_t i = 0; i < s->n_things; i++) {
		const struct infra_thing *t = &s->things[i];
		const struct infra_change *c = stack_change(s, t->name);
		uint32_t n = strcmp(t->role, "infra") == 0 ? im_machines(s, t, names, IM_MACHINES_MAX) : 0;
		bool none = emptied && c && c->action == INFRA_REPLACE;
		for (uint32_t k = 0; k < n; k++) {
			bool several = k + 1 == n;
			uint32_t count = none ? 0 : several ? count_of(s, t) : 1;
			set_count(s, doc_get(nodes, names[k]), count, several ? t->low : 1, several ? t->high : 1);
		}
	}
}

/* What is there and is not wanted any more. */
static void set_gone(struct stack *s, struct doc *nodes, const struct doc *there)
{
	struct arena *a = s->arena;
	for (doc_each(node, nodes_of(there))) {
		if (doc_get(nodes, node->key))
			continue;
		struct doc *d = doc_map(a);
		if (is_machine(node)) {
			put(a, d, "type", doc_copy(a, doc_get(node, "type")));
			set_count(s, d, 0, 0, 1);
			doc_append(a, nodes, node->key, d);
		} else if (doc_get(node, "interfaces")) {
			for (doc_each(x, node))
				doc_append(a, d, x->key, strcmp(x->key, "interfaces") == 0 ? doc_list(a) : doc_copy(a, x));
			doc_append(a, nodes, node->key, d);
		}
	}
}

/* Types that only what is gone has: it is read again on its own. */
static void set_types(struct stack *s, struct doc *template, const struct doc *there)
{
	static const char *const sections[] = { "capability_types", "artifact_types", "node_types", "policy_types" };
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
		for (doc_each(type, doc_get(there, sections[i]))) {
			struct doc *ours = inside(s->arena, template, sections[i]);
			if (!doc_get(ours, type->key))
				doc_append(s->arena, ours, type->key, doc_copy(s->arena, type));
		}
	for (doc_each(input, doc_get(doc_get(there, "topology_template"), "inputs"))) {
		struct doc *ours = inside(s->arena, inside(s->arena, template, "topology_template"), "inputs");
		if (!doc_get(ours, input->key))
			doc_append(s->arena, ours, input->key, doc_copy(s->arena, input));
	}
}

static bool set_secrets(struct stack *s, struct doc *inputs)
{
	for (doc_each(input, inputs)) {
		if (doc_get(input, "default"))
			continue;
		const char *name = strncmp(input->key, "secret_", 7) == 0 ? input->key + 7 : input->key, *content = stack_secret(s, name);
		if (!content) {
			diag_help(stack_fail(s, DIAG_E0619, input->from.file ? input->from : s->span, "the secret `%s` is not bound, which is needed to set this up", name),
				"add `--secret %s=env:NAME`; it must be a `secret` of the twin", name);
			return false;
		}
		doc_append(s->arena, input, "default", doc_string(s->arena, content));
	}
	return true;
}

static void set_playbooks(struct stack *s, struct doc *nodes)
{
	const char *from = doc_text(doc_get(s->options, "playbooks"), NULL);
	size_t n = from ? strlen(from) : 0;
	for (doc_each(node, from ? nodes : NULL))
		for (doc_each(operation, doc_get(doc_get(doc_get(node, "interfaces"), "Standard"), "operations"))) {
			const char *file = doc_text(doc_get(operation, "implementation"), NULL);
			if (file)
				put(s->arena, operation, "implementation", doc_printf(s->arena, "%s%s%s", from, n && from[n - 1] == '/' ? "" : "/", file));
		}
}

const char *im_body(struct stack *s, bool emptied, const struct doc *there, size_t *ret_len)
{
	struct arena *a = s->arena;
	struct doc *d = doc_copy(a, im_template(s)), *topology = doc_get(d, "topology_template"), *nodes = doc_get(topology, "node_templates");
	struct buf b = { 0 };
	put(a, inside(a, d, "metadata"), "infra_name", doc_string(a, s->external));
	if (!set_secrets(s, doc_get(topology, "inputs")))
		return NULL;
	set_counts(s, nodes, emptied);
	set_playbooks(s, nodes);
	set_types(s, d, there);
	set_gone(s, nodes, there);
	doc_json_write(d, 0, &b); /* YAML can say all of JSON */
	*ret_len = b.len;
	const char *text = arena_strndup(a, buf_text(&b), b.len);
	buf_finish(&b);
	return text;
}
