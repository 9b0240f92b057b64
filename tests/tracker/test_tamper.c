/* Someone changes, adds or removes one row of a record whose triggers he dropped: every column of every row of every
 * table, as the database itself lists them. All of it is found, and named by table and row. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/vec.h"
#include "tests/lib/record_case.h"
#include "tracker/db.h"
#include "tracker/event.h"

#define ENDED "IN (SELECT number FROM run WHERE seal IS NOT NULL)"
#define ATTEMPT_NAME "(SELECT a.name || '@' || a.n FROM attempt a WHERE a.id = "

/* What a table's rows are called, as SQL over a row: its key, and its owner, which is told of a row that is gone.
 * of: the rows that belong to ended runs, or to all. A table that is not here fails the test. */
static const struct table {
	const char *name, *key, *owner, *of;
	const char *added; /* a row that no run has, where that is not its key */
} tables[] = {
        {"run", "'run ' || number", "'run ' || number", "number " ENDED},
        {"pipeline", "'definition'", "'run 1'", "1"},
        {"sweep", "'the sweep'", "'run ' || (SELECT number FROM run WHERE sweep = x.id)",
         "id IN (SELECT sweep FROM run WHERE seal IS NOT NULL)", "'sweep ' || id"},
        {"param", "key", "'run ' || run", "run " ENDED},
        {"step", "name", "'run ' || run", "run " ENDED},
        {"borrow", "'run ' || lender", "'run ' || run", "run " ENDED},
        {"attempt", "name || '@' || n", "name", "run " ENDED},
        {"env", "key", "'run 1'", "1", "'environment ' || id || ' was added: ' || key"},
        {"package", "name", "(SELECT key FROM env WHERE id = x.env)", "1"},
        {"artifact", "role || ' ' || path", ATTEMPT_NAME "x.attempt)", "run " ENDED},
        {"sample", "'ts ' || ts", ATTEMPT_NAME "x.attempt)", "attempt IN (SELECT id FROM attempt WHERE run " ENDED ")"},
        {"trace_set", "'its digest'", ATTEMPT_NAME "(SELECT min(id) FROM attempt WHERE trace = x.id))", "1",
         "'trace ' || id"},
        {"trace", "kind || ' ' || path", ATTEMPT_NAME "(SELECT min(id) FROM attempt WHERE trace = x.trace_set))", "1"},
        {"series", "key", ATTEMPT_NAME "x.attempt)", "run " ENDED},
        {"point", "'series ' || series",
         "'series ' || " ATTEMPT_NAME "(SELECT attempt FROM series WHERE id = "
         "x.series)) || ' ' || (SELECT key FROM series WHERE id = x.series) || ', block 0'",
         "series IN (SELECT id FROM series WHERE run " ENDED ")"},
        {"run_metric", "key", "(SELECT name FROM step WHERE id = x.step)", "run " ENDED},
        {"request", "action || ' ' || id", "(SELECT name FROM step WHERE id = x.step)", "run " ENDED},
        {"tag", "key", "key", "run " ENDED},
        {"note", "'run ' || run", "'run ' || run", "run " ENDED},
        {"seal", "'run ' || run || ': table seal: the row of ' || tbl || ', ' || owner || ', block ' || block",
         "'run ' || run", "run " ENDED},
        {"event", "'event ' || id", "'event ' || id", "1"},
        {"tally", "name", "name", "1"},
        {"power_of_two", "n", "n", "1"},
};

struct names {
	char **v;
	size_t len, cap;
};

struct column {
	char *name, *type;
	bool required, key, unique;
};

static int checked, named, refused;

static void names_release(struct names *n)
{
	for (size_t i = 0; i < n->len; i++)
		free(n->v[i]);
	vec_release(n);
}
#define _names_ _cleanup_(names_release)

