#include "tracker/db.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"

/* A row had a text that is no word of its vocabulary, which a CHECK forbids: the next step or question tells it. */
static _Thread_local bool no_word;

static int tell_no_word(const struct tracker *t, struct err *e)
{
	no_word = false;
	return err_set(e, ERR_BROKEN,
	               "%s/jig.db: cannot read the record: it is damaged (a state in it is none that jig knows); "
	               "`sqlite3 jig.db .recover` may save its rows",
	               t->dir);
}

/* Of the files that must be writable the one that is not. */
static int tell_barred(const struct tracker *t, struct err *e, const char *what, const char *text)
{
	static const char *const names[] = {"jig.db", "jig.db-wal", "jig.db-shm"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		_free_ char *path = path_join(t->dir, names[i]);

		if (access(path, W_OK) < 0 && errno != ENOENT)
			return err_errno(e, "%s/jig.db: %s: %s is not writable for you", t->dir, what, path);
	}
	if (access(t->dir, W_OK) < 0 && errno != ENOENT)
		return err_errno(e, "%s/jig.db: %s: the folder is not writable for you", t->dir, what);
	return err_set(e, ERR_BROKEN, "%s/jig.db: %s: %s; the folder and the file must be yours and writable", t->dir,
	               what, text);
}

static int tell_busy(const struct tracker *t, struct err *e, const char *what)
{
	_free_ char *path = path_join(t->dir, "jig.db");
	_buf_ struct buf quoted = BUF_INIT;

	text_shell_quote(&quoted, path);
	return err_set(e, ERR_BUSY, "%s: %s: another process holds it; see who with `fuser %s`", path,
	               what, quoted.data);
}

int db_error(struct tracker *t, struct err *e, const char *what)
{
	int errnum = errno;
	int code = sqlite3_extended_errcode(t->db) & 0xff;
	const char *text = sqlite3_errmsg(t->db);

	if ((code == SQLITE_PROTOCOL || code == SQLITE_BUSY) && db_lock_refused()) {
		errno = db_lock_refused();
		return err_errno(e, "%s/jig.db: %s: no lock", t->dir, what);
	}
	/* A call that the machine refused has many names in SQLite: no lock, no database, read-only, damaged. */
	if (err_is_machine(errnum) &&
	    (code == SQLITE_ERROR || code == SQLITE_IOERR || code == SQLITE_CANTOPEN || code == SQLITE_READONLY ||
	     code == SQLITE_PROTOCOL || code == SQLITE_CORRUPT || code == SQLITE_NOTADB)) {
		errno = errnum;
		return err_errno(e, "%s/jig.db: %s (%s)", t->dir, what, text);
	}
	switch (code) {
	case SQLITE_FULL:
		err_set(e, ERR_BROKEN,
		        "%s/jig.db: cannot write the record: the disk is full; make room on it (`jig gc` frees what no "
		        "run needs)",
		        t->dir);
		e->full = true;
		return e->code;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return tell_busy(t, e, what);
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return err_set(e, ERR_BROKEN,
		               "%s/jig.db: %s: it is damaged or not a database (%s); `sqlite3 jig.db .recover` may "
		               "save its rows",
		               t->dir, what, text);
	case SQLITE_CONSTRAINT:
		return err_set(e, ERR_USAGE, "%s: %s", what, text);
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return tell_barred(t, e, what, text);
	case SQLITE_INTERRUPT:
		return err_set(e, ERR_INTERRUPTED, "%s: a newer question came", what);
	case SQLITE_NOMEM:
		err_oom();
	default:
		return err_set(e, ERR_BROKEN, "%s/jig.db: %s: %s", t->dir, what, text);
	}
}

