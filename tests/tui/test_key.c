#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "tui/key.h"
#include "tui/key_decode.h"

static void test_names(void **state)
{
	static const struct {
		const char *name;
		uint32_t code;
		int mods;
		const char *shown;
	} good[] = {
	        {"R", 'R', 0, "R"},
	        {"r", 'r', 0, "r"},
	        {"/", '/', 0, "/"},
	        {"-", '-', 0, "-"},
	        {"é", 0xe9, 0, "é"},
	        {"漢", 0x6f22, 0, "漢"},
	        {"Space", ' ', 0, "Space"},
	        {"enter", CODE_ENTER, 0, "Enter"},
	        {"PGUP", CODE_PGUP, 0, "PgUp"},
	        {"F12", CODE_F12, 0, "F12"},
	        {"f1", CODE_F1, 0, "F1"},
	        {"Ctrl-l", 'l', MOD_CTRL, "Ctrl-L"},
	        {"Ctrl-L", 'l', MOD_CTRL, "Ctrl-L"},
	        {"ctrl-space", ' ', MOD_CTRL, "Ctrl-Space"},
	        {"Ctrl-]", ']', MOD_CTRL, "Ctrl-]"},
	        {"Alt-x", 'x', MOD_ALT, "Alt-x"},
	        {"Alt-X", 'X', MOD_ALT, "Alt-X"},
	        {"Alt--", '-', MOD_ALT, "Alt--"},
	        {"Shift-Tab", CODE_TAB, MOD_SHIFT, "Shift-Tab"},
	        {"Shift-a", 'A', 0, "A"},
	        {"Alt-Shift-a", 'A', MOD_ALT, "Alt-A"},
	        {"Ctrl-Shift-Up", CODE_UP, MOD_CTRL | MOD_SHIFT, "Ctrl-Shift-Up"},
	        {"Shift-Ctrl-Alt-Up", CODE_UP, MOD_CTRL | MOD_SHIFT | MOD_ALT, "Ctrl-Alt-Shift-Up"},
	        /* What terminals do not tell apart. */
	        {"Ctrl-i", CODE_TAB, 0, "Tab"},
	        {"Ctrl-m", CODE_ENTER, 0, "Enter"},
	        {"Ctrl-J", CODE_ENTER, 0, "Enter"},
	        {"Ctrl-h", CODE_BACKSPACE, 0, "Backspace"},
	        {"Ctrl-[", CODE_ESC, 0, "Esc"},
	        {"Ctrl-/", '_', MOD_CTRL, "Ctrl-_"},
	        {"Ctrl-Shift-a", 'a', MOD_CTRL, "Ctrl-A"},
	};
	static const char *const bad[] = {"",     "xx",   "Ctrl-", "Ctrl-1", "Shift-1", "Shift-é",   "F13",
	                                  "Page", "\x80", "\xc3",  "\x01",   "Ctrl-é",  "é\xcc\x81", "Hyper-x"};

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct key k = {0};
		char shown[KEY_NAME];
		if (!key_parse(good[i].name, &k) || k.code != good[i].code || k.mods != good[i].mods)
			fail_msg("%s is %x with %d", good[i].name, k.code, k.mods);
		key_name(k, shown);
		assert_string_equal(shown, good[i].shown);
		struct key again = {0};
		assert_true(key_parse(shown, &again) && key_equal(k, again));
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct key k = {7, 7};
		if (key_parse(bad[i], &k) || k.code != 7 || k.mods != 7)
			fail_msg("\"%s\" is taken", bad[i]);
	}
}

/* All inputs as words with blanks between. */
static void take(struct key_decoder *d, bool waited, struct buf *out)
{
	static const char *const kinds[] = {
	        [MOUSE_PRESS] = "press",     [MOUSE_DOUBLE] = "double", [MOUSE_DRAG] = "drag",
	        [MOUSE_RELEASE] = "release", [MOUSE_WHEEL_UP] = "up",   [MOUSE_WHEEL_DOWN] = "down"};
	struct input in;
	char name[KEY_NAME];

	while (key_decoder_next(d, waited, &in)) {
		buf_adds(out, out->len ? " " : "");
		if (in.kind == INPUT_KEY) {
			key_name(in.key, name);
			buf_adds(out, name);
		} else if (in.kind == INPUT_MOUSE)
			buf_addf(out, "%s:%d,%d", kinds[in.mouse.kind], in.mouse.row, in.mouse.col);
		else if (in.kind == INPUT_PASTE)
			buf_addf(out, "<%s>", in.text);
		else
			fail_msg("an input of kind %d", (int)in.kind);
	}
}

