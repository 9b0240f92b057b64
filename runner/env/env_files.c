#include "runner/env/env_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/env/env_dist.h"
#include "runner/env/env_look.h"
#include "store/pool.h"

/* A folder that is only gone through needs no open file behind it. */
#ifdef O_PATH
#define FOLDER_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#else
#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#endif

enum { LIST_MOST = 1 << 30, FILES_TOLD = 100, THREADS_MOST = 4, FOLDERS_FOR_THREADS = 200 };

void env_drift_release(struct env_drift *d)
{
	for (size_t i = 0; i < d->files.len; i++) {
		free(d->files.v[i].path);
		free(d->files.v[i].package);
	}
	vec_release(&d->files);
}

static int open_prefix(const char *prefix, int *ret, struct err *e)
{
	int fd = open(prefix, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(e, "cannot read the environment %s", prefix);
	*ret = fd;
	return 0;
}

static int look_write(const struct env_look *l, const char *manifest, struct err *e)
{
	_buf_ struct buf text = BUF_INIT;

	env_look_text(l, &text);
	return file_write_atomic(manifest, text.data, text.len, 0644, e);
}

int env_files_write(const char *prefix, const char *manifest, struct err *e)
{
	_cleanup_(env_look_release) struct env_look l = ENV_LOOK_INIT;
	_close_ int root = -1;
	int r = open_prefix(prefix, &root, e);

	if (r < 0 || (r = env_look_add(&l, root, prefix, "", e)) < 0)
		return r;
	return look_write(&l, manifest, e);
}

/* A file or link that does not look as it did. */
struct suspect {
	size_t folder, entry;
	enum drift_kind kind;
	bool sure;    /* whatever its content is */
	bool touched; /* size or time are others: where no RECORD knows the content, it counts as another one */
	bool differs; /* anything in its look is another */
	struct look now;
};
/* What one folder has to tell; written by the thread that looks at it. */
struct folder_report {
	VEC(struct suspect) suspects;
	bool gone, differs;
};

struct check {
	const char *prefix;
	bool thorough;
	int root;
	struct env_look look;
	struct folder_report *reports; /* one for each of the folders that were written down */
	size_t nreports;
	struct env_dist_files files; /* read when there is something to be asked */
	bool has_files;
	VEC(struct suspect) suspects;
	bool *same; /* for each suspect: the content is the one that RECORD names */
	bool news;  /* what is no drift, and would be asked for again at each check */
	struct env_drift drift;
};

static void check_release(struct check *c)
{
	for (size_t i = 0; i < c->nreports; i++)
		vec_release(&c->reports[i].suspects);
	free(c->reports);
	free(c->same);
	vec_release(&c->suspects);
	if (c->has_files)
		env_dist_files_release(&c->files);
	env_drift_release(&c->drift);
	env_look_release(&c->look);
	if (c->root >= 0)
		close(c->root);
}

static bool link_is(int folder, const struct look_entry *x)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(folder, x->name, target, sizeof target);

	return n >= 0 && (size_t)n == strlen(x->target) && memcmp(target, x->target, (size_t)n) == 0;
}

static bool same_kind(char kind, const struct stat *st)
{
	return kind == (S_ISREG(st->st_mode) ? 'F' : S_ISLNK(st->st_mode) ? 'L' : S_ISDIR(st->st_mode) ? 'S' : 'O');
}

