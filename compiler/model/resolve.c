/* Modules and declarations: reads imports, declares names, settles each declaration when it is first asked for. */
#include "compiler/base/file.h"
#include "compiler/diag/near.h"
#include "compiler/model/check.h"
#include "stdlib/stdlib.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { MAX_MODULES = 1000 };

static const struct { const char *word; enum decl_kind kind; } words[] = {
	{"param", DECL_PARAM}, {"secret", DECL_PARAM}, {"scenario", DECL_SCENARIO}, {"infra", DECL_THING}, {"service", DECL_THING},
	{"source", DECL_THING}, {"step", DECL_THING}, {"model", DECL_THING}, {"trigger", DECL_THING}, {"workflow", DECL_WORKFLOW},
	{"format", DECL_FORMAT}, {"kind", DECL_SCHEMA}, {"role", DECL_SCHEMA},
};

const char *decl_words(const struct decl *d)
{
	switch (d->kind) {
	case DECL_IMPORT: return "import";
	case DECL_FUNCTION: return "function";
	case DECL_PARAM: case DECL_SCENARIO: case DECL_THING: case DECL_WORKFLOW: case DECL_FORMAT: case DECL_SCHEMA:
		return d->word;
	}
	return "";
}

struct decl *module_find(struct checker *ck, struct module *m, const char *name)
{
	struct decl *d = map_get(&m->names, name);
	if (!d && ck->prelude && m != ck->prelude)
		d = map_get(&ck->prelude->names, name);
	return d;
}

struct decl *module_find_path(struct checker *ck, struct module *m, const char *path)
{
	const char *dot = strchr(path, '.');
	if (!dot)
		return module_find(ck, m, path);
	struct decl *d = map_get_n(&m->names, path, (size_t)(dot - path));
	if (!d || d->kind != DECL_IMPORT || !d->import)
		return NULL;
	d->used = true;
	return map_get(&d->import->names, dot + 1);
}

struct decl *module_called(struct checker *ck, struct module *m, const struct ast_expr *call)
{
	const struct ast_expr *callee = call->kind == AST_CALL ? call->call.a : NULL;
	if (callee && callee->kind == AST_NAME)
		return module_find(ck, m, callee->string.text);
	if (!callee || callee->kind != AST_MEMBER || callee->member.a->kind != AST_NAME)
		return NULL;
	struct decl *import = module_find(ck, m, callee->member.a->string.text);
	if (!import || import->kind != DECL_IMPORT || !import->import)
		return NULL;
	import->used = true;
	return map_get(&import->import->names, callee->member.name);
}

bool decl_is(const struct decl *d, const char *word)
{
	return d && d->kind == DECL_THING && strcmp(d->word, word) == 0;
}

/* -- reading ------------------------------------------------------------------------------------------------------- */

static struct module *module_known(struct checker *ck, const char *path)
{
	for (struct module *m = ck->modules; m; m = m->next)
		if (strcmp(m->path, path) == 0)
			return m;
	return NULL;
}

static struct module *module_new(struct checker *ck, const char *path, const char *prefix, struct ast_file *ast)
{
	struct module *m = arena_new(ck->arena, struct module);
	m->path = path;
	m->folder = file_dirname(ck->arena, path);
	char cwd[4096];
	m->root = file_join(ck->arena, getcwd(cwd, sizeof cwd) ? cwd : "/", m->folder);
	m->prefix = prefix;
	m->ast = ast;
	m->next = ck->modules;
	ck->modules = m;
	return m;
}

