/* A whole workflow by the CWL engine that the user has. The engine, one process of the keeper, orders, scatters and starts; each of its
 * jobs goes through a script of ours (cwl_job.sh) that keeps the end of the task beside its logs and a link to what it made. The run
 * goes on as ever: it finds each task's end there, under the task's own name, and checks, keeps and tells it like any other. What is
 * kept of earlier runs is given to the engine's jobs, so that nothing is done twice. */
#include "compiler/base/bug.h"
#include "compiler/base/file.h"
#include "compiler/base/map.h"
#include "compiler/base/vec.h"
#include "compiler/doc/doc.h"
#include "compiler/doc/quote.h"
#include "runtime/executor/command.h"
#include "runtime/executor/executors.h"
#include "runtime/executor/script.h"
#include "stdlib/stdlib.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 100
#define MOST 100000      /* tasks that wait for the engine's word */
#define WORDS_MS 3000    /* the engine's own words on a failure are waited for so long */
#define LINGER_MS 30000  /* and its end, when all tasks have theirs */
#define GIVEN_MAX_BYTES ((size_t)16 << 20)
#define LOG_MAX_BYTES ((size_t)64 << 20)

struct job { int64_t run; uint32_t number; const char *name, *folder, *out, *err, *given; uint64_t time_ms; bool told, begun, failed; int64_t ended_ms; struct executor_end end; };
struct whole {
	const struct executor_host *host;
	struct arena arena;
	void *local;                    /* whose keeper owns the engine */
	int timer, wake;
	const char *place;              /* STATE/cwl/WORKFLOW: documents, script, the engine's log */
	const char *at;                 /* the engine's folder: the records of its tasks; NULL: none was started */
	struct executor_attempt engine; /* found: ALIVE while it runs */
	bool cancelled;
	bool left;                      /* it is gone, and what it ended in `at` has not been asked for yet */
	bool handed;                    /* news that the run has not worked on */
	struct map taken;               /* names that had their end from this run of the engine */
	VEC(struct job) jobs;           /* that have not ended */
	VEC(struct job) later;          /* for the engine's next run */
	VEC(struct executor_news) news;
};

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static const char *engine_folder(struct arena *a, const char *state, int64_t run)
{
	return script_folder(a, state, run, 0); /* tasks have numbers from 1 */
}

/* -- records -------------------------------------------------------------------------------------------------------- */

/* What a link leads to; NULL: it is none. */
static const char *link_target(struct arena *a, const char *path)
{
	char text[PATH_MAX];
	ssize_t n = readlink(path, text, sizeof text);
	return n > 0 && n < (ssize_t)sizeof text ? arena_strndup(a, text, (size_t)n) : NULL;
}

static void bring(struct arena *a, const char *record, const char *name, const char *to)
{
	const char *from = arena_printf(a, "%s/%s", record, name);
	if (file_exists(from))
		rename(from, to);
}

static bool same(const struct doc *a, const struct doc *b);

static bool same_members(const struct doc *a, const struct doc *b)
{
	for (doc_each(x, a))
		if (!same(x, doc_get(b, x->key)))
			return false;
	return true;
}

/* Of what JSON says: 2 is 2.0, and what is not there is null. */
static bool same(const struct doc *a, const struct doc *b)
{
	bool null = !a || a->kind == DOC_NULL;
	if (null || !b || b->kind == DOC_NULL)
		return null && (!b || b->kind == DOC_NULL);
	if (a->kind == DOC_FLOAT || b->kind == DOC_FLOAT)
		return (a->kind == DOC_INT || a->kind == DOC_FLOAT) && (b->kind == DOC_INT || b->kind == DOC_FLOAT) && doc_number(a, 0) == doc_number(b, 1);
	if (a->kind != b->kind || a->kind < DOC_LIST)
		return doc_equal(a, b);
	if (a->kind == DOC_MAP)
		return same_members(a, b) && same_members(b, a);
	const struct doc *y = b->children.first;
	for (doc_each(x, a)) {
		if (!y || !same(x, y))
			return false;
		y = y->next;
	}
	return !y;
}

