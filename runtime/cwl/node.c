/* JavaScript by node: one process a task, asked a line and answering a line, each within its time. */
#include "runtime/cwl/inside.h"
#include "runtime/cwl/script.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPLY_MAX_BYTES ((size_t)64 << 20)

static bool node_start(struct tool *t)
{
	int to[2], from[2];
	const char *mark = getenv("TMPDIR"); /* by which the keeper knows what belongs to the task */
	const char *env[] = { arena_printf(t->arena, "TMPDIR=%s", mark ? mark : t->tmp), NULL };
	const char *argv[] = { t->node, "--no-warnings", "--max-old-space-size=1024", "-e", cwl_script_evaluate(), NULL };
	posix_spawn_file_actions_t actions;
	if (!t->node)
		return tool_fail(t, "it has expressions in JavaScript, and there is no node to evaluate them");
	if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
		return tool_fail(t, "cannot make a pipe: %s", strerror(errno));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, to[0], 0);
	posix_spawn_file_actions_adddup2(&actions, from[1], 1);
	posix_spawn_file_actions_addchdir_np(&actions, t->tmp);
	int e = posix_spawn(&t->node_pid, t->node, &actions, NULL, (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)env);
	posix_spawn_file_actions_destroy(&actions);
	close(to[0]);
	close(from[1]);
	t->node_in = to[1];
	t->node_out = from[0];
	return e == 0 || tool_fail(t, "cannot start %s: %s", t->node, strerror(e));
}

static bool send_all(struct tool *t, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(t->node_in, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return tool_fail(t, "node does not listen: %s", strerror(errno));
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

static bool hear_line(struct tool *t, struct buf *ret)
{
	char bytes[65536];
	for (;;) {
		struct pollfd p = { t->node_out, POLLIN, 0 };
		if (poll(&p, 1, EXPRESSION_MAX_MS + 10000) <= 0)
			return tool_fail(t, "an expression did not end in time");
		ssize_t n = read(t->node_out, bytes, sizeof bytes);
		if (n <= 0)
			return tool_fail(t, "node ended while it evaluated an expression");
		buf_add(ret, bytes, (size_t)n);
		if (bytes[n - 1] == '\n')
			return true;
		if (ret->len > REPLY_MAX_BYTES)
			return tool_fail(t, "an expression gives more than %zu MiB", REPLY_MAX_BYTES >> 20);
	}
}

static struct doc *question(struct tool *t, const char *source, bool body, const struct doc *self)
{
	struct doc *q = doc_map(t->arena), *library = doc_list(t->arena);
	for (uint32_t i = 0; i < t->process->n_library; i++)
		doc_push(library, doc_string(t->arena, t->process->library[i]));
	doc_append(t->arena, q, "source", doc_string(t->arena, source));
	doc_append(t->arena, q, "body", doc_bool(t->arena, body));
	doc_append(t->arena, q, "library", library);
	doc_append(t->arena, q, "timeout_ms", doc_int(t->arena, EXPRESSION_MAX_MS));
	doc_append(t->arena, q, "inputs", doc_copy(t->arena, t->inputs));
	doc_append(t->arena, q, "runtime", doc_copy(t->arena, t->runtime));
	doc_append(t->arena, q, "self", self ? doc_copy(t->arena, self) : doc_null(t->arena));
	return q;
}

bool script_eval(struct tool *t, const char *source, bool body, const struct doc *self, const struct doc **ret)
{
	struct buf line = { 0 }, reply = { 0 };
	struct doc *d;
	char *error;
	if (t->node_pid == 0 && !node_start(t))
		return false;
	doc_json_write(question(t, source, body, self), 0, &line);
	buf_putc(&line, '\n');
	bool good = send_all(t, line.text, line.len) && hear_line(t, &reply);
	if (good && !doc_json_read(t->arena, reply.text, reply.len, &d, &error))
		good = tool_fail(t, "an expression gives what is no JSON: %s", error);
	else if (good && doc_get(d, "error"))
		good = tool_fail(t, "an expression fails: %s: %.200s", doc_text(doc_get(d, "error"), ""), source);
	if (good)
		*ret = doc_get(d, "value");
	buf_finish(&line);
	buf_finish(&reply);
	return good;
}

void script_finish(struct tool *t)
{
	if (t->node_pid <= 0)
		return;
	close(t->node_in);
	close(t->node_out);
	kill(t->node_pid, SIGKILL);
	waitpid(t->node_pid, NULL, 0);
	t->node_pid = 0;
}
