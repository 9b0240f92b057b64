#include "tui/log/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/time.h"
#include "tui/log/log_level.h"
#include "tui/log/log_vector.h"

#define CACHE (128 << 10)
#define LOOK_BACK (16 << 10)
#define BEFORE 1024 /* read around a block: the line before it, the end of its last one */
#define BEHIND 2048

/* ---- the file ---- */

static size_t read_at(int fd, int64_t off, char *to, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = pread(fd, to + got, n - got, (off_t)(off + (int64_t)got));
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		got += (size_t)r;
	}
	return got;
}

static void forget_counts(struct log_file *f)
{
	vec_clear(&f->blocks);
	f->sum = f->rest = (struct log_block){ 0 };
	f->counted = 0;
}

static void remember(struct log_file *f, const struct stat *st)
{
	f->size = st->st_size;
	f->mtime = st->st_mtim;
	f->nlast = f->size < (int64_t)sizeof f->last ? (size_t)f->size : sizeof f->last;
	f->nlast = read_at(f->fd, f->size - (int64_t)f->nlast, f->last, f->nlast);
	buf_reset(&f->cache);
}

static int open_path(struct log_file *f, struct stat *ret, struct err *e)
{
	_close_ int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return err_errno(e, "%s", f->path);
	if (fstat(fd, ret) < 0)
		return err_errno(e, "%s", f->path);
	if (!S_ISREG(ret->st_mode))
		return err_set(e, ERR_USAGE, "%s is no file", f->path);
	mem_closep(&f->fd);
	f->fd = mem_take_fd(fd);
	f->dev = ret->st_dev;
	f->ino = ret->st_ino;
	remember(f, ret);
	forget_counts(f);
	return 0;
}

int log_file_open(const char *path, struct log_file **ret, struct err *e)
{
	struct log_file *f = mem_zero(sizeof *f);
	struct stat st;

	f->path = mem_strdup(path);
	f->fd = -1;
	buf_init(&f->cache);
	int r = open_path(f, &st, e);
	if (r < 0 && r != ERR_NOT_FOUND) {
		log_file_free(f);
		return r;
	}
	*ret = f;
	return 0;
}

void log_file_free(struct log_file *f)
{
	if (!f)
		return;
	mem_closep(&f->fd);
	buf_release(&f->cache);
	vec_release(&f->blocks);
	free(f->path);
	free(f);
}

static bool same_last(const struct log_file *f, int64_t size)
{
	char last[sizeof f->last];
	size_t n = read_at(f->fd, size - (int64_t)f->nlast, last, f->nlast);

	return n == f->nlast && memcmp(last, f->last, n) == 0;
}

enum log_change log_file_refresh(struct log_file *f)
{
	struct stat st;
	struct err ignored;

	if (stat(f->path, &st) < 0)
		return f->fd >= 0 ? LOG_GONE : LOG_SAME;
	if (f->fd < 0 || st.st_dev != f->dev || st.st_ino != f->ino) {
		bool new = f->fd < 0;
		if (open_path(f, &st, &ignored) < 0)
			return LOG_SAME;
		return new ? LOG_GREW : LOG_REPLACED;
	}
	if (st.st_size == f->size && st.st_mtim.tv_sec == f->mtime.tv_sec && st.st_mtim.tv_nsec == f->mtime.tv_nsec)
		return LOG_SAME;
	enum log_change change = st.st_size < f->size ? LOG_CUT :
	                         !same_last(f, f->size) ? LOG_REPLACED :
	                         st.st_size > f->size ? LOG_GREW : LOG_SAME;
	remember(f, &st);
	if (change == LOG_CUT || change == LOG_REPLACED)
		forget_counts(f);
	return change;
}

/* Bytes from an offset on, at most n and fewer at the end; NULL when there are none. They hold until the next call. */
static const char *bytes_at(struct log_file *f, int64_t off, size_t n, size_t *ret_n)
{
	if (f->fd < 0 || off < 0 || off >= f->size)
		return NULL;
	if ((int64_t)n > f->size - off)
		n = (size_t)(f->size - off);
	if (off < f->cache_at || off + (int64_t)n > f->cache_at + (int64_t)f->cache.len) {
		size_t before = off > LOOK_BACK ? LOOK_BACK : (size_t)off;
		size_t want = n + before > CACHE ? n + before : CACHE;
		f->cache_at = off - (int64_t)before;
		buf_reset(&f->cache);
		buf_reserve(&f->cache, want);
		f->cache.len = read_at(f->fd, f->cache_at, f->cache.data, want);
		f->cache.data[f->cache.len] = '\0';
	}
	int64_t have = f->cache_at + (int64_t)f->cache.len - off;
	if (have <= 0) /* it was cut, and nobody looked yet */
		return NULL;
	*ret_n = have < (int64_t)n ? (size_t)have : n;
	return f->cache.data + (off - f->cache_at);
}

