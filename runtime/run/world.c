/* What a task finds around it: an empty folder to work in, its inputs as links, its command and its environment. */
#include "runtime/run/inside.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_MASKED_MAX_BYTES ((size_t)256 << 20)
#define TASK_FILE_MAX 180 /* bytes of a task's name in the name of its logs */
static const char default_path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct strings { VEC(const char *) list; };

/* -- paths of outputs --------------------------------------------------------------------------------------------- */

static const struct value *output_path(struct bind *b, const struct expr *e, bool is_dir)
{
	const struct value *v;
	struct span span;
	const char *error;
	if (e->op == EXPR_GLOB)
		return NULL; /* known when it is over */
	if (e->op == EXPR_LIST) {
		const struct value **items = arena_new_n(b->arena, const struct value *, e->n);
		for (uint16_t i = 0; i < e->n; i++)
			if (!(items[i] = output_path(b, e->args[i], is_dir)))
				return NULL;
		return value_list(b->arena, items, e->n);
	}
	if (bind_eval(b, e, &v, &span, &error) != EVAL_OK)
		return NULL;
	if (v->kind == VALUE_STRING)
		return value_path(b->arena, v->string.text, is_dir, NULL);
	return v;
}

static bool wants_dir(const struct type *t)
{
	while (t->kind == TYPE_OPTIONAL || t->kind == TYPE_LIST)
		t = t->of;
	return t->kind == TYPE_DIR;
}

void world_outputs(struct run *r, struct task *t, struct bind *b)
{
	const struct value **outputs = arena_new_n(b->arena, const struct value *, t->step->n_outputs);
	(void)r;
	for (uint32_t i = 0; i < t->step->n_outputs; i++)
		outputs[i] = output_path(b, t->step->outputs[i].expr, wants_dir(t->step->outputs[i].type));
	b->outputs = outputs;
}

const char *world_metrics_path(struct run *r, struct task *t, struct bind *b)
{
	const struct value *v;
	struct span span;
	const char *error;
	if (!t->step->metrics_file)
		return NULL;
	if (bind_eval(b, t->step->metrics_file, &v, &span, &error) != EVAL_OK) {
		fail_node(r, t->node, DIAG_E0610, span, "%s", error);
		return NULL;
	}
	return v->kind == VALUE_PATH ? v->file.path : v->kind == VALUE_STRING ? v->string.text : NULL;
}

/* -- folders and links -------------------------------------------------------------------------------------------- */

static bool trouble(struct run *r, struct task *t, const char *what, int e)
{
	fail_task(r, t, DIAG_E0618, "cannot prepare `%s`: %s: %s", t->name, what, strerror(e));
	return false;
}

/* Letters of the name that a file's name can carry; a long one is cut and told apart by a digest. */
static const char *file_name(struct arena *a, const char *name)
{
	char *text = arena_strdup(a, name);
	struct digest_hex hex;
	for (char *c = text; *c; c++)
		if (*c == '/' || (unsigned char)*c < 0x20)
			*c = '_';
	if (strlen(text) <= TASK_FILE_MAX)
		return text;
	digest_bytes(name, strlen(name), &hex);
	return arena_printf(a, "%.*s-%.16s", TASK_FILE_MAX - 20, text, hex.text);
}

static bool name_folder(struct run *r, struct task *t)
{
	struct lane *l = t->lane;
	struct attempt *x = t->now;
	char error[300];
	x->folder = x->seen = arena_printf(&x->arena, "%s/work/%" PRId64 "-%u", r->o.state, t->home, t->number);
	if (!l || !l->executor->root)
		return true;
	if (!l->root && !(l->root = l->executor->root(&l->host, &r->arena, error, sizeof error))) {
		fail_task(r, t, DIAG_E0618, "cannot prepare `%s`: %s", t->name, error);
		return false;
	}
	if (l->root[0])
		x->seen = arena_printf(&x->arena, "%s/%" PRId64 "-%u", l->root, t->home, t->number);
	return true;
}

/* What the task sees at this path, as it is here. */
static const char *here(struct attempt *x, const char *path)
{
	return x->seen == x->folder ? path : arena_printf(&x->arena, "%s%s", x->folder, path + strlen(x->seen));
}

