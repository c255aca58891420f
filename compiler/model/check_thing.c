/* infra, service, source, step, model and trigger: a declaration against the schema of its kind. */
#include "compiler/base/file.h"
#include "compiler/diag/near.h"
#include "compiler/model/check.h"
#include "compiler/model/interface.h"
#include <string.h>

struct thing_reader { struct checker *ck; struct decl *decl; struct model_thing *t; struct scope scope; struct context cx; };

struct model_attr *model_attr(const struct model_thing *t, const char *name)
{
	for (uint32_t i = 0; i < t->schema->n_attrs; i++)
		if (strcmp(t->schema->attrs[i].name, name) == 0)
			return &t->attrs[i];
	return NULL;
}

struct model_attr *model_block_attr(const struct model_block *b, const char *name)
{
	for (uint32_t i = 0; b && i < b->schema->n_attrs; i++)
		if (strcmp(b->schema->attrs[i].name, name) == 0)
			return &b->attrs[i];
	return NULL;
}

struct model_block *model_block(const struct model_thing *t, const char *word)
{
	for (struct model_block *b = t->blocks; b; b = b->next)
		if (strcmp(b->schema->name, word) == 0)
			return b;
	return NULL;
}

static bool schema_takes(const struct schema *s, const char *member)
{
	for (uint32_t i = 0; i < s->n_members; i++)
		if (strcmp(s->members[i], member) == 0)
			return true;
	return false;
}

/* -- special types ---------------------------------------------------------------------------------------------------- */

/* A reference to a declaration of a role or kind. */
static const struct expr *check_reference(struct context *cx, const struct ast_expr *e, const char *wanted, const char *name, struct span declared)
{
	struct expr *x = check_expr(cx, e, NULL);
	if (is_poison(x))
		return x;
	if (x->type->kind == TYPE_THING) {
		struct decl *d = module_find_path(cx->ck, cx->module, x->value->string.text);
		if (d && d->thing && (strcmp(d->thing->role, wanted) == 0 || strcmp(d->thing->schema->name, wanted) == 0))
			return x;
	}
	struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0301, e->span, "`%s` names a %s", name, wanted), "this is %s", a_type(cx->ck, x->type));
	if (declared.file)
		diag_label(d, declared, "wanted: `%s`", wanted);
	return make_poison(cx->ck, e->span);
}

/* WORKFLOW.OUTPUT, or a file. */
static const struct expr *check_weights(struct context *cx, const struct ast_expr *e, struct model_thing *t)
{
	struct checker *ck = cx->ck;
	if (e->kind == AST_STRING)
		return check_value(cx, e, type_path(ck->arena, TYPE_FILE, NULL), WHAT("the weights"), (struct span){0});
	struct decl *d = NULL;
	if (e->kind == AST_MEMBER && e->member.a->kind == AST_NAME)
		d = module_find(ck, cx->module, e->member.a->string.text);
	if (!d || d->kind != DECL_WORKFLOW) {
		if (e->kind == AST_MEMBER && e->member.a->kind == AST_NAME && !d) {
			report_unknown_name(cx, e->member.a, NULL);
			return make_poison(ck, e->span);
		}
		diag_help(diag_here(diag_add(ck->diags, DIAG_E0301, e->span, "the weights of a model are an output of a workflow, or a file"), "neither"), "such as `weights = training.weights`");
		return make_poison(ck, e->span);
	}
	if (!decl_settle(ck, d))
		return make_poison(ck, e->span);
	const struct type_field *f = type_field(d->workflow->result, e->member.name);
	if (!f) {
		struct diag *g = diag_here(diag_add(ck->diags, DIAG_E0206, ast_member_span(e), "workflow `%s` has no output `%s`", d->name, e->member.name), "not found");
		diag_label(g, d->span, "declared here");
		struct near near;
		near_init(&near, e->member.name);
		for (uint32_t i = 0; i < d->workflow->result->n; i++)
			near_offer(&near, d->workflow->result->fields[i].name);
		if (near_best(&near))
			diag_suggest(g, ast_member_span(e), near_best(&near));
		return make_poison(ck, e->span);
	}
	t->weights_workflow = d->workflow;
	t->weights_output = f->name;
	d->workflow->used = true;
	struct expr *x = expr_new(ck->arena, EXPR_MODEL, e->span, f->type, 0);
	x->name = t->name;
	return x;
}

