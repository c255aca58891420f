/* The source map and the portability matrix of a build, as documents and on the screen. */
#include "cli/build.h"
#include <string.h>

const struct doc *build_read(struct arena *a, const char *dir, const char *name)
{
	struct doc *d;
	char *text, *why;
	size_t len;

	if (file_read(a, file_join(a, dir, name), BUILD_MAX_BYTES, &text, &len) != 0 || !doc_json_read(a, text, len, &d, &why) || d->kind != DOC_MAP)
		return NULL;
	return d;
}

/* -- the source map ------------------------------------------------------------------------------------------------------ */

static struct doc *line_doc(const struct build *b, const struct line_from *line, uint32_t last)
{
	struct arena *a = &b->cli->arena;
	struct doc *d = doc_map(a);
	struct place p = source_place(b->plan->sources, line->from);
	const char *shown = target_place(a, b->plan, line->from);

	doc_append(a, d, "from", doc_int(a, line->number));
	doc_append(a, d, "to", doc_int(a, last));
	doc_append(a, d, "file", doc_string_n(a, shown, (size_t)(strrchr(shown, ':') - shown)));
	doc_append(a, d, "line", doc_int(a, p.line));
	doc_append(a, d, "column", doc_int(a, p.column));
	doc_append(a, d, "endLine", doc_int(a, p.end_line));
	doc_append(a, d, "endColumn", doc_int(a, p.end_column));
	return d;
}

void build_record_file(struct build *b, const char *key, const struct lines *lines, uint32_t number)
{
	struct doc *list = doc_list(&b->cli->arena);

	for (uint32_t i = 0; i < lines->list.len; i++) {
		uint32_t last = i + 1 < lines->list.len ? lines->list.at[i + 1].number - 1 : number;
		if (lines->list.at[i].number <= number)
			doc_push(list, line_doc(b, &lines->list.at[i], last));
	}
	doc_append(&b->cli->arena, b->map, key, list);
}

static bool is_built(const struct build *b, const char *key)
{
	for (uint32_t i = 0; i < b->list.len; i++) {
		size_t n = strlen(b->list.at[i].target->name);
		if (strncmp(key, b->list.at[i].target->name, n) == 0 && (key[n] == '/' || !key[n]))
			return true;
	}
	return false;
}

void build_keep_others(const struct build *b, const struct doc *old, struct doc *map)
{
	for (doc_each(entry, old)) {
		size_t n = strcspn(entry->key, "/");
		if (n && !is_built(b, entry->key))
			doc_append(&b->cli->arena, map, entry->key, doc_copy(&b->cli->arena, entry));
	}
}

void build_keep_missing(struct build *b)
{
	struct map there;

	map_init(&there);
	for (doc_each(entry, b->map))
		map_set(&there, entry->key, entry);
	for (doc_each(entry, b->old_map))
		if (!map_get(&there, entry->key))
			doc_append(&b->cli->arena, b->map, entry->key, doc_copy(&b->cli->arena, entry));
	map_finish(&there);
}

/* -- the matrix ------------------------------------------------------------------------------------------------------------ */

static struct doc *rows_doc(const struct build *b, const struct built *x)
{
	struct arena *a = &b->cli->arena;
	struct doc *list = doc_list(a);

	for (uint32_t i = 0; i < x->result.rows.len; i++) {
		const struct target_row *r = &x->result.rows.at[i];
		struct doc *d = doc_map(a);
		const char *place = target_place(a, b->plan, r->span);
		doc_set(a, d, "subject", doc_string(a, r->subject));
		doc_set(a, d, "level", doc_string(a, target_level_name(r->level)));
		if (r->reason)
			doc_set(a, d, "reason", doc_string(a, r->reason));
		if (place)
			doc_set(a, d, "place", doc_string(a, place));
		doc_push(list, d);
	}
	return list;
}

struct doc *build_matrix_doc(const struct build *b)
{
	struct arena *a = &b->cli->arena;
	struct doc *all = doc_map(a);

