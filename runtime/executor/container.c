#include "runtime/executor/container.h"
#include "compiler/base/buf.h"
#include "compiler/base/digest.h"
#include "compiler/base/file.h"
#include "compiler/base/vec.h"
#include "compiler/doc/quote.h"
#include "runtime/executor/command.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ASK_MS 60000
#define PULL_MS 3600000
#define LENT "TWIN_CALLER_" /* before the name of a setting of the caller's */

extern char **environ;
const struct container_engine container_engines[] = {
	{ .name = "podman" }, { .name = "docker" }, { .name = "apptainer", .apptainer = true }, { .name = "singularity", .apptainer = true }, { 0 },
};

/* What an engine can limit, asked once. Rootless ones often can nothing. */
void container_find_limits(struct container_engine *e)
{
	static const char *known_path, *known;
	static struct arena kept;
	struct arena a = { 0 };
	struct command_answer answer;
	const char *podman = "{{.Host.CgroupControllers}}", *docker = "[{{if .MemoryLimit}}memory{{end}} {{if .CPUCfsQuota}}cpu{{end}}]";
	const char *argv[] = { e->path, "info", "--format", strcmp(e->name, "podman") == 0 ? podman : docker, NULL };
	if (!known_path || strcmp(known_path, e->path) != 0) {
		known_path = arena_strdup(&kept, e->path);
		known = command_ask(&a, &(struct command){ .argv = argv, .timeout_ms = ASK_MS }, &answer) ? arena_strdup(&kept, answer.out) : "";
	}
	e->limits_memory = strstr(known, "memory") != NULL;
	e->limits_cpus = strstr(known, "[cpu ") || strstr(known, " cpu ") || strstr(known, " cpu]") || strstr(known, "[cpu]");
	arena_finish(&a);
}

bool container_find(struct container_engine *ret)
{
	const char *lent = getenv(LENT "PATH"), *all = lent ? lent : getenv("PATH");
	for (size_t i = 0; all && container_engines[i].name; i++)
		for (const char *at = all; *at;) {
			size_t n = strcspn(at, ":");
			*ret = container_engines[i];
			ret->uid = getuid();
			ret->gid = getgid();
			snprintf(ret->path, sizeof ret->path, "%.*s/%s", (int)n, at, ret->name);
			if (n > 0 && access(ret->path, X_OK) == 0)
				return true;
			at += n + (at[n] == ':');
		}
	return false;
}

struct words { struct arena *arena; VEC(const char *) list; };

static void add(struct words *w, const char *word)
{
	*vec_push(&w->list) = word;
}

static void add_two(struct words *w, const char *option, const char *value)
{
	add(w, option);
	add(w, value);
}

static const char *const *keep(struct words *w)
{
	add(w, NULL);
	const char *const *list = arena_copy(w->arena, w->list.at, w->list.len * sizeof *w->list.at);
	vec_finish(&w->list);
	return list;
}

/* Unique, and found again after a crash. */
const char *container_name(struct arena *a, const char *folder)
{
	struct digest_hex hex;
	digest_bytes(folder, strlen(folder), &hex);
	return arena_printf(a, "twin-%.20s", hex.text);
}

/* All of them take `source:target`, which a colon in a path would break; --mount takes a row of CSV. */
static void add_mount(struct words *w, const char *path, bool read_only)
{
	struct buf b = { 0 };
	for (const char *at = path; *at; at++)
		buf_printf(&b, *at == '"' ? "\"%c" : "%c", *at);
	add_two(w, "--mount", arena_printf(w->arena, "type=bind,\"source=%s\",\"target=%s\"%s", buf_text(&b), buf_text(&b), read_only ? ",ro" : ""));
	buf_finish(&b);
}

