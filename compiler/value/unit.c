#include "compiler/value/unit.h"
#include <stdlib.h>
#include <string.h>

#define EV_NUM 1466
#define EV_DEN 9150052303159477983
#define MAX_EXPONENT 60
#define MAX_FACTORS 16
#define MAX_TEXT 200

enum prefixes { NONE, SI, LARGE, DATA };
struct row {
	struct unit unit;
	enum prefixes prefixes;
};
static const struct row rows[] = {
#define UNIT(name, prefixes, num, den, ...) {{name, {__VA_ARGS__}, num, den}, prefixes},
#include "compiler/value/units.def"
#undef UNIT
};
#define N_ROWS (sizeof rows / sizeof *rows)

enum prefix_kind { SMALL_PREFIX, LARGE_PREFIX, BINARY_PREFIX };
struct prefix {
	const char *name;
	uint64_t num, den;
	enum prefix_kind kind;
};
static const struct prefix prefixes[] = {
	{"Ki", UINT64_C(1) << 10, 1, BINARY_PREFIX}, {"Mi", UINT64_C(1) << 20, 1, BINARY_PREFIX},
	{"Gi", UINT64_C(1) << 30, 1, BINARY_PREFIX}, {"Ti", UINT64_C(1) << 40, 1, BINARY_PREFIX},
	{"Pi", UINT64_C(1) << 50, 1, BINARY_PREFIX}, {"Ei", UINT64_C(1) << 60, 1, BINARY_PREFIX},
	{"k", 1000, 1, LARGE_PREFIX}, {"M", 1000000, 1, LARGE_PREFIX}, {"G", 1000000000, 1, LARGE_PREFIX},
	{"T", 1000000000000, 1, LARGE_PREFIX}, {"P", 1000000000000000, 1, LARGE_PREFIX},
	{"E", 1000000000000000000, 1, LARGE_PREFIX},
	{"da", 10, 1, SMALL_PREFIX}, {"h", 100, 1, SMALL_PREFIX}, {"d", 1, 10, SMALL_PREFIX}, {"c", 1, 100, SMALL_PREFIX},
	{"m", 1, 1000, SMALL_PREFIX}, {"u", 1, 1000000, SMALL_PREFIX}, {"\xC2\xB5", 1, 1000000, SMALL_PREFIX},
	{"n", 1, 1000000000, SMALL_PREFIX}, {"p", 1, 1000000000000, SMALL_PREFIX}, {"f", 1, 1000000000000000, SMALL_PREFIX},
	{"a", 1, 1000000000000000000, SMALL_PREFIX},
};
#define N_PREFIXES (sizeof prefixes / sizeof *prefixes)

/* A unit as written: names with exponents, in order. */
struct factor {
	const char *name; /* borrowed, of len bytes */
	size_t len;
	int exponent;
};
struct factors {
	struct factor at[MAX_FACTORS];
	uint32_t n;
};

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

/* a/b * c/d, reduced; false on overflow. */
static bool multiply_ratio(uint64_t *num, uint64_t *den, uint64_t by_num, uint64_t by_den)
{
	uint64_t x = gcd(*num, by_den), y = gcd(by_num, *den), n, d;
	if (__builtin_mul_overflow(*num / x, by_num / y, &n) || __builtin_mul_overflow(*den / y, by_den / x, &d))
		return false;
	*num = n;
	*den = d;
	return true;
}

static const struct row *find_row(const char *name, size_t len)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		if (strlen(rows[i].unit.name) == len && memcmp(rows[i].unit.name, name, len) == 0)
			return &rows[i];
	}
	return NULL;
}

static bool takes_prefix(enum prefixes set, enum prefix_kind kind)
{
	switch (set) {
	case NONE:
		return false;
	case SI:
		return kind != BINARY_PREFIX;
	case LARGE:
		return kind == LARGE_PREFIX;
	case DATA:
		return kind != SMALL_PREFIX;
	}
	return false;
}

/* One name, with its prefix: "GiB". A row's own name wins over a prefixed one (min, cd, Pa). */
static bool find_unit(const char *name, size_t len, struct unit *ret)
{
	const struct row *row = find_row(name, len);
	if (row) {
		*ret = row->unit;
		return true;
	}
	for (size_t i = 0; i < N_PREFIXES; i++) {
		size_t n = strlen(prefixes[i].name);
		if (len <= n || memcmp(name, prefixes[i].name, n) != 0)
			continue;
		row = find_row(name + n, len - n);
		if (!row || !takes_prefix(row->prefixes, prefixes[i].kind))
			continue;
		struct unit u = row->unit;
		if (!multiply_ratio(&u.num, &u.den, prefixes[i].num, prefixes[i].den))
			return false;
		*ret = u;
		return true;
	}
	return false;
}

