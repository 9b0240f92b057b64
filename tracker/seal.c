#include "tracker/seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/vec.h"
#include "tracker/db.h"

/* Per table: its name, then the rows of run ?1 in order of key. The first column is the owner's id, the second names the owner, the third the row within it;
 * all columns from the fourth on are hashed. */
#define SQL(X)                                                                                                                                      \
	X(SEAL_RUN, "SELECT number, '', 'run ' || number, number, uid, pipeline, pipeline_id, state, kind, origin, sweep, created, started, ended, " \
		    "elapsed_us, host, user, argv, options, params, exit_status, commit_id, branch, remote, dirty, snapshot, unpinned, nsteps, "     \
		    "ndone, nfailed, nreused FROM run WHERE number = ?1")                                                                            \
	X(SEAL_PIPELINE, "SELECT id, '', 'definition', id, digest, text FROM pipeline WHERE id = (SELECT pipeline_id FROM run WHERE number = ?1)")   \
	X(SEAL_SWEEP, "SELECT id, '', 'sweep', id, created, spec FROM sweep WHERE id = (SELECT sweep FROM run WHERE number = ?1)")                   \
	X(SEAL_PARAM, "SELECT 0, '', key, key, type, text, number FROM param WHERE run = ?1 ORDER BY key")                                           \
	X(SEAL_STEP, "SELECT id, name, name, * FROM step WHERE run = ?1 ORDER BY id")                                                                \
	X(SEAL_EDGE, "SELECT s.id, s.name, 'needs ' || edge.needs, edge.* FROM step s JOIN edge ON edge.step = s.id WHERE s.run = ?1 "               \
		     "ORDER BY edge.step, edge.needs")                                                                                               \
	X(SEAL_ATTEMPT, "SELECT id, name || '@' || n, name || '@' || n, * FROM attempt WHERE run = ?1 ORDER BY id")                                  \
	X(SEAL_ENV, "SELECT id, kind, key, * FROM env WHERE id IN (SELECT env FROM attempt WHERE run = ?1) ORDER BY id")                             \
	X(SEAL_PACKAGE, "SELECT env, '', name, * FROM package WHERE env IN (SELECT env FROM attempt WHERE run = ?1) ORDER BY env, name")             \
	X(SEAL_SAMPLE, "SELECT a.id, a.name || '@' || a.n, 'ts ' || sample.ts, sample.* FROM attempt a JOIN sample ON sample.attempt = a.id "        \
		       "WHERE a.run = ?1 ORDER BY a.id, sample.ts")                                                                                  \
	X(SEAL_ARTIFACT, "SELECT coalesce(x.attempt, 0), a.name || '@' || a.n, x.role || ' ' || x.path, x.* FROM artifact x "                        \
			 "LEFT JOIN attempt a ON a.id = x.attempt WHERE x.run = ?1 ORDER BY x.id")                                                   \
	X(SEAL_TRACE, "SELECT a.id, a.name || '@' || a.n, trace.path, trace.* FROM attempt a JOIN trace ON trace.attempt = a.id WHERE a.run = ?1 "   \
		      "ORDER BY a.id, trace.path, trace.kind")                                                                                       \
	X(SEAL_SERIES, "SELECT x.attempt, a.name || '@' || a.n, x.key, x.* FROM series x JOIN attempt a ON a.id = x.attempt WHERE x.run = ?1 "       \
		       "ORDER BY x.id")                                                                                                              \
	X(SEAL_METRIC, "SELECT step, '', key, run_metric.* FROM run_metric WHERE run = ?1 ORDER BY key")                                             \
	X(SEAL_REQUEST, "SELECT id, user, action, request.* FROM request WHERE run = ?1 ORDER BY id")                                                \
	X(SEAL_SERIES_IDS, "SELECT x.id, a.name || '@' || a.n || ' ' || x.key FROM series x JOIN attempt a ON a.id = x.attempt WHERE x.run = ?1 "     \
			   "ORDER BY x.id")                                                                                                          \
	X(SEAL_POINTS, "SELECT step, ts, value FROM point WHERE series = ?1 ORDER BY step, ts, value")                                               \
	X(SEAL_PUT, "INSERT INTO seal (run, tbl, owner, block, rows, digest, tags) VALUES (?, ?, ?, ?, ?, ?, ?)")                                    \
	X(SEAL_GET, "SELECT tbl, owner, block, rows, digest, tags FROM seal WHERE run = ?1 ORDER BY tbl, owner, block")                              \
	X(SEAL_RUN_SET, "UPDATE run SET seal = ?2 WHERE number = ?1")                                                                                \
	X(SEAL_RUN_GET, "SELECT seal FROM run WHERE number = ?1")                                                                                    \
	X(SEAL_OWNER, "SELECT name || '@' || n FROM attempt WHERE id = ?1 UNION ALL SELECT name FROM step WHERE id = ?1 LIMIT 1")
