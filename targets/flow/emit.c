/* What is told of a workflow. It is told in the same words to each engine whose folder sees the same paths, and so told once. */
#include "targets/flow/inside.h"
#include "compiler/base/file.h"
#include "stdlib/stdlib.h"
#include <string.h>

struct flow_told {
	const struct plan *plan;
	uint32_t workflow;
	struct target_result result; /* paths relative to the folder of flow.py */
	struct flow_seen seen;
	bool *steps, *workflows, refused;
	struct flow_told *next;
};

static const char *one_line(struct arena *a, const char *text)
{
	char *ret = arena_strdup(a, text ? text : "");

	for (char *c = ret; *c; c++)
		if ((unsigned char)*c < 0x20)
			*c = ' ';
	return ret;
}

static void put_library(struct flow *f)
{
	for (const struct stdlib_file *file = stdlib_flow; file->name; file++)
		target_put_own(f->ret, file->name, f->plan->workflows[0].span, file->text, file->len);
}

static struct flow_told *tell(struct arena *a, const struct flow *to, uint32_t workflow)
{
	const struct plan *p = to->plan;
	const struct plan_workflow *wf = &p->workflows[workflow];
	struct flow_told *told = arena_new(a, struct flow_told);
	struct flow f = { .arena = a, .request = to->request, .plan = p, .ret = &told->result, .absolute = to->absolute };

	target_result_init(&told->result, a);
	f.steps = arena_new_n(a, bool, p->n_steps + 1);
	f.workflows = arena_new_n(a, bool, p->n_workflows + 1);
	target_text_from(&f.text, wf->span);
	buf_printf(&f.text.text, "#!/usr/bin/env python3\n# %s: workflow %s of the twin %s%s%s\n# `./flow.py --help` tells what it can do.\n", target_place(a, p, wf->span),
		wf->name, p->twin, wf->doc ? ": " : "", one_line(a, wf->doc));
	buf_puts(&f.text.text, "from twin import *\n\nWORKFLOW = ");
	py_string(wf->name, strlen(wf->name), &f.text.text);
	buf_putc(&f.text.text, '\n');
	flow_put_workflow(&f, workflow);
	buf_puts(&f.text.text, "\nif __name__ == \"__main__\":\n    main(WORKFLOW)\n");
	target_put_text(f.ret, "flow.py", wf->span, &f.text)->executable = true;
	put_library(&f);
	flow_put_inputs(&f, workflow);
	if (f.refused)
		target_result_drop_files(&told->result);
	told->plan = p;
	told->workflow = workflow;
	told->seen = f.seen;
	told->steps = f.steps;
	told->workflows = f.workflows;
	told->refused = f.refused;
	return told;
}

static void told_finish(struct flow_told *told)
{
	target_result_finish(&told->result);
	vec_finish(&told->seen.paths);
}

/* What was told before, where each path reads the same from this folder; or NULL. */
static struct flow_told *find_told(const struct flow *f, uint32_t workflow)
{
	struct flow_told *t = f->request->shared ? f->request->shared->flows : NULL;

	for (; t; t = t->next) {
		bool same = t->plan == f->plan && t->workflow == workflow;
		for (uint32_t i = 0; same && i < t->seen.paths.len; i++)
			same = strcmp(target_path_from(f->arena, f->absolute, t->seen.paths.at[i].path), t->seen.paths.at[i].seen) == 0;
		if (same)
			return t;
	}
	return NULL;
}

static struct lines *copy_lines(struct arena *a, const struct lines *from)
{
	struct lines *lines = arena_new(a, struct lines);

	for (uint32_t i = 0; i < from->list.len; i++)
		*vec_push(&lines->list) = from->list.at[i];
	return lines;
}

/* Rows and files become the target's own; the texts stay where they were told. */
static void take(struct flow *f, const struct flow_told *told)
{
	for (uint32_t i = 0; i < told->result.rows.len; i++)
		*vec_push(&f->ret->rows) = told->result.rows.at[i];
	for (uint32_t i = 0; i < told->result.files.len; i++) {
		struct target_file *file = vec_push(&f->ret->files);
		*file = told->result.files.at[i];
		file->path = arena_printf(f->arena, "%s/%s", f->folder, file->path);
		file->lines = file->lines ? copy_lines(f->arena, file->lines) : NULL;
	}
	f->steps = told->steps;
	f->workflows = told->workflows;
	f->refused = told->refused;
}

bool flow_emit(struct flow *f, uint32_t workflow)
{
	struct target_shared *shared = f->request->shared;
	struct flow_told *told;

	f->absolute = file_join(f->arena, f->request->folder, f->folder);
	told = find_told(f, workflow);
	if (!told) {
		told = tell(shared ? &shared->arena : f->arena, f, workflow);
		if (shared) {
			told->next = shared->flows;
			shared->flows = told;
		}
	}
	take(f, told);
	if (!shared)
		told_finish(told);
	return !f->refused;
}

void target_shared_finish(struct target_shared *s)
{
	for (struct flow_told *t = s->flows; t; t = t->next)
		told_finish(t);
	map_finish(&s->recipes);
	arena_finish(&s->arena);
}
