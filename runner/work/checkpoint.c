/* The entries of a checkpoint folder after a death, and their copy for a later run. */
#include "runner/work/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "base/vec.h"
#include "runner/work/checkpoint_proof.h"
#include "store/tree.h"
#include "store/tree_text.h"

enum { NAME_MOST = 255, BLOCK = 4096 };
/* When a folder that cannot be looked into changed: it is the newest one then, and nothing proves it. */
#define UNKNOWN INT64_MAX

struct entry {
	char *name;
	bool folder;
	struct proof state; /* as it is now; of a folder: the newest change of anything in it */
	int64_t bytes;      /* of all that is in it */
	int64_t room;       /* that a copy takes */
};
struct entries {
	VEC(struct entry) v; /* the newest last */
};

static void entries_release(struct entries *l)
{
	for (size_t i = 0; i < l->v.len; i++)
		free(l->v.v[i].name);
	vec_release(&l->v);
}
#define _entries_ _cleanup_(entries_release)

static void measure(struct entry *entry, const struct stat *st)
{
	int64_t changed = proof_changed(st), blocks = (int64_t)st->st_blocks * 512;

	if (changed > entry->state.at_ns)
		entry->state.at_ns = changed;
	entry->room += BLOCK;
	if (!S_ISREG(st->st_mode))
		return;
	entry->bytes += st->st_size;
	entry->room += blocks < st->st_size ? blocks : st->st_size;
}

static int measure_below(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e)
{
	measure(arg, st);
	return 0;
}

static int newest_last(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->state.at_ns != y->state.at_ns)
		return x->state.at_ns < y->state.at_ns ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void look_at(const char *folder, const char *name, const struct stat *st, struct entries *ret)
{
	struct entry *entry = vec_add(&ret->v);
	struct err quiet;

	*entry = (struct entry){.name = mem_strdup(name),
	                        .folder = S_ISDIR(st->st_mode),
	                        .state = {.device = st->st_dev, .inode = st->st_ino, .at_ns = INT64_MIN}};
	measure(entry, st);
	if (entry->folder) {
		_free_ char *path = path_join(folder, name);
		if (file_walk(path, measure_below, entry, &quiet) < 0)
			entry->state.at_ns = UNKNOWN;
	} else {
		entry->state.size = st->st_size;
	}
}

/* Files and folders only: links and special files are made in one go, and say nothing of what stands before them. Not
 * there, or no folder: no entries. */
