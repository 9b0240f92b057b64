#include "runner/work/work.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/pipeline/command.h"
#include "runner/work/container_wrap.h"
#include "runner/work/inputs_take.h"
#include "runner/work/replay.h"
#include "store/tree.h"

void work_release(struct work *w)
{
	variables_release(&w->vars);
	variables_release(&w->client);
	vec_release(&w->inputs);
	free(w->command);
	spare_release(&w->spare);
	arena_release(&w->arena);
	*w = (struct work){ 0 };
}

/* Notebooks and plots keep configuration, histories and sockets in the home, which a sandbox does not let them write,
 * and which would make results hang on it. */
static void set_homes(struct variables *v, const char *tmp)
{
	static const struct { const char *name, *below;
	} in_tmp[] = {
	        {"IPYTHONDIR", "ipython"},
	        {"JUPYTER_CONFIG_DIR", "jupyter"},
	        {"JUPYTER_RUNTIME_DIR", "jupyter-runtime"},
	};
	const char *cache = variables_get(v, "XDG_CACHE_HOME"), *home = variables_get(v, "HOME");
	_free_ char *plots = cache  ? path_join(cache, "matplotlib")
	                     : home ? path_join(home, ".cache/matplotlib")
	                            : NULL;

	for (size_t i = 0; i < ARRAY_LEN(in_tmp); i++) {
		_free_ char *path = path_join(tmp, in_tmp[i].below);

		if (!variables_get(v, in_tmp[i].name))
			variables_set(v, in_tmp[i].name, path);
	}
	/* Its cache of fonts takes seconds to make: that one stays. */
	if (plots && !variables_get(v, "MPLCONFIGDIR"))
		variables_set(v, "MPLCONFIGDIR", plots);
}

/* What tells the observer of Python's imports comes before what the environment itself adds. */
static void set_hook(struct variables *v, const char *hook, const char *work, const struct step *s)
{
	const char *path = variables_get(v, "PYTHONPATH");
	_free_ char *full = hook && path && *path ? mem_printf("%s:%s", hook, path) : NULL;

	if (!hook)
		return;
	variables_set(v, "PYTHONPATH", full ? full : hook);
	variables_set(v, "JIG_TRACE", work);
	if (s->python_tokens)
		variables_set(v, "JIG_TRACE_SOURCE", "1");
}

static void set_variables(struct work *w, const struct work_run *r, const struct step *s, int n, const char *uid,
                          const char *params, const char *gpus)
{
	_free_ char *number = mem_printf("%lld", (long long)r->number);
	_free_ char *attempt = mem_printf("%d", n);
	struct variables *v = &w->vars;

	variables_pass(v, r->environ, s);
	env_apply(w->env, v, w->work, w->tmp);
	variables_set(v, "JIG_RUN", number);
	variables_set(v, "JIG_STEP", s->name);
	variables_set(v, "JIG_ATTEMPT", attempt);
	variables_set(v, "JIG_PROJECT", r->project);
	variables_set(v, "JIG_ATTEMPT_ID", uid);
	variables_set(v, "JIG_PARAMS", params);
	variables_set(v, "JIG_METRICS", w->metrics);
	variables_set(v, "JIG_CHECKPOINTS", w->checkpoints);
	variables_set(v, "TMPDIR", w->tmp);
	set_homes(v, w->tmp);
	set_hook(v, r->hook, w->work, s);
	variables_set(v, "PYTHONNOUSERSITE", "1");
	variables_set(v, "PYTHONUNBUFFERED", "1");
	variables_set(v, "PYTHONFAULTHANDLER", "1");
	variables_set(v, "PYTHON_COLORS", "0");
	variables_set(v, "PYTHONDONTWRITEBYTECODE", "1");
	variables_set(v, "GIT_CEILING_DIRECTORIES", w->folder);
	if (gpus)
		variables_set(v, "CUDA_VISIBLE_DEVICES", gpus);
	/* `jig` itself comes last, so that `jig log` works in steps and never hides a program of the environment. */
	const char *path = variables_get(v, "PATH");
	_free_ char *self = path_self();
	if (self) {
		_free_ char *dir = path_parent(self);
		_free_ char *full = mem_printf("%s:%s", path ? path : "/usr/local/bin:/usr/bin:/bin", dir);
		variables_set(v, "PATH", full);
	}
}

