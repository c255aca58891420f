#include "tests/unit/unit.h"
#include "compiler/value/pattern.h"
#include "compiler/value/value.h"
#include <math.h>

static struct arena arena;

static const struct unit *get_unit(const char *text)
{
	const struct unit *u = NULL;
	size_t at, len;
	assert_true(unit_parse(&arena, text, strlen(text), &u, &at, &len));
	return u;
}

static const struct type *quantity(const char *unit)
{
	return type_number(&arena, TYPE_FLOAT, get_unit(unit));
}

static const struct type *bounded(enum type_kind kind, double low, double high)
{
	struct type *t = arena_new(&arena, struct type);
	*t = (struct type){.kind = kind, .has_low = true, .has_high = true, .low = low, .high = high};
	return t;
}

static const struct type *region(void)
{
	static const char *members[] = {"alps", "po", "danube"};
	struct type *t = arena_new(&arena, struct type);
	*t = (struct type){.kind = TYPE_ENUM, .members = members, .n = 3};
	return t;
}

static const struct type *pair_type(void)
{
	struct type_field *f = arena_new_n(&arena, struct type_field, 3);
	f[0] = (struct type_field){.name = "a", .type = &type_int};
	f[1] = (struct type_field){.name = "b", .type = type_optional(&arena, &type_string)};
	f[2] = (struct type_field){.name = "c", .type = &type_bool, .has_default = true};
	return type_record(&arena, f, 3, NULL);
}

static const struct type *matching(const char *pattern)
{
	struct type *t = arena_new(&arena, struct type);
	*t = (struct type){.kind = TYPE_STRING, .pattern = pattern};
	return t;
}

static const struct format tiff = {.name = "tiff"}, geotiff = {.name = "geotiff", .parent = &tiff};

static void expect_shown(const struct value *v, const char *text)
{
	assert_string_equal(value_text(&arena, v), text);
}

/* From the command line: what it becomes, or what is said. */
static void expect_from_text(const char *text, const struct type *t, const char *shown)
{
	const struct value *v = NULL;
	char *error = NULL;
	if (value_from_text(&arena, text, t, "/data", &v, &error))
		expect_shown(v, shown);
	else if (!strstr(error, shown))
		fail_msg("\"%s\" does not say \"%s\"", error, shown);
}

static void texts_become_values_by_type(void **state)
{
	(void)state;
	expect_from_text("7", &type_int, "7");
	expect_from_text("7.5", &type_int, "7.5 is no whole number");
	expect_from_text("7", &type_float, "7");
	expect_from_text("x", &type_int, "\"x\" is no int");
	expect_from_text("", &type_int, "\"\" is no int");
	expect_from_text("13", bounded(TYPE_INT, 1, 12), "13 is not in 1..12");
	expect_from_text("72h", quantity("s"), "3day");
	expect_from_text("72", quantity("s"), "72 has no unit, but a duration is needed");
	expect_from_text("72m", quantity("s"), "72m is a length, but a duration is needed");
	expect_from_text("72hours", quantity("s"), "there is no unit \"hours\"");
	expect_from_text("40/day", quantity("1/s"), "40/day");
	expect_from_text("75%", quantity("%"), "75%");
	expect_from_text("1.5GiB", type_number(&arena, TYPE_INT, get_unit("B")), "1.5GiB");
	expect_from_text("0.3B", type_number(&arena, TYPE_INT, get_unit("B")), "no whole number of B");
	expect_from_text("po", region(), "\"po\"");
	expect_from_text("pp", region(), "did you mean \"po\"?");
	expect_from_text("~{x}", &type_string, "\"~~{x}\"");
	expect_from_text("true", &type_bool, "true");
	expect_from_text("yes", &type_bool, "\"yes\" is no bool");
	expect_from_text("a/../x.tif", type_path(&arena, TYPE_FILE, &tiff), "\"/data/x.tif\"");
	expect_from_text("/abs", type_path(&arena, TYPE_DIR, NULL), "\"/abs\"");
	expect_from_text("[\"a\", \"b\"]", type_list(&arena, &type_string), "[\"a\", \"b\"]");
	expect_from_text("a", type_list(&arena, &type_string), "as JSON");
	expect_from_text("[1, \"2\"]", type_list(&arena, &type_int), "[1, 2]");
	expect_from_text("{\"b\": 1, \"a\": 2}", type_map(&arena, &type_int), "{ a = 2, b = 1 }");
	expect_from_text("{\"a\": 1}", pair_type(), "{ a = 1, b = null }");
	expect_from_text("{\"a\": 1, \"x\": 1}", pair_type(), "no field x");
	expect_from_text("{\"b\": \"y\"}", pair_type(), "the field a is missing");
	expect_from_text("2..10", type_with(&arena, TYPE_RANGE, &type_int), "2..10");
	expect_from_text("3", type_with(&arena, TYPE_RANGE, &type_int), "3..3");
	expect_from_text("10..2", type_with(&arena, TYPE_RANGE, &type_int), "ends before it starts");
	expect_from_text("null", type_optional(&arena, &type_int), "null");
	expect_from_text("x", type_with(&arena, TYPE_SECRET, &type_string), "--secret");
	expect_from_text("host:9092", &type_endpoint, "\"host:9092\"");
	expect_from_text("https://host/x", &type_endpoint, "\"https://host/x\"");
	expect_from_text("host:port", &type_endpoint, "no endpoint");
	expect_from_text("ab1", matching("[a-z]+\\d"), "\"ab1\"");
	expect_from_text("ab", matching("[a-z]+\\d"), "does not match");
	expect_from_text("1e400", &type_float, "too large");
	expect_from_text("9223372036854775808", &type_int, "no whole number");
}