/* The first column of all rows. */
static void ask(struct tracker *t, const char *sql, struct names *ret)
{
	sqlite3_stmt *st;

	if (sqlite3_prepare_v2(t->db, sql, -1, &st, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(t->db));
	while (sqlite3_step(st) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(st, 0);

		vec_push(ret, mem_strdup(text ? text : ""));
	}
	sqlite3_finalize(st);
}

static void drop_triggers(void)
{
	_tracker_ struct tracker *t = NULL;
	_names_ struct names drops = {0};

	must(tracker_open(record_dir, TRACKER_WRITE, &t, &make_err));
	ask(t, "SELECT 'DROP TRIGGER ' || name FROM sqlite_schema WHERE type = 'trigger'", &drops);
	assert_true(drops.len > 40);
	for (size_t i = 0; i < drops.len; i++)
		must(db_exec(t, drops.v[i], &make_err));
}

static int setup(void **state)
{
	record_three_setup(state);
	drop_triggers();
	return 0;
}

static bool any_in(const struct names *n, const struct names *but, const char *text)
{
	for (size_t i = 0; i < n->len; i++) {
		bool old = false;

		for (size_t k = 0; but && !old && k < but->len; k++)
			old = strcmp(but->v[k], n->v[i]) == 0;
		if (!old && n->v[i][0] && strstr(text, n->v[i]))
			return true;
	}
	return false;
}

/* Does it, hears what verify says, takes it back. `row` picks the row, or the one that the new one is made of: then
 * what the new one is called may be given. False: the database refuses. */
static bool tamper(struct tracker *t, const struct table *table, const char *row, const char *added, const char *sql)
{
	_names_ struct names before = {0}, after = {0}, own = {0};
	_free_ char *keys = mem_printf("SELECT %s FROM %s x", added ? added : table->key, table->name);
	_free_ char *mine = mem_printf("SELECT %s FROM %s x WHERE %s UNION ALL SELECT %s FROM %s x WHERE %s",
	                               table->key, table->name, row, table->owner, table->name, row);
	_free_ char *place = mem_printf("table %s", table->name);
	struct verify_report v;
	bool done;

	must(tracker_begin(t, &make_err));
	ask(t, keys, &before);
	if (!added)
		ask(t, mine, &own);
	done = sqlite3_exec(t->db, sql, NULL, NULL, NULL) == SQLITE_OK && sqlite3_changes(t->db) == 1;
	if (done) {
		must(verify_all(t, NULL, &v, &make_err));
		ask(t, keys, &after);
		if (v.ok)
			print_error("not found: %s\n", sql);
		else if (!strstr(v.fault, place) || (!any_in(&own, NULL, v.fault) && !any_in(&after, &before, v.fault)))
			print_error("%s\n  not named, told: %s\n", sql, v.fault);
		else
			named++;
	}
	tracker_rollback(t);
	*(done ? &checked : &refused) += 1;
	return done;
}

static void read_columns(struct tracker *t, const char *table, struct column *ret, size_t max, size_t *n)
{
	_free_ char *sql = mem_printf(
	        "SELECT name, type, \"notnull\", pk, EXISTS (SELECT 1 FROM pragma_index_list('%1$s') l WHERE "
	        "l.\"unique\" AND "
	        "c.name = (SELECT i.name FROM pragma_index_info(l.name) i ORDER BY i.seqno DESC LIMIT 1)) FROM "
	        "pragma_table_info('%1$s') c",
	        table);
	sqlite3_stmt *st;

	if (sqlite3_prepare_v2(t->db, sql, -1, &st, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(t->db));
	for (*n = 0; sqlite3_step(st) == SQLITE_ROW; (*n)++) {
		assert_true(*n < max);
		ret[*n] = (struct column){mem_strdup(db_peek(st, 0)), mem_strdup(db_peek(st, 1)), db_int(st, 2),
		                          db_int(st, 3) > 0, db_int(st, 4)};
	}
	sqlite3_finalize(st);
}

static const char *const *other_values(const char *type)
{
	static const char *const integers[] = {"coalesce(%1$s, -1) + 1", "-1000003", "NULL", NULL};
	static const char *const texts[] = {"coalesce(%1$s, '') || 'x'", "%1$s || char(0)", "upper(%1$s)", "NULL",
	                                    NULL};
	static const char *const reals[] = {"coalesce(%1$s, 0) + 0.5", "9e999", "NULL", NULL};
	static const char *const blobs[] = {"zeroblob(length(%1$s))", "substr(%1$s, 2)",
	                                    "coalesce(%1$s, x'01') || x'00'", "NULL", NULL};

	return strcmp(type, "INTEGER") == 0 ? integers
	       : strcmp(type, "TEXT") == 0  ? texts
	       : strcmp(type, "REAL") == 0  ? reals
	                                    : blobs;
}

static void change(struct tracker *t, const struct table *table, const char *row, const struct column *c)
{
	const char *const *value = other_values(c->type);
	int found = 0;

	for (; *value; value++) {
		_free_ char *other = mem_printf(*value, c->name);
		_free_ char *sql = mem_printf("UPDATE %s SET %s = %s WHERE %s AND %s IS NOT %s", table->name, c->name,
		                              other, row, c->name, other);

		found += tamper(t, table, row, NULL, sql);
	}
	if (!found)
		fail_msg("no change of %s.%s went through where %s", table->name, c->name, row);
}

/* The row once more, other in the column `by` and in whatever else no two rows may share. */
static void add(struct tracker *t, const struct table *table, const char *row, const struct column *c, size_t n,
                size_t by)
{
	_buf_ struct buf sql = BUF_INIT;

	buf_addf(&sql, "INSERT INTO %s SELECT ", table->name);
	for (size_t i = 0; i < n; i++) {
		bool other = i == by || (c[i].unique && !c[i].key);

		buf_addf(&sql,
		         !other                             ? "%s%s"
		         : strcmp(c[i].type, "BLOB") == 0    ? "%srandomblob(length(%s))"
		         : strcmp(c[i].type, "INTEGER") == 0 ? "%s%s + 1000"
		                                             : "%s%s || 'x'",
		         i ? ", " : "", c[i].name);
	}
	buf_addf(&sql, " FROM %s WHERE %s", table->name, row);
	if (!tamper(t, table, row, table->added, sql.data))
		fail_msg("refused: %s: %s", sql.data, sqlite3_errmsg(t->db));
}

static void tamper_table(struct tracker *t, const struct table *table)
{
	struct column columns[64];
	_buf_ struct buf pick = BUF_INIT;
	_names_ struct names rows = {0};
	size_t n;

	read_columns(t, table->name, columns, ARRAY_LEN(columns), &n);
	buf_adds(&pick, "SELECT ''");
	for (size_t i = 0; i < n; i++)
		if (columns[i].key)
			buf_addf(&pick, " || '%s%s IS ' || quote(%s)", pick.len > 10 ? " AND " : "", columns[i].name,
			         columns[i].name);
	buf_addf(&pick, " FROM %s x WHERE %s", table->name, table->of);
	ask(t, pick.data, &rows);
	if (!rows.len)
		fail_msg("the record has no row of %s", table->name);
	for (size_t i = 0; i < rows.len; i++) {
		/* Of what is long and all alike the ends and the middle. */
		if (rows.len > 100 && i && i != rows.len / 2 && i + 1 != rows.len)
			continue;
		_free_ char *drop = mem_printf("DELETE FROM %s WHERE %s", table->name, rows.v[i]);

		if (!tamper(t, table, rows.v[i], NULL, drop))
			fail_msg("refused: %s", drop);
		for (size_t k = 0; k < n; k++)
			change(t, table, rows.v[i], &columns[k]);
		for (size_t k = 0; k < n; k++)
			if (columns[k].key)
				add(t, table, rows.v[i], columns, n, k);
	}
	for (size_t i = 0; i < n; i++) {
		free(columns[i].name);
		free(columns[i].type);
	}
}

static void test_every_row(void **state)
{
	_tracker_ struct tracker *t = NULL;
	_names_ struct names all = {0};
	struct verify_report v;

	must(tracker_open(record_dir, TRACKER_WRITE, &t, &make_err));
	must(verify_all(t, NULL, &v, &make_err));
	assert_string_equal(v.fault, "");
	must(db_exec(t, "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON", &make_err));
	ask(t, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'", &all);
	assert_int_equal(all.len, ARRAY_LEN(tables));
	for (size_t i = 0; i < all.len; i++) {
		size_t k = 0;

		while (k < ARRAY_LEN(tables) && strcmp(tables[k].name, all.v[i]) != 0)
			k++;
		if (k == ARRAY_LEN(tables))
			fail_msg("what are rows of %s called?", all.v[i]);
		tamper_table(t, &tables[k]);
	}
	must(verify_all(t, NULL, &v, &make_err));
	assert_string_equal(v.fault, "");
	assert_int_equal(named, checked);
	printf("%d ways to tamper with a row were found and named (%d were none: the database refused, or nothing "
	       "changed)\n",
	       checked, refused);
}

/* Who may write the file may forge everything that is in it, and the chain's head beside it: only what was kept
 * elsewhere tells. */
static void test_forged_as_a_whole(void **state)
{
	_tracker_ struct tracker *t = NULL;
	_free_ char *path = path_join(record_dir, "chain");
	struct verify_report was, now;
	struct digest before = {0};
	sqlite3_stmt *st, *put;

	must(tracker_open(record_dir, TRACKER_WRITE, &t, &make_err));
	must(verify_all(t, NULL, &was, &make_err));
	must(verify_all(t, was.anchor, &now, &make_err));
	assert_true(now.ok);
	must(tracker_begin(t, &make_err));
	assert_int_equal(sqlite3_exec(t->db, "UPDATE event SET ts = ts - 86400000000 WHERE id >= 7", NULL, NULL, NULL),
	                 0);
	assert_int_equal(
	        sqlite3_prepare_v2(t->db, "SELECT id, ts, run, kind, body FROM event ORDER BY id", -1, &st, NULL), 0);
	assert_int_equal(sqlite3_prepare_v2(t->db, "UPDATE event SET hash = ?2 WHERE id = ?1", -1, &put, NULL), 0);
	while (sqlite3_step(st) == SQLITE_ROW) {
		struct event v = {.id = db_int(st, 0),
		                  .ts = db_int(st, 1),
		                  .run = db_int(st, 2),
		                  .kind = db_peek(st, 3),
		                  .body = db_peek(st, 4),
		                  .kind_len = strlen(db_peek(st, 3)),
		                  .body_len = strlen(db_peek(st, 4))};

		event_hash(t, &before, &v, &before);
		sqlite3_bind_int64(put, 1, v.id);
		sqlite3_bind_blob(put, 2, before.b, DIGEST_SIZE, SQLITE_STATIC);
		assert_int_equal(sqlite3_step(put), SQLITE_DONE);
		sqlite3_reset(put);
	}
	sqlite3_finalize(st);
	sqlite3_finalize(put);
	must(tracker_commit(t, &make_err));

	must(verify_all(t, NULL, &now, &make_err));
	assert_false(now.ok);
	assert_non_null(strstr(now.fault, "is not the one of the file .jig/chain"));
	must(file_write(path, now.anchor, strlen(now.anchor), 0600, &make_err));
	must(verify_all(t, NULL, &now, &make_err));
	assert_string_equal(now.fault, "");
	must(verify_all(t, was.anchor, &now, &make_err));
	assert_false(now.ok);
	_free_ char *told = mem_printf("the chain is not the one of the anchor: event %lld has another hash",
	                               (long long)was.events);
	assert_string_equal(now.fault, told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_every_row),
	        cmocka_unit_test(test_forged_as_a_whole),
	};

	return cmocka_run_group_tests(tests, setup, record_dir_teardown);
}
