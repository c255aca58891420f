#include "compiler/doc/quote.h"
#include "compiler/value/arith.h"
#include "compiler/value/expr.h"
#include <inttypes.h>
#include <string.h>

enum eval_status eval_fail(struct eval *ev, const struct expr *e, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	ev->error = arena_vprintf(ev->arena, format, args);
	va_end(args);
	ev->error_span = e->span;
	return EVAL_FAILED;
}

enum eval_status eval_spend(struct eval *ev, const struct expr *e, uint64_t n)
{
	ev->steps += n;
	return ev->steps > EVAL_MAX_STEPS ? eval_fail(ev, e, "this takes too many steps to work out") : EVAL_OK;
}

/* What a callback says; it need not explain itself. */
static enum eval_status settle(struct eval *ev, const struct expr *e, enum eval_status status)
{
	if (status == EVAL_FAILED && !ev->error)
		return eval_fail(ev, e, "%s has no value", e->name ? e->name : "this");
	return status;
}

static enum eval_status eval_all(struct eval *ev, const struct expr *e, const struct value ***ret)
{
	const struct value **values = arena_new_n(ev->arena, const struct value *, e->n);
	for (uint16_t i = 0; i < e->n; i++) {
		enum eval_status s = eval_expr(ev, e->args[i], &values[i]);
		if (s != EVAL_OK)
			return s;
	}
	*ret = values;
	return EVAL_OK;
}

static enum eval_status member_of(struct eval *ev, const struct expr *e, const struct value *v, const struct value **ret)
{
	if (v->kind == VALUE_NULL) {
		*ret = v;
		return EVAL_OK;
	}
	if (v->kind == VALUE_LIST) {
		const struct value **items = arena_new_n(ev->arena, const struct value *, v->list.len);
		enum eval_status s = eval_spend(ev, e, v->list.len);
		for (uint32_t i = 0; s == EVAL_OK && i < v->list.len; i++)
			s = member_of(ev, e, v->list.items[i], &items[i]);
		if (s == EVAL_OK)
			*ret = value_list(ev->arena, items, v->list.len);
		return s;
	}
	const struct value *member = value_member(v, e->name);
	if (!member)
		return eval_fail(ev, e, "there is no %s in it", e->name);
	*ret = member;
	return EVAL_OK;
}

static enum eval_status index_of(struct eval *ev, const struct expr *e, const struct value *v, const struct value *at, const struct value **ret)
{
	int64_t i;
	if (v->kind == VALUE_NULL) {
		*ret = v;
		return EVAL_OK;
	}
	if (v->kind == VALUE_LIST && value_int_in(at, NULL, &i)) {
		if (i < 0 || i >= v->list.len)
			return eval_fail(ev, e->args[1], "there is no element %" PRId64 " in a list of %u", i, v->list.len);
		*ret = v->list.items[i];
		return EVAL_OK;
	}
	if (v->kind != VALUE_RECORD || at->kind != VALUE_STRING)
		return eval_fail(ev, e, "this cannot be taken by an index");
	const struct value *member = value_member(v, at->string.text);
	if (!member)
		return eval_fail(ev, e->args[1], "there is no key %s", value_text(ev->arena, at));
	*ret = member;
	return EVAL_OK;
}

static enum eval_status need_bool(struct eval *ev, const struct expr *e, const struct value *v, bool *ret)
{
	if (v->kind != VALUE_BOOL)
		return eval_fail(ev, e, v->kind == VALUE_NULL ? "an absent value is neither true nor false" : "this is neither true nor false");
	*ret = v->boolean;
	return EVAL_OK;
}

static enum eval_status eval_bool(struct eval *ev, const struct expr *e, bool *ret)
{
	const struct value *v;
	enum eval_status s = eval_expr(ev, e, &v);
	return s == EVAL_OK ? need_bool(ev, e, v, ret) : s;
}

