#include "tests/unit/unit.h"
#include "compiler/plan/plan.h"
#include <stdio.h>

static struct arena arena;

/* A twin with every construct, as a saved plan. Types: 0 int, 1 file<csv>, 2 result, 3 bool, 4 list of 1, 5 duration, 6 optional 1. */
static const char plan_text[] =
	"{\"plan\": 1, \"twin\": \"small\", \"version\": \"1.2.0\", \"edition\": 2026, \"folder\": \"/data\",\n"
	"\"formats\": [{\"name\": \"txt\"}, {\"name\": \"csv\", \"parent\": \"txt\", \"extensions\": \"csv\"}],\n"
	"\"types\": [\"int\", {\"kind\": \"file\", \"format\": \"csv\"}, {\"kind\": \"record\", \"thing\": \"result of step `work`\", \"fields\": ["
	"{\"name\": \"out\", \"type\": {\"kind\": \"file\", \"format\": \"csv\"}}, {\"name\": \"n\", \"type\": \"int\"}]}, \"bool\","
	" {\"kind\": \"list\", \"of\": {\"kind\": \"file\", \"format\": \"csv\"}}, {\"kind\": \"float\", \"unit\": \"s\"},"
	" {\"kind\": \"optional\", \"of\": {\"kind\": \"file\", \"format\": \"csv\"}}],\n"
	"\"params\": [{\"name\": \"month\", \"span\": [1, 6, 11], \"type\": 0, \"value\": 7}, {\"name\": \"token\", \"type\": 0, \"value\": {\"secret\": \"token\"}, \"secret\": true}],\n"
	"\"steps\": [{\"name\": \"work\", \"kind\": \"step\", \"span\": [1, 30, 34],\n"
	"  \"inputs\": [{\"name\": \"x\", \"type\": 1}, {\"name\": \"m\", \"type\": 0, \"expr\": [\"param\", [1, 0, 0], 0, [0, \"month\"]]}],\n"
	"  \"outputs\": [{\"name\": \"out\", \"type\": 1, \"expr\": [\"const\", [1, 0, 0], 0, \"out.csv\"]}],\n"
	"  \"metrics\": [{\"name\": \"n\", \"type\": 0}], \"metrics_file\": [\"const\", [1, 0, 0], 0, \"m.json\"],\n"
	"  \"script\": [\"words\", [1, 30, 34], 0, null, [\"const\", [1, 0, 0], 0, \"awk \"], [\"input\", [1, 0, 0], 1, [0, \"x\"]],"
	" [\"const\", [1, 0, 0], 0, \" > \"], [\"output\", [1, 0, 0], 1, [0, \"out\"]]],\n"
	"  \"env\": [{\"name\": \"MONTH\", \"expr\": [\"input\", [1, 0, 0], 0, [1, \"m\"]]}],\n"
	"  \"cpus\": [\"const\", [1, 0, 0], 0, 2], \"time\": [\"const\", [1, 0, 0], 5, {\"int\": 20, \"unit\": \"min\"}],\n"
	"  \"attempts\": 3, \"backoff_s\": 30, \"retry_on\": 5, \"workers\": 1, \"modules\": [\"gdal\"], \"extra\": {\"a\": [1, 2.5]}}],\n"
	"\"workflows\": [{\"name\": \"main\", \"span\": [1, 40, 44], \"block\": 0,\n"
	"  \"inputs\": [{\"name\": \"xs\", \"type\": 4, \"slot\": 0}],\n"
	"  \"outputs\": [{\"name\": \"all\", \"type\": 4, \"expr\": [\"member\", [1, 0, 0], 4, \"out\", [\"slot\", [1, 0, 0], 4, [1, \"part\", true]]]}]},\n"
	"  {\"name\": \"outer\", \"block\": 4, \"outputs\": [{\"name\": \"o\", \"type\": 4, \"expr\": [\"slot\", [0, 0, 0], 4, [8, \"sub\"]]}]}],\n"
	"\"blocks\": [{\"nodes\": [0, 2, 3, 5], \"slots\": [0, 1, 4, 6]}, {\"parent_block\": 0, \"owner_node\": 0, \"nodes\": [1], \"slots\": [2, 3]},\n"
	"  {\"parent_block\": 0, \"owner_node\": 3, \"nodes\": [4], \"slots\": [5]}, {\"parent_block\": 0, \"owner_node\": 5, \"nodes\": [6], \"slots\": [7]},\n"
	"  {\"workflow\": 1, \"nodes\": [7], \"slots\": [8]}],\n"
	"\"nodes\": [\n"
	"  {\"kind\": \"for\", \"name\": \"for\", \"on_fail\": \"block\", \"span\": [1, 50, 53], \"needs\": [0], \"subject\": [\"slot\", [1, 0, 0], 4, [0, \"xs\"]],"
	" \"inner\": 1, \"element\": 2, \"exports\": [{\"inner\": 3, \"outer\": 1}]},\n"
	"  {\"kind\": \"call\", \"name\": \"part\", \"on_fail\": \"block\", \"block\": 1, \"slot\": 3, \"needs\": [2], \"target\": 0, \"place\": \"hpc.gpu\","
	" \"args\": [{\"expr\": [\"slot\", [1, 0, 0], 1, [2, \"x\"]]}, {}]},\n"
	"  {\"kind\": \"gate\", \"name\": \"enough\", \"on_fail\": \"ask\", \"guards\": [1], \"needs\": [1],"
	" \"requirements\": [{\"name\": \"many\", \"expr\": [\">=\", [1, 0, 0], 3, null, [\"call\", [1, 0, 0], 0, \"sum\","
	" [\"member\", [1, 0, 0], 0, \"n\", [\"slot\", [1, 0, 0], 2, [1, \"part\"]]]], [\"const\", [1, 0, 0], 0, 20]]}]},\n"
	"  {\"kind\": \"if\", \"name\": \"if\", \"on_fail\": \"block\", \"waits\": [2], \"subject\": [\">\", [1, 0, 0], 3, null, [\"param\", [1, 0, 0], 0, [0, \"month\"]],"
	" [\"const\", [1, 0, 0], 0, 6]], \"inner\": 2, \"exports\": [{\"inner\": 5, \"outer\": 4}]},\n"
	"  {\"kind\": \"value\", \"name\": \"v\", \"on_fail\": \"block\", \"block\": 2, \"slot\": 5, \"needs\": [1], \"subject\": [\"index\", [1, 0, 0], 1, null,"
	" [\"slot\", [1, 0, 0], 4, [1, \"part\"]], [\"const\", [1, 0, 0], 0, 0]]},\n"
	"  {\"kind\": \"repeat\", \"name\": \"repeat\", \"on_fail\": \"block\", \"max\": [\"const\", [1, 0, 0], 0, 10], \"inner\": 3, \"subject\": [\"<\", [1, 0, 0], 3, null,"
	" [\"slot\", [1, 0, 0], 0, [7, \"fix\"]], [\"const\", [1, 0, 0], 0, 1]], \"exports\": [{\"inner\": 7, \"outer\": 6}]},\n"
	"  {\"kind\": \"value\", \"name\": \"fix\", \"on_fail\": \"block\", \"block\": 3, \"slot\": 7, \"subject\": [\"??\", [1, 0, 0], 0, null,"
	" [\"previous\", [1, 0, 0], 0, [7, \"fix\"]], [\"const\", [1, 0, 0], 0, 0]]},\n"
	"  {\"kind\": \"sub\", \"name\": \"sub\", \"on_fail\": \"block\", \"block\": 4, \"slot\": 8, \"target\": 0, \"args\": [{\"expr\": [\"list\", [1, 0, 0], 4, null]}]}],\n"
	"\"slots\": [{\"name\": \"xs\", \"kind\": \"input\", \"type\": 4},\n"
	"  {\"name\": \"part\", \"kind\": \"export\", \"position\": 1, \"node\": 0, \"type\": 2, \"gates\": [2]},\n"
	"  {\"name\": \"x\", \"kind\": \"element\", \"block\": 1, \"type\": 1}, {\"name\": \"part\", \"kind\": \"result\", \"block\": 1, \"position\": 1, \"node\": 1, \"type\": 2},\n"
	"  {\"name\": \"v\", \"kind\": \"export\", \"position\": 2, \"node\": 3, \"type\": 6}, {\"name\": \"v\", \"kind\": \"value\", \"block\": 2, \"node\": 4, \"type\": 1},\n"
	"  {\"name\": \"fix\", \"kind\": \"export\", \"position\": 3, \"node\": 5, \"type\": 0}, {\"name\": \"fix\", \"kind\": \"value\", \"block\": 3, \"node\": 6, \"type\": 0},\n"
	"  {\"name\": \"sub\", \"kind\": \"result\", \"block\": 4, \"node\": 7, \"type\": 4}],\n"
	"\"models\": [{\"name\": \"net\", \"workflow\": 0, \"output\": \"all\"}, {\"name\": \"old\", \"file\": {\"file\": \"/m.pt\"}}],\n"
	"\"things\": [{\"role\": \"infra\", \"name\": \"hpc\", \"kind\": \"slurm.cluster\", \"attributes\": {\"login\": \"host:22\"},"
	" \"parts\": [{\"name\": \"hpc.gpu\", \"cpus\": 48, \"gpus\": 4, \"nodes_low\": 1, \"nodes_high\": 4, \"memory_bytes\": 1e11, \"max_time_s\": 86400}]},\n"
	"  {\"role\": \"trigger\", \"name\": \"monthly\", \"workflow\": 0, \"refs\": [\"hpc\"]}],\n"
	"\"sources\": [{\"path\": \"small.twin\", \"text\": \"param month: int = 7\\n\\nstep work {\\n}\\nworkflow main {\\n}\\n\"}]}\n";

