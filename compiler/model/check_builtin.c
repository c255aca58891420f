/* Calls in expressions: built-in functions by a table of signatures, the ones the checker itself understands, and `fn`. */
#include "compiler/base/file.h"
#include "compiler/diag/near.h"
#include "compiler/model/check.h"
#include <errno.h>
#include <string.h>

/* A signature is a word a parameter: int string bool number order path list strings lists map pairs any; `T` results follow the first argument's element. */
struct signature { const char *name, *result, *takes; };
static const struct signature signatures[] = {
	{"abs", "same", "number"}, {"all", "bool", "bools"}, {"any", "bool", "bools"}, {"base64", "string", "string"}, {"basename", "string", "name"},
	{"ceil", "whole", "number"}, {"contains", "bool", "holder any"}, {"distinct", "same", "list"}, {"ends_with", "bool", "string string"},
	{"enumerate", "indexed", "list"}, {"env", "string?", "string"}, {"flatten", "inner", "lists"}, {"floor", "whole", "number"},
	{"join", "string", "list string"}, {"keys", "strings", "map"}, {"len", "int", "countable"}, {"lower", "string", "string"},
	{"matches", "bool", "string string"}, {"max", "element", "numbers"}, {"mean", "average", "numbers"}, {"min", "element", "numbers"},
	{"parent", "string", "name"}, {"present", "there", "list"}, {"range", "ints", "int int"}, {"replace", "string", "string string string"},
	{"round", "whole", "number"}, {"sort", "same", "list"}, {"split", "strings", "string string"}, {"starts_with", "bool", "string string"},
	{"stem", "string", "name"}, {"sum", "element", "numbers"}, {"trim", "string", "string"}, {"upper", "string", "string"},
	{"values", "elements", "map"}, {"zip", "zipped", "list list"},
};
/* Understood by the checker. */
static const char *const special_names[] = {"asset", "glob", "previous", "unchecked", "cron", "now", NULL};

static bool takes(const struct type *t, const char *word, size_t n)
{
	bool list = t->kind == TYPE_LIST;
	const struct type *of = list ? t->of : NULL;
	bool number = t->kind == TYPE_INT || t->kind == TYPE_FLOAT;
	if (n == 3 && memcmp(word, "any", 3) == 0) return true;
	if (n == 3 && memcmp(word, "int", 3) == 0) return t->kind == TYPE_INT && !t->unit;
	if (n == 3 && memcmp(word, "map", 3) == 0) return t->kind == TYPE_MAP;
	if (n == 4 && memcmp(word, "list", 4) == 0) return list || (t->kind == TYPE_RANGE && t->of->kind == TYPE_INT);
	if (n == 4 && memcmp(word, "name", 4) == 0) return t->kind == TYPE_STRING || t->kind == TYPE_FILE || t->kind == TYPE_DIR;
	if (n == 5 && memcmp(word, "lists", 5) == 0) return list && (of->kind == TYPE_LIST || of->kind == TYPE_ANY || (of->kind == TYPE_OPTIONAL && of->of->kind == TYPE_LIST));
	if (n == 5 && memcmp(word, "bools", 5) == 0) return list && (of->kind == TYPE_BOOL || of->kind == TYPE_ANY);
	if (n == 6 && memcmp(word, "string", 6) == 0) return t->kind == TYPE_STRING || t->kind == TYPE_ENUM || t->kind == TYPE_ENDPOINT;
	if (n == 6 && memcmp(word, "number", 6) == 0) return number;
	if (n == 6 && memcmp(word, "holder", 6) == 0) return list || t->kind == TYPE_STRING;
	if (n == 7 && memcmp(word, "numbers", 7) == 0) return (list && (of->kind == TYPE_INT || of->kind == TYPE_FLOAT || of->kind == TYPE_ANY)) || number;
	return n == 9 && (list || t->kind == TYPE_MAP || t->kind == TYPE_STRING || t->kind == TYPE_RANGE); /* countable */
}