/* What is not known does not matter where the other side decides. */
static enum eval_status eval_logic(struct eval *ev, const struct expr *e, const struct value **ret)
{
	bool decides = e->op == EXPR_OR, a = false, b = false;
	enum eval_status left = eval_bool(ev, e->args[0], &a);
	if (left == EVAL_FAILED)
		return left;
	if (left == EVAL_OK && a == decides) {
		*ret = value_bool(decides);
		return EVAL_OK;
	}
	enum eval_status right = eval_bool(ev, e->args[1], &b);
	if (right == EVAL_OK && (left == EVAL_OK || b == decides)) {
		*ret = value_bool(b);
		return EVAL_OK;
	}
	return left == EVAL_UNKNOWN ? EVAL_UNKNOWN : right;
}

static enum eval_status eval_choice(struct eval *ev, const struct expr *e, const struct value **ret)
{
	bool condition = false;
	enum eval_status s = eval_bool(ev, e->args[0], &condition);
	return s == EVAL_OK ? eval_expr(ev, e->args[condition ? 1 : 2], ret) : s;
}

static enum eval_status eval_coalesce(struct eval *ev, const struct expr *e, const struct value **ret)
{
	const struct value *v;
	enum eval_status s = eval_expr(ev, e->args[0], &v);
	if (s != EVAL_OK)
		return s;
	if (v->kind == VALUE_NULL)
		return eval_expr(ev, e->args[1], ret);
	*ret = v;
	return EVAL_OK;
}

static enum eval_status equals(struct eval *ev, const struct expr *e, const struct value *a, const struct value *b, const struct value **ret)
{
	(void)ev;
	*ret = value_bool(value_equal(a, b) == (e->op == EXPR_EQ));
	return EVAL_OK;
}

static enum eval_status range_of(struct eval *ev, const struct expr *e, const struct value *a, const struct value *b, const struct value **ret)
{
	if (!value_is_number(a) || !value_is_number(b) || !unit_same_dim(a->unit, b->unit))
		return eval_fail(ev, e, "a range goes from a number to one of the same kind");
	*ret = value_range(ev->arena, a, b);
	return EVAL_OK;
}

typedef enum eval_status unary(struct eval *ev, const struct expr *e, const struct value *v, const struct value **ret);
typedef enum eval_status binary(struct eval *ev, const struct expr *e, const struct value *a, const struct value *b, const struct value **ret);

/* The operator applied to the values of its arguments. */
static enum eval_status with_two(struct eval *ev, const struct expr *e, binary *apply, const struct value **ret)
{
	const struct value *a, *b;
	enum eval_status s = eval_expr(ev, e->args[0], &a);
	if (s == EVAL_OK)
		s = eval_expr(ev, e->args[1], &b);
	return s == EVAL_OK ? apply(ev, e, a, b, ret) : s;
}

static enum eval_status with_one(struct eval *ev, const struct expr *e, unary *apply, const struct value **ret)
{
	const struct value *v;
	enum eval_status s = eval_expr(ev, e->args[0], &v);
	return s == EVAL_OK ? apply(ev, e, v, ret) : s;
}

static enum eval_status negation(struct eval *ev, const struct expr *e, const struct value *v, const struct value **ret)
{
	bool b = false;
	enum eval_status s = need_bool(ev, e->args[0], v, &b);
	if (s == EVAL_OK)
		*ret = value_bool(!b);
	return s;
}

static enum eval_status set_local(struct eval *ev, const struct expr *e, uint32_t index, const struct value *v)
{
	if (index >= EVAL_MAX_LOCALS)
		return eval_fail(ev, e, "too many variables");
	if (index >= ev->n_locals) {
		uint32_t n = index + 1 > 2 * ev->n_locals ? index + 8 : 2 * ev->n_locals;
		const struct value **locals = arena_new_n(ev->arena, const struct value *, n);
		if (ev->n_locals)
			memcpy(locals, ev->locals, sizeof *locals * ev->n_locals);
		ev->locals = locals;
		ev->n_locals = n;
	}
	ev->locals[index] = v;
	return EVAL_OK;
}

static enum eval_status eval_let(struct eval *ev, const struct expr *e, const struct value **ret)
{
	for (uint16_t i = 0; i + 1 < e->n; i++) {
		const struct value *v;
		enum eval_status s = eval_expr(ev, e->args[i], &v);
		if (s == EVAL_OK)
			s = set_local(ev, e, e->index + i, v);
		if (s != EVAL_OK)
			return s;
	}
	return eval_expr(ev, e->args[e->n - 1], ret);
}

