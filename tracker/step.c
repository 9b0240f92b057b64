#include "tracker/step.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/buf.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/time.h"
#include "tracker/db.h"
#include "tracker/verify.h"

/* A statement for many rows costs half of what one for each does. */
enum { STEP_COLUMNS = 11, STEP_ROWS = 32 };
#define STEP_INTO \
	"INSERT INTO step (run, rank, name, base, item, command, declared, needs, state, reason, reused_attempt) " \
	"VALUES "
#define STEP_ROW "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define STEP_ROW_4 STEP_ROW ", " STEP_ROW ", " STEP_ROW ", " STEP_ROW
#define STEP_ROW_16 STEP_ROW_4 ", " STEP_ROW_4 ", " STEP_ROW_4 ", " STEP_ROW_4

#define SQL(X) \
	X(STEP_NEW, STEP_INTO STEP_ROW) \
	X(STEP_NEW_MANY, STEP_INTO STEP_ROW_16 ", " STEP_ROW_16) \
	X(STEP_COUNT, "UPDATE run SET nsteps = nsteps + ?2, ndone = ndone + ?3, nreused = nreused + ?3 WHERE number " \
		"= ?1") \
	X(STEP_UNFIT, "SELECT s.name, a.name || '@' || a.n, a.state FROM step s JOIN attempt a ON a.id = " \
	              "s.reused_attempt WHERE s.run = ?1 AND a.state <> 'success' LIMIT 1") \
	X(STEP_OF_RUN, "SELECT run FROM attempt WHERE id = ?1") \
	X(STEP_LENDERS, "SELECT DISTINCT a.run, a.state = 'success' FROM step s JOIN attempt a ON a.id = " \
	                "s.reused_attempt WHERE s.run = ?1") \
	X(STEP_BORROWED, "SELECT 1 FROM borrow WHERE lender = ?2 AND run = ?1") \
	X(STEP_BORROW, \
	  "INSERT INTO borrow (run, lender) SELECT ?1, number FROM run WHERE number = ?2 AND (removed = 0 OR EXISTS " \
	  "(SELECT 1 FROM borrow o JOIN run k ON k.number = o.run WHERE o.lender = ?2 AND k.removed = 0))") \
	X(STEP_STATE, "SELECT state, name, run FROM step WHERE id = ?1") \
	X(STEP_SET, "UPDATE step SET state = ?2, reason = coalesce(?3, reason), reused_attempt = coalesce(?4, " \
	            "reused_attempt) WHERE id = ?1") \
	X(STEP_TALLY, \
	  "UPDATE run SET ndone = ndone + ?2, nfailed = nfailed + ?3, nreused = nreused + ?4 WHERE number = ?1") \
	X(STEP_ENV_FIND, "SELECT id FROM env WHERE key = ?1 AND grade = ?2 AND kind = ?3 AND detail = ?4") \
	X(STEP_ENV_NEW, "INSERT INTO env (key, grade, kind, detail) VALUES (?, ?, ?, ?)") \
	X(STEP_PACKAGE_NEW, "INSERT INTO package (env, name, version, source) VALUES (?, ?, ?, ?)") \
	X(STEP_ATTEMPT_NEW, "INSERT INTO attempt (uid, run, step, name, n, state, cause, started, pid, pid_start, " \
	                    "host, isolation, command, " \
	                    "folder, env, facts, form, key, continued) SELECT ?1, ?2, ?3, name, ?4, 'running', '', " \
	                    "?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16 FROM step WHERE id = ?3") \
	X(STEP_ATTEMPT_STATE, "SELECT state, name || '@' || n, run FROM attempt WHERE id = ?1") \
	X(STEP_ATTEMPT_END, \
	  "UPDATE attempt SET state = ?2, cause = ?3, exit_status = ?4, signal = ?5, ended = ?6, elapsed_us = ?7, " \
	  "error_file = ?8, error_line = ?9, error_message = ?10, max_rss = ?11, cpu_us = ?12, read_bytes = ?13, " \
	  "written_bytes = ?14, gpu_mem = ?15, trace = ?16 WHERE id = ?1") \
	X(STEP_ARTIFACT, "INSERT INTO artifact (run, step, attempt, role, form, path, digest, size, mtime, mode) " \
	                 "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)") \
	X(STEP_SAMPLE, "INSERT OR REPLACE INTO sample (attempt, ts, cpu_us, rss, read_bytes, written_bytes, gpu_mem, " \
	               "gpu_util, nprocs) " \
	               "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
DB_TABLE(DB_STEP, sql, SQL)

static char *json_text(const json_t *v)
{
	struct buf b = BUF_INIT;

	if (!v)
		return NULL;
	json_canonical(&b, v);
	return buf_steal(&b);
}

/* The state and name of a step or attempt, which must belong to the run (0: to any). */
static int get_state(struct tracker *t, int which, int64_t run, int64_t id, enum vocabulary v, const char *what,
                     int *ret, char name[128], struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, which, &st, e, DB_INT(id));

	if (r < 0 || (r = db_step(t, st, e)) < 0)
		return r;
	if (r == 0 && !run)
		return err_set(e, ERR_NOT_FOUND, "the record has no %s %lld", what, (long long)id);
	if (r == 0 || (run && db_int(st, 2) != run))
		return err_set(e, ERR_NOT_FOUND, "run %lld has no %s %lld", (long long)run, what, (long long)id);
	*ret = db_word(st, 0, v);
	snprintf(name, 128, "%s", db_peek(st, 1));
	return 0;
}

