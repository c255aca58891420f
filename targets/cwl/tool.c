/* A step becomes a CommandLineTool. */
#include "targets/cwl/cwl.h"
#include "compiler/base/file.h"
#include <math.h>
#include <string.h>

#define MIB 1048576.0
#define DEFAULT_MEMORY (256 * MIB) /* what CWL sets aside where nothing is said */
#define GLOB_DEPTH 10              /* of `**`, which patterns of CWL do not have */

struct tool {
	struct cwl *c;
	const struct plan_step *step;
	struct cwl_step *info;
	struct cwl_needs needs;
	struct cwl_js js;
	struct doc *doc, *inputs, *requirements, *hints;
	const char *path, *folder;
	bool refused;
};

static void refuse(struct tool *t, struct span span, const char *what)
{
	target_row(t->c->ret, t->step->name, span, TARGET_REFUSED, "%s", what);
	t->refused = true;
}

static struct doc *empty(struct tool *t)
{
	return doc_map(t->c->arena);
}

static void set_text(struct tool *t, struct doc *map, const char *key, const char *text)
{
	doc_set(t->c->arena, map, key, doc_string(t->c->arena, text));
}

/* -- inputs ----------------------------------------------------------------------------------------------------------- */

static void add_inputs(struct tool *t)
{
	struct arena *a = t->c->arena;

	for (uint32_t i = 0; i < t->step->n_inputs; i++) {
		const struct plan_field *f = &t->step->inputs[i];
		const struct value *v = f->expr ? cwl_constant(t->c, f->expr, f->type, false) : NULL;
		struct doc *input = empty(t);
		doc_set(a, input, "type", cwl_type(t->c, f->type));
		if (f->doc)
			set_text(t, input, "doc", f->doc);
		if (v && v->kind != VALUE_NULL)
			doc_set(a, input, "default", cwl_value(t->c, v, f->type, t->folder));
		doc_set(a, t->inputs, f->name, doc_from(doc_len(input) == 1 ? cwl_parameter(t->c, f->type) : input, f->span));
	}
}

/* Params that other attributes than the command read are inputs, too. */
static const char *param_name(void *ctx, const struct cwl_ref *ref, const struct expr *e)
{
	struct tool *t = ctx;
	char *id;

	(void)e;
	if (ref->kind != CWL_PARAM)
		return NULL;
	for (uint32_t i = 0; i < t->info->globals.list.len; i++)
		if (t->info->globals.list.at[i].param == ref->index)
			return arena_printf(t->c->arena, "inputs.%s", t->info->globals.list.at[i].id);
	id = arena_strdup(t->c->arena, t->c->plan->params[ref->index].name);
	for (char *dot = id; (dot = strchr(dot, '.'));)
		*dot = '_'; /* of a module, or of what infrastructure gives */
	while (doc_get(t->inputs, id))
		id = arena_printf(t->c->arena, "%s_", id);
	doc_set(t->c->arena, t->inputs, id, cwl_parameter(t->c, t->c->plan->params[ref->index].type));
	*vec_push(&t->info->globals.list) = (struct cwl_global){ ref->index, NULL, id };
	return arena_printf(t->c->arena, "inputs.%s", id);
}

/* -- world and resources -------------------------------------------------------------------------------------------------- */

static const struct value *number(struct tool *t, const struct expr *e)
{
	const struct value *v = e ? cwl_constant(t->c, e, NULL, true) : NULL;

	if (v && v->kind == VALUE_RANGE)
		v = v->range.low;
	return v && value_is_number(v) ? v : NULL;
}

/* A number, or an expression over the inputs, for so many and rounded up. */
static struct doc *rounded(struct tool *t, const struct expr *e, uint32_t times, double unit)
{
	const struct value *v = number(t, e);
	struct buf b = { 0 };
	struct doc *d;

	if (v)
		return doc_int(t->c->arena, (int64_t)ceil(value_number(v) * times / unit));
	buf_puts(&b, "$(Math.ceil(");
	cwl_js(&t->js, e, CWL_PRODUCT, &b);
	if (times > 1)
		buf_printf(&b, " * %u", times);
	buf_printf(&b, unit > 1 ? " / %.0f))" : "))", unit);
	t->needs.js = true;
	d = doc_string(t->c->arena, buf_text(&b));
	buf_finish(&b);
	return d;
}

