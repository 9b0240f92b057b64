#include "tracker/run.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "tracker/db.h"
#include "tracker/folder.h"
#include "tracker/name.h"
#include "tracker/seal.h"
#include "tracker/step.h"
#include "tracker/verify.h"

#define SQL(X) \
	X(RUN_PIPELINE_FIND, "SELECT id FROM pipeline WHERE digest = ?1") \
	X(RUN_PIPELINE_NEW, "INSERT INTO pipeline (digest, text) VALUES (?, ?)") \
	X(RUN_NAMED, "SELECT number FROM run WHERE name = ?1 AND removed = 0") \
	X(RUN_HIGHEST, "SELECT seq FROM sqlite_sequence WHERE name = 'run'") \
	X(RUN_NEW, "INSERT INTO run (number, uid, name, pipeline, pipeline_id, state, kind, origin, sweep, created, " \
	           "host, user, argv, options, params, " \
	           "commit_id, branch, remote, dirty, snapshot, unpinned) VALUES (?, ?, ?, ?, ?, 'queued', ?, ?, ?, " \
	           "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)") \
	X(RUN_PARAM, "INSERT INTO param (run, key, type, text, number) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING") \
	X(RUN_PARAMS_SET, "UPDATE run SET params = ?2 WHERE number = ?1") \
	X(RUN_PARAMS_OFF, "DELETE FROM param WHERE run = ?1") \
	X(RUN_STATE, "SELECT state, started, uid FROM run WHERE number = ?1") \
	X(RUN_STARTED, "UPDATE run SET state = 'running', started = ?2 WHERE number = ?1") \
	X(RUN_ENDED, "UPDATE run SET state = ?2, ended = ?3, elapsed_us = ?4, exit_status = ?5 WHERE number = ?1") \
	X(RUN_OPEN_ATTEMPTS, "SELECT id, step, started FROM attempt WHERE run = ?1 AND state = 'running'") \
	X(RUN_OPEN_STEPS, "SELECT id FROM step WHERE run = ?1 AND state IN ('pending', 'queued', 'retrying')") \
	X(RUN_REQUESTS, \
	  "UPDATE request SET taken = ?2, answer = 'the run has ended' WHERE run = ?1 AND taken IS NULL") \
	X(RUN_METRICS_OFF, "DELETE FROM run_metric WHERE run = ?1") \
	X(RUN_METRICS, \
	  "INSERT INTO run_metric (run, key, series, step, value, last_step) " \
	  "SELECT st.run, s.key, s.id, st.id, s.last, s.last_step FROM step st JOIN series s ON s.attempt = " \
	  "coalesce(st.reused_attempt, (SELECT a.id FROM attempt a WHERE a.step = st.id ORDER BY a.n DESC LIMIT 1)) " \
	  "WHERE st.run = ?1 AND s.count > 0 ORDER BY st.rank, st.id " \
	  "ON CONFLICT (run, key) DO UPDATE SET series = excluded.series, step = excluded.step, value = " \
	  "excluded.value, " \
	  "last_step = excluded.last_step") \
	X(RUN_RENAME, "UPDATE run SET name = ?2 WHERE number = ?1") \
	X(RUN_TAG_SET, "INSERT INTO tag (run, key, value) VALUES (?, ?, ?) ON CONFLICT (run, key) DO UPDATE SET " \
	               "value = excluded.value") \
	X(RUN_TAG_OFF, "DELETE FROM tag WHERE run = ?1 AND key = ?2") \
	X(RUN_NOTE_SET, \
	  "INSERT INTO note (run, text) VALUES (?, ?) ON CONFLICT (run) DO UPDATE SET text = excluded.text") \
	X(RUN_REMOVE, "UPDATE run SET removed = 1 WHERE number = ?1") \
	X(RUN_NTH, "SELECT number FROM run WHERE removed = 0 ORDER BY number DESC LIMIT 1 OFFSET ?1") \
	X(RUN_KEPT, "SELECT number FROM run WHERE number = ?1 AND removed = 0") \
	X(RUN_BY_UID, "SELECT number FROM run WHERE uid >= ?1 AND uid < ?2 AND removed = 0 LIMIT 2") \
	X(RUN_SWEEP, "INSERT INTO sweep (created, spec) VALUES (?, ?)")
DB_TABLE(DB_RUN, sql, SQL)

