#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/embed.h"
#include "base/file.h"
#include "base/path.h"
#include "tests/lib/record_fill.h"
#include "tracker/query.h"
#include "tracker/query_metric.h"
#include "tracker/query_filter.h"

/* Two records: a small one with one of everything, and one with so many runs that lists must be walked along an index.
 */
enum { MANY = 9000 };
static char *small_dir, *many_dir;
static struct tracker *small, *many;
static int64_t key_nan;

static sqlite3 *raw_open(const char *dir)
{
	_free_ char *path = path_join(dir, "jig.db");
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	return db;
}

/* $0 … in the file: order keys of these. */
static const double doubles[] = {0.9, NAN, 0.95, 0.5, INFINITY, 0.99, -0.0, 0.25};
EMBED(small_sql, "tests/tracker/data/query.sql");

static void small_fill(void)
{
	_buf_ struct buf sql = BUF_INIT;
	sqlite3 *db = raw_open(small_dir);
	char *message = NULL;

	for (const char *p = small_sql; *p; p++)
		if (*p == '$')
			buf_addf(&sql, "%" PRId64, value_key(doubles[*++p - '0']));
		else
			buf_addc(&sql, *p);
	sqlite3_exec(db, sql.data, NULL, NULL, &message);
	if (message)
		fail_msg("%s", message);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int setup(void **state)
{
	struct err e = {0};
	struct tracker *t = NULL;

	key_nan = value_key(NAN);
	if (file_temp_dir("/tmp", "query", &small_dir, &e) < 0 || file_temp_dir("/tmp", "query", &many_dir, &e) < 0 ||
	    tracker_open(small_dir, TRACKER_WRITE, &t, &e) < 0)
		fail_msg("%s", e.text);
	tracker_close(t);
	small_fill();
	if (!record_fill(many_dir, (struct record_size){.runs = MANY, .metrics = 2, .params = 4, .points = 1}, &e) ||
	    tracker_open(small_dir, TRACKER_READ, &small, &e) < 0 ||
	    tracker_open(many_dir, TRACKER_READ, &many, &e) < 0)
		fail_msg("%s", e.text);
	return 0;
}

static int teardown(void **state)
{
	struct err e;

	tracker_close(small);
	tracker_close(many);
	assert_int_equal(file_remove_tree(small_dir, &e), 0);
	assert_int_equal(file_remove_tree(many_dir, &e), 0);
	free(small_dir);
	free(many_dir);
	return 0;
}

static void parse(const char *filter, const char *sort, struct arena *a, struct filter **f, struct filter_sort **s)
{
	struct err e = {0};

	*f = NULL;
	*s = NULL;
	if ((filter && filter_parse(filter, a, f, &e) < 0) || (sort && filter_parse_sort(sort, a, s, &e) < 0))
		fail_msg("%s", e.text);
}

static void list(struct tracker *t, const char *filter, const char *sort, int64_t limit, int64_t offset,
                 struct buf *out)
{
	_arena_ struct arena a = ARENA_INIT;
	struct err e = {0};
	struct filter *f;
	struct filter_sort *s;
	struct run_rows rows;

	parse(filter, sort, &a, &f, &s);
	if (query_runs(t, f, s, limit, offset, &a, &rows, &e) < 0)
		fail_msg("%s: %s", filter, e.text);
	for (size_t i = 0; i < rows.len; i++)
		buf_addf(out, "%s%" PRId64, i ? " " : "", rows.v[i].number);
}

static void lists_page(const char *filter, const char *sort, int64_t limit, int64_t offset, const char *want)
{
	_buf_ struct buf got = BUF_INIT;

	list(small, filter, sort, limit, offset, &got);
	if (strcmp(got.data, want) != 0)
		fail_msg("%s, by %s: %s, not %s", filter ? filter : "all", sort ? sort : "number", got.data, want);
}

/* Also counts. */
static void lists(const char *filter, const char *want)
{
	_arena_ struct arena a = ARENA_INIT;
	struct err e = {0};
	struct filter *f;
	struct filter_sort *s;
	int64_t n = -1, words = *want != '\0';

	lists_page(filter, NULL, -1, 0, want);
	for (const char *p = want; *p; p++)
		words += *p == ' ';
	parse(filter, NULL, &a, &f, &s);
	assert_int_equal(query_count(small, f, &n, &e), 0);
	assert_int_equal(n, words);
}

static void test_lists(void **state)
{
	lists(NULL, "8 5 4 3 2 1");
	lists("", "8 5 4 3 2 1");
	lists_page(NULL, NULL, 2, 0, "8 5");
	lists_page(NULL, NULL, 2, 2, "4 3");
	lists_page(NULL, NULL, 2, 5, "1");
	lists_page(NULL, NULL, 2, 6, "");
	lists_page(NULL, NULL, 0, 0, "");
	lists_page(NULL, NULL, INT64_MAX, 1, "5 4 3 2 1");
}

static void test_metrics(void **state)
{
	lists("metrics.acc > 0.9", "5 3");
	lists("metrics.acc >= 0.9", "5 3 1");
	lists("metrics.acc < 0.9", "8 4");
	lists("metrics.acc <= 0.9", "8 4 1");
	lists("metrics.acc = 0.9", "1");
	lists("metrics.acc != 0.9", "8 5 4 3 2");
	lists("metrics.acc = NaN", "2");
	lists("metrics.acc != NaN", "8 5 4 3 1");
	lists("metrics.acc > NaN OR metrics.acc <= NaN", "");
	lists("metrics.acc = inf", "5");
	lists("metrics.acc > inf", "");
	lists("metrics.acc >= inf", "5");
	lists("metrics.acc < -inf", "");
	lists("metrics.acc = 0", "8");
	lists("metrics.acc < 0", "");
	lists("metrics.acc > -0", "5 4 3 1");
	lists("metrics.acc IN (0, 0.5, nan)", "8 4 2");
	lists("metrics.acc NOT IN (0, 0.5, nan)", "5 3 1");
	lists("metrics.`val loss` < 1", "8 1");
	lists("metrics.\"val loss\" < 1 AND metrics.acc > 0", "1");
	lists("metrics.none != 1", "");
}

static void test_step_metrics(void **state)
{
	lists("metrics.\"train[lr]\".acc = 0.9",
	      "8 1"); /* of run 8 the step is reused, of run 1 the second attempt counts */
	lists("metrics.\"train[lr]\".acc < 0.9", "");
	lists("metrics.prepare.acc = 1", "");
	lists("metrics.\"prepare\".acc = 0.5", "4 1");
	lists("metrics.\"train\".acc > 0", "5 4 3");
	lists("metrics.\"train\".acc = NaN", "2");
	lists("metrics.\"none\".acc > 0", "");
}

static void test_params(void **state)
{
	lists("params.train.lr = 0.1", "5 4 1"); /* 5: the text '0.1' */
	lists("params.train.lr = '0.1'", "5 4 1");
	lists("params.train.lr = '0.10'", "4 1");
	lists("params.train.lr != 0.1", "3 2");
	lists("params.train.lr < 0.05", "2");
	lists("params.train.lr > 0.01", "5 4 3 1");
	lists("params.train.lr > 'a'", "3");
	lists("params.train.lr < 'b'", "5 4 3 2 1");
	lists("params.train.lr >= '1f'", "3");
	lists("params.train.lr IN ('auto', 0.01)", "3 2");
	lists("params.train.lr NOT IN ('auto', 0.01)", "5 4 1");
	lists("params.train.lr LIKE '0.%'", "5 2 1");
	lists("params.train.lr IN ('0.1', 'auto')", "5 4 3 1");
	lists("params.opt = 'adam' OR params.opt = 'sgd'", "2 1");
	lists("params.opt != 'adam'", "2");
	lists("params.`a b.c` >= 7", "3");
	lists("params.train.lr = nan", "");
}

static void test_texts(void **state)
{
	lists("tags.team = 'blue'", "1");
	lists("tags.team != 'blue'", "5 3");
	lists("tags.team LIKE 'r%'", "");
	lists("tags.team LIKE 'R%'", "3");
	lists("tags.team ILIKE 'r%'", "3");
	lists("tags.team NOT LIKE 'R%'", "5 1");
	lists("tags.team NOT ILIKE 'B%'", "3");
	lists("tags.team LIKE 'b*%'", "5");
	lists("tags.team LIKE '%u_'", "5 1");
	lists("tags.`x y` = \"1\"", "5");
	lists("tags.team IN ('blue', 'Red')", "3 1");
	lists("tags.team NOT IN ('blue', 'Red')", "5");
	lists("tags.team = 'x'' OR ''1''=''1'", "");
	lists("note LIKE '%100%%'", "3");
	lists("note ILIKE 'first%'", "1");
	lists("note != ''", "3 1");
}

static void test_attributes(void **state)
{
	lists("number >= 3 AND number < 5", "4 3");
	lists("number > 2.5 AND number != 4", "8 5 3");
	lists("number IN (1, 6, 99)", "1");
	lists("name = 'alpha'", "1");
	lists("name = 'zeta'", "");
	lists("name LIKE '%a'", "8 4 3 2 1");
	lists("run_name ILIKE 'eps%'", "5");
	lists("state = 'success'", "8 5 3 1");
	lists("status IN ('RUNNING', 'FAILED')", "4 2");
	lists("state NOT IN ('success', 'failed')", "4");
	lists("pipeline = 'q' AND kind = 'run'", "5 4 3");
	lists("origin = 1", "2");
	lists("created >= '1970-01-01T00:00:05Z'", "8 5");
	lists("created < 4000", "3 2 1");
	lists("started > '1970-01-01'", "4");
	lists("ended != 0", "2 1");
	lists("seconds > 5.5", "1");
	lists("seconds <= 5.5", "2");
	lists("user = 'u' AND host != 'h'", "");
	lists("branch = 'main' AND commit = 'c1'", "1");
	lists("dirty = true", "1");
	lists("dirty != true", "2");
	lists("run_id = '00000000000000000000000003'", "3");
}

static void test_logic(void **state)
{
	lists("number = 1 OR number = 2 AND state = 'success'", "1");
	lists("(number = 1 OR number = 2) AND state = 'failed'", "2");
	lists("(metrics.acc > 0.94 OR params.opt = 'sgd') AND (state = 'failed' OR tags.team = 'Red')", "3 2");
	lists("(name LIKE '%a' OR number = 5) AND (metrics.acc > 0.9)", "5 3");
	lists("name LIKE '%a' OR (number = 5 AND (state = 'failed' OR metrics.acc = inf))", "8 5 4 3 2 1");
}

static void test_sorted(void **state)
{
	lists_page(NULL, "number", -1, 0, "1 2 3 4 5 8");
	lists_page(NULL, "number DESC", 2, 1, "5 4");
	lists_page(NULL, "metrics.acc DESC", -1, 0, "5 3 1 4 8 2");
	lists_page(NULL, "metrics.acc", -1, 0, "8 4 1 3 5 2");
	lists_page(NULL, "metrics.`val loss`", -1, 0, "1 8 2 3 4 5");
	lists_page(NULL, "metrics.`val loss` DESC", -1, 0, "8 1 5 4 3 2");
	lists_page(NULL, "metrics.`val loss` DESC", 3, 1, "1 5 4");
	lists_page(NULL, "metrics.`val loss` DESC, number", -1, 0, "1 8 2 3 4 5");
	lists_page(NULL, "metrics.`val loss`, metrics.acc DESC", -1, 0, "1 8 5 3 4 2");
	lists_page(NULL, "metrics.\"train[lr]\".acc, number", -1, 0, "1 8 2 3 4 5");
	lists_page(NULL, "params.train.lr", -1, 0, "2 1 4 5 3 8");
	lists_page(NULL, "params.train.lr DESC", -1, 0, "4 1 2 3 5 8");
	lists_page(NULL, "tags.team, number DESC", -1, 0, "3 5 1 8 4 2");
	lists_page(NULL, "seconds DESC", -1, 0, "1 2 8 5 4 3");
	lists_page(NULL, "seconds", -1, 0, "2 1 3 4 5 8");
	lists_page(NULL, "state, number", -1, 0, "2 4 1 3 5 8");
	lists_page(NULL, "pipeline DESC, name", -1, 0, "5 4 3 1 2 8");
	lists_page(NULL, "note, created DESC", -1, 0, "3 1 8 5 4 2");
	lists_page(NULL, "metrics.none DESC", 2, 1, "5 4");
	lists_page("metrics.acc > 0.4", "metrics.acc DESC", 2, 0, "5 3");
	lists_page("metrics.acc > 0.4", "metrics.acc DESC", 2, 2, "1 4");
	lists_page("metrics.acc = NaN", "metrics.acc", -1, 0, "2");
	lists_page("state = 'success'", "params.train.lr DESC, metrics.acc", -1, 0, "1 3 5 8");
}

/* The walk along an index and its phases, against SQL written by hand. */
#define ACC "(SELECT value FROM run_metric WHERE run = number AND key = 'acc')"
#define LOSS "(SELECT value FROM run_metric WHERE run = number AND key = 'loss')"
#define LR "(SELECT number FROM param p WHERE p.run = run.number AND key = 'train.lr')"
#define MODEL "(SELECT text FROM param p WHERE p.run = run.number AND key = 'model')"
#define TEAM "(SELECT value FROM tag WHERE run = number AND key = 'team')"
static const struct {
	const char *filter, *sort, *where, *order;
} walks[] = {
        {NULL, "metrics.acc DESC", "1", ACC " IS NULL, " ACC " = ?2, " ACC " DESC, number DESC"},
        {NULL, "metrics.acc", "1", ACC " IS NULL, " ACC " = ?2, " ACC ", number"},
        {"metrics.acc > 0.3", "metrics.acc DESC", ACC " > ?1 AND " ACC " <> ?2", ACC " DESC, number DESC"},
        {"metrics.acc <= 0.3", "metrics.acc", ACC " <= ?1", ACC ", number"},
        {"metrics.acc > 0.3 AND metrics.acc < 0.9 AND state = 'success'", "metrics.acc",
         ACC " > ?1 AND " ACC " < ?3 AND state = 'success'", ACC ", number"},
        {"metrics.acc != 0.3", "metrics.acc", ACC " <> ?1", ACC " = ?2, " ACC ", number"},
        {"metrics.acc > 0.3 OR state = 'failed'", "metrics.acc DESC",
         "(" ACC " > ?1 AND " ACC " <> ?2) OR state = 'failed'",
         ACC " IS NULL, " ACC " = ?2, " ACC " DESC, number DESC"},
        {"params.train.lr > 0.003", "metrics.loss, number DESC", LR " > 0.003",
         LOSS " IS NULL, " LOSS " = ?2, " LOSS ", number DESC"},
        {"params.model = 'net' OR params.model = 'boost' OR params.model = 'linear'", NULL, MODEL " <> 'forest'",
         "number DESC"},
        {"tags.team != 'red'", "params.train.lr DESC, number", TEAM " <> 'red'", LR " DESC, number"},
        {"metrics.acc > 0.5", "params.model, metrics.acc DESC", ACC " > ?4 AND " ACC " <> ?2",
         MODEL ", " ACC " DESC, number DESC"},
        {"metrics.acc > 0.3", "tags.team DESC, number", ACC " > ?1 AND " ACC " <> ?2", TEAM " DESC, number"},
        {"state IN ('success', 'failed')", "created", "state IN ('success', 'failed')", "number"},
        {"state = 'lost'", "metrics.acc DESC", "state = 'lost'",
         ACC " IS NULL, " ACC " = ?2, " ACC " DESC, number DESC"},
        {"metrics.acc > 0.99", NULL, ACC " > ?5 AND " ACC " <> ?2", "number DESC"},
        {"metrics.\"train\".acc > 0.3", "metrics.\"train\".acc", ACC " > ?1 AND " ACC " <> ?2", ACC ", number"},
};

static void test_walks(void **state)
{
	sqlite3 *db = raw_open(many_dir);

	for (size_t i = 0; i < ARRAY_LEN(walks); i++) {
		_free_ char *sql = mem_printf(
		        "SELECT number FROM run WHERE ?1 + ?2 + ?3 + ?4 + ?5 IS NOT NULL AND (%s) ORDER BY %s",
		        walks[i].where, walks[i].order);
		_arena_ struct arena a = ARENA_INIT;
		struct err e = {0};
		struct filter *f;
		struct filter_sort *s;
		int64_t *numbers, *some, count, n = 0;
		size_t len, some_len;
		sqlite3_stmt *st;

		parse(walks[i].filter, walks[i].sort, &a, &f, &s);
		if (filter_numbers(many, f, s, -1, 0, &a, &numbers, &len, &e) < 0 ||
		    filter_numbers(many, f, s, 50, 100, &a, &some, &some_len, &e) < 0 ||
		    query_count(many, f, &count, &e) < 0)
			fail_msg("%s", e.text);
		st = fill_prepare(db, sql);
		fill_must(db, sqlite3_bind_int64(st, 1, value_key(0.3)));
		fill_must(db, sqlite3_bind_int64(st, 2, key_nan));
		fill_must(db, sqlite3_bind_int64(st, 3, value_key(0.9)));
		fill_must(db, sqlite3_bind_int64(st, 4, value_key(0.5)));
		fill_must(db, sqlite3_bind_int64(st, 5, value_key(0.99)));
		for (; sqlite3_step(st) == SQLITE_ROW; n++)
			if ((size_t)n >= len || numbers[n] != sqlite3_column_int64(st, 0))
				fail_msg("%s by %s: row %" PRId64 " of %zu differs", walks[i].filter, walks[i].sort, n,
				         len);
		sqlite3_finalize(st);
		assert_int_equal(n, len);
		assert_int_equal(n, count);
		assert_int_equal(some_len, len > 150 ? 50 : len > 100 ? len - 100 : 0);
		assert_memory_equal(some, numbers + (some_len ? 100 : 0), some_len * sizeof *some);
	}
	sqlite3_close(db);
}

/* No main form reads all runs or sorts what it did not choose: every phase walks an index. */
static void test_plans(void **state)
{
	static const struct {
		const char *filter, *sort;
		bool seeded;
	} forms[] = {
	        {NULL, NULL, false},
	        {NULL, "number", false},
	        {NULL, "created DESC", false},
	        {NULL, "created", false},
	        {NULL, "seconds DESC", false},
	        {NULL, "started", false},
	        {NULL, "ended DESC", false},
	        {NULL, "state", false},
	        {NULL, "pipeline DESC", false},
	        {NULL, "name", false},
	        {NULL, "metrics.acc DESC", false},
	        {NULL, "metrics.acc", false},
	        {NULL, "params.train.lr DESC", false},
	        {NULL, "tags.team", false},
	        {"metrics.acc > 0.1", "metrics.acc DESC", false},
	        {"metrics.acc > 0.1", NULL, false},
	        {"state = 'success' AND metrics.acc > 0.1", "metrics.acc DESC", false},
	        {"metrics.acc > 0.99", "metrics.acc DESC", true},
	        {"metrics.acc > 0.99", NULL, true},
	        {"metrics.acc > 0.1 AND params.seed = 77", "metrics.acc DESC", true},
	        {"params.seed = 77", NULL, true},
	        {"params.seed = 'x' OR metrics.acc < 0.01 OR name = 'run-5'", NULL, true},
	        {"number = 5", NULL, true},
	        {"number > 8990", NULL, true},
	        {"name IN ('run-1', 'run-2')", NULL, true},
	        {"state = 'lost'", "seconds", true},
	        {"created > '2025-01-01' AND created < '2025-01-02'", NULL, true},
	        {"run_id = 'x'", NULL, true},
	        {"metrics.\"train\".acc > 0.5 AND params.seed < 9", NULL, true},
	};
	sqlite3 *db = raw_open(many_dir);

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		_arena_ struct arena a = ARENA_INIT;
		struct err e = {0};
		struct filter *f;
		struct filter_sort *s;
		struct filter_plan plan;

		parse(forms[i].filter, forms[i].sort, &a, &f, &s);
		assert_int_equal(filter_plan(many, f, s, false, &a, &plan, &e), 0);
		if (plan.seeded != forms[i].seeded)
			fail_msg("%s by %s: seeded %d", forms[i].filter, forms[i].sort, plan.seeded);
		for (int phase = 0; phase < plan.n; phase++) {
			_free_ char *sql = mem_printf("EXPLAIN QUERY PLAN %s", plan.phases[phase].text.data);
			sqlite3_stmt *st = fill_prepare(db, sql);

			while (sqlite3_step(st) == SQLITE_ROW) {
				const char *line = (const char *)sqlite3_column_text(st, 3);
				bool scan = !strncmp(line, "SCAN", 4) && strcmp(line, "SCAN x") != 0 &&
				            strncmp(line, "SCAN (subquery", 14) != 0;
				bool indexed = strstr(line, "USING") || strcmp(line, "SCAN r") == 0;

				/* A walk may go over the runs in the order asked for, or over what the seeds gave; it
				 * sorts only the latter. */
				if ((scan && (forms[i].seeded || !indexed)) ||
				    (!forms[i].seeded && strstr(line, "TEMP B-TREE")))
					fail_msg("%s by %s, phase %d: %s\n%s", forms[i].filter, forms[i].sort, phase,
					         line, plan.phases[phase].text.data);
			}
			sqlite3_finalize(st);
		}
		filter_plan_release(&plan);
	}
	sqlite3_close(db);
}

