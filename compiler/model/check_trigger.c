/* Triggers: what sets them off, what `event` then is, and the workflow that they run. */
#include "compiler/diag/near.h"
#include "compiler/model/check.h"
#include <stdlib.h>
#include <string.h>

static const struct type *event_record(struct checker *ck, const struct model_thing *source, const struct schema_block *event)
{
	struct type_field *fields = arena_new_n(ck->arena, struct type_field, event->n_attrs + 1);
	for (uint32_t i = 0; i < event->n_attrs; i++)
		fields[i] = (struct type_field){.name = event->attrs[i].name, .type = type_bind(ck->arena, event->attrs[i].type, source->format), .doc = event->attrs[i].doc};
	return type_record(ck->arena, fields, event->n_attrs, arena_printf(ck->arena, "event `%s` of `%s`", event->name, source->name));
}

/* when = scenes.arrival */
static bool source_event(struct context *cx, struct model_thing *t, const struct ast_expr *e)
{
	if (e->kind != AST_MEMBER || e->member.a->kind != AST_NAME)
		return false;
	struct decl *d = module_find(cx->ck, cx->module, e->member.a->string.text);
	if (!decl_is(d, "source"))
		return false;
	if (!decl_settle(cx->ck, d))
		return true;
	d->thing->used = true;
	const struct schema_block *event = schema_block(d->thing->schema, e->member.name);
	if (event && event->kind == SCHEMA_EVENT) {
		t->event_source = d->thing;
		t->event_name = event->name;
		cx->event = event_record(cx->ck, d->thing, event);
		return true;
	}
	struct near near;
	near_init(&near, e->member.name);
	struct buf list = {0};
	for (const struct schema_block *b = d->thing->schema->blocks; b; b = b->next)
		if (b->kind == SCHEMA_EVENT) {
			near_offer(&near, b->name);
			buf_printf(&list, "%s`%s`", list.len ? ", " : "", b->name);
		}
	const char *best = near_best(&near);
	struct diag *g = diag_here(diag_add(cx->ck->diags, DIAG_E0206, ast_member_span(e), "source `%s` has no event `%s`", d->name, e->member.name), "not found");
	diag_label(g, d->span, "declared here");
	if (best)
		diag_suggest(g, ast_member_span(e), best);
	else if (list.len)
		diag_note(g, "its events are %s", buf_text(&list));
	buf_finish(&list);
	return true;
}

/* minute hour day month weekday (POSIX.1-2017, crontab): *, n, a-b, lists and steps. */
static const char *cron_error(struct arena *a, const char *text)
{
	static const struct { const char *name; long low, high; } fields[] = {{"minute", 0, 59}, {"hour", 0, 23}, {"day of the month", 1, 31}, {"month", 1, 12}, {"day of the week", 0, 7}};
	const char *t = text;
	for (size_t i = 0; i < 5; i++) {
		while (*t == ' ')
			t++;
		if (!*t)
			return arena_printf(a, "it has %zu fields; five are wanted: minute, hour, day of the month, month, day of the week", i);
		for (;;) {
			char *end = NULL;
			long low = 0, high = 0;
			if (*t == '*') {
				t++;
			} else {
				low = high = strtol(t, &end, 10);
				if (end == t)
					return arena_printf(a, "its %s is no number", fields[i].name);
				t = end;
				if (*t == '-') {
					high = strtol(t + 1, &end, 10);
					if (end == t + 1)
						return arena_printf(a, "the range of its %s has no end", fields[i].name);
					t = end;
				}
				if (low < fields[i].low || high > fields[i].high || low > high)
					return arena_printf(a, "its %s is not in %ld..%ld", fields[i].name, fields[i].low, fields[i].high);
			}
			if (*t == '/') {
				if (strtol(t + 1, &end, 10) < 1)
					return arena_printf(a, "the step of its %s is no positive number", fields[i].name);
				t = end;
			}
			if (*t != ',')
				break;
			t++;
		}
		if (*t && *t != ' ')
			return arena_printf(a, "its %s goes on with `%c`", fields[i].name, *t);
	}
	while (*t == ' ')
		t++;
	return *t ? "it has more than five fields" : NULL;
}

