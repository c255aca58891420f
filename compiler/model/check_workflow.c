/* Workflows: inputs and outputs, then every node of every body. */
#include "compiler/diag/near.h"
#include "compiler/model/check.h"
#include <string.h>

const struct expr *check_subject(struct checker *ck, struct model_node *n)
{
	if (n->subject)
		return n->subject;
	const struct ast_item *i = n->item;
	struct context cx = body_context(ck, n->body);
	if (n->kind == MODEL_IF)
		return n->subject = check_value(&cx, i->value, &type_bool, WHAT("the condition of an `if`"), (struct span){0});
	return n->subject = check_fold(&cx, check_expr(&cx, i->value, NULL));
}

/* -- the head ------------------------------------------------------------------------------------------------------------ */

static void read_inputs(struct checker *ck, struct decl *d, struct model_workflow *w)
{
	struct type_context tc = {.ck = ck, .module = d->module};
	struct context cx = {.ck = ck, .module = d->module};
	for (const struct ast_item *i = d->item->body; i; i = i->next) {
		if (i->kind != AST_DECLARATION || strcmp(i->word, "input") != 0)
			continue;
		struct model_name *name = map_get(&w->body->names, i->name);
		if (!name || name->item != i)
			continue;
		struct model_field f = {.name = i->name, .doc = i->doc, .span = i->name_span, .type = &type_poison, .slot = name->slot};
		if (i->type)
			f.type = type_resolve(&tc, i->type);
		else
			diag_here(diag_add(ck->diags, DIAG_E0302, i->name_span, "input `%s` needs a type", i->name), "write `input %s: TYPE`", i->name);
		check_secret_type(ck, i->type, &f.type);
		f.secret = f.type->kind == TYPE_SECRET;
		if (i->value && f.secret)
			diag_here(diag_add(ck->diags, DIAG_E0472, i->value->span, "a secret has no default"), "this would be written in the twin");
		else if (i->value)
			f.expr = check_value(&cx, i->value, f.type, WHAT("the default of input `%s`", i->name), i->type ? i->type->span : i->name_span);
		check_too_late(ck, f.expr, "a default");
		name->slot->type = f.type;
		name->state = DECL_DONE;
		w->inputs[w->n_inputs++] = f;
	}
}

static void read_outputs(struct checker *ck, struct decl *d, struct model_workflow *w)
{
	struct type_context tc = {.ck = ck, .module = d->module};
	struct context cx = body_context(ck, w->body);
	for (const struct ast_item *i = d->item->body; i; i = i->next) {
		if (i->kind != AST_DECLARATION || strcmp(i->word, "output") != 0)
			continue;
		struct model_field f = {.name = i->name, .doc = i->doc, .span = i->name_span, .type = &type_poison};
		for (uint32_t k = 0; k < w->n_outputs; k++)
			if (strcmp(w->outputs[k].name, i->name) == 0)
				diag_label(diag_here(diag_add(ck->diags, DIAG_E0203, i->name_span, "output `%s` is declared twice", i->name), "declared again here"), w->outputs[k].span, "first declared here");
		if (!i->value) {
			diag_help(diag_here(diag_add(ck->diags, DIAG_E0214, i->name_span, "output `%s` has no value", i->name), "nothing to give"), "write `output %s = result.file`", i->name);
		} else if (i->type) {
			f.type = type_resolve(&tc, i->type);
			f.expr = check_value(&cx, i->value, f.type, WHAT("output `%s`", i->name), i->type->span);
		} else {
			struct expr *e = check_expr(&cx, i->value, NULL);
			f.type = e->type;
			f.expr = check_fold(&cx, e);
		}
		if (f.type->kind == TYPE_SECRET) {
			diag_here(diag_add(ck->diags, DIAG_E0471, i->value->span, "a secret may not flow into a result"), "this is a secret");
			f.type = &type_poison;
		}
		w->outputs[w->n_outputs++] = f;
	}
}

struct model_workflow *check_workflow_head(struct checker *ck, struct decl *d)
{
	struct model_workflow *w = arena_new(ck->arena, struct model_workflow);
	*w = (struct model_workflow){.name = d->full, .doc = d->item->doc, .span = d->span, .decl = d, .id = ck->model->workflows.len};
	d->workflow = w;
	if (d->item->type || d->item->value || d->item->parameters)
		diag_help(diag_here(diag_add(ck->diags, DIAG_E0207, d->span, "a workflow has a body only"), "more than a name"), "write `workflow %s { ... }`", d->name);
	*vec_push(&ck->model->workflows) = w;
	uint32_t n = 0;
	for (const struct ast_item *i = d->item->body; i; i = i->next)
		n += i->kind == AST_DECLARATION;
	w->inputs = arena_new_n(ck->arena, struct model_field, n + 1);
	w->outputs = arena_new_n(ck->arena, struct model_field, n + 1);
	w->body = body_build(ck, d);
	read_inputs(ck, d, w);
	body_guards(ck, w->body);
	read_outputs(ck, d, w);
	struct type_field *fields = arena_new_n(ck->arena, struct type_field, w->n_outputs + 1);
	for (uint32_t i = 0; i < w->n_outputs; i++)
		fields[i] = (struct type_field){.name = w->outputs[i].name, .type = w->outputs[i].type, .doc = w->outputs[i].doc};
	w->result = type_record(ck->arena, fields, w->n_outputs, arena_printf(ck->arena, "result of workflow `%s`", d->name));
	return w;
}

