#include "runner/work/inputs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "base/file.h"
#include "base/map.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/work/inputs_take.h"
#include "store/pool.h"
#include "store/tree.h"

struct matches { struct fact **v; size_t len, cap; };

/* unasked: its digest is known from its stat data, and whether the store has it is not. */
struct held {
	struct fact fact;
	bool unasked;
};
struct inputs {
	struct arena arena;
	struct map by_path;  /* path → fact * of a held */
	struct map by_glob;  /* pattern → struct matches * */
	struct inputs_options o;
};

void inputs_free(struct inputs *in)
{
	if (!in)
		return;
	for (size_t i = 0; i < in->by_glob.len; i++)
		vec_release((struct matches *)in->by_glob.entries[i].ptr);
	map_release(&in->by_path);
	map_release(&in->by_glob);
	arena_release(&in->arena);
	free(in);
}

/* A file that the store is asked for, and its place in the pipeline. */
struct waiting {
	struct fact *fact;
	const struct step *step;
	const struct step_input *input;
	bool missing; /* in the store */
};
/* A path that is asked for, by the first step that does. */
struct asked {
	const struct step *step;
	const struct step_input *input;
	size_t at;      /* in by_path */
	struct stat st; /* itself, links not followed */
	bool seen;
};
/* What reading them needs. */
struct reader {
	struct inputs *in;
	const struct inputs_options *o;
	struct inputs_taker taker;
	struct map recorded; /* path → fact *; without links, which are always as they are now */
	VEC(struct asked) asked;
	VEC(struct waiting) waiting;
	struct diags faults;
};

/* A new fact of the working tree. */
static int take_now(struct reader *rd, const char *path, const char *full, const struct stat *seen, bool link,
                    struct fact **ret, struct err *e)
{
	struct held h = { .fact.path = path };
	int r = inputs_take(&rd->taker, full, seen, link, &h.fact, e);

	if (r < 0)
		return r;
	h.unasked = r > 0;
	h.fact.path = arena_strdup(&rd->in->arena, path);
	*ret = arena_dup(&rd->in->arena, &h, sizeof h);
	return 0;
}

/* Takes over what an earlier run was handed; 0 when it was collected. */
static int take_recorded(struct reader *rd, const struct fact *f, struct fact **ret, struct err *e)
{
	int r = inputs_stored(&rd->taker, f, e);

	if (r <= 0)
		return r;
	struct held h = { .fact = *f };

	h.fact.path = arena_strdup(&rd->in->arena, f->path);
	*ret = arena_dup(&rd->in->arena, &h, sizeof h);
	return 1;
}

#define WAY_OUT "no longer in the store; `--code work` takes the inputs as they are now"

static const struct fact *recorded_of(const struct reader *rd, const struct step_input *si)
{
	return si->kind == INPUT_LINK ? NULL : map_get(&rd->recorded, si->path);
}

static int read_one(struct reader *rd, const struct asked *a, struct err *e)
{
	const struct step_input *si = a->input;
	const struct fact *recorded = recorded_of(rd, si);
	_free_ char *full = NULL;
	struct fact *f = NULL;
	int r;

	if (recorded) {
		r = take_recorded(rd, recorded, &f, e);
		if (r == 0)
			r = err_set(e, ERR_NOT_FOUND, "of run %lld is " WAY_OUT, (long long)rd->o->recorded->run);
	} else {
		full = path_join(rd->o->root, si->path);
		r = take_now(rd, si->path, full, a->seen ? &a->st : NULL, si->kind == INPUT_LINK, &f, e);
	}
	if (r < 0)
		return r;
	rd->in->by_path.entries[a->at].ptr = f;
	return 0;
}

struct glob_walk {
	struct reader *rd;
	const char *pattern;
	struct matches *found;
};

