/* Expressions in Python 3. A number stands in the unit of its expression's static type; what is absent is None. */
#include "targets/flow/flow.h"
#include "compiler/base/utf8.h"
#include "compiler/doc/quote.h"
#include "compiler/value/unit.h"
#include <inttypes.h>
#include <string.h>
#include <strings.h>

void py_refuse(struct py *py, struct span span, const char *format, ...)
{
	va_list args;

	if (py->error)
		return;
	va_start(args, format);
	py->error = arena_vprintf(py->arena, format, args);
	va_end(args);
	py->error_span = span;
}

void py_string(const char *text, size_t len, struct buf *ret)
{
	buf_putc(ret, '"');
	for (size_t i = 0; i < len;) {
		uint32_t c;
		bool valid;
		size_t n = quote_plain_len(text + i, len - i);
		buf_add(ret, text + i, n);
		i += n;
		if (i == len)
			break;
		n = utf8_decode(text + i, len - i, &c, &valid);
		if (!valid)
			buf_printf(ret, "\\udc%02x", (unsigned char)text[i]);
		else if (c == '"' || c == '\\')
			buf_printf(ret, "\\%c", (char)c);
		else if (c == '\n')
			buf_puts(ret, "\\n");
		else if (c < 0x20 || c == 0x7F)
			buf_printf(ret, "\\x%02x", c);
		else
			buf_add(ret, text + i, n);
		i += valid ? n : 1;
	}
	buf_putc(ret, '"');
}

const struct type *py_strip(const struct type *t)
{
	while (t->kind == TYPE_OPTIONAL || t->kind == TYPE_SECRET)
		t = t->of;
	return t;
}

/* -- numbers and units -------------------------------------------------------------------------------------------------- */

static const struct type *number_of(const struct type *t)
{
	t = py_strip(t);
	while (t->kind == TYPE_LIST || t->kind == TYPE_RANGE || t->kind == TYPE_OPTIONAL)
		t = t->of;
	return t->kind == TYPE_INT || t->kind == TYPE_FLOAT ? t : NULL;
}

static const struct unit *unit_of(const struct type *t)
{
	return number_of(t) ? number_of(t)->unit : NULL;
}

static void open(enum py_precedence own, enum py_precedence at_least, struct buf *ret)
{
	if (own < at_least)
		buf_putc(ret, '(');
}

static void close(enum py_precedence own, enum py_precedence at_least, struct buf *ret)
{
	if (own < at_least)
		buf_putc(ret, ')');
}

/* e in another unit: multiplied or divided once by the exact ratio, as the evaluator does. */
static void put_in(struct py *py, const struct expr *e, const struct unit *from, const struct unit *to, enum py_precedence at_least, struct buf *ret)
{
	uint64_t num, den;
	bool plain = e->type->kind == TYPE_INT || e->type->kind == TYPE_FLOAT;

	if (unit_equal(from, to)) {
		py_expr(py, e, at_least, ret);
	} else if (!unit_ratio(from, to, &num, &den)) {
		py_refuse(py, e->span, "units whose ratio is too large");
	} else if (e->op == EXPR_CONST && value_is_number(e->value)) {
		double x = 0;
		char text[32];
		value_number_in(e->value, to, &x);
		value_number_text(x, text);
		buf_puts(ret, text);
	} else if (plain) {
		open(PY_PRODUCT, at_least, ret);
		py_expr(py, e, PY_PRODUCT, ret);
		if (num != 1)
			buf_printf(ret, " * %" PRIu64, num);
		if (den != 1)
			buf_printf(ret, " / %" PRIu64, den);
		close(PY_PRODUCT, at_least, ret);
	} else {
		buf_puts(ret, "scaled(");
		py_expr(py, e, PY_COND, ret);
		buf_printf(ret, ", %" PRIu64 ", %" PRIu64 ")", num, den);
	}
}

static void list(struct py *py, const struct expr *e, const struct type *t, struct buf *ret);
static void put_doc(struct py *py, const struct doc *d, struct buf *ret);

