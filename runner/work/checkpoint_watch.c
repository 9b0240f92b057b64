/* Proofs gathered while the step runs. */
#include "runner/work/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#if defined(__linux__) && !defined(JIG_POSIX)
#include <poll.h>
#include <sys/inotify.h>
#define HAVE_INOTIFY 1
#endif
#include "base/file.h"
#include "base/path.h"
#include "base/vec.h"
#include "runner/work/checkpoint_proof.h"

#ifndef HAVE_INOTIFY

struct checkpoint_watch {
	struct loop *loop;
};

struct checkpoint_watch *checkpoint_watch_new(struct loop *l)
{
	struct checkpoint_watch *w = mem_zero(sizeof *w);

	w->loop = l;
	return w;
}

void checkpoint_watch_free(struct checkpoint_watch *w)
{
	free(w);
}

void checkpoint_watch_begin(struct checkpoint_watch *w, const char *folder, void *arg)
{
}

void checkpoint_watch_alive(struct checkpoint_watch *w, void *arg)
{
}

void checkpoint_watch_end(struct checkpoint_watch *w, void *arg)
{
}

#else

enum {
	EVENTS = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM,
	READ_SIZE = 64 << 10,
	READS_MOST = 128,   /* more than the queue holds: a step that never rests does not keep the loop for itself */
	LINES_SPARE = 100,  /* of the file that may be out of date before it is written anew */
};

struct entry {
	struct proof state; /* when it was closed or proven */
	bool closed, proven;
	unsigned round;     /* of the folder, when it was seen closed */
};

struct folder {
	char *path;
	void *arg;
	int wd; /* -1: not watched */
	unsigned round; /* counts the calls of alive */
	struct map entries; /* name → struct entry */
	size_t proven, waiting; /* how many; waiting: closed, not proven */
	struct buf pending; /* lines to be written */
	size_t pending_lines, lines; /* lines: in the file */
	bool broken; /* the file is to be written as a whole */
};

struct checkpoint_watch {
	struct loop *loop;
	struct loop_source *source;
	int fd; /* -1: none yet, or none to be had */
	VEC(struct folder *) folders;
	char *room; /* READ_SIZE */
};

struct checkpoint_watch *checkpoint_watch_new(struct loop *l)
{
	struct checkpoint_watch *w = mem_zero(sizeof *w);

	w->loop = l;
	w->fd = -1;
	return w;
}

static void entries_release(struct map *m)
{
	for (size_t i = 0; i < m->len; i++)
		free(m->entries[i].ptr);
	map_release(m);
}

static void folder_free(struct folder *f)
{
	entries_release(&f->entries);
	buf_release(&f->pending);
	free(f->path);
	free(f);
}

void checkpoint_watch_free(struct checkpoint_watch *w)
{
	if (!w)
		return;
	loop_remove(w->source);
	mem_closep(&w->fd);
	for (size_t i = 0; i < w->folders.len; i++)
		folder_free(w->folders.v[i]);
	vec_release(&w->folders);
	free(w->room);
	free(w);
}

static struct entry *entry_of(struct folder *f, const char *name)
{
	bool new;
	struct map_entry *at = map_add(&f->entries, name, &new);

	if (new)
		at->ptr = mem_zero(sizeof(struct entry));
	return at->ptr;
}

/* Names that are gone are forgotten, so that a step which makes ever new ones costs no more than what it keeps. */
static void forget_gone(struct folder *f)
{
	struct map kept = MAP_INIT;

	for (size_t i = 0; i < f->entries.len; i++) {
		struct entry *entry = f->entries.entries[i].ptr;
		if (entry->closed || entry->proven)
			map_set(&kept, f->entries.entries[i].key, entry);
		else
			free(entry);
	}
	map_release(&f->entries);
	f->entries = kept;
}

static void write_all(struct folder *f)
{
	_buf_ struct buf text = BUF_INIT;
	struct err quiet;

	forget_gone(f);
	for (size_t i = 0; i < f->entries.len; i++) {
		const struct entry *entry = f->entries.entries[i].ptr;
		if (entry->proven)
			proof_add(&text, f->entries.entries[i].key, &entry->state);
	}
	/* What cannot be written is not proven; the next one tries again. */
	f->broken = proofs_save(f->path, &text, &quiet) < 0;
	f->lines = f->proven;
}

