/* Structures of a normal document. */
#include "compiler/cwl/inside.h"

struct loader { struct arena *arena; struct cwl_error *error; bool failed; int depth; int version; };

static bool load_fail(struct loader *l, const struct doc *at, const char *message)
{
	if (!l->failed)
		*l->error = (struct cwl_error){ .message = message, .line = at ? at->line : 0, .column = at ? at->column : 0 };
	l->failed = true;
	return false;
}

static const char *text_at(struct loader *l, const struct doc *map, const char *key)
{
	const struct doc *d = doc_get(map, key);
	if (d && d->kind != DOC_STRING && d->kind != DOC_NULL)
		load_fail(l, d, arena_printf(l->arena, "`%s` is a text", key));
	return doc_text(d, NULL);
}

static bool truth_at(struct loader *l, const struct doc *map, const char *key, bool otherwise)
{
	const struct doc *d = doc_get(map, key);
	if (d && d->kind != DOC_BOOL && d->kind != DOC_NULL)
		load_fail(l, d, arena_printf(l->arena, "`%s` is true or false", key));
	return doc_truth(d, otherwise);
}

static enum cwl_listing listing_at(struct loader *l, const struct doc *map)
{
	static const char *const words[] = { "no_listing", "shallow_listing", "deep_listing" };
	const char *text = text_at(l, map, "loadListing");
	for (int i = 0; text && i < 3; i++)
		if (strcmp(words[i], text) == 0)
			return (enum cwl_listing)(i + CWL_LISTING_NONE);
	if (text)
		load_fail(l, doc_get(map, "loadListing"), "`loadListing` is no_listing, shallow_listing or deep_listing");
	return CWL_LISTING_UNSAID;
}

static bool load_binding(struct loader *l, const struct doc *d, struct cwl_binding *ret)
{
	const struct doc *position = doc_get(d, "position");
	if (position && position->kind != DOC_INT && !(position->kind == DOC_STRING && l->version >= 11 && cwl_is_expression(position->string.text)))
		return load_fail(l, position, l->version >= 11 ? "`position` is a whole number or an expression" : "`position` is a whole number");
	*ret = (struct cwl_binding){
		.position = position, .prefix = text_at(l, d, "prefix"), .separator = text_at(l, d, "itemSeparator"), .value_from = text_at(l, d, "valueFrom"),
		.joined = !truth_at(l, d, "separate", true), .raw = !truth_at(l, d, "shellQuote", true), .load_contents = truth_at(l, d, "loadContents", false),
	};
	return !l->failed;
}

static const struct cwl_binding *binding_at(struct loader *l, const struct doc *map)
{
	const struct doc *d = doc_get(map, "inputBinding");
	struct cwl_binding b;
	return d && load_binding(l, d, &b) ? arena_copy(l->arena, &b, sizeof b) : NULL;
}

static const struct cwl_type *load_type(struct loader *l, const struct doc *d);

static void load_params(struct loader *l, const struct doc *list, const char *key, struct cwl_param **ret, uint32_t *ret_n);

static const struct cwl_type *load_type_map(struct loader *l, const struct doc *d)
{
	struct cwl_type *t = arena_new(l->arena, struct cwl_type);
	const char *kind = doc_text(doc_get(d, "type"), "");
	t->binding = binding_at(l, d);
	if (strcmp(kind, "array") == 0) {
		t->kind = CWL_ARRAY;
		t->n_of = 1;
		t->of = arena_new_n(l->arena, const struct cwl_type *, 1);
		t->of[0] = load_type(l, doc_get(d, "items"));
	} else if (strcmp(kind, "enum") == 0) {
		t->kind = CWL_ENUM;
		t->symbols = arena_new_n(l->arena, const char *, doc_len(doc_get(d, "symbols")) + 1);
		for (doc_each(s, doc_get(d, "symbols")))
			t->symbols[t->n_symbols++] = doc_text(s, "");
	} else if (strcmp(kind, "record") == 0) {
		t->kind = CWL_RECORD;
		load_params(l, doc_get(d, "fields"), "name", &t->fields, &t->n_fields);
	} else {
		load_fail(l, d, "this is no type");
	}
	return t;
}

