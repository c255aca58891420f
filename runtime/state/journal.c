/* One prepared statement a question, made on first use. What is written before journal_commit is one transaction. */
#include "runtime/state/inside.h"
#include "compiler/base/bug.h"
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum sql {
	SQL_SEE, SQL_BEGIN, SQL_COMMIT, SQL_ROLLBACK, SQL_RUN_ADD, SQL_RUN_END, SQL_TASK_PUT, SQL_TASK_STATE, SQL_KEY_PUT, SQL_CACHE_PUT, SQL_LOOK_PUT, SQL_LOOK_DROP,
	SQL_STAT_PUT, SQL_GATE_PUT, SQL_GATE_OPEN, SQL_APPROVE, SQL_PROMOTE, SQL_RESULTS_PUT, SQL_PLAN_PUT, SQL_PRUNE_CACHED, SQL_PRUNE_RUNS, SQL_PRUNE_TASKS,
	SQL_PRUNE_CACHE, SQL_PRUNE_KEYS, SQL_PRUNE_PLANS, SQL_PRUNE_STATS, SQL_CACHE_GET, SQL_CACHE_EACH, SQL_LOOK_GET, SQL_STAT_GET, SQL_KEY_GET, SQL_PROMOTION_GET, SQL_PROMOTION_EACH, SQL_APPROVED, SQL_RUN_LAST,
	SQL_RESULTS_GET, SQL_TASK_KEYS, SQL_TASK_DURATION, SQL_STEP_DURATION, SQL_RUN_EACH, SQL_TASK_EACH, SQL_ORPHAN_EACH, SQL_TASK_FIND, SQL_TASK_LAST, SQL_GATE_EACH,
	SQL_COUNT
};
#define TASK_COLUMNS "t.run, t.name, t.step, t.key, t.reason, t.place, t.state, t.attempt, t.home, t.number, t.start, t.end, t.exit, t.lane, t.waits, t.cpus, t.memory, t.peak, r.workflow"
static const char *const texts[SQL_COUNT] = {
	[SQL_SEE] = "BEGIN",
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_RUN_ADD] = "INSERT INTO runs(workflow, state, plan, start, pid) VALUES(?, ?, ?, ?, ?)",
	[SQL_RUN_END] = "UPDATE runs SET state = ?2, end = ?3 WHERE id = ?1",
	[SQL_TASK_PUT] = "INSERT OR REPLACE INTO tasks VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[SQL_TASK_STATE] = "UPDATE tasks SET state = ?3 WHERE run = ?1 AND name = ?2",
	[SQL_KEY_PUT] = "INSERT OR IGNORE INTO keys VALUES(?, ?)",
	[SQL_CACHE_PUT] = "INSERT OR REPLACE INTO cache VALUES(?, ?)",
	[SQL_LOOK_PUT] = "INSERT OR REPLACE INTO looks VALUES(?, ?, ?)",
	[SQL_LOOK_DROP] = "DELETE FROM looks WHERE id = ? AND more = ?",
	[SQL_STAT_PUT] = "INSERT OR REPLACE INTO stats VALUES(?, ?, ?)",
	[SQL_GATE_PUT] = "INSERT OR REPLACE INTO gates VALUES(?, ?, ?, ?, ?, ?)",
	[SQL_GATE_OPEN] = "SELECT 1 FROM gates WHERE workflow = ? AND name = ? AND state NOT IN ('passed', 'approved')",
	[SQL_APPROVE] = "INSERT OR REPLACE INTO approvals VALUES(?, ?, ?)",
	[SQL_PROMOTE] = "INSERT OR REPLACE INTO promotions VALUES(?, ?, ?)",
	[SQL_RESULTS_PUT] = "INSERT OR REPLACE INTO results VALUES(?, ?, ?, ?)",
	[SQL_PLAN_PUT] = "INSERT OR IGNORE INTO plans VALUES(?, ?)",
	[SQL_PRUNE_CACHED] = "DELETE FROM tasks WHERE state = 2 AND run < ?1 AND run IN (SELECT id FROM runs WHERE workflow = "
			     "(SELECT workflow FROM runs WHERE id = ?1))",
	[SQL_PRUNE_RUNS] = "DELETE FROM runs WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY workflow ORDER BY id DESC) n "
			   "FROM runs) WHERE n > ?)",
	[SQL_PRUNE_TASKS] = "DELETE FROM tasks WHERE run NOT IN (SELECT id FROM runs)",
	[SQL_PRUNE_CACHE] = "DELETE FROM cache WHERE key NOT IN (SELECT key FROM tasks WHERE key IS NOT NULL) RETURNING key",
	[SQL_PRUNE_KEYS] = "DELETE FROM keys WHERE key NOT IN (SELECT key FROM tasks WHERE key IS NOT NULL)",
	[SQL_PRUNE_STATS] = "DELETE FROM stats WHERE (SELECT count(*) FROM stats) > 200000",
	[SQL_PRUNE_PLANS] = "DELETE FROM plans WHERE digest NOT IN (SELECT plan FROM runs WHERE plan IS NOT NULL)",
	[SQL_CACHE_GET] = "SELECT result FROM cache WHERE key = ?",
	[SQL_CACHE_EACH] = "SELECT result FROM cache",
	[SQL_LOOK_GET] = "SELECT look FROM looks WHERE id = ? AND more = ?",
	[SQL_STAT_GET] = "SELECT stamp, digest FROM stats WHERE path = ?",
	[SQL_KEY_GET] = "SELECT components FROM keys WHERE key = ?",
	[SQL_PROMOTION_GET] = "SELECT value FROM promotions WHERE model = ?",
	[SQL_PROMOTION_EACH] = "SELECT model, value FROM promotions",
	[SQL_APPROVED] = "SELECT 1 FROM approvals WHERE gate = ? AND digest = ?",
	[SQL_RUN_LAST] = "SELECT id, workflow, state, plan, start, end, pid FROM runs WHERE ?1 IS NULL OR workflow = ?1 ORDER BY id DESC LIMIT 1",
	[SQL_RESULTS_GET] = "SELECT digest, stamp, object FROM results WHERE workflow = ?",
	[SQL_TASK_KEYS] = "SELECT t.key FROM tasks t JOIN runs r ON r.id = t.run WHERE t.name = ?2 AND r.workflow = ?1 AND t.key IS NOT NULL "
			  "AND t.state IN (2, 4) GROUP BY t.key ORDER BY max(t.run) DESC LIMIT 2",
	[SQL_TASK_DURATION] = "SELECT t.end - t.start FROM tasks t JOIN runs r ON r.id = t.run WHERE t.name = ?2 AND r.workflow = ?1 "
			      "AND t.state = 4 ORDER BY t.run DESC LIMIT 1",
	[SQL_STEP_DURATION] = "SELECT CAST(avg(t.end - t.start) AS INTEGER) FROM tasks t WHERE t.state = 4 AND t.step = ?2 AND t.run = (SELECT max(x.run) FROM tasks x "
			      "JOIN runs r ON r.id = x.run WHERE r.workflow = ?1 AND x.step = ?2 AND x.state = 4)",
	[SQL_RUN_EACH] = "SELECT id, workflow, state, plan, start, end, pid FROM runs ORDER BY id DESC LIMIT ?",
	[SQL_TASK_EACH] = "SELECT " TASK_COLUMNS " FROM tasks t JOIN runs r ON r.id = t.run WHERE t.run = ? ORDER BY t.name",
	[SQL_ORPHAN_EACH] = "SELECT " TASK_COLUMNS " FROM tasks t JOIN runs r ON r.id = t.run WHERE (?1 IS NULL OR r.workflow = ?1) AND t.state = 3 ORDER BY t.run",
	[SQL_TASK_FIND] = "SELECT " TASK_COLUMNS " FROM tasks t JOIN runs r ON r.id = t.run WHERE t.name = ?2 AND (?1 IS NULL OR r.workflow = ?1) "
			  "AND t.number > 0 ORDER BY t.run DESC LIMIT 1",
	[SQL_TASK_LAST] = "SELECT " TASK_COLUMNS " FROM tasks t JOIN runs r ON r.id = t.run WHERE t.name = ?2 AND (?1 IS NULL OR r.workflow = ?1) "
			  "ORDER BY t.run DESC LIMIT 1",
	[SQL_GATE_EACH] = "SELECT workflow, name, digest, state, text, at FROM gates ORDER BY at DESC",
};
/* id and more are the first 128 bits of the key: found in half the time that the whole text takes, among 100 000. */
#define LOOKS "CREATE TABLE looks(id INTEGER PRIMARY KEY, more INTEGER NOT NULL, look TEXT NOT NULL);"
static const char schema[] =
	"CREATE TABLE runs(id INTEGER PRIMARY KEY AUTOINCREMENT, workflow TEXT NOT NULL, state TEXT NOT NULL, plan TEXT, start INTEGER, end INTEGER, pid INTEGER);"
	"CREATE TABLE tasks(run INTEGER NOT NULL, name TEXT NOT NULL, step TEXT, key TEXT, reason TEXT, place TEXT, state INTEGER, attempt INTEGER,"
	" home INTEGER, number INTEGER, start INTEGER, end INTEGER, exit INTEGER, lane TEXT, waits TEXT, cpus INTEGER, memory INTEGER, peak INTEGER, PRIMARY KEY(run, name)) WITHOUT ROWID;"
	"CREATE INDEX tasks_by_name ON tasks(name, run);"
	"CREATE INDEX tasks_running ON tasks(run) WHERE state = 3;"
	"CREATE TABLE keys(key TEXT PRIMARY KEY, components TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE cache(key TEXT PRIMARY KEY, result TEXT NOT NULL) WITHOUT ROWID;"
	LOOKS
	"CREATE TABLE stats(path TEXT PRIMARY KEY, stamp TEXT NOT NULL, digest TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE gates(workflow TEXT NOT NULL, name TEXT NOT NULL, digest TEXT, state TEXT, text TEXT, at INTEGER, PRIMARY KEY(workflow, name)) WITHOUT ROWID;"
	"CREATE TABLE approvals(gate TEXT NOT NULL, digest TEXT NOT NULL, at INTEGER, PRIMARY KEY(gate, digest)) WITHOUT ROWID;"
	"CREATE TABLE promotions(model TEXT PRIMARY KEY, value TEXT NOT NULL, run INTEGER) WITHOUT ROWID;"
	"CREATE TABLE results(workflow TEXT PRIMARY KEY, digest TEXT NOT NULL, stamp TEXT NOT NULL, object TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE plans(digest TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;"
	"PRAGMA user_version = 3;";
