/* Types of values, and the lattice of formats. Types are immutable once made; compare with type_equal. */
#ifndef TWINC_VALUE_TYPE_H
#define TWINC_VALUE_TYPE_H
#include "compiler/base/arena.h"
#include "compiler/base/buf.h"
#include "compiler/base/map.h"
#include "compiler/value/unit.h"

struct format {
	const char *name;
	const struct format *parent; /* a geotiff is a tiff; NULL: a plain file */
	const char *doc, *iri, *extensions; /* extensions: "tif tiff", or NULL */
	const char *magic; /* cheap check of a file's first bytes, as hexadecimal with "??" for any byte, alternatives separated by blanks; or NULL */
};
bool format_is(const struct format *f, const struct format *wanted); /* wanted NULL: always */

enum type_kind {
	TYPE_POISON, /* an erroneous expression; agrees with everything, reports nothing */
	TYPE_ANY,    /* the element of [] and the parameters of built-ins */
	TYPE_NULL, TYPE_BOOL, TYPE_INT, TYPE_FLOAT, TYPE_STRING, TYPE_ENUM, TYPE_FILE, TYPE_DIR, TYPE_LIST, TYPE_MAP, TYPE_RECORD,
	TYPE_OPTIONAL, TYPE_SECRET, TYPE_RANGE, TYPE_ENDPOINT,
	TYPE_THING,  /* a reference to a declaration of a kind or role, by the kind's full name; also a part: "slurm.cluster.partition" */
};
struct value;
struct type_field { const char *name; const struct type *type; const char *doc; bool has_default; };
struct type {
	enum type_kind kind;
	bool has_low, has_high;      /* `in low..high`, for INT and FLOAT */
	double low, high;            /* in `unit` */
	const struct unit *unit;     /* INT, FLOAT: exchanged with programs in it; NULL: a plain number */
	const char *pattern;         /* STRING matching; ECMAScript-like POSIX extended regular expression, whole string */
	const struct type *of;       /* element of LIST, MAP, OPTIONAL, SECRET, RANGE */
	const struct format *format; /* FILE, DIR; NULL: any */
	const char **members;        /* ENUM, n of them */
	const struct type_field *fields; /* RECORD, n of them, in order of declaration */
	uint32_t n;
	const char *thing;           /* THING: kind or role; RECORD: the name to show instead of the fields ("result of step `mean`"), or NULL */
};
extern const struct type type_poison, type_any, type_null, type_bool, type_int, type_float, type_string, type_endpoint;
const struct type *type_list(struct arena *a, const struct type *of);
const struct type *type_map(struct arena *a, const struct type *of);
const struct type *type_optional(struct arena *a, const struct type *of); /* T?? is T? */
const struct type *type_with(struct arena *a, enum type_kind kind, const struct type *of); /* SECRET, RANGE */
const struct type *type_number(struct arena *a, enum type_kind kind, const struct unit *unit);
const struct type *type_path(struct arena *a, enum type_kind kind, const struct format *format);
const struct type *type_record(struct arena *a, const struct type_field *fields, uint32_t n, const char *thing);
const struct type_field *type_field(const struct type *record, const char *name);
/* Whether all numbers in a value stand in the same units by both types. */
bool type_same_units(const struct type *a, const struct type *b);
bool type_equal(const struct type *a, const struct type *b);
/* Whether a value of `from` may stand where `to` is wanted (docs/language.md, Assignment; ranges and patterns are no part of it). */
bool type_assignable(const struct type *from, const struct type *to);
/* "file<csv>", "list<float<K>>?", "\"a\" | \"b\"", "int in 1..12": as it would be written. */
void type_show(const struct type *t, struct buf *ret);
const char *type_text(struct arena *a, const struct type *t);
#endif
