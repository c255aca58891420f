/* Another machine, reached by ssh: what tasks read is sent there once, by content, and they run there detached, in folders of their own;
 * what they leave comes home as one stream. What is done there is ssh.sh. FOLDER/job says which machine an attempt was sent to, written
 * before anything goes; whether it came is asked there. */
#include "compiler/base/bug.h"
#include "compiler/base/digest.h"
#include "compiler/base/file.h"
#include "compiler/base/map.h"
#include "compiler/plan/plan.h"
#include "runtime/executor/container.h"
#include "runtime/executor/engine.h"
#include "runtime/executor/executors.h"
#include "runtime/executor/script.h"
#include "runtime/executor/ssh_link.h"
#include "runtime/executor/tar.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define LOOK_MIN_MS 100
#define LOOK_MAX_MS 5000
#define RETRY_MS 1000
#define RETRY_MAX_MS 30000
#define SETTLE_MS 5000
#define GRACE_S "5"
#define CHANGED 5      /* exit status of `take`: a content is not what its name says */
#define FULL_BYTES ((uint64_t)64 << 10) /* left on a disk that is full */
#define CHUNK_BYTES ((uint64_t)256 << 20) /* of content in one stream: what is lost when it is cut */

struct ssh_job { bool tried, sent, ending, force; };
struct ssh {
	struct ssh_link link;
	uint64_t look_ms, interval_ms; /* when next, and how long then */
	uint64_t retry_ms, pause_ms;   /* it does not answer: when it is asked again */
	bool anything;                 /* was sent */
	struct buf home;               /* names of what was brought home, until it knows */
};

static const char *name_of(struct arena *a, const struct engine_job *j)
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
static bool put_off(struct engine_context *c, const char *why)
{
	struct ssh *s = c->own;
	s->pause_ms = s->pause_ms ? s->pause_ms * 2 : RETRY_MS;
	if (s->pause_ms > RETRY_MAX_MS)
		s->pause_ms = RETRY_MAX_MS;
	s->retry_ms = engine_now_ms() + s->pause_ms;
	note_all(c, why);
	return false;
}

static bool ask(struct engine_context *c, struct arena *a, const struct ssh_call *call, struct command_answer *ret)
{
	struct ssh *s = c->own;
	if (!ssh_link_ask(&s->link, a, call, ret))
		return put_off(c, ret->err);
	s->pause_ms = s->retry_ms = 0;
	return true;
}

/* -- sending --------------------------------------------------------------------------------------------------------- */

struct content { const char *key, *path; };
struct sending { struct arena arena; struct engine_context *c; struct map known; VEC(struct content) contents; VEC(const char *) links; VEC(struct engine_job *) jobs; FILE *tasks; int error; };

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
	struct ssh *ssh = s->c->own;
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
		const char *there = arena_printf(&s->arena, "%s/content/%s", ssh->link.root, content_key(s, &j->task, target));
		*vec_push(&contents->list) = there;
		if (!s->error)
			s->error = tar_put_link(s->tasks, inside, there);
	}
}

