/* explain: the page of a diagnostic, built in. */
#include "cli/cli.h"
#include "compiler/diag/near.h"
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

int verb_explain(struct cli *c)
{
	const struct stdlib_file *page;
	enum diag_code code;
	struct near near;
	char *id;

	if (!c->subject)
		return codes_list();
	id = arena_strdup(&c->arena, c->subject);
	id[0] = (char)toupper((unsigned char)id[0]);
	code = diag_code_find(id);
	if (code == DIAG_CODE_COUNT) {
		near_init(&near, id);
		for (int i = 0; i < DIAG_CODE_COUNT; i++)
			near_offer(&near, diag_code_info((enum diag_code)i)->id);
		if (near_best(&near))
			return cli_usage(c, "there is no code %s; did you mean %s?", id, near_best(&near));
		return cli_usage(c, "there is no code %s; `twinc explain` lists all", id);
	}
	page = page_find(id);
	if (page)
		fwrite(page->text, 1, page->len, stdout);
	else
		printf("# %s: %s\n", id, diag_code_info(code)->title);
	return CLI_DONE;
}
