/* The target: all workflows that are meant, each in a file with its tools beside it, or all in one. */
#include "targets/cwl/cwl.h"
#include "compiler/base/file.h"
#include <stdlib.h>
#include <string.h>

void cwl_refuse(struct cwl *c, const char *subject, struct span span, const char *format, ...)
{
	va_list args;

	const char *reason;

	va_start(args, format);
	reason = arena_vprintf(c->arena, format, args);
	va_end(args);
	if (*reason) /* else it follows from what was told */
		target_row(c->ret, subject, span, TARGET_REFUSED, "%s", reason);
	c->refused = true;
}

void cwl_emulate(struct cwl *c, const char *subject, struct span span, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	target_row(c->ret, subject, span, TARGET_EMULATED, "%s", arena_vprintf(c->arena, format, args));
	va_end(args);
}

const char *cwl_run(const struct cwl *c, const char *path, const char *id)
{
	return c->request->packed ? arena_printf(c->arena, "#%s", id) : path;
}

/* In one document all stand in the folder of the target. */
const char *cwl_folder(const struct cwl *c, const char *path)
{
	return c->request->packed ? c->request->folder : file_dirname(c->arena, file_join(c->arena, c->request->folder, path));
}

struct doc *cwl_process_doc(struct cwl *c, const char *class, const char *doc, struct span span)
{
	struct doc *d = doc_from(doc_map(c->arena), span);

	if (!c->request->packed)
		doc_set(c->arena, d, "cwlVersion", doc_string(c->arena, "v1.2"));
	doc_set(c->arena, d, "class", doc_string(c->arena, class));
	d->comment = target_place(c->arena, c->plan, span);
	if (doc && *doc)
		doc_set(c->arena, d, "doc", doc_string(c->arena, doc));
	return d;
}

struct doc *cwl_requirements(struct cwl *c, const struct cwl_needs *needs)
{
	struct doc *d = doc_map(c->arena), *js = doc_map(c->arena);

	if (needs->helpers)
		doc_set(c->arena, js, "expressionLib", cwl_js_library(c, needs->helpers));
	if (needs->js)
		doc_set(c->arena, d, "InlineJavascriptRequirement", js);
	if (needs->multiple)
		doc_set(c->arena, d, "MultipleInputFeatureRequirement", doc_map(c->arena));
	if (needs->scatter)
		doc_set(c->arena, d, "ScatterFeatureRequirement", doc_map(c->arena));
	if (needs->step_js)
		doc_set(c->arena, d, "StepInputExpressionRequirement", doc_map(c->arena));
	if (needs->sub)
		doc_set(c->arena, d, "SubworkflowFeatureRequirement", doc_map(c->arena));
	return doc_len(d) ? d : NULL;
}

/* -- the job ---------------------------------------------------------------------------------------------------------- */

static const struct value *bound_input(struct cwl *c, uint32_t workflow, uint32_t at)
{
	const struct plan_field *f = &c->plan->workflows[workflow].inputs[at];
	const struct value *v = c->request->workflow == workflow && c->request->inputs ? c->request->inputs[at] : NULL;

	return v ? v : f->expr ? cwl_constant(c, f->expr, f->type, true) : NULL;
}

static void add_bound(struct cwl *c, struct doc *job, const char *id, const struct value *v, const struct type *type)
{
	if (v && v->kind == VALUE_SECRET && c->request->through)
		doc_set(c->arena, job, id, doc_string(c->arena, v->string.text));
	else if (v && v->kind != VALUE_NULL && v->kind != VALUE_SECRET)
		doc_set(c->arena, job, id, cwl_value(c, v, type, c->request->folder));
}

static bool has_file(const struct cwl *c, const char *model)
{
	for (uint32_t i = 0; i < c->plan->n_models; i++)
		if (strcmp(c->plan->models[i].name, model) == 0)
			return c->plan->models[i].file != NULL;
	return false;
}

/* What is bound; secrets and what is open are told by a comment. */
static void put_job(struct cwl *c, uint32_t workflow)
{
	const struct plan_workflow *w = &c->plan->workflows[workflow];
	const struct cwl_workflow *info = &c->workflows[workflow];
	struct doc *job = doc_map(c->arena);
	struct buf open = { 0 };

	for (uint32_t i = 0; i < w->n_inputs; i++) {
		const struct value *v = bound_input(c, workflow, i);
		add_bound(c, job, info->input_ids[i], v, w->inputs[i].type);
		if ((!v || v->kind == VALUE_SECRET) && w->inputs[i].type->kind != TYPE_OPTIONAL)
			buf_printf(&open, "%s%s", open.len ? ", " : "", info->input_ids[i]);
	}
	for (uint32_t i = 0; i < info->globals.list.len; i++) {
		const struct cwl_global *g = &info->globals.list.at[i];
		const struct plan_param *p = g->model ? NULL : &c->plan->params[g->param];
		if (p && p->secret && c->request->through)
			doc_set(c->arena, job, g->id, doc_string(c->arena, p->name));
		else if (p)
			add_bound(c, job, g->id, p->value, p->type);
		if (g->model ? !has_file(c, g->model) : (p->secret || !p->value) && p->type->kind != TYPE_OPTIONAL)
			buf_printf(&open, "%s%s", open.len ? ", " : "", g->id);
	}
	if (open.len)
		job->comment = arena_printf(c->arena, "still to be given: %s", buf_text(&open));
	buf_finish(&open);
	target_put_doc(c->ret, arena_printf(c->arena, "%s.job.yml", w->name), w->span, job);
}

/* -- files ---------------------------------------------------------------------------------------------------------------- */

