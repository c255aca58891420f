/* Expressions are written in a small prefix notation: (+ 1h 30min), (len [1 2]), (.name x); `?` is unknown, $0 a local. */
#include "tests/unit/unit.h"
#include "compiler/value/expr.h"
#include <ctype.h>

static struct arena arena;

static struct doc *node(const char *op, struct doc *own)
{
	struct doc *list = doc_list(&arena);
	doc_push(list, doc_string(&arena, op));
	struct doc *nowhere = doc_list(&arena);
	for (int i = 0; i < 3; i++)
		doc_push(nowhere, doc_int(&arena, 0));
	doc_push(list, nowhere);
	doc_push(list, doc_null(&arena));
	doc_push(list, own ? own : doc_null(&arena));
	return list;
}

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " ");
}

static struct doc *read_atom(const char **p)
{
	const char *start = *p;
	char *error;
	const struct value *v = NULL;
	if (*start == '\'') {
		const char *end = strchr(start + 1, '\'');
		*p = end + 1;
		return node("const", value_save(&arena, value_string_n(&arena, start + 1, (size_t)(end - start - 1))));
	}
	size_t len = strcspn(start, " ()[]");
	*p = start + len;
	const char *word = arena_strndup(&arena, start, len);
	if (*word == '?' || *word == '$') {
		struct doc *own = doc_list(&arena);
		doc_push(own, doc_int(&arena, *word == '$' ? atoi(word + 1) : 0));
		doc_push(own, doc_string(&arena, *word == '$' ? word : "later"));
		return node(*word == '$' ? "local" : "slot", own);
	}
	if (strcmp(word, "null") == 0)
		return node("const", doc_null(&arena));
	if (value_from_text(&arena, word, &type_bool, NULL, &v, &error))
		return node("const", value_save(&arena, v));
	if (*word == '@')
		return node("const", value_save(&arena, value_path(&arena, word + 1, false, NULL)));
	/* A range type keeps the number and its unit as they are written. */
	assert_true(isdigit((unsigned char)*word) || *word == '-');
	size_t digits = strspn(word, "-0123456789.e+");
	const struct unit *u = NULL;
	size_t at, n;
	if (word[digits])
		assert_true(unit_parse(&arena, word + digits, strlen(word + digits), &u, &at, &n));
	const char *number = arena_strndup(&arena, word, digits);
	bool whole = strspn(number, "-0123456789") == digits;
	v = whole ? value_int(&arena, strtoll(number, NULL, 10), u) : value_float(&arena, strtod(number, NULL), u);
	return node("const", value_save(&arena, v));
}

static struct doc *read(const char **p);

static struct doc *read_op(const char *op, const char **p)
{
	struct doc *own = NULL;
	const char *name = op;
	if (*op == '.' && op[1] != '.') {
		own = doc_string(&arena, op + 1);
		name = "member";
	} else if (strncmp(op, "as:", 3) == 0) {
		own = doc_string(&arena, op + 3);
		name = "as";
	} else if (strncmp(op, "each", 4) == 0) {
		own = doc_list(&arena);
		doc_push(own, doc_int(&arena, 0));
		doc_push(own, doc_bool(&arena, op[4] == '2'));
		name = "each";
	} else if (strcmp(op, "let") == 0) {
		own = doc_int(&arena, 0);
	} else if (strncmp(op, "record:", 7) == 0) {
		own = doc_list(&arena);
		for (char *keys = arena_strdup(&arena, op + 7), *key; (key = strsep(&keys, ",")) != NULL;)
			doc_push(own, doc_string(&arena, key));
		name = "record";
	} else if (builtin_find(op)) {
		own = doc_string(&arena, op);
		name = "call";
	}
	struct doc *list = node(name, own);
	for (*p = skip_blanks(*p); **p != ')'; *p = skip_blanks(*p)) {
		assert_true(**p != '\0');
		if (**p == '_') { /* no condition */
			doc_push(list, doc_null(&arena));
			++*p;
		} else {
			doc_push(list, read(p));
		}
	}
	++*p;
	return list;
}

