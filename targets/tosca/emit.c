/* The target: one template of TOSCA Simple Profile 1.3 that needs no import, and the playbooks that it names, beside it. */
#include "targets/tosca/inside.h"
#include "compiler/base/bug.h"
#include <math.h>
#include <string.h>

struct doc *tosca_node(struct tosca *s, const char *name, const char *type, struct span from)
{
	struct doc *node = doc_from(doc_map(s->arena), from);

	node->comment = target_place(s->arena, s->plan, from);
	doc_set(s->arena, node, "type", doc_string(s->arena, type));
	if (map_set(&s->node_of, arena_strdup(s->arena, name), node))
		bug("two nodes are called %s", name);
	doc_append(s->arena, s->nodes, name, node);
	return node;
}

const char *tosca_beside(struct tosca *s, const char *name, const char *suffix)
{
	const char *ret = arena_printf(s->arena, "%s%s", name, suffix);

	while (map_get(&s->thing_of, ret))
		ret = arena_printf(s->arena, "%s_", ret);
	return ret;
}

struct doc *tosca_get(struct tosca *s, const char *function, const char *const *words, uint32_t n)
{
	struct doc *d = doc_map(s->arena), *list = doc_list(s->arena);

	for (uint32_t i = 0; i < n; i++)
		doc_push(list, doc_string(s->arena, words[i]));
	doc_set(s->arena, d, function, n == 1 ? doc_string(s->arena, words[0]) : list);
	return d;
}

void tosca_requirement(struct tosca *s, struct doc *node, const char *name, const char *target)
{
	struct doc *list = doc_get(node, "requirements"), *one = doc_map(s->arena);

	if (!list)
		doc_set(s->arena, node, "requirements", list = doc_list(s->arena));
	doc_set(s->arena, one, name, doc_string(s->arena, target));
	doc_push(list, one);
}

struct doc *tosca_size(struct tosca *s, double bytes)
{
	static const struct { const char *name; double bytes; } units[] = { { "TiB", 1099511627776.0 }, { "TB", 1e12 }, { "GiB", 1073741824.0 }, { "GB", 1e9 }, { "MiB", 1048576.0 }, { "MB", 1e6 }, { "KiB", 1024.0 } };

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (bytes >= units[i].bytes && fmod(bytes, units[i].bytes) == 0)
			return doc_printf(s->arena, "%.0f %s", bytes / units[i].bytes, units[i].name);
	return doc_printf(s->arena, "%.0f B", bytes);
}

void tosca_input(struct tosca *s, const char *name, const char *type, struct doc *preset, const char *description, struct span from)
{
	struct doc *d = doc_from(doc_map(s->arena), from);

	if (map_set(&s->input_of, name, d))
		return;
	doc_set(s->arena, d, "type", doc_string(s->arena, type));
	doc_set(s->arena, d, "description", doc_string(s->arena, description));
	if (preset)
		doc_set(s->arena, d, "default", preset);
	else
		doc_set(s->arena, d, "required", doc_bool(s->arena, true));
	doc_append(s->arena, s->inputs, name, d);
}

/* -- types that are always there ------------------------------------------------------------------------------------------------- */

static struct doc *derived(struct tosca *s, struct doc *types, const char *name, const char *parent)
{
	struct doc *d = doc_map(s->arena);

	doc_set(s->arena, d, "derived_from", doc_string(s->arena, parent));
	doc_set(s->arena, types, name, d);
	return d;
}

static void set_property(struct tosca *s, struct doc *type, const char *name, const char *kind, bool required)
{
	struct doc *all = doc_get(type, "properties"), *one = doc_map(s->arena);

	if (!all)
		doc_set(s->arena, type, "properties", all = doc_map(s->arena));
	doc_set(s->arena, one, "type", doc_string(s->arena, kind));
	doc_set(s->arena, one, "required", doc_bool(s->arena, required));
	doc_set(s->arena, all, name, one);
}

