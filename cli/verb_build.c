/* build: what targets make of the plan, written into a folder each, and the matrix of what they can say. */
#include "cli/build.h"
#include "compiler/diag/near.h"
#include "stdlib/stdlib.h"
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
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

/* -- emitting ---------------------------------------------------------------------------------------------------------- */

static void too_long(int signal)
{
	static const char text[] = "twinc: a target in Lua took more than 30 s of cpu\n";

	(void)signal;
	_exit(write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ? CLI_WRONG : CLI_WRONG);
}

static void emit(struct build *b, struct built *x, struct arena *own)
{
	struct arena *a = &b->cli->arena;
	struct itimerval limit = { .it_value.tv_sec = SCRIPT_MAX_S }, none = { 0 };
	struct target_request request = { .target = x->target, .plan = b->plan, .workflow = b->workflow, .only = b->cli->workflow != NULL, .inputs = b->inputs, .here = b->here, .image = b->cli->image, .shared = &b->shared, .packed = b->cli->packed };

	if (x->target->wants_scenarios) {
		request.scenarios = b->scenarios.at;
		request.n_scenarios = b->scenarios.len;
	}

	request.folder = file_join(a, file_join(a, b->here, b->dir), x->target->name);
	target_result_init(&x->result, own);
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
		const char *place;
		if (r->level != TARGET_REFUSED)
			continue;
		place = target_place(&b->cli->arena, b->plan, r->span);
		target_text_from(&t, r->span);
		first = first.file ? first : r->span;
		buf_printf(&t.text, "%s%s%s: %s\n", place ? place : "", place ? ": " : "", r->subject, r->reason ? r->reason : "");
	}
	if (t.text.len)
		target_put_text(&x->result, "REFUSED.txt", first, &t);
}

/* -- the verb ------------------------------------------------------------------------------------------------------------------ */

static void print_matrix_json(struct build *b)
{
	struct buf text = { 0 };

	build_matrix(b, NULL, &text);
	cli_print(&text);
	buf_finish(&text);
}

static int build_all(struct build *b)
{
	int code, failed = CLI_DONE;

	build_open(b);
	code = build_put_plan(b);
	for (uint32_t i = 0; i < b->list.len && code == CLI_DONE; i++) {
		struct built *x = &b->list.at[i];
		struct arena own = { 0 };
		emit(b, x, &own);
		add_refusals(b, x);
		code = build_put_target(b, x);
		target_result_keep(&x->result, &b->cli->arena);
		arena_finish(&own);
	}
	code = build_put_records(b, code);
	if (code == CLI_DONE && b->cli->json)
		print_matrix_json(b);
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
static bool add_scenarios(struct build *b, struct compile *comp, const char *file)
{
	bool wanted = false, ok = true;

	for (uint32_t i = 0; i < b->list.len; i++)
		wanted |= b->list.at[i].target->wants_scenarios;
	for (uint32_t i = 0; wanted && ok && !b->cli->scenario && i < b->plan->n_scenarios; i++) {
		struct target_scenario s = { .scenario = &b->plan->scenarios[i] };
		struct compile_request request;
		const struct value **inputs = NULL;
		uint32_t workflow;
		ok = cli_request(b->cli, file, &request);
		if (!ok)
			break;
		request.scenario = s.scenario->name;
		s.plan = compile_plan_again(comp, &request, &workflow, &inputs);
		s.inputs = inputs;
		if (!s.plan)
			s.error = arena_strdup(&b->cli->arena, first_error(&comp->diags));
		*vec_push(&b->scenarios) = s;
	}
	return ok;
}

int verb_build(struct cli *c)
{
	const char *file = cli_file(c);
	char *here = getcwd(NULL, 0);
	struct build b = { .cli = c };
	struct compile comp;
	struct plan *plan = NULL;
	int code = CLI_USAGE;
	bool ok = false;

	/* What one target gave back, the next takes again: the system need not see it, which zeroes each page anew. */
	mallopt(M_TRIM_THRESHOLD, INT_MAX);
	mallopt(M_MMAP_THRESHOLD, INT_MAX);
	mallopt(M_TOP_PAD, 1 << 20);
	if (file && here) {
		b.here = arena_strdup(&c->arena, here);
		b.dir = c->output ? c->output : file_join(&c->arena, cli_folder(c, file), "build");
		code = targets_choose(&b);
	}
	free(here);
	if (code < 0) {
		c->partial = true; /* what is not bound is an input of what is written */
		compile_init(&comp);
		plan = cli_compile(c, file, &comp, &b.workflow, &b.inputs, &code);
		b.plan = plan;
		ok = plan && add_scenarios(&b, &comp, file);
		compile_finish(&comp);
	}
	if (plan)
		code = ok ? build_all(&b) : CLI_WRONG;
	for (uint32_t i = 0; i < b.list.len; i++)
		target_result_finish(&b.list.at[i].result);
	for (uint32_t i = 0; i < b.scenarios.len; i++)
		plan_destroy((struct plan *)b.scenarios.at[i].plan);
	target_shared_finish(&b.shared);
	vec_finish(&b.scenarios);
	vec_finish(&b.list);
	build_close(&b);
	plan_destroy(plan);
	return code;
}
