/* kill -9 of the main process, after every commit of its journal and at random moments; then the run is resumed. No task
 * may end twice, none may run twice at once, and the outputs must be those of an undisturbed run. */
#include "compiler/base/digest.h"
#include "compiler/base/file.h"
#include "runtime/executor/executors.h"
#include "runtime/run/run.h"
#include "tests/run/fixture.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BRANCHES 10
#define TAIL 9
#define TASKS (2 * BRANCHES + 1 + TAIL)


/* Each task says that it ended, and whether it found itself running already. */
static uint32_t step(struct fixture *f, const char *name, const struct type *from, const char *script)
{
	uint32_t s = fixture_step(f, name);
	fixture_input(f, s, "folder", &type_string);
	fixture_input(f, s, "tenth", &type_int);
	fixture_input(f, s, "from", from);
	fixture_output(f, s, "out", "out.txt");
	char text[600];
	snprintf(text, sizeof text, "%s%s%s", "exec 9> {folder}/lock/$TWIN_TASK\nflock -n 9 || echo twice >> {folder}/log\nsleep 0.0{tenth}\n", script,
		 "\necho \"end $TWIN_TASK\" >> {folder}/log\n");
	fixture_script(f, s, arena_strdup(&f->arena, text));
	return s;
}

static const struct expr *out_of(struct fixture *f, uint32_t slot)
{
	return x_member(f, x_slot(f, slot, true), "out");
}

static void build(struct fixture *f, const char *folder)
{
	fixture_init(f);
	const struct type *file = type_path(&f->arena, TYPE_FILE, NULL);
	const struct expr *where = x_string(f, folder);
	uint32_t w = fixture_workflow(f, "main"), block = f->plan.workflows[w].block;
	uint32_t make = step(f, "make", &type_int, "echo number {from} > {out}");
	uint32_t work = step(f, "work", file, "sed s/number/worked/ {from} > {out}\necho more >> {out}");
	uint32_t join = step(f, "join", type_list(&f->arena, file), "cat {from} > {out}");
	uint32_t loop = fixture_node(f, PLAN_FOR, block, "for"), inner = fixture_block(f, block, loop);
	uint32_t i = fixture_slot(f, inner, "i", PLAN_SLOT_ELEMENT);
	f->plan.nodes[loop].subject = x_two(f, EXPR_RANGE, x_int(f, 1), x_int(f, BRANCHES));
	f->plan.nodes[loop].inner = inner;
	f->plan.nodes[loop].element = i;
	uint32_t a = fixture_call(f, inner, "a", make, ARGS(where, x_int(f, 1), x_slot(f, i, false)));
	uint32_t b = fixture_call(f, inner, "b", work, ARGS(where, x_int(f, 2), out_of(f, a)));
	uint32_t all = fixture_slot(f, block, "b", PLAN_SLOT_EXPORT);
	fixture_export(f, loop, b, all, false);
	uint32_t last = fixture_call(f, block, "joined", join, ARGS(where, x_int(f, 1), out_of(f, all)));
	for (int k = 0; k < TAIL; k++)
		last = fixture_call(f, block, arena_printf(&f->arena, "tail%d", k), work, ARGS(where, x_int(f, 1), out_of(f, last)));
	fixture_workflow_output(f, w, "all", type_list(&f->arena, file), out_of(f, all));
	fixture_workflow_output(f, w, "last", file, out_of(f, last));
}

/* -- one process that applies ---------------------------------------------------------------------------------------- */

struct hook { int commits, kill_at; };

static void after_commit(void *ctx)
{
	struct hook *h = ctx;
	if (++h->commits == h->kill_at)
		raise(SIGKILL);
}

static void apply(const char *folder, int kill_at)
{
	struct fixture f;
	struct hook hook = { 0, kill_at };
	char state[300], results[300], path[320], error[200];
	enum journal_fault fault;
	int signal_number;
	build(&f, folder);
	snprintf(state, sizeof state, "%s/.twin", folder);
	snprintf(results, sizeof results, "%s/results", folder);
	snprintf(path, sizeof path, "%s/journal.db", state);
	file_mkdirs(state);
	struct journal_options jo = { .path = path, .after_commit = after_commit, .ctx = &hook };
	struct journal *j = journal_open(&jo, &fault, error, sizeof error);
	if (!j) {
		fprintf(stderr, "journal: %s\n", error);
		_exit(3);
	}
	struct run_options o = { .plan = &f.plan, .workflow = 0, .state = state, .results = results, .journal = j, .executor = &executor_local,
				 .cpus = 6 };
	struct run *r = run_create(&o);
	enum run_verdict v = run_loop(r, &signal_number);
	for (struct diag *d = run_diags(r)->first; d; d = d->next) {
		fprintf(stderr, "%s\n", d->message);
		for (struct diag_note *n = d->notes; n; n = n->next)
			fprintf(stderr, "  %s\n", n->text);
	}
	run_destroy(r);
	journal_close(j);
	fixture_finish(&f);
	snprintf(path, sizeof path, "%s/commits", folder);
	FILE *count = fopen(path, "w");
	fprintf(count, "%d", hook.commits);
	fclose(count);
	_exit(v == RUN_DONE ? 0 : 1);
}

