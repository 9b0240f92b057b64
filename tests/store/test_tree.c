#include <sys/socket.h>
#include <sys/un.h>
#include "tests/store/scratch.h"
#include "base/buf.h"
#include "store/tree.h"

static struct err e;

static void assert_same(const struct digest *a, const struct digest *b)
{
	assert_true(digest_equal(a, b));
}

/* A folder with all kinds of entries; `backwards` makes them in the other order. */
static void make_all(const char *root, bool backwards)
{
	for (int i = 0; i < 9; i++)
		switch (backwards ? 8 - i : i) {
		case 0: make_bytes(at("%s/empty", root), "", 0, 0644); break;
		case 1: make_bytes(at("%s/a/run.sh", root), "abc", 3, 0755); break;
		case 2: make_bytes(at("%s/a.b", root), "dot sorts before slash", 22, 0644); break;
		case 3: make_bytes(at("%s/tab\there", root), "1", 1, 0644); break;
		case 4: make_bytes(at("%s/line\nhere", root), "2", 1, 0600); break;
		case 5: make_bytes(at("%s/back\\slash", root), "3", 1, 0644); break;
		case 6: make_bytes(at("%s/größe ☃/%0200d", root, 7), "4", 1, 0644); break;
		case 7: assert_int_equal(file_mkdirs(at("%s/hollow/hollow", root), 0755, &e), 0); break;
		case 8:
			assert_int_equal(file_mkdirs(at("%s/a", root), 0755, &e), 0);
			assert_int_equal(symlink("../empty", at("%s/a/link", root)), 0);
			break;
		}
}