/* Whether the engine worked out the same inputs; where it tells none, there is nothing to compare. */
static bool same_inputs(struct arena *a, const char *folder, const char *record)
{
	char *here, *there, *error;
	size_t n, m;
	struct doc *x, *y;
	if (file_read(a, arena_printf(a, "%s/given", folder), GIVEN_MAX_BYTES, &here, &n) != 0 ||
	    file_read(a, arena_printf(a, "%s/given", record), GIVEN_MAX_BYTES, &there, &m) != 0 || m == 0)
		return true;
	return doc_json_read(a, here, n, &x, &error) && doc_json_read(a, there, m, &y, &error) && same(x, y);
}

static void bring_logs(struct arena *a, const char *folder, const char *record)
{
	static const char *const names[] = { "out", "err" };
	for (size_t i = 0; i < 2; i++) {
		const char *to = link_target(a, arena_printf(a, "%s/%s", folder, names[i]));
		if (to)
			bring(a, record, names[i], to);
	}
}

/* Brings home what a task left once it has ended: of what was brought before, only the end is left to read. */
static bool collect(const char *folder, uint64_t time_ms, struct executor_end *ret)
{
	struct arena a = { 0 };
	const char *record = link_target(&a, arena_printf(&a, "%s/record", folder));
	bool ended = record && script_ended(record, time_ms, ret);
	if (ended) {
		bring(&a, record, "work", arena_printf(&a, "%s/work", folder));
		bring_logs(&a, folder, record);
		if (!same_inputs(&a, folder, record))
			ret->outcome = EXECUTOR_REJECTED;
	}
	arena_finish(&a);
	return ended;
}

static void point(const char *to, const char *link)
{
	unlink(link);
	if (symlink(to, link) != 0)
		return; /* it will be found missing */
}

/* Where this attempt's end will be found, also by who comes after a crash. */
static void expect(struct whole *w, const struct job *j)
{
	point(arena_printf(&w->arena, "%s/tasks/%s", w->at, j->name), arena_printf(&w->arena, "%s/record", j->folder));
	point(j->out, arena_printf(&w->arena, "%s/out", j->folder));
	point(j->err, arena_printf(&w->arena, "%s/err", j->folder));
	if (j->given)
		file_write(arena_printf(&w->arena, "%s/given", j->folder), j->given, strlen(j->given), NULL);
}

/* -- the engine ------------------------------------------------------------------------------------------------------- */

/* What an engine is called, its program, how it says its version, and its words before the document and the job. "@" stands for its folder. */
static const struct cwl_engine { const char *name, *program, *version; const char *words[16]; } engines[] = {
	{ "cwltool", "cwltool", "--version",
	  { "--parallel", "--on-error", "continue", "--no-container", "--relax-path-checks", "--disable-color", "--outdir", "@/outputs" } },
	{ "toil", "toil-cwl-runner", "--version",
	  { "--jobStore", "@/store", "--workDir", "@/tmp", "--no-container", "--relax-path-checks", "--retryCount", "0", "--outdir", "@/outputs" } },
};

static const struct cwl_engine *engine_of(const char *name)
{
	for (size_t i = 0; i < sizeof engines / sizeof *engines; i++)
		if (strcmp(engines[i].name, name) == 0)
			return &engines[i];
	return NULL;
}

static const char *on_path(struct arena *a, const char *name)
{
	for (const char *path = getenv("PATH"); path && *path;) {
		size_t n = strcspn(path, ":");
		const char *full = arena_printf(a, "%.*s/%s", (int)n, path, name);
		if (n > 0 && access(full, X_OK) == 0)
			return full;
		path += n + (path[n] == ':');
	}
	return NULL;
}