/* The deepest and the longest that the grammar takes is no more than SQLite takes. */
static void test_extremes(void **state)
{
	_buf_ struct buf left = BUF_INIT, right = BUF_INIT, text = BUF_INIT, got = BUF_INIT;

	for (int i = 0; i < FILTER_MAX_DEPTH; i++)
		buf_addf(&right, "params.train.lr = 0.%d %s (", i, i % 2 ? "OR" : "AND");
	buf_adds(&right, "metrics.\"train\".acc > 0");
	buf_fill(&right, ')', FILTER_MAX_DEPTH);
	list(small, right.data, NULL, -1, 0, &got);
	buf_fill(&left, '(', FILTER_MAX_DEPTH);
	buf_adds(&left, "metrics.\"train\".acc > 0");
	for (int i = 0; i < FILTER_MAX_DEPTH; i++)
		buf_addf(&left, ") %s params.train.lr = 0.%d", i % 2 ? "OR" : "AND", i);
	list(small, left.data, NULL, -1, 0, &got);
	/* A tree whose two sides are as deep as each other. */
	buf_adds(&text, "params.train.lr = 1");
	for (int i = 0; i < 7; i++) {
		_free_ char *half = mem_strdup(text.data);

		buf_reset(&text);
		buf_addf(&text, "(%s) %s (%s)", half, i % 2 ? "OR" : "AND", half);
	}
	list(small, text.data,
	     "metrics.\"train\".acc, params.a, params.b, params.c, tags.d, tags.e, metrics.f, metrics.g", -1, 0, &got);
	buf_reset(&text);
	for (int i = 0; i < FILTER_MAX_TERMS; i++)
		buf_addf(&text, "%sparams.train.lr = 0.1", i ? i % 2 ? " OR " : " AND " : "");
	buf_reset(&got);
	list(small, text.data, NULL, -1, 0, &got);
	assert_string_equal(got.data, "5 4 1");
}

