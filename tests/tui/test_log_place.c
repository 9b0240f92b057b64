#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "tui/log/log_place.h"

static void places_are_found(void **state)
{
	static const struct { const char *text, *file; int line;
	} cases[] = {
	        {"  File \"lib/features.py\", line 31, in encode", "lib/features.py", 31},
	        {"[rank0]:   File \"/w/a b.py\", line 3", "/w/a b.py", 3},
	        {"src/a.c:12:5: error: x", "src/a.c", 12},
	        {"a.c:12: warning: x", "a.c", 12},
	        {"  [3] f at a.jl:3", "a.jl", 3},
	        {"   @ Main ~/work/a.jl:30", "~/work/a.jl", 30},
	        {"  --> src/main.rs:2:5", "src/main.rs", 2},
	        {"Error in f(x) : y (from train.R#3)", "train.R", 3},
	        {"\tat Main.run(Main.java:17)", "Main.java", 17},
	        {"Makefile:3: *** missing separator", "Makefile", 3},
	        {"/p/Makefile:3: x", "/p/Makefile", 3},
	        {"12:30:01 lib/x.py:7: UserWarning: y", "lib/x.py", 7},
	        {"x.tar.gz:1", "x.tar.gz", 1},
	        /* none */
	        {"12:30:01 x", NULL, 0},
	        {"epoch:3", NULL, 0},
	        {"http://example.org:80/x", NULL, 0},
	        {"loss:0.3", NULL, 0},
	        {"0.5:3", NULL, 0},
	        {"  File \"<stdin>\", line 1", NULL, 0},
	        {"", NULL, 0},
	        {"a.c:0", NULL, 0},
	        {"a.c:99999999999999999999", NULL, 0},
	        {"a.c:", NULL, 0},
	        {":3", NULL, 0},
	        {"a/:3", NULL, 0},
	        {"File \"a.py", NULL, 0},
	        {"127.0.0.1:80", NULL, 0},
	        {".:3", NULL, 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_free_ char *file = NULL;
		int line = 0;
		bool found = log_place_find(cases[i].text, strlen(cases[i].text), &file, &line);
		if (found != (cases[i].file != NULL))
			fail_msg("%s: %s", cases[i].text, file);
		if (found) {
			assert_string_equal(file, cases[i].file);
			assert_int_equal(line, cases[i].line);
		}
	}
}

static void assert_resolved(const char *file, const char *root, const char *work, const char *wanted)
{
	_free_ char *got = log_place_resolve(file, root, work);
	if (wanted)
		assert_string_equal(got, wanted);
	else
		assert_null(got);
}

static void files_are_those_of_the_project(void **state)
{
	struct err e;
	_free_ char *made = NULL;
	assert_int_equal(file_temp_dir("/tmp", "log", &made, &e), 0);
	_free_ char *dir = realpath(made, NULL);
	_free_ char *root = path_join(dir, "p"), *work = path_join(dir, "w"), *link = path_join(dir, "l");
	_free_ char *ours = path_join(root, "a.py"), *theirs = path_join(work, "a.py"),
	            *only = path_join(work, "made.py");
	_free_ char *other = path_join(dir, "other.py"), *linked = path_join(link, "a.py");
	assert_int_equal(file_mkdirs(root, 0755, &e), 0);
	assert_int_equal(file_mkdirs(work, 0755, &e), 0);
	assert_int_equal(symlink(work, link), 0);
	const char *const files[] = { ours, theirs, only, other };
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		assert_int_equal(file_write(files[i], "x", 1, 0644, &e), 0);
	assert_resolved("a.py", root, work, ours);
	assert_resolved("./a.py", root, work, ours);
	assert_resolved(theirs, root, work, ours);
	assert_resolved(theirs, root, link, ours);
	assert_resolved(linked, root, link, ours);
	assert_resolved(only, root, work, only);
	assert_resolved("made.py", root, work, only);
	assert_resolved(other, root, work, other);
	assert_resolved("other.py", root, work, NULL);
	assert_resolved("a.py", NULL, NULL, NULL);
	assert_resolved(ours, NULL, NULL, ours);
	assert_resolved(theirs, NULL, work, theirs);
	assert_resolved(dir, root, work, NULL);
	assert_resolved("../other.py", root, work, NULL);
	assert_resolved("~/none-such.py", root, work, NULL);
	assert_int_equal(file_remove_tree(dir, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_found),
		cmocka_unit_test(files_are_those_of_the_project),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