static struct doc *read(const char **p)
{
	*p = skip_blanks(*p);
	if (**p == '(') {
		size_t len = strcspn(++*p, " )");
		const char *op = arena_strndup(&arena, *p, len);
		*p += len;
		return read_op(op, p);
	}
	if (**p != '[')
		return read_atom(p);
	struct doc *list = node("list", NULL);
	for (*p = skip_blanks(*p + 1); **p != ']'; *p = skip_blanks(*p))
		doc_push(list, read(p));
	++*p;
	return list;
}

static const struct expr *parse(const char *text)
{
	const struct expr *e = NULL;
	const char *p = text;
	if (!expr_load(&arena, read(&p), NULL, &e))
		fail_msg("not loaded: %s", text);
	assert_int_equal(*p, '\0');
	return e;
}

/* The value, "unknown", or "error: what is said". */
static const char *result(const char *text)
{
	struct eval ev = {.arena = &arena};
	const struct value *v = NULL;
	switch (eval_expr(&ev, parse(text), &v)) {
	case EVAL_OK:
		return value_text(&arena, v);
	case EVAL_UNKNOWN:
		return "unknown";
	case EVAL_FAILED:
		return arena_printf(&arena, "error: %s", ev.error);
	}
	return "";
}

struct row { const char *text, *result; };

static void expect_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *found = result(rows[i].text);
		if (strcmp(found, rows[i].result) != 0)
			fail_msg("%s gives %s, not %s", rows[i].text, found, rows[i].result);
	}
}
#define EXPECT(...)                                                   \
	do {                                                          \
		static const struct row rows[] = {__VA_ARGS__};       \
		expect_rows(rows, sizeof rows / sizeof *rows);        \
	} while (0)

static void arithmetic(void **state)
{
	(void)state;
	EXPECT({"(+ 1 2)", "3"}, {"(- 1 2.5)", "-1.5"}, {"(* 3 4)", "12"}, {"(/ 6 3)", "2"}, {"(/ 7 2)", "3.5"}, {"(% -7 3)", "-1"},
		{"(% 7.5 2)", "1.5"}, {"(/ 1 0)", "error: division by zero"}, {"(% 1 0)", "error: division by zero"},
		{"(/ 1.5 0.0)", "error: division by zero"}, {"(% -9223372036854775808 -1)", "0"},
		{"(+ 9223372036854775807 1)", "error: the result is too large for an int"},
		{"(* 9223372036854775807 2)", "error: the result is too large for an int"},
		{"(negate -9223372036854775808)", "error: the result is too large for an int"}, {"(negate 3h)", "-3h"},
		{"(* 1e308 10.0)", "error: the result is no number that can be written"}, {"(+ 'a' 'b')", "\"ab\""}, {"(+ [1] [2])", "[1, 2]"},
		{"(+ 'a' 1)", "error: this is no number"}, {"(+ 1 null)", "error: an absent value where a number is needed"});
}

static void quantities(void **state)
{
	(void)state;
	EXPECT({"(+ 1h 30min)", "1.5h"}, {"(+ 1h 2h)", "3h"}, {"(- 1GiB 512MiB)", "0.5GiB"}, {"(+ 1h 1B)", "error: a duration and a size do not go together"},
		{"(+ 1h 1)", "error: a duration and a number do not go together"}, {"(* 2MB/s 10s)", "20MB"}, {"(/ 1GB 2MB/s)", "0.5GB*s/MB"},
		{"(as:s (/ 1GB 2MB/s))", "500"}, {"(* 2 3h)", "6h"}, {"(/ 6h 2)", "3h"}, {"(/ 6h 30min)", "12"}, {"(* 1/day 48h)", "2"},
		{"(* 50% 10GiB)", "5GiB"}, {"(/ 1 2s)", "0.5/s"}, {"(% 7h 120min)", "1h"}, {"(as:MiB 16GiB)", "16384"}, {"(as:GiB 512MiB)", "0.5"},
		{"(as:s 1B)", "error: 1B is a size and has no s"}, {"(as:s null)", "null"}, {"(+ 50% 0.25)", "75%"},
		{"(* 1Pm 1Em)", "error: the result has no unit that can be written"});
}

