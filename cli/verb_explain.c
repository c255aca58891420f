/* explain: the page of a diagnostic, built in; or the place in the twin that a line of an artefact comes from. */
#include "cli/build.h"
#include "compiler/diag/near.h"
#include "compiler/model/model.h"
#include "stdlib/stdlib.h"
#include <ctype.h>
#include <stdlib.h>
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

/* -- lines of artefacts ------------------------------------------------------------------------------------------------ */

#define FOLDERS_UP_MAX 16 /* between an artefact and the folder of its build */

/* The nearest map above the artefact that knows it. */
static const struct doc *map_entry_find(struct arena *a, const char *artefact, const char **ret_dir)
{
	const char *path = file_join(a, ".", artefact), *dir = path;

	for (int i = 0; i < FOLDERS_UP_MAX && strcmp(dir, ".") != 0 && strcmp(dir, "/") != 0; i++) {
		const struct doc *map, *entry;
		dir = file_dirname(a, dir);
		map = build_read(a, dir, BUILD_MAP);
		entry = doc_get(map, strcmp(dir, ".") == 0 ? path : path + strlen(dir) + 1);
		*ret_dir = dir;
		if (entry)
			return entry;
	}
	return NULL;
}

static void print_excerpt(struct arena *a, const char *dir, const struct doc *at)
{
	const struct doc *saved = build_read(a, dir, "plan.json");
	const char *file = doc_text(doc_get(at, "file"), "");
	char why[200];
	struct plan *p = saved ? plan_load(saved, why, sizeof(why)) : NULL;
	size_t len;

	for (uint32_t i = 1; p && i < p->sources->list.len; i++) {
		if (strcmp(target_file_name(p, i), file) != 0)
			continue;
		uint32_t line = (uint32_t)doc_integer(doc_get(at, "line"), 1);
		const char *text = source_line(p->sources, i, line, &len);
		if (text)
			printf("\n%5u | %.*s\n", line, (int)len, text);
		break;
	}
	plan_destroy(p);
}

/* What the map says of a line, with names; NULL: nothing. */
static struct doc *place_find(struct arena *a, const struct doc *entry, long number)
{
	static const char *const names[] = { "from", "to", "line", "column", "endLine", "endColumn" };
	const struct doc *range = NULL, *source = NULL;
	struct doc *ret = doc_map(a);
	uint32_t i = 0;

	for (doc_each(file, entry))
		for (doc_each(r, file))
			if (doc_len(r) == 6 && doc_integer(r->children.first, 0) <= number && number <= doc_integer(r->children.first->next, 0)) {
				range = r;
				source = file;
			}
	if (!range)
		return NULL;
	doc_set(a, ret, "file", doc_string(a, source->key));
	for (doc_each(n, range))
		doc_set(a, ret, names[i++], doc_copy(a, n));
	return ret;
}

/* ARTEFACT:LINE */
static int line_explain(struct cli *c, const char *artefact, long number)
{
	const char *dir = ".";
	const struct doc *entry = map_entry_find(&c->arena, artefact, &dir);
	struct doc *found;

	if (!entry)
		return cli_fail("no build knows \"%s\": there is no " BUILD_MAP " above it that names it", artefact);
	found = place_find(&c->arena, entry, number);
	if (!found)
		return cli_fail("\"%s\" has no line %ld", artefact, number);
	if (c->json) {
		cli_print_doc(c, found);
		return CLI_DONE;
	}
	printf("%s:%ld comes from %s:%d:%d\n", artefact, number, doc_text(doc_get(found, "file"), ""),
		(int)doc_integer(doc_get(found, "line"), 0), (int)doc_integer(doc_get(found, "column"), 0));
	print_excerpt(&c->arena, dir, found);
	return CLI_DONE;
}

int verb_explain(struct cli *c)
{
	const struct stdlib_file *page;
	enum diag_code code;
	const char *id, *colon;

	if (!c->subject)
		return codes_list();
	colon = strrchr(c->subject, ':');
	if (colon && colon[1] && strspn(colon + 1, "0123456789") == strlen(colon + 1) && strlen(colon + 1) < 10)
		return line_explain(c, arena_strndup(&c->arena, c->subject, (size_t)(colon - c->subject)), atol(colon + 1));
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