static void add_own(struct key_decoder *d)
{
	key_decoder_add(d, "\033\t", (struct key){CODE_TAB, MOD_SHIFT});
	key_decoder_add(d, "\033Ox", (struct key){CODE_F10, 0});
	key_decoder_add(d, "\033~weird", (struct key){CODE_F11, 0});
	key_decoder_add(d, "x", (struct key){CODE_F12, 0});
	key_decoder_add(d, "", (struct key){CODE_F12, 0});
}

/* Bytes, then waiting; at once and byte by byte. */
static void expect(const char *bytes, size_t n, const char *wanted)
{
	for (int each = 0; each < 2; each++) {
		struct key_decoder d;
		_buf_ struct buf out = BUF_INIT;
		key_decoder_init(&d);
		add_own(&d);
		for (size_t i = 0; i < n; i += each ? 1 : n) {
			key_decoder_feed(&d, bytes + i, each ? 1 : n, 1000000);
			take(&d, false, &out);
		}
		take(&d, true, &out);
		if (strcmp(out.data, wanted) != 0)
			fail_msg("%s (%s): \"%s\", not \"%s\"", bytes, each ? "byte by byte" : "at once", out.data,
			         wanted);
		key_decoder_release(&d);
	}
}
#define EXPECT(bytes, wanted) expect(bytes, sizeof(bytes) - 1, wanted)

static void test_keys(void **state)
{
	EXPECT("aZ/ é漢🙂", "a Z / Space é 漢 🙂");
	EXPECT("\r\n\t\x7f\b", "Enter Enter Tab Backspace Backspace");
	EXPECT("\x01\x0c\x1a\x1d\x00", "Ctrl-A Ctrl-L Ctrl-Z Ctrl-] Ctrl-Space");
	EXPECT("\033[A\033OB\033[C\033OD\033[H\033OF", "Up Down Right Left Home End");
	EXPECT("\033[1~\033[2~\033[3~\033[4~\033[5~\033[6~\033[7~\033[8~", "Home Insert Delete End PgUp PgDn Home End");
	EXPECT("\033OP\033OQ\033OR\033OS\033[15~\033[17~\033[18~\033[19~\033[20~\033[21~\033[23~\033[24~",
	       "F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12");
	EXPECT("\033[[A\033[[E\033[11~\033[14~", "F1 F5 F1 F4");
	EXPECT("\033[1;5A\033[1;2C\033[1;3D\033[1;6H\033[5;5~\033[3;2~\033[1;2P\033[15;3~",
	       "Ctrl-Up Shift-Right Alt-Left Ctrl-Shift-Home Ctrl-PgUp Shift-Delete Shift-F1 Alt-F5");
	EXPECT("\033[Z\033\t", "Shift-Tab Shift-Tab");
	EXPECT("\033x\033X\033\r\033\x7f\033\x01\033é\033 ",
	       "Alt-x Alt-X Alt-Enter Alt-Backspace Ctrl-Alt-A Alt-é Alt-Space");
	/* rxvt, and old ways of modifiers. */
	EXPECT("\033[a\033Oa\033[5^\033[3$\033[7@\033O5C",
	       "Shift-Up Ctrl-Up Ctrl-PgUp Shift-Delete Ctrl-Shift-Home Ctrl-Right");
	/* The keypad, and terminfo's own going before. */
	EXPECT("\033OM\033Oj\033Ok\033Op\033Oy\033Ox\033~weird", "Enter * + 0 9 F10 F11");
	EXPECT("x", "x");
	/* Modifiers told as numbers. */
	EXPECT("\033[27;5;97~\033[97;5u\033[27;3u\033[65;2u\033[13;5u", "Ctrl-A Ctrl-A Alt-Esc A Ctrl-Enter");
	/* Nothing that we know: no key. */
	EXPECT("a\033[I\033[?1;2c\033[99~\033[1;2Xb\033[>0;1cc\xff\xc0\x80\xc2\x85"
	       "d",
	       "a b c d");
}

