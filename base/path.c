#include "base/path.h"

#include <ctype.h>
#include <unistd.h>
#include "base/sha256.h"

enum { PATH_MOST = 4095, ATTEMPT_MOST = 80, ATTEMPT_DIGEST = 8 };

char *path_join(const char *a, const char *b)
{
	size_t n = strlen(a);

	if (b[0] == '/' || !n)
		return mem_strdup(b);
	return mem_printf("%s%s%s", a, a[n - 1] == '/' ? "" : "/", b);
}

/* Where the last part begins; trailing slashes belong to it. */
static size_t last_part(const char *path)
{
	size_t n = strlen(path);

	while (n > 0 && path[n - 1] == '/')
		n--;
	while (n > 0 && path[n - 1] != '/')
		n--;
	return n;
}

const char *path_base(const char *path)
{
	return path + last_part(path);
}

char *path_parent(const char *path)
{
	size_t n = last_part(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	if (n == 0)
		return mem_strdup(path[0] == '/' ? "/" : ".");
	return mem_strndup(path, n);
}

const char *path_check_inside(const char *path)
{
	if (!*path)
		return "is empty";
	if (*path == '/')
		return "is absolute";
	if (strlen(path) > PATH_MOST)
		return "is longer than 4,095 bytes";
	for (const char *part = path; *part;) {
		size_t n = strcspn(part, "/");
		if (n == 0)
			return "has an empty part";
		if (n == 2 && part[0] == '.' && part[1] == '.')
			return "leaves the project";
		if (n == 1 && part[0] == '.')
			return "has a part \".\"";
		part += n + (part[n] == '/');
	}
	return NULL;
}

char *path_normal(const char *path, bool *ret_folder)
{
	size_t n = strlen(path), len = 0;
	char *normal = mem_alloc(n + 2);
	bool folder = n > 0 && path[n - 1] == '/';

	if (*path == '/')
		normal[len++] = '/';
	for (const char *part = path; *part;) {
		size_t size = strcspn(part, "/");
		if (size && !(size == 1 && *part == '.')) {
			if (len && normal[len - 1] != '/')
				normal[len++] = '/';
			memcpy(normal + len, part, size);
			len += size;
		}
		part += size + (part[size] == '/');
	}
	/* "./" and "." name a folder that still needs a name. */
	if (!len && n)
		normal[len++] = '.';
	normal[len] = '\0';
	if (ret_folder)
		*ret_folder = folder;
	return normal;
}

bool path_within(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	if (!strcmp(folder, "."))
		return *path != '/' && strcmp(path, "..") && strncmp(path, "../", 3);
	if (strncmp(path, folder, n))
		return false;
	return !path[n] || path[n] == '/' || (n && folder[n - 1] == '/');
}

char *path_attempt(const char *step, int attempt)
{
	char name[ATTEMPT_MOST + 1], mark[1 + ATTEMPT_DIGEST + 1] = "";
	size_t len = 0;
	/* "." and ".." would be other folders. */
	bool changed = !*step || !strcmp(step, ".") || !strcmp(step, "..");
	bool dots = changed;

	for (const char *p = step; *p; p++) {
		if (*p == ']')
			continue;
		if (len == ATTEMPT_MOST) {
			changed = true;
			break;
		}
		bool plain = isascii((unsigned char)*p) && (isalnum((unsigned char)*p) || strchr("_.+-", *p));
		/* A "+" of its own must not meet the folder of a matrix step. */
		changed |= *p == '+' || (!plain && *p != '[');
		name[len++] = *p == '[' ? '+' : plain && !dots ? *p : '_';
	}
	name[len] = '\0';
	if (changed) {
		struct digest d;
		char hex[DIGEST_HEX + 1];
		sha256_bytes(step, strlen(step), &d);
		digest_to_hex(&d, hex);
		mark[0] = '-';
		memcpy(mark + 1, hex, ATTEMPT_DIGEST);
	}
	return attempt ? mem_printf("%s%s@%d", name, mark, attempt) : mem_printf("%s%s", name, mark);
}

char *path_self(void)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	return n > 0 ? mem_strndup(self, (size_t)n) : NULL;
}
