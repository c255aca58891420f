/* Inputs and outputs of a CWL process, as types of ours. */
#include "compiler/base/file.h"
#include "compiler/cwl/cwl.h"
#include "compiler/model/interface.h"
#include <ctype.h>
#include <string.h>

struct reader { struct checker *ck; struct span span; };

static const struct format *find_format(struct reader *r, const struct doc *d)
{
	const char *iri = doc_text(d, NULL);
	for (uint32_t i = 0; iri && i < r->ck->formats.cap; i++) {
		const struct format *f = r->ck->formats.entries[i].key ? r->ck->formats.entries[i].value : NULL;
		if (f && f->iri && strcmp(f->iri, iri) == 0)
			return f;
	}
	return NULL;
}

/* A name of CWL as one that can be written in a twin: what is no letter becomes `_`, a reserved word gets one behind it. */
static const char *plain_name(struct reader *r, const char *name)
{
	static const char *const reserved[] = {"for", "if", "else", "repeat", "import", "fn", "as", "in", "matching", "true", "false", "null"};
	bool taken = false;
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		taken = taken || strcmp(reserved[i], name) == 0;
	char *text = arena_printf(r->ck->arena, "%s%s%s", isdigit((unsigned char)name[0]) ? "_" : "", name, taken ? "_" : "");
	for (char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c))
			*c = '_';
	return intern_str(r->ck->intern, text);
}

static const struct type *type_of(struct reader *r, const struct cwl_type *t, const struct format *format);

static const struct type *enum_type(struct reader *r, const struct cwl_type *t)
{
	struct type *e = arena_new(r->ck->arena, struct type);
	e->kind = TYPE_ENUM;
	e->members = t->symbols;
	e->n = t->n_symbols;
	return e;
}

static const struct type *record_type(struct reader *r, const struct cwl_type *t)
{
	struct type_field *list = arena_new_n(r->ck->arena, struct type_field, t->n_fields + 1);
	for (uint32_t i = 0; i < t->n_fields; i++) /* under their own names: a record's values travel by them */
		list[i] = (struct type_field){.name = t->fields[i].name, .type = type_of(r, t->fields[i].type, find_format(r, t->fields[i].format))};
	return type_record(r->ck->arena, list, t->n_fields, NULL);
}

static const struct type *union_type(struct reader *r, const struct cwl_type *t, const struct format *format)
{
	const struct type *joined = NULL;
	bool absent = false, any = false;
	for (uint32_t i = 0; i < t->n_of; i++) {
		const struct type *one = type_of(r, t->of[i], format);
		if (one->kind == TYPE_NULL) {
			absent = true;
			continue;
		}
		joined = joined ? type_join(r->ck->arena, joined, one) : one;
		any = any || one->kind == TYPE_ANY || !joined;
	}
	joined = joined && !any ? joined : any ? &type_any : &type_null;
	return absent && joined->kind != TYPE_NULL ? type_optional(r->ck->arena, joined) : joined;
}

static const struct type *type_of(struct reader *r, const struct cwl_type *t, const struct format *format)
{
	switch (t->kind) {
	case CWL_NULL: return &type_null;
	case CWL_BOOLEAN: return &type_bool;
	case CWL_INT: return &type_int;
	case CWL_FLOAT: return &type_float;
	case CWL_STRING: return &type_string;
	case CWL_FILE: return type_path(r->ck->arena, TYPE_FILE, format);
	case CWL_DIRECTORY: return type_path(r->ck->arena, TYPE_DIR, NULL);
	case CWL_ANY: return &type_any;
	case CWL_ENUM: return enum_type(r, t);
	case CWL_RECORD: return record_type(r, t);
	case CWL_ARRAY: return type_list(r->ck->arena, type_of(r, t->of[0], format));
	case CWL_UNION: return union_type(r, t, format);
	}
	return &type_any;
}