static void add_mounts(struct words *w, const struct executor_task *t)
{
	add_mount(w, t->folder, true);
	add_mount(w, arena_printf(w->arena, "%s/work", t->folder), false);
	add_mount(w, arena_printf(w->arena, "%s/tmp", t->folder), false);
	for (const char *const *r = t->reads; r && *r; r++)
		add_mount(w, *r, true);
}

/* PATH of the machine means nothing inside: the first is ours. With a prefix, each is a word of env(1); else an option. */
static void add_settings(struct words *w, const struct executor_task *t, const char *prefix)
{
	bool first = true;
	for (const char *const *s = t->env; *s; s++) {
		bool path = strncmp(*s, "PATH=", 5) == 0;
		if (prefix && (!path || !first) && strncmp(*s, "HOME=", 5) != 0) /* which has an option of its own */
			add(w, arena_printf(w->arena, "%s%s", prefix, *s));
		else if (!prefix && (!path || !first))
			add_two(w, "--env", *s);
		first = first && !path;
	}
}

/* Inside: what comes by standard input is no part of the container's description, which engines keep on disk and show. */
static const char take_secrets[] = "eval \"$(cat)\"; exec \"$@\" </dev/null";

static void add_command(struct words *w, const struct executor_task *t)
{
	if (t->secrets && *t->secrets) {
		add_two(w, "-c", take_secrets);
		add_two(w, "sh", t->argv[0]);
	}
	for (const char *const *arg = t->argv + 1; *arg; arg++)
		add(w, *arg);
}

static void add_docker(struct words *w, const struct container_engine *e, const struct executor_task *t)
{
	bool secrets = t->secrets && *t->secrets, podman = strcmp(e->name, "podman") == 0;
	const char *image = strncmp(t->container, "docker://", 9) == 0 ? t->container + 9 : t->container;
	add_two(w, arena_strdup(w->arena, e->path), "run");
	add(w, "--rm");
	add_two(w, "--name", container_name(w->arena, t->folder));
	if (secrets)
		add(w, "--interactive");
	add_two(w, "--network", t->network ? "host" : "none");
	if (podman && e->uid != 0)
		add_two(w, "--userns", "keep-id");
	add_two(w, "--user", arena_printf(w->arena, "%u:%u", e->uid, e->gid));
	add_two(w, "--security-opt", "no-new-privileges");
	add_two(w, "--security-opt", "label=disable"); /* what is mounted stays as it is labelled */
	if (e->limits_cpus && t->cpus && t->cpus <= sysconf(_SC_NPROCESSORS_ONLN))
		add_two(w, "--cpus", arena_printf(w->arena, "%u", t->cpus));
	if (e->limits_memory && t->memory_bytes)
		add_two(w, "--memory", arena_printf(w->arena, "%" PRIu64, t->memory_bytes));
	if (t->gpus && podman)
		add_two(w, "--device", "nvidia.com/gpu=all");
	else if (t->gpus)
		add_two(w, "--gpus", arena_printf(w->arena, "%u", t->gpus));
	add_two(w, "--workdir", arena_printf(w->arena, "%s/work", t->folder));
	add_mounts(w, t);
	add_settings(w, t, NULL);
	add_two(w, "--entrypoint", secrets ? "sh" : t->argv[0]);
	add(w, image);
	add_command(w, t);
}

/* Its --env splits what has a comma: settings go in the client's environment, under a prefix. */
static void add_apptainer(struct words *w, const struct container_engine *e, const struct executor_task *t)
{
	bool bare = !strstr(t->container, "://") && t->container[0] != '/' && t->container[0] != '.';
	add(w, "env");
	add_settings(w, t, strcmp(e->name, "apptainer") == 0 ? "APPTAINERENV_" : "SINGULARITYENV_");
	add_two(w, arena_strdup(w->arena, e->path), "exec");
	add(w, "--containall");
	add(w, "--writable-tmpfs");
	add_two(w, "--home", arena_printf(w->arena, "%s/tmp:%s/tmp", t->folder, t->folder));
	if (!t->network) {
		add(w, "--net");
		add_two(w, "--network", "none");
	}
	if (t->gpus)
		add(w, "--nv");
	add_two(w, "--pwd", arena_printf(w->arena, "%s/work", t->folder));
	add_mounts(w, t);
	add(w, arena_printf(w->arena, "%s%s", bare ? "docker://" : "", t->container));
	add(w, t->secrets && *t->secrets ? "sh" : t->argv[0]);
	add_command(w, t);
}

