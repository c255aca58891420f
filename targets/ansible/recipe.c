/* Roles from their files: what all services share is in service.yml, what differs in a file each. */
#include "targets/ansible/recipe.h"
#include "compiler/base/bug.h"
#include "stdlib/stdlib.h"
#include <string.h>

#define QUOTED " | to_json(ensure_ascii=False) | replace('%', '%%') | replace('$', '$$') }}" /* an argument in a unit of systemd */

static const struct stdlib_file *file_named(const char *name)
{
	for (const struct stdlib_file *f = stdlib_roles; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

static struct doc *read_text(struct arena *a, const char *text, size_t len)
{
	struct doc *d;
	char *error;

	if (!doc_yaml_read(a, text, len, &d, &error))
		bug("a role: %s", error);
	return d;
}

/* Every `word` of the text in other words. */
static const char *replaced(struct arena *a, const char *text, const char *word, const char *by)
{
	struct buf b = { 0 };
	const char *ret, *at;

	for (; (at = strstr(text, word)); text = at + strlen(word)) {
		buf_add(&b, text, (size_t)(at - text));
		buf_puts(&b, by);
	}
	buf_puts(&b, text);
	ret = arena_strndup(a, buf_text(&b), b.len);
	buf_finish(&b);
	return ret;
}

/* -- the unit ---------------------------------------------------------------------------------------------------------------- */

/* `--port={{ x }}` as an argument that systemd reads as one: {{ ('--port=' ~ (x)) | ... }} */
static void put_argument(const char *text, struct buf *ret)
{
	const char *open = strstr(text, "{{ "), *close = open ? strstr(open, " }}") : NULL;

	buf_puts(ret, "    ");
	if (!close) {
		buf_printf(ret, "%s \\\n", text);
		return;
	}
	buf_puts(ret, "{{ (");
	if (open > text)
		buf_printf(ret, "'%.*s' ~ ", (int)(open - text), text);
	buf_printf(ret, "(%.*s)", (int)(close - open - 3), open + 3);
	if (close[3])
		buf_printf(ret, " ~ '%s'", close + 3);
	buf_puts(ret, ")" QUOTED " \\\n");
}

static const char *unit_text(struct arena *a, const struct recipe *r, const char *frame)
{
	struct buf b = { 0 };
	const char *ret;

	buf_printf(&b, "    --volume {{ (%s_data ~ ':%s')", r->role, doc_text(doc_get(r->file, "data"), "/data"));
	buf_puts(&b, QUOTED " \\\n");
	for (doc_each(s, doc_get(r->file, "settings")))
		buf_printf(&b, "    --volume /etc/twin/{{ %s_name }}/%s:%s:ro \\\n", r->role, s->key, doc_text(doc_get(s, "at"), ""));
	put_argument(arena_printf(a, "{{ %s_image }}", r->role), &b);
	for (doc_each(argument, doc_get(r->file, "arguments")))
		put_argument(doc_text(argument, ""), &b);
	b.len -= 3; /* the last one goes on no more */
	b.text[b.len] = '\0';
	ret = replaced(a, frame, "ARGUMENTS", buf_text(&b));
	buf_finish(&b);
	return ret;
}

/* -- a role ------------------------------------------------------------------------------------------------------------------- */

static void add_all(struct arena *a, struct doc *to, const struct doc *from)
{
	for (doc_each(d, from))
		doc_set(a, to, d->key, doc_copy(a, d));
}

static void service_role(struct arena *a, struct recipe *r)
{
	const char *text = file_named("service.yml")->text, *owner = arena_printf(a, "%lld", (long long)doc_integer(doc_get(r->file, "owner"), 0));
	struct doc *frame;

	text = replaced(a, replaced(a, replaced(a, text, "ROLE", r->role), "SUMMARY", r->summary), "OWNER", owner);
	frame = read_text(a, text, strlen(text));
	add_all(a, r->options, doc_get(frame, "options"));
	doc_set(a, r->templates, "environment.j2", doc_string(a, doc_text(doc_get(r->file, "environment"), "")));
	doc_set(a, r->templates, "unit.j2", doc_string(a, unit_text(a, r, doc_text(doc_get(frame, "unit"), ""))));
	for (doc_each(task, doc_get(frame, "tasks"))) {
		if (strcmp(doc_text(doc_get(task, "name"), ""), "Write its unit") == 0)
			for (doc_each(s, doc_get(r->file, "settings"))) {
				struct buf b = { 0 };
				doc_yaml_write(doc_get(frame, "settings"), &b);
				const char *one = replaced(a, buf_text(&b), "SETTING", s->key);
				buf_finish(&b);
				doc_push(r->tasks, read_text(a, one, strlen(one)));
				doc_set(a, r->templates, arena_printf(a, "%s.j2", s->key), doc_string(a, doc_text(doc_get(s, "text"), "")));
			}
		doc_push(r->tasks, doc_copy(a, task));
	}
	r->handlers = doc_copy(a, doc_get(frame, "handlers"));
}

static struct recipe *read_role(struct arena *a, const struct stdlib_file *f)
{
	struct recipe *ret = arena_new(a, struct recipe);

	*ret = (struct recipe){ .role = arena_strndup(a, f->name, strcspn(f->name, ".")), .file = read_text(a, f->text, f->len) };
	ret->summary = doc_text(doc_get(ret->file, "summary"), "");
	ret->image = doc_text(doc_get(ret->file, "image"), NULL);
	ret->options = doc_map(a);
	ret->tasks = doc_list(a);
	ret->handlers = doc_list(a);
	ret->templates = doc_map(a);
	if (ret->image)
		service_role(a, ret);
	for (doc_each(task, doc_get(ret->file, "tasks")))
		doc_push(ret->tasks, doc_copy(a, task));
	add_all(a, ret->options, doc_get(ret->file, "options"));
	return ret;
}

/* A role is read once for all targets of a build. */
static const struct recipe *role_of(struct arena *a, struct target_shared *shared, const struct stdlib_file *f)
{
	struct recipe *known = shared ? map_get(&shared->recipes, f->name) : NULL;

	if (known)
		return known;
	known = read_role(shared ? &shared->arena : a, f);
	if (shared)
		map_set(&shared->recipes, f->name, known);
	return known;
}

const struct recipe *recipe_of_kind(struct arena *a, struct target_shared *shared, const char *kind)
{
	const char *wanted = arena_printf(a, "kind: %s\n", kind);

	for (const struct stdlib_file *f = stdlib_roles; f->name; f++)
		if (strncmp(f->text, wanted, strlen(wanted)) == 0)
			return role_of(a, shared, f);
	return NULL;
}

const struct recipe *recipe_named(struct arena *a, struct target_shared *shared, const char *role)
{
	const struct stdlib_file *f = file_named(arena_printf(a, "%s.yml", role));

	return f ? role_of(a, shared, f) : NULL;
}

const char *recipe_secret(struct arena *a, const struct plan *p, const char *option, const char *service)
{
	const char *ret = arena_printf(a, "%s_of_%s", option, service);

	for (uint32_t i = 0; i < p->n_params; i++)
		if (strcmp(p->params[i].name, ret) == 0)
			return recipe_secret(a, p, option, arena_printf(a, "%s_", service));
	return ret;
}

struct doc *recipe_value(struct arena *a, const struct doc *option, const struct doc *value)
{
	int64_t times = doc_integer(doc_get(option, "times"), 0);
	double number = times ? doc_number(value, -1) * (double)times : -1;

	if (number >= 0 && number < 9e15)
		return doc_int(a, (int64_t)(number + 0.5));
	return doc_copy(a, value);
}

/* Whether it is more than the least: another number than 1, true, anything else. */
static bool is_asked(const struct doc *value)
{
	if (!value || value->kind == DOC_NULL)
		return false;
	if (value->kind == DOC_BOOL)
		return value->boolean;
	return value->kind != DOC_INT || value->integer != 1;
}

const char *recipe_reason(struct arena *a, const struct recipe *r, const struct plan_thing *t, const char *key)
{
	for (doc_each(d, doc_get(r->file, key))) {
		const struct doc *value = doc_get(t->attributes, d->key);
		struct buf b = { 0 };
		if (!is_asked(value))
			continue;
		doc_json_write(value, 0, &b);
		const char *text = replaced(a, doc_text(d, ""), arena_printf(a, "{%s}", d->key), buf_text(&b));
		buf_finish(&b);
		return text;
	}
	return NULL;
}

/* -- Jinja -------------------------------------------------------------------------------------------------------------------- */

bool jinja_is_in(const struct doc *value)
{
	if (value->kind == DOC_STRING)
		for (size_t i = 0; i + 1 < value->string.len; i++)
			if (value->string.text[i] == '{' && strchr("{%#", value->string.text[i + 1]) && value->string.text[i + 1])
				return true;
	for (doc_each(d, value))
		if (jinja_is_in(d))
			return true;
	return false;
}

static void tag_all(struct doc *d)
{
	if (d->kind == DOC_STRING && jinja_is_in(d))
		d->tag = "!unsafe";
	for (doc_each(child, d))
		tag_all(child);
}

struct doc *jinja_data(struct arena *a, const struct doc *value)
{
	struct doc *d = doc_copy(a, value);

	tag_all(d);
	return d;
}

/* -- infrastructure --------------------------------------------------------------------------------------------------------- */

const char *infra_there(const struct plan_thing *t)
{
	static const char *const addresses[] = { "login", "url", "address", "context", "virtual_node" };

	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
		if (doc_text(doc_get(t->attributes, addresses[i]), NULL))
			return doc_text(doc_get(t->attributes, addresses[i]), NULL);
	return strcmp(t->kind, "kubernetes.cluster") == 0 || strcmp(t->kind, "im.cluster") == 0 || strcmp(t->kind, "oscar.cluster") == 0 ? NULL : "this machine";
}

bool infra_is_kubernetes(const struct plan_thing *t)
{
	return strcmp(t->kind, "kubernetes.cluster") == 0 || strcmp(t->kind, "oscar.cluster") == 0;
}

static const struct plan_thing *thing_named(const struct plan *p, const char *name)
{
	for (uint32_t i = 0; i < p->n_things; i++)
		if (strcmp(p->things[i].name, name) == 0)
			return &p->things[i];
	return NULL;
}

const struct plan_thing *infra_of(const struct plan *p, const struct plan_thing *service)
{
	const char *on = doc_text(doc_get(doc_get(service->attributes, "on"), "ref"), NULL);

	return on ? thing_named(p, on) : NULL;
}

const char *infra_name_beside(struct arena *a, const struct plan *p, const char *name, const char *suffix)
{
	const char *ret = arena_printf(a, "%s%s", name, suffix);

	while (thing_named(p, ret))
		ret = arena_printf(a, "%s_", ret);
	return ret;
}
