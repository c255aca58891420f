/* Expressions in ECMAScript 5. A number stands in the unit of its expression's static type; what CWL hands over as null is
 * what is absent here. */
#include "targets/cwl/cwl.h"
#include "compiler/doc/quote.h"
#include <math.h>
#include <string.h>

void cwl_js_refuse(struct cwl_js *js, struct span span, const char *format, ...)
{
	va_list args;

	if (js->error)
		return;
	va_start(args, format);
	js->error = arena_vprintf(js->c->arena, format, args);
	va_end(args);
	js->error_span = span;
}

/* A dollar would start an expression inside of one. */
void cwl_js_string(const char *text, size_t len, struct buf *ret)
{
	struct buf b = { 0 };

	quote_json(text, len, &b);
	for (size_t i = 0; i < b.len; i++)
		if (b.text[i] == '$')
			buf_puts(ret, "\\u0024");
		else
			buf_putc(ret, b.text[i]);
	buf_finish(&b);
}

/* -- the library ------------------------------------------------------------------------------------------------------ */

static const struct { const char *name; uint64_t needs; const char *text; } helpers[] = {
#define HELPER(name, needs, text) { #name, needs, text },
#include "targets/cwl/helpers.def"
#undef HELPER
};

void cwl_js_helper(struct cwl_js *js, enum cwl_helper helper, struct buf *ret)
{
	js->needs->helpers |= UINT64_C(1) << helper | helpers[helper].needs;
	js->needs->js = true;
	buf_puts(ret, helpers[helper].name);
}

struct doc *cwl_js_library(struct cwl *c, uint64_t set)
{
	struct doc *list = doc_list(c->arena);

	for (uint32_t i = 0; i < CWL_JS_COUNT; i++)
		if (set >> i & 1)
			doc_push(list, doc_string(c->arena, helpers[i].text));
	return list;
}

/* -- values and numbers ----------------------------------------------------------------------------------------------- */

static void put_value(struct cwl_js *js, const struct expr *e, const struct value *v, const struct type *t, struct buf *ret)
{
	struct doc *d;
	struct buf json = { 0 };

	if (v->kind == VALUE_PATH && js->file) {
		buf_puts(ret, js->file(js->ctx, v));
		return;
	}
	if (v->kind == VALUE_PATH)
		cwl_js_refuse(js, e->span, "a file that an expression names is not known to CWL; make it an input");
	if (v->kind == VALUE_INT && (v->integer > INT64_C(1) << 53 || v->integer < -(INT64_C(1) << 53)))
		cwl_js_refuse(js, e->span, "whole numbers beyond 2^53 have no JavaScript");
	d = value_to_doc(js->c->arena, v, t ? cwl_strip(t) : NULL);
	doc_json_write(d, 0, &json);
	for (size_t i = 0; i < json.len; i++)
		if (json.text[i] == '$')
			buf_puts(ret, "\\u0024");
		else
			buf_putc(ret, json.text[i]);
	buf_finish(&json);
}

static const struct type *number_of(const struct type *t)
{
	t = cwl_strip(t);
	while (t->kind == TYPE_LIST || t->kind == TYPE_RANGE || t->kind == TYPE_OPTIONAL)
		t = t->of;
	return t->kind == TYPE_INT || t->kind == TYPE_FLOAT ? t : NULL;
}

static const struct unit *unit_of(const struct type *t)
{
	return number_of(t) ? number_of(t)->unit : NULL;
}

/* e in another unit: multiplied or divided once by the exact ratio, as the evaluator does. */
static void put_in(struct cwl_js *js, const struct expr *e, const struct unit *from, const struct unit *to, enum cwl_precedence at_least, struct buf *ret)
{
	uint64_t num, den;
	bool plain = e->type->kind == TYPE_INT || e->type->kind == TYPE_FLOAT;

	if (unit_equal(from, to)) {
		cwl_js(js, e, at_least, ret);
		return;
	}
	if (!unit_ratio(from, to, &num, &den)) {
		cwl_js_refuse(js, e->span, "units whose ratio is too large");
		return;
	}
	if (e->op == EXPR_CONST && value_is_number(e->value)) {
		double x = 0;
		char text[32];
		value_number_in(e->value, to, &x);
		value_number_text(x, text);
		buf_puts(ret, text);
	} else if (plain) {
		buf_puts(ret, at_least > CWL_PRODUCT ? "(" : "");
		cwl_js(js, e, CWL_PRODUCT, ret);
		if (num != 1)
			buf_printf(ret, " * %llu", (unsigned long long)num);
		if (den != 1)
			buf_printf(ret, " / %llu", (unsigned long long)den);
		buf_puts(ret, at_least > CWL_PRODUCT ? ")" : "");
	} else {
		cwl_js_helper(js, CWL_JS_scaled, ret);
		buf_putc(ret, '(');
		cwl_js(js, e, CWL_COND, ret);
		buf_printf(ret, ", %llu, %llu)", (unsigned long long)num, (unsigned long long)den);
	}
}

