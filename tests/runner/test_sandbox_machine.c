/* What a step in the sandbox has of the machine, and what is said where no sandbox can be made. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "runner/work/sandbox.h"
#include "tests/runner/sandbox_case.h"

static int connect_to(int port)
{
	struct sockaddr_in at = {
	        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0 ? 0
	       : errno == ECONNREFUSED || errno == ENETUNREACH                ? 7
	                                                                      : 8;
}

static int listen_here(int *ret_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 4) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &n) < 0)
		return -1;
	*ret_port = ntohs(at.sin_port);
	return fd;
}

/* Memory that processes share, as Python's multiprocessing makes it. */
static int share_memory(void)
{
	int fd = shm_open("/jig-test", O_RDWR | O_CREAT | O_EXCL, 0600), status;

	if (fd < 0 || ftruncate(fd, 1 << 20) < 0)
		return 1;
	char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return 2;
	pid_t pid = fork();
	if (pid == 0) {
		p[4096] = 42;
		_exit(0);
	}
	return waitpid(pid, &status, 0) == pid && p[4096] == 42 && shm_unlink("/jig-test") == 0 ? 0 : 3;
}

static int inside(const char *word, const char *arg)
{
	int port;

	if (strcmp(word, "connect") == 0)
		return connect_to((int)strtol(arg, NULL, 10));
	if (strcmp(word, "loopback") == 0)
		return listen_here(&port) < 0 ? 9 : connect_to(port);
	if (strcmp(word, "shm") == 0)
		return share_memory();
	if (strcmp(word, "sees") == 0)
		return kill((pid_t)strtol(arg, NULL, 10), 0) == 0 || errno != ESRCH ? 0 : 7;
	return 99;
}

/* Root's steps are as little the machine's as others: these are open to their owner whatever rights were dropped. */
static void test_settings_of_the_machine(void **state)
{
	WITH_PROJECT;
	refuses(&f, "test -w /proc/sys/kernel/core_pattern", "");
	refuses(&f, "test -w /proc/sys/vm/drop_caches", "");
	refuses(&f, "test -w /proc/sysrq-trigger", "");
	refuses(&f, "touch /sys/fs/cgroup/planted", "");
	gives(&f, "cat /proc/sys/kernel/ostype", "", "Linux\n");
}

/* A step signals its own group, as scripts do at their end, and nobody else's. */
static void test_own_group(void **state)
{
	WITH_PROJECT;
	if (access("/usr/bin/setsid", X_OK) < 0 && access("/bin/setsid", X_OK) < 0)
		skip();
	gives(&f, "trap '' TERM; kill 0; echo still", "", "still\n");
	gives(&f, "trap 'echo ended; exit 0' TERM; kill -TERM -$$; sleep 60", "", "ended\n");
}

static void test_network(void **state)
{
	WITH_PROJECT;
	int port;
	_close_ int fd = listen_here(&port);
	const char *text = arena_printf(&f.a, "%d", port);

	assert_true(fd >= 0);
	f.network = true;
	assert_int_equal(inside_says(&f, "connect", text), 0);
	assert_int_equal(inside_says(&f, "loopback", ""), 0);
	if (!have_network_cut) {
		print_message("the network cannot be cut off here\n");
		return;
	}
	f.network = false;
	assert_int_equal(inside_says(&f, "connect", text), 7);
	assert_int_equal(inside_says(&f, "loopback", ""), 0);
	gives(&f, "ls /sys/class/net 2>/dev/null | wc -l >/dev/null; grep -c : /proc/net/dev", "", "1\n");
}

static void test_processes(void **state)
{
	WITH_PROJECT;
	_buf_ struct buf out = BUF_INIT;

	assert_int_equal(
	        inside_says(&f, "sees", arena_printf(&f.a, "%d", (int)getpid() > 1000 ? (int)getpid() : 99999)), 7);
	assert_int_equal(run_argv(&f, (const char *const[]){"sh", "-c", "ls -d /proc/[0-9]* | wc -l", NULL}, &out), 0);
	assert_true(strtol(out.data, NULL, 10) <= 6);
}

