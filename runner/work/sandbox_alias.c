#include "runner/work/sandbox_alias.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "base/path.h"

enum { TABLE_MOST = 16 << 20, FIELD_DEVICE = 2, FIELD_ROOT, FIELD_AT, FIELDS };

static bool is_octal(const char *p)
{
	return p[0] >= '0' && p[0] <= '3' && p[1] >= '0' && p[1] <= '7' && p[2] >= '0' && p[2] <= '7';
}

/* Spaces, tabs, newlines and backslashes are written as \NNN. */
static const char *plain(struct arena *a, const char *word)
{
	char *text = arena_strdup(a, word), *out = text;

	for (const char *p = text; *p; out++)
		if (*p == '\\' && is_octal(p + 1)) {
			*out = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			p += 4;
		} else {
			*out = *p++;
		}
	*out = 0;
	return text;
}

void mount_table_read(struct mount_table *t, struct arena *a)
{
	_buf_ struct buf text = BUF_INIT;
	char *lines = NULL, *save = NULL;
	struct err ignored;

	*t = (struct mount_table){ 0 };
	if (file_read("/proc/self/mountinfo", TABLE_MOST, &text, &ignored) < 0 || !text.len)
		return;
	lines = text.data;
	for (char *line = strtok_r(lines, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *fields[FIELDS], *rest = NULL;
		size_t n = 0;

		for (char *word = strtok_r(line, " ", &rest); word && n < FIELDS; word = strtok_r(NULL, " ", &rest))
			fields[n++] = word;
		if (n == FIELDS)
			vec_push(&t->list, (struct mount_point){.device = arena_strdup(a, fields[FIELD_DEVICE]),
			                                        .root = plain(a, fields[FIELD_ROOT]),
			                                        .at = plain(a, fields[FIELD_AT])});
	}
}

void mount_table_release(struct mount_table *t)
{
	vec_release(&t->list);
}

/* "/a" and "/a/b" give "/b", the same twice "": what lies behind a folder that holds the path. */
static const char *rest_of(const char *path, const char *folder)
{
	const char *rest = path + (strcmp(folder, "/") ? strlen(folder) : 0);

	return strcmp(rest, "/") ? rest : "";
}

void mount_table_aliases(const struct mount_table *t, const char *path, struct arena *a,
                         void (*found)(void *arg, const char *path), void *arg)
{
	const struct mount_point *own = NULL;
	struct stat here, there;

	for (size_t i = 0; i < t->list.len; i++)
		if (path_within(path, t->list.v[i].at) && (!own || strlen(t->list.v[i].at) >= strlen(own->at)))
			own = &t->list.v[i];
	if (!own || stat(path, &here) < 0)
		return;
	const char *inside = arena_printf(a, "%s%s", strcmp(own->root, "/") ? own->root : "", rest_of(path, own->at));
	for (size_t i = 0; i < t->list.len; i++) {
		const struct mount_point *m = &t->list.v[i];

		if (m == own || strcmp(m->device, own->device) || !path_within(*inside ? inside : "/", m->root))
			continue;
		const char *alias = arena_printf(a, "%s%s", strcmp(m->at, "/") ? m->at : "", rest_of(inside, m->root));
		/* What is mounted over it may be something else by now. */
		if (*alias && strcmp(alias, path) && stat(alias, &there) == 0 && there.st_dev == here.st_dev &&
		    there.st_ino == here.st_ino)
			found(arg, alias);
	}
}
