#include "tests/runner/code_scratch.h"
#include "runner/code/code_names.h"

static struct code_names *open_ok(void)
{
	struct code_names *n = NULL;
	assert_ok(code_names_open(jig, snap.tree, &n, e));
	assert_string_equal(n->tree, snap.tree);
	return n;
}

static void drop_cache(void)
{
	_free_ char *path = path_join(jig, "code.git/jig-stat");
	assert_int_equal(unlink(path), 0);
}

static void add_text(void *arg, const char *name, size_t len, enum code_kind kind)
{
	buf_addf(arg, "%.*s%s ", (int)len, name, kind == CODE_FOLDER ? "/" : kind == CODE_LINK ? "@" : "");
}

static void assert_list(const struct code_names *n, const char *folder, const char *expected)
{
	_buf_ struct buf b = BUF_INIT;
	size_t at;
	assert_int_equal(code_names_find(n, folder, &at), CODE_FOLDER);
	code_names_list(n, folder, at, add_text, &b);
	assert_string_equal(b.data, expected);
}

static enum code_kind kind_of(const struct code_names *n, const char *path)
{
	size_t at;
	enum code_kind kind = code_names_find(n, path, &at);
	if (kind == CODE_FILE || kind == CODE_LINK)
		assert_string_equal(n->v[at].path, path);
	return kind;
}

static void make_project(void)
{
	put("a-b", "1");
	put("a.c", "");
	put("a/x", "22");
	put("a/y/z", "333");
	put("a/y/zz", "4");
	put("a0/b/c/d", "5");
	put("run.sh", "#!/bin/sh\n");
	put("out/big", "declared");
	_free_ char *script = path_join(root, "run.sh"), *link = path_join(root, "a/link"),
	            *folder_link = path_join(root, "z");
	assert_int_equal(chmod(script, 0755), 0);
	assert_int_equal(symlink("../run.sh", link), 0);
	assert_int_equal(symlink("a/y", folder_link), 0);
	static const char *const data[] = {"out"};
	options.data = data;
	options.ndata = 1;
	take_ok();
}

static void check_project(const struct code_names *n)
{
	size_t at;
	assert_int_equal(n->len, 9);
	for (size_t i = 1; i < n->len; i++)
		assert_true(code_path_compare(n->v[i - 1].path, n->v[i].path) < 0);
	assert_list(n, "", "a/ a-b a.c a0/ run.sh z@ ");
	assert_list(n, "a", "link@ x y/ ");
	assert_list(n, "a/y", "z zz ");
	assert_list(n, "a0/b", "c/ ");
	assert_int_equal(code_names_find(n, "a/y", &at), CODE_FOLDER);
	assert_string_equal(n->v[at].path, "a/y/z");
	assert_int_equal(kind_of(n, "a/x"), CODE_FILE);
	assert_int_equal(kind_of(n, "a-b"), CODE_FILE);
	assert_int_equal(kind_of(n, "a/link"), CODE_LINK);
	assert_int_equal(kind_of(n, "z"), CODE_LINK);
	static const char *const absent[] = {"a/",  "z/z", "a/x/y",   "a/yy", "A",
	                                     "zzz", "out", "out/big", ".jig", "a/y/"};
	for (size_t i = 0; i < ARRAY_LEN(absent); i++)
		assert_int_equal(kind_of(n, absent[i]), CODE_NOTHING);
	assert_int_equal(code_names_find(n, "run.sh", &at), CODE_FILE);
	assert_int_equal(n->v[at].mode, 0100755);
	assert_null(n->v[at].target);
	assert_int_equal(code_names_find(n, "a/x", &at), CODE_FILE);
	assert_int_equal(n->v[at].mode, 0100644);
	char hex[41];
	code_oid_hex(n->v[at].oid, hex);
	assert_string_equal(hex, "8fdd954df9831dfd29ceec0d74829b02f3f5d8c3"); /* as git hash-object says */
	assert_int_equal(code_names_find(n, "a/link", &at), CODE_LINK);
	assert_int_equal(n->v[at].mode, 0120000);
	assert_string_equal(n->v[at].target, "../run.sh");
}

static void same_from_cache_and_objects(void **state)
{
	make_project();
	_cleanup_(code_names_freep) struct code_names *cached = open_ok();
	check_project(cached);
	drop_cache();
	_cleanup_(code_names_freep) struct code_names *read = open_ok();
	check_project(read);
	for (size_t i = 0; i < read->len; i++) {
		assert_string_equal(read->v[i].path, cached->v[i].path);
		assert_int_equal(read->v[i].mode, cached->v[i].mode);
		assert_memory_equal(read->v[i].oid, cached->v[i].oid, CODE_OID_BYTES);
	}
}

