/* reload FILE...: compiles each twin, saves its plan, loads it and compares. Twins with errors are passed over. */
#include "compiler/compile.h"
#include <stdio.h>
#include <string.h>

static bool is_same(struct arena *a, const struct plan *p, const char *file)
{
	struct buf before = {0}, after = {0}, difference = {0};
	char error[300];
	char *json_error = NULL;
	struct doc *d = NULL;
	plan_save(p, true, &before);
	struct plan *again = doc_json_read(a, buf_text(&before), before.len, &d, &json_error) ? plan_load(d, error, sizeof error) : NULL;
	bool same = false;
	if (again) {
		plan_save(again, true, &after);
		plan_diff(p, again, &difference);
		same = strcmp(buf_text(&before), buf_text(&after)) == 0 && difference.len == 0 && doc_equal(plan_dump(a, p), plan_dump(a, again));
	}
	if (!same)
		fprintf(stderr, "%s: %s%s%s\n", file, again ? "changed by saving" : d ? error : json_error, difference.len ? "\n" : "", buf_text(&difference));
	plan_destroy(again);
	buf_finish(&before);
	buf_finish(&after);
	buf_finish(&difference);
	return same;
}

/* 1: the same, 0: not, -1: there is no plan. */
static int reload(const char *file)
{
	struct compile c;
	struct arena a = {0};
	struct compile_request request = {.file = file, .partial = true};
	const struct value **inputs;
	uint32_t workflow;
	int result = -1;
	compile_init(&c);
	if (compile_parse(&c, file) && compile_check(&c)) {
		struct plan *p = compile_plan(&c, &request, &workflow, &inputs);
		if (p)
			result = is_same(&a, p, file);
		plan_destroy(p);
	}
	arena_finish(&a);
	compile_finish(&c);
	return result;
}

int main(int argc, char **argv)
{
	int n_same = 0, n_changed = 0;
	for (int i = 1; i < argc; i++) {
		int result = reload(argv[i]);
		n_same += result == 1;
		n_changed += result == 0;
	}
	printf("%d plans are the same after loading, %d are not, %d twins have none\n", n_same, n_changed, argc - 1 - n_same - n_changed);
	return n_changed > 0 || n_same == 0;
}
