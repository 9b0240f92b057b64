#include "runner/env/env_recipe.h"

#include <string.h>
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "base/ulid.h"
#include "runner/env/env_cache.h"
#include "runner/env/env_conda.h"
#include "runner/env/env_reflink.h"

enum { LOCK_MOST = 64 << 20 };

struct cook {
	const struct env_build *b;
	struct arena *a;
	struct env_recipe *r;
	const char *folder; /* CACHE/KEY */
	const char *lock;   /* absolute */
	const char *tool;
};

void env_recipe_release(struct env_recipe *r)
{
	vec_release(&r->commands);
	vec_release(&r->set);
	vec_release(&r->offline);
}

static const char *join(const struct cook *c, const char *folder, const char *name)
{
	return arena_printf(c->a, "%s/%s", folder, name);
}

static void command(const struct cook *c, const char *const *argv)
{
	size_t n = 0;

	while (argv[n])
		n++;
	vec_push(&c->r->commands, arena_dup(c->a, argv, (n + 1) * sizeof *argv));
}
#define COMMAND(c, ...) command(c, (const char *const[]){__VA_ARGS__, NULL})

static void set(const struct cook *c, const char *name, const char *value)
{
	vec_push(&c->r->set, arena_printf(c->a, "%s=%s", name, value));
}

static bool pinned(const struct cook *c)
{
	return c->b->choice->grade == GRADE_PINNED && !c->b->choice->loose;
}

/* The files that decide, copied to KEY/project: for tools whose environment belongs to a project's folder. */
static int copy_project(const struct cook *c, const char **ret, struct err *e)
{
	const char *project = join(c, c->folder, "project");
	int r = file_mkdirs(project, 0755, e);

	for (size_t i = 0; r >= 0 && i < c->b->choice->files.len; i++) {
		const char *file = c->b->choice->files.v[i];
		_free_ char *from = path_join(c->b->root, file);
		r = file_copy(from, join(c, project, path_base(file)), 0644, e);
	}
	*ret = project;
	return r < 0 ? r : 0;
}

/* ---- Python ---- */

static int cook_uv(const struct cook *c, struct err *e)
{
	const char *python = join(c, c->folder, "bin/python");

	c->r->made = python;
	set(c, "UV_PYTHON_DOWNLOADS", "never");
	/* An editable install points at the working tree, which changes under a run and is hidden from a sandbox. */
	set(c, "UV_NO_EDITABLE", "1");
	set(c, "UV_COMPILE_BYTECODE", "1");
	/* A hard link would let an edit in an environment reach into uv's cache, and from there into others. */
	set(c, "UV_LINK_MODE", env_reflink_works(c->b->cache, c->b->environ) ? "clone" : "copy");
	vec_push(&c->r->offline, "UV_OFFLINE=1");
	if (c->b->choice->kind == ENV_UV) {
		_free_ char *project = path_parent(c->lock);
		set(c, "UV_PROJECT_ENVIRONMENT", c->folder);
		COMMAND(c, c->tool, "sync", "--frozen", "--no-install-project", "--no-editable", "--python",
		        c->b->python->path, "--project", arena_strdup(c->a, project));
		return 0;
	}
	COMMAND(c, c->tool, "venv", "--no-project", "--python", c->b->python->path, c->folder);
	if (pinned(c))
		COMMAND(c, c->tool, "pip", "sync", "--require-hashes", "--allow-empty-requirements", "--python", python,
		        c->lock);
	else
		COMMAND(c, c->tool, "pip", "install", "--python", python, "-r", c->lock);
	return 0;
}

static int cook_pip(const struct cook *c, struct err *e)
{
	const char *python = join(c, c->folder, "bin/python");
	_free_ char *beside = path_parent(c->lock);

	c->r->made = join(c, c->folder, "bin/pip");
	set(c, "PIP_DISABLE_PIP_VERSION_CHECK", "1");
	set(c, "PIP_NO_INPUT", "1");
	set(c, "PIP_PROGRESS_BAR", "off");
	COMMAND(c, c->tool, "-m", "venv", c->folder);
	if (strcmp(path_base(c->lock), "pyproject.toml") == 0)
		COMMAND(c, python, "-m", "pip", "install", arena_strdup(c->a, beside));
	else if (pinned(c))
		COMMAND(c, python, "-m", "pip", "install", "--require-hashes", "--no-deps", "-r", c->lock);
	else
		COMMAND(c, python, "-m", "pip", "install", "-r", c->lock);
	return 0;
}

/* ---- conda's packages ---- */

/* From a list of addresses with digests, which micromamba, mamba and conda all read; micromamba would pass over a
 * lock's packages of pip. */
