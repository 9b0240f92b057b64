#include "runner/trace/observe_board.h"

#ifdef JIG_POSIX

bool observe_board_take(struct observe_boards *b, pid_t tid, int number, struct lookups *l)
{
	return false;
}

void observe_boards_end(struct observe_boards *b, struct lookups *l)
{
}

void observe_boards_release(struct observe_boards *b)
{
}

#else

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/mem.h"

static const char damaged[] = "a Python wrote over what it told of its imports";

enum { CHUNK = 1 << 16 };

static unsigned how_of(char letter)
{
	switch (letter) {
#define X(c, how) case c: return how;
	BOARD_LETTERS(X)
#undef X
	default: return 0;
	}
}

/* Notes the whole ones among n bytes. How many bytes they are; *ret_over: that was the end. */
static size_t take_notes(const char *text, size_t n, struct lookups *l, bool *ret_over)
{
	size_t at = 0;

	while (at < n && text[at]) {
		const char *end = memchr(text + at, '\0', n - at);
		unsigned how = how_of(text[at]);

		if (!end && n - at <= PATH_MAX)
			return at;
		if (!how || !end || text[at + 1] != '/') {
			l->untrusted = l->untrusted ? l->untrusted : damaged;
			break;
		}
		lookups_add(l, text + at + 1, how);
		at = (size_t)(end - text) + 1;
	}
	*ret_over = at < n;
	return at;
}

static void end_board(int fd, struct lookups *l)
{
	_free_ char *text = mem_alloc(CHUNK);
	bool over = false;
	off_t at = 0;

	while (!over) {
		ssize_t n = pread(fd, text, CHUNK, at);
		size_t took = n > 0 ? take_notes(text, (size_t)n, l, &over) : 0;

		if (n < 0 || (n > 0 && !over && !took))
			l->untrusted = l->untrusted ? l->untrusted : damaged;
		if (!took)
			break;
		at += (off_t)took;
	}
	close(fd);
}

static void drop(struct observe_boards *b, size_t i)
{
	b->fds[i] = b->fds[--b->n];
}

/* Those that nobody can write to any more: only then do they let themselves be sealed against it. */
static void end_left(struct observe_boards *b, struct lookups *l)
{
	for (size_t i = b->n; i-- > 0;)
		if (fcntl(b->fds[i], F_ADD_SEALS, F_SEAL_WRITE) == 0) {
			end_board(b->fds[i], l);
			drop(b, i);
		}
}

bool observe_board_take(struct observe_boards *b, pid_t tid, int number, struct lookups *l)
{
	char path[64], leads[64];
	struct stat st;

	if (b->n == OBSERVE_BOARDS)
		end_left(b, l);
	if (b->n == OBSERVE_BOARDS)
		return false;
	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)tid, number);
	/* Anything else is not touched: to open it may take long, or do something. */
	ssize_t n = readlink(path, leads, sizeof leads);
	if (n < 7 || memcmp(leads, "/memfd:", 7))
		return false;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0 || fstat(fd, &st) < 0 ||
	    st.st_size != OBSERVE_BOARD) {
		close(fd);
		return false;
	}
	b->fds[b->n++] = fd;
	return true;
}

void observe_boards_end(struct observe_boards *b, struct lookups *l)
{
	while (b->n)
		end_board(b->fds[--b->n], l);
}

void observe_boards_release(struct observe_boards *b)
{
	while (b->n)
		close(b->fds[--b->n]);
}

#endif
