/* The table of targets, and what they share. */
#include "targets/target.h"
#include "compiler/base/file.h"
#include "compiler/base/format.h"
#include <string.h>

const struct target *const targets[] = { &target_cwl, &target_slurm, &target_jenkins, &target_kubernetes, &target_oscar, &target_ansible, &target_tosca, NULL };

const struct target *target_find(const char *name)
{
	for (const struct target *const *t = targets; *t; t++)
		if (strcmp((*t)->name, name) == 0)
			return *t;
	return NULL;
}

void target_result_init(struct target_result *r, struct arena *a)
{
	*r = (struct target_result){ .arena = a };
}

void target_result_finish(struct target_result *r)
{
	vec_finish(&r->rows);
	target_result_drop_files(r);
	vec_finish(&r->files);
}

static void drop_lines(struct target_result *r)
{
	for (uint32_t i = 0; i < r->files.len; i++)
		if (r->files.at[i].lines)
			lines_finish(r->files.at[i].lines);
}

void target_result_drop_files(struct target_result *r)
{
	drop_lines(r);
	r->files.len = 0;
}

/* Texts that were said last are mostly said again. */
static const char *keep(struct arena *a, const char *text, const char **last, const char **kept)
{
	if (text && (!*last || strcmp(*last, text) != 0)) {
		*last = text;
		*kept = arena_strdup(a, text);
	}
	return text ? *kept : NULL;
}

void target_result_keep(struct target_result *r, struct arena *a)
{
	const char *last = NULL, *kept = NULL;

	drop_lines(r);
	for (uint32_t i = 0; i < r->files.len; i++)
		r->files.at[i] = (struct target_file){ .path = arena_strdup(a, r->files.at[i].path) };
	for (uint32_t i = 0; i < r->rows.len; i++) {
		r->rows.at[i].subject = arena_strdup(a, r->rows.at[i].subject);
		r->rows.at[i].reason = keep(a, r->rows.at[i].reason, &last, &kept);
	}
	r->note = r->note ? arena_strdup(a, r->note) : NULL;
	r->error = r->error ? arena_strdup(a, r->error) : NULL;
	r->arena = a;
}

struct target_row *target_row(struct target_result *r, const char *subject, struct span span, enum target_level level, const char *format, ...)
{
	struct target_row *row = vec_push(&r->rows);
	va_list args;

	*row = (struct target_row){ .subject = subject, .span = span, .level = level };
	if (!format)
		return row;
	va_start(args, format);
	row->reason = arena_vprintf(r->arena, format, args);
	va_end(args);
	return row;
}

void target_open_given(struct target_result *r, const struct plan *plan, const char *how)
{
	for (uint32_t i = 0; i < plan->n_params; i++) {
		const struct plan_param *p = &plan->params[i];
		if (p->maker && !p->value)
			target_row(r, p->name, p->span, TARGET_EMULATED, "it is known once `%s` is there, and still open here: %s", p->maker, how);
	}
}

const char *target_level_name(enum target_level level)
{
	switch (level) {
	case TARGET_SUPPORTED:
		return "supported";
	case TARGET_EMULATED:
		return "emulated";
	case TARGET_REFUSED:
		return "refused";
	}
	return "";
}

struct target_file *target_put_doc(struct target_result *r, const char *path, struct span from, const struct doc *doc)
{
	struct target_file *f = vec_push(&r->files);

	*f = (struct target_file){ .path = path, .from = from, .doc = doc };
	return f;
}

void target_text_from(struct target_text *t, struct span from)
{
	lines_from(&t->lines, &t->text, from);
}

struct target_file *target_put_own(struct target_result *r, const char *path, struct span from, const char *text, size_t len)
{
	struct target_file *f = vec_push(&r->files);

	*f = (struct target_file){ .path = path, .from = from, .text = text, .len = len };
	return f;
}

struct target_file *target_put_text(struct target_result *r, const char *path, struct span from, struct target_text *t)
{
	struct target_file *f = vec_push(&r->files);
	struct lines *lines = arena_new(r->arena, struct lines);

	*lines = t->lines;
	*f = (struct target_file){ .path = path, .from = from, .text = arena_strndup(r->arena, buf_text(&t->text), t->text.len), .len = t->text.len, .lines = lines };
	buf_finish(&t->text);
	*t = (struct target_text){ 0 };
	return f;
}