/* ---- lines ---- */

/* The last newline in [from, to), -1 when there is none. */
static int64_t newline_before(struct log_file *f, int64_t from, int64_t to)
{
	while (to > from) {
		int64_t at = to - LOOK_BACK > from ? to - LOOK_BACK : from;
		size_t n;
		const char *s = bytes_at(f, at, (size_t)(to - at), &n), *nl = s ? memrchr(s, '\n', n) : NULL;
		if (nl)
			return at + (nl - s);
		to = at;
	}
	return -1;
}

int64_t log_file_start(struct log_file *f, int64_t off)
{
	int64_t piece = off - off % LOG_PIECE, nl = newline_before(f, piece, off);

	if (nl >= 0)
		return nl + 1;
	if (piece == 0)
		return 0;
	nl = newline_before(f, piece - LOG_PIECE, piece);
	return nl >= 0 ? nl + 1 : piece;
}

/* Where a line that begins at off ends at the latest. */
static int64_t piece_end(int64_t off)
{
	return (off + 2 * LOG_PIECE - 1) / LOG_PIECE * LOG_PIECE;
}

int64_t log_file_next(struct log_file *f, int64_t off)
{
	int64_t last = piece_end(off);

	for (int64_t at = off; at < last && at < f->size;) {
		size_t n;
		int64_t want = last - at < LOOK_BACK ? last - at : LOOK_BACK;
		const char *s = bytes_at(f, at, (size_t)want, &n), *nl = s ? memchr(s, '\n', n) : NULL;
		if (nl)
			return at + (nl - s) + 1;
		if (!s)
			return f->size;
		at += (int64_t)n;
	}
	return last < f->size ? last : f->size;
}

int64_t log_file_previous(struct log_file *f, int64_t off)
{
	return off > 0 ? log_file_start(f, off - 1) : -1;
}

const char *log_file_line(struct log_file *f, int64_t off, size_t *ret_n)
{
	int64_t end = log_file_next(f, off);
	size_t n;
	const char *s = end > off ? bytes_at(f, off, (size_t)(end - off), &n) : NULL;

	if (!s) {
		*ret_n = 0;
		return "";
	}
	*ret_n = n > 0 && s[n - 1] == '\n' ? n - 1 : n;
	return s;
}

/* ---- blocks ---- */

void log_window_release(struct log_window *w)
{
	buf_release(&w->b);
}

/* More behind what was read; false at the end of the file. */
static bool window_more(struct log_window *w, struct log_file *f, size_t n)
{
	int64_t at = w->at + (int64_t)w->b.len, left = f->size - at;
	size_t want = left < (int64_t)n ? (size_t)(left > 0 ? left : 0) : n;

	buf_reserve(&w->b, want);
	size_t got = want && f->fd >= 0 ? read_at(f->fd, at, w->b.data + w->b.len, want) : 0;
	w->b.len += got;
	if (w->b.cap)
		w->b.data[w->b.len] = '\0';
	return got > 0;
}

static bool piece_begins(struct log_file *f, int64_t off)
{
	return off % LOG_PIECE == 0 && newline_before(f, off - LOG_PIECE, off) < 0;
}

void log_window_read(struct log_window *w, struct log_file *f, int64_t block)
{
	int64_t at = block * LOG_BLOCK;
	size_t before = at > BEFORE ? BEFORE : (size_t)at;
	const char *nl;

	w->at = at - (int64_t)before;
	w->ended = true;
	buf_reset(&w->b);
	window_more(w, f, before + LOG_BLOCK + BEHIND);
	w->block = w->b.len < before ? w->b.len : before;
	w->block_end = w->b.len < before + LOG_BLOCK ? w->b.len : before + LOG_BLOCK;
	w->from = w->end = w->block_end;
	if (w->block == w->block_end)
		return;
	if (block == 0 || w->b.data[w->block - 1] == '\n' || piece_begins(f, at)) {
		w->from = w->block;
	} else {
		nl = memchr(w->b.data + w->block, '\n', w->block_end - w->block);
		if (!nl || (size_t)(nl + 1 - w->b.data) == w->block_end)
			return;
		w->from = (size_t)(nl + 1 - w->b.data);
	}
	nl = memrchr(w->b.data + w->from, '\n', w->block_end - 1 - w->from);
	size_t last = nl ? (size_t)(nl + 1 - w->b.data) : w->from;
	size_t most = (size_t)(piece_end(w->at + (int64_t)last) - w->at), look = w->block_end - 1;
	for (size_t more = BEHIND;; more *= 2) {
		nl = memchr(w->b.data + look, '\n', w->b.len - look);
		if (nl || w->b.len >= most)
			break;
		look = w->b.len;
		if (!window_more(w, f, more)) {
			w->ended = false;
			break;
		}
	}
	w->end = nl ? (size_t)(nl + 1 - w->b.data) : w->b.len;
	if (w->end > most)
		w->end = most;
}

