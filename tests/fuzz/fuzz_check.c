/* Any bytes as a twin: parse, format, check, lint, lower, save, load, show. Nothing may crash, hang or leak; what checks
 * clean must lower to a plan that loads again. */
#include "compiler/base/bug.h"
#include "compiler/compile.h"
#include "compiler/model/model.h"
#include "compiler/plan/lower.h"
#include "compiler/show/show.h"
#include "compiler/syntax/ast.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void reload(const struct plan *p)
{
	struct arena a = {0};
	struct buf text = {0};
	struct doc *d;
	char error[300], *why;
	plan_save(p, true, &text);
	if (!doc_json_read(&a, buf_text(&text), text.len, &d, &why))
		bug("a plan that is no JSON: %s", why);
	struct plan *again = plan_load(d, error, sizeof error);
	if (!again)
		bug("a plan that does not load: %s", error);
	plan_destroy(again);
	buf_finish(&text);
	arena_finish(&a);
}

static void layout(const char *text, size_t len)
{
	struct compile c;
	struct buf b = {0};
	compile_init(&c);
	struct ast_file *ast = ast_parse(&c.arena, &c.intern, &c.diags, sources_add(&c.sources, "fuzz.twin", text, len), true);
	if (!ast->bad && c.diags.n_errors == 0)
		ast_format(ast, text, &b);
	ast_finish(ast);
	buf_finish(&b);
	compile_finish(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct compile c;
	struct buf b = {0};
	char *text = malloc(size + 1);
	memcpy(text, data, size);
	text[size] = '\0';
	layout(text, size);
	compile_init(&c);
	compile_parse_text(&c, "fuzz.twin", text, size);
	if (compile_check(&c)) {
		compile_lint(&c);
		struct plan *p = plan_lower(c.model);
		reload(p);
		plan_destroy(p);
	}
	diags_sort(&c.diags);
	show_text(&c.diags, false, &b);
	show_json(&c.diags, &b);
	buf_finish(&b);
	compile_finish(&c);
	free(text);
	return 0;
}
