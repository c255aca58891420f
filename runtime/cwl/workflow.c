/* Workflows: by the engine that the twin names, as one task. */
#include "runtime/cwl/inside.h"
#include <limits.h>
#include <stdlib.h>

#define STEPS ".steps" /* in the work folder: where steps of a workflow leave what they make */

/* Whether something in it must run in a container. */
static bool needs_container(const struct doc *d)
{
	for (doc_each(q, doc_get(d, "requirements")))
		if (strcmp(doc_text(doc_get(q, "class"), ""), "DockerRequirement") == 0)
			return true;
	for (doc_each(m, d))
		if (m->kind >= DOC_LIST && needs_container(m))
			return true;
	return false;
}

static const char *write_beside(struct tool *t, const char *name, const struct doc *d)
{
	struct buf b = { 0 };
	const char *path = arena_printf(t->arena, "%s/%s", t->folder, name);
	doc_json_write(d, 0, &b);
	int e = file_write(path, b.text, b.len, NULL);
	buf_finish(&b);
	if (e)
		tool_fail(t, "cannot write %s: %s", path, strerror(e));
	return e ? NULL : path;
}

/* {class: File, path: ...} of a document by its location, which is what engines resolve; encoded as a URI is. */
static struct doc *with_locations(struct tool *t, const struct doc *d)
{
	const char *path = datum_is_path(d) ? doc_text(doc_get(d, "path"), NULL) : NULL;
	struct buf b = { 0 };
	if (d->kind < DOC_LIST)
		return doc_copy(t->arena, d);
	struct doc *to = d->kind == DOC_MAP ? doc_map(t->arena) : doc_list(t->arena);
	for (doc_each(m, d))
		if (d->kind == DOC_LIST)
			doc_push(to, with_locations(t, m));
		else if (!path || path[0] != '/' || strcmp(m->key, "path") != 0)
			doc_append(t->arena, to, m->key, with_locations(t, m));
	if (!path || path[0] != '/')
		return to;
	buf_percent(&b, path, "/._-~:");
	datum_put_text(t, to, "location", arena_printf(t->arena, "file://%s", buf_text(&b)));
	buf_finish(&b);
	return to;
}

/* An engine wants formats said where the twin has checked them. */
static void put_format(struct tool *t, struct doc *d, const char *iri)
{
	if (datum_is_file(d) && !doc_get(d, "format"))
		datum_put_text(t, d, "format", iri);
	for (doc_each(x, d->kind == DOC_LIST ? d : NULL))
		put_format(t, x, iri);
}

static struct doc *inputs_given(struct tool *t, const struct doc *given)
{
	struct doc *to = doc_map(t->arena);
	for (uint32_t i = 0; i < t->process->n_inputs; i++) {
		const struct cwl_param *p = &t->process->inputs[i];
		const struct doc *d = doc_get(given, p->name), *format = p->format;
		if (datum_is_null(d))
			continue;
		struct doc *value = with_locations(t, d);
		const char *iri = doc_text(format && format->kind == DOC_LIST ? format->children.first : format, NULL);
		if (iri && !cwl_is_expression(iri))
			put_format(t, value, iri);
		datum_put(t, to, p->name, value);
	}
	return to;
}

static const char *write_process(struct tool *t, const struct doc *process, const char *name, int depth);

/* What a step runs, as a file of its own: it may be of another version of CWL. */
static struct doc *split_step(struct tool *t, const struct doc *step, int depth)
{
	const struct doc *run = doc_get(step, "run");
	struct doc *to = doc_map(t->arena);
	const char *name = arena_printf(t->arena, "process-%u.json", t->n_staged++);
	if (!run || run->kind != DOC_MAP || !write_process(t, run, name, depth + 1)) {
		tool_fail(t, "a step has nothing to run");
		return to;
	}
	for (doc_each(m, step))
		if (strcmp(m->key, "run") == 0)
			datum_put_text(t, to, "run", name);
		else
			datum_put(t, to, m->key, with_locations(t, m));
	return to;
}