/* What stands between the step and the machine, in terms of the folders of this attempt. */
static void isolate(struct work *w, const struct work_run *r, const struct step *s, const char *uid, const char *params,
                    bool gpus)
{
	struct sandbox_attempt folders = {.folder = w->folder,
	                                  .work = w->work,
	                                  .tmp = w->tmp,
	                                  .checkpoints = w->checkpoints,
	                                  .files = {w->metrics, w->logged},
	                                  .params = params,
	                                  .network = s->network};
	struct isolation_attempt a = {
	        .step = s, .env = w->env, .id = uid, .folders = &folders, .vars = &w->vars, .gpus = gpus};

	w->prefix = isolation_prefix(r->isolation, &a, &w->arena, &w->wrap);
	w->session = w->wrap == SPAWN_SANDBOX && sandbox_session(r->isolation->sandbox);
	if (w->wrap == SPAWN_CONTAINER)
		container_variables(&w->vars, r->environ, &w->client);
}

static int substitute(struct work *w, const struct work_run *r, const struct step *s, int n, struct err *e)
{
	struct subst sub = {.params = r->pipeline->params,
	                    .matrix = s->item,
	                    .run_number = r->number,
	                    .run_name = r->name,
	                    .step_name = s->name,
	                    .step_attempt = n};
	_json_ json_t *list = json_array();
	_buf_ struct buf text = BUF_INIT;
	int err = command_argv(s, &sub, &w->arena, &w->argv, e);

	if (err < 0)
		return err;
	for (const char **arg = w->argv; *arg; arg++)
		json_array_append_new(list, json_string(*arg));
	json_canonical(&text, list);
	w->command = buf_steal(&text);
	return 0;
}

int work_plan(struct work *w, const struct work_run *r, int step, int n, const char *uid, const struct inputs *in,
              const struct facts *outputs, const char *gpus, int slot, struct err *e)
{
	const struct step *s = &r->pipeline->steps[step];
	struct arena *a = &w->arena;
	_free_ char *name = path_attempt(s->name, n);
	_free_ char *base = path_attempt(s->name, 0);
	const char *params;
	int err;

	w->rel = arena_printf(a, "runs/%lld/%s", (long long)r->number, name);
	w->folder = arena_printf(a, "%s/%s", r->jig, w->rel);
	w->work = arena_printf(a, "%s/work", w->folder);
	w->metrics = arena_printf(a, "%s/metrics.jsonl", w->folder);
	w->logged = arena_printf(a, "%s/logged.jsonl", w->folder);
	w->checkpoints = arena_printf(a, "%s/runs/%lld/%s.ckpt", r->jig, (long long)r->number, base);
	w->tmp = arena_printf(a, "%s/%d", r->tmp, slot);
	params = s->item ? arena_printf(a, "%s/params.json", w->folder) : r->params_path;
	w->params = params;
	w->env = &r->envs->v[r->envs->of[step]];
	set_variables(w, r, s, n, uid, params, gpus);
	isolate(w, r, s, uid, params, gpus != NULL);
	err = substitute(w, r, s, n, e);
	if (err < 0)
		return err;
	return inputs_of(in, r->pipeline, step, outputs, r->store, a, &w->inputs, e);
}

/* What must not come from the snapshot: the handed inputs come with the digests that decide, and declared outputs must
 * be the step's own work. */
struct skip { const struct work *work; const struct step *step; };

static bool skip_path(void *arg, const char *path)
{
	const struct skip *k = arg;

	for (size_t i = 0; i < k->work->inputs.len; i++)
		if (path_within(path, k->work->inputs.v[i].path))
			return true;
	for (size_t i = 0; i < k->step->noutputs; i++)
		if (path_within(path, k->step->outputs[i].path))
			return true;
	return k->step->checkpoints && path_within(path, k->step->checkpoints);
}

