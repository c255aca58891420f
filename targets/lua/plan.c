/* The plan as a document for scripts: what is known before a run, in base units (bytes, seconds). */
#include "targets/lua/lua.h"
#include <math.h>
#include <string.h>

struct view { struct arena *a; const struct plan *plan; };

static struct doc *at(struct view *v, struct span s)
{
	return doc_printf(v->a, "%u:%u:%u", s.file, s.start, s.end);
}

static void set_text(struct view *v, struct doc *d, const char *key, const char *text)
{
	if (text && *text)
		doc_set(v->a, d, key, doc_string(v->a, text));
}

static struct doc *item(struct view *v, const char *name, const char *doc, struct span span)
{
	struct doc *d = doc_map(v->a);

	set_text(v, d, "name", name);
	set_text(v, d, "doc", doc);
	doc_set(v->a, d, "at", at(v, span));
	return d;
}

/* The value where it is known before a run; NULL otherwise. */
static const struct value *known(struct view *v, const struct expr *e)
{
	struct eval ev = { .arena = v->a, .ctx = &v->plan, .param = target_param };
	const struct value *value;

	if (!e || eval_expr(&ev, e, &value) != EVAL_OK || value->kind == VALUE_SECRET)
		return NULL;
	return value;
}

static void set_resource(struct view *v, struct doc *d, const char *key, const struct expr *e)
{
	const struct value *x = known(v, e);

	if (x && value_is_number(x))
		doc_set(v->a, d, key, doc_float(v->a, value_number(x) * (x->unit ? (double)x->unit->num / (double)x->unit->den : 1)));
}

static struct doc *fields(struct view *v, const struct plan_field *list, uint32_t n, bool outputs)
{
	struct doc *ret = doc_list(v->a);

	for (uint32_t i = 0; i < n; i++) {
		struct doc *d = item(v, list[i].name, list[i].doc, list[i].span);
		const struct type *t = list[i].type;
		const struct value *value = outputs && list[i].expr && list[i].expr->op == EXPR_GLOB ? known(v, list[i].expr->args[0]) : known(v, list[i].expr);
		doc_set(v->a, d, "type", doc_string(v->a, type_text(v->a, t)));
		doc_set(v->a, d, "optional", doc_bool(v->a, t->kind == TYPE_OPTIONAL));
		t = t->kind == TYPE_OPTIONAL ? t->of : t;
		doc_set(v->a, d, "list", doc_bool(v->a, t->kind == TYPE_LIST));
		t = t->kind == TYPE_LIST ? t->of : t;
		doc_set(v->a, d, "file", doc_bool(v->a, t->kind == TYPE_FILE || t->kind == TYPE_DIR));
		doc_set(v->a, d, "folder", doc_bool(v->a, t->kind == TYPE_DIR));
		if (outputs && list[i].expr)
			doc_set(v->a, d, "glob", doc_bool(v->a, list[i].expr->op == EXPR_GLOB));
		if (value && value->kind != VALUE_NULL)
			doc_set(v->a, d, outputs ? "path" : "default", value_to_doc(v->a, value, outputs ? NULL : list[i].type));
		doc_push(ret, d);
	}
	return ret;
}

/* A command in parts: {text}, {input}, {output}, {asset}, or {other} for what only a run knows. */
static struct doc *part(struct view *v, const struct plan_step *s, const struct expr *e)
{
	struct doc *d = doc_map(v->a);
	const struct value *value;

	if (e->op == EXPR_TEXT && e->n == 1)
		e = e->args[0];
	value = e->op == EXPR_OUTPUT || e->op == EXPR_INPUT ? NULL : known(v, e);
	if (e->op == EXPR_INPUT)
		set_text(v, d, "input", s->inputs[e->index].name);
	else if (e->op == EXPR_OUTPUT)
		set_text(v, d, "output", s->outputs[e->index].name);
	else if (e->op == EXPR_ASSET)
		set_text(v, d, "asset", e->value->file.path);
	else if (value && value->kind == VALUE_STRING)
		doc_set(v->a, d, "text", doc_string_n(v->a, value->string.text, value->string.len));
	else if (value && value_is_number(value))
		doc_set(v->a, d, "text", doc_string(v->a, value_text(v->a, value)));
	else
		set_text(v, d, "other", expr_text(v->a, e));
	return d;
}

static void set_command(struct view *v, struct doc *d, const struct plan_step *s)
{
	const struct expr *e = s->script ? s->script : s->argv;
	struct doc *parts = doc_list(v->a);

	if (!e)
		return;
	for (uint16_t i = 0; (e->op == EXPR_WORDS || e->op == EXPR_LIST) && i < e->n; i++) {
		struct doc *p = part(v, s, e->args[i]);
		/* of a script, the constant parts are its text, the others words */
		if (e->op == EXPR_WORDS && e->args[i]->op == EXPR_CONST)
			doc_set(v->a, p, "verbatim", doc_bool(v->a, true));
		doc_push(parts, p);
	}
	doc_set(v->a, d, s->script ? "script" : "argv", parts);
	doc_set(v->a, d, "shell", doc_string(v->a, s->bash ? "bash" : "sh"));
	doc_set(v->a, d, "command_at", at(v, s->command_span));
}

static struct doc *step(struct view *v, const struct plan_step *s)
{
	struct doc *d = item(v, s->name, s->doc, s->span), *env = doc_list(v->a);

