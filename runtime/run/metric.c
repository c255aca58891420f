/* Metrics: a JSON object that the task wrote; each declared one is read by its type and its range. */
#include "runtime/run/inside.h"

#define METRICS_MAX_BYTES ((size_t)16 << 20)

bool metric_read(struct run *r, struct task *t, const struct doc **ret)
{
	struct arena *a = &t->now->arena;
	struct bind b = { .run = r, .inputs = t->inputs, .arena = a };
	char *text, *error;
	size_t len;
	struct doc *d;
	world_outputs(r, t, &b);
	const char *path = world_metrics_path(r, t, &b);
	if (!path)
		return false;
	int e = file_read(a, arena_printf(a, "%s/work/%s", t->now->folder, path), METRICS_MAX_BYTES, &text, &len);
	if (e) {
		struct diag *f = fail_task(r, t, DIAG_E0606, "`%s` wrote no metrics: `%s`: %s", t->name, path, strerror(e));
		diag_label(f, t->step->metrics[0].span, "declared here");
		fail_add_log(r, t, f);
		return false;
	}
	if (!doc_json_read(a, text, len, &d, &error) || d->kind != DOC_MAP) {
		fail_task(r, t, DIAG_E0606, "the metrics of `%s` are no JSON object: `%s`: %s", t->name, path, d ? "another value" : error);
		return false;
	}
	*ret = d;
	return true;
}

bool metric_values(struct run *r, struct task *t, const struct doc *metrics, struct value_field *ret)
{
	bool good = true;
	for (uint32_t i = 0; i < t->step->n_metrics; i++) {
		const struct plan_field *m = &t->step->metrics[i];
		const struct doc *d = doc_get(metrics, m->name);
		char *error = NULL;
		const struct value *v = &value_null;
		bool fine = d ? value_from_doc(&r->arena, d, m->type, ".", &v, &error) : m->type->kind == TYPE_OPTIONAL;
		ret[i] = (struct value_field){ m->name, v };
		if (fine)
			continue;
		struct diag *f = d ? fail_task(r, t, DIAG_E0606, "metric `%s` of `%s` is not as declared: %s", m->name, t->name, error)
				   : fail_task(r, t, DIAG_E0606, "metric `%s` of `%s` is missing in its metrics file", m->name, t->name);
		diag_label(f, m->span, "declared here");
		good = false;
	}
	return good;
}
