#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "base/file.h"
#include "store/stream.h"

/* Below this a file is on the disk before a request of its own could help. */
#define EARLY_MIN (8 << 20)
#define EARLY_STEP (8 << 20)

void stream_release(struct stream *st)
{
	sha256_free(st->hash);
	free(st->buf);
	*st = (struct stream)STREAM_INIT;
}

/* Memory for a chunk, or for all of a smaller file and a byte more, so that one read sees its end. */
static void stream_reserve(struct stream *st, int64_t expect)
{
	size_t want = expect < STREAM_CHUNK ? (size_t)expect + 1 : STREAM_CHUNK;
	if (want < 16384)
		want = 16384;
	if (st->cap >= want)
		return;
	free(st->buf);
	st->buf = mem_alloc(want);
	st->cap = want;
}

/* Asks the kernel to write a range now, without waiting; the fsync at the end then finds little left. */
static void early_write(int fd, int64_t from, int64_t n)
{
#if defined(__linux__) && !defined(JIG_POSIX)
	sync_file_range(fd, from, n, SYNC_FILE_RANGE_WRITE);
#endif
}

int stream_run(struct stream *st, const struct stream_job *job, struct digest *ret, int64_t *ret_size, struct err *e)
{
	if (st->hash)
		sha256_reset(st->hash);
	else
		st->hash = sha256_new();
	stream_reserve(st, job->expect);
	bool early = job->early >= 0 && job->expect >= EARLY_MIN;
#ifdef POSIX_FADV_SEQUENTIAL
	if (job->expect > STREAM_CHUNK)
		posix_fadvise(job->in, 0, 0, POSIX_FADV_SEQUENTIAL);
#endif
	int64_t total = 0, kicked = 0;
	st->whole = true;
	/* A source that is hashed where it stands is dirty already, so its range goes out before it is read; a copy has
	 * dirty pages only behind what was written. */
	bool ahead = job->early != job->out;
	for (;;) {
		if (early && ahead && kicked <= total) {
			early_write(job->early, kicked, EARLY_STEP);
			kicked += EARLY_STEP;
		}
		ssize_t n = read(job->in, st->buf, st->cap);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return err_errno(e, "%s: cannot read", job->in_name);
		}
		if (n == 0)
			break;
		sha256_update(st->hash, st->buf, (size_t)n);
		if (job->out >= 0 && file_write_all(job->out, st->buf, (size_t)n) < 0)
			return err_errno(e, "%s: cannot write", job->out_name);
		st->whole = total == 0;
		total += n;
		if (early && !ahead && total - kicked >= EARLY_STEP) {
			early_write(job->early, kicked, total - kicked);
			kicked = total;
		}
		/* A short read at the size that the file is known to have is its end: a call less for small files. */
		if ((size_t)n < st->cap && total >= job->expect)
			break;
	}
	sha256_final(st->hash, ret);
	if (ret_size)
		*ret_size = total;
	return 0;
}
