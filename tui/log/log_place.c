#include "tui/log/log_place.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"

#define LOOK 4096

static bool take(const char *from, const char *to, const char *number, char **ret_file, int *ret_line)
{
	long line = strtol(number, NULL, 10);

	if (to <= from || *from == '<' || line <= 0 || line >= INT_MAX)
		return false;
	*ret_file = mem_strndup(from, (size_t)(to - from));
	*ret_line = (int)line;
	return true;
}

static bool file_line(const char *s, char **ret_file, int *ret_line)
{
	for (const char *p = s; (p = strstr(p, "File \"")); p++) {
		const char *end = strchr(p + 6, '"');
		if (end && text_starts(end, "\", line ") && isdigit((unsigned char)end[8]))
			return take(p + 6, end, end + 8, ret_file, ret_line);
	}
	return false;
}

static bool of_path(char c)
{
	return (unsigned char)c > ' ' && !strchr("\"'`()[]{}<>,;:=|", c);
}

/* A name with a letter in its extension or a folder in front: "12:30" is none, nor is "epoch:3". */
static bool is_name(const char *from, const char *to)
{
	const char *dot = memrchr(from, '.', (size_t)(to - from)), *slash = memrchr(from, '/', (size_t)(to - from));

	if (slash && slash + 1 == to)
		return false;
	return (dot && dot > slash && dot > from && dot + 1 < to && isalpha((unsigned char)dot[1])) ||
	       (slash && to - slash > 8 && memcmp(slash + 1, "Makefile", 8) == 0) ||
	       (!slash && to - from == 8 && memcmp(from, "Makefile", 8) == 0);
}

static bool colon_line(const char *s, char **ret_file, int *ret_line)
{
	for (const char *p = s; *p; p++) {
		if ((*p != ':' && *p != '#') || !isdigit((unsigned char)p[1]))
			continue;
		const char *from = p;
		while (from > s && of_path(from[-1]))
			from--;
		/* "http://host:80" */
		bool host = from - s >= 2 && from[-1] == ':' && from[0] == '/' && from[1] == '/';
		if (!host && is_name(from, p) && take(from, p, p + 1, ret_file, ret_line))
			return true;
	}
	return false;
}

bool log_place_find(const char *text, size_t n, char **ret_file, int *ret_line)
{
	_free_ char *s = mem_strndup(text, n < LOOK ? n : LOOK);

	return file_line(s, ret_file, ret_line) || colon_line(s, ret_file, ret_line);
}

static char *if_there(char *path)
{
	struct stat st;

	if (path && stat(path, &st) == 0 && S_ISREG(st.st_mode))
		return path;
	free(path);
	return NULL;
}

/* The part of a path below a folder, or NULL. */
static const char *below(const char *path, const char *folder)
{
	return folder && path_within(path, folder) && path[strlen(folder)] == '/' ? path + strlen(folder) + 1 : NULL;
}

char *log_place_resolve(const char *file, const char *root, const char *work)
{
	_free_ char *real = work ? realpath(work, NULL) : NULL;
	char *found;

	if (text_starts(file, "~/") && getenv("HOME"))
		return if_there(path_join(getenv("HOME"), file + 2));
	_free_ char *normal = path_normal(file, NULL);
	const char *rel = *normal != '/' ? normal : below(normal, work);
	if (!rel)
		rel = below(normal, real);
	if (rel && path_check_inside(rel))
		rel = NULL;
	if (rel && root && (found = if_there(path_join(root, rel))))
		return found;
	if (rel && work && (found = if_there(path_join(work, rel))))
		return found;
	return *normal == '/' ? if_there(mem_strdup(normal)) : NULL;
}
