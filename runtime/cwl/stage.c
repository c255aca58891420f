/* Files where the tool finds them: inputs as links in folders of their own, and what InitialWorkDirRequirement puts into
 * the work folder. */
#include "runtime/cwl/inside.h"
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool stage_literal(struct tool *t, const struct doc *file, const char *to)
{
	const char *text = doc_text(doc_get(file, "contents"), NULL);
	if (!text)
		return tool_fail(t, "a File has neither a path nor contents");
	int e = file_write(to, text, doc_get(file, "contents")->string.len, NULL);
	return e ? tool_fail(t, "cannot write %s: %s", to, strerror(e)) : true;
}

static bool stage_folder(struct tool *t, struct doc *dir, const char *to, bool copy)
{
	int e = file_mkdirs(to);
	if (e)
		return tool_fail(t, "cannot make %s: %s", to, strerror(e));
	for (doc_each(x, doc_get(dir, "listing")))
		if (!datum_is_path(x) || !stage_path(t, x, to, copy))
			return tool_fail(t, "an element of a listing is neither a File nor a Directory");
	return true;
}

static bool place(struct tool *t, const char *from, const char *to, bool copy)
{
	char real[PATH_MAX];
	if (!realpath(from, real))
		return tool_fail(t, "cannot read %s: %s", from, strerror(errno));
	int e = copy ? file_copy_tree(real, to) : symlink(real, to) == 0 ? 0 : errno;
	if (e)
		return tool_fail(t, "cannot stage %s as %s: %s", real, file_basename(t->arena, to), strerror(e));
	if (copy && !file_is_dir(to))
		chmod(to, 0644);
	if (!copy)
		*vec_push(&t->reads) = arena_strdup(t->arena, real);
	return true;
}

