/* report: a run to look at: an HTML file that needs nothing else, its timeline, its numbers. */
#include "cli/graph_states.h"
#include "cli/state.h"
#include "compiler/base/file.h"
#include "runtime/page/listen.h"
#include "runtime/page/page.h"
#include "runtime/report/report.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_BYTES 6000
#define AGAIN_S 5
#define TOKEN_BYTES ((size_t)4 << 10)
#define TOKEN_MIN 16

struct gathered {
	struct cli *c;
	const char *state;
	struct journal_run run;
	VEC(struct journal_task) tasks;
	VEC(struct journal_gate) gates;
};

static const char *kept(struct gathered *g, const char *text)
{
	return text ? arena_strdup(&g->c->arena, text) : NULL;
}

static bool add_task(const struct journal_task *t, void *ctx)
{
	struct gathered *g = ctx;
	struct journal_task *x = vec_push(&g->tasks);
	*x = *t;
	x->name = kept(g, t->name);
	x->step = kept(g, t->step);
	x->key = NULL;
	x->reason = kept(g, t->reason);
	x->place = kept(g, t->place);
	x->workflow = kept(g, t->workflow);
	x->lane = kept(g, t->lane);
	x->waits = kept(g, t->waits);
	return true;
}

static bool add_gate(const struct journal_gate *gate, void *ctx)
{
	struct gathered *g = ctx;
	if (strcmp(gate->workflow, g->run.workflow) == 0)
		*vec_push(&g->gates) = (struct journal_gate){ kept(g, gate->workflow), kept(g, gate->name), NULL, kept(g, gate->state), kept(g, gate->text), gate->at_ms };
	return true;
}

