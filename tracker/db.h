/* Private to tracker/: the SQLite handle, statements, and the few helpers over them.
 *
 * A file that speaks SQL keeps its statements in one X-macro table:
 *
 *	#define SQL(X) \
 *		X(STEP_OF, "SELECT id FROM step WHERE run = ?1 AND name = ?2") \
 *		X(STEP_DROP, "DELETE FROM step WHERE id = ?1")
 *	DB_TABLE(DB_STEP, sql, SQL)
 *
 * A statement is prepared at its first use and kept until the tracker closes.
 *
 *	_query_ sqlite3_stmt *st = NULL;
 *	int r = db_query(t, &sql, STEP_OF, &st, e, DB_INT(run), DB_TEXT(name));
 *	while (r >= 0 && (r = db_step(t, st, e)) > 0)
 *		use(db_int(st, 0));
 *
 *	r = db_write(t, &sql, STEP_DROP, e, DB_INT(id)); */
#ifndef TRACKER_DB_H
#define TRACKER_DB_H

#include <sqlite3.h>
#include "tracker/tracker.h"

/* One slot for each file that has a table of statements. */
enum db_file {
	DB_TRACKER,
	DB_RUN,
	DB_STEP,
	DB_SERIES,
	DB_REQUEST,
	DB_EVENT,
	DB_SEAL,
	DB_VERIFY,
	DB_QUERY,
	DB_QUERY_STEP,
	DB_QUERY_METRIC,
	DB_QUERY_LIST,
	DB_TRACE,
	DB_REUSE,
	DB_SCHEMA,
	DB_FILES
};

