/* A task from its job to its outputs: inputs, work folder, command, run, collect. */
#include "runtime/cwl/inside.h"
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* -- what expressions see as `runtime` --------------------------------------------------------------------------------------- */

static bool amount(struct tool *t, const struct doc *said, double otherwise, struct doc **ret)
{
	const struct doc *d = said;
	if (d && !expression_value(t, d, NULL, &d))
		return false;
	double x = d && (d->kind == DOC_INT || d->kind == DOC_FLOAT) ? ceil(doc_number(d, otherwise)) : otherwise;
	*ret = doc_int(t->arena, (int64_t)(x < 1 ? 1 : x));
	return true;
}

static bool runtime_make(struct tool *t, const struct doc *job)
{
	struct doc *cores, *ram, *out, *tmp;
	t->runtime = doc_map(t->arena);
	datum_put_text(t, t->runtime, "outdir", t->work);
	datum_put_text(t, t->runtime, "tmpdir", t->tmp);
	if (!amount(t, t->process->out_mib, 1024, &out) || !amount(t, t->process->tmp_mib, 1024, &tmp))
		return false;
	datum_put(t, t->runtime, "outdirSize", out);
	datum_put(t, t->runtime, "tmpdirSize", tmp);
	bool cores_said = t->process->cores && t->process->cores->kind == DOC_STRING, ram_said = t->process->ram_mib && t->process->ram_mib->kind == DOC_STRING;
	if (!amount(t, cores_said ? t->process->cores : NULL, doc_number(doc_get(job, "cores"), 1), &cores) ||
	    !amount(t, ram_said ? t->process->ram_mib : NULL, doc_number(doc_get(job, "ram"), 256), &ram))
		return false;
	datum_put(t, t->runtime, "cores", cores);
	datum_put(t, t->runtime, "ram", ram);
	return true;
}

/* -- running ------------------------------------------------------------------------------------------------------------- */

/* A name for a stream's file, in the work folder; one is made up where an output takes the stream and none is given. */
static bool stream_name(struct tool *t, const char *said, enum cwl_stream stream, const char *word, const char **ret)
{
	*ret = NULL;
	for (uint32_t i = 0; i < t->process->n_outputs; i++)
		if (t->process->outputs[i].stream == stream)
			*ret = arena_printf(t->arena, "%s.%s", t->process->outputs[i].name, word);
	if (!said)
		return true;
	if (!expression_text(t, said, NULL, ret))
		return false;
	const char *full = file_join(t->arena, t->work, *ret);
	size_t n = strlen(t->work);
	if (!**ret || strncmp(full, t->work, n) != 0 || full[n] != '/')
		return tool_fail(t, "the name `%s` of %s leads out of the work folder", *ret, word);
	*ret = full + n + 1;
	return true;
}

static bool streams_make(struct tool *t, struct streams *ret)
{
	const char *in = t->process->in;
	*ret = (struct streams){ 0 };
	for (uint32_t i = 0; i < t->process->n_inputs; i++)
		if (t->process->inputs[i].stream == CWL_STDIN)
			ret->in = doc_text(doc_get(doc_get(t->inputs, t->process->inputs[i].name), "path"), NULL);
	if (in) {
		if (!expression_text(t, in, NULL, &in))
			return false;
		ret->in = file_join(t->arena, t->work, in);
	}
	if (!stream_name(t, t->process->out, CWL_STDOUT, "stdout", &t->out_name) || !stream_name(t, t->process->err, CWL_STDERR, "stderr", &t->err_name))
		return false;
	ret->out = t->out_name ? arena_printf(t->arena, "%s/%s", t->work, t->out_name) : NULL;
	ret->err = t->err_name ? arena_printf(t->arena, "%s/%s", t->work, t->err_name) : NULL;
	for (int i = 0; i < 2; i++)
		if (i ? ret->err : ret->out)
			file_mkdirs(file_dirname(t->arena, i ? ret->err : ret->out));
	return true;
}

