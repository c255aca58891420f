/* `for` becomes one scattered sub-workflow, `if` one with `when` for each branch. */
#include "targets/cwl/cwl.h"
#include <string.h>

static const char *slot_name(struct cwl_flow *f, uint32_t slot)
{
	return f->c->plan->slots[slot].name;
}

/* A step that runs the flow, which stands inside of it. */
static struct doc *inline_step(struct cwl_flow *f, struct cwl_flow *inner, struct doc *in, struct doc *out)
{
	struct arena *a = f->c->arena;
	struct doc *run = doc_map(a), *step = doc_map(a);

	doc_set(a, run, "class", doc_string(a, "Workflow"));
	doc_set(a, run, "inputs", inner->inputs);
	doc_set(a, run, "steps", inner->steps);
	doc_set(a, run, "outputs", inner->outputs);
	doc_set(a, step, "run", run);
	doc_set(a, step, "in", in);
	doc_set(a, step, "out", out);
	f->needs->sub = true;
	return step;
}

/* -- exports --------------------------------------------------------------------------------------------------------- */

struct exporting {
	struct cwl_flow *outer, *inner;
	const struct plan_export *export;
	struct doc *out;
	const char *step;
	const struct plan_node *node;
};

static void export_one(const char *field, void *ctx)
{
	struct exporting *x = ctx;
	struct cwl *c = x->outer->c;
	struct cwl_ref in = { .kind = CWL_SLOT, .index = x->export->inner, .field = field, .checked = !x->export->raw && c->plan->slots[x->export->inner].n_gates };
	struct cwl_ref out = { .kind = CWL_SLOT, .index = x->export->outer, .field = field };
	const struct type *type;
	const char *id = cwl_export(x->inner, &in, x->node->span, &type), *source;
	struct cwl_link *there;

	if (!id)
		return;
	doc_push(x->out, doc_string(c->arena, id));
	source = arena_printf(c->arena, "%s/%s", x->step, id);
	there = map_get(&x->outer->sources, cwl_ref_key(c, &out));
	if (there) /* the other branch has it, too */
		cwl_bind(x->outer, &out, there->source[0], source, cwl_is_null(type) ? type_optional(c->arena, there->type) : cwl_member_type(c, c->plan->slots[out.index].type, field));
	else if (x->node->kind == PLAN_FOR)
		cwl_bind(x->outer, &out, source, NULL, type_list(c->arena, type));
	else
		cwl_bind(x->outer, &out, source, NULL, type_optional(c->arena, type))->conditional = !cwl_is_null(type);
}

static struct doc *add_exports(struct cwl_flow *outer, struct cwl_flow *inner, const struct plan_node *n, const struct plan_export *exports, uint32_t n_exports, const char *step)
{
	struct exporting x = { .outer = outer, .inner = inner, .node = n, .out = doc_list(outer->c->arena), .step = step };

	for (uint32_t i = 0; i < n_exports; i++) {
		x.export = &exports[i];
		cwl_each_used(outer->c, exports[i].outer, false, export_one, &x);
	}
	return x.out;
}

/* -- for --------------------------------------------------------------------------------------------------------------- */

static const char *add_element(struct cwl_flow *inner, uint32_t slot)
{
	struct cwl *c = inner->c;
	struct cwl_ref ref = { .kind = CWL_SLOT, .index = slot };
	const char *id = cwl_name(c, &inner->names, slot_name(inner, slot));

	doc_set(c->arena, inner->inputs, id, cwl_parameter(c, c->plan->slots[slot].type));
	cwl_bind(inner, &ref, id, NULL, c->plan->slots[slot].type);
	return id;
}

/* The elements of a constant list or range; half: 0 all of it, 1 and 2 of a pair. NULL: too many, or none. */
static struct doc *constant_items(struct cwl_flow *f, const struct value *v, int half)
{
	struct cwl *c = f->c;
	struct doc *list = doc_list(c->arena), *entry = doc_map(c->arena);
	const struct value *first, *second;