static const struct stdlib_file *stdlib_find(const char *name)
{
	for (const struct stdlib_file *f = stdlib_files; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

static void import_unknown(struct checker *ck, const struct ast_item *item, const char *path)
{
	struct near near;
	near_init(&near, path);
	for (const struct stdlib_file *f = stdlib_files; f->name; f++) {
		size_t n = strlen(f->name) - strlen("std/.twin");
		if (strcmp(f->name, "std/prelude.twin") != 0)
			near_offer(&near, arena_printf(ck->arena, "std.%.*s", (int)n, f->name + 4));
	}
	const char *best = near_best(&near);
	struct diag *d = diag_here(diag_add(ck->diags, DIAG_E0208, item->value->span, "there is no module `%s`", path), "not in the standard library");
	if (best)
		diag_suggest(d, item->value->span, best);
	else
		diag_help(d, "a file of your own is imported by its path: `import \"lib/x.twin\" as x`");
}

static void import_ring(struct checker *ck, const struct module *from, const struct module *to, const struct ast_item *item)
{
	struct diag *d = diag_here(diag_add(ck->diags, DIAG_E0209, item->value->span, "these imports go round in a ring"), "imports %s again", to->path);
	for (const struct module *m = from; m && m != to; m = m->importer)
		if (m->importer)
			diag_label(d, m->import_span, "imports %s", m->path);
	diag_help(d, "move what both need into a third file");
}

static struct module *module_read(struct checker *ck, struct module *from, const struct ast_item *item, const char *path, const char *prefix, bool standard)
{
	const char *text;
	size_t len;
	if (standard) {
		const struct stdlib_file *f = stdlib_find(path);
		text = f->text;
		len = f->len;
	} else {
		char *read;
		int error = file_read(ck->arena, path, AST_MAX_BYTES, &read, &len);
		if (error) {
			diag_here(diag_add(ck->diags, DIAG_E0208, item->value->span, "cannot read the imported file %s", path), "%s",
				error == EINVAL ? "it is not a regular file" : error == EFBIG ? "it is larger than 256 MiB" : strerror(error));
			return NULL;
		}
		text = read;
	}
	struct ast_file *ast = ast_parse(ck->arena, ck->intern, ck->diags, sources_add(ck->sources, path, text, len), false);
	struct module *m = module_new(ck, path, prefix, ast);
	m->standard = standard;
	m->importer = from;
	if (item)
		m->import_span = item->value->span;
	m->reading = true;
	module_declare(ck, m);
	m->reading = false;
	return m;
}

struct module *module_import(struct checker *ck, struct module *from, const struct ast_item *item)
{
	uint32_t n = 0;
	for (struct module *m = ck->modules; m; m = m->next)
		n++;
	if (n >= MAX_MODULES) {
		diag_add(ck->diags, DIAG_E0208, item->value->span, "more than %d files are imported", MAX_MODULES);
		return NULL;
	}
	const char *written = item->value->string.text, *path, *prefix;
	bool standard = item->value->kind == AST_NAME;
	if (standard) {
		path = arena_printf(ck->arena, "std/%s.twin", strncmp(written, "std.", 4) == 0 ? written + 4 : written);
		if (strncmp(written, "std.", 4) != 0 || !stdlib_find(path) || strcmp(path, "std/prelude.twin") == 0)
			return import_unknown(ck, item, written), NULL;
		prefix = arena_printf(ck->arena, "%s.", written + 4);
	} else {
		if (strlen(written) != item->value->string.len || item->value->kind != AST_STRING)
			return diag_add(ck->diags, DIAG_E0208, item->value->span, "an import's path is a plain string"), NULL;
		path = file_join(ck->arena, from->folder, written);
		prefix = arena_printf(ck->arena, "%s%s.", from->prefix, item->name ? item->name : "");
	}
	struct module *known = module_known(ck, path);
	if (known && known->reading)
		return import_ring(ck, from, known, item), NULL;
	return known ? known : module_read(ck, from, item, path, prefix, standard);
}

/* -- declaring ------------------------------------------------------------------------------------------------------ */

static const char *import_name(struct checker *ck, const struct ast_item *item)
{
	if (item->name)
		return item->name;
	const char *path = item->value->string.text;
	if (item->value->kind == AST_NAME) {
		const char *dot = strrchr(path, '.');
		return dot ? intern_str(ck->intern, dot + 1) : path;
	}
	const char *base = file_basename(ck->arena, path), *dot = strrchr(base, '.');
	return intern_n(ck->intern, base, dot ? (size_t)(dot - base) : strlen(base));
}

static void declare(struct checker *ck, struct module *m, enum decl_kind kind, const char *name, const struct ast_item *item)
{
	struct map *names = kind == DECL_FUNCTION ? &m->functions : &m->names;
	struct map_entry *e = map_entry_n(names, name, strlen(name));
	const struct decl *old = e->value;
	if (old) {
		struct diag *d = diag_here(diag_add(ck->diags, DIAG_E0203, item->name_span, "`%s` is declared twice", name), "declared again here");
		diag_label(d, old->span, "first declared here");
		return;
	}
	struct decl *d = arena_new(ck->arena, struct decl);
	*d = (struct decl){.kind = kind, .word = item->word, .name = name, .span = item->name_span, .item = item, .module = m};
	d->full = *m->prefix ? intern_str(ck->intern, arena_printf(ck->arena, "%s%s", m->prefix, name)) : name;
	e->value = d;
	*vec_push(&m->decls) = d;
}

static void unknown_word(struct checker *ck, const struct ast_item *item)
{
	struct near near;
	near_init(&near, item->word);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].word, "role") != 0)
			near_offer(&near, words[i].word);
	near_offer(&near, "twin");
	const char *best = near_best(&near);
	struct diag *d = diag_here(diag_add(ck->diags, DIAG_E0201, ast_word_span(item), "there is no declaration `%s`", item->word), "unknown declaration");
	if (best)
		diag_suggest(d, ast_word_span(item), best);
	else if (strcmp(item->word, "gate") == 0)
		diag_help(d, "a gate stands in a workflow, beside the calls that it guards");
	else
		diag_help(d, "at the top of a file stand param, secret, scenario, infra, service, source, step, model, workflow, trigger, format and kind");
}

