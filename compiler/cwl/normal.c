/* A process in normal form: lists instead of maps, short names, types and what it runs inlined. Still CWL. */
#include "compiler/cwl/inside.h"
#include <stdlib.h>

void normal_put(struct reader *r, struct doc *map, const char *key, struct doc *value)
{
	if (!value || r->failed)
		return;
	if (++r->n_nodes > CWL_MAX_NODES)
		read_fail(r, value, "it is too large with everything that it imports");
	if (value->next || value->key)
		value = doc_copy(r->arena, value);
	doc_append(r->arena, map, key, value);
}

struct doc *normal_string(struct reader *r, const char *text, const struct doc *at)
{
	struct doc *d = doc_string(r->arena, text);
	if (at) {
		d->line = at->line;
		d->column = at->column;
	}
	return d;
}

static struct doc *list_item(struct reader *r, const struct doc *item, const char *key, const char *value, const char *what)
{
	struct doc *map = doc_map(r->arena);
	map->line = item->line;
	map->column = item->column;
	if (item->key)
		doc_append(r->arena, map, key, normal_string(r, item->key, item));
	if (item->kind == DOC_MAP) {
		for (doc_each(m, item))
			if (!item->key || strcmp(m->key, key) != 0)
				normal_put(r, map, m->key, m);
	} else if (item->key && value) {
		normal_put(r, map, value, doc_copy(r->arena, item));
	} else if (!(item->key && item->kind == DOC_NULL)) {
		read_fail(r, item, "%s is a map, not what stands here", what);
	}
	if (!doc_text(doc_get(map, key), NULL) && !r->failed)
		read_fail(r, item, "%s has no `%s`", what, key);
	return map;
}

struct doc *normal_list(struct reader *r, const struct doc *d, const char *key, const char *value, const char *what)
{
	struct doc *list = doc_list(r->arena);
	if (!d || d->kind == DOC_NULL)
		return list;
	if (d->kind != DOC_MAP && d->kind != DOC_LIST) {
		read_fail(r, d, "here stands a list of each %s, or a map of them", what);
		return list;
	}
	for (doc_each(item, d))
		if (!r->failed)
			doc_push(list, list_item(r, item, key, value, what));
	return list;
}

/* One value or a list of them, as a list. */
static struct doc *as_list(struct reader *r, const struct doc *d)
{
	if (!d || d->kind == DOC_NULL)
		return NULL;
	struct doc *list = doc_list(r->arena);
	if (d->kind != DOC_LIST)
		doc_push(list, doc_copy(r->arena, d));
	else
		for (doc_each(x, d))
			doc_push(list, doc_copy(r->arena, x));
	return list;
}

static void put_text(struct reader *r, struct doc *to, const struct doc *from, const char *key)
{
	const struct doc *d = doc_get(from, key);
	struct buf b = { 0 };
	if (d && d->kind == DOC_STRING) {
		normal_put(r, to, key, doc_copy(r->arena, d));
	} else if (d && d->kind == DOC_LIST && strcmp(key, "doc") == 0) {
		for (doc_each(x, d))
			buf_printf(&b, "%s%s", b.len ? "\n" : "", doc_text(x, ""));
		normal_put(r, to, key, doc_string_n(r->arena, buf_text(&b), b.len));
	} else if (d && d->kind != DOC_NULL) {
		read_fail(r, d, "`%s` is a text", key);
	}
	buf_finish(&b);
}

static void put_as(struct reader *r, struct doc *to, const struct doc *from, const char *key)
{
	const struct doc *d = doc_get(from, key);
	if (d && d->kind != DOC_NULL)
		normal_put(r, to, key, doc_copy(r->arena, d));
}

/* -- requirements ---------------------------------------------------------------------------------------------------- */

static struct doc *normal_env(struct reader *r, const struct doc *d)
{
	struct doc *list = normal_list(r, d, "envName", "envValue", "an environment variable");
	for (doc_each(e, list))
		if (!doc_text(doc_get(e, "envValue"), NULL))
			read_fail(r, e, "`%s` has no envValue that is a text", doc_text(doc_get(e, "envName"), ""));
	return list;
}

