#include "tracker/verify.h"

#include <stdio.h>
#include <string.h>
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "base/vec.h"
#include "tracker/anchor.h"
#include "tracker/db.h"
#include "tracker/event.h"
#include "tracker/folder.h"
#include "tracker/schema_compare.h"
#include "tracker/seal.h"

#define SQL(X) \
	X(VERIFY_EVENTS, "SELECT id, ts, coalesce(run, 0), kind, body, hash, run IS 0 FROM event ORDER BY id") \
	X(VERIFY_RUNS, \
	  "SELECT number, seal IS NOT NULL OR state NOT IN ('queued', 'running'), removed FROM run ORDER BY number") \
	X(VERIFY_END, "SELECT body FROM event WHERE run = ?1 AND kind = 'end' ORDER BY id DESC LIMIT 1") \
	X(VERIFY_MADE, "SELECT 1 FROM event WHERE run = ?1 AND kind = 'run' LIMIT 1") \
	X(VERIFY_GONE, \
	  "SELECT run FROM event WHERE kind = 'run' AND run NOT IN (SELECT number FROM run) ORDER BY id LIMIT 1") \
	X(VERIFY_TAG, "SELECT run, key FROM tag WHERE value IS NOT (SELECT json_extract(body, '$.value') FROM event " \
	              "WHERE event.run = tag.run " \
	              "AND kind = 'tag' AND json_extract(body, '$.key') = tag.key ORDER BY id DESC LIMIT 1) LIMIT 1") \
	X(VERIFY_TAG_GONE, \
	  "SELECT run, json_extract(body, '$.key') FROM event AS x WHERE kind = 'tag' AND json_extract(body, " \
	  "'$.value') IS NOT NULL " \
	  "AND NOT EXISTS (SELECT 1 FROM event AS y WHERE y.run = x.run AND y.id > x.id AND y.kind = 'tag' AND " \
	  "json_extract(y.body, '$.key') = json_extract(x.body, '$.key')) AND NOT EXISTS (SELECT 1 FROM tag WHERE " \
	  "tag.run = x.run AND tag.key = json_extract(x.body, '$.key')) LIMIT 1") \
	X(VERIFY_NOTE, "SELECT number FROM run WHERE (SELECT text FROM note WHERE note.run = number) IS NOT " \
	               "(SELECT json_extract(body, '$.text') FROM event WHERE event.run = number AND kind = 'note' " \
	               "ORDER BY id DESC LIMIT 1) LIMIT 1") \
	X(VERIFY_NAME, "SELECT number FROM run WHERE name <> (SELECT json_extract(body, '$.name') FROM event WHERE " \
	               "event.run = number AND " \
	               "kind IN ('run', 'name') ORDER BY id DESC LIMIT 1) LIMIT 1") \
	X(VERIFY_REMOVED, "SELECT number FROM run WHERE removed <> EXISTS (SELECT 1 FROM event WHERE event.run = " \
	                  "number AND kind = 'remove') LIMIT 1") \
	X(VERIFY_BEGIN, "BEGIN") \
	X(VERIFY_KNOWN, "SELECT 1 FROM run WHERE number = ?1") \
	X(VERIFY_ENDED, "SELECT 1 FROM event WHERE kind = 'end' LIMIT 1") \
	X(VERIFY_SEAL, "SELECT run, tbl || ', ' || owner || ', block ' || block || ' was added' FROM seal WHERE run " \
	               "NOT IN (SELECT number FROM run WHERE seal IS NOT NULL) LIMIT 1") \
	X(VERIFY_POINT, \
	  "SELECT series, 'series ' || series FROM point WHERE series NOT IN (SELECT id FROM series) LIMIT 1") \
	X(VERIFY_SAMPLE, \
	  "SELECT attempt, 'attempt ' || attempt || ', ts ' || ts FROM sample WHERE attempt NOT IN (SELECT id FROM " \
	  "attempt) LIMIT 1") \
	X(VERIFY_PIPELINE, \
	  "SELECT id, 'definition ' || id FROM pipeline WHERE id NOT IN (SELECT pipeline_id FROM run) LIMIT 1") \
	X(VERIFY_SWEEP, "WITH told(id) AS (SELECT json_extract(body, '$.sweep') FROM event WHERE kind = 'sweep') " \
	                "SELECT 0, id || ' was added' FROM sweep WHERE id NOT IN (SELECT id FROM told) UNION ALL " \
	                "SELECT 0, id || ' is missing' FROM told WHERE id NOT IN (SELECT id FROM sweep) LIMIT 1") \
	X(VERIFY_ENV, "WITH told(id) AS (SELECT json_extract(body, '$.env') FROM event WHERE kind = 'env') " \
	              "SELECT 0, id || ' was added: ' || key FROM env WHERE id NOT IN (SELECT id FROM told) AND NOT " \
	              "EXISTS (SELECT 1 FROM attempt WHERE env = env.id) UNION ALL " \
	              "SELECT 0, id || ' is missing' FROM told WHERE id NOT IN (SELECT id FROM env) LIMIT 1") \
	X(VERIFY_TRACE_SET, "SELECT 0, 'trace ' || id FROM trace_set WHERE NOT EXISTS (SELECT 1 FROM attempt WHERE " \
	                    "trace = trace_set.id) LIMIT 1") \
	X(VERIFY_TALLY, "SELECT 0, name FROM tally WHERE name <> 'runs' UNION ALL SELECT 0, 'runs' WHERE (SELECT n " \
	                "FROM tally WHERE name = 'runs') IS NOT (SELECT count(*) FROM run WHERE removed = 0) LIMIT 1") \
	X(VERIFY_POWER, "WITH RECURSIVE p(n, f) AS (VALUES (0, 1.0) UNION ALL SELECT n + 1, f * 2.0 FROM p WHERE n < " \
	                "537) SELECT 0, p.n FROM p LEFT JOIN power_of_two x USING (n) WHERE x.f IS NOT p.f UNION ALL " \
	                "SELECT 0, n FROM power_of_two WHERE n NOT BETWEEN 0 AND 537 LIMIT 1") \
	X(VERIFY_KEYS, "SELECT coalesce(rowid, 0), \"table\", parent FROM pragma_foreign_key_check LIMIT 1") \
	X(STRAY_PARAM, "SELECT 'run ' || run || ', ' || key FROM param WHERE run NOT IN (SELECT number FROM run)") \
	X(STRAY_BORROW, "SELECT 'run ' || run || ', run ' || lender FROM borrow WHERE run NOT IN (SELECT number FROM " \
	                "run) OR lender NOT IN (SELECT number FROM run)") \
	X(STRAY_METRIC, "SELECT 'run ' || run || ', ' || key FROM run_metric WHERE run NOT IN (SELECT number FROM " \
	                "run) OR series NOT IN (SELECT id FROM series) OR step NOT IN (SELECT id FROM step)") \
	X(STRAY_TAG, "SELECT 'run ' || run || ', ' || key FROM tag WHERE run NOT IN (SELECT number FROM run)") \
	X(STRAY_NOTE, "SELECT 'run ' || run FROM note WHERE run NOT IN (SELECT number FROM run)") \
	X(STRAY_PACKAGE, "SELECT 'environment ' || env || ', ' || name FROM package WHERE env NOT IN (SELECT id FROM " \
		"env)") \
	X(STRAY_TRACE, "SELECT 'trace ' || trace_set || ', ' || kind || ' ' || path FROM trace WHERE trace_set NOT " \
	               "IN (SELECT id FROM trace_set)")