static void read_twin(struct checker *ck, struct module *m, const struct ast_item *item)
{
	if (m != ck->main && ck->main)
		return;
	struct model *model = ck->model;
	if (model->twin) {
		diag_label(diag_here(diag_add(ck->diags, DIAG_E0203, item->name_span, "a file describes one twin"), "a second one"), model->twin_span, "the first");
		return;
	}
	model->twin = item->name;
	model->twin_span = item->name_span;
	model->doc = item->doc;
	for (const struct ast_item *i = item->body; i; i = i->next) {
		if (i->kind == AST_ATTRIBUTE && strcmp(i->name, "edition") == 0 && i->value->kind == AST_INT) {
			model->edition = i->value->integer;
			if (model->edition != 2026)
				diag_help(diag_here(diag_add(ck->diags, DIAG_E0210, i->value->span, "edition %lld is not known", (long long)model->edition), "no such edition"),
					"this version knows edition 2026");
		} else if (i->kind == AST_ATTRIBUTE && strcmp(i->name, "version") == 0 && i->value->kind == AST_STRING) {
			model->version = arena_strdup(ck->arena, i->value->string.text);
		} else {
			diag_help(diag_here(diag_add(ck->diags, DIAG_E0207, i->span, "`%s` is nothing that a twin has", i->name ? i->name : i->word ? i->word : "this"), "unknown here"),
				"write `twin %s { edition = 2026, version = \"1.0.0\" }`", item->name);
		}
	}
	if (!model->edition)
		diag_fix(diag_here(diag_add(ck->diags, DIAG_E0210, item->name_span, "this twin does not say its edition"), "no `edition`"),
			(struct span){item->name_span.file, item->name_span.end, item->name_span.end}, item->has_body ? "" : " { edition = 2026 }", "add `{ edition = 2026 }`");
}