static int glob_visit(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e)
{
	struct glob_walk *g = arg;
	struct inputs *in = g->rd->in;
	struct fact *f;

	if (S_ISDIR(st->st_mode))
		return strcmp(rel, ".git") == 0 || strcmp(rel, ".jig") == 0 ? FILE_WALK_SKIP : 0;
	if (!text_glob(g->pattern, rel))
		return 0;
	f = map_get(&in->by_path, rel);
	if (!f) {
		int r = take_now(g->rd, rel, abs, st, false, &f, e);

		if (r < 0)
			return err_prefix(e, "\"%s\"", rel);
		map_set(&in->by_path, rel, f);
	}
	vec_push(g->found, f);
	return 0;
}

/* What an earlier run was handed decides for a pattern that matches any of it. */
static int glob_recorded(struct reader *rd, const char *pattern, struct matches *found, struct err *e)
{
	const struct inputs_recorded *rec = rd->o->recorded;

	for (size_t i = 0; rec && i < rec->len; i++) {
		struct fact *f;
		int r;

		if (rec->v[i].form == FORM_LINK || !text_glob(pattern, rec->v[i].path))
			continue;
		r = take_recorded(rd, &rec->v[i], &f, e);
		if (r < 0)
			return r;
		if (r == 0)
			return err_set(e, ERR_NOT_FOUND, "matches \"%s\" of run %lld, which is " WAY_OUT,
			               rec->v[i].path, (long long)rec->run);
		vec_push(found, f);
	}
	return 0;
}

static int read_glob(struct reader *rd, const char *pattern, struct err *e)
{
	struct matches *found;
	int r;

	if (map_find(&rd->in->by_glob, pattern))
		return 0;
	found = arena_zero(&rd->in->arena, sizeof *found);
	map_set(&rd->in->by_glob, pattern, found);
	r = glob_recorded(rd, pattern, found, e);
	if (r < 0 || found->len)
		return r;
	r = file_walk(rd->o->root, glob_visit, &(struct glob_walk){ .rd = rd, .pattern = pattern, .found = found }, e);
	if (r < 0)
		return r;
	return found->len ? 0 : err_set(e, ERR_USAGE, "matches no file of the working tree and no output of a step");
}

/* What a person can mend in the project is a fault, told together with the others; all else ends the reading. */
static int fault(struct reader *rd, const struct step *s, const struct step_input *si, const struct err *one,
                 struct err *e)
{
	if (one->code == ERR_BROKEN) {
		*e = *one;
		return err_prefix(e, "%s:%d:%d: step \"%s\": input \"%s\"", rd->o->pipeline->file, si->line, si->column,
		                  s->name, si->path);
	}
	diags_add(&rd->faults, si->line, si->column, "step \"%s\": input \"%s\" %s", s->name, si->path, one->text);
	return 0;
}

static void ask(struct reader *rd, const struct step *s)
{
	for (size_t i = 0; i < s->ninputs; i++) {
		const struct step_input *si = &s->inputs[i];
		bool is_new = false;

		if ((si->kind == INPUT_FILE && si->producer < 0) || si->kind == INPUT_LINK)
			map_add(&rd->in->by_path, si->path, &is_new);
		if (is_new)
			vec_push(&rd->asked, (struct asked){ .step = s, .input = si, .at = rd->in->by_path.len - 1 });
	}
}

static int look_at(void *arg, void *own, size_t item, struct err *e)
{
	struct reader *rd = arg;
	struct asked *a = &rd->asked.v[item];

	a->seen =
	        !recorded_of(rd, a->input) && fstatat(rd->taker.root, a->input->path, &a->st, AT_SYMLINK_NOFOLLOW) == 0;
	return 0;
}

/* Where nothing has changed, the stat data of ten thousand files are most of it: they are shared among the cores. */
static int read_asked(struct reader *rd, struct err *e)
{
	char own[POOL_MAX];
	int r = pool_run(pool_threads(rd->asked.len, 0), rd->asked.len, look_at, rd, own, 1, e);

	for (size_t i = 0; i < rd->asked.len && r >= 0; i++) {
		const struct asked *a = &rd->asked.v[i];
		struct err one = { 0 };

		r = read_one(rd, a, &one);
		if (r < 0)
			r = fault(rd, a->step, a->input, &one, e);
	}
	return r;
}

