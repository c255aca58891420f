/* Built-in functions: those of class `f` in values.py, under their own names. */
#include "targets/flow/flow.h"
#include "compiler/value/pattern.h"
#include <string.h>

/* What functions go over: the numbers of a range, the pairs of a map, the elements of a list. */
static void items(struct py *py, const struct expr *e, struct buf *ret)
{
	enum type_kind k = py_strip(e->type)->kind;
	const char *helper = k == TYPE_RANGE ? "counted(" : k == TYPE_MAP ? "pairs_of_map(" : NULL;

	buf_puts(ret, helper ? helper : "");
	py_expr(py, e, PY_COND, ret);
	buf_puts(ret, helper ? ")" : "");
}

/* The elements of a list, of a range or of several arguments, each in the result's unit. */
static void numbers(struct py *py, const struct expr *e, struct buf *ret)
{
	enum type_kind k = py_strip(e->args[0]->type)->kind;

	if (e->n == 1 && k == TYPE_RANGE) {
		items(py, e->args[0], ret);
	} else if (e->n == 1 && k == TYPE_LIST) {
		py_as(py, e->args[0], type_list(py->arena, e->type), PY_COND, ret);
	} else {
		buf_putc(ret, '[');
		for (uint16_t i = 0; i < e->n; i++) {
			buf_puts(ret, i ? ", " : "");
			py_as(py, e->args[i], e->type, PY_COND, ret);
		}
		buf_putc(ret, ']');
	}
}

static bool is_one_of(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(name, *list) == 0)
			return true;
	return false;
}

static void matches(struct py *py, const struct expr *e, struct buf *ret)
{
	const struct expr *of = e->args[1];
	const char *pattern = of->op == EXPR_CONST && of->value->kind == VALUE_STRING ? pattern_spell(py->arena, of->value->string.text) : NULL;

	if (!pattern) {
		py_refuse(py, of->span, "a pattern that %s", of->op == EXPR_CONST ? "regular expressions of Python do not have" : "is not written in the twin");
		return;
	}
	buf_puts(ret, "f.matches(");
	py_expr(py, e->args[0], PY_COND, ret);
	buf_puts(ret, ", ");
	py_string(pattern, strlen(pattern), ret);
	buf_putc(ret, ')');
}

static void contains(struct py *py, const struct expr *e, struct buf *ret)
{
	buf_puts(ret, "f.contains(");
	py_expr(py, e->args[0], PY_COND, ret);
	buf_puts(ret, ", ");
	py_as(py, e->args[1], py_strip(e->args[0]->type), PY_COND, ret); /* in the unit of the list */
	buf_putc(ret, ')');
}

void py_call(struct py *py, const struct expr *e, struct buf *ret)
{
	static const char *const of_numbers[] = { "max", "mean", "min", "sum", NULL };
	static const char *const of_items[] = { "all", "any", "distinct", "enumerate", "flatten", "len", "sort", "zip", NULL };
	static const char *const plain[] = { "abs", "base64", "basename", "ceil", "ends_with", "floor", "join", "keys", "lower",
		"parent", "present", "range", "replace", "round", "split", "starts_with", "stem", "trim", "upper", "values", NULL };
	bool each = is_one_of(e->name, of_items);

	if (strcmp(e->name, "matches") == 0 || strcmp(e->name, "contains") == 0) {
		(e->name[0] == 'm' ? matches : contains)(py, e, ret);
		return;
	}
	if (!each && !is_one_of(e->name, of_numbers) && !is_one_of(e->name, plain)) {
		py_refuse(py, e->span, "`%s` has no Python", e->name);
		return;
	}
	buf_printf(ret, "f.%s(", e->name);
	if (is_one_of(e->name, of_numbers)) {
		numbers(py, e, ret);
	} else {
		for (uint16_t i = 0; i < e->n; i++) {
			buf_puts(ret, i ? ", " : "");
			if (each)
				items(py, e->args[i], ret);
			else
				py_expr(py, e->args[i], PY_COND, ret);
		}
	}
	buf_putc(ret, ')');
}