/* From each version to the next. */
static const char *const upgrades[JOURNAL_SCHEMA] = {
	[1] = "ALTER TABLE tasks ADD COLUMN lane TEXT; ALTER TABLE tasks ADD COLUMN waits TEXT; ALTER TABLE tasks ADD COLUMN cpus INTEGER;"
	      "ALTER TABLE tasks ADD COLUMN memory INTEGER; ALTER TABLE tasks ADD COLUMN peak INTEGER; PRAGMA user_version = 2;",
	[2] = LOOKS "PRAGMA user_version = 3;",
};
_Static_assert(TASK_CACHED == 2 && TASK_RUNNING == 3 && TASK_DONE == 4, "the statements above name these states by number");
_Static_assert(JOURNAL_KEPT_STATS == 200000, "so does SQL_PRUNE_STATS");

struct journal {
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_COUNT];
	enum { NONE, READING, WRITING } transaction;
	bool failed;
	char error[256];
	void (*after_commit)(void *ctx);
	void *ctx;
};

/* -- opening ------------------------------------------------------------------------------------------------------ */

static enum journal_fault fault_of(int rc)
{
	int primary = rc & 0xff;
	return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB ? JOURNAL_DAMAGED : JOURNAL_IO;
}

static int version_get(sqlite3 *db, int *ret)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL);
	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		*ret = sqlite3_column_int(st, 0);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc;
}

