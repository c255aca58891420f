/* The document tree: what every YAML and JSON text passes through, both ways. Ordered maps, typed scalars. */
#ifndef TWINC_DOC_DOC_H
#define TWINC_DOC_DOC_H
#include "compiler/base/arena.h"
#include "compiler/base/buf.h"
#include "compiler/doc/lines.h"
#include <stdbool.h>
#include <stdint.h>

enum doc_kind { DOC_NULL, DOC_BOOL, DOC_INT, DOC_FLOAT, DOC_STRING, DOC_LIST, DOC_MAP };
struct doc {
	enum doc_kind kind;
	uint32_t line, column;  /* where it was read, from 1; 0: made by us */
	struct span from;       /* made by us: the place in the twin that it says; or nowhere, then as what is around it */
	const char *key;        /* inside a map */
	const char *comment;    /* written before it in YAML, or NULL */
	const char *tag;        /* of a scalar, written before it in YAML: "!unsafe"; or NULL */
	struct doc *next;       /* next member or element */
	union {
		bool boolean;
		int64_t integer;
		double number;
		struct { const char *text; size_t len; } string;
		struct { struct doc *first, *last; uint32_t len; } children;
	};
};
struct doc *doc_null(struct arena *a);
struct doc *doc_bool(struct arena *a, bool v);
struct doc *doc_int(struct arena *a, int64_t v);
struct doc *doc_float(struct arena *a, double v);
struct doc *doc_string(struct arena *a, const char *s); /* copied */
struct doc *doc_string_n(struct arena *a, const char *s, size_t len);
struct doc *doc_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct doc *doc_list(struct arena *a);
struct doc *doc_map(struct arena *a);
void doc_push(struct doc *list, struct doc *item);
/* Appends; the key is copied; setting a key twice is a bug(). */
void doc_set(struct arena *a, struct doc *map, const char *key, struct doc *value);
/* The same for a text; nothing where it is NULL. */
void doc_set_text(struct arena *a, struct doc *map, const char *key, const char *text);
/* As doc_set, for a key that is known to be new, without looking. */
void doc_append(struct arena *a, struct doc *map, const char *key, struct doc *value);
/* The member, or NULL (also when `map` is NULL or no map). */
struct doc *doc_get(const struct doc *map, const char *key);
/* The text of a string node, or `otherwise` (also for NULL). Likewise the others. */
const char *doc_text(const struct doc *d, const char *otherwise);
int64_t doc_integer(const struct doc *d, int64_t otherwise);
double doc_number(const struct doc *d, double otherwise); /* int or float */
bool doc_truth(const struct doc *d, bool otherwise);
uint32_t doc_len(const struct doc *d);
bool doc_equal(const struct doc *a, const struct doc *b); /* maps regardless of order; int 1 and float 1.0 differ */
/* for (doc_each(item, list)) ... */
#define doc_each(item, parent) \
	struct doc *item = (parent) && (parent)->kind >= DOC_LIST ? (parent)->children.first : NULL; item; item = item->next

/* Sets the place in the twin that it comes from; gives d. */
struct doc *doc_from(struct doc *d, struct span from);
/* A copy in the arena, without the link to what follows it. */
struct doc *doc_copy(struct arena *a, const struct doc *d);
/* The same in a second place: what is below it is shared, so neither is changed any more, and both live as long as d. */
struct doc *doc_share(struct arena *a, const struct doc *d);

#define DOC_MAX_DEPTH 600
/* JSON (jansson): *ret_error is arena text with line and column, on false. Duplicate keys are errors. */
bool doc_json_read(struct arena *a, const char *text, size_t len, struct doc **ret, char **ret_error);
/* indent 0: one line, `{"a": 1, "b": [1, 2]}` with a blank after ':' and ','; else pretty. No trailing newline. Numbers
 * as number_text writes them (ECMAScript), so 3.0 is `3`; what is not finite is null. Strings as UTF-8; bytes that are not UTF-8 become U+FFFD. */
void doc_json_write(const struct doc *d, int indent, struct buf *ret);
void doc_json_write_below(const struct doc *d, int indent, int depth, struct buf *ret); /* as it stands so deep in another */
void doc_json_write_lines(const struct doc *d, int indent, struct buf *ret, struct lines *lines); /* lines: or NULL */
/* YAML 1.2 core as libyaml reads it, with YAML 1.1's yes/no/on/off and octals kept as strings; anchors are expanded with
 * a bound, duplicate keys and tags other than the core's are errors. */
bool doc_yaml_read(struct arena *a, const char *text, size_t len, struct doc **ret, char **ret_error);
/* Block style; strings quoted where YAML 1.1 or 1.2 would read another type; multi-line text as `|` where exact. */
void doc_yaml_write(const struct doc *d, struct buf *ret);
void doc_yaml_write_lines(const struct doc *d, struct buf *ret, struct lines *lines); /* lines: or NULL */
/* Unified list of differences: "path: old -> new", one a line; empty when equal. */
void doc_diff(const struct doc *a, const struct doc *b, struct buf *ret);
#endif
