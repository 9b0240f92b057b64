#include "tracker/reuse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/vec.h"
#include "tracker/db.h"

#define PAST \
	"SELECT a.id, a.run, a.step, a.n, a.name, a.facts, a.form, a.key, a.trace, a.continued, a.state, " \
	"(SELECT snapshot FROM run WHERE number = a.run) FROM attempt a "
/* A run that was removed counts while a kept one borrows from it. */
#define KEPT \
	"((SELECT removed FROM run WHERE number = a.run) = 0 OR EXISTS (SELECT 1 FROM borrow b JOIN run k ON " \
	"k.number = b.run WHERE b.lender = a.run AND k.removed = 0)) "
#define STANDS_IN "WHERE a.state = 'success' AND a.trace IS NOT NULL AND a.form = ?1 "
#define NAMES(key) \
	"EXISTS (SELECT 1 FROM json_tree(coalesce(s.declared, x.declared), '$." key "') WHERE rtrim(atom, '/') = " \
	"rtrim(?2, '/'))"
/* A step's own last attempt; of a reused one the attempt that stands in. */
#define LAST_OF \
	"WHERE a.id = coalesce(s.reused_attempt, (SELECT id FROM attempt WHERE step = s.id ORDER BY n DESC LIMIT 1)) "

#define SQL(X) \
	X(REUSE_BY_FORM, PAST STANDS_IN "AND " KEPT "ORDER BY a.id DESC") \
	X(REUSE_BY_KEY, PAST STANDS_IN "AND a.key = ?2 AND " KEPT "ORDER BY a.id DESC") \
	X(REUSE_BY_NAME, PAST "WHERE a.name = ?1 AND a.state = 'success' AND " KEPT "ORDER BY a.id DESC LIMIT ?2") \
	X(REUSE_BY_OUTPUT, "SELECT a.id FROM artifact o JOIN attempt a ON a.id = o.attempt WHERE o.path = ?1 AND " \
	                   "o.role IN ('out', 'metric') AND a.state = 'success' AND " KEPT "ORDER BY o.id DESC LIMIT " \
	                   "1") \
	X(REUSE_BY_ID, PAST "WHERE a.id = ?1") \
	X(REUSE_LAST_NAMED, "SELECT a.id FROM step s JOIN attempt a " LAST_OF "AND s.run = ?1 AND s.name = ?2") \
	X(REUSE_LAST_WITH, "SELECT a.id FROM step s LEFT JOIN attempt b ON b.id = s.reused_attempt LEFT JOIN step x " \
	                   "ON x.id = b.step JOIN attempt a " LAST_OF "AND s.run = ?1 AND (" NAMES("outputs") " OR " \
	                   NAMES("metrics") ") " \
	                   "ORDER BY s.rank LIMIT 1") \
	X(REUSE_GIVEN, "SELECT run, step, attempt, role, form, path, digest, size, mtime, mode FROM artifact " \
	               "WHERE attempt = ?1 AND (+role = 'out' OR +role = 'metric')") \
	X(REUSE_PARAMS, "SELECT id, CASE kind WHEN 'params' THEN body END FROM event WHERE run = ?1 AND id > ?2 " \
	                "ORDER BY id") \
	X(REUSE_MARK, "SELECT id, hash FROM event ORDER BY id DESC LIMIT 1") \
	X(REUSE_MARKED, "SELECT hash FROM event WHERE id = ?1") \
	X(REUSE_SINCE, "SELECT 1 FROM event WHERE id > ?1 AND (kind = 'attempt' OR kind = 'remove') LIMIT 1") \
	X(REUSE_ENV, "SELECT v.key, v.detail FROM attempt a JOIN env v ON v.id = a.env WHERE a.id = ?1")
DB_TABLE(DB_REUSE, sql, SQL)

static void read_past(sqlite3_stmt *st, struct arena *a, struct past_attempt *ret)
{
	*ret = (struct past_attempt){
	        .id = db_int(st, 0),
	        .run = db_int(st, 1),
	        .step = db_int(st, 2),
	        .n = (int)db_int(st, 3),
	        .name = db_text(st, 4, a),
	        .facts = db_text(st, 5, a),
	        .trace = db_int(st, 8),
	        .continued = db_int(st, 9),
	        .state = db_word(st, 10, WORDS_ATTEMPT_STATE),
	        .snapshot = db_text(st, 11, a),
	};
	db_digest(st, 6, &ret->form);
	db_digest(st, 7, &ret->key);
}

/* The first row. */
static int first_past(struct tracker *t, sqlite3_stmt *st, struct arena *a, struct past_attempt *ret, struct err *e)
{
	int r = db_step(t, st, e);

	if (r > 0)
		read_past(st, a, ret);
	return r;
}

static int all_past(struct tracker *t, sqlite3_stmt *st, struct arena *a, struct past_attempts *ret, struct err *e)
{
	VEC(struct past_attempt) rows = {0};
	int r;

	while ((r = db_step(t, st, e)) > 0)
		read_past(st, a, vec_add(&rows));
	if (r >= 0)
		*ret = (struct past_attempts){.v = arena_dup(a, rows.v, rows.len * sizeof *rows.v), .len = rows.len};
	vec_release(&rows);
	return r;
}

