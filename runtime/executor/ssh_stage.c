#include "runtime/executor/ssh_stage.h"
#include "compiler/base/bug.h"
#include "compiler/base/file.h"
#include "compiler/base/map.h"
#include "runtime/executor/container.h"
#include "runtime/executor/pack.h"
#include "runtime/executor/script.h"
#include "runtime/executor/tar.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RETRY_MS 1000
#define RETRY_MAX_MS 30000
#define CHANGED 5      /* exit status of `take`: a content is not what its name says */
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

struct sending { struct pack pack; struct ssh_stage *stage; const char *verb; VEC(struct engine_job *) jobs; };

static FILE *nameless(struct arena *a, const char *state)
{
	return pack_file(arena_printf(a, "%s/ssh", state), false);
}

static void add_script(struct pack *p, const struct ssh_link *l, const struct engine_job *j, const char *name, struct pack_paths *contents)
{
	struct executor_task t = j->task;
	struct script_options o = { .limit_time = true };
	t.folder = t.seen;
	t.out = arena_printf(&p->arena, "%s/out", t.seen);
	t.err = arena_printf(&p->arena, "%s/err", t.seen);
	*vec_push(&contents->list) = NULL;
	t.reads = contents->list.at;
	if (t.container) {
		const char *called = container_name(&p->arena, t.folder);
		container_offer(&p->arena, l->uid, l->gid, &t, &o);
		p->error = tar_put_bytes(p->f, arena_printf(&p->arena, "%s/container", name), 0644, called, strlen(called));
	}
	pack_script(p, &t, &o, name);
}

static void add_job(struct sending *s, struct engine_job *j)
{
	struct pack *p = &s->pack;
	const char *name = arena_printf(&p->arena, "task/%s", stage_name(&p->arena, j));
	struct pack_paths contents = { 0 };
	p->error = 0;
	pack_folder(p, j, name, &contents);
	if (!p->error)
		add_script(p, &s->stage->link, j, name, &contents);
	vec_finish(&contents.list);
	if (p->error)
		engine_end(s->stage->context, j, EXECUTOR_NOT_STARTED, p->error, "what it needs cannot be sent");
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
		return put_off(s->stage, arena_printf(&s->pack.arena, "what is to be sent cannot be written: %s", strerror(e)));
	lseek(fileno(f), 0, SEEK_SET);
	bool good = stage_ask(s->stage, &s->pack.arena, &(struct ssh_call){ .verb = s->verb, .from = fileno(f) }, &answer);
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
	for (uint32_t i = 0; i < s->pack.contents.len;) {
		FILE *f = nameless(&s->pack.arena, s->stage->context->host->state);
		uint64_t bytes = 0;
		bool any = false;
		int e = f ? 0 : errno;
		for (; i < s->pack.contents.len && bytes < CHUNK_BYTES && !e; i++) {
			const struct pack_content *x = &s->pack.contents.at[i];
			if (!map_get(lacking, x->key))
				continue;
			any = true;
			bytes += bytes_of(x->path);
			e = tar_put_tree(f, arena_printf(&s->pack.arena, "content/%s", x->key), x->path);
		}
		bool good = !e ? !any || send_stream(s, f) : put_off(s->stage, arena_printf(&s->pack.arena, "what is to be sent cannot be read: %s", strerror(e)));
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
	for (uint32_t i = 0; i < s->pack.contents.len; i++)
		buf_printf(&keys, "%s\n", s->pack.contents.at[i].key);
	bool good = keys.len == 0 || stage_ask(s->stage, &s->pack.arena, &(struct ssh_call){ .verb = "lacks", .input = arena_strdup(&s->pack.arena, buf_text(&keys)) }, &answer);
	const char *rest = good && keys.len ? answer.out : "";
	for (char *line; (line = command_line(&rest));) {
		map_set(ret, line, s);
	}
	buf_finish(&keys);
	return good;
}

bool stage_send(struct ssh_stage *stage, struct engine_job *const *jobs, uint32_t n, const struct stage_request *r)
{
	struct sending s = { .stage = stage, .verb = r->verb, .pack.root = stage->link.root };
	struct map lacking = { 0 };
	bool good = true;
	s.pack.f = pack_file(NULL, true);
	if (!s.pack.f)
		bug("no memory for a file: %s", strerror(errno));
	for (uint32_t i = 0; i < n; i++)
		add_job(&s, jobs[i]);
	s.pack.error = 0;
	for (uint32_t i = 0; i < r->n_files && !s.pack.error; i++)
		s.pack.error = tar_put_bytes(s.pack.f, r->files[i].path, 0644, r->files[i].text, strlen(r->files[i].text));
	if (s.pack.error)
		good = put_off(stage, arena_printf(&s.pack.arena, "what is to be sent cannot be written: %s", strerror(s.pack.error)));
	if (s.jobs.len > 0 && good) {
		stage->anything = true;
		good = find_lacking(&s, &lacking) && send_contents(&s, &lacking);
		for (uint32_t i = 0; i < s.jobs.len && good && r->going; i++)
			r->going(s.jobs.at[i]);
		good = good && send_stream(&s, s.pack.f);
	}
	fclose(s.pack.f);
	map_finish(&lacking);
	vec_finish(&s.jobs);
	pack_finish(&s.pack);
	return good;
}

/* -- bringing home --------------------------------------------------------------------------------------------------- */

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

static void settle(struct ssh_stage *s, struct engine_job *const *jobs, uint32_t n, const char *folder, struct arena *a)
{
	VEC(struct engine_job *) home = { 0 };
	for (uint32_t i = 0; i < n; i++) {
		struct engine_job *j = jobs[i];
		const char *name = stage_name(a, j);
		int e = pack_take_home(j, arena_printf(a, "%s/%s", folder, name), a);
		const char *spoiled = pack_spoiled(a, arena_printf(a, "%s/%s", folder, name));
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

/* Into f, as far as there is room for it and for what is in it: the journal is on the same disk. */
static bool receive(struct ssh_stage *s, struct arena *a, const char *names, FILE *f)
{
	const char *state = s->context->host->state;
	uint64_t most = pack_room(state);
	struct command_answer answer = { 0 };
	bool good = most > 0 && stage_ask(s, a, &(struct ssh_call){ .verb = "give", .input = names, .to = fileno(f), .to_bytes = most }, &answer);
	bool full = most == 0 || answer.full || (good && pack_is_full(state, fileno(f)));
	return full ? put_off(s, arena_printf(a, "what it left cannot be brought home: No space left on the disk of %s", state)) : good;
}

/* All of them in one stream; where something in it is refused, one by one. */
static void bring(struct ssh_stage *s, struct engine_job *const *jobs, uint32_t n)
{
	struct arena a = { 0 };
	struct buf names = { 0 };
	char error[200] = "";
	const char *folder = arena_printf(&a, "%s/ssh/in", s->context->host->state);
	FILE *f = nameless(&a, s->context->host->state);
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
