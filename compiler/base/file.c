#include "compiler/base/file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "compiler/base/vec.h"

#define CHUNK_BYTES ((size_t)1 << 16)

/* Everything up to the end of file, whatever its size was said to be. */
static int read_all(int fd, size_t max_bytes, struct buf *ret)
{
	char *chunk = malloc(CHUNK_BYTES);
	int err = chunk ? 0 : ENOMEM;
	while (!err) {
		ssize_t n = read(fd, chunk, CHUNK_BYTES);
		if (n == 0)
			break;
		if (n < 0) {
			if (errno != EINTR)
				err = errno;
		} else if ((size_t)n > max_bytes - ret->len) {
			err = EFBIG;
		} else {
			buf_add(ret, chunk, (size_t)n);
			if (ret->full)
				err = EFBIG;
		}
	}
	free(chunk);
	return err;
}

/* O_NONBLOCK: opening a fifo must not wait for its writer. */
static int open_regular(const char *path, int *ret_fd)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno;
	struct stat st;
	int err = fstat(fd, &st) != 0 ? errno : S_ISDIR(st.st_mode) ? EISDIR : S_ISREG(st.st_mode) ? 0 : EINVAL;
	if (err)
		close(fd);
	else
		*ret_fd = fd;
	return err;
}

int file_read(struct arena *a, const char *path, size_t max_bytes, char **ret_text, size_t *ret_len)
{
	bool standard_input = strcmp(path, "-") == 0;
	int fd = STDIN_FILENO;
	int err = standard_input ? 0 : open_regular(path, &fd);
	if (err)
		return err;
	struct buf b = {0};
	err = read_all(fd, max_bytes, &b);
	if (!standard_input)
		close(fd);
	if (!err) {
		*ret_text = arena_strndup(a, b.text, b.len);
		*ret_len = b.len;
	}
	buf_finish(&b);
	return err;
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);
		if (n < 0 && errno != EINTR)
			return errno;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static bool has_content(const char *path, const char *bytes, size_t len)
{
	int fd = -1;
	if (open_regular(path, &fd) != 0)
		return false;
	struct buf b = {0};
	bool same = read_all(fd, len, &b) == 0 && b.len == len && (len == 0 || memcmp(b.text, bytes, len) == 0);
	close(fd);
	buf_finish(&b);
	return same;
}

/* Opens with the umask's mode, so not mkstemp. */
static int open_beside(struct arena *a, const char *path, char **ret_name, int *ret_fd)
{
	for (int attempt = 0; attempt < 100; attempt++) {
		char *name = arena_printf(a, "%s.%ld-%d.tmp", path, (long)getpid(), attempt);
		int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0) {
			*ret_name = name;
			*ret_fd = fd;
			return 0;
		}
		if (errno != EEXIST)
			return errno;
	}
	return EEXIST;
}

static int replace(struct arena *a, const char *path, const struct stat *before, const char *bytes, size_t len)
{
	char *name = NULL;
	int fd = -1;
	int err = open_beside(a, path, &name, &fd);
	if (err)
		return err;
	err = write_all(fd, bytes, len);
	if (!err && before && fchmod(fd, before->st_mode & 07777) != 0)
		err = errno;
	if (close(fd) != 0 && !err)
		err = errno;
	if (!err && rename(name, path) != 0)
		err = errno;
	if (err)
		unlink(name);
	return err;
}

/* A device or pipe such as /dev/stdout is written in place. */
static int write_in_place(const char *path, const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	int err = write_all(fd, bytes, len);
	if (close(fd) != 0 && !err)
		err = errno;
	return err;
}

int file_write(const char *path, const char *bytes, size_t len, bool *ret_changed)
{
	struct stat st;
	bool exists = stat(path, &st) == 0;
	if (exists && S_ISDIR(st.st_mode))
		return EISDIR;
	if (exists && S_ISREG(st.st_mode) && (size_t)st.st_size == len && has_content(path, bytes, len)) {
		if (ret_changed)
			*ret_changed = false;
		return 0;
	}
	int err;
	if (exists && !S_ISREG(st.st_mode)) {
		err = write_in_place(path, bytes, len);
	} else {
		struct arena a = {0};
		char *target = exists ? realpath(path, NULL) : NULL; /* a link stays one */
		err = replace(&a, target ? target : path, exists ? &st : NULL, bytes, len);
		free(target);
		arena_finish(&a);
	}
	if (!err && ret_changed)
		*ret_changed = true;
	return err;
}

int file_create(int folder, const char *name, const char *bytes, size_t len, bool executable)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, executable ? 0777 : 0666);
	if (fd < 0)
		return errno;
	int err = write_all(fd, bytes, len);
	if (close(fd) != 0 && !err)
		err = errno;
	return err;
}

int file_mkdirs(const char *path)
{
	if (mkdir(path, 0777) == 0 || (errno != ENOENT && file_is_dir(path)))
		return 0;
	if (errno != ENOENT)
		return errno == EEXIST ? ENOTDIR : errno;
	struct arena a = {0};
	const char *above = file_dirname(&a, path); /* mostly it is there */
	int err = strcmp(above, path) == 0 ? ENOENT : file_mkdirs(above);
	if (!err && mkdir(path, 0777) != 0 && !file_is_dir(path))
		err = errno == EEXIST ? ENOTDIR : errno;
	arena_finish(&a);
	return err;
}

bool file_exists(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0;
}

bool file_is_dir(const char *path)
{
	int saved = errno;
	struct stat st;
	bool is_dir = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
	errno = saved;
	return is_dir;
}

bool file_is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);
	while (n > 1 && folder[n - 1] == '/')
		n--;
	return n == 1 || (strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == 0));
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int file_list(struct arena *a, const char *folder, char ***ret_names, uint32_t *ret_len)
{
	DIR *dir = opendir(folder);
	if (!dir)
		return errno;
	VEC(char *) names = {0};
	struct dirent *entry;
	while (errno = 0, (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			*vec_push(&names) = arena_strdup(a, entry->d_name);
	}
	int err = errno;
	closedir(dir);
	if (!err) {
		if (names.len)
			qsort(names.at, names.len, sizeof *names.at, compare_names);
		*ret_names = arena_copy(a, names.at, sizeof *names.at * names.len);
		*ret_len = names.len;
	}
	vec_finish(&names);
	return err;
}

const char *file_text_below(struct arena *a, const char *folder, const char *text)
{
	size_t n = folder ? strlen(folder) : 0;
	struct buf b = {0};
	const char *at;
	if (n < 2 || !strstr(text, folder))
		return text;
	for (; (at = strstr(text, folder)); text = at + n) {
		buf_add(&b, text, (size_t)(at - text));
		if (at[n] == '/')
			at++;
		else
			buf_add(&b, at, n);
	}
	buf_puts(&b, text);
	const char *result = arena_strdup(a, buf_text(&b));
	buf_finish(&b);
	return result;
}