static void add_script(struct sending *s, const struct engine_job *j, const char *name, struct paths *contents)
{
	const struct ssh_link *l = &((struct ssh *)s->c->own)->link;
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
	struct ssh *ssh = s->c->own;
	const char *name = arena_printf(&s->arena, "task/%s", name_of(&s->arena, j)), *command = arena_printf(&s->arena, "%s/command", j->task.folder);
	const char *where = arena_printf(&s->arena, "%s %s\n", ssh->link.destination, ssh->link.root);
	int e = file_write(arena_printf(&s->arena, "%s/job", j->task.folder), where, strlen(where), NULL);
	struct paths contents = { 0 };
	s->error = 0;
	if (!e) {
		add_links(s, j, arena_printf(&s->arena, "%s/in", j->task.folder), arena_printf(&s->arena, "%s/in", name), &contents);
		if (!s->error && access(command, F_OK) == 0)
			s->error = tar_put_tree(s->tasks, arena_printf(&s->arena, "%s/command", name), command);
		if (!s->error)
			add_script(s, j, name, &contents);
		e = s->error;
	}
	vec_finish(&contents.list);
	s->error = e;
	if (e)
		engine_end(s->c, j, EXECUTOR_NOT_STARTED, e, "what it needs cannot be sent");
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
		return put_off(s->c, arena_printf(&s->arena, "what is to be sent cannot be written: %s", strerror(e)));
	lseek(fileno(f), 0, SEEK_SET);
	bool good = ask(s->c, &s->arena, &(struct ssh_call){ .verb = "take", .from = fileno(f) }, &answer);
	for (uint32_t i = 0; answer.status == CHANGED && i < s->jobs.len; i++)
		engine_end(s->c, s->jobs.at[i], EXECUTOR_REJECTED, 0, "what it reads has changed while the run went on");
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
		FILE *f = nameless(s->c->host->state, false);
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
		bool good = !e ? !any || send_stream(s, f) : put_off(s->c, arena_printf(&s->arena, "what is to be sent cannot be read: %s", strerror(e)));
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
	bool good = keys.len == 0 || ask(s->c, &s->arena, &(struct ssh_call){ .verb = "lacks", .input = arena_strdup(&s->arena, buf_text(&keys)) }, &answer);
	const char *rest = good && keys.len ? answer.out : "";
	for (char *line; (line = command_line(&rest));) {
		map_set(ret, line, s);
	}
	buf_finish(&keys);
	return good;
}

static bool send_tasks(struct sending *s)
{
	for (uint32_t i = 0; i < s->jobs.len; i++)
		((struct ssh_job *)s->jobs.at[i]->own)->tried = true;
	return send_stream(s, s->tasks);
}

/* All that has not gone yet. What was cut on the way is sent again: who has started already is not started twice. */
static void send_waiting(struct engine_context *c)
{
	struct ssh *ssh = c->own;
	struct sending s = { .c = c };
	struct map lacking = { 0 };
	s.tasks = nameless(c->host->state, true);
	if (!s.tasks)
		bug("no memory for a file: %s", strerror(errno));
	for (uint32_t i = 0; i < c->jobs.len; i++) {
		struct ssh_job *own = c->jobs.at[i]->own;
		if (!c->jobs.at[i]->ended && own && !own->sent)
			add_job(&s, c->jobs.at[i]);
	}
	if (s.jobs.len > 0) {
		ssh->anything = true;
		if (find_lacking(&s, &lacking) && send_contents(&s, &lacking) && send_tasks(&s)) {
			for (uint32_t i = 0; i < s.jobs.len; i++)
				((struct ssh_job *)s.jobs.at[i]->own)->sent = true;
			ssh->interval_ms = LOOK_MIN_MS;
			ssh->look_ms = engine_now_ms() + LOOK_MIN_MS / 2;
		}
	}
	fclose(s.tasks);
	map_finish(&lacking);
	map_finish(&s.known);
	vec_finish(&s.contents);
	vec_finish(&s.jobs);
	arena_finish(&s.arena);
}

static void ssh_submit(struct engine_context *c, struct engine_jobs jobs)
{
	for (uint32_t i = 0; i < jobs.len; i++)
		jobs.at[i]->own = arena_new(&jobs.at[i]->arena, struct ssh_job);
	if (engine_now_ms() >= ((struct ssh *)c->own)->retry_ms)
		send_waiting(c);
}

/* -- bringing home --------------------------------------------------------------------------------------------------- */

struct ended { VEC(struct engine_job *) jobs; };

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
static void tell_home(struct engine_context *c, struct arena *a)
{
	struct ssh *s = c->own;
	struct command_answer answer;
	if (s->home.len > 0 && ask(c, a, &(struct ssh_call){ .verb = "done", .input = arena_strdup(a, buf_text(&s->home)) }, &answer))
		buf_clear(&s->home);
}

static void refuse(struct engine_context *c, struct engine_job *j, const char *why, struct arena *a)
{
	struct ssh *s = c->own;
	buf_printf(&s->home, "%s\n", name_of(a, j));
	engine_end(c, j, EXECUTOR_REJECTED, 0, arena_printf(a, "what it left is not taken: %s", why));
}

