#include "runner/log/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "base/vec.h"
#include "runner/log/log_clean.h"
#include "runner/log/log_ring.h"

#define JOIN_MOST 64
#define LINE_MAX_HELD (64 << 10)
#define HOLD_US 200000
#define RECENT 4096
#define SECRET_MIN 8

static const char magic[8] = "JIGLOG1\n";

struct stream {
	struct buf held;     /* bytes that wait for their newline */
	int64_t since;       /* when the first of them came */
	int64_t ts;          /* of the newest of them */
	char recent[RECENT]; /* the end of what was written, for log_last_line */
	size_t nrecent;
};

struct log {
	char *folder;
	int64_t limit;
	int fd, index;
	int64_t size;              /* bytes in the head */
	int64_t mark_ts;
	int mark_stream;
	struct log_ring *ring;     /* once the head is full */
	struct stream streams[2];
	int last;                  /* the stream that wrote last */
	bool open_line;            /* and what it wrote is no whole line */
	bool ended;
	struct buf line;
	VEC(char *) secrets;
	size_t longest;
};

struct log *log_new(const char *folder, int64_t limit)
{
	struct log *l = mem_zero(sizeof *l);

	l->folder = mem_strdup(folder);
	l->limit = limit > 0 ? limit : 1 << 30;
	l->fd = l->index = -1;
	l->mark_stream = -1;
	buf_init(&l->line);
	for (int i = 0; i < 2; i++)
		buf_init(&l->streams[i].held);
	return l;
}

void log_free(struct log *l)
{
	if (!l)
		return;
	mem_closep(&l->fd);
	mem_closep(&l->index);
	log_ring_free(l->ring);
	for (int i = 0; i < 2; i++)
		buf_release(&l->streams[i].held);
	for (size_t i = 0; i < l->secrets.len; i++)
		free(l->secrets.v[i]);
	vec_release(&l->secrets);
	buf_release(&l->line);
	free(l->folder);
	free(l);
}

static int longer_first(const void *a, const void *b)
{
	size_t x = strlen(*(char *const *)a), y = strlen(*(char *const *)b);

	return (x < y) - (x > y);
}

void log_mask(struct log *l, const char *const *values, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(values[i]);

		if (len < SECRET_MIN)
			continue;
		vec_push(&l->secrets, mem_strdup(values[i]));
		if (len > l->longest)
			l->longest = len;
	}
	if (l->secrets.len)
		qsort(l->secrets.v, l->secrets.len, sizeof *l->secrets.v, longer_first);
}

