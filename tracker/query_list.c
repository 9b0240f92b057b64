#include "tracker/query_list.h"

#include <math.h>
#include <string.h>
#include "base/text.h"
#include "tracker/filter_tree.h"
#include "tracker/query_filter.h"
#include "tracker/series.h"

/* The distinct keys of an index, a seek for each. */
#define KEYS_OF(from, more) \
	"WITH RECURSIVE k(key) AS (SELECT (SELECT min(key) FROM " from ") UNION ALL SELECT (SELECT min(x.key) " \
	"FROM " from \
	" x WHERE x.key > k.key" more ") FROM k WHERE k.key IS NOT NULL) SELECT key FROM k WHERE key IS NOT NULL"

/* The pipeline file of a run: options name it only where it was given. */
#define FILE_OF(run) "ifnull(iif(json_valid(" run ".options), " run ".options ->> '$.file', NULL), 'jig.yaml')"
enum { BEFORE_MOST = 1000 }; /* so many runs back another of the same pipeline is looked for */

#define SQL(X) \
	X(LIST_AFTER, "SELECT number FROM run WHERE removed = 0 AND number > ?1 ORDER BY number DESC") \
	X(LIST_RUNNING, "SELECT count(*) FROM step WHERE run = ?1 AND state = 'running'") \
	X(LIST_FAILED, "SELECT name FROM step WHERE run = ?1 AND state = 'failed' ORDER BY rank LIMIT 1") \
	X(LIST_BEFORE, "SELECT b.number FROM run r JOIN run b ON b.pipeline = r.pipeline AND b.number < r.number " \
	               "AND b.number >= r.number - ?2 WHERE r.number = ?1 AND b.removed = 0 AND " FILE_OF("b") " = " \
	               FILE_OF("r") " ORDER BY b.number DESC LIMIT 1") \
	X(LIST_FIRST_STEP, "SELECT step FROM point WHERE series = ?1 ORDER BY step LIMIT 1") \
	X(LIST_LAST_STEP, "SELECT step FROM point WHERE series = ?1 ORDER BY step DESC LIMIT 1") \
	X(LIST_POINT_AT, "SELECT value FROM point WHERE series = ?1 AND step >= ?2 ORDER BY step, ts, value LIMIT 1") \
	X(LIST_TAIL, "SELECT value FROM point WHERE series = ?1 ORDER BY step DESC, ts DESC, value DESC LIMIT ?2") \
	X(LIST_SWEPT, "SELECT number, sweep FROM run WHERE sweep IS NOT NULL AND removed = 0 ORDER BY number DESC") \
	X(LIST_ANY_SWEPT, "SELECT 1 FROM run WHERE sweep IS NOT NULL LIMIT 1") \
	X(LIST_SPEC, "SELECT spec FROM sweep WHERE id = ?1") \
	X(LIST_METRICS, KEYS_OF("run_metric", "")) \
	X(LIST_TAGS, KEYS_OF("tag", "")) \
	X(LIST_PARAMS, "WITH RECURSIVE k(key) AS (SELECT (SELECT min(key) FROM param WHERE number IS NOT NULL) UNION " \
	                "ALL SELECT (SELECT min(x.key) FROM param x WHERE x.key > k.key AND number IS NOT NULL) FROM " \
	                "k WHERE k.key IS NOT NULL), l(key) AS (SELECT (SELECT min(key) FROM param WHERE number IS " \
	                "NULL) UNION ALL SELECT (SELECT min(x.key) FROM param x WHERE x.key > l.key AND number IS " \
	                "NULL) FROM l WHERE l.key IS NOT NULL) SELECT key FROM k WHERE key IS NOT NULL UNION SELECT " \
	                "key FROM l WHERE key IS NOT NULL") \
	X(LIST_SWEEP, "SELECT max(created), sum(elapsed_us), count(*), sum(state IN ('queued', 'running')), " \
	              "sum(state = 'success'), sum(state = 'failed'), sum(iif(elapsed_us IS NULL, 0, nsteps)), " \
	              "sum(iif(elapsed_us IS NULL, 0, nsteps - nfailed)) FROM run WHERE sweep = ?1 AND removed = 0") \
	X(LIST_LEAST, "SELECT m.value, r.number FROM run r JOIN run_metric m ON m.run = r.number AND m.key = ?2 " \
	              "WHERE r.sweep = ?1 AND r.removed = 0 AND m.value <> ?3 ORDER BY m.value, r.number LIMIT 1") \
	X(LIST_MOST, "SELECT m.value, r.number FROM run r JOIN run_metric m ON m.run = r.number AND m.key = ?2 " \
	             "WHERE r.sweep = ?1 AND r.removed = 0 AND m.value <> ?3 ORDER BY m.value DESC, r.number LIMIT 1") \
	X(LIST_SWEEP_FAILED, "SELECT number FROM run WHERE sweep = ?1 AND state = 'failed' AND removed = 0 " \
	                     "ORDER BY number DESC LIMIT ?2") \
	X(LIST_NAME_TEXTS, "SELECT number, name, NULL FROM run INDEXED BY run_by_name WHERE removed = 0 AND ?1 >= 0 " \
	                   "AND name > ?2 ORDER BY name") \
	X(LIST_NEWER_TEXTS, "SELECT number, name, NULL FROM run WHERE removed = 0 AND number > ?1 AND ?2 IS NOT NULL " \
	                    "ORDER BY number") \
	X(LIST_TAG_TEXTS, "SELECT run, key, value FROM tag WHERE (run, key) > (?1, ?2) ORDER BY run, key") \
	X(LIST_NOTE_TEXTS, "SELECT run, text, NULL FROM note WHERE run > ?1 AND ?2 IS NOT NULL ORDER BY run")
