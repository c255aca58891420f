/* What stands on the machines: a node type for each kind of service, its properties, and the playbook that configures it. */
#include "targets/tosca/inside.h"
#include <string.h>

/* -- types --------------------------------------------------------------------------------------------------------------------- */

static const char *type_of(const char *ansible)
{
	static const char *const pairs[][2] = { { "int", "integer" }, { "float", "float" }, { "bool", "boolean" }, { "list", "list" } };

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (strcmp(ansible, pairs[i][0]) == 0)
			return pairs[i][1];
	return "string";
}

static struct doc *definition(struct tosca *s, const struct doc *option, bool described)
{
	struct arena *a = s->arena;
	struct doc *d = doc_map(a), *entry = doc_map(a);
	const char *type = type_of(doc_text(doc_get(option, "type"), "str"));

	doc_set(a, d, "type", doc_string(a, type));
	if (strcmp(type, "list") == 0) {
		doc_set(a, entry, "type", doc_string(a, "string"));
		doc_set(a, d, "entry_schema", entry);
	}
	if (described && doc_get(option, "description"))
		doc_set(a, d, "description", doc_copy(a, doc_get(option, "description")));
	doc_set(a, d, "required", doc_bool(a, true));
	return d;
}

/* The interface Standard with one operation; where inputs are declared they have types. */
static struct doc *interfaces(struct tosca *s, struct doc *operation, bool declared)
{
	struct arena *a = s->arena;
	struct doc *all = doc_map(a), *standard = doc_map(a), *operations = doc_map(a);

	if (declared)
		doc_set(a, standard, "type", doc_string(a, "tosca.interfaces.node.lifecycle.Standard"));
	doc_set(a, operations, "configure", operation);
	doc_set(a, standard, "operations", operations);
	doc_set(a, all, "Standard", standard);
	return all;
}

static struct doc *put_type(struct tosca *s, const char *name, const char *summary)
{
	struct arena *a = s->arena;
	struct doc *type = doc_map(a);

	doc_set(a, type, "derived_from", doc_string(a, "tosca.nodes.SoftwareComponent"));
	doc_set(a, type, "description", doc_string(a, summary));
	doc_set(a, s->node_types, name, type);
	return type;
}

static void put_service_type(struct tosca *s, const struct recipe *r, const char *name)
{
	struct arena *a = s->arena;
	struct doc *type, *all = doc_map(a), *capabilities = doc_map(a), *endpoint = doc_map(a), *operation = doc_map(a), *inputs = doc_map(a);

	if (doc_get(s->node_types, name))
		return;
	type = put_type(s, name, r->summary);
	for (doc_each(option, r->options)) {
		if (strcmp(option->key, "name") != 0) /* the node has one */
			doc_set(a, all, option->key, definition(s, option, true));
		doc_set(a, inputs, arena_printf(a, "%s_%s", r->role, option->key), definition(s, option, false));
	}
	doc_set(a, type, "properties", all);
	doc_set(a, endpoint, "type", doc_string(a, "tosca.capabilities.Endpoint"));
	doc_set(a, capabilities, "endpoint", endpoint);
	doc_set(a, type, "capabilities", capabilities);
	doc_set(a, operation, "inputs", inputs);
	doc_set(a, type, "interfaces", interfaces(s, operation, true));
}

/* -- a service ------------------------------------------------------------------------------------------------------------------ */

static struct doc *get_input(struct tosca *s, const char *name)
{
	return tosca_get(s, "get_input", &name, 1);
}

/* The value of an option: given, a secret as an input, or the role's default. */
static struct doc *value_of(struct tosca *s, const struct plan_thing *t, const struct recipe *r, const struct doc *option)
{
	struct arena *a = s->arena;
	const struct doc *value = doc_get(t->attributes, option->key);
	const char *secret = doc_text(doc_get(value, "secret"), NULL);

