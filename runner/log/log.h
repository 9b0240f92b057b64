/* The log of an attempt: what it wrote to both streams as it came, DIR/log, and a side index of time and stream,
 * DIR/log.idx.
 *
 * Lines of the two streams are never mixed within a line: the tail of an unfinished line is held back until its
 * newline, 64 KiB, or log_flush. The files are made with the first byte; a silent step has none. Index: "JIGLOG1\n",
 * then 16-byte records in native little endian: u64 offset of the first byte, u64 (time_us << 1 | stream), stream 0 =
 * stdout, 1 = stderr; one for each run of bytes of one stream and read. Over `limit` bytes the middle is left out: the
 * first half of the limit stays, the rest is a ring in memory-bounded fashion (a second file), and the join says how
 * much is missing: "[jig: 1.2 GB left out here]". */
#ifndef RUNNER_LOG_H
#define RUNNER_LOG_H

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

struct log;
struct log *log_new(const char *folder, int64_t limit); /* touches no disk */
void log_free(struct log *l);
int log_write(struct log *l, int stream, const char *bytes, size_t n, int64_t now_us, struct err *e);
int log_flush(struct log *l, int64_t now_us, struct err *e); /* writes held-back tails older than 200 ms */
/* Ends unfinished lines, joins head and tail, closes. ret_size 0: there is no log. */
int log_finish(struct log *l, int64_t now_us, int64_t *ret_size, struct err *e);
/* The last line with any text of a stream (or of both, stream < 0), without escapes and CR parts; "" when none.
 * Borrowed until the next write. */
const char *log_last_line(const struct log *l, int stream);

/* Masks: every occurrence of one of these values is written as "***", also when it is split over writes. Values of at
 * least 8 bytes; copied. */
void log_mask(struct log *l, const char *const *values, size_t n);

/* Reading: the index as an array; missing or torn records at the end are left out. */
struct log_mark { uint64_t offset; int64_t ts; int stream; };
int log_index_read(const char *folder, struct log_mark **ret, size_t *ret_len, struct err *e);

/* The root error of a failed attempt from the tail of its log (facts/debugging.md: Python tracebacks with rank prefixes
 * and groups, R, Julia, shell, compilers; else the last non-empty line of stderr). Files inside `work` are given
 * relative to it. Owned texts; *ret_file NULL when no place was found; *ret_message NULL when the log is empty. */
int log_root_error(const char *folder, const char *work, char **ret_file, int *ret_line, char **ret_message,
                   struct err *e);

#endif