	set_text(v, d, "kind", s->kind);
	set_text(v, d, "container", s->container);
	set_text(v, d, "place", s->place);
	doc_set(v->a, d, "workers", doc_int(v->a, s->workers));
	doc_set(v->a, d, "attempts", doc_int(v->a, s->attempts));
	set_resource(v, d, "cpus", s->cpus);
	set_resource(v, d, "memory", s->memory);
	set_resource(v, d, "gpus", s->gpus);
	set_resource(v, d, "time", s->time);
	doc_set(v->a, d, "inputs", fields(v, s->inputs, s->n_inputs, false));
	doc_set(v->a, d, "outputs", fields(v, s->outputs, s->n_outputs, true));
	for (uint32_t i = 0; i < s->n_env; i++) {
		struct doc *x = item(v, s->env[i].name, NULL, s->env[i].span);
		const struct value *value = known(v, s->env[i].expr);
		struct buf text = { 0 };
		if (value && (value->kind == VALUE_STRING || value_is_number(value)) && eval_value_text(value, &text))
			doc_set(v->a, x, "value", doc_string_n(v->a, buf_text(&text), text.len));
		buf_finish(&text);
		if (s->env[i].expr->op == EXPR_PARAM && v->plan->params[s->env[i].expr->index].secret)
			set_text(v, x, "secret", v->plan->params[s->env[i].expr->index].name);
		else if (!value)
			doc_set(v->a, x, "open", doc_bool(v->a, true));
		doc_push(env, x);
	}
	doc_set(v->a, d, "env", env);
	if (s->metrics_file && known(v, s->metrics_file) && known(v, s->metrics_file)->kind == VALUE_STRING)
		set_text(v, d, "metrics", known(v, s->metrics_file)->string.text);
	set_command(v, d, s);
	if (s->extra)
		doc_set(v->a, d, "extra", doc_copy(v->a, s->extra));
	return d;
}

static struct doc *thing(struct view *v, const struct plan_thing *t)
{
	struct doc *d = item(v, t->name, t->doc, t->span), *parts = doc_list(v->a);

	set_text(v, d, "role", t->role);
	set_text(v, d, "kind", t->kind);
	doc_set(v->a, d, "attributes", t->attributes ? doc_copy(v->a, t->attributes) : doc_map(v->a));
	for (uint32_t i = 0; i < t->n_parts; i++) {
		struct doc *p = item(v, t->parts[i].name, NULL, t->parts[i].span);
		doc_set(v->a, p, "cpus", doc_int(v->a, t->parts[i].cpus));
		doc_set(v->a, p, "gpus", doc_int(v->a, t->parts[i].gpus));
		doc_set(v->a, p, "memory", doc_float(v->a, t->parts[i].memory_bytes));
		doc_push(parts, p);
	}
	doc_set(v->a, d, "parts", parts);
	if (t->workflow != PLAN_NONE)
		set_text(v, d, "runs", v->plan->workflows[t->workflow].name);
	return d;
}

static struct doc *workflow(struct view *v, uint32_t at_workflow)
{
	const struct plan_workflow *w = &v->plan->workflows[at_workflow];
	struct doc *d = item(v, w->name, w->doc, w->span), *calls = doc_list(v->a);

	doc_set(v->a, d, "inputs", fields(v, w->inputs, w->n_inputs, false));
	for (uint32_t i = 0; i < v->plan->n_nodes; i++) {
		const struct plan_node *n = &v->plan->nodes[i];
		struct doc *c;
		if (n->kind != PLAN_CALL || v->plan->blocks[n->block].workflow != at_workflow)
			continue;
		c = item(v, n->name, NULL, n->span);
		set_text(v, c, "step", v->plan->steps[n->target].name);
		set_text(v, c, "place", n->place);
		doc_push(calls, c);
	}
	doc_set(v->a, d, "calls", calls);
	return d;
}

static struct doc *param(struct view *v, const struct plan_param *p)
{
	struct doc *d = item(v, p->name, p->doc, p->span);

	doc_set(v->a, d, "secret", doc_bool(v->a, p->secret));
	if (!p->secret && p->value)
		doc_set(v->a, d, "value", value_to_doc(v->a, p->value, p->type));
	return d;
}

const struct doc *lua_plan_doc(struct arena *a, const struct target_request *request)
{
	struct view v = { a, request->plan };
	struct doc *d = doc_map(a), *kinds = doc_map(a);

	set_text(&v, d, "twin", v.plan->twin);
	set_text(&v, d, "version", v.plan->version);
	set_text(&v, d, "doc", v.plan->doc);
	for (uint32_t i = 0; i < v.plan->n_steps; i++)
		if (!doc_get(kinds, v.plan->steps[i].kind))
			doc_append(a, kinds, v.plan->steps[i].kind, doc_bool(a, true));
	doc_set(a, d, "kinds", kinds);
	return d;
}

const struct doc *lua_plan_list(struct arena *a, const struct target_request *request, const char *name)
{
	struct view v = { a, request->plan };
	const struct plan *p = request->plan;
	struct doc *list = doc_list(a);

	for (uint32_t i = 0; strcmp(name, "params") == 0 && i < p->n_params; i++)
		doc_push(list, param(&v, &p->params[i]));
	for (uint32_t i = 0; strcmp(name, "steps") == 0 && i < p->n_steps; i++)
		doc_push(list, step(&v, &p->steps[i]));
	for (uint32_t i = 0; strcmp(name, "things") == 0 && i < p->n_things; i++)
		doc_push(list, thing(&v, &p->things[i]));
	for (uint32_t i = 0; strcmp(name, "workflows") == 0 && i < p->n_workflows; i++)
		doc_push(list, workflow(&v, i));
	return list;
}