static const struct expr *check_path(struct context *cx, const struct ast_expr *e)
{
	struct expr *x = check_expr(cx, e, &type_string);
	if (is_poison(x) || x->type->kind == TYPE_STRING || x->op == EXPR_OUTPUT)
		return x;
	diag_here(diag_add(cx->ck->diags, DIAG_E0301, e->span, "a path in the work folder, or an output of the step, is wanted"), "this is %s", a_type(cx->ck, x->type));
	return make_poison(cx->ck, e->span);
}

/* An environment variable: text, a number, a path, or a secret. */
static const struct expr *check_text_value(struct context *cx, const struct ast_expr *e, const char *name)
{
	struct expr *x = check_expr(cx, e, NULL);
	const struct type *t = x->type->kind == TYPE_OPTIONAL ? x->type->of : x->type;
	switch (t->kind) {
	case TYPE_STRING: case TYPE_ENUM: case TYPE_FILE: case TYPE_DIR: case TYPE_ENDPOINT: case TYPE_SECRET: case TYPE_POISON:
		return check_fold(cx, x);
	case TYPE_INT: case TYPE_FLOAT:
		if (!t->unit)
			return check_fold(cx, x);
		diag_help(diag_here(diag_add(cx->ck->diags, DIAG_E0315, e->span, "a quantity is written into text only in a stated unit"), "this is %s", unit_dim_name(cx->ck->arena, t->unit)), "say in which: `as %s`", t->unit->name);
		return make_poison(cx->ck, e->span);
	case TYPE_ANY: case TYPE_NULL: case TYPE_BOOL: case TYPE_LIST: case TYPE_MAP: case TYPE_RECORD: case TYPE_OPTIONAL: case TYPE_RANGE: case TYPE_THING:
		break;
	}
	diag_here(diag_add(cx->ck->diags, DIAG_E0301, e->span, "`%s` takes a string, a number, a path or a secret", name), "this is %s", a_type(cx->ck, x->type));
	return make_poison(cx->ck, e->span);
}

const struct expr *check_special(struct context *cx, const struct ast_expr *e, const struct type *t, struct model_thing *thing, const char *name, struct span declared)
{
	if (t->kind == TYPE_OPTIONAL && t->of->kind == TYPE_THING)
		t = t->of;
	if (t->kind != TYPE_THING)
		return check_value(cx, e, t, WHAT("`%s`", name), declared);
	if (strcmp(t->thing, "command") == 0) {
		bool saved = cx->closed;
		cx->closed = true;
		const struct expr *x = check_command(cx, e);
		cx->closed = saved;
		return x;
	}
	if (strcmp(t->thing, "place") == 0) {
		const struct expr *x = check_place(cx, e);
		return x ? x : make_poison(cx->ck, e->span);
	}
	if (strcmp(t->thing, "path") == 0)
		return check_path(cx, e);
	if (strcmp(t->thing, "text") == 0)
		return check_text_value(cx, e, name);
	if (strcmp(t->thing, "weights") == 0)
		return check_weights(cx, e, thing);
	if (strcmp(t->thing, "occasion") == 0 || strcmp(t->thing, "call") == 0 || strcmp(t->thing, "results") == 0)
		return NULL; /* check_trigger.c, check_workflow.c */
	return check_reference(cx, e, t->thing, name, declared);
}

/* -- attributes and blocks -------------------------------------------------------------------------------------------- */

