/* Nodes of workflows. */
#include "compiler/plan/pack.h"

static const char *const kinds[] = {
	[PLAN_CALL] = "call", [PLAN_SUB] = "sub", [PLAN_VALUE] = "value", [PLAN_FOR] = "for", [PLAN_IF] = "if",
	[PLAN_REPEAT] = "repeat", [PLAN_GATE] = "gate",
};
static const char *const on_fails[] = {[PLAN_BLOCK] = "block", [PLAN_WARN] = "warn", [PLAN_SKIP] = "skip", [PLAN_ASK] = "ask"};

static void pack_argument(struct pack *p, void *argument)
{
	struct plan_argument *a = argument;
	pack_expr(p, "expr", &a->expr);
	pack_span(p, "span", &a->span);
}

static void pack_requirement(struct pack *p, void *requirement)
{
	struct plan_requirement *r = requirement;
	pack_text(p, "name", &r->name);
	pack_expr(p, "expr", &r->expr);
	pack_span(p, "span", &r->span);
	if (!r->expr)
		pack_fail(p, "requirement", "without an expression");
}

static void pack_export(struct pack *p, void *export)
{
	struct plan_export *e = export;
	pack_u32(p, "inner", &e->inner);
	pack_u32(p, "outer", &e->outer);
	pack_bool(p, "raw", &e->raw);
}

static void pack_construct(struct pack *p, struct plan_node *n)
{
	pack_expr(p, "subject", &n->subject);
	pack_expr(p, "max", &n->max);
	pack_id(p, "inner", &n->inner);
	pack_id(p, "otherwise", &n->otherwise);
	pack_id(p, "element", &n->element);
	pack_id(p, "second", &n->second);
	pack_each(p, "exports", &n->exports, &n->n_exports, pack_export);
	pack_each(p, "otherwise_exports", &n->otherwise_exports, &n->n_otherwise_exports, pack_export);
}

/* Fields that a kind does not use are saved too, so that nothing is lost; zero means none for what is not an id. */
void pack_node(struct pack *p, void *node)
{
	struct plan_node *n = node;
	int kind = (int)n->kind, on_fail = (int)n->on_fail;
	pack_word(p, "kind", &kind, kinds, sizeof kinds / sizeof *kinds);
	n->kind = (enum plan_node_kind)kind;
	pack_name(p, "name", &n->name);
	pack_span(p, "span", &n->span);
	pack_u32(p, "block", &n->block);
	pack_id(p, "slot", &n->slot);
	pack_ids(p, "needs", &n->needs, &n->n_needs);
	pack_ids(p, "waits", &n->waits, &n->n_waits);
	pack_id(p, "target", &n->target);
	pack_each(p, "args", &n->args, &n->n_args, pack_argument);
	pack_text(p, "place", &n->place);
	pack_construct(p, n);
	pack_ids(p, "guards", &n->guards, &n->n_guards);
	pack_each(p, "requirements", &n->requirements, &n->n_requirements, pack_requirement);
	pack_word(p, "on_fail", &on_fail, on_fails, sizeof on_fails / sizeof *on_fails);
	n->on_fail = (enum plan_on_fail)on_fail;
}
