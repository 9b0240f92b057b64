#include "runner/env/env_tool.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/path.h"
#include "base/text.h"
#include "runner/env/env_variable.h"

enum { TOOLS_MOST = 3 };

/* Which tools make what, the best first; what to do when none is there. */
static const struct way {
	enum env_kind kind;
	const char *tools[TOOLS_MOST];
	const char *out;
} ways[] = {
        {ENV_PYLOCK,
         {"uv"},
         "install it (`pip install uv`), or write a lock that pip can use where there is uv: `uv export --frozen "
         "--format requirements-txt -o requirements.lock`"},
        {ENV_UV,
         {"uv"},
         "install it (`pip install uv`), or write a lock that pip can use where there is uv: `uv export --frozen "
         "--format requirements-txt -o requirements.lock`"},
        {ENV_REQUIREMENTS, {"uv", "pip"}, "install python3 or uv (`pip install uv`)"},
        {ENV_CONDA_LOCK,
         {"micromamba", "mamba", "conda"},
         "install micromamba (https://mamba.readthedocs.io) or conda and see that PATH has it"},
        {ENV_CONDA,
         {"micromamba", "mamba", "conda"},
         "install micromamba (https://mamba.readthedocs.io) or conda and see that PATH has it"},
        {ENV_PIXI, {"pixi"}, "install pixi (https://pixi.sh) and see that PATH has it"},
        {ENV_RENV, {"renv"}, "install R and see that PATH has Rscript"},
        {ENV_JULIA, {"julia"}, "install Julia (https://julialang.org) and see that PATH has it"},
};

void env_tool_release(struct env_tool *t)
{
	free(t->path);
	*t = (struct env_tool){0};
}

static bool is_program(const char *path)
{
	struct stat st;

	return access(path, X_OK) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* FOLDER/V/bin/NAME for the V that sorts last; any of them will do, since none of these programs cares whose Python it
 * came with. */
static char *kept_program(const char *folder, const char *name)
{
	_closedir_ DIR *d = opendir(folder);
	char *best = NULL;

	for (const struct dirent *entry; d && (entry = readdir(d));) {
		char *path = mem_printf("%s/%s/bin/%s", folder, entry->d_name, name);
		if (*entry->d_name != '.' && is_program(path) && (!best || strcmp(path, best) > 0)) {
			free(best);
			best = path;
		} else {
			free(path);
		}
	}
	return best;
}

/* A shim is there when any version has the program, and fails when the chosen one has not. */
static char *behind_shim(const char *folder, const char *name)
{
	_free_ char *pyenv = path_join(folder, "../versions"), *asdf = path_join(folder, "../installs/python");
	char *path = kept_program(pyenv, name);

	return path ? path : kept_program(asdf, name);
}

/* Takes path: it when it is a program, else NULL. */
static char *take_program(char *path)
{
	if (path && is_program(path))
		return path;
	free(path);
	return NULL;
}

static char *find_program(const char *name, const struct env_python *python, char *const *env)
{
	static const char *const more[] = {".local/bin", ".cargo/bin", ".pixi/bin"};
	static const struct {
		const char *variable, *name;
	} named[] = {{"MAMBA_EXE", "micromamba"}, {"MAMBA_EXE", "mamba"}, {"CONDA_EXE", "conda"}};
	const char *home = env_variable(env, "HOME");
	_free_ char *shims = NULL;
	char *path;

	for (int i = 0; (path = env_variable_path(env, name, i)); i++) {
		char *folder = path_parent(path);
		if (strcmp(path_base(folder), "shims") != 0) {
			free(folder);
			return path;
		}
		free(path);
		if (shims)
			free(folder);
		else
			shims = folder;
	}
	if (python) {
		_free_ char *folder = path_parent(python->path);
		if ((path = take_program(path_join(folder, name))))
			return path;
	}
	if (shims && (path = behind_shim(shims, name)))
		return path;
	for (size_t i = 0; home && i < ARRAY_LEN(more); i++)
		if ((path = take_program(mem_printf("%s/%s/%s", home, more[i], name))))
			return path;
	for (size_t i = 0; i < ARRAY_LEN(named); i++) {
		const char *value = env_variable(env, named[i].variable);
		if (value && strcmp(named[i].name, name) == 0 && strcmp(path_base(value), name) == 0 &&
		    (path = take_program(mem_strdup(value))))
			return path;
	}
	return NULL;
}

int env_tool_find(const struct env_choice *c, const struct env_python *python, char *const *env, struct env_tool *ret,
                  struct err *e)
{
	const struct way *way = NULL;

	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		if (ways[i].kind == c->kind)
			way = &ways[i];
	if (!way)
		return err_set(e, ERR_USAGE, "%s: nothing is to be made for an environment of kind \"%s\"", c->source,
		               env_kind_text(c->kind));
	_buf_ struct buf names = BUF_INIT;
	for (size_t i = 0; i < TOOLS_MOST && way->tools[i]; i++) {
		const char *name = way->tools[i];
		char *path;
		if (strcmp(name, "pip") == 0)
			path = python ? mem_strdup(python->path) : NULL;
		else
			path = find_program(strcmp(name, "renv") == 0 ? "Rscript" : name, python, env);
		if (path) {
			*ret = (struct env_tool){.name = name, .path = path};
			return 0;
		}
		buf_addf(&names, "%s%s", i ? " nor " : "", strcmp(name, "renv") == 0 ? "Rscript" : name);
	}
	return err_set(e, ERR_BROKEN, "%s: there is %s%s on this machine to make the environment with; %s", c->source,
	               way->tools[1] ? "neither " : "no ", names.data, way->out);
}
