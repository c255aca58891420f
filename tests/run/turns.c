/* The scheduler with a fake executor and clock: what starts when, what follows from what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "compiler/base/file.h"
#include "tests/run/fake.h"
#include <stdio.h>
#include <string.h>

static const struct type *file_type(struct fake *f)
{
	return type_path(&f->fixture.arena, TYPE_FILE, NULL);
}

/* A step `name` that takes an int `n` and an optional file `from`, and leaves out.txt and, if asked, the metric m. */
static uint32_t simple_step(struct fake *f, const char *name, bool metric)
{
	struct fixture *x = &f->fixture;
	uint32_t s = fixture_step(x, name);
	fixture_input(x, s, "n", &type_int);
	fixture_input(x, s, "from", type_optional(&x->arena, file_type(f)));
	fixture_output(x, s, "out", "out.txt");
	if (metric)
		fixture_metric(x, s, "m", &type_int);
	fixture_script(x, s, arena_printf(&x->arena, "%s {n} > {out}", name));
	return s;
}

static const struct expr *out_of(struct fake *f, uint32_t slot)
{
	return x_member(&f->fixture, x_slot(&f->fixture, slot, true), "out");
}

static uint32_t main_block(struct fake *f)
{
	uint32_t w = fixture_workflow(&f->fixture, "main");
	return f->fixture.plan.workflows[w].block;
}

/* -- order and failure ------------------------------------------------------------------------------------------------ */

static void chain(struct fake *f, uint32_t *ret_b)
{
	struct fixture *x = &f->fixture;
	uint32_t block = main_block(f), s = simple_step(f, "s", false);
	uint32_t a = fixture_call(x, block, "a", s, ARGS(x_int(x, 1), NULL));
	uint32_t b = fixture_call(x, block, "b", s, ARGS(x_int(x, 2), out_of(f, a)));
	fixture_call(x, block, "other", s, ARGS(x_int(x, 3), NULL));
	fixture_workflow_output(x, 0, "last", file_type(f), out_of(f, b));
	*ret_b = b;
}

static void test_chain(void **state)
{
	struct fake f;
	uint32_t b;
	char text[200];
	(void)state;
	fake_open(&f);
	chain(&f, &b);
	fake_plan(&f, text, sizeof text);
	assert_string_equal(text, "a:run other:run b:run ");
	fake_apply(&f, NULL);
	assert_int_equal(f.verdict, RUN_DONE);
	assert_int_equal(f.counts.done, 3);
	assert_int_equal(fake_start_of(&f, "b", 0)->at_ms, fake_start_of(&f, "a", 0)->at_ms + 1000);
	assert_non_null(strstr(fake_output(&f, "last"), "sha1$e9d71f5ee7c92d6dc9e92ffdad17b8bd49418f98")); /* of "b" */
	fake_apply(&f, NULL);
	assert_int_equal(f.n_starts, 0);
	assert_int_equal(f.counts.cached, 3);
	fake_plan(&f, text, sizeof text);
	assert_string_equal(text, "a:cached other:cached b:cached ");
	fake_close(&f);
}

static void test_failure(void **state)
{
	static const struct fake_rule rules[] = { { .task = "a", .fails = 9, .outcome = EXECUTOR_EXITED, .code = 3 }, { NULL } };
	struct fake f;
	uint32_t b;
	(void)state;
	fake_open(&f);
	f.rules = rules;
	chain(&f, &b);
	fake_apply(&f, NULL);
	assert_int_equal(f.verdict, RUN_FAILED);
	assert_true(fake_started(&f, "other"));
	assert_false(fake_started(&f, "b"));
	assert_int_equal(f.counts.skipped, 1);
	assert_string_equal(f.codes, "E0601 ");
	f.rules = NULL; /* mended: only what is missing runs */
	fake_apply(&f, NULL);
	assert_int_equal(f.verdict, RUN_DONE);
	assert_int_equal(f.n_starts, 2);
	fake_close(&f);
}

static void test_fail_fast(void **state)
{
	static const struct fake_rule rules[] = { { .task = "a", .fails = 9, .outcome = EXECUTOR_EXITED, .code = 3 }, { NULL } };
	struct fake f;
	uint32_t b;
	(void)state;
	fake_open(&f);
	f.rules = rules;
	chain(&f, &b);
	fake_apply(&f, &(struct run_options){ .cpus = 1, .fail_fast = true });
	assert_int_equal(f.verdict, RUN_FAILED);
	assert_int_equal(f.n_starts, 1);
	fake_close(&f);
}

