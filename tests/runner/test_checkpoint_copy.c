#include "tests/runner/checkpoint_scratch.h"
#include <signal.h>
#include <sys/wait.h>
#if defined(__linux__)
#include <sys/mount.h>
#endif
#include "store/tree.h"

static struct checkpoint copy_ok(const char *from, const char *to)
{
	struct checkpoint c = {.name = "unset"};
	assert_ok(checkpoint_copy(from, to, &arena, &c, e));
	return c;
}

static void assert_digest(const struct digest *d, const char *bytes)
{
	struct digest expected;
	sha256_bytes(bytes, strlen(bytes), &expected);
	assert_true(digest_equal(d, &expected));
}

static void nothing_to_copy(void **state)
{
	const char *to = in(home, "later.ckpt");

	assert_null(copy_ok(ckpt, to).name);
	assert_int_equal(symlink("/etc/hostname", in(ckpt, "link")), 0);
	assert_null(copy_ok(ckpt, to).name);
	assert_null(copy_ok(in(home, "none.ckpt"), to).name);
	assert_false(file_exists(to));
}

static void entries_are_copied(void **state)
{
	const char *to = in(home, "later.ckpt");
	char target[100] = "";
	struct stat a, b;

	put("1/deep/weights", "w");
	put("1/base", "b");
	put("2", "two");
	assert_int_equal(chmod(in(ckpt, "2"), 0751), 0);
	assert_int_equal(chmod(in(ckpt, "1/base"), 0400), 0);
	assert_int_equal(mkdir(in(ckpt, "1/empty"), 0755), 0);
	assert_int_equal(symlink("../base", in(ckpt, "1/deep/kept")), 0);
	assert_int_equal(symlink("../../2", in(ckpt, "1/deep/out")), 0);
	assert_int_equal(symlink(in(ckpt, "2"), in(ckpt, "1/absolute")), 0);
	assert_int_equal(symlink("1/deep", in(ckpt, "latest")), 0);
	assert_int_equal(symlink("../train.ckpt/2", in(ckpt, "outside")), 0);
	assert_int_equal(mkfifo(in(ckpt, "1/pipe"), 0600), 0);
	age("1/base", 1000);
	age("1/empty", 1000);
	age("1/deep", 1000);
	age("1/deep/weights", 3000);
	age("1", 1000);
	age("2", 2000);
	assert_int_equal(chmod(ckpt, 0555), 0);

	struct checkpoint c = copy_ok(ckpt, to);
	assert_string_equal(c.name, "1");
	assert_int_equal(c.form, FORM_FOLDER);
	assert_int_equal(c.size, 2);
	char hex[3][DIGEST_HEX + 1];
	struct digest d[3];
	sha256_bytes("b", 1, &d[0]);
	sha256_bytes("../base", 7, &d[1]);
	sha256_bytes("w", 1, &d[2]);
	for (int i = 0; i < 3; i++)
		digest_to_hex(&d[i], hex[i]);
	struct digest none;
	char none_hex[DIGEST_HEX + 1];
	sha256_bytes("", 0, &none);
	digest_to_hex(&none, none_hex);
	assert_digest(
	        &c.digest,
	        arena_printf(
	                &arena,
	                "100644 %s 1\tbase\n120000 %s 7\tdeep/kept\n100644 %s 1\tdeep/weights\n040000 %s 0\tempty\n",
	                hex[0], hex[1], hex[2], none_hex));

	assert_content(in(to, "2"), "two");
	assert_int_equal(stat(in(to, "2"), &b), 0);
	assert_int_equal(b.st_mode & 07777, 0751);
	assert_int_equal(b.st_mtime, 2000);
	assert_int_equal(stat(in(to, "1/base"), &b), 0);
	assert_int_equal(b.st_mode & 07777, 0400);
	assert_int_equal(stat(in(to, "1"), &b), 0);
	assert_int_equal(b.st_mtime, 1000);
	assert_int_equal(stat(in(to, "1/deep"), &b), 0);
	assert_int_equal(b.st_mtime, 1000);
	assert_int_equal(readlink(in(to, "latest"), target, sizeof target), 6);
	assert_true(file_exists(in(to, "1/deep/kept")));
	static const char *const left_out[] = {"1/deep/out", "1/absolute", "outside", "1/pipe"};
	for (size_t i = 0; i < ARRAY_LEN(left_out); i++) {
		assert_false(file_exists(in(to, left_out[i])));
		assert_true(there(left_out[i]));
	}
	/* The step may write there; and the evidence is what it was. */
	assert_int_equal(stat(to, &a), 0);
	assert_int_equal(a.st_mode & 0700, 0700);
	put_in(to, "1/deep/weights", "other");
	assert_content(in(ckpt, "1/deep/weights"), "w");
	assert_int_equal(chmod(ckpt, 0755), 0);
}