static int place_input(const struct work *w, const struct fact *f, struct store *store, struct err *e)
{
	_free_ char *full = path_join(w->work, f->path);
	int r;

	if (f->form == FORM_LINK)
		return 0;
	if (strchr(f->path, '/') && (r = file_mkdirs_parent(full, 0777, e)) < 0)
		return r;
	if (f->form == FORM_FOLDER)
		return tree_get(store, &f->digest, full, e);
	return store_get_file(store, &f->digest, full, f->mode & S_IXUSR ? 0755 : 0644, e);
}

/* What the store lost, or was found to be damaged there, is made anew by the step that gave it, or by the next run out
 * of the working tree. */
static void name_source(const struct fact *f, const struct work_run *r, const struct step *s, struct err *e)
{
	const struct inputs_taker taker = { .store = r->store, .dry = true };
	const char *source = NULL;
	struct err why = *e, ignored;
	_buf_ struct buf quoted = BUF_INIT;

	if (f->form == FORM_LINK || inputs_stored(&taker, f, &ignored) > 0)
		return;
	for (size_t i = 0; i < s->ninputs && !source; i++)
		if (s->inputs[i].producer >= 0 &&
		    (path_within(f->path, s->inputs[i].path) || path_within(s->inputs[i].path, f->path)))
			source = r->pipeline->steps[s->inputs[i].producer].name;
	if (source) {
		text_shell_quote(&quoted, source);
		err_set(e, why.code, "%s (jig run --force %s)", why.text, quoted.data);
	} else {
		err_set(e, why.code, "%s (here the working tree, which the next run stores anew)", why.text);
	}
}

/* A params file stands in the work folder with the run's values; where nothing was changed it is left as the snapshot
 * has it. */
static int place_params(const struct work *w, const struct work_run *r, struct err *e)
{
	const struct pipeline *p = r->pipeline;

	if (!r->params_changed)
		return 0;
	for (size_t i = 0; i < p->nparam_files; i++) {
		_free_ char *source = path_join(r->root, p->param_files[i]);
		_free_ char *full = path_join(w->work, p->param_files[i]);
		_buf_ struct buf text = BUF_INIT;
		_json_ json_t *mine = json_object();
		struct arena a = ARENA_INIT;
		struct diags d = { .file = p->param_files[i] };
		struct yaml_node *node;
		bool last = i + 1 == p->nparam_files;
		/* The run's code has it, unless the snapshot left it out; the working tree may have moved on. */
		int err = file_read(file_exists(full) ? full : source, 8 << 20, &text, e);

		if (err < 0)
			return err;
		node = yaml_parse(text.data, text.len, &a, &d);
		_json_ json_t *file = node ? yaml_to_json(node) : json_object();
		diags_release(&d);
		arena_release(&a);

		const char *key;
		json_t *value;
		json_object_foreach(p->params, key, value)
			if (last || json_object_get(file, key))
				json_object_set(mine, key, value);
		buf_reset(&text);
		json_pretty(&text, mine);
		buf_addc(&text, '\n');
		unlink(full);
		err = file_mkdirs_parent(full, 0777, e);
		if (err >= 0)
			err = file_write(full, text.data, text.len, 0644, e);
		if (err < 0)
			return err;
	}
	return 0;
}

static int make_dir(const char *path, struct err *e)
{
	return mkdir(path, 0777) < 0 && errno != EEXIST ? err_errno(e, "%s", path) : 0;
}

static int place_checkpoints(const struct work *w, const struct step *s, struct err *e)
{
	_free_ char *link = NULL;
	int r = w->spare.checkpoints && rename(w->spare.checkpoints, w->checkpoints) == 0 ? 0
	                                                                                  : make_dir(w->checkpoints, e);

	if (r < 0 || !s->checkpoints)
		return r;
	link = path_join(w->work, s->checkpoints);
	r = file_mkdirs_parent(link, 0777, e);
	if (r < 0)
		return r;
	return symlink(w->checkpoints, link) < 0 ? err_errno(e, "%s", link) : 0;
}