static struct plan *load_text(const char *text, size_t len, char *ret_error, size_t error_len)
{
	struct arena a = {0};
	struct doc *d;
	char *error;
	struct plan *p = NULL;
	if (doc_json_read(&a, text, len, &d, &error))
		p = plan_load(d, ret_error, error_len);
	else
		snprintf(ret_error, error_len, "%s", error);
	arena_finish(&a);
	return p;
}

static struct plan *load(void)
{
	char error[200] = "";
	struct plan *p = load_text(plan_text, sizeof plan_text - 1, error, sizeof error);
	if (!p)
		fail_msg("%s", error);
	return p;
}

static void saved_and_loaded_it_is_the_same(void **state)
{
	(void)state;
	struct plan *p = load();
	struct buf first = {0}, second = {0}, third = {0};
	plan_save(p, true, &first);
	char error[200];
	struct plan *again = load_text(buf_text(&first), first.len, error, sizeof error);
	assert_non_null(again);
	plan_save(again, true, &second);
	assert_string_equal(buf_text(&first), buf_text(&second));
	struct doc *before = plan_dump(&arena, p), *after = plan_dump(&arena, again);
	assert_true(doc_equal(before, after));
	plan_save(p, false, &third);
	assert_non_null(strstr(buf_text(&third), "\"sources\": [{\"path\": "));
	assert_null(strstr(buf_text(&third), "\"text\": "));
	buf_finish(&third);
	assert_int_equal(plan_find_workflow(p, "outer"), 1);
	assert_int_equal(plan_find_workflow(p, "none"), PLAN_NONE);
	assert_true(p->nodes[0].second == PLAN_NONE);
	assert_ptr_equal(p->formats[1].parent, &p->formats[0]);
	plan_destroy(p);
	plan_destroy(again);
	plan_destroy(NULL);
	buf_finish(&first);
	buf_finish(&second);
}

