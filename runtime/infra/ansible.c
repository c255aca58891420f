/* Hosts that are there, set up by ansible-playbook: the files that the target ansible wrote, in a folder below .twin, and a callback plugin
 * that tells what is done as it is done. One run at a time: who runs holds a lock that its children hold, too.
 *
 * Secrets go by the environment: the variables that Ansible is given are look-ups of these. Keys of hosts are files of mode 0600, there
 * as long as Ansible runs. */
#include "runtime/infra/provider.h"
#include "compiler/base/file.h"
#include "compiler/base/vec.h"
#include "stdlib/stdlib.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX_BYTES ((size_t)256 << 20)
#define LOG_BYTES 4000
#define LOCK_MAX_MS (60 * 1000)  /* children of a run that was broken off come to their end */
#define CHECK_MAX_MS (15 * 60 * 1000)
#define ENV_MAX 64

static const char *const kinds[] = { "ssh.host", NULL };
static const struct infra_rule rules[] = {
	{ "ssh.host", "manager", INFRA_IGNORED, false }, { "ssh.host", "key", INFRA_IGNORED, false }, { "ssh.host", "max_time", INFRA_IGNORED, false },
	{ "ssh.host", "cpus", INFRA_IGNORED, false }, { "ssh.host", "gpus", INFRA_IGNORED, false }, { "ssh.host", "memory", INFRA_IGNORED, true },
	{ NULL, "storage", INFRA_CHANGES, true }, { NULL, NULL, INFRA_CHANGES, false },
};

/* What the environment has beside ours: "NAME=content". */
struct words { VEC(const char *) list; };

struct ansible {
	const char *folder;
	pid_t pid;          /* of the run under way, or 0 */
	int lock;
	bool check, bad;    /* bad: a diagnostic tells of a task already */
	size_t heard;       /* bytes of its events */
	struct doc *live;   /* of a check: what would be done, by thing */
	uint32_t changed;
	const char *told;   /* the last play that was told */
};

/* -- files ------------------------------------------------------------------------------------------------------------------ */

static const char *path_of(struct stack *s, const char *name)
{
	return file_join(s->arena, ((struct ansible *)s->state_of)->folder, name);
}

static bool put(struct stack *s, const char *name, const char *text, size_t len)
{
	const char *path = path_of(s, name);
	int e = file_mkdirs(file_dirname(s->arena, path));
	if (!e)
		e = file_write(path, text, len, NULL);
	if (e)
		stack_fail(s, DIAG_E0633, s->span, "cannot write %s: %s", path, strerror(e));
	return e == 0;
}

/* A key that only we may read. */
static bool put_key(struct stack *s, const char *name, const char *content)
{
	const char *path = path_of(s, arena_printf(s->arena, "keys/%s", name));
	size_t n = strlen(content);
	int e = file_mkdirs(file_dirname(s->arena, path));
	unlink(path);
	int fd = e ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, content, n) == (ssize_t)n && (n == 0 || content[n - 1] == '\n' || write(fd, "\n", 1) == 1);
	if (fd >= 0)
		close(fd);
	if (!ok)
		stack_fail(s, DIAG_E0633, s->span, "cannot write the key of `%s`: %s", name, strerror(e ? e : errno));
	return ok;
}

/* What only this run knows of hosts: their keys. An inventory of its own, beside the one that was written. */
static bool put_keys(struct stack *s)
{
	struct arena *a = s->arena;
	struct doc *groups = doc_map(a), *all = doc_map(a), *children = doc_map(a);
	for (uint32_t i = 0; i < s->n_things; i++) {
		const struct infra_thing *t = &s->things[i];
		const char *name = doc_text(doc_get(doc_get(t->attributes, "key"), "secret"), NULL), *content = stack_secret(s, name);
		if (strcmp(t->role, "infra") != 0 || !name)
			continue;
		if (!content) {
			diag_help(stack_fail(s, DIAG_E0619, t->span, "the secret `%s` is not bound, which is the key of `%s`", name, t->name), "add `--secret %s=file:PATH`", name);
			return false;
		}
		struct doc *group = doc_map(a), *vars = doc_map(a);
		doc_set(a, vars, "ansible_ssh_private_key_file", doc_string(a, path_of(s, arena_printf(a, "keys/%s", t->name))));
		doc_set(a, group, "vars", vars);
		doc_append(a, groups, t->name, group);
		if (!put_key(s, t->name, content))
			return false;
	}
	struct buf b = { 0 };
	doc_set(a, all, "children", groups);
	doc_set(a, children, "all", all);
	doc_yaml_write(children, &b);
	bool ok = put(s, "inventory/keys.yml", buf_text(&b), b.len);
	buf_finish(&b);
	return ok;
}

