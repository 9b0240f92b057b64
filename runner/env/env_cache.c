#include "runner/env/env_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>
#include "base/file.h"
#include "base/json.h"
#include "base/map.h"
#include "base/path.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/time.h"
#include "runner/env/env_variable.h"

enum { FACTS_MOST = 16 << 20, TEMP_AGE_S = 24 * 3600, PROBE_TRIES = 100, PROBE_NS = 20000 };

static const char *const suffixes[] = {"", ".lock", ".files", ".ok", ".log"};

int env_cache_folder(char *const *env, char **ret, struct err *e)
{
	const char *xdg = env_variable(env, "XDG_CACHE_HOME"), *home = env_variable(env, "HOME");
	_free_ char *path = NULL;

	/* The XDG specification: a relative path counts as none. */
	if (xdg && xdg[0] == '/')
		path = path_join(xdg, "jig/envs");
	else if (home && home[0] == '/')
		path = path_join(home, ".cache/jig/envs");
	else
		return err_set(
		        e, ERR_BROKEN,
		        "there is no folder for environments: neither XDG_CACHE_HOME nor HOME is set to an absolute "
		        "path; set XDG_CACHE_HOME to a folder for caches");
	int r = file_mkdirs(path, 0700, e);
	_free_ char *real = r < 0 ? NULL : realpath(path, NULL);
	if (!real && r >= 0)
		err_errno(e, "cannot follow %s", path);
	if (!real)
		return err_set(
		        e, ERR_BROKEN,
		        "there is no cache of environments: %s; set XDG_CACHE_HOME to a folder that can be written",
		        e->text);
	*ret = mem_take(real);
	return 0;
}

char *env_cache_path(const char *cache, const char *key, const char *suffix)
{
	return mem_printf("%s/%s%s", cache, key, suffix);
}

int env_cache_facts(const char *cache, const char *key, json_t **ret, struct err *e)
{
	_free_ char *prefix = env_cache_path(cache, key, ""), *path = env_cache_path(cache, key, ".ok");
	_buf_ struct buf text = BUF_INIT;
	_json_ json_t *facts = NULL;

	if (!file_is_dir(prefix))
		return err_set(e, ERR_NOT_FOUND, "there is no environment %.12s in %s", key, cache);
	int r = file_read(path, FACTS_MOST, &text, e);
	if (r < 0)
		return r;
	/* It is written whole or not at all; what is no JSON was not written by jig and proves nothing. */
	if (json_parse(text.data, text.len, path, &facts, e) < 0 || !json_is_object(facts))
		return err_set(e, ERR_NOT_FOUND, "the environment %.12s is not wholly built: %s is damaged", key, path);
	*ret = mem_take(facts);
	return 0;
}

static int lock_retrying(int fd, int operation)
{
	int r;

	do
		r = flock(fd, operation);
	while (r < 0 && errno == EINTR);
	return r;
}

