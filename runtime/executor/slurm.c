/* Slurm: what is ready together and alike is one array; one squeue a look for everything. Jobs are found again by their names, which
 * carry the state folder, the run and the batch; which element an attempt is stands in its folder (FOLDER/job), written before
 * sbatch is asked. Nodes must see the state folder. What Slurm is asked, and how: slurm_queue.h. */
#include "runtime/executor/container.h"
#include "runtime/executor/engine.h"
#include "runtime/executor/executors.h"
#include "runtime/executor/script.h"
#include "runtime/executor/slurm_queue.h"
#include "runtime/executor/ssh_stage.h"
#include "compiler/base/bug.h"
#include "compiler/base/buf.h"
#include "compiler/base/file.h"
#include "compiler/base/map.h"
#include "compiler/doc/quote.h"
#include "compiler/plan/plan.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_MIN_MS 100   /* at files; at the queue it is the least that the back-off begins with */
#define QUERY_MIN_MS 250
#define QUERY_BUSY_MS 1000 /* while jobs start and end */
#define QUERY_MAX_MS 10000
#define SETTLE_MS 10000   /* for what a node wrote to be seen here; for a job that nobody knows to be given up */
#define ACCOUNT_MS 120000 /* the same, where there is accounting: it is late, and may be away */
#define ARRAY_MAX 1000    /* MaxArraySize is 1001 unless a site says otherwise */
#define JOB_MS 60000      /* how long a job of many short tasks is to take */
#define SLOTS 64          /* tasks at once, where the twin does not say how large the partition is */
#define PACK_MAX 1000

struct slurm_job { struct batch *batch; uint32_t index; };
struct batch { /* an array, or one job */
	char name[96];
	uint32_t per; /* tasks in each element, one after the other */
	VEC(struct engine_job *) jobs; /* while it is not submitted */
	bool staged;               /* what it needs is there */
	bool submitted, cancelled; /* cancelled: some of its jobs, which are no more */
	uint64_t next_ms; /* when sbatch is asked again */
	uint32_t tries;
};
struct slurm {
	struct arena arena;
	const char *prefix;  /* of the names of all our jobs */
	struct slurm_way way;
	struct ssh_stage *stage; /* NULL: nodes see the state folder */
	const char *account;
	VEC(struct batch *) batches;
	uint32_t n_batches;
	uint64_t query_ms, interval_ms;
};

/* FOLDER/job: "NAME INDEX ID", the id once sbatch told it. */
static void write_known(struct arena *a, const struct engine_job *j, const char *id)
{
	const struct slurm_job *own = j->own;
	const char *text = arena_printf(a, "%s %u %s\n", own->batch->name, own->index, id);
	file_write(arena_printf(a, "%s/job", j->task.folder), text, strlen(text), NULL);
}

/* -- submitting ------------------------------------------------------------------------------------------------------ */

static const char *partition_of(const struct executor_host *host, const struct executor_task *t)
{
	const char *dot = t->place ? strchr(t->place, '.') : NULL;
	return dot ? dot + 1 : t->place ? NULL : host->option;
}

static const struct doc *part_attributes(const struct executor_host *host, const char *part)
{
	return host->thing && part ? doc_get(doc_get(host->thing->attributes, "partition"), part) : NULL;
}

static uint32_t elements(const struct batch *b)
{
	return (b->jobs.len + b->per - 1) / b->per;
}

static struct slurm_options options_of(const struct engine_context *c, const struct batch *batch)
{
	const struct executor_task *t = &batch->jobs.at[0]->task;
	const char *part = partition_of(c->host, t);
	const struct doc *d = part_attributes(c->host, part);
	return (struct slurm_options){
		.name = batch->name, .partition = part, .account = ((struct slurm *)c->own)->account, .qos = doc_text(doc_get(d, "qos"), NULL),
		.constraint = doc_text(doc_get(d, "constraint"), NULL), .cpus = t->cpus, .gpus = t->gpus, .elements = elements(batch),
		.memory_mib = (t->memory_bytes + 1048575) / 1048576,
		.minutes = t->time_ms ? (t->time_ms + 59999) / 60000 * batch->per + 1 : 0, /* and one more: the task's own limit comes first */
	};
}

