#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/time.h"
#include "tracker/db.h"

#define TURN_US 20000

enum way {
	SHARED, /* as SQLite does it: with a -wal and a -shm beside the database */
	ALONE,  /* nobody else has it open: what -shm would hold stands in memory */
	STILL,  /* nobody writes it: no lock, no file beside it; only where there is no -wal */
};

/* SQLite asks how long to wait: a little more each time, never the same for two processes. */
static int wait_a_little(void *arg, int count)
{
	struct tracker *t = arg;
	useconds_t us = 200u << (count < 7 ? count : 7);

	if (count == 0)
		t->waiting_since = time_mono();
	if (time_mono() - t->waiting_since > t->patience_us)
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

static int set_up(struct tracker *t, enum way way, struct err *e)
{
	int64_t began = time_mono();
	int r;

	/* Two that both wait to be alone would wait for each other: they let go and come back. */
	if (way != ALONE)
		sqlite3_busy_handler(t->db, wait_a_little, t);
	sqlite3_extended_result_codes(t->db, 1);
	sqlite3_db_config(t->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	if (way == ALONE && (r = db_exec(t, "PRAGMA locking_mode = EXCLUSIVE", e)) < 0)
		return r;
	/* Asking costs nothing where the mode is kept in the file already. Two processes that make the database may
	 * meet here. */
	for (;;) {
		r = db_exec(t,
		            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA "
		            "trusted_schema = OFF; "
		            "PRAGMA cache_size = -16384",
		            e);
		if (r != ERR_BUSY || way == ALONE || time_mono() - began > t->patience_us)
			return r;
		usleep(5000);
	}
}

static char *uri_of(const char *path)
{
	_buf_ struct buf b = BUF_INIT;

	buf_adds(&b, "file:");
	for (; *path; path++)
		if (strchr("%?#", *path))
			buf_addf(&b, "%%%02x", (unsigned char)*path);
		else
			buf_addc(&b, *path);
	buf_adds(&b, "?immutable=1");
	return buf_steal(&b);
}

static void disconnect(struct tracker *t)
{
	sqlite3_close(t->db);
	t->db = NULL;
}

static int connect_by(struct tracker *t, const char *path, enum way way, bool create, struct err *e)
{
	_free_ char *uri = way == STILL ? uri_of(path) : NULL;
	int flags = SQLITE_OPEN_NOMUTEX, r;

	flags |= way == STILL ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI : SQLITE_OPEN_READWRITE;
	if (create)
		flags |= SQLITE_OPEN_CREATE;
	errno = 0;
	if (sqlite3_open_v2(uri ? uri : path, &t->db, flags, NULL) != SQLITE_OK)
		r = db_error(t, e, "cannot open the record");
	else
		r = set_up(t, way, e);
	if (r < 0)
		disconnect(t);
	return r;
}

static void look_at(const char *path, struct db_file_stood *ret)
{
	struct stat st;

	*ret = (struct db_file_stood){0};
	if (stat(path, &st) < 0 || !st.st_size)
		return;
	ret->device = (uint64_t)st.st_dev;
	ret->inode = (uint64_t)st.st_ino;
	ret->size = (int64_t)st.st_size;
	ret->changed_ns = time_ns(&st.st_mtim);
}

static struct db_stood stands(const struct tracker *t)
{
	_free_ char *db = path_join(t->dir, "jig.db"), *wal = path_join(t->dir, "jig.db-wal");
	struct db_stood s;

	look_at(db, &s.db);
	look_at(wal, &s.wal);
	return s;
}

bool db_has_changed(const struct tracker *t)
{
	struct db_stood now = stands(t);

	return memcmp(&now, &t->stood, sizeof now) != 0;
}

/* Puts a copy in memory in place of the database, so that others get it. */
static int copy_out(struct tracker *t, struct err *e)
{
	sqlite3 *copy = NULL;
	int code = sqlite3_open_v2(":memory:", &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	sqlite3_backup *b = code == SQLITE_OK ? sqlite3_backup_init(copy, "main", t->db, "main") : NULL;
	int r = 0;

	errno = 0;
	if (b)
		sqlite3_backup_step(b, -1);
	if (!b || sqlite3_backup_finish(b) != SQLITE_OK)
		r = err_set(e, ERR_BROKEN, "%s/jig.db: cannot copy the record into memory (%s)", t->dir,
		            sqlite3_errmsg(copy));
	disconnect(t);
	t->db = copy;
	if (r < 0)
		disconnect(t);
	return r;
}

/* 0: it is open. Else negative, with t->db NULL. */
static int open_still(struct tracker *t, const char *path, struct err *e)
{
	struct db_stood stood = stands(t);

	if (stood.wal.size)
		return err_prefix(e,
		                  "%s/jig.db-wal holds the newest of the record, which cannot be read where nothing "
		                  "can be written: copy the folder or make it writable",
		                  t->dir);
	t->stood = stood;
	return connect_by(t, path, STILL, false, e);
}

static int open_full(struct tracker *t, const char *path, enum tracker_mode mode, struct err *e)
{
	struct err first = *e;
	int r = connect_by(t, path, ALONE, false, e);

	if (r == ERR_BUSY)
		return r;
	if (r >= 0 && mode == TRACKER_CHANGE)
		return r;
	t->barred = ENOSPC;
	if (r >= 0 && (r = copy_out(t, e)) >= 0) {
		t->stood = stands(t);
		return r;
	}
	*e = first;
	return mode == TRACKER_CHANGE ? first.code : open_still(t, path, e);
}

/* The errno for which nothing can be written in the folder, or 0. */
static int no_right(const char *dir, const char *path)
{
	return access(path, W_OK) < 0 || access(dir, W_OK) < 0 ? errno : 0;
}

/* SQLite gives the files beside the database its mode. One that was made while that was read-only stays so, and would
 * bar all writing. */
static void mend_modes(const char *path)
{
	static const char *const ends[] = {"-wal", "-shm"};
	struct stat db, beside;

	if (stat(path, &db) < 0 || !(db.st_mode & S_IWUSR))
		return;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		_free_ char *name = mem_printf("%s%s", path, ends[i]);

		if (lstat(name, &beside) == 0 && S_ISREG(beside.st_mode) && beside.st_uid == geteuid() &&
		    !(beside.st_mode & S_IWUSR))
			chmod(name, db.st_mode & 0777);
	}
}

static int open_once(struct tracker *t, const char *path, enum tracker_mode mode, struct err *e)
{
	int r = connect_by(t, path, SHARED, mode == TRACKER_WRITE, e);

	/* With a -wal and a -shm that are there already SQLite reads what it may not write. */
	if (r >= 0 && sqlite3_db_readonly(t->db, "main") == 1)
		t->barred = no_right(t->dir, path);
	if (r >= 0 || mode == TRACKER_WRITE)
		return r;
	if (e->full)
		return open_full(t, path, mode, e);
	t->barred = no_right(t->dir, path);
	return t->barred ? open_still(t, path, e) : r;
}

int db_open(struct tracker *t, enum tracker_mode mode, struct err *e)
{
	_free_ char *path = path_join(t->dir, "jig.db");
	static pthread_once_t configured = PTHREAD_ONCE_INIT;
	int64_t began = time_mono();
	int r;

	pthread_once(&configured, configure);
	mend_modes(path);
	while ((r = open_once(t, path, mode, e)) == ERR_BUSY && time_mono() - began < t->patience_us)
		usleep(TURN_US + (useconds_t)(getpid() % 97) * 100);
	return r;
}
