/* Workflow commands of GitHub Actions: one line a diagnostic, shown as an annotation. */
#include "compiler/show/show.h"

static void put_data(const char *text, bool property, struct buf *ret)
{
	for (; *text; text++) {
		bool escaped = *text == '%' || *text == '\r' || *text == '\n' || (property && (*text == ':' || *text == ','));
		if (escaped)
			buf_printf(ret, "%%%02X", (unsigned char)*text);
		else
			buf_putc(ret, *text);
	}
}

static const char *command(enum diag_severity s)
{
	switch (s) {
	case DIAG_NOTE:
		return "notice";
	case DIAG_WARNING:
		return "warning";
	case DIAG_ERROR:
		return "error";
	}
	return "notice";
}

void show_github(const struct diags *ds, struct buf *ret)
{
	for (const struct diag *d = ds->first; d; d = d->next) {
		struct place at = source_place(ds->sources, d->labels->span);
		buf_printf(ret, "::%s ", command(d->severity));
		if (d->labels->span.file) {
			buf_puts(ret, "file=");
			put_data(at.path, true, ret);
			buf_printf(ret, ",line=%u,col=%u,endLine=%u,endColumn=%u,", at.line, at.column, at.end_line, at.end_column);
		}
		buf_printf(ret, "title=%s::", diag_code_info(d->code)->id);
		put_data(d->message, false, ret);
		for (const struct diag_note *n = d->notes; n; n = n->next) {
			buf_puts(ret, "%0A");
			put_data(n->text, false, ret);
		}
		if (d->help) {
			buf_puts(ret, "%0A");
			put_data(d->help, false, ret);
		}
		buf_putc(ret, '\n');
	}
}
