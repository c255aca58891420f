/* A model that is served or promoted has passed a gate on every path. */
#include "compiler/model/rules.h"
#include <string.h>

struct walk { const struct model *m; const struct model_slot *bare; uint32_t depth; }; /* bare: reached past no gate */

static void each_ref(const struct expr *ref, void *ctx);

static bool holds(const struct model_node *gate)
{
	return gate->on_fail != MODEL_WARN;
}

static void check_slot(struct walk *w, const struct model_slot *s, bool checked)
{
	for (uint32_t i = 0; checked && i < s->n_gates; i++)
		if (holds(s->gates[i]))
			return;
	if (w->depth > 100 || w->bare)
		return;
	w->depth++;
	switch (s->kind) {
	case MODEL_SLOT_EXPORT:
		if (s->inner)
			check_slot(w, s->inner, !s->raw);
		if (s->otherwise)
			check_slot(w, s->otherwise, !s->raw);
		break;
	case MODEL_SLOT_VALUE:
		if (s->node->subject)
			expr_each_ref(s->node->subject, each_ref, w);
		break;
	case MODEL_SLOT_RESULT:
		if (s->node->workflow)
			for (uint32_t i = 0; i < s->node->workflow->n_outputs; i++)
				expr_each_ref(s->node->workflow->outputs[i].expr, each_ref, w);
		else
			w->bare = s;
		break;
	case MODEL_SLOT_INPUT: case MODEL_SLOT_ELEMENT: case MODEL_SLOT_INDEX: break;
	}
	w->depth--;
}

static void each_ref(const struct expr *ref, void *ctx)
{
	struct walk *w = ctx;
	if (ref->op == EXPR_SLOT)
		check_slot(w, w->m->slots.at[ref->index], ref->checked);
}

static bool published(const struct model_thing *t)
{
	const struct model_attr *registry = model_attr(t, "registry");
	return (registry && registry->given) || model_block(t, "serve");
}

void rule_models(const struct model *m, struct diags *ds)
{
	for (uint32_t i = 0; i < m->things.len; i++) {
		const struct model_thing *t = m->things.at[i];
		if (strcmp(t->role, "model") != 0 || !t->weights_workflow || !published(t))
			continue;
		const struct model_field *out = t->weights_workflow->outputs;
		while (strcmp(out->name, t->weights_output) != 0)
			out++;
		struct walk w = {.m = m};
		if (out->expr)
			expr_each_ref(out->expr, each_ref, &w);
		if (!w.bare)
			continue;
		struct diag *d = diag_here(diag_add(ds, DIAG_E0461, model_attr(t, "weights")->span, "model `%s` is %s without having passed a gate", t->name, model_block(t, "serve") ? "served" : "promoted"), "these weights are guarded by no gate that can stop them");
		diag_label(d, out->span, "given here");
		diag_label(d, w.bare->span, "made here");
		diag_help(d, "guard it in workflow `%s`: `gate accept { of = %s, require good = ... }`", t->weights_workflow->name, w.bare->name);
	}
}
