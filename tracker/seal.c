#include "tracker/seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/vec.h"
#include "tracker/db.h"

/* Rows of run ?1 in order of key. The first column is the owner's id, the second names the owner, the third the row
 * within it; the columns from the fourth on are hashed. A later version of the schema must leave these columns as they
 * are, or begin a new format. A trace is read once, as that of the run's first attempt that has it. */
#define FIRST_WITH_TRACE \
	"(SELECT min(id) AS id FROM attempt WHERE run = ?1 AND trace IS NOT NULL GROUP BY trace) f JOIN attempt a ON " \
	"a.id = f.id "
#define SQL(X) \
	X(SEAL_RUN, "SELECT 0, '', 'the run itself', number, uid, pipeline, pipeline_id, state, kind, origin, sweep, " \
	            "created, started, ended, " \
	            "elapsed_us, host, user, argv, options, params, exit_status, commit_id, branch, remote, dirty, " \
	            "snapshot, unpinned, nsteps, " \
	            "ndone, nfailed, nreused FROM run WHERE number = ?1") \
	X(SEAL_PIPELINE, "SELECT 0, '', 'the definition', id, digest, text FROM pipeline WHERE id = (SELECT " \
	                 "pipeline_id FROM run WHERE number = ?1)") \
	X(SEAL_SWEEP, "SELECT 0, '', 'the sweep', id, created, spec FROM sweep WHERE id = (SELECT sweep FROM run " \
	              "WHERE number = ?1)") \
	X(SEAL_PARAM, "SELECT 0, '', key, key, type, text, number FROM param WHERE run = ?1 ORDER BY key") \
	X(SEAL_STEP, "SELECT id, '', name, id, run, rank, name, base, item, command, declared, state, reason, " \
	             "reused_attempt, needs FROM step " \
	             "WHERE run = ?1 ORDER BY id") \
	X(SEAL_BORROW, "SELECT 0, '', 'run ' || lender, run, lender FROM borrow WHERE run = ?1 ORDER BY lender") \
	X(SEAL_ATTEMPT, "SELECT step, '', name || '@' || n, id, uid, run, step, name, n, state, cause, exit_status, " \
	                "signal, started, ended, " \
	                "elapsed_us, pid, pid_start, host, isolation, command, folder, env, error_file, error_line, " \
	                "error_message, max_rss, cpu_us, " \
	                "read_bytes, written_bytes, gpu_mem, facts, form, key, trace, continued FROM attempt WHERE " \
	                "run = ?1 ORDER BY id") \
	X(SEAL_ENV, "SELECT 0, '', key, id, key, grade, kind, detail FROM env WHERE id IN (SELECT env FROM attempt " \
	            "WHERE run = ?1) ORDER BY id") \
	X(SEAL_PACKAGE, "SELECT x.env, env.key, x.name, x.env, x.name, x.version, x.source FROM package x JOIN env " \
	                "ON env.id = x.env " \
	                "WHERE x.env IN (SELECT env FROM attempt WHERE run = ?1) ORDER BY x.env, x.name") \
	X(SEAL_ARTIFACT, "SELECT coalesce(x.attempt, 0), coalesce(a.name || '@' || a.n, ''), x.role || ' ' || " \
	                 "x.path, x.id, x.run, x.step, x.attempt, " \
	                 "x.role, x.form, x.path, x.digest, x.size, x.mtime, x.mode FROM artifact x LEFT JOIN " \
	                 "attempt a ON a.id = x.attempt " \
	                 "WHERE x.run = ?1 ORDER BY x.id") \
	X(SEAL_SAMPLE, "SELECT a.id, a.name || '@' || a.n, 'ts ' || x.ts, x.attempt, x.ts, x.cpu_us, x.rss, " \
	               "x.read_bytes, x.written_bytes, " \
	               "x.gpu_mem, x.gpu_util, x.nprocs FROM attempt a JOIN sample x ON x.attempt = a.id WHERE a.run " \
	               "= ?1 ORDER BY a.id, x.ts") \
	X(SEAL_TRACE_SET, "SELECT a.id, a.name || '@' || a.n, 'its digest', x.id, x.digest FROM " FIRST_WITH_TRACE \
	                  "JOIN trace_set x ON x.id = a.trace ORDER BY x.id") \
	X(SEAL_TRACE, "SELECT a.id, a.name || '@' || a.n, x.kind || ' ' || x.path, x.trace_set, x.path, x.kind, " \
	              "x.digest, x.mode, x.size, x.mtime FROM " FIRST_WITH_TRACE \
	              "JOIN trace x ON x.trace_set = a.trace ORDER BY x.trace_set, x.path, x.kind") \
	X(SEAL_SERIES, \
	  "SELECT x.attempt, a.name || '@' || a.n, x.key, x.id, x.run, x.step, x.attempt, x.key, x.count, x.last, " \
	  "x.last_step, x.last_ts, " \
	  "x.min, x.max FROM series x LEFT JOIN attempt a ON a.id = x.attempt WHERE x.run = ?1 ORDER BY x.id") \
	X(SEAL_METRIC, \
	  "SELECT x.step, st.name, x.key, x.run, x.key, x.series, x.step, x.value, x.last_step FROM run_metric x " \
	  "LEFT JOIN step st ON st.id = x.step WHERE x.run = ?1 ORDER BY x.key") \
	X(SEAL_REQUEST, "SELECT coalesce(x.step, 0), '', x.action || ' ' || x.id, x.id, x.run, x.step, x.action, " \
	                "x.user, x.created, x.taken, x.answer " \
	                "FROM request x WHERE x.run = ?1 ORDER BY x.id") \
	X(SEAL_SERIES_IDS, "SELECT id FROM series WHERE run = ?1 ORDER BY id") \
	X(SEAL_POINTS, "SELECT step, ts, value FROM point WHERE series = ?1 ORDER BY step, ts, value") \
	X(SEAL_PUT, "INSERT INTO seal (run, tbl, owner, block, rows, digest, tags) VALUES (?, ?, ?, ?, ?, ?, ?)") \
	X(SEAL_GET, "SELECT tbl, owner, block, rows, digest, tags FROM seal WHERE run = ?1") \
	X(SEAL_RUN_SET, "UPDATE run SET seal = ?2 WHERE number = ?1") \
	X(SEAL_RUN_GET, "SELECT seal FROM run WHERE number = ?1") \
	X(SEAL_NAME_STEP, \
	  "SELECT name FROM step WHERE id = ?1 UNION ALL SELECT name FROM attempt WHERE step = ?1 LIMIT 1") \
	X(SEAL_NAME_ATTEMPT, "SELECT name || '@' || n FROM attempt WHERE id = ?1") \
	X(SEAL_NAME_SERIES, "SELECT a.name || '@' || a.n || ' ' || x.key FROM series x JOIN attempt a ON a.id = " \
	                    "x.attempt WHERE x.id = ?1") \
	X(SEAL_NAME_ENV, "SELECT key FROM env WHERE id = ?1")
