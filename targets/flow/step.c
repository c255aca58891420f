/* Steps: their outputs, metrics and environment in flow.py, their commands as scripts of the shell that read values from the
 * environment. Lists have no place in a variable: then the whole command is a template that is filled in when a task starts. */
#include "targets/flow/inside.h"
#include "compiler/base/file.h"
#include "compiler/doc/quote.h"
#include <string.h>

/* -- commands -------------------------------------------------------------------------------------------------------------- */

struct holes { struct flow_step *x; VEC(const char *) names; VEC(const struct expr *) values; };

static bool is_text(const struct expr *e)
{
	return e->op == EXPR_CONST && e->value->kind == VALUE_STRING;
}

static bool is_scalar(const struct expr *e)
{
	enum type_kind k = e->type->kind;

	return k == TYPE_INT || k == TYPE_FLOAT || k == TYPE_STRING || k == TYPE_ENUM || k == TYPE_FILE || k == TYPE_DIR || k == TYPE_ENDPOINT;
}

bool flow_has_command(const struct plan_step *s)
{
	const struct expr *e = s->script ? s->script : s->argv;

	if (!e || (s->argv && e->op != EXPR_LIST))
		return false;
	for (uint16_t i = 0; i < e->n; i++)
		if (!is_text(e->args[i]) && !is_scalar(e->args[i]))
			return false;
	return true;
}

static bool is_word_char(char x)
{
	return (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z') || (x >= '0' && x <= '9') || x == '_';
}

/* Whether a script has a variable of that name of its own, as far as a reader of words can tell. */
static bool has_variable(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = strstr(text, name); p; p = strstr(p + 1, name)) {
		char before = p == text ? '\n' : p[-1], after = p[n];
		if (!is_word_char(before) && !is_word_char(after) && before != '-' && before != '/' && before != '.')
			return true;
	}
	return false;
}

static bool is_taken(struct holes *h, const char *name)
{
	const struct plan_step *s = h->x->step;

	for (const char *p = name; *p; p++)
		if (*p >= 'A' && *p <= 'Z') /* those are the system's */
			return true;
	for (uint32_t i = 0; i < s->n_env; i++)
		if (strcmp(s->env[i].name, name) == 0)
			return true;
	for (uint32_t i = 0; i < h->names.len; i++)
		if (strcmp(h->names.at[i], name) == 0)
			return true;
	for (uint16_t i = 0; s->script && i < s->script->n; i++)
		if (is_text(s->script->args[i]) && has_variable(s->script->args[i]->value->string.text, name))
			return true;
	return false;
}

/* "average.py" as "average_py". */
static const char *as_variable(struct arena *a, const char *file)
{
	char *ret = arena_printf(a, "%s%s", file[0] >= '0' && file[0] <= '9' ? "_" : "", file);

	for (char *c = ret; *c; c++)
		if (!is_word_char(*c))
			*c = '_';
	return ret;
}

static bool is_same(struct arena *a, const struct expr *x, const struct expr *y)
{
	if (x->op != y->op)
		return false;
	if (x->op == EXPR_INPUT || x->op == EXPR_OUTPUT)
		return x->index == y->index;
	return strcmp(expr_text(a, x), expr_text(a, y)) == 0;
}

/* The variable that carries a value: called like the input, where that is free. */
static const char *hole(struct holes *h, const struct expr *e)
{
	struct arena *a = h->x->flow->arena;
	const char *wanted = "value", *name;

	for (uint32_t i = 0; i < h->values.len; i++)
		if (is_same(a, h->values.at[i], e))
			return h->names.at[i];
	if (e->op == EXPR_INPUT)
		wanted = h->x->step->inputs[e->index].name;
	else if (e->op == EXPR_OUTPUT)
		wanted = h->x->step->outputs[e->index].name;
	else if (e->op == EXPR_ASSET)
		wanted = as_variable(a, file_basename(a, e->value->file.path));
	name = wanted;
	if (is_taken(h, name))
		name = arena_printf(a, "twin_%s", wanted);
	for (uint32_t i = 2; is_taken(h, name); i++)
		name = arena_printf(a, "twin_%u", i);
	*vec_push(&h->names) = name;
	*vec_push(&h->values) = e;
	return name;
}

