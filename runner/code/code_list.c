#include <fcntl.h>
#include <unistd.h>
#include "base/file.h"
#include "base/time.h"
#include "runner/code/code_list.h"

#define MAGIC "jigstat1"
#define NS_PER_S 1000000000LL
/* The kernel stamps files by a clock that moves in ticks of 1 to 10 ms; file systems without a fraction of a second
 * (the fraction is 0) move by up to 2 s. */
#define RACY_NS (50 * 1000000LL)
#define RACY_COARSE_NS (2 * NS_PER_S + RACY_NS)

struct cache_header {
	char magic[8];
	uint64_t sum; /* of all that follows this field */
	uint64_t head_key;
	uint32_t count, paths_len;
	int32_t changed;
	unsigned char tree[CODE_OID_BYTES];
};

void code_list_release(struct code_list *l)
{
	vec_release(&l->files);
	buf_release(&l->paths);
}

void code_list_move(struct code_list *to, struct code_list *from)
{
	code_list_release(to);
	*to = *from;
	*from = (struct code_list)CODE_LIST_INIT;
}

int code_path_compare(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	/* The end of a path comes before "/", which comes before every other byte. */
	int x = *a == '/' ? 1 : *a ? (unsigned char)*a + 1 : 0, y = *b == '/' ? 1 : *b ? (unsigned char)*b + 1 : 0;
	return x - y;
}

void code_record_stat(struct code_record *r, const struct stat *st)
{
	r->size = st->st_size;
#ifdef __APPLE__
	r->modified_at = time_ns(&st->st_mtimespec);
	r->changed_at = time_ns(&st->st_ctimespec);
#else
	r->modified_at = time_ns(&st->st_mtim);
	r->changed_at = time_ns(&st->st_ctim);
#endif
	r->inode = st->st_ino;
	r->mode = S_ISLNK(st->st_mode) ? 0120000 : st->st_mode & S_IXUSR ? 0100755 : 0100644;
}

bool code_record_same_stat(const struct code_record *a, const struct code_record *b)
{
	return a->size == b->size && a->modified_at == b->modified_at && a->changed_at == b->changed_at &&
	       a->inode == b->inode && a->mode == b->mode;
}

bool code_record_is_racy(const struct code_record *r, int64_t now)
{
	bool coarse = r->changed_at % NS_PER_S == 0;
	int64_t newest = r->modified_at > r->changed_at ? r->modified_at : r->changed_at;
	return newest >= now - (coarse ? RACY_COARSE_NS : RACY_NS);
}

uint64_t code_hash(uint64_t h, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	h = h ? h : 0xcbf29ce484222325u;
	/* Eight bytes at a step: the cache of a large project has megabytes. */
	for (; n >= 8; n -= 8, p += 8) {
		uint64_t word;
		memcpy(&word, p, 8);
		h = (h ^ word) * 0x100000001b3u;
		h ^= h >> 32;
	}
	for (; n; n--, p++)
		h = (h ^ *p) * 0x100000001b3u;
	return h;
}

static uint64_t cache_sum(const struct cache_header *h, const void *records, size_t records_len, const char *paths)
{
	size_t from = offsetof(struct cache_header, head_key);
	uint64_t sum = code_hash(0, (const char *)h + from, sizeof *h - from);
	sum = code_hash(sum, records, records_len);
	return code_hash(sum, paths, h->paths_len);
}

void code_oid_hex(const unsigned char oid[CODE_OID_BYTES], char hex[41])
{
	static const char digits[] = "0123456789abcdef";
	for (int i = 0; i < CODE_OID_BYTES; i++) {
		hex[2 * i] = digits[oid[i] >> 4];
		hex[2 * i + 1] = digits[oid[i] & 15];
	}
	hex[40] = 0;
}

void code_cache_release(struct code_cache *c)
{
	code_list_release(&c->list);
	c->valid = false;
}

static bool cache_parse(struct code_cache *c, const struct cache_header *h, const char *body, size_t n)
{
	size_t records_len = (size_t)h->count * sizeof(struct code_record);
	if (memcmp(h->magic, MAGIC, sizeof h->magic) || n != records_len + h->paths_len)
		return false;
	const char *paths = body + records_len;
	if (cache_sum(h, body, records_len, paths) != h->sum || (h->paths_len && paths[h->paths_len - 1]))
		return false;
	vec_reserve(&c->list.files, h->count + 1);
	memcpy(c->list.files.v, body, records_len);
	c->list.files.len = h->count;
	buf_add(&c->list.paths, paths, h->paths_len);
	for (size_t i = 0; i < h->count; i++)
		if (c->list.files.v[i].path >= h->paths_len)
			return false;
	return true;
}

void code_cache_read(struct code_cache *c, const char *path)
{
	*c = (struct code_cache)CODE_CACHE_INIT;
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	struct cache_header h;
	if (fd < 0 || fstat(fd, &st) < 0 || (size_t)st.st_size < sizeof h || st.st_size > INT32_MAX)
		return;
	_buf_ struct buf b = BUF_INIT;
	buf_reserve(&b, st.st_size);
	while ((off_t)b.len < st.st_size && buf_read(&b, fd, st.st_size - b.len) > 0)
		;
	if ((off_t)b.len != st.st_size)
		return;
	memcpy(&h, b.data, sizeof h);
	if (!cache_parse(c, &h, b.data + sizeof h, b.len - sizeof h)) {
		code_cache_release(c);
		return;
	}
	memcpy(c->tree, h.tree, sizeof c->tree);
	c->head_key = h.head_key;
	c->changed = h.changed;
	c->valid = true;
}

int code_cache_write(const struct code_list *l, const unsigned char tree[CODE_OID_BYTES], uint64_t head_key,
                     int changed, const char *path, struct err *e)
{
	struct cache_header h;
	memset(&h, 0, sizeof h);
	memcpy(h.magic, MAGIC, sizeof h.magic);
	memcpy(h.tree, tree, sizeof h.tree);
	h.head_key = head_key;
	h.changed = changed;
	h.count = l->files.len;
	h.paths_len = l->paths.len;
	size_t records_len = l->files.len * sizeof *l->files.v;
	h.sum = cache_sum(&h, l->files.v, records_len, l->paths.data);
	_buf_ struct buf b = BUF_INIT;
	buf_reserve(&b, sizeof h + records_len + l->paths.len);
	buf_add(&b, &h, sizeof h);
	buf_add(&b, l->files.v, records_len);
	buf_add(&b, l->paths.data, l->paths.len);
	/* Not synced: a crash can only leave a file whose sum is wrong. */
	_free_ char *temp = mem_printf("%s.new", path);
	if (file_write(temp, b.data, b.len, 0600, e) < 0)
		return e->code;
	if (rename(temp, path) < 0)
		return err_errno(e, "%s: cannot rename to %s", temp, path);
	return 0;
}
