/* Series of a run, and the one value that counts as the run's. */
#include "tracker/query_metric.h"

#include <math.h>
#include "base/vec.h"
#include "tracker/db.h"
#include "tracker/series.h"

#define SERIES_COLUMNS "s.id, st.id, s.attempt, st.name, s.key, s.last, s.min, s.max, s.last_step, s.count"
#define SERIES_OF_RUN \
	" FROM step st JOIN series s ON s.attempt = coalesce(st.reused_attempt, " \
	"(SELECT a.id FROM attempt a WHERE a.step = st.id ORDER BY a.n DESC LIMIT 1)) WHERE st.run = ?1 AND s.count " \
	"> 0 "

#define SQL(X) \
	X(BY_STEP, "SELECT " SERIES_COLUMNS SERIES_OF_RUN "ORDER BY st.rank, st.id, s.key") \
	X(BY_KEY, "SELECT " SERIES_COLUMNS SERIES_OF_RUN "ORDER BY s.key, st.rank DESC, st.id DESC") \
	X(OF_ATTEMPT, "SELECT " SERIES_COLUMNS " FROM series s JOIN step st ON st.id = s.step WHERE s.attempt = ?1 " \
	              "AND s.count > 0 ORDER BY s.last_ts DESC, s.key") \
	X(OF_ENDED, "SELECT " SERIES_COLUMNS " FROM run_metric m JOIN series s ON s.id = m.series " \
	            "JOIN step st ON st.id = m.step WHERE m.run = ?1 ORDER BY s.key") \
	X(SAMPLES_AFTER, "SELECT ts, cpu_us, rss, read_bytes, written_bytes, gpu_mem, gpu_util, nprocs FROM sample " \
	                 "WHERE attempt = ?1 AND ts > ?2 ORDER BY ts LIMIT ?3") \
	X(RUN_SEALED, "SELECT seal IS NOT NULL FROM run WHERE number = ?1")
DB_TABLE(DB_QUERY_METRIC, sql, SQL)

/* once: of rows with one key only the first. */
static int metrics(struct tracker *t, int which, int64_t of, bool once, struct arena *a, struct metric_rows *ret,
                   struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	VEC(struct metric_row) rows = {0};
	int r = db_query(t, &sql, which, &st, e, DB_INT(of));

	while (r >= 0 && (r = db_step(t, st, e)) > 0) {
		if (once && rows.len && !strcmp(rows.v[rows.len - 1].key, db_peek(st, 4)))
			continue;
		vec_push(&rows, (struct metric_row){
		                        .series = db_int(st, 0),
		                        .step = db_int(st, 1),
		                        .attempt = db_int(st, 2),
		                        .step_name = db_text(st, 3, a),
		                        .key = db_text(st, 4, a),
		                        .last = value_of_key(db_int(st, 5)),
		                        .min = value_of_key(db_int(st, 6)),
		                        .max = value_of_key(db_int(st, 7)),
		                        .last_step = db_int(st, 8),
		                        .count = db_int(st, 9),
		                });
	}
	if (r >= 0)
		*ret = (struct metric_rows){.v = arena_dup(a, rows.v, rows.len * sizeof *rows.v), .len = rows.len};
	vec_release(&rows);
	return r;
}

int query_metrics(struct tracker *t, int64_t run, struct arena *a, struct metric_rows *ret, struct err *e)
{
	return metrics(t, BY_STEP, run, false, a, ret, e);
}

int query_attempt_metrics(struct tracker *t, int64_t attempt, struct arena *a, struct metric_rows *ret, struct err *e)
{
	return metrics(t, OF_ATTEMPT, attempt, false, a, ret, e);
}

int query_run_metrics(struct tracker *t, int64_t run, struct arena *a, struct metric_rows *ret, struct err *e)
{
	int64_t sealed = 0;
	int r = db_get_int(t, &sql, RUN_SEALED, &sealed, e, DB_INT(run));

	if (r < 0)
		return r;
	return sealed ? metrics(t, OF_ENDED, run, false, a, ret, e) : metrics(t, BY_KEY, run, true, a, ret, e);
}

int query_samples_after(struct tracker *t, int64_t attempt, int64_t after, size_t most, struct arena *a,
                        struct sample_rows *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	VEC(struct sample) rows = {0};
	int r = db_query(t, &sql, SAMPLES_AFTER, &st, e, DB_INT(attempt), DB_INT(after), DB_INT((int64_t)most));

	while (r >= 0 && (r = db_step(t, st, e)) > 0)
		vec_push(&rows, (struct sample){
		                        .ts = db_int(st, 0),
		                        .cpu_us = db_int_or(st, 1, -1),
		                        .rss = db_int_or(st, 2, -1),
		                        .read_bytes = db_int_or(st, 3, -1),
		                        .written_bytes = db_int_or(st, 4, -1),
		                        .gpu_mem = db_int_or(st, 5, -1),
		                        .gpu_util = db_is_null(st, 6) ? NAN : sqlite3_column_double(st, 6),
		                        .nprocs = (int)db_int_or(st, 7, -1),
		                });
	if (r >= 0)
		*ret = (struct sample_rows){.v = arena_dup(a, rows.v, rows.len * sizeof *rows.v), .len = rows.len};
	vec_release(&rows);
	return r;
}
