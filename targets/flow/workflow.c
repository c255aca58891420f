/* Workflows: a block of the plan becomes a list of nodes in flow.py. */
#include "targets/flow/inside.h"
#include <string.h>

#define INDENT 4

struct writer { struct flow *f; uint32_t depth; };

static struct buf *out(struct writer *w)
{
	return &w->f->text.text;
}

static void line(struct writer *w)
{
	buf_printf(out(w), "\n%*s", (int)(w->depth * INDENT), "");
}

static void word(struct writer *w, const char *text)
{
	py_string(text, strlen(text), out(w));
}

struct py flow_py(struct flow *f, uint32_t block)
{
	return (struct py){ .arena = f->arena, .plan = f->plan, .request = f->request, .block = block,
		.folder = f->absolute, .seen = &f->seen };
}

void flow_refuse(struct flow *f, const char *subject, struct span span, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	target_row(f->ret, subject, span, TARGET_REFUSED, "%s", arena_vprintf(f->arena, format, args));
	va_end(args);
	f->refused = true;
}

/* "lambda s: ..." of an expression in a block; to: or NULL. */
static void function(struct writer *w, uint32_t block, const char *parameter, const struct expr *e, const struct type *to, const char *subject)
{
	struct py py = flow_py(w->f, block);

	buf_printf(out(w), "lambda%s%s: ", *parameter ? " " : "", parameter);
	if (to)
		py_as(&py, e, to, PY_COND, out(w));
	else
		py_expr(&py, e, PY_COND, out(w));
	if (py.error)
		flow_refuse(w->f, subject, py.error_span, "%s", py.error);
	vec_finish(&py.assets);
}

/* -- what nodes rest on ------------------------------------------------------------------------------------------------------- */

/* "x"; "^x" where a nearer block has another x. */
static void slot_name(struct writer *w, uint32_t block, uint32_t slot)
{
	const struct plan *p = w->f->plan;
	const struct plan_slot *s = &p->slots[slot];
	uint32_t levels = 0;

	for (uint32_t b = block; b != s->block && b != PLAN_NONE; b = p->blocks[b].parent_block)
		levels++;
	word(w, arena_printf(w->f->arena, "%.*s%s", (int)levels, "^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^", s->name));
}

static void put_needs(struct writer *w, const struct plan_node *n)
{
	const struct plan *p = w->f->plan;

	if (n->n_needs) {
		buf_puts(out(w), ", needs=[");
		for (uint32_t i = 0; i < n->n_needs; i++) {
			buf_puts(out(w), i ? ", " : "");
			slot_name(w, n->block, n->needs[i]);
		}
		buf_putc(out(w), ']');
	}
	if (n->n_waits) {
		buf_puts(out(w), ", after=[");
		for (uint32_t i = 0; i < n->n_waits; i++) {
			uint32_t levels = 0;
			for (uint32_t b = n->block; b != p->nodes[n->waits[i]].block && b != PLAN_NONE; b = p->blocks[b].parent_block)
				levels++;
			buf_puts(out(w), i ? ", " : "");
			word(w, arena_printf(w->f->arena, "%.*s%s", (int)levels, "^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^", flow_node_name(w->f->arena, p, n->waits[i])));
		}
		buf_putc(out(w), ']');
	}
}

/* -- nodes ---------------------------------------------------------------------------------------------------------------------- */

static void put_block(struct writer *w, uint32_t block);

static void put_arguments(struct writer *w, const struct plan_node *n, const struct plan_field *fields)
{
	bool any = false;

	for (uint32_t i = 0; i < n->n_args; i++) {
		const struct expr *e = n->args[i].expr ? n->args[i].expr : n->kind == PLAN_CALL ? fields[i].expr : NULL;
		if (!e && n->kind == PLAN_SUB)
			continue; /* the workflow's own default */
		buf_puts(out(w), any ? ", " : ", {");
		any = true;
		word(w, fields[i].name);
		buf_puts(out(w), ": ");
		if (e)
			function(w, n->block, "s", e, fields[i].type, n->name);
		else
			buf_puts(out(w), "lambda s: None");
	}
	buf_puts(out(w), any ? "}" : "");
}

static void put_exports(struct writer *w, const struct plan_node *n)
{
	const struct plan *p = w->f->plan;

	if (!n->n_exports)
		return;
	buf_puts(out(w), ", exports={");
	for (uint32_t i = 0; i < n->n_exports; i++) {
		buf_puts(out(w), i ? ", " : "");
		word(w, p->slots[n->exports[i].outer].name);
		buf_puts(out(w), ": ");
		word(w, arena_printf(w->f->arena, "%s%s", n->exports[i].raw ? "!" : "", p->slots[n->exports[i].inner].name));
	}
	buf_putc(out(w), '}');
}

static const struct plan_export *export_of(const struct plan_export *list, uint32_t len, uint32_t outer)
{
	for (uint32_t i = 0; i < len; i++)
		if (list[i].outer == outer)
			return &list[i];
	return NULL;
}

