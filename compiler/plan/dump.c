/* The plan for people and golden tests: names instead of ids, blocks nested, expressions as text, places as line:column. */
#include "compiler/base/file.h"
#include "compiler/plan/plan.h"
#include <math.h>
#include <string.h>

struct dumper {
	struct arena *arena;
	const struct plan *p;
	bool places;
};

static const char *relative(struct dumper *d, const char *text)
{
	return file_text_below(d->arena, d->p->folder, text);
}

static const char *shown(struct dumper *d, const struct expr *e)
{
	return relative(d, expr_text(d->arena, e));
}

static void set_text(struct dumper *d, struct doc *map, const char *key, const char *text)
{
	if (text && text[0])
		doc_append(d->arena, map, key, doc_string(d->arena, text));
}

static void set_expr(struct dumper *d, struct doc *map, const char *key, const struct expr *e)
{
	if (e)
		doc_append(d->arena, map, key, doc_string(d->arena, shown(d, e)));
}

/* A copy in which whole floats are ints: saved and loaded they are, and text shows no difference. */
static struct doc *copy_doc(struct arena *a, const struct doc *d)
{
	struct doc *copy = d->kind == DOC_LIST ? doc_list(a) : doc_map(a);
	if (d->kind == DOC_FLOAT && d->number == floor(d->number) && fabs(d->number) < 0x1p63)
		return doc_int(a, (int64_t)d->number);
	if (d->kind < DOC_LIST)
		return doc_copy(a, d);
	for (doc_each(child, d)) {
		struct doc *c = copy_doc(a, child);
		if (d->kind == DOC_MAP)
			doc_append(a, copy, child->key, c);
		else
			doc_push(copy, c);
	}
	return copy;
}

static void set_number(struct dumper *d, struct doc *map, const char *key, double x)
{
	if (x != 0)
		doc_append(d->arena, map, key, doc_float(d->arena, x));
}

static void set_if_any(struct dumper *d, struct doc *map, const char *key, struct doc *children)
{
	if (doc_len(children))
		doc_append(d->arena, map, key, children);
}

/* The twin's own file is the first; others are named. */
static void set_place(struct dumper *d, struct doc *map, struct span span)
{
	if (!span.file || !d->places)
		return;
	struct place at = source_place(d->p->sources, span);
	if (span.file == 1)
		doc_append(d->arena, map, "at", doc_printf(d->arena, "%u:%u", at.line, at.column));
	else
		doc_append(d->arena, map, "at", doc_printf(d->arena, "%s:%u:%u", at.path, at.line, at.column));
}

static const char *type_or_nothing(struct dumper *d, const struct type *t)
{
	return t ? type_text(d->arena, t) : "unknown";
}

static struct doc *dump_param(struct dumper *d, const struct plan_param *p)
{
	struct doc *map = doc_map(d->arena);
	doc_append(d->arena, map, "name", doc_string(d->arena, p->name));
	set_text(d, map, "doc", p->doc);
	set_place(d, map, p->span);
	doc_append(d->arena, map, "type", doc_string(d->arena, type_or_nothing(d, p->type)));
	set_text(d, map, "given by", p->maker);
	if (p->value)
		doc_append(d->arena, map, "value", doc_string(d->arena, relative(d, value_text(d->arena, p->value))));
	return map;
}

/* name: "type = expression" */
static struct doc *dump_fields(struct dumper *d, const struct plan_field *fields, uint32_t n)
{
	struct doc *map = doc_map(d->arena);
	for (uint32_t i = 0; i < n; i++) {
		const char *type = type_or_nothing(d, fields[i].type);
		struct doc *field = fields[i].expr ? doc_printf(d->arena, "%s = %s", type, shown(d, fields[i].expr)) : doc_string(d->arena, type);
		doc_append(d->arena, map, fields[i].name, field);
	}
	return map;
}

static struct doc *dump_retry(struct dumper *d, const struct plan_step *s)
{
	static const char *const words[] = {"timeout", "memory", "node_failure", "exit"};
	struct doc *map = doc_map(d->arena), *on = doc_list(d->arena);
	doc_append(d->arena, map, "attempts", doc_int(d->arena, s->attempts));
	set_number(d, map, "backoff_s", s->backoff_s);
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
		if (s->retry_on >> i & 1)
			doc_push(on, doc_string(d->arena, words[i]));
	}
	set_if_any(d, map, "reasons", on);
	return map;
}

