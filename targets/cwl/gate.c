/* A gate is an ExpressionTool that hands on what it guards: it throws (block), hands on nothing (skip) or all (warn). */
#include "targets/cwl/cwl.h"
#include <string.h>

struct passing { struct cwl_expression *x; uint32_t slot; struct buf all, none; const char *first; const struct plan_node *node; };

static void pass(const char *field, void *ctx)
{
	struct passing *p = ctx;
	struct cwl_flow *f = p->x->f;
	struct cwl *c = f->c;
	struct cwl_ref ref = { .kind = CWL_SLOT, .index = p->slot, .field = field, .checked = true };
	const struct type *type;
	const char *in = cwl_expression_input(p->x, &ref, p->node->span), *out;
	struct cwl_link link;

	if (!in || !cwl_resolve(f, &ref, p->node->span, &link))
		return;
	type = p->node->on_fail == PLAN_SKIP ? type_optional(c->arena, link.type) : link.type;
	out = cwl_expression_output(p->x, field ? field : c->plan->slots[p->slot].name, type);
	buf_printf(&p->all, "%s\"%s\": inputs.%s", p->all.len ? ", " : "", out, in);
	buf_printf(&p->none, "%s\"%s\": null", p->none.len ? ", " : "", out);
	if (!p->first && cwl_is_null(link.type))
		p->first = in;
	cwl_bind(f, &ref, arena_printf(c->arena, "%s/%s", p->x->name, out), NULL, type);
}

static void put_failure(struct cwl *c, const struct plan_node *n, const struct plan_requirement *r, const char *none, struct buf *text)
{
	struct buf message = { 0 };

	switch (n->on_fail) {
	case PLAN_SKIP:
		buf_printf(text, "    return {%s};\n", none);
		return;
	case PLAN_WARN:
		return;
	case PLAN_BLOCK:
	case PLAN_ASK:
		buf_printf(&message, "gate %s is not passed: %s: %s", n->name, r->name ? r->name : "require", expr_text(c->arena, r->expr));
		buf_puts(text, "    throw ");
		cwl_js_string(message.text, message.len, text);
		buf_puts(text, ";\n");
		buf_finish(&message);
		return;
	}
}

/* What is absent is not judged. */
static void put_requirements(struct cwl_js *js, struct passing *p, struct buf *text)
{
	const struct plan_node *n = p->node;

	for (uint32_t i = 0; n->on_fail != PLAN_WARN && i < n->n_requirements; i++) {
		buf_puts(text, "  if (");
		if (p->first)
			buf_printf(text, "inputs.%s !== null && ", p->first);
		buf_puts(text, "!(");
		cwl_js(js, n->requirements[i].expr, CWL_ANY, text);
		buf_puts(text, ")) {\n");
		put_failure(js->c, n, &n->requirements[i], buf_text(&p->none), text);
		buf_puts(text, "  }\n");
	}
}

static const char *gate_doc(struct cwl *c, const struct plan_node *n)
{
	struct buf b = { 0 };
	const char *ret;

	for (uint32_t i = 0; i < n->n_requirements; i++)
		buf_printf(&b, "%s%s: %s", i ? "\n" : "", n->requirements[i].name ? n->requirements[i].name : "require", expr_text(c->arena, n->requirements[i].expr));
	ret = b.len ? arena_strdup(c->arena, buf_text(&b)) : NULL;
	buf_finish(&b);
	return ret;
}

static void awaited(struct cwl_flow *f, uint32_t node, struct passing *p)
{
	struct cwl_ref ref = { .kind = CWL_NODE, .index = node };
	const char *out;

	if (!f->c->awaited[node])
		return;
	out = cwl_expression_output(p->x, "judged", &type_bool);
	buf_printf(&p->all, "%s\"%s\": true", p->all.len ? ", " : "", out);
	buf_printf(&p->none, "%s\"%s\": true", p->none.len ? ", " : "", out);
	cwl_bind(f, &ref, arena_printf(f->c->arena, "%s/%s", p->x->name, out), NULL, &type_bool);
}

void cwl_gate(struct cwl_flow *f, uint32_t node)
{
	struct cwl *c = f->c;
	const struct plan_node *n = &c->plan->nodes[node];
	struct cwl_expression x;
	struct passing p = { .x = &x, .node = n };
	struct cwl_js js = { .c = c, .needs = f->needs, .name = cwl_expression_ref, .ctx = &x };
	struct buf text = { 0 };

	if (n->on_fail == PLAN_ASK) {
		cwl_refuse(c, n->name, n->span, "nobody can be asked while a workflow of CWL runs: `on_fail = block` or `warn` can be said");
		return;
	}
	if (n->on_fail == PLAN_WARN)
		cwl_emulate(c, n->name, n->span, "it lets pass as `warn` says, but an engine of CWL shows no warning");
	cwl_expression_init(&x, f, n->name, n->span);
	for (uint32_t i = 0; i < n->n_guards; i++) {
		p.slot = n->guards[i];
		cwl_each_used(c, p.slot, true, pass, &p);
	}
	awaited(f, node, &p);
	buf_puts(&text, "${\n");
	put_requirements(&js, &p, &text);
	buf_printf(&text, "  return {%s};\n}\n", buf_text(&p.all));
	if (js.error)
		cwl_refuse(c, n->name, js.error_span, "%s", js.error);
	else if (!x.refused)
		cwl_expression_put(&x, gate_doc(c, n), buf_text(&text));
	buf_finish(&text);
	buf_finish(&p.all);
	buf_finish(&p.none);
	cwl_expression_finish(&x);
}
