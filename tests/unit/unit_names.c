#include "tests/unit/unit.h"
#include "compiler/doc/doc.h"
#include "compiler/base/names.h"

static struct arena arena;

static void names_follow_their_rule(void **state)
{
	(void)state;
	static const struct { const struct names_rule *rule; const char *name, *want; } rows[] = {
		{&names_dns_label, "hydro", "hydro"}, {&names_dns_label, "hydro.route", "hydro-route"}, {&names_dns_label, "Fit_Model", "fit-model"},
		{&names_dns_label, "_x_", "x"}, {&names_dns_label, "7days", "x-7days"}, {&names_dns_label, "___", "x"},
		{&names_dns_label, "\xc3\xa9t\xc3\xa9", "t"}, {&names_dns_label, "a b  c", "a-b-c"},
		{&names_identifier, "hydro.route", "hydro_route"}, {&names_identifier, "Fit", "Fit"}, {&names_identifier, "_x", "_x"},
		{&names_identifier, "7", "x_7"}, {&names_identifier, "$(id)", "_id_"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct names n;
		names_init(&n, &arena, rows[i].rule);
		names_add(&n, rows[i].name);
		assert_string_equal(names_get(&n, rows[i].name), rows[i].want);
		names_finish(&n);
	}
}

static void no_two_names_are_alike_whatever_the_order(void **state)
{
	(void)state;
	static const char *const list[] = {"a.b", "a_b", "a-b", "A-B", "a-B"};
	const char *first[5];
	for (int round = 0; round < 2; round++) {
		struct names n;
		names_init(&n, &arena, &names_dns_label);
		for (int i = 0; i < 5; i++)
			names_add(&n, list[round ? 4 - i : i]);
		for (int i = 0; i < 5; i++) {
			const char *name = names_get(&n, list[i]);
			if (round)
				assert_string_equal(name, first[i]);
			first[i] = name;
			for (int k = 0; k < i; k++)
				assert_string_not_equal(name, first[k]);
		}
		assert_string_equal(first[2], "a-b"); /* it follows the rule already */
		names_finish(&n);
	}
}

static void long_names_are_cut_and_stay_apart(void **state)
{
	(void)state;
	struct names n;
	char a[200], b[200];
	memset(a, 'x', 199);
	a[199] = '\0';
	memcpy(b, a, 200);
	b[198] = 'y';
	names_init(&n, &arena, &names_dns_label);
	names_add(&n, a);
	names_add(&n, b);
	assert_int_equal(strlen(names_get(&n, a)), 63);
	assert_string_not_equal(names_get(&n, a), names_get(&n, b));
	names_finish(&n);
}

static void each_line_has_its_place(void **state)
{
	(void)state;
	struct span whole = {1, 0, 9}, step = {1, 3, 5}, input = {1, 4, 5};
	struct doc *d = doc_from(doc_map(&arena), whole), *steps = doc_map(&arena), *one = doc_from(doc_map(&arena), step);
	struct lines lines = {0};
	struct buf b = {0};
	doc_set(&arena, d, "class", doc_string(&arena, "Workflow"));
	doc_set(&arena, one, "in", doc_from(doc_int(&arena, 1), input));
	doc_set(&arena, one, "out", doc_int(&arena, 2));
	doc_set(&arena, steps, "a", one);
	doc_set(&arena, d, "steps", steps);
	doc_set(&arena, d, "end", doc_int(&arena, 3));
	doc_yaml_write_lines(d, &b, &lines);
	assert_string_equal(buf_text(&b), "class: Workflow\nsteps:\n  a:\n    in: 1\n    out: 2\nend: 3\n");
	static const uint32_t yaml[][2] = {{1, 0}, {3, 3}, {4, 4}, {5, 3}, {6, 0}};
	assert_int_equal(lines.list.len, 5);
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(lines.list.at[i].number, yaml[i][0]);
		assert_int_equal(lines.list.at[i].from.start, yaml[i][1]);
	}
	lines_finish(&lines);
	lines = (struct lines){0};
	buf_clear(&b);
	doc_json_write_lines(d, 2, &b, &lines);
	static const uint32_t json[][2] = {{1, 0}, {4, 3}, {5, 4}, {6, 3}, {8, 0}};
	assert_int_equal(lines.list.len, 5);
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(lines.list.at[i].number, json[i][0]);
		assert_int_equal(lines.list.at[i].from.start, json[i][1]);
	}
	lines_finish(&lines);
	buf_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_follow_their_rule), cmocka_unit_test(no_two_names_are_alike_whatever_the_order),
		cmocka_unit_test(long_names_are_cut_and_stay_apart), cmocka_unit_test(each_line_has_its_place),
	};
	int bad = cmocka_run_group_tests(tests, NULL, NULL);
	arena_finish(&arena);
	return bad;
}