static bool make_folders(struct run *r, struct task *t)
{
	static const char *const inside[] = { "work", "tmp" };
	if (!name_folder(r, t))
		return false;
	const char *folder = t->now->folder;
	if (mkdir(folder, 0755) != 0) { /* the first of all, or left by a run that was never recorded */
		int e = file_remove_tree(folder);
		if (!e)
			e = file_mkdirs(folder);
		if (e)
			return trouble(r, t, folder, e);
	}
	for (size_t i = 0; i < 2; i++) {
		const char *path = arena_printf(&t->now->arena, "%s/%s", folder, inside[i]);
		if (mkdir(path, 0755) != 0)
			return trouble(r, t, path, errno);
	}
	return true;
}

const char *run_log_path(struct arena *a, const char *state, const char *workflow, const char *task, uint32_t attempt, bool err)
{
	return arena_printf(a, "%s/logs/%s/%s.%u.%s", state, file_name(a, workflow), file_name(a, task), attempt, err ? "err" : "out");
}

static bool make_logs(struct run *r, struct task *t)
{
	struct attempt *x = t->now;
	x->out = run_log_path(&x->arena, r->o.state, r->workflow->name, t->name, t->attempt, false);
	x->err = run_log_path(&x->arena, r->o.state, r->workflow->name, t->name, t->attempt, true);
	const char *folder = file_dirname(&x->arena, x->out);
	int e = mkdir(folder, 0755) == 0 || errno == EEXIST ? 0 : file_mkdirs(folder);
	return e ? trouble(r, t, folder, e) : true;
}

/* Links every path of a value to its place under `where`, which the canonical value names. */
static bool link_value(struct run *r, struct task *t, const char *input, const struct value *from, const struct value *to)
{
	if (from->kind == VALUE_PATH) {
		const char *link = here(t->now, to->file.path);
		int e = file_mkdirs(file_dirname(&t->now->arena, link));
		if (e || symlink(from->file.path, link) != 0)
			return trouble(r, t, link, e ? e : errno);
		struct input_stamp *s = vec_push(&t->now->stamps);
		s->input = input;
		s->path = from->file.path;
		s->digest = from->file.digest;
		e = stamp_path(s->path, s->stamp);
		return e ? trouble(r, t, s->path, e) : true;
	}
	for (uint32_t i = 0; from->kind == VALUE_LIST && i < from->list.len; i++)
		if (!link_value(r, t, input, from->list.items[i], to->list.items[i]))
			return false;
	for (uint32_t i = 0; from->kind == VALUE_RECORD && i < from->record.len; i++)
		if (!link_value(r, t, input, from->record.fields[i].value, to->record.fields[i].value))
			return false;
	return true;
}

/* The inputs as the task finds them. */
static void name_inputs(struct run *r, const struct task *t, struct bind *b)
{
	struct attempt *x = t->now;
	b->inputs = arena_new_n(&x->arena, const struct value *, t->step->n_inputs);
	for (uint32_t i = 0; i < t->step->n_inputs; i++)
		b->inputs[i] = key_canonical(r, &x->arena, arena_printf(&x->arena, "%s/in/%s", x->seen, t->step->inputs[i].name), t->inputs[i]);
	b->assets_folder = arena_printf(&x->arena, "%s/in/.asset", x->seen);
}

static bool link_inputs(struct run *r, struct task *t, struct bind *b)
{
	const struct plan_step *s = t->step;
	name_inputs(r, t, b);
	for (uint32_t i = 0; i < s->n_inputs; i++) {
		if (!link_value(r, t, s->inputs[i].name, t->inputs[i], b->inputs[i]))
			return false;
	}
	return true;
}

static bool link_assets(struct run *r, struct task *t, struct bind *b, struct strings *reads, struct strings *digests)
{
	struct arena *a = &t->now->arena;
	for (uint32_t i = 0; i < b->assets.len; i++) {
		char from[PATH_MAX];
		const char *path = b->assets.at[i]->file.path, *folder = here(t->now, arena_printf(a, "%s/%u", b->assets_folder, i)), *digest = "";
		const char *to = arena_printf(a, "%s/%s", folder, file_basename(a, path));
		if (!realpath(path, from))
			return trouble(r, t, path, errno);
		*vec_push(&reads->list) = arena_strdup(a, from);
		int e = stamps_digest(&r->stamps, path, &digest);
		*vec_push(&digests->list) = digest;
		if (!e)
			e = file_mkdirs(folder);
		if (e || symlink(from, to) != 0)
			return trouble(r, t, to, e ? e : errno);
	}
	return true;
}

/* -- command and environment --------------------------------------------------------------------------------------- */

