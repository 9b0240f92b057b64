/* The store under trouble: full disks, files that change, many writers. */
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "tests/store/scratch.h"
#include "store/put.h"
#include "store/tree.h"

static struct err e;

static int check_each(void *arg, const struct digest *d, int64_t size, const char *path, struct err *err)
{
	return d ? store_check(scratch_store, d, err) : err_set(err, ERR_BROKEN, "%s is a stray", path);
}

/* Every object is whole, and no temporary file is left. */
static void assert_store_sound(void)
{
	if (store_each(scratch_store, check_each, NULL, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(temp_count(), 0);
}

static void test_file_size_limit(void **state)
{
	_free_ char *bytes = noise(3000000, 1);
	struct digest d, small, got = {{0}};
	make_bytes(at("in"), bytes, 3000000, 0644);
	make_bytes(at("folder/a"), bytes, 3000000, 0644);
	assert_int_equal(put_whole(scratch_store, bytes, 2999999, &d, &e), 0);
	struct rlimit before, limit;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	limit = (struct rlimit){ .rlim_cur = 1000000, .rlim_max = before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	int copy = store_put_file(scratch_store, at("in"), STORE_COPY, &got, NULL, &e);
	int put = put_whole(scratch_store, bytes, 2000000, &got, &e);
	int get = store_get_file(scratch_store, &d, at("out"), 0644, &e);
	int tree = tree_put(scratch_store, at("folder"), STORE_COPY, &got, NULL, &e);
	int fits = put_whole(scratch_store, bytes, 1000, &small, &e);
	/* a move writes nothing, so it succeeds */
	int move = store_put_file(scratch_store, at("in"), STORE_MOVE, &d, NULL, &e);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(copy, ERR_BROKEN);
	assert_int_equal(put, ERR_BROKEN);
	assert_int_equal(get, ERR_BROKEN);
	assert_int_equal(tree, ERR_BROKEN);
	assert_int_equal(fits, 0);
	assert_int_equal(move, 0);
	assert_true(digest_is_zero(&got));
	assert_false(file_exists(at("out")));
	assert_true(file_exists(at("folder/a")));
	assert_int_equal(object_count(), 3);
	assert_store_sound();
}

/* In a mount namespace of its own: the store on a file system of 1 MiB. The child's exit status tells the line
 * that failed. */
#define child_check(x) \
	do { \
		if (!(x)) \
			_exit(__LINE__ % 200 + 1); \
	} while (0)

static void full_disk_child(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mkdir(at(".jig"), 0700) < 0 || mount("none", at(".jig"), "tmpfs", 0, "size=1m") < 0)
		_exit(0xff);
	char *bytes = noise(3000000, 2);
	struct digest d = {{0}};
	make_bytes(at("in"), bytes, 3000000, 0644);
	make_bytes(at("folder/a"), bytes, 1500000, 0644);
	for (int how = STORE_COPY; how <= STORE_MOVE; how++) {
		child_check(store_put_file(scratch_store, at("in"), (enum store_put)how, &d, NULL, &e) == ERR_BROKEN);
		child_check(strstr(e.text, "objects/tmp/"));
		child_check(file_exists(at("in")));
		child_check(tree_put(scratch_store, at("folder"), (enum store_put)how, &d, NULL, &e) == ERR_BROKEN);
		child_check(file_exists(at("folder/a")));
	}
	child_check(put_whole(scratch_store, bytes, 3000000, &d, &e) == ERR_BROKEN);
	child_check(digest_is_zero(&d));
	child_check(temp_count() == 0 && object_count() == 0);
	/* with room again all goes on */
	child_check(put_whole(scratch_store, bytes, 500000, &d, &e) == 0);
	child_check(store_check(scratch_store, &d, &e) == 0);
	/* the other way round: an object that does not fit where it is wanted */
	child_check(store_get_file(scratch_store, &d, at(".jig/out1"), 0644, &e) == 0 ||
		    !file_exists(at(".jig/out1")));
	child_check(store_get_file(scratch_store, &d, at(".jig/out2"), 0644, &e) == ERR_BROKEN);
	child_check(!file_exists(at(".jig/out2")));
	_exit(0);
}

static void test_full_disk(void **state)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		full_disk_child();
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 0xff) {
		print_message("no right to mount a small file system\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_file_that_changes(void **state)
{
	struct stat st;
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1000, .tv_nsec = 7 } };
	make_file(at("in"), "abc");
	assert_int_equal(utimensat(AT_FDCWD, at("in"), times, 0), 0);
	assert_int_equal(stat(at("in"), &st), 0);
	assert_int_equal(put_unchanged(at("in"), &st, 3, &e), 0);
	assert_fails(put_unchanged(at("in"), &st, 2, &e), e, ERR_BROKEN, "in: changed while it was read");
	times[1].tv_nsec = 8;
	assert_int_equal(utimensat(AT_FDCWD, at("in"), times, 0), 0);
	assert_fails(put_unchanged(at("in"), &st, 3, &e), e, ERR_BROKEN, "changed while it was read");
	times[1].tv_nsec = 7;
	assert_int_equal(utimensat(AT_FDCWD, at("in"), times, 0), 0);
	assert_int_equal(put_unchanged(at("in"), &st, 3, &e), 0);
	/* another file of the same looks in its place */
	make_file(at("other"), "abd");
	assert_int_equal(utimensat(AT_FDCWD, at("other"), times, 0), 0);
	assert_int_equal(rename(at("other"), at("in")), 0);
	assert_fails(put_unchanged(at("in"), &st, 3, &e), e, ERR_BROKEN, "changed while it was read");
	assert_int_equal(unlink(at("in")), 0);
	assert_fails(put_unchanged(at("in"), &st, 3, &e), e, ERR_NOT_FOUND, "in: is gone");
#ifdef __linux__
	/* a file that says 0 bytes and has more */
	struct digest d;
	assert_fails(store_put_file(scratch_store, "/proc/self/status", STORE_COPY, &d, NULL, &e), e, ERR_BROKEN,
		     "changed while it was read");
	assert_int_equal(object_count(), 0);
	assert_int_equal(temp_count(), 0);
#endif
}

enum { WRITERS = 4, FILES = 40 };

/* Writer i puts the same contents as all others, by all ways, into a store that none has made yet. */
static void writer_child(int i)
{
	for (int k = 0; k < FILES; k++) {
		size_t n = k == 0 ? 2000000 : (size_t)k * 777;
		char *bytes = noise(n, (uint64_t)k);
		struct digest d;
		make_bytes(at("w%d/in", i), bytes, n, 0644);
		switch ((i + k) % 3) {
		case 0:
			child_check(put_whole(scratch_store, bytes, n, &d, &e) == 0);
			break;
		case 1:
			child_check(store_put_file(scratch_store, at("w%d/in", i), STORE_COPY, &d, NULL, &e) == 0);
			break;
		default:
			child_check(store_put_file(scratch_store, at("w%d/in", i), STORE_MOVE, &d, NULL, &e) == 0);
		}
		child_check(store_check(scratch_store, &d, &e) == 0);
		free(bytes);
	}
	_exit(0);
}

static void test_many_writers(void **state)
{
	pid_t pids[WRITERS];
	for (int i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			writer_child(i);
	}
	/* a sweep of everything at the same time takes nothing that is being written */
	for (int i = 0; i < 50; i++)
		assert_int_equal(store_sweep(scratch_store, 0, false, NULL, &e), 0);
	for (int i = 0; i < WRITERS; i++) {
		int status;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	assert_int_equal(object_count(), FILES);
	assert_store_sound();
}

/* A folder is removed while it is taken in: that ends well or with an error, and the store stays sound. */
static void test_folder_that_vanishes(void **state)
{
	for (int round = 0; round < 12; round++) {
		struct digest d;
		for (int i = 0; i < 120; i++)
			make_file(at("gone/d%d/f%d", i / 10, i), at("%d", i));
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			_exit(file_remove_tree(at("gone"), &e) < 0);
		int r = round % 3 == 0 ? tree_digest(at("gone"), &d, NULL, &e)
				       : tree_put(scratch_store, at("gone"), round % 3 == 1 ? STORE_COPY : STORE_MOVE,
						&d, NULL, &e);
		assert_true(r == 0 || r == ERR_NOT_FOUND || r == ERR_BROKEN);
		if (r < 0)
			assert_non_null(strstr(e.text, "gone"));
		int status;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(file_remove_tree(at("gone"), &e), 0);
	}
	assert_store_sound();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_file_size_limit),
		scratch_test(test_full_disk),
		scratch_test(test_file_that_changes),
		scratch_test(test_many_writers),
		scratch_test(test_folder_that_vanishes),
	};
	return cmocka_run_group_tests_name("store_faults", tests, NULL, NULL);
}