static int entries_list(const char *folder, struct entries *ret, struct err *e)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_closedir_ DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *at;
	struct stat st;

	if (!d) {
		int errnum = errno;
		mem_closep(&fd);
		errno = errnum;
		/* The step may have put a file or a link in its place. */
		if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
			return 0;
		return err_errno(e, "cannot read the checkpoints in %s", folder);
	}
	while (errno = 0, at = readdir(d)) {
		if (!strcmp(at->d_name, ".") || !strcmp(at->d_name, "..") ||
		    fstatat(fd, at->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
			look_at(folder, at->d_name, &st, ret);
	}
	if (errno)
		return err_errno(e, "cannot read the checkpoints in %s", folder);
	if (ret->v.len)
		qsort(ret->v.v, ret->v.len, sizeof *ret->v.v, newest_last);
	return 0;
}

static bool proven(const char *folder, const struct entry *entry)
{
	const struct proof *now = &entry->state, *p;
	struct map proofs;

	proofs_load(folder, &proofs);
	p = map_get(&proofs, entry->name);
	bool yes = p && p->inode && p->device == now->device && p->inode == now->inode &&
	           (entry->folder ? now->at_ns <= p->at_ns : now->size == p->size && now->at_ns == p->at_ns);
	proofs_release(&proofs);
	return yes;
}

/* From here on the first n entries count as complete, for attempts that come. */
static int prove(const char *folder, const struct entries *l, size_t n, struct err *e)
{
	_free_ char *path = proofs_path(folder);
	_buf_ struct buf text = BUF_INIT;

	for (size_t i = 0; i < n; i++)
		if (l->v.v[i].state.at_ns != UNKNOWN)
			proof_add(&text, l->v.v[i].name, &l->v.v[i].state);
	if (n)
		return proofs_save(folder, &text, e);
	return unlink(path) < 0 && errno != ENOENT ? err_errno(e, "cannot remove %s", path) : 0;
}

static char *torn_path(const char *folder)
{
	size_t n = strlen(folder);

	return mem_printf("%.*s.torn", (int)(text_ends(folder, ".ckpt") ? n - strlen(".ckpt") : n), folder);
}

static int set_aside(const char *folder, const char *name, struct arena *a, const char **ret, struct err *e)
{
	_free_ char *torn = torn_path(folder), *from = path_join(folder, name);

	if (mkdir(torn, 0777) < 0 && errno != EEXIST)
		return err_errno(e, "cannot set %s aside: %s", from, torn);
	for (int i = 1;; i++) {
		char number[16] = "";
		if (i > 1)
			snprintf(number, sizeof number, ".%d", i);
		_free_ char *as = mem_printf("%.*s%s", NAME_MOST - (int)strlen(number), name, number),
		            *to = path_join(torn, as);
		if (file_exists(to))
			continue;
		if (rename(from, to) < 0)
			return err_errno(e, "cannot set %s aside to %s", from, to);
		*ret = arena_strdup(a, as);
		return 0;
	}
}

int checkpoint_settle(const char *folder, bool orderly, struct arena *a, const char **ret_torn, struct err *e)
{
	_entries_ struct entries l = {0};
	const char *torn = NULL;
	int r = entries_list(folder, &l, e);

	if (r < 0)
		return r;
	size_t complete = l.v.len;
	if (!orderly && complete && !proven(folder, &l.v.v[complete - 1]))
		complete--;
	/* First what stays: whoever comes after a crash in between finds the same one torn, and not the one before
	 * it. */
	if ((r = prove(folder, &l, complete, e)) < 0)
		return r;
	fault_point("checkpoint-settle");
	if (complete < l.v.len && (r = set_aside(folder, l.v.v[complete].name, a, &torn, e)) < 0)
		return r;
	*ret_torn = torn;
	return 0;
}

/* A link of an entry may lead to what is in the entry, one beside the entries to an entry: both keep their meaning at
 * another place. */
static bool stays_inside(void *arg, const char *rel, const char *target)
{
	const char *slash = strchr(rel, '/');

	return !tree_text_link(slash ? slash + 1 : rel, target);
}

static int need_room(const char *from, const char *to, const struct entries *l, struct err *e)
{
	_free_ char *folder = path_parent(to);
	struct statvfs st;
	struct stat a, b;
	int64_t need = 0;
	char needs[16], has[16];

	for (size_t i = 0; i < l->v.len; i++)
		need += l->v.v[i].room;
	if (statvfs(folder, &st) < 0)
		return err_errno(e, "cannot copy the checkpoints in %s to %s", from, folder);
	int64_t room = (int64_t)st.f_bavail * (int64_t)st.f_frsize;
	/* Some file systems do not tell. */
	if (st.f_blocks == 0 || need <= room)
		return 0;
	if (stat(from, &a) == 0 && stat(folder, &b) == 0 && a.st_dev == b.st_dev && file_reflinks(folder))
		return 0;
	size_text(need, needs);
	size_text(room, has);
	return err_set(e, ERR_BROKEN,
	               "the checkpoints in %s take %s, and there are %s left on the disk of %s; make room (jig gc), or "
	               "begin without them (jig restart)",
	               from, needs, has, folder);
}

static bool same_entries(const struct entries *a, const struct entries *b)
{
	if (a->v.len != b->v.len)
		return false;
	for (size_t i = 0; i < a->v.len; i++) {
		const struct entry *x = &a->v.v[i], *y = &b->v.v[i];
		if (strcmp(x->name, y->name) || memcmp(&x->state, &y->state, sizeof x->state) || x->bytes != y->bytes)
			return false;
	}
	return true;
}

/* r and e tell how the copy ended; a change in between explains it better. */
static int still_same(const char *from, const struct entries *before, int r, struct err *e)
{
	_entries_ struct entries now = {0};
	struct err quiet;

	if (entries_list(from, &now, &quiet) >= 0 && same_entries(before, &now))
		return r;
	return err_set(e, ERR_BUSY,
	               "the checkpoints in %s changed while they were copied: a process that the step left behind "
	               "still writes them; end it, and try again",
	               from);
}

static int sync_all(const char *folder, struct err *e)
{
#if defined(__linux__) && !defined(JIG_POSIX)
	_close_ int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) < 0)
		return err_errno(e, "cannot sync %s", folder);