static void put_types(struct tosca *s)
{
	static const char *const of[][2] = { { "host", "twin.capabilities.Host" }, { "os", "twin.capabilities.System" } };
	struct arena *a = s->arena;
	struct doc *machine, *capabilities = doc_map(a), *host, *os, *elastic;

	host = derived(s, s->capability_types, "twin.capabilities.Host", "tosca.capabilities.Container");
	set_property(s, host, "num_gpus", "integer", false);
	set_property(s, host, "gpu_model", "string", false);
	os = derived(s, s->capability_types, "twin.capabilities.System", "tosca.capabilities.OperatingSystem");
	set_property(s, os, "image", "string", false);
	machine = derived(s, s->node_types, "twin.nodes.Machine", "tosca.nodes.Compute");
	for (int i = 0; i < 2; i++) {
		struct doc *one = doc_map(a);
		doc_set(a, one, "type", doc_string(a, of[i][1]));
		doc_set(a, capabilities, of[i][0], one);
	}
	doc_set(a, machine, "capabilities", capabilities);
	/* 1.0 calls it so and gives it no name, 1.3 wants one; Infrastructure Manager knows it by the end of the word. */
	set_property(s, derived(s, s->node_types, "twin.nodes.BlockStorage", "tosca.nodes.BlockStorage"), "name", "string", false);
	elastic = derived(s, s->policy_types, "twin.policies.Elastic", "tosca.policies.Scaling");
	set_property(s, elastic, "min_instances", "integer", true);
	set_property(s, elastic, "max_instances", "integer", true);
}

/* -- the template ------------------------------------------------------------------------------------------------------------------ */

static void set_some(struct tosca *s, struct doc *d, const char *key, struct doc *value)
{
	if (doc_len(value))
		doc_set(s->arena, d, key, value);
}

static void put_template(struct tosca *s)
{
	struct arena *a = s->arena;
	struct doc *d = doc_map(a), *metadata = doc_map(a), *topology = doc_map(a);

	doc_set(a, d, "tosca_definitions_version", doc_string(a, "tosca_simple_yaml_1_3"));
	doc_set(a, metadata, "template_name", doc_string(a, s->plan->twin));
	doc_set(a, metadata, "infra_name", doc_string(a, s->plan->twin));
	doc_set(a, d, "metadata", metadata);
	doc_set(a, d, "description", s->plan->doc ? doc_string(a, s->plan->doc) : doc_printf(a, "What the twin %s stands on, and its services.", s->plan->twin));
	doc_set(a, d, "capability_types", s->capability_types);
	set_some(s, d, "artifact_types", s->artifact_types);
	doc_set(a, d, "node_types", s->node_types);
	if (doc_len(s->policies))
		doc_set(a, d, "policy_types", s->policy_types);
	set_some(s, topology, "inputs", s->inputs);
	doc_set(a, topology, "node_templates", s->nodes);
	set_some(s, topology, "relationship_templates", s->relationships);
	set_some(s, topology, "policies", s->policies);
	set_some(s, topology, "outputs", s->outputs);
	doc_set(a, d, "topology_template", topology);
	target_put_doc(s->ret, "template.yaml", s->whole, d);
}

static void emit(const struct target_request *request, struct target_result *ret)
{
	struct arena *a = ret->arena;
	const struct plan *p = request->plan;
	struct tosca s = { .arena = a, .plan = p, .shared = request->shared, .ret = ret, .capability_types = doc_map(a), .artifact_types = doc_map(a), .node_types = doc_map(a), .policy_types = doc_map(a),
		.inputs = doc_map(a), .nodes = doc_map(a), .relationships = doc_map(a), .policies = doc_list(a), .outputs = doc_map(a) };

	for (uint32_t i = 0; i < p->n_things; i++) {
		const struct plan_thing *t = &p->things[i], *place = strcmp(t->role, "service") == 0 ? infra_of(p, t) : NULL;
		map_set(&s.thing_of, t->name, (void *)(uintptr_t)t);
		if (place)
			map_set(&s.served, place->name, (void *)(uintptr_t)t);
	}
	put_types(&s);
	for (int pass = 0; pass < 2; pass++) /* machines before what stands on them */
		for (uint32_t i = 0; i < p->n_things; i++) {
			const struct plan_thing *t = &p->things[i];
			if (strcmp(t->role, pass ? "service" : "infra") != 0 || (!pass && t->n_parts == 0)) /* what nothing can stand on is no machine */
				continue;
			s.whole = s.whole.file ? s.whole : t->span;
			if (pass)
				tosca_service(&s, t);
			else
				tosca_infra(&s, t);
		}
	if (doc_len(s.nodes))
		put_template(&s);
	else
		ret->note = s.whole.file ? "there is nothing to make: all that the twin stands on is there already" : "the twin has neither infrastructure nor services";
	map_finish(&s.node_of);
	map_finish(&s.input_of);
	map_finish(&s.thing_of);
	map_finish(&s.served);
}

static void check(const struct target_request *request, struct target_result *ret)
{
	emit(request, ret);
	ret->files.len = 0;
}

const struct target target_tosca = { "tosca", "TOSCA: a template of machines, services and networks, with its playbooks, for Infrastructure Manager", check, emit };