static const char *write_process(struct tool *t, const struct doc *process, const char *name, int depth)
{
	struct doc *to = doc_map(t->arena);
	if (depth > VALUE_MAX_DEPTH) {
		tool_fail(t, "its workflows are nested too deeply");
		return NULL;
	}
	for (doc_each(m, process)) {
		if (strcmp(m->key, "steps") != 0) {
			datum_put(t, to, m->key, with_locations(t, m));
			continue;
		}
		struct doc *steps = doc_list(t->arena);
		for (doc_each(s, m))
			doc_push(steps, split_step(t, s, depth));
		datum_put(t, to, "steps", steps);
	}
	return t->error ? NULL : write_beside(t, name, to);
}

/* What may come out as it went in. */
static void note_paths(struct tool *t, const struct doc *d, int depth)
{
	char real[PATH_MAX];
	if (datum_is_path(d) && realpath(doc_text(doc_get(d, "path"), ""), real))
		*vec_push(&t->reads) = arena_strdup(t->arena, real);
	for (doc_each(m, depth < DOC_MAX_DEPTH ? d : NULL))
		note_paths(t, m, depth + 1);
}

/* Folders of steps that no output lies in. */
static void remove_steps(struct tool *t, const struct doc *outputs)
{
	const char *folder = arena_printf(t->arena, "%s/" STEPS, t->work);
	struct buf b = { 0 };
	char **names;
	uint32_t n;
	doc_json_write(outputs, 0, &b);
	if (file_list(t->arena, folder, &names, &n) != 0)
		n = 0;
	for (uint32_t i = 0; i < n; i++)
		if (!strstr(buf_text(&b), arena_printf(t->arena, "/" STEPS "/%s/", names[i])))
			file_remove_tree(arena_printf(t->arena, "%s/%s", folder, names[i]));
	buf_finish(&b);
}

/* The engine's command; the last two words are files. */
static const char *const *engine_command(struct tool *t, const char *engine, bool contained, const char *workflow, const char *inputs)
{
	bool cwltool = strcmp(file_basename(t->arena, engine), "cwltool") == 0;
	const char *steps = arena_printf(t->arena, "%s/" STEPS "/", t->work);
	const char *own[] = {
		"--disable-color", "--relax-path-checks",                              /* names of files as they are */
		"--leave-outputs", "--leave-tmpdir", "--tmp-outdir-prefix", steps, /* or of outputs that have one name it loses all but one */
	};
	VEC(const char *) words = { 0 };
	*vec_push(&words) = engine;
	*vec_push(&words) = "--outdir";
	*vec_push(&words) = t->work;
	for (size_t i = 0; cwltool && i < sizeof own / sizeof *own; i++)
		*vec_push(&words) = own[i];
	if (!contained)
		*vec_push(&words) = "--no-container";
	*vec_push(&words) = workflow;
	*vec_push(&words) = inputs;
	*vec_push(&words) = NULL;
	const char *const *argv = arena_copy(t->arena, words.at, words.len * sizeof *words.at);
	vec_finish(&words);
	return argv;
}

int workflow_run(struct tool *t, const struct doc *job)
{
	const struct doc *process = doc_get(job, "process");
	const char *engine = doc_text(doc_get(job, "engine"), "cwltool"), *const *env;
	const char *workflow = write_process(t, process, "workflow.json", 0), *inputs = write_beside(t, "inputs.json", inputs_given(t, doc_get(job, "inputs")));
	bool contained = doc_truth(doc_get(job, "containers"), true) && needs_container(process);
	struct streams s = { .out = arena_printf(t->arena, "%s/engine.json", t->folder) };
	const char *const *argv = engine_command(t, engine, contained, workflow, inputs);
	char *text, *why;
	size_t len;
	struct doc *object, *outputs;
	if (!workflow || !inputs || !task_env(t, &env))
		return FAILED;
	task_note(t, argv, &s);
	if (!task_spawn(t, argv, env, &s) || t->exit)
		return t->exit ? t->exit : FAILED;
	int e = file_read(t->arena, s.out, (size_t)64 << 20, &text, &len);
	if (e || !doc_json_read(t->arena, text, len, &object, &why)) {
		tool_fail(t, "%s gives no outputs", engine);
		return FAILED;
	}
	note_paths(t, process, 0);
	note_paths(t, doc_get(job, "inputs"), 0);
	if (!collect_object(t, object, &outputs) || !task_outputs(t, outputs))
		return FAILED;
	remove_steps(t, outputs);
	return 0;
}
