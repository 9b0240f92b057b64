#include "tracker/request.h"

#include <stdio.h>
#include "base/time.h"
#include "tracker/db.h"
#include "tracker/verify.h"

#define SQL(X) \
	X(REQUEST_LIVE, "SELECT state IN ('queued', 'running') FROM run WHERE number = ?1") \
	X(REQUEST_STEP, "SELECT run FROM step WHERE id = ?1") \
	X(REQUEST_NEW, "INSERT INTO request (run, step, action, user, created) VALUES (?, ?, ?, ?, ?)") \
	X(REQUEST_FIRST, \
	  "SELECT id, coalesce(step, 0), action FROM request WHERE run = ?1 AND taken IS NULL ORDER BY id LIMIT 1") \
	X(REQUEST_TAKEN, "UPDATE request SET taken = ?2, answer = ?3 WHERE id = ?1 AND taken IS NULL") \
	X(REQUEST_RUN, "SELECT run FROM request WHERE id = ?1 AND taken IS NULL") \
	X(REQUEST_PAUSED, "SELECT action = 'pause' FROM request WHERE run = ?1 AND step IS NULL AND action IN " \
	                  "('pause', 'continue') AND taken IS NOT NULL ORDER BY id DESC LIMIT 1") \
	X(REQUEST_REPLY, "SELECT answer FROM request WHERE id = ?1 AND taken IS NOT NULL")
DB_TABLE(DB_REQUEST, sql, SQL)

int request_add(struct tracker *t, int64_t run, int64_t step, enum request_action a, const char *user, int64_t *ret_id,
                struct err *e)
{
	char body[160];
	int64_t live, id, owner;
	int r = db_get_int(t, &sql, REQUEST_LIVE, &live, e, DB_INT(run));

	if (r < 0)
		return r;
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no run %lld", (long long)run);
	if (!live)
		return err_set(e, ERR_USAGE, "run %lld has ended: nothing can be asked of it", (long long)run);
	if (step && (r = db_get_int(t, &sql, REQUEST_STEP, &owner, e, DB_INT(step))) < 0)
		return r;
	if (step && (r == 0 || owner != run))
		return err_set(e, ERR_NOT_FOUND, "run %lld has no step %lld", (long long)run, (long long)step);
	r = db_write(t, &sql, REQUEST_NEW, e, DB_INT(run), DB_ID(step), DB_TEXT(word_of(WORDS_REQUEST, a)->text),
	             DB_TEXT(user), DB_INT(time_now()));
	if (r < 0)
		return r;
	id = sqlite3_last_insert_rowid(t->db);
	snprintf(body, sizeof body, "{\"request\":%lld,\"step\":%lld,\"action\":\"%s\"}", (long long)id,
	         (long long)step, word_of(WORDS_REQUEST, a)->text);
	r = event_add(t, run, "request", body, e);
	if (r >= 0)
		*ret_id = id;
	return r;
}

int request_next(struct tracker *t, int64_t run, struct request *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, REQUEST_FIRST, &st, e, DB_INT(run));

	if (r < 0 || (r = db_step(t, st, e)) <= 0)
		return r;
	*ret = (struct request){.id = db_int(st, 0),
	                        .run = run,
	                        .step = db_int(st, 1),
	                        .action = (enum request_action)db_word(st, 2, WORDS_REQUEST)};
	return 1;
}

int request_take(struct tracker *t, int64_t id, const char *answer, struct err *e)
{
	char body[64];
	int64_t run;
	int r = db_get_int(t, &sql, REQUEST_RUN, &run, e, DB_INT(id));

	if (r < 0)
		return r;
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no open request %lld", (long long)id);
	r = db_write(t, &sql, REQUEST_TAKEN, e, DB_INT(id), DB_INT(time_now()), DB_TEXT(answer));
	snprintf(body, sizeof body, "{\"request\":%lld}", (long long)id);
	return r < 0 ? r : event_add(t, run, "taken", body, e);
}

int request_answer(struct tracker *t, int64_t id, struct arena *a, const char **ret_answer, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, REQUEST_REPLY, &st, e, DB_INT(id));

	if (r < 0 || (r = db_step(t, st, e)) <= 0)
		return r;
	*ret_answer = db_text(st, 0, a);
	return 1;
}

int request_paused(struct tracker *t, int64_t run, struct err *e)
{
	int64_t paused = 0;
	int r = db_get_int(t, &sql, REQUEST_PAUSED, &paused, e, DB_INT(run));

	return r < 0 ? r : r > 0 && paused;
}
