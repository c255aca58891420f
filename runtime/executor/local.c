/* This machine: tasks are children of a keeper process, one a run (keeper.c). Its receipts file, locked as long as it
 * lives, tells a later run what became of them. */
#include "compiler/base/arena.h"
#include "compiler/base/bug.h"
#include "compiler/base/file.h"
#include "compiler/base/vec.h"
#include "runtime/executor/container.h"
#include "runtime/executor/executors.h"
#include "runtime/executor/mark.h"
#include "runtime/executor/wire.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECEIPTS_MAX_BYTES ((size_t)64 << 20)

struct local {
	int socket;
	pid_t keeper;
	struct wire_buffer in, out;
	VEC(uint32_t) running; /* told as lost when the keeper goes */
	bool gone;
	char asked[256], path[PATH_MAX], program[PATH_MAX]; /* the last name looked up, where, and what was found */
};

static void receipts_path(const struct executor_host *host, char ret[PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s/keeper/%" PRId64 ".receipts", host->state, host->run);
}

/* What every process of an attempt carries in its environment, and nobody else. */
static void attempt_mark(const struct executor_host *host, uint32_t number, char ret[PATH_MAX])
{
	snprintf(ret, PATH_MAX, "TMPDIR=%s/work/%" PRId64 "-%u/tmp", host->state, host->run, number);
}

/* -- a run -------------------------------------------------------------------------------------------------------- */

static int open_receipts(const struct executor_host *host)
{
	char path[PATH_MAX], folder[PATH_MAX];
	snprintf(folder, sizeof folder, "%s/keeper", host->state);
	int e = file_mkdirs(folder);
	if (e) {
		errno = e;
		return -1;
	}
	receipts_path(host, path);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void *local_start(const struct executor_host *host, char *ret_error, size_t error_len)
{
	int pair[2] = { -1, -1 }, receipts = open_receipts(host);
	if (receipts < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		snprintf(ret_error, error_len, "cannot make the keeper's files in %s: %s", host->state, strerror(errno));
		if (receipts >= 0)
			close(receipts);
		return NULL;
	}
	pid_t pid = fork();
	if (pid == 0)
		keeper_run(pair[1], receipts);
	close(pair[1]);
	close(receipts);
	if (pid < 0) {
		snprintf(ret_error, error_len, "cannot start the keeper process: %s", strerror(errno));
		close(pair[0]);
		return NULL;
	}
	struct local *l = calloc(1, sizeof *l);
	if (!l)
		bug_out_of_memory();
	l->socket = pair[0];
	l->keeper = pid;
	return l;
}

/* The keeper always reads, so waiting for it here is short. */
static bool send_all(struct local *l)
{
	while (wire_flush(&l->out, l->socket)) {
		if (l->out.len == 0)
			return true;
		struct pollfd p = { l->socket, POLLOUT, 0 };
		poll(&p, 1, -1);
	}
	l->gone = true;
	return false;
}

static const char *setting(const char *const *env, const char *name)
{
	size_t n = strlen(name);
	for (; *env; env++)
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
			return *env + n + 1;
	return "";
}

/* The file that `name` means: on the task's own PATH, or as it stands. */
static const char *find_program(struct local *l, const struct executor_task *t)
{
	const char *name = t->argv[0], *path = setting(t->env, "PATH");
	if (strchr(name, '/'))
		return name;
	if (strcmp(l->asked, name) == 0 && strcmp(l->path, path) == 0)
		return l->program; /* mostly it is `sh` again */
	snprintf(l->asked, sizeof l->asked, "%s", name);
	snprintf(l->path, sizeof l->path, "%s", path);
	while (*path) {
		size_t n = strcspn(path, ":");
		snprintf(l->program, sizeof l->program, "%.*s/%s", (int)n, path, name);
		if (access(l->program, X_OK) == 0)
			return l->program;
		path += n + (path[n] == ':');
	}
	l->asked[0] = 0;
	return name; /* the start fails and says so */
}

static void add_string(struct wire_buffer *b, const char *s)
{
	wire_add(b, s, strlen(s) + 1);
}

static bool local_accepts(const struct executor_wish *w, char *ret_why, size_t why_len)
{
	struct container_engine e;
	if (w->kind && strncmp(w->kind, "local.", 6) != 0) {
		snprintf(ret_why, why_len, "it belongs on `%s`, a `%s`, and work is done on this machine", w->place, w->kind);
		return false;
	}
	if (w->n_modules > 0) {
		snprintf(ret_why, why_len, "it loads environment modules, which this machine's executor does not");
		return false;
	}
	if (w->container && !container_find(&e)) {
		snprintf(ret_why, why_len, "it runs in a container, and there is no podman, docker or apptainer on the PATH");
		return false;
	}
	return true;
}

static bool submit_command(struct local *l, const struct executor_task *t);

static bool local_submit(void *state, const struct executor_task *t)
{
	struct executor_task inside = *t;
	struct container_engine e;
	struct arena a = { 0 };
	if (t->container && container_find(&e)) {
		inside.argv = container_argv(&a, &e, t);
		inside.memory_bytes = 0; /* the engine's client is not the one to limit */
	}
	bool good = submit_command(state, &inside);
	arena_finish(&a);
	return good;
}

static bool submit_command(struct local *l, const struct executor_task *t)
{
	struct wire_buffer body = { 0 };
	struct wire_spawn w = { .number = t->number, .memory_bytes = t->memory_bytes, .time_ms = t->time_ms };
	char text[PATH_MAX];
	while (t->argv[w.n_argv])
		w.n_argv++;
	while (t->env[w.n_env])
		w.n_env++;
	wire_add(&body, &w, sizeof w);
	snprintf(text, sizeof text, "TMPDIR=%s/tmp", t->folder);
	add_string(&body, text);
	snprintf(text, sizeof text, "%s/work", t->folder);
	add_string(&body, text);
	add_string(&body, t->out);
	add_string(&body, t->err);
	add_string(&body, find_program(l, t));
	for (uint32_t i = 0; i < w.n_argv; i++)
		add_string(&body, t->argv[i]);
	for (uint32_t i = 0; i < w.n_env; i++)
		add_string(&body, t->env[i]);
	struct wire_head head = { (uint32_t)body.len, WIRE_SPAWN };
	*vec_push(&l->running) = t->number;
	if (body.len > WIRE_MAX_BYTES) { /* longer than any command can be: without one, the keeper says so */
		w.n_argv = w.n_env = 0;
		head.bytes = sizeof w;
		body.len = 0;
		wire_add(&body, &w, sizeof w);
	}
	wire_add(&l->out, &head, sizeof head);
	wire_add(&l->out, body.bytes, body.len);
	wire_finish(&body);
	return send_all(l);
}

static int local_fd(void *state)
{
	return ((struct local *)state)->socket;
}

static void forget(struct local *l, uint32_t number)
{
	for (uint32_t i = 0; i < l->running.len; i++)
		if (l->running.at[i] == number) {
			l->running.at[i] = l->running.at[--l->running.len];
			return;
		}
}

static bool local_poll(void *state, struct executor_end *ret)
{
	struct local *l = state;
	struct wire_head head;
	const char *body = wire_next(&l->in, &head);
	if (!body && !l->gone) {
		l->gone = !wire_fill(&l->in, l->socket);
		body = wire_next(&l->in, &head);
	}
	if (body) {
		memcpy(ret, body, sizeof *ret);
		forget(l, ret->number);
		return true;
	}
	if (l->gone && l->running.len > 0) {
		*ret = (struct executor_end){ .number = l->running.at[--l->running.len], .outcome = EXECUTOR_LOST };
		return true;
	}
	return false;
}

static void local_cancel(void *state, uint32_t number, bool force)
{
	struct local *l = state;
	struct wire_head head = { sizeof(struct wire_cancel), WIRE_CANCEL };
	struct wire_cancel cancel = { number, force };
	wire_add(&l->out, &head, sizeof head);
	wire_add(&l->out, &cancel, sizeof cancel);
	send_all(l);
}

static void local_finish(void *state)
{
	struct local *l = state;
	if (!l)
		return;
	wire_add(&l->out, &(struct wire_head){ 0, WIRE_CLOSE }, sizeof(struct wire_head));
	if (!l->gone)
		send_all(l);
	close(l->socket);
	while (waitpid(l->keeper, NULL, 0) < 0 && errno == EINTR)
		;
	wire_finish(&l->in);
	wire_finish(&l->out);
	vec_finish(&l->running);
	free(l);
}

/* -- after a crash ------------------------------------------------------------------------------------------------ */

static bool keeper_alive(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool alive = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return alive;
}

struct history { bool spawned, ended, closed; struct executor_end end; };

static void read_receipts(const char *text, uint32_t number, struct history *ret)
{
	unsigned at;
	int outcome, code, pid;
	uint64_t peak;
	for (const char *line = text; *line; line++) {
		const char *next = strchr(line, '\n');
		if (!next)
			return; /* half a line: the keeper died in it */
		if (sscanf(line, "spawned %u %d", &at, &pid) == 2 && at == number) {
			ret->spawned = true;
		} else if (sscanf(line, "ended %u %d %d %" SCNu64, &at, &outcome, &code, &peak) == 4 && at == number) {
			ret->ended = true;
			ret->end = (struct executor_end){ at, (enum executor_outcome)outcome, code, peak };
		} else if (strncmp(line, "closed\n", 7) == 0) {
			ret->closed = true;
		}
		line = next;
	}
}

static enum executor_found local_find(const struct executor_host *host, uint32_t number, const char *name, struct executor_end *ret_end)
{
	char path[PATH_MAX], *text;
	size_t len;
	struct arena a = { 0 };
	struct history h = { 0 };
	(void)name;
	receipts_path(host, path);
	bool alive = keeper_alive(path); /* before reading: what a dead keeper wrote is all there is */
	if (file_read(&a, path, RECEIPTS_MAX_BYTES, &text, &len) == 0)
		read_receipts(text, number, &h);
	arena_finish(&a);
	if (h.ended) {
		*ret_end = h.end;
		return EXECUTOR_ENDED;
	}
	return alive && (h.spawned || !h.closed) ? EXECUTOR_ALIVE : EXECUTOR_GONE;
}

/* Kills every process of the attempt; true when there was one. */
static bool kill_marked(const char *mark)
{
	DIR *proc = opendir("/proc");
	bool found = false;
	for (struct dirent *d; proc && (d = readdir(proc));)
		if (isdigit((unsigned char)d->d_name[0]) && mark_is_on((pid_t)atoi(d->d_name), mark)) {
			kill((pid_t)atoi(d->d_name), SIGKILL);
			found = true;
		}
	if (proc)
		closedir(proc);
	return found;
}

static void local_kill(const struct executor_host *host, uint32_t number, const char *name)
{
	char mark[PATH_MAX];
	(void)name;
	attempt_mark(host, number, mark);
	container_kill(host->state, host->run, number);
	for (int i = 0; i < 1000 && kill_marked(mark); i++)
		poll(NULL, 0, 1); /* a killed process needs a moment to go */
}

const struct executor executor_local = {
	.name = "local", .doc = "this machine",
	.accepts = local_accepts, .start = local_start, .submit = local_submit, .fd = local_fd, .poll = local_poll, .cancel = local_cancel,
	.finish = local_finish, .find = local_find, .kill = local_kill,
};