void module_declare(struct checker *ck, struct module *m)
{
	for (const struct ast_item *i = m->ast->items; i; i = i->next) {
		switch ((enum ast_item_kind)i->kind) {
		case AST_IMPORT: {
			declare(ck, m, DECL_IMPORT, import_name(ck, i), i);
			struct decl *d = map_get(&m->names, import_name(ck, i));
			if (d->item == i) {
				d->state = DECL_DONE;
				d->import = module_import(ck, m, i);
				d->failed = !d->import || d->import->ast->bad;
			}
			break;
		}
		case AST_FUNCTION: declare(ck, m, DECL_FUNCTION, i->name, i); break;
		case AST_DECLARATION: {
			size_t k = 0;
			while (k < sizeof words / sizeof *words && strcmp(words[k].word, i->word) != 0)
				k++;
			if (k < sizeof words / sizeof *words)
				declare(ck, m, words[k].kind, i->name, i);
			else if (strcmp(i->word, "twin") == 0)
				read_twin(ck, m, i);
			else
				unknown_word(ck, i);
			break;
		}
		case AST_ATTRIBUTE: case AST_FIELD: case AST_BLOCK: case AST_FOR: case AST_IF: case AST_REPEAT:
			diag_help(diag_here(diag_add(ck->diags, DIAG_E0207, i->span, "this cannot stand at the top of a file"), "here stand declarations only"),
				i->kind == AST_ATTRIBUTE ? "a value that can vary is a parameter: `param %s: int = 1`" : "calls, `for`, `if` and `repeat` stand in a workflow",
				i->name ? i->name : "");
			break;
		}
	}
}

/* -- settling ------------------------------------------------------------------------------------------------------- */

void report_cycle(struct checker *ck, struct decl *d)
{
	if (d->failed)
		return;
	d->failed = true;
	struct diag *g = diag_add(ck->diags, DIAG_E0444, d->span, "`%s` needs itself", d->name);
	const char *next = d->name;
	for (struct decl *k = ck->settling; k && k != d; next = k->name, k = k->outer) {
		k->failed = true;
		diag_label(g, k->span, "`%s` needs `%s`", k->name, next);
	}
	diag_here(g, "`%s` needs `%s`", d->name, next);
}

static void settle_param(struct checker *ck, struct decl *d)
{
	const struct ast_item *i = d->item;
	struct model_param *p = arena_new(ck->arena, struct model_param);
	d->param = p;
	*p = (struct model_param){.name = d->full, .doc = i->doc, .span = i->name_span, .secret = strcmp(i->word, "secret") == 0};
	struct type_context tc = {.ck = ck, .module = d->module};
	p->type = i->type ? type_resolve(&tc, i->type) : p->secret ? &type_string : NULL;
	struct context cx = {.ck = ck, .module = d->module};
	bool optional = p->type && p->type->kind == TYPE_OPTIONAL, hides = p->type && (optional ? p->type->of : p->type)->kind == TYPE_SECRET;
	if (p->secret ? optional : hides) {
		diag_help(diag_here(diag_add(ck->diags, DIAG_E0473, i->type->span, p->secret ? "a secret is not optional" : "a param is no secret"), p->secret ? "it has to be bound" : "params are seen in records and artefacts"),
			p->secret ? "take the `?` away" : "write `secret %s`", d->name);
		p->secret = true;
		p->type = optional ? p->type->of : p->type;
	}
	if (p->secret) {
		if (p->type->kind != TYPE_SECRET && p->type->kind != TYPE_POISON)
			p->type = type_with(ck->arena, TYPE_SECRET, p->type);
		if (i->value)
			diag_help(diag_here(diag_add(ck->diags, DIAG_E0472, i->value->span, "a secret has no default"), "this would be written in the twin"),
				"bind it when the twin is applied: `--secret %s=env:NAME`", d->name);
	} else if (!p->type && i->value) {
		struct expr *e = check_expr(&cx, i->value, NULL);
		p->type = e->type;
		p->fallback = check_fold(&cx, e);
	} else if (!p->type) {
		p->type = &type_poison;
		diag_here(diag_add(ck->diags, DIAG_E0302, i->name_span, "this parameter has neither a type nor a default"), "write `param %s: TYPE`", d->name);
	} else if (i->value) {
		p->fallback = check_value(&cx, i->value, p->type, WHAT("parameter `%s`", d->name), i->type->span);
	}
	bool late = check_too_late(ck, p->fallback, "a parameter's default");
	if (!late && p->fallback && expr_phase(p->fallback) == MODEL_RUN)
		diag_here(diag_add(ck->diags, DIAG_E0307, p->fallback->span, "a parameter's default must be known before anything runs"), "known only while it runs");
	else if (!late && p->fallback && !is_poison(p->fallback))
		model_eval(ck->model, ck->arena, p->fallback, &p->value);
	if (p->secret)
		p->value = value_secret(ck->arena, d->full);
	else if (!p->fallback && p->type->kind == TYPE_OPTIONAL)
		p->value = &value_null;
	p->id = ck->model->params.len;
	*vec_push(&ck->model->params) = p;
}

