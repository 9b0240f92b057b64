/* Fills a new record with made runs by bulk SQL: the same bytes for the same arguments. For tests and measurements of
 * reading; the audit chain of it is empty, and the seals are zeros, so verify finds fault with it. */
#ifndef TESTS_LIB_RECORD_FILL_H
#define TESTS_LIB_RECORD_FILL_H

#include <inttypes.h>
#include <math.h>
#include <sqlite3.h>
#include "base/mem.h"
#include "base/time.h"
#include "base/vec.h"
#include "tracker/series.h"
#include "tracker/tracker.h"

/* Every run has the steps prepare (reused from an earlier run in two of three) and train, the metrics acc, loss,
 * metric.02 …, the params model, param.04 …, seed, train.depth, train.lr, and the tag team. */
struct record_size {
	int64_t runs;
	int metrics, params, points;
};

static uint64_t fill_hash(uint64_t a, uint64_t b)
{
	uint64_t x = a * 0x9e3779b97f4a7c15u + b * 0xd1b54a32d192ed03u + 0x8cb92ba72f3d8dd7u;

	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
	return x ^ (x >> 32);
}

static double fill_unit(uint64_t a, uint64_t b)
{
	return (double)(fill_hash(a, b) >> 11) / 9007199254740992.0;
}

static void fill_must(sqlite3 *db, int r)
{
	if (r != SQLITE_OK && r != SQLITE_DONE && r != SQLITE_ROW) {
		fprintf(stderr, "record_fill: %s\n", sqlite3_errmsg(db));
		abort();
	}
}

