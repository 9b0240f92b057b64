/* Steps of a run, their attempts, and what those took in and left. */
#include "tracker/query.h"

#include <stdlib.h>
#include <string.h>
#include "base/vec.h"
#include "tracker/db.h"

#define ARTIFACT_COLUMNS \
	"a.run, st.id, a.attempt, a.role, a.form, a.path, a.digest, a.size, a.mtime, a.mode, st.rank, " \
	"instr('in out metric checkpoint log logged', a.role) AS place"

#define ATTEMPT_COLUMNS \
	"a.id, a.step, a.uid, a.command, a.folder, a.isolation, a.host, a.n, a.state, a.cause, a.exit_status, " \
	"a.signal, a.started, a.ended, a.elapsed_us, a.pid, a.pid_start, v.key, v.grade, a.error_file, " \
	"a.error_message, a.error_line, a.max_rss, a.cpu_us, a.read_bytes, a.written_bytes, a.gpu_mem, v.kind, v.detail"

#define STEP_COLUMNS \
	"s.id, s.name, s.base, s.item, coalesce(s.command, x.command), coalesce(s.declared, x.declared), s.reason, " \
	"s.state, s.rank, s.reused_attempt, a.run, a.n, s.needs FROM step s LEFT JOIN attempt a ON a.id = " \
	"s.reused_attempt LEFT JOIN step x ON x.id = a.step "

#define SQL(X) \
	X(STEPS, "SELECT " STEP_COLUMNS "WHERE s.run = ?1 ORDER BY s.rank") \
	X(STEP, "SELECT " STEP_COLUMNS "WHERE s.id = ?1") \
	X(STEP_NAMED, "SELECT " STEP_COLUMNS "WHERE s.run = ?1 AND s.name = ?2") \
	X(STEP_STATES, "SELECT s.state, s.reused_attempt, a.run, a.n FROM step s LEFT JOIN attempt a ON a.id = " \
	               "s.reused_attempt WHERE s.run = ?1 ORDER BY s.rank") \
	X(RUN_EVENT, "SELECT max(id) FROM event WHERE run = ?1") \
	X(ATTEMPTS, "SELECT " ATTEMPT_COLUMNS " FROM step s JOIN attempt a ON a.step = s.id LEFT JOIN env v ON v.id " \
	            "= a.env WHERE s.run = ?1 ORDER BY s.rank, s.id, a.n") \
	X(STEP_ATTEMPTS, "SELECT " ATTEMPT_COLUMNS " FROM attempt a LEFT JOIN env v ON v.id = a.env WHERE a.step = " \
		"?1 ORDER BY a.n") \
	X(ATTEMPTS_AFTER, "SELECT " ATTEMPT_COLUMNS " FROM attempt a LEFT JOIN env v ON v.id = a.env " \
	                  "WHERE a.run = ?1 AND a.id > ?2 ORDER BY a.id") \
	X(ATTEMPT, "SELECT " ATTEMPT_COLUMNS " FROM attempt a LEFT JOIN env v ON v.id = a.env WHERE a.id = ?1") \
	X(PACKAGES, "SELECT p.name, p.version, p.source FROM attempt a JOIN package p ON p.env = a.env WHERE a.id = " \
	            "?1 ORDER BY p.name") \
	X(ARTIFACTS, \
	  "SELECT " ARTIFACT_COLUMNS " FROM step st JOIN artifact a ON a.step = st.id WHERE st.run = ?1 " \
	  "UNION ALL SELECT " ARTIFACT_COLUMNS " FROM step st JOIN artifact a ON a.attempt = st.reused_attempt " \
	  "WHERE st.run = ?1 ORDER BY 11, 2, 3, 12, 6") \
	X(ATTEMPT_ARTIFACTS, \
	  "SELECT " ARTIFACT_COLUMNS " FROM artifact a JOIN step st ON st.id = a.step WHERE a.attempt = ?1 ORDER BY " \
	  "12, 6") \
	X(DURATION, \
	  "SELECT elapsed_us FROM attempt WHERE name = ?1 AND state = 'success' AND elapsed_us IS NOT NULL AND " \
	  "continued IS NULL ORDER BY id DESC LIMIT 1")
DB_TABLE(DB_QUERY_STEP, sql, SQL)

/* Finds the ids of the steps whose ranks the JSON [[rank, data], …] gives. */
static void needs_read(const struct step_rows *steps, const char *json, struct arena *a, struct step_row *ret)
{
	VEC(int64_t) ids = {0};
	char *end;

	for (const char *p = json; (p = strchr(p, '[')); p = end) {
		long rank = strtol(++p, &end, 10);
		size_t from = 0, to = steps->len;

		while (end != p && from < to) {
			size_t middle = from + (to - from) / 2;

			if (steps->v[middle].rank < rank)
				from = middle + 1;
			else
				to = middle;
		}
		if (end != p && from < steps->len && steps->v[from].rank == rank)
			vec_push(&ids, steps->v[from].id);
	}
	ret->needs = arena_dup(a, ids.v, ids.len * sizeof *ids.v);
	ret->nneeds = ids.len;
	vec_release(&ids);
}

