/* What is declared and nothing reads. */
#include "compiler/model/lint.h"
#include <string.h>

void lint_unused_param(struct lint *l)
{
	for (uint32_t i = 0; i < l->m->params.len; i++) {
		const struct model_param *p = l->m->params.at[i];
		if (!p->used && model_is_own(p->name))
			diag_help(diag_here(lint_add(l, p->span, "%s `%s` is never used", p->secret ? "secret" : "parameter", p->name), "nothing reads it"), "remove it, or use it");
	}
}

void lint_unused_step(struct lint *l)
{
	for (uint32_t i = 0; i < l->m->steps.len; i++) {
		const struct model_thing *t = l->m->steps.at[i];
		if (!t->used && model_is_own(t->name))
			diag_help(diag_here(lint_add(l, t->span, "step `%s` is never called", t->name), "no workflow calls it"), "remove it, or call it in a workflow");
	}
}

void lint_unused_import(struct lint *l)
{
	for (uint32_t i = 0; i < l->m->imports.len; i++) {
		const struct model_import *m = &l->m->imports.at[i];
		if (!m->used)
			diag_fix(diag_here(lint_add(l, m->span, "import `%s` is never used", m->name), "nothing names it"), m->span, "", "remove the import");
	}
}

void lint_unused_thing(struct lint *l)
{
	for (uint32_t i = 0; i < l->m->things.len; i++) {
		const struct model_thing *t = l->m->things.at[i];
		bool ends_it = strcmp(t->role, "trigger") == 0 || strcmp(t->role, "service") == 0 || strcmp(t->role, "model") == 0 ||
			       (strcmp(t->role, "infra") == 0 && t->schema->n_runs == 0); /* nothing can stand on it: it is there for its own sake */
		if (!t->used && !ends_it && model_is_own(t->name))
			diag_help(diag_here(lint_add(l, t->span, "%s `%s` is never used", t->role, t->name), "nothing refers to it"),
				strcmp(t->role, "infra") == 0 ? "place something on it with `on = %s`, or remove it" : "let a trigger wait for it, or remove it", t->name);
	}
}

/* -- inputs of steps ------------------------------------------------------------------------------------------------------ */

struct reads { bool *inputs; };

static void mark(const struct expr *e, struct reads *r)
{
	if (!e)
		return;
	if (e->op == EXPR_INPUT)
		r->inputs[e->index] = true;
	for (uint32_t i = 0; i < e->n; i++)
		mark(e->args[i], r);
}

void lint_unused_input(struct lint *l)
{
	for (uint32_t i = 0; i < l->m->steps.len; i++) {
		const struct model_thing *t = l->m->steps.at[i];
		struct reads r = {arena_new_n(l->ds->arena, bool, t->n_inputs + 1)};
		if (!model_attr(t, "command") || !model_is_own(t->name))
			continue;
		for (uint32_t k = 0; k < t->schema->n_attrs; k++)
			mark(t->attrs[k].expr, &r);
		for (uint32_t k = 0; k < t->n_outputs; k++)
			mark(t->outputs[k].expr, &r);
		for (const struct model_block *b = t->blocks; b; b = b->next) {
			for (uint32_t k = 0; k < b->schema->n_attrs; k++)
				mark(b->attrs[k].expr, &r);
			for (uint32_t k = 0; k < b->n_entries; k++)
				mark(b->entries[k].expr, &r);
		}
		for (uint32_t k = 0; k < t->n_inputs; k++)
			if (!r.inputs[k])
				diag_help(diag_here(lint_add(l, t->inputs[k].span, "input `%s` of step `%s` is never used", t->inputs[k].name, t->name), "the command does not name it"), "use it as ~{%s}, or remove it", t->inputs[k].name);
	}
}

/* -- metrics ----------------------------------------------------------------------------------------------------------------- */

struct seen { struct map names; };

static void see(const struct expr *e, struct seen *s)
{
	if (!e)
		return;
	if (e->op == EXPR_MEMBER || e->op == EXPR_EVENT)
		map_set(&s->names, e->op == EXPR_EVENT && strchr(e->name, '.') ? strrchr(e->name, '.') + 1 : e->name, s);
	for (uint32_t i = 0; i < e->n; i++)
		see(e->args[i], s);
}

static void see_body(const struct model_body *b, struct seen *s)
{
	for (const struct model_node *n = b->nodes; n; n = n->next) {
		see(n->subject, s);
		for (uint32_t i = 0; i < n->n_requirements; i++)
			see(n->requirements[i].expr, s);
		for (uint32_t i = 0; n->args && i < (n->step ? n->step->n_inputs : n->workflow ? n->workflow->n_inputs : 0); i++)
			see(n->args[i], s);
		if (n->inner)
			see_body(n->inner, s);
		if (n->otherwise)
			see_body(n->otherwise, s);
	}
}

void lint_unread_metric(struct lint *l)
{
	struct seen s = {0};
	for (uint32_t i = 0; i < l->m->workflows.len; i++) {
		see_body(l->m->workflows.at[i]->body, &s);
		for (uint32_t k = 0; k < l->m->workflows.at[i]->n_outputs; k++)
			see(l->m->workflows.at[i]->outputs[k].expr, &s);
	}
	for (uint32_t i = 0; i < l->m->things.len; i++)
		for (uint32_t k = 0; k < l->m->things.at[i]->schema->n_attrs; k++)
			see(l->m->things.at[i]->attrs[k].expr, &s);
	for (uint32_t i = 0; i < l->m->steps.len; i++)
		for (uint32_t k = 0; model_is_own(l->m->steps.at[i]->name) && k < l->m->steps.at[i]->n_metrics; k++) {
			const struct model_field *f = &l->m->steps.at[i]->metrics[k];
			if (!map_get(&s.names, f->name))
				diag_help(diag_here(lint_add(l, f->span, "no gate, output or trigger reads metric `%s`", f->name), "measured for nobody"), "require something of it in a gate");
		}
	map_finish(&s.names);
}
