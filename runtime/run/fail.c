/* Diagnostics of a run: the place in the twin, the call and the element, the command as run, the end of its log. */
#include "runtime/run/inside.h"
#include "runtime/run/mask.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define LOG_LINES 12
#define LOG_BYTES 4096
#define COMMAND_BYTES 2000
#define ROOM_BYTES ((uint64_t)1 << 20) /* less is told: what fails may fail for that */

const char *fail_errno(int e)
{
	return e == EINVAL ? "it is no regular file" : strerror(e); /* file_read and digests say so */
}

struct diag *fail_node(struct run *r, const struct node *n, enum diag_code code, struct span span, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *message = arena_vprintf(&r->arena, format, args);
	va_end(args);
	struct diag *d = diag_add(&r->diags, code, span.file ? span : n->plan->span, "%s", message);
	if (span.file && (span.file != n->plan->span.file || span.start < n->plan->span.start || span.end > n->plan->span.end))
		diag_label(d, n->plan->span, "in `%s`", node_name(r, n));
	run_tell(r, EVENT_PROBLEM, NULL)->diag = d;
	return d;
}

struct diag *fail_task(struct run *r, struct task *t, enum diag_code code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *message = arena_vprintf(&r->arena, format, args);
	va_end(args);
	struct span span = t->step->command_span.file ? t->step->command_span : t->step->span;
	struct diag *d = diag_add(&r->diags, code, span, "%s", message);
	if (t->node->plan->span.file)
		diag_label(d, t->node->plan->span, "called here, as `%s`", t->name);
	t->diag = d;
	run_tell(r, EVENT_PROBLEM, t->name)->diag = d;
	return d;
}

/* The last lines of a file, at most LOG_BYTES of them; "" when there is nothing to read. */
static const char *log_end(struct arena *a, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		return "";
	}
	char *text = arena_alloc(a, LOG_BYTES + 1);
	off_t from = st.st_size > LOG_BYTES ? st.st_size - LOG_BYTES : 0;
	ssize_t n = pread(fd, text, LOG_BYTES, from);
	close(fd);
	if (n <= 0)
		return "";
	for (ssize_t i = 0; i < n; i++)
		if (text[i] == 0)
			text[i] = ' ';
	while (n > 0 && text[n - 1] == '\n')
		n--;
	text[n] = 0;
	char *start = text + n;
	for (int lines = 0; start > text; start--)
		if (start[-1] == '\n' && ++lines == LOG_LINES)
			break;
	if (start == text && from > 0 && strchr(text, '\n'))
		start = strchr(text, '\n') + 1; /* not half a line */
	return start;
}

void fail_add_room(struct diag *d, const char *path, uint64_t below_bytes)
{
	struct statvfs fs;
	uint64_t free_bytes;
	if (statvfs(path, &fs) != 0 || (free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize) >= below_bytes)
		return;
	diag_note(d, "the disk of %s has %" PRIu64 " KiB left", path, free_bytes / 1024);
}

const char *fail_masked(struct run *r, struct arena *a, const char *text, size_t len, size_t *ret_len)
{
	const char **secrets = arena_new_n(a, const char *, r->o.n_secrets + 1);
	for (uint32_t i = 0; i < r->o.n_secrets; i++)
		secrets[i] = r->o.secrets[i].content;
	return mask_text(a, secrets, r->o.n_secrets, text, len, ret_len);
}

void fail_add_log(struct run *r, struct task *t, struct diag *d)
{
	size_t len;
	const struct attempt *x = t->now;
	if (!x)
		return;
	if (x->command) {
		const char *command = fail_masked(r, &r->arena, x->command, strlen(x->command), &len);
		while (len > 0 && (command[len - 1] == '\n' || command[len - 1] == ' '))
			len--;
		diag_note(d, "the command as run:\n%.*s%s", len > COMMAND_BYTES ? COMMAND_BYTES : (int)len, command, len > COMMAND_BYTES ? "..." : "");
	}
	if (!x->err)
		return;
	const char *log = x->err, *end = log_end(&r->arena, log);
	if (!*end) { /* many programs complain on their standard output */
		log = x->out;
		end = log_end(&r->arena, log);
	}
	if (*end)
		diag_note(d, "the end of its log:\n%s", fail_masked(r, &r->arena, end, strlen(end), &len));
	diag_note(d, "the whole log: %s", log);
	fail_add_room(d, x->folder, ROOM_BYTES);
}

void fail_image(struct run *r, struct task *t, const char *image, const char *why)
{
	struct diag *d = fail_node(r, t->node, DIAG_E0614, t->step->span, "`%s` cannot run here: its image `%s` cannot be had", t->name, image);
	for (const char *line = why; *line;) {
		size_t n = strcspn(line, "\n");
		diag_note(d, "%.*s", (int)n, line);
		line += n + (line[n] == '\n');
	}
}