static void dump_demands(struct dumper *d, const struct plan_step *s, struct doc *map)
{
	struct doc *resources = doc_map(d->arena), *modules = doc_list(d->arena);
	set_text(d, map, "container", s->container);
	if (s->network)
		doc_append(d->arena, map, "network", doc_bool(d->arena, true));
	for (uint32_t i = 0; i < s->n_modules; i++)
		doc_push(modules, doc_string(d->arena, s->modules[i]));
	set_if_any(d, map, "modules", modules);
	set_expr(d, resources, "cpus", s->cpus);
	set_expr(d, resources, "memory", s->memory);
	set_expr(d, resources, "gpus", s->gpus);
	set_expr(d, resources, "time", s->time);
	set_if_any(d, map, "resources", resources);
	if (s->attempts > 1)
		doc_append(d->arena, map, "retry", dump_retry(d, s));
	set_text(d, map, "place", s->place);
	if (s->workers > 1)
		doc_append(d->arena, map, "workers", doc_int(d->arena, s->workers));
	set_text(d, map, "strategy", s->strategy);
	if (s->extra)
		doc_append(d->arena, map, "extra", copy_doc(d->arena, s->extra));
}

static struct doc *dump_step(struct dumper *d, const struct plan_step *s)
{
	struct doc *map = doc_map(d->arena), *env = doc_map(d->arena);
	doc_append(d->arena, map, "name", doc_string(d->arena, s->name));
	set_text(d, map, "doc", s->doc);
	set_place(d, map, s->span);
	if (s->kind && strcmp(s->kind, "step") != 0)
		set_text(d, map, "kind", s->kind);
	set_if_any(d, map, "inputs", dump_fields(d, s->inputs, s->n_inputs));
	set_if_any(d, map, "outputs", dump_fields(d, s->outputs, s->n_outputs));
	set_if_any(d, map, "metrics", dump_fields(d, s->metrics, s->n_metrics));
	set_expr(d, map, "metrics_file", s->metrics_file);
	set_expr(d, map, s->bash ? "bash" : "script", s->script);
	set_expr(d, map, "argv", s->argv);
	for (uint32_t i = 0; i < s->n_env; i++)
		set_expr(d, env, s->env[i].name, s->env[i].expr);
	set_if_any(d, map, "env", env);
	dump_demands(d, s, map);
	return map;
}

static struct doc *slot_names(struct dumper *d, const uint32_t *slots, uint32_t n)
{
	struct doc *list = doc_list(d->arena);
	for (uint32_t i = 0; i < n; i++) {
		const char *name = d->p->slots[slots[i]].name;
		doc_push(list, doc_string(d->arena, name ? name : "?"));
	}
	return list;
}

static struct doc *node_names(struct dumper *d, const uint32_t *nodes, uint32_t n)
{
	struct doc *list = doc_list(d->arena);
	for (uint32_t i = 0; i < n; i++)
		doc_push(list, doc_string(d->arena, d->p->nodes[nodes[i]].name));
	return list;
}

static struct doc *dump_exports(struct dumper *d, const struct plan_export *exports, uint32_t n)
{
	struct doc *map = doc_map(d->arena);
	for (uint32_t i = 0; i < n; i++) {
		const struct plan_slot *inner = &d->p->slots[exports[i].inner], *outer = &d->p->slots[exports[i].outer];
		doc_append(d->arena, map, exports[i].raw ? arena_printf(d->arena, "unchecked(%s)", outer->name ? outer->name : "?") : outer->name ? outer->name : "?",
			doc_printf(d->arena, "%s: %s", inner->name ? inner->name : "?", type_or_nothing(d, outer->type)));
	}
	return map;
}

static void dump_args(struct dumper *d, const struct plan_node *n, struct doc *map)
{
	const struct plan_field *inputs = n->kind == PLAN_CALL ? d->p->steps[n->target].inputs : d->p->workflows[n->target].inputs;
	struct doc *args = doc_map(d->arena);
	for (uint32_t i = 0; i < n->n_args; i++)
		set_expr(d, args, inputs[i].name, n->args[i].expr);
	set_if_any(d, map, "args", args);
	set_text(d, map, "place", n->place);
}

static struct doc *dump_block(struct dumper *d, uint32_t block);

static const char *element_names(struct dumper *d, const struct plan_node *n)
{
	const char *element = d->p->slots[n->element].name;
	if (n->second == PLAN_NONE)
		return element ? element : "_";
	return arena_printf(d->arena, "(%s, %s)", element ? element : "_", d->p->slots[n->second].name);
}