static void list(struct cwl_js *js, const struct expr *e, const struct type *t, struct buf *ret);

void cwl_js_as(struct cwl_js *js, const struct expr *e, const struct type *to, enum cwl_precedence at_least, struct buf *ret)
{
	if (number_of(e->type) && number_of(to) && unit_same_dim(unit_of(e->type), unit_of(to)))
		put_in(js, e, unit_of(e->type), unit_of(to), at_least, ret);
	else if ((e->op == EXPR_RECORD || e->op == EXPR_LIST) && !type_same_units(e->type, to))
		list(js, e, cwl_strip(to), ret);
	else if (e->op != EXPR_CONST && !type_same_units(e->type, to))
		cwl_js_refuse(js, e->span, "numbers in it stand in other units than where it goes");
	else
		cwl_js(js, e, at_least, ret);
}

/* -- operators ---------------------------------------------------------------------------------------------------------- */

static void open(enum cwl_precedence own, enum cwl_precedence at_least, struct buf *ret)
{
	if (own < at_least)
		buf_putc(ret, '(');
}

static void close(enum cwl_precedence own, enum cwl_precedence at_least, struct buf *ret)
{
	if (own < at_least)
		buf_putc(ret, ')');
}

static void binary(struct cwl_js *js, const struct expr *e, const char *op, enum cwl_precedence own, enum cwl_precedence at_least, struct buf *ret)
{
	open(own, at_least, ret);
	cwl_js(js, e->args[0], own, ret);
	buf_printf(ret, " %s ", op);
	cwl_js(js, e->args[1], (enum cwl_precedence)(own + 1), ret);
	close(own, at_least, ret);
}

/* Two numbers in one unit: that of the first, or the smaller of both where they are compared. */
static void two_numbers(struct cwl_js *js, const struct expr *e, const char *op, const struct unit *u, enum cwl_precedence own, enum cwl_precedence at_least, struct buf *ret)
{
	open(own, at_least, ret);
	put_in(js, e->args[0], unit_of(e->args[0]->type), u, own, ret);
	buf_printf(ret, " %s ", op);
	put_in(js, e->args[1], unit_of(e->args[1]->type), u, (enum cwl_precedence)(own + 1), ret);
	close(own, at_least, ret);
}

static const struct unit *smaller_unit(const struct type *a, const struct type *b)
{
	uint64_t num, den;

	return unit_ratio(unit_of(a), unit_of(b), &num, &den) && num >= den ? unit_of(b) : unit_of(a);
}

static bool is_nonzero(const struct expr *e)
{
	return e->op == EXPR_CONST && value_is_number(e->value) && value_number(e->value) != 0;
}

static void division(struct cwl_js *js, const struct expr *e, const char *op, enum cwl_helper helper, const struct unit *a, const struct unit *b, enum cwl_precedence at_least, struct buf *ret)
{
	if (is_nonzero(e->args[1])) {
		open(CWL_PRODUCT, at_least, ret);
		put_in(js, e->args[0], unit_of(e->args[0]->type), a, CWL_PRODUCT, ret);
		buf_printf(ret, " %s ", op);
		put_in(js, e->args[1], unit_of(e->args[1]->type), b, CWL_UNARY, ret);
		close(CWL_PRODUCT, at_least, ret);
		return;
	}
	cwl_js_helper(js, helper, ret);
	buf_putc(ret, '(');
	put_in(js, e->args[0], unit_of(e->args[0]->type), a, CWL_COND, ret);
	buf_puts(ret, ", ");
	put_in(js, e->args[1], unit_of(e->args[1]->type), b, CWL_COND, ret);
	buf_putc(ret, ')');
}