DB_TABLE(DB_SEAL, sql, SQL)

/* What a table's rows hang on is before it, so that of a row that is gone the row itself is told, not what hung on it.
 * owner: the query that names the owner of a row; -1: the run. */
static const struct {
	const char *name;
	int query, owner;
} tables[] = {
        {"run", SEAL_RUN, -1},
        {"pipeline", SEAL_PIPELINE, -1},
        {"sweep", SEAL_SWEEP, -1},
        {"param", SEAL_PARAM, -1},
        {"step", SEAL_STEP, SEAL_NAME_STEP},
        {"borrow", SEAL_BORROW, -1},
        {"attempt", SEAL_ATTEMPT, SEAL_NAME_STEP},
        {"env", SEAL_ENV, -1},
        {"package", SEAL_PACKAGE, SEAL_NAME_ENV},
        {"artifact", SEAL_ARTIFACT, SEAL_NAME_ATTEMPT},
        {"sample", SEAL_SAMPLE, SEAL_NAME_ATTEMPT},
        {"trace_set", SEAL_TRACE_SET, SEAL_NAME_ATTEMPT},
        {"trace", SEAL_TRACE, SEAL_NAME_ATTEMPT},
        {"series", SEAL_SERIES, SEAL_NAME_ATTEMPT},
        {"point", SEAL_POINTS, SEAL_NAME_SERIES},
        {"run_metric", SEAL_METRIC, SEAL_NAME_STEP},
        {"request", SEAL_REQUEST, SEAL_NAME_STEP},
};

