/* The target: an inventory, a play for each part of the infrastructure and for each service, and the roles that they use. */
#include "targets/ansible/recipe.h"
#include "compiler/base/names.h"
#include <string.h>

struct ansible {
	struct arena *arena;
	const struct plan *plan;
	struct target_shared *shared;
	struct target_result *ret;
	struct doc *groups, *plays, *secrets, *galaxy;
	struct map roles;   /* name -> role that is written */
	struct names names;
	struct span whole;
};

static const char *group_name(struct ansible *s, const char *name)
{
	static const char *const taken[] = { "all", "ungrouped", "localhost" };

	name = names_get(&s->names, name);
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		if (strcmp(name, taken[i]) == 0)
			return infra_name_beside(s->arena, s->plan, name, "_");
	return name;
}

static struct doc *text(struct ansible *s, const char *t)
{
	return jinja_data(s->arena, doc_string(s->arena, t));
}

/* A variable of ours in the words of Jinja. */
static struct doc *variable(struct ansible *s, const char *name)
{
	return doc_printf(s->arena, "{{ %s }}", name);
}

/* -- roles -------------------------------------------------------------------------------------------------------------------- */

static void put_file(struct ansible *s, const char *role, const char *path, struct span from, struct doc *d)
{
	target_put_doc(s->ret, arena_printf(s->arena, "roles/%s/%s", role, path), from, d);
}

static struct doc *defaults_of(struct ansible *s, const struct recipe *r)
{
	struct doc *d = doc_map(s->arena);

	for (doc_each(option, r->options))
		if (doc_get(option, "default"))
			doc_set(s->arena, d, arena_printf(s->arena, "%s_%s", r->role, option->key), doc_copy(s->arena, doc_get(option, "default")));
	return d;
}

/* What argument_specs know: their own words only. */
static struct doc *specs_of(struct ansible *s, const struct recipe *r)
{
	struct arena *a = s->arena;
	struct doc *options = doc_map(a), *main = doc_map(a), *specs = doc_map(a), *d = doc_map(a);

	for (doc_each(option, r->options)) {
		struct doc *one = doc_map(a);
		for (doc_each(word, option))
			if (strcmp(word->key, "secret") != 0 && strcmp(word->key, "times") != 0)
				doc_set(a, one, word->key, doc_copy(a, word));
		if (doc_truth(doc_get(option, "secret"), false))
			doc_set(a, one, "required", doc_bool(a, true));
		doc_set(a, options, arena_printf(a, "%s_%s", r->role, option->key), one);
	}
	doc_set(a, main, "short_description", doc_string(a, r->summary));
	doc_set(a, main, "options", options);
	doc_set(a, specs, "main", main);
	doc_set(a, d, "argument_specs", specs);
	return d;
}

static struct doc *platform(struct arena *a, const char *name, const char *version)
{
	struct doc *d = doc_map(a), *versions = doc_list(a);

	doc_set(a, d, "name", doc_string(a, name));
	doc_push(versions, doc_string(a, version));
	doc_set(a, d, "versions", versions);
	return d;
}

static struct doc *meta_of(struct ansible *s, const struct recipe *r)
{
	struct arena *a = s->arena;
	struct doc *info = doc_map(a), *platforms = doc_list(a), *d = doc_map(a);

	doc_set(a, info, "author", doc_printf(a, "twin %s", s->plan->twin));
	doc_set(a, info, "description", doc_string(a, r->summary));
	doc_set(a, info, "license", doc_string(a, "Apache-2.0"));
	doc_set(a, info, "min_ansible_version", doc_string(a, "2.14"));
	doc_push(platforms, platform(a, "Debian", "bookworm"));
	doc_push(platforms, platform(a, "Ubuntu", "jammy"));
	doc_set(a, info, "platforms", platforms);
	doc_set(a, d, "galaxy_info", info);
	doc_set(a, d, "dependencies", doc_list(a));
	return d;
}