#else
	sync();
#endif
	return 0;
}

static int digest_entry(const char *folder, const struct entry *entry, struct arena *a, struct checkpoint *ret,
                        struct err *e)
{
	_free_ char *path = path_join(folder, entry->name);
	struct checkpoint c = {.name = arena_strdup(a, entry->name), .form = entry->folder ? FORM_FOLDER : FORM_FILE};
	int r;

	if (entry->folder) {
		r = tree_digest(path, &c.digest, &c.size, e);
	} else {
		_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		r = fd < 0 ? err_errno(e, "cannot read %s", path) : sha256_fd(fd, &c.digest, &c.size, e);
	}
	if (r >= 0)
		*ret = c;
	return r;
}

/* All but the last rename. */
static int copy_to(const char *from, const char *temp, const char *to, const struct entries *l, struct arena *a,
                   struct checkpoint *ret, struct err *e)
{
	_entries_ struct entries copied = {0};
	struct stat st;
	int r;

	if ((r = file_remove_tree(temp, e)) < 0)
		return r;
	r = file_copy_tree(from, temp, stays_inside, NULL, e);
	fault_point("checkpoint-copied");
	if ((r = still_same(from, l, r, e)) < 0)
		return r;
	/* The step of the later run is to write there, whatever the earlier one did to it. */
	if (lstat(temp, &st) < 0 || chmod(temp, (st.st_mode & 07777) | 0700) < 0)
		return err_errno(e, "%s", temp);
	if ((r = entries_list(temp, &copied, e)) < 0 || (r = digest_entry(temp, &l->v.v[l->v.len - 1], a, ret, e)) < 0)
		return r;
	r = prove(to, &copied, copied.v.len, e);
	return r < 0 ? r : sync_all(temp, e);
}

int checkpoint_copy(const char *from, const char *to, struct arena *a, struct checkpoint *ret, struct err *e)
{
	_entries_ struct entries l = {0};
	struct checkpoint newest = {0};
	/* Ends as the folders of checkpoints do, and is no step's. */
	_free_ char *temp = text_ends(to, ".ckpt") ? mem_printf("%.*s~.ckpt", (int)(strlen(to) - strlen(".ckpt")), to)
	                                           : mem_printf("%s~", to);
	struct err quiet;
	int r = entries_list(from, &l, e);

	if (r < 0)
		return r;
	if (l.v.len == 0) {
		*ret = newest;
		return 0;
	}
	if ((r = need_room(from, to, &l, e)) < 0)
		return r;
	r = copy_to(from, temp, to, &l, a, &newest, e);
	fault_point("checkpoint-proved");
	if (r >= 0 && rename(temp, to) < 0)
		r = errno == ENOTEMPTY || errno == EEXIST ? err_set(e, ERR_EXISTS, "%s holds checkpoints already", to)
		                                          : err_errno(e, "cannot rename %s to %s", temp, to);
	if (r < 0) {
		file_remove_tree(temp, &quiet);
		return r;
	}
	fault_point("checkpoint-given");
	*ret = newest;
	return 0;
}

int checkpoint_newest(const char *folder, struct arena *a, struct checkpoint *ret, struct err *e)
{
	_entries_ struct entries l = {0};
	int r = entries_list(folder, &l, e);

	*ret = (struct checkpoint){0};
	return r < 0 || !l.v.len ? r : digest_entry(folder, &l.v.v[l.v.len - 1], a, ret, e);
}
