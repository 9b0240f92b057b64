#include "tracker/event.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "base/time.h"
#include "tracker/anchor.h"
#include "tracker/db.h"
#include "tracker/verify.h"

#define PATIENCE_US (2 * US_PER_S)

#define SQL(X) \
	X(EVENT_HEAD, "SELECT id, hash FROM event ORDER BY id DESC LIMIT 1") \
	X(EVENT_AT, "SELECT hash FROM event WHERE id = ?1") \
	X(EVENT_ENDS, "SELECT count(*) FROM (SELECT 1 FROM event WHERE kind = 'end' LIMIT 2)") \
	X(EVENT_ADD, "INSERT INTO event (id, ts, run, kind, body, hash) VALUES (?, ?, ?, ?, ?, ?)")
DB_TABLE(DB_EVENT, sql, SQL)

/* Numbers as 8 bytes, least significant first; texts with their length in front, so that no two events give the same
 * bytes. */
static void add_number(struct sha256 *s, int64_t v)
{
	unsigned char b[8];

	for (int i = 0; i < 8; i++)
		b[i] = (unsigned char)((uint64_t)v >> (8 * i));
	sha256_update(s, b, sizeof b);
}

static void add_text(struct sha256 *s, const char *text, size_t n)
{
	add_number(s, (int64_t)n);
	sha256_update(s, text, n);
}

void event_hash(struct tracker *t, const struct digest *before, const struct event *v, struct digest *ret)
{
	if (!t->sha)
		t->sha = sha256_new();
	sha256_reset(t->sha);
	sha256_update(t->sha, before->b, DIGEST_SIZE);
	add_number(t->sha, v->id);
	add_number(t->sha, v->ts);
	add_number(t->sha, v->run);
	add_text(t->sha, v->kind, v->kind_len);
	add_text(t->sha, v->body, v->body_len);
	sha256_final(t->sha, ret);
}

static int read_head(struct tracker *t, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	int r = db_query(t, &sql, EVENT_HEAD, &st, e);

	if (r < 0 || (r = db_step(t, st, e)) < 0)
		return r;
	t->head_id = 0;
	t->head_hash = (struct digest){0};
	if (r > 0) {
		t->head_id = db_int(st, 0);
		if (!db_digest(st, 1, &t->head_hash))
			return err_set(e, ERR_BROKEN, "the record's audit chain is damaged at event %lld",
			               (long long)t->head_id);
	}
	return 0;
}

int event_add(struct tracker *t, int64_t run, const char *kind, const char *body, struct err *e)
{
	struct event v = {.ts = time_now(),
	                  .run = run,
	                  .kind = kind,
	                  .body = body,
	                  .kind_len = strlen(kind),
	                  .body_len = strlen(body)};
	struct digest hash;
	int r;

	db_need_transaction(t, "event_add");
	if (!t->head_known && (r = read_head(t, e)) < 0)
		return r;
	t->head_known = true;
	v.id = t->head_id + 1;
	event_hash(t, &t->head_hash, &v, &hash);
	r = db_write(t, &sql, EVENT_ADD, e, DB_INT(v.id), DB_INT(v.ts), DB_ID(run), DB_TEXT(kind), DB_TEXT(body),
	             DB_DIGEST(hash.b));
	if (r < 0)
		return r;
	t->head_id = v.id;
	t->head_hash = hash;
	return 0;
}

/* Whether DIR/chain is of this record; of one that is missing, whether no more than so many runs have ended. ret_id:
 * the event that it names, 0 for none. */
static int check_file(struct tracker *t, int64_t ends, int64_t *ret_id, struct err *e)
{
	_query_ sqlite3_stmt *st = NULL;
	struct anchor file = {0};
	struct digest hash;
	int64_t ended = 0;
	int r = anchor_read(t->dir, &file, e);

	if (r < 0 || (r == 0 && (r = db_get_int(t, &sql, EVENT_ENDS, &ended, e)) < 0))
		return r;
	if (ended > ends)
		return err_set(e, ERR_FAILED, "the file %s/chain is missing", t->dir);
	if (file.id) {
		r = db_query(t, &sql, EVENT_AT, &st, e, DB_INT(file.id));
		if (r < 0 || (r = db_step(t, st, e)) < 0)
			return r;
		if (r == 0 || !db_digest(st, 0, &hash) || !digest_equal(&hash, &file.hash))
			return err_set(e, ERR_FAILED, "the record does not fit the file %s/chain", t->dir);
	}
	*ret_id = file.id;
	return 0;
}

int event_check_head(struct tracker *t, struct err *e)
{
	int64_t id;

	return check_file(t, 0, &id, e);
}

/* Whoever reads the file and then writes it is alone meanwhile, by a lock on the folder, which leaves nothing. One that
 * is held for long is not waited for: its process may be stopped. -1: no lock. */
static int lock_folder(const char *dir)
{
	_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int64_t began = time_mono();

	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || time_mono() - began > PATIENCE_US)
			return -1;
		usleep(2000);
	}
	return mem_take_fd(fd);
}

void event_write_head(struct tracker *t)
{
	struct anchor head = {.id = t->head_id, .hash = t->head_hash};
	_close_ int held = lock_folder(t->dir);
	int64_t written;
	struct err ignored;

	if (held < 0)
		return;
	/* A record that an older jig made has no file before its first end; another process may have written a later
	 * one already. */
	if (check_file(t, 1, &written, &ignored) >= 0 && written < head.id)
		anchor_write(t->dir, &head, &ignored);
	/* A process that was forked meanwhile would keep it. */
	flock(held, LOCK_UN);
}
