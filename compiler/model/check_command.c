/* Commands: scripts whose placeholders stand for whole words, and lists of words. And text with holes elsewhere. */
#include "compiler/model/check.h"
#include <string.h>

/* -- where in a shell script a placeholder stands (POSIX.1-2017, XCU 2.2, 2.3, 2.7.4) --------------------------------- */

enum shell_mode { SHELL_PLAIN, SHELL_SINGLE, SHELL_DOUBLE, SHELL_COMMENT, SHELL_HEREDOC };
enum { SHELL_DEPTH = 64, SHELL_HEREDOCS = 8, SHELL_WORD = 64 };
struct shell {
	enum shell_mode stack[SHELL_DEPTH]; /* of nested $( ) and quotes */
	char close[SHELL_DEPTH];            /* what ends each level: ) " or 0 */
	uint32_t depth;
	char delimiter[SHELL_HEREDOCS][SHELL_WORD];
	bool strip[SHELL_HEREDOCS];
	uint32_t n_delimiters;              /* here-documents that begin at the line's end */
	bool word_start;
};

static void shell_push(struct shell *s, enum shell_mode m, char close)
{
	if (s->depth + 1 < SHELL_DEPTH) {
		s->stack[++s->depth] = m;
		s->close[s->depth] = close;
	}
}

/* Behind `<<`: notes the delimiter; returns how many bytes it took. */
static size_t shell_heredoc(struct shell *s, const char *t, size_t len)
{
	size_t i = 0, n = 0;
	bool strip = i < len && t[i] == '-';
	i += strip;
	while (i < len && (t[i] == ' ' || t[i] == '\t'))
		i++;
	char word[SHELL_WORD];
	for (; i < len && n + 1 < sizeof word && !strchr(" \t\n;&|<>()", t[i]); i++)
		if (t[i] != '\'' && t[i] != '"' && t[i] != '\\')
			word[n++] = t[i];
	word[n] = '\0';
	if (n && s->n_delimiters < SHELL_HEREDOCS) {
		memcpy(s->delimiter[s->n_delimiters], word, n + 1);
		s->strip[s->n_delimiters++] = strip;
	}
	return i;
}

/* At the start of a line in a here-document: how long it is when it is the delimiter, else 0. */
static size_t shell_delimiter(const struct shell *s, const char *t, size_t len)
{
	size_t i = 0;
	while (s->strip[0] && i < len && t[i] == '\t')
		i++;
	size_t n = strlen(s->delimiter[0]);
	return len - i >= n && memcmp(t + i, s->delimiter[0], n) == 0 && (len - i == n || t[i + n] == '\n') ? i + n : 0;
}

static size_t shell_plain(struct shell *s, const char *t, size_t i, size_t len)
{
	char c = t[i];
	bool word_start = s->word_start;
	s->word_start = c == ' ' || c == '\t' || c == '\n' || c == ';' || c == '&' || c == '|' || c == '(';
	if (c == '\\')
		return i + 2;
	if (c == '\'')
		shell_push(s, SHELL_SINGLE, '\'');
	else if (c == '"')
		shell_push(s, SHELL_DOUBLE, '"');
	else if (c == '#' && word_start)
		shell_push(s, SHELL_COMMENT, 0);
	else if (c == '(')
		shell_push(s, SHELL_PLAIN, ')');
	else if (c == ')' && s->depth && s->close[s->depth] == ')')
		s->depth--;
	else if (c == '<' && i + 1 < len && t[i + 1] == '<' && !(i + 2 < len && t[i + 2] == '<') && !(i && t[i - 1] == '<'))
		return i + 2 + shell_heredoc(s, t + i + 2, len - i - 2);
	else if (c == '\n' && s->n_delimiters)
		shell_push(s, SHELL_HEREDOC, 0);
	return i + 1;
}

static void shell_feed(struct shell *s, const char *t, size_t len)
{
	for (size_t i = 0; i < len;) {
		char c = t[i];
		switch (s->stack[s->depth]) {
		case SHELL_PLAIN: i = shell_plain(s, t, i, len); break;
		case SHELL_SINGLE: s->depth -= c == '\''; i++; break;
		case SHELL_DOUBLE:
			if (c == '$' && i + 1 < len && t[i + 1] == '(') {
				shell_push(s, SHELL_PLAIN, ')');
				i++;
			} else if (c == '"') {
				s->depth--;
			}
			i += 1 + (c == '\\');
			break;
		case SHELL_COMMENT:
			if (c == '\n') {
				s->depth--;
				s->word_start = true;
				i = s->stack[s->depth] == SHELL_PLAIN ? shell_plain(s, t, i, len) : i + 1;
			} else {
				i++;
			}
			break;
		case SHELL_HEREDOC: {
			size_t n = i == 0 || t[i - 1] == '\n' ? shell_delimiter(s, t + i, len - i) : 0;
			if (n) {
				s->n_delimiters--;
				memmove(s->delimiter[0], s->delimiter[1], sizeof s->delimiter - sizeof s->delimiter[0]);
				memmove(s->strip, s->strip + 1, sizeof s->strip - sizeof s->strip[0]);
				if (!s->n_delimiters)
					s->depth--;
				s->word_start = true;
				i += n;
			} else {
				i++;
			}
			break;
		}
		}
	}
}

