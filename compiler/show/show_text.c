#include "compiler/base/utf8.h"
#include "compiler/show/show.h"
#include <string.h>

#define TAB_CELLS 4
#define GUTTER_MIN 5
#define LINE_MAX_CELLS 180 /* longer lines show the part around the label */
#define LEAD_CELLS 60

struct painter { struct buf *out; bool colour; };

#define BOLD "\033[1m"
#define RED "\033[1;31m"
#define YELLOW "\033[1;33m"
#define CYAN "\033[1;36m"
#define BLUE "\033[34m"

static void paint(struct painter *p, const char *colour)
{
	if (p->colour)
		buf_puts(p->out, colour);
}

static void unpaint(struct painter *p)
{
	paint(p, "\033[0m");
}

static const char *severity_colour(enum diag_severity s)
{
	switch (s) {
	case DIAG_NOTE:
		return CYAN;
	case DIAG_WARNING:
		return YELLOW;
	case DIAG_ERROR:
		return RED;
	}
	return "";
}

/* Text from messages, which may carry the user's: nothing in it steers the terminal. */
static void put_clean(struct painter *p, const char *text, const char *newline)
{
	size_t len = strlen(text);
	for (size_t i = 0; i < len;) {
		uint32_t c;
		i += utf8_decode(text + i, len - i, &c, NULL);
		if (c == '\n')
			buf_puts(p->out, newline);
		else if (c == '\t')
			buf_putc(p->out, ' ');
		else
			utf8_encode(utf8_is_control(c) ? UTF8_REPLACEMENT : c, p->out);
	}
}

static uint32_t cells_of(uint32_t c)
{
	return c == '\t' ? TAB_CELLS : utf8_is_control(c) ? 1 : (uint32_t)utf8_width(c);
}

/* Cells of the first `columns` code points. */
static uint32_t cells_before(const char *line, size_t len, uint32_t columns)
{
	uint32_t cells = 0;
	for (size_t i = 0; i < len && columns; columns--) {
		uint32_t c;
		i += utf8_decode(line + i, len - i, &c, NULL);
		cells += cells_of(c);
	}
	return cells;
}

/* Writes the cells first..last of a line. */
static void put_cells(struct painter *p, const char *line, size_t len, uint32_t first, uint32_t last)
{
	uint32_t cell = 0;
	for (size_t i = 0; i < len && cell < last;) {
		uint32_t c;
		i += utf8_decode(line + i, len - i, &c, NULL);
		uint32_t n = cells_of(c);
		if (cell >= first && c == '\t')
			buf_printf(p->out, "%*s", TAB_CELLS, "");
		else if (cell >= first)
			utf8_encode(utf8_is_control(c) ? UTF8_REPLACEMENT : c, p->out);
		else if (cell + n > first)
			buf_printf(p->out, "%*s", (int)(cell + n - first), "");
		cell += n;
	}
}

static bool has_excerpt(const struct diags *ds, const struct diag_label *l)
{
	return l->span.file > 0 && l->span.file < ds->sources->list.len && ds->sources->list.at[l->span.file].len > 0;
}

static struct place place_of(const struct diags *ds, const struct diag_label *l)
{
	return source_place(ds->sources, l->span);
}

static bool same_line(const struct diags *ds, const struct diag_label *a, const struct diag_label *b)
{
	return a->span.file == b->span.file && place_of(ds, a).line == place_of(ds, b).line;
}

static int gutter_width(const struct diag *d)
{
	uint32_t line = 0;
	for (const struct diag_label *l = d->labels; l; l = l->next) {
		uint32_t here = place_of(d->set, l).line;
		line = here > line ? here : line;
	}
	int width = 0;
	for (; line; line /= 10)
		width++;
	return width > GUTTER_MIN ? width : GUTTER_MIN;
}