static bool cron_call(struct context *cx, struct model_thing *t, const struct ast_expr *e)
{
	if (e->kind != AST_CALL || e->call.a->kind != AST_NAME || strcmp(e->call.a->string.text, "cron") != 0)
		return false;
	const struct ast_expr *arg = e->call.args;
	if (!arg || arg->next || arg->kind != AST_STRING) {
		diag_help(diag_here(diag_add(cx->ck->diags, DIAG_E0303, e->span, "`cron` takes one string"), "not one string"), "such as cron(\"0 3 * * *\"): every day at 3 o'clock");
		return true;
	}
	const char *error = cron_error(cx->ck->arena, arg->string.text);
	if (error)
		diag_help(diag_here(diag_add(cx->ck->diags, DIAG_E0305, arg->span, "this is no time table: %s", error), "five fields are wanted"), "such as \"0 3 1 * *\": at 3 o'clock on the first of every month");
	t->cron = arena_strdup(cx->ck->arena, arg->string.text);
	struct type_field *fields = arena_new_n(cx->ck->arena, struct type_field, 1);
	fields[0] = (struct type_field){.name = "time", .type = &type_string};
	cx->event = type_record(cx->ck->arena, fields, 1, "event of `cron`");
	return true;
}

static void check_when(struct context *cx, struct model_thing *t, const struct ast_expr *e)
{
	if (source_event(cx, t, e) || cron_call(cx, t, e))
		return;
	struct model_attr *a = model_attr(t, "when");
	a->expr = check_value(cx, e, &type_bool, WHAT("what a trigger waits for"), (struct span){0});
	check_too_late(cx->ck, a->expr, "what a trigger waits for");
}

static void check_run(struct context *cx, struct model_thing *t, const struct ast_expr *e)
{
	struct checker *ck = cx->ck;
	struct decl *d = module_called(ck, cx->module, e);
	if (!d || d->kind != DECL_WORKFLOW) {
		struct near near;
		near_init(&near, e->kind == AST_CALL && e->call.a->kind == AST_NAME ? e->call.a->string.text : "");
		for (uint32_t i = 0; i < cx->module->names.cap; i++)
			if (cx->module->names.entries[i].key && ((struct decl *)cx->module->names.entries[i].value)->kind == DECL_WORKFLOW)
				near_offer(&near, cx->module->names.entries[i].key);
		const char *best = near_best(&near);
		struct diag *g = diag_here(diag_add(ck->diags, DIAG_E0314, e->span, cx->trigger ? "a trigger runs a workflow" : "`run` takes a call of a workflow"), d ? "this is a %s" : "no workflow", d ? decl_words(d) : "");
		if (best)
			diag_suggest(g, e->call.a->span, best);
		else
			diag_help(g, cx->trigger ? "such as `run = forecast(scene: event.file)`" : "such as `run = main()`");
		return;
	}
	if (!decl_settle(ck, d))
		return;
	t->runs = d->workflow;
	d->workflow->used = true;
	struct span *spans;
	struct callee callee = {"workflow", d->name, d->span, d->workflow->inputs, d->workflow->n_inputs};
	check_arguments(cx, e, &callee, NULL, &t->run_args, &spans);
	for (uint32_t i = 0; i < d->workflow->n_inputs; i++)
		check_too_late(ck, t->run_args[i], cx->trigger ? "what a trigger gives a run" : "what a job is started with");
}

bool check_takes_call(const struct model_thing *t)
{
	for (uint32_t i = 0; i < t->schema->n_attrs; i++) {
		const struct type *type = t->schema->attrs[i].type;
		type = type->kind == TYPE_OPTIONAL ? type->of : type;
		if (type->kind == TYPE_THING && strcmp(type->thing, "call") == 0)
			return true;
	}
	return false;
}

void check_trigger(struct checker *ck, struct model_thing *t, struct decl *d)
{
	struct context cx = {.ck = ck, .module = d->module, .trigger = strcmp(t->role, "trigger") == 0};
	const struct ast_item *when = body_attribute(d->item->body, "when"), *run = body_attribute(d->item->body, "run");
	if (when && cx.trigger)
		check_when(&cx, t, when->value);
	struct scope event = {.kind = SCOPE_EVENT, .type = cx.event};
	if (cx.trigger)
		cx.scope = &event;
	if (run)
		check_run(&cx, t, run->value);
}