static void settle_scenario(struct checker *ck, struct decl *d)
{
	struct model_scenario *s = arena_new(ck->arena, struct model_scenario);
	*s = (struct model_scenario){.name = d->name, .doc = d->item->doc, .span = d->span};
	uint32_t n = 0;
	for (const struct ast_item *i = d->item->body; i; i = i->next)
		n++;
	s->settings = arena_new_n(ck->arena, struct model_setting, n + 1);
	struct context cx = {.ck = ck, .module = d->module};
	for (const struct ast_item *i = d->item->body; i; i = i->next) {
		if (i->kind != AST_ATTRIBUTE) {
			diag_here(diag_add(ck->diags, DIAG_E0207, i->span, "a scenario only sets parameters"), "write `name = value`");
			continue;
		}
		struct decl *p = module_find(ck, d->module, i->name);
		if (!p || p->kind != DECL_PARAM || strcmp(p->word, "param") != 0) {
			struct near near;
			near_init(&near, i->name);
			for (uint32_t k = 0; k < d->module->names.cap; k++) {
				struct decl *o = d->module->names.entries[k].value;
				if (d->module->names.entries[k].key && o->kind == DECL_PARAM && strcmp(o->word, "param") == 0)
					near_offer(&near, o->name);
			}
			const char *best = near_best(&near);
			struct diag *g = diag_here(diag_add(ck->diags, DIAG_E0202, i->name_span, "there is no parameter `%s`", i->name), "a scenario sets parameters of this file");
			if (best)
				diag_suggest(g, i->name_span, best);
			continue;
		}
		if (!decl_settle(ck, p))
			continue;
		const struct expr *e = check_value(&cx, i->value, p->param->type, WHAT("parameter `%s`", p->name), p->span);
		const struct value *v;
		if (!is_poison(e) && model_eval(ck->model, ck->arena, e, &v) == EVAL_OK)
			s->settings[s->n_settings++] = (struct model_setting){p->param, v, i->value->span};
	}
	*vec_push(&ck->model->scenarios) = s;
}

static const char *text_of(struct checker *ck, const struct ast_expr *e)
{
	struct buf b = {0};
	if (e->kind == AST_STRING)
		buf_puts(&b, e->string.text);
	if (e->kind == AST_LIST)
		for (const struct ast_expr *x = e->list.first; x; x = x->next)
			if (x->kind == AST_STRING)
				buf_printf(&b, "%s%s", b.len ? " " : "", x->string.text);
	const char *text = b.len || e->kind == AST_STRING ? arena_strdup(ck->arena, buf_text(&b)) : NULL;
	buf_finish(&b);
	return text;
}

static void settle_format(struct checker *ck, struct decl *d)
{
	struct format *f = arena_new(ck->arena, struct format);
	f->name = d->name;
	f->doc = d->item->doc;
	d->format = f;
	if (d->item->type && d->item->type->kind == AST_TYPE_PATH) {
		f->parent = format_find(ck, d->module, d->item->type->name);
		if (!f->parent)
			diag_here(diag_add(ck->diags, DIAG_E0205, d->item->type->span, "there is no format `%s`", d->item->type->name), "the format that `%s` is a kind of", d->name);
	}
	for (const struct ast_item *i = d->item->body; i; i = i->next) {
		const char **field = i->kind != AST_ATTRIBUTE ? NULL : strcmp(i->name, "iri") == 0 ? &f->iri : strcmp(i->name, "extensions") == 0 ? &f->extensions : strcmp(i->name, "magic") == 0 ? &f->magic : NULL;
		if (field)
			*field = text_of(ck, i->value);
		else if (i->kind == AST_ATTRIBUTE)
			diag_help(diag_here(diag_add(ck->diags, DIAG_E0207, i->name_span, "`%s` is nothing that a format has", i->name), "unknown here"), "a format has iri, extensions and magic, and fields for its variables");
	}
	map_set(&ck->formats, f->name, f);
	map_set(&ck->model->formats_by_name, f->name, f);
	*vec_push(&ck->model->formats) = f;
}