DB_TABLE(DB_VERIFY, sql, SQL)

/* Runs whose folders hold steps. */
struct runs {
	const char *dir;
	int64_t *v;
	size_t len, cap;
};

#define FAULT sizeof((struct verify_report *)NULL)->fault

/* A place in the chain that someone kept. */
struct kept {
	struct anchor at;
	bool given, met;
	bool at_fault; /* what does not hold was found by it */
};

static void meet(struct kept *a, int64_t id, const struct digest *hash, const char *what, char fault[FAULT])
{
	if (!a->given || a->at.id != id)
		return;
	a->met = true;
	if (fault[0] || digest_equal(&a->at.hash, hash))
		return;
	a->at_fault = true;
	snprintf(fault, FAULT, "the chain is not the one of %s: event %lld has another hash", what, (long long)id);
}

/* Where event v->events should be, event id stands. */
static void tell_gap(struct verify_report *v, int64_t id)
{
	if (id < v->events)
		snprintf(v->fault, sizeof v->fault, "table event: event %lld was added", (long long)id);
	else
		snprintf(v->fault, sizeof v->fault, "table event: event %lld is missing, event %lld comes next",
		         (long long)v->events, (long long)id);
}

static int check_chain(struct tracker *t, struct kept *file, struct kept *kept, struct verify_report *v,
                       struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	struct digest before = {0};
	int r = db_query(t, &sql, VERIFY_EVENTS, &st, e);

	while (r >= 0 && (r = db_step(t, st, e)) > 0) {
		struct event x = {.id = db_int(st, 0),
		                  .ts = db_int(st, 1),
		                  .run = db_int(st, 2),
		                  .kind = db_peek(st, 3),
		                  .body = db_peek(st, 4),
		                  .kind_len = (size_t)sqlite3_column_bytes(st, 3),
		                  .body_len = (size_t)sqlite3_column_bytes(st, 4)};
		struct digest hash, stored;
		int64_t id = x.id;

		v->events++;
		if (!v->fault[0] && id != v->events)
			tell_gap(v, id);
		event_hash(t, &before, &x, &hash);
		if (!v->fault[0] && (!db_digest(st, 5, &stored) || !digest_equal(&hash, &stored) || db_int(st, 6)))
			snprintf(v->fault, sizeof v->fault, "table event: event %lld was changed", (long long)id);
		if (!db_digest(st, 5, &before))
			before = hash;
		meet(file, id, &before, "the file .jig/chain", v->fault);
		meet(kept, id, &before, "the anchor", v->fault);
	}
	if (r < 0)
		return r;
	if (!v->fault[0] && ((file->given && !file->met) || (kept->given && !kept->met))) {
		file->at_fault = file->given && !file->met;
		snprintf(v->fault, sizeof v->fault,
		         "table event: the end of the chain was cut off: event %lld is missing (there were at least "
		         "%lld)",
		         (long long)v->events + 1, (long long)(file->at_fault ? file : kept)->at.id);
	}
	anchor_text(&(struct anchor){v->events, before}, v->anchor);
	return 0;
}

