#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/env/env_python.h"
#include "runner/env/env_version.h"

/* Interpreters here are shell scripts that answer as Python would, and note that they were started. */
struct fixture {
	char *dir, *bin, *root, *cache, *count;
	char *environ[8];
	struct err e;
};

static int set_up(void **state)
{
	struct fixture *f = mem_zero(sizeof *f);

	assert_int_equal(file_temp_dir("/tmp", "python", &f->dir, &f->e), 0);
	f->bin = path_join(f->dir, "bin");
	f->root = path_join(f->dir, "project");
	f->cache = path_join(f->dir, "cache/python");
	f->count = path_join(f->dir, "count");
	assert_int_equal(file_mkdirs(f->bin, 0755, &f->e), 0);
	assert_int_equal(file_mkdirs(f->root, 0755, &f->e), 0);
	f->environ[0] = mem_printf("PATH=%s", f->bin);
	f->environ[1] = mem_printf("HOME=%s", f->dir);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(file_remove_tree(f->dir, &f->e), 0);
	for (size_t i = 0; f->environ[i]; i++)
		free(f->environ[i]);
	free(f->dir);
	free(f->bin);
	free(f->root);
	free(f->cache);
	free(f->count);
	free(f);
	return 0;
}

static void write_file(struct fixture *f, const char *rel, mode_t mode, const char *text)
{
	_free_ char *path = path_join(f->dir, rel);

	assert_int_equal(file_mkdirs_parent(path, 0755, &f->e), 0);
	unlink(path);
	assert_int_equal(file_write(path, text, strlen(text), mode, &f->e), 0);
}

/* A script that says it is exe (below the fixture's folder, made if it is not there). */
static void write_python(struct fixture *f, const char *rel, const char *exe, const char *version)
{
	_free_ char *real = path_join(f->dir, exe);
	_free_ char *text = mem_printf(
	        "#!/bin/sh\necho x >>%s\necho '{\"exe\": \"%s\", \"implementation\": \"cpython\", \"version\": \"%s\", "
	        "\"soabi\": \"cpython-x\", \"base_prefix\": \"%s\"}'\n",
	        f->count, real, version, f->dir);

	if (!file_exists(real))
		write_file(f, exe, 0755, "");
	write_file(f, rel, 0755, text);
}

static size_t started(const struct fixture *f)
{
	struct stat st;

	return stat(f->count, &st) == 0 ? (size_t)st.st_size / 2 : 0;
}

static int find(struct fixture *f, const char *wanted, struct env_python *ret)
{
	return env_python_find(wanted, f->root, f->environ, f->cache, ret, &f->e);
}

static void assert_found(struct fixture *f, const char *wanted, const char *rel, const char *version)
{
	struct env_python p;
	_free_ char *path = path_join(f->dir, rel);

	if (find(f, wanted, &p) < 0)
		fail_msg("%s: %s", wanted ? wanted : "any", f->e.text);
	assert_string_equal(p.path, path);
	assert_string_equal(p.version, version);
	env_python_release(&p);
}

static void test_versions(void **state)
{
	static const struct {
		const char *wanted, *version;
		bool fits;
	} cases[] = {
	        {"", "3.11.7", true},
	        {"3.11", "3.11.7", true},
	        {"3.11", "3.1.1", false},
	        {"3.1", "3.11.7", false},
	        {"3.11.7", "3.11.7", true},
	        {"3.11.7", "3.11.8", false},
	        {"3.11.7", "3.11", true},
	        {"3", "3.9.1", true},
	        {">=3.10,<3.13", "3.12.9", true},
	        {">=3.10,<3.13", "3.13.0", false},
	        {">=3.10, <3.13", "3.9.18", false},
	        {">=3.10,<3.13", "3.13", false},
	        {">3.11.2", "3.11", true},
	        {">=3.11.2", "3.11", true},
	        {"<3.11.2", "3.11", true},
	        {"<3.11", "3.11", false},
	        {"<3.11", "3.11.0", false},
	        {"==3.11.*", "3.11.4", true},
	        {"==3.11.*", "3.12.4", false},
	        {"==3.11", "3.11.4", false},
	        {"==3.11.4", "3.11.4", true},
	        {"!=3.11.4", "3.11.4", false},
	        {"!=3.11.4", "3.11", true},
	        {"!=3.11.*", "3.11.4", false},
	        {"~=3.10", "3.12.1", true},
	        {"~=3.10", "4.0.0", false},
	        {"~=3.10.2", "3.10.9", true},
	        {"~=3.10.2", "3.11.0", false},
	        {"<=3.11.4", "3.11.5", false},
	        {"3.13", "3.13.0rc1+", true},
	};
	static const char *const bad[] = {"abc", "3.x", ">=", ">=3.10;<3.12", "~=3", ">=3.*", "^3.10", "3..1", ",3.11"};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (env_version_fits(cases[i].wanted, cases[i].version) != cases[i].fits)
			fail_msg("%s and %s", cases[i].wanted, cases[i].version);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (env_version_valid(bad[i]))
			fail_msg("%s is taken", bad[i]);
	assert_true(env_version_compare("3.9.18", "3.10.2") < 0);
	assert_true(env_version_compare("3.12", "3.9.18") > 0);
}

