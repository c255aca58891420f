#include "runtime/executor/command.h"
#include "compiler/base/buf.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* pipes: 0 its input, 1 its output, 2 its errors; [0] is for reading. */
static int start(const struct command *c, int pipes[3][2], pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, pipe_signal;
	sigemptyset(&none);
	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &pipe_signal);
	posix_spawn_file_actions_adddup2(&actions, c->from > 0 ? c->from : pipes[0][0], 0);
	posix_spawn_file_actions_adddup2(&actions, pipes[1][1], 1);
	posix_spawn_file_actions_adddup2(&actions, pipes[2][1], 2);
	int e = posix_spawnp(ret, c->argv[0], &actions, &attr, (char *const *)(uintptr_t)c->argv, c->env ? (char *const *)(uintptr_t)c->env : environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return e;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* False: the end of the stream. What is beyond the limit is read and dropped. */
static bool take(int fd, struct buf *b)
{
	char part[65536];
	ssize_t n = read(fd, part, sizeof part);
	if (n > 0 && b->len < COMMAND_MAX_BYTES)
		buf_add(b, part, (size_t)n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* The same into a file, as long as there is room; *ret_error: an errno, EFBIG at the limit. */
static bool copy(int fd, const struct command *c, uint64_t *bytes, int *ret_error)
{
	char part[65536];
	ssize_t n = read(fd, part, sizeof part), done = 0;
	if (n > 0 && c->to_bytes && *bytes + (uint64_t)n > c->to_bytes)
		*ret_error = EFBIG;
	while (done < n && !*ret_error) {
		ssize_t w = write(c->to, part + done, (size_t)(n - done));
		if (w < 0 && errno != EINTR)
			*ret_error = errno;
		done += w > 0 ? w : 0;
	}
	*bytes += (uint64_t)done;
	return !*ret_error && (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)));
}

static bool give(int fd, const char **input, size_t *left)
{
	ssize_t n = *left ? write(fd, *input, *left) : 0;
	if (n > 0) {
		*input += n;
		*left -= (size_t)n;
	}
	return *left > 0 && (n >= 0 || errno == EAGAIN || errno == EINTR);
}

/* Talks until both streams have ended. Else an errno: ETIMEDOUT, or why its output cannot be kept. */
static int talk(const struct command *c, int pipes[3][2], struct buf *out, struct buf *err)
{
	uint64_t bytes = 0;
	int failure = 0;
	const char *input = c->input ? c->input : "";
	size_t left = strlen(input);
	int64_t until = now_ms() + c->timeout_ms;
	if (left == 0)
		close_one(&pipes[0][1]);
	while (pipes[1][0] >= 0 || pipes[2][0] >= 0) {
		struct pollfd fds[3] = { { pipes[0][1], POLLOUT, 0 }, { pipes[1][0], POLLIN, 0 }, { pipes[2][0], POLLIN, 0 } };
		int64_t wait = until - now_ms();
		if (wait <= 0)
			return ETIMEDOUT;
		if (poll(fds, 3, (int)wait) < 0 && errno != EINTR)
			return errno;
		if (fds[0].revents && !give(pipes[0][1], &input, &left))
			close_one(&pipes[0][1]);
		if (fds[1].revents && !(c->to > 0 ? copy(pipes[1][0], c, &bytes, &failure) : take(pipes[1][0], out)))
			close_one(&pipes[1][0]);
		if (failure)
			return failure;
		if (fds[2].revents && !take(pipes[2][0], err))
			close_one(&pipes[2][0]);
	}
	return 0;
}

static void finish(struct arena *a, struct buf *out, struct buf *err, struct command_answer *ret)
{
	while (err->len > 0 && (err->text[err->len - 1] == '\n' || err->text[err->len - 1] == '\r'))
		err->len--;
	ret->out = arena_strndup(a, buf_text(out), out->len);
	ret->out_len = out->len;
	ret->err = arena_strndup(a, buf_text(err), err->len);
	buf_finish(out);
	buf_finish(err);
}

bool command_ask(struct arena *a, const struct command *c, struct command_answer *ret)
{
	int pipes[3][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } }, status = 0, e = 0;
	struct buf out = { 0 }, err = { 0 };
	pid_t pid;
	for (int i = 0; i < 3 && !e; i++)
		if (pipe2(pipes[i], O_CLOEXEC) != 0)
			e = errno;
	if (!e)
		e = start(c, pipes, &pid);
	close_one(&pipes[0][0]);
	close_one(&pipes[1][1]);
	close_one(&pipes[2][1]);
	ret->status = -1;
	ret->full = false;
	if (e) {
		buf_printf(&err, "%s: %s", c->argv[0], strerror(e));
	} else {
		fcntl(pipes[0][1], F_SETFL, O_NONBLOCK);
		int failure = talk(c, pipes, &out, &err);
		ret->full = failure == EFBIG || failure == ENOSPC || failure == EDQUOT;
		if (failure)
			kill(-pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (!failure)
			ret->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		else if (failure == ETIMEDOUT)
			buf_printf(&err, "%s%s did not answer within %u s", err.len ? "\n" : "", c->argv[0], c->timeout_ms / 1000);
		else
			buf_printf(&err, "%swhat it says cannot be kept: %s", err.len ? "\n" : "", strerror(failure));
	}
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 2; k++)
			close_one(&pipes[i][k]);
	finish(a, &out, &err, ret);
	return ret->status == 0;
}

char *command_line(const char **at)
{
	char *line = (char *)(uintptr_t)*at, *end = line + strcspn(line, "\n");
	*at = *end ? end + 1 : end;
	if (*end)
		*end = 0;
	return *line ? line : NULL;
}

bool command_exists(const char *name)
{
	const char *path = getenv("PATH");
	while (path && *path) {
		char full[4200];
		size_t n = strcspn(path, ":");
		snprintf(full, sizeof full, "%.*s/%s", (int)n, path, name);
		if (n > 0 && access(full, X_OK) == 0)
			return true;
		path += n + (path[n] == ':');
	}
	return false;
}
