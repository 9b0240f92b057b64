#include <git2.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>
#include "base/time.h"
#include "runner/code/code_take.h"
#include "runner/log/secret_guess.h"

#define TRIES 3
#define LOOK_MAX (1 << 20) /* bytes of a text that is looked through for secrets */
#define NAMED 5

static int hash_link(struct code_repo *repo, int root, const char *path, git_oid *ret, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(root, path, target, sizeof target);
	if (n < 0)
		return errno == ENOENT || errno == EINVAL ? 1 : err_errno(e, "%s: the link cannot be read", path);
	return code_repo_write(repo, target, n, GIT_OBJECT_BLOB, ret, e);
}

/* One try: 0 hashed, 1 it changed meanwhile. */
static int hash_once(struct code_repo *repo, int root, const char *path, struct code_record *r, git_oid *ret,
                     struct err *e)
{
	int64_t now = time_now_ns();
	struct stat st;
	if (r->mode == 0120000) {
		int res = hash_link(repo, root, path, ret, e);
		if (res < 0)
			return res;
		if (fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISLNK(st.st_mode))
			return 1;
		code_record_stat(r, &st);
		r->racy = code_record_is_racy(r, now);
		return res;
	}
	_close_ int fd = openat(root, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && (errno == ENOENT || errno == ELOOP || errno == ENOTDIR))
		return 1;
	if (fd < 0)
		return err_errno(e, "%s: cannot be read for the snapshot (a line in .jigignore leaves it out)", path);
	if (fstat(fd, &st) < 0)
		return err_errno(e, "%s: cannot stat", path);
	if (!S_ISREG(st.st_mode))
		return 1;
	code_record_stat(r, &st);
	int res = code_repo_write_file(repo, fd, r->size, ret, e);
	if (res < 0)
		return err_prefix(e, "%s", path);
	struct code_record after = *r;
	if (fstat(fd, &st) < 0)
		return err_errno(e, "%s: cannot stat", path);
	code_record_stat(&after, &st);
	r->racy = code_record_is_racy(r, now);
	return res > 0 || !code_record_same_stat(r, &after);
}

/* Into the bytes of a file that was just read. Binary files have a NUL near their beginning, as for git. */
static void look_for_secret(const struct buf *bytes, const char *path, struct map *secrets)
{
	int line;
	if (memchr(bytes->data, 0, bytes->len < 8000 ? bytes->len : 8000))
		return;
	const char *kind = secret_guess(bytes->data, bytes->len, &line);
	if (kind) {
		_free_ char *text = mem_printf("%s:%d (%s)", path, line, kind);
		map_add(secrets, text, NULL);
	}
}

char *code_take_remark(const struct map *secrets)
{
	_buf_ struct buf b = BUF_INIT;
	if (!secrets->len)
		return NULL;
	for (size_t i = 0; i < secrets->len && i < NAMED; i++)
		buf_addf(&b, "%s%s", i ? ", " : "", secrets->entries[i].key);
	if (secrets->len > NAMED)
		buf_addf(&b, " and %zu more", secrets->len - NAMED);
	buf_addf(&b,
	         " %s for ever; .jigignore leaves files out, `secrets: [NAME]` hands a variable on unrecorded",
	         secrets->len == 1 ? "looks like a secret, and the snapshot keeps it" :
	                             "look like secrets, and the snapshot keeps them");
	return buf_steal(&b);
}

/* 0 hashed, 1 gone. */
static int hash_file(struct code_repo *repo, int root, const char *path, struct code_record *r, struct map *secrets,
                     struct err *e)
{
	git_oid id;
	for (int try = 0; try < TRIES; try++) {
		int res = hash_once(repo, root, path, r, &id, e);
		if (res < 0)
			return res;
		if (res == 0) {
			memcpy(r->oid, id.id, sizeof r->oid);
			if (r->mode != 0120000 && r->size <= LOOK_MAX)
				look_for_secret(&repo->buf, path, secrets);
			return 0;
		}
		struct stat st;
		if (fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode)))
			return 1;
		code_record_stat(r, &st);
	}
	return err_set(e, ERR_USAGE, "%s: changes while the snapshot is taken; name it under outputs: or in .jigignore",
	               path);
}