static const char *first_line(struct arena *a, const char *path)
{
	char *text;
	size_t len;
	return file_read(a, path, 1 << 20, &text, &len) == 0 && len > 0 ? arena_strndup(a, text, strcspn(text, "\n")) : NULL;
}

static void settle(struct engine_context *c, struct ended *ended, const char *folder, struct arena *a)
{
	struct ssh *s = c->own;
	VEC(struct engine_job *) home = { 0 };
	for (uint32_t i = 0; i < ended->jobs.len; i++) {
		struct engine_job *j = ended->jobs.at[i];
		const char *name = name_of(a, j);
		int e = take_in(j, arena_printf(a, "%s/%s", folder, name), a);
		const char *spoiled = first_line(a, arena_printf(a, "%s/%s/spoiled", folder, name));
		if (spoiled) {
			refuse(c, j, arena_printf(a, "it changed what it reads, `%s`", spoiled), a);
			continue;
		}
		if (e == EINVAL) {
			refuse(c, j, "its work folder or a log is something else", a);
			continue;
		}
		if (e) {
			put_off(c, arena_printf(a, "what it left cannot be brought home: %s", strerror(e)));
			continue;
		}
		buf_printf(&s->home, "%s\n", name);
		*vec_push(&home) = j;
	}
	tell_home(c, a);
	for (uint32_t i = 0; i < home.len; i++)
		tell_end(c, home.at[i]);
	vec_finish(&home);
}

static uint64_t free_bytes(const char *path)
{
	struct statvfs s;
	return statvfs(path, &s) == 0 ? (uint64_t)s.f_bavail * s.f_frsize : UINT64_MAX;
}

