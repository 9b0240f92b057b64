#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/env/env_fault.h"
#include "runner/env/env_tool.h"

struct fixture {
	char *dir;
	struct err e;
};

static int set_up(void **state)
{
	struct fixture *f = mem_zero(sizeof *f);

	assert_int_equal(file_temp_dir("/tmp", "tool", &f->dir, &f->e), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(file_remove_tree(f->dir, &f->e), 0);
	free(f->dir);
	free(f);
	return 0;
}

static void write_program(struct fixture *f, const char *rel)
{
	_free_ char *path = path_join(f->dir, rel);

	assert_int_equal(file_mkdirs_parent(path, 0755, &f->e), 0);
	assert_int_equal(file_write(path, "", 0, 0755, &f->e), 0);
}

static void test_fault_lines(void **state)
{
	_buf_ struct buf out = BUF_INIT;
	static const char said[] = "one\n\n  \n\033[1mtwo\033[0m  \nold\rnew\n[notice] pip\nthree";

	env_fault_lines(&out, said, strlen(said), 3);
	assert_string_equal(out.data, "\n    two\n    new\n    three");
	buf_reset(&out);
	env_fault_lines(&out, "", 0, 3);
	assert_string_equal(out.data, "");
	/* With no space left anything else may fail too. */
	assert_int_equal(env_fault_of("404 Not Found\nNo space left on device"), FAULT_SPACE);
	assert_int_equal(env_fault_of("all is well"), FAULT_UNKNOWN);
	assert_null(env_fault_text(FAULT_UNKNOWN));
}

static void test_missing_tools(void **state)
{
	struct fixture *f = *state;
	_free_ char *path = mem_printf("PATH=%s/none", f->dir), *home = mem_printf("HOME=%s", f->dir);
	char *const env[] = {path, home, NULL};
	static const struct {
		enum env_kind kind;
		const char *part;
	} cases[] = {
	        {ENV_UV, "there is no uv on this machine to make the environment with; install it (`pip install uv`), "
	                 "or write a lock that pip can use where there is uv: "
	                 "`uv export --frozen --format requirements-txt -o requirements.lock`"},
	        {ENV_PYLOCK, "`uv export"},
	        {ENV_CONDA_LOCK, "there is neither micromamba nor mamba nor conda on this machine"},
	        {ENV_CONDA, "neither micromamba nor mamba nor conda"},
	        {ENV_PIXI, "there is no pixi"},
	        {ENV_RENV, "there is no Rscript"},
	        {ENV_JULIA, "there is no julia"},
	};
	struct env_tool t;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct env_choice c = {.kind = cases[i].kind, .source = "a.lock"};
		assert_int_equal(env_tool_find(&c, NULL, env, &t, &f->e), ERR_BROKEN);
		if (!text_starts(f->e.text, "a.lock: ") || !strstr(f->e.text, cases[i].part))
			fail_msg("%s", f->e.text);
	}
	struct env_choice c = {.kind = ENV_REQUIREMENTS, .source = "a.lock"};
	assert_int_equal(env_tool_find(&c, NULL, env, &t, &f->e), ERR_BROKEN);
	struct env_python python = {.path = "/usr/somewhere/python3"};
	assert_int_equal(env_tool_find(&c, &python, env, &t, &f->e), 0);
	assert_string_equal(t.name, "pip");
	env_tool_release(&t);
	c.kind = ENV_SYSTEM;
	assert_int_equal(env_tool_find(&c, NULL, env, &t, &f->e), ERR_USAGE);
}

static void assert_tool(struct fixture *f, char *const *env, const struct env_python *python, const char *rel)
{
	struct env_choice c = {.kind = ENV_UV, .source = "uv.lock"};
	_free_ char *path = path_join(f->dir, rel);
	struct env_tool t;

	if (env_tool_find(&c, python, env, &t, &f->e) < 0)
		fail_msg("%s: %s", rel, f->e.text);
	assert_string_equal(t.path, path);
	env_tool_release(&t);
}

static void test_where_tools_stand(void **state)
{
	struct fixture *f = *state;
	_free_ char *path = mem_printf("PATH=%s/shims:%s/later", f->dir, f->dir), *home = mem_printf("HOME=%s", f->dir);
	char *const env[] = {path, home, NULL};
	struct env_python python = {.path = path_join(f->dir, "own/bin/python3")};

	write_program(f, ".cargo/bin/uv");
	assert_tool(f, env, NULL, ".cargo/bin/uv");
	write_program(f, ".local/bin/uv");
	assert_tool(f, env, NULL, ".local/bin/uv");
	/* A shim may stand for nothing; what it could start is taken. */
	write_program(f, "shims/uv");
	assert_tool(f, env, NULL, ".local/bin/uv");
	write_program(f, "versions/3.11.7/bin/uv");
	_free_ char *real = path_join(f->dir, "shims/../versions/3.11.7/bin/uv");
	assert_tool(f, env, NULL, real);
	write_program(f, "own/bin/uv");
	assert_tool(f, env, &python, "own/bin/uv");
	write_program(f, "later/uv");
	assert_tool(f, env, &python, "later/uv");
	free(python.path);
}

int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_fault_lines),
	        CASE(test_missing_tools),
	        CASE(test_where_tools_stand),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