/* u *= by^exponent; false on overflow. */
static bool apply(struct unit *u, const struct unit *by, int exponent)
{
	for (int i = 0; i < abs(exponent); i++) {
		bool up = exponent > 0;
		if (!multiply_ratio(&u->num, &u->den, up ? by->num : by->den, up ? by->den : by->num))
			return false;
	}
	for (int d = 0; d < UNIT_DIMS; d++) {
		int sum = u->dim[d] + by->dim[d] * exponent;
		if (abs(sum) > MAX_EXPONENT)
			return false;
		u->dim[d] = (int8_t)sum;
	}
	return true;
}

static bool add_factor(struct factors *f, const char *name, size_t len, int exponent)
{
	for (uint32_t i = 0; i < f->n; i++) {
		if (f->at[i].len == len && memcmp(f->at[i].name, name, len) == 0) {
			f->at[i].exponent += exponent;
			return abs(f->at[i].exponent) <= MAX_EXPONENT;
		}
	}
	if (f->n == MAX_FACTORS)
		return false;
	f->at[f->n++] = (struct factor){name, len, exponent};
	return true;
}

static size_t name_len(const char *text, size_t len)
{
	size_t n = 0;
	while (n < len && text[n] != '*' && text[n] != '/' && text[n] != '^')
		n++;
	return n;
}

/* "^-2" behind a name; 0 bytes where there is none, SIZE_MAX where it is wrong. */
static size_t read_exponent(const char *text, size_t len, int *ret)
{
	if (len == 0 || text[0] != '^')
		return 0;
	size_t i = 1, digits = 0;
	bool negative = i < len && text[i] == '-';
	int value = 0;
	for (i += negative; i < len && text[i] >= '0' && text[i] <= '9' && digits < 3; i++, digits++)
		value = value * 10 + (text[i] - '0');
	*ret = negative ? -value : value;
	return digits && value <= MAX_EXPONENT ? i : SIZE_MAX;
}

/* Splits "kg*m/s^2" into factors; on false the bad part. */
static bool split(const char *text, size_t len, struct factors *f, size_t *ret_bad_at, size_t *ret_bad_len)
{
	int sign = 1;
	for (size_t i = 0; i <= len;) {
		size_t n = name_len(text + i, len - i), start = i;
		bool one = (n == 0 && i == 0 && len > 0 && text[0] == '/') || (n == 1 && text[i] == '1');
		struct unit u;
		int exponent = 1;
		size_t behind = one ? 0 : read_exponent(text + i + n, len - i - n, &exponent);
		*ret_bad_at = start;
		*ret_bad_len = n;
		if (behind == SIZE_MAX || (!one && (!find_unit(text + i, n, &u) || !add_factor(f, text + i, n, sign * exponent))))
			return false;
		i += n + behind;
		if (i == len)
			return true;
		if (text[i] == '^') /* behind a 1 or another exponent */
			return false;
		sign = text[i] == '/' ? -1 : 1;
		i++;
	}
	return false;
}

static bool evaluate(const struct factors *f, struct unit *ret)
{
	struct unit u = {.num = 1, .den = 1};
	for (uint32_t i = 0; i < f->n; i++) {
		struct unit by;
		if (!find_unit(f->at[i].name, f->at[i].len, &by) || !apply(&u, &by, f->at[i].exponent))
			return false;
	}
	*ret = u;
	return true;
}

/* What is above the line first, then the divisors; what cancelled is gone. */
static struct factors in_order(const struct factors *f)
{
	struct factors ret = {0};
	for (int sign = 1; sign >= -1; sign -= 2) {
		for (uint32_t i = 0; i < f->n; i++) {
			if (f->at[i].exponent * sign > 0)
				ret.at[ret.n++] = f->at[i];
		}
	}
	return ret;
}

/* "kg*m/s^2" of factors in order: each divisor behind a slash of its own. */
static char *write_name(struct arena *a, const struct factors *f)
{
	struct buf b = {0};
	for (uint32_t i = 0; i < f->n; i++) {
		int exponent = f->at[i].exponent;
		if (exponent < 0)
			buf_puts(&b, i ? "/" : "1/");
		else if (i)
			buf_putc(&b, '*');
		buf_add(&b, f->at[i].name, f->at[i].len);
		if (abs(exponent) != 1)
			buf_printf(&b, "^%d", abs(exponent));
	}
	char *name = arena_strndup(a, buf_text(&b), b.len);
	buf_finish(&b);
	return name;
}