static void branch_export(struct writer *w, const struct plan_export *e)
{
	if (e)
		word(w, arena_printf(w->f->arena, "%s%s", e->raw ? "!" : "", w->f->plan->slots[e->inner].name));
	else
		buf_puts(out(w), "None");
}

static void put_branches(struct writer *w, const struct plan_node *n)
{
	const struct plan *p = w->f->plan;
	bool any = false;

	for (uint32_t pass = 0; pass < 2; pass++) {
		const struct plan_export *list = pass ? n->otherwise_exports : n->exports;
		for (uint32_t i = 0; i < (pass ? n->n_otherwise_exports : n->n_exports); i++) {
			if (pass && export_of(n->exports, n->n_exports, list[i].outer))
				continue;
			buf_puts(out(w), any ? ", " : ", exports={");
			any = true;
			word(w, p->slots[list[i].outer].name);
			buf_puts(out(w), ": (");
			branch_export(w, export_of(n->exports, n->n_exports, list[i].outer));
			buf_puts(out(w), ", ");
			branch_export(w, export_of(n->otherwise_exports, n->n_otherwise_exports, list[i].outer));
			buf_putc(out(w), ')');
		}
	}
	buf_puts(out(w), any ? "}" : "");
}

static void put_gate(struct writer *w, const struct plan_node *n)
{
	static const char *const words[] = { [PLAN_BLOCK] = "block", [PLAN_WARN] = "warn", [PLAN_SKIP] = "skip", [PLAN_ASK] = "ask" };
	const struct plan *p = w->f->plan;

	buf_puts(out(w), ", of=[");
	for (uint32_t i = 0; i < n->n_guards; i++) {
		buf_puts(out(w), i ? ", " : "");
		word(w, p->slots[n->guards[i]].name);
		if (p->slots[n->guards[i]].block != n->block)
			flow_refuse(w->f, n->name, n->span, "a gate over what stands outside of its own block");
	}
	buf_puts(out(w), "], require={");
	w->depth++;
	for (uint32_t i = 0; i < n->n_requirements; i++) {
		const struct plan_requirement *r = &n->requirements[i];
		target_text_from(&w->f->text, r->span);
		line(w);
		word(w, r->name ? r->name : expr_text(w->f->arena, r->expr));
		buf_puts(out(w), ": ");
		function(w, n->block, "s", r->expr, NULL, n->name);
		buf_putc(out(w), ',');
	}
	w->depth--;
	if (n->n_requirements)
		line(w);
	buf_printf(out(w), "}, on_fail=\"%s\"", words[n->on_fail]);
}

static void put_for(struct writer *w, const struct plan_node *n)
{
	const struct plan *p = w->f->plan;

	buf_puts(out(w), ", ");
	function(w, n->block, "s", n->subject, NULL, "for");
	buf_puts(out(w), ", [");
	word(w, p->slots[n->element].name);
	if (n->second != PLAN_NONE) {
		buf_puts(out(w), ", ");
		word(w, p->slots[n->second].name);
	}
	buf_puts(out(w), "], ");
	put_block(w, n->inner);
	put_exports(w, n);
}

static void put_inside(struct writer *w, const struct plan_node *n)
{
	const struct plan *p = w->f->plan;

	switch (n->kind) {
	case PLAN_CALL:
		buf_puts(out(w), ", ");
		word(w, p->steps[n->target].name);
		put_arguments(w, n, p->steps[n->target].inputs);
		return;
	case PLAN_SUB:
		buf_puts(out(w), ", ");
		word(w, p->workflows[n->target].name);
		put_arguments(w, n, p->workflows[n->target].inputs);
		return;
	case PLAN_VALUE:
		buf_puts(out(w), ", ");
		function(w, n->block, "s", n->subject, NULL, n->name);
		return;
	case PLAN_FOR:
		put_for(w, n);
		return;
	case PLAN_IF:
		buf_puts(out(w), ", ");
		function(w, n->block, "s", n->subject, NULL, "if");
		buf_puts(out(w), ", ");
		put_block(w, n->inner);
		if (n->otherwise != PLAN_NONE) {
			buf_puts(out(w), ", ");
			put_block(w, n->otherwise);
		}
		put_branches(w, n);
		return;
	case PLAN_REPEAT:
		buf_puts(out(w), ", ");
		function(w, n->inner, "s", n->subject, NULL, "repeat");
		buf_puts(out(w), ", ");
		function(w, n->block, "s", n->max, NULL, "repeat");
		buf_puts(out(w), ", ");
		put_block(w, n->inner);
		put_exports(w, n);
		return;
	case PLAN_GATE:
		put_gate(w, n);
		return;
	}
}