static int counts_as_failed(enum step_state s)
{
	return s == STEP_FAILED || s == STEP_LOST;
}

/* What moves of steps change in their run's counts. */
struct tally {
	int done, failed, reused;
};

/* attempt: what stands in for it; 0: none. */
static int set_state(struct tracker *t, int64_t run, int64_t step, enum step_state to, const char *reason,
                     int64_t attempt, struct tally *sum, struct err *e)
{
	char name[128];
	int from;
	int r = get_state(t, STEP_STATE, run, step, WORDS_STEP_STATE, "step", &from, name, e);

	if (r < 0)
		return r;
	if (!step_move_allowed((enum step_state)from, to))
		return err_set(e, ERR_USAGE, "step \"%s\" of run %lld cannot move from %s to %s", name, (long long)run,
		               step_state_text(from), step_state_text(to));
	sum->done += step_state_ended(to) - step_state_ended((enum step_state)from);
	sum->failed += counts_as_failed(to) - counts_as_failed((enum step_state)from);
	sum->reused += (to == STEP_REUSED) - (from == STEP_REUSED);
	return db_write(t, &sql, STEP_SET, e, DB_INT(step), DB_TEXT(step_state_text(to)), DB_TEXT(reason),
	                DB_ID(attempt));
}

static int set_counts(struct tracker *t, int64_t run, const struct tally *sum, struct err *e)
{
	if (!sum->done && !sum->failed && !sum->reused)
		return 0;
	return db_write(t, &sql, STEP_TALLY, e, DB_INT(run), DB_INT(sum->done), DB_INT(sum->failed),
	                DB_INT(sum->reused));
}

/* Of one step, with its run's counts. */
static int move_one(struct tracker *t, int64_t run, int64_t step, enum step_state to, const char *reason, struct err *e)
{
	struct tally sum = {0};
	int r = set_state(t, run, step, to, reason, 0, &sum, e);

	return r < 0 ? r : set_counts(t, run, &sum, e);
}

int step_move(struct tracker *t, int64_t run, const int64_t *steps, size_t n, enum step_state s, const char *reason,
              struct err *e)
{
	_buf_ struct buf body = BUF_INIT;
	struct tally sum = {0};
	int r = 0;

