/* twinc.yaml: `lint: { RULE: off | note | warning | error }`. The nearest one from the twin's folder upwards counts. */
#include "compiler/base/file.h"
#include "compiler/diag/near.h"
#include "compiler/model/lint.h"
#include <string.h>

static char *find_config(struct lint *l)
{
	char *folder = file_join(l->ds->arena, l->m->folder, "");
	for (int i = 0; i < 64; i++) {
		char *path = file_join(l->ds->arena, folder, "twinc.yaml");
		if (file_exists(path) && !file_is_dir(path))
			return path;
		if (strcmp(folder, "/") == 0)
			break;
		folder = file_dirname(l->ds->arena, folder);
	}
	return NULL;
}

static void read_rule(struct lint *l, const char *path, const struct doc *d, const struct lint_rule *rules, uint32_t n, enum lint_level *levels)
{
	static const char *const words[] = {"off", "note", "warning", "error"};
	struct near near;
	uint32_t i = 0, k = 0;
	near_init(&near, d->key);
	for (; i < n && strcmp(rules[i].name, d->key) != 0; i++)
		near_offer(&near, rules[i].name);
	const char *word = doc_text(d, d->kind == DOC_BOOL && !d->boolean ? "off" : "");
	while (k < 4 && strcmp(words[k], word) != 0)
		k++;
	if (i < n && k < 4) {
		levels[i] = (enum lint_level)k;
		return;
	}
	struct diag *g = i < n ? lint_add(l, (struct span){0}, "%s, line %u: `%s` is off, note, warning or error", path, d->line, d->key)
	                       : lint_add(l, (struct span){0}, "%s, line %u: there is no lint rule `%s`", path, d->line, d->key);
	if (i == n && near_best(&near))
		diag_suggest(g, (struct span){0}, near_best(&near));
}

void lint_config(struct lint *l, const struct lint_rule *rules, uint32_t n, enum lint_level *levels)
{
	char *path = find_config(l), *text, *error;
	size_t len;
	struct doc *doc;
	if (!path)
		return;
	const char *name = file_basename(l->ds->arena, path);
	if (file_read(l->ds->arena, path, (size_t)1 << 20, &text, &len)) {
		lint_add(l, (struct span){0}, "%s cannot be read", name);
	} else if (!doc_yaml_read(l->ds->arena, text, len, &doc, &error)) {
		lint_add(l, (struct span){0}, "%s: %s", name, error);
	} else {
		const struct doc *list = doc_get(doc, "lint");
		for (struct doc *d = list && list->kind == DOC_MAP ? list->children.first : NULL; d; d = d->next)
			read_rule(l, name, d, rules, n, levels);
	}
}
