/* explain: the page of a diagnostic, built in. */
#include "cli/cli.h"
#include "compiler/diag/near.h"
#include "compiler/model/model.h"
#include "stdlib/stdlib.h"
#include <ctype.h>
#include <string.h>

static const struct stdlib_file *page_find(const char *code)
{
	for (const struct stdlib_file *f = stdlib_pages; f->name; f++)
		if (strncmp(f->name, code, strlen(code)) == 0 && strcmp(f->name + strlen(code), ".md") == 0)
			return f;
	return NULL;
}

static int codes_list(void)
{
	const char *layer = "";

	for (int i = 0; i < DIAG_CODE_COUNT; i++) {
		const struct diag_code_info *info = diag_code_info((enum diag_code)i);
		if (strcmp(info->layer, layer) != 0)
			printf("%s%s\n", i ? "\n" : "", info->layer);
		layer = info->layer;
		printf("  %s  %s\n", info->id, info->title);
	}
	return CLI_DONE;
}

/* E0412, e0412 or the name of a lint rule; DIAG_CODE_COUNT for anything else. */
static enum diag_code code_find(struct cli *c)
{
	char *id = arena_strdup(&c->arena, c->subject);
	enum diag_code code;
	const char *rule;

	for (uint32_t i = 0; (rule = model_lint_rule(i, &code)); i++)
		if (strcmp(rule, id) == 0)
			return code;
	id[0] = (char)toupper((unsigned char)id[0]);
	return diag_code_find(id);
}

static int code_unknown(struct cli *c)
{
	struct near near;
	enum diag_code code;
	const char *rule;

	near_init(&near, c->subject);
	for (int i = 0; i < DIAG_CODE_COUNT; i++)
		near_offer(&near, diag_code_info((enum diag_code)i)->id);
	for (uint32_t i = 0; (rule = model_lint_rule(i, &code)); i++)
		near_offer(&near, rule);
	if (near_best(&near))
		return cli_usage(c, "there is no code %s; did you mean %s?", c->subject, near_best(&near));
	return cli_usage(c, "there is no code %s; `twinc explain` lists all", c->subject);
}

int verb_explain(struct cli *c)
{
	const struct stdlib_file *page;
	enum diag_code code;
	const char *id;

	if (!c->subject)
		return codes_list();
	code = code_find(c);
	if (code == DIAG_CODE_COUNT)
		return code_unknown(c);
	id = diag_code_info(code)->id;
	page = page_find(id);
	if (page)
		fwrite(page->text, 1, page->len, stdout);
	else
		printf("# %s: %s\n", id, diag_code_info(code)->title);
	return CLI_DONE;
}