void py_as(struct py *py, const struct expr *e, const struct type *to, enum py_precedence at_least, struct buf *ret)
{
	if (number_of(e->type) && number_of(to) && unit_same_dim(unit_of(e->type), unit_of(to)))
		put_in(py, e, unit_of(e->type), unit_of(to), at_least, ret);
	else if (type_same_units(e->type, to))
		py_expr(py, e, at_least, ret);
	else if (e->op == EXPR_RECORD || e->op == EXPR_LIST)
		list(py, e, py_strip(to), ret);
	else if (e->op == EXPR_CONST)
		put_doc(py, value_to_doc(py->arena, e->value, py_strip(to)), ret);
	else
		py_refuse(py, e->span, "numbers in it stand in other units than where it goes");
}

/* -- values ----------------------------------------------------------------------------------------------------------------- */

static void put_doc(struct py *py, const struct doc *d, struct buf *ret)
{
	const char *class = d->kind == DOC_MAP ? doc_text(doc_get(d, "class"), "") : "", *path = doc_text(doc_get(d, "path"), NULL);
	char text[32];

	if (path && (strcmp(class, "File") == 0 || strcmp(class, "Directory") == 0)) { /* as seen from flow.py */
		buf_puts(ret, "path(");
		py_string(flow_path(py, path), strlen(flow_path(py, path)), ret);
		buf_puts(ret, class[0] == 'D' ? ", \"Directory\")" : ")");
		return;
	}

	switch (d->kind) {
	case DOC_NULL: buf_puts(ret, "None"); return;
	case DOC_BOOL: buf_puts(ret, d->boolean ? "True" : "False"); return;
	case DOC_INT: buf_printf(ret, "%" PRId64, d->integer); return;
	case DOC_FLOAT:
		value_number_text(d->number, text);
		buf_puts(ret, text);
		return;
	case DOC_STRING: py_string(d->string.text, d->string.len, ret); return;
	case DOC_LIST:
	case DOC_MAP: break;
	}
	buf_putc(ret, d->kind == DOC_MAP ? '{' : '[');
	for (doc_each(child, d)) {
		if (d->kind == DOC_MAP) {
			py_string(child->key, strlen(child->key), ret);
			buf_puts(ret, ": ");
		}
		put_doc(py, child, ret);
		buf_puts(ret, child->next ? ", " : "");
	}
	buf_putc(ret, d->kind == DOC_MAP ? '}' : ']');
}

static void named(const char *what, const char *name, struct buf *ret)
{
	buf_printf(ret, "%s", what);
	py_string(name, strlen(name), ret);
	buf_putc(ret, what[strlen(what) - 1] == '(' ? ')' : ']');
}

bool py_looks_like_path(const struct value *v)
{
	bool ret = v->kind == VALUE_RECORD && value_member(v, "class") && value_member(v, "path");

	for (uint32_t i = 0; v->kind == VALUE_RECORD && !ret && i < v->record.len; i++)
		ret = py_looks_like_path(v->record.fields[i].value);
	for (uint32_t i = 0; v->kind == VALUE_LIST && !ret && i < v->list.len; i++)
		ret = py_looks_like_path(v->list.items[i]);
	return ret;
}

static const char *const alike = "a record with `class` and `path` would be taken for a file";

static void constant(struct py *py, const struct expr *e, enum py_precedence at_least, struct buf *ret)
{
	bool negative = value_is_number(e->value) && value_number(e->value) < 0;

	if (e->value->kind == VALUE_PATH) {
		named("path(", flow_path(py, e->value->file.path), ret);
		if (e->value->is_dir) {
			ret->text[--ret->len] = '\0';
			buf_puts(ret, ", \"Directory\")");
		}
		return;
	}
	if (py_looks_like_path(e->value))
		py_refuse(py, e->span, "%s", alike);
	buf_puts(ret, negative && at_least >= PY_UNARY ? "(" : "");
	put_doc(py, value_to_doc(py->arena, e->value, e->type ? py_strip(e->type) : NULL), ret);
	buf_puts(ret, negative && at_least >= PY_UNARY ? ")" : "");
}

