#include "tests/unit/unit.h"
#include "compiler/value/unit.h"
#include <math.h>

static struct arena arena;

static const struct unit *get(const char *text)
{
	const struct unit *u = NULL;
	size_t at, len;
	if (!unit_parse(&arena, text, strlen(text), &u, &at, &len))
		fail_msg("%s is no unit", text);
	return u;
}

static void units_are_read(void **state)
{
	(void)state;
	static const struct { const char *text, *name; uint64_t num, den; } rows[] = {
		{"K", "K", 1, 1}, {"MB/s", "MB/s", 1000000, 1}, {"1/day", "1/day", 1, 86400}, {"/day", "1/day", 1, 86400},
		{"kg*m/s^2", "kg*m/s^2", 1000, 1}, {"%", "%", 1, 100}, {"GiB", "GiB", 1073741824, 1}, {"min", "min", 60, 1}, {"m", "m", 1, 1},
		{"mm", "mm", 1, 1000}, {"kB", "kB", 1000, 1}, {"bit", "bit", 1, 8}, {"kbit", "kbit", 125, 1}, {"ha", "ha", 10000, 1},
		{"m^-2", "m^-2", 1, 1}, {"cd", "cd", 1, 1}, {"Pa", "Pa", 1000, 1}, {"hPa", "hPa", 100000, 1}, {"dam", "dam", 10, 1},
		{"mL", "mL", 1, 1000000}, {"kWh", "kWh", 3600000000, 1}, {"t", "t", 1000000, 1}, {"week", "week", 604800, 1}, {"us", "us", 1, 1000000},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct unit *u = get(rows[i].text);
		assert_string_equal(u->name, rows[i].name);
		assert_int_equal(u->num, rows[i].num);
		assert_int_equal(u->den, rows[i].den);
	}
}

static void what_is_no_unit_is_refused(void **state)
{
	(void)state;
	static const struct { const char *text; size_t at, len; } rows[] = {
		{"M", 0, 1}, {"year", 0, 4}, {"KB", 0, 2}, {"MB/sec", 3, 3}, {"s^", 0, 1}, {"1", 0, 1}, {"", 0, 0}, {"EeV", 0, 3}, {"mbit", 0, 4},
		{"ft", 0, 2}, {"m*", 2, 0}, {"km^9", 0, 4}, {"m/", 2, 0}, {"1/1", 0, 3}, {"degC", 0, 4}, {"m^99999", 0, 1}, {"s^2^2", 0, 1},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct unit *u;
		size_t at = 99, len = 99;
		if (unit_parse(&arena, rows[i].text, strlen(rows[i].text), &u, &at, &len))
			fail_msg("%s is a unit", rows[i].text);
		assert_int_equal(at, rows[i].at);
		assert_int_equal(len, rows[i].len);
	}
}

static void conversions_are_exact(void **state)
{
	(void)state;
	assert_true(unit_convert(72, get("h"), get("s")) == 259200);
	assert_true(unit_convert(16, get("GiB"), get("B")) == 17179869184.0);
	assert_true(unit_convert(16, get("GiB"), get("MiB")) == 16384);
	assert_true(unit_convert(15625, get("MiB"), get("MB")) == 16384);
	assert_true(unit_convert(90, get("min"), get("h")) == 1.5);
	assert_true(unit_convert(40, get("1/day"), get("1/s")) == 40.0 / 86400);
	assert_true(unit_convert(50, get("%"), NULL) == 0.5);
	assert_true(fabs(unit_convert(180, get("deg"), get("rad")) - M_PI) < 1e-15);
	assert_true(fabs(unit_convert(1, get("eV"), get("J")) / 1.602176634e-19 - 1) < 1e-15);
	assert_true(unit_same_dim(get("MB/s"), get("GiB/day")));
	assert_false(unit_same_dim(get("MB/s"), get("GiB")));
	assert_true(unit_equal(get("min"), get("min")));
	assert_true(unit_equal(get("ms"), get("ms")));
	assert_false(unit_equal(get("min"), get("h")));
}

static void expect_product(const char *x, const char *y, bool divide, const char *name)
{
	const struct unit *u = NULL;
	assert_true((divide ? unit_divide : unit_multiply)(&arena, x ? get(x) : NULL, y ? get(y) : NULL, &u));
	if (name)
		assert_string_equal(u->name, name);
	else
		assert_null(u);
	if (name)
		assert_true(unit_equal(get(name), u));
}

static void units_multiply(void **state)
{
	(void)state;
	expect_product("MB/s", "s", false, "MB");
	expect_product("GiB", "MB/s", true, "GiB*s/MB");
	expect_product("s", "s", true, NULL);
	expect_product("GiB", "MiB", true, NULL);
	expect_product("%", "GiB", false, "GiB");
	expect_product(NULL, "day", true, "1/day");
	expect_product("1/day", "day", false, NULL);
	expect_product("m", "m", false, "m^2");
	expect_product("kg*m/s^2", "m^2", true, "kg/m/s^2");
	const struct unit *u = NULL, *v = get("Wh/W/W/W/W*h");
	assert_false(unit_multiply(&arena, v, v, &u)); /* its name could not be read again */
	u = get("m");
	assert_false(unit_multiply(&arena, get("Pm"), get("Em"), &u));
	assert_string_equal(u->name, "m");
}

static void numbers_are_shown_in_the_unit_that_reads_best(void **state)
{
	(void)state;
	static const struct { double x; const char *unit, *text; } rows[] = {
		{17179869184.0, "B", "16GiB"}, {5400, "s", "90min"}, {259200, "s", "3day"}, {1e9, "B", "1GB"}, {7, "B", "7B"}, {0.25, "s", "250ms"},
		{40.0 / 86400, "1/s", "40/day"}, {2e6, "B/s", "2MB/s"}, {275, "K", "275K"}, {50, "%", "50%"}, {0, "s", "0s"}, {1288490188.8, "B", "1.2GiB"},
		{1500, "m", "1.5km"}, {3000, "m", "3km"}, {-5400, "s", "-90min"}, {101325, "Pa", "101325Pa"}, {1.5, "kg*m/s^2*K", "1.5kg*m/s^2*K"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf b = {0};
		unit_show(rows[i].x, get(rows[i].unit), &b);
		expect_text(&b, rows[i].text);
	}
	assert_string_equal(unit_dim_name(&arena, get("h")), "a duration");
	assert_string_equal(unit_dim_name(&arena, get("GiB")), "a size");
	assert_string_equal(unit_dim_name(&arena, get("1/week")), "a rate");
	assert_string_equal(unit_dim_name(&arena, NULL), "a number");
	assert_string_equal(unit_dim_name(&arena, get("K*m")), "a quantity in K*m");
}

static void count_name(const char *name, void *ctx)
{
	get(name);
	++*(int *)ctx;
}

static void every_offered_name_is_a_unit(void **state)
{
	(void)state;
	int n = 0;
	unit_each_name(count_name, &n);
	assert_true(n > 50);
}

static int finish(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_are_read),
		cmocka_unit_test(what_is_no_unit_is_refused),
		cmocka_unit_test(conversions_are_exact),
		cmocka_unit_test(units_multiply),
		cmocka_unit_test(numbers_are_shown_in_the_unit_that_reads_best),
		cmocka_unit_test(every_offered_name_is_a_unit),
	};
	return cmocka_run_group_tests(tests, NULL, finish);
}