	if (n == 0)
		return 0;
	buf_addf(&body, "{\"state\":\"%s\",\"steps\":[", step_state_text(s));
	for (size_t i = 0; r >= 0 && i < n; i++) {
		r = set_state(t, run, steps[i], s, reason, 0, &sum, e);
		buf_addf(&body, "%s%lld", i ? "," : "", (long long)steps[i]);
	}
	if (r < 0 || (r = set_counts(t, run, &sum, e)) < 0)
		return r;
	buf_adds(&body, "]}");
	return event_add(t, run, "step", body.data, e);
}

/* The event of all decisions to reuse that were taken together. */
static void reuse_said(struct buf *body, int64_t step, int64_t attempt)
{
	buf_adds(body, body->len ? ",[" : "{\"reuse\":[[");
	buf_addi(body, step);
	buf_addc(body, ',');
	buf_addi(body, attempt);
	buf_addc(body, ']');
}

static int reuse_event(struct tracker *t, int64_t run, struct buf *body, struct err *e)
{
	buf_adds(body, "]}");
	return event_add(t, run, "reuse", body->data, e);
}

static int cannot_stand_in(const char *attempt, const char *state, const char *step, int64_t run, struct err *e)
{
	return err_set(e, ERR_USAGE, "attempt %s is %s: it cannot stand in for step %s of run %lld", attempt, state,
	               step, (long long)run);
}

/* [[rank, data], …] or NULL. */
static int needs_text(const struct step_new *n, struct arena *a, const char **ret, struct err *e)
{
	_buf_ struct buf text = BUF_INIT;
	int before = -1;

	*ret = NULL;
	for (size_t i = 0; i < n->nneeds; i++) {
		if (n->needs[i].rank <= before || n->needs[i].rank >= n->rank)
			return err_set(e, ERR_USAGE,
			               "what step \"%s\" needs does not stand before it, in order of rank", n->name);
		before = n->needs[i].rank;
		buf_addf(&text, "%s[%d,%d]", i ? "," : "[", before, n->needs[i].data);
	}
	if (n->nneeds) {
		buf_addc(&text, ']');
		*ret = arena_strdup(a, text.data);
	}
	return 0;
}

static const char *json_kept(const json_t *v, struct arena *a)
{
	_free_ char *text = json_text(v);

	return arena_strdup(a, text);
}

/* The columns of its row; what has to be made for them lives in the arena. */
static int step_values(int64_t run, const struct step_new *n, struct arena *a, struct db_value *ret, struct err *e)
{
	const char *needs;
	int r = needs_text(n, a, &needs, e);

	if (r < 0)
		return r;
	if ((n->state != STEP_PENDING && n->state != STEP_REUSED) ||
	    (n->state == STEP_REUSED) != (n->reused_attempt != 0))
		return err_set(e, ERR_USAGE, "step \"%s\" cannot begin as %s %s an attempt that stands in", n->name,
		               step_state_text(n->state), n->reused_attempt ? "with" : "without");
	memcpy(ret,
	       (const struct db_value[STEP_COLUMNS]){
	               DB_INT(run), DB_INT(n->rank), DB_TEXT(n->name), DB_TEXT(n->base), DB_TEXT(json_kept(n->item, a)),
	               DB_TEXT(n->command), DB_TEXT(json_kept(n->declared, a)), DB_TEXT(needs),
	               DB_TEXT(step_state_text(n->state)), DB_TEXT(n->reason), DB_ID(n->reused_attempt)},
	       STEP_COLUMNS * sizeof *ret);
	return 0;
}

/* n: 1 or STEP_ROWS. */
static int add_rows(struct tracker *t, int64_t run, const struct step_new *v, size_t n, int64_t *ret_ids, struct err *e)
{
	struct db_value values[1 + STEP_ROWS * STEP_COLUMNS] = {DB_NULL};
	_arena_ struct arena a = ARENA_INIT;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n; i++)
		r = step_values(run, &v[i], &a, &values[1 + i * STEP_COLUMNS], e);
	if (r < 0)
		return r;
	r = db_write_(t, &sql, n == 1 ? STEP_NEW : STEP_NEW_MANY, e, values, 1 + (int)n * STEP_COLUMNS);
	/* Each gets the greatest there is and one: nobody else writes meanwhile. */
	for (size_t i = 0; r >= 0 && i < n; i++)
		ret_ids[i] = sqlite3_last_insert_rowid(t->db) - (int64_t)(n - 1 - i);
	return r;
}