	if (strcmp(option->key, "image") == 0)
		return doc_string(a, r->image);
	if (strcmp(option->key, "data") == 0)
		return doc_printf(a, "/var/lib/twin/%s", t->name);
	if (!secret && !value && doc_truth(doc_get(option, "secret"), false))
		secret = recipe_secret(a, s->plan, option->key, t->name);
	if (secret) {
		tosca_input(s, arena_printf(a, "secret_%s", secret), "string", NULL, "A secret, which whoever deploys must give.", t->span);
		return get_input(s, arena_printf(a, "secret_%s", secret));
	}
	if (value)
		return recipe_value(a, option, value);
	return doc_get(option, "default") ? doc_copy(a, doc_get(option, "default")) : doc_string(a, "");
}

/* Infrastructure Manager hands strings to Ansible as they are: it would take these for its own. */
static const char *what_is_read_as_template(const struct plan_thing *t, const struct recipe *r)
{
	for (doc_each(option, r->options)) {
		const struct doc *value = doc_get(t->attributes, option->key);
		if (value && (jinja_is_in(value) || doc_text(value, "")[0] == '|'))
			return option->key;
	}
	return NULL;
}

static void attach_disk(struct tosca *s, const struct plan_thing *t, const char *machine)
{
	struct arena *a = s->arena;
	double bytes = doc_number(doc_get(t->attributes, "storage"), 0);
	const char *name = tosca_beside(s, t->name, "_disk"), *at = tosca_beside(s, t->name, "_attachment");
	struct doc *all = doc_map(a), *item = doc_map(a), *wanted = doc_map(a), *relationship = doc_from(doc_map(a), t->span), *location = doc_map(a), *node = map_get(&s->node_of, machine), *list;

	if (bytes <= 0)
		return;
	doc_set(a, all, "name", doc_string(a, name));
	doc_set(a, all, "size", tosca_size(s, bytes < 1e6 ? 1e6 : bytes)); /* the least that there is */
	doc_set(a, tosca_node(s, name, "twin.nodes.BlockStorage", t->span), "properties", all);
	doc_set(a, wanted, "node", doc_string(a, name));
	doc_set(a, relationship, "type", doc_string(a, "tosca.relationships.AttachesTo"));
	doc_set(a, location, "location", doc_printf(a, "/var/lib/twin/%s", t->name));
	doc_set(a, relationship, "properties", location);
	doc_set(a, s->relationships, at, relationship);
	doc_set(a, wanted, "relationship", doc_string(a, at));
	doc_set(a, item, "local_storage", wanted);
	list = doc_get(node, "requirements");
	if (!list)
		doc_set(a, node, "requirements", list = doc_list(a));
	doc_push(list, item);
}

static void put_output(struct tosca *s, const struct plan_thing *t, const struct recipe *r, const char *machine)
{
	struct arena *a = s->arena;
	const char *const address[] = { machine, "public_address" };
	const char *scheme = doc_text(doc_get(r->file, "scheme"), "");
	const struct doc *port = doc_get(doc_get(map_get(&s->node_of, t->name), "properties"), "port");
	struct doc *output = doc_from(doc_map(a), t->span), *value = doc_map(a), *parts = doc_list(a);

	if (strcmp(scheme, "http") == 0)
		doc_push(parts, doc_string(a, "http://"));
	doc_push(parts, tosca_get(s, "get_attribute", address, 2));
	doc_push(parts, doc_printf(a, ":%lld", (long long)doc_integer(port, 0)));
	doc_set(a, value, "concat", parts);
	doc_set(a, output, "description", doc_printf(a, "Where %s answers.", t->name));
	doc_set(a, output, "value", value);
	doc_append(a, s->outputs, tosca_beside(s, t->name, "_endpoint"), output);
}

