#include "tests/runner/code_scratch.h"
#include <sys/socket.h>
#include <sys/un.h>

#define TOKEN "gh" "p_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"

static bool warned(void)
{
	return noted(" look", "unrecorded");
}

/* A remark when a file's bytes are read, not again while it lies unchanged in the cache. */
static void likely_secrets(void **state)
{
	_free_ char *big = mem_zero(3 << 20), *text = mem_zero(2000);
	put("lib/a.py", "import x\nTOKEN = '" TOKEN "'\n");
	put("b.py", "print(1)\n");
	memset(big, '\n', 3 << 20);
	memcpy(big + 100, TOKEN "\n", strlen(TOKEN) + 1);
	put_bytes("big.txt", big, 3 << 20);
	memcpy(text + 10, TOKEN, strlen(TOKEN));
	put_bytes("binary", text, 2000);
	options.max_file = options.max_total = 64 << 20;
	take_ok();
	assert_true(noted("lib/a.py:2 (a token of GitHub) looks like a secret", "`secrets: [NAME]`"));
	assert_false(noted("big.txt", "secrets") || noted("binary", "secrets"));
	assert_true(holds("lib/a.py"));
	/* What was changed just now is read again, until its times can be trusted. */
	for (int i = 0; i < 1000 && warned(); i++) {
		usleep(5000);
		take_ok();
	}
	assert_false(warned());
	put("b.py", "print(2)\n");
	take_ok();
	assert_false(warned());
	for (int i = 0; i < 7; i++) {
		char name[16];
		snprintf(name, sizeof name, "k%d.py", i);
		put(name, TOKEN "\n");
	}
	take_ok();
	assert_true(noted("k0.py:1 (a token of GitHub), k1.py:1 (a token of GitHub),",
	                  "k4.py:1 (a token of GitHub) and 2 more look like"));
	assert_false(noted("k5.py", ""));
}

/* ---- without git ---- */

static void without_git(void **state)
{
	put("train.py", "print(1)\n");
	put("lib/a.py", "a\n");
	put(".venv/pyvenv.cfg", "home = /usr\n");
	put_size(".venv/lib/big.so", 3 << 20);
	put("conda/conda-meta/history", "");
	put_size("data/big.bin", 2 << 20);
	put("nb/.ipynb_checkpoints/x.ipynb", "{}");
	put("nb/x.ipynb", "{}");
	put("lib/__pycache__/a.pyc", "x");
	put(".mypy_cache/x", "x");
	put("node_modules/y/i.js", "x");
	put(".jig-get.a1B2c3/new", "x");
	put(".DS_Store", "x");
	put(".jig/jig.db", "x");
	take_ok();
	assert_int_equal(snap.dirty, -1);
	assert_int_equal(snap.changed_files, -1);
	assert_null(snap.commit);
	assert_null(snap.branch);
	assert_int_equal(snap.nfiles, 3);
	assert_content("train.py", "print(1)\n");
	assert_content("lib/a.py", "a\n");
	assert_true(holds("nb/x.ipynb"));
	assert_true(noted("data/big.bin", "--max-snapshot"));
	assert_true(noted(".venv", "environment"));
	assert_true(noted("conda", "environment"));
	assert_true(noted("lib/__pycache__", "made by tools"));
	options.max_file = options.max_total = 64 << 20;
	take_ok();
	assert_true(holds("data/big.bin"));
	assert_false(holds(".venv/lib/big.so"));
}

static void without_git_ignores(void **state)
{
	put(".gitignore", "*.log\n/build/\n!keep.log\ndoc/**/*.tmp\n");
	put("sub/.gitignore", "local\n");
	put(".jigignore", "raw\n!wanted.log\n");
	put("a.log", "");
	put("keep.log", "");
	put("wanted.log", "");
	put("build/x", "");
	put("sub/build/x", "");
	put("sub/local", "");
	put("local", "");
	put("doc/x.tmp", "");
	put("doc/a/b/x.tmp", "");
	put("raw/x", "");
	take_ok();
	assert_false(holds("a.log") || holds("build/x") || holds("sub/local") || holds("doc/x.tmp") ||
	             holds("doc/a/b/x.tmp") || holds("raw/x"));
	assert_true(holds("keep.log") && holds("wanted.log") && holds("sub/build/x") && holds("local") &&
	            holds(".gitignore"));
	assert_int_equal(snap.nnotes, 0);
}