static enum eval_status set_locals(struct eval *ev, const struct expr *e, const struct value *item)
{
	if (!e->pair)
		return set_local(ev, e, e->index, item);
	const struct value *first, *second;
	if (!value_pair(item, &first, &second))
		return eval_fail(ev, e->args[0], "an element is no pair");
	enum eval_status s = set_local(ev, e, e->index, first);
	return s == EVAL_OK ? set_local(ev, e, e->index + 1, second) : s;
}

/* One round of a comprehension: adds to items unless the condition leaves it out. */
static enum eval_status eval_round(struct eval *ev, const struct expr *e, const struct value *item, const struct value **items, uint32_t *n)
{
	bool taken = true;
	enum eval_status s = set_locals(ev, e, item);
	if (s == EVAL_OK && e->args[1])
		s = eval_bool(ev, e->args[1], &taken);
	if (s == EVAL_OK && taken)
		s = eval_expr(ev, e->args[2], &items[(*n)++]);
	return s;
}

static enum eval_status eval_each(struct eval *ev, const struct expr *e, const struct value **ret)
{
	const struct value *subject, **from = NULL;
	uint32_t len = 0, n = 0;
	enum eval_status s = eval_expr(ev, e->args[0], &subject);
	if (s == EVAL_OK)
		s = eval_items(ev, e->args[0], subject, &from, &len);
	if (s != EVAL_OK)
		return s;
	const struct value **items = arena_new_n(ev->arena, const struct value *, len);
	for (uint32_t i = 0; s == EVAL_OK && i < len; i++)
		s = eval_round(ev, e, from[i], items, &n);
	if (s == EVAL_OK)
		*ret = value_list(ev->arena, items, n);
	return s;
}

static enum eval_status range_items(struct eval *ev, const struct expr *e, const struct value *v, const struct value ***ret, uint32_t *ret_len)
{
	int64_t low, high;
	if (v->range.low->unit || v->range.high->unit || !value_int_in(v->range.low, NULL, &low) || !value_int_in(v->range.high, NULL, &high))
		return eval_fail(ev, e, "only a range of whole numbers can be counted");
	uint64_t n = high < low ? 0 : (uint64_t)high - (uint64_t)low;
	if (n >= EVAL_MAX_ITEMS)
		return eval_fail(ev, e, "a range of more than %u elements", EVAL_MAX_ITEMS);
	n = high < low ? 0 : n + 1;
	enum eval_status s = eval_spend(ev, e, n);
	if (s != EVAL_OK)
		return s;
	const struct value **items = arena_new_n(ev->arena, const struct value *, n);
	for (uint64_t i = 0; i < n; i++)
		items[i] = value_int(ev->arena, low + (int64_t)i, NULL);
	*ret = items;
	*ret_len = (uint32_t)n;
	return EVAL_OK;
}

enum eval_status eval_items(struct eval *ev, const struct expr *e, const struct value *v, const struct value ***ret, uint32_t *ret_len)
{
	if (v->kind == VALUE_LIST) {
		*ret = v->list.items;
		*ret_len = v->list.len;
		return eval_spend(ev, e, v->list.len);
	}
	if (v->kind == VALUE_RANGE)
		return range_items(ev, e, v, ret, ret_len);
	if (v->kind != VALUE_RECORD)
		return eval_fail(ev, e, v->kind == VALUE_NULL ? "an absent value where a list is needed" : "this is no list");
	const struct value **items = arena_new_n(ev->arena, const struct value *, v->record.len);
	for (uint32_t i = 0; i < v->record.len; i++) {
		const struct value **pair = arena_new_n(ev->arena, const struct value *, 2);
		pair[0] = value_string(ev->arena, v->record.fields[i].name);
		pair[1] = v->record.fields[i].value;
		items[i] = value_list(ev->arena, pair, 2);
	}
	*ret = items;
	*ret_len = v->record.len;
	return eval_spend(ev, e, v->record.len);
}

