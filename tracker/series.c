#include "tracker/series.h"

#include <string.h>
#include "base/utf8.h"
#include "tracker/db.h"

#define SQL(X) \
	X(SERIES_FIND, "SELECT id FROM series WHERE attempt = ?1 AND key = ?2") \
	X(SERIES_NEW, "INSERT INTO series (run, step, attempt, key) VALUES (?, ?, ?, ?)") \
	X(SERIES_GET, "SELECT count, last, last_step, last_ts, min, max FROM series WHERE id = ?1") \
	X(SERIES_SET, \
	  "UPDATE series SET count = ?2, last = ?3, last_step = ?4, last_ts = ?5, min = ?6, max = ?7 WHERE id = ?1") \
	X(SERIES_POINT, "INSERT OR IGNORE INTO point (series, step, ts, value) VALUES (?, ?, ?, ?)") \
	X(SERIES_METRIC, "INSERT INTO run_metric (run, key, series, step, value, last_step) " \
	                 "SELECT run, key, id, step, last, last_step FROM series WHERE id = ?1 " \
	                 "ON CONFLICT (run, key) DO UPDATE SET series = excluded.series, step = excluded.step, value " \
	                 "= excluded.value, " \
	                 "last_step = excluded.last_step WHERE (SELECT rank FROM step WHERE id = excluded.step) >= " \
	                 "(SELECT rank FROM step WHERE id = run_metric.step)") \
	X(SERIES_READ_FIRST, "SELECT step, ts, value FROM point WHERE series = ?1 ORDER BY step, ts, value") \
	X(SERIES_READ, "SELECT step, ts, value FROM point WHERE series = ?1 AND (step, ts, value) > (?2, ?3, ?4) " \
	               "ORDER BY step, ts, value")
DB_TABLE(DB_SERIES, sql, SQL)

#define NAN_KEY 0x7ff8000000000000LL

int64_t value_key(double v)
{
	int64_t bits;

	if (v != v)
		return NAN_KEY;
	memcpy(&bits, &v, sizeof bits);
	/* Negative numbers order backwards by their bits: turn all but the sign over. */
	return bits < 0 ? bits ^ INT64_MAX : bits;
}

double value_of_key(int64_t key)
{
	int64_t bits = key < 0 ? key ^ INT64_MAX : key;
	double v;

	memcpy(&v, &bits, sizeof v);
	return v;
}

int series_open(struct tracker *t, int64_t run, int64_t step, int64_t attempt, const char *key, int64_t *ret_id,
                struct err *e)
{
	size_t n = strlen(key);
	int r;

	if (n == 0 || n > 250 || !utf8_valid(key, n))
		return err_set(e, ERR_USAGE, "a metric's name must be UTF-8 of 1 to 250 bytes");
	r = db_get_int(t, &sql, SERIES_FIND, ret_id, e, DB_INT(attempt), DB_TEXT(key));
	if (r != 0)
		return r < 0 ? r : 0;
	r = db_write(t, &sql, SERIES_NEW, e, DB_INT(run), DB_INT(step), DB_INT(attempt), DB_TEXT(key));
	if (r >= 0)
		*ret_id = sqlite3_last_insert_rowid(t->db);
	return r;
}

struct aggregate {
	int64_t count, last, last_step, last_ts, min, max;
};

static bool later(const struct aggregate *a, int64_t step, int64_t ts, int64_t key)
{
	if (step != a->last_step)
		return step > a->last_step;
	return ts != a->last_ts ? ts > a->last_ts : key >= a->last;
}

static void add(struct aggregate *a, const struct point *p, int64_t key)
{
	if (a->count == 0) {
		*a = (struct aggregate){1, key, p->step, p->ts, key, key};
		return;
	}
	if (later(a, p->step, p->ts, key)) {
		a->last = key;
		a->last_step = p->step;
		a->last_ts = p->ts;
	}
	/* NaN is the greatest key: it is a minimum or maximum only where there is nothing else. */
	if (key < a->min)
		a->min = key;
	if (key != NAN_KEY && (key > a->max || a->max == NAN_KEY))
		a->max = key;
	a->count++;
}

int series_add(struct tracker *t, int64_t series, const struct point *p, size_t n, struct err *e)
{
	_query_ sqlite3_stmt *get = NULL, *put = NULL;
	struct aggregate a = {0};
	int r;

	db_need_transaction(t, "series_add");
	if (n == 0)
		return 0;
	r = db_query(t, &sql, SERIES_GET, &get, e, DB_INT(series));
	if (r < 0 || (r = db_step(t, get, e)) < 0)
		return r;
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "the record has no series %lld", (long long)series);
	a = (struct aggregate){db_int(get, 0), db_int(get, 1), db_int(get, 2),
	                       db_int(get, 3), db_int(get, 4), db_int(get, 5)};
	sqlite3_reset(get);
	r = db_query(t, &sql, SERIES_POINT, &put, e, DB_INT(series), DB_INT(0), DB_INT(0), DB_INT(0));
	for (size_t i = 0; r >= 0 && i < n; i++) {
		int64_t key = value_key(p[i].value);

		sqlite3_bind_int64(put, 2, p[i].step);
		sqlite3_bind_int64(put, 3, p[i].ts);
		sqlite3_bind_int64(put, 4, key);
		r = db_step(t, put, e);
		if (r >= 0 && sqlite3_changes(t->db) > 0)
			add(&a, &p[i], key);
	}
	if (r < 0)
		return r;
	r = db_write(t, &sql, SERIES_SET, e, DB_INT(series), DB_INT(a.count), DB_INT(a.last), DB_INT(a.last_step),
	             DB_INT(a.last_ts), DB_INT(a.min), DB_INT(a.max));
	return r < 0 ? r : db_write(t, &sql, SERIES_METRIC, e, DB_INT(series));
}

int series_read(struct tracker *t, int64_t series, struct series_cursor *c, struct point *ret, size_t max,
                struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	size_t n = 0;
	int r;

	if (c->begun)
		r = db_query(t, &sql, SERIES_READ, &st, e, DB_INT(series), DB_INT(c->step), DB_INT(c->ts),
		             DB_INT(c->key));
	else
		r = db_query(t, &sql, SERIES_READ_FIRST, &st, e, DB_INT(series));
	while (r >= 0 && n < max && (r = db_step(t, st, e)) > 0) {
		c->begun = true;
		c->step = db_int(st, 0);
		c->ts = db_int(st, 1);
		c->key = db_int(st, 2);
		ret[n++] = (struct point){c->step, c->ts, value_of_key(c->key)};
	}
	return r < 0 ? r : (int)n;
}