static int say_unfit(struct tracker *t, int64_t run, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, STEP_UNFIT, &st, e, DB_INT(run));

	if (r < 0 || (r = db_step(t, st, e)) < 0)
		return r;
	return cannot_stand_in(db_peek(st, 1), db_peek(st, 2), db_peek(st, 0), run, e);
}

/* What the lender gave stays for the run from then on. 0: it was removed, no kept run borrows from it, and what it gave
 * may be collected already. */
static int borrow(struct tracker *t, int64_t run, int64_t lender, struct err *e)
{
	int64_t any;
	int r = db_get_int(t, &sql, STEP_BORROWED, &any, e, DB_INT(run), DB_INT(lender));

	if (r != 0)
		return r;
	r = db_write(t, &sql, STEP_BORROW, e, DB_INT(run), DB_INT(lender));
	return r < 0 ? r : sqlite3_changes(t->db);
}

static int lender_gone(int64_t lender, int code, struct err *e)
{
	return err_set(e, code, "run %lld, of which results were to be reused, was removed meanwhile; run again",
	               (long long)lender);
}

/* For all steps of the run at once. Only what succeeded may stand in. */
static int borrow_all(struct tracker *t, int64_t run, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, STEP_LENDERS, &st, e, DB_INT(run));

	while (r >= 0 && (r = db_step(t, st, e)) > 0) {
		int64_t lender = db_int(st, 0);

		r = db_int(st, 1) ? borrow(t, run, lender, e) : say_unfit(t, run, e);
		if (r == 0)
			return lender_gone(lender, ERR_BUSY, e);
	}
	return r;
}

int step_borrow(struct tracker *t, int64_t run, int64_t attempt, struct err *e)
{
	int64_t lender, any;
	int r = db_get_int(t, &sql, STEP_OF_RUN, &lender, e, DB_INT(attempt));

	if (r <= 0 || (r = db_get_int(t, &sql, STEP_BORROWED, &any, e, DB_INT(run), DB_INT(lender))) != 0)
		return r;
	if ((r = tracker_begin(t, e)) < 0)
		return r;
	if ((r = borrow(t, run, lender, e)) <= 0) {
		tracker_rollback(t);
		return r;
	}
	r = tracker_commit(t, e);
	return r < 0 ? r : 1;
}

int step_add(struct tracker *t, int64_t run, const struct step_new *v, size_t n, int64_t *ret_ids, struct err *e)
{
	_buf_ struct buf body = BUF_INIT;
	int64_t reused = 0;
	int r = 0;

	for (size_t i = 0, rows; r >= 0 && i < n; i += rows) {
		rows = n - i < STEP_ROWS ? 1 : STEP_ROWS;
		r = add_rows(t, run, &v[i], rows, &ret_ids[i], e);
	}
	if (n == 0 || r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (v[i].state != STEP_REUSED)
			continue;
		reuse_said(&body, ret_ids[i], v[i].reused_attempt);
		reused++;
	}
	r = db_write(t, &sql, STEP_COUNT, e, DB_INT(run), DB_INT((int64_t)n), DB_INT(reused));
	if (r < 0 || reused == 0)
		return r;
	r = borrow_all(t, run, e);
	return r < 0 ? r : reuse_event(t, run, &body, e);
}

