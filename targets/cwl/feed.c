/* What feeds an input: a default, a source, a source with an expression, or a step that works it out. */
#include "targets/cwl/cwl.h"
#include <string.h>

void cwl_set_sources(struct cwl_flow *f, struct doc *entry, const char *key, const struct cwl_link *link)
{
	struct arena *a = f->c->arena;
	struct doc *list;

	if (link->n == 1) {
		doc_set(a, entry, key, doc_string(a, link->source[0]));
		return;
	}
	list = doc_list(a);
	for (uint32_t i = 0; i < link->n; i++)
		doc_push(list, doc_string(a, link->source[i]));
	doc_set(a, entry, key, list);
	doc_set(a, entry, "pickValue", doc_string(a, "first_non_null"));
	f->needs->multiple = true;
}

struct doc *cwl_link_doc(struct cwl_flow *f, const struct cwl_link *link)
{
	struct doc *d;

	if (link->n == 1)
		return doc_string(f->c->arena, link->source[0]);
	d = doc_map(f->c->arena);
	cwl_set_sources(f, d, "source", link);
	return d;
}

static struct doc *with_default(struct cwl_flow *f, const struct value *v, const struct type *to)
{
	struct doc *d = doc_map(f->c->arena);

	doc_set(f->c->arena, d, "default", cwl_value(f->c, v, to, cwl_folder(f->c, f->path)));
	return d;
}

static const struct type *number_in(const struct type *t)
{
	while (t->kind == TYPE_OPTIONAL || t->kind == TYPE_LIST || t->kind == TYPE_RANGE || t->kind == TYPE_SECRET)
		t = t->of;
	return t;
}

static bool same_unit(const struct type *a, const struct type *b)
{
	return unit_equal(number_in(a)->unit, number_in(b)->unit) && type_same_units(a, b);
}

/* -- refs of an expression ----------------------------------------------------------------------------------------------- */

struct gathered {
	struct cwl_flow *f;
	VEC(const char *) keys;
	VEC(struct cwl_link) links;
	bool merges, failed; /* merges: may stand together in one `source` */
};

static void gather_ref(const struct cwl_ref *ref, const struct expr *e, void *ctx)
{
	struct gathered *g = ctx;
	const char *key = cwl_ref_key(g->f->c, ref);
	struct cwl_link link;

	for (uint32_t i = 0; i < g->keys.len; i++)
		if (strcmp(g->keys.at[i], key) == 0)
			return;
	if (!cwl_resolve(g->f, ref, e->span, &link)) {
		g->failed = true;
		return;
	}
	*vec_push(&g->keys) = key;
	*vec_push(&g->links) = link;
	g->merges &= link.n == 1 && !link.conditional;
}

static void gathered_finish(struct gathered *g)
{
	vec_finish(&g->keys);
	vec_finish(&g->links);
}

/* "self", or its element among several. */
static const char *self_name(void *ctx, const struct cwl_ref *ref, const struct expr *e)
{
	struct gathered *g = ctx;
	const char *key = cwl_ref_key(g->f->c, ref);

	(void)e;
	for (uint32_t i = 0; i < g->keys.len; i++)
		if (strcmp(g->keys.at[i], key) == 0)
			return g->keys.len == 1 ? "self" : arena_printf(g->f->c->arena, "self[%u]", i);
	return NULL;
}

static struct doc *value_from(struct cwl_flow *f, struct gathered *g, const struct expr *e, const struct type *to)
{
	struct cwl *c = f->c;
	struct cwl_js js = { .c = c, .needs = f->needs, .name = self_name, .ctx = g };
	struct doc *d = doc_map(c->arena), *list = doc_list(c->arena);
	struct buf text = { 0 };

	cwl_js_as(&js, e, to, CWL_ANY, &text);
	if (js.error)
		cwl_refuse(c, "workflow", js.error_span, "%s", js.error);
	for (uint32_t i = 0; i < g->links.len; i++)
		doc_push(list, doc_string(c->arena, g->links.at[i].source[0]));
	if (g->links.len == 1)
		doc_set(c->arena, d, "source", doc_string(c->arena, g->links.at[0].source[0]));
	else if (g->links.len > 1)
		doc_set(c->arena, d, "source", list);
	f->needs->multiple |= g->links.len > 1;
	f->needs->step_js = f->needs->js = true;
	doc_set(c->arena, d, "valueFrom", doc_printf(c->arena, "$(%s)", buf_text(&text)));
	buf_finish(&text);
	return js.error ? NULL : d;
}

/* -- the forms ------------------------------------------------------------------------------------------------------------ */