static void expect_from_json(const char *json, const struct type *t, const char *shown)
{
	struct doc *d;
	char *error = NULL;
	const struct value *v = NULL;
	assert_true(doc_json_read(&arena, json, strlen(json), &d, &error));
	if (value_from_doc(&arena, d, t, "/data", &v, &error))
		expect_shown(v, shown);
	else if (!strstr(error, shown))
		fail_msg("\"%s\" does not say \"%s\"", error, shown);
}

static void documents_become_values_by_type(void **state)
{
	(void)state;
	expect_from_json("72", quantity("h"), "72h");
	expect_from_json("\"72h\"", quantity("s"), "3day");
	expect_from_json("20.0", &type_int, "20");
	expect_from_json("20.5", &type_int, "20.5 is no whole number");
	expect_from_json("true", &type_int, "true is no int");
	expect_from_json("{\"class\": \"File\", \"path\": \"x\"}", type_path(&arena, TYPE_FILE, NULL), "\"/data/x\"");
	expect_from_json("{\"class\": \"File\", \"location\": \"file:///x\"}", type_path(&arena, TYPE_FILE, NULL), "\"/x\"");
	expect_from_json("{\"class\": \"Directory\", \"path\": \"x\"}", type_path(&arena, TYPE_FILE, NULL), "is no file");
	expect_from_json("{\"path\": \"x\"}", type_path(&arena, TYPE_FILE, NULL), "\"class\"");
	expect_from_json("{\"low\": 1, \"high\": 3}", type_with(&arena, TYPE_RANGE, &type_int), "1..3");
	expect_from_json("[[1], [2, \"x\"]]", type_list(&arena, type_list(&arena, &type_int)), "element 1: element 1: \"x\" is no int");
	expect_from_json("null", &type_int, "expected int, got nothing");
	expect_from_json("{\"a\": 1.5}", type_map(&arena, quantity("K")), "{ a = 1.5K }");
	expect_from_json("{\"secret\": \"x\"}", type_with(&arena, TYPE_SECRET, &type_string), "expected secret<string>, got a record");
}

static void values_become_documents(void **state)
{
	(void)state;
	struct buf b = {0};
	doc_json_write(value_to_doc(&arena, value_int(&arena, 72, get_unit("h")), quantity("s")), 0, &b);
	expect_text(&b, "259200");
	doc_json_write(value_to_doc(&arena, value_float(&arena, 1.5, get_unit("h")), NULL), 0, &b);
	expect_text(&b, "1.5");
	doc_json_write(value_to_doc(&arena, value_path(&arena, "/x", true, NULL), NULL), 0, &b);
	expect_text(&b, "{\"class\": \"Directory\", \"path\": \"/x\"}");
	doc_json_write(value_to_doc(&arena, value_secret(&arena, "token"), NULL), 0, &b);
	expect_text(&b, "{\"secret\": \"token\"}");
}

