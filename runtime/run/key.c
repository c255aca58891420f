/* The key of a task: everything that its result can depend on, as named texts, and a digest over them. */
#include "runtime/run/inside.h"

/* -- values without their folders ----------------------------------------------------------------------------------- */

/* The same value with its paths where the task will find them: WHERE/BASENAME, list elements in WHERE/000 and so on. */
const struct value *key_canonical(struct run *r, struct arena *a, const char *where, const struct value *v)
{
	switch (v->kind) {
	case VALUE_NULL:
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_FLOAT:
	case VALUE_STRING:
	case VALUE_RANGE:
	case VALUE_SECRET: break;
	case VALUE_PATH:
		return value_path(a, arena_printf(a, "%s/%s", where, file_basename(a, v->file.path)), v->is_dir, v->file.digest);
	case VALUE_LIST: {
		const struct value **items = arena_new_n(a, const struct value *, v->list.len);
		for (uint32_t i = 0; i < v->list.len; i++)
			items[i] = key_canonical(r, a, arena_printf(a, "%s/%03u", where, i), v->list.items[i]);
		return value_list(a, items, v->list.len);
	}
	case VALUE_RECORD: {
		struct value_field *fields = arena_new_n(a, struct value_field, v->record.len);
		for (uint32_t i = 0; i < v->record.len; i++) {
			fields[i].name = v->record.fields[i].name;
			fields[i].value = key_canonical(r, a, arena_printf(a, "%s/%s", where, fields[i].name), v->record.fields[i].value);
		}
		return value_record(a, fields, v->record.len);
	}
	}
	return v;
}

void key_value(struct arena *a, const struct value *v, struct buf *ret)
{
	doc_json_write(value_save(a, key_canonical(NULL, a, "", v)), 0, ret);
}

/* -- components ---------------------------------------------------------------------------------------------------- */

struct key { struct run *run; struct task *task; struct arena *arena; struct doc *doc; struct bind bind; bool failed; };

static void add(struct key *k, const char *name, const char *text)
{
	doc_set(k->arena, k->doc, name, doc_string(k->arena, text));
}

static const char *component_text(struct key *k, const struct value *v)
{
	struct buf b = { 0 };
	doc_json_write(value_save(k->arena, v), 0, &b);
	const char *text = arena_strndup(k->arena, buf_text(&b), b.len);
	buf_finish(&b);
	return text;
}

/* The expression's canonical value; NULL: reported. */
static const struct value *key_eval(struct key *k, const struct expr *e)
{
	const struct value *v;
	struct span span;
	const char *error;
	if (k->failed || bind_eval(&k->bind, e, &v, &span, &error) != EVAL_OK) {
		if (!k->failed)
			fail_node(k->run, k->task->node, DIAG_E0610, span, "%s", error);
		k->failed = true;
		return NULL;
	}
	return v;
}

static void add_expr(struct key *k, const char *name, const struct expr *e)
{
	const struct value *v = e ? key_eval(k, e) : NULL;
	if (v)
		add(k, name, v->kind == VALUE_STRING ? v->string.text : component_text(k, v));
}

static void add_inputs(struct key *k)
{
	const struct plan_step *s = k->task->step;
	const struct value **inputs = arena_new_n(k->arena, const struct value *, s->n_inputs);
	for (uint32_t i = 0; i < s->n_inputs; i++) {
		inputs[i] = key_canonical(k->run, k->arena, arena_printf(k->arena, "in/%s", s->inputs[i].name), k->task->inputs[i]);
		add(k, arena_printf(k->arena, "input %s", s->inputs[i].name), component_text(k, inputs[i]));
	}
	for (uint32_t i = 0; s->cwl && i < s->n_inputs; i++) {
		const char *beside = foreign_siblings(k->run, k->arena, k->task, i);
		if (beside)
			add(k, arena_printf(k->arena, "beside %s", s->inputs[i].name), beside);
	}
	k->bind.inputs = inputs;
}

static void add_outputs(struct key *k)
{
	const struct plan_step *s = k->task->step;
	for (uint32_t i = 0; i < s->n_outputs; i++) {
		struct buf b = { 0 };
		expr_show(s->outputs[i].expr, &b);
		buf_puts(&b, ": ");
		type_show(s->outputs[i].type, &b);
		if (k->bind.outputs[i]) {
			buf_puts(&b, " ");
			value_show(k->bind.outputs[i], &b);
		}
		add(k, arena_printf(k->arena, "output %s", s->outputs[i].name), buf_text(&b));
		buf_finish(&b);
	}
	if (s->n_metrics == 0)
		return;
	struct buf b = { 0 };
	const char *path = world_metrics_path(k->run, k->task, &k->bind);
	buf_printf(&b, "%s:", path ? path : "");
	for (uint32_t i = 0; i < s->n_metrics; i++)
		buf_printf(&b, " %s", s->metrics[i].name);
	add(k, "metrics", buf_text(&b));
	buf_finish(&b);
}

