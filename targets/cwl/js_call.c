/* Built-in functions in JavaScript: most are helpers of the same name. */
#include "targets/cwl/cwl.h"
#include "compiler/value/pattern.h"
#include <string.h>

static void arguments(struct cwl_js *js, const struct expr *e, struct buf *ret)
{
	buf_putc(ret, '(');
	for (uint16_t i = 0; i < e->n; i++) {
		buf_puts(ret, i ? ", " : "");
		cwl_js(js, e->args[i], CWL_COND, ret);
	}
	buf_putc(ret, ')');
}

/* The elements of a list, of a range or of several arguments, each in the result's unit. */
static void numbers(struct cwl_js *js, const struct expr *e, struct buf *ret)
{
	const struct type *t = cwl_strip(e->args[0]->type);

	if (e->n == 1 && t->kind == TYPE_RANGE) {
		cwl_js_helper(js, CWL_JS_counted, ret);
		arguments(js, e, ret);
	} else if (e->n == 1 && t->kind == TYPE_LIST) {
		cwl_js_as(js, e->args[0], type_list(js->c->arena, e->type), CWL_COND, ret);
	} else {
		buf_putc(ret, '[');
		for (uint16_t i = 0; i < e->n; i++) {
			buf_puts(ret, i ? ", " : "");
			cwl_js_as(js, e->args[i], e->type, CWL_COND, ret);
		}
		buf_putc(ret, ']');
	}
}

/* The list that a function goes over: a range is counted, a map gives pairs. */
static void items(struct cwl_js *js, const struct expr *arg, struct buf *ret)
{
	const struct type *t = cwl_strip(arg->type);

	if (t->kind == TYPE_LIST || t->kind == TYPE_ANY) {
		cwl_js(js, arg, CWL_PRIMARY, ret);
		return;
	}
	cwl_js_helper(js, t->kind == TYPE_RANGE ? CWL_JS_counted : CWL_JS_pairs, ret);
	buf_putc(ret, '(');
	cwl_js(js, arg, CWL_COND, ret);
	buf_putc(ret, ')');
}

static void over_items(struct cwl_js *js, const struct expr *e, enum cwl_helper helper, struct buf *ret)
{
	cwl_js_helper(js, helper, ret);
	buf_putc(ret, '(');
	for (uint16_t i = 0; i < e->n; i++) {
		buf_puts(ret, i ? ", " : "");
		items(js, e->args[i], ret);
	}
	buf_putc(ret, ')');
}

static void length(struct cwl_js *js, const struct expr *e, struct buf *ret)
{
	if (cwl_strip(e->args[0]->type)->kind == TYPE_LIST || cwl_strip(e->args[0]->type)->kind == TYPE_RANGE) {
		items(js, e->args[0], ret);
		buf_puts(ret, ".length");
		return;
	}
	cwl_js_helper(js, CWL_JS_len, ret);
	arguments(js, e, ret);
}

static void present(struct cwl_js *js, const struct expr *e, struct buf *ret)
{
	if (cwl_strip(e->args[0]->type)->kind == TYPE_LIST) {
		cwl_js_helper(js, CWL_JS_present, ret);
		arguments(js, e, ret);
		return;
	}
	buf_putc(ret, '(');
	cwl_js(js, e->args[0], CWL_EQUAL, ret);
	buf_puts(ret, " !== null)");
}

static void contains(struct cwl_js *js, const struct expr *e, struct buf *ret)
{
	const struct type *t = cwl_strip(e->args[0]->type);

	if (t->kind == TYPE_STRING) {
		buf_putc(ret, '(');
		cwl_js(js, e->args[0], CWL_PRIMARY, ret);
		buf_puts(ret, ".indexOf(");
		cwl_js(js, e->args[1], CWL_COND, ret);
		buf_puts(ret, ") !== -1)");
		return;
	}
	if (t->kind != TYPE_LIST) {
		cwl_js_refuse(js, e->span, "`contains` of this has no JavaScript");
		return;
	}
	cwl_js_helper(js, CWL_JS_among, ret);
	buf_putc(ret, '(');
	cwl_js_as(js, e->args[1], t, CWL_COND, ret); /* in the unit of the list */
	buf_puts(ret, ", ");
	cwl_js(js, e->args[0], CWL_COND, ret);
	buf_putc(ret, ')');
}