static void test_run(void **state)
{
	_arena_ struct arena a = ARENA_INIT;
	struct err e = {0};
	struct run_row r;
	int64_t *live, n;
	size_t len;
	const char *text;

	assert_int_equal(query_run(small, 1, &a, &r, &e), 0);
	assert_string_equal(r.name, "alpha");
	assert_int_equal(r.state, RUN_SUCCESS);
	assert_int_equal(r.elapsed_us, 40000000);
	assert_string_equal(r.note, "First try");
	assert_string_equal(r.commit, "c1");
	assert_int_equal(r.dirty, 1);
	assert_int_equal(r.exit_status, 0);
	assert_int_equal(query_run(small, 4, &a, &r, &e), 0);
	assert_int_equal(r.elapsed_us, -1);
	assert_int_equal(r.exit_status, -1);
	assert_int_equal(r.dirty, -1);
	assert_int_equal(r.ended, 0);
	assert_null(r.commit);
	assert_string_equal(r.note, "");
	assert_int_equal(query_run(small, 6, &a, &r, &e), 0);
	assert_true(r.removed);
	assert_int_equal(query_run(small, 99, &a, &r, &e), ERR_NOT_FOUND);
	assert_string_equal(e.text, "there is no run 99; jig ls lists the runs");
	assert_int_equal(query_live(small, &a, &live, &len, &e), 0);
	assert_int_equal(len, 1);
	assert_int_equal(live[0], 4);
	assert_int_equal(query_count(small, NULL, &n, &e), 0);
	assert_int_equal(n, 6);
	assert_int_equal(query_count(many, NULL, &n, &e), 0);
	assert_int_equal(n, MANY);
	assert_int_equal(query_pipeline_text(small, 1, &a, &text, &len, &e), 0);
	assert_int_equal(len, 9);
	assert_string_equal(text, "steps: {}");
	assert_int_equal(query_pipeline_text(small, 99, &a, &text, &len, &e), ERR_NOT_FOUND);
}