/* The exit code, or -1: killed. After kill_ms, unless that is -1. */
static int apply_process(const char *folder, int kill_at, int kill_ms)
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		apply(folder, kill_at);
	if (kill_ms >= 0) {
		poll(NULL, 0, kill_ms);
		kill(pid, SIGKILL);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Every keeper of the folder that still lives. */
static void kill_keepers(const char *folder)
{
	for (int run = 1; run < 50; run++) {
		char path[300];
		int pid;
		snprintf(path, sizeof path, "%s/.twin/keeper/%d.receipts", folder, run);
		FILE *f = fopen(path, "r");
		if (f && fscanf(f, "open %d", &pid) == 1) {
			snprintf(path, sizeof path, "/proc/%d/comm", pid);
			char name[32] = "";
			FILE *comm = fopen(path, "r");
			if (comm && fgets(name, sizeof name, comm) && strncmp(name, "twinc-keeper", 12) == 0)
				kill(pid, SIGKILL);
			if (comm)
				fclose(comm);
		}
		if (f)
			fclose(f);
	}
}

/* -- judging ---------------------------------------------------------------------------------------------------------- */

static int failures;

static void complain(const char *what, const char *folder, const char *detail)
{
	printf("FAIL %s: %s (%s)\n", what, detail, folder);
	failures++;
}

/* loose: what was not recorded when its keeper died may end again. */
static void judge(const char *what, const char *folder, bool loose)
{
	struct arena a = { 0 };
	char *text = NULL;
	size_t len;
	int ends = 0;
	if (file_read(&a, arena_printf(&a, "%s/log", folder), 1 << 20, &text, &len) != 0) {
		complain(what, folder, "no log");
		return;
	}
	struct map seen;
	map_init(&seen);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (strcmp(line, "twice") == 0)
			complain(what, folder, "a task ran twice at once");
		else if (map_set(&seen, line, line) && !loose)
			complain(what, folder, arena_printf(&a, "twice: %s", line));
	}
	ends = (int)seen.len;
	map_finish(&seen);
	if (ends != TASKS)
		complain(what, folder, arena_printf(&a, "%d tasks ended instead of %d", ends, TASKS));
	struct digest_hex digest;
	static struct digest_hex undisturbed;
	if (digest_tree(arena_printf(&a, "%s/results", folder), &digest) != 0)
		complain(what, folder, "no results");
	else if (!*undisturbed.text)
		undisturbed = digest;
	else if (strcmp(undisturbed.text, digest.text) != 0)
		complain(what, folder, "other results than those of an undisturbed run");
	arena_finish(&a);
}

static char *fresh(const char *root, int n)
{
	static char folder[256];
	char lock[300];
	snprintf(folder, sizeof folder, "%s/%d", root, n);
	snprintf(lock, sizeof lock, "%s/lock", folder);
	file_mkdirs(lock);
	return folder;
}

static int read_commits(const char *folder)
{
	int n = 0;
	char path[300];
	snprintf(path, sizeof path, "%s/commits", folder);
	FILE *f = fopen(path, "r");
	if (!f || fscanf(f, "%d", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	return n;
}

int main(int argc, char **argv)
{
	char root[] = "/tmp/twinc-crash-XXXXXX";
	int at = 0, step_by = argc > 1 ? atoi(argv[1]) : 1;
	if (!mkdtemp(root))
		return 1;
	const char *folder = fresh(root, at++);
	if (apply_process(folder, 0, -1) != 0)
		complain("undisturbed", folder, "it failed");
	judge("undisturbed", folder, false);
	int commits = read_commits(folder);
	for (int n = 1; n <= commits && failures < 5; n += step_by) { /* once, after every commit */
		folder = fresh(root, at++);
		apply_process(folder, n, -1);
		if (apply_process(folder, 0, -1) != 0)
			complain("killed after a commit", folder, "resuming failed");
		judge("killed after a commit", folder, false);
	}
	for (int n = 2; n <= 8 && failures < 5; n += step_by) { /* again and again, every n commits */
		folder = fresh(root, at++);
		int code = -1;
		for (int tries = 0; code != 0 && tries < 100; tries++)
			code = apply_process(folder, n, -1);
		judge("killed again and again", folder, false);
	}
	srand(1);
	int hits = 0;
	for (int n = 0; hits < 210 / step_by && failures < 5; n++) { /* 210 times at any moment while it is at work */
		folder = fresh(root, at++);
		for (int k = 0; k < 3; k++)
			hits += apply_process(folder, 0, rand() % 150) == -1;
		if (apply_process(folder, 0, -1) != 0)
			complain("killed at a random moment", folder, "resuming failed");
		judge("killed at a random moment", folder, false);
	}
	for (int n = 0; n < 10 && failures < 5; n += step_by) { /* the keeper as well */
		folder = fresh(root, at++);
		for (int k = 0; k < 3; k++) {
			apply_process(folder, 0, 20 + rand() % 130);
			kill_keepers(folder);
		}
		if (apply_process(folder, 0, -1) != 0)
			complain("keeper killed", folder, "resuming failed");
		judge("keeper killed", folder, true);
	}
	printf("%d commits, %d folders, %d random kills, %d failures\n", commits, at, hits, failures);
	if (failures == 0)
		file_remove_tree(root);
	return failures > 0;
}
