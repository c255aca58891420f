/* Results of earlier tasks: kept under their key with where they lie and what they looked like, trusted only while they
 * still look like that. */
#include "runtime/run/inside.h"

/* Paths of a stored result are relative to the work folder of the state, so that a twin can be moved. */
static const struct value *with_paths(struct arena *a, const struct value *v, const char *(*path)(struct arena *a, const char *path, void *ctx), void *ctx)
{
	if (v->kind == VALUE_PATH)
		return value_path(a, path(a, v->file.path, ctx), v->is_dir, v->file.digest);
	if (v->kind == VALUE_LIST) {
		const struct value **items = arena_new_n(a, const struct value *, v->list.len);
		for (uint32_t i = 0; i < v->list.len; i++)
			items[i] = with_paths(a, v->list.items[i], path, ctx);
		return value_list(a, items, v->list.len);
	}
	if (v->kind == VALUE_RECORD) {
		struct value_field *fields = arena_new_n(a, struct value_field, v->record.len);
		for (uint32_t i = 0; i < v->record.len; i++)
			fields[i] = (struct value_field){ v->record.fields[i].name, with_paths(a, v->record.fields[i].value, path, ctx) };
		return value_record(a, fields, v->record.len);
	}
	return v;
}

static const char *relative(struct arena *a, const char *path, void *ctx)
{
	const char *state = ctx;
	size_t n = strlen(state);
	(void)a;
	return strncmp(path, state, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

static const char *absolute(struct arena *a, const char *path, void *ctx)
{
	return path[0] == '/' ? path : arena_printf(a, "%s/%s", (const char *)ctx, path);
}

static void add_stamps(struct stamps *s, struct arena *a, struct doc *list, const struct value *v)
{
	char stamp[STAMP_LEN];
	if (v->kind == VALUE_PATH) {
		bool there = stamp_path(v->file.path, stamp) == 0;
		doc_push(list, doc_string(a, there ? stamp : ""));
		if (there)
			stamps_see(s, v->file.path, stamp);
	}
	for (uint32_t i = 0; v->kind == VALUE_LIST && i < v->list.len; i++)
		add_stamps(s, a, list, v->list.items[i]);
	for (uint32_t i = 0; v->kind == VALUE_RECORD && i < v->record.len; i++)
		add_stamps(s, a, list, v->record.fields[i].value);
}

void cache_store(struct run *r, struct task *t, const struct value *outputs, const struct doc *metrics)
{
	struct arena a = { 0 };
	struct buf text = { 0 };
	struct doc *d = doc_map(&a), *stamps = doc_list(&a);
	add_stamps(&r->stamps, &a, stamps, outputs);
	doc_set(&a, d, "outputs", value_save(&a, with_paths(&a, outputs, relative, (void *)(uintptr_t)r->o.state)));
	doc_set(&a, d, "stamps", stamps);
	struct doc *kept = doc_map(&a);
	for (uint32_t i = 0; i < t->step->n_metrics; i++) {
		struct doc *m = doc_get(metrics, t->step->metrics[i].name);
		if (m) {
			struct doc *copy = arena_copy(&a, m, sizeof *m);
			copy->next = NULL;
			doc_set(&a, kept, t->step->metrics[i].name, copy);
		}
	}
	doc_set(&a, d, "metrics", kept);
	doc_json_write(d, 0, &text);
	const char *kept_text = arena_strndup(&r->arena, buf_text(&text), text.len);
	journal_cache_put(r->o.journal, t->key, kept_text);
	map_set(&r->cache, t->key, (void *)(uintptr_t)kept_text);
	buf_finish(&text);
	arena_finish(&a);
}

/* -- looking up ---------------------------------------------------------------------------------------------------- */

struct check { struct run *run; struct task *task; struct doc *stamp; const char *trouble; };

static void check_path(struct check *c, const struct value *v)
{
	char stamp[STAMP_LEN];
	const char *then = doc_text(c->stamp, ""), *digest;
	struct arena *a = &c->run->arena;
	if (c->stamp)
		c->stamp = c->stamp->next;
	if (stamp_path(v->file.path, stamp) != 0)
		c->trouble = arena_printf(a, "its output `%s` is gone", file_basename(a, v->file.path));
	else if (strcmp(stamp, then) != 0 &&
		 (stamps_digest(&c->run->stamps, v->file.path, NULL, &digest) != 0 || strcmp(digest, v->file.digest ? v->file.digest : "") != 0))
		c->trouble = arena_printf(a, "its output `%s` was changed", file_basename(a, v->file.path));
	else
		stamps_see(&c->run->stamps, v->file.path, stamp);
}

static void check_value(struct check *c, const struct value *v)
{
	if (v->kind == VALUE_PATH)
		check_path(c, v);
	for (uint32_t i = 0; v->kind == VALUE_LIST && i < v->list.len && !c->trouble; i++)
		check_value(c, v->list.items[i]);
	for (uint32_t i = 0; v->kind == VALUE_RECORD && i < v->record.len && !c->trouble; i++)
		check_value(c, v->record.fields[i].value);
}

/* Outputs and metrics in one record, in the order of declaration; NULL: reported. */
const struct value *cache_record(struct run *r, struct task *t, const struct value *outputs, const struct doc *metrics)
{
	const struct plan_step *s = t->step;
	struct value_field *fields = arena_new_n(&r->arena, struct value_field, s->n_outputs + s->n_metrics);
	for (uint32_t i = 0; i < s->n_outputs; i++) {
		const struct value *v = value_member(outputs, s->outputs[i].name);
		fields[i] = (struct value_field){ s->outputs[i].name, v ? v : &value_null };
	}
	if (!metric_values(r, t, metrics, fields + s->n_outputs))
		return NULL;
	return value_record(&r->arena, fields, s->n_outputs + s->n_metrics);
}

const struct value *cache_lookup(struct run *r, struct task *t, bool *ret_failed)
{
	const char *text = map_get(&r->cache, t->key);
	struct doc *d;
	const struct value *outputs, *found = NULL;
	char *error;
	if (!text || !foreign_reuse(r, t))
		return NULL;
	struct arena a = { 0 };
	if (doc_json_read(&a, text, strlen(text), &d, &error) && value_load(&a, doc_get(d, "outputs"), &outputs)) {
		struct doc *stamps = doc_get(d, "stamps");
		struct check c = { r, t, stamps ? stamps->children.first : NULL, NULL };
		outputs = with_paths(&a, outputs, absolute, (void *)(uintptr_t)r->o.state);
		check_value(&c, outputs);
		if (c.trouble) {
			t->reason = c.trouble;
		} else {
			found = cache_record(r, t, value_copy(&r->arena, outputs), doc_get(d, "metrics"));
			*ret_failed = !found;
		}
	}
	arena_finish(&a);
	return found;
}