/* What has no dimension counts as a plain number; units of one dimension cancel. */
static void multiplicative(struct cwl_js *js, const struct expr *e, enum cwl_precedence at_least, struct buf *ret)
{
	const struct unit *a = unit_of(e->args[0]->type), *b = unit_of(e->args[1]->type);
	const struct unit *pa = unit_same_dim(a, NULL) ? NULL : a, *pb = unit_same_dim(b, NULL) ? NULL : b, *u = NULL;
	bool divides = e->op == EXPR_DIV;

	if ((pa || pb) && !(divides ? unit_divide : unit_multiply)(js->c->arena, pa, pb, &u)) {
		cwl_js_refuse(js, e->span, "a result whose unit cannot be written");
		return;
	}
	if (divides) {
		division(js, e, "/", CWL_JS_quotient, pa, !u && pa ? pa : pb, at_least, ret);
		return;
	}
	if (!u && pa) { /* h * 1/day: both in base units */
		open(CWL_PRODUCT, at_least, ret);
		cwl_js(js, e->args[0], CWL_PRODUCT, ret);
		buf_printf(ret, " * %llu / %llu * (", (unsigned long long)pa->num, (unsigned long long)pa->den);
		cwl_js(js, e->args[1], CWL_PRODUCT, ret);
		buf_printf(ret, " * %llu / %llu)", (unsigned long long)pb->num, (unsigned long long)pb->den);
		close(CWL_PRODUCT, at_least, ret);
		return;
	}
	open(CWL_PRODUCT, at_least, ret);
	put_in(js, e->args[0], a, pa, CWL_PRODUCT, ret);
	buf_puts(ret, " * ");
	put_in(js, e->args[1], b, pb, CWL_UNARY, ret);
	close(CWL_PRODUCT, at_least, ret);
}

static void sum(struct cwl_js *js, const struct expr *e, enum cwl_precedence at_least, struct buf *ret)
{
	const struct type *a = cwl_strip(e->args[0]->type);

	if (a->kind == TYPE_LIST) {
		cwl_js_as(js, e->args[0], e->type, CWL_PRIMARY, ret);
		buf_puts(ret, ".concat(");
		cwl_js_as(js, e->args[1], e->type, CWL_COND, ret);
		buf_putc(ret, ')');
	} else if (number_of(a)) {
		two_numbers(js, e, e->op == EXPR_ADD ? "+" : "-", unit_of(a), CWL_SUM, at_least, ret);
	} else {
		binary(js, e, "+", CWL_SUM, at_least, ret);
	}
}

static void order(struct cwl_js *js, const struct expr *e, const char *op, enum cwl_precedence at_least, struct buf *ret)
{
	const struct type *a = e->args[0]->type, *b = e->args[1]->type;

	if (number_of(a)) {
		two_numbers(js, e, op, smaller_unit(a, b), CWL_ORDER, at_least, ret);
		return;
	}
	open(CWL_ORDER, at_least, ret);
	cwl_js_helper(js, CWL_JS_bytewise, ret);
	buf_putc(ret, '(');
	cwl_js(js, e->args[0], CWL_COND, ret);
	buf_puts(ret, ", ");
	cwl_js(js, e->args[1], CWL_COND, ret);
	buf_printf(ret, ") %s 0", op);
	close(CWL_ORDER, at_least, ret);
}

static bool is_plain(const struct type *t)
{
	switch (cwl_strip(t)->kind) {
	case TYPE_NULL:
	case TYPE_BOOL:
	case TYPE_INT:
	case TYPE_FLOAT:
	case TYPE_STRING:
	case TYPE_ENUM:
	case TYPE_ENDPOINT:
		return true;
	case TYPE_POISON:
	case TYPE_ANY:
	case TYPE_FILE:
	case TYPE_DIR:
	case TYPE_LIST:
	case TYPE_MAP:
	case TYPE_RECORD:
	case TYPE_OPTIONAL:
	case TYPE_SECRET:
	case TYPE_RANGE:
	case TYPE_THING:
		break;
	}
	return false;
}

static bool holds_path(const struct type *t)
{
	t = cwl_strip(t);
	return t->kind == TYPE_FILE || t->kind == TYPE_DIR || ((t->kind == TYPE_LIST || t->kind == TYPE_MAP) && holds_path(t->of));
}