static void test_missing_output(void **state)
{
	static const struct fake_rule rules[] = { { .task = "a", .no_out = true }, { NULL } };
	struct fake f;
	uint32_t b;
	(void)state;
	fake_open(&f);
	f.rules = rules;
	chain(&f, &b);
	fake_apply(&f, NULL);
	assert_int_equal(f.verdict, RUN_FAILED);
	assert_string_equal(f.codes, "E0604 ");
	fake_close(&f);
}

static void test_retry_checks(void **state)
{
	static const struct fake_rule rules[] = { { .task = "a", .no_out = true }, { NULL } };
	struct fake f;
	uint32_t b;
	(void)state;
	fake_open(&f);
	f.rules = rules;
	chain(&f, &b);
	f.fixture.plan.steps[0].attempts = 2;
	fake_apply(&f, NULL);
	assert_int_equal(f.verdict, RUN_FAILED);
	assert_non_null(fake_start_of(&f, "a", 1));
	assert_string_equal(f.codes, "E0604 E0604 ");
	fake_close(&f);
}

static void test_cancel(void **state)
{
	struct fake f;
	uint32_t b;
	(void)state;
	fake_open(&f);
	chain(&f, &b);
	f.cancel_at_ms = f.now_ms + 500;
	fake_apply(&f, NULL);
	assert_int_equal(f.verdict, RUN_INTERRUPTED);
	assert_int_equal(f.n_cancels, 2);
	assert_int_equal(f.counts.cancelled, 2);
	fake_apply(&f, NULL);
	assert_int_equal(f.verdict, RUN_DONE);
	assert_int_equal(f.n_starts, 3);
	fake_close(&f);
}

static void test_cut_off(void **state)
{
	static const struct fake_rule rules[] = { { .task = "a", .out = "the same" }, { NULL } };
	struct fake f;
	uint32_t b;
	(void)state;
	fake_open(&f);
	f.rules = rules;
	chain(&f, &b);
	fake_apply(&f, NULL);
	f.fixture.plan.nodes[0].args[0].expr = x_int(&f.fixture, 100); /* a is another task now, with the same output */
	fake_apply(&f, NULL);
	assert_int_equal(f.n_starts, 1);
	assert_true(fake_started(&f, "a"));
	assert_int_equal(f.counts.cached, 2);
	fake_close(&f);
}

static void test_changed_output(void **state)
{
	struct fake f;
	uint32_t b;
	(void)state;
	fake_open(&f);
	chain(&f, &b);
	fake_apply(&f, NULL);
	char path[200];
	snprintf(path, sizeof path, "%s/work/1-1/work/out.txt", f.state);
	assert_int_equal(file_write(path, "spoilt", 6, NULL), 0);
	fake_apply(&f, NULL);
	assert_int_equal(f.n_starts, 1);
	fake_close(&f);
}

/* -- retries, limits, room -------------------------------------------------------------------------------------------- */

static void test_retry(void **state)
{
	static const struct fake_rule rules[] = { { .task = "a", .fails = 2, .outcome = EXECUTOR_EXITED, .code = 1 }, { NULL } };
	struct fake f;
	uint32_t b;
	(void)state;
	fake_open(&f);
	f.rules = rules;
	chain(&f, &b);
	f.fixture.plan.steps[0].attempts = 3;
	f.fixture.plan.steps[0].backoff_s = 30;
	fake_apply(&f, NULL);
	assert_int_equal(f.verdict, RUN_DONE);
	int64_t first = fake_start_of(&f, "a", 0)->at_ms;
	assert_int_equal(fake_start_of(&f, "a", 1)->at_ms, first + 1000 + 30000);
	assert_int_equal(fake_start_of(&f, "a", 2)->at_ms, first + 2000 + 30000 + 60000);
	fake_close(&f);
}

