/* Calls of steps: arguments become inputs with digests, these a key, and the key a cached result or a task to run. */
#include "runtime/run/inside.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void call_decide(struct run *r, struct task *t);
static void call_fail(struct run *r, struct task *t, const char *reason);

/* Of all tasks of the node the same. */
const char *node_place(struct run *r, const struct plan_node *n)
{
	const char **known = &r->places[n - r->plan->nodes];
	if (!*known && n->span.file != 0) {
		struct place p = source_place(r->plan->sources, n->span);
		*known = arena_printf(&r->arena, "%s:%u:%u", p.path, p.line, p.column);
	}
	return *known;
}

static struct task *task_create(struct run *r, struct node *n)
{
	struct task *t = arena_new(&r->arena, struct task);
	t->node = n;
	n->task = t;
	t->name = node_name(r, n);
	t->exit = -1;
	t->action = RUN_ACTION_RUN;
	if (n->plan->kind == PLAN_CALL) {
		t->step = &r->plan->steps[n->plan->target];
		t->weight = r->weights[n->plan - r->plan->nodes];
		r->counts.tasks++;
	}
	*vec_push(&r->tasks) = t;
	return t;
}

void call_placeholder(struct run *r, struct node *n, const char *reason)
{
	const struct plan_node *p = n->plan;
	for (uint32_t i = 0; r->dry && (i < p->n_exports || i == 0); i++) {
		struct task *t = task_create(r, n);
		t->action = RUN_ACTION_BLOCKED;
		t->reason = reason;
		if (i < p->n_exports)
			t->name = arena_printf(&r->arena, "%s%s%s%s", n->scope->prefix, r->plan->slots[p->exports[i].inner].name, n->scope->suffix,
					       p->kind == PLAN_FOR ? "[*]" : "");
	}
}

void call_skip(struct run *r, struct node *n, const char *reason)
{
	struct task *t = n->task ? n->task : task_create(r, n);
	t->state = TASK_SKIPPED;
	t->action = r->dry ? RUN_ACTION_BLOCKED : RUN_ACTION_SKIP;
	t->reason = reason;
	r->counts.skipped++;
	if (r->dry)
		return;
	*vec_push(&r->unrecorded) = t;
	run_tell_task(r, EVENT_TASK_SKIPPED, t);
}

/* What waited for the same work has its result now, or fails with it. */
static void settle_followers(struct run *r, struct task *t, bool good)
{
	struct task *f = t->follower;
	t->follower = NULL;
	if (t->key && map_get(&r->working, t->key) == t)
		map_set(&r->working, t->key, NULL);
	while (f) {
		struct task *next = f->follower;
		f->follower = NULL;
		if (good)
			call_decide(r, f);
		else
			call_fail(r, f, arena_printf(&r->arena, "it is the same work as `%s`, which failed", t->name));
		f = next;
	}
}

void call_settle(struct run *r, struct task *t, bool good, const struct value *result)
{
	if (!good) {
		t->state = TASK_FAILED;
		r->counts.failed++;
		r->failed = true;
	}
	settle_followers(r, t, good);
	node_fill(r, t->node, good ? SLOT_KNOWN : SLOT_FAILED, result);
	node_settle(r, t->node, good ? NODE_DONE : NODE_FAILED);
}

/* A failure before anything ran. */
static void call_fail(struct run *r, struct task *t, const char *reason)
{
	t->reason = reason;
	t->action = RUN_ACTION_BLOCKED;
	call_settle(r, t, false, NULL);
	if (r->dry)
		return;
	t->end_ms = run_now(r);
	run_begin(r);
	task_record(r, t);
	run_tell_task(r, EVENT_TASK_FAILED, t);
}

/* -- arguments ---------------------------------------------------------------------------------------------------- */

