/* Reading a file to its end while hashing it, and writing it somewhere else on the way where that is asked.
 * One stream serves many files, one after the other; each thread has its own. */
#ifndef STORE_STREAM_H
#define STORE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/mem.h"
#include "base/sha256.h"

#define STREAM_CHUNK (1 << 20)

struct stream {
	struct sha256 *hash;
	char *buf;
	size_t cap;
	bool whole; /* after stream_run: buf holds all that was read */
};
#define STREAM_INIT { NULL, NULL, 0, false }
#define _stream_ _cleanup_(stream_release)

void stream_release(struct stream *st);

/* What one file is. `expect` is its size as fstat gave it: it sizes the reads, more or less may come. */
struct stream_job {
	int in, out;                    /* out -1: only hashed */
	const char *in_name, *out_name; /* for messages */
	int64_t expect;
	int early; /* descriptor whose dirty pages are sent to the disk while the hashing goes on, -1: none */
};
/* From the offset of `in` to its end. ERR_BROKEN when reading or writing fails. */
int stream_run(struct stream *st, const struct stream_job *job, struct digest *ret, int64_t *ret_size, struct err *e);

#endif
