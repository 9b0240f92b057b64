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

#define SQL(X) \
	X(STEP_NEW, \
	  "INSERT INTO step (run, rank, name, base, item, command, declared, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?)") \
	X(STEP_COUNT, "UPDATE run SET nsteps = nsteps + 1 WHERE number = ?1") \
	X(STEP_EDGE, "INSERT INTO edge (step, needs, data) VALUES (?, ?, ?)") \
	X(STEP_STATE, "SELECT state, name, run FROM step WHERE id = ?1") \
	X(STEP_SET, "UPDATE step SET state = ?2, reason = coalesce(?3, reason) WHERE id = ?1") \
	X(STEP_REUSE, "UPDATE step SET reused_attempt = ?2 WHERE id = ?1") \
	X(STEP_TALLY, \
	  "UPDATE run SET ndone = ndone + ?2, nfailed = nfailed + ?3, nreused = nreused + ?4 WHERE number = ?1") \
	X(STEP_ENV_FIND, "SELECT id FROM env WHERE key = ?1 AND grade = ?2 AND kind = ?3 AND detail = ?4") \
	X(STEP_ENV_NEW, "INSERT INTO env (key, grade, kind, detail) VALUES (?, ?, ?, ?)") \
	X(STEP_PACKAGE_NEW, "INSERT INTO package (env, name, version, source) VALUES (?, ?, ?, ?)") \
	X(STEP_ATTEMPT_NEW, "INSERT INTO attempt (uid, run, step, name, n, state, cause, started, pid, pid_start, " \
	                    "host, isolation, command, " \
	                    "folder, env) SELECT ?1, ?2, ?3, name, ?4, 'running', '', ?5, ?6, ?7, ?8, ?9, ?10, ?11, " \
	                    "?12 FROM step WHERE id = ?3") \
	X(STEP_ATTEMPT_STATE, "SELECT state, name || '@' || n, run FROM attempt WHERE id = ?1") \
	X(STEP_ATTEMPT_END, \
	  "UPDATE attempt SET state = ?2, cause = ?3, exit_status = ?4, signal = ?5, ended = ?6, elapsed_us = ?7, " \
	  "error_file = ?8, error_line = ?9, error_message = ?10, max_rss = ?11, cpu_us = ?12, read_bytes = ?13, " \
	  "written_bytes = ?14, gpu_mem = ?15 WHERE id = ?1") \
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

int step_add(struct tracker *t, int64_t run, const struct step_new *n, int64_t *ret_id, struct err *e)
{
	_free_ char *item = json_text(n->item);
	_free_ char *declared = json_text(n->declared);
	int r = db_write(t, &sql, STEP_NEW, e, DB_INT(run), DB_INT(n->rank), DB_TEXT(n->name), DB_TEXT(n->base),
	                 DB_TEXT(item), DB_TEXT(n->command), DB_TEXT(declared), DB_TEXT(step_state_text(n->state)));

	if (r < 0)
		return r;
	*ret_id = sqlite3_last_insert_rowid(t->db);
	return db_write(t, &sql, STEP_COUNT, e, DB_INT(run));
}

