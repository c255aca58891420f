#include "tests/unit/unit.h"
#include "compiler/diag/near.h"
#include "compiler/show/show.h"

struct world {
	struct arena arena;
	struct sources sources;
	struct diags diags;
	const char *text;
	uint32_t file;
};

static void open_world(struct world *w, const char *path, const char *text)
{
	*w = (struct world){.text = text};
	sources_init(&w->sources, &w->arena);
	w->file = sources_add(&w->sources, path, text, strlen(text));
	diags_init(&w->diags, &w->arena, &w->sources);
}

static void close_world(struct world *w)
{
	sources_finish(&w->sources);
	arena_finish(&w->arena);
}

/* The place of the first occurrence. */
static struct span at(struct world *w, const char *part)
{
	const char *found = strstr(w->text, part);
	assert_non_null(found);
	uint32_t start = (uint32_t)(found - w->text);
	return (struct span){w->file, start, start + (uint32_t)strlen(part)};
}

static void near_names_are_suggested(void **state)
{
	(void)state;
	static const struct { const char *name, *candidate; bool near; } rows[] = {
		{"stpe", "step", true}, {"memroy", "memory", true}, {"Memory", "memory", true}, {"x", "y", false}, {"ab", "cd", false},
		{"cpu", "cpus", true}, {"gpus", "cpus", true}, {"colour", "memory", false}, {"on", "in", true}, {"readings", "reading", true},
		{"MEMORY", "memory", false}, {"", "a", false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct near n;
		near_init(&n, rows[i].name);
		near_offer(&n, "something else entirely");
		near_offer(&n, rows[i].candidate);
		if (rows[i].near)
			assert_string_equal(near_best(&n), rows[i].candidate);
		else
			assert_null(near_best(&n));
	}
	assert_int_equal(near_distance("kitten", "sitting"), 3);
	assert_int_equal(near_distance("ab", "ba"), 1);
	assert_int_equal(near_distance("", "abc"), 3);
}

static void places_count_code_points(void **state)
{
	(void)state;
	struct world w;
	open_world(&w, "a.twin", "x = 1\r\ngr\xC3\xB6\xC3\x9F" "e = \xE6\xBC\xA2 y\n\nz");
	struct place p = source_place(&w.sources, at(&w, "y"));
	assert_int_equal(p.line, 2);
	assert_int_equal(p.column, 11);
	assert_int_equal(p.end_column, 12);
	p = source_place(&w.sources, at(&w, "z"));
	assert_int_equal(p.line, 4);
	assert_int_equal(p.column, 1);
	p = source_place(&w.sources, (struct span){w.file, 9999, 99999});
	assert_int_equal(p.line, 4);
	assert_int_equal(p.column, 2);
	p = source_place(&w.sources, (struct span){77, 1, 2});
	assert_string_equal(p.path, "");
	p = source_place(&w.sources, at(&w, "1\r\ngr"));
	assert_int_equal(p.line, 1);
	assert_int_equal(p.end_line, 2);
	assert_int_equal(p.end_column, 3);
	size_t len;
	assert_memory_equal(source_line(&w.sources, w.file, 1, &len), "x = 1", 5);
	assert_int_equal(len, 5);
	source_line(&w.sources, w.file, 99, &len);
	assert_int_equal(len, 0);
	close_world(&w);
}

static const char flood[] =
	"\n\n\n\n\n\n\n\n\n"
	"  partition gpu   { nodes = 4, gpus = 4 }\n"
	"  resources { cpus = 4, gpus = 8, time = 5min }\n"
	"  on = hpc.gpu\n";

static struct diag *report(struct world *w)
{
	struct diag *d = diag_add(&w->diags, DIAG_E0101, at(w, "gpus = 8"), "this step does not fit where it is placed");
	diag_here(d, "asks for %d GPUs per task", 8);
	diag_label(d, at(w, "gpus = 4"), "each node has 4");
	diag_label(d, at(w, "on = hpc.gpu"), "placed here");
	diag_note(d, "the largest request that fits hpc.gpu is 4 GPUs per task");
	diag_help(d, "lower `gpus`");
	diag_fix(d, at(w, "gpus = 8"), "gpus = 4", "lower %s", "gpus");
	return d;
}

static void text_shows_every_place(void **state)
{
	(void)state;
	struct world w;
	struct buf b = {0};
	open_world(&w, "flood.twin", flood);
	report(&w);
	show_text(&w.diags, false, &b);
	expect_text(&b,
		"flood.twin:11:25: error[E0101]: this step does not fit where it is placed\n"
		"   11 |   resources { cpus = 4, gpus = 8, time = 5min }\n"
		"      |                         ^^^^^^^^ asks for 8 GPUs per task\n"
		"   10 |   partition gpu   { nodes = 4, gpus = 4 }\n"
		"      |                                -------- each node has 4\n"
		"   12 |   on = hpc.gpu\n"
		"      |   ------------ placed here\n"
		"  note: the largest request that fits hpc.gpu is 4 GPUs per task\n"
		"  help: lower `gpus`\n");
	show_text(&w.diags, true, &b);
	assert_non_null(strstr(buf_text(&b), "\033["));
	buf_finish(&b);
	close_world(&w);
}

static void text_copes_with_odd_sources(void **state)
{
	(void)state;
	struct world w;
	struct buf b = {0};
	open_world(&w, "odd.twin", "\ta = \xE6\xBC\xA2\xE5\xAD\x97 \x1B[31m b \xFF c\n");
	struct diag *d = diag_add(&w.diags, DIAG_E0101, at(&w, "b"), "two\nlines \033[1m");
	diag_label(d, at(&w, "a"), "same line");
	diag_label(d, at(&w, "\xE6\xBC\xA2"), "%s", "");
	show_text(&w.diags, false, &b);
	expect_text(&b,
		"odd.twin:1:15: error[E0101]: two lines \xEF\xBF\xBD[1m\n"
		"    1 |     a = \xE6\xBC\xA2\xE5\xAD\x97 \xEF\xBF\xBD[31m b \xEF\xBF\xBD c\n"
		"      |                    ^\n"
		"      |     - same line\n"
		"      |         --\n");
	close_world(&w);
}

static void text_without_a_place_is_one_line(void **state)
{
	(void)state;
	struct world w;
	struct buf b = {0};
	open_world(&w, "empty.twin", "");
	diag_add(&w.diags, DIAG_E0101, (struct span){0, 0, 0}, "nowhere");
	diag_add(&w.diags, DIAG_E0101, (struct span){w.file, 0, 0}, "nothing");
	show_text(&w.diags, false, &b);
	expect_text(&b, "error[E0101]: nowhere\nempty.twin:1:1: error[E0101]: nothing\n");
	close_world(&w);
}

static void text_of_long_lines_is_cut(void **state)
{
	(void)state;
	struct world w;
	struct buf b = {0};
	char *line = calloc(1, 100001);
	memset(line, 'x', 100000);
	line[50000] = 'Y';
	open_world(&w, "long.twin", line);
	diag_here(diag_add(&w.diags, DIAG_E0101, at(&w, "Y"), "far away"), "here");
	show_text(&w.diags, false, &b);
	assert_true(b.len < 1000);
	assert_non_null(strchr(buf_text(&b), 'Y'));
	buf_finish(&b);
	close_world(&w);
	free(line);
}

static void text_names_other_files(void **state)
{
	(void)state;
	struct world w;
	struct buf b = {0};
	open_world(&w, "a.twin", "one\n");
	uint32_t other = sources_add(&w.sources, "lib/b.twin", "two\nthree\n", 10);
	struct diag *d = diag_add(&w.diags, DIAG_E0101, at(&w, "one"), "twice");
	diag_label(d, (struct span){other, 4, 9}, "also here");
	show_text(&w.diags, false, &b);
	expect_text(&b,
		"a.twin:1:1: error[E0101]: twice\n"
		"    1 | one\n"
		"      | ^^^\n"
		"  in lib/b.twin:\n"
		"    2 | three\n"
		"      | ----- also here\n");
	close_world(&w);
}

static void diags_are_sorted_counted_and_bounded(void **state)
{
	(void)state;
	struct world w;
	open_world(&w, "a.twin", "abcdef");
	w.diags.max = 3;
	for (uint32_t i = 6; i-- > 0;)
		diag_add(&w.diags, DIAG_E0101, (struct span){w.file, i, i + 1}, "at %u", i);
	assert_int_equal(w.diags.n_errors, 6);
	assert_int_equal(w.diags.n_dropped, 3);
	diags_sort(&w.diags);
	assert_string_equal(w.diags.first->message, "at 3");
	assert_string_equal(w.diags.last->message, "at 5");
	diags_remove(&w.diags, w.diags.first->next);
	diags_remove(&w.diags, w.diags.last);
	assert_ptr_equal(w.diags.first, w.diags.last);
	assert_int_equal(w.diags.n_errors, 4);
	assert_int_equal(diag_code_find("E0101"), DIAG_E0101);
	assert_int_equal(diag_code_find("E9999"), DIAG_CODE_COUNT);
	close_world(&w);
}

static struct doc *parse(struct world *w, struct buf *b)
{
	struct doc *d;
	char *error;
	assert_true(doc_json_read(&w->arena, buf_text(b), b->len, &d, &error));
	buf_finish(b);
	return d;
}

static void json_has_the_documented_shape(void **state)
{
	(void)state;
	struct world w;
	struct buf b = {0};
	open_world(&w, "flood.twin", flood);
	report(&w);
	show_json(&w.diags, &b);
	const struct doc *d = parse(&w, &b), *first = doc_get(d, "diagnostics")->children.first;
	assert_int_equal(doc_integer(doc_get(doc_get(d, "summary"), "errors"), -1), 1);
	assert_string_equal(doc_text(doc_get(first, "code"), ""), "E0101");
	assert_string_equal(doc_text(doc_get(first, "severity"), ""), "error");
	assert_int_equal(doc_integer(doc_get(first, "line"), 0), 11);
	assert_int_equal(doc_integer(doc_get(first, "endColumn"), 0), 33);
	assert_int_equal(doc_len(doc_get(first, "labels")), 3);
	assert_int_equal(doc_len(doc_get(first, "fixes")), 1);
	close_world(&w);
}

static void sarif_github_and_junit(void **state)
{
	(void)state;
	struct world w;
	struct buf b = {0};
	open_world(&w, "a,b:c.twin", flood);
	diag_help(diag_add(&w.diags, DIAG_E0101, at(&w, "gpus = 8"), "50%% <\"of\"> it"), "one\ntwo");
	show_github(&w.diags, &b);
	expect_text(&b, "::error file=a%2Cb%3Ac.twin,line=11,col=25,endLine=11,endColumn=33,title=E0101::50%25 <\"of\"> it%0Aone%0Atwo\n");
	show_sarif(&w.diags, &b);
	const struct doc *run = doc_get(parse(&w, &b), "runs")->children.first;
	assert_int_equal(doc_len(doc_get(doc_get(doc_get(run, "tool"), "driver"), "rules")), DIAG_CODE_COUNT);
	const struct doc *result = doc_get(run, "results")->children.first;
	assert_string_equal(doc_text(doc_get(result, "level"), ""), "error");
	show_junit(&w.diags, &b);
	assert_non_null(strstr(buf_text(&b), "<failure message=\"50% &lt;&quot;of&quot;&gt; it\" type=\"E0101\">"));
	buf_finish(&b);
	diags_remove(&w.diags, w.diags.first);
	show_junit(&w.diags, &b);
	assert_non_null(strstr(buf_text(&b), "tests=\"1\" failures=\"0\""));
	buf_finish(&b);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(near_names_are_suggested),
		cmocka_unit_test(places_count_code_points),
		cmocka_unit_test(text_shows_every_place),
		cmocka_unit_test(text_copes_with_odd_sources),
		cmocka_unit_test(text_without_a_place_is_one_line),
		cmocka_unit_test(text_of_long_lines_is_cut),
		cmocka_unit_test(text_names_other_files),
		cmocka_unit_test(diags_are_sorted_counted_and_bounded),
		cmocka_unit_test(json_has_the_documented_shape),
		cmocka_unit_test(sarif_github_and_junit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