static void list_runs(struct cwl *c)
{
	for (uint32_t i = 0; i < c->processes.len; i++) {
		const struct cwl_process *p = &c->processes.at[i];
		const char *run = cwl_run(c, p->path, p->id);
		if (!map_get(&c->runs, run))
			map_set(&c->runs, run, (void *)(uintptr_t)(i + 1));
	}
}

static const struct cwl_process *find(const struct cwl *c, const char *run)
{
	uintptr_t at = (uintptr_t)map_get(&c->runs, run);

	return at ? &c->processes.at[at - 1] : NULL;
}

static void add_reached(struct cwl *c, const struct cwl_process *p, bool *reached);

static void add_runs(struct cwl *c, const struct doc *d, bool *reached)
{
	if (d->kind != DOC_MAP && d->kind != DOC_LIST)
		return;
	for (doc_each(child, d)) {
		const struct cwl_process *p = child->key && strcmp(child->key, "run") == 0 && child->kind == DOC_STRING ? find(c, child->string.text) : NULL;
		if (p)
			add_reached(c, p, reached);
		add_runs(c, child, reached);
	}
}

static void add_reached(struct cwl *c, const struct cwl_process *p, bool *reached)
{
	size_t at = (size_t)(p - c->processes.at);

	if (reached[at])
		return;
	reached[at] = true;
	add_runs(c, p->doc, reached);
}

/* Name spaces belong to the document, not to its processes. */
static struct doc *in_graph(struct cwl *c, const struct cwl_process *p, bool main, struct doc *spaces)
{
	struct doc *d = doc_from(doc_map(c->arena), p->doc->from);

	d->comment = p->doc->comment;
	for (doc_each(child, p->doc)) {
		if (strcmp(child->key, "$namespaces") == 0) {
			for (doc_each(space, child))
				if (!doc_get(spaces, space->key))
					doc_set(c->arena, spaces, space->key, doc_share(c->arena, space));
			continue;
		}
		doc_set(c->arena, d, child->key, doc_share(c->arena, child));
		if (strcmp(child->key, "class") == 0)
			doc_set(c->arena, d, "id", doc_string(c->arena, main ? "main" : p->id));
	}
	return d;
}

static void put_packed(struct cwl *c, const struct cwl_process *main)
{
	bool *reached = arena_new_n(c->arena, bool, c->processes.len);
	struct doc *graph = doc_list(c->arena), *d = doc_map(c->arena), *spaces = doc_map(c->arena);

	add_reached(c, main, reached);
	for (uint32_t i = c->processes.len; i > 0; i--)
		if (reached[i - 1])
			doc_push(graph, in_graph(c, &c->processes.at[i - 1], &c->processes.at[i - 1] == main, spaces));
	doc_set(c->arena, d, "cwlVersion", doc_string(c->arena, "v1.2"));
	if (doc_len(spaces))
		doc_set(c->arena, d, "$namespaces", spaces);
	doc_set(c->arena, d, "$graph", graph);
	target_put_doc(c->ret, main->path, main->doc->from, d);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct target_file *)a)->path, ((const struct target_file *)b)->path);
}

/* Workflows first, in the twin's order; then what they run. */
static void put_files(struct cwl *c)
{
	bool *reached = arena_new_n(c->arena, bool, c->processes.len + 1);

	list_runs(c);
	for (uint32_t i = 0; i < c->processes.len; i++) {
		const struct cwl_process *p = &c->processes.at[i];
		bool root = p->workflow != PLAN_NONE && !c->workflows[p->workflow].refused && strcmp(p->id, c->plan->workflows[p->workflow].name) == 0;
		if (!root)
			continue;
		add_reached(c, p, reached);
		if (c->workflows[p->workflow].called && p->workflow != c->request->workflow)
			continue;
		put_job(c, p->workflow);
		if (c->request->packed)
			put_packed(c, p);
	}
	for (uint32_t i = 0; !c->request->packed && i < c->processes.len; i++)
		if (reached[i])
			target_put_doc(c->ret, c->processes.at[i].path, c->processes.at[i].doc->from, c->processes.at[i].doc);
	if (c->ret->files.len)
		qsort(c->ret->files.at, c->ret->files.len, sizeof(*c->ret->files.at), by_path);
}

static void build(const struct target_request *request, struct target_result *ret, bool files)
{
	const struct plan *p = request->plan;
	struct cwl c = { .arena = ret->arena, .request = request, .plan = p, .ret = ret, .workflow = PLAN_NONE };

	c.steps = arena_new_n(c.arena, struct cwl_step, p->n_steps + 1);
	c.workflows = arena_new_n(c.arena, struct cwl_workflow, p->n_workflows + 1);
	c.awaited = arena_new_n(c.arena, bool, p->n_nodes + 1);
	cwl_mark_used(&c);
	if (p->n_workflows == 0)
		ret->note = "there is no workflow";
	for (uint32_t i = 0; i < p->n_workflows; i++)
		if (!request->only || request->workflow == i)
			cwl_workflow(&c, i);
	if (p->n_workflows)
		target_open_given(ret, p, "it is an input");
	if (files)
		put_files(&c);
	for (uint32_t i = 0; i < p->n_steps; i++)
		vec_finish(&c.steps[i].globals.list);
	for (uint32_t i = 0; i < p->n_workflows; i++)
		vec_finish(&c.workflows[i].globals.list);
	vec_finish(&c.processes);
	map_finish(&c.used);
	map_finish(&c.runs);
}

static void check(const struct target_request *request, struct target_result *ret)
{
	build(request, ret, false);
}

static void emit(const struct target_request *request, struct target_result *ret)
{
	build(request, ret, true);
}

const struct target target_cwl = { "cwl", "Common Workflow Language 1.2", check, emit };
