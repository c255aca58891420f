/* What the tool left behind as its outputs. */
#include "runtime/cwl/inside.h"
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool below(const char *folder, const char *path)
{
	size_t n = strlen(folder);
	return strncmp(folder, path, n) == 0 && (path[n] == '/' || path[n] == 0);
}

/* -- links out of the work folder: those to inputs become copies, others are refused ---------------------------------------- */

static bool is_input(const struct tool *t, const char *real)
{
	for (uint32_t i = 0; i < t->reads.len; i++)
		if (below(t->reads.at[i], real))
			return true;
	return false;
}

static bool keep_link(struct tool *t, const char *path)
{
	char real[PATH_MAX], work[PATH_MAX];
	if (!realpath(path, real))
		return tool_fail(t, "the output `%s` is a link that leads nowhere", path + strlen(t->work) + 1);
	if (realpath(t->work, work) && below(work, real))
		return true;
	if (!is_input(t, real))
		return tool_fail(t, "the output `%s` is a link out of its work folder", path + strlen(t->work) + 1);
	int e = unlink(path) == 0 ? file_copy_tree(real, path) : errno;
	return e ? tool_fail(t, "cannot copy %s: %s", real, strerror(e)) : true;
}

static bool keep_tree(struct tool *t, const char *path, int depth)
{
	struct stat st;
	char **names;
	uint32_t n;
	if (lstat(path, &st) != 0 || depth > 200)
		return tool_fail(t, "cannot read the output `%s`: %s", path, strerror(depth > 200 ? ELOOP : errno));
	if (S_ISLNK(st.st_mode))
		return keep_link(t, path);
	if (!S_ISDIR(st.st_mode))
		return S_ISREG(st.st_mode) || tool_fail(t, "the output `%s` is neither a file nor a folder", path);
	int e = file_list(t->arena, path, &names, &n);
	if (e)
		return tool_fail(t, "cannot list `%s`: %s", path, strerror(e));
	for (uint32_t i = 0; i < n; i++)
		if (!keep_tree(t, arena_printf(t->arena, "%s/%s", path, names[i]), depth + 1))
			return false;
	return true;
}

/* -- values that leave ------------------------------------------------------------------------------------------------ */

/* A name in work/.given/N: for what has no file of that name yet. */
static const char *fresh(struct tool *t, const char *base)
{
	const char *folder = arena_printf(t->arena, "%s/.given/%u", t->work, t->n_staged++);
	int e = file_mkdirs(folder);
	if (e)
		tool_fail(t, "cannot make %s: %s", folder, strerror(e));
	return e ? NULL : arena_printf(t->arena, "%s/%s", folder, base);
}

static bool leave(struct tool *t, struct doc *d, int depth);

/* {class: File, contents: ...} or a Directory of a listing: made. */
static bool leave_literal(struct tool *t, struct doc *d, int depth)
{
	const char *base = doc_text(doc_get(d, "basename"), NULL);
	const char *to = fresh(t, base && *base && !strchr(base, '/') ? base : datum_is_dir(d) ? "folder" : "text");
	if (!to)
		return false;
	if (datum_is_file(d)) {
		const struct doc *text = doc_get(d, "contents");
		int e = text && text->kind == DOC_STRING ? file_write(to, text->string.text, text->string.len, NULL) : EINVAL;
		if (e)
			return tool_fail(t, "an output is a File with neither a path nor contents");
	} else {
		int e = file_mkdirs(to);
		for (doc_each(x, doc_get(d, "listing"))) {
			if (e || !datum_is_path(x) || !leave(t, x, depth + 1))
				return tool_fail(t, "an output is a Directory that cannot be made");
			const char *from = doc_text(doc_get(x, "path"), "");
			e = file_copy_tree(from, arena_printf(t->arena, "%s/%s", to, file_basename(t->arena, from)));
		}
		if (e)
			return tool_fail(t, "cannot make the folder `%s` of an output: %s", file_basename(t->arena, to), strerror(e));
	}
	datum_put_text(t, d, "path", to);
	return true;
}

