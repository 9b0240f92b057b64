#include "runner/work/inputs_cache.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"
#include "base/map.h"
#include "base/vec.h"
#include "runner/code/code_list.h"

#define MAGIC "jiginp1"
/* Records of what this process did not ask for: other pipelines of the project, files that may come back. */
#define OTHERS_MOST 20000
#define FILE_MOST ((size_t)1 << 30)

/* Stands in the file as it is. */
struct record {
	uint64_t device, inode;
	int64_t size, modified_at, changed_at; /* of the file or the folder itself; bytes, ns since 1970 */
	int64_t bytes;                         /* all of a folder's */
	struct digest entries, digest;
	uint32_t path;                         /* offset in the paths behind the records */
	uint32_t used;                         /* asked for by this process; 0 in the file */
};
struct header {
	char magic[8];
	struct digest sum; /* of all that follows this field */
	uint32_t count, paths_len;
};
/* at: path → index + 1 of its record. */
struct table { VEC(struct record) records; struct map at; };

struct inputs_cache {
	char *path;
	struct table table;
	bool changed;
};

static void table_release(struct table *t)
{
	vec_release(&t->records);
	map_release(&t->at);
}

static void table_parse(struct table *t, const struct header *h, const char *body, size_t n)
{
	size_t records_len = (size_t)h->count * sizeof(struct record);
	const char *paths = body + records_len;

	if (n != records_len + h->paths_len || (h->paths_len && paths[h->paths_len - 1]))
		return;
	vec_reserve(&t->records, h->count + 1);
	for (uint32_t i = 0; i < h->count; i++) {
		struct record r;

		memcpy(&r, body + i * sizeof r, sizeof r);
		if (r.path >= h->paths_len)
			continue;
		r.used = 0;
		vec_push(&t->records, r);
		map_add(&t->at, paths + r.path, NULL)->num = (intptr_t)t->records.len;
	}
}

static void table_read(struct table *t, const char *path)
{
	const size_t summed = offsetof(struct header, count);
	_buf_ struct buf b = BUF_INIT;
	struct header h;
	struct digest sum;
	struct err e;

	if (file_read(path, FILE_MOST, &b, &e) < 0 || b.len < sizeof h)
		return;
	memcpy(&h, b.data, sizeof h);
	sha256_bytes(b.data + summed, b.len - summed, &sum);
	if (memcmp(h.magic, MAGIC, sizeof h.magic) == 0 && digest_equal(&sum, &h.sum))
		table_parse(t, &h, b.data + sizeof h, b.len - sizeof h);
}

/* Appends the records of `from` that are used (or not) and whose path is not yet among `have`, `most` at most. Their
 * paths go behind one another in `paths`. */
static void gather(struct buf *records, struct buf *paths, struct map *have, const struct table *from, bool used,
                   size_t most)
{
	for (size_t i = 0; i < from->at.len && most; i++) {
		const struct map_entry *entry = &from->at.entries[i];
		struct record r = from->records.v[entry->num - 1];
		bool is_new;

		if ((r.used != 0) != used || (map_add(have, entry->key, &is_new), !is_new))
			continue;
		r.used = 0;
		r.path = (uint32_t)paths->len;
		buf_add(records, &r, sizeof r);
		buf_add(paths, entry->key, strlen(entry->key) + 1);
		most--;
	}
}

/* Not synced: a crash can only leave a file whose sum is wrong. */
static void cache_write(const struct inputs_cache *c)
{
	const size_t summed = offsetof(struct header, count);
	_cleanup_(table_release) struct table other = { 0 };
	_buf_ struct buf all = BUF_INIT, paths = BUF_INIT;
	_map_ struct map have = MAP_INIT;
	_free_ char *temp = mem_printf("%s.%ld", c->path, (long)getpid());
	struct header h;
	struct err e;

	memset(&h, 0, sizeof h);
	memcpy(h.magic, MAGIC, sizeof h.magic);
	buf_add(&all, &h, sizeof h);
	table_read(&other, c->path);
	gather(&all, &paths, &have, &c->table, true, SIZE_MAX);
	gather(&all, &paths, &have, &other, false, OTHERS_MOST);
	h.count = (uint32_t)((all.len - sizeof h) / sizeof(struct record));
	h.paths_len = (uint32_t)paths.len;
	buf_add(&all, paths.data, paths.len);
	memcpy(all.data, &h, sizeof h);
	sha256_bytes(all.data + summed, all.len - summed, &h.sum);
	memcpy(all.data, &h, sizeof h);
	if (all.len > FILE_MOST || file_write(temp, all.data, all.len, 0600, &e) < 0 || rename(temp, c->path) < 0)
		unlink(temp);
}

struct inputs_cache *inputs_cache_open(const char *path)
{
	struct inputs_cache *c = mem_zero(sizeof *c);

	c->path = mem_strdup(path);
	if (path)
		table_read(&c->table, path);
	return c;
}

void inputs_cache_close(struct inputs_cache *c)
{
	if (!c)
		return;
	if (c->changed && c->path)
		cache_write(c);
	table_release(&c->table);
	free(c->path);
	free(c);
}

static void record_look(struct record *r, const struct inputs_look *look)
{
	struct code_record times;

	code_record_stat(&times, &look->st);
	r->device = (uint64_t)look->st.st_dev;
	r->inode = times.inode;
	r->size = times.size;
	r->modified_at = times.modified_at;
	r->changed_at = times.changed_at;
	r->entries = look->entries;
	/* What a folder holds tells all; its own times change with every name that comes and goes again. */
	if (S_ISDIR(look->st.st_mode))
		r->size = r->modified_at = r->changed_at = 0;
}

static bool record_same(const struct record *a, const struct record *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->modified_at == b->modified_at && a->changed_at == b->changed_at &&
	       digest_equal(&a->entries, &b->entries);
}

bool inputs_look_same(const struct inputs_look *a, const struct inputs_look *b)
{
	struct record x, y;

	record_look(&x, a);
	record_look(&y, b);
	return record_same(&x, &y);
}

bool inputs_cache_find(struct inputs_cache *c, const char *path, const struct inputs_look *look, struct digest *ret,
                       int64_t *ret_size)
{
	const struct map_entry *entry = map_find(&c->table.at, path);
	struct record *r = entry ? &c->table.records.v[entry->num - 1] : NULL, now;

	if (!r)
		return false;
	record_look(&now, look);
	if (!record_same(r, &now))
		return false;
	r->used = 1;
	*ret = r->digest;
	*ret_size = r->bytes;
	return true;
}

void inputs_cache_add(struct inputs_cache *c, const char *path, const struct inputs_look *look,
                      const struct digest *digest, int64_t size)
{
	struct map_entry *entry = map_add(&c->table.at, path, NULL);
	struct record *r;

	if (!entry->num) {
		(void)vec_add(&c->table.records);
		entry->num = (intptr_t)c->table.records.len;
	}
	r = &c->table.records.v[entry->num - 1];
	*r = (struct record){ .bytes = size, .digest = *digest, .used = 1 };
	record_look(r, look);
	c->changed = true;
}

bool inputs_racy(const struct stat *st, int64_t now)
{
	struct code_record r;

	code_record_stat(&r, st);
	return code_record_is_racy(&r, now);
}