static void fill_exec(sqlite3 *db, const char *sql)
{
	fill_must(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static sqlite3_stmt *fill_prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st;

	fill_must(db, sqlite3_prepare_v2(db, sql, -1, &st, NULL));
	return st;
}

#define FILL_NULL INT64_MIN

/* types: i = int64_t (FILL_NULL: NULL), d = double, s = const char * (NULL: NULL). */
static void fill_row(sqlite3 *db, sqlite3_stmt *st, const char *types, ...)
{
	va_list ap;

	va_start(ap, types);
	for (int i = 1; *types; types++, i++) {
		if (*types == 'i') {
			int64_t v = va_arg(ap, int64_t);

			fill_must(db, v == FILL_NULL ? sqlite3_bind_null(st, i) : sqlite3_bind_int64(st, i, v));
		} else if (*types == 'd') {
			fill_must(db, sqlite3_bind_double(st, i, va_arg(ap, double)));
		} else {
			fill_must(db, sqlite3_bind_text(st, i, va_arg(ap, const char *), -1, SQLITE_STATIC));
		}
	}
	va_end(ap);
	fill_must(db, sqlite3_step(st));
	fill_must(db, sqlite3_reset(st));
}

#define FILL_STATEMENTS(X) \
	X(FILL_RUN, \
	  "INSERT INTO run (number, uid, name, pipeline, pipeline_id, state, kind, created, started, ended, " \
	  "elapsed_us, " \
	  "exit_status, host, user, argv, options, params, commit_id, branch, dirty, snapshot, unpinned, nsteps, " \
	  "ndone, " \
	  "nfailed, nreused, seal) VALUES (?1, ?2, ?3, ?4, 1, ?5, 'run', ?6, ?6 + 1000, ?7, ?8, ?9, 'host', ?10, " \
	  "'[\"jig\",\"run\"]', '{}', ?11, '0123456789abcdef0123456789abcdef01234567', 'main', 0, ?12, 0, 2, ?13, " \
	  "?14, ?15, " \
	  "iif(?7 IS NULL, NULL, zeroblob(32)))") \
	X(FILL_STEP, "INSERT INTO step (id, run, rank, name, base, command, declared, state, reason, " \
	             "reused_attempt, needs) VALUES (?1, ?2, ?3, ?4, ?4, 'python run.py', '{}', ?5, ?6, ?7, " \
	             "iif(?3 > 0, '[[0,1]]', NULL))") \
	X(FILL_ATTEMPT, \
	  "INSERT INTO attempt (id, uid, run, step, name, n, state, cause, exit_status, started, ended, elapsed_us, " \
	  "host, " \
	  "isolation, command, folder) VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?9, ?10, ?11, 'host', 'folder', " \
	  "'[\"python\",\"run.py\"]', ?12)") \
	X(FILL_SERIES, "INSERT INTO series VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?7, ?7)") \
	X(FILL_POINT, "INSERT INTO point VALUES (?1, ?2, ?3, ?4)") \
	X(FILL_METRIC, "INSERT INTO run_metric VALUES (?1, ?2, ?3, ?4, ?5, ?6)") \
	X(FILL_PARAM, "INSERT INTO param VALUES (?1, ?2, ?3, ?4, ?5)") \
	X(FILL_PARAM_TEXT, "INSERT INTO param VALUES (?1, ?2, 'text', ?3, NULL)") \
	X(FILL_TAG, "INSERT INTO tag VALUES (?1, 'team', ?2)") \
	X(FILL_ARTIFACT, "INSERT INTO artifact (run, step, attempt, role, form, path, digest, size, mtime, mode) " \
	                 "VALUES (?1, ?2, ?3, 'out', 'file', ?4, zeroblob(32), 1000, 0, 420)")
#define FILL_SYMBOL(s, text) s,
#define FILL_TEXT(s, text) text,
enum { FILL_STATEMENTS(FILL_SYMBOL) FILL_COUNT };

/* prepared: the newest attempt of prepare; 0 = none. */
struct fill {
	sqlite3 *db;
	sqlite3_stmt *st[FILL_COUNT];
	struct record_size size;
	int64_t step, attempt, series, prepared;
};

static int64_t fill_attempt(struct fill *f, int64_t run, int64_t step, const char *name, const char *state,
                            int64_t started)
{
	char uid[27], folder[64];
	bool ended = strcmp(state, "running") != 0, failed = !strcmp(state, "failed");
	int64_t id = ++f->attempt, took = 1000000 + (int64_t)(fill_hash((uint64_t)id, 7) % 600000000);

	snprintf(uid, sizeof uid, "02%024" PRId64, id);
	snprintf(folder, sizeof folder, "runs/%" PRId64 "/%s@1", run, name);
	fill_row(f->db, f->st[FILL_ATTEMPT], "isiisssiiiis", id, uid, run, step, name, state, failed ? "exit" : "",
	         ended ? (int64_t)failed : FILL_NULL, started, ended ? started + took : FILL_NULL,
	         ended ? took : FILL_NULL, folder);
	fill_row(f->db, f->st[FILL_ARTIFACT], "iiis", run, step, id, name);
	return id;
}

static void fill_metrics(struct fill *f, int64_t run, int64_t step, int64_t attempt, int64_t ts)
{
	char key[32];

	for (int m = 0; m < f->size.metrics; m++) {
		double u = fill_unit((uint64_t)run, 100 + (uint64_t)m), v = m == 0   ? u
		                                                            : m == 1 ? -log(1 - u)
		                                                                     : u * 1000;
		int64_t id, points = f->size.points;

		if (fill_hash((uint64_t)run, 200 + (uint64_t)m) % 100 == 0)
			continue; /* not every run logs everything */
		if (fill_hash((uint64_t)run, 300 + (uint64_t)m) % 1000 == 0)
			v = NAN;
		snprintf(key, sizeof key, m == 0 ? "acc" : m == 1 ? "loss" : "metric.%02d", m);
		id = ++f->series;
		fill_row(f->db, f->st[FILL_SERIES], "iiiisiiii", id, run, step, attempt, key, points, value_key(v),
		         points - 1, ts + points - 1);
		fill_row(f->db, f->st[FILL_METRIC], "isiiii", run, key, id, step, value_key(v), points - 1);
		for (int64_t p = 0; p < points; p++)
			fill_row(f->db, f->st[FILL_POINT], "iiii", id, p, ts + p,
			         value_key(p == points - 1 ? v : v * (double)p / (double)points));
	}
}

static void fill_params(struct fill *f, int64_t run)
{
	static const double rates[] = {0.001, 0.003, 0.01, 0.03, 0.1, 0.3};
	static const char *const models[] = {"forest", "linear", "boost", "net"};
	char key[32], text[32];
	uint64_t h = fill_hash((uint64_t)run, 5);

	fill_row(f->db, f->st[FILL_PARAM_TEXT], "iss", run, "model", models[h % 4]);
	for (int p = 4; p < f->size.params; p++) {
		int64_t v = (int64_t)(fill_hash((uint64_t)run, 400 + (uint64_t)p) % 1000);

		snprintf(key, sizeof key, "param.%02d", p);
		snprintf(text, sizeof text, "%" PRId64, v);
		fill_row(f->db, f->st[FILL_PARAM], "isssd", run, key, "integer", text, (double)v);
	}
	snprintf(text, sizeof text, "%" PRId64, run);
	fill_row(f->db, f->st[FILL_PARAM], "isssd", run, "seed", "integer", text, (double)run);
	snprintf(text, sizeof text, "%d", (int)(h / 8 % 12));
	fill_row(f->db, f->st[FILL_PARAM], "isssd", run, "train.depth", "integer", text, (double)(h / 8 % 12));
	snprintf(text, sizeof text, "%g", rates[h / 128 % 6]);
	fill_row(f->db, f->st[FILL_PARAM], "isssd", run, "train.lr", "real", text, rates[h / 128 % 6]);
}

static void fill_run(struct fill *f, int64_t run)
{
	static const char *const users[] = {"user-a", "user-b", "user-c"}, *const teams[] = {"blue", "green", "red"};
	uint64_t h = fill_hash((uint64_t)run, 1), state_of = h / 3 % 100;
	bool live = run == f->size.runs && run > 1, reused = h % 3 && f->prepared;
	const char *state = live            ? "running"
	                    : state_of < 85 ? "success"
	                    : state_of < 95 ? "failed"
	                    : state_of < 98 ? "stopped"
	                                    : "lost";
	int64_t created = INT64_C(1735689600000000) + run * 30 * US_PER_S, took = 2000000 + (int64_t)(h % 900000000);
	int64_t prepare = f->step + 1, train = f->step + 2, failed = state_of >= 85 && state_of < 95 && !live;
	char uid[27], name[48], tree[41], params[64];

	snprintf(uid, sizeof uid, "01%024" PRId64, run);
	snprintf(name, sizeof name, "run-%" PRId64, run);
	snprintf(tree, sizeof tree, "%040" PRIx64, fill_hash((uint64_t)run / 8, 2));
	snprintf(params, sizeof params, "{\"seed\":%" PRId64 "}", run);
	fill_row(f->db, f->st[FILL_RUN], "issssiiiisssiii", run, uid, name, h / 400 % 4 ? "penguins" : "titanic", state,
	         created, live ? FILL_NULL : created + took, live ? FILL_NULL : took, live ? FILL_NULL : failed,
	         users[h / 1600 % 3], params, tree, (int64_t)(live ? 1 : 2), failed, (int64_t)reused);
	fill_row(f->db, f->st[FILL_STEP], "iiisssi", prepare, run, (int64_t)0, "prepare", reused ? "reused" : "success",
	         "run: never finished", reused ? f->prepared : FILL_NULL);
	if (!reused)
		f->prepared = fill_attempt(f, run, prepare, "prepare", "success", created + 2000);
	fill_row(f->db, f->st[FILL_STEP], "iiisssi", train, run, (int64_t)1, "train", state, "run: asked for",
	         FILL_NULL);
	f->step = train;
	fill_metrics(f, run, train, fill_attempt(f, run, train, "train", state, created + 3000), created + 4000);
	fill_params(f, run);
	fill_row(f->db, f->st[FILL_TAG], "is", run, teams[h / 4800 % 3]);
}

/* Indexes and triggers are taken off and put back, which is many times faster than keeping them up. */
static void fill_take_off(sqlite3 *db, struct buf *ret_sql)
{
	_buf_ struct buf drop = BUF_INIT;
	sqlite3_stmt *st = fill_prepare(db, "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', "
	                                    "'trigger') AND sql IS NOT NULL ORDER BY rowid");

	while (sqlite3_step(st) == SQLITE_ROW) {
		buf_addf(&drop, "DROP %s %s;", (const char *)sqlite3_column_text(st, 0),
		         (const char *)sqlite3_column_text(st, 1));
		buf_addf(ret_sql, "%s;\n", (const char *)sqlite3_column_text(st, 2));
	}
	sqlite3_finalize(st);
	fill_exec(db, drop.data);
}

/* Makes DIR/jig.db (which must not be there) with these runs; false and *e when the tracker cannot make it. */
static bool record_fill(const char *dir, struct record_size size, struct err *e)
{
	static const char *const texts[] = {FILL_STATEMENTS(FILL_TEXT)};
	_free_ char *path = mem_printf("%s/jig.db", dir);
	_buf_ struct buf back = BUF_INIT;
	struct fill f = {.size = size};
	struct tracker *t;

	if (tracker_open(dir, TRACKER_WRITE, &t, e) < 0)
		return false;
	tracker_close(t);
	if (sqlite3_open(path, &f.db) != SQLITE_OK)
		abort();
	fill_exec(f.db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; PRAGMA "
	                "locking_mode = EXCLUSIVE; BEGIN");
	fill_take_off(f.db, &back);
	for (int i = 0; i < FILL_COUNT; i++)
		f.st[i] = fill_prepare(f.db, texts[i]);
	fill_exec(f.db, "INSERT INTO pipeline VALUES (1, zeroblob(32), 'version: 1')");
	for (int64_t run = 1; run <= size.runs; run++)
		fill_run(&f, run);
	for (int i = 0; i < FILL_COUNT; i++)
		sqlite3_finalize(f.st[i]);
	fill_exec(f.db, "INSERT INTO borrow (run, lender) SELECT DISTINCT s.run, a.run FROM step s JOIN attempt a ON "
	                "a.id = s.reused_attempt");
	fill_exec(f.db, back.data);
	fill_exec(f.db, "UPDATE tally SET n = (SELECT count(*) FROM run) WHERE name = 'runs'; COMMIT; PRAGMA "
	                "locking_mode = NORMAL; PRAGMA journal_mode = WAL");
	fill_must(f.db, sqlite3_close(f.db));
	return true;
}

#endif