/* env_cache_list of another process holds the lock for a moment to see who has it: that is no owner, so look again. */
static int lock_try(int fd, bool exclusive)
{
	for (int i = 0;; i++) {
		if (lock_retrying(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK)
			return -1;
		/* Who looks holds it alone: a shared holder is a user. */
		bool shared = exclusive && lock_retrying(fd, LOCK_SH | LOCK_NB) == 0;
		if (shared)
			lock_retrying(fd, LOCK_UN);
		if (shared || i == PROBE_TRIES) {
			errno = EWOULDBLOCK;
			return -1;
		}
		nanosleep(&(struct timespec){.tv_nsec = PROBE_NS}, NULL);
	}
}

int env_cache_lock(const char *cache, const char *key, bool exclusive, bool wait, int *ret_fd, struct err *e)
{
	_free_ char *path = env_cache_path(cache, key, ".lock");

	for (;;) {
		_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		struct stat held, named;
		if (fd < 0 && !exclusive && (errno == EROFS || errno == EACCES || errno == EPERM)) {
			int errnum = errno;
			fd = open(path, O_RDONLY | O_CLOEXEC);
			errno = errnum;
		}
		if (fd < 0)
			return err_errno(e, "cannot open the lock of an environment, %s", path);
		if ((wait ? lock_retrying(fd, exclusive ? LOCK_EX : LOCK_SH) : lock_try(fd, exclusive)) < 0) {
			if (errno == EWOULDBLOCK)
				return err_set(e, ERR_BUSY,
				               "the environment %.12s is in use by another process (it holds %s)", key,
				               path);
			return err_errno(e, "cannot lock %s", path);
		}
		/* It may have been removed before the lock came. */
		if (fstat(fd, &held) < 0)
			return err_errno(e, "cannot lock %s", path);
		if (stat(path, &named) < 0 || held.st_ino != named.st_ino || held.st_dev != named.st_dev)
			continue;
		*ret_fd = mem_take_fd(fd);
		return 0;
	}
}

/* The time of the lock file is that of the last use. */
void env_cache_used(const char *cache, const char *key)
{
	_free_ char *path = env_cache_path(cache, key, ".lock");

	utimensat(AT_FDCWD, path, NULL, 0);
}

void env_cache_list_release(struct env_cache_list *l)
{
	for (size_t i = 0; i < l->list.len; i++)
		json_decref(l->list.v[i].facts);
	vec_release(&l->list);
}

static bool is_hex(const char *s, size_t n)
{
	return strspn(s, "0123456789abcdef") >= n;
}

/* Which part of which environment a name in the cache is; -1: none. */
static int name_part(const char *name)
{
	if (strlen(name) < DIGEST_HEX || !is_hex(name, DIGEST_HEX))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (strcmp(name + DIGEST_HEX, suffixes[i]) == 0)
			return (int)i;
	return -1;
}

/* The keys of all that stands in the cache, each once. */
static int keys_read(const char *cache, struct map *ret, struct err *e)
{
	_closedir_ DIR *dir = opendir(cache);
	struct dirent *entry;

	if (!dir)
		return err_errno(e, "cannot read the cache of environments, %s", cache);
	while (errno = 0, entry = readdir(dir)) {
		char key[DIGEST_HEX + 1];
		if (name_part(entry->d_name) < 0)
			continue;
		memcpy(key, entry->d_name, DIGEST_HEX);
		key[DIGEST_HEX] = '\0';
		map_add(ret, key, NULL);
	}
	return errno ? err_errno(e, "cannot read the cache of environments, %s", cache) : 0;
}

static int add_size(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e)
{
	*(int64_t *)arg += st->st_blocks * 512;
	return 0;
}

static int64_t size_of(const char *cache, const char *key)
{
	int64_t sum = 0;
	struct err ignored;
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		_free_ char *path = env_cache_path(cache, key, suffixes[i]);
		if (lstat(path, &st) < 0)
			continue;
		sum += st.st_blocks * 512;
		/* What cannot be read or goes meanwhile is not counted. */
		if (S_ISDIR(st.st_mode))
			file_walk(path, add_size, &sum, &ignored);
	}
	return sum;
}

static bool lock_held(const char *path)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && lock_retrying(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static int64_t time_of(const char *cache, const char *key)
{
	static const char *const order[] = {".lock", ".ok", "", ".log", ".files"};
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		_free_ char *path = env_cache_path(cache, key, order[i]);
		if (lstat(path, &st) == 0)
			return st.st_mtim.tv_sec * US_PER_S + st.st_mtim.tv_nsec / 1000;
	}
	return 0;
}

static int by_use(const void *a, const void *b)
{
	const struct env_cache_entry *x = a, *y = b;

	if (x->used != y->used)
		return x->used > y->used ? -1 : 1;
	return strcmp(x->key, y->key);
}

