#include "runner/env/env_unpinned.h"

#include <string.h>
#include "base/map.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/env/env_conda.h"
#include "runner/env/env_dist.h"
#include "runner/pipeline/requirements.h"

enum { NAMED_MOST = 5 };

/* conda's names go through the normal form of Python's too, so that both sides are alike. */
static void add_normal(struct map *names, const char *name, size_t n)
{
	_arena_ struct arena a = ARENA_INIT;

	map_add(names, env_dist_normal(&a, name, n), NULL);
}

static int names_of_requirements(const struct env_build *b, struct map *ret, struct err *e)
{
	struct requirements req = {0};
	int r = requirements_read(b->root, b->choice->source, &req, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < req.list.len; i++)
		if (req.list.v[i].name)
			add_normal(ret, req.list.v[i].name, strlen(req.list.v[i].name));
	requirements_release(&req);
	/* `python -m venv` puts them there, by the interpreter's version. */
	if (strcmp(b->tool->name, "pip") == 0) {
		map_add(ret, "pip", NULL);
		map_add(ret, "setuptools", NULL);
	}
	return 0;
}

static int names_of_conda(const struct env_build *b, struct map *ret, struct err *e)
{
	_free_ char *path = path_join(b->root, b->choice->source);
	_map_ struct map asked = MAP_INIT;
	int r = env_conda_names(path, b->choice->source, &asked, e);

	for (size_t i = 0; r >= 0 && i < asked.len; i++)
		add_normal(ret, asked.entries[i].key, strlen(asked.entries[i].key));
	return r;
}

/* conda-meta/NAME-VERSION-BUILD.json: conda's own list, since a package of Python may go by another name there
 * ("pytorch", "torch"). */
static void installed_by_conda(const char *prefix, struct map *ret)
{
	_free_ char *folder = path_join(prefix, "conda-meta");
	_closedir_ DIR *d = opendir(folder);

	for (const struct dirent *entry; d && (entry = readdir(d));) {
		size_t n = strlen(entry->d_name);
		if (!text_ends(entry->d_name, ".json"))
			continue;
		for (int parts = 0; n > 0 && parts < 2; parts++)
			while (n > 0 && entry->d_name[--n] != '-')
				;
		if (n > 0)
			add_normal(ret, entry->d_name, n);
	}
}

static int by_key(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int env_unpinned(const struct env_build *b, const char *prefix, const struct env_packages *installed, char **ret,
                 struct err *e)
{
	_map_ struct map named = MAP_INIT, there = MAP_INIT;
	_buf_ struct buf text = BUF_INIT;
	VEC(const char *) more = {0};
	int r = 0;

	*ret = NULL;
	if (b->choice->grade != GRADE_VERSIONS || b->choice->loose)
		return 0;
	if (b->choice->kind == ENV_REQUIREMENTS) {
		r = names_of_requirements(b, &named, e);
		/* What comes from a local path was named by that path. */
		for (size_t i = 0; i < installed->list.len; i++)
			if (!installed->list.v[i].source || !text_starts(installed->list.v[i].source, "file:"))
				map_add(&there, installed->list.v[i].name, NULL);
	} else if (b->choice->kind == ENV_CONDA) {
		r = names_of_conda(b, &named, e);
		installed_by_conda(prefix, &there);
	}
	if (r < 0)
		return r;
	for (size_t i = 0; i < there.len; i++)
		if (!map_find(&named, there.entries[i].key))
			vec_push(&more, there.entries[i].key);
	if (more.len)
		qsort(more.v, more.len, sizeof *more.v, by_key);
	for (size_t i = 0; i < more.len && i < NAMED_MOST; i++)
		buf_addf(&text, "%s%s", i ? ", " : "", more.v[i]);
	if (more.len > NAMED_MOST)
		buf_addf(&text, " and %zu more", more.len - NAMED_MOST);
	if (more.len)
		*ret = mem_printf("%s does not name all that it needs: %s came along in whatever version there was",
		                  b->choice->source, text.data);
	vec_release(&more);
	return 0;
}
