#include "runner/inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/map.h"
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "store/tree.h"

struct inputs {
	struct arena arena;
	struct map by_path;  /* path → fact * */
	struct map by_glob;  /* pattern → struct facts * */
};

void inputs_free(struct inputs *in)
{
	if (!in)
		return;
	for (size_t i = 0; i < in->by_glob.len; i++)
		free(((struct facts *)in->by_glob.entries[i].ptr)->v);
	map_release(&in->by_path);
	map_release(&in->by_glob);
	arena_release(&in->arena);
	free(in);
}

static int64_t mtime_us(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * US_PER_S + st->st_mtim.tv_nsec / 1000;
}

/* What a person can mend in the project is a fault of the pipeline's inputs, told together with the others. */
static int unreadable(struct err *e)
{
	if (errno == EACCES)
		return err_set(e, ERR_USAGE, "may not be read by this user");
	return err_errno(e, "cannot be read");
}

/* Follows links: an input that is a link to a file is that file's content. */
static int read_fact(const char *full, bool link, struct store *store, struct fact *f, struct err *e)
{
	struct stat st;
	_free_ char *real = NULL;
	int r;

	if (stat(full, &st) < 0) {
		if (errno == ELOOP)
			return err_set(e, ERR_USAGE, "is a loop of links");
		if (errno == ENOENT && file_exists(full))
			return err_set(e, ERR_USAGE, "is a link to nothing");
		if (errno == ENOENT || errno == ENOTDIR)
			return err_set(e, ERR_USAGE, "does not exist, and no step makes it");
		return unreadable(e);
	}
	if (access(full, S_ISDIR(st.st_mode) ? R_OK | X_OK : R_OK) < 0)
		return unreadable(e);
	real = realpath(full, NULL);
	if (!real)
		return err_errno(e, "cannot be read");
	f->mode = st.st_mode & 0777;
	if (link) {
		f->form = FORM_LINK;
		f->mtime = mtime_us(&st);
		f->size = st.st_size;
		if (S_ISREG(st.st_mode)) {
			int fd = open(real, O_RDONLY | O_CLOEXEC);

			if (fd < 0)
				return err_errno(e, "cannot be read");
			r = sha256_fd(fd, &f->digest, &f->size, e);
			close(fd);
			if (r < 0)
				return r;
			f->has_digest = true;
		}
		return 0;
	}
	f->has_digest = true;
	if (S_ISDIR(st.st_mode)) {
		f->form = FORM_FOLDER;
		return tree_put(store, real, STORE_COPY, &f->digest, &f->size, e);
	}
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_USAGE, "is neither a file nor a folder");
	f->form = FORM_FILE;
	return store_put_file(store, real, STORE_COPY, &f->digest, &f->size, e);
}

struct glob_walk {
	struct inputs *in;
	const char *pattern;
	struct store *store;
	const char *root;
	struct facts *found;
};

static struct fact *push(struct facts *f)
{
	return vec_add(f);
}

static int glob_visit(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e)
{
	struct glob_walk *g = arg;
	struct fact *f;

	if (S_ISDIR(st->st_mode))
		return strcmp(rel, ".git") == 0 || strcmp(rel, ".jig") == 0 ? FILE_WALK_SKIP : 0;
	if (!text_glob(g->pattern, rel))
		return 0;
	f = map_get(&g->in->by_path, rel);
	if (!f) {
		struct fact read = { .path = arena_strdup(&g->in->arena, rel) };
		int r = read_fact(abs, false, g->store, &read, e);

		if (r < 0)
			return err_prefix(e, "\"%s\"", rel);
		f = arena_dup(&g->in->arena, &read, sizeof read);
		map_set(&g->in->by_path, rel, f);
	}
	*push(g->found) = *f;
	return 0;
}

static int read_glob(struct inputs *in, const char *pattern, const char *root, struct store *store, struct err *e)
{
	struct facts *found;
	struct glob_walk g;

	if (map_find(&in->by_glob, pattern))
		return 0;
	found = arena_zero(&in->arena, sizeof *found);
	map_set(&in->by_glob, pattern, found);
	g = (struct glob_walk){ .in = in, .pattern = pattern, .store = store, .root = root, .found = found };
	int r = file_walk(root, glob_visit, &g, e);
	if (r < 0)
		return r;
	return found->len ? 0 : err_set(e, ERR_USAGE, "matches no file of the working tree and no output of a step");
}

int inputs_read(const struct pipeline *p, const bool *selected, const char *root, struct store *store, struct inputs **ret, struct buf *faults,
		struct err *e)
{
	struct inputs *in = mem_zero(sizeof *in);
	struct diags d = { .file = p->file };
	int broken = 0;