static void users_excludes(void **state)
{
	_free_ char *ignore = path_join(home, ".config/git/ignore"), *config = path_join(home, ".gitconfig"),
	            *mine = path_join(home, "mine");
	put("a.swp", "");
	put("b.own", "");
	assert_ok(file_mkdirs_parent(ignore, 0700, e));
	assert_ok(file_write(ignore, "*.swp\n", 6, 0600, e));
	take_ok();
	assert_false(holds("a.swp"));
	assert_true(holds("b.own"));
	assert_ok(file_write(mine, "*.own\n", 6, 0600, e));
	const char *text = "[core]\n\texcludesFile = ~/mine\n";
	assert_ok(file_write(config, text, strlen(text), 0600, e));
	git("init -q");
	take_ok();
	assert_true(holds("a.swp"));
	assert_false(holds("b.own"));
}

static void empty_project(void **state)
{
	take_ok();
	assert_string_equal(snap.tree, "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
	assert_int_equal(snap.nfiles, 0);
}

static void missing_root(void **state)
{
	struct err err;
	options.root = "/nonexistent/project";
	assert_int_equal(take(&err), ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "/nonexistent/project"));
}

/* ---- with git ---- */

static void unborn_head(void **state)
{
	put("a", "1");
	git("init -q");
	take_ok();
	assert_null(snap.commit);
	assert_string_equal(snap.branch, "main");
	assert_int_equal(snap.dirty, 1);
	assert_int_equal(snap.changed_files, 1);
}

static void states_of_a_repository(void **state)
{
	put("a", "1");
	put("dir/b", "2");
	put(".gitignore", "ignored\nforced\n");
	put("ignored", "x");
	put("forced", "x");
	git("init -q");
	git("add -f forced");
	commit_all();
	git("remote add origin https://user:secret@example.org/x.git");
	take_ok();
	assert_int_equal(strlen(snap.commit), 40);
	assert_int_equal(snap.dirty, 0);
	assert_int_equal(snap.changed_files, 0);
	assert_string_equal(snap.remote, "https://example.org/x.git");
	assert_true(holds("forced"));
	assert_false(holds("ignored"));
	git("rev-parse HEAD^{tree}");
	assert_memory_equal(out.data, snap.tree, 40);
	char clean[41];
	memcpy(clean, snap.tree, 41);

	put("a", "changed");
	put("new", "x");
	_free_ char *b = path_join(root, "dir/b");
	unlink(b);
	take_ok();
	assert_int_equal(snap.dirty, 1);
	assert_int_equal(snap.changed_files, 3);
	assert_string_not_equal(clean, snap.tree);
	assert_content("a", "changed");
	assert_false(holds("dir/b"));

	git("checkout -q --detach -f");
	git("clean -q -f");
	take_ok();
	assert_null(snap.branch);
	assert_string_equal(clean, snap.tree);
	assert_int_equal(snap.dirty, 0);
}

static void left_out_is_not_dirty(void **state)
{
	put("a", "1");
	put("out/result", "1");
	put("node_modules/x.js", "1");
	put("raw/x", "1");
	put(".jigignore", "raw\n");
	git("init -q");
	git("add -f node_modules");
	commit_all();
	const char *data[] = {"out/"};
	options.data = data;
	options.ndata = 1;
	take_ok();
	assert_false(holds("out/result") || holds("node_modules/x.js") || holds("raw/x"));
	assert_int_equal(snap.changed_files, 0);
	_free_ char *result = path_join(root, "out"), *raw = path_join(root, "raw");
	assert_ok(file_remove_tree(result, e));
	assert_ok(file_remove_tree(raw, e));
	take_ok();
	assert_int_equal(snap.dirty, 0);
}

