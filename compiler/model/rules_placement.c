/* `on` names something that can run this kind of step; data reaches a step on another site. */
#include "compiler/model/rules.h"
#include <string.h>

static bool can_run(const struct schema *s, const char *what)
{
	for (uint32_t i = 0; i < s->n_runs; i++)
		if (strcmp(s->runs[i], what) == 0)
			return true;
	return s->n_runs == 0; /* the kind says nothing */
}

static const char *list_runs(struct arena *a, const struct schema *s)
{
	struct buf b = {0};
	for (uint32_t i = 0; i < s->n_runs; i++)
		buf_printf(&b, "%s%s", i == 0 ? "" : i + 1 == s->n_runs ? " and " : ", ", strcmp(s->runs[i], "service") == 0 ? "services" : strcmp(s->runs[i], "script") == 0 ? "plain commands" : strcmp(s->runs[i], "container") == 0 ? "containers" : s->runs[i]);
	const char *text = arena_strdup(a, buf_text(&b));
	buf_finish(&b);
	return text;
}

static bool given(const struct model_thing *t, const char *attr)
{
	const struct model_attr *a = model_attr(t, attr);
	return a && a->given;
}

static void check_step(struct diags *ds, const struct model *m, const struct model_thing *t, const char *place, struct span on)
{
	struct model_place p;
	if (!model_place(m, place, &p))
		return;
	const char *needs = given(t, "container") ? "container" : given(t, "modules") ? "modules" : model_attr(t, "command") ? "script" : NULL;
	if (p.part == NULL && p.cpus == 0 && p.thing->blocks) {
		struct diag *d = diag_here(diag_add(ds, DIAG_E0482, on, "`%s` is made of parts; a step runs on one of them", place), "which part?");
		diag_label(d, p.thing->span, "declared here");
		for (const struct model_block *b = p.thing->blocks; b; b = b->next)
			if (b->name)
				diag_note(d, "it has `%s.%s`", place, b->name);
		return;
	}
	bool has_image = given(p.thing, "image") && can_run(p.thing->schema, "container"); /* for steps that name none */
	if (!needs || can_run(p.thing->schema, needs) || (has_image && strcmp(needs, "script") == 0))
		return;
	struct diag *d = diag_add(ds, DIAG_E0482, on, "`%s` cannot run this step", place);
	diag_here(d, "a `%s` runs %s", p.thing->schema->name, list_runs(ds->arena, p.thing->schema));
	if (strcmp(needs, "script") == 0)
		diag_help(diag_label(d, t->span, "this step has no container"), "give it an image: `container = \"registry.example.org/image@sha256:...\"`");
	else
		diag_label(d, model_attr(t, needs)->span, "this step needs %s", strcmp(needs, "modules") == 0 ? "environment modules" : "a container engine");
}

static void check_service(struct diags *ds, const struct model *m, const struct model_thing *t, const struct model_attr *on)
{
	struct model_place p;
	if (!on || !on->given || !on->expr || on->expr->op != EXPR_CONST || on->expr->value->kind != VALUE_STRING || !model_place(m, on->expr->value->string.text, &p) || can_run(p.thing->schema, "service"))
		return;
	struct diag *d = diag_here(diag_add(ds, DIAG_E0482, on->span, "`%s` cannot keep a %s running", p.name, strcmp(t->role, "model") == 0 ? "served model" : "service"), "a `%s` runs %s", p.thing->schema->name, list_runs(ds->arena, p.thing->schema));
	diag_label(d, t->span, "this %s", t->role);
}

/* -- data between sites ------------------------------------------------------------------------------------------------ */

struct walk { struct diags *ds; const struct model *m; const struct model_node *to; const struct model_place *to_place; struct span to_on, arg; bool told; };

static const char *mount_of(const struct model *m, const struct model_thing *t)
{
	const struct model_attr *a = model_attr(t, "mount");
	const struct value *v;
	return a && a->expr && model_eval(m, m->arena, a->expr, &v) == EVAL_OK && v->kind == VALUE_STRING ? v->string.text : NULL;
}

/* The call behind a slot, through the exports of `for`, `if` and `repeat`. */
static const struct model_node *call_of(const struct model_slot *s)
{
	while (s && s->kind == MODEL_SLOT_EXPORT)
		s = s->inner ? s->inner : s->otherwise;
	return s && s->node && s->node->kind == MODEL_CALL && s->node->step ? s->node : NULL;
}

static void each_ref(const struct expr *ref, void *ctx)
{
	struct walk *w = ctx;
	const struct model_node *from = ref->op == EXPR_SLOT ? call_of(w->m->slots.at[ref->index]) : NULL;
	struct span from_on;
	struct model_place p;
	const char *place = from ? rule_place(from, &from_on) : NULL;
	if (w->told || !place || !model_place(w->m, place, &p) || p.thing == w->to_place->thing)
		return;
	const char *a = mount_of(w->m, p.thing), *b = mount_of(w->m, w->to_place->thing);
	if (a && b && strcmp(a, b) == 0)
		return;
	w->told = true;
	struct diag *d = diag_here(diag_add(w->ds, DIAG_E0483, w->arg, "these data lie on another site than the step that takes them"), "made by `%s`", from->name);
	diag_label(d, from_on, "`%s` runs on %s", from->step->name, p.name);
	diag_label(d, w->to_on, "`%s` runs on %s", w->to->step->name, w->to_place->name);
	diag_help(d, "place both on one site, or say that both mount one storage: `mount = \"/data\"` on `%s` and on `%s`", p.thing->name, w->to_place->thing->name);
}

static bool carries_data(const struct type *t)
{
	while (t->kind == TYPE_LIST || t->kind == TYPE_OPTIONAL)
		t = t->of;
	return t->kind == TYPE_FILE || t->kind == TYPE_DIR;
}

static void each_call(const struct model_node *call, void *ctx)
{
	struct walk w = *(struct walk *)ctx;
	struct model_place p;
	const char *place = rule_place(call, &w.to_on);
	if (!place || !model_place(w.m, place, &p))
		return;
	if (call->place)
		check_step(w.ds, w.m, call->step, place, w.to_on);
	w.to = call;
	w.to_place = &p;
	for (uint32_t i = 0; call->args && i < call->step->n_inputs; i++) {
		w.arg = call->arg_spans[i];
		if (call->args[i] && carries_data(call->step->inputs[i].type))
			expr_each_ref(call->args[i], each_ref, &w);
	}
}

void rule_placement(const struct model *m, struct diags *ds)
{
	for (uint32_t i = 0; i < m->steps.len; i++) {
		struct model_node probe = {.step = m->steps.at[i]};
		struct span on;
		const char *place = rule_place(&probe, &on);
		if (place)
			check_step(ds, m, m->steps.at[i], place, on);
	}
	for (uint32_t i = 0; i < m->things.len; i++) {
		const struct model_thing *t = m->things.at[i];
		check_service(ds, m, t, strcmp(t->role, "service") == 0 ? model_attr(t, "on") : model_block_attr(model_block(t, "serve"), "on"));
	}
	struct walk w = {.ds = ds, .m = m};
	for (uint32_t i = 0; i < m->workflows.len; i++)
		rule_each_call(m->workflows.at[i]->body, each_call, &w);
}
