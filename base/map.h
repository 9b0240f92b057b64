/* A hash table from strings to pointers or numbers; insertion order is kept, so that walks are deterministic.
 * Keys are copied. Values are borrowed. Hash is seeded once per process against crafted keys. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"

struct map_entry {
	char *key;
	union { void *ptr; intptr_t num; };
	uint64_t hash;
};
struct map {
	struct map_entry *entries; /* [0, len), in order of insertion */
	size_t len, cap;
	uint32_t *slots; /* index + 1, 0 = free */
	size_t nslots;
	struct arena keys;
};
#define MAP_INIT { NULL, 0, 0, NULL, 0, ARENA_INIT }
#define _map_ _cleanup_(map_release)

void map_release(struct map *m);
/* The entry of key, or NULL. Valid until the next map_add. */
struct map_entry *map_find(const struct map *m, const char *key);
/* The entry of key, made with a zero value if it was not there (then *ret_new, if not NULL, is true). */
struct map_entry *map_add(struct map *m, const char *key, bool *ret_new);
void *map_get(const struct map *m, const char *key);     /* NULL when absent */
void map_set(struct map *m, const char *key, void *ptr);

#endif
