#include "runtime/executor/tar.h"
#include "compiler/base/arena.h"
#include "compiler/base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 512
#define NAME_MAX_BYTES 4096
#define DEPTH_MAX 200

/* tar(5), "old GNU". */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], kind, target[100], magic[8], user[32], group[32], major[8], minor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");

/* -- writing --------------------------------------------------------------------------------------------------------- */

static void put_number(char *to, size_t len, uint64_t v)
{
	if (len < 12 || v < (1ull << 33)) {
		snprintf(to, len, "%0*llo", (int)len - 1, (unsigned long long)v);
		return;
	}
	memset(to, 0, len);
	to[0] = (char)0x80; /* base 256 */
	for (size_t i = 0; i < 8; i++)
		to[len - 1 - i] = (char)(v >> (8 * i));
}

static unsigned sum_of(const struct header *h)
{
	const unsigned char *bytes = (const unsigned char *)h;
	unsigned sum = 0;
	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= offsetof(struct header, sum) && i < offsetof(struct header, kind) ? ' ' : bytes[i];
	return sum;
}

static void pad(FILE *f, uint64_t size)
{
	static const char zeros[BLOCK];
	if (size % BLOCK)
		fwrite(zeros, 1, BLOCK - size % BLOCK, f);
}

static void put_header(FILE *f, char kind, const char *name, const char *target, mode_t mode, uint64_t size, time_t mtime);

static void put_long(FILE *f, char kind, const char *text)
{
	size_t len = strlen(text) + 1;
	put_header(f, kind, "././@LongLink", "", 0, len, 0);
	fwrite(text, 1, len, f);
	pad(f, len);
}

static void put_header(FILE *f, char kind, const char *name, const char *target, mode_t mode, uint64_t size, time_t mtime)
{
	struct header h = { .kind = kind, .magic = "ustar  " };
	if (strlen(name) > sizeof h.name)
		put_long(f, 'L', name);
	if (strlen(target) > sizeof h.target)
		put_long(f, 'K', target);
	memcpy(h.name, name, strnlen(name, sizeof h.name));
	memcpy(h.target, target, strnlen(target, sizeof h.target));
	put_number(h.mode, sizeof h.mode, mode & 07777);
	put_number(h.uid, sizeof h.uid, 0);
	put_number(h.gid, sizeof h.gid, 0);
	put_number(h.size, sizeof h.size, size);
	put_number(h.mtime, sizeof h.mtime, (uint64_t)mtime);
	snprintf(h.sum, sizeof h.sum, "%06o", sum_of(&h));
	h.sum[7] = ' ';
	fwrite(&h, 1, BLOCK, f);
}

static int state_of(FILE *f)
{
	return ferror(f) ? errno ? errno : EIO : 0;
}

int tar_put_bytes(FILE *f, const char *name, mode_t mode, const char *bytes, size_t len)
{
	put_header(f, '0', name, "", mode, len, time(NULL));
	fwrite(bytes, 1, len, f);
	pad(f, len);
	return state_of(f);
}

int tar_put_link(FILE *f, const char *name, const char *target)
{
	put_header(f, '2', name, target, 0777, 0, time(NULL));
	return state_of(f);
}

/* Exactly the bytes that its header promises: a file that shrinks meanwhile is an error. */
static int put_file(FILE *f, const char *name, const char *path, mode_t mode)
{
	struct stat st;
	char part[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC), e = 0;
	if (fd < 0 || fstat(fd, &st) != 0) {
		e = errno;
		if (fd >= 0)
			close(fd);
		return e;
	}
	put_header(f, '0', name, "", mode, (uint64_t)st.st_size, st.st_mtime);
	for (uint64_t left = (uint64_t)st.st_size; left > 0 && !e;) {
		ssize_t n = read(fd, part, left < sizeof part ? (size_t)left : sizeof part);
		if (n <= 0)
			e = n < 0 ? errno : ESTALE;
		else if (fwrite(part, 1, (size_t)n, f) != (size_t)n)
			e = errno;
		else
			left -= (uint64_t)n;
	}
	close(fd);
	pad(f, (uint64_t)st.st_size);
	return e ? e : state_of(f);
}

static int put_any(FILE *f, struct arena *a, const char *name, const char *path, bool top, int depth)
{
	struct stat st;
	char target[NAME_MAX_BYTES], **names;
	uint32_t n;
	if ((top ? stat(path, &st) : lstat(path, &st)) != 0)
		return errno;
	if (S_ISREG(st.st_mode))
		return put_file(f, name, path, st.st_mode);
	if (S_ISLNK(st.st_mode)) {
		ssize_t len = readlink(path, target, sizeof target - 1);
		if (len < 0)
			return errno;
		target[len] = 0;
		return tar_put_link(f, name, target);
	}
	if (!S_ISDIR(st.st_mode) || depth > DEPTH_MAX)
		return EINVAL;
	put_header(f, '5', arena_printf(a, "%s/", name), "", st.st_mode | 0700, 0, st.st_mtime);
	int e = file_list(a, path, &names, &n);
	for (uint32_t i = 0; i < n && !e; i++)
		e = put_any(f, a, arena_printf(a, "%s/%s", name, names[i]), arena_printf(a, "%s/%s", path, names[i]), false, depth + 1);
	return e;
}