static bool named(const char *setting, const char *name)
{
	size_t n = strlen(name);
	return strncmp(setting, name, n) == 0 && setting[n] == '=';
}

/* CWL gives a tool HOME, TMPDIR and PATH, and what EnvVarRequirement names; the twin's own settings stay too. */
bool task_env(struct tool *t, const char *const **ret)
{
	VEC(const char *) list = { 0 };
	bool good = true;
	*vec_push(&list) = arena_printf(t->arena, "TMPDIR=%s", t->tmp); /* first: the keeper's mark */
	*vec_push(&list) = arena_printf(t->arena, "HOME=%s", t->process->class == CWL_WORKFLOW ? t->tmp : t->work); /* an engine's own */
	for (char **e = environ; *e; e++) {
		bool ours = strncmp(*e, "TWIN_", 5) == 0 || named(*e, "HOME") || named(*e, "TMPDIR");
		for (uint32_t i = 0; i < t->process->n_env; i++)
			ours = ours || named(*e, t->process->env[i].name);
		for (char **later = e + 1; *later && !ours; later++) /* what the twin says comes last */
			ours = strncmp(*e, *later, strcspn(*e, "=") + 1) == 0;
		if (!ours)
			*vec_push(&list) = *e;
	}
	for (uint32_t i = 0; i < t->process->n_env && good; i++) {
		const char *text;
		good = expression_text(t, t->process->env[i].value, NULL, &text);
		if (good)
			*vec_push(&list) = arena_printf(t->arena, "%s=%s", t->process->env[i].name, text);
	}
	for (uint32_t i = 0; i < list.len; i++)
		if (named(list.at[i], "PATH"))
			setenv("PATH", list.at[i] + 5, 1); /* the command is looked up on it */
	*vec_push(&list) = NULL;
	*ret = arena_copy(t->arena, list.at, list.len * sizeof *list.at);
	vec_finish(&list);
	return good;
}

/* For people: the command as run, told with a failure. */
void task_note(struct tool *t, const char *const *argv, const struct streams *s)
{
	struct buf b = { 0 };
	for (const char *const *w = argv; *w; w++) {
		if (b.len)
			buf_putc(&b, ' ');
		quote_sh(*w, strlen(*w), &b);
	}
	if (s->in)
		buf_printf(&b, " < %s", s->in);
	if (t->out_name)
		buf_printf(&b, " > %s", t->out_name);
	if (t->err_name)
		buf_printf(&b, " 2> %s", t->err_name);
	file_write(arena_printf(t->arena, "%s/command", t->folder), b.text, b.len, NULL);
	buf_finish(&b);
}

static bool is_secret(const struct tool *t, const char *setting)
{
	for (doc_each(name, t->secrets))
		if (named(setting, doc_text(name, "")))
			return true;
	return false;
}

/* Secrets are among the settings: they go another way. The limits are the keeper's. */
static bool in_container(struct tool *t, const char *const **argv, const char *const **env)
{
	VEC(const char *) plain = { 0 }, secrets = { 0 };
	for (const char *const *s = *env; *s; s++)
		*(is_secret(t, *s) ? vec_push(&secrets) : vec_push(&plain)) = *s;
	*vec_push(&plain) = NULL;
	*vec_push(&secrets) = NULL;
	*vec_push(&t->reads) = NULL;
	struct executor_task x = { .folder = t->folder, .argv = *argv, .env = plain.at, .secrets = secrets.at, .container = t->image, .reads = t->reads.at, .name = "cwl",
				   .network = t->process->network || t->process->version == 10 };
	bool good = t->hooks->contain(t->arena, &x);
	if (good && *x.secrets) { /* the client's environment has it, and no argument */
		vec_clear(&plain);
		*vec_push(&plain) = *x.secrets;
		for (const char *const *s = x.env; *s; s++)
			if (!is_secret(t, *s))
				*vec_push(&plain) = *s;
		*vec_push(&plain) = NULL;
		x.env = plain.at;
	}
	for (uint32_t n = 0; good; n++)
		if (!x.env[n]) {
			*env = arena_copy(t->arena, x.env, (n + 1) * sizeof *x.env);
			break;
		}
	*argv = x.argv;
	vec_pop(&t->reads);
	vec_finish(&plain);
	vec_finish(&secrets);
	return good || tool_fail(t, "it runs in a container, and there is no podman, docker or apptainer on the PATH");
}

