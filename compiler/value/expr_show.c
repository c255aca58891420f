/* Expressions as a twin writes them. */
#include "compiler/value/expr.h"
#include <string.h>

/* How tightly each operator binds, loosest 1; 0: it needs no parentheses. */
static int precedence(enum expr_op op)
{
	switch (op) {
	case EXPR_COND:
		return 1;
	case EXPR_COALESCE:
		return 2;
	case EXPR_OR:
		return 3;
	case EXPR_AND:
		return 4;
	case EXPR_LT:
	case EXPR_LE:
	case EXPR_GT:
	case EXPR_GE:
	case EXPR_EQ:
	case EXPR_NE:
	case EXPR_IN:
		return 5;
	case EXPR_RANGE:
		return 6;
	case EXPR_ADD:
	case EXPR_SUB:
		return 7;
	case EXPR_MUL:
	case EXPR_DIV:
	case EXPR_MOD:
		return 8;
	case EXPR_AS:
		return 9;
	case EXPR_NEGATE:
	case EXPR_NOT:
		return 10;
	case EXPR_MEMBER:
	case EXPR_INDEX:
		return 11;
	case EXPR_CONST:
	case EXPR_PARAM:
	case EXPR_SLOT:
	case EXPR_PREVIOUS:
	case EXPR_INPUT:
	case EXPR_OUTPUT:
	case EXPR_MODEL:
	case EXPR_EVENT:
	case EXPR_LOCAL:
	case EXPR_LET:
	case EXPR_TEXT:
	case EXPR_WORDS:
	case EXPR_LIST:
	case EXPR_RECORD:
	case EXPR_EACH:
	case EXPR_CALL:
	case EXPR_ASSET:
	case EXPR_GLOB:
		return 0;
	}
	return 0;
}

static const char *operator_text(enum expr_op op)
{
	static const char *const texts[] = {
		[EXPR_COALESCE] = "??", [EXPR_OR] = "||", [EXPR_AND] = "&&", [EXPR_LT] = "<", [EXPR_LE] = "<=", [EXPR_GT] = ">",
		[EXPR_GE] = ">=", [EXPR_EQ] = "==", [EXPR_NE] = "!=", [EXPR_IN] = "in", [EXPR_ADD] = "+", [EXPR_SUB] = "-",
		[EXPR_MUL] = "*", [EXPR_DIV] = "/", [EXPR_MOD] = "%",
	};
	return (size_t)op < sizeof texts / sizeof *texts && texts[op] ? texts[op] : "?";
}

/* In parentheses where it binds more loosely than `around`. */
static void show_in(const struct expr *e, int around, struct buf *ret)
{
	int own = precedence(e->op);
	bool parentheses = own && own < around;
	buf_puts(ret, parentheses ? "(" : "");
	expr_show(e, ret);
	buf_puts(ret, parentheses ? ")" : "");
}

static void show_binary(const struct expr *e, struct buf *ret)
{
	int own = precedence(e->op);
	show_in(e->args[0], own, ret);
	buf_printf(ret, " %s ", operator_text(e->op));
	show_in(e->args[1], own + 1, ret);
}

static void show_args(const struct expr *e, struct buf *ret)
{
	for (uint16_t i = 0; i < e->n; i++) {
		buf_puts(ret, i ? ", " : "");
		expr_show(e->args[i], ret);
	}
}

static void show_name(const struct expr *e, struct buf *ret)
{
	buf_puts(ret, e->name ? e->name : "?");
}

static bool is_text(const struct expr *e)
{
	return e->op == EXPR_CONST && e->value->kind == VALUE_STRING;
}

static void show_placeholder(const struct expr *e, struct buf *ret)
{
	buf_puts(ret, "~{");
	expr_show(e, ret);
	buf_putc(ret, '}');
}

/* Script text as it is; `~{` in it was written `~~{`. */
static void show_script(const struct expr *e, struct buf *ret)
{
	for (uint16_t i = 0; i < e->n; i++) {
		if (!is_text(e->args[i])) {
			show_placeholder(e->args[i], ret);
			continue;
		}
		const char *text = e->args[i]->value->string.text;
		for (size_t j = 0; j < e->args[i]->value->string.len; j++) {
			if (text[j] == '~' && text[j + 1] == '{')
				buf_putc(ret, '~');
			buf_putc(ret, text[j]);
		}
	}
}

static void show_text(const struct expr *e, struct buf *ret)
{
	buf_putc(ret, '"');
	for (uint16_t i = 0; i < e->n; i++) {
		if (!is_text(e->args[i])) {
			show_placeholder(e->args[i], ret);
			continue;
		}
		struct buf text = {0};
		value_show(e->args[i]->value, &text);
		buf_add(ret, text.text + 1, text.len - 2); /* without its quotes */
		buf_finish(&text);
	}
	buf_putc(ret, '"');
}

/* Comprehensions do not keep the names of their variables; their uses do. */
static const char *local_name(const struct expr *e, uint32_t index)
{
	if (!e)
		return NULL;
	if (e->op == EXPR_LOCAL && e->index == index)
		return e->name;
	const char *name = NULL;
	for (uint16_t i = 0; !name && i < e->n; i++)
		name = local_name(e->args[i], index);
	return name;
}

