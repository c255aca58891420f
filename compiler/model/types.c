/* Types as written to types as meant. */
#include "compiler/diag/near.h"
#include "compiler/model/check.h"
#include <string.h>

static const struct { const char *name; const struct type *type; } plain[] = {
	{"bool", &type_bool}, {"int", &type_int}, {"float", &type_float}, {"string", &type_string}, {"endpoint", &type_endpoint},
};
/* Shorthands for quantities (docs/language.md, Types). */
static const struct { const char *name, *unit; } measures[] = {{"duration", "s"}, {"size", "B"}, {"rate", "1/s"}, {"throughput", "B/s"}};
static const char *const generic[] = {"file", "dir", "list", "map", "secret", "range", NULL};
/* Types that only a schema may use; stdlib/README.md says what each takes. */
static const char *const specials[] = {"command", "path", "text", "place", "results", "occasion", "call", "weights", NULL};

static bool among(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

struct shared_key { enum type_kind kind; const void *of; };

static const struct type **shared_slot(struct checker *ck, enum type_kind kind, const void *of)
{
	struct shared_key key;
	memset(&key, 0, sizeof key); /* the bytes between are part of it */
	key.kind = kind;
	key.of = of;
	const struct type **slot = map_get_n(&ck->shared, (const char *)&key, sizeof key);
	if (!slot) {
		slot = arena_new(ck->arena, const struct type *);
		map_set_n(&ck->shared, arena_copy(ck->arena, &key, sizeof key), sizeof key, slot);
	}
	return slot;
}

const struct type *shared_number(struct checker *ck, enum type_kind kind, const struct unit *unit)
{
	const struct type **slot = shared_slot(ck, kind, unit);
	return *slot ? *slot : (*slot = type_number(ck->arena, kind, unit));
}

const struct type *shared_path(struct checker *ck, enum type_kind kind, const struct format *format)
{
	const struct type **slot = shared_slot(ck, kind, format);
	return *slot ? *slot : (*slot = type_path(ck->arena, kind, format));
}

const struct format *format_find(struct checker *ck, struct module *m, const char *name)
{
	struct decl *d = module_find_path(ck, m, name);
	if (d && d->kind == DECL_FORMAT)
		return decl_settle(ck, d) ? d->format : NULL;
	return map_get(&ck->formats, name);
}

static void offer_formats(struct checker *ck, struct near *near)
{
	for (uint32_t i = 0; i < ck->formats.cap; i++)
		if (ck->formats.entries[i].key)
			near_offer(near, ck->formats.entries[i].key);
}

static const struct type *unknown_format(struct type_context *tc, const struct ast_type *t)
{
	struct near near;
	near_init(&near, t->name);
	offer_formats(tc->ck, &near);
	const char *best = near_best(&near);
	struct diag *d = diag_here(diag_add(tc->ck->diags, DIAG_E0205, t->span, "there is no format `%s`", t->name), "unknown format");
	if (best)
		diag_suggest(d, t->span, best);
	else
		diag_help(d, "declare it with `format %s { }`, or with its parent: `format %s: csv { }`", t->name, t->name);
	return &type_poison;
}

static const struct type *path_type(struct type_context *tc, const struct ast_type *t, enum type_kind kind)
{
	if (!t->args)
		return shared_path(tc->ck, kind, NULL);
	const struct ast_type *f = t->args;
	if (f->kind != AST_TYPE_PATH || f->args || f->next)
		return diag_help(diag_add(tc->ck->diags, DIAG_E0302, t->span, "`%s` takes one format", t->name), "such as `%s<csv>`", t->name), &type_poison;
	if (tc->schema)
		for (uint32_t i = 0; i < tc->schema->n_parameters; i++)
			if (strcmp(tc->schema->parameters[i], f->name) == 0) {
				struct format *hole = arena_new(tc->ck->arena, struct format); /* replaced by type_bind */
				hole->name = f->name;
				hole->doc = "?";
				return type_path(tc->ck->arena, kind, hole);
			}
	const struct format *format = format_find(tc->ck, tc->module, f->name);
	return format ? shared_path(tc->ck, kind, format) : unknown_format(tc, f);
}

static const struct type *generic_type(struct type_context *tc, const struct ast_type *t)
{
	struct arena *a = tc->ck->arena;
	if (strcmp(t->name, "file") == 0 || strcmp(t->name, "dir") == 0)
		return path_type(tc, t, *t->name == 'f' ? TYPE_FILE : TYPE_DIR);
	if (!t->args || t->args->next || t->args->kind == AST_TYPE_UNIT) {
		if (strcmp(t->name, "secret") == 0 && !t->args)
			return type_with(a, TYPE_SECRET, &type_string);
		diag_here(diag_add(tc->ck->diags, DIAG_E0302, t->span, "`%s` takes one type", t->name), "write `%s<string>`, for example", t->name);
		return &type_poison;
	}
	const struct type *of = type_resolve(tc, t->args);
	if (of->kind == TYPE_POISON)
		return of;
	switch (*t->name) {
	case 'l': return type_list(a, of);
	case 'm': return type_map(a, of);
	case 's': return type_with(a, TYPE_SECRET, of);
	}
	return type_with(a, TYPE_RANGE, of);
}

static const struct type *unknown_type(struct type_context *tc, const struct ast_type *t)
{
	struct near near;
	near_init(&near, t->name);
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		near_offer(&near, plain[i].name);
	for (size_t i = 0; i < sizeof measures / sizeof *measures; i++)
		near_offer(&near, measures[i].name);
	for (size_t i = 0; generic[i]; i++)
		near_offer(&near, generic[i]);
	const char *dot = strchr(t->name, '.');
	struct decl *import = dot ? module_find(tc->ck, tc->module, arena_strndup(tc->ck->arena, t->name, (size_t)(dot - t->name))) : NULL;
	if (import && import->kind == DECL_IMPORT) {
		if (import->failed || !import->import)
			return &type_poison; /* the import is what is wrong */
		for (uint32_t i = 0; i < import->import->names.cap; i++)
			if (import->import->names.entries[i].key) {
				struct decl *d = import->import->names.entries[i].value;
				if (d->kind == DECL_SCHEMA)
					near_offer(&near, arena_printf(tc->ck->arena, "%.*s.%s", (int)(dot - t->name), t->name, d->name));
			}
	}
	const char *best = near_best(&near);
	struct diag *d = diag_here(diag_add(tc->ck->diags, DIAG_E0204, t->span, "there is no type `%s`", t->name), "unknown type");
	if (best)
		diag_suggest(d, t->span, best);
	else if (format_find(tc->ck, tc->module, t->name))
		diag_fix(diag_help(d, "a format stands inside a file or folder: `file<%s>`", t->name), t->span, arena_printf(tc->ck->arena, "file<%s>", t->name), "write `file<%s>`", t->name);
	else if (dot && !import)
		diag_help(d, "`%.*s` is not imported here; add `import std.%.*s`", (int)(dot - t->name), t->name, (int)(dot - t->name), t->name);
	return &type_poison;
}

static const struct type *named_type(struct type_context *tc, const struct ast_type *t)
{
	struct arena *a = tc->ck->arena;
	bool number = strcmp(t->name, "int") == 0 || strcmp(t->name, "float") == 0;
	if (number && t->args) {
		if (t->args->kind != AST_TYPE_UNIT || !t->args->unit)
			return &type_poison;
		return shared_number(tc->ck, *t->name == 'i' ? TYPE_INT : TYPE_FLOAT, t->args->unit);
	}
	if (among(generic, t->name))
		return generic_type(tc, t);
	if (!t->args) {
		for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
			if (strcmp(plain[i].name, t->name) == 0)
				return plain[i].type;
		for (size_t i = 0; i < sizeof measures / sizeof *measures; i++)
			if (strcmp(measures[i].name, t->name) == 0) {
				const struct unit *u = NULL;
				size_t at, len;
				unit_parse(a, measures[i].unit, strlen(measures[i].unit), &u, &at, &len);
				return type_number(a, TYPE_FLOAT, u);
			}
	}
	struct decl *d = module_find_path(tc->ck, tc->module, t->name);
	bool special = tc->special && among(specials, t->name);
	if (!special && (!d || d->kind != DECL_SCHEMA))
		return unknown_type(tc, t);
	struct type *thing = arena_new(a, struct type);
	thing->kind = TYPE_THING;
	thing->thing = special ? t->name : d->full;
	return thing;
}

static bool bound_value(struct type_context *tc, const struct ast_expr *e, const struct type *t, double *ret)
{
	const struct type plain_type = {.kind = t->kind, .unit = t->unit};
	struct context cx = {.ck = tc->ck, .module = tc->module};
	const struct expr *x = check_value(&cx, e, &plain_type, WHAT("a bound of the range"), (struct span){0});
	if (is_poison(x))
		return false;
	const struct value *v;
	if (model_eval(tc->ck->model, tc->ck->arena, x, &v) != EVAL_OK || !value_is_number(v)) {
		diag_here(diag_add(tc->ck->diags, DIAG_E0306, e->span, "a range's bound must be known while compiling"), "this is not");
		return false;
	}
	return value_number_in(v, t->unit, ret);
}

static const struct type *with_constraint(struct type_context *tc, const struct ast_type *t, const struct type *base)
{
	if (base->kind == TYPE_POISON)
		return base;
	struct type *with = arena_copy(tc->ck->arena, base, sizeof *base);
	if (t->low) {
		if (base->kind != TYPE_INT && base->kind != TYPE_FLOAT) {
			diag_here(diag_add(tc->ck->diags, DIAG_E0302, t->span, "only numbers have a range"), "this is %s", a_type(tc->ck, base));
			return &type_poison;
		}
		with->has_low = bound_value(tc, t->low, base, &with->low);
		with->has_high = bound_value(tc, t->high, base, &with->high);
		if (with->has_low && with->has_high && with->low > with->high) {
			diag_here(diag_add(tc->ck->diags, DIAG_E0306, span_join(t->low->span, t->high->span), "no value lies in this range"), "its low end is above its high end");
			return &type_poison;
		}
	}
	if (t->matching) {
		if (base->kind != TYPE_STRING || t->matching->kind != AST_STRING) {
			diag_here(diag_add(tc->ck->diags, DIAG_E0302, t->span, "`matching` goes with a string and a pattern"), "this is %s", a_type(tc->ck, base));
			return &type_poison;
		}
		with->pattern = arena_strdup(tc->ck->arena, t->matching->string.text);
	}
	return with;
}

static const struct type *enum_type(struct type_context *tc, const struct ast_type *t)
{
	struct type *e = arena_new(tc->ck->arena, struct type);
	e->kind = TYPE_ENUM;
	for (const struct ast_expr *m = t->members; m; m = m->next)
		e->n++;
	e->members = arena_new_n(tc->ck->arena, const char *, e->n);
	uint32_t i = 0;
	for (const struct ast_expr *m = t->members; m; m = m->next) {
		if (m->kind != AST_STRING)
			return diag_add(tc->ck->diags, DIAG_E0302, m->span, "a member of an enumeration is a plain string"), &type_poison;
		e->members[i++] = intern_str(tc->ck->intern, m->string.text);
	}
	return e;
}

static const struct type *record_type(struct type_context *tc, const struct ast_type *t)
{
	uint32_t n = 0;
	for (const struct ast_item *i = t->fields; i; i = i->next)
		n++;
	struct type_field *fields = arena_new_n(tc->ck->arena, struct type_field, n + 1);
	n = 0;
	for (const struct ast_item *i = t->fields; i; i = i->next) {
		const struct type *of = type_resolve(tc, i->type);
		if (of->kind == TYPE_POISON)
			return of;
		fields[n++] = (struct type_field){.name = i->name, .type = of, .doc = i->doc, .has_default = i->value || of->kind == TYPE_OPTIONAL};
	}
	return type_record(tc->ck->arena, fields, n, NULL);
}

const struct type *type_resolve(struct type_context *tc, const struct ast_type *t)
{
	const struct type *base = &type_poison;
	switch ((enum ast_type_kind)t->kind) {
	case AST_TYPE_PATH: base = named_type(tc, t); break;
	case AST_TYPE_ENUM: base = enum_type(tc, t); break;
	case AST_TYPE_RECORD: base = record_type(tc, t); break;
	case AST_TYPE_UNIT:
		diag_here(diag_add(tc->ck->diags, DIAG_E0302, t->span, "a unit is no type"), "write `float<%s>`", t->unit ? t->unit->name : "s");
		break;
	}
	if (t->low || t->matching)
		base = with_constraint(tc, t, base);
	return t->optional && base->kind != TYPE_POISON ? type_optional(tc->ck->arena, base) : base;
}

void check_secret_type(struct checker *ck, const struct ast_type *t, const struct type **type)
{
	if (!t || (*type)->kind != TYPE_OPTIONAL || (*type)->of->kind != TYPE_SECRET)
		return;
	diag_help(diag_here(diag_add(ck->diags, DIAG_E0473, t->span, "a secret is not optional"), "it has to be bound"), "take the `?` away");
	*type = (*type)->of;
}

/* Most types hold no parameter: these stay the one that they are. */
static bool has_parameter(const struct type *t)
{
	switch (t->kind) {
	case TYPE_FILE: case TYPE_DIR: return t->format && t->format->doc && strcmp(t->format->doc, "?") == 0;
	case TYPE_LIST: case TYPE_MAP: case TYPE_OPTIONAL: case TYPE_SECRET: case TYPE_RANGE: return has_parameter(t->of);
	case TYPE_RECORD:
		for (uint32_t i = 0; i < t->n; i++)
			if (has_parameter(t->fields[i].type))
				return true;
		return false;
	case TYPE_POISON: case TYPE_ANY: case TYPE_NULL: case TYPE_BOOL: case TYPE_INT: case TYPE_FLOAT: case TYPE_STRING: case TYPE_ENUM:
	case TYPE_ENDPOINT: case TYPE_THING:
		break;
	}
	return false;
}

const struct type *type_bind(struct arena *a, const struct type *t, const struct format *format)
{
	if (!has_parameter(t))
		return t;
	switch (t->kind) {
	case TYPE_FILE: case TYPE_DIR: return type_path(a, t->kind, format);
	case TYPE_LIST: return type_list(a, type_bind(a, t->of, format));
	case TYPE_MAP: return type_map(a, type_bind(a, t->of, format));
	case TYPE_OPTIONAL: return type_optional(a, type_bind(a, t->of, format));
	case TYPE_SECRET: case TYPE_RANGE: return type_with(a, t->kind, type_bind(a, t->of, format));
	case TYPE_RECORD: {
		struct type_field *fields = arena_copy(a, t->fields, sizeof *fields * t->n);
		for (uint32_t i = 0; i < t->n; i++)
			fields[i].type = type_bind(a, fields[i].type, format);
		return type_record(a, fields, t->n, t->thing);
	}
	case TYPE_POISON: case TYPE_ANY: case TYPE_NULL: case TYPE_BOOL: case TYPE_INT: case TYPE_FLOAT: case TYPE_STRING: case TYPE_ENUM:
	case TYPE_ENDPOINT: case TYPE_THING:
		break;
	}
	return t;
}

static const struct type *bare(const struct type *t)
{
	return t->kind == TYPE_OPTIONAL ? t->of : t;
}

const struct type *type_join(struct arena *a, const struct type *x, const struct type *y)
{
	if (x->kind == TYPE_POISON || y->kind == TYPE_ANY)
		return x;
	if (y->kind == TYPE_POISON || x->kind == TYPE_ANY)
		return y;
	if (x->kind == TYPE_NULL || y->kind == TYPE_NULL)
		return x->kind == y->kind ? x : type_optional(a, bare(x->kind == TYPE_NULL ? y : x));
	bool absent = x->kind == TYPE_OPTIONAL || y->kind == TYPE_OPTIONAL;
	x = bare(x);
	y = bare(y);
	const struct type *both = NULL;
	if (type_equal(x, y) || type_assignable(y, x))
		both = x;
	else if (type_assignable(x, y))
		both = y;
	else if (x->kind == TYPE_ENUM && y->kind == TYPE_ENUM)
		both = &type_string;
	else if (x->kind == TYPE_LIST && y->kind == TYPE_LIST) {
		const struct type *of = type_join(a, x->of, y->of);
		both = of ? type_list(a, of) : NULL;
	} else if (x->kind == y->kind && (x->kind == TYPE_FILE || x->kind == TYPE_DIR)) {
		both = type_path(a, x->kind, NULL);
	}
	return both && absent ? type_optional(a, both) : both;
}
