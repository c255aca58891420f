/* logs: what tasks wrote, of one task or of all of a run. */
#include "cli/state.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_MS 200

struct logs { struct cli *c; const char *state; bool any; };

/* Where the last n lines of the file begin. */
static off_t tail_start(int fd, off_t size, uint32_t n)
{
	char part[4096];
	uint32_t lines = 0;
	off_t at = size;
	while (at > 0) {
		size_t len = at < (off_t)sizeof part ? (size_t)at : sizeof part;
		if (pread(fd, part, len, at - (off_t)len) != (ssize_t)len)
			return 0;
		for (size_t i = len; i-- > 0;)
			if (part[i] == '\n' && at - (off_t)(len - i) != size - 1 && ++lines == n)
				return at - (off_t)(len - i) + 1;
		at -= (off_t)len;
	}
	return 0;
}

/* Copies from `at` to the end; gives the new position. */
static off_t copy(int fd, off_t at, FILE *to)
{
	char part[65536];
	ssize_t n;
	while ((n = pread(fd, part, sizeof part, at)) > 0) {
		fwrite(part, 1, (size_t)n, to);
		at += n;
	}
	fflush(to);
	return at;
}

static int open_log(struct logs *l, const struct journal_task *t, bool err, off_t *ret_at)
{
	struct stat st;
	int fd = open(run_log_path(&l->c->arena, l->state, t->workflow, t->name, t->attempt, err), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && fstat(fd, &st) == 0)
		*ret_at = l->c->tail ? tail_start(fd, st.st_size, l->c->tail) : 0;
	return fd;
}

/* Standard output on stdout, standard error on stderr. */
static void show(struct logs *l, const struct journal_task *t)
{
	off_t out_at = 0, err_at = 0;
	int out = -1, err = -1;
	bool more = l->c->follow;
	do {
		struct cli_lock holder;
		more = more && cli_lock_holder(l->c, l->state, &holder); /* asked before the last copy */
		out = out >= 0 ? out : open_log(l, t, false, &out_at); /* behind SSH they come with the end */
		err = err >= 0 ? err : open_log(l, t, true, &err_at);
		if (out >= 0)
			out_at = copy(out, out_at, stdout);
		if (err >= 0)
			err_at = copy(err, err_at, stderr);
		if (more)
			poll(NULL, 0, LOOK_MS);
	} while (more);
	if (out >= 0)
		close(out);
	if (err >= 0)
		close(err);
	l->any = l->any || out >= 0 || err >= 0;
}

static bool show_each(const struct journal_task *t, void *ctx)
{
	struct logs *l = ctx;
	if (!t->number)
		return true;
	printf("==> %s <==\n", t->name);
	fflush(stdout);
	show(l, t);
	return true;
}

static int logs(struct cli *c, struct journal *j, struct logs *l)
{
	struct journal_task t;
	struct journal_run run;
	if (c->subject) {
		if (!cli_task(c, j, true, &t))
			return cli_fail("no task `%s` has run; `twinc status` lists them", c->subject);
		show(l, &t);
		if (!l->any && t.state == TASK_RUNNING && t.lane)
			return cli_fail("what `%s` writes at %s comes here when it has ended; `-f` waits for it", c->subject, t.lane);
		return l->any ? CLI_DONE : cli_fail("the logs of `%s` are gone", c->subject);
	}
	if (!cli_run(c, j, &run))
		return CLI_WRONG;
	c->follow = false;
	journal_task_each(j, run.id, show_each, l);
	return CLI_DONE;
}

int verb_logs(struct cli *c)
{
	const char *file = cli_file(c);
	struct logs l = { .c = c };
	int code = CLI_USAGE;
	if (!file)
		return code;
	l.state = cli_state(c, file);
	struct journal *j = cli_journal_look(c, l.state, &code);
	if (!j)
		return code;
	code = logs(c, j, &l);
	journal_close(j);
	return code;
}