static void comparisons(void **state)
{
	(void)state;
	EXPECT({"(< 1 2)", "true"}, {"(<= 2 2.0)", "true"}, {"(> 1h 59min)", "true"}, {"(== 1h 3600s)", "true"}, {"(== 1GB 1GiB)", "false"},
		{"(!= 1 1.0)", "false"}, {"(< 'a' 'b')", "true"}, {"(< 1h 1)", "error: a duration and a number cannot be compared"},
		{"(< null 1)", "error: an absent value where a number is needed"}, {"(== null null)", "true"}, {"(== 1 'a')", "false"},
		{"(in 2 [1 2])", "true"}, {"(in 3 (.. 1 4))", "true"}, {"(in 5 (.. 1 4))", "false"}, {"(in 90min (.. 1h 2h))", "true"},
		{"(in 'a' (record:a 1))", "true"}, {"(in 'b' 'abc')", "true"}, {"(in 1 2)", "error: nothing can be in this"},
		{"(in 1 null)", "error: an absent value has nothing in it"}, {"(== [1 [2]] [1 [2.0]])", "true"}, {"(not true)", "false"},
		{"(not 1)", "error: this is neither true nor false"}, {"(== (record:a,b 1 2) (record:b,a 2 1))", "true"});
}

static void what_is_unknown_spreads_only_where_it_matters(void **state)
{
	(void)state;
	EXPECT({"?", "unknown"}, {"(+ ? 1)", "unknown"}, {"(&& ? false)", "false"}, {"(&& false ?)", "false"}, {"(&& ? true)", "unknown"},
		{"(|| ? true)", "true"}, {"(|| true ?)", "true"}, {"(|| ? false)", "unknown"}, {"(&& true ?)", "unknown"},
		{"(&& ? (== (/ 1 0) 1))", "unknown"}, {"(&& true (== (/ 1 0) 1))", "error: division by zero"}, {"(&& false (== (/ 1 0) 1))", "false"},
		{"(cond true 1 ?)", "1"}, {"(cond false 1 ?)", "unknown"}, {"(cond ? 1 2)", "unknown"}, {"(?? null 3)", "3"}, {"(?? 2 ?)", "2"},
		{"(?? ? 1)", "unknown"}, {"(list 1 ?)", "unknown"}, {"(glob '*')", "unknown"}, {"(&& 1 true)", "error: this is neither true nor false"});
}

static void members_and_elements(void **state)
{
	(void)state;
	EXPECT({"(.a (record:a,b 1 2))", "1"}, {"(.c (record:a,b 1 2))", "error: there is no c in it"}, {"(.a null)", "null"},
		{"(.a [(record:a 1) (record:a 2)])", "[1, 2]"}, {"(.a [[(record:a 1)] []])", "[[1], []]"}, {"(.a [(record:a 1) null])", "[1, null]"},
		{"(.a 1)", "error: there is no a in it"}, {"(index [1 2] 1)", "2"}, {"(index [1 2] 2)", "error: there is no element 2 in a list of 2"},
		{"(index [1 2] -1)", "error: there is no element -1 in a list of 2"}, {"(index (record:a 1) 'a')", "1"},
		{"(index (record:a 1) 'b')", "error: there is no key \"b\""}, {"(index null 1)", "null"}, {"(index 1 1)", "error: this cannot be taken by an index"});
}

static void comprehensions(void **state)
{
	(void)state;
	EXPECT({"(each (.. 1 3) _ (* $0 $0))", "[1, 4, 9]"}, {"(each [1 2 3 4] (== (% $0 2) 0) $0)", "[2, 4]"}, {"(each (.. 3 1) _ $0)", "[]"},
		{"(each2 (zip [1 2] ['a' 'b']) _ (list $1 $0))", "[[\"a\", 1], [\"b\", 2]]"},
		{"(each2 (enumerate ['x']) _ (list $0 $1))", "[[0, \"x\"]]"}, {"(each2 (record:k 1) _ (list $0 $1))", "[[\"k\", 1]]"},
		{"(each2 [1] _ $0)", "error: an element is no pair"}, {"(each 1 _ $0)", "error: this is no list"},
		{"(each (.. 1 2.5) _ $0)", "error: only a range of whole numbers can be counted"},
		{"(each (.. 0 99999999) _ $0)", "error: a range of more than 1000000 elements"}, {"(let 2 (+ $0 1))", "3"},
		{"(let 2 3 (* $0 $1))", "6"}, {"$5", "error: $5 has no value here"}, {"(each [?] _ 1)", "unknown"});
}

