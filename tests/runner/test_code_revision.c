#include "tests/runner/code_scratch.h"
#include "runner/code/code_list.h"

static struct code_snapshot rev;

static int revise(const char *revision, struct err *e)
{
	code_snapshot_release(&rev);
	return code_revision(&options, revision, &rev, e);
}

static void assert_refused(const char *revision, const char *text)
{
	struct err e = {0};
	assert_int_equal(revise(revision, &e), ERR_USAGE);
	if (!strstr(e.text, text))
		fail_msg("\"%s\" is not in: %s", text, e.text);
}

static bool rev_noted(const char *a, const char *b)
{
	for (size_t i = 0; i < rev.nnotes; i++)
		if (strstr(rev.notes[i], a) && strstr(rev.notes[i], b))
			return true;
	return false;
}

static char *git_line(const char *line)
{
	git(line);
	return mem_strndup(out.data, strcspn(out.data, "\n"));
}

/* The tree of a revision is that of a snapshot of a clean checkout of it. */
static void assert_as_clean(const char *revision)
{
	take_ok();
	assert_ok(revise(revision, e));
	assert_string_equal(rev.tree, snap.tree);
	assert_int_equal(rev.nfiles, snap.nfiles);
	if (snap.commit)
		assert_string_equal(rev.commit, snap.commit);
	assert_null(rev.branch);
	assert_int_equal(rev.dirty, 0);
	assert_int_equal(rev.changed_files, 0);
}

static void clean_tree(void **state)
{
	put("a-b", "1");
	put("a/x", "2");
	put("a.c", "3");
	put("a/y/z", "4");
	put("run.sh", "#!/bin/sh\n");
	put_size("big.bin", 3 << 20);
	_free_ char *script = path_join(root, "run.sh"), *link = path_join(root, "a/link");
	assert_int_equal(chmod(script, 0755), 0);
	assert_int_equal(symlink("../run.sh", link), 0);
	git("init -q");
	commit_all();
	git("remote add origin https://user:secret@example.org/x.git");
	/* Taken from the repository alone first: nothing of it stands in code.git. */
	assert_ok(revise("HEAD", e));
	assert_string_equal(rev.remote, "https://example.org/x.git");
	assert_as_clean("HEAD");
	assert_content("a/y/z", "4");
	git("gc -q");
	assert_as_clean("main");
}

static void what_is_left_out(void **state)
{
	put(".gitignore", "*.log\n");
	put(".jigignore", "*.csv\nnotes/\n!keep/__pycache__\n!wanted.log\n");
	put("sub/.jigignore", "!x.csv\nonly-here\n");
	put("data.csv", "1");
	put("sub/x.csv", "2");
	put("sub/only-here", "2");
	put("only-here", "2");
	put("notes/n.md", "3");
	put("forced.log", "4");
	put("__pycache__/a.pyc", "5");
	put("keep/__pycache__/b.pyc", "6");
	put(".mypy_cache/x", "6");
	put(".DS_Store", "7");
	put("env/pyvenv.cfg", "8");
	put("env/bin/python", "8");
	put("conda/conda-meta/history", "9");
	put("conda/lib.so", "9");
	put("out/result.txt", "10");
	put("outside", "11");
	put("deep/out.txt", "12");
	put("deep/.jig/x", "12");
	put(".env", "TOKEN=1");
	put("node_modules/m/index.js", "13");
	put("pyvenv.cfg", "at the root it marks nothing");
	static const char *const data[] = {"out/", "deep/out.txt"};
	options.data = data;
	options.ndata = ARRAY_LEN(data);
	git("init -q");
	git("add -f -A");
	git("reset -q .jig");
	git("commit -q -m all");
	assert_as_clean("HEAD");
	static const char *const in[] = {"sub/x.csv", "only-here", "forced.log", "keep/__pycache__/b.pyc",
	                                 "outside",   ".env",      ".gitignore", "sub/.jigignore",
	                                 "pyvenv.cfg"};
	static const char *const left[] = {"data.csv",          "sub/only-here", "notes/n.md",
	                                   "__pycache__/a.pyc", ".mypy_cache/x", ".DS_Store",
	                                   "env/bin/python",    "conda/lib.so",  "out/result.txt",
	                                   "deep/out.txt",      "deep/.jig/x",   "node_modules/m/index.js"};
	for (size_t i = 0; i < ARRAY_LEN(in); i++)
		assert_true(holds(in[i]));
	for (size_t i = 0; i < ARRAY_LEN(left); i++)
		assert_false(holds(left[i]));
	assert_true(rev_noted("env", "environment"));
	assert_true(rev_noted("__pycache__", "made by tools"));
}

