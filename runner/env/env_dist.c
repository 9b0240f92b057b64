#include "runner/env/env_dist.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

enum { RECORD_MOST = 64 << 20 };

char *env_dist_normal(struct arena *a, const char *name, size_t len)
{
	char *out = arena_alloc(a, len + 1), *p = out;

	for (size_t i = 0; i < len; i++) {
		bool separator = name[i] == '-' || name[i] == '_' || name[i] == '.';
		if (!separator)
			*p++ = (char)tolower((unsigned char)name[i]);
		else if (p == out || p[-1] != '-')
			*p++ = '-';
	}
	*p = '\0';
	return out;
}

bool env_dist_name(const char *folder, struct arena *a, const char **ret_name, const char **ret_version)
{
	const char *dash = strchr(folder, '-');
	size_t len = strlen(folder), end = strlen(".dist-info");

	if (!text_ends(folder, ".dist-info") || !dash || dash == folder || folder + len - end <= dash + 1)
		return false;
	*ret_name = env_dist_normal(a, folder, (size_t)(dash - folder));
	*ret_version = arena_strndup(a, dash + 1, (size_t)(folder + len - end - dash - 1));
	return true;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int env_dist_sites(const char *prefix, struct arena *a, struct env_dist_sites *ret, struct err *e)
{
	/* lib64 is a link to lib, or (Fedora) a folder of its own for what is compiled. */
	static const char *const libs[] = {"lib", "lib64"};
	struct env_dist_sites sites = {0};
	struct stat st;

	if (!file_is_dir(prefix))
		return err_set(e, ERR_NOT_FOUND, "there is no environment in %s", prefix);
	for (size_t i = 0; i < ARRAY_LEN(libs); i++) {
		_free_ char *lib = path_join(prefix, libs[i]);
		if (lstat(lib, &st) < 0 || !S_ISDIR(st.st_mode))
			continue;
		_closedir_ DIR *dir = opendir(lib);
		for (struct dirent *entry; dir && (entry = readdir(dir));) {
			if (!text_starts(entry->d_name, "python") && !text_starts(entry->d_name, "pypy"))
				continue;
			char *site = arena_printf(a, "%s/%s/site-packages", libs[i], entry->d_name);
			_free_ char *path = path_join(prefix, site);
			_free_ char *version = path_join(lib, entry->d_name);
			/* conda has lib/python3.1 as a link to lib/python3.11. */
			if (lstat(version, &st) == 0 && S_ISDIR(st.st_mode) && file_is_dir(path))
				vec_push(&sites.list, site);
		}
	}
	if (sites.list.len)
		qsort(sites.list.v, sites.list.len, sizeof *sites.list.v, by_text);
	*ret = sites;
	return 0;
}

void env_dist_files_release(struct env_dist_files *f)
{
	map_release(&f->files);
	arena_release(&f->arena);
}

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* 43 digits of the alphabet for URLs; padding may follow. */
static bool digest_from_base64(const char *s, struct digest *ret)
{
	unsigned bits = 0, n = 0;
	size_t out = 0;

	for (; *s && *s != '='; s++) {
		int v = base64_digit(*s);
		if (v < 0 || out == DIGEST_SIZE)
			return false;
		bits = bits << 6 | (unsigned)v;
		n += 6;
		if (n >= 8) {
			n -= 8;
			ret->b[out++] = (uint8_t)(bits >> n);
			bits &= (1u << n) - 1;
		}
	}
	return out == DIGEST_SIZE && bits == 0 && strspn(s, "=") == strlen(s);
}

/* One field of CSV, into out; the byte behind it, or NULL at the end of the text. */
static const char *csv_field(const char *p, const char *end, struct buf *out)
{
	buf_reset(out);
	if (p < end && *p == '"') {
		for (p++; p < end; p++) {
			if (*p == '"' && (p + 1 == end || p[1] != '"')) {
				p++;
				break;
			}
			p += *p == '"';
			buf_addc(out, *p);
		}
	}
	const char *from = p;
	while (p < end && *p != ',' && *p != '\n')
		p++;
	size_t n = (size_t)(p - from);
	if (n && from[n - 1] == '\r')
		n--;
	if (n)
		buf_add(out, from, n);
	return p;
}

/* site and path together, without "." and ".."; false when it leaves the prefix. */
static bool path_below(const char *site, const char *path, struct buf *out)
{
	buf_reset(out);
	if (*path == '/' || !*path)
		return false;
	buf_adds(out, site);
	while (*path) {
		size_t n = strcspn(path, "/");
		if (n == 2 && path[0] == '.' && path[1] == '.') {
			if (!out->len)
				return false;
			while (out->len && out->data[out->len - 1] != '/')
				buf_cut(out, out->len - 1);
			buf_cut(out, out->len ? out->len - 1 : 0);
		} else if (n && !(n == 1 && path[0] == '.')) {
			if (out->len)
				buf_addc(out, '/');
			buf_add(out, path, n);
		}
		path += n + (path[n] == '/');
	}
	return out->len > 0;
}

void env_dist_file_add(struct env_dist_files *f, const char *path, struct env_dist_file *file)
{
	struct map_entry *row = map_add(&f->files, path, NULL);

	file->next = row->ptr;
	row->ptr = file;
}

void env_dist_record_parse(const char *text, size_t len, const char *site, const char *package,
                           struct env_dist_files *f)
{
	_buf_ struct buf path = BUF_INIT, hash = BUF_INIT, full = BUF_INIT, rest = BUF_INIT;
	const char *p = text, *end = text + len;

	while (p < end) {
		p = csv_field(p, end, &path);
		buf_reset(&hash);
		if (p < end && *p == ',')
			p = csv_field(p + 1, end, &hash);
		while (p < end && *p == ',')
			p = csv_field(p + 1, end, &rest);
		p += p < end;
		if (strlen(path.data) != path.len || !path_below(site, path.data, &full))
			continue;
		struct env_dist_file *file = arena_new(&f->arena, struct env_dist_file);
		file->package = package;
		file->hashed = text_starts(hash.data, "sha256=") &&
		               digest_from_base64(hash.data + strlen("sha256="), &file->digest);
		env_dist_file_add(f, full.data, file);
	}
}

static int site_read(const char *prefix, const char *site, struct env_dist_files *f, struct err *e)
{
	_free_ char *folder = path_join(prefix, site);
	_closedir_ DIR *dir = opendir(folder);
	VEC(char *) names = {0};
	int r = 0;

	if (!dir)
		return err_errno(e, "cannot read the folder %s", folder);
	for (struct dirent *entry; (entry = readdir(dir));)
		if (text_ends(entry->d_name, ".dist-info"))
			vec_push(&names, arena_strdup(&f->arena, entry->d_name));
	if (names.len)
		qsort(names.v, names.len, sizeof *names.v, by_text);
	for (size_t i = 0; r >= 0 && i < names.len; i++) {
		_free_ char *path = mem_printf("%s/%s/RECORD", folder, names.v[i]);
		_buf_ struct buf text = BUF_INIT;
		const char *name, *version;
		if (!env_dist_name(names.v[i], &f->arena, &name, &version))
			continue;
		r = file_read(path, RECORD_MOST, &text, e);
		if (r >= 0)
			env_dist_record_parse(text.data, text.len, site,
			                      arena_printf(&f->arena, "%s %s", name, version), f);
		else if (r == ERR_NOT_FOUND)
			r = 0;
	}
	vec_release(&names);
	return r < 0 ? r : 0;
}

int env_dist_files_read(const char *prefix, struct env_dist_files *ret, struct err *e)
{
	struct env_dist_files f = {.arena = ARENA_INIT, .files = MAP_INIT};
	struct env_dist_sites sites = {0};
	int r = env_dist_sites(prefix, &f.arena, &sites, e);

	for (size_t i = 0; r >= 0 && i < sites.list.len; i++)
		r = site_read(prefix, sites.list.v[i], &f, e);
	vec_release(&sites.list);
	if (r >= 0)
		r = env_dist_conda_read(prefix, &f, e);
	if (r < 0) {
		env_dist_files_release(&f);
		return r;
	}
	*ret = f;
	return 0;
}

const struct env_dist_file *env_dist_file_of(const struct env_dist_files *f, const char *path)
{
	return map_get(&f->files, path);
}

const char *env_dist_package_of(const struct env_dist_files *f, const char *path)
{
	const struct env_dist_file *file = map_get(&f->files, path);
	const char *base = path_base(path), *folder = "__pycache__/", *dot = strchr(base, '.');
	size_t n = strlen(folder);

	/* pkg/__pycache__/x.cpython-311.pyc is pkg/x.py. */
	if (!file && dot && text_ends(base, ".pyc") && (size_t)(base - path) >= n && memcmp(base - n, folder, n) == 0) {
		_free_ char *source = mem_printf("%.*s%.*s.py", (int)(base - n - path), path, (int)(dot - base), base);
		file = map_get(&f->files, source);
	}
	return file ? file->package : NULL;
}
