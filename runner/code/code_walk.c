#include <git2.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/code/code_walk.h"

#define MAX_EXCLUDES (8 << 20)

struct walk {
	const struct code_options *o;
	struct code_user *u;
	struct code_list *list;
	struct code_left *left;
	struct ignore_stack git;
	struct buf path; /* below the repository's top */
	const char *jig; /* JIG below the root, NULL = elsewhere */
};
struct name {
	size_t at; /* in the text, which moves while it grows */
	const char *text;
	unsigned char type;
};
struct names {
	VEC(struct name) v;
	struct buf text;
	bool environment, repository, gitignore, jigignore;
};

static const char *below_root(const struct walk *w)
{
	return w->path.data + w->left->prefix_len;
}

bool code_walk_covered(const char *const *v, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(v[i]);
		while (len && v[i][len - 1] == '/')
			len--;
		if (len && !strncmp(path, v[i], len) && (!path[len] || path[len] == '/'))
			return true;
	}
	return false;
}

bool code_walk_is_made(const char *name, size_t n, bool folder)
{
	static const char *const folders[] = {"__pycache__", ".ipynb_checkpoints", "node_modules"};
	if (!folder)
		return n == strlen(".DS_Store") && !memcmp(name, ".DS_Store", n);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (n == strlen(folders[i]) && !memcmp(name, folders[i], n))
			return true;
	/* What a `jig get` that was killed leaves. */
	if (n > strlen(".jig-get.") && !memcmp(name, ".jig-get.", strlen(".jig-get.")))
		return true;
	return n > strlen("._cache") && name[0] == '.' &&
	       !memcmp(name + n - strlen("_cache"), "_cache", strlen("_cache"));
}

bool code_walk_marks_environment(const char *name)
{
	return !strcmp(name, "pyvenv.cfg") || !strcmp(name, "conda-meta");
}

static bool is_secret(const char *name)
{
	static const char *const samples[] = {".example", ".sample", ".template", ".dist", ".defaults"};
	if (text_starts(name, ".env.")) {
		for (size_t i = 0; i < ARRAY_LEN(samples); i++)
			if (text_ends(name, samples[i]))
				return false;
		return true;
	}
	/* ssh names its keys id_<kind> without an ending: id_map.csv is no key. */
	return !strcmp(name, ".env") || text_ends(name, ".pem") || (text_starts(name, "id_") && !strchr(name, '.'));
}

/* ---- what was left out ---- */

void code_left_release(struct code_left *l)
{
	for (size_t i = 0; i < l->items.len; i++)
		free(l->items.v[i].path);
	vec_release(&l->items);
	ignore_stack_pop(&l->jig, 0);
	vec_release(&l->jig.sets);
	free(l->prefix);
	l->prefix = NULL;
	l->prefix_len = 0;
}

void code_left_add(struct code_left *l, const char *path, enum code_reason reason, int64_t size)
{
	vec_push(&l->items, (struct left_item){.path = mem_strdup(path), .reason = reason, .size = size});
}

bool code_left_covers(const struct code_left *l, const char *path)
{
	if (code_walk_covered(l->options->data, l->options->ndata, path))
		return true;
	for (size_t i = 0; i < l->items.len; i++)
		if (path_within(path, l->items.v[i].path))
			return true;
	_free_ char *full = mem_printf("%s%s", l->prefix, path);
	char *part = full + l->prefix_len;
	for (char *slash; part; part = slash ? slash + 1 : NULL) {
		slash = strchr(part, '/');
		size_t n = slash ? (size_t)(slash - part) : strlen(part);
		if (slash)
			*slash = 0;
		enum ignore_answer answer = ignore_stack_match(&l->jig, full, slash != NULL);
		bool out = answer == IGNORE_OUT ||
		           (answer == IGNORE_NO_MATCH && code_walk_is_made(part, n, slash != NULL));
		if (!strcmp(part, ".jig") || out)
			return true;
		if (slash)
			*slash = '/';
	}
	return false;
}

void code_left_notes(const struct code_left *l, char ***ret, size_t *ret_len)
{
	static const char *const texts[] = {
#define X(name, text) text,
	        CODE_REASONS(X)
#undef X
	};
	VEC(char *) notes = {0};
	for (size_t reason = 0; reason < ARRAY_LEN(texts); reason++) {
		_buf_ struct buf b = BUF_INIT;
		size_t n = 0;
		for (size_t i = 0; texts[reason] && i < l->items.len; i++) {
			if (l->items.v[i].reason != reason)
				continue;
			if (n++ >= 4)
				continue;
			buf_addf(&b, "%s%s", n > 1 ? ", " : "left out ", l->items.v[i].path);
			if (reason == LEFT_BIG) {
				char size[16];
				size_text(l->items.v[i].size, size);
				buf_addf(&b, " (%s)", size);
			}
		}
		if (!n)
			continue;
		if (n > 4)
			buf_addf(&b, " and %zu more", n - 4);
		buf_addf(&b, ": %s", texts[reason]);
		vec_push(&notes, buf_steal(&b));
	}
	*ret = notes.v;
	*ret_len = notes.len;
}

