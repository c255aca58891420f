/* Paths as text: nothing here looks at the disk. */
#include "compiler/base/file.h"
#include <string.h>

/* Where the last component of the normal path of `len` bytes starts. */
static size_t last_start(const char *path, size_t len, size_t root)
{
	while (len > root && path[len - 1] != '/')
		len--;
	return len;
}

/* Appends one component to the normal path so far; root: 1 when it is absolute. */
static size_t add_component(char *path, size_t len, size_t root, const char *part, size_t part_len)
{
	if (part_len == 0 || (part_len == 1 && part[0] == '.'))
		return len;
	bool up = part_len == 2 && part[0] == '.' && part[1] == '.';
	if (up && len > root) {
		size_t last = last_start(path, len, root);
		if (len - last != 2 || memcmp(path + last, "..", 2) != 0)
			return last > root ? last - 1 : root;
	} else if (up && root) {
		return len; /* above the root is the root */
	}
	if (len > root)
		path[len++] = '/';
	memcpy(path + len, part, part_len);
	return len + part_len;
}

char *file_join(struct arena *a, const char *folder, const char *path)
{
	const char *parts[] = {path[0] == '/' ? "" : folder, path};
	char *ret = arena_alloc(a, strlen(folder) + strlen(path) + 3);
	size_t root = path[0] == '/' || folder[0] == '/', len = root;
	if (root)
		ret[0] = '/';
	for (int i = 0; i < 2; i++) {
		for (const char *p = parts[i]; *p;) {
			size_t n = strcspn(p, "/");
			len = add_component(ret, len, root, p, n);
			p += n + (p[n] == '/');
		}
	}
	if (len == 0)
		ret[len++] = '.';
	ret[len] = '\0';
	return ret;
}

static size_t len_without_slashes(const char *path, size_t len)
{
	while (len > 1 && path[len - 1] == '/')
		len--;
	return len;
}

char *file_dirname(struct arena *a, const char *path)
{
	size_t len = len_without_slashes(path, strlen(path));
	while (len > 0 && path[len - 1] != '/')
		len--;
	if (len == 0)
		return arena_strdup(a, ".");
	return arena_strndup(a, path, len_without_slashes(path, len));
}

const char *file_basename(struct arena *a, const char *path)
{
	size_t end = len_without_slashes(path, strlen(path)), start = end;
	if (end == 0)
		return ".";
	while (start > 0 && path[start - 1] != '/')
		start--;
	if (start == end)
		return "/";
	return path[end] ? arena_strndup(a, path + start, end - start) : path + start;
}