static int read_globs(struct reader *rd, const struct step *s, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < s->ninputs && r >= 0; i++) {
		const struct step_input *si = &s->inputs[i];
		struct err one = { 0 };

		if (si->kind == INPUT_GLOB && (r = read_glob(rd, si->path, &one)) < 0)
			r = fault(rd, s, si, &one, e);
	}
	return r;
}

int inputs_read(const struct inputs_options *o, struct inputs **ret, struct buf *faults, struct err *e)
{
	_free_ char *file = o->jig ? path_join(o->jig, "inputs.cache") : NULL;
	_close_ int root = open(o->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct reader rd = {.o = o,
	                    .taker = {.store = o->store, .root = root, .dry = o->dry || !o->store},
	                    .faults.file = o->pipeline->file};
	int r = 0;

	if (root < 0)
		return err_errno(e, "cannot read the folder %s", o->root);
	rd.in = mem_zero(sizeof *rd.in);
	rd.in->o = *o;
	rd.taker.cache = inputs_cache_open(file);
	for (size_t i = 0; o->recorded && i < o->recorded->len; i++)
		if (o->recorded->v[i].form != FORM_LINK)
			map_set(&rd.recorded, o->recorded->v[i].path, (void *)&o->recorded->v[i]);
	for (size_t i = 0; i < o->pipeline->nsteps; i++)
		if (!o->selected || o->selected[i])
			ask(&rd, &o->pipeline->steps[i]);
	r = read_asked(&rd, e);
	for (size_t i = 0; i < o->pipeline->nsteps && r >= 0; i++)
		if (!o->selected || o->selected[i])
			r = read_globs(&rd, &o->pipeline->steps[i], e);
	/* What was hashed before a fault need not be hashed again. */
	inputs_cache_close(rd.taker.cache);
	if (rd.faults.len && faults)
		diags_text(&rd.faults, faults);
	if (r >= 0)
		r = diags_result(&rd.faults, e);
	diags_release(&rd.faults);
	map_release(&rd.recorded);
	vec_release(&rd.asked);
	if (r < 0)
		inputs_free(rd.in);
	else
		*ret = rd.in;
	return r;
}

static void want(struct reader *rd, const struct step *s, const struct step_input *si, struct fact *f)
{
	struct held *h = (struct held *)f;

	if (!h || !h->unasked)
		return;
	h->unasked = false;
	vec_push(&rd->waiting, (struct waiting){ .fact = f, .step = s, .input = si });
}

static void want_all(struct reader *rd, const struct step *s)
{
	for (size_t i = 0; i < s->ninputs; i++) {
		const struct step_input *si = &s->inputs[i];
		const struct matches *many = si->kind == INPUT_GLOB ? map_get(&rd->in->by_glob, si->path) : NULL;

		if (si->kind == INPUT_FILE && si->producer < 0)
			want(rd, s, si, map_get(&rd->in->by_path, si->path));
		for (size_t k = 0; many && k < many->len; k++)
			want(rd, s, si, many->v[k]);
	}
}

static int ask_store(void *arg, void *own, size_t item, struct err *e)
{
	struct reader *rd = arg;
	struct waiting *w = &rd->waiting.v[item];

	w->missing = !store_keep(rd->o->store, &w->fact->digest, w->fact->size);
	return 0;
}

static int store_missing(struct reader *rd, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < rd->waiting.len && r >= 0; i++) {
		struct waiting *w = &rd->waiting.v[i];
		_free_ char *full = w->missing ? path_join(rd->o->root, w->fact->path) : NULL;
		struct err one = { 0 };

		if (full && inputs_take_again(&rd->taker, full, w->fact, &one) < 0)
			r = fault(rd, w->step, w->input, &one, e);
	}
	return r < 0 ? r : diags_result(&rd->faults, e);
}