/* ---- the walk ---- */

static void load_set(struct ignore_stack *s, int dir, const char *name, const char *base)
{
	/* As git does, a link is not followed. */
	_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	_buf_ struct buf b = BUF_INIT;
	if (fd < 0)
		return;
	while (b.len < MAX_EXCLUDES && buf_read(&b, fd, 64 << 10) > 0)
		;
	struct ignore_set *set = ignore_set_new(base, b.data, b.len);
	if (set)
		vec_push(&s->sets, set);
}

static void load_file(struct ignore_stack *s, const char *path, const char *base)
{
	_buf_ struct buf b = BUF_INIT;
	struct err ignored;
	if (!path || file_read(path, MAX_EXCLUDES, &b, &ignored) < 0)
		return;
	struct ignore_set *set = ignore_set_new(base, b.data, b.len);
	if (set)
		vec_push(&s->sets, set);
}

static unsigned char type_of(int dir, const char *name, unsigned char type)
{
	struct stat st;
	if (type != DT_UNKNOWN || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return type;
	return S_ISDIR(st.st_mode) ? DT_DIR : S_ISREG(st.st_mode) ? DT_REG : S_ISLNK(st.st_mode) ? DT_LNK : DT_FIFO;
}

static int list_names(DIR *d, struct names *names, const char *path, struct err *e)
{
	struct dirent *entry;
	while (errno = 0, entry = readdir(d)) {
		const char *name = entry->d_name;
		if (!strcmp(name, ".") || !strcmp(name, "..") || !strcmp(name, ".jig"))
			continue;
		if (!strcmp(name, ".git")) {
			/* A file points at the repository; a folder is one when it has a HEAD. */
			names->repository = type_of(dirfd(d), name, entry->d_type) != DT_DIR ||
			                    !faccessat(dirfd(d), ".git/HEAD", F_OK, 0);
			continue;
		}
		names->environment |= code_walk_marks_environment(name);
		names->gitignore |= !strcmp(name, ".gitignore");
		names->jigignore |= !strcmp(name, ".jigignore");
		vec_push(&names->v,
		         (struct name){.at = names->text.len, .type = type_of(dirfd(d), name, entry->d_type)});
		buf_add(&names->text, name, strlen(name) + 1);
	}
	return errno ? err_errno(e, "%s: cannot be listed", path) : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static void sort_names(struct names *names)
{
	for (size_t i = 0; i < names->v.len; i++)
		names->v.v[i].text = names->text.data + names->v.v[i].at;
	if (names->v.len)
		qsort(names->v.v, names->v.len, sizeof *names->v.v, by_name);
}

static int walk_folder(struct walk *w, int fd, bool tracked_only, struct err *e);

static int take_folder(struct walk *w, int dir, const char *name, bool wanted, bool tracked_only, struct err *e)
{
	const char *rel = below_root(w);
	if (w->u->found && !tracked_only && !wanted)
		tracked_only = ignore_stack_match(&w->git, w->path.data, true) == IGNORE_OUT;
	else if (!w->u->found && !wanted && ignore_stack_match(&w->git, w->path.data, true) == IGNORE_OUT)
		return 0;
	if (tracked_only && !code_user_tracks_below(w->u, rel))
		return 0;
	if (!wanted && code_walk_is_made(name, strlen(name), true)) {
		code_left_add(w->left, rel, LEFT_MADE, 0);
		return 0;
	}
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0)
		return err_errno(
		        e, "%s: the folder cannot be read for the snapshot (a line in .jigignore leaves it out)", rel);
	return walk_folder(w, fd, tracked_only, e);
}

static int take_file(struct walk *w, int dir, const char *name, unsigned char type, bool wanted, bool tracked_only,
                     struct err *e)
{
	const char *rel = below_root(w);
	bool tracked = w->u->found && code_user_find(w->u, rel);
	if (!tracked && (tracked_only || (!wanted && ignore_stack_match(&w->git, w->path.data, false) == IGNORE_OUT)))
		return 0;
	if (!wanted && code_walk_is_made(name, strlen(name), false)) {
		code_left_add(w->left, rel, LEFT_MADE, 0);
		return 0;
	}
	if (!tracked && !wanted && is_secret(name)) {
		code_left_add(w->left, rel, LEFT_SECRET, 0);
		return 0;
	}
	struct stat st;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_errno(e, "%s: cannot stat", rel);
	if (S_ISDIR(st.st_mode))
		return 0;
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode)) {
		code_left_add(w->left, rel, LEFT_SPECIAL, 0);
		return 0;
	}
	struct code_record *r = vec_add(&w->list->files);
	code_record_stat(r, &st);
	r->path = w->list->paths.len;
	r->is_new = !tracked;
	r->input = code_walk_covered(w->o->inputs, w->o->ninputs, rel);
	buf_add(&w->list->paths, rel, strlen(rel) + 1);
	return 0;
}

