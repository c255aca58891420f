#include "compiler/bind.h"
#include "compiler/base/file.h"
#include "compiler/diag/near.h"
#include <string.h>

/* -- parameters ------------------------------------------------------------------------------------------------------- */

void bind_defaults(struct model *m)
{
	for (uint32_t i = 0; i < m->params.len; i++) {
		struct model_param *p = m->params.at[i];
		if (p->secret)
			continue;
		p->value = !p->fallback && p->type->kind == TYPE_OPTIONAL ? &value_null : NULL;
		if (p->fallback)
			model_eval(m, m->arena, p->fallback, &p->value);
	}
}

void bind_scenario(struct model *m, const struct model_scenario *s)
{
	bind_defaults(m);
	for (uint32_t i = 0; i < s->n_settings; i++)
		s->settings[i].param->value = s->settings[i].value;
}

static bool same_place(const struct diag *a, const struct diag *b)
{
	return a->code == b->code && a->labels && b->labels && a->labels->span.file == b->labels->span.file && a->labels->span.start == b->labels->span.start;
}

void bind_once(struct diags *ds, struct diag *before, const char *scenario)
{
	for (struct diag *d = before ? before->next : ds->first, *next; d; d = next) {
		next = d->next;
		bool known = false;
		for (struct diag *o = ds->first; o && o != d && !known; o = o->next) {
			known = same_place(o, d);
			if (o == before)
				break;
		}
		if (known)
			diags_remove(ds, d);
		else
			diag_note(d, "in scenario `%s`", scenario);
	}
}

/* -- the workflow ------------------------------------------------------------------------------------------------------ */

static bool has_infra(const struct model *m)
{
	for (uint32_t i = 0; i < m->things.len; i++)
		if (strcmp(m->things.at[i]->role, "infra") == 0)
			return true;
	return false;
}

/* A job of Jenkins runs it, say: here only what is named is run then. */
static bool runs_elsewhere(const struct model *m)
{
	for (uint32_t i = 0; i < m->things.len; i++) {
		const struct model_thing *t = m->things.at[i];
		const struct model_attr *manager = t->runs && strcmp(t->role, "infra") == 0 ? model_attr(t, "manager") : NULL;
		if (manager && manager->given)
			return true;
	}
	return false;
}

static struct model_workflow *find_workflow(struct compile *c, const struct compile_request *r, bool *ret_ok)
{
	struct model_workflow *only = NULL;
	struct near near;
	struct buf list = {0};
	uint32_t n = 0;
	if (r->no_workflow || (r->bare && !r->workflow && runs_elsewhere(c->model)))
		return NULL;
	near_init(&near, r->workflow ? r->workflow : "main");
	for (uint32_t i = 0; i < c->model->workflows.len; i++) {
		struct model_workflow *w = c->model->workflows.at[i];
		if (strcmp(w->name, r->workflow ? r->workflow : "main") == 0) {
			buf_finish(&list);
			return w;
		}
		if (!model_is_own(w->name))
			continue;
		near_offer(&near, w->name);
		buf_printf(&list, "%s`%s`", n++ ? ", " : "", w->name);
		only = w;
	}
	struct diag *d = NULL;
	if (r->workflow) {
		d = diag_add(&c->diags, DIAG_E0507, (struct span){0}, "%s has no workflow `%s`", r->file, r->workflow);
		const char *best = near_best(&near);
		if (best)
			diag_suggest(d, (struct span){0}, best);
		else
			diag_note(d, "its workflows are %s", n ? buf_text(&list) : "none");
	} else if (n != 1 && !r->partial && !(n == 0 && r->bare && has_infra(c->model))) {
		d = diag_add(&c->diags, DIAG_E0507, (struct span){0}, n ? "%s has %u workflows, and none is called `main`" : "%s has no workflow to run", r->file, n);
		if (n)
			diag_help(d, "say which: %s", buf_text(&list));
	}
	buf_finish(&list);
	*ret_ok = d == NULL;
	return d || n != 1 ? NULL : only;
}