/* The path of a file that a tool speaks of, absolute. */
static const char *spoken_path(struct tool *t, const struct doc *d)
{
	const char *path = doc_text(doc_get(d, "path"), NULL);
	if (!path)
		path = doc_text(doc_get(d, "location"), NULL);
	if (path && strncmp(path, "file://", 7) == 0)
		path += 7;
	return path ? file_join(t->arena, t->work, path) : NULL;
}

/* Under its basename; where that is another than the file has, in a folder of its own. */
static bool leave_named(struct tool *t, struct doc *d, const char *path)
{
	const char *base = doc_text(doc_get(d, "basename"), NULL);
	bool inside = below(t->work, path) && strcmp(t->work, path) != 0;
	if (!base || strchr(base, '/') || !*base)
		base = file_basename(t->arena, path);
	if (strcmp(path, t->work) == 0 || (strcmp(base, file_basename(t->arena, path)) == 0 && inside)) {
		datum_put_text(t, d, "path", path);
		return true;
	}
	char real[PATH_MAX];
	const char *from = realpath(path, real) ? real : path;
	if (!inside && strcmp(base, file_basename(t->arena, from)) == 0) {
		datum_put_text(t, d, "path", from);
		return true;
	}
	const char *to = fresh(t, base);
	int e = to ? file_copy_tree(from, to) : EINVAL;
	if (e)
		return tool_fail(t, "cannot copy %s: %s", path, strerror(e));
	datum_put_text(t, d, "path", to);
	return true;
}

static bool leave_path(struct tool *t, struct doc *d, int depth)
{
	const char *path = spoken_path(t, d);
	char real[PATH_MAX];
	if (!path)
		return leave_literal(t, d, depth);
	if (!realpath(path, real))
		return tool_fail(t, "the output `%s` is not there", path);
	if (datum_is_dir(d) != file_is_dir(path))
		return tool_fail(t, "the output `%s` is no %s", path, datum_is_dir(d) ? "folder" : "file");
	if (below(t->work, path)) {
		if (!keep_tree(t, path, 0))
			return false;
	} else if (!is_input(t, real)) {
		return tool_fail(t, "the output `%s` lies outside its work folder", path);
	}
	return leave_named(t, d, path);
}

/* Each file of a value as {class, path, basename, secondaryFiles}, the path one that stays. */
static bool leave(struct tool *t, struct doc *d, int depth)
{
	if (depth > VALUE_MAX_DEPTH)
		return tool_fail(t, "an output is nested too deeply");
	if (!datum_is_path(d)) {
		for (doc_each(x, d))
			if (!leave(t, x, depth + 1))
				return false;
		return true;
	}
	if (!leave_path(t, d, depth))
		return false;
	for (doc_each(x, doc_get(d, "secondaryFiles")))
		if (datum_is_path(x) && !leave(t, x, depth + 1))
			return false;
	static const char *const others[] = { "location", "dirname", "nameroot", "nameext", "size", "contents", "listing", "checksum" };
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		datum_drop(d, others[i]);
	return true;
}

/* -- collecting ---------------------------------------------------------------------------------------------------------- */

static struct doc *found(struct tool *t, const char *path)
{
	struct doc *d = doc_map(t->arena);
	size_t n = strlen(path);
	while (n > 1 && path[n - 1] == '/')
		n--;
	path = arena_strndup(t->arena, path, n);
	datum_put_text(t, d, "class", file_is_dir(path) ? "Directory" : "File");
	file_describe(t, d, path, NULL);
	return d;
}

