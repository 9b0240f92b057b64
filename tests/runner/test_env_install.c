/* Environments made for real, from the Python index, by uv and by pip. Where the index does not answer, or a tool is
 * not there, it says so and is skipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "base/vec.h"
#include "runner/env/env_build.h"
#include "runner/env/env_cache.h"
#include "runner/env/env_files.h"
#include "runner/process/spawn.h"

#define KEY "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define SIX "six==1.16.0"
#define SIX_HASH " --hash=sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254\n"
#define INICONFIG "iniconfig==2.0.0"
#define INICONFIG_HASH " --hash=sha256:b6a85871a79d2e3b22d2d1b94ac2824226a63c6b741c88f7ae975f18b6778374\n"
#define PINNED SIX SIX_HASH INICONFIG INICONFIG_HASH
#define WRONG SIX " --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000\n"

static struct env_python python;
static bool have_python, have_index;

struct fixture {
	char *dir, *root, *cache, *prefix;
	struct env_tool tool;
	struct err e;
};

static int probe(void **state)
{
	_free_ char *dir = NULL;
	_buf_ struct buf said = BUF_INIT;
	int status = -1;
	struct err e;

	have_python = env_python_find(NULL, "/", environ, NULL, &python, &e) == 0;
	assert_int_equal(file_temp_dir("/tmp", "probe", &dir, &e), 0);
	if (have_python) {
		const char *const argv[] = {python.path, "-m",       "pip",       "-q", "--retries", "0", "--timeout",
		                            "5",         "download", "--no-deps", "-d", dir,         SIX, NULL};
		have_index = spawn_capture(argv, NULL, NULL, 1 << 16, &said, &status, &e) == 0 && status == 0;
	}
	assert_int_equal(file_remove_tree(dir, &e), 0);
	return 0;
}

static int forget(void **state)
{
	if (have_python)
		env_python_release(&python);
	return 0;
}

static int set_up(void **state)
{
	struct fixture *f = mem_zero(sizeof *f);

	assert_int_equal(file_temp_dir("/tmp", "install", &f->dir, &f->e), 0);
	f->root = path_join(f->dir, "project");
	f->cache = path_join(f->dir, "cache");
	f->prefix = path_join(f->cache, KEY);
	assert_int_equal(file_mkdirs(f->cache, 0755, &f->e), 0);
	assert_int_equal(file_mkdirs(f->root, 0755, &f->e), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(file_remove_tree(f->dir, &f->e), 0);
	env_tool_release(&f->tool);
	free(f->dir);
	free(f->root);
	free(f->cache);
	free(f->prefix);
	free(f);
	return 0;
}

/* False, and says so, where the test cannot be done. */
static bool use(struct fixture *f, const char *tool)
{
	const struct env_choice any = {.kind = strcmp(tool, "uv") == 0 ? ENV_UV : ENV_REQUIREMENTS, .source = "a lock"};

	if (!have_index) {
		print_message("skipped: %s\n", have_python ? "the Python index does not answer" : "there is no Python");
		return false;
	}
	if (strcmp(tool, "pip") == 0) {
		f->tool = (struct env_tool){.name = "pip", .path = mem_strdup(python.path)};
		return true;
	}
	if (env_tool_find(&any, &python, environ, &f->tool, &f->e) < 0) {
		print_message("skipped: there is no %s\n", tool);
		return false;
	}
	return true;
}

static int build(struct fixture *f, const char *source, enum env_kind kind, enum env_grade grade, const char *text)
{
	struct env_choice c = {.kind = kind, .grade = grade, .source = source};
	struct env_build b = {.root = f->root,
	                      .cache = f->cache,
	                      .key = KEY,
	                      .choice = &c,
	                      .python = &python,
	                      .tool = &f->tool,
	                      .environ = environ};
	_free_ char *path = path_join(f->root, source);
	_close_ int lock = -1;

	assert_int_equal(file_write(path, text, strlen(text), 0644, &f->e), 0);
	return env_build(&b, &lock, &f->e);
}

/* That the environment's own Python imports a module, and from where. */
static void assert_imports(struct fixture *f, const char *code)
{
	_free_ char *path = path_join(f->prefix, "bin/python");
	_buf_ struct buf said = BUF_INIT;
	int status = -1;

	assert_int_equal(spawn_capture((const char *const[]){path, "-B", "-c", code, NULL}, NULL, f->root, 1 << 16,
	                               &said, &status, &f->e),
	                 0);
	if (status)
		fail_msg("%s", said.data);
	assert_true(text_starts(said.data, f->prefix));
}

