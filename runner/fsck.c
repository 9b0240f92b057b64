#include "runner/fsck.h"

#include <fcntl.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "base/vec.h"
#include "runner/code/code_check.h"
#include "runner/pipeline/named.h"
#include "runner/work/run_folders.h"
#include "store/pool.h"
#include "store/tree.h"
#include "tracker/query.h"

/* One object that has to be there, and the first place that names it. */
struct object {
	struct digest digest;
	int64_t size, run;
	const char *path;
	enum artifact_form form;
	int code;
	char *text;
};

struct fsck {
	struct project const *project;
	struct tracker *tracker;
	struct store *store;
	fsck_fault_fn *fault;
	void *arg;
	struct fsck_report *report;
	struct named named;
	struct arena arena;
	VEC(struct object) objects;
};

static void fsck_release(struct fsck *f)
{
	for (size_t i = 0; i < f->objects.len; i++)
		free(f->objects.v[i].text);
	vec_release(&f->objects);
	named_release(&f->named);
	arena_release(&f->arena);
}

static int take(void *arg, const struct digest *d, int64_t size, enum artifact_form form, int64_t run, const char *path,
	struct err *e)
{
	struct fsck *f = arg;
	/* A log is what stands at its path, whatever else has the same digest. */
	if (form == FORM_PLACE || ((form == FORM_FILE || form == FORM_FOLDER) && named_add(&f->named, d)))
		vec_push(&f->objects, (struct object){ .digest = *d,
					      .size = size,
					      .run = run,
					      .path = arena_strdup(&f->arena, path),
					      .form = form });
	return 0;
}

/* Entries of a folder are objects of their own; a folder that cannot be read is reported by its own check. */
static void take_entries(struct fsck *f, size_t at)
{
	struct object folder = f->objects.v[at];
	struct tree tree;
	struct err ignored;
	if (tree_load(f->store, &folder.digest, &f->arena, &tree, &ignored) < 0)
		return;
	if (tree.size != folder.size)
		f->objects.v[at].text = mem_printf("its files are %lld bytes together, the record says %lld",
			(long long)tree.size, (long long)folder.size);
	for (size_t i = 0; i < tree.len; i++) {
		const struct tree_entry *t = &tree.v[i];
		if (t->mode != 0040000 && named_add(&f->named, &t->digest))
			vec_push(&f->objects, (struct object){ .digest = t->digest,
						      .size = t->size,
						      .run = folder.run,
						      .form = FORM_FILE,
						      .path = arena_printf(&f->arena, "%s/%s", folder.path, t->path) });
	}
}

/* A log, which stands in its attempt's folder. */
static void check_place(struct fsck *f, struct object *o)
{
	_free_ char *path = path_join(f->project->jig, o->path);
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct digest have;
	struct err why = { 0 };
	int64_t size;
	if (fd < 0)
		err_errno(&why, "cannot be read");
	else if (sha256_fd(fd, &have, &size, &why) >= 0 && !digest_equal(&have, &o->digest))
		err_set(&why, ERR_BROKEN, "it has %lld bytes with another content than the %lld of the record",
			(long long)size, (long long)o->size);
	o->text = why.code < 0 ? mem_strdup(why.text) : NULL;
}

static int check(void *arg, void *own, size_t item, struct err *e)
{
	struct fsck *f = arg;
	struct object *o = &f->objects.v[item];
	struct err why;
	int64_t size;
	if (o->form == FORM_PLACE) {
		check_place(f, o);
		return 0;
	}
	o->code = store_check(f->store, &o->digest, &why);
	if (o->code < 0) {
		free(o->text);
		o->text = mem_strdup(why.text);
	} else if (o->form == FORM_FILE && store_has(f->store, &o->digest, &size) && size != o->size) {
		o->text = mem_printf("it has %lld bytes, the record says %lld", (long long)size, (long long)o->size);
	}
	return 0;
}

static void report_fault(struct fsck *f, int64_t run, const char *path, const char *text)
{
	_free_ char *line = mem_printf("run %lld: %s: %s", (long long)run, path, text);
	f->report->faults++;
	f->fault(f->arg, line);
}

static void report_code(void *arg, int64_t run, const char *path, const char *text)
{
	_free_ char *what = mem_printf("its code%s%s", *path ? ": " : "", path);
	report_fault(arg, run, what, text);
}

static int look_at_code(struct fsck *f, struct err *e)
{
	const char **trees;
	int64_t *runs;
	size_t n;
	int r = query_snapshots(f->tracker, &f->arena, &trees, &runs, &n, e);
	return r < 0 ? r : code_check(f->project->jig, trees, runs, n, report_code, f, e);
}

static int count_object(void *arg, const struct digest *d, int64_t size, const char *path, struct err *e)
{
	struct fsck *f = arg;
	if (!d) {
		f->report->strays++;
	} else if (!named_has(&f->named, d)) {
		f->report->garbage++;
		f->report->garbage_bytes += size;
	}
	return 0;
}

static int look(struct fsck *f, struct err *e)
{
	struct fsck_report *report = f->report;
	int r = query_digests(f->tracker, take, f, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < f->objects.len; i++)
		if (f->objects.v[i].form == FORM_FOLDER)
			take_entries(f, i);
	int64_t bytes = 0, logs = 0;
	for (size_t i = 0; i < f->objects.len; i++)
		bytes += f->objects.v[i].form == FORM_FILE ? f->objects.v[i].size : 0;
	for (size_t i = 0; i < f->objects.len; i++)
		logs += f->objects.v[i].form == FORM_PLACE;
	char own[POOL_MAX];
	if ((r = pool_run(pool_threads(f->objects.len, bytes), f->objects.len, check, f, own, 1, e)) < 0)
		return r;
	for (size_t i = 0; i < f->objects.len; i++)
		if (f->objects.v[i].text)
			report_fault(f, f->objects.v[i].run, f->objects.v[i].path, f->objects.v[i].text);
	if ((r = look_at_code(f, e)) < 0)
		return r;
	report->named = (int64_t)f->objects.len - logs;
	report->named_bytes = bytes;
	if ((r = store_each(f->store, count_object, f, e)) < 0)
		return r;
	int64_t *folders, lost;
	size_t n;
	if ((r = run_folders_dead(f->project, f->tracker, &f->arena, &folders, &n, &lost, e)) < 0)
		return r;
	report->folders = (int64_t)n;
	return 0;
}

int fsck_all(const struct project *p, struct tracker *t, struct store *s, fsck_fault_fn *fault, void *arg,
	struct fsck_report *ret, struct err *e)
{
	*ret = (struct fsck_report){0};
	_cleanup_(fsck_release) struct fsck f = {
		.project = p, .tracker = t, .store = s, .fault = fault, .arg = arg, .report = ret
	};
	return look(&f, e);
}