static void test_pairs(void **state)
{
	_arena_ struct arena a = ARENA_INIT;
	struct err e = {0};
	struct pair_rows p;

	assert_int_equal(query_tags(small, 5, &a, &p, &e), 0);
	assert_int_equal(p.len, 2);
	assert_string_equal(p.v[1].key, "x y");
	assert_int_equal(query_params(small, 1, &a, &p, &e), 0);
	assert_int_equal(p.len, 2);
	assert_string_equal(p.v[1].key, "train.lr");
	assert_string_equal(p.v[1].value, "0.1");
	assert_int_equal(query_params(small, 7, &a, &p, &e), 0);
	assert_int_equal(p.len, 0);
}

static void test_steps(void **state)
{
	_arena_ struct arena a = ARENA_INIT;
	struct err e = {0};
	struct step_rows s;
	struct attempt_rows at;
	struct sample_rows sm;
	struct step_row one, same;
	int64_t us;

	assert_int_equal(query_steps(small, 8, &a, &s, &e), 0);
	assert_int_equal(s.len, 3);
	assert_string_equal(s.v[0].name, "train[lr]");
	assert_int_equal(s.v[0].state, STEP_REUSED);
	assert_int_equal(s.v[0].reused_attempt, 3);
	assert_int_equal(s.v[0].reused_run, 1);
	assert_int_equal(s.v[0].reused_n, 2);
	assert_int_equal(s.v[0].nneeds, 0);
	assert_int_equal(s.v[1].nneeds, 1);
	assert_int_equal(s.v[1].needs[0], 10);
	assert_int_equal(s.v[2].nneeds, 2);
	assert_int_equal(s.v[2].needs[0], 10);
	assert_int_equal(s.v[2].needs[1], 11);
	assert_int_equal(s.v[1].reused_run, 0);
	assert_int_equal(query_steps(small, 99, &a, &s, &e), 0);
	assert_int_equal(s.len, 0);
	assert_int_equal(query_step_named(small, 8, "train[lr]", &a, &one, &e), 0);
	assert_int_equal(one.state, STEP_REUSED);
	assert_int_equal(query_step(small, one.id, &a, &same, &e), 0);
	assert_string_equal(same.name, "train[lr]");
	assert_int_equal(query_step(small, 12345, &a, &same, &e), ERR_NOT_FOUND);
	assert_int_equal(query_step_named(small, 8, "train", &a, &one, &e), ERR_NOT_FOUND);
	assert_string_equal(e.text, "run 8 has no step \"train\"");
	assert_int_equal(query_attempts(small, 1, &a, &at, &e), 0);
	assert_int_equal(at.len, 3);
	assert_int_equal(at.v[2].id, 3);
	assert_int_equal(at.v[2].n, 2);
	assert_string_equal(at.v[2].env_key, "abc");
	assert_int_equal(at.v[2].usage.max_rss, -1);
	assert_int_equal(at.v[1].state, ATTEMPT_FAILED);
	assert_int_equal(at.v[1].exit_status, -1);
	assert_int_equal(query_samples_after(small, 3, 0, 9, &a, &sm, &e), 0);
	assert_int_equal(sm.len, 2);
	assert_int_equal(sm.v[0].ts, 10);
	assert_true(isnan(sm.v[0].gpu_util));
	assert_int_equal(sm.v[0].gpu_mem, -1);
	assert_int_equal(sm.v[1].rss, -1);
	assert_true(sm.v[1].gpu_util == 0.5);
	assert_int_equal(query_duration(small, "train", &us, &e), 0);
	assert_int_equal(us, 80); /* the newest; before it 20 and 60 */
	assert_int_equal(query_duration(small, "report", &us, &e), 0);
	assert_int_equal(us, 70);
	assert_int_equal(query_duration(small, "none", &us, &e), 0);
	assert_int_equal(us, -1);
}