bool decl_settle(struct checker *ck, struct decl *d)
{
	if (d->state == DECL_BUSY)
		return report_cycle(ck, d), false;
	if (d->state == DECL_DONE)
		return !d->failed;
	d->state = DECL_BUSY;
	d->outer = ck->settling;
	ck->settling = d;
	switch (d->kind) {
	case DECL_IMPORT: case DECL_FUNCTION: break;
	case DECL_PARAM: settle_param(ck, d); break;
	case DECL_SCENARIO: settle_scenario(ck, d); break;
	case DECL_THING: d->thing = check_thing(ck, d); break;
	case DECL_WORKFLOW: check_workflow_head(ck, d); break;
	case DECL_FORMAT: settle_format(ck, d); break;
	case DECL_SCHEMA: d->schema = schema_read(ck, d); break;
	}
	ck->settling = d->outer;
	d->state = DECL_DONE;
	if (decl_is(d, "step")) {
		ast_release(d->module->ast, d->item);
		d->item = NULL;
	}
	if ((d->kind == DECL_THING && !d->thing) || (d->kind == DECL_SCHEMA && !d->schema) || (d->kind == DECL_WORKFLOW && !d->workflow))
		d->failed = true;
	return !d->failed;
}

/* -- for lint --------------------------------------------------------------------------------------------------------- */

static const char *annotation_name(const struct ast_expr *e)
{
	return e && !e->key && (e->kind == AST_NAME || e->kind == AST_STRING) ? e->string.text : NULL;
}

/* @allow(unused-param, "why"): the rule's name reads as a subtraction, so its text is taken. */
static const char *rule_name(struct checker *ck, const struct ast_expr *e)
{
	const char *text = annotation_name(e);
	if (text || !e || e->kind != AST_BINARY)
		return text ? arena_strdup(ck->arena, text) : NULL;
	return arena_strndup(ck->arena, ck->sources->list.at[e->span.file].text + e->span.start, e->span.end - e->span.start);
}

static void collect_allow(struct checker *ck, const struct ast_item *i, const struct ast_annotation *a)
{
	const struct ast_expr *reason = a->args ? a->args->next : NULL;
	*vec_push(&ck->model->allows) = (struct model_allow){.rule = rule_name(ck, a->args), .reason = reason && reason->kind == AST_STRING ? arena_strdup(ck->arena, reason->string.text) : NULL, .span = a->span, .scope = i->span};
}

static void collect_imports(struct checker *ck, struct module *m)
{
	for (uint32_t i = 0; i < m->decls.len; i++) {
		const struct decl *d = m->decls.at[i];
		if (d->kind == DECL_IMPORT)
			*vec_push(&ck->model->imports) = (struct model_import){d->name, d->item->span, d->used};
	}
}

/* An annotation that nothing reads would be a silent pass. */
static void check_annotation(struct checker *ck, const struct ast_annotation *a)
{
	static const char *const known[] = {"allow", "static", "run", "runs", "without", "interface", "tosca", "ansible", "kubernetes", "helm"};
	struct near near;
	near_init(&near, a->name);
	for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
		if (strcmp(known[k], a->name) == 0)
			return;
		near_offer(&near, known[k]);
	}
	struct diag *d = diag_here(diag_add(ck->diags, DIAG_E0207, a->span, "there is no annotation `@%s`", a->name), "nothing reads this");
	if (near_best(&near))
		diag_help(d, "did you mean `@%s`?", near_best(&near));
}

static void check_annotations(struct checker *ck, const struct ast_file *file)
{
	for (uint32_t k = 0; k < file->annotated.len; k++)
		for (const struct ast_annotation *a = file->annotated.at[k]->annotations; a; a = a->next) {
			check_annotation(ck, a);
			if (strcmp(a->name, "allow") == 0)
				collect_allow(ck, file->annotated.at[k], a);
		}
}

