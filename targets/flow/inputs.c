/* inputs.json: what is bound. Of secrets it has the names; what is open is not there. */
#include "targets/flow/inside.h"
#include "compiler/base/file.h"
#include <string.h>

struct inputs { struct flow *f; struct py py; struct doc *open; };

/* Paths as seen from flow.py. */
static void turn_paths(struct inputs *x, struct doc *d)
{
	const char *class = doc_text(doc_get(d, "class"), NULL);
	struct doc *path = class && (strcmp(class, "File") == 0 || strcmp(class, "Directory") == 0) ? doc_get(d, "path") : NULL;

	if (path && path->kind == DOC_STRING) {
		path->string.text = flow_path(&x->py, path->string.text);
		path->string.len = strlen(path->string.text);
		return;
	}
	if (d->kind >= DOC_LIST)
		for (struct doc *child = d->children.first; child; child = child->next)
			turn_paths(x, child);
}

static void add(struct inputs *x, struct doc *group, const char *name, const struct value *v, const struct type *type, struct span span)
{
	struct doc *d = doc_null(x->f->arena);

	if (type->kind == TYPE_SECRET || (type->kind == TYPE_OPTIONAL && type->of->kind == TYPE_SECRET)) {
		d = doc_map(x->f->arena);
		doc_set(x->f->arena, d, "secret", doc_string(x->f->arena, name));
	} else if (v && py_looks_like_path(v)) {
		if (!x->f->refused) /* its default may have told already */
			flow_refuse(x->f, name, span, "a record with `class` and `path` would be taken for a file");
		return;
	} else if (v && v->kind != VALUE_NULL) {
		d = value_to_doc(x->f->arena, v, py_strip(type));
		turn_paths(x, d);
	} else if (type->kind != TYPE_OPTIONAL) {
		return; /* open: still to be given */
	}
	doc_set(x->f->arena, group, name, doc_from(d, span));
}

static const struct value *bound(struct inputs *x, uint32_t workflow, uint32_t at)
{
	const struct target_request *q = x->f->request;
	const struct plan_field *in = &x->f->plan->workflows[workflow].inputs[at];
	struct eval ev = { .arena = x->f->arena, .ctx = &x->f->plan, .param = target_param };
	const struct value *v = q->workflow == workflow && q->inputs ? q->inputs[at] : NULL;
	char *error;

	if (!v && in->expr && eval_expr(&ev, in->expr, &v) == EVAL_OK && v->kind != VALUE_NULL && !value_coerce(x->f->arena, v, in->type, &v, &error))
		v = NULL;
	return v;
}

void flow_put_inputs(struct flow *f, uint32_t workflow)
{
	const struct plan *p = f->plan;
	const struct plan_workflow *w = &p->workflows[workflow];
	struct inputs x = { .f = f, .py = flow_py(f, PLAN_NONE) };
	struct doc *d = doc_map(f->arena), *params = doc_map(f->arena), *models = doc_map(f->arena), *inputs = doc_map(f->arena);

	for (uint32_t i = 0; i < p->n_params; i++)
		if (!p->params[i].secret)
			add(&x, params, p->params[i].name, p->params[i].value, p->params[i].type, p->params[i].span);
	for (uint32_t i = 0; i < p->n_models; i++)
		if (p->models[i].file)
			add(&x, models, p->models[i].name, p->models[i].file, type_path(f->arena, TYPE_FILE, NULL), p->models[i].span);
	for (uint32_t i = 0; i < w->n_inputs; i++)
		add(&x, inputs, w->inputs[i].name, bound(&x, workflow, i), w->inputs[i].type, w->inputs[i].span);
	target_open_given(f->ret, p, "give it in inputs.json, or on the command line of `build`");
	doc_set(f->arena, d, "params", params);
	doc_set(f->arena, d, "models", models);
	doc_set(f->arena, d, "inputs", inputs);
	target_put_doc(f->ret, "inputs.json", w->span, d);
}
