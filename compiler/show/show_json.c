#include "compiler/show/show.h"

/* All null where there is no place. */
static void set_place(struct arena *a, struct doc *map, const struct diags *ds, struct span span)
{
	struct place at = source_place(ds->sources, span);
	bool known = span.file != 0;
	doc_append(a, map, "file", known ? doc_string(a, at.path) : doc_null(a));
	doc_append(a, map, "line", known ? doc_int(a, at.line) : doc_null(a));
	doc_append(a, map, "column", known ? doc_int(a, at.column) : doc_null(a));
	doc_append(a, map, "endLine", known ? doc_int(a, at.end_line) : doc_null(a));
	doc_append(a, map, "endColumn", known ? doc_int(a, at.end_column) : doc_null(a));
}

/* The first label is the place itself: it is listed where it says something. */
static struct doc *labels(struct arena *a, const struct diag *d)
{
	struct doc *list = doc_list(a);
	for (const struct diag_label *l = d->labels; l; l = l->next) {
		if (l == d->labels && !l->text[0])
			continue;
		struct doc *map = doc_map(a);
		set_place(a, map, d->set, l->span);
		doc_append(a, map, "text", doc_string(a, l->text));
		doc_push(list, map);
	}
	return list;
}

static struct doc *fixes(struct arena *a, const struct diag *d)
{
	struct doc *list = doc_list(a);
	for (const struct diag_fix *f = d->fixes; f; f = f->next) {
		struct doc *map = doc_map(a);
		doc_append(a, map, "title", doc_string(a, f->title));
		set_place(a, map, d->set, f->span);
		doc_append(a, map, "text", doc_string(a, f->text));
		doc_push(list, map);
	}
	return list;
}

struct doc *show_doc(struct arena *a, const struct diag *d)
{
	struct doc *map = doc_map(a), *notes = doc_list(a);
	doc_append(a, map, "code", doc_string(a, diag_code_info(d->code)->id));
	if (d->rule)
		doc_append(a, map, "rule", doc_string(a, d->rule));
	doc_append(a, map, "severity", doc_string(a, diag_severity_name(d->severity)));
	doc_append(a, map, "message", doc_string(a, d->message));
	set_place(a, map, d->set, d->labels->span);
	doc_append(a, map, "labels", labels(a, d));
	for (const struct diag_note *n = d->notes; n; n = n->next)
		doc_push(notes, doc_string(a, n->text));
	doc_append(a, map, "notes", notes);
	doc_append(a, map, "help", d->help ? doc_string(a, d->help) : doc_null(a));
	doc_append(a, map, "fixes", fixes(a, d));
	return map;
}

void show_json(const struct diags *ds, struct buf *ret)
{
	struct arena a = {0};
	struct doc *root = doc_map(&a), *list = doc_list(&a), *summary = doc_map(&a);
	for (const struct diag *d = ds->first; d; d = d->next)
		doc_push(list, show_doc(&a, d));
	doc_append(&a, summary, "errors", doc_int(&a, ds->n_errors));
	doc_append(&a, summary, "warnings", doc_int(&a, ds->n_warnings));
	doc_append(&a, root, "diagnostics", list);
	doc_append(&a, root, "summary", summary);
	doc_json_write(root, 2, ret);
	buf_putc(ret, '\n');
	arena_finish(&a);
}