/* -- what may stand in a placeholder ---------------------------------------------------------------------------------- */

static bool check_word(struct context *cx, struct expr *e, bool optional_ok)
{
	struct checker *ck = cx->ck;
	const struct type *t = e->type;
	if (t->kind == TYPE_POISON)
		return false;
	if (t->kind == TYPE_OPTIONAL && optional_ok)
		t = t->of;
	while (t->kind == TYPE_LIST)
		t = t->of;
	struct diag *d;
	switch (t->kind) {
	case TYPE_STRING: case TYPE_ENUM: case TYPE_FILE: case TYPE_DIR: case TYPE_ENDPOINT: case TYPE_ANY:
		return true;
	case TYPE_INT: case TYPE_FLOAT:
		if (!t->unit)
			return true;
		d = diag_here(diag_add(ck->diags, DIAG_E0315, e->span, "a quantity is written into text only in a stated unit"), "this is %s", unit_dim_name(ck->arena, t->unit));
		diag_fix(diag_help(d, "say in which: `as %s`", t->unit->name), (struct span){e->span.file, e->span.end, e->span.end}, arena_printf(ck->arena, " as %s", t->unit->name), "write it in %s", t->unit->name);
		return false;
	case TYPE_BOOL:
		diag_help(diag_here(diag_add(ck->diags, DIAG_E0316, e->span, "a condition has no one way to be written"), "this is a bool"), "say what is written: `c ? \"--yes\" : \"--no\"`");
		return false;
	case TYPE_SECRET:
		d = diag_here(diag_add(ck->diags, DIAG_E0471, e->span, "a secret may not be written into a command or a text"), "this is a secret");
		diag_help(d, "hand it over as an environment variable, `env { TOKEN = %s }`, and read $TOKEN in the command", e->op == EXPR_INPUT || e->op == EXPR_PARAM ? e->name : "...");
		return false;
	case TYPE_OPTIONAL: case TYPE_NULL:
		check_present(cx, e, "this value");
		return false;
	case TYPE_POISON: case TYPE_LIST: case TYPE_MAP: case TYPE_RECORD: case TYPE_RANGE: case TYPE_THING: break;
	}
	d = diag_here(diag_add(ck->diags, DIAG_E0301, e->span, "only strings, paths, numbers and lists of these are written into text"), "this is %s", a_type(ck, e->type));
	for (uint32_t i = 0; t->kind == TYPE_RECORD && i < t->n; i++)
		if (t->fields[i].type->kind == TYPE_FILE || t->fields[i].type->kind == TYPE_DIR)
			diag_note(d, "its `%s` could be", t->fields[i].name);
	return false;
}

/* -- text -------------------------------------------------------------------------------------------------------------- */

struct expr *check_text(struct context *cx, const struct ast_expr *e)
{
	if (e->list.len > UINT16_MAX) {
		diag_add(cx->ck->diags, DIAG_E0302, e->span, "a text has at most 65535 holes");
		return make_poison(cx->ck, e->span);
	}
	struct expr *x = expr_new(cx->ck->arena, EXPR_TEXT, e->span, &type_string, (uint16_t)e->list.len);
	uint32_t i = 0;
	bool ok = true;
	for (const struct ast_expr *p = e->list.first; p; p = p->next) {
		struct expr *part = check_expr(cx, p, NULL);
		ok = check_word(cx, part, false) && ok;
		x->args[i++] = part;
	}
	return ok ? x : make_poison(cx->ck, e->span);
}

