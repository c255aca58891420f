/* Renderings of a set of diagnostics. Each appends to a buffer and prints nothing. */
#ifndef TWINC_SHOW_SHOW_H
#define TWINC_SHOW_SHOW_H
#include "compiler/base/buf.h"
#include "compiler/diag/diag.h"
#include "compiler/doc/doc.h"
/* As in docs/language.md: `path:line:col: error[E0412]: message`, labelled source lines, notes, help. Escape
 * sequences in colour only where asked; control characters of the source are shown as U+FFFD; tabs as spaces. */
void show_text(const struct diags *ds, bool colour, struct buf *ret);
void show_one_text(const struct diag *d, bool colour, struct buf *ret);
/* One diagnostic as a document, as show_json and the language server tell it. */
struct doc *show_doc(struct arena *a, const struct diag *d);
void show_json(const struct diags *ds, struct buf *ret);   /* docs: interface.md, check --format json */
void show_sarif(const struct diags *ds, struct buf *ret);  /* SARIF 2.1.0 (OASIS), one run, rules from codes.def */
void show_junit(const struct diags *ds, struct buf *ret);  /* one test case a diagnostic; a passing one when there is none */
void show_github(const struct diags *ds, struct buf *ret); /* ::error file=,line=,col=,endLine=,endColumn=,title=::message */
#endif
