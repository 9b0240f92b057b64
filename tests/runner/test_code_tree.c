#include "tests/runner/code_scratch.h"
#include <dirent.h>
#include <sys/file.h>
#include "runner/process/spawn.h"
#include "store/tree.h"

static struct code_tree *open_ok(void)
{
	struct code_tree *t = NULL;
	assert_ok(code_tree_open(jig, snap.tree, &t, e));
	return t;
}

static int new_folder(const char *name, char **ret)
{
	*ret = path_join(home, name);
	assert_int_equal(mkdir(*ret, 0755), 0);
	return open(*ret, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void assert_file(const char *folder, const char *path, const void *bytes, size_t n, mode_t mode)
{
	_free_ char *full = path_join(folder, path);
	_buf_ struct buf b = BUF_INIT;
	struct stat st;
	assert_ok(file_read(full, 64 << 20, &b, e));
	assert_int_equal(b.len, n);
	assert_memory_equal(b.data, bytes, n);
	assert_int_equal(lstat(full, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

static bool skip_some(void *arg, const char *path)
{
	return !strcmp(path, arg);
}

static size_t entries(const char *folder)
{
	DIR *d = opendir(folder);
	size_t n = 0;
	for (struct dirent *entry; d && (entry = readdir(d));)
		n += entry->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

static void small_files(void **state)
{
	umask(022);
	put("a-b", "1");
	put("a/x", "22");
	put("a/y/z", "333");
	put("a.c", "");
	put("run.sh", "#!/bin/sh\n");
	_free_ char *script = path_join(root, "run.sh"), *link = path_join(root, "a/link");
	chmod(script, 0755);
	assert_int_equal(symlink("../run.sh", link), 0);
	take_ok();
	struct code_tree *t = open_ok();
	assert_string_equal(t->id, snap.tree);
	assert_int_equal(t->len, 6);
	assert_null(t->folder);
	for (size_t i = 0; i < t->len; i++)
		assert_non_null(t->v[i].data);
	_free_ char *trees = path_join(jig, "trees"), *into = NULL, *part = NULL, *linked = NULL;
	assert_false(file_exists(trees));
	_close_ int dir = new_folder("into", &into);
	assert_ok(code_tree_write(t, dir, NULL, NULL, e));
	assert_file(into, "a-b", "1", 1, 0644);
	assert_file(into, "a/x", "22", 2, 0644);
	assert_file(into, "a/y/z", "333", 3, 0644);
	assert_file(into, "a.c", "", 0, 0644);
	assert_file(into, "run.sh", "#!/bin/sh\n", 10, 0755);
	linked = path_join(into, "a/link");
	char target[64] = "";
	assert_int_equal(readlink(linked, target, sizeof target), 9);
	assert_string_equal(target, "../run.sh");
	_close_ int other = new_folder("part", &part);
	char skipped[] = "a/y/z";
	assert_ok(code_tree_write(t, other, skip_some, skipped, e));
	_free_ char *gone = path_join(part, "a/y");
	assert_false(file_exists(gone));
	/* What stands there is never overwritten. */
	struct err err;
	assert_true(code_tree_write(t, dir, NULL, NULL, &err) < 0);
	assert_non_null(strstr(err.text, "a-b"));
	code_tree_free(t);
}

/* Whatever a step left of its work folder, the next one finds what a new folder would hold. */
static void used_folder_is_as_new(void **state)
{
	umask(022);
	put("a/x", "twenty-two");
	put("a/y/z", "333");
	put("b", "b");
	put("c", "c");
	put("run.sh", "#!/bin/sh\n");
	_free_ char *script = path_join(root, "run.sh"), *link = path_join(root, "link");
	chmod(script, 0755);
	assert_int_equal(symlink("a/x", link), 0);
	take_ok();
	struct code_tree *t = open_ok();
	_free_ char *used = NULL, *outside = path_join(home, "outside"), *fresh = NULL;
	_close_ int dir = new_folder("used", &used);
	_close_ int new = new_folder("fresh", &fresh);
	assert_ok(code_tree_write(t, dir, NULL, NULL, e));
	assert_ok(code_tree_write(t, new, NULL, NULL, e));
	static const char *const mess =
		"cd \"$1\" && echo longer than it was before >> a/x && chmod 755 b && ln c \"$2\" && echo evil > c && "
		"rm link && ln -s /etc link && chmod 644 run.sh && "
		"rm -r a/y && echo file > a/y && mkdir -p more/deep && echo 1 > more/deep/x && ln -s /etc/passwd extra "
		"&& mkdir ro && echo 1 > ro/f && chmod 555 ro && mkfifo p";
	_free_ char *first = path_join(home, "mess.sh");
	assert_ok(file_write(first, mess, strlen(mess), 0755, e));
	const char *argv[] = {"/bin/sh", first, used, outside, NULL};
	_buf_ struct buf said = BUF_INIT;
	int status;
	assert_ok(spawn_capture(argv, (const char *const *)environ, NULL, 4096, &said, &status, e));
	assert_int_equal(status, 0);
	assert_ok(code_tree_rewrite(t, dir, NULL, NULL, e));
	struct digest a, b;
	assert_ok(tree_digest(used, &a, NULL, e));
	assert_ok(tree_digest(fresh, &b, NULL, e));
	assert_true(digest_equal(&a, &b));
	assert_file(used, "a/x", "twenty-two", 10, 0644);
	assert_file(used, "b", "b", 1, 0644);
	assert_file(used, "run.sh", "#!/bin/sh\n", 10, 0755);
	/* A second name of a file is not written through. */
	assert_file(home, "outside", "evil\n", 5, 0644);
	/* What is skipped is not there, though the folder had it. */
	char skipped[] = "b";
	assert_ok(code_tree_rewrite(t, dir, skip_some, skipped, e));
	_free_ char *gone = path_join(used, "b");
	assert_false(file_exists(gone));
	code_tree_free(t);
}

static void big_files(void **state)
{
	size_t n = 3 << 20;
	_free_ char *bytes = mem_alloc(n);
	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)(i * 2654435761u >> 13);
	options.max_file = 64 << 20;
	umask(022);
	put_bytes("data/big.bin", bytes, n);
	put_bytes("edge", bytes, 64 << 10);
	put_bytes("over", bytes + 1, (64 << 10) + 1);
	put("small", "1");
	_free_ char *over = path_join(root, "over");
	chmod(over, 0755);
	take_ok();
	struct code_tree *t = open_ok(), *second = open_ok();
	_free_ char *cached = path_join(t->folder, "small"), *into = NULL;
	assert_string_equal(t->folder, second->folder);
	assert_false(file_exists(cached));
	assert_file(t->folder, "data/big.bin", bytes, n, 0444);
	assert_file(t->folder, "over", bytes + 1, (64 << 10) + 1, 0555);
	_close_ int dir = new_folder("into", &into);
	assert_ok(code_tree_write(t, dir, NULL, NULL, e));
	assert_file(into, "data/big.bin", bytes, n, 0644);
	assert_file(into, "edge", bytes, 64 << 10, 0644);
	assert_file(into, "over", bytes + 1, (64 << 10) + 1, 0755);
	assert_file(into, "small", "1", 1, 0644);
	code_tree_free(t);
	code_tree_free(second);
	/* Packed objects cannot be streamed. */
	_free_ char *gc = mem_printf("--git-dir=%s/code.git gc -q --prune=now", jig), *trees = path_join(jig, "trees");
	git(gc);
	assert_ok(file_remove_tree(trees, e));
	t = open_ok();
	assert_file(t->folder, "data/big.bin", bytes, n, 0444);
	code_tree_free(t);
}

static void old_checkouts_go(void **state)
{
	options.max_file = 64 << 20;
	struct code_tree *held = NULL;
	_free_ char *trees = path_join(jig, "trees"), *big = path_join(root, "big");
	for (int i = 0; i < 8; i++) {
		assert_ok(file_remove_tree(big, e));
		put_size("big", (100 << 10) + i);
		take_ok();
		struct code_tree *t = open_ok();
		if (!i)
			held = t;
		else
			code_tree_free(t);
	}
	/* Four, their locks, and the one in use with its lock. */
	assert_int_equal(entries(trees), 10);
	assert_true(file_is_dir(held->folder));
	_free_ char *folder = mem_strdup(held->folder);
	code_tree_free(held);
	put_size("big", (100 << 10) + 9);
	take_ok();
	code_tree_free(open_ok());
	assert_int_equal(entries(trees), 8);
	assert_false(file_exists(folder));
}

static void checkout_by_several(void **state)
{
	options.max_file = 64 << 20;
	put_size("big", 1 << 20);
	take_ok();
	pid_t pids[4];
	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			struct err err;
			struct code_tree *t;
			if (code_tree_open(jig, snap.tree, &t, &err) < 0)
				_exit(1);
			_free_ char *path = path_join(t->folder, "big");
			struct stat st;
			int bad = stat(path, &st) < 0 || st.st_size != 1 << 20;
			code_tree_free(t);
			_exit(bad);
		}
	}
	for (int i = 0; i < 4; i++) {
		int status;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
}

static void wrong_ids(void **state)
{
	struct code_tree *t = NULL;
	struct err err;
	struct buf b = BUF_INIT;
	static const char missing[] = "0123456789012345678901234567890123456789";
	assert_int_equal(code_tree_open(jig, missing, &t, &err), ERR_NOT_FOUND);
	put("a", "1");
	put("d/b", "1");
	take_ok();
	assert_int_equal(code_tree_open(jig, missing, &t, &err), ERR_NOT_FOUND);
	assert_int_equal(code_tree_open(jig, "abc", &t, &err), ERR_USAGE);
	assert_int_equal(code_tree_open(jig, "zzzz456789012345678901234567890123456789", &t, &err), ERR_USAGE);
	assert_null(t);
	assert_int_equal(code_read(jig, missing, "a", &b, &err), ERR_NOT_FOUND);
	assert_int_equal(code_read(jig, snap.tree, "b", &b, &err), ERR_NOT_FOUND);
	assert_int_equal(code_read(jig, snap.tree, "d", &b, &err), ERR_NOT_FOUND);
	assert_int_equal(code_read(jig, snap.tree, "", &b, &err), ERR_NOT_FOUND);
	assert_int_equal(code_read(jig, "xyz", "a", &b, &err), ERR_USAGE);
	assert_int_equal(b.len, 0);
	code_tree_free(NULL);
}

static void damaged_object(void **state)
{
	put("a", "some content");
	take_ok();
	struct code_tree *t = NULL;
	struct err err;
	_free_ char *line = mem_printf("--git-dir=%s/code.git rev-parse %s:a", jig, snap.tree);
	git(line);
	_free_ char *path = mem_printf("%s/code.git/objects/%.2s/%.38s", jig, out.data, out.data + 2);
	chmod(path, 0600);
	assert_ok(file_write(path, "nonsense", 8, 0600, e));
	assert_int_equal(code_tree_open(jig, snap.tree, &t, &err), ERR_BROKEN);
	assert_non_null(strstr(err.text, "a: of snapshot"));
	assert_non_null(strstr(err.text, path));
	/* It was moved away, and the next snapshot writes it. */
	assert_false(file_exists(path));
	take_ok();
	assert_content("a", "some content");
	/* Another's content in its place, in a file that is checked out by a stream. */
	put_size("a", 100000);
	put_size("b", 100001);
	take_ok();
	_free_ char *big = mem_printf("--git-dir=%s/code.git rev-parse %s:a %s:b", jig, snap.tree, snap.tree);
	git(big);
	_free_ char *one = mem_printf("%s/code.git/objects/%.2s/%.38s", jig, out.data, out.data + 2);
	_free_ char *other = mem_printf("%s/code.git/objects/%.2s/%.38s", jig, out.data + 41, out.data + 43);
	assert_int_equal(unlink(one), 0);
	assert_ok(file_copy(other, one, 0444, e));
	assert_int_equal(code_tree_open(jig, snap.tree, &t, &err), ERR_BROKEN);
	assert_non_null(strstr(err.text, one));
	assert_false(file_exists(one));
	take_ok();
	assert_ok(code_tree_open(jig, snap.tree, &t, e));
	code_tree_free(t);
}

static void differences(void **state)
{
	put("same", "1\n");
	put("changed", "1\n2\n3\n");
	put("gone", "1\n2\n");
	put("kind", "text");
	put_bytes("binary", "\0\1\2", 3);
	take_ok();
	char a[41];
	memcpy(a, snap.tree, 41);
	put("changed", "1\n4\n5\n6\n3\n");
	put("dir/new", "1\n");
	put_bytes("binary", "\0\1\3", 3);
	_free_ char *gone = path_join(root, "gone"), *kind = path_join(root, "kind");
	unlink(gone);
	unlink(kind);
	assert_int_equal(symlink("same", kind), 0);
	take_ok();
	static const struct code_change expected[] = {
	        {"binary", 'M', -1, -1}, {"changed", 'M', 3, 1}, {"dir/new", 'A', 1, 0},
	        {"gone", 'D', 0, 2},     {"kind", 'T', 0, 0},
	};
	struct code_changes c = {0};
	assert_ok(code_diff(jig, a, snap.tree, &c, e));
	assert_int_equal(c.len, ARRAY_LEN(expected));
	for (size_t i = 0; i < c.len; i++) {
		assert_string_equal(c.v[i].path, expected[i].path);
		assert_int_equal(c.v[i].status, expected[i].status);
		if (c.v[i].status == 'T')
			continue;
		assert_int_equal(c.v[i].added, expected[i].added);
		assert_int_equal(c.v[i].removed, expected[i].removed);
	}
	code_changes_release(&c);
	assert_ok(code_diff(jig, a, a, &c, e));
	assert_int_equal(c.len, 0);
	code_changes_release(&c);
	struct err err;
	assert_int_equal(code_diff(jig, a, "0123456789012345678901234567890123456789", &c, &err), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        scratch_test(small_files),      scratch_test(used_folder_is_as_new), scratch_test(big_files),
	        scratch_test(old_checkouts_go), scratch_test(checkout_by_several),   scratch_test(wrong_ids),
	        scratch_test(damaged_object),   scratch_test(differences),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
