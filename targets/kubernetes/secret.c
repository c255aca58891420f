/* Which secrets a step's pods need: those that its command or environment names, and those that calls give it. */
#include "targets/kubernetes/inside.h"

static bool is_secret(const struct type *t)
{
	return t->kind == TYPE_SECRET || (t->kind == TYPE_OPTIONAL && t->of->kind == TYPE_SECRET);
}

static void look(struct kube_run *r, const struct expr *e);

/* What is given for an input of a workflow: by whoever starts it, or by the workflows that call it. */
static void look_at_input(struct kube_run *r, uint32_t workflow, uint32_t slot)
{
	const struct plan *p = r->k->plan;
	const struct plan_workflow *w = &p->workflows[workflow];

	for (uint32_t i = 0; i < w->n_inputs; i++) {
		if (w->inputs[i].slot != slot)
			continue;
		if (workflow == r->workflow && is_secret(w->inputs[i].type))
			r->secrets->inputs[i] = r->secrets->stamp;
		look(r, w->inputs[i].expr);
		for (uint32_t n = 0; n < p->n_nodes; n++)
			if (p->nodes[n].kind == PLAN_SUB && p->nodes[n].target == workflow)
				look(r, p->nodes[n].args[i].expr);
	}
}

static void look_at_slot(struct kube_run *r, uint32_t at);

static void look_inside(struct kube_run *r, const struct plan_node *n, uint32_t outer)
{
	for (uint32_t i = 0; i < n->n_exports; i++)
		if (n->exports[i].outer == outer)
			look_at_slot(r, n->exports[i].inner);
	for (uint32_t i = 0; i < n->n_otherwise_exports; i++)
		if (n->otherwise_exports[i].outer == outer)
			look_at_slot(r, n->otherwise_exports[i].inner);
}

static void look_at_slot(struct kube_run *r, uint32_t at)
{
	const struct plan *p = r->k->plan;
	const struct plan_slot *slot = &p->slots[at];

	if (r->secrets->slots[at] == r->secrets->stamp)
		return;
	r->secrets->slots[at] = r->secrets->stamp;
	if (slot->kind == PLAN_SLOT_INPUT)
		look_at_input(r, p->blocks[slot->block].workflow, at);
	else if (slot->kind == PLAN_SLOT_VALUE)
		look(r, p->nodes[slot->node].subject);
	else if (slot->kind == PLAN_SLOT_EXPORT)
		look_inside(r, &p->nodes[slot->node], at);
	else if (slot->kind == PLAN_SLOT_ELEMENT)
		look(r, p->nodes[p->blocks[slot->block].owner_node].subject);
}

static void look(struct kube_run *r, const struct expr *e)
{
	if (!e)
		return;
	if (e->op == EXPR_PARAM && r->k->plan->params[e->index].secret)
		r->secrets->params[e->index] = r->secrets->stamp;
	else if (e->op == EXPR_SLOT || e->op == EXPR_PREVIOUS)
		look_at_slot(r, e->index);
	for (uint16_t i = 0; i < e->n; i++)
		look(r, e->args[i]);
}

static bool has_secrets(const struct kube_run *r)
{
	const struct plan *p = r->k->plan;
	const struct plan_workflow *w = &p->workflows[r->workflow];
	bool any = false;

	for (uint32_t i = 0; i < p->n_params; i++)
		any |= p->params[i].secret;
	for (uint32_t i = 0; i < w->n_inputs; i++)
		any |= is_secret(w->inputs[i].type);
	return any;
}

/* Calls of each step as a chain. */
static void prepare(struct kube_run *r)
{
	const struct plan *p = r->k->plan;
	struct arena *a = r->k->arena;
	struct kube_secrets *s = arena_new(a, struct kube_secrets);

	*s = (struct kube_secrets){ 0, arena_new_n(a, uint32_t, p->n_params + 1), arena_new_n(a, uint32_t, p->workflows[r->workflow].n_inputs + 1),
		arena_new_n(a, uint32_t, p->n_slots + 1), arena_new_n(a, uint32_t, p->n_steps + 1), arena_new_n(a, uint32_t, p->n_nodes + 1) };
	for (uint32_t n = p->n_nodes; n-- > 0;)
		if (p->nodes[n].kind == PLAN_CALL) {
			s->next_call[n] = s->first_call[p->nodes[n].target]; /* one more than its number; 0: none */
			s->first_call[p->nodes[n].target] = n + 1;
		}
	r->secrets = s;
}

void kube_find_secrets(struct kube_run *r, uint32_t step)
{
	const struct plan *p = r->k->plan;
	const struct plan_step *t = &p->steps[step];

	if (!r->secrets && !has_secrets(r))
		return;
	if (!r->secrets)
		prepare(r);
	r->secrets->stamp++;
	look(r, t->script);
	look(r, t->argv);
	for (uint32_t i = 0; i < t->n_env; i++)
		look(r, t->env[i].expr);
	for (uint32_t n = r->secrets->first_call[step]; n; n = r->secrets->next_call[n - 1])
		for (uint32_t i = 0; i < p->nodes[n - 1].n_args; i++)
			look(r, p->nodes[n - 1].args[i].expr ? p->nodes[n - 1].args[i].expr : t->inputs[i].expr);
}

void kube_put_secrets(struct kube_run *r, struct doc *container)
{
	const struct plan *p = r->k->plan;
	const struct plan_workflow *w = &p->workflows[r->workflow];
	const struct kube_secrets *s = r->secrets;

	for (uint32_t i = 0; s && i < p->n_params; i++)
		if (s->params[i] == s->stamp)
			kube_secret(r->k, container, p->params[i].name);
	for (uint32_t i = 0; s && i < w->n_inputs; i++)
		if (s->inputs[i] == s->stamp)
			kube_secret(r->k, container, w->inputs[i].name);
}
