/* What the generated scanner and the filter behind it share. Private to this room. */
#ifndef TWINC_SYNTAX_SCAN_H
#define TWINC_SYNTAX_SCAN_H
#include "compiler/syntax/parse.h"
#include "grammar/twin.tab.h"

enum { SCAN_NEWLINE = 100000 };

/* A scanner over scan->text from scan->offset on. NULL: out of memory. */
void *scan_create(struct scan *scan);
/* The next bytes of the text, at most `most`; how many. */
size_t scan_input(struct scan *scan, char *buffer, size_t most);
void scan_destroy(void *yyscanner);
int scan_raw(YYSTYPE *value, struct span *span, struct scan *scan, void *yyscanner);
void scan_expect_unit(void *yyscanner);
/* The parser's next token. */
int yylex(YYSTYPE *value, struct span *span, struct scan *s);

void scan_comment(struct scan *s, struct span span, const char *text);
int scan_number(struct scan *s, const struct span *span, const char *text, uint32_t len, YYSTYPE *value);
/* *taken: how many bytes belong to the token; less where only a number stood there. */
int scan_quantity(struct scan *s, const struct span *span, const char *text, uint32_t *taken, YYSTYPE *value);
int scan_name(struct scan *s, const char *text, uint32_t len, YYSTYPE *value);
bool scan_plain_string(struct scan *s, const struct span *span, const char *text, uint32_t len, YYSTYPE *value);
/* text is borrowed until the parts of a text are joined: the source's own, or the arena's. */
int scan_part(const char *text, uint32_t len, YYSTYPE *value);
int scan_escape(struct scan *s, const struct span *span, const char *text, uint32_t len, YYSTYPE *value);
int scan_unit(struct scan *s, const struct span *span, const char *text, uint32_t len, YYSTYPE *value);
void scan_unended(struct scan *s, struct span span, bool block);
void scan_stray(struct scan *s, struct span span, const char *text);
bool scan_wants_unit(const struct scan *s);
bool scan_open(struct scan *s, char what);
char scan_close(struct scan *s, char what); /* what was open: '(' '[' '{', 't' or 'b' for a hole in a text or block */
#endif