bool log_window_indented(const struct log_window *w, const char *s)
{
	size_t at = (size_t)(s - w->b.data);

	if (at < 2)
		return false;
	const char *nl = memrchr(w->b.data, '\n', at - 1);
	return nl && (nl[1] == ' ' || nl[1] == '\t');
}

/* ---- counting ---- */

static uint64_t newlines(const char *s, size_t n)
{
	uint64_t count = 0;

	while (n >= VECTOR) {
		/* Each byte counts up to 255. */
		vector sums = { 0 };
		for (int i = 0; i < 255 && n >= VECTOR; i++, s += VECTOR, n -= VECTOR)
			sums -= (vector)(vector_load(s) == vector_of('\n'));
		for (int i = 0; i < VECTOR; i++)
			count += sums[i];
	}
	for (; n > 0; s++, n--)
		count += *s == '\n';
	return count;
}

static void levels(const struct log_window *w, struct log_block *to)
{
	const char *s = w->b.data + w->from, *end = w->b.data + w->end;

	while (s < end && (s = log_level_candidate(s, end)) < end) {
		const char *nl = memrchr(w->b.data + w->from, '\n', (size_t)(s - (w->b.data + w->from)));
		const char *line = nl ? nl + 1 : w->b.data + w->from, *stop = memchr(s, '\n', (size_t)(end - s));
		if (!stop)
			stop = end;
		enum log_level level = log_level_of(line, (size_t)(stop - line), log_window_indented(w, line));
		to->errors += level == LEVEL_ERROR;
		to->warnings += level == LEVEL_WARNING;
		s = stop + 1;
	}
}

bool log_file_counted(const struct log_file *f)
{
	return f->counted >= f->size;
}

bool log_file_count(struct log_file *f, int64_t us)
{
	struct log_window w = LOG_WINDOW_INIT;
	int64_t until = time_mono() + us;

	if (f->fd < 0 || log_file_counted(f))
		return false;
	/* Blocks that may change are the rest, counted again from the first of them on. */
	f->rest = (struct log_block){ 0 };
	bool good = true;
	for (int64_t block = (int64_t)f->blocks.len; block * LOG_BLOCK < f->size; block++) {
		if (good && time_mono() >= until)
			break;
		log_window_read(&w, f, block);
		struct log_block one = { .lines = newlines(w.b.data + w.block, w.block_end - w.block) };
		levels(&w, &one);
		good = good && w.ended && w.block_end - w.block == LOG_BLOCK;
		struct log_block *to = good ? &f->sum : &f->rest;
		if (good)
			vec_push(&f->blocks, (struct log_block){ f->sum.lines, one.errors, one.warnings });
		to->lines += one.lines;
		to->errors += one.errors;
		to->warnings += one.warnings;
		if (good)
			f->counted = (block + 1) * LOG_BLOCK;
		else if (w.block_end == w.block) /* it was cut, and nobody looked yet */
			break;
		else
			f->counted = w.at + (int64_t)w.block_end;
	}
	log_window_release(&w);
	if (!good && f->counted < f->size)
		f->counted = f->size;
	return !log_file_counted(f);
}

int64_t log_file_lines(struct log_file *f)
{
	bool open = log_file_counted(f) && f->size > 0 && f->nlast > 0 && f->last[f->nlast - 1] != '\n';

	return (int64_t)(f->sum.lines + f->rest.lines) + open;
}

int64_t log_file_errors(const struct log_file *f)
{
	return (int64_t)f->sum.errors + f->rest.errors;
}

int64_t log_file_warnings(const struct log_file *f)
{
	return (int64_t)f->sum.warnings + f->rest.warnings;
}

int64_t log_file_number(struct log_file *f, int64_t off)
{
	int64_t block = off / LOG_BLOCK, at;
	uint64_t lines;

	if (off > f->counted)
		return 0;
	if (block > (int64_t)f->blocks.len)
		block = (int64_t)f->blocks.len;
	lines = block < (int64_t)f->blocks.len ? f->blocks.v[block].lines : f->sum.lines;
	for (at = block * LOG_BLOCK; at < off;) {
		size_t n;
		const char *s = bytes_at(f, at, (size_t)(off - at < LOG_BLOCK ? off - at : LOG_BLOCK), &n);
		if (!s)
			break;
		lines += newlines(s, n);
		at += (int64_t)n;
	}
	return (int64_t)lines + 1;
}
