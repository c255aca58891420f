/* The outputs of a workflow: copied beside the last ones and renamed into their place as a whole, and told as a CWL
 * output object. Nothing is touched when nothing changed. */
#include "runtime/run/inside.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

struct results {
	struct run *run;
	struct arena *arena;
	const char *tmp, *final; /* folders */
	const char *failed;      /* what could not be written */
	int error;
};

static bool holds_path(const struct value *v)
{
	if (v->kind == VALUE_PATH)
		return true;
	for (uint32_t i = 0; v->kind == VALUE_LIST && i < v->list.len; i++)
		if (holds_path(v->list.items[i]))
			return true;
	for (uint32_t i = 0; v->kind == VALUE_RECORD && i < v->record.len; i++)
		if (holds_path(v->record.fields[i].value))
			return true;
	return false;
}

static void note(struct results *x, int e, const char *path)
{
	if (!e || x->error)
		return;
	x->error = e;
	x->failed = path;
}

/* -- files ---------------------------------------------------------------------------------------------------------- */

static struct doc *path_object(struct results *x, bool is_dir, const char *copy, const char *final)
{
	struct doc *d = doc_map(x->arena);
	char sha1[41];
	uint64_t size;
	doc_set(x->arena, d, "class", doc_string(x->arena, is_dir ? "Directory" : "File"));
	doc_set(x->arena, d, "path", doc_string(x->arena, final));
	doc_set(x->arena, d, "basename", doc_string(x->arena, file_basename(x->arena, final)));
	if (is_dir)
		return d;
	note(x, digest_sha1_file(copy, sha1, &size), copy);
	if (x->error)
		return d;
	doc_set(x->arena, d, "size", doc_int(x->arena, (int64_t)size));
	doc_set(x->arena, d, "checksum", doc_printf(x->arena, "sha1$%s", sha1));
	return d;
}

/* Most often only the last folder is missing. */
static int make_folder(const char *path)
{
	return mkdir(path, 0755) == 0 || errno == EEXIST ? 0 : file_mkdirs(path);
}

static struct doc *put_file(struct results *x, const char *path, bool is_dir, const char *where)
{
	const char *base = file_basename(x->arena, path), *copy = arena_printf(x->arena, "%s/%s/%s", x->tmp, where, base);
	if (!x->error)
		note(x, file_copy_tree(path, copy), path);
	return path_object(x, is_dir, copy, arena_printf(x->arena, "%s/%s/%s", x->final, where, base));
}

static struct doc *put_path(struct results *x, const struct value *v, const char *where)
{
	const char *folder = arena_printf(x->arena, "%s/%s", x->tmp, where);
	const struct doc *others = foreign_secondary(x->run, x->arena, v->file.path);
	struct doc *list = doc_list(x->arena);
	note(x, make_folder(folder), folder);
	struct doc *d = put_file(x, v->file.path, v->is_dir, where);
	for (doc_each(o, others))
		doc_push(list, put_file(x, doc_text(doc_get(o, "path"), ""), strcmp(doc_text(doc_get(o, "class"), ""), "Directory") == 0, where));
	if (others)
		doc_set(x->arena, d, "secondaryFiles", list);
	return d;
}

static struct doc *put_value(struct results *x, const struct value *v, const struct type *type, const char *where)
{
	struct buf text = { 0 };
	struct doc *d = value_to_doc(x->arena, v, type);
	const char *path = arena_printf(x->arena, "%s/%s.json", x->tmp, where);
	doc_json_write(d, 2, &text);
	buf_putc(&text, '\n');
	note(x, make_folder(file_dirname(x->arena, path)), path);
	note(x, file_write(path, buf_text(&text), text.len, NULL), path);
	buf_finish(&text);
	return d;
}

static struct doc *put(struct results *x, const struct value *v, const struct type *type, const char *where)
{
	const struct type *t = type && type->kind == TYPE_OPTIONAL ? type->of : type;
	struct doc *d;
	if (!holds_path(v))
		return put_value(x, v, type, where);
	if (v->kind == VALUE_PATH)
		return put_path(x, v, where);
	if (v->kind == VALUE_LIST) {
		d = doc_list(x->arena);
		for (uint32_t i = 0; i < v->list.len; i++)
			doc_push(d, put(x, v->list.items[i], t ? t->of : NULL, arena_printf(x->arena, "%s/%03u", where, i)));
		return d;
	}
	d = doc_map(x->arena);
	for (uint32_t i = 0; i < v->record.len; i++) {
		const struct value_field *f = &v->record.fields[i];
		const struct type_field *tf = t && t->kind == TYPE_RECORD ? type_field(t, f->name) : NULL;
		doc_set(x->arena, d, f->name, put(x, f->value, tf ? tf->type : t && t->kind == TYPE_MAP ? t->of : NULL,
						   arena_printf(x->arena, "%s/%s", where, f->name)));
	}
	return d;
}

