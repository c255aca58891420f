/* The shape of a twin (docs/language.md, Grammar). Actions only construct; no name is looked up here. */
%require "3.8"
%expect 0
%define api.pure full
%define parse.error custom
%define lr.default-reduction consistent /* not most: recovery would end the file at the first error */
%locations
%define api.location.type {struct span}
%param {struct scan *scan}

%code requires {
#include "compiler/syntax/ast.h"
struct scan;
}
%code {
#include "compiler/syntax/scan.h"
static void yyerror(struct span *span, struct scan *scan, const char *message) { (void)message; parse_overflow(scan, *span); }
#define YYLLOC_DEFAULT(now, rhs, n) \
	((now) = (n) ? span_join(YYRHSLOC(rhs, 1), YYRHSLOC(rhs, n)) \
	             : (struct span){YYRHSLOC(rhs, 0).file, YYRHSLOC(rhs, 0).end, YYRHSLOC(rhs, 0).end})
#define YYMAXDEPTH 5000
}

%union {
	const char *name;
	struct { const char *text; uint32_t len; } string;
	int64_t integer;
	struct { double number; const struct unit *unit; } quantity;
	const struct unit *unit;
	struct ast_expr *expr;
	struct ast_type *type;
	struct ast_item *item;
	struct ast_annotation *annotation;
	struct ast_parameter *parameter;
	struct ast_pattern *pattern;
	struct { void *first, *last; } list;
}

%token <name> NAME "a name"
%token <string> STRING "a string" STRING_PART "text"
%token STRING_OPEN "a string with ~{" STRING_CLOSE "the end of the string" BLOCK_OPEN "a text block"
%token HOLE_OPEN "~{" HOLE_CLOSE "the } that ends ~{"
%token <integer> INT "a whole number"
%token <quantity> FLOAT "a number" QUANTITY "a quantity"
%token <unit> UNIT "a unit"
%token NEWLINE "the end of the line"
%token FOR "for" IF "if" ELSE "else" REPEAT "repeat" IMPORT "import" FN "fn" AS "as" IN "in" MATCHING "matching"
%token TRUE "true" FALSE "false" NULL_ "null"
%token ARROW "->" DOTS ".." COALESCE "??" OR "||" AND "&&" LE "<=" GE ">=" EQ "==" NE "!="
%token LT "<" GT ">" PLUS "+" MINUS "-" STAR "*" SLASH "/" PERCENT "%" BANG "!" QUESTION "?" COLON ":"
%token EQUALS "=" COMMA "," DOT "." LPAREN "(" RPAREN ")" LBRACKET "[" RBRACKET "]" LBRACE "{" RBRACE "}" BAR "|" AT "@"

%type <expr> expr string hole
%type <expr> arg entry record bound list literal opt_default
%type <list> top top1 args args1 elements elements1 entries entries1 parts items items1 fields fields1 enum type_args parameters1 fn_parameters
%type <list> annotations
%type <type> type type_core type_arg opt_type
%type <item> item item_core field block declaration for if repeat import function body
%type <annotation> annotation
%type <parameter> parameter parameters
%type <pattern> pattern
%type <name> path key

/* Loosest first. */
%right "?" ":"
%right "??"
%left "||"
%left "&&"
%nonassoc "<" "<=" ">" ">=" "==" "!=" "in"
%nonassoc ".."
%left "+" "-"
%left "*" "/" "%"
%precedence "as"
%precedence UNARY
%precedence "." "[" "("

%%
file: seps top { parse_file(scan, $top.first); } ;
top: %empty { $$.first = $$.last = NULL; }
   | top1
   | top1 sep1
   ;
top1: item { PARSE_FIRST($$, $item); parse_top(scan, $item); }
    | top1 sep1 item { $$ = $1; PARSE_APPEND($$, struct ast_item, $item); parse_top(scan, $item); }
    | error { $$.first = $$.last = NULL; }
    | top1 sep1 error { $$ = $1; }
    ;

sep: NEWLINE | "," ;
sep1: sep | sep1 sep ;
seps: %empty | sep1 ;

items: %empty { $$.first = $$.last = NULL; }
     | items1
     | items1 sep1
     ;
