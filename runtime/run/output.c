/* What a task left behind as its outputs: there, of the declared kind, and of the declared format where that is cheap. */
#include "compiler/base/utf8.h"
#include "runtime/run/inside.h"
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC_BYTES 512

static struct diag *output_fail(struct run *r, struct task *t, const struct plan_field *f, enum diag_code code, const char *what)
{
	struct diag *d = fail_task(r, t, code, "output `%s` of `%s` %s", f->name, t->name, what);
	diag_label(d, f->span, "declared here");
	return d;
}

/* -- formats ------------------------------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* One alternative of a magic: pairs of hexadecimal digits, "??" for any byte. */
static bool magic_matches(const char *magic, size_t n, const unsigned char *bytes, size_t have)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		if (magic[i] != '?' && (i / 2 >= have || hex_digit(magic[i]) * 16 + hex_digit(magic[i + 1]) != bytes[i / 2]))
			return false;
	return n / 2 <= have;
}

static bool format_matches(const struct format *f, const char *path)
{
	unsigned char bytes[MAGIC_BYTES];
	while (f && !f->magic)
		f = f->parent;
	int fd = f ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return true;
	ssize_t n = read(fd, bytes, sizeof bytes);
	close(fd);
	for (const char *m = f->magic; n >= 0 && *m; m += strspn(m, " ")) {
		size_t len = strcspn(m, " ");
		if (magic_matches(m, len, bytes, (size_t)n))
			return true;
		m += len;
	}
	return false;
}

/* -- links --------------------------------------------------------------------------------------------------------- */

static bool below(const char *folder, const char *path)
{
	size_t n = strlen(folder);
	return strncmp(folder, path, n) == 0 && (path[n] == '/' || path[n] == 0);
}

static const char *kind_name(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: return "a regular file";
	case S_IFDIR: return "a folder";
	case S_IFLNK: return "a link that leads out of its work folder";
	case S_IFIFO: return "a fifo";
	case S_IFSOCK: return "a socket";
	case S_IFCHR: return "a character device";
	case S_IFBLK: return "a block device";
	default: return "neither file nor folder";
	}
}

/* A link below `path` that leads out of the work folder, or a thing that is neither file nor folder; NULL: none. */
static const char *stranger_in(struct arena *a, const char *root, const char *path, int depth, mode_t *ret_mode)
{
	struct stat st;
	char real[PATH_MAX];
	if (depth > 200 || lstat(path, &st) != 0)
		return NULL;
	*ret_mode = st.st_mode;
	if (S_ISLNK(st.st_mode))
		return realpath(path, real) && below(root, real) ? NULL : arena_strdup(a, path);
	if (!S_ISDIR(st.st_mode))
		return S_ISREG(st.st_mode) ? NULL : arena_strdup(a, path);
	DIR *d = opendir(path);
	const char *found = NULL;
	for (struct dirent *e; d && !found && (e = readdir(d));)
		if (e->d_type != DT_REG && strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			found = stranger_in(a, root, arena_printf(a, "%s/%s", path, e->d_name), depth + 1, ret_mode);
	if (d)
		closedir(d);
	return found;
}

static void fail_stranger(struct run *r, struct task *t, const struct plan_field *f, const char *path, mode_t mode)
{
	struct diag *d = output_fail(r, t, f, DIAG_E0605, arena_printf(&r->arena, "holds %s: `%s`", kind_name(mode), path));
	diag_help(d, S_ISLNK(mode) ? "copy what the link leads to (`cp -L`)" : "outputs are kept and copied, so they hold files and folders only");
}

/* A file that has another name somewhere (a hard link) could still be changed by it: a copy takes its place. errno. */
static int own_files(struct arena *a, const char *path)
{
	struct stat st;
	if (lstat(path, &st) != 0)
		return errno;
	if (S_ISREG(st.st_mode) && st.st_nlink > 1) {
		const char *copy = arena_printf(a, "%s.twin-own", path);
		int e = file_copy_tree(path, copy);
		return e ? e : rename(copy, path) == 0 ? 0 : errno;
	}
	DIR *d = S_ISDIR(st.st_mode) ? opendir(path) : NULL;
	int e = S_ISDIR(st.st_mode) && !d ? errno : 0;
	for (struct dirent *x; d && !e && (x = readdir(d));)
		if (strcmp(x->d_name, ".") != 0 && strcmp(x->d_name, "..") != 0)
			e = own_files(a, arena_printf(a, "%s/%s", path, x->d_name));
	if (d)
		closedir(d);
	return e;
}

/* The journal and the results tell paths as text. */
static bool name_is_text(struct run *r, struct task *t, const struct plan_field *f, const char *path)
{
	struct buf shown = { 0 };
	size_t len = strlen(path);
	bool good = utf8_is_valid(path, len), valid;
	for (size_t i = 0, n; i < len && !good; i += n) {
		uint32_t code;
		n = utf8_decode(path + i, len - i, &code, &valid);
		if (valid)
			buf_add(&shown, path + i, n);
		else
			buf_printf(&shown, "\\x%02x", (unsigned char)path[i]);
	}
	if (!good)
		diag_help(output_fail(r, t, f, DIAG_E0605, arena_printf(&r->arena, "has a name that is not UTF-8: `%s`", buf_text(&shown))),
			  "let the command rename it");
	buf_finish(&shown);
	return good;
}

/* -- one path ------------------------------------------------------------------------------------------------------ */

static const struct value *check_path(struct run *r, struct task *t, const struct plan_field *f, const struct type *type, const char *path)
{
	const char *work = arena_printf(&t->now->arena, "%s/work", t->now->folder), *full = file_join(&t->now->arena, work, path);
	bool dir = type->kind == TYPE_DIR;
	struct stat st;
	struct arena a = { 0 };
	const char *digest, *stranger;
	mode_t mode;
	if (!name_is_text(r, t, f, path))
		return NULL;
	if (!below(work, full) || strcmp(work, full) == 0) {
		output_fail(r, t, f, DIAG_E0605, arena_printf(&r->arena, "lies outside its work folder: `%s`", path));
		return NULL;
	}
	if (stat(full, &st) != 0) {
		if (f->type->kind == TYPE_OPTIONAL && errno == ENOENT)
			return &value_null;
		struct diag *d = output_fail(r, t, f, DIAG_E0604, arena_printf(&r->arena, "is missing: there is no `%s`", path));
		fail_add_log(r, t, d);
		return NULL;
	}
	if (dir ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode)) {
		output_fail(r, t, f, DIAG_E0605, arena_printf(&r->arena, "is %s, not %s: `%s`", kind_name(st.st_mode), kind_name(dir ? S_IFDIR : S_IFREG), path));
		return NULL;
	}
	stranger = stranger_in(&a, work, full, 0, &mode);
	if (stranger)
		fail_stranger(r, t, f, stranger + strlen(work) + 1, mode);
	arena_finish(&a);
	if (stranger)
		return NULL;
	if (!dir && !format_matches(type->format, full)) {
		output_fail(r, t, f, DIAG_E0605, arena_printf(&r->arena, "is no %s file: `%s` starts otherwise", type->format->name, path));
		return NULL;
	}
	int e = S_ISDIR(st.st_mode) || st.st_nlink > 1 ? own_files(&t->now->arena, full) : 0;
	if (!e)
		e = stamps_content(&r->stamps, full, &digest);
	if (e) {
		output_fail(r, t, f, DIAG_E0605, arena_printf(&r->arena, "cannot be read: `%s`: %s", path, fail_errno(e)));
		return NULL;
	}
	return value_path(&r->arena, full, dir, digest);
}

