#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/path.h"
#include "tests/lib/vt.h"
#include "tui/cell.h"

/* tests/lib/term_child of this build. */
static const char *child(void)
{
	static char path[4096];
	char self[4000];

	if (!*path) {
		ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
		assert_true(n > 0);
		self[n] = 0;
		*strrchr(self, '/') = 0;
		snprintf(path, sizeof path, "%s/../lib/term_child", self);
	}
	return path;
}

struct opened {
	const char *term;
	const char *const *env;
	const char *one, *two; /* arguments */
	int rows, cols;
};
static struct vt *open_child(struct opened o)
{
	const char *const argv[] = {child(), o.one, o.two, NULL};

	return vt_start(&(struct vt_options){.rows = o.rows, .cols = o.cols, .term = o.term, .env = o.env}, argv);
}

static struct vt *open_ready(struct opened o)
{
	struct vt *v = open_child(o);

	assert_true(vt_wait_text(v, "term_child"));
	assert_true(vt_wait_row(v, -1, "end 0."));
	return v;
}

/* Waits until so many inputs were drawn. */
static void wait_inputs(struct vt *v, int n)
{
	char end[32];

	snprintf(end, sizeof end, "end %d.", n);
	assert_true(vt_wait_row(v, -1, end));
}

/* ---- input ---- */

static void test_inputs(void **state)
{
	struct vt *v = open_ready((struct opened){.one = "mouse", .rows = 40, .cols = 80});
	static const char *const keys[] = {"a",         "Z",         "Space", "Enter",     "Tab",
	                                   "Shift-Tab", "Backspace", "Up",    "Ctrl-Left", "Alt-Shift-Right",
	                                   "PgUp",      "PgDn",      "Home",  "End",       "Delete",
	                                   "Insert",    "F1",        "F5",    "Shift-F12", "Ctrl-a",
	                                   "Alt-x",     "é",         "漢",    "Alt-é"};

	assert_true(vt_mode(v, 1049) && vt_mode(v, 1002) && vt_mode(v, 1006) && vt_mode(v, 2004) && !vt_mode(v, 25));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		char line[64], name[KEY_NAME];
		struct key k;
		assert_true(key_parse(keys[i], &k));
		key_name(k, name);
		snprintf(line, sizeof line, "key %s.", name);
		vt_keys(v, keys[i]);
		assert_true(vt_wait_row(v, (int)i + 1, line));
	}
	int n = (int)ARRAY_LEN(keys);
	wait_inputs(v, n);
	vt_mouse(v, MOUSE_PRESS, 3, 70);
	vt_mouse(v, MOUSE_DRAG, 4, 71);
	vt_mouse(v, MOUSE_RELEASE, 5, 72);
	vt_mouse(v, MOUSE_WHEEL_UP, 0, 0);
	vt_mouse(v, MOUSE_WHEEL_DOWN, 39, 79);
	vt_mouse(v, MOUSE_DOUBLE, 6, 7);
	wait_inputs(v, n + 9);
	static const char *const events[] = {"mouse press 3,70.",  "mouse drag 4,71.",  "mouse release 5,72.",
	                                     "mouse up 0,0.",      "mouse down 39,79.", "mouse press 6,7.",
	                                     "mouse release 6,7.", "mouse double 6,7.", "mouse release 6,7."};
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		assert_true(vt_wait_row(v, n + 1 + (int)i, events[i]));
	assert_true(vt_quit(v));
}