static void put_role(struct ansible *s, const struct recipe *r, struct span from)
{
	if (map_get(&s->roles, r->role))
		return;
	map_set(&s->roles, r->role, s);
	put_file(s, r->role, "tasks/main.yml", from, r->tasks);
	if (doc_len(r->handlers))
		put_file(s, r->role, "handlers/main.yml", from, r->handlers);
	if (doc_len(defaults_of(s, r)))
		put_file(s, r->role, "defaults/main.yml", from, defaults_of(s, r));
	put_file(s, r->role, "meta/main.yml", from, meta_of(s, r));
	put_file(s, r->role, "meta/argument_specs.yml", from, specs_of(s, r));
	for (doc_each(t, r->templates)) {
		struct target_text file = { 0 };
		target_text_from(&file, from);
		buf_add(&file.text, t->string.text, t->string.len);
		target_put_text(s->ret, arena_printf(s->arena, "roles/%s/templates/%s", r->role, t->key), from, &file);
	}
}

/* -- plays -------------------------------------------------------------------------------------------------------------------- */

/* A play of one role; its variables are still to be put. */
static struct doc *put_play(struct ansible *s, const struct plan_thing *t, const char *name, const char *hosts, bool become, const char *role)
{
	struct arena *a = s->arena;
	struct doc *play = doc_from(doc_map(a), t->span), *roles = doc_list(a), *one = doc_map(a), *vars = doc_map(a);

	play->comment = target_place(a, s->plan, t->span);
	doc_set(a, play, "name", doc_string(a, name));
	doc_set(a, play, "hosts", doc_string(a, hosts));
	if (become)
		doc_set(a, play, "become", doc_bool(a, true));
	doc_set(a, one, "role", doc_string(a, role));
	doc_set(a, one, "vars", vars);
	doc_push(roles, one);
	doc_set(a, play, "roles", roles);
	doc_push(s->plays, play);
	return vars;
}

static void finish_plays(struct ansible *s)
{
	for (doc_each(play, s->plays)) {
		struct doc *one = doc_get(play, "roles")->children.first, *vars = doc_get(one, "vars");
		if (doc_len(vars) == 0) { /* no variables, no word */
			one->children.first->next = NULL;
			one->children.last = one->children.first;
			one->children.len = 1;
		}
	}
}

static void add_host(struct ansible *s, struct doc *group, const char *host, struct doc *vars)
{
	struct doc *hosts = doc_get(group, "hosts");

	if (!hosts)
		doc_set(s->arena, group, "hosts", hosts = doc_map(s->arena));
	doc_set(s->arena, hosts, host, vars ? vars : doc_map(s->arena));
}

static struct doc *put_group(struct ansible *s, struct doc *groups, const char *name, struct span from)
{
	struct doc *group = doc_from(doc_map(s->arena), from);

	doc_set(s->arena, groups, name, group);
	return group;
}

static void put_base(struct ansible *s, const struct plan_thing *t)
{
	const struct recipe *base = recipe_named(s->arena, s->shared, "base");
	const char *work = doc_text(doc_get(t->attributes, "work"), NULL);
	struct doc *vars;

	put_role(s, base, t->span);
	vars = put_play(s, t, arena_printf(s->arena, "Prepare the machines of %s", t->name), group_name(s, t->name), true, base->role);
	if (work)
		doc_set(s->arena, vars, "base_work", text(s, arena_printf(s->arena, "%s/twin", work)));
}

/* -- infrastructure ------------------------------------------------------------------------------------------------------------ */