static int open_files(struct log *l, struct err *e)
{
	_free_ char *path = path_join(l->folder, "log");
	_free_ char *index = path_join(l->folder, "log.idx");

	l->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (l->fd < 0)
		return err_errno(e, "%s", path);
	l->index = open(index, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (l->index < 0 || file_write_all(l->index, magic, sizeof magic) < 0)
		return err_errno(e, "%s", index);
	return 0;
}

static int put_mark(struct log *l, int64_t offset, int64_t ts, int stream, struct err *e)
{
	uint64_t record[2] = { (uint64_t)offset, (uint64_t)ts << 1 | (uint64_t)stream };

	return file_write_all(l->index, record, sizeof record) < 0 ? err_errno(e, "%s/log.idx", l->folder) : 0;
}

static void remember(struct stream *s, const char *bytes, size_t n)
{
	if (n >= RECENT) {
		memcpy(s->recent, bytes + n - RECENT, RECENT);
		s->nrecent = RECENT;
		return;
	}
	if (s->nrecent + n > RECENT) {
		size_t drop = s->nrecent + n - RECENT;

		memmove(s->recent, s->recent + drop, s->nrecent - drop);
		s->nrecent -= drop;
	}
	memcpy(s->recent + s->nrecent, bytes, n);
	s->nrecent += n;
}

/* The second half, with room for the line that tells what is missing. */
static int64_t tail_size(const struct log *l)
{
	int64_t half = l->limit - l->limit / 2;

	return half > 4 * JOIN_MOST ? half - JOIN_MOST : half;
}

static int emit(struct log *l, int stream, const char *bytes, size_t n, int64_t ts, struct err *e)
{
	size_t head;
	int r;

	if (n == 0)
		return 0;
	if (l->fd < 0 && (r = open_files(l, e)) < 0)
		return r;
	l->last = stream;
	l->open_line = bytes[n - 1] != '\n';
	remember(&l->streams[stream], bytes, n);
	head = l->ring ? 0 : (size_t)(l->limit / 2 - l->size);
	if (head > n)
		head = n;
	if (head > 0) {
		if (stream != l->mark_stream || ts != l->mark_ts) {
			r = put_mark(l, l->size, ts, stream, e);
			if (r < 0)
				return r;
			l->mark_stream = stream;
			l->mark_ts = ts;
		}
		if (file_write_all(l->fd, bytes, head) < 0)
			return err_errno(e, "%s/log", l->folder);
		l->size += (int64_t)head;
	}
	if (head == n)
		return 0;
	if (!l->ring && (r = log_ring_new(l->folder, tail_size(l), &l->ring, e)) < 0)
		return r;
	return log_ring_write(l->ring, stream, bytes + head, n - head, ts, e);
}

/* The secret that begins at p, the longest first: its length, 0: none, -1: more bytes must tell (not with end: none
 * will come). */
static ssize_t secret_at(const struct log *l, const char *p, size_t left, bool end)
{
	for (size_t i = 0; i < l->secrets.len; i++) {
		size_t n = strlen(l->secrets.v[i]);

		if (n <= left ? memcmp(p, l->secrets.v[i], n) == 0 : !end && memcmp(p, l->secrets.v[i], left) == 0)
			return n <= left ? (ssize_t)n : -1;
	}
	return 0;
}

/* What is held with every secret in it replaced. end: nothing will follow. */
static void mask(const struct log *l, struct buf *held, bool end)
{
	size_t to = 0, from = 0;

	while (l->secrets.len && from < held->len) {
		ssize_t n = secret_at(l, held->data + from, held->len - from, end);

		if (n < 0)
			break;
		if (n > 0) {
			memcpy(held->data + to, "***", 3);
			to += 3;
			from += (size_t)n;
		} else {
			held->data[to++] = held->data[from++];
		}
	}
	if (to == from)
		return;
	memmove(held->data + to, held->data + from, held->len - from);
	buf_cut(held, to + held->len - from);
}

/* How much of what is held cannot be the beginning of a secret that goes on with the next write. */
static size_t safe(const struct log *l, const struct buf *held)
{
	size_t from = held->len > l->longest ? held->len - l->longest : 0;

	for (size_t i = from; i < held->len && l->secrets.len; i++)
		for (size_t k = 0; k < l->secrets.len; k++) {
			size_t n = held->len - i;

			if (n < strlen(l->secrets.v[k]) && memcmp(held->data + i, l->secrets.v[k], n) == 0)
				return i;
		}
	return held->len;
}

static int release(struct log *l, int stream, size_t n, int64_t ts, struct err *e)
{
	struct stream *s = &l->streams[stream];
	int r = emit(l, stream, s->held.data, n, ts, e);

	buf_drop(&s->held, n);
	return r;
}

int log_write(struct log *l, int stream, const char *bytes, size_t n, int64_t now_us, struct err *e)
{
	struct stream *s = &l->streams[stream];
	const char *nl;
	size_t upto;
	int r;

	if (n == 0 || l->ended)
		return 0;
	/* Whole lines and nothing held: no copy. */
	nl = memrchr(bytes, '\n', n);
	if (s->held.len == 0 && !l->secrets.len && nl) {
		upto = nl - bytes + 1;
		r = emit(l, stream, bytes, upto, now_us, e);
		if (r < 0)
			return r;
		bytes += upto;
		n -= upto;
	}
	if (n == 0)
		return 0;
	if (s->held.len == 0)
		s->since = now_us;
	buf_add(&s->held, bytes, n);
	s->ts = now_us;
	mask(l, &s->held, false);
	upto = safe(l, &s->held);
	if (s->held.len < LINE_MAX_HELD) {
		nl = memrchr(s->held.data, '\n', upto);
		upto = nl ? (size_t)(nl - s->held.data) + 1 : 0;
	}
	if (upto == 0)
		return 0;
	r = release(l, stream, upto, now_us, e);
	s->since = now_us;
	return r;
}

int log_flush(struct log *l, int64_t now_us, struct err *e)
{
	for (int i = 0; i < 2; i++) {
		struct stream *s = &l->streams[i];
		int r;

		if (s->held.len && now_us - s->since >= HOLD_US && (r = release(l, i, safe(l, &s->held), s->ts, e)) < 0)
			return r;
	}
	return 0;
}

static int join(struct log *l, struct err *e)
{
	char size[16];
	_free_ char *text = NULL;
	int64_t lost = log_ring_lost(l->ring);
	int64_t start;
	int r;

	size_text(lost, size);
	text = lost > 0 ? mem_printf("\n[jig: %s left out here]\n", size) : mem_strdup("");
	if (file_write_all(l->fd, text, strlen(text)) < 0)
		return err_errno(e, "%s/log", l->folder);
	start = l->size + (int64_t)strlen(text);
	r = log_ring_copy(l->ring, l->fd, e);
	for (size_t i = 0; r >= 0 && i < log_ring_marks(l->ring); i++) {
		struct log_mark m = log_ring_mark(l->ring, i);

		r = put_mark(l, start + (int64_t)m.offset, m.ts, m.stream, e);
	}
	if (r >= 0)
		l->size = lseek(l->fd, 0, SEEK_CUR);
	return r;
}

/* The rest of a stream, its last line ended. */
static int finish_stream(struct log *l, int stream, int64_t now, struct err *e)
{
	struct stream *s = &l->streams[stream];

	mask(l, &s->held, true);
	if (s->held.len ? s->held.data[s->held.len - 1] != '\n' : l->last == stream && l->open_line) {
		if (!s->held.len)
			s->ts = now;
		buf_addc(&s->held, '\n');
	}
	return release(l, stream, s->held.len, s->ts, e);
}

int log_finish(struct log *l, int64_t now_us, int64_t *ret_size, struct err *e)
{
	int r = 0;

	for (int i = 0; r >= 0 && i < 2 && !l->ended; i++)
		r = finish_stream(l, i, now_us, e);
	l->ended = true;
	if (r >= 0 && l->ring)
		r = join(l, e);
	log_ring_free(l->ring);
	l->ring = NULL;
	mem_closep(&l->fd);
	mem_closep(&l->index);
	l->fd = l->index = -1;
	if (r >= 0)
		*ret_size = l->size;
	return r;
}

static bool last_line(struct buf *out, const struct stream *s)
{
	size_t end = s->nrecent;

	while (end > 0) {
		const char *nl = memrchr(s->recent, '\n', end);
		size_t from = nl ? (size_t)(nl - s->recent) + 1 : 0;

		buf_reset(out);
		log_clean_line(out, s->recent + from, end - from);
		if (out->len)
			return true;
		if (!nl)
			break;
		end = from - 1;
	}
	buf_reset(out);
	return false;
}

const char *log_last_line(const struct log *l, int stream)
{
	struct buf *out = (struct buf *)&l->line;

	if (stream >= 0)
		last_line(out, &l->streams[stream]);
	else if (!last_line(out, &l->streams[l->last]))
		last_line(out, &l->streams[!l->last]);
	return out->data;
}

int log_index_read(const char *folder, struct log_mark **ret, size_t *ret_len, struct err *e)
{
	_free_ char *path = path_join(folder, "log.idx");
	_buf_ struct buf b = BUF_INIT;
	struct log_mark *marks;
	size_t n;
	int r = file_read(path, (size_t)1 << 31, &b, e);

	if (r < 0)
		return r;
	if (b.len < sizeof magic || memcmp(b.data, magic, sizeof magic) != 0)
		return err_set(e, ERR_BROKEN, "%s is no index of a log", path);
	n = (b.len - sizeof magic) / 16;
	marks = mem_array(NULL, n + 1, sizeof *marks);
	for (size_t i = 0; i < n; i++) {
		uint64_t record[2];

		memcpy(record, b.data + sizeof magic + i * 16, 16);
		marks[i] = (struct log_mark){ record[0], (int64_t)(record[1] >> 1), (int)(record[1] & 1) };
	}
	*ret = marks;
	*ret_len = n;
	return 0;
}
