/* Pitfalls of shell scripts in commands. Looks at words, not at a full shell syntax: quiet rather than wrong. */
#include "compiler/model/lint.h"
#include <ctype.h>
#include <string.h>

const struct expr *lint_script(const struct model_thing *step)
{
	const struct model_attr *a = model_attr(step, "command");
	return a && a->given && a->expr && a->expr->op == EXPR_WORDS ? a->expr : NULL;
}

/* A walk over a script's own text that knows quotes and comments. */
struct walk { const char *text; size_t len, at; bool single, twice, comment; };

/* Steps over one character; false at the end. */
static bool step(struct walk *w, char *ret)
{
	if (w->at >= w->len)
		return false;
	char c = w->text[w->at++];
	if (w->comment)
		w->comment = c != '\n';
	else if (w->single)
		w->single = c != '\'';
	else if (c == '\\')
		w->at += w->at < w->len;
	else if (c == '\'' && !w->twice)
		w->single = true;
	else if (c == '"')
		w->twice = !w->twice;
	else if (c == '#' && !w->twice && (w->at < 2 || isspace((unsigned char)w->text[w->at - 2])))
		w->comment = true;
	*ret = c;
	return true;
}

/* Where the text at `at` of a script's piece is in the source: the same occurrence there. A block's text was dedented, so
 * offsets differ, but what it holds stands in the same order. */
static struct span place(struct lint *l, const struct expr *piece, const char *script, size_t at, size_t len)
{
	const struct source *s = &l->m->sources->list.at[piece->span.file];
	const char *from = s->text + piece->span.start, *end = s->text + piece->span.end, *what = script + at;
	uint32_t skip = 0;
	for (size_t i = 0; i < at; i++)
		skip += memcmp(script + i, what, len) == 0;
	for (; from + len <= end; from++)
		if (memcmp(from, what, len) == 0 && skip-- == 0)
			return (struct span){piece->span.file, (uint32_t)(from - s->text), (uint32_t)(from - s->text + (long)len)};
	return piece->span;
}

typedef void finder(struct lint *l, const struct model_thing *t, const struct expr *piece, struct walk *w);

static void each_piece(struct lint *l, finder *find)
{
	for (uint32_t i = 0; i < l->m->steps.len; i++) {
		const struct model_thing *t = l->m->steps.at[i];
		const struct expr *script = lint_script(t);
		struct walk w = {0};
		for (uint32_t k = 0; script && k < script->n; k++) {
			const struct expr *piece = script->args[k];
			if (piece->op != EXPR_CONST || piece->value->kind != VALUE_STRING)
				continue;
			w = (struct walk){.text = piece->value->string.text, .len = piece->value->string.len, .single = w.single, .twice = w.twice, .comment = w.comment};
			find(l, t, piece, &w);
		}
	}
}

static void find_pipe(struct lint *l, const struct model_thing *t, const struct expr *piece, struct walk *w)
{
	const struct model_attr *shell = model_attr(t, "shell");
	const struct value *v;
	char c;
	if (shell && shell->expr && model_eval(l->m, l->ds->arena, shell->expr, &v) == EVAL_OK && v->kind == VALUE_STRING && strcmp(v->string.text, "bash") == 0)
		return;
	while (step(w, &c))
		if (c == '|' && !w->single && !w->twice && !w->comment) {
			bool or = w->at < w->len && w->text[w->at] == '|';
			w->at += or;
			if (or)
				continue;
			diag_help(diag_here(lint_add(l, place(l, piece, w->text, w->at - 1, 1), "a failure on the left of a pipe goes unnoticed in `sh`"), "only the last command's exit counts"), "write `shell = bash`, which runs with pipefail");
			w->at = w->len;
		}
}

void lint_hidden_failure(struct lint *l)
{
	each_piece(l, find_pipe);
}

static void find_variable(struct lint *l, const struct model_thing *t, const struct expr *piece, struct walk *w)
{
	char c;
	(void)t;
	while (step(w, &c)) {
		if (c != '$' || w->single || w->twice || w->comment || w->at >= w->len)
			continue;
		size_t from = w->at - 1, n = w->at;
		bool brace = w->text[n] == '{';
		n += brace;
		size_t name = n;
		while (n < w->len && (isalnum((unsigned char)w->text[n]) || w->text[n] == '_'))
			n++;
		bool assigned = from > 0 && w->text[from - 1] == '='; /* no splitting in x=$y */
		if (n == name || isdigit((unsigned char)w->text[name]) || assigned)
			continue;
		n += brace && n < w->len && w->text[n] == '}';
		struct span span = place(l, piece, w->text, from, n - from);
		const char *whole = arena_strndup(l->ds->arena, w->text + from, n - from);
		struct diag *d = diag_here(lint_add(l, span, "`%s` without quotes is split at blanks and expanded as a pattern", whole), "not quoted");
		diag_fix(diag_help(d, "write `\"%s\"`", whole), span, arena_printf(l->ds->arena, "\"%s\"", whole), "quote it");
		w->at = n;
	}
}

void lint_bare_variable(struct lint *l)
{
	each_piece(l, find_variable);
}

static void find_remove(struct lint *l, const struct model_thing *t, const struct expr *piece, struct walk *w)
{
	static const char *const forms[] = {"rm -rf $", "rm -rf \"$", "rm -fr $", "rm -fr \"$", "rm -r $", "rm -rf /", "rm -rf ~", "rm -rf *"};
	(void)t;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		const char *at = strstr(w->text, forms[i]);
		if (!at)
			continue;
		diag_help(diag_here(lint_add(l, place(l, piece, w->text, (size_t)(at - w->text), strlen(forms[i])), "this removes more than it should where the variable is empty or wrong"), "removes a whole tree"),
			"a task begins in an empty folder of its own: there is seldom anything to remove");
		return;
	}
}

void lint_dangerous_remove(struct lint *l)
{
	each_piece(l, find_remove);
}

static void find_backtick(struct lint *l, const struct model_thing *t, const struct expr *piece, struct walk *w)
{
	char c;
	(void)t;
	while (step(w, &c))
		if (c == '`' && !w->single && !w->comment) {
			diag_help(diag_here(lint_add(l, place(l, piece, w->text, w->at - 1, 1), "backticks are hard to see and to nest"), "an old form"), "write $(...)");
			w->at = w->len;
		}
}

void lint_backticks(struct lint *l)
{
	each_piece(l, find_backtick);
}
