/* The inputs: what was given or the default, of the declared type, its files described, staged and loaded. */
#include "runtime/cwl/inside.h"

typedef bool each_file(struct tool *t, struct doc *file, const struct cwl_param *p); /* a function, no structure */

/* Calls back for each file of a value, with the parameter or field that it stands in. */
static bool walk(struct tool *t, const struct cwl_type *type, const struct cwl_param *p, struct doc *d, each_file *each, int depth)
{
	if (depth > VALUE_MAX_DEPTH)
		return tool_fail(t, "the input `%s` is nested too deeply", p->name);
	if (datum_is_path(d))
		return each(t, d, p);
	const struct cwl_type *chosen = type;
	for (uint32_t i = 0; type && type->kind == CWL_UNION && i < type->n_of; i++)
		if (datum_matches(type->of[i], d, 0)) {
			chosen = type->of[i];
			break;
		}
	if (d->kind == DOC_LIST)
		for (doc_each(x, d))
			if (!walk(t, chosen && chosen->kind == CWL_ARRAY ? chosen->of[0] : NULL, p, x, each, depth + 1))
				return false;
	if (d->kind != DOC_MAP)
		return true;
	for (doc_each(m, d)) {
		const struct cwl_param *field = p;
		for (uint32_t i = 0; chosen && chosen->kind == CWL_RECORD && i < chosen->n_fields; i++)
			if (strcmp(chosen->fields[i].name, m->key) == 0)
				field = &chosen->fields[i];
		if (!walk(t, field == p ? NULL : field->type, field, m, each, depth + 1))
			return false;
	}
	return true;
}

static bool walk_all(struct tool *t, each_file *each)
{
	for (uint32_t i = 0; i < t->process->n_inputs; i++) {
		const struct cwl_param *p = &t->process->inputs[i];
		if (!walk(t, p->type, p, doc_get(t->inputs, p->name), each, 0))
			return false;
	}
	return true;
}

static bool describe(struct tool *t, struct doc *file, const struct cwl_param *p)
{
	const char *path = doc_text(doc_get(file, "path"), NULL), *base = doc_text(doc_get(file, "basename"), NULL);
	if (path && !file_exists(path))
		return tool_fail(t, "the input `%s` is not there: `%s`", p->name, path);
	if (path || base)
		file_describe(t, file, path ? path : base, base);
	if (!path)
		datum_drop(file, "path");
	for (doc_each(x, datum_is_dir(file) ? doc_get(file, "listing") : doc_get(file, "secondaryFiles")))
		if (datum_is_path(x) && !describe(t, x, p))
			return false;
	if (datum_is_file(file) && p->format && p->format->kind == DOC_STRING && !cwl_is_expression(p->format->string.text) && !doc_get(file, "format"))
		datum_put(t, file, "format", doc_copy(t->arena, p->format));
	return true;
}

static bool complete(struct tool *t, struct doc *file, const struct cwl_param *p)
{
	return !datum_is_file(file) || file_secondary(t, file, p, false);
}

static bool stage(struct tool *t, struct doc *file, const struct cwl_param *p)
{
	(void)p;
	const char *folder = arena_printf(t->arena, "%s/%u", t->in, t->n_staged++);
	int e = file_mkdirs(folder);
	return e ? tool_fail(t, "cannot make %s: %s", folder, strerror(e)) : stage_path(t, file, folder, false);
}

static bool load(struct tool *t, struct doc *file, const struct cwl_param *p)
{
	return file_load(t, file, p->load_contents || (p->binding && p->binding->load_contents), file_listing(t, p->listing, CWL_LISTING_UNSAID));
}

bool inputs_make(struct tool *t, const struct doc *given)
{
	t->inputs = doc_map(t->arena);
	for (uint32_t i = 0; i < t->process->n_inputs; i++) {
		const struct cwl_param *p = &t->process->inputs[i];
		const struct doc *v = doc_get(given, p->name);
		if (datum_is_null(v) && p->fallback)
			v = p->fallback;
		if (!datum_matches(p->type, v, 0))
			return tool_fail(t, datum_is_null(v) ? "the input `%s` is not given, and has no default" : "the input `%s` is not of its type", p->name);
		doc_append(t->arena, t->inputs, p->name, v ? doc_copy(t->arena, v) : doc_null(t->arena));
	}
	return walk_all(t, describe) && walk_all(t, complete) && walk_all(t, stage) && walk_all(t, load);
}