static void test_paste_and_copy(void **state)
{
	struct vt *v = open_ready((struct opened){.rows = 10, .cols = 60});
	size_t n;

	assert_false(vt_mode(v, 1002) || vt_mode(v, 1000));
	vt_paste(v, "q\ttwo");
	assert_true(vt_wait_text(v, "paste 5 <q"));
	assert_null(vt_copied(v, NULL));
	vt_paste(v, "copied \xc3\xa9 text");
	vt_keys(v, "y");
	wait_inputs(v, 3);
	const char *copied = vt_copied(v, &n);
	assert_non_null(copied);
	assert_int_equal(n, 14);
	assert_memory_equal(copied, "copied \xc3\xa9 text", 14);
	vt_keys(v, "Y");
	assert_true(vt_wait_text(v, "74995 bytes are too long"));

	/* As much as goes. */
	_free_ char *much = mem_alloc(74995);
	memset(much, 'm', 74994);
	much[74994] = 0;
	vt_paste(v, much);
	assert_true(vt_wait_text(v, "paste 74994"));
	vt_keys(v, "y");
	wait_inputs(v, 6);
	assert_non_null(vt_copied(v, &n));
	assert_int_equal(n, 74994);
	assert_true(vt_quit(v));
}

/* A lone Esc is known without another byte; a sequence that comes at once is none, even when the program is slow. */
static void test_esc(void **state)
{
	struct vt *v = open_ready((struct opened){.rows = 10});

	vt_keys(v, "Esc");
	assert_true(vt_wait_row(v, 1, "key Esc."));
	vt_keys(v, "Alt-t");
	vt_keys(v, "Up");
	vt_keys(v, "Esc Up");
	wait_inputs(v, 5);
	assert_true(vt_wait_row(v, 3, "key Up."));
	assert_true(vt_wait_row(v, 4, "key Esc."));
	assert_true(vt_wait_row(v, 5, "key Up."));
	assert_true(vt_quit(v));
}

/* ---- drawing ---- */

static void test_wide(void **state)
{
	struct vt *v = open_ready((struct opened){.rows = 8, .cols = 40});

	vt_keys(v, "w");
	wait_inputs(v, 1);
	struct vt_cell c = vt_cell(v, 1, 28);
	assert_string_equal(c.text, "漢");
	assert_int_equal(c.width, 2);
	assert_string_equal(vt_cell(v, 1, 30).text, "字");
	assert_string_equal(vt_cell(v, 1, 32).text, "e\xcc\x81");
	assert_string_equal(vt_cell(v, 1, 33).text, "|");
	assert_string_equal(vt_cell(v, 1, 34).text, "─");
	assert_string_equal(vt_cell(v, 1, 36).text, "漢");
	/* The last cell of all, and nothing has scrolled for it. */
	assert_string_equal(vt_cell(v, 7, 39).text, "#");
	assert_true(vt_wait_row(v, 0, "term_child 8x40"));
	vt_keys(v, "w");
	wait_inputs(v, 2);
	assert_false(vt_find(v, "漢", NULL, NULL));
	assert_true(vt_quit(v));
}

static void test_nothing_differs(void **state)
{
	struct vt *v = open_ready((struct opened){.rows = 8, .cols = 40});

	vt_keys(v, "a");
	wait_inputs(v, 1);
	assert_true(vt_wait_quiet(v, 200));
	vt_mark(v);
	vt_keys(v, "r");
	assert_true(vt_wait_quiet(v, 200));
	size_t n;
	vt_since(v, &n);
	assert_int_equal(n, 0);
	/* A key that changes a row costs about that row. */
	vt_keys(v, "b");
	wait_inputs(v, 2);
	vt_since(v, &n);
	assert_true(n > 0 && n < 80);
	/* All anew. */
	vt_mark(v);
	vt_keys(v, "Ctrl-l");
	wait_inputs(v, 3);
	assert_true(vt_wait_bytes(v, "\033[2J"));
	assert_true(vt_wait_row(v, 0, "term_child 8x40"));
	assert_true(vt_quit(v));
}

static void test_cursor(void **state)
{
	struct vt *v = open_ready((struct opened){.rows = 8});
	int row, col;

	assert_false(vt_cursor(v, NULL, NULL));
	vt_keys(v, "c");
	wait_inputs(v, 1);
	assert_true(vt_wait_quiet(v, 50));
	assert_true(vt_cursor(v, &row, &col));
	assert_int_equal(row * 100 + col, 203);
	vt_keys(v, "C");
	wait_inputs(v, 2);
	assert_false(vt_cursor(v, NULL, NULL));
	assert_true(vt_quit(v));
}

