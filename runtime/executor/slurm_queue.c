#include "runtime/executor/slurm_queue.h"
#include "compiler/base/buf.h"
#include "compiler/base/file.h"
#include "compiler/base/vec.h"
#include "compiler/doc/quote.h"
#include "runtime/executor/engine.h"
#include "runtime/executor/slurm_rest.h"
#include "runtime/executor/ssh_link.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ASK_TIMEOUT_MS 60000
#define CANCEL_MAX 200 /* ids in one call */

extern char **environ;

const char *slurm_prefix(struct arena *a, const char *state)
{
	const char *name = engine_state_name(a, state, "slurm");
	return name ? arena_printf(a, "twin-%s-", name) : NULL;
}

/* What its programs need of the caller's environment, and no more: sbatch hands it on to the job, and slurmctld keeps it. */
static const char *const *client_env(struct arena *a)
{
	static const char *const names[] = { "PATH", "HOME", "USER", "LOGNAME", "LD_LIBRARY_PATH", "SSH_AUTH_SOCK", NULL };
	VEC(const char *) kept = { 0 };
	for (char **s = environ; s && *s; s++) {
		bool keep = strncmp(*s, "SLURM_", 6) == 0 || strncmp(*s, "SACCT_", 6) == 0 || strncmp(*s, "SBATCH_", 7) == 0;
		for (const char *const *name = names; *name; name++)
			keep |= strncmp(*s, *name, strlen(*name)) == 0 && (*s)[strlen(*name)] == '=';
		if (keep)
			*vec_push(&kept) = *s;
	}
	*vec_push(&kept) = "LC_ALL=C";
	*vec_push(&kept) = NULL;
	const char *const *env = arena_copy(a, kept.at, kept.len * sizeof *kept.at);
	vec_finish(&kept);
	return env;
}

/* Runs a program of Slurm. False: ret->err says why. */
static bool ask(struct arena *a, const struct slurm_way *way, const char *const *words, struct command_answer *ret)
{
	struct buf line = { 0 };
	const char *argv[] = { "ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "--", way->login, NULL, NULL };
	if (!way->login && !way->link)
		return command_ask(a, &(struct command){ .argv = words, .env = client_env(a), .timeout_ms = ASK_TIMEOUT_MS }, ret);
	for (const char *const *w = words; *w; w++) {
		buf_puts(&line, w == words ? "" : " ");
		quote_sh(*w, strlen(*w), &line);
	}
	argv[7] = arena_strdup(a, buf_text(&line));
	buf_finish(&line);
	if (way->link)
		return ssh_link_ask(way->link, a, &(struct ssh_call){ .verb = "run", .word = argv[7] }, ret);
	return command_ask(a, &(struct command){ .argv = argv, .env = client_env(a), .timeout_ms = ASK_TIMEOUT_MS }, ret);
}

bool slurm_way_open(struct slurm_way *w, const struct executor_host *host, char *ret_error, size_t error_len)
{
	const char *rest = engine_attribute(host, "rest");
	*w = (struct slurm_way){ .login = command_exists("sbatch") ? NULL : engine_attribute(host, "login") };
	if (rest)
		w->rest = slurm_rest_open(host, rest, ret_error, error_len);
	return !rest || w->rest;
}

void slurm_way_close(struct slurm_way *w)
{
	slurm_rest_close(w->rest);
	w->rest = NULL;
}

/* -- submitting ------------------------------------------------------------------------------------------------------ */

static void option(struct buf *b, const char *name, const char *value)
{
	if (value && *value && !strpbrk(value, "\n\r"))
		buf_printf(b, "#SBATCH --%s=%s\n", name, value);
}

static void option_count(struct buf *b, const char *name, const char *format, uint64_t n)
{
	char text[40];
	snprintf(text, sizeof text, format, n);
	if (n)
		option(b, name, text);
}

void slurm_put_options(const struct slurm_options *o, struct buf *b)
{
	option(b, "job-name", o->name);
	option(b, "output", "/dev/null");
	option(b, "partition", o->partition);
	option(b, "account", o->account);
	option(b, "qos", o->qos);
	option(b, "constraint", o->constraint);
	option(b, "ntasks", "1");
	option_count(b, "cpus-per-task", "%" PRIu64, o->cpus);
	option_count(b, "mem", "%" PRIu64 "M", o->memory_mib);
	option_count(b, "gres", "gpu:%" PRIu64, o->gpus);
	option_count(b, "time", "%" PRIu64, o->minutes);
	option_count(b, "array", "0-%" PRIu64, o->elements - 1);
}

/* A slurmctld that is too busy, or away for a moment: asking again helps. */
static bool is_passing(const char *said)
{
	static const char *const words[] = {
		"timed out", "Unable to contact", "Connection refused", "Connection reset", "temporarily", "did not answer",
		"Zero Bytes were transmitted", "Transport endpoint", "Communication connection failure", "Slurm backup controller", "MaxJobCount",
		"Job violates accounting/QOS policy", "Resource temporarily unavailable", "AssocMaxSubmitJobLimit", "QOSMaxSubmitJobPerUserLimit",
		"Connection closed", "Unable to resolve", "Incompatible versions", "munge", "Munge",
	};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strstr(said, words[i]))
			return true;
	return false;
}

