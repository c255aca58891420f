/* The model for people and golden tests: every name with its type, every attribute with what it means. */
#include "compiler/base/file.h"
#include "compiler/model/model.h"
#include <string.h>

struct dumper { struct arena *arena; const struct model *m; };

static const char *text_of(struct dumper *d, const struct expr *e)
{
	return file_text_below(d->arena, d->m->folder, expr_text(d->arena, e));
}

static struct doc *dump_expr(struct dumper *d, const struct expr *e)
{
	return doc_string(d->arena, text_of(d, e));
}

static void set_place(struct dumper *d, struct doc *map, struct span span)
{
	struct place p = source_place(d->m->sources, span);
	doc_set(d->arena, map, "at", span.file == 1 ? doc_printf(d->arena, "%u:%u", p.line, p.column) : doc_printf(d->arena, "%s:%u:%u", p.path, p.line, p.column));
}

static void set_text(struct dumper *d, struct doc *map, const char *key, const char *text)
{
	if (text && *text)
		doc_set(d->arena, map, key, doc_string(d->arena, text));
}

static void set_children(struct dumper *d, struct doc *map, const char *key, struct doc *children)
{
	if (doc_len(children))
		doc_set(d->arena, map, key, children);
}

static struct doc *dump_fields(struct dumper *d, const struct model_field *fields, uint32_t n)
{
	struct doc *map = doc_map(d->arena);
	for (uint32_t i = 0; i < n; i++)
		doc_set(d->arena, map, fields[i].name, doc_printf(d->arena, fields[i].expr ? "%s = %s" : "%s", type_text(d->arena, fields[i].type), fields[i].expr ? text_of(d, fields[i].expr) : ""));
	return map;
}

static void dump_attrs(struct dumper *d, struct doc *map, const struct model_attr *attrs, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (attrs[i].given && attrs[i].expr)
			doc_set(d->arena, map, attrs[i].schema->name, dump_expr(d, attrs[i].expr));
}

static struct doc *dump_thing(struct dumper *d, const struct model_thing *t)
{
	struct doc *map = doc_map(d->arena), *attrs = doc_map(d->arena);
	doc_set(d->arena, map, t->role, doc_string(d->arena, t->name));
	set_place(d, map, t->span);
	if (t->schema->name != t->role)
		doc_set(d->arena, map, "kind", doc_printf(d->arena, t->format ? "%s<%s>" : "%s", t->schema->name, t->format ? t->format->name : ""));
	set_text(d, map, "doc", t->doc);
	set_children(d, map, "inputs", dump_fields(d, t->inputs, t->n_inputs));
	set_children(d, map, "outputs", dump_fields(d, t->outputs, t->n_outputs));
	set_children(d, map, "metrics", dump_fields(d, t->metrics, t->n_metrics));
	dump_attrs(d, attrs, t->attrs, t->schema->n_attrs);
	for (const struct model_block *b = t->blocks; b; b = b->next) {
		struct doc *inner = doc_map(d->arena);
		dump_attrs(d, inner, b->attrs, b->schema->n_attrs);
		for (uint32_t i = 0; i < b->n_entries; i++)
			doc_set(d->arena, inner, b->entries[i].name, dump_expr(d, b->entries[i].expr));
		set_children(d, attrs, b->name ? arena_printf(d->arena, "%s %s", b->schema->name, b->name) : b->schema->name, inner);
	}
	if (t->event_source)
		doc_set(d->arena, attrs, "when", doc_printf(d->arena, "%s.%s", t->event_source->name, t->event_name));
	if (t->runs)
		doc_set(d->arena, attrs, "run", doc_string(d->arena, t->runs->name));
	set_children(d, map, "attributes", attrs);
	return map;
}

static struct doc *dump_things(struct dumper *d, struct model_thing *const *things, uint32_t n)
{
	struct doc *list = doc_list(d->arena);
	for (uint32_t i = 0; i < n; i++)
		doc_push(list, dump_thing(d, things[i]));
	return list;
}

static struct doc *dump_body(struct dumper *d, const struct model_body *b);