/* The digest that the run's end event carries: 1, or 0 when there is none. */
static int end_digest(struct tracker *t, int64_t run, struct digest *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	_json_ json_t *body = NULL;
	const char *hex;
	int r = db_query(t, &sql, VERIFY_END, &st, e, DB_INT(run));

	if (r < 0 || (r = db_step(t, st, e)) <= 0)
		return r;
	body = json_loads(db_peek(st, 0), 0, NULL);
	hex = json_string_value(json_object_get(body, "seal"));
	return hex && digest_from_hex(hex, ret);
}

/* What has ended is told by the events, not by the run's row, which may lie. */
static int check_run(struct tracker *t, int64_t run, bool sealed, int64_t *ret_rows, char fault[FAULT], struct err *e)
{
	struct digest end;
	int64_t made;
	int r = db_get_int(t, &sql, VERIFY_MADE, &made, e, DB_INT(run));

	if (r < 0)
		return r;
	if (r == 0) {
		snprintf(fault, FAULT, "run %lld: table run: the row was added", (long long)run);
		return 0;
	}
	r = end_digest(t, run, &end, e);
	if (r < 0)
		return r;
	if (r > 0)
		return seal_check(t, run, &end, ret_rows, fault, e);
	if (sealed)
		snprintf(fault, FAULT, "run %lld: table run: it has ended without an event", (long long)run);
	return 0;
}

static int check_runs(struct tracker *t, struct verify_report *v, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, VERIFY_RUNS, &st, e);

	while (r >= 0 && (r = db_step(t, st, e)) > 0) {
		char fault[FAULT] = "";

		v->runs++;
		v->ended += db_int(st, 1);
		v->removed += db_int(st, 2);
		r = check_run(t, db_int(st, 0), db_int(st, 1), &v->rows, fault, e);
		if (fault[0] && !v->fault[0])
			snprintf(v->fault, sizeof v->fault, "%s", fault);
	}
	return r;
}

