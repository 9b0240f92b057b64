#include "runner/log/log_ring.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/vec.h"

#define CHUNK (1 << 20)
#define MARKS_MAX 500000
/* Marks closer than this are one: it bounds their number for a stream that floods. */
#define MARK_US 10000

struct log_ring {
	int fd;
	int64_t size, written; /* written: all bytes ever */
	int64_t from;          /* first byte of the copy, counted as `written` is */
	VEC(struct log_mark) marks;
};

int log_ring_new(const char *folder, int64_t size, struct log_ring **ret, struct err *e)
{
	_free_ char *path = mem_printf("%s/log.tail", folder);
	struct log_ring *r;
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_errno(e, "%s", path);
	unlink(path);
	r = mem_zero(sizeof *r);
	r->fd = fd;
	r->size = size > 0 ? size : 1;
	*ret = r;
	return 0;
}

void log_ring_free(struct log_ring *r)
{
	if (!r)
		return;
	close(r->fd);
	vec_release(&r->marks);
	free(r);
}

static void mark(struct log_ring *r, int stream, int64_t ts)
{
	struct log_mark *last = r->marks.len ? &r->marks.v[r->marks.len - 1] : NULL;

	if (last && last->stream == stream && ts - last->ts < MARK_US)
		return;
	if (r->marks.len >= MARKS_MAX) {
		int64_t oldest = r->written - r->size;
		size_t keep = 0;

		for (size_t i = 0; i < r->marks.len; i++)
			if ((int64_t)r->marks.v[i].offset >= oldest)
				r->marks.v[keep++] = r->marks.v[i];
		r->marks.len = keep;
		if (keep >= MARKS_MAX / 2)
			return;
	}
	vec_push(&r->marks, (struct log_mark){ (uint64_t)r->written, ts, stream });
}

int log_ring_write(struct log_ring *r, int stream, const char *bytes, size_t n, int64_t ts, struct err *e)
{
	mark(r, stream, ts);
	while (n > 0) {
		int64_t at = r->written % r->size;
		size_t part = (size_t)(r->size - at) < n ? (size_t)(r->size - at) : n;
		ssize_t done = pwrite(r->fd, bytes, part, at);

		if (done < 0)
			return err_errno(e, "the end of a log over its limit");
		bytes += done;
		n -= (size_t)done;
		r->written += done;
	}
	return 0;
}

int64_t log_ring_lost(const struct log_ring *r)
{
	return r->written > r->size ? r->written - r->size : 0;
}

int log_ring_copy(struct log_ring *r, int fd, struct err *e)
{
	_free_ char *bytes = mem_alloc(CHUNK);
	int64_t at = log_ring_lost(r);
	bool whole = at == 0;

	r->from = at;
	while (at < r->written) {
		int64_t place = at % r->size;
		int64_t left = r->written - at < r->size - place ? r->written - at : r->size - place;
		ssize_t n = pread(r->fd, bytes, left < CHUNK ? (size_t)left : CHUNK, place);
		const char *from = bytes;

		if (n <= 0)
			return err_errno(e, "the end of a log over its limit");
		if (!whole) {
			const char *nl = memchr(bytes, '\n', (size_t)n);

			/* From a whole line on, unless nothing of the end would be left. */
			from = nl && at + (nl + 1 - bytes) < r->written ? nl + 1 : bytes;
			r->from = at + (from - bytes);
			whole = true;
		}
		if (file_write_all(fd, from, (size_t)(n - (from - bytes))) < 0)
			return err_errno(e, "a log over its limit");
		at += n;
	}
	return 0;
}

static size_t first_mark(const struct log_ring *r)
{
	size_t i = 0;

	while (i + 1 < r->marks.len && (int64_t)r->marks.v[i + 1].offset <= r->from)
		i++;
	return i;
}

size_t log_ring_marks(const struct log_ring *r)
{
	return r->marks.len - first_mark(r);
}

struct log_mark log_ring_mark(const struct log_ring *r, size_t i)
{
	struct log_mark m = r->marks.v[first_mark(r) + i];

	m.offset = (int64_t)m.offset > r->from ? m.offset - (uint64_t)r->from : 0;
	return m;
}