/* Every way to name the first of two commits; the working tree, the index and the repository's files stay as they are.
 */
static void names_of_revisions(void **state)
{
	put(".jig/.gitignore", "*\n");
	put("a", "1");
	git("init -q");
	commit_all();
	take_ok();
	char first[41];
	memcpy(first, snap.tree, sizeof first);
	git("tag light");
	git("tag -a -m note annotated");
	git("branch side");
	_free_ char *commit = git_line("rev-parse HEAD"), *shorter = git_line("rev-parse --short=8 HEAD"),
	            *tree = git_line("rev-parse HEAD^{tree}");
	put("a", "2");
	put("b", "2");
	commit_all();
	put("a", "not committed");
	put("untracked", "3");
	git("status --porcelain");
	_free_ char *before = mem_strdup(out.data), *index_path = path_join(root, ".git/index");
	_buf_ struct buf index = BUF_INIT, index_after = BUF_INIT;
	assert_ok(file_read(index_path, 1 << 20, &index, e));
	const char *const names[] = {"light", "annotated", "side", "refs/heads/side", "HEAD~1", "HEAD^",
	                             "main~", commit,      shorter};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_ok(revise(names[i], e));
		assert_string_equal(rev.tree, first);
		assert_string_equal(rev.commit, commit);
	}
	assert_ok(revise(tree, e));
	assert_string_equal(rev.tree, first);
	assert_null(rev.commit);
	assert_ok(revise("HEAD", e));
	assert_int_equal(rev.nfiles, 2);
	_buf_ struct buf b = BUF_INIT;
	assert_ok(code_read(jig, rev.tree, "a", &b, e));
	assert_string_equal(b.data, "2");
	assert_ok(file_read(index_path, 1 << 20, &index_after, e));
	assert_int_equal(index.len, index_after.len);
	assert_memory_equal(index.data, index_after.data, index.len);
	git("status --porcelain");
	assert_string_equal(out.data, before);
}

static void no_such_revision(void **state)
{
	put("a", "1");
	assert_refused("HEAD", "in no git repository");
	git("init -q");
	assert_refused("HEAD", "no branch and no tag yet");
	commit_all();
	git("branch feature/layers");
	assert_refused("feature/layer", "there is no revision \"feature/layer\" in ");
	assert_refused("feature/layer", "did you mean \"feature/layers\"?");
	assert_refused("something-else", "it has feature/layers, main");
	assert_refused("", "there is no revision \"\"");
	assert_refused("HEAD~7", "there is no revision");
	assert_refused("main..feature/layers", "there is no revision");
	assert_refused("--all", "there is no revision");
	assert_refused("0123456789012345678901234567890123456789", "there is no revision");
	assert_refused("HEAD:a", "names a file");
	_free_ char *last = path_join(jig, "code.git/refs/jig/revision");
	assert_false(file_exists(last));
}

static void folder_of_a_repository(void **state)
{
	put("a", "outside");
	git("init -q");
	commit_all();
	put(".jigignore", "*\n"); /* above the project: says nothing about it */
	put("part/one/.jigignore", "left.txt\n");
	put("part/one/left.txt", "1");
	put("part/one/x", "1");
	commit_all();
	_free_ char *part = path_join(root, "part/one");
	options.root = part;
	assert_as_clean("HEAD");
	assert_true(holds("x"));
	assert_false(holds("left.txt"));
	assert_refused("HEAD~1", "does not hold this project's folder part/one");
}