static char *json_or(const json_t *v, const char *otherwise)
{
	struct buf b = BUF_INIT;

	if (!v)
		return mem_strdup(otherwise);
	json_canonical(&b, v);
	return buf_steal(&b);
}

/* An event whose body holds texts of people. */
static int event_json(struct tracker *t, int64_t run, const char *kind, json_t *body, struct err *e)
{
	_free_ char *text = json_or(body, "{}");

	json_decref(body);
	return event_add(t, run, kind, text, e);
}

bool run_name_valid(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > 64 || !isalpha((unsigned char)name[0]) || strcmp(name, "last") == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("_.-", name[i]))
			return false;
	return true;
}

static int check_name(struct tracker *t, const char *name, int64_t run, struct err *e)
{
	int64_t other;
	int r;

	if (!run_name_valid(name))
		return err_set(e, ERR_USAGE,
		               "\"%s\" is no name for a run: it begins with a letter, has up to 64 of A–Z a–z 0–9 _ . "
		               "- and is not \"last\"",
		               name);
	r = db_get_int(t, &sql, RUN_NAMED, &other, e, DB_TEXT(name));
	if (r > 0 && other != run)
		return err_set(e, ERR_EXISTS,
		               "run %lld is named \"%s\" already; `jig tag %lld --name OTHER` renames it",
		               (long long)other, name, (long long)other);
	return r < 0 ? r : 0;
}

static int invent_name(struct tracker *t, const char *uid, char out[64], struct err *e)
{
	unsigned first = 0;
	int64_t other;

	for (const char *p = uid + 10; *p; p++)
		first = first * 31 + (unsigned char)*p;
	for (unsigned i = 0; i < NAME_COUNT; i++) {
		name_make(first + i * 7919, out);
		int r = db_get_int(t, &sql, RUN_NAMED, &other, e, DB_TEXT(out));
		if (r <= 0)
			return r;
		/* With thousands of runs most names are taken: a number behind makes room at once. */
		if (i == 20) {
			size_t n = strlen(out);

			snprintf(out + n, 64 - n, "-%.6s", uid + 20);
			return 0;
		}
	}
	return 0;
}

static int find_pipeline(struct tracker *t, const char *text, int64_t *ret, struct err *e)
{
	struct digest d;
	int r;

	sha256_bytes(text, strlen(text), &d);
	r = db_get_int(t, &sql, RUN_PIPELINE_FIND, ret, e, DB_DIGEST(d.b));
	if (r != 0)
		return r < 0 ? r : 0;
	r = db_write(t, &sql, RUN_PIPELINE_NEW, e, DB_DIGEST(d.b), DB_TEXT(text));
	if (r >= 0)
		*ret = sqlite3_last_insert_rowid(t->db);
	return r;
}

static const char *type_name(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return "object";
	case JSON_ARRAY:
		return "array";
	case JSON_STRING:
		return "text";
	case JSON_INTEGER:
		return "integer";
	case JSON_REAL:
		return "real";
	case JSON_NULL:
		return "null";
	default:
		return "boolean";
	}
}

struct leaves {
	struct tracker *t;
	int64_t run;
	int r;
	struct err *e;
};

static void add_leaf(void *arg, const char *dotted, const json_t *v)
{
	struct leaves *l = arg;
	_free_ char *json = NULL;
	const char *text = json_string_value(v);

	if (l->r < 0)
		return;
	if (!text)
		text = json = json_or(v, "");
	l->r = db_write(l->t, &sql, RUN_PARAM, l->e, DB_INT(l->run), DB_TEXT(dotted),
	                DB_TEXT(type_name(v)), DB_TEXT(text),
	                json_is_number(v) ? DB_REAL(json_number_value(v)) : DB_NULL);
}

struct highest {
	const char *dir;
	int64_t run;
};

static int find_highest(void *arg, int64_t run, struct err *e)
{
	struct highest *h = arg;

	if (run > h->run && folder_has_steps(h->dir, run))
		h->run = run;
	return 0;
}

/* The number for a new run where SQLite's next one is not to be taken, else 0. */
static int skip_folders(struct tracker *t, int64_t *ret, struct err *e)
{
	int64_t used = 0;
	int r = db_get_int(t, &sql, RUN_HIGHEST, &used, e);
	struct highest h = {t->dir, used};

	if (r >= 0)
		r = folder_each_run(t->dir, find_highest, &h, e);
	*ret = h.run > used ? h.run + 1 : 0;
	return r;
}

