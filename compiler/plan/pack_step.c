/* Steps and what they share with workflows. */
#include "compiler/plan/pack.h"

void pack_field(struct pack *p, void *field)
{
	struct plan_field *f = field;
	pack_name(p, "name", &f->name);
	pack_text(p, "doc", &f->doc);
	pack_span(p, "span", &f->span);
	pack_type(p, "type", &f->type);
	pack_expr(p, "expr", &f->expr);
	pack_id(p, "slot", &f->slot);
}

void pack_attribute(struct pack *p, void *attribute)
{
	struct plan_attribute *at = attribute;
	pack_name(p, "name", &at->name);
	pack_expr(p, "expr", &at->expr);
	pack_span(p, "span", &at->span);
	if (!at->expr)
		pack_fail(p, "expr", "missing");
}

static void pack_resources(struct pack *p, struct plan_step *s)
{
	pack_expr(p, "cpus", &s->cpus);
	pack_expr(p, "memory", &s->memory);
	pack_expr(p, "gpus", &s->gpus);
	pack_expr(p, "time", &s->time);
	pack_u32(p, "attempts", &s->attempts);
	pack_double(p, "backoff_s", &s->backoff_s);
	pack_u32(p, "retry_on", &s->retry_on);
	pack_text(p, "place", &s->place);
	pack_u32(p, "workers", &s->workers);
	pack_text(p, "strategy", &s->strategy);
}

void pack_step(struct pack *p, void *step)
{
	struct plan_step *s = step;
	pack_name(p, "name", &s->name);
	pack_text(p, "doc", &s->doc);
	pack_span(p, "span", &s->span);
	pack_span(p, "command_span", &s->command_span);
	pack_text(p, "kind", &s->kind);
	pack_each(p, "inputs", &s->inputs, &s->n_inputs, pack_field);
	pack_each(p, "outputs", &s->outputs, &s->n_outputs, pack_field);
	pack_each(p, "metrics", &s->metrics, &s->n_metrics, pack_field);
	pack_expr(p, "script", &s->script);
	pack_expr(p, "argv", &s->argv);
	pack_bool(p, "bash", &s->bash);
	pack_expr(p, "metrics_file", &s->metrics_file);
	pack_each(p, "env", &s->env, &s->n_env, pack_attribute);
	pack_text(p, "container", &s->container);
	pack_bool(p, "network", &s->network);
	pack_texts(p, "modules", &s->modules, &s->n_modules);
	pack_resources(p, s);
	pack_doc(p, "cwl", &s->cwl);
	pack_doc(p, "extra", &s->extra);
}