items1: item { PARSE_FIRST($$, $item); }
      | items1 sep1 item { $$ = $1; PARSE_APPEND($$, struct ast_item, $item); }
      | error { $$.first = $$.last = NULL; }
      | items1 sep1 error { $$ = $1; }
      ;
item: item_core
    | annotations item_core { $$ = parse_annotated(scan, $2, $1.first); }
    ;
annotations: annotation opt_newline { PARSE_FIRST($$, $annotation); }
           | annotations annotation opt_newline { $$ = $1; PARSE_APPEND($$, struct ast_annotation, $annotation); }
           ;
opt_newline: %empty | NEWLINE ;
annotation: "@" path { $$ = parse_annotation(scan, @$, $path, NULL); }
          | "@" path "(" args ")" { $$ = parse_annotation(scan, @$, $path, $args.first); }
          ;
item_core: field | block | declaration | for | if | repeat | import | function
    | key "=" expr { $$ = parse_item(scan, AST_ATTRIBUTE, @$, $key, @key); $$->value = $expr; }
    ;
key: NAME | STRING { $$ = parse_key(scan, $1.text, $1.len); } ;
field: NAME ":" type opt_default { $$ = parse_item(scan, AST_FIELD, @$, $NAME, @NAME); $$->type = $type; $$->value = $opt_default; } ;
opt_default: %empty { $$ = NULL; } | "=" expr { $$ = $expr; } ;
block: NAME body { $$ = parse_head($body, AST_BLOCK, @$, $NAME, @NAME); } ;
body: "{" seps items "}" { $$ = parse_item(scan, AST_BLOCK, @$, NULL, @1); $$->body = $items.first; $$->has_body = true; } ;

declaration: NAME NAME parameters opt_type opt_default
             { $$ = parse_declaration(scan, @$, $1, $2, @2); $$->parameters = $parameters; $$->type = $opt_type; $$->value = $opt_default; }
           | NAME NAME parameters opt_type opt_default body
             { $$ = parse_declaration(scan, @$, $1, $2, @2); $$->parameters = $parameters; $$->type = $opt_type; $$->value = $opt_default;
               $$->body = $body->body; $$->has_body = true; }
           ;
opt_type: %empty { $$ = NULL; } | ":" type { $$ = $type; } ;
parameters: %empty { $$ = NULL; } | "<" parameters1 ">" { $$ = $parameters1.first; parse_angle(scan, @1); parse_angle(scan, @3); } ;
parameters1: parameter { PARSE_FIRST($$, $parameter); }
           | parameters1 "," parameter { $$ = $1; PARSE_APPEND($$, struct ast_parameter, $parameter); }
           ;
parameter: NAME { $$ = parse_parameter(scan, @$, $NAME, NULL); }
         | NAME ":" type { $$ = parse_parameter(scan, @NAME, $NAME, $type); }
         ;

for: "for" pattern "in" expr body
     { $$ = parse_head($body, AST_FOR, @$, "for", @1); $$->pattern = $pattern; $$->value = $expr; } ;
pattern: NAME { $$ = parse_pattern(scan, @$, $NAME, NULL, @$); }
       | "(" NAME[a] "," NAME[b] ")" { $$ = parse_pattern(scan, @a, $a, $b, @b); }
       ;
if: "if" expr body { $$ = parse_head($body, AST_IF, @$, "if", @1); $$->value = $expr; }
  | "if" expr body[then] "else" body[other]
    { $$ = parse_head($then, AST_IF, @$, "if", @1); $$->value = $expr; $$->otherwise = $other->body; $$->has_otherwise = true; }
  | "if" expr body[then] "else" if[other]
    { $$ = parse_head($then, AST_IF, @$, "if", @1); $$->value = $expr; $$->otherwise = $other; $$->has_otherwise = true; }
  ;
repeat: "repeat" body { $$ = parse_head($body, AST_REPEAT, @$, "repeat", @1); } ;
import: "import" path { $$ = parse_import(scan, @$, parse_name(scan, @path, $path)); }
      | "import" path "as" NAME { $$ = parse_import(scan, @$, parse_name(scan, @path, $path)); $$->name = $NAME; $$->name_span = @NAME; }
      | "import" string { $$ = parse_import(scan, @$, $string); }
      | "import" string "as" NAME { $$ = parse_import(scan, @$, $string); $$->name = $NAME; $$->name_span = @NAME; }
      ;
