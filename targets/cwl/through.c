/* Where a run is to be followed task by task: each command goes through a program of the runtime's, which learns what its task is
 * called there, "sub[3].step[0]@2". A workflow and all inside of it get the name with a star where the call's own stands, as an input. */
#include "targets/cwl/cwl.h"
#include <string.h>

#define AT "twin-at" /* no name of a twin */

static struct doc *feed(struct cwl_flow *f, const char *expression)
{
	struct arena *a = f->c->arena;
	struct doc *entry = doc_map(a);

	doc_set(a, entry, "source", doc_string(a, AT));
	doc_set(a, entry, "valueFrom", doc_string(a, expression));
	f->needs->step_js = f->needs->js = true;
	return entry;
}

static bool is_through(const struct cwl *c)
{
	return c->request->through != NULL;
}

void cwl_through_flow(struct cwl_flow *f)
{
	struct arena *a = f->c->arena;
	struct doc *input = doc_map(a);

	if (!is_through(f->c))
		return;
	doc_set(a, input, "type", doc_string(a, "string"));
	doc_set(a, input, "default", doc_string(a, "*"));
	doc_set(a, f->inputs, AT, input);
}

void cwl_through_call(struct cwl_flow *f, const struct plan_node *n, struct doc *in)
{
	const char *more = n->kind == PLAN_SUB ? " + \".*\"" : "";

	if (is_through(f->c))
		doc_set(f->c->arena, in, AT, feed(f, arena_printf(f->c->arena, "$(self.replace(\"*\", \"%s\")%s)", n->name, more)));
}

void cwl_through_branch(struct cwl_flow *f, struct doc *in)
{
	if (is_through(f->c))
		doc_set(f->c->arena, in, AT, doc_string(f->c->arena, AT));
}

void cwl_through_round(struct cwl_flow *f, uint32_t round, struct doc *in)
{
	if (is_through(f->c))
		doc_set(f->c->arena, in, AT, feed(f, arena_printf(f->c->arena, "$(self + \"@%u\")", round)));
}

void cwl_through_each(struct cwl_flow *f, const struct plan_node *n, struct doc *list, struct doc *in, struct doc *scatter)
{
	struct arena *a = f->c->arena;
	struct cwl_expression x;
	const char *out;

	if (!is_through(f->c))
		return;
	cwl_expression_init(&x, f, arena_printf(a, "names_%s", f->c->plan->slots[n->element].name), n->span);
	doc_set(a, x.inputs, AT, doc_string(a, "string"));
	doc_set(a, x.in, AT, doc_string(a, AT));
	doc_set(a, x.inputs, "list", doc_string(a, "Any?"));
	doc_set(a, x.in, "list", doc_copy(a, list));
	out = cwl_expression_output(&x, "names", type_list(a, &type_string));
	cwl_expression_put(&x, NULL, arena_printf(a, "$({\"%s\": (inputs.list || []).map(function (one, i) { return inputs[\"" AT "\"] + \"[\" + i + \"]\"; })})", out));
	doc_set(a, in, AT, doc_printf(a, "%s/%s", x.name, out));
	doc_push(scatter, doc_string(a, AT));
	cwl_expression_finish(&x);
}

static bool is_secret(const struct type *t)
{
	return t->kind == TYPE_SECRET || (t->kind == TYPE_OPTIONAL && t->of->kind == TYPE_SECRET);
}

/* Settings that are secrets have their names, and the script knows their contents. */
static void put_secrets(struct cwl *c, const struct plan_step *s, struct doc *env)
{
	struct buf names = { 0 };

	for (uint32_t i = 0; i < s->n_env; i++)
		if (is_secret(s->env[i].expr->type))
			buf_printf(&names, "%s%s", names.len ? " " : "", s->env[i].name);
	if (names.len)
		doc_set(c->arena, env, "TWINC_SECRETS", doc_string(c->arena, buf_text(&names)));
	buf_finish(&names);
}

#define MAX_GIVEN 20000 /* characters of inputs that are told: what is longer has no place in an environment */

/* The inputs as the engine has them, files by their names: whether they are those of the run is seen there. */
static void put_given(struct cwl *c, const struct plan_step *s, struct doc *env)
{
	struct buf list = { 0 };

	for (uint32_t i = 0; i < s->n_inputs; i++)
		buf_printf(&list, "%sinputs.%s", i ? ", " : "", s->inputs[i].name);
	if (list.len)
		doc_set(c->arena, env, "TWINC_GIVEN",
			doc_printf(c->arena, "${\n  var text = JSON.stringify([%s], function (key, value) {\n    return value && value[\"class\"] ? value.basename : value;\n  });\n  return text.length > %d ? \"\" : text;\n}\n", buf_text(&list), MAX_GIVEN));
	buf_finish(&list);
}

void cwl_through_time(struct cwl *c, const struct doc *seconds, struct doc *env)
{
	const char *text = doc_text(seconds, NULL); /* "$(...)" */

	doc_set(c->arena, env, "TWINC_SECONDS", text ? doc_printf(c->arena, "$(String%.*s)", (int)strlen(text) - 1, text + 1) : doc_printf(c->arena, "%.0f", doc_number(seconds, 0)));
}

/* The command, behind the script. */
void cwl_through_tool(struct cwl *c, const struct plan_step *s, struct doc *command, struct doc *inputs, struct doc *env)
{
	struct arena *a = c->arena;
	struct doc *base = doc_list(a), *old = doc_get(command, "baseCommand"), *arguments = doc_get(command, "arguments"), *to = doc_map(a);

	if (!is_through(c))
		return;
	doc_push(base, doc_string(a, "sh"));
	doc_push(base, doc_string(a, c->request->through));
	if (old && old->kind == DOC_STRING)
		doc_push(base, doc_copy(a, old));
	for (doc_each(word, old && old->kind == DOC_LIST ? old : NULL))
		doc_push(base, doc_copy(a, word));
	doc_set(a, to, "baseCommand", base);
	if (arguments)
		doc_set(a, to, "arguments", doc_share(a, arguments));
	*command = *to;
	doc_set(a, inputs, AT, doc_string(a, "string"));
	doc_set(a, env, "TWINC_TASK", doc_string(a, "$(inputs[\"" AT "\"])"));
	put_secrets(c, s, env);
	put_given(c, s, env);
}
