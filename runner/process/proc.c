#include "runner/process/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/mem.h"
#include "base/vec.h"

#ifdef JIG_POSIX

void proc_scan(struct proc_list *l)
{
	vec_clear(l);
}

bool proc_read(pid_t pid, struct proc *ret)
{
	return false;
}

bool proc_env(pid_t pid, const char *name, char *ret, size_t size)
{
	return false;
}

bool proc_io(pid_t pid, int64_t *ret_read, int64_t *ret_written)
{
	return false;
}

bool proc_alive(pid_t pid)
{
	return kill(pid, 0) == 0 || errno == EPERM;
}

#else

static int64_t tick_us, page_size;

static void units(void)
{
	if (tick_us)
		return;
	long hz = sysconf(_SC_CLK_TCK);
	page_size = sysconf(_SC_PAGESIZE);
	tick_us = hz > 0 ? 1000000 / hz : 10000;
}

/* The whole of a small file of /proc; its length, or -1. */
static ssize_t read_small(int dir, const char *path, char *text, size_t size)
{
	_close_ int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n = read(fd, text, size - 1);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	return n;
}

/* Skips blanks, reads a decimal number (a sign is fine), leaves *p behind it. */
static int64_t next_number(const char **p)
{
	bool minus = false;
	uint64_t v = 0;

	while (**p == ' ')
		++*p;
	if (**p == '-') {
		minus = true;
		++*p;
	}
	while (**p >= '0' && **p <= '9')
		v = v * 10 + (uint64_t)(*(*p)++ - '0');
	return minus ? (int64_t)(0 - v) : (int64_t)v;
}

static bool read_stat(int dir, const char *path, pid_t pid, struct proc *ret)
{
	char text[1024];

	if (read_small(dir, path, text, sizeof text) < 0)
		return false;
	/* The name in parentheses may hold anything, parentheses too. */
	const char *p = strrchr(text, ')');
	if (!p || p[1] != ' ' || !p[2])
		return false;
	int64_t field[25];
	char state = p[2];
	p += 3;
	for (int i = 4; i <= 24; i++)
		field[i] = next_number(&p);
	*ret = (struct proc){
		.pid = pid, .ppid = (pid_t)field[4], .pgrp = (pid_t)field[5], .sid = (pid_t)field[6], .state = state,
		.start = (uint64_t)field[22], .cpu_us = (field[14] + field[15]) * tick_us,
			.ended_us = (field[16] + field[17]) * tick_us,
		.rss = field[24] * page_size,
	};
	return true;
}

bool proc_read(pid_t pid, struct proc *ret)
{
	char path[32];

	units();
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	return read_stat(AT_FDCWD, path, pid, ret);
}

static int by_pid(const void *a, const void *b)
{
	pid_t x = ((const struct proc *)a)->pid, y = ((const struct proc *)b)->pid;

	return (x > y) - (x < y);
}

void proc_scan(struct proc_list *l)
{
	_closedir_ DIR *d = opendir("/proc");
	bool sorted = true;

	vec_clear(l);
	if (!d)
		return;
	units();
	for (struct dirent *de; (de = readdir(d));) {
		struct proc one;
		char path[32];
		const char *p = de->d_name;
		size_t len = strlen(p);
		if (*p < '1' || *p > '9' || len + sizeof "/stat" > sizeof path)
			continue;
		memcpy(path, p, len);
		memcpy(path + len, "/stat", sizeof "/stat");
		if (!read_stat(dirfd(d), path, (pid_t)next_number(&p), &one))
			continue;
		sorted = sorted && (l->len == 0 || l->v[l->len - 1].pid < one.pid);
		vec_push(l, one);
	}
	if (!sorted)
		qsort(l->v, l->len, sizeof *l->v, by_pid);
}

bool proc_env(pid_t pid, const char *name, char *ret, size_t size)
{
	enum { CHUNK = 16384 };
	char path[48], text[CHUNK + 1];
	size_t have = 0, name_len = strlen(name);
	bool at_start = true; /* text begins at the beginning of a variable */

	snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	for (;;) {
		ssize_t n = read(fd, text + have, CHUNK - have);
		if (n < 0)
			return false;
		have += (size_t)n;
		size_t pos = 0;
		while (pos < have) {
			const char *var = text + pos, *nul = memchr(var, '\0', have - pos);
			if (!nul && n > 0 && (pos > 0 || have < CHUNK))
				break;
			size_t len = nul ? (size_t)(nul - var) : have - pos;
			if (at_start && len > name_len && var[name_len] == '=' && memcmp(var, name, name_len) == 0) {
				size_t value = len - name_len - 1;
				if (value > size - 1)
					value = size - 1;
				memcpy(ret, var + name_len + 1, value);
				ret[value] = '\0';
				return true;
			}
			at_start = nul != NULL;
			pos += len + (nul ? 1 : 0);
		}
		if (n == 0)
			return false;
		memmove(text, text + pos, have - pos);
		have -= pos;
	}
}

bool proc_io(pid_t pid, int64_t *ret_read, int64_t *ret_written)
{
	char text[512], path[32];

	snprintf(path, sizeof path, "/proc/%d/io", (int)pid);
	if (read_small(AT_FDCWD, path, text, sizeof text) < 0)
		return false;
	const char *r = strstr(text, "\nread_bytes: "), *w = strstr(text, "\nwrite_bytes: ");
	if (!r || !w)
		return false;
	r += sizeof "\nread_bytes: " - 1;
	w += sizeof "\nwrite_bytes: " - 1;
	*ret_read = next_number(&r);
	*ret_written = next_number(&w);
	return true;
}

bool proc_alive(pid_t pid)
{
	struct proc p;

	return proc_read(pid, &p) && proc_runs(&p);
}

#endif

const struct proc *proc_find(const struct proc_list *l, pid_t pid)
{
	size_t lo = 0, hi = l->len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (l->v[mid].pid < pid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < l->len && l->v[lo].pid == pid ? &l->v[lo] : NULL;
}

size_t proc_mark_tree(const struct proc_list *l, pid_t root, bool *in)
{
	size_t n = 0;
	bool more = true;

	/* Children mostly have higher pids than their parents, so two passes are the rule. */
	while (more) {
		more = false;
		for (size_t i = 0; i < l->len; i++) {
			if (in[i])
				continue;
			const struct proc *p = &l->v[i], *parent = proc_find(l, p->ppid);
			if (p->pid == root || p->sid == root || (parent && in[parent - l->v]))
				in[i] = more = true;
		}
	}
	for (size_t i = 0; i < l->len; i++)
		n += in[i];
	return n;
}