/* Where SQLite says no more than that there is such a row, or its number would tell little. */
static int name_stray(struct tracker *t, const char *table, char out[200], struct err *e)
{
	static const struct {
		const char *table;
		int query;
	} strays[] = {
	        {"param", STRAY_PARAM}, {"borrow", STRAY_BORROW},   {"run_metric", STRAY_METRIC},
	        {"tag", STRAY_TAG},     {"note", STRAY_NOTE},       {"package", STRAY_PACKAGE},
	        {"trace", STRAY_TRACE},
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(strays); i++) {
		_query_ sqlite3_stmt *st = NULL;

		if (strcmp(strays[i].table, table) != 0)
			continue;
		r = db_query(t, &sql, strays[i].query, &st, e);
		if (r >= 0 && (r = db_step(t, st, e)) > 0)
			snprintf(out, 200, "the row of %s", db_peek(st, 0));
	}
	return r;
}

/* Rows that name others which are not there. */
static int check_keys(struct tracker *t, struct verify_report *v, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	char row[200] = "a row";
	int r = db_query(t, &sql, VERIFY_KEYS, &st, e);

	if (r < 0 || (r = db_step(t, st, e)) <= 0)
		return r;
	if (db_int(st, 0))
		snprintf(row, sizeof row, "row %lld", (long long)db_int(st, 0));
	r = name_stray(t, db_peek(st, 1), row, e);
	snprintf(v->fault, sizeof v->fault, "table %s: %s names a row of %s that is not there", db_peek(st, 1), row,
	         db_peek(st, 2));
	return r;
}

/* Marks may change after the end, but only by events; and rows that belong to nothing. */
static int check_rest(struct tracker *t, struct verify_report *v, struct err *e)
{
	static const struct {
		int query;
		bool of_run;
		const char *what;
	} rows[] = {
	        {VERIFY_GONE, true, "table run: the row is missing"},
	        {VERIFY_TAG, true, "table tag: the row is not what its event says: "},
	        {VERIFY_TAG_GONE, true, "table tag: a row is missing: "},
	        {VERIFY_NOTE, true, "table note: the text is not what its event says"},
	        {VERIFY_NAME, true, "table run: the name is not what its event says"},
	        {VERIFY_REMOVED, true, "table run: removed without an event, or brought back"},
	        {VERIFY_SEAL, true, "table seal: the row of "},
	        {VERIFY_POINT, false, "table point: points belong to nothing: "},
	        {VERIFY_SAMPLE, false, "table sample: samples belong to nothing: "},
	        {VERIFY_PIPELINE, false, "table pipeline: no run has this row: "},
	        {VERIFY_SWEEP, false, "table sweep: sweep "},
	        {VERIFY_ENV, false, "table env: environment "},
	        {VERIFY_TRACE_SET, false, "table trace_set: no attempt has this row: "},
	        {VERIFY_TALLY, false, "table tally: the count is wrong: "},
	        {VERIFY_POWER, false, "table power_of_two: the row is not what it was: "},
	};

	for (size_t i = 0; !v->fault[0] && i < ARRAY_LEN(rows); i++) {
		_query_ sqlite3_stmt *st = NULL;
		char where[40] = "";
		int r = db_query(t, &sql, rows[i].query, &st, e);

		if (r < 0 || (r = db_step(t, st, e)) < 0)
			return r;
		if (r == 0)
			continue;
		if (rows[i].of_run)
			snprintf(where, sizeof where, "run %lld: ", (long long)db_int(st, 0));
		snprintf(v->fault, sizeof v->fault, "%s%s%s", where, rows[i].what,
		         sqlite3_column_count(st) > 1 ? db_peek(st, 1) : "");
	}
	return v->fault[0] ? 0 : check_keys(t, v, e);
}

/* Of runs that the record does not know. The folders were looked for before its events were. */
static int check_folders(struct tracker *t, const struct runs *began, struct verify_report *v, struct err *e)
{
	int64_t first = 0;

	for (size_t i = 0; !v->fault[0] && i < began->len; i++) {
		int64_t known, run = began->v[i];
		int r = db_get_int(t, &sql, VERIFY_KNOWN, &known, e, DB_INT(run));

		if (r < 0)
			return r;
		if (r == 0 && (!first || run < first))
			first = run;
	}
	if (first)
		snprintf(v->fault, sizeof v->fault,
		         "run %lld: the record has no such run, but its folder %s/runs/%lld holds steps: the end of "
		         "the record was lost, or an older one was put back (where that was done on purpose: move the "
		         "folder away)",
		         (long long)first, t->dir, (long long)first);
	return 0;
}