static bool glob_one(struct tool *t, const char *pattern, struct doc *list)
{
	char **paths;
	uint32_t n = 0;
	size_t len = strlen(t->work);
	if (strcmp(pattern, t->work) == 0 || strcmp(pattern, ".") == 0 || strcmp(pattern, "./") == 0) {
		doc_push(list, found(t, t->work));
		return true;
	}
	if (below(t->work, pattern))
		pattern += len + 1;
	if (pattern[0] == '/')
		return tool_fail(t, "the glob `%s` is not below the work folder", pattern);
	pattern = file_join(t->arena, ".", pattern);
	size_t slash = strlen(pattern);
	while (slash > 1 && pattern[slash - 1] == '/')
		slash--;
	int e = file_glob(t->arena, t->work, arena_strndup(t->arena, pattern, slash), &paths, &n);
	if (e && e != ENOENT)
		return tool_fail(t, "the glob `%s` cannot be looked up: %s", pattern, strerror(e));
	for (uint32_t i = 0; !e && i < n; i++)
		doc_push(list, found(t, arena_printf(t->arena, "%s/%s", t->work, paths[i])));
	return true;
}

static bool glob_all(struct tool *t, const struct doc *glob, struct doc *list, int depth)
{
	const struct doc *v;
	if (depth > VALUE_MAX_DEPTH)
		return tool_fail(t, "a glob is nested too deeply");
	if (glob->kind == DOC_LIST) {
		for (doc_each(g, glob))
			if (!glob_all(t, g, list, depth + 1))
				return false;
		return true;
	}
	if (datum_is_path(glob)) {
		const char *path = spoken_path(t, glob);
		return !path || glob_one(t, path, list);
	}
	if (glob->kind != DOC_STRING)
		return datum_is_null(glob) || tool_fail(t, "a glob is neither a text nor a list of texts");
	if (!cwl_is_expression(glob->string.text))
		return glob_one(t, glob->string.text, list);
	if (!expression_eval(t, glob->string.text, NULL, &v))
		return false;
	return v->kind == DOC_STRING ? glob_one(t, v->string.text, list) : glob_all(t, v, list, depth + 1);
}

static bool is_single(const struct cwl_type *type)
{
	for (uint32_t i = 0; type->kind == CWL_UNION && i < type->n_of; i++)
		if (type->of[i]->kind == CWL_FILE || type->of[i]->kind == CWL_DIRECTORY)
			return true;
	return type->kind == CWL_FILE || type->kind == CWL_DIRECTORY;
}

static bool takes_list(const struct cwl_type *type)
{
	for (uint32_t i = 0; type->kind == CWL_UNION && i < type->n_of; i++)
		if (type->of[i]->kind == CWL_ARRAY)
			return true;
	return type->kind == CWL_ARRAY || type->kind == CWL_ANY;
}

static const char *patterns(struct tool *t, const struct cwl_collect *c)
{
	struct buf b = { 0 };
	if (c && c->glob)
		doc_json_write(c->glob, 0, &b);
	const char *text = arena_strdup(t->arena, buf_text(&b));
	buf_finish(&b);
	return text;
}

/* A list of files as the one that the type wants. */
static bool single(struct tool *t, const struct cwl_param *p, struct doc **value)
{
	struct doc *list = *value;
	if (!is_single(p->type) || list->kind != DOC_LIST || (takes_list(p->type) && doc_len(list) != 1))
		return true;
	if (doc_len(list) > 1)
		return tool_fail(t, "the output `%s` is one, but its glob %s finds %u", p->name, patterns(t, p->collect), doc_len(list));
	if (doc_len(list) == 1)
		*value = list->children.first;
	else if (datum_type_optional(p->type))
		*value = doc_null(t->arena);
	else
		return tool_fail(t, "the output `%s` is missing: nothing matches %s", p->name, patterns(t, p->collect));
	return true;
}

static bool finish_files(struct tool *t, const struct cwl_param *p, struct doc *d)
{
	if (datum_is_file(d)) {
		const struct doc *format = p->format;
		if (format && !expression_value(t, format, d, &format))
			return false;
		if (format && format->kind == DOC_STRING)
			datum_put(t, d, "format", doc_copy(t->arena, format));
		return file_secondary(t, d, p, true);
	}
	for (doc_each(x, d->kind == DOC_LIST ? d : NULL))
		if (!finish_files(t, p, x))
			return false;
	return true;
}

static bool collect_param(struct tool *t, const struct cwl_param *p, struct doc **ret, int depth);