static const struct cwl_type *load_type(struct loader *l, const struct doc *d)
{
	static const struct { const char *name; enum cwl_type_kind kind; } names[] = {
		{ "null", CWL_NULL }, { "boolean", CWL_BOOLEAN }, { "int", CWL_INT }, { "long", CWL_INT }, { "float", CWL_FLOAT }, { "double", CWL_FLOAT },
		{ "string", CWL_STRING }, { "File", CWL_FILE }, { "Directory", CWL_DIRECTORY }, { "Any", CWL_ANY },
		{ "stdin", CWL_FILE }, { "stdout", CWL_FILE }, { "stderr", CWL_FILE },
	};
	struct cwl_type *t = arena_new(l->arena, struct cwl_type);
	if (!d || l->failed || ++l->depth > CWL_MAX_DEPTH) {
		load_fail(l, d, "a type is missing, or nested too deeply");
		t->kind = CWL_ANY;
		return t;
	}
	if (d->kind == DOC_LIST) {
		t->kind = CWL_UNION;
		t->of = arena_new_n(l->arena, const struct cwl_type *, doc_len(d) + 1);
		for (doc_each(x, d))
			t->of[t->n_of++] = load_type(l, x);
	} else if (d->kind == DOC_MAP) {
		l->depth--;
		t = (struct cwl_type *)(uintptr_t)load_type_map(l, d);
		l->depth++;
	} else {
		size_t i = 0, n = sizeof names / sizeof *names;
		while (i < n && strcmp(names[i].name, doc_text(d, "")) != 0)
			i++;
		if (i == n)
			load_fail(l, d, "this is no type");
		else
			t->kind = names[i].kind;
	}
	l->depth--;
	return t;
}

static void load_secondary(struct loader *l, const struct doc *list, struct cwl_param *p)
{
	p->secondary = arena_new_n(l->arena, struct cwl_secondary, doc_len(list) + 1);
	for (doc_each(s, list))
		p->secondary[p->n_secondary++] = (struct cwl_secondary){ doc_text(s->kind == DOC_STRING ? s : doc_get(s, "pattern"), ""), doc_get(s, "required") };
}

static const struct cwl_collect *collect_at(struct loader *l, const struct doc *map)
{
	const struct doc *d = doc_get(map, "outputBinding");
	if (!d)
		return NULL;
	struct cwl_collect *c = arena_new(l->arena, struct cwl_collect);
	*c = (struct cwl_collect){ .glob = doc_get(d, "glob"), .eval = text_at(l, d, "outputEval"), .load_contents = truth_at(l, d, "loadContents", false), .listing = listing_at(l, d) };
	if (c->glob && c->glob->kind != DOC_STRING && c->glob->kind != DOC_LIST)
		load_fail(l, c->glob, "`glob` is a pattern, a list of these, or an expression");
	return c;
}

static void load_param(struct loader *l, const struct doc *d, const char *key, struct cwl_param *p)
{
	const char *type = doc_text(doc_get(d, "type"), "");
	*p = (struct cwl_param){
		.name = doc_text(doc_get(d, key), ""), .doc = doc_text(doc_get(d, "doc"), doc_text(doc_get(d, "label"), NULL)), .type = load_type(l, doc_get(d, "type")),
		.binding = binding_at(l, d), .collect = collect_at(l, d), .format = doc_get(d, "format"), .fallback = doc_get(d, "default"),
		.load_contents = truth_at(l, d, "loadContents", false), .listing = listing_at(l, d), .line = d->line, .column = d->column,
		.stream = strcmp(type, "stdin") == 0 ? CWL_STDIN : strcmp(type, "stdout") == 0 ? CWL_STDOUT : strcmp(type, "stderr") == 0 ? CWL_STDERR : CWL_NO_STREAM,
	};
	load_secondary(l, doc_get(d, "secondaryFiles"), p);
	if (p->stream != CWL_NO_STREAM && (p->binding || p->collect))
		load_fail(l, d, "what is a stream has no binding");
}

static void load_params(struct loader *l, const struct doc *list, const char *key, struct cwl_param **ret, uint32_t *ret_n)
{
	*ret = arena_new_n(l->arena, struct cwl_param, doc_len(list) + 1);
	*ret_n = 0;
	if (++l->depth > CWL_MAX_DEPTH)
		load_fail(l, list, "a type is nested too deeply");
	for (doc_each(d, list))
		if (!l->failed)
			load_param(l, d, key, &(*ret)[(*ret_n)++]);
	l->depth--;
}