static void put_body(const struct batch *batch, const char *list, struct buf *b)
{
	if (batch->per == 1) {
		buf_puts(b, "folder=$(sed -n \"$((${SLURM_ARRAY_TASK_ID:-0} + 1))p\" ");
		quote_sh(list, strlen(list), b);
		buf_puts(b, ")\nexec /bin/sh \"$folder/task\"\n");
		return;
	}
	buf_printf(b, "from=$((${SLURM_ARRAY_TASK_ID:-0} * %u + 1))\nsed -n \"$from,$((from + %u))p\" ", batch->per, batch->per - 1);
	quote_sh(list, strlen(list), b);
	buf_puts(b, " | while IFS= read -r folder; do\n\t/bin/sh \"$folder/task\" </dev/null\ndone\n");
}

/* How many of n tasks like this one go into a job: short ones together for about a minute, as long as no node stays idle for it. */
static uint32_t slurm_share(const struct executor_host *host, const struct executor_task *t, uint32_t n)
{
	const char *part = t->place;
	uint32_t slots = SLOTS;
	if (host->tasks_per_job)
		return host->tasks_per_job < PACK_MAX ? host->tasks_per_job : PACK_MAX;
	if (t->expected_ms < 0 || t->expected_ms * 3 > JOB_MS)
		return 1;
	for (uint32_t i = 0; host->thing && part && i < host->thing->n_parts; i++)
		if (strcmp(host->thing->parts[i].name, part) == 0 && host->thing->parts[i].cpus >= t->cpus)
			slots = host->thing->parts[i].nodes_high * (host->thing->parts[i].cpus / t->cpus);
	uint32_t per = (uint32_t)(JOB_MS / (t->expected_ms > 60 ? t->expected_ms : 60)), most = slots ? (n + slots - 1) / slots : 1;
	return per < most ? per : most;
}

struct batch_text { const char *path, *list_path, *script, *list; }; /* NAME.sh and NAME.list, one folder a line, as nodes see them */

static struct batch_text text_of(struct engine_context *c, const struct batch *batch, const struct slurm_options *o, struct arena *a)
{
	const struct slurm *s = c->own;
	const char *folder = s->stage ? arena_printf(a, "%s/batch", s->stage->link.root) : arena_printf(a, "%s/slurm", c->host->state);
	struct batch_text ret = { .path = arena_printf(a, "%s/%s.sh", folder, batch->name), .list_path = arena_printf(a, "%s/%s.list", folder, batch->name) };
	struct buf b = { 0 };
	for (uint32_t i = 0; i < batch->jobs.len; i++)
		buf_printf(&b, "%s\n", batch->jobs.at[i]->task.seen);
	ret.list = arena_strdup(a, buf_text(&b));
	b.len = 0;
	buf_puts(&b, "#!/bin/sh\n");
	slurm_put_options(o, &b);
	put_body(batch, ret.list_path, &b);
	ret.script = arena_strdup(a, buf_text(&b));
	buf_finish(&b);
	return ret;
}

/* Where all nodes see them. */
static int write_batch(const struct batch_text *t, struct arena *a)
{
	int e = file_mkdirs(file_dirname(a, t->path));
	if (!e)
		e = file_write(t->list_path, t->list, strlen(t->list), NULL);
	return e ? e : file_write(t->path, t->script, strlen(t->script), NULL);
}

static void number_jobs(struct batch *batch, struct arena *a)
{
	for (uint32_t k = 0; k < batch->jobs.len; k++) {
		((struct slurm_job *)batch->jobs.at[k]->own)->index = k / batch->per;
		write_known(a, batch->jobs.at[k], "");
	}
}