static void test_resize(void **state)
{
	struct vt *v = open_ready((struct opened){.rows = 8, .cols = 40});
	static const int sizes[][2] = {{24, 80}, {5, 30}, {60, 200}, {3, 30}};

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char head[64];
		snprintf(head, sizeof head, "term_child %dx%d", sizes[i][0], sizes[i][1]);
		int64_t began = time_mono();
		vt_resize(v, sizes[i][0], sizes[i][1]);
		assert_true(vt_wait_row(v, 0, head));
		wait_inputs(v, (int)i + 1);
		/* A machine under load is allowed for: on a free one it is a few ms. */
		assert_true(time_mono() - began < 5000000);
		assert_string_equal(vt_cell(v, sizes[i][0] - 1, sizes[i][1] - 1).text, "#");
	}
	/* Many at once end at the last size. */
	for (int cols = 40; cols < 60; cols++)
		vt_resize(v, 10, cols);
	assert_true(vt_wait_row(v, 0, "term_child 10x59"));
	assert_true(vt_wait_row(v, -1, "end "));
	assert_true(vt_wait_quiet(v, 50));
	assert_string_equal(vt_cell(v, 9, 58).text, "#");
	assert_true(vt_quit(v));
}

/* ---- colours ---- */

static void test_depths(void **state)
{
	static const char *const none[] = {NULL}, *const no_color[] = {"NO_COLOR=1", "COLORTERM=truecolor", NULL},
	                         *const truecolor[] = {"COLORTERM=truecolor", NULL},
	                         *const bits[] = {"COLORTERM=24bit", NULL},
	                         *const in_screen[] = {"COLORTERM=truecolor", "TMUX", NULL},
	                         *const in_tmux[] = {"COLORTERM=truecolor", "TMUX=x", NULL};
	static const struct {
		const char *term;
		const char *const *env;
		enum depth depth;
	} cases[] = {
	        {"xterm-256color", none, DEPTH_256},
	        {"xterm-256color", truecolor, DEPTH_TRUE},
	        {"xterm-256color", bits, DEPTH_TRUE},
	        {"xterm-256color", no_color, DEPTH_NONE},
	        {"tmux-256color", none, DEPTH_256},
	        {"tmux-256color", truecolor, DEPTH_TRUE},
	        {"screen-256color", none, DEPTH_256},
	        {"screen-256color", in_screen, DEPTH_256},
	        {"screen-256color", in_tmux, DEPTH_TRUE},
	        {"xterm-16color", none, DEPTH_16},
	        {"xterm", none, DEPTH_16},
	        {"linux", none, DEPTH_16},
	        {"vt100", none, DEPTH_NONE},
	        {"xterm-nobody-knows-256color", none, DEPTH_256},
	        {"vt220", truecolor, DEPTH_NONE},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char head[64];
		struct vt *v = open_ready((struct opened){.term = cases[i].term,
		                                          .env = cases[i].env,
		                                          .one = "theme",
		                                          .two = "dark",
		                                          .rows = 8,
		                                          .cols = 40});
		snprintf(head, sizeof head, "term_child 8x40 depth %d", (int)cases[i].depth);
		if (!vt_wait_row(v, 0, head))
			fail_msg("%s", cases[i].term);
		vt_keys(v, "a b Up");
		wait_inputs(v, 3);
		struct vt_cell c = vt_cell(v, 2, 0), corner = vt_cell(v, 7, 39);
		assert_string_equal(c.text, "k");
		assert_string_equal(corner.text, "#");
		switch (cases[i].depth) {
		case DEPTH_NONE:
			assert_true(c.fg == -1 && c.bg == -1);
			break;
		case DEPTH_16:
			assert_in_range(c.fg, 0, 15);
			break;
		case DEPTH_256:
			assert_in_range(c.fg, 0, 255);
			break;
		case DEPTH_TRUE:
			assert_true(c.fg & 0x1000000);
			break;
		}
		assert_null(strstr(vt_since(v, NULL), "?2026"));
		assert_true(vt_quit(v));
	}
}