static void test_devices(void **state)
{
	WITH_PROJECT;
	_free_ char *stray = mem_printf("/dev/shm/jig-test.%d", (int)getpid());
	struct err e;

	assert_int_equal(file_write(stray, "secret\n", 7, 0600, &e), 0);
	refuses(&f, "cat \"$1\"", stray);
	unlink(stray);
	assert_int_equal(inside_says(&f, "shm", ""), 0);
	gives(&f, "head -c 4 /dev/zero | wc -c | tr -d ' '; echo x > /dev/null; head -c 1 /dev/urandom >/dev/null", "",
	      "4\n");
	refuses(&f, "ls -d /dev/[hsv]d[a-z] /dev/nvme* /dev/mem", "");
}

#ifndef JIG_POSIX

/* A program that stands for bwrap. */
static void fake_bwrap(struct fixture *f, const char *script)
{
	const char *path = put(f, f->top, "bin/bwrap", script);

	assert_int_equal(chmod(path, 0755), 0);
}

static void test_probe(void **state)
{
	_cleanup_(done) struct fixture f;
	bool network = true;
	struct err e;

	init_usual(&f);
	const char *bin = below(&f, f.top, "bin");
	const char *path = arena_printf(&f.a, "PATH=%s", bin);
	char *const env[] = { (char *)path, NULL };

	assert_int_equal(sandbox_probe(env, &network, &e), ERR_BROKEN);
	assert_non_null(strstr(e.text, "install the package bubblewrap"));
	assert_non_null(strstr(e.text, "--isolation folder"));
	f.env[0] = path;
	assert_int_equal(make(&f, &e), ERR_BROKEN);
	assert_non_null(strstr(e.text, "install the package bubblewrap"));

	fake_bwrap(&f, "#!/bin/sh\necho 'bwrap: no namespaces today' >&2\nexit 1\n");
	assert_int_equal(sandbox_probe(env, &network, &e), ERR_BROKEN);
	assert_non_null(strstr(e.text, "bwrap: no namespaces today"));
	assert_non_null(strstr(e.text, "--isolation folder"));
	fake_bwrap(&f, "#!/bin/sh\nexit 1\n");
	assert_int_equal(sandbox_probe(env, &network, &e), ERR_BROKEN);
	assert_non_null(strstr(e.text, "without a word"));

	fake_bwrap(&f, "#!/bin/sh\ncase \"$*\" in *--unshare-net*) exit 1 ;; esac\n");
	assert_int_equal(sandbox_probe(env, &network, &e), 0);
	assert_false(network);
	fake_bwrap(&f, "#!/bin/sh\nexit 0\n");
	assert_int_equal(sandbox_probe(env, &network, &e), 0);
	assert_true(network);
}

static void test_project_that_holds_the_home(void **state)
{
	static const struct layout cases[] = {
		{ "project/home", "project", NULL, NULL, NULL },
		{ "home", "home", NULL, NULL, NULL },
		{ "jig/home", "project", "jig", NULL, NULL },
		{ "home", "link", NULL, "link", "home" },
	};
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_(done) struct fixture f;
		init(&f, &cases[i]);
		fake_bwrap(&f, "#!/bin/sh\n");
		f.env[0] = arena_printf(&f.a, "PATH=%s/bin", f.top);
		assert_int_equal(make(&f, &e), ERR_BROKEN);
		assert_non_null(strstr(e.text, "holds the home folder"));
		assert_non_null(strstr(e.text, "--isolation folder"));
		assert_null(f.s);
	}
	_cleanup_(done) struct fixture f;
	init_usual(&f);
	fake_bwrap(&f, "#!/bin/sh\n");
	f.env[0] = arena_printf(&f.a, "PATH=%s/bin", f.top);
	f.root = below(&f, f.top, "gone");
	assert_true(make(&f, &e) < 0);
	assert_non_null(strstr(e.text, f.root));
	sandbox_free(NULL);
}

#endif

int main(int argc, char **argv)
{
	int status = sandbox_case_begin(argc, argv, inside);
	if (status >= 0)
		return status;
#define CASE(t) cmocka_unit_test(t)
	const struct CMUnitTest tests[] = {
	        CASE(test_settings_of_the_machine),
	        CASE(test_own_group),
	        CASE(test_network),
	        CASE(test_processes),
	        CASE(test_devices),
#ifndef JIG_POSIX
	        CASE(test_probe),
	        CASE(test_project_that_holds_the_home),
#endif
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