static int cook_conda_lock(const struct cook *c, struct err *e)
{
	_buf_ struct buf explicit = BUF_INIT, pip = BUF_INIT;
	const char *list = join(c, c->folder, "explicit.txt"), *more = join(c, c->folder, "pip.txt");
	int r = env_conda_explicit(c->lock, c->b->choice->source, &explicit, &pip, e);

	if (r < 0 || (r = file_mkdirs(c->folder, 0755, e)) < 0 ||
	    (r = file_write(list, explicit.data, explicit.len, 0644, e)) < 0)
		return r;
	c->r->prefix = join(c, c->folder, "env");
	COMMAND(c, c->tool, "create", "-y", "-p", c->r->prefix, "--file", list);
	if (pip.len) {
		if ((r = file_write(more, pip.data, pip.len, 0644, e)) < 0)
			return r;
		COMMAND(c, join(c, c->r->prefix, "bin/python"), "-m", "pip", "install", "--no-deps", "--require-hashes",
		        "-r", more);
	}
	return 0;
}

static int cook_conda(const struct cook *c, struct err *e)
{
	static const char *const both[] = {"CONDA_ALWAYS_YES=true", "MAMBA_ALWAYS_YES=true", "CONDA_ALWAYS_COPY=true",
	                                   "MAMBA_ALWAYS_COPY=true"};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(both); i++)
		vec_push(&c->r->set, both[i]);
	vec_push(&c->r->offline, "CONDA_OFFLINE=true");
	vec_push(&c->r->offline, "MAMBA_OFFLINE=true");
	if (c->b->choice->kind == ENV_CONDA_LOCK)
		r = cook_conda_lock(c, e);
	else if (strcmp(c->b->tool->name, "micromamba") == 0)
		COMMAND(c, c->tool, "create", "-y", "-p", c->folder, "-f", c->lock);
	else
		COMMAND(c, c->tool, "env", "create", "-p", c->folder, "-f", c->lock);
	c->r->made = join(c, c->r->prefix, "conda-meta");
	return r;
}

/* pixi puts an environment below its project; a setting of the user that keeps them elsewhere is overruled there. */
static int cook_pixi(const struct cook *c, struct err *e)
{
	static const char config[] = "detached-environments = false\n";
	const char *project;
	int r = copy_project(c, &project, e);

	if (r < 0)
		return r;
	const char *settings = join(c, project, ".pixi/config.toml"), *manifest = join(c, project, "pixi.toml");
	if ((r = file_mkdirs_parent(settings, 0755, e)) < 0 ||
	    (r = file_write(settings, config, strlen(config), 0644, e)) < 0)
		return r;
	if (!file_exists(manifest))
		manifest = join(c, project, "pyproject.toml");
	if (!file_exists(manifest))
		return err_set(e, ERR_USAGE,
		               "%s: neither pixi.toml nor pyproject.toml stands beside it, and pixi needs one of them",
		               c->b->choice->source);
	COMMAND(c, c->tool, "install", "--frozen", "--manifest-path", manifest);
	c->r->prefix = join(c, project, ".pixi/envs/default");
	c->r->made = join(c, c->r->prefix, "conda-meta");
	return 0;
}

/* ---- other languages ---- */

static int cook_renv(const struct cook *c, struct err *e)
{
	static const char script[] = "a <- commandArgs(TRUE); renv::restore(project = a[1], library = a[2], lockfile = "
	                             "a[3], prompt = FALSE, clean = FALSE)";
	/* R's own variables only add libraries; the site's goes when it is not asked for (R 4.1 and later). */
	static const char profile[] = "if (\"include.site\" %in% names(formals(.libPaths)))\n"
	                              "\t.libPaths(Sys.getenv(\"R_LIBS_USER\"), include.site = FALSE)\n";
	const char *library = join(c, c->folder, "library"), *start = join(c, c->folder, "Rprofile");
	_buf_ struct buf text = BUF_INIT;
	_json_ json_t *lock = NULL;
	int r = file_read(c->lock, LOCK_MOST, &text, e);

	if (r < 0 || (r = json_parse(text.data, text.len, c->b->choice->source, &lock, e)) < 0 ||
	    (r = file_mkdirs(library, 0755, e)) < 0 ||
	    (r = file_write(start, profile, sizeof profile - 1, 0644, e)) < 0)
		return r;
	c->r->made = library;
	/* Read from the project's folder, .Rprofile would put another library in front. */
	c->r->cwd = c->folder;
	/* Copies rather than links into renv's own cache. */
	set(c, "RENV_CONFIG_CACHE_ENABLED", "FALSE");
	set(c, "RENV_CONFIG_AUTOLOADER_ENABLED", "FALSE");
	if (json_object_size(json_object_get(lock, "Packages")) > 0)
		COMMAND(c, c->tool, "--no-init-file", "-e", script, c->folder, library, c->lock);
	return 0;
}

static int cook_julia(const struct cook *c, struct err *e)
{
	const char *project, *depot = join(c, c->folder, "depot");
	int r = copy_project(c, &project, e);

	if (r < 0 || (r = file_mkdirs(depot, 0755, e)) < 0)
		return r;
	set(c, "JULIA_DEPOT_PATH", depot);
	COMMAND(c, c->tool, "--startup-file=no", arena_printf(c->a, "--project=%s", project), "-e",
	        "using Pkg; Pkg.instantiate()");
	c->r->made = project;
	return 0;
}

