/* Any bytes as a saved plan: what loads is dumped, saved and planned by the runtime, which trusts it. */
#include "compiler/plan/plan.h"
#include "runtime/run/run.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void plan_runs(const struct plan *p)
{
	for (uint32_t w = 0; w < p->n_workflows && w < 3; w++) {
		struct run_options o = {.plan = p, .workflow = w, .state = "/nonexistent/state", .results = "/nonexistent/results", .cpus = 2, .memory_bytes = 1 << 30};
		struct run *r = run_create(&o);
		for (int turns = 0; turns < 1000 && run_turn(r); turns++)
			;
		run_destroy(r);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct doc *d;
	char *error, why[300];
	struct buf saved = {0};
	if (size < 1 << 18 && doc_json_read(&a, (const char *)data, size, &d, &error)) {
		struct plan *p = plan_load(d, why, sizeof why);
		if (p) {
			plan_dump(&a, p);
			plan_save(p, true, &saved);
			plan_runs(p);
		}
		plan_destroy(p);
	}
	buf_finish(&saved);
	arena_finish(&a);
	return 0;
}
