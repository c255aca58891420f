/* `repeat` has no word in CWL 1.2: its body becomes a workflow of its own that is called `max` times, each round only when
 * the one before was not the last. */
#include "targets/cwl/cwl.h"
#include <string.h>

struct rounds {
	struct cwl_flow *outer, body;
	const struct plan_node *node;
	const char *base, *run, *until; /* until: the output that says whether it is over */
	const char *before;             /* the input that carries it to the next round */
	uint32_t n;
	VEC(const char *) names;        /* of the rounds' steps */
	VEC(struct cwl_capture) exports; /* id: the body's output; ref: outer slot */
	VEC(const struct type *) types;
	const struct plan_export *export;
};

static void export_one(const char *field, void *ctx)
{
	struct rounds *r = ctx;
	struct cwl *c = r->body.c;
	struct cwl_ref in = { .kind = CWL_SLOT, .index = r->export->inner, .field = field, .checked = !r->export->raw && c->plan->slots[r->export->inner].n_gates };
	struct cwl_ref out = { .kind = CWL_SLOT, .index = r->export->outer, .field = field };
	const struct type *type;
	const char *id = cwl_export(&r->body, &in, r->node->span, &type);

	if (!id)
		return;
	*vec_push(&r->exports) = (struct cwl_capture){ NULL, id, out };
	*vec_push(&r->types) = type;
}

/* What the next round reads of this one is an output, too. */
static const char *export_previous(struct rounds *r, const struct cwl_ref *previous)
{
	struct cwl_ref ref = *previous;
	const struct type *type;

	ref.kind = CWL_SLOT;
	for (uint32_t i = 0; i < r->exports.len; i++) {
		struct cwl_ref inner = ref;
		for (uint32_t k = 0; k < r->node->n_exports; k++)
			if (r->node->exports[k].outer == r->exports.at[i].ref.index)
				inner.index = r->node->exports[k].inner;
		if (inner.index == ref.index && (ref.field ? r->exports.at[i].ref.field && strcmp(r->exports.at[i].ref.field, ref.field) == 0 : !r->exports.at[i].ref.field))
			return r->exports.at[i].id;
	}
	return cwl_export(&r->body, &ref, r->node->span, &type);
}

static bool put_body(struct rounds *r)
{
	struct cwl *c = r->outer->c;
	const struct plan_node *n = r->node;
	struct cwl_needs needs = { 0 };
	struct cwl_link until;
	struct doc *d, *output = doc_map(c->arena);

	r->body.path = arena_printf(c->arena, "%s.cwl", r->base);
	r->body.needs = &needs;
	r->body.around = r->outer;
	r->body.rounds = true;
	r->run = cwl_run(c, r->body.path, r->base);
	r->before = cwl_name(c, &r->body.names, "over");
	doc_set(c->arena, r->body.inputs, r->before, doc_string(c->arena, "boolean?"));
	r->body.inputs->children.last->comment = "whether the round before was the last";
	cwl_block(&r->body);
	for (uint32_t i = 0; i < n->n_exports; i++) {
		r->export = &n->exports[i];
		cwl_each_used(c, n->exports[i].outer, false, export_one, r);
	}
	r->until = cwl_name(c, &r->body.names, "until");
	if (!cwl_feed_link(&r->body, n->subject, &type_bool, "decide", &until))
		return false;
	doc_set(c->arena, output, "type", doc_string(c->arena, "boolean"));
	cwl_set_sources(&r->body, output, "outputSource", &until);
	doc_set(c->arena, r->body.outputs, r->until, output);
	for (uint32_t i = 0; i < r->body.captures.len; i++)
		if (r->body.captures.at[i].ref.kind == CWL_PREVIOUS)
			r->body.captures.at[i].key = export_previous(r, &r->body.captures.at[i].ref);
	r->outer->needs->helpers |= needs.helpers; /* as for what is called */
	d = cwl_process_doc(c, "Workflow", "One round of a loop.", n->span);
	if (cwl_requirements(c, &needs))
		doc_set(c->arena, d, "requirements", cwl_requirements(c, &needs));
	doc_set(c->arena, d, "inputs", r->body.inputs);
	doc_set(c->arena, d, "steps", r->body.steps);
	doc_set(c->arena, d, "outputs", r->body.outputs);
	*vec_push(&c->processes) = (struct cwl_process){ .path = r->body.path, .id = r->base, .doc = d, .needs = needs, .workflow = c->workflow };
	return true;
}

static void put_round(struct rounds *r, uint32_t at)
{
	struct cwl *c = r->outer->c;
	const char *before = at ? r->names.at[at - 1] : NULL, *name = cwl_name(c, &r->outer->names, arena_printf(c->arena, "round_%u", at + 1));
	struct doc *in = doc_map(c->arena), *out = doc_list(c->arena), *step = doc_map(c->arena);

	for (const struct doc *d = r->body.outputs->children.first; d; d = d->next)
		doc_push(out, doc_string(c->arena, d->key));
	cwl_through_round(r->outer, at + 1, in);
	cwl_feed_captures(r->outer, &r->body, in, r->node->span);
	for (uint32_t i = 0; before && i < r->body.captures.len; i++)
		if (r->body.captures.at[i].ref.kind == CWL_PREVIOUS && r->body.captures.at[i].key)
			doc_set(c->arena, in, r->body.captures.at[i].id, doc_printf(c->arena, "%s/%s", before, r->body.captures.at[i].key));
	if (before)
		doc_set(c->arena, in, r->before, doc_printf(c->arena, "%s/%s", before, r->until));
	doc_set(c->arena, step, "run", doc_string(c->arena, r->run));
	doc_set(c->arena, step, "in", in);
	if (before)
		doc_set(c->arena, step, "when", doc_printf(c->arena, "$(inputs.%s === false)", r->before));
	doc_set(c->arena, step, "out", out);
	cwl_add_step(r->outer, name, step, r->node->span);
	*vec_push(&r->names) = name;
}