/* Whether every table and column that the statements name is there. */
static bool schema_matches(struct journal *j)
{
	for (int i = SQL_RUN_ADD; i < SQL_COUNT; i++)
		if (sqlite3_prepare_v3(j->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &j->statements[i], NULL) != SQLITE_OK)
			return false;
	return true;
}

/* Makes or upgrades it, whole or not at all. */
static int schema_make(sqlite3 *db)
{
	int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	int version = 0;
	if (rc == SQLITE_OK)
		rc = version_get(db, &version); /* another process may have been faster */
	if (rc == SQLITE_OK && version == 0)
		rc = sqlite3_exec(db, schema, NULL, NULL, NULL);
	for (int v = version; rc == SQLITE_OK && v > 0 && v < JOURNAL_SCHEMA; v++)
		rc = sqlite3_exec(db, upgrades[v], NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	return rc;
}

static enum journal_fault open_db(struct journal *j, const struct journal_options *o)
{
	int flags = o->read_only ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	if (o->read_only && access(o->path, F_OK) != 0)
		return JOURNAL_MISSING;
	int rc = sqlite3_open_v2(o->path, &j->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK && o->read_only) { /* a folder that may not be written */
		sqlite3_close_v2(j->db);
		rc = sqlite3_open_v2(o->path, &j->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	}
	if (rc != SQLITE_OK)
		return fault_of(rc);
	sqlite3_busy_timeout(j->db, 10000);
	int version = 0;
	rc = version_get(j->db, &version);
	if (rc != SQLITE_OK)
		return fault_of(rc);
	if (version > JOURNAL_SCHEMA)
		return JOURNAL_NEWER;
	if (version == 0 && o->read_only)
		return JOURNAL_MISSING;
	if (o->read_only && version < JOURNAL_SCHEMA) { /* older: read as the next apply will leave it */
		rc = schema_make(j->db);
		if (rc != SQLITE_OK)
			return fault_of(rc);
	}
	if (!o->read_only) {
		rc = sqlite3_exec(j->db, o->fsync ? "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL"
						  : "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
		if (rc == SQLITE_OK && version < JOURNAL_SCHEMA)
			rc = schema_make(j->db);
		if (rc != SQLITE_OK)
			return fault_of(rc);
	}
	return schema_matches(j) ? JOURNAL_OK : JOURNAL_DAMAGED;
}

struct journal *journal_open(const struct journal_options *o, enum journal_fault *ret_fault, char *ret_error, size_t error_len)
{
	struct journal *j = calloc(1, sizeof *j);
	if (!j)
		bug_out_of_memory();
	j->after_commit = o->after_commit;
	j->ctx = o->ctx;
	enum journal_fault fault = open_db(j, o);
	if (fault == JOURNAL_OK)
		return j;
	switch (fault) {
	case JOURNAL_OK: break;
	case JOURNAL_MISSING: snprintf(ret_error, error_len, "there is no journal yet"); break;
	case JOURNAL_NEWER: snprintf(ret_error, error_len, "it was written by a newer twinc"); break;
	case JOURNAL_DAMAGED:
		snprintf(ret_error, error_len, "it is damaged or not a journal: %s", sqlite3_errmsg(j->db));
		break;
	case JOURNAL_IO: snprintf(ret_error, error_len, "%s", j->db ? sqlite3_errmsg(j->db) : "no memory"); break;
	}
	*ret_fault = fault;
	journal_close(j);
	return NULL;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	for (int i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(j->statements[i]);
	sqlite3_close_v2(j->db);
	free(j);
}

/* -- statements --------------------------------------------------------------------------------------------------- */

void journal_note_failure(struct journal *j)
{
	if (!j->failed)
		snprintf(j->error, sizeof j->error, "%s", sqlite3_errmsg(j->db));
	j->failed = true;
}

struct sqlite3 *journal_db(struct journal *j)
{
	return j->db;
}

static sqlite3_stmt *statement(struct journal *j, enum sql s)
{
	if (!j->statements[s] && sqlite3_prepare_v3(j->db, texts[s], -1, SQLITE_PREPARE_PERSISTENT, &j->statements[s], NULL) != SQLITE_OK)
		journal_note_failure(j);
	return j->statements[s];
}

static void run_statement(struct journal *j, sqlite3_stmt *st)
{
	if (!st)
		return;
	int rc = sqlite3_step(st);
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		journal_note_failure(j);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
}

/* Begins one or, with NONE, ends it. */
static void turn(struct journal *j, enum sql s, int transaction)
{
	run_statement(j, statement(j, s));
	j->transaction = transaction;
}

void journal_snapshot(struct journal *j)
{
	turn(j, SQL_SEE, READING); /* each statement would lock and unlock the file otherwise */
}

/* NULL once something could not be written, and nothing is written any more: a transaction is whole or not at all, also where SQLite
 * has rolled it back by itself. */
bool journal_begin(struct journal *j)
{
	if (j->transaction == READING)
		turn(j, SQL_COMMIT, NONE);
	if (j->transaction == NONE)
		turn(j, SQL_BEGIN, WRITING);
	return !j->failed;
}

static sqlite3_stmt *writing(struct journal *j, enum sql s)
{
	return journal_begin(j) ? statement(j, s) : NULL;
}

static void bind_text(sqlite3_stmt *st, int at, const char *text)
{
	sqlite3_bind_text(st, at, text, -1, SQLITE_STATIC); /* NULL binds NULL */
}

static const char *column(sqlite3_stmt *st, int at)
{
	return (const char *)sqlite3_column_text(st, at);
}

bool journal_commit(struct journal *j)
{
	bool wrote = j->transaction == WRITING;
	if (j->transaction != NONE)
		turn(j, wrote && j->failed ? SQL_ROLLBACK : SQL_COMMIT, NONE);
	if (wrote && !j->failed && j->after_commit)
		j->after_commit(j->ctx);
	return !j->failed;
}

const char *journal_error(const struct journal *j)
{
	return j->failed ? j->error : "";
}

/* The next row, or false at the end, after which the statement may be used again. */
static bool next_row(struct journal *j, sqlite3_stmt *st)
{
	if (!st)
		return false;
	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		return true;
	if (rc != SQLITE_DONE)
		journal_note_failure(j);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return false;
}

static void stop_rows(sqlite3_stmt *st)
{
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
}

/* -- writing ------------------------------------------------------------------------------------------------------ */

int64_t journal_run_add(struct journal *j, const struct journal_run *r)
{
	sqlite3_stmt *st = writing(j, SQL_RUN_ADD);
	bind_text(st, 1, r->workflow);
	bind_text(st, 2, r->state);
	bind_text(st, 3, r->plan);
	sqlite3_bind_int64(st, 4, r->start_ms);
	sqlite3_bind_int64(st, 5, r->pid);
	run_statement(j, st);
	return sqlite3_last_insert_rowid(j->db);
}

void journal_run_end(struct journal *j, int64_t id, const char *state, int64_t end_ms)
{
	sqlite3_stmt *st = writing(j, SQL_RUN_END);
	sqlite3_bind_int64(st, 1, id);
	bind_text(st, 2, state);
	sqlite3_bind_int64(st, 3, end_ms);
	run_statement(j, st);
}

void journal_task_put(struct journal *j, const struct journal_task *t)
{
	sqlite3_stmt *st = writing(j, SQL_TASK_PUT);
	sqlite3_bind_int64(st, 1, t->run);
	bind_text(st, 2, t->name);
	bind_text(st, 3, t->step);
	bind_text(st, 4, t->key);
	bind_text(st, 5, t->reason);
	bind_text(st, 6, t->place);
	sqlite3_bind_int(st, 7, (int)t->state);
	sqlite3_bind_int64(st, 8, t->attempt);
	sqlite3_bind_int64(st, 9, t->home);
	sqlite3_bind_int64(st, 10, t->number);
	sqlite3_bind_int64(st, 11, t->start_ms);
	sqlite3_bind_int64(st, 12, t->end_ms);
	sqlite3_bind_int(st, 13, t->exit);
	bind_text(st, 14, t->lane);
	bind_text(st, 15, t->waits);
	sqlite3_bind_int64(st, 16, t->cpus);
	sqlite3_bind_int64(st, 17, (int64_t)t->memory_bytes);
	sqlite3_bind_int64(st, 18, (int64_t)t->peak_bytes);
	run_statement(j, st);
}

void journal_task_set_state(struct journal *j, int64_t run, const char *name, enum task_state s)
{
	sqlite3_stmt *st = writing(j, SQL_TASK_STATE);
	sqlite3_bind_int64(st, 1, run);
	bind_text(st, 2, name);
	sqlite3_bind_int(st, 3, (int)s);
	run_statement(j, st);
}

static void put_texts(struct journal *j, enum sql s, int n, const char *const *values)
{
	sqlite3_stmt *st = writing(j, s);
	for (int i = 0; i < n; i++)
		bind_text(st, i + 1, values[i]);
	run_statement(j, st);
}

void journal_key_put(struct journal *j, const char *key, const char *components)
{
	put_texts(j, SQL_KEY_PUT, 2, (const char *const[]){ key, components });
}

void journal_cache_put(struct journal *j, const char *key, const char *result)
{
	put_texts(j, SQL_CACHE_PUT, 2, (const char *const[]){ key, result });
}

static void bind_key(sqlite3_stmt *st, const char *key)
{
	char half[17] = "";
	for (int i = 0; i < 2; i++) {
		strncpy(half, strlen(key) >= 32 ? key + 16 * i : key, 16);
		sqlite3_bind_int64(st, i + 1, (int64_t)strtoull(half, NULL, 16));
	}
}

void journal_look_put(struct journal *j, const char *key, const char *look)
{
	sqlite3_stmt *st = writing(j, SQL_LOOK_PUT);
	bind_key(st, key);
	bind_text(st, 3, look);
	run_statement(j, st);
}

void journal_stat_put(struct journal *j, const char *path, const char *stamp, const char *digest)
{
	put_texts(j, SQL_STAT_PUT, 3, (const char *const[]){ path, stamp, digest });
}

void journal_results_put(struct journal *j, const char *workflow, const char *digest, const char *stamp, const char *object)
{
	put_texts(j, SQL_RESULTS_PUT, 4, (const char *const[]){ workflow, digest, stamp, object });
}

void journal_plan_put(struct journal *j, const char *digest, const char *text)
{
	put_texts(j, SQL_PLAN_PUT, 2, (const char *const[]){ digest, text });
}

void journal_gate_put(struct journal *j, const struct journal_gate *g)
{
	sqlite3_stmt *st = writing(j, SQL_GATE_PUT);
	sqlite3_bind_int64(st, 6, g->at_ms);
	bind_text(st, 1, g->workflow);
	bind_text(st, 2, g->name);
	bind_text(st, 3, g->digest);
	bind_text(st, 4, g->state);
	bind_text(st, 5, g->text);
	run_statement(j, st);
}

void journal_gate_pass(struct journal *j, const char *workflow, const char *name, const char *text, int64_t at_ms)
{
	sqlite3_stmt *st = statement(j, SQL_GATE_OPEN);
	bind_text(st, 1, workflow);
	bind_text(st, 2, name);
	bool open = next_row(j, st);
	stop_rows(st);
	if (open)
		journal_gate_put(j, &(struct journal_gate){ workflow, name, NULL, "passed", text, at_ms });
}

void journal_approve(struct journal *j, const char *gate, const char *digest, int64_t at_ms)
{
	sqlite3_stmt *st = writing(j, SQL_APPROVE);
	bind_text(st, 1, gate);
	bind_text(st, 2, digest);
	sqlite3_bind_int64(st, 3, at_ms);
	run_statement(j, st);
}

void journal_promote(struct journal *j, const char *model, const char *value, int64_t run)
{
	sqlite3_stmt *st = writing(j, SQL_PROMOTE);
	bind_text(st, 1, model);
	bind_text(st, 2, value);
	sqlite3_bind_int64(st, 3, run);
	run_statement(j, st);
}

void journal_prune(struct journal *j, int64_t run)
{
	sqlite3_stmt *st = writing(j, SQL_PRUNE_CACHED);
	sqlite3_bind_int64(st, 1, run);
	run_statement(j, st);
	st = writing(j, SQL_PRUNE_RUNS);
	sqlite3_bind_int(st, 1, JOURNAL_KEPT_RUNS);
	run_statement(j, st);
	if (sqlite3_changes(j->db) == 0)
		return; /* the rest is only worth its scan when something went */
	run_statement(j, writing(j, SQL_PRUNE_TASKS));
	st = writing(j, SQL_PRUNE_CACHE);
	while (next_row(j, st)) {
		sqlite3_stmt *drop = writing(j, SQL_LOOK_DROP);
		bind_key(drop, column(st, 0));
		run_statement(j, drop);
	}
	for (enum sql s = SQL_PRUNE_KEYS; s <= SQL_PRUNE_STATS; s++)
		run_statement(j, writing(j, s));
}

/* -- reading ------------------------------------------------------------------------------------------------------ */

static const char *column_copy(struct arena *a, sqlite3_stmt *st, int at)
{
	const char *text = column(st, at);
	return text ? arena_strndup(a, text, (size_t)sqlite3_column_bytes(st, at)) : NULL;
}

void journal_cache_each(struct journal *j, void (*each)(const char *result, void *ctx), void *ctx)
{
	sqlite3_stmt *st = statement(j, SQL_CACHE_EACH);
	while (next_row(j, st))
		each(column(st, 0), ctx);
}

bool journal_stat_get(struct journal *j, struct arena *a, const char *path, struct journal_stat *ret)
{
	sqlite3_stmt *st = statement(j, SQL_STAT_GET);
	bind_text(st, 1, path);
	if (!next_row(j, st))
		return false;
	*ret = (struct journal_stat){ column_copy(a, st, 0), column_copy(a, st, 1) };
	stop_rows(st);
	return true;
}

static const char *get_text(struct journal *j, struct arena *a, enum sql s, const char *key)
{
	sqlite3_stmt *st = statement(j, s);
	const char *found = NULL;
	bind_text(st, 1, key);
	if (next_row(j, st)) {
		found = column_copy(a, st, 0);
		stop_rows(st);
	}
	return found;
}

const char *journal_cache_get(struct journal *j, struct arena *a, const char *key)
{
	return get_text(j, a, SQL_CACHE_GET, key);
}

const char *journal_look_get(struct journal *j, struct arena *a, const char *key)
{
	if (j->transaction == NONE)
		turn(j, SQL_SEE, READING);
	sqlite3_stmt *st = statement(j, SQL_LOOK_GET);
	bind_key(st, key);
	if (!next_row(j, st))
		return NULL;
	const char *look = column_copy(a, st, 0);
	stop_rows(st);
	return look;
}

const char *journal_key_get(struct journal *j, struct arena *a, const char *key)
{
	return get_text(j, a, SQL_KEY_GET, key);
}

const char *journal_promotion_get(struct journal *j, struct arena *a, const char *model)
{
	return get_text(j, a, SQL_PROMOTION_GET, model);
}

bool journal_approved(struct journal *j, const char *gate, const char *digest)
{
	sqlite3_stmt *st = statement(j, SQL_APPROVED);
	bind_text(st, 1, gate);
	bind_text(st, 2, digest);
	bool found = next_row(j, st);
	stop_rows(st);
	return found;
}

static void read_run(sqlite3_stmt *st, struct journal_run *ret)
{
	*ret = (struct journal_run){
		.id = sqlite3_column_int64(st, 0), .workflow = column(st, 1), .state = column(st, 2), .plan = column(st, 3),
		.start_ms = sqlite3_column_int64(st, 4), .end_ms = sqlite3_column_int64(st, 5), .pid = sqlite3_column_int64(st, 6),
	};
}

static void read_task(sqlite3_stmt *st, struct journal_task *ret)
{
	*ret = (struct journal_task){
		.run = sqlite3_column_int64(st, 0), .name = column(st, 1), .step = column(st, 2), .key = column(st, 3),
		.reason = column(st, 4), .place = column(st, 5), .state = (enum task_state)sqlite3_column_int(st, 6),
		.attempt = (uint32_t)sqlite3_column_int64(st, 7), .home = sqlite3_column_int64(st, 8),
		.number = (uint32_t)sqlite3_column_int64(st, 9), .start_ms = sqlite3_column_int64(st, 10),
		.end_ms = sqlite3_column_int64(st, 11), .exit = sqlite3_column_int(st, 12), .lane = column(st, 13), .waits = column(st, 14), .cpus = (uint32_t)sqlite3_column_int64(st, 15),
		.memory_bytes = (uint64_t)sqlite3_column_int64(st, 16), .peak_bytes = (uint64_t)sqlite3_column_int64(st, 17), .workflow = column(st, 18),
	};
}

static const char *copy_or_null(struct arena *a, const char *s)
{
	return s ? arena_strdup(a, s) : NULL;
}

bool journal_run_last(struct journal *j, struct arena *a, const char *workflow, struct journal_run *ret)
{
	sqlite3_stmt *st = statement(j, SQL_RUN_LAST);
	bind_text(st, 1, workflow);
	if (!next_row(j, st))
		return false;
	read_run(st, ret);
	ret->workflow = copy_or_null(a, ret->workflow);
	ret->state = copy_or_null(a, ret->state);
	ret->plan = copy_or_null(a, ret->plan);
	stop_rows(st);
	return true;
}

bool journal_results_get(struct journal *j, struct arena *a, const char *workflow, const char **ret_digest, const char **ret_stamp, const char **ret_object)
{
	sqlite3_stmt *st = statement(j, SQL_RESULTS_GET);
	bind_text(st, 1, workflow);
	if (!next_row(j, st))
		return false;
	*ret_digest = column_copy(a, st, 0);
	*ret_stamp = column_copy(a, st, 1);
	*ret_object = column_copy(a, st, 2);
	stop_rows(st);
	return true;
}

uint32_t journal_task_keys(struct journal *j, struct arena *a, const char *workflow, const char *name, const char *ret[2])
{
	sqlite3_stmt *st = statement(j, SQL_TASK_KEYS);
	uint32_t n = 0;
	bind_text(st, 1, workflow);
	bind_text(st, 2, name);
	while (n < 2 && next_row(j, st))
		ret[n++] = column_copy(a, st, 0);
	stop_rows(st);
	return n;
}

int64_t journal_task_duration_ms(struct journal *j, const char *workflow, const char *name)
{
	sqlite3_stmt *st = statement(j, SQL_TASK_DURATION);
	bind_text(st, 1, workflow);
	bind_text(st, 2, name);
	int64_t duration = next_row(j, st) ? sqlite3_column_int64(st, 0) : -1;
	stop_rows(st);
	return duration;
}

int64_t journal_step_duration_ms(struct journal *j, const char *workflow, const char *step)
{
	sqlite3_stmt *st = statement(j, SQL_STEP_DURATION);
	bind_text(st, 1, workflow);
	bind_text(st, 2, step);
	bool known = next_row(j, st) && sqlite3_column_type(st, 0) != SQLITE_NULL;
	int64_t duration = known ? sqlite3_column_int64(st, 0) : -1;
	stop_rows(st);
	return duration;
}

void journal_run_each(struct journal *j, uint32_t max, bool (*each)(const struct journal_run *r, void *ctx), void *ctx)
{
	sqlite3_stmt *st = statement(j, SQL_RUN_EACH);
	struct journal_run r;
	sqlite3_bind_int64(st, 1, max);
	while (next_row(j, st)) {
		read_run(st, &r);
		if (!each(&r, ctx))
			break;
	}
	stop_rows(st);
}

static void each_task(struct journal *j, sqlite3_stmt *st, bool (*each)(const struct journal_task *t, void *ctx), void *ctx)
{
	struct journal_task t;
	while (next_row(j, st)) {
		read_task(st, &t);
		if (!each(&t, ctx))
			break;
	}
	stop_rows(st);
}

void journal_task_each(struct journal *j, int64_t run, bool (*each)(const struct journal_task *t, void *ctx), void *ctx)
{
	sqlite3_stmt *st = statement(j, SQL_TASK_EACH);
	sqlite3_bind_int64(st, 1, run);
	each_task(j, st, each, ctx);
}

void journal_orphan_each(struct journal *j, const char *workflow, bool (*each)(const struct journal_task *t, void *ctx), void *ctx)
{
	sqlite3_stmt *st = statement(j, SQL_ORPHAN_EACH);
	bind_text(st, 1, workflow);
	each_task(j, st, each, ctx);
}

static bool get_task(struct journal *j, struct arena *a, enum sql s, const char *workflow, const char *name, struct journal_task *ret)
{
	sqlite3_stmt *st = statement(j, s);
	bind_text(st, 1, workflow);
	bind_text(st, 2, name);
	if (!next_row(j, st))
		return false;
	read_task(st, ret);
	const char **strings[] = { &ret->name, &ret->step, &ret->key, &ret->reason, &ret->place, &ret->workflow, &ret->lane, &ret->waits };
	for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
		*strings[i] = copy_or_null(a, *strings[i]);
	stop_rows(st);
	return true;
}

bool journal_task_find(struct journal *j, struct arena *a, const char *workflow, const char *name, struct journal_task *ret)
{
	return get_task(j, a, SQL_TASK_FIND, workflow, name, ret);
}

bool journal_task_last(struct journal *j, struct arena *a, const char *workflow, const char *name, struct journal_task *ret)
{
	return get_task(j, a, SQL_TASK_LAST, workflow, name, ret);
}

void journal_promotion_each(struct journal *j, bool (*each)(const char *model, const char *value, void *ctx), void *ctx)
{
	sqlite3_stmt *st = statement(j, SQL_PROMOTION_EACH);
	while (next_row(j, st))
		if (!each(column(st, 0), column(st, 1), ctx))
			break;
	stop_rows(st);
}

void journal_gate_each(struct journal *j, bool (*each)(const struct journal_gate *g, void *ctx), void *ctx)
{
	sqlite3_stmt *st = statement(j, SQL_GATE_EACH);
	while (next_row(j, st)) {
		struct journal_gate g = { column(st, 0), column(st, 1), column(st, 2), column(st, 3), column(st, 4), sqlite3_column_int64(st, 5) };
		if (!each(&g, ctx))
			break;
	}
	stop_rows(st);
}