#define TAG_OWNER 8
#define TAG 16

struct part {
	int table;   /* index of tables; -1: none of them, but `other` */
	char *other; /* a text that is no table's name */
	int64_t owner, block, rows;
	struct digest digest;
	struct buf tags;
	VEC(char *) names; /* of the rows, when they may have to be told */
};
struct parts {
	struct part *v;
	size_t len, cap;
};

static void parts_release(struct parts *p)
{
	for (size_t i = 0; i < p->len; i++) {
		buf_release(&p->v[i].tags);
		free(p->v[i].other);
		for (size_t k = 0; k < p->v[i].names.len; k++)
			free(p->v[i].names.v[k]);
		vec_release(&p->v[i].names);
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
	unsigned char head[9] = {(unsigned char)type};
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

static int read_table(struct tracker *t, int64_t run, int table, bool names, struct parts *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	_buf_ struct buf row = BUF_INIT;
	struct sha256 *sha;
	struct part *p = vec_add(ret);
	int r = db_query(t, &sql, tables[table].query, &st, e, DB_INT(run));

	p->table = table;
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

			vec_push(&p->names, mem_printf("%s%s%s", owner && *owner ? owner : "",
			                               owner && *owner ? ", " : "", db_peek(st, 2)));
		}
	}
	sha256_final(sha, &p->digest);
	sha256_free(sha);
	return r;
}

static int read_points(struct tracker *t, int64_t run, int table, struct parts *ret, struct err *e)
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
				p->table = table;
				p->owner = series;
				p->block = block++;
				p->rows = (int64_t)n;
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
		r = tables[i].query == SEAL_POINTS ? read_points(t, run, (int)i, ret, e)
		                                   : read_table(t, run, (int)i, names, ret, e);
	return r;
}

static const char *table_name(const struct part *p)
{
	return p->table < 0 ? p->other : tables[p->table].name;
}

static void digest_parts(const struct parts *p, struct digest *ret)
{
	struct sha256 *sha = sha256_new();
	unsigned char head[40];

	put8(head, SEAL_FORMAT);
	sha256_update(sha, head, 8);
	for (size_t i = 0; i < p->len; i++) {
		const struct part *x = &p->v[i];
		const char *table = table_name(x);

		put8(head, (int64_t)strlen(table));
		put8(head + 8, x->owner);
		put8(head + 16, x->block);
		put8(head + 24, x->rows);
		put8(head + 32, (int64_t)x->tags.len);
		sha256_update(sha, head, 40);
		sha256_update(sha, table, strlen(table));
		sha256_update(sha, x->digest.b, DIGEST_SIZE);
		sha256_update(sha, x->tags.data, x->tags.len);
	}
	sha256_final(sha, ret);
	sha256_free(sha);
}

