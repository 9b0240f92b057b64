#include "runner/secret.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"

#define CHUNK (1 << 20)
#define FOUND 1000 /* ends a walk; no code of err.h */

struct search {
	const struct step *step;
	const struct variables *vars;
	size_t longest;
	const char *name; /* found */
	char *path;
};

/* Chunks overlap by what a value cut in two would need. */
static bool in_file(struct search *s, const char *path)
{
	_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	_free_ char *bytes = mem_alloc(CHUNK + s->longest);
	size_t kept = 0;
	ssize_t n;

	while (fd >= 0 && (n = read(fd, bytes + kept, CHUNK)) > 0) {
		size_t len = kept + (size_t)n;

		for (size_t i = 0; i < s->step->nsecrets; i++) {
			const char *value = variables_get(s->vars, s->step->secrets[i]);

			if (value && *value && memmem(bytes, len, value, strlen(value))) {
				s->name = s->step->secrets[i];
				return true;
			}
		}
		kept = len < s->longest - 1 ? len : s->longest - 1;
		memmove(bytes, bytes + len - kept, kept);
	}
	return false;
}

static int visit(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e)
{
	struct search *s = arg;

	if (!S_ISREG(st->st_mode) || !in_file(s, abs))
		return 0;
	s->path = mem_strdup(rel);
	return -FOUND;
}

int secret_find(const char *path, const struct step *step, const struct variables *vars, const char **ret_name, char **ret_path)
{
	struct search s = { .step = step, .vars = vars };
	struct stat st;
	struct err ignored;

	for (size_t i = 0; i < step->nsecrets; i++) {
		const char *value = variables_get(vars, step->secrets[i]);

		if (value && strlen(value) > s.longest)
			s.longest = strlen(value);
	}
	if (!s.longest || lstat(path, &st) < 0)
		return 0;
	if (S_ISDIR(st.st_mode))
		file_walk(path, visit, &s, &ignored);
	else if (S_ISREG(st.st_mode) && in_file(&s, path))
		s.path = mem_strdup("");
	if (!s.name)
		return 0;
	*ret_name = s.name;
	*ret_path = s.path;
	return 1;
}
