/* Steps and things: their attributes, worked out with the bound parameters. */
#include "compiler/plan/lower_thing.h"
#include "compiler/base/names.h"
#include <string.h>

/* The value of an attribute, brought to its declared type; NULL where it is not given or not known before the run. */
static const struct value *attr_value(struct lower *l, const struct model_attr *a)
{
	const struct value *v, *fits;
	char *error;
	if (!a || !a->expr || a->expr->type->kind == TYPE_POISON || model_eval(l->model, l->model->arena, a->expr, &v) != EVAL_OK || v->kind == VALUE_NULL)
		return NULL;
	const struct type *t = a->schema->type->kind == TYPE_OPTIONAL ? a->schema->type->of : a->schema->type;
	if (t->kind != TYPE_THING && value_coerce(l->model->arena, v, t, &fits, &error))
		v = fits;
	return v;
}

static const struct expr *attr_expr(struct lower *l, const struct model_attr *a)
{
	if (!a || !a->expr || (a->expr->op == EXPR_CONST && a->expr->value->kind == VALUE_NULL))
		return NULL;
	const struct value *v = attr_value(l, a);
	if (!v)
		return copy_expr(&l->copy, a->expr);
	struct expr *e = expr_new(l->plan->arena, EXPR_CONST, a->span, copy_type(&l->copy, a->schema->type), 0);
	e->value = copy_value(&l->copy, v);
	return e;
}

static double attr_number(struct lower *l, const struct model_attr *a, double otherwise)
{
	const struct value *v = attr_value(l, a);
	return v && value_is_number(v) ? value_number(v) : otherwise;
}

static const char *attr_text(struct lower *l, const struct model_attr *a)
{
	const struct value *v = attr_value(l, a);
	return v && v->kind == VALUE_STRING ? copy_text(&l->copy, v->string.text) : NULL;
}

static uint32_t retry_bits(struct lower *l, const struct model_attr *a)
{
	static const struct { const char *word; enum plan_retry_on bit; } words[] = {{"timeout", PLAN_RETRY_TIMEOUT}, {"memory", PLAN_RETRY_MEMORY}, {"node_failure", PLAN_RETRY_NODE_FAILURE}, {"exit", PLAN_RETRY_EXIT}};
	const struct value *v = attr_value(l, a);
	uint32_t bits = 0;
	for (uint32_t i = 0; v && v->kind == VALUE_LIST && i < v->list.len; i++)
		for (size_t k = 0; k < sizeof words / sizeof *words; k++)
			if (strcmp(words[k].word, v->list.items[i]->string.text) == 0)
				bits |= words[k].bit;
	return bits;
}

static void lower_env(struct lower *l, const struct model_thing *t, struct plan_step *p)
{
	const struct model_block *env = model_block(t, "env");
	p->env = arena_new_n(l->plan->arena, struct plan_attribute, env ? env->n_entries + 1 : 1);
	for (uint32_t i = 0; env && i < env->n_entries; i++)
		p->env[p->n_env++] = (struct plan_attribute){copy_text(&l->copy, env->entries[i].name), copy_expr(&l->copy, env->entries[i].expr), env->entries[i].span};
}

static void lower_modules(struct lower *l, const struct model_thing *t, struct plan_step *p)
{
	const struct value *v = attr_value(l, model_attr(t, "modules"));
	p->modules = arena_new_n(l->plan->arena, const char *, v && v->kind == VALUE_LIST ? v->list.len + 1 : 1);
	for (uint32_t i = 0; v && v->kind == VALUE_LIST && i < v->list.len; i++)
		p->modules[p->n_modules++] = copy_text(&l->copy, v->list.items[i]->string.text);
}

/* Attributes that the step's structure has no field for: what a kind adds. */
static struct doc *lower_extra(struct lower *l, const struct model_thing *t)
{
	static const char *const known[] = {"command", "shell", "metrics", "container", "network", "modules", "on"};
	struct doc *d = NULL;
	for (uint32_t i = 0; i < t->schema->n_attrs; i++) {
		bool own = false;
		for (size_t k = 0; k < sizeof known / sizeof *known; k++)
			own = own || strcmp(known[k], t->schema->attrs[i].name) == 0;
		const struct value *v = own ? NULL : attr_value(l, &t->attrs[i]);
		if (!v)
			continue;
		d = d ? d : doc_map(l->plan->arena);
		doc_set(l->plan->arena, d, t->schema->attrs[i].name, value_to_doc(l->plan->arena, v, t->schema->attrs[i].type));
	}
	return d;
}