DB_TABLE(DB_SEAL, sql, SQL)

/* In order of name, as they stand in `seal`. Points come in their place by hand. */
static const struct { const char *name; int query; } tables[] = {
	{ "artifact", SEAL_ARTIFACT }, { "attempt", SEAL_ATTEMPT }, { "edge", SEAL_EDGE },       { "env", SEAL_ENV },     { "package", SEAL_PACKAGE },
	{ "param", SEAL_PARAM },       { "pipeline", SEAL_PIPELINE }, { "point", -1 },           { "request", SEAL_REQUEST }, { "run", SEAL_RUN },
	{ "run_metric", SEAL_METRIC }, { "sample", SEAL_SAMPLE },   { "series", SEAL_SERIES },   { "step", SEAL_STEP },   { "sweep", SEAL_SWEEP },
	{ "trace", SEAL_TRACE },
};

#define TAG_OWNER 8
#define TAG 16

struct part {
	const char *table;
	int64_t owner, block, rows;
	struct digest digest;
	struct buf tags;
	VEC(char *) names; /* of the rows, when they may have to be told */
	char *owner_name;  /* points: the series */
};
struct parts { struct part *v; size_t len, cap; };

static void parts_release(struct parts *p)
{
	for (size_t i = 0; i < p->len; i++) {
		buf_release(&p->v[i].tags);
		for (size_t k = 0; k < p->v[i].names.len; k++)
			free(p->v[i].names.v[k]);
		vec_release(&p->v[i].names);
		free(p->v[i].owner_name);
	}
	vec_release(p);
}

static void put8(unsigned char *b, int64_t v)
{
	for (int i = 0; i < 8; i++)
		b[i] = (unsigned char)((uint64_t)v >> (8 * i));
}

static int64_t get8(const char *b)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | (unsigned char)b[i];
	return (int64_t)v;
}

/* A column as bytes that no other value gives. */
static void add_column(struct buf *row, sqlite3_stmt *st, int c)
{
	int type = sqlite3_column_type(st, c);
	unsigned char head[9] = { (unsigned char)type };
	int64_t i;
	double d;

	switch (type) {
	case SQLITE_INTEGER:
		put8(head + 1, sqlite3_column_int64(st, c));
		buf_add(row, head, 9);
		return;
	case SQLITE_FLOAT:
		d = sqlite3_column_double(st, c);
		memcpy(&i, &d, sizeof i);
		put8(head + 1, i);
		buf_add(row, head, 9);
		return;
	case SQLITE_NULL:
		buf_add(row, head, 1);
		return;
	default:
		put8(head + 1, sqlite3_column_bytes(st, c));
		buf_add(row, head, 9);
		if (sqlite3_column_bytes(st, c))
			buf_add(row, sqlite3_column_blob(st, c), (size_t)sqlite3_column_bytes(st, c));
	}
}

static int read_table(struct tracker *t, int64_t run, const char *name, int query, bool names, struct parts *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	_buf_ struct buf row = BUF_INIT;
	struct sha256 *sha;
	struct part *p = vec_add(ret);
	int r = db_query(t, &sql, query, &st, e, DB_INT(run));

	p->table = name;
	buf_init(&p->tags);
	if (r < 0)
		return r;
	sha = sha256_new();
	while ((r = db_step(t, st, e)) > 0) {
		unsigned char tag[TAG];
		struct digest d;

		buf_reset(&row);
		for (int c = 3; c < sqlite3_column_count(st); c++)
			add_column(&row, st, c);
		sha256_bytes(row.data, row.len, &d);
		sha256_update(sha, d.b, DIGEST_SIZE);
		put8(tag, db_int(st, 0));
		memcpy(tag + TAG_OWNER, d.b, TAG - TAG_OWNER);
		buf_add(&p->tags, tag, TAG);
		p->rows++;
		if (names) {
			const char *owner = db_peek(st, 1);

			vec_push(&p->names, mem_printf("%s%s%s", owner && *owner ? owner : "", owner && *owner ? ", " : "", db_peek(st, 2)));
		}
	}
	sha256_final(sha, &p->digest);
	sha256_free(sha);
	return r;
}