/* -- bindings ------------------------------------------------------------------------------------------------------------ */

static struct model_param *find_param(struct model *m, const char *name)
{
	for (uint32_t i = 0; i < m->params.len; i++)
		if (strcmp(m->params.at[i]->name, name) == 0)
			return m->params.at[i];
	return NULL;
}

static uint32_t find_input(const struct model_workflow *w, const char *name)
{
	uint32_t i = 0;
	while (w && i < w->n_inputs && strcmp(w->inputs[i].name, name) != 0)
		i++;
	return i;
}

static const struct value *read_value(struct compile *c, const struct compile_binding *b, const struct type *t, struct span declared)
{
	const struct value *v, *fits;
	char *error = NULL;
	if (t->kind == TYPE_SECRET) {
		diag_help(diag_add(&c->diags, DIAG_E0506, (struct span){0}, "`%s` is a secret and is not bound %s", b->name, b->origin), "bind it by `--secret %s=env:NAME`, `file:PATH` or `cmd:COMMAND`", b->name);
		return NULL;
	}
	bool ok = b->doc ? value_from_doc(&c->arena, b->doc, t, b->folder, &v, &error) : value_from_text(&c->arena, b->text, t, b->folder, &v, &error);
	if (ok && value_coerce(&c->arena, v, t, &fits, &error))
		return fits;
	struct diag *d = diag_add(&c->diags, DIAG_E0506, (struct span){0}, "the value of `%s` %s does not fit: %s", b->name, b->origin, error);
	diag_label(d, declared, "`%s` is a `%s`", b->name, type_text(&c->arena, t));
	return NULL;
}

static void unknown_binding(struct compile *c, const struct compile_binding *b, const struct model_workflow *w)
{
	struct near near;
	near_init(&near, b->name);
	struct buf list = {0};
	for (uint32_t i = 0; i < c->model->params.len; i++)
		if (model_is_own(c->model->params.at[i]->name) && !c->model->params.at[i]->secret) {
			near_offer(&near, c->model->params.at[i]->name);
			buf_printf(&list, "%s`%s`", list.len ? ", " : "", c->model->params.at[i]->name);
		}
	for (uint32_t i = 0; w && i < w->n_inputs; i++) {
		near_offer(&near, w->inputs[i].name);
		buf_printf(&list, "%s`%s`", list.len ? ", " : "", w->inputs[i].name);
	}
	const char *best = near_best(&near);
	struct diag *d = diag_add(&c->diags, DIAG_E0504, (struct span){0}, "there is no parameter or input `%s`, which is bound %s", b->name, b->origin);
	if (best)
		diag_suggest(d, (struct span){0}, best);
	else if (list.len)
		diag_note(d, "there are %s", buf_text(&list));
	else
		diag_note(d, "this twin has no parameters and its workflow no inputs");
	buf_finish(&list);
}

static void bind_one(struct compile *c, const struct compile_binding *b, struct bound *bound)
{
	struct model_param *p = find_param(c->model, b->name);
	uint32_t i = find_input(bound->workflow, b->name);
	const struct value *v;
	if (p && (v = read_value(c, b, p->type, p->span)))
		p->value = v;
	else if (!p && bound->workflow && i < bound->workflow->n_inputs && (v = read_value(c, b, bound->workflow->inputs[i].type, bound->workflow->inputs[i].span)))
		bound->inputs[i] = v;
	else if (!p && !(bound->workflow && i < bound->workflow->n_inputs))
		unknown_binding(c, b, bound->workflow);
}

static bool bind_scenario_by_name(struct compile *c, const char *name)
{
	struct near near;
	near_init(&near, name);
	for (uint32_t i = 0; i < c->model->scenarios.len; i++) {
		near_offer(&near, c->model->scenarios.at[i]->name);
		if (strcmp(c->model->scenarios.at[i]->name, name) == 0) {
			bind_scenario(c->model, c->model->scenarios.at[i]);
			return true;
		}
	}
	struct diag *d = diag_add(&c->diags, DIAG_E0504, (struct span){0}, "there is no scenario `%s`", name);
	if (near_best(&near))
		diag_suggest(d, (struct span){0}, near_best(&near));
	return false;
}