static void add_resources(struct tool *t)
{
	const struct plan_step *s = t->step;
	struct arena *a = t->c->arena;
	struct doc *d = empty(t), *limit = empty(t), *gpus = empty(t);

	if (s->cpus)
		doc_set(a, d, "coresMin", rounded(t, s->cpus, s->workers, 1));
	if (s->memory)
		doc_set(a, d, "ramMin", rounded(t, s->memory, s->workers, MIB));
	if (doc_len(d))
		doc_set(a, t->requirements, "ResourceRequirement", d);
	if (s->time) {
		doc_set(a, limit, "timelimit", rounded(t, s->time, 1, 1));
		if (!t->c->request->through) /* else it sees to that */
			doc_set(a, t->requirements, "ToolTimeLimit", limit);
	}
	if (s->gpus && !(number(t, s->gpus) && value_number(number(t, s->gpus)) == 0)) {
		set_text(t, gpus, "cudaVersionMin", "11.0");
		set_text(t, gpus, "cudaComputeCapability", "3.0");
		doc_set(a, gpus, "cudaDeviceCountMin", rounded(t, s->gpus, s->workers, 1));
		doc_set(a, t->hints, "cwltool:CUDARequirement", gpus);
		cwl_emulate(t->c, s->name, s->gpus->span, "CWL knows no GPUs: they are a hint that cwltool and toil understand");
	}
}

static void add_setting(struct tool *t, struct doc *env, const struct plan_attribute *at)
{
	const struct value *v = cwl_constant(t->c, at->expr, NULL, false);
	struct cwl_ref ref;
	struct buf text = { 0 };

	if (v && v->kind == VALUE_NULL)
		return;
	if (v && eval_value_text(v, &text) && !strstr(buf_text(&text), "$(") && !strstr(buf_text(&text), "${")) {
		doc_set(t->c->arena, env, at->name, doc_string_n(t->c->arena, buf_text(&text), text.len));
		buf_finish(&text);
		return;
	}
	buf_clear(&text);
	buf_puts(&text, "$(");
	if (at->expr->op == EXPR_ASSET) {
		cwl_js_text(&t->js, at->expr, CWL_ANY, &text);
	} else if ((at->expr->op == EXPR_INPUT || cwl_is_ref(t->c, at->expr, &ref)) && cwl_strip(at->expr->type)->kind == TYPE_STRING) {
		cwl_js(&t->js, at->expr, CWL_ANY, &text);
	} else {
		buf_puts(&text, "String(");
		cwl_js_text(&t->js, at->expr, CWL_COND, &text);
		buf_putc(&text, ')');
		t->needs.js = true;
	}
	buf_putc(&text, ')');
	doc_set(t->c->arena, env, at->name, doc_string(t->c->arena, buf_text(&text)));
	buf_finish(&text);
}

static void set_world(struct tool *t, struct doc *env, const char *name, const char *value)
{
	for (uint32_t i = 0; i < t->step->n_env; i++)
		if (strcmp(t->step->env[i].name, name) == 0)
			return;
	set_text(t, env, name, value);
}

/* What each task of a twin finds in its environment. */
static void add_environment(struct tool *t, struct doc *command)
{
	const struct plan_step *s = t->step;
	const struct value *memory = number(t, s->memory), *cpus = number(t, s->cpus);
	struct doc *env = empty(t), *d = empty(t);

	set_world(t, env, "LC_ALL", "C.UTF-8");
	set_world(t, env, "TWIN_RUN", "cwl");
	set_world(t, env, "TWIN_TASK", s->name);
	set_world(t, env, "TWIN_CPUS", s->cpus && !cpus ? "$(String(runtime.cores))" : arena_printf(t->c->arena, "%.0f", cpus ? value_number(cpus) : 1));
	set_world(t, env, "TWIN_MEMORY_BYTES", s->memory && !memory ? "$(String(runtime.ram * 1048576))" :
		arena_printf(t->c->arena, "%.0f", memory ? value_number(memory) : DEFAULT_MEMORY));
	t->needs.js |= (s->memory && !memory) || (s->cpus && !cpus);
	for (uint32_t i = 0; i < s->n_env; i++)
		add_setting(t, env, &s->env[i]);
	cwl_through_tool(t->c, s, command, t->inputs, env);
	t->needs.js |= t->c->request->through != NULL;
	if (t->c->request->through && s->time)
		cwl_through_time(t->c, rounded(t, s->time, 1, 1), env);
	doc_set(t->c->arena, d, "envDef", env);
	doc_set(t->c->arena, t->requirements, "EnvVarRequirement", d);
}