/* Whether what follows stands in $(( )), where quotes are none. */
static bool in_arithmetic(const struct buf *text)
{
	const char *open = NULL;

	for (const char *p = strstr(buf_text(text), "$(("); p; p = strstr(p + 3, "$(("))
		open = p;
	return open && !strstr(open, "))");
}

static void put_script(struct holes *h, const struct expr *e, struct buf *ret)
{
	for (uint16_t i = 0; i < e->n; i++) {
		const struct expr *part = e->args[i];
		if (is_text(part))
			buf_add(ret, part->value->string.text, part->value->string.len);
		else if (part->op == EXPR_TEXT && part->n == 1 && is_text(part->args[0]))
			quote_sh(part->args[0]->value->string.text, part->args[0]->value->string.len, ret);
		else
			buf_printf(ret, in_arithmetic(ret) ? "%s" : "\"$%s\"", hole(h, part));
	}
	if (ret->len && ret->text[ret->len - 1] != '\n')
		buf_putc(ret, '\n');
}

static void put_argv(struct holes *h, const struct expr *e, struct buf *ret)
{
	buf_puts(ret, "exec");
	for (uint16_t i = 0; i < e->n; i++) {
		buf_putc(ret, ' ');
		if (is_text(e->args[i]))
			quote_sh(e->args[i]->value->string.text, e->args[i]->value->string.len, ret);
		else
			buf_printf(ret, "\"$%s\"", hole(h, e->args[i]));
	}
	buf_putc(ret, '\n');
}

static void put_command_file(struct holes *h)
{
	struct flow *f = h->x->flow;
	const struct plan_step *s = h->x->step;
	struct target_text t = { 0 };
	struct buf text = { 0 };

	if (s->script)
		put_script(h, s->script, &text);
	else
		put_argv(h, s->argv, &text);
	target_text_from(&t, s->command_span);
	buf_printf(&t.text, "#!/bin/%s\n# %s\n", s->bash ? "bash" : "sh", target_place(f->arena, f->plan, s->command_span));
	if (h->names.len)
		buf_puts(&t.text, "# shellcheck disable=SC2154 # its values come from the environment\n");
	buf_add(&t.text, buf_text(&text), text.len);
	buf_finish(&text);
	target_put_text(f->ret, arena_printf(f->arena, "commands/%s.sh", s->name), s->command_span, &t);
}

static void put_values(struct holes *h, struct buf *ret)
{
	if (!h->names.len)
		return;
	buf_puts(ret, "    values={\n");
	for (uint32_t i = 0; i < h->names.len; i++) {
		buf_puts(ret, "        ");
		py_string(h->names.at[i], strlen(h->names.at[i]), ret);
		buf_puts(ret, ": lambda i, o, a: ");
		py_expr(&h->x->py, h->values.at[i], PY_COND, ret);
		buf_puts(ret, ",\n");
	}
	buf_puts(ret, "    },\n");
}

/* A command with lists: filled in when a task starts. */
static void put_template(struct flow_step *x, struct buf *ret)
{
	const struct plan_step *s = x->step;

	buf_puts(ret, "    command=lambda i, o, a: ");
	if (s->script) {
		py_expr(&x->py, s->script, PY_COND, ret);
	} else {
		buf_puts(ret, "\"exec \" + quoted(");
		if (s->argv->op == EXPR_LIST) {
			for (uint16_t i = 0; i < s->argv->n; i++) {
				buf_puts(ret, i ? ", " : "");
				py_expr(&x->py, s->argv->args[i], PY_COND, ret);
			}
		} else {
			py_expr(&x->py, s->argv, PY_COND, ret);
		}
		buf_puts(ret, ") + \"\\n\"");
	}
	buf_puts(ret, ",\n");
}

static void put_command(struct flow_step *x, struct buf *ret)
{
	struct holes h = { .x = x };

	if (flow_has_command(x->step)) {
		put_command_file(&h);
		put_values(&h, ret);
	} else {
		put_template(x, ret);
	}
	vec_finish(&h.names);
	vec_finish(&h.values);
}

