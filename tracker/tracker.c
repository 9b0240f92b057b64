#include "tracker/tracker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/file.h"
#include "base/path.h"
#include "base/time.h"
#include "tracker/db.h"
#include "tracker/event.h"
#include "tracker/folder.h"

#define SQL(X) \
	X(TRACKER_BEGIN, "BEGIN IMMEDIATE") \
	X(TRACKER_READ_BEGIN, "BEGIN") \
	X(TRACKER_COMMIT, "COMMIT") \
	X(TRACKER_ROLLBACK, "ROLLBACK") \
	X(TRACKER_VERSION, "PRAGMA data_version")
DB_TABLE(DB_TRACKER, sql, SQL)

int tracker_open(const char *dir, enum tracker_mode mode, struct tracker **ret, struct err *e)
{
	_tracker_ struct tracker *t = mem_zero(sizeof *t);
	_free_ char *path = path_join(dir, "jig.db");
	const char *fs;
	int r;

	t->dir = mem_strdup(dir);
	t->patience_us = TRACKER_PATIENCE_US;
	if ((r = folder_has_record(dir, e)) < 0)
		return r;
	if (mode != TRACKER_WRITE && !file_exists(path))
		return err_set(e, ERR_NOT_FOUND, "no record in %s yet; `jig run` makes the first run", dir);
	if (file_on_network(dir, &fs))
		return err_set(e, ERR_BROKEN,
		               "%s is on a network file system (%s), where the record would not be safe; set JIG_DIR "
		               "to a folder on a local disk",
		               dir, fs);
	if ((r = db_open(t, mode, e)) < 0 || (r = schema_ready(t, e)) < 0)
		return r;
	*ret = mem_take(t);
	return 0;
}

void tracker_close(struct tracker *t)
{
	if (!t)
		return;
	if (t->db)
		tracker_rollback(t);
	for (int f = 0; f < DB_FILES; f++) {
		free(t->kept[f]);
		t->kept[f] = NULL;
	}
	for (sqlite3_stmt *st; t->db && (st = sqlite3_next_stmt(t->db, NULL));)
		sqlite3_finalize(st);
	sqlite3_close(t->db);
	sha256_free(t->sha);
	free(t->dir);
	free(t);
}

void tracker_closep(struct tracker **t)
{
	tracker_close(*t);
}

bool tracker_is_barred(const struct tracker *t)
{
	return t->barred;
}

int tracker_begin(struct tracker *t, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r;

	if (t->in_transaction) {
		fprintf(stderr, "jig: a transaction within a transaction\n");
		abort();
	}
	if (t->barred) {
		errno = t->barred;
		return err_errno(e, "%s/jig.db: nothing can be recorded", t->dir);
	}
	r = db_query(t, &sql, TRACKER_BEGIN, &st, e);
	if (r < 0 || (r = db_step(t, st, e)) < 0)
		return r;
	t->in_transaction = true;
	/* The chain may have grown by another process. */
	t->head_known = false;
	r = schema_still(t, e);
	if (r < 0)
		tracker_rollback(t);
	return r;
}

int tracker_commit(struct tracker *t, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;

	fault_point("record-before");
	int r = db_query(t, &sql, TRACKER_COMMIT, &st, e);

	if (r < 0 || (r = db_step(t, st, e)) < 0) {
		tracker_rollback(t);
		return r;
	}
	fault_point("record-after");
	t->in_transaction = false;
	if (t->head_write)
		event_write_head(t);
	t->head_write = false;
	return 0;
}

void tracker_rollback(struct tracker *t)
{
	_query_ sqlite3_stmt *st = NULL;
	struct err ignored;

	if (!t->in_transaction)
		return;
	t->in_transaction = false;
	t->head_write = false;
	if (!sqlite3_get_autocommit(t->db) && db_query(t, &sql, TRACKER_ROLLBACK, &st, &ignored) >= 0)
		db_step(t, st, &ignored);
}

int tracker_read_begin(struct tracker *t, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, TRACKER_READ_BEGIN, &st, e);

	return r < 0 ? r : db_step(t, st, e);
}

void tracker_read_end(struct tracker *t)
{
	_query_ sqlite3_stmt *st = NULL;
	struct err ignored;

	if (!t->in_transaction && !sqlite3_get_autocommit(t->db) &&
	    db_query(t, &sql, TRACKER_COMMIT, &st, &ignored) >= 0)
		db_step(t, st, &ignored);
}

void tracker_patience(struct tracker *t, int64_t us)
{
	t->patience_us = us;
}

void tracker_stop_when(struct tracker *t, int (*stop)(void *arg), void *arg)
{
	sqlite3_progress_handler(t->db, stop ? 2000 : 0, stop, arg);
}

void tracker_trim(struct tracker *t)
{
	sqlite3_db_release_memory(t->db);
}

int64_t tracker_data_version(struct tracker *t)
{
	struct err ignored;
	int64_t v = -1;

	db_get_int(t, &sql, TRACKER_VERSION, &v, &ignored);
	return v;
}

bool tracker_moved(const struct tracker *t)
{
	int moved = 0;

	if (t->stood.db.size)
		return db_has_changed(t);
	return sqlite3_file_control(t->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved;
}