static const char **load_texts(struct loader *l, const struct doc *list, uint32_t *ret_n)
{
	const char **texts = arena_new_n(l->arena, const char *, doc_len(list) + 1);
	*ret_n = 0;
	for (doc_each(x, list))
		texts[(*ret_n)++] = doc_text(x, "");
	return texts;
}

static void load_codes(struct loader *l, const struct doc *list, int64_t **ret, uint32_t *ret_n)
{
	*ret = arena_new_n(l->arena, int64_t, doc_len(list) + 1);
	for (doc_each(x, list))
		(*ret)[(*ret_n)++] = doc_integer(x, 0);
}

static void load_tool(struct loader *l, const struct doc *d, struct cwl_process *p)
{
	p->base = load_texts(l, doc_get(d, "baseCommand"), &p->n_base);
	p->arguments = arena_new_n(l->arena, struct cwl_binding, doc_len(doc_get(d, "arguments")) + 1);
	for (doc_each(a, doc_get(d, "arguments"))) {
		struct cwl_binding *b = &p->arguments[p->n_arguments++];
		if (a->kind == DOC_STRING)
			b->value_from = a->string.text;
		else if (!load_binding(l, a, b))
			return;
		if (!b->value_from)
			load_fail(l, a, "an argument has no `valueFrom`");
	}
	p->in = text_at(l, d, "stdin");
	p->out = text_at(l, d, "stdout");
	p->err = text_at(l, d, "stderr");
	load_codes(l, doc_get(d, "successCodes"), &p->success, &p->n_success);
	load_codes(l, doc_get(d, "temporaryFailCodes"), &p->temporary, &p->n_temporary);
	load_codes(l, doc_get(d, "permanentFailCodes"), &p->permanent, &p->n_permanent);
}

/* -- requirements ----------------------------------------------------------------------------------------------------- */

static void load_docker(struct loader *l, const struct doc *q, struct cwl_process *p, bool hint)
{
	p->image = text_at(l, q, "dockerPull");
	if (!p->image)
		p->image = text_at(l, q, "dockerImageId");
	p->image_folder = text_at(l, q, "dockerOutputDirectory");
	p->image_required = !hint;
}

static void load_env(struct loader *l, const struct doc *q, struct cwl_process *p)
{
	p->env = arena_new_n(l->arena, struct cwl_setting, doc_len(doc_get(q, "envDef")) + 1);
	p->n_env = 0;
	for (doc_each(e, doc_get(q, "envDef")))
		p->env[p->n_env++] = (struct cwl_setting){ doc_text(doc_get(e, "envName"), ""), doc_text(doc_get(e, "envValue"), "") };
}

static const struct doc *number_or_text(struct loader *l, const struct doc *q, const char *key)
{
	const struct doc *d = doc_get(q, key);
	if (!d || d->kind == DOC_INT || d->kind == DOC_FLOAT || (d->kind == DOC_STRING && cwl_is_expression(d->string.text)))
		return d;
	load_fail(l, d, arena_printf(l->arena, "`%s` is a number or an expression", key));
	return NULL;
}

static void load_resources(struct loader *l, const struct doc *q, struct cwl_process *p)
{
	for (doc_each(m, q))
		if (m->kind == DOC_FLOAT && l->version < 12)
			load_fail(l, m, arena_printf(l->arena, "`%s` is a whole number before v1.2", m->key));
	p->cores = number_or_text(l, q, doc_get(q, "coresMin") ? "coresMin" : "coresMax");
	p->tmp_mib = number_or_text(l, q, doc_get(q, "tmpdirMin") ? "tmpdirMin" : "tmpdirMax");
	p->out_mib = number_or_text(l, q, doc_get(q, "outdirMin") ? "outdirMin" : "outdirMax");
	p->ram_mib = number_or_text(l, q, doc_get(q, "ramMin") ? "ramMin" : "ramMax");
}