static void put_node(struct writer *w, uint32_t node)
{
	static const char *const classes[] = { [PLAN_CALL] = "Call", [PLAN_SUB] = "Sub", [PLAN_VALUE] = "Value", [PLAN_FOR] = "For", [PLAN_IF] = "If", [PLAN_REPEAT] = "Repeat", [PLAN_GATE] = "Gate" };
	const struct plan_node *n = &w->f->plan->nodes[node];

	target_text_from(&w->f->text, n->span);
	line(w);
	buf_printf(out(w), "# %s", target_place(w->f->arena, w->f->plan, n->span));
	line(w);
	buf_printf(out(w), "%s(", classes[n->kind]);
	word(w, flow_node_name(w->f->arena, w->f->plan, node));
	put_inside(w, n);
	target_text_from(&w->f->text, n->span);
	put_needs(w, n);
	buf_puts(out(w), "),");
}

static void put_block(struct writer *w, uint32_t block)
{
	const struct plan_block *b = &w->f->plan->blocks[block];

	buf_putc(out(w), '[');
	w->depth++;
	for (uint32_t i = 0; i < b->n_nodes; i++)
		put_node(w, b->nodes[i]);
	w->depth--;
	if (b->n_nodes)
		line(w);
	buf_putc(out(w), ']');
}

/* -- workflows ------------------------------------------------------------------------------------------------------------------ */

static void put_inputs(struct writer *w, const struct plan_workflow *wf)
{
	buf_puts(out(w), "inputs={");
	w->depth++;
	for (uint32_t i = 0; i < wf->n_inputs; i++) {
		const struct plan_field *in = &wf->inputs[i];
		target_text_from(&w->f->text, in->span);
		line(w);
		word(w, in->name);
		buf_puts(out(w), ": ");
		if (in->expr)
			function(w, PLAN_NONE, "", in->expr, in->type, in->name);
		else
			buf_puts(out(w), in->type->kind == TYPE_OPTIONAL ? "None" : "REQUIRED");
		buf_putc(out(w), ',');
	}
	w->depth--;
	target_text_from(&w->f->text, wf->span);
	if (wf->n_inputs)
		line(w);
	buf_puts(out(w), "},");
}

static void add_need(const struct expr *ref, void *ctx)
{
	struct { struct writer *w; uint32_t block, n; } *x = ctx;

	if (ref->op != EXPR_SLOT)
		return;
	buf_puts(out(x->w), x->n++ ? ", " : ", needs=[");
	slot_name(x->w, x->block, ref->index);
}

static void put_outputs(struct writer *w, const struct plan_workflow *wf)
{
	buf_puts(out(w), "outputs={");
	w->depth++;
	for (uint32_t i = 0; i < wf->n_outputs; i++) {
		const struct plan_field *o = &wf->outputs[i];
		struct { struct writer *w; uint32_t block, n; } x = { w, wf->block, 0 };
		target_text_from(&w->f->text, o->span);
		line(w);
		word(w, o->name);
		buf_puts(out(w), ": Output(");
		function(w, wf->block, "s", o->expr, o->type, o->name);
		expr_each_ref(o->expr, add_need, &x);
		buf_puts(out(w), x.n ? "])," : "),");
	}
	w->depth--;
	target_text_from(&w->f->text, wf->span);
	if (wf->n_outputs)
		line(w);
	buf_puts(out(w), "},");
}

/* What it calls comes before it. */
static bool put_called(struct flow *f, uint32_t workflow)
{
	for (uint32_t i = 0; i < f->plan->n_nodes; i++) {
		const struct plan_node *n = &f->plan->nodes[i];
		if (f->plan->blocks[n->block].workflow != workflow)
			continue;
		if (n->kind == PLAN_SUB && !f->workflows[n->target])
			flow_put_workflow(f, n->target);
		if (n->kind == PLAN_CALL && !f->steps[n->target]) {
			f->steps[n->target] = true;
			flow_put_step(f, n->target);
		}
	}
	return !f->refused;
}

bool flow_put_workflow(struct flow *f, uint32_t workflow)
{
	const struct plan_workflow *wf = &f->plan->workflows[workflow];
	struct writer w = { .f = f };

	f->workflows[workflow] = true;
	put_called(f, workflow);
	target_text_from(&f->text, wf->span);
	buf_printf(out(&w), "\n# %s\nWorkflow(", target_place(f->arena, f->plan, wf->span));
	w.depth = 1;
	line(&w);
	word(&w, wf->name);
	buf_putc(out(&w), ',');
	line(&w);
	put_inputs(&w, wf);
	line(&w);
	buf_puts(out(&w), "nodes=");
	put_block(&w, wf->block);
	buf_putc(out(&w), ',');
	target_text_from(&f->text, wf->span);
	line(&w);
	put_outputs(&w, wf);
	buf_puts(out(&w), "\n)\n");
	return !f->refused;
}

static bool is_called(const struct plan *p, uint32_t workflow)
{
	for (uint32_t i = 0; i < p->n_nodes; i++)
		if (p->nodes[i].kind == PLAN_SUB && p->nodes[i].target == workflow)
			return true;
	return false;
}

bool flow_is_meant(const struct target_request *request, uint32_t workflow)
{
	return request->workflow == workflow || (!request->only && !is_called(request->plan, workflow));
}

bool flow_has_step(const struct flow *f, uint32_t step)
{
	return f->steps && f->steps[step];
}
