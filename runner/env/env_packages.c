#include "runner/env/env_packages.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include "base/file.h"
#include "base/json.h"
#include "base/map.h"
#include "base/path.h"
#include "base/text.h"
#include "base/utf8.h"
#include "runner/env/env_dist.h"

enum { HEADERS_MOST = 16 << 20, JSON_MOST = 64 << 20 };

void env_packages_release(struct env_packages *p)
{
	vec_release(&p->list);
	arena_release(&p->arena);
}

/* What is found, by name. */
struct find {
	struct env_packages *p;
	struct map names; /* → index in p->list */
};

/* Names come from files that anyone may have written, and go to screens and into JSON. */
static const char *clean(struct arena *a, const char *text)
{
	_buf_ struct buf out = BUF_INIT;

	utf8_visible(&out, text, strlen(text), false);
	return strcmp(out.data, text) == 0 ? text : arena_strdup(a, out.data);
}

/* The first source of a name that is asked counts, a later one only adds where the package came from. */
static void found(struct find *f, const char *name, const char *version, const char *source)
{
	bool new;
	if (!*name || !*version)
		return;
	name = clean(&f->p->arena, name);
	version = clean(&f->p->arena, version);
	source = source ? clean(&f->p->arena, source) : NULL;
	struct map_entry *at = map_add(&f->names, name, &new);
	if (new) {
		at->num = (intptr_t)f->p->list.len;
		vec_push(&f->p->list, (struct env_package){name, version, source});
		return;
	}
	struct env_package *have = &f->p->list.v[at->num];
	if (!have->source && strcmp(have->version, version) == 0)
		have->source = source;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct names {
	VEC(const char *) list;
};

/* The names in a folder in byte order; none when there is no such folder. */
static int names_read(const char *folder, struct arena *a, struct names *ret, struct err *e)
{
	_closedir_ DIR *dir = opendir(folder);
	struct dirent *entry;

	if (!dir && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (!dir)
		return err_errno(e, "cannot read the folder %s", folder);
	while (errno = 0, entry = readdir(dir))
		/* pip renames to "~…" what it is about to remove. */
		if (entry->d_name[0] != '.' && entry->d_name[0] != '~')
			vec_push(&ret->list, arena_strdup(a, entry->d_name));
	if (errno)
		return err_errno(e, "cannot read the folder %s", folder);
	if (ret->list.len)
		qsort(ret->list.v, ret->list.len, sizeof *ret->list.v, by_text);
	return 0;
}

/* The value of a header as METADATA, PKG-INFO and DESCRIPTION have it: before the first empty line, without what is
 * continued. NULL: none. */
static const char *header(struct arena *a, const char *text, const char *name)
{
	size_t n = strlen(name);

	while (*text && *text != '\n' && *text != '\r') {
		size_t len = strcspn(text, "\n");
		if (len > n && strncasecmp(text, name, n) == 0 && text[n] == ':') {
			const char *from = text + n + 1, *end = text + len;
			while (from < end && (*from == ' ' || *from == '\t'))
				from++;
			while (end > from && (end[-1] == ' ' || end[-1] == '\r' || end[-1] == '\t'))
				end--;
			return arena_strndup(a, from, (size_t)(end - from));
		}
		text += len + (text[len] == '\n');
	}
	return NULL;
}

/* false when there is no such file; one that cannot be read is passed over alike: the package is there all the same. */
static bool text_read(const char *path, size_t max, struct buf *ret)
{
	struct err ignored;

	buf_reset(ret);
	return file_read(path, max, ret, &ignored) >= 0;
}

/* A URL without the name and password that may stand in it. */
static const char *url_without_user(struct arena *a, const char *url)
{
	const char *host = strstr(url, "://"), *at;

	if (!host)
		return url;
	host += 3;
	size_t n = strcspn(host, "/?#");
	at = memrchr(host, '@', n);
	return at ? arena_printf(a, "%.*s%s", (int)(host - url), url, at + 1) : url;
}

static const char *string_of(const json_t *v, const char *name)
{
	const char *s = json_string_value(json_object_get(v, name));

	return s && *s ? s : NULL;
}

/* https://packaging.python.org/en/latest/specifications/direct-url/ as pip would take it: "git+https://…@COMMIT",
 * "https://….whl#sha256=…", "file:///…". */
static const char *direct_url(struct arena *a, const char *text, size_t len)
{
	_json_ json_t *v = NULL;
	struct err ignored;

	if (json_parse(text, len, "direct_url.json", &v, &ignored) < 0 || !string_of(v, "url"))
		return NULL;
	const json_t *vcs = json_object_get(v, "vcs_info"), *archive = json_object_get(v, "archive_info");
	const char *url = url_without_user(a, arena_strdup(a, string_of(v, "url")));
	const char *part = string_of(v, "subdirectory"), *kind = string_of(vcs, "vcs"),
	           *commit = string_of(vcs, "commit_id");
	const char *sha256 = string_of(json_object_get(archive, "hashes"), "sha256"),
	           *hash = string_of(archive, "hash");

	if (kind && commit)
		url = arena_printf(a, "%s+%s@%s", kind, url, commit);
	else if (sha256)
		url = arena_printf(a, "%s#sha256=%s", url, sha256);
	else if (hash)
		url = arena_printf(a, "%s#%s", url, hash);
	if (part)
		url = arena_printf(a, "%s%ssubdirectory=%s", url, strchr(url, '#') ? "&" : "#", part);
	return url;
}

static void dist_read(struct find *f, const char *folder, const char *name)
{
	struct arena *a = &f->p->arena;
	_free_ char *metadata = mem_printf("%s/%s/METADATA", folder, name);
	_free_ char *direct = mem_printf("%s/%s/direct_url.json", folder, name);
	_buf_ struct buf text = BUF_INIT;
	const char *package = NULL, *version = NULL, *by_name, *by_version;

	if (text_read(metadata, HEADERS_MOST, &text)) {
		package = header(a, text.data, "Name");
		version = header(a, text.data, "Version");
	}
	if ((!package || !version) && env_dist_name(name, a, &by_name, &by_version)) {
		package = package ? package : by_name;
		version = version ? version : by_version;
	}
	if (!package || !version)
		return;
	const char *source = text_read(direct, JSON_MOST, &text) ? direct_url(a, text.data, text.len) : NULL;
	found(f, env_dist_normal(a, package, strlen(package)), version, source);
}

/* Of old tools: a folder with PKG-INFO, or the file itself. */
static void egg_read(struct find *f, const char *folder, const char *name)
{
	struct arena *a = &f->p->arena;
	_free_ char *inside = mem_printf("%s/%s/PKG-INFO", folder, name), *itself = path_join(folder, name);
	_buf_ struct buf text = BUF_INIT;

	if (!text_read(inside, HEADERS_MOST, &text) && !text_read(itself, HEADERS_MOST, &text))
		return;
	const char *package = header(a, text.data, "Name"), *version = header(a, text.data, "Version");
	if (package && version)
		found(f, env_dist_normal(a, package, strlen(package)), version, NULL);
}

static int site_read(struct find *f, const char *folder, struct err *e)
{
	struct names names = {0};
	int r = names_read(folder, &f->p->arena, &names, e);

	for (size_t i = 0; r >= 0 && i < names.list.len; i++)
		if (text_ends(names.list.v[i], ".dist-info"))
			dist_read(f, folder, names.list.v[i]);
	/* Where a newer tool replaced what an old one had installed, the newer one's word counts. */
	for (size_t i = 0; r >= 0 && i < names.list.len; i++)
		if (text_ends(names.list.v[i], ".egg-info"))
			egg_read(f, folder, names.list.v[i]);
	vec_release(&names.list);
	return r;
}

static int conda_read(struct find *f, const char *prefix, struct err *e)
{
	struct arena *a = &f->p->arena;
	_free_ char *folder = path_join(prefix, "conda-meta");
	struct names names = {0};
	int r = names_read(folder, a, &names, e);

	for (size_t i = 0; r >= 0 && i < names.list.len; i++) {
		_free_ char *path = path_join(folder, names.list.v[i]);
		_buf_ struct buf text = BUF_INIT;
		_json_ json_t *v = NULL;
		struct err ignored;
		if (!text_ends(path, ".json") || !text_read(path, JSON_MOST, &text) ||
		    json_parse(text.data, text.len, path, &v, &ignored) < 0)
			continue;
		const char *name = string_of(v, "name"), *version = string_of(v, "version"), *url = string_of(v, "url");
		const char *sha256 = string_of(v, "sha256"), *md5 = string_of(v, "md5"), *source = NULL;
		if (!name || !version)
			continue;
		if (url)
			source = url_without_user(a, arena_strdup(a, url));
		if (source && (sha256 || md5))
			source = arena_printf(a, "%s#%s=%s", source, sha256 ? "sha256" : "md5", sha256 ? sha256 : md5);
		found(f, arena_strdup(a, name), arena_strdup(a, version), source);
	}
	vec_release(&names.list);
	return r;
}

/* A library of R: a folder for each package with DESCRIPTION in it. Those that come with R itself are R's. */
static int library_read(struct find *f, const char *folder, struct err *e)
{
	struct arena *a = &f->p->arena;
	struct names names = {0};
	int r = names_read(folder, a, &names, e);

	for (size_t i = 0; r >= 0 && i < names.list.len; i++) {
		_free_ char *path = mem_printf("%s/%s/DESCRIPTION", folder, names.list.v[i]);
		_buf_ struct buf text = BUF_INIT;
		const char *name, *version, *priority, *sha, *user, *source = NULL;
		if (!text_read(path, HEADERS_MOST, &text) || !(name = header(a, text.data, "Package")) ||
		    !(version = header(a, text.data, "Version")))
			continue;
		priority = header(a, text.data, "Priority");
		if (priority && strcmp(priority, "base") == 0)
			continue;
		if ((user = header(a, text.data, "RemoteUsername")) && (sha = header(a, text.data, "RemoteSha")))
			source = arena_printf(a, "%s:%s/%s@%s", header(a, text.data, "RemoteType") ?: "git", user,
			                      header(a, text.data, "RemoteRepo") ?: name, sha);
		found(f, name, version, source);
	}
	vec_release(&names.list);
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct env_package *)a)->name, ((const struct env_package *)b)->name);
}

