/* A log of any size: read by pread where it is looked at, and counted from its beginning in slices. Lines are named by
 * the offset of their first byte. It may grow, be cut or replaced at any time.
 *
 * A line ends with its newline; where there is none for LOG_PIECE bytes it is cut at multiples of LOG_PIECE, so that no
 * line is longer than twice that.
 *
 * In memory: 16 bytes for each LOG_BLOCK of the file, 2.5 MB for 10 GB. They live as long as the log is open; counting
 * anew takes less than a look at a file of them would need to be trusted. */
#ifndef TUI_LOG_FILE_H
#define TUI_LOG_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

#define LOG_BLOCK (64 << 10)
#define LOG_PIECE (1 << 20)

struct log_block { uint64_t lines; uint32_t errors, warnings; }; /* newlines before it; lines that begin in it */
struct log_file {
	char *path;
	int fd;              /* -1: there is none */
	int64_t size;        /* when it was last looked at */
	dev_t dev;
	ino_t ino;
	struct timespec mtime;
	char last[64];       /* its last bytes, to know it again */
	size_t nlast;
	struct buf cache;    /* bytes from cache_at on */
	int64_t cache_at;
	VEC(struct log_block) blocks; /* counted for good */
	struct log_block sum;         /* of these; lines: all newlines in them */
	struct log_block rest;        /* of what lies behind them, up to `counted` */
	int64_t counted;
};

/* A file that is not there is fine: it may come. ERR_USAGE: it is no file. */
int log_file_open(const char *path, struct log_file **ret, struct err *e);
void log_file_free(struct log_file *f);

enum log_change {
	LOG_SAME,
	LOG_GREW,
	LOG_CUT,      /* it is shorter: everything is read anew */
	LOG_REPLACED, /* another file, or other bytes */
	LOG_GONE,     /* what was read stays readable */
};
enum log_change log_file_refresh(struct log_file *f);

/* The beginning of the line that holds a byte. */
int64_t log_file_start(struct log_file *f, int64_t off);
/* The line behind the one that begins at off; the size of the file when it is the last one. */
int64_t log_file_next(struct log_file *f, int64_t off);
/* The line before; -1 when there is none. off may be the size. */
int64_t log_file_previous(struct log_file *f, int64_t off);
/* A line's bytes without its newline. */
const char *log_file_line(struct log_file *f, int64_t off, size_t *ret_n);

/* Counts on for about so many µs; true when there is more to do. */
bool log_file_count(struct log_file *f, int64_t us);
bool log_file_counted(const struct log_file *f); /* all of it */
/* Of what was counted. A last line without a newline is one, too. */
int64_t log_file_lines(struct log_file *f);
int64_t log_file_errors(const struct log_file *f);
int64_t log_file_warnings(const struct log_file *f);
/* The number of a line, from 1 on; 0 when it was not counted yet. */
int64_t log_file_number(struct log_file *f, int64_t off);

/* The lines that begin in a block. */
struct log_window {
	struct buf b;
	int64_t at;        /* the offset of b.data[0], somewhat before the block */
	/* the first line that begins in the block, and the end of the last one; from == end: none does */
	size_t from, end;
	size_t block, block_end; /* the bytes of the block itself */
	bool ended;        /* its last line can change no more */
};
#define LOG_WINDOW_INIT { .b = BUF_INIT }
void log_window_release(struct log_window *w);
void log_window_read(struct log_window *w, struct log_file *f, int64_t block);
/* Whether the line before the one at s begins with a blank (log_level.h). */
bool log_window_indented(const struct log_window *w, const char *s);

#endif
