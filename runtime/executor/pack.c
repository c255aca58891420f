#include "runtime/executor/pack.h"
#include "compiler/base/digest.h"
#include "compiler/base/file.h"
#include "runtime/executor/tar.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define RESERVE_BYTES ((uint64_t)512 << 10)

/* -- going --------------------------------------------------------------------------------------------------------------- */

FILE *pack_file(const char *folder, bool small)
{
	int fd = small ? memfd_create("twinc", MFD_CLOEXEC) : open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd >= 0 ? fdopen(fd, "w+") : NULL;
}

static const char *content_key(struct pack *p, const struct executor_task *t, const char *path)
{
	struct digest_hex hex = { "" };
	struct stat st;
	if (stat(path, &st) != 0) {
		p->error = errno;
		return "";
	}
	for (uint32_t i = 0; t->reads && t->reads[i]; i++)
		if (strcmp(t->reads[i], path) == 0)
			snprintf(hex.text, sizeof hex.text, "%s", t->digests[i]);
	if (!hex.text[0])
		p->error = S_ISDIR(st.st_mode) ? digest_tree(path, &hex) : digest_file(path, &hex);
	const char *key = arena_printf(&p->arena, "%s%s", hex.text, S_ISREG(st.st_mode) && (st.st_mode & 0111) ? "x" : "");
	if (!map_get(&p->known, key)) {
		*vec_push(&p->contents) = (struct pack_content){ key, arena_strdup(&p->arena, path) };
		map_set(&p->known, key, p);
	}
	return key;
}

static void put_links(struct pack *p, const struct engine_job *j, const char *folder, const char *name, struct pack_paths *contents)
{
	char **names, target[4096];
	uint32_t n = 0;
	int e = file_list(&p->arena, folder, &names, &n);
	if (e && e != ENOENT)
		p->error = e;
	for (uint32_t i = 0; i < n && !e && !p->error; i++) {
		const char *path = arena_printf(&p->arena, "%s/%s", folder, names[i]), *inside = arena_printf(&p->arena, "%s/%s", name, names[i]);
		ssize_t len = readlink(path, target, sizeof target - 1);
		if (len < 0) {
			put_links(p, j, path, inside, contents);
			continue;
		}
		target[len] = 0;
		const char *there = arena_printf(&p->arena, "%s/content/%s", p->root, content_key(p, &j->task, target));
		*vec_push(&contents->list) = there;
		if (!p->error)
			p->error = tar_put_link(p->f, inside, there);
	}
}

void pack_folder(struct pack *p, const struct engine_job *j, const char *name, struct pack_paths *contents)
{
	const char *command = arena_printf(&p->arena, "%s/command", j->task.folder);
	put_links(p, j, arena_printf(&p->arena, "%s/in", j->task.folder), arena_printf(&p->arena, "%s/in", name), contents);
	if (!p->error && access(command, F_OK) == 0)
		p->error = tar_put_tree(p->f, arena_printf(&p->arena, "%s/command", name), command);
}

void pack_script(struct pack *p, const struct executor_task *t, const struct script_options *o, const char *name)
{
	struct buf b = { 0 };
	script_put(&b, t, o);
	if (!p->error)
		p->error = tar_put_bytes(p->f, arena_printf(&p->arena, "%s/task", name), 0644, b.text, b.len);
	buf_clear(&b);
	script_put_secrets(&b, t);
	if (b.len > 0 && !p->error)
		p->error = tar_put_bytes(p->f, arena_printf(&p->arena, "%s/secret", name), 0600, b.text, b.len);
	if (b.text)
		explicit_bzero(b.text, b.cap);
	buf_finish(&b);
}

void pack_finish(struct pack *p)
{
	map_finish(&p->known);
	vec_finish(&p->contents);
	arena_finish(&p->arena);
}

/* -- coming home --------------------------------------------------------------------------------------------------------- */

static uint64_t free_bytes(const char *path)
{
	struct statvfs s;
	return statvfs(path, &s) == 0 ? (uint64_t)s.f_bavail * s.f_frsize : UINT64_MAX;
}

uint64_t pack_room(const char *folder)
{
	uint64_t room = free_bytes(folder);
	return room > 2 * RESERVE_BYTES ? room - RESERVE_BYTES : 0;
}

bool pack_is_full(const char *folder, int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && (uint64_t)st.st_size + RESERVE_BYTES > free_bytes(folder);
}

int pack_take_home(const struct engine_job *j, const char *in, struct arena *a)
{
	const struct { const char *from, *to; } moves[] = {
		{ "work", arena_printf(a, "%s/work", j->task.folder) }, { "out", j->task.out }, { "err", j->task.err }, { "exit", arena_printf(a, "%s/exit", j->task.folder) },
	};
	for (size_t i = 0; i < 4; i++) {
		const char *from = arena_printf(a, "%s/%s", in, moves[i].from);
		struct stat st;
		if (lstat(from, &st) != 0)
			continue;
		if (i == 0 ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
			return EINVAL;
		int e = file_remove_tree(moves[i].to);
		if (!e && rename(from, moves[i].to) != 0)
			e = errno;
		if (e)
			return e;
	}
	return 0;
}

const char *pack_spoiled(struct arena *a, const char *in)
{
	char *text;
	size_t len;
	return file_read(a, arena_printf(a, "%s/spoiled", in), 1 << 20, &text, &len) == 0 && len > 0 ? arena_strndup(a, text, strcspn(text, "\n")) : NULL;
}