int inputs_keep(struct inputs *in, const bool *steps, struct err *e)
{
	struct reader rd = { .in = in, .o = &in->o, .taker.store = in->o.store, .faults.file = in->o.pipeline->file };
	_close_ int root = -1;
	char own[POOL_MAX];
	bool missing = false;
	int r = 0;

	if (in->o.dry || !in->o.store)
		return 0;
	for (size_t i = 0; i < in->o.pipeline->nsteps; i++)
		if (steps[i])
			want_all(&rd, &in->o.pipeline->steps[i]);
	/* Asking for ten thousand objects takes longer than all else where nothing has changed, so it is shared among
	 * the cores. */
	if (rd.waiting.len)
		r = pool_run(pool_threads(rd.waiting.len, 0), rd.waiting.len, ask_store, &rd, own, 1, e);
	for (size_t i = 0; i < rd.waiting.len; i++)
		missing |= rd.waiting.v[i].missing;
	if (missing && r >= 0) {
		_free_ char *file = in->o.jig ? path_join(in->o.jig, "inputs.cache") : NULL;

		root = open(in->o.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rd.taker.root = root;
		rd.taker.cache = inputs_cache_open(file);
		r = store_missing(&rd, e);
		inputs_cache_close(rd.taker.cache);
	}
	diags_release(&rd.faults);
	vec_release(&rd.waiting);
	return r;
}

/* An input that lies inside a folder that a step gave: one entry of it, or all entries below. */
static int from_folder(const struct fact *folder, const char *path, struct store *store, struct arena *a,
                       struct facts *ret, struct err *e)
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
		vec_push(ret, (struct fact){.path = full,
		                            .form = FORM_FILE,
		                            .digest = te->digest,
		                            .has_digest = true,
		                            .size = te->size,
		                            .mode = te->mode & 0777});
	}
	return any ? 0
	           : err_set(e, ERR_NOT_FOUND, "\"%s\" is not in the folder \"%s\" that the step before left", path,
	                     folder->path);
}

static int from_step(const struct step_input *si, const struct facts *given, struct store *store, struct arena *a,
                     struct facts *ret, struct err *e)
{
	for (size_t i = 0; i < given->len; i++) {
		const struct fact *f = &given->v[i];

		if (strcmp(f->path, si->path) == 0 || path_within(f->path, si->path)) {
			vec_push(ret, *f);
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
	const struct fact *a = *(const struct fact *const *)x, *b = *(const struct fact *const *)y;
	int c = strcmp(a->path, b->path);

	return c ? c : a < b ? -1 : a > b;
}

/* By path, each once: of two at one path the first. */
static void sort(struct facts *f)
{
	const struct fact **order = mem_array(NULL, f->len, sizeof *order);
	struct facts sorted = { 0 };

	for (size_t i = 0; i < f->len; i++)
		order[i] = &f->v[i];
	qsort(order, f->len, sizeof *order, by_path);
	vec_reserve(&sorted, f->len);
	for (size_t i = 0; i < f->len; i++)
		if (!i || strcmp(order[i]->path, order[i - 1]->path) != 0)
			vec_push(&sorted, *order[i]);
	free(order);
	vec_release(f);
	*f = sorted;
}

int inputs_of(const struct inputs *in, const struct pipeline *p, int step, const struct facts *outputs,
              struct store *store, struct arena *a, struct facts *ret, struct err *e)
{
	const struct step *s = &p->steps[step];

	for (size_t i = 0; i < s->ninputs; i++) {
		const struct step_input *si = &s->inputs[i];
		const struct matches *many = NULL;
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
			vec_push(ret, *many->v[k]);
		if (one)
			vec_push(ret, *one);
	}
	if (ret->len > 1)
		sort(ret);
	return 0;
}
