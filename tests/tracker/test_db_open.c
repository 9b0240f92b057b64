/* Opening a record where SQLite's files beside it cannot be made or written. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/mount.h>
#endif
#include "tests/lib/record_case.h"
#include "tracker/db.h"
#include "tracker/query.h"

static char *below(const char *name)
{
	return path_join(record_dir, name);
}

/* A disk of its own, of 3 MB. */
static int small_disk(void **state)
{
	record_dir_setup(state);
#ifdef __linux__
	if (mount("tmpfs", record_dir, "tmpfs", 0, "size=3m,nr_inodes=100") == 0)
		return 0;
#endif
	record_dir_teardown(state);
	record_dir = NULL;
	return 0;
}

static int small_disk_gone(void **state)
{
#ifdef __linux__
	if (record_dir)
		umount2(record_dir, MNT_DETACH);
#endif
	if (record_dir)
		record_dir_teardown(state);
	return 0;
}

static void need_disk(void)
{
	if (record_dir)
		return;
	print_message("no file system can be mounted here: no full disk was tried\n");
	skip();
}

static void fill_disk(void)
{
	_free_ char *path = below("fill");
	static char bytes[4096];
	_close_ int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	while (write(fd, bytes, sizeof bytes) > 0)
		;
	assert_int_equal(errno, ENOSPC);
}

static void free_disk(void)
{
	_free_ char *path = below("fill");

	assert_int_equal(unlink(path), 0);
}

static void add_run(struct tracker *t)
{
	must(tracker_begin(t, &make_err));
	make_run(t, NULL);
	must(tracker_commit(t, &make_err));
}

static void one_run(void)
{
	_tracker_ struct tracker *t = record_open();

	add_run(t);
}

/* A process that dies leaves what it wrote in the -wal. */
static void run_of_a_dead_process(void)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		add_run(record_open());
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void has_runs(struct tracker *t, int64_t n)
{
	_arena_ struct arena a = ARENA_INIT;
	struct run_row row;

	for (int64_t run = 1; run <= n; run++)
		must(query_run(t, run, &a, &row, &make_err));
	assert_int_equal(query_run(t, n + 1, &a, &row, &make_err), ERR_NOT_FOUND);
}

/* All of it can be read, several times at once, and what cannot be written is told with its cause. */
static void reads_only(int64_t n, const char *cause)
{
	_tracker_ struct tracker *t = NULL, *other = NULL;
	struct verify_report v;
	struct err e;

	must(tracker_open(record_dir, TRACKER_READ, &t, &make_err));
	must(tracker_open(record_dir, TRACKER_READ, &other, &make_err));
	has_runs(t, n);
	has_runs(other, n);
	must(verify_all(t, NULL, &v, &make_err));
	assert_string_equal(v.fault, "");
	assert_true(tracker_is_barred(t));
	assert_int_equal(tracker_begin(t, &e), ERR_BROKEN);
	assert_non_null(strstr(e.text, cause));
	assert_false(t->in_transaction);
	assert_false(tracker_moved(t));
}

static void test_full(void **state)
{
	need_disk();
	one_run();
	fill_disk();
	reads_only(1, "No space left on device; free space");
	reads_only(1, "No space left");
	free_disk();
	one_run();
	fill_disk();
	reads_only(2, "No space left");
}

static void test_full_after_a_death(void **state)
{
	_free_ char *wal = below("jig.db-wal"), *shm = below("jig.db-shm");

	need_disk();
	one_run();
	run_of_a_dead_process();
	assert_true(file_exists(wal));
	assert_int_equal(unlink(shm), 0);
	fill_disk();
	reads_only(2, "No space left");
	/* What the -wal held stands in the database now, and gave room. */
	fill_disk();
	reads_only(2, "No space left");
	free_disk();
	one_run();
	fill_disk();
	reads_only(3, "No space left");
}

/* Not even a name is left. */
static void test_no_inodes(void **state)
{
	struct tracker *t;
	struct err e;

	need_disk();
	one_run();
	for (int i = 0;; i++) {
		_free_ char *name = mem_printf("%s/empty%d", record_dir, i);
		_close_ int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		if (fd < 0)
			break;
	}
	assert_int_equal(errno, ENOSPC);
	reads_only(1, "No space left");
	assert_int_equal(tracker_open(record_dir, TRACKER_CHANGE, &t, &e), ERR_BROKEN);
	assert_non_null(strstr(e.text, "No space left"));
	assert_true(e.full);
}

/* Beside a live one the ordinary way is open. */
static void test_full_beside_a_writer(void **state)
{
	_tracker_ struct tracker *live = NULL, *t = NULL;

	need_disk();
	live = record_open();
	add_run(live);
	fill_disk();
	must(tracker_open(record_dir, TRACKER_READ, &t, &make_err));
	assert_false(tracker_is_barred(t));
	has_runs(t, 1);
	free_disk();
	add_run(live);
	has_runs(t, 2);
}

/* What was read of a full disk is old as soon as somebody could write. */
static void test_room_again(void **state)
{
	_tracker_ struct tracker *t = NULL;

	need_disk();
	one_run();
	fill_disk();
	must(tracker_open(record_dir, TRACKER_READ, &t, &make_err));
	free_disk();
	assert_false(tracker_moved(t));
	run_of_a_dead_process();
	assert_true(tracker_moved(t));
	has_runs(t, 1);
}

