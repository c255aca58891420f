#include "runtime/executor/ssh_stage.h"
#include "compiler/base/bug.h"
#include "compiler/base/digest.h"
#include "compiler/base/file.h"
#include "compiler/base/map.h"
#include "runtime/executor/container.h"
#include "runtime/executor/script.h"
#include "runtime/executor/tar.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define RETRY_MS 1000
#define RETRY_MAX_MS 30000
#define CHANGED 5      /* exit status of `take`: a content is not what its name says */
#define RESERVE_BYTES ((uint64_t)512 << 10) /* what is brought home leaves that to the journal */
#define CHUNK_BYTES ((uint64_t)256 << 20) /* of content in one stream: what is lost when it is cut */

const char *stage_name(struct arena *a, const struct engine_job *j)
{
	return arena_printf(a, "%" PRId64 "-%u", j->run, j->task.number);
}

static void note_all(struct engine_context *c, const char *why)
{
	for (uint32_t i = 0; i < c->jobs.len; i++)
		if (!c->jobs.at[i]->ended)
			engine_note(c, c->jobs.at[i], EXECUTOR_WAITS, why);
}

/* It does not answer, or has no room: all that waits for it says why. */
static bool put_off(struct ssh_stage *s, const char *why)
{
	s->pause_ms = s->pause_ms ? s->pause_ms * 2 : RETRY_MS;
	if (s->pause_ms > RETRY_MAX_MS)
		s->pause_ms = RETRY_MAX_MS;
	s->retry_ms = engine_now_ms() + s->pause_ms;
	note_all(s->context, why);
	return false;
}

bool stage_ask(struct ssh_stage *s, struct arena *a, const struct ssh_call *call, struct command_answer *ret)
{
	if (!ssh_link_ask(&s->link, a, call, ret))
		return put_off(s, ret->err);
	s->pause_ms = s->retry_ms = 0;
	return true;
}

/* -- sending --------------------------------------------------------------------------------------------------------- */

struct content { const char *key, *path; };
struct sending { struct arena arena; struct ssh_stage *stage; const char *verb; struct map known; VEC(struct content) contents; VEC(struct engine_job *) jobs; FILE *tasks; int error; };