static const char *takes_words(const char *word, size_t n)
{
	static const char *const words[][2] = {{"int", "a whole number"}, {"map", "a map"}, {"list", "a list"}, {"name", "a path or a string"}, {"lists", "a list of lists"},
		{"bools", "a list of conditions"}, {"string", "a string"}, {"number", "a number"}, {"holder", "a list or a string"}, {"numbers", "a list of numbers, or numbers"}};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i][0]) == n && memcmp(words[i][0], word, n) == 0)
			return words[i][1];
	return "a list, a map or a string";
}

static const struct type *pair(struct arena *a, const char *first, const struct type *x, const char *second, const struct type *y)
{
	struct type_field *fields = arena_new_n(a, struct type_field, 2);
	fields[0] = (struct type_field){.name = first, .type = x};
	fields[1] = (struct type_field){.name = second, .type = y};
	return type_record(a, fields, 2, "pair");
}

static const struct type *result_type(struct context *cx, const char *result, struct expr **args, uint32_t n)
{
	struct arena *a = cx->ck->arena;
	const struct type *t = n ? args[0]->type : &type_any, *of = t->of ? t->of : t;
	if (strcmp(result, "int") == 0) return &type_int;
	if (strcmp(result, "bool") == 0) return &type_bool;
	if (strcmp(result, "string") == 0) return &type_string;
	if (strcmp(result, "string?") == 0) return type_optional(a, &type_string);
	if (strcmp(result, "strings") == 0) return type_list(a, &type_string);
	if (strcmp(result, "ints") == 0) return type_list(a, &type_int);
	if (strcmp(result, "element") == 0) {
		if (t->kind != TYPE_LIST) { /* max(a, b, ...) */
			for (uint32_t i = 1; i < n && t; i++)
				t = type_join(a, t, args[i]->type);
			return t ? t : &type_poison;
		}
		return of->kind == TYPE_OPTIONAL ? of->of : of;
	}
	if (strcmp(result, "inner") == 0) return of->kind == TYPE_OPTIONAL ? of->of : of->kind == TYPE_ANY ? type_list(a, of) : of;
	if (strcmp(result, "elements") == 0) return type_list(a, of);
	if (strcmp(result, "same") == 0) return t->kind == TYPE_RANGE ? type_list(a, of) : t;
	if (strcmp(result, "whole") == 0) return type_number(a, n > 1 ? TYPE_FLOAT : TYPE_INT, t->unit); /* round(x, digits) */
	if (strcmp(result, "average") == 0) return type_number(a, TYPE_FLOAT, of->unit);
	if (strcmp(result, "there") == 0) return type_list(a, of->kind == TYPE_OPTIONAL ? of->of : of);
	if (strcmp(result, "indexed") == 0) return type_list(a, pair(a, "index", &type_int, "value", of));
	return type_list(a, pair(a, "first", of, "second", n > 1 && args[1]->type->of ? args[1]->type->of : &type_any)); /* zipped */
}

static struct expr *wrong_count(struct context *cx, const struct ast_expr *e, const char *name, uint32_t low, uint32_t high, uint32_t have)
{
	diag_here(diag_add(cx->ck->diags, DIAG_E0303, e->span, low == high ? "`%s` takes %u argument%s" : "`%s` takes at least %u argument%s", name, low, low == 1 ? "" : "s"), "%u given", have);
	return make_poison(cx->ck, e->span);
}

/* max(a, b, ...) compares: all are measured in the same. */
static bool same_measure(struct context *cx, const char *name, struct expr **args, uint32_t n)
{
	const struct unit *first = args[0]->type->unit, *other;
	for (uint32_t i = 1; i < n; i++) {
		other = args[i]->type->unit;
		if (unit_same_dim(first, other))
			continue;
		struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0304, args[i]->span, "`%s` compares what is measured in different units", name),
					   other ? "%s (%s)" : "a plain number", unit_dim_name(cx->ck->arena, other), other ? other->name : "");
		diag_label(d, args[0]->span, first ? "%s (%s)" : "a plain number", unit_dim_name(cx->ck->arena, first), first ? first->name : "");
		return false;
	}
	return true;
}