/* A name that may mean another image tomorrow is looked up; a pinned one is only needed when something runs. */
static void add_image(struct key *k, const char *name)
{
	const char *why = "", *image = strstr(name, "@sha256:") ? name : lane_image(k->run, k->task, name, !k->run->dry, &why);
	if (!image)
		fail_image(k->run, k->task, name, why);
	k->failed = k->failed || !image;
	add(k, "container", image ? image : name);
}

static void add_world(struct key *k)
{
	const struct plan_step *s = k->task->step;
	struct buf b = { 0 };
	if (s->container)
		add_image(k, s->container);
	if (s->network)
		add(k, "network", "yes");
	for (uint32_t i = 0; i < s->n_modules; i++)
		buf_printf(&b, "%s%s", i ? " " : "", s->modules[i]);
	if (b.len)
		add(k, "modules", buf_text(&b));
	buf_finish(&b);
	for (uint32_t i = 0; i < s->n_env; i++)
		add_expr(k, arena_printf(k->arena, "env %s", s->env[i].name), s->env[i].expr);
}

static void add_assets(struct key *k)
{
	for (uint32_t i = 0; i < k->bind.assets.len; i++) {
		const struct value *v = k->bind.assets.at[i];
		const char *digest, *base = file_basename(k->arena, v->file.path);
		int e = stamps_digest(&k->run->stamps, v->file.path, &digest);
		if (e) {
			fail_node(k->run, k->task->node, DIAG_E0609, k->task->step->command_span, "the asset `%s` cannot be read: %s",
				  v->file.path, fail_errno(e));
			k->failed = true;
			return;
		}
		add(k, arena_printf(k->arena, "asset %u %s", i, base), digest);
	}
}

/* A CWL process: its document says the rest. */
static void add_document(struct key *k)
{
	const char *image = foreign_image(k->run, foreign_process(k->run, k->task->step));
	add(k, "document", foreign_identity(k->run, k->arena, k->task->step));
	if (image)
		add_image(k, image);
}

/* The components as JSON, in ret. False: reported. */
static bool components(struct run *r, struct task *t, struct buf *ret)
{
	struct arena a = { 0 };
	struct key k = { .run = r, .task = t, .arena = &a, .doc = doc_map(&a) };
	k.bind = (struct bind){ .run = r, .arena = &a, .assets_folder = "in/.asset" };
	add_inputs(&k);
	if (t->step->cwl) {
		add_document(&k);
	} else {
		world_outputs(r, t, &k.bind);
		add(&k, "shell", t->step->argv ? "none" : t->step->bash ? "bash" : "sh");
		add_expr(&k, "command", t->step->script ? t->step->script : t->step->argv);
		add_outputs(&k);
	}
	add_world(&k);
	add_assets(&k);
	vec_finish(&k.bind.assets);
	if (!k.failed)
		doc_json_write(k.doc, 0, ret);
	arena_finish(&a);
	return !k.failed;
}

bool key_make(struct run *r, struct task *t)
{
	struct buf text = { 0 };
	struct digest_hex hex;
	bool good = components(r, t, &text);
	if (good) {
		digest_bytes(buf_text(&text), text.len, &hex);
		t->key = arena_strdup(&r->arena, hex.text);
	}
	buf_finish(&text);
	return good;
}

/* Worked out anew: to keep them for each of many that wait takes more room than the task itself. */
const char *key_components(struct run *r, struct task *t, struct arena *a)
{
	struct buf text = { 0 };
	const char *ret = components(r, t, &text) ? arena_strndup(a, buf_text(&text), text.len) : NULL;
	buf_finish(&text);
	return ret;
}

void key_record(struct run *r, struct task *t)
{
	struct arena a = { 0 };
	struct digest_hex hex;
	const char *text = t->key && !t->keyed ? key_components(r, t, &a) : NULL;
	if (text) {
		digest_bytes(text, strlen(text), &hex);
		if (strcmp(hex.text, t->key) == 0) /* not of a file that has changed meanwhile */
			journal_key_put(r->o.journal, t->key, text);
	}
	t->keyed = true;
	arena_finish(&a);
}

bool run_component_differs(struct arena *a, const char *before, const char *now, const char **ret_name, const char **ret_before, const char **ret_now)
{
	struct doc *x, *y;
	char *error;
	if (!doc_json_read(a, before, strlen(before), &x, &error) || !doc_json_read(a, now, strlen(now), &y, &error))
		return false;
	for (doc_each(m, y)) {
		const struct doc *other = doc_get(x, m->key);
		if (other && strcmp(doc_text(other, ""), doc_text(m, "")) == 0)
			continue;
		*ret_name = m->key;
		*ret_before = doc_text(other, NULL);
		*ret_now = doc_text(m, "");
		return true;
	}
	for (doc_each(m, x))
		if (!doc_get(y, m->key)) {
			*ret_name = m->key;
			*ret_before = doc_text(m, "");
			*ret_now = NULL;
			return true;
		}
	return false;
}
