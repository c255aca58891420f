/* What nobody can ask for any more goes at the end of a run: folders of attempts that no kept result lies in, and the
 * receipts of keepers whose tasks are all accounted for. The attempts of this run stay, to be looked at. */
#include "runtime/run/inside.h"
#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct tidy { struct run *run; struct arena arena; struct map kept; /* names "RUN-NUMBER", and "RUN" for keepers */ };

static void keep(struct tidy *t, const char *name)
{
	if (!map_get(&t->kept, name))
		map_set(&t->kept, arena_strdup(&t->arena, name), t);
}

/* Every attempt whose folder the text names. */
static void keep_named(struct tidy *t, const char *text)
{
	int64_t home;
	unsigned number;
	for (const char *at = text; (at = strstr(at, "work/")); at += 5)
		if (sscanf(at, "work/%" SCNd64 "-%u/", &home, &number) == 2)
			keep(t, arena_printf(&t->arena, "%" PRId64 "-%u", home, number));
}

static void keep_result(const char *result, void *ctx)
{
	keep_named(ctx, result);
}

static bool keep_promotion(const char *model, const char *value, void *ctx)
{
	(void)model;
	keep_named(ctx, value);
	return true;
}

static bool keep_running(const struct journal_task *j, void *ctx)
{
	struct tidy *t = ctx;
	keep(t, arena_printf(&t->arena, "%" PRId64 "-%u", j->home, j->number));
	keep(t, arena_printf(&t->arena, "%" PRId64, j->home));
	return true;
}

static void sweep(struct tidy *t, const char *folder, const char *suffix)
{
	char *end;
	DIR *d = opendir(folder);
	for (struct dirent *e; d && (e = readdir(d));) {
		size_t n = strlen(e->d_name), s = strlen(suffix);
		if (!isdigit((unsigned char)e->d_name[0]) || n < s || strcmp(e->d_name + n - s, suffix) != 0)
			continue;
		const char *name = arena_strndup(&t->arena, e->d_name, n - s);
		if (strtoll(name, &end, 10) < t->run->id && !map_get(&t->kept, name))
			file_remove_tree(arena_printf(&t->arena, "%s/%s", folder, e->d_name));
	}
	if (d)
		closedir(d);
}

void tidy_up(struct run *r)
{
	struct tidy t = { .run = r };
	map_init(&t.kept);
	journal_cache_each(r->o.journal, keep_result, &t);
	journal_promotion_each(r->o.journal, keep_promotion, &t);
	journal_orphan_each(r->o.journal, NULL, keep_running, &t);
	sweep(&t, arena_printf(&t.arena, "%s/work", r->o.state), "");
	sweep(&t, arena_printf(&t.arena, "%s/keeper", r->o.state), ".receipts");
	map_finish(&t.kept);
	arena_finish(&t.arena);
}