int tar_put_tree(FILE *f, const char *name, const char *path)
{
	struct arena a = { 0 };
	int e = put_any(f, &a, name, path, true, 0);
	arena_finish(&a);
	return e;
}

int tar_end(FILE *f)
{
	static const char zeros[2 * BLOCK];
	fwrite(zeros, 1, sizeof zeros, f);
	return fflush(f) != 0 ? errno : state_of(f);
}

/* -- reading --------------------------------------------------------------------------------------------------------- */

struct reader {
	FILE *f;
	int folder;
	char *error;
	size_t error_len;
	char name[NAME_MAX_BYTES], target[NAME_MAX_BYTES]; /* of the next entry, where its header cannot hold them */
	uint64_t size;
	bool has_size;
};

static enum tar_result say(struct reader *r, enum tar_result result, const char *format, ...) __attribute__((format(printf, 3, 4)));
static enum tar_result say(struct reader *r, enum tar_result result, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(r->error, r->error_len, format, args);
	va_end(args);
	return result;
}

static bool get_number(const char *from, size_t len, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;
	if ((unsigned char)from[0] == 0x80) {
		for (i = 1; i < len; i++) {
			if (v >> 55)
				return false;
			v = v << 8 | (unsigned char)from[i];
		}
	} else {
		while (i < len && from[i] == ' ')
			i++;
		for (; i < len && from[i] >= '0' && from[i] <= '7'; i++)
			v = v << 3 | (uint64_t)(from[i] - '0');
		if (i < len && from[i] != ' ' && from[i] != 0)
			return false;
	}
	*ret = v;
	return v < (1ull << 60);
}

static bool skip(struct reader *r, uint64_t n)
{
	char part[65536];
	while (n > 0) {
		size_t want = n < sizeof part ? (size_t)n : sizeof part;
		if (fread(part, 1, want, r->f) != want)
			return false;
		n -= want;
	}
	return true;
}

static uint64_t padding(uint64_t size)
{
	return (BLOCK - size % BLOCK) % BLOCK;
}

static bool keep(char to[NAME_MAX_BYTES], const char *text)
{
	size_t len = strlen(text);
	if (len >= NAME_MAX_BYTES)
		return false;
	memcpy(to, text, len + 1);
	return true;
}

/* "LEN key=value\n", again and again. */
static bool read_pax(struct reader *r, char *text, size_t len)
{
	for (char *at = text, *end = text + len; at < end;) {
		char *space;
		unsigned long n = strtoul(at, &space, 10);
		if (n < 4 || n > (size_t)(end - at) || *space != ' ')
			return false;
		at[n - 1] = 0;
		if (strncmp(space + 1, "path=", 5) == 0 && !keep(r->name, space + 6))
			return false;
		if (strncmp(space + 1, "linkpath=", 9) == 0 && !keep(r->target, space + 10))
			return false;
		if (strncmp(space + 1, "size=", 5) == 0) {
			r->size = strtoull(space + 6, NULL, 10);
			r->has_size = r->size < (1ull << 60);
		}
		at += n;
	}
	return true;
}

/* A header of its own that says more of the next one. */
static enum tar_result read_extra(struct reader *r, char kind, uint64_t size)
{
	char *text = size < (1u << 20) ? malloc((size_t)size + 1) : NULL;
	if (!text)
		return say(r, TAR_REFUSED, "a name of %llu bytes", (unsigned long long)size);
	bool whole = fread(text, 1, (size_t)size, r->f) == size && skip(r, padding(size));
	text[size] = 0;
	bool fits = true;
	if (kind == 'L')
		fits = keep(r->name, text);
	else if (kind == 'K')
		fits = keep(r->target, text);
	else if (kind == 'x')
		fits = read_pax(r, text, (size_t)size);
	free(text);
	return !whole ? say(r, TAR_CUT, "the stream was cut") : fits ? TAR_WHOLE : say(r, TAR_REFUSED, "a name that is too long");
}

