#include "tests/runner/code_scratch.h"
#include "runner/code/code_check.h"

static void add_fault(void *arg, int64_t run, const char *path, const char *text)
{
	buf_addf(arg, "%lld %s: %s\n", (long long)run, path, text);
}

/* What is found missing is named once, and the next snapshot looks whether it can write it anew. */
static void missing_is_written_anew(void **state)
{
	_buf_ struct buf faults = BUF_INIT;
	put("d/a", "some content");
	take_ok();
	_free_ char *line = mem_printf("--git-dir=%s/code.git rev-parse %s:d/a", jig, snap.tree);
	git(line);
	_free_ char *path = mem_printf("%s/code.git/objects/%.2s/%.38s", jig, out.data, out.data + 2);
	_free_ char *cache = path_join(jig, "code.git/jig-stat"), *tree = mem_strdup(snap.tree);
	const char *trees[] = {tree, tree};
	const int64_t runs[] = {3, 4};
	assert_ok(code_check(jig, trees, runs, 2, add_fault, &faults, e));
	assert_int_equal(faults.len, 0);
	assert_true(file_exists(cache));
	assert_int_equal(unlink(path), 0);
	assert_ok(code_check(jig, trees, runs, 2, add_fault, &faults, e));
	_free_ char *expected = mem_printf("3 d/a: %s is missing\n", path);
	assert_string_equal(faults.data, expected);
	assert_false(file_exists(cache));
	take_ok();
	buf_reset(&faults);
	assert_ok(code_check(jig, trees, runs, 2, add_fault, &faults, e));
	assert_int_equal(faults.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        scratch_test(missing_is_written_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
