#include "runner/env/env_look.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"

static const char head[] = "jig-files 2\n";

void env_look_release(struct env_look *l)
{
	for (size_t i = 0; i < l->folders.len; i++)
		vec_release(&l->folders.v[i].entries);
	vec_release(&l->folders);
	buf_release(&l->text);
	arena_release(&l->arena);
}

void env_look_of(const struct stat *st, struct look *ret)
{
	*ret = (struct look){
	        .size = S_ISDIR(st->st_mode) ? 0 : st->st_size,
	        .modified = time_ns(&st->st_mtim),
	        .changed = time_ns(&st->st_ctim),
	        .ino = st->st_ino,
	        .mode = st->st_mode & 07777,
	};
}

bool env_look_equal(const struct look *a, const struct look *b)
{
	return a->size == b->size && a->modified == b->modified && a->changed == b->changed && a->ino == b->ino &&
	       a->mode == b->mode;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct look_entry *)a)->name, ((const struct look_entry *)b)->name);
}

struct look_entry *env_look_find(const struct look_entries *entries, const char *name)
{
	struct look_entry key = {.name = name};

	return entries->len ? bsearch(&key, entries->v, entries->len, sizeof key, by_name) : NULL;
}

/* Kind, look and target of a name; false with errno when it cannot be looked at. */
static bool look_at(struct arena *a, int folder, struct look_entry *x)
{
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (fstatat(folder, x->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	x->kind = S_ISREG(st.st_mode) ? 'F' : S_ISLNK(st.st_mode) ? 'L' : S_ISDIR(st.st_mode) ? 'S' : 'O';
	if (x->kind == 'F')
		env_look_of(&st, &x->look);
	if (x->kind != 'L')
		return true;
	if ((n = readlinkat(folder, x->name, target, sizeof target)) < 0)
		return false;
	x->target = arena_strndup(a, target, (size_t)n);
	return true;
}

int env_look_list(struct arena *a, int root, const char *prefix, const char *path, struct look *ret,
                  struct look_entries *ret_entries, struct err *e)
{
	int fd = openat(root, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct look_entries entries = {0};
	struct dirent *entry;
	struct stat st;

	if (!dir || fstat(fd, &st) < 0) {
		err_errno(e, "cannot read the folder %s/%s", prefix, path);
		if (!dir && fd >= 0)
			close(fd);
		return e->code;
	}
	while (errno = 0, entry = readdir(dir)) {
		struct look_entry x = {.name = entry->d_name};
		if (strcmp(x.name, ".") == 0 || strcmp(x.name, "..") == 0 || (!*path && text_ends(x.name, ".lock")))
			continue;
		x.name = arena_strdup(a, x.name);
		if (look_at(a, fd, &x))
			vec_push(&entries, x);
		else if (errno != ENOENT)
			break;
	}
	if (errno) {
		vec_release(&entries);
		return err_errno(e, "cannot read the folder %s/%s", prefix, path);
	}
	if (entries.len)
		qsort(entries.v, entries.len, sizeof *entries.v, by_name);
	env_look_of(&st, ret);
	*ret_entries = entries;
	return 0;
}

int env_look_add(struct env_look *l, int root, const char *prefix, const char *path, struct err *e)
{
	size_t i = l->folders.len;
	struct look_folder *first = vec_add(&l->folders);

	first->path = arena_strdup(&l->arena, path);
	/* Folders come behind the one they lie in, and are read in their turn. */
	for (; i < l->folders.len; i++) {
		struct look_folder folder = l->folders.v[i];
		int r = env_look_list(&l->arena, root, prefix, folder.path, &folder.look, &folder.entries, e);
		if (r < 0)
			return r;
		l->folders.v[i] = folder;
		for (size_t k = 0; k < folder.entries.len; k++) {
			if (folder.entries.v[k].kind != 'S')
				continue;
			struct look_folder *below = vec_add(&l->folders);
			below->path = arena_printf(&l->arena, "%s%s%s", folder.path, *folder.path ? "/" : "",
			                           folder.entries.v[k].name);
		}
	}
	return 0;
}

_Static_assert(sizeof(struct look) == 5 * sizeof(uint64_t), "a look has no bytes that say nothing");

static void add_look(struct buf *out, const struct look *l)
{
	buf_add(out, (const char *)l, sizeof *l);
}

void env_look_text(const struct env_look *l, struct buf *out)
{
	buf_add(out, head, sizeof head - 1);
	for (size_t i = 0; i < l->folders.len; i++) {
		const struct look_folder *folder = &l->folders.v[i];
		buf_addc(out, 'D');
		add_look(out, &folder->look);
		buf_add(out, folder->path, strlen(folder->path) + 1);
		for (size_t k = 0; k < folder->entries.len; k++) {
			const struct look_entry *x = &folder->entries.v[k];
			buf_addc(out, x->kind);
			if (x->kind == 'F')
				add_look(out, &x->look);
			buf_add(out, x->name, strlen(x->name) + 1);
			if (x->kind == 'L')
				buf_add(out, x->target, strlen(x->target) + 1);
		}
	}
	buf_addc(out, 'E');
}

/* What is left to be read; p NULL: it made no sense. */
struct scan {
	const char *p, *end;
};

static const char *scan_text(struct scan *s)
{
	const char *text = s->p, *nul = text ? memchr(text, '\0', (size_t)(s->end - text)) : NULL;

	s->p = nul ? nul + 1 : NULL;
	return text;
}

static void scan_look(struct scan *s, struct look *ret)
{
	bool whole = s->p && (size_t)(s->end - s->p) >= sizeof *ret;

	if (whole)
		memcpy(ret, s->p, sizeof *ret);
	s->p = whole ? s->p + sizeof *ret : NULL;
}

int env_look_parse(struct env_look *l, const char *name, struct err *e)
{
	size_t n = sizeof head - 1;
	struct scan s = {l->text.data, l->text.data + l->text.len};
	struct look_folder *folder = NULL;
	char kind = 0;

	s.p = l->text.len > n && memcmp(s.p, head, n) == 0 ? s.p + n : NULL;
	while (s.p && s.p < s.end && (kind = *s.p++) != 'E') {
		struct look_entry x = {.kind = kind};
		if (kind == 'D') {
			folder = vec_add(&l->folders);
			scan_look(&s, &folder->look);
			folder->path = scan_text(&s);
			/* The first is the prefix, and only that. */
			if (s.p && (l->folders.len == 1) != !*folder->path)
				s.p = NULL;
			continue;
		}
		if (!folder || !kind || !strchr("FLSO", kind))
			break;
		if (kind == 'F')
			scan_look(&s, &x.look);
		x.name = scan_text(&s);
		if (kind == 'L')
			x.target = scan_text(&s);
		size_t len = folder->entries.len;
		if (s.p && (!*x.name || (len && strcmp(folder->entries.v[len - 1].name, x.name) >= 0)))
			s.p = NULL;
		vec_push(&folder->entries, x);
	}
	if (!s.p || s.p != s.end || kind != 'E' || !folder)
		return err_set(e, ERR_NOT_FOUND,
		               "the list of an environment's files, %s, is damaged or of another version of jig", name);
	return 0;
}
