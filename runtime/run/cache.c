/* Results of earlier tasks: kept under their key with where they lie and what they looked like, trusted only while they
 * still look like that. */
#include "runtime/run/inside.h"
#include <limits.h>
#include <stdio.h>

#define NO_LOOK "?\n" /* of a path that is no word of a line: its content tells */

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

/* A line for each path of the value: its stamp, and where it lies. */
static void add_look(struct run *r, const struct value *v, struct buf *ret)
{
	char stamp[STAMP_LEN];
	struct arena a = { 0 };
	if (v->kind == VALUE_PATH) {
		const char *path = relative(&a, v->file.path, (void *)(uintptr_t)r->o.state);
		if (strpbrk(path, "\t\n") || stamp_path(v->file.path, stamp) != 0) {
			buf_puts(ret, NO_LOOK);
			stamps_see(&r->stamps, v->file.path, "");
		} else {
			buf_printf(ret, "%s\t%s\n", stamp, path);
		}
	}
	for (uint32_t i = 0; v->kind == VALUE_LIST && i < v->list.len; i++)
		add_look(r, v->list.items[i], ret);
	for (uint32_t i = 0; v->kind == VALUE_RECORD && i < v->record.len; i++)
		add_look(r, v->record.fields[i].value, ret);
	arena_finish(&a);
}

static void keep_look(struct run *r, const struct task *t, const struct value *outputs)
{
	struct buf look = { 0 };
	add_look(r, outputs, &look);
	journal_look_put(r->o.journal, t->key, buf_text(&look));
	*vec_push(&r->looks) = arena_strndup(&r->arena, buf_text(&look), look.len);
	buf_finish(&look);
}

/* The path behind the stamp of this line, in ret; its part below the state folder, or all of it. NULL: there is no look. */
static const char *look_path(const struct run *r, const char *line, char ret[PATH_MAX], size_t *ret_stamp)
{
	size_t tab = strcspn(line, "\t\n"), len = line[tab] == '\t' ? strcspn(line + tab + 1, "\n") : 0, before = 0;
	*ret_stamp = tab;
	if (len > 0 && line[tab + 1] != '/') {
		before = strlen(r->o.state) + 1;
		if (before < PATH_MAX)
			snprintf(ret, PATH_MAX, "%s/", r->o.state);
	}
	if (len == 0 || before + len >= PATH_MAX)
		return NULL;
	memcpy(ret + before, line + tab + 1, len);
	ret[before + len] = 0;
	return ret + before;
}

void cache_each_look(const struct run *r, void (*each)(const char *path, const char *stamp, void *ctx), void *ctx)
{
	char path[PATH_MAX], stamp[STAMP_LEN];
	size_t n;
	for (uint32_t i = 0; i < r->looks.len; i++)
		for (const char *line = r->looks.at[i]; *line; line += strcspn(line, "\n") + 1)
			if (look_path(r, line, path, &n) && n < sizeof stamp) {
				snprintf(stamp, sizeof stamp, "%.*s", (int)n, line);
				each(path, stamp, ctx);
			}
}

void cache_store(struct run *r, struct task *t, const struct value *outputs, const struct doc *metrics)
{
	struct arena a = { 0 };
	struct buf text = { 0 };
	struct doc *d = doc_map(&a);
	doc_set(&a, d, "outputs", value_save(&a, with_paths(&a, outputs, relative, (void *)(uintptr_t)r->o.state)));
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
	journal_cache_put(r->o.journal, t->key, buf_text(&text));
	keep_look(r, t, outputs);
	buf_finish(&text);
	arena_finish(&a);
}

/* -- looking up ---------------------------------------------------------------------------------------------------- */

/* Whether every file looks as it did. */
static bool looks_same(struct run *r, const char *look)
{
	char path[PATH_MAX], stamp[STAMP_LEN];
	size_t n;
	for (const char *line = look; *line; line += strcspn(line, "\n") + 1) {
		const char *below = look_path(r, line, path, &n);
		if (!below || stamp_path_in(r->folder, below, path, stamp) != 0 || strlen(stamp) != n || memcmp(stamp, line, n) != 0)
			return false;
	}
	*vec_push(&r->looks) = arena_strdup(&r->arena, look);
	return true;
}

/* What makes a kept result worthless: a file that is gone or has another content; NULL: nothing. */
static const char *trouble_in(struct run *r, const struct value *v)
{
	const char *digest, *trouble = NULL;
	if (v->kind == VALUE_PATH && access(v->file.path, F_OK) != 0)
		return arena_printf(&r->arena, "its output `%s` is gone", file_basename(&r->arena, v->file.path));
	if (v->kind == VALUE_PATH && (stamps_content(&r->stamps, v->file.path, &digest) != 0 || strcmp(digest, v->file.digest ? v->file.digest : "") != 0))
		return arena_printf(&r->arena, "its output `%s` was changed", file_basename(&r->arena, v->file.path));
	for (uint32_t i = 0; v->kind == VALUE_LIST && i < v->list.len && !trouble; i++)
		trouble = trouble_in(r, v->list.items[i]);
	for (uint32_t i = 0; v->kind == VALUE_RECORD && i < v->record.len && !trouble; i++)
		trouble = trouble_in(r, v->record.fields[i].value);
	return trouble;
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

static bool read_kept(struct run *r, struct arena *a, const struct task *t, const struct value **ret_outputs, const struct doc **ret_metrics)
{
	struct doc *d;
	char *error;
	const char *text = journal_cache_get(r->o.journal, a, t->key);
	if (!text || !doc_json_read(a, text, strlen(text), &d, &error) || !value_load(a, doc_get(d, "outputs"), ret_outputs))
		return false;
	*ret_outputs = with_paths(a, *ret_outputs, absolute, (void *)(uintptr_t)r->o.state);
	*ret_metrics = doc_get(d, "metrics");
	return true;
}

const struct value *cache_load(struct run *r, struct task *t)
{
	struct arena a = { 0 };
	const struct value *outputs, *found = NULL;
	const struct doc *metrics;
	if (read_kept(r, &a, t, &outputs, &metrics))
		found = cache_record(r, t, value_copy(&r->arena, outputs), metrics);
	arena_finish(&a);
	return found;
}

bool cache_stands(struct run *r, struct task *t)
{
	struct arena a = { 0 };
	const struct value *outputs;
	const struct doc *metrics;
	if (!r->o.journal || !foreign_reuse(r, t))
		return false;
	const char *look = journal_look_get(r->o.journal, &a, t->key);
	bool stands = look && looks_same(r, look);
	if (!stands && read_kept(r, &a, t, &outputs, &metrics)) {
		const char *trouble = trouble_in(r, outputs);
		stands = !trouble;
		if (trouble)
			t->reason = trouble;
		else if (!r->dry)
			keep_look(r, t, outputs);
	}
	arena_finish(&a);
	return stands;
}