/* A file of ours that has no name. */
static FILE *nameless(const char *state, bool small)
{
	struct arena a = { 0 };
	int fd = small ? memfd_create("twinc", MFD_CLOEXEC) : open(arena_printf(&a, "%s/ssh", state), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	arena_finish(&a);
	return fd >= 0 ? fdopen(fd, "w+") : NULL;
}

static const char *content_key(struct sending *s, const struct executor_task *t, const char *path)
{
	struct digest_hex hex = { "" };
	struct stat st;
	if (stat(path, &st) != 0) {
		s->error = errno;
		return "";
	}
	for (uint32_t i = 0; t->reads && t->reads[i]; i++)
		if (strcmp(t->reads[i], path) == 0)
			snprintf(hex.text, sizeof hex.text, "%s", t->digests[i]);
	if (!hex.text[0])
		s->error = S_ISDIR(st.st_mode) ? digest_tree(path, &hex) : digest_file(path, &hex);
	const char *key = arena_printf(&s->arena, "%s%s", hex.text, S_ISREG(st.st_mode) && (st.st_mode & 0111) ? "x" : "");
	if (!map_get(&s->known, key)) {
		*vec_push(&s->contents) = (struct content){ key, arena_strdup(&s->arena, path) };
		map_set(&s->known, key, s);
	}
	return key;
}

struct paths { VEC(const char *) list; };

/* The links of a task's in/, as links to the contents there. */
static void add_links(struct sending *s, const struct engine_job *j, const char *folder, const char *name, struct paths *contents)
{
	char **names, target[4096];
	uint32_t n = 0;
	int e = file_list(&s->arena, folder, &names, &n);
	if (e && e != ENOENT)
		s->error = e;
	for (uint32_t i = 0; i < n && !e && !s->error; i++) {
		const char *path = arena_printf(&s->arena, "%s/%s", folder, names[i]), *inside = arena_printf(&s->arena, "%s/%s", name, names[i]);
		ssize_t len = readlink(path, target, sizeof target - 1);
		if (len < 0) {
			add_links(s, j, path, inside, contents);
			continue;
		}
		target[len] = 0;
		const char *there = arena_printf(&s->arena, "%s/content/%s", s->stage->link.root, content_key(s, &j->task, target));
		*vec_push(&contents->list) = there;
		if (!s->error)
			s->error = tar_put_link(s->tasks, inside, there);
	}
}

static void add_script(struct sending *s, const struct engine_job *j, const char *name, struct paths *contents)
{
	const struct ssh_link *l = &s->stage->link;
	struct executor_task t = j->task;
	struct script_options o = { .limit_time = true };
	struct buf b = { 0 };
	t.folder = t.seen;
	t.out = arena_printf(&s->arena, "%s/out", t.seen);
	t.err = arena_printf(&s->arena, "%s/err", t.seen);
	*vec_push(&contents->list) = NULL;
	t.reads = contents->list.at;
	if (t.container) {
		const char *called = container_name(&s->arena, t.folder);
		container_offer(&s->arena, l->uid, l->gid, &t, &o);
		s->error = tar_put_bytes(s->tasks, arena_printf(&s->arena, "%s/container", name), 0644, called, strlen(called));
	}
	script_put(&b, &t, &o);
	if (!s->error)
		s->error = tar_put_bytes(s->tasks, arena_printf(&s->arena, "%s/task", name), 0644, b.text, b.len);
	buf_clear(&b);
	script_put_secrets(&b, &t);
	if (b.len > 0 && !s->error)
		s->error = tar_put_bytes(s->tasks, arena_printf(&s->arena, "%s/secret", name), 0600, b.text, b.len);
	if (b.text)
		explicit_bzero(b.text, b.cap);
	buf_finish(&b);
}

static void add_job(struct sending *s, struct engine_job *j)
{
	const char *name = arena_printf(&s->arena, "task/%s", stage_name(&s->arena, j)), *command = arena_printf(&s->arena, "%s/command", j->task.folder);
	struct paths contents = { 0 };
	s->error = 0;
	add_links(s, j, arena_printf(&s->arena, "%s/in", j->task.folder), arena_printf(&s->arena, "%s/in", name), &contents);
	if (!s->error && access(command, F_OK) == 0)
		s->error = tar_put_tree(s->tasks, arena_printf(&s->arena, "%s/command", name), command);
	if (!s->error)
		add_script(s, j, name, &contents);
	vec_finish(&contents.list);
	if (s->error)
		engine_end(s->stage->context, j, EXECUTOR_NOT_STARTED, s->error, "what it needs cannot be sent");
	else
		*vec_push(&s->jobs) = j;
}

static bool send_stream(struct sending *s, FILE *f)
{
	struct command_answer answer;
	int e = tar_put_bytes(f, "whole", 0644, "", 0);
	if (!e)
		e = tar_end(f);
	if (e)
		return put_off(s->stage, arena_printf(&s->arena, "what is to be sent cannot be written: %s", strerror(e)));
	lseek(fileno(f), 0, SEEK_SET);
	bool good = stage_ask(s->stage, &s->arena, &(struct ssh_call){ .verb = s->verb, .from = fileno(f) }, &answer);
	for (uint32_t i = 0; answer.status == CHANGED && i < s->jobs.len; i++)
		engine_end(s->stage->context, s->jobs.at[i], EXECUTOR_REJECTED, 0, "what it reads has changed while the run went on");
	return good;
}

static uint64_t bytes_of(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 1 << 20;
}

/* What it lacks, in streams of bounded length: one that is cut is sent again, those before it are not. */
static bool send_contents(struct sending *s, const struct map *lacking)
{
	for (uint32_t i = 0; i < s->contents.len;) {
		FILE *f = nameless(s->stage->context->host->state, false);
		uint64_t bytes = 0;
		bool any = false;
		int e = f ? 0 : errno;
		for (; i < s->contents.len && bytes < CHUNK_BYTES && !e; i++) {
			const struct content *x = &s->contents.at[i];
			if (!map_get(lacking, x->key))
				continue;
			any = true;
			bytes += bytes_of(x->path);
			e = tar_put_tree(f, arena_printf(&s->arena, "content/%s", x->key), x->path);
		}
		bool good = !e ? !any || send_stream(s, f) : put_off(s->stage, arena_printf(&s->arena, "what is to be sent cannot be read: %s", strerror(e)));
		if (f)
			fclose(f);
		if (!good)
			return false;
	}
	return true;
}

static bool find_lacking(struct sending *s, struct map *ret)
{
	struct command_answer answer;
	struct buf keys = { 0 };
	for (uint32_t i = 0; i < s->contents.len; i++)
		buf_printf(&keys, "%s\n", s->contents.at[i].key);
	bool good = keys.len == 0 || stage_ask(s->stage, &s->arena, &(struct ssh_call){ .verb = "lacks", .input = arena_strdup(&s->arena, buf_text(&keys)) }, &answer);
	const char *rest = good && keys.len ? answer.out : "";
	for (char *line; (line = command_line(&rest));) {
		map_set(ret, line, s);
	}
	buf_finish(&keys);
	return good;
}

bool stage_send(struct ssh_stage *stage, struct engine_job *const *jobs, uint32_t n, const struct stage_request *r)
{
	struct sending s = { .stage = stage, .verb = r->verb };
	struct map lacking = { 0 };
	bool good = true;
	s.tasks = nameless(NULL, true);
	if (!s.tasks)
		bug("no memory for a file: %s", strerror(errno));
	for (uint32_t i = 0; i < n; i++)
		add_job(&s, jobs[i]);
	s.error = 0;
	for (uint32_t i = 0; i < r->n_files && !s.error; i++)
		s.error = tar_put_bytes(s.tasks, r->files[i].path, 0644, r->files[i].text, strlen(r->files[i].text));
	if (s.error)
		good = put_off(stage, arena_printf(&s.arena, "what is to be sent cannot be written: %s", strerror(s.error)));
	if (s.jobs.len > 0 && good) {
		stage->anything = true;
		good = find_lacking(&s, &lacking) && send_contents(&s, &lacking);
		for (uint32_t i = 0; i < s.jobs.len && good && r->going; i++)
			r->going(s.jobs.at[i]);
		good = good && send_stream(&s, s.tasks);
	}
	fclose(s.tasks);
	map_finish(&lacking);
	map_finish(&s.known);
	vec_finish(&s.contents);
	vec_finish(&s.jobs);
	arena_finish(&s.arena);
	return good;
}

/* -- bringing home --------------------------------------------------------------------------------------------------- */

/* IN/NAME: its work and logs take their places; the end comes last, and with it all of it is there. */
static int take_in(struct engine_job *j, const char *in, struct arena *a)
{
	const struct { const char *from, *to; } moves[] = {
		{ "work", arena_printf(a, "%s/work", j->task.folder) }, { "out", j->task.out }, { "err", j->task.err }, { "exit", arena_printf(a, "%s/exit", j->task.folder) },
	};
	for (size_t i = 0; i < 4; i++) {
		const char *from = arena_printf(a, "%s/%s", in, moves[i].from);
		struct stat st;
		if (lstat(from, &st) != 0)
			continue;
		if (i == 0 ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
			return EINVAL;
		int e = file_remove_tree(moves[i].to);
		if (!e && rename(from, moves[i].to) != 0)
			e = errno;
		if (e)
			return e;
	}
	return 0;
}

static void tell_end(struct engine_context *c, struct engine_job *j)
{
	struct executor_end end = { 0 };
	if (script_ended(j->task.folder, j->task.time_ms, &end))
		engine_end(c, j, end.outcome, end.code, NULL);
	else
		engine_end(c, j, EXECUTOR_LOST, 0, "its end cannot be read");
}

/* It knows then that they are at home, and keeps what they made for those that read it. */
static void tell_home(struct ssh_stage *s, struct arena *a)
{
	struct command_answer answer;
	if (s->home.len > 0 && stage_ask(s, a, &(struct ssh_call){ .verb = "done", .input = arena_strdup(a, buf_text(&s->home)) }, &answer))
		buf_clear(&s->home);
}

static void refuse(struct ssh_stage *s, struct engine_job *j, const char *why, struct arena *a)
{
	buf_printf(&s->home, "%s\n", stage_name(a, j));
	engine_end(s->context, j, EXECUTOR_REJECTED, 0, arena_printf(a, "what it left is not taken: %s", why));
}

static const char *first_line(struct arena *a, const char *path)
{
	char *text;
	size_t len;
	return file_read(a, path, 1 << 20, &text, &len) == 0 && len > 0 ? arena_strndup(a, text, strcspn(text, "\n")) : NULL;
}

static void settle(struct ssh_stage *s, struct engine_job *const *jobs, uint32_t n, const char *folder, struct arena *a)
{
	VEC(struct engine_job *) home = { 0 };
	for (uint32_t i = 0; i < n; i++) {
		struct engine_job *j = jobs[i];
		const char *name = stage_name(a, j);
		int e = take_in(j, arena_printf(a, "%s/%s", folder, name), a);
		const char *spoiled = first_line(a, arena_printf(a, "%s/%s/spoiled", folder, name));
		if (spoiled) {
			refuse(s, j, arena_printf(a, "it changed what it reads, `%s`", spoiled), a);
			continue;
		}
		if (e == EINVAL) {
			refuse(s, j, "its work folder or a log is something else", a);
			continue;
		}
		if (e) {
			put_off(s, arena_printf(a, "what it left cannot be brought home: %s", strerror(e)));
			continue;
		}
		buf_printf(&s->home, "%s\n", name);
		*vec_push(&home) = j;
	}
	tell_home(s, a);
	for (uint32_t i = 0; i < home.len; i++)
		tell_end(s->context, home.at[i]);
	vec_finish(&home);
}

static uint64_t free_bytes(const char *path)
{
	struct statvfs s;
	return statvfs(path, &s) == 0 ? (uint64_t)s.f_bavail * s.f_frsize : UINT64_MAX;
}

/* Into f, as far as there is room for it and for what is in it: the journal is on the same disk. */
static bool receive(struct ssh_stage *s, struct arena *a, const char *names, FILE *f)
{
	const char *state = s->context->host->state;
	uint64_t room = free_bytes(state), most = room > 2 * RESERVE_BYTES ? room - RESERVE_BYTES : 0;
	struct command_answer answer = { 0 };
	struct stat st;
	bool good = most > 0 && stage_ask(s, a, &(struct ssh_call){ .verb = "give", .input = names, .to = fileno(f), .to_bytes = most }, &answer);
	bool full = most == 0 || answer.full || (good && fstat(fileno(f), &st) == 0 && (uint64_t)st.st_size + RESERVE_BYTES > free_bytes(state));
	return full ? put_off(s, arena_printf(a, "what it left cannot be brought home: No space left on the disk of %s", state)) : good;
}

/* All of them in one stream; where something in it is refused, one by one. */
static void bring(struct ssh_stage *s, struct engine_job *const *jobs, uint32_t n)
{
	struct arena a = { 0 };
	struct buf names = { 0 };
	char error[200] = "";
	const char *folder = arena_printf(&a, "%s/ssh/in", s->context->host->state);
	FILE *f = nameless(s->context->host->state, false);
	for (uint32_t i = 0; i < n; i++)
		buf_printf(&names, "%s\n", stage_name(&a, jobs[i]));
	file_remove_tree(folder);
	int in = mkdir(folder, 0700) == 0 ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (!f || in < 0) {
		put_off(s, arena_printf(&a, "%s: %s", folder, strerror(errno)));
	} else if (receive(s, &a, buf_text(&names), f)) {
		rewind(f);
		enum tar_result result = tar_extract(f, in, error, sizeof error);
		if (result == TAR_WHOLE)
			settle(s, jobs, n, folder, &a);
		else if (result == TAR_REFUSED && n == 1)
			refuse(s, jobs[0], error, &a);
		else if (result == TAR_REFUSED)
			for (uint32_t i = 0; i < n; i++)
				bring(s, &jobs[i], 1);
		else
			put_off(s, arena_printf(&a, "what it left cannot be brought home: %s", error));
	}
	if (in >= 0)
		close(in);
	if (f)
		fclose(f);
	file_remove_tree(folder);
	buf_finish(&names);
	arena_finish(&a);
}

/* -- looking --------------------------------------------------------------------------------------------------------- */

uint32_t stage_look(struct ssh_stage *s, const char *verb, bool (*is_there)(const struct engine_job *j), void (*hear)(struct engine_context *c, struct engine_job *j, const char *word))
{
	struct engine_context *c = s->context;
	struct arena a = { 0 };
	struct command_answer answer;
	struct buf names = { 0 };
	struct map jobs = { 0 };
	VEC(struct engine_job *) ended = { 0 };
	for (uint32_t i = 0; i < c->jobs.len; i++)
		if (is_there(c->jobs.at[i])) {
			const char *name = stage_name(&a, c->jobs.at[i]);
			buf_printf(&names, "%s\n", name);
			map_set(&jobs, name, c->jobs.at[i]);
		}
	bool good = names.len > 0 && stage_ask(s, &a, &(struct ssh_call){ .verb = verb, .input = arena_strdup(&a, buf_text(&names)) }, &answer);
	const char *rest = good ? answer.out : "";
	for (char *line; (line = command_line(&rest));) {
		size_t n = strcspn(line, " ");
		struct engine_job *j = map_get_n(&jobs, line, n);
		if (!j || !line[n])
			continue;
		if (strncmp(line + n + 1, "ended", 5) != 0) {
			hear(c, j, line + n + 1);
		} else if (j->task.folder) {
			*vec_push(&ended) = j;
		} else { /* of an earlier run, and wanted no more */
			buf_printf(&s->home, "%s\n", stage_name(&a, j));
			engine_end(c, j, EXECUTOR_CANCELLED, 0, NULL);
		}
	}
	uint32_t n_ended = ended.len;
	if (n_ended > 0)
		bring(s, ended.at, n_ended);
	vec_finish(&ended);
	map_finish(&jobs);
	buf_finish(&names);
	arena_finish(&a);
	return n_ended;
}

/* -- its life ---------------------------------------------------------------------------------------------------------- */

bool stage_open(struct ssh_stage *s, struct engine_context *c, char *ret_error, size_t error_len)
{
	struct arena a = { 0 };
	struct command_answer answer;
	*s = (struct ssh_stage){ .context = c };
	bool good = ssh_link_init(&s->link, c->host, ret_error, error_len);
	if (good && !ssh_link_ask(&s->link, &a, &(struct ssh_call){ .verb = "open" }, &answer)) {
		snprintf(ret_error, error_len, "%s", answer.err);
		good = false;
	}
	if (!good)
		ssh_link_finish(&s->link);
	arena_finish(&a);
	return good;
}

void stage_close(struct ssh_stage *s)
{
	struct arena a = { 0 };
	struct command_answer answer;
	if (s->link.up)
		tell_home(s, &a);
	if (s->link.up && s->anything)
		ssh_link_ask(&s->link, &a, &(struct ssh_call){ .verb = "tidy" }, &answer);
	ssh_link_close(&s->link);
	ssh_link_finish(&s->link);
	buf_finish(&s->home);
	arena_finish(&a);
}
