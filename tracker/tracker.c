#include "tracker/tracker.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/file.h"
#include "base/path.h"
#include "base/time.h"
#include "tracker/db.h"
#include "tracker/event.h"

#define PATIENCE_US (60 * US_PER_S)

#define SQL(X) \
	X(TRACKER_BEGIN, "BEGIN IMMEDIATE") \
	X(TRACKER_READ_BEGIN, "BEGIN") \
	X(TRACKER_COMMIT, "COMMIT") \
	X(TRACKER_ROLLBACK, "ROLLBACK") \
	X(TRACKER_VERSION, "PRAGMA data_version")
DB_TABLE(DB_TRACKER, sql, SQL)

/* SQLite asks how long to wait: a little more each time, never the same for two processes. */
static int wait_a_little(void *arg, int count)
{
	struct tracker *t = arg;
	useconds_t us = 200u << (count < 7 ? count : 7);

	if (count == 0)
		t->waiting_since = time_mono();
	if (time_mono() - t->waiting_since > PATIENCE_US)
		return 0;
	usleep(us + (useconds_t)(getpid() % 97) * 11);
	return 1;
}

/* Nobody asks SQLite how much memory it holds; counting takes a lock at every allocation. Its statement journals come
 * and go at the top of the heap, which must not be handed back each time. One that grows over 64 KB, by a single split
 * of pages, would become a file, and stay one for each further statement of the transaction: they are kept in
 * memory. */
static void configure(void)
{
	mem_keep(16 << 20);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
	db_calls_set();
}

static int set_up(struct tracker *t, struct err *e)
{
	int r;

	sqlite3_busy_handler(t->db, wait_a_little, t);
	sqlite3_extended_result_codes(t->db, 1);
	sqlite3_db_config(t->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* Asking costs nothing where the mode is kept in the file already. Two processes that make the database may
	 * meet here. */
	for (int i = 0;; i++) {
		r = db_exec(t,
		            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA "
		            "trusted_schema = OFF; "
		            "PRAGMA cache_size = -16384",
		            e);
		if (r != ERR_BUSY || i == 500)
			return r;
		usleep(5000);
	}
}

int tracker_open(const char *dir, enum tracker_mode mode, struct tracker **ret, struct err *e)
{
	_tracker_ struct tracker *t = mem_zero(sizeof *t);
	_free_ char *path = path_join(dir, "jig.db");
	static pthread_once_t configured = PTHREAD_ONCE_INIT;
	const char *fs;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	int r;

	pthread_once(&configured, configure);
	t->dir = mem_strdup(dir);
	if (mode == TRACKER_READ && !file_exists(path))
		return err_set(e, ERR_NOT_FOUND, "no record in %s yet; `jig run` makes the first run", dir);
	if (file_on_network(dir, &fs))
		return err_set(e, ERR_BROKEN,
		               "%s is on a network file system (%s), where the record would not be safe; set JIG_DIR "
		               "to a folder on a local disk",
		               dir, fs);
	if (mode == TRACKER_WRITE)
		flags |= SQLITE_OPEN_CREATE;
	errno = 0;
	if (sqlite3_open_v2(path, &t->db, flags, NULL) != SQLITE_OK)
		return db_error(t, e, "cannot open the record");
	if ((r = set_up(t, e)) < 0 || (r = schema_ready(t, e)) < 0)
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

int tracker_begin(struct tracker *t, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r;

	if (t->in_transaction) {
		fprintf(stderr, "jig: a transaction within a transaction\n");
		abort();
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

bool tracker_in_transaction(const struct tracker *t)
{
	return t->in_transaction;
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

	return sqlite3_file_control(t->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved;
}
