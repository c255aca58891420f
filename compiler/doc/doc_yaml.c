#include "compiler/base/map.h"
#include "compiler/doc/doc.h"
#include "compiler/doc/yaml_scalar.h"
#include <string.h>
#include <yaml.h>

#define MAX_EXPANDED 200000 /* nodes that aliases may add */

struct reader {
	struct arena *arena;
	yaml_parser_t parser;
	yaml_event_t event; /* the current one */
	bool has_event;
	struct map anchors; /* name -> struct doc */
	uint32_t n_expanded, depth;
	char *error;
};

static bool fail(struct reader *r, yaml_mark_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));
static bool fail(struct reader *r, yaml_mark_t at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *what = arena_vprintf(r->arena, format, args);
	va_end(args);
	r->error = arena_printf(r->arena, "line %zu, column %zu: %s", at.line + 1, at.column + 1, what);
	return false;
}

static bool next(struct reader *r)
{
	if (r->has_event)
		yaml_event_delete(&r->event);
	r->has_event = yaml_parser_parse(&r->parser, &r->event) == 1;
	if (r->has_event)
		return true;
	const char *problem = r->parser.problem ? r->parser.problem : "not YAML";
	return fail(r, r->parser.problem_mark, "%s%s%s", r->parser.context ? r->parser.context : "", r->parser.context ? ": " : "", problem);
}

/* The name behind a core tag; "" without a tag, "!" for the non-specific one; NULL for any other. */
static const char *core_tag(const yaml_char_t *tag)
{
	static const char prefix[] = "tag:yaml.org,2002:";
	const char *t = (const char *)tag;
	if (!t || strcmp(t, "!") == 0)
		return t ? "!" : "";
	if (strncmp(t, prefix, sizeof prefix - 1) != 0)
		return NULL;
	t += sizeof prefix - 1;
	static const char *const known[] = {"str", "int", "float", "bool", "null", "seq", "map"};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(t, known[i]) == 0)
			return known[i];
	}
	return NULL;
}

static bool has_kind(const struct doc *d, const char *tag)
{
	static const char *const names[] = {
		[DOC_NULL] = "null", [DOC_BOOL] = "bool", [DOC_INT] = "int", [DOC_FLOAT] = "float",
		[DOC_STRING] = "str", [DOC_LIST] = "seq", [DOC_MAP] = "map",
	};
	return strcmp(names[d->kind], tag) == 0;
}

static bool read_scalar(struct reader *r, struct doc **ret)
{
	const char *text = (const char *)r->event.data.scalar.value;
	size_t len = r->event.data.scalar.length;
	const char *tag = core_tag(r->event.data.scalar.tag);
	if (memchr(text, '\0', len))
		return fail(r, r->event.start_mark, "a text holds a NUL byte");
	if (!tag)
		return fail(r, r->event.start_mark, "the tag %s is not known", r->event.data.scalar.tag);
	bool plain = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE && tag[0] == '\0';
	bool as_text = !plain && (tag[0] == '\0' || tag[0] == '!' || strcmp(tag, "str") == 0);
	struct doc *d = as_text ? doc_string_n(r->arena, text, len) : yaml_scalar_read(r->arena, text, len);
	if (!plain && !as_text) {
		if (strcmp(tag, "float") == 0 && d->kind == DOC_INT)
			d = doc_float(r->arena, (double)d->integer);
		if (!has_kind(d, tag))
			return fail(r, r->event.start_mark, "\"%s\" is no %s", text, tag);
	}
	*ret = d;
	return true;
}

static bool read_node(struct reader *r, struct doc **ret);

static bool read_list(struct reader *r, struct doc **ret)
{
	const char *tag = core_tag(r->event.data.sequence_start.tag);
	if (!tag || (tag[0] && tag[0] != '!' && strcmp(tag, "seq") != 0))
		return fail(r, r->event.start_mark, "the tag %s does not fit a list", r->event.data.sequence_start.tag);
	struct doc *list = doc_list(r->arena);
	while (next(r) && r->event.type != YAML_SEQUENCE_END_EVENT) {
		struct doc *item = NULL;
		if (!read_node(r, &item))
			return false;
		doc_push(list, item);
	}
	*ret = list;
	return !r->error;
}