bool eval_value_text(const struct value *v, struct buf *ret)
{
	char text[32];
	switch (v->kind) {
	case VALUE_INT:
		if (!v->unit)
			buf_printf(ret, "%" PRId64, v->integer);
		return !v->unit;
	case VALUE_FLOAT:
		value_number_text(v->number, text);
		if (!v->unit)
			buf_puts(ret, text);
		return !v->unit;
	case VALUE_STRING:
		buf_add(ret, v->string.text, v->string.len);
		return true;
	case VALUE_PATH:
		buf_puts(ret, v->file.path);
		return true;
	case VALUE_NULL:
	case VALUE_BOOL:
	case VALUE_LIST:
	case VALUE_RECORD:
	case VALUE_RANGE:
	case VALUE_SECRET:
		return false;
	}
	return false;
}

static enum eval_status no_text(struct eval *ev, const struct expr *e, const struct value *v)
{
	switch (v->kind) {
	case VALUE_NULL:
		return eval_fail(ev, e, "an absent value cannot be put into text");
	case VALUE_INT:
	case VALUE_FLOAT:
		return eval_fail(ev, e, "%s is put into text in a stated unit only", value_text(ev->arena, v));
	case VALUE_SECRET:
		return eval_fail(ev, e, "the secret %s cannot be put into text", v->string.text);
	case VALUE_BOOL:
	case VALUE_STRING:
	case VALUE_PATH:
	case VALUE_LIST:
	case VALUE_RECORD:
	case VALUE_RANGE:
		break;
	}
	return eval_fail(ev, e, "this cannot be put into text");
}

/* A value as text, quoted for sh where asked; the elements of a list with blanks between. */
static enum eval_status put_text(struct eval *ev, const struct expr *e, const struct value *v, bool quoted, struct buf *ret)
{
	enum eval_status s = eval_spend(ev, e, 1);
	if (v->kind == VALUE_LIST) {
		for (uint32_t i = 0; s == EVAL_OK && i < v->list.len; i++) {
			if (i)
				buf_putc(ret, ' ');
			s = put_text(ev, e, v->list.items[i], quoted, ret);
		}
		return s;
	}
	struct buf text = {0};
	if (s == EVAL_OK && !eval_value_text(v, quoted ? &text : ret))
		s = no_text(ev, e, v);
	if (s == EVAL_OK && quoted)
		quote_sh(buf_text(&text), text.len, ret);
	buf_finish(&text);
	if (s == EVAL_OK && ret->len > EVAL_MAX_TEXT)
		s = eval_fail(ev, e, "a text of more than %zu bytes", EVAL_MAX_TEXT);
	return s;
}

static enum eval_status eval_text(struct eval *ev, const struct expr *e, const struct value **ret)
{
	struct buf b = {0};
	enum eval_status s = EVAL_OK;
	for (uint16_t i = 0; s == EVAL_OK && i < e->n; i++) {
		const struct expr *arg = e->args[i];
		bool script = e->op == EXPR_WORDS && arg->op == EXPR_CONST && arg->value->kind == VALUE_STRING;
		const struct value *v;
		s = eval_expr(ev, arg, &v);
		if (s == EVAL_OK)
			s = put_text(ev, arg, v, e->op == EXPR_WORDS && !script, &b);
	}
	if (s == EVAL_OK)
		*ret = value_string_n(ev->arena, buf_text(&b), b.len);
	buf_finish(&b);
	return s;
}

static enum eval_status eval_collection(struct eval *ev, const struct expr *e, const struct value **ret)
{
	const struct value **values = NULL;
	enum eval_status s = eval_all(ev, e, &values);
	if (s != EVAL_OK)
		return s;
	if (e->op == EXPR_CALL) {
		const struct builtin *b = builtin_find(e->name);
		if (!b || e->n < b->min_args || e->n > b->max_args)
			return eval_fail(ev, e, "there is no function %s with %u arguments", e->name, e->n);
		return b->run(ev, e, values, ret);
	}
	if (e->op == EXPR_LIST) {
		*ret = value_list(ev->arena, values, e->n);
		return EVAL_OK;
	}
	struct value_field *fields = arena_new_n(ev->arena, struct value_field, e->n);
	for (uint16_t i = 0; i < e->n; i++)
		fields[i] = (struct value_field){e->keys[i], values[i]};
	*ret = value_record(ev->arena, fields, e->n);
	return EVAL_OK;
}

