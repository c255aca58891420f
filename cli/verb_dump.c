/* dump: what the compiler made of a twin, as a document. */
#include "cli/cli.h"
#include "compiler/model/model.h"
#include "compiler/syntax/ast.h"

static int front_print(struct cli *c, const char *file, bool model)
{
	struct compile comp;
	bool ok;

	compile_init(&comp);
	ok = compile_parse(&comp, file) && (!model || compile_check(&comp));
	if (ok)
		cli_print_doc(c, model ? model_dump(&comp.arena, comp.model) : ast_dump(&comp.arena, &comp.sources, comp.ast));
	ok = ok && comp.diags.n_errors == 0;
	cli_show_diags(c, &comp.diags);
	compile_finish(&comp);
	return ok ? CLI_DONE : CLI_WRONG;
}

static int plan_print(struct cli *c, const char *file)
{
	const struct value **inputs;
	uint32_t workflow;
	int code = CLI_DONE;
	struct plan *plan = cli_plan(c, file, &workflow, &inputs, &code);

	if (!plan)
		return code;
	cli_print_doc(c, plan_dump(&c->arena, plan));
	plan_destroy(plan);
	return CLI_DONE;
}

int verb_dump(struct cli *c)
{
	const char *file = cli_file(c);

	if (!file)
		return CLI_USAGE;
	c->partial = true;
	switch ((enum cli_as)c->as) {
	case AS_AST:
		return front_print(c, file, false);
	case AS_MODEL:
		return front_print(c, file, true);
	case AS_PLAN:
		return plan_print(c, file);
	}
	return CLI_USAGE;
}
