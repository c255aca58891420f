/* Roles and kinds, as stdlib/README.md says they are read. */
#include "compiler/model/check.h"
#include <string.h>

struct schema_reader { struct checker *ck; struct decl *decl; struct schema *schema; VEC(struct schema_attr) attrs; };

static bool has_annotation(const struct ast_item *i, const char *name)
{
	for (const struct ast_annotation *a = i->annotations; a; a = a->next)
		if (strcmp(a->name, name) == 0)
			return true;
	return false;
}

static struct schema_attr read_attr(struct schema_reader *r, const struct ast_item *i)
{
	struct type_context tc = {.ck = r->ck, .module = r->decl->module, .schema = r->schema, .special = true};
	struct schema_attr a = {.name = i->name, .doc = i->doc, .span = i->name_span, .type = type_resolve(&tc, i->type)};
	a.given = has_annotation(i, "given");
	a.phase = has_annotation(i, "static") ? MODEL_STATIC : has_annotation(i, "run") ? MODEL_RUN : MODEL_PLAN;
	if (i->value) {
		struct context cx = {.ck = r->ck, .module = r->decl->module};
		a.fallback = check_value(&cx, i->value, a.type, WHAT("the default of `%s`", i->name), i->type->span);
	}
	a.required = !i->value && !a.given && a.type->kind != TYPE_OPTIONAL;
	return a;
}

static struct schema_block *read_block(struct schema_reader *r, const struct ast_item *i)
{
	static const struct { const char *word; enum schema_block_kind kind; } kinds[] = {{"block", SCHEMA_BLOCK}, {"part", SCHEMA_PART}, {"event", SCHEMA_EVENT}};
	struct schema_block *b = arena_new(r->ck->arena, struct schema_block);
	*b = (struct schema_block){.name = i->name, .doc = i->doc, .span = i->name_span};
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
		if (strcmp(kinds[k].word, i->word) == 0)
			b->kind = kinds[k].kind;
	if (i->type) {
		struct type_context tc = {.ck = r->ck, .module = r->decl->module, .schema = r->schema, .special = true};
		const struct type *t = type_resolve(&tc, i->type);
		b->kind = SCHEMA_MAP;
		b->of = t->kind == TYPE_MAP ? t->of : t;
	}
	VEC(struct schema_attr) attrs = {0};
	for (const struct ast_item *k = i->body; k; k = k->next)
		if (k->kind == AST_FIELD) {
			struct schema_attr a = read_attr(r, k);
			b->required = b->required || a.required;
			*vec_push(&attrs) = a;
		}
	b->n_attrs = attrs.len;
	b->attrs = arena_copy(r->ck->arena, attrs.at, sizeof *attrs.at * attrs.len);
	vec_finish(&attrs);
	return b;
}

static void add_attr(struct schema_reader *r, struct schema_attr a)
{
	for (uint32_t i = 0; i < r->attrs.len; i++)
		if (strcmp(r->attrs.at[i].name, a.name) == 0) {
			r->attrs.at[i] = a; /* a kind may declare its role's attribute anew */
			return;
		}
	*vec_push(&r->attrs) = a;
}

static void add_name(struct checker *ck, const char ***names, uint32_t *n, const char *name)
{
	const char **more = arena_new_n(ck->arena, const char *, *n + 1);
	if (*n)
		memcpy(more, *names, sizeof *more * *n);
	more[(*n)++] = name;
	*names = more;
}

static struct doc *annotation_doc(struct checker *ck, const struct ast_annotation *a)
{
	struct doc *map = doc_map(ck->arena);
	for (const struct ast_expr *e = a->args; e; e = e->next)
		if (e->kind == AST_STRING && e->key && !doc_get(map, e->key))
			doc_set(ck->arena, map, e->key, doc_string(ck->arena, e->string.text));
	return map;
}

static void read_annotations(struct schema_reader *r, const struct ast_item *item)
{
	struct doc *all = doc_map(r->ck->arena);
	for (const struct ast_annotation *a = item->annotations; a; a = a->next) {
		if (strcmp(a->name, "without") == 0) {
			for (const struct ast_expr *e = a->args; e; e = e->next)
				for (uint32_t i = 0; e->kind == AST_STRING && i < r->attrs.len; i++)
					if (strcmp(r->attrs.at[i].name, e->string.text) == 0) {
						memmove(&r->attrs.at[i], &r->attrs.at[i + 1], sizeof *r->attrs.at * (r->attrs.len - i - 1));
						r->attrs.len--;
					}
		} else if (strcmp(a->name, "runs") == 0) {
			for (const struct ast_expr *e = a->args; e; e = e->next)
				if (e->kind == AST_STRING)
					add_name(r->ck, &r->schema->runs, &r->schema->n_runs, intern_str(r->ck->intern, e->string.text));
		} else if (!doc_get(all, a->name)) {
			doc_set(r->ck->arena, all, a->name, annotation_doc(r->ck, a));
		}
	}
	r->schema->annotations = all;
}