static void values_compare_by_amount(void **state)
{
	(void)state;
	const struct value *hour = value_int(&arena, 1, get_unit("h")), *seconds = value_float(&arena, 3600, get_unit("s"));
	assert_true(value_equal(hour, seconds));
	assert_int_equal(value_compare(hour, seconds), 0);
	assert_int_equal(value_compare(value_int(&arena, 1, get_unit("GiB")), value_int(&arena, 1, get_unit("GB"))), 1);
	assert_false(value_equal(hour, value_int(&arena, 1, NULL)));
	assert_true(value_equal(value_int(&arena, 1, NULL), value_float(&arena, 1, NULL)));
	assert_false(value_equal(value_int(&arena, INT64_MAX, NULL), value_int(&arena, INT64_MAX - 1, NULL)));
	assert_true(value_compare(value_string(&arena, "B"), value_string(&arena, "a")) < 0);
	assert_true(value_compare(value_string(&arena, "a"), value_string(&arena, "aa")) < 0);
	assert_true(value_equal(value_path(&arena, "/a", false, "d"), value_path(&arena, "/b", false, "d")));
	assert_false(value_equal(value_path(&arena, "/a", false, NULL), value_path(&arena, "/b", false, "d")));
}

static const struct value *one_of_each(void)
{
	const struct value **items = arena_new_n(&arena, const struct value *, 12);
	struct value_field *fields = arena_new_n(&arena, struct value_field, 2);
	uint32_t n = 0;
	items[n++] = &value_null;
	items[n++] = &value_true;
	items[n++] = value_int(&arena, INT64_MIN, NULL);
	items[n++] = value_int(&arena, 3, get_unit("GiB/day"));
	items[n++] = value_float(&arena, 3, NULL);
	items[n++] = value_float(&arena, -0.0, get_unit("1/day"));
	items[n++] = value_float(&arena, INFINITY, NULL);
	items[n++] = value_string(&arena, "it's\n\xC3\xA9");
	items[n++] = value_path(&arena, "/x", true, "abc");
	items[n++] = value_range(&arena, value_int(&arena, 1, NULL), value_float(&arena, 2.5, NULL));
	items[n++] = value_secret(&arena, "token");
	fields[0] = (struct value_field){"int", value_list(&arena, NULL, 0)};
	fields[1] = (struct value_field){"record", value_record(&arena, NULL, 0)};
	items[n++] = value_record(&arena, fields, 2);
	return value_list(&arena, items, n);
}

static void expect_identical(const struct value *a, const struct value *b)
{
	assert_int_equal(a->kind, b->kind);
	if (a->kind == VALUE_INT || a->kind == VALUE_FLOAT)
		assert_true(!a->unit == !b->unit && unit_equal(a->unit, b->unit));
	if (a->kind == VALUE_FLOAT)
		assert_memory_equal(&a->number, &b->number, sizeof a->number);
	if (a->kind == VALUE_LIST) {
		assert_int_equal(a->list.len, b->list.len);
		for (uint32_t i = 0; i < a->list.len; i++)
			expect_identical(a->list.items[i], b->list.items[i]);
	}
	assert_true(value_equal(a, b));
}

static void values_are_saved_whole(void **state)
{
	(void)state;
	const struct value *v = one_of_each(), *again;
	struct buf b = {0};
	struct doc *d;
	char *error;
	doc_json_write(value_save(&arena, v), 0, &b);
	assert_true(doc_json_read(&arena, buf_text(&b), b.len, &d, &error));
	assert_true(value_load(&arena, d, &again));
	expect_identical(v, again);
	expect_identical(v, value_copy(&arena, v));
	buf_finish(&b);
	static const char *const wrong[] = {
		"{}", "{\"int\": 1.5}", "{\"int\": 1, \"unit\": \"xx\"}", "{\"float\": \"x\"}", "{\"low\": 1}", "{\"low\": 1, \"high\": \"x\"}", "{\"file\": 1}",
		"{\"record\": []}", "{\"secret\": 1}", "[{}]", "{\"what\": 1}",
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_true(doc_json_read(&arena, wrong[i], strlen(wrong[i]), &d, &error));
		assert_false(value_load(&arena, d, &again));
	}
}