static void matches(struct cwl_js *js, const struct expr *e, struct buf *ret)
{
	const struct expr *of = e->args[1];
	const char *pattern = of->op == EXPR_CONST && of->value->kind == VALUE_STRING ? pattern_spell(js->c->arena, of->value->string.text) : NULL;

	if (!pattern) {
		cwl_js_refuse(js, of->span, "a pattern that %s", of->op == EXPR_CONST ? "regular expressions of JavaScript do not have" : "is not written in the twin");
		return;
	}
	cwl_js_helper(js, CWL_JS_matches, ret);
	buf_putc(ret, '(');
	cwl_js(js, e->args[0], CWL_COND, ret);
	buf_puts(ret, ", ");
	cwl_js_string(pattern, strlen(pattern), ret);
	buf_putc(ret, ')');
}

static void method(struct cwl_js *js, const struct expr *e, const char *name, const char *behind, struct buf *ret)
{
	cwl_js(js, e->args[0], CWL_PRIMARY, ret);
	buf_printf(ret, ".%s(", name);
	for (uint16_t i = 1; i < e->n; i++) {
		buf_puts(ret, i > 1 ? ", " : "");
		cwl_js(js, e->args[i], CWL_COND, ret);
	}
	buf_printf(ret, ")%s", behind);
}

static void replace(struct cwl_js *js, const struct expr *e, struct buf *ret)
{
	cwl_js(js, e->args[0], CWL_PRIMARY, ret);
	buf_puts(ret, ".split(");
	cwl_js(js, e->args[1], CWL_COND, ret);
	buf_puts(ret, ").join(");
	cwl_js(js, e->args[2], CWL_COND, ret);
	buf_putc(ret, ')');
}

/* starts_with, ends_with: a slice of the text. */
static void edge(struct cwl_js *js, const struct expr *e, bool end, struct buf *ret)
{
	buf_puts(ret, "(function (text, edge) { return text.slice(");
	buf_puts(ret, end ? "Math.max(0, text.length - edge.length)" : "0, edge.length");
	buf_puts(ret, ") === edge; })");
	arguments(js, e, ret);
}

static void range(struct cwl_js *js, const struct expr *e, struct buf *ret)
{
	cwl_js_helper(js, CWL_JS_range, ret);
	buf_puts(ret, e->n == 1 ? "(0, " : "(");
	for (uint16_t i = 0; i < e->n; i++) {
		buf_puts(ret, i ? ", " : "");
		cwl_js(js, e->args[i], CWL_COND, ret);
	}
	buf_puts(ret, e->n < 3 ? ", 1)" : ")");
}

static void whole_number(struct cwl_js *js, const struct expr *e, const char *name, struct buf *ret)
{
	buf_printf(ret, "Math.%s", name);
	arguments(js, e, ret);
}

/* any, all: "some" and "every" of what are bools. */
static void truth(struct cwl_js *js, const struct expr *e, const char *name, struct buf *ret)
{
	items(js, e->args[0], ret);
	buf_printf(ret, ".%s(Boolean)", name);
}

static void of_path(struct cwl_js *js, const struct expr *e, enum cwl_helper helper, struct buf *ret)
{
	const struct type *t = cwl_strip(e->args[0]->type);

	if (helper == CWL_JS_parent && (t->kind == TYPE_FILE || t->kind == TYPE_DIR))
		cwl_js_refuse(js, e->span, "the folder of a file is not known to CWL");
	cwl_js_helper(js, helper, ret);
	arguments(js, e, ret);
}

