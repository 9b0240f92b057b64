#include "tracker/db.h"

#include <stdlib.h>
#include <string.h>

int db_error(struct tracker *t, struct err *e, const char *what)
{
	int code = sqlite3_extended_errcode(t->db);

	switch (code & 0xff) {
	case SQLITE_FULL:
		return err_set(e, ERR_BROKEN, "the record: %s: the disk is full; free some space (`jig gc` after that) and try again", what);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return err_set(e, ERR_BROKEN, "the record %s/jig.db is damaged: %s (%s); restore it from a copy", t->dir, what, sqlite3_errmsg(t->db));
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return err_set(e, ERR_BROKEN, "the record %s/jig.db cannot be written: %s (%s)", t->dir, what, sqlite3_errmsg(t->db));
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(e, ERR_BUSY, "the record %s/jig.db is held by another process for too long: %s", t->dir, what);
	case SQLITE_CONSTRAINT:
		return err_set(e, ERR_USAGE, "the record refuses it: %s (%s)", sqlite3_errmsg(t->db), what);
	default:
		return err_set(e, ERR_BROKEN, "the record: %s: %s (%d)", what, sqlite3_errmsg(t->db), code);
	}
}

static int prepare_kept(struct tracker *t, const struct db_table *table, int which, sqlite3_stmt **ret, struct err *e)
{
	sqlite3_stmt **kept = t->kept[table->file];

	if (!kept)
		kept = t->kept[table->file] = mem_zero((size_t)table->n * sizeof *kept);
	if (!kept[which] && sqlite3_prepare_v3(t->db, table->texts[which], -1, SQLITE_PREPARE_PERSISTENT, &kept[which], NULL) != SQLITE_OK)
		return db_error(t, e, table->texts[which]);
	*ret = kept[which];
	return 0;
}

int db_bind_at(struct tracker *t, sqlite3_stmt *st, int parameter, struct db_value v, struct err *e)
{
	int r = SQLITE_OK;

	switch (v.type) {
	case DB_IS_NULL:
		r = sqlite3_bind_null(st, parameter);
		break;
	case DB_IS_INT:
		r = sqlite3_bind_int64(st, parameter, v.i);
		break;
	case DB_IS_REAL:
		r = sqlite3_bind_double(st, parameter, v.r);
		break;
	case DB_IS_TEXT:
		r = v.p ? sqlite3_bind_text(st, parameter, v.p, v.len, SQLITE_STATIC) : sqlite3_bind_null(st, parameter);
		break;
	case DB_IS_BLOB:
		r = v.p ? sqlite3_bind_blob(st, parameter, v.p, v.len, SQLITE_STATIC) : sqlite3_bind_null(st, parameter);
		break;
	}
	return r == SQLITE_OK ? 0 : db_error(t, e, sqlite3_sql(st));
}

int db_bind_(struct tracker *t, sqlite3_stmt *st, struct err *e, const struct db_value *v, int n)
{
	int r = 0;

	for (int i = 1; r >= 0 && i < n; i++)
		r = db_bind_at(t, st, i, v[i], e);
	return r;
}

int db_query_(struct tracker *t, const struct db_table *table, int which, sqlite3_stmt **ret, struct err *e, const struct db_value *v, int n)
{
	sqlite3_stmt *st = NULL;
	int r = prepare_kept(t, table, which, &st, e);

	if (r < 0)
		return r;
	sqlite3_reset(st);
	r = db_bind_(t, st, e, v, n);
	if (r < 0)
		return r;
	*ret = st;
	return 0;
}

int db_step(struct tracker *t, sqlite3_stmt *st, struct err *e)
{
	int r = sqlite3_step(st);

	if (r == SQLITE_ROW)
		return 1;
	if (r == SQLITE_DONE) {
		sqlite3_reset(st);
		return 0;
	}
	r = db_error(t, e, sqlite3_sql(st));
	sqlite3_reset(st);
	return r;
}

int db_write_(struct tracker *t, const struct db_table *table, int which, struct err *e, const struct db_value *v, int n)
{
	sqlite3_stmt *st;
	int r;

	if (!t->in_transaction) {
		fprintf(stderr, "jig: a write outside a transaction: %s\n", table->texts[which]);
		abort();
	}
	r = db_query_(t, table, which, &st, e, v, n);
	while (r >= 0 && (r = db_step(t, st, e)) > 0)
		;
	return r;
}

void db_resetp(sqlite3_stmt **st)
{
	sqlite3_reset(*st);
}

int db_get_int_(struct tracker *t, const struct db_table *table, int which, int64_t *ret, struct err *e, const struct db_value *v, int n)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query_(t, table, which, &st, e, v, n);

	if (r < 0 || (r = db_step(t, st, e)) <= 0)
		return r;
	if (db_is_null(st, 0))
		return 0;
	*ret = db_int(st, 0);
	return 1;
}

int db_prepare(struct tracker *t, const char *sql, sqlite3_stmt **ret, struct err *e)
{
	return sqlite3_prepare_v2(t->db, sql, -1, ret, NULL) == SQLITE_OK ? 0 : db_error(t, e, sql);
}

void db_finalizep(sqlite3_stmt **st)
{
	sqlite3_finalize(*st);
}

const char *db_text(sqlite3_stmt *st, int c, struct arena *a)
{
	const char *s = db_peek(st, c);

	return s ? arena_strndup(a, s, (size_t)sqlite3_column_bytes(st, c)) : NULL;
}

bool db_digest(sqlite3_stmt *st, int c, struct digest *ret)
{
	const void *b = sqlite3_column_blob(st, c);

	if (!b || sqlite3_column_bytes(st, c) != DIGEST_SIZE)
		return false;
	memcpy(ret->b, b, DIGEST_SIZE);
	return true;
}

int db_word(sqlite3_stmt *st, int c, enum vocabulary v)
{
	const char *s = db_peek(st, c);
	int word = s ? word_find(v, s) : -1;

	if (word < 0)
		abort();
	return word;
}

int db_exec(struct tracker *t, const char *sql, struct err *e)
{
	return sqlite3_exec(t->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_error(t, e, "changing the schema");
}