static void expect_type(const struct type *t, const char *text)
{
	struct map formats = {0};
	const struct type *again;
	map_set(&formats, "tiff", (void *)&tiff);
	map_set(&formats, "geotiff", (void *)&geotiff);
	assert_string_equal(type_text(&arena, t), text);
	assert_true(type_load(&arena, type_save(&arena, t), &formats, &again));
	assert_true(type_equal(t, again));
	map_finish(&formats);
}

static void types_are_shown_and_saved(void **state)
{
	(void)state;
	expect_type(&type_int, "int");
	expect_type(bounded(TYPE_INT, 1, 12), "int in 1..12");
	expect_type(quantity("s"), "duration");
	expect_type(quantity("K"), "float<K>");
	expect_type(type_number(&arena, TYPE_INT, get_unit("B")), "int<B>");
	expect_type(region(), "\"alps\" | \"po\" | \"danube\"");
	expect_type(type_list(&arena, type_path(&arena, TYPE_FILE, &geotiff)), "list<file<geotiff>>");
	expect_type(type_optional(&arena, type_optional(&arena, type_path(&arena, TYPE_DIR, NULL))), "dir?");
	expect_type(pair_type(), "{ a: int, b: string?, c: bool }");
	expect_type(type_with(&arena, TYPE_SECRET, &type_string), "secret<string>");
	expect_type(matching("a\"b"), "string matching \"a\\\"b\"");
	expect_type(&type_endpoint, "endpoint");
}