static void add_software(struct tool *t)
{
	const struct plan_step *s = t->step;
	struct arena *a = t->c->arena;
	struct doc *docker = empty(t), *network = empty(t), *packages = empty(t), *software = empty(t);

	if (s->container) {
		set_text(t, docker, "dockerPull", strncmp(s->container, "docker://", 9) == 0 ? s->container + 9 : s->container);
		doc_set(a, t->requirements, "DockerRequirement", docker);
		doc_set(a, network, "networkAccess", doc_bool(a, s->network));
		doc_set(a, t->requirements, "NetworkAccess", network);
	}
	for (uint32_t i = 0; i < s->n_modules; i++)
		if (!doc_get(packages, s->modules[i]))
			doc_set(a, packages, s->modules[i], empty(t));
	if (s->n_modules) {
		doc_set(a, software, "packages", packages);
		doc_set(a, t->hints, "SoftwareRequirement", software);
	}
}

/* -- outputs ---------------------------------------------------------------------------------------------------------------- */

/* The characters of a name that a pattern would take for its own. */
static void put_exactly(const char *name, struct buf *ret)
{
	for (; *name; name++)
		if (strchr("*?[", *name))
			buf_printf(ret, "[%c]", *name);
		else
			buf_putc(ret, *name);
}

/* fnmatch takes a backslash before a character; Python's patterns, which cwltool and toil use, do not. */
static void put_pattern(const char *pattern, struct buf *ret)
{
	for (; *pattern; pattern++)
		if (*pattern == '\\' && pattern[1]) {
			const char one[2] = { *++pattern, 0 };
			put_exactly(one, ret);
		} else {
			buf_putc(ret, *pattern);
		}
}

/* A pattern with `**` is one for each depth. */
static void add_patterns(struct tool *t, const char *pattern, struct doc *list)
{
	const char *deep = strstr(pattern, "**");
	struct buf b = { 0 };

	if (!deep) {
		put_pattern(pattern, &b);
		doc_push(list, doc_string(t->c->arena, buf_text(&b)));
		buf_finish(&b);
		return;
	}
	for (int depth = 0; depth <= GLOB_DEPTH; depth++) {
		buf_clear(&b);
		buf_add(&b, pattern, (size_t)(deep - pattern));
		for (int i = 0; i < depth; i++)
			buf_puts(&b, "*/");
		buf_puts(&b, deep[2] == '/' ? deep + 3 : deep[2] ? deep + 2 : "*");
		add_patterns(t, buf_text(&b), list);
	}
	buf_finish(&b);
}

static void add_glob(struct tool *t, const struct plan_field *f, const struct expr *e, struct doc *list)
{
	const struct expr *text = e->op == EXPR_GLOB ? e->args[0] : e;
	const struct value *v = cwl_constant(t->c, text, NULL, true);
	const char *s = v ? (v->kind == VALUE_STRING ? v->string.text : v->kind == VALUE_PATH ? v->file.path : NULL) : NULL;
	struct buf b = { 0 };

	if (e->op == EXPR_LIST) {
		for (uint16_t i = 0; i < e->n; i++)
			add_glob(t, f, e->args[i], list);
	} else if (s && (strstr(s, "$(") || strstr(s, "${"))) {
		refuse(t, f->span, "a name with `$(` or `${` would be taken for an expression");
	} else if (s && e->op == EXPR_GLOB) {
		if (strstr(s, "**"))
			cwl_emulate(t->c, t->step->name, f->span, "`**` has no pattern in CWL: it is written out to a depth of %d", GLOB_DEPTH);
		add_patterns(t, s, list);
	} else if (s) {
		put_exactly(s, &b);
		doc_push(list, doc_string(t->c->arena, buf_text(&b)));
	} else {
		buf_puts(&b, "$(");
		if (e->op != EXPR_GLOB)
			cwl_js_helper(&t->js, CWL_JS_exactly, &b);
		buf_putc(&b, '(');
		cwl_js_text(&t->js, text, CWL_COND, &b);
		buf_puts(&b, "))");
		t->needs.js = true;
		doc_push(list, doc_string(t->c->arena, buf_text(&b)));
	}
	buf_finish(&b);
}

static const struct type *path_in(const struct type *t)
{
	while (t->kind == TYPE_OPTIONAL || t->kind == TYPE_LIST)
		t = t->of;
	return t;
}

