#include "cli/still.h"
#include "runtime/report/report.h"
#include "runtime/state/stamp.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STILL_MAX_BYTES ((size_t)256 << 20)
#define YOUNG_S 1 /* a source that changed while it was read would look the same within one tick of the clock */

/* -- the request --------------------------------------------------------------------------------------------------------- */

static void put_word(struct buf *b, const char *word)
{
	buf_printf(b, "%zu:%s,", word ? strlen(word) : 0, word ? word : "");
}

/* All that an apply's outcome may rest on, but files. */
static void request_digest(struct cli *c, const char *file, const char *results, struct digest_hex *ret)
{
	struct buf b = {0};
	put_word(&b, TWINC_VERSION " " TWINC_COMMIT);
	put_word(&b, cli_absolute(c, file));
	put_word(&b, c->workflow);
	put_word(&b, c->scenario);
	put_word(&b, c->on);
	put_word(&b, results);
	for (uint32_t i = 0; i < c->bindings.len; i++) {
		put_word(&b, c->bindings.at[i].name);
		put_word(&b, c->bindings.at[i].text);
	}
	put_word(&b, cli_absolute(c, ".")); /* where bound paths start from */
	for (uint32_t i = 0; i < c->inputs.len; i++)
		put_word(&b, c->inputs.at[i]);
	for (uint32_t i = 0; i < c->secrets.len; i++)
		put_word(&b, c->secrets.at[i].name);
	digest_bytes(buf_text(&b), b.len, ret);
	buf_finish(&b);
}

/* -- reading -------------------------------------------------------------------------------------------------------------- */

static char *next_line(char **at)
{
	char *line = *at, *end = strchr(line, '\n');
	if (!end)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return line;
}

/* "WORD\tA\tB" taken apart in place. */
static bool split(char *line, char **ret_word, char **ret_a, char **ret_b)
{
	char *a = strchr(line, '\t'), *b = a ? strchr(a + 1, '\t') : NULL;
	if (!b)
		return false;
	*a = *b = '\0';
	*ret_word = line;
	*ret_a = a + 1;
	*ret_b = b + 1;
	return true;
}

static bool path_holds(const char *path, const char *stamp)
{
	char now[STAMP_LEN];
	return stamp_path(path, now) == 0 && strcmp(now, stamp) == 0;
}

static void tell(struct cli *c, char *text, uint32_t tasks)
{
	struct report_options o = {.style = REPORT_LINES, .fd = STDERR_FILENO, .colour = cli_colour(c, stderr), .quiet = c->quiet};
	struct report *report = report_create(&o);
	struct run_listener l = report_listener(report);
	char *word, *a, *b;
	for (char *line; (line = next_line(&text)) != NULL;) {
		if (!split(line, &word, &a, &b))
			continue;
		if (strcmp(word, "gate") == 0)
			l.hear(&(struct run_event){.kind = EVENT_GATE, .task = a, .text = b, .duration_ms = -1, .exit = -1}, l.ctx);
		else if (strcmp(word, "end") == 0)
			l.hear(&(struct run_event){.kind = EVENT_RUN_DONE, .workflow = a, .text = "done", .duration_ms = 0, .exit = -1, .counts = {.tasks = tasks, .cached = tasks}}, l.ctx);
	}
	report_destroy(report);
}

bool still_holds(struct cli *c, const char *file, const char *state, const char *results)
{
	struct digest_hex request;
	char *text, *at, *word, *a, *b, *line;
	size_t len;
	uint32_t tasks = 0;
	bool ended = false;
	if (c->json || c->verbose || file_exists(arena_printf(&c->arena, "%s/journal.db-wal", state)) ||
	    file_read(&c->arena, arena_printf(&c->arena, "%s/still", state), STILL_MAX_BYTES, &text, &len) != 0)
		return false;
	char *told = arena_strndup(&c->arena, text, len);
	request_digest(c, file, results, &request);
	at = text;
	line = next_line(&at);
	if (!line || !split(line, &word, &a, &b) || strcmp(word, "still 1") != 0 || strcmp(a, request.text) != 0)
		return false;
	while ((line = next_line(&at)) != NULL) {
		if (!split(line, &word, &a, &b))
			return false;
		if (strcmp(word, "path") == 0 && !path_holds(b, a))
			return false;
		if (strcmp(word, "end") == 0) {
			tasks = (uint32_t)strtoul(b, NULL, 10);
			ended = true;
		}
	}
	if (ended)
		tell(c, told, tasks);
	return ended;
}