static void check_phase(struct checker *ck, const struct expr *e, const struct schema_attr *s)
{
	enum model_phase phase = is_poison(e) ? MODEL_STATIC : expr_phase(e);
	if (phase <= s->phase || check_too_late(ck, e, arena_printf(ck->arena, "`%s`", s->name)))
		return;
	struct diag *d = diag_add(ck->diags, DIAG_E0307, e->span, "`%s` must be known %s", s->name, s->phase == MODEL_STATIC ? "while compiling" : "when the twin is planned");
	diag_here(d, phase == MODEL_PLAN ? "this rests on a parameter, which is bound later" : "this is known only while it runs");
	if (phase == MODEL_RUN)
		diag_note(d, "what a run gives cannot decide what the same run is built on");
}

static void set_attr(struct thing_reader *r, struct model_attr *attrs, const struct schema_attr *schema, const struct ast_item *i)
{
	uint32_t k = 0;
	while (strcmp(schema[k].name, i->name) != 0)
		k++;
	if (attrs[k].given) {
		diag_label(diag_here(diag_add(r->ck->diags, DIAG_E0203, i->name_span, "`%s` is given twice", i->name), "given again here"), attrs[k].span, "given here first");
		return;
	}
	if (schema[k].given) {
		diag_label(diag_here(diag_add(r->ck->diags, DIAG_E0217, i->name_span, "`%s` is not set: it is what %s `%s` gives", i->name, r->t->role, r->decl->name), "set here"), schema[k].span, "%s", schema[k].doc ? schema[k].doc : "given");
		return;
	}
	attrs[k].given = true;
	attrs[k].span = i->value->span;
	const struct type *t = type_bind(r->ck->arena, schema[k].type, r->t->format);
	const struct expr *e = check_special(&r->cx, i->value, t, r->t, i->name, schema[k].span);
	if (!e)
		return;
	check_phase(r->ck, e, &schema[k]);
	attrs[k].expr = e;
}

static struct model_attr *new_attrs(struct checker *ck, const struct schema_attr *schema, uint32_t n, struct span span)
{
	struct model_attr *attrs = arena_new_n(ck->arena, struct model_attr, n + 1);
	for (uint32_t i = 0; i < n; i++)
		attrs[i] = (struct model_attr){.schema = &schema[i], .expr = schema[i].fallback, .span = span};
	return attrs;
}

static void report_missing(struct checker *ck, const struct schema_attr *schema, const struct model_attr *attrs, uint32_t n, struct span span, struct what what)
{
	struct buf list = {0};
	uint32_t missing = 0;
	const struct schema_attr *first = NULL;
	for (uint32_t i = 0; i < n; i++)
		if (schema[i].required && !attrs[i].given) {
			buf_printf(&list, "%s`%s`", missing++ ? ", " : "", schema[i].name);
			first = first ? first : &schema[i];
		}
	if (missing) {
		struct diag *d = diag_here(diag_add(ck->diags, DIAG_E0214, span, "%s lacks %s", what_text(ck, what), buf_text(&list)), "not given");
		diag_label(d, first->span, "`%s` is a `%s`%s%s", first->name, show(ck, first->type), first->doc ? ": " : "", first->doc ? first->doc : "");
	}
	buf_finish(&list);
}

static void offer_schema(const struct schema_attr *attrs, uint32_t n, const struct schema *s, struct near *near)
{
	for (uint32_t i = 0; i < n; i++)
		if (!attrs[i].given)
			near_offer(near, attrs[i].name);
	for (const struct schema_block *b = s ? s->blocks : NULL; b; b = b->next)
		if (b->kind != SCHEMA_EVENT)
			near_offer(near, b->name);
	for (uint32_t i = 0; s && i < s->n_members; i++)
		near_offer(near, s->members[i]);
}