int env_packages_read(const char *prefix, struct env_packages *ret, struct err *e)
{
	static const char *const libraries[] = {"library", "lib/R/library"};
	struct env_packages p = {.arena = ARENA_INIT};
	struct find f = {&p, MAP_INIT};
	struct env_dist_sites sites = {0};
	int r = env_dist_sites(prefix, &p.arena, &sites, e);

	for (size_t i = 0; r >= 0 && i < sites.list.len; i++) {
		_free_ char *folder = path_join(prefix, sites.list.v[i]);
		r = site_read(&f, folder, e);
	}
	if (r >= 0)
		r = conda_read(&f, prefix, e);
	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(libraries); i++) {
		_free_ char *folder = path_join(prefix, libraries[i]);
		r = library_read(&f, folder, e);
	}
	vec_release(&sites.list);
	map_release(&f.names);
	if (r < 0) {
		env_packages_release(&p);
		return r;
	}
	if (p.list.len)
		qsort(p.list.v, p.list.len, sizeof *p.list.v, by_name);
	*ret = p;
	return 0;
}

json_t *env_packages_json(const struct env_packages *p)
{
	json_t *out = json_array();

	for (size_t i = 0; i < p->list.len; i++) {
		const struct env_package *x = &p->list.v[i];
		json_array_append_new(out, json_pack("[s, s, s?]", x->name, x->version, x->source));
	}
	return out;
}

int env_packages_from_json(const json_t *v, struct env_packages *ret, struct err *e)
{
	struct env_packages p = {.arena = ARENA_INIT};
	const json_t *row;
	size_t i;

	if (!json_is_array(v))
		return err_set(e, ERR_BROKEN, "the packages of an environment are no list");
	json_array_foreach(v, i, row)
	{
		const char *name = json_string_value(json_array_get(row, 0));
		const char *version = json_string_value(json_array_get(row, 1));
		if (!name || !version || (p.list.len && strcmp(p.list.v[p.list.len - 1].name, name) >= 0)) {
			env_packages_release(&p);
			return err_set(e, ERR_BROKEN,
			               "row %zu of an environment's packages is no name and version in order", i + 1);
		}
		vec_push(&p.list, (struct env_package){
		                          arena_strdup(&p.arena, name),
		                          arena_strdup(&p.arena, version),
		                          arena_strdup(&p.arena, json_string_value(json_array_get(row, 2))),
		                  });
	}
	*ret = p;
	return 0;
}