int run_create(struct tracker *t, const struct run_new *n, int64_t *ret_number, char ret_uid[ULID_LEN + 1],
               struct err *e)
{
	_free_ char *argv = json_or(n->argv, "[]");
	_free_ char *options = json_or(n->options, "{}");
	_free_ char *params = json_or(n->params, "{}");
	char uid[ULID_LEN + 1], invented[64];
	const char *name = n->name;
	int64_t pipeline, run, number, now = time_now();
	int r;

	ulid_make(now, uid);
	if (name)
		r = check_name(t, name, 0, e);
	else
		r = invent_name(t, uid, invented, e);
	if (r < 0 || (r = find_pipeline(t, n->pipeline_text ? n->pipeline_text : "", &pipeline, e)) < 0)
		return r;
	if (!name)
		name = invented;
	r = skip_folders(t, &number, e);
	if (r < 0)
		return r;
	r = db_write(t, &sql, RUN_NEW, e, DB_ID(number), DB_TEXT(uid), DB_TEXT(name), DB_TEXT(n->pipeline),
	             DB_INT(pipeline), DB_TEXT(word_of(WORDS_KIND, n->kind)->text), DB_ID(n->origin), DB_ID(n->sweep),
	             DB_INT(now), DB_TEXT(n->host ? n->host : ""), DB_TEXT(n->user ? n->user : ""), DB_TEXT(argv),
	             DB_TEXT(options),
	             DB_TEXT(params), DB_TEXT(n->code.commit), DB_TEXT(n->code.branch), DB_TEXT(n->code.remote),
	             DB_KNOWN(n->code.dirty), DB_TEXT(n->code.snapshot), DB_INT(n->unpinned));
	if (r < 0)
		return r;
	run = sqlite3_last_insert_rowid(t->db);
	struct leaves l = {.t = t, .run = run, .e = e};
	if (n->params)
		json_leaves(n->params, add_leaf, &l);
	if (l.r < 0)
		return l.r;
	r = event_json(t, run, "run",
	               json_pack("{s:s, s:s, s:s, s:s?}", "uid", uid, "name", name, "kind",
	                         word_of(WORDS_KIND, n->kind)->text, "snapshot", n->code.snapshot),
	               e);
	if (r < 0)
		return r;
	*ret_number = run;
	memcpy(ret_uid, uid, sizeof uid);
	return 0;
}

int run_params(struct tracker *t, int64_t run, const json_t *params, struct err *e)
{
	_free_ char *text = json_or(params, "{}");
	struct leaves l = {.t = t, .run = run, .e = e};
	int r = db_write(t, &sql, RUN_PARAMS_SET, e, DB_INT(run), DB_TEXT(text));

	if (r < 0 || (r = db_write(t, &sql, RUN_PARAMS_OFF, e, DB_INT(run))) < 0)
		return r;
	json_leaves(params, add_leaf, &l);
	return l.r;
}

static int get_state(struct tracker *t, int64_t run, enum run_state *ret, int64_t *ret_started, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, RUN_STATE, &st, e, DB_INT(run));

	if (r < 0 || (r = db_step(t, st, e)) < 0)
		return r;
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no run %lld", (long long)run);
	*ret = (enum run_state)db_word(st, 0, WORDS_RUN_STATE);
	*ret_started = db_int(st, 1);
	return 0;
}

static int check_move(struct tracker *t, int64_t run, enum run_state to, int64_t *ret_started, struct err *e)
{
	enum run_state from;
	int r = get_state(t, run, &from, ret_started, e);

	if (r < 0)
		return r;
	if (!run_move_allowed(from, to))
		return err_set(e, ERR_USAGE, "run %lld cannot move from %s to %s", (long long)run, run_state_text(from),
		               run_state_text(to));
	return 0;
}

int run_start(struct tracker *t, int64_t run, struct err *e)
{
	int64_t started;
	int r = check_move(t, run, RUN_RUNNING, &started, e);

	if (r < 0 || (r = db_write(t, &sql, RUN_STARTED, e, DB_INT(run), DB_INT(time_now()))) < 0)
		return r;
	return event_add(t, run, "start", "{\"state\":\"running\"}", e);
}

