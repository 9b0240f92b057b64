#include "tests/store/scratch.h"

static struct err e;

static void test_opening_makes_nothing(void **state)
{
	struct digest d;
	int64_t bytes = -1;
	unsigned n = 0;
	int fd = -1;
	digest_from_hex(SHA256_ABC, &d);
	assert_false(store_has(scratch_store, &d, NULL));
	assert_int_equal(store_each(scratch_store, count_each, &n, &e), 0);
	assert_int_equal(store_sweep(scratch_store, 0, false, &bytes, &e), 0);
	assert_int_equal(bytes, 0);
	assert_int_equal(store_remove(scratch_store, &d, &e), 0);
	assert_fails(store_open(scratch_store, &d, &fd, &e), e, ERR_NOT_FOUND, SHA256_ABC);
	assert_fails(store_check(scratch_store, &d, &e), e, ERR_NOT_FOUND, SHA256_ABC);
	assert_int_equal(fd, -1);
	assert_false(file_exists(at(".jig")));
	store_free(NULL);
}

static void test_bytes_and_empty(void **state)
{
	struct digest d;
	int64_t size = -1;
	assert_int_equal(put_whole(scratch_store, "abc", 3, &d, &e), 0);
	assert_digest(&d, SHA256_ABC);
	_free_ char *path = store_path(scratch_store, &d);
	assert_string_equal(path, at(".jig/objects/ba/%s", &SHA256_ABC[2]));
	assert_content(path, "abc", 3);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0444);
	assert_int_equal(put_whole(scratch_store, "", 0, &d, &e), 0);
	assert_digest(&d, SHA256_EMPTY);
	assert_true(store_has(scratch_store, &d, &size));
	assert_int_equal(size, 0);
	assert_int_equal(store_check(scratch_store, &d, &e), 0);
	assert_int_equal(object_count(), 2);
	assert_int_equal(temp_count(), 0);
}

/* Every way to put, over the sizes where buffers and reads change. */
static void test_put_file_sizes(void **state)
{
	static const size_t sizes[] = { 0, 1, 16383, 16384, 1048575, 1048576, 1048577, 3000000, 9000000 };
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		for (int how = STORE_COPY; how <= STORE_MOVE; how++) {
			size_t n = sizes[i];
			_free_ char *bytes = noise(n, 10 * i + (size_t)how);
			struct digest want, d;
			int64_t size = -1;
			sha256_bytes(bytes, n, &want);
			make_bytes(at("in"), bytes, n, 0640);
			assert_int_equal(store_put_file(scratch_store, at("in"), (enum store_put)how, &d, &size, &e),
					0);
			assert_true(digest_equal(&d, &want));
			assert_int_equal(size, n);
			assert_int_equal(file_exists(at("in")), how == STORE_COPY);
			_free_ char *path = store_path(scratch_store, &d);
			assert_content(path, bytes, n);
			assert_int_equal(store_check(scratch_store, &d, &e), 0);
			struct stat st;
			assert_int_equal(stat(path, &st), 0);
			assert_int_equal(st.st_mode & 07777, 0444);
			assert_int_equal(store_get_file(scratch_store, &d, at("out"), 0755, &e), 0);
			assert_content(at("out"), bytes, n);
			assert_int_equal(stat(at("out"), &st), 0);
			assert_int_equal(st.st_mode & 07777, 0755);
			assert_int_equal(unlink(at("out")), 0);
		}
	assert_int_equal(temp_count(), 0);
}

static void test_move_renames(void **state)
{
	struct digest d;
	struct stat before, after;
	make_file(at("in"), "abc");
	assert_int_equal(stat(at("in"), &before), 0);
	assert_int_equal(store_put_file(scratch_store, at("in"), STORE_MOVE, &d, NULL, &e), 0);
	_free_ char *path = store_path(scratch_store, &d);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);

	/* what is there already stays the same file, and the source goes */
	make_file(at("in"), "abc");
	assert_int_equal(store_put_file(scratch_store, at("in"), STORE_MOVE, &d, NULL, &e), 0);
	assert_false(file_exists(at("in")));
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);

	/* a file with a second name is copied, so that its other name cannot write into the store */
	make_file(at("in"), "other");
	assert_int_equal(link(at("in"), at("second")), 0);
	assert_int_equal(store_put_file(scratch_store, at("in"), STORE_MOVE, &d, NULL, &e), 0);
	assert_false(file_exists(at("in")));
	_free_ char *copy = store_path(scratch_store, &d);
	assert_int_equal(stat(copy, &after), 0);
	assert_int_equal(after.st_nlink, 1);
	assert_int_equal(stat(at("second"), &before), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	assert_int_equal(before.st_mode & 07777, 0644);
}

