/* The files of a snapshot with the stat data by which the next snapshot knows that they are unchanged, and the file of
 * this list in JIG/code.git (the stat cache). A cache that is missing or damaged costs time, never correctness. */
#ifndef RUNNER_CODE_LIST_H
#define RUNNER_CODE_LIST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

#define CODE_OID_BYTES 20

/* Stands in the cache file as it is. */
struct code_record {
	int64_t size, modified_at, changed_at; /* bytes; ns since 1970 */
	uint64_t inode;
	uint32_t path; /* offset in the list's paths */
	uint32_t mode; /* 0100644, 0100755 or 0120000 */
	unsigned char oid[CODE_OID_BYTES];
	uint8_t racy;   /* changed so shortly before it was read that a later change may leave the same times */
	uint8_t is_new; /* untracked, or without git */
	uint8_t input;  /* a declared input, or below one */
	uint8_t dropped;
};
/* Sorted by code_path_compare. */
struct code_list {
	VEC(struct code_record) files;
	struct buf paths; /* NUL-terminated, in the order of files */
};
#define CODE_LIST_INIT \
	{ \
		.paths = BUF_INIT \
	}
void code_list_release(struct code_list *l);
void code_list_move(struct code_list *to, struct code_list *from); /* frees what `to` held; from is empty afterwards */
static inline const char *code_list_path(const struct code_list *l, const struct code_record *r)
{
	return l->paths.data + r->path;
}
/* Byte order of the parts: "a/x" stands before "a-b", so that a folder's files stand together at the folder's place. */
int code_path_compare(const char *a, const char *b);
/* Takes over the stat data; mode becomes git's. */
void code_record_stat(struct code_record *r, const struct stat *st);
bool code_record_same_stat(const struct code_record *a, const struct code_record *b);
/* Whether a file with these times, read from `now` (ns) on, could change once more without changing its times. */
bool code_record_is_racy(const struct code_record *r, int64_t now);

struct code_cache {
	struct code_list list;
	unsigned char tree[CODE_OID_BYTES]; /* the tree of the list; only when valid */
	uint64_t head_key;                  /* what `changed` was found out for */
	int changed;                        /* files differing from HEAD; -1 = not known */
	bool valid;
};
#define CODE_CACHE_INIT \
	{ \
		.list = CODE_LIST_INIT, .changed = -1 \
	}
void code_cache_release(struct code_cache *c);
/* Never fails: what cannot be used gives an empty, invalid cache. */
void code_cache_read(struct code_cache *c, const char *path);
int code_cache_write(const struct code_list *l, const unsigned char tree[CODE_OID_BYTES], uint64_t head_key,
                     int changed, const char *path, struct err *e);

/* FNV-1a, to be chained: start with code_hash(0, …). */
uint64_t code_hash(uint64_t h, const void *bytes, size_t n);

void code_oid_hex(const unsigned char oid[CODE_OID_BYTES], char hex[41]);

#endif
