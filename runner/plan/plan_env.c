#include "runner/plan/plan_env.h"

#include <string.h>
#include "base/json.h"
#include "runner/env/env_lock_packages.h"
#include "tracker/query.h"
#include "tracker/reuse.h"

static const struct env_package *find(const struct env_package *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].name, name) == 0)
			return &v[i];
	return NULL;
}

/* The first package, by name, whose version differs, else one that came or went. What a lock names and is not installed
 * is no news: it may be meant for other machines. */
static bool package_change(const struct package_rows *before, const struct env_packages *now, bool ready,
                           struct arena *a, const char **ret)
{
	for (size_t i = 0; i < before->len; i++) {
		const struct env_package *b = &before->v[i], *n = find(now->list.v, now->list.len, b->name);

		if (n && strcmp(b->version, n->version) != 0) {
			*ret = arena_printf(a, "run: env %s %s → %s", b->name, b->version, n->version);
			return true;
		}
	}
	for (size_t i = 0; i < before->len; i++)
		if (!find(now->list.v, now->list.len, before->v[i].name)) {
			*ret = arena_printf(a, "run: env %s %s is gone", before->v[i].name, before->v[i].version);
			return true;
		}
	for (size_t i = 0; ready && i < now->list.len; i++)
		if (!find(before->v, before->len, now->list.v[i].name)) {
			*ret = arena_printf(a, "run: env %s %s is new", now->list.v[i].name, now->list.v[i].version);
			return true;
		}
	return false;
}

static const char *text_at(const json_t *o, const char *path)
{
	return json_string_value(json_path_get(o, path));
}

/* What an environment is made of besides packages: the first that differs. */
static const char *detail_change(const char *before, const struct env *now, struct arena *a)
{
	static const struct { const char *path, *name;
	} parts[] = {
	        {"source", ""},
	        {"python.version", "python "},
	        {"python.implementation", "python "},
	        {"tool", "tool "},
	        {"libc", "libc "},
	        {"arch", ""},
	        {"os", ""},
	        {"accelerator", "accelerator "},
	};
	_json_ json_t *b = NULL;
	struct err ignored;

	if (!before || json_parse(before, strlen(before), "environment", &b, &ignored) < 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const char *x = text_at(b, parts[i].path), *y = text_at(now->detail, parts[i].path);

		if ((x || y) && (!x || !y || strcmp(x, y) != 0))
			return arena_printf(a, "run: env %s%s → %s", parts[i].name, x ? x : env_kind_text(ENV_SYSTEM),
			                    y ? y : env_kind_text(ENV_SYSTEM));
	}
	return NULL;
}

int plan_env_reason(struct tracker *t, int64_t attempt, const struct env *now, const char *root, struct arena *a,
                    const char **ret, struct err *e)
{
	struct package_rows before;
	struct env_packages locked = { 0 };
	const struct env_packages *packages = &now->packages;
	const char *key, *detail;
	bool found = false;
	int r = query_packages(t, attempt, a, &before, e);

	if (r < 0 || (r = query_attempt_env(t, attempt, a, &key, &detail, e)) < 0)
		return r;
	if (!now->ready && (r = env_lock_packages(&now->choice, root, &locked, e)) < 0)
		return r;
	if (!now->ready)
		packages = &locked;
	if (before.len && packages->list.len)
		found = package_change(&before, packages, now->ready, a, ret);
	env_packages_release(&locked);
	if (found)
		return 0;
	*ret = detail_change(detail, now, a);
	if (!*ret)
		*ret = arena_printf(a, "run: env %s changed", now->choice.source);
	return 0;
}
