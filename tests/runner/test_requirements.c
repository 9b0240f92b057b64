#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/path.h"
#include "runner/pipeline/requirements.h"

#define HASH "sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"
#define COMMIT "0123456789abcdef0123456789abcdef01234567"

static char *root;

static int setup(void **state)
{
	struct err e;
	const char *tmp = getenv("TMPDIR");

	return file_temp_dir(tmp ? tmp : "/tmp", "req", &root, &e);
}

static int teardown(void **state)
{
	struct err e;
	int r = file_remove_tree(root, &e);

	free(root);
	return r;
}

static void put(const char *path, const char *text)
{
	struct err e;
	_free_ char *full = path_join(root, path);

	assert_int_equal(file_mkdirs_parent(full, 0755, &e), 0);
	assert_int_equal(file_write(full, text, strlen(text), 0644, &e), 0);
}

static void same(const char *a, const char *b, const char *what)
{
	if ((a && b) ? strcmp(a, b) != 0 : a != b)
		fail_msg("%s: %s is not %s", what, a ? a : "NULL", b ? b : "NULL");
}

static void lines(void **state)
{
	static const struct {
		const char *text, *name, *version, *local;
		enum pin pin;
	} cases[] = {
	        {"six==1.16.0", "six", "1.16.0", NULL, PIN_VERSION},
	        {"Scikit_Learn == 1.4.0", "scikit-learn", "1.4.0", NULL, PIN_VERSION},
	        {"zope..interface===6.0+cpu", "zope-interface", "6.0+cpu", NULL, PIN_VERSION},
	        {"six (==1.16.0)", "six", "1.16.0", NULL, PIN_VERSION},
	        {"six==1.16.0,>=1", "six", "1.16.0", NULL, PIN_VERSION},
	        {"six[a,b-c] == 1.16.0 ; python_version < \"3.12\" and sys_platform == 'linux'", "six", "1.16.0", NULL,
	         PIN_VERSION},
	        {"six==1.16.0 --hash=" HASH, "six", "1.16.0", NULL, PIN_HASHED},
	        {"six==1.16.0 --hash " HASH " --hash=" HASH, "six", "1.16.0", NULL, PIN_HASHED},
	        {"six==1.16.0 ; python_version > '3' --hash=" HASH, "six", "1.16.0", NULL, PIN_HASHED},
	        {"six==1.16.0 --config-settings=\"--x=y z\" --hash=" HASH, "six", "1.16.0", NULL, PIN_HASHED},
	        {"six", "six", NULL, NULL, PIN_LOOSE},
	        {"six>=1.16", "six", NULL, NULL, PIN_LOOSE},
	        {"six~=1.16,!=1.17", "six", NULL, NULL, PIN_LOOSE},
	        {"six==1.*", "six", NULL, NULL, PIN_LOOSE},
	        {"six>=1.16 --hash=" HASH, "six", NULL, NULL, PIN_LOOSE},
	        {"six @ https://example.org/six.whl", "six", NULL, NULL, PIN_LOOSE},
	        {"six@https://example.org/"
	         "six.whl#sha256=8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254",
	         "six", NULL, NULL, PIN_HASHED},
	        {"https://example.org/six.whl --hash=" HASH, NULL, NULL, NULL, PIN_HASHED},
	        {"https://example.org/six.whl#egg=six", "six", NULL, NULL, PIN_LOOSE},
	        {"git+https://example.org/x.git@" COMMIT "#egg=X_y&subdirectory=a", "x-y", NULL, NULL, PIN_HASHED},
	        {"x @ git+ssh://git@example.org/x.git@" COMMIT, "x", NULL, NULL, PIN_HASHED},
	        {"x @ git+https://example.org/x.git@main", "x", NULL, NULL, PIN_LOOSE},
	        {"x @ git+https://example.org/x.git", "x", NULL, NULL, PIN_LOOSE},
	        {"x @ git+https://user@example.org/x.git", "x", NULL, NULL, PIN_LOOSE},
	        {"-e ./lib[all]", NULL, NULL, "./lib", PIN_VERSION},
	        {"--editable=../lib", NULL, NULL, "../lib", PIN_VERSION},
	        {"-e git+https://example.org/x.git@" COMMIT "#egg=x", "x", NULL, NULL, PIN_HASHED},
	        {".", NULL, NULL, ".", PIN_VERSION},
	        {"libs/one ; python_version > '3'", NULL, NULL, "libs/one", PIN_VERSION},
	        {"wheels/six-1.16.0-py3-none-any.whl --hash=" HASH, NULL, NULL, "wheels/six-1.16.0-py3-none-any.whl",
	         PIN_HASHED},
	        {"six-1.16.0.tar.gz", NULL, NULL, "six-1.16.0.tar.gz", PIN_VERSION},
	        {"six @ file:///srv/six#egg=six", "six", NULL, "/srv/six", PIN_VERSION},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct requirements r;
		struct err e;
		if (requirements_parse(cases[i].text, strlen(cases[i].text), "r.txt", &r, &e) < 0)
			fail_msg("%s: %s", cases[i].text, e.text);
		assert_int_equal(r.list.len, 1);
		same(r.list.v[0].name, cases[i].name, cases[i].text);
		same(r.list.v[0].version, cases[i].version, cases[i].text);
		same(r.list.v[0].local, cases[i].local, cases[i].text);
		if (r.list.v[0].pin != cases[i].pin)
			fail_msg("%s: pin %d", cases[i].text, r.list.v[0].pin);
		requirements_release(&r);
	}
}