static void test_retry_on(void **state)
{
	static const struct fake_rule rules[] = { { .task = "a", .takes_ms = 90000 }, { .task = "b", .fails = 1, .outcome = EXECUTOR_EXITED, .code = 1 },
						  { NULL } };
	struct fake f;
	uint32_t b;
	(void)state;
	fake_open(&f);
	f.rules = rules;
	chain(&f, &b);
	f.fixture.plan.steps[0].attempts = 2;
	f.fixture.plan.steps[0].retry_on = PLAN_RETRY_TIMEOUT;
	f.fixture.plan.steps[0].time = x_int(&f.fixture, 60);
	fake_apply(&f, NULL);
	assert_string_equal(f.codes, "E0602 ");
	assert_non_null(fake_start_of(&f, "a", 1));
	assert_null(fake_start_of(&f, "a", 2));
	assert_int_equal(fake_start_of(&f, "a", 1)->at_ms, fake_start_of(&f, "a", 0)->at_ms + 60000);
	fake_close(&f);
}

static uint32_t scatter(struct fake *f, uint32_t step, const struct expr *subject, uint32_t *ret_loop)
{
	struct fixture *x = &f->fixture;
	uint32_t block = x->plan.workflows[0].block;
	uint32_t loop = fixture_node(x, PLAN_FOR, block, "for"), inner = fixture_block(x, block, loop);
	uint32_t i = fixture_slot(x, inner, "i", PLAN_SLOT_ELEMENT);
	x->plan.nodes[loop].subject = subject;
	x->plan.nodes[loop].inner = inner;
	x->plan.nodes[loop].element = i;
	uint32_t part = fixture_call(x, inner, "part", step, ARGS(x_slot(x, i, false), NULL)), outer = fixture_slot(x, block, "part", PLAN_SLOT_EXPORT);
	fixture_export(x, loop, part, outer, false);
	*ret_loop = loop;
	return outer;
}

static void test_room(void **state)
{
	struct fake f;
	uint32_t loop;
	(void)state;
	fake_open(&f);
	main_block(&f);
	uint32_t s = simple_step(&f, "s", false);
	f.fixture.plan.steps[s].cpus = x_int(&f.fixture, 2);
	scatter(&f, s, x_two(&f.fixture, EXPR_RANGE, x_int(&f.fixture, 1), x_int(&f.fixture, 6)), &loop);
	fake_apply(&f, &(struct run_options){ .cpus = 5 });
	assert_int_equal(f.verdict, RUN_DONE);
	assert_int_equal(f.cpus_most, 4);
	assert_int_equal(fake_start_of(&f, "part[5]", 0)->at_ms - fake_start_of(&f, "part[0]", 0)->at_ms, 2000);
	f.fixture.plan.steps[s].cpus = x_int(&f.fixture, 9);
	f.fixture.plan.nodes[loop].subject = x_two(&f.fixture, EXPR_RANGE, x_int(&f.fixture, 7), x_int(&f.fixture, 8));
	fake_apply(&f, NULL);
	assert_string_equal(f.codes, "E0614 E0614 ");
	fake_close(&f);
}

/* -- for, if, repeat, workflows --------------------------------------------------------------------------------------- */

static void test_for(void **state)
{
	struct fake f;
	uint32_t loop;
	(void)state;
	fake_open(&f);
	main_block(&f);
	uint32_t s = simple_step(&f, "s", true);
	static const struct fake_rule rules[] = { { .task = "part[1]", .metrics = "{\"m\": 5}", .takes_ms = 9000 }, { .task = "part*", .metrics = "{\"m\": 7}" },
						  { NULL } };
	f.rules = rules;
	uint32_t outer = scatter(&f, s, x_list(&f.fixture, ARGS(x_int(&f.fixture, 3), x_int(&f.fixture, 1))), &loop);
	fixture_workflow_output(&f.fixture, 0, "ms", type_list(&f.fixture.arena, &type_int),
				x_member(&f.fixture, x_slot(&f.fixture, outer, true), "m"));
	fake_apply(&f, NULL);
	assert_int_equal(f.verdict, RUN_DONE);
	assert_string_equal(fake_output(&f, "ms"), "[7, 5]");
	f.fixture.plan.nodes[loop].subject = x_list(&f.fixture, 0, NULL);
	fake_apply(&f, NULL);
	assert_int_equal(f.n_starts, 0);
	assert_string_equal(fake_output(&f, "ms"), "[]");
	fake_close(&f);
}