/* -- outputs, metrics, environment ------------------------------------------------------------------------------------------- */

static void put_outputs(struct flow_step *x, struct buf *ret)
{
	const struct plan_step *s = x->step;

	if (!s->n_outputs)
		return;
	buf_puts(ret, "    outputs={\n");
	for (uint32_t i = 0; i < s->n_outputs; i++) {
		const struct plan_field *o = &s->outputs[i];
		const struct type *t = py_strip(o->type), *of = t->kind == TYPE_LIST ? py_strip(t->of) : t;
		buf_puts(ret, "        ");
		py_string(o->name, strlen(o->name), ret);
		buf_puts(ret, ": Out(lambda i: ");
		py_expr(&x->py, o->expr, PY_COND, ret);
		buf_printf(ret, "%s%s%s),\n", of->kind == TYPE_DIR ? ", kind=\"Directory\"" : "", o->type->kind == TYPE_OPTIONAL ? ", optional=True" : "",
			t->kind == TYPE_LIST ? ", many=True" : "");
	}
	buf_puts(ret, "    },\n");
}

static void put_bound(const char *name, double x, struct buf *ret)
{
	char text[32];

	value_number_text(x, text);
	buf_printf(ret, ", %s=%s", name, text);
}

static void put_metric(const struct type *type, struct buf *ret)
{
	const struct type *t = py_strip(type);

	buf_puts(ret, "Metric(");
	if (t->kind == TYPE_ENUM) {
		buf_putc(ret, '[');
		for (uint32_t i = 0; i < t->n; i++) {
			buf_puts(ret, i ? ", " : "");
			py_string(t->members[i], strlen(t->members[i]), ret);
		}
		buf_putc(ret, ']');
	} else {
		buf_puts(ret, t->kind == TYPE_INT ? "\"int\"" : t->kind == TYPE_FLOAT ? "\"float\"" : t->kind == TYPE_BOOL ? "\"bool\"" : "\"string\"");
	}
	if (t->has_low)
		put_bound("low", t->low, ret);
	if (t->has_high)
		put_bound("high", t->high, ret);
	buf_printf(ret, "%s)", type->kind == TYPE_OPTIONAL ? ", optional=True" : "");
}

static void put_metrics(struct flow_step *x, struct buf *ret)
{
	const struct plan_step *s = x->step;

	if (!s->metrics_file)
		return;
	buf_puts(ret, "    metrics_file=lambda i, o: ");
	py_expr(&x->py, s->metrics_file, PY_COND, ret);
	buf_puts(ret, ",\n    metrics={");
	for (uint32_t i = 0; i < s->n_metrics; i++) {
		buf_puts(ret, i ? ", " : "");
		py_string(s->metrics[i].name, strlen(s->metrics[i].name), ret);
		buf_puts(ret, ": ");
		put_metric(s->metrics[i].type, ret);
	}
	buf_puts(ret, "},\n");
}

static void put_env(struct flow_step *x, struct buf *ret)
{
	const struct plan_step *s = x->step;

	if (!s->n_env)
		return;
	buf_puts(ret, "    env={\n");
	for (uint32_t i = 0; i < s->n_env; i++) {
		buf_puts(ret, "        ");
		py_string(s->env[i].name, strlen(s->env[i].name), ret);
		buf_puts(ret, ": lambda i, o, a: ");
		py_expr(&x->py, s->env[i].expr, PY_COND, ret);
		buf_puts(ret, ",\n");
	}
	buf_puts(ret, "    },\n");
}

static void put_assets(struct flow_step *x, struct buf *ret)
{
	if (!x->py.assets.len)
		return;
	buf_puts(ret, "    assets=[");
	for (uint32_t i = 0; i < x->py.assets.len; i++) {
		const char *path = flow_path(&x->py, x->py.assets.at[i]->file.path);
		buf_puts(ret, i ? ", " : "");
		py_string(path, strlen(path), ret);
	}
	buf_puts(ret, "],\n");
}