/* The value with absolute paths and the digests of their contents; NULL: reported. */
static const struct value *with_digests(struct run *r, struct task *t, struct span span, const struct value *v)
{
	if (v->kind == VALUE_PATH) {
		char full[PATH_MAX];
		const char *path = v->file.path, *digest = v->file.digest;
		struct stat st;
		int e = 0;
		if (digest && path[0] == '/')
			return v;
		if (!realpath(path, full) || stat(full, &st) != 0)
			e = errno;
		else if (S_ISDIR(st.st_mode) != v->is_dir)
			e = v->is_dir ? ENOTDIR : EISDIR;
		else
			e = stamps_digest(&r->stamps, full, &digest);
		if (e) {
			fail_node(r, t->node, DIAG_E0609, span, "`%s` cannot be read: %s", path, fail_errno(e));
			return NULL;
		}
		/* Under the name that it was given by, wherever a link leads. */
		const char *base = file_basename(&r->arena, path);
		char *folder = realpath(file_dirname(&r->arena, path), NULL);
		const char *named = folder ? arena_printf(&r->arena, "%s/%s", strcmp(folder, "/") ? folder : "", base) : full;
		free(folder);
		return value_path(&r->arena, named, v->is_dir, digest);
	}
	if (v->kind == VALUE_LIST) {
		const struct value **items = arena_new_n(&r->arena, const struct value *, v->list.len);
		for (uint32_t i = 0; i < v->list.len; i++)
			if (!(items[i] = with_digests(r, t, span, v->list.items[i])))
				return NULL;
		return value_list(&r->arena, items, v->list.len);
	}
	if (v->kind == VALUE_RECORD) {
		struct value_field *fields = arena_new_n(&r->arena, struct value_field, v->record.len);
		for (uint32_t i = 0; i < v->record.len; i++) {
			fields[i].name = v->record.fields[i].name;
			if (!(fields[i].value = with_digests(r, t, span, v->record.fields[i].value)))
				return NULL;
		}
		return value_record(&r->arena, fields, v->record.len);
	}
	return v;
}

enum argument { ARG_OK, ARG_ABSENT, ARG_UNKNOWN, ARG_FAILED };

static enum argument argument(struct run *r, struct task *t, uint32_t at, const struct value **ret)
{
	const struct plan_field *f = &t->step->inputs[at];
	const struct plan_argument *arg = at < t->node->plan->n_args ? &t->node->plan->args[at] : NULL;
	const struct expr *e = arg && arg->expr ? arg->expr : f->expr;
	struct span span = arg && arg->expr ? arg->span : f->span;
	const struct value *v = &value_null;
	char *error;
	switch (e ? node_eval(r, t->node, t->node->scope, e, &v) : EVAL_OK) {
	case EVAL_OK: break;
	case EVAL_UNKNOWN: return ARG_UNKNOWN;
	case EVAL_FAILED: return ARG_FAILED;
	}
	if (v->kind == VALUE_NULL) {
		*ret = v;
		return f->type->kind == TYPE_OPTIONAL ? ARG_OK : ARG_ABSENT;
	}
	if (!value_coerce(&r->arena, v, f->type, &v, &error)) {
		diag_label(fail_node(r, t->node, DIAG_E0610, span, "`%s`: %s", f->name, error), f->span, "the input");
		return ARG_FAILED;
	}
	v = with_digests(r, t, span, v);
	*ret = v;
	return v ? ARG_OK : ARG_FAILED;
}

static const char *unknown_reason(struct run *r, struct task *t, uint32_t at)
{
	const struct plan_argument *arg = at < t->node->plan->n_args ? &t->node->plan->args[at] : NULL;
	const char *name = t->step->inputs[at].name, *open = given_missing(r, t->node->scope, arg && arg->expr ? arg->expr : t->step->inputs[at].expr);
	return open ? arena_printf(&r->arena, "its input `%s` rests on `%s`: known after apply", name, open) : arena_printf(&r->arena, "its input `%s` is made by a task that runs first", name);
}

/* *ret_input: the one that decides; where it is not known, why goes into the task's reason. */
static enum argument arguments(struct run *r, struct task *t, const char **ret_input)
{
	enum argument worst = ARG_OK;
	t->inputs = arena_new_n(&r->arena, const struct value *, t->step->n_inputs);
	for (uint32_t i = 0; i < t->step->n_inputs; i++) {
		enum argument a = argument(r, t, i, &t->inputs[i]);
		if (a > worst) {
			worst = a;
			*ret_input = t->step->inputs[i].name;
			t->reason = a == ARG_UNKNOWN ? unknown_reason(r, t, i) : NULL;
		}
	}
	return worst;
}

/* -- resources ---------------------------------------------------------------------------------------------------- */