/* -- operators ---------------------------------------------------------------------------------------------------------------- */

static void binary(struct py *py, const struct expr *e, const char *op, enum py_precedence own, enum py_precedence at_least, struct buf *ret)
{
	/* comparisons of Python chain: both sides stand tighter */
	enum py_precedence left = own == PY_COMPARE ? PY_SUM : own;

	open(own, at_least, ret);
	py_expr(py, e->args[0], left, ret);
	buf_printf(ret, " %s ", op);
	py_expr(py, e->args[1], (enum py_precedence)(own + 1), ret);
	close(own, at_least, ret);
}

/* Two numbers in one unit. */
static void two_numbers(struct py *py, const struct expr *e, const char *op, const struct unit *u, enum py_precedence own, enum py_precedence at_least, struct buf *ret)
{
	open(own, at_least, ret);
	put_in(py, e->args[0], unit_of(e->args[0]->type), u, own == PY_COMPARE ? PY_SUM : own, ret);
	buf_printf(ret, " %s ", op);
	put_in(py, e->args[1], unit_of(e->args[1]->type), u, (enum py_precedence)(own + 1), ret);
	close(own, at_least, ret);
}

static const struct unit *smaller_unit(const struct type *a, const struct type *b)
{
	uint64_t num, den;

	return unit_ratio(unit_of(a), unit_of(b), &num, &den) && num >= den ? unit_of(b) : unit_of(a);
}

static void call_two(struct py *py, const char *name, const struct expr *a, const struct unit *ua, const struct expr *b, const struct unit *ub, struct buf *ret)
{
	buf_printf(ret, "%s(", name);
	put_in(py, a, unit_of(a->type), ua, PY_COND, ret);
	buf_puts(ret, ", ");
	put_in(py, b, unit_of(b->type), ub, PY_COND, ret);
	buf_putc(ret, ')');
}

/* What has no dimension counts as a plain number; units of one dimension cancel. */
static void multiplicative(struct py *py, const struct expr *e, enum py_precedence at_least, struct buf *ret)
{
	const struct unit *a = unit_of(e->args[0]->type), *b = unit_of(e->args[1]->type);
	const struct unit *pa = unit_same_dim(a, NULL) ? NULL : a, *pb = unit_same_dim(b, NULL) ? NULL : b, *u = NULL;
	bool divides = e->op == EXPR_DIV;

	if ((pa || pb) && !(divides ? unit_divide : unit_multiply)(py->arena, pa, pb, &u)) {
		py_refuse(py, e->span, "a result whose unit cannot be written");
		return;
	}
	if (divides) {
		call_two(py, "quotient", e->args[0], pa, e->args[1], !u && pa ? pa : pb, ret);
		return;
	}
	open(PY_PRODUCT, at_least, ret);
	if (!u && pa) { /* h * 1/day: both in base units */
		py_expr(py, e->args[0], PY_PRODUCT, ret);
		buf_printf(ret, " * %" PRIu64 " / %" PRIu64 " * (", pa->num, pa->den);
		py_expr(py, e->args[1], PY_PRODUCT, ret);
		buf_printf(ret, " * %" PRIu64 " / %" PRIu64 ")", pb->num, pb->den);
	} else {
		put_in(py, e->args[0], a, pa, PY_PRODUCT, ret);
		buf_puts(ret, " * ");
		put_in(py, e->args[1], b, pb, PY_UNARY, ret);
	}
	close(PY_PRODUCT, at_least, ret);
}

static void sum(struct py *py, const struct expr *e, enum py_precedence at_least, struct buf *ret)
{
	const struct type *a = py_strip(e->args[0]->type);

	if (a->kind == TYPE_LIST) {
		open(PY_SUM, at_least, ret);
		py_as(py, e->args[0], e->type, PY_SUM, ret);
		buf_puts(ret, " + ");
		py_as(py, e->args[1], e->type, PY_PRODUCT, ret);
		close(PY_SUM, at_least, ret);
	} else if (number_of(a)) {
		two_numbers(py, e, e->op == EXPR_ADD ? "+" : "-", unit_of(a), PY_SUM, at_least, ret);
	} else {
		binary(py, e, "+", PY_SUM, at_least, ret);
	}
}