DB_TABLE(DB_QUERY_LIST, sql, SQL)

int query_numbers(struct tracker *t, const struct filter *f, const struct filter_sort *sort, int64_t limit,
                  int64_t offset, int64_t **ret, size_t *ret_len, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;

	return filter_numbers_take(t, f, sort, limit, offset, &a, ret, ret_len, e);
}

int query_numbers_after(struct tracker *t, int64_t number, int64_t **ret, size_t *ret_len, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	VEC(int64_t) numbers = {0};
	int r = db_query(t, &sql, LIST_AFTER, &st, e, DB_INT(number));

	while (r >= 0 && (r = db_step(t, st, e)) > 0)
		vec_push(&numbers, db_int(st, 0));
	if (r < 0) {
		vec_release(&numbers);
		return r;
	}
	*ret = numbers.v;
	*ret_len = numbers.len;
	return 0;
}

int query_progress(struct tracker *t, int64_t run, struct arena *a, struct run_progress *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int64_t running = 0;
	int r = db_get_int(t, &sql, LIST_RUNNING, &running, e, DB_INT(run));

	if (r >= 0)
		r = db_query(t, &sql, LIST_FAILED, &st, e, DB_INT(run));
	if (r >= 0)
		r = db_step(t, st, e);
	if (r < 0)
		return r;
	*ret = (struct run_progress){.nrunning = (int)running, .failed = r ? db_text(st, 0, a) : NULL};
	return 0;
}

int query_run_before(struct tracker *t, int64_t run, int64_t *ret, struct err *e)
{
	int64_t before = 0;
	int r = db_get_int(t, &sql, LIST_BEFORE, &before, e, DB_INT(run), DB_INT(BEFORE_MOST));

	if (r >= 0)
		*ret = before;
	return r < 0 ? r : 0;
}

/* The last values, oldest first. */
static int tail(struct tracker *t, int64_t series, double *ret, size_t n, size_t *ret_len, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	size_t len = 0;
	int r = db_query(t, &sql, LIST_TAIL, &st, e, DB_INT(series), DB_INT((int64_t)n));

	while (r >= 0 && (r = db_step(t, st, e)) > 0)
		ret[len++] = value_of_key(db_int(st, 0));
	if (r < 0)
		return r;
	for (size_t i = 0; i < len / 2; i++) {
		double v = ret[i];

		ret[i] = ret[len - 1 - i];
		ret[len - 1 - i] = v;
	}
	*ret_len = len;
	return 0;
}

