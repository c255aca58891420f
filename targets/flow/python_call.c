/* Built-in functions: those of class `f` in values.py, under their own names. */
#include "targets/flow/flow.h"
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

void py_call(struct py *py, const struct expr *e, struct buf *ret)
{
	static const char *const of_numbers[] = { "max", "mean", "min", "sum", NULL };
	static const char *const of_items[] = { "all", "any", "distinct", "enumerate", "flatten", "len", "sort", "zip", NULL };
	static const char *const plain[] = { "abs", "base64", "basename", "ceil", "contains", "ends_with", "floor", "join", "keys", "lower", "matches",
		"parent", "present", "range", "replace", "round", "split", "starts_with", "stem", "trim", "upper", "values", NULL };
	bool each = is_one_of(e->name, of_items);

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