static json_t *facts_now(struct fixture *f)
{
	json_t *v = NULL;

	if (env_cache_facts(f->cache, KEY, &v, &f->e) < 0)
		fail_msg("%s", f->e.text);
	return v;
}

static const char *version_of(const json_t *facts, const char *name)
{
	size_t i;
	json_t *p;

	json_array_foreach(json_object_get(facts, "packages"), i,
	                   p) if (strcmp(json_string_value(json_array_get(p, 0)), name) ==
	                          0) return json_string_value(json_array_get(p, 1));
	return NULL;
}

static void pinned_case(struct fixture *f, const char *tool)
{
	_free_ char *files = NULL;
	struct env_drift drift = {0};

	if (!use(f, tool))
		skip();
	files = env_cache_path(f->cache, KEY, ".files");
	if (build(f, "requirements.lock", ENV_REQUIREMENTS, GRADE_PINNED, PINNED) < 0)
		fail_msg("%s", f->e.text);
	assert_imports(f, "import six, iniconfig; print(six.__file__)");
	_json_ json_t *facts = facts_now(f);
	assert_string_equal(version_of(facts, "six"), "1.16.0");
	assert_string_equal(version_of(facts, "iniconfig"), "2.0.0");
	assert_string_equal(json_string_value(json_object_get(facts, "grade")), "pinned");
	/* It is as it was built, bytecode and all. */
	assert_int_equal(env_files_check(f->prefix, files, true, &drift, &f->e), 0);
	assert_int_equal(drift.total, 0);
	env_drift_release(&drift);
}

static void wrong_hash_case(struct fixture *f, const char *tool)
{
	if (!use(f, tool))
		skip();
	assert_int_equal(build(f, "requirements.lock", ENV_REQUIREMENTS, GRADE_PINNED, WRONG), ERR_BROKEN);
	assert_non_null(strstr(
	        f->e.text,
	        "requirements.lock: the environment could not be made: the content of a package has another hash"));
	assert_non_null(strstr(f->e.text, "000000"));
	assert_false(file_exists(f->prefix));
	/* Nothing of it stands in the way of the right one. */
	if (build(f, "requirements.lock", ENV_REQUIREMENTS, GRADE_PINNED, PINNED) < 0)
		fail_msg("%s", f->e.text);
}

static void no_package_case(struct fixture *f, const char *tool)
{
	if (!use(f, tool))
		skip();
	assert_int_equal(build(f, "requirements.txt", ENV_REQUIREMENTS, GRADE_VERSIONS, "six==99.99.99\n"), ERR_BROKEN);
	assert_non_null(strstr(f->e.text,
	                       "a package, or the version that is asked for, does not exist where it was looked for"));
	assert_non_null(strstr(f->e.text, "six==99.99.99"));
	assert_false(file_exists(f->prefix));
	/* A hash for a name that no index knows. */
	assert_int_equal(
	        build(f, "requirements.lock", ENV_REQUIREMENTS, GRADE_PINNED, "no-such-package-of-jig==1.0" SIX_HASH),
	        ERR_BROKEN);
	assert_non_null(strstr(f->e.text, "does not exist where it was looked for"));
}

static void versions_case(struct fixture *f, const char *tool)
{
	if (!use(f, tool))
		skip();
	if (build(f, "requirements.txt", ENV_REQUIREMENTS, GRADE_VERSIONS, SIX "\n" INICONFIG "\n") < 0)
		fail_msg("%s", f->e.text);
	_json_ json_t *facts = facts_now(f);
	assert_string_equal(json_string_value(json_object_get(facts, "grade")), "versions");
	assert_imports(f, "import six; print(six.__file__)");
}

#define BOTH(name) \
	static void test_##name##_uv(void **state) \
	{ \
		name##_case(*state, "uv"); \
	} \
	static void test_##name##_pip(void **state) \
	{ \
		name##_case(*state, "pip"); \
	}
BOTH(pinned)
BOTH(wrong_hash)
BOTH(no_package)
BOTH(versions)

