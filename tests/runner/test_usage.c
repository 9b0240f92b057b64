#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/time.h"
#include "base/vec.h"
#include "runner/process/gpu.h"
#include "runner/process/proc.h"
#include "runner/process/usage.h"

#ifndef JIG_POSIX

/* Children that the tests can talk to: a byte in `ready` says that it is where the test wants it, closing `go` ends
 * it. */
struct child { pid_t pid; int ready, go; };

static void burn(int64_t us)
{
	struct timespec ts;

	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	while (ts.tv_sec * US_PER_S + ts.tv_nsec / 1000 < us);
}

static void say(int fd)
{
	if (write(fd, "x", 1) != 1)
		_exit(9);
}

static void hear(int fd)
{
	char c;

	assert_int_equal(read(fd, &c, 1), 1);
}

static void until_closed(int fd)
{
	char c;

	while (read(fd, &c, 1) > 0)
		;
}

static struct child start(void (*run)(int ready, int go))
{
	int ready[2], go[2];

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(ready[0]);
		close(go[1]);
		run(ready[1], go[0]);
		_exit(0);
	}
	close(ready[1]);
	close(go[0]);
	return (struct child){ pid, ready[0], go[1] };
}

static void end(struct child *c)
{
	close(c->go);
	close(c->ready);
	waitpid(c->pid, NULL, 0);
}

/* A session with a child that burns, a grandchild whose parent has gone, and 32 MiB of memory. */
static void family(int ready, int go)
{
	setsid();
	char *memory = malloc(32 << 20);
	memset(memory, 1, 32 << 20);
	if (fork() == 0) {
		if (fork() == 0) {
			say(ready);
			until_closed(go);
			_exit(0);
		}
		_exit(0);
	}
	wait(NULL);
	if (fork() == 0) {
		burn(60000);
		say(ready);
		until_closed(go);
		_exit(0);
	}
	until_closed(go);
	wait(NULL);
}

static void test_tree(void **state)
{
	struct usage *u = usage_new();
	struct child c = start(family);
	struct sample s;
	int64_t peak = 0;

	hear(c.ready);
	hear(c.ready);
	usage_scan(u);
	assert_true(usage_sample(u, c.pid, &s));
	assert_int_equal(s.nprocs, 3);
	assert_true(s.cpu_us >= 50000);
	assert_true(s.rss >= 32 << 20);
	assert_true(s.ts > 0);
	assert_true(s.read_bytes >= 0 && s.written_bytes >= 0);
	usage_forget(u, c.pid, &peak);
	assert_int_equal(peak, s.rss);
	usage_forget(u, c.pid, &peak);
	assert_int_equal(peak, -1);
	end(&c);
	usage_free(u);
}

/* Burns in children one after the other: they are seen, end, and are waited for; or are not seen at all. */
static void generations(int ready, int go)
{
	for (int i = 0; i < 4; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			burn(30000);
			if (i % 2 == 0) {
				say(ready);
				pause();
			}
			_exit(0);
		}
		if (i % 2 == 0) {
			char c;
			if (read(go, &c, 1) < 0)
				_exit(9);
			kill(pid, SIGKILL);
		}
		waitpid(pid, NULL, 0);
	}
	say(ready);
	until_closed(go);
}

static void test_never_falls(void **state)
{
	struct usage *u = usage_new();
	struct child c = start(generations);
	struct sample s;
	int64_t last = 0;

	for (int i = 0; i < 2; i++) {
		hear(c.ready);
		usage_scan(u);
		assert_true(usage_sample(u, c.pid, &s));
		assert_true(s.cpu_us >= last + 20000);
		last = s.cpu_us;
		assert_int_equal(write(c.go, "x", 1), 1);
	}
	hear(c.ready);
	usage_scan(u);
	assert_true(usage_sample(u, c.pid, &s));
	assert_true(s.cpu_us >= last);
	assert_true(s.cpu_us >= 100000);
	end(&c);
	usage_scan(u);
	assert_false(usage_sample(u, c.pid, &s));
	usage_free(u);
	usage_free(NULL);
}

static void writer(int ready, int go)
{
	char name[] = "/tmp/usageXXXXXX", block[4096] = { 1 };
	int fd = mkstemp(name);

	unlink(name);
	for (int i = 0; i < 256; i++)
		if (write(fd, block, sizeof block) < 0)
			_exit(9);
	fsync(fd);
	say(ready);
	until_closed(go);
}

