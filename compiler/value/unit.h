/* Units of measure: a dimension and an exact ratio to base units. Rows in units.def (SI brochure, 9th edition; IEC 80000-13). */
#ifndef TWINC_VALUE_UNIT_H
#define TWINC_VALUE_UNIT_H
#include "compiler/base/arena.h"
#include "compiler/base/buf.h"
#include <stdbool.h>
#include <stdint.h>

enum unit_dim { UNIT_LENGTH, UNIT_MASS, UNIT_TIME, UNIT_CURRENT, UNIT_TEMPERATURE, UNIT_AMOUNT, UNIT_LUMINOUS, UNIT_DATA, UNIT_DIMS };
struct unit {
	const char *name;       /* as written: "GiB", "MB/s", "1/day", "%"; interned for the life of the process' constant table or in the arena */
	int8_t dim[UNIT_DIMS];  /* exponents of m g s A K mol cd B */
	uint64_t num, den;      /* 1 of it = num/den base units, reduced */
};
/* Reads a unit expression: "K", "MB/s", "1/day", "/day" (same as 1/day), "kg*m/s^2", "%". False where it is none, with the
 * offending name's offset and length for a suggestion. Overflowing ratios are refused too. A prefix glues to the units
 * whose row allows it: SI prefixes, binary ones on B and bit only. */
bool unit_parse(struct arena *a, const char *text, size_t len, const struct unit **ret, size_t *ret_bad_at, size_t *ret_bad_len);
bool unit_same_dim(const struct unit *a, const struct unit *b); /* NULL: dimensionless, ratio 1 */
/* Same dimension and ratio, whatever they are called. */
bool unit_equal(const struct unit *a, const struct unit *b);
/* x of unit `from` in unit `to` (same dimension): one multiplication or division by the exact reduced ratio. */
double unit_convert(double x, const struct unit *from, const struct unit *to);
/* NULL for NULL. */
const struct unit *unit_copy(struct arena *a, const struct unit *u);
/* The exact ratio of one `from` to one `to`, reduced; false on overflow or another dimension. */
bool unit_ratio(const struct unit *from, const struct unit *to, uint64_t *ret_num, uint64_t *ret_den);
/* Product and quotient of units, for * and /; false on overflow of the ratio (*ret untouched). What has no dimension counts
 * as a plain number: 50% of 10GiB is in GiB, and GiB / MiB gives NULL; the numbers are scaled by whoever multiplies them. */
bool unit_multiply(struct arena *a, const struct unit *x, const struct unit *y, const struct unit **ret);
bool unit_divide(struct arena *a, const struct unit *x, const struct unit *y, const struct unit **ret);
/* What it measures, for messages: "a duration", "a size", "a rate", "a length", "a temperature" ..., else "a quantity in kg*m/s^2". */
const char *unit_dim_name(struct arena *a, const struct unit *u);
/* Calls back every unit name that is known (unprefixed and the common prefixed ones), for did-you-mean. */
void unit_each_name(void (*each)(const char *name, void *ctx), void *ctx);
/* The number in the fitting human unit of the same family: 17179869184 B -> "16GiB", 5400 s -> "90min". */
void unit_show(double x, const struct unit *u, struct buf *ret);
#endif
