/* Private to tracker/: a place in the audit chain as text, "<events>:<64 hex digits>", and the file DIR/chain, which
 * keeps the place of the last end of a run. "0:<zeros>" is the place before the first event: the file is made with the
 * database, so that one that is missing was taken away. */
#ifndef TRACKER_ANCHOR_H
#define TRACKER_ANCHOR_H

#include "tracker/tracker.h"

#define ANCHOR_TEXT (DIGEST_HEX + 24)

struct anchor {
	int64_t id;
	struct digest hash;
};

/* A newline may end it. */
bool anchor_parse(const char *text, struct anchor *ret);
void anchor_text(const struct anchor *a, char out[ANCHOR_TEXT]);
/* DIR/chain: 1, or 0 when there is none. ERR_FAILED: it holds no anchor; other codes: it cannot be read. */
int anchor_read(const char *dir, struct anchor *ret, struct err *e);
int anchor_write(const char *dir, const struct anchor *a, struct err *e);

#endif
