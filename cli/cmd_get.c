#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>
#include "base/file.h"
#include "base/map.h"
#include "base/path.h"
#include "base/text.h"
#include "base/vec.h"
#include "cli/run_data.h"
#include "store/tree.h"

/* One thing to be written. Texts live in the arena of its list. */
struct item {
	const char *path;      /* below the target folder */
	const char *to;        /* absolute */
	int64_t attempt;
	struct digest digest;
	unsigned mode;         /* as in a tree's entry; 0040000: a whole folder */
	int64_t size;
	bool whole;            /* a folder's object, not an empty folder inside one */
	enum { ITEM_NEW, ITEM_SAME, ITEM_DIFFERS } there;
};
struct items { struct arena arena; struct item *v; size_t len, cap; };

static void items_release(struct items *l)
{
	vec_release(l);
	arena_release(&l->arena);
}

static bool wanted(const char *path, const char *want)
{
	return path_within(path, want) || (text_has_glob(want) && text_glob(want, path));
}

/* Entries of a folder's object that a word names. */
static int add_inside(struct context *c, struct items *l, const struct artifact_row *f, const char *want, struct err *e)
{
	struct tree tree;
	int r = tree_load(context_store(c), &f->digest, &l->arena, &tree, e);
	for (size_t i = 0; r >= 0 && i < tree.len; i++) {
		const struct tree_entry *t = &tree.v[i];
		const char *path = arena_printf(&l->arena, "%s/%s", f->path, t->path);
		if (wanted(path, want))
			vec_push(l,
				(struct item){ .path = path, .attempt = f->attempt, .digest = t->digest,
					.mode = t->mode, .size = t->size });
	}
	return r;
}

static int add_artifact(
	struct context *c, struct items *l, const struct artifact_row *f, const char *want, struct err *e)
{
	bool folder = f->form == FORM_FOLDER;
	if (!want || wanted(f->path, want)) {
		unsigned mode = folder ? 0040000 : f->mode & 0100 ? 0100755 : 0100644;
		vec_push(l,
			(struct item){ .path = f->path, .attempt = f->attempt, .digest = f->digest, .mode = mode,
				.size = f->size, .whole = folder });
		return 0;
	}
	return folder && (path_within(want, f->path) || text_has_glob(want)) ? add_inside(c, l, f, want, e) : 0;
}

/* Outputs that count: of each step's last attempt, or of the one that it stands for. */
static bool counts(const struct run_data *d, const struct artifact_row *f)
{
	const struct step_row *s = run_data_step(d, f->step);
	const struct attempt_row *a = s ? run_data_attempt(d, s) : NULL;
	return a && a->id == f->attempt && f->has_digest &&
	       (f->role == ROLE_OUT || f->role == ROLE_METRIC || f->role == ROLE_LOGGED) &&
	       (f->form == FORM_FILE || f->form == FORM_FOLDER);
}

static const char *item_key(struct items *l, const struct item *it, size_t n)
{
	return arena_printf(&l->arena, "%lld %.*s", (long long)it->attempt, (int)n, it->path);
}

/* Whether a folder around it comes whole from the same attempt. */
static bool in_whole(struct items *l, const struct map *seen, const struct item *it)
{
	for (const char *slash = strchr(it->path, '/'); slash; slash = strchr(slash + 1, '/')) {
		const struct map_entry *around = map_find(seen, item_key(l, it, (size_t)(slash - it->path)));
		if (around && around->num)
			return true;
	}
	return false;
}

/* An artifact may also be an output of its attempt, lie in one, or hold one: it is the same thing, and comes once. */
static void drop_doubles(struct items *l)
{
	_map_ struct map seen = MAP_INIT;
	size_t n = 0, kept = 0;
	for (size_t i = 0; i < l->len; i++) {
		bool new = false;
		struct map_entry *own = map_add(&seen, item_key(l, &l->v[i], strlen(l->v[i].path)), &new);
		own->num |= l->v[i].whole;
		if (new)
			l->v[n++] = l->v[i];
	}
	for (size_t i = 0; i < n; i++)
		if (!in_whole(l, &seen, &l->v[i]))
			l->v[kept++] = l->v[i];
	l->len = kept;
}

static int no_output(const struct run_data *d, const char *want, struct err *e)
{
	VEC(const char *) paths = {0};
	long long run = d->row.number;
	for (size_t i = 0; i < d->artifacts.len; i++)
		if (counts(d, &d->artifacts.v[i]))
			vec_push(&paths, d->artifacts.v[i].path);
	const char *near = text_nearest(want, paths.v, paths.len);
	vec_release(&paths);
	if (near)
		return err_set(e, ERR_NOT_FOUND,
			"run %lld has no output \"%s\" (did you mean \"%s\"?); `jig get %lld --list` lists them", run,
			want, near, run);
	return err_set(e, ERR_NOT_FOUND, "run %lld has no output \"%s\"; `jig get %lld --list` lists them", run, want,
		run);
}

