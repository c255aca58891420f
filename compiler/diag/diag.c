#include "compiler/diag/diag.h"
#include "compiler/base/bug.h"
#include <stdlib.h>
#include <string.h>

#define DIAGS_MAX_DEFAULT 1000

static const struct diag_code_info code_infos[] = {
#define CODE(id, severity, layer, title) {#id, DIAG_##severity, layer, title},
#include "compiler/diag/codes.def"
#undef CODE
};

const struct diag_code_info *diag_code_info(enum diag_code code)
{
	if ((unsigned)code >= DIAG_CODE_COUNT)
		bug("diagnostic code %u", (unsigned)code);
	return &code_infos[code];
}

enum diag_code diag_code_find(const char *id)
{
	unsigned code = 0;
	while (code < DIAG_CODE_COUNT && strcmp(code_infos[code].id, id) != 0)
		code++;
	return (enum diag_code)code;
}

void diags_init(struct diags *ds, struct arena *arena, struct sources *sources)
{
	*ds = (struct diags){.arena = arena, .sources = sources, .max = DIAGS_MAX_DEFAULT};
}

static void count(struct diags *ds, enum diag_severity severity, uint32_t change)
{
	switch (severity) {
	case DIAG_NOTE:
		break;
	case DIAG_WARNING:
		ds->n_warnings += change;
		break;
	case DIAG_ERROR:
		ds->n_errors += change;
		break;
	}
}

static void keep(struct diags *ds, struct diag *d)
{
	if (ds->n_errors + ds->n_warnings > (ds->max ? ds->max : DIAGS_MAX_DEFAULT)) {
		ds->n_dropped++;
		return;
	}
	if (ds->last)
		ds->last->next = d;
	else
		ds->first = d;
	ds->last = d;
}

static struct diag_label *append_label(struct diag *d, struct span span)
{
	struct diag_label **at = &d->labels;
	while (*at)
		at = &(*at)->next;
	*at = arena_new(d->set->arena, struct diag_label);
	**at = (struct diag_label){.span = span, .text = ""};
	return *at;
}

/* The text of a format with arguments, from the set's arena. */
#define formatted(d, format, ret)                                              \
	do {                                                                   \
		va_list args_;                                                 \
		va_start(args_, format);                                       \
		(ret) = arena_vprintf((d)->set->arena, format, args_);         \
		va_end(args_);                                                 \
	} while (0)

struct diag *diag_add(struct diags *ds, enum diag_code code, struct span span, const char *format, ...)
{
	struct diag *d = arena_new(ds->arena, struct diag);
	d->set = ds;
	d->code = code;
	d->severity = diag_code_info(code)->severity;
	formatted(d, format, d->message);
	append_label(d, span);
	count(ds, d->severity, 1);
	keep(ds, d);
	return d;
}

struct diag *diag_here(struct diag *d, const char *format, ...)
{
	formatted(d, format, d->labels->text);
	return d;
}

struct diag *diag_label(struct diag *d, struct span span, const char *format, ...)
{
	struct diag_label *label = append_label(d, span);
	formatted(d, format, label->text);
	return d;
}

struct diag *diag_note(struct diag *d, const char *format, ...)
{
	struct diag_note **at = &d->notes;
	while (*at)
		at = &(*at)->next;
	*at = arena_new(d->set->arena, struct diag_note);
	formatted(d, format, (*at)->text);
	return d;
}

struct diag *diag_help(struct diag *d, const char *format, ...)
{
	formatted(d, format, d->help);
	return d;
}

struct diag *diag_fix(struct diag *d, struct span span, const char *text, const char *title_format, ...)
{
	struct diag_fix **at = &d->fixes;
	while (*at)
		at = &(*at)->next;
	*at = arena_new(d->set->arena, struct diag_fix);
	(*at)->span = span;
	(*at)->text = arena_strdup(d->set->arena, text);
	formatted(d, title_format, (*at)->title);
	return d;
}

static int compare(const struct diag *a, const struct diag *b)
{
	const struct span *x = &a->labels->span, *y = &b->labels->span;
	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (a->code > b->code) - (a->code < b->code);
}

static struct diag *merge(struct diag *a, struct diag *b)
{
	struct diag *first = NULL, **at = &first;
	while (a && b) {
		struct diag **from = compare(a, b) <= 0 ? &a : &b;
		*at = *from;
		at = &(*from)->next;
		*from = *at;
	}
	*at = a ? a : b;
	return first;
}

static struct diag *sort(struct diag *list, uint32_t n)
{
	if (n < 2)
		return list;
	struct diag *half = list;
	for (uint32_t i = 1; i < n / 2; i++)
		half = half->next;
	struct diag *rest = half->next;
	half->next = NULL;
	return merge(sort(list, n / 2), sort(rest, n - n / 2));
}

void diags_sort(struct diags *ds)
{
	uint32_t n = 0;
	for (struct diag *d = ds->first; d; d = d->next)
		n++;
	ds->first = sort(ds->first, n);
	ds->last = NULL;
	for (struct diag *d = ds->first; d; d = d->next)
		ds->last = d;
}

void diags_remove(struct diags *ds, struct diag *d)
{
	struct diag *before = NULL;
	for (struct diag *other = ds->first; other && other != d; other = other->next)
		before = other;
	if (before ? before->next != d : ds->first != d)
		return; /* dropped, or removed already */
	if (before)
		before->next = d->next;
	else
		ds->first = d->next;
	if (ds->last == d)
		ds->last = before;
	d->next = NULL;
	count(ds, d->severity, (uint32_t)-1);
}

void diag_set_severity(struct diag *d, enum diag_severity severity)
{
	count(d->set, d->severity, (uint32_t)-1);
	d->severity = severity;
	count(d->set, severity, 1);
}

struct diag *diag_suggest(struct diag *d, struct span span, const char *best)
{
	diag_help(d, "did you mean `%s`?", best);
	return span.file ? diag_fix(d, span, best, "write `%s`", best) : d;
}

const char *diag_severity_name(enum diag_severity s)
{
	switch (s) {
	case DIAG_NOTE:
		return "note";
	case DIAG_WARNING:
		return "warning";
	case DIAG_ERROR:
		return "error";
	}
	return "";
}
