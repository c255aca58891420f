/* What infrastructure and services give once they are there: `front.address`, `registry.endpoint`. An address of what a manager makes is a
 * param that the manager binds; where a service answers is put together from where it stands and its port. */
#include "compiler/model/check.h"
#include <string.h>

static struct expr *text_const(struct checker *ck, struct span span, const char *text)
{
	return make_const(ck, span, value_string(ck->arena, text), &type_string);
}

/* An attribute's value, or NULL where it is not given or null. */
static const struct expr *value_of(const struct model_thing *t, const char *name)
{
	const struct model_attr *a = model_attr(t, name);
	bool absent = !a || !a->given || !a->expr || (a->expr->op == EXPR_CONST && a->expr->value->kind == VALUE_NULL);
	return absent ? NULL : a->expr;
}

static struct diag *nobody(struct context *cx, struct span span, const struct model_thing *t, const char *name)
{
	struct diag *d = diag_add(cx->ck->diags, DIAG_E0218, span, "nobody gives the `%s` of %s `%s`", name, t->role, t->name);
	return diag_here(d, "read here");
}

static struct expr *param_of(struct context *cx, struct span span, struct model_thing *t, struct model_attr *a)
{
	struct checker *ck = cx->ck;
	if (!a->param) {
		a->param = arena_new(ck->arena, struct model_param);
		*a->param = (struct model_param){.name = arena_printf(ck->arena, "%s.%s", t->name, a->schema->name), .doc = a->schema->doc, .span = t->span, .type = a->schema->type,
			.used = true, .id = ck->model->params.len, .maker = t};
		*vec_push(&ck->model->params) = a->param;
	}
	struct expr *e = expr_new(ck->arena, EXPR_PARAM, span, a->param->type, 0);
	e->index = a->param->id;
	e->name = a->param->name;
	e->late = true;
	return e;
}

/* service: that stands on it, where one is asked; or NULL. */
static struct expr *infra_gives(struct context *cx, struct span span, struct model_thing *t, struct model_attr *a, const struct model_thing *service)
{
	if (value_of(t, "manager"))
		return param_of(cx, span, t, a);
	struct diag *d = nobody(cx, span, t, a->schema->name);
	if (service)
		diag_label(d, service->span, "it stands on `%s`", t->name);
	diag_label(d, t->span, service ? "which names no `manager`" : "it names no `manager`");
	diag_help(d, "name who makes it: `manager = ...`; of machines that are there already, make a `param` of it, or declare them as `ssh.host` with their `address`");
	return make_poison(cx->ck, span);
}

static struct model_thing *place_of(struct checker *ck, const struct model_thing *t)
{
	const struct expr *on = value_of(t, "on");
	struct model_place place;
	if (!on || on->op != EXPR_CONST || !model_place(ck->model, on->value->string.text, &place))
		return NULL;
	return ck->model->things.at[place.thing->id];
}

/* "host:port" without its port. */
static struct expr *host_of(struct checker *ck, struct span span, const struct expr *address)
{
	struct expr *parts = expr_new(ck->arena, EXPR_CALL, span, type_list(ck->arena, &type_string), 2), *first = expr_new(ck->arena, EXPR_INDEX, span, &type_string, 2);
	parts->name = "split";
	parts->args[0] = address;
	parts->args[1] = text_const(ck, span, ":");
	first->args[0] = parts;
	first->args[1] = make_const(ck, span, value_int(ck->arena, 0, NULL), &type_int);
	return first;
}

static const char *scheme_of(const struct model_thing *t)
{
	return doc_text(doc_get(doc_get(t->schema->annotations, "serves"), "scheme"), NULL);
}

static struct expr *endpoint_at(struct context *cx, struct span span, const struct model_thing *t, const struct expr *host)
{
	struct checker *ck = cx->ck;
	struct model_attr *port = model_attr(t, "port");
	const char *scheme = scheme_of(t);
	struct expr *e = expr_new(ck->arena, EXPR_TEXT, span, &type_endpoint, port && port->expr ? 4 : 2);
	e->args[0] = text_const(ck, span, scheme ? arena_printf(ck->arena, "%s://", scheme) : "");
	e->args[1] = host;
	if (e->n == 4) {
		e->args[2] = text_const(ck, span, ":");
		e->args[3] = port->expr;
	}
	return (struct expr *)(uintptr_t)check_fold(cx, e);
}

/* By what the place is: it has an address; or a namespace, in which a service has a name. */
static struct expr *service_gives(struct context *cx, struct span span, struct model_thing *t, struct model_attr *a)
{
	struct checker *ck = cx->ck;
	const struct expr *url = value_of(t, "url");
	struct model_thing *place = place_of(ck, t);
	struct model_attr *address = place ? model_attr(place, "address") : NULL;
	if (url) {
		struct expr *e = arena_copy(ck->arena, url, sizeof *url);
		e->span = span;
		if (e->op == EXPR_CONST) /* it is there */
			e->type = a->schema->type;
		return e;
	}
	if (address && address->schema->given) {
		struct expr *host = infra_gives(cx, span, place, address, t);
		return is_poison(host) ? host : endpoint_at(cx, span, t, host);
	}
	if (address && address->expr)
		return is_poison(address->expr) ? make_poison(ck, span) : endpoint_at(cx, span, t, host_of(ck, span, address->expr));
	if (place && model_attr(place, "namespace"))
		return param_of(cx, span, t, a);
	struct diag *d = nobody(cx, span, t, a->schema->name);
	diag_label(d, t->span, place ? "it stands on a `%s`, which has no address" : "it says neither where it stands nor where it is", place ? place->schema->name : "");
	diag_help(d, model_attr(t, "url") ? "say on which machines it stands: `on = ...`; or, where it is there already, its `url`" : "say on which machines it stands: `on = ...`");
	return make_poison(ck, span);
}

struct expr *check_given(struct context *cx, struct span span, struct model_thing *t, struct model_attr *a)
{
	return strcmp(t->role, "service") == 0 ? service_gives(cx, span, t, a) : infra_gives(cx, span, t, a, NULL);
}

static const struct expr *find_late(const struct expr *e)
{
	const struct expr *found = e->op == EXPR_PARAM && e->late ? e : NULL;
	for (uint32_t i = 0; i < e->n && !found; i++)
		found = e->args[i] ? find_late(e->args[i]) : NULL;
	return found;
}

bool check_too_late(struct checker *ck, const struct expr *e, const char *what)
{
	const struct expr *late = e && !is_poison(e) ? find_late(e) : NULL;
	if (!late)
		return false;
	struct diag *d = diag_here(diag_add(ck->diags, DIAG_E0307, late->span, "%s must be known when the twin is planned", what), "this is known only when `%s` is ready", ck->model->params.at[late->index]->maker->name);
	diag_label(d, ck->model->params.at[late->index]->span, "declared here");
	diag_help(d, "read `%s` inside of the workflow: `apply` knows it when a run begins", late->name);
	return true;
}