static void note_difference(struct code_taken *t, const char *path)
{
	t->same = false;
	if (!t->differs)
		t->differs = path;
}

int code_take(struct code_repo *repo, const char *root, struct code_list *l, const struct code_list *old,
              struct map *secrets, struct code_taken *ret, struct err *e)
{
	struct code_taken t = {.same = true};
	_close_ int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_errno(e, "%s: cannot be opened", root);
	size_t j = 0, kept = 0;
	for (size_t i = 0; i < l->files.len; i++) {
		struct code_record r = l->files.v[i];
		const char *path = code_list_path(l, &r);
		int order = 1;
		while (j < old->files.len &&
		       (order = code_path_compare(code_list_path(old, &old->files.v[j]), path)) < 0)
			note_difference(&t, code_list_path(old, &old->files.v[j++]));
		const struct code_record *before = j < old->files.len && order == 0 ? &old->files.v[j++] : NULL;
		if (before && !before->racy && code_record_same_stat(before, &r)) {
			memcpy(r.oid, before->oid, sizeof r.oid);
		} else {
			t.hashed++;
			t.touched = true;
			int res = hash_file(repo, dir, path, &r, secrets, e);
			if (res < 0)
				return res;
			if (res > 0) {
				note_difference(&t, path);
				continue;
			}
			if (!before || before->mode != r.mode || memcmp(before->oid, r.oid, sizeof r.oid))
				note_difference(&t, path);
		}
		l->files.v[kept++] = r;
	}
	if (j < old->files.len)
		note_difference(&t, code_list_path(old, &old->files.v[j]));
	l->files.len = kept;
	t.touched |= !t.same;
	*ret = t;
	return 0;
}

/* ---- trees ---- */

struct child {
	const char *name;
	size_t len;
	uint32_t mode;
	git_oid oid;
};

/* git sorts a folder as if its name ended with "/". */
static int by_git_order(const void *a, const void *b)
{
	const struct child *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int order = memcmp(x->name, y->name, n);
	if (order)
		return order;
	int c = x->len > n ? (unsigned char)x->name[n] : x->mode == 040000 ? '/' : 0;
	int d = y->len > n ? (unsigned char)y->name[n] : y->mode == 040000 ? '/' : 0;
	return c - d;
}

/* The tree of the files [from, to), whose paths have `skip` bytes of folder in front. */
static int build(struct code_repo *repo, const struct code_list *l, size_t from, size_t to, size_t skip, git_oid *ret,
                 struct err *e)
{
	VEC(struct child) children = {0};
	_buf_ struct buf b = BUF_INIT;
	int r = 0;
	for (size_t i = from, next; r >= 0 && i < to; i = next) {
		const char *name = code_list_path(l, &l->files.v[i]) + skip;
		struct child c = {.name = name, .len = strcspn(name, "/"), .mode = l->files.v[i].mode};
		next = i + 1;
		if (name[c.len]) {
			while (next < to && !strncmp(code_list_path(l, &l->files.v[next]) + skip, name, c.len + 1))
				next++;
			c.mode = 040000;
			r = build(repo, l, i, next, skip + c.len + 1, &c.oid, e);
		} else {
			memcpy(c.oid.id, l->files.v[i].oid, sizeof c.oid.id);
		}
		vec_push(&children, c);
	}
	if (children.len)
		qsort(children.v, children.len, sizeof *children.v, by_git_order);
	for (size_t i = 0; i < children.len; i++) {
		const struct child *c = &children.v[i];
		buf_addf(&b, "%o ", c->mode);
		buf_add(&b, c->name, c->len);
		buf_addc(&b, 0);
		buf_add(&b, c->oid.id, sizeof c->oid.id);
	}
	vec_release(&children);
	return r < 0 ? r : code_repo_write(repo, b.data, b.len, GIT_OBJECT_TREE, ret, e);
}

int code_take_tree(struct code_repo *repo, const struct code_list *l, git_oid *ret, struct err *e)
{
	return build(repo, l, 0, l->files.len, 0, ret, e);
}
