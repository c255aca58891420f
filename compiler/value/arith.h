/* Inside of compiler/value: what the evaluator and the built-ins share. */
#ifndef TWINC_VALUE_ARITH_H
#define TWINC_VALUE_ARITH_H
#include "compiler/value/expr.h"
/* + - * / % of two values; the operator is e->op. */
enum eval_status arith_binary(struct eval *ev, const struct expr *e, const struct value *a, const struct value *b, const struct value **ret);
/* < <= > >= */
enum eval_status arith_compare(struct eval *ev, const struct expr *e, const struct value *a, const struct value *b, const struct value **ret);
enum eval_status arith_in(struct eval *ev, const struct expr *e, const struct value *a, const struct value *b, const struct value **ret);
enum eval_status arith_negate(struct eval *ev, const struct expr *e, const struct value *v, const struct value **ret);
enum eval_status arith_as(struct eval *ev, const struct expr *e, const struct value *v, const struct value **ret);
/* A float, unless it is no finite number. */
enum eval_status arith_float(struct eval *ev, const struct expr *e, double x, const struct unit *u, const struct value **ret);
/* The elements of a list, of a range of whole numbers, or the pairs of a map. */
enum eval_status eval_items(struct eval *ev, const struct expr *e, const struct value *v, const struct value ***ret, uint32_t *ret_len);
#endif
