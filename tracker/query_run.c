/* Runs: one, lists of them, and what gc and fsck must know of all. */
#include "tracker/query.h"

#include "tracker/query_filter.h"

#define RUN_BORROWED \
	"EXISTS (SELECT 1 FROM borrow b JOIN run k ON k.number = b.run WHERE b.lender = r.number AND k.removed = 0)"

/* A run under way may still take from those that it goes on from. */
#define RUN_GONE_ON_FROM \
	"r.number IN (WITH RECURSIVE earlier(run) AS (SELECT origin FROM run WHERE state IN ('queued', 'running') " \
	"UNION SELECT o.origin FROM earlier JOIN run o ON o.number = earlier.run) SELECT run FROM earlier WHERE run " \
	"IS NOT NULL)"

#define SQL(X) \
	X(RUN_ROW, "SELECT r.number, r.origin, r.sweep, r.uid, r.name, r.pipeline, r.state, r.kind, r.created, " \
	           "r.started, r.ended, " \
	           "r.elapsed_us, r.exit_status, r.host, r.user, r.argv, r.options, r.params, r.commit_id, r.branch, " \
	           "r.remote, " \
	           "r.snapshot, r.dirty, r.unpinned, r.removed, n.text, r.nsteps, r.ndone, r.nfailed, r.nreused, " \
	           "(SELECT count(*) FROM step s WHERE s.run = r.number AND " \
	           "s.state IN ('success', 'reused', 'skipped')) " \
	           "FROM run r LEFT JOIN note n ON n.run = r.number WHERE r.number = ?1") \
	X(RUN_LIVE, "SELECT number FROM run WHERE state IN ('queued', 'running') ORDER BY number") \
	X(RUN_TALLY, "SELECT n FROM tally WHERE name = 'runs'") \
	X(RUN_TAGS, "SELECT key, value FROM tag WHERE run = ?1 ORDER BY key") \
	X(RUN_PARAMS, "SELECT key, text FROM param WHERE run = ?1 ORDER BY key") \
	X(RUN_PIPELINE, "SELECT p.text FROM run r JOIN pipeline p ON p.id = r.pipeline_id WHERE r.number = ?1") \
	X(RUN_DIGESTS, \
	  "SELECT a.digest, a.size, a.form, a.run, CASE a.form WHEN 'place' THEN " \
	  "(SELECT t.folder FROM attempt t WHERE t.id = a.attempt) || '/' || a.path ELSE a.path END " \
	  "FROM artifact a JOIN run r ON r.number = a.run " \
	  "WHERE a.digest IS NOT NULL AND a.role <> 'checkpoint' AND (r.removed = 0 OR " RUN_BORROWED ") ORDER BY " \
	  "a.id") \
	X(RUN_DEAD, "SELECT r.number FROM run r WHERE r.removed = 1 AND NOT " RUN_BORROWED " AND NOT " \
	            RUN_GONE_ON_FROM " ORDER BY r.number") \
	X(RUN_SNAPSHOTS, \
	  "SELECT r.snapshot, r.number FROM run r WHERE r.snapshot IS NOT NULL AND (r.removed = 0 OR " RUN_BORROWED \
	  ") ORDER BY r.number")
DB_TABLE(DB_QUERY, sql, SQL)

int query_run(struct tracker *t, int64_t number, struct arena *a, struct run_row *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	const char *note;
	int r = db_query(t, &sql, RUN_ROW, &st, e, DB_INT(number));

	if (r >= 0)
		r = db_step(t, st, e);
	if (r < 0)
		return r;
	if (!r)
		return err_set(e, ERR_NOT_FOUND, "there is no run %lld; jig ls lists the runs", (long long)number);
	note = db_text(st, 25, a);
	*ret = (struct run_row){
	        .number = db_int(st, 0),
	        .origin = db_int(st, 1),
	        .sweep = db_int(st, 2),
	        .uid = db_text(st, 3, a),
	        .name = db_text(st, 4, a),
	        .pipeline = db_text(st, 5, a),
	        .state = db_word(st, 6, WORDS_RUN_STATE),
	        .kind = db_word(st, 7, WORDS_KIND),
	        .created = db_int(st, 8),
	        .started = db_int(st, 9),
	        .ended = db_int(st, 10),
	        .elapsed_us = db_int_or(st, 11, -1),
	        .exit_status = (int)db_int_or(st, 12, -1),
	        .host = db_text(st, 13, a),
	        .user = db_text(st, 14, a),
	        .argv = db_text(st, 15, a),
	        .options = db_text(st, 16, a),
	        .params = db_text(st, 17, a),
	        .commit = db_text(st, 18, a),
	        .branch = db_text(st, 19, a),
	        .remote = db_text(st, 20, a),
	        .snapshot = db_text(st, 21, a),
	        .dirty = (int)db_int_or(st, 22, -1),
	        .unpinned = db_int(st, 23) != 0,
	        .removed = db_int(st, 24) != 0,
	        .note = note ? note : "",
	        .nsteps = (int)db_int(st, 26),
	        .ndone = (int)db_int(st, 27),
	        .nfailed = (int)db_int(st, 28),
	        .nreused = (int)db_int(st, 29),
	        .nwell = (int)db_int(st, 30),
	};
	return 0;
}