static void equality(struct cwl_js *js, const struct expr *e, enum cwl_precedence at_least, struct buf *ret)
{
	const struct type *a = e->args[0]->type, *b = e->args[1]->type;
	bool numbers = number_of(a) && number_of(b);

	if (holds_path(a) && holds_path(b))
		cwl_js_refuse(js, e->span, "whether two files are equal is not known to CWL");
	if (is_plain(a) && is_plain(b)) {
		if (numbers)
			two_numbers(js, e, e->op == EXPR_EQ ? "===" : "!==", smaller_unit(a, b), CWL_EQUAL, at_least, ret);
		else
			binary(js, e, e->op == EXPR_EQ ? "===" : "!==", CWL_EQUAL, at_least, ret);
		return;
	}
	buf_puts(ret, e->op == EXPR_EQ ? "" : "!");
	cwl_js_helper(js, CWL_JS_same, ret);
	buf_putc(ret, '(');
	cwl_js(js, e->args[0], CWL_COND, ret);
	buf_puts(ret, ", ");
	cwl_js_as(js, e->args[1], a, CWL_COND, ret);
	buf_putc(ret, ')');
}

static void inclusion(struct cwl_js *js, const struct expr *e, enum cwl_precedence at_least, struct buf *ret)
{
	const struct type *in = cwl_strip(e->args[1]->type);

	if (in->kind == TYPE_STRING) {
		open(CWL_EQUAL, at_least, ret);
		cwl_js(js, e->args[1], CWL_PRIMARY, ret);
		buf_puts(ret, ".indexOf(");
		cwl_js(js, e->args[0], CWL_COND, ret);
		buf_puts(ret, ") !== -1");
		close(CWL_EQUAL, at_least, ret);
		return;
	}
	if (in->kind == TYPE_MAP || in->kind == TYPE_RECORD) {
		buf_puts(ret, "Object.prototype.hasOwnProperty.call(");
		cwl_js(js, e->args[1], CWL_COND, ret);
		buf_puts(ret, ", ");
		cwl_js(js, e->args[0], CWL_COND, ret);
		buf_putc(ret, ')');
		return;
	}
	if (holds_path(e->args[0]->type))
		cwl_js_refuse(js, e->span, "whether two files are equal is not known to CWL");
	cwl_js_helper(js, in->kind == TYPE_RANGE ? CWL_JS_within : CWL_JS_among, ret);
	buf_putc(ret, '(');
	cwl_js_as(js, e->args[0], in, CWL_COND, ret);
	buf_puts(ret, ", ");
	cwl_js(js, e->args[1], CWL_COND, ret);
	buf_putc(ret, ')');
}

static void coalesce(struct cwl_js *js, const struct expr *e, struct buf *ret)
{
	cwl_js_helper(js, CWL_JS_either, ret);
	buf_putc(ret, '(');
	cwl_js_as(js, e->args[0], e->type, CWL_COND, ret);
	buf_puts(ret, ", ");
	cwl_js_as(js, e->args[1], e->type, CWL_COND, ret);
	buf_putc(ret, ')');
}

static void choice(struct cwl_js *js, const struct expr *e, enum cwl_precedence at_least, struct buf *ret)
{
	open(CWL_COND, at_least, ret);
	cwl_js(js, e->args[0], CWL_OR, ret);
	buf_puts(ret, " ? ");
	cwl_js_as(js, e->args[1], e->type, CWL_COND, ret);
	buf_puts(ret, " : ");
	cwl_js_as(js, e->args[2], e->type, CWL_COND, ret);
	close(CWL_COND, at_least, ret);
}

/* -- structure ---------------------------------------------------------------------------------------------------------- */

static void local(const struct expr *e, uint32_t index, struct buf *ret)
{
	buf_printf(ret, "v%u", index);
	(void)e;
}

static void let(struct cwl_js *js, const struct expr *e, struct buf *ret)
{
	buf_puts(ret, "(function () { ");
	for (uint16_t i = 0; i + 1 < e->n; i++) {
		buf_puts(ret, "var ");
		local(e, e->index + i, ret);
		buf_puts(ret, " = ");
		cwl_js(js, e->args[i], CWL_COND, ret);
		buf_puts(ret, "; ");
	}
	buf_puts(ret, "return ");
	cwl_js(js, e->args[e->n - 1], CWL_ANY, ret);
	buf_puts(ret, "; })()");
}