/* Host and port of "host:port", "https://host:port/path", "[::1]:22"; the port 0: not said. */
static const char *split_endpoint(struct arena *a, const char *text, int64_t *ret_port)
{
	const char *scheme = strstr(text, "://"), *colon;
	const char *host = arena_strndup(a, scheme ? scheme + 3 : text, strcspn(scheme ? scheme + 3 : text, "/"));

	*ret_port = 0;
	colon = strrchr(host, ':');
	if (host[0] == '[') {
		size_t n = strcspn(host, "]");
		colon = host[n] && host[n + 1] == ':' ? host + n + 1 : NULL;
		host = arena_strndup(a, host + 1, n - 1);
	} else if (colon) {
		host = arena_strndup(a, host, (size_t)(colon - host));
	}
	for (colon = colon ? colon + 1 : ""; *colon >= '0' && *colon <= '9' && *ret_port < 65536; colon++)
		*ret_port = *ret_port * 10 + (*colon - '0');
	return host;
}

static struct doc *reached_at(struct ansible *s, const struct plan_thing *t, const char *endpoint)
{
	struct doc *vars = doc_map(s->arena);
	int64_t port;
	const char *user = doc_text(doc_get(t->attributes, "user"), NULL);

	doc_set(s->arena, vars, "ansible_host", text(s, split_endpoint(s->arena, endpoint, &port)));
	if (port)
		doc_set(s->arena, vars, "ansible_port", doc_int(s->arena, port));
	if (user)
		doc_set(s->arena, vars, "ansible_user", text(s, user));
	return vars;
}

static void put_ssh(struct ansible *s, const struct plan_thing *t)
{
	struct doc *group = put_group(s, s->groups, group_name(s, t->name), t->span);

	add_host(s, group, arena_printf(s->arena, "%s-1", t->name), reached_at(s, t, infra_there(t)));
	put_base(s, t);
	if (doc_get(t->attributes, "key"))
		target_row(s->ret, t->name, t->span, TARGET_EMULATED, "its key is given to the agent of SSH (ssh-add), not to the inventory");
	else
		target_row(s->ret, t->name, t->span, TARGET_SUPPORTED, NULL);
}

static void put_slurm(struct ansible *s, const struct plan_thing *t)
{
	const char *login = doc_text(doc_get(t->attributes, "login"), NULL), *mount = doc_text(doc_get(t->attributes, "mount"), NULL);
	struct doc *group = put_group(s, s->groups, group_name(s, t->name), t->span), *vars = doc_map(s->arena);
	const struct recipe *role = recipe_named(s->arena, s->shared, "login");

	if (!login)
		doc_set(s->arena, vars, "ansible_connection", doc_string(s->arena, "local"));
	add_host(s, group, arena_printf(s->arena, "%s-login", t->name), login ? reached_at(s, t, login) : vars);
	put_role(s, role, t->span);
	vars = put_play(s, t, arena_printf(s->arena, "Look whether %s is ready", t->name), group_name(s, t->name), false, role->role);
	if (mount)
		doc_set(s->arena, vars, "login_work", text(s, arena_printf(s->arena, "%s/twin", mount)));
	target_row(s->ret, t->name, t->span, TARGET_EMULATED, "it is there already (%s): its login node is looked at, and gets a work folder", infra_there(t));
}

static void put_galaxy(struct ansible *s, const char *role)
{
	struct doc *one = doc_map(s->arena);

	for (doc_each(d, s->galaxy))
		if (strcmp(doc_text(doc_get(d, "name"), ""), role) == 0)
			return;
	doc_set(s->arena, one, "name", doc_string(s->arena, role));
	doc_push(s->galaxy, one);
}

static void put_kubernetes_plays(struct ansible *s, const struct plan_thing *t, const char *front, const char *nodes)
{
	const char *version = doc_text(doc_get(t->attributes, "version"), NULL), *const of[] = { front, nodes };
	const char *server = arena_printf(s->arena, "{{ hostvars[groups['%s'][0]].ansible_default_ipv4.address }}", front);

	for (int i = 0; i < 2; i++) {
		struct doc *vars = put_play(s, t, arena_printf(s->arena, "Set up Kubernetes on the %s of %s", i ? "nodes" : "front end", t->name), of[i], true, "grycap.kubernetes");
		doc_set(s->arena, vars, "kube_type_of_node", doc_string(s->arena, i ? "wn" : "front"));
		doc_set(s->arena, vars, "kube_server", doc_string(s->arena, server));
		if (version)
			doc_set(s->arena, vars, "kube_version", text(s, version));
	}
	put_galaxy(s, "grycap.kubernetes");
}