static void a_copy_is_complete(void **state)
{
	char *to = in(home, "later.ckpt");
	const char *torn;

	put("1/w", "one");
	put("2", "two");
	age("1/w", 1000);
	age("1", 1000);
	struct checkpoint c = copy_ok(ckpt, to);
	assert_string_equal(c.name, "2");
	assert_int_equal(c.form, FORM_FILE);
	assert_int_equal(c.size, 3);
	assert_digest(&c.digest, "two");
	/* Its step died before it wrote anything; then while it wrote. */
	assert_ok(checkpoint_settle(to, false, &arena, &torn, e));
	assert_null(torn);
	put_in(to, "3", "three");
	assert_ok(checkpoint_settle(to, false, &arena, &torn, e));
	assert_string_equal(torn, "3");
	/* And that of a copy. */
	char *again = in(home, "again.ckpt");
	assert_string_equal(copy_ok(to, again).name, "2");
	assert_int_equal(unlink(in(again, "2")), 0);
	assert_ok(checkpoint_settle(again, false, &arena, &torn, e));
	assert_null(torn);
}

static void where_there_is_something(void **state)
{
	const char *to = in(home, "later.ckpt"), *temp = in(home, "later~.ckpt");
	struct checkpoint c;
	struct err why;

	put("1", "one");
	/* Left by a copy that a crash took. */
	put_in(temp, "half", "x");
	assert_int_equal(mkdir(to, 0755), 0);
	assert_string_equal(copy_ok(ckpt, to).name, "1");
	assert_false(file_exists(temp));
	assert_false(file_exists(in(to, "half")));
	assert_int_equal(checkpoint_copy(ckpt, to, &arena, &c, &why), ERR_EXISTS);
	assert_false(file_exists(temp));
	assert_content(in(to, "1"), "one");
	assert_int_equal(checkpoint_copy(ckpt, in(home, "none/x.ckpt"), &arena, &c, &why), ERR_NOT_FOUND);
}

static void many_and_large(void **state)
{
	const char *to = in(home, "later.ckpt");
	int64_t size;
	struct digest d;

	for (int i = 0; i < 2000; i++) {
		char name[32], text[16];
		snprintf(name, sizeof name, "many/%d/%d", i % 40, i);
		snprintf(text, sizeof text, "%d", i);
		put(name, text);
	}
	/* 10 GB, nearly all of it holes. */
	int fd = open(in(ckpt, "large"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(ftruncate(fd, (off_t)10 << 30), 0);
	close(fd);
	age("large", 1000);
	struct checkpoint c = copy_ok(ckpt, to);
	assert_string_equal(c.name, "many");
	assert_ok(tree_digest(in(ckpt, "many"), &d, &size, e));
	assert_true(digest_equal(&c.digest, &d));
	assert_int_equal(c.size, size);
	struct stat st;
	assert_int_equal(stat(in(to, "large"), &st), 0);
	assert_int_equal(st.st_size, (off_t)10 << 30);
	assert_true((int64_t)st.st_blocks * 512 < 1 << 20);
}

static void someone_still_writes(void **state)
{
	const char *to = in(home, "later.ckpt");
	struct checkpoint c;
	struct err why;
	int r = 0;

	for (int i = 0; i < 200; i++) {
		char name[16];
		snprintf(name, sizeof name, "w/%d", i);
		put(name, "x");
	}
	pid_t pid = fork();
	if (pid == 0) {
		int fd = open(in(ckpt, "w/7"), O_WRONLY | O_APPEND | O_CLOEXEC);
		for (;;)
			(void)!write(fd, "x", 1);
	}
	for (int i = 0; i < 1000 && r >= 0; i++) {
		r = checkpoint_copy(ckpt, to, &arena, &c, &why);
		if (r >= 0)
			assert_ok(file_remove_tree(to, e));
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(r, ERR_BUSY);
	assert_non_null(strstr(why.text, ckpt));
	assert_false(file_exists(to) || file_exists(in(home, "later~.ckpt")));
	assert_string_equal(copy_ok(ckpt, to).name, "w");
}

static void no_room(void **state)
{
#if defined(__linux__)
	const char *small = in(home, "small"), *to = in(small, "later.ckpt");
	struct checkpoint c;
	struct err e;

	assert_int_equal(mkdir(small, 0755), 0);
	if (mount("none", small, "tmpfs", 0, "size=1m") < 0) {
		print_message("no room: no file system can be mounted here, so this is not tested\n");
		skip();
	}
	_free_ char *bytes = mem_alloc(3000000);
	memset(bytes, 'x', 3000000);
	assert_int_equal(file_write(in(ckpt, "1"), bytes, 3000000, 0644, &e), 0);
	int r = checkpoint_copy(ckpt, to, &arena, &c, &e);
	bool left = file_exists(to) || file_exists(in(small, "later~.ckpt"));
	assert_int_equal(umount(small), 0);
	assert_int_equal(r, ERR_BROKEN);
	assert_false(left);
	assert_non_null(strstr(e.text, " take 3.0 MB, and there are "));
	assert_non_null(strstr(e.text, "jig gc"));
	assert_non_null(strstr(e.text, ckpt));
#else
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        scratch_test(nothing_to_copy),
	        scratch_test(entries_are_copied),
	        scratch_test(a_copy_is_complete),
	        scratch_test(where_there_is_something),
	        scratch_test(many_and_large),
	        scratch_test(someone_still_writes),
	        scratch_test(no_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
