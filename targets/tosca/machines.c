/* Machines, their networks and how many there are. */
#include "targets/tosca/inside.h"
#include <string.h>

static struct doc *properties(struct arena *a, struct doc *inside, const char *name)
{
	struct doc *d = doc_map(a), *all = doc_map(a);

	doc_set(a, d, "properties", all);
	doc_set(a, inside, name, d);
	return all;
}

/* {get_input: NAME}, and the input itself. */
static struct doc *input(struct tosca *s, const char *name, const char *type, struct doc *preset, const char *description, struct span from)
{
	tosca_input(s, name, type, preset, description, from);
	return tosca_get(s, "get_input", &name, 1);
}

static void set_host(struct tosca *s, const struct plan_thing *t, struct doc *host)
{
	struct arena *a = s->arena;
	const struct plan_part *part = &t->parts[0];
	const struct doc *disk = doc_get(t->attributes, "disk"), *model = doc_get(t->attributes, "gpu_model");

	doc_set(a, host, "num_cpus", input(s, arena_printf(a, "cpus_of_%s", t->name), "integer", doc_int(a, part->cpus), arena_printf(a, "Processors of each machine of %s.", t->name), t->span));
	if (part->memory_bytes > 0)
		doc_set(a, host, "mem_size", input(s, arena_printf(a, "memory_of_%s", t->name), "scalar-unit.size", tosca_size(s, part->memory_bytes), arena_printf(a, "Memory of each machine of %s.", t->name), t->span));
	if (disk)
		doc_set(a, host, "disk_size", tosca_size(s, doc_number(disk, 0)));
	if (part->gpus)
		doc_set(a, host, "num_gpus", doc_int(a, part->gpus));
	if (model)
		doc_set(a, host, "gpu_model", doc_copy(a, model));
}

static void set_os(struct tosca *s, const struct plan_thing *t, struct doc *os)
{
	static const char *const words[] = { "image", "distribution" };

	doc_set(s->arena, os, "type", doc_string(s->arena, doc_text(doc_get(t->attributes, "os"), "linux")));
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (doc_get(t->attributes, words[i]))
			doc_set(s->arena, os, words[i], doc_copy(s->arena, doc_get(t->attributes, words[i])));
}

static void set_ports(struct tosca *s, const struct plan_thing *t, struct doc *capabilities)
{
	struct arena *a = s->arena;
	struct doc *ports = doc_map(a);

	for (doc_each(port, doc_get(t->attributes, "ports"))) {
		struct doc *one = doc_map(a);
		const char *name = arena_printf(a, "port_%lld", (long long)doc_integer(port, 0));
		doc_set(a, one, "protocol", doc_string(a, "tcp"));
		doc_set(a, one, "source", doc_int(a, doc_integer(port, 0)));
		if (!doc_get(ports, name))
			doc_set(a, ports, name, one);
	}
	if (doc_len(ports))
		doc_set(a, properties(a, capabilities, "endpoint"), "ports", ports);
}

/* Exactly one where high is 0. */
static struct doc *put_machine(struct tosca *s, const struct plan_thing *t, const char *name, uint32_t low, uint32_t high)
{
	struct arena *a = s->arena;
	struct doc *node = tosca_node(s, name, "twin.nodes.Machine", t->span), *capabilities = doc_map(a);

	set_host(s, t, properties(a, capabilities, "host"));
	set_os(s, t, properties(a, capabilities, "os"));
	set_ports(s, t, capabilities);
	if (high) {
		struct doc *scalable = properties(a, capabilities, "scalable");
		doc_set(a, scalable, "min_instances", doc_int(a, low));
		doc_set(a, scalable, "max_instances", doc_int(a, high));
		doc_set(a, scalable, "default_instances", doc_int(a, low));
	}
	doc_set(a, node, "capabilities", capabilities);
	return node;
}

static void put_network(struct tosca *s, const struct plan_thing *t, const char *name, const char *type)
{
	struct doc *node, *all;

	if (map_get(&s->node_of, name))
		return;
	node = tosca_node(s, name, "tosca.nodes.network.Network", t->span);
	all = doc_map(s->arena);
	doc_set(s->arena, all, "network_type", doc_string(s->arena, type));
	doc_set(s->arena, node, "properties", all);
}