static struct step_row step_read(sqlite3_stmt *st, struct arena *a)
{
	return (struct step_row){
	        .id = db_int(st, 0),
	        .name = db_text(st, 1, a),
	        .base = db_text(st, 2, a),
	        .item = db_text(st, 3, a),
	        .command = db_text(st, 4, a),
	        .declared = db_text(st, 5, a),
	        .reason = db_text(st, 6, a),
	        .state = db_word(st, 7, WORDS_STEP_STATE),
	        .rank = (int)db_int(st, 8),
	        .reused_attempt = db_int(st, 9),
	        .reused_run = db_int(st, 10),
	        .reused_n = (int)db_int(st, 11),
	};
}

int query_steps(struct tracker *t, int64_t run, struct arena *a, struct step_rows *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	VEC(struct step_row) rows = {0};
	VEC(const char *) needs = {0};
	struct step_rows steps;
	int r = db_query(t, &sql, STEPS, &st, e, DB_INT(run));

	while (r >= 0 && (r = db_step(t, st, e)) > 0) {
		vec_push(&rows, step_read(st, a));
		vec_push(&needs, db_text(st, 12, a));
	}
	if (r >= 0) {
		steps = (struct step_rows){.v = arena_dup(a, rows.v, rows.len * sizeof *rows.v), .len = rows.len};
		for (size_t i = 0; i < steps.len; i++)
			if (needs.v[i])
				needs_read(&steps, needs.v[i], a, &steps.v[i]);
		*ret = steps;
	}
	vec_release(&rows);
	vec_release(&needs);
	return r;
}

/* The only row: 1, or 0 without one. */
static int step_only(struct tracker *t, sqlite3_stmt *st, int r, struct arena *a, struct step_row *ret, struct err *e)
{
	if (r >= 0)
		r = db_step(t, st, e);
	if (r > 0)
		*ret = step_read(st, a);
	return r;
}

int query_step(struct tracker *t, int64_t step, struct arena *a, struct step_row *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, STEP, &st, e, DB_INT(step));

	r = step_only(t, st, r, a, ret, e);
	return r ? r < 0 ? r : 0 : err_set(e, ERR_NOT_FOUND, "there is no step %lld in the record", (long long)step);
}

int query_step_named(struct tracker *t, int64_t run, const char *name, struct arena *a, struct step_row *ret,
                     struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, STEP_NAMED, &st, e, DB_INT(run), DB_TEXT(name));

	r = step_only(t, st, r, a, ret, e);
	return r ? r < 0 ? r : 0 : err_set(e, ERR_NOT_FOUND, "run %lld has no step \"%s\"", (long long)run, name);
}

int query_step_states(struct tracker *t, int64_t run, struct arena *a, struct step_state_row **ret, size_t *ret_len,
                      struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	VEC(struct step_state_row) rows = {0};
	int r = db_query(t, &sql, STEP_STATES, &st, e, DB_INT(run));

	while (r >= 0 && (r = db_step(t, st, e)) > 0)
		vec_push(&rows, (struct step_state_row){
		                        .state = db_word(st, 0, WORDS_STEP_STATE),
		                        .reused_attempt = db_int(st, 1),
		                        .reused_run = db_int(st, 2),
		                        .reused_n = (int)db_int(st, 3),
		                });
	if (r >= 0) {
		*ret = arena_dup(a, rows.v, rows.len * sizeof *rows.v);
		*ret_len = rows.len;
	}
	vec_release(&rows);
	return r;
}

int query_run_event(struct tracker *t, int64_t run, int64_t *ret, struct err *e)
{
	return db_get_int(t, &sql, RUN_EVENT, ret, e, DB_INT(run));
}

static void attempt_read(sqlite3_stmt *st, struct arena *a, struct attempt_row *ret)
{
	*ret = (struct attempt_row){
	        .id = db_int(st, 0),
	        .step = db_int(st, 1),
	        .uid = db_text(st, 2, a),
	        .command = db_text(st, 3, a),
	        .folder = db_text(st, 4, a),
	        .isolation = db_text(st, 5, a),
	        .host = db_text(st, 6, a),
	        .n = (int)db_int(st, 7),
	        .state = db_word(st, 8, WORDS_ATTEMPT_STATE),
	        .cause = db_word(st, 9, WORDS_CAUSE),
	        .exit_status = (int)db_int_or(st, 10, -1),
	        .signal = (int)db_int(st, 11),
	        .started = db_int(st, 12),
	        .ended = db_int(st, 13),
	        .elapsed_us = db_int_or(st, 14, -1),
	        .pid = db_int(st, 15),
	        .pid_start = db_int(st, 16),
	        .env_key = db_text(st, 17, a),
	        .env_grade = db_text(st, 18, a),
	        .env_kind = db_text(st, 27, a),
	        .env_detail = db_text(st, 28, a),
	        .error_file = db_text(st, 19, a),
	        .error_message = db_text(st, 20, a),
	        .error_line = (int)db_int(st, 21),
	        .usage = {.max_rss = db_int_or(st, 22, -1),
	                  .cpu_us = db_int_or(st, 23, -1),
	                  .read_bytes = db_int_or(st, 24, -1),
	                  .written_bytes = db_int_or(st, 25, -1),
	                  .gpu_mem = db_int_or(st, 26, -1)},
	};
}