/* -- secrets that a workflow needs ------------------------------------------------------------------------------------------- */

struct need { bool *params, *workflows, *steps; };

static void need_expr(const struct expr *e, struct need *n)
{
	if (!e)
		return;
	if (e->op == EXPR_PARAM)
		n->params[e->index] = true;
	for (uint32_t i = 0; i < e->n; i++)
		need_expr(e->args[i], n);
}

static void need_ref(const struct expr *ref, void *ctx)
{
	need_expr(ref, ctx);
}

static void need_step(const struct model_thing *t, struct need *n)
{
	if (n->steps[t->id])
		return;
	n->steps[t->id] = true;
	for (uint32_t i = 0; i < t->n_inputs; i++)
		need_expr(t->inputs[i].expr, n);
	for (uint32_t i = 0; i < t->schema->n_attrs; i++)
		need_expr(t->attrs[i].expr, n);
	for (const struct model_block *b = t->blocks; b; b = b->next)
		for (uint32_t i = 0; i < b->n_entries; i++)
			need_expr(b->entries[i].expr, n);
}

static void need_workflow(const struct model_workflow *w, struct need *n);

static void need_body(const struct model_body *b, struct need *n)
{
	for (const struct model_node *k = b->nodes; k; k = k->next) {
		model_each_ref(k, need_ref, n);
		if (k->step)
			need_step(k->step, n);
		if (k->workflow)
			need_workflow(k->workflow, n);
		if (k->inner)
			need_body(k->inner, n);
		if (k->otherwise)
			need_body(k->otherwise, n);
	}
}

static void need_workflow(const struct model_workflow *w, struct need *n)
{
	if (n->workflows[w->id])
		return;
	n->workflows[w->id] = true;
	need_body(w->body, n);
}

static void check_needed_secrets(struct compile *c, const struct model_workflow *w)
{
	const struct model *m = c->model;
	struct need n = {arena_new_n(&c->arena, bool, m->params.len + 1), arena_new_n(&c->arena, bool, m->workflows.len + 1), arena_new_n(&c->arena, bool, m->steps.len + 1)};
	need_workflow(w, &n);
	for (uint32_t i = 0; i < m->params.len; i++)
		if (n.params[i] && m->params.at[i]->secret && !m->params.at[i]->value)
			diag_help(diag_here(diag_add(&c->diags, DIAG_E0505, m->params.at[i]->span, "secret `%s` is not bound, and workflow `%s` needs it", m->params.at[i]->name, w->name), "bound when the twin is applied"),
				"add `--secret %s=env:NAME` to the command line, or `file:PATH` or `cmd:COMMAND`", m->params.at[i]->name);
}

/* -- what is still open ------------------------------------------------------------------------------------------------------ */

static void check_secret(struct compile *c, const char *name)
{
	struct model_param *p = find_param(c->model, name);
	if (p && p->secret)
		return;
	struct near near;
	near_init(&near, name);
	for (uint32_t i = 0; i < c->model->params.len; i++)
		if (c->model->params.at[i]->secret)
			near_offer(&near, c->model->params.at[i]->name);
	struct diag *d = diag_add(&c->diags, DIAG_E0504, (struct span){0}, "there is no secret `%s` to bind", name);
	if (near_best(&near))
		diag_suggest(d, (struct span){0}, near_best(&near));
}