static void unknown_item(struct thing_reader *r, const char *name, struct span span, const struct schema_attr *attrs, uint32_t n, const struct schema *s, struct what what)
{
	struct near near;
	near_init(&near, name);
	offer_schema(attrs, n, s, &near);
	const char *best = near_best(&near);
	struct diag *d = diag_here(diag_add(r->ck->diags, DIAG_E0213, span, "%s has no `%s`", what_text(r->ck, what), name), "unknown here");
	struct buf list = {0};
	for (uint32_t i = 0; i < n && i < 16; i++)
		if (!attrs[i].given)
			buf_printf(&list, "%s`%s`", list.len ? ", " : "", attrs[i].name);
	for (const struct schema_block *b = s ? s->blocks : NULL; b; b = b->next)
		if (b->kind != SCHEMA_EVENT)
			buf_printf(&list, "%s`%s { }`", list.len ? ", " : "", b->name);
	if (best)
		diag_suggest(d, span, best);
	else if (list.len)
		diag_note(d, "it has %s", buf_text(&list));
	buf_finish(&list);
}

/* What an item that does not belong here is called in a message, and where that stands. */
static const char *item_name(const struct ast_item *i, struct span *ret_span)
{
	bool named = i->kind == AST_ATTRIBUTE || i->kind == AST_FIELD || i->kind == AST_FUNCTION;
	*ret_span = named ? i->name_span : i->kind == AST_IMPORT ? i->span : ast_word_span(i);
	return named ? i->name : i->kind == AST_IMPORT ? "import" : i->word;
}

static bool has_attr(const struct schema_attr *attrs, uint32_t n, const char *name)
{
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(attrs[i].name, name) == 0)
			return true;
	return false;
}

static struct model_block *add_block(struct thing_reader *r, const struct schema_block *s, const char *name, const char *doc, struct span span)
{
	struct model_block *b = arena_new(r->ck->arena, struct model_block), **last = &r->t->blocks;
	*b = (struct model_block){.schema = s, .name = name, .doc = doc, .span = span, .attrs = new_attrs(r->ck, s->attrs, s->n_attrs, span)};
	while (*last)
		last = &(*last)->next;
	*last = b;
	return b;
}

static void read_entries(struct thing_reader *r, struct model_block *b, const struct ast_item *item)
{
	uint32_t n = 0;
	for (const struct ast_item *i = item->body; i; i = i->next)
		n++;
	b->entries = arena_new_n(r->ck->arena, struct model_entry, n + 1);
	for (const struct ast_item *i = item->body; i; i = i->next) {
		if (i->kind != AST_ATTRIBUTE) {
			diag_here(diag_add(r->ck->diags, DIAG_E0207, i->span, "`%s` holds `NAME = value` only", b->schema->name), "unknown here");
			continue;
		}
		const struct expr *e = check_special(&r->cx, i->value, b->schema->of, r->t, i->name, b->schema->span);
		if (e)
			b->entries[b->n_entries++] = (struct model_entry){i->name, e, i->value->span};
	}
}

static void read_block_items(struct thing_reader *r, struct model_block *b, const struct ast_item *item)
{
	const struct schema_block *s = b->schema;
	struct what what = b->name ? WHAT("%s `%s`", s->name, b->name) : WHAT("`%s`", s->name);
	if (s->kind == SCHEMA_MAP) {
		read_entries(r, b, item);
		return;
	}
	struct span span;
	for (const struct ast_item *i = item->body; i; i = i->next) {
		if (i->kind == AST_ATTRIBUTE && has_attr(s->attrs, s->n_attrs, i->name))
			set_attr(r, b->attrs, s->attrs, i);
		else
			unknown_item(r, item_name(i, &span), span, s->attrs, s->n_attrs, NULL, what);
	}
	report_missing(r->ck, s->attrs, b->attrs, s->n_attrs, b->span, what);
}

static void read_block(struct thing_reader *r, const struct schema_block *s, const struct ast_item *i)
{
	bool part = s->kind == SCHEMA_PART;
	for (struct model_block *b = r->t->blocks; b; b = b->next)
		if (part ? b->name && i->name && strcmp(b->name, i->name) == 0 : b->schema == s) {
			diag_label(diag_here(diag_add(r->ck->diags, DIAG_E0203, part ? i->name_span : ast_word_span(i), "`%s` is given twice", part ? i->name : s->name), "given again here"), b->span, "given here first");
			return;
		}
	struct model_block *b = add_block(r, s, part ? i->name : NULL, i->doc, part ? i->name_span : ast_word_span(i));
	read_block_items(r, b, i);
}