/* The folder that an entry lies in, step by step, never through a link; the entry's own name. -1: reported. */
static int open_parent(struct reader *r, const char *path, char last[NAME_MAX + 1], enum tar_result *ret)
{
	int folder = dup(r->folder), depth = 0;
	last[0] = 0;
	for (const char *at = path; folder >= 0 && *at; at += strspn(at, "/")) {
		size_t n = strcspn(at, "/");
		if (path[0] == '/' || n > NAME_MAX || (n == 2 && at[0] == '.' && at[1] == '.') || ++depth > DEPTH_MAX) {
			*ret = say(r, TAR_REFUSED, "a name that leaves its folder: `%.100s`", path);
			close(folder);
			return -1;
		}
		if (last[0]) { /* what was the last is a folder */
			if (mkdirat(folder, last, 0755) != 0 && errno != EEXIST)
				break;
			int next = openat(folder, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (next < 0 && (errno == ELOOP || errno == ENOTDIR)) {
				*ret = say(r, TAR_REFUSED, "a name that leads through a link or a file: `%.100s`", path);
				close(folder);
				return -1;
			}
			close(folder);
			folder = next;
			last[0] = 0;
		}
		if (!(n == 1 && at[0] == '.')) {
			memcpy(last, at, n);
			last[n] = 0;
		}
		at += n;
	}
	if (folder < 0)
		*ret = say(r, TAR_FAILED, "`%.100s`: %s", path, strerror(errno));
	return folder;
}

static enum tar_result failed(struct reader *r, const char *path)
{
	if (errno == EEXIST)
		return say(r, TAR_REFUSED, "the same name twice: `%.100s`", path);
	return say(r, TAR_FAILED, "`%.100s`: %s", path, strerror(errno));
}

static enum tar_result read_file(struct reader *r, int folder, const char *name, const char *path, mode_t mode, uint64_t size)
{
	char part[65536];
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed(r, path);
	enum tar_result result = TAR_WHOLE;
	for (uint64_t left = size; left > 0 && result == TAR_WHOLE;) {
		size_t want = left < sizeof part ? (size_t)left : sizeof part;
		if (fread(part, 1, want, r->f) != want)
			result = say(r, TAR_CUT, "the stream was cut");
		else if (write(fd, part, want) != (ssize_t)want)
			result = failed(r, path);
		left -= want;
	}
	fchmod(fd, mode & 0777);
	if (close(fd) != 0 && result == TAR_WHOLE)
		result = failed(r, path);
	return result == TAR_WHOLE && !skip(r, padding(size)) ? say(r, TAR_CUT, "the stream was cut") : result;
}

static enum tar_result read_entry(struct reader *r, char kind, const char *path, const char *target, mode_t mode, uint64_t size)
{
	static const struct { char kind; const char *name; } never[] = { { '1', "a hard link" }, { '3', "a character device" }, { '4', "a block device" } };
	char name[NAME_MAX + 1];
	enum tar_result result = TAR_WHOLE;
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		if (kind == never[i].kind)
			return say(r, TAR_REFUSED, "%s: `%.100s`", never[i].name, path);
	int folder = open_parent(r, path, name, &result);
	if (folder < 0)
		return result;
	if (!name[0]) /* "./" */
		result = kind == '5' ? TAR_WHOLE : say(r, TAR_REFUSED, "an entry without a name");
	else if (kind == '0' || kind == 0 || kind == '7')
		result = read_file(r, folder, name, path, mode, size);
	else if (kind == '5' ? mkdirat(folder, name, 0700) != 0 && errno != EEXIST : kind == '2' ? symlinkat(target, folder, name) != 0 : kind == '6' ? mkfifoat(folder, name, 0600) != 0 : 0)
		result = failed(r, path);
	else if (kind == '5' && fchmodat(folder, name, 0755, AT_SYMLINK_NOFOLLOW) != 0 && errno != ENOTSUP)
		result = failed(r, path);
	else if (!strchr("526", kind))
		result = say(r, TAR_REFUSED, "an entry of the unknown kind `%c`: `%.100s`", kind, path);
	close(folder);
	return result;
}

static bool is_zero(const struct header *h)
{
	static const char zeros[BLOCK];
	return memcmp(h, zeros, BLOCK) == 0;
}

static enum tar_result read_one(struct reader *r, const struct header *h)
{
	uint64_t sum, size, mode;
	char path[NAME_MAX_BYTES], target[NAME_MAX_BYTES];
	if (!get_number(h->sum, sizeof h->sum, &sum) || sum != sum_of(h) || !get_number(h->size, sizeof h->size, &size) || !get_number(h->mode, sizeof h->mode, &mode))
		return say(r, TAR_REFUSED, "what is no tar header");
	if (strchr("LKxg", h->kind) && h->kind)
		return read_extra(r, h->kind, size);
	if (r->has_size)
		size = r->size;
	if (r->name[0])
		memcpy(path, r->name, sizeof path);
	else if (h->magic[5] == 0 && h->prefix[0])
		snprintf(path, sizeof path, "%.155s/%.100s", h->prefix, h->name);
	else
		snprintf(path, sizeof path, "%.100s", h->name);
	if (r->target[0])
		memcpy(target, r->target, sizeof target);
	else
		snprintf(target, sizeof target, "%.100s", h->target);
	r->name[0] = r->target[0] = 0;
	r->has_size = false;
	return read_entry(r, h->kind, path, target, (mode_t)mode, size);
}

enum tar_result tar_extract(FILE *f, int folder, char *ret_error, size_t error_len)
{
	struct reader r = { .f = f, .folder = folder, .error = ret_error, .error_len = error_len };
	struct header h;
	enum tar_result result = TAR_WHOLE;
	while (result == TAR_WHOLE) {
		if (fread(&h, 1, BLOCK, f) != BLOCK)
			return say(&r, TAR_CUT, "the stream was cut");
		if (is_zero(&h))
			return TAR_WHOLE;
		result = read_one(&r, &h);
	}
	return result;
}
