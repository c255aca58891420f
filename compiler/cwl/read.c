/* Files of CWL: read with everything that they import and include, and the process that is meant in them. */
#include "compiler/base/file.h"
#include "compiler/cwl/inside.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

bool read_fail(struct reader *r, const struct doc *at, const char *format, ...)
{
	if (r->failed)
		return false;
	va_list args;
	va_start(args, format);
	r->failed = true;
	*r->error = (struct cwl_error){ .message = arena_vprintf(r->arena, format, args), .file = r->file };
	va_end(args);
	if (at && !r->imported) {
		r->error->line = at->line;
		r->error->column = at->column;
	}
	return false;
}

bool read_help(struct reader *r, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (!r->error->help)
		r->error->help = arena_vprintf(r->arena, format, args);
	va_end(args);
	return false;
}

const char *cwl_short_name(const char *name)
{
	const char *hash = strrchr(name, '#'), *slash = strrchr(hash ? hash : name, '/');
	return slash ? slash + 1 : hash ? hash + 1 : name;
}

bool cwl_is_expression(const char *text)
{
	return strstr(text, "$(") || strstr(text, "${");
}

/* -- references ----------------------------------------------------------------------------------------------------- */

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A relative or file reference as a path. */
static const char *path_of(struct reader *r, const char *ref)
{
	char *text = arena_strdup(r->arena, strncmp(ref, "file://", 7) == 0 ? ref + 7 : ref), *to = text;
	for (const char *c = text; *c; c++, to++) {
		bool coded = *c == '%' && hex(c[1]) >= 0 && hex(c[2]) >= 0 && hex(c[1]) + hex(c[2]) > 0;
		*to = coded ? (char)(hex(c[1]) * 16 + hex(c[2])) : *c;
		c += coded ? 2 : 0;
	}
	*to = 0;
	return file_join(r->arena, r->folder, text);
}

static bool is_remote(const char *ref)
{
	const char *colon = strstr(ref, "://");
	return colon && strncmp(ref, "file://", 7) != 0;
}

/* -- resolving: a copy with imports inlined -------------------------------------------------------------------------- */

static struct doc *resolve(struct reader *r, const struct doc *d);

static struct doc *new_node(struct reader *r, const struct doc *d)
{
	struct doc *n = arena_copy(r->arena, d, sizeof *d);
	n->next = NULL;
	n->key = NULL;
	n->comment = NULL;
	if (r->imported)
		n->line = n->column = 0;
	if (++r->n_nodes > CWL_MAX_NODES)
		read_fail(r, d, "it is too large with everything that it imports");
	return n;
}

static struct doc *import(struct reader *r, const struct doc *ref)
{
	const char *text = doc_text(ref, ""), *hash = strchr(text, '#'), *file = r->file, *folder = r->folder;
	bool imported = r->imported;
	if (r->depth > CWL_MAX_DEPTH || is_remote(text)) {
		read_fail(r, ref, is_remote(text) ? "`%s` is not on this machine" : "`%s` imports itself", text);
		return NULL;
	}
	struct doc *d = read_file(r, path_of(r, hash ? arena_strndup(r->arena, text, (size_t)(hash - text)) : text), ref);
	r->depth++;
	r->imported = true;
	d = d ? resolve(r, d) : NULL;
	r->depth--;
	r->file = file;
	r->folder = folder;
	r->imported = imported;
	for (doc_each(p, hash ? doc_get(d, "$graph") : NULL))
		if (strcmp(cwl_short_name(doc_text(doc_get(p, "id"), "")), cwl_short_name(hash)) == 0)
			return p;
	return d;
}

static struct doc *include(struct reader *r, const struct doc *ref)
{
	char *text;
	size_t len;
	const char *path = path_of(r, doc_text(ref, ""));
	int e = is_remote(doc_text(ref, "")) ? ENOENT : file_read(r->arena, path, CWL_MAX_FILE_BYTES, &text, &len);
	if (e) {
		read_fail(r, ref, "cannot read %s: %s", path, strerror(e));
		r->error->missing = true;
		return NULL;
	}
	return doc_string_n(r->arena, text, len);
}

