#include "tests/runner/checkpoint_scratch.h"
#include <inttypes.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "base/time.h"
#include "runner/work/checkpoint_proof.h"

enum { WAIT_US = 20 * 1000000 };

static int step; /* its address names the attempt */

/* What is set aside after a death; NULL: nothing. */
static const char *settle(bool orderly)
{
	const char *torn = "unset";
	assert_ok(checkpoint_settle(ckpt, orderly, &arena, &torn, e));
	return torn;
}
enum { ORDERLY = true, KILLED = false };

#define assert_torn(name) assert_string_equal(settle(KILLED) ?: "nothing", name)
#define assert_none_torn() assert_torn_is_none(settle(KILLED))
static void assert_torn_is_none(const char *torn)
{
	if (torn)
		fail_msg("\"%s\" was set aside", torn);
}

static bool is_proven(const char *name)
{
	struct map m;
	proofs_load(ckpt, &m);
	const struct proof *p = map_get(&m, name);
	bool yes = p && p->inode;
	proofs_release(&m);
	return yes;
}

static void turn(void)
{
	assert_ok(loop_step(loop, 1000, e));
}

static void alive(int times)
{
	while (times-- > 0) {
		turn();
		checkpoint_watch_alive(eye, &step);
	}
}

/* Until the condition holds, the loop turns and the step lives. */
#define alive_until(condition) \
	do { \
		for (int64_t end_ = time_mono() + WAIT_US; !(condition);) { \
			if (time_mono() > end_) \
				fail_msg("it never came to %s", #condition); \
			alive(1); \
		} \
	} while (0)

/* A step that writes half a file, and the other half and closes it when it is told. */
struct writer {
	pid_t pid;
	int tell, told;
};
enum { HALF = 100000 };

static void write_half(int fd)
{
	_free_ char *bytes = mem_zero(HALF);
	if (file_write_all(fd, bytes, HALF) < 0)
		_exit(3);
}

static struct writer writer_start(const char *name)
{
	int there_[2], back[2];
	char c;

	assert_int_equal(pipe2(there_, O_CLOEXEC), 0);
	assert_int_equal(pipe2(back, O_CLOEXEC), 0);
	struct writer w = {fork(), there_[1], back[0]};
	if (w.pid == 0) {
		close(there_[1]);
		close(back[0]);
		int fd = open(in(ckpt, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		write_half(fd);
		(void)!write(back[1], "1", 1);
		if (read(there_[0], &c, 1) == 1) {
			write_half(fd);
			close(fd);
			(void)!write(back[1], "2", 1);
		}
		(void)!read(there_[0], &c, 1);
		_exit(0);
	}
	close(there_[0]);
	close(back[1]);
	assert_int_equal(read(w.told, &c, 1), 1);
	return w;
}

static void writer_finish(struct writer *w)
{
	char c;
	assert_int_equal(write(w->tell, "x", 1), 1);
	assert_int_equal(read(w->told, &c, 1), 1);
}

static void writer_kill(struct writer *w)
{
	kill(w->pid, SIGKILL);
	assert_int_equal(waitpid(w->pid, NULL, 0), w->pid);
	close(w->tell);
	close(w->told);
}

static void nothing_to_settle(void **state)
{
	assert_none_torn();
	assert_null(settle(ORDERLY));
	assert_false(file_exists(torn_folder));
	assert_int_equal(rmdir(ckpt), 0);
	assert_none_torn();

	/* What a step may put in the folder's place is left alone. */
	assert_ok(file_write(ckpt, "x", 1, 0644, e));
	assert_none_torn();
	assert_int_equal(unlink(ckpt), 0);
	const char *other = in(home, "other");
	put_in(other, "theirs", "1");
	assert_int_equal(symlink(other, ckpt), 0);
	assert_none_torn();
	assert_true(file_exists(in(other, "theirs")));
}

static void an_orderly_exit_completes_all(void **state)
{
	put("1", "one");
	put("2", "two");
	put("3/w", "three");
	assert_null(settle(ORDERLY));
	/* The next attempt died before it wrote anything. */
	assert_none_torn();
	assert_none_torn();
	/* Another one died over the newest. */
	put("3/w", "three again");
	assert_torn("3");
	assert_content(in(torn_folder, "3/w"), "three again");
	assert_false(there("3"));
	assert_none_torn();
	assert_true(there("2") && there("1"));
}

static void the_newest_without_proof_is_set_aside(void **state)
{
	put("1", "one");
	put("2", "two");
	age("1", 2000);
	age("2", 1000);
	assert_torn("1");
	assert_content(in(torn_folder, "1"), "one");
	assert_none_torn();

	/* Nothing that is there is overwritten. */
	put("1", "one again");
	assert_torn("1.2");
	put("1", "one more");
	assert_torn("1.3");
	assert_content(in(torn_folder, "1"), "one");
	assert_content(in(torn_folder, "1.2"), "one again");
	assert_content(in(torn_folder, "1.3"), "one more");
	assert_content(in(ckpt, "2"), "two");
}

static void ties_go_by_name(void **state)
{
	put("a", "1");
	put("b", "2");
	put(".c", "3");
	age("a", 1000);
	age("b", 1000);
	age(".c", 1000);
	assert_torn("b");
}

static void hidden_ones_count(void **state)
{
	put("a", "1");
	put("b.tmp", "2");
	age("a", 1000);
	age("b.tmp", 2000);
	assert_torn("b.tmp");
	put(".x", "3");
	assert_torn(".x");
	assert_true(there("a"));
}

static void links_are_no_entries(void **state)
{
	put("1", "one");
	put("2", "two");
	age("1", 1000);
	age("2", 2000);
	assert_int_equal(symlink("2", in(ckpt, "latest")), 0);
	assert_int_equal(mkfifo(in(ckpt, "pipe"), 0600), 0);
	assert_torn("2");
	assert_true(there("latest"));
}

static void folders_are_as_new_as_what_is_in_them(void **state)
{
	put("1/weights", "one");
	put("2/deep/weights", "two");
	put("3", "three");
	age("1/weights", 3000);
	age("1", 1000);
	age("2/deep/weights", 5000);
	age("2/deep", 1000);
	age("2", 1000);
	age("3", 4000);
	assert_torn("2");
	assert_content(in(torn_folder, "2/deep/weights"), "two");
	assert_none_torn();
}

static void closed_while_the_writer_lives(void **state)
{
	checkpoint_watch_begin(eye, ckpt, &step);
	put("0", "zero");
	struct writer w = writer_start("1");
	alive(6);
	assert_true(is_proven("0"));
	assert_false(is_proven("1"));
	writer_finish(&w);
	alive_until(is_proven("1"));
	writer_kill(&w);
	checkpoint_watch_end(eye, &step);
	assert_none_torn();
}

static void killed_in_the_midst_of_a_write(void **state)
{
	checkpoint_watch_begin(eye, ckpt, &step);
	put("0", "zero");
	struct writer w = writer_start("1");
	alive_until(is_proven("0"));
	alive(6);
	writer_kill(&w);
	/* Its end closed the file; nobody calls it alive any more. */
	turn();
	checkpoint_watch_end(eye, &step);
	assert_torn("1");
	assert_none_torn();
	assert_content(in(ckpt, "0"), "zero");
	struct stat st;
	assert_int_equal(stat(in(torn_folder, "1"), &st), 0);
	assert_int_equal(st.st_size, HALF);
}

static void closed_a_moment_before_the_end(void **state)
{
	checkpoint_watch_begin(eye, ckpt, &step);
	put("1", "one");
	/* It may be its death that closed it, and the news of that has yet to come. */
	checkpoint_watch_alive(eye, &step);
	checkpoint_watch_alive(eye, &step);
	assert_false(is_proven("1"));
	checkpoint_watch_alive(eye, &step);
	assert_true(is_proven("1"));
	checkpoint_watch_end(eye, &step);
	assert_none_torn();
	checkpoint_watch_alive(eye, &step);
	checkpoint_watch_end(eye, &step);
}

static void a_write_takes_the_proof_away(void **state)
{
	checkpoint_watch_begin(eye, ckpt, &step);
	put("0", "zero");
	put("1", "one");
	alive_until(is_proven("1"));
	struct stat st;
	assert_int_equal(stat(in(ckpt, "1"), &st), 0);
	/* In place, of the same size, and with the old time: only the event tells. */
	int fd = open(in(ckpt, "1"), O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, "o", 1), 1);
	const struct timespec t[2] = {{.tv_nsec = UTIME_OMIT}, st.st_mtim};
	assert_int_equal(futimens(fd, t), 0);
	alive_until(!is_proven("1"));
	alive(6);
	assert_false(is_proven("1"));
	assert_true(is_proven("0"));
	checkpoint_watch_end(eye, &step);
	close(fd);
	assert_torn("1");
}

static void a_write_that_nobody_saw(void **state)
{
	checkpoint_watch_begin(eye, ckpt, &step);
	put("1", "one");
	alive_until(is_proven("1"));
	checkpoint_watch_end(eye, &step);
	put("1", "one");
	age("1", time(NULL) + 1);
	assert_torn("1");
}

static void written_again_and_proven_again(void **state)
{
	checkpoint_watch_begin(eye, ckpt, &step);
	put("last", "1");
	alive_until(is_proven("last"));
	put("last", "22");
	alive_until(!is_proven("last"));
	alive_until(is_proven("last"));
	assert_int_equal(unlink(in(ckpt, "last")), 0);
	alive_until(!is_proven("last"));
	checkpoint_watch_end(eye, &step);
	assert_none_torn();
}

static void a_mapping_counts_as_open(void **state)
{
	checkpoint_watch_begin(eye, ckpt, &step);
	int fd = open(in(ckpt, "map"), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(ftruncate(fd, 4096), 0);
	char *bytes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(bytes != MAP_FAILED);
	close(fd);
	alive(6);
	bytes[0] = 1;
	alive(6);
	assert_false(is_proven("map"));
	munmap(bytes, 4096);
	alive_until(is_proven("map"));
	checkpoint_watch_end(eye, &step);
	assert_none_torn();
}

/* Only the loop turns: a rename needs no second look. */
#define turn_until(condition) \
	do { \
		for (int64_t end_ = time_mono() + WAIT_US; !(condition); turn()) \
			if (time_mono() > end_) \
				fail_msg("it never came to %s", #condition); \
	} while (0)

static void renamed_into_place(void **state)
{
	put_in(home, "w.tmp", "weights");
	put_in(home, "f.tmp/deep/w", "more");
	checkpoint_watch_begin(eye, ckpt, &step);
	assert_int_equal(rename(in(home, "w.tmp"), in(ckpt, "w")), 0);
	turn_until(is_proven("w"));
	assert_int_equal(rename(in(home, "f.tmp"), in(ckpt, "f")), 0);
	turn_until(is_proven("f"));
	/* Within the folder too, while the end of the write is yet to be seen. */
	put("v.tmp", "v");
	assert_int_equal(rename(in(ckpt, "v.tmp"), in(ckpt, "v")), 0);
	alive_until(is_proven("v"));
	checkpoint_watch_end(eye, &step);
	assert_none_torn();

	assert_int_equal(unlink(in(ckpt, "v")), 0);
	age("w", 1000);
	assert_none_torn();
	put("f/deep/w", "ever more");
	age("f/deep/w", time(NULL) + 1);
	assert_torn("f");
}

static void renamed_just_before_the_death(void **state)
{
	put_in(home, "f.tmp/w", "more");
	checkpoint_watch_begin(eye, ckpt, &step);
	assert_int_equal(rename(in(home, "f.tmp"), in(ckpt, "f")), 0);
	checkpoint_watch_end(eye, &step);
	assert_none_torn();
}

static void a_folder_written_in_place(void **state)
{
	checkpoint_watch_begin(eye, ckpt, &step);
	put("1/w", "one");
	put("2/w", "two");
	age("1/w", 1000);
	age("1", 1000);
	alive(6);
	checkpoint_watch_end(eye, &step);
	assert_torn("2");
	assert_none_torn();
	assert_content(in(ckpt, "1/w"), "one");
}

static void the_folder_is_made_anew(void **state)
{
	checkpoint_watch_begin(eye, ckpt, &step);
	alive(1);
	assert_int_equal(rmdir(ckpt), 0);
	alive(3);
	assert_int_equal(mkdir(ckpt, 0755), 0);
	alive(1);
	put("1", "one");
	alive_until(is_proven("1"));
	checkpoint_watch_end(eye, &step);
	assert_none_torn();
}

static void two_folders_at_once(void **state)
{
	char *other = in(home, "other.ckpt");
	int theirs;

	assert_int_equal(mkdir(other, 0755), 0);
	checkpoint_watch_begin(eye, ckpt, &step);
	checkpoint_watch_begin(eye, other, &theirs);
	put("1", "one");
	put_in(other, "1", "one");
	alive_until(is_proven("1"));
	checkpoint_watch_end(eye, &step);
	assert_none_torn();
	checkpoint_watch_end(eye, &theirs);
	const char *torn = NULL;
	assert_ok(checkpoint_settle(other, false, &arena, &torn, e));
	assert_string_equal(torn, "1");
}

static void odd_names(void **state)
{
	static const char *const names[] = {"a\nb", "\xff\xfe", "back\\slash\\n", " blank ", "\t"};

	checkpoint_watch_begin(eye, ckpt, &step);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		put(names[i], "x");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		alive_until(is_proven(names[i]));
	checkpoint_watch_end(eye, &step);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_none_torn();
		assert_int_equal(unlink(in(ckpt, names[i])), 0);
	}
	char longest[256];
	memset(longest, 'n', 255);
	longest[255] = '\0';
	put(longest, "1");
	assert_torn(longest);
	put(longest, "2");
	const char *torn = settle(KILLED);
	assert_string_equal(torn + 253, ".2");
	assert_content(in(torn_folder, torn), "2");
}

static void damaged_proofs_prove_nothing(void **state)
{
	static const char *const texts[] = {"1 2 3",     "x y z w 1\n", "\n",
	                                    "1 2 3 4\n", "1 2 3 4 1\n", "%1$s %2$s %3$s %4$s 1"};
	_free_ char *path = proofs_path(ckpt);

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		put("1", "one");
		assert_ok(file_write(path, texts[i], strlen(texts[i]), 0644, e));
		const char *torn = settle(KILLED);
		assert_non_null(torn);
	}
	/* The right line without its end. */
	put("1", "one");
	struct stat st;
	assert_int_equal(stat(in(ckpt, "1"), &st), 0);
	_free_ char *half = mem_printf("%" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " 1", (uint64_t)st.st_dev,
	                               (uint64_t)st.st_ino, (int64_t)st.st_size, proof_changed(&st));
	assert_ok(file_write(path, half, strlen(half), 0644, e));
	assert_non_null(settle(KILLED));
}

static void the_list_of_proofs_stays_short(void **state)
{
	_free_ char *path = proofs_path(ckpt);
	_buf_ struct buf text = BUF_INIT;
	size_t lines = 0;

	checkpoint_watch_begin(eye, ckpt, &step);
	for (int i = 0; i < 1000; i++) {
		put_in(home, "tmp", "x");
		assert_int_equal(rename(in(home, "tmp"), in(ckpt, i % 2 ? "odd" : "even")), 0);
		checkpoint_watch_alive(eye, &step);
	}
	assert_ok(file_read(path, 1 << 20, &text, e));
	for (size_t i = 0; i < text.len; i++)
		lines += text.data[i] == '\n';
	assert_in_range(lines, 2, 120);
	checkpoint_watch_end(eye, &step);
	assert_none_torn();
}

static void the_queue_runs_over(void **state)
{
	checkpoint_watch_begin(eye, ckpt, &step);
	put("0", "zero");
	alive_until(is_proven("0"));
	put("1", "one");
	turn();
	for (int i = 0; i < 9000; i++) {
		char name[16];
		snprintf(name, sizeof name, "n%d", i);
		int fd = open(in(ckpt, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		assert_true(fd >= 0);
		close(fd);
		assert_int_equal(unlink(in(ckpt, name)), 0);
	}
	alive(6);
	assert_false(is_proven("1"));
	assert_true(is_proven("0"));
	put("2", "two");
	alive_until(is_proven("2"));
	checkpoint_watch_end(eye, &step);
	assert_none_torn();
}

/* The supervisor is another process: it dies with its step, and what it wrote down remains. */
static void the_supervisor_is_lost(void **state)
{
	pid_t pid = fork();

	if (pid == 0) {
		checkpoint_watch_begin(eye, ckpt, &step);
		for (;;)
			alive(1);
	}
	/* It may not have begun to watch: so again and again until it saw one. */
	for (int i = 0; !is_proven("1"); i++) {
		if (i % 50 == 0)
			put("1", "one");
		assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
		assert_true(i < 20000);
		usleep(1000);
	}
	struct writer w = writer_start("2");
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	writer_kill(&w);
	assert_torn("2");
	assert_none_torn();
	assert_content(in(ckpt, "1"), "one");
}

#ifdef JIG_POSIX
/* Without inotify nothing is proven while a step runs. */
static void nobody_watches(void **state)
{
	skip();
}
#define watched_test(f) {#f, nobody_watches, NULL, NULL, (void *)f}
#else
#define watched_test(f) scratch_test(f)
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
	        scratch_test(nothing_to_settle),
	        scratch_test(an_orderly_exit_completes_all),
	        scratch_test(the_newest_without_proof_is_set_aside),
	        scratch_test(ties_go_by_name),
	        scratch_test(hidden_ones_count),
	        scratch_test(links_are_no_entries),
	        scratch_test(folders_are_as_new_as_what_is_in_them),
	        watched_test(closed_while_the_writer_lives),
	        watched_test(killed_in_the_midst_of_a_write),
	        watched_test(closed_a_moment_before_the_end),
	        watched_test(a_write_takes_the_proof_away),
	        watched_test(a_write_that_nobody_saw),
	        watched_test(written_again_and_proven_again),
	        watched_test(a_mapping_counts_as_open),
	        watched_test(renamed_into_place),
	        watched_test(renamed_just_before_the_death),
	        scratch_test(a_folder_written_in_place),
	        watched_test(the_folder_is_made_anew),
	        watched_test(two_folders_at_once),
	        watched_test(odd_names),
	        scratch_test(damaged_proofs_prove_nothing),
	        watched_test(the_list_of_proofs_stays_short),
	        watched_test(the_queue_runs_over),
	        watched_test(the_supervisor_is_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