int seal_write(struct tracker *t, int64_t run, struct digest *ret, struct err *e)
{
	_cleanup_(parts_release) struct parts p = {0};
	int r = read_run(t, run, false, &p, e);

	for (size_t i = 0; r >= 0 && i < p.len; i++) {
		const struct part *x = &p.v[i];

		r = db_write(t, &sql, SEAL_PUT, e, DB_INT(run), DB_TEXT(table_name(x)), DB_INT(x->owner),
		             DB_INT(x->block), DB_INT(x->rows), DB_DIGEST(x->digest.b),
		             x->tags.len ? DB_BLOB(x->tags.data, (int)x->tags.len) : DB_NULL);
	}
	if (r < 0)
		return r;
	digest_parts(&p, ret);
	return db_write(t, &sql, SEAL_RUN_SET, e, DB_INT(run), DB_DIGEST(ret->b));
}

static int order_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	if (x->owner != y->owner)
		return x->owner < y->owner ? -1 : 1;
	return x->block != y->block ? (x->block < y->block ? -1 : 1) : 0;
}

static int read_stored(struct tracker *t, int64_t run, struct parts *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, SEAL_GET, &st, e, DB_INT(run));

	while (r >= 0 && (r = db_step(t, st, e)) > 0) {
		struct part *p = vec_add(ret);

		buf_init(&p->tags);
		p->table = -1;
		for (size_t i = 0; i < ARRAY_LEN(tables); i++)
			if (strlen(tables[i].name) == (size_t)sqlite3_column_bytes(st, 0) &&
			    strcmp(tables[i].name, db_peek(st, 0)) == 0)
				p->table = (int)i;
		if (p->table < 0)
			p->other =
			        mem_printf("%s%s", db_peek(st, 0),
			                   strlen(db_peek(st, 0)) < (size_t)sqlite3_column_bytes(st, 0) ? "\\0" : "");
		p->owner = db_int(st, 1);
		p->block = db_int(st, 2);
		p->rows = db_int(st, 3);
		db_digest(st, 4, &p->digest);
		if (sqlite3_column_bytes(st, 5))
			buf_add(&p->tags, sqlite3_column_blob(st, 5), (size_t)sqlite3_column_bytes(st, 5));
		else if (!db_is_null(st, 5))
			buf_addc(&p->tags, 0); /* where there are none NULL is written: this is something else */
	}
	if (ret->len)
		qsort(ret->v, ret->len, sizeof *ret->v, order_parts);
	return r;
}

/* Among the tags from `from` on. */
static bool has_tag(const struct buf *tags, size_t from, const char *tag)
{
	for (size_t i = from; i + TAG <= tags->len; i += TAG)
		if (memcmp(tags->data + i, tag, TAG) == 0)
			return true;
	return false;
}

/* The owner of a row that is gone. */
static void owner_name(struct tracker *t, int64_t run, int table, int64_t id, char out[256])
{
	_query_ sqlite3_stmt *st = NULL;
	struct err ignored;

	if (tables[table].owner < 0 || id == 0) {
		snprintf(out, 256, "run %lld", (long long)run);
		return;
	}
	snprintf(out, 256, "run %lld (id %lld)", (long long)run, (long long)id);
	if (db_query(t, &sql, tables[table].owner, &st, &ignored, DB_INT(id)) >= 0 && db_step(t, st, &ignored) > 0)
		snprintf(out, 256, "%s", db_peek(st, 0));
}

/* Both lists are ordered alike; what comes before the first difference is the same in both. */
static void name_row(struct tracker *t, int64_t run, const struct part *was, const struct part *is, char fault[400])
{
	size_t same = 0;
	char owner[256];

	while (same + TAG <= was->tags.len && same + TAG <= is->tags.len &&
	       memcmp(was->tags.data + same, is->tags.data + same, TAG) == 0)
		same += TAG;
	for (size_t i = same; i + TAG <= is->tags.len; i += TAG)
		if (!has_tag(&was->tags, same, is->tags.data + i)) {
			snprintf(fault, 400, "run %lld: table %s: the row of %s was %s", (long long)run, table_name(is),
			         is->names.v[i / TAG], is->rows > was->rows ? "added" : "changed");
			return;
		}
	for (size_t i = same; i + TAG <= was->tags.len; i += TAG)
		if (!has_tag(&is->tags, same, was->tags.data + i)) {
			owner_name(t, run, was->table, get8(was->tags.data + i), owner);
			snprintf(fault, 400, "run %lld: table %s: a row of %s is missing", (long long)run,
			         table_name(was), owner);
			return;
		}
	snprintf(fault, 400, "run %lld: table %s: its rows stand in another order", (long long)run, table_name(is));
}