static void put_documents(const struct target_file *f, struct buf *ret, struct lines *lines)
{
	bool first = true;

	for (doc_each(d, f->doc)) {
		if (!first)
			buf_puts(ret, "---\n");
		first = false;
		lines_from(lines, ret, f->from);
		doc_yaml_write_lines(d, ret, lines);
	}
}

const char *target_file_text(const struct target_file *f, struct buf *storage, struct lines *ret_lines, size_t *ret_len)
{
	size_t len = strlen(f->path);

	lines_from(ret_lines, storage, f->from);
	if (f->text) {
		for (uint32_t i = 0; f->lines && i < f->lines->list.len; i++) {
			if (ret_lines->list.len && vec_last(&ret_lines->list)->number >= f->lines->list.at[i].number)
				vec_pop(&ret_lines->list);
			*vec_push(&ret_lines->list) = f->lines->list.at[i];
		}
	} else if (f->several) {
		put_documents(f, storage, ret_lines);
	} else if (len > 5 && strcmp(f->path + len - 5, ".json") == 0) {
		doc_json_write_lines(f->doc, 2, storage, ret_lines);
		buf_putc(storage, '\n');
	} else {
		doc_yaml_write_lines(f->doc, storage, ret_lines);
	}
	*ret_len = f->text ? f->len : storage->len;
	return f->text ? f->text : buf_text(storage);
}

const char *target_path_from(struct arena *a, const char *folder, const char *path)
{
	const char *from = file_join(a, folder, "."), *to = file_join(a, path, ".");
	size_t common = 0, i = 0;
	struct buf b = { 0 };
	const char *ret;

	if (strcmp(from, "/") == 0)
		return to + 1;
	while (from[i] && from[i] == to[i]) {
		i++;
		if ((from[i] == '/' || !from[i]) && (to[i] == '/' || !to[i]))
			common = i;
	}
	for (const char *p = from + common; *p; p++)
		if (*p == '/')
			buf_puts(&b, "../");
	if (to[common] == '/')
		buf_puts(&b, to + common + 1);
	else if (b.len)
		b.text[--b.len] = '\0';
	ret = b.len ? arena_strndup(a, b.text, b.len) : ".";
	buf_finish(&b);
	return ret;
}

/* As seen from the twin's folder, wherever the compiler was called from. */
const char *target_file_name(const struct plan *p, uint32_t file)
{
	const char *path = p->sources->list.at[file].path, *main = p->sources->list.at[1].path, *slash = strrchr(main, '/');
	size_t n = slash ? (size_t)(slash - main) : 0;

	if (n && strncmp(path, main, n + 1) == 0)
		for (path += n; *path == '/';)
			path++;
	return path;
}

const char *target_place(struct arena *a, const struct plan *p, struct span span)
{
	if (span.file == 0 || span.file >= p->sources->list.len)
		return NULL;
	const char *name = target_file_name(p, span.file);
	size_t len = strlen(name);
	char *place = arena_alloc(a, len + 1 + FORMAT_INT_BYTES + 1);
	memcpy(place, name, len);
	for (char *c = place; *c; c++) { /* it stands in comments, which end with a line: of ASCII, or of YAML's */
		if (*c >= ' ' && *c < 127)
			continue;
		size_t n = (unsigned char)*c < ' ' || *c == 127 ? 1 : strncmp(c, "\xC2\x85", 2) == 0 ? 2 : strncmp(c, "\xE2\x80\xA8", 3) == 0 || strncmp(c, "\xE2\x80\xA9", 3) == 0 ? 3 : 0;
		memset(c, '?', n);
	}
	place[len] = ':';
	len += 1 + format_int(source_line_number(p->sources, span), place + len + 1);
	place[len] = '\0';
	return place;
}

enum eval_status target_param(void *ctx, uint32_t index, const struct value **ret)
{
	const struct plan *const *p = ctx;
	const struct value *v = (*p)->params[index].value;

	if (!v || v->kind == VALUE_SECRET)
		return EVAL_UNKNOWN;
	*ret = v;
	return EVAL_OK;
}

double target_resource(struct target_result *r, const struct plan *p, const struct plan_step *step, const struct expr *e, const char *what, const char *otherwise)
{
	struct eval ev = { .arena = r->arena, .ctx = &p, .param = target_param };
	const struct value *v;

	if (!e)
		return -1;
	if (eval_expr(&ev, e, &v) == EVAL_OK && value_is_number(v))
		return value_number(v) * (v->unit ? (double)v->unit->num / (double)v->unit->den : 1);
	target_row(r, step->name, e->span, TARGET_EMULATED, "its %s depends on what the run gives: %s", what, otherwise);
	return -1;
}