/* -- inputs, outputs, metrics ------------------------------------------------------------------------------------------ */

static bool is_data(const struct type *t)
{
	if (t->kind == TYPE_OPTIONAL)
		t = t->of;
	if (t->kind == TYPE_LIST)
		t = t->of;
	return t->kind == TYPE_FILE || t->kind == TYPE_DIR || t->kind == TYPE_POISON;
}

static bool taken(struct thing_reader *r, const struct ast_item *i)
{
	const struct model_field *fields[] = {r->t->inputs, r->t->outputs, r->t->metrics};
	const uint32_t n[] = {r->t->n_inputs, r->t->n_outputs, r->t->n_metrics};
	for (uint32_t k = 0; k < 3; k++)
		for (uint32_t j = 0; j < n[k]; j++)
			if (strcmp(fields[k][j].name, i->name) == 0) {
				diag_label(diag_here(diag_add(r->ck->diags, DIAG_E0203, i->name_span, "`%s` is declared twice in this %s", i->name, r->t->role), "declared again here"), fields[k][j].span, "first declared here");
				return true;
			}
	return false;
}

static struct model_field read_field(struct thing_reader *r, const struct ast_item *i)
{
	struct type_context tc = {.ck = r->ck, .module = r->decl->module};
	struct model_field f = {.name = i->name, .doc = i->doc, .span = i->name_span, .type = &type_poison};
	if (i->type)
		f.type = type_resolve(&tc, i->type);
	else
		diag_here(diag_add(r->ck->diags, DIAG_E0302, i->name_span, "%s `%s` needs a type", i->word, i->name), "write `%s %s: TYPE`", i->word, i->name);
	check_secret_type(r->ck, i->type, &f.type);
	f.secret = f.type->kind == TYPE_SECRET;
	return f;
}

static void read_input_default(struct thing_reader *r, const struct ast_item *i, struct model_field *f)
{
	if (!i->value)
		return;
	struct context cx = {.ck = r->ck, .module = r->decl->module};
	f->expr = check_value(&cx, i->value, f->type, WHAT("the default of input `%s`", f->name), i->type ? i->type->span : i->name_span);
	if (!check_too_late(r->ck, f->expr, "a default") && !is_poison(f->expr) && expr_phase(f->expr) == MODEL_RUN)
		diag_here(diag_add(r->ck->diags, DIAG_E0307, f->expr->span, "a default must be known before anything runs"), "known only while it runs");
}

static bool is_step(const struct model_thing *t)
{
	return strcmp(t->role, "step") == 0;
}

/* The path of an output: text over the inputs, glob(...), or a list of texts. */
static void read_output_place(struct thing_reader *r, const struct ast_item *i, struct model_field *f)
{
	if (!is_step(r->t))
		return;
	bool list = f->type->kind == TYPE_LIST || (f->type->kind == TYPE_OPTIONAL && f->type->of->kind == TYPE_LIST);
	if (!is_data(f->type)) {
		diag_help(diag_here(diag_add(r->ck->diags, DIAG_E0302, i->type->span, "an output of a step is a file, a folder, or a list of these"), "this is %s", a_type(r->ck, f->type)),
			"a number or text that a step finds out is a metric: `metric %s: %s`", f->name, show(r->ck, f->type));
		return;
	}
	if (!i->value) {
		if (model_attr(r->t, "command"))
			diag_help(diag_here(diag_add(r->ck->diags, DIAG_E0214, i->name_span, "output `%s` does not say where it is", f->name), "no path"), "write `output %s: %s = \"name\"`", f->name, show(r->ck, f->type));
		return;
	}
	struct scope scope = {.kind = SCOPE_STEP, .step = r->t};
	struct context cx = {.ck = r->ck, .module = r->decl->module, .scope = &scope};
	static const struct type strings = {.kind = TYPE_LIST, .of = &type_string};
	struct expr *e = check_expr(&cx, i->value, list ? NULL : &type_string);
	f->expr = check_fold(&cx, e);
	if (is_poison(e))
		return;
	if (e->op == EXPR_GLOB && list) {
		e->type = f->type;
	} else if (e->op == EXPR_GLOB) {
		diag_help(diag_here(diag_add(r->ck->diags, DIAG_E0301, e->span, "`glob` gives a list, and output `%s` is one", f->name), "any number of paths"), "declare `output %s: list<%s>`", f->name, show(r->ck, f->type));
	} else if (!type_assignable(e->type, list ? &strings : &type_string)) {
		diag_here(diag_add(r->ck->diags, DIAG_E0301, e->span, "the place of output `%s` is %s", f->name, list ? "glob(\"...\") or a list of paths" : "a path in the work folder"), "this is %s", a_type(r->ck, e->type));
	}
}