static void test_synchronized(void **state)
{
	static const char *const known[] = {"TERM_PROGRAM=ghostty", NULL};
	struct vt *v = open_ready((struct opened){.env = known});

	vt_mark(v);
	vt_keys(v, "a");
	wait_inputs(v, 1);
	assert_true(vt_wait_bytes(v, "\033[?2026h"));
	assert_true(vt_wait_bytes(v, "\033[?2026l"));
	assert_true(vt_quit(v));
}

static void test_ascii(void **state)
{
	static const char *const posix[] = {"LC_ALL=C", NULL};
	struct vt *v = open_ready((struct opened){.env = posix, .rows = 8, .cols = 40});

	vt_keys(v, "w");
	wait_inputs(v, 1);
	assert_true(vt_wait_row(v, 1, "????e|-x??"));
	assert_true(vt_quit(v));
}

/* ---- giving the terminal back ---- */

static void test_signals(void **state)
{
	static const int signals[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
	/* The sanitizers' own handlers would report instead of dying. */
	static const char *const env[] = {"ASAN_OPTIONS=handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:"
	                                  "handle_abort=0:disable_coredump=1",
	                                  NULL};
	static const char *const terms[] = {"xterm-256color", "linux", "vt100", "tmux-256color"};

	static const struct {
		const char *key;
		int signo;
	} own[] = {{"Alt-a", SIGABRT}, {"Alt-s", SIGSEGV}, {"Alt-o", SIGSEGV}};

	for (size_t i = 0; i < ARRAY_LEN(signals) + ARRAY_LEN(own); i++) {
		struct vt *v = open_ready((struct opened){.term = terms[i % 4], .env = env, .one = "mouse"});
		const char *key = i < ARRAY_LEN(signals) ? NULL : own[i - ARRAY_LEN(signals)].key;
		int status, wanted = key ? own[i - ARRAY_LEN(signals)].signo : signals[i];
		/* A vt100 cannot hide it. */
		assert_true(!vt_cursor(v, NULL, NULL) || i % 4 == 2);
		if (key)
			vt_keys(v, key);
		else
			kill(vt_pid(v), wanted);
		assert_true(vt_wait_end(v, &status));
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), wanted);
		assert_true(vt_modes_restored(v));
		vt_free(v);
	}
}

static void test_ctrl_c(void **state)
{
	struct vt *v = open_ready((struct opened){0});
	int status;

	vt_keys(v, "Ctrl-c");
	assert_true(vt_wait_end(v, &status));
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	assert_true(vt_modes_restored(v));
	vt_free(v);
}

static void test_suspend(void **state)
{
	struct vt *v = open_ready((struct opened){.one = "mouse", .rows = 12});

	vt_keys(v, "a Ctrl-z");
	assert_true(vt_wait_stop(v));
	assert_true(vt_modes_restored(v));
	/* Sizes change while nobody looks. */
	vt_resize(v, 14, 60);
	vt_foreground(v);
	assert_true(vt_wait_row(v, 0, "term_child 14x60"));
	assert_true(vt_wait_row(v, 2, "key Ctrl-Z."));
	assert_true(vt_wait_row(v, 3, "resize."));
	vt_keys(v, "b");
	assert_true(vt_wait_row(v, 4, "key b."));
	assert_true(vt_quit(v));
}

static void test_stopped_from_outside(void **state)
{
	struct vt *v = open_ready((struct opened){.one = "mouse", .rows = 12});

	kill(vt_pid(v), SIGTSTP);
	assert_true(vt_wait_stop(v));
	assert_true(vt_modes_restored(v));
	vt_mark(v);
	vt_foreground(v);
	assert_true(vt_wait_bytes(v, "\033[2J"));
	vt_keys(v, "a");
	assert_true(vt_wait_text(v, "key a."));
	assert_true(vt_mode(v, 1049) && vt_mode(v, 1002));

	/* SIGSTOP cannot be seen coming, and the shell sets modes of its own meanwhile. */
	kill(vt_pid(v), SIGSTOP);
	assert_true(vt_wait_stop(v));
	struct termios modes = v->modes;
	assert_int_equal(tcsetattr(v->slave, TCSANOW, &modes), 0);
	vt_mark(v);
	vt_foreground(v);
	assert_true(vt_wait_bytes(v, "\033[2J"));
	vt_keys(v, "b");
	assert_true(vt_wait_text(v, "key b."));
	assert_true(vt_quit(v));
}