static void order(struct py *py, const struct expr *e, const char *op, enum py_precedence at_least, struct buf *ret)
{
	if (number_of(e->args[0]->type))
		two_numbers(py, e, op, smaller_unit(e->args[0]->type, e->args[1]->type), PY_COMPARE, at_least, ret);
	else
		binary(py, e, op, PY_COMPARE, at_least, ret); /* code points order as bytes of UTF-8 do */
}

static bool is_plain(const struct type *t)
{
	enum type_kind k = py_strip(t)->kind;

	return k == TYPE_NULL || k == TYPE_BOOL || k == TYPE_INT || k == TYPE_FLOAT || k == TYPE_STRING || k == TYPE_ENUM || k == TYPE_ENDPOINT;
}

static void equality(struct py *py, const struct expr *e, enum py_precedence at_least, struct buf *ret)
{
	const struct type *a = e->args[0]->type, *b = e->args[1]->type;
	bool numbers = number_of(a) && number_of(b);
	const char *op = e->op == EXPR_EQ ? "==" : "!=";

	if (is_plain(a) && is_plain(b) && numbers) {
		two_numbers(py, e, op, smaller_unit(a, b), PY_COMPARE, at_least, ret);
		return;
	}
	if (is_plain(a) && is_plain(b)) {
		binary(py, e, op, PY_COMPARE, at_least, ret);
		return;
	}
	if (e->op == EXPR_NE)
		open(PY_NOT, at_least, ret);
	buf_puts(ret, e->op == EXPR_EQ ? "same(" : "not same(");
	py_expr(py, e->args[0], PY_COND, ret);
	buf_puts(ret, ", ");
	py_as(py, e->args[1], a, PY_COND, ret);
	buf_putc(ret, ')');
	if (e->op == EXPR_NE)
		close(PY_NOT, at_least, ret);
}

static void inclusion(struct py *py, const struct expr *e, enum py_precedence at_least, struct buf *ret)
{
	const struct type *in = py_strip(e->args[1]->type);

	if (in->kind == TYPE_STRING || in->kind == TYPE_MAP || in->kind == TYPE_RECORD) {
		binary(py, e, "in", PY_COMPARE, at_least, ret);
		return;
	}
	buf_puts(ret, in->kind == TYPE_RANGE ? "within(" : "among(");
	py_as(py, e->args[0], in, PY_COND, ret);
	buf_puts(ret, ", ");
	py_expr(py, e->args[1], PY_COND, ret);
	buf_putc(ret, ')');
}

static void coalesce(struct py *py, const struct expr *e, struct buf *ret)
{
	buf_puts(ret, "either(");
	py_as(py, e->args[0], e->type, PY_COND, ret);
	buf_puts(ret, ", lambda: ");
	py_as(py, e->args[1], e->type, PY_COND, ret);
	buf_putc(ret, ')');
}

static void choice(struct py *py, const struct expr *e, enum py_precedence at_least, struct buf *ret)
{
	open(PY_COND, at_least, ret);
	py_as(py, e->args[1], e->type, PY_OR, ret);
	buf_puts(ret, " if ");
	py_expr(py, e->args[0], PY_OR, ret);
	buf_puts(ret, " else ");
	py_as(py, e->args[2], e->type, PY_COND, ret);
	close(PY_COND, at_least, ret);
}

static void unary(struct py *py, const struct expr *e, const char *op, enum py_precedence own, enum py_precedence at_least, struct buf *ret)
{
	open(own, at_least, ret);
	buf_puts(ret, op);
	py_expr(py, e->args[0], own == PY_NOT ? PY_NOT : PY_PRIMARY, ret);
	close(own, at_least, ret);
}

/* -- structure -------------------------------------------------------------------------------------------------------------------- */

static void local(uint32_t index, struct buf *ret)
{
	buf_printf(ret, "v%u", index);
}