/* -- the step ----------------------------------------------------------------------------------------------------------------- */

static const char *obstacle(struct arena *a, const struct plan_step *s)
{
	if (flow_cwl(s) || s->script || s->argv)
		return NULL;
	if (strcmp(s->kind, "step") == 0)
		return "it has no command";
	return arena_printf(a, "`%s` is done by a system of its own, which only that system's client starts: a step with a `command` that calls this client can be said", s->kind);
}

const char *flow_cwl(const struct plan_step *s)
{
	return strncmp(s->kind, "cwl.", 4) == 0 ? doc_text(doc_get(s->extra, "file"), NULL) : NULL;
}

/* What its parameters are where the twin tells it otherwise: names, and formats, which an engine compares. Both stand in one order. */
static void put_params(const struct plan_field *fields, uint32_t n, const struct doc *params, const char *what, const char *name, struct buf *ret)
{
	uint32_t i = 0, different = 0;

	for (doc_each(param, params)) {
		const char *text = doc_text(doc_get(param, what), NULL);
		if (i < n && text && !strstr(text, "$(") && strcmp(text, fields[i].name) != 0) {
			buf_printf(ret, "%s%s%s", different ? "" : "    ", different ? "" : name, different ? ", " : "={");
			py_string(fields[i].name, strlen(fields[i].name), ret);
			buf_puts(ret, ": ");
			py_string(text, strlen(text), ret);
			different++;
		}
		i++;
	}
	buf_puts(ret, different ? "},\n" : "");
}

/* A document of CWL: its path starts from the twin that declares it. */
static void put_cwl(struct flow_step *x, struct buf *ret)
{
	struct flow *f = x->flow;
	const char *declared = f->plan->sources->list.at[x->step->span.file].path;
	const char *folder = file_join(f->arena, f->request->here, file_dirname(f->arena, declared));
	const char *path = flow_path(&x->py, file_join(f->arena, folder, flow_cwl(x->step)));

	buf_puts(ret, "    cwl=");
	py_string(path, strlen(path), ret);
	buf_puts(ret, ",\n");
	put_params(x->step->inputs, x->step->n_inputs, doc_get(x->step->cwl, "inputs"), "id", "inputs", ret);
	put_params(x->step->inputs, x->step->n_inputs, doc_get(x->step->cwl, "inputs"), "format", "formats", ret);
	put_params(x->step->outputs, x->step->n_outputs, doc_get(x->step->cwl, "outputs"), "id", "results", ret);
}

bool flow_put_step(struct flow *f, uint32_t step)
{
	struct flow_step x = { .flow = f, .step = &f->plan->steps[step] };
	struct buf *ret = &f->text.text;
	const char *why = obstacle(f->arena, x.step);

	if (why) {
		flow_refuse(f, x.step->name, x.step->span, "%s", why);
		return false;
	}
	x.py = flow_py(f, PLAN_NONE);
	x.py.step = x.step;
	target_text_from(&f->text, x.step->span);
	buf_printf(ret, "\n# %s\n", target_place(f->arena, f->plan, x.step->span));
	buf_puts(ret, "Step(\n    ");
	py_string(x.step->name, strlen(x.step->name), ret);
	buf_puts(ret, ",\n");
	if (flow_cwl(x.step)) {
		put_cwl(&x, ret);
		buf_puts(ret, ")\n");
		return true;
	}
	put_outputs(&x, ret);
	put_metrics(&x, ret);
	put_env(&x, ret);
	if (x.step->container) {
		buf_puts(ret, "    container=");
		py_string(x.step->container, strlen(x.step->container), ret);
		buf_puts(ret, ",\n");
	}
	if (x.step->bash)
		buf_puts(ret, "    shell=(\"bash\", \"-euo\", \"pipefail\"),\n");
	put_command(&x, ret);
	put_assets(&x, ret);
	buf_puts(ret, ")\n");
	if (x.py.error)
		flow_refuse(f, x.step->name, x.py.error_span, "%s", x.py.error);
	vec_finish(&x.py.assets);
	return !x.py.error;
}