/* -- the nodes ------------------------------------------------------------------------------------------------------------ */

static void check_call_node(struct checker *ck, struct model_node *n)
{
	const struct ast_item *i = n->item;
	if (!n->step && !n->workflow)
		return;
	struct context cx = body_context(ck, n->body);
	struct callee callee = n->step ? (struct callee){"step", n->step->name, n->step->span, n->step->inputs, n->step->n_inputs}
	                               : (struct callee){"workflow", n->workflow->name, n->workflow->span, n->workflow->inputs, n->workflow->n_inputs};
	check_arguments(&cx, i->value, &callee, n, &n->args, &n->arg_spans);
}

static void check_repeat(struct checker *ck, struct model_node *n)
{
	const struct ast_item *i = n->item;
	const struct ast_item *max = body_attribute(i->body, "max"), *until = body_attribute(i->body, "until");
	struct context outer = body_context(ck, n->body), inner = body_context(ck, n->inner);
	static const struct type rounds = {.kind = TYPE_INT, .has_low = true, .has_high = true, .low = 1, .high = 1000000};
	if (max)
		n->max = check_value(&outer, max->value, &rounds, WHAT("`max`"), (struct span){0});
	if (until)
		n->subject = check_value(&inner, until->value, &type_bool, WHAT("`until`"), (struct span){0});
	if (!n->subject)
		n->subject = make_poison(ck, n->span);
}

static void check_gate(struct checker *ck, struct model_node *n)
{
	const struct ast_item *item = n->item;
	uint32_t count = 0;
	for (const struct ast_item *i = item->body; i; i = i->next)
		count++;
	n->requirements = arena_new_n(ck->arena, struct model_requirement, count + 1);
	struct context cx = body_context(ck, n->body);
	cx.gate = n;
	for (const struct ast_item *i = item->body; i; i = i->next) {
		bool known = i->kind == AST_ATTRIBUTE && (strcmp(i->name, "of") == 0 || strcmp(i->name, "on_fail") == 0);
		if (i->kind == AST_DECLARATION && strcmp(i->word, "require") == 0 && i->value) {
			const struct expr *e = check_value(&cx, i->value, &type_bool, WHAT("requirement `%s`", i->name), (struct span){0});
			n->requirements[n->n_requirements++] = (struct model_requirement){i->name, e, i->value->span};
		} else if (!known) {
			struct span span = i->kind == AST_ATTRIBUTE ? i->name_span : i->kind == AST_DECLARATION ? ast_word_span(i) : i->span;
			diag_help(diag_here(diag_add(ck->diags, DIAG_E0213, span, "a gate has no `%s`", i->kind == AST_ATTRIBUTE ? i->name : i->word ? i->word : "such item"), "unknown here"),
				"a gate has `of`, `on_fail` and `require NAME = condition`");
		}
	}
	if (!n->n_requirements && n->on_fail != MODEL_ASK)
		diag_help(diag_here(diag_add(ck->diags, DIAG_E0214, n->span, "gate `%s` requires nothing", n->name), "it can never fail"), "write `require good = mean.count >= 20`, or `on_fail = ask` to wait for a person");
}

static void check_body(struct checker *ck, struct model_body *body)
{
	for (struct model_node *n = body->nodes; n; n = n->next) {
		switch (n->kind) {
		case MODEL_CALL: case MODEL_SUB: check_call_node(ck, n); break;
		case MODEL_VALUE: {
			struct context cx = body_context(ck, body);
			body_find(&cx, body, n->name);
			if (n->subject && n->subject->type->kind == TYPE_SECRET)
				diag_here(diag_add(ck->diags, DIAG_E0471, n->subject->span, "a secret is handed over by its own name"), "this would give it another");
			break;
		}
		case MODEL_FOR: {
			struct context cx = body_context(ck, n->inner);
			body_find(&cx, n->inner, n->element->name);
			if (n->second)
				body_find(&cx, n->inner, n->second->name);
			break;
		}
		case MODEL_IF: check_subject(ck, n); break;
		case MODEL_REPEAT: check_repeat(ck, n); break;
		case MODEL_GATE: check_gate(ck, n); break;
		}
		if (n->inner)
			check_body(ck, n->inner);
		if (n->otherwise)
			check_body(ck, n->otherwise);
	}
	for (uint32_t i = 0; i < body->slots.len; i++) {
		struct context cx = body_context(ck, body);
		body_find(&cx, body, body->slots.at[i]->name);
	}
}

void check_workflow_body(struct checker *ck, struct decl *d)
{
	check_body(ck, d->workflow->body);
}