static bool resource(struct run *r, struct task *t, const struct expr *e, double otherwise, double *ret)
{
	struct bind b = { .run = r, .inputs = t->inputs, .arena = &r->arena };
	const struct value *v;
	struct span span;
	const char *error;
	*ret = otherwise;
	if (!e)
		return true;
	if (bind_eval(&b, e, &v, &span, &error) != EVAL_OK) {
		fail_node(r, t->node, DIAG_E0610, span, "%s", error);
		return false;
	}
	if (v->kind == VALUE_RANGE)
		v = v->range.low;
	if (value_is_number(v))
		*ret = value_number(v);
	return true;
}

static bool resources(struct run *r, struct task *t)
{
	double cpus, gpus, memory, time;
	if (!resource(r, t, t->step->cpus, 1, &cpus) || !resource(r, t, t->step->gpus, 0, &gpus) ||
	    !resource(r, t, t->step->memory, 0, &memory) || !resource(r, t, t->step->time, 0, &time))
		return false;
	t->cpus = cpus < 1 ? 1 : (uint32_t)cpus;
	t->gpus = gpus < 0 ? 0 : (uint32_t)gpus;
	t->memory_bytes = memory > 0 ? (uint64_t)memory : 0;
	t->time_ms = time > 0 ? (uint64_t)(time * 1000) : 0;
	return true;
}

/* What the task asks for and this machine does not have. */
static bool fits_machine(struct run *r, struct task *t)
{
	const char *what = NULL;
	const struct expr *e = NULL;
	if (t->cpus > r->cpus) {
		what = arena_printf(&r->arena, "%u cpus, and there are %u (`--cpus` to pretend more)", t->cpus, r->cpus);
		e = t->step->cpus;
	} else if (t->gpus > r->gpus) {
		what = arena_printf(&r->arena, "%u gpus, and there are %u", t->gpus, r->gpus);
		e = t->step->gpus;
	} else if (t->memory_bytes > r->memory_bytes) {
		struct buf b = { 0 };
		unit_show((double)t->memory_bytes, t->step->memory->type ? t->step->memory->type->unit : NULL, &b);
		what = arena_printf(&r->arena, "%s of memory, and there are %.1f GiB (`--memory` to pretend more)", buf_text(&b),
				    (double)r->memory_bytes / 1073741824.0);
		buf_finish(&b);
		e = t->step->memory;
	}
	if (!what)
		return true;
	diag_here(fail_node(r, t->node, DIAG_E0614, e->span, "`%s` does not fit this machine: it asks for %s", t->name, what), "asked for here");
	return false;
}

/* A pinned image, which the key did not ask for. */
static bool has_image(struct run *r, struct task *t, const char *name)
{
	const char *why = "";
	if (!name || r->dry || lane_image(r, t, name, true, &why))
		return true;
	fail_image(r, t, name, why);
	return false;
}

static bool accepted(struct run *r, struct task *t)
{
	const char *place = lane_place(r, t);
	struct executor_wish w = { .container = t->step->container, .n_modules = t->step->n_modules,
				   .cwl = t->step->cwl, .place = place, .kind = place ? lane_kind(r, place) : NULL };
	char why[300];
	if (t->step->cwl)
		w.container = foreign_image(r, foreign_process(r, t->step));
	const char *refusal = t->step->cwl ? foreign_refusal(r, t) : NULL;
	t->lane = lane_of(r, t);
	if (refusal)
		snprintf(why, sizeof why, "%s", refusal);
	else if (!t->lane)
		snprintf(why, sizeof why, "it belongs on `%s`, a `%s`, which nothing here carries work out on", w.place, w.kind);
	else if (t->lane->executor->accepts(&t->lane->host, &w, why, sizeof why))
		return has_image(r, t, w.container);
	struct diag *d = fail_node(r, t->node, DIAG_E0614, t->step->span, "`%s` cannot run here: %s", t->name, why);
	if (t->step->cwl && w.container)
		diag_help(d, "`--no-container` runs it with the programs of this machine");
	else if (w.kind)
		diag_help(d, "`--on local` runs everything here, whatever the steps say");
	return false;
}

/* -- the decision -------------------------------------------------------------------------------------------------- */

static void call_cached(struct run *r, struct task *t, const struct value *result)
{
	t->state = TASK_CACHED;
	t->action = RUN_ACTION_CACHED;
	t->keyed = true;
	r->counts.cached++;
	if (!r->dry) {
		*vec_push(&r->unrecorded) = t;
		run_tell_task(r, EVENT_TASK_CACHED, t);
	}
	call_settle(r, t, true, result);
}

