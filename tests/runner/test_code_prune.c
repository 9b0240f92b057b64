#include "tests/runner/code_scratch.h"
#include <dirent.h>
#include "runner/code/code_prune.h"

#define HOUR (3600 * 1000000LL)

static struct code_pruned pruned;

static int64_t sum_of(const char *folder)
{
	_free_ char *path = path_join(jig, folder);
	DIR *d = opendir(path);
	int64_t sum = 0;
	for (struct dirent *entry; d && (entry = readdir(d));) {
		struct stat st;
		_free_ char *below = mem_printf("%s/%s", folder, entry->d_name), *full = path_join(jig, below);
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") || lstat(full, &st) < 0)
			continue;
		sum += S_ISDIR(st.st_mode) ? sum_of(below) : st.st_size;
	}
	if (d)
		closedir(d);
	return sum;
}

static int64_t held(void)
{
	return sum_of("code.git/objects") + sum_of("trees");
}

static int prune(const struct code_prune_options *o, struct err *e)
{
	_close_ int lock = -1;
	return code_lock(jig, &lock, e) < 0 ? e->code : code_prune(jig, o, &pruned, e);
}

/* The dry run, then the other one: both say what is then gone. */
static void prune_exactly(struct code_prune_options o)
{
	int64_t before = held();
	o.dry_run = true;
	assert_ok(prune(&o, e));
	assert_int_equal(held(), before);
	struct code_pruned said = pruned;
	o.dry_run = false;
	assert_ok(prune(&o, e));
	assert_memory_equal(&said, &pruned, sizeof said);
	assert_int_equal(before - held(), pruned.bytes);
}

static bool there(const char *tree)
{
	struct code_tree *t = NULL;
	struct err e;
	int r = code_tree_open(jig, tree, &t, &e);
	assert_true(r >= 0 || e.code == ERR_NOT_FOUND);
	code_tree_free(t);
	return r >= 0;
}

/* A snapshot with one text of its own beside what all have. */
static void take_as(const char *text, char ret[41])
{
	put("common/lib.py", "lib");
	put("own/a.txt", text);
	take_ok();
	memcpy(ret, snap.tree, 41);
}

/* Makes all objects two hours old. */
static void age(const char *folder)
{
	_free_ char *path = path_join(jig, folder);
	DIR *d = opendir(path);
	for (struct dirent *entry; d && (entry = readdir(d));) {
		struct stat st;
		_free_ char *below = mem_printf("%s/%s", folder, entry->d_name), *full = path_join(jig, below);
		if (entry->d_name[0] == '.' || lstat(full, &st) < 0)
			continue;
		struct timespec old = {.tv_sec = time(NULL) - 7200}, times[2] = {old, old};
		if (S_ISDIR(st.st_mode))
			age(below);
		else
			assert_int_equal(utimensat(AT_FDCWD, full, times, 0), 0);
	}
	if (d)
		closedir(d);
}

static void no_repository(void **state)
{
	prune_exactly((struct code_prune_options){0});
	assert_int_equal(pruned.bytes, 0);
	_free_ char *path = path_join(jig, "code.git");
	assert_false(file_exists(path));
}

static void what_is_kept(void **state)
{
	char a[41], b[41], c[41], d[41], f[41];
	take_as("a", a);
	assert_ok(code_pin(jig, a, 1, e));
	take_as("b", b);
	take_as("c", c);
	take_as("d", d);
	git("init -q");
	commit_all();
	assert_ok(code_revision(&options, "HEAD", &snap, e));
	code_snapshot_release(&snap);
	take_as("f", f);
	take_as("g", f);
	const char *const keep[] = {b, "0123456789012345678901234567890123456789"};
	prune_exactly((struct code_prune_options){.keep = keep, .nkeep = 2});
	assert_int_equal(pruned.objects, 6); /* of c and f: the tree, the folder's tree, the file */
	assert_int_equal(pruned.young, 0);
	assert_true(there(a) && there(b) && there(d) && there(f));
	assert_false(there(c));
	prune_exactly((struct code_prune_options){.keep = keep, .nkeep = 2});
	assert_int_equal(pruned.bytes, 0);
	/* A pin that is about to go, and then is gone. */
	static const int64_t dropped[] = {1, 7};
	struct code_prune_options o = {.keep = keep, .nkeep = 2, .dropped = dropped, .ndropped = 2, .dry_run = true};
	assert_int_equal(code_pin_bytes(jig, 1), 41);
	assert_int_equal(code_pin_bytes(jig, 7), 0);
	assert_ok(prune(&o, e));
	assert_int_equal(pruned.objects, 3);
	assert_ok(code_unpin(jig, 1, e));
	prune_exactly((struct code_prune_options){.keep = keep, .nkeep = 2});
	assert_int_equal(pruned.objects, 3);
	assert_false(there(a));
	struct err bad;
	assert_int_equal(code_pin(jig, a, 9, &bad), ERR_NOT_FOUND);
	assert_int_equal(code_pin(jig, "abc", 9, &bad), ERR_USAGE);
	/* What went comes back when it is needed. */
	take_as("a", a);
	assert_true(there(a));
}