/* Sends what the batch needs. Who cannot be sent is no part of it; the others move up. False: it is to be tried again. */
static bool stage_batch(struct slurm *s, struct batch *batch, const struct batch_text *t, struct arena *a)
{
	const struct stage_file files[] = {
		{ arena_printf(a, "batch/%s.sh", batch->name), t->script }, { arena_printf(a, "batch/%s.list", batch->name), t->list },
	};
	bool good = stage_send(s->stage, batch->jobs.at, batch->jobs.len, &(struct stage_request){ .verb = "keep", .files = files, .n_files = 2 });
	uint32_t n = 0;
	for (uint32_t i = 0; i < batch->jobs.len; i++)
		if (!batch->jobs.at[i]->ended)
			batch->jobs.at[n++] = batch->jobs.at[i];
	batch->staged = good && n == batch->jobs.len;
	if (n < batch->jobs.len) {
		batch->jobs.len = n;
		batch->submitted = n == 0;
		number_jobs(batch, a);
	}
	batch->next_ms = batch->staged ? 0 : s->stage->retry_ms;
	return batch->staged;
}

static void reject(struct engine_context *c, struct batch *batch, const char *why)
{
	for (uint32_t i = 0; i < batch->jobs.len; i++)
		engine_end(c, batch->jobs.at[i], EXECUTOR_REJECTED, 0, why);
	vec_clear(&batch->jobs);
	batch->submitted = true;
}

static void accepted(struct batch *batch, const char *id, struct arena *a)
{
	bool array = elements(batch) > 1;
	for (uint32_t i = 0; i < batch->jobs.len; i++)
		write_known(a, batch->jobs.at[i], array ? arena_printf(a, "%s_%u", id, i / batch->per) : id);
	vec_clear(&batch->jobs);
	batch->submitted = true;
}

