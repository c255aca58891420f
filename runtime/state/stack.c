#include "runtime/state/stack.h"
#include "runtime/state/inside.h"
#include <sqlite3.h>
#include <string.h>

static const char *const names[] = { "creating", "changing", "ready", "failed", "deleting" };

const char *stack_state_name(enum stack_state s)
{
	return names[s];
}

static void finish(struct journal *j, sqlite3_stmt *st)
{
	int rc = st ? sqlite3_step(st) : SQLITE_ERROR;
	if (rc != SQLITE_DONE)
		journal_note_failure(j);
	sqlite3_finalize(st);
}

static sqlite3_stmt *prepare(struct journal *j, const char *text)
{
	sqlite3_stmt *st = NULL;
	return sqlite3_prepare_v2(journal_db(j), text, -1, &st, NULL) == SQLITE_OK ? st : NULL;
}

static bool begin(struct journal *j)
{
	static const char table[] = "CREATE TABLE IF NOT EXISTS stacks(name TEXT PRIMARY KEY, provider TEXT NOT NULL, manager TEXT NOT NULL, "
				    "external TEXT NOT NULL, id TEXT, state INTEGER NOT NULL, record TEXT NOT NULL, at INTEGER) WITHOUT ROWID";
	if (!journal_begin(j))
		return false;
	if (sqlite3_exec(journal_db(j), table, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	journal_note_failure(j);
	return false;
}

void journal_stack_put(struct journal *j, const struct journal_stack *s)
{
	if (!begin(j))
		return;
	sqlite3_stmt *st = prepare(j, "INSERT OR REPLACE INTO stacks VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
	const char *const texts[] = { s->name, s->provider, s->manager, s->external, s->id };
	for (int i = 0; st && i < 5; i++)
		sqlite3_bind_text(st, i + 1, texts[i], -1, SQLITE_STATIC);
	if (st) {
		sqlite3_bind_int(st, 6, (int)s->state);
		sqlite3_bind_text(st, 7, s->record, -1, SQLITE_STATIC);
		sqlite3_bind_int64(st, 8, s->at_ms);
	}
	finish(j, st);
}

void journal_stack_drop(struct journal *j, const char *name)
{
	if (!begin(j))
		return;
	sqlite3_stmt *st = prepare(j, "DELETE FROM stacks WHERE name = ?");
	if (st)
		sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	finish(j, st);
}

static const char *text_of(sqlite3_stmt *st, int at)
{
	return (const char *)sqlite3_column_text(st, at);
}

void journal_stack_each(struct journal *j, void (*each)(const struct journal_stack *s, void *ctx), void *ctx)
{
	sqlite3_stmt *st = prepare(j, "SELECT name, provider, manager, external, id, state, record, at FROM stacks ORDER BY name");
	int rc = SQLITE_DONE;
	while (st && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		int state = sqlite3_column_int(st, 5);
		struct journal_stack s = { .name = text_of(st, 0), .provider = text_of(st, 1), .manager = text_of(st, 2), .external = text_of(st, 3),
			.id = text_of(st, 4), .record = text_of(st, 6), .state = state < 0 || state > STACK_DELETING ? STACK_FAILED : (enum stack_state)state,
			.at_ms = sqlite3_column_int64(st, 7) };
		each(&s, ctx);
	}
	if (rc != SQLITE_DONE)
		journal_note_failure(j);
	sqlite3_finalize(st);
}