static void linked_worktree(void **state)
{
	put("a", "1");
	git("init -q");
	commit_all();
	git("worktree add -q -b side ../wt");
	_free_ char *wt = path_join(home, "wt"), *file = path_join(wt, "b");
	assert_ok(file_write(file, "2", 1, 0644, e));
	git_in("../wt", "add -A");
	git_in("../wt", "commit -q -m b");
	options.root = wt;
	assert_as_clean("HEAD");
	assert_int_equal(rev.nfiles, 2);
	assert_ok(revise("main", e));
	assert_int_equal(rev.nfiles, 1);
}

static void submodule(void **state)
{
	put("../lib/lib.py", "lib\n");
	git_in("../lib", "init -q");
	git_in("../lib", "add -A");
	git_in("../lib", "commit -q -m lib");
	put("a", "1");
	git("init -q");
	git("submodule -q add ../lib sub");
	commit_all();
	assert_as_clean("HEAD");
	assert_true(holds("sub/lib.py"));
	git("submodule -q deinit -f sub");
	assert_as_clean("HEAD");
	assert_false(holds("sub/lib.py"));
	assert_true(rev_noted("left out sub", "submodule"));
}

static void partial_clone(void **state)
{
	put("../origin/a", "1");
	put("../origin/lib/b", "2");
	git_in("../origin", "init -q");
	git_in("../origin", "add -A");
	git_in("../origin", "commit -q -m first");
	put("../origin/lib/b", "3");
	git_in("../origin", "commit -q -a -m second");
	git_in("../origin", "config uploadpack.allowFilter true");
	_free_ char *url = mem_printf("clone -q --filter=blob:none file://%s/origin ../clone", home),
	            *clone = path_join(home, "clone");
	git(url);
	options.root = clone;
	assert_as_clean("HEAD");
	assert_refused("HEAD~1", "lib/b of revision \"HEAD~1\" is not in");
	assert_refused("HEAD~1", "`git archive 'HEAD~1' >/dev/null`");
	git_in("../clone", "archive -o ../all.tar HEAD~1");
	assert_ok(revise("HEAD~1", e));
	assert_int_equal(rev.nfiles, 2);
}

static void shallow_clone(void **state)
{
	put("../origin/a", "1");
	git_in("../origin", "init -q");
	git_in("../origin", "add -A");
	git_in("../origin", "commit -q -m first");
	git_in("../origin", "commit -q --allow-empty -m second");
	_free_ char *url = mem_printf("clone -q --depth=1 file://%s/origin ../clone", home),
	            *clone = path_join(home, "clone");
	git(url);
	options.root = clone;
	assert_as_clean("HEAD");
	assert_refused("HEAD~1", "shallow clone, which git fetch --unshallow completes");
}

static void sha256_repository(void **state)
{
	if (!try_git("", "init -q --object-format=sha256"))
		skip();
	put("a", "1");
	commit_all();
	assert_refused("HEAD", "cannot be read by libgit2");
	assert_refused("HEAD", "run the working tree instead");
}

static void sparse_index(void **state)
{
	put("a", "1");
	put("big/x", "1");
	put("small/y", "1");
	git("init -q");
	commit_all();
	take_ok();
	char whole[41];
	memcpy(whole, snap.tree, sizeof whole);
	git("sparse-checkout set --sparse-index small");
	assert_ok(revise("HEAD", e));
	assert_string_equal(rev.tree, whole);
}

static void conversions(void **state)
{
	put(".gitattributes", "*.txt text eol=crlf\n*.bin filter=lfs -text\n");
	put("a.txt", "one\r\n");
	put("w.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n");
	put("other.bin", "small");
	git("init -q");
	commit_all();
	for (int again = 0; again < 2; again++) {
		assert_ok(revise("HEAD", e));
		assert_true(rev_noted("w.bin: ", "git-lfs"));
		assert_false(rev_noted("other.bin", "git-lfs"));
		assert_true(rev_noted("line ends", "as committed"));
	}
	_buf_ struct buf b = BUF_INIT;
	assert_ok(code_read(jig, rev.tree, "a.txt", &b, e));
	assert_string_equal(b.data, "one\n");
}