	if (v->kind == VALUE_RANGE && v->range.low->kind == VALUE_INT && v->range.high->kind == VALUE_INT) {
		if (v->range.high->integer - v->range.low->integer > CWL_MAX_COUNTED)
			return NULL;
		for (int64_t i = v->range.low->integer; i <= v->range.high->integer; i++)
			doc_push(list, doc_int(c->arena, i));
	} else if (v->kind == VALUE_LIST) {
		for (uint32_t i = 0; i < v->list.len; i++) {
			const struct value *one = v->list.items[i];
			if (half && !value_pair(one, &first, &second))
				return NULL;
			doc_push(list, cwl_value(c, half == 1 ? first : half == 2 ? second : one, NULL, cwl_folder(c, f->path)));
		}
	} else {
		return NULL;
	}
	doc_set(c->arena, entry, "default", list);
	return entry;
}

/* An ExpressionTool that lists the elements, or both halves of pairs. */
static bool listed(struct cwl_flow *f, const struct plan_node *n, struct doc **ret)
{
	struct cwl *c = f->c;
	struct cwl_expression x;
	struct cwl_js js = { .c = c, .needs = f->needs, .name = cwl_expression_ref, .ctx = &x };
	const struct type *t = cwl_strip(n->subject->type);
	bool pair = n->second != PLAN_NONE, record = t->kind == TYPE_LIST && t->of->kind == TYPE_RECORD && t->of->n == 2, good;
	struct buf text = { 0 }, list = { 0 };
	const char *ids[2];

	cwl_expression_init(&x, f, arena_printf(c->arena, "list_%s", slot_name(f, n->element)), n->subject->span);
	for (int i = 0; i < (pair ? 2 : 1); i++) {
		uint32_t slot = i ? n->second : n->element;
		ids[i] = cwl_expression_output(&x, slot_name(f, slot), type_list(c->arena, c->plan->slots[slot].type));
	}
	if (t->kind == TYPE_RANGE || t->kind == TYPE_MAP) {
		cwl_js_helper(&js, t->kind == TYPE_RANGE ? CWL_JS_counted : CWL_JS_pairs, &list);
		buf_putc(&list, '(');
	}
	cwl_js(&js, n->subject, CWL_PRIMARY, &list);
	buf_puts(&list, t->kind == TYPE_RANGE || t->kind == TYPE_MAP ? ")" : "");
	if (pair)
		buf_printf(&text,
			"${\n  var list = %s;\n  return {\n    \"%s\": list.map(function (pair) {\n      return pair%s%s;\n    }),\n    \"%s\": list.map(function (pair) {\n      return pair%s%s;\n    })\n  };\n}\n",
			buf_text(&list), ids[0], record ? "." : "[0]", record ? t->of->fields[0].name : "", ids[1], record ? "." : "[1]", record ? t->of->fields[1].name : "");
	else
		buf_printf(&text, "$({\"%s\": %s})", ids[0], buf_text(&list));
	good = !js.error && !x.refused;
	if (js.error)
		cwl_refuse(c, "for", js.error_span, "%s", js.error);
	if (good)
		cwl_expression_put(&x, NULL, buf_text(&text));
	for (int i = 0; i < (pair ? 2 : 1); i++)
		ret[i] = doc_printf(c->arena, "%s/%s", x.name, ids[i]);
	buf_finish(&text);
	buf_finish(&list);
	cwl_expression_finish(&x);
	return good;
}

/* What is scattered over: constants, sources, or lists that are worked out first. */
static bool subjects(struct cwl_flow *f, const struct plan_node *n, struct doc **ret)
{
	struct cwl *c = f->c;
	const struct value *v = cwl_constant(c, n->subject, NULL, false);
	const struct expr *e = n->subject;
	struct cwl_ref ref;
	bool pair = n->second != PLAN_NONE;

	if (v) {
		ret[0] = constant_items(f, v, pair ? 1 : 0);
		ret[1] = pair ? constant_items(f, v, 2) : NULL;
		if (ret[0] && (!pair || ret[1]))
			return true;
	}
	if (!pair && cwl_is_ref(c, e, &ref) && cwl_strip(e->type)->kind == TYPE_LIST) {
		struct cwl_link link;
		if (!ref.field && ref.kind == CWL_SLOT && cwl_is_ported(c, ref.index))
			return listed(f, n, ret);
		if (!cwl_resolve(f, &ref, e->span, &link))
			return false;
		ret[0] = cwl_link_doc(f, &link);
		return true;
	}
	return listed(f, n, ret);
}