int run_end(struct tracker *t, int64_t run, enum run_state s, int exit_status, int64_t elapsed_us, struct err *e)
{
	int64_t started, now = time_now();
	char body[200], hex[DIGEST_HEX + 1];
	struct digest seal;
	int r = check_move(t, run, s, &started, e);

	if (r < 0)
		return r;
	if (elapsed_us < 0)
		elapsed_us = started && now > started ? now - started : 0;
	r = db_write(t, &sql, RUN_ENDED, e, DB_INT(run), DB_TEXT(run_state_text(s)), DB_INT(now), DB_INT(elapsed_us),
	             DB_KNOWN(exit_status));
	/* Kept as points arrive for the attempts of this run; reused steps count too, and of retried ones only the last
	 * attempt. */
	if (r < 0 || (r = db_write(t, &sql, RUN_METRICS_OFF, e, DB_INT(run))) < 0 ||
	    (r = db_write(t, &sql, RUN_METRICS, e, DB_INT(run))) < 0 ||
	    (r = db_write(t, &sql, RUN_REQUESTS, e, DB_INT(run), DB_INT(now))) < 0 ||
	    (r = seal_write(t, run, &seal, e)) < 0)
		return r;
	digest_to_hex(&seal, hex);
	snprintf(body, sizeof body, "{\"state\":\"%s\",\"format\":%d,\"seal\":\"%s\"}", run_state_text(s), SEAL_FORMAT,
	         hex);
	t->head_write = true;
	return event_add(t, run, "end", body, e);
}

int run_mark_lost(struct tracker *t, int64_t run, struct err *e)
{
	VEC(int64_t) ids = {0};
	VEC(int64_t) owners = {0};
	enum run_state state;
	int64_t started, now = time_now();
	sqlite3_stmt *st = NULL;
	int r = get_state(t, run, &state, &started, e);

	if (r < 0)
		return r;
	if (run_state_ended(state))
		return 0;
	r = db_query(t, &sql, RUN_OPEN_ATTEMPTS, &st, e, DB_INT(run));
	while (r >= 0 && (r = db_step(t, st, e)) > 0) {
		vec_push(&ids, db_int(st, 0));
		vec_push(&owners, db_int(st, 1));
	}
	for (size_t i = 0; r >= 0 && i < ids.len; i++) {
		struct attempt_result a = {.state = ATTEMPT_LOST,
		                           .cause = CAUSE_LOST,
		                           .exit_status = -1,
		                           .ended = now,
		                           .elapsed_us = -1,
		                           .usage = {-1, -1, -1, -1, -1},
		                           .step_state = STEP_LOST};

		r = attempt_end(t, run, owners.v[i], ids.v[i], &a, e);
	}
	vec_clear(&ids);
	if (r >= 0)
		r = db_query(t, &sql, RUN_OPEN_STEPS, &st, e, DB_INT(run));
	while (r >= 0 && (r = db_step(t, st, e)) > 0)
		vec_push(&ids, db_int(st, 0));
	if (r >= 0)
		r = step_move(t, run, ids.v, ids.len, STEP_LOST, NULL, e);
	vec_release(&ids);
	vec_release(&owners);
	if (r >= 0)
		r = run_end(t, run, RUN_LOST, -1, -1, e);
	return r < 0 ? r : 1;
}

int run_rename(struct tracker *t, int64_t run, const char *name, struct err *e)
{
	enum run_state s;
	int64_t started;
	int r = get_state(t, run, &s, &started, e);

	if (r < 0 || (r = check_name(t, name, run, e)) < 0 ||
	    (r = db_write(t, &sql, RUN_RENAME, e, DB_INT(run), DB_TEXT(name))) < 0)
		return r;
	return event_json(t, run, "name", json_pack("{s:s}", "name", name), e);
}

int run_tag(struct tracker *t, int64_t run, const char *key, const char *value, struct err *e)
{
	enum run_state s;
	int64_t started;
	int r = get_state(t, run, &s, &started, e);

	if (r < 0)
		return r;
	if (!run_name_valid(key))
		return err_set(
		        e, ERR_USAGE,
		        "\"%s\" is no key for a tag: it begins with a letter and has up to 64 of A–Z a–z 0–9 _ . -",
		        key);
	if (value && !utf8_valid(value, strlen(value)))
		return err_set(e, ERR_USAGE, "the value of tag %s is no UTF-8", key);
	if (value && strlen(value) > TAG_MOST)
		return err_set(e, ERR_USAGE,
		               "the value of tag %s has %zu bytes, and may have %d; `jig note` takes longer texts", key,
		               strlen(value), TAG_MOST);
	if (value)
		r = db_write(t, &sql, RUN_TAG_SET, e, DB_INT(run), DB_TEXT(key), DB_TEXT(value));
	else
		r = db_write(t, &sql, RUN_TAG_OFF, e, DB_INT(run), DB_TEXT(key));
	return r < 0 ? r : event_json(t, run, "tag", json_pack("{s:s, s:s?}", "key", key, "value", value), e);
}

