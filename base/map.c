#include "base/map.h"

#include <stdatomic.h>
#include <sys/random.h>
#include <unistd.h>
#include "base/err.h"
#include "base/time.h"

static uint64_t seed(void)
{
	static _Atomic uint64_t once;
	uint64_t s = once;

	if (s)
		return s;
	if (getentropy(&s, sizeof s) < 0)
		s = (uint64_t)time_now() * 0x9e3779b97f4a7c15u ^ (uint64_t)getpid();
	s |= 1;
	uint64_t none = 0;
	/* Another thread may have been first; all must use one seed. */
	return atomic_compare_exchange_strong(&once, &none, s) ? s : none;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_of(const char *key, size_t len)
{
	uint64_t h = seed() ^ len * 0x9e3779b97f4a7c15u, word;

	for (; len >= sizeof word; key += sizeof word, len -= sizeof word) {
		memcpy(&word, key, sizeof word);
		h = mix(h ^ word, 0xa0761d6478bd642fu);
	}
	word = 0;
	memcpy(&word, key, len);
	return mix(h ^ word, 0xe7037ed1a0b428dbu);
}

void map_release(struct map *m)
{
	arena_release(&m->keys);
	free(m->entries);
	free(m->slots);
	*m = (struct map)MAP_INIT;
}

/* The slot that holds key, or the free one where it belongs. There must be slots. */
static size_t slot_of(const struct map *m, const char *key, uint64_t hash)
{
	size_t i = hash & (m->nslots - 1);

	for (; m->slots[i]; i = (i + 1) & (m->nslots - 1)) {
		const struct map_entry *entry = &m->entries[m->slots[i] - 1];
		if (entry->hash == hash && !strcmp(entry->key, key))
			break;
	}
	return i;
}

struct map_entry *map_find(const struct map *m, const char *key)
{
	if (!m->len)
		return NULL;
	uint32_t at = m->slots[slot_of(m, key, hash_of(key, strlen(key)))];
	return at ? &m->entries[at - 1] : NULL;
}

static void grow(struct map *m)
{
	size_t nslots = m->nslots ? m->nslots * 2 : 16;

	if (nslots > UINT32_MAX)
		err_oom();
	m->cap = nslots / 4 * 3;
	m->entries = mem_array(m->entries, m->cap, sizeof *m->entries);
	free(m->slots);
	m->slots = mem_zero(nslots * sizeof *m->slots);
	m->nslots = nslots;
	for (size_t i = 0; i < m->len; i++) {
		size_t at = m->entries[i].hash & (nslots - 1);
		while (m->slots[at])
			at = (at + 1) & (nslots - 1);
		m->slots[at] = (uint32_t)i + 1;
	}
}

struct map_entry *map_add(struct map *m, const char *key, bool *ret_new)
{
	size_t len = strlen(key);
	uint64_t hash = hash_of(key, len);

	if (m->len == m->cap)
		grow(m);
	size_t at = slot_of(m, key, hash);
	bool is_new = !m->slots[at];
	if (is_new) {
		m->entries[m->len] = (struct map_entry){.key = arena_dup(&m->keys, key, len + 1), .hash = hash};
		m->slots[at] = (uint32_t)++m->len;
	}
	if (ret_new)
		*ret_new = is_new;
	return &m->entries[m->slots[at] - 1];
}

void *map_get(const struct map *m, const char *key)
{
	const struct map_entry *entry = map_find(m, key);

	return entry ? entry->ptr : NULL;
}

void map_set(struct map *m, const char *key, void *ptr)
{
	map_add(m, key, NULL)->ptr = ptr;
}