/* A format's IRI by its name space, where it is one of EDAM. */
static void add_format(struct tool *t, const struct plan_field *f, struct doc *output)
{
	static const char edam[] = "http://edamontology.org/";
	const struct type *type = path_in(f->type);

	if (type->kind != TYPE_FILE || !type->format || !type->format->iri)
		return;
	if (strncmp(type->format->iri, edam, sizeof(edam) - 1) == 0) {
		doc_set(t->c->arena, output, "format", doc_printf(t->c->arena, "edam:%s", type->format->iri + sizeof(edam) - 1));
		t->needs.edam = true;
	} else {
		set_text(t, output, "format", type->format->iri);
	}
}

static void add_output(struct tool *t, const struct plan_field *f, struct doc *outputs)
{
	struct arena *a = t->c->arena;
	struct doc *output = empty(t), *binding = empty(t), *globs = doc_list(a);
	bool list = cwl_strip(f->type)->kind == TYPE_LIST, sorted = list && f->expr->op == EXPR_GLOB;
	struct buf b = { 0 };

	add_glob(t, f, f->expr, globs);
	doc_set(a, output, "type", cwl_type(t->c, f->type));
	if (f->doc)
		set_text(t, output, "doc", f->doc);
	add_format(t, f, output);
	doc_set(a, binding, "glob", doc_len(globs) == 1 ? doc_share(a, globs->children.first) : globs);
	if (sorted) { /* bytewise, whatever the engine's locale */
		cwl_js_helper(&t->js, CWL_JS_by_path, &b);
		doc_set(a, binding, "outputEval", doc_printf(a, "$(%s(self))", buf_text(&b)));
	}
	doc_set(a, output, "outputBinding", binding);
	doc_set(a, outputs, f->name, doc_from(output, f->span));
	buf_finish(&b);
}

static void put_bound(bool has, double x, struct buf *ret)
{
	char text[32];

	value_number_text(x, text);
	buf_printf(ret, ", %s", has ? text : "null");
}

static void add_metric(struct tool *t, const struct plan_field *f, const char *file, struct doc *outputs)
{
	struct arena *a = t->c->arena;
	const struct type *type = cwl_strip(f->type);
	struct doc *output = empty(t), *binding = empty(t);
	struct buf b = { 0 };

	doc_set(a, output, "type", cwl_type(t->c, f->type));
	if (f->doc)
		set_text(t, output, "doc", f->doc);
	set_text(t, binding, "glob", file);
	doc_set(a, binding, "loadContents", doc_bool(a, true));
	buf_puts(&b, "$(");
	cwl_js_helper(&t->js, CWL_JS_metric, &b);
	buf_printf(&b, "(self, \"%s\"", f->name);
	put_bound(type->has_low, type->low, &b);
	put_bound(type->has_high, type->high, &b);
	buf_puts(&b, "))");
	set_text(t, binding, "outputEval", buf_text(&b));
	doc_set(a, output, "outputBinding", binding);
	doc_set(a, outputs, f->name, doc_from(output, f->span));
	buf_finish(&b);
}

static void add_metrics(struct tool *t, struct doc *outputs)
{
	const struct plan_step *s = t->step;
	const struct expr *e = s->metrics_file && s->metrics_file->op == EXPR_OUTPUT ? s->outputs[s->metrics_file->index].expr : s->metrics_file;
	const struct value *v = e ? cwl_constant(t->c, e, NULL, true) : NULL;
	struct buf b = { 0 };

	if (!s->n_metrics)
		return;
	if (!v || (v->kind != VALUE_STRING && v->kind != VALUE_PATH)) {
		refuse(t, e ? e->span : s->span, "the name of its metrics file is not known before it runs");
		return;
	}
	put_exactly(v->kind == VALUE_STRING ? v->string.text : v->file.path, &b);
	for (uint32_t i = 0; i < s->n_metrics; i++)
		add_metric(t, &s->metrics[i], buf_text(&b), outputs);
	buf_finish(&b);
}

/* -- the whole -------------------------------------------------------------------------------------------------------------- */

static void check_step(struct tool *t)
{
	const struct plan_step *s = t->step;

	if (!s->script && !s->argv)
		refuse(t, s->span, strcmp(s->kind, "step") == 0 ? "it has no command that CWL could run" : "it has no command that CWL could run: one that calls its system's own client could be said");
	if (s->workers > 1)
		cwl_emulate(t->c, s->name, s->span, "CWL knows no workers: one task on one machine has what all %u need, and its command is started once", s->workers);
	if (s->attempts > 1)
		cwl_emulate(t->c, s->name, s->span, "CWL knows no retries: whether a failed task is tried again is the engine's business");
}