int db_exec(struct tracker *t, const char *sql, struct err *e)
{
	errno = 0;
	if (sqlite3_exec(t->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return db_error(t, e, "cannot set up the record");
	return 0;
}

int db_prepare(struct tracker *t, const char *sql, sqlite3_stmt **ret, struct err *e)
{
	errno = 0;
	if (sqlite3_prepare_v3(t->db, sql, -1, 0, ret, NULL) != SQLITE_OK)
		return db_error(t, e, "cannot read the record");
	return 0;
}

void db_finalizep(sqlite3_stmt **st)
{
	sqlite3_finalize(*st);
}

void db_resetp(sqlite3_stmt **st)
{
	if (*st)
		sqlite3_reset(*st);
}

/* The kept statement, prepared at its first use. */
static int statement(struct tracker *t, const struct db_table *table, int which, sqlite3_stmt **ret, struct err *e)
{
	sqlite3_stmt **kept = t->kept[table->file];

	if (!kept)
		kept = t->kept[table->file] = mem_zero(sizeof(*kept) * ((size_t)table->n + 1));
	if (!kept[which]) {
		errno = 0;
		if (sqlite3_prepare_v3(t->db, table->texts[which], -1, SQLITE_PREPARE_PERSISTENT, &kept[which], NULL) !=
		    SQLITE_OK)
			return db_error(t, e, "cannot read the record");
	} else if (sqlite3_stmt_busy(kept[which])) {
		fprintf(stderr, "jig: statement used twice at once: %s\n", table->texts[which]);
		abort();
	}
	*ret = kept[which];
	return 0;
}

int db_bind_at(struct tracker *t, sqlite3_stmt *st, int parameter, struct db_value v, struct err *e)
{
	int rc = SQLITE_OK;

	switch (v.type) {
	case DB_IS_NULL:
		rc = sqlite3_bind_null(st, parameter);
		break;
	case DB_IS_INT:
		rc = sqlite3_bind_int64(st, parameter, v.i);
		break;
	case DB_IS_REAL:
		rc = isnan(v.r) ? sqlite3_bind_null(st, parameter) : sqlite3_bind_double(st, parameter, v.r);
		break;
	case DB_IS_TEXT:
		rc = sqlite3_bind_text(st, parameter, v.p, v.len, SQLITE_STATIC);
		break;
	case DB_IS_BLOB:
		rc = v.p ? sqlite3_bind_blob(st, parameter, v.p, v.len, SQLITE_STATIC)
		         : sqlite3_bind_null(st, parameter);
		break;
	}
	return rc == SQLITE_OK ? 0 : db_error(t, e, "cannot hand a value over");
}

int db_bind_(struct tracker *t, sqlite3_stmt *st, struct err *e, const struct db_value *v, int n)
{
	for (int i = 1; i < n; i++) {
		int r = db_bind_at(t, st, i, v[i], e);
		if (r < 0)
			return r;
	}
	return 0;
}

int db_query_(struct tracker *t, const struct db_table *table, int which, sqlite3_stmt **ret, struct err *e,
              const struct db_value *v, int n)
{
	sqlite3_stmt *st = NULL;
	int r = no_word ? tell_no_word(t, e) : statement(t, table, which, &st, e);

	if (r < 0)
		return r;
	if (n - 1 != sqlite3_bind_parameter_count(st)) {
		fprintf(stderr, "jig: statement takes %d values, got %d: %s\n", sqlite3_bind_parameter_count(st), n - 1,
		        table->texts[which]);
		abort();
	}
	r = db_bind_(t, st, e, v, n);
	if (r < 0)
		return r;
	*ret = st;
	return 0;
}

int db_step(struct tracker *t, sqlite3_stmt *st, struct err *e)
{
	int rc;

	if (no_word) {
		sqlite3_reset(st);
		return tell_no_word(t, e);
	}
	errno = 0;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE) {
		sqlite3_reset(st);
		return 0;
	}
	rc = db_error(t, e, sqlite3_stmt_readonly(st) ? "cannot read the record" : "cannot write the record");
	sqlite3_reset(st);
	return rc;
}

void db_need_transaction(const struct tracker *t, const char *what)
{
	if (t->in_transaction)
		return;
	fprintf(stderr, "jig: write outside of a transaction: %s\n", what);
	abort();
}

int db_write_(struct tracker *t, const struct db_table *table, int which, struct err *e, const struct db_value *v,
              int n)
{
	sqlite3_stmt *st = NULL;
	int r;

	db_need_transaction(t, table->texts[which]);
	r = db_query_(t, table, which, &st, e, v, n);
	if (r < 0)
		return r;
	r = db_step(t, st, e);
	if (r > 0) {
		fprintf(stderr, "jig: a write gives rows: %s\n", table->texts[which]);
		abort();
	}
	return r;
}

int db_get_int_(struct tracker *t, const struct db_table *table, int which, int64_t *ret, struct err *e,
                const struct db_value *v, int n)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query_(t, table, which, &st, e, v, n);

	if (r < 0)
		return r;
	r = db_step(t, st, e);
	if (r > 0 && db_is_null(st, 0))
		return 0;
	if (r > 0)
		*ret = db_int(st, 0);
	return r;
}

const char *db_text(sqlite3_stmt *st, int c, struct arena *a)
{
	const char *s = db_peek(st, c);

	return s ? arena_strndup(a, s, (size_t)sqlite3_column_bytes(st, c)) : NULL;
}

bool db_digest(sqlite3_stmt *st, int c, struct digest *ret)
{
	const void *p = sqlite3_column_blob(st, c);

	if (!p || sqlite3_column_bytes(st, c) != DIGEST_SIZE)
		return false;
	memcpy(ret->b, p, DIGEST_SIZE);
	return true;
}

int db_word(sqlite3_stmt *st, int c, enum vocabulary v)
{
	const char *text = db_peek(st, c);
	int value = text ? word_find(v, text) : -1;

	no_word = no_word || value < 0;
	return value < 0 ? 0 : value;
}
