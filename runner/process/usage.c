#include "runner/process/usage.h"

#include <math.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "base/vec.h"
#include "runner/process/gpu.h"
#include "runner/process/proc.h"

/* What is remembered of a tree, so that its sums never fall when a process of it ends. */
struct member { pid_t pid; uint64_t start; int64_t cpu, read, written; bool seen; };
struct tree {
	pid_t root;
	int64_t peak, gone_cpu, gone_read, gone_written, last_cpu;
	VEC(struct member) members;
};

struct usage {
	struct proc_list list;
	bool *in;
	size_t cap;
	VEC(struct tree) trees;
};

struct usage *usage_new(void)
{
	return mem_zero(sizeof(struct usage));
}

static void forget(struct usage *u, size_t i)
{
	vec_release(&u->trees.v[i].members);
	vec_remove(&u->trees, i);
}

void usage_free(struct usage *u)
{
	if (!u)
		return;
	while (u->trees.len)
		forget(u, 0);
	vec_release(&u->trees);
	vec_release(&u->list);
	free(u->in);
	free(u);
}

void usage_scan(struct usage *u)
{
	proc_scan(&u->list);
	if (u->list.len > u->cap) {
		u->cap = u->list.len;
		u->in = mem_array(u->in, u->cap, sizeof *u->in);
	}
}

static struct tree *tree_of(struct usage *u, pid_t root)
{
	for (size_t i = 0; i < u->trees.len; i++)
		if (u->trees.v[i].root == root)
			return &u->trees.v[i];
	struct tree *t = vec_add(&u->trees);
	t->root = root;
	return t;
}

static struct member *member_of(struct tree *t, const struct proc *p)
{
	for (size_t i = 0; i < t->members.len; i++)
		if (t->members.v[i].pid == p->pid && t->members.v[i].start == p->start)
			return &t->members.v[i];
	struct member *m = vec_add(&t->members);
	m->pid = p->pid;
	m->start = p->start;
	return m;
}

bool usage_sample(struct usage *u, pid_t root, struct sample *ret)
{
	struct tree *t;
	bool any_io = false;
	VEC(pid_t) pids = { 0 };
	struct sample s = { .ts = time_now(), .gpu_mem = -1, .gpu_util = NAN };

	if (!proc_find(&u->list, root))
		return false;
	t = tree_of(u, root);
	memset(u->in, 0, u->list.len * sizeof *u->in);
	s.nprocs = (int)proc_mark_tree(&u->list, root, u->in);
	for (size_t i = 0; i < t->members.len; i++)
		t->members.v[i].seen = false;
	for (size_t i = 0; i < u->list.len; i++) {
		const struct proc *p = &u->list.v[i];
		struct member *m;

		if (!u->in[i])
			continue;
		vec_push(&pids, p->pid);
		m = member_of(t, p);
		m->seen = true;
		m->cpu = p->cpu_us;
		any_io = proc_io(p->pid, &m->read, &m->written) || any_io;
		s.rss += p->rss;
	}
	for (size_t i = 0; i < t->members.len;) {
		struct member *m = &t->members.v[i];

		if (m->seen) {
			s.cpu_us += m->cpu;
			s.read_bytes += m->read;
			s.written_bytes += m->written;
			i++;
			continue;
		}
		t->gone_cpu += m->cpu;
		t->gone_read += m->read;
		t->gone_written += m->written;
		vec_remove(&t->members, i);
	}
	s.cpu_us += t->gone_cpu;
	s.read_bytes += t->gone_read;
	s.written_bytes += t->gone_written;
	if (!any_io && !s.read_bytes && !s.written_bytes)
		s.read_bytes = s.written_bytes = -1;
	/* Children that lived and died between two looks are known only to the parent that waited for them. */
	const struct proc *r = proc_find(&u->list, root);
	if (r->cpu_us + r->ended_us > s.cpu_us)
		s.cpu_us = r->cpu_us + r->ended_us;
	if (s.cpu_us < t->last_cpu)
		s.cpu_us = t->last_cpu;
	t->last_cpu = s.cpu_us;
	if (s.rss > t->peak)
		t->peak = s.rss;
	gpu_usage(pids.v, pids.len, &s.gpu_mem, &s.gpu_util);
	vec_release(&pids);
	*ret = s;
	return true;
}

void usage_forget(struct usage *u, pid_t root, int64_t *ret_peak)
{
	if (ret_peak)
		*ret_peak = -1;
	for (size_t i = 0; i < u->trees.len; i++)
		if (u->trees.v[i].root == root) {
			if (ret_peak)
				*ret_peak = u->trees.v[i].peak;
			forget(u, i);
			return;
		}
}

/* The numbers of a one-line file; "max" ends it. Returns how many there were (at most 2). */
static int read_numbers(const char *path, long long ret[2])
{
	_buf_ struct buf b = BUF_INIT;
	struct err ignored;

	if (!file_exists(path) || file_read(path, 256, &b, &ignored) < 0)
		return 0;
	int n = sscanf(b.data, "%lld %lld", &ret[0], &ret[1]);
	return n > 0 ? n : 0;
}

/* The limits of cgroups v2 that this process is under: its own and those above. Unset ones stay as they are. */
static void cgroup_limits(int *cpus, int64_t *memory)
{
	_buf_ struct buf own = BUF_INIT, dir = BUF_INIT;
	struct err ignored;
	const char *path;

	if (!file_exists("/proc/self/cgroup") || file_read("/proc/self/cgroup", 1 << 16, &own, &ignored) < 0 ||
	    !(path = strstr(own.data, "0::/")))
		return;
	buf_adds(&dir, "/sys/fs/cgroup");
	size_t root = dir.len;
	buf_add(&dir, path + 3, strcspn(path + 3, "\n"));
	for (;;) {
		long long v[2];
		size_t len = dir.len;

		buf_adds(&dir, "/cpu.max");
		if (read_numbers(dir.data, v) == 2 && v[0] > 0 && v[1] > 0 && (v[0] + v[1] - 1) / v[1] < *cpus)
			*cpus = (int)((v[0] + v[1] - 1) / v[1]);
		buf_cut(&dir, len);
		buf_adds(&dir, "/memory.max");
		if (read_numbers(dir.data, v) >= 1 && v[0] > 0 && v[0] < *memory)
			*memory = v[0];
		buf_cut(&dir, len);
		if (len <= root)
			return;
		while (dir.len > root && dir.data[dir.len - 1] != '/')
			buf_cut(&dir, dir.len - 1);
		buf_cut(&dir, dir.len > root ? dir.len - 1 : root);
	}
}

static int count_cpus(void)
{
	int n = (int)sysconf(_SC_NPROCESSORS_ONLN);
#ifdef __linux__
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) == 0)
		n = CPU_COUNT(&set);
#endif
	return n > 0 ? n : 1;
}

void machine_read(struct machine *ret)
{
	struct passwd *pw = getpwuid(getuid());

	memset(ret, 0, sizeof *ret);
	ret->cpus = count_cpus();
	ret->memory = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	cgroup_limits(&ret->cpus, &ret->memory);
	ret->gpus = gpu_count();
	if (ret->gpus)
		snprintf(ret->gpu_name, sizeof ret->gpu_name, "%s", gpu_name(0));
	if (gethostname(ret->host, sizeof ret->host - 1) < 0)
		snprintf(ret->host, sizeof ret->host, "localhost");
	snprintf(ret->user, sizeof ret->user, "%s", pw ? pw->pw_name : getenv("USER") ? getenv("USER") : "unknown");
}
