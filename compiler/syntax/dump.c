/* The tree through the document tree: `dump --as ast`, and the golden tests' form. Expressions show their structure. */
#include "compiler/syntax/ast.h"
#include <string.h>

static void show_expr(const struct ast_expr *e, struct buf *b);

static void show_list(const struct ast_expr *first, const char *colon, struct buf *b)
{
	for (const struct ast_expr *e = first; e; e = e->next) {
		if (e->key)
			buf_printf(b, "%s%s", e->key, colon);
		show_expr(e, b);
		if (e->next)
			buf_puts(b, ", ");
	}
}

static void show_string(const char *text, uint32_t len, struct buf *b)
{
	for (uint32_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c == '\n')
			buf_puts(b, "\\n");
		else if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c < 32 || c == 127)
			buf_printf(b, "\\u{%x}", c);
		else
			buf_putc(b, (char)c);
	}
}

static void show_text(const struct ast_expr *e, struct buf *b)
{
	buf_putc(b, '"');
	for (const struct ast_expr *p = e->list.first; p; p = p->next) {
		if (p->kind == AST_STRING) {
			show_string(p->string.text, p->string.len, b);
			continue;
		}
		buf_puts(b, "~{");
		show_expr(p, b);
		buf_putc(b, '}');
	}
	buf_putc(b, '"');
}

static void show_number(const struct ast_expr *e, struct buf *b)
{
	buf_printf(b, "%.17g%s", e->quantity.number, e->quantity.unit ? e->quantity.unit->name : "");
}

static void show_each(const struct ast_expr *e, struct buf *b)
{
	const struct ast_pattern *p = e->each->pattern;
	buf_printf(b, p->second ? "[for (%s, %s) in " : "[for %s in ", p->name, p->second);
	show_expr(e->each->in, b);
	if (e->each->when) {
		buf_puts(b, " if ");
		show_expr(e->each->when, b);
	}
	buf_puts(b, " -> ");
	show_expr(e->each->body, b);
	buf_putc(b, ']');
}

static void show_compound(const struct ast_expr *e, struct buf *b)
{
	buf_putc(b, '(');
	if (e->kind == AST_UNARY)
		buf_puts(b, ast_op_text(e->op));
	show_expr(e->of.a, b);
	if (e->kind == AST_BINARY)
		buf_printf(b, " %s ", ast_op_text(e->op));
	else if (e->kind == AST_COND)
		buf_puts(b, " ? ");
	if (e->kind != AST_UNARY)
		show_expr(e->of.b, b);
	if (e->kind == AST_COND) {
		buf_puts(b, " : ");
		show_expr(e->of.c, b);
	}
	buf_putc(b, ')');
}

static void show_expr(const struct ast_expr *e, struct buf *b)
{
	switch ((enum ast_expr_kind)e->kind) {
	case AST_NAME: buf_puts(b, e->string.text); break;
	case AST_STRING: buf_putc(b, '"'); show_string(e->string.text, e->string.len, b); buf_putc(b, '"'); break;
	case AST_INT: buf_printf(b, "%lld", (long long)e->integer); break;
	case AST_FLOAT: case AST_QUANTITY: show_number(e, b); break;
	case AST_TRUE: buf_puts(b, "true"); break;
	case AST_FALSE: buf_puts(b, "false"); break;
	case AST_NULL: buf_puts(b, "null"); break;
	case AST_TEXT: show_text(e, b); break;
	case AST_LIST: buf_putc(b, '['); show_list(e->list.first, "", b); buf_putc(b, ']'); break;
	case AST_RECORD: buf_putc(b, '{'); show_list(e->list.first, " = ", b); buf_putc(b, '}'); break;
	case AST_EACH: show_each(e, b); break;
	case AST_UNARY: case AST_BINARY: case AST_COND: show_compound(e, b); break;
	case AST_AS: buf_putc(b, '('); show_expr(e->as.a, b); buf_printf(b, " as %s)", e->as.unit ? e->as.unit->name : "?"); break;
	case AST_MEMBER: show_expr(e->member.a, b); buf_printf(b, ".%s", e->member.name); break;
	case AST_INDEX: show_expr(e->of.a, b); buf_putc(b, '['); show_expr(e->of.b, b); buf_putc(b, ']'); break;
	case AST_CALL: show_expr(e->call.a, b); buf_putc(b, '('); show_list(e->call.args, ": ", b); buf_putc(b, ')'); break;
	case AST_ERROR: buf_puts(b, "<error>"); break;
	}
}