static void test_artifacts(void **state)
{
	static const struct {
		int64_t run, step, attempt;
		enum artifact_role role;
		const char *path;
	} want[] = {
	        {1, 10, 3, ROLE_IN, "data.csv"}, {1, 10, 3, ROLE_OUT, "a"},    {1, 10, 3, ROLE_OUT, "b"},
	        {1, 10, 3, ROLE_LOG, "log"},     {8, 11, 10, ROLE_IN, "/far"}, {6, 12, 8, ROLE_OUT, "kept"},
	};
	_arena_ struct arena a = ARENA_INIT;
	struct err e = {0};
	struct artifact_rows rows;

	assert_int_equal(query_artifacts(small, 8, &a, &rows, &e), 0);
	assert_int_equal(rows.len, ARRAY_LEN(want));
	for (size_t i = 0; i < rows.len; i++) {
		assert_int_equal(rows.v[i].run, want[i].run);
		assert_int_equal(rows.v[i].step, want[i].step);
		assert_int_equal(rows.v[i].attempt, want[i].attempt);
		assert_int_equal(rows.v[i].role, want[i].role);
		assert_string_equal(rows.v[i].path, want[i].path);
	}
	assert_true(rows.v[1].has_digest);
	assert_int_equal(rows.v[1].digest.b[0], 3);
	assert_int_equal(rows.v[2].form, FORM_FOLDER);
	assert_int_equal(rows.v[2].mode, 0644);
	assert_false(rows.v[4].has_digest);
	assert_int_equal(query_artifacts(small, 1, &a, &rows, &e), 0);
	assert_int_equal(rows.len, 5);
}