static void the_dump_reads_well(void **state)
{
	(void)state;
	struct plan *p = load();
	struct buf b = {0};
	doc_yaml_write(plan_dump(&arena, p), &b);
	static const char *const parts[] = {
		"twin: small\nversion: \"1.2.0\"\nedition: 2026\n", "  - name: month\n    at: \"1:7\"\n    type: int\n    value: \"7\"\n",
		"    script: awk ~{x} > ~{out}\n", "      m: int = month\n", "      time: 20min\n", "      reasons:\n        - timeout\n        - node_failure\n",
		"      - for: x in xs\n        at: \"5:", "        do:\n          - call: part = work\n            args:\n              x: x\n            place: hpc.gpu\n",
		"        gives:\n          part: \"part: result of step `work`\"\n", "          many: sum(part.n) >= 20\n        on_fail: ask\n",
		"      - if: month > 6\n", "          - value: v = part[0]\n", "      - repeat_until: fix < 1\n        max: \"10\"\n",
		"          - value: fix = previous(fix) ?? 0\n", "      - sub: sub = main\n        args:\n          xs: \"[]\"\n", "      all: list<file<csv>> = part.out\n",
		"    weights: main.all\n", "    weights: \"\\\"/m.pt\\\"\"\n", "        waits:\n          - enough\n",
	};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (!strstr(buf_text(&b), parts[i]))
			fail_msg("not there:\n%s\nin\n%s", parts[i], buf_text(&b));
	}
	buf_finish(&b);
	plan_destroy(p);
}