static void test_io(void **state)
{
	struct usage *u = usage_new();
	struct child c = start(writer);
	int64_t r, w;
	struct sample s;

	hear(c.ready);
	usage_scan(u);
	assert_true(usage_sample(u, c.pid, &s));
	/* A temporary folder in memory writes nothing to storage. */
	if (proc_io(c.pid, &r, &w))
		assert_true(s.written_bytes >= w && (w == 0 || w >= 1 << 20));
	else
		assert_int_equal(s.written_bytes, -1);
	end(&c);
	usage_free(u);
}

static void sleeper(int ready, int go)
{
	say(ready);
	until_closed(go);
}

static void test_many_processes(void **state)
{
	enum { N = 300 };
	static struct child c[N];
	struct usage *u = usage_new();
	struct proc_list l = { 0 };
	struct proc p;

	for (int i = 0; i < N; i++)
		c[i] = start(sleeper);
	for (int i = 0; i < N; i++)
		hear(c[i].ready);
	int64_t best = INT64_MAX;
	for (int i = 0; i < 10; i++) {
		int64_t t = time_mono();
		struct sample s;
		usage_scan(u);
		assert_true(usage_sample(u, c[0].pid, &s));
		t = time_mono() - t;
		best = t < best ? t : best;
	}
	print_message("a look at %d processes: %lld us\n", N, (long long)best);
	proc_scan(&l);
	assert_true(l.len >= N);
	for (size_t i = 1; i < l.len; i++)
		assert_true(l.v[i - 1].pid < l.v[i].pid);
	for (int i = 0; i < N; i++) {
		const struct proc *found = proc_find(&l, c[i].pid);
		assert_non_null(found);
		assert_int_equal(found->ppid, getpid());
	}
	bool *in = calloc(l.len, 1);
	assert_int_equal(proc_mark_tree(&l, c[7].pid, in), 1);
	free(in);
	/* Children hold copies of pipes made before them: the youngest first. */
	for (int i = N - 1; i >= 0; i--)
		kill(c[i].pid, SIGKILL);
	for (int i = 0; i < N; i++)
		end(&c[i]);
	assert_false(proc_read(c[0].pid, &p));
	assert_false(proc_alive(c[0].pid));
	vec_release(&l);
	usage_free(u);
}

static void sinister(int ready, int go)
{
	int fd = open("/proc/self/comm", O_WRONLY | O_CLOEXEC);

	if (write(fd, ") R 1 1 (", 9) != 9)
		_exit(9);
	say(ready);
	until_closed(go);
}

/* A name with parentheses and blanks does not move the fields. */
static void test_sinister_name(void **state)
{
	struct child c = start(sinister);
	struct proc p;

	hear(c.ready);
	assert_true(proc_read(c.pid, &p));
	assert_int_equal(p.ppid, getpid());
	assert_int_equal(p.sid, getsid(0));
	assert_true(p.start > 0);
	end(&c);
}

#endif

static void test_machine(void **state)
{
	struct machine m;

	machine_read(&m);
	assert_true(m.cpus >= 1 && m.cpus <= sysconf(_SC_NPROCESSORS_CONF));
	assert_true(m.memory > 1 << 20);
	assert_true(*m.host && *m.user);
	assert_int_equal(m.gpus, gpu_count());
}

static void test_gpu(void **state)
{
	int64_t memory = 5;
	double share = 5;
	pid_t self = getpid();

	assert_null(gpu_name(-1));
	assert_null(gpu_name(gpu_count()));
	gpu_usage(&self, 1, &memory, &share);
	if (gpu_count() == 0) {
		assert_int_equal(memory, -1);
		assert_true(isnan(share));
	} else {
		assert_non_null(gpu_name(0));
		assert_int_equal(memory, 0); /* this process uses none */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifndef JIG_POSIX
	        cmocka_unit_test(test_tree),           cmocka_unit_test(test_never_falls),   cmocka_unit_test(test_io),
	        cmocka_unit_test(test_many_processes), cmocka_unit_test(test_sinister_name),
#endif
	        cmocka_unit_test(test_machine),        cmocka_unit_test(test_gpu),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