static int gather(struct context *c, const struct run_data *d, struct items *l, struct err *e)
{
	for (int i = c->nargs > 1 ? 1 : 0; i < c->nargs; i++) {
		_free_ char *want = i ? path_normal(c->args[i], NULL) : NULL;
		size_t before = l->len;
		for (size_t k = 0; k < d->artifacts.len; k++) {
			int r = counts(d, &d->artifacts.v[k]) ? add_artifact(c, l, &d->artifacts.v[k], want, e) : 0;
			if (r < 0)
				return r;
		}
		if (l->len == before && want)
			return no_output(d, want, e);
		if (!i)
			break;
	}
	drop_doubles(l);
	return 0;
}

static int same_link(struct context *c, const struct item *it, bool *ret, struct err *e)
{
	_close_ int fd = -1;
	_buf_ struct buf target = BUF_INIT;
	char there[4096];
	int r = store_open(context_store(c), &it->digest, &fd, e);
	if (r < 0)
		return r;
	while (buf_read(&target, fd, sizeof there) > 0)
		continue;
	ssize_t n = readlink(it->to, there, sizeof there);
	*ret = n >= 0 && (size_t)n == target.len && !memcmp(there, target.data, target.len);
	return 0;
}

static int same_file(const struct item *it, const struct stat *st, bool *ret, struct err *e)
{
	struct digest have;
	*ret = false;
	if (!S_ISREG(st->st_mode) || st->st_size != it->size)
		return 0;
	_close_ int fd = open(it->to, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_errno(e, "%s", it->to);
	int r = sha256_fd(fd, &have, NULL, e);
	if (r < 0)
		return r;
	*ret = digest_equal(&have, &it->digest) && !(st->st_mode & 0100) == !(it->mode & 0100);
	return 0;
}

static int compare(struct context *c, struct item *it, struct err *e)
{
	struct stat st;
	bool same = false;
	int r = 0;
	it->there = ITEM_NEW;
	if (lstat(it->to, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_errno(e, "%s", it->to);
	if (it->mode == 0120000) {
		r = S_ISLNK(st.st_mode) ? same_link(c, it, &same, e) : 0;
	} else if (it->mode != 0040000) {
		r = same_file(it, &st, &same, e);
	} else if (S_ISDIR(st.st_mode)) {
		struct digest have;
		struct err odd;
		/* A folder with something in it that cannot be kept is another one. */
		same = !it->whole || (tree_digest(it->to, &have, NULL, &odd) >= 0 && digest_equal(&have, &it->digest));
	}
	it->there = same ? ITEM_SAME : ITEM_DIFFERS;
	return r;
}

static int write_link(struct context *c, const struct item *it, const char *at, struct err *e)
{
	_close_ int fd = -1;
	_buf_ struct buf target = BUF_INIT;
	int r = store_open(context_store(c), &it->digest, &fd, e);
	if (r < 0)
		return r;
	while (buf_read(&target, fd, 4096) > 0)
		continue;
	return symlink(target.data, at) < 0 ? err_errno(e, "%s", at) : 0;
}

/* Where one of them is a folder, what is there has to be moved away first. */
static int replace(const char *made, const char *to, const char *old)
{
	if (rename(made, to) == 0)
		return 0;
	if (rename(to, old) < 0)
		return -1;
	if (rename(made, to) == 0)
		return 0;
	int errnum = errno;
	(void)!rename(old, to);
	errno = errnum;
	return -1;
}

/* Beside its place first, then into it, so that what is there is the old or the new one. */
static int write_item(struct context *c, const struct item *it, struct err *e)
{
	_free_ char *parent = path_parent(it->to), *temp = NULL;
	int r;
	if ((r = file_mkdirs(parent, 0777, e)) < 0 || (r = file_temp_dir(parent, ".jig-get", &temp, e)) < 0)
		return r;
	_free_ char *made = path_join(temp, "new"), *old = path_join(temp, "old");
	if (it->mode == 0120000)
		r = write_link(c, it, made, e);
	else if (it->mode != 0040000)
		r = store_get_file(context_store(c), &it->digest, made, it->mode & 0777, e);
	else if (it->whole)
		r = tree_get(context_store(c), &it->digest, made, e);
	else
		r = file_mkdirs(made, 0777, e);
	if (r >= 0 && (it->there == ITEM_DIFFERS ? replace(made, it->to, old) : rename(made, it->to)) < 0)
		r = err_errno(e, "%s", it->to);
	struct err ignored;
	file_remove_tree(temp, &ignored);
	return r;
}

static int refuse(struct context *c, const struct items *l, size_t differ, struct err *e)
{
	size_t shown = 0;
	for (size_t i = 0; i < l->len && shown < 20; i++)
		if (l->v[i].there == ITEM_DIFFERS) {
			buf_addf(&c->faults, "%s is there and differs\n", l->v[i].path);
			shown++;
		}
	if (differ > shown)
		buf_addf(&c->faults, "and %zu more\n", differ - shown);
	buf_adds(&c->faults, "nothing was written: --force replaces what differs, -o DIR writes elsewhere\n");
	return err_set(e, ERR_EXISTS, "%zu of the outputs are there and differ", differ);
}

static void list(struct context *c, const struct items *l)
{
	for (size_t i = 0; i < l->len; i++) {
		char hex[DIGEST_HEX + 1];
		digest_to_hex(&l->v[i].digest, hex);
		buf_addf(&c->out, "%s\t%lld\t", hex, (long long)l->v[i].size);
		context_contents(c, l->v[i].path);
		buf_adds(&c->out, l->v[i].whole ? "/\n" : "\n");
	}
}

/* An absolute path as one would type it here: relative where it lies below the current folder. Owned. */
static char *path_seen(const char *path)
{
	_free_ char *here = realpath(".", NULL);
	return mem_strdup(here && path_within(path, here) && strcmp(path, here) ? path + strlen(here) + 1 : path);
}

static int target_folder(struct context *c, char **ret, struct err *e)
{
	const char *dir = option_text(c, "output");
	if (!dir) {
		*ret = mem_strdup(c->project.root);
		return 0;
	}
	int r = file_mkdirs(dir, 0777, e);
	if (r < 0)
		return r;
	*ret = realpath(dir, NULL);
	return *ret ? 0 : err_errno(e, "%s", dir);
}

static int run_get(struct context *c, struct err *e)
{
	_run_data_ struct run_data d = {0};
	_cleanup_(items_release) struct items l = {0};
	const char *dir = option_text(c, "output");
	_free_ char *folder = NULL;
	size_t differ = 0, same = 0;
	int r;
	if ((r = run_data_named(c, c->args[0], &d, e)) < 0 || (r = gather(c, &d, &l, e)) < 0)
		return r;
	if (option_flag(c, "list")) {
		list(c, &l);
		return 0;
	}
	if (!l.len)
		return err_set(e, ERR_NOT_FOUND, "run %lld left no outputs", (long long)d.row.number);
	if ((r = target_folder(c, &folder, e)) < 0)
		return r;
	for (size_t i = 0; i < l.len; i++) {
		l.v[i].to = arena_printf(&l.arena, "%s/%s", folder, l.v[i].path);
		if ((r = compare(c, &l.v[i], e)) < 0)
			return r;
		differ += l.v[i].there == ITEM_DIFFERS;
		same += l.v[i].there == ITEM_SAME;
	}
	if (differ && !option_flag(c, "force"))
		return refuse(c, &l, differ, e);
	for (size_t i = 0; i < l.len; i++) {
		if (l.v[i].there == ITEM_SAME)
			continue;
		if ((r = write_item(c, &l.v[i], e)) < 0)
			return r;
		/* From where the command was typed, so that the next one can take it. */
		_free_ char *shown = dir ? path_join(dir, l.v[i].path) : path_seen(l.v[i].to);
		context_contents(c, shown);
		buf_adds(&c->out, l.v[i].whole ? "/\n" : "\n");
	}
	if (same)
		add_count(
			&c->out, (int64_t)same, "is there already and the same\n", "are there already and the same\n");
	return 0;
}

static const struct option_def options[] = {
	{ .name = "output",
		.letter = 'o',
		.kind = OPTION_TEXT,
		.value = "DIR",
		.text = "writes below DIR instead of the project's folder" },
	{ .name = "force", .kind = OPTION_FLAG, .text = "replaces what is there and differs" },
	{ .name = "list", .letter = 'l', .kind = OPTION_FLAG, .text = "only lists: digest, size in bytes, path" },
	{ 0 },
};

const struct command cmd_get = {
	.name = "get",
	.summary = "writes outputs of a run out of the store",
	.usage = "RUN [PATH…]",
	.group = GROUP_LOOK,
	.options = options,
	.min_args = 1,
	.max_args = ARGS_ANY,
	.flags = COMMAND_RECORD,
	.run = run_get,
	.text = "All outputs of the run, or those that PATH names: a file, a folder, something inside one, or a "
		"pattern (*, **). They go where "
		"they stood in the project, or below DIR.\n\n"
		"What is there and the same is left alone. If anything is there and differs, nothing at all is written "
		"without --force.",
};
