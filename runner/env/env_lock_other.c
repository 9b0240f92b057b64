#include "runner/env/env_lock.h"

#include <sys/stat.h>
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"

static const char *text_at(const json_t *table, const char *key)
{
	return json_string_value(json_object_get(table, key));
}

int env_lock_renv(struct env_lock *l, const char *path, const json_t *doc, struct err *e)
{
	json_t *packages = json_object_get(doc, "Packages"), *package;
	const char *name;

	if (!text_at(json_object_get(doc, "R"), "Version") || !json_is_object(packages))
		return err_set(
		        e, ERR_USAGE,
		        "%s:1: a lock of renv names R's version and \"Packages\"; renv::snapshot() makes it anew",
		        path);
	json_object_foreach(packages, name, package)
	{
		if (!text_at(package, "Version"))
			return err_set(e, ERR_USAGE,
			               "%s:1: package \"%s\" has no \"Version\"; renv::snapshot() makes it anew", path,
			               name);
		const char *url = text_at(package, "RemoteUrl");
		_free_ char *place = mem_printf("%s:1", path);
		if (url && !strcmp(text_at(package, "RemoteType") ? text_at(package, "RemoteType") : "", "local") &&
		    env_lock_local(l, env_lock_beside(l, path, ""), url, place, e) < 0)
			return e->code;
	}
	env_lock_set(l, ENV_RENV, GRADE_VERSIONS, path, "every package of R by its version");
	return 0;
}

/* The name that an entry of a manifest needs and the manifest does not hold, or NULL. */
static const char *missing_dependency(const json_t *entry, const json_t *all)
{
	const json_t *deps = json_object_get(entry, "deps"), *v;
	const char *key;
	size_t i;

	json_array_foreach(deps, i, v) if (json_is_string(v) &&
	                                   !json_object_get(all, json_string_value(v))) return json_string_value(v);
	json_object_foreach((json_t *)deps, key, v) if (!json_object_get(all, key)) return key;
	return NULL;
}

int env_lock_julia(struct env_lock *l, const char *path, struct err *e)
{
	_buf_ struct buf text = BUF_INIT;
	_json_ json_t *doc = NULL;
	const char *project = env_lock_beside(l, path, "Project.toml"), *name;
	enum env_grade grade = GRADE_PINNED;
	json_t *list;
	const json_t *entry;
	size_t i;

	if (env_lock_toml(l, path, &text, &doc, e) < 0)
		return e->code;
	const char *format = text_at(doc, "manifest_format");
	json_t *all = format && !text_starts(format, "1") ? json_object_get(doc, "deps") : doc;
	if (!json_is_object(all))
		return err_set(e, ERR_USAGE,
		               "%s:1: it has no \"deps\"; was the file cut off? `Pkg.resolve()` makes it anew", path);
	json_object_foreach(all, name, list)
	{
		if (!json_is_array(list))
			continue;
		_free_ char *header = mem_printf("[[%s%s]]", all == doc ? "" : "deps.", name);
		_free_ char *place =
		        mem_printf("%s:%d", path, env_lock_line(&text, header, &(struct env_lock_place){0}));
		json_array_foreach(list, i, entry)
		{
			const char *missing = missing_dependency(entry, all), *local = text_at(entry, "path");
			if (!text_at(entry, "uuid") || missing)
				return err_set(
				        e, ERR_USAGE,
				        "%s: package \"%s\" %s%s; was the file cut off? `Pkg.resolve()` makes it "
				        "anew",
				        place, name,
				        missing ? "needs what the manifest does not hold: " : "has no uuid",
				        missing ? missing : "");
			if (local) {
				grade = GRADE_VERSIONS;
				if (env_lock_local(l, env_lock_beside(l, path, ""), local, place, e) < 0)
					return e->code;
			}
		}
	}
	if (!env_lock_has(l, project))
		return err_set(e, ERR_USAGE, "%s:1: %s, which belongs to it, is not there; put it beside the manifest",
		               path, project);
	env_lock_set(l, ENV_JULIA, grade, path,
	             grade == GRADE_PINNED ? "every package of Julia by the hash of its content"
	                                   : "every package of Julia by its version, local ones as they are");
	vec_push(&l->c->files, project);
	return 0;
}

