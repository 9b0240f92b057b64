/* The lines of a log that are looked for (those with a match, or those that tell of an error), counted block by block
 * in slices, from where a person stands and around. */
#ifndef TUI_LOG_HITS_H
#define TUI_LOG_HITS_H

#include "tui/log/log_file.h"
#include "tui/log/log_pattern.h"

#define LOG_HITS_KEPT 4
struct log_hits {
	struct log_file *file;
	struct log_pattern *pattern; /* NULL: errors */
	VEC(uint32_t) counts;        /* of each block; UNKNOWN in log_hits.c where it was not read yet */
	size_t known;                /* blocks that were */
	size_t next;                 /* the block that is read next */
	size_t adopted;              /* of errors: blocks whose count the file gave */
	int64_t total;
	/* Where the hits of some blocks stand, the last used first. */
	struct log_hits_kept { int64_t block; VEC(int64_t) at; } kept[LOG_HITS_KEPT];
};

/* pattern is taken; it is NULL for errors. off: where to begin. */
struct log_hits *log_hits_new(struct log_file *f, struct log_pattern *pattern, int64_t off);
void log_hits_free(struct log_hits *h);
/* The file is another one than it was (what log_file_refresh said). */
void log_hits_changed(struct log_hits *h, enum log_change change, int64_t old_size);
/* Looks on for about so many µs; true when there is more to do. */
bool log_hits_work(struct log_hits *h, int64_t us);
bool log_hits_complete(const struct log_hits *h);

enum log_found { FOUND_NONE, FOUND_LINE, FOUND_LATER /* what lies between was not read yet */ };
/* The nearest hit that begins behind (forwards) or before off. Without wrapping around. */
enum log_found log_hits_next(struct log_hits *h, int64_t off, int64_t *ret);
enum log_found log_hits_previous(struct log_hits *h, int64_t off, int64_t *ret);
/* Whether the line that begins at off is one. */
bool log_hits_at(struct log_hits *h, int64_t off);
/* How many begin at off or before; -1 when that is not known yet. */
int64_t log_hits_ordinal(struct log_hits *h, int64_t off);

#endif