static void put_kubernetes(struct ansible *s, const struct plan_thing *t)
{
	struct arena *a = s->arena;
	const char *front = group_name(s, infra_name_beside(a, s->plan, t->name, "_front")), *nodes = group_name(s, infra_name_beside(a, s->plan, t->name, "_nodes"));
	struct doc *group = put_group(s, s->groups, group_name(s, t->name), t->span), *children = doc_map(a);
	uint32_t low = t->n_parts ? t->parts[0].nodes_low : 1, high = t->n_parts ? t->parts[0].nodes_high : 1;

	doc_set(a, group, "children", children);
	add_host(s, put_group(s, children, front, t->span), arena_printf(a, "%s-front", t->name), NULL);
	add_host(s, put_group(s, children, nodes, t->span), arena_printf(a, "%s-node-[1:%u]", t->name, low ? low : 1), NULL);
	put_base(s, t);
	put_kubernetes_plays(s, t, front, nodes);
	if (strcmp(t->kind, "oscar.cluster") == 0)
		target_row(s->ret, t->name, t->span, TARGET_EMULATED, "Kubernetes is set up, by the role grycap.kubernetes; OSCAR itself is not");
	else if (high > low)
		target_row(s->ret, t->name, t->span, TARGET_EMULATED, "the inventory has the least number of nodes, %u of %u: a name more for each that is added", low, high);
	else
		target_row(s->ret, t->name, t->span, TARGET_SUPPORTED, NULL);
}

static void put_machines(struct ansible *s, const struct plan_thing *t)
{
	struct doc *group = put_group(s, s->groups, group_name(s, t->name), t->span);
	uint32_t low = t->n_parts ? t->parts[0].nodes_low : 1, high = t->n_parts ? t->parts[0].nodes_high : 1;

	add_host(s, group, arena_printf(s->arena, "%s-[1:%u]", t->name, low ? low : 1), NULL);
	put_base(s, t);
	if (high > low)
		target_row(s->ret, t->name, t->span, TARGET_EMULATED, "the inventory has the least number of machines, %u of %u: a name more for each that is added", low, high);
	else
		target_row(s->ret, t->name, t->span, TARGET_SUPPORTED, NULL);
}

static void put_infra(struct ansible *s, const struct plan_thing *t)
{
	if (strcmp(t->kind, "ssh.host") == 0)
		put_ssh(s, t);
	else if (strcmp(t->kind, "slurm.cluster") == 0)
		put_slurm(s, t);
	else if (infra_there(t))
		target_row(s->ret, t->name, t->span, TARGET_SUPPORTED, "it is there already (%s): nothing is set up", infra_there(t));
	else if (infra_is_kubernetes(t))
		put_kubernetes(s, t);
	else
		put_machines(s, t);
}

/* -- services ------------------------------------------------------------------------------------------------------------------ */

static void put_secret(struct ansible *s, const char *name, struct span from)
{
	const char *key = arena_printf(s->arena, "secret_%s", name);

	if (!doc_get(s->secrets, key))
		doc_set(s->arena, s->secrets, key, doc_from(doc_printf(s->arena, "{{ vault_%s }}", name), from));
}

static struct doc *option_value(struct ansible *s, const struct plan_thing *t, const struct doc *option, const char **ret_missing)
{
	const struct doc *value = doc_get(t->attributes, option->key);
	const char *secret = doc_text(doc_get(value, "secret"), NULL);