void lower_step(struct lower *l, const struct model_thing *t, struct plan_step *p)
{
	const struct model_attr *command = model_attr(t, "command"), *metrics = model_attr(t, "metrics");
	const struct model_block *resources = model_block(t, "resources"), *retry = model_block(t, "retry"), *distributed = model_block(t, "distributed");
	const struct value *network = attr_value(l, model_attr(t, "network"));
	const char *shell = attr_text(l, model_attr(t, "shell"));
	*p = (struct plan_step){.name = copy_text(&l->copy, t->name), .doc = copy_text(&l->copy, t->doc), .span = t->span, .kind = copy_text(&l->copy, t->schema->name)};
	p->command_span = command && command->given ? command->span : t->span;
	if (command && command->expr && command->expr->type->kind != TYPE_NULL) {
		const struct expr *e = copy_expr(&l->copy, command->expr);
		p->script = e->op == EXPR_WORDS ? e : NULL;
		p->argv = e->op == EXPR_WORDS ? NULL : e;
	}
	p->bash = shell && strcmp(shell, "bash") == 0;
	p->metrics_file = metrics && metrics->given ? copy_expr(&l->copy, metrics->expr) : NULL;
	lower_env(l, t, p);
	lower_modules(l, t, p);
	p->container = attr_text(l, model_attr(t, "container"));
	p->network = network && network->boolean;
	p->place = attr_text(l, model_attr(t, "on"));
	p->cpus = attr_expr(l, model_block_attr(resources, "cpus"));
	p->memory = attr_expr(l, model_block_attr(resources, "memory"));
	p->gpus = attr_expr(l, model_block_attr(resources, "gpus"));
	p->time = attr_expr(l, model_block_attr(resources, "time"));
	p->attempts = (uint32_t)attr_number(l, model_block_attr(retry, "attempts"), 1);
	p->backoff_s = attr_number(l, model_block_attr(retry, "backoff"), 0);
	p->retry_on = retry_bits(l, model_block_attr(retry, "on"));
	p->workers = (uint32_t)attr_number(l, model_block_attr(distributed, "workers"), 1);
	p->strategy = attr_text(l, model_block_attr(distributed, "strategy"));
	p->cwl = t->cwl ? doc_copy(l->plan->arena, t->cwl) : NULL;
	p->extra = lower_extra(l, t);
}

/* -- things ------------------------------------------------------------------------------------------------------------- */

static struct doc *attr_doc(struct lower *l, const struct model_attr *a)
{
	struct arena *arena = l->plan->arena;
	const struct type *t = a->schema->type->kind == TYPE_OPTIONAL ? a->schema->type->of : a->schema->type;
	const struct value *v = attr_value(l, a);
	if (v && t->kind == TYPE_THING && v->kind == VALUE_STRING) {
		struct doc *ref = doc_map(arena);
		doc_set(arena, ref, "ref", doc_string(arena, v->string.text));
		return ref;
	}
	if (v)
		return value_to_doc(arena, v, t);
	struct buf b = {0};
	expr_show(a->expr, &b);
	struct doc *text = doc_string_n(arena, buf_text(&b), b.len);
	buf_finish(&b);
	return text;
}

static void add_attrs(struct lower *l, struct doc *map, const struct model_attr *attrs, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (attrs[i].expr && attrs[i].expr->type->kind != TYPE_NULL && attrs[i].expr->type->kind != TYPE_POISON)
			doc_set(l->plan->arena, map, attrs[i].schema->name, doc_from(attr_doc(l, &attrs[i]), attrs[i].given ? attrs[i].span : (struct span){0}));
}

static bool is_trigger(const struct model_thing *t)
{
	return strcmp(t->role, "trigger") == 0;
}

/* What a thing that is no trigger starts: all of it is known. */
static struct doc *call_doc(struct lower *l, const struct model_thing *t)
{
	struct arena *a = l->plan->arena;
	struct doc *d = doc_map(a), *inputs = doc_map(a);
	for (uint32_t i = 0; t->run_args && i < t->runs->n_inputs; i++) {
		const struct model_field *in = &t->runs->inputs[i];
		const struct value *v = NULL;
		char *error;
		if (!t->run_args[i])
			continue;
		if (model_eval(l->model, l->model->arena, t->run_args[i], &v) != EVAL_OK || !value_coerce(l->model->arena, v, in->type, &v, &error))
			v = NULL;
		doc_set(a, inputs, in->name, v ? value_to_doc(a, v, in->type) : doc_null(a));
	}
	doc_set(a, d, "workflow", doc_string(a, t->runs->name));
	doc_set(a, d, "inputs", inputs);
	return doc_from(d, model_attr(t, "run")->span);
}

