/* Steps that run, and might run better. */
#include "compiler/model/lint.h"
#include "compiler/model/rules.h"
#include <string.h>

static void look_at_image(struct lint *l, const struct model_attr *a)
{
	const struct value *v;
	if (!a || !a->given || !a->expr || model_eval(l->m, l->ds->arena, a->expr, &v) != EVAL_OK || v->kind != VALUE_STRING || strstr(v->string.text, "@sha256:"))
		return;
	diag_help(diag_here(lint_add(l, a->span, "this image can change under the same name"), "not pinned"), "name its digest: `name@sha256:...`");
}

/* Of steps, and of a cluster for steps that name none. */
void lint_unpinned_image(struct lint *l)
{
	for (uint32_t i = 0; i < l->m->steps.len; i++)
		look_at_image(l, model_attr(l->m->steps.at[i], "container"));
	for (uint32_t i = 0; i < l->m->things.len; i++)
		if (strcmp(l->m->things.at[i]->role, "infra") == 0)
			look_at_image(l, model_attr(l->m->things.at[i], "image"));
}

void lint_no_walltime(struct lint *l)
{
	for (uint32_t i = 0; i < l->m->steps.len; i++) {
		struct model_thing *t = l->m->steps.at[i];
		struct model_node probe = {.step = t};
		struct model_place p;
		struct span on;
		double time;
		const char *place = rule_place(&probe, &on);
		if (!place || !model_place(l->m, place, &p) || rule_number(l->m, t, "resources", "time", &time, NULL))
			continue;
		struct diag *d = diag_here(lint_add(l, t->span, "step `%s` runs on a batch system without a walltime", t->name), "no `time`");
		diag_label(d, on, "placed here");
		diag_help(d, "say how long it may take, `resources { time = 20min }`: the queue plans with it, and a task that hangs is ended");
	}
}

void lint_eager_retry(struct lint *l)
{
	for (uint32_t i = 0; i < l->m->steps.len; i++) {
		const struct model_thing *t = l->m->steps.at[i];
		double attempts, backoff = 0;
		struct span span;
		if (!rule_number(l->m, t, "retry", "attempts", &attempts, &span) || attempts <= 1)
			continue;
		rule_number(l->m, t, "retry", "backoff", &backoff, NULL);
		if (backoff <= 0)
			diag_help(diag_here(lint_add(l, span, "step `%s` tries again at once", t->name), "no `backoff`"), "most failures that pass need time to: `backoff = 30s`");
	}
}

static void check_path(struct lint *l, const struct model_field *f)
{
	if (!f->expr || f->expr->op != EXPR_CONST || f->expr->value->kind != VALUE_PATH || !f->span.file)
		return;
	const struct source *s = &l->m->sources->list.at[f->expr->span.file];
	const char *text = s->text + f->expr->span.start;
	if (text[0] == '"' && text[1] == '/')
		diag_help(diag_here(lint_add(l, f->expr->span, "this path is right on one machine only"), "absolute"), "write it from the twin's folder, or bind it when the twin is applied");
}

void lint_absolute_path(struct lint *l)
{
	for (uint32_t i = 0; i < l->m->steps.len; i++)
		for (uint32_t k = 0; k < l->m->steps.at[i]->n_inputs; k++)
			check_path(l, &l->m->steps.at[i]->inputs[k]);
	for (uint32_t i = 0; i < l->m->workflows.len; i++)
		for (uint32_t k = 0; k < l->m->workflows.at[i]->n_inputs; k++)
			check_path(l, &l->m->workflows.at[i]->inputs[k]);
}

static bool mentions(const struct expr *e, const char *word)
{
	if (e->op == EXPR_CONST && e->value->kind == VALUE_STRING)
		return strstr(e->value->string.text, word) != NULL;
	for (uint32_t i = 0; i < e->n; i++)
		if (e->args[i] && mentions(e->args[i], word))
			return true;
	return false;
}

void lint_reads_cpus(struct lint *l)
{
	for (uint32_t i = 0; i < l->m->steps.len; i++) {
		const struct model_attr *a = model_attr(l->m->steps.at[i], "command");
		if (a && a->given && a->expr && (mentions(a->expr, "TWIN_CPUS") || mentions(a->expr, "TWIN_MEMORY_BYTES")))
			diag_help(diag_here(lint_add(l, a->span, "what this step is given is no part of its cache key"), "reads TWIN_CPUS or TWIN_MEMORY_BYTES"), "see to it that its outputs do not depend on how much it is given");
	}
}

void lint_undocumented(struct lint *l)
{
	for (uint32_t i = 0; i < l->m->steps.len; i++)
		if (!l->m->steps.at[i]->doc && model_is_own(l->m->steps.at[i]->name))
			diag_help(diag_here(lint_add(l, l->m->steps.at[i]->span, "step `%s` has no description", l->m->steps.at[i]->name), "no `##`"), "a line `## What it does.` above it travels into every artefact");
	for (uint32_t i = 0; i < l->m->workflows.len; i++)
		if (!l->m->workflows.at[i]->doc && model_is_own(l->m->workflows.at[i]->name))
			diag_help(diag_here(lint_add(l, l->m->workflows.at[i]->span, "workflow `%s` has no description", l->m->workflows.at[i]->name), "no `##`"), "a line `## What it does.` above it travels into every artefact");
}