/* Every vault_NAME that the inventory asks for is a look-up of the environment. */
static bool put_variables(struct stack *s, struct words *env)
{
	struct arena *a = s->arena;
	const struct infra_file *f = stack_file(s, "inventory/group_vars/all/secrets.yml");
	struct doc *vars = doc_map(a);
	struct buf b = { 0 };
	for (doc_each(x, f ? f->doc : NULL)) {
		const char *text = doc_text(x, ""), *from = strstr(text, "vault_");
		const char *vault = from ? arena_strndup(a, from, strcspn(from, " }")) : "", *name = *vault ? vault + strlen("vault_") : "", *content = stack_secret(s, name);
		if (!content) {
			diag_help(stack_fail(s, DIAG_E0619, s->span, "the secret `%s` is not bound, which is needed to set this up", name), "add `--secret %s=env:NAME`; it must be a `secret` of the twin", name);
			return false;
		}
		const char *variable = arena_printf(a, "TWINC_SECRET_%u", env->list.len);
		*vec_push(&env->list) = arena_printf(a, "%s=%s", variable, content);
		doc_append(a, vars, vault, doc_printf(a, "{{ lookup('ansible.builtin.env', '%s') }}", variable));
	}
	doc_json_write(vars, 2, &b);
	bool ok = put(s, "variables.json", buf_text(&b), b.len);
	buf_finish(&b);
	return ok;
}

static bool put_files(struct stack *s, struct words *env)
{
	struct ansible *x = s->state_of;
	file_remove_tree(x->folder);
	for (uint32_t i = 0; i < s->n_files; i++)
		if (!put(s, s->files[i].path, s->files[i].text, s->files[i].len))
			return false;
	return put(s, "plugins/events.py", stdlib_infra[0].text, stdlib_infra[0].len) && put_keys(s) && put_variables(s, env) && put(s, "events", "", 0);
}

/* -- running ---------------------------------------------------------------------------------------------------------------- */

static struct ansible *ansible_of(struct stack *s)
{
	struct ansible *x = s->state_of;
	if (x)
		return x;
	x = arena_new(s->arena, struct ansible);
	x->folder = stack_folder(s);
	x->lock = -1;
	s->state_of = x;
	return x;
}

/* Held until every process of a run is gone. */
static enum infra_answer take_lock(struct stack *s)
{
	struct ansible *x = s->state_of;
	const char *path = arena_printf(s->arena, "%s.lock", x->folder);
	int64_t end = stack_now_ms() + LOCK_MAX_MS;
	int e = file_mkdirs(file_dirname(s->arena, path));
	x->lock = e ? -1 : open(path, O_RDWR | O_CREAT, 0600); /* the children are to hold it */
	if (x->lock < 0) {
		stack_fail(s, DIAG_E0633, s->span, "cannot write %s: %s", path, strerror(e ? e : errno));
		return INFRA_FAILED;
	}
	while (flock(x->lock, LOCK_EX | LOCK_NB) != 0) {
		struct timespec pause = { 0, 100 * 1000000 };
		if (stack_stopped(s))
			return INFRA_STOPPED;
		if (stack_now_ms() > end) {
			diag_help(stack_fail(s, DIAG_E0633, s->span, "an earlier run of Ansible is still under way here"), "wait for its end, or end it");
			return INFRA_FAILED;
		}
		nanosleep(&pause, NULL);
	}
	return INFRA_OK;
}