static void put_mark(struct painter *p, const struct diag *d, const struct diag_label *l, int gutter, uint32_t first)
{
	struct place at = place_of(d->set, l);
	size_t len;
	const char *line = source_line(d->set->sources, l->span.file, at.line, &len);
	uint32_t start = cells_before(line, len, at.column - 1);
	uint32_t end = cells_before(line, len, at.end_line == at.line ? at.end_column - 1 : UINT32_MAX);
	end = end > start ? end : start + 1;
	uint32_t right = first + LINE_MAX_CELLS;
	start = start < first ? 0 : start > right ? LINE_MAX_CELLS : start - first;
	end = end > right ? LINE_MAX_CELLS : end > first ? end - first : 0; /* the line may begin behind a label */
	bool primary = l == d->labels;
	paint(p, BLUE);
	buf_printf(p->out, "%*s | ", gutter, "");
	unpaint(p);
	buf_printf(p->out, "%*s", (int)start, "");
	paint(p, primary ? severity_colour(d->severity) : BLUE);
	do
		buf_putc(p->out, primary ? '^' : '-');
	while (++start < end);
	if (l->text[0]) {
		buf_putc(p->out, ' ');
		put_clean(p, l->text, " ");
	}
	unpaint(p);
	buf_putc(p->out, '\n');
}

/* The line of a label, and below it the marks of every label on that line. */
static void put_excerpt(struct painter *p, const struct diag *d, const struct diag_label *l, int gutter)
{
	struct place at = place_of(d->set, l);
	size_t len;
	const char *line = source_line(d->set->sources, l->span.file, at.line, &len);
	uint32_t first = 0, start = cells_before(line, len, at.column - 1);
	if (start + LEAD_CELLS > LINE_MAX_CELLS)
		first = start - LEAD_CELLS;
	paint(p, BLUE);
	buf_printf(p->out, "%*u | ", gutter, at.line);
	unpaint(p);
	put_cells(p, line, len, first, first + LINE_MAX_CELLS);
	while (p->out->len && p->out->text[p->out->len - 1] == ' ')
		p->out->text[--p->out->len] = '\0';
	buf_putc(p->out, '\n');
	for (const struct diag_label *other = l; other; other = other->next) {
		if (same_line(d->set, l, other))
			put_mark(p, d, other, gutter, first);
	}
}

static bool was_shown(const struct diag *d, const struct diag_label *l)
{
	const struct diag_label *before = d->labels;
	while (before != l && !same_line(d->set, before, l))
		before = before->next;
	return before != l;
}

static void put_extra(struct painter *p, const char *word, const char *text)
{
	buf_puts(p->out, "  ");
	paint(p, CYAN);
	buf_printf(p->out, "%s:", word);
	unpaint(p);
	buf_putc(p->out, ' ');
	put_clean(p, text, "\n        ");
	buf_putc(p->out, '\n');
}

static void put_labels(struct painter *p, const struct diag *d)
{
	int gutter = gutter_width(d);
	uint32_t file = d->labels->span.file;
	for (const struct diag_label *l = d->labels; l; l = l->next) {
		if (!has_excerpt(d->set, l)) {
			if (l->text[0])
				put_extra(p, "note", l->text);
			continue;
		}
		if (was_shown(d, l))
			continue;
		if (l->span.file != file) {
			buf_puts(p->out, "  in ");
			put_clean(p, place_of(d->set, l).path, " ");
			buf_puts(p->out, ":\n");
			file = l->span.file;
		}
		put_excerpt(p, d, l, gutter);
	}
}

static void put_headline(struct painter *p, const struct diag *d)
{
	paint(p, BOLD);
	if (d->labels->span.file) {
		struct place at = place_of(d->set, d->labels);
		put_clean(p, at.path, " ");
		buf_printf(p->out, ":%u:%u: ", at.line, at.column);
	}
	unpaint(p);
	paint(p, severity_colour(d->severity));
	buf_printf(p->out, "%s[%s]:", diag_severity_name(d->severity), diag_code_info(d->code)->id);
	unpaint(p);
	paint(p, BOLD);
	buf_putc(p->out, ' ');
	put_clean(p, d->message, " ");
	unpaint(p);
	if (d->rule)
		buf_printf(p->out, " (%s)", d->rule);
	buf_putc(p->out, '\n');
}

void show_one_text(const struct diag *d, bool colour, struct buf *ret)
{
	struct painter p = {ret, colour};
	put_headline(&p, d);
	put_labels(&p, d);
	for (const struct diag_note *n = d->notes; n; n = n->next)
		put_extra(&p, "note", n->text);
	if (d->help)
		put_extra(&p, "help", d->help);
	else if (d->fixes)
		put_extra(&p, "help", d->fixes->title);
}

void show_text(const struct diags *ds, bool colour, struct buf *ret)
{
	for (const struct diag *d = ds->first; d; d = d->next)
		show_one_text(d, colour, ret);
	if (ds->n_dropped)
		buf_printf(ret, "%u more are not shown\n", ds->n_dropped);
}
