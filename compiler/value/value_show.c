/* Values as a twin writes them. */
#include "compiler/base/number.h"
#include "compiler/base/utf8.h"
#include "compiler/value/value.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

static void show_quantity(double x, const struct unit *u, struct buf *ret)
{
	/* As it was said, unless it is in base units and long: 72h stays, 259200s is 3day. */
	if (u->num == 1 && u->den == 1 && (fabs(x) >= 1000 || fabs(x) < 0.1)) {
		unit_show(x, u, ret);
		return;
	}
	char text[NUMBER_TEXT_BYTES];
	number_text(x, text);
	bool per = u->name[0] == '1' && u->name[1] == '/';
	buf_printf(ret, "%s%s", text, per ? u->name + 1 : u->name);
}

static void show_string(const char *text, size_t len, struct buf *ret)
{
	buf_putc(ret, '"');
	for (size_t i = 0; i < len;) {
		uint32_t c;
		bool interpolates = text[i] == '~' && i + 1 < len && text[i + 1] == '{';
		i += utf8_decode(text + i, len - i, &c, NULL);
		if (c == '\n')
			buf_puts(ret, "\\n");
		else if (c == '\t')
			buf_puts(ret, "\\t");
		else if (c == '"' || c == '\\')
			buf_printf(ret, "\\%c", (char)c);
		else if (utf8_is_control(c))
			buf_printf(ret, "\\u{%x}", c);
		else
			utf8_encode(c, ret);
		if (interpolates)
			buf_putc(ret, '~');
	}
	buf_putc(ret, '"');
}

static void show_items(const struct value *v, struct buf *ret)
{
	buf_putc(ret, '[');
	for (uint32_t i = 0; i < v->list.len; i++) {
		buf_puts(ret, i ? ", " : "");
		value_show(v->list.items[i], ret);
	}
	buf_putc(ret, ']');
}

static void show_fields(const struct value *v, struct buf *ret)
{
	buf_puts(ret, v->record.len ? "{ " : "{");
	for (uint32_t i = 0; i < v->record.len; i++) {
		buf_printf(ret, "%s%s = ", i ? ", " : "", v->record.fields[i].name);
		value_show(v->record.fields[i].value, ret);
	}
	buf_puts(ret, v->record.len ? " }" : "}");
}

static void show_number(const struct value *v, struct buf *ret)
{
	if (v->unit)
		show_quantity(value_number(v), v->unit, ret);
	else if (v->kind == VALUE_INT)
		buf_printf(ret, "%" PRId64, v->integer);
	else {
		char text[NUMBER_TEXT_BYTES];
		number_text(v->number, text);
		buf_puts(ret, text);
	}
}

void value_show(const struct value *v, struct buf *ret)
{
	switch (v->kind) {
	case VALUE_NULL:
		buf_puts(ret, "null");
		break;
	case VALUE_BOOL:
		buf_puts(ret, v->boolean ? "true" : "false");
		break;
	case VALUE_INT:
	case VALUE_FLOAT:
		show_number(v, ret);
		break;
	case VALUE_STRING:
		show_string(v->string.text, v->string.len, ret);
		break;
	case VALUE_PATH:
		show_string(v->file.path, strlen(v->file.path), ret);
		break;
	case VALUE_LIST:
		show_items(v, ret);
		break;
	case VALUE_RECORD:
		show_fields(v, ret);
		break;
	case VALUE_RANGE:
		value_show(v->range.low, ret);
		buf_puts(ret, "..");
		value_show(v->range.high, ret);
		break;
	case VALUE_SECRET:
		buf_printf(ret, "secret %s", v->string.text);
		break;
	}
}

const char *value_text(struct arena *a, const struct value *v)
{
	struct buf b = {0};
	value_show(v, &b);
	const char *text = arena_strndup(a, buf_text(&b), b.len);
	buf_finish(&b);
	return text;
}
