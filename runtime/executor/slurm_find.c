/* Slurm without an engine at work: what an earlier run left there, after a crash. */
#include "compiler/base/buf.h"
#include "compiler/base/vec.h"
#include "runtime/executor/engine.h"
#include "runtime/executor/script.h"
#include "runtime/executor/slurm_queue.h"
#include "runtime/executor/ssh_link.h"
#include <inttypes.h>
#include <stdio.h>

struct asking { struct slurm_way way; struct ssh_link link; };

bool slurm_is_staged(const struct executor_host *host)
{
	return engine_attribute(host, "work") != NULL;
}

static bool asking_begin(struct asking *q, const struct executor_host *host, char *ret_error, size_t error_len)
{
	struct arena a = { 0 };
	struct command_answer answer;
	*q = (struct asking){ 0 };
	if (!slurm_is_staged(host))
		return slurm_way_open(&q->way, host, ret_error, error_len);
	bool good = ssh_link_init(&q->link, host, ret_error, error_len);
	if (good && !ssh_link_ask(&q->link, &a, &(struct ssh_call){ .verb = "open" }, &answer)) {
		snprintf(ret_error, error_len, "%s", answer.err);
		good = false;
	}
	q->way.link = &q->link;
	if (!good)
		ssh_link_finish(&q->link);
	arena_finish(&a);
	return good;
}

static void asking_end(struct asking *q)
{
	if (q->way.link)
		ssh_link_finish(&q->link); /* the engine that starts now goes on with its connection */
	else
		slurm_way_close(&q->way);
}

static void find_one(const struct executor_host *host, struct executor_attempt *at, const struct map *rows, struct arena *a)
{
	const char *folder = script_folder(a, host->state, at->run, at->number);
	enum executor_outcome outcome;
	struct slurm_known known;
	at->found = EXECUTOR_GONE;
	if (script_ended(folder, 0, &at->end)) {
		at->found = EXECUTOR_FOUND_ENDED;
		return;
	}
	if (!slurm_read_known(a, folder, &known))
		return; /* sbatch was not asked yet */
	const struct slurm_row *row = map_get(rows, arena_printf(a, "%s %u", known.name, known.index));
	if (!row)
		return;
	at->found = EXECUTOR_ALIVE; /* also of one that ended without a file: who adopts it waits for that, then judges */
	if (slurm_phase_of(row->state, &outcome) == SLURM_ENDED && outcome != EXECUTOR_LOST) {
		at->found = EXECUTOR_FOUND_ENDED;
		at->end.outcome = outcome;
	}
}

/* Of those that the cluster keeps: what has ended there. */
static bool find_there(struct ssh_link *l, struct arena *a, struct executor_attempt *attempts, uint32_t n, const char **ret_error)
{
	struct command_answer answer;
	struct buf names = { 0 };
	struct map asked = { 0 };
	for (uint32_t i = 0; i < n; i++) {
		const char *name = arena_printf(a, "%" PRId64 "-%u", attempts[i].run, attempts[i].number);
		buf_printf(&names, "%s\n", name);
		map_set(&asked, name, &attempts[i]);
	}
	bool good = ssh_link_ask(l, a, &(struct ssh_call){ .verb = "stand", .input = arena_strdup(a, buf_text(&names)) }, &answer);
	const char *rest = good ? answer.out : "";
	for (char *line; (line = command_line(&rest));) {
		size_t len = strcspn(line, " ");
		struct executor_attempt *at = map_get_n(&asked, line, len);
		int code;
		if (!at || at->found == EXECUTOR_FOUND_ENDED || sscanf(line + len, " ended %d", &code) != 1)
			continue;
		at->found = code == 0 ? EXECUTOR_ALIVE : EXECUTOR_FOUND_ENDED; /* what it left is there still: who adopts it brings it home */
		at->end = (struct executor_end){ .number = at->number, .outcome = EXECUTOR_EXITED, .code = code };
	}
	if (!good)
		*ret_error = answer.err;
	buf_finish(&names);
	map_finish(&asked);
	return good;
}

bool slurm_find(const struct executor_host *host, struct executor_attempt *attempts, uint32_t n, char *ret_error, size_t error_len)
{
	struct arena a = { 0 };
	struct map rows = { 0 };
	const char *error = "its folder cannot be written", *prefix = slurm_prefix(&a, host->state);
	struct asking q;
	if (!asking_begin(&q, host, ret_error, error_len))
		return arena_finish(&a), false;
	bool good = prefix && slurm_query(&a, &q.way, prefix, &rows, &error);
	for (uint32_t i = 0; i < n && good; i++)
		find_one(host, &attempts[i], &rows, &a);
	if (good && q.way.link)
		good = find_there(q.way.link, &a, attempts, n, &error);
	if (!good)
		snprintf(ret_error, error_len, "%s", error);
	asking_end(&q);
	map_finish(&rows);
	arena_finish(&a);
	return good;
}

void slurm_kill(const struct executor_host *host, const struct executor_attempt *attempts, uint32_t n)
{
	struct arena a = { 0 };
	struct asking q;
	struct command_answer answer;
	struct buf names = { 0 };
	char error[300];
	VEC(const char *) ids = { 0 };
	for (uint32_t i = 0; i < n; i++) {
		const char *folder = script_folder(&a, host->state, attempts[i].run, attempts[i].number);
		struct slurm_known known;
		script_void(folder);
		if (!slurm_read_known(&a, folder, &known))
			continue; /* Slurm never heard of it */
		if (attempts[i].found == EXECUTOR_ALIVE && known.id[0])
			*vec_push(&ids) = arena_strdup(&a, known.id);
		buf_printf(&names, "%" PRId64 "-%u\n", attempts[i].run, attempts[i].number);
	}
	if ((ids.len > 0 || (names.len > 0 && slurm_is_staged(host))) && asking_begin(&q, host, error, sizeof error)) {
		if (q.way.link)
			ssh_link_ask(q.way.link, &a, &(struct ssh_call){ .verb = "end", .word = "0", .input = arena_strdup(&a, buf_text(&names)) }, &answer);
		slurm_scancel(&a, &q.way, ids.at, ids.len);
		asking_end(&q);
	}
	vec_finish(&ids);
	buf_finish(&names);
	arena_finish(&a);
}
