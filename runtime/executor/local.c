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
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECEIPTS_MAX_BYTES ((size_t)64 << 20)
#define LOOK_MS 50

struct local {
	const struct executor_host *host;
	int socket, timer, wake; /* wake: both of the others */
	pid_t keeper;
	struct wire_buffer in, out;
	VEC(uint32_t) running; /* told as lost when the keeper goes */
	VEC(struct executor_attempt) adopted; /* of keepers of earlier runs: looked at by the timer */
	bool gone;
	char asked[256], path[PATH_MAX], program[PATH_MAX]; /* the last name looked up, where, and what was found */
};

static void receipts_path(const char *state, int64_t run, char ret[PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s/keeper/%" PRId64 ".receipts", state, run);
}

/* What every process of an attempt carries in its environment, and nobody else. */
static void attempt_mark(const char *state, int64_t run, uint32_t number, char ret[PATH_MAX])
{
	snprintf(ret, PATH_MAX, "TMPDIR=%s/work/%" PRId64 "-%u/tmp", state, run, number);
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
	receipts_path(host->state, host->run, path);
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
	l->host = host;
	l->socket = pair[0];
	l->keeper = pid;
	l->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	l->wake = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event e = { .events = EPOLLIN };
	if (epoll_ctl(l->wake, EPOLL_CTL_ADD, l->socket, &e) != 0 || epoll_ctl(l->wake, EPOLL_CTL_ADD, l->timer, &e) != 0)
		bug("epoll: %s", strerror(errno));
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

/* How often receipts of earlier keepers are read; ms 0: never. */
static void look_every(struct local *l, long ms)
{
	struct itimerspec t = { { 0, ms * 1000000 }, { 0, ms * 1000000 } };
	timerfd_settime(l->timer, 0, &t, NULL);
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

static bool local_accepts(const struct executor_host *host, const struct executor_wish *w, char *ret_why, size_t why_len)
{
	struct container_engine e;
	(void)host;
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

static bool submit_command(struct local *l, const struct executor_task *t, enum wire_contained contained)
{
	struct wire_buffer body = { 0 };
	struct wire_spawn w = { .number = t->number, .contained = contained, .memory_bytes = t->memory_bytes, .time_ms = t->time_ms };
	char text[PATH_MAX];
	while (t->argv[w.n_argv])
		w.n_argv++;
	while (t->env[w.n_env])
		w.n_env++;
	for (const char *const *at = t->secrets; at && *at; at++)
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
	for (const char *const *at = t->env; *at; at++)
		add_string(&body, *at);
	for (const char *const *at = t->secrets; at && *at; at++)
		add_string(&body, *at);
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

static void local_submit(void *state, const struct executor_task *tasks, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct executor_task inside = tasks[i];
		struct container_engine e;
		struct arena a = { 0 };
		enum wire_contained contained = WIRE_PLAIN;
		if (inside.container && container_find(&e)) {
			container_find_limits(&e);
			contained = e.limits_memory && inside.memory_bytes ? WIRE_LIMITED : WIRE_CONTAINED;
			container_note(&e, inside.folder);
			container_wrap(&a, &e, &inside);
			container_client_env(&a, &inside);
		} else if (inside.contains) {
			contained = WIRE_CONTAINED;
			container_lend_env(&a, &inside);
		}
		submit_command(state, &inside, contained);
		arena_finish(&a);
	}
}

static int local_fd(void *state)
{
	return ((struct local *)state)->wake;
}

static void forget(struct local *l, uint32_t number)
{
	for (uint32_t i = 0; i < l->running.len; i++)
		if (l->running.at[i] == number) {
			l->running.at[i] = l->running.at[--l->running.len];
			return;
		}
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

/* Attempts of one run, by their number. */
struct history { struct executor_attempt **by_number; uint32_t most; bool closed; };

static struct executor_attempt *of_number(const struct history *h, unsigned number)
{
	return number <= h->most ? h->by_number[number] : NULL;
}

/* The numbers behind a line's first word; sscanf would measure the whole rest of the text at every line. */
static uint32_t numbers_of(const char *at, uint64_t *ret, uint32_t most)
{
	uint32_t n = 0;
	for (char *end; n < most && *at == ' '; at = end) {
		ret[n] = strtoull(at, &end, 10);
		if (end == at + 1)
			break;
		n++;
	}
	return n;
}

static void read_receipts(const char *text, struct history *h)
{
	uint64_t v[4];
	struct executor_attempt *a;
	for (const char *line = text; *line; line++) {
		const char *next = strchr(line, '\n');
		if (!next)
			return; /* half a line: the keeper died in it */
		if (strncmp(line, "spawned ", 8) == 0 && numbers_of(line + 7, v, 2) == 2 && (a = of_number(h, (unsigned)v[0]))) {
			a->found = EXECUTOR_ALIVE;
		} else if (strncmp(line, "ended ", 6) == 0 && numbers_of(line + 5, v, 4) == 4 && (a = of_number(h, (unsigned)v[0]))) {
			a->found = EXECUTOR_FOUND_ENDED;
			a->end = (struct executor_end){ (uint32_t)v[0], (enum executor_outcome)v[1], (int)v[2], v[3] };
		} else if (strncmp(line, "closed\n", 7) == 0) {
			h->closed = true;
		}
		line = next;
	}
}

/* What became of attempts of one run. */
static void find_of_run(const char *state, struct executor_attempt **attempts, uint32_t n)
{
	char path[PATH_MAX], *text;
	size_t len;
	struct arena arena = { 0 };
	struct history h = { 0 };
	for (uint32_t i = 0; i < n; i++) {
		attempts[i]->found = EXECUTOR_GONE;
		h.most = attempts[i]->number > h.most ? attempts[i]->number : h.most;
	}
	h.by_number = arena_new_n(&arena, struct executor_attempt *, (size_t)h.most + 1);
	for (uint32_t i = 0; i < n; i++)
		h.by_number[attempts[i]->number] = attempts[i];
	receipts_path(state, attempts[0]->run, path);
	bool alive = keeper_alive(path); /* before reading: what a dead keeper wrote is all there is */
	if (file_read(&arena, path, RECEIPTS_MAX_BYTES, &text, &len) == 0)
		read_receipts(text, &h);
	for (uint32_t i = 0; i < n; i++)
		if (attempts[i]->found != EXECUTOR_FOUND_ENDED)
			attempts[i]->found = alive && (attempts[i]->found == EXECUTOR_ALIVE || !h.closed) ? EXECUTOR_ALIVE : EXECUTOR_GONE;
	arena_finish(&arena);
}

static int by_run(const void *a, const void *b)
{
	const struct executor_attempt *x = *(struct executor_attempt *const *)a, *y = *(struct executor_attempt *const *)b;
	return x->run != y->run ? x->run < y->run ? -1 : 1 : x->number < y->number ? -1 : x->number > y->number;
}

static void find_all(const char *state, struct executor_attempt *attempts, uint32_t n)
{
	struct executor_attempt **sorted = calloc(n + 1, sizeof *sorted);
	if (!sorted)
		bug_out_of_memory();
	for (uint32_t i = 0; i < n; i++)
		sorted[i] = &attempts[i];
	qsort(sorted, n, sizeof *sorted, by_run);
	for (uint32_t i = 0, k; i < n; i = k) {
		for (k = i; k < n && sorted[k]->run == sorted[i]->run; k++)
			;
		find_of_run(state, sorted + i, k - i);
	}
	free(sorted);
}

static bool local_find(const struct executor_host *host, struct executor_attempt *attempts, uint32_t n, char *ret_error, size_t error_len)
{
	(void)ret_error;
	(void)error_len;
	find_all(host->state, attempts, n);
	return true;
}

static void local_adopt(void *state, const struct executor_attempt *a, const struct executor_task *t)
{
	struct local *l = state;
	(void)t;
	*vec_push(&l->adopted) = *a;
	look_every(l, LOOK_MS);
}

/* One of those that an earlier keeper had, once it has ended. */
static bool poll_adopted(struct local *l, struct executor_news *ret)
{
	uint64_t ticks;
	if (l->adopted.len == 0)
		return false;
	if (read(l->timer, &ticks, sizeof ticks) > 0)
		find_all(l->host->state, l->adopted.at, l->adopted.len);
	for (uint32_t i = 0; i < l->adopted.len; i++) {
		struct executor_attempt a = l->adopted.at[i];
		if (a.found == EXECUTOR_ALIVE)
			continue;
		*ret = (struct executor_news){ .run = a.run, .word = EXECUTOR_ENDED, .end = a.end };
		if (a.found == EXECUTOR_GONE)
			ret->end.outcome = EXECUTOR_LOST;
		ret->end.number = a.number;
		l->adopted.at[i] = l->adopted.at[--l->adopted.len];
		if (l->adopted.len == 0)
			look_every(l, 0);
		return true;
	}
	return false;
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

static void local_kill(const struct executor_host *host, const struct executor_attempt *attempts, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		char mark[PATH_MAX];
		attempt_mark(host->state, attempts[i].run, attempts[i].number, mark);
		container_kill(host->state, attempts[i].run, attempts[i].number);
		for (int k = 0; k < 1000 && kill_marked(mark); k++)
			poll(NULL, 0, 1); /* a killed process needs a moment to go */
	}
}

/* -- what ended ---------------------------------------------------------------------------------------------------- */

static bool local_poll(void *state, struct executor_news *ret)
{
	struct local *l = state;
	struct wire_head head;
	const char *body = wire_next(&l->in, &head);
	if (!body && !l->gone) {
		l->gone = !wire_fill(&l->in, l->socket);
		body = wire_next(&l->in, &head);
	}
	*ret = (struct executor_news){ .run = l->host->run, .word = EXECUTOR_ENDED };
	if (body) {
		memcpy(&ret->end, body, sizeof ret->end);
		forget(l, ret->end.number);
		if (ret->end.outcome != EXECUTOR_EXITED)
			container_kill(l->host->state, l->host->run, ret->end.number);
		return true;
	}
	if (l->gone && l->running.len > 0) {
		ret->end = (struct executor_end){ .number = l->running.at[--l->running.len], .outcome = EXECUTOR_LOST };
		return true;
	}
	return poll_adopted(l, ret);
}

static void local_cancel(void *state, int64_t run, uint32_t number, bool force)
{
	struct local *l = state;
	if (run != l->host->run) { /* of another keeper, which takes no orders from here */
		local_kill(l->host, &(struct executor_attempt){ .run = run, .number = number }, 1);
		return;
	}
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
	vec_finish(&l->adopted);
	close(l->timer);
	close(l->wake);
	free(l);
}

const struct executor executor_local = {
	.name = "local", .doc = "this machine", .kind = "local.machine",
	.accepts = local_accepts, .image = container_image, .start = local_start, .submit = local_submit, .fd = local_fd, .poll = local_poll, .cancel = local_cancel,
	.finish = local_finish, .find = local_find, .adopt = local_adopt, .kill = local_kill,
};