static struct doc *thing_doc(struct lower *l, const struct model_thing *t)
{
	struct arena *a = l->plan->arena;
	struct doc *d = doc_map(a);
	add_attrs(l, d, t->attrs, t->schema->n_attrs);
	if (t->format)
		doc_set(a, d, "format", doc_string(a, t->format->name));
	for (const struct model_block *b = t->blocks; b; b = b->next) {
		struct doc *inner = doc_map(a), *group = b->name ? doc_get(d, b->schema->name) : NULL;
		add_attrs(l, inner, b->attrs, b->schema->n_attrs);
		if (!b->name) {
			doc_set(a, d, b->schema->name, inner);
			continue;
		}
		if (!group) {
			group = doc_map(a);
			doc_set(a, d, b->schema->name, group);
		}
		doc_set(a, group, b->name, inner);
	}
	if (t->event_source)
		doc_set(a, d, "when", doc_printf(a, "%s.%s", t->event_source->name, t->event_name));
	if (t->cron)
		doc_set(a, d, "when", doc_printf(a, "cron(\"%s\")", t->cron));
	if (t->runs && !is_trigger(t))
		doc_set(a, d, "run", call_doc(l, t));
	return d;
}

static void add_part(struct lower *l, struct plan_thing *p, const char *name, struct span span)
{
	struct model_place place;
	if (!model_place(l->model, name, &place) || !place.cpus)
		return;
	p->parts[p->n_parts++] = (struct plan_part){copy_text(&l->copy, name), span, (uint32_t)place.cpus, (uint32_t)place.gpus, (uint32_t)place.nodes_low, (uint32_t)place.nodes_high, place.memory_bytes, place.max_time_s};
}

static void add_ref(struct lower *l, struct plan_thing *p, const struct model_attr *a)
{
	const struct type *t = a->schema->type->kind == TYPE_OPTIONAL ? a->schema->type->of : a->schema->type;
	const struct value *v = t->kind == TYPE_THING ? attr_value(l, a) : NULL;
	if (v && v->kind == VALUE_STRING)
		p->refs[p->n_refs++] = copy_text(&l->copy, v->string.text);
}

/* Sources that a trigger's arguments read: `scenes.latest(500)`. */
static void add_sources(struct lower *l, struct plan_thing *p, const struct expr *e)
{
	for (uint32_t i = 0; e->op == EXPR_EVENT && i < l->model->things.len; i++) {
		const struct model_thing *t = l->model->things.at[i];
		size_t n = strlen(t->name);
		if (strcmp(t->role, "source") == 0 && strncmp(e->name, t->name, n) == 0 && e->name[n] == '.')
			p->refs[p->n_refs++] = copy_text(&l->copy, t->name);
	}
	for (uint32_t i = 0; i < e->n; i++)
		if (e->args[i])
			add_sources(l, p, e->args[i]);
}

static uint32_t count_events(const struct expr *e)
{
	uint32_t n = e->op == EXPR_EVENT;
	for (uint32_t i = 0; i < e->n; i++)
		if (e->args[i])
			n += count_events(e->args[i]);
	return n;
}

/* What a trigger gives its run: what is known beforehand, and how to work out the rest. */
static void run_arguments(struct lower *l, const struct model_thing *t, struct plan_thing *p)
{
	struct arena *a = l->plan->arena;
	struct doc *d = doc_map(a);
	p->given = arena_new_n(a, struct plan_attribute, t->runs ? t->runs->n_inputs + 1 : 1);
	for (uint32_t i = 0; t->runs && t->run_args && i < t->runs->n_inputs; i++) {
		const struct value *v = NULL;
		char *error;
		if (!t->run_args[i])
			continue;
		const struct model_field *in = &t->runs->inputs[i];
		if (model_eval(l->model, l->model->arena, t->run_args[i], &v) != EVAL_OK || !value_coerce(l->model->arena, v, in->type, &v, &error))
			v = NULL;
		doc_set(a, d, in->name, v ? value_to_doc(a, v, in->type) : doc_null(a));
		if (!v)
			p->given[p->n_given++] = (struct plan_attribute){copy_text(&l->copy, in->name), copy_expr(&l->copy, t->run_args[i]), t->run_args[i]->span};
	}
	p->arguments = doc_len(d) ? d : NULL;
}