static struct doc *normal_listing(struct reader *r, const struct doc *d)
{
	if (!d || (d->kind != DOC_LIST && !(d->kind == DOC_STRING && cwl_is_expression(d->string.text)))) {
		read_fail(r, d, "`listing` is a list, or an expression that gives one");
		return NULL;
	}
	for (doc_each(x, d)) {
		if (x->kind == DOC_NULL || x->kind == DOC_LIST || (x->kind == DOC_STRING && cwl_is_expression(x->string.text)) || (x->kind == DOC_MAP && doc_get(x, "class")))
			continue;
		if (x->kind != DOC_MAP || !doc_text(doc_get(x, "entry"), NULL))
			read_fail(r, x, "an element of `listing` has an `entry` that is a text, or is a File, a Directory or an expression");
		else if (!fields_check(r, x, FIELDS_DIRENT, "an element of `listing`"))
			break;
	}
	return doc_copy(r->arena, d);
}

static struct doc *normal_requirement(struct reader *r, const struct doc *req)
{
	const char *class = doc_text(doc_get(req, "class"), "");
	struct doc *map = doc_map(r->arena);
	map->line = req->line;
	map->column = req->column;
	for (doc_each(m, req)) {
		if (strcmp(m->key, "class") == 0)
			normal_put(r, map, m->key, normal_format(r, m)); /* another's own, by its IRI */
		else if (strcmp(m->key, "envDef") == 0 && strcmp(class, "EnvVarRequirement") == 0)
			normal_put(r, map, m->key, normal_env(r, m));
		else if (strcmp(m->key, "listing") == 0 && strcmp(class, "InitialWorkDirRequirement") == 0)
			normal_put(r, map, m->key, normal_listing(r, m));
		else
			normal_put(r, map, m->key, doc_copy(r->arena, m));
	}
	return map;
}

static struct doc *normal_requirements(struct reader *r, const struct doc *d, bool hint)
{
	struct doc *list = normal_list(r, d, "class", NULL, hint ? "a hint" : "a requirement"), *kept = doc_list(r->arena);
	for (doc_each(req, list)) {
		if (r->failed || !fields_requirement(r, req, hint))
			break;
		if (strcmp(doc_text(doc_get(req, "class"), ""), "SchemaDefRequirement") == 0)
			normal_declare(r, doc_get(req, "types"));
		else
			doc_push(kept, normal_requirement(r, req));
	}
	return kept;
}

/* -- the classes ------------------------------------------------------------------------------------------------------ */

static struct doc *normal_arguments(struct reader *r, const struct doc *d)
{
	struct doc *list = as_list(r, d);
	if (d && d->kind != DOC_NULL && d->kind != DOC_LIST)
		read_fail(r, d, "`arguments` is a list");
	for (doc_each(x, list)) {
		if (x->kind == DOC_MAP && !doc_get(x, "valueFrom"))
			read_fail(r, x, "an argument has no `valueFrom`");
		else if (x->kind == DOC_MAP)
			fields_check(r, x, FIELDS_BINDING, "an argument");
		else if (x->kind != DOC_STRING)
			read_fail(r, x, "an argument is a text or a binding");
	}
	return list;
}

static struct doc *normal_codes(struct reader *r, const struct doc *d, const char *key)
{
	for (doc_each(x, d))
		if (x->kind != DOC_INT)
			read_fail(r, x, "`%s` holds exit codes", key);
	if (d && d->kind != DOC_LIST)
		read_fail(r, d, "`%s` is a list of exit codes", key);
	return d ? doc_copy(r->arena, d) : NULL;
}

static void normal_tool(struct reader *r, struct doc *to, const struct doc *d)
{
	static const char *const codes[] = { "successCodes", "temporaryFailCodes", "permanentFailCodes" };
	struct doc *base = as_list(r, doc_get(d, "baseCommand"));
	for (doc_each(x, base))
		if (x->kind != DOC_STRING)
			read_fail(r, x, "`baseCommand` holds texts");
	normal_put(r, to, "baseCommand", base);
	normal_put(r, to, "arguments", normal_arguments(r, doc_get(d, "arguments")));
	put_text(r, to, d, "stdin");
	put_text(r, to, d, "stdout");
	put_text(r, to, d, "stderr");
	for (size_t i = 0; i < 3; i++)
		normal_put(r, to, codes[i], normal_codes(r, doc_get(d, codes[i]), codes[i]));
}