static void is_name(const char *text, bool *ret)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	*ret = text[0] && !text[n] && !(text[0] >= '0' && text[0] <= '9');
}

static void member(struct cwl_js *js, const struct expr *e, struct buf *ret)
{
	bool plain;

	is_name(e->name, &plain);
	if (plain && e->args[0]->type->kind == TYPE_RECORD) {
		cwl_js(js, e->args[0], CWL_PRIMARY, ret);
		buf_printf(ret, ".%s", e->name);
		return;
	}
	cwl_js_helper(js, CWL_JS_member, ret);
	buf_putc(ret, '(');
	cwl_js(js, e->args[0], CWL_COND, ret);
	buf_puts(ret, ", ");
	cwl_js_string(e->name, strlen(e->name), ret);
	buf_putc(ret, ')');
}

static void list(struct cwl_js *js, const struct expr *e, const struct type *t, struct buf *ret)
{
	const struct type *of = t->kind == TYPE_LIST ? t->of : NULL;

	buf_putc(ret, e->op == EXPR_LIST ? '[' : '{');
	for (uint16_t i = 0; i < e->n; i++) {
		const struct type_field *f = e->op == EXPR_RECORD && t->kind == TYPE_RECORD ? type_field(t, e->keys[i]) : NULL;
		const struct type *to = f ? f->type : t->kind == TYPE_MAP ? t->of : of;
		buf_puts(ret, i ? ", " : "");
		if (e->op == EXPR_RECORD) {
			cwl_js_string(e->keys[i], strlen(e->keys[i]), ret);
			buf_puts(ret, ": ");
		}
		cwl_js_as(js, e->args[i], to ? to : e->args[i]->type, CWL_COND, ret);
	}
	buf_putc(ret, e->op == EXPR_LIST ? ']' : '}');
}

static void each_body(struct cwl_js *js, const struct expr *e, const struct expr *body, struct buf *ret)
{
	const struct type *of = cwl_strip(e->args[0]->type), *item = of->kind == TYPE_LIST ? of->of : NULL;

	if (!e->pair) {
		buf_puts(ret, "(function (");
		local(e, e->index, ret);
		buf_puts(ret, ") { return ");
	} else {
		bool record = item && item->kind == TYPE_RECORD && item->n == 2;
		buf_puts(ret, "(function (pair) { var ");
		local(e, e->index, ret);
		buf_printf(ret, " = pair%s%s, ", record ? "." : "[0]", record ? item->fields[0].name : "");
		local(e, e->index + 1, ret);
		buf_printf(ret, " = pair%s%s; return ", record ? "." : "[1]", record ? item->fields[1].name : "");
	}
	cwl_js(js, body, CWL_ANY, ret);
	buf_puts(ret, "; })");
}

static void each(struct cwl_js *js, const struct expr *e, struct buf *ret)
{
	const struct type *of = cwl_strip(e->args[0]->type);

	if (of->kind == TYPE_RANGE || of->kind == TYPE_MAP) {
		cwl_js_helper(js, of->kind == TYPE_RANGE ? CWL_JS_counted : CWL_JS_pairs, ret);
		buf_putc(ret, '(');
		cwl_js(js, e->args[0], CWL_COND, ret);
		buf_putc(ret, ')');
	} else {
		cwl_js(js, e->args[0], CWL_PRIMARY, ret);
	}
	if (e->args[1]) {
		buf_puts(ret, ".filter");
		each_body(js, e, e->args[1], ret);
	}
	buf_puts(ret, ".map");
	each_body(js, e, e->args[2], ret);
}

/* -- refs ----------------------------------------------------------------------------------------------------------------- */

static void put_ref(struct cwl_js *js, const struct cwl_ref *ref, const struct expr *e, struct buf *ret)
{
	const char *name = js->name ? js->name(js->ctx, ref, e) : NULL;

	if (name)
		buf_puts(ret, name);
	else if (js->c->refused) /* what made it is refused, with a reason of its own */
		js->error = js->error ? js->error : "";
	else
		cwl_js_refuse(js, e->span, "`%s` is not known here", e->name ? e->name : "this");
}

