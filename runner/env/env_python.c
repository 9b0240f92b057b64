#include "runner/env/env_python.h"

#include <ctype.h>
#include <dirent.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/path.h"
#include "base/text.h"
#include "base/vec.h"
#include "runner/env/env_python_ask.h"
#include "runner/env/env_variable.h"
#include "runner/env/env_version.h"

enum { MINOR_MOST = 20, MINOR_LEAST = 6, MINOR_KNOWN = 13, TOLD_MOST = 6 };
#define KNOWN_RELEASE "3.13"

/* A file that may be an interpreter. */
struct candidate {
	char *path;
	char *hint; /* the version that its name or its folder's name tells, "": none; what does not fit is not started
	             */
};
struct search {
	const char *wanted, *root, *cache;
	char *const *environ;
	VEC(struct candidate) list;
};

static void search_release(struct search *s)
{
	for (size_t i = 0; i < s->list.len; i++) {
		free(s->list.v[i].path);
		free(s->list.v[i].hint);
	}
	vec_release(&s->list);
}

/* "3.11" of "…/python3.11". */
static char *hint_of(const char *path)
{
	const char *name = path_base(path);

	if (text_starts(name, "python") && strchr(name, '.') && isdigit((unsigned char)name[6]))
		return mem_strndup(name + 6, strspn(name + 6, "0123456789."));
	return mem_strdup("");
}

/* Takes both texts. */
static void add(struct search *s, char *path, char *hint)
{
	for (size_t i = 0; i < s->list.len; i++)
		if (strcmp(s->list.v[i].path, path) == 0) {
			free(path);
			free(hint);
			return;
		}
	vec_push(&s->list, (struct candidate){path, hint});
}

static void add_from_path(struct search *s, const char *name)
{
	char *path;

	for (int i = 0; (path = env_variable_path(s->environ, name, i)); i++)
		add(s, path, hint_of(name));
}

static void add_fixed(struct search *s, const char *folder, const char *name)
{
	char *path = path_join(folder, name);

	if (access(path, X_OK) == 0)
		add(s, path, hint_of(name));
	else
		free(path);
}

static int newest_first(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int order = env_version_compare(y->hint, x->hint);

	return order ? order : strcmp(x->path, y->path);
}

/* The versions kept below a folder: FOLDER/3.11.7/bin/python3, FOLDER/cpython-3.11.7-linux-x86_64-gnu/bin/python3. */
static void add_kept(struct search *s, const char *folder)
{
	_closedir_ DIR *d = opendir(folder);
	VEC(struct candidate) found = {0};

	for (const struct dirent *entry; d && (entry = readdir(d));) {
		const char *version = text_starts(entry->d_name, "cpython-") ? entry->d_name + 8 : entry->d_name;
		if (!isdigit((unsigned char)*version))
			continue;
		char *path = mem_printf("%s/%s/bin/python3", folder, entry->d_name);
		if (access(path, X_OK) == 0)
			vec_push(&found,
			         (struct candidate){path, mem_strndup(version, strspn(version, "0123456789."))});
		else
			free(path);
	}
	if (found.len)
		qsort(found.v, found.len, sizeof *found.v, newest_first);
	for (size_t i = 0; i < found.len; i++)
		add(s, found.v[i].path, found.v[i].hint);
	vec_release(&found);
}

/* All that may do, in the order of choice. */
static void gather(struct search *s)
{
	const char *home = env_variable(s->environ, "HOME"), *pyenv = env_variable(s->environ, "PYENV_ROOT"),
	           *uv = env_variable(s->environ, "UV_PYTHON_INSTALL_DIR"),
	           *data = env_variable(s->environ, "XDG_DATA_HOME");
	_free_ char *pyenv_kept = pyenv  ? path_join(pyenv, "versions")
	                          : home ? path_join(home, ".pyenv/versions")
	                                 : NULL;
	_free_ char *uv_kept = uv     ? mem_strdup(uv)
	                       : data ? path_join(data, "uv/python")
	                       : home ? path_join(home, ".local/share/uv/python")
	                              : NULL;
	static const char *const fixed[] = {"/usr/bin", "/usr/local/bin"};
	char name[32];

	add_from_path(s, "python3");
	for (int minor = MINOR_MOST; *s->wanted && minor >= MINOR_LEAST; minor--) {
		snprintf(name, sizeof name, "python3.%d", minor);
		if (env_version_fits(s->wanted, name + 6))
			add_from_path(s, name);
	}
	add_from_path(s, "python");
	if (pyenv_kept)
		add_kept(s, pyenv_kept);
	if (uv_kept)
		add_kept(s, uv_kept);
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
		add_fixed(s, fixed[i], "python3");
		for (int minor = MINOR_MOST; *s->wanted && minor >= MINOR_LEAST; minor--) {
			snprintf(name, sizeof name, "python3.%d", minor);
			if (env_version_fits(s->wanted, name + 6))
				add_fixed(s, fixed[i], name);
		}
	}
}