static void older_tree(void **state)
{
	put("a", "1");
	take_ok();
	char first[41];
	memcpy(first, snap.tree, sizeof first);
	put("b", "2");
	take_ok();
	struct code_names *n = NULL;
	assert_ok(code_names_open(jig, first, &n, e));
	assert_int_equal(n->len, 1);
	assert_string_equal(n->v[0].path, "a");
	code_names_free(n);
}

/* Without git a big file is dropped from the list after the walk: the cache must not know it. */
static void dropped_file(void **state)
{
	put_size("big", 2 << 20);
	put("small", "1");
	take_ok();
	_cleanup_(code_names_freep) struct code_names *n = open_ok();
	assert_int_equal(n->len, 1);
	assert_list(n, "", "small ");
}

static void empty_tree(void **state)
{
	size_t at = 7;
	take_ok();
	_cleanup_(code_names_freep) struct code_names *n = open_ok();
	assert_int_equal(n->len, 0);
	assert_int_equal(code_names_find(n, "", &at), CODE_FOLDER);
	assert_int_equal(at, 0);
	assert_int_equal(code_names_find(n, "a", &at), CODE_NOTHING);
	assert_list(n, "", "");
}

static void damaged_cache(void **state)
{
	make_project();
	_free_ char *path = path_join(jig, "code.git/jig-stat");
	_buf_ struct buf b = BUF_INIT;
	assert_ok(file_read(path, 1 << 20, &b, e));
	b.data[b.len / 2] ^= 1;
	assert_ok(file_write(path, b.data, b.len, 0600, e));
	_cleanup_(code_names_freep) struct code_names *n = open_ok();
	check_project(n);
}

/* A link's object, or a folder's: the error names both, and the next snapshot writes it anew, though the files are as
 * the cache has them. */
static void lost_object(void **state)
{
	static const char *const paths[] = {"a/link", "a/link", "a"};
	make_project();
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct code_names *n = NULL;
		struct err err;
		_free_ char *line = mem_printf("--git-dir=%s/code.git rev-parse %s:%s", jig, snap.tree, paths[i]);
		git(line);
		_free_ char *path = mem_printf("%s/code.git/objects/%.2s/%.38s", jig, out.data, out.data + 2);
		assert_int_equal(unlink(path), 0);
		if (i == 1)
			assert_ok(file_write(path, "nonsense", 8, 0600, e));
		if (i == 2)
			drop_cache();
		assert_int_equal(code_names_open(jig, snap.tree, &n, &err), ERR_BROKEN);
		assert_non_null(strstr(err.text, paths[i]));
		assert_non_null(strstr(err.text, path));
		_free_ char *cache = path_join(jig, "code.git/jig-stat");
		assert_false(file_exists(cache));
		take_ok();
		_cleanup_(code_names_freep) struct code_names *whole = open_ok();
		check_project(whole);
	}
}

static void bad_ids(void **state)
{
	struct code_names *n = NULL;
	struct err e;
	assert_int_equal(code_names_open(jig, "0123456789012345678901234567890123456789", &n, &e), ERR_NOT_FOUND);
	put("a", "1");
	take_ok();
	assert_int_equal(code_names_open(jig, "0123456789012345678901234567890123456789", &n, &e), ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "there is no such snapshot"));
	assert_int_equal(code_names_open(jig, "0123", &n, &e), ERR_USAGE);
	assert_int_equal(code_names_open(jig, "x123456789012345678901234567890123456789", &n, &e), ERR_USAGE);
	assert_null(n);
	code_names_free(NULL);
}

/* Wide enough that a search through all names would show. */
static void many_names(void **state)
{
	_free_ struct code_name *v = mem_zero(30000 * sizeof *v);
	_free_ char *text = mem_zero(30000 * 32);
	for (unsigned i = 0; i < 30000; i++) {
		snprintf(text + i * 32, 32, "d%02d/s%02d/f%02d", i / 1000, i / 50 % 20, i % 50);
		v[i] = (struct code_name){.path = text + i * 32, .mode = 0100644};
	}
	struct code_names n = {.v = v, .len = 30000};
	size_t at, found = 0;
	for (int i = 0; i < 300000; i++)
		found += code_names_find(&n, v[i * 7 % 30000].path, &at) == CODE_FILE && at == (size_t)(i * 7 % 30000);
	assert_int_equal(found, 300000);
	_buf_ struct buf b = BUF_INIT;
	assert_int_equal(code_names_find(&n, "d17", &at), CODE_FOLDER);
	assert_int_equal(at, 17000);
	code_names_list(&n, "d17", at, add_text, &b);
	assert_int_equal(b.len, 20 * strlen("s00/ "));
	assert_true(!strncmp(b.data, "s00/ s01/ ", 10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        scratch_test(same_from_cache_and_objects),
	        scratch_test(older_tree),
	        scratch_test(dropped_file),
	        scratch_test(empty_tree),
	        scratch_test(damaged_cache),
	        scratch_test(lost_object),
	        scratch_test(bad_ids),
	        cmocka_unit_test(many_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
