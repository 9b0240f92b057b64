#include "tracker/schema_compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/vec.h"
#include "tracker/db.h"

#define SHOWN 4

/* Triggers, views and indexes, but for those that SQLite makes by itself. */
static const char objects_sql[] = "SELECT type, name, sql FROM sqlite_schema WHERE type <> 'table' AND sql IS NOT NULL "
                                  "ORDER BY type, name";

struct object {
	const char *type, *name, *sql;
};
struct objects {
	struct object *v;
	size_t len, cap;
};

static const struct {
	const char *type, *one, *many;
} kinds[] = {
        {"trigger", "trigger that guards the record is missing", "triggers that guard the record are missing"},
        {"view", "view of the record is missing", "views of the record are missing"},
        {"index", "index of the record is missing", "indexes of the record are missing"},
};

static int read_objects(struct tracker *t, struct arena *a, struct objects *ret, struct err *e)
{
	_statement_ sqlite3_stmt *st = NULL;
	int r = db_prepare(t, objects_sql, &st, e);

	while (r >= 0 && (r = db_step(t, st, e)) > 0) {
		struct object o = {db_text(st, 0, a), db_text(st, 1, a), db_text(st, 2, a)};

		vec_push(ret, o);
	}
	return r;
}

/* Those of a database that the migrations have just made. */
static int read_made(struct tracker *t, struct arena *a, struct objects *ret, struct err *e)
{
	struct tracker made = {.dir = t->dir};
	int r = 0;

	if (sqlite3_open(":memory:", &made.db) != SQLITE_OK)
		r = db_error(&made, e, "cannot make a schema to compare with");
	for (int i = 0; r >= 0 && i < t->schema; i++)
		r = db_exec(&made, schema_migration(i), e);
	if (r >= 0)
		r = read_objects(&made, a, ret, e);
	sqlite3_close(made.db);
	return r;
}

/* A trigger may have the name of an index. */
static const struct object *find(const struct objects *all, const struct object *o)
{
	for (size_t i = 0; i < all->len; i++)
		if (strcmp(all->v[i].type, o->type) == 0 && strcmp(all->v[i].name, o->name) == 0)
			return &all->v[i];
	return NULL;
}

static void find_fault(const struct objects *is, const struct objects *wanted, char *fault, size_t n)
{
	for (size_t i = 0; !fault[0] && i < is->len; i++) {
		const struct object *o = &is->v[i], *w = find(wanted, o);
		bool trigger = strcmp(o->type, "trigger") == 0;

		if (!w && trigger)
			snprintf(fault, n, "trigger %s is none of jig's", o->name);
		else if (w && strcmp(w->sql, o->sql) != 0 && strcmp(w->type, "index") != 0)
			snprintf(fault, n, "%s %s was changed: it is not the one that jig made", w->type, o->name);
	}
}

static void add_missing(const struct objects *is, const struct objects *wanted, size_t kind, struct buf *out)
{
	_buf_ struct buf names = BUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < wanted->len; i++) {
		const struct object *w = &wanted->v[i];

		if (strcmp(w->type, kinds[kind].type) != 0 || find(is, w))
			continue;
		if (n++ < SHOWN)
			buf_addf(&names, "%s%s", n > 1 ? ", " : "", w->name);
	}
	if (!n)
		return;
	buf_addf(out, "%zu %s: %s", n, n == 1 ? kinds[kind].one : kinds[kind].many, names.data);
	if (n > SHOWN)
		buf_addf(out, " and %zu more", n - SHOWN);
	buf_addc(out, '\n');
}

int schema_compare(struct tracker *t, char *fault, size_t nfault, char *notes, size_t nnotes, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	_buf_ struct buf missing = BUF_INIT;
	struct objects is = {0}, wanted = {0};
	int r;

	if (!schema_migration(t->schema - 1))
		return 0;
	r = read_objects(t, &a, &is, e);
	if (r >= 0)
		r = read_made(t, &a, &wanted, e);
	if (r >= 0) {
		find_fault(&is, &wanted, fault, nfault);
		for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
			add_missing(&is, &wanted, i, &missing);
		snprintf(notes, nnotes, "%s", missing.len ? missing.data : "");
	}
	vec_release(&is);
	vec_release(&wanted);
	return r;
}