int env_cache_list(const char *cache, bool with_sizes, struct env_cache_list *ret, struct err *e)
{
	_cleanup_(env_cache_list_release) struct env_cache_list l = {0};
	_map_ struct map keys = MAP_INIT;
	int r = keys_read(cache, &keys, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < keys.len; i++) {
		struct env_cache_entry *x = vec_add(&l.list);
		struct err none;
		_free_ char *lock = env_cache_path(cache, keys.entries[i].key, ".lock");
		memcpy(x->key, keys.entries[i].key, sizeof x->key);
		x->ready = env_cache_facts(cache, x->key, &x->facts, &none) == 0;
		x->in_use = lock_held(lock);
		x->used = time_of(cache, x->key);
		x->size = with_sizes ? size_of(cache, x->key) : -1;
	}
	if (l.list.len)
		qsort(l.list.v, l.list.len, sizeof *l.list.v, by_use);
	*ret = l;
	l = (struct env_cache_list){0};
	return 0;
}

int env_cache_find(const char *cache, const char *prefix, char ret[65], struct err *e)
{
	_map_ struct map keys = MAP_INIT;
	size_t n = strlen(prefix), found = 0, first = 0;

	if (n < 4 || n > DIGEST_HEX || !is_hex(prefix, n))
		return err_set(e, ERR_USAGE,
		               "\"%s\" names no environment: give the 4 or more first digits of its key, as `jig env "
		               "ls` shows it",
		               prefix);
	int r = keys_read(cache, &keys, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < keys.len; i++)
		if (strncmp(keys.entries[i].key, prefix, n) == 0 && found++ == 0)
			first = i;
	if (found == 0)
		return err_set(e, ERR_NOT_FOUND,
		               "no environment in %s begins with \"%s\"; `jig env ls` shows what there is", cache,
		               prefix);
	if (found > 1)
		return err_set(e, ERR_USAGE, "%zu environments begin with \"%s\", one of them %.12s; give more digits",
		               found, prefix, keys.entries[first].key);
	memcpy(ret, keys.entries[first].key, DIGEST_HEX + 1);
	return 0;
}

/* Files that were being written when their writer died. */
static void remove_old_temps(const char *cache)
{
	_closedir_ DIR *dir = opendir(cache);
	struct dirent *entry;
	struct stat st;

	while (dir && (entry = readdir(dir)))
		if (text_starts(entry->d_name, ".tmp-") &&
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
		    st.st_mtim.tv_sec < time_now() / US_PER_S - TEMP_AGE_S)
			unlinkat(dirfd(dir), entry->d_name, 0);
}

static int remove_file(const char *cache, const char *key, const char *suffix, struct err *e)
{
	_free_ char *path = env_cache_path(cache, key, suffix);

	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(e, "cannot remove %s", path);
	return 0;
}

int env_cache_remove(const char *cache, const char *key, struct err *e)
{
	_free_ char *prefix = env_cache_path(cache, key, "");
	_close_ int lock = -1;
	bool there = false;
	int r;

	for (size_t i = 0; !there && i < ARRAY_LEN(suffixes); i++) {
		_free_ char *path = env_cache_path(cache, key, suffixes[i]);
		there = file_exists(path);
	}
	if (!there)
		return err_set(e, ERR_NOT_FOUND, "there is no environment %.12s in %s", key, cache);
	if ((r = env_cache_lock(cache, key, true, false, &lock, e)) < 0 ||
	    (r = remove_file(cache, key, ".ok", e)) < 0 || (r = file_sync_dir(cache, e)) < 0 ||
	    (r = file_remove_tree(prefix, e)) < 0 || (r = remove_file(cache, key, ".files", e)) < 0 ||
	    (r = remove_file(cache, key, ".log", e)) < 0)
		return r;
	remove_old_temps(cache);
	/* Last, and while it is held: who waits for it finds that it is gone and makes a new one. */
	return remove_file(cache, key, ".lock", e);
}