static int read_points(struct tracker *t, int64_t run, struct parts *ret, struct err *e)
{
	_query_ sqlite3_stmt *ids = NULL;
	struct sha256 *sha = sha256_new();
	int r = db_query(t, &sql, SEAL_SERIES_IDS, &ids, e, DB_INT(run));

	while (r >= 0 && (r = db_step(t, ids, e)) > 0) {
		_query_ sqlite3_stmt *st = NULL;
		struct part *p = NULL;
		int64_t series = db_int(ids, 0), block = 0;
		unsigned char *bytes = mem_alloc(SEAL_BLOCK * 24);
		size_t n = 0;

		r = db_query(t, &sql, SEAL_POINTS, &st, e, DB_INT(series));
		for (int more = r; more >= 0;) {
			more = r = db_step(t, st, e);
			if (r > 0) {
				put8(bytes + n * 24, db_int(st, 0));
				put8(bytes + n * 24 + 8, db_int(st, 1));
				put8(bytes + n * 24 + 16, db_int(st, 2));
				n++;
			}
			if (n == SEAL_BLOCK || (more <= 0 && n)) {
				p = vec_add(ret);
				buf_init(&p->tags);
				p->table = "point";
				p->owner = series;
				p->block = block++;
				p->rows = (int64_t)n;
				p->owner_name = mem_strdup(db_peek(ids, 1));
				sha256_reset(sha);
				sha256_update(sha, bytes, n * 24);
				sha256_final(sha, &p->digest);
				n = 0;
			}
			if (more <= 0)
				break;
		}
		free(bytes);
	}
	sha256_free(sha);
	return r;
}

static int read_run(struct tracker *t, int64_t run, bool names, struct parts *ret, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(tables); i++)
		r = tables[i].query < 0 ? read_points(t, run, ret, e) : read_table(t, run, tables[i].name, tables[i].query, names, ret, e);
	return r;
}

static void digest_parts(const struct parts *p, struct digest *ret)
{
	struct sha256 *sha = sha256_new();
	unsigned char head[40];

	put8(head, SEAL_FORMAT);
	sha256_update(sha, head, 8);
	for (size_t i = 0; i < p->len; i++) {
		const struct part *x = &p->v[i];

		put8(head, (int64_t)strlen(x->table));
		put8(head + 8, x->owner);
		put8(head + 16, x->block);
		put8(head + 24, x->rows);
		put8(head + 32, (int64_t)x->tags.len);
		sha256_update(sha, head, 40);
		sha256_update(sha, x->table, strlen(x->table));
		sha256_update(sha, x->digest.b, DIGEST_SIZE);
		sha256_update(sha, x->tags.data, x->tags.len);
	}
	sha256_final(sha, ret);
	sha256_free(sha);
}

int seal_write(struct tracker *t, int64_t run, struct digest *ret, struct err *e)
{
	_cleanup_(parts_release) struct parts p = { 0 };
	int r = read_run(t, run, false, &p, e);

	for (size_t i = 0; r >= 0 && i < p.len; i++) {
		const struct part *x = &p.v[i];

		r = db_write(t, &sql, SEAL_PUT, e, DB_INT(run), DB_TEXT(x->table), DB_INT(x->owner), DB_INT(x->block), DB_INT(x->rows),
			     DB_DIGEST(x->digest.b), x->tags.len ? DB_BLOB(x->tags.data, (int)x->tags.len) : DB_NULL);
	}
	if (r < 0)
		return r;
	digest_parts(&p, ret);
	return db_write(t, &sql, SEAL_RUN_SET, e, DB_INT(run), DB_DIGEST(ret->b));
}

static int read_stored(struct tracker *t, int64_t run, struct parts *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, SEAL_GET, &st, e, DB_INT(run));

	while (r >= 0 && (r = db_step(t, st, e)) > 0) {
		struct part *p = vec_add(ret);

		buf_init(&p->tags);
		for (size_t i = 0; i < ARRAY_LEN(tables); i++)
			if (strcmp(tables[i].name, db_peek(st, 0)) == 0)
				p->table = tables[i].name;
		if (!p->table)
			p->table = "?";
		p->owner = db_int(st, 1);
		p->block = db_int(st, 2);
		p->rows = db_int(st, 3);
		db_digest(st, 4, &p->digest);
		if (sqlite3_column_bytes(st, 5))
			buf_add(&p->tags, sqlite3_column_blob(st, 5), (size_t)sqlite3_column_bytes(st, 5));
	}
	return r;
}