static void read_items(struct schema_reader *r, const struct ast_item *item)
{
	struct schema *s = r->schema;
	struct schema_block **last = &s->blocks;
	for (const struct ast_item *i = item->body; i; i = i->next) {
		if (i->kind == AST_FIELD) {
			add_attr(r, read_attr(r, i));
		} else if (i->kind == AST_DECLARATION && strcmp(i->word, "member") == 0) {
			add_name(r->ck, &s->members, &s->n_members, i->name);
		} else if (i->kind == AST_DECLARATION && strcmp(i->word, "require") == 0) {
			s->n_requires++; /* read when the attributes are known */
		} else if (i->kind == AST_DECLARATION && (strcmp(i->word, "block") == 0 || strcmp(i->word, "part") == 0 || strcmp(i->word, "event") == 0)) {
			struct schema_block *b = read_block(r, i);
			b->next = *last; /* before the role's */
			*last = b;
			last = &b->next;
		} else {
			diag_help(diag_here(diag_add(r->ck->diags, DIAG_E0207, i->span, "this cannot stand in a kind"), "unknown here"),
				"a kind has fields `name: type`, `block`, `part`, `event`, `member` and `require`");
		}
	}
}

static void read_requires(struct schema_reader *r, const struct ast_item *item)
{
	struct schema *s = r->schema;
	if (!s->n_requires)
		return;
	s->requires = arena_new_n(r->ck->arena, struct schema_require, s->n_requires);
	s->n_requires = 0;
	struct scope scope = {.kind = SCOPE_SCHEMA, .schema = s};
	struct context cx = {.ck = r->ck, .module = r->decl->module, .scope = &scope};
	for (const struct ast_item *i = item->body; i; i = i->next)
		if (i->kind == AST_DECLARATION && strcmp(i->word, "require") == 0 && i->value) {
			const struct expr *e = check_value(&cx, i->value, &type_bool, WHAT("a requirement"), i->name_span);
			if (!is_poison(e))
				s->requires[s->n_requires++] = (struct schema_require){i->name, i->doc, i->name_span, e};
		}
}

struct schema *schema_read(struct checker *ck, struct decl *d)
{
	struct schema *s = arena_new(ck->arena, struct schema);
	struct schema_reader r = {.ck = ck, .decl = d, .schema = s};
	*s = (struct schema){.name = d->full, .doc = d->item->doc, .span = d->span, .role = d->full};
	for (const struct ast_parameter *p = d->item->parameters; p; p = p->next)
		add_name(ck, &s->parameters, &s->n_parameters, p->name);
	if (strcmp(d->word, "kind") == 0) {
		struct decl *role = d->item->type && d->item->type->kind == AST_TYPE_PATH ? module_find_path(ck, d->module, d->item->type->name) : NULL;
		if (!role || role->kind != DECL_SCHEMA || !decl_settle(ck, role)) {
			diag_help(diag_here(diag_add(ck->diags, DIAG_E0204, d->item->type ? d->item->type->span : d->span, "a kind is of a role or of another kind"), "unknown role"),
				"the roles are infra, service, source, step, model, gate and trigger");
			return NULL;
		}
		const struct schema *base = role->schema;
		s->role = base->role;
		s->blocks = base->blocks;
		s->members = base->members;
		s->n_members = base->n_members;
		s->runs = base->runs;
		s->n_runs = base->n_runs;
		for (uint32_t i = 0; i < base->n_attrs; i++)
			*vec_push(&r.attrs) = base->attrs[i];
	}
	read_items(&r, d->item);
	read_annotations(&r, d->item);
	s->n_attrs = r.attrs.len;
	s->attrs = arena_copy(ck->arena, r.attrs.at, sizeof *r.attrs.at * r.attrs.len);
	vec_finish(&r.attrs);
	read_requires(&r, d->item);
	return s;
}

const struct schema_block *schema_block(const struct schema *s, const char *name)
{
	for (const struct schema_block *b = s->blocks; b; b = b->next)
		if (strcmp(b->name, name) == 0)
			return b;
	return NULL;
}