static void report_quoted(struct context *cx, const struct ast_expr *hole, enum shell_mode mode, const char *before, const char *after)
{
	const char *text = cx->ck->sources->list.at[hole->span.file].text;
	struct span span = {hole->span.file, hole->span.start - 2, hole->span.end + 1};
	struct diag *d = diag_add(cx->ck->diags, DIAG_E0311, span,
		mode == SHELL_COMMENT ? "a placeholder stands in a comment of the script" : mode == SHELL_HEREDOC ? "a placeholder stands in a here-document" : "a placeholder stands inside quotes of the script");
	diag_here(d, "it stands for whole words and is quoted by its type already");
	if (mode == SHELL_HEREDOC) {
		diag_help(d, "pass the value in `env { }` and write $NAME here, or keep the document in a file beside the twin: asset(\"...\")");
	} else if (mode == SHELL_COMMENT) {
		diag_help(d, "take it out of the comment; `~~{` writes a plain ~{");
	} else {
		char quote = mode == SHELL_SINGLE ? '\'' : '"';
		size_t n = strlen(before);
		diag_help(d, "remove the quotes around it");
		if (n && before[n - 1] == quote && *after == quote)
			diag_fix(d, (struct span){span.file, span.start - 1, span.end + 1}, arena_printf(cx->ck->arena, "%.*s", (int)(span.end - span.start), text + span.start), "remove the quotes");
	}
}

static const struct expr *check_script(struct context *cx, const struct ast_expr *e)
{
	struct ast_expr whole = {.kind = AST_TEXT, .span = e->span};
	struct ast_expr only = *e;
	if (e->kind == AST_STRING) {
		only.next = NULL;
		only.key = NULL;
		whole.list.first = &only;
		whole.list.len = 1;
		e = &whole;
	}
	struct expr *x = expr_new(cx->ck->arena, EXPR_WORDS, e->span, &type_string, (uint16_t)(e->list.len > UINT16_MAX ? 0 : e->list.len));
	struct shell shell = {.word_start = true};
	const char *before = "";
	uint32_t i = 0;
	bool ok = true;
	for (const struct ast_expr *p = e->list.first; p && i < x->n; p = p->next) {
		bool script = p->kind == AST_STRING && (e == &whole || cx->ck->sources->list.at[p->span.file].text[p->span.start] != '"' || p->span.end - p->span.start != p->string.len + 2);
		if (script) {
			shell_feed(&shell, p->string.text, p->string.len);
			before = p->string.text;
			x->args[i++] = make_const(cx->ck, p->span, value_string_n(cx->ck->arena, p->string.text, p->string.len), &type_string);
			continue;
		}
		struct expr *hole = check_expr(cx, p, NULL);
		if (hole->op == EXPR_CONST && hole->value->kind == VALUE_STRING) { /* a bare constant is the script's own text */
			struct expr *text = expr_new(cx->ck->arena, EXPR_TEXT, hole->span, hole->type, 1);
			text->args[0] = hole;
			hole = text;
		}
		ok = check_word(cx, hole, false) && ok;
		if (shell.stack[shell.depth] != SHELL_PLAIN) {
			report_quoted(cx, p, shell.stack[shell.depth], before, p->next && p->next->kind == AST_STRING ? p->next->string.text : "");
			ok = false;
		}
		shell.word_start = false;
		x->args[i++] = hole;
	}
	return ok ? x : make_poison(cx->ck, e->span);
}

const struct expr *check_command(struct context *cx, const struct ast_expr *e)
{
	if (e->kind == AST_STRING || e->kind == AST_TEXT)
		return check_script(cx, e);
	if (e->kind == AST_LIST && e->list.len && e->list.len <= UINT16_MAX) {
		struct expr *x = expr_new(cx->ck->arena, EXPR_LIST, e->span, type_list(cx->ck->arena, &type_any), (uint16_t)e->list.len);
		uint32_t i = 0;
		bool ok = true;
		for (const struct ast_expr *p = e->list.first; p; p = p->next) {
			struct expr *word = check_expr(cx, p, NULL);
			ok = check_word(cx, word, true) && ok;
			x->args[i++] = word;
		}
		return ok ? x : make_poison(cx->ck, e->span);
	}
	if (e->kind == AST_LIST) {
		diag_help(diag_here(diag_add(cx->ck->diags, DIAG_E0302, e->span, "this command has no words"), "empty"), "the first word is the program");
		return make_poison(cx->ck, e->span);
	}
	struct expr *x = check_expr(cx, e, NULL);
	if (is_poison(x) || (x->type->kind == TYPE_LIST && check_word(cx, x, false)))
		return x;
	diag_help(diag_here(diag_add(cx->ck->diags, DIAG_E0301, e->span, "a command is a text or a list of words"), "this is %s", a_type(cx->ck, x->type)),
		"write the script out, with its values as ~{x}; text from elsewhere never becomes code");
	return make_poison(cx->ck, e->span);
}