struct db_table {
	enum db_file file;
	int n;
	const char *const *texts;
};
#define DB_SYMBOL_(s, text) s,
#define DB_TEXT_(s, text) text,
#define DB_TABLE(slot, table, LIST) \
	enum { LIST(DB_SYMBOL_) }; \
	static const char *const table##_texts_[] = {LIST(DB_TEXT_)}; \
	static const struct db_table table = {slot, (int)(sizeof table##_texts_ / sizeof table##_texts_[0]), \
	                                      table##_texts_};

struct tracker {
	sqlite3 *db;
	char *dir;
	int schema; /* the version that this program speaks */
	sqlite3_stmt **kept[DB_FILES];
	bool in_transaction;
	struct sha256 *sha;    /* for events and seals */
	int64_t waiting_since; /* monotonic; of the busy handler */
	int64_t patience_us;   /* how long it waits */
	/* Why nothing can be written: an errno, or 0. Where what is read is a copy, or the file without any lock,
	 * `stood` is what stood there then. */
	int barred;
	struct db_stood {
		struct db_file_stood {
			uint64_t device, inode;
			int64_t size, changed_ns;
		} db, wal;
	} stood;
	/* The chain's head as this transaction sees it, read at its first event. */
	int64_t head_id;
	struct digest head_hash;
	bool head_known;
	bool head_write; /* an end event is in this transaction: DIR/chain is written after its commit */
};

/* A value to bind. */
struct db_value {
	enum { DB_IS_NULL, DB_IS_INT, DB_IS_REAL, DB_IS_TEXT, DB_IS_BLOB } type;
	int len;
	union {
		int64_t i;
		double r;
		const void *p;
	};
};
#define DB_NULL ((struct db_value){.type = DB_IS_NULL})
#define DB_INT(v) ((struct db_value){.type = DB_IS_INT, .i = (v)})
#define DB_REAL(v) ((struct db_value){.type = DB_IS_REAL, .r = (v)}) /* NaN becomes NULL */
#define DB_TEXT(v) \
	((struct db_value){.type = DB_IS_TEXT, .len = -1, .p = (v)}) /* NULL is NULL; borrowed until the next use */
#define DB_BLOB(v, n) ((struct db_value){.type = DB_IS_BLOB, .len = (n), .p = (v)}) /* likewise */
#define DB_DIGEST(v) DB_BLOB((v), DIGEST_SIZE)
#define DB_ID(v) db_value_unless((v), 0)     /* 0 becomes NULL */
#define DB_KNOWN(v) db_value_unless((v), -1) /* -1 becomes NULL */
static inline struct db_value db_value_unless(int64_t v, int64_t none)
{
	return v == none ? DB_NULL : DB_INT(v);
}

/* The values as an argument pair (array, count); the first element is filler, so that the list may be empty. */
#define DB_VALUES_(...) \
	(const struct db_value[]){DB_NULL, ##__VA_ARGS__}, \
	        (int)(sizeof(const struct db_value[]){DB_NULL, ##__VA_ARGS__} / sizeof(struct db_value))

/* A statement of the table, reset, with its values bound. The same one may not be under way already. */
#define db_query(t, table, which, ret, e, ...) db_query_(t, table, which, ret, e, DB_VALUES_(__VA_ARGS__))
/* The same, run to its end. Aborts the program outside of a transaction. */
#define db_write(t, table, which, e, ...) db_write_(t, table, which, e, DB_VALUES_(__VA_ARGS__))
/* Binds values to a statement of db_prepare, from its first parameter on. */
#define db_bind(t, st, e, ...) db_bind_(t, st, e, DB_VALUES_(__VA_ARGS__))
int db_query_(struct tracker *t, const struct db_table *table, int which, sqlite3_stmt **ret, struct err *e,
              const struct db_value *v, int n);
int db_write_(struct tracker *t, const struct db_table *table, int which, struct err *e, const struct db_value *v,
              int n);
int db_bind_(struct tracker *t, sqlite3_stmt *st, struct err *e, const struct db_value *v, int n);
int db_bind_at(struct tracker *t, sqlite3_stmt *st, int parameter, struct db_value v, struct err *e);

/* The next row: 1, 0 at the end (the statement is reset then), or an error. */
int db_step(struct tracker *t, sqlite3_stmt *st, struct err *e);
/* Resets a kept statement; for rows that are left unread. */
#define _query_ _cleanup_(db_resetp)
void db_resetp(sqlite3_stmt **st);
/* The first column of the first row: 1 and *ret, 0 without a row (or when it is NULL). */
#define db_get_int(t, table, which, ret, e, ...) db_get_int_(t, table, which, ret, e, DB_VALUES_(__VA_ARGS__))
int db_get_int_(struct tracker *t, const struct db_table *table, int which, int64_t *ret, struct err *e,
                const struct db_value *v, int n);

/* A statement that is not in a table (put together from constant pieces, never from user text); finalised by
 * _statement_. */
#define _statement_ _cleanup_(db_finalizep)
int db_prepare(struct tracker *t, const char *sql, sqlite3_stmt **ret, struct err *e);
void db_finalizep(sqlite3_stmt **st);

/* Columns of the current row. */
static inline int64_t db_int(sqlite3_stmt *st, int c)
{
	return sqlite3_column_int64(st, c);
} /* NULL: 0 */
static inline bool db_is_null(sqlite3_stmt *st, int c)
{
	return sqlite3_column_type(st, c) == SQLITE_NULL;
}
static inline int64_t db_int_or(sqlite3_stmt *st, int c, int64_t none)
{
	return db_is_null(st, c) ? none : db_int(st, c);
}
const char *db_text(sqlite3_stmt *st, int c, struct arena *a); /* a copy in the arena; NULL is NULL */
static inline const char *db_peek(sqlite3_stmt *st, int c)
{
	return (const char *)sqlite3_column_text(st, c);
} /* until the next step */
bool db_digest(sqlite3_stmt *st, int c, struct digest *ret); /* false: NULL */
/* of a text that is no word, which a CHECK forbids, the first one; the next step or question is ERR_BROKEN */
int db_word(sqlite3_stmt *st, int c, enum vocabulary v);

/* A row of artifact: run, step, attempt, role, form, path, digest, size, mtime, mode are the statement's first
 * columns. */
struct artifact_row;
void artifact_read(sqlite3_stmt *st, struct arena *a, struct artifact_row *ret);

/* Aborts the program outside of a transaction; `what` is named. db_write does it by itself. */
void db_need_transaction(const struct tracker *t, const char *what);

/* Puts the last failure of the database into e as something a person can act on; `what` says what was tried. */
int db_error(struct tracker *t, struct err *e, const char *what);
/* tracker/db_calls.c: how SQLite calls the system, so that a cause is not lost; once, before the first database. */
void db_calls_set(void);
/* The errno of a lock that the machine refused to this thread, or 0. */
int db_lock_refused(void);
/* Runs constant SQL with any number of statements. */
int db_exec(struct tracker *t, const char *sql, struct err *e);

/* tracker/db_open.c: t->db of t->dir, in the best way that the disk and the rights allow (see tracker_open). */
int db_open(struct tracker *t, enum tracker_mode mode, struct err *e);
/* Whether other bytes stand in the files than when `stood` was noted. */
bool db_has_changed(const struct tracker *t);

/* tracker/schema.c: makes or upgrades the schema of an open database. Called by tracker_open only. */
int schema_ready(struct tracker *t, struct err *e);
/* What it does, for any list of migrations: element i brings version i to i + 1. An older database is copied first, to
 * DIR/jig.db.v<version>.bak. */
int schema_upgrade(struct tracker *t, const char *const *migrations, int n, struct err *e);
/* In a transaction: nobody has upgraded it since it was opened. ERR_USAGE where somebody has. */
int schema_still(struct tracker *t, struct err *e);

#endif