static void files(void **state)
{
	static const char text[] = "\xef\xbb\xbf# head\r\n\r\n-i https://example.org/simple --pre\n--no-binary=:all:\n"
	                           "six==1.16.0 \\\r\n    --hash=" HASH " \\\r\n    --hash=" HASH "\r\n    # via x\r\n"
	                           "a \\\n  >=1 # because\nb#c==1 \\\n# ends the line above\nd";
	struct requirements r;
	struct err e;

	/* "b#c" is no requirement: a comment needs a blank in front. */
	assert_int_equal(requirements_parse(text, sizeof text - 1, "r.txt", &r, &e), ERR_USAGE);
	assert_string_equal(e.text, "r.txt:11: \"b#c==1\" is no requirement");
	assert_int_equal(requirements_parse(text, strstr(text, "b#c") - text, "r.txt", &r, &e), 0);
	assert_int_equal(r.list.len, 2);
	assert_int_equal(r.list.v[0].line, 5);
	assert_string_equal(r.list.v[0].text, "six==1.16.0");
	assert_int_equal(r.list.v[0].pin, PIN_HASHED);
	assert_int_equal(r.list.v[1].line, 9);
	assert_string_equal(r.list.v[1].text, "a >=1");
	assert_int_equal(requirements_pin(&r), PIN_LOOSE);
	assert_false(r.no_index);
	requirements_release(&r);

	assert_int_equal(requirements_parse("", 0, "r.txt", &r, &e), 0);
	assert_int_equal(requirements_pin(&r), PIN_HASHED);
	requirements_release(&r);
	assert_int_equal(requirements_parse("-f ./wheels\n", 12, "r.txt", &r, &e), 0);
	assert_true(r.no_index);
	requirements_release(&r);
}

static void faults(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
	        {"six==1.16.0\nnumpy 1.26\n", "r.txt:2: \"numpy 1.26\" is no requirement"},
	        {"<<<<<<< HEAD\n", "r.txt:1: \"<<<<<<< HEAD\" is no requirement"},
	        {"<!DOCTYPE html>\n", "is no requirement"},
	        {"numpy=1.26", "has one \"=\"; a version is pinned by \"==\""},
	        {"numpy=1.26=py311", "has one \"=\""},
	        {"numpy==", "names no version behind the operator; was the line cut off?"},
	        {"numpy==1.2,", "is no requirement"},
	        {"numpy==1.2 x", "is no requirement"},
	        {"-numpy-", "\"-numpy-\" is no option of a requirements file"},
	        {"numpy-", "is no requirement"},
	        {"numpy[a", "has no closing \"]\""},
	        {"numpy==1.2 ;", "names no marker behind \";\""},
	        {"numpy @", "names no URL behind \"@\""},
	        {"six==1.16.0 --hash=sha256:8abb2f1d",
	         "r.txt:1: hash \"sha256:8abb2f1d\" of six==1.16.0 is no whole hash; was the line cut off?"},
	        {"six==1.16.0 --hash=sha256:", "is no whole hash"},
	        {"six==1.16.0 --hash=", "is no hash; it should be sha256: and 64 hex digits"},
	        {"six==1.16.0 --hash", "is no hash"},
	        {"six==1.16.0 --hash=md5:d41d8cd98f00b204e9800998ecf8427e", "is no hash"},
	        {"six==1.16.0 --has", "\"--has\" behind six==1.16.0 is no option of a requirement"},
	        {"six==1.16.0 \\\n --hash=" HASH "Z", "r.txt:1: hash"},
	        {"a==1\nsix==1.16.0 \\\n    --hash=" HASH " \\\n",
	         "r.txt:2: the line continues (\"\\\") where the file ends; was it cut off?"},
	        {"six \\", "where the file ends"},
	        {"--frobnicate", "\"--frobnicate\" is no option of a requirements file"},
	        {"-i", "--index-url names no value"},
	        {"-e", "-e names no path"},
	        {"-r other.txt", "\"other.txt\" cannot be included here"},
	        {"-r", "the option names no file"},
	        {"six\x01==1", "the line holds a control character"},
	        {"a==1\n\xff==1", "r.txt:2: the line is not UTF-8 text"},
	        {"\xff\xfes\0i\0", "the text is UTF-16"},
	        {"@EXPLICIT", "is no requirement"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct requirements r;
		struct err e;
		if (requirements_parse(cases[i].text, strlen(cases[i].text), "r.txt", &r, &e) >= 0)
			fail_msg("%s passes", cases[i].text);
		assert_int_equal(e.code, ERR_USAGE);
		if (!strstr(e.text, cases[i].message) || strncmp(e.text, "r.txt:", 6))
			fail_msg("%s: %s has no %s", cases[i].text, e.text, cases[i].message);
	}
	struct requirements r;
	struct err e;
	_free_ char *large = mem_zero((8 << 20) + 1);
	assert_int_equal(requirements_parse(large, (8 << 20) + 1, "r.txt", &r, &e), ERR_USAGE);
}

