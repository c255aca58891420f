#include "runtime/state/stamp.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* A file changed twice within one tick of the file system's clock keeps its mtime: such young files are hashed again. */
#define YOUNG_NS INT64_C(20000000)
#define MAX_DEPTH 200

static int64_t mtime_ns(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

static int add_folder(struct arena *a, const char *folder, int depth, struct buf *text, int64_t *youngest)
{
	char **names;
	uint32_t n;
	if (depth > MAX_DEPTH)
		return ELOOP;
	int e = file_list(a, folder, &names, &n);
	for (uint32_t i = 0; !e && i < n; i++) {
		struct stat st;
		const char *path = arena_printf(a, "%s/%s", folder, names[i]);
		if (lstat(path, &st) != 0)
			return errno;
		if (mtime_ns(&st) > *youngest)
			*youngest = mtime_ns(&st);
		buf_add(text, names[i], strlen(names[i]) + 1);
		buf_printf(text, "%o:%jd:%" PRId64 ":%ju\n", st.st_mode, (intmax_t)(S_ISDIR(st.st_mode) ? 0 : st.st_size),
			   S_ISDIR(st.st_mode) ? 0 : mtime_ns(&st), (uintmax_t)st.st_ino);
		if (S_ISDIR(st.st_mode))
			e = add_folder(a, path, depth + 1, text, youngest);
	}
	return e;
}

static int stamp_with_age(int folder, const char *below, const char *path, char ret[STAMP_LEN], bool *ret_dir, int64_t *ret_youngest)
{
	struct stat st;
	if (fstatat(folder, below, &st, 0) != 0)
		return errno;
	*ret_youngest = mtime_ns(&st);
	*ret_dir = S_ISDIR(st.st_mode);
	if (!S_ISDIR(st.st_mode)) {
		snprintf(ret, STAMP_LEN, "f:%jd:%" PRId64 ":%ju", (intmax_t)st.st_size, mtime_ns(&st), (uintmax_t)st.st_ino);
		return 0;
	}
	struct arena a = { 0 };
	struct buf text = { 0 };
	int e = add_folder(&a, path, 0, &text, ret_youngest);
	if (!e) {
		struct digest_hex hex;
		digest_bytes(buf_text(&text), text.len, &hex);
		snprintf(ret, STAMP_LEN, "d:%s", hex.text);
	}
	buf_finish(&text);
	arena_finish(&a);
	return e;
}

int stamp_path_in(int folder, const char *below, const char *path, char ret[STAMP_LEN])
{
	bool dir;
	int64_t youngest;
	return stamp_with_age(folder, below, path, ret, &dir, &youngest);
}

int stamp_path(const char *path, char ret[STAMP_LEN])
{
	return stamp_path_in(AT_FDCWD, path, path, ret);
}

void stamps_init(struct stamps *s, struct arena *a, struct journal *j, bool writable)
{
	*s = (struct stamps){ .arena = a, .journal = j, .writable = writable };
	map_init(&s->known);
	map_init(&s->seen);
}

void stamps_finish(struct stamps *s)
{
	map_finish(&s->known);
	map_finish(&s->seen);
}

void stamps_see(struct stamps *s, const char *path, const char *stamp)
{
	map_set(&s->seen, arena_strdup(s->arena, path), arena_strdup(s->arena, stamp));
}

static const struct journal_stat *known(struct stamps *s, const char *path)
{
	struct journal_stat *x = map_get(&s->known, path), found;
	if (x || !s->journal || !journal_stat_get(s->journal, s->arena, path, &found))
		return x;
	x = arena_copy(s->arena, &found, sizeof found);
	map_set(&s->known, arena_strdup(s->arena, path), x);
	return x;
}

static int content(struct stamps *s, const char *path, char stamp[STAMP_LEN], const char **ret_digest)
{
	bool dir;
	int64_t youngest;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now); /* before the hash: what is written meanwhile is younger */
	int e = stamp_with_age(AT_FDCWD, path, path, stamp, &dir, &youngest);
	if (e)
		return e;
	const struct journal_stat *old = known(s, path);
	if (old && strcmp(old->stamp, stamp) == 0) {
		*ret_digest = old->digest;
		return 0;
	}
	struct digest_hex hex;
	e = dir ? digest_tree(path, &hex) : digest_file(path, &hex);
	if (e)
		return e;
	struct journal_stat *fresh = arena_new(s->arena, struct journal_stat);
	fresh->stamp = arena_strdup(s->arena, stamp);
	fresh->digest = arena_strdup(s->arena, hex.text);
	*ret_digest = fresh->digest;
	if ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec - youngest < YOUNG_NS)
		return 0;
	map_set(&s->known, arena_strdup(s->arena, path), fresh);
	if (s->journal && s->writable)
		journal_stat_put(s->journal, path, stamp, hex.text);
	return 0;
}

int stamps_content(struct stamps *s, const char *path, const char **ret_digest)
{
	char stamp[STAMP_LEN];
	return content(s, path, stamp, ret_digest);
}

int stamps_digest(struct stamps *s, const char *path, const char **ret_digest)
{
	char stamp[STAMP_LEN];
	int e = content(s, path, stamp, ret_digest);
	if (!e)
		stamps_see(s, path, stamp);
	return e;
}