enum slurm_answer slurm_submit_script(struct arena *a, const struct slurm_way *w, const char *path, const struct slurm_options *o, const char **ret)
{
	const char *words[] = { "sbatch", "--parsable", path, NULL };
	struct command_answer answer;
	bool later = false;
	if (w->rest && slurm_rest_submit(w->rest, a, path, o, ret, &later))
		return SLURM_TAKEN;
	if (w->rest)
		return later || is_passing(*ret) ? SLURM_LATER : SLURM_REFUSED;
	if (ask(a, w, words, &answer)) {
		*ret = arena_strndup(a, answer.out, strcspn(answer.out, ";\n"));
		return SLURM_TAKEN;
	}
	*ret = answer.err;
	return is_passing(answer.err) ? SLURM_LATER : SLURM_REFUSED;
}

/* -- what a job is known as ------------------------------------------------------------------------------------------ */

bool slurm_read_known(struct arena *a, const char *folder, struct slurm_known *ret)
{
	char *text;
	size_t len;
	memset(ret, 0, sizeof *ret);
	return file_read(a, arena_printf(a, "%s/job", folder), 256, &text, &len) == 0 &&
	       sscanf(text, "%95s %u %31s", ret->name, &ret->index, ret->id) >= 2;
}

/* -- the queue ------------------------------------------------------------------------------------------------------- */

static char *field(char **at)
{
	char *start = *at, *bar = strchr(start, '|');
	*at = bar ? bar + 1 : start + strlen(start);
	if (bar)
		*bar = 0;
	return start;
}

bool slurm_query(struct arena *a, const struct slurm_way *w, const char *prefix, struct map *ret, const char **ret_error)
{
	const char *words[] = { "squeue", "--noheader", "--array", "--states=all", arena_printf(a, "--user=%u", (unsigned)(w->link ? w->link->uid : getuid())),
				"--format=%j|%K|%i|%T|%r", NULL };
	struct command_answer answer;
	if (w->rest)
		return slurm_rest_query(w->rest, a, prefix, ret, ret_error);
	if (!ask(a, w, words, &answer)) {
		*ret_error = answer.err;
		return false;
	}
	const char *rest = answer.out;
	for (char *line; (line = command_line(&rest));) {
		if (strncmp(line, prefix, strlen(prefix)) != 0)
			continue;
		const char *name = field(&line), *index = field(&line);
		struct slurm_row *row = arena_new(a, struct slurm_row);
		row->id = field(&line);
		row->state = field(&line);
		row->reason = field(&line);
		map_set(ret, arena_printf(a, "%s %u", name, index[0] >= '0' && index[0] <= '9' ? (unsigned)strtoul(index, NULL, 10) : 0), row);
	}
	return true;
}

