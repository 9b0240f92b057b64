#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/mem.h"
#include "tui/line_edit.h"

static enum line_edited press(struct line_edit *l, const char *name)
{
	struct key k;

	if (!key_parse(name, &k))
		fail_msg("%s is no key", name);
	return line_edit_key(l, k);
}

/* After keys (by name, blanks between) on a text with the cursor behind it: "before|behind". */
static void assert_after(const char *text, const char *keys, const char *wanted)
{
	_cleanup_(line_edit_release) struct line_edit l;
	_free_ char *names = mem_strdup(keys);
	_buf_ struct buf have = BUF_INIT;
	char *save = NULL;

	line_edit_init(&l, text);
	for (char *name = strtok_r(names, " ", &save); name; name = strtok_r(NULL, " ", &save))
		press(&l, name);
	buf_add(&have, l.text.data, l.at);
	buf_addc(&have, '|');
	buf_add(&have, l.text.data + l.at, l.text.len - l.at);
	assert_string_equal(have.data, wanted);
}

static void letters_go_in_at_the_cursor(void **state)
{
	assert_after(NULL, "", "|");
	assert_after("", "a b c", "abc|");
	assert_after("ac", "Left b", "ab|c");
	assert_after("", "a Space ü 日 R", "a ü日R|");
	assert_after("bc", "Home a", "a|bc");
	assert_after("ab", "Home Home Left x", "x|ab");
	assert_after("ab", "End Right Right c", "abc|");
}

static void the_cursor_moves_by_characters_with_their_marks(void **state)
{
	assert_after("ae\xcc\x81" "o", "Left Left", "a|e\xcc\x81" "o");
	assert_after("ae\xcc\x81" "o", "Home Right Right", "ae\xcc\x81|o");
	assert_after("e\xcc\x81\xcc\x82", "Backspace", "|");
	assert_after("e\xcc\x81z", "Home Delete", "|z");
	assert_after("日本", "Left", "日|本");
	assert_after("日本", "Backspace", "日|");
	assert_after("\xcc\x81", "Left", "|\xcc\x81");
	assert_after("a\xff\x80z", "Left Left Left Left", "|a\xff\x80z");
}

static void the_keys_of_shells(void **state)
{
	assert_after("one two three", "Ctrl-w", "one two |");
	assert_after("one two  ", "Ctrl-w", "one |");
	assert_after("one two", "Alt-Backspace", "one |");
	assert_after("one two", "Ctrl-a", "|one two");
	assert_after("one two", "Ctrl-a Ctrl-e", "one two|");
	assert_after("one two", "Ctrl-Left Ctrl-u", "|two");
	assert_after("one two", "Ctrl-Left Left Ctrl-k", "one|");
	assert_after("one two", "Ctrl-Left Ctrl-Left", "|one two");
	assert_after("one two", "Ctrl-a Ctrl-Right", "one| two");
	assert_after("one two", "Ctrl-a Ctrl-Right Ctrl-Right", "one two|");
	assert_after("one two", "Alt-b", "one |two");
	assert_after("one two", "Ctrl-a Alt-f", "one| two");
	assert_after("ab", "Ctrl-b", "a|b");
	assert_after("ab", "Ctrl-h", "a|");
	assert_after("ab", "Delete Backspace", "a|");
	assert_after("", "Backspace Delete Ctrl-w Ctrl-u Ctrl-k Left Right Home End", "|");
}

static void what_changed_is_told(void **state)
{
	_cleanup_(line_edit_release) struct line_edit l;

	line_edit_init(&l, "ab");
	assert_int_equal(press(&l, "c"), LINE_CHANGED);
	assert_int_equal(press(&l, "Left"), LINE_MOVED);
	assert_int_equal(press(&l, "Delete"), LINE_CHANGED);
	assert_int_equal(press(&l, "Delete"), LINE_MOVED); /* nothing was there */
	assert_int_equal(press(&l, "Ctrl-u"), LINE_CHANGED);
	assert_int_equal(press(&l, "Ctrl-u"), LINE_MOVED);
	assert_string_equal(l.text.data, "");
	static const char *const others[] = {"Up",    "Down", "PgUp",   "F1",     "Tab",   "Shift-Tab",
	                                     "Enter", "Esc",  "Insert", "Ctrl-x", "Alt-x", "Ctrl-Up"};
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_int_equal(press(&l, others[i]), LINE_NOT_MINE);
	assert_int_equal(line_edit_key(&l, (struct key){ 7, 0 }), LINE_NOT_MINE);
	assert_int_equal(line_edit_key(&l, (struct key){ 0 }), LINE_NOT_MINE);
}

static void a_paste_is_one_line(void **state)
{
	static const struct { const char *text, *paste, *wanted;
	} rows[] = {
	        {"", "state = failed\n", "state = failed"}, {"a", "b\r\n\r\nc\n", "ab c"}, {"x", "\n\n", "x"},
	        {"", "\x1b[31mred\x7f", "[31mred"},         {"", "tab\there", "tab here"}, {"", "日\n本", "日 本"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(line_edit_release) struct line_edit l;

		line_edit_init(&l, rows[i].text);
		line_edit_paste(&l, rows[i].paste);
		assert_string_equal(l.text.data, rows[i].wanted);
		assert_int_equal(l.at, l.text.len);
	}
	_cleanup_(line_edit_release) struct line_edit l;
	line_edit_init(&l, "ad");
	press(&l, "Left");
	line_edit_paste(&l, "bc");
	assert_string_equal(l.text.data, "abcd");
	assert_int_equal(l.at, 3);
}

static void assert_drawn(const char *text, const char *keys, int cells, const char *wanted, int cursor)
{
	_cleanup_(line_edit_release) struct line_edit l;
	_cleanup_(grid_release) struct grid g;
	_free_ char *names = mem_strdup(keys);
	_buf_ struct buf row = BUF_INIT;
	char *save = NULL;
	int at;

	grid_init(&g, 1, 20);
	line_edit_init(&l, text);
	for (char *name = strtok_r(names, " ", &save); name; name = strtok_r(NULL, " ", &save))
		press(&l, name);
	at = line_edit_draw(&l, &g, 0, 2, cells, ROLE_TEXT);
	grid_row(&g, 0, &(struct paint){ 0 }, &row);
	assert_string_equal(row.data, wanted);
	assert_int_equal(at, cursor);
}

static void as_much_as_fits_stands_around_the_cursor(void **state)
{
	assert_drawn("abc", "", 10, "  abc", 5);
	assert_drawn("abc", "Home", 10, "  abc", 2);
	assert_drawn("abcdefghij", "", 5, "  ghij", 6);
	assert_drawn("abcdefghij", "Home", 5, "  abcde", 2);
	assert_drawn("abcdefghij", "Left", 5, "  fghij", 6);
	assert_drawn("日本語語", "", 5, "  語語", 6);
	assert_drawn("abc", "", 0, "", 2);
	assert_drawn("abc", "", -3, "", 2);
	/* What was pasted cannot do harm. */
	assert_drawn("a\xe2\x80\xae" "b", "", 10, "  a·b", 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_go_in_at_the_cursor),
		cmocka_unit_test(the_cursor_moves_by_characters_with_their_marks),
		cmocka_unit_test(the_keys_of_shells),
		cmocka_unit_test(what_changed_is_told),
		cmocka_unit_test(a_paste_is_one_line),
		cmocka_unit_test(as_much_as_fits_stands_around_the_cursor),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