static void check_output_paths(struct thing_reader *r)
{
	struct model_thing *t = r->t;
	for (uint32_t i = 0; i < t->n_outputs; i++) {
		const struct expr *e = t->outputs[i].expr;
		if (!e || e->op != EXPR_CONST || e->value->kind != VALUE_STRING)
			continue;
		const char *path = e->value->string.text;
		const char *clean = file_join(r->ck->arena, "", path);
		if (path[0] == '/' || strncmp(clean, "..", 2) == 0 || !*path)
			diag_here(diag_add(r->ck->diags, DIAG_E0445, e->span, "an output lies in the step's own work folder"), *path ? "this leaves it" : "an empty path");
		for (uint32_t k = 0; k < i; k++) {
			const struct expr *o = t->outputs[k].expr;
			if (o && o->op == EXPR_CONST && o->value->kind == VALUE_STRING && strcmp(file_join(r->ck->arena, "", o->value->string.text), clean) == 0)
				diag_label(diag_here(diag_add(r->ck->diags, DIAG_E0443, e->span, "two outputs are one file"), "`%s` is written here", t->outputs[i].name), o->span, "and `%s` here", t->outputs[k].name);
		}
	}
}

static void read_members(struct thing_reader *r)
{
	struct model_thing *t = r->t;
	static const char *const words[] = {"input", "output", "metric"};
	struct model_field **const lists[] = {&t->inputs, &t->outputs, &t->metrics};
	for (size_t k = 0; k < 3; k++) {
		uint32_t n = 0;
		for (const struct ast_item *i = r->decl->item->body; i; i = i->next)
			n += i->kind == AST_DECLARATION && strcmp(i->word, words[k]) == 0;
		*lists[k] = arena_new_n(r->ck->arena, struct model_field, n);
	}
	for (int pass = 0; pass < 2; pass++) /* inputs first: places of outputs may use them */
		for (const struct ast_item *i = r->decl->item->body; i; i = i->next) {
			if (i->kind != AST_DECLARATION || !schema_takes(t->schema, i->word))
				continue;
			bool input = strcmp(i->word, "input") == 0;
			if (input != (pass == 0) || taken(r, i))
				continue;
			struct model_field f = read_field(r, i);
			if (input) {
				read_input_default(r, i, &f);
				t->inputs[t->n_inputs++] = f;
			} else if (strcmp(i->word, "output") == 0) {
				read_output_place(r, i, &f);
				t->outputs[t->n_outputs++] = f;
			} else if (strcmp(i->word, "metric") == 0) {
				if (i->value)
					diag_help(diag_here(diag_add(r->ck->diags, DIAG_E0207, i->value->span, "a metric has no value of its own"), "it is read from the metrics file"), "remove it");
				t->metrics[t->n_metrics++] = f;
			}
		}
	check_output_paths(r);
}

/* -- the whole --------------------------------------------------------------------------------------------------------- */

