#include "runner/env/env_choose.h"

#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/env/env_choose_parts.h"

#define LOOSE_SHOWN 5

const char *env_kind_text(enum env_kind k)
{
#define TEXT_(s, text, ...) text,
	static const char *const texts[] = {ENV_KINDS(TEXT_)};
	return texts[k];
}

const char *env_grade_text(enum env_grade g)
{
	static const char *const texts[] = {ENV_GRADES(TEXT_)};
#undef TEXT_
	return texts[g];
}

void env_choice_release(struct env_choice *c)
{
	vec_release(&c->files);
	vec_release(&c->locals);
	vec_release(&c->notes);
}

bool env_choose_in_root(const struct env_choosing *ch, const char *name)
{
	return env_lock_has(&ch->l, name);
}

int env_choose_both(struct env_choosing *ch, const char *a, const char *b)
{
	return err_set(ch->e, ERR_USAGE,
	               "%s: %s and %s both pin the packages; name the one that counts by `env: %s`, or remove "
	               "the other",
	               ch->place, a, b, a);
}

const char *env_choose_foreign(const char *name)
{
#define FOREIGN_(lock, way) \
	if (!strcmp(name, lock)) \
		return way;
	ENV_FOREIGN_LOCKS(FOREIGN_)
#undef FOREIGN_
	return NULL;
}

const char *env_choose_foreign_found(const struct env_choosing *ch, const char **ret_name)
{
#define NAME_(lock, way) lock,
	static const char *const names[] = {ENV_FOREIGN_LOCKS(NAME_)};
#undef NAME_

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (env_choose_in_root(ch, names[i]))
			return env_choose_foreign(*ret_name = names[i]);
	return NULL;
}