/* "3.1.2" at the end of the first line of what it says. */
static const char *version_of(struct arena *a, const char *program, const char *option)
{
	const char *argv[] = { program, option, NULL };
	struct command_answer answer;
	if (!command_ask(a, &(struct command){ .argv = argv, .timeout_ms = 60000 }, &answer))
		return NULL;
	const char *line = answer.out, *word = line;
	size_t n = strcspn(line, "\n");
	for (size_t i = 0; i < n; i++)
		if (line[i] == ' ')
			word = line + i + 1;
	return arena_strndup(a, word, (size_t)(line + n - word));
}

static bool cwl_engine(struct arena *a, const char *option, struct executor_whole *ret, char *ret_why, size_t why_len)
{
	struct buf looked = { 0 };
	bool known = !option;
	for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
		const struct cwl_engine *e = &engines[i];
		if (option && strcmp(option, e->name) != 0)
			continue;
		known = true;
		const char *program = on_path(a, e->program);
		const char *version = program ? version_of(a, program, e->version) : NULL;
		if (version) {
			ret->engine = e->name;
			ret->program = program;
			ret->version = version;
			buf_finish(&looked);
			return true;
		}
		buf_printf(&looked, "%s`%s`%s", looked.len ? " and " : "", e->program, program ? " (which does not tell its version)" : "");
	}
	if (!known)
		snprintf(ret_why, why_len, "there is no CWL engine `%s` here; there are `cwltool` and `toil`", option);
	else
		snprintf(ret_why, why_len, "no CWL engine is on the PATH; looked for %s", buf_text(&looked));
	buf_finish(&looked);
	return false;
}

