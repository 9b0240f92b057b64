#include "runner/process/lookup.h"

#include <string.h>

void lookups_release(struct lookups *l)
{
	map_release(&l->paths);
	*l = (struct lookups){ 0 };
}

static void distrust(struct lookups *l, const char *why)
{
	if (!l->untrusted)
		l->untrusted = why;
}

void lookups_add(struct lookups *l, const char *path, unsigned how)
{
	struct map_entry *entry = NULL;
	bool is_new = true;

	/* What is full still takes what it has a place for. */
	if (l->bytes >= LOOKUPS_MAX) {
		entry = map_find(&l->paths, path);
		is_new = false;
		if (!entry) {
			distrust(l, "it looked up more names than are kept");
			return;
		}
	} else {
		entry = map_add(&l->paths, path, &is_new);
	}
	if (is_new)
		l->bytes += strlen(path) + 1;
	entry->num |= (intptr_t)how;
}