static bool in_list(const char *const *list, uint32_t n, const char *name)
{
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

static void check_open(struct compile *c, const struct compile_request *r, struct bound *b)
{
	for (uint32_t i = 0; i < c->model->params.len; i++) {
		struct model_param *p = c->model->params.at[i];
		if (p->secret && !in_list(r->secrets, r->n_secrets, p->name))
			p->value = NULL;
		else if (!p->secret && !p->value && !p->maker && !r->partial)
			diag_help(diag_here(diag_add(&c->diags, DIAG_E0505, p->span, "parameter `%s` is not bound", p->name), "it has no default"), "add `%s=...` to the command line, or a default here", p->name);
	}
	if (r->run && b->workflow)
		check_needed_secrets(c, b->workflow);
	for (uint32_t i = 0; i < c->model->params.len; i++) /* for a plan its name is enough */
		if (c->model->params.at[i]->secret && !c->model->params.at[i]->value)
			c->model->params.at[i]->value = value_secret(&c->arena, c->model->params.at[i]->name);
	for (uint32_t i = 0; b->workflow && !r->partial && i < b->workflow->n_inputs; i++) {
		const struct model_field *f = &b->workflow->inputs[i];
		if (!b->inputs[i] && f->type->kind == TYPE_SECRET && in_list(r->secrets, r->n_secrets, f->name))
			b->inputs[i] = value_secret(&c->arena, f->name);
		if (!b->inputs[i] && !f->expr && f->type->kind != TYPE_OPTIONAL)
			diag_help(diag_here(diag_add(&c->diags, DIAG_E0505, f->span, "input `%s` of workflow `%s` is not bound", f->name, b->workflow->name), "it has no default"),
				f->type->kind == TYPE_SECRET ? "add `--secret %s=env:NAME` to the command line" : "add `%s=...` to the command line, or a default here", f->name);
	}
}

static void check_path(struct compile *c, const struct value *v, const struct model_field *f)
{
	if (v->kind == VALUE_LIST)
		for (uint32_t i = 0; i < v->list.len; i++)
			check_path(c, v->list.items[i], f);
	if (v->kind != VALUE_PATH)
		return;
	const char *wrong = !file_exists(v->file.path) ? "is not there" : v->is_dir && !file_is_dir(v->file.path) ? "is a file and no folder" : !v->is_dir && file_is_dir(v->file.path) ? "is a folder and no file" : NULL;
	if (wrong)
		diag_here(diag_add(&c->diags, DIAG_E0508, f->expr ? f->expr->span : f->span, "%s %s", v->file.path, wrong), "input `%s`", f->name);
}

/* Files that inputs name must be there when the twin is planned. */
static void check_paths(struct compile *c, const struct bound *b)
{
	for (uint32_t i = 0; b->workflow && i < b->workflow->n_inputs; i++) {
		const struct model_field *f = &b->workflow->inputs[i];
		const struct value *v = b->inputs[i];
		if (!v && (!f->expr || model_eval(c->model, &c->arena, f->expr, &v) != EVAL_OK))
			continue;
		check_path(c, v, f);
	}
}

bool bind_request(struct compile *c, const struct compile_request *r, struct bound *ret)
{
	bool ok = true;
	ret->workflow = find_workflow(c, r, &ok);
	if (!ok)
		return false;
	ret->inputs = arena_new_n(&c->arena, const struct value *, ret->workflow ? ret->workflow->n_inputs + 1 : 1);
	if (r->scenario && !bind_scenario_by_name(c, r->scenario))
		return false;
	for (uint32_t i = 0; i < r->n_bindings; i++)
		bind_one(c, &r->bindings[i], ret);
	for (uint32_t i = 0; i < c->model->params.len; i++) { /* defaults that rest on other parameters */
		struct model_param *p = c->model->params.at[i];
		bool given = false;
		for (uint32_t k = 0; k < r->n_bindings; k++)
			given = given || strcmp(r->bindings[k].name, p->name) == 0;
		if (!given && !r->scenario && p->fallback)
			model_eval(c->model, &c->arena, p->fallback, &p->value);
	}
	for (uint32_t i = 0; i < r->n_secrets; i++) {
		uint32_t at = find_input(ret->workflow, r->secrets[i]);
		if (!ret->workflow || at == ret->workflow->n_inputs)
			check_secret(c, r->secrets[i]);
	}
	check_open(c, r, ret);
	if (!r->partial)
		check_paths(c, ret);
	return c->diags.n_errors == 0;
}