/* -- one output ---------------------------------------------------------------------------------------------------- */

struct paths { VEC(const char *) list; };

/* The paths that an output's expression means, globs looked up in the work folder. */
static bool expand(struct run *r, struct task *t, const struct plan_field *f, struct bind *b, const struct expr *e, struct paths *ret)
{
	const struct value *v;
	struct span span;
	const char *error, *work = arena_printf(&t->now->arena, "%s/work", t->now->folder);
	if (e->op == EXPR_LIST) {
		for (uint16_t i = 0; i < e->n; i++)
			if (!expand(r, t, f, b, e->args[i], ret))
				return false;
		return true;
	}
	bool glob = e->op == EXPR_GLOB;
	if (bind_eval(b, glob ? e->args[0] : e, &v, &span, &error) != EVAL_OK || (v->kind != VALUE_STRING && v->kind != VALUE_PATH)) {
		fail_node(r, t->node, DIAG_E0610, e->span, "where output `%s` lies cannot be worked out", f->name);
		return false;
	}
	const char *text = v->kind == VALUE_STRING ? v->string.text : v->file.path;
	if (!glob) {
		*vec_push(&ret->list) = text;
		return true;
	}
	char **found;
	uint32_t n = 0;
	int err = file_glob(&t->now->arena, work, text, &found, &n);
	for (uint32_t i = 0; !err && i < n; i++)
		*vec_push(&ret->list) = found[i];
	return true;
}

static bool collect_list(struct run *r, struct task *t, const struct plan_field *f, const struct type *type, const struct paths *p, const struct value **ret)
{
	const struct value **items = arena_new_n(&r->arena, const struct value *, p->list.len);
	for (uint32_t i = 0; i < p->list.len; i++)
		if (!(items[i] = check_path(r, t, f, type->of, p->list.at[i])))
			return false;
	*ret = value_list(&r->arena, items, p->list.len);
	return true;
}

bool output_collect(struct run *r, struct task *t, const struct plan_field *f, const struct value **ret)
{
	struct bind b = { .run = r, .inputs = t->inputs, .arena = &t->now->arena };
	const struct type *type = f->type->kind == TYPE_OPTIONAL ? f->type->of : f->type;
	struct paths p = { 0 };
	bool good = expand(r, t, f, &b, f->expr, &p);
	if (good && type->kind == TYPE_LIST) {
		good = collect_list(r, t, f, type, &p, ret);
	} else if (good && p.list.len == 1) {
		good = (*ret = check_path(r, t, f, type, p.list.at[0])) != NULL;
	} else if (good && p.list.len == 0 && f->type->kind == TYPE_OPTIONAL) {
		*ret = &value_null;
	} else if (good) {
		output_fail(r, t, f, DIAG_E0604, arena_printf(&r->arena, "is one, but its pattern finds %u", p.list.len));
		good = false;
	}
	vec_finish(&p.list);
	return good;
}
