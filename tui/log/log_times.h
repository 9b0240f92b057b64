/* When each part of a log came and by which stream: its side index (runner/log/log.h), looked up on disk. */
#ifndef TUI_LOG_TIMES_H
#define TUI_LOG_TIMES_H

#include <stdbool.h>
#include <stdint.h>

struct log_times;
/* Of the log in a folder. There may be none, or none yet. */
struct log_times *log_times_new(const char *folder);
void log_times_free(struct log_times *t);
/* The index may have grown or be another one; to be called when the log has changed. */
void log_times_refresh(struct log_times *t);
bool log_times_any(const struct log_times *t);
/* For the byte at an offset of the log: µs since 1970, and the stream (0 stdout, 1 stderr). False: it is not told. */
bool log_times_at(struct log_times *t, int64_t off, int64_t *ret_us, int *ret_stream);

#endif
