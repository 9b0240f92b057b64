#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>
#include "base/embed.h"
#include "base/file.h"
#include "tracker/anchor.h"
#include "tracker/db.h"
#include "tracker/folder.h"
#include "tracker/schema_compare.h"

#define SQL(X) X(SCHEMA_VERSION, "PRAGMA user_version")
DB_TABLE(DB_SCHEMA, kept, SQL)

EMBED(schema_sql_1, "tracker/schema/1.sql");

static const char *const migrations[] = {schema_sql_1};

static int read_number(struct tracker *t, const char *sql, int64_t *ret, struct err *e)
{
	_statement_ sqlite3_stmt *st = NULL;
	int r = db_prepare(t, sql, &st, e);

	if (r < 0)
		return r;
	r = db_step(t, st, e);
	if (r > 0)
		*ret = db_int(st, 0);
	return r < 0 ? r : 0;
}

static int sync_file(const char *path, struct err *e)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? err_errno(e, "%s", path) : 0;
}

/* As SQLite keeps it in the head of the file. */
static int version_of_file(const char *path, int64_t *ret, struct err *e)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char b[4];

	if (fd < 0 || pread(fd, b, sizeof b, 60) != (ssize_t)sizeof b)
		return err_errno(e, "%s", path);
	*ret = (int64_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
	return 0;
}

static int write_copy(struct tracker *t, int64_t version, const char *temp, const char *path, struct err *e)
{
	_statement_ sqlite3_stmt *st = NULL;
	int64_t copied = 0;
	int r = db_prepare(t, "VACUUM INTO ?1", &st, e);

	if (r >= 0)
		r = db_bind(t, st, e, DB_TEXT(temp));
	if (r >= 0)
		r = db_step(t, st, e);
	if (r >= 0)
		r = sync_file(temp, e);
	if (r >= 0)
		r = version_of_file(temp, &copied, e);
	if (r >= 0 && copied == version && rename(temp, path) < 0)
		r = err_errno(e, "%s", path);
	return r < 0 ? r : file_sync_dir(t->dir, e);
}

/* A whole copy beside the database, before the first migration touches anything. It gets its name when it is complete,
 * in place of one that an upgrade which failed has left; where another process was quicker the copy shows the upgraded
 * state already, and that process made the one that is wanted. One at a time: by a lock on the folder, which leaves
 * nothing. */
static int back_up(struct tracker *t, int64_t version, struct err *e)
{
	_free_ char *path = mem_printf("%s/jig.db.v%lld.bak", t->dir, (long long)version);
	_free_ char *temp = mem_printf("%s.new", path), *journal = mem_printf("%s-journal", temp);
	_close_ int held = open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = held < 0 || flock(held, LOCK_EX) < 0 ? err_errno(e, "%s", t->dir) : 0;

	/* One that was killed may have left a part of it. */
	if (r >= 0) {
		unlink(temp);
		unlink(journal);
		r = write_copy(t, version, temp, path, e);
		unlink(temp);
		unlink(journal);
	}
	return r < 0 ? err_prefix(e, "copying the record before its upgrade") : 0;
}

/* A file of version 0 must be empty: someone else's database is left alone. */
static int check_empty(struct tracker *t, struct err *e)
{
	int64_t tables = 0;
	int r = read_number(t, "SELECT count(*) FROM sqlite_master", &tables, e);

	if (r >= 0 && tables > 0)
		return err_set(e, ERR_BROKEN, "%s/jig.db is a database of something else; move it away", t->dir);
	return r;
}

/* With the database comes the file that tells where its chain ends, so that one which is missing was taken away. */
static int make_chain_file(struct tracker *t, struct err *e)
{
	int r = folder_is_new(t->dir, e);

	return r < 0 ? r : anchor_write(t->dir, &(struct anchor){0}, e);
}

static int migrate(struct tracker *t, const char *const *list, int64_t version, int n, struct err *e)
{
	int r = 0;

	for (; r >= 0 && version < n; version++) {
		char pragma[64];

		if (version == 0 && ((r = check_empty(t, e)) < 0 || (r = make_chain_file(t, e)) < 0))
			return r;
		snprintf(pragma, sizeof pragma, "PRAGMA user_version = %lld", (long long)version + 1);
		if ((r = db_exec(t, list[version], e)) >= 0)
			r = db_exec(t, pragma, e);
	}
	return r;
}

static int newer(struct tracker *t, int64_t version, struct err *e)
{
	return err_set(e, ERR_USAGE, "%s/jig.db was made by a newer jig (schema %lld, this one knows %d): update jig",
	               t->dir, (long long)version, t->schema);
}

int schema_still(struct tracker *t, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &kept, SCHEMA_VERSION, &st, e);

	if (r < 0 || (r = db_step(t, st, e)) < 0)
		return r;
	return db_int(st, 0) > t->schema ? newer(t, db_int(st, 0), e) : 0;
}

int schema_upgrade(struct tracker *t, const char *const *list, int n, struct err *e)
{
	int64_t version = 0;
	int r = read_number(t, "PRAGMA user_version", &version, e);

	t->schema = n;
	if (r < 0 || version == n)
		return r;
	if (version > n)
		return newer(t, version, e);
	if (version > 0 && (r = back_up(t, version, e)) < 0)
		return r;
	if ((r = tracker_begin(t, e)) < 0)
		return r;
	/* Another process may have been quicker while this one waited. */
	r = read_number(t, "PRAGMA user_version", &version, e);
	if (r >= 0)
		r = migrate(t, list, version, n, e);
	if (r < 0) {
		tracker_rollback(t);
		return r;
	}
	return tracker_commit(t, e);
}

const char *schema_migration(int i)
{
	return i < (int)ARRAY_LEN(migrations) ? migrations[i] : NULL;
}

int schema_ready(struct tracker *t, struct err *e)
{
	return schema_upgrade(t, migrations, ARRAY_LEN(migrations), e);
}