/* The first part that is not the same in both; NULL where one of them has none. False: there is none. */
static bool first_difference(const struct parts *was, const struct parts *is, const struct part **ret_was,
                             const struct part **ret_is)
{
	size_t i = 0, k = 0;

	while (i < was->len || k < is->len) {
		const struct part *a = i < was->len ? &was->v[i] : NULL, *b = k < is->len ? &is->v[k] : NULL;
		int order = !a ? 1 : !b ? -1 : order_parts(a, b);

		if (order == 0 && a->rows == b->rows && digest_equal(&a->digest, &b->digest) &&
		    a->tags.len == b->tags.len && memcmp(a->tags.data, b->tags.data, a->tags.len) == 0) {
			i++;
			k++;
			continue;
		}
		*ret_was = order <= 0 ? a : NULL;
		*ret_is = order >= 0 ? b : NULL;
		return true;
	}
	return false;
}

static void tell(struct tracker *t, int64_t run, const struct parts *was, const struct parts *is, bool seal_intact,
                 char fault[400])
{
	const struct part *a, *b;
	char owner[256];

	if (!first_difference(was, is, &a, &b)) {
		snprintf(fault, 400, "run %lld: table run: the seal was changed", (long long)run);
		return;
	}
	/* Rows or the digests of them: the end event says which ones are as they were. */
	if (!seal_intact)
		snprintf(fault, 400, "run %lld: table seal: the row of %s, %lld, block %lld %s", (long long)run,
		         table_name(a ? a : b), (long long)(a ? a : b)->owner, (long long)(a ? a : b)->block,
		         !a   ? "is missing"
		         : !b ? "was added"
		              : "was changed");
	else if (a && b && tables[a->table].query != SEAL_POINTS)
		name_row(t, run, a, b, fault);
	else {
		owner_name(t, run, (a ? a : b)->table, (a ? a : b)->owner, owner);
		snprintf(fault, 400, "run %lld: table point: series %s, block %lld (from point %lld on) %s",
		         (long long)run, owner, (long long)(a ? a : b)->block,
		         (long long)(a ? a : b)->block * SEAL_BLOCK,
		         !a   ? "was added"
		         : !b ? "is missing"
		              : "was changed");
	}
}

int seal_check(struct tracker *t, int64_t run, const struct digest *end, int64_t *ret_rows, char fault[400],
               struct err *e)
{
	_cleanup_(parts_release) struct parts is = {0};
	_cleanup_(parts_release) struct parts was = {0};
	_query_ sqlite3_stmt *st = NULL;
	struct digest d_is, d_was, kept;
	int r = read_run(t, run, true, &is, e);

	fault[0] = 0;
	if (r < 0 || (r = read_stored(t, run, &was, e)) < 0 ||
	    (r = db_query(t, &sql, SEAL_RUN_GET, &st, e, DB_INT(run))) < 0 || (r = db_step(t, st, e)) < 0)
		return r;
	for (size_t i = 0; i < is.len; i++)
		*ret_rows += is.v[i].rows;
	digest_parts(&is, &d_is);
	digest_parts(&was, &d_was);
	if (!digest_equal(&d_is, end) || !digest_equal(&d_was, end) || !db_digest(st, 0, &kept) ||
	    !digest_equal(&kept, end))
		tell(t, run, &was, &is, digest_equal(&d_was, end), fault);
	return 0;
}
