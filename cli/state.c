#include "cli/state.h"
#include "runtime/executor/executors.h"
#include "runtime/report/report.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECRET_MAX_BYTES ((size_t)1 << 20)

/* -- lock ----------------------------------------------------------------------------------------------------------- */

static const char *lock_path(struct cli *c, const char *state)
{
	return arena_printf(&c->arena, "%s/lock", state);
}

static void lock_read(int fd, struct cli_lock *ret)
{
	char text[64] = "";
	if (pread(fd, text, sizeof text - 1, 0) < 0 || sscanf(text, "%" SCNd64 " %" SCNd64, &ret->pid, &ret->start_ms) != 2)
		ret->pid = ret->start_ms = 0;
}

int cli_lock_take(struct cli *c, const char *state, struct cli_lock *ret)
{
	char text[64];
	struct timespec now;
	int fd = open(lock_path(c, state), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return errno;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		int e = errno;
		lock_read(fd, ret);
		close(fd);
		return e;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	*ret = (struct cli_lock){ fd, getpid(), (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 };
	int n = snprintf(text, sizeof text, "%" PRId64 " %" PRId64 "\n", ret->pid, ret->start_ms);
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n) {
		int e = errno;
		close(fd);
		return e;
	}
	return 0;
}

bool cli_lock_holder(struct cli *c, const char *state, struct cli_lock *ret)
{
	int fd = open(lock_path(c, state), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	if (held)
		lock_read(fd, ret);
	close(fd);
	return held;
}

void cli_lock_release(struct cli_lock *l)
{
	close(l->fd);
}

int cli_locked(struct cli *c, int error, const char *state, const struct cli_lock *other)
{
	if (error != EWOULDBLOCK)
		return cli_fail("cannot work in %s: %s\n  runs are recorded there: make it writable, or name another folder with `--state`", state,
				strerror(error));
	return cli_fail("another apply works in %s: pid %lld, since %s\n  wait for it, or end it with `twinc cancel`", state, (long long)other->pid,
			cli_time(c, other->start_ms));
}

/* -- journal -------------------------------------------------------------------------------------------------------- */

const char *cli_absolute(struct cli *c, const char *path)
{
	char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);
	const char *full = file_join(&c->arena, here ? here : "/", path);
	free(here);
	return full;
}

const char *cli_state(struct cli *c, const char *file)
{
	return cli_absolute(c, cli_state_dir(c, file));
}

const char *cli_results(struct cli *c, const char *file)
{
	return cli_absolute(c, cli_results_dir(c, file));
}

/* SQLite calls a full disk an I/O error. */
static const char *room(struct cli *c, const char *folder)
{
	struct statvfs fs;
	return statvfs(folder, &fs) == 0 ? arena_printf(&c->arena, " (its disk has %ju KiB left)", (uintmax_t)fs.f_bavail * fs.f_frsize / 1024) : "";
}

static struct journal *journal_at(struct cli *c, const char *state, bool read_only, int *ret_exit)
{
	enum journal_fault fault;
	char error[256];
	struct journal_options o = { .path = arena_printf(&c->arena, "%s/journal.db", state), .read_only = read_only, .fsync = c->fsync };
	struct journal *j = journal_open(&o, &fault, error, sizeof error);
	*ret_exit = CLI_WRONG;
	if (j)
		return j;
	switch (fault) {
	case JOURNAL_OK: break;
	case JOURNAL_MISSING: cli_fail("nothing was run here yet: there is no %s", o.path); break;
	case JOURNAL_NEWER: cli_fail("%s: %s; update this one", o.path, error); break;
	case JOURNAL_DAMAGED: cli_fail("%s: %s\n  move it away to start afresh; finished work is then done again", o.path, error); break;
	case JOURNAL_IO:
		cli_fail("%s: %s\n  nothing of it is lost: make it readable and writable%s, then try again", o.path, error, room(c, state));
		break;
	}
	return NULL;
}

struct journal *cli_journal_look(struct cli *c, const char *state, int *ret_exit)
{
	return journal_at(c, state, true, ret_exit);
}

struct journal *cli_journal_write(struct cli *c, const char *state, int *ret_exit)
{
	return journal_at(c, state, false, ret_exit);
}

struct find_run { struct cli *c; int64_t id; struct journal_run found; };

static bool match_run(const struct journal_run *r, void *ctx)
{
	struct find_run *f = ctx;
	if (r->id != f->id)
		return true;
	f->found = *r;
	f->found.workflow = arena_strdup(&f->c->arena, r->workflow);
	f->found.state = arena_strdup(&f->c->arena, r->state);
	f->found.plan = NULL;
	return false;
}

bool cli_run(struct cli *c, struct journal *j, struct journal_run *ret)
{
	struct find_run f = { .c = c, .id = c->run ? strtoll(c->run, NULL, 10) : 0 };
	if (!c->run) {
		if (journal_run_last(j, &c->arena, c->workflow, ret))
			return true;
		cli_fail(c->workflow ? "no run of `%s` is recorded" : "no run is recorded", c->workflow);
		return false;
	}
	journal_run_each(j, JOURNAL_KEPT_RUNS, match_run, &f);
	if (!f.found.id) {
		cli_fail("there is no run %s", c->run);
		return false;
	}
	*ret = f.found;
	return true;
}

struct find_task { struct cli *c; bool folder, found; struct journal_task task; };

static bool match_task(const struct journal_task *t, void *ctx)
{
	struct find_task *f = ctx;
	struct arena *a = &f->c->arena;
	const char **strings[] = { &f->task.name, &f->task.step, &f->task.key, &f->task.reason, &f->task.place, &f->task.workflow };
	if (strcmp(t->name, f->c->subject) != 0 || (f->folder && !t->number))
		return true;
	f->found = true;
	f->task = *t;
	for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
		*strings[i] = *strings[i] ? arena_strdup(a, *strings[i]) : NULL;
	return false;
}

bool cli_task(struct cli *c, struct journal *j, bool with_folder, struct journal_task *ret)
{
	struct find_task f = { .c = c, .folder = with_folder };
	struct journal_run run;
	if (!c->run && with_folder)
		return journal_task_find(j, &c->arena, c->workflow, c->subject, ret);
	if (!c->run)
		return journal_task_last(j, &c->arena, c->workflow, c->subject, ret);
	if (!cli_run(c, j, &run))
		return false;
	journal_task_each(j, run.id, match_task, &f);
	if (f.found)
		*ret = f.task;
	return f.found;
}

/* -- how work is run ------------------------------------------------------------------------------------------------ */

static char *read_command(struct cli *c, const char *command)
{
	struct buf b = { 0 };
	char part[4096];
	size_t n;
	FILE *f = popen(command, "re");
	while (f && (n = fread(part, 1, sizeof part, f)) > 0 && b.len < SECRET_MAX_BYTES)
		buf_add(&b, part, n);
	int status = f ? pclose(f) : -1;
	char *text = status == 0 ? arena_strndup(&c->arena, buf_text(&b), b.len) : NULL;
	if (b.text)
		explicit_bzero(b.text, b.cap);
	buf_finish(&b);
	return text;
}

/* The content of a secret, without the newline that files and commands end with; NULL: said why. */
static char *secret_read(struct cli *c, const struct cli_secret *s)
{
	char *text = NULL;
	size_t len;
	int e;
	switch (s->from) {
	case SECRET_ENV:
		text = getenv(s->text);
		if (!text)
			cli_fail("secret `%s`: the environment has no %s", s->name, s->text);
		return text;
	case SECRET_FILE:
		e = file_read(&c->arena, s->text, SECRET_MAX_BYTES, &text, &len);
		if (e) {
			cli_fail("secret `%s`: cannot read \"%s\": %s", s->name, s->text, strerror(e));
			return NULL;
		}
		break;
	case SECRET_COMMAND:
		text = read_command(c, s->text);
		if (!text) {
			cli_fail("secret `%s`: its command failed", s->name);
			return NULL;
		}
		break;
	}
	len = strlen(text);
	if (len > 0 && text[len - 1] == '\n')
		text[len - 1] = 0;
	return text;
}

/* From here on a crash of ours, or of what we start, leaves no image of memory. */
static void leave_no_core(void)
{
	struct rlimit core;

	if (getrlimit(RLIMIT_CORE, &core) == 0) {
		core.rlim_cur = 0;
		setrlimit(RLIMIT_CORE, &core);
	}
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* also where the system hands cores to a program, which no limit stops */
}

bool cli_secrets(struct cli *c, const struct run_secret **ret)
{
	if (c->secrets.len > 0)
		leave_no_core();
	struct run_secret *secrets = arena_new_n(&c->arena, struct run_secret, c->secrets.len + 1);
	*ret = secrets;
	for (uint32_t i = 0; i < c->secrets.len; i++) {
		secrets[i].name = c->secrets.at[i].name;
		secrets[i].content = secret_read(c, &c->secrets.at[i]);
		if (!secrets[i].content)
			return false;
	}
	return true;
}

const struct executor *cli_executor(struct cli *c, const char **ret_option)
{
	const char *name = c->on ? arena_strndup(&c->arena, c->on, strcspn(c->on, ":")) : "local";
	const struct executor *x = executor_find(name);
	if (!x)
		cli_usage(c, "there is no executor `%s`; there %s", name, executor_names(&c->arena));
	*ret_option = c->on && c->on[strlen(name)] ? c->on + strlen(name) + 1 : NULL;
	return x;
}

bool cli_run_options(struct cli *c, struct run_options *o, int *ret_exit)
{
	*ret_exit = CLI_USAGE;
	o->executors = executors;
	if (!(o->executor = cli_executor(c, &o->option)))
		return false;
	*ret_exit = CLI_WRONG;
	if (!cli_secrets(c, &o->secrets))
		return false;
	o->n_secrets = c->secrets.len;
	o->cpus = c->cpus;
	o->tasks_per_job = c->tasks_per_job;
	o->memory_bytes = c->memory_bytes;
	o->fail_fast = c->fail_fast;
	o->all_here = c->on && o->executor == executors[0];
	o->no_container = c->no_container;
	return true;
}

/* -- text ----------------------------------------------------------------------------------------------------------- */

const char *cli_time(struct cli *c, int64_t ms)
{
	struct buf b = { 0 };
	report_time(ms, &b);
	const char *text = arena_strdup(&c->arena, buf_text(&b));
	buf_finish(&b);
	return text;
}

const char *cli_duration(struct cli *c, int64_t ms)
{
	struct buf b = { 0 };
	report_duration(ms, &b);
	const char *text = arena_strdup(&c->arena, buf_text(&b));
	buf_finish(&b);
	return text;
}
