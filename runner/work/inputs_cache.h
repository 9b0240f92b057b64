/* What inputs of the working tree hashed to, known again by their stat data (JIG/inputs.cache), so that an unchanged
 * file is not read again. A cache that is missing or damaged costs time, never correctness. Paths are below the
 * project's root, absolute for links. */
#ifndef RUNNER_INPUTS_CACHE_H
#define RUNNER_INPUTS_CACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include "base/sha256.h"

struct inputs_cache;
/* Never fails: what cannot be used gives an empty cache. path NULL: it stays empty and is never written. */
struct inputs_cache *inputs_cache_open(const char *path);
/* Writes it when something was added, with what other processes added meanwhile; where it cannot be written the next
 * one hashes again. NULL is fine. */
void inputs_cache_close(struct inputs_cache *c);

/* How a file or folder looked: `st` follows links; entries is a digest over the stat data of all that a folder holds,
 * zero for a file. */
struct inputs_look { struct stat st; struct digest entries; };
bool inputs_look_same(const struct inputs_look *a, const struct inputs_look *b);

/* Whether it is known with this look; then what it hashed to, and its bytes. */
bool inputs_cache_find(struct inputs_cache *c, const char *path, const struct inputs_look *look, struct digest *ret,
                       int64_t *ret_size);
/* The caller makes sure that it looked like that before and after it was read, and not so shortly after a change that
 * another could leave the same times (inputs_racy). */
void inputs_cache_add(struct inputs_cache *c, const char *path, const struct inputs_look *look,
                      const struct digest *digest, int64_t size);

/* Whether a file that looks like that could, when it is read from `now` (ns since 1970) on, change once more and look
 * the same. */
bool inputs_racy(const struct stat *st, int64_t now);

#endif
