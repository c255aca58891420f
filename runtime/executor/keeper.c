/* The keeper: a small process that owns a run's tasks, so that their ends are known even when the main process is gone.
 * It starts what it is told to, ends what lasts too long, and writes a receipt of each before it tells anybody.
 * When the main process dies it starts nothing new and stays until its tasks have ended. */
#include "runtime/executor/mark.h"
#include "runtime/executor/memory.h"
#include "runtime/executor/wire.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GRACE_MS 5000
#define WATCH_MS 100 /* between looks at the memory of tasks that have a limit */
#define DRAIN_MS 5 /* between looks at a group that has been killed */
#define QUIET_LOOKS 3 /* the list of children may leave one out while another ends (proc(5)): so often nobody is seen */
#define LAST_LOOKS 200

enum child_state { CHILD_RUNNING, CHILD_STOPPING /* TERM sent */, CHILD_DRAINING /* leader reaped, others dying */ };
struct child {
	struct child *next;
	enum child_state state;
	uint32_t number;
	pid_t pid; /* also its process group */
	uint64_t deadline_ms; /* of its time limit, or of its grace; 0: none */
	uint64_t memory_bytes;
	enum wire_contained contained;
	bool timed_out, too_large;
	bool company; /* others of it outlived its leader */
	int quiet;    /* looks since one was seen */
	char *mark; /* "TMPDIR=...": what its processes carry in their environment */
	struct executor_end end;
};
struct keeper {
	int socket, receipts, signals, null, children_file; /* socket -1: the main process is gone */
	pid_t self;
	struct child *children;
	char *work;   /* "TMPDIR=STATE/work": what the processes of all tasks carry */
	struct wire_buffer in, out;
	bool closed;
};

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void receipt(struct keeper *k, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void receipt(struct keeper *k, const char *format, ...)
{
	char line[160];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	while (write(k->receipts, line, (size_t)n) < 0 && errno == EINTR)
		;
}

/* -- starting ----------------------------------------------------------------------------------------------------- */

struct start { /* what the child needs, worked out before it exists: it shares our memory until it executes */
	const char *program, *cwd, *out, *err;
	char **argv, **env;
	uint64_t data_bytes; /* what can be asked for at once; 0: no limit */
	pid_t keeper;
	int null, death; /* death: the signal that it gets when the keeper dies */
	sigset_t none;
};

/* In the child. Only calls that are safe there; an errno is the answer when the program cannot be executed. */
static int child_execute(const struct start *s)
{
	struct rlimit no_core = { 0, 0 }, data = { s->data_bytes, s->data_bytes };
	if (setpgid(0, 0) != 0 || prctl(PR_SET_PDEATHSIG, s->death) != 0)
		return errno;
	if (getppid() != s->keeper)
		_exit(127); /* the keeper died before the line above took hold */
	setrlimit(RLIMIT_CORE, &no_core);
	if (s->data_bytes > 0 && setrlimit(RLIMIT_DATA, &data) != 0)
		return errno;
	if (chdir(s->cwd) != 0 || dup2(s->null, 0) < 0)
		return errno;
	int out = open(s->out, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	int err = open(s->err, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (out < 0 || err < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		return errno;
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &s->none, NULL);
	execve(s->program, s->argv, s->env);
	return errno;
}

static pid_t child_start(const struct start *s, int *ret_errno)
{
	volatile int failure = 0;
	pid_t pid = vfork();
	if (pid == 0) {
		failure = child_execute(s);
		_exit(127);
	}
	if (pid < 0)
		failure = errno;
	else if (failure)
		waitpid(pid, NULL, 0);
	*ret_errno = failure;
	return failure ? -1 : pid;
}

static void tell(struct keeper *k, const struct executor_end *end)
{
	struct wire_head head = { sizeof *end, WIRE_ENDED };
	receipt(k, "ended %u %d %d %" PRIu64 "\n", end->number, (int)end->outcome, end->code, end->peak_bytes);
	wire_add(&k->out, &head, sizeof head);
	wire_add(&k->out, end, sizeof *end);
}

static const char *take_string(const char **at, const char *end)
{
	const char *s = *at, *nul = s < end ? memchr(s, 0, (size_t)(end - s)) : NULL;
	*at = nul ? nul + 1 : end;
	return nul ? s : "";
}

static void spawn(struct keeper *k, const char *body, uint32_t bytes)
{
	struct wire_spawn w;
	const char *at = body + sizeof w, *stop = body + bytes;
	if (bytes < sizeof w)
		return;
	memcpy(&w, body, sizeof w);
	if (w.n_argv == 0) {
		tell(k, &(struct executor_end){ .number = w.number, .outcome = EXECUTOR_NOT_STARTED, .code = E2BIG });
		return;
	}
	/* Programs reserve far more than they use: what they use is watched, and this only stops what is faster than that. */
	struct start s = { .data_bytes = w.memory_bytes && !w.contained ? w.memory_bytes * 4 + ((uint64_t)1 << 30) : 0, .keeper = k->self, .null = k->null,
			   .death = w.contained ? SIGTERM : SIGKILL };
	const char *mark = take_string(&at, stop);
	s.cwd = take_string(&at, stop);
	s.out = take_string(&at, stop);
	s.err = take_string(&at, stop);
	s.program = take_string(&at, stop);
	s.argv = calloc((size_t)w.n_argv + w.n_env + 2, sizeof *s.argv);
	struct child *c = calloc(1, sizeof *c);
	if (!s.argv || !c || !(c->mark = strdup(mark)))
		_exit(70);
	s.env = s.argv + w.n_argv + 1;
	for (uint32_t i = 0; i < w.n_argv; i++)
		s.argv[i] = (char *)(uintptr_t)take_string(&at, stop);
	for (uint32_t i = 0; i < w.n_env; i++)
		s.env[i] = (char *)(uintptr_t)take_string(&at, stop);
	char *end = k->work ? NULL : strstr(c->mark, "/work/");
	if (end)
		k->work = strndup(c->mark, (size_t)(end - c->mark) + strlen("/work"));
	int failure = 0;
	c->number = c->end.number = w.number;
	c->memory_bytes = w.memory_bytes;
	c->contained = (enum wire_contained)w.contained;
	c->pid = child_start(&s, &failure);
	free(s.argv);
	if (failure) {
		tell(k, &(struct executor_end){ .number = w.number, .outcome = EXECUTOR_NOT_STARTED, .code = failure });
		free(c->mark);
		free(c);
		return;
	}
	receipt(k, "spawned %u %d\n", w.number, (int)c->pid);
	c->deadline_ms = w.time_ms ? now_ms() + w.time_ms : 0;
	c->next = k->children;
	k->children = c;
}

/* -- ending ------------------------------------------------------------------------------------------------------- */

/* A container goes with its client, which must be let live so long. */
static void stop_child(struct child *c, bool force)
{
	force = force && !(c->contained && c->state == CHILD_RUNNING);
	kill(-c->pid, force ? SIGKILL : SIGTERM);
	if (c->state == CHILD_RUNNING)
		c->state = CHILD_STOPPING;
	c->deadline_ms = force ? 0 : now_ms() + GRACE_MS;
}

static bool is_leader(const struct keeper *k, pid_t pid)
{
	for (const struct child *c = k->children; c; c = c->next)
		if (c->pid == pid && c->state != CHILD_DRAINING)
			return true;
	return false;
}

/* Processes of the task that left its group; they became our children when their parents ended. True: killed some. */
static bool kill_strays(struct keeper *k, const char *mark)
{
	bool found = false;
	static char text[65536]; /* thousands of them; the rest is found the next time */
	ssize_t n = pread(k->children_file, text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = 0;
	for (char *at = text, *end; ; at = end) {
		long pid = strtol(at, &end, 10);
		if (end == at)
			return found;
		if (!is_leader(k, (pid_t)pid) && mark_is_on((pid_t)pid, mark)) {
			kill((pid_t)pid, SIGKILL);
			found = true;
		}
	}
}

static void note_end(struct child *c, int status, const struct rusage *usage)
{
	struct executor_end *e = &c->end;
	bool failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
	e->peak_bytes = (uint64_t)usage->ru_maxrss * 1024;
	e->outcome = WIFEXITED(status) ? EXECUTOR_EXITED : EXECUTOR_SIGNALLED;
	e->code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
	if (c->timed_out)
		e->outcome = EXECUTOR_TIMED_OUT;
	else if (c->too_large || (c->contained == WIRE_LIMITED && WIFEXITED(status) && e->code == 128 + SIGKILL))
		e->outcome = EXECUTOR_OUT_OF_MEMORY;
	else if (failed && c->memory_bytes > 0 && e->peak_bytes >= c->memory_bytes - c->memory_bytes / 8)
		e->outcome = EXECUTOR_OUT_OF_MEMORY;
}

/* Reaps whoever ended. A leader's group is killed while the leader's number is still taken. */
static void reap(struct keeper *k)
{
	siginfo_t info;
	struct rusage usage;
	int status;
	for (;;) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
			return;
		struct child *c = k->children;
		while (c && !(c->pid == info.si_pid && c->state != CHILD_DRAINING))
			c = c->next;
		if (c)
			kill(-c->pid, SIGKILL);
		if (wait4(info.si_pid, &status, WNOHANG, &usage) <= 0 || !c)
			continue;
		note_end(c, status, &usage);
		c->state = CHILD_DRAINING;
		c->deadline_ms = 0;
	}
}

/* Tells the ends of tasks whose last process is gone; enforces limits. Returns how long to wait, -1: for ever. */
static int look(struct keeper *k)
{
	uint64_t now = now_ms();
	int64_t wait = -1;
	for (struct child **at = &k->children; *at;) {
		struct child *c = *at;
		if (c->state == CHILD_DRAINING) {
			bool group = kill(-c->pid, SIGKILL) == 0, strays = kill_strays(k, c->mark);
			c->company = c->company || group || strays;
			c->quiet = group || strays ? 0 : c->quiet + 1;
			if (c->quiet >= (c->company ? QUIET_LOOKS : 1)) {
				*at = c->next;
				tell(k, &c->end);
				free(c->mark);
				free(c);
				continue;
			}
			wait = DRAIN_MS;
		} else if (c->deadline_ms && now >= c->deadline_ms) {
			if (c->state == CHILD_RUNNING)
				c->timed_out = true;
			stop_child(c, c->state == CHILD_STOPPING);
		}
		if (c->memory_bytes && c->state == CHILD_RUNNING) {
			c->too_large = memory_exceeds(c->contained ? k->self : c->pid, c->contained ? c->mark : NULL, c->memory_bytes);
			if (c->too_large)
				stop_child(c, true);
			wait = wait < 0 || wait > WATCH_MS ? WATCH_MS : wait;
		}
		if (c->deadline_ms && (wait < 0 || (int64_t)(c->deadline_ms - now) < wait))
			wait = c->deadline_ms > now ? (int64_t)(c->deadline_ms - now) : 0;
		at = &c->next;
	}
	return (int)wait;
}

/* -- the loop ----------------------------------------------------------------------------------------------------- */

static void obey(struct keeper *k, const struct wire_head *head, const char *body)
{
	struct wire_cancel cancel;
	switch ((enum wire_kind)head->kind) {
	case WIRE_SPAWN:
		spawn(k, body, head->bytes);
		break;
	case WIRE_CANCEL:
		memcpy(&cancel, body, sizeof cancel);
		for (struct child *c = k->children; c; c = c->next)
			if (c->number == cancel.number && c->state != CHILD_DRAINING)
				stop_child(c, cancel.force);
		break;
	case WIRE_CLOSE:
	case WIRE_ENDED:
		k->closed = true;
		break;
	}
}

static void hear(struct keeper *k)
{
	struct wire_head head;
	const char *body;
	bool open = wire_fill(&k->in, k->socket);
	while ((body = wire_next(&k->in, &head)))
		obey(k, &head, body);
	if (!open) {
		close(k->socket);
		k->socket = -1;
		k->closed = true;
	}
}

static void keep(struct keeper *k)
{
	bool told_closed = false;
	for (;;) {
		reap(k);
		int wait = look(k);
		if (k->closed && !told_closed) {
			receipt(k, "closed\n");
			told_closed = true;
		}
		if (k->socket >= 0 && !wire_flush(&k->out, k->socket)) {
			close(k->socket);
			k->socket = -1;
			k->closed = true;
			continue;
		}
		if (k->closed && !k->children && (k->socket < 0 || k->out.len == 0))
			return;
		struct pollfd fds[2] = { { k->signals, POLLIN, 0 }, { k->socket, POLLIN, 0 } };
		if (k->socket >= 0 && k->out.len > 0)
			fds[1].events |= POLLOUT;
		if (poll(fds, k->socket >= 0 ? 2 : 1, wait) < 0 && errno != EINTR)
			_exit(70);
		struct signalfd_siginfo ignored[16];
		if (fds[0].revents)
			while (read(k->signals, ignored, sizeof ignored) > 0)
				;
		if (k->socket >= 0 && fds[1].revents & (POLLIN | POLLHUP | POLLERR))
			hear(k);
	}
}

/* No task is left: whoever is still here was overlooked. */
static void sweep(struct keeper *k)
{
	siginfo_t info;
	for (int i = 0; k->work && i < LAST_LOOKS && waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0; i++) {
		if (!kill_strays(k, k->work) && i >= QUIET_LOOKS)
			return;
		reap(k);
		poll(NULL, 0, DRAIN_MS);
	}
}

/* Nothing of the main process may stay open here: its lock and its journal are its own. */
static void close_others(int a, int b, int c)
{
	int keep_open[3] = { a, b, c };
	unsigned from = 3;
	for (int i = 0; i < 3; i++)
		for (int j = i + 1; j < 3; j++)
			if (keep_open[j] < keep_open[i]) {
				int swap = keep_open[i];
				keep_open[i] = keep_open[j];
				keep_open[j] = swap;
			}
	for (int i = 0; i < 3; i++) {
		if (keep_open[i] > (int)from)
			close_range(from, (unsigned)keep_open[i] - 1, 0);
		from = (unsigned)keep_open[i] + 1;
	}
	close_range(from, ~0U, 0);
}

_Noreturn void keeper_run(int socket, int receipts)
{
	struct keeper k = { .socket = socket, .receipts = receipts, .self = getpid() };
	sigset_t mask;
	setsid(); /* the terminal's signals are for the main process */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_NAME, "twinc-keeper");
	umask(022);
	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	k.null = open("/dev/null", O_RDWR | O_CLOEXEC);
	close_others(socket, receipts, k.null);
	dup2(k.null, 0);
	dup2(k.null, 1);
	dup2(k.null, 2);
	k.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	k.children_file = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	if (k.null < 0 || k.signals < 0)
		_exit(70);
	receipt(&k, "open %d\n", (int)k.self);
	keep(&k);
	sweep(&k);
	_exit(0);
}