static void let(struct py *py, const struct expr *e, struct buf *ret)
{
	for (uint16_t i = 0; i + 1 < e->n; i++) {
		buf_puts(ret, "(lambda ");
		local(e->index + i, ret);
		buf_puts(ret, ": ");
	}
	py_expr(py, e->args[e->n - 1], PY_COND, ret);
	for (uint16_t i = e->n - 1; i-- > 0;) {
		buf_puts(ret, ")(");
		py_expr(py, e->args[i], PY_COND, ret);
		buf_putc(ret, ')');
	}
}

static void member(struct py *py, const struct expr *e, struct buf *ret)
{
	bool plain = e->args[0]->type->kind == TYPE_RECORD;

	buf_puts(ret, plain ? "" : "member(");
	py_expr(py, e->args[0], plain ? PY_PRIMARY : PY_COND, ret);
	buf_puts(ret, plain ? "[" : ", ");
	py_string(e->name, strlen(e->name), ret);
	buf_putc(ret, plain ? ']' : ')');
}

static void list(struct py *py, const struct expr *e, const struct type *t, struct buf *ret)
{
	const struct type *of = t->kind == TYPE_LIST ? t->of : NULL;
	uint32_t marks = 0;

	for (uint16_t i = 0; e->op == EXPR_RECORD && i < e->n; i++)
		marks += strcmp(e->keys[i], "class") == 0 || strcmp(e->keys[i], "path") == 0;
	if (marks == 2)
		py_refuse(py, e->span, "%s", alike);
	buf_putc(ret, e->op == EXPR_LIST ? '[' : '{');
	for (uint16_t i = 0; i < e->n; i++) {
		const struct type_field *f = e->op == EXPR_RECORD && t->kind == TYPE_RECORD ? type_field(t, e->keys[i]) : NULL;
		const struct type *to = f ? f->type : t->kind == TYPE_MAP ? t->of : of;
		buf_puts(ret, i ? ", " : "");
		if (e->op == EXPR_RECORD) {
			py_string(e->keys[i], strlen(e->keys[i]), ret);
			buf_puts(ret, ": ");
		}
		py_as(py, e->args[i], to ? to : e->args[i]->type, PY_COND, ret);
	}
	buf_putc(ret, e->op == EXPR_LIST ? ']' : '}');
}

static void each(struct py *py, const struct expr *e, struct buf *ret)
{
	enum type_kind of = py_strip(e->args[0]->type)->kind;

	buf_putc(ret, '[');
	py_expr(py, e->args[2], PY_COND, ret);
	buf_puts(ret, " for ");
	local(e->index, ret);
	if (e->pair) {
		buf_puts(ret, ", ");
		local(e->index + 1, ret);
	}
	buf_puts(ret, e->pair ? " in map(pair, " : " in ");
	buf_puts(ret, of == TYPE_RANGE ? "counted(" : of == TYPE_MAP ? "pairs_of_map(" : "");
	py_expr(py, e->args[0], PY_OR, ret);
	buf_puts(ret, of == TYPE_RANGE || of == TYPE_MAP ? ")" : "");
	buf_puts(ret, e->pair ? ")" : "");
	if (e->args[1]) {
		buf_puts(ret, " if ");
		py_expr(py, e->args[1], PY_OR, ret);
	}
	buf_putc(ret, ']');
}

/* -- what it reads ------------------------------------------------------------------------------------------------------------------ */

static uint32_t block_around(const struct plan *p, uint32_t block)
{
	return p->blocks[block].parent_block;
}

static bool block_names(const struct plan *p, uint32_t block, const char *name)
{
	for (uint32_t i = 0; i < p->blocks[block].n_slots; i++)
		if (strcmp(p->slots[p->blocks[block].slots[i]].name, name) == 0)
			return true;
	return false;
}