static void dump_construct(struct dumper *d, const struct plan_node *n, struct doc *map)
{
	if (n->kind == PLAN_FOR)
		doc_append(d->arena, map, "for", doc_printf(d->arena, "%s in %s", element_names(d, n), shown(d, n->subject)));
	else if (n->kind == PLAN_IF)
		set_expr(d, map, "if", n->subject);
	else
		set_expr(d, map, "repeat_until", n->subject);
	set_expr(d, map, "max", n->max);
}

static void dump_gate(struct dumper *d, const struct plan_node *n, struct doc *map)
{
	static const char *const words[] = {[PLAN_BLOCK] = "block", [PLAN_WARN] = "warn", [PLAN_SKIP] = "skip", [PLAN_ASK] = "ask"};
	struct doc *requirements = doc_map(d->arena);
	doc_append(d->arena, map, "of", slot_names(d, n->guards, n->n_guards));
	for (uint32_t i = 0; i < n->n_requirements; i++) {
		const char *name = n->requirements[i].name;
		set_expr(d, requirements, name ? name : arena_printf(d->arena, "%u", i + 1), n->requirements[i].expr);
	}
	set_if_any(d, map, "require", requirements);
	doc_append(d->arena, map, "on_fail", doc_string(d->arena, words[n->on_fail]));
}

static void dump_heading(struct dumper *d, const struct plan_node *n, struct doc *map)
{
	switch (n->kind) {
	case PLAN_CALL:
		doc_append(d->arena, map, "call", doc_printf(d->arena, "%s = %s", n->name, d->p->steps[n->target].name));
		break;
	case PLAN_SUB:
		doc_append(d->arena, map, "sub", doc_printf(d->arena, "%s = %s", n->name, d->p->workflows[n->target].name));
		break;
	case PLAN_VALUE:
		doc_append(d->arena, map, "value", doc_printf(d->arena, "%s = %s", n->name, shown(d, n->subject)));
		break;
	case PLAN_FOR:
	case PLAN_IF:
	case PLAN_REPEAT:
		dump_construct(d, n, map);
		break;
	case PLAN_GATE:
		doc_append(d->arena, map, "gate", doc_string(d->arena, n->name));
		break;
	}
}

static struct doc *dump_node(struct dumper *d, const struct plan_node *n)
{
	struct doc *map = doc_map(d->arena);
	bool is_construct = n->kind == PLAN_FOR || n->kind == PLAN_IF || n->kind == PLAN_REPEAT;
	dump_heading(d, n, map);
	set_place(d, map, n->span);
	if (n->kind == PLAN_CALL || n->kind == PLAN_SUB)
		dump_args(d, n, map);
	if (n->kind == PLAN_GATE)
		dump_gate(d, n, map);
	set_if_any(d, map, "needs", slot_names(d, n->needs, n->n_needs));
	set_if_any(d, map, "waits", node_names(d, n->waits, n->n_waits));
	if (!is_construct)
		return map;
	doc_append(d->arena, map, "do", dump_block(d, n->inner));
	set_if_any(d, map, "gives", dump_exports(d, n->exports, n->n_exports));
	if (n->otherwise != PLAN_NONE) {
		doc_append(d->arena, map, "else", dump_block(d, n->otherwise));
		set_if_any(d, map, "else_gives", dump_exports(d, n->otherwise_exports, n->n_otherwise_exports));
	}
	return map;
}

static struct doc *dump_block(struct dumper *d, uint32_t block)
{
	const struct plan_block *b = &d->p->blocks[block];
	struct doc *list = doc_list(d->arena);
	for (uint32_t i = 0; i < b->n_nodes; i++)
		doc_push(list, dump_node(d, &d->p->nodes[b->nodes[i]]));
	return list;
}

static struct doc *dump_workflow(struct dumper *d, const struct plan_workflow *w)
{
	struct doc *map = doc_map(d->arena);
	doc_append(d->arena, map, "name", doc_string(d->arena, w->name));
	set_text(d, map, "doc", w->doc);
	set_place(d, map, w->span);
	set_if_any(d, map, "inputs", dump_fields(d, w->inputs, w->n_inputs));
	doc_append(d->arena, map, "nodes", dump_block(d, w->block));
	set_if_any(d, map, "outputs", dump_fields(d, w->outputs, w->n_outputs));
	return map;
}

