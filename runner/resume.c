#include "runner/resume.h"

#include <string.h>
#include "base/json.h"
#include "base/map.h"
#include "base/path.h"
#include "base/vec.h"

struct words { const char **v; size_t len, cap; };

void resume_release(struct resume *r)
{
	pipeline_free(r->pipeline);
	arena_release(&r->arena);
	*r = (struct resume){0};
}

/* The files of a snapshot; the run's own pipeline file stands in the record. */
struct source {
	const char *jig, *tree;
	const char *file, *text; /* this file has this text; NULL: all from the tree */
	size_t len;
};

static int read_source(void *arg, const char *path, struct buf *ret, struct err *e)
{
	const struct source *s = arg;

	if (!s->text || strcmp(path, s->file))
		return code_read(s->jig, s->tree, path, ret, e);
	buf_add(ret, s->text, s->len);
	return 0;
}

static int find_run(const struct resume_options *o, struct resume *ret, struct err *e)
{
	long long n = o->origin;
	int r = query_run(o->tracker, o->origin, &ret->arena, &ret->row, e);

	if (r < 0)
		return r;
	if (ret->row.removed)
		return err_set(e, ERR_NOT_FOUND, "there is no run %lld; jig ls lists the runs", n);
	if (run_state_ended(ret->row.state))
		return 0;
	return err_set(e, ERR_USAGE,
	               "run %lld is live: `jig retry %lld STEP` tries a step again with the run's own code, `jig stop "
	               "%lld` ends it, and then it can be resumed",
	               n, n, n);
}

/* The path below the root, or as it is where it lies elsewhere. */
static const char *below(const struct project *p, const char *file)
{
	return path_within(file, p->root) && file[strlen(p->root)] ? file + strlen(p->root) + 1 : file;
}

/* What the earlier run was given. */
static void read_options(const struct resume_options *o, struct resume *ret, struct words *overrides)
{
	struct err ignored;
	_json_ json_t *options = NULL;
	const json_t *list;
	const char *text;

	if (ret->row.options)
		json_parse(ret->row.options, strlen(ret->row.options), "options", &options, &ignored);
	ret->isolation = arena_strdup(&ret->arena, json_string_value(json_object_get(options, "isolation")));
	text = o->file ? o->file : json_string_value(json_object_get(options, "file"));
	ret->file = text ? arena_strdup(&ret->arena, below(o->project, text)) : NULL;
	list = json_object_get(options, "overrides");
	for (size_t i = 0; i < json_array_size(list); i++) {
		text = json_string_value(json_array_get(list, i));
		if (text)
			vec_push(overrides, arena_strdup(&ret->arena, text));
	}
}

/* Loads the pipeline with the overrides that hold. */
static int load_pipeline(const struct resume_options *o, struct resume *ret, const struct words *earlier,
                         struct source *source, struct buf *faults, struct err *e)
{
	struct pipeline_options p = {
	        .root = o->project->root, .file = ret->file, .inherited = earlier->v, .ninherited = earlier->len,
	        .overrides = o->overrides, .noverrides = o->noverrides,
	};

	if (source) {
		p.read = read_source;
		p.read_arg = source;
	}
	pipeline_free(ret->pipeline);
	ret->pipeline = NULL;
	return pipeline_load(&p, &ret->pipeline, faults, e);
}

static void keep_overrides(const struct resume_options *o, struct resume *ret, const struct words *earlier)
{
	const struct pipeline *p = ret->pipeline;

	ret->overrides = arena_array(&ret->arena, const char *, earlier->len + o->noverrides);
	ret->notes = arena_array(&ret->arena, const char *, p->ndropped);
	/* Those dropped stand in the order of those given. */
	for (size_t i = 0; i < earlier->len; i++) {
		if (ret->nnotes < p->ndropped && !strcmp(p->dropped[ret->nnotes], earlier->v[i]))
			ret->notes[ret->nnotes++] = arena_printf(
			        &ret->arena, "-p %s of run %lld is left out: the pipeline does not know it any more",
			        earlier->v[i], (long long)o->origin);
		else
			ret->overrides[ret->noverrides++] = earlier->v[i];
	}
	for (size_t i = 0; i < o->noverrides; i++)
		ret->overrides[ret->noverrides++] = arena_strdup(&ret->arena, o->overrides[i]);
}

/* A snapshot holds no file from elsewhere. */
static int check_file(const struct resume *ret, const char *what, struct err *e)
{
	if (!ret->file || *ret->file != '/')
		return 0;
	return err_set(e, ERR_USAGE,
	               "%s lies outside the project, so %s does not hold it; `--code work` takes it as it is now",
	               ret->file, what);
}

static bool made_by_step(const struct map *made, const char *path)
{
	_free_ char *at = mem_strdup(path);

	for (;;) {
		char *slash;

		if (map_find(made, at))
			return true;
		slash = strrchr(at, '/');
		if (!slash)
			return false;
		*slash = '\0';
	}
}

