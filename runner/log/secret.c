#include "runner/log/secret.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/json.h"
#include "base/vec.h"
#include "runner/pipeline/yaml.h"

#define CHUNK (1 << 20)
#define DERIVED_MIN 8 /* bytes: a shorter form would be found everywhere */
#define FOUND 1000    /* ends a walk; no code of err.h */

static void add_form(struct secrets *s, const char *name, const char *bytes, size_t n)
{
	if (n == 0)
		return;
	for (size_t i = 0; i < s->len; i++)
		if (s->v[i].len == n && memcmp(s->v[i].bytes, bytes, n) == 0)
			return;
	vec_push(s, (struct secret_form){ name, mem_strndup(bytes, n), n });
	if (n > s->longest)
		s->longest = n;
}

/* Programs differ in what they escape and in the case of \u00e9. */
static void add_json_forms(struct secrets *s, const char *name, const char *value)
{
	static const size_t flags[] = {0, JSON_ESCAPE_SLASH, JSON_ENSURE_ASCII, JSON_ENSURE_ASCII | JSON_ESCAPE_SLASH};
	_json_ json_t *v = json_string(value);

	for (size_t i = 0; v && i < sizeof flags / sizeof *flags; i++) {
		_free_ char *text = json_dumps(v, JSON_ENCODE_ANY | flags[i]);

		if (!text)
			continue;
		add_form(s, name, text + 1, strlen(text) - 2);
		for (char *p = text; (p = strchr(p, '\\')); p += 2)
			for (int k = 2; p[1] == 'u' && k < 6; k++)
				p[k] = (char)tolower((unsigned char)p[k]);
		add_form(s, name, text + 1, strlen(text) - 2);
	}
}

static void add_param_forms(struct secrets *s, const char *name, const char *value)
{
	_json_ json_t *v = NULL;
	_buf_ struct buf text = BUF_INIT;
	struct err ignored;

	if (yaml_value(value, &v, &ignored) < 0)
		return;
	if (json_is_string(v))
		buf_adds(&text, json_string_value(v));
	else
		json_canonical(&text, v);
	if (text.len < DERIVED_MIN)
		return;
	add_form(s, name, text.data, text.len);
	if (json_is_string(v))
		add_json_forms(s, name, text.data);
}

static int longer_first(const void *a, const void *b)
{
	size_t x = ((const struct secret_form *)a)->len, y = ((const struct secret_form *)b)->len;

	return (x < y) - (x > y);
}

void secrets_init(struct secrets *s, const struct step *step, const struct variables *vars)
{
	*s = (struct secrets){ 0 };
	for (size_t i = 0; i < step->nsecrets; i++) {
		const char *value = variables_get(vars, step->secrets[i]);

		if (!value || !*value)
			continue;
		add_form(s, step->secrets[i], value, strlen(value));
		add_json_forms(s, step->secrets[i], value);
		add_param_forms(s, step->secrets[i], value);
	}
	if (s->len)
		qsort(s->v, s->len, sizeof *s->v, longer_first);
}

void secrets_release(struct secrets *s)
{
	for (size_t i = 0; i < s->len; i++)
		free(s->v[i].bytes);
	vec_release(s);
	s->longest = 0;
}

const char *secrets_in(const struct secrets *s, const char *bytes, size_t n)
{
	for (size_t i = 0; i < s->len; i++)
		if (memmem(bytes, n, s->v[i].bytes, s->v[i].len))
			return s->v[i].name;
	return NULL;
}

static size_t form_at(const struct secrets *s, const char *text)
{
	for (size_t i = 0; i < s->len; i++)
		if (strncmp(text, s->v[i].bytes, s->v[i].len) == 0)
			return s->v[i].len;
	return 0;
}

char *secrets_mask(const struct secrets *s, const char *text)
{
	_buf_ struct buf out = BUF_INIT;

	while (*text) {
		size_t n = form_at(s, text);

		if (n)
			buf_adds(&out, "***");
		else
			buf_addc(&out, *text);
		text += n ? n : 1;
	}
	return buf_steal(&out);
}