static int write_matrix_params(const struct work *w, const struct work_run *r, const struct step *s, struct err *e)
{
	_free_ char *path = mem_printf("%s/params.json", w->folder);
	_json_ json_t *v = json_object();
	_buf_ struct buf text = BUF_INIT;

	json_object_set(v, "params", r->pipeline->params);
	json_object_set(v, "matrix", (json_t *)s->item);
	json_pretty(&text, v);
	buf_addc(&text, '\n');
	return file_write(path, text.data, text.len, 0444, e);
}

int work_make(struct work *w, const struct work_run *r, int step, int n, const char *uid, struct err *e)
{
	const struct step *s = &r->pipeline->steps[step];
	struct skip skip = { .work = w, .step = s };
	_free_ char *tmp_link = mem_printf("%s/tmp", w->folder);
	_close_ int dir = -1;
	bool again;
	int err;

	/* Left by an attempt that a crash took before it was in the record. */
	if (mkdir(w->folder, 0777) < 0) {
		if (errno != EEXIST)
			return err_errno(e, "%s", w->folder);
		if ((err = file_remove_tree(w->folder, e)) < 0 || (err = make_dir(w->folder, e)) < 0)
			return err;
	}
	again = w->spare.work && rename(w->spare.work, w->work) == 0;
	if ((err = make_dir(w->work, e)) < 0 || (err = make_dir(w->tmp, e)) < 0)
		return err;
	if (symlink(w->tmp, tmp_link) < 0)
		return err_errno(e, "%s", tmp_link);
	dir = open(w->work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_errno(e, "%s", w->work);
	err = again ? code_tree_rewrite(r->tree, dir, skip_path, &skip, e)
	            : code_tree_write(r->tree, dir, skip_path, &skip, e);
	if (err < 0)
		return err_prefix(e, "the code");
	for (size_t i = 0; i < w->inputs.len; i++)
		if ((err = place_input(w, &w->inputs.v[i], r->store, e)) < 0) {
			name_source(&w->inputs.v[i], r, s, e);
			return err_prefix(e, "input \"%s\"", w->inputs.v[i].path);
		}
	for (size_t i = 0; i < s->noutputs; i++) {
		_free_ char *full = path_join(w->work, s->outputs[i].path);

		if (strchr(s->outputs[i].path, '/') && (err = file_mkdirs_parent(full, 0777, e)) < 0)
			return err;
	}
	if ((err = place_params(w, r, e)) < 0 || (err = place_checkpoints(w, s, e)) < 0)
		return err;
	if (s->item && (err = write_matrix_params(w, r, s, e)) < 0)
		return err;
	/* Only what exists can be handed in one by one. */
	if (w->prefix &&
	    ((err = file_write(w->metrics, "", 0, 0644, e)) < 0 || (err = file_write(w->logged, "", 0, 0644, e)) < 0))
		return err;
	return replay_write(w, r, s, n, uid, e);
}

/* Removes what a folder holds; *ret_was_empty tells whether there was anything. */
static int empty_folder(const char *path, bool *ret_was_empty, struct err *e)
{
	_closedir_ DIR *d = opendir(path);
	struct dirent *entry;
	int r = 0;

	*ret_was_empty = true;
	if (!d)
		return errno == ENOENT ? 0 : err_errno(e, "%s", path);
	while (errno = 0, r >= 0 && (entry = readdir(d))) {
		_free_ char *full = path_join(path, entry->d_name);

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		*ret_was_empty = false;
		r = file_remove_tree(full, e);
	}
	return r >= 0 && errno ? err_errno(e, "%s", path) : r;
}

int work_clear(struct work *w, enum work_end end, struct err *e)
{
	bool empty;
	int r = empty_folder(w->tmp, &empty, e);

	fault_point("work-cleared");
	if (end == WORK_SPARE && r >= 0) {
		r = empty_folder(w->checkpoints, &w->checkpoints_empty, e);
		/* A step may have put a link or a file in its place. */
		w->checkpoints_empty = r >= 0 && file_is_dir(w->checkpoints);
	}
	if (end == WORK_REMOVE) {
		int r2 = file_remove_tree(w->work, e);

		r = r < 0 ? r : r2;
	}
	return r;
}
