/* A log on its way to a terminal: whole lines, colours (SGR) kept, everything else that a terminal could act on made
 * visible. A line that was written over with carriage returns shows only what stood there last. */
#ifndef CLI_LOG_TEXT_H
#define CLI_LOG_TEXT_H

#include <stdbool.h>
#include "base/buf.h"

struct log_text {
	struct buf line; /* what has no newline yet */
	bool ascii, coloured;
};
#define LOG_TEXT_INIT(ascii_) { .line = BUF_INIT, .ascii = (ascii_) }

void log_text_release(struct log_text *t);
/* Appends what the bytes make of whole lines. */
void log_text_add(struct log_text *t, const char *bytes, size_t n, struct buf *out);
/* Progress that is written over and over without a newline: the last whole state of it as a line of its own. */
void log_text_progress(struct log_text *t, struct buf *out);
/* The rest, with a newline behind it, and colours put back. */
void log_text_end(struct log_text *t, struct buf *out);

#endif