static bool collect_record(struct tool *t, const struct cwl_type *type, struct doc **ret, int depth)
{
	*ret = doc_map(t->arena);
	for (uint32_t i = 0; i < type->n_fields; i++) {
		struct doc *v;
		if (!collect_param(t, &type->fields[i], &v, depth + 1))
			return false;
		datum_put(t, *ret, type->fields[i].name, v);
	}
	return true;
}

static bool collect_bound(struct tool *t, const struct cwl_param *p, const struct cwl_collect *c, struct doc **ret)
{
	struct doc *list = doc_list(t->arena);
	const struct doc *result;
	if (c->glob && !glob_all(t, c->glob, list, 0))
		return false;
	for (doc_each(x, list))
		if (!file_load(t, x, c->load_contents, file_listing(t, p->listing, c->listing)))
			return false;
	*ret = c->glob ? list : doc_null(t->arena);
	if (c->eval) {
		if (!expression_eval(t, c->eval, c->glob ? list : NULL, &result))
			return false;
		*ret = doc_copy(t->arena, result);
	}
	return single(t, p, ret) && finish_files(t, p, *ret);
}

static bool collect_param(struct tool *t, const struct cwl_param *p, struct doc **ret, int depth)
{
	struct cwl_collect stream = { .glob = NULL };
	const struct cwl_collect *c = p->collect;
	if (depth > VALUE_MAX_DEPTH)
		return tool_fail(t, "the output `%s` is nested too deeply", p->name);
	if (p->stream == CWL_STDOUT || p->stream == CWL_STDERR) {
		stream.glob = doc_string(t->arena, arena_printf(t->arena, "%s/%s", t->work, p->stream == CWL_STDOUT ? t->out_name : t->err_name));
		c = &stream;
	}
	*ret = doc_null(t->arena);
	if (p->type->kind == CWL_RECORD && !(c && (c->eval || c->glob)))
		return collect_record(t, p->type, ret, depth);
	return !c || collect_bound(t, p, c, ret);
}

static bool check(struct tool *t, const struct cwl_param *p, struct doc *v)
{
	struct buf b = { 0 };
	if (datum_matches(p->type, v, 0) || (p->type->kind == CWL_ANY && datum_is_null(v)))
		return true;
	doc_json_write(v, 0, &b);
	tool_fail(t, datum_is_null(v) ? "the output `%s` is missing" : "the output `%s` is not of its type: %.200s", p->name, buf_text(&b));
	buf_finish(&b);
	return false;
}

bool collect_object(struct tool *t, const struct doc *object, struct doc **ret)
{
	*ret = doc_map(t->arena);
	if (object->kind != DOC_MAP)
		return tool_fail(t, "what it gives is no object of outputs");
	for (uint32_t i = 0; i < t->process->n_outputs; i++) {
		const struct cwl_param *p = &t->process->outputs[i];
		struct doc *given = doc_get(object, p->name), *v = given ? doc_copy(t->arena, given) : doc_null(t->arena);
		if (!check(t, p, v) || !leave(t, v, 0))
			return false;
		datum_put(t, *ret, p->name, v);
	}
	return true;
}

static bool collect_each(struct tool *t, struct doc **ret)
{
	struct doc *object = doc_map(t->arena);
	for (uint32_t i = 0; i < t->process->n_outputs; i++) {
		struct doc *v;
		if (!collect_param(t, &t->process->outputs[i], &v, 0))
			return false;
		datum_put(t, object, t->process->outputs[i].name, v);
	}
	return collect_object(t, object, ret);
}

bool collect_outputs(struct tool *t, struct doc **ret)
{
	const char *path = arena_printf(t->arena, "%s/cwl.output.json", t->work);
	char *text, *error;
	size_t len;
	struct doc *object;
	if (!file_exists(path))
		return collect_each(t, ret);
	int e = file_read(t->arena, path, (size_t)64 << 20, &text, &len);
	if (e)
		return tool_fail(t, "cannot read cwl.output.json: %s", strerror(e));
	if (!doc_json_read(t->arena, text, len, &object, &error))
		return tool_fail(t, "cwl.output.json is no JSON: %s", error);
	return collect_object(t, object, ret);
}
