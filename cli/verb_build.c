/* build: what targets make of the plan, written into a folder each, and the matrix of what they can say. */
#include "cli/cli.h"
#include "compiler/diag/near.h"
#include "targets/target.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOURCEMAP_MAX_BYTES ((size_t)256 << 20)

struct built { const struct target *target; struct target_result result; };
struct build {
	struct cli *cli;
	const struct plan *plan;
	uint32_t workflow;
	const struct value **inputs;
	const char *dir, *here;
	VEC(struct built) list;
};

/* -- which ----------------------------------------------------------------------------------------------------------- */

static int target_unknown(struct cli *c, const char *name)
{
	struct near near;
	struct buf all = { 0 };
	int code;

	near_init(&near, name);
	for (const struct target *const *t = targets; *t; t++) {
		near_offer(&near, (*t)->name);
		buf_printf(&all, "%s%s", all.len ? ", " : "", (*t)->name);
	}
	if (near_best(&near))
		code = cli_usage(c, "there is no target \"%s\"; did you mean %s?", name, near_best(&near));
	else
		code = cli_usage(c, "there is no target \"%s\"; there are: %s", name, buf_text(&all));
	buf_finish(&all);
	return code;
}

/* All targets, or those of -t. -1 to go on. */
static int targets_choose(struct build *b)
{
	const char *text = b->cli->target;

	for (const struct target *const *t = targets; !text && *t; t++)
		vec_push(&b->list)->target = *t;
	while (text && *text) {
		size_t n = strcspn(text, ",");
		const char *name = arena_strndup(&b->cli->arena, text, n);
		const struct target *t = target_find(name);
		bool there = false;
		if (!t)
			return target_unknown(b->cli, name);
		for (uint32_t i = 0; i < b->list.len; i++)
			there |= b->list.at[i].target == t;
		if (!there)
			vec_push(&b->list)->target = t;
		text += n + (text[n] == ',');
	}
	return -1;
}

/* -- writing ------------------------------------------------------------------------------------------------------------ */

static int put(struct build *b, const char *path, const char *bytes, size_t len)
{
	int error = file_mkdirs(file_dirname(&b->cli->arena, path));

	if (!error)
		error = file_write(path, bytes, len, NULL);
	return error ? cli_fail("cannot write \"%s\": %s", path, strerror(error)) : CLI_DONE;
}

static int put_doc(struct build *b, const char *name, const struct doc *d)
{
	struct buf text = { 0 };
	int code;

	doc_json_write(d, 2, &text);
	buf_putc(&text, '\n');
	code = put(b, file_join(&b->cli->arena, b->dir, name), buf_text(&text), text.len);
	buf_finish(&text);
	return code;
}

static bool is_written(const struct built *x, const char *path)
{
	for (uint32_t i = 0; i < x->result.files.len; i++)
		if (strcmp(x->result.files.at[i].path, path) == 0)
			return true;
	return false;
}

/* Removes what an earlier build wrote, as its source map tells, and this one does not. */
static int clear(struct build *b, const struct built *x)
{
	struct arena *a = &b->cli->arena;
	size_t len, n = strlen(x->target->name);
	struct doc *map;
	char *text, *why;

	if (file_read(a, file_join(a, b->dir, "sourcemap.json"), SOURCEMAP_MAX_BYTES, &text, &len) != 0 || !doc_json_read(a, text, len, &map, &why))
		return CLI_DONE;
	for (doc_each(entry, map)) {
		const char *path = entry->key;
		int error;
		if (!path || strncmp(path, x->target->name, n) != 0 || path[n] != '/' || strstr(path, "..") || is_written(x, path + n + 1))
			continue;
		error = file_remove_tree(file_join(a, b->dir, path));
		if (error)
			return cli_fail("cannot remove \"%s\": %s", file_join(a, b->dir, path), strerror(error));
	}
	return CLI_DONE;
}

static int put_target(struct build *b, const struct built *x)
{
	struct arena *a = &b->cli->arena;
	const char *folder = file_join(a, b->dir, x->target->name);
	int error = file_mkdirs(folder), code = clear(b, x);

	if (error)
		return cli_fail("cannot make the folder \"%s\": %s", folder, strerror(error));
	for (uint32_t i = 0; i < x->result.files.len && code == CLI_DONE; i++) {
		struct buf text = { 0 };
		target_file_text(&x->result.files.at[i], &text);
		code = put(b, file_join(a, folder, x->result.files.at[i].path), buf_text(&text), text.len);
		buf_finish(&text);
	}
	return code;
}

/* -- the source map -------------------------------------------------------------------------------------------------------- */

static struct doc *origin_doc(struct build *b, const struct target_origin *o)
{
	struct arena *a = &b->cli->arena;
	struct doc *d = doc_map(a);
	struct place p = source_place(b->plan->sources, o->span);
	const char *shown = target_place(a, b->plan, o->span);

	doc_set(a, d, "pointer", doc_string(a, o->pointer));
	doc_set(a, d, "file", doc_string_n(a, shown ? shown : "", shown ? strcspn(shown, ":") : 0));
	doc_set(a, d, "line", doc_int(a, p.line));
	doc_set(a, d, "column", doc_int(a, p.column));
	doc_set(a, d, "endLine", doc_int(a, p.end_line));
	doc_set(a, d, "endColumn", doc_int(a, p.end_column));
	return d;
}