/* What the run's steps were handed that no step of it had made. */
static int read_inputs(const struct resume_options *o, struct resume *ret, struct err *e)
{
	_map_ struct map made = MAP_INIT, seen = MAP_INIT;
	struct artifact_rows all;
	struct fact *v;
	size_t n = 0;
	int r = query_artifacts(o->tracker, o->origin, &ret->arena, &all, e);

	if (r < 0)
		return r;
	v = arena_array(&ret->arena, struct fact, all.len);
	for (size_t i = 0; i < all.len; i++)
		if (all.v[i].role == ROLE_OUT || all.v[i].role == ROLE_METRIC)
			map_add(&made, all.v[i].path, NULL);
	for (size_t i = 0; i < all.len; i++) {
		const struct artifact_row *f = &all.v[i];
		bool is_new;

		if (f->role != ROLE_IN || made_by_step(&made, f->path))
			continue;
		map_add(&seen, f->path, &is_new);
		if (is_new)
			v[n++] = (struct fact){.path = f->path,
			                       .form = f->form,
			                       .digest = f->digest,
			                       .has_digest = f->has_digest,
			                       .size = f->size,
			                       .mtime = f->mtime,
			                       .mode = f->mode};
	}
	ret->inputs = (struct inputs_recorded){.v = v, .len = n, .run = o->origin};
	return 0;
}

static int load_same(const struct resume_options *o, struct resume *ret, const struct words *earlier,
                     struct buf *faults, struct err *e)
{
	struct source source = {.jig = o->project->jig, .tree = ret->row.snapshot};
	struct code_tree *tree;
	long long n = o->origin;
	int r = check_file(ret, "the snapshot", e);

	if (r < 0)
		return r;
	if (!source.tree)
		return err_set(e, ERR_USAGE,
		               "run %lld has no snapshot of its code; `--code work` takes the working tree", n);
	r = code_tree_open(source.jig, source.tree, &tree, e);
	if (r == ERR_NOT_FOUND)
		return err_set(e, ERR_USAGE,
		               "the code of run %lld is no longer in %s/code.git (snapshot %.12s); gc or somebody "
		               "removed it: `--code work` takes the working tree, `--code REV` a revision",
		               n, source.jig, source.tree);
	if (r < 0)
		return r;
	code_tree_free(tree);
	/* Another file of the snapshot can be named; without that the text counts that ran. */
	if (!o->file) {
		source.file = ret->file ? ret->file : "jig.yaml";
		r = query_pipeline_text(o->tracker, o->origin, &ret->arena, &source.text, &source.len, e);
	}
	if (r >= 0)
		r = load_pipeline(o, ret, earlier, &source, faults, e);
	if (r < 0)
		return r;
	ret->code = (struct code_source){
	        .tree = ret->row.snapshot, .commit = ret->row.commit, .branch = ret->row.branch,
	        .remote = ret->row.remote, .dirty = ret->row.dirty, .changed_files = -1,
	};
	return read_inputs(o, ret, e);
}

/* The complaint about the file goes to the faults, as all about it. */
static int no_file(const struct resume_options *o, const struct resume *ret, struct buf *faults, struct err *e)
{
	err_set(e, ERR_USAGE, "revision %s has no %s", o->code, ret->file ? ret->file : "jig.yaml");
	if (faults) {
		buf_reset(faults);
		buf_adds(faults, e->text);
	}
	return e->code;
}

/* The tree is taken twice: what belongs into it hangs on the outputs that its own pipeline file declares. */
static int load_revision(const struct resume_options *o, struct resume *ret, const struct words *earlier,
                         struct buf *faults, struct err *e)
{
	struct code_options c = {
	        .root = o->project->root, .jig = o->project->jig, .max_file = 1 << 20, .max_total = 50 << 20};
	_free_ char *what = mem_printf("revision %s", o->code);
	struct words data = {0};
	int r = check_file(ret, what, e);

	for (int turn = 0; r >= 0 && turn < 2; turn++) {
		_cleanup_(code_snapshot_release) struct code_snapshot snapshot = {0};
		struct source source = {.jig = o->project->jig, .tree = snapshot.tree};

		c.data = data.v;
		c.ndata = data.len;
		if ((r = code_revision(&c, o->code, &snapshot, e)) < 0)
			break;
		if (turn == 0) {
			r = load_pipeline(o, ret, earlier, &source, faults, e);
			if (r == ERR_NOT_FOUND)
				r = no_file(o, ret, faults, e);
			for (size_t i = 0; r >= 0 && i < ret->pipeline->nsteps; i++) {
				const struct step *s = &ret->pipeline->steps[i];

				for (size_t k = 0; k < s->noutputs; k++)
					vec_push(&data, s->outputs[k].path);
				if (s->checkpoints)
					vec_push(&data, s->checkpoints);
			}
			continue;
		}
		ret->code = (struct code_source){
		        .tree = arena_strdup(&ret->arena, snapshot.tree),
		        .commit = arena_strdup(&ret->arena, snapshot.commit),
		        .branch = arena_strdup(&ret->arena, snapshot.branch),
		        .remote = arena_strdup(&ret->arena, snapshot.remote), .dirty = snapshot.dirty,
		        .changed_files = snapshot.changed_files,
		};
	}
	vec_release(&data);
	return r;
}

int resume_load(const struct resume_options *o, struct resume *ret, struct buf *faults, struct err *e)
{
	struct words earlier = {0};
	int r = find_run(o, ret, e);

	if (r < 0)
		return r;
	read_options(o, ret, &earlier);
	if (!o->code || !strcmp(o->code, "work")) {
		r = load_pipeline(o, ret, &earlier, NULL, faults, e);
	} else {
		ret->from_tree = true;
		r = strcmp(o->code, "same") ? load_revision(o, ret, &earlier, faults, e)
		                            : load_same(o, ret, &earlier, faults, e);
	}
	if (r >= 0)
		keep_overrides(o, ret, &earlier);
	vec_release(&earlier);
	return r;
}
