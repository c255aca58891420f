/* Commands. A list is baseCommand and arguments. A script is an argument of sh: a placeholder becomes a positional
 * parameter ("$1"), so no value is ever part of the script; where the script uses those itself, quoted words are filled in. */
#include "targets/cwl/cwl.h"
#include "compiler/base/file.h"
#include "compiler/doc/quote.h"
#include <string.h>

/* -- assets ------------------------------------------------------------------------------------------------------------ */

/* An asset is an input whose default is the file. */
const char *cwl_asset(struct cwl_js *js, const struct value *v)
{
	struct cwl *c = js->c;
	struct map names = { 0 };
	struct doc *inputs = js->inputs, *input = doc_map(c->arena), *value = cwl_value(c, v, NULL, js->folder);
	const char *id;

	for (doc_each(d, inputs)) {
		if (doc_get(d, "default") && doc_equal(doc_get(d, "default"), value)) {
			map_finish(&names);
			return d->key;
		}
		map_set(&names, d->key, d);
	}
	id = cwl_name(c, &names, file_basename(c->arena, v->file.path));
	doc_set(c->arena, input, "type", doc_string(c->arena, v->is_dir ? "Directory" : "File"));
	doc_set(c->arena, input, "default", value);
	doc_set(c->arena, inputs, id, input);
	map_finish(&names);
	return id;
}

/* -- words ---------------------------------------------------------------------------------------------------------------- */

struct words { struct cwl *c; struct cwl_js *js; struct doc *arguments; };

static const struct value *constant_text(struct cwl *c, const struct expr *e)
{
	const struct value *v = cwl_constant(c, e, NULL, false);

	return v && v->kind == VALUE_STRING ? v : NULL;
}

/* The path of an output that is known: its constant name. */
static const struct value *output_text(struct words *w, const struct expr *e)
{
	const struct plan_field *f;

	if (e->op == EXPR_TEXT && e->n == 1)
		e = e->args[0];
	f = e->op == EXPR_OUTPUT ? &w->js->step->outputs[e->index] : NULL;
	return constant_text(w->c, f ? f->expr : e);
}

static bool has_expression(const char *text)
{
	return strstr(text, "$(") || strstr(text, "${");
}

/* "$(inputs.x)", a parameter reference or JavaScript. */
static struct doc *reference(struct words *w, const struct expr *e)
{
	const struct type *t = cwl_strip(e->type);
	struct cwl *c = w->c;
	struct buf b = { 0 };
	struct doc *d;

	if (e->op == EXPR_ASSET)
		return doc_printf(c->arena, "$(inputs.%s.path)", cwl_asset(w->js, e->value));
	if (e->op == EXPR_INPUT && !cwl_is_null(e->type) && (t->kind == TYPE_FILE || t->kind == TYPE_DIR))
		return doc_printf(c->arena, "$(inputs.%s.path)", w->js->step->inputs[e->index].name);
	if (e->op == EXPR_INPUT && t->kind != TYPE_FLOAT && !(t->kind == TYPE_LIST && cwl_strip(t->of)->kind == TYPE_FLOAT))
		return doc_printf(c->arena, "$(inputs.%s)", w->js->step->inputs[e->index].name);
	if (t->kind == TYPE_FLOAT) /* numbers as ECMAScript writes them */
		buf_puts(&b, "String(");
	if (t->kind == TYPE_LIST || t->kind == TYPE_FLOAT)
		cwl_js(w->js, e, CWL_COND, &b);
	else
		cwl_js_text(w->js, e, CWL_COND, &b);
	if (t->kind == TYPE_FLOAT)
		buf_putc(&b, ')');
	else if (t->kind == TYPE_LIST && cwl_strip(t->of)->kind == TYPE_FLOAT)
		buf_puts(&b, ".map(String)");
	w->js->needs->js = true;
	d = doc_printf(c->arena, "$(%s)", buf_text(&b));
	buf_finish(&b);
	return d;
}

static struct doc *literal(struct words *w, const char *text, size_t len)
{
	struct buf b = { 0 };
	struct doc *d;

	if (!has_expression(text))
		return doc_string_n(w->c->arena, text, len);
	buf_puts(&b, "$(");
	cwl_js_string(text, len, &b);
	buf_putc(&b, ')');
	w->js->needs->js = true;
	d = doc_string_n(w->c->arena, b.text, b.len);
	buf_finish(&b);
	return d;
}