static int check_missing(struct tracker *t, struct kept *file, struct verify_report *v, struct err *e)
{
	int64_t ended;
	int r = file->given || v->fault[0] ? 0 : db_get_int(t, &sql, VERIFY_ENDED, &ended, e);

	if (r > 0) {
		file->at_fault = true;
		snprintf(v->fault, sizeof v->fault, "the file %s/chain is missing", t->dir);
	}
	return r;
}

/* What was said so far comes first: tools that copy a record leave parts of the schema behind. */
static int verify(struct tracker *t, struct kept *file, struct kept *kept, const struct runs *began,
                  struct verify_report *v, struct err *e)
{
	int r;

	if ((r = check_chain(t, file, kept, v, e)) < 0 || (r = check_runs(t, v, e)) < 0 ||
	    (r = check_rest(t, v, e)) < 0 || (r = check_missing(t, file, v, e)) < 0 ||
	    (r = check_folders(t, began, v, e)) < 0)
		return r;
	if (!v->fault[0] && (r = schema_compare(t, v->fault, sizeof v->fault, v->notes, sizeof v->notes, e)) < 0)
		return r;
	v->ok = !v->fault[0];
	return 0;
}

/* Where the database holds without the file, the way out is told. */
static int look_past_file(struct tracker *t, struct kept *kept, struct verify_report *v, struct err *e)
{
	struct kept none = {.given = true, .met = true};
	struct runs no_folders = {0};
	struct verify_report w = {0};
	_free_ char *path = path_join(t->dir, "chain");
	_buf_ struct buf quoted = BUF_INIT;
	int r = verify(t, &none, kept, &no_folders, &w, e);
	size_t n = strlen(v->fault);

	if (r < 0 || !w.ok)
		return r;
	v->only_file = true;
	text_shell_quote(&quoted, path);
	snprintf(v->fault + n, sizeof v->fault - n,
	         " (where an older jig.db was put back on purpose: `jig verify --anchor >%s` takes what is there for "
	         "the record)",
	         quoted.data);
	return 0;
}

static int add_begun(void *arg, int64_t run, struct err *e)
{
	struct runs *x = arg;

	if (folder_has_steps(x->dir, run))
		vec_push(x, run);
	return 0;
}

static int verify_at_once(struct tracker *t, struct kept *kept, struct runs *began, struct verify_report *ret,
                          struct err *e)
{
	_query_ sqlite3_stmt *begin = NULL;
	struct verify_report v = {0};
	struct kept file = {0};
	bool outer = t->in_transaction;
	int r = anchor_read(t->dir, &file.at, e);

	/* Read before the events: the file may be behind them, never ahead. */
	if (r < 0 && r != ERR_FAILED)
		return r;
	file.at_fault = r < 0;
	file.given = r > 0;
	file.met = file.at.id == 0;
	if (file.at_fault)
		snprintf(v.fault, sizeof v.fault, "%.*s", (int)sizeof v.fault - 1, e->text);
	if ((r = folder_each_run(t->dir, add_begun, began, e)) < 0)
		return r;
	/* One state of the record, however long it takes and whoever writes meanwhile. */
	if (!outer && ((r = db_query(t, &sql, VERIFY_BEGIN, &begin, e)) < 0 || (r = db_step(t, begin, e)) < 0))
		return r;
	t->in_transaction = true;
	r = verify(t, &file, kept, began, &v, e);
	if (r >= 0 && file.at_fault)
		r = look_past_file(t, kept, &v, e);
	if (!outer)
		tracker_rollback(t);
	if (r >= 0)
		*ret = v;
	return r;
}

int verify_all(struct tracker *t, const char *against, struct verify_report *ret, struct err *e)
{
	struct kept kept = {.given = against};
	struct runs began = {.dir = t->dir};
	int r;

	if (against && !anchor_parse(against, &kept.at))
		return err_set(e, ERR_USAGE,
		               "\"%s\" is no anchor: `jig verify --anchor` prints one, <events>:<64 hex digits>",
		               against);
	kept.met = kept.at.id == 0;
	r = verify_at_once(t, &kept, &began, ret, e);
	vec_release(&began);
	return r;
}
