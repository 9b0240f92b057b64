#include "tests/runner/env_scratch.h"
#include "base/json.h"
#include "runner/env/env_packages.h"

#define SITE "v/lib/python3.11/site-packages"

static struct env_packages found;

static int finish(void **state)
{
	env_packages_release(&found);
	return scratch_teardown(state);
}

#define packages_test(f) cmocka_unit_test_setup_teardown(f, scratch_setup, finish)

static void read_all(void)
{
	env_packages_release(&found);
	assert_ok(env_packages_read(at("v"), &found, e));
}

static void assert_row(size_t i, const char *name, const char *version, const char *source)
{
	assert_true(i < found.list.len);
	assert_string_equal(found.list.v[i].name, name);
	assert_string_equal(found.list.v[i].version, version);
	assert_string_equal(found.list.v[i].source ? found.list.v[i].source : "", source);
}

static void dist_infos(void **state)
{
	put(at(SITE "/Scikit_Learn-1.5.0.dist-info/METADATA"),
	    "Metadata-Version: 2.1\r\nname: Scikit.Learn\r\nVERSION:  1.5.0 \r\nRequires: x\n\nName: wrong\nVersion: "
	    "9\n");
	put(at(SITE "/six-1.16.0.dist-info/METADATA"), "Metadata-Version: 2.1\nName: six\nVersion: 1.16.0\n");
	put(at(SITE "/bare-2.0.dist-info/RECORD"), "");
	put(at(SITE "/body-3.dist-info/METADATA"), "\nName: other\nVersion: 4\n");
	put(at(SITE "/~ld-1.0.dist-info/METADATA"), "Name: old\nVersion: 1.0\n");
	put(at(SITE "/strange.dist-info/INSTALLER"), "pip");
	put(at(SITE "/six.py"), "");
	read_all();
	assert_int_equal(found.list.len, 4);
	assert_row(0, "bare", "2.0", "");
	assert_row(1, "body", "3", "");
	assert_row(2, "scikit-learn", "1.5.0", "");
	assert_row(3, "six", "1.16.0", "");
}