static int take_name(struct walk *w, int dir, const char *name, unsigned char type, bool tracked_only, struct err *e)
{
	const char *rel = below_root(w);
	bool folder = type == DT_DIR;
	if (w->jig && folder && !strcmp(rel, w->jig))
		return 0;
	bool declared = code_walk_covered(w->o->data, w->o->ndata, rel);
	enum ignore_answer answer = declared ? IGNORE_OUT : ignore_stack_match(&w->left->jig, w->path.data, folder);
	if (answer == IGNORE_OUT) {
		code_left_add(w->left, rel, declared ? LEFT_DECLARED : LEFT_JIGIGNORE, 0);
		return 0;
	}
	bool wanted = answer == IGNORE_IN;
	return folder ? take_folder(w, dir, name, wanted, tracked_only, e)
	              : take_file(w, dir, name, type, wanted, tracked_only, e);
}

static int walk_names(struct walk *w, int dir, struct names *names, bool tracked_only, struct err *e)
{
	size_t len = w->path.len, git_len = w->git.sets.len;
	bool root = len == w->left->prefix_len;
	if (!root && names->environment) {
		code_left_add(w->left, below_root(w), LEFT_ENVIRONMENT, 0);
		return 0;
	}
	if (!root && names->repository && w->u->found) {
		const struct user_file *file = code_user_find(w->u, below_root(w));
		bool submodule = file && file->mode == 0160000;
		if (!submodule && !code_user_tracks_below(w->u, below_root(w))) {
			code_left_add(w->left, below_root(w), LEFT_REPOSITORY, 0);
			return 0;
		}
		tracked_only |= !submodule;
	}
	if (!root)
		buf_addc(&w->path, '/');
	if (names->gitignore && (!root || !w->u->found))
		load_set(&w->git, dir, ".gitignore", w->path.data);
	if (names->jigignore)
		load_set(&w->left->jig, dir, ".jigignore", w->path.data);
	sort_names(names);
	size_t base = w->path.len;
	int r = 0;
	for (size_t i = 0; r >= 0 && i < names->v.len; i++) {
		const struct name *n = &names->v.v[i];
		buf_cut(&w->path, base);
		buf_adds(&w->path, n->text);
		r = take_name(w, dir, n->text, n->type, tracked_only, e);
	}
	buf_cut(&w->path, len);
	if (!root)
		ignore_stack_pop(&w->git, git_len);
	return r;
}

/* Takes over fd. */
static int walk_folder(struct walk *w, int fd, bool tracked_only, struct err *e)
{
	_closedir_ DIR *d = fdopendir(fd);
	if (!d) {
		close(fd);
		return err_errno(e, "%s: cannot be listed", below_root(w));
	}
	struct names names = {.text = BUF_INIT};
	int r = list_names(d, &names, *below_root(w) ? below_root(w) : w->o->root, e);
	if (r >= 0)
		r = walk_names(w, dirfd(d), &names, tracked_only, e);
	vec_release(&names.v);
	buf_release(&names.text);
	return r;
}

/* The exclude files that stand above the root's own, weakest first. 1: they leave out the whole project. */
static int load_above(struct walk *w)
{
	struct code_user *u = w->u;
	load_file(&w->git, u->excludes, "");
	if (!u->found)
		return 0;
	_free_ char *info = u->common ? path_join(u->common, "info/exclude") : NULL;
	load_file(&w->git, info, "");
	_buf_ struct buf base = BUF_INIT;
	for (const char *rest = u->prefix;;) {
		_free_ char *folder = mem_printf("%s/%s", u->top, base.data);
		_close_ int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			load_set(&w->git, fd, ".gitignore", base.data);
		const char *slash = strchr(rest, '/');
		if (!slash)
			return 0;
		buf_add(&base, rest, slash - rest);
		if (ignore_stack_match(&w->git, base.data, true) == IGNORE_OUT && !u->files.len)
			return 1;
		buf_addc(&base, '/');
		rest = slash + 1;
	}
}

int code_walk(const struct code_options *o, struct code_user *u, struct code_list *ret, struct code_left *left,
              struct err *e)
{
	struct walk w = {.o = o, .u = u, .list = ret, .left = left, .path = BUF_INIT};
	left->options = o;
	if (path_within(o->jig, o->root) && strcmp(o->jig, o->root))
		w.jig = o->jig + strlen(o->root) + 1;
	if (load_above(&w)) {
		_free_ char *excludes = mem_take(u->excludes);
		code_user_release(u);
		u->excludes = mem_take(excludes);
		ignore_stack_pop(&w.git, 0);
		load_above(&w);
	}
	left->prefix = mem_strdup(u->found ? u->prefix : "");
	left->prefix_len = strlen(left->prefix);
	buf_adds(&w.path, left->prefix);
	int fd = open(o->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? err_errno(e, "%s: cannot be opened", o->root) : walk_folder(&w, fd, false, e);
	ignore_stack_pop(&w.git, 0);
	vec_release(&w.git.sets);
	buf_release(&w.path);
	return r < 0 ? r : 0;
}
