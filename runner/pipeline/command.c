#include "runner/pipeline/command.h"

int command_argv(const struct step *s, const struct subst *sub, struct arena *a, const char ***ret, struct err *e)
{
	const char **argv = arena_array(a, const char *, (s->shell ? 2 : 0) + s->nargs + 1);
	size_t n = 0;

	if (s->shell) {
		argv[n++] = "sh";
		argv[n++] = "-euc";
	}
	for (size_t i = 0; i < s->nargs; i++) {
		_buf_ struct buf text = BUF_INIT;
		int r;

		if (!subst_has(s->argv[i])) {
			argv[n++] = s->argv[i];
			continue;
		}
		r = subst_text(s->argv[i], sub, s->shell ? SUBST_SHELL : SUBST_PLAIN, NULL, NULL, &text, NULL, e);
		if (r < 0)
			return r;
		argv[n++] = arena_strdup(a, text.data);
	}
	*ret = argv;
	return 0;
}