static void put_endpoint(struct tosca *s, struct doc *node, const struct doc *port)
{
	struct arena *a = s->arena;
	struct doc *capabilities = doc_map(a), *endpoint = doc_map(a), *all = doc_map(a), *ports = doc_map(a), *one = doc_map(a);

	doc_set(a, one, "protocol", doc_string(a, "tcp"));
	doc_set(a, one, "source", doc_copy(a, port));
	doc_set(a, ports, "service", one);
	doc_set(a, all, "ports", ports);
	doc_set(a, endpoint, "properties", all);
	doc_set(a, capabilities, "endpoint", endpoint);
	doc_set(a, node, "capabilities", capabilities);
}

static void put_service(struct tosca *s, const struct plan_thing *t, const struct recipe *r, const struct plan_thing *place)
{
	struct arena *a = s->arena;
	const char *type = arena_printf(a, "twin.nodes.%s", r->role), *machine = tosca_front(s, place);
	struct doc *node, *all = doc_map(a), *operation = doc_map(a), *inputs = doc_map(a);

	put_service_type(s, r, type);
	node = tosca_node(s, t->name, type, t->span);
	for (doc_each(option, r->options)) {
		const char *const words[] = { "SELF", option->key };
		bool name = strcmp(option->key, "name") == 0;
		if (!name)
			doc_set(a, all, option->key, value_of(s, t, r, option));
		doc_set(a, inputs, arena_printf(a, "%s_%s", r->role, option->key), name ? doc_string(a, t->name) : tosca_get(s, "get_property", words, 2));
	}
	doc_set(a, node, "properties", all);
	put_endpoint(s, node, doc_get(all, "port"));
	tosca_requirement(s, node, "host", machine);
	doc_set(a, operation, "implementation", doc_string(a, tosca_playbook(s, r, t->span)));
	doc_set(a, operation, "inputs", inputs);
	doc_set(a, node, "interfaces", interfaces(s, operation, false));
	attach_disk(s, t, machine);
	put_output(s, t, r, machine);
}

static void put_row(struct tosca *s, const struct plan_thing *t, const struct recipe *r, const struct plan_thing *place)
{
	const char *otherwise = recipe_reason(s->arena, r, t, "emulated");

	if (infra_is_kubernetes(place))
		target_row(s->ret, t->name, t->span, TARGET_EMULATED, "a container under systemd on the front end of `%s`, beside Kubernetes; the target kubernetes puts it inside%s%s", place->name,
			otherwise ? "; " : "", otherwise ? otherwise : "");
	else if (otherwise)
		target_row(s->ret, t->name, t->span, TARGET_EMULATED, "%s", otherwise);
	else
		target_row(s->ret, t->name, t->span, TARGET_SUPPORTED, NULL);
}

void tosca_service(struct tosca *s, const struct plan_thing *t)
{
	const struct plan_thing *place = infra_of(s->plan, t);
	const struct recipe *r;
	const char *why;

	if (!place) {
		target_row(s->ret, t->name, t->span, TARGET_SUPPORTED, "it is there already: nothing is made");
	} else if (!(r = recipe_of_kind(s->arena, s->shared, t->kind))) {
		target_row(s->ret, t->name, t->span, TARGET_REFUSED, "no playbook here sets up a `%s` on a machine%s", t->kind, infra_is_kubernetes(place) ? ": the target kubernetes tells what can be put inside" : "");
	} else if (infra_there(place)) {
		target_row(s->ret, t->name, t->span, TARGET_REFUSED, "`%s` is there already, and is not made here: the target ansible sets up machines that are there", place->name);
	} else if ((why = recipe_reason(s->arena, r, t, "refused"))) {
		target_row(s->ret, t->name, t->span, TARGET_REFUSED, "%s", why);
	} else if ((why = what_is_read_as_template(t, r))) {
		target_row(s->ret, t->name, t->span, TARGET_REFUSED, "Infrastructure Manager would read its `%s` as a template of Jinja", why);
	} else {
		put_service(s, t, r, place);
		put_row(s, t, r, place);
	}
}

/* -- Kubernetes ------------------------------------------------------------------------------------------------------------------ */