static int attempts_read(struct tracker *t, sqlite3_stmt *st, int r, struct arena *a, struct attempt_rows *ret,
                         struct err *e)
{
	VEC(struct attempt_row) rows = {0};

	while (r >= 0 && (r = db_step(t, st, e)) > 0)
		attempt_read(st, a, vec_add(&rows));
	if (r >= 0)
		*ret = (struct attempt_rows){.v = arena_dup(a, rows.v, rows.len * sizeof *rows.v), .len = rows.len};
	vec_release(&rows);
	return r;
}

int query_attempts(struct tracker *t, int64_t run, struct arena *a, struct attempt_rows *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, ATTEMPTS, &st, e, DB_INT(run));

	return attempts_read(t, st, r, a, ret, e);
}

int query_step_attempts(struct tracker *t, int64_t step, struct arena *a, struct attempt_rows *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, STEP_ATTEMPTS, &st, e, DB_INT(step));

	return attempts_read(t, st, r, a, ret, e);
}

int query_attempts_after(struct tracker *t, int64_t run, int64_t after, struct arena *a, struct attempt_rows *ret,
                         struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, ATTEMPTS_AFTER, &st, e, DB_INT(run), DB_INT(after));

	return attempts_read(t, st, r, a, ret, e);
}

int query_attempt(struct tracker *t, int64_t attempt, struct arena *a, struct attempt_row *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, ATTEMPT, &st, e, DB_INT(attempt));

	if (r >= 0)
		r = db_step(t, st, e);
	if (r < 0)
		return r;
	if (!r)
		return err_set(e, ERR_NOT_FOUND, "the record has no attempt with the id %lld", (long long)attempt);
	attempt_read(st, a, ret);
	return 0;
}

int query_packages(struct tracker *t, int64_t attempt, struct arena *a, struct package_rows *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	VEC(struct env_package) rows = {0};
	int r = db_query(t, &sql, PACKAGES, &st, e, DB_INT(attempt));

	while (r >= 0 && (r = db_step(t, st, e)) > 0)
		vec_push(&rows, (struct env_package){db_text(st, 0, a), db_text(st, 1, a), db_text(st, 2, a)});
	if (r >= 0)
		*ret = (struct package_rows){.v = arena_dup(a, rows.v, rows.len * sizeof *rows.v), .len = rows.len};
	vec_release(&rows);
	return r;
}

void artifact_read(sqlite3_stmt *st, struct arena *a, struct artifact_row *ret)
{
	*ret = (struct artifact_row){
	        .run = db_int(st, 0),
	        .step = db_int(st, 1),
	        .attempt = db_int(st, 2),
	        .role = db_word(st, 3, WORDS_ROLE),
	        .form = db_word(st, 4, WORDS_FORM),
	        .path = db_text(st, 5, a),
	        .size = db_int(st, 7),
	        .mtime = db_int(st, 8),
	        .mode = (unsigned)db_int(st, 9),
	};
	ret->has_digest = db_digest(st, 6, &ret->digest);
}

static int artifacts_read(struct tracker *t, int which, int64_t key, struct arena *a, struct artifact_rows *ret,
                          struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	VEC(struct artifact_row) rows = {0};
	int r = db_query(t, &sql, which, &st, e, DB_INT(key));

	while (r >= 0 && (r = db_step(t, st, e)) > 0)
		artifact_read(st, a, vec_add(&rows));
	if (r >= 0)
		*ret = (struct artifact_rows){.v = arena_dup(a, rows.v, rows.len * sizeof *rows.v), .len = rows.len};
	vec_release(&rows);
	return r;
}

int query_artifacts(struct tracker *t, int64_t run, struct arena *a, struct artifact_rows *ret, struct err *e)
{
	return artifacts_read(t, ARTIFACTS, run, a, ret, e);
}

int query_attempt_artifacts(struct tracker *t, int64_t attempt, struct arena *a, struct artifact_rows *ret,
                            struct err *e)
{
	return artifacts_read(t, ATTEMPT_ARTIFACTS, attempt, a, ret, e);
}

int query_duration(struct tracker *t, const char *step_name, int64_t *ret_us, struct err *e)
{
	int64_t took;
	int r = db_get_int(t, &sql, DURATION, &took, e, DB_TEXT(step_name));

	if (r < 0)
		return r;
	*ret_us = r ? took : -1;
	return 0;
}