/* The plan with one text replaced: it must be refused, and say this. */
static void expect_refused(const char *from, const char *to, const char *said)
{
	const char *at = strstr(plan_text, from);
	if (!at)
		fail_msg("not in the plan: %s", from);
	char error[200] = "";
	char *text = arena_printf(&arena, "%.*s%s%s", (int)(at - plan_text), plan_text, to, at + strlen(from));
	struct plan *p = load_text(text, strlen(text), error, sizeof error);
	if (p || !strstr(error, said))
		fail_msg("%s -> %s: \"%s\" does not say \"%s\"", from, to, error, said);
}

static void damaged_plans_are_refused(void **state)
{
	(void)state;
	expect_refused("\"plan\": 1", "\"plan\": 2", "version");
	expect_refused("\"type\": 0", "\"type\": 7", "no type");
	expect_refused("\"parent\": \"txt\"", "\"parent\": \"csv\"", "its own parent");
	expect_refused("\"parent\": \"txt\"", "\"parent\": \"xxx\"", "without its parent");
	expect_refused("[\"param\", [1, 0, 0], 0, [0, \"month\"]]", "[\"param\", [1, 0, 0], 0, [2, \"month\"]]", "parameter that is not there");
	expect_refused("[\"input\", [1, 0, 0], 1, [0, \"x\"]]", "[\"input\", [1, 0, 0], 1, [2, \"x\"]]", "input that is not there");
	expect_refused("[\"output\", [1, 0, 0], 1, [0, \"out\"]]", "[\"slot\", [1, 0, 0], 1, [0, \"out\"]]", "not visible");
	expect_refused("[1, \"part\", true", "[3, \"part\", true", "not visible");
	expect_refused("[1, \"part\", true", "[99, \"part\", true", "slot that is not there");
	expect_refused("\"target\": 0", "\"target\": 9", "call of what is not there");
	expect_refused("\"slot\": 8, \"target\": 0, \"args\": [{\"expr\": [\"list\", [1, 0, 0], 4, null]}]", "\"slot\": 8, \"target\": 1", "calls itself");
	expect_refused(", {}]", "]", "other arguments");
	expect_refused("\"parent_block\": 0", "\"parent_block\": 1", "owner is elsewhere");
	expect_refused("\"owner_node\": 3", "\"owner_node\": 0", "owner is elsewhere");
	expect_refused("\"nodes\": [0, 2, 3, 5]", "\"nodes\": [2, 0, 3, 5]", "needs a later one");
	expect_refused("\"nodes\": [0, 2, 3, 5]", "\"nodes\": [0, 3, 2, 5]", "waits for a later one");
	expect_refused("\"nodes\": [0, 2, 3, 5]", "\"nodes\": [0, 2, 3]", "in no block");
	expect_refused("\"nodes\": [0, 2, 3, 5]", "\"nodes\": [0, 2, 3, 5, 5]", "two places");
	expect_refused("\"slots\": [0, 1, 4, 6]", "\"slots\": [0, 4, 1, 6]", "two places");
	expect_refused("\"gates\": [2]", "\"gates\": [0]", "no gate");
	expect_refused("\"element\": 2", "\"element\": 0", "another block");
	expect_refused("\"element\": 2", "\"second\": 2", "slot that is not there");
	expect_refused("{\"inner\": 3, \"outer\": 1}", "{\"inner\": 1, \"outer\": 3}", "other blocks");
	expect_refused("\"inner\": 1, ", "", "owner is elsewhere");
	expect_refused("\"kind\": \"call\"", "\"kind\": \"phone\"", "known word");
	expect_refused("\"folder\": \"/data\"", "\"folder\": 7", "another kind");
	expect_refused("\"attempts\": 3", "\"attempts\": -3", "out of range");
}

