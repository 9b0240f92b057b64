#include "runner/fsck.h"

#include <fcntl.h>
#include <unistd.h>
#include "base/fault.h"
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

struct fault { int64_t run; char *path, *text; };

struct fsck {
	struct project const *project;
	struct tracker *tracker;
	struct store *store;
	fsck_fault_fn *fault;
	void *arg;
	struct fsck_report *report;
	struct named named;          /* as gc knows it */
	struct named files, folders; /* what of it has to be there; one object may be both */
	struct named whole;          /* was found so */
	int64_t *dead; /* runs of which gc may take, or have taken, what nothing else names */
	size_t ndead;
	struct arena arena;
	VEC(struct object) objects;
	VEC(struct fault) faults; /* of the code, as long as it is not known whether their runs are still there */
};

static void forget_objects(struct fsck *f)
{
	for (size_t i = 0; i < f->objects.len; i++)
		free(f->objects.v[i].text);
	vec_clear(&f->objects);
	named_release(&f->named);
	named_release(&f->files);
	named_release(&f->folders);
}

static void forget_faults(struct fsck *f)
{
	for (size_t i = 0; i < f->faults.len; i++) {
		free(f->faults.v[i].path);
		free(f->faults.v[i].text);
	}
	vec_clear(&f->faults);
}

static void fsck_release(struct fsck *f)
{
	forget_objects(f);
	vec_release(&f->objects);
	forget_faults(f);
	vec_release(&f->faults);
	named_release(&f->whole);
	arena_release(&f->arena);
}

static int take(void *arg, const struct digest *d, int64_t size, enum artifact_form form, int64_t run, const char *path,
	struct err *e)
{
	struct fsck *f = arg;
	named_add(&f->named, d);
	/* A log is what stands at its path, whatever else has the same digest. */
	if (form == FORM_PLACE || (form == FORM_FILE && named_add(&f->files, d)) ||
		(form == FORM_FOLDER && named_add(&f->folders, d)))
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
		named_add(&f->named, &t->digest);
		if (t->mode != 0040000 && named_add(&f->files, &t->digest))
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
	if (named_has(&f->whole, &o->digest))
		return 0;
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

static int gather(struct fsck *f, struct err *e)
{
	forget_objects(f);
	int r = query_digests(f->tracker, take, f, e);
	for (size_t i = 0; r >= 0 && i < f->objects.len; i++)
		if (f->objects.v[i].form == FORM_FOLDER)
			take_entries(f, i);
	return r < 0 ? r : 0;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static bool is_dead(const struct fsck *f, int64_t run)
{
	return f->ndead && bsearch(&run, f->dead, f->ndead, sizeof *f->dead, by_number);
}

/* It takes long: runs may be removed meanwhile, and gc may take what they named. Where something of such a run was not
 * found whole, all that was not is looked for once more, as the record names it now. */
static int check_objects(struct fsck *f, struct err *e)
{
	for (bool again = true; again;) {
		char own[POOL_MAX];
		int64_t bytes = 0;
		int r = gather(f, e);
		fault_point("fsck-gathered");
		for (size_t i = 0; i < f->objects.len; i++)
			bytes += f->objects.v[i].form == FORM_FILE ? f->objects.v[i].size : 0;
		f->report->named_bytes = bytes;
		size_t n = f->objects.len;
		if (r < 0 || (r = pool_run(pool_threads(n, bytes), n, check, f, own, 1, e)) < 0 ||
			(r = query_dead_runs(f->tracker, &f->arena, &f->dead, &f->ndead, e)) < 0)
			return r;
		again = false;
		for (size_t i = 0; i < f->objects.len; i++)
			again |= f->objects.v[i].text && is_dead(f, f->objects.v[i].run);
		for (size_t i = 0; again && i < f->objects.len; i++)
			if (!f->objects.v[i].text && f->objects.v[i].form != FORM_PLACE)
				named_add(&f->whole, &f->objects.v[i].digest);
	}
	for (size_t i = 0; i < f->objects.len; i++) {
		const struct object *o = &f->objects.v[i];
		f->report->named += o->form == FORM_FILE ||
				    (o->form == FORM_FOLDER && !named_has(&f->files, &o->digest));
		if (o->text)
			report_fault(f, o->run, o->path, o->text);
	}
	return 0;
}

static void take_fault(void *arg, int64_t run, const char *path, const char *text)
{
	struct fsck *f = arg;
	vec_push(&f->faults, (struct fault){ run, mem_strdup(path), mem_strdup(text) });
}

static int check_code(struct fsck *f, struct err *e)
{
	for (bool again = true; again;) {
		const char **trees;
		int64_t *runs;
		size_t n;
		forget_faults(f);
		int r = query_snapshots(f->tracker, &f->arena, &trees, &runs, &n, e);
		fault_point("fsck-snapshots");
		if (r < 0 || (r = code_check(f->project->jig, trees, runs, n, take_fault, f, e)) < 0 ||
			(r = query_dead_runs(f->tracker, &f->arena, &f->dead, &f->ndead, e)) < 0)
			return r;
		again = false;
		for (size_t i = 0; i < f->faults.len; i++)
			again |= is_dead(f, f->faults.v[i].run);
	}
	for (size_t i = 0; i < f->faults.len; i++) {
		const struct fault *o = &f->faults.v[i];
		_free_ char *what = mem_printf("its code%s%s", *o->path ? ": " : "", o->path);
		report_fault(f, o->run, what, o->text);
	}
	return 0;
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
	int64_t *folders, lost, aside, bytes;
	size_t n;
	int r = check_objects(f, e);
	if (r < 0 || (r = check_code(f, e)) < 0 || (r = store_each(f->store, count_object, f, e)) < 0 ||
		(r = run_folders_dead(f->project, f->tracker, &f->arena, &folders, &n, &lost, e)) < 0 ||
		(r = run_folders_sweep(f->project, true, &aside, &bytes, e)) < 0)
		return r;
	f->report->folders = (int64_t)n + aside;
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
