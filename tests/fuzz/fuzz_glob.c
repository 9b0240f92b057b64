/* A pattern, a newline, a path: both matchers agree with slow ones that try everything, and take no exponential time;
 * the shortcuts of ignore files agree with the pattern that they stand for. */
#include "base/text.h"
#include "runner/code/code_ignore.h"
#include "target.h"

#define LONGEST 48

/* All of it by the manual of text_glob: each part with each part, each star with each length. */
static bool slow_part(const char *p, size_t np, const char *s, size_t ns)
{
	if (!np)
		return !ns;
	if (*p == '*')
		return slow_part(p + 1, np - 1, s, ns) || (ns && slow_part(p, np, s + 1, ns - 1));
	if (!ns)
		return false;
	if (*p == '?')
		return slow_part(p + 1, np - 1, s + 1, ns - 1);
	return *p == *s && slow_part(p + 1, np - 1, s + 1, ns - 1);
}

static bool slow_glob(const char *p, const char *s)
{
	size_t np = strcspn(p, "/"), ns;

	if (np == 2 && !memcmp(p, "**", 2)) {
		if (!p[2])
			return s != NULL;
		for (;; s += ns + 1) {
			if (slow_glob(p + 3, s))
				return true;
			ns = s ? strcspn(s, "/") : 0;
			if (!s || !s[ns])
				return false;
		}
	}
	if (!s)
		return false;
	ns = strcspn(s, "/");
	if (!slow_part(p, np, s, ns))
		return false;
	if (!p[np])
		return !s[ns];
	return s[ns] ? slow_glob(p + np + 1, s + ns + 1) : !strcmp(p + np + 1, "**") && false;
}

static bool plain(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s >= 0x80 || *s == '[' || *s == '\\')
			return false;
	return true;
}

static void check_shortcut(const char *pattern, const char *path)
{
	struct ignore_set *set = ignore_set_new("", pattern, strlen(pattern));
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

	for (size_t i = 0; set && i < set->rules.len; i++) {
		const struct ignore_rule *r = &set->rules.v[i];
		enum ignore_answer a = ignore_set_match(set, path, true);

		must(r->pattern && strlen(r->pattern) == r->len);
		if (set->rules.len == 1)
			must((a != IGNORE_NO_MATCH) == ignore_glob(r->pattern, r->path ? path : name) &&
			     (a != IGNORE_IN || r->negated));
		if (set->rules.len == 1 && r->folders)
			must(ignore_set_match(set, path, false) == IGNORE_NO_MATCH);
	}
	ignore_set_free(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};
	_free_ char *pattern = bytes_line(&in), *path = bytes_line(&in);
	bool matches = text_glob(pattern, path);

	must(!text_has_glob(pattern) ? strchr(pattern, '\\') || matches == !strcmp(pattern, path) : true);
	if (strlen(pattern) <= 12 && strlen(path) <= LONGEST && plain(pattern) && plain(path))
		must(matches == slow_glob(pattern, path));
	check_shortcut(pattern, path);
	_free_ char *below = mem_printf("a/%s", path);
	struct ignore_set *all = ignore_set_new("a/", (const char *)data, size);
	if (all) {
		enum ignore_answer a = ignore_set_match(all, below, false);

		must(a == IGNORE_NO_MATCH || a == IGNORE_IN || a == IGNORE_OUT);
		must(ignore_set_match(all, "b/x", false) == IGNORE_NO_MATCH);
	}
	ignore_set_free(all);
	return 0;
}
