#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "runner/pipeline/pipeline_build.h"

static void faultv(const struct where *w, int line, int column, const char *fmt, va_list ap)
{
	_buf_ struct buf text = BUF_INIT;

	if (diags_at(&w->b->d, line, column))
		return;
	if (w->step)
		buf_addf(&text, "step \"%s\": ", w->step);
	buf_addv(&text, fmt, ap);
	diags_add(&w->b->d, line, column, "%s", text.data);
}

void build_fault_at(const struct where *w, int line, int column, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	faultv(w, line, column, fmt, ap);
	va_end(ap);
}

void build_fault(const struct where *w, const struct yaml_node *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	faultv(w, at->line, at->column, fmt, ap);
	va_end(ap);
}

void build_limit(const struct where *w, int line, int column, const char *text)
{
	if (!w->b->stop)
		build_fault_at(w, line, column, "%s", text);
	w->b->stop = true;
}

bool build_charge(const struct where *w, const struct yaml_node *at, size_t bytes)
{
	w->b->text += bytes;
	if (w->b->text <= TEXT_MOST)
		return true;
	build_limit(w, at->line, at->column, "more than 128 MiB of text in all steps after substitution");
	return false;
}

char *build_hint(const char *word, const char *const *candidates, size_t n)
{
	const char *near = text_nearest(word, candidates, n);

	return near ? mem_printf(" (did you mean \"%s\"?)", near) : mem_strdup("");
}

bool build_name_good(const char *name)
{
	return *name && !name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")];
}

void take_items(const struct where *w, const struct yaml_node *n, const char *key, const char *what, struct items *ret)
{
	*ret = (struct items){0};
	if (n->kind == YAML_LIST) {
		ret->v = n->items;
		ret->n = n->n;
	} else if (n->kind == YAML_TEXT || n->kind == YAML_MAP) {
		ret->one = (struct yaml_node *)n;
		ret->n = 1;
	} else if (n->kind != YAML_NULL) {
		build_fault(w, n, "\"%s\" should be %s or a list of them, not %s", key, what, yaml_kind_text(n->kind));
	}
	if (!build_charge(w, n, 16 * ret->n))
		ret->n = 0;
}

bool take_text(const struct where *w, const struct yaml_node *n, const char *key, const char **ret)
{
	if (n->kind != YAML_TEXT) {
		bool scalar = n->kind != YAML_LIST && n->kind != YAML_MAP && n->kind != YAML_NULL;
		if (scalar)
			build_fault(w, n, "\"%s\" should be a text, not %s; write it in quotes: \"%s\"", key,
			            yaml_kind_text(n->kind), n->text);
		else
			build_fault(w, n, "\"%s\" should be a text, not %s", key, yaml_kind_text(n->kind));
		return false;
	}
	if (!n->len) {
		build_fault(w, n, "\"%s\" is empty", key);
		return false;
	}
	if (!build_charge(w, n, n->len))
		return false;
	*ret = arena_dup(&w->b->p->arena, n->text, n->len + 1);
	return true;
}

bool take_bool(const struct where *w, const struct yaml_node *n, const char *key, bool *ret)
{
	if (n->kind == YAML_BOOL) {
		*ret = n->boolean;
		return true;
	}
	if (n->kind == YAML_TEXT)
		build_fault(w, n, "\"%s\" should be true or false, not the text \"%s\"", key, n->text);
	else
		build_fault(w, n, "\"%s\" should be true or false, not %s", key, yaml_kind_text(n->kind));
	return false;
}

bool take_integer(const struct where *w, const struct yaml_node *n, const char *key, int64_t least, int64_t most,
                  int64_t *ret)
{
	if (n->kind != YAML_INT) {
		build_fault(w, n, "\"%s\" should be a whole number, not %s", key, yaml_kind_text(n->kind));
		return false;
	}
	if (n->integer < least || n->integer > most) {
		build_fault(w, n, "\"%s\" should be from %lld to %lld", key, (long long)least, (long long)most);
		return false;
	}
	*ret = n->integer;
	return true;
}

