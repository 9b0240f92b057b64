#include "runner/work/inputs_take.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"
#include "base/time.h"
#include "store/tree.h"

static int64_t mtime_us(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * US_PER_S + st->st_mtim.tv_nsec / 1000;
}

/* size -1: any. */
static bool have(const struct inputs_taker *t, const struct digest *d, int64_t size)
{
	int64_t now;

	return t->dry ? store_has(t->store, d, &now) && (size < 0 || now == size) : store_keep(t->store, d, size);
}

int inputs_stored(const struct inputs_taker *t, const struct fact *f, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	struct tree tree;
	int r;

	if (!t->store)
		return 1;
	if (!have(t, &f->digest, f->form == FORM_FOLDER ? -1 : f->size))
		return 0;
	if (f->form != FORM_FOLDER)
		return 1;
	r = tree_load(t->store, &f->digest, &a, &tree, e);
	if (r == ERR_NOT_FOUND)
		return 0;
	for (size_t i = 0; r >= 0 && i < tree.len; i++)
		if (tree.v[i].mode != 0040000 && !have(t, &tree.v[i].digest, tree.v[i].size))
			return 0;
	return r < 0 ? r : 1;
}

/* What a person can mend in the project is a fault of the pipeline's inputs, told together with the others. */
static int unreadable(struct err *e)
{
	if (errno == EACCES)
		return err_set(e, ERR_USAGE, "may not be read by this user");
	return err_errno(e, "cannot be read");
}

/* The stat data of all that lies in a folder, and whether any of it is so young that it could change and look the
 * same. */
struct looking { struct sha256 *hash; int64_t now; bool racy; };

static int look_at(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e)
{
	struct looking *l = arg;
	/* Of folders inside only the name counts. */
	bool folder = S_ISDIR(st->st_mode);
	int64_t v[] = {
	        (int64_t)st->st_mode, folder ? 0 : (int64_t)st->st_size, folder ? 0 : (int64_t)st->st_dev,
	        folder ? 0 : (int64_t)st->st_ino, folder ? 0 : st->st_mtim.tv_sec, folder ? 0 : st->st_mtim.tv_nsec,
	        folder ? 0 : st->st_ctim.tv_sec, folder ? 0 : st->st_ctim.tv_nsec,
	};

	sha256_update(l->hash, rel, strlen(rel) + 1);
	sha256_update(l->hash, v, sizeof v);
	l->racy |= !folder && inputs_racy(st, l->now);
	return 0;
}

/* 0, or negative where the folder cannot be read. */
static int look_inside(const char *real, int64_t now, struct digest *ret, bool *ret_racy, struct err *e)
{
	struct looking l = { .hash = sha256_new(), .now = now };
	int r = file_walk(real, look_at, &l, e);

	sha256_final(l.hash, ret);
	sha256_free(l.hash);
	*ret_racy = l.racy;
	return r;
}

static int look(const char *real, int64_t now, struct inputs_look *ret, bool *ret_racy, struct err *e)
{
	*ret = (struct inputs_look){ 0 };
	if (stat(real, &ret->st) < 0)
		return err_errno(e, "cannot be read");
	if (S_ISDIR(ret->st.st_mode))
		return look_inside(real, now, &ret->entries, ret_racy, e);
	*ret_racy = inputs_racy(&ret->st, now);
	return 0;
}

static int hash_file(const char *real, struct fact *f, struct err *e)
{
	/* Not blocked by a FIFO that took the file's place. */
	_close_ int fd = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_errno(e, "cannot be read");
	return sha256_fd(fd, &f->digest, &f->size, e);
}

/* Reads all of it. */
static int read_all(const struct inputs_taker *t, const char *real, struct fact *f, struct err *e)
{
	bool folder = f->form == FORM_FOLDER;

	if (t->dry || f->form == FORM_LINK)
		return folder ? tree_digest(real, &f->digest, &f->size, e) : hash_file(real, f, e);
	return folder ? tree_put(t->store, real, STORE_COPY, &f->digest, &f->size, e)
	              : store_put_file(t->store, real, STORE_COPY, &f->digest, &f->size, e);
}

/* Whether it need not be read: 1, and 2 where its object is still to be asked for. */
static int is_known(const struct inputs_taker *t, const struct inputs_look *look, struct fact *f)
{
	struct err ignored;

	if (!inputs_cache_find(t->cache, f->path, look, &f->digest, &f->size))
		return 0;
	if (t->dry || f->form == FORM_LINK)
		return 1;
	if (f->form == FORM_FILE)
		return 2;
	/* A damaged list is no reason to fail: what is stored anew is whole. */
	return inputs_stored(t, f, &ignored) > 0;
}

/* st: its stat, links followed. again: it is read whatever is known. */
static int take(const struct inputs_taker *t, const char *full, const struct stat *st, bool again, struct fact *f,
                struct err *e)
{
	struct inputs_look before = { .st = *st }, after;
	int64_t now = time_now_ns();
	bool racy = false, racy_after = false, folder = f->form == FORM_FOLDER, looked;
	struct err ignored;
	int r;

	if (folder && access(full, R_OK | X_OK) < 0)
		return unreadable(e);
	looked = !folder || look_inside(full, now, &before.entries, &racy, &ignored) >= 0;
	r = looked && !again ? is_known(t, &before, f) : 0;
	if (r > 0)
		return r - 1;
	if (!folder && access(full, R_OK) < 0)
		return unreadable(e);
	_free_ char *real = realpath(full, NULL);
	if (!real)
		return err_errno(e, "cannot be read");
	r = read_all(t, real, f, e);
	if (r < 0)
		return r;
	if (!folder)
		racy = inputs_racy(st, now);
	if (looked && !racy && look(full, now, &after, &racy_after, &ignored) >= 0 && inputs_look_same(&before, &after))
		inputs_cache_add(t->cache, f->path, &before, &f->digest, f->size);
	return 0;
}

static int take_any(const struct inputs_taker *t, const char *full, const struct stat *seen, bool link, bool again,
                    struct fact *f, struct err *e)
{
	struct stat st;

	if (seen && !S_ISLNK(seen->st_mode)) {
		st = *seen;
	} else if (fstatat(t->root, f->path, &st, 0) < 0) {
		if (errno == ELOOP)
			return err_set(e, ERR_USAGE, "is a loop of links");
		if (errno == ENOENT && file_exists(full))
			return err_set(e, ERR_USAGE, "is a link to nothing");
		if (errno == ENOENT || errno == ENOTDIR)
			return err_set(e, ERR_USAGE, "does not exist, and no step makes it");
		return unreadable(e);
	}
	f->mode = st.st_mode & 0777;
	f->size = st.st_size;
	f->has_digest = true;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) && !link)
		return err_set(e, ERR_USAGE, "is neither a file nor a folder");
	f->form = link ? FORM_LINK : S_ISDIR(st.st_mode) ? FORM_FOLDER : FORM_FILE;
	if (!link)
		return take(t, full, &st, again, f, e);
	f->mtime = mtime_us(&st);
	f->has_digest = S_ISREG(st.st_mode);
	if (f->has_digest)
		return take(t, full, &st, again, f, e);
	return access(full, S_ISDIR(st.st_mode) ? R_OK | X_OK : R_OK) < 0 ? unreadable(e) : 0;
}

int inputs_take(const struct inputs_taker *t, const char *full, const struct stat *seen, bool link, struct fact *f,
                struct err *e)
{
	return take_any(t, full, seen, link, false, f, e);
}

int inputs_take_again(const struct inputs_taker *t, const char *full, struct fact *f, struct err *e)
{
	return take_any(t, full, NULL, false, true, f, e);
}
