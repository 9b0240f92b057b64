#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/utf8.h"

static void every_code_point_comes_back(void **state)
{
	for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
		char s[4];
		uint32_t back;
		if (cp >= 0xd800 && cp <= 0xdfff)
			continue;
		size_t n = utf8_put(cp, s);
		if (utf8_decode(s, n, &back) != n || back != cp)
			fail_msg("U+%04X gives U+%04X", cp, back);
		if (n > 1 && (utf8_decode(s, n - 1, &back) != 1 || back != 0xfffd))
			fail_msg("U+%04X cut short is taken", cp);
	}
}

static void no_such_code_points_are_replaced(void **state)
{
	char s[4];

	assert_int_equal(utf8_put(0xd800, s), 3);
	assert_memory_equal(s, "\xef\xbf\xbd", 3);
	assert_int_equal(utf8_put(0x110000, s), 3);
}

static void bad_bytes_are_one_each(void **state)
{
	static const char *const bad[] = {
	        "\x80",
	        "\xbf",
	        "\xc0\x80",
	        "\xc1\xbf",
	        "\xe0\x80\x80",
	        "\xe0\x9f\xbf",
	        "\xed\xa0\x80",
	        "\xed\xbf\xbf",
	        "\xf0\x80\x80\x80",
	        "\xf0\x8f\xbf\xbf",
	        "\xf4\x90\x80\x80",
	        "\xf5\x80\x80\x80",
	        "\xff",
	        "\xfe",
	        "\xc3",
	        "\xc3(",
	        "\xe2\x82",
	        "\xe2(\xa1",
	        "\xf0\x9f\x98",
	        "\xf0\x9f\x98(",
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		uint32_t cp;
		assert_int_equal(utf8_decode(bad[i], strlen(bad[i]), &cp), 1);
		assert_int_equal(cp, 0xfffd);
		assert_false(utf8_valid(bad[i], strlen(bad[i])));
	}
	assert_true(utf8_valid("aé€😀", 10));
	assert_true(utf8_valid("\xef\xbf\xbd", 3));
	assert_true(utf8_valid("", 0));
}