static struct expr *builtin_call(struct context *cx, const struct ast_expr *e, const struct signature *sig, const struct builtin *b)
{
	uint32_t n = 0;
	for (const struct ast_expr *k = e->call.args; k; k = k->next)
		n++;
	if (n < b->min_args || n > b->max_args)
		return wrong_count(cx, e, sig->name, b->min_args, b->max_args, n);
	struct expr **args = arena_new_n(cx->ck->arena, struct expr *, n + 1);
	const char *word = sig->takes;
	uint32_t i = 0;
	bool poison = false;
	for (const struct ast_expr *k = e->call.args; k; k = k->next, i++) {
		size_t len = strcspn(word, " ");
		if (k->key)
			diag_add(cx->ck->diags, DIAG_E0303, ast_key_span(k), "the arguments of `%s` have no names", sig->name);
		args[i] = check_expr(cx, k, NULL);
		if (is_poison(args[i]) || k->key) {
			poison = true;
		} else if (args[i]->type->kind == TYPE_SECRET) {
			diag_here(diag_add(cx->ck->diags, DIAG_E0471, k->span, "nothing can be worked out from a secret"), "this is a secret");
			poison = true;
		} else if (!takes(args[i]->type, word, len) && (strcmp(sig->name, "len") == 0 || check_present(cx, args[i], "this argument") || (poison = true, false))) {
			struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0301, k->span, "`%s` takes %s", sig->name, takes_words(word, len)), "this is %s", a_type(cx->ck, args[i]->type));
			if (args[i]->type->kind == TYPE_LIST && args[i]->type->of->kind == TYPE_OPTIONAL)
				diag_help(d, "`present(...)` drops what is absent");
			poison = true;
		}
		if (word[len] == ' ')
			word += len + 1;
	}
	if (poison || (strcmp(sig->takes, "numbers") == 0 && args[0]->type->kind != TYPE_LIST && !same_measure(cx, sig->name, args, n)))
		return make_poison(cx->ck, e->span);
	struct expr *x = expr_new(cx->ck->arena, EXPR_CALL, e->span, result_type(cx, sig->result, args, n), (uint16_t)n);
	x->name = sig->name;
	for (i = 0; i < n; i++)
		x->args[i] = args[i];
	return x;
}

/* -- the checker's own ---------------------------------------------------------------------------------------------- */

static const struct ast_expr *one_argument(struct context *cx, const struct ast_expr *e, const char *name)
{
	if (e->call.args && !e->call.args->next && !e->call.args->key)
		return e->call.args;
	wrong_count(cx, e, name, 1, 1, e->call.args ? 2 : 0);
	return NULL;
}

static struct expr *asset_call(struct context *cx, const struct ast_expr *e)
{
	const struct ast_expr *arg = one_argument(cx, e, "asset");
	if (!arg)
		return make_poison(cx->ck, e->span);
	if (arg->kind != AST_STRING) {
		diag_here(diag_add(cx->ck->diags, DIAG_E0306, arg->span, "`asset` takes the path of a file beside the twin, written out"), "not a plain string");
		return make_poison(cx->ck, e->span);
	}
	char *path = file_join(cx->ck->arena, cx->module->root, arg->string.text);
	if (!file_exists(path)) {
		diag_help(diag_here(diag_add(cx->ck->diags, DIAG_E0502, arg->span, "there is no file %s", file_join(cx->ck->arena, cx->module->folder, arg->string.text)), "not found"), "the path starts from the folder of the twin");
		return make_poison(cx->ck, e->span);
	}
	bool is_dir = file_is_dir(path);
	struct expr *x = expr_new(cx->ck->arena, EXPR_ASSET, e->span, type_path(cx->ck->arena, is_dir ? TYPE_DIR : TYPE_FILE, NULL), 0);
	x->value = value_path(cx->ck->arena, path, is_dir, NULL);
	return x;
}