static void includes(void **state)
{
	struct requirements r;
	struct err e;

	put("req/all.txt", "-r base.txt\n-c../limits.txt\n--requirement=../more/x.txt --no-index\nnumpy\npandas>=2\n");
	put("req/base.txt", "six==1.16.0\n");
	put("more/x.txt", "-r ../req/base.txt\nattrs==23.1.0\n");
	put("limits.txt", "Numpy==1.26.4\nunused==1\npandas<3\n");
	assert_int_equal(requirements_read(root, "req/all.txt", &r, &e), 0);
	assert_int_equal(r.list.len, 4);
	assert_string_equal(r.list.v[0].file, "req/base.txt");
	assert_string_equal(r.list.v[1].name, "attrs");
	assert_string_equal(r.list.v[2].version, "1.26.4");
	assert_int_equal(r.list.v[2].pin, PIN_VERSION);
	assert_int_equal(r.list.v[3].pin, PIN_LOOSE);
	assert_int_equal(r.list.v[3].line, 5);
	assert_true(r.no_index);
	static const char *const names[] = {"req/all.txt", "req/base.txt", "limits.txt", "more/x.txt"};
	assert_int_equal(r.files.len, ARRAY_LEN(names));
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_string_equal(r.files.v[i], names[i]);
	requirements_release(&r);
}

static void include_fault(const char *text, const char *message)
{
	struct requirements r;
	struct err e;

	put("req/a.txt", text);
	assert_int_equal(requirements_read(root, "req/a.txt", &r, &e), ERR_USAGE);
	if (!strstr(e.text, message))
		fail_msg("%s: %s has no %s", text, e.text, message);
}

static void include_faults(void **state)
{
	struct requirements r;
	struct err e;

	put("req/back.txt", "\n-r a.txt\n");
	include_fault("-r ../../x.txt", "req/a.txt:1: the included file \"../../x.txt\" leaves the project");
	include_fault("-r /etc/hosts", "leaves the project");
	include_fault("-r https://example.org/x.txt", "is fetched anew each time and pins nothing");
	include_fault("\n-r none.txt", "req/a.txt:2: the included file req/none.txt is not there");
	include_fault("-r a.txt", "\"req/a.txt\" includes itself");
	include_fault("-r back.txt", "req/back.txt:2: \"req/a.txt\" includes itself");
	for (int i = 0; i < 20; i++) {
		_free_ char *name = mem_printf("req/d%d.txt", i), *text = mem_printf("-r d%d.txt\n", i + 1);
		put(name, text);
	}
	include_fault("-r d0.txt", "files include each other more than 16 deep");
	assert_int_equal(requirements_read(root, "gone.txt", &r, &e), ERR_NOT_FOUND);
	_free_ char *large = mem_zero((8 << 20) + 2);
	memset(large, '#', (8 << 20) + 1);
	put("large.txt", large);
	assert_int_equal(requirements_read(root, "large.txt", &r, &e), ERR_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(lines),    cmocka_unit_test(files),          cmocka_unit_test(faults),
	        cmocka_unit_test(includes), cmocka_unit_test(include_faults),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
