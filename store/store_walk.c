/* The functions of store.h that go through the whole store. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/time.h"
#include "base/vec.h"
#include "store/layout.h"

struct names {
	VEC(char *) list;
};

static void names_release(struct names *n)
{
	for (size_t i = 0; i < n->list.len; i++)
		free(n->list.v[i]);
	vec_release(&n->list);
}
#define _names_ _cleanup_(names_release)

static int names_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder, sorted; none when it is not there. */
static int names_read(const char *path, struct names *n, struct err *e)
{
	_closedir_ DIR *dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : err_errno(e, "%s: cannot list", path);
	for (;;) {
		errno = 0;
		struct dirent *entry = readdir(dir);
		if (!entry)
			break;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			vec_push(&n->list, mem_strdup(entry->d_name));
	}
	if (errno)
		return err_errno(e, "%s: cannot list", path);
	if (n->list.len)
		qsort(n->list.v, n->list.len, sizeof *n->list.v, names_compare);
	return 0;
}

/* One thing that fails keeps no other from being looked at; the first such is told at the end. */
static void keep_first(struct err *first, const struct err *failed)
{
	if (!first->code)
		*first = *failed;
}

static int give(const struct err *first, struct err *e)
{
	if (first->code)
		*e = *first;
	return first->code;
}

/* One name below objects/, "ab/cdef…" or "stray": the digest that it is, or no digest. 0 when it went meanwhile, or its
 * folder does not let it be seen. */
static int each_entry(
	struct store *s, const char *below, store_each_fn *cb, void *arg, struct err *first, struct err *e)
{
	_free_ char *path = mem_printf("%s/%s", s->objects, below);
	struct stat st;
	if (lstat(path, &st) < 0) {
		struct err failed;
		if (errno != ENOENT && err_errno(&failed, "%s: cannot stat", path) < 0)
			keep_first(first, &failed);
		return 0;
	}
	char hex[DIGEST_HEX + 1] = "", again[DIGEST_HEX + 1];
	struct digest d;
	if (S_ISREG(st.st_mode) && strlen(below) == DIGEST_HEX + 1 && below[2] == '/')
		snprintf(hex, sizeof hex, "%.2s%s", below, below + 3);
	bool named = digest_from_hex(hex, &d);
	if (named) { /* upper case reads as a digest too, and is nobody's name */
		digest_to_hex(&d, again);
		named = strcmp(hex, again) == 0;
	}
	return cb(arg, named ? &d : NULL, st.st_size, below, e);
}

int store_each(struct store *s, store_each_fn *cb, void *arg, struct err *e)
{
	_names_ struct names folders = {0};
	struct err failed, first = {0};
	int r = names_read(s->objects, &folders, e);
	for (size_t i = 0; i < folders.list.len && r >= 0; i++) {
		const char *folder = folders.list.v[i];
		if (strcmp(folder, "tmp") == 0)
			continue;
		_free_ char *path = mem_printf("%s/%s", s->objects, folder);
		struct stat st;
		bool real = lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
		if (!real) {
			r = each_entry(s, folder, cb, arg, &first, e);
			continue;
		}
		_names_ struct names names = {0};
		if (names_read(path, &names, &failed) < 0)
			keep_first(&first, &failed);
		for (size_t k = 0; k < names.list.len && r >= 0; k++) {
			_free_ char *below = mem_printf("%s/%s", folder, names.list.v[k]);
			r = each_entry(s, below, cb, arg, &first, e);
		}
	}
	return r < 0 ? r : give(&first, e);
}

/* Removes one temporary file when it is old and nobody's. 1 when it went (or would), else 0; negative on failure. */
static int sweep_one(const char *path, int64_t older, bool dry_run, int64_t *ret_bytes, struct err *e)
{
	struct stat st, locked;
	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if ((int64_t)st.st_mtim.tv_sec * US_PER_S + st.st_mtim.tv_nsec / 1000 > older)
		return 0;
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(e, "%s: cannot open", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : err_errno(e, "%s: cannot lock", path);
	/* Its writer may have given it its final name between the two calls. */
	if (lstat(path, &locked) < 0 || locked.st_ino != st.st_ino)
		return 0;
	if (!dry_run && unlink(path) < 0)
		return errno == ENOENT ? 0 : err_errno(e, "%s: cannot remove", path);
	*ret_bytes = (int64_t)st.st_size;
	return 1;
}

int store_sweep(struct store *s, int64_t age_us, bool dry_run, int64_t *ret_bytes, struct err *e)
{
	_names_ struct names names = {0};
	struct err failed, first = {0};
	int64_t older = time_now() - age_us, sum = 0;
	if (names_read(s->tmp, &names, &failed) < 0)
		keep_first(&first, &failed);
	for (size_t i = 0; i < names.list.len; i++) {
		_free_ char *path = mem_printf("%s/%s", s->tmp, names.list.v[i]);
		int64_t bytes = 0;
		if (sweep_one(path, older, dry_run, &bytes, &failed) < 0)
			keep_first(&first, &failed);
		sum += bytes;
	}
	if (ret_bytes)
		*ret_bytes = sum;
	return give(&first, e);
}