/* Outside: the client under a shell that takes its container along, whatever ends the two. $1: the container's name; then the client. */
static const char guard[] =
	"name=$1 engine=$2 client=\n"
	"shift\n"
	"clear() { [ -z \"$name\" ] || { \"$engine\" kill \"$name\"; \"$engine\" rm --force \"$name\"; }; } >/dev/null 2>&1\n"
	"trap 'kill -KILL $client; clear; exit 143' TERM\n"
	"if [ -n \"${TWIN_SECRETS-}\" ]; then\n"
	"\tsecrets=$TWIN_SECRETS\n"
	"\tunset TWIN_SECRETS\n"
	"\tprintf '%s\\n' \"$secrets\" | \"$@\" &\n"
	"else\n"
	"\t\"$@\" </dev/null &\n"
	"fi\n"
	"client=$!\n"
	"wait $client\n"
	"code=$?\n"
	"[ $code -le 128 ] || clear\n"
	"exit $code";

/* As lines of shell, in one setting of the client's own environment. */
static const char *const *pack_secrets(struct arena *a, const char *const *secrets)
{
	struct buf b = { 0 };
	const char **list = arena_new_n(a, const char *, 2);
	for (const char *const *s = secrets; s && *s; s++) {
		const char *value = strchr(*s, '=') + 1;
		buf_printf(&b, "export %.*s", (int)(value - *s), *s);
		quote_sh(value, strlen(value), &b);
		buf_putc(&b, '\n');
	}
	if (b.len)
		list[0] = arena_printf(a, "TWIN_SECRETS=%s", buf_text(&b));
	if (b.len)
		explicit_bzero(b.text, b.len);
	buf_finish(&b);
	return list;
}

void container_wrap(struct arena *a, const struct container_engine *e, struct executor_task *t)
{
	struct words w = { .arena = a };
	add_two(&w, "/bin/sh", "-c");
	add_two(&w, guard, "twinc");
	add(&w, e->apptainer ? "" : container_name(a, t->folder));
	if (e->apptainer)
		add_apptainer(&w, e, t);
	else
		add_docker(&w, e, t);
	t->argv = keep(&w);
	t->secrets = pack_secrets(a, t->secrets);
	if (e->limits_memory)
		t->memory_bytes = 0;
}

void container_note(const struct container_engine *e, const char *folder)
{
	struct arena a = { 0 };
	file_write(arena_printf(&a, "%s/container", folder), e->path, strlen(e->path), NULL);
	arena_finish(&a);
}

/* Whoever has a scheduler keeps the limits of what is its own, which the processes of docker's server are not. */
void container_offer(struct arena *a, uint32_t uid, uint32_t gid, struct executor_task *t, struct script_options *o)
{
	const char *const *secrets = t->secrets;
	uint32_t n = 0;
	while (container_engines[n].name)
		n++;
	struct script_choice *choices = arena_new_n(a, struct script_choice, n);
	for (uint32_t i = 0; i < n; i++) {
		struct container_engine e = container_engines[i];
		struct executor_task inside = *t;
		snprintf(e.path, sizeof e.path, "%s", e.name);
		e.uid = uid;
		e.gid = gid;
		e.limits_memory = e.limits_cpus = strcmp(e.name, "docker") == 0;
		container_wrap(a, &e, &inside);
		choices[i] = (struct script_choice){ e.name, inside.argv };
		secrets = inside.secrets;
	}
	t->secrets = secrets;
	o->choices = choices;
	o->n_choices = n;
}