int query_runs(struct tracker *t, const struct filter *f, const struct filter_sort *sort, int64_t limit, int64_t offset,
               struct arena *a, struct run_rows *ret, struct err *e)
{
	struct run_rows rows = {0};
	int64_t *numbers;
	size_t n;
	int r = filter_numbers(t, f, sort, limit, offset, a, &numbers, &n, e);

	if (r < 0)
		return r;
	rows.v = arena_array(a, struct run_row, n);
	for (; rows.len < n; rows.len++) {
		r = query_run(t, numbers[rows.len], a, &rows.v[rows.len], e);
		if (r < 0)
			return r;
	}
	*ret = rows;
	return 0;
}

int query_count(struct tracker *t, const struct filter *f, int64_t *ret, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	int64_t n = 0;
	int r = f ? filter_count(t, f, &a, &n, e) : db_get_int(t, &sql, RUN_TALLY, &n, e);

	if (r < 0)
		return r;
	*ret = n;
	return 0;
}

/* The first column of every row. */
static int all_ints(struct tracker *t, int which, struct arena *a, int64_t **ret, size_t *ret_len, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	VEC(int64_t) numbers = {0};
	int r = db_query(t, &sql, which, &st, e);

	while (r >= 0 && (r = db_step(t, st, e)) > 0)
		vec_push(&numbers, db_int(st, 0));
	if (r >= 0) {
		*ret = arena_dup(a, numbers.v, numbers.len * sizeof *numbers.v);
		*ret_len = numbers.len;
	}
	vec_release(&numbers);
	return r;
}

int query_live(struct tracker *t, struct arena *a, int64_t **ret, size_t *ret_len, struct err *e)
{
	return all_ints(t, RUN_LIVE, a, ret, ret_len, e);
}

int query_dead_runs(struct tracker *t, struct arena *a, int64_t **ret, size_t *ret_len, struct err *e)
{
	return all_ints(t, RUN_DEAD, a, ret, ret_len, e);
}

int query_snapshots(struct tracker *t, struct arena *a, const char ***ret, int64_t **ret_runs, size_t *ret_len,
                    struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	VEC(const char *) trees = {0};
	VEC(int64_t) runs = {0};
	int r = db_query(t, &sql, RUN_SNAPSHOTS, &st, e);

	while (r >= 0 && (r = db_step(t, st, e)) > 0) {
		vec_push(&trees, db_text(st, 0, a));
		vec_push(&runs, db_int(st, 1));
	}
	if (r >= 0) {
		*ret = arena_dup(a, trees.v, trees.len * sizeof *trees.v);
		*ret_len = trees.len;
		if (ret_runs)
			*ret_runs = arena_dup(a, runs.v, runs.len * sizeof *runs.v);
	}
	vec_release(&trees);
	vec_release(&runs);
	return r;
}

static int pairs(struct tracker *t, int which, int64_t run, struct arena *a, struct pair_rows *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	VEC(struct pair) rows = {0};
	int r = db_query(t, &sql, which, &st, e, DB_INT(run));

	while (r >= 0 && (r = db_step(t, st, e)) > 0)
		vec_push(&rows, (struct pair){.key = db_text(st, 0, a), .value = db_text(st, 1, a)});
	if (r >= 0)
		*ret = (struct pair_rows){.v = arena_dup(a, rows.v, rows.len * sizeof *rows.v), .len = rows.len};
	vec_release(&rows);
	return r;
}

int query_tags(struct tracker *t, int64_t run, struct arena *a, struct pair_rows *ret, struct err *e)
{
	return pairs(t, RUN_TAGS, run, a, ret, e);
}

int query_params(struct tracker *t, int64_t run, struct arena *a, struct pair_rows *ret, struct err *e)
{
	return pairs(t, RUN_PARAMS, run, a, ret, e);
}

int query_pipeline_text(struct tracker *t, int64_t run, struct arena *a, const char **ret, size_t *ret_len,
                        struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, RUN_PIPELINE, &st, e, DB_INT(run));

	if (r >= 0)
		r = db_step(t, st, e);
	if (r < 0)
		return r;
	if (!r)
		return err_set(e, ERR_NOT_FOUND, "there is no run %lld; jig ls lists the runs", (long long)run);
	*ret = db_text(st, 0, a);
	*ret_len = (size_t)sqlite3_column_bytes(st, 0);
	return 0;
}

int query_digests(struct tracker *t, query_digest_fn *cb, void *arg, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, RUN_DIGESTS, &st, e);

	while (r >= 0 && (r = db_step(t, st, e)) > 0) {
		struct digest d;

		if (!db_digest(st, 0, &d))
			continue;
		r = cb(arg, &d, db_int(st, 1), db_word(st, 2, WORDS_FORM), db_int(st, 3), db_peek(st, 4), e);
	}
	return r;
}
