/* Dry runs: what a task waits for where infrastructure is to be made first. */
#include "runtime/run/inside.h"

#define DEPTH_MAX 100

struct search { struct run *run; struct scope *scope; const struct plan_param *found; uint32_t depth; };

static void search_expr(struct search *s, const struct expr *e, struct scope *scope);

/* A name for a value, or an input of a workflow that is called: what that was given. */
static void search_slot(struct search *s, const struct expr *ref)
{
	const struct plan *p = s->run->plan;
	const struct plan_slot *slot = &p->slots[ref->index];
	struct scope *home = scope_find(s->scope, slot->block);
	const struct plan_node *owner = home && home->owner ? home->owner->plan : NULL;
	if (home && slot->kind == PLAN_SLOT_VALUE && slot->node != PLAN_NONE)
		search_expr(s, p->nodes[slot->node].subject, home);
	for (uint32_t i = 0; slot->kind == PLAN_SLOT_INPUT && owner && owner->kind == PLAN_SUB && i < owner->n_args; i++)
		if (p->workflows[owner->target].inputs[i].slot == ref->index)
			search_expr(s, owner->args[i].expr, home->owner->scope);
}

static void search_ref(const struct expr *ref, void *ctx)
{
	struct search *s = ctx;
	const struct plan_param *p = ref->op == EXPR_PARAM ? &s->run->plan->params[ref->index] : NULL;
	if (p && p->maker && !p->value)
		s->found = p;
	else if (ref->op == EXPR_SLOT && !s->found)
		search_slot(s, ref);
}

static void search_expr(struct search *s, const struct expr *e, struct scope *scope)
{
	struct scope *outer = s->scope;
	if (!e || s->found || s->depth == DEPTH_MAX)
		return;
	s->depth++;
	s->scope = scope;
	expr_each_ref(e, search_ref, s);
	s->scope = outer;
	s->depth--;
}

static const char *found_name(const struct search *s)
{
	return s->found ? s->found->name : NULL;
}

const char *given_missing(struct run *r, struct scope *scope, const struct expr *e)
{
	struct search s = { .run = r };
	if (r->open)
		search_expr(&s, e, scope);
	return found_name(&s);
}

const char *given_missing_in_step(struct run *r, const struct plan_step *p)
{
	struct search s = { .run = r };
	if (!r->open)
		return NULL;
	search_expr(&s, p->metrics_file, NULL);
	for (uint32_t i = 0; i < p->n_env; i++)
		search_expr(&s, p->env[i].expr, NULL);
	for (uint32_t i = 0; i < p->n_outputs; i++)
		search_expr(&s, p->outputs[i].expr, NULL);
	return found_name(&s);
}