int query_shape(struct tracker *t, int64_t series, double *ret, size_t n, size_t *ret_len, struct err *e)
{
	int64_t first = 0, last = 0, value = 0;
	double span;
	int r = db_get_int(t, &sql, LIST_FIRST_STEP, &first, e, DB_INT(series));

	if (r > 0)
		r = db_get_int(t, &sql, LIST_LAST_STEP, &last, e, DB_INT(series));
	if (r < 0)
		return r;
	span = (double)last - (double)first;
	if (!r || span < (double)n || n < 2)
		return tail(t, series, ret, n, ret_len, e);
	for (size_t i = 0; i + 1 < n; i++) {
		int64_t at = first + (int64_t)(span * (double)i / (double)(n - 1));

		r = db_get_int(t, &sql, LIST_POINT_AT, &value, e, DB_INT(series), DB_INT(at));
		if (r < 0)
			return r;
		ret[i] = value_of_key(value);
	}
	r = tail(t, series, ret + n - 1, 1, ret_len, e);
	if (r >= 0)
		*ret_len = n;
	return r;
}

int query_swept(struct tracker *t, struct swept **ret, size_t *ret_len, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	VEC(struct swept) rows = {0};
	int64_t any = 0;
	int r = db_get_int(t, &sql, LIST_ANY_SWEPT, &any, e);

	if (r > 0)
		r = db_query(t, &sql, LIST_SWEPT, &st, e);
	while (st && r >= 0 && (r = db_step(t, st, e)) > 0)
		vec_push(&rows, (struct swept){db_int(st, 0), db_int(st, 1)});
	if (r < 0) {
		vec_release(&rows);
		return r;
	}
	*ret = rows.v;
	*ret_len = rows.len;
	return 0;
}

int query_sweep(struct tracker *t, int64_t sweep, struct arena *a, struct sweep_row *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL, *spec = NULL;
	int r = db_query(t, &sql, LIST_SPEC, &spec, e, DB_INT(sweep));

	if (r >= 0)
		r = db_step(t, spec, e);
	if (!r)
		r = err_set(e, ERR_NOT_FOUND, "there is no sweep %lld", (long long)sweep);
	if (r >= 0)
		r = db_query(t, &sql, LIST_SWEEP, &st, e, DB_INT(sweep));
	if (r < 0 || (r = db_step(t, st, e)) < 0)
		return r;
	*ret = (struct sweep_row){
	        .sweep = sweep,
	        .created = db_int(st, 0),
	        .elapsed_us = db_int(st, 1),
	        .spec = db_text(spec, 0, a),
	        .nruns = (int)db_int(st, 2),
	        .nlive = (int)db_int(st, 3),
	        .nsuccess = (int)db_int(st, 4),
	        .nfailed = (int)db_int(st, 5),
	        .nsteps = (int)db_int(st, 6),
	        .nwell = (int)db_int(st, 7),
	};
	ret->nother = ret->nruns - ret->nlive - ret->nsuccess - ret->nfailed;
	return 0;
}

int query_sweep_range(struct tracker *t, int64_t sweep, const char *key, struct sweep_range *ret, bool *ret_any,
                      struct err *e)
{
	_query_ sqlite3_stmt *least = NULL, *most = NULL;
	int r = db_query(t, &sql, LIST_LEAST, &least, e, DB_INT(sweep), DB_TEXT(key), DB_INT(value_key(NAN)));

	if (r < 0 || (r = db_step(t, least, e)) < 0)
		return r;
	*ret_any = r > 0;
	if (!r)
		return 0;
	r = db_query(t, &sql, LIST_MOST, &most, e, DB_INT(sweep), DB_TEXT(key), DB_INT(value_key(NAN)));
	if (r < 0 || (r = db_step(t, most, e)) < 0)
		return r;
	*ret = (struct sweep_range){
	        .low = value_of_key(db_int(least, 0)),
	        .low_run = db_int(least, 1),
	        .high = value_of_key(db_int(most, 0)),
	        .high_run = db_int(most, 1),
	};
	return 0;
}