static void monorepo(void **state)
{
	put("a", "1");
	put("apps/one/a", "1");
	put("apps/one/sub/b", "1");
	put(".gitignore", "/apps/one/skip\n");
	put("apps/one/skip", "x");
	git("init -q");
	commit_all();
	_free_ char *below = path_join(root, "apps/one"), *below_jig = path_join(below, ".jig");
	assert_ok(file_mkdirs(below_jig, 0700, e));
	options.root = below;
	options.jig = below_jig;
	take_ok();
	assert_int_equal(snap.nfiles, 2);
	assert_int_equal(snap.dirty, 0);
	put("a", "changed");
	take_ok();
	assert_int_equal(snap.dirty, 0);
	put("apps/one/a", "changed");
	take_ok();
	assert_int_equal(snap.changed_files, 1);
}

/* A repository around everything, as people have for their dot files: it does not concern the project. */
static void ignored_project(void **state)
{
	put(".gitignore", "*\n");
	put("proj/a", "1");
	git("init -q");
	_free_ char *below = path_join(root, "proj");
	options.root = below;
	take_ok();
	assert_int_equal(snap.nfiles, 1);
	assert_int_equal(snap.dirty, -1);
}

static void submodules_and_nested(void **state)
{
	_free_ char *other = path_join(home, "other");
	assert_ok(file_mkdirs(other, 0755, e));
	git_in("../other", "init -q");
	_free_ char *file = path_join(other, "lib.py");
	assert_ok(file_write(file, "lib\n", 4, 0644, e));
	git_in("../other", "add -A");
	git_in("../other", "commit -q -m x");
	put("a", "1");
	git("init -q");
	_free_ char *line = mem_printf("submodule --quiet add %s sub", other);
	git(line);
	commit_all();
	put("nested/n.py", "x");
	git_in("nested", "init -q");
	take_ok();
	assert_content("sub/lib.py", "lib\n");
	assert_false(holds("sub/.git"));
	assert_false(holds("nested/n.py"));
	assert_true(noted("nested", "repository of its own"));
	assert_int_equal(snap.changed_files, 0);
	put("sub/lib.py", "changed\n");
	take_ok();
	assert_int_equal(snap.changed_files, 1);
}

static void worktree(void **state)
{
	put("a", "1");
	git("init -q");
	commit_all();
	put(".git/info/exclude", "excluded\n");
	git("worktree add -q -b side ../wt");
	_free_ char *wt = path_join(home, "wt"), *excluded = path_join(wt, "excluded");
	assert_ok(file_write(excluded, "", 0, 0644, e));
	options.root = wt;
	take_ok();
	assert_string_equal(snap.branch, "side");
	assert_int_equal(snap.nfiles, 1);
	assert_int_equal(snap.dirty, 0);
}

static void foreign_owner(void **state)
{
	if (geteuid())
		skip();
	put("a", "1");
	git("init -q");
	commit_all();
	_free_ char *dot = path_join(root, ".git");
	assert_int_equal(chown(dot, 12345, 12345), 0);
	assert_int_equal(chown(root, 12345, 12345), 0);
	take_ok();
	assert_non_null(snap.commit);
	assert_int_equal(snap.dirty, 0);
}

static void sparse_checkout(void **state)
{
	put("a", "1");
	put("big/x", "1");
	put("small/y", "1");
	git("init -q");
	commit_all();
	git("sparse-checkout set small");
	take_ok();
	assert_false(holds("big/x"));
	assert_true(holds("small/y"));
	assert_int_equal(snap.dirty, 0);
	git("sparse-checkout set --sparse-index small");
	take_ok();
	assert_non_null(snap.commit);
	assert_int_equal(snap.dirty, 0);
	put("small/y", "changed");
	put("small/new", "n");
	take_ok();
	assert_int_equal(snap.changed_files, 2);
}

static void split_index(void **state)
{
	put("a", "1");
	put(".gitignore", "forced\n");
	put("forced", "1");
	git("init -q");
	git("add -f forced");
	commit_all();
	git("update-index --split-index");
	take_ok();
	assert_non_null(snap.commit);
	assert_string_equal(snap.branch, "main");
	assert_int_equal(snap.dirty, 0);
	assert_true(holds("forced"));
}