static void show_each(const struct expr *e, struct buf *ret)
{
	const char *first = local_name(e, e->index), *second = e->pair ? local_name(e, e->index + 1) : NULL;
	buf_printf(ret, e->pair ? "[for (%s" : "[for %s", first ? first : "_");
	if (e->pair)
		buf_printf(ret, ", %s)", second ? second : "_");
	buf_puts(ret, " in ");
	expr_show(e->args[0], ret);
	if (e->args[1]) {
		buf_puts(ret, " if ");
		expr_show(e->args[1], ret);
	}
	buf_puts(ret, " -> ");
	expr_show(e->args[2], ret);
	buf_putc(ret, ']');
}

static void show_let(const struct expr *e, struct buf *ret)
{
	const struct expr *result = e->args[e->n - 1];
	buf_puts(ret, "(let ");
	for (uint16_t i = 0; i + 1 < e->n; i++) {
		const char *name = local_name(result, e->index + i);
		buf_printf(ret, "%s%s = ", i ? ", " : "", name ? name : "_");
		expr_show(e->args[i], ret);
	}
	buf_puts(ret, " -> ");
	expr_show(result, ret);
	buf_putc(ret, ')');
}

static void show_record(const struct expr *e, struct buf *ret)
{
	buf_puts(ret, e->n ? "{ " : "{");
	for (uint16_t i = 0; i < e->n; i++) {
		buf_printf(ret, "%s%s = ", i ? ", " : "", e->keys[i]);
		expr_show(e->args[i], ret);
	}
	buf_puts(ret, e->n ? " }" : "}");
}

static void show_call(const char *name, const struct expr *e, struct buf *ret)
{
	buf_printf(ret, "%s(", name);
	show_args(e, ret);
	buf_putc(ret, ')');
}

static void show_asset(const struct expr *e, struct buf *ret)
{
	buf_puts(ret, "asset(");
	value_show(e->value, ret);
	buf_putc(ret, ')');
}

static void show_cond(const struct expr *e, struct buf *ret)
{
	show_in(e->args[0], 2, ret);
	buf_puts(ret, " ? ");
	expr_show(e->args[1], ret);
	buf_puts(ret, " : ");
	expr_show(e->args[2], ret);
}

void expr_show(const struct expr *e, struct buf *ret)
{
	switch (e->op) {
	case EXPR_CONST:
		value_show(e->value, ret);
		break;
	case EXPR_PARAM:
	case EXPR_SLOT:
	case EXPR_INPUT:
	case EXPR_OUTPUT:
	case EXPR_LOCAL:
		show_name(e, ret);
		break;
	case EXPR_EVENT:
		show_name(e, ret);
		if (e->n) {
			buf_putc(ret, '(');
			expr_show(e->args[0], ret);
			buf_putc(ret, ')');
		}
		break;
	case EXPR_MODEL:
		show_name(e, ret);
		buf_puts(ret, ".weights");
		break;
	case EXPR_PREVIOUS:
		buf_puts(ret, "previous(");
		show_name(e, ret);
		buf_putc(ret, ')');
		break;
	case EXPR_LET:
		show_let(e, ret);
		break;
	case EXPR_MEMBER:
		show_in(e->args[0], precedence(e->op), ret);
		buf_putc(ret, '.');
		show_name(e, ret);
		break;
	case EXPR_INDEX:
		show_in(e->args[0], precedence(e->op), ret);
		buf_putc(ret, '[');
		expr_show(e->args[1], ret);
		buf_putc(ret, ']');
		break;
	case EXPR_NEGATE:
	case EXPR_NOT:
		buf_putc(ret, e->op == EXPR_NOT ? '!' : '-');
		show_in(e->args[0], precedence(e->op), ret);
		break;
	case EXPR_ADD:
	case EXPR_SUB:
	case EXPR_MUL:
	case EXPR_DIV:
	case EXPR_MOD:
	case EXPR_LT:
	case EXPR_LE:
	case EXPR_GT:
	case EXPR_GE:
	case EXPR_EQ:
	case EXPR_NE:
	case EXPR_IN:
	case EXPR_AND:
	case EXPR_OR:
	case EXPR_COALESCE:
		show_binary(e, ret);
		break;
	case EXPR_COND:
		show_cond(e, ret);
		break;
	case EXPR_RANGE:
		show_in(e->args[0], precedence(e->op) + 1, ret);
		buf_puts(ret, "..");
		show_in(e->args[1], precedence(e->op) + 1, ret);
		break;
	case EXPR_AS:
		show_in(e->args[0], precedence(e->op), ret);
		buf_printf(ret, " as %s", e->unit ? e->unit->name : "?");
		break;
	case EXPR_TEXT:
		show_text(e, ret);
		break;
	case EXPR_WORDS:
		show_script(e, ret);
		break;
	case EXPR_LIST:
		buf_putc(ret, '[');
		show_args(e, ret);
		buf_putc(ret, ']');
		break;
	case EXPR_RECORD:
		show_record(e, ret);
		break;
	case EXPR_EACH:
		show_each(e, ret);
		break;
	case EXPR_CALL:
		show_call(e->name, e, ret);
		break;
	case EXPR_ASSET:
		show_asset(e, ret);
		break;
	case EXPR_GLOB:
		show_call("glob", e, ret);
		break;
	}
}

const char *expr_text(struct arena *a, const struct expr *e)
{
	struct buf b = {0};
	expr_show(e, &b);
	const char *text = arena_strndup(a, buf_text(&b), b.len);
	buf_finish(&b);
	return text;
}