/* Whether a name still is what it was, as far as its look tells. */
static bool entry_is_same(const struct check *c, int folder, const struct look_entry *x, struct suspect *ret)
{
	struct stat st;

	*ret = (struct suspect){.kind = DRIFT_CHANGED, .sure = true};
	if (fstatat(folder, x->name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		ret->kind = errno == ENOENT ? DRIFT_REMOVED : DRIFT_CHANGED;
		return false;
	}
	if (!same_kind(x->kind, &st))
		return false;
	if (x->kind != 'F')
		return x->kind != 'L' || link_is(folder, x);
	env_look_of(&st, &ret->now);
	/* A script that cannot be executed any more does something else, whatever its content. */
	ret->sure = (ret->now.mode & 0111) != (x->look.mode & 0111);
	ret->touched = ret->now.size != x->look.size || ret->now.modified != x->look.modified;
	ret->differs = !env_look_equal(&ret->now, &x->look);
	return !c->thorough && !ret->differs;
}

static int look_at_folder(void *arg, void *own, size_t item, struct err *e)
{
	struct check *c = arg;
	const struct look_folder *folder = &c->look.folders.v[item];
	struct folder_report *report = &c->reports[item];
	_close_ int fd = openat(c->root, *folder->path ? folder->path : ".", FOLDER_FLAGS);
	struct stat st;
	struct look now;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) {
		report->gone = true;
		return 0;
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(e, "cannot read the folder %s/%s", c->prefix, folder->path);
	env_look_of(&st, &now);
	report->differs = !env_look_equal(&now, &folder->look);
	for (size_t i = 0; i < folder->entries.len; i++) {
		struct suspect x;
		errno = 0;
		/* Folders stand in the list themselves. */
		if (folder->entries.v[i].kind == 'S' || entry_is_same(c, fd, &folder->entries.v[i], &x))
			continue;
		if (err_is_machine(errno))
			return err_errno(e, "cannot read %s/%s/%s", c->prefix, folder->path, folder->entries.v[i].name);
		x.folder = item;
		x.entry = i;
		vec_push(&report->suspects, x);
	}
	return 0;
}

static char *path_of(const char *folder, const char *name)
{
	return *folder ? mem_printf("%s/%s", folder, name) : mem_strdup(name);
}

static int files_known(struct check *c, struct err *e)
{
	int r = c->has_files ? 0 : env_dist_files_read(c->prefix, &c->files, e);

	c->has_files = c->has_files || r >= 0;
	return r;
}

static int tell(struct check *c, enum drift_kind kind, const char *folder, const char *name, struct err *e)
{
	int r = files_known(c, e);

	if (r < 0 || c->drift.total++ >= FILES_TOLD)
		return r;
	struct env_drift_file *file = vec_add(&c->drift.files);
	file->kind = kind;
	file->path = path_of(folder, name);
	file->package = mem_strdup(env_dist_package_of(&c->files, file->path));
	file->certificates = strcmp(name, "cacert.pem") == 0;
	return 0;
}

static bool is_bytecode(const char *folder, const struct look_entry *x)
{
	return x->kind == 'F' && text_ends(x->name, ".pyc") && strcmp(path_base(folder), "__pycache__") == 0;
}

/* Takes in a folder that was not there, with all below it; names the files that may not be there. */
static int folder_came(struct check *c, const char *path, struct err *e)
{
	size_t first = c->look.folders.len;
	int r = env_look_add(&c->look, c->root, c->prefix, path, e);

	for (size_t i = first; r >= 0 && i < c->look.folders.len; i++) {
		const struct look_folder *folder = &c->look.folders.v[i];
		for (size_t k = 0; r >= 0 && k < folder->entries.len; k++)
			if (folder->entries.v[k].kind != 'S' && !is_bytecode(folder->path, &folder->entries.v[k]))
				r = tell(c, DRIFT_ADDED, folder->path, folder->entries.v[k].name, e);
	}
	return r;
}

/* What came into a folder whose look differs. Its entries are then those of now; what went or changed was found by
 * name. */
static int names_came(struct check *c, size_t item, struct err *e)
{
	const char *path = c->look.folders.v[item].path;
	struct look_entries now = {0}, *was = &c->look.folders.v[item].entries;
	struct look look;
	int r = env_look_list(&c->look.arena, c->root, c->prefix, path, &look, &now, e);

	if (r < 0)
		return r;
	for (size_t i = 0; r >= 0 && i < now.len; i++) {
		const struct look_entry *x = &now.v[i], *old = env_look_find(was, x->name);
		if (old && (old->kind == x->kind || old->kind != 'S'))
			continue;
		if (x->kind != 'S') {
			if (!is_bytecode(path, x))
				r = tell(c, old ? DRIFT_CHANGED : DRIFT_ADDED, path, x->name, e);
			continue;
		}
		_free_ char *below = path_of(path, x->name);
		r = folder_came(c, below, e);
		was = &c->look.folders.v[item].entries;
	}
	/* Of what was there, the looks that were checked stay, not those of this moment. */
	for (size_t i = 0; i < now.len; i++) {
		const struct look_entry *old = env_look_find(was, now.v[i].name);
		if (old && old->kind == now.v[i].kind)
			now.v[i] = *old;
	}
	vec_release(was);
	c->look.folders.v[item].entries = now;
	c->look.folders.v[item].look = look;
	return r;
}

/* Reads the content of a suspect whose look leaves it open. */
static int look_inside(void *arg, void *own, size_t item, struct err *e)
{
	struct check *c = arg;
	struct suspect *s = &c->suspects.v[item];
	const struct look_folder *folder = &c->look.folders.v[s->folder];
	_free_ char *path = path_of(folder->path, folder->entries.v[s->entry].name);
	const struct env_dist_file *known = env_dist_file_of(&c->files, path);
	bool hashed = false;
	struct digest have;
	struct stat st;

	if (s->sure)
		return 0;
	for (const struct env_dist_file *f = known; f; f = f->next)
		hashed = hashed || f->hashed;
	if (!hashed) {
		c->same[item] = !s->touched;
		return 0;
	}
	errno = 0;
	_close_ int fd = openat(c->root, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct err unread;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || sha256_fd(fd, &have, NULL, &unread) < 0)
		return err_is_machine(errno) ? err_errno(e, "cannot read %s/%s", c->prefix, path) : 0;
	env_look_of(&st, &s->now);
	for (const struct env_dist_file *f = known; f; f = f->next)
		c->same[item] = c->same[item] || (f->hashed && digest_equal(&f->digest, &have));
	return 0;
}

static unsigned threads_for(size_t folders)
{
	unsigned cores = pool_cores();

	return folders < FOLDERS_FOR_THREADS ? 1 : cores < THREADS_MOST ? cores : THREADS_MOST;
}

/* The suspects of all folders: their content where it is known. */
static int ask_suspects(struct check *c, struct err *e)
{
	int64_t bytes = 0;
	int r;

	for (size_t i = 0; i < c->nreports; i++)
		for (size_t k = 0; k < c->reports[i].suspects.len; k++) {
			vec_push(&c->suspects, c->reports[i].suspects.v[k]);
			bytes += c->reports[i].suspects.v[k].now.size;
		}
	if (!c->suspects.len)
		return 0;
	if ((r = files_known(c, e)) < 0)
		return r;
	c->same = mem_zero(c->suspects.len * sizeof *c->same);
	r = pool_run(pool_threads(c->suspects.len, bytes), c->suspects.len, look_inside, c, c, 0, e);
	for (size_t i = 0; r >= 0 && i < c->suspects.len; i++) {
		const struct suspect *s = &c->suspects.v[i];
		const struct look_folder *folder = &c->look.folders.v[s->folder];
		if (!c->same[i]) {
			r = tell(c, s->kind, folder->path, folder->entries.v[s->entry].name, e);
			continue;
		}
		folder->entries.v[s->entry].look = s->now;
		c->news = c->news || s->differs;
	}
	return r;
}

/* The rest of what the folders tell: those that are gone, and what came into the others. */
static int ask_folders(struct check *c, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < c->nreports; i++) {
		const struct look_folder *folder = &c->look.folders.v[i];
		for (size_t k = 0; r >= 0 && c->reports[i].gone && k < folder->entries.len; k++)
			if (folder->entries.v[k].kind != 'S')
				r = tell(c, DRIFT_REMOVED, folder->path, folder->entries.v[k].name, e);
		if (r >= 0 && c->reports[i].differs)
			r = names_came(c, i, e);
		c->news = c->news || c->reports[i].gone || c->reports[i].differs;
	}
	return r;
}

