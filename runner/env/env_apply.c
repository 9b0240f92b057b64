/* What a step sees of its environment: the variables that the tools themselves set when one is activated, and those
 * that keep a user's own packages out. */
#include "base/path.h"
#include "runner/env/env.h"

#define PATH_ELSE "/usr/local/bin:/usr/bin:/bin"

static void put_first(struct variables *vars, const char *folder)
{
	const char *path = variables_get(vars, "PATH");
	_free_ char *full = mem_printf("%s:%s", folder, path ? path : PATH_ELSE);

	variables_set(vars, "PATH", full);
}

static void apply_r(const struct env *v, struct variables *vars)
{
	_free_ char *library = path_join(v->prefix, "library"), *profile = path_join(v->prefix, "Rprofile");

	variables_set(vars, "R_PROFILE", profile);
	variables_set(vars, "R_LIBS", library);
	variables_set(vars, "R_LIBS_USER", library);
	variables_set(vars, "R_LIBS_SITE", library);
	/* The project's own .Rprofile would switch to its own library. */
	variables_set(vars, "RENV_CONFIG_AUTOLOADER_ENABLED", "FALSE");
}

static void apply_julia(const struct env *v, struct variables *vars, const char *tmp)
{
	_free_ char *project = path_join(v->prefix, "project");
	_free_ char *depots = mem_printf("%s/julia:%s/depot", tmp, v->prefix); /* the first one is written to */

	variables_set(vars, "JULIA_PROJECT", project);
	variables_set(vars, "JULIA_DEPOT_PATH", depots);
	variables_set(vars, "JULIA_LOAD_PATH", "@:@stdlib");
}

void env_apply(const struct env *v, struct variables *vars, const char *work, const char *tmp)
{
	_free_ char *bin = v->prefix ? path_join(v->prefix, "bin") : NULL;

	switch (v->choice.kind) {
	case ENV_SYSTEM:
	case ENV_IMAGE:
	case ENV_NKINDS:
		break;
	case ENV_RENV:
		apply_r(v, vars);
		break;
	case ENV_JULIA:
		apply_julia(v, vars, tmp);
		break;
	case ENV_CONDA:
	case ENV_CONDA_LOCK:
	case ENV_PIXI:
		put_first(vars, bin);
		variables_set(vars, "CONDA_PREFIX", v->prefix);
		break;
	case ENV_ACTIVE:
		put_first(vars, bin);
		variables_set(vars, v->choice.conda ? "CONDA_PREFIX" : "VIRTUAL_ENV", v->prefix);
		break;
	case ENV_PYLOCK:
	case ENV_UV:
	case ENV_REQUIREMENTS:
		put_first(vars, bin);
		variables_set(vars, "VIRTUAL_ENV", v->prefix);
		break;
	}
	if (v->import_from) {
		_free_ char *from = path_join(work, v->import_from);

		variables_set(vars, "PYTHONPATH", from);
	}
}