static void test_other_program(void **state)
{
	struct vt *v = open_ready((struct opened){.one = "mouse", .rows = 12});

	vt_keys(v, "e");
	assert_true(vt_wait_text(v, "within"));
	assert_true(vt_modes_restored(v));
	vt_type(v, "yes\n");
	assert_true(vt_wait_text(v, "ran 0 0"));
	assert_true(vt_mode(v, 1049) && vt_mode(v, 1002));
	/* Ctrl-C is its own. */
	vt_mark(v);
	vt_keys(v, "e");
	assert_true(vt_wait_bytes(v, "within\r\n"));
	vt_keys(v, "Ctrl-c");
	assert_true(vt_wait_text(v, "ran 0 2"));
	/* Ctrl-Z within it stops both. */
	vt_mark(v);
	vt_keys(v, "e");
	assert_true(vt_wait_bytes(v, "within\r\n"));
	vt_keys(v, "Ctrl-z");
	assert_true(vt_wait_stop(v));
	vt_foreground(v);
	vt_type(v, "yes\n");
	assert_true(vt_wait_row(v, 8, "ran 0 0"));
	assert_true(vt_quit(v));
}

static void test_hang_up(void **state)
{
	struct vt *v = open_ready((struct opened){0});
	int status;

	vt_hangup(v);
	assert_true(vt_wait_end(v, &status));
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP);
	vt_free(v);
}

static void refuse(const char *term, const char *const *env, const char *text)
{
	struct vt *v = open_child((struct opened){.term = term, .env = env, .rows = 24, .cols = 250});
	int status;

	assert_true(vt_wait_end(v, &status));
	assert_int_equal(WEXITSTATUS(status), 2);
	if (!vt_find(v, text, NULL, NULL))
		fail_msg("\"%s\" is not told with TERM=%s", text, term);
	assert_true(vt_modes_restored(v));
	assert_false(vt_mode(v, 1049));
	vt_free(v);
}

static void test_refused(void **state)
{
	static const char *const unset[] = {"TERM", NULL};

	refuse("dumb", NULL, "TERM=dumb: such a terminal cannot be drawn on");
	refuse("no-such-thing", NULL, "set another, e.g. TERM=xterm-256color");
	refuse("", NULL, "TERM is not set");
	refuse(NULL, unset, "TERM is not set");
	refuse("vt52", NULL, "without the sequences of ANSI");

	const char *const argv[] = {"/bin/sh", "-c", "\"$0\" </dev/null", child(), NULL};
	struct vt *v = vt_start(&(struct vt_options){.cols = 200}, argv);
	int status;
	assert_true(vt_wait_end(v, &status));
	assert_int_equal(WEXITSTATUS(status), 2);
	assert_true(vt_find(v, "standard input is no terminal", NULL, NULL));
	vt_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_inputs),
	        cmocka_unit_test(test_paste_and_copy),
	        cmocka_unit_test(test_esc),
	        cmocka_unit_test(test_wide),
	        cmocka_unit_test(test_nothing_differs),
	        cmocka_unit_test(test_cursor),
	        cmocka_unit_test(test_resize),
	        cmocka_unit_test(test_depths),
	        cmocka_unit_test(test_synchronized),
	        cmocka_unit_test(test_ascii),
	        cmocka_unit_test(test_signals),
	        cmocka_unit_test(test_ctrl_c),
	        cmocka_unit_test(test_suspend),
	        cmocka_unit_test(test_stopped_from_outside),
	        cmocka_unit_test(test_other_program),
	        cmocka_unit_test(test_hang_up),
	        cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
