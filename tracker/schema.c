#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/embed.h"
#include "base/file.h"
#include "tracker/db.h"

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

/* A whole copy beside the database, before the first migration touches anything. It gets its name when it is complete;
 * where two processes upgrade at once the first copy stays, for the second may show the upgraded state already. */
static int back_up(struct tracker *t, int64_t version, struct err *e)
{
	_free_ char *path = mem_printf("%s/jig.db.v%lld.bak", t->dir, (long long)version);
	_free_ char *temp = mem_printf("%s.%ld", path, (long)getpid());
	_statement_ sqlite3_stmt *st = NULL;
	int r;

	if (file_exists(path))
		return 0;
	unlink(temp);
	r = db_prepare(t, "VACUUM INTO ?1", &st, e);
	if (r >= 0)
		r = db_bind(t, st, e, DB_TEXT(temp));
	if (r >= 0)
		r = db_step(t, st, e);
	if (r >= 0)
		r = sync_file(temp, e);
	if (r >= 0 && link(temp, path) < 0 && errno != EEXIST)
		r = err_errno(e, "%s", path);
	unlink(temp);
	if (r >= 0)
		r = file_sync_dir(t->dir, e);
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

static int migrate(struct tracker *t, const char *const *list, int64_t version, int n, struct err *e)
{
	int r = 0;

	for (; r >= 0 && version < n; version++) {
		char pragma[64];

		if (version == 0 && (r = check_empty(t, e)) < 0)
			return r;
		snprintf(pragma, sizeof pragma, "PRAGMA user_version = %lld", (long long)version + 1);
		if ((r = db_exec(t, list[version], e)) >= 0)
			r = db_exec(t, pragma, e);
	}
	return r;
}

static int newer(struct tracker *t, int64_t version, int n, struct err *e)
{
	return err_set(e, ERR_USAGE, "%s/jig.db was made by a newer jig (schema %lld, this one knows %d): update jig",
	               t->dir, (long long)version, n);
}

int schema_upgrade(struct tracker *t, const char *const *list, int n, struct err *e)
{
	int64_t version = 0;
	int r = read_number(t, "PRAGMA user_version", &version, e);

	if (r < 0 || version == n)
		return r;
	if (version > n)
		return newer(t, version, n, e);
	if (version > 0 && (r = back_up(t, version, e)) < 0)
		return r;
	if ((r = tracker_begin(t, e)) < 0)
		return r;
	/* Another process may have been quicker while this one waited. */
	r = read_number(t, "PRAGMA user_version", &version, e);
	if (r >= 0 && version > n)
		r = newer(t, version, n, e);
	if (r >= 0)
		r = migrate(t, list, version, n, e);
	if (r < 0) {
		tracker_rollback(t);
		return r;
	}
	return tracker_commit(t, e);
}

int schema_ready(struct tracker *t, struct err *e)
{
	return schema_upgrade(t, migrations, ARRAY_LEN(migrations), e);
}
