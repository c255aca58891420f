/* Writing what a build gives. */
#include "cli/build.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void build_open(struct build *b)
{
	b->old_map = build_read(&b->cli->arena, b->dir, BUILD_MAP);
	b->old_matrix = build_read(&b->cli->arena, b->dir, BUILD_MATRIX);
	b->folder = -1;
	for (doc_each(entry, b->old_map))
		map_set(&b->ours, entry->key, entry);
	build_keep_others(b);
}

static void leave_folder(struct build *b)
{
	if (b->folder >= 0)
		close(b->folder);
	b->folder = -1;
}

void build_close(struct build *b)
{
	map_finish(&b->ours);
	buf_finish(&b->map);
}

/* -- files that may be there already --------------------------------------------------------------------------------------- */

/* Whether an earlier build wrote what lies there: it stands in its map; plan, map and matrix come together. */
static bool is_ours(const struct build *b, const char *name)
{
	return map_get(&b->ours, name) || (b->old_map && !strchr(name, '/'));
}

static bool is_equal(struct build *b, const char *path, const char *bytes, size_t len)
{
	size_t there;
	char *text;

	return file_read(&b->cli->arena, path, len, &text, &there) == 0 && there == len && memcmp(text, bytes, len) == 0;
}

/* name: below DIR. */
static int put(struct build *b, const char *name, const char *bytes, size_t len, bool executable)
{
	const char *path = file_join(&b->cli->arena, b->dir, name), *folder = file_dirname(&b->cli->arena, path);
	struct stat st;
	bool there = lstat(path, &st) == 0;
	int error = 0;

	if (there && !b->cli->force && !is_ours(b, name) && !is_equal(b, path, bytes, len))
		return cli_fail("\"%s\" is there, and no earlier build wrote it: it stays as it is. Build elsewhere with -o DIR, or replace it with --force", path);
	if (!there)
		error = file_mkdirs(folder);
	if (error)
		return cli_fail("cannot make the folder \"%s\": %s", folder, strerror(error));
	error = file_write(path, bytes, len, NULL);
	if (!error && (there || executable) && stat(path, &st) == 0) {
		mode_t mode = executable ? st.st_mode | ((st.st_mode & 0444) >> 2) : st.st_mode & ~(mode_t)0111;
		if (mode != st.st_mode && chmod(path, mode & 07777) != 0)
			error = errno;
	}
	return error ? cli_fail("cannot write \"%s\": %s", path, strerror(error)) : CLI_DONE;
}

/* Removes what an earlier build wrote, as its source map tells, and this one does not. */
static int clear(struct build *b, const struct built *x)
{
	struct arena *a = &b->cli->arena;
	size_t n = strlen(x->target->name);
	struct map written;
	int error = 0;

	map_init(&written);
	for (uint32_t i = 0; i < x->result.files.len; i++)
		map_set(&written, x->result.files.at[i].path, b);
	for (doc_each(entry, b->old_map)) {
		const char *path = entry->key;
		if (strncmp(path, x->target->name, n) != 0 || path[n] != '/' || strstr(path, "..") || map_get(&written, path + n + 1))
			continue;
		path = file_join(a, b->dir, path);
		if (!file_is_dir(path) && unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR)
			error = cli_fail("cannot remove \"%s\": %s", path, strerror(errno));
		while (!error && strlen(path = file_dirname(a, path)) > strlen(b->dir) && rmdir(path) == 0)
			;
	}
	map_finish(&written);
	return error;
}

/* -- files of a new folder ---------------------------------------------------------------------------------------------------- */

/* Opens the folder of a file, made where it is not there. */
static int enter_folder(struct build *b, const char *path)
{
	const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	int error = 0;

	if (b->folder >= 0 && strcmp(b->folder_path, path) == 0)
		return 0;
	leave_folder(b);
	b->folder = open(path, flags);
	if (b->folder < 0 && errno == ENOENT) {
		error = file_mkdirs(path);
		b->folder = error ? -1 : open(path, flags);
	}
	b->folder_path = path;
	return error ? error : b->folder < 0 ? errno : 0;
}

