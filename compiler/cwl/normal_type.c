/* Types and parameters in normal form: "File[]?" written out, named types in their place, formats as whole IRIs. */
#include "compiler/cwl/inside.h"

static const char *const primitives[] = { "null", "boolean", "int", "long", "float", "double", "string", "File", "Directory", "Any" };

static bool is_primitive(const char *name)
{
	for (size_t i = 0; i < sizeof primitives / sizeof *primitives; i++)
		if (strcmp(primitives[i], name) == 0)
			return true;
	return false;
}

void normal_declare(struct reader *r, const struct doc *types)
{
	if (!types || types->kind != DOC_LIST) {
		read_fail(r, types, "SchemaDefRequirement has no list of `types`");
		return;
	}
	for (doc_each(t, types)) {
		const char *name = doc_text(doc_get(t, "name"), NULL);
		if (!name)
			read_fail(r, t, "a type of SchemaDefRequirement has no `name`");
		else
			map_set(r->types, cwl_short_name(name), t);
	}
}

static struct doc *new_type(struct reader *r, const char *kind, const struct doc *at)
{
	struct doc *d = doc_map(r->arena);
	d->line = at ? at->line : 0;
	d->column = at ? at->column : 0;
	doc_append(r->arena, d, "type", doc_string(r->arena, kind));
	return d;
}

static struct doc *inlined(struct reader *r, const char *name, const struct doc *at)
{
	const struct doc *named = map_get(r->types, cwl_short_name(name));
	if (named)
		return normal_type(r, named);
	read_fail(r, at, "there is no type `%s`", name);
	read_help(r, "types are null, boolean, int, long, float, double, string, File, Directory, Any, and those of SchemaDefRequirement");
	return NULL;
}

static struct doc *type_of_name(struct reader *r, const char *name, const struct doc *at)
{
	size_t n = strlen(name);
	if (n > 1 && name[n - 1] == '?') {
		struct doc *list = doc_list(r->arena), *of = type_of_name(r, arena_strndup(r->arena, name, n - 1), at);
		doc_push(list, normal_string(r, "null", at));
		if (of && of->kind == DOC_LIST)
			return of;
		if (of)
			doc_push(list, of);
		return list;
	}
	if (n > 2 && strcmp(name + n - 2, "[]") == 0) {
		struct doc *array = new_type(r, "array", at);
		normal_put(r, array, "items", type_of_name(r, arena_strndup(r->arena, name, n - 2), at));
		return array;
	}
	return is_primitive(name) ? normal_string(r, name, at) : inlined(r, name, at);
}

static struct doc *type_of_list(struct reader *r, const struct doc *d)
{
	struct doc *list = doc_list(r->arena);
	for (doc_each(x, d)) {
		struct doc *t = normal_type(r, x), *next;
		if (!t)
			return NULL;
		for (struct doc *one = t->kind == DOC_LIST ? t->children.first : t; one; one = next) {
			next = t->kind == DOC_LIST ? one->next : NULL;
			one->next = NULL;
			doc_push(list, one);
		}
	}
	return list;
}

static void put_binding(struct reader *r, struct doc *to, const struct doc *from)
{
	const struct doc *in = doc_get(from, "inputBinding"), *out = doc_get(from, "outputBinding");
	if (in && in->kind == DOC_MAP && fields_check(r, in, FIELDS_BINDING, "an inputBinding"))
		normal_put(r, to, "inputBinding", doc_copy(r->arena, in));
	else if (in && in->kind != DOC_NULL)
		read_fail(r, in, "an inputBinding is a map");
	if (out && out->kind == DOC_MAP && fields_check(r, out, FIELDS_COLLECT, "an outputBinding"))
		normal_put(r, to, "outputBinding", doc_copy(r->arena, out));
	else if (out && out->kind != DOC_NULL)
		read_fail(r, out, "an outputBinding is a map");
}

static struct doc *symbols_of(struct reader *r, const struct doc *d)
{
	struct doc *list = doc_list(r->arena);
	for (doc_each(s, d))
		if (s->kind == DOC_STRING)
			doc_push(list, normal_string(r, cwl_short_name(s->string.text), s));
		else
			read_fail(r, s, "a symbol of an enum is a text");
	if (doc_len(list) == 0)
		read_fail(r, d, "an enum has no symbols");
	return list;
}

static struct doc *type_of_map(struct reader *r, const struct doc *d)
{
	const struct doc *inner = doc_get(d, "type");
	const char *kind = doc_text(inner, "");
	bool array = strcmp(kind, "array") == 0, record = strcmp(kind, "record") == 0, enumeration = strcmp(kind, "enum") == 0;
	if (!array && !record && !enumeration)
		return inner ? normal_type(r, inner) : (read_fail(r, d, "a type has no `type`"), NULL);
	if (!fields_check(r, d, FIELDS_TYPE, "a type"))
		return NULL;
	struct doc *to = new_type(r, kind, d);
	if (array && !doc_get(d, "items"))
		read_fail(r, d, "an array has no `items`");
	else if (array)
		normal_put(r, to, "items", normal_type(r, doc_get(d, "items")));
	else if (enumeration)
		normal_put(r, to, "symbols", symbols_of(r, doc_get(d, "symbols")));
	else
		normal_put(r, to, "fields", normal_params(r, doc_get(d, "fields"), "a field", false));
	put_binding(r, to, d);
	return to;
}