static struct doc *normal_step_out(struct reader *r, const struct doc *d)
{
	struct doc *list = doc_list(r->arena);
	if (!d || d->kind != DOC_LIST)
		read_fail(r, d, "a step's `out` is a list");
	for (doc_each(x, d)) {
		const char *name = x->kind == DOC_MAP ? doc_text(doc_get(x, "id"), NULL) : doc_text(x, NULL);
		if (!name)
			read_fail(r, x, "an output of a step has no name");
		else
			doc_push(list, normal_string(r, cwl_short_name(name), x));
	}
	return list;
}

/* "#main/step/out" is "step/out"; "#main/in" is "in". */
static struct doc *normal_source(struct reader *r, const struct doc *d, const struct doc *steps)
{
	if (d && d->kind == DOC_LIST) {
		struct doc *list = doc_list(r->arena);
		for (doc_each(x, d)) {
			struct doc *one = normal_source(r, x, steps);
			if (one)
				doc_push(list, one);
		}
		return list;
	}
	const char *text = doc_text(d, NULL);
	if (!text) {
		if (d && d->kind != DOC_NULL)
			read_fail(r, d, "a source is a name");
		return NULL;
	}
	const char *hash = strrchr(text, '#'), *name = hash ? hash + 1 : text, *slash = strrchr(name, '/');
	if (hash && slash) {
		const char *before = memrchr(name, '/', (size_t)(slash - name));
		const char *step = arena_strndup(r->arena, before ? before + 1 : name, (size_t)(slash - (before ? before + 1 : name)));
		bool is_step = false;
		for (doc_each(s, steps))
			is_step = is_step || strcmp(cwl_short_name(doc_text(doc_get(s, "id"), "")), step) == 0;
		name = is_step ? (before ? before + 1 : name) : slash + 1;
	}
	return normal_string(r, name, d);
}

static struct doc *normal_step_in(struct reader *r, const struct doc *d, const struct doc *steps)
{
	struct doc *list = normal_list(r, d, "id", "source", "an input of a step"), *kept = doc_list(r->arena);
	for (doc_each(x, list)) {
		struct doc *map = doc_map(r->arena);
		map->line = x->line;
		map->column = x->column;
		if (r->failed || !fields_check(r, x, FIELDS_STEP_IN, "an input of a step"))
			break;
		normal_put(r, map, "id", normal_string(r, cwl_short_name(doc_text(doc_get(x, "id"), "")), x));
		normal_put(r, map, "source", normal_source(r, doc_get(x, "source"), steps));
		for (doc_each(m, x))
			if (strcmp(m->key, "id") != 0 && strcmp(m->key, "source") != 0)
				normal_put(r, map, m->key, doc_copy(r->arena, m));
		doc_push(kept, map);
	}
	return kept;
}

static struct doc *normal_scatter(struct reader *r, const struct doc *d)
{
	struct doc *list = as_list(r, d);
	for (doc_each(x, list))
		if (x->kind == DOC_STRING)
			x->string.text = cwl_short_name(x->string.text), x->string.len = strlen(x->string.text);
		else
			read_fail(r, x, "`scatter` holds names of inputs");
	return list;
}

static struct doc *normal_step(struct reader *r, const struct doc *s, const struct doc *steps)
{
	struct doc *to = doc_map(r->arena);
	int version = r->version;
	to->line = s->line;
	to->column = s->column;
	if (!fields_check(r, s, FIELDS_STEP, "a step"))
		return to;
	normal_put(r, to, "id", normal_string(r, cwl_short_name(doc_text(doc_get(s, "id"), "")), s));
	put_as(r, to, s, "label");
	put_text(r, to, s, "doc");
	normal_put(r, to, "in", normal_step_in(r, doc_get(s, "in"), steps));
	normal_put(r, to, "out", normal_step_out(r, doc_get(s, "out")));
	normal_put(r, to, "requirements", normal_requirements(r, doc_get(s, "requirements"), false));
	normal_put(r, to, "hints", normal_requirements(r, doc_get(s, "hints"), true));
	normal_put(r, to, "scatter", normal_scatter(r, doc_get(s, "scatter")));
	put_text(r, to, s, "scatterMethod");
	put_text(r, to, s, "when");
	if (!r->failed && !doc_get(s, "run"))
		read_fail(r, s, "step `%s` has nothing to `run`", doc_text(doc_get(to, "id"), ""));
	if (!r->failed)
		normal_put(r, to, "run", read_process(r, doc_get(s, "run")));
	r->version = version;
	return to;
}