static void test_python_of_path(void **state)
{
	struct fixture *f = *state;

	write_python(f, "bin/python3", "real/python3.11", "3.11.7");
	write_python(f, "bin/python3.12", "real/python3.12", "3.12.1");
	assert_found(f, NULL, "real/python3.11", "3.11.7");
	assert_found(f, "", "real/python3.11", "3.11.7");
	assert_found(f, ">=3.10", "real/python3.11", "3.11.7");
	assert_found(f, "3.12", "real/python3.12", "3.12.1");
	assert_found(f, "3.12.1", "real/python3.12", "3.12.1");
}

/* Also what a shim stands for is known without starting it, until something that decides it changes. */
static void test_answers_are_kept(void **state)
{
	struct fixture *f = *state;

	write_python(f, "bin/python3", "real/python3.11", "3.11.7");
	assert_found(f, NULL, "real/python3.11", "3.11.7");
	assert_int_equal(started(f), 1);
	assert_found(f, NULL, "real/python3.11", "3.11.7");
	assert_found(f, "3.11", "real/python3.11", "3.11.7");
	assert_int_equal(started(f), 1);
	write_file(f, "project/.python-version", 0644, "3.11\n");
	assert_found(f, NULL, "real/python3.11", "3.11.7");
	assert_int_equal(started(f), 2);
	write_file(f, ".tool-versions", 0644, "python 3.11\n");
	assert_found(f, NULL, "real/python3.11", "3.11.7");
	assert_int_equal(started(f), 3);
	f->environ[2] = mem_strdup("PYENV_VERSION=3.11");
	assert_found(f, NULL, "real/python3.11", "3.11.7");
	assert_found(f, NULL, "real/python3.11", "3.11.7");
	assert_int_equal(started(f), 4);
	write_file(f, "version", 0644, "3.11\n"); /* beside the shims' folder */
	assert_found(f, NULL, "real/python3.11", "3.11.7");
	assert_int_equal(started(f), 5);
	/* A shim that fails is not asked again either. */
	_free_ char *failing = mem_printf("#!/bin/sh\necho x >>%s\nexit 127\n", f->count);
	write_file(f, "bin/python3.9", 0755, failing);
	struct env_python p;
	assert_int_equal(find(f, "3.9.0", &p), ERR_NOT_FOUND);
	assert_int_equal(started(f), 6);
	assert_int_equal(find(f, "3.9.0", &p), ERR_NOT_FOUND);
	assert_int_equal(started(f), 6);
	/* What was kept and got damaged counts for nothing. */
	_closedir_ DIR *d = opendir(f->cache);
	for (const struct dirent *entry; (entry = readdir(d));) {
		_free_ char *file = path_join(f->cache, entry->d_name);
		if (*entry->d_name != '.')
			assert_int_equal(file_write(file, "{\"of\":", 6, 0600, &f->e), 0);
	}
	assert_found(f, NULL, "real/python3.11", "3.11.7");
	assert_int_equal(started(f), 7);
}

static void test_cache_that_cannot_be(void **state)
{
	struct fixture *f = *state;
	struct env_python p;

	write_python(f, "bin/python3", "real/python3.11", "3.11.7");
	write_file(f, "cache", 0644, "a file stands where the cache would");
	assert_found(f, NULL, "real/python3.11", "3.11.7");
	assert_int_equal(env_python_find(NULL, f->root, f->environ, NULL, &p, &f->e), 0);
	env_python_release(&p);
}