bool take_number(const struct where *w, const struct yaml_node *n, const char *key, double least, double most,
                 double *ret)
{
	if (n->kind != YAML_INT && n->kind != YAML_REAL) {
		build_fault(w, n, "\"%s\" should be a number, not %s", key, yaml_kind_text(n->kind));
		return false;
	}
	if (!(n->real >= least && n->real <= most)) {
		build_fault(w, n, "\"%s\" should be from %g to %g", key, least, most);
		return false;
	}
	*ret = n->real;
	return true;
}

bool take_duration(const struct where *w, const struct yaml_node *n, const char *key, bool zero, int64_t *ret_us)
{
	int64_t us;

	if (n->kind == YAML_INT || n->kind == YAML_REAL) {
		build_fault(w, n, "\"%s\" needs a unit: 250ms, 10s, 5m, 2h or 1d", key);
		return false;
	}
	if (n->kind != YAML_TEXT || !duration_parse(n->text, &us)) {
		build_fault(w, n, "\"%s\" should be a duration: 250ms, 10s, 5m, 2h or 1d", key);
		return false;
	}
	if (!us && !zero) {
		build_fault(w, n, "\"%s\" is no time at all; null means none", key);
		return false;
	}
	*ret_us = us;
	return true;
}

bool take_size(const struct where *w, const struct yaml_node *n, const char *key, int64_t *ret)
{
	if ((n->kind == YAML_TEXT || n->kind == YAML_INT) && size_parse(n->text, ret))
		return true;
	build_fault(w, n, "\"%s\" should be a size: 64K, 512M or 4G", key);
	return false;
}

bool take_word(const struct where *w, const struct yaml_node *n, const char *key, const char *const *words,
               size_t nwords, size_t *ret)
{
	_buf_ struct buf all = BUF_INIT;

	for (size_t i = 0; i < nwords; i++) {
		if (n->kind == YAML_TEXT && !strcmp(n->text, words[i])) {
			*ret = i;
			return true;
		}
		buf_addf(&all, "%s%s", !i ? "" : i + 1 == nwords ? " or " : ", ", words[i]);
	}
	_free_ char *hint = build_hint(n->kind == YAML_TEXT ? n->text : "", words, nwords);
	build_fault(w, n, "\"%s\" should be %s%s", key, all.data, hint);
	return false;
}

bool take_map(const struct where *w, const struct yaml_node *n, const char *key, const char *const *keys, size_t nkeys,
              const struct yaml_node **out)
{
	for (size_t k = 0; k < nkeys; k++)
		out[k] = NULL;
	if (n->kind != YAML_MAP) {
		build_fault(w, n, "\"%s\" should be a mapping, not %s", key, yaml_kind_text(n->kind));
		return false;
	}
	for (size_t i = 0; i < n->n; i++) {
		const struct yaml_pair *pair = &n->pairs[i];
		size_t k = 0;
		while (k < nkeys && strcmp(pair->key->text, keys[k]))
			k++;
		if (k < nkeys) {
			out[k] = pair->value->kind == YAML_NULL ? NULL : pair->value;
			continue;
		}
		_free_ char *hint = build_hint(pair->key->text, keys, nkeys);
		build_fault(w, pair->key, "unknown key \"%s\" in \"%s\"%s", pair->key->text, key, hint);
	}
	return true;
}

bool take_path(const struct where *w, const struct yaml_node *n, const char *what, const char **ret, bool *ret_folder)
{
	if (n->kind != YAML_TEXT) {
		build_fault(w, n, "%s should be a path, not %s%s", what, yaml_kind_text(n->kind),
		            n->kind == YAML_LIST || n->kind == YAML_MAP || n->kind == YAML_NULL
		                    ? ""
		                    : "; write it in quotes");
		return false;
	}
	bool folder;
	_free_ char *normal = path_normal(n->text, &folder);
	const char *fault = path_check_inside(normal);
	if (!fault && path_within(normal, ".jig"))
		fault = "is jig's own";
	if (!strcmp(normal, "."))
		fault = "is the project itself; name what is in it";
	if (fault) {
		bool outside = !strcmp(what, "input") && (*normal == '/' || text_starts(normal, ".."));
		build_fault(w, n, "%s \"%s\" %s%s", what, n->text, fault,
		            outside ? "; data outside the project is taken by {link: /its/path}" : "");
		return false;
	}
	if (!build_charge(w, n, n->len))
		return false;
	*ret = arena_strdup(&w->b->p->arena, normal);
	if (ret_folder)
		*ret_folder = folder;
	return true;
}