/* s["x"]; where a nearer block has the same name, from as many blocks further out: s.outer(1)["x"]. */
static void slot(struct py *py, const struct expr *e, struct buf *ret)
{
	const struct plan_slot *s = &py->plan->slots[e->index];
	uint32_t levels = 0, from = 0;

	if (py->block == PLAN_NONE) {
		py_refuse(py, e->span, "`%s` stands outside of its workflow", s->name);
		return;
	}
	for (uint32_t b = py->block; b != s->block && b != PLAN_NONE; b = block_around(py->plan, b)) {
		levels++;
		if (block_names(py->plan, b, s->name))
			from = levels;
	}
	buf_puts(ret, "s");
	if (from)
		buf_printf(ret, ".outer(%u)", from);
	named(e->op == EXPR_PREVIOUS ? ".previous(" : !e->checked && s->n_gates ? ".unchecked(" : "[", s->name, ret);
}

static void asset(struct py *py, const struct expr *e, struct buf *ret)
{
	uint32_t at = 0;

	while (at < py->assets.len && strcmp(py->assets.at[at]->file.path, e->value->file.path) != 0)
		at++;
	if (at == py->assets.len)
		*vec_push(&py->assets) = e->value;
	buf_printf(ret, "a[%u]", at);
}

static void arguments(struct py *py, const char *name, const struct expr *e, struct buf *ret)
{
	buf_printf(ret, "%s(", name);
	for (uint16_t i = 0; i < e->n; i++) {
		buf_puts(ret, i ? ", " : "");
		py_expr(py, e->args[i], PY_COND, ret);
	}
	buf_putc(ret, ')');
}

/* A command's text: what is written in it, line by line, and its placeholders as quoted words. */
static void put_words(struct py *py, const struct expr *e, struct buf *ret)
{
	buf_putc(ret, '(');
	for (uint16_t i = 0; i < e->n; i++) {
		const struct expr *part = e->args[i];
		const char *text = part->op == EXPR_CONST && part->value->kind == VALUE_STRING ? part->value->string.text : NULL;
		size_t len = text ? part->value->string.len : 0;
		buf_puts(ret, i ? " + " : "");
		if (!text) {
			buf_puts(ret, "quoted(");
			py_expr(py, part, PY_COND, ret);
			buf_putc(ret, ')');
		}
		for (size_t at = 0; text && (at < len || at == 0);) {
			const char *end = memchr(text + at, '\n', len - at);
			size_t n = end ? (size_t)(end - text) + 1 - at : len - at;
			buf_puts(ret, at ? "\n        " : "");
			py_string(text + at, n, ret);
			at += n;
			if (n == 0)
				break;
		}
	}
	buf_puts(ret, e->n ? ")" : "\"\")");
}

static void event(struct py *py, const struct expr *e, struct buf *ret)
{
	const char *dot = strrchr(e->name, '.');

	if (!py->trigger) {
		py_refuse(py, e->span, "an event is known to a trigger only");
	} else if (dot && !e->n && !py->measured) {
		py_refuse(py, e->span, "`%s` is known where a trigger waits for metrics", e->name);
	} else if (dot && !e->n) {
		buf_puts(ret, "event[");
		py_string(e->name, strlen(e->name), ret);
		buf_puts(ret, "]");
	} else if (!dot) {
		buf_puts(ret, "event");
	} else {
		buf_printf(ret, "%s(", dot + 1);
		py_string(e->name, (size_t)(dot - e->name), ret);
		buf_puts(ret, ", ");
		py_expr(py, e->args[0], PY_COND, ret);
		buf_putc(ret, ')');
	}
}

/* Whole numbers that may grow beyond 64 bits, where the twin's own end. */
static bool is_bounded(const struct expr *e)
{
	bool grows = e->op == EXPR_ADD || e->op == EXPR_SUB || e->op == EXPR_MUL || e->op == EXPR_NEGATE;

	return grows && py_strip(e->type)->kind == TYPE_INT && (e->args[0]->op != EXPR_CONST || e->args[e->n - 1]->op != EXPR_CONST);
}