static void text_and_commands(void **state)
{
	(void)state;
	EXPECT({"(text 'a' 1 @/p 2.50)", "\"a1/p2.5\""}, {"(text null)", "error: an absent value cannot be put into text"},
		{"(text 1h)", "error: 1h is put into text in a stated unit only"}, {"(text true)", "error: this cannot be put into text"},
		{"(text [1 2])", "\"1 2\""}, {"(text (as:min 1h))", "\"60\""}, {"(words 'echo ' (text 'a b') ' $x')", "\"echo 'a b' $x\""},
		{"(words 'ls ' [@/a 'b c' ''])", "\"ls /a 'b c' ''\""}, {"(words 'n=' 7 ';' [])", "\"n=7;\""},
		{"(words (text '$(rm)'))", "\"'$(rm)'\""}, {"(words 'x ' ?)", "unknown"});
}

static void functions_on_numbers(void **state)
{
	(void)state;
	EXPECT({"(max [1 3 2])", "3"}, {"(max 1 2.5)", "2.5"}, {"(min [1h 30min])", "0.5h"}, {"(max [])", "error: the largest of an empty list"},
		{"(min [])", "error: the smallest of an empty list"}, {"(max [1h 1])", "error: a number among numbers that are a duration"},
		{"(max [1 null])", "error: an absent value where a number is needed (element 1)"}, {"(sum [1 2 3])", "6"}, {"(sum [])", "0"},
		{"(sum [1GiB 512MiB])", "1.5GiB"}, {"(sum [60min 1h])", "120min"}, {"(sum [9223372036854775807 1])", "error: the result is too large for an int"},
		{"(mean [1 2])", "1.5"}, {"(mean [])", "error: the mean of an empty list"}, {"(mean [1K 3K])", "2K"}, {"(abs -3h)", "3h"},
		{"(abs -2.5)", "2.5"}, {"(round 2.5)", "3"}, {"(round -2.5)", "-2"}, {"(round 0.49999999999999994)", "0"}, {"(round 1.6h)", "2h"},
		{"(round 2.345 2)", "2.35"}, {"(round 1e300)", "error: the result is too large for an int"}, {"(floor -1.5)", "-2"}, {"(ceil 1.2)", "2"},
		{"(floor 'a')", "error: this is no number"}, {"(range 3)", "[0, 1, 2]"}, {"(range 1 4)", "[1, 2, 3]"}, {"(range 5 0 -2)", "[5, 3, 1]"},
		{"(range 1 4 0)", "error: a range cannot be counted in steps of 0"}, {"(range 0)", "[]"}, {"(max (.. 1 4))", "4"},
		{"(range 9000000000000000000)", "error: a range of more than 1000000 elements"});
}

static void functions_on_lists(void **state)
{
	(void)state;
	EXPECT({"(len [1 2])", "2"}, {"(len '\xC3\xA9')", "1"}, {"(len (record:a 1))", "1"}, {"(len (.. 1 5))", "5"}, {"(len null)", "error: an absent value where a list is needed"},
		{"(any [false true])", "true"}, {"(any [])", "false"}, {"(all [])", "true"}, {"(all [true false])", "false"},
		{"(all [1])", "error: element 0 is neither true nor false"}, {"(flatten [[1] [] [2 3]])", "[1, 2, 3]"}, {"(flatten [1])", "error: element 0 is no list"},
		{"(flatten [[[1]]])", "[[1]]"}, {"(distinct [1 2 1.0 1h 60min])", "[1, 2, 1h]"}, {"(sort [3 1 2])", "[1, 2, 3]"}, {"(sort ['b' 'a' 'B'])", "[\"B\", \"a\", \"b\"]"},
		{"(sort [1 'a'])", "error: element 1 has no order with the first"}, {"(sort [2h 60min])", "[60min, 2h]"}, {"(sort [])", "[]"},
		{"(zip [1] [2])", "[{ first = 1, second = 2 }]"}, {"(zip [1] [])", "error: zip of lists of different length (1 and 0)"},
		{"(enumerate ['a'])", "[{ index = 0, value = \"a\" }]"}, {"(keys (record:a,b 1 2))", "[\"a\", \"b\"]"}, {"(values (record:a,b 1 2))", "[1, 2]"},
		{"(keys 1)", "error: this is no map"}, {"(present [1 null 2])", "[1, 2]"}, {"(present null)", "false"}, {"(present 1)", "true"});
}

