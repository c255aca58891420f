/* What `on` names: an infrastructure or one of its parts, here or in an imported file. */
#include "compiler/diag/near.h"
#include "compiler/model/check.h"
#include <string.h>

enum { MAX_SEGMENTS = 3 }; /* module.infra.part */
struct segments { const char *names[MAX_SEGMENTS]; struct span spans[MAX_SEGMENTS]; uint32_t n; };

/* The names of `a.b.c`, in order; false where the expression is something else. */
static bool read_segments(const struct ast_expr *e, struct segments *ret)
{
	if (e->kind == AST_NAME) {
		ret->names[0] = e->string.text;
		ret->spans[0] = e->span;
		ret->n = 1;
		return true;
	}
	if (e->kind != AST_MEMBER || !read_segments(e->member.a, ret) || ret->n == MAX_SEGMENTS)
		return false;
	ret->names[ret->n] = e->member.name;
	ret->spans[ret->n++] = ast_member_span(e);
	return true;
}

static void unknown_place(struct context *cx, const struct segments *s)
{
	struct near near;
	near_init(&near, s->names[0]);
	for (uint32_t i = 0; i < cx->module->names.cap; i++) {
		struct decl *o = cx->module->names.entries[i].value;
		if (cx->module->names.entries[i].key && decl_is(o, "infra"))
			near_offer(&near, o->name);
	}
	const char *best = near_best(&near);
	struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0202, s->spans[0], "there is no place `%s`", s->names[0]), "not found");
	if (best)
		diag_suggest(d, s->spans[0], best);
}

static void unknown_part(struct context *cx, const struct decl *infra, const char *name, struct span span)
{
	struct near near;
	struct buf list = {0};
	near_init(&near, name);
	for (struct model_block *b = infra->thing->blocks; b; b = b->next)
		if (b->name) {
			near_offer(&near, b->name);
			buf_printf(&list, "%s`%s`", list.len ? ", " : "", b->name);
		}
	const char *best = near_best(&near);
	struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0206, span, "%s `%s` has no part `%s`", infra->thing->role, infra->name, name), "not found");
	diag_label(d, infra->span, "declared here");
	if (list.len)
		diag_note(d, "its parts are %s", buf_text(&list));
	if (best)
		diag_suggest(d, span, best);
	buf_finish(&list);
}

const struct expr *check_place(struct context *cx, const struct ast_expr *e)
{
	struct checker *ck = cx->ck;
	struct segments s = {0};
	bool dotted = read_segments(e, &s);
	struct decl *d = dotted ? module_find(ck, cx->module, s.names[0]) : NULL;
	uint32_t at = 1;
	if (dotted && !d)
		return unknown_place(cx, &s), NULL;
	if (d && d->kind == DECL_IMPORT) {
		if (d->failed || !d->import)
			return NULL; /* reported at the import */
		d->used = true;
		d = s.n > 1 ? map_get(&d->import->names, s.names[at++]) : NULL;
	}
	if (!d || d->kind != DECL_THING || s.n > at + 1) {
		diag_help(diag_here(diag_add(ck->diags, DIAG_E0481, e->span, "this is no place that something can run on"), "not an infrastructure"), "name an `infra`, or one of its parts: `hpc.gpu`");
		return NULL;
	}
	if (!decl_settle(ck, d))
		return NULL;
	d->thing->used = true;
	if (s.n == at)
		return make_const(ck, e->span, value_string(ck->arena, d->full), &type_string);
	for (struct model_block *b = d->thing->blocks; b; b = b->next)
		if (b->name && strcmp(b->name, s.names[at]) == 0)
			return make_const(ck, e->span, value_string(ck->arena, arena_printf(ck->arena, "%s.%s", d->full, b->name)), &type_string);
	unknown_part(cx, d, s.names[at], s.spans[at]);
	return NULL;
}