static void sha256_repository(void **state)
{
	if (!try_git("", "init -q --object-format=sha256"))
		skip();
	put("a", "1");
	commit_all();
	take_ok();
	assert_null(snap.commit);
	assert_true(noted("without a commit", "SHA-256"));
	assert_int_equal(snap.nfiles, 1);
	assert_int_equal(snap.dirty, 0);
	put("a", "2");
	take_ok();
	assert_int_equal(snap.dirty, 1);
}

static void extensions(void **state)
{
	put("a", "1");
	git("init -q");
	commit_all();
	git("config core.repositoryformatversion 1");
	git("config extensions.worktreeConfig true");
	git("config extensions.partialClone origin");
	take_ok();
	assert_non_null(snap.commit);
	assert_int_equal(snap.dirty, 0);
}

static void damaged_repository(void **state)
{
	put("a", "1");
	git("init -q");
	commit_all();
	put(".git/index", "nonsense");
	take_ok();
	assert_true(noted("without git", "cannot be read"));
	assert_int_equal(snap.dirty, -1);
	assert_true(holds("a"));
}

static void line_ends(void **state)
{
	put(".gitattributes", "*.txt text eol=crlf\n");
	put("a.txt", "one\r\ntwo\r\n");
	put("b.bin", "x");
	git("init -q");
	commit_all();
	take_ok();
	assert_content("a.txt", "one\r\ntwo\r\n");
	assert_int_equal(snap.dirty, 0);
	put("a.txt", "one\r\nthree\r\n");
	take_ok();
	assert_int_equal(snap.changed_files, 1);
}

/* ---- files ---- */

static void names_and_kinds(void **state)
{
	char longest[201];
	memset(longest, 'n', 200);
	longest[200] = 0;
	put("größe ☃.py", "1");
	put(" two  blanks ", "2");
	put(longest, "3");
	put("a-b", "4");
	put("a/x", "5");
	put("a.c", "6");
	put("run.sh", "7");
	put("empty", "");
	_free_ char *script = path_join(root, "run.sh"), *link = path_join(root, "link"),
	            *fifo = path_join(root, "pipe"), *loose = path_join(root, "dangling");
	chmod(script, 0755);
	assert_int_equal(symlink("a/x", link), 0);
	assert_int_equal(symlink("/nowhere", loose), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s/sock", root);
	assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof address), 0);
	take_ok();
	close(s);
	assert_true(holds("größe ☃.py") && holds(" two  blanks ") && holds(longest));
	assert_content("link", "a/x");
	assert_true(noted("pipe", "neither a file"));
	assert_true(noted("sock", "neither a file"));
	char tree[41];
	memcpy(tree, snap.tree, 41);
	put(".jig/.gitignore", "*\n");
	git("init -q");
	git("add -A");
	git("write-tree");
	assert_memory_equal(out.data, tree, 40);
}

static void secrets(void **state)
{
	put(".env", "TOKEN=x");
	put("sub/.env", "TOKEN=x");
	put(".env.example", "TOKEN=");
	put("key.pem", "x");
	put("id_rsa", "x");
	put("id_map.csv", "x");
	git("init -q");
	git("add sub/.env");
	take_ok();
	assert_false(holds(".env") || holds("key.pem") || holds("id_rsa"));
	assert_true(holds("sub/.env") && holds("id_map.csv") && holds(".env.example"));
	assert_true(noted(".env", "looks like a secret"));
	put(".jigignore", "!.env\n");
	take_ok();
	assert_true(holds(".env"));
}

/* ---- guards ---- */

static size_t objects(void)
{
	_free_ char *line = mem_printf("--git-dir=%s/code.git count-objects", jig);
	git(line);
	return strtoul(out.data, NULL, 10);
}

static void big_file_is_refused(void **state)
{
	struct err err;
	put("a", "1");
	git("init -q");
	commit_all();
	put("model.bin", "small");
	take_ok();
	size_t before = objects();
	put("other.py", "never hashed");
	put_size("model.bin", 3 << 20);
	assert_int_equal(take(&err), ERR_USAGE);
	static const char *const parts[] = {"model.bin",  "3.1 MB",  ".gitignore",
	                                    ".jigignore", "inputs:", "--max-snapshot"};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (!strstr(err.text, parts[i]))
			fail_msg("%s is not in: %s", parts[i], err.text);
	assert_int_equal(objects(), before);
	const char *inputs[] = {"model.bin"};
	options.inputs = inputs;
	options.ninputs = 1;
	take_ok();
	assert_false(holds("model.bin"));
	assert_int_equal(snap.nnotes, 0);
	options.ninputs = 0;
	git("add model.bin");
	take_ok();
	assert_true(holds("model.bin"));
}

