/* JUnit as Jenkins reads it: an error is a failed case, a warning a passed one that says so. */
#include "compiler/base/utf8.h"
#include "compiler/show/show.h"
#include <string.h>

/* Text for elements and attributes; what XML cannot carry becomes U+FFFD. */
static void put_xml(const char *text, struct buf *ret)
{
	size_t len = strlen(text);
	for (size_t i = 0; i < len;) {
		uint32_t c;
		i += utf8_decode(text + i, len - i, &c, NULL);
		bool control = (c < 0x20 && c != '\n' && c != '\t') || c == 0xFFFE || c == 0xFFFF;
		if (c == '&')
			buf_puts(ret, "&amp;");
		else if (c == '<')
			buf_puts(ret, "&lt;");
		else if (c == '>')
			buf_puts(ret, "&gt;");
		else if (c == '"')
			buf_puts(ret, "&quot;");
		else
			utf8_encode(control ? UTF8_REPLACEMENT : c, ret);
	}
}

static void put_case(const struct diag *d, struct buf *ret)
{
	struct place at = source_place(d->set->sources, d->labels->span);
	const char *id = diag_code_info(d->code)->id;
	struct buf text = {0};
	show_one_text(d, false, &text);
	buf_puts(ret, "    <testcase classname=\"");
	put_xml(d->labels->span.file ? at.path : "twinc", ret);
	buf_printf(ret, "\" name=\"%s ", id);
	if (d->labels->span.file)
		buf_printf(ret, "%u:%u ", at.line, at.column);
	put_xml(d->message, ret);
	buf_puts(ret, "\" time=\"0\">\n");
	if (d->severity == DIAG_ERROR) {
		buf_puts(ret, "      <failure message=\"");
		put_xml(d->message, ret);
		buf_printf(ret, "\" type=\"%s\">", id);
		put_xml(buf_text(&text), ret);
		buf_puts(ret, "</failure>\n");
	} else {
		buf_puts(ret, "      <system-out>");
		put_xml(buf_text(&text), ret);
		buf_puts(ret, "</system-out>\n");
	}
	buf_puts(ret, "    </testcase>\n");
	buf_finish(&text);
}

void show_junit(const struct diags *ds, struct buf *ret)
{
	uint32_t n = 0, failures = 0;
	for (const struct diag *d = ds->first; d; d = d->next) {
		n++;
		failures += d->severity == DIAG_ERROR;
	}
	uint32_t tests = n ? n : 1;
	buf_puts(ret, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	buf_printf(ret, "<testsuites tests=\"%u\" failures=\"%u\" errors=\"0\">\n", tests, failures);
	buf_printf(ret, "  <testsuite name=\"twinc\" tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"0\" time=\"0\">\n", tests, failures);
	for (const struct diag *d = ds->first; d; d = d->next)
		put_case(d, ret);
	if (n == 0)
		buf_puts(ret, "    <testcase classname=\"twinc\" name=\"no findings\" time=\"0\"/>\n");
	buf_puts(ret, "  </testsuite>\n</testsuites>\n");
}