/* A change that writes nothing needs no room; one that does says so, and is made when there is some. */
static void test_full_change(void **state)
{
	struct tracker *t = NULL;
	struct err e;

	need_disk();
	one_run();
	fill_disk();
	must(tracker_open(record_dir, TRACKER_CHANGE, &t, &make_err));
	assert_false(tracker_is_barred(t));
	must(tracker_begin(t, &make_err));
	must(tracker_commit(t, &make_err));
	must(tracker_begin(t, &make_err));
	make_run(t, NULL);
	assert_int_equal(tracker_commit(t, &e), ERR_BROKEN);
	assert_true(e.full);
	assert_non_null(strstr(e.text, "cannot write the record: the disk is full"));
	has_runs(t, 1);
	free_disk();
	add_run(t);
	tracker_close(t);
	t = record_open();
	has_runs(t, 2);
	tracker_close(t);
}

#ifdef __linux__
static void read_only_disk(void)
{
	assert_int_equal(mount(NULL, record_dir, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
}

static void test_read_only(void **state)
{
	need_disk();
	one_run();
	read_only_disk();
	reads_only(1, "Read-only file system");
}

static void test_read_only_after_a_death(void **state)
{
	_tracker_ struct tracker *t = NULL;
	struct err e;

	need_disk();
	one_run();
	run_of_a_dead_process();
	read_only_disk();
	reads_only(2, "Read-only file system");
	must(tracker_open(record_dir, TRACKER_CHANGE, &t, &make_err));
	assert_int_equal(tracker_begin(t, &e), ERR_BROKEN);
}

/* A -wal of which only a writer can make something. */
static void test_read_only_copied_in_part(void **state)
{
	_free_ char *shm = below("jig.db-shm");
	struct tracker *t;
	struct err e;

	need_disk();
	one_run();
	run_of_a_dead_process();
	assert_int_equal(unlink(shm), 0);
	read_only_disk();
	assert_int_equal(tracker_open(record_dir, TRACKER_READ, &t, &e), ERR_BROKEN);
	assert_non_null(strstr(e.text, "jig.db-wal holds the newest"));
	assert_non_null(strstr(e.text, "copy the folder"));
}
#endif

/* Runs f as somebody who is not root; the folder is his. */
static void as_another(void (*f)(void))
{
	pid_t pid;
	int status;

	if (geteuid() == 0 && chown(record_dir, 65534, 65534) < 0)
		skip();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
			_exit(9);
		f();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void read_without_rights(void)
{
	_free_ char *db = below("jig.db"), *shm = below("jig.db-shm"), *wal = below("jig.db-wal");
	struct stat st;

	one_run();
	/* A folder that is not to be written, then a database. */
	assert_int_equal(chmod(record_dir, 0500), 0);
	reads_only(1, "Permission denied");
	assert_false(file_exists(shm));
	assert_int_equal(chmod(db, 0400), 0);
	reads_only(1, "Permission denied");
	assert_int_equal(chmod(record_dir, 0700), 0);
	reads_only(1, "Permission denied");
	/* What that left behind bars nobody. */
	assert_int_equal(chmod(db, 0600), 0);
	_close_ int fd = open(shm, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0 || errno == EACCES);
	assert_int_equal(chmod(shm, 0444), 0);
	one_run();
	assert_true(stat(shm, &st) < 0 || (st.st_mode & S_IWUSR));
	assert_false(file_exists(wal));
}

static void test_no_rights(void **state)
{
	as_another(read_without_rights);
}

static void write_past_a_foreign_file(void)
{
	struct tracker *t = NULL;
	struct err e;
	int r = tracker_open(record_dir, TRACKER_WRITE, &t, &e);

	if (r >= 0)
		r = tracker_begin(t, &e);
	if (r >= 0) {
		make_run(t, NULL);
		r = tracker_commit(t, &e);
	}
	assert_int_equal(r, ERR_BROKEN);
	assert_non_null(strstr(e.text, "jig.db-shm is not writable for you"));
	tracker_close(t);
}

/* The file that is in the way is named. */
static void test_foreign_shm(void **state)
{
	_free_ char *shm = below("jig.db-shm");

	if (geteuid() != 0) {
		print_message("only root can make the file of another user\n");
		skip();
	}
	as_another(one_run);
	must(file_write(shm, "", 0, 0444, &make_err));
	as_another(write_past_a_foreign_file);
}

int main(void)
{
#define DISK_TEST(f) cmocka_unit_test_setup_teardown(f, small_disk, small_disk_gone)
	const struct CMUnitTest tests[] = {
	        DISK_TEST(test_full),
	        DISK_TEST(test_full_after_a_death),
	        DISK_TEST(test_no_inodes),
	        DISK_TEST(test_full_beside_a_writer),
	        DISK_TEST(test_room_again),
	        DISK_TEST(test_full_change),
#ifdef __linux__
	        DISK_TEST(test_read_only),
	        DISK_TEST(test_read_only_after_a_death),
	        DISK_TEST(test_read_only_copied_in_part),
#endif
	        record_dir_test(test_no_rights),
	        record_dir_test(test_foreign_shm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
