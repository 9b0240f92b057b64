#include "runner/env/env_lock.h"

#include "base/map.h"
#include "base/text.h"
#include "runner/pipeline/requirements.h"

static const char *text_of(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *v = map && map->kind == YAML_MAP ? yaml_get(map, key) : NULL;

	return v && v->kind != YAML_MAP && v->kind != YAML_LIST && v->kind != YAML_NULL && v->len ? v->text : NULL;
}

static const char *why_of(enum env_grade grade)
{
	return grade == GRADE_PINNED ? "every package with hashes"
	                             : "every package by its version, not all with hashes";
}

static bool is_list(const struct yaml_node *n)
{
	return n && n->kind == YAML_LIST;
}

int env_lock_conda_lock(struct env_lock *l, const char *path, const struct yaml_node *doc, struct err *e)
{
	static const char *const needed[] = {"name", "version", "manager", "platform", "url"};
	const struct yaml_node *packages = yaml_get(doc, "package"), *metadata = yaml_get(doc, "metadata");
	enum env_grade grade = GRADE_PINNED;

	if (!is_list(packages) || !metadata || metadata->kind != YAML_MAP)
		return err_set(e, ERR_USAGE,
		               "%s:%d: a lock of conda-lock has \"metadata\" and \"package\"; was the file cut off? "
		               "`conda-lock` "
		               "makes it anew",
		               path, doc->line);
	for (size_t i = 0; i < packages->n; i++) {
		const struct yaml_node *p = packages->items[i];
		const char *name = text_of(p, "name");
		for (size_t k = 0; k < ARRAY_LEN(needed); k++)
			if (!text_of(p, needed[k]))
				return err_set(e, ERR_USAGE,
				               "%s:%d: package \"%s\" has no \"%s\"; was the file cut off? "
				               "`conda-lock` makes it anew",
				               path, p->line, name ? name : "", needed[k]);
		const struct yaml_node *hash = yaml_get(p, "hash");
		if (!text_of(hash, "sha256") && !text_of(hash, "md5"))
			grade = GRADE_VERSIONS;
	}
	env_lock_set(l, ENV_CONDA_LOCK, grade, path, why_of(grade));
	return 0;
}

