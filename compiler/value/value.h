/* Values: immutable, in the arena of whoever made them. */
#ifndef TWINC_VALUE_VALUE_H
#define TWINC_VALUE_VALUE_H
#include "compiler/doc/doc.h"
#include "compiler/value/type.h"

enum value_kind { VALUE_NULL, VALUE_BOOL, VALUE_INT, VALUE_FLOAT, VALUE_STRING, VALUE_PATH, VALUE_LIST, VALUE_RECORD, VALUE_RANGE, VALUE_SECRET };
struct value_field { const char *name; const struct value *value; };
struct value {
	enum value_kind kind;
	bool is_dir;             /* PATH */
	const struct unit *unit; /* INT, FLOAT: NULL for a plain number */
	union {
		bool boolean;
		int64_t integer;
		double number;
		struct { const char *text; size_t len; } string; /* STRING; SECRET: the name it is bound by, never its content */
		struct { const char *path, *digest; } file;      /* PATH: absolute, or relative to the current folder; digest: SHA-256 hex or NULL while unknown */
		struct { const struct value **items; uint32_t len; } list;
		struct { const struct value_field *fields; uint32_t len; } record; /* maps: sorted bytewise by name; records and results: in order */
		struct { const struct value *low, *high; } range;
	};
};
extern const struct value value_null, value_true, value_false;
const struct value *value_bool(bool v);
const struct value *value_int(struct arena *a, int64_t v, const struct unit *u);
const struct value *value_float(struct arena *a, double v, const struct unit *u);
const struct value *value_string(struct arena *a, const char *s); /* copied */
const struct value *value_string_n(struct arena *a, const char *s, size_t len);
const struct value *value_path(struct arena *a, const char *path, bool is_dir, const char *digest); /* copied */
const struct value *value_list(struct arena *a, const struct value **items, uint32_t len); /* items borrowed */
const struct value *value_record(struct arena *a, const struct value_field *fields, uint32_t len);
const struct value *value_range(struct arena *a, const struct value *low, const struct value *high);
const struct value *value_secret(struct arena *a, const char *name);
const struct value *value_member(const struct value *record, const char *name); /* NULL where there is none */
/* What `for (a, b) in` takes apart: a list of two, or a record of two as zip and enumerate give. */
bool value_pair(const struct value *v, const struct value **ret_first, const struct value **ret_second);
static inline bool value_is_number(const struct value *v) { return v->kind == VALUE_INT || v->kind == VALUE_FLOAT; }
double value_number(const struct value *v); /* INT or FLOAT, in its own unit */
bool value_number_in(const struct value *v, const struct unit *u, double *ret); /* in unit u; false: another dimension */
/* The same as a whole number; false too where it is none or too large. */
bool value_int_in(const struct value *v, const struct unit *u, int64_t *ret);
bool value_equal(const struct value *a, const struct value *b); /* quantities by their amount; paths by digest where both have one */
int value_compare(const struct value *a, const struct value *b); /* numbers of one dimension, and strings (bytewise) */
const struct value *value_copy(struct arena *a, const struct value *v);

/* Number to text, ECMAScript Number::toString (ECMA-262 6.1.6.1.20): shortest that reads back. buf of 32 bytes. */
void value_number_text(double x, char ret[32]);
/* The way a value is written in a twin, for messages and dumps: 16GiB, "po", ["a", "b"], 2..10. */
void value_show(const struct value *v, struct buf *ret);
const char *value_text(struct arena *a, const struct value *v);

/* A value as JSON tells it: quantities as plain numbers in their type's unit, paths as {"class": "File"|"Directory",
 * "path"}, ranges as {"low", "high"}, secrets as {"secret": name}. `type` may be NULL (then in the value's own unit). */
struct doc *value_to_doc(struct arena *a, const struct value *v, const struct type *type);
/* From outside (inputs file, metrics): checked against the type. A string where a path is expected is one, relative to
 * `folder`. A string such as "72h" is accepted for a quantity. On false *ret_error says what was expected and what came. */
bool value_from_doc(struct arena *a, const struct doc *d, const struct type *type, const char *folder, const struct value **ret, char **ret_error);
/* name=TEXT on the command line: strings and paths verbatim, the rest by type (7, 72h, true, ["a","b"]). */
bool value_from_text(struct arena *a, const char *text, const struct type *type, const char *folder, const struct value **ret, char **ret_error);
/* Brings a value to its type: int to float, same-dimension quantities into the type's unit, string to path, plain to range.
 * Checks ranges and patterns. False with an explanation: "13 is not in 1..12". */
bool value_coerce(struct arena *a, const struct value *v, const struct type *type, const struct value **ret, char **ret_error);
/* Lossless, for plan and journal: every kind, unit and digest survives. */
struct doc *value_save(struct arena *a, const struct value *v);
bool value_load(struct arena *a, const struct doc *d, const struct value **ret);
/* A unit by its name; NULL stays NULL. */
bool unit_load(struct arena *a, const struct doc *d, const struct unit **ret);
struct doc *type_save(struct arena *a, const struct type *t);
bool type_load(struct arena *a, const struct doc *d, const struct map *formats, const struct type **ret); /* formats: name -> struct format */
#endif