	for (uint32_t i = 0; i < b->list.len; i++) {
		const struct built *x = &b->list.at[i];
		struct doc *d = doc_map(a), *files = doc_list(a);
		for (uint32_t f = 0; f < x->result.files.len; f++)
			doc_push(files, doc_string(a, x->result.files.at[f].path));
		doc_set(a, d, "files", files);
		doc_set(a, d, "rows", rows_doc(b, x));
		if (x->result.note)
			doc_set(a, d, "note", doc_string(a, x->result.note));
		doc_set(a, all, x->target->name, d);
	}
	return all;
}

/* A line of the table: what one subject is in each target; the worst of several rows counts. */
struct subject { const char *name; struct span span; signed char level[TARGET_MAX]; };
struct table { VEC(struct subject) list; struct map names; };

static struct subject *subject_of(struct table *t, struct arena *a, const struct target_row *r)
{
	const char *key = arena_printf(a, "%s %u %u", r->subject, r->span.file, r->span.start);
	uintptr_t at = (uintptr_t)map_get(&t->names, key);
	struct subject *s;

	if (at)
		return &t->list.at[at - 1];
	s = vec_push(&t->list);
	*s = (struct subject){ .name = r->subject, .span = r->span };
	memset(s->level, -1, sizeof(s->level));
	map_set(&t->names, key, (void *)(uintptr_t)t->list.len);
	return s;
}

static bool is_plain(const struct build *b, const struct subject *s)
{
	for (uint32_t i = 0; i < b->list.len; i++)
		if (s->level[i] > TARGET_SUPPORTED)
			return false;
	return true;
}

static void print_table(const struct build *b, const struct table *t)
{
	int width = 20;

	for (uint32_t i = 0; i < t->list.len; i++)
		if ((int)strlen(t->list.at[i].name) > width && strlen(t->list.at[i].name) < 40)
			width = (int)strlen(t->list.at[i].name);
	if (t->list.len) {
		printf("%-*s", width, "");
		for (uint32_t i = 0; i < b->list.len; i++)
			printf("  %-*s", i + 1 < b->list.len ? 10 : 0, b->list.at[i].target->name);
		putchar('\n');
	}
	for (uint32_t k = 0; k < t->list.len; k++) {
		const struct subject *s = &t->list.at[k];
		if (b->cli->quiet && is_plain(b, s))
			continue;
		printf("%-*s", width, s->name);
		for (uint32_t i = 0; i < b->list.len; i++)
			printf("  %-*s", i + 1 < b->list.len ? 10 : 0, s->level[i] < 0 ? "-" : target_level_name((enum target_level)s->level[i]));
		putchar('\n');
	}
}

static void print_reasons(const struct build *b, const struct built *x)
{
	if (x->result.note)
		printf("%s: nothing: %s\n", x->target->name, x->result.note);
	for (uint32_t i = 0; i < x->result.rows.len; i++) {
		const struct target_row *r = &x->result.rows.at[i];
		const char *place = target_place(&b->cli->arena, b->plan, r->span);
		if (r->reason)
			printf("%s%s%s: %s is %s: %s\n", place ? place : "", place ? ": " : "", x->target->name, r->subject, target_level_name(r->level), r->reason);
	}
}

void build_print_matrix(const struct build *b)
{
	struct table t = { 0 };

	map_init(&t.names);
	for (uint32_t i = 0; i < b->list.len; i++)
		for (uint32_t k = 0; k < b->list.at[i].result.rows.len; k++) {
			const struct target_row *r = &b->list.at[i].result.rows.at[k];
			struct subject *s = subject_of(&t, &b->cli->arena, r);
			if ((int)r->level > s->level[i])
				s->level[i] = (signed char)r->level;
		}
	print_table(b, &t);
	for (uint32_t i = 0; i < b->list.len; i++)
		print_reasons(b, &b->list.at[i]);
	map_finish(&t.names);
	vec_finish(&t.list);
}
