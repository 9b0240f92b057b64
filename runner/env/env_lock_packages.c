#include "runner/env/env_lock_packages.h"

#include <string.h>
#include "base/file.h"
#include "base/path.h"
#include "base/toml.h"
#include "runner/env/env_dist.h"
#include "runner/pipeline/requirements.h"

#define LOCK_MAX (64 << 20)

static void add(struct env_packages *p, const char *name, const char *version)
{
	if (!name || !version)
		return;
	vec_push(&p->list, (struct env_package){.name = env_dist_normal(&p->arena, name, strlen(name)),
	                                        .version = arena_strdup(&p->arena, version)});
}

static int from_requirements(const char *root, const char *file, struct env_packages *p, struct err *e)
{
	_cleanup_(requirements_release) struct requirements q = { 0 };
	int r = requirements_read(root, file, &q, e);

	for (size_t i = 0; r >= 0 && i < q.list.len; i++)
		add(p, q.list.v[i].name, q.list.v[i].version);
	return r;
}

static int from_toml(const char *root, const char *file, const char *list, struct env_packages *p, struct err *e)
{
	_free_ char *path = path_join(root, file);
	_buf_ struct buf text = BUF_INIT;
	json_t *doc = NULL, *one;
	size_t i;
	int r = file_read(path, LOCK_MAX, &text, e);

	if (r < 0 || (r = toml_parse(text.data, text.len, file, &doc, e)) < 0)
		return r;
	json_array_foreach(json_object_get(doc, list), i, one) add(p, json_string_value(json_object_get(one, "name")),
	                                                           json_string_value(json_object_get(one, "version")));
	json_decref(doc);
	return 0;
}

int env_lock_packages(const struct env_choice *c, const char *root, struct env_packages *ret, struct err *e)
{
	*ret = (struct env_packages){ 0 };
	switch (c->kind) {
	case ENV_REQUIREMENTS:
		return from_requirements(root, c->files.v[0], ret, e);
	case ENV_PYLOCK:
		return from_toml(root, c->files.v[0], "packages", ret, e);
	case ENV_UV:
		return from_toml(root, c->files.v[0], "package", ret, e);
	default:
		return 0;
	}
}
