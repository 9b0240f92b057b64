#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"

/* Every test runs in a fresh folder, which is the current one. */
static int enter_folder(void **state)
{
	struct err e;
	char *path;

	if (file_temp_dir("/tmp", "test_file", &path, &e) < 0 || chdir(path) < 0)
		return -1;
	*state = path;
	return 0;
}

static int leave_folder(void **state)
{
	struct err e = {0};
	int rc = chdir("/") < 0 ? -1 : file_remove_tree(*state, &e);

	if (rc < 0)
		print_error("%s\n", e.text);
	free(*state);
	return rc;
}

static void put(const char *path, const char *text, mode_t mode)
{
	struct err e;

	assert_int_equal(file_mkdirs_parent(path, 0755, &e), 0);
	assert_int_equal(file_write(path, text, strlen(text), 0644, &e), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void assert_content(const char *path, const char *want)
{
	_buf_ struct buf b = BUF_INIT;
	struct err e;

	if (file_read(path, 1 << 20, &b, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(b.data, want);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void reading_is_bounded(void **state)
{
	_buf_ struct buf b = BUF_INIT;
	struct err e;

	put("f", "12345", 0644);
	buf_adds(&b, ">");
	assert_int_equal(file_read("f", 5, &b, &e), 0);
	assert_string_equal(b.data, ">12345");
	assert_int_equal(file_read("f", 4, &b, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "f is larger than the 4 bytes"));
	assert_string_equal(b.data, ">12345");
	assert_int_equal(file_read("none", 4, &b, &e), ERR_NOT_FOUND);
	assert_int_equal(file_read(".", 4, &b, &e), ERR_BROKEN);
	put("empty", "", 0644);
	assert_int_equal(file_read("empty", 0, &b, &e), 0);
	/* A size of 0 says nothing in /proc. */
	buf_reset(&b);
	assert_int_equal(file_read("/proc/self/stat", 100000, &b, &e), 0);
	assert_true(b.len > 0);
	assert_int_equal(file_read("/proc/self/stat", 3, &b, &e), ERR_USAGE);
	assert_int_equal(file_read("/dev/zero", 100000, &b, &e), ERR_USAGE);
}

/* A FIFO has no writer yet, and none need ever come. */
static void reading_waits_for_no_fifo(void **state)
{
	_buf_ struct buf b = BUF_INIT;
	struct err e;
	int ends[2];
	char name[32];

	assert_int_equal(mkfifo("fifo", 0644), 0);
	assert_int_equal(symlink("fifo", "link"), 0);
	assert_int_equal(file_read("fifo", 100, &b, &e), ERR_USAGE);
	assert_string_equal(e.text, "fifo is a FIFO, not a file");
	assert_int_equal(file_read("link", 100, &b, &e), ERR_USAGE);

	/* As a shell hands over what a program prints; its writer may be slow. */
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		usleep(50000);
		_exit(write(ends[1], "12345", 5) != 5);
	}
	close(ends[1]);
	snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
	assert_int_equal(file_read(name, 100, &b, &e), 0);
	assert_string_equal(b.data, "12345");
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(ends[0]);
}

static void large_files_are_read_whole(void **state)
{
	_buf_ struct buf b = BUF_INIT, back = BUF_INIT;
	struct err e;

	for (int i = 0; i < 1000000; i++)
		buf_addc(&b, (char)(i % 251));
	buf_fill(&b, 'x', 4 << 20);
	assert_int_equal(file_write("big", b.data, b.len, 0644, &e), 0);
	assert_int_equal(file_read("big", SIZE_MAX, &back, &e), 0);
	assert_int_equal(back.len, b.len);
	assert_memory_equal(back.data, b.data, b.len);
}

static int count_entries(const char *path)
{
	_closedir_ DIR *d = opendir(path);
	int n = 0;

	while (d && readdir(d))
		n++;
	return n - 2;
}

static void atomic_writes_replace(void **state)
{
	struct err e;

	put("f", "old", 0600);
	assert_int_equal(file_write_atomic("f", "new", 3, 0640, &e), 0);
	assert_content("f", "new");
	assert_int_equal(mode_of("f"), 0640);
	assert_int_equal(file_write_atomic("none/f", "x", 1, 0644, &e), ERR_NOT_FOUND);
	assert_int_equal(mkdir("folder", 0755), 0);
	assert_int_equal(file_write_atomic("folder", "x", 1, 0644, &e), ERR_BROKEN);
	/* Nothing temporary stays behind a failure. */
	assert_int_equal(count_entries("."), 2);
	assert_int_equal(file_write("/dev/full", "x", 1, 0644, &e), ERR_BROKEN);
	assert_non_null(strstr(e.text, "free space"));
	assert_int_equal(file_sync_dir("folder", &e), 0);
	assert_int_equal(file_sync_dir("none", &e), ERR_NOT_FOUND);
	char long_name[256];
	memset(long_name, 'n', 255);
	long_name[255] = '\0';
	assert_int_equal(file_write_atomic(long_name, "x", 1, 0644, &e), 0);
}

static void folders_are_made(void **state)
{
	struct err e;

	assert_int_equal(file_mkdirs("a/b/c", 0755, &e), 0);
	assert_int_equal(file_mkdirs("a/b/c/", 0755, &e), 0);
	assert_int_equal(file_mkdirs("x//y/./z//", 0755, &e), 0);
	assert_true(file_is_dir("x/y/z"));
	assert_int_equal(file_mkdirs("/", 0755, &e), 0);
	assert_int_equal(file_mkdirs(".", 0755, &e), 0);
	put("f", "", 0644);
	assert_int_equal(file_mkdirs("f", 0755, &e), ERR_BROKEN);
	assert_int_equal(file_mkdirs("f/g", 0755, &e), ERR_BROKEN);
	assert_int_equal(file_mkdirs("", 0755, &e), ERR_NOT_FOUND);
	assert_int_equal(file_mkdirs_parent("p/q/file", 0755, &e), 0);
	assert_true(file_is_dir("p/q") && !file_exists("p/q/file"));
	assert_int_equal(symlink("p", "link"), 0);
	assert_int_equal(file_mkdirs("link", 0755, &e), 0);
}

static void what_is_there(void **state)
{
	put("f", "", 0644);
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	assert_int_equal(symlink(".", "here"), 0);
	assert_true(file_exists("f") && file_exists("dangling") && !file_exists("g"));
	assert_true(file_is_dir("here") && !file_is_dir("f") && !file_is_dir("dangling"));
}

static void trees_are_removed(void **state)
{
	struct err e;

	assert_int_equal(file_remove_tree("absent", &e), 0);
	put("f", "", 0644);
	assert_int_equal(file_remove_tree("f/below", &e), 0);
	assert_int_equal(file_remove_tree("f", &e), 0);
	assert_false(file_exists("f"));
	put("keep/me", "kept", 0644);
	put("t/a/b/c", "", 0444);
	put("t/a/locked/x", "", 0444);
	assert_int_equal(chmod("t/a/locked", 0555), 0);
	put("t/closed/x", "", 0444);
	assert_int_equal(chmod("t/closed", 0), 0);
	assert_int_equal(symlink("../../keep", "t/a/link"), 0);
	assert_int_equal(symlink("keep", "outer"), 0);
	assert_int_equal(mkfifo("t/fifo", 0600), 0);
	assert_int_equal(file_remove_tree("t/", &e), 0);
	assert_false(file_exists("t"));
	assert_int_equal(file_remove_tree("outer", &e), 0);
	assert_false(file_exists("outer"));
	assert_content("keep/me", "kept");
}

static void wide_trees_are_removed(void **state)
{
	struct err e;
	char name[64];

	for (int i = 0; i < 1500; i++) {
		snprintf(name, sizeof name, "t/%d/%d", i % 3, i);
		put(name, "", 0644);
	}
	assert_int_equal(file_remove_tree("t", &e), 0);
	assert_false(file_exists("t"));
}

static void deep_trees_cost_no_descriptors(void **state)
{
	struct rlimit before, few;
	struct err e;
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < 600; i++) {
		assert_int_equal(mkdir("deep", 0755), 0);
		assert_int_equal(chdir("deep"), 0);
		put("file", "", 0644);
	}
	assert_int_equal(fchdir(here), 0);
	close(here);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = 128;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	int rc = file_remove_tree("deep", &e);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(rc, 0);
	assert_false(file_exists("deep"));
}

static void files_are_copied(void **state)
{
	_buf_ struct buf big = BUF_INIT, back = BUF_INIT;
	struct err e;

	put("f", "content", 0755);
	assert_int_equal(file_copy("f", "g", 0444, &e), 0);
	assert_content("g", "content");
	assert_int_equal(mode_of("g"), 0444);
	assert_int_equal(file_copy("f", "g", 0644, &e), ERR_EXISTS);
	assert_int_equal(file_copy("none", "h", 0644, &e), ERR_NOT_FOUND);
	assert_int_equal(file_copy(".", "h", 0644, &e), ERR_BROKEN);
	assert_false(file_exists("h"));
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(file_copy("fifo", "h", 0644, &e), ERR_BROKEN);
	for (int i = 0; i < 300001; i++)
		buf_addc(&big, (char)(i * 7 % 253));
	assert_int_equal(file_write("big", big.data, big.len, 0644, &e), 0);
	assert_int_equal(file_copy("big", "big2", 0600, &e), 0);
	assert_int_equal(file_copy("big", "big3", 0600, &e), 0);
	assert_int_equal(file_read("big3", SIZE_MAX, &back, &e), 0);
	assert_int_equal(back.len, big.len);
	assert_memory_equal(back.data, big.data, big.len);
	put("empty", "", 0644);
	assert_int_equal(file_copy("empty", "empty2", 0644, &e), 0);
	assert_content("empty2", "");
	/* A file whose size says 0 and whose content is longer. */
	assert_int_equal(file_copy("/proc/self/mounts", "mounts", 0644, &e), 0);
	assert_true(file_read("mounts", 1 << 20, &back, &e) == 0 && back.len > big.len);
}

static void copies_in_other_file_systems(void **state)
{
	_buf_ struct buf big = BUF_INIT, back = BUF_INIT;
	_free_ char *folder = NULL;
	struct err e;

	if (file_temp_dir("/dev/shm", "test_file", &folder, &e) < 0)
		skip();
	buf_fill(&big, 'x', 200000);
	assert_int_equal(file_write("big", big.data, big.len, 0644, &e), 0);
	_free_ char *there = path_join(folder, "big");
	assert_int_equal(file_copy("big", there, 0644, &e), 0);
	assert_int_equal(file_read(there, SIZE_MAX, &back, &e), 0);
	assert_int_equal(back.len, big.len);
	assert_int_equal(file_remove_tree(folder, &e), 0);
}

static bool link_but(void *arg, const char *rel, const char *target)
{
	assert_string_equal(target, "../nowhere");
	return strcmp(rel, arg);
}

/* Of the last change. */
static void assert_same_time(const char *a, const char *b)
{
	struct stat x, y;

	assert_int_equal(lstat(a, &x), 0);
	assert_int_equal(lstat(b, &y), 0);
	assert_memory_equal(&x.st_mtim, &y.st_mtim, sizeof x.st_mtim);
}

static void sparse_files_stay_sparse(void **state)
{
	struct err e;
	struct stat st;
	char back[4] = "";
	int fd = open("holes", O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	assert_int_equal(ftruncate(fd, (off_t)10 << 30), 0);
	assert_int_equal(pwrite(fd, "abc", 3, (off_t)5 << 30), 3);
	close(fd);
	assert_int_equal(file_copy("holes", "holes2", 0644, &e), 0);
	assert_int_equal(stat("holes2", &st), 0);
	assert_int_equal(st.st_size, (off_t)10 << 30);
	assert_true((int64_t)st.st_blocks * 512 < 10 << 20);
	fd = open("holes2", O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(fd, back, 3, (off_t)5 << 30), 3);
	assert_string_equal(back, "abc");
	close(fd);
}

static void trees_are_copied(void **state)
{
	struct err e;
	char target[64];

	put("t/a/run.sh", "#!/bin/sh\n", 0755);
	put("t/a/data", "1", 0440);
	put("t/locked/x", "2", 0644);
	assert_int_equal(chmod("t/locked", 0555), 0);
	assert_int_equal(mkdir("t/empty", 0700), 0);
	assert_int_equal(symlink("../nowhere", "t/a/link"), 0);
	assert_int_equal(mkfifo("t/fifo", 0600), 0);
	const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 2000, .tv_nsec = 30}};
	const char *const aged[] = {"t/a/data", "t/a", "t/locked", "t"};
	for (size_t i = 0; i < ARRAY_LEN(aged); i++)
		assert_int_equal(utimensat(AT_FDCWD, aged[i], old, 0), 0);
	assert_int_equal(file_copy_tree("t/", "copy", NULL, NULL, &e), 0);
	assert_content("copy/a/run.sh", "#!/bin/sh\n");
	assert_int_equal(mode_of("copy/a/run.sh"), 0755);
	assert_int_equal(mode_of("copy/a/data"), 0440);
	assert_int_equal(mode_of("copy/locked"), 0555);
	assert_content("copy/locked/x", "2");
	assert_int_equal(mode_of("copy/empty"), 0700);
	assert_false(file_exists("copy/fifo"));
	ssize_t n = readlink("copy/a/link", target, sizeof target);
	assert_int_equal(n, 10);
	assert_memory_equal(target, "../nowhere", 10);
	assert_same_time("t/a/data", "copy/a/data");
	assert_same_time("t/locked", "copy/locked");
	assert_same_time("t", "copy");

	const char *refused = "a/link";
	assert_int_equal(file_copy_tree("t", "fewer", link_but, (void *)refused, &e), 0);
	assert_false(file_exists("fewer/a/link"));
	assert_content("fewer/a/data", "1");
	assert_same_time("t/a", "fewer/a");

	assert_int_equal(file_copy_tree("t", "copy", NULL, NULL, &e), ERR_EXISTS);
	assert_int_equal(file_copy_tree("none", "x", NULL, NULL, &e), ERR_NOT_FOUND);
	assert_int_equal(file_copy_tree("t", "t/empty/x", NULL, NULL, &e), ERR_USAGE);
	assert_int_equal(file_copy_tree("t", "none/x", NULL, NULL, &e), ERR_NOT_FOUND);
	assert_int_equal(file_copy_tree("t/a/data", "single", NULL, NULL, &e), 0);
	assert_content("single", "1");
}

static int note(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e)
{
	size_t n = strlen(abs), m = strlen(rel);

	assert_true(abs[0] == '/' && n > m && !strcmp(abs + n - m, rel) && abs[n - m - 1] == '/');
	buf_addf(arg, "%s%s ", rel, S_ISDIR(st->st_mode) ? "/" : S_ISLNK(st->st_mode) ? "@" : "");
	if (!strcmp(rel, "bad"))
		return err_set(e, ERR_FAILED, "stopped at %s", rel);
	return strcmp(rel, "skip") ? 0 : FILE_WALK_SKIP;
}

static void walks_are_in_byte_order(void **state)
{
	_buf_ struct buf b = BUF_INIT;
	struct err e;

	put("t/b", "", 0644);
	put("t/a/y", "", 0644);
	put("t/a/x", "", 0644);
	put("t/a.c", "", 0644);
	put("t/Z", "", 0644);
	put("t/skip/hidden", "", 0644);
	assert_int_equal(symlink("a", "t/link"), 0);
	assert_int_equal(file_walk("t", note, &b, &e), 0);
	assert_string_equal(b.data, "Z a/ a/x a/y a.c b link@ skip/ ");
	buf_reset(&b);
	_free_ char *absolute = path_join(*state, "t//");
	assert_int_equal(file_walk(absolute, note, &b, &e), 0);
	assert_string_equal(b.data, "Z a/ a/x a/y a.c b link@ skip/ ");
	buf_reset(&b);
	put("t/bad", "", 0644);
	assert_int_equal(file_walk("./t", note, &b, &e), ERR_FAILED);
	assert_string_equal(b.data, "Z a/ a/x a/y a.c b bad ");
	assert_string_equal(e.text, "stopped at bad");
	assert_int_equal(file_walk("none", note, &b, &e), ERR_NOT_FOUND);
	assert_int_equal(file_walk("t/b", note, &b, &e), ERR_BROKEN);
}

static void temporary_folders_are_private(void **state)
{
	_free_ char *a = NULL, *b = NULL;
	char *none = NULL;
	struct err e;

	assert_int_equal(file_temp_dir(".", "x", &a, &e), 0);
	assert_int_equal(file_temp_dir(".", "x", &b, &e), 0);
	assert_string_not_equal(a, b);
	assert_int_equal(mode_of(a), 0700);
	assert_int_equal(file_temp_dir("none", "x", &none, &e), ERR_NOT_FOUND);
	assert_null(none);
}

static void locks_exclude(void **state)
{
	struct err e;
	int fd = -1, second = -1;

	assert_false(file_locked("lock"));
	assert_false(file_exists("lock"));
	assert_int_equal(file_lock("lock", false, &fd, &e), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(file_locked("lock"));
	assert_int_equal(file_lock("lock", false, &second, &e), ERR_BUSY);
	assert_int_equal(second, -1);
	close(fd);
	assert_false(file_locked("lock"));
	assert_int_equal(file_lock("lock", true, &fd, &e), 0);
	/* Removed and made anew by another: the old file's lock is worth nothing. */
	assert_int_equal(unlink("lock"), 0);
	assert_int_equal(file_lock("lock", false, &second, &e), 0);
	close(fd);
	close(second);
	assert_int_equal(file_lock("none/lock", false, &fd, &e), ERR_NOT_FOUND);
}

static void what_took_its_place_stays(void **state)
{
	_buf_ struct buf b = BUF_INIT;
	struct err e;

	put("a", "old", 0644);
	_close_ int fd = open("a", O_RDONLY | O_CLOEXEC);
	put("new", "new", 0644);
	assert_int_equal(rename("new", "a"), 0);
	assert_false(file_rename_open("a", fd, "b"));
	assert_int_equal(file_read("a", 100, &b, &e), 0);
	assert_string_equal(b.data, "new");
	assert_false(file_exists("b"));
	close(fd);
	fd = open("a", O_RDONLY | O_CLOEXEC);
	assert_false(file_rename_open("a", fd, "none/b"));
	assert_true(file_rename_open("a", fd, "b"));
	assert_false(file_exists("a"));
	assert_true(file_exists("b"));
}

static void asking_does_not_disturb_locking(void **state)
{
	struct err e;
	int fd, status;

	put("lock", "", 0644);
	pid_t pid = fork();
	if (pid == 0) {
		while (getppid() != 1)
			file_locked("lock");
		_exit(0);
	}
	int busy = 0;
	for (int i = 0; i < 5000; i++) {
		if (file_lock("lock", false, &fd, &e) == 0)
			close(fd);
		else
			busy++;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_int_equal(busy, 0);
}

static void local_folders_are_not_on_a_network(void **state)
{
	const char *name = "unchanged";

	assert_false(file_on_network("/proc", &name));
	assert_false(file_on_network("/proc/none/deeper", NULL));
	assert_string_equal(name, "unchanged");
}

#define test(f) cmocka_unit_test_setup_teardown(f, enter_folder, leave_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        test(reading_is_bounded),
	        test(reading_waits_for_no_fifo),
	        test(large_files_are_read_whole),
	        test(atomic_writes_replace),
	        test(folders_are_made),
	        test(what_is_there),
	        test(trees_are_removed),
	        test(wide_trees_are_removed),
	        test(deep_trees_cost_no_descriptors),
	        test(files_are_copied),
	        test(copies_in_other_file_systems),
	        test(trees_are_copied),
	        test(sparse_files_stay_sparse),
	        test(walks_are_in_byte_order),
	        test(temporary_folders_are_private),
	        test(what_took_its_place_stays),
	        test(locks_exclude),
	        test(asking_does_not_disturb_locking),
	        test(local_folders_are_not_on_a_network),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