/* A limit that is an expression is known only here; the keeper enforces the others. */
static bool time_limit(struct tool *t, int64_t *ret_s)
{
	const struct doc *d = t->process->time_s;
	*ret_s = 0;
	if (!d || d->kind != DOC_STRING)
		return true;
	if (!expression_value(t, d, NULL, &d))
		return false;
	if ((d->kind != DOC_INT && d->kind != DOC_FLOAT) || doc_number(d, 0) < 0)
		return tool_fail(t, "its time limit is no number, or negative");
	*ret_s = (int64_t)ceil(doc_number(d, 0));
	return true;
}

static bool wait_for(struct tool *t, pid_t pid, int *ret_status)
{
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	struct timespec limit = { .tv_sec = t->limit_s };
	while (t->limit_s > 0 && waitpid(pid, ret_status, WNOHANG) == 0)
		if (sigtimedwait(&child, NULL, &limit) < 0 && errno == EAGAIN) {
			kill(pid, SIGKILL);
			return tool_fail(t, "it did not end within its time of %lld s", (long long)t->limit_s);
		}
	if (t->limit_s > 0)
		return true;
	while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
		;
	return true;
}

bool task_spawn(struct tool *t, const char *const *argv, const char *const *env, const struct streams *s)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status, flags = O_WRONLY | O_CREAT | O_TRUNC;
	bool same = t->out_name && t->err_name && strcmp(t->out_name, t->err_name) == 0;
	if (s->in && !file_exists(s->in))
		return tool_fail(t, "its standard input `%s` is not there", s->in);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, s->in ? s->in : "/dev/null", O_RDONLY, 0);
	if (s->out)
		posix_spawn_file_actions_addopen(&actions, 1, s->out, flags, 0644);
	if (same)
		posix_spawn_file_actions_adddup2(&actions, 1, 2);
	else if (s->err)
		posix_spawn_file_actions_addopen(&actions, 2, s->err, flags, 0644);
	posix_spawn_file_actions_addchdir_np(&actions, t->work);
	sigset_t pipe, none;
	posix_spawnattr_t attributes;
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &pipe);
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	int e = posix_spawnp(&pid, argv[0], &actions, &attributes, (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)env);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	if (e)
		return tool_fail(t, "`%s` cannot be started: %s", argv[0], strerror(e));
	if (!wait_for(t, pid, &status))
		return false;
	if (WIFSIGNALED(status)) { /* the keeper shall see what ended it */
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	t->exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return true;
}

static bool has_code(const int64_t *codes, uint32_t n, int code)
{
	for (uint32_t i = 0; i < n; i++)
		if (codes[i] == code)
			return true;
	return false;
}

/* 0 where the document calls it a success; else what the keeper shall be told. */
static int judge(struct tool *t)
{
	const struct cwl_process *p = t->process;
	if (has_code(p->success, p->n_success, t->exit))
		return 0;
	if (has_code(p->temporary, p->n_temporary, t->exit) || has_code(p->permanent, p->n_permanent, t->exit))
		return t->exit ? t->exit : FAILED;
	return t->exit;
}

bool task_outputs(struct tool *t, const struct doc *outputs)
{
	struct buf b = { 0 };
	const char *path = arena_printf(t->arena, "%s/outputs.json", t->folder);
	doc_json_write(outputs, 0, &b);
	int e = file_write(path, b.text, b.len, NULL);
	buf_finish(&b);
	return e ? tool_fail(t, "cannot write %s: %s", path, strerror(e)) : true;
}

