/* The arguments of a call: every input fed, by name, with what it takes. */
#include "compiler/diag/near.h"
#include "compiler/model/check.h"
#include <string.h>

static void after_one(struct context *cx, struct model_node *node, const struct ast_expr *e)
{
	struct model_body *where = NULL;
	struct model_name *n = e->kind == AST_NAME ? body_name(node->body, e->string.text, &where) : NULL;
	if (!n) {
		if (e->kind == AST_NAME)
			report_unknown_name(cx, e, NULL);
		else
			diag_here(diag_add(cx->ck->diags, DIAG_E0303, e->span, "`after` names calls or gates"), "not a name");
		return;
	}
	if (!n->node || n->node->body != where)
		return; /* an input: there from the start */
	if (n->slot)
		n->slot->used = true;
	node->after_nodes[node->n_after_nodes++] = n->node;
}

static void read_after(struct context *cx, struct model_node *node, const struct ast_expr *e)
{
	uint32_t n = e->kind == AST_LIST ? e->list.len : 1;
	node->after_nodes = arena_new_n(cx->ck->arena, struct model_node *, n + 1);
	if (e->kind == AST_LIST)
		for (const struct ast_expr *k = e->list.first; k; k = k->next)
			after_one(cx, node, k);
	else
		after_one(cx, node, e);
}

static uint32_t find_input(const struct model_field *inputs, uint32_t n, const char *name)
{
	uint32_t i = 0;
	while (i < n && strcmp(inputs[i].name, name) != 0)
		i++;
	return i;
}

static bool optional(const struct model_field *f)
{
	return f->expr || f->type->kind == TYPE_OPTIONAL || f->type->kind == TYPE_POISON;
}

/* An argument that nothing takes; where a missing input is near, that one counts as given: one mistake, one report. */
static void unknown_argument(struct context *cx, const struct ast_expr *k, const struct callee *callee, const struct expr **args)
{
	const struct model_field *inputs = callee->inputs;
	uint32_t n = callee->n;
	struct near missing, all;
	near_init(&missing, k->key);
	near_init(&all, k->key);
	uint32_t open = 0, last = 0;
	for (uint32_t i = 0; i < n; i++) {
		near_offer(&all, inputs[i].name);
		if (!args[i] && !optional(&inputs[i])) {
			near_offer(&missing, inputs[i].name);
			open++;
			last = i;
		}
	}
	const char *best = near_best(&missing);
	uint32_t at = best ? find_input(inputs, n, best) : open == 1 ? last : n;
	if (!best && at < n)
		best = inputs[at].name;
	if (!best)
		best = near_best(&all);
	struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0442, ast_key_span(k), "%s `%s` has no input `%s`", callee->word, callee->name, k->key), "unknown input");
	diag_label(d, callee->declared, "declared here");
	if (best)
		diag_suggest(d, ast_key_span(k), best);
	struct expr *e = check_expr(cx, k, NULL);
	if (at < n)
		args[at] = is_poison(e) ? e : make_poison(cx->ck, k->span);
}

static void report_missing(struct context *cx, const struct ast_expr *call, const struct callee *callee, const struct expr **args)
{
	const struct model_field *inputs = callee->inputs;
	uint32_t n = callee->n;
	struct buf list = {0};
	uint32_t missing = 0;
	for (uint32_t i = 0; i < n; i++)
		if (!args[i] && !optional(&inputs[i]))
			buf_printf(&list, "%s`%s`", missing++ ? ", " : "", inputs[i].name);
	if (missing) {
		struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0441, call->span, "%s `%s` needs %s", callee->word, callee->name, buf_text(&list)), missing == 1 ? "this input is not fed" : "these inputs are not fed");
		for (uint32_t i = 0; i < n; i++)
			if (!args[i] && !optional(&inputs[i]))
				diag_label(d, inputs[i].span, "a `%s`", show(cx->ck, inputs[i].type));
	}
	buf_finish(&list);
}

static bool own_argument(struct context *cx, struct model_node *node, const struct ast_expr *k)
{
	if (!node || !k->key)
		return false;
	if (strcmp(k->key, "after") == 0) {
		read_after(cx, node, k);
		return true;
	}
	if (strcmp(k->key, "on") == 0 && node->kind == MODEL_CALL) {
		const struct expr *place = check_place(cx, k);
		node->place = place ? place->value->string.text : NULL;
		node->place_span = k->span;
		return true;
	}
	return false;
}

void check_arguments(struct context *cx, const struct ast_expr *call, const struct callee *callee, struct model_node *node, const struct expr ***ret_args, struct span **ret_spans)
{
	const struct model_field *inputs = callee->inputs;
	uint32_t n = callee->n;
	const struct expr **args = arena_new_n(cx->ck->arena, const struct expr *, n + 1);
	struct span *spans = arena_new_n(cx->ck->arena, struct span, n + 1);
	for (int pass = 0; pass < 2; pass++) /* known names first, so that a misspelt one finds what is missing */
		for (const struct ast_expr *k = call->call.args; k; k = k->next) {
			uint32_t i = k->key ? find_input(inputs, n, k->key) : n;
			if (i == n) {
				if (pass == 0 || own_argument(cx, node, k))
					continue;
				if (k->key) {
					unknown_argument(cx, k, callee, args);
					continue;
				}
				struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0303, k->span, "the arguments of a call have names"), "no name");
				diag_help(d, n == 1 ? "write `%s: ...`" : "write `input: ...`", n == 1 ? inputs[0].name : "");
				for (i = 0; i < n && args[i]; i++)
					;
				if (i < n)
					args[i] = make_poison(cx->ck, k->span);
				continue;
			}
			if (pass == 1)
				continue;
			if (args[i]) {
				diag_label(diag_here(diag_add(cx->ck->diags, DIAG_E0203, ast_key_span(k), "`%s` is given twice", k->key), "given again here"), spans[i], "given here first");
				continue;
			}
			args[i] = check_value(cx, k, inputs[i].type, WHAT("input `%s` of %s `%s`", inputs[i].name, callee->word, callee->name), inputs[i].span);
			spans[i] = k->span;
		}
	report_missing(cx, call, callee, args);
	*ret_args = args;
	*ret_spans = spans;
}