/* Built for some targets only, the map keeps what it knows of the others. */
static void keep_others(struct build *b, struct doc *map)
{
	struct arena *a = &b->cli->arena;
	struct doc *old;
	char *text, *why;
	size_t len;

	if (file_read(a, file_join(a, b->dir, "sourcemap.json"), SOURCEMAP_MAX_BYTES, &text, &len) != 0 || !doc_json_read(a, text, len, &old, &why))
		return;
	for (doc_each(entry, old)) {
		bool ours = false;
		for (uint32_t i = 0; entry->key && i < b->list.len; i++) {
			size_t n = strlen(b->list.at[i].target->name);
			ours |= strncmp(entry->key, b->list.at[i].target->name, n) == 0 && entry->key[n] == '/';
		}
		if (entry->key && !ours)
			doc_set(a, map, entry->key, doc_copy(a, entry));
	}
}

static struct doc *source_map(struct build *b)
{
	struct arena *a = &b->cli->arena;
	struct doc *map = doc_map(a);

	keep_others(b, map);

	for (uint32_t i = 0; i < b->list.len; i++) {
		const struct built *x = &b->list.at[i];
		for (uint32_t f = 0; f < x->result.files.len; f++) {
			const char *path = x->result.files.at[f].path;
			struct doc *list = doc_list(a);
			for (uint32_t k = 0; k < x->result.origins.len; k++)
				if (strcmp(x->result.origins.at[k].path, path) == 0 && x->result.origins.at[k].span.file)
					doc_push(list, origin_doc(b, &x->result.origins.at[k]));
			doc_set(a, map, arena_printf(a, "%s/%s", x->target->name, path), list);
		}
	}
	return map;
}

/* -- the matrix --------------------------------------------------------------------------------------------------------------- */

static void print_rows(const struct build *b, const struct built *x)
{
	if (x->result.note)
		printf("%-10s nothing: %s\n", x->target->name, x->result.note);
	for (uint32_t i = 0; i < x->result.rows.len; i++) {
		const struct target_row *r = &x->result.rows.at[i];
		const char *place = target_place(&b->cli->arena, b->plan, r->span);
		if (b->cli->quiet && r->level == TARGET_SUPPORTED)
			continue;
		printf("%-10s %-20s %-10s", x->target->name, r->subject, target_level_name(r->level));
		if (r->reason)
			printf(" %s%s%s", place ? place : "", place ? ": " : "", r->reason);
		putchar('\n');
	}
}

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

static void print_matrix(const struct build *b)
{
	struct arena *a = &b->cli->arena;
	struct doc *all = doc_map(a);

	for (uint32_t i = 0; i < b->list.len; i++) {
		const struct built *x = &b->list.at[i];
		struct doc *d = doc_map(a), *files = doc_list(a);
		if (!b->cli->json) {
			print_rows(b, x);
			continue;
		}
		for (uint32_t f = 0; f < x->result.files.len; f++)
			doc_push(files, doc_string(a, x->result.files.at[f].path));
		doc_set(a, d, "files", files);
		doc_set(a, d, "rows", rows_doc(b, x));
		if (x->result.note)
			doc_set(a, d, "note", doc_string(a, x->result.note));
		doc_set(a, all, x->target->name, d);
	}
	if (b->cli->json)
		cli_print_doc(b->cli, all);
}

/* -- the verb ------------------------------------------------------------------------------------------------------------------ */

static int build_all(struct build *b)
{
	struct arena *a = &b->cli->arena;
	int code = put_doc(b, "plan.json", plan_save(a, b->plan, true));

	for (uint32_t i = 0; i < b->list.len && code == CLI_DONE; i++) {
		struct built *x = &b->list.at[i];
		struct target_request request = { .plan = b->plan, .workflow = b->workflow, .only = b->cli->workflow != NULL, .inputs = b->inputs, .here = b->here, .packed = b->cli->packed };
		request.folder = file_join(a, file_join(a, b->here, b->dir), x->target->name);
		target_result_init(&x->result, a);
		x->target->emit(&request, &x->result);
		code = put_target(b, x);
	}
	if (code == CLI_DONE)
		code = put_doc(b, "sourcemap.json", source_map(b));
	if (code == CLI_DONE)
		print_matrix(b);
	return code;
}

int verb_build(struct cli *c)
{
	const char *file = cli_file(c);
	char *here = getcwd(NULL, 0);
	struct build b = { .cli = c };
	struct plan *plan = NULL;
	int code = CLI_USAGE;

	if (file && here) {
		b.here = arena_strdup(&c->arena, here);
		b.dir = c->output ? c->output : file_join(&c->arena, cli_folder(c, file), "build");
		code = targets_choose(&b);
	}
	free(here);
	if (code < 0) {
		c->partial = true; /* what is not bound is an input of what is written */
		plan = cli_plan(c, file, &b.workflow, &b.inputs, &code);
		b.plan = plan;
	}
	if (plan)
		code = build_all(&b);
	for (uint32_t i = 0; i < b.list.len; i++)
		target_result_finish(&b.list.at[i].result);
	vec_finish(&b.list);
	plan_destroy(plan);
	return code;
}