struct search {
	const struct secrets *secrets;
	const char *name; /* found */
	char *path;
};

/* Chunks overlap by what a value cut in two would need. */
static bool in_file(struct search *f, const char *path)
{
	size_t longest = f->secrets->longest, kept = 0;
	_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	_free_ char *bytes = mem_alloc(CHUNK + longest);
	ssize_t n;

	while (fd >= 0 && !f->name && (n = read(fd, bytes + kept, CHUNK)) > 0) {
		size_t len = kept + (size_t)n;

		f->name = secrets_in(f->secrets, bytes, len);
		kept = len < longest - 1 ? len : longest - 1;
		memmove(bytes, bytes + len - kept, kept);
	}
	return f->name;
}

static int visit(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e)
{
	struct search *f = arg;
	const char *slash = strrchr(rel, '/'), *last = slash ? slash + 1 : rel;
	char target[PATH_MAX];
	ssize_t n;

	f->name = secrets_in(f->secrets, last, strlen(last));
	if (!f->name && S_ISLNK(st->st_mode) && (n = readlink(abs, target, sizeof target)) > 0)
		f->name = secrets_in(f->secrets, target, (size_t)n);
	if (!f->name && !(S_ISREG(st->st_mode) && in_file(f, abs)))
		return 0;
	f->path = secrets_mask(f->secrets, rel);
	return -FOUND;
}

bool secrets_find(const struct secrets *s, const char *path, const char **ret_name, char **ret_path)
{
	struct search f = { .secrets = s };
	struct stat st;
	struct err ignored;

	if (!s->len || lstat(path, &st) < 0)
		return false;
	if (S_ISDIR(st.st_mode))
		file_walk(path, visit, &f, &ignored);
	else if (S_ISREG(st.st_mode) && in_file(&f, path))
		f.path = mem_strdup("");
	if (!f.name)
		return false;
	*ret_name = f.name;
	*ret_path = f.path;
	return true;
}

/* Values that begin within the first `upto` of `len` bytes, which stand in the file from `start` on. */
static bool mask_bytes(const struct secrets *s, int fd, char *bytes, size_t len, size_t upto, off_t start)
{
	for (size_t i = 0; i < s->len; i++) {
		size_t n = s->v[i].len;

		for (char *p = bytes;
		     (p = memmem(p, len - (size_t)(p - bytes), s->v[i].bytes, n)) && (size_t)(p - bytes) < upto;
		     p += n) {
			memset(p, '*', n);
			if (pwrite(fd, p, n, start + (p - bytes)) != (ssize_t)n)
				return false;
		}
	}
	return true;
}

static bool mask_fd(const struct secrets *s, int fd, off_t size)
{
	_free_ char *bytes = mem_alloc(CHUNK + s->longest);
	size_t kept = 0;
	ssize_t n = 0;

	for (off_t at = 0; at < size && (n = pread(fd, bytes + kept, CHUNK, at)) > 0; at += n) {
		size_t len = kept + (size_t)n, next = len < s->longest - 1 ? len : s->longest - 1;

		/* What begins behind that may be the beginning of a longer one. */
		if (!mask_bytes(s, fd, bytes, len, at + n < size ? len - next : len, at - (off_t)kept))
			return false;
		kept = next;
		memmove(bytes, bytes + len - kept, kept);
	}
	return n >= 0;
}

bool secrets_mask_file(const struct secrets *s, const char *path)
{
	const int how = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	_close_ int fd = -1;
	struct stat st;

	if (!s->len || lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return true;
	fd = open(path, how);
	if (fd < 0 && errno == EACCES && chmod(path, 0644) == 0)
		fd = open(path, how);
	return fd >= 0 && fstat(fd, &st) == 0 && st.st_nlink == 1 && mask_fd(s, fd, st.st_size);
}