static const struct { const char *state; enum slurm_phase phase; enum executor_outcome outcome; } states[] = {
	{ "PENDING", SLURM_WAITS }, { "CONFIGURING", SLURM_WAITS }, { "REQUEUED", SLURM_WAITS }, { "REQUEUE_HOLD", SLURM_WAITS },
	{ "REQUEUE_FED", SLURM_WAITS }, { "RESV_DEL_HOLD", SLURM_WAITS }, { "SPECIAL_EXIT", SLURM_WAITS },
	{ "RUNNING", SLURM_RUNS }, { "COMPLETING", SLURM_RUNS }, { "SUSPENDED", SLURM_RUNS }, { "STOPPED", SLURM_RUNS },
	{ "SIGNALING", SLURM_RUNS }, { "STAGE_OUT", SLURM_RUNS }, { "RESIZING", SLURM_RUNS },
	{ "COMPLETED", SLURM_ENDED, EXECUTOR_LOST }, { "FAILED", SLURM_ENDED, EXECUTOR_LOST }, { "REVOKED", SLURM_ENDED, EXECUTOR_LOST },
	{ "TIMEOUT", SLURM_ENDED, EXECUTOR_TIMED_OUT }, { "DEADLINE", SLURM_ENDED, EXECUTOR_TIMED_OUT },
	{ "OUT_OF_MEMORY", SLURM_ENDED, EXECUTOR_OUT_OF_MEMORY }, { "NODE_FAIL", SLURM_ENDED, EXECUTOR_NODE_FAILED },
	{ "BOOT_FAIL", SLURM_ENDED, EXECUTOR_NODE_FAILED }, { "PREEMPTED", SLURM_ENDED, EXECUTOR_PREEMPTED },
	{ "CANCELLED", SLURM_ENDED, EXECUTOR_CANCELLED },
};

enum slurm_phase slurm_phase_of(const char *state, enum executor_outcome *ret)
{
	size_t n = strcspn(state, " +"); /* sacct says "CANCELLED by 1000" */
	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		if (strlen(states[i].state) == n && strncmp(states[i].state, state, n) == 0) {
			*ret = states[i].outcome;
			return states[i].phase;
		}
	return SLURM_RUNS;
}

/* -- more questions -------------------------------------------------------------------------------------------------- */

enum slurm_account slurm_ask_accounting(struct arena *a, const struct slurm_way *w, const char *ids, struct map *ret, const char **ret_error)
{
	const char *words[] = { "sacct", "--noheader", "--allocations", "--parsable2", "--format=JobID,State", arena_printf(a, "--jobs=%s", ids), NULL };
	struct command_answer answer;
	if (w->rest || (!w->login && !w->link && !command_exists("sacct")))
		return SLURM_NO_ACCOUNT;
	if (!ask(a, w, words, &answer)) {
		*ret_error = answer.err;
		return answer.status == 127 || strstr(answer.err, "is disabled") ? SLURM_NO_ACCOUNT : SLURM_ACCOUNT_AWAY;
	}
	const char *rest = answer.out;
	for (char *line; (line = command_line(&rest));) {
		const char *id = field(&line);
		map_set(ret, id, field(&line));
	}
	return SLURM_ACCOUNT;
}

/* Elements of one array that follow each other, "7_3", "7_4", "7_9", as "7_[3-4,9]": one request. */
static const char *together(struct arena *a, const char *const *ids, uint32_t n, uint32_t *at)
{
	const char *first = ids[*at];
	size_t len = strcspn(first, "_");
	uint32_t from = *at, to = from + 1;
	struct buf b = { 0 };
	while (first[len] && to < n && strncmp(ids[to], first, len + 1) == 0)
		to++;
	*at = to;
	if (to - from == 1)
		return first;
	buf_printf(&b, "%.*s_[", (int)len, first);
	for (uint32_t i = from; i < to;) {
		unsigned long low = strtoul(ids[i] + len + 1, NULL, 10), high = low, next;
		for (i++; i < to && ((next = strtoul(ids[i] + len + 1, NULL, 10)) == high || next == high + 1); i++)
			high = next;
		buf_printf(&b, "%lu-%lu%s", low, high, i < to ? "," : "]");
	}
	const char *text = arena_strdup(a, buf_text(&b));
	buf_finish(&b);
	return text;
}

void slurm_scancel(struct arena *a, const struct slurm_way *w, const char *const *ids, uint32_t n)
{
	if (w->rest) {
		slurm_rest_cancel(w->rest, a, ids, n);
		return;
	}
	for (uint32_t i = 0; i < n;) {
		VEC(const char *) words = { 0 };
		struct command_answer answer;
		*vec_push(&words) = "scancel";
		while (i < n && words.len <= CANCEL_MAX)
			*vec_push(&words) = together(a, ids, n, &i);
		*vec_push(&words) = NULL;
		ask(a, w, words.at, &answer);
		vec_finish(&words);
	}
}