bool stage_path(struct tool *t, struct doc *file, const char *folder, bool copy)
{
	const char *from = doc_text(doc_get(file, "path"), NULL), *base = doc_text(doc_get(file, "basename"), NULL);
	if (!base)
		base = from ? file_basename(t->arena, from) : arena_printf(t->arena, "literal%u", t->n_staged++);
	if (!*base || strchr(base, '/') || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
		return tool_fail(t, "`%s` is no name of a file", base);
	const char *to = arena_printf(t->arena, "%s/%s", folder, base);
	bool good = from ? place(t, from, to, copy) : datum_is_dir(file) ? stage_folder(t, file, to, copy) : stage_literal(t, file, to);
	if (!good)
		return false;
	file_describe(t, file, to, base);
	for (doc_each(x, datum_is_file(file) ? doc_get(file, "secondaryFiles") : NULL))
		if (datum_is_path(x) && !stage_path(t, x, folder, copy))
			return false;
	return true;
}

/* -- InitialWorkDirRequirement ---------------------------------------------------------------------------------------- */

/* Files of the inputs that were put into the work folder are found there from now on. */
static void move_inputs(struct tool *t, struct doc *d, const char *from, const struct doc *to, int depth)
{
	if (depth > VALUE_MAX_DEPTH)
		return;
	if (datum_is_path(d) && strcmp(doc_text(doc_get(d, "path"), ""), from) == 0) {
		file_describe(t, d, doc_text(doc_get(to, "path"), ""), doc_text(doc_get(to, "basename"), NULL));
		if (doc_get(to, "secondaryFiles"))
			datum_put(t, d, "secondaryFiles", doc_copy(t->arena, doc_get(to, "secondaryFiles")));
		return;
	}
	for (doc_each(m, d))
		move_inputs(t, m, from, to, depth + 1);
}

/* The folder below work/ that an entry goes into, made; *ret_base: its name there. */
static const char *entry_folder(struct tool *t, const char *name, const char **ret_base)
{
	const char *full = file_join(t->arena, t->work, name), *folder = file_dirname(t->arena, full);
	size_t n = strlen(t->work);
	if (name[0] == '/') {
		tool_fail(t, "the entryname `%s` is an absolute path, which only a container can have", name);
		return NULL;
	}
	if (strncmp(full, t->work, n) != 0 || full[n] != '/') {
		tool_fail(t, "the entryname `%s` leads out of the work folder", name);
		return NULL;
	}
	int e = file_mkdirs(folder);
	if (e)
		tool_fail(t, "cannot make %s: %s", folder, strerror(e));
	*ret_base = file_basename(t->arena, full);
	return e ? NULL : folder;
}

static bool put_path(struct tool *t, const struct doc *d, const char *name, bool writable)
{
	struct doc *file = doc_copy(t->arena, d);
	const char *from = doc_text(doc_get(file, "path"), doc_text(doc_get(file, "location"), NULL)), *base, *folder = t->work;
	if (from && strncmp(from, "file://", 7) == 0)
		from += 7;
	if (from)
		datum_put_text(t, file, "path", from);
	if (name) {
		if (!(folder = entry_folder(t, name, &base)))
			return false;
		datum_put_text(t, file, "basename", base);
	} else if (!doc_get(file, "basename") && from) {
		datum_put_text(t, file, "basename", file_basename(t->arena, from));
	}
	const char *to = file_join(t->arena, folder, doc_text(doc_get(file, "basename"), ""));
	if (from && strcmp(from, to) == 0)
		return true; /* it is there already */
	if (!stage_path(t, file, folder, writable))
		return false;
	if (from)
		move_inputs(t, t->inputs, from, file, 0);
	return true;
}

static bool put_text(struct tool *t, const char *text, size_t len, const char *name)
{
	const char *base, *folder = name && *name ? entry_folder(t, name, &base) : NULL;
	if (!folder)
		return tool_fail(t, "a text of InitialWorkDirRequirement has no entryname");
	const char *to = arena_printf(t->arena, "%s/%s", folder, base);
	int e = file_write(to, text, len, NULL);
	return e ? tool_fail(t, "cannot write %s: %s", to, strerror(e)) : true;
}

static bool all_paths(const struct doc *list)
{
	for (doc_each(x, list))
		if (!datum_is_path(x))
			return false;
	return list->kind == DOC_LIST && doc_len(list) > 0;
}

static bool put_json(struct tool *t, const struct doc *d, const char *name)
{
	struct buf b = { 0 };
	datum_json(t, d, &b);
	bool good = put_text(t, buf_text(&b), b.len, name);
	buf_finish(&b);
	return good;
}

static bool put_entry(struct tool *t, const struct doc *d)
{
	const struct doc *entry = doc_get(d, "entry"), *entryname = doc_get(d, "entryname"), *writable = doc_get(d, "writable");
	const char *name = NULL;
	const struct doc *v = entry;
	if (entry && entry->kind == DOC_STRING && !expression_eval_whole(t, entry->string.text, NULL, &v))
		return false;
	if (!datum_is_null(entryname)) {
		const struct doc *n;
		if (!expression_value(t, entryname, NULL, &n))
			return false;
		if (n->kind != DOC_STRING)
			return datum_is_null(n) || tool_fail(t, "an entryname is no text");
		name = n->string.text;
	}
	if (datum_is_null(v))
		return true;
	if (v->kind == DOC_STRING)
		return put_text(t, v->string.text, v->string.len, name);
	if (datum_is_path(v))
		return put_path(t, v, name, doc_truth(writable, false));
	if (!all_paths(v))
		return put_json(t, v, name);
	if (name && t->process->version >= 12)
		return tool_fail(t, "the entryname `%s` is for one entry, and `entry` gives a list", name);
	for (doc_each(x, v))
		if (!put_path(t, x, NULL, doc_truth(writable, false)))
			return false;
	return true;
}

static bool put_any(struct tool *t, const struct doc *d, int depth)
{
	const struct doc *v = d;
	if (datum_is_null(d))
		return true;
	if (depth > VALUE_MAX_DEPTH)
		return tool_fail(t, "the listing of InitialWorkDirRequirement is nested too deeply");
	if (d->kind == DOC_STRING && depth < 3) {
		return expression_eval(t, d->string.text, NULL, &v) && (v->kind != DOC_STRING || tool_fail(t, "the listing of InitialWorkDirRequirement holds a text")) &&
		       put_any(t, v, depth + 1);
	}
	if (d->kind == DOC_LIST) {
		for (doc_each(x, d))
			if (!put_any(t, x, depth + 1))
				return false;
		return true;
	}
	if (datum_is_path(d))
		return put_path(t, d, NULL, false);
	if (d->kind == DOC_MAP && doc_get(d, "entry"))
		return put_entry(t, d);
	return tool_fail(t, "the listing of InitialWorkDirRequirement holds what is neither an entry nor a File or Directory");
}

bool work_dir_make(struct tool *t)
{
	return !t->process->work_dir || put_any(t, t->process->work_dir, 0);
}