static void add_fields(struct reader *r, const struct cwl_param *list, uint32_t n, struct model_field **ret, uint32_t *ret_n, bool input)
{
	*ret = arena_new_n(r->ck->arena, struct model_field, n + 1);
	*ret_n = n;
	for (uint32_t i = 0; i < n; i++) {
		const struct cwl_param *p = &list[i];
		struct model_field *f = &(*ret)[i];
		*f = (struct model_field){.name = plain_name(r, p->name), .doc = p->doc, .span = r->span, .type = type_of(r, p->type, find_format(r, p->format))};
		if (input && p->fallback && f->type->kind != TYPE_OPTIONAL)
			f->type = type_optional(r->ck->arena, f->type);
	}
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
	int64_t whole = (int64_t)x + (x > (double)(int64_t)x);
	const struct value *v = strcmp(unit, "s") == 0 ? value_float(r->ck->arena, x, u) : value_int(r->ck->arena, whole, u);
	a->expr = make_const(r->ck, r->span, v, type_number(r->ck->arena, strcmp(unit, "s") == 0 ? TYPE_FLOAT : TYPE_INT, u));
	a->span = r->span;
}

/* The line and column that the trouble is at, as a span of the foreign file. */
static bool foreign_span(struct checker *ck, const char *file, const char *shown, const struct cwl_error *e, struct span *ret)
{
	char *text;
	size_t len, at = 0;
	if (e->line == 0 || file_read(ck->arena, file, (size_t)16 << 20, &text, &len) != 0)
		return false;
	for (uint32_t line = 1; line < e->line && at < len; at++)
		line += text[at] == '\n';
	size_t end = at + strcspn(text + at, "\n"), start = at + (e->column ? e->column - 1 : 0);
	if (start >= end)
		return false;
	*ret = (struct span){sources_add(ck->sources, shown, text, len), (uint32_t)start, (uint32_t)end};
	return true;
}

/* A path below the twin's folder as it would be written there. */
static const char *shown_path(struct checker *ck, const char *path, const char *shown, const char *of)
{
	const char *folder = file_dirname(ck->arena, path);
	size_t n = strlen(folder);
	if (strncmp(of, folder, n) != 0 || of[n] != '/')
		return of;
	return file_join(ck->arena, file_dirname(ck->arena, shown), of + n + 1);
}

static void report(struct checker *ck, const struct cwl_error *e, const char *path, const char *shown, struct span span)
{
	const char *hash = strrchr(path, '#'), *file = e->file ? e->file : hash ? arena_strndup(ck->arena, path, (size_t)(hash - path)) : path;
	const char *name = shown_path(ck, path, shown, file);
	bool missing = e->missing && e->line == 0;
	struct span at;
	enum diag_code code = missing ? DIAG_E0502 : e->unsupported ? DIAG_E0510 : DIAG_E0503;
	if (missing) {
		const char *reason = strrchr(e->message, ':');
		diag_help(diag_here(diag_add(ck->diags, code, span, "cannot read %s", name), "%s", reason ? reason + 2 : e->message), "the path starts from the folder of the twin");
		return;
	}
	struct diag *d = diag_here(diag_add(ck->diags, code, span, "%s cannot be used: %s", name, e->message), "%s", e->line ? "read here" : "its inputs and outputs stay unknown");
	if (foreign_span(ck, file, name, e, &at))
		diag_label(d, at, "%s", e->message);
	else if (e->line)
		diag_note(d, "%s:%u:%u", name, e->line, e->column);
	if (e->help)
		diag_help(d, "%s", e->help);
}

void interface_cwl(struct checker *ck, struct model_thing *t, const char *path, const char *shown, struct span span)
{
	struct reader r = {.ck = ck, .span = span};
	struct cwl_error error = {0};
	struct doc *normal = cwl_read(ck->arena, path, &error);
	const struct cwl_process *p = normal ? cwl_load(ck->arena, normal, &error) : NULL;
	if (!p) {
		report(ck, &error, path, shown, span);
		return;
	}
	t->cwl = normal;
	add_fields(&r, p->inputs, p->n_inputs, &t->inputs, &t->n_inputs, true);
	add_fields(&r, p->outputs, p->n_outputs, &t->outputs, &t->n_outputs, false);
	set_resource(&r, t, "time", p->class == CWL_TOOL ? p->time_s : NULL, "s", 1);
	set_resource(&r, t, "cpus", p->cores, "", 1);
	set_resource(&r, t, "memory", p->ram_mib, "B", 1048576); /* given in MiB */
}