static void odd_modes(void **state)
{
	put("a", "1");
	git("init -q");
	commit_all();
	take_ok();
	/* git of old wrote group's write permission down. */
	_free_ char *blob = git_line("rev-parse HEAD:a");
	_free_ char *line = mem_printf("update-index --add --cacheinfo 100664,%s,a", blob);
	git(line);
	git("commit -q --allow-empty -m mode");
	assert_ok(revise("HEAD", e));
	assert_string_equal(rev.tree, snap.tree);
}

static void empty_revision(void **state)
{
	git("init -q");
	git("commit -q --allow-empty -m nothing");
	assert_as_clean("HEAD");
	assert_int_equal(rev.nfiles, 0);
}

/* ---- lines ---- */

static void blob_of(const char *path, unsigned char ret[20])
{
	_free_ char *line = mem_printf("hash-object %s", path);
	git(line);
	for (int i = 0; i < 20; i++) {
		char two[3] = {out.data[2 * i], out.data[2 * i + 1], 0};
		ret[i] = strtoul(two, NULL, 16);
	}
}

static void lines(void **state)
{
	unsigned char a[20], b[20], bin[20], zero[20] = {0}, absent[20] = {1};
	int added = 7, removed = 7;
	struct err bad;
	put("a", "one\ntwo\nthree\n");
	put("b", "one\n2\nthree\nfour\n");
	put("bin", "x");
	put_size("bin", 100);
	take_ok();
	git("init -q");
	blob_of("a", a);
	blob_of("b", b);
	blob_of("bin", bin);
	assert_ok(code_lines_changed(jig, a, b, &added, &removed, e));
	assert_int_equal(added, 2);
	assert_int_equal(removed, 1);
	assert_ok(code_lines_changed(jig, zero, a, &added, &removed, e));
	assert_int_equal(added, 3);
	assert_int_equal(removed, 0);
	assert_ok(code_lines_changed(jig, a, zero, &added, &removed, e));
	assert_int_equal(added, 0);
	assert_int_equal(removed, 3);
	assert_ok(code_lines_changed(jig, bin, a, &added, &removed, e));
	assert_int_equal(added, -1);
	assert_int_equal(removed, -1);
	assert_ok(code_lines_changed(jig, bin, bin, &added, &removed, e));
	assert_int_equal(added, 0);
	assert_int_equal(removed, 0);
	assert_int_equal(code_lines_changed(jig, a, absent, &added, &removed, &bad), ERR_NOT_FOUND);
	assert_non_null(strstr(bad.text, "there is no such file"));
}

static void read_blob(void **state)
{
	unsigned char a[20], absent[20] = {1};
	struct err bad;
	_buf_ struct buf b = BUF_INIT;
	put("a", "one\n");
	assert_int_equal(code_read_blob(jig, absent, &b, &bad), ERR_NOT_FOUND);
	take_ok();
	git("init -q");
	blob_of("a", a);
	assert_ok(code_read_blob(jig, a, &b, e));
	assert_string_equal(b.data, "one\n");
	assert_int_equal(code_read_blob(jig, absent, &b, &bad), ERR_NOT_FOUND);
}

static int teardown(void **state)
{
	code_snapshot_release(&rev);
	return scratch_teardown(state);
}
#define test(f) cmocka_unit_test_setup_teardown(f, scratch_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        test(clean_tree),        test(what_is_left_out),       test(names_of_revisions),
	        test(no_such_revision),  test(folder_of_a_repository), test(linked_worktree),
	        test(submodule),         test(partial_clone),          test(shallow_clone),
	        test(sha256_repository), test(sparse_index),           test(conversions),
	        test(odd_modes),         test(empty_revision),         test(lines),
	        test(read_blob),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