/* Another file system, where the machine has one to write to. */
static void test_move_across_file_systems(void **state)
{
	struct stat here, there;
	if (stat(scratch_dir, &here) < 0 || stat("/dev/shm", &there) < 0 || here.st_dev == there.st_dev ||
	    access("/dev/shm", W_OK) < 0) {
		print_message("no second file system to write to\n");
		skip();
	}
	_free_ char *dir = NULL;
	assert_int_equal(file_temp_dir("/dev/shm", "store", &dir, &e), 0);
	_free_ char *bytes = noise(2500000, 5), *path = path_join(dir, "in");
	struct digest d;
	make_bytes(path, bytes, 2500000, 0600);
	assert_int_equal(store_put_file(scratch_store, path, STORE_MOVE, &d, NULL, &e), 0);
	assert_false(file_exists(path));
	assert_int_equal(store_check(scratch_store, &d, &e), 0);
	assert_int_equal(temp_count(), 0);
	damage(&d, false);
	make_bytes(path, bytes, 2500000, 0600);
	assert_int_equal(store_put_file(scratch_store, path, STORE_MOVE, &d, NULL, &e), 0);
	assert_int_equal(store_check(scratch_store, &d, &e), 0);
	assert_int_equal(file_remove_tree(dir, &e), 0);
}

static void test_put_refuses(void **state)
{
	struct digest d = {{7}};
	int64_t size = 77;
	struct store *s = scratch_store;
	make_file(at("file"), "abc");
	assert_int_equal(symlink("file", at("link")), 0);
	assert_int_equal(mkfifo(at("fifo"), 0600), 0);
	for (int how = STORE_COPY; how <= STORE_MOVE; how++) {
		enum store_put h = (enum store_put)how;
		assert_fails(store_put_file(s, at("link"), h, &d, &size, &e), e, ERR_USAGE, "link: is a link");
		assert_fails(store_put_file(s, at("fifo"), h, &d, &size, &e), e, ERR_USAGE,
				"fifo: is not a regular file");
		assert_fails(store_put_file(s, scratch_dir, h, &d, &size, &e), e, ERR_USAGE, "is a folder");
		assert_fails(store_put_file(s, at("none"), h, &d, &size, &e), e, ERR_NOT_FOUND, "none");
		assert_fails(store_put_file(s, at("file/x"), h, &d, &size, &e), e, ERR_BROKEN, "file/x");
	}
	assert_int_equal(d.b[0], 7);
	assert_int_equal(size, 77);
	assert_true(file_exists(at("link")) && file_exists(at("fifo")) && file_exists(at("file")));
	assert_int_equal(object_count(), 0);
}

/* What was just made replaces an object of the same size that is damaged, however it comes in. */
static void test_put_over_damaged(void **state)
{
	static const size_t sizes[] = { 3, 20000, 2500000 };
	struct digest d;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		_free_ char *bytes = noise(sizes[i], 200 + i);
		assert_int_equal(put_whole(scratch_store, bytes, sizes[i], &d, &e), 0);
		for (int way = 0; way < 4; way++) {
			damage(&d, false);
			make_bytes(at("in"), bytes, sizes[i], 0644);
			if (way == 1)
				assert_int_equal(link(at("in"), at("second")), 0);
			if (way == 3)
				assert_int_equal(put_whole(scratch_store, bytes, sizes[i], &d, &e), 0);
			else
				assert_int_equal(store_put_file(scratch_store, at("in"),
						way == 2 ? STORE_COPY_CHECK : STORE_MOVE, &d, NULL, &e), 0);
			assert_int_equal(store_check(scratch_store, &d, &e), 0);
			assert_int_equal(file_exists(at("in")), way >= 2);
			unlink(at("second"));
		}
		/* What is only read is not checked as well. */
		damage(&d, false);
		assert_int_equal(store_put_file(scratch_store, at("in"), STORE_COPY, &d, NULL, &e), 0);
		assert_int_equal(store_check(scratch_store, &d, &e), ERR_BROKEN);
	}
}

/* A root process reads everything, so the test puts its rights down in a child. */
static void test_unreadable(void **state)
{
	struct digest d;
	make_file(at("secret"), "abc");
	assert_int_equal(chmod(at("secret"), 0), 0);
	assert_int_equal(chmod(scratch_dir, 0777), 0);
	bool root = geteuid() == 0;
	if (root)
		assert_int_equal(seteuid(65534), 0);
	int copy = store_put_file(scratch_store, at("secret"), STORE_COPY, &d, NULL, &e);
	int move = store_put_file(scratch_store, at("secret"), STORE_MOVE, &d, NULL, &e);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(copy, ERR_BROKEN);
	assert_fails(move, e, ERR_BROKEN, "secret");
	assert_true(file_exists(at("secret")));
}