static void add_word(struct words *w, const struct expr *e)
{
	const struct value *v = output_text(w, e);

	if (e->op == EXPR_LIST)
		for (uint16_t i = 0; i < e->n; i++)
			add_word(w, e->args[i]);
	else if (v)
		doc_push(w->arguments, literal(w, v->string.text, v->string.len));
	else
		doc_push(w->arguments, reference(w, e));
}

static void put_argv(struct words *w, struct doc *tool, const struct expr *argv)
{
	struct doc *base = doc_list(w->c->arena);
	const struct value *v;
	uint16_t i = 0;

	if (argv->op != EXPR_LIST) {
		add_word(w, argv);
		doc_set(w->c->arena, tool, "arguments", w->arguments);
		return;
	}
	for (; i < argv->n && argv->args[i]->op != EXPR_OUTPUT && (v = constant_text(w->c, argv->args[i])); i++)
		doc_push(base, doc_string_n(w->c->arena, v->string.text, v->string.len));
	for (; i < argv->n; i++)
		add_word(w, argv->args[i]);
	if (doc_len(base))
		doc_set(w->c->arena, tool, "baseCommand", doc_len(base) == 1 ? doc_copy(w->c->arena, base->children.first) : base);
	if (doc_len(w->arguments))
		doc_set(w->c->arena, tool, "arguments", w->arguments);
}

/* -- scripts ---------------------------------------------------------------------------------------------------------------- */

struct script { struct words *w; VEC(const char *) keys; VEC(const struct expr *) holes; };

static bool is_script_text(const struct expr *e)
{
	return e->op == EXPR_CONST && e->value->kind == VALUE_STRING;
}

