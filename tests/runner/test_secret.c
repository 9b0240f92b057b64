#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "runner/log/secret.h"

#define CHUNK (1 << 20) /* what secret.c reads at once */

static char *folder;

static int make_folder(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct err e;

	return file_temp_dir(tmp ? tmp : "/tmp", "secret", &folder, &e);
}

static int remove_folder(void **state)
{
	struct err e;
	int r = file_remove_tree(folder, &e);

	free(folder);
	return r;
}

static void given(struct secrets *s, const char *short_value, const char *long_value)
{
	static const char *names[] = { "SHORT", "LONG" };
	struct step step = { .secrets = names, .nsecrets = 2 };
	struct variables vars = { 0 };

	if (short_value)
		variables_set(&vars, "SHORT", short_value);
	if (long_value)
		variables_set(&vars, "LONG", long_value);
	secrets_init(s, &step, &vars);
	variables_release(&vars);
}

static const char *found(const struct secrets *s, const char *text)
{
	return secrets_in(s, text, strlen(text));
}

static void test_forms(void **state)
{
	struct secrets s;

	given(&s, "p\"q/r-\xc3\xb6\\z", "{a: 1, word: sesame}");
	assert_string_equal(found(&s, "x p\"q/r-\xc3\xb6\\z y"), "SHORT");
	assert_string_equal(found(&s, "\"p\\\"q/r-\xc3\xb6\\\\z\""), "SHORT");
	assert_string_equal(found(&s, "\"p\\\"q\\/r-\xc3\xb6\\\\z\""), "SHORT");
	assert_string_equal(found(&s, "p\\\"q/r-\\u00f6\\\\z"), "SHORT");
	assert_string_equal(found(&s, "p\\\"q\\/r-\\u00F6\\\\z"), "SHORT");
	assert_string_equal(found(&s, "{\"param\":\"a\",\"value\":{\"a\":1,\"word\":\"sesame\"}}"), "LONG");
	assert_null(found(&s, "p\"q/r-\xc3\xb6\\"));
	secrets_release(&s);

	given(&s, "00000001", "12345e67");
	assert_null(found(&s, "{\"n\": 1}"));
	assert_string_equal(found(&s, "n=1.2345e+71"), "LONG");
	secrets_release(&s);

	given(&s, NULL, "");
	assert_int_equal(s.len, 0);
	assert_null(found(&s, "anything"));
	secrets_release(&s);
}

static void test_mask_text(void **state)
{
	struct secrets s;
	_free_ char *a = NULL, *b = NULL;

	given(&s, "abcdefgh", "abcdefghij");
	a = secrets_mask(&s, "1 abcdefgh 2 abcdefghij 3 abcdefg");
	b = secrets_mask(&s, "");
	assert_string_equal(a, "1 *** 2 *** 3 abcdefg");
	assert_string_equal(b, "");
	secrets_release(&s);
}

/* Values that the ends of the parts cut at every place, the longer one of two with one beginning too. */
static void test_mask_file(void **state)
{
	_free_ char *path = path_join(folder, "m.jsonl"), *other = path_join(folder, "other"),
	            *missing = path_join(folder, "none");
	struct secrets s;
	struct err e;

	given(&s, "abcdefgh", "abcdefghij");
	for (int before = 0; before < 24; before++) {
		_buf_ struct buf text = BUF_INIT, want = BUF_INIT, have = BUF_INIT;

		for (int part = 0; part < 2; part++) {
			buf_fill(&text, 'x', CHUNK - (size_t)before);
			buf_fill(&want, 'x', CHUNK - (size_t)before);
			buf_adds(&text, part ? "abcdefgh" : "abcdefghij");
			buf_adds(&want, part ? "********" : "**********");
		}
		assert_int_equal(file_write(path, text.data, text.len, 0644, &e), 0);
		assert_true(secrets_mask_file(&s, path));
		assert_int_equal(file_read(path, 8 << 20, &have, &e), 0);
		assert_int_equal(have.len, want.len);
		assert_memory_equal(have.data, want.data, want.len);
	}
	assert_true(secrets_mask_file(&s, missing));
	assert_true(secrets_mask_file(&s, folder));

	_buf_ struct buf have = BUF_INIT;
	assert_int_equal(file_write(path, "abcdefgh\n", 9, 0644, &e), 0);
	assert_int_equal(symlink(path, other), 0);
	assert_true(secrets_mask_file(&s, other));
	assert_int_equal(unlink(other), 0);
	assert_int_equal(link(path, other), 0);
	assert_false(secrets_mask_file(&s, path));
	assert_int_equal(file_read(other, 100, &have, &e), 0);
	assert_string_equal(have.data, "abcdefgh\n");
	assert_int_equal(unlink(other), 0);
	assert_int_equal(chmod(path, 0), 0);
	assert_true(secrets_mask_file(&s, path));
	buf_reset(&have);
	assert_int_equal(file_read(path, 100, &have, &e), 0);
	assert_string_equal(have.data, "********\n");
	secrets_release(&s);
}

static void test_find(void **state)
{
	_free_ char *top = path_join(folder, "top"), *deep = path_join(top, "a/b"),
	            *name = path_join(deep, "is-abcdefgh"), *link = path_join(top, "a/l");
	_free_ char *at_link = NULL, *at_name = NULL, *at_file = NULL;
	const char *secret;
	struct secrets s;
	struct err e;

	given(&s, "abcdefgh", NULL);
	assert_int_equal(file_mkdirs(deep, 0777, &e), 0);
	assert_false(secrets_find(&s, top, &secret, &at_name));
	assert_int_equal(symlink("../abcdefgh", link), 0);
	assert_true(secrets_find(&s, top, &secret, &at_link));
	assert_string_equal(at_link, "a/l");
	assert_int_equal(unlink(link), 0);
	assert_int_equal(file_write(name, "x", 1, 0644, &e), 0);
	assert_true(secrets_find(&s, top, &secret, &at_name));
	assert_string_equal(at_name, "a/b/is-***");
	assert_int_equal(file_write(name, "has abcdefgh", 12, 0644, &e), 0);
	assert_true(secrets_find(&s, name, &secret, &at_file));
	assert_string_equal(at_file, "");
	assert_string_equal(secret, "SHORT");
	secrets_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_mask_text),
		cmocka_unit_test(test_mask_file),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
