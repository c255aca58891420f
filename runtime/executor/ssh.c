/* Another machine, reached by ssh, where tasks run detached, in folders that are staged (ssh_stage.h). FOLDER/job says which machine an
 * attempt was sent to, written before anything goes; whether it came is asked there. */
#include "compiler/base/bug.h"
#include "compiler/base/file.h"
#include "compiler/base/map.h"
#include "compiler/plan/plan.h"
#include "runtime/executor/engine.h"
#include "runtime/executor/executors.h"
#include "runtime/executor/script.h"
#include "runtime/executor/ssh_stage.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MIN_MS 100
#define LOOK_MAX_MS 5000
#define SETTLE_MS 5000
#define GRACE_S "5"

struct ssh_job { bool tried, sent, ending, force; };
struct ssh {
	struct ssh_stage stage;
	uint64_t look_ms, interval_ms; /* when next, and how long then */
};

/* -- sending --------------------------------------------------------------------------------------------------------- */

/* Which machine it was sent to, before anything goes. */
static bool write_where(struct engine_context *c, struct engine_job *j)
{
	const struct ssh_link *l = &((struct ssh *)c->own)->stage.link;
	struct arena a = { 0 };
	const char *where = arena_printf(&a, "%s %s\n", l->destination, l->root);
	int e = file_write(arena_printf(&a, "%s/job", j->task.folder), where, strlen(where), NULL);
	if (e)
		engine_end(c, j, EXECUTOR_NOT_STARTED, e, "where it is sent to cannot be written");
	arena_finish(&a);
	return !e;
}

static void note_going(struct engine_job *j)
{
	((struct ssh_job *)j->own)->tried = true;
}

/* All that has not gone yet. What was cut on the way is sent again: who has started already is not started twice. */
static void send_waiting(struct engine_context *c)
{
	struct ssh *ssh = c->own;
	VEC(struct engine_job *) jobs = { 0 };
	for (uint32_t i = 0; i < c->jobs.len; i++) {
		struct ssh_job *own = c->jobs.at[i]->own;
		if (!c->jobs.at[i]->ended && own && !own->sent && write_where(c, c->jobs.at[i]))
			*vec_push(&jobs) = c->jobs.at[i];
	}
	if (jobs.len > 0 && stage_send(&ssh->stage, jobs.at, jobs.len, &(struct stage_request){ .verb = "take", .going = note_going })) {
		for (uint32_t i = 0; i < jobs.len; i++)
			((struct ssh_job *)jobs.at[i]->own)->sent = true;
		ssh->interval_ms = LOOK_MIN_MS;
		ssh->look_ms = engine_now_ms() + LOOK_MIN_MS / 2;
	}
	vec_finish(&jobs);
}

static void ssh_submit(struct engine_context *c, struct engine_jobs jobs)
{
	for (uint32_t i = 0; i < jobs.len; i++)
		jobs.at[i]->own = arena_new(&jobs.at[i]->arena, struct ssh_job);
	if (engine_now_ms() >= ((struct ssh *)c->own)->stage.retry_ms)
		send_waiting(c);
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

static void hear(struct engine_context *c, struct engine_job *j, const char *word)
{
	if (strcmp(word, "runs") == 0) {
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
	uint32_t n_ended = stage_look(&s->stage, "look", is_there, hear);
	s->interval_ms = n_ended > 0 ? LOOK_MIN_MS : s->interval_ms + s->interval_ms / 2;
	if (s->interval_ms > LOOK_MAX_MS)
		s->interval_ms = LOOK_MAX_MS;
	s->look_ms = engine_now_ms() + s->interval_ms;
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
				buf_printf(&names, "%s\n", stage_name(&a, c->jobs.at[i]));
		}
		bool good = names.len > 0 && stage_ask(&((struct ssh *)c->own)->stage, &a, &(struct ssh_call){ .verb = "end", .word = force ? "0" : GRACE_S, .input = arena_strdup(&a, buf_text(&names)) }, &answer);
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
	if (now < s->stage.retry_ms)
		return (int64_t)(s->stage.retry_ms - now);
	end_there(c);
	if (engine_now_ms() >= s->stage.retry_ms)
		send_waiting(c);
	if (engine_now_ms() >= s->stage.retry_ms && engine_now_ms() >= s->look_ms)
		look_there(c);
	now = engine_now_ms();
	uint64_t next = s->stage.retry_ms > s->look_ms ? s->stage.retry_ms : s->look_ms;
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
	s->stage.retry_ms = s->look_ms = 0;
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

static bool ssh_open(struct engine_context *c, char *ret_error, size_t error_len)
{
	struct ssh *s = calloc(1, sizeof *s);
	if (!s)
		bug_out_of_memory();
	if (!stage_open(&s->stage, c, ret_error, error_len)) {
		free(s);
		return false;
	}
	s->interval_ms = LOOK_MIN_MS;
	c->own = s;
	return true;
}

static void ssh_close(struct engine_context *c)
{
	struct ssh *s = c->own;
	stage_close(&s->stage);
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
	return cpus > 0 && cpus <= UINT32_MAX ? (uint32_t)cpus : ((struct ssh *)c->own)->stage.link.cpus;
}

const struct executor executor_ssh = {
	.name = "ssh", .doc = "another machine, reached by ssh", .kind = "ssh.host", .most = 1000,
	.accepts = ssh_accepts, .root = ssh_root, .start = ssh_start, .cpus = ssh_cpus, .submit = engine_submit, .fd = engine_fd, .poll = engine_poll,
	.cancel = engine_cancel, .finish = engine_finish, .find = ssh_find, .adopt = engine_adopt, .kill = ssh_kill,
};