static const char *variable(char *const *environ_of, const char *name)
{
	size_t n = strlen(name);

	for (; environ_of && *environ_of; environ_of++)
		if (!strncmp(*environ_of, name, n) && (*environ_of)[n] == '=' && (*environ_of)[n + 1])
			return *environ_of + n + 1;
	return NULL;
}

static bool same_folder(const char *a, const char *b)
{
	struct stat x, y;

	return !strcmp(a, b) || (stat(a, &x) >= 0 && stat(b, &y) >= 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

/* The value behind "KEY =" or "KEY=" in a line, without quotes, in the arena. NULL: another line. */
static const char *value_in(struct arena *a, const char *line, size_t n, const char *key)
{
	const char *end = line + n;

	line += strspn(line, " \t");
	if (text_starts(line, "export "))
		line += 7;
	if (!text_starts(line, key))
		return NULL;
	line += strlen(key);
	line += strspn(line, " ");
	if (line >= end || *line != '=')
		return NULL;
	line += 1 + strspn(line + 1, " ");
	char quote = *line == '"' || *line == '\'' ? *line++ : 0;
	while (end > line && strchr("\r ;", end[-1]))
		end--;
	if (quote && end > line && end[-1] == quote)
		end--;
	return end > line ? arena_strndup(a, line, end - line) : NULL;
}

/* What is wrong with a virtual environment, or NULL. */
static const char *venv_fault(struct env_lock *l, const char *prefix)
{
	_buf_ struct buf cfg = BUF_INIT, activate = BUF_INIT;
	_free_ char *cfg_path = path_join(prefix, "pyvenv.cfg"), *activate_path = path_join(prefix, "bin/activate");
	struct err ignored;
	const char *other = NULL, *value;

	if (file_read(cfg_path, 1 << 20, &cfg, &ignored) < 0)
		return "it has no pyvenv.cfg, so it is no virtual environment (any more)";
	for (const char *p = cfg.data; *p; p += strcspn(p, "\n"), p += *p == '\n')
		if ((value = value_in(l->a, p, strcspn(p, "\n"), "home")) && !file_is_dir(value))
			return arena_printf(l->a, "the Python it was made from (%s) is gone", value);
	if (file_read(activate_path, 1 << 20, &activate, &ignored) < 0)
		return NULL;
	for (const char *p = activate.data; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		value = value_in(l->a, p, strcspn(p, "\n"), "VIRTUAL_ENV");
		if (value && *value == '/' && same_folder(value, prefix))
			return NULL;
		if (value && *value == '/')
			other = value;
	}
	return other ? arena_printf(l->a, "it was moved from %s, and its programs still point there", other) : NULL;
}

int env_lock_active(struct env_lock *l, char *const *environ_of, struct err *e)
{
	const char *venv = variable(environ_of, "VIRTUAL_ENV"), *conda = variable(environ_of, "CONDA_PREFIX");
	const char *prefix = venv ? venv : conda, *name = venv ? "VIRTUAL_ENV" : "CONDA_PREFIX", *fault = NULL;

	if (!prefix)
		return 0;
	_free_ char *python = path_join(prefix, "bin/python"), *meta = path_join(prefix, "conda-meta");
	struct stat st;
	bool link = lstat(python, &st) >= 0, there = stat(python, &st) >= 0;
	if (*prefix != '/')
		fault = "it is no absolute path";
	else if (!file_is_dir(prefix))
		fault = "the folder is not there; it was moved or removed";
	else if (!there && (venv || link))
		fault = link ? "its bin/python points to a Python that is gone; it was moved, or that Python removed"
		             : "it has no bin/python";
	else if (venv)
		fault = venv_fault(l, prefix);
	else if (!file_is_dir(meta))
		fault = "it has no conda-meta, so it is no environment of conda (any more)";
	if (fault)
		return err_set(e, ERR_USAGE,
		               "$%s names %s: %s. Make it anew, leave it by `%s`, or choose another by `env:` (`env: "
		               "system` takes "
		               "the machine's own tools)",
		               name, prefix, fault, venv ? "deactivate" : "conda deactivate");
	l->c->kind = ENV_ACTIVE;
	l->c->grade = GRADE_OBSERVED;
	l->c->prefix = l->c->source = arena_strdup(l->a, prefix);
	l->c->conda = !venv;
	l->c->why = arena_printf(l->a, "the active environment ($%s); nothing pins packages here", name);
	env_lock_note(l, "%s is used as it is; `jig lock` pins packages once requirements.txt names them", prefix);
	return 1;
}