/* A young tree keeps what it reaches, however old that is: a run may be about to pin it. */
static void young(void **state)
{
	char a[41], b[41], c[41];
	take_as("a", a);
	take_as("b", b);
	age("code.git/objects");
	prune_exactly((struct code_prune_options){.grace_us = 3 * HOUR});
	assert_int_equal(pruned.objects, 0);
	assert_int_equal(pruned.young, 3);
	assert_true(pruned.young_bytes > 0);
	take_as("a", a);
	take_as("c", c);
	prune_exactly((struct code_prune_options){.grace_us = HOUR});
	assert_int_equal(pruned.objects, 3);
	assert_int_equal(pruned.young, 3);
	assert_true(there(a) && there(c));
	assert_false(there(b));
	prune_exactly((struct code_prune_options){0});
	assert_int_equal(pruned.objects, 3);
	assert_false(there(a));
}

static void leftovers(void **state)
{
	char a[41];
	take_as("a", a);
	put_size(".jig/code.git/objects/tmp_object_git2_abc", 100);
	put_size(".jig/code.git/objects/12/tmp_obj_xyz", 10);
	put_size(".jig/code.git/objects/pack/tmp_pack_q", 10);
	put(".jig/code.git/objects/12/readme", "not an object");
	prune_exactly((struct code_prune_options){.grace_us = HOUR});
	assert_int_equal(pruned.bytes, 0);
	prune_exactly((struct code_prune_options){0});
	assert_int_equal(pruned.bytes, 110);
	assert_int_equal(pruned.objects, 0);
	assert_true(there(a));
}

static void checkouts(void **state)
{
	char a[41], b[41], c[41];
	put_size("big", 300 << 10);
	take_as("a", a);
	assert_true(there(a));
	take_as("b", b);
	assert_true(there(b));
	struct code_tree *used = NULL;
	assert_ok(code_tree_open(jig, b, &used, e));
	take_as("c", c);
	assert_true(there(c));
	_free_ char *in_a = mem_printf(".jig/trees/%s.new/half", a);
	put(in_a, "a crash left it");
	prune_exactly((struct code_prune_options){0});
	_free_ char *at_a = mem_printf("%s/trees/%s", jig, a), *at_b = mem_printf("%s/trees/%s", jig, b),
	            *at_c = mem_printf("%s/trees/%s", jig, c), *new_a = mem_printf("%s.new", at_a);
	assert_false(file_exists(at_a));
	assert_false(file_exists(new_a));
	assert_true(file_exists(at_b)); /* in use */
	assert_true(file_exists(at_c)); /* the newest */
	code_tree_free(used);
	prune_exactly((struct code_prune_options){0});
	assert_int_equal(pruned.bytes, (300 << 10));
	assert_false(file_exists(at_b));
}