static bool add_words(struct arena *a, struct strings *s, const struct value *v)
{
	struct buf b = { 0 };
	if (v->kind == VALUE_NULL)
		return true;
	if (v->kind == VALUE_LIST) {
		for (uint32_t i = 0; i < v->list.len; i++)
			if (!add_words(a, s, v->list.items[i]))
				return false;
		return true;
	}
	if (!eval_value_text(v, &b))
		return false;
	*vec_push(&s->list) = arena_strndup(a, buf_text(&b), b.len);
	buf_finish(&b);
	return true;
}

static bool command_value(struct run *r, struct task *t, struct bind *b, const struct value **ret)
{
	struct span span;
	const char *error;
	if (bind_eval(b, t->step->script ? t->step->script : t->step->argv, ret, &span, &error) == EVAL_OK)
		return true;
	fail_node(r, t->node, DIAG_E0610, span, "%s", error);
	return false;
}

#define SCRIPT_ARGUMENT_MAX ((size_t)64 << 10)

/* A long script is a file beside the work folder: the length of an argument is limited. */
static bool script_file(struct run *r, struct task *t, const struct buf *text, struct strings *argv)
{
	const char *path = arena_printf(&t->now->arena, "%s/command", t->now->folder);
	int e = file_write(path, text->text, text->len, NULL);
	*vec_push(&argv->list) = arena_printf(&t->now->arena, "%s/command", t->now->seen);
	return e ? trouble(r, t, path, e) : true;
}

static bool make_script(struct run *r, struct task *t, const struct value *v, struct strings *argv)
{
	struct buf text = { 0 };
	bool good = true;
	if (!eval_value_text(v, &text))
		bug("a script that is no text");
	t->now->command = arena_strndup(&t->now->arena, buf_text(&text), text.len);
	*vec_push(&argv->list) = t->step->bash ? "bash" : "sh";
	*vec_push(&argv->list) = t->step->bash ? "-euo" : "-eu";
	if (t->step->bash)
		*vec_push(&argv->list) = "pipefail";
	if (text.len > SCRIPT_ARGUMENT_MAX) {
		good = script_file(r, t, &text, argv);
	} else {
		*vec_push(&argv->list) = "-c";
		*vec_push(&argv->list) = t->now->command;
	}
	buf_finish(&text);
	return good;
}

static void show_argv(struct attempt *x, const struct strings *argv)
{
	struct buf b = { 0 };
	for (uint32_t i = 0; i < argv->list.len; i++) {
		if (i)
			buf_putc(&b, ' ');
		quote_sh(argv->list.at[i], strlen(argv->list.at[i]), &b);
	}
	x->command = arena_strndup(&x->arena, buf_text(&b), b.len);
	buf_finish(&b);
}

static bool make_argv(struct run *r, struct task *t, struct bind *b, struct strings *argv)
{
	const struct value *v;
	if (!command_value(r, t, b, &v))
		return false;
	if (t->step->script)
		return make_script(r, t, v, argv);
	if (!add_words(&t->now->arena, argv, v) || argv->list.len == 0) {
		fail_node(r, t->node, DIAG_E0610, t->step->command_span, "the command is empty or holds what is no word");
		return false;
	}
	show_argv(t->now, argv);
	return true;
}

static const char *secret_content(const struct run *r, const char *name)
{
	for (uint32_t i = 0; i < r->o.n_secrets; i++)
		if (strcmp(r->o.secrets[i].name, name) == 0)
			return r->o.secrets[i].content;
	return NULL;
}

static bool add_setting(struct run *r, struct task *t, struct bind *b, const struct plan_attribute *at, struct strings *env, struct strings *secrets)
{
	const struct value *v;
	struct span span;
	const char *error, *content;
	struct buf text = { 0 };
	if (bind_eval(b, at->expr, &v, &span, &error) != EVAL_OK) {
		fail_node(r, t->node, DIAG_E0610, span, "%s", error);
		return false;
	}
	if (v->kind == VALUE_NULL)
		return true;
	if (v->kind == VALUE_SECRET) {
		content = secret_content(r, v->string.text);
		if (!content) {
			diag_help(fail_node(r, t->node, DIAG_E0619, at->span, "the secret `%s` is not bound", v->string.text),
				  "bind it with `--secret %s=env:VAR`, `file:PATH` or `cmd:COMMAND`", v->string.text);
			return false;
		}
		t->now->has_secret = true;
		buf_puts(&text, content);
	} else if (!eval_value_text(v, &text)) {
		fail_node(r, t->node, DIAG_E0610, at->span, "`%s` is no text", at->name);
		return false;
	}
	*vec_push(v->kind == VALUE_SECRET ? &secrets->list : &env->list) = arena_printf(&t->now->arena, "%s=%s", at->name, buf_text(&text));
	buf_finish(&text);
	return true;
}