/* The new folder takes the place of the old in one step. */
static void swap_in(struct results *x)
{
	if (x->error)
		return;
	if (renameat2(AT_FDCWD, x->tmp, AT_FDCWD, x->final, RENAME_EXCHANGE) == 0) {
		note(x, file_remove_tree(x->tmp), x->tmp);
		return;
	}
	if (errno == EINVAL || errno == ENOSYS) /* a file system without exchange: a moment without results */
		file_remove_tree(x->final);
	if (rename(x->tmp, x->final) != 0)
		note(x, errno, x->final);
}

/* -- values --------------------------------------------------------------------------------------------------------- */

/* Workflow inputs that go straight to an output have no digest yet. */
static const struct value *with_digest(struct results *x, const struct value *v)
{
	struct run *r = x->run;
	const char *digest;
	if (v->kind == VALUE_PATH && !v->file.digest) {
		int e = stamps_digest(&r->stamps, v->file.path, &digest);
		note(x, e, v->file.path);
		return e ? v : value_path(&r->arena, v->file.path, v->is_dir, digest);
	}
	if (v->kind == VALUE_LIST && holds_path(v)) {
		const struct value **items = arena_new_n(&r->arena, const struct value *, v->list.len);
		for (uint32_t i = 0; i < v->list.len; i++)
			items[i] = with_digest(x, v->list.items[i]);
		return value_list(&r->arena, items, v->list.len);
	}
	return v;
}

static bool results_values(struct results *x, const struct value **ret)
{
	struct run *r = x->run;
	for (uint32_t i = 0; i < r->workflow->n_outputs; i++) {
		const struct plan_field *f = &r->workflow->outputs[i];
		struct bind b = { .run = r, .scope = r->root, .arena = &r->arena };
		const struct value *v;
		struct span span;
		const char *error;
		char *why;
		if (bind_eval(&b, f->expr, &v, &span, &error) != EVAL_OK) {
			diag_add(&r->diags, DIAG_E0610, span, "output `%s`: %s", f->name, error);
			run_tell(r, EVENT_PROBLEM, f->name)->diag = r->diags.last;
			return false;
		}
		if (v->kind != VALUE_NULL && !value_coerce(&r->arena, v, f->type, &v, &why)) {
			diag_add(&r->diags, DIAG_E0610, f->span, "output `%s`: %s", f->name, why);
			run_tell(r, EVENT_PROBLEM, f->name)->diag = r->diags.last;
			return false;
		}
		ret[i] = with_digest(x, v);
	}
	return true;
}

static void add_secondary(struct results *x, const struct value *v, struct buf *ret)
{
	const char *digest;
	for (doc_each(o, v->kind == VALUE_PATH ? foreign_secondary(x->run, x->arena, v->file.path) : NULL))
		if (stamps_digest(&x->run->stamps, doc_text(doc_get(o, "path"), ""), &digest) == 0)
			buf_printf(ret, " + %s", digest);
	for (uint32_t i = 0; v->kind == VALUE_LIST && i < v->list.len; i++)
		add_secondary(x, v->list.items[i], ret);
	for (uint32_t i = 0; v->kind == VALUE_RECORD && i < v->record.len; i++)
		add_secondary(x, v->record.fields[i].value, ret);
}

static void results_digest(struct results *x, const struct value *const *values, struct digest_hex *ret)
{
	struct buf text = { 0 };
	for (uint32_t i = 0; i < x->run->workflow->n_outputs; i++) {
		const struct plan_field *f = &x->run->workflow->outputs[i];
		buf_printf(&text, "%s: ", f->name);
		type_show(f->type, &text);
		key_value(x->arena, values[i], &text);
		add_secondary(x, values[i], &text);
		buf_putc(&text, '\n');
	}
	buf_puts(&text, x->final);
	digest_bytes(buf_text(&text), text.len, ret);
	buf_finish(&text);
}

