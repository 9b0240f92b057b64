#include "runner/env/env_lock.h"

#include "base/json.h"
#include "base/map.h"
#include "base/text.h"
#include "runner/pipeline/requirements.h"

static const char *text_at(const json_t *table, const char *key)
{
	return json_string_value(json_object_get(table, key));
}

/* The folder of a path, "" for the root. In the arena. */
static const char *folder_of(const struct env_lock *l, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? arena_strndup(l->a, path, slash - path) : "";
}

static void keep_python(struct env_lock *l, const json_t *table, const char *from)
{
	const char *python = text_at(table, "requires-python");

	if (python && *python && !l->python) {
		l->python = arena_strdup(l->a, python);
		l->python_from = arena_strdup(l->a, from);
	}
}

/* Whether each file of a package (wheels, sdist, archive) has what fixes its content. */
static bool files_have(const json_t *package, const char *key)
{
	static const char *const single[] = {"sdist", "archive"};
	const json_t *wheel;
	size_t i, n = 0;

	json_array_foreach(json_object_get(package, "wheels"), i, wheel)
	{
		const json_t *v = json_object_get(wheel, key);
		n++;
		if (!json_string_length(v) && !json_object_size(v))
			return false;
	}
	for (i = 0; i < ARRAY_LEN(single); i++) {
		const json_t *file = json_object_get(package, single[i]), *v = json_object_get(file, key);
		n += file != NULL;
		if (file && !json_string_length(v) && !json_object_size(v))
			return false;
	}
	return n > 0;
}

static const char *why_of(enum env_grade grade)
{
	return grade == GRADE_PINNED ? "every package with hashes"
	                             : "every package by its version, not all with hashes";
}

static int read_pylock_package(struct env_lock *l, const char *path, int line, const json_t *package,
                               enum env_grade *grade, struct err *e)
{
	const char *name = text_at(package, "name"), *folder = folder_of(l, path);
	const json_t *vcs = json_object_get(package, "vcs"), *directory = json_object_get(package, "directory");
	_free_ char *place = mem_printf("%s:%d", path, line);

	if (!name)
		return err_set(e, ERR_USAGE, "%s: a package without name; was the file cut off?", place);
	if (vcs) {
		if (!json_string_length(json_object_get(vcs, "commit-id")))
			return err_set(e, ERR_USAGE, "%s: package \"%s\" names no commit-id; make the lock anew", place,
			               name);
		return text_at(vcs, "path") ? env_lock_local(l, folder, text_at(vcs, "path"), place, e) : 0;
	}
	if (directory) {
		*grade = GRADE_VERSIONS;
		if (!text_at(directory, "path"))
			return err_set(e, ERR_USAGE, "%s: package \"%s\" names no path; was the file cut off?", place,
			               name);
		return env_lock_local(l, folder, text_at(directory, "path"), place, e);
	}
	if (!files_have(package, "hashes"))
		return err_set(e, ERR_USAGE,
		               "%s: package \"%s\" names no file with hashes; was the lock cut off? Make it anew",
		               place, name);
	const char *archive = text_at(json_object_get(package, "archive"), "path");
	return archive ? env_lock_local(l, folder, archive, place, e) : 0;
}

int env_lock_pylock(struct env_lock *l, const char *path, struct err *e)
{
	_buf_ struct buf text = BUF_INIT;
	_json_ json_t *doc = NULL;
	struct env_lock_place at = {0};
	enum env_grade grade = GRADE_PINNED;
	const json_t *package;
	size_t i;

	if (env_lock_toml(l, path, &text, &doc, e) < 0)
		return e->code;
	const char *version = text_at(doc, "lock-version");
	if (!version || !text_starts(version, "1."))
		return err_set(e, ERR_USAGE,
		               "%s:%d: lock-version should be \"1.0\" (is it a lock of another tool, or cut off?)",
		               path, env_lock_line(&text, "lock-version", &(struct env_lock_place){0}));
	if (!json_is_array(json_object_get(doc, "packages")))
		return err_set(e, ERR_USAGE, "%s:1: it lists no packages; was the file cut off?", path);
	json_array_foreach(json_object_get(doc, "packages"), i,
	                   package) if (read_pylock_package(l, path, env_lock_line(&text, "[[packages]]", &at), package,
	                                                    &grade, e) < 0) return e->code;
	keep_python(l, doc, path);
	env_lock_set(l, ENV_PYLOCK, grade, path, why_of(grade));
	return 0;
}

static int read_uv_package(struct env_lock *l, const char *path, int line, const json_t *package,
                           const struct map *names, enum env_grade *grade, struct err *e)
{
	static const char *const folders[] = {"virtual", "editable", "directory", "path"};
	const char *name = text_at(package, "name"), *local = NULL;
	const json_t *source = json_object_get(package, "source"), *dependency;
	_free_ char *place = mem_printf("%s:%d", path, line);
	bool archive = text_at(source, "path");
	size_t i;

	if (!name || !json_object_size(source))
		return err_set(e, ERR_USAGE,
		               "%s: package \"%s\" has no source; was the file cut off? `uv lock` makes it anew", place,
		               name ? name : "");
	json_array_foreach(json_object_get(package, "dependencies"), i, dependency)
	{
		const char *needed = text_at(dependency, "name");
		if (!needed || !map_find(names, needed))
			return err_set(
			        e, ERR_USAGE,
			        "%s: package \"%s\" needs \"%s\", which the lock does not hold; was the file cut off? "
			        "`uv lock` makes it anew",
			        place, name, needed ? needed : "");
	}
	for (i = 0; i < ARRAY_LEN(folders) && !local; i++)
		local = text_at(source, folders[i]);
	if (local && strcmp(local, ".") && env_lock_local(l, folder_of(l, path), local, place, e) < 0)
		return e->code;
	const char *git = text_at(source, "git");
	bool fixed = local && !archive ? !strcmp(local, ".")
	             : git             ? strchr(git, '#') != NULL
	                               : files_have(package, "hash");
	if (!fixed)
		*grade = GRADE_VERSIONS;
	return 0;
}

