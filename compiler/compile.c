#include "compiler/compile.h"
#include "compiler/base/file.h"
#include "compiler/bind.h"
#include "compiler/model/model.h"
#include "compiler/plan/lower.h"
#include "compiler/syntax/ast.h"
#include <errno.h>
#include <string.h>

void compile_init(struct compile *c)
{
	memset(c, 0, sizeof *c);
	arena_init(&c->arena);
	intern_init(&c->intern, &c->arena);
	sources_init(&c->sources, &c->arena);
	diags_init(&c->diags, &c->arena, &c->sources);
}

void compile_finish(struct compile *c)
{
	if (!c)
		return;
	model_finish(c->model);
	ast_finish(c->ast);
	sources_finish(&c->sources);
	intern_finish(&c->intern);
	arena_finish(&c->arena);
}

void compile_parse_text(struct compile *c, const char *name, const char *text, size_t len)
{
	ast_finish(c->ast);
	c->ast = ast_parse(&c->arena, &c->intern, &c->diags, sources_add(&c->sources, name, text, len), false);
}

bool compile_parse(struct compile *c, const char *file)
{
	char *text;
	size_t len;
	int error = file_read(&c->arena, file, AST_MAX_BYTES, &text, &len);
	if (error) {
		const char *why = error == EFBIG ? "it is larger than 256 MiB" : error == EINVAL ? "it is not a regular file" : error == EISDIR ? "it is a folder" : strerror(error);
		struct diag *d = diag_add(&c->diags, DIAG_E0501, (struct span){0}, "cannot read %s: %s", file, why);
		if (error == ENOENT)
			diag_help(d, "`twinc init` writes a starter twin");
		return false;
	}
	compile_parse_text(c, strcmp(file, "-") == 0 ? "<stdin>" : file, text, len);
	return true;
}


static void resolve(struct compile *c)
{
	model_finish(c->model);
	c->model = model_resolve(&c->diags, &c->intern, c->ast);
}

/* The rules see the twin with its defaults, then as each scenario has it. */
static void check_scenarios(struct compile *c)
{
	struct model *m = c->model;
	model_rules(m, &c->diags);
	for (uint32_t i = 0; i < m->scenarios.len && c->diags.n_errors == 0; i++) {
		bind_scenario(m, m->scenarios.at[i]);
		struct diag *last = c->diags.last;
		model_rules(m, &c->diags);
		bind_once(&c->diags, last, m->scenarios.at[i]->name);
		bind_defaults(m);
	}
}

bool compile_check(struct compile *c)
{
	if (!c->ast)
		return false;
	resolve(c);
	if (c->diags.n_errors == 0)
		check_scenarios(c);
	return c->diags.n_errors == 0;
}

bool compile_check_here(struct compile *c)
{
	model_check_here(c->model, &c->diags);
	return c->diags.n_errors == 0;
}

void compile_lint(struct compile *c)
{
	if (c->model && c->diags.n_errors == 0)
		model_lint(c->model, &c->diags);
}

/* What the request binds, checked with these values and lowered. */
static struct plan *plan_bound(struct compile *c, const struct compile_request *request, uint32_t *ret_workflow, const struct value ***ret_inputs)
{
	struct bound bound = {0};
	if (!bind_request(c, request, &bound))
		return NULL;
	model_rules(c->model, &c->diags);
	if (c->diags.n_errors)
		return NULL;
	struct plan *p = plan_lower(c->model);
	*ret_workflow = bound.workflow ? bound.workflow->id : PLAN_NONE;
	uint32_t n = bound.workflow ? bound.workflow->n_inputs : 0;
	*ret_inputs = arena_new_n(p->arena, const struct value *, n + 1);
	for (uint32_t i = 0; i < n; i++)
		if (bound.inputs[i])
			(*ret_inputs)[i] = value_copy(p->arena, bound.inputs[i]);
	return p;
}

struct plan *compile_plan(struct compile *c, const struct compile_request *request, uint32_t *ret_workflow, const struct value ***ret_inputs)
{
	if (!compile_parse(c, request->file))
		return NULL;
	resolve(c);
	return c->diags.n_errors ? NULL : plan_bound(c, request, ret_workflow, ret_inputs);
}

struct plan *compile_plan_again(struct compile *c, const struct compile_request *request, uint32_t *ret_workflow, const struct value ***ret_inputs)
{
	diags_init(&c->diags, &c->arena, &c->sources);
	bind_defaults(c->model);
	return plan_bound(c, request, ret_workflow, ret_inputs);
}
