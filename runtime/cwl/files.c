/* What a File or Directory says of itself: its names and size, its contents, what lies in it, what belongs to it. */
#include "runtime/cwl/inside.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void file_describe(struct tool *t, struct doc *file, const char *path, const char *basename)
{
	struct stat st;
	const char *base = basename ? basename : file_basename(t->arena, path), *dot = strrchr(base, '.');
	bool is_dir = datum_is_dir(file);
	datum_drop(file, "location");
	datum_put_text(t, file, "path", path);
	datum_put_text(t, file, "location", arena_printf(t->arena, "file://%s", path));
	datum_put_text(t, file, "basename", base);
	datum_put_text(t, file, "dirname", file_dirname(t->arena, path));
	if (is_dir)
		return;
	dot = dot == base ? NULL : dot;
	datum_put(t, file, "nameroot", doc_string_n(t->arena, base, dot ? (size_t)(dot - base) : strlen(base)));
	datum_put_text(t, file, "nameext", dot ? dot : "");
	if (stat(path, &st) == 0)
		datum_put(t, file, "size", doc_int(t->arena, st.st_size));
	else if (doc_get(file, "contents"))
		datum_put(t, file, "size", doc_int(t->arena, (int64_t)strlen(doc_text(doc_get(file, "contents"), ""))));
}

enum cwl_listing file_listing(const struct tool *t, enum cwl_listing own, enum cwl_listing binding)
{
	if (binding != CWL_LISTING_UNSAID)
		return binding;
	if (own != CWL_LISTING_UNSAID)
		return own;
	if (t->process->listing != CWL_LISTING_UNSAID)
		return t->process->listing;
	return t->process->version == 10 ? CWL_LISTING_DEEP : CWL_LISTING_NONE;
}

static bool load_contents(struct tool *t, struct doc *file)
{
	const char *path = doc_text(doc_get(file, "path"), NULL);
	char *bytes = arena_alloc(t->arena, CONTENTS_MAX_BYTES + 2);
	size_t len = 0;
	if (doc_get(file, "contents") || !path)
		return true;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return tool_fail(t, "cannot read `%s`: %s", path, strerror(errno));
	for (ssize_t n; len <= CONTENTS_MAX_BYTES && (n = read(fd, bytes + len, CONTENTS_MAX_BYTES + 1 - len)) > 0;)
		len += (size_t)n;
	close(fd);
	if (len > CONTENTS_MAX_BYTES && t->process->version >= 12)
		return tool_fail(t, "`%s` is larger than the 64 KiB that loadContents takes", file_basename(t->arena, path));
	datum_put(t, file, "contents", doc_string_n(t->arena, bytes, len > CONTENTS_MAX_BYTES ? CONTENTS_MAX_BYTES : len));
	return true;
}

static bool load_listing(struct tool *t, struct doc *dir, bool deep, int depth)
{
	const char *path = doc_text(doc_get(dir, "path"), NULL);
	char **names;
	uint32_t n;
	if (!path)
		return true;
	int e = depth > VALUE_MAX_DEPTH ? ELOOP : file_list(t->arena, path, &names, &n);
	if (e)
		return tool_fail(t, "cannot list `%s`: %s", path, strerror(e));
	struct doc *list = doc_list(t->arena);
	for (uint32_t i = 0; i < n; i++) {
		const char *full = arena_printf(t->arena, "%s/%s", path, names[i]);
		struct doc *one = doc_map(t->arena);
		datum_put_text(t, one, "class", file_is_dir(full) ? "Directory" : "File");
		file_describe(t, one, full, NULL);
		if (deep && datum_is_dir(one) && !load_listing(t, one, deep, depth + 1))
			return false;
		doc_push(list, one);
	}
	datum_put(t, dir, "listing", list);
	return true;
}

bool file_load(struct tool *t, struct doc *file, bool contents, enum cwl_listing listing)
{
	if (datum_is_file(file))
		return !contents || load_contents(t, file);
	if (listing == CWL_LISTING_SHALLOW || listing == CWL_LISTING_DEEP)
		return load_listing(t, file, listing == CWL_LISTING_DEEP, 0);
	return true;
}