/* -- recording ------------------------------------------------------------------------------------------------------------ */

static void put_line(struct still *s, const char *word, const char *a, const char *b)
{
	s->bad = s->bad || strpbrk(a, "\t\n") || strchr(b, '\n');
	buf_printf(&s->text, "%s\t%s\t%s\n", word, a, b);
}

static void hear(const struct run_event *e, void *ctx)
{
	struct still *s = ctx;
	if (e->kind == EVENT_GATE)
		put_line(s, "gate", e->task, e->text ? e->text : "");
	else if (e->kind == EVENT_PROBLEM || e->kind == EVENT_TASK_SKIPPED)
		s->bad = true; /* there is more to say than this record holds */
	else if (e->kind == EVENT_RUN_DONE)
		put_line(s, "end", e->workflow ? e->workflow : "", arena_printf(s->arena, "%u", e->counts.tasks));
	s->inner.hear(e, s->inner.ctx);
}

static void tick(void *ctx)
{
	struct still *s = ctx;
	s->inner.tick(s->inner.ctx);
}

struct run_listener still_listener(struct still *s, struct run_listener inner)
{
	s->inner = inner;
	return (struct run_listener){.hear = hear, .tick = inner.tick ? tick : NULL, .ctx = s};
}

static void each_seen(const char *path, const char *stamp, void *ctx)
{
	put_line(ctx, "path", stamp, path);
}

/* A file that the compiler read: it must be older than this run, else it may have changed since. */
static void put_source(struct still *s, struct cli *c, const char *path)
{
	struct stat st;
	char stamp[STAMP_LEN];
	const char *full = cli_absolute(c, path);
	if (stat(full, &st) != 0 || stamp_path(full, stamp) != 0 || st.st_mtim.tv_sec + YOUNG_S >= time(NULL))
		s->bad = true;
	else
		put_line(s, "path", stamp, full);
}

/* What looks beyond files when it is compiled, or reads files that are not known here. */
static bool looks_elsewhere(const struct plan *plan)
{
	for (uint32_t i = 1; i < plan->sources->list.len; i++)
		if (strstr(plan->sources->list.at[i].text, "env(") || strstr(plan->sources->list.at[i].text, "now("))
			return true;
	for (uint32_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].extra)
			return true;
	return false;
}

void still_note(struct still *s, struct cli *c, const char *file, const struct run *r, const struct plan *plan)
{
	s->bad = s->bad || looks_elsewhere(plan) || strcmp(file, "-") == 0;
	for (uint32_t i = 1; i < plan->sources->list.len && !s->bad; i++) {
		const char *path = plan->sources->list.at[i].path;
		if (strncmp(path, "std/", 4) != 0 || file_exists(path)) /* those of the standard library are in the program */
			put_source(s, c, path);
	}
	for (uint32_t i = 0; i < c->inputs.len && !s->bad; i++)
		put_source(s, c, c->inputs.at[i]);
	run_each_seen(r, each_seen, s);
}

void still_write(struct still *s, struct cli *c, const char *file, const char *state, const char *results, bool ended_well)
{
	const char *path = arena_printf(&c->arena, "%s/still", state), *journal = arena_printf(&c->arena, "%s/journal.db", state);
	char stamp[STAMP_LEN];
	if (ended_well && !s->bad && !s->text.full && stamp_path(journal, stamp) == 0) {
		struct digest_hex request;
		struct buf whole = {0};
		request_digest(c, file, results, &request);
		buf_printf(&whole, "still 1\t%s\t\n", request.text);
		buf_add(&whole, s->text.text, s->text.len);
		buf_printf(&whole, "path\t%s\t%s\n", stamp, journal);
		file_write(path, whole.text, whole.len, NULL);
		buf_finish(&whole);
	} else {
		unlink(path);
	}
	buf_finish(&s->text);
}