static void test_damage(void **state)
{
	static const size_t sizes[] = { 3, 20000, 2000000 };
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		for (int cut = 0; cut < 2; cut++) {
			_free_ char *bytes = noise(sizes[i], 100 + i * 2 + (size_t)cut);
			struct digest d;
			char hex[DIGEST_HEX + 1];
			assert_int_equal(put_whole(scratch_store, bytes, sizes[i], &d, &e), 0);
			digest_to_hex(&d, hex);
			damage(&d, cut);
			assert_fails(store_check(scratch_store, &d, &e), e, ERR_BROKEN, hex);
			/* it was moved away, so the next put writes it */
			assert_false(store_has(scratch_store, &d, NULL));
			const char *away = at(".jig/objects/tmp/%s.damaged", hex);
			assert_true(file_exists(away));
			assert_int_equal(put_whole(scratch_store, bytes, sizes[i], &d, &e), 0);
			assert_int_equal(store_check(scratch_store, &d, &e), 0);
			damage(&d, cut);
			assert_fails(store_get_file(scratch_store, &d, at("out"), 0644, &e), e, ERR_BROKEN, hex);
			assert_false(file_exists(at("out")));
			assert_false(store_has(scratch_store, &d, NULL));
			assert_int_equal(unlink(away), 0);
		}
	/* an object that is cut off is healed by the next put of its content */
	struct digest d;
	assert_int_equal(put_whole(scratch_store, "abc", 3, &d, &e), 0);
	damage(&d, true);
	make_file(at("in"), "abc");
	assert_int_equal(store_put_file(scratch_store, at("in"), STORE_COPY, &d, NULL, &e), 0);
	assert_int_equal(store_check(scratch_store, &d, &e), 0);
	damage(&d, true);
	assert_int_equal(store_put_file(scratch_store, at("in"), STORE_MOVE, &d, NULL, &e), 0);
	assert_int_equal(store_check(scratch_store, &d, &e), 0);
	/* a folder in an object's place */
	assert_int_equal(store_remove(scratch_store, &d, &e), 0);
	_free_ char *path = store_path(scratch_store, &d);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_false(store_has(scratch_store, &d, NULL));
	assert_fails(store_check(scratch_store, &d, &e), e, ERR_BROKEN, "not a regular file");
	assert_int_equal(put_whole(scratch_store, "abc", 3, &d, &e), ERR_BROKEN);
	assert_int_equal(temp_count(), 0);
}

static void test_get_refuses(void **state)
{
	struct digest d, none;
	assert_int_equal(put_whole(scratch_store, "abc", 3, &d, &e), 0);
	digest_from_hex(SHA256_EMPTY, &none);
	make_file(at("out"), "mine");
	assert_int_equal(store_get_file(scratch_store, &d, at("out"), 0644, &e), ERR_EXISTS);
	assert_fails(store_get_file(scratch_store, &d, at("none/out"), 0644, &e), e, ERR_NOT_FOUND, "none/out");
	assert_fails(store_get_file(scratch_store, &none, at("new"), 0644, &e), e, ERR_NOT_FOUND, SHA256_EMPTY);
	assert_false(file_exists(at("new")));
	assert_content(at("out"), "mine", 4);
}

struct seen {
	unsigned n, strays;
	int64_t bytes;
	char last[256], stray[256];
	int stop;
};

static int seen_each(void *arg, const struct digest *d, int64_t size, const char *path, struct err *err)
{
	struct seen *seen = arg;
	assert_true(strcmp(seen->last, path) < 0);
	snprintf(seen->last, sizeof seen->last, "%s", path);
	if (d) {
		char hex[DIGEST_HEX + 1];
		digest_to_hex(d, hex);
		assert_memory_equal(hex, path, 2);
		assert_string_equal(hex + 2, path + 3);
		seen->n++;
		seen->bytes += size;
	} else {
		seen->strays++;
		snprintf(seen->stray, sizeof seen->stray, "%s", path);
	}
	return seen->stop ? err_set(err, ERR_FAILED, "enough") : 0;
}

