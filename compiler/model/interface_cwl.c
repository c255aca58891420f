/* Inputs and outputs of a CWL process (CWL v1.2, Command Line Tool Description, sections 4 and 5), as types of ours. */
#include "compiler/model/interface.h"
#include <string.h>

struct reader { struct checker *ck; const struct doc *file; const char *path; struct span span; };

/* "edam:format_3650" by the document's $namespaces. */
static const char *expand(struct reader *r, const char *iri)
{
	const char *colon = strchr(iri, ':');
	const struct doc *spaces = doc_get(r->file, "$namespaces");
	if (!colon || strncmp(colon, "://", 3) == 0)
		return iri;
	const char *base = doc_text(doc_get(spaces, arena_strndup(r->ck->arena, iri, (size_t)(colon - iri))), NULL);
	return base ? arena_printf(r->ck->arena, "%s%s", base, colon + 1) : iri;
}

static const struct format *find_format(struct reader *r, const struct doc *d)
{
	const char *iri = doc_text(d, NULL);
	if (!iri)
		return NULL;
	iri = expand(r, iri);
	for (uint32_t i = 0; i < r->ck->formats.cap; i++) {
		const struct format *f = r->ck->formats.entries[i].key ? r->ck->formats.entries[i].value : NULL;
		if (f && f->iri && strcmp(f->iri, iri) == 0)
			return f;
	}
	return NULL;
}

static const struct type *read_type(struct reader *r, const struct doc *d, const struct format *format, int depth);

static const struct type *named_type(struct reader *r, const char *name, const struct format *format)
{
	struct arena *a = r->ck->arena;
	size_t n = strlen(name);
	if (n > 1 && name[n - 1] == '?')
		return type_optional(a, named_type(r, arena_strndup(a, name, n - 1), format));
	if (n > 2 && strcmp(name + n - 2, "[]") == 0)
		return type_list(a, named_type(r, arena_strndup(a, name, n - 2), format));
	if (strcmp(name, "int") == 0 || strcmp(name, "long") == 0)
		return &type_int;
	if (strcmp(name, "float") == 0 || strcmp(name, "double") == 0)
		return &type_float;
	if (strcmp(name, "boolean") == 0)
		return &type_bool;
	if (strcmp(name, "File") == 0 || strcmp(name, "stdout") == 0 || strcmp(name, "stderr") == 0 || strcmp(name, "stdin") == 0)
		return type_path(a, TYPE_FILE, format);
	if (strcmp(name, "Directory") == 0)
		return type_path(a, TYPE_DIR, NULL);
	if (strcmp(name, "null") == 0)
		return &type_null;
	return strcmp(name, "string") == 0 ? &type_string : &type_any;
}

static const struct type *enum_type(struct reader *r, const struct doc *symbols)
{
	struct type *t = arena_new(r->ck->arena, struct type);
	t->kind = TYPE_ENUM;
	t->members = arena_new_n(r->ck->arena, const char *, doc_len(symbols) + 1);
	for (doc_each(s, symbols)) {
		const char *name = doc_text(s, ""), *hash = strrchr(name, '#'), *slash = strrchr(hash ? hash : name, '/');
		t->members[t->n++] = slash ? slash + 1 : hash ? hash + 1 : name;
	}
	return t;
}

static const struct type *record_type(struct reader *r, const struct doc *fields, int depth)
{
	struct type_field *list = arena_new_n(r->ck->arena, struct type_field, doc_len(fields) + 1);
	uint32_t n = 0;
	for (doc_each(f, fields)) {
		const char *name = f->key ? f->key : doc_text(doc_get(f, "name"), "");
		const struct doc *type = f->kind == DOC_MAP ? doc_get(f, "type") : f;
		list[n++] = (struct type_field){.name = name, .type = read_type(r, type, find_format(r, doc_get(f, "format")), depth + 1)};
	}
	return type_record(r->ck->arena, list, n, NULL);
}

static const struct type *read_type(struct reader *r, const struct doc *d, const struct format *format, int depth)
{
	if (!d || depth > 20)
		return &type_any;
	if (d->kind == DOC_STRING)
		return named_type(r, d->string.text, format);
	if (d->kind == DOC_LIST) { /* ["null", X] */
		const struct type *t = NULL;
		for (doc_each(x, d)) {
			const struct type *one = read_type(r, x, format, depth + 1);
			t = t ? type_join(r->ck->arena, t, one) : one;
			if (!t)
				return &type_any;
		}
		return t ? t : &type_any;
	}
	const char *kind = doc_text(doc_get(d, "type"), "");
	if (strcmp(kind, "array") == 0)
		return type_list(r->ck->arena, read_type(r, doc_get(d, "items"), format, depth + 1));
	if (strcmp(kind, "enum") == 0)
		return enum_type(r, doc_get(d, "symbols"));
	if (strcmp(kind, "record") == 0)
		return record_type(r, doc_get(d, "fields"), depth);
	return *kind ? named_type(r, kind, format) : &type_any;
}

