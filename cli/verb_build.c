/* build: what targets make of the plan, written into a folder each, and the matrix of what they can say. */
#include "cli/build.h"
#include "compiler/diag/near.h"
#include "stdlib/stdlib.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define SCRIPT_MAX_BYTES ((size_t)1 << 20)
#define SCRIPT_MAX_S 30 /* of cpu: what no count of instructions sees, such as one match of a pattern */

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

/* FILE.lua: a target of the user's own, called like its file. */
static const struct target *target_read(struct build *b, const char *path, int *ret_code)
{
	struct arena *a = &b->cli->arena;
	const char *base = file_basename(a, path), *name = arena_strndup(a, base, strlen(base) - 4);
	struct stdlib_file *script = arena_new(a, struct stdlib_file);
	struct target *t = arena_new(a, struct target);
	char *text;
	int error;

	if (!*name || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(name) || target_find(name)) {
		*ret_code = cli_usage(b->cli, "\"%s\" cannot name a target: its folder would be called \"%s\"; small letters, digits, - and _, and no name of a built-in one", path, name);
		return NULL;
	}
	error = file_read(a, path, SCRIPT_MAX_BYTES, &text, &script->len);
	if (error) {
		*ret_code = cli_fail("cannot read \"%s\": %s", path, strerror(error));
		return NULL;
	}
	script->name = base;
	script->text = text;
	*t = target_lua;
	t->name = name;
	t->summary = path;
	t->script = script;
	return t;
}

/* By name, or by the path of a script. NULL: said why. */
static const struct target *target_named(struct build *b, const char *name, int *ret_code)
{
	size_t n = strlen(name);
	const struct target *t;

	if (n > 4 && strcmp(name + n - 4, ".lua") == 0)
		return target_read(b, name, ret_code);
	t = target_find(name);
	if (!t)
		*ret_code = target_unknown(b->cli, name);
	return t;
}

/* All targets, or those of -t. -1 to go on. */
static int targets_choose(struct build *b)
{
	int code = CLI_USAGE;

	const char *text = b->cli->target;

	for (const struct target *const *t = targets; !text && *t; t++)
		vec_push(&b->list)->target = *t;
	while (text && *text) {
		size_t n = strcspn(text, ",");
		const char *name = arena_strndup(&b->cli->arena, text, n);
		const struct target *t = target_named(b, name, &code);
		bool there = false;
		if (!t)
			return code;
		for (uint32_t i = 0; i < b->list.len; i++)
			there |= strcmp(b->list.at[i].target->name, t->name) == 0;
		if (!there)
			vec_push(&b->list)->target = t;
		text += n + (text[n] == ',');
	}
	return -1;
}

/* -- writing ------------------------------------------------------------------------------------------------------------ */

/* Whether an earlier build wrote what lies there: it stands in its map; plan, map and matrix come together. */
static bool is_ours(const struct build *b, const char *name)
{
	return map_get(&b->ours, name) || (b->old_map && !strchr(name, '/'));
}

static bool is_equal(struct build *b, const char *path, const char *bytes, size_t len)
{
	size_t there;
	char *text;

	return file_read(&b->cli->arena, path, len, &text, &there) == 0 && there == len && memcmp(text, bytes, len) == 0;
}

/* name: below DIR. */
static int put(struct build *b, const char *name, const char *bytes, size_t len, bool executable)
{
	const char *path = file_join(&b->cli->arena, b->dir, name), *folder = file_dirname(&b->cli->arena, path);
	struct stat st;
	bool there = lstat(path, &st) == 0;
	int error = 0;

	if (there && !b->cli->force && !is_ours(b, name) && !is_equal(b, path, bytes, len))
		return cli_fail("\"%s\" is there, and no earlier build wrote it: it stays as it is. Build elsewhere with -o DIR, or replace it with --force", path);
	if (!map_get(&b->made, folder))
		error = file_mkdirs(folder);
	if (error)
		return cli_fail("cannot make the folder \"%s\": %s", folder, strerror(error));
	map_set(&b->made, folder, b);
	error = file_write(path, bytes, len, NULL);
	if (!error && (there || executable) && stat(path, &st) == 0) {
		mode_t mode = executable ? st.st_mode | ((st.st_mode & 0444) >> 2) : st.st_mode & ~(mode_t)0111;
		if (mode != st.st_mode && chmod(path, mode & 07777) != 0)
			error = errno;
	}
	return error ? cli_fail("cannot write \"%s\": %s", path, strerror(error)) : CLI_DONE;
}

