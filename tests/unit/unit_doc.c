#include "tests/unit/unit.h"
#include "compiler/doc/doc.h"
#include "compiler/doc/quote.h"
#include <math.h>

static struct arena arena;

static struct doc *yaml(const char *text)
{
	struct doc *d = NULL;
	char *error = NULL;
	if (!doc_yaml_read(&arena, text, strlen(text), &d, &error))
		fail_msg("%s in %s", error, text);
	return d;
}

static void expect_yaml_error(const char *text, const char *part)
{
	struct doc *d;
	char *error = NULL;
	assert_false(doc_yaml_read(&arena, text, strlen(text), &d, &error));
	if (!strstr(error, part))
		fail_msg("\"%s\" does not say \"%s\"", error, part);
}

static void yaml_scalars_have_the_core_types(void **state)
{
	(void)state;
	static const struct { const char *text; enum doc_kind kind; } rows[] = {
		{"no", DOC_STRING}, {"yes", DOC_STRING}, {"on", DOC_STRING}, {"off", DOC_STRING}, {"y", DOC_STRING}, {"true", DOC_BOOL},
		{"False", DOC_BOOL}, {"null", DOC_NULL}, {"~", DOC_NULL}, {"\"\"", DOC_STRING}, {"", DOC_NULL}, {"1.10", DOC_FLOAT},
		{"\"1.10\"", DOC_STRING}, {"0o17", DOC_STRING}, {"017", DOC_STRING}, {"0", DOC_INT}, {"-12", DOC_INT}, {"0x1F", DOC_INT},
		{"1e3", DOC_FLOAT}, {".5", DOC_FLOAT}, {"1.", DOC_FLOAT}, {"1_000", DOC_STRING}, {"12:30:45", DOC_STRING},
		{"2024-01-01", DOC_STRING}, {".inf", DOC_FLOAT}, {".nan", DOC_FLOAT}, {"9223372036854775808", DOC_FLOAT},
		{"!!str 12", DOC_STRING}, {"!!float 12", DOC_FLOAT}, {"1.2.3", DOC_STRING}, {"+", DOC_STRING}, {"- 1", DOC_LIST},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (yaml(rows[i].text)->kind != rows[i].kind)
			fail_msg("%s", rows[i].text);
	}
}

static void yaml_strings_survive_any_reader(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"no", "NO", "Yes", "n", "1.10", "1", "-1", "+1", "0o17", "017", "0x1f", "1e3", "1_000", "12:30", "2024-01-01", ".inf", ".NaN", "~",
		"null", "Null", "", " ", " a", "a ", "a: b", "a:", ":a", "a #b", "#a", "- a", "-", "--", "---", "...", "--- a", "a\nb", "a\nb\n",
		"a\n\n", "\n", "\na", " a\nb", "\ta\nb", "a\n b\n", "a\tb", "\x01", "\x7f", "\xC2\x85", "a\xE2\x80\xA8z\n", "\xEF\xBB\xBF\x61\nb", "[a]",
		"{a}", "*a", "&a", "!a", "|", ">", "'a'", "\"a\"", "%a", "@a", "`a", "a,b", "?", "? a", "=", "<<", "a\r\nb\n", "true", "False", "a'b",
		"a\\b", "\xC3\xA9\xE6\xBC\xA2", "x\n...\ny\n", "a\n---\n", "line \nnext\n", "16GiB", "10min", "1.2.0", "e", "E5", "on", "a\n\n\nb",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct doc *map = doc_map(&arena), *list = doc_list(&arena), *inner = doc_map(&arena);
		doc_set(&arena, map, "plain", doc_string(&arena, texts[i]));
		doc_set(&arena, inner, texts[i], doc_string(&arena, texts[i]));
		doc_push(list, doc_string(&arena, texts[i]));
		doc_push(list, inner);
		doc_set(&arena, map, "list", list);
		struct buf b = {0};
		doc_yaml_write(map, &b);
		struct doc *again;
		char *error;
		if (!doc_yaml_read(&arena, buf_text(&b), b.len, &again, &error))
			fail_msg("%s in\n%s", error, buf_text(&b));
		if (!doc_equal(map, again))
			fail_msg("changed:\n%s", buf_text(&b));
		buf_finish(&b);
		doc_yaml_write(doc_string(&arena, texts[i]), &b);
		assert_true(doc_yaml_read(&arena, buf_text(&b), b.len, &again, &error));
		assert_string_equal(doc_text(again, "?"), texts[i]);
		buf_finish(&b);
	}
}