static void submit_batch(struct engine_context *c, struct batch *batch)
{
	struct slurm *s = c->own;
	struct arena a = { 0 };
	struct slurm_options o = options_of(c, batch);
	struct batch_text text = text_of(c, batch, &o, &a);
	const char *said = "its job script cannot be written";
	if (s->stage && !batch->staged && !stage_batch(s, batch, &text, &a)) {
		arena_finish(&a);
		return;
	}
	bool written = s->stage || write_batch(&text, &a) == 0;
	switch (written ? slurm_submit_script(&a, &s->way, text.path, &o, &said) : SLURM_REFUSED) {
	case SLURM_TAKEN:
		accepted(batch, said, &a);
		s->interval_ms = QUERY_MIN_MS;
		s->query_ms = engine_now_ms() + QUERY_MIN_MS;
		break;
	case SLURM_LATER:
		batch->next_ms = engine_now_ms() + ((uint64_t)QUERY_MIN_MS << (batch->tries < 8 ? batch->tries : 8));
		batch->tries++;
		for (uint32_t i = 0; i < batch->jobs.len; i++)
			engine_note(c, batch->jobs.at[i], EXECUTOR_WAITS, arena_printf(&a, "%s is asked again: %s", s->way.rest ? "slurmrestd" : "sbatch", said));
		break;
	case SLURM_REFUSED: reject(c, batch, said); break;
	}
	arena_finish(&a);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* May be elements of one array. */
static bool alike(const struct executor_task *a, const struct executor_task *b)
{
	return a->cpus == b->cpus && a->gpus == b->gpus && a->memory_bytes == b->memory_bytes && a->time_ms == b->time_ms && same_text(a->place, b->place);
}

static struct batch *batch_for(struct engine_context *c, const struct executor_task *t, uint32_t from)
{
	struct slurm *s = c->own;
	for (uint32_t i = from; i < s->batches.len; i++)
		if (s->batches.at[i]->jobs.len < ARRAY_MAX && alike(&s->batches.at[i]->jobs.at[0]->task, t))
			return s->batches.at[i];
	struct batch *b = arena_new(&s->arena, struct batch);
	snprintf(b->name, sizeof b->name, "%s%" PRId64 "-%u", s->prefix, c->host->run, ++s->n_batches);
	*vec_push(&s->batches) = b;
	return b;
}

static bool prepare(struct engine_context *c, struct engine_job *j)
{
	if (((struct slurm *)c->own)->stage)
		return true; /* its script is made as it is sent */
	struct executor_task t = j->task;
	struct script_options o = { .limit_time = true };
	if (t.container) /* nodes may have another engine than this machine */
		container_offer(&j->arena, getuid(), getgid(), &t, &o);
	int failure = script_write(&t, &o);
	if (failure)
		engine_end(c, j, EXECUTOR_NOT_STARTED, failure, "its script cannot be written");
	return !failure;
}

static void slurm_submit(struct engine_context *c, struct engine_jobs jobs)
{
	struct slurm *s = c->own;
	struct arena a = { 0 };
	uint32_t from = s->batches.len;
	for (uint32_t i = 0; i < jobs.len; i++) {
		struct engine_job *j = jobs.at[i];
		if (!prepare(c, j))
			continue;
		struct slurm_job *own = arena_new(&j->arena, struct slurm_job);
		own->batch = batch_for(c, &j->task, from);
		*vec_push(&own->batch->jobs) = j;
		j->own = own;
	}
	for (uint32_t i = from; i < s->batches.len; i++) {
		struct batch *b = s->batches.at[i];
		b->per = slurm_share(c->host, &b->jobs.at[0]->task, b->jobs.len);
		number_jobs(b, &a);
		submit_batch(c, b);
	}
	arena_finish(&a);
}

/* -- looking --------------------------------------------------------------------------------------------------------- */

static bool ended_by_file(struct engine_context *c, struct engine_job *j)
{
	struct executor_end end = { 0 };
	if (!script_ended(j->task.folder, j->task.time_ms, &end))
		return false;
	engine_end(c, j, end.outcome, end.code, NULL);
	return true;
}

/* Slurm says that it ended, and no file says how: that of a node may be seen late. */
static void ended_by_state(struct engine_context *c, struct engine_job *j, enum executor_outcome outcome, const char *id, const char *state)
{
	char text[120];
	uint64_t now = engine_now_ms();
	if (!j->since_ms)
		j->since_ms = now;
	if (outcome == EXECUTOR_LOST && j->cancelled) /* void, it started nothing */
		outcome = EXECUTOR_CANCELLED;
	if (outcome == EXECUTOR_LOST && now - j->since_ms < SETTLE_MS)
		return;
	snprintf(text, sizeof text, "job %s: %s", id, state);
	engine_end(c, j, outcome, 0, text);
}

static void note_row(struct engine_context *c, struct engine_job *j, const struct slurm_row *row, bool *ret_changed)
{
	enum executor_outcome outcome = EXECUTOR_LOST;
	char text[200], path[4200];
	switch (slurm_phase_of(row->state, &outcome)) {
	case SLURM_WAITS:
		j->since_ms = 0;
		snprintf(text, sizeof text, "job %s: %s%s%s", row->id, row->state, *row->reason ? ": " : "", row->reason);
		engine_note(c, j, EXECUTOR_WAITS, text);
		break;
	case SLURM_RUNS:
		j->since_ms = 0;
		if (j->word == EXECUTOR_RUNS)
			break;
		snprintf(path, sizeof path, "%s/begun", j->task.folder);
		if (!file_exists(path)) { /* nodes are seen late, or others of the same job come first */
			snprintf(text, sizeof text, "job %s: %s", row->id, row->state);
			engine_note(c, j, EXECUTOR_WAITS, text);
			break;
		}
		*ret_changed = true;
		engine_note(c, j, EXECUTOR_RUNS, NULL);
		break;
	case SLURM_ENDED:
		*ret_changed = true;
		ended_by_state(c, j, outcome, row->id, row->state);
		break;
	}
}

/* Jobs that the queue has forgotten. */
static void look_at_missing(struct engine_context *c, struct engine_job **missing, uint32_t n, struct arena *a)
{
	struct slurm *s = c->own;
	struct buf ids = { 0 };
	struct map found = { 0 };
	const char *error = NULL;
	uint64_t now = engine_now_ms();
	VEC(struct slurm_known) known = { 0 };
	for (uint32_t i = 0; i < n; i++) {
		struct slurm_known *k = vec_push(&known);
		slurm_read_known(a, missing[i]->task.folder, k);
		if (!missing[i]->since_ms)
			missing[i]->since_ms = now;
		if (k->id[0])
			buf_printf(&ids, "%s%s", ids.len ? "," : "", k->id);
	}
	enum slurm_account account = ids.len ? slurm_ask_accounting(a, &s->way, buf_text(&ids), &found, &error) : SLURM_NO_ACCOUNT;
	uint64_t patience = account == SLURM_NO_ACCOUNT ? SETTLE_MS : ACCOUNT_MS;
	for (uint32_t i = 0; i < n; i++) {
		const char *state = known.at[i].id[0] ? map_get(&found, known.at[i].id) : NULL;
		enum executor_outcome outcome = EXECUTOR_LOST;
		if (state && slurm_phase_of(state, &outcome) == SLURM_ENDED)
			ended_by_state(c, missing[i], outcome, known.at[i].id, state);
		else if (now - missing[i]->since_ms >= patience)
			ended_by_state(c, missing[i], EXECUTOR_LOST, known.at[i].id, "Slurm knows nothing of it");
		else if (account == SLURM_ACCOUNT_AWAY)
			engine_note(c, missing[i], EXECUTOR_WAITS, arena_printf(a, "it is not in the queue, and sacct is asked again: %s", error));
	}
	vec_finish(&known);
	map_finish(&found);
	buf_finish(&ids);
}

/* Of an earlier run or of this one, and Slurm has it. */
static bool is_there(const struct engine_job *j)
{
	const struct slurm_job *own = j->own;
	return !j->ended && (!own || own->batch->submitted);
}

/* Marks begun what has begun on a cluster that does not see the state folder. */
static void hear_there(struct engine_context *c, struct engine_job *j, const char *word)
{
	struct arena a = { 0 };
	(void)c;
	if (strcmp(word, "begun") == 0 && j->task.folder)
		file_write(arena_printf(&a, "%s/begun", j->task.folder), "", 0, NULL);
	arena_finish(&a);
}

static void look_at_queue(struct engine_context *c)
{
	struct slurm *s = c->own;
	struct arena a = { 0 };
	struct map rows = { 0 };
	const char *error;
	bool changed = false;
	VEC(struct engine_job *) missing = { 0 };
	if (s->stage)
		stage_look(s->stage, "stand", is_there, hear_there);
	if (slurm_query(&a, &s->way, s->prefix, &rows, &error)) {
		for (uint32_t i = 0; i < c->jobs.len; i++) {
			struct engine_job *j = c->jobs.at[i];
			struct slurm_known known;
			if (j->ended || (j->own && !((struct slurm_job *)j->own)->batch->submitted) || ended_by_file(c, j))
				continue;
			if (!slurm_read_known(&a, j->task.folder, &known)) {
				engine_end(c, j, EXECUTOR_LOST, 0, "its folder is gone");
				continue;
			}
			const struct slurm_row *row = map_get(&rows, arena_printf(&a, "%s %u", known.name, known.index));
			if (row)
				note_row(c, j, row, &changed);
			else if (j->cancelled) /* while it waited: such elements are told as one, without their numbers */
				engine_end(c, j, EXECUTOR_CANCELLED, 0, NULL);
			else
				*vec_push(&missing) = j;
		}
		look_at_missing(c, missing.at, missing.len, &a);
	}
	s->interval_ms += s->interval_ms / 2;
	if (changed && s->interval_ms > QUERY_BUSY_MS)
		s->interval_ms = QUERY_BUSY_MS;
	if (s->interval_ms > QUERY_MAX_MS)
		s->interval_ms = QUERY_MAX_MS;
	s->query_ms = engine_now_ms() + s->interval_ms;
	vec_finish(&missing);
	map_finish(&rows);
	arena_finish(&a);
}

/* Batches that sbatch did not answer for: it may have taken them all the same. */
static void submit_again(struct engine_context *c)
{
	struct slurm *s = c->own;
	for (uint32_t i = 0; i < s->batches.len; i++) {
		struct batch *b = s->batches.at[i];
		struct arena a = { 0 };
		struct map rows = { 0 };
		const char *error;
		if (b->submitted || engine_now_ms() < b->next_ms)
			continue;
		if (b->cancelled) { /* as a whole: arrays keep their places */
			vec_clear(&b->jobs);
			b->submitted = true;
		} else if (s->stage && !b->staged) {
			submit_batch(c, b);
		} else if (slurm_query(&a, &s->way, s->prefix, &rows, &error)) {
			const struct slurm_row *row = map_get(&rows, arena_printf(&a, "%s 0", b->name));
			if (row)
				accepted(b, arena_strndup(&a, row->id, strcspn(row->id, "_")), &a);
			else
				submit_batch(c, b);
		} else {
			b->next_ms = engine_now_ms() + QUERY_MAX_MS;
		}
		map_finish(&rows);
		arena_finish(&a);
	}
}

static int64_t slurm_look(struct engine_context *c)
{
	struct slurm *s = c->own;
	submit_again(c);
	for (uint32_t i = 0; i < c->jobs.len; i++)
		if (!c->jobs.at[i]->ended && c->jobs.at[i]->word == EXECUTOR_RUNS)
			ended_by_file(c, c->jobs.at[i]);
	uint64_t now = engine_now_ms();
	if (now >= s->query_ms) {
		look_at_queue(c);
		now = engine_now_ms();
	}
	return s->query_ms > now && s->query_ms - now < LOOK_MIN_MS ? (int64_t)(s->query_ms - now) : LOOK_MIN_MS;
}

/* -- ending ---------------------------------------------------------------------------------------------------------- */

/* They must not start any more; where that cannot be said now, scancel is what ends them. */
static void void_there(struct ssh_stage *stage, struct engine_jobs jobs, struct arena *a)
{
	struct buf names = { 0 };
	struct command_answer answer;
	for (uint32_t i = 0; i < jobs.len; i++)
		buf_printf(&names, "%s\n", stage_name(a, jobs.at[i]));
	if (stage->anything || stage->link.up)
		stage_ask(stage, a, &(struct ssh_call){ .verb = "end", .word = "0", .input = arena_strdup(a, buf_text(&names)) }, &answer);
	buf_finish(&names);
}

static void slurm_cancel(struct engine_context *c, struct engine_jobs jobs, bool force)
{
	(void)force; /* Slurm itself ends by force what does not end within KillWait */
	struct slurm *s = c->own;
	struct arena a = { 0 };
	VEC(const char *) ids = { 0 };
	for (uint32_t i = 0; i < jobs.len; i++) {
		struct engine_job *j = jobs.at[i];
		struct slurm_job *own = j->own;
		struct slurm_known known;
		script_void(j->task.folder);
		if (own && !own->batch->submitted) {
			own->batch->cancelled = true;
			engine_end(c, j, EXECUTOR_CANCELLED, 0, NULL);
		} else if (slurm_read_known(&a, j->task.folder, &known) && known.id[0]) {
			*vec_push(&ids) = arena_strdup(&a, known.id);
		}
	}
	if (s->stage)
		void_there(s->stage, jobs, &a);
	slurm_scancel(&a, &s->way, ids.at, ids.len);
	s->query_ms = 0;
	s->interval_ms = QUERY_MIN_MS;
	vec_finish(&ids);
	arena_finish(&a);
}

/* -- the row --------------------------------------------------------------------------------------------------------- */

static bool slurm_accepts(const struct executor_host *host, const struct executor_wish *w, char *ret_why, size_t why_len)
{
	const char *mount = engine_attribute(host, "mount"), *login = engine_attribute(host, "login");
	(void)w;
	if (slurm_is_staged(host)) {
		if (!command_exists("ssh"))
			snprintf(ret_why, why_len, "there is no ssh on the PATH to reach the login node");
		return command_exists("ssh");
	}
	if (!engine_attribute(host, "rest") && !command_exists("sbatch") && !(login && command_exists("ssh"))) {
		snprintf(ret_why, why_len, "there is no sbatch on the PATH, and %s", login ? "no ssh to reach the login node" : "the twin names no `login` node");
		return false;
	}
	if (mount && !file_is_below(host->state, mount)) {
		snprintf(ret_why, why_len, "the nodes see `%s` only, and the state folder is %s: name one there with `--state`", mount, host->state);
		return false;
	}
	return true;
}

/* "": as they are here. */
static const char *slurm_root(const struct executor_host *host, struct arena *a, char *ret_error, size_t error_len)
{
	struct ssh_link l;
	if (!slurm_is_staged(host))
		return "";
	const char *root = ssh_link_init(&l, host, ret_error, error_len) ? arena_strdup(a, l.root) : NULL;
	ssh_link_finish(&l);
	return root;
}

static bool way_open(struct engine_context *c, struct slurm *s, char *ret_error, size_t error_len)
{
	if (!slurm_is_staged(c->host))
		return slurm_way_open(&s->way, c->host, ret_error, error_len);
	struct ssh_stage *stage = arena_new(&s->arena, struct ssh_stage);
	if (!stage_open(stage, c, ret_error, error_len))
		return false;
	s->stage = stage;
	s->way.link = &stage->link;
	return true;
}

static bool slurm_open(struct engine_context *c, char *ret_error, size_t error_len)
{
	struct slurm *s = calloc(1, sizeof *s);
	if (!s)
		bug_out_of_memory();
	s->prefix = slurm_prefix(&s->arena, c->host->state);
	if (!s->prefix) {
		snprintf(ret_error, error_len, "%s/slurm cannot be written", c->host->state);
		free(s);
		return false;
	}
	if (!way_open(c, s, ret_error, error_len)) {
		arena_finish(&s->arena);
		free(s);
		return false;
	}
	s->account = engine_attribute(c->host, "account");
	s->interval_ms = QUERY_MIN_MS;
	c->own = s;
	return true;
}

static void slurm_close(struct engine_context *c)
{
	struct slurm *s = c->own;
	for (uint32_t i = 0; i < s->batches.len; i++)
		vec_finish(&s->batches.at[i]->jobs);
	vec_finish(&s->batches);
	if (s->stage)
		stage_close(s->stage);
	else
		slurm_way_close(&s->way);
	arena_finish(&s->arena);
	free(s);
}

static const struct engine engine_slurm = {
	.open = slurm_open, .submit = slurm_submit, .look = slurm_look, .cancel = slurm_cancel, .close = slurm_close,
};

static void *slurm_start(const struct executor_host *host, char *ret_error, size_t error_len)
{
	return engine_start(&engine_slurm, host, ret_error, error_len);
}

const struct executor executor_slurm = {
	.name = "slurm", .doc = "jobs of a Slurm cluster", .kind = "slurm.cluster", .most = 5000,
	.accepts = slurm_accepts, .root = slurm_root, .start = slurm_start, .share = slurm_share, .submit = engine_submit, .fd = engine_fd, .poll = engine_poll, .cancel = engine_cancel,
	.finish = engine_finish, .find = slurm_find, .adopt = engine_adopt, .kill = slurm_kill,
};
