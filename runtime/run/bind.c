/* Expressions evaluated in a scope, or for a step with its inputs. */
#include "runtime/run/inside.h"
#include <limits.h>
#include <stdlib.h>

static enum eval_status of_slot_state(enum slot_state s)
{
	switch (s) {
	case SLOT_KNOWN: return EVAL_OK;
	case SLOT_OPEN:
	case SLOT_FAILED:
	case SLOT_UNKNOWN: break;
	}
	return EVAL_UNKNOWN;
}

static enum eval_status bind_slot(void *ctx, const struct expr *e, const struct value **ret)
{
	struct bind *b = ctx;
	struct scope *home = scope_find(b->scope, b->run->plan->slots[e->index].block);
	if (!home)
		return EVAL_UNKNOWN;
	if (e->op == EXPR_PREVIOUS) {
		if (!home->previous) {
			*ret = &value_null;
			return EVAL_OK;
		}
		home = home->previous;
	}
	/* Gates stand in the scopes around the reader, so reads start there; a previous round has its own. */
	return of_slot_state(slot_read(b->run, e->op == EXPR_PREVIOUS ? home : b->scope, e->index, e->checked, ret));
}

static enum eval_status bind_param(void *ctx, uint32_t index, const struct value **ret)
{
	struct bind *b = ctx;
	const struct plan_param *p = &b->run->plan->params[index];
	if (!p->value)
		return EVAL_UNKNOWN;
	*ret = p->value;
	return EVAL_OK;
}

static enum eval_status bind_input(void *ctx, uint32_t index, const struct value **ret)
{
	struct bind *b = ctx;
	if (!b->inputs || !b->inputs[index])
		return EVAL_UNKNOWN;
	*ret = b->inputs[index];
	return EVAL_OK;
}

static enum eval_status bind_output(void *ctx, uint32_t index, const struct value **ret)
{
	struct bind *b = ctx;
	if (!b->outputs || !b->outputs[index])
		return EVAL_UNKNOWN;
	*ret = b->outputs[index];
	return EVAL_OK;
}

const struct value *bind_model(struct run *r, const char *name)
{
	const char *text = NULL;
	struct doc *d;
	char *error;
	const struct value *v;
	for (uint32_t i = 0; i < r->plan->n_models; i++)
		if (strcmp(r->plan->models[i].name, name) == 0 && r->plan->models[i].file)
			return r->plan->models[i].file;
	if (r->o.journal)
		text = journal_promotion_get(r->o.journal, &r->arena, name);
	if (!text || !doc_json_read(&r->arena, text, strlen(text), &d, &error) || !value_load(&r->arena, d, &v))
		return NULL;
	return v;
}

static enum eval_status bind_model_value(void *ctx, const char *name, const struct value **ret)
{
	struct bind *b = ctx;
	const struct value *v = bind_model(b->run, name);
	if (!v)
		return EVAL_UNKNOWN;
	*ret = v;
	return EVAL_OK;
}

static enum eval_status bind_asset(void *ctx, const struct value *path, const struct value **ret)
{
	struct bind *b = ctx;
	uint32_t at = 0;
	while (at < b->assets.len && strcmp(b->assets.at[at]->file.path, path->file.path) != 0)
		at++;
	if (at == b->assets.len)
		*vec_push(&b->assets) = path;
	const char *staged = arena_printf(b->arena, "%s/%u/%s", b->assets_folder, at, file_basename(b->arena, path->file.path));
	*ret = value_path(b->arena, staged, path->is_dir, path->file.digest);
	return EVAL_OK;
}

enum eval_status bind_eval(struct bind *b, const struct expr *e, const struct value **ret, struct span *ret_span, const char **ret_error)
{
	struct eval ev = {
		.arena = b->arena, .ctx = b, .slot = b->scope ? bind_slot : NULL, .param = bind_param, .input = bind_input,
		.output = bind_output, .model = bind_model_value, .asset = b->assets_folder ? bind_asset : NULL,
	};
	enum eval_status s = eval_expr(&ev, e, ret);
	if (s != EVAL_OK) {
		*ret_span = s == EVAL_FAILED && ev.error_span.file ? ev.error_span : e->span;
		*ret_error = ev.error ? ev.error : "it rests on something that is not known";
	}
	return s;
}

struct model_ctx { struct run *run; const struct expr *missing; };

static void find_missing_model(const struct expr *ref, void *ctx)
{
	struct model_ctx *m = ctx;
	if (ref->op == EXPR_MODEL && !bind_model(m->run, ref->name))
		m->missing = ref;
}

static void report_model(struct run *r, struct node *n, const struct expr *ref)
{
	struct diag *d = fail_node(r, n, DIAG_E0615, ref->span, "no weights of model `%s` are promoted yet", ref->name);
	for (uint32_t i = 0; i < r->plan->n_models; i++) {
		const struct plan_model *m = &r->plan->models[i];
		if (strcmp(m->name, ref->name) != 0)
			continue;
		diag_label(d, m->span, "the model");
		if (m->workflow != PLAN_NONE)
			diag_help(d, "run the workflow that trains it: `twinc apply %s`", r->plan->workflows[m->workflow].name);
	}
}

enum eval_status node_eval(struct run *r, struct node *n, struct scope *s, const struct expr *e, const struct value **ret)
{
	struct bind b = { .run = r, .scope = s, .arena = &r->arena };
	struct span span;
	const char *error;
	enum eval_status status = bind_eval(&b, e, ret, &span, &error);
	struct model_ctx m = { r, NULL };
	if (status == EVAL_UNKNOWN)
		expr_each_ref(e, find_missing_model, &m);
	if (status == EVAL_OK || (status == EVAL_UNKNOWN && r->dry && !m.missing))
		return status;
	if (m.missing)
		report_model(r, n, m.missing);
	else
		fail_node(r, n, DIAG_E0610, span, "%s", error);
	return EVAL_FAILED;
}