int step_edge(struct tracker *t, int64_t step, int64_t needs, bool data, struct err *e)
{
	return db_write(t, &sql, STEP_EDGE, e, DB_INT(step), DB_INT(needs), DB_INT(data));
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

static int set_state(struct tracker *t, int64_t run, int64_t step, enum step_state to, const char *reason,
                     struct err *e)
{
	char name[128];
	int from, done, failed, reused;
	int r = get_state(t, STEP_STATE, run, step, WORDS_STEP_STATE, "step", &from, name, e);

	if (r < 0)
		return r;
	if (!step_move_allowed((enum step_state)from, to))
		return err_set(e, ERR_USAGE, "step \"%s\" of run %lld cannot move from %s to %s", name, (long long)run,
		               step_state_text(from), step_state_text(to));
	r = db_write(t, &sql, STEP_SET, e, DB_INT(step), DB_TEXT(step_state_text(to)), DB_TEXT(reason));
	done = step_state_ended(to) - step_state_ended((enum step_state)from);
	failed = counts_as_failed(to) - counts_as_failed((enum step_state)from);
	reused = (to == STEP_REUSED) - (from == STEP_REUSED);
	if (r >= 0 && (done || failed || reused))
		r = db_write(t, &sql, STEP_TALLY, e, DB_INT(run), DB_INT(done), DB_INT(failed), DB_INT(reused));
	return r;
}

int step_move(struct tracker *t, int64_t run, const int64_t *steps, size_t n, enum step_state s, const char *reason,
              struct err *e)
{
	_buf_ struct buf body = BUF_INIT;
	int r = 0;

	if (n == 0)
		return 0;
	buf_addf(&body, "{\"state\":\"%s\",\"steps\":[", step_state_text(s));
	for (size_t i = 0; r >= 0 && i < n; i++) {
		r = set_state(t, run, steps[i], s, reason, e);
		buf_addf(&body, "%s%lld", i ? "," : "", (long long)steps[i]);
	}
	buf_adds(&body, "]}");
	return r < 0 ? r : event_add(t, run, "step", body.data, e);
}

int step_reuse(struct tracker *t, int64_t run, const struct step_reuse *v, size_t n, struct err *e)
{
	_buf_ struct buf body = BUF_INIT;

	if (n == 0)
		return 0;
	buf_adds(&body, "{\"reuse\":[");
	for (size_t i = 0; i < n; i++) {
		char name[128];
		int state;
		int r = get_state(t, STEP_ATTEMPT_STATE, 0, v[i].attempt, WORDS_ATTEMPT_STATE, "attempt", &state, name,
		                  e);

		if (r < 0)
			return r;
		if (state != ATTEMPT_SUCCESS)
			return err_set(e, ERR_USAGE, "attempt %s is %s: it cannot stand in for step %lld of run %lld",
			               name, attempt_state_text(state), (long long)v[i].step, (long long)run);
		if ((r = db_write(t, &sql, STEP_REUSE, e, DB_INT(v[i].step), DB_INT(v[i].attempt))) < 0 ||
		    (r = set_state(t, run, v[i].step, STEP_REUSED, v[i].reason, e)) < 0)
			return r;
		buf_addf(&body, "%s[%lld,%lld]", i ? "," : "", (long long)v[i].step, (long long)v[i].attempt);
	}
	buf_adds(&body, "]}");
	return event_add(t, run, "reuse", body.data, e);
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
	                 DB_TEXT(n->isolation), DB_TEXT(n->command), DB_TEXT(n->folder), DB_ID(n->env));

	if (r < 0)
		return r;
	id = sqlite3_last_insert_rowid(t->db);
	r = set_state(t, n->run, n->step, STEP_RUNNING, n->reason, e);
	if (r < 0)
		return r;
	snprintf(body, sizeof body, "{\"step\":%lld,\"attempt\":%d,\"uid\":\"%s\",\"state\":\"running\"}",
	         (long long)n->step, n->n, n->uid);
	r = event_add(t, n->run, "attempt", body, e);
	if (r >= 0)
		*ret_id = id;
	return r;
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
	             DB_INT(a->elapsed_us), DB_TEXT(a->error_file), a->error_file ? DB_INT(a->error_line) : DB_NULL,
	             DB_TEXT(a->error_message), DB_KNOWN(a->usage.max_rss), DB_KNOWN(a->usage.cpu_us),
	             DB_KNOWN(a->usage.read_bytes), DB_KNOWN(a->usage.written_bytes), DB_KNOWN(a->usage.gpu_mem));
	if (r < 0 || (r = set_state(t, run, step, a->step_state, NULL, e)) < 0)
		return r;
	snprintf(body, sizeof body, "{\"step\":%lld,\"id\":%lld,\"state\":\"%s\",\"cause\":\"%s\",\"exit\":%d}",
	         (long long)step, (long long)attempt, attempt_state_text(a->state), cause_text(a->cause),
	         a->exit_status);
	return event_add(t, run, "attempt", body, e);
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