static void test_lone(void **state)
{
	EXPECT("\033", "Esc");
	EXPECT("a\033", "a Esc");
	EXPECT("\033\033", "Esc Esc");
	EXPECT("\033\033[A", "Esc Up");
	EXPECT("\033[", "Alt-[");
	EXPECT("\033O", "Alt-O");
	EXPECT("\033~we", "Alt-~ w e");
	EXPECT("\xe6\xbc", "");

	/* Without waiting they are the beginning of something. */
	struct key_decoder d;
	struct input in;
	key_decoder_init(&d);
	assert_false(key_decoder_pending(&d));
	key_decoder_feed(&d, "\033", 1, 0);
	assert_false(key_decoder_next(&d, false, &in));
	assert_true(key_decoder_pending(&d));
	key_decoder_feed(&d, "[", 1, 0);
	assert_false(key_decoder_next(&d, false, &in));
	/* The rest of a sequence that comes late is none of its own. */
	key_decoder_feed(&d, "1;", 2, 0);
	assert_false(key_decoder_next(&d, true, &in));
	key_decoder_feed(&d, "5A", 2, 0);
	assert_true(key_decoder_next(&d, false, &in));
	assert_true(in.key.code == CODE_UP && in.key.mods == MOD_CTRL);
	assert_false(key_decoder_pending(&d));
	/* But not for ever. */
	key_decoder_feed(&d, "\033[", 2, 0);
	for (int i = 0; i < 100; i++)
		key_decoder_feed(&d, "1", 1, 0);
	key_decoder_feed(&d, "q", 1, 0);
	bool q = false;
	while (key_decoder_next(&d, false, &in))
		q |= in.key.code == 'q';
	assert_true(q);
	key_decoder_release(&d);
}

static void test_mouse(void **state)
{
	EXPECT("\033[<0;5;3M\033[<32;6;4M\033[<0;7;4m\033[<64;1;1M\033[<65;2;1M",
	       "press:2,4 drag:3,5 release:3,6 up:0,0 down:0,1");
	/* With Shift, Alt or Ctrl the same; other buttons and mere movement are nothing. */
	EXPECT("\033[<16;200;100M\033[<2;1;1M\033[<1;1;1M\033[<35;1;1M\033[<66;1;1M\033[<3;1;1M", "press:99,199");
	EXPECT("\033[<0;5;3M\033[<0;5;3m\033[<0;5;3M\033[<0;5;3m\033[<0;5;3M\033[<0;6;3M",
	       "press:2,4 release:2,4 double:2,4 release:2,4 press:2,4 press:2,5");
	EXPECT("\033[<0;0;0M\033[<;;M", "press:0,0 double:0,0");
	EXPECT("\033[M \"#\033[M#\"#\033[M`!!", "press:2,1 release:2,1 up:0,0");

	struct key_decoder d;
	struct input in;
	key_decoder_init(&d);
	for (int i = 0; i < 2; i++) {
		key_decoder_feed(&d, "\033[<0;5;3M", 9, i * 400001);
		assert_true(key_decoder_next(&d, false, &in));
		assert_int_equal(in.mouse.kind, MOUSE_PRESS);
	}
	key_decoder_feed(&d, "\033[<0;5;3M", 9, 800001);
	assert_true(key_decoder_next(&d, false, &in));
	assert_int_equal(in.mouse.kind, MOUSE_DOUBLE);
	key_decoder_release(&d);
}

static void test_paste(void **state)
{
	EXPECT("a\033[200~one\r\ntwo\rthree\n\033[A\x03q\033[201~b", "a <one\ntwo\nthree\n\033[A\x03q> b");
	EXPECT("\033[200~\033[201~", "<>");
	EXPECT("\033[200~a\0b\033[201~\033[200~c\033[201~", "<ab> <c>");
	EXPECT("\033[200~never ends\033[201", "");

	/* What has no end does not take all memory. */
	struct key_decoder d;
	struct input in;
	_free_ char *much = mem_alloc(1 << 20);
	memset(much, 'x', 1 << 20);
	key_decoder_init(&d);
	key_decoder_feed(&d, "\033[200~", 6, 0);
	for (int i = 0; i < 8; i++) {
		key_decoder_feed(&d, much, 1 << 20, 0);
		assert_false(key_decoder_next(&d, false, &in));
		assert_false(key_decoder_pending(&d));
	}
	assert_true(d.in.cap <= 4 << 20);
	key_decoder_feed(&d, "\033[201~z", 7, 0);
	assert_true(key_decoder_next(&d, false, &in));
	assert_int_equal(in.kind, INPUT_PASTE);
	assert_int_equal(strlen(in.text), 4 << 20);
	assert_true(key_decoder_next(&d, false, &in));
	assert_int_equal(in.key.code, 'z');
	key_decoder_release(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_names), cmocka_unit_test(test_keys),  cmocka_unit_test(test_lone),
	        cmocka_unit_test(test_mouse), cmocka_unit_test(test_paste),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