static void assignment_follows_the_language(void **state)
{
	(void)state;
	const struct type *tif = type_path(&arena, TYPE_FILE, &tiff), *geo = type_path(&arena, TYPE_FILE, &geotiff), *any = type_path(&arena, TYPE_FILE, NULL);
	const struct { const struct type *from, *to; bool fits; } rows[] = {
		{&type_int, &type_float, true}, {&type_float, &type_int, false}, {quantity("h"), quantity("s"), true}, {quantity("h"), quantity("B"), false},
		{&type_int, quantity("s"), false}, {geo, tif, true}, {tif, geo, false}, {tif, any, true}, {any, tif, false}, {&type_string, any, false},
		{&type_int, type_optional(&arena, &type_float), true}, {type_optional(&arena, &type_int), &type_int, false},
		{type_optional(&arena, &type_int), type_optional(&arena, &type_float), true}, {&type_null, type_optional(&arena, &type_int), true},
		{&type_null, &type_int, false}, {type_list(&arena, geo), type_list(&arena, tif), true}, {type_list(&arena, tif), type_list(&arena, geo), false},
		{&type_int, type_with(&arena, TYPE_RANGE, &type_int), true}, {type_with(&arena, TYPE_RANGE, &type_int), &type_int, false},
		{region(), &type_string, true}, {&type_string, region(), false}, {bounded(TYPE_INT, 1, 2), &type_int, true},
		{&type_int, bounded(TYPE_INT, 1, 2), true}, {&type_poison, &type_int, true}, {&type_int, &type_poison, true},
		{type_list(&arena, &type_any), type_list(&arena, geo), true}, {&type_string, type_with(&arena, TYPE_SECRET, &type_string), false},
		{type_with(&arena, TYPE_SECRET, &type_string), &type_string, false}, {type_path(&arena, TYPE_DIR, NULL), any, false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (type_assignable(rows[i].from, rows[i].to) != rows[i].fits)
			fail_msg("%s to %s", type_text(&arena, rows[i].from), type_text(&arena, rows[i].to));
	}
}

static void patterns_are_whole_and_bounded(void **state)
{
	(void)state;
	static const struct { const char *pattern, *text; bool matches; } rows[] = {
		{"a|b", "b", true}, {"a|b", "ab", false}, {"[A-Za-z0-9._-]{1,249}", "topic.x", true}, {"\\w+\\s\\d", "ab 1", true}, {"[\\w.]+", "a.b", true},
		{"(?:ab)+", "abab", true}, {"a\\.b", "axb", false}, {"", "", true}, {"[[:digit:]]+", "12", true}, {"[^\\d]", "1", false}, {"x{2}", "xx", true},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool matches = false;
		char *error = NULL;
		assert_true(pattern_match(&arena, rows[i].pattern, rows[i].text, strlen(rows[i].text), &matches, &error));
		if (matches != rows[i].matches)
			fail_msg("%s on %s", rows[i].pattern, rows[i].text);
	}
	static const char *const wrong[] = {"(", "[a", "a{2", "(a)\\1", "(((a{200}){200}){200})", "a++++++++++++++++++++++++++++++++++", "\\q", "a\\", "[\\]]"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		char *error = NULL;
		if (pattern_check(&arena, wrong[i], &error))
			fail_msg("%s is a pattern", wrong[i]);
		assert_non_null(error);
	}
}

/* A pattern of characters only and the same in a group, which goes another way, match the same. */
static void patterns_match_the_same_in_a_group(void **state)
{
	(void)state;
	static const char *const pieces[] = {
		"a", "b", "[a-c]", "[^b]", "[0-9a-f.-]", "[]x]", "\\d", "\\w", "\\s", ".", "\\.", "[\\d-]", "[a-]", "[^]]", "/", "]", "[[:alpha:]]", "b|c", "^", "$",
		"{2}", "{1,3}", "{0,2}", "{2,}", "*", "+", "?",
	};
	uint32_t seed = 7, n_same = 0;
	for (int round = 0; round < 3000; round++) {
		char pattern[100] = "", text[9] = "", *error;
		bool plain = false, grouped = false;
		for (uint32_t i = 0, n = 1 + round % 5; i < n; i++) {
			seed = seed * 1664525 + 1013904223;
			strcat(pattern, pieces[(seed >> 16) % (sizeof pieces / sizeof *pieces)]);
		}
		for (int i = 0; i < round % 8; i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = "aabbcx19.-] /"[(seed >> 16) % 13];
		}
		const char *group = arena_printf(&arena, "(%s)", pattern);
		if (!pattern_match(&arena, group, text, strlen(text), &grouped, &error))
			continue;
		assert_true(pattern_match(&arena, pattern, text, strlen(text), &plain, &error));
		if (plain != grouped)
			fail_msg("%s on \"%s\"", pattern, text);
		n_same++;
	}
	assert_true(n_same > 1000);
}

static void patterns_are_spelled_for_others(void **state)
{
	(void)state;
	static const struct { const char *pattern, *spelled; } rows[] = {
		{"v[0-9]+", "v[0-9]+"}, {"a.b", "a[\\s\\S]b"}, {"[[:alpha:]_]+", "[A-Za-z_]+"}, {"\\d{,3}", "[0-9]{0,3}"}, {"[]a-]", "[\\]a\\-]"},
		{"[^\\w.]", "[^A-Za-z0-9_\\.]"}, {"a$|^b", "a(?![\\s\\S])|^b"}, {"(?:x)", "(x)"}, {"ß", "\\xc3\\x9f"}, {"\\<", "<"}, {"a]}", "a\\]\\}"},
		{"a)|(b", NULL}, {"*a", NULL}, {"[[.a.]]", NULL}, {"(", NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *spelled = pattern_spell(&arena, rows[i].pattern);
		if (!spelled != !rows[i].spelled || (spelled && strcmp(spelled, rows[i].spelled) != 0))
			fail_msg("%s as %s", rows[i].pattern, spelled ? spelled : "nothing");
	}
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
		cmocka_unit_test(texts_become_values_by_type),
		cmocka_unit_test(documents_become_values_by_type),
		cmocka_unit_test(values_become_documents),
		cmocka_unit_test(values_compare_by_amount),
		cmocka_unit_test(values_are_saved_whole),
		cmocka_unit_test(types_are_shown_and_saved),
		cmocka_unit_test(assignment_follows_the_language),
		cmocka_unit_test(patterns_are_whole_and_bounded),
		cmocka_unit_test(patterns_match_the_same_in_a_group),
		cmocka_unit_test(patterns_are_spelled_for_others),
	};
	return cmocka_run_group_tests(tests, NULL, finish);
}
