/* The source map and the portability matrix of a build, as documents and on the screen. */
#include "cli/build.h"
#include "compiler/doc/quote.h"
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

/* A key of the map, that its value follows. */
static struct buf *put_key(struct build *b, const char *key)
{
	buf_puts(&b->map, b->map.len ? ",\n" : "{");
	quote_json(key, strlen(key), &b->map);
	buf_puts(&b->map, ": ");
	return &b->map;
}

static void put_range(const struct build *b, uint32_t first, uint32_t last, struct span from, struct buf *ret)
{
	struct place p = source_place(b->plan->sources, from);
	uint32_t numbers[] = { first, last, p.line, p.column, p.end_line, p.end_column };

	buf_putc(ret, '[');
	buf_ints(ret, ",", numbers, sizeof(numbers) / sizeof(*numbers));
	buf_putc(ret, ']');
}

/* Its first n places that are of one source; gives how many. last: line of the file. */
static uint32_t put_source(struct build *b, uint32_t file, const struct lines *lines, uint32_t n, uint32_t last)
{
	const char *name = target_file_name(b->plan, file);
	uint32_t count = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct line_from *l = &lines->list.at[i];
		if (l->from.file != file)
			continue;
		if (count++) {
			buf_putc(&b->map, ',');
		} else {
			buf_puts(&b->map, buf_text(&b->map)[b->map.len - 1] == '{' ? "" : ",");
			quote_json(name, strlen(name), &b->map);
			buf_puts(&b->map, ":[");
		}
		put_range(b, l->number, i + 1 < n ? l[1].number - 1 : last, l->from, &b->map);
	}
	buf_puts(&b->map, count ? "]" : "");
	return count;
}

void build_record_file(struct build *b, const char *key, const struct lines *lines, uint32_t number)
{
	uint32_t n = lines->list.len, left;

	while (n && lines->list.at[n - 1].number > number)
		n--;
	buf_putc(put_key(b, key), '{');
	left = n;
	for (uint32_t file = 1; left && file < b->plan->sources->list.len; file++)
		left -= put_source(b, file, lines, n, number);
	buf_putc(&b->map, '}');
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

void build_keep_others(struct build *b)
{
	for (doc_each(entry, b->old_map))
		if (strchr(entry->key, '/') && !is_built(b, entry->key))
			doc_json_write(entry, 0, put_key(b, entry->key));
}

void build_keep_missing(struct build *b)
{
	struct map there;

	map_init(&there);
	for (uint32_t i = 0; i < b->list.len; i++)
		for (uint32_t k = 0; k < b->list.at[i].n_written; k++)
			map_set(&there, arena_printf(&b->cli->arena, "%s/%s", b->list.at[i].target->name, b->list.at[i].result.files.at[k].path), b);
	for (doc_each(entry, b->old_map))
		if (is_built(b, entry->key) && !map_get(&there, entry->key))
			doc_json_write(entry, 0, put_key(b, entry->key));
	map_finish(&there);
}

/* -- the matrix ------------------------------------------------------------------------------------------------------------ */

/* A member of a row, on a line of its own. */
static void put_member(const char *key, const char *text, bool first, struct buf *ret)
{
	buf_puts(ret, first ? "\n        \"" : ",\n        \"");
	buf_puts(ret, key);
	buf_puts(ret, "\": ");
	quote_json(text, strlen(text), ret);
}

static void put_row(struct build *b, const struct target_row *r, struct buf *ret)
{
	const char *place = target_place(&b->cli->arena, b->plan, r->span);

	buf_putc(ret, '{');
	put_member("subject", r->subject, true, ret);
	put_member("level", target_level_name(r->level), false, ret);
	if (r->reason)
		put_member("reason", r->reason, false, ret);
	if (place)
		put_member("place", place, false, ret);
	buf_puts(ret, "\n      }");
}

static void put_matrix_of(struct build *b, const struct built *x, struct buf *ret)
{
	const struct target_result *r = &x->result;

	buf_puts(ret, "{\n    \"files\": [");
	for (uint32_t i = 0; i < r->files.len; i++) {
		buf_puts(ret, i ? ",\n      " : "\n      ");
		quote_json(r->files.at[i].path, strlen(r->files.at[i].path), ret);
	}
	buf_puts(ret, r->files.len ? "\n    ],\n    \"rows\": [" : "],\n    \"rows\": [");
	for (uint32_t i = 0; i < r->rows.len; i++) {
		buf_puts(ret, i ? ",\n      " : "\n      ");
		put_row(b, &r->rows.at[i], ret);
	}
	buf_puts(ret, r->rows.len ? "\n    ]" : "]");
	if (r->note) {
		buf_puts(ret, ",\n    \"note\": ");
		quote_json(r->note, strlen(r->note), ret);
	}
	buf_puts(ret, "\n  }");
}

void build_matrix(struct build *b, const struct doc *others, struct buf *ret)
{
	bool any = false;

	buf_putc(ret, '{');
	for (uint32_t i = 0; i < b->list.len; i++) {
		buf_puts(ret, any ? ",\n  " : "\n  ");
		any = true;
		quote_json(b->list.at[i].target->name, strlen(b->list.at[i].target->name), ret);
		buf_puts(ret, ": ");
		put_matrix_of(b, &b->list.at[i], ret);
	}
	for (doc_each(entry, others))
		if (*entry->key && !is_built(b, entry->key)) {
			buf_puts(ret, any ? ",\n  " : "\n  ");
			any = true;
			quote_json(entry->key, strlen(entry->key), ret);
			buf_puts(ret, ": ");
			doc_json_write_below(entry, 2, 1, ret);
		}
	buf_puts(ret, any ? "\n}\n" : "}\n");
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

/* Of a large twin: that many lines that are alike are shown, and how many there are more. */
#define SHOWN_MAX 40

static void print_table(const struct build *b, const struct table *t)
{
	int width = 20;
	uint32_t alike = 0;

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
		alike = k && memcmp(s->level, t->list.at[k - 1].level, sizeof(s->level)) == 0 ? alike + 1 : 0;
		if (alike >= SHOWN_MAX && k + 1 < t->list.len && memcmp(s->level, t->list.at[k + 1].level, sizeof(s->level)) == 0)
			continue;
		if (alike > SHOWN_MAX)
			printf("... %u more alike\n", alike - SHOWN_MAX);
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
	for (uint32_t i = 0, alike = 0; i < x->result.rows.len; i++) {
		const struct target_row *r = &x->result.rows.at[i], *before = i ? r - 1 : r;
		const char *place;
		bool same = r->reason && before != r && before->reason && strcmp(r->reason, before->reason) == 0;
		alike = same ? alike + 1 : 0;
		if (alike >= SHOWN_MAX) {
			bool last = i + 1 == x->result.rows.len || !r[1].reason || strcmp(r[1].reason, r->reason) != 0;
			if (last)
				printf("%s: %u more of that kind: " BUILD_MATRIX " has all\n", x->target->name, alike - SHOWN_MAX + 1);
			continue;
		}
		place = target_place(&b->cli->arena, b->plan, r->span);
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