static void total_is_refused(void **state)
{
	struct err err;
	git("init -q");
	for (int i = 0; i < 10; i++) {
		_free_ char *name = mem_printf("images/%d.png", i);
		put_size(name, 1000);
	}
	put("a", "1");
	options.max_total = 5000;
	assert_int_equal(take(&err), ERR_USAGE);
	assert_non_null(strstr(err.text, "images (10 kB in 10 files)"));
	const char *inputs[] = {"images"};
	options.inputs = inputs;
	options.ninputs = 1;
	take_ok();
	assert_int_equal(snap.nfiles, 1);
	options.max_total = 20000;
	take_ok();
	assert_int_equal(snap.nfiles, 11);
}

/* ---- the stat cache ---- */

static void same_size_and_second(void **state)
{
	put("a", "1111");
	take_ok();
	char last[41];
	for (int i = 0; i < 50; i++) {
		memcpy(last, snap.tree, 41);
		put("a", i % 2 ? "1111" : "2222");
		take_ok();
		assert_string_not_equal(last, snap.tree);
		assert_content("a", i % 2 ? "1111" : "2222");
	}
}

static void changed_with_old_times(void **state)
{
	put("a", "1111");
	_free_ char *a = path_join(root, "a");
	struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
	assert_int_equal(utimensat(AT_FDCWD, a, times, 0), 0);
	take_ok();
	take_ok();
	put("a", "2222");
	assert_int_equal(utimensat(AT_FDCWD, a, times, 0), 0);
	take_ok();
	assert_content("a", "2222");
	chmod(a, 0755);
	char before[41];
	memcpy(before, snap.tree, 41);
	take_ok();
	assert_string_not_equal(before, snap.tree);
}

static void damaged_cache(void **state)
{
	put("a", "1");
	put("b/c", "2");
	take_ok();
	char tree[41];
	memcpy(tree, snap.tree, 41);
	_free_ char *cache = path_join(jig, "code.git/jig-stat");
	_buf_ struct buf b = BUF_INIT;
	assert_ok(file_read(cache, 1 << 20, &b, e));
	for (size_t i = 0; i < b.len; i += 7) {
		b.data[i] ^= 0x55;
		assert_ok(file_write(cache, b.data, b.len, 0600, e));
		b.data[i] ^= 0x55;
		take_ok();
		assert_string_equal(tree, snap.tree);
	}
	assert_ok(file_write(cache, b.data, b.len / 2, 0600, e));
	take_ok();
	assert_string_equal(tree, snap.tree);
	/* Objects that are gone are made again. */
	_free_ char *objects_path = path_join(jig, "code.git/objects");
	assert_ok(file_remove_tree(objects_path, e));
	assert_ok(file_mkdirs(objects_path, 0700, e));
	take_ok();
	assert_string_equal(tree, snap.tree);
	assert_content("b/c", "2");
}

/* ---- promises ---- */

static int list_one(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e)
{
	struct buf *list = arg;
	buf_addf(list, "%s %o %lld %lld.%09ld", rel, st->st_mode, (long long)st->st_size, (long long)st->st_mtim.tv_sec,
	         st->st_mtim.tv_nsec);
	if (S_ISREG(st->st_mode)) {
		_buf_ struct buf content = BUF_INIT;
		if (file_read(abs, 64 << 20, &content, e) < 0)
			return e->code;
		buf_addc(list, ' ');
		for (size_t i = 0; i < content.len; i++)
			buf_addf(list, "%02x", (unsigned char)content.data[i]);
	}
	buf_addc(list, '\n');
	return 0;
}