static void write_pending(struct folder *f)
{
	if (f->pending_lines == 0)
		return;
	f->lines += f->pending_lines;
	if (f->broken || f->lines > 2 * f->proven + LINES_SPARE) {
		write_all(f);
	} else {
		_free_ char *path = proofs_path(f->path);
		_close_ int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
		f->broken = fd < 0 || file_write_all(fd, f->pending.data, f->pending.len) < 0;
	}
	buf_reset(&f->pending);
	f->pending_lines = 0;
}

static void note(struct folder *f, const char *name, const struct proof *p)
{
	proof_add(&f->pending, name, p);
	f->pending_lines++;
}

static void forget(struct folder *f, const char *name)
{
	struct entry *entry = map_get(&f->entries, name);

	if (!entry)
		return;
	if (entry->proven) {
		f->proven--;
		note(f, name, &(struct proof){0});
	} else if (entry->closed) {
		f->waiting--;
	}
	*entry = (struct entry){0};
}

static bool look_at(const struct folder *f, const char *name, struct proof *ret, bool *ret_folder)
{
	_free_ char *path = path_join(f->path, name);
	struct stat st;

	if (lstat(path, &st) < 0 || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return false;
	*ret_folder = S_ISDIR(st.st_mode);
	*ret = (struct proof){.device = st.st_dev, .inode = st.st_ino};
	ret->size = *ret_folder ? 0 : st.st_size;
	/* Of a folder: when it was renamed. Whatever was written in it before is older. */
	ret->at_ns = *ret_folder ? proof_touched(&st) : proof_changed(&st);
	return true;
}

static bool same(const struct proof *a, const struct proof *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size && a->at_ns == b->at_ns;
}

static void came_in(struct folder *f, const char *name)
{
	struct proof now;
	bool folder;

	forget(f, name);
	if (!look_at(f, name, &now, &folder))
		return;
	*entry_of(f, name) = (struct entry){.state = now, .proven = true};
	f->proven++;
	note(f, name, &now);
}

static void was_closed(struct folder *f, const char *name)
{
	struct entry *entry = map_get(&f->entries, name);
	struct proof now;
	bool folder;

	if (!look_at(f, name, &now, &folder) || folder) {
		forget(f, name);
		return;
	}
	if (entry && entry->proven && same(&entry->state, &now))
		return;
	forget(f, name);
	*entry_of(f, name) = (struct entry){.state = now, .closed = true, .round = f->round};
	f->waiting++;
}

static struct folder *folder_by_wd(struct checkpoint_watch *w, int wd)
{
	for (size_t i = 0; i < w->folders.len; i++)
		if (w->folders.v[i]->wd == wd)
			return w->folders.v[i];
	return NULL;
}

/* Events are lost: what was closed may have been written again. What is proven is looked at when it counts. */
static void forget_closed(struct checkpoint_watch *w)
{
	for (size_t i = 0; i < w->folders.len; i++) {
		struct map *m = &w->folders.v[i]->entries;
		for (size_t k = 0; k < m->len; k++) {
			struct entry *entry = m->entries[k].ptr;
			if (!entry->proven)
				*entry = (struct entry){0};
		}
		w->folders.v[i]->waiting = 0;
	}
}

static void take_event(struct checkpoint_watch *w, const struct inotify_event *ev)
{
	if (ev->mask & IN_Q_OVERFLOW) {
		forget_closed(w);
		return;
	}
	struct folder *f = folder_by_wd(w, ev->wd);
	if (!f)
		return;
	if (ev->mask & IN_IGNORED)
		f->wd = -1;
	else if (ev->len == 0)
		return;
	else if (ev->mask & IN_MOVED_TO)
		came_in(f, ev->name);
	else if (ev->mask & IN_CLOSE_WRITE)
		was_closed(f, ev->name);
	else
		forget(f, ev->name);
}

/* Takes what there is; true: there were writes in it. */
static bool drain(struct checkpoint_watch *w)
{
	bool written = false;

	for (int i = 0; w->fd >= 0 && i < READS_MOST; i++) {
		ssize_t n = read(w->fd, w->room, READ_SIZE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *ev = (const void *)(w->room + at);
			written |= (ev->mask & IN_MODIFY) != 0;
			take_event(w, ev);
			at += (ssize_t)(sizeof *ev + ev->len);
		}
	}
	for (size_t i = 0; i < w->folders.len; i++)
		write_pending(w->folders.v[i]);
	return written;
}

static void readable(void *arg, int fd, short revents)
{
	struct checkpoint_watch *w = arg;

	/* A step that writes gives an event a write, and none of them is urgent: the next look is that of alive. A
	 * rename is read at once. */
	if (drain(w))
		loop_fd_events(w->source, 0);
}

static void arm(struct checkpoint_watch *w, struct folder *f)
{
	if (w->fd < 0) {
		w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		if (w->fd < 0)
			return;
		w->room = mem_alloc(READ_SIZE);
		w->source = loop_fd(w->loop, w->fd, POLLIN, readable, w);
	}
	f->wd = inotify_add_watch(w->fd, f->path, EVENTS | IN_ONLYDIR | IN_DONT_FOLLOW);
}

void checkpoint_watch_begin(struct checkpoint_watch *w, const char *folder, void *arg)
{
	struct folder *f = mem_zero(sizeof *f);
	struct map known;

	f->path = mem_strdup(folder);
	f->arg = arg;
	f->pending = (struct buf)BUF_INIT;
	f->entries = (struct map)MAP_INIT;
	f->broken = true; /* the file may end in half a line, or hold what is out of date */
	proofs_load(folder, &known);
	for (size_t i = 0; i < known.len; i++) {
		const struct proof *p = known.entries[i].ptr;
		if (!p->inode)
			continue;
		*entry_of(f, known.entries[i].key) = (struct entry){.state = *p, .proven = true};
		f->proven++;
	}
	proofs_release(&known);
	vec_push(&w->folders, f);
	f->wd = -1;
	arm(w, f);
}

static ssize_t folder_of(const struct checkpoint_watch *w, const void *arg)
{
	for (size_t i = 0; i < w->folders.len; i++)
		if (w->folders.v[i]->arg == arg)
			return (ssize_t)i;
	return -1;
}

/* What was seen closed before the call before; written since by a mapping, which gives no events, it waits anew. */
static void prove_closed(struct folder *f)
{
	for (size_t i = 0; f->waiting && i < f->entries.len; i++) {
		struct entry *entry = f->entries.entries[i].ptr;
		const char *name = f->entries.entries[i].key;
		struct proof now;
		bool folder;
		if (!entry->closed || f->round - entry->round < 2)
			continue;
		if (!look_at(f, name, &now, &folder) || folder) {
			forget(f, name);
		} else if (!same(&now, &entry->state)) {
			entry->state = now;
			entry->round = f->round;
		} else {
			*entry = (struct entry){.state = now, .proven = true};
			f->waiting--;
			f->proven++;
			note(f, name, &now);
		}
	}
}

void checkpoint_watch_alive(struct checkpoint_watch *w, void *arg)
{
	ssize_t at = folder_of(w, arg);

	if (at < 0)
		return;
	struct folder *f = w->folders.v[at];
	/* The step may have removed the folder and made it anew, or there were no watches left. */
	if (f->wd < 0)
		arm(w, f);
	f->round++;
	drain(w);
	if (w->source)
		loop_fd_events(w->source, POLLIN);
	prove_closed(f);
	write_pending(f);
}

void checkpoint_watch_end(struct checkpoint_watch *w, void *arg)
{
	ssize_t at = folder_of(w, arg);

	if (at < 0)
		return;
	drain(w);
	struct folder *f = w->folders.v[at];
	if (f->wd >= 0)
		inotify_rm_watch(w->fd, f->wd);
	vec_remove(&w->folders, (size_t)at);
	folder_free(f);
}

#endif