static bool make_env(struct run *r, struct task *t, struct bind *b, struct strings *env, struct strings *secrets)
{
	uint64_t memory = t->memory_bytes ? t->memory_bytes : r->memory_bytes;
	struct arena *a = &t->now->arena;
	*vec_push(&env->list) = arena_printf(a, "TMPDIR=%s/tmp", t->now->seen); /* first: the keeper's mark */
	*vec_push(&env->list) = default_path;
	*vec_push(&env->list) = arena_printf(a, "HOME=%s/tmp", t->now->seen);
	*vec_push(&env->list) = "LC_ALL=C.UTF-8";
	*vec_push(&env->list) = arena_printf(a, "TWIN_RUN=%" PRId64, t->home);
	*vec_push(&env->list) = arena_printf(a, "TWIN_TASK=%s", t->name);
	*vec_push(&env->list) = arena_printf(a, "TWIN_CPUS=%u", t->cpus);
	*vec_push(&env->list) = arena_printf(a, "TWIN_MEMORY_BYTES=%" PRIu64, memory);
	for (uint32_t i = 0; i < t->step->n_env; i++)
		if (!add_setting(r, t, b, &t->step->env[i], env, secrets))
			return false;
	return true;
}

/* -- before and after ---------------------------------------------------------------------------------------------- */

/* A process of our own that does the rest. */
static bool make_foreign(struct run *r, struct task *t, struct strings *argv)
{
	const char *words[3];
	if (!foreign_prepare(r, t, words))
		return false;
	for (size_t i = 0; i < 3; i++)
		*vec_push(&argv->list) = words[i];
	return true;
}

void attempt_drop(struct run *r, struct task *t)
{
	if (t->now)
		*vec_push(&r->spent) = t->now;
	t->now = NULL;
}

void attempts_free(struct run *r)
{
	for (uint32_t i = 0; i < r->spent.len; i++) {
		vec_finish(&r->spent.at[i]->stamps);
		arena_finish(&r->spent.at[i]->arena);
		free(r->spent.at[i]);
	}
	vec_clear(&r->spent);
}

static struct attempt *attempt_new(struct run *r, struct task *t)
{
	attempt_drop(r, t);
	t->now = calloc(1, sizeof *t->now);
	if (!t->now)
		bug_out_of_memory();
	return t->now;
}

/* What is written there before it is masked is for the user alone. */
static int shut(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600), e = fd < 0 || fchmod(fd, 0600) != 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	return e;
}

/* Logs that may tell a secret. */
static bool shut_logs(struct run *r, struct task *t)
{
	struct attempt *x = t->now;
	int e = x->has_secret ? shut(x->out) : 0;
	if (!e && x->has_secret)
		e = shut(x->err);
	return e ? trouble(r, t, x->out, e) : true;
}

/* With NULL at its end. */
static const char *const *keep(struct attempt *x, struct strings *s)
{
	*vec_push(&s->list) = NULL;
	return arena_copy(&x->arena, s->list.at, s->list.len * sizeof *s->list.at);
}

/* Folder, links, command and environment of the next attempt; false: reported. */
bool world_make(struct run *r, struct task *t)
{
	struct attempt *x = attempt_new(r, t);
	struct bind b = { .run = r, .arena = &x->arena };
	struct strings argv = { 0 }, env = { 0 }, secrets = { 0 }, reads = { 0 }, digests = { 0 };
	bool good = make_folders(r, t) && make_logs(r, t) && (t->step->cwl || link_inputs(r, t, &b));
	if (good && t->step->cwl) {
		good = make_foreign(r, t, &argv) && make_env(r, t, &b, &env, &secrets);
	} else if (good) {
		world_outputs(r, t, &b);
		good = make_argv(r, t, &b, &argv) && make_env(r, t, &b, &env, &secrets) && link_assets(r, t, &b, &reads, &digests);
	}
	good = good && shut_logs(r, t);
	if (good) {
		x->argv = keep(x, &argv);
		x->env = keep(x, &env);
		x->secrets = keep(x, &secrets);
		for (uint32_t i = 0; i < x->stamps.len; i++) {
			*vec_push(&reads.list) = x->stamps.at[i].path;
			*vec_push(&digests.list) = x->stamps.at[i].digest ? x->stamps.at[i].digest : "";
		}
		x->reads = keep(x, &reads);
		x->digests = keep(x, &digests);
	}
	vec_finish(&reads.list);
	vec_finish(&digests.list);
	vec_finish(&argv.list);
	vec_finish(&env.list);
	vec_finish(&secrets.list);
	vec_finish(&b.assets);
	return good;
}