/* Folders that went without a file in them are no drift, and are not written down again. */
static void forget_gone(struct check *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->look.folders.len; i++) {
		if (i < c->nreports && c->reports[i].gone)
			vec_release(&c->look.folders.v[i].entries);
		else
			c->look.folders.v[kept++] = c->look.folders.v[i];
	}
	c->look.folders.len = kept;
}

int env_files_check(const char *prefix, const char *manifest, bool thorough, struct env_drift *ret, struct err *e)
{
	_cleanup_(check_release) struct check c = {
	        .prefix = prefix, .thorough = thorough, .root = -1, .look = ENV_LOOK_INIT};
	int r = file_read(manifest, LIST_MOST, &c.look.text, e);

	if (r < 0 || (r = env_look_parse(&c.look, manifest, e)) < 0 || (r = open_prefix(prefix, &c.root, e)) < 0)
		return r;
	c.nreports = c.look.folders.len;
	c.reports = mem_zero(c.nreports * sizeof *c.reports);
	r = pool_run(threads_for(c.nreports), c.nreports, look_at_folder, &c, &c, 0, e);
	if (r < 0 || (r = ask_suspects(&c, e)) < 0 || (r = ask_folders(&c, e)) < 0)
		return r;
	if (c.drift.total == 0 && c.news) {
		struct err ignored;
		forget_gone(&c);
		look_write(&c.look, manifest, &ignored);
	}
	*ret = c.drift;
	c.drift = (struct env_drift){0};
	return 0;
}

char *env_drift_text(const struct env_drift *d)
{
	struct buf out = BUF_INIT;
	const struct env_drift_file *first = d->files.v;
	static const char *const texts[] = {
#define X(symbol, text, meaning) [symbol] = text,
	        DRIFT_KINDS(X)
#undef X
	};
	char more[32];

	if (d->total == 0)
		return mem_strdup("nothing changed");
	if (first->package)
		buf_addf(&out, "%s: ", first->package);
	buf_addf(&out, "%s %s", first->path, texts[first->kind]);
	count_text((int64_t)d->total - 1, more);
	if (d->total > 1)
		buf_addf(&out, " (and %s more file%s)", more, d->total > 2 ? "s" : "");
	return buf_steal(&out);
}