/* Whether path, which is a symlink, or something below one, ends up outside of the root. */
static bool points_out(struct build *b, const char *path)
{
	char real[PATH_MAX];

	if (!b->real_root) {
		b->real_root = realpath(b->o->root, NULL);
		if (!b->real_root)
			return false;
	}
	_free_ char *abs = path_join(b->o->root, path);
	if (realpath(abs, real))
		return !path_within(real, b->real_root);
	/* A link to nothing yet. */
	char target[PATH_MAX + 1];
	ssize_t n = readlink(abs, target, PATH_MAX);
	if (n <= 0 || target[0] != '/')
		return false;
	target[n] = '\0';
	return !path_within(target, b->real_root);
}

/* A folder of the working tree. Listed once many names in it were asked for: that costs a hundredth of asking for
 * each. */
struct folder {
	enum { FOLDER_INSIDE, FOLDER_OUT, FOLDER_GONE } state;
	size_t asked;
	bool listed;
	struct map links; /* names that are links, or may be */
};
enum { ASKED_MANY = 256, LISTED_EACH = 64 };

static struct folder *folder_of(struct build *b, const char *name)
{
	bool is_new;
	struct map_entry *entry = map_add(&b->folders, name, &is_new);

	if (is_new) {
		struct folder *f = entry->ptr = arena_zero(&b->p->arena, sizeof *f);
		struct stat st;
		_free_ char *abs = path_join(b->o->root, name);
		if (lstat(abs, &st) < 0)
			f->state = FOLDER_GONE;
		else if (S_ISLNK(st.st_mode) && points_out(b, name))
			f->state = FOLDER_OUT;
	}
	return entry->ptr;
}

void build_folders_release(struct build *b)
{
	for (size_t i = 0; i < b->folders.len; i++)
		map_release(&((struct folder *)b->folders.entries[i].ptr)->links);
	map_release(&b->folders);
}

/* Gives up where the folder holds far more than was asked for. */
static void list_links(struct build *b, const char *name, struct folder *f)
{
	_free_ char *abs = path_join(b->o->root, name);
	_closedir_ DIR *d = opendir(abs);
	const struct dirent *entry;
	size_t most = f->asked * LISTED_EACH;

	if (!d)
		return;
	while (errno = 0, most && (entry = readdir(d))) {
		if (entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN)
			map_add(&f->links, entry->d_name, NULL);
		most--;
	}
	f->listed = most && !errno;
}

static bool is_link(struct build *b, struct folder *f, const char *folder, const char *path, const char *name)
{
	struct stat st;

	f->asked++;
	if (!f->listed && f->asked >= ASKED_MANY && (f->asked & (f->asked - 1)) == 0)
		list_links(b, folder, f);
	if (f->listed && !map_find(&f->links, name))
		return false;
	_free_ char *abs = path_join(b->o->root, path);
	return lstat(abs, &st) == 0 && S_ISLNK(st.st_mode);
}

bool build_leaves(struct build *b, const char *path, bool all)
{
	const char *name = path;
	struct folder *last = NULL;
	_free_ char *folder = mem_strdup(path);

	if (!b->o->root)
		return false;
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(name, '/')) {
		folder[slash - path] = '\0';
		last = folder_of(b, folder);
		if (last->state != FOLDER_INSIDE)
			return last->state == FOLDER_OUT;
		folder[slash - path] = '/';
		name = slash + 1;
	}
	if (!all)
		return false;
	folder[name == path ? 0 : name - path - 1] = '\0';
	if (!last)
		last = folder_of(b, "");
	return is_link(b, last, folder, path, name) && points_out(b, path);
}