/* indent 0: for machines, all in a line. */
static int put_doc(struct build *b, const char *name, const struct doc *d, int indent)
{
	struct buf text = { 0 };
	int code;

	doc_json_write(d, indent, &text);
	buf_putc(&text, '\n');
	code = put(b, name, buf_text(&text), text.len, false);
	buf_finish(&text);
	return code;
}

/* The document of a plan is large, and nothing else needs it: its memory is free for what follows. */
static int put_plan(struct build *b)
{
	struct arena own = { 0 };
	int code = put_doc(b, "plan.json", plan_save(&own, b->plan, true), 0);

	arena_finish(&own);
	return code;
}

/* Removes what an earlier build wrote, as its source map tells, and this one does not. */
static int clear(struct build *b, const struct built *x)
{
	struct arena *a = &b->cli->arena;
	size_t n = strlen(x->target->name);
	struct map written;
	int error = 0;

	map_init(&written);
	for (uint32_t i = 0; i < x->result.files.len; i++)
		map_set(&written, x->result.files.at[i].path, b);
	for (doc_each(entry, b->old_map)) {
		const char *path = entry->key;
		if (strncmp(path, x->target->name, n) != 0 || path[n] != '/' || strstr(path, "..") || map_get(&written, path + n + 1))
			continue;
		path = file_join(a, b->dir, path);
		if (!file_is_dir(path) && unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR)
			error = cli_fail("cannot remove \"%s\": %s", path, strerror(errno));
		while (!error && strlen(path = file_dirname(a, path)) > strlen(b->dir) && rmdir(path) == 0)
			;
	}
	map_finish(&written);
	return error;
}