static struct doc *dump_model(struct dumper *d, const struct plan_model *m)
{
	struct doc *map = doc_map(d->arena);
	doc_append(d->arena, map, "name", doc_string(d->arena, m->name));
	set_place(d, map, m->span);
	if (m->workflow != PLAN_NONE)
		doc_append(d->arena, map, "weights", doc_printf(d->arena, "%s.%s", d->p->workflows[m->workflow].name, m->output ? m->output : "?"));
	else if (m->file)
		doc_append(d->arena, map, "weights", doc_string(d->arena, value_text(d->arena, m->file)));
	return map;
}

static struct doc *dump_part(struct dumper *d, const struct plan_part *part)
{
	struct doc *map = doc_map(d->arena);
	doc_append(d->arena, map, "name", doc_string(d->arena, part->name));
	set_place(d, map, part->span);
	if (part->nodes_low || part->nodes_high)
		doc_append(d->arena, map, "nodes", doc_printf(d->arena, "%u..%u", part->nodes_low, part->nodes_high));
	set_number(d, map, "cpus", part->cpus);
	set_number(d, map, "gpus", part->gpus);
	set_number(d, map, "memory_bytes", part->memory_bytes);
	set_number(d, map, "max_time_s", part->max_time_s);
	return map;
}

static struct doc *dump_thing(struct dumper *d, const struct plan_thing *t)
{
	struct doc *map = doc_map(d->arena), *parts = doc_list(d->arena), *refs = doc_list(d->arena), *gives = doc_map(d->arena);
	doc_append(d->arena, map, "name", doc_string(d->arena, t->name));
	set_text(d, map, "role", t->role);
	set_text(d, map, "kind", t->kind);
	set_text(d, map, "doc", t->doc);
	set_place(d, map, t->span);
	if (doc_len(t->attributes))
		doc_append(d->arena, map, "attributes", copy_doc(d->arena, t->attributes));
	for (uint32_t i = 0; i < t->n_parts; i++)
		doc_push(parts, dump_part(d, &t->parts[i]));
	set_if_any(d, map, "parts", parts);
	if (t->workflow != PLAN_NONE)
		set_text(d, map, "runs", d->p->workflows[t->workflow].name);
	for (doc_each(known, t->arguments))
		if (known->kind != DOC_NULL)
			doc_append(d->arena, gives, known->key, copy_doc(d->arena, known));
	for (uint32_t i = 0; i < t->n_given; i++)
		doc_append(d->arena, gives, t->given[i].name, doc_string(d->arena, expr_text(d->arena, t->given[i].expr)));
	set_if_any(d, map, "gives", gives);
	for (uint32_t i = 0; i < t->n_refs; i++)
		doc_push(refs, doc_string(d->arena, t->refs[i]));
	set_if_any(d, map, "refs", refs);
	return map;
}

static struct doc *dump(struct arena *a, const struct plan *p, bool places)
{
	struct dumper d = {a, p, places};
	struct doc *map = doc_map(a);
	struct doc *params = doc_list(a), *steps = doc_list(a), *workflows = doc_list(a), *models = doc_list(a), *things = doc_list(a);
	set_text(&d, map, "twin", p->twin);
	set_text(&d, map, "version", p->version);
	set_text(&d, map, "doc", p->doc);
	doc_append(a, map, "edition", doc_int(a, p->edition));
	for (uint32_t i = 0; i < p->n_params; i++)
		doc_push(params, dump_param(&d, &p->params[i]));
	for (uint32_t i = 0; i < p->n_things; i++)
		doc_push(things, dump_thing(&d, &p->things[i]));
	for (uint32_t i = 0; i < p->n_steps; i++)
		doc_push(steps, dump_step(&d, &p->steps[i]));
	for (uint32_t i = 0; i < p->n_workflows; i++)
		doc_push(workflows, dump_workflow(&d, &p->workflows[i]));
	for (uint32_t i = 0; i < p->n_models; i++)
		doc_push(models, dump_model(&d, &p->models[i]));
	set_if_any(&d, map, "params", params);
	set_if_any(&d, map, "things", things);
	set_if_any(&d, map, "steps", steps);
	set_if_any(&d, map, "workflows", workflows);
	set_if_any(&d, map, "models", models);
	return map;
}

struct doc *plan_dump(struct arena *a, const struct plan *p)
{
	return dump(a, p, true);
}

struct doc *plan_dump_without_places(struct arena *a, const struct plan *p)
{
	return dump(a, p, false);
}