/* A list of links is a `source` of several. */
struct doc *cwl_feed_merged(struct cwl_flow *f, const struct expr *e, const struct type *to)
{
	struct cwl *c = f->c;
	const struct type *list = cwl_strip(to);
	struct doc *d = doc_map(c->arena), *sources = doc_list(c->arena);
	struct cwl_ref ref;
	struct cwl_link link;

	if (e->op != EXPR_LIST || e->n < 2 || list->kind != TYPE_LIST)
		return NULL;
	for (uint16_t i = 0; i < e->n; i++) {
		if (!cwl_is_ref(c, e->args[i], &ref) || (!ref.field && ref.kind == CWL_SLOT && cwl_is_ported(c, ref.index)))
			return NULL;
		if (!cwl_resolve(f, &ref, e->span, &link) || link.n != 1 || cwl_is_null(link.type))
			return NULL;
		if (!cwl_type_fits(c, link.type, list->of) || !same_unit(link.type, list->of))
			return NULL;
		doc_push(sources, doc_string(c->arena, link.source[0]));
	}
	f->needs->multiple = true;
	doc_set(c->arena, d, "source", sources);
	doc_set(c->arena, d, "linkMerge", doc_string(c->arena, "merge_nested"));
	return d;
}

/* a ?? b of two links: the first that is there. */
static bool first_of_two(struct cwl_flow *f, const struct expr *e, struct cwl_link *ret)
{
	struct cwl_ref refs[2];
	struct cwl_link links[2];

	if (e->op != EXPR_COALESCE || cwl_is_null(e->type))
		return false;
	for (int i = 0; i < 2; i++) {
		if (!cwl_is_ref(f->c, e->args[i], &refs[i]) || (!refs[i].field && cwl_is_ported(f->c, refs[i].index) && refs[i].kind == CWL_SLOT))
			return false;
		if (!cwl_resolve(f, &refs[i], e->span, &links[i]) || links[i].n != 1 || !same_unit(links[i].type, e->type))
			return false;
		if (!links[i].conditional && (i == 0 || cwl_is_null(links[i].type)))
			return false; /* to a checker, a type with null stays one whatever is picked */
	}
	*ret = (struct cwl_link){ .source = { links[0].source[0], links[1].source[0] }, .n = 2, .type = e->type };
	return true;
}

/* The link of what is no expression to CWL. */
static bool plain_link(struct cwl_flow *f, const struct expr *e, struct cwl_link *ret)
{
	struct cwl_ref ref;

	if (first_of_two(f, e, ret))
		return true;
	if (!cwl_is_ref(f->c, e, &ref) || ((ref.kind == CWL_SLOT || ref.kind == CWL_PREVIOUS) && !ref.field && cwl_is_ported(f->c, ref.index)))
		return false;
	return cwl_resolve(f, &ref, e->span, ret);
}

static bool work_out(struct cwl_flow *f, const struct expr *e, const struct type *to, const char *name, struct cwl_link *ret)
{
	struct cwl_expression x;
	struct cwl_js js = { .c = f->c, .needs = f->needs, .name = cwl_expression_ref, .file = cwl_expression_file, .ctx = &x };
	struct buf text = { 0 };
	const char *id;

	cwl_expression_init(&x, f, name, e->span);
	id = cwl_expression_output(&x, "value", to);
	buf_printf(&text, "$({\"%s\": ", id);
	cwl_js_as(&js, e, to, CWL_COND, &text);
	buf_puts(&text, "})");
	if (js.error)
		cwl_refuse(f->c, "workflow", js.error_span, "%s", js.error);
	else if (!x.refused)
		cwl_expression_put(&x, NULL, buf_text(&text));
	*ret = (struct cwl_link){ .source = { arena_printf(f->c->arena, "%s/%s", x.name, id) }, .n = 1, .type = to };
	buf_finish(&text);
	cwl_expression_finish(&x);
	return !js.error && !x.refused;
}

bool cwl_feed_link(struct cwl_flow *f, const struct expr *e, const struct type *to, const char *name, struct cwl_link *ret)
{
	struct cwl_link link;

	if (plain_link(f, e, &link) && cwl_type_fits(f->c, link.type, to) && same_unit(link.type, to)) {
		*ret = link;
		return true;
	}
	return work_out(f, e, to, name, ret);
}

static bool names_file(const struct expr *e)
{
	if (e->op == EXPR_CONST)
		return e->value->kind == VALUE_PATH;
	for (uint16_t i = 0; i < e->n; i++)
		if (e->args[i] && names_file(e->args[i]))
			return true;
	return false;
}

struct doc *cwl_feed(struct cwl_flow *f, const struct expr *e, const struct type *to, const char *name)
{
	struct gathered g = { .f = f };
	const struct value *v = cwl_constant(f->c, e, to, false);
	struct cwl_link link;
	struct doc *d;