	if (!value && doc_truth(doc_get(option, "secret"), false)) {
		secret = recipe_secret(s->arena, s->plan, option->key, t->name);
		*ret_missing = arena_printf(s->arena, "vault_%s", secret);
	}
	if (!secret)
		return value ? jinja_data(s->arena, recipe_value(s->arena, option, value)) : NULL;
	put_secret(s, secret, t->span);
	return variable(s, arena_printf(s->arena, "secret_%s", secret));
}

/* Gives the secret that the twin does not name, or NULL. */
static const char *put_options(struct ansible *s, const struct plan_thing *t, const struct recipe *r, struct doc *vars)
{
	const char *missing = NULL;

	doc_set(s->arena, vars, arena_printf(s->arena, "%s_name", r->role), doc_string(s->arena, t->name));
	doc_set(s->arena, vars, arena_printf(s->arena, "%s_image", r->role), doc_string(s->arena, r->image));
	doc_set(s->arena, vars, arena_printf(s->arena, "%s_data", r->role), doc_printf(s->arena, "/var/lib/twin/%s", t->name));
	for (doc_each(option, r->options)) {
		struct doc *value = doc_get(vars, arena_printf(s->arena, "%s_%s", r->role, option->key)) ? NULL : option_value(s, t, option, &missing);
		if (value)
			doc_set(s->arena, vars, arena_printf(s->arena, "%s_%s", r->role, option->key), value);
	}
	return missing;
}

static const char *hosts_of(struct ansible *s, const struct plan_thing *place)
{
	if (infra_is_kubernetes(place))
		return group_name(s, infra_name_beside(s->arena, s->plan, place->name, "_front"));
	return arena_printf(s->arena, "%s[0]", group_name(s, place->name));
}

static void put_service_row(struct ansible *s, const struct plan_thing *t, const struct recipe *r, const struct plan_thing *place, const char *missing)
{
	struct buf b = { 0 };
	const char *otherwise = recipe_reason(s->arena, r, t, "emulated");

	if (infra_is_kubernetes(place))
		buf_printf(&b, "a container under systemd on the front end of `%s`, beside Kubernetes, with the disk of that machine; the target kubernetes puts it inside", place->name);
	if (otherwise)
		buf_printf(&b, "%s%s", b.len ? "; " : "", otherwise);
	if (missing)
		buf_printf(&b, "%sthe twin names no secret for it: %s must be given", b.len ? "; " : "", missing);
	if (b.len)
		target_row(s->ret, t->name, t->span, TARGET_EMULATED, "%s", buf_text(&b));
	else
		target_row(s->ret, t->name, t->span, TARGET_SUPPORTED, NULL);
	buf_finish(&b);
}

static void put_service(struct ansible *s, const struct plan_thing *t)
{
	const struct plan_thing *place = infra_of(s->plan, t);
	const struct recipe *r;
	const char *refused, *title = arena_printf(s->arena, "Set up %s", t->name);

	if (!place) {
		target_row(s->ret, t->name, t->span, TARGET_SUPPORTED, "it is there already: nothing is set up");
		return;
	}
	r = recipe_of_kind(s->arena, s->shared, t->kind);
	if (!r) {
		target_row(s->ret, t->name, t->span, TARGET_REFUSED, "no role here sets up a `%s` on a machine%s", t->kind, infra_is_kubernetes(place) ? ": the target kubernetes tells what can be put inside" : "");
		return;
	}
	if (infra_there(place) && strcmp(place->kind, "ssh.host") != 0) {
		target_row(s->ret, t->name, t->span, TARGET_REFUSED, "`%s` is there already, and its machines are not the twin's: the target kubernetes puts it there", place->name);
		return;
	}
	refused = recipe_reason(s->arena, r, t, "refused");
	if (refused) {
		target_row(s->ret, t->name, t->span, TARGET_REFUSED, "%s", refused);
		return;
	}
	put_role(s, r, t->span);
	put_service_row(s, t, r, place, put_options(s, t, r, put_play(s, t, title, hosts_of(s, place), true, r->role)));
}