/* path: where it is made; name: as it will be called below DIR. */
static int put_new(struct build *b, const char *path, const char *name, const char *bytes, size_t len, bool executable)
{
	const char *slash = strrchr(path, '/');
	int error = enter_folder(b, arena_strndup(&b->cli->arena, path, (size_t)(slash - path)));

	if (!error)
		error = file_create(b->folder, slash + 1, bytes, len, executable);
	return error ? cli_fail("cannot write \"%s\": %s", file_join(&b->cli->arena, b->dir, name), strerror(error)) : CLI_DONE;
}

/* -- targets ------------------------------------------------------------------------------------------------------------------- */

static uint32_t count_lines(const char *text, size_t len)
{
	const char *end = text + len;
	uint32_t n = 0;

	for (const char *p = text; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
		n++;
	return n + (len && end[-1] != '\n');
}

/* stage: of a new folder, where it is made; or NULL. */
static int put_file(struct build *b, const struct built *x, const char *stage, const struct target_file *f)
{
	struct arena *a = &b->cli->arena;
	struct buf storage = { 0 };
	struct lines lines = { 0 };
	size_t len;
	const char *name = arena_printf(a, "%s/%s", x->target->name, f->path), *text = target_file_text(f, &storage, &lines, &len);
	int code;

	if (stage)
		code = put_new(b, arena_printf(a, "%s/%s", stage, f->path), name, text, len, f->executable);
	else
		code = put(b, name, text, len, f->executable);
	if (code == CLI_DONE)
		build_record_file(b, name, &lines, count_lines(text, len));
	lines_finish(&lines);
	buf_finish(&storage);
	return code;
}

static int put_files(struct build *b, struct built *x, const char *stage)
{
	int code = CLI_DONE;

	while (x->n_written < x->result.files.len && code == CLI_DONE) {
		code = put_file(b, x, stage, &x->result.files.at[x->n_written]);
		x->n_written += code == CLI_DONE;
	}
	leave_folder(b);
	return code;
}

/* A crash leaves nothing that looks like it. */
static int put_new_target(struct build *b, struct built *x, const char *folder)
{
	const char *stage = arena_printf(&b->cli->arena, "%s.%ld.tmp", folder, (long)getpid());
	size_t mapped = b->map.len;
	int error = file_mkdirs(stage), code;

	if (error)
		return cli_fail("cannot make the folder \"%s\": %s", folder, strerror(error));
	code = put_files(b, x, stage);
	if (code == CLI_DONE && rename(stage, folder) != 0)
		code = cli_fail("cannot make the folder \"%s\": %s", folder, strerror(errno));
	if (code != CLI_DONE) {
		file_remove_tree(stage);
		b->map.len = mapped;
		x->n_written = 0;
	}
	return code;
}

int build_put_target(struct build *b, struct built *x)
{
	const char *folder = file_join(&b->cli->arena, b->dir, x->target->name);
	int code, error;

	if (!file_exists(folder))
		return put_new_target(b, x, folder);
	code = clear(b, x);
	error = file_mkdirs(folder);
	if (error)
		return cli_fail("cannot make the folder \"%s\": %s", folder, strerror(error));
	return code == CLI_DONE ? put_files(b, x, NULL) : code;
}

/* -- what lies beside them -------------------------------------------------------------------------------------------------------- */

int build_put_plan(struct build *b)
{
	struct buf text = { 0 };
	int code;

	plan_save(b->plan, true, &text);
	buf_putc(&text, '\n');
	code = put(b, "plan.json", buf_text(&text), text.len, false);
	buf_finish(&text);
	return code;
}

static int put_matrix(struct build *b)
{
	struct buf text = { 0 };
	int code;

	build_matrix(b, b->old_matrix, &text);
	code = put(b, BUILD_MATRIX, buf_text(&text), text.len, false);
	buf_finish(&text);
	return code;
}

int build_put_records(struct build *b, int code)
{
	int error = CLI_DONE;

	if (code == CLI_DONE)
		code = put_matrix(b);
	else
		build_keep_missing(b);
	if (code == CLI_DONE || b->map.len) {
		buf_puts(&b->map, b->map.len ? "}\n" : "{}\n");
		error = put(b, BUILD_MAP, buf_text(&b->map), b->map.len, false);
	}
	return code == CLI_DONE ? error : code;
}