static void test_series(void **state)
{
	_arena_ struct arena a = ARENA_INIT;
	struct err e = {0};
	struct metric_rows m;

	assert_int_equal(query_metrics(small, 1, &a, &m, &e), 0);
	assert_int_equal(m.len, 3); /* not those of the first attempt of train[lr] */
	assert_string_equal(m.v[0].step_name, "prepare");
	assert_true(m.v[1].last == 0.9);
	assert_int_equal(m.v[1].count, 3);
	assert_int_equal(m.v[1].last_step, 2);
	assert_string_equal(m.v[2].key, "val loss");
	assert_int_equal(query_run_metrics(small, 1, &a, &m, &e), 0);
	assert_int_equal(m.len, 2);
	assert_string_equal(m.v[0].step_name, "train[lr]");
	assert_true(m.v[0].last == 0.9);
	assert_int_equal(query_run_metrics(small, 8, &a, &m, &e), 0);
	assert_int_equal(m.len, 2);
	assert_string_equal(m.v[0].step_name, "report");
	assert_true(m.v[0].last == 0 && signbit(m.v[0].last));
	assert_string_equal(m.v[1].step_name, "train[lr]");
	assert_int_equal(m.v[1].step, 10);
	/* A live one: the last step that has it, reused ones included. */
	assert_int_equal(query_run_metrics(small, 4, &a, &m, &e), 0);
	assert_int_equal(m.len, 1);
	assert_string_equal(m.v[0].step_name, "train");
	assert_int_equal(query_metrics(small, 4, &a, &m, &e), 0);
	assert_int_equal(m.len, 2);
	assert_string_equal(m.v[0].step_name, "prepare");
	assert_int_equal(query_run_metrics(small, 2, &a, &m, &e), 0);
	assert_true(isnan(m.v[0].last));
	assert_int_equal(query_metrics(small, 7, &a, &m, &e), 0);
	assert_int_equal(m.len, 0);
}