static bool read_key(struct reader *r, struct map *seen, const char **ret)
{
	if (r->event.type != YAML_SCALAR_EVENT)
		return fail(r, r->event.start_mark, "a key must be plain text");
	const char *text = (const char *)r->event.data.scalar.value;
	size_t len = r->event.data.scalar.length;
	if (memchr(text, '\0', len))
		return fail(r, r->event.start_mark, "a key with a zero byte");
	if (strcmp(text, "<<") == 0 && r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		return fail(r, r->event.start_mark, "merge keys (<<) are no part of YAML 1.2");
	char *key = arena_strndup(r->arena, text, len);
	if (map_set_n(seen, key, len, key))
		return fail(r, r->event.start_mark, "the key \"%s\" stands here twice", key);
	*ret = key;
	return true;
}

static bool read_members(struct reader *r, struct map *seen, struct doc *map)
{
	while (next(r) && r->event.type != YAML_MAPPING_END_EVENT) {
		const char *key = NULL;
		struct doc *member = NULL;
		if (!read_key(r, seen, &key) || !next(r) || !read_node(r, &member))
			return false;
		doc_append(r->arena, map, key, member);
	}
	return !r->error;
}

static bool read_map(struct reader *r, struct doc **ret)
{
	const char *tag = core_tag(r->event.data.mapping_start.tag);
	if (!tag || (tag[0] && tag[0] != '!' && strcmp(tag, "map") != 0))
		return fail(r, r->event.start_mark, "the tag %s does not fit a map", r->event.data.mapping_start.tag);
	struct doc *map = doc_map(r->arena);
	struct map seen = {0};
	bool fine = read_members(r, &seen, map);
	map_finish(&seen);
	if (fine)
		*ret = map;
	return fine;
}

static uint32_t count_nodes(const struct doc *d)
{
	uint32_t n = 1;
	for (doc_each(child, d))
		n += count_nodes(child);
	return n;
}

static bool read_alias(struct reader *r, struct doc **ret)
{
	const char *name = (const char *)r->event.data.alias.anchor;
	const struct doc *d = map_get(&r->anchors, name);
	if (!d)
		return fail(r, r->event.start_mark, "there is no anchor &%s before this", name);
	r->n_expanded += count_nodes(d);
	if (r->n_expanded > MAX_EXPANDED)
		return fail(r, r->event.start_mark, "aliases expand to more than %d nodes", MAX_EXPANDED);
	*ret = doc_copy(r->arena, d);
	return true;
}

static uint32_t depth_of(const struct doc *d)
{
	uint32_t deepest = 0;
	for (doc_each(child, d)) {
		uint32_t depth = depth_of(child);
		deepest = depth > deepest ? depth : deepest;
	}
	return deepest + 1;
}

static bool read_content(struct reader *r, struct doc **ret, const yaml_char_t **ret_anchor)
{
	switch (r->event.type) {
	case YAML_SCALAR_EVENT:
		*ret_anchor = r->event.data.scalar.anchor;
		return read_scalar(r, ret);
	case YAML_SEQUENCE_START_EVENT:
		*ret_anchor = r->event.data.sequence_start.anchor;
		break;
	case YAML_MAPPING_START_EVENT:
		*ret_anchor = r->event.data.mapping_start.anchor;
		break;
	case YAML_ALIAS_EVENT:
		return read_alias(r, ret) && (depth_of(*ret) + r->depth <= DOC_MAX_DEPTH + 1 ||
			fail(r, r->event.start_mark, "nested more than %d deep", DOC_MAX_DEPTH));
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return fail(r, r->event.start_mark, "a value is missing");
	}
	/* The event goes with the next one. */
	if (*ret_anchor)
		*ret_anchor = (const yaml_char_t *)arena_strdup(r->arena, (const char *)*ret_anchor);
	return r->event.type == YAML_SEQUENCE_START_EVENT ? read_list(r, ret) : read_map(r, ret);
}

/* The node that starts with the current event; afterwards its last event is current. */
static bool read_node(struct reader *r, struct doc **ret)
{
	yaml_mark_t at = r->event.start_mark;
	if (++r->depth > DOC_MAX_DEPTH)
		return fail(r, at, "nested more than %d deep", DOC_MAX_DEPTH);
	const yaml_char_t *anchor = NULL;
	struct doc *d = NULL;
	if (!read_content(r, &d, &anchor))
		return false;
	r->depth--;
	d->line = (uint32_t)at.line + 1;
	d->column = (uint32_t)at.column + 1;
	if (anchor)
		map_set(&r->anchors, arena_strdup(r->arena, (const char *)anchor), d);
	*ret = d;
	return true;
}

static bool read_stream(struct reader *r, struct doc **ret)
{
	struct doc *d = NULL;
	if (!next(r) || !next(r)) /* stream start, document start */
		return false;
	if (r->event.type == YAML_STREAM_END_EVENT) {
		*ret = doc_null(r->arena);
		return true;
	}
	if (!next(r) || !read_node(r, &d) || !next(r) || !next(r)) /* document end, stream end */
		return false;
	if (r->event.type != YAML_STREAM_END_EVENT)
		return fail(r, r->event.start_mark, "a second document in one file");
	*ret = d;
	return true;
}

bool doc_yaml_read(struct arena *a, const char *text, size_t len, struct doc **ret, char **ret_error)
{
	struct reader r = {.arena = a};
	if (!yaml_parser_initialize(&r.parser)) {
		*ret_error = arena_strdup(a, "out of memory");
		return false;
	}
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
	bool fine = read_stream(&r, ret);
	if (!fine)
		*ret_error = r.error;
	if (r.has_event)
		yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	map_finish(&r.anchors);
	return fine;
}