void cwl_for(struct cwl_flow *f, uint32_t node)
{
	struct cwl *c = f->c;
	const struct plan_node *n = &c->plan->nodes[node];
	const char *name = cwl_name(c, &f->names, arena_printf(c->arena, "each_%s", slot_name(f, n->element))), *ids[2] = { 0 };
	struct doc *in = doc_map(c->arena), *lists[2] = { 0 }, *scatter = doc_list(c->arena), *step, *out;
	struct cwl_flow inner;

	if (!subjects(f, n, lists))
		return;
	cwl_flow_init(&inner, c, f, n->inner);
	ids[0] = add_element(&inner, n->element);
	ids[1] = n->second != PLAN_NONE ? add_element(&inner, n->second) : NULL;
	cwl_block(&inner);
	out = add_exports(f, &inner, n, n->exports, n->n_exports, name);
	for (int i = 0; i < 2 && ids[i]; i++) {
		doc_set(c->arena, in, ids[i], lists[i]);
		doc_push(scatter, doc_string(c->arena, ids[i]));
	}
	cwl_through_each(f, n, lists[0], in, scatter);
	cwl_feed_captures(f, &inner, in, n->span);
	step = inline_step(f, &inner, in, out);
	if (doc_len(scatter) > 1) {
		doc_set(c->arena, step, "scatter", scatter);
		doc_set(c->arena, step, "scatterMethod", doc_string(c->arena, "dotproduct"));
	} else {
		doc_set(c->arena, step, "scatter", doc_string(c->arena, ids[0]));
	}
	f->needs->scatter = true;
	cwl_bind_wait(f, node, name, out);
	cwl_add_step(f, name, step, n->span);
	cwl_flow_finish(&inner);
}

/* -- if ---------------------------------------------------------------------------------------------------------------- */

static const char *block_name(struct cwl_flow *f, uint32_t block)
{
	const struct plan_block *b = &f->c->plan->blocks[block];

	for (uint32_t i = 0; i < b->n_nodes; i++)
		if (f->c->plan->nodes[b->nodes[i]].kind <= PLAN_VALUE)
			return f->c->plan->nodes[b->nodes[i]].name;
	return "then";
}

static void branch(struct cwl_flow *f, uint32_t node, bool otherwise)
{
	struct cwl *c = f->c;
	const struct plan_node *n = &c->plan->nodes[node];
	uint32_t block = otherwise ? n->otherwise : n->inner;
	const char *name = cwl_name(c, &f->names, arena_printf(c->arena, "%s_%s", otherwise ? "else" : "if", block_name(f, block)));
	const char *condition;
	struct doc *in = doc_map(c->arena), *step, *out, *feed;
	struct cwl_flow inner;

	cwl_flow_init(&inner, c, f, block);
	condition = cwl_name(c, &inner.names, "condition");
	feed = cwl_feed(f, n->subject, &type_bool, arena_printf(c->arena, "%s_condition", name));
	if (feed)
		doc_set(c->arena, in, condition, feed);
	cwl_through_branch(f, in);
	cwl_block(&inner);
	out = add_exports(f, &inner, n, otherwise ? n->otherwise_exports : n->exports, otherwise ? n->n_otherwise_exports : n->n_exports, name);
	cwl_feed_captures(f, &inner, in, n->span);
	step = inline_step(f, &inner, in, out);
	cwl_bind_wait(f, node, name, out);
	doc_set(c->arena, step, "when", doc_printf(c->arena, otherwise ? "$(!inputs.%s)" : "$(inputs.%s)", condition));
	f->needs->js |= otherwise;
	cwl_add_step(f, name, step, n->span);
	cwl_flow_finish(&inner);
}

void cwl_if(struct cwl_flow *f, uint32_t node)
{
	const struct plan_node *n = &f->c->plan->nodes[node];

	branch(f, node, false);
	if (n->otherwise != PLAN_NONE)
		branch(f, node, true);
}
