/* Globbing in one walk: the set of pattern components that may come next is carried down the tree, so no folder is read
 * twice and nothing matches twice. */
#include "compiler/base/file.h"
#include "compiler/base/vec.h"
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_COMPONENTS 63

struct glob {
	struct arena *arena;
	const char *folder;
	const char *parts[MAX_COMPONENTS];
	uint32_t n_parts;
	VEC(char *) found;
};

static bool is_any_depth(const struct glob *g, uint32_t i)
{
	return i < g->n_parts && strcmp(g->parts[i], "**") == 0;
}

/* `**` may stand for nothing, but not at the end: `a/` followed by it is what is inside a. */
static uint64_t closure(const struct glob *g, uint64_t states)
{
	for (uint32_t i = 0; i + 1 < g->n_parts; i++) {
		if (states >> i & 1 && is_any_depth(g, i))
			states |= UINT64_C(1) << (i + 1);
	}
	return states;
}

/* False for a pattern that can match nothing: absolute, leaving the folder, or absurdly long. */
static bool split(struct glob *g, const char *pattern)
{
	if (pattern[0] == '/')
		return false;
	for (char *p = arena_strdup(g->arena, pattern), *part; (part = strsep(&p, "/")) != NULL;) {
		if (part[0] == '\0' || strcmp(part, ".") == 0)
			continue;
		if (strcmp(part, "..") == 0 || g->n_parts == MAX_COMPONENTS)
			return false;
		if (!(strcmp(part, "**") == 0 && g->n_parts && is_any_depth(g, g->n_parts - 1)))
			g->parts[g->n_parts++] = part;
	}
	return g->n_parts > 0;
}

/* What may come behind the name: by a component of the pattern, and by `**` going on. */
static void step(const struct glob *g, uint64_t states, const char *name, uint64_t *ret_matched, uint64_t *ret_deeper)
{
	for (uint32_t i = 0; i < g->n_parts; i++) {
		if (!(states >> i & 1))
			continue;
		if (is_any_depth(g, i)) {
			if (name[0] == '.')
				continue;
			*ret_deeper |= UINT64_C(1) << i;
			if (i + 1 == g->n_parts)
				*ret_matched |= UINT64_C(1) << g->n_parts;
		} else if (fnmatch(g->parts[i], name, FNM_PERIOD) == 0) {
			*ret_matched |= UINT64_C(1) << (i + 1);
		}
	}
}

static int walk(struct glob *g, const char *below, uint64_t states)
{
	char **names;
	uint32_t n;
	int err = file_list(g->arena, file_join(g->arena, g->folder, below), &names, &n);
	const uint64_t end = UINT64_C(1) << g->n_parts;
	for (uint32_t i = 0; !err && i < n; i++) {
		uint64_t matched = 0, deeper = 0;
		step(g, states, names[i], &matched, &deeper);
		if (!(matched | deeper))
			continue;
		char *path = below[0] ? arena_printf(g->arena, "%s/%s", below, names[i]) : names[i];
		if (matched & end)
			*vec_push(&g->found) = path;
		struct stat st;
		const char *full = file_join(g->arena, g->folder, path);
		if (lstat(full, &st) != 0)
			continue;
		if (S_ISLNK(st.st_mode)) /* only a component of its own follows a link, so no loop is endless */
			deeper = 0;
		uint64_t next = closure(g, (matched & ~end) | deeper);
		if (next && file_is_dir(full))
			err = walk(g, path, next);
	}
	return err;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int file_glob(struct arena *a, const char *folder, const char *pattern, char ***ret_paths, uint32_t *ret_len)
{
	struct glob g = {.arena = a, .folder = folder};
	int err = 0;
	if (split(&g, pattern))
		err = walk(&g, "", closure(&g, 1));
	if (!err) {
		if (g.found.len)
			qsort(g.found.at, g.found.len, sizeof *g.found.at, compare_paths);
		*ret_paths = arena_copy(a, g.found.at, sizeof *g.found.at * g.found.len);
		*ret_len = g.found.len;
	}
	vec_finish(&g.found);
	return err;
}
