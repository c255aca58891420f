/* Inside of runtime/state: what other tables than journal.c's are written with. */
#ifndef TWINC_STATE_INSIDE_H
#define TWINC_STATE_INSIDE_H
#include "runtime/state/journal.h"

struct sqlite3;
struct sqlite3 *journal_db(struct journal *j);
/* Begins the transaction that journal_commit ends, where none is under way. False once something could not be written. */
bool journal_begin(struct journal *j);
/* Something failed: no commit from now on; journal_error says what. */
void journal_note_failure(struct journal *j);
#endif