	if (v)
		return v->kind == VALUE_NULL ? doc_null(f->c->arena) : with_default(f, v, to);
	if (plain_link(f, e, &link) && cwl_type_fits(f->c, link.type, to) && same_unit(link.type, to))
		return cwl_link_doc(f, &link);
	d = cwl_feed_merged(f, e, to);
	if (d)
		return d;
	g.merges = true;
	cwl_each_ref(f->c, e, gather_ref, &g);
	if (!g.failed && !names_file(e) && (g.merges || (g.links.len == 1 && g.links.at[0].n == 1)))
		d = value_from(f, &g, e, to);
	else if (!g.failed && work_out(f, e, to, name, &link))
		d = cwl_link_doc(f, &link);
	gathered_finish(&g);
	return d;
}

/* -- ExpressionTools -------------------------------------------------------------------------------------------------------- */

void cwl_expression_init(struct cwl_expression *x, struct cwl_flow *f, const char *name, struct span span)
{
	struct arena *a = f->c->arena;

	*x = (struct cwl_expression){ .f = f, .span = span };
	x->name = cwl_name(f->c, &f->names, name);
	x->in = doc_map(a);
	x->inputs = doc_map(a);
	x->outputs = doc_map(a);
	x->out = doc_list(a);
}

void cwl_expression_finish(struct cwl_expression *x)
{
	map_finish(&x->names);
	map_finish(&x->refs);
}

const char *cwl_expression_input(struct cwl_expression *x, const struct cwl_ref *ref, struct span span)
{
	struct cwl *c = x->f->c;
	const char *key = cwl_ref_key(c, ref), *id = map_get(&x->refs, key), *source;
	struct cwl_link link;

	if (id)
		return id;
	if (!cwl_resolve(x->f, ref, span, &link)) {
		x->refused = true;
		return NULL;
	}
	source = arena_printf(c->arena, "=%s %s", link.source[0], link.n > 1 ? link.source[1] : "");
	id = map_get(&x->refs, source); /* read with and without its gates */
	if (id)
		return id;
	id = cwl_name(c, &x->names, cwl_ref_name(c, ref));
	map_set(&x->refs, key, arena_strdup(c->arena, id));
	map_set(&x->refs, source, arena_strdup(c->arena, id));
	doc_set(c->arena, x->inputs, id, cwl_parameter(c, link.type));
	doc_set(c->arena, x->in, id, cwl_link_doc(x->f, &link));
	return id;
}

const char *cwl_expression_ref(void *ctx, const struct cwl_ref *ref, const struct expr *e)
{
	struct cwl_expression *x = ctx;
	const char *id = cwl_expression_input(x, ref, e->span);

	return id ? arena_printf(x->f->c->arena, "inputs.%s", id) : NULL;
}

const char *cwl_expression_file(void *ctx, const struct value *path)
{
	struct cwl_expression *x = ctx;
	struct cwl *c = x->f->c;
	const char *id = cwl_name(c, &x->names, path->is_dir ? "folder" : "file");
	struct doc *entry = doc_map(c->arena);

	doc_set(c->arena, entry, "default", cwl_value(c, path, NULL, cwl_folder(c, x->f->path)));
	doc_set(c->arena, x->in, id, entry);
	doc_set(c->arena, x->inputs, id, doc_string(c->arena, path->is_dir ? "Directory" : "File"));
	return arena_printf(c->arena, "inputs.%s", id);
}

const char *cwl_expression_output(struct cwl_expression *x, const char *wanted, const struct type *type)
{
	struct cwl *c = x->f->c;
	const char *id = cwl_name(c, &x->names, wanted);

	doc_set(c->arena, x->outputs, id, cwl_parameter(c, type));
	doc_push(x->out, doc_string(c->arena, id));
	return id;
}

void cwl_expression_put(struct cwl_expression *x, const char *doc, const char *text)
{
	struct arena *a = x->f->c->arena;
	struct doc *run = doc_map(a), *step = doc_map(a);

	doc_set(a, run, "class", doc_string(a, "ExpressionTool"));
	if (doc)
		doc_set(a, run, "doc", doc_string(a, doc));
	doc_set(a, run, "inputs", x->inputs);
	doc_set(a, run, "outputs", x->outputs);
	doc_set(a, run, "expression", doc_string(a, text));
	doc_set(a, step, "run", run);
	doc_set(a, step, "in", x->in);
	doc_set(a, step, "out", x->out);
	x->f->needs->js = true;
	cwl_add_step(x->f, x->name, step, x->span);
}