/* pyproject.toml beside uv.lock: whether the project is a package, and whether the lock is older than what it asks for.
 */
static int read_uv_project(struct env_lock *l, const char *lock, const char *path, const struct map *names,
                           struct err *e)
{
	_buf_ struct buf text = BUF_INIT;
	_json_ json_t *doc = NULL;
	const json_t *dependency;
	size_t i;

	if (!env_lock_has(l, path))
		return err_set(e, ERR_USAGE, "%s:1: %s, which belongs to it, is not there; put it beside the lock",
		               lock, path);
	if (env_lock_toml(l, path, &text, &doc, e) < 0)
		return e->code;
	const json_t *package = json_path_get(doc, "tool.uv.package");
	l->c->has_project = package ? json_is_true(package) : json_object_get(doc, "build-system") != NULL;
	keep_python(l, json_object_get(doc, "project"), path);
	json_array_foreach(json_path_get(doc, "project.dependencies"), i, dependency)
	{
		const char *s = json_string_value(dependency);
		struct requirements r;
		struct err ignored;
		if (!s || requirements_parse(s, strlen(s), path, &r, &ignored) < 0)
			continue;
		const char *name = r.list.len ? r.list.v[0].name : NULL;
		if (name && !map_find(names, name))
			env_lock_note(l, "%s asks for %s, which %s does not hold; `uv lock` renews it", path, name,
			              lock);
		requirements_release(&r);
	}
	return 0;
}

int env_lock_uv(struct env_lock *l, const char *path, struct err *e)
{
	_buf_ struct buf text = BUF_INIT;
	_json_ json_t *doc = NULL;
	_map_ struct map names = MAP_INIT;
	struct env_lock_place at = {0};
	enum env_grade grade = GRADE_PINNED;
	const char *project = env_lock_beside(l, path, "pyproject.toml");
	const json_t *package;
	size_t i;

	if (env_lock_toml(l, path, &text, &doc, e) < 0)
		return e->code;
	if (!json_is_integer(json_object_get(doc, "version")))
		return err_set(e, ERR_USAGE,
		               "%s:1: it says no \"version\" of its own; was the file cut off? `uv lock` makes it anew",
		               path);
	const json_t *packages = json_object_get(doc, "package");
	json_array_foreach(packages, i, package) if (text_at(package, "name"))
	        map_add(&names, text_at(package, "name"), NULL);
	json_array_foreach(packages, i, package) if (read_uv_package(l, path, env_lock_line(&text, "[[package]]", &at),
	                                                             package, &names, &grade, e) < 0) return e->code;
	keep_python(l, doc, path);
	env_lock_set(l, ENV_UV, grade, path, why_of(grade));
	vec_push(&l->c->files, project);
	return read_uv_project(l, path, project, &names, e);
}

/* The line in which a text stands in quotes; 1 when it is not found so. */
static int line_of_text(const struct buf *text, const char *quoted)
{
	const char *at = NULL;
	int line = 1;

	for (size_t i = 0; i < 2 && !at; i++) {
		_free_ char *word = mem_printf("%c%s%c", "\"'"[i], quoted, "\"'"[i]);
		at = strstr(text->data, word);
	}
	for (const char *p = text->data; at && p < at; p++)
		line += *p == '\n';
	return line;
}

static void add_loose(struct env_lock *l, struct env_loose *ret, const char *path, int line, const char *text)
{
	vec_push(&ret->lines, arena_printf(l->a, "%s:%d: %s", path, line, text));
}

int env_lock_project(struct env_lock *l, const char *path, struct env_loose *ret, struct err *e)
{
	_buf_ struct buf text = BUF_INIT;
	_json_ json_t *doc = NULL;
	const json_t *v;
	const char *key;
	size_t i;

	if (env_lock_toml(l, path, &text, &doc, e) < 0)
		return e->code;
	keep_python(l, json_object_get(doc, "project"), path);
	json_array_foreach(json_path_get(doc, "project.dependencies"), i, v) if (json_is_string(v))
	        add_loose(l, ret, path, line_of_text(&text, json_string_value(v)), json_string_value(v));
	json_array_foreach(json_path_get(doc, "project.dynamic"), i,
	                   v) if (json_is_string(v) && !strcmp(json_string_value(v), "dependencies"))
	        add_loose(l, ret, path, line_of_text(&text, "dependencies"), "dependencies are dynamic");
	json_object_foreach((json_t *)json_path_get(doc, "tool.poetry.dependencies"), key, v)
	{
		_free_ char *plain = mem_printf("%s = ", key);
		if (!strcmp(key, "python"))
			continue;
		const char *version = json_string_value(v) ? json_string_value(v) : text_at(v, "version");
		add_loose(l, ret, path, env_lock_line(&text, plain, &(struct env_lock_place){0}),
		          version ? arena_printf(l->a, "%s %s", key, version) : arena_strdup(l->a, key));
	}
	return 0;
}