function: "fn" NAME "(" seps fn_parameters ")" "->" type "=" expr
          { $$ = parse_item(scan, AST_FUNCTION, @$, $NAME, @NAME); $$->parameters = $fn_parameters.first; $$->type = $type; $$->value = $expr; } ;
fn_parameters: %empty { $$.first = $$.last = NULL; } | parameters1 ;

type: type_core
    | type_core "?" { $$ = $1; $$->optional = true; $$->span = @$; parse_angle(scan, @2); }
    ;
type_core: type_arg
    | type_arg "in" bound ".." bound { $$ = $1; $$->low = $3; $$->high = $5; $$->span = @$; }
    | type_arg "matching" string { $$ = $1; $$->matching = $string; $$->span = @$; }
    ;
type_arg: path { $$ = parse_type(scan, AST_TYPE_PATH, @$); $$->name = $path; }
    | path "<" type_args ">" { $$ = parse_type(scan, AST_TYPE_PATH, @$); $$->name = $path; $$->args = $type_args.first; parse_angle(scan, @2); parse_angle(scan, @4); }
    | enum { $$ = parse_type(scan, AST_TYPE_ENUM, @$); $$->members = $1.first; }
    | "{" seps fields "}" { $$ = parse_type(scan, AST_TYPE_RECORD, @$); $$->fields = $fields.first; }
    ;
type_args: type { PARSE_FIRST($$, $1); }
    | UNIT { struct ast_type *t = parse_type(scan, AST_TYPE_UNIT, @$); t->unit = $UNIT; PARSE_FIRST($$, t); }
    | type_args "," type { $$ = $1; PARSE_APPEND($$, struct ast_type, $3); }
    ;
enum: string { PARSE_FIRST($$, $1); }
    | enum "|" string { $$ = $1; PARSE_APPEND($$, struct ast_expr, $3); }
    ;
fields: %empty { $$.first = $$.last = NULL; } | fields1 | fields1 sep1 ;
fields1: field { PARSE_FIRST($$, $1); }
    | fields1 sep1 field { $$ = $1; PARSE_APPEND($$, struct ast_item, $3); }
    ;
bound: literal | "-" literal { $$ = parse_unary(scan, AST_NEGATE, @$, $literal); }
    | path { $$ = parse_name(scan, @$, $path); }
    ;
literal: INT { $$ = parse_int(scan, @$, $1); }
    | FLOAT { $$ = parse_number(scan, AST_FLOAT, @$, $1.number, NULL); }
    | QUANTITY { $$ = parse_number(scan, AST_QUANTITY, @$, $1.number, $1.unit); }
    ;

expr: NAME { $$ = parse_name(scan, @$, $1); }
    | string
    | literal
    | "true" { $$ = parse_expr(scan, AST_TRUE, @$); }
    | "false" { $$ = parse_expr(scan, AST_FALSE, @$); }
    | "null" { $$ = parse_expr(scan, AST_NULL, @$); }
    | "(" expr ")" { $$ = $2; $$->paren = true; $$->span = @$; }
    | record
    | list
    | expr "?" expr ":" expr { $$ = parse_cond(scan, @$, $1, $3, $5); }
    | expr "??" expr { $$ = parse_binary(scan, AST_COALESCE, @$, $1, $3); }
    | expr "||" expr { $$ = parse_binary(scan, AST_OR, @$, $1, $3); }
    | expr "&&" expr { $$ = parse_binary(scan, AST_AND, @$, $1, $3); }
    | expr "<" expr { $$ = parse_binary(scan, AST_LT, @$, $1, $3); }
    | expr "<=" expr { $$ = parse_binary(scan, AST_LE, @$, $1, $3); }
    | expr ">" expr { $$ = parse_binary(scan, AST_GT, @$, $1, $3); }
    | expr ">=" expr { $$ = parse_binary(scan, AST_GE, @$, $1, $3); }
    | expr "==" expr { $$ = parse_binary(scan, AST_EQ, @$, $1, $3); }
    | expr "!=" expr { $$ = parse_binary(scan, AST_NE, @$, $1, $3); }
    | expr "in" expr { $$ = parse_binary(scan, AST_IN, @$, $1, $3); }
    | expr ".." expr { $$ = parse_binary(scan, AST_RANGE, @$, $1, $3); }
    | expr "+" expr { $$ = parse_binary(scan, AST_ADD, @$, $1, $3); }
    | expr "-" expr { $$ = parse_binary(scan, AST_SUB, @$, $1, $3); }
    | expr "*" expr { $$ = parse_binary(scan, AST_MUL, @$, $1, $3); }
    | expr "/" expr { $$ = parse_binary(scan, AST_DIV, @$, $1, $3); }
    | expr "%" expr { $$ = parse_binary(scan, AST_MOD, @$, $1, $3); }
    | expr "as" UNIT { $$ = parse_as(scan, @$, $1, $3, @3); }
    | "-" expr %prec UNARY { $$ = parse_unary(scan, AST_NEGATE, @$, $2); }
    | "!" expr %prec UNARY { $$ = parse_unary(scan, AST_NOT, @$, $2); }
    | expr "." NAME { $$ = parse_member(scan, @$, $1, $3, @3); }
    | expr "[" seps expr seps "]" { $$ = parse_index(scan, @$, $1, $4); }
    | expr "(" args ")" { $$ = parse_call(scan, @$, $1, $3.first); }
    ;