static bool is_word_char(char x)
{
	return (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z') || (x >= '0' && x <= '9') || x == '_';
}

static bool word_at(const char *text, const char *at, const char *word)
{
	size_t n = strlen(word);

	return strncmp(at, word, n) == 0 && !is_word_char(at[n]) && (at == text || !is_word_char(at[-1]));
}

/* Whether the text reads or changes positional parameters, or has functions, which have their own. */
static bool uses_positional(const char *text)
{
	bool quoted = false;

	for (const char *p = text; *p; p++) {
		if (*p == '\'')
			quoted = !quoted;
		if (quoted)
			continue;
		if (*p == '$' && p[1] && strchr("0123456789@*#", p[1]))
			return true;
		if (*p == '$' && p[1] == '{' && p[2] && strchr("0123456789@*#", p[2]))
			return true;
		if (*p == '(' && p[1] == ')')
			return true;
		if (!strchr("sgf", *p) || (p > text && is_word_char(p[-1])))
			continue; /* no word of these starts here */
		if (word_at(text, p, "shift") || word_at(text, p, "getopts") || word_at(text, p, "function") || word_at(text, p, "for"))
			if (!word_at(text, p, "for") || !strstr(p, " in "))
				return true;
		if (word_at(text, p, "set") && p[3] == ' ' && p[4] != '-' && p[4] != '+')
			return true;
		if (word_at(text, p, "set") && strncmp(p + 3, " --", 3) == 0)
			return true;
	}
	return false;
}

static uint32_t hole_at(struct script *s, const struct expr *e)
{
	const char *key = expr_text(s->w->c->arena, e);

	for (uint32_t i = 0; i < s->keys.len; i++)
		if (strcmp(s->keys.at[i], key) == 0)
			return i;
	*vec_push(&s->keys) = key;
	*vec_push(&s->holes) = e->op == EXPR_TEXT && e->n == 1 ? e->args[0] : e;
	return s->keys.len - 1;
}

static bool is_list(const struct expr *e)
{
	return cwl_strip(e->type)->kind == TYPE_LIST;
}

/* Values by position: possible unless the script has plans of its own for them, or a list stands among others. */
static bool by_position(struct script *s, const struct expr *e)
{
	bool list = false;

	for (uint16_t i = 0; i < e->n; i++) {
		if (is_script_text(e->args[i])) {
			if (uses_positional(e->args[i]->value->string.text))
				return false;
		} else if (!output_text(s->w, e->args[i])) {
			hole_at(s, e->args[i]);
			list |= is_list(e->args[i]);
		}
	}
	return !list || s->holes.len == 1;
}

static void put_parameter(struct script *s, const struct expr *e, bool glued, struct buf *text)
{
	uint32_t at = hole_at(s, e) + 1;
	enum type_kind kind = cwl_strip(s->holes.at[at - 1]->type)->kind;
	bool number = kind == TYPE_INT || kind == TYPE_FLOAT;

	if (is_list(e))
		buf_puts(text, "\"$@\"");
	else if (number)
		buf_printf(text, at > 9 || glued ? "${%u}" : "$%u", at);
	else
		buf_printf(text, at > 9 ? "\"${%u}\"" : "\"$%u\"", at);
}

static void put_pieces(struct script *s, const struct expr *e, const char *mark, struct buf *text)
{
	for (uint16_t i = 0; i < e->n; i++) {
		const struct expr *piece = e->args[i];
		const struct value *v = is_script_text(piece) ? NULL : output_text(s->w, piece);
		const char *next = i + 1 < e->n && is_script_text(e->args[i + 1]) ? e->args[i + 1]->value->string.text : "";
		if (is_script_text(piece))
			buf_add(text, piece->value->string.text, piece->value->string.len);
		else if (v)
			quote_sh(v->string.text, v->string.len, text);
		else if (mark)
			buf_printf(text, "%s%u}", mark, hole_at(s, piece) + 1);
		else
			put_parameter(s, piece, is_word_char(*next), text);
	}
}

static struct doc *shell(struct words *w)
{
	static const char *const sh[] = { "sh", "-eu", "-c" }, *const bash[] = { "bash", "-euo", "pipefail", "-c" };
	struct doc *list = doc_list(w->c->arena);

	for (size_t i = 0; i < (w->js->step->bash ? 4 : 3); i++)
		doc_push(list, doc_string(w->c->arena, w->js->step->bash ? bash[i] : sh[i]));
	return list;
}

static void put_positional(struct script *s, struct doc *tool, const struct expr *e)
{
	struct words *w = s->w;
	struct doc *base = shell(w);
	struct buf text = { 0 };

	put_pieces(s, e, NULL, &text);
	doc_push(base, doc_string_n(w->c->arena, buf_text(&text), text.len));
	if (s->holes.len)
		doc_push(base, doc_string(w->c->arena, w->js->step->bash ? "bash" : "sh"));
	doc_set(w->c->arena, tool, "baseCommand", base);
	for (uint32_t i = 0; i < s->holes.len; i++)
		doc_push(w->arguments, reference(w, s->holes.at[i]));
	if (doc_len(w->arguments))
		doc_set(w->c->arena, tool, "arguments", w->arguments);
	buf_finish(&text);
}

/* The script is a template whose marks stand for no text of its own. */
static void put_filled(struct script *s, struct doc *tool, const struct expr *e)
{
	static const char *const marks[] = { "~{", "@{", "%{", "^{", "=@{" };
	struct words *w = s->w;
	struct arena *a = w->c->arena;
	struct buf text = { 0 }, call = { 0 };
	struct doc *input = doc_map(a);
	const char *mark = NULL, *id = "script";

	while (doc_get(w->js->inputs, id))
		id = arena_printf(a, "%s_", id);
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]) && !mark; i++) {
		mark = marks[i];
		for (uint16_t k = 0; k < e->n; k++)
			if (is_script_text(e->args[k]) && strstr(e->args[k]->value->string.text, marks[i]))
				mark = NULL;
	}
	if (!mark)
		cwl_js_refuse(w->js, w->js->step->command_span, "every mark for a placeholder is in use in its script");
	put_pieces(s, e, mark ? mark : "", &text);
	doc_set(a, input, "type", doc_string(a, "string"));
	doc_set(a, input, "doc", doc_string(a, "The command; its placeholders are filled with quoted words."));
	doc_set(a, input, "default", doc_string_n(a, buf_text(&text), text.len));
	doc_set(a, w->js->inputs, id, input);
	buf_puts(&call, "$(");
	cwl_js_helper(w->js, CWL_JS_fill, &call);
	buf_printf(&call, "(inputs.%s, \"%s\", [", id, mark ? mark : "");
	for (uint32_t i = 0; i < s->holes.len; i++) {
		buf_puts(&call, i ? ", " : "");
		cwl_js(w->js, s->holes.at[i], CWL_COND, &call);
	}
	buf_puts(&call, "]))");
	doc_set(a, tool, "baseCommand", shell(w));
	doc_push(w->arguments, doc_string(a, buf_text(&call)));
	doc_set(a, tool, "arguments", w->arguments);
	buf_finish(&text);
	buf_finish(&call);
}

void cwl_command(struct cwl_js *js, struct doc *tool)
{
	struct words w = { .c = js->c, .js = js, .arguments = doc_list(js->c->arena) };
	struct script s = { .w = &w };
	const struct plan_step *step = js->step;

	if (step->argv) {
		put_argv(&w, tool, step->argv);
		return;
	}
	if (by_position(&s, step->script))
		put_positional(&s, tool, step->script);
	else
		put_filled(&s, tool, step->script);
	vec_finish(&s.keys);
	vec_finish(&s.holes);
}