static uint32_t count_lines(const struct buf *text)
{
	uint32_t n = 0;

	for (const char *p = buf_text(text), *end = p + text->len; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
		n++;
	return n + (text->len && text->text[text->len - 1] != '\n');
}

static int put_file(struct build *b, const struct built *x, const struct target_file *f)
{
	struct buf text = { 0 };
	struct lines lines = { 0 };
	const char *name = arena_printf(&b->cli->arena, "%s/%s", x->target->name, f->path);
	int code;

	target_file_text(f, &text, &lines);
	code = put(b, name, buf_text(&text), text.len, f->executable);
	if (code == CLI_DONE)
		build_record_file(b, name, &lines, count_lines(&text));
	lines_finish(&lines);
	buf_finish(&text);
	return code;
}

static void too_long(int signal)
{
	static const char text[] = "twinc: a target in Lua took more than 30 s of cpu\n";

	(void)signal;
	_exit(write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ? CLI_WRONG : CLI_WRONG);
}

static void emit(struct build *b, struct built *x)
{
	struct arena *a = &b->cli->arena;
	struct itimerval limit = { .it_value.tv_sec = SCRIPT_MAX_S }, none = { 0 };
	struct target_request request = { .target = x->target, .plan = b->plan, .workflow = b->workflow, .only = b->cli->workflow != NULL, .inputs = b->inputs, .here = b->here, .image = b->cli->image, .packed = b->cli->packed };

	if (x->target->wants_scenarios) {
		request.scenarios = b->scenarios.at;
		request.n_scenarios = b->scenarios.len;
	}

	request.folder = file_join(a, file_join(a, b->here, b->dir), x->target->name);
	target_result_init(&x->result, a);
	if (x->target->script) {
		signal(SIGVTALRM, too_long);
		setitimer(ITIMER_VIRTUAL, &limit, NULL);
	}
	x->target->emit(&request, &x->result);
	if (x->target->script)
		setitimer(ITIMER_VIRTUAL, &none, NULL);
	if (x->result.error)
		target_result_drop_files(&x->result);
}

/* What is refused is told where a reader of the folder looks. */
static void add_refusals(struct build *b, struct built *x)
{
	struct target_text t = { 0 };
	struct span first = { 0 };

	for (uint32_t i = 0; i < x->result.rows.len; i++) {
		const struct target_row *r = &x->result.rows.at[i];
		const char *place = target_place(&b->cli->arena, b->plan, r->span);
		if (r->level != TARGET_REFUSED)
			continue;
		target_text_from(&t, r->span);
		first = first.file ? first : r->span;
		buf_printf(&t.text, "%s%s%s: %s\n", place ? place : "", place ? ": " : "", r->subject, r->reason ? r->reason : "");
	}
	if (t.text.len)
		target_put_text(&x->result, "REFUSED.txt", first, &t);
}

static int put_target(struct build *b, const struct built *x)
{
	const char *folder = file_join(&b->cli->arena, b->dir, x->target->name);
	int code = clear(b, x), error = file_mkdirs(folder);

	if (error)
		return cli_fail("cannot make the folder \"%s\": %s", folder, strerror(error));
	for (uint32_t i = 0; i < x->result.files.len && code == CLI_DONE; i++)
		code = put_file(b, x, &x->result.files.at[i]);
	return code;
}

/* -- the verb ------------------------------------------------------------------------------------------------------------------ */

/* The records come last, so that what was not written is not taken for ours; after a failure, too, so that what was is. */
static int put_records(struct build *b, int code)
{
	struct doc *matrix = build_matrix_doc(b);
	int error = CLI_DONE;

	build_keep_others(b, b->old_matrix, matrix);
	if (code == CLI_DONE)
		code = put_doc(b, BUILD_MATRIX, matrix, 2);
	else
		build_keep_missing(b);
	if (code == CLI_DONE || doc_len(b->map))
		error = put_doc(b, BUILD_MAP, b->map, 0);
	return code == CLI_DONE ? error : code;
}

static int build_all(struct build *b)
{
	struct arena *a = &b->cli->arena;
	int code, failed = CLI_DONE;

	b->old_map = build_read(a, b->dir, BUILD_MAP);
	b->old_matrix = build_read(a, b->dir, BUILD_MATRIX);
	b->map = doc_map(a);
	build_keep_others(b, b->old_map, b->map);
	for (doc_each(entry, b->old_map))
		map_set(&b->ours, entry->key, entry);
	code = put_plan(b);
	for (uint32_t i = 0; i < b->list.len && code == CLI_DONE; i++) {
		struct built *x = &b->list.at[i];
		emit(b, x);
		add_refusals(b, x);
		code = put_target(b, x);
	}
	code = put_records(b, code);
	if (code == CLI_DONE && b->cli->json)
		cli_print_doc(b->cli, build_matrix_doc(b));
	else if (code == CLI_DONE)
		build_print_matrix(b);
	for (uint32_t i = 0; i < b->list.len && code == CLI_DONE; i++)
		if (b->list.at[i].result.error)
			failed = cli_fail("target %s: %s", b->list.at[i].target->name, b->list.at[i].result.error);
	return code == CLI_DONE ? failed : code;
}

static const char *first_error(struct diags *ds)
{
	diags_sort(ds);
	for (const struct diag *d = ds->first; d; d = d->next)
		if (d->severity == DIAG_ERROR)
			return d->message;
	return "it is wrong";
}

/* The plan of each scenario, where a target wants them. One that does not go with what is bound here is refused, and stops nothing. */
static bool add_scenarios(struct build *b, const char *file)
{
	bool wanted = false, ok = true;

	for (uint32_t i = 0; i < b->list.len; i++)
		wanted |= b->list.at[i].target->wants_scenarios;
	for (uint32_t i = 0; wanted && ok && !b->cli->scenario && i < b->plan->n_scenarios; i++) {
		struct target_scenario s = { .scenario = &b->plan->scenarios[i] };
		struct compile_request request;
		struct compile comp;
		const struct value **inputs = NULL;
		uint32_t workflow;
		ok = cli_request(b->cli, file, &request);
		if (!ok)
			break;
		request.scenario = s.scenario->name;
		compile_init(&comp);
		s.plan = compile_plan(&comp, &request, &workflow, &inputs);
		s.inputs = inputs;
		if (!s.plan)
			s.error = arena_strdup(&b->cli->arena, first_error(&comp.diags));
		*vec_push(&b->scenarios) = s;
		compile_finish(&comp);
	}
	return ok;
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
		code = add_scenarios(&b, file) ? build_all(&b) : CLI_WRONG;
	for (uint32_t i = 0; i < b.list.len; i++)
		target_result_finish(&b.list.at[i].result);
	for (uint32_t i = 0; i < b.scenarios.len; i++)
		plan_destroy((struct plan *)b.scenarios.at[i].plan);
	vec_finish(&b.scenarios);
	vec_finish(&b.list);
	map_finish(&b.ours);
	map_finish(&b.made);
	plan_destroy(plan);
	return code;
}