static void show_type(const struct ast_type *t, struct buf *b)
{
	switch ((enum ast_type_kind)t->kind) {
	case AST_TYPE_PATH:
		buf_puts(b, t->name);
		for (const struct ast_type *a = t->args; a; a = a->next) {
			buf_puts(b, a == t->args ? "<" : ", ");
			show_type(a, b);
		}
		if (t->args)
			buf_putc(b, '>');
		break;
	case AST_TYPE_UNIT: buf_puts(b, t->unit ? t->unit->name : "?"); break;
	case AST_TYPE_ENUM:
		for (const struct ast_expr *e = t->members; e; e = e->next) {
			buf_puts(b, e == t->members ? "" : " | ");
			show_expr(e, b);
		}
		break;
	case AST_TYPE_RECORD:
		buf_puts(b, "{ ");
		for (const struct ast_item *i = t->fields; i; i = i->next) {
			buf_printf(b, "%s: ", i->name);
			show_type(i->type, b);
			buf_puts(b, i->next ? ", " : " ");
		}
		buf_putc(b, '}');
		break;
	}
	if (t->low) {
		buf_puts(b, " in ");
		show_expr(t->low, b);
		buf_puts(b, "..");
		show_expr(t->high, b);
	}
	if (t->matching) {
		buf_puts(b, " matching ");
		show_expr(t->matching, b);
	}
	if (t->optional)
		buf_putc(b, '?');
}

static void set_text(struct arena *a, struct doc *map, const char *key, struct buf *b)
{
	doc_set(a, map, key, doc_string_n(a, buf_text(b), b->len));
	buf_clear(b);
}

static struct doc *dump_items(struct arena *a, struct sources *s, const struct ast_item *first);

static struct doc *dump_item(struct arena *a, struct sources *s, const struct ast_item *i)
{
	static const char *const kinds[] = {"attribute", "field", "block", "declaration", "for", "if", "repeat", "import", "function"};
	struct doc *d = doc_map(a);
	struct buf b = {0};
	struct place p = source_place(s, i->span);
	doc_set(a, d, "item", doc_string(a, kinds[i->kind]));
	doc_set(a, d, "at", doc_printf(a, "%u:%u", p.line, p.column));
	if (i->word && (i->kind == AST_BLOCK || i->kind == AST_DECLARATION))
		doc_set(a, d, "word", doc_string(a, i->word));
	if (i->name)
		doc_set(a, d, "name", doc_string(a, i->name));
	if (i->doc)
		doc_set(a, d, "doc", doc_string(a, i->doc));
	for (const struct ast_annotation *n = i->annotations; n; n = n->next) {
		buf_printf(&b, "%s@%s(", n == i->annotations ? "" : " ", n->name);
		show_list(n->args, ": ", &b);
		buf_putc(&b, ')');
	}
	if (i->annotations)
		set_text(a, d, "annotations", &b);
	const struct ast_parameter *parameters = i->kind == AST_DECLARATION || i->kind == AST_FUNCTION ? i->parameters : NULL;
	for (const struct ast_parameter *q = parameters; q; q = q->next) {
		buf_printf(&b, "%s%s", q == parameters ? "" : ", ", q->name);
		if (q->type) {
			buf_puts(&b, ": ");
			show_type(q->type, &b);
		}
	}
	if (parameters)
		set_text(a, d, "parameters", &b);
	if (i->kind == AST_FOR)
		doc_set(a, d, "each", i->pattern->second ? doc_printf(a, "(%s, %s)", i->pattern->name, i->pattern->second) : doc_string(a, i->pattern->name));
	if (i->type) {
		show_type(i->type, &b);
		set_text(a, d, "type", &b);
	}
	if (i->value) {
		show_expr(i->value, &b);
		set_text(a, d, "value", &b);
	}
	if (i->has_body)
		doc_set(a, d, "body", dump_items(a, s, i->body));
	if (i->has_otherwise)
		doc_set(a, d, "else", dump_items(a, s, i->otherwise));
	buf_finish(&b);
	return d;
}

static struct doc *dump_items(struct arena *a, struct sources *s, const struct ast_item *first)
{
	struct doc *list = doc_list(a);
	for (const struct ast_item *i = first; i; i = i->next)
		doc_push(list, dump_item(a, s, i));
	return list;
}

struct doc *ast_dump(struct arena *a, struct sources *s, const struct ast_file *f)
{
	return dump_items(a, s, f->items);
}
