/* The syntax tree: what was written, and nothing more. Made by parse.c, read by fmt, dump and the model. */
#ifndef TWINC_SYNTAX_AST_H
#define TWINC_SYNTAX_AST_H
#include "compiler/base/intern.h"
#include "compiler/diag/diag.h"
#include "compiler/doc/doc.h"
#include "compiler/value/unit.h"

enum ast_expr_kind {
	AST_NAME, AST_STRING, AST_INT, AST_FLOAT, AST_QUANTITY, AST_TRUE, AST_FALSE, AST_NULL,
	AST_TEXT,   /* a string with interpolations: a list of AST_STRING and other expressions */
	AST_LIST, AST_RECORD, AST_EACH,
	AST_UNARY, AST_BINARY, AST_COND, AST_AS, AST_MEMBER, AST_INDEX, AST_CALL,
	AST_ERROR,  /* what stood there was no expression; reported already */
};
enum ast_op {
	AST_OP_NONE, AST_NEGATE, AST_NOT, AST_ADD, AST_SUB, AST_MUL, AST_DIV, AST_MOD, AST_LT, AST_LE, AST_GT, AST_GE, AST_EQ,
	AST_NE, AST_IN, AST_AND, AST_OR, AST_COALESCE, AST_RANGE,
};
struct ast_pattern { const char *name, *second; struct span span, second_span; };
struct ast_each { struct ast_pattern *pattern; struct ast_expr *in, *when, *body; };
struct ast_expr {
	uint8_t kind, op;
	bool paren;      /* stood in parentheses */
	bool block;      /* STRING, TEXT: was written between triple quotes */
	uint16_t depth;  /* of the tree below, bounded by AST_MAX_DEPTH */
	struct span span;
	uint32_t key_start, key_end;
	const char *key; /* in a record, or a named argument; NULL: positional */
	struct ast_expr *next; /* in a list of elements, entries or arguments */
	union {
		struct { const char *text; uint32_t len; } string; /* NAME (interned), STRING (unescaped) */
		int64_t integer;
		struct { double number; const struct unit *unit; } quantity; /* FLOAT, QUANTITY; unit NULL where it was erroneous */
		struct { struct ast_expr *a, *b, *c; } of; /* UNARY a; BINARY a b; COND a ? b : c; INDEX a[b] */
		struct { struct ast_expr *a; const struct unit *unit; uint32_t unit_start, unit_end; } as;
		struct { struct ast_expr *a; const char *name; uint32_t name_start, name_end; } member;
		struct { struct ast_expr *a, *args; } call;
		struct { struct ast_expr *first; uint32_t len; } list; /* LIST, RECORD, TEXT */
		struct ast_each *each;
	};
};
static inline struct span ast_key_span(const struct ast_expr *e) { return (struct span){e->span.file, e->key_start, e->key_end}; }
static inline struct span ast_member_span(const struct ast_expr *e) { return (struct span){e->span.file, e->member.name_start, e->member.name_end}; }
static inline struct span ast_unit_span(const struct ast_expr *e) { return (struct span){e->span.file, e->as.unit_start, e->as.unit_end}; }

enum ast_type_kind { AST_TYPE_PATH, AST_TYPE_UNIT, AST_TYPE_ENUM, AST_TYPE_RECORD };
struct ast_type {
	uint8_t kind;
	bool optional;
	struct span span;
	union {
		struct { const char *name; struct ast_type *args; }; /* PATH: dotted, interned; between < and > */
		const struct unit *unit;    /* UNIT argument */
		struct ast_expr *members;   /* ENUM: strings */
		struct ast_item *fields;    /* RECORD */
	};
	struct ast_expr *low, *high, *matching; /* bounds: numbers, quantities or a path; matching: a string; or NULL */
	struct ast_type *next;
};
enum ast_item_kind { AST_ATTRIBUTE, AST_FIELD, AST_BLOCK, AST_DECLARATION, AST_FOR, AST_IF, AST_REPEAT, AST_IMPORT, AST_FUNCTION };
struct ast_annotation { const char *name; struct span span; struct ast_expr *args; struct ast_annotation *next; };
struct ast_parameter { const char *name; struct span span; struct ast_type *type; struct ast_parameter *next; };
struct ast_item {
	uint8_t kind;
	bool has_body, has_otherwise;
	uint32_t part; /* at the top of a file: of file->parts */
	struct span span, name_span; /* span: begins with the word where there is one */
	const char *word;  /* DECLARATION: `step`; BLOCK: its name */
	const char *name;  /* ATTRIBUTE key, FIELD, DECLARATION, FUNCTION; IMPORT: the name after `as`, or NULL */
	struct ast_type *type;        /* FIELD, DECLARATION; FUNCTION: result */
	struct ast_expr *value;       /* ATTRIBUTE, FIELD, DECLARATION, FUNCTION; FOR: the list; IF: condition; IMPORT: STRING, or NAME with dots */
	struct ast_item *body;        /* first of it */
	union {
		struct ast_parameter *parameters; /* DECLARATION <F: format>; FUNCTION (x: T) */
		struct ast_item *otherwise;       /* IF: the `else` body's first item, or one IF */
		struct ast_pattern *pattern;      /* FOR */
	};
	struct ast_annotation *annotations;
	const char *doc;              /* its ## lines joined by newlines, or NULL */
	struct ast_item *next;
};
/* Of its word; nowhere for an item that has none. */
struct span ast_word_span(const struct ast_item *i);
/* A token as written: for fmt. `angle`: the < or > of a type. */
struct ast_token { uint16_t kind; bool angle; uint32_t start, end; };
struct ast_comment { struct span span; bool doc, own_line, taken; };
/* Neighbours at the top of a file and all that stands in them: given back together, when none is needed any more. */
struct ast_part { struct arena arena; uint32_t needed; };
struct ast_file {
	uint32_t source;
	struct ast_item *items;
	VEC(struct ast_part) parts; /* the tree is theirs; names, units and documentation are the caller's arena's */
	VEC(struct ast_token) tokens; /* only when asked for */
	VEC(struct ast_comment) comments;
	VEC(const struct ast_item *) annotated; /* all items with annotations, in order of the text */
	bool bad; /* a syntax error was reported */
};
#define AST_MAX_DEPTH 400
#define AST_MAX_BYTES ((size_t)256 << 20)

/* Parses source number `source`. Never NULL; errors go to diags. Documentation, units and names outlive the tree. */
struct ast_file *ast_parse(struct arena *a, struct intern *in, struct diags *ds, uint32_t source, bool keep_tokens);
/* Nothing of this item at the top of the file is needed any more. */
void ast_release(struct ast_file *f, const struct ast_item *item);
void ast_finish(struct ast_file *f); /* accepts NULL and what is finished; the file itself is the arena's */
/* The file in its one layout: same tokens, same comments, line breaks kept, indentation and blanks made regular. */
void ast_format(const struct ast_file *f, const char *text, struct buf *ret);
struct doc *ast_dump(struct arena *a, struct sources *s, const struct ast_file *f);
const char *ast_op_text(enum ast_op op);
#endif
