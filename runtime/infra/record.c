/* What the journal keeps of a stack. Never a secret: attributes hold their names. */
#include "runtime/infra/inside.h"

static struct doc *thing_doc(struct arena *a, const struct infra_thing *t)
{
	struct doc *d = doc_map(a);
	doc_set(a, d, "role", doc_string(a, t->role));
	doc_set(a, d, "kind", doc_string(a, t->kind));
	doc_set(a, d, "attributes", doc_copy(a, t->attributes));
	if (t->shape)
		doc_set(a, d, "shape", doc_string(a, t->shape));
	return d;
}

/* What is known to be so, and what may be so: until a change has ended, things of before and of now are both there. */
static struct doc *things_doc(struct stack *s, struct arena *a)
{
	const struct doc *old = doc_get(s->record, "things");
	struct doc *d = doc_map(a);
	bool settled = s->state == STACK_READY || s->state == STACK_FAILED;
	for (uint32_t i = 0; i < s->n_things; i++) {
		const struct doc *before = doc_get(old, s->things[i].name);
		doc_append(a, d, s->things[i].name, before && !s->things[i].applied ? doc_copy(a, before) : thing_doc(a, &s->things[i]));
	}
	struct map ours = { 0 };
	for (uint32_t i = 0; i < s->n_things; i++)
		map_set(&ours, s->things[i].name, s);
	for (doc_each(x, old))
		if ((!settled || s->state == STACK_FAILED) && !map_get(&ours, x->key))
			doc_append(a, d, x->key, doc_copy(a, x));
	map_finish(&ours);
	return d;
}

const char *record_write(struct stack *s)
{
	struct arena *a = s->arena;
	struct doc *d = doc_map(a);
	struct buf b = { 0 };
	if (s->auth_name)
		doc_set(a, d, "auth", doc_string(a, s->auth_name));
	if (s->n_things && s->state == STACK_READY)
		doc_set(a, d, "files", doc_string(a, s->files_digest.text));
	else if (doc_get(s->record, "files"))
		doc_set(a, d, "files", doc_copy(a, doc_get(s->record, "files")));
	doc_set(a, d, "things", things_doc(s, a));
	if (s->live)
		doc_set(a, d, "live", doc_copy(a, s->live));
	if (s->outputs)
		doc_set(a, d, "outputs", doc_copy(a, s->outputs));
	doc_json_write(d, 0, &b);
	const char *text = arena_strndup(a, buf_text(&b), b.len);
	buf_finish(&b);
	return text;
}