static enum eval_status eval_local(struct eval *ev, const struct expr *e, const struct value **ret)
{
	if (e->index >= ev->n_locals || !ev->locals[e->index])
		return eval_fail(ev, e, "%s has no value here", e->name ? e->name : "this");
	*ret = ev->locals[e->index];
	return EVAL_OK;
}

static enum eval_status eval_asset(struct eval *ev, const struct expr *e, const struct value **ret)
{
	if (ev->asset)
		return ev->asset(ev->ctx, e->value, ret);
	*ret = e->value;
	return EVAL_OK;
}

static enum eval_status dispatch(struct eval *ev, const struct expr *e, const struct value **ret)
{
	switch (e->op) {
	case EXPR_CONST:
		*ret = e->value;
		return EVAL_OK;
	case EXPR_PARAM:
		return ev->param ? settle(ev, e, ev->param(ev->ctx, e->index, ret)) : EVAL_UNKNOWN;
	case EXPR_SLOT:
	case EXPR_PREVIOUS:
		return ev->slot ? settle(ev, e, ev->slot(ev->ctx, e, ret)) : EVAL_UNKNOWN;
	case EXPR_INPUT:
		return ev->input ? settle(ev, e, ev->input(ev->ctx, e->index, ret)) : EVAL_UNKNOWN;
	case EXPR_OUTPUT:
		return ev->output ? settle(ev, e, ev->output(ev->ctx, e->index, ret)) : EVAL_UNKNOWN;
	case EXPR_MODEL:
		return ev->model ? settle(ev, e, ev->model(ev->ctx, e->name, ret)) : EVAL_UNKNOWN;
	case EXPR_EVENT:
		return ev->event ? settle(ev, e, ev->event(ev->ctx, e->name, ret)) : EVAL_UNKNOWN;
	case EXPR_LOCAL:
		return eval_local(ev, e, ret);
	case EXPR_LET:
		return eval_let(ev, e, ret);
	case EXPR_MEMBER:
		return with_one(ev, e, member_of, ret);
	case EXPR_NEGATE:
		return with_one(ev, e, arith_negate, ret);
	case EXPR_NOT:
		return with_one(ev, e, negation, ret);
	case EXPR_AS:
		return with_one(ev, e, arith_as, ret);
	case EXPR_INDEX:
		return with_two(ev, e, index_of, ret);
	case EXPR_ADD:
	case EXPR_SUB:
	case EXPR_MUL:
	case EXPR_DIV:
	case EXPR_MOD:
		return with_two(ev, e, arith_binary, ret);
	case EXPR_LT:
	case EXPR_LE:
	case EXPR_GT:
	case EXPR_GE:
		return with_two(ev, e, arith_compare, ret);
	case EXPR_EQ:
	case EXPR_NE:
		return with_two(ev, e, equals, ret);
	case EXPR_IN:
		return with_two(ev, e, arith_in, ret);
	case EXPR_RANGE:
		return with_two(ev, e, range_of, ret);
	case EXPR_AND:
	case EXPR_OR:
		return eval_logic(ev, e, ret);
	case EXPR_COALESCE:
		return eval_coalesce(ev, e, ret);
	case EXPR_COND:
		return eval_choice(ev, e, ret);
	case EXPR_TEXT:
	case EXPR_WORDS:
		return eval_text(ev, e, ret);
	case EXPR_LIST:
	case EXPR_RECORD:
	case EXPR_CALL:
		return eval_collection(ev, e, ret);
	case EXPR_EACH:
		return eval_each(ev, e, ret);
	case EXPR_ASSET:
		return eval_asset(ev, e, ret);
	case EXPR_GLOB: /* only the runtime has the folder */
		return EVAL_UNKNOWN;
	}
	return EVAL_FAILED;
}

enum eval_status eval_expr(struct eval *ev, const struct expr *e, const struct value **ret)
{
	if (ev->depth >= EVAL_MAX_DEPTH)
		return eval_fail(ev, e, "nested too deeply to be worked out");
	enum eval_status s = eval_spend(ev, e, 1);
	if (s != EVAL_OK)
		return s;
	ev->depth++;
	s = dispatch(ev, e, ret);
	ev->depth--;
	return s;
}