static void put_expr(struct py *py, const struct expr *e, enum py_precedence at_least, struct buf *ret)
{
	switch (e->op) {
	case EXPR_CONST: constant(py, e, at_least, ret); return;
	case EXPR_PARAM:
		for (uint32_t i = 0; py->plan->params[e->index].secret && i < py->plan->n_params; i++)
			if (i != e->index && py->plan->params[i].secret && strcasecmp(py->plan->params[i].name, py->plan->params[e->index].name) == 0)
				py_refuse(py, e->span, "two secrets whose variable would be the same: they differ in capitals only");
		named(py->plan->params[e->index].secret ? "secret(" : "param(", py->plan->params[e->index].name, ret); return;
	case EXPR_SLOT:
	case EXPR_PREVIOUS: slot(py, e, ret); return;
	case EXPR_INPUT:
	case EXPR_OUTPUT:
		if (!py->step)
			py_refuse(py, e->span, "`%s` stands outside of its step", e->name);
		else if (e->op == EXPR_INPUT)
			named("i[", py->step->inputs[e->index].name, ret);
		else
			named("o[", py->step->outputs[e->index].name, ret);
		return;
	case EXPR_MODEL: named("model(", e->name, ret); return;
	case EXPR_EVENT: event(py, e, ret); return;
	case EXPR_LOCAL: local(e->index, ret); return;
	case EXPR_LET: let(py, e, ret); return;
	case EXPR_MEMBER: member(py, e, ret); return;
	case EXPR_INDEX: arguments(py, "element", e, ret); return;
	case EXPR_NEGATE: unary(py, e, "-", PY_UNARY, at_least, ret); return;
	case EXPR_NOT: unary(py, e, "not ", PY_NOT, at_least, ret); return;
	case EXPR_ADD:
	case EXPR_SUB: sum(py, e, at_least, ret); return;
	case EXPR_MUL:
	case EXPR_DIV: multiplicative(py, e, at_least, ret); return;
	case EXPR_MOD: call_two(py, "remainder", e->args[0], unit_of(e->args[0]->type), e->args[1], unit_of(e->args[0]->type), ret); return;
	case EXPR_LT: order(py, e, "<", at_least, ret); return;
	case EXPR_LE: order(py, e, "<=", at_least, ret); return;
	case EXPR_GT: order(py, e, ">", at_least, ret); return;
	case EXPR_GE: order(py, e, ">=", at_least, ret); return;
	case EXPR_EQ:
	case EXPR_NE: equality(py, e, at_least, ret); return;
	case EXPR_IN: inclusion(py, e, at_least, ret); return;
	case EXPR_AND: binary(py, e, "and", PY_AND, at_least, ret); return;
	case EXPR_OR: binary(py, e, "or", PY_OR, at_least, ret); return;
	case EXPR_COALESCE: coalesce(py, e, ret); return;
	case EXPR_COND: choice(py, e, at_least, ret); return;
	case EXPR_RANGE:
		buf_puts(ret, "{\"low\": ");
		py_as(py, e->args[0], e->type, PY_COND, ret);
		buf_puts(ret, ", \"high\": ");
		py_as(py, e->args[1], e->type, PY_COND, ret);
		buf_putc(ret, '}');
		return;
	case EXPR_AS: put_in(py, e->args[0], unit_of(e->args[0]->type), e->unit, at_least, ret); return;
	case EXPR_TEXT: arguments(py, "text", e, ret); return;
	case EXPR_WORDS: put_words(py, e, ret); return;
	case EXPR_LIST:
	case EXPR_RECORD: list(py, e, py_strip(e->type), ret); return;
	case EXPR_EACH: each(py, e, ret); return;
	case EXPR_CALL: py_call(py, e, ret); return;
	case EXPR_ASSET:
		if (py->step)
			asset(py, e, ret);
		else
			py_refuse(py, e->span, "an asset is known to a step only");
		return;
	case EXPR_GLOB:
		buf_puts(ret, "Glob(");
		py_expr(py, e->args[0], PY_COND, ret);
		buf_putc(ret, ')');
		return;
	}
}

void py_expr(struct py *py, const struct expr *e, enum py_precedence at_least, struct buf *ret)
{
	bool bounded = is_bounded(e);

	buf_puts(ret, bounded ? "whole(" : "");
	put_expr(py, e, bounded ? PY_ANY : at_least, ret);
	buf_puts(ret, bounded ? ")" : "");
}
