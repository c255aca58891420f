/* The table of checks across layers. They see a model without errors, under its current parameters. */
#include "compiler/model/rules.h"
#include <string.h>

static const struct rule rules[] = {
	{"resources", rule_resources}, {"placement", rule_placement}, {"rates", rule_rates}, {"rates", rule_storage},
	{"deadlines", rule_deadlines}, {"gates", rule_gates}, {"models", rule_models},
};

void model_rules(struct model *m, struct diags *ds)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		rules[i].run(m, ds);
}

const char *rule_place(const struct model_node *call, struct span *ret_span)
{
	if (call->place) {
		*ret_span = call->place_span;
		return call->place;
	}
	const struct model_attr *on = model_attr(call->step, "on");
	if (!on || !on->given || !on->expr || on->expr->op != EXPR_CONST || on->expr->value->kind != VALUE_STRING)
		return NULL;
	*ret_span = on->span;
	return on->expr->value->string.text;
}

bool rule_number(const struct model *m, const struct model_thing *t, const char *block, const char *attr, double *ret, struct span *ret_span)
{
	const struct model_attr *a = block ? model_block_attr(model_block(t, block), attr) : model_attr(t, attr);
	if (!a || !a->expr || !model_number(m, a->expr, ret))
		return false;
	if (ret_span)
		*ret_span = a->span;
	return true;
}

const char *rule_show(struct arena *a, double x, const char *unit)
{
	const struct unit *u = NULL;
	size_t at, len;
	struct buf b = {0};
	if (unit_parse(a, unit, strlen(unit), &u, &at, &len)) {
		unit_show(x, u, &b);
	} else {
		char number[32];
		value_number_text(x, number);
		buf_printf(&b, "%s %s%s", number, unit, x == 1 ? "" : "s");
	}
	const char *text = arena_strdup(a, buf_text(&b));
	buf_finish(&b);
	return text;
}

void rule_each_call(const struct model_body *b, void (*each)(const struct model_node *call, void *ctx), void *ctx)
{
	for (const struct model_node *n = b->nodes; n; n = n->next) {
		if (n->kind == MODEL_CALL && n->step)
			each(n, ctx);
		if (n->inner)
			rule_each_call(n->inner, each, ctx);
		if (n->otherwise)
			rule_each_call(n->otherwise, each, ctx);
	}
}
