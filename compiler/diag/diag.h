/* Diagnostics: collected as data, rendered elsewhere. One report per mistake; every place that matters labelled. */
#ifndef TWINC_DIAG_DIAG_H
#define TWINC_DIAG_DIAG_H
#include "compiler/diag/source.h"

enum diag_severity { DIAG_NOTE, DIAG_WARNING, DIAG_ERROR };
/* codes.def rows: CODE(id, severity, layer, title). E: errors, W: warnings, L: lint rules. Layers group the pages. */
enum diag_code {
#define CODE(id, severity, layer, title) DIAG_##id,
#include "compiler/diag/codes.def"
#undef CODE
	DIAG_CODE_COUNT
};
struct diag_code_info { const char *id; enum diag_severity severity; const char *layer, *title; };
const struct diag_code_info *diag_code_info(enum diag_code code);
/* The code with this id ("E0412"), or DIAG_CODE_COUNT. */
enum diag_code diag_code_find(const char *id);

struct diag_label { struct span span; const char *text; struct diag_label *next; };
struct diag_note { const char *text; struct diag_note *next; };
/* Replace the span by the text; an empty span inserts. */
struct diag_fix { const char *title; struct span span; const char *text; struct diag_fix *next; };
struct diag {
	enum diag_code code;
	enum diag_severity severity;
	const char *rule;    /* lint rule name, or NULL */
	const char *message; /* one line, no full stop */
	struct diag_label *labels; /* the first is the place of the diagnostic */
	struct diag_note *notes;
	const char *help;    /* or NULL */
	struct diag_fix *fixes;
	struct diags *set;   /* back pointer for the builders */
	struct diag *next;   /* in order of reporting; diags_sort orders by place */
};
struct diags {
	struct arena *arena;     /* borrowed */
	struct sources *sources; /* borrowed */
	struct diag *first, *last;
	uint32_t n_errors, n_warnings, n_dropped;
	uint32_t max; /* more than this many are counted, not kept; 0: 1000 */
};
void diags_init(struct diags *ds, struct arena *arena, struct sources *sources);
/* A new diagnostic with the code's severity at `span`. Never NULL. The first label's text is empty until diag_here. */
struct diag *diag_add(struct diags *ds, enum diag_code code, struct span span, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Builders; each returns d, so that calls can be chained or ignored. */
struct diag *diag_here(struct diag *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct diag *diag_label(struct diag *d, struct span span, const char *format, ...) __attribute__((format(printf, 3, 4)));
struct diag *diag_note(struct diag *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct diag *diag_help(struct diag *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct diag *diag_fix(struct diag *d, struct span span, const char *text, const char *title_format, ...)
	__attribute__((format(printf, 4, 5)));
/* "did you mean `best`?", and the fix that writes it over the span; a span in no source: only the words. */
struct diag *diag_suggest(struct diag *d, struct span span, const char *best);
/* "note", "warning", "error": as SARIF and the text say it. */
const char *diag_severity_name(enum diag_severity s);
/* Another severity than the code's; the counts follow. */
void diag_set_severity(struct diag *d, enum diag_severity severity);
/* Orders by file, start, code (stable). */
void diags_sort(struct diags *ds);
/* Removes a diagnostic that a waiver covers. */
void diags_remove(struct diags *ds, struct diag *d);
#endif