/* A whole result is put together from its fields. */
static void whole(struct cwl_js *js, const struct cwl_ref *ref, const struct expr *e, struct buf *ret)
{
	const struct type *t = e->type;
	uint32_t depth = 0;

	while (t->kind == TYPE_LIST || t->kind == TYPE_OPTIONAL) {
		depth += t->kind == TYPE_LIST;
		t = t->of;
	}
	if (e->type->kind != TYPE_RECORD) {
		cwl_js_helper(js, CWL_JS_records, ret);
		buf_putc(ret, '(');
	}
	buf_putc(ret, '{');
	for (uint32_t i = 0; i < t->n; i++) {
		struct cwl_ref field = *ref;
		field.field = t->fields[i].name;
		buf_puts(ret, i ? ", " : "");
		cwl_js_string(field.field, strlen(field.field), ret);
		buf_puts(ret, ": ");
		put_ref(js, &field, e, ret);
	}
	buf_putc(ret, '}');
	if (e->type->kind != TYPE_RECORD)
		buf_printf(ret, ", %u)", depth);
}

static bool is_whole(const struct cwl_js *js, const struct cwl_ref *ref)
{
	return (ref->kind == CWL_SLOT || ref->kind == CWL_PREVIOUS) && !ref->field && cwl_is_ported(js->c, ref->index);
}

/* An input of the step, or the path of one of its outputs. */
static void of_step(struct cwl_js *js, const struct expr *e, struct buf *ret)
{
	const struct plan_field *f;

	if (!js->step) {
		cwl_js_refuse(js, e->span, "`%s` stands outside of its step", e->name ? e->name : "this");
	} else if (e->op == EXPR_INPUT) {
		buf_printf(ret, "inputs.%s", js->step->inputs[e->index].name);
	} else {
		f = &js->step->outputs[e->index];
		if (f->expr->op == EXPR_GLOB)
			cwl_js_refuse(js, e->span, "an output that is found by a pattern has no path before");
		else
			cwl_js(js, f->expr, CWL_PRIMARY, ret);
	}
}

static void as_text(struct cwl_js *js, const struct expr *e, enum cwl_precedence at_least, struct buf *ret)
{
	if (e->n == 0) {
		buf_puts(ret, "\"\"");
		return;
	}
	if (e->n > 1)
		open(CWL_SUM, at_least, ret);
	for (uint16_t i = 0; i < e->n; i++) {
		const struct type *t = cwl_strip(e->args[i]->type);
		bool number = t->kind == TYPE_INT || t->kind == TYPE_FLOAT;
		buf_puts(ret, i ? " + " : number && (e->n == 1 || number_of(e->args[1]->type)) ? "\"\" + " : "");
		cwl_js_text(js, e->args[i], CWL_PRODUCT, ret);
	}
	if (e->n > 1)
		close(CWL_SUM, at_least, ret);
}

void cwl_js_text(struct cwl_js *js, const struct expr *e, enum cwl_precedence at_least, struct buf *ret)
{
	const struct type *t = cwl_strip(e->type);
	bool path = t->kind == TYPE_FILE || t->kind == TYPE_DIR;

	if (path && (e->op == EXPR_INPUT || e->op == EXPR_ASSET) && js->step) {
		cwl_js(js, e, CWL_PRIMARY, ret);
		buf_puts(ret, ".path");
	} else if (path && e->op != EXPR_OUTPUT) {
		cwl_js_refuse(js, e->span, "the path of a file is not known to a workflow of CWL, only to a step");
	} else if (t->kind == TYPE_LIST && holds_path(t)) {
		cwl_js(js, e, CWL_PRIMARY, ret);
		buf_puts(ret, ".map(function (file) { return file.path; }).join(\" \")");
	} else if (t->kind == TYPE_LIST) {
		cwl_js(js, e, CWL_PRIMARY, ret);
		buf_puts(ret, ".join(\" \")");
	} else {
		cwl_js(js, e, at_least, ret);
	}
}

static void constant(struct cwl_js *js, const struct expr *e, enum cwl_precedence at_least, struct buf *ret)
{
	bool negative = value_is_number(e->value) && value_number(e->value) < 0;

	buf_puts(ret, negative && at_least >= CWL_UNARY ? "(" : "");
	put_value(js, e, e->value, e->type, ret);
	buf_puts(ret, negative && at_least >= CWL_UNARY ? ")" : "");
}

static void unary(struct cwl_js *js, const struct expr *e, const char *op, enum cwl_precedence at_least, struct buf *ret)
{
	open(CWL_UNARY, at_least, ret);
	buf_puts(ret, op);
	cwl_js(js, e->args[0], CWL_PRIMARY, ret);
	close(CWL_UNARY, at_least, ret);
}

