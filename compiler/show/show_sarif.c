/* SARIF 2.1.0 (OASIS): one run, a rule for each code, columns in code points. */
#include "compiler/show/show.h"
#include <string.h>

static struct doc *message(struct arena *a, const char *text)
{
	struct doc *map = doc_map(a);
	doc_append(a, map, "text", doc_string(a, text));
	return map;
}

static struct doc *rules(struct arena *a)
{
	struct doc *list = doc_list(a);
	for (int code = 0; code < DIAG_CODE_COUNT; code++) {
		const struct diag_code_info *info = diag_code_info((enum diag_code)code);
		struct doc *rule = doc_map(a), *configuration = doc_map(a), *properties = doc_map(a);
		doc_append(a, rule, "id", doc_string(a, info->id));
		doc_append(a, rule, "shortDescription", message(a, info->title));
		doc_append(a, configuration, "level", doc_string(a, diag_severity_name(info->severity)));
		doc_append(a, rule, "defaultConfiguration", configuration);
		doc_append(a, properties, "layer", doc_string(a, info->layer));
		doc_append(a, rule, "properties", properties);
		doc_push(list, rule);
	}
	return list;
}

/* A path as a relative or file URI. */
static struct doc *uri(struct arena *a, const char *path)
{
	struct buf b = {0};
	if (path[0] == '/')
		buf_puts(&b, "file://");
	buf_percent(&b, path, "-._~/");
	struct doc *map = doc_map(a);
	doc_append(a, map, "uri", doc_string_n(a, buf_text(&b), b.len));
	buf_finish(&b);
	return map;
}

static struct doc *region(struct arena *a, const struct place *at)
{
	struct doc *map = doc_map(a);
	doc_append(a, map, "startLine", doc_int(a, at->line));
	doc_append(a, map, "startColumn", doc_int(a, at->column));
	doc_append(a, map, "endLine", doc_int(a, at->end_line));
	doc_append(a, map, "endColumn", doc_int(a, at->end_column));
	return map;
}

static struct doc *location(struct arena *a, const struct diags *ds, const struct diag_label *l)
{
	struct place at = source_place(ds->sources, l->span);
	struct doc *map = doc_map(a), *physical = doc_map(a);
	doc_append(a, physical, "artifactLocation", uri(a, at.path));
	doc_append(a, physical, "region", region(a, &at));
	doc_append(a, map, "physicalLocation", physical);
	if (l->text[0])
		doc_append(a, map, "message", message(a, l->text));
	return map;
}

static struct doc *locations(struct arena *a, const struct diag *d, bool primary)
{
	struct doc *list = doc_list(a);
	for (const struct diag_label *l = d->labels; l; l = l->next) {
		if (l->span.file && (l == d->labels) == primary)
			doc_push(list, location(a, d->set, l));
	}
	return list;
}

static struct doc *fix(struct arena *a, const struct diag *d, const struct diag_fix *f)
{
	struct place at = source_place(d->set->sources, f->span);
	struct doc *map = doc_map(a), *changes = doc_list(a), *change = doc_map(a), *replacements = doc_list(a), *replacement = doc_map(a);
	doc_append(a, replacement, "deletedRegion", region(a, &at));
	doc_append(a, replacement, "insertedContent", message(a, f->text));
	doc_push(replacements, replacement);
	doc_append(a, change, "artifactLocation", uri(a, at.path));
	doc_append(a, change, "replacements", replacements);
	doc_push(changes, change);
	doc_append(a, map, "description", message(a, f->title));
	doc_append(a, map, "artifactChanges", changes);
	return map;
}

/* Readers show the message only, so notes and help are part of it. */
static struct doc *full_message(struct arena *a, const struct diag *d)
{
	struct buf b = {0};
	buf_puts(&b, d->message);
	for (const struct diag_note *n = d->notes; n; n = n->next)
		buf_printf(&b, "\n%s", n->text);
	if (d->help)
		buf_printf(&b, "\n%s", d->help);
	struct doc *map = message(a, buf_text(&b));
	buf_finish(&b);
	return map;
}

static struct doc *result(struct arena *a, const struct diag *d)
{
	struct doc *map = doc_map(a), *related = locations(a, d, false), *fixes = doc_list(a);
	doc_append(a, map, "ruleId", doc_string(a, diag_code_info(d->code)->id));
	doc_append(a, map, "ruleIndex", doc_int(a, d->code));
	doc_append(a, map, "level", doc_string(a, diag_severity_name(d->severity)));
	doc_append(a, map, "message", full_message(a, d));
	doc_append(a, map, "locations", locations(a, d, true));
	if (doc_len(related))
		doc_append(a, map, "relatedLocations", related);
	for (const struct diag_fix *f = d->fixes; f; f = f->next) {
		if (f->span.file)
			doc_push(fixes, fix(a, d, f));
	}
	if (doc_len(fixes))
		doc_append(a, map, "fixes", fixes);
	return map;
}

void show_sarif(const struct diags *ds, struct buf *ret)
{
	struct arena a = {0};
	struct doc *root = doc_map(&a), *runs = doc_list(&a), *run = doc_map(&a), *tool = doc_map(&a), *driver = doc_map(&a), *results = doc_list(&a);
	doc_append(&a, driver, "name", doc_string(&a, "twinc"));
	doc_append(&a, driver, "rules", rules(&a));
	doc_append(&a, tool, "driver", driver);
	for (const struct diag *d = ds->first; d; d = d->next)
		doc_push(results, result(&a, d));
	doc_append(&a, run, "tool", tool);
	doc_append(&a, run, "columnKind", doc_string(&a, "unicodeCodePoints"));
	doc_append(&a, run, "results", results);
	doc_push(runs, run);
	doc_append(&a, root, "$schema", doc_string(&a, "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"));
	doc_append(&a, root, "version", doc_string(&a, "2.1.0"));
	doc_append(&a, root, "runs", runs);
	doc_json_write(root, 2, ret);
	buf_putc(ret, '\n');
	arena_finish(&a);
}
