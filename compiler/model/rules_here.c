/* Calls of CWL processes that would run on this machine, and what is not there for them. */
#include "compiler/cwl/cwl.h"
#include "compiler/model/rules.h"

struct walk { struct diags *ds; bool *told; /* by step */ };

static const char *engine_of(const struct model_thing *t)
{
	const struct model_attr *a = model_attr(t, "engine");
	return a && a->expr && a->expr->op == EXPR_CONST && a->expr->value->kind == VALUE_STRING ? a->expr->value->string.text : "cwltool";
}

static void each_call(const struct model_node *call, void *ctx)
{
	struct walk *w = ctx;
	struct span span;
	struct cwl_error error;
	const struct model_thing *t = call->step;
	if (!t->cwl || w->told[t->id] || rule_place(call, &span))
		return;
	const struct cwl_process *p = cwl_load(w->ds->arena, t->cwl, &error);
	const char *lacks = p ? cwl_lacks(w->ds->arena, p, engine_of(t)) : NULL;
	if (!lacks)
		return;
	w->told[t->id] = true;
	struct diag *d = diag_here(diag_add(w->ds, DIAG_E0510, call->span, "`%s` cannot run here: %s", t->name, lacks), "called here");
	diag_label(d, t->span, "declared here");
	if (p->in_place)
		diag_help(d, "let it work on a copy: `InitialWorkDirRequirement` with `writable: true`");
	else if (p->class != CWL_OPERATION)
		diag_help(d, "install it, or say with `on` where it runs");
}

void model_check_here(const struct model *m, struct diags *ds)
{
	struct walk w = {ds, arena_new_n(ds->arena, bool, m->steps.len + 1)};
	for (uint32_t i = 0; i < m->workflows.len; i++)
		rule_each_call(m->workflows.at[i]->body, each_call, &w);
}