static void two_arguments(struct cwl_js *js, const struct expr *e, enum cwl_helper helper, struct buf *ret)
{
	cwl_js_helper(js, helper, ret);
	buf_putc(ret, '(');
	cwl_js(js, e->args[0], CWL_COND, ret);
	buf_puts(ret, ", ");
	cwl_js(js, e->args[1], CWL_COND, ret);
	buf_putc(ret, ')');
}

static void range(struct cwl_js *js, const struct expr *e, struct buf *ret)
{
	buf_puts(ret, "{low: ");
	cwl_js_as(js, e->args[0], e->type, CWL_COND, ret);
	buf_puts(ret, ", high: ");
	cwl_js_as(js, e->args[1], e->type, CWL_COND, ret);
	buf_putc(ret, '}');
}

void cwl_js(struct cwl_js *js, const struct expr *e, enum cwl_precedence at_least, struct buf *ret)
{
	struct cwl_ref ref;

	if (cwl_is_ref(js->c, e, &ref)) {
		if (is_whole(js, &ref))
			whole(js, &ref, e, ret);
		else
			put_ref(js, &ref, e, ret);
		return;
	}
	switch (e->op) {
	case EXPR_CONST: constant(js, e, at_least, ret); return;
	case EXPR_INPUT:
	case EXPR_OUTPUT: of_step(js, e, ret); return;
	case EXPR_LOCAL: local(e, e->index, ret); return;
	case EXPR_LET: let(js, e, ret); return;
	case EXPR_MEMBER: member(js, e, ret); return;
	case EXPR_INDEX: two_arguments(js, e, CWL_JS_element, ret); return;
	case EXPR_NEGATE: unary(js, e, "-", at_least, ret); return;
	case EXPR_NOT: unary(js, e, "!", at_least, ret); return;
	case EXPR_ADD:
	case EXPR_SUB: sum(js, e, at_least, ret); return;
	case EXPR_MUL:
	case EXPR_DIV: multiplicative(js, e, at_least, ret); return;
	case EXPR_MOD: division(js, e, "%", CWL_JS_remainder, unit_of(e->args[0]->type), unit_of(e->args[0]->type), at_least, ret); return;
	case EXPR_LT: order(js, e, "<", at_least, ret); return;
	case EXPR_LE: order(js, e, "<=", at_least, ret); return;
	case EXPR_GT: order(js, e, ">", at_least, ret); return;
	case EXPR_GE: order(js, e, ">=", at_least, ret); return;
	case EXPR_EQ:
	case EXPR_NE: equality(js, e, at_least, ret); return;
	case EXPR_IN: inclusion(js, e, at_least, ret); return;
	case EXPR_AND: binary(js, e, "&&", CWL_AND, at_least, ret); return;
	case EXPR_OR: binary(js, e, "||", CWL_OR, at_least, ret); return;
	case EXPR_COALESCE: coalesce(js, e, ret); return;
	case EXPR_COND: choice(js, e, at_least, ret); return;
	case EXPR_RANGE: range(js, e, ret); return;
	case EXPR_AS: put_in(js, e->args[0], unit_of(e->args[0]->type), e->unit, at_least, ret); return;
	case EXPR_TEXT: as_text(js, e, at_least, ret); return;
	case EXPR_LIST:
	case EXPR_RECORD: list(js, e, cwl_strip(e->type), ret); return;
	case EXPR_EACH: each(js, e, ret); return;
	case EXPR_CALL: cwl_js_call(js, e, ret); return;
	case EXPR_SLOT:
	case EXPR_PREVIOUS:
	case EXPR_PARAM:
	case EXPR_MODEL: cwl_js_refuse(js, e->span, "`%s` is not known here", e->name); return;
	case EXPR_EVENT: cwl_js_refuse(js, e->span, "CWL knows no events"); return;
	case EXPR_ASSET:
		if (js->step)
			buf_printf(ret, "inputs.%s", cwl_asset(js, e->value));
		else
			cwl_js_refuse(js, e->span, "an asset is known to a step only");
		return;
	case EXPR_WORDS:
	case EXPR_GLOB: cwl_js_refuse(js, e->span, "this has no JavaScript"); return;
	}
}