/* The plan compared with itself after one text was replaced. */
static void expect_difference(const char *from, const char *to, const char *expected)
{
	const char *at = strstr(plan_text, from);
	assert_non_null(at);
	char error[200] = "";
	char *text = arena_printf(&arena, "%.*s%s%s", (int)(at - plan_text), plan_text, to, at + strlen(from));
	struct plan *p = load(), *q = load_text(text, strlen(text), error, sizeof error);
	if (!q)
		fail_msg("%s", error);
	struct buf b = {0};
	plan_diff(p, q, &b);
	expect_text(&b, expected);
	plan_destroy(p);
	plan_destroy(q);
}

static void differences_are_told_in_words(void **state)
{
	(void)state;
	expect_difference("small.twin", "other.twin", "");
	expect_difference("0, 20]]}]", "0, 10]]}]", "main: gate enough loosened: sum(part.n) >= 20 -> sum(part.n) >= 10\n");
	expect_difference("0, 20]]}]", "0, 30]]}]", "main: gate enough tightened: sum(part.n) >= 20 -> sum(part.n) >= 30\n");
	expect_difference("\"many\"", "\"lots\"",
		"main: gate enough loosened: many no longer required: sum(part.n) >= 20\nmain: gate enough tightened: lots is required too: sum(part.n) >= 20\n");
	expect_difference("\"on_fail\": \"ask\"", "\"on_fail\": \"warn\"", "main: gate enough: on_fail: \"ask\" -> \"warn\"\n");
	expect_difference("\"value\": 7", "\"value\": 8", "param month: value: \"7\" -> \"8\"\n");
	expect_difference("\"int\": 20", "\"int\": 30", "step work: resources.time: \"20min\" -> \"30min\"\n");
	expect_difference("\"name\": \"old\"", "\"name\": \"new\"", "model old is gone\nmodel new is new\n");
	expect_difference("1.2.0", "1.3.0", "version: 1.2.0 -> 1.3.0\n");
	expect_difference("\"place\": \"hpc.gpu\"", "\"place\": \"hpc.batch\"", "main: for x: call part: place: \"hpc.gpu\" -> \"hpc.batch\"\n");
}

static uint32_t use(const struct plan *p)
{
	struct arena a = {0};
	struct buf b = {0};
	doc_yaml_write(plan_dump(&a, p), &b);
	plan_save(p, true, &b);
	uint32_t len = (uint32_t)b.len;
	buf_finish(&b);
	arena_finish(&a);
	return len;
}

/* Whatever one byte becomes: refused, or safe to use. */
static void any_byte_may_be_wrong(void **state)
{
	(void)state;
	static const char replacements[] = {'0', '9', '-', '"', ']', '}', 'x', ' ', '\0'};
	size_t len = sizeof plan_text - 1;
	char *text = arena_strndup(&arena, plan_text, len);
	for (size_t i = 0; i < len; i++) {
		for (size_t j = 0; j < sizeof replacements; j++) {
			char error[200];
			text[i] = replacements[j] ? replacements[j] : (char)(plan_text[i] ^ 1);
			struct plan *p = load_text(text, len, error, sizeof error);
			if (p)
				assert_true(use(p) > 0);
			plan_destroy(p);
		}
		text[i] = plan_text[i];
	}
}

/* Whatever one number becomes, likewise; and whatever is missing. */
static void any_number_may_be_wrong(void **state)
{
	(void)state;
	for (const char *at = plan_text; (at = strpbrk(at, "0123456789")) != NULL; at++) {
		size_t digits = strspn(at, "0123456789");
		static const char *const others[] = {"0", "1", "2", "3", "5", "8", "4294967295", "9223372036854775807", "-1", "0.5", "null", "[]", "{}"};
		for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
			char error[200];
			struct arena a = {0};
			char *text = arena_printf(&a, "%.*s%s%s", (int)(at - plan_text), plan_text, others[i], at + digits);
			struct plan *p = load_text(text, strlen(text), error, sizeof error);
			if (p)
				use(p);
			plan_destroy(p);
			arena_finish(&a);
		}
		at += digits - 1;
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
		cmocka_unit_test(saved_and_loaded_it_is_the_same),
		cmocka_unit_test(the_dump_reads_well),
		cmocka_unit_test(damaged_plans_are_refused),
		cmocka_unit_test(differences_are_told_in_words),
		cmocka_unit_test(any_byte_may_be_wrong),
		cmocka_unit_test(any_number_may_be_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, finish);
}
