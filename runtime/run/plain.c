/* The inputs of a task as an engine of CWL says them: plain numbers in their units, files by their names. */
#include "runtime/run/inside.h"

static struct doc *plain(struct arena *a, const struct doc *d)
{
	const struct doc *path = doc_get(d, "path"), *secret = doc_get(d, "secret");
	if (d->kind < DOC_LIST)
		return doc_copy(a, d);
	if (path && doc_get(d, "class"))
		return doc_string(a, file_basename(a, doc_text(path, "")));
	if (secret && doc_len(d) == 1)
		return doc_copy(a, secret);
	struct doc *to = d->kind == DOC_LIST ? doc_list(a) : doc_map(a);
	for (doc_each(x, d))
		if (d->kind == DOC_LIST)
			doc_push(to, plain(a, x));
		else
			doc_append(a, to, x->key, plain(a, x));
	return to;
}

const char *plain_inputs(struct run *r, const struct task *t)
{
	struct arena a = { 0 };
	struct buf text = { 0 };
	struct doc *list = doc_list(&a);
	for (uint32_t i = 0; t->inputs && i < t->step->n_inputs; i++)
		doc_push(list, plain(&a, value_to_doc(&a, t->inputs[i], t->step->inputs[i].type)));
	doc_json_write(list, 0, &text);
	const char *kept = arena_strndup(&r->arena, buf_text(&text), text.len);
	buf_finish(&text);
	arena_finish(&a);
	return kept;
}