struct doc *normal_type(struct reader *r, const struct doc *d)
{
	struct doc *t = NULL;
	if (r->failed)
		return NULL;
	if (++r->depth > CWL_MAX_DEPTH || ++r->n_nodes > CWL_MAX_NODES)
		read_fail(r, d, "a type is nested too deeply, or within itself");
	else if (d->kind == DOC_STRING)
		t = type_of_name(r, d->string.text, d);
	else if (d->kind == DOC_LIST)
		t = type_of_list(r, d);
	else if (d->kind == DOC_MAP)
		t = type_of_map(r, d);
	else
		read_fail(r, d, "this is no type");
	r->depth--;
	return r->failed ? NULL : t;
}

/* -- parameters ------------------------------------------------------------------------------------------------------ */

static struct doc *format_iri(struct reader *r, const struct doc *d)
{
	const char *text = d->string.text, *colon = strchr(text, ':');
	if (cwl_is_expression(text) || !colon || strncmp(colon, "://", 3) == 0)
		return doc_copy(r->arena, d);
	const char *base = doc_text(doc_get(r->spaces, arena_strndup(r->arena, text, (size_t)(colon - text))), NULL);
	return base ? normal_string(r, arena_printf(r->arena, "%s%s", base, colon + 1), d) : doc_copy(r->arena, d);
}

struct doc *normal_format(struct reader *r, const struct doc *d)
{
	if (d->kind == DOC_STRING)
		return format_iri(r, d);
	if (d->kind != DOC_LIST) {
		read_fail(r, d, "a format is an IRI");
		return NULL;
	}
	struct doc *list = doc_list(r->arena);
	for (doc_each(x, d))
		if (x->kind == DOC_STRING)
			doc_push(list, format_iri(r, x));
	return list;
}

static struct doc *secondary(struct reader *r, const struct doc *d)
{
	struct doc *map = doc_map(r->arena);
	map->line = d->line;
	map->column = d->column;
	const struct doc *pattern = d->kind == DOC_MAP ? doc_get(d, "pattern") : d, *required = d->kind == DOC_MAP ? doc_get(d, "required") : NULL;
	const char *text = doc_text(pattern, NULL);
	size_t n = text ? strlen(text) : 0;
	if (!text || n == 0 || (d->kind == DOC_MAP && !fields_check(r, d, FIELDS_SECONDARY, "a secondary file"))) {
		read_fail(r, d, "a secondary file is a pattern");
		return map;
	}
	if (r->version == 10 && d->kind == DOC_STRING)
		return doc_copy(r->arena, d);
	bool optional = r->version >= 11 && text[n - 1] == '?' && !cwl_is_expression(text);
	doc_append(r->arena, map, "pattern", normal_string(r, optional ? arena_strndup(r->arena, text, n - 1) : text, pattern));
	if (optional)
		doc_append(r->arena, map, "required", doc_bool(r->arena, false));
	else if (required && required->kind != DOC_NULL)
		doc_append(r->arena, map, "required", doc_copy(r->arena, required));
	return map;
}

static struct doc *normal_secondary(struct reader *r, const struct doc *d)
{
	struct doc *list = doc_list(r->arena);
	if (d->kind != DOC_LIST)
		doc_push(list, secondary(r, d));
	else
		for (doc_each(x, d))
			doc_push(list, secondary(r, x));
	return list;
}

static void put_type(struct reader *r, struct doc *to, const struct doc *from, const char *what)
{
	static const char *const streams[] = { "stdin", "stdout", "stderr" };
	const struct doc *type = doc_get(from, "type");
	if (!type) {
		read_fail(r, from, "%s has no `type`", what);
		return;
	}
	for (size_t i = 0; i < 3; i++)
		if (type->kind == DOC_STRING && strcmp(type->string.text, streams[i]) == 0 && strcmp(what, i ? "an output" : "an input") == 0) {
			normal_put(r, to, "type", doc_copy(r->arena, type));
			return;
		}
	normal_put(r, to, "type", normal_type(r, type));
}

struct doc *normal_params(struct reader *r, const struct doc *d, const char *what, bool input)
{
	static const char *const same[] = { "label", "default", "streamable", "loadContents", "loadListing", "linkMerge", "pickValue", "outputSource" };
	bool field = strcmp(what, "a field") == 0;
	const char *key = field ? "name" : "id";
	struct doc *list = normal_list(r, d, key, "type", what), *kept = doc_list(r->arena);
	for (doc_each(p, list)) {
		struct doc *to = doc_map(r->arena);
		to->line = p->line;
		to->column = p->column;
		if (r->failed || !fields_check(r, p, field ? FIELDS_FIELD : input ? FIELDS_INPUT : FIELDS_OUTPUT, what))
			break;
		const char *name = cwl_short_name(doc_text(doc_get(p, key), ""));
		for (doc_each(other, kept))
			if (strcmp(doc_text(doc_get(other, key), ""), name) == 0)
				read_fail(r, p, "there are two of the name `%s`", name);
		normal_put(r, to, key, normal_string(r, name, p));
		put_type(r, to, p, what);
		const struct doc *doc = doc_get(p, "doc");
		if (doc && (doc->kind == DOC_STRING || doc->kind == DOC_LIST))
			normal_put(r, to, "doc", doc_copy(r->arena, doc));
		for (size_t i = 0; i < sizeof same / sizeof *same; i++)
			normal_put(r, to, same[i], doc_get(p, same[i]) ? doc_copy(r->arena, doc_get(p, same[i])) : NULL);
		put_binding(r, to, p);
		if (doc_get(p, "format") && doc_get(p, "format")->kind != DOC_NULL)
			normal_put(r, to, "format", normal_format(r, doc_get(p, "format")));
		if (doc_get(p, "secondaryFiles") && doc_get(p, "secondaryFiles")->kind != DOC_NULL)
			normal_put(r, to, "secondaryFiles", normal_secondary(r, doc_get(p, "secondaryFiles")));
		doc_push(kept, to);
	}
	return kept;
}
