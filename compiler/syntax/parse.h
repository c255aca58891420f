/* Between the grammar and the tree: the scanner's state and the constructors that grammar actions call. Private to this room. */
#ifndef TWINC_SYNTAX_PARSE_H
#define TWINC_SYNTAX_PARSE_H
#include "compiler/syntax/ast.h"

#define PARSE_MAX_NESTING 200
struct scan {
	struct arena *arena;         /* of the part of the file that is being read */
	struct arena *kept;          /* what outlives the tree */
	struct intern *intern;
	struct diags *diags;
	struct ast_file *file;
	const char *text;
	uint32_t len, handed;        /* handed: how much of the text flex has */
	uint32_t offset, start;      /* of the raw token being made */
	bool keep_tokens, line_has_token, in_import, glued; /* glued: no blank before the raw token */
	int last;                    /* kind of the last token */
	uint32_t last_end;
	const char *last_name;
	bool ahead;                  /* a token was read beyond a line's end */
	int ahead_kind;
	struct span ahead_span;
	void *ahead_value;           /* its YYSTYPE, in the arena */
	struct map units;            /* as written -> struct unit: the same few come again and again */
	void *flex;                  /* the generated scanner */
	char nesting[PARSE_MAX_NESTING];
	uint32_t nesting_at[PARSE_MAX_NESTING]; /* offset of each opening bracket */
	uint32_t depth, holes;
	VEC(struct ast_item *) listed; /* for the documentation: the items of one at the top */
	const char *doc_ahead;       /* documentation of the item that follows */
	uint32_t attached;           /* how many comments are given to their items */
	bool too_deep;
	uint32_t error_at;           /* offset behind the last reported error: one report per place */
};
#define PARSE_FIRST(list, node) ((list).first = (list).last = (node))
#define PARSE_APPEND(list, type, node)                               \
	do {                                                         \
		if ((list).last)                                     \
			((type *)(list).last)->next = (node);        \
		else                                                 \
			(list).first = (node);                       \
		(list).last = (node);                                \
	} while (0)

struct ast_expr *parse_expr(struct scan *s, uint8_t kind, struct span span);
struct ast_expr *parse_name(struct scan *s, struct span span, const char *name);
struct ast_expr *parse_string(struct scan *s, struct span span, const char *text, uint32_t len);
struct ast_expr *parse_part(struct scan *s, struct span span, const char *text, uint32_t len);
struct ast_expr *parse_text(struct scan *s, struct span span, struct ast_expr *parts, bool block);
struct ast_expr *parse_int(struct scan *s, struct span span, int64_t v);
struct ast_expr *parse_number(struct scan *s, uint8_t kind, struct span span, double v, const struct unit *u);
struct ast_expr *parse_unary(struct scan *s, uint8_t op, struct span span, struct ast_expr *a);
struct ast_expr *parse_binary(struct scan *s, uint8_t op, struct span span, struct ast_expr *a, struct ast_expr *b);
struct ast_expr *parse_cond(struct scan *s, struct span span, struct ast_expr *a, struct ast_expr *b, struct ast_expr *c);
struct ast_expr *parse_as(struct scan *s, struct span span, struct ast_expr *a, const struct unit *u, struct span unit_span);
struct ast_expr *parse_member(struct scan *s, struct span span, struct ast_expr *a, const char *name, struct span name_span);
struct ast_expr *parse_index(struct scan *s, struct span span, struct ast_expr *a, struct ast_expr *b);
struct ast_expr *parse_call(struct scan *s, struct span span, struct ast_expr *a, struct ast_expr *args);
struct ast_expr *parse_list(struct scan *s, uint8_t kind, struct span span, struct ast_expr *first);
struct ast_expr *parse_each(struct scan *s, struct span span, struct ast_pattern *p, struct ast_expr *in, struct ast_expr *when, struct ast_expr *body);
struct ast_pattern *parse_pattern(struct scan *s, struct span span, const char *name, const char *second, struct span second_span);
struct ast_type *parse_type(struct scan *s, uint8_t kind, struct span span);
struct ast_item *parse_item(struct scan *s, uint8_t kind, struct span span, const char *name, struct span name_span);
struct ast_item *parse_head(struct ast_item *body, uint8_t kind, struct span span, const char *word, struct span word_span);
struct ast_item *parse_declaration(struct scan *s, struct span span, const char *word, const char *name, struct span name_span);
struct ast_expr *parse_keyed(struct ast_expr *e, const char *key, struct span key_span);
struct ast_item *parse_import(struct scan *s, struct span span, struct ast_expr *path);
struct ast_annotation *parse_annotation(struct scan *s, struct span span, const char *name, struct ast_expr *args);
struct ast_item *parse_annotated(struct scan *s, struct ast_item *item, struct ast_annotation *first);
struct ast_parameter *parse_parameter(struct scan *s, struct span span, const char *name, struct ast_type *type);
const char *parse_key(struct scan *s, const char *text, uint32_t len);
const char *parse_join(struct scan *s, const char *a, const char *b);
void parse_angle(struct scan *s, struct span span);
/* The item stands at the top of the file. */
void parse_top(struct scan *s, struct ast_item *item);
void parse_file(struct scan *s, struct ast_item *items);
void parse_unexpected(struct scan *s, struct span span, const char *got, const char **expected, uint32_t n);
void parse_overflow(struct scan *s, struct span span);
/* Gives the item and all in it the comments that stand above it or behind it on its line as documentation. */
void parse_attach_docs(struct scan *s, struct ast_item *top);
#endif