static void functions_on_text(void **state)
{
	(void)state;
	EXPECT({"(lower 'AbC')", "\"abc\""}, {"(upper 'AbC')", "\"ABC\""}, {"(trim '  a b ')", "\"a b\""}, {"(split 'a,b,,c' ',')", "[\"a\", \"b\", \"\", \"c\"]"},
		{"(split '' ',')", "[\"\"]"}, {"(split 'a' '')", "error: text cannot be split at nothing"}, {"(join ['a' 1 @/p] '-')", "\"a-1-/p\""},
		{"(join [null] '-')", "error: element 0 cannot be put into text"}, {"(replace 'aXbX' 'X' '--')", "\"a--b--\""},
		{"(replace 'a' '' 'b')", "error: nothing cannot be replaced"}, {"(contains 'abc' 'b')", "true"}, {"(contains [1 2] 2)", "true"},
		{"(starts_with 'abc' 'ab')", "true"}, {"(ends_with 'abc' 'abcd')", "false"}, {"(ends_with @/a.tif '.tif')", "true"},
		{"(matches 'ab' 'a.')", "true"}, {"(matches 'abc' 'a.')", "false"}, {"(matches 'a' '[')", "error: a [...] of the pattern is not closed, or escapes ], ^ or - (put ] first and - last)"},
		{"(base64 'a')", "\"YQ==\""}, {"(base64 'abc')", "\"YWJj\""}, {"(base64 '')", "\"\""}, {"(basename @/a/b.tar.gz)", "\"b.tar.gz\""},
		{"(stem @/a/b.tar.gz)", "\"b.tar\""}, {"(stem '.hidden')", "\".hidden\""}, {"(parent @/a/b)", "\"/a\""}, {"(env 'NOT_SET_ANYWHERE')", "null"},
		{"(lower 1)", "error: this is no text"}, {"(lower null)", "error: an absent value where text is needed"});
}

static void expressions_are_shown_as_written(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"(>= (.count ?) 20)", "later.count >= 20"}, {"(* (+ 1 2) 3)", "(1 + 2) * 3"}, {"(+ 1 (* 2 3))", "1 + 2 * 3"}, {"(- 1 (- 2 3))", "1 - (2 - 3)"},
		{"(- (- 1 2) 3)", "1 - 2 - 3"}, {"(&& (|| true false) true)", "(true || false) && true"}, {"(not (== 1 2))", "!(1 == 2)"},
		{"(cond true 1 2)", "true ? 1 : 2"}, {"(?? null 1)", "null ?? 1"}, {"(.. 1 10)", "1..10"}, {"(as:MiB 1GiB)", "1GiB as MiB"},
		{"(text 'a' ? 'b')", "\"a~{later}b\""}, {"(words 'cat ' ? ' > x')", "cat ~{later} > x"}, {"(len [1 'a'])", "len([1, \"a\"])"},
		{"(record:a,b 1 2)", "{ a = 1, b = 2 }"}, {"(each (.. 1 3) (> $0 1) (* $0 2))", "[for $0 in 1..3 if $0 > 1 -> $0 * 2]"},
		{"(index [1] 0)", "[1][0]"}, {"(in 1 [1])", "1 in [1]"}, {"(negate (+ 1 2))", "-(1 + 2)"}, {"(glob 'tiles/*')", "glob(\"tiles/*\")"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(expr_text(&arena, parse(rows[i].text)), rows[i].result);
}

static struct doc *saved(const struct expr *e)
{
	struct type_table types;
	struct buf b = {0};
	struct doc *d = NULL;
	char *error;
	type_table_init(&types, &arena);
	expr_write(&types, e, &b);
	assert_true(doc_json_read(&arena, buf_text(&b), b.len, &d, &error));
	type_table_finish(&types);
	buf_finish(&b);
	return d;
}

