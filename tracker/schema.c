#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/embed.h"
#include "base/file.h"
#include "tracker/db.h"

EMBED(schema_sql_1, "tracker/schema/1.sql");

/* Element i brings version i to i + 1. */
static const char *const migrations[] = {schema_sql_1};
#define VERSION ((int64_t)ARRAY_LEN(migrations))

static int read_version(struct tracker *t, int64_t *ret, struct err *e)
{
	_statement_ sqlite3_stmt *st = NULL;
	int r = db_prepare(t, "PRAGMA user_version", &st, e);

	if (r < 0)
		return r;
	r = db_step(t, st, e);
	if (r > 0)
		*ret = db_int(st, 0);
	return r < 0 ? r : 0;
}

/* A whole copy beside it, by SQLite's own backup, before the first migration touches anything. */
static int back_up(struct tracker *t, int64_t version, struct err *e)
{
	_free_ char *path = mem_printf("%s/jig.db.v%lld.bak", t->dir, (long long)version);
	_free_ char *part = mem_printf("%s.%ld", path, (long)getpid());
	_free_ char *sql = NULL;
	char *quoted;
	int r;

	if (file_exists(path))
		return 0;
	quoted = sqlite3_mprintf("VACUUM INTO %Q", part);
	sql = mem_strdup(quoted);
	sqlite3_free(quoted);
	r = db_exec(t, sql, e);
	if (r >= 0 && rename(part, path) < 0)
		r = err_errno(e, "%s", path);
	if (r < 0) {
		unlink(part);
		return err_prefix(e, "copying the record before its upgrade");
	}
	return 0;
}

int schema_ready(struct tracker *t, struct err *e)
{
	int64_t version;
	int r = read_version(t, &version, e);

	if (r < 0 || version == VERSION)
		return r;
	if (version > VERSION)
		return err_set(
		        e, ERR_USAGE,
		        "the record %s/jig.db was made by a newer jig (schema %lld, this one knows %lld): update jig",
		        t->dir, (long long)version, (long long)VERSION);
	if (version > 0 && (r = back_up(t, version, e)) < 0)
		return r;
	if ((r = tracker_begin(t, e)) < 0)
		return r;
	/* Another process may have been quicker while this one waited. */
	r = read_version(t, &version, e);
	for (; r >= 0 && version < VERSION; version++) {
		char pragma[64];

		r = db_exec(t, migrations[version], e);
		snprintf(pragma, sizeof pragma, "PRAGMA user_version = %lld", (long long)version + 1);
		if (r >= 0)
			r = db_exec(t, pragma, e);
	}
	if (r < 0) {
		tracker_rollback(t);
		return r;
	}
	return tracker_commit(t, e);
}