bool world_adopt(struct run *r, struct task *t)
{
	struct bind b = { .run = r, .arena = &attempt_new(r, t)->arena };
	const struct value *v;
	struct span span;
	const char *error;
	if (!name_folder(r, t))
		return false;
	name_inputs(r, t, &b);
	for (uint32_t i = 0; i < t->step->n_env; i++)
		t->now->has_secret |= bind_eval(&b, t->step->env[i].expr, &v, &span, &error) == EVAL_OK && v->kind == VALUE_SECRET;
	if (t->step->cwl)
		return make_logs(r, t);
	world_outputs(r, t, &b);
	if (bind_eval(&b, t->step->script ? t->step->script : t->step->argv, &v, &span, &error) == EVAL_OK && v->kind == VALUE_STRING)
		t->now->command = v->string.text;
	vec_finish(&b.assets);
	return make_logs(r, t);
}

/* How long its step took the last time, in ms; -1: not known. */
static int64_t expected(struct run *r, const struct plan_step *s)
{
	if (!r->expected_ms)
		r->expected_ms = arena_new_n(&r->arena, int64_t, r->plan->n_steps);
	int64_t *ms = &r->expected_ms[s - r->plan->steps];
	if (!r->o.journal)
		return -1;
	if (*ms == 0)
		*ms = journal_step_duration_ms(r->o.journal, r->workflow->name, s->name);
	return *ms;
}

void world_task(struct run *r, const struct task *t, struct executor_task *ret)
{
	static const struct attempt none;
	const struct attempt *x = t->now ? t->now : &none;
	const char **modules = arena_new_n(&r->arena, const char *, t->step->n_modules + 1);
	for (uint32_t i = 0; i < t->step->n_modules; i++)
		modules[i] = t->step->modules[i];
	*ret = (struct executor_task){
		.number = t->number, .name = t->name, .place = lane_place(r, t), .folder = x->folder, .seen = x->seen, .out = x->out, .err = x->err, .argv = x->argv,
		.env = x->env, .secrets = x->secrets, .container = t->step->container, .network = t->step->network,
		.contains = t->step->cwl && foreign_image(r, foreign_process(r, t->step)), .reads = x->reads, .digests = x->digests, .cpus = t->cpus, .gpus = t->gpus,
		.given = t->lane->executor->whole ? plain_inputs(r, t) : NULL, .time_ms = t->time_ms, .modules = modules, .expected_ms = t->lane->executor->most ? expected(r, t->step) : -1,
		.memory_bytes = t->step->cwl ? 0 : t->memory_bytes, /* what a CWL tool asks for is the least that it needs, no limit */
	};
}

/* Replaces the contents of secrets in a log; what cannot be masked is removed. */
static void mask_log(struct run *r, const char *path)
{
	struct arena a = { 0 };
	char *text;
	size_t len, masked_len;
	int e = file_read(&a, path, LOG_MASKED_MAX_BYTES, &text, &len);
	if (e == 0) {
		const char *masked = fail_masked(r, &a, text, len, &masked_len);
		if (masked != text && file_write(path, masked, masked_len, NULL) != 0)
			unlink(path);
	} else if (e != ENOENT) {
		const char *why = arena_printf(&a, "(removed: %s, so that no secret could be masked in it)\n",
					       e == EFBIG ? "it was larger than 256 MiB" : fail_errno(e));
		if (file_write(path, why, strlen(why), NULL) != 0)
			unlink(path);
	}
	chmod(path, 0644); /* it was the user's alone as long as it was not masked */
	arena_finish(&a);
}

void world_mask(struct run *r, const char *task, uint32_t attempt)
{
	struct arena a = { 0 };
	for (int err = 0; r->o.n_secrets > 0 && err < 2; err++)
		mask_log(r, run_log_path(&a, r->o.state, r->workflow->name, task, attempt, err));
	arena_finish(&a);
}

void world_finish(struct run *r, struct task *t)
{
	if (t->step->cwl)
		foreign_ended(t);
	if (t->now->has_secret) {
		mask_log(r, t->now->out);
		mask_log(r, t->now->err);
	}
	const char *tmp = arena_printf(&t->now->arena, "%s/tmp", t->now->folder);
	if (rmdir(tmp) != 0)
		file_remove_tree(tmp);
}