static void widths(void **state)
{
	static const struct {
		uint32_t cp;
		int width;
	} cases[] = {
	        {'a', 1},    {0xe9, 1},    {0x300, 0},   {0x36f, 0},  {0x4e2d, 2},   {0xac00, 2},  {0xff21, 2},
	        {0xff71, 1}, {0x1f600, 2}, {0x1f680, 2}, {0x2603, 1}, {0x231a, 2},   {0xfe0f, 0},  {0x20dd, 0},
	        {0x1160, 0}, {0x1100, 2},  {0x2500, 1},  {0x2588, 1}, {0x28ff, 1},   {0x20000, 2}, {0x3fffd, 2},
	        {0x0378, 1}, {0x5d0, 1},   {0x591, 0},   {0xe000, 1}, {0x10ffff, 1}, {0x303f, 1},  {0x3040, 1},
	        {0x3041, 2}, {0, 1},       {0x7f, 1},    {0x200b, 1}, {0x200d, 1},   {0xad, 1},    {0xe0020, 1},
	        {0xfeff, 1}, {0x1d11e, 1}, {0x302a, 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		/* 0x3040 is not assigned: either is fine, as long as it is a cell at least. */
		if (cases[i].cp == 0x3040)
			assert_true(utf8_width(0x3040) > 0);
		else if (utf8_width(cases[i].cp) != cases[i].width)
			fail_msg("U+%04X has width %d", cases[i].cp, utf8_width(cases[i].cp));
	}
}

static void assert_visible(const char *s, size_t n, const char *want, const char *want_ascii)
{
	_buf_ struct buf b = BUF_INIT, a = BUF_INIT;

	utf8_visible(&b, s, n, false);
	assert_string_equal(b.data, want);
	assert_int_equal(strlen(b.data), b.len);
	utf8_visible(&a, s, n, true);
	assert_string_equal(a.data, want_ascii);
	assert_int_equal(utf8_cells(s, n), a.len);
	assert_int_equal(utf8_cells(b.data, b.len), a.len);
}

static void terminals_are_safe(void **state)
{
	assert_visible("", 0, "", "");
	assert_visible("plain", 5, "plain", "plain");
	assert_visible("\x1b[31mred", 8, "·[31mred", "?[31mred");
	assert_visible("a\0b\nc\td\r\x7f", 9, "a·b·c·d··", "a?b?c?d??");
	assert_visible("\xc2\x9b"
	               "31m",
	               5, "·31m", "?31m");
	assert_visible("x\xe2\x80\xae"
	               "gpj",
	               7, "x·gpj", "x?gpj");
	assert_visible("\xe2\x80\x8b\xef\xbb\xbf\xf3\xa0\x81\x81", 10, "···", "???");
	assert_visible("a\xff\xc3", 3, "a\xef\xbf\xbd\xef\xbf\xbd", "a??");
	assert_visible("é中", 5, "é中", "???");
	assert_visible("A–Z · 2×3 → …", 21, "A–Z · 2×3 → …", "A-Z . 2x3 > ~");
}

static void marks_do_not_pile_up(void **state)
{
	_buf_ struct buf s = BUF_INIT, out = BUF_INIT;

	buf_adds(&s, "a");
	for (int i = 0; i < 100; i++)
		buf_adds(&s, "\xcc\x81");
	buf_adds(&s, "b\xcc\x81");
	utf8_visible(&out, s.data, s.len, false);
	assert_string_equal(out.data, "a\xcc\x81\xcc\x81\xcc\x81\xcc\x81"
	                              "b\xcc\x81");
}

static void every_code_point_is_made_safe(void **state)
{
	_buf_ struct buf out = BUF_INIT;

	for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
		char s[4];
		size_t n = utf8_put(cp, s);
		buf_reset(&out);
		utf8_visible(&out, s, n, false);
		for (size_t i = 0; i < out.len;) {
			uint32_t shown;
			i += utf8_decode(out.data + i, out.len - i, &shown);
			if (utf8_harmful(shown))
				fail_msg("U+%04X shows U+%04X", cp, shown);
		}
	}
}

static void text_is_fitted(void **state)
{
	assert_int_equal(utf8_fit("abc", 3, 2), 2);
	assert_int_equal(utf8_fit("abc", 3, 9), 3);
	assert_int_equal(utf8_fit("中文", 6, 3), 3);
	assert_int_equal(utf8_fit("中文", 6, 1), 0);
	assert_int_equal(utf8_fit("e\xcc\x81x", 4, 1), 3);
	assert_int_equal(utf8_fit("", 0, 5), 0);
	assert_int_equal(utf8_fit("\xff\xff", 2, 1), 1);
}

static void locale_names(void **state)
{
	unsetenv("LC_ALL");
	unsetenv("LC_CTYPE");
	unsetenv("LANG");
	assert_false(utf8_locale());
	setenv("LANG", "en_GB.UTF-8", 1);
	assert_true(utf8_locale());
	setenv("LC_CTYPE", "C", 1);
	assert_false(utf8_locale());
	setenv("LC_ALL", "C.utf8", 1);
	assert_true(utf8_locale());
	setenv("LC_ALL", "", 1);
	assert_false(utf8_locale());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_code_point_comes_back),
	        cmocka_unit_test(no_such_code_points_are_replaced),
	        cmocka_unit_test(bad_bytes_are_one_each),
	        cmocka_unit_test(widths),
	        cmocka_unit_test(terminals_are_safe),
	        cmocka_unit_test(marks_do_not_pile_up),
	        cmocka_unit_test(every_code_point_is_made_safe),
	        cmocka_unit_test(text_is_fitted),
	        cmocka_unit_test(locale_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