/* All rounds' values of an output, in order, as one input. */
static void add_column(struct rounds *r, struct cwl_expression *x, const char *id, const char *output, const struct type *type)
{
	struct arena *a = r->outer->c->arena;
	struct doc *entry = doc_map(a), *sources = doc_list(a);

	for (uint32_t i = 0; i < r->names.len; i++)
		doc_push(sources, doc_printf(a, "%s/%s", r->names.at[i], output));
	doc_set(a, entry, "source", r->names.len == 1 ? doc_copy(a, sources->children.first) : sources);
	if (r->names.len > 1)
		doc_set(a, entry, "linkMerge", doc_string(a, "merge_nested"));
	doc_set(a, entry, "pickValue", doc_string(a, "all_non_null"));
	if (r->names.len == 1)
		entry = doc_copy(a, sources->children.first);
	doc_set(a, x->inputs, id, cwl_parameter(r->outer->c, r->names.len == 1 ? type : type_list(a, type_optional(a, type))));
	doc_set(a, x->in, id, entry);
}

/* The last round's results, and the failure when even the last allowed one was not enough. */
static void put_end(struct rounds *r)
{
	struct cwl *c = r->outer->c;
	struct cwl_expression x;
	struct buf text = { 0 }, results = { 0 };
	bool one = r->names.len == 1;
	const char *until;

	cwl_expression_init(&x, r->outer, "last_round", r->node->span);
	until = cwl_name(c, &x.names, "until");
	add_column(r, &x, until, r->until, &type_bool);
	for (uint32_t i = 0; i < r->exports.len; i++) {
		const struct cwl_capture *e = &r->exports.at[i];
		const char *in = cwl_name(c, &x.names, arena_printf(c->arena, one ? "%s" : "all_%s", e->id)), *out;
		add_column(r, &x, in, e->id, r->types.at[i]);
		out = cwl_expression_output(&x, arena_printf(c->arena, "last_%s", e->id), r->types.at[i]);
		if (cwl_is_null(r->types.at[i]) && !one)
			cwl_refuse(c, "repeat", r->node->span, "`%s` may be absent: which round was the last cannot be told", e->id);
		buf_printf(&results, one ? "%s\"%s\": inputs.%s" : "%s\"%s\": inputs.%s.pop()", i ? ", " : "", out, in);
		cwl_bind(r->outer, &e->ref, arena_printf(c->arena, "%s/%s", x.name, out), NULL, r->types.at[i]);
	}
	buf_printf(&text, "${\n  if (!%sinputs.%s%s) {\n    throw \"`until` is still false after %u round%s\";\n  }\n  return {%s};\n}\n",
		"", until, one ? "" : ".pop()", r->n, r->n == 1 ? "" : "s", buf_text(&results));
	if (!x.refused)
		cwl_expression_put(&x, NULL, buf_text(&text));
	cwl_bind_wait(r->outer, (uint32_t)(r->node - c->plan->nodes), x.name, x.out);
	buf_finish(&text);
	buf_finish(&results);
	cwl_expression_finish(&x);
}

void cwl_repeat(struct cwl_flow *f, uint32_t node)
{
	struct cwl *c = f->c;
	const struct plan_node *n = &c->plan->nodes[node];
	const struct value *max = n->max ? cwl_constant(c, n->max, &type_int, true) : NULL;
	struct rounds r = { .outer = f, .node = n };
	const struct plan_block *b = &c->plan->blocks[n->inner];

	if (!max || max->kind != VALUE_INT || max->integer > CWL_MAX_ROUNDS || !n->subject) {
		cwl_refuse(c, "repeat", n->max ? n->max->span : n->span, max ? "CWL 1.2 has no loops, and more than %d rounds are not written out" : "CWL 1.2 has no loops, and `max` is not known before the run (at most %d)", CWL_MAX_ROUNDS);
		return;
	}
	r.n = max->integer < 1 ? 1 : (uint32_t)max->integer;
	cwl_emulate(c, "repeat", n->span, "CWL 1.2 has no loops: %u rounds are written out, each when the one before was not the last", r.n);
	r.base = arena_printf(c->arena, "%s.%s", c->plan->workflows[c->workflow].name, b->n_nodes ? c->plan->nodes[b->nodes[0]].name : "round");
	for (uint32_t i = 0; i < c->processes.len; i++)
		if (strcmp(c->processes.at[i].id, r.base) == 0)
			r.base = arena_printf(c->arena, "%s_%u", r.base, node);
	f->needs->sub = f->needs->multiple = f->needs->js = true;
	cwl_flow_init(&r.body, c, NULL, n->inner);
	if (put_body(&r)) {
		for (uint32_t i = 0; i < r.n; i++)
			put_round(&r, i);
		put_end(&r);
	}
	cwl_flow_finish(&r.body);
	vec_finish(&r.names);
	vec_finish(&r.exports);
	vec_finish(&r.types);
}