/* Objects that git has packed stay; so does everything when there is a ref that jig did not make. */
static void packed_and_foreign(void **state)
{
	char a[41], b[41], c[41];
	take_as("a", a);
	_free_ char *gc = mem_printf("--git-dir=%s/code.git gc -q", jig);
	git(gc);
	take_as("b", b);
	take_as("c", c);
	_free_ char *made = mem_printf("--git-dir=%s/code.git commit-tree -m x %s", jig, b);
	git(made);
	_free_ char *ref = mem_printf("--git-dir=%s/code.git update-ref refs/heads/mine %.40s", jig, out.data);
	git(ref);
	prune_exactly((struct code_prune_options){0});
	assert_int_equal(pruned.bytes, 0);
	_free_ char *drop = mem_printf("--git-dir=%s/code.git update-ref -d refs/heads/mine", jig);
	git(drop);
	prune_exactly((struct code_prune_options){0});
	assert_int_equal(pruned.objects, 4); /* of b, and the commit */
	assert_true(there(a) && there(c));
	assert_false(there(b));
}

/* Where a tree that is kept cannot be read whole nothing is removed, for what it reaches is not known. */
static void damage(void **state)
{
	char a[41], b[41];
	take_as("a", a);
	assert_ok(code_pin(jig, a, 1, e));
	take_as("b", b);
	_free_ char *line = mem_printf("--git-dir=%s/code.git rev-parse %s:own", jig, a);
	git(line);
	_free_ char *inner = mem_printf("%s/code.git/objects/%.2s/%.38s", jig, out.data, out.data + 2);
	assert_int_equal(unlink(inner), 0);
	int64_t before = held();
	struct code_prune_options o = {0};
	struct err bad;
	assert_int_equal(prune(&o, &bad), ERR_BROKEN);
	assert_non_null(strstr(bad.text, "no code was freed"));
	assert_int_equal(held(), before);
}

/* Three snapshots, of which the last stays; the others share folders, at different depths. */
static void take_nested(char a[41], char b[41], char c[41])
{
	put("x/common/deep/lib.py", "deep");
	put("x/common/two/z.py", "z");
	put("deep/lib.py", "deep");
	take_as("a", a);
	put("x/y/common/deep/lib.py", "deep");
	put("x/y/common/two/z.py", "z");
	take_as("b", b);
	_free_ char *x = path_join(root, "x"), *deep = path_join(root, "deep");
	assert_ok(file_remove_tree(x, e));
	assert_ok(file_remove_tree(deep, e));
	take_as("c", c);
}

static bool pins(const char *tree)
{
	struct err e;
	int r = code_pin(jig, tree, 1, &e);
	assert_true(r >= 0 || r == ERR_NOT_FOUND);
	return r >= 0;
}

/* Killed before any object: what can be pinned then is whole, and so is what is taken again. */
static void killed(void **state)
{
#ifndef JIG_FAULTS
	skip();
#endif
	char a[41], b[41], c[41];
	int n = 0, status;
	do {
		take_nested(a, b, c);
		assert_true(there(a) && there(b) && there(c));
		_free_ char *point = mem_printf("code-removed:%d", ++n);
		pid_t child = fork();
		if (child == 0) {
			struct err ignored;
			setenv("JIG_FAULT", point, 1);
			_exit(prune(&(struct code_prune_options){0}, &ignored) < 0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		const char *const trees[] = {a, b, c};
		for (int i = 0; i < 3; i++) {
			bool whole = there(trees[i]);
			assert_int_equal(pins(trees[i]), whole);
			assert_ok(code_unpin(jig, 1, e));
			assert_true(whole || i < 2);
		}
	} while (WIFSIGNALED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_false(there(a) || there(b));
	assert_int_equal(n, 14); /* 13 objects */
}

/* Garbage that is damaged goes as any other. */
static void damaged_garbage(void **state)
{
	char a[41], b[41];
	take_as("a", a);
	take_as("b", b);
	_free_ char *object = mem_printf(".jig/code.git/objects/%.2s/%s", a, a + 2), *full = path_join(root, object);
	for (int empty = 0; empty < 2; empty++) {
		assert_int_equal(unlink(full), 0);
		put(object, empty ? "" : "junk");
		prune_exactly((struct code_prune_options){0});
		assert_int_equal(pruned.objects, 3);
		take_as("a", a);
		take_as("b", b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        scratch_test(no_repository), scratch_test(what_is_kept), scratch_test(young),
	        scratch_test(leftovers),     scratch_test(checkouts),    scratch_test(packed_and_foreign),
	        scratch_test(damage),        scratch_test(killed),       scratch_test(damaged_garbage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