static struct schema *find_schema(struct checker *ck, struct decl *d, const struct format **ret_format)
{
	const struct ast_type *t = d->item->type;
	const char *word = d->word;
	struct decl *s = module_find(ck, ck->prelude, word);
	if (!t) {
		bool needs_kind = strcmp(word, "infra") == 0 || strcmp(word, "service") == 0 || strcmp(word, "source") == 0;
		if (needs_kind) {
			diag_help(diag_here(diag_add(ck->diags, DIAG_E0216, d->span, "%s `%s` does not say what it is", word, d->name), "no kind"),
				"import one and name it: `%s %s: %s { ... }`", word, d->name, *word == 'i' ? "slurm.cluster" : word[1] == 'e' ? "mlflow.server" : "kafka.topic<csv>");
			return NULL;
		}
		return decl_settle(ck, s) ? s->schema : NULL;
	}
	struct decl *kind = t->kind == AST_TYPE_PATH ? module_find_path(ck, d->module, t->name) : NULL;
	if (!kind || kind->kind != DECL_SCHEMA) {
		struct type_context tc = {.ck = ck, .module = d->module};
		const struct type *other = type_resolve(&tc, t); /* reports an unknown one */
		if (other->kind != TYPE_POISON)
			diag_here(diag_add(ck->diags, DIAG_E0216, t->span, "`%s` is not a kind", show(ck, other)), "a %s is of a kind", word);
		return NULL;
	}
	if (!decl_settle(ck, kind))
		return NULL;
	if (strcmp(kind->schema->role, word) != 0) {
		struct diag *g = diag_here(diag_add(ck->diags, DIAG_E0216, t->span, "`%s` is a kind of %s, not of %s", t->name, kind->schema->role, word), "declared as a kind of %s", kind->schema->role);
		diag_fix(diag_help(g, "declare it as `%s %s: %s`", kind->schema->role, d->name, t->name), ast_word_span(d->item), kind->schema->role, "write `%s`", kind->schema->role);
		return NULL;
	}
	if (t->args) {
		struct type_context tc = {.ck = ck, .module = d->module};
		struct ast_type probe = {.kind = AST_TYPE_PATH, .span = t->span, .name = "file", .args = t->args};
		if (!kind->schema->n_parameters)
			diag_here(diag_add(ck->diags, DIAG_E0302, t->args->span, "`%s` takes no format", t->name), "nothing to give here");
		else {
			const struct type *file = type_resolve(&tc, &probe);
			if (file->kind == TYPE_POISON)
				return NULL;
			*ret_format = file->format;
		}
	}
	return kind->schema;
}

struct require_eval { struct thing_reader *r; };

static enum eval_status require_input(void *ctx, uint32_t index, const struct value **ret)
{
	struct thing_reader *r = ctx;
	const struct expr *e = r->t->attrs[index].expr;
	if (!e) {
		*ret = &value_null;
		return r->t->attrs[index].given ? EVAL_UNKNOWN : EVAL_OK;
	}
	return is_poison(e) ? EVAL_UNKNOWN : model_eval(r->ck->model, r->ck->arena, e, ret);
}

static void check_requires(struct thing_reader *r)
{
	for (uint32_t i = 0; i < r->t->schema->n_requires; i++) {
		const struct schema_require *q = &r->t->schema->requires[i];
		struct eval ev = {.arena = r->ck->arena, .ctx = r, .input = require_input};
		const struct value *v;
		if (eval_expr(&ev, q->expr, &v) != EVAL_OK || v->kind != VALUE_BOOL || v->boolean)
			continue;
		struct diag *d = diag_here(diag_add(r->ck->diags, DIAG_E0215, r->t->span, "%s `%s` does not meet `%s`%s%s", r->t->role, r->t->name, q->name, q->doc ? ": " : "", q->doc ? q->doc : ""), "of this kind");
		diag_label(d, q->span, "required of every `%s`", r->t->schema->name);
	}
}

