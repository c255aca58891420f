/* dump: what the compiler made of a twin, as a document. */
#include "cli/cli.h"
#include "compiler/syntax/ast.h"

static int ast_print(struct cli *c, const char *file)
{
	struct compile comp;
	bool ok;

	compile_init(&comp);
	ok = compile_parse(&comp, file);
	if (ok && comp.ast)
		cli_print_doc(c, ast_dump(&comp.arena, &comp.sources, comp.ast));
	if (!ok && comp.diags.n_errors == 0)
		cli_fail("cannot read \"%s\"", file);
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
		return ast_print(c, file);
	case AS_MODEL:
		return cli_fail("the model cannot be dumped yet");
	case AS_PLAN:
		return plan_print(c, file);
	}
	return CLI_USAGE;
}