static void lower_thing(struct lower *l, const struct model_thing *t, struct plan_thing *p)
{
	uint32_t n_blocks = 0, n_attrs = t->schema->n_attrs;
	for (const struct model_block *b = t->blocks; b; b = b->next) {
		n_blocks++;
		n_attrs += b->schema->n_attrs;
	}
	*p = (struct plan_thing){.role = copy_text(&l->copy, t->role), .name = copy_text(&l->copy, t->name), .kind = copy_text(&l->copy, t->schema->name), .doc = copy_text(&l->copy, t->doc), .span = t->span, .attributes = thing_doc(l, t), .workflow = t->runs && is_trigger(t) ? t->runs->id : PLAN_NONE};
	p->annotations = t->schema->annotations ? doc_copy(l->plan->arena, t->schema->annotations) : NULL;
	if (is_trigger(t))
		run_arguments(l, t, p);
	if (is_trigger(t) && !t->event_source && !t->cron && model_attr(t, "when")->expr)
		p->condition = copy_expr(&l->copy, model_attr(t, "when")->expr);
	p->parts = arena_new_n(l->plan->arena, struct plan_part, n_blocks + 1);
	if (strcmp(t->role, "infra") == 0) {
		add_part(l, p, t->name, t->span);
		for (const struct model_block *b = t->blocks; b; b = b->next)
			if (b->name)
				add_part(l, p, arena_printf(l->plan->arena, "%s.%s", t->name, b->name), b->span);
	}
	for (uint32_t i = 0; t->runs && t->run_args && i < t->runs->n_inputs; i++)
		n_attrs += t->run_args[i] ? count_events(t->run_args[i]) : 0;
	p->refs = arena_new_n(l->plan->arena, const char *, n_attrs + 2);
	for (uint32_t i = 0; i < t->schema->n_attrs; i++)
		add_ref(l, p, &t->attrs[i]);
	for (const struct model_block *b = t->blocks; b; b = b->next)
		for (uint32_t i = 0; i < b->schema->n_attrs; i++)
			add_ref(l, p, &b->attrs[i]);
	if (t->event_source)
		p->refs[p->n_refs++] = copy_text(&l->copy, t->event_source->name);
	for (uint32_t i = 0; t->runs && t->run_args && i < t->runs->n_inputs; i++)
		if (t->run_args[i])
			add_sources(l, p, t->run_args[i]);
}

static void lower_model(struct lower *l, const struct model_thing *t)
{
	const struct value *file = t->weights_workflow ? NULL : attr_value(l, model_attr(t, "weights"));
	l->plan->models[l->plan->n_models++] = (struct plan_model){copy_text(&l->copy, t->name), t->span, t->weights_workflow ? t->weights_workflow->id : PLAN_NONE, copy_text(&l->copy, t->weights_output), copy_value(&l->copy, file)};
}

void lower_things(struct lower *l)
{
	const struct model *m = l->model;
	struct plan *p = l->plan;
	p->things = arena_new_n(p->arena, struct plan_thing, m->things.len + 1);
	p->models = arena_new_n(p->arena, struct plan_model, m->things.len + 1);
	for (uint32_t i = 0; i < m->things.len; i++) {
		lower_thing(l, m->things.at[i], &p->things[p->n_things++]);
		if (strcmp(m->things.at[i]->role, "model") == 0)
			lower_model(l, m->things.at[i]);
	}
}

static const struct plan_thing *plan_thing_named(const struct plan *p, const char *name)
{
	for (uint32_t i = 0; i < p->n_things; i++)
		if (strcmp(p->things[i].name, name) == 0)
			return &p->things[i];
	return NULL;
}

static const char *endpoint_in(struct lower *l, struct names *names, const struct plan_thing *t, const struct plan_thing *cluster)
{
	struct arena *a = l->plan->arena;
	struct names twin;
	const char *scheme = doc_text(doc_get(doc_get(t->annotations, "serves"), "scheme"), NULL), *namespace = doc_text(doc_get(cluster->attributes, "namespace"), NULL);
	names_init(&twin, a, &names_dns_label);
	names_add(&twin, l->plan->twin);
	if (!namespace)
		namespace = names_get(&twin, l->plan->twin);
	names_finish(&twin);
	return arena_printf(a, "%s%s%s.%s.svc:%lld", scheme ? scheme : "", scheme ? "://" : "", names_get(names, t->name), namespace, (long long)doc_integer(doc_get(t->attributes, "port"), 0));
}

void lower_given(struct lower *l)
{
	struct plan *p = l->plan;
	struct names names;
	bool any = false;
	for (uint32_t i = 0; i < p->n_params; i++)
		any |= p->params[i].maker != NULL;
	if (!any) /* as in most twins */
		return;
	names_init(&names, p->arena, &names_dns_label);
	for (uint32_t i = 0; i < p->n_things; i++)
		names_add(&names, p->things[i].name);
	for (uint32_t i = 0; i < p->n_workflows; i++)
		names_add(&names, p->workflows[i].name);
	for (uint32_t i = 0; i < p->n_params; i++) {
		const char *maker = p->params[i].maker;
		const struct plan_thing *t = maker ? plan_thing_named(p, maker) : NULL;
		const char *on = t && strcmp(t->role, "service") == 0 ? doc_text(doc_get(doc_get(t->attributes, "on"), "ref"), NULL) : NULL;
		const struct plan_thing *cluster = on ? plan_thing_named(p, on) : NULL;
		if (cluster && !p->params[i].value)
			p->params[i].value = value_string(p->arena, endpoint_in(l, &names, t, cluster));
	}
	names_finish(&names);
}