static void load_requirement(struct loader *l, const struct doc *q, struct cwl_process *p, bool hint)
{
	const char *class = doc_text(doc_get(q, "class"), "");
	if (strcmp(class, "InlineJavascriptRequirement") == 0) {
		p->javascript = true;
		p->library = load_texts(l, doc_get(q, "expressionLib"), &p->n_library);
	} else if (strcmp(class, "ShellCommandRequirement") == 0) {
		p->shell = true;
	} else if (strcmp(class, "EnvVarRequirement") == 0) {
		load_env(l, q, p);
	} else if (strcmp(class, "InitialWorkDirRequirement") == 0) {
		p->work_dir = doc_get(q, "listing");
	} else if (strcmp(class, "ResourceRequirement") == 0) {
		load_resources(l, q, p);
	} else if (strcmp(class, "ToolTimeLimit") == 0) {
		p->time_s = number_or_text(l, q, "timelimit");
		if (p->time_s && doc_number(p->time_s, 0) < 0)
			load_fail(l, p->time_s, "`timelimit` is negative");
	} else if (strcmp(class, "WorkReuse") == 0) {
		p->reuse = doc_get(q, "enableReuse");
	} else if (strcmp(class, "LoadListingRequirement") == 0) {
		p->listing = listing_at(l, q);
	} else if (strcmp(class, "DockerRequirement") == 0) {
		load_docker(l, q, p, hint);
	} else if (strcmp(class, "InplaceUpdateRequirement") == 0) {
		p->in_place = !hint && doc_truth(doc_get(q, "inplaceUpdate"), true);
	}
}

/* -- JavaScript -------------------------------------------------------------------------------------------------------- */

/* `$(inputs.x['y'])` is looked up; anything else is a program. */
static bool is_reference(const char *at)
{
	static const char *const roots[] = { "inputs", "self", "runtime", "null" };
	for (size_t i = 0; i < 4; i++) {
		size_t n = strlen(roots[i]);
		if (strncmp(at, roots[i], n) == 0 && strchr(".[)", at[n]))
			return at[strcspn(at, "()+*/<>=!?:,;&| -")] == ')';
	}
	return false;
}

static bool has_program(const struct doc *d)
{
	if (d->kind == DOC_STRING) {
		if (strstr(d->string.text, "${"))
			return true;
		for (const char *at = d->string.text; (at = strstr(at, "$(")); at += 2)
			if (!is_reference(at + 2))
				return true;
	}
	for (doc_each(x, d))
		if (has_program(x))
			return true;
	return false;
}

/* Whether a requirement of that class stands anywhere below: in what the steps of a Workflow run. */
static bool has_inside(const struct doc *d, const char *class)
{
	if (strcmp(doc_text(doc_get(d, "class"), ""), class) == 0)
		return true;
	for (doc_each(x, d))
		if (has_inside(x, class))
			return true;
	return false;
}

struct cwl_process *cwl_load(struct arena *a, const struct doc *d, struct cwl_error *ret_error)
{
	static const char *const classes[] = { "CommandLineTool", "ExpressionTool", "Workflow", "Operation" };
	struct cwl_error error = { 0 };
	const char *version = doc_text(doc_get(d, "cwlVersion"), "v1.2");
	struct loader l = { .arena = a, .error = &error };
	struct cwl_process *p = arena_new(a, struct cwl_process);
	int class = 0;
	while (class < 4 && strcmp(classes[class], doc_text(doc_get(d, "class"), "")) != 0)
		class++;
	if (class == 4 || strlen(version) != 4) {
		*ret_error = (struct cwl_error){ .message = "it is no CWL process" };
		return NULL;
	}
	p->class = (enum cwl_class)class;
	p->version = l.version = 10 + (version[3] - '0');
	p->doc = doc_text(doc_get(d, "doc"), doc_text(doc_get(d, "label"), NULL));
	load_params(&l, doc_get(d, "inputs"), "id", &p->inputs, &p->n_inputs);
	load_params(&l, doc_get(d, "outputs"), "id", &p->outputs, &p->n_outputs);
	if (p->class == CWL_TOOL)
		load_tool(&l, d, p);
	p->expression = text_at(&l, d, "expression");
	for (doc_each(q, doc_get(d, "hints")))
		load_requirement(&l, q, p, true);
	for (doc_each(q, doc_get(d, "requirements")))
		load_requirement(&l, q, p, false);
	p->calls_expressions = (p->javascript || has_inside(doc_get(d, "steps"), "InlineJavascriptRequirement")) && has_program(d);
	p->in_place = p->in_place || has_inside(doc_get(d, "steps"), "InplaceUpdateRequirement");
	if (!l.failed)
		return p;
	*ret_error = error;
	return NULL;
}