/* Where a package of pixi.lock comes from, by the key of its kind. NULL: it says nothing. */
static const char *pixi_source(const struct yaml_node *p, const char **ret_key)
{
	static const char *const keys[] = {"conda", "pypi", "url", "path"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (text_of(p, keys[i])) {
			*ret_key = keys[i];
			return text_of(p, keys[i]);
		}
	return NULL;
}

static int check_pixi_environments(const char *path, const struct yaml_node *all, const struct map *sources,
                                   struct err *e)
{
	const char *key;

	for (size_t i = 0; i < all->n; i++) {
		const struct yaml_node *one = all->pairs[i].value;
		const struct yaml_node *platforms = one->kind == YAML_MAP ? yaml_get(one, "packages") : NULL;
		for (size_t k = 0; platforms && platforms->kind == YAML_MAP && k < platforms->n; k++) {
			const struct yaml_node *list = platforms->pairs[k].value;
			for (size_t m = 0; list->kind == YAML_LIST && m < list->n; m++) {
				const char *source = pixi_source(list->items[m], &key);
				if (source && !map_find(sources, source))
					return err_set(e, ERR_USAGE,
					               "%s:%d: %s is not among the packages; was the file cut off? "
					               "`pixi lock` "
					               "makes it anew",
					               path, list->items[m]->line, source);
			}
		}
	}
	return 0;
}

int env_lock_pixi(struct env_lock *l, const char *path, const struct yaml_node *doc, struct err *e)
{
	const struct yaml_node *packages = yaml_get(doc, "packages"), *all = yaml_get(doc, "environments");
	_map_ struct map sources = MAP_INIT;
	enum env_grade grade = GRADE_PINNED;
	const char *manifest = env_lock_beside(l, path, "pixi.toml"), *key;

	if (!text_of(doc, "version") || !is_list(packages) || !all || all->kind != YAML_MAP)
		return err_set(e, ERR_USAGE,
		               "%s:%d: a lock of pixi has \"version\", \"environments\" and \"packages\"; was the file "
		               "cut off? "
		               "`pixi lock` makes it anew",
		               path, doc->line);
	for (size_t i = 0; i < packages->n; i++) {
		const struct yaml_node *p = packages->items[i];
		const char *source = pixi_source(p, &key);
		_free_ char *place = mem_printf("%s:%d", path, p->line);
		if (!source)
			return err_set(e, ERR_USAGE,
			               "%s: a package that says not where it comes from; was the file cut off?", place);
		map_add(&sources, source, NULL);
		bool local = strcmp(key, "conda") && strcmp(key, "url") && !strstr(source, "://");
		bool commit = text_starts(source, "git+") && (strchr(source, '#') || strstr(source, "rev="));
		if (local && strcmp(source, ".") && strcmp(source, "./") &&
		    env_lock_local(l, env_lock_beside(l, path, ""), source, place, e) < 0)
			return e->code;
		if (!text_of(p, "sha256") && !text_of(p, "md5") && !commit)
			grade = GRADE_VERSIONS;
	}
	if (check_pixi_environments(path, all, &sources, e) < 0)
		return e->code;
	if (!env_lock_has(l, manifest))
		manifest = env_lock_beside(l, path, "pyproject.toml");
	if (!env_lock_has(l, manifest))
		return err_set(e, ERR_USAGE,
		               "%s:1: pixi.toml, which belongs to it, is not there; put it beside the lock", path);
	env_lock_set(l, ENV_PIXI, grade, path, why_of(grade));
	vec_push(&l->c->files, manifest);
	return 0;
}

/* "numpy==1.26.4", "numpy=1.26.4=py311_0", "numpy 1.26.4 py311_0", "URL#md5"; "numpy=1.26" means 1.26.* to conda. */
static bool is_exact(const char *spec)
{
	const char *channel = strstr(spec, "::");
	size_t n;

	if (strstr(spec, "://"))
		return strchr(spec, '#') != NULL;
	spec = channel ? channel + 2 : spec;
	if (strpbrk(spec, "<>!~|,*[") || !(n = strcspn(spec, "= ")) || !spec[n])
		return false;
	const char *p = spec + n + strspn(spec + n, " ");
	bool twice = text_starts(p, "=="), once = !twice && *p == '=';
	p += twice ? 2 : once;
	p += strspn(p, " ");
	size_t version = strcspn(p, "= ");
	if (!version)
		return false;
	p += version;
	return !once || p[strspn(p, "= ")];
}

static int read_pip(struct env_lock *l, const char *path, const struct yaml_node *list, struct env_loose *ret,
                    struct err *e)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct yaml_node *item = list->items[i];
		struct requirements r;
		struct err inner;
		if (item->kind == YAML_MAP || item->kind == YAML_LIST || !item->text ||
		    requirements_parse(item->text, item->len, "pip", &r, &inner) < 0)
			return err_set(e, ERR_USAGE, "%s:%d: \"%s\" is no requirement that jig can read here", path,
			               item->line, item->text ? item->text : "");
		for (size_t k = 0; k < r.list.len; k++)
			if (r.list.v[k].pin == PIN_LOOSE)
				vec_push(&ret->lines,
				         arena_printf(l->a, "%s:%d: %s", path, item->line, r.list.v[k].text));
		_free_ char *place = mem_printf("%s:%d", path, item->line);
		int code = 0;
		for (size_t k = 0; k < r.list.len && code >= 0; k++)
			if (r.list.v[k].local)
				code = env_lock_local(l, env_lock_beside(l, path, ""), r.list.v[k].local, place, e);
		requirements_release(&r);
		if (code < 0)
			return code;
	}
	return 0;
}

int env_lock_conda(struct env_lock *l, const char *path, const struct yaml_node *doc, struct env_loose *ret,
                   struct err *e)
{
	const struct yaml_node *list = yaml_get(doc, "dependencies");

	if (!is_list(list) || !list->n)
		return err_set(e, ERR_USAGE, "%s:%d: it has no list of \"dependencies\"; was the file cut off?", path,
		               doc->line);
	for (size_t i = 0; i < list->n; i++) {
		const struct yaml_node *item = list->items[i];
		const struct yaml_node *pip = item->kind == YAML_MAP ? yaml_get(item, "pip") : NULL;
		if (pip && (pip->kind == YAML_LIST ? read_pip(l, path, pip, ret, e) < 0 : false))
			return e->code;
		if (is_list(pip))
			continue;
		if (item->kind != YAML_TEXT)
			return err_set(e, ERR_USAGE, "%s:%d: %s where a package should stand; was the file cut off?",
			               path, item->line, yaml_kind_text(item->kind));
		if (!is_exact(item->text))
			vec_push(&ret->lines, arena_printf(l->a, "%s:%d: %s", path, item->line, item->text));
	}
	if (ret->lines.len)
		return 0;
	env_lock_set(l, ENV_CONDA, GRADE_VERSIONS, path, "every package by its exact version");
	return 0;
}
