/* Calls of processes that are CWL already: their own names, narrower numbers, formats that an engine compares. */
#include "targets/cwl/cwl.h"
#include <string.h>

static const struct doc *port(const struct plan_step *s, bool output, uint32_t i)
{
	const struct doc *d = doc_get(s->cwl, output ? "outputs" : "inputs");

	d = d ? d->children.first : NULL;
	while (d && i-- > 0)
		d = d->next;
	return d;
}

static const struct doc *port_of(const struct plan_step *s, bool output, const char *field)
{
	const struct plan_field *fields = output ? s->outputs : s->inputs;

	for (uint32_t i = 0; s->cwl && i < (output ? s->n_outputs : s->n_inputs); i++)
		if (strcmp(fields[i].name, field) == 0)
			return port(s, output, i);
	return NULL;
}

const char *cwl_port(const struct plan_step *s, bool output, const char *field)
{
	return doc_text(doc_get(port_of(s, output, field), "id"), field);
}

/* Numbers of a twin are `long` and `double`, which no checker lets pass for these. */
static bool is_narrow(const struct doc *type)
{
	const char *word = doc_text(type, "");

	if (strcmp(word, "int") == 0 || strcmp(word, "float") == 0)
		return true;
	for (doc_each(d, type && type->kind >= DOC_LIST ? type : NULL))
		if (is_narrow(d))
			return true;
	return false;
}

const char *cwl_widened(struct cwl_flow *f, const struct plan_step *s, const char *field, const char *source, const struct type *type)
{
	struct arena *a = f->c->arena;
	struct cwl_expression x;
	struct doc *any = doc_list(a);
	const char *id;

	if (!is_narrow(doc_get(port_of(s, true, field), "type")))
		return source;
	doc_push(any, doc_string(a, "null"));
	doc_push(any, doc_string(a, "Any"));
	cwl_expression_init(&x, f, field, s->span);
	doc_set(a, x.in, "number", doc_string(a, source));
	doc_set(a, x.inputs, "number", any);
	id = cwl_expression_output(&x, "wide", type);
	cwl_expression_put(&x, NULL, arena_printf(a, "$({\"%s\": inputs.number})", id));
	cwl_expression_finish(&x);
	return arena_printf(a, "%s/%s", x.name, id);
}

/* The format that the input wants and the value does not carry yet; NULL: none. */
static const char *wanted_format(const struct expr *e, const struct doc *entry, const struct doc *input)
{
	const struct doc *format = doc_get(input, "format");
	const struct type *t = e->type;
	const char *iri = doc_text(format && format->kind == DOC_LIST ? format->children.first : format, NULL), *source = doc_text(entry, "");

	while (t->kind == TYPE_OPTIONAL || t->kind == TYPE_LIST)
		t = t->of;
	if (!iri || strstr(iri, "$("))
		return NULL;
	bool made = t->kind == TYPE_FILE && t->format && t->format->iri && strchr(source, '/'); /* outputs of steps have theirs */
	return made && strcmp(t->format->iri, iri) == 0 ? NULL : iri;
}

static struct doc *adapted(struct cwl_flow *f, const struct expr *e, struct doc *entry, const struct doc *input)
{
	struct cwl *c = f->c;
	const char *iri = wanted_format(e, entry, input), *from = doc_text(doc_get(entry, "valueFrom"), NULL);
	bool null_for_default = cwl_is_null(e->type) && doc_get(input, "default");
	struct cwl_js js = { .c = c, .needs = f->needs };
	struct doc *to = doc_map(c->arena);
	struct buf text = { 0 };

	if (!iri && (from || (entry->kind == DOC_MAP && !doc_get(entry, "source")) || (!is_narrow(doc_get(input, "type")) && !null_for_default)))
		return entry;
	if (entry->kind == DOC_STRING)
		doc_set(c->arena, to, "source", entry);
	for (doc_each(d, entry->kind == DOC_MAP ? entry : NULL))
		if (strcmp(d->key, "valueFrom") != 0)
			doc_set(c->arena, to, d->key, doc_copy(c->arena, d));
	buf_puts(&text, "$(");
	if (iri) {
		cwl_js_helper(&js, CWL_JS_as_format, &text);
		buf_printf(&text, "(%s, \"%s\")", from ? arena_strndup(c->arena, from + 2, strlen(from) - 3) : "self", iri);
	} else {
		buf_puts(&text, "self");
	}
	buf_puts(&text, ")");
	f->needs->js |= iri != NULL;
	f->needs->step_js = true;
	doc_set(c->arena, to, "valueFrom", doc_string_n(c->arena, buf_text(&text), text.len));
	buf_finish(&text);
	return to;
}

void cwl_put_input(struct cwl_flow *f, const struct plan_step *s, uint32_t i, const struct expr *e, struct doc *entry, struct doc *in)
{
	doc_set(f->c->arena, in, cwl_port(s, false, s->inputs[i].name), s->cwl ? adapted(f, e, entry, port(s, false, i)) : entry);
}