/* All of them in one stream; where something in it is refused, one by one. */
static void bring(struct engine_context *c, struct ended *ended)
{
	struct arena a = { 0 };
	struct buf names = { 0 };
	struct command_answer answer;
	char error[200] = "";
	const char *folder = arena_printf(&a, "%s/ssh/in", c->host->state);
	FILE *f = nameless(c->host->state, false);
	for (uint32_t i = 0; i < ended->jobs.len; i++)
		buf_printf(&names, "%s\n", name_of(&a, ended->jobs.at[i]));
	file_remove_tree(folder);
	int in = mkdir(folder, 0700) == 0 ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (!f || in < 0) {
		put_off(c, arena_printf(&a, "%s: %s", folder, strerror(errno)));
	} else if (ask(c, &a, &(struct ssh_call){ .verb = "give", .input = arena_strdup(&a, buf_text(&names)), .to = fileno(f) }, &answer)) {
		rewind(f);
		enum tar_result result = tar_extract(f, in, error, sizeof error);
		if (result == TAR_WHOLE)
			settle(c, ended, folder, &a);
		else if (result == TAR_REFUSED && ended->jobs.len == 1)
			refuse(c, ended->jobs.at[0], error, &a);
		else if (result == TAR_REFUSED)
			for (uint32_t i = 0; i < ended->jobs.len; i++)
				bring(c, &(struct ended){ { &ended->jobs.at[i], 1, 1 } });
		else
			put_off(c, arena_printf(&a, "what it left cannot be brought home: %s", error));
	} else if (free_bytes(c->host->state) < FULL_BYTES) { /* ssh ends without a word then */
		note_all(c, arena_printf(&a, "what it left cannot be brought home: No space left on the disk of %s", c->host->state));
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

static void gone(struct engine_context *c, struct engine_job *j, const char *why)
{
	if (!j->since_ms)
		j->since_ms = engine_now_ms();
	if (j->cancelled)
		engine_end(c, j, EXECUTOR_CANCELLED, 0, NULL);
	else if (engine_now_ms() - j->since_ms >= SETTLE_MS)
		engine_end(c, j, EXECUTOR_LOST, 0, why);
}

static void hear(struct engine_context *c, struct engine_job *j, const char *word, struct ended *ended)
{
	struct ssh *s = c->own;
	if (strncmp(word, "ended", 5) == 0 && !j->task.folder) { /* of an earlier run, and wanted no more */
		buf_printf(&s->home, "%" PRId64 "-%u\n", j->run, j->task.number);
		engine_end(c, j, EXECUTOR_CANCELLED, 0, NULL);
	} else if (strncmp(word, "ended", 5) == 0) {
		*vec_push(&ended->jobs) = j;
	} else if (strcmp(word, "runs") == 0) {
		j->since_ms = 0;
		if (j->word != EXECUTOR_RUNS)
			engine_note(c, j, EXECUTOR_RUNS, NULL);
	} else {
		gone(c, j, strcmp(word, "none") == 0 ? "its folder there is gone" : "its processes there are gone");
	}
}

static bool is_there(const struct engine_job *j)
{
	const struct ssh_job *own = j->own;
	return !j->ended && (!own || own->sent); /* none of its own: adopted */
}

static void look_there(struct engine_context *c)
{
	struct ssh *s = c->own;
	struct arena a = { 0 };
	struct command_answer answer;
	struct buf names = { 0 };
	struct map jobs = { 0 };
	struct ended ended = { 0 };
	for (uint32_t i = 0; i < c->jobs.len; i++)
		if (is_there(c->jobs.at[i])) {
			const char *name = name_of(&a, c->jobs.at[i]);
			buf_printf(&names, "%s\n", name);
			map_set(&jobs, name, c->jobs.at[i]);
		}
	bool good = names.len > 0 && ask(c, &a, &(struct ssh_call){ .verb = "look", .input = arena_strdup(&a, buf_text(&names)) }, &answer);
	const char *rest = good ? answer.out : "";
	for (char *line; (line = command_line(&rest));) {
		size_t n = strcspn(line, " ");
		struct engine_job *j = map_get_n(&jobs, line, n);
		if (j && line[n])
			hear(c, j, line + n + 1, &ended);
	}
	if (ended.jobs.len > 0)
		bring(c, &ended);
	s->interval_ms = ended.jobs.len > 0 ? LOOK_MIN_MS : s->interval_ms + s->interval_ms / 2;
	if (s->interval_ms > LOOK_MAX_MS)
		s->interval_ms = LOOK_MAX_MS;
	s->look_ms = engine_now_ms() + s->interval_ms;
	vec_finish(&ended.jobs);
	map_finish(&jobs);
	buf_finish(&names);
	arena_finish(&a);
}

/* Those that it could not be told to end. */
static void end_there(struct engine_context *c)
{
	for (int force = 0; force < 2; force++) {
		struct arena a = { 0 };
		struct command_answer answer;
		struct buf names = { 0 };
		for (uint32_t i = 0; i < c->jobs.len; i++) {
			struct ssh_job *own = c->jobs.at[i]->own;
			if (own && own->ending && own->force == force)
				buf_printf(&names, "%s\n", name_of(&a, c->jobs.at[i]));
		}
		bool good = names.len > 0 && ask(c, &a, &(struct ssh_call){ .verb = "end", .word = force ? "0" : GRACE_S, .input = arena_strdup(&a, buf_text(&names)) }, &answer);
		for (uint32_t i = 0; i < c->jobs.len && good; i++) {
			struct ssh_job *own = c->jobs.at[i]->own;
			if (own && own->force == force)
				own->ending = false;
		}
		buf_finish(&names);
		arena_finish(&a);
	}
}

static int64_t ssh_look(struct engine_context *c)
{
	struct ssh *s = c->own;
	uint64_t now = engine_now_ms();
	if (now < s->retry_ms)
		return (int64_t)(s->retry_ms - now);
	end_there(c);
	if (engine_now_ms() >= s->retry_ms)
		send_waiting(c);
	if (engine_now_ms() >= s->retry_ms && engine_now_ms() >= s->look_ms)
		look_there(c);
	now = engine_now_ms();
	uint64_t next = s->retry_ms > s->look_ms ? s->retry_ms : s->look_ms;
	return next > now ? (int64_t)(next - now) : 1;
}

/* -- ending ---------------------------------------------------------------------------------------------------------- */

static void ssh_cancel(struct engine_context *c, struct engine_jobs jobs, bool force)
{
	struct ssh *s = c->own;
	for (uint32_t i = 0; i < jobs.len; i++) {
		struct engine_job *j = jobs.at[i];
		struct ssh_job *own = j->own;
		if (!own) {
			own = j->own = arena_new(&j->arena, struct ssh_job);
			own->sent = true;
		}
		own->ending = true;
		own->force |= force;
		if (!own->sent && !own->tried)
			engine_end(c, j, EXECUTOR_CANCELLED, 0, NULL);
	}
	s->retry_ms = s->look_ms = 0;
	s->interval_ms = LOOK_MIN_MS;
}

static void ssh_kill(const struct executor_host *host, const struct executor_attempt *attempts, uint32_t n)
{
	struct ssh_link l;
	struct arena a = { 0 };
	struct buf names = { 0 };
	struct command_answer answer;
	char error[300];
	for (uint32_t i = 0; i < n; i++) {
		const char *folder = script_folder(&a, host->state, attempts[i].run, attempts[i].number);
		if (file_exists(arena_printf(&a, "%s/job", folder)) && !file_exists(arena_printf(&a, "%s/exit", folder)))
			buf_printf(&names, "%" PRId64 "-%u\n", attempts[i].run, attempts[i].number);
	}
	if (ssh_link_init(&l, host, error, sizeof error) && names.len > 0)
		ssh_link_ask(&l, &a, &(struct ssh_call){ .verb = "end", .word = "0", .input = arena_strdup(&a, buf_text(&names)) }, &answer);
	ssh_link_finish(&l);
	buf_finish(&names);
	arena_finish(&a);
}

/* -- after a crash --------------------------------------------------------------------------------------------------- */

static void find_heard(const char *word, struct executor_attempt *at)
{
	int code;
	at->found = EXECUTOR_GONE;
	if (strcmp(word, "runs") == 0) {
		at->found = EXECUTOR_ALIVE;
	} else if (sscanf(word, "ended %d", &code) == 1) { /* what it left is there still: who adopts it brings it home */
		at->found = code == 0 ? EXECUTOR_ALIVE : EXECUTOR_FOUND_ENDED;
		at->end = (struct executor_end){ .number = at->number, .outcome = EXECUTOR_EXITED, .code = code };
	}
}

/* False: it was sent to another machine, which alone can say. */
static bool find_here(const struct ssh_link *l, const struct executor_host *host, struct executor_attempt *at, struct arena *a, bool *ret_ask, const char **ret_where)
{
	const char *folder = script_folder(a, host->state, at->run, at->number), *mine = arena_printf(a, "%s %s\n", l->destination, l->root);
	char *where;
	size_t len;
	*ret_ask = false;
	at->found = EXECUTOR_GONE;
	if (script_ended(folder, 0, &at->end)) {
		at->found = EXECUTOR_FOUND_ENDED;
		return true;
	}
	if (file_read(a, arena_printf(a, "%s/job", folder), 4096, &where, &len) != 0)
		return true; /* never sent */
	*ret_ask = true;
	*ret_where = arena_strndup(a, where, strcspn(where, " \n"));
	return strcmp(where, mine) == 0;
}

static bool ssh_find(const struct executor_host *host, struct executor_attempt *attempts, uint32_t n, char *ret_error, size_t error_len)
{
	struct ssh_link l;
	struct arena a = { 0 };
	struct buf names = { 0 };
	struct map asked = { 0 };
	struct command_answer answer;
	bool good = ssh_link_init(&l, host, ret_error, error_len), there;
	const char *where;
	for (uint32_t i = 0; i < n && good; i++) {
		const char *name = arena_printf(&a, "%" PRId64 "-%u", attempts[i].run, attempts[i].number);
		good = find_here(&l, host, &attempts[i], &a, &there, &where);
		if (!good)
			snprintf(ret_error, error_len, "they were sent to %s: apply with the same `--on` as before, and the same address in the twin", where);
		if (there && good) {
			buf_printf(&names, "%s\n", name);
			map_set(&asked, name, &attempts[i]);
		}
	}
	if (good && names.len > 0) {
		good = ssh_link_ask(&l, &a, &(struct ssh_call){ .verb = "look", .input = arena_strdup(&a, buf_text(&names)) }, &answer);
		if (!good)
			snprintf(ret_error, error_len, "%s", answer.err);
		const char *rest = good ? answer.out : "";
		for (char *line; (line = command_line(&rest));) {
			size_t len = strcspn(line, " ");
			struct executor_attempt *at = map_get_n(&asked, line, len);
			if (at && line[len])
				find_heard(line + len + 1, at);
		}
	}
	ssh_link_finish(&l);
	map_finish(&asked);
	buf_finish(&names);
	arena_finish(&a);
	return good;
}

/* -- the row --------------------------------------------------------------------------------------------------------- */

static bool ssh_accepts(const struct executor_host *host, const struct executor_wish *w, char *ret_why, size_t why_len)
{
	struct ssh_link l;
	if (w->cwl)
		snprintf(ret_why, why_len, "it is a CWL process, which needs this program and a CWL engine beside it");
	else if (!command_exists("ssh"))
		snprintf(ret_why, why_len, "there is no ssh on the PATH");
	else {
		bool good = ssh_link_init(&l, host, ret_why, why_len);
		ssh_link_finish(&l);
		return good;
	}
	return false;
}

static const char *ssh_root(const struct executor_host *host, struct arena *a, char *ret_error, size_t error_len)
{
	struct ssh_link l;
	const char *root = ssh_link_init(&l, host, ret_error, error_len) ? arena_strdup(a, l.root) : NULL;
	ssh_link_finish(&l);
	return root;
}

/* It must answer once: later it may be away for a while. */
static bool ssh_open(struct engine_context *c, char *ret_error, size_t error_len)
{
	struct ssh *s = calloc(1, sizeof *s);
	struct arena a = { 0 };
	struct command_answer answer;
	if (!s)
		bug_out_of_memory();
	bool good = ssh_link_init(&s->link, c->host, ret_error, error_len);
	if (good && !ssh_link_ask(&s->link, &a, &(struct ssh_call){ .verb = "open" }, &answer)) {
		snprintf(ret_error, error_len, "%s", answer.err);
		good = false;
	}
	s->interval_ms = LOOK_MIN_MS;
	c->own = s;
	arena_finish(&a);
	if (!good) {
		ssh_link_finish(&s->link);
		free(s);
	}
	return good;
}

static void ssh_close(struct engine_context *c)
{
	struct ssh *s = c->own;
	struct arena a = { 0 };
	struct command_answer answer;
	if (s->link.up)
		tell_home(c, &a);
	if (s->link.up && s->anything)
		ssh_link_ask(&s->link, &a, &(struct ssh_call){ .verb = "tidy" }, &answer);
	ssh_link_close(&s->link);
	ssh_link_finish(&s->link);
	buf_finish(&s->home);
	arena_finish(&a);
	free(s);
}

static const struct engine engine_ssh = {
	.open = ssh_open, .submit = ssh_submit, .look = ssh_look, .cancel = ssh_cancel, .close = ssh_close,
};

static void *ssh_start(const struct executor_host *host, char *ret_error, size_t error_len)
{
	return engine_start(&engine_ssh, host, ret_error, error_len);
}

/* As the twin says, or as the machine does. */
static uint32_t ssh_cpus(void *state)
{
	struct engine_context *c = state;
	const struct doc *d = c->host->thing ? c->host->thing->attributes : NULL;
	int64_t cpus = doc_integer(doc_get(d, "cpus"), 0) * doc_integer(doc_get(d, "nodes"), 1);
	return cpus > 0 && cpus <= UINT32_MAX ? (uint32_t)cpus : ((struct ssh *)c->own)->link.cpus;
}

const struct executor executor_ssh = {
	.name = "ssh", .doc = "another machine, reached by ssh", .kind = "ssh.host", .most = 1000,
	.accepts = ssh_accepts, .root = ssh_root, .start = ssh_start, .cpus = ssh_cpus, .submit = engine_submit, .fd = engine_fd, .poll = engine_poll,
	.cancel = engine_cancel, .finish = engine_finish, .find = ssh_find, .adopt = engine_adopt, .kill = ssh_kill,
};