static bool unchanged(struct results *x, const char *digest)
{
	const char *old, *stamp, *object;
	char now[STAMP_LEN];
	bool same = journal_results_get(x->run->o.journal, x->arena, x->run->workflow->name, &old, &stamp, &object) &&
		    strcmp(old, digest) == 0 && stamp_path(x->final, now) == 0 && strcmp(now, stamp) == 0;
	if (same)
		stamps_see(&x->run->stamps, x->final, now);
	return same;
}

static void tell_outputs(struct results *x, const struct doc *object)
{
	struct run *r = x->run;
	for (uint32_t i = 0; i < r->workflow->n_outputs; i++) {
		struct doc *d = doc_get(object, r->workflow->outputs[i].name);
		struct buf text = { 0 };
		if (doc_get(d, "path"))
			buf_puts(&text, doc_text(doc_get(d, "path"), ""));
		else if (d && (d->kind == DOC_LIST || d->kind == DOC_MAP))
			buf_printf(&text, "%s/%s", x->final, r->workflow->outputs[i].name);
		else if (d)
			doc_json_write(d, 0, &text);
		run_tell(r, EVENT_OUTPUT, r->workflow->outputs[i].name)->text = arena_strdup(&r->arena, buf_text(&text));
		buf_finish(&text);
	}
}

static void promote(struct results *x, const struct value *const *values)
{
	struct run *r = x->run;
	for (uint32_t m = 0; m < r->plan->n_models; m++) {
		const struct plan_model *model = &r->plan->models[m];
		for (uint32_t i = 0; model->workflow == r->o.workflow && i < r->workflow->n_outputs; i++) {
			struct buf text = { 0 };
			if (strcmp(r->workflow->outputs[i].name, model->output) != 0 || values[i]->kind == VALUE_NULL)
				continue;
			doc_json_write(value_save(x->arena, values[i]), 0, &text);
			const char *old = journal_promotion_get(r->o.journal, x->arena, model->name);
			if (!old || strcmp(old, buf_text(&text)) != 0)
				journal_promote(r->o.journal, model->name, buf_text(&text), r->id);
			buf_finish(&text);
		}
	}
}

static bool results_write(struct results *x, const struct value *const *values, const char *digest)
{
	struct run *r = x->run;
	struct buf text = { 0 };
	char stamp[STAMP_LEN];
	struct doc *object = doc_map(x->arena);
	note(x, file_remove_tree(x->tmp), x->tmp);
	note(x, file_mkdirs(x->tmp), x->tmp);
	for (uint32_t i = 0; i < r->workflow->n_outputs && !x->error; i++) {
		const struct plan_field *f = &r->workflow->outputs[i];
		doc_set(x->arena, object, f->name, put(x, values[i], f->type, f->name));
	}
	swap_in(x);
	if (!x->error)
		note(x, stamp_path(x->final, stamp), x->final);
	if (x->error)
		return false;
	stamps_see(&r->stamps, x->final, stamp);
	doc_json_write(object, 2, &text);
	journal_results_put(r->o.journal, r->workflow->name, digest, stamp, buf_text(&text));
	buf_finish(&text);
	tell_outputs(x, object);
	return true;
}

bool results_make(struct run *r)
{
	struct arena a = { 0 };
	struct results x = { .run = r, .arena = &a };
	struct digest_hex digest;
	const struct value **values = arena_new_n(&r->arena, const struct value *, r->workflow->n_outputs);
	x.final = arena_printf(&a, "%s/%s", r->o.results, r->workflow->name);
	x.tmp = arena_printf(&a, "%s.tmp", x.final);
	bool good = results_values(&x, values);
	if (good && !x.error) {
		results_digest(&x, values, &digest);
		good = unchanged(&x, digest.text) || results_write(&x, values, digest.text);
	}
	if (good && !x.error)
		promote(&x, values);
	if (x.error) {
		struct diag *d = diag_add(&r->diags, DIAG_E0617, r->workflow->span, "the outputs of `%s` cannot be written: `%s`: %s",
					  r->workflow->name, x.failed, fail_errno(x.error));
		diag_help(d, "make it writable, or name another folder with `--results`, then apply again: the work is done and kept");
		run_tell(r, EVENT_PROBLEM, NULL)->diag = r->diags.last;
	}
	arena_finish(&a);
	return good && !x.error;
}