static struct doc *play_of_role(struct tosca *s, const char *kind, bool versioned)
{
	struct arena *a = s->arena;
	struct doc *play = doc_map(a), *roles = doc_list(a), *role = doc_map(a), *vars = doc_map(a), *plays = doc_list(a);

	doc_set(a, play, "name", doc_printf(a, "Kubernetes, %s", kind));
	doc_set(a, play, "hosts", doc_string(a, "localhost"));
	doc_set(a, role, "role", doc_string(a, "grycap.kubernetes"));
	doc_set(a, vars, "kube_type_of_node", doc_string(a, kind));
	doc_set(a, vars, "kube_server", doc_string(a, "{{ front_address }}"));
	if (versioned)
		doc_set(a, vars, "kube_version", doc_string(a, "{{ version }}"));
	doc_set(a, role, "vars", vars);
	doc_push(roles, role);
	doc_set(a, play, "roles", roles);
	doc_push(plays, play);
	return plays;
}

static void put_kubernetes_type(struct tosca *s, const char *name, const char *summary)
{
	struct arena *a = s->arena;
	struct doc *type, *artifacts = doc_map(a), *role = doc_map(a), *kind = doc_map(a), *operation = doc_map(a), *inputs = doc_map(a), *text = doc_map(a);

	if (doc_get(s->node_types, name))
		return;
	if (!doc_get(s->artifact_types, "tosca.artifacts.AnsibleGalaxy.role")) {
		doc_set(a, kind, "derived_from", doc_string(a, "tosca.artifacts.Root"));
		doc_set(a, s->artifact_types, "tosca.artifacts.AnsibleGalaxy.role", kind);
	}
	type = put_type(s, name, summary);
	doc_set(a, role, "file", doc_string(a, "grycap.kubernetes"));
	doc_set(a, role, "type", doc_string(a, "tosca.artifacts.AnsibleGalaxy.role"));
	doc_set(a, artifacts, "kubernetes_role", role);
	doc_set(a, type, "artifacts", artifacts);
	doc_set(a, text, "type", doc_string(a, "string"));
	doc_set(a, text, "required", doc_bool(a, true));
	doc_set(a, inputs, "front_address", text);
	doc_set(a, inputs, "version", doc_copy(a, text));
	doc_set(a, operation, "inputs", inputs);
	doc_set(a, type, "interfaces", interfaces(s, operation, true));
}

void tosca_kubernetes(struct tosca *s, const struct plan_thing *t)
{
	static const char *const kinds[] = { "front", "wn" };
	struct arena *a = s->arena;
	const char *front = tosca_front(s, t), *const of[] = { front, tosca_beside(s, t->name, "_nodes") }, *const address[] = { front, "private_address" };
	const char *version = doc_text(doc_get(t->attributes, "version"), NULL), *first = NULL;

	put_kubernetes_type(s, "twin.nodes.Kubernetes.front", "Kubernetes, its front end");
	put_kubernetes_type(s, "twin.nodes.Kubernetes.wn", "Kubernetes, one of its nodes");
	for (int i = 0; i < 2; i++) {
		const char *name = tosca_beside(s, of[i], "_kubernetes"), *file = arena_printf(a, "twin_kubernetes_%s%s.yml", kinds[i], version ? "_version" : "");
		struct doc *node = tosca_node(s, name, arena_printf(a, "twin.nodes.Kubernetes.%s", kinds[i]), t->span), *operation = doc_map(a), *inputs = doc_map(a);
		tosca_requirement(s, node, "host", of[i]);
		if (first)
			tosca_requirement(s, node, "dependency", first);
		first = name;
		doc_set(a, operation, "implementation", doc_string(a, file));
		doc_set(a, inputs, "front_address", tosca_get(s, "get_attribute", address, 2));
		doc_set(a, inputs, "version", doc_string(a, version ? version : "latest"));
		doc_set(a, operation, "inputs", inputs);
		doc_set(a, node, "interfaces", interfaces(s, operation, false));
		tosca_put_file(s, file, t->span, play_of_role(s, kinds[i], version != NULL));
	}
}