/* {class: File, location: ...}: its place from here, as an absolute path. */
static void settle_file(struct reader *r, struct doc *d)
{
	const char *class = doc_text(doc_get(d, "class"), "");
	struct doc *location = doc_get(d, "location"), *path = doc_get(d, "path");
	const char *text = doc_text(location, doc_text(path, NULL));
	if ((strcmp(class, "File") != 0 && strcmp(class, "Directory") != 0) || !text || is_remote(text) || cwl_is_expression(text) || text[0] == '_')
		return;
	struct doc *n = doc_string(r->arena, location ? path_of(r, text) : file_join(r->arena, r->folder, text)), *old = location ? location : path;
	n->next = old->next;
	n->key = "path";
	n->line = old->line;
	n->column = old->column;
	*old = *n;
}

static struct doc *resolve_map(struct reader *r, const struct doc *d)
{
	struct doc *first = d->children.first;
	if (first && !first->next && strcmp(first->key, "$import") == 0)
		return import(r, first);
	if (first && !first->next && strcmp(first->key, "$include") == 0)
		return include(r, first);
	struct doc *map = new_node(r, d);
	map->children.first = map->children.last = NULL;
	map->children.len = 0;
	for (doc_each(m, d)) {
		struct doc *value = resolve(r, m);
		if (!value)
			return NULL;
		doc_append(r->arena, map, m->key, value);
	}
	settle_file(r, map);
	return map;
}

static struct doc *resolve(struct reader *r, const struct doc *d)
{
	if (r->failed)
		return NULL;
	if (d->kind == DOC_MAP)
		return resolve_map(r, d);
	struct doc *n = new_node(r, d);
	if (d->kind != DOC_LIST)
		return n;
	n->children.first = n->children.last = NULL;
	n->children.len = 0;
	for (doc_each(item, d)) {
		struct doc *value = resolve(r, item);
		if (!value)
			return NULL;
		bool splice = value->kind == DOC_LIST && item->kind == DOC_MAP; /* an import of a list stands for its elements */
		struct doc *next, *one = splice ? value->children.first : value;
		for (; one; one = next) {
			next = splice ? one->next : NULL;
			one->next = NULL;
			doc_push(n, one);
		}
	}
	return n;
}

struct doc *read_file(struct reader *r, const char *path, const struct doc *at)
{
	char *text, *error;
	size_t len;
	struct doc *d;
	int e = ++r->n_files > CWL_MAX_FILES ? EMFILE : file_read(r->arena, path, CWL_MAX_FILE_BYTES, &text, &len);
	if (e) {
		read_fail(r, at, "cannot read %s: %s", path, e == EINVAL ? "not a regular file" : strerror(e));
		r->error->missing = true;
		return NULL;
	}
	r->file = path;
	r->folder = file_dirname(r->arena, path);
	if (!doc_yaml_read(r->arena, text, len, &d, &error)) {
		read_fail(r, NULL, "cannot be read: %s", error);
		return NULL;
	}
	return d;
}

/* -- processes ------------------------------------------------------------------------------------------------------ */

static int version_of(const struct doc *d)
{
	static const char *const known[] = { "v1.0", "v1.1", "v1.2" };
	const char *text = doc_text(doc_get(d, "cwlVersion"), "");
	for (int i = 0; i < 3; i++)
		if (strcmp(known[i], text) == 0)
			return 10 + i;
	return 0;
}

static const struct doc *of_graph(struct reader *r, const struct doc *graph, const char *name, const struct doc *at)
{
	const struct doc *only = doc_len(graph) == 1 ? graph->children.first : NULL;
	for (doc_each(p, graph)) {
		const char *id = doc_text(doc_get(p, "id"), ""), *hash = strchr(id, '#');
		if (strcmp(hash ? hash + 1 : id, name ? name : "main") == 0)
			return p;
	}
	if (only && !name)
		return only;
	read_fail(r, at, name ? "it has no process `%s`" : "it has several processes, and none is `main`", name);
	struct buf b = { 0 };
	for (doc_each(p, graph))
		buf_printf(&b, "%s`%s`", b.len ? ", " : "", cwl_short_name(doc_text(doc_get(p, "id"), "")));
	read_help(r, "it holds %.300s; the one that is meant is named behind the file: `file = \"x.cwl#name\"`", buf_text(&b));
	buf_finish(&b);
	return NULL;
}