static int past_by_id(struct tracker *t, int64_t id, struct arena *a, struct past_attempt *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, REUSE_BY_ID, &st, e, DB_INT(id));

	return r < 0 ? r : first_past(t, st, a, ret, e);
}

int query_past(struct tracker *t, int64_t attempt, struct arena *a, struct past_attempt *ret, struct err *e)
{
	int r = past_by_id(t, attempt, a, ret, e);

	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "the record has no attempt %lld", (long long)attempt);
	return r < 0 ? r : 0;
}

int query_candidates(struct tracker *t, const struct digest *form, const struct digest *key, struct arena *a,
                     struct past_attempts *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = key ? db_query(t, &sql, REUSE_BY_KEY, &st, e, DB_DIGEST(form->b), DB_DIGEST(key->b))
	            : db_query(t, &sql, REUSE_BY_FORM, &st, e, DB_DIGEST(form->b));

	return r < 0 ? r : all_past(t, st, a, ret, e);
}

int query_successes(struct tracker *t, const char *name, int most, struct arena *a, struct past_attempts *ret,
                    struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, REUSE_BY_NAME, &st, e, DB_TEXT(name), DB_INT(most));

	return r < 0 ? r : all_past(t, st, a, ret, e);
}

int query_newest_success(struct tracker *t, const char *name, const char *output, struct arena *a,
                         struct past_attempt *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int64_t id;
	int r = db_query(t, &sql, REUSE_BY_NAME, &st, e, DB_TEXT(name), DB_INT(1));

	if (r < 0 || (r = first_past(t, st, a, ret, e)) != 0 || !output)
		return r;
	r = db_get_int(t, &sql, REUSE_BY_OUTPUT, &id, e, DB_TEXT(output));
	return r > 0 ? past_by_id(t, id, a, ret, e) : r;
}

int query_last_attempt(struct tracker *t, int64_t run, const char *name, const char *output, struct arena *a,
                       struct past_attempt *ret, struct err *e)
{
	int64_t id;
	int r = db_get_int(t, &sql, REUSE_LAST_NAMED, &id, e, DB_INT(run), DB_TEXT(name));

	if (r == 0 && output)
		r = db_get_int(t, &sql, REUSE_LAST_WITH, &id, e, DB_INT(run), DB_TEXT(output));
	return r > 0 ? past_by_id(t, id, a, ret, e) : r;
}

static int by_path(const void *a, const void *b)
{
	const struct artifact_row *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* An ORDER BY, or an index for the roles, would cost SQLite a table for each call. */
int query_given(struct tracker *t, int64_t attempt, struct arena *a, struct artifact_rows *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	VEC(struct artifact_row) rows = {0};
	int r = db_query(t, &sql, REUSE_GIVEN, &st, e, DB_INT(attempt));

	while (r >= 0 && (r = db_step(t, st, e)) > 0)
		artifact_read(st, a, vec_add(&rows));
	if (rows.len > 1)
		qsort(rows.v, rows.len, sizeof *rows.v, by_path);
	if (r >= 0)
		*ret = (struct artifact_rows){.v = arena_dup(a, rows.v, rows.len * sizeof *rows.v), .len = rows.len};
	vec_release(&rows);
	return r;
}

int query_logged_params(struct tracker *t, int64_t run, int64_t *after, json_t *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, REUSE_PARAMS, &st, e, DB_INT(run), DB_INT(*after));

	while (r >= 0 && (r = db_step(t, st, e)) > 0) {
		const char *text = db_peek(st, 1);
		_json_ json_t *body = NULL;
		char id[24];

		*after = db_int(st, 0);
		if (!text)
			continue;
		if ((r = json_parse(text, strlen(text), "event", &body, e)) < 0)
			return r;
		snprintf(id, sizeof id, "%lld", (long long)json_integer_value(json_object_get(body, "attempt")));
		json_object_set(ret, id, json_object_get(body, "params"));
	}
	return r;
}

int query_mark(struct tracker *t, struct record_mark *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, REUSE_MARK, &st, e);

	if (r < 0 || (r = db_step(t, st, e)) < 0)
		return r;
	*ret = (struct record_mark){0};
	if (r > 0) {
		ret->event = db_int(st, 0);
		db_digest(st, 1, &ret->hash);
	}
	return 0;
}

int query_unchanged(struct tracker *t, const struct record_mark *since, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	struct digest hash;
	int64_t any;
	int r = db_query(t, &sql, REUSE_MARKED, &st, e, DB_INT(since->event));

	if (r < 0 || (r = db_step(t, st, e)) <= 0)
		return r;
	if (!db_digest(st, 0, &hash) || !digest_equal(&hash, &since->hash))
		return 0;
	r = db_get_int(t, &sql, REUSE_SINCE, &any, e, DB_INT(since->event));
	return r < 0 ? r : r == 0;
}

int query_attempt_env(struct tracker *t, int64_t attempt, struct arena *a, const char **ret_key,
                      const char **ret_detail, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, REUSE_ENV, &st, e, DB_INT(attempt));

	if (r < 0 || (r = db_step(t, st, e)) < 0)
		return r;
	*ret_key = r > 0 ? db_text(st, 0, a) : NULL;
	*ret_detail = r > 0 ? db_text(st, 1, a) : NULL;
	return 0;
}