static void become_ansible(struct stack *s, const char *const *argv, const struct words *env)
{
	struct ansible *x = s->state_of;
	int in = open("/dev/null", O_RDONLY), out = open(path_of(s, "log"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 || chdir(x->folder) != 0)
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	for (uint32_t i = 0; i < env->list.len; i++)
		putenv((char *)(uintptr_t)env->list.at[i]);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(errno == ENOENT ? 127 : 126);
}

static enum infra_answer start(struct stack *s, bool check)
{
	struct ansible *x = ansible_of(s);
	struct words env = { 0 };
	const char *argv[] = { "ansible-playbook", "-i", "inventory", "-e", "@variables.json", "site.yml", check ? "--check" : NULL, "--diff", NULL };
	enum infra_answer answer = x->lock < 0 ? take_lock(s) : INFRA_OK;
	if (answer != INFRA_OK)
		return answer;
	if (!put_files(s, &env)) {
		vec_finish(&env.list);
		return INFRA_FAILED;
	}
	*vec_push(&env.list) = "ANSIBLE_CONFIG=ansible.cfg";
	*vec_push(&env.list) = "ANSIBLE_CALLBACK_PLUGINS=plugins";
	*vec_push(&env.list) = "ANSIBLE_CALLBACKS_ENABLED=events";
	*vec_push(&env.list) = "ANSIBLE_NOCOLOR=1";
	*vec_push(&env.list) = "ANSIBLE_HOST_KEY_CHECKING=True";
	*vec_push(&env.list) = "ANSIBLE_SSH_ARGS=-o StrictHostKeyChecking=yes -C -o ControlMaster=auto -o ControlPersist=60s"; /* the first of an option counts */
	*vec_push(&env.list) = arena_printf(s->arena, "TWINC_EVENTS=%s", path_of(s, "events"));
	x->check = check;
	x->bad = false;
	x->heard = 0;
	x->changed = 0;
	x->told = NULL;
	x->live = doc_map(s->arena);
	fflush(NULL);
	x->pid = fork();
	if (x->pid == 0)
		become_ansible(s, argv, &env);
	vec_finish(&env.list);
	if (x->pid < 0) {
		x->pid = 0;
		stack_fail(s, DIAG_E0633, s->span, "cannot start ansible-playbook: %s", strerror(errno));
		return INFRA_FAILED;
	}
	return INFRA_WORKING;
}

static void end_run(struct stack *s)
{
	struct ansible *x = s->state_of;
	for (int i = 0; x->pid > 0 && i < 100; i++) {
		struct timespec pause = { 0, 50 * 1000000 };
		kill(-x->pid, i < 60 ? SIGTERM : SIGKILL);
		if (waitpid(x->pid, NULL, WNOHANG) != 0)
			x->pid = 0;
		else
			nanosleep(&pause, NULL);
	}
	file_remove_tree(path_of(s, "keys"));
	if (x->lock >= 0)
		close(x->lock);
	x->lock = -1;
}

/* -- what it tells ------------------------------------------------------------------------------------------------------------ */

/* Plays know the things that they are for: by their names in site.yml. */
static const struct infra_thing *thing_of_play(const struct stack *s, const char *play)
{
	const struct infra_file *site = stack_file(s, "site.yml");
	for (doc_each(x, site ? site->doc : NULL)) {
		const char *name = doc_text(doc_get(x, "name"), "");
		if (strcmp(name, play) != 0)
			continue;
		for (uint32_t i = 0; i < s->n_things; i++)
			if (s->things[i].span.file == x->from.file && s->things[i].span.start == x->from.start)
				return &s->things[i];
	}
	return NULL;
}

static void note_change(struct stack *s, const struct infra_thing *t, const struct doc *e)
{
	struct ansible *x = s->state_of;
	struct arena *a = s->arena;
	const char *name = t ? t->name : s->things[0].name, *path = doc_text(doc_get(e, "path"), "");
	struct doc *d = doc_get(x->live, name), *one = doc_map(a);
	x->changed++;
	if (!d) {
		doc_append(a, x->live, name, d = doc_map(a));
		doc_append(a, d, "tasks", doc_list(a));
	}
	doc_set(a, one, "task", doc_string(a, doc_text(doc_get(e, "task"), "")));
	doc_set(a, one, "text", doc_printf(a, "otherwise on %s%s%s", doc_text(doc_get(e, "host"), ""), *path ? ": " : "", stack_masked(s, path, 300)));
	doc_push(doc_get(d, "tasks"), one);
}

static void note_failure(struct stack *s, const struct infra_thing *t, const struct doc *e, bool reached)
{
	struct ansible *x = s->state_of;
	const char *host = doc_text(doc_get(e, "host"), ""), *text = stack_masked(s, doc_text(doc_get(e, "text"), ""), LOG_BYTES);
	const char *why = reached ? arena_printf(s->arena, "the task `%s` failed on %s", doc_text(doc_get(e, "task"), ""), host) : arena_printf(s->arena, "%s cannot be reached by SSH", host);
	struct diag *d = stack_fail(s, DIAG_E0633, t ? t->span : s->span, "`%s` could not be set up: %s", t ? t->name : s->manager, why);
	diag_here(d, reached ? "its role failed" : "on this host");
	if (*text)
		diag_note(d, "Ansible says:\n%s", text);
	diag_note(d, "the whole log: %s", path_of(s, "log"));
	x->bad = true;
}

static void hear_event(struct stack *s, const struct doc *e)
{
	struct ansible *x = s->state_of;
	const char *event = doc_text(doc_get(e, "event"), ""), *play = doc_text(doc_get(e, "play"), "");
	const struct infra_thing *t = thing_of_play(s, play);
	if (strcmp(event, "play") == 0 && !x->check && (!x->told || strcmp(x->told, play) != 0)) {
		stack_tell(s, t ? t->name : NULL, "%s", play);
		x->told = play;
	} else if (strcmp(event, "ok") == 0 && doc_truth(doc_get(e, "changed"), false)) {
		note_change(s, t, e);
		if (!x->check)
			stack_tell(s, t ? t->name : NULL, "%s: changed on %s", doc_text(doc_get(e, "task"), ""), doc_text(doc_get(e, "host"), ""));
	} else if (strcmp(event, "failed") == 0 && !doc_truth(doc_get(e, "ignored"), false)) {
		note_failure(s, t, e, true);
	} else if (strcmp(event, "unreachable") == 0) {
		note_failure(s, t, e, false);
	}
}

/* Whole lines only: the last one may still be written. */
static void hear_events(struct stack *s)
{
	struct ansible *x = s->state_of;
	char *text, *why;
	size_t len;
	if (file_read(s->arena, path_of(s, "events"), EVENTS_MAX_BYTES, &text, &len) != 0)
		return;
	for (char *end; x->heard < len && (end = memchr(text + x->heard, '\n', len - x->heard)); x->heard = (size_t)(end - text) + 1) {
		struct doc *e;
		if (doc_json_read(s->arena, text + x->heard, (size_t)(end - text) - x->heard, &e, &why))
			hear_event(s, e);
	}
}

static enum infra_answer ended(struct stack *s, int status)
{
	struct ansible *x = s->state_of;
	char *text;
	size_t len;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	x->pid = 0;
	end_run(s);
	if (code == 0)
		return INFRA_OK;
	if (x->bad)
		return INFRA_FAILED;
	if (code == 127) {
		diag_help(stack_fail(s, DIAG_E0631, s->span, "ansible-playbook is not installed here"), "install ansible-core");
		return INFRA_FAILED;
	}
	struct diag *d = stack_fail(s, DIAG_E0633, s->span, "ansible-playbook ended with %d", code);
	if (file_read(s->arena, path_of(s, "log"), EVENTS_MAX_BYTES, &text, &len) == 0 && len > 0)
		diag_note(d, "the end of its log:\n%s", stack_masked(s, text, LOG_BYTES));
	return INFRA_FAILED;
}

static enum infra_answer go_on(struct stack *s)
{
	struct ansible *x = s->state_of;
	int status = 0;
	pid_t pid = waitpid(x->pid, &status, WNOHANG);
	hear_events(s);
	if (pid == 0)
		return stack_stopped(s) ? INFRA_STOPPED : INFRA_WORKING;
	return ended(s, pid < 0 ? -1 : status);
}

/* -- the provider --------------------------------------------------------------------------------------------------------------- */

/* The first secret that is needed and not bound, or NULL. */
static const char *unbound(const struct stack *s)
{
	const struct infra_file *f = stack_file(s, "inventory/group_vars/all/secrets.yml");
	for (uint32_t i = 0; i < s->n_things; i++) {
		const char *name = doc_text(doc_get(doc_get(s->things[i].attributes, "key"), "secret"), NULL);
		if (name && !stack_secret(s, name))
			return name;
	}
	for (doc_each(x, f ? f->doc : NULL)) {
		const char *name = strncmp(x->key, "secret_", 7) == 0 ? x->key + 7 : x->key;
		if (!stack_secret(s, name))
			return name;
	}
	return NULL;
}

/* For a plan: `--check --diff`, of hosts that were set up before. */
static enum infra_answer look(struct stack *s, enum infra_depth depth)
{
	struct ansible *x = ansible_of(s);
	if (depth == INFRA_QUICK || !s->n_things || s->restores)
		return INFRA_OK;
	s->unasked = unbound(s);
	if (s->unasked)
		return INFRA_OK;
	int64_t end = stack_now_ms() + CHECK_MAX_MS;
	enum infra_answer answer = start(s, true);
	while (answer == INFRA_WORKING) {
		struct timespec pause = { 0, 50 * 1000000 };
		nanosleep(&pause, NULL);
		answer = go_on(s);
		if (answer == INFRA_WORKING && stack_now_ms() > end) {
			stack_fail(s, DIAG_E0633, s->span, "what would change could not be told in %d min", CHECK_MAX_MS / 60000);
			answer = INFRA_FAILED;
		}
	}
	if (answer != INFRA_OK)
		end_run(s);
	s->live = x->live;
	return answer;
}

static void note_outputs(struct stack *s)
{
	struct arena *a = s->arena;
	struct doc *outputs = doc_map(a);
	for (uint32_t i = 0; i < s->n_things; i++) {
		const struct infra_thing *t = &s->things[i], *host = t->on ? stack_thing(s, t->on) : t;
		const char *address = doc_text(doc_get(host->attributes, "address"), "");
		const struct doc *port = doc_get(t->attributes, "port");
		if (!t->on)
			doc_append(a, outputs, arena_printf(a, "%s_address", t->name), doc_string(a, address));
		else if (port)
			doc_append(a, outputs, arena_printf(a, "%s_endpoint", t->name), doc_printf(a, "%s%.*s:%" PRId64, stack_scheme(s, t->name), (int)strcspn(address, ":"), address, doc_integer(port, 0)));
	}
	s->outputs = outputs;
}

static enum infra_answer begin(struct stack *s)
{
	if (!s->id)
		s->id = s->external;
	if (!stack_save(s, s->known && s->state != STACK_CREATING ? STACK_CHANGING : STACK_CREATING))
		return INFRA_FAILED;
	return start(s, false);
}

static enum infra_answer poll(struct stack *s)
{
	struct ansible *x = s->state_of;
	enum infra_answer answer = go_on(s);
	if (answer == INFRA_FAILED)
		stack_save(s, STACK_FAILED);
	if (answer != INFRA_OK)
		return answer;
	stack_tell(s, NULL, x->changed == 1 ? "1 change" : "%u changes", x->changed);
	s->live = NULL;
	note_outputs(s);
	return INFRA_OK;
}

static enum infra_answer begin_removal(struct stack *s)
{
	for (doc_each(t, doc_get(s->record, "things")))
		stack_tell(s, t->key, "stays as it was set up: no playbook takes it down");
	return INFRA_OK;
}

static void finish(struct stack *s)
{
	if (s->state_of)
		end_run(s);
}

const struct provider provider_ansible = {
	.name = "ansible", .doc = "hosts that are there, and services on them, by ansible-playbook", .target = "ansible", .wants_texts = true, .kinds = kinds, .rules = rules,
	.leaves = "what it set up stays on its host", .look = look, .begin = begin, .remove = begin_removal, .poll = poll, .finish = finish,
};