static void test_if(void **state)
{
	struct fake f;
	(void)state;
	fake_open(&f);
	struct fixture *x = &f.fixture;
	uint32_t block = main_block(&f), s = simple_step(&f, "s", false);
	uint32_t node = fixture_node(x, PLAN_IF, block, "if"), yes = fixture_block(x, block, node), no = fixture_block(x, block, node);
	x->plan.nodes[node].subject = x_bool(x, true);
	x->plan.nodes[node].inner = yes;
	x->plan.nodes[node].otherwise = no;
	uint32_t a = fixture_call(x, yes, "a", s, ARGS(x_int(x, 1), NULL)), b = fixture_call(x, no, "b", s, ARGS(x_int(x, 2), NULL));
	uint32_t a_out = fixture_slot(x, block, "a", PLAN_SLOT_EXPORT), b_out = fixture_slot(x, block, "b", PLAN_SLOT_EXPORT);
	fixture_export(x, node, a, a_out, false);
	fixture_export(x, node, b, b_out, true);
	const struct type *maybe = type_optional(&x->arena, file_type(&f));
	fixture_workflow_output(x, 0, "a", maybe, out_of(&f, a_out));
	fixture_workflow_output(x, 0, "b", maybe, out_of(&f, b_out));
	fake_apply(&f, NULL);
	assert_int_equal(f.verdict, RUN_DONE);
	assert_true(fake_started(&f, "a") && !fake_started(&f, "b"));
	assert_string_equal(fake_output(&f, "b"), "null");
	x->plan.nodes[node].subject = x_bool(x, false);
	fake_apply(&f, NULL);
	assert_true(fake_started(&f, "b") && !fake_started(&f, "a"));
	assert_string_equal(fake_output(&f, "a"), "null");
	fake_close(&f);
}

static void test_repeat(void **state)
{
	static const struct fake_rule rules[] = { { .task = "fix@3", .metrics = "{\"m\": 3}" }, { .task = "fix*", .metrics = "{\"m\": 1}" }, { NULL } };
	struct fake f;
	(void)state;
	fake_open(&f);
	f.rules = rules;
	struct fixture *x = &f.fixture;
	uint32_t block = main_block(&f), s = simple_step(&f, "s", true);
	uint32_t node = fixture_node(x, PLAN_REPEAT, block, "repeat"), inner = fixture_block(x, block, node);
	uint32_t fix = fixture_call(x, inner, "fix", s, ARGS(x_int(x, 1), NULL)), outer = fixture_slot(x, block, "fix", PLAN_SLOT_EXPORT);
	uint32_t call = x->plan.slots[fix].node;
	x->plan.nodes[call].args[1].expr = x_member(x, x_previous(x, fix), "out");
	x->plan.nodes[node].inner = inner;
	x->plan.nodes[node].subject = x_two(x, EXPR_GE, x_member(x, x_slot(x, fix, true), "m"), x_int(x, 3));
	x->plan.nodes[node].max = x_int(x, 5);
	fixture_export(x, node, fix, outer, false);
	fixture_workflow_output(x, 0, "m", &type_int, x_member(x, x_slot(x, outer, true), "m"));
	fake_apply(&f, NULL);
	assert_int_equal(f.verdict, RUN_DONE);
	assert_true(fake_started(&f, "fix@3") && !fake_started(&f, "fix@4"));
	assert_string_equal(fake_output(&f, "m"), "3");
	x->plan.nodes[node].max = x_int(x, 2);
	fake_apply(&f, NULL);
	assert_int_equal(f.n_starts, 0);
	assert_string_equal(f.codes, "E0613 ");
	fake_close(&f);
}

static void test_workflow(void **state)
{
	struct fake f;
	(void)state;
	fake_open(&f);
	struct fixture *x = &f.fixture;
	uint32_t block = main_block(&f), s = simple_step(&f, "s", false), inner = fixture_workflow(x, "inner");
	uint32_t n = fixture_workflow_input(x, inner, "n", &type_int, NULL);
	uint32_t july = fixture_call(x, x->plan.workflows[inner].block, "july", s, ARGS(x_slot(x, n, false), NULL));
	fixture_workflow_output(x, inner, "all", file_type(&f), out_of(&f, july));
	uint32_t sub = fixture_sub(x, block, "sub", inner, ARGS(x_int(x, 4)));
	uint32_t after = fixture_call(x, block, "after", s, ARGS(x_int(x, 5), x_member(x, x_slot(x, sub, true), "all")));
	fixture_workflow_output(x, 0, "out", file_type(&f), out_of(&f, after));
	fake_apply(&f, NULL);
	assert_int_equal(f.verdict, RUN_DONE);
	assert_true(fake_started(&f, "sub.july") && fake_started(&f, "after"));
	fake_close(&f);
}

