#include "tui/log/log_times.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/mem.h"
#include "base/path.h"

#define HEAD 8
#define RECORD 16
#define PAGE 256 /* records that are read at once */

struct log_times {
	char *path;
	int fd;
	dev_t dev;
	ino_t ino;
	int64_t n;          /* whole records */
	int64_t page, npage; /* records in memory */
	uint64_t records[PAGE][2];
};

struct log_times *log_times_new(const char *folder)
{
	struct log_times *t = mem_zero(sizeof *t);

	t->path = path_join(folder, "log.idx");
	t->fd = -1;
	log_times_refresh(t);
	return t;
}

void log_times_free(struct log_times *t)
{
	if (!t)
		return;
	mem_closep(&t->fd);
	free(t->path);
	free(t);
}

static bool good(int fd, struct stat *ret)
{
	char head[HEAD];

	return fstat(fd, ret) == 0 && S_ISREG(ret->st_mode) && pread(fd, head, HEAD, 0) == HEAD &&
	       memcmp(head, "JIGLOG1\n", HEAD) == 0;
}

void log_times_refresh(struct log_times *t)
{
	struct stat st;

	if (stat(t->path, &st) < 0)
		return;
	if (t->fd < 0 || st.st_dev != t->dev || st.st_ino != t->ino) {
		_close_ int fd = open(t->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0 || !good(fd, &st))
			return;
		mem_closep(&t->fd);
		t->fd = mem_take_fd(fd);
		t->dev = st.st_dev;
		t->ino = st.st_ino;
	}
	t->n = st.st_size > HEAD ? (st.st_size - HEAD) / RECORD : 0;
	t->npage = 0;
}

bool log_times_any(const struct log_times *t)
{
	return t->n > 0;
}

static bool record(struct log_times *t, int64_t i, uint64_t ret[2])
{
	if (i < t->page || i >= t->page + t->npage) {
		t->page = i - i % PAGE;
		t->npage = 0;
		ssize_t r = pread(t->fd, t->records, sizeof t->records, HEAD + t->page * RECORD);
		t->npage = r > 0 ? r / RECORD : 0;
		if (i >= t->page + t->npage)
			return false;
	}
	memcpy(ret, t->records[i - t->page], sizeof t->records[0]);
	return true;
}

bool log_times_at(struct log_times *t, int64_t off, int64_t *ret_us, int *ret_stream)
{
	int64_t low = 0, high = t->n; /* the record lies before high; that at low − 1 begins at off or before */
	uint64_t r[2];

	while (low < high) {
		/* Neighbours are mostly asked for together. */
		int64_t middle = low + (high - low) / 2;
		if (t->npage && high - low > PAGE && t->page > low && t->page < high)
			middle = t->page;
		else if (t->npage && high - low > PAGE && t->page + t->npage - 1 > low && t->page + t->npage - 1 < high)
			middle = t->page + t->npage - 1;
		if (!record(t, middle, r))
			return false;
		if (r[0] <= (uint64_t)off)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || !record(t, low - 1, r))
		return false;
	*ret_us = (int64_t)(r[1] >> 1);
	*ret_stream = (int)(r[1] & 1);
	return true;
}
