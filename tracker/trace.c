#include "tracker/trace.h"

#include <string.h>
#include "base/buf.h"
#include "base/sha256.h"
#include "base/vec.h"
#include "tracker/db.h"

#define SQL(X) \
	X(TRACE_FIND, "SELECT id FROM trace_set WHERE digest = ?1") \
	X(TRACE_NEW, "INSERT INTO trace_set (digest) VALUES (?1)") \
	X(TRACE_ROW_NEW, "INSERT INTO trace (trace_set, path, kind, digest, mode, size, mtime) VALUES (?, ?, ?, ?, " \
		"?, ?, ?)") \
	X(TRACE_ROWS, "SELECT path, kind, digest, mode, size, mtime FROM trace WHERE trace_set = ?1 ORDER BY path")
DB_TABLE(DB_TRACE, sql, SQL)

static int order_rows(const struct trace_row *a, const struct trace_row *b)
{
	int order = strcmp(a->path, b->path);

	return order ? order : (int)a->kind - (int)b->kind;
}

/* Over every row: path and kind, each with its NUL, the digest with its length, and the three numbers. */
static void digest_rows(const struct trace_row *v, size_t n, struct digest *ret)
{
	_buf_ struct buf b = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		int64_t numbers[] = {v[i].mode, v[i].size, v[i].mtime};
		const char *kind = word_of(WORDS_TRACE, v[i].kind)->text;

		buf_add(&b, v[i].path, strlen(v[i].path) + 1);
		buf_add(&b, kind, strlen(kind) + 1);
		buf_addc(&b, (char)v[i].digest_len);
		buf_add(&b, v[i].digest, (size_t)v[i].digest_len);
		for (size_t k = 0; k < ARRAY_LEN(numbers); k++)
			for (int byte = 0; byte < 8; byte++)
				buf_addc(&b, (char)((uint64_t)numbers[k] >> (8 * byte)));
	}
	sha256_bytes(b.data, b.len, ret);
}

static int check_rows(const struct trace_row *v, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (i && order_rows(&v[i - 1], &v[i]) >= 0)
			return err_set(e, ERR_USAGE, "lookups are recorded in order of path and kind, each once: %s",
			               v[i].path);
		if (v[i].digest_len != 0 && v[i].digest_len != 20 && v[i].digest_len != 32)
			return err_set(e, ERR_USAGE, "the lookup of %s has a digest of %d bytes", v[i].path,
			               v[i].digest_len);
	}
	return 0;
}

int trace_record(struct tracker *t, const struct trace_row *v, size_t n, int64_t *ret_set, struct err *e)
{
	struct digest d;
	int64_t set;
	int r = check_rows(v, n, e);

	db_need_transaction(t, "a trace");
	if (r < 0)
		return r;
	digest_rows(v, n, &d);
	r = db_get_int(t, &sql, TRACE_FIND, ret_set, e, DB_DIGEST(d.b));
	if (r != 0)
		return r < 0 ? r : 0;
	r = db_write(t, &sql, TRACE_NEW, e, DB_DIGEST(d.b));
	if (r < 0)
		return r;
	set = sqlite3_last_insert_rowid(t->db);
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = db_write(t, &sql, TRACE_ROW_NEW, e, DB_INT(set), DB_TEXT(v[i].path),
		             DB_TEXT(word_of(WORDS_TRACE, v[i].kind)->text),
		             v[i].digest_len ? DB_BLOB(v[i].digest, v[i].digest_len) : DB_NULL, DB_INT(v[i].mode),
		             DB_INT(v[i].size), DB_INT(v[i].mtime));
	if (r >= 0)
		*ret_set = set;
	return r;
}

int query_trace(struct tracker *t, int64_t set, struct arena *a, struct trace_rows *ret, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	VEC(struct trace_row) rows = {0};
	int r = db_query(t, &sql, TRACE_ROWS, &st, e, DB_INT(set));

	while (r >= 0 && (r = db_step(t, st, e)) > 0) {
		struct trace_row row = {
		        .kind = db_word(st, 1, WORDS_TRACE),
		        .path = db_text(st, 0, a),
		        .mode = (unsigned)db_int(st, 3),
		        .size = db_int(st, 4),
		        .mtime = db_int(st, 5),
		};
		const void *digest = sqlite3_column_blob(st, 2);
		int len = sqlite3_column_bytes(st, 2);
		size_t i;

		if (digest && len <= (int)sizeof row.digest) {
			memcpy(row.digest, digest, (size_t)len);
			row.digest_len = len;
		}
		vec_push(&rows, row);
		/* Of one path the table has the kinds in order of their texts. */
		for (i = rows.len - 1; i && order_rows(&rows.v[i - 1], &row) > 0; i--)
			rows.v[i] = rows.v[i - 1];
		rows.v[i] = row;
	}
	if (r >= 0)
		*ret = (struct trace_rows){.v = arena_dup(a, rows.v, rows.len * sizeof *rows.v), .len = rows.len};
	vec_release(&rows);
	return r;
}