	for (size_t i = 0; i < p->nsteps && !broken; i++) {
		const struct step *s = &p->steps[i];

		if (selected && !selected[i])
			continue;
		for (size_t k = 0; k < s->ninputs; k++) {
			const struct step_input *si = &s->inputs[k];
			struct err one = { 0 };
			int r = 0;

			if (si->kind == INPUT_GLOB) {
				r = read_glob(in, si->path, root, store, &one);
			} else if ((si->kind == INPUT_FILE && si->producer < 0) || si->kind == INPUT_LINK) {
				if (map_find(&in->by_path, si->path))
					continue;
				struct fact f = { .path = arena_strdup(&in->arena, si->path) };
				_free_ char *full = path_join(root, si->path);
				r = read_fact(full, si->kind == INPUT_LINK, store, &f, &one);
				map_set(&in->by_path, si->path, r < 0 ? NULL : arena_dup(&in->arena, &f, sizeof f));
			}
			if (r == ERR_BROKEN) {
				*e = one;
				broken = err_prefix(e, "%s:%d:%d: step \"%s\": input \"%s\"", p->file, si->line, si->column, s->name, si->path);
				break;
			}
			if (r < 0)
				diags_add(&d, si->line, si->column, "step \"%s\": input \"%s\" %s", s->name, si->path, one.text);
		}
	}
	if (d.len && faults)
		diags_text(&d, faults);
	int r = broken ? broken : diags_result(&d, e);
	diags_release(&d);
	if (r < 0) {
		inputs_free(in);
		return r;
	}
	*ret = in;
	return 0;
}

static bool handed(const struct facts *f, const char *path)
{
	for (size_t i = 0; i < f->len; i++)
		if (strcmp(f->v[i].path, path) == 0)
			return true;
	return false;
}

/* An input that lies inside a folder that a step gave: one entry of it, or all entries below. */
static int from_folder(const struct fact *folder, const char *path, struct store *store, struct arena *a, struct facts *ret, struct err *e)
{
	const char *below = path + strlen(folder->path) + 1;
	struct tree t;
	bool any = false;
	int r = tree_load(store, &folder->digest, a, &t, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < t.len; i++) {
		const struct tree_entry *te = &t.v[i];

		if (!path_within(te->path, below) || (te->mode & 0170000) != 0100000)
			continue;
		any = true;
		const char *full = arena_printf(a, "%s/%s", folder->path, te->path);
		if (!handed(ret, full))
			*push(ret) = (struct fact){ .path = full, .form = FORM_FILE, .digest = te->digest, .has_digest = true, .size = te->size,
						    .mode = te->mode & 0777 };
	}
	return any ? 0 : err_set(e, ERR_NOT_FOUND, "\"%s\" is not in the folder \"%s\" that the step before left", path, folder->path);
}

static int from_step(const struct step_input *si, const struct facts *given, struct store *store, struct arena *a, struct facts *ret, struct err *e)
{
	for (size_t i = 0; i < given->len; i++) {
		const struct fact *f = &given->v[i];

		if (strcmp(f->path, si->path) == 0 || path_within(f->path, si->path)) {
			if (!handed(ret, f->path))
				*push(ret) = *f;
		} else if (f->form == FORM_FOLDER && path_within(si->path, f->path)) {
			int r = from_folder(f, si->path, store, a, ret, e);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int by_path(const void *x, const void *y)
{
	return strcmp(((const struct fact *)x)->path, ((const struct fact *)y)->path);
}

int inputs_of(const struct inputs *in, const struct pipeline *p, int step, const struct facts *outputs, struct store *store, struct arena *a,
	      struct facts *ret, struct err *e)
{
	const struct step *s = &p->steps[step];

	for (size_t i = 0; i < s->ninputs; i++) {
		const struct step_input *si = &s->inputs[i];
		const struct facts *many = NULL;
		const struct fact *one = NULL;
		int r;

		if (si->kind == INPUT_URL)
			continue;
		if (si->kind == INPUT_FILE && si->producer >= 0) {
			r = from_step(si, &outputs[si->producer], store, a, ret, e);
			if (r < 0)
				return err_prefix(e, "input \"%s\"", si->path);
			continue;
		}
		if (si->kind == INPUT_GLOB)
			many = map_get(&in->by_glob, si->path);
		else
			one = map_get(&in->by_path, si->path);
		for (size_t k = 0; many && k < many->len; k++)
			if (!handed(ret, many->v[k].path))
				*push(ret) = many->v[k];
		if (one && !handed(ret, one->path))
			*push(ret) = *one;
	}
	if (ret->len)
		qsort(ret->v, ret->len, sizeof *ret->v, by_path);
	return 0;
}