/* -- secondary files -------------------------------------------------------------------------------------------------- */

/* "x.bam" and "^.bai": "x.bai"; each caret takes one extension away. */
const char *file_pattern(struct tool *t, const char *name, const char *pattern)
{
	const char *stem = arena_strdup(t->arena, name);
	while (*pattern == '^') {
		const char *dot = strrchr(stem, '.');
		if (!dot) {
			pattern += strspn(pattern, "^");
			break;
		}
		stem = arena_strndup(t->arena, stem, (size_t)(dot - stem));
		pattern++;
	}
	return arena_printf(t->arena, "%s%s", stem, pattern);
}

static bool already(const struct doc *list, const char *basename)
{
	for (doc_each(x, list))
		if (strcmp(doc_text(doc_get(x, "basename"), ""), basename) == 0)
			return true;
	return false;
}

/* One that a pattern or an expression names: a name beside the file, or a File of its own. */
static bool add_one(struct tool *t, struct doc *file, struct doc *list, const struct doc *what, bool required)
{
	const char *name = doc_text(what, NULL), *folder = doc_text(doc_get(file, "dirname"), t->work);
	struct doc *one = doc_map(t->arena);
	if (datum_is_path(what)) {
		name = doc_text(doc_get(what, "basename"), doc_text(doc_get(what, "path"), doc_text(doc_get(what, "location"), NULL)));
		one = doc_copy(t->arena, what);
	}
	if (!name)
		return datum_is_null(what) || tool_fail(t, "a secondary file is neither a name nor a File");
	const char *at = datum_is_path(what) ? doc_text(doc_get(what, "path"), doc_text(doc_get(what, "location"), NULL)) : NULL;
	const char *path = file_join(t->arena, folder, !at ? name : strncmp(at, "file://", 7) == 0 ? at + 7 : at);
	const char *base = at ? file_basename(t->arena, name) : file_basename(t->arena, path);
	if (already(list, base))
		return true;
	if (!file_exists(path)) {
		if (!required || doc_get(one, "contents"))
			return true;
		return tool_fail(t, "the secondary file `%s` of `%s` is not there", base, doc_text(doc_get(file, "basename"), ""));
	}
	datum_put_text(t, one, "class", file_is_dir(path) ? "Directory" : "File");
	file_describe(t, one, path, base);
	doc_push(list, one);
	return true;
}

static bool is_required(struct tool *t, const struct doc *required, const struct doc *file, bool otherwise, bool *ret)
{
	const struct doc *d = required;
	if (d && !expression_value(t, d, file, &d))
		return false;
	*ret = required ? doc_truth(d, false) : otherwise;
	return true;
}

bool file_secondary(struct tool *t, struct doc *file, const struct cwl_param *p, bool output)
{
	struct doc *list = doc_get(file, "secondaryFiles");
	if (p->n_secondary == 0)
		return true;
	list = list && list->kind == DOC_LIST ? doc_copy(t->arena, list) : doc_list(t->arena);
	for (uint32_t i = 0; i < p->n_secondary; i++) {
		const struct cwl_secondary *s = &p->secondary[i];
		const struct doc *what;
		bool required, good = true;
		if (!is_required(t, s->required, file, !output, &required))
			return false;
		if (!cwl_is_expression(s->pattern))
			what = doc_string(t->arena, file_pattern(t, doc_text(doc_get(file, "basename"), ""), s->pattern));
		else if (!expression_eval(t, s->pattern, file, &what))
			return false;
		if (what->kind != DOC_LIST)
			good = add_one(t, file, list, what, required);
		for (doc_each(x, what->kind == DOC_LIST ? what : NULL))
			good = good && add_one(t, file, list, x, required);
		if (!good)
			return false;
	}
	datum_put(t, file, "secondaryFiles", list);
	return true;
}
