/* writer FROM TO: writes every file below FROM anew below TO, and says the seconds of cpu that only the writing took: what no
 * program that writes these bytes into these files can be faster than. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

struct entry { char *path, *bytes; size_t len; int folder; };
static struct entry *list;
static size_t n, cap, skip;

static int add(const char *path, const struct stat *st, int kind)
{
	struct entry e = { .path = strdup(path + skip), .folder = kind == FTW_D };
	FILE *f = e.folder ? NULL : fopen(path, "rb");

	e.len = e.folder ? 0 : (size_t)st->st_size;
	e.bytes = malloc(e.len + 1);
	if (f && fread(e.bytes, 1, e.len, f) != e.len)
		return 1;
	if (f)
		fclose(f);
	if (n == cap)
		list = realloc(list, (cap = cap ? cap * 2 : 1024) * sizeof *list);
	list[n++] = e;
	return 0;
}

static double used(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
	char path[8192];
	double before;

	if (argc != 3)
		return 64;
	skip = strlen(argv[1]);
	if (ftw(argv[1], add, 64))
		return 1;
	before = used();
	mkdir(argv[2], 0777);
	for (size_t i = 0; i < n; i++) {
		FILE *f;
		snprintf(path, sizeof path, "%s%s", argv[2], list[i].path);
		if (list[i].folder) {
			mkdir(path, 0777);
			continue;
		}
		f = fopen(path, "wb");
		if (!f || fwrite(list[i].bytes, 1, list[i].len, f) != list[i].len || fclose(f))
			return 1;
	}
	printf("%.4f\n", used() - before);
	return 0;
}