static void repository_is_never_written(void **state)
{
	put("a", "1");
	put("dir/b", "2");
	put(".gitattributes", "*.txt text eol=crlf\n");
	put("a.txt", "1\r\n");
	git("init -q");
	commit_all();
	put("a", "2");
	put("a.txt", "1\r\n2\r\n"); /* has git asked, too */
	put("new", "3");
	_buf_ struct buf before = BUF_INIT, after = BUF_INIT;
	_free_ char *dot = path_join(root, ".git");
	assert_ok(file_walk(dot, list_one, &before, e));
	take_ok();
	assert_int_equal(snap.changed_files, 3);
	assert_ok(code_pin(jig, snap.tree, 1, e));
	assert_ok(file_walk(dot, list_one, &after, e));
	assert_true(before.len > 1000);
	assert_string_equal(before.data, after.data);
}

static void two_at_once(void **state)
{
	for (int i = 0; i < 40; i++) {
		_free_ char *name = mem_printf("d%d/f%d", i % 4, i);
		put(name, name);
	}
	pid_t pids[4];
	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			struct err err;
			struct code_snapshot s;
			for (int n = 0; n < 5; n++) {
				if (code_snapshot(&options, &s, &err) < 0)
					_exit(1);
				code_snapshot_release(&s);
			}
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++) {
		int status;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	take_ok();
	assert_int_equal(snap.nfiles, 40);
	_free_ char *line = mem_printf("--git-dir=%s/code.git fsck --strict --full", jig);
	git(line);
}

static void pins(void **state)
{
	put("a", "1");
	take_ok();
	assert_ok(code_pin(jig, snap.tree, 7, e));
	char first[41];
	memcpy(first, snap.tree, 41);
	put("a", "2");
	take_ok();
	_free_ char *prune = mem_printf("--git-dir=%s/code.git gc -q --prune=now", jig);
	git(prune);
	memcpy(snap.tree, first, 41);
	assert_content("a", "1");
	assert_ok(code_unpin(jig, 7, e));
	assert_ok(code_unpin(jig, 7, e));
	git(prune);
	struct err err;
	_buf_ struct buf b = BUF_INIT;
	assert_int_equal(code_read(jig, first, "a", &b, &err), ERR_NOT_FOUND);
	take_ok();
	assert_content("a", "2");
	assert_ok(code_pin(jig, snap.tree, 8, e));
}

static void remotes(void **state)
{
	static const char *const pairs[][2] = {
	        {"git@example.org:x/y.git", "git@example.org:x/y.git"},
	        {"ssh://git@example.org/x", "ssh://git@example.org/x"},
	        {"ssh://git:pw@example.org:22/x", "ssh://git@example.org:22/x"},
	        {"https://token@example.org/x?key=1", "https://example.org/x"},
	        {"https://u:p@ss@example.org/x", "https://example.org/x"},
	        {"https://example.org/x@y", "https://example.org/x@y"},
	        {"/srv/git/x", "/srv/git/x"},
	};
	git("init -q");
	git("remote add upstream /x");
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		_free_ char *line = mem_printf("remote set-url upstream %s", pairs[i][0]);
		git(line);
		take_ok();
		assert_string_equal(snap.remote, pairs[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        scratch_test(without_git),
	        scratch_test(without_git_ignores),
	        scratch_test(users_excludes),
	        scratch_test(empty_project),
	        scratch_test(missing_root),
	        scratch_test(unborn_head),
	        scratch_test(states_of_a_repository),
	        scratch_test(left_out_is_not_dirty),
	        scratch_test(monorepo),
	        scratch_test(ignored_project),
	        scratch_test(submodules_and_nested),
	        scratch_test(worktree),
	        scratch_test(foreign_owner),
	        scratch_test(sparse_checkout),
	        scratch_test(split_index),
	        scratch_test(sha256_repository),
	        scratch_test(extensions),
	        scratch_test(damaged_repository),
	        scratch_test(line_ends),
	        scratch_test(names_and_kinds),
	        scratch_test(secrets),
	        scratch_test(likely_secrets),
	        scratch_test(big_file_is_refused),
	        scratch_test(total_is_refused),
	        scratch_test(same_size_and_second),
	        scratch_test(changed_with_old_times),
	        scratch_test(damaged_cache),
	        scratch_test(repository_is_never_written),
	        scratch_test(two_at_once),
	        scratch_test(pins),
	        scratch_test(remotes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