int step_reuse(struct tracker *t, int64_t run, const struct step_reuse *v, size_t n, struct err *e)
{
	_buf_ struct buf body = BUF_INIT;
	struct tally sum = {0};
	int r;

	if (n == 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		char name[128], step[24];
		int64_t lender = 0;
		int state;

		r = get_state(t, STEP_ATTEMPT_STATE, 0, v[i].attempt, WORDS_ATTEMPT_STATE, "attempt", &state, name, e);
		if (r < 0 || (r = db_get_int(t, &sql, STEP_OF_RUN, &lender, e, DB_INT(v[i].attempt))) < 0)
			return r;
		snprintf(step, sizeof step, "%lld", (long long)v[i].step);
		if (state != ATTEMPT_SUCCESS)
			return cannot_stand_in(name, attempt_state_text(state), step, run, e);
		if ((r = set_state(t, run, v[i].step, STEP_REUSED, v[i].reason, v[i].attempt, &sum, e)) < 0 ||
		    (r = borrow(t, run, lender, e)) < 0)
			return r;
		if (r == 0)
			return lender_gone(lender, ERR_NOT_FOUND, e);
		reuse_said(&body, v[i].step, v[i].attempt);
	}
	r = set_counts(t, run, &sum, e);
	return r < 0 ? r : reuse_event(t, run, &body, e);
}

/* The detail as it is stored: what was given, and which packages there are. */
static char *env_detail(const struct env_facts *f)
{
	_json_ json_t *detail = f->detail ? json_copy((json_t *)f->detail) : json_object();
	_buf_ struct buf rows = BUF_INIT;
	char hex[DIGEST_HEX + 1];
	struct digest d;

	for (size_t i = 0; i < f->npackages; i++) {
		const struct env_package *p = &f->packages[i];

		buf_add(&rows, p->name, strlen(p->name) + 1);
		buf_add(&rows, p->version, strlen(p->version) + 1);
		buf_adds(&rows, p->source ? p->source : "");
		buf_addc(&rows, '\0');
	}
	if (f->npackages) {
		sha256_bytes(rows.data, rows.len, &d);
		digest_to_hex(&d, hex);
		json_object_set_new(detail, "packages",
		                    json_pack("{s:I, s:s}", "count", (json_int_t)f->npackages, "sha256", hex));
	}
	return json_text(detail);
}

int env_record(struct tracker *t, const struct env_facts *f, int64_t *ret_id, struct err *e)
{
	_free_ char *detail = env_detail(f);
	char body[64];
	int64_t id;
	int r = db_get_int(t, &sql, STEP_ENV_FIND, ret_id, e, DB_TEXT(f->key), DB_TEXT(f->grade), DB_TEXT(f->kind),
	                   DB_TEXT(detail));

	if (r != 0)
		return r < 0 ? r : 0;
	r = db_write(t, &sql, STEP_ENV_NEW, e, DB_TEXT(f->key), DB_TEXT(f->grade), DB_TEXT(f->kind), DB_TEXT(detail));
	if (r < 0)
		return r;
	id = sqlite3_last_insert_rowid(t->db);
	for (size_t i = 0; r >= 0 && i < f->npackages; i++)
		r = db_write(t, &sql, STEP_PACKAGE_NEW, e, DB_INT(id), DB_TEXT(f->packages[i].name),
		             DB_TEXT(f->packages[i].version), DB_TEXT(f->packages[i].source));
	/* Its run may end before an attempt has it. */
	snprintf(body, sizeof body, "{\"env\":%lld}", (long long)id);
	if (r >= 0)
		r = event_add(t, 0, "env", body, e);
	if (r >= 0)
		*ret_id = id;
	return r;
}

int attempt_begin(struct tracker *t, const struct attempt_new *n, int64_t *ret_id, struct err *e)
{
	char body[160];
	int64_t id;
	int r = db_write(t, &sql, STEP_ATTEMPT_NEW, e, DB_TEXT(n->uid), DB_INT(n->run), DB_INT(n->step), DB_INT(n->n),
	                 DB_INT(n->started), DB_ID(n->pid), DB_ID(n->pid_start), DB_TEXT(n->host),
	                 DB_TEXT(n->isolation), DB_TEXT(n->command), DB_TEXT(n->folder), DB_ID(n->env),
	                 DB_TEXT(n->facts), n->form ? DB_DIGEST(n->form->b) : DB_NULL,
	                 n->key ? DB_DIGEST(n->key->b) : DB_NULL, DB_ID(n->continued));

	if (r < 0)
		return r;
	id = sqlite3_last_insert_rowid(t->db);
	r = move_one(t, n->run, n->step, STEP_RUNNING, n->reason, e);
	if (r < 0)
		return r;
	snprintf(body, sizeof body, "{\"step\":%lld,\"attempt\":%d,\"uid\":\"%s\",\"state\":\"running\"}",
	         (long long)n->step, n->n, n->uid);
	r = event_add(t, n->run, "attempt", body, e);
	if (r >= 0)
		*ret_id = id;
	return r;
}