static struct expr *glob_call(struct context *cx, const struct ast_expr *e, const struct type *expected)
{
	const struct ast_expr *arg = one_argument(cx, e, "glob");
	struct expr *pattern = arg ? check_expr(cx, arg, &type_string) : NULL;
	if (!pattern || is_poison(pattern))
		return make_poison(cx->ck, e->span);
	if (pattern->type->kind != TYPE_STRING) {
		diag_here(diag_add(cx->ck->diags, DIAG_E0301, arg->span, "`glob` takes a pattern"), "this is %s", a_type(cx->ck, pattern->type));
		return make_poison(cx->ck, e->span);
	}
	const struct type *t = expected && expected->kind == TYPE_LIST ? expected : type_list(cx->ck->arena, type_path(cx->ck->arena, TYPE_FILE, NULL));
	struct expr *x = expr_new(cx->ck->arena, EXPR_GLOB, e->span, t, 1);
	x->args[0] = pattern;
	return x;
}

static struct expr *previous_call(struct context *cx, const struct ast_expr *e)
{
	const struct ast_expr *arg = one_argument(cx, e, "previous");
	if (!arg)
		return make_poison(cx->ck, e->span);
	const struct ast_expr *root = arg;
	while (root->kind == AST_MEMBER)
		root = root->member.a;
	struct model_name *own = cx->repeat && root->kind == AST_NAME ? map_get(&cx->repeat->names, root->string.text) : NULL;
	if (own && own->slot && own->state == DECL_BUSY && root == arg) { /* n = (previous(n) ?? 0) + 1: its type comes from the rest */
		struct expr *x = expr_new(cx->ck->arena, EXPR_PREVIOUS, e->span, type_optional(cx->ck->arena, &type_any), 0);
		x->index = own->slot->id;
		x->name = own->slot->name;
		return x;
	}
	struct model_slot *slot = own ? body_find(cx, cx->repeat, root->string.text) : NULL;
	if (!slot || slot->body != cx->repeat) {
		struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0312, arg->span, "`previous` takes a result of the `repeat` that it stands in"), cx->repeat ? "not one of its results" : "this stands in no `repeat`");
		diag_help(d, "such as `previous(fix.state) ?? start`");
		return make_poison(cx->ck, e->span);
	}
	bool saved = cx->unchecked;
	cx->unchecked = true;
	struct expr *x = check_expr(cx, arg, NULL), *inner = x;
	cx->unchecked = saved;
	if (is_poison(x))
		return x;
	struct expr **link = &x;
	while (inner->op == EXPR_MEMBER) { /* copied, so that the slot below can be turned into the round before */
		struct expr *copy = arena_copy(cx->ck->arena, inner, sizeof *inner);
		copy->args = arena_copy(cx->ck->arena, inner->args, sizeof *inner->args);
		copy->type = type_optional(cx->ck->arena, inner->type);
		*link = copy;
		link = (struct expr **)&copy->args[0];
		inner = *link;
	}
	struct expr *slot_expr = arena_copy(cx->ck->arena, inner, sizeof *inner);
	slot_expr->op = EXPR_PREVIOUS;
	slot_expr->type = type_optional(cx->ck->arena, inner->type);
	*link = slot_expr;
	return x;
}

static struct expr *special_call(struct context *cx, const struct ast_expr *e, const char *name, const struct type *expected)
{
	if (strcmp(name, "asset") == 0)
		return asset_call(cx, e);
	if (strcmp(name, "glob") == 0)
		return glob_call(cx, e, expected);
	if (strcmp(name, "previous") == 0)
		return previous_call(cx, e);
	if (strcmp(name, "unchecked") == 0) {
		const struct ast_expr *arg = one_argument(cx, e, name);
		bool saved = cx->unchecked;
		cx->unchecked = true;
		struct expr *x = arg ? check_expr(cx, arg, expected) : make_poison(cx->ck, e->span);
		cx->unchecked = saved;
		return x;
	}
	diag_help(diag_here(diag_add(cx->ck->diags, DIAG_E0313, e->span, "`%s` has no place here", name), "only a trigger knows it"), "write `trigger t { when = cron(\"0 3 * * *\"), run = ... }`");
	return make_poison(cx->ck, e->span);
}