int env_recipe(const struct env_build *b, struct arena *a, struct env_recipe *ret, struct err *e)
{
	static const struct {
		const char *tool;
		int (*cook)(const struct cook *c, struct err *e);
	} cooks[] = {
	        {"uv", cook_uv},       {"pip", cook_pip},   {"micromamba", cook_conda}, {"mamba", cook_conda},
	        {"conda", cook_conda}, {"pixi", cook_pixi}, {"renv", cook_renv},        {"julia", cook_julia},
	};
	_free_ char *folder = env_cache_path(b->cache, b->key, ""), *lock = path_join(b->root, b->choice->source);
	struct cook c = {.b = b,
	                 .a = a,
	                 .r = ret,
	                 .folder = arena_strdup(a, folder),
	                 .lock = arena_strdup(a, lock),
	                 .tool = arena_strdup(a, b->tool->path)};

	*ret = (struct env_recipe){.prefix = c.folder, .made = c.folder, .cwd = arena_strdup(a, b->root)};
	if (!b->python && (strcmp(b->tool->name, "uv") == 0 || strcmp(b->tool->name, "pip") == 0))
		return err_set(e, ERR_BROKEN, "%s: no interpreter was found to make the environment for",
		               b->choice->source);
	for (size_t i = 0; i < ARRAY_LEN(cooks); i++)
		if (strcmp(cooks[i].tool, b->tool->name) == 0)
			return cooks[i].cook(&c, e);
	return err_set(e, ERR_USAGE, "%s: \"%s\" is no tool that makes environments", b->choice->source, b->tool->name);
}

const char **env_recipe_environ(const struct env_build *b, const struct env_recipe *r, bool offline, struct arena *a)
{
	/* What speaks of an active environment, and settings that are right at a prompt and would send packages
	 * elsewhere here. */
	static const char *const dropped[] = {
	        "VIRTUAL_ENV",
	        "PYTHON",
	        "__PYVENV_LAUNCHER__=",
	        "JIG_ATTEMPT_ID=",
	        "CONDA_PREFIX",
	        "CONDA_DEFAULT_ENV=",
	        "CONDA_SHLVL=",
	        "CONDA_PROMPT_MODIFIER=",
	        "CONDA_PYTHON_EXE=",
	        "UV_PROJECT",
	        "UV_PYTHON=",
	        "UV_SYSTEM_PYTHON=",
	        "UV_VENV_",
	        "UV_WORKING_DIR",
	        "UV_NO_SYNC=",
	        "UV_LOCKED=",
	        "UV_FROZEN=",
	        "UV_LINK_MODE=",
	        "PIP_TARGET=",
	        "PIP_PREFIX=",
	        "PIP_ROOT=",
	        "PIP_USER=",
	        "PIP_PYTHON=",
	        "PIP_REQUIREMENT=",
	        "PIP_EDITABLE=",
	        "PIP_DRY_RUN=",
	        "PIP_NO_DEPS=",
	        "PIP_REQUIRE_VIRTUALENV=",
	        "PIXI_PROJECT",
	        "PIXI_ENVIRONMENT",
	        "PIXI_IN_SHELL=",
	        "PIXI_EXE=",
	        "JULIA_PROJECT=",
	        "JULIA_LOAD_PATH=",
	        "JULIA_DEPOT_PATH=",
	        "GIT_DIR=",
	        "GIT_WORK_TREE=",
	        "GIT_INDEX_FILE=",
	        "NO_COLOR=",
	};
	bool conda = strstr(b->tool->name, "mamba") || strcmp(b->tool->name, "conda") == 0;
	VEC(const char *) v = {0};

	for (char *const *p = b->environ; *p; p++) {
		bool drop = !conda && text_starts(*p, "CONDA_");
		for (size_t i = 0; !drop && i < ARRAY_LEN(dropped); i++)
			drop = text_starts(*p, dropped[i]);
		size_t name = strcspn(*p, "=") + 1;
		for (size_t i = 0; !drop && i < r->set.len; i++)
			drop = strncmp(*p, r->set.v[i], name) == 0;
		if (!drop)
			vec_push(&v, *p);
	}
	for (size_t i = 0; i < r->set.len; i++)
		vec_push(&v, r->set.v[i]);
	for (size_t i = 0; offline && i < r->offline.len; i++)
		vec_push(&v, r->offline.v[i]);
	vec_push(&v, "NO_COLOR=1");
	/* By this a dead build's leftovers are found: they may have let go of the lock. */
	vec_push(&v, arena_printf(a, "JIG_ATTEMPT_ID=%.*s", ULID_LEN, b->key));
	vec_push(&v, NULL);
	return v.v;
}