/* Many make one and forget that it has to be activated. */
static void note_inactive(struct env_choosing *ch)
{
	static const char *const names[] = {".venv/pyvenv.cfg", "venv/pyvenv.cfg"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (env_choose_in_root(ch, names[i]))
			env_lock_note(&ch->l,
			              "%.*s is here and not active: steps get the machine's own tools; activate it, or "
			              "pin "
			              "its packages (requirements.txt, then `jig lock`)",
			              (int)strcspn(names[i], "/"), names[i]);
}

static int choose_system(struct env_choosing *ch, const char *why)
{
	struct env_choice *c = ch->l.c;

	c->kind = ENV_SYSTEM;
	c->grade = GRADE_OBSERVED;
	c->source = "system";
	c->why = why;
	return 1;
}

static int level_uv(struct env_choosing *ch)
{
	bool pylock = env_choose_in_root(ch, "pylock.toml"), uv = env_choose_in_root(ch, "uv.lock");

	if (pylock && uv)
		return env_choose_both(ch, "pylock.toml", "uv.lock");
	if (pylock)
		return env_lock_pylock(&ch->l, "pylock.toml", ch->e) < 0 ? ch->e->code : 1;
	if (uv)
		return env_lock_uv(&ch->l, "uv.lock", ch->e) < 0 ? ch->e->code : 1;
	return 0;
}

static int level_other(struct env_choosing *ch)
{
	bool renv = env_choose_in_root(ch, "renv.lock"),
	     julia = env_choose_in_root(ch, "Manifest.toml") && env_choose_in_root(ch, "Project.toml");
	_json_ json_t *doc = NULL;

	if (renv && julia)
		return env_choose_both(ch, "renv.lock", "Manifest.toml");
	if (julia)
		return env_lock_julia(&ch->l, "Manifest.toml", ch->e) < 0 ? ch->e->code : 1;
	if (!renv)
		return 0;
	if (env_lock_json(&ch->l, "renv.lock", &doc, ch->e) < 0)
		return ch->e->code;
	return env_lock_renv(&ch->l, "renv.lock", doc, ch->e) < 0 ? ch->e->code : 1;
}

static int choose_found(struct env_choosing *ch)
{
	int r = level_uv(ch);

	if (!r)
		r = env_choose_requirements(ch);
	if (!r)
		r = env_choose_conda(ch);
	if (!r)
		r = env_choose_loose(ch);
	if (!r)
		r = env_lock_active(&ch->l, ch->o->environ, ch->e);
	if (!r)
		r = level_other(ch);
	if (!r) {
		const char *name, *way = env_choose_foreign_found(ch, &name);
		if (way)
			env_lock_note(&ch->l, "%s is not read; %s makes a lock that is", name, way);
		note_inactive(ch);
		r = choose_system(ch, "nothing pins packages here");
	}
	return r;
}

static int unknown_kind(struct env_choosing *ch, const char *path)
{
	return err_set(ch->e, ERR_USAGE,
	               "%s: %s is no lock that jig knows; it reads pylock*.toml, uv.lock, requirements (*.txt, "
	               "*.lock), conda-lock.yml, "
	               "pixi.lock, environment.yml, renv.lock and Manifest*.toml",
	               ch->place, path);
}

static int choose_yaml(struct env_choosing *ch, const char *path)
{
	struct yaml_node *doc;

	if (env_lock_yaml(&ch->l, path, &doc, ch->e) < 0)
		return ch->e->code;
	if (!strcmp(path_base(path), "pixi.lock"))
		return env_lock_pixi(&ch->l, path, doc, ch->e);
	if (yaml_get(doc, "metadata") || yaml_get(doc, "package"))
		return env_lock_conda_lock(&ch->l, path, doc, ch->e);
	if (!yaml_get(doc, "dependencies") && !text_starts(path_base(path), "environment"))
		return unknown_kind(ch, path);
	return env_choose_conda_file(ch, path, doc);
}

static int choose_json(struct env_choosing *ch, const char *path)
{
	_json_ json_t *doc = NULL;

	if (env_lock_json(&ch->l, path, &doc, ch->e) < 0)
		return ch->e->code;
	if (strcmp(path_base(path), "renv.lock") && !json_object_get(doc, "R"))
		return unknown_kind(ch, path);
	return env_lock_renv(&ch->l, path, doc, ch->e);
}

/* `env: F`: by the file's name, and where that leaves it open by its content. */
static int choose_file(struct env_choosing *ch, const char *given)
{
	_free_ char *path = path_normal(given, NULL);
	const char *fault = path_check_inside(path);

	if (fault)
		return err_set(ch->e, ERR_USAGE, "%s: the lock \"%s\" %s; it should lie in the project", ch->place,
		               given, fault);
	_free_ char *full = path_join(ch->l.root, path);
	if (!file_exists(full))
		return err_set(ch->e, ERR_NOT_FOUND,
		               "%s: %s is not there; `env:` names a file below the project's folder (a lock is "
		               "made by `jig lock`)",
		               ch->place, path);
	if (file_is_dir(full))
		return err_set(ch->e, ERR_USAGE, "%s: %s is a folder; `env:` names the lock in it", ch->place, path);
	const char *kept = arena_strdup(ch->l.a, path), *name = path_base(kept);
	const char *way = env_choose_foreign(name);
	if (way)
		return err_set(ch->e, ERR_USAGE, "%s: %s is not read; %s makes a lock that is", ch->place, kept, way);
	if (!strcmp(name, "uv.lock"))
		return env_lock_uv(&ch->l, kept, ch->e);
	if (text_starts(name, "pylock") && text_ends(name, ".toml"))
		return env_lock_pylock(&ch->l, kept, ch->e);
	if (text_starts(name, "Manifest") && text_ends(name, ".toml"))
		return env_lock_julia(&ch->l, kept, ch->e);
	if (!strcmp(name, "pyproject.toml")) {
		int r = env_choose_project(ch, kept);
		return r ? r
		         : err_set(ch->e, ERR_USAGE,
		                   "%s:1: it has no dependencies, so it says nothing about packages; name a lock",
		                   kept);
	}
	if (!strcmp(name, "pixi.lock") || text_ends(name, ".yml") || text_ends(name, ".yaml"))
		return choose_yaml(ch, kept);
	if (!strcmp(name, "renv.lock") || text_ends(name, ".json"))
		return choose_json(ch, kept);
	if (!text_ends(name, ".lock") && !text_ends(name, ".txt") && !text_ends(name, ".in"))
		return unknown_kind(ch, kept);
	return env_choose_requirements_file(ch, kept);
}

static int choose_image(struct env_choosing *ch, const char *image)
{
	const char *at = strstr(image, "@sha256:");
	struct env_choice *c = ch->l.c;

	if (!at || at == image || strspn(at + 8, "0123456789abcdef") != 64 || at[8 + 64])
		return err_set(ch->e, ERR_USAGE,
		               "%s: image \"%s\" is not pinned; name it by its digest: NAME@sha256: and 64 hex digits "
		               "(`podman image "
		               "inspect --format '{{.Digest}}' NAME` shows it)",
		               ch->place, image);
	c->kind = ENV_IMAGE;
	c->grade = GRADE_PINNED;
	c->source = c->image = arena_strdup(ch->l.a, image);
	c->why = "a container image, named by its digest";
	return 1;
}

static bool is_pythons(enum env_kind k)
{
	return k == ENV_PYLOCK || k == ENV_UV || k == ENV_REQUIREMENTS;
}

/* The version in .python-version: "3.11", "3.11.7", ">=3.10"; names of pyenv's own are none. NULL: none. */
static const char *python_version_file(struct env_choosing *ch)
{
	_buf_ struct buf b = BUF_INIT;
	_free_ char *path = path_join(ch->l.root, ".python-version");
	struct err ignored;

	if (file_read(path, 64 << 10, &b, &ignored) < 0)
		return NULL;
	const char *p = b.data;
	while (*p && (strchr(" \t\r\n", *p) || *p == '#'))
		p += *p == '#' ? strcspn(p, "\n") : 1;
	size_t n = strcspn(p, " \t\r\n#"), version = strspn(p, "0123456789.");
	bool range = n && strchr("<>=!~", *p) && strspn(p, "0123456789.<>=!~,*") == n;
	if (!n || (!range && (version != n || *p == '.' || p[n - 1] == '.')))
		return NULL;
	return arena_strndup(ch->l.a, p, n);
}

static int choose_python(struct env_choosing *ch, const char *asked)
{
	struct env_choice *c = ch->l.c;
	const char *version;

	if (!is_pythons(c->kind)) {
		if (!asked)
			return 0;
		if (c->kind == ENV_SYSTEM || c->kind == ENV_ACTIVE)
			return err_set(
			        ch->e, ERR_USAGE,
			        "%s: python %s is asked for, but no lock is there to make an environment from; name "
			        "one: "
			        "{lock: requirements.lock, python: \"%s\"} (`jig lock` makes it from requirements.txt)",
			        ch->place, asked, asked);
		return err_set(ch->e, ERR_USAGE, "%s: %s decides about the interpreter itself; leave \"python\" out",
		               ch->place, c->source);
	}
	if (asked) {
		c->python = arena_strdup(ch->l.a, asked);
		c->python_from = arena_strdup(ch->l.a, ch->place);
		return 0;
	}
	if ((version = python_version_file(ch))) {
		c->python = version;
		c->python_from = ".python-version";
		return 0;
	}
	if (!ch->l.python && env_choose_in_root(ch, "pyproject.toml")) {
		struct env_loose ignored = {0};
		int r = env_lock_project(&ch->l, "pyproject.toml", &ignored, ch->e);
		vec_release(&ignored.lines);
		if (r < 0)
			return r;
	}
	c->python = ch->l.python;
	c->python_from = ch->l.python_from;
	return 0;
}

/* A text of env's mapping. 1, or 0 when the key is not there. */
static int env_text(struct env_choosing *ch, const char *key, const char **ret)
{
	const json_t *v = json_object_get(ch->o->env, key);

	*ret = json_string_value(v);
	if (v && !json_string_length(v))
		return err_set(ch->e, ERR_USAGE, "%s: \"%s\" of env should be a text, in quotes", ch->place, key);
	return v != NULL;
}

static int choose(struct env_choosing *ch)
{
	const char *lock = NULL, *python = NULL, *image = NULL;
	const json_t *env = ch->o->env;
	int r;

	if (env && !json_is_string(env) && !json_is_object(env))
		return err_set(
		        ch->e, ERR_USAGE,
		        "%s: env should be `system`, the name of a file, {lock: FILE, python: VERSION} or {image: "
		        "NAME@sha256:…}",
		        ch->place);
	if (json_is_string(env) && !strcmp(json_string_value(env), "system"))
		return choose_system(ch, "env: system");
	if (json_is_string(env)) {
		lock = json_string_value(env);
	} else if (env) {
		if (env_text(ch, "lock", &lock) < 0 || env_text(ch, "python", &python) < 0 ||
		    env_text(ch, "image", &image) < 0)
			return ch->e->code;
		if (image && (lock || python))
			return err_set(
			        ch->e, ERR_USAGE,
			        "%s: an image brings its own packages; \"env\" takes no lock or python beside it",
			        ch->place);
		if (image)
			return choose_image(ch, image);
		if (!lock && !python)
			return err_set(ch->e, ERR_USAGE, "%s: \"env\" names neither a lock nor an image", ch->place);
	}
	r = lock ? choose_file(ch, lock) : choose_found(ch);
	return r < 0 ? r : choose_python(ch, python);
}

void env_choose_lines(struct buf *b, const char *const *lines, size_t n)
{
	for (size_t i = 0; i < n && i < LOOSE_SHOWN; i++)
		buf_addf(b, "%.*s\n", 300, lines[i]);
	if (n > LOOSE_SHOWN)
		buf_addf(b, "and %zu more\n", n - LOOSE_SHOWN);
}

int env_choose(const struct env_choose *o, struct arena *a, struct env_choice *ret, struct err *e)
{
	struct env_choice c = {0};
	struct env_choosing ch = {
	        .o = o,
	        .l = {.root = o->root, .a = a, .c = &c},
	        .place = o->place ? o->place : "env",
	        .e = e,
	};
	int r = choose(&ch);

	for (size_t i = 0; i < ch.all.len; i++)
		requirements_release(&ch.all.v[i].r);
	vec_release(&ch.all);
	vec_release(&ch.conda_loose.lines);
	env_choice_release(&ch.conda_choice);
	if (r < 0) {
		env_choice_release(&c);
		return r;
	}
	*ret = c;
	return 0;
}