/* -- fn --------------------------------------------------------------------------------------------------------------- */

static struct expr *function_call(struct context *cx, const struct ast_expr *e, struct decl *d)
{
	uint32_t n = 0, want = 0;
	for (const struct ast_expr *k = e->call.args; k; k = k->next)
		n++;
	for (const struct ast_parameter *p = d->item->parameters; p; p = p->next)
		want++;
	if (n != want)
		return wrong_count(cx, e, d->name, want, want, n);
	if (d->state == DECL_BUSY || d->failed) {
		report_cycle(cx->ck, d);
		return make_poison(cx->ck, e->span);
	}
	struct type_context tc = {.ck = cx->ck, .module = d->module};
	struct scope *scopes = arena_new_n(cx->ck->arena, struct scope, want + 1);
	struct expr *let = expr_new(cx->ck->arena, EXPR_LET, e->span, NULL, (uint16_t)(want + 1));
	let->index = cx->n_locals;
	cx->n_locals += want;
	const struct ast_expr *arg = e->call.args;
	uint32_t i = 0;
	bool poison = false;
	for (const struct ast_parameter *p = d->item->parameters; p; p = p->next, arg = arg->next, i++) {
		const struct type *t = p->type ? type_resolve(&tc, p->type) : &type_any;
		let->args[i] = check_value(cx, arg, t, WHAT("argument `%s` of `%s`", p->name, d->name), p->span);
		poison = poison || is_poison(let->args[i]);
		scopes[i] = (struct scope){.kind = SCOPE_LOCAL, .parent = i ? &scopes[i - 1] : NULL, .name = p->name, .type = t, .index = let->index + i};
	}
	const struct type *result = type_resolve(&tc, d->item->type);
	struct context inner = {.ck = cx->ck, .module = d->module, .scope = want ? &scopes[want - 1] : NULL, .n_locals = cx->n_locals};
	d->state = DECL_BUSY;
	d->outer = cx->ck->settling;
	cx->ck->settling = d;
	const struct expr *body = check_value(&inner, d->item->value, result, WHAT("the result of `%s`", d->name), d->item->type->span);
	cx->ck->settling = d->outer;
	d->state = DECL_NEW;
	cx->n_locals = inner.n_locals;
	if (poison || is_poison(body) || result->kind == TYPE_POISON)
		return make_poison(cx->ck, e->span);
	let->args[want] = body;
	let->type = result;
	return let;
}

static struct expr *unknown_function(struct context *cx, const struct ast_expr *e, const char *name)
{
	struct near near;
	near_init(&near, name);
	for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++)
		near_offer(&near, signatures[i].name);
	for (size_t i = 0; special_names[i]; i++)
		near_offer(&near, special_names[i]);
	for (uint32_t i = 0; i < cx->module->functions.cap; i++)
		if (cx->module->functions.entries[i].key)
			near_offer(&near, cx->module->functions.entries[i].key);
	const char *best = near_best(&near);
	struct diag *d = diag_here(diag_add(cx->ck->diags, DIAG_E0212, e->call.a->span, "there is no function `%s`", name), "not found");
	if (best)
		diag_suggest(d, e->call.a->span, best);
	return make_poison(cx->ck, e->span);
}