static int add_params(struct tracker *t, int64_t run, int64_t attempt, const json_t *params, struct err *e)
{
	_json_ json_t *body = json_pack("{s:I, s:O}", "attempt", (json_int_t)attempt, "params", params);
	_buf_ struct buf text = BUF_INIT;

	json_canonical(&text, body);
	return event_add(t, run, "params", text.data, e);
}

int attempt_end(struct tracker *t, int64_t run, int64_t step, int64_t attempt, const struct attempt_result *a,
                struct err *e)
{
	char body[200];
	char name[128];
	int from;
	int r = get_state(t, STEP_ATTEMPT_STATE, run, attempt, WORDS_ATTEMPT_STATE, "attempt", &from, name, e);

	if (r < 0)
		return r;
	if (!attempt_move_allowed((enum attempt_state)from, a->state))
		return err_set(e, ERR_USAGE, "attempt %s of run %lld cannot move from %s to %s", name, (long long)run,
		               attempt_state_text(from), attempt_state_text(a->state));
	r = db_write(t, &sql, STEP_ATTEMPT_END, e, DB_INT(attempt), DB_TEXT(attempt_state_text(a->state)),
	             DB_TEXT(cause_text(a->cause)), DB_KNOWN(a->exit_status), DB_ID(a->signal), DB_INT(a->ended),
	             DB_KNOWN(a->elapsed_us), DB_TEXT(a->error_file), a->error_file ? DB_INT(a->error_line) : DB_NULL,
	             DB_TEXT(a->error_message), DB_KNOWN(a->usage.max_rss), DB_KNOWN(a->usage.cpu_us),
	             DB_KNOWN(a->usage.read_bytes), DB_KNOWN(a->usage.written_bytes), DB_KNOWN(a->usage.gpu_mem),
	             DB_ID(a->trace));
	if (r < 0 || (r = move_one(t, run, step, a->step_state, NULL, e)) < 0)
		return r;
	snprintf(body, sizeof body, "{\"step\":%lld,\"id\":%lld,\"state\":\"%s\",\"cause\":\"%s\",\"exit\":%d}",
	         (long long)step, (long long)attempt, attempt_state_text(a->state), cause_text(a->cause),
	         a->exit_status);
	r = event_add(t, run, "attempt", body, e);
	return r < 0 || !json_array_size(a->params) ? r : add_params(t, run, attempt, a->params, e);
}

int artifact_add(struct tracker *t, const struct artifact_new *a, struct err *e)
{
	return db_write(t, &sql, STEP_ARTIFACT, e, DB_INT(a->run), DB_INT(a->step), DB_ID(a->attempt),
	                DB_TEXT(word_of(WORDS_ROLE, a->role)->text), DB_TEXT(word_of(WORDS_FORM, a->form)->text),
	                DB_TEXT(a->path), a->digest ? DB_DIGEST(a->digest->b) : DB_NULL, DB_INT(a->size),
	                DB_INT(a->mtime), DB_INT(a->mode));
}

int sample_add(struct tracker *t, int64_t attempt, const struct sample *s, struct err *e)
{
	return db_write(t, &sql, STEP_SAMPLE, e, DB_INT(attempt), DB_INT(s->ts), DB_KNOWN(s->cpu_us), DB_KNOWN(s->rss),
	                DB_KNOWN(s->read_bytes), DB_KNOWN(s->written_bytes), DB_KNOWN(s->gpu_mem),
	                isnan(s->gpu_util) ? DB_NULL : DB_REAL(s->gpu_util), DB_KNOWN(s->nprocs));
}
