/* The sandbox answers like a file system does, and programs pass that on; this says in the log whose answer it was. */
#include <string.h>
#include "base/path.h"
#include "base/text.h"
#include "runner/work/isolation.h"

static bool says_any(const char *said, const char *const *words)
{
	for (; *words; words++)
		if (strcasestr(said, *words))
			return true;
	return false;
}

/* Whether a path of the working tree is named: below the root, and not below the .jig in it. */
static bool names_tree(const char *said, const char *root)
{
	size_t n = strlen(root);

	for (const char *p = said; (p = strstr(p, root)); p += n)
		if (p[n] == '/' && !text_starts(p + n, "/.jig"))
			return true;
	return false;
}

static bool names_hidden(const char *said, const char *home)
{
	static const char *const hidden[] = {
#define PATH_(path, about) path,
		SANDBOX_HIDDEN(PATH_)
	};

	for (size_t i = 0; home && i < ARRAY_LEN(hidden); i++) {
		_free_ char *full = path_join(home, hidden[i]);

		if (strstr(said, full))
			return true;
	}
	return false;
}

const char *isolation_hint(const struct step *s, const char *root, const char *home, const char *said)
{
	static const char *const read_only[] = { "read-only file system", "EROFS", "errno 30", NULL };
	static const char *const absent[] = {"no such file", "not found",         "does not exist",
	                                     "cannot find",  "permission denied", NULL};
	static const char *const cut_off[] = {"resolve",     "resolution", "unreachable", "connection refused",
	                                      "getaddrinfo", NULL};

	if (!s->network && says_any(said, cut_off))
		return "`network: false` cuts this step off from the network";
	if (says_any(said, read_only))
		return "the sandbox (`--isolation folder` does without it): a step writes to its work folder, $TMPDIR, "
		       "$JIG_CHECKPOINTS and ~/.cache only";
	if (says_any(said, absent) && names_tree(said, root))
		return "the sandbox (`--isolation folder` does without it): the working tree is not there, a step has "
		       "the code and its `inputs:` in its own folder";
	if (says_any(said, absent) && names_hidden(said, home))
		return "the sandbox (`--isolation folder` does without it): places of secrets are hidden, `secrets:` "
		       "hands variables on";
	return NULL;
}
