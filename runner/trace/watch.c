#include "runner/trace/watch.h"

#if defined(__linux__) && !defined(JIG_POSIX)

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"
#include "base/vec.h"

enum {
	READ_SIZE = 64 << 10,
	READS_MOST = 128, /* more than a full queue: one drain gives all that was there when it began */
};

struct watch {
	int fd;
	VEC(char *) folders; /* the path of watch descriptor i; the kernel counts from 1 and gives none twice */
	char *room;          /* READ_SIZE */
};

static void paths_release(char **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i]);
	free(v);
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	mem_closep(&w->fd);
	paths_release(w->folders.v, w->folders.len);
	free(w->room);
	free(w);
}

int watch_fd(const struct watch *w)
{
	return w->fd;
}

struct found {
	VEC(char *) v;
};

static void found_release(struct found *f)
{
	paths_release(f->v.v, f->v.len);
}
#define _found_ _cleanup_(found_release)

/* Adds the folders that stand directly in f->v.v[at]. Files are not looked at: there may be many more of them. */
static int list_folders(struct found *f, size_t at, struct err *e)
{
	_closedir_ DIR *d = opendir(f->v.v[at]);
	struct dirent *entry;

	if (!d)
		return err_errno(e, "cannot watch the folder %s", f->v.v[at]);
	while (errno = 0, entry = readdir(d)) {
		const char *name = entry->d_name;
		struct stat st;
		if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
			continue;
		if (entry->d_type == DT_DIR ||
		    (entry->d_type == DT_UNKNOWN && fstatat(dirfd(d), name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		     S_ISDIR(st.st_mode)))
			vec_push(&f->v, path_join(f->v.v[at], name));
	}
	return errno ? err_errno(e, "cannot watch the folder %s", f->v.v[at]) : 0;
}

static int arm(struct watch *w, const struct found *f, const char *folder, struct err *e)
{
	int wd = inotify_add_watch(w->fd, folder, IN_OPEN | IN_MOVED_FROM | IN_ONLYDIR | IN_DONT_FOLLOW);

	if (wd < 0 && errno == ENOSPC)
		return err_set(e, ERR_BROKEN,
		               "no watches are left for the %zu folders of %s; fs.inotify.max_user_watches says how "
		               "many a user may have",
		               f->v.len, f->v.v[0]);
	if (wd < 0)
		return err_errno(e, "cannot watch the folder %s", folder);
	while (w->folders.len <= (size_t)wd)
		vec_push(&w->folders, NULL);
	w->folders.v[wd] = mem_strdup(folder);
	return 0;
}

int watch_new(const char *work, struct watch **ret, struct err *e)
{
	_found_ struct found f = {0};
	const char *network;
	int r = 0;

	if (file_on_network(work, &network))
		return err_set(e, ERR_BROKEN, "%s stands on a network file system (%s), where not all is told", work,
		               network);
	vec_push(&f.v, path_normal(work, NULL));
	/* All of it before the first watch: our own looking is not to be seen. */
	for (size_t i = 0; i < f.v.len; i++)
		if ((r = list_folders(&f, i, e)) < 0)
			return r;
	struct watch *w = mem_zero(sizeof *w);
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	w->room = mem_alloc(READ_SIZE);
	if (w->fd < 0)
		r = err_set(e, ERR_BROKEN,
		            "%s cannot be watched: %s; fs.inotify.max_user_instances says how many watchers a user may "
		            "have",
		            work, strerror(errno));
	for (size_t i = 0; r >= 0 && i < f.v.len; i++)
		r = arm(w, &f, f.v.v[i], e);
	if (r < 0) {
		watch_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

static void take_event(const struct watch *w, const struct inotify_event *ev, struct buf *path, struct lookups *l)
{
	if (ev->mask & IN_Q_OVERFLOW) {
		if (!l->untrusted)
			l->untrusted = "the queue of events ran over";
		return;
	}
	/* A file that got another name is read under that; a folder is watched on. */
	if (!(ev->mask & IN_OPEN || (ev->mask & IN_MOVED_FROM && !(ev->mask & IN_ISDIR))) || ev->wd < 0 ||
	    (size_t)ev->wd >= w->folders.len || !w->folders.v[ev->wd])
		return;
	buf_reset(path);
	buf_adds(path, w->folders.v[ev->wd]);
	if (ev->len) {
		buf_addc(path, '/');
		buf_adds(path, ev->name);
	}
	lookups_add(l, path->data, LOOKUP_READ);
}

void watch_drain(struct watch *w, struct lookups *l)
{
	_buf_ struct buf path = BUF_INIT;

	if (l->witness == WITNESS_NONE)
		l->witness = WITNESS_FILES;
	for (int i = 0; i < READS_MOST; i++) {
		ssize_t n = read(w->fd, w->room, READ_SIZE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *ev = (const void *)(w->room + at);
			take_event(w, ev, &path, l);
			at += (ssize_t)(sizeof *ev + ev->len);
		}
	}
}

#else

int watch_new(const char *work, struct watch **ret, struct err *e)
{
	return err_set(e, ERR_BROKEN, "%s cannot be watched: this system has no inotify", work);
}

void watch_free(struct watch *w)
{
}

int watch_fd(const struct watch *w)
{
	return -1;
}

void watch_drain(struct watch *w, struct lookups *l)
{
}

#endif
