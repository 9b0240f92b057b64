#include "runner/work/outputs.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "base/path.h"
#include "runner/log/metric.h"
#include "store/tree.h"

void outputs_release(struct outputs_taken *t)
{
	for (size_t i = 0; i < t->points.len; i++)
		free(t->points.v[i].key);
	vec_release(&t->points);
	vec_release(&t->facts);
	vec_release(&t->logged);
	arena_release(&t->texts);
}

/* NULL when the path is what was declared, else what is wrong with it. The folders on the way are the step's to make,
 * but none may be a link: what lies behind it is not in the work folder. */
static const char *look(const char *work, const char *path, bool folder, struct stat *ret)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		_free_ char *part = mem_printf("%s/%.*s", work, (int)(slash - path), path);

		if (lstat(part, ret) == 0 && S_ISLNK(ret->st_mode))
			return "lies behind a symbolic link";
	}
	_free_ char *full = path_join(work, path);
	if (lstat(full, ret) < 0)
		return errno == ENOENT || errno == ENOTDIR ? "is missing" : "cannot be read";
	if (S_ISLNK(ret->st_mode))
		return "is a symbolic link";
	if (S_ISDIR(ret->st_mode))
		return folder ? NULL : "is a folder (declare it with a trailing /)";
	if (!S_ISREG(ret->st_mode))
		return "is neither a file nor a folder";
	return folder ? "is a file, not a folder" : NULL;
}

static int keep_point(void *arg, const char *key, int64_t step, int64_t ts, double value, struct err *e)
{
	struct outputs_taken *t = arg;

	vec_push(&t->points, (struct output_point){ .key = mem_strdup(key), .step = step, .ts = ts, .value = value });
	return 0;
}

static int take(struct store *store, const char *full, const char *path, const struct stat *st, bool move,
                struct facts *ret, struct err *e)
{
	struct fact f = { .path = path, .mode = st->st_mode & 0777, .has_digest = true };
	enum store_put how = move ? STORE_MOVE : STORE_COPY_CHECK;
	int r;

	if (S_ISDIR(st->st_mode)) {
		f.form = FORM_FOLDER;
		r = tree_put(store, full, how, &f.digest, &f.size, e);
	} else {
		f.form = FORM_FILE;
		r = store_put_file(store, full, how, &f.digest, &f.size, e);
	}
	if (r < 0)
		return r;
	vec_push(ret, f);
	return 0;
}

int outputs_take(struct store *store, const struct step *s, const char *work, bool move, struct outputs_taken *ret,
                 struct err *e)
{
	_buf_ struct buf wrong = BUF_INIT;
	struct stat st;
	int r;

	for (size_t i = 0; i < s->noutputs; i++) {
		const char *what = look(work, s->outputs[i].path, s->outputs[i].folder, &st);

		if (what)
			buf_addf(&wrong, "%soutput \"%s\" %s", wrong.len ? "; " : "", s->outputs[i].path, what);
	}
	if (wrong.len)
		return err_set(e, ERR_NOT_FOUND, "%s", wrong.data);
	/* Read before anything is moved: the folder of a step that fails here is kept whole. */
	for (size_t i = 0; i < s->noutputs; i++) {
		const struct step_output *o = &s->outputs[i];
		_free_ char *full = path_join(work, o->path);

		if (o->metrics && (r = metric_file_read(full, keep_point, ret, e)) < 0)
			return err_prefix(e, "metrics \"%s\"", o->path);
	}
	for (size_t i = 0; i < s->noutputs; i++) {
		const struct step_output *o = &s->outputs[i];
		_free_ char *full = path_join(work, o->path);

		if (lstat(full, &st) < 0)
			return err_errno(e, "output \"%s\"", o->path);
		r = take(store, full, o->path, &st, move, &ret->facts, e);
		if (r < 0)
			return err_prefix(e, "output \"%s\"", o->path);
		ret->facts.v[ret->facts.len - 1].metrics = o->metrics;
	}
	return 0;
}

int outputs_take_path(struct store *store, const char *work, const char *path, struct outputs_taken *ret, struct err *e)
{
	const char *bad = path_check_inside(path);
	struct stat st;
	_free_ char *normal = NULL;
	_free_ char *full = NULL;
	const char *what;

	if (bad)
		return err_set(e, ERR_USAGE, "artifact \"%s\" %s", path, bad);
	normal = path_normal(path, NULL);
	full = path_join(work, normal);
	what = look(work, normal, lstat(full, &st) == 0 && S_ISDIR(st.st_mode), &st);
	if (what)
		return err_set(e, ERR_NOT_FOUND, "artifact \"%s\" %s", path, what);
	return take(store, full, arena_strdup(&ret->texts, normal), &st, false, &ret->logged, e);
}