static void read_items(struct thing_reader *r)
{
	struct model_thing *t = r->t;
	const struct schema *s = t->schema;
	struct what what = t->schema->name == t->role ? WHAT("a %s", t->role) : WHAT("a `%s`", s->name);
	struct span span;
	for (const struct ast_item *i = r->decl->item->body; i; i = i->next) {
		const struct schema_block *b = i->kind == AST_BLOCK || i->kind == AST_DECLARATION ? schema_block(s, i->word) : NULL;
		if (i->kind == AST_ATTRIBUTE && has_attr(s->attrs, s->n_attrs, i->name))
			set_attr(r, t->attrs, s->attrs, i);
		else if (b && b->kind != SCHEMA_EVENT && (b->kind == SCHEMA_PART) == (i->kind == AST_DECLARATION))
			read_block(r, b, i);
		else if (!(i->kind == AST_DECLARATION && schema_takes(s, i->word)))
			unknown_item(r, item_name(i, &span), span, s->attrs, s->n_attrs, s, what);
	}
	for (const struct schema_block *b = s->blocks; b; b = b->next)
		if (b->kind == SCHEMA_BLOCK && !b->required && !model_block(t, b->name))
			add_block(r, b, NULL, NULL, t->span);
	report_missing(r->ck, s->attrs, t->attrs, s->n_attrs, t->span, WHAT("%s `%s`", t->role, r->decl->name));
}

static void finish_step(struct thing_reader *r)
{
	struct model_thing *t = r->t;
	struct model_attr *command = model_attr(t, "command"), *metrics = model_attr(t, "metrics");
	if (command && !command->given)
		diag_help(diag_here(diag_add(r->ck->diags, DIAG_E0214, t->span, "step `%s` has no command", r->decl->name), "nothing to run"), "write `command = \"...\"`, or a list of words");
	if (metrics && t->n_metrics && !metrics->given)
		diag_help(diag_here(diag_add(r->ck->diags, DIAG_E0446, t->metrics[0].span, "step `%s` has metrics and does not say where they are read from", r->decl->name), "read from nowhere"),
			"name the file that the command writes: `metrics = \"metrics.json\"`, or one of its outputs");
	interface_read(r->ck, r->decl->module, t);
	struct type_field *fields = arena_new_n(r->ck->arena, struct type_field, t->n_outputs + t->n_metrics + 1);
	uint32_t n = 0;
	for (uint32_t i = 0; i < t->n_outputs; i++)
		fields[n++] = (struct type_field){.name = t->outputs[i].name, .type = t->outputs[i].type, .doc = t->outputs[i].doc};
	for (uint32_t i = 0; i < t->n_metrics; i++)
		fields[n++] = (struct type_field){.name = t->metrics[i].name, .type = t->metrics[i].type, .doc = t->metrics[i].doc};
	t->result = type_record(r->ck->arena, fields, n, arena_printf(r->ck->arena, "result of step `%s`", r->decl->name));
}

struct model_thing *check_thing(struct checker *ck, struct decl *d)
{
	const struct format *format = NULL;
	const struct schema *schema = find_schema(ck, d, &format);
	if (!schema)
		return NULL;
	struct model_thing *t = arena_new(ck->arena, struct model_thing);
	*t = (struct model_thing){.role = schema->role, .name = d->full, .doc = d->item->doc, .span = d->span, .schema = schema, .format = format};
	d->thing = t;
	struct thing_reader r = {.ck = ck, .decl = d, .t = t};
	r.scope = (struct scope){.kind = SCOPE_STEP, .step = t, .outputs = true};
	r.cx = (struct context){.ck = ck, .module = d->module, .scope = &r.scope};
	t->attrs = new_attrs(ck, schema->attrs, schema->n_attrs, t->span);
	uint32_t errors = ck->diags->n_errors;
	read_members(&r);
	read_items(&r);
	if (is_step(t))
		finish_step(&r);
	if (errors == ck->diags->n_errors)
		check_requires(&r);
	if (is_step(t)) {
		t->id = ck->model->steps.len;
		*vec_push(&ck->model->steps) = t;
	} else {
		t->id = ck->model->things.len;
		*vec_push(&ck->model->things) = t;
	}
	return t;
}