enum form { FORM_HELPER, FORM_NUMBERS, FORM_ITEMS };
static const struct { const char *name; enum form form; enum cwl_helper helper; } simple[] = {
	{ "base64", FORM_HELPER, CWL_JS_base64 }, { "distinct", FORM_ITEMS, CWL_JS_distinct }, { "enumerate", FORM_ITEMS, CWL_JS_enumerate },
	{ "flatten", FORM_ITEMS, CWL_JS_flatten }, { "keys", FORM_HELPER, CWL_JS_keys }, { "lower", FORM_HELPER, CWL_JS_lower },
	{ "max", FORM_NUMBERS, CWL_JS_max }, { "mean", FORM_NUMBERS, CWL_JS_mean },
	{ "min", FORM_NUMBERS, CWL_JS_min }, { "sort", FORM_ITEMS, CWL_JS_sort }, { "sum", FORM_NUMBERS, CWL_JS_sum },
	{ "trim", FORM_HELPER, CWL_JS_trim }, { "upper", FORM_HELPER, CWL_JS_upper }, { "values", FORM_HELPER, CWL_JS_values },
	{ "zip", FORM_ITEMS, CWL_JS_zip },
};

static bool simple_call(struct cwl_js *js, const struct expr *e, struct buf *ret)
{
	for (size_t i = 0; i < sizeof(simple) / sizeof(simple[0]); i++) {
		if (strcmp(simple[i].name, e->name) != 0)
			continue;
		switch (simple[i].form) {
		case FORM_HELPER:
			cwl_js_helper(js, simple[i].helper, ret);
			arguments(js, e, ret);
			break;
		case FORM_ITEMS:
			over_items(js, e, simple[i].helper, ret);
			break;
		case FORM_NUMBERS:
			cwl_js_helper(js, simple[i].helper, ret);
			buf_putc(ret, '(');
			numbers(js, e, ret);
			buf_putc(ret, ')');
			break;
		}
		return true;
	}
	return false;
}

static bool number_call(struct cwl_js *js, const struct expr *e, struct buf *ret)
{
	if (strcmp(e->name, "abs") == 0 || strcmp(e->name, "floor") == 0 || strcmp(e->name, "ceil") == 0) {
		whole_number(js, e, e->name, ret);
	} else if (strcmp(e->name, "round") == 0 && e->n == 1) {
		whole_number(js, e, "round", ret);
	} else if (strcmp(e->name, "round") == 0) {
		cwl_js_helper(js, CWL_JS_round, ret);
		arguments(js, e, ret);
	} else if (strcmp(e->name, "range") == 0) {
		range(js, e, ret);
	} else {
		return false;
	}
	return true;
}

static bool text_call(struct cwl_js *js, const struct expr *e, struct buf *ret)
{
	if (strcmp(e->name, "basename") == 0)
		of_path(js, e, CWL_JS_basename, ret);
	else if (strcmp(e->name, "stem") == 0)
		of_path(js, e, CWL_JS_stem, ret);
	else if (strcmp(e->name, "parent") == 0)
		of_path(js, e, CWL_JS_parent, ret);
	else if (strcmp(e->name, "split") == 0)
		method(js, e, "split", "", ret);
	else if (strcmp(e->name, "join") == 0)
		method(js, e, "join", "", ret);
	else if (strcmp(e->name, "replace") == 0)
		replace(js, e, ret);
	else if (strcmp(e->name, "starts_with") == 0 || strcmp(e->name, "ends_with") == 0)
		edge(js, e, e->name[0] == 'e', ret);
	else
		return false;
	return true;
}

void cwl_js_call(struct cwl_js *js, const struct expr *e, struct buf *ret)
{
	if (simple_call(js, e, ret) || number_call(js, e, ret) || text_call(js, e, ret))
		return;
	if (strcmp(e->name, "len") == 0)
		length(js, e, ret);
	else if (strcmp(e->name, "any") == 0)
		truth(js, e, "some", ret);
	else if (strcmp(e->name, "all") == 0)
		truth(js, e, "every", ret);
	else if (strcmp(e->name, "present") == 0)
		present(js, e, ret);
	else if (strcmp(e->name, "contains") == 0)
		contains(js, e, ret);
	else if (strcmp(e->name, "matches") == 0)
		matches(js, e, ret);
	else
		cwl_js_refuse(js, e->span, "`%s` has no JavaScript", e->name);
}