/* A step or workflow called inside an expression. */
static struct expr *nested_call(struct context *cx, const struct ast_expr *e, const struct decl *d)
{
	struct diag *g = diag_here(diag_add(cx->ck->diags, DIAG_E0314, e->span, "a call of the %s `%s` stands alone, with a name", decl_words(d), d->name), "inside another expression");
	diag_label(g, d->span, "declared here");
	diag_help(g, "give it a name in the workflow, `x = %s(...)`, and use `x` here", d->name);
	return make_poison(cx->ck, e->span);
}

/* scenes.latest(500), scenes.since(7day): what a source gave last, for a trigger's arguments. */
static struct expr *source_call(struct context *cx, const struct ast_expr *e, const struct decl *d)
{
	const char *name = e->call.a->member.name;
	bool latest = strcmp(name, "latest") == 0;
	if (!latest && strcmp(name, "since") != 0) {
		diag_help(diag_here(diag_add(cx->ck->diags, DIAG_E0212, ast_member_span(e->call.a), "a source has no function `%s`", name), "not found"), "it has `latest(n)` and `since(duration)`");
		return make_poison(cx->ck, e->span);
	}
	d->thing->used = true;
	const struct unit *second = NULL;
	size_t at, len;
	unit_parse(cx->ck->arena, "s", 1, &second, &at, &len);
	const struct ast_expr *arg = one_argument(cx, e, name);
	const struct type *wanted = latest ? &type_int : type_number(cx->ck->arena, TYPE_FLOAT, second);
	const struct expr *n = arg ? check_value(cx, arg, wanted, WHAT("the argument of `%s`", name), (struct span){0}) : NULL;
	if (!n || is_poison(n))
		return make_poison(cx->ck, e->span);
	const struct type *file = type_path(cx->ck->arena, TYPE_FILE, d->thing->format);
	struct expr *x = expr_new(cx->ck->arena, EXPR_EVENT, e->span, type_list(cx->ck->arena, file), 1);
	x->name = arena_printf(cx->ck->arena, "%s.%s", d->full, name);
	x->args[0] = n;
	return x;
}

struct expr *check_call(struct context *cx, const struct ast_expr *e, const struct type *expected)
{
	const struct ast_expr *callee = e->call.a;
	if (cx->trigger && callee->kind == AST_MEMBER && callee->member.a->kind == AST_NAME) {
		struct decl *d = module_find(cx->ck, cx->module, callee->member.a->string.text);
		if (decl_is(d, "source"))
			return decl_settle(cx->ck, d) ? source_call(cx, e, d) : make_poison(cx->ck, e->span);
	}
	struct module *m = cx->module;
	const char *name = NULL;
	if (callee->kind == AST_NAME) {
		name = callee->string.text;
	} else if (callee->kind == AST_MEMBER && callee->member.a->kind == AST_NAME) {
		struct decl *import = module_find(cx->ck, m, callee->member.a->string.text);
		if (import && import->kind == DECL_IMPORT) {
			if (import->failed || !import->import)
				return make_poison(cx->ck, e->span);
			import->used = true;
			m = import->import;
			name = callee->member.name;
		}
	}
	if (!name) {
		diag_here(diag_add(cx->ck->diags, DIAG_E0212, callee->span, "this is nothing that can be called"), "only functions, steps and workflows are called");
		return make_poison(cx->ck, e->span);
	}
	struct decl *fn = map_get(&m->functions, name);
	if (fn)
		return function_call(cx, e, fn);
	struct decl *d = module_find(cx->ck, m, name);
	if (d && ((decl_is(d, "step")) || d->kind == DECL_WORKFLOW))
		return nested_call(cx, e, d);
	if (m == cx->module) {
		for (size_t i = 0; special_names[i]; i++)
			if (strcmp(special_names[i], name) == 0)
				return special_call(cx, e, name, expected);
		const struct builtin *b = builtin_find(name);
		for (size_t i = 0; b && i < sizeof signatures / sizeof *signatures; i++)
			if (strcmp(signatures[i].name, name) == 0)
				return builtin_call(cx, e, &signatures[i], b);
	}
	return unknown_function(cx, e, name);
}