static void test_kept_versions(void **state)
{
	struct fixture *f = *state;

	write_python(f, "bin/python3", "real/python3.11", "3.11.7");
	write_python(f, ".pyenv/versions/3.9.2/bin/python3", "real/python3.9a", "3.9.2");
	write_python(f, ".pyenv/versions/3.9.18/bin/python3", "real/python3.9b", "3.9.18");
	write_python(f, ".pyenv/versions/2.7.18/bin/python3", "real/python2.7", "2.7.18");
	write_python(f, ".local/share/uv/python/cpython-3.8.1-linux-x86_64-gnu/bin/python3", "real/python3.8", "3.8.1");
	assert_found(f, "3.9", "real/python3.9b", "3.9.18");
	assert_int_equal(started(f), 2);
	assert_found(f, "3.9.2", "real/python3.9a", "3.9.2");
	assert_found(f, "3.8", "real/python3.8", "3.8.1");
}

static void test_virtual_environment(void **state)
{
	struct fixture *f = *state;
	_free_ char *home = path_join(f->dir, "base");
	_free_ char *config = mem_printf("include-system-site-packages = false\nhome = %s\nversion = 3.10.1\n", home);

	write_python(f, "base/python3", "real/python3.10", "3.10.1");
	write_file(f, "pyvenv.cfg", 0644, config);
	write_python(f, "bin/python3", "real/wrong", "3.10.1");
	assert_found(f, NULL, "real/python3.10", "3.10.1");
	/* One whose base was taken away is passed over. */
	write_file(f, "pyvenv.cfg", 0644, "home = /no/such/folder\n");
	assert_found(f, NULL, "real/wrong", "3.10.1");
}

static void test_bad_input(void **state)
{
	struct fixture *f = *state;
	struct env_python p;

	write_python(f, "bin/python3", "real/python3.11", "3.11.7");
	write_file(f, "bin/python", 0755, "#!/bin/sh\necho nonsense\n");
	assert_int_equal(find(f, "3.99.1", &p), ERR_NOT_FOUND);
	assert_non_null(strstr(f->e.text, "there is no Python 3.99.1 on this machine, only 3.11.7 ("));
	assert_non_null(strstr(f->e.text, "`uv python install 3.99.1`"));
	assert_int_equal(find(f, ">=3.19,<3.20", &p), ERR_NOT_FOUND);
	assert_non_null(strstr(f->e.text, "`uv python install 3.19`"));
	assert_int_equal(find(f, "<3", &p), ERR_NOT_FOUND);
	assert_int_equal(find(f, "three", &p), ERR_USAGE);
	assert_non_null(strstr(f->e.text, "\"three\" is no version of Python"));
	write_file(f, "bin/python3", 0755, "#!/bin/sh\necho '{\"exe\": \"/no/such/file\", \"version\": \"3.11.7\"}'\n");
	assert_int_equal(find(f, "3.11.77", &p), ERR_NOT_FOUND);
}

/* This machine's own, when it has one. */
static void test_real(void **state)
{
	struct fixture *f = *state;
	const char *path = getenv("PATH"), *home = getenv("HOME");
	char *const env[] = {mem_printf("PATH=%s", path ? path : "/usr/bin"), mem_printf("HOME=%s", home ? home : "/"),
	                     NULL};
	struct env_python p, q;

	if (env_python_find(NULL, f->root, env, f->cache, &p, &f->e) < 0) {
		print_message("no Python here: %s\n", f->e.text);
	} else {
		assert_true(text_starts(p.version, "3."));
		assert_true(*p.path == '/' && *p.soabi && *p.base_prefix == '/' && p.size > 0);
		assert_int_equal(env_python_find(p.version, f->root, env, f->cache, &q, &f->e), 0);
		assert_string_equal(p.path, q.path);
		env_python_release(&p);
		env_python_release(&q);
	}
	free(env[0]);
	free(env[1]);
}

int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_versions),
	        CASE(test_python_of_path),
	        CASE(test_answers_are_kept),
	        CASE(test_cache_that_cannot_be),
	        CASE(test_kept_versions),
	        CASE(test_virtual_environment),
	        CASE(test_bad_input),
	        CASE(test_real),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
