/* Whole trees: removed and copied through folder descriptors, never following a link. */
#include "compiler/base/file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_BYTES ((size_t)1 << 16)

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Opens a folder for listing, giving ourselves the right to where it is ours. */
static DIR *open_folder(int at, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(at, name, flags);
	if (fd < 0 && errno == EACCES && fchmodat(at, name, 0700, 0) == 0)
		fd = openat(at, name, flags);
	if (fd < 0)
		return NULL;
	DIR *dir = fdopendir(fd);
	if (!dir)
		close(fd);
	return dir;
}

static int remove_at(int at, const char *name);

static int remove_inside(int at, const char *name)
{
	DIR *dir = open_folder(at, name);
	if (!dir)
		return errno;
	int err = 0;
	struct dirent *entry;
	while (!err && (errno = 0, (entry = readdir(dir)) != NULL)) {
		if (is_dots(entry->d_name))
			continue;
		err = remove_at(dirfd(dir), entry->d_name);
		if (err == EACCES && fchmod(dirfd(dir), 0700) == 0) /* a task may leave a read-only folder */
			err = remove_at(dirfd(dir), entry->d_name);
	}
	if (!err)
		err = errno;
	closedir(dir);
	return err;
}

static int remove_at(int at, const char *name)
{
	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return errno;
	int err = remove_inside(at, name);
	if (!err && unlinkat(at, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
		err = errno;
	return err;
}

int file_remove_tree(const char *path)
{
	struct arena a = {0};
	char *copy = arena_strdup(&a, path); /* a trailing slash would follow a link */
	for (size_t len = strlen(copy); len > 1 && copy[len - 1] == '/'; len--)
		copy[len - 1] = '\0';
	int err = remove_at(AT_FDCWD, copy);
	arena_finish(&a);
	return err;
}

static int write_chunk(int fd, const char *chunk, size_t len)
{
	while (len) {
		ssize_t n = write(fd, chunk, len);
		if (n < 0 && errno != EINTR)
			return errno;
		if (n > 0) {
			chunk += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int copy_by_hand(int from, int to)
{
	char *chunk = malloc(CHUNK_BYTES);
	int err = chunk ? 0 : ENOMEM;
	while (!err) {
		ssize_t n = read(from, chunk, CHUNK_BYTES);
		if (n == 0)
			break;
		if (n > 0)
			err = write_chunk(to, chunk, (size_t)n);
		else if (errno != EINTR)
			err = errno;
	}
	free(chunk);
	return err;
}

static int copy_bytes(int from, int to)
{
	for (;;) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, (size_t)1 << 30, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) /* at the end, or where the kernel cannot: the rest by hand */
			return copy_by_hand(from, to);
	}
}

static int copy_file_at(int from_at, const char *from, int to_at, const char *to, mode_t mode)
{
	int in = openat(from_at, from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (in < 0)
		return errno;
	int out = openat(to_at, to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int err = out < 0 ? errno : copy_bytes(in, out);
	if (!err && fchmod(out, mode & 0777) != 0)
		err = errno;
	close(in);
	if (out >= 0 && close(out) != 0 && !err)
		err = errno;
	return err;
}

static int copy_link_at(int from_at, const char *from, int to_at, const char *to)
{
	char target[4096];
	ssize_t len = readlinkat(from_at, from, target, sizeof target);
	if (len < 0)
		return errno;
	if ((size_t)len == sizeof target)
		return ENAMETOOLONG;
	target[len] = '\0';
	return symlinkat(target, to_at, to) == 0 ? 0 : errno;
}

static int copy_at(int from_at, const char *from, int to_at, const char *to);

static int copy_inside(DIR *dir, int to)
{
	int err = 0;
	struct dirent *entry;
	while (!err && (errno = 0, (entry = readdir(dir)) != NULL)) {
		if (!is_dots(entry->d_name))
			err = copy_at(dirfd(dir), entry->d_name, to, entry->d_name);
	}
	return err ? err : errno;
}

static int copy_folder_at(int from_at, const char *from, int to_at, const char *to, mode_t mode)
{
	int in = openat(from_at, from, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (in < 0)
		return errno;
	DIR *dir = fdopendir(in);
	int out = -1, err = 0;
	if (!dir) {
		err = errno;
		close(in);
		return err;
	}
	if (mkdirat(to_at, to, 0700) != 0 || (out = openat(to_at, to, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
		err = errno;
	if (!err)
		err = copy_inside(dir, out);
	if (!err && fchmod(out, mode & 0777) != 0) /* last: it may be read-only */
		err = errno;
	if (out >= 0)
		close(out);
	closedir(dir);
	return err;
}

static int copy_at(int from_at, const char *from, int to_at, const char *to)
{
	struct stat st;
	if (fstatat(from_at, from, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno;
	if (S_ISREG(st.st_mode))
		return copy_file_at(from_at, from, to_at, to, st.st_mode);
	if (S_ISDIR(st.st_mode))
		return copy_folder_at(from_at, from, to_at, to, st.st_mode);
	if (S_ISLNK(st.st_mode))
		return copy_link_at(from_at, from, to_at, to);
	return EINVAL; /* a fifo, socket or device is no data */
}

/* Whether `to` would lie inside `from`: such a copy never ends. */
static bool is_inside(const char *from, const char *to)
{
	struct arena a = {0};
	char *outer = realpath(from, NULL), *folder = realpath(file_dirname(&a, to), NULL);
	size_t len = outer ? strlen(outer) : 0;
	bool inside = outer && folder && strncmp(outer, folder, len) == 0 && (folder[len] == '/' || folder[len] == '\0');
	free(outer);
	free(folder);
	arena_finish(&a);
	return inside;
}

int file_copy_tree(const char *from, const char *to)
{
	struct stat st;
	if (stat(from, &st) != 0)
		return errno;
	if (S_ISDIR(st.st_mode) && is_inside(from, to))
		return EINVAL;
	char *real = realpath(from, NULL); /* the tree itself may be named by a link */
	if (!real)
		return errno;
	int err = copy_at(AT_FDCWD, real, AT_FDCWD, to);
	free(real);
	return err;
}