bool unit_parse(struct arena *a, const char *text, size_t len, const struct unit **ret, size_t *ret_bad_at, size_t *ret_bad_len)
{
	struct factors f = {0};
	struct unit u;
	if (len == 0 || len > MAX_TEXT) {
		*ret_bad_at = 0;
		*ret_bad_len = len;
		return false;
	}
	if (!split(text, len, &f, ret_bad_at, ret_bad_len))
		return false;
	if (f.n == 0 || !evaluate(&f, &u)) {
		*ret_bad_at = 0;
		*ret_bad_len = len;
		return false;
	}
	const struct row *row = find_row(text, len);
	if (row) {
		*ret = &row->unit;
		return true;
	}
	u.name = text[0] == '/' ? arena_printf(a, "1%.*s", (int)len, text) : arena_strndup(a, text, len);
	*ret = arena_copy(a, &u, sizeof u);
	return true;
}

static const struct unit plain = {.name = "1", .num = 1, .den = 1};

bool unit_same_dim(const struct unit *a, const struct unit *b)
{
	return memcmp((a ? a : &plain)->dim, (b ? b : &plain)->dim, sizeof plain.dim) == 0;
}

bool unit_equal(const struct unit *a, const struct unit *b)
{
	a = a ? a : &plain;
	b = b ? b : &plain;
	return a == b || (unit_same_dim(a, b) && a->num == b->num && a->den == b->den);
}

const struct unit *unit_copy(struct arena *a, const struct unit *u)
{
	if (!u)
		return NULL;
	struct unit *copy = arena_copy(a, u, sizeof *u);
	copy->name = arena_strdup(a, u->name);
	return copy;
}

bool unit_ratio(const struct unit *from, const struct unit *to, uint64_t *ret_num, uint64_t *ret_den)
{
	from = from ? from : &plain;
	to = to ? to : &plain;
	uint64_t num = from->num, den = from->den;
	if (!unit_same_dim(from, to) || !multiply_ratio(&num, &den, to->den, to->num))
		return false;
	*ret_num = num;
	*ret_den = den;
	return true;
}

double unit_convert(double x, const struct unit *from, const struct unit *to)
{
	uint64_t num, den;
	if (unit_ratio(from, to, &num, &den)) {
		if (num != 1)
			x *= (double)num;
		return den == 1 ? x : x / (double)den;
	}
	from = from ? from : &plain;
	to = to ? to : &plain;
	return x * (double)from->num / (double)from->den * (double)to->den / (double)to->num;
}

/* The factors of both names, joined; sign: -1 divides. */
static bool combine(struct arena *a, const struct unit *x, const struct unit *y, int sign, const struct unit **ret)
{
	struct factors f = {0}, g = {0};
	size_t bad_at, bad_len;
	x = unit_same_dim(x, NULL) ? NULL : x;
	y = unit_same_dim(y, NULL) ? NULL : y;
	if ((x && !split(x->name, strlen(x->name), &f, &bad_at, &bad_len)) || (y && !split(y->name, strlen(y->name), &g, &bad_at, &bad_len)))
		return false;
	for (uint32_t i = 0; i < g.n; i++) {
		if (!add_factor(&f, g.at[i].name, g.at[i].len, sign * g.at[i].exponent))
			return false;
	}
	struct unit u;
	f = in_order(&f); /* so that the name, read again, overflows no earlier */
	if (!evaluate(&f, &u))
		return false;
	if (unit_same_dim(&u, NULL)) {
		*ret = NULL;
		return true;
	}
	u.name = write_name(a, &f);
	const struct row *row = find_row(u.name, strlen(u.name));
	*ret = row ? &row->unit : arena_copy(a, &u, sizeof u);
	return true;
}

bool unit_multiply(struct arena *a, const struct unit *x, const struct unit *y, const struct unit **ret)
{
	return combine(a, x, y, 1, ret);
}

bool unit_divide(struct arena *a, const struct unit *x, const struct unit *y, const struct unit **ret)
{
	return combine(a, x, y, -1, ret);
}

void unit_each_name(void (*each)(const char *name, void *ctx), void *ctx)
{
	static const char *const common[] = {
		"kB", "MB", "GB", "TB", "PB", "KiB", "MiB", "GiB", "TiB", "PiB", "kbit", "Mbit", "Gbit", "ms", "us", "ns", "km", "cm",
		"mm", "um", "nm", "kg", "mg", "ug", "hPa", "kPa", "MPa", "kHz", "MHz", "GHz", "kW", "MW", "GW", "kWh", "MWh", "mL", "kN",
		"kJ", "MJ", "keV", "MeV", "GeV", "TeV", "mbar", "mmol",
	};
	for (size_t i = 0; i < N_ROWS; i++)
		each(rows[i].unit.name, ctx);
	for (size_t i = 0; i < sizeof common / sizeof *common; i++)
		each(common[i], ctx);
}