int query_sweep_failed(struct tracker *t, int64_t sweep, int64_t *ret, size_t n, size_t *ret_len, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	size_t got = 0;
	int r = db_query(t, &sql, LIST_SWEEP_FAILED, &st, e, DB_INT(sweep), DB_INT((int64_t)n));

	while (r >= 0 && (r = db_step(t, st, e)) > 0)
		ret[got++] = db_int(st, 0);
	if (r >= 0)
		*ret_len = got;
	return r < 0 ? r : 0;
}

int query_keys(struct tracker *t, enum query_keys which, struct arena *a, const char ***ret, size_t *ret_len,
               struct err *e)
{
	static const int statements[] = {
	        [KEYS_METRIC] = LIST_METRICS, [KEYS_PARAM] = LIST_PARAMS, [KEYS_TAG] = LIST_TAGS};
	_query_ sqlite3_stmt *st = NULL;
	VEC(const char *) keys = {0};
	int r = db_query(t, &sql, statements[which], &st, e);

	while (r >= 0 && (r = db_step(t, st, e)) > 0)
		vec_push(&keys, db_text(st, 0, a));
	if (r >= 0) {
		*ret = arena_dup(a, keys.v, keys.len * sizeof *keys.v);
		*ret_len = keys.len;
	}
	vec_release(&keys);
	return r < 0 ? r : 0;
}

/* Of one term. */
static int strange_term(struct tracker *t, const struct filter_key *key, struct arena *a, const char **ret,
                        const char **ret_near, struct err *e)
{
	static const struct {
		enum query_keys keys;
		const char *family;
	} families[] = {[FILTER_METRIC] = {KEYS_METRIC, "metrics"},
	                [FILTER_PARAM] = {KEYS_PARAM, "params"},
	                [FILTER_TAG] = {KEYS_TAG, "tags"}};
	const char **keys;
	size_t n;

	if (key->entity == FILTER_ATTRIBUTE)
		return 0;
	int r = query_keys(t, families[key->entity].keys, a, &keys, &n, e);
	for (size_t i = 0; r >= 0 && i < n; i++)
		if (!strcmp(keys[i], key->name))
			return 0;
	if (r >= 0) {
		*ret = arena_printf(a, "%s.%s", families[key->entity].family, key->name);
		*ret_near = text_nearest(key->name, keys, n);
	}
	return r;
}

int query_strange_sort(struct tracker *t, const struct filter_sort *sort, struct arena *a, const char **ret,
                       const char **ret_near, struct err *e)
{
	int r = 0;

	*ret = *ret_near = NULL;
	for (size_t i = 0; r >= 0 && i < sort->len && !*ret; i++)
		r = strange_term(t, &sort->v[i].key, a, ret, ret_near, e);
	return r < 0 ? r : 0;
}

static int strange_below(struct tracker *t, const struct filter_node *node, struct arena *a, const char **ret,
                         const char **ret_near, struct err *e)
{
	if (node->kind == FILTER_TERM)
		return strange_term(t, &node->term->key, a, ret, ret_near, e);
	for (node = node->child; node && !*ret; node = node->next)
		if (strange_below(t, node, a, ret, ret_near, e) < 0)
			return e->code;
	return 0;
}

int query_strange_key(struct tracker *t, const struct filter *f, struct arena *a, const char **ret,
                      const char **ret_near, struct err *e)
{
	*ret = *ret_near = NULL;
	return f->root ? strange_below(t, f->root, a, ret, ret_near, e) : 0;
}

int query_texts(struct tracker *t, enum query_texts which, const struct texts_cursor *from, query_text_fn *cb,
                void *arg, struct err *e)
{
	static const int statements[] = {[TEXTS_NAME] = LIST_NAME_TEXTS,
	                                 [TEXTS_NEWER_NAME] = LIST_NEWER_TEXTS,
	                                 [TEXTS_TAG] = LIST_TAG_TEXTS,
	                                 [TEXTS_NOTE] = LIST_NOTE_TEXTS};
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, statements[which], &st, e, DB_INT(from->run), DB_TEXT(from->text ? from->text : ""));

	while (r >= 0 && (r = db_step(t, st, e)) > 0)
		cb(arg, db_int(st, 0), db_peek(st, 1), db_peek(st, 2));
	return r < 0 ? r : 0;
}