static void assert_all(const char *root)
{
	struct stat st;
	char target[64] = "";
	assert_content(at("%s/empty", root), "", 0);
	assert_content(at("%s/a/run.sh", root), "abc", 3);
	assert_content(at("%s/tab\there", root), "1", 1);
	assert_content(at("%s/line\nhere", root), "2", 1);
	assert_content(at("%s/back\\slash", root), "3", 1);
	assert_content(at("%s/größe ☃/%0200d", root, 7), "4", 1);
	assert_true(file_is_dir(at("%s/hollow/hollow", root)));
	assert_int_equal(readlink(at("%s/a/link", root), target, sizeof target - 1), 8);
	assert_string_equal(target, "../empty");
	assert_int_equal(stat(at("%s/a/run.sh", root), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(stat(at("%s/line\nhere", root), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
}

static void test_digest_hangs_on_content_only(void **state)
{
	struct digest one, two, put, d;
	int64_t size = -1;
	make_all("one", false);
	make_all("far/away/two", true);
	struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	assert_int_equal(utimensat(AT_FDCWD, at("far/away/two/empty"), old, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, at("far/away/two/a"), old, 0), 0);
	assert_int_equal(tree_digest(at("one"), &one, &size, &e), 0);
	assert_int_equal(size, 3 + 22 + 4);
	assert_int_equal(tree_digest(at("far/away/two"), &two, NULL, &e), 0);
	assert_same(&one, &two);
	assert_false(file_exists(at(".jig")));
	size = -1;
	assert_int_equal(tree_put(scratch_store, at("one"), STORE_COPY, &put, &size, &e), 0);
	assert_same(&one, &put);
	assert_int_equal(size, 29);
	/* a trailing slash and rights other than the owner's x are nothing */
	assert_int_equal(chmod(at("one/empty"), 0666), 0);
	assert_int_equal(tree_digest(at("one/"), &d, NULL, &e), 0);
	assert_same(&one, &d);
	/* each of these is another folder */
	assert_int_equal(chmod(at("one/empty"), 0744), 0);
	assert_int_equal(tree_digest(at("one"), &d, NULL, &e), 0);
	assert_false(digest_equal(&one, &d));
	assert_int_equal(chmod(at("one/empty"), 0644), 0);
	assert_int_equal(rename(at("one/empty"), at("one/empty2")), 0);
	assert_int_equal(tree_digest(at("one"), &d, NULL, &e), 0);
	assert_false(digest_equal(&one, &d));
	assert_int_equal(rename(at("one/empty2"), at("one/empty")), 0);
	make_file(at("one/a.b"), "dot sorts before SLASH");
	assert_int_equal(tree_digest(at("one"), &d, NULL, &e), 0);
	assert_false(digest_equal(&one, &d));
	make_file(at("one/a.b"), "dot sorts before slash");
	assert_int_equal(rmdir(at("one/hollow/hollow")), 0);
	assert_int_equal(tree_digest(at("one"), &d, NULL, &e), 0);
	assert_false(digest_equal(&one, &d));
}

static void test_put_and_get(void **state)
{
	for (int how = STORE_COPY; how <= STORE_MOVE; how++) {
		struct digest d, again;
		make_all("in", how == STORE_MOVE);
		assert_int_equal(tree_put(scratch_store, at("in"), (enum store_put)how, &d, NULL, &e), 0);
		assert_true(file_is_dir(at("in/a")));
		assert_int_equal(file_exists(at("in/a/run.sh")), how == STORE_COPY);
		assert_int_equal(file_exists(at("in/a/link")), how == STORE_COPY);
		assert_int_equal(tree_get(scratch_store, &d, at("out"), &e), 0);
		assert_all("out");
		assert_int_equal(tree_digest(at("out"), &again, NULL, &e), 0);
		assert_same(&d, &again);
		assert_int_equal(file_remove_tree(at("in"), &e), 0);
		assert_int_equal(file_remove_tree(at("out"), &e), 0);
	}
	assert_int_equal(temp_count(), 0);
}

/* The bytes that the header promises. */
static void test_format(void **state)
{
	struct digest d;
	_buf_ struct buf want = BUF_INIT;
	make_file(at("in/x\ty\n\\"), "abc");
	make_bytes(at("in/w/z"), "", 0, 0700);
	assert_int_equal(symlink("w/z", at("in/l")), 0);
	assert_int_equal(mkdir(at("in/w.d"), 0755), 0);
	assert_int_equal(tree_put(scratch_store, at("in"), STORE_COPY, &d, NULL, &e), 0);
	struct digest link;
	char hex[DIGEST_HEX + 1];
	sha256_bytes("w/z", 3, &link);
	digest_to_hex(&link, hex);
	buf_addf(&want, "120000 %s 3\tl\n", hex);
	buf_addf(&want, "040000 %s 0\tw.d\n", SHA256_EMPTY);
	buf_addf(&want, "100755 %s 0\tw/z\n", SHA256_EMPTY);
	buf_addf(&want, "100644 %s 3\tx\\ty\\n\\\\\n", SHA256_ABC);
	_free_ char *path = store_path(scratch_store, &d);
	assert_content(path, want.data, want.len);
	assert_true(store_has(scratch_store, &link, NULL));
	_arena_ struct arena a = ARENA_INIT;
	struct tree tree;
	assert_int_equal(tree_load(scratch_store, &d, &a, &tree, &e), 0);
	assert_int_equal(tree.len, 4);
	assert_int_equal(tree.size, 3);
	assert_string_equal(tree.v[3].path, "x\ty\n\\");
	assert_int_equal(tree.v[3].size, 3);
	assert_int_equal(tree.v[2].mode, 0100755);
	for (size_t i = 0; i < tree.len; i++)
		assert_int_equal(store_check(scratch_store, &tree.v[i].digest, &e), 0);
}

static void test_empty_folder(void **state)
{
	struct digest d;
	int64_t size = -1;
	assert_int_equal(mkdir(at("in"), 0755), 0);
	assert_int_equal(tree_digest(at("in"), &d, &size, &e), 0);
	assert_digest(&d, SHA256_EMPTY);
	assert_int_equal(tree_put(scratch_store, at("in"), STORE_MOVE, &d, &size, &e), 0);
	assert_digest(&d, SHA256_EMPTY);
	assert_int_equal(size, 0);
	assert_int_equal(tree_get(scratch_store, &d, at("out"), &e), 0);
	assert_int_equal(rmdir(at("out")), 0);
}

/* Enough files and bytes for threads; many of them alike, so that threads meet at one object. */
static void test_large(void **state)
{
	_free_ char *bytes = noise(2000000, 3);
	struct digest one, two, d;
	int64_t sum = 0, size = -1;
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 150; i++) {
			size_t n = i % 50 == 0 ? 2000000 - (size_t)i : (size_t)(i % 10) * 100;
			make_bytes(at("%s/d%d/f%d", round ? "copy" : "in", i % 7, i), bytes, n, 0644);
			sum += round ? 0 : (int64_t)n;
		}
	/* hard links within the folder */
	assert_int_equal(link(at("in/d0/f0"), at("in/d0/second")), 0);
	assert_int_equal(link(at("copy/d0/f0"), at("copy/d0/second")), 0);
	sum += 2000000;
	assert_int_equal(tree_digest(at("in"), &one, &size, &e), 0);
	assert_int_equal(size, sum);
	assert_int_equal(tree_put(scratch_store, at("copy"), STORE_COPY, &two, &size, &e), 0);
	assert_same(&one, &two);
	store_free(scratch_store);
	scratch_store = store_new(at("other"));
	assert_int_equal(tree_put(scratch_store, at("in"), STORE_MOVE, &two, &size, &e), 0);
	assert_same(&one, &two);
	assert_int_equal(size, sum);
	assert_int_equal(tree_digest(at("in"), &d, &size, &e), 0);
	assert_int_equal(size, 0);
	assert_int_equal(tree_get(scratch_store, &one, at("out"), &e), 0);
	assert_int_equal(tree_digest(at("out"), &two, NULL, &e), 0);
	assert_same(&one, &two);
}

static void test_put_refuses(void **state)
{
	static const struct { const char *target, *says; } links[] = {
		{ "/etc/passwd", "absolute path" }, { "..", "leads out of the folder" }, { "../../x",
				"leads out of the folder" },
		{ "./../../y", "leads out of the folder" }, { "a/../../..", "\"..\" behind a name" },
	};
	struct digest d = {{9}};
	int64_t size = 9;
	make_file(at("in/kept"), "abc");
	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		const char *where = i == 1 ? at("in/bad") : at("in/sub/bad");
		assert_int_equal(file_mkdirs_parent(where, 0755, &e), 0);
		assert_int_equal(symlink(links[i].target, where), 0);
		assert_fails(tree_put(scratch_store, at("in"), STORE_MOVE, &d, &size, &e), e, ERR_USAGE, links[i].says);
		assert_fails(tree_digest(at("in"), &d, &size, &e), e, ERR_USAGE, "bad");
		assert_int_equal(unlink(where), 0);
	}
	assert_int_equal(mkfifo(at("in/sub/pipe"), 0600), 0);
	assert_fails(tree_put(scratch_store, at("in"), STORE_MOVE, &d, &size, &e), e, ERR_USAGE,
			"in/sub/pipe: is a FIFO");
	assert_fails(tree_digest(at("in"), &d, &size, &e), e, ERR_USAGE, "in/sub/pipe: is a FIFO");
	assert_int_equal(unlink(at("in/sub/pipe")), 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", at("in/socket"));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_fails(tree_put(scratch_store, at("in"), STORE_COPY, &d, &size, &e), e, ERR_USAGE,
			"in/socket: is a socket");
	assert_int_equal(unlink(at("in/socket")), 0);
	assert_int_equal(symlink("in", at("link")), 0);
	assert_fails(tree_put(scratch_store, at("link"), STORE_COPY, &d, &size, &e), e, ERR_USAGE,
			"link: is not a folder");
	assert_fails(tree_put(scratch_store, at("in/kept"), STORE_COPY, &d, &size, &e), e, ERR_USAGE,
			"kept: is not a folder");
	assert_fails(tree_put(scratch_store, at("none"), STORE_COPY, &d, &size, &e), e, ERR_NOT_FOUND, "none");
	assert_fails(tree_digest(at("none"), &d, &size, &e), e, ERR_NOT_FOUND, "none");
	/* nothing was taken, nothing was stored, nothing was returned */
	assert_content(at("in/kept"), "abc", 3);
	assert_int_equal(object_count(), 0);
	assert_int_equal(d.b[0], 9);
	assert_int_equal(size, 9);
}

static void test_unwritable_folder_is_moved(void **state)
{
	struct digest d;
	make_file(at("in/shut/file"), "abc");
	assert_int_equal(chmod(at("in/shut"), 0555), 0);
	assert_int_equal(tree_put(scratch_store, at("in"), STORE_MOVE, &d, NULL, &e), 0);
	assert_false(file_exists(at("in/shut/file")));
	assert_true(file_is_dir(at("in/shut")));
}

static void test_get_refuses(void **state)
{
	struct digest d, abc;
	make_all("in", false);
	assert_int_equal(tree_put(scratch_store, at("in"), STORE_COPY, &d, NULL, &e), 0);
	make_file(at("out/mine"), "mine");
	assert_fails(tree_get(scratch_store, &d, at("out"), &e), e, ERR_EXISTS, "out: is not empty");
	assert_fails(tree_get(scratch_store, &d, at("none/out"), &e), e, ERR_NOT_FOUND, "none/out");
	assert_content(at("out/mine"), "mine", 4);
	/* a file's object is damaged, then gone: nothing is left behind, a folder that was there stays */
	digest_from_hex(SHA256_ABC, &abc);
	damage(&abc, false);
	assert_int_equal(mkdir(at("was"), 0750), 0);
	assert_fails(tree_get(scratch_store, &d, at("new"), &e), e, ERR_BROKEN, "new/a/run.sh");
	assert_false(file_exists(at("new")));
	assert_fails(tree_get(scratch_store, &d, at("was"), &e), e, ERR_NOT_FOUND, SHA256_ABC);
	assert_int_equal(rmdir(at("was")), 0);
	/* the list itself: damaged, cut off, gone, no list at all */
	struct digest text;
	assert_int_equal(put_whole(scratch_store, "no list", 7, &text, &e), 0);
	assert_fails(tree_get(scratch_store, &text, at("new"), &e), e, ERR_BROKEN, "list of a folder");
	damage(&d, false);
	assert_fails(tree_get(scratch_store, &d, at("new"), &e), e, ERR_BROKEN, "content is damaged");
	assert_false(store_has(scratch_store, &d, NULL));
	assert_int_equal(tree_put(scratch_store, at("in"), STORE_COPY, &d, NULL, &e), 0);
	damage(&d, true);
	assert_fails(tree_get(scratch_store, &d, at("new"), &e), e, ERR_BROKEN, "content is damaged");
	assert_fails(tree_get(scratch_store, &d, at("new"), &e), e, ERR_NOT_FOUND, "object");
	assert_false(file_exists(at("new")));
}

/* What was just made replaces all of a stored folder that is damaged. */
static void test_put_over_damaged(void **state)
{
	struct digest d, inner[2];
	make_file(at("in/file"), "abc");
	assert_int_equal(symlink("file", at("in/link")), 0);
	sha256_bytes("abc", 3, &inner[0]);
	sha256_bytes("file", 4, &inner[1]);
	assert_int_equal(tree_put(scratch_store, at("in"), STORE_COPY_CHECK, &d, NULL, &e), 0);
	for (int how = STORE_COPY_CHECK; how >= STORE_MOVE; how--) {
		damage(&d, false);
		damage(&inner[0], false);
		damage(&inner[1], false);
		assert_int_equal(tree_put(scratch_store, at("in"), (enum store_put)how, &d, NULL, &e), 0);
		assert_int_equal(store_check(scratch_store, &d, &e), 0);
		assert_int_equal(store_check(scratch_store, &inner[0], &e), 0);
		assert_int_equal(store_check(scratch_store, &inner[1], &e), 0);
	}
}

/* A link's object that grew over what a path can be long is damaged as any other. */
static void test_grown_link(void **state)
{
	struct digest d, target;
	_free_ char *bytes = noise(PATH_MAX + 1, 7);
	make_all("in", false);
	assert_int_equal(tree_put(scratch_store, at("in"), STORE_COPY, &d, NULL, &e), 0);
	sha256_bytes("../empty", 8, &target);
	_free_ char *object = store_path(scratch_store, &target);
	assert_int_equal(chmod(object, 0600), 0);
	assert_int_equal(file_write(object, bytes, PATH_MAX + 1, 0600, &e), 0);
	assert_fails(tree_get(scratch_store, &d, at("out"), &e), e, ERR_BROKEN, "content is damaged");
	assert_false(store_has(scratch_store, &target, NULL));
	/* One that is what its name says. */
	_buf_ struct buf list = BUF_INIT;
	char hex[DIGEST_HEX + 1];
	assert_int_equal(put_whole(scratch_store, bytes, PATH_MAX + 1, &target, &e), 0);
	digest_to_hex(&target, hex);
	buf_addf(&list, "120000 %s %d\tl\n", hex, PATH_MAX + 1);
	assert_int_equal(put_whole(scratch_store, list.data, list.len, &d, &e), 0);
	assert_fails(tree_get(scratch_store, &d, at("out"), &e), e, ERR_BROKEN, "is larger");
	assert_true(store_has(scratch_store, &target, NULL));
}

static void lose(int how, const struct digest *folder, const struct digest *d)
{
	int fd;
	switch (how) {
	case 0: assert_fails(tree_get(scratch_store, folder, at("out"), &e), e, ERR_BROKEN, "damaged"); break;
	case 1: assert_fails(store_check(scratch_store, d, &e), e, ERR_BROKEN, "damaged"); break;
	case 2: assert_fails(store_get_file(scratch_store, d, at("out"), 0644, &e), e, ERR_BROKEN, "damaged"); break;
	default:
		assert_int_equal(store_remove(scratch_store, d, &e), 0);
		assert_fails(store_open(scratch_store, d, &fd, &e), e, ERR_NOT_FOUND, "is not in");
	}
}

static void test_has(void **state)
{
	struct digest d, other, abc;
	make_all("in", false);
	make_all("more", false);
	make_bytes(at("more/more"), "more", 4, 0644);
	assert_int_equal(tree_digest(at("in"), &d, NULL, &e), 0);
	assert_int_equal(tree_has(scratch_store, &d, &e), 0);
	assert_int_equal(tree_put(scratch_store, at("in"), STORE_COPY, &d, NULL, &e), 0);
	assert_int_equal(tree_put(scratch_store, at("more"), STORE_COPY, &other, NULL, &e), 0);
	digest_from_hex(SHA256_ABC, &abc);
	for (int how = 0; how < 4; how++) {
		/* Nothing was found wrong since they were found whole: the list speaks for all. */
		damage(&abc, how % 2);
		assert_int_equal(tree_has(scratch_store, &d, &e), 1);
		assert_int_equal(tree_has(scratch_store, &other, &e), 1);
		lose(how, &d, &abc);
		for (int again = 0; again < 2; again++) {
			assert_int_equal(tree_has(scratch_store, &d, &e), 0);
			assert_int_equal(tree_has(scratch_store, &other, &e), 0);
		}
		assert_int_equal(put_whole(scratch_store, "abc", 3, &abc, &e), 0);
		assert_int_equal(tree_has(scratch_store, &d, &e), 1);
		assert_int_equal(tree_has(scratch_store, &other, &e), 1);
	}
	/* Something else was lost, and this one has another size. */
	lose(3, &d, &other);
	damage(&abc, true);
	assert_int_equal(tree_has(scratch_store, &d, &e), 0);
	/* The list itself. */
	damage(&d, false);
	assert_int_equal(tree_has(scratch_store, &d, &e), 0);
	assert_false(store_has(scratch_store, &d, NULL));
	assert_int_equal(tree_has(scratch_store, &d, &e), 0);
}

/* A list that someone made up, with a link that leads out. */
static void test_get_makes_no_bad_link(void **state)
{
	_buf_ struct buf list = BUF_INIT;
	struct digest target, d;
	char hex[DIGEST_HEX + 1];
	assert_int_equal(put_whole(scratch_store, "/etc", 4, &target, &e), 0);
	digest_to_hex(&target, hex);
	buf_addf(&list, "120000 %s 4\tl\n", hex);
	assert_int_equal(put_whole(scratch_store, list.data, list.len, &d, &e), 0);
	assert_fails(tree_get(scratch_store, &d, at("out"), &e), e, ERR_BROKEN, "absolute path");
	assert_false(file_exists(at("out")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_digest_hangs_on_content_only),
		scratch_test(test_put_over_damaged),
		scratch_test(test_put_and_get),
		scratch_test(test_format),
		scratch_test(test_empty_folder),
		scratch_test(test_large),
		scratch_test(test_put_refuses),
		scratch_test(test_unwritable_folder_is_moved),
		scratch_test(test_get_refuses),
		scratch_test(test_grown_link),
		scratch_test(test_has),
		scratch_test(test_get_makes_no_bad_link),
	};
	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
