/* A temporary project with a .jig folder, and short forms for its files, its git repository and its snapshots. */
#ifndef TESTS_RUNNER_CODE_SCRATCH_H
#define TESTS_RUNNER_CODE_SCRATCH_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "base/sha256.h"
#include "base/vec.h"
#include "runner/code/code.h"
#include "runner/process/spawn.h"

#define UNUSED __attribute__((unused))

static char *home, *root, *jig; /* home holds the project and what else a test makes */
static struct code_options options;
static struct code_snapshot snap;

/* Read by the leak checker only: libgit2 1.5 forgets a match of pcre2 when it opens a repository of format 1. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libpcre2\n";
}

#define assert_ok(call) \
	do { \
		struct err e_ = {0}; \
		struct err *e = &e_; \
		if ((call) < 0) \
			fail_msg("%s: %s", #call, e_.text); \
	} while (0)

UNUSED static void put_bytes(const char *path, const void *bytes, size_t n)
{
	_free_ char *full = path_join(root, path);
	assert_ok(file_mkdirs_parent(full, 0755, e));
	assert_ok(file_write(full, bytes, n, 0644, e));
}

UNUSED static void put(const char *path, const char *text)
{
	put_bytes(path, text, strlen(text));
}

UNUSED static void put_size(const char *path, size_t n)
{
	_free_ char *bytes = mem_zero(n);
	put_bytes(path, bytes, n);
}

/* git with the words of a line, separated by blanks, in a folder below the project. Its output stands in `out` till the
 * next call. */
static struct buf out = BUF_INIT;
static bool try_git(const char *folder, const char *line)
{
	_free_ char *words = mem_strdup(line), *cwd = *folder ? path_join(root, folder) : mem_strdup(root);
	const char *argv[64] = {"git",
	                        "-c",
	                        "user.name=t",
	                        "-c",
	                        "user.email=t@example.org",
	                        "-c",
	                        "protocol.file.allow=always",
	                        "-c",
	                        "init.defaultBranch=main"};
	size_t n = 9;
	char *save = NULL;
	for (char *w = strtok_r(words, " ", &save); w && n < 63; w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	extern char **environ;
	int status = 0;
	buf_reset(&out);
	struct err e;
	return spawn_capture(argv, (const char *const *)environ, cwd, 64 << 20, &out, &status, &e) >= 0 &&
	       WIFEXITED(status) && !WEXITSTATUS(status);
}
#define git_in(folder, line) \
	do { \
		if (!try_git(folder, line)) \
			fail_msg("git %s", line); \
	} while (0)
#define git(line) git_in("", line)
UNUSED static void commit_all(void)
{
	git("add -A");
	git("commit -q -m all");
}

UNUSED static int take(struct err *e)
{
	code_snapshot_release(&snap);
	return code_snapshot(&options, &snap, e);
}
UNUSED static void take_ok(void)
{
	assert_ok(take(e));
}

UNUSED static bool holds(const char *path)
{
	_buf_ struct buf b = BUF_INIT;
	struct err e;
	int r = code_read(jig, snap.tree, path, &b, &e);
	assert_true(r >= 0 || e.code == ERR_NOT_FOUND);
	return r >= 0;
}

UNUSED static void assert_content(const char *path, const char *text)
{
	_buf_ struct buf b = BUF_INIT;
	assert_ok(code_read(jig, snap.tree, path, &b, e));
	assert_string_equal(b.data, text);
}

/* Whether a note has both texts. */
UNUSED static bool noted(const char *a, const char *b)
{
	for (size_t i = 0; i < snap.nnotes; i++)
		if (strstr(snap.notes[i], a) && strstr(snap.notes[i], b))
			return true;
	return false;
}

static int scratch_setup(void **state)
{
	struct err e;
	const char *tmp = getenv("TMPDIR");
	if (file_temp_dir(tmp ? tmp : "/tmp", "code", &home, &e) < 0)
		return -1;
	root = path_join(home, "project");
	jig = path_join(root, ".jig");
	setenv("HOME", home, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("GIT_CONFIG_GLOBAL");
	setenv("GIT_CEILING_DIRECTORIES", home, 1);
	options = (struct code_options){.root = root, .jig = jig, .max_file = 1 << 20, .max_total = 50 << 20};
	return file_mkdirs(jig, 0700, &e);
}

static int scratch_teardown(void **state)
{
	struct err e;
	code_snapshot_release(&snap);
	buf_release(&out);
	int r = file_remove_tree(home, &e);
	free(home);
	free(root);
	free(jig);
	return r;
}
#define scratch_test(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

#endif