/* -- all of it ------------------------------------------------------------------------------------------------------ */

/* Settles in order of the file, so that what is made (parameters, steps, ...) is in that order too. */
static void settle_all(struct checker *ck, struct module *m, enum decl_kind kind, const char *word)
{
	for (uint32_t i = 0; i < m->decls.len; i++)
		if (m->decls.at[i]->kind == kind && (!word || strcmp(m->decls.at[i]->word, word) == 0))
			decl_settle(ck, m->decls.at[i]);
}

static bool any_bad(const struct checker *ck)
{
	for (const struct module *m = ck->modules; m; m = m->next)
		if (m->ast->bad)
			return true;
	return false;
}

static void check_bodies(struct checker *ck, struct module *m)
{
	for (uint32_t i = 0; i < m->decls.len; i++)
		if (m->decls.at[i]->kind == DECL_WORKFLOW && m->decls.at[i]->workflow)
			check_workflow_body(ck, m->decls.at[i]);
}

static void resolve_all(struct checker *ck)
{
	for (struct module *m = ck->modules; m; m = m->next)
		settle_all(ck, m, DECL_FORMAT, NULL);
	struct module *own[MAX_MODULES + 2];
	uint32_t n = 0;
	for (struct module *m = ck->modules; m; m = m->next)
		if (!m->standard)
			own[n++] = m;
	static const struct { enum decl_kind kind; const char *word; } order[] = {
		{DECL_PARAM, NULL}, {DECL_SCHEMA, NULL}, {DECL_THING, "infra"}, {DECL_THING, "service"}, {DECL_THING, "source"},
		{DECL_THING, "step"}, {DECL_WORKFLOW, NULL}, {DECL_THING, "model"}, {DECL_THING, "trigger"}, {DECL_SCENARIO, NULL},
	};
	for (size_t k = 0; k < sizeof order / sizeof *order; k++)
		for (uint32_t i = n; i-- > 0;) /* the main file first */
			settle_all(ck, own[i], order[k].kind, order[k].word);
	for (uint32_t i = n; i-- > 0;)
		check_bodies(ck, own[i]);
	for (uint32_t i = 0; i < ck->model->things.len; i++)
		if (check_takes_call(ck->model->things.at[i]))
			for (uint32_t k = n; k-- > 0;) {
				struct decl *d = map_get(&own[k]->names, ck->model->things.at[i]->name + strlen(own[k]->prefix));
				if (d && d->thing == ck->model->things.at[i])
					check_trigger(ck, d->thing, d);
			}
	check_cycles(ck, ck->model);
}

struct model *model_resolve(struct diags *ds, struct intern *in, struct ast_file *main_file)
{
	struct model *m = arena_new(ds->arena, struct model);
	struct checker ck = {.arena = ds->arena, .intern = in, .sources = ds->sources, .diags = ds, .model = m};
	m->arena = ds->arena;
	m->sources = ds->sources;
	if (main_file->bad)
		return m;
	const char *path = ds->sources->list.at[main_file->source].path;
	ck.prelude = module_read(&ck, NULL, NULL, "std/prelude.twin", "", true);
	ck.main = module_new(&ck, path, "", main_file);
	m->folder = ck.main->root;
	ck.main->reading = true;
	module_declare(&ck, ck.main);
	ck.main->reading = false;
	if (!any_bad(&ck)) {
		if (!m->twin)
			diag_help(diag_add(ck.diags, DIAG_E0210, (struct span){main_file->source, 0, 0}, "this file does not say which twin it describes"), "begin it with `twin NAME { edition = 2026 }`");
		check_annotations(&ck, main_file);
		resolve_all(&ck);
		collect_imports(&ck, ck.main);
	}
	for (struct module *k = ck.modules; k; k = k->next) {
		map_finish(&k->names);
		map_finish(&k->functions);
		vec_finish(&k->decls);
		ast_finish(k->ast);
	}
	map_finish(&ck.formats);
	map_finish(&ck.shared);
	return m;
}