static void sources_of_direct_urls(void **state)
{
	static const struct {
		const char *name, *json, *source;
	} cases[] = {
	        {"a",
	         "{\"url\": \"https://user:secret@host/r.git\", \"vcs_info\": {\"vcs\": \"git\", \"commit_id\": "
	         "\"0123abc\"}}",
	         "git+https://host/r.git@0123abc"},
	        {"b", "{\"url\": \"https://host/b@1.whl\", \"archive_info\": {\"hashes\": {\"sha256\": \"ff00\"}}}",
	         "https://host/b@1.whl#sha256=ff00"},
	        {"c",
	         "{\"url\": \"https://host/c.whl\", \"archive_info\": {\"hash\": \"sha256=ee11\"}, \"subdirectory\": "
	         "\"d\"}",
	         "https://host/c.whl#sha256=ee11&subdirectory=d"},
	        {"d", "{\"url\": \"file:///home/me/lib\", \"dir_info\": {\"editable\": true}}", "file:///home/me/lib"},
	        {"e", "{\"url\": 7}", ""},
	        {"f", "no JSON", ""},
	        {"g", "{\"url\": \"file:///x\\u001b[31m\"}", "file:///x·[31m"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_free_ char *metadata = mem_printf("Name: %s\nVersion: 1\n", cases[i].name);
		put(at(SITE "/%s-1.dist-info/METADATA", cases[i].name), metadata);
		put(at(SITE "/%s-1.dist-info/direct_url.json", cases[i].name), cases[i].json);
	}
	read_all();
	assert_int_equal(found.list.len, ARRAY_LEN(cases));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_row(i, cases[i].name, "1", cases[i].source);
}

static void old_kinds_and_several_folders(void **state)
{
	put(at(SITE "/one-1.0-py3.11.egg-info/PKG-INFO"), "Name: One\nVersion: 1.0\n");
	put(at(SITE "/two-2.0.egg-info"), "Name: two\nVersion: 2.0\n");
	put(at(SITE "/both-1.egg-info/PKG-INFO"), "Name: both\nVersion: 1\n");
	put(at(SITE "/both-2.dist-info/METADATA"), "Name: both\nVersion: 2\n");
	put(at(SITE "/broken.egg-info"), "nothing in it");
	put(at("v/lib64/python3.11/site-packages/compiled-1.dist-info/METADATA"), "Name: compiled\nVersion: 1\n");
	put(at("v/lib/pypy3.10/site-packages/pypy_only-1.dist-info/METADATA"), "Name: pypy_only\nVersion: 1\n");
	put(at("v/lib/other/site-packages/no-1.dist-info/METADATA"), "Name: no\nVersion: 1\n");
	read_all();
	assert_int_equal(found.list.len, 5);
	assert_row(0, "both", "2", "");
	assert_row(1, "compiled", "1", "");
	assert_row(2, "one", "1.0", "");
	assert_row(3, "pypy-only", "1", "");
	assert_row(4, "two", "2.0", "");
}

static void conda_and_r(void **state)
{
	put(at("v/conda-meta/history"), "==> 2026 <==");
	put(at("v/conda-meta/numpy-2.0-0.json"),
	    "{\"name\": \"numpy\", \"version\": \"2.0\", \"url\": \"https://t:x@host/numpy-2.0-0.conda\", \"sha256\": "
	    "\"aa\", \"md5\": \"bb\"}");
	put(at("v/conda-meta/pip-24-0.json"),
	    "{\"name\": \"pip\", \"version\": \"24\", \"url\": \"https://host/pip.conda\", \"md5\": \"cc\"}");
	put(at("v/conda-meta/broken.json"), "{\"name\": \"x\"");
	put(at("v/conda-meta/nameless.json"), "{\"version\": \"1\"}");
	put(at(SITE "/numpy-2.0.dist-info/METADATA"), "Name: numpy\nVersion: 2.0\n");
	/* Installed over conda's by pip. */
	put(at(SITE "/pip-25.dist-info/METADATA"), "Name: pip\nVersion: 25\n");
	put(at("v/lib/R/library/base/DESCRIPTION"), "Package: base\nVersion: 4.3\nPriority: base\n");
	put(at("v/lib/R/library/MASS/DESCRIPTION"), "Package: MASS\nVersion: 7.3-60\nPriority: recommended\n");
	put(at("v/library/data.table/DESCRIPTION"),
	    "Package: data.table\nVersion: 1.15\nRemoteType: github\nRemoteUsername: owner\nRemoteRepo: "
	    "repo\nRemoteSha: 0ff\n");
	read_all();
	assert_int_equal(found.list.len, 4);
	assert_row(0, "MASS", "7.3-60", "");
	assert_row(1, "data.table", "1.15", "github:owner/repo@0ff");
	assert_row(2, "numpy", "2.0", "https://host/numpy-2.0-0.conda#sha256=aa");
	assert_row(3, "pip", "25", "");
}

static void nothing_there(void **state)
{
	assert_fails(ERR_NOT_FOUND, "no environment", env_packages_read(at("v"), &found, e));
	assert_int_equal(mkdir(at("v"), 0755), 0);
	read_all();
	assert_int_equal(found.list.len, 0);
	_json_ json_t *v = env_packages_json(&found);
	assert_int_equal(json_array_size(v), 0);
}

static void damaged_texts(void **state)
{
	put_bytes(at(SITE "/nul-1.dist-info/METADATA"), "Name: n\0l\nVersion: 1\n", 20);
	put(at(SITE "/latin-1.dist-info/METADATA"), "Name: l\xe4tin\nVersion: 1\xff\n");
	put(at(SITE "/empty-1.dist-info/METADATA"), "Name:\nVersion: 1\n");
	assert_int_equal(mkdir(at(SITE "/folder-1.dist-info"), 0755), 0);
	assert_int_equal(mkdir(at(SITE "/folder-1.dist-info/METADATA"), 0755), 0);
	read_all();
	assert_int_equal(found.list.len, 3);
	assert_row(0, "folder", "1", "");
	assert_row(1, "l\xef\xbf\xbdtin", "1\xef\xbf\xbd", "");
	assert_row(2, "n", "1", "");
	_json_ json_t *v = env_packages_json(&found);
	assert_int_equal(json_array_size(v), 3);
}

static void as_json_and_back(void **state)
{
	_buf_ struct buf text = BUF_INIT;
	struct env_packages back = {0};

	put(at(SITE "/b-2.dist-info/METADATA"), "Name: b\nVersion: 2\n");
	put(at(SITE "/a-1.dist-info/METADATA"), "Name: a\nVersion: 1\n");
	put(at(SITE "/a-1.dist-info/direct_url.json"), "{\"url\": \"file:///a\"}");
	read_all();
	_json_ json_t *v = env_packages_json(&found);
	json_canonical(&text, v);
	assert_string_equal(text.data, "[[\"a\",\"1\",\"file:///a\"],[\"b\",\"2\",null]]");
	assert_ok(env_packages_from_json(v, &back, e));
	env_packages_release(&found);
	found = back;
	assert_int_equal(found.list.len, 2);
	assert_row(0, "a", "1", "file:///a");
	assert_row(1, "b", "2", "");

	static const char *const bad[] = {"{}",
	                                  "null",
	                                  "[[\"a\"]]",
	                                  "[[1, \"2\"]]",
	                                  "[7]",
	                                  "[[\"b\",\"1\",null],[\"a\",\"1\",null]]",
	                                  "[[\"a\",\"1\",null],[\"a\",\"1\",null]]"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		_json_ json_t *w = NULL;
		assert_ok(json_parse(bad[i], strlen(bad[i]), "bad", &w, e));
		assert_fails(ERR_BROKEN, "packages", env_packages_from_json(w, &back, e));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        packages_test(dist_infos),
	        packages_test(sources_of_direct_urls),
	        packages_test(old_kinds_and_several_folders),
	        packages_test(conda_and_r),
	        packages_test(nothing_there),
	        packages_test(damaged_texts),
	        packages_test(as_json_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
