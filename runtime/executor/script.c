#include "runtime/executor/script.h"
#include "compiler/base/buf.h"
#include "compiler/base/file.h"
#include "compiler/doc/quote.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GRACE_S 5

static void put_word(struct buf *b, const char *text)
{
	quote_sh(text, strlen(text), b);
}

/* A setting as a line of shell; what is no name there (env(1) takes it, a shell does not) is left out. */
static void put_export(struct buf *b, const char *setting)
{
	size_t n = strcspn(setting, "=");
	for (size_t i = 0; i < n; i++)
		if (!((setting[i] >= 'A' && setting[i] <= 'Z') || (setting[i] >= 'a' && setting[i] <= 'z') || setting[i] == '_' ||
		      (i > 0 && setting[i] >= '0' && setting[i] <= '9')))
			return;
	buf_printf(b, "export %.*s=", (int)n, setting);
	put_word(b, setting + n + 1);
	buf_putc(b, '\n');
}

/* Outside: once, in whatever environment the engine gives. A job that an engine starts again finds a clean folder. */
static void put_outside(struct buf *b, const struct executor_task *t, const struct script_options *o)
{
	buf_puts(b, "if [ \"${1-}\" != inside ]; then\n\tcd ");
	put_word(b, t->folder);
	buf_puts(b, " || exit 126\n"
		    "\t[ ! -e void ] || exit 125\n"
		    "\t[ ! -s exit ] || exit \"$(cut -d ' ' -f 1 exit)\"\n"
		    "\tif [ -e begun ]; then\n\t\trm -rf work tmp\n\t\tmkdir work tmp\n\tfi\n"
		    "\tstart=$(date +%s)\n\techo \"$start\" >begun\n\t");
	if (o->limit_time && t->time_ms) /* where there is a timeout(1): else the engine's own limit has to do */
		buf_printf(b, "$(command -v timeout >/dev/null && echo timeout -k %d %g) ", GRACE_S, (double)t->time_ms / 1000);
	buf_puts(b, o->n_choices || o->keeps_environment ? "/bin/sh ./task inside >" : "env -i /bin/sh ./task inside >");
	put_word(b, t->out);
	buf_puts(b, " 2>");
	put_word(b, t->err);
	buf_puts(b, " </dev/null\n"
		    "\tcode=$?\n"
		    "\techo \"$code $(($(date +%s) - start))\" >exit.part\n"
		    "\trm -f secret\n\tmv exit.part exit\n\texit \"$code\"\nfi\n");
}

static void put_modules(struct buf *b, const char *const *modules)
{
	if (!modules || !*modules)
		return;
	buf_puts(b, "for init in /etc/profile.d/modules.sh /etc/profile.d/lmod.sh /usr/share/modules/init/sh; do\n"
		    "\tif ! command -v module >/dev/null && [ -r \"$init\" ]; then . \"$init\"; fi\ndone\n");
	for (; *modules; modules++) {
		buf_puts(b, "module load ");
		put_word(b, *modules);
		buf_puts(b, " || exit 126\n");
	}
}

static void put_exec(struct buf *b, const char *const *argv)
{
	buf_puts(b, "exec");
	for (const char *const *word = argv; *word; word++) {
		buf_putc(b, ' ');
		put_word(b, *word);
	}
	buf_putc(b, '\n');
}

static void put_inside(struct buf *b, const struct executor_task *t, const struct script_options *o)
{
	if (o->keeps_environment) /* of services of the cluster, which nobody asked for */
		buf_puts(b, "unset HOSTNAME JOB_COMPLETION_INDEX $(env | sed -n 's/^\\(KUBERNETES_[A-Z0-9_]*\\)=.*/\\1/p')\n");
	for (const char *const *s = t->env; !o->n_choices && *s; s++)
		put_export(b, *s);
	put_modules(b, t->modules);
	if (t->secrets && *t->secrets)
		buf_puts(b, ". ./secret\n");
	buf_puts(b, "cd work || exit 126\nunset PWD OLDPWD\n");
	for (uint32_t i = 0; i < o->n_choices; i++) {
		buf_printf(b, "if command -v %s >/dev/null; then\n", o->choices[i].program);
		put_exec(b, o->choices[i].argv);
		buf_puts(b, "fi\n");
	}
	if (o->n_choices)
		buf_puts(b, "echo \"twinc: it runs in a container, and there is no podman, docker or apptainer on $(hostname)\" >&2\nexit 126\n");
	else
		put_exec(b, t->argv);
}

void script_put_secrets(struct buf *b, const struct executor_task *t)
{
	for (const char *const *s = t->secrets; s && *s; s++)
		put_export(b, *s);
}

void script_put(struct buf *b, const struct executor_task *t, const struct script_options *o)
{
	buf_puts(b, "#!/bin/sh\n");
	put_outside(b, t, o);
	put_inside(b, t, o);
}

static int write_secrets(const struct executor_task *t)
{
	struct arena a = { 0 };
	struct buf b = { 0 };
	if (!t->secrets || !*t->secrets)
		return 0;
	script_put_secrets(&b, t);
	int fd = open(arena_printf(&a, "%s/secret", t->folder), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int e = fd < 0 ? errno : 0;
	if (fd >= 0) {
		e = write(fd, b.text, b.len) == (ssize_t)b.len ? 0 : errno ? errno : EIO;
		close(fd);
	}
	explicit_bzero(b.text, b.cap);
	buf_finish(&b);
	arena_finish(&a);
	return e;
}

int script_write(const struct executor_task *t, const struct script_options *o)
{
	struct arena a = { 0 };
	struct buf b = { 0 };
	script_put(&b, t, o);
	int e = write_secrets(t);
	if (!e)
		e = file_write(arena_printf(&a, "%s/task", t->folder), buf_text(&b), b.len, NULL);
	buf_finish(&b);
	arena_finish(&a);
	return e;
}

bool script_ended(const char *folder, uint64_t time_ms, struct executor_end *ret)
{
	char path[4096 + 8], text[64] = "";
	int code;
	long long took_s;
	snprintf(path, sizeof path, "%s/exit", folder);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0 || sscanf(text, "%d %lld", &code, &took_s) != 2)
		return false;
	ret->outcome = EXECUTOR_EXITED;
	ret->code = code;
	if (time_ms && (code == 124 || code == 137) && took_s >= (long long)(time_ms / 1000)) {
		ret->outcome = EXECUTOR_TIMED_OUT;
	} else if (code > 128 && code < 128 + 65) { /* as a shell says it */
		ret->outcome = EXECUTOR_SIGNALLED;
		ret->code = code - 128;
	}
	return true;
}

int script_void(const char *folder)
{
	char path[4096 + 8];
	snprintf(path, sizeof path, "%s/void", folder);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return errno == ENOENT ? 0 : errno; /* no folder: nothing that could start */
	close(fd);
	return 0;
}

const char *script_folder(struct arena *a, const char *state, int64_t run, uint32_t number)
{
	return arena_printf(a, "%s/work/%" PRId64 "-%u", state, run, number);
}