/* What an engine sees of the caller's environment: some keep all of theirs in files. */
static bool handed_on(const char *setting)
{
	static const char *const names[] = { "PATH=", "HOME=", "USER=", "LOGNAME=", "LANG=", "TOIL_", "SLURM_", "XDG_", "SSL_CERT_" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strncmp(setting, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static void put_setting(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, "%s=", name);
	quote_sh(value, strlen(value), b);
	buf_putc(b, '\n');
}

static int write_script(struct whole *w)
{
	struct buf b = { 0 };
	put_setting(&b, "at", w->at);
	buf_printf(&b, "run=%" PRId64 "\n", w->host->run);
	put_setting(&b, "engine_path", getenv("PATH") ? getenv("PATH") : "");
	buf_add(&b, stdlib_cwl_job[0].text, stdlib_cwl_job[0].len);
	int e = file_write(arena_printf(&w->arena, "%s/job", w->place), b.text, b.len, NULL);
	buf_finish(&b);
	return e;
}

static void give(const char *name, const char *work, void *ctx)
{
	struct whole *w = ctx;
	point(work, arena_printf(&w->arena, "%s/given/%s", w->at, name));
}

static void submit_engine(struct whole *w)
{
	extern char **environ;
	const struct executor_whole *x = w->host->whole;
	const struct cwl_engine *e = engine_of(x->engine);
	VEC(const char *) argv = { 0 }, env = { 0 };
	*vec_push(&argv) = x->program;
	for (const char *const *word = e->words; *word; word++)
		*vec_push(&argv) = **word == '@' ? arena_printf(&w->arena, "%s%s", w->at, *word + 1) : *word;
	*vec_push(&argv) = arena_printf(&w->arena, "%s/%s.cwl", w->place, x->workflow);
	*vec_push(&argv) = arena_printf(&w->arena, "%s/%s.job.yml", w->place, x->workflow);
	*vec_push(&argv) = NULL;
	*vec_push(&env) = arena_printf(&w->arena, "TMPDIR=%s/tmp", w->at); /* first: the keeper's mark */
	*vec_push(&env) = "LC_ALL=C.UTF-8";
	for (char **s = environ; *s; s++)
		if (handed_on(*s))
			*vec_push(&env) = *s;
	*vec_push(&env) = NULL;
	struct executor_task t = { .name = x->engine, .folder = w->at, .seen = w->at, .argv = argv.at, .env = env.at,
				   .out = arena_printf(&w->arena, "%s/engine.out", w->place), .err = arena_printf(&w->arena, "%s/engine.err", w->place) };
	executor_local.submit(w->local, &t, 1);
	vec_finish(&argv);
	vec_finish(&env);
}

static bool make_folders(struct whole *w)
{
	static const char *const inside[] = { "tasks", "given", "secrets", "tmp", "work" };
	int e = file_exists(w->at) ? file_remove_tree(w->at) : 0;
	for (size_t i = 0; i < sizeof inside / sizeof *inside && !e; i++)
		e = file_mkdirs(arena_printf(&w->arena, "%s/%s", w->at, inside[i]));
	errno = e;
	return !e;
}

/* Recorded before it starts: which run's it is, and what it runs. */
static bool begin(struct whole *w, char *ret_why, size_t why_len)
{
	const struct executor_whole *x = w->host->whole;
	w->at = engine_folder(&w->arena, w->host->state, w->host->run);
	w->cancelled = w->left = false;
	map_finish(&w->taken);
	map_init(&w->taken);
	const char *note = arena_printf(&w->arena, "%" PRId64 " %s\n", w->host->run, x->identity);
	if (!make_folders(w) || (errno = file_mkdirs(w->place)) || (errno = write_script(w))) {
		snprintf(ret_why, why_len, "cannot write below %s: %s", w->place, strerror(errno));
		return false;
	}
	if (!x->write(x->ctx, w->place, arena_printf(&w->arena, "%s/secrets", w->at), ret_why, why_len))
		return false;
	w->host->each_done(w->host->secret_ctx, give, w);
	int e = file_write(arena_printf(&w->arena, "%s/engine", w->place), note, strlen(note), NULL);
	if (e) {
		snprintf(ret_why, why_len, "cannot write %s/engine: %s", w->place, strerror(e));
		return false;
	}
	w->engine = (struct executor_attempt){ .run = w->host->run, .found = EXECUTOR_ALIVE };
	submit_engine(w);
	return true;
}

/* The engine that ran for this workflow before, after a crash of ours, and whether it is the one that is wanted. False: there was none. */
static bool earlier_engine(struct whole *w, bool *ret_same)
{
	char *text, identity[80] = "";
	size_t len;
	int64_t run;
	if (file_read(&w->arena, arena_printf(&w->arena, "%s/engine", w->place), 200, &text, &len) != 0 || sscanf(text, "%" SCNd64 " %79s", &run, identity) != 2)
		return false;
	w->engine = (struct executor_attempt){ .run = run };
	executor_local.find(w->host, &w->engine, 1, NULL, 0);
	*ret_same = strcmp(identity, w->host->whole->identity) == 0;
	return true;
}

static void *cwl_start(const struct executor_host *host, char *ret_error, size_t error_len)
{
	bool same;
	struct whole *w = calloc(1, sizeof *w);
	if (!w)
		bug_out_of_memory();
	if (!host->whole || !(w->local = executor_local.start(host, ret_error, error_len))) {
		if (!host->whole)
			snprintf(ret_error, error_len, "a CWL engine runs whole workflows: `--on cwl`");
		free(w);
		return NULL;
	}
	w->host = host;
	w->place = arena_printf(&w->arena, "%s/cwl/%s", host->state, host->whole->workflow);
	w->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	w->wake = epoll_create1(EPOLL_CLOEXEC);
	struct itimerspec every = { { 0, LOOK_MS * 1000000 }, { 0, LOOK_MS * 1000000 } };
	struct epoll_event e = { .events = EPOLLIN };
	timerfd_settime(w->timer, 0, &every, NULL);
	if (epoll_ctl(w->wake, EPOLL_CTL_ADD, w->timer, &e) != 0 || epoll_ctl(w->wake, EPOLL_CTL_ADD, executor_local.fd(w->local), &e) != 0)
		bug("epoll: %s", strerror(errno));
	if (!earlier_engine(w, &same))
		return w;
	if (same)
		w->at = engine_folder(&w->arena, host->state, w->engine.run);
	if (same && w->engine.found == EXECUTOR_ALIVE) {
		executor_local.adopt(w->local, &w->engine, NULL);
		return w;
	}
	executor_local.kill(host, &w->engine, 1); /* it runs what is not wanted any more, or its jobs have outlived it */
	w->engine.found = EXECUTOR_GONE;
	w->left = same;
	return w;
}

/* -- tasks --------------------------------------------------------------------------------------------------------------- */

static struct job job_of(struct whole *w, int64_t run, const struct executor_task *t)
{
	struct arena *a = &w->arena;
	return (struct job){ .run = run, .number = t->number, .name = arena_strdup(a, t->name), .folder = arena_strdup(a, t->folder), .out = arena_strdup(a, t->out),
			     .err = arena_strdup(a, t->err), .given = t->given ? arena_strdup(a, t->given) : NULL, .time_ms = t->time_ms };
}

static void tell(struct whole *w, const struct job *j, enum executor_word word, const struct executor_end *end, const char *text)
{
	struct executor_news *n = vec_push(&w->news);
	*n = (struct executor_news){ .run = j->run, .word = word };
	if (end)
		n->end = *end;
	n->end.number = j->number;
	snprintf(n->text, sizeof n->text, "%s", text ? text : "");
}

/* An engine that is gone ran it to its end, and nobody had asked for it yet. */
static bool was_left(struct whole *w, const struct job *j)
{
	return w->left && !map_get(&w->taken, j->name) && file_exists(arena_printf(&w->arena, "%s/tasks/%s/exit", w->at, j->name));
}

static void cwl_submit(void *state, const struct executor_task *tasks, uint32_t n)
{
	struct whole *w = state;
	char why[300] = "";
	bool alive = w->engine.found == EXECUTOR_ALIVE, good = true;
	for (uint32_t i = 0; i < n; i++) {
		struct job j = job_of(w, w->host->run, &tasks[i]);
		bool there = !alive && was_left(w, &j);
		*((alive && map_get(&w->taken, j.name)) || (w->left && !there) ? vec_push(&w->later) : vec_push(&w->jobs)) = j;
	}
	if (!alive && n > 0 && !w->left)
		good = begin(w, why, sizeof why);
	for (uint32_t i = 0; i < w->jobs.len && good; i++)
		expect(w, &w->jobs.at[i]);
	for (uint32_t i = 0; i < w->jobs.len && !good; i++)
		tell(w, &w->jobs.at[i], EXECUTOR_ENDED, &(struct executor_end){ .outcome = EXECUTOR_REJECTED }, why);
	if (!good)
		vec_clear(&w->jobs);
}

/* The next line of a text that is taken apart; NULL: none is left. */
static char *next_line(char **at)
{
	char *line = *at, *end = line ? strchr(line, '\n') : NULL;
	*at = end ? end + 1 : NULL;
	if (end)
		*end = 0;
	return line && (end || *line) ? line : NULL;
}

/* How the engine calls the job that works in this folder, where its log says so: "[job step_2] FOLDER$ sh ..."; else NULL. */
static const char *tag_of(struct arena *a, const char *log, const char *folder)
{
	const char *at = strstr(log, arena_printf(a, " %s$", folder)), *start = at;
	while (start && start > log && start[-1] != '\n' && *start != '[')
		start--;
	return start && *start == '[' && at[-1] == ']' ? arena_strndup(a, start, (size_t)(at - start)) : NULL;
}

/* A line of its log without the word for how bad it is, and without when and where. */
static const char *without_level(const char *line)
{
	line += strspn(line, " \t");
	while (*line == '[' && strncmp(line, "[job ", 5) != 0 && strncmp(line, "[step ", 6) != 0 && strstr(line, "] ")) /* time, thread, ... */
		line = strstr(line, "] ") + 2;
	size_t n = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	return n > 2 && line[n] == ' ' ? line + n + 1 : line;
}

static bool tells_trouble(const char *line)
{
	static const char *const words[] = { "exited with status", "permanentFail", "ERROR", "rror:", "xception" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

/* With what follows, where it ends in a colon. */
static const char *whole_line(struct arena *a, const char *line, char *rest)
{
	size_t n = strlen(line);
	const char *more = n > 0 && line[n - 1] == ':' ? next_line(&rest) : NULL;
	line = without_level(line);
	return more ? arena_printf(a, "%s %s", line, more + strspn(more, " \t")) : line;
}

/* What the engine says of trouble: the first that it says of the job, where it can be told, else the first of all; any: else its last line. */
static const char *engine_words(struct whole *w, struct arena *a, const struct job *j, bool any)
{
	char *log, *folder = NULL;
	size_t len;
	const char *tag = NULL, *found = NULL, *last = NULL;
	if (file_read(a, arena_printf(a, "%s/engine.err", w->place), LOG_MAX_BYTES, &log, &len) != 0)
		return NULL;
	if (j->begun && file_read(a, arena_printf(a, "%s/record/begun", j->folder), PATH_MAX, &folder, &len) == 0 && len > 1)
		tag = tag_of(a, log, arena_strndup(a, folder, len - 1));
	for (char *line; (line = next_line(&log));) {
		last = *line ? line : last;
		if (!tells_trouble(line))
			continue;
		if (tag && strstr(line, tag))
			return whole_line(a, line, log);
		found = found ? found : whole_line(a, line, log ? arena_strdup(a, log) : NULL);
	}
	return found && (!tag || any) ? found : any && last ? without_level(last) : NULL;
}

static const char *inputs_there(struct arena *a, const struct job *j)
{
	char *text;
	size_t len;
	return file_read(a, arena_printf(a, "%s/record/given", j->folder), GIVEN_MAX_BYTES, &text, &len) != 0 ? NULL :
		arena_printf(a, "it worked out other inputs for it than the run: %.*s", (int)(len > 150 ? 150 : len), text);
}

static void tell_end(struct whole *w, const struct job *j, bool over)
{
	struct arena a = { 0 };
	const char *words = j->end.outcome == EXECUTOR_REJECTED ? inputs_there(&a, j) : j->failed ? engine_words(w, &a, j, over) : NULL;
	tell(w, j, EXECUTOR_ENDED, &j->end, words);
	map_set(&w->taken, arena_strdup(&w->arena, j->name), w);
	arena_finish(&a);
}

/* True: it has ended, and that is told. */
static bool look_at(struct whole *w, struct job *j)
{
	struct arena a = { 0 };
	if (!j->ended_ms && collect(j->folder, j->time_ms, &j->end)) {
		j->ended_ms = now_ms();
		j->begun = true;
		j->failed = j->end.outcome != EXECUTOR_EXITED || j->end.code != 0;
	}
	bool over = w->engine.found != EXECUTOR_ALIVE || now_ms() - j->ended_ms > WORDS_MS;
	bool ended = j->ended_ms && (!j->failed || j->end.outcome == EXECUTOR_REJECTED || over || engine_words(w, &a, j, false));
	const char *record = arena_printf(&a, "%s/record", j->folder);
	if (ended) {
		tell_end(w, j, over);
	} else if (!j->ended_ms && !j->begun && file_exists(arena_printf(&a, "%s/begun", record))) {
		j->begun = true;
		point(arena_printf(&a, "%s/out", link_target(&a, record)), j->out); /* to be followed while it runs */
		point(arena_printf(&a, "%s/err", link_target(&a, record)), j->err);
		tell(w, j, EXECUTOR_RUNS, NULL, NULL);
	} else if (!j->told && !j->begun) {
		j->told = true;
		tell(w, j, EXECUTOR_WAITS, NULL, arena_printf(&a, "%s has not come to it", w->host->whole->engine));
	}
	arena_finish(&a);
	return ended;
}

/* The engine is over, and has not run it to its end. */
static void tell_rest(struct whole *w, const struct job *j)
{
	struct arena a = { 0 };
	struct executor_end end = { .outcome = w->cancelled ? EXECUTOR_SIGNALLED : j->begun ? EXECUTOR_LOST : EXECUTOR_REJECTED, .code = SIGTERM };
	const char *words = engine_words(w, &a, j, true);
	bring_logs(&a, j->folder, arena_printf(&a, "%s/record", j->folder));
	tell(w, j, EXECUTOR_ENDED, &end, words ? words : "it ended without a word");
	arena_finish(&a);
}

static void look(struct whole *w)
{
	bool over = w->engine.found != EXECUTOR_ALIVE;
	uint32_t n = 0;
	for (uint32_t i = 0; i < w->jobs.len; i++) {
		struct job j = w->jobs.at[i];
		if (look_at(w, &j))
			continue;
		if (over)
			tell_rest(w, &j);
		else
			w->jobs.at[n++] = j;
	}
	w->jobs.len = n;
	if (!over || w->later.len == 0 || w->news.len > 0) /* the next engine is given what the last one ended */
		return;
	char why[300] = "";
	bool good = !w->cancelled && begin(w, why, sizeof why);
	for (uint32_t i = 0; i < w->later.len; i++)
		if (good) {
			*vec_push(&w->jobs) = w->later.at[i];
			expect(w, &w->later.at[i]);
		} else {
			tell(w, &w->later.at[i], EXECUTOR_ENDED, &(struct executor_end){ .outcome = w->cancelled ? EXECUTOR_SIGNALLED : EXECUTOR_REJECTED, .code = SIGTERM }, why);
		}
	vec_clear(&w->later);
}

/* Hears of the engine's end. */
static void hear(struct whole *w)
{
	struct executor_news n;
	while (executor_local.poll(w->local, &n))
		if (n.word == EXECUTOR_ENDED && n.run == w->engine.run && n.end.number == 0) {
			w->engine.found = EXECUTOR_FOUND_ENDED;
			w->engine.end = n.end;
		}
}

static bool cwl_poll(void *state, struct executor_news *ret)
{
	struct whole *w = state;
	uint64_t ticks;
	if (w->news.len == 0 && !w->handed) {
		bool alive = w->engine.found == EXECUTOR_ALIVE;
		hear(w);
		bool due = read(w->timer, &ticks, sizeof ticks) > 0;
		if (due || (alive && w->engine.found != EXECUTOR_ALIVE))
			look(w);
	}
	w->handed = w->news.len > 0;
	if (!w->handed)
		return false;
	*ret = w->news.at[0];
	memmove(w->news.at, w->news.at + 1, --w->news.len * sizeof *w->news.at);
	return true;
}

static int cwl_fd(void *state)
{
	return ((struct whole *)state)->wake;
}

static void cwl_cancel(void *state, int64_t run, uint32_t number, bool force)
{
	struct whole *w = state;
	(void)run;
	(void)number; /* one goes with the others */
	w->cancelled = true;
	if (w->engine.found == EXECUTOR_ALIVE)
		executor_local.cancel(w->local, w->engine.run, 0, force);
}

static void cwl_adopt(void *state, const struct executor_attempt *a, const struct executor_task *t)
{
	struct whole *w = state;
	struct job *j = vec_push(&w->jobs);
	*j = job_of(w, a->run, t);
	j->number = a->number;
}

static void cwl_finish(void *state)
{
	struct whole *w = state;
	if (!w)
		return;
	for (int64_t until = now_ms() + (w->cancelled ? 0 : LINGER_MS); w->engine.found == EXECUTOR_ALIVE && now_ms() < until; hear(w)) {
		struct pollfd p = { executor_local.fd(w->local), POLLIN, 0 };
		poll(&p, 1, LOOK_MS);
	}
	if (w->engine.found == EXECUTOR_ALIVE)
		executor_local.cancel(w->local, w->engine.run, 0, false);
	executor_local.finish(w->local); /* waits for it */
	if (w->at) {
		unlink(arena_printf(&w->arena, "%s/engine", w->place));
		file_remove_tree(w->at);
	}
	map_finish(&w->taken);
	vec_finish(&w->jobs);
	vec_finish(&w->later);
	vec_finish(&w->news);
	close(w->timer);
	close(w->wake);
	arena_finish(&w->arena);
	free(w);
}

/* -- after a crash -------------------------------------------------------------------------------------------------------- */

/* The engine's run that an attempt belongs to; 0: it never came so far. */
static int64_t engine_run(struct arena *a, const struct executor_host *host, const struct executor_attempt *attempt)
{
	const char *record = link_target(a, arena_printf(a, "%s/record", script_folder(a, host->state, attempt->run, attempt->number)));
	size_t n = strlen(host->state);
	int64_t run;
	return record && strncmp(record, host->state, n) == 0 && sscanf(record + n, "/work/%" SCNd64 "-0/", &run) == 1 ? run : 0;
}

static bool cwl_find(const struct executor_host *host, struct executor_attempt *attempts, uint32_t n, char *ret_error, size_t error_len)
{
	struct arena a = { 0 };
	struct executor_attempt engine = { 0 };
	for (uint32_t i = 0; i < n; i++) {
		struct executor_attempt *x = &attempts[i];
		int64_t run = engine_run(&a, host, x);
		x->found = EXECUTOR_GONE;
		if (!run)
			continue;
		if (run != engine.run) {
			engine = (struct executor_attempt){ .run = run };
			executor_local.find(host, &engine, 1, ret_error, error_len); /* before the record is read: what a dead engine left is all there is */
		}
		if (collect(script_folder(&a, host->state, x->run, x->number), 0, &x->end))
			x->found = EXECUTOR_FOUND_ENDED;
		else if (engine.found == EXECUTOR_ALIVE)
			x->found = EXECUTOR_ALIVE;
	}
	arena_finish(&a);
	return true;
}

static void cwl_kill(const struct executor_host *host, const struct executor_attempt *attempts, uint32_t n)
{
	struct arena a = { 0 };
	int64_t last = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct executor_attempt engine = { .run = engine_run(&a, host, &attempts[i]) };
		if (attempts[i].found == EXECUTOR_FOUND_ENDED || !engine.run || engine.run == last)
			continue;
		executor_local.find(host, &engine, 1, NULL, 0);
		if (attempts[i].found == EXECUTOR_ALIVE || engine.found != EXECUTOR_ALIVE) /* else it runs for others */
			executor_local.kill(host, &engine, 1);
		last = engine.run;
	}
	arena_finish(&a);
}

/* Of what a target cannot know: how this executor follows an engine's jobs. */
static bool cwl_accepts(const struct executor_host *host, const struct executor_wish *w, char *ret_why, size_t why_len)
{
	(void)host;
	if (w->kind && strncmp(w->kind, "local.", 6) != 0)
		snprintf(ret_why, why_len, "it belongs on `%s`, a `%s`, and a CWL engine has its own places", w->place, w->kind);
	else if (w->cwl)
		snprintf(ret_why, why_len, "it is CWL already, whose jobs cannot be told apart");
	else if (w->container)
		snprintf(ret_why, why_len, "it runs in a container, out of which nothing is heard of its end");
	else if (w->n_modules > 0)
		snprintf(ret_why, why_len, "it loads environment modules, which CWL engines only know as a hint");
	else
		return true;
	return false;
}

const struct executor executor_cwl = {
	.name = "cwl", .doc = "a CWL engine, to which the whole workflow goes", .most = MOST, .whole = "cwl", .whole_engine = cwl_engine,
	.accepts = cwl_accepts, .start = cwl_start, .submit = cwl_submit, .fd = cwl_fd, .poll = cwl_poll, .cancel = cwl_cancel, .finish = cwl_finish,
	.find = cwl_find, .adopt = cwl_adopt, .kill = cwl_kill,
};