/* The process of the file that was just read. */
static struct doc *process_of(struct reader *r, const struct doc *raw, const char *name, const struct doc *at)
{
	struct doc *d = resolve(r, raw);
	if (!d)
		return NULL;
	if (d->kind != DOC_MAP) {
		read_fail(r, d, "it is no CWL process");
		return NULL;
	}
	r->version = version_of(d);
	if (r->version == 0) {
		const char *said = doc_text(doc_get(d, "cwlVersion"), NULL);
		read_fail(r, doc_get(d, "cwlVersion"), said ? "its cwlVersion `%s` is not known" : "it does not say its cwlVersion", said);
		read_help(r, "v1.0, v1.1 and v1.2 can be read");
		return NULL;
	}
	r->spaces = doc_get(d, "$namespaces");
	r->graph = doc_get(d, "$graph");
	const char *id = doc_text(doc_get(d, "id"), "");
	if (!r->graph && name && *name && strcmp(cwl_short_name(id), name) != 0) {
		read_fail(r, at, "it has no process `%s`", name);
		return NULL;
	}
	const struct doc *process = r->graph ? of_graph(r, r->graph, name, at) : d;
	return process ? normal_process(r, process) : NULL;
}

static struct doc *read_reference(struct reader *r, const struct doc *run)
{
	const char *text = run->string.text, *hash = strchr(text, '#');
	if (hash == text || (!hash && r->graph && !file_exists(path_of(r, text)))) {
		const struct doc *p = of_graph(r, r->graph, hash ? hash + 1 : text, run);
		return p ? normal_process(r, p) : NULL;
	}
	if (is_remote(text)) {
		read_fail(r, run, "`%s` is not on this machine", text);
		return NULL;
	}
	struct reader inner = *r;
	struct doc *d = read_file(&inner, path_of(r, hash ? arena_strndup(r->arena, text, (size_t)(hash - text)) : text), run);
	inner.imported = false;
	d = d ? process_of(&inner, d, hash ? hash + 1 : NULL, NULL) : NULL;
	r->failed = inner.failed;
	r->n_files = inner.n_files;
	r->n_nodes = inner.n_nodes;
	return d;
}

struct doc *read_process(struct reader *r, const struct doc *run)
{
	struct map *types = r->types;
	if (++r->depth > CWL_MAX_DEPTH) {
		read_fail(r, run, "it runs itself");
		return NULL;
	}
	struct doc *d = NULL;
	if (run && run->kind == DOC_STRING)
		d = read_reference(r, run);
	else if (run && run->kind == DOC_MAP)
		d = normal_process(r, run);
	else
		read_fail(r, run, "`run` is a file or a process");
	r->depth--;
	r->types = types;
	return d;
}

struct doc *cwl_read(struct arena *a, const char *path, struct cwl_error *ret_error)
{
	struct cwl_error error = { 0 };
	const char *hash = strrchr(path, '#'), *file = hash ? arena_strndup(a, path, (size_t)(hash - path)) : path;
	struct reader r = { .arena = a, .error = &error, .file = file };
	struct doc *d = read_file(&r, file, NULL);
	if (d)
		d = process_of(&r, d, hash ? hash + 1 : NULL, NULL);
	if (d && !r.failed)
		return d;
	*ret_error = error;
	return NULL;
}

/* -- identity ------------------------------------------------------------------------------------------------------- */

struct identity { struct arena *arena; const char *(*tell)(const char *path, void *ctx); void *ctx; };

static struct doc *identity(struct identity *id, const struct doc *d, bool data)
{
	const char *class = doc_text(doc_get(d, "class"), ""), *path = doc_text(doc_get(d, "path"), NULL);
	bool is_file = path && path[0] == '/' && (strcmp(class, "File") == 0 || strcmp(class, "Directory") == 0);
	if (d->kind < DOC_LIST)
		return doc_copy(id->arena, d);
	struct doc *to = d->kind == DOC_MAP ? doc_map(id->arena) : doc_list(id->arena);
	for (doc_each(m, d)) {
		bool words = d->kind == DOC_MAP && !data && (strcmp(m->key, "doc") == 0 || strcmp(m->key, "label") == 0);
		if (words)
			continue;
		struct doc *value = NULL;
		if (is_file && strcmp(m->key, "path") == 0) {
			const char *told = id->tell(path, id->ctx);
			value = told ? doc_string(id->arena, told) : NULL;
		}
		if (!value)
			value = identity(id, m, data || (d->kind == DOC_MAP && strcmp(m->key, "default") == 0));
		if (d->kind == DOC_MAP)
			doc_append(id->arena, to, m->key, value);
		else
			doc_push(to, value);
	}
	return to;
}

struct doc *cwl_identity(struct arena *a, const struct doc *normal, const char *(*tell)(const char *path, void *ctx), void *ctx)
{
	struct identity id = { a, tell, ctx };
	return identity(&id, normal, false);
}