static void move(struct tool *t, struct doc *from, const char *key)
{
	if (doc_len(doc_get(from, key)) || doc_text(doc_get(from, key), NULL))
		doc_set(t->c->arena, t->doc, key, doc_share(t->c->arena, doc_get(from, key)));
}

/* In the order that tools are written in. */
static void put_tool(struct tool *t)
{
	struct cwl *c = t->c;
	struct doc *outputs = empty(t), *command = empty(t), *spaces = empty(t), *merged;

	cwl_command(&t->js, command);
	for (struct doc *part = command->children.first; part; part = part->next)
		doc_from(part, t->step->command_span);
	for (uint32_t i = 0; i < t->step->n_outputs; i++)
		add_output(t, &t->step->outputs[i], outputs);
	add_metrics(t, outputs);
	add_resources(t);
	add_environment(t, command);
	add_software(t);
	merged = cwl_requirements(c, &t->needs);
	for (doc_each(d, merged))
		doc_set(c->arena, t->requirements, d->key, doc_share(c->arena, d));
	doc_set(c->arena, t->doc, "requirements", t->requirements);
	if (doc_len(t->hints))
		doc_set(c->arena, t->doc, "hints", t->hints);
	move(t, command, "baseCommand");
	move(t, command, "arguments");
	doc_set(c->arena, t->doc, "inputs", t->inputs);
	doc_set(c->arena, t->doc, "outputs", outputs);
	if (t->needs.edam)
		set_text(t, spaces, "edam", "http://edamontology.org/");
	if (doc_get(t->hints, "cwltool:CUDARequirement"))
		set_text(t, spaces, "cwltool", "http://commonwl.org/cwltool#");
	if (doc_len(spaces))
		doc_set(c->arena, t->doc, "$namespaces", spaces);
}

bool cwl_is_foreign(const struct plan_step *s)
{
	return s->kind && strncmp(s->kind, "cwl.", 4) == 0 && doc_text(doc_get(s->extra, "file"), NULL);
}

/* A tool that is CWL already is called as it is. */
static const char *foreign(struct cwl *c, const struct plan_step *s)
{
	const char *declared = s->span.file < c->plan->sources->list.len ? c->plan->sources->list.at[s->span.file].path : "";
	const char *folder = file_join(c->arena, c->request->here, file_dirname(c->arena, declared));

	/* Its path starts from the twin that declares it. */
	return target_path_from(c->arena, c->request->folder, file_join(c->arena, folder, doc_text(doc_get(s->extra, "file"), "")));
}

static void finish(struct tool *t)
{
	if (t->js.error)
		refuse(t, t->js.error_span, t->js.error);
	t->info->refused = t->refused;
	if (!t->refused)
		*vec_push(&t->c->processes) = (struct cwl_process){ .path = t->path, .id = arena_printf(t->c->arena, "tool_%s", t->step->name), .doc = t->doc, .needs = t->needs, .workflow = PLAN_NONE };
}

const char *cwl_step(struct cwl *c, uint32_t step)
{
	struct cwl_step *info = &c->steps[step];
	const struct plan_step *s = &c->plan->steps[step];
	struct tool t = { .c = c, .step = s, .info = info };
	uint32_t rows = c->ret->rows.len;

	if (info->done)
		return info->refused ? NULL : info->run;
	info->done = true;
	if (cwl_is_foreign(s)) {
		info->run = foreign(c, s);
		target_row(c->ret, s->name, s->span, TARGET_SUPPORTED, NULL);
		return info->run;
	}
	t.path = arena_printf(c->arena, "tools/%s.cwl", s->name);
	t.folder = cwl_folder(c, t.path);
	t.doc = cwl_process_doc(c, "CommandLineTool", s->doc, s->span);
	t.inputs = empty(&t);
	t.requirements = empty(&t);
	t.hints = empty(&t);
	t.js = (struct cwl_js){ .c = c, .needs = &t.needs, .step = s, .inputs = t.inputs, .folder = t.folder, .name = param_name, .ctx = &t };
	info->run = cwl_run(c, t.path, arena_printf(c->arena, "tool_%s", s->name));
	check_step(&t);
	add_inputs(&t);
	if (!t.refused)
		put_tool(&t);
	finish(&t);
	if (c->ret->rows.len == rows)
		target_row(c->ret, s->name, s->span, TARGET_SUPPORTED, NULL);
	return info->refused ? NULL : info->run;
}