static void normal_workflow(struct reader *r, struct doc *to, const struct doc *d)
{
	struct doc *steps = normal_list(r, doc_get(d, "steps"), "id", NULL, "a step"), *list = doc_list(r->arena);
	if (!doc_get(d, "steps"))
		read_fail(r, d, "the workflow has no `steps`");
	for (doc_each(s, steps))
		if (!r->failed)
			doc_push(list, normal_step(r, s, steps));
	normal_put(r, to, "steps", list);
	for (doc_each(o, doc_get(to, "outputs"))) {
		struct doc *source = doc_get(o, "outputSource"), *short_form = normal_source(r, source, steps);
		if (short_form && short_form->kind == DOC_STRING)
			source->string = short_form->string;
		else if (short_form)
			source->children = short_form->children;
	}
	if (!r->failed)
		links_check(r, to);
}

static void normal_expression(struct reader *r, struct doc *to, const struct doc *d)
{
	put_text(r, to, d, "expression");
	if (!doc_get(d, "expression"))
		read_fail(r, d, "the ExpressionTool has no `expression`");
}

struct doc *normal_process(struct reader *r, const struct doc *d)
{
	static const struct { const char *class; enum fields fields; void (*more)(struct reader *r, struct doc *to, const struct doc *d); } classes[] = {
		{ "CommandLineTool", FIELDS_TOOL, normal_tool }, { "ExpressionTool", FIELDS_EXPRESSION, normal_expression },
		{ "Workflow", FIELDS_WORKFLOW, normal_workflow }, { "Operation", FIELDS_OPERATION, NULL },
	};
	const char *class = doc_text(doc_get(d, "class"), "");
	struct map types = { 0 }, *outer = r->types;
	struct doc *to = doc_map(r->arena);
	size_t k = 0;
	while (k < 4 && strcmp(classes[k].class, class) != 0)
		k++;
	if (k == 4) {
		read_fail(r, d, *class ? "`%s` is no class of CWL process" : "it is no CWL process: it has no `class`", class);
		read_help(r, "CommandLineTool, ExpressionTool, Workflow and Operation are");
		return NULL;
	}
	if (!fields_check(r, d, classes[k].fields, arena_printf(r->arena, "a %s", class)))
		return NULL;
	for (uint32_t i = 0; outer && i < outer->cap; i++) /* what runs inside knows the names around it */
		if (outer->entries[i].key)
			map_set_n(&types, outer->entries[i].key, outer->entries[i].len, outer->entries[i].value);
	r->types = &types;
	to->line = d->line;
	to->column = d->column;
	normal_put(r, to, "class", doc_string(r->arena, class));
	normal_put(r, to, "cwlVersion", doc_printf(r->arena, "v1.%d", r->version - 10));
	put_as(r, to, d, "label");
	put_text(r, to, d, "doc");
	struct doc *requirements = normal_requirements(r, doc_get(d, "requirements"), false), *hints = normal_requirements(r, doc_get(d, "hints"), true);
	for (size_t i = 0; i < 2; i++) {
		const char *key = i ? "outputs" : "inputs";
		if (!doc_get(d, key))
			read_fail(r, d, "the %s has no `%s`", class, key);
		normal_put(r, to, key, normal_params(r, doc_get(d, key), i ? "an output" : "an input", i == 0));
	}
	normal_put(r, to, "requirements", requirements);
	normal_put(r, to, "hints", hints);
	if (classes[k].more && !r->failed)
		classes[k].more(r, to, d);
	r->types = outer;
	map_finish(&types);
	struct cwl_error error;
	if (!r->failed && !cwl_load(r->arena, to, &error)) {
		read_fail(r, to, "%s", error.message);
		r->error->line = r->imported ? 0 : error.line;
		r->error->column = error.column;
	}
	return r->failed ? NULL : to;
}