static struct doc *dump_node(struct dumper *d, const struct model_node *n)
{
	static const char *const kinds[] = {[MODEL_CALL] = "call", [MODEL_SUB] = "call", [MODEL_VALUE] = "value", [MODEL_FOR] = "for", [MODEL_IF] = "if", [MODEL_REPEAT] = "repeat", [MODEL_GATE] = "gate"};
	struct doc *map = doc_map(d->arena), *guards = doc_list(d->arena), *requirements = doc_map(d->arena);
	doc_set(d->arena, map, kinds[n->kind], doc_string(d->arena, n->kind == MODEL_FOR ? n->element->name : n->kind == MODEL_IF || n->kind == MODEL_REPEAT ? text_of(d, n->subject) : n->name));
	set_place(d, map, n->span);
	if (n->kind == MODEL_FOR)
		doc_set(d->arena, map, "in", dump_expr(d, n->subject));
	if (n->kind == MODEL_VALUE)
		doc_set(d->arena, map, "is", dump_expr(d, n->subject));
	set_text(d, map, "of", n->step ? n->step->name : n->workflow ? n->workflow->name : NULL);
	if (n->slot)
		doc_set(d->arena, map, "type", doc_string(d->arena, type_text(d->arena, n->slot->type)));
	for (uint32_t i = 0; i < n->n_guards; i++)
		doc_push(guards, doc_string(d->arena, n->guards[i]->name));
	set_children(d, map, "guards", guards);
	for (uint32_t i = 0; i < n->n_requirements; i++)
		doc_set(d->arena, requirements, n->requirements[i].name, dump_expr(d, n->requirements[i].expr));
	set_children(d, map, "require", requirements);
	if (n->inner)
		doc_set(d->arena, map, "body", dump_body(d, n->inner));
	if (n->otherwise)
		doc_set(d->arena, map, "else", dump_body(d, n->otherwise));
	return map;
}

static struct doc *dump_body(struct dumper *d, const struct model_body *b)
{
	struct doc *list = doc_list(d->arena);
	for (const struct model_node *n = b->nodes; n; n = n->next)
		doc_push(list, dump_node(d, n));
	return list;
}

static struct doc *dump_workflow(struct dumper *d, const struct model_workflow *w)
{
	struct doc *map = doc_map(d->arena), *names = doc_map(d->arena);
	doc_set(d->arena, map, "workflow", doc_string(d->arena, w->name));
	set_place(d, map, w->span);
	set_text(d, map, "doc", w->doc);
	set_children(d, map, "inputs", dump_fields(d, w->inputs, w->n_inputs));
	set_children(d, map, "outputs", dump_fields(d, w->outputs, w->n_outputs));
	for (uint32_t i = 0; i < w->body->slots.len; i++)
		if (w->body->slots.at[i]->kind == MODEL_SLOT_EXPORT)
			doc_set(d->arena, names, w->body->slots.at[i]->name, doc_string(d->arena, type_text(d->arena, w->body->slots.at[i]->type)));
	set_children(d, map, "names", names);
	doc_set(d->arena, map, "body", dump_body(d, w->body));
	return map;
}

static struct doc *dump_params(struct dumper *d)
{
	struct doc *list = doc_list(d->arena);
	for (uint32_t i = 0; i < d->m->params.len; i++) {
		const struct model_param *p = d->m->params.at[i];
		struct doc *map = doc_map(d->arena);
		doc_set(d->arena, map, p->maker ? "given" : p->secret ? "secret" : "param", doc_string(d->arena, p->name));
		set_place(d, map, p->span);
		set_text(d, map, "doc", p->doc);
		doc_set(d->arena, map, "type", doc_string(d->arena, type_text(d->arena, p->type)));
		if (p->fallback)
			doc_set(d->arena, map, "default", dump_expr(d, p->fallback));
		doc_push(list, map);
	}
	return list;
}

struct doc *model_dump(struct arena *a, const struct model *m)
{
	struct dumper d = {a, m};
	struct doc *map = doc_map(a), *workflows = doc_list(a), *scenarios = doc_map(a);
	doc_set(a, map, "twin", doc_string(a, m->twin ? m->twin : ""));
	doc_set(a, map, "edition", doc_int(a, m->edition));
	set_text(&d, map, "version", m->version);
	set_text(&d, map, "doc", m->doc);
	set_children(&d, map, "parameters", dump_params(&d));
	for (uint32_t i = 0; i < m->scenarios.len; i++) {
		struct doc *settings = doc_map(a);
		for (uint32_t k = 0; k < m->scenarios.at[i]->n_settings; k++) {
			struct buf b = {0};
			value_show(m->scenarios.at[i]->settings[k].value, &b);
			doc_set(a, settings, m->scenarios.at[i]->settings[k].param->name, doc_string(a, buf_text(&b)));
			buf_finish(&b);
		}
		doc_set(a, scenarios, m->scenarios.at[i]->name, settings);
	}
	set_children(&d, map, "scenarios", scenarios);
	set_children(&d, map, "things", dump_things(&d, m->things.at, m->things.len));
	set_children(&d, map, "steps", dump_things(&d, m->steps.at, m->steps.len));
	for (uint32_t i = 0; i < m->workflows.len; i++)
		doc_push(workflows, dump_workflow(&d, m->workflows.at[i]));
	set_children(&d, map, "workflows", workflows);
	return map;
}
