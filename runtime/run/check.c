/* The checks between a command's good end and "done". */
#include "runtime/run/inside.h"

/* Inputs are read-only: what changed one made a lie of the key. */
static bool inputs_unchanged(struct run *r, struct task *t)
{
	char stamp[STAMP_LEN];
	for (uint32_t i = 0; i < t->now->stamps.len; i++) {
		const struct input_stamp *s = &t->now->stamps.at[i];
		if (stamp_path(s->path, stamp) == 0 && strcmp(stamp, s->stamp) == 0)
			continue;
		struct diag *d = fail_task(r, t, DIAG_E0608, "input `%s` of `%s` changed while it ran: `%s`", s->input, t->name, s->path);
		diag_help(d, "let the command write to a copy in its own folder");
		return false;
	}
	return true;
}

const struct value *check_result(struct run *r, struct task *t)
{
	const struct plan_step *s = t->step;
	struct value_field *fields = arena_new_n(&t->now->arena, struct value_field, s->n_outputs);
	const struct doc *metrics = NULL;
	bool good = inputs_unchanged(r, t);
	if (s->cwl)
		good = good && foreign_outputs(r, t, fields);
	for (uint32_t i = 0; i < s->n_outputs && !s->cwl; i++) {
		fields[i] = (struct value_field){ s->outputs[i].name, &value_null };
		good &= output_collect(r, t, &s->outputs[i], &fields[i].value);
	}
	if (s->n_metrics > 0)
		good &= metric_read(r, t, &metrics);
	if (!good)
		return NULL;
	const struct value *outputs = value_record(&t->now->arena, fields, s->n_outputs), *result = cache_record(r, t, outputs, metrics);
	if (result)
		cache_store(r, t, outputs, metrics);
	return result;
}