static void read_fields(struct reader *r, const struct doc *list, struct model_field **ret, uint32_t *ret_n, bool input)
{
	*ret = arena_new_n(r->ck->arena, struct model_field, doc_len(list) + 1);
	*ret_n = 0;
	if (list && list->kind != DOC_MAP && list->kind != DOC_LIST)
		return;
	for (doc_each(f, list)) {
		const char *name = f->key ? f->key : doc_text(doc_get(f, "id"), "");
		const char *hash = strrchr(name, '#');
		bool map = f->kind == DOC_MAP && (doc_get(f, "type") || !f->key);
		const struct doc *format = map ? doc_get(f, "format") : NULL;
		struct model_field field = {.name = intern_str(r->ck->intern, hash ? hash + 1 : name), .span = r->span};
		field.doc = map ? doc_text(doc_get(f, "doc"), doc_text(doc_get(f, "label"), NULL)) : NULL;
		field.type = read_type(r, map && doc_get(f, "type") ? doc_get(f, "type") : f, find_format(r, format), 0);
		if (input && map && doc_get(f, "default") && field.type->kind != TYPE_OPTIONAL)
			field.type = type_optional(r->ck->arena, field.type);
		(*ret)[(*ret_n)++] = field;
	}
}

/* A requirement or hint of a class, in either of the two ways of writing them. */
static const struct doc *requirement(const struct doc *process, const char *class)
{
	static const char *const lists[] = {"requirements", "hints"};
	for (size_t i = 0; i < 2; i++)
		for (doc_each(r, doc_get(process, lists[i])))
			if (strcmp(r->key ? r->key : doc_text(doc_get(r, "class"), ""), class) == 0)
				return r;
	return NULL;
}

/* What the file says of resources stands where the twin says nothing; expressions count as not said. */
static void set_resource(struct reader *r, struct model_thing *t, const char *name, const struct doc *from, const char *unit, double scale)
{
	struct model_attr *a = model_block_attr(model_block(t, "resources"), name);
	if (!a || a->given || !from || (from->kind != DOC_INT && from->kind != DOC_FLOAT) || doc_number(from, 0) <= 0)
		return;
	const struct unit *u = NULL;
	size_t at, len;
	if (*unit)
		unit_parse(r->ck->arena, unit, strlen(unit), &u, &at, &len);
	double x = doc_number(from, 0) * scale;
	const struct value *v = *unit ? value_float(r->ck->arena, x, u) : value_int(r->ck->arena, (int64_t)x, NULL);
	a->expr = make_const(r->ck, r->span, v, type_number(r->ck->arena, *unit ? TYPE_FLOAT : TYPE_INT, u));
	a->span = r->span;
}

static void read_resources(struct reader *r, struct model_thing *t, const struct doc *process)
{
	const struct doc *resources = requirement(process, "ResourceRequirement");
	set_resource(r, t, "time", doc_get(requirement(process, "ToolTimeLimit"), "timelimit"), "s", 1);
	set_resource(r, t, "cpus", doc_get(resources, "coresMin"), "", 1);
	set_resource(r, t, "memory", doc_get(resources, "ramMin"), "B", 1048576); /* given in MiB */
}

/* A packed document stands for its process `main`. */
static void report_graph(struct checker *ck, const struct doc *file, const char *path, struct span span)
{
	struct diag *d = diag_here(diag_add(ck->diags, DIAG_E0503, span, "%s holds several processes, and none is called `main`", path), "which one?");
	struct buf b = {0};
	uint32_t n = 0;
	for (doc_each(p, doc_get(file, "$graph"))) {
		const char *id = doc_text(doc_get(p, "id"), "");
		if (*id && n++ < 8)
			buf_printf(&b, "%s`%s`", b.len ? ", " : "", *id == '#' ? id + 1 : id);
	}
	if (b.len)
		diag_note(d, "its `$graph` holds %s%s", buf_text(&b), n > 8 ? ", ..." : "");
	diag_help(d, "call the one that is meant `main`, or write it into a file of its own");
	buf_finish(&b);
}

void interface_cwl(struct checker *ck, struct model_thing *t, const struct doc *file, const char *path, struct span span)
{
	struct reader r = {.ck = ck, .file = file, .path = path, .span = span};
	static const char *const classes[] = {"CommandLineTool", "ExpressionTool", "Workflow", "Operation"};
	const struct doc *process = file;
	for (doc_each(p, doc_get(file, "$graph"))) {
		const char *id = doc_text(doc_get(p, "id"), "");
		if (strcmp(id, "main") == 0 || strcmp(id, "#main") == 0)
			process = p;
	}
	const char *class = doc_text(doc_get(process, "class"), ""), *version = doc_text(doc_get(file, "cwlVersion"), "");
	size_t k = 0;
	while (k < 4 && strcmp(classes[k], class) != 0)
		k++;
	bool known = strcmp(version, "v1.0") == 0 || strcmp(version, "v1.1") == 0 || strcmp(version, "v1.2") == 0;
	if (k == 4 && doc_get(file, "$graph")) {
		report_graph(ck, file, path, span);
		return;
	}
	if (k == 4 || !known) {
		struct diag *d = diag_add(ck->diags, DIAG_E0503, span, k == 4 ? "%s is no CWL process" : "%s is of a CWL version that is not known", path);
		diag_here(d, k == 4 ? "its class is `%s`" : "its cwlVersion is `%s`", k == 4 ? class : version);
		diag_help(d, "CommandLineTool, ExpressionTool and Workflow of v1.0 to v1.2 can be used");
		return;
	}
	read_fields(&r, doc_get(process, "inputs"), &t->inputs, &t->n_inputs, true);
	read_fields(&r, doc_get(process, "outputs"), &t->outputs, &t->n_outputs, false);
	read_resources(&r, t, process);
}