/* The order tells which interface it is: the public one comes first. */
static void join_network(struct tosca *s, const struct plan_thing *t, const char *machine, const char *type, int order)
{
	struct arena *a = s->arena;
	const char *network = tosca_beside(s, t->name, arena_printf(a, "_%s", type));
	struct doc *node, *all = doc_map(a);

	put_network(s, t, network, type);
	node = tosca_node(s, tosca_beside(s, machine, arena_printf(a, "_%s_port", type)), "tosca.nodes.network.Port", t->span);
	doc_set(a, all, "order", doc_int(a, order));
	doc_set(a, node, "properties", all);
	tosca_requirement(s, node, "binding", machine);
	tosca_requirement(s, node, "link", network);
}

static void put_policy(struct tosca *s, const struct plan_thing *t, const char *machine, uint32_t low, uint32_t high)
{
	struct arena *a = s->arena;
	struct doc *item = doc_map(a), *policy = doc_from(doc_map(a), t->span), *members = doc_list(a), *all = doc_map(a);

	doc_set(a, policy, "type", doc_string(a, "twin.policies.Elastic"));
	doc_push(members, doc_string(a, machine));
	doc_set(a, policy, "targets", members);
	doc_set(a, all, "min_instances", doc_int(a, low));
	doc_set(a, all, "max_instances", doc_int(a, high));
	doc_set(a, policy, "properties", all);
	doc_set(a, item, arena_printf(a, "%s_elastic", t->name), policy);
	doc_push(s->policies, item);
}

static void put_address(struct tosca *s, const struct plan_thing *t, const char *machine, const char *attribute)
{
	struct arena *a = s->arena;
	struct doc *output = doc_from(doc_map(a), t->span);
	const char *const words[] = { machine, attribute };

	doc_set(a, output, "description", doc_printf(a, "Address of %s.", machine));
	doc_set(a, output, "value", tosca_get(s, "get_attribute", words, 2));
	doc_append(a, s->outputs, tosca_beside(s, t->name, "_address"), output);
}

static bool has_services(const struct tosca *s, const struct plan_thing *infra)
{
	return map_get(&s->served, infra->name) != NULL;
}

const char *tosca_front(struct tosca *s, const struct plan_thing *infra)
{
	if (infra_is_kubernetes(infra) || infra->parts[0].nodes_high > 1)
		return tosca_beside(s, infra->name, "_front");
	return infra->name;
}

void tosca_infra(struct tosca *s, const struct plan_thing *t)
{
	const char *front, *nodes;
	bool split, open;
	uint32_t low, high;

	if (infra_there(t) || t->n_parts == 0) {
		target_row(s->ret, t->name, t->span, TARGET_SUPPORTED, "it is there already (%s): nothing is made", infra_there(t) ? infra_there(t) : "no machines");
		return;
	}
	low = t->parts[0].nodes_low;
	high = t->parts[0].nodes_high;
	front = tosca_front(s, t);
	split = infra_is_kubernetes(t) || (high > 1 && has_services(s, t));
	open = split || has_services(s, t) || doc_truth(doc_get(t->attributes, "public"), false);
	nodes = infra_is_kubernetes(t) ? tosca_beside(s, t->name, "_nodes") : t->name;
	if (split)
		put_machine(s, t, front, 1, 0);
	put_machine(s, t, nodes, low, high > 1 || low == 0 ? high : 0);
	if (open)
		join_network(s, t, split ? front : nodes, "public", 0);
	join_network(s, t, nodes, "private", open && !split ? 1 : 0);
	if (split)
		join_network(s, t, front, "private", 1);
	if (high > low)
		put_policy(s, t, nodes, low, high);
	put_address(s, t, split ? front : nodes, open ? "public_address" : "private_address");
	if (infra_is_kubernetes(t))
		tosca_kubernetes(s, t);
	if (strcmp(t->kind, "oscar.cluster") == 0)
		target_row(s->ret, t->name, t->span, TARGET_EMULATED, "machines and Kubernetes; OSCAR itself is not installed");
	else if (split && !infra_is_kubernetes(t))
		target_row(s->ret, t->name, t->span, TARGET_EMULATED, "one machine more, `%s`, holds its services", front);
	else
		target_row(s->ret, t->name, t->span, TARGET_SUPPORTED, NULL);
}