string: STRING { $$ = parse_string(scan, @$, $1.text, $1.len); }
    | STRING_OPEN parts STRING_CLOSE { $$ = parse_text(scan, @$, $2.first, false); }
    | BLOCK_OPEN parts STRING_CLOSE { $$ = parse_text(scan, @$, $2.first, true); }
    ;
parts: %empty { $$.first = $$.last = NULL; }
    | parts STRING_PART { struct ast_expr *e = parse_part(scan, @2, $2.text, $2.len); $$ = $1; PARSE_APPEND($$, struct ast_expr, e); }
    | parts hole { $$ = $1; PARSE_APPEND($$, struct ast_expr, $2); }
    ;
hole: HOLE_OPEN expr HOLE_CLOSE { $$ = $2; } ;
list: "[" seps elements "]" { $$ = parse_list(scan, AST_LIST, @$, $elements.first); }
    | "[" seps "for" pattern "in" expr "->" expr seps "]" { $$ = parse_each(scan, @$, $pattern, $6, NULL, $8); }
    | "[" seps "for" pattern "in" expr "if" expr "->" expr seps "]" { $$ = parse_each(scan, @$, $pattern, $6, $8, $10); }
    ;
elements: %empty { $$.first = $$.last = NULL; } | elements1 | elements1 sep1 ;
elements1: expr { PARSE_FIRST($$, $1); }
    | elements1 sep1 expr { $$ = $1; PARSE_APPEND($$, struct ast_expr, $3); }
    ;
args: seps { $$.first = $$.last = NULL; } | seps args1 seps { $$ = $2; } ;
args1: arg { PARSE_FIRST($$, $1); }
    | args1 sep1 arg { $$ = $1; PARSE_APPEND($$, struct ast_expr, $3); }
    ;
arg: expr | key ":" expr { $$ = parse_keyed($3, $key, @key); } ;
record: "{" seps entries "}" { $$ = parse_list(scan, AST_RECORD, @$, $entries.first); } ;
entries: %empty { $$.first = $$.last = NULL; } | entries1 | entries1 sep1 ;
entries1: entry { PARSE_FIRST($$, $1); }
    | entries1 sep1 entry { $$ = $1; PARSE_APPEND($$, struct ast_expr, $3); }
    ;
entry: key "=" expr { $$ = parse_keyed($3, $key, @key); } ;
path: NAME | path "." NAME { $$ = parse_join(scan, $1, $3); } ;
%%
/* Bison hands over the unexpected token and what could stand there; parse.c puts it in words. */
static int yyreport_syntax_error(const yypcontext_t *ctx, struct scan *scan) {
	enum { most = 60 };
	yysymbol_kind_t expected[most];
	const char *names[most];
	int n = yypcontext_expected_tokens(ctx, expected, most);
	yysymbol_kind_t got = yypcontext_token(ctx);
	for (int i = 0; i < n; i++)
		names[i] = yysymbol_name(expected[i]);
	parse_unexpected(scan, *yypcontext_location(ctx), got == YYSYMBOL_YYEMPTY ? "" : yysymbol_name(got), names, n > 0 ? (uint32_t)n : 0);
	return 0;
}
