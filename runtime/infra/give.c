/* What infrastructure gives goes into the params that stand for it: `front.address` is what its manager calls `front_address`. */
#include "runtime/infra/inside.h"
#include <string.h>

#define GIVEN_MAX 4096 /* bytes of one text, and how many there may be */

/* -- giving ------------------------------------------------------------------------------------------------------------- */

/* The word behind the last dot. */
static const char *attribute_of(const struct plan_param *p)
{
	const char *dot = strrchr(p->name, '.');
	return dot ? dot + 1 : p->name;
}

static const struct value *text_value(struct arena *a, const struct doc *d)
{
	if (d->kind != DOC_STRING || !d->string.len || d->string.len > GIVEN_MAX)
		return NULL;
	for (size_t i = 0; i < d->string.len; i++)
		if ((unsigned char)d->string.text[i] < 0x20 || d->string.text[i] == 0x7f)
			return NULL;
	return value_string_n(a, arena_strndup(a, d->string.text, d->string.len), d->string.len);
}

/* What is said from outside, if it is of the type; else NULL. */
static const struct value *given_value(struct arena *a, const struct doc *d, const struct type *type)
{
	if (!d || type->kind != TYPE_LIST || d->kind == DOC_STRING) {
		const struct value *one = d ? text_value(a, d) : NULL;
		return one && type->kind == TYPE_LIST ? value_list(a, arena_copy(a, &one, sizeof one), 1) : one;
	}
	uint32_t n = 0;
	const struct value **items = d->kind == DOC_LIST && doc_len(d) <= GIVEN_MAX ? arena_new_n(a, const struct value *, doc_len(d) + 1) : NULL;
	for (doc_each(x, items ? d : NULL))
		if (!(items[n++] = text_value(a, x)))
			return NULL;
	return items ? value_list(a, items, n) : NULL;
}

static struct stack *stack_of(const struct infra *in, const char *thing)
{
	for (uint32_t i = 0; i < in->stacks.len; i++)
		if (stack_thing(in->stacks.at[i], thing))
			return in->stacks.at[i];
	return NULL;
}

/* A name that another thing has is told with a mark behind it. */
static const struct doc *output_of(const struct stack *s, const char *maker, const char *attribute)
{
	const char *key = arena_printf(s->arena, "%s_%s", maker, attribute);
	while (stack_thing(s, key))
		key = arena_printf(s->arena, "%s_", key);
	const struct doc *d = doc_get(s->outputs, key);
	return d || strcmp(attribute, "addresses") != 0 ? d : output_of(s, maker, "address"); /* of what is one machine */
}

static bool is_open(const struct plan_param *p)
{
	return p->maker && !p->value;
}

bool infra_is_read(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->n_params; i++)
		if (is_open(&plan->params[i]))
			return true;
	return false;
}

void infra_give(struct infra *in, struct plan *plan, bool as_it_is)
{
	for (uint32_t i = 0; i < plan->n_params; i++) {
		struct plan_param *p = &plan->params[i];
		const struct stack *s = is_open(p) ? stack_of(in, p->maker) : NULL;
		const struct infra_change *c = s ? stack_change(s, p->maker) : NULL;
		if (s && s->known && !s->gone && s->state == STACK_READY && (as_it_is || !c || c->action == INFRA_NONE))
			p->value = given_value(plan->arena, output_of(s, p->maker, attribute_of(p)), p->type);
	}
}

/* -- what a workflow reads ------------------------------------------------------------------------------------------------ */

struct reading { const struct plan *plan; const struct expr **refs; bool *workflows, *steps; };

static void note_ref(const struct expr *ref, void *ctx)
{
	struct reading *r = ctx;
	if (ref->op == EXPR_PARAM && !r->refs[ref->index])
		r->refs[ref->index] = ref;
}

static void read_expr(struct reading *r, const struct expr *e)
{
	if (e)
		expr_each_ref(e, note_ref, r);
}

static void read_step(struct reading *r, uint32_t at)
{
	const struct plan_step *s = &r->plan->steps[at];
	if (r->steps[at])
		return;
	r->steps[at] = true;
	read_expr(r, s->script);
	read_expr(r, s->argv);
	read_expr(r, s->metrics_file);
	for (uint32_t i = 0; i < s->n_outputs; i++)
		read_expr(r, s->outputs[i].expr);
	for (uint32_t i = 0; i < s->n_env; i++)
		read_expr(r, s->env[i].expr);
}

static void read_workflow(struct reading *r, uint32_t at)
{
	const struct plan *p = r->plan;
	if (r->workflows[at])
		return;
	r->workflows[at] = true;
	for (uint32_t i = 0; i < p->workflows[at].n_outputs; i++)
		read_expr(r, p->workflows[at].outputs[i].expr);
	for (uint32_t i = 0; i < p->n_nodes; i++) {
		const struct plan_node *n = &p->nodes[i];
		if (p->blocks[n->block].workflow != at)
			continue;
		read_expr(r, n->subject);
		read_expr(r, n->max);
		for (uint32_t k = 0; k < n->n_args; k++)
			read_expr(r, n->args[k].expr);
		for (uint32_t k = 0; k < n->n_requirements; k++)
			read_expr(r, n->requirements[k].expr);
		if (n->kind == PLAN_CALL)
			read_step(r, n->target);
		if (n->kind == PLAN_SUB)
			read_workflow(r, n->target);
	}
}

static void tell_missing(struct infra *in, const struct plan_param *p, const struct expr *ref)
{
	const struct stack *s = stack_of(in, p->maker);
	struct diag *d = diag_add(&in->diags, DIAG_E0637, ref->span, "`%s` is not known", p->name);
	diag_here(d, "read here");
	diag_label(d, p->span, s && s->known && s->state == STACK_READY ? "`%s` is ready, and its manager tells nothing that this could be" : "`%s` is not ready", p->maker);
	diag_help(d, "let `twinc apply` make it, without `--no-infra`; or say what it is: `%s=...`", p->name);
}

bool infra_knows(struct infra *in, const struct plan *plan, uint32_t workflow)
{
	struct arena *a = &in->arena;
	struct reading r = { plan, arena_new_n(a, const struct expr *, plan->n_params + 1), arena_new_n(a, bool, plan->n_workflows + 1), arena_new_n(a, bool, plan->n_steps + 1) };
	bool ok = true;
	if (workflow == PLAN_NONE || !infra_is_read(plan))
		return true;
	read_workflow(&r, workflow);
	for (uint32_t i = 0; i < plan->n_params; i++)
		if (is_open(&plan->params[i]) && r.refs[i]) {
			tell_missing(in, &plan->params[i], r.refs[i]);
			ok = false;
		}
	return ok;
}