void container_client_env(struct arena *a, struct executor_task *t)
{
	struct words env = { .arena = a };
	const size_t skip = getenv(LENT "PATH") ? strlen(LENT) : 0;
	add(&env, arena_printf(a, "TMPDIR=%s/tmp", t->folder)); /* the keeper's mark */
	for (char **s = environ; s && *s; s++)
		if (strncmp(*s, LENT, skip) == 0 && strncmp(*s + skip, "TMPDIR=", 7) != 0 && strncmp(*s, "TWIN_SECRETS=", 13) != 0)
			add(&env, *s + skip);
	t->env = keep(&env);
}

void container_lend_env(struct arena *a, struct executor_task *t)
{
	struct words env = { .arena = a };
	for (const char *const *s = t->env; *s; s++)
		add(&env, *s);
	for (char **s = environ; s && *s; s++)
		add(&env, arena_printf(a, LENT "%s", *s));
	t->env = keep(&env);
}

/* Asks the engine what it has under a name; NULL: nothing. */
static const char *local_digest(struct arena *a, const struct container_engine *e, const char *name)
{
	bool podman = strcmp(e->name, "podman") == 0;
	const char *format = podman ? "{{.Digest}}" : "{{if .RepoDigests}}{{index .RepoDigests 0}}{{else}}{{.Id}}{{end}}";
	const char *argv[] = { e->path, "image", "inspect", "--format", format, name, NULL };
	struct command_answer answer;
	if (!command_ask(a, &(struct command){ .argv = argv, .timeout_ms = ASK_MS }, &answer))
		return NULL;
	const char *digest = strstr(answer.out, "sha256:");
	return digest ? arena_strndup(a, digest, strcspn(digest, "\n")) : NULL;
}

const char *container_image(struct arena *a, const char *name, bool pull, char *ret_why, size_t why_len)
{
	struct container_engine e;
	struct command_answer answer;
	const char *image = strncmp(name, "docker://", 9) == 0 ? name + 9 : name, *digest;
	const char *argv[] = { e.path, "pull", "--quiet", image, NULL };
	if (!container_find(&e) || e.apptainer)
		return name;
	digest = local_digest(a, &e, image);
	*ret_why = 0;
	if (!digest && !pull)
		return NULL;
	if (!digest && !command_ask(a, &(struct command){ .argv = argv, .timeout_ms = PULL_MS }, &answer)) {
		const char *last = strrchr(answer.err, '\n'); /* above it, how often it was tried */
		snprintf(ret_why, why_len, "%s", last ? last + 1 : answer.err);
		return NULL;
	}
	if (!digest)
		digest = local_digest(a, &e, image);
	return digest && !strstr(name, "@sha256:") ? arena_printf(a, "%s@%s", name, digest) : name;
}

/* podman and docker keep a container when their client is killed; apptainer's dies with its processes. */
void container_kill(const char *state, int64_t run, uint32_t number)
{
	struct arena a = { 0 };
	struct command_answer answer;
	char *path;
	size_t len;
	const char *folder = arena_printf(&a, "%s/work/%" PRId64 "-%u", state, run, number);
	if (file_read(&a, arena_printf(&a, "%s/container", folder), 4096, &path, &len) == 0 && path[0] == '/') {
		const char *name = container_name(&a, folder), *base = strrchr(path, '/') + 1;
		bool ours = strcmp(base, "podman") == 0 || strcmp(base, "docker") == 0;
		const char *kill[] = { path, "kill", name, NULL }, *rm[] = { path, "rm", "--force", name, NULL };
		if (ours)
			command_ask(&a, &(struct command){ .argv = kill, .timeout_ms = ASK_MS }, &answer);
		if (ours)
			command_ask(&a, &(struct command){ .argv = rm, .timeout_ms = ASK_MS }, &answer);
	}
	arena_finish(&a);
}