static void yaml_is_written_in_block_style(void **state)
{
	(void)state;
	struct doc *d = yaml("{country: \"no\", version: \"1.10\", octal: \"0o17\", f: 1e30, big: [1, [2, {a: b, c: []}], {}], script: \"a\\n  b\\n\", end: \"x\\ny\"}");
	d->children.first->comment = "two\nlines";
	struct buf b = {0};
	doc_yaml_write(d, &b);
	expect_text(&b,
		"# two\n# lines\n"
		"country: \"no\"\n"
		"version: \"1.10\"\n"
		"octal: \"0o17\"\n"
		"f: 1.0e+30\n"
		"big:\n"
		"  - 1\n"
		"  - - 2\n"
		"    - a: b\n"
		"      c: []\n"
		"  - {}\n"
		"script: |\n"
		"  a\n"
		"    b\n"
		"end: |-\n"
		"  x\n"
		"  y\n");
}

static void yaml_refuses_what_is_not_meant(void **state)
{
	(void)state;
	expect_yaml_error("a: 1\na: 2", "twice");
	expect_yaml_error("a: *x", "anchor");
	expect_yaml_error("a: &x [*x]", "anchor");
	expect_yaml_error("a: !thing 1", "tag");
	expect_yaml_error("<<: {a: 1}", "merge");
	expect_yaml_error("[a]: 1", "key");
	expect_yaml_error("a: [1", "flow sequence");
	expect_yaml_error("a: 1\n---\nb: 2", "second");
	expect_yaml_error("!!int x", "no int");
	struct buf b = {0};
	for (int i = 0; i < 5000; i++)
		buf_putc(&b, '[');
	expect_yaml_error(buf_text(&b), "deep");
	buf_clear(&b);
	buf_puts(&b, "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n");
	for (int i = 1; i < 12; i++)
		buf_printf(&b, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	expect_yaml_error(buf_text(&b), "expand");
	buf_finish(&b);
}

static void yaml_anchors_are_expanded(void **state)
{
	(void)state;
	struct doc *d = yaml("a: &x {k: [1, 2]}\nb: *x\nc: &s text\nd: *s\n");
	assert_true(doc_equal(doc_get(d, "a"), doc_get(d, "b")));
	assert_string_equal(doc_text(doc_get(d, "d"), ""), "text");
	assert_int_equal(doc_get(d, "b")->line, 2);
	assert_int_equal(doc_get(d, "b")->column, 4);
}

static void json_goes_both_ways(void **state)
{
	(void)state;
	static const char text[] = "{\"a\": 1, \"b\": [1, 2.5, true, null, \"x\\n\\\"\\u0001\xC3\xA9\"], \"c\": {}, \"d\": [], \"e\": 1e+21}";
	struct doc *d;
	char *error;
	struct buf b = {0};
	assert_true(doc_json_read(&arena, text, strlen(text), &d, &error));
	doc_json_write(d, 0, &b);
	expect_text(&b, text);
	doc_json_write(d, 2, &b);
	assert_non_null(strstr(buf_text(&b), "{\n  \"a\": 1,\n  \"b\": [\n    1,\n"));
	buf_finish(&b);
	doc_json_write(doc_string_n(&arena, "a\xFFz", 3), 0, &b);
	expect_text(&b, "\"a\xEF\xBF\xBDz\"");
	doc_json_write(doc_float(&arena, 3.0), 0, &b);
	expect_text(&b, "3");
	static const char big[] = "[\"9999999999999999999\", 9999999999999999999, -9223372036854775809, -9223372036854775808, 100000000000000000000]";
	assert_true(doc_json_read(&arena, big, strlen(big), &d, &error));
	assert_int_equal(d->children.first->next->kind, DOC_FLOAT);
	assert_int_equal(d->children.first->next->next->next->kind, DOC_INT);
	doc_json_write(d, 0, &b);
	expect_text(&b, "[\"9999999999999999999\", 10000000000000000000, -9223372036854776000, -9223372036854775808, 100000000000000000000]");
	doc_json_write(doc_float(&arena, NAN), 0, &b);
	expect_text(&b, "null");
	static const char *const wrong[] = {"{\"a\": 1, \"a\": 2}", "[1,]", "", "{", "[1] 2", "\"\\u0000\"", "1e999", "nul"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_false(doc_json_read(&arena, wrong[i], strlen(wrong[i]), &d, &error));
		assert_non_null(strstr(error, "line"));
	}
	for (int i = 0; i < 1000; i++)
		buf_putc(&b, '[');
	for (int i = 0; i < 1000; i++)
		buf_putc(&b, ']');
	assert_false(doc_json_read(&arena, buf_text(&b), b.len, &d, &error));
	buf_finish(&b);
}

static void equality_and_difference(void **state)
{
	(void)state;
	struct buf b = {0};
	assert_true(doc_equal(yaml("{a: 1, b: [x]}"), yaml("{b: [x], a: 1}")));
	assert_false(doc_equal(yaml("1"), yaml("1.0")));
	assert_false(doc_equal(yaml("[1, 2]"), yaml("[2, 1]")));
	doc_diff(yaml("{a: 1, b: [x]}"), yaml("{b: [x], a: 1}"), &b);
	expect_text(&b, "");
	doc_diff(yaml("{a: 1, b: [x, y], c: {d: e}, l: [{name: p, v: 1}, {name: q}]}"), yaml("{a: 2, b: [x], c: {f: e}, l: [{name: q}, {name: p, v: 2}]}"), &b);
	expect_text(&b,
		"a: 1 -> 2\n"
		"b[1]: \"y\" -> (nothing)\n"
		"c.d: \"e\" -> (nothing)\n"
		"c.f: (nothing) -> \"e\"\n"
		"l[p].v: 1 -> 2\n"
		"l: in another order\n");
}

static void shell_words_are_quoted(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{"abc", "abc"}, {"", "''"}, {"a b", "'a b'"}, {"it's", "'it'\\''s'"}, {"$HOME", "'$HOME'"}, {"a/b-c_d.e:f,g=h@i%j+k", "a/b-c_d.e:f,g=h@i%j+k"},
		{"~", "'~'"}, {"a\nb", "'a\nb'"}, {"`x`", "'`x`'"}, {"\xC3\xA9", "'\xC3\xA9'"}, {"*", "'*'"}, {"-rf", "-rf"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf b = {0};
		quote_sh(rows[i][0], strlen(rows[i][0]), &b);
		expect_text(&b, rows[i][1]);
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
		cmocka_unit_test(yaml_scalars_have_the_core_types),
		cmocka_unit_test(yaml_strings_survive_any_reader),
		cmocka_unit_test(yaml_is_written_in_block_style),
		cmocka_unit_test(yaml_refuses_what_is_not_meant),
		cmocka_unit_test(yaml_anchors_are_expanded),
		cmocka_unit_test(json_goes_both_ways),
		cmocka_unit_test(equality_and_difference),
		cmocka_unit_test(shell_words_are_quoted),
	};
	return cmocka_run_group_tests(tests, NULL, finish);
}
