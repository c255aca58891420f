/* A workflow's own rules: each step's inputs come from what is there, and its outputs are what its process gives. */
#include "compiler/cwl/inside.h"

static const struct doc *by_id(const struct doc *list, const char *id)
{
	for (doc_each(x, list))
		if (strcmp(x->kind == DOC_STRING ? x->string.text : doc_text(doc_get(x, "id"), ""), id) == 0)
			return x;
	return NULL;
}

static bool check_source(struct reader *r, const struct doc *workflow, const struct doc *source)
{
	if (!source || source->kind == DOC_NULL)
		return true;
	if (source->kind == DOC_LIST) {
		for (doc_each(x, source))
			if (!check_source(r, workflow, x))
				return false;
		return true;
	}
	const char *text = doc_text(source, ""), *slash = strchr(text, '/');
	if (!slash)
		return by_id(doc_get(workflow, "inputs"), text) || read_fail(r, source, "the workflow has no input `%s`", text);
	const struct doc *step = by_id(doc_get(workflow, "steps"), arena_strndup(r->arena, text, (size_t)(slash - text)));
	if (!step)
		return read_fail(r, source, "`%s` comes from a step that is not there", text);
	return by_id(doc_get(step, "out"), slash + 1) || read_fail(r, source, "step `%s` does not give `%s`", doc_text(doc_get(step, "id"), ""), slash + 1);
}

static bool needs_value(const struct doc *input)
{
	const struct doc *type = doc_get(input, "type");
	for (doc_each(t, type))
		if (type->kind == DOC_LIST && strcmp(doc_text(t, ""), "null") == 0)
			return false;
	return !doc_get(input, "default") && strcmp(doc_text(type, ""), "null") != 0 && strcmp(doc_text(type, ""), "Any") != 0;
}

static bool check_step(struct reader *r, const struct doc *workflow, const struct doc *step)
{
	const char *name = doc_text(doc_get(step, "id"), "");
	const struct doc *run = doc_get(step, "run");
	for (doc_each(in, doc_get(step, "in")))
		if (!check_source(r, workflow, doc_get(in, "source")))
			return false;
	for (doc_each(out, doc_get(step, "out")))
		if (!by_id(doc_get(run, "outputs"), out->string.text))
			return read_fail(r, out, "what step `%s` runs gives no `%s`", name, out->string.text);
	for (doc_each(input, doc_get(run, "inputs"))) {
		const char *id = doc_text(doc_get(input, "id"), "");
		if (needs_value(input) && !by_id(doc_get(step, "in"), id))
			return read_fail(r, step, "step `%s` does not say where its input `%s` comes from", name, id);
	}
	for (doc_each(s, doc_get(step, "scatter")))
		if (!by_id(doc_get(step, "in"), s->string.text))
			return read_fail(r, s, "step `%s` scatters over `%s`, which is no input of it", name, s->string.text);
	if (doc_len(doc_get(step, "scatter")) > 1 && !doc_get(step, "scatterMethod"))
		return read_fail(r, step, "step `%s` scatters over several inputs and does not say its scatterMethod", name);
	if (doc_get(step, "when") && r->version < 12)
		return read_fail(r, doc_get(step, "when"), "`when` is of CWL v1.2");
	return true;
}

bool links_check(struct reader *r, const struct doc *workflow)
{
	for (doc_each(step, doc_get(workflow, "steps")))
		if (!check_step(r, workflow, step))
			return false;
	for (doc_each(out, doc_get(workflow, "outputs"))) {
		bool all = strcmp(doc_text(doc_get(out, "pickValue"), ""), "all_non_null") == 0;
		if (!check_source(r, workflow, doc_get(out, "outputSource")))
			return false;
		if (all && doc_get(out, "type")->kind == DOC_STRING && strcmp(doc_text(doc_get(out, "type"), ""), "Any") != 0)
			return read_fail(r, out, "the output `%s` picks all values, and is of a type that is no list", doc_text(doc_get(out, "id"), ""));
	}
	return true;
}