/* -- gates ------------------------------------------------------------------------------------------------------------ */

static uint32_t gated(struct fake *f, enum plan_on_fail on_fail)
{
	static const struct fake_rule rules[] = { { .task = "a", .metrics = "{\"m\": 12}" }, { NULL } };
	struct fixture *x = &f->fixture;
	f->rules = rules;
	uint32_t block = main_block(f), s = simple_step(f, "s", true), plain = simple_step(f, "plain", false);
	uint32_t a = fixture_call(x, block, "a", s, ARGS(x_int(x, 1), NULL));
	uint32_t gate = fixture_gate(x, block, "enough", a, x_two(x, EXPR_GE, x_member(x, x_slot(x, a, false), "m"), x_int(x, 20)), on_fail);
	fixture_call(x, block, "b", plain, ARGS(x_int(x, 2), out_of(f, a)));
	fixture_call(x, block, "other", plain, ARGS(x_int(x, 3), NULL));
	fixture_workflow_output(x, 0, "a", type_optional(&x->arena, file_type(f)), out_of(f, a));
	return gate;
}

static void test_gate_block(void **state)
{
	struct fake f;
	(void)state;
	fake_open(&f);
	uint32_t gate = gated(&f, PLAN_BLOCK);
	fake_apply(&f, NULL);
	assert_int_equal(f.verdict, RUN_GATED);
	assert_true(fake_started(&f, "other") && !fake_started(&f, "b"));
	assert_string_equal(f.codes, "E0611 ");
	assert_non_null(strstr(f.gates, "enough: blocked: require: a.m >= 20 (a.m is 12)"));
	f.fixture.plan.nodes[gate].requirements[0].expr = x_bool(&f.fixture, true); /* the threshold is in no key */
	fake_apply(&f, NULL);
	assert_int_equal(f.verdict, RUN_DONE);
	assert_int_equal(f.n_starts, 1);
	assert_true(fake_started(&f, "b"));
	fake_close(&f);
}

static void test_gate_warn(void **state)
{
	struct fake f;
	(void)state;
	fake_open(&f);
	gated(&f, PLAN_WARN);
	fake_apply(&f, NULL);
	assert_int_equal(f.verdict, RUN_DONE);
	assert_true(fake_started(&f, "b"));
	assert_string_equal(f.codes, "W0611 ");
	fake_close(&f);
}

static void test_gate_skip(void **state)
{
	struct fake f;
	(void)state;
	fake_open(&f);
	gated(&f, PLAN_SKIP);
	fake_apply(&f, NULL);
	assert_int_equal(f.verdict, RUN_DONE);
	assert_true(fake_started(&f, "b")); /* its input is optional */
	assert_string_equal(fake_output(&f, "a"), "null");
	fake_close(&f);
}

static void test_gate_ask(void **state)
{
	struct fake f;
	(void)state;
	fake_open(&f);
	gated(&f, PLAN_ASK);
	fake_apply(&f, NULL);
	assert_int_equal(f.verdict, RUN_GATED);
	assert_true(fake_started(&f, "other") && !fake_started(&f, "b"));
	assert_string_equal(f.codes, "E0612 ");
	fake_apply(&f, NULL);
	assert_int_equal(f.verdict, RUN_GATED);
	assert_int_equal(f.n_starts, 0);
	fake_approve(&f, "enough");
	fake_apply(&f, NULL);
	assert_int_equal(f.verdict, RUN_DONE);
	assert_int_equal(f.n_starts, 1);
	fake_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chain), cmocka_unit_test(test_failure), cmocka_unit_test(test_fail_fast),
		cmocka_unit_test(test_missing_output), cmocka_unit_test(test_retry_checks), cmocka_unit_test(test_cancel), cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_changed_output), cmocka_unit_test(test_retry), cmocka_unit_test(test_retry_on),
		cmocka_unit_test(test_room), cmocka_unit_test(test_for), cmocka_unit_test(test_if), cmocka_unit_test(test_repeat),
		cmocka_unit_test(test_workflow), cmocka_unit_test(test_gate_block), cmocka_unit_test(test_gate_warn),
		cmocka_unit_test(test_gate_skip), cmocka_unit_test(test_gate_ask),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