int run_note(struct tracker *t, int64_t run, const char *text, struct err *e)
{
	enum run_state s;
	int64_t started;
	int r = get_state(t, run, &s, &started, e);

	if (r < 0)
		return r;
	if (!utf8_valid(text, strlen(text)))
		return err_set(e, ERR_USAGE, "the note is no UTF-8");
	r = db_write(t, &sql, RUN_NOTE_SET, e, DB_INT(run), DB_TEXT(text));
	return r < 0 ? r : event_json(t, run, "note", json_pack("{s:s}", "text", text), e);
}

int run_remove(struct tracker *t, int64_t run, struct err *e)
{
	enum run_state s;
	int64_t started;
	int r = get_state(t, run, &s, &started, e);

	if (r < 0)
		return r;
	if (!run_state_ended(s))
		return err_set(e, ERR_USAGE, "run %lld is %s: `jig stop %lld` first", (long long)run, run_state_text(s),
		               (long long)run);
	r = db_write(t, &sql, RUN_REMOVE, e, DB_INT(run));
	return r < 0 ? r : event_add(t, run, "remove", "{}", e);
}

static int none(struct tracker *t, const char *text, struct err *e)
{
	int64_t newest;
	struct err ignored;

	if (db_get_int(t, &sql, RUN_NTH, &newest, &ignored, DB_INT(0)) <= 0)
		return err_set(e, ERR_NOT_FOUND, "there is no run yet; `jig run` makes the first");
	return err_set(e, ERR_NOT_FOUND, "there is no run \"%s\"; the newest is %lld, `jig ls` lists them", text,
	               (long long)newest);
}

static int resolve_uid(struct tracker *t, const char *text, int64_t *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	char from[ULID_LEN + 1] = "", to[ULID_LEN + 2];
	size_t n = strlen(text);
	int r;

	if (n < 4 || n > ULID_LEN || !ulid_valid_prefix(text))
		return 0;
	for (size_t i = 0; i < n; i++)
		from[i] = (char)toupper((unsigned char)text[i]);
	snprintf(to, sizeof to, "%s~", from);
	r = db_query(t, &sql, RUN_BY_UID, &st, e, DB_TEXT(from), DB_TEXT(to));
	if (r < 0 || (r = db_step(t, st, e)) <= 0)
		return r;
	*ret = db_int(st, 0);
	r = db_step(t, st, e);
	if (r > 0)
		return err_set(e, ERR_USAGE, "\"%s\" begins the id of more than one run: give more of it", text);
	return r < 0 ? r : 1;
}

int run_resolve(struct tracker *t, const char *text, int64_t *ret_number, struct err *e)
{
	int64_t n, back = 0;
	int r = 0;

	if (integer_parse(text, 1, INT64_MAX, &n))
		r = db_get_int(t, &sql, RUN_KEPT, ret_number, e, DB_INT(n));
	else if (strcmp(text, "last") == 0 ||
	         (text_starts(text, "last~") && integer_parse(text + 5, 0, INT32_MAX, &back)))
		r = db_get_int(t, &sql, RUN_NTH, ret_number, e, DB_INT(back));
	else
		r = db_get_int(t, &sql, RUN_NAMED, ret_number, e, DB_TEXT(text));
	if (r == 0)
		r = resolve_uid(t, text, ret_number, e);
	if (r < 0)
		return r;
	return r > 0 ? 0 : none(t, text, e);
}

int sweep_create(struct tracker *t, const json_t *spec, int64_t *ret_id, struct err *e)
{
	_free_ char *text = json_or(spec, "{}");
	char body[64];
	int64_t id;
	int r = db_write(t, &sql, RUN_SWEEP, e, DB_INT(time_now()), DB_TEXT(text));

	if (r < 0)
		return r;
	id = sqlite3_last_insert_rowid(t->db);
	snprintf(body, sizeof body, "{\"sweep\":%lld}", (long long)id);
	r = event_add(t, 0, "sweep", body, e);
	if (r >= 0)
		*ret_id = id;
	return r;
}