/* -- the rest ------------------------------------------------------------------------------------------------------------------ */

static void put_settings(struct ansible *s)
{
	struct arena *a = s->arena;
	struct doc *inventory = doc_map(a), *all = doc_map(a), *lint = doc_map(a), *mock = doc_list(a), *needs = doc_map(a);
	struct target_text config = { 0 };

	doc_set(a, all, "children", s->groups);
	doc_set(a, inventory, "all", all);
	target_put_doc(s->ret, "inventory/hosts.yml", s->whole, inventory);
	target_put_doc(s->ret, "site.yml", s->whole, s->plays);
	s->plays->comment = arena_printf(a, "What the twin %s stands on, and its services: ansible-playbook site.yml", s->plan->twin);
	if (doc_len(s->secrets)) {
		s->secrets->comment = "Each comes from a vault: ansible-vault create inventory/group_vars/all/vault.yml";
		target_put_doc(s->ret, "inventory/group_vars/all/secrets.yml", s->whole, s->secrets);
	}
	doc_set(a, lint, "profile", doc_string(a, "production"));
	if (doc_len(s->galaxy)) {
		s->galaxy->comment = NULL;
		doc_set(a, needs, "roles", s->galaxy);
		needs->comment = "ansible-galaxy install -r requirements.yml";
		target_put_doc(s->ret, "requirements.yml", s->whole, needs);
		for (doc_each(d, s->galaxy))
			doc_push(mock, doc_string(a, doc_text(doc_get(d, "name"), "")));
		doc_set(a, lint, "mock_roles", mock);
	}
	target_put_doc(s->ret, ".ansible-lint", s->whole, lint);
	target_text_from(&config, s->whole);
	buf_puts(&config.text, "[defaults]\ninventory = inventory/hosts.yml\nroles_path = roles\ngathering = smart\n\n[ssh_connection]\npipelining = true\n");
	target_put_text(s->ret, "ansible.cfg", s->whole, &config);
}

static void emit(const struct target_request *request, struct target_result *ret)
{
	struct arena *a = ret->arena;
	const struct plan *p = request->plan;
	struct ansible s = { .arena = a, .plan = p, .shared = request->shared, .ret = ret, .groups = doc_map(a), .plays = doc_list(a), .secrets = doc_map(a), .galaxy = doc_list(a) };

	map_init(&s.roles);
	names_init(&s.names, a, &names_identifier);
	for (uint32_t i = 0; i < p->n_things; i++) {
		names_add(&s.names, p->things[i].name);
		names_add(&s.names, infra_name_beside(a, p, p->things[i].name, "_front"));
		names_add(&s.names, infra_name_beside(a, p, p->things[i].name, "_nodes"));
	}
	for (int pass = 0; pass < 2; pass++) /* machines before what stands on them */
		for (uint32_t i = 0; i < p->n_things; i++) {
			const struct plan_thing *t = &p->things[i];
			if (strcmp(t->role, pass ? "service" : "infra") != 0 || (!pass && t->n_parts == 0)) /* what nothing can stand on is no machine */
				continue;
			s.whole = s.whole.file ? s.whole : t->span;
			if (pass)
				put_service(&s, t);
			else
				put_infra(&s, t);
		}
	finish_plays(&s);
	if (doc_len(s.plays))
		put_settings(&s);
	else
		ret->note = s.whole.file ? "there is no machine or service to set up" : "the twin has neither infrastructure nor services";
	names_finish(&s.names);
	map_finish(&s.roles);
}

static void check(const struct target_request *request, struct target_result *ret)
{
	emit(request, ret);
	target_result_drop_files(ret);
}

const struct target target_ansible = { "ansible", "Ansible: inventory, plays and roles that set up machines and services", check, emit };
