#include "runtime/executor/container.h"
#include "compiler/base/digest.h"
#include "compiler/base/vec.h"
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static const struct { const char *name; bool apptainer; } engines[] = {
	{ "podman", false }, { "docker", false }, { "apptainer", true }, { "singularity", true },
};

bool container_find(struct container_engine *ret)
{
	const char *all = getenv("PATH");
	for (size_t i = 0; all && i < sizeof engines / sizeof *engines; i++)
		for (const char *at = all; *at;) {
			size_t n = strcspn(at, ":");
			snprintf(ret->path, sizeof ret->path, "%.*s/%s", (int)n, at, engines[i].name);
			if (n > 0 && access(ret->path, X_OK) == 0) {
				ret->name = engines[i].name;
				ret->apptainer = engines[i].apptainer;
				return true;
			}
			at += n + (at[n] == ':');
		}
	return false;
}

struct words { struct arena *arena; VEC(const char *) list; };

static void add(struct words *w, const char *word)
{
	*vec_push(&w->list) = word;
}

/* The engine's own name for an attempt: unique, and found again after a crash. */
static const char *attempt_name(struct arena *a, const char *folder)
{
	struct digest_hex hex;
	digest_bytes(folder, strlen(folder), &hex);
	return arena_printf(a, "twin-%.20s", hex.text);
}

/* docker and podman take `source:target`, which a colon in a path would break; --mount takes what has no comma. */
static void add_mount(struct words *w, const char *path, bool read_only)
{
	add(w, "--mount");
	add(w, arena_printf(w->arena, "type=bind,\"source=%s\",\"target=%s\"%s", path, path, read_only ? ",readonly" : ""));
}

/* PATH and locale of the machine mean nothing inside. */
static bool goes_inside(const char *setting)
{
	return strncmp(setting, "PATH=", 5) != 0;
}

/* By name: the client takes the content from its own environment, where nobody else can read it. */
static void add_secrets(struct words *w, const struct executor_task *t)
{
	for (const char *const *s = t->secrets; s && *s; s++) {
		add(w, "--env");
		add(w, arena_strndup(w->arena, *s, strcspn(*s, "=")));
	}
}

static void add_docker(struct words *w, const struct container_engine *e, const struct executor_task *t)
{
	add(w, e->path);
	add(w, "run");
	add(w, "--rm");
	add(w, "--name");
	add(w, attempt_name(w->arena, t->folder));
	add(w, "--workdir");
	add(w, arena_printf(w->arena, "%s/work", t->folder));
	if (strcmp(e->name, "docker") == 0) { /* else the outputs would be root's */
		add(w, "--user");
		add(w, arena_printf(w->arena, "%u:%u", (unsigned)getuid(), (unsigned)getgid()));
	}
	if (t->memory_bytes) {
		add(w, "--memory");
		add(w, arena_printf(w->arena, "%" PRIu64, t->memory_bytes));
	}
	if (t->gpus) {
		add(w, "--gpus");
		add(w, arena_printf(w->arena, "%u", t->gpus));
	}
	add_mount(w, t->folder, false);
	for (const char *const *r = t->reads; r && *r; r++)
		add_mount(w, *r, true);
	for (const char *const *s = t->env; *s; s++)
		if (goes_inside(*s)) {
			add(w, "--env");
			add(w, *s);
		}
	add_secrets(w, t);
	add(w, "--entrypoint");
	add(w, t->argv[0]);
	add(w, t->container);
	for (const char *const *arg = t->argv + 1; *arg; arg++)
		add(w, *arg);
}

static void add_apptainer(struct words *w, const struct container_engine *e, const struct executor_task *t)
{
	bool bare = !strstr(t->container, "://") && t->container[0] != '/' && t->container[0] != '.';
	add(w, e->path);
	add(w, "exec");
	add(w, "--containall");
	add(w, "--no-home");
	add(w, "--pwd");
	add(w, arena_printf(w->arena, "%s/work", t->folder));
	if (t->gpus)
		add(w, "--nv");
	add(w, "--bind");
	add(w, arena_printf(w->arena, "%s:%s", t->folder, t->folder));
	for (const char *const *r = t->reads; r && *r; r++) {
		add(w, "--bind");
		add(w, arena_printf(w->arena, "%s:%s:ro", *r, *r));
	}
	for (const char *const *s = t->env; *s; s++)
		if (goes_inside(*s)) {
			add(w, "--env");
			add(w, *s);
		}
	add_secrets(w, t);
	add(w, arena_printf(w->arena, "%s%s", bare ? "docker://" : "", t->container));
	for (const char *const *arg = t->argv; *arg; arg++)
		add(w, *arg);
}

const char *const *container_argv(struct arena *a, const struct container_engine *e, const struct executor_task *t)
{
	struct words w = { .arena = a };
	if (e->apptainer)
		add_apptainer(&w, e, t);
	else
		add_docker(&w, e, t);
	add(&w, NULL);
	const char **argv = arena_copy(a, w.list.at, w.list.len * sizeof *w.list.at);
	vec_finish(&w.list);
	return argv;
}

void container_wrap(struct arena *a, const struct container_engine *e, struct executor_task *t)
{
	struct words env = { .arena = a };
	t->argv = container_argv(a, e, t);
	add(&env, arena_printf(a, "TMPDIR=%s/tmp", t->folder)); /* the keeper's mark */
	for (char **s = environ; s && *s; s++)
		if (strncmp(*s, "TMPDIR=", 7) != 0)
			add(&env, *s);
	add(&env, NULL);
	t->env = arena_copy(a, env.list.at, env.list.len * sizeof *env.list.at);
	vec_finish(&env.list);
	t->memory_bytes = 0; /* the client is not the one to limit */
}

/* podman and docker keep a container when their client is killed; apptainer's dies with its processes. */
void container_kill(const char *state, int64_t run, uint32_t number)
{
	struct container_engine e;
	struct arena a = { 0 };
	pid_t pid;
	if (!container_find(&e) || e.apptainer)
		return;
	const char *folder = arena_printf(&a, "%s/work/%" PRId64 "-%u", state, run, number);
	const char *argv[] = { e.path, "rm", "--force", attempt_name(&a, folder), NULL };
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	for (int fd = 0; fd < 3; fd++)
		posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", 2, 0);
	if (posix_spawn(&pid, e.path, &actions, NULL, (char *const *)(uintptr_t)argv, environ) == 0)
		waitpid(pid, NULL, 0);
	posix_spawn_file_actions_destroy(&actions);
	arena_finish(&a);
}