/* The end of what a task wrote, of its errors first. */
static const char *log_end(const struct journal_task *t, void *ctx)
{
	struct gathered *g = ctx;
	for (int err = 1; err >= 0; err--) {
		struct stat st;
		char *text = arena_alloc(&g->c->arena, LOG_BYTES + 1);
		int fd = open(run_log_path(&g->c->arena, g->state, t->workflow, t->name, t->attempt, err), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		ssize_t n = 0;
		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
			n = pread(fd, text, LOG_BYTES, st.st_size > LOG_BYTES ? st.st_size - LOG_BYTES : 0);
		if (fd >= 0)
			close(fd);
		text[n > 0 ? n : 0] = 0;
		if (n > 0)
			return text;
	}
	return NULL;
}

/* The plan with the states of this run, or NULL where the twin does not compile any more. */
static const char *draw_graph(struct cli *c, const char *file, const char *workflow, char **ret_twin)
{
	const struct value **inputs;
	uint32_t at;
	int code;
	struct graph g;
	struct buf dot = { 0 }, svg = { 0 };
	c->partial = true;
	c->workflow = workflow;
	struct plan *plan = cli_plan(c, file, &at, &inputs, &code);
	if (!plan)
		return NULL;
	*ret_twin = arena_strdup(&c->arena, plan->twin);
	graph_init(&g, &c->arena, plan, at, graph_states_read(c, file, plan), false);
	graph_dot(&g, &dot);
	char why[512];
	const char *text = graph_draw(buf_text(&dot), "svg", &svg, why, sizeof why) ? arena_strdup(&c->arena, buf_text(&svg)) : NULL;
	if (!text)
		fprintf(stderr, "the report has no picture of the workflow: %s\n", why);
	graph_finish(&g);
	buf_finish(&dot);
	buf_finish(&svg);
	plan_destroy(plan);
	return text;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n > m && strcmp(text + n - m, end) == 0;
}

static void print_usage(const struct page *p, struct cli *c, struct buf *b)
{
	uint32_t n;
	const struct usage *u = page_usage(p, &c->arena, &n);
	buf_printf(b, "run %" PRId64 " of %s: %s\n", p->run->id, p->run->workflow, p->state);
	if (n > 0)
		buf_printf(b, "  %-20s %6s %9s %9s %5s %10s %10s  %s\n", "step", "tasks", "median", "longest", "cpus", "asked", "most used", "for the next run");
	for (uint32_t i = 0; i < n; i++) {
		struct buf asked = { 0 }, used = { 0 };
		if (u[i].memory_bytes)
			page_bytes(u[i].memory_bytes, &asked);
		if (u[i].peak_bytes)
			page_bytes(u[i].peak_bytes, &used);
		buf_printf(b, "  %-20s %6u %9s %9s %5u %10s %10s", u[i].step, u[i].n, cli_duration(c, u[i].median_ms), cli_duration(c, u[i].max_ms), u[i].cpus,
			   buf_text(&asked), buf_text(&used));
		if (u[i].suggested_bytes)
			buf_printf(b, "  memory = %" PRIu64 "MiB", u[i].suggested_bytes >> 20);
		buf_putc(b, '\n');
		buf_finish(&asked);
		buf_finish(&used);
	}
}

/* All that the journal has of the run; page_free gives it back. Else the exit code, said why. */
static int page_load(struct gathered *g, const char *file, struct page *ret)
{
	struct cli *c = g->c;
	struct cli_lock holder;
	int code = CLI_WRONG;

	g->state = cli_state(c, file);
	struct journal *j = cli_journal_look(c, g->state, &code);
	if (!j)
		return code;
	if (!cli_run(c, j, &g->run)) {
		journal_close(j);
		return CLI_WRONG;
	}
	journal_task_each(j, g->run.id, add_task, g);
	journal_gate_each(j, add_gate, g);
	journal_close(j);
	bool live = cli_lock_holder(c, g->state, &holder) && holder.pid == g->run.pid;
	*ret = (struct page){ .twin = file_basename(&c->arena, file), .file = file_basename(&c->arena, file), .run = &g->run, .tasks = g->tasks.at, .n_tasks = g->tasks.len,
			      .gates = g->gates.at, .n_gates = g->gates.len, .log = log_end, .ctx = g };
	ret->state = strcmp(g->run.state, "running") == 0 && !live ? "broken off" : g->run.state;
	ret->now_ms = g->run.end_ms ? g->run.end_ms : report_now_ms();
	return CLI_DONE;
}

static void page_free(struct gathered *g)
{
	vec_finish(&g->tasks);
	vec_finish(&g->gates);
}

static void put_html(struct cli *c, const char *file, struct page *p, struct buf *b)
{
	char *twin = NULL;

	p->graph = draw_graph(c, file, p->run->workflow, &twin);
	p->twin = twin ? twin : p->twin;
	page_html(p, b);
}

static int write_page(struct cli *c, const char *file, struct page *p)
{
	struct buf b = { 0 };

	if (!c->output)
		print_usage(p, c, &b);
	else if (ends_with(c->output, ".html"))
		put_html(c, file, p, &b);
	else if (ends_with(c->output, ".svg"))
		page_timeline(p, &b);
	else
		page_metrics(p, &b);
	int e = c->output ? file_write(c->output, buf_text(&b), b.len, NULL) : 0;
	if (!c->output)
		cli_print(&b);
	buf_finish(&b);
	if (e)
		return cli_fail("cannot write \"%s\": %s", c->output, strerror(e));
	if (c->output && !c->quiet)
		fprintf(stderr, "wrote %s\n", c->output);
	return CLI_DONE;
}

/* -- listening --------------------------------------------------------------------------------------------------------- */

struct listening {
	struct cli *c;
	const char *file, *token;
};

static volatile sig_atomic_t told_to_stop;

static void note_signal(int number)
{
	told_to_stop = number;
}

/* Each request looks anew, with memory of its own. */
static unsigned answer(const char *path, struct buf *ret, const char **ret_type, void *ctx)
{
	static const struct { const char *path, *type; } pages[] = {
		{ "/", "text/html; charset=utf-8" }, { "/timeline.svg", "image/svg+xml" }, { "/metrics", "text/plain; version=0.0.4; charset=utf-8" },
	};
	struct listening *l = ctx;
	size_t which = 0;

	while (which < sizeof pages / sizeof *pages && strcmp(path, pages[which].path) != 0)
		which++;
	if (which == sizeof pages / sizeof *pages) {
		buf_puts(ret, "there is /, /timeline.svg and /metrics\n");
		return 404;
	}
	struct cli c = *l->c;
	struct gathered g = { .c = &c };
	struct page p;
	c.arena = (struct arena){ 0 };
	bool ok = page_load(&g, l->file, &p) == CLI_DONE;
	if (ok) {
		p.again_s = p.run->end_ms ? 0 : AGAIN_S;
		*ret_type = pages[which].type;
		if (which == 0)
			put_html(&c, l->file, &p, ret);
		else if (which == 1)
			page_timeline(&p, ret);
		else
			page_metrics(&p, ret);
	} else {
		buf_puts(ret, "there is no run yet\n");
	}
	page_free(&g);
	arena_finish(&c.arena);
	return ok ? 200 : 503;
}

static void say_ready(const char *address, void *ctx)
{
	struct listening *l = ctx;

	if (l->c->token)
		printf("http://%s/ with the token of %s\n", address, l->c->token);
	else
		printf("http://%s/?token=%s\n", address, l->token);
	fflush(stdout);
}

/* The first line of --token; a new one without. NULL: said why. */
static const char *find_token(struct cli *c, bool loopback)
{
	char made[33], *text;
	size_t len;

	if (!c->token && !loopback) {
		cli_usage(c, "--listen %s is seen by other machines: say with --token FILE what who looks must know, and let a proxy do TLS", c->listen);
		return NULL;
	}
	if (!c->token) {
		listen_token(made);
		return arena_strdup(&c->arena, made);
	}
	int e = file_read(&c->arena, c->token, TOKEN_BYTES, &text, &len);
	if (e) {
		cli_usage(c, "cannot read \"%s\": %s", c->token, strerror(e));
		return NULL;
	}
	text[strcspn(text, "\r\n")] = 0;
	if (strlen(text) < TOKEN_MIN) {
		cli_usage(c, "the token in \"%s\" has %zu characters; at least %d are wanted", c->token, strlen(text), TOKEN_MIN);
		return NULL;
	}
	return text;
}

static int serve(struct cli *c, const char *file)
{
	struct sigaction act = { .sa_handler = note_signal };
	struct listening l = { .c = c, .file = file };
	char error[300];
	bool loopback;

	if (!listen_parse(c->listen, &loopback))
		return cli_usage(c, "--listen %s: an address and a port are wanted, as 127.0.0.1:9464 or [::1]:0", c->listen);
	l.token = find_token(c, loopback);
	if (!l.token)
		return CLI_USAGE;
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	struct listen o = { .address = c->listen, .token = l.token, .answer = answer, .ready = say_ready, .ctx = &l };
	if (!listen_run(&o, &told_to_stop, error, sizeof error))
		return cli_fail("%s", error);
	return told_to_stop ? 128 + told_to_stop : CLI_DONE;
}

int verb_report(struct cli *c)
{
	struct gathered g = { .c = c };
	struct page p;
	const char *file = cli_file(c);

	if (!file)
		return CLI_USAGE;
	if (c->output && !ends_with(c->output, ".html") && !ends_with(c->output, ".svg") && !ends_with(c->output, ".prom"))
		return cli_usage(c, "\"%s\": a report ends in .html, its timeline alone in .svg, its numbers for Prometheus in .prom", c->output);
	if (c->listen && c->output)
		return cli_usage(c, "--listen serves all of it: there is nothing to write");
	if (c->token && !c->listen)
		return cli_usage(c, "--token belongs to --listen");
	if (c->listen)
		return serve(c, file);
	int code = page_load(&g, file, &p);
	if (code == CLI_DONE)
		code = write_page(c, file, &p);
	page_free(&g);
	return code;
}