/* Into the task's log, where a failure shows it. */
static void note_image(const struct tool *t)
{
	if (t->process->image && !t->image)
		fprintf(stderr, "twinc: note: the image `%s` is not used: %s\n", t->process->image,
			t->process->image_required ? "--no-container" : "it stands under `hints`; under `requirements` it would be");
}

/* Told to end, as when the keeper dies: the container's client is told, too, and waited for. */
static void hand_on(int signal_number)
{
	signal(signal_number, SIG_IGN);
	kill(0, signal_number);
}

static int run_tool(struct tool *t)
{
	note_image(t);
	const char *const *argv, *const *env;
	struct streams s;
	struct doc *outputs;
	bool good = time_limit(t, &t->limit_s) && work_dir_make(t) && command_make(t, &argv) && streams_make(t, &s) && task_env(t, &env);
	if (good)
		task_note(t, argv, &s);
	if (good && t->image) {
		good = in_container(t, &argv, &env);
		signal(SIGTERM, hand_on);
	}
	if (!good || !task_spawn(t, argv, env, &s))
		return FAILED;
	int code = judge(t);
	if (code)
		return code;
	datum_put(t, t->runtime, "exitCode", doc_int(t->arena, t->exit));
	return collect_outputs(t, &outputs) && task_outputs(t, outputs) ? 0 : FAILED;
}

static int run_expression(struct tool *t)
{
	const struct doc *v;
	struct doc *outputs;
	if (!expression_eval(t, t->process->expression ? t->process->expression : "", NULL, &v))
		return FAILED;
	return collect_object(t, v, &outputs) && task_outputs(t, outputs) ? 0 : FAILED;
}

/* -- the whole ------------------------------------------------------------------------------------------------------------ */

static bool open_job(struct tool *t, struct doc **ret)
{
	const char *path = arena_printf(t->arena, "%s/job.json", t->folder);
	struct cwl_error error = { 0 };
	char *text, *why;
	size_t len;
	int e = file_read(t->arena, path, (size_t)256 << 20, &text, &len);
	if (e)
		return tool_fail(t, "cannot read %s: %s", path, strerror(e));
	if (!doc_json_read(t->arena, text, len, ret, &why))
		return tool_fail(t, "%s: %s", path, why);
	t->process = cwl_load(t->arena, doc_get(*ret, "process"), &error);
	t->node = doc_text(doc_get(*ret, "node"), NULL);
	t->image = doc_text(doc_get(*ret, "image"), NULL);
	t->secrets = doc_get(*ret, "secrets");
	return t->process || tool_fail(t, "%s", error.message);
}

static int run(struct tool *t)
{
	struct doc *job;
	t->inputs = t->runtime = doc_map(t->arena);
	if (!open_job(t, &job))
		return FAILED;
	if (t->process->class == CWL_WORKFLOW)
		return workflow_run(t, job);
	if (!inputs_make(t, doc_get(job, "inputs")) || !runtime_make(t, job))
		return FAILED;
	switch (t->process->class) {
	case CWL_TOOL: return run_tool(t);
	case CWL_EXPRESSION: return run_expression(t);
	case CWL_WORKFLOW:
	case CWL_OPERATION: tool_fail(t, "it is nothing that can run"); break;
	}
	return FAILED;
}

int cwl_task_run(struct arena *a, const char *folder, const struct cwl_hooks *hooks, const char **ret_message)
{
	struct tool t = { .arena = a, .hooks = hooks, .folder = folder };
	t.work = arena_printf(a, "%s/work", folder);
	t.tmp = arena_printf(a, "%s/tmp", folder);
	t.in = arena_printf(a, "%s/in", folder);
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD); /* taken by sigtimedwait */
	sigprocmask(SIG_BLOCK, &child, NULL);
	signal(SIGPIPE, SIG_IGN);
	int code = run(&t);
	script_finish(&t);
	vec_finish(&t.reads);
	*ret_message = t.error;
	return code;
}