static void test_each(void **state)
{
	struct digest d;
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(put_whole(scratch_store, &i, sizeof i, &d, &e), 0);
	struct seen seen = {0};
	assert_int_equal(store_each(scratch_store, seen_each, &seen, &e), 0);
	assert_int_equal(seen.n, 300);
	assert_int_equal(seen.strays, 0);
	assert_int_equal(seen.bytes, 1200);
	make_file(at(".jig/objects/zz/stray"), "x");
	make_file(at(".jig/objects/tmp/not-shown"), "x");
	seen = (struct seen){0};
	assert_int_equal(store_each(scratch_store, seen_each, &seen, &e), 0);
	assert_int_equal(seen.n, 300);
	assert_int_equal(seen.strays, 1);
	assert_string_equal(seen.stray, "zz/stray");
	make_file(at(".jig/objects/aa/%s", "AB16BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"), "x");
	make_file(at(".jig/objects/0stray"), "x");
	seen = (struct seen){0};
	assert_int_equal(store_each(scratch_store, seen_each, &seen, &e), 0);
	assert_int_equal(seen.strays, 3);
	seen = (struct seen){ .stop = 1 };
	assert_fails(store_each(scratch_store, seen_each, &seen, &e), e, ERR_FAILED, "enough");
	assert_int_equal(seen.n + seen.strays, 1);
	assert_int_equal(store_remove(scratch_store, &d, &e), 0);
	assert_int_equal(store_remove(scratch_store, &d, &e), 0);
	assert_int_equal(object_count(), 299);
}

static void test_sweep(void **state)
{
	struct digest d;
	int64_t bytes = -1;
	assert_int_equal(put_whole(scratch_store, "abc", 3, &d, &e), 0);
	make_file(at(".jig/objects/tmp/1-1"), "left behind");
	make_file(at(".jig/objects/tmp/1-2"), "being written");
	struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	assert_int_equal(utimensat(AT_FDCWD, at(".jig/objects/tmp/1-1"), old, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, at(".jig/objects/tmp/1-2"), old, 0), 0);
	make_file(at(".jig/objects/tmp/1-3"), "young");
	int lock = -1;
	assert_int_equal(file_lock(at(".jig/objects/tmp/1-2"), false, &lock, &e), 0);
	assert_int_equal(store_sweep(scratch_store, 3600 * 1000000LL, true, &bytes, &e), 0);
	assert_int_equal(bytes, 11);
	assert_int_equal(temp_count(), 3);
	assert_int_equal(store_sweep(scratch_store, 3600 * 1000000LL, false, &bytes, &e), 0);
	assert_int_equal(bytes, 11);
	assert_int_equal(temp_count(), 2);
	assert_false(file_exists(at(".jig/objects/tmp/1-1")));
	close(lock);
	assert_int_equal(store_sweep(scratch_store, 3600 * 1000000LL, false, &bytes, &e), 0);
	assert_int_equal(bytes, 13);
	assert_true(file_exists(at(".jig/objects/tmp/1-3")));
	assert_int_equal(object_count(), 1);
}

/* One that cannot be looked at keeps none behind it from being handed over, or swept. */
static void test_goes_on(void **state)
{
	struct digest d;
	int64_t bytes = -1;
	unsigned n = 0;
	assert_int_equal(chmod(scratch_dir, 0777), 0);
	bool root = geteuid() == 0;
	if (root)
		assert_int_equal(seteuid(65534), 0);
	assert_int_equal(put_whole(scratch_store, "", 0, &d, &e), 0);
	assert_int_equal(mkdir(at(".jig/objects/00"), 0700), 0);
	make_file(at(".jig/objects/tmp/1-1"), "not ours");
	make_file(at(".jig/objects/tmp/9-1"), "left behind");
	assert_int_equal(chmod(at(".jig/objects/tmp/1-1"), 0), 0);
	assert_int_equal(chmod(at(".jig/objects/00"), 0), 0);
	struct err each, dry, swept;
	int64_t would = -1;
	int each_r = store_each(scratch_store, count_each, &n, &each);
	int dry_r = store_sweep(scratch_store, 0, true, &would, &dry);
	int swept_r = store_sweep(scratch_store, 0, false, &bytes, &swept);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(at(".jig/objects/00"), 0700), 0);
	assert_fails(each_r, each, ERR_BROKEN, "objects/00: cannot list");
	assert_int_equal(n, 1);
	assert_fails(dry_r, dry, ERR_BROKEN, "tmp/1-1: cannot open");
	assert_int_equal(would, 11);
	assert_fails(swept_r, swept, ERR_BROKEN, "tmp/1-1: cannot open");
	assert_int_equal(bytes, 11);
	assert_int_equal(temp_count(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_opening_makes_nothing),
		scratch_test(test_bytes_and_empty),
		scratch_test(test_put_file_sizes),
		scratch_test(test_move_renames),
		scratch_test(test_move_across_file_systems),
		scratch_test(test_put_refuses),
		scratch_test(test_unreadable),
		scratch_test(test_damage),
		scratch_test(test_put_over_damaged),
		scratch_test(test_get_refuses),
		scratch_test(test_each),
		scratch_test(test_sweep),
		scratch_test(test_goes_on),
	};
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