/* What to ask `uv python install` for: the newest that fits among those that are known to be there, else what is asked
 * for. "": nothing fits. */
static void nearest_release(const char *wanted, char out[32])
{
	for (int minor = MINOR_MOST; minor >= MINOR_LEAST; minor--) {
		snprintf(out, 32, "3.%d", minor);
		if (env_version_fits(wanted, out) && (minor <= MINOR_KNOWN || !env_version_fits(wanted, KNOWN_RELEASE)))
			return;
	}
	*out = '\0';
}

static int none(const struct search *s, const char *const *had, size_t nhad, struct err *e)
{
	_buf_ struct buf there = BUF_INIT;
	bool plain = isdigit((unsigned char)*s->wanted);
	char release[32] = "";

	if (plain)
		snprintf(release, sizeof release, "%.31s", s->wanted);
	else
		nearest_release(s->wanted, release);
	for (size_t i = 0; i < nhad && i < TOLD_MOST; i++)
		buf_addf(&there, "%s%s", i ? ", " : "", had[i]);
	if (nhad > TOLD_MOST)
		buf_addf(&there, " and %zu more", nhad - TOLD_MOST);
	if (!*s->wanted)
		return err_set(e, ERR_NOT_FOUND,
		               "there is no Python 3 on this machine: install python3 and see that PATH has it");
	return err_set(e, ERR_NOT_FOUND,
	               "there is no Python %s on this machine, only %s; %s%s%s or ask for another version by `env: "
	               "{python: V}`",
	               s->wanted, nhad ? there.data : "none at all", *release ? "`uv python install " : "", release,
	               *release ? "` installs it," : "install one");
}

int env_python_find(const char *wanted, const char *root, char *const *env, const char *cache, struct env_python *ret,
                    struct err *e)
{
	_cleanup_(search_release) struct search s = {
	        .wanted = wanted ? wanted : "", .root = root, .cache = cache, .environ = env};
	VEC(char *) had = {0};
	struct err ignored;
	bool found = false;

	if (!env_version_valid(s.wanted))
		return err_set(e, ERR_USAGE,
		               "\"%s\" is no version of Python: write \"3.11\", \"3.11.7\" or \">=3.10,<3.13\"",
		               s.wanted);
	gather(&s);
	for (size_t i = 0; i < s.list.len && !found; i++) {
		const struct candidate *c = &s.list.v[i];
		struct env_python p;
		const char *version = c->hint;
		bool asked = (!*c->hint || env_version_fits(s.wanted, c->hint));
		if (asked && env_python_ask(c->path, root, env, cache, &p, &ignored) < 0)
			continue;
		if (asked && env_version_fits(s.wanted, p.version)) {
			*ret = p;
			found = true;
			break;
		}
		if (asked)
			version = p.version;
		/* One interpreter goes by several names. */
		bool known = false;
		for (size_t k = 0; k < had.len; k++)
			known |= text_starts(had.v[k], version) && had.v[k][strlen(version)] == ' ';
		if (!known)
			vec_push(&had, mem_printf("%s (%s)", version, c->path));
		if (asked)
			env_python_release(&p);
	}
	int r = found ? 0 : none(&s, (const char *const *)had.v, had.len, e);
	for (size_t i = 0; i < had.len; i++)
		free(had.v[i]);
	vec_release(&had);
	return r;
}