static void expressions_are_saved_whole(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"(cond (&& (.ok ?) (in 1h [1h])) (each2 (zip [1] [2]) (> $0 1) (as:s $1)) (words 'a' (text 'b')))", "(let 1 (record:a,b $0 (round 1.5 1)))",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const struct expr *e = parse(texts[i]), *again = NULL;
		assert_true(expr_load(&arena, saved(e), NULL, &again));
		assert_true(doc_equal(saved(e), saved(again)));
	}
	static const char *const wrong[] = {
		"[]", "[\"+\", [0,0,0], null, null]", "[\"nothing\", [0,0,0], null, null]", "[\"const\", [0,0], null, 1]", "[\"local\", [0,0,0], null, [99999999, \"x\"]]",
		"[\"call\", [0,0,0], null, \"nothing\"]", "[\"call\", [0,0,0], null, \"len\"]", "[\"not\", [0,0,0], null, null, null]",
		"[\"record\", [0,0,0], null, [\"a\"]]", "[\"as\", [0,0,0], null, \"parsecs\", [\"const\", [0,0,0], null, 1]]", "[\"asset\", [0,0,0], null, 1]", "{}", "1",
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct doc *d;
		char *error;
		const struct expr *e;
		assert_true(doc_json_read(&arena, wrong[i], strlen(wrong[i]), &d, &error));
		if (expr_load(&arena, d, NULL, &e))
			fail_msg("%s", wrong[i]);
	}
}

static void failures_name_their_place(void **state)
{
	(void)state;
	struct expr *zero = expr_new(&arena, EXPR_CONST, (struct span){1, 4, 5}, &type_int, 0), *one = expr_new(&arena, EXPR_CONST, (struct span){1, 0, 1}, &type_int, 0);
	struct expr *e = expr_new(&arena, EXPR_DIV, (struct span){1, 0, 5}, &type_float, 2);
	zero->value = value_int(&arena, 0, NULL);
	one->value = value_int(&arena, 1, NULL);
	e->args[0] = one;
	e->args[1] = zero;
	struct eval ev = {.arena = &arena};
	const struct value *v = NULL;
	assert_int_equal(eval_expr(&ev, e, &v), EVAL_FAILED);
	assert_int_equal(ev.error_span.start, 4);
	assert_null(v);
}

static void evaluation_is_bounded(void **state)
{
	(void)state;
	const struct expr *e = parse("1");
	for (int i = 0; i < 600; i++) {
		struct expr *outer = expr_new(&arena, EXPR_NEGATE, (struct span){0}, NULL, 1);
		outer->args[0] = e;
		e = outer;
	}
	struct eval ev = {.arena = &arena};
	const struct value *v;
	assert_int_equal(eval_expr(&ev, e, &v), EVAL_FAILED);
	struct arena other = {0};
	ev = (struct eval){.arena = &other};
	assert_int_equal(eval_expr(&ev, parse("(each (range 5000) _ (len (range 5000)))"), &v), EVAL_FAILED);
	assert_string_equal(ev.error, "this takes too many steps to work out");
	arena_finish(&other);
}

static void built_ins_are_sorted(void **state)
{
	(void)state;
	for (const struct builtin *b = builtins; b->name; b++) {
		assert_ptr_equal(builtin_find(b->name), b);
		assert_true(!b[1].name || strcmp(b->name, b[1].name) < 0);
	}
	assert_null(builtin_find("aa"));
	assert_null(builtin_find("zzz"));
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
		cmocka_unit_test(arithmetic),
		cmocka_unit_test(quantities),
		cmocka_unit_test(comparisons),
		cmocka_unit_test(what_is_unknown_spreads_only_where_it_matters),
		cmocka_unit_test(members_and_elements),
		cmocka_unit_test(comprehensions),
		cmocka_unit_test(text_and_commands),
		cmocka_unit_test(functions_on_numbers),
		cmocka_unit_test(functions_on_lists),
		cmocka_unit_test(functions_on_text),
		cmocka_unit_test(expressions_are_shown_as_written),
		cmocka_unit_test(expressions_are_saved_whole),
		cmocka_unit_test(failures_name_their_place),
		cmocka_unit_test(evaluation_is_bounded),
		cmocka_unit_test(built_ins_are_sorted),
	};
	return cmocka_run_group_tests(tests, NULL, finish);
}