static const char *find_tag(const struct buf *tags, const char *tag)
{
	for (size_t i = 0; i + TAG <= tags->len; i += TAG)
		if (memcmp(tags->data + i, tag, TAG) == 0)
			return tags->data + i;
	return NULL;
}

/* The owner of a row that is gone, by name where it is an attempt or a step that is still there. */
static void owner_name(struct tracker *t, int64_t id, char out[128])
{
	_query_ sqlite3_stmt *st = NULL;
	struct err ignored;

	snprintf(out, 128, "%lld", (long long)id);
	if (db_query(t, &sql, SEAL_OWNER, &st, &ignored, DB_INT(id)) >= 0 && db_step(t, st, &ignored) > 0)
		snprintf(out, 128, "%s", db_peek(st, 0));
}

/* Both lists are ordered alike, so the first difference is where one of them has a row that the other has not. */
static void name_row(struct tracker *t, int64_t run, const struct part *was, const struct part *is, char fault[400])
{
	size_t n = is->tags.len / TAG;
	size_t gone = was->tags.len / TAG;
	const char *missing = NULL;
	char owner[128];

	for (size_t i = 0; i < gone && !missing; i++)
		if (!find_tag(&is->tags, was->tags.data + i * TAG))
			missing = was->tags.data + i * TAG;
	for (size_t i = 0; i < n; i++)
		if (!find_tag(&was->tags, is->tags.data + i * TAG)) {
			snprintf(fault, 400, "run %lld: table %s: the row of %s was %s", (long long)run, is->table, is->names.v[i],
				 n > gone ? "added" : "changed");
			return;
		}
	if (missing) {
		owner_name(t, get8(missing), owner);
		snprintf(fault, 400, "run %lld: table %s: a row of %s is missing", (long long)run, was->table, owner);
		return;
	}
	snprintf(fault, 400, "run %lld: table %s: its rows stand in another order", (long long)run, was->table);
}

static void compare(struct tracker *t, int64_t run, const struct parts *was, const struct parts *is, char fault[400])
{
	size_t i = 0, k = 0;

	while (i < was->len || k < is->len) {
		const struct part *a = i < was->len ? &was->v[i] : NULL, *b = k < is->len ? &is->v[k] : NULL;
		int order = !a ? 1 : !b ? -1 : strcmp(a->table, b->table);

		if (order == 0)
			order = a->owner != b->owner ? (a->owner < b->owner ? -1 : 1) : a->block != b->block ? (a->block < b->block ? -1 : 1) : 0;
		if (order < 0) {
			snprintf(fault, 400, "run %lld: table %s: owner %lld, block %lld: all its rows are missing", (long long)run, a->table,
				 (long long)a->owner, (long long)a->block);
			return;
		}
		if (order > 0) {
			snprintf(fault, 400, "run %lld: table %s: %s%sblock %lld was added", (long long)run, b->table, b->owner_name ? b->owner_name : "",
				 b->owner_name ? ", " : "", (long long)b->block);
			return;
		}
		if (!digest_equal(&a->digest, &b->digest) || a->rows != b->rows) {
			if (strcmp(a->table, "point") == 0)
				snprintf(fault, 400, "run %lld: table point: series %s, block %lld (points %lld to %lld) was changed", (long long)run,
					 b->owner_name, (long long)b->block, (long long)b->block * SEAL_BLOCK, (long long)(b->block + 1) * SEAL_BLOCK - 1);
			else
				name_row(t, run, a, b, fault);
			return;
		}
		i++;
		k++;
	}
}

int seal_check(struct tracker *t, int64_t run, int64_t *ret_rows, char fault[400], struct err *e)
{
	_cleanup_(parts_release) struct parts is = { 0 };
	_cleanup_(parts_release) struct parts was = { 0 };
	_query_ sqlite3_stmt *st = NULL;
	struct digest d, kept;
	int r = read_run(t, run, true, &is, e);

	fault[0] = 0;
	if (r < 0 || (r = read_stored(t, run, &was, e)) < 0 || (r = db_query(t, &sql, SEAL_RUN_GET, &st, e, DB_INT(run))) < 0 ||
	    (r = db_step(t, st, e)) < 0)
		return r;
	for (size_t i = 0; i < is.len; i++)
		*ret_rows += is.v[i].rows;
	compare(t, run, &was, &is, fault);
	if (fault[0])
		return 0;
	digest_parts(&was, &d);
	if (!db_digest(st, 0, &kept) || !digest_equal(&d, &kept))
		snprintf(fault, 400, "run %lld: table seal: a row was changed", (long long)run);
	return 0;
}