static int note_digest(void *arg, const struct digest *d, int64_t size, enum artifact_form form, int64_t run,
                       const char *path, struct err *e)
{
	struct buf *out = arg;

	buf_addf(out, "%" PRId64 ":%s:%d ", run, path, d->b[0]);
	return out->len > 1000 ? err_set(e, ERR_FAILED, "enough") : 0;
}

static int refuse_digest(void *arg, const struct digest *d, int64_t size, enum artifact_form form, int64_t run,
                         const char *path, struct err *e)
{
	return err_set(e, ERR_FAILED, "enough of %s", path);
}

static void test_kept(void **state)
{
	_arena_ struct arena a = ARENA_INIT;
	_buf_ struct buf got = BUF_INIT;
	struct err e = {0};
	int64_t *dead, *runs;
	const char **trees;
	size_t n;

	/* Of the removed runs 8 borrows from 6; nobody from 7. */
	assert_int_equal(query_digests(small, note_digest, &got, &e), 0);
	assert_string_equal(got.data, "1:data.csv:1 1:runs/x/log:0 1:data.csv:1 1:b:2 1:a:3 6:kept:6 ");
	assert_int_equal(query_digests(small, refuse_digest, NULL, &e), ERR_FAILED);
	assert_string_equal(e.text, "enough of data.csv");
	assert_int_equal(query_dead_runs(small, &a, &dead, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_int_equal(dead[0], 7);
	assert_int_equal(query_snapshots(small, &a, &trees, &runs, &n, &e), 0);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++)
		assert_string_not_equal(trees[i], "t7");
	assert_int_equal(runs[0], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_lists),  cmocka_unit_test(test_metrics),  cmocka_unit_test(test_step_metrics),
	        cmocka_unit_test(test_params), cmocka_unit_test(test_texts),    cmocka_unit_test(test_attributes),
	        cmocka_unit_test(test_logic),  cmocka_unit_test(test_sorted),   cmocka_unit_test(test_walks),
	        cmocka_unit_test(test_plans),  cmocka_unit_test(test_extremes), cmocka_unit_test(test_run),
	        cmocka_unit_test(test_pairs),  cmocka_unit_test(test_steps),    cmocka_unit_test(test_artifacts),
	        cmocka_unit_test(test_series), cmocka_unit_test(test_kept),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