/* "its input `table` differs from the last run", of "input table". */
static const char *component_reason(struct run *r, const char *name)
{
	size_t n = strcspn(name, " ");
	if (!name[n])
		return arena_printf(&r->arena, "its %s differs from the last run", name);
	return arena_printf(&r->arena, "its %.*s `%s` differs from the last run", (int)n, name, name + n + 1);
}

/* Why there is no result for this key: the first component that differs from the last time. */
static void explain(struct run *r, struct task *t)
{
	const char *keys[2], *name, *before, *now, *new;
	if (t->reason)
		return;
	uint32_t n = r->o.journal ? journal_task_keys(r->o.journal, &r->arena, r->workflow->name, t->name, keys) : 0;
	const char *old = n ? journal_key_get(r->o.journal, &r->arena, keys[0]) : NULL;
	if (!old)
		t->reason = "it was not run before";
	else if ((new = key_components(r, t, &r->arena)) && run_component_differs(&r->arena, old, new, &name, &before, &now))
		t->reason = component_reason(r, name);
	else
		t->reason = "its last result is no longer kept";
}

/* A dry run: what this machine lacks for it is said now. Of other engines only they know, once they are asked. */
static void plan_call(struct run *r, struct task *t)
{
	struct lane *l = lane_of(r, t);
	if (l && l->executor->most == 0 && !accepted(r, t))
		call_fail(r, t, "it cannot run here");
	else
		node_unknown(r, t->node);
}

static void call_run(struct run *r, struct task *t)
{
	explain(r, t);
	if (r->dry) {
		plan_call(r, t);
		return;
	}
	if (!t->step->script && !t->step->argv && !t->step->cwl) {
		fail_node(r, t->node, DIAG_E0614, t->step->span, "`%s` has no command that can be run here (it is a `%s`)", t->step->name,
			  t->step->kind ? t->step->kind : "step");
		call_fail(r, t, "it has no command");
		return;
	}
	if (!accepted(r, t)) {
		call_fail(r, t, "it cannot run here");
		return;
	}
	if (t->lane->executor->most == 0 && !fits_machine(r, t)) {
		call_fail(r, t, "it does not fit this machine");
		return;
	}
	struct task *same = foreign_reuse(r, t) ? map_get(&r->working, t->key) : NULL;
	struct orphan *o = recover_find(r, t->name);
	if (same && !o) { /* the same work is under way: its result will be this one's too */
		t->follower = same->follower;
		same->follower = t;
		return;
	}
	map_set(&r->working, t->key, t);
	if (o)
		recover_adopt(r, t, o);
	else
		schedule_ready(r, t, 0);
}

static void call_decide(struct run *r, struct task *t)
{
	if (!cache_stands(r, t)) {
		call_run(r, t);
		return;
	}
	/* The limits of metrics may be others now; what has none is read when somebody asks for it. */
	const struct value *result = t->step->n_metrics ? cache_load(r, t) : NULL;
	if (t->step->n_metrics && !result)
		call_fail(r, t, "its kept result does not hold any more");
	else
		call_cached(r, t, result);
}

void call_go(struct run *r, struct node *n)
{
	struct task *t = task_create(r, n);
	const char *input = "";
	switch (arguments(r, t, &input)) {
	case ARG_OK: break;
	case ARG_ABSENT:
		t->state = TASK_SKIPPED;
		t->action = RUN_ACTION_SKIP;
		t->reason = arena_printf(&r->arena, "its input `%s` is absent", input);
		r->counts.skipped++;
		if (!r->dry) {
			*vec_push(&r->unrecorded) = t;
			run_tell_task(r, EVENT_TASK_SKIPPED, t);
		}
		node_fill(r, n, SLOT_KNOWN, &value_null);
		node_settle(r, n, NODE_DONE);
		return;
	case ARG_UNKNOWN:
		resources(r, t);
		plan_call(r, t);
		return;
	case ARG_FAILED: call_fail(r, t, "its arguments cannot be worked out"); return;
	}
	const char *open = given_missing_in_step(r, t->step);
	if (open) {
		t->reason = arena_printf(&r->arena, "it reads `%s`: known after apply", open);
		resources(r, t);
		plan_call(r, t);
		return;
	}
	if (!key_make(r, t) || !resources(r, t)) {
		call_fail(r, t, "its command cannot be worked out");
		return;
	}
	call_decide(r, t);
}