/* uv writes the lock; the project itself stays out of the environment. */
static void test_uv_lock(void **state)
{
	struct fixture *f = *state;
	static const char project[] =
	        "[project]\nname = \"trial\"\nversion = \"0.1\"\nrequires-python = \">=3.8\"\ndependencies = [\"" SIX
	        "\"]\n";
	_free_ char *manifest = NULL, *lock = NULL;
	_buf_ struct buf said = BUF_INIT, text = BUF_INIT;
	int status = -1;

	if (!use(f, "uv"))
		skip();
	manifest = path_join(f->root, "pyproject.toml");
	lock = path_join(f->root, "uv.lock");
	assert_int_equal(file_write(manifest, project, strlen(project), 0644, &f->e), 0);
	assert_int_equal(spawn_capture((const char *const[]){f->tool.path, "lock", "--python", python.path, NULL}, NULL,
	                               f->root, 1 << 16, &said, &status, &f->e),
	                 0);
	if (status)
		fail_msg("%s", said.data);
	assert_int_equal(file_read(lock, 1 << 20, &text, &f->e), 0);
	if (build(f, "uv.lock", ENV_UV, GRADE_PINNED, text.data) < 0)
		fail_msg("%s", f->e.text);
	assert_imports(f, "import six; print(six.__file__)");
	_json_ json_t *facts = facts_now(f);
	assert_string_equal(version_of(facts, "six"), "1.16.0");
	assert_null(version_of(facts, "trial"));
	/* Half a lock. */
	assert_int_equal(env_cache_remove(f->cache, KEY, &f->e), 0);
	text.data[text.len / 2] = '\0';
	assert_int_equal(build(f, "uv.lock", ENV_UV, GRADE_PINNED, text.data), ERR_BROKEN);
	assert_false(file_exists(f->prefix));
}

static void test_pylock(void **state)
{
	struct fixture *f = *state;
	_buf_ struct buf said = BUF_INIT, text = BUF_INIT;
	_free_ char *in = NULL, *lock = NULL;
	int status = -1;

	if (!use(f, "uv"))
		skip();
	in = path_join(f->root, "requirements.in");
	lock = path_join(f->root, "pylock.toml");
	assert_int_equal(file_write(in, SIX "\n", strlen(SIX "\n"), 0644, &f->e), 0);
	const char *const argv[] = {
	        f->tool.path,      "pip", "compile",     "-q", "--python", python.path, "--generate-hashes",
	        "requirements.in", "-o",  "pylock.toml", NULL};
	assert_int_equal(spawn_capture(argv, NULL, f->root, 1 << 16, &said, &status, &f->e), 0);
	if (status) {
		print_message("skipped: this uv writes no pylock.toml\n");
		return;
	}
	assert_int_equal(file_read(lock, 1 << 20, &text, &f->e), 0);
	if (build(f, "pylock.toml", ENV_PYLOCK, GRADE_PINNED, text.data) < 0)
		fail_msg("%s", f->e.text);
	assert_imports(f, "import six; print(six.__file__)");
}

/* What was installed once is there without network. */
static void test_offline(void **state)
{
	struct fixture *f = *state;
	VEC(char *) env = {0};
	struct env_choice c = {.kind = ENV_REQUIREMENTS, .grade = GRADE_PINNED, .source = "requirements.lock"};
	_close_ int lock = -1;

	if (!use(f, "uv"))
		skip();
	if (build(f, "requirements.lock", ENV_REQUIREMENTS, GRADE_PINNED, PINNED) < 0)
		fail_msg("%s", f->e.text);
	assert_int_equal(env_cache_remove(f->cache, KEY, &f->e), 0);
	for (char **p = environ; *p; p++)
		if (!text_starts(*p, "UV_OFFLINE="))
			vec_push(&env, *p);
	vec_push(&env, (char *)"UV_OFFLINE=1");
	vec_push(&env, NULL);
	struct env_build b = {.root = f->root,
	                      .cache = f->cache,
	                      .key = KEY,
	                      .choice = &c,
	                      .python = &python,
	                      .tool = &f->tool,
	                      .environ = env.v};
	int r = env_build(&b, &lock, &f->e);
	vec_release(&env);
	if (r < 0)
		fail_msg("%s", f->e.text);
	assert_imports(f, "import six; print(six.__file__)");
}

int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        CASE(test_pinned_uv),      CASE(test_pinned_pip),    CASE(test_wrong_hash_uv),
	        CASE(test_wrong_hash_pip), CASE(test_no_package_uv), CASE(test_no_package_pip),
	        CASE(test_versions_uv),    CASE(test_versions_pip),  CASE(test_uv_lock),
	        CASE(test_pylock),         CASE(test_offline),
	};
	return cmocka_run_group_tests(tests, probe, forget);
}
