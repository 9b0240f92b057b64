#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/embed.h"
#include "base/file.h"
#include "base/text.h"
#include "tui/theme.h"

#define EMBED_(symbol, name, about) EMBED(text_##symbol, "themes/" name);
THEMES(EMBED_)
EMBED(manual, "man/jig-themes.5.in");

static const struct { const char *name, *text; } themes[] = {
#define ROW_(symbol, name, about) { name, text_##symbol },
	THEMES(ROW_)
};
static const char *const role_names[] = {
#define NAME_(symbol, text, ...) text,
	ROLES(NAME_)
};

static void parsed(const char *text, struct theme *ret)
{
	struct err e;

	if (theme_parse("mine", text, ret, &e) < 0)
		fail_msg("%s", e.text);
}

static void loaded(const char *name, struct theme *ret)
{
	struct err e;

	if (theme_load(name, ret, &e) < 0)
		fail_msg("%s", e.text);
}

/* ---- reading ---- */

static void colours_of_all_kinds(void **state)
{
	struct theme t;
	const struct theme_role *r = t.roles;

	parsed("# all\n\n\tfailed=underline bright-red # why\r\nquiet =\nstrong = 231 bold on 17\naccent = "
	       "#5Fafff/bright-blue\nrule = #8af\n"
	       "cursor = on #202020/default reverse\ntext = default on default\nhit = bold on red/blue italic dim "
	       "black #\nlost = 0",
	       &t);
	assert_string_equal(t.name, "mine");
	assert_int_equal(r[ROLE_FAILED].style.fg, 9);
	assert_int_equal(r[ROLE_FAILED].style.bg, COLOUR_DEFAULT);
	assert_int_equal(r[ROLE_FAILED].style.attrs, STYLE_UNDERLINE);
	assert_int_equal(r[ROLE_QUIET].style.fg, COLOUR_DEFAULT);
	assert_int_equal(r[ROLE_STRONG].style.fg, 231);
	assert_int_equal(r[ROLE_STRONG].style.bg, 17);
	assert_int_equal(r[ROLE_STRONG].fg16, STAND_IN_NEAREST);
	assert_int_equal(r[ROLE_ACCENT].style.fg, COLOUR_RGB | 0x5fafff);
	assert_int_equal(r[ROLE_ACCENT].fg16, 12);
	assert_int_equal(r[ROLE_RULE].style.fg, COLOUR_RGB | 0x88aaff);
	assert_int_equal(r[ROLE_CURSOR].style.fg, COLOUR_DEFAULT);
	assert_int_equal(r[ROLE_CURSOR].style.bg, COLOUR_RGB | 0x202020);
	assert_int_equal(r[ROLE_CURSOR].bg16, STAND_IN_DEFAULT);
	assert_int_equal(r[ROLE_CURSOR].style.attrs, STYLE_REVERSE);
	assert_int_equal(r[ROLE_HIT].style.bg, 1);
	assert_int_equal(r[ROLE_HIT].bg16, 4);
	assert_int_equal(r[ROLE_HIT].style.fg, 0);
	assert_int_equal(r[ROLE_HIT].style.attrs, STYLE_BOLD | STYLE_ITALIC | STYLE_DIM);
	assert_int_equal(r[ROLE_LOST].style.fg, 0);
	/* Without a line. */
	assert_int_equal(r[ROLE_BEST].style.fg, COLOUR_DEFAULT);
	assert_int_equal(r[ROLE_BEST].style.attrs, 0);
}

static void faults_name_line_and_role(void **state)
{
	static const struct { const char *text, *wanted;
	} rows[] = {
	        {"text = red\nfialed = red\n", "mine:2: there is no role \"fialed\" (did you mean \"failed\"?)"},
	        {"= red", "mine:1: there is no role \"\""},
	        {"failed red", "mine:1: a line is ROLE ="},
	        {"failed = rad",
	         "mine:1: role \"failed\": \"rad\" is neither a colour nor an attribute (did you mean \"red\"?)"},
	        {"failed = brigth-red", "(did you mean \"bright-red\"?)"},
	        {"failed = blod", "(did you mean \"bold\"?)"},
	        {"failed = xyzzyx", "\"xyzzyx\" is neither a colour nor an attribute"},
	        {"failed = 256", "\"256\": the numbers of colours go from 0 to 255"},
	        {"failed = 99999999999999999999", "the numbers of colours go from 0 to 255"},
	        {"failed = -1", "\"-1\" is neither"},
	        {"failed = #12345", "\"#12345\": a colour is #rrggbb or #rgb; a comment needs a blank behind its #"},
	        {"failed = #12345g", "a colour is #rrggbb"},
	        {"failed = red #loud", "\"#loud\": a colour is #rrggbb or #rgb; a comment needs a blank"},
	        {"failed = #ff0000/12", "behind \"/\" stands one of the terminal's 16"},
	        {"failed = #ff0000/", "behind \"/\" stands"},
	        {"failed = #ff0000/reverse", "also reverse"},
	        {"failed = /red", "neither a colour"},
	        {"failed = red blue", "\"blue\": one foreground is enough; a background stands behind \"on\""},
	        {"failed = on red on blue", "\"on\": one background is enough"},
	        {"failed = on on", "one background is enough"},
	        {"failed = red on", "\"on\": a colour stands behind it"},
	        {"failed = on bold", "\"bold\" is neither a colour"},
	        {"failed = red\n\nfailed = blue", "mine:3: role \"failed\" has a line already, line 1"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct theme t = { .name = "untouched" };
		struct err e;

		assert_int_equal(theme_parse("mine", rows[i].text, &t, &e), ERR_USAGE);
		if (!strstr(e.text, rows[i].wanted))
			fail_msg("\"%s\" is not in \"%s\"", rows[i].wanted, e.text);
		assert_string_equal(t.name, "untouched");
	}
}

/* ---- finding ---- */

static void own_themes_go_first(void **state)
{
	_free_ char *folder = NULL, *dark = NULL, *mine = NULL, *bad = NULL, *below = NULL;
	struct theme t;
	struct err e;
	char **names;
	size_t n;

	assert_int_equal(file_temp_dir("/tmp", "test_theme", &folder, &e), 0);
	setenv("XDG_CONFIG_HOME", folder, 1);
	assert_int_equal(theme_names(&names, &n, &e), 0);
	assert_int_equal(n, ARRAY_LEN(themes));
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(names[i], themes[i].name);
		free(names[i]);
	}
	free(names);

	dark = mem_printf("%s/jig/themes/dark", folder);
	mine = mem_printf("%s/jig/themes/mine", folder);
	bad = mem_printf("%s/jig/themes/bad", folder);
	below = mem_printf("%s/jig/themes/.hidden", folder);
	assert_int_equal(file_mkdirs_parent(dark, 0755, &e), 0);
	assert_int_equal(file_write(dark, "failed = 5\n", 11, 0644, &e), 0);
	assert_int_equal(file_write(mine, "failed = 6\n", 11, 0644, &e), 0);
	assert_int_equal(file_write(bad, "failed = 6\nfaled = 7\n", 21, 0644, &e), 0);
	assert_int_equal(file_write(below, "", 0, 0644, &e), 0);
	assert_int_equal(theme_names(&names, &n, &e), 0);
	assert_int_equal(n, ARRAY_LEN(themes) + 2);
	assert_string_equal(names[0], "bad");
	assert_string_equal(names[1], "dark");
	assert_string_equal(names[2], "mine");
	assert_string_equal(names[3], "default");
	assert_string_equal(names[4], "light");
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);

	loaded("mine", &t);
	assert_string_equal(t.name, "mine");
	assert_int_equal(t.roles[ROLE_FAILED].style.fg, 6);
	loaded("dark", &t);
	assert_int_equal(t.roles[ROLE_FAILED].style.fg, 5);
	assert_int_equal(theme_load("bad", &t, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "/jig/themes/bad:2: there is no role \"faled\""));
	assert_int_equal(file_write(bad, "failed\0= 6\n", 11, 0644, &e), 0);
	assert_int_equal(theme_load("bad", &t, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "NUL"));
	_free_ char *big = mem_zero(70000);
	memset(big, '#', 70000);
	assert_int_equal(file_write(bad, big, 70000, 0644, &e), 0);
	assert_int_equal(theme_load("bad", &t, &e), ERR_USAGE);

	assert_int_equal(theme_load("drak", &t, &e), ERR_NOT_FOUND);
	assert_non_null(strstr(
	        e.text,
	        "there is no theme \"drak\" (did you mean \"dark\"?); there are: bad, dark, mine, default, light"));
	static const char *const never[] = {"",
	                                    ".", "..", "../themes/mine", "/etc/passwd", ".hidden", "a b",
	                                    "a-name-of-more-than-thirty-one-bytes"};
	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		assert_int_equal(theme_load(never[i], &t, &e), ERR_NOT_FOUND);
	unsetenv("XDG_CONFIG_HOME");
	assert_int_equal(file_remove_tree(folder, &e), 0);
}

static void the_example_of_the_manual_is_a_theme(void **state)
{
	const char *begin = strstr(manual, "/themes/dusk <<'END'\n"), *end = begin ? strstr(begin, "\nEND\n") : NULL;
	struct theme t;

	assert_non_null(end);
	begin = strchr(begin, '\n') + 1;
	_free_ char *text = mem_strndup(begin, (size_t)(end - begin));
	parsed(text, &t);
	assert_int_equal(t.roles[ROLE_TEXT].style.bg, COLOUR_RGB | 0x1e1b2e);
	assert_int_equal(t.roles[ROLE_FAILED].style.attrs, STYLE_BOLD);
}

/* ---- laying over each other ---- */

static void looks(const struct theme *t, struct cell c, enum depth depth, const char *wanted)
{
	struct style s = theme_style(t, &c, depth);
	_buf_ struct buf b = BUF_INIT;

	style_sgr(&b, &s);
	assert_string_equal(b.data, wanted);
}

#define CELL(...) (struct cell){ .cp = { 'x' }, __VA_ARGS__ }

static void roles_lie_over_cursor_and_hit(void **state)
{
	struct theme t;

	parsed("text = 250 on 16\nfailed = 1 bold\nquiet = 8 dim\ncursor = on 17 underline\nhit = 0 on 11\nbest = 2 on "
	       "18",
	       &t);
	looks(&t, CELL(.role = ROLE_TEXT), DEPTH_256, "0;38;5;250;48;5;16");
	looks(&t, CELL(.role = ROLE_FAILED), DEPTH_256, "0;1;31;48;5;16");
	looks(&t, CELL(.role = ROLE_STRONG), DEPTH_256, "0;38;5;250;48;5;16");
	looks(&t, CELL(.role = ROLE_BEST), DEPTH_256, "0;32;48;5;18");
	looks(&t, CELL(.role = ROLE_FAILED, .attrs = CELL_CURSOR), DEPTH_256, "0;1;4;31;48;5;17");
	looks(&t, CELL(.role = ROLE_QUIET, .attrs = CELL_CURSOR), DEPTH_256, "0;2;4;90;48;5;17");
	looks(&t, CELL(.role = ROLE_QUIET, .attrs = CELL_HIT), DEPTH_256, "0;30;103");
	looks(&t, CELL(.role = ROLE_FAILED, .attrs = CELL_HIT | CELL_CURSOR), DEPTH_256, "0;1;4;30;103");
	looks(&t, CELL(.role = ROLE_TEXT, .attrs = CELL_BOLD | CELL_DIM | CELL_UNDERLINE | CELL_REVERSE), DEPTH_256,
	      "0;1;2;4;7;38;5;250;48;5;16");
	looks(&t, CELL(.role = ROLE_TEXT, .attrs = CELL_FG, .fg = 208), DEPTH_256, "0;38;5;208;48;5;16");
	looks(&t, CELL(.role = ROLE_TEXT, .attrs = CELL_BG | CELL_FG, .fg = 1, .bg = 3), DEPTH_256, "0;31;43");
	looks(&t, CELL(.role = ROLE_TEXT, .attrs = CELL_FG | CELL_CURSOR, .fg = 2), DEPTH_256, "0;4;32;48;5;17");

	/* A reversed cursor is a bar of one colour, and so is one with a foreground. */
	parsed("failed = 1 bold\nquiet = 8 dim\ncursor = reverse\nhit = underline", &t);
	looks(&t, CELL(.role = ROLE_FAILED, .attrs = CELL_CURSOR), DEPTH_16, "0;1;7");
	looks(&t, CELL(.role = ROLE_QUIET, .attrs = CELL_CURSOR), DEPTH_16, "0;7");
	looks(&t, CELL(.role = ROLE_QUIET, .attrs = CELL_CURSOR | CELL_REVERSE), DEPTH_16, "0");
	looks(&t, CELL(.role = ROLE_QUIET, .attrs = CELL_CURSOR | CELL_HIT), DEPTH_16, "0;4;7");
	parsed("failed = 1 bold\ncursor = 15 on 4", &t);
	looks(&t, CELL(.role = ROLE_FAILED, .attrs = CELL_CURSOR), DEPTH_16, "0;1;97;44");
	/* Where there are 16, a background may be replaced by reversing. */
	parsed("text = #ffffff/white on #000000/black\nquiet = #777777/bright-black\ncursor = on #303030/reverse\nbest "
	       "= 2 on #111111/reverse",
	       &t);
	looks(&t, CELL(.role = ROLE_QUIET, .attrs = CELL_CURSOR), DEPTH_TRUE, "0;38;2;119;119;119;48;2;48;48;48");
	looks(&t, CELL(.role = ROLE_QUIET, .attrs = CELL_CURSOR), DEPTH_16, "0;7;37;40");
	looks(&t, CELL(.role = ROLE_BEST), DEPTH_16, "0;7;32;40");
	/* NULL is the default theme. */
	looks(NULL, CELL(.role = ROLE_FAILED), DEPTH_16, "0;1;31");
	looks(NULL, CELL(.role = ROLE_TEXT), DEPTH_16, "0");
}

static void colours_are_made_to_fit(void **state)
{
	struct theme t;

	parsed("text = #d0d4da/white on #14171c/default\nfailed = #ff5f00\naccent = #ff0000 on #00ff00\nlost = "
	       "196\nbest = #0a0a0a/bright-blue",
	       &t);
	looks(&t, CELL(.role = ROLE_FAILED), DEPTH_TRUE, "0;38;2;255;95;0;48;2;20;23;28");
	looks(&t, CELL(.role = ROLE_FAILED), DEPTH_256, "0;38;5;202;48;5;234");
	looks(&t, CELL(.role = ROLE_TEXT), DEPTH_16, "0;37");
	looks(&t, CELL(.role = ROLE_FAILED), DEPTH_16, "0;91");
	looks(&t, CELL(.role = ROLE_ACCENT), DEPTH_16, "0;91;102");
	looks(&t, CELL(.role = ROLE_LOST), DEPTH_16, "0;91");
	looks(&t, CELL(.role = ROLE_LOST), DEPTH_TRUE, "0;38;5;196;48;2;20;23;28");
	looks(&t, CELL(.role = ROLE_BEST), DEPTH_256, "0;38;5;232;48;5;234");
	looks(&t, CELL(.role = ROLE_BEST), DEPTH_16, "0;94");
	looks(&t, CELL(.role = ROLE_TEXT, .attrs = CELL_FG, .fg = 21), DEPTH_16, "0;34");
	/* Every theme without colours is "mono". */
	looks(&t, CELL(.role = ROLE_FAILED), DEPTH_NONE, "0;1;4");
	looks(&t, CELL(.role = ROLE_QUIET), DEPTH_NONE, "0;2");
	looks(&t, CELL(.role = ROLE_TEXT, .attrs = CELL_CURSOR | CELL_FG, .fg = 9), DEPTH_NONE, "0;7");
	looks(&t, CELL(.role = ROLE_TEXT, .attrs = CELL_HIT), DEPTH_NONE, "0;4");
}

static void the_256_are_those_of_xterm(void **state)
{
	assert_int_equal(colour_rgb(0), 0);
	assert_int_equal(colour_rgb(9), 0xff0000);
	assert_int_equal(colour_rgb(16), 0);
	assert_int_equal(colour_rgb(75), 0x5fafff);
	assert_int_equal(colour_rgb(231), 0xffffff);
	assert_int_equal(colour_rgb(232), 0x080808);
	assert_int_equal(colour_rgb(255), 0xeeeeee);
	assert_int_equal(colour_rgb(COLOUR_RGB | 0x123456), 0x123456);
	/* Each of the 256 beyond the 16 finds a colour that looks like it. */
	for (int i = 16; i < 256; i++) {
		struct theme t = *theme_default();
		t.roles[ROLE_TEXT].style.fg = (int32_t)(COLOUR_RGB | colour_rgb(i));
		struct cell c = CELL(.role = ROLE_TEXT);
		assert_int_equal(colour_rgb(theme_style(&t, &c, DEPTH_256).fg), colour_rgb(i));
	}
}

/* ---- the themes of the program ---- */

static void every_role_has_a_line_in_every_theme(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(themes); i++) {
		struct theme t;

		loaded(themes[i].name, &t);
		assert_string_equal(t.name, themes[i].name);
		for (size_t k = 0; k < ARRAY_LEN(role_names); k++) {
			_free_ char *line = mem_printf("\n%s ", role_names[k]);
			if (!strstr(themes[i].text, line))
				fail_msg("theme %s has no line for %s", themes[i].name, role_names[k]);
		}
	}
}

static double linear(uint32_t channel)
{
	double v = channel / 255.0;

	return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static void linear_rgb(int32_t colour, double out[3])
{
	uint32_t rgb = colour_rgb(colour);

	for (int i = 0; i < 3; i++)
		out[i] = linear(rgb >> (16 - 8 * i) & 255);
}

static double luminance(int32_t colour)
{
	double v[3];

	linear_rgb(colour, v);
	return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
}

/* The contrast of WCAG 2. */
static double contrast(int32_t a, int32_t b)
{
	double x = luminance(a), y = luminance(b);

	return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

static bool is_series(int role)
{
	return role >= ROLE_SERIES_1 && role <= ROLE_SERIES_6;
}

static double contrast_needed(const char *theme, int role)
{
	if (role == ROLE_RULE)
		return 1.3; /* nothing to read */
	if (!strcmp(theme, "high-contrast"))
		return 7;
	return role == ROLE_QUIET || is_series(role) ? 3 : 4.5;
}

static void all_can_be_read(void **state)
{
	static const uint8_t overlays[] = { 0, CELL_CURSOR, CELL_HIT, CELL_CURSOR | CELL_HIT };
	static const enum depth depths[] = { DEPTH_TRUE, DEPTH_256 };

	for (size_t i = 0; i < ARRAY_LEN(themes); i++) {
		struct theme t;

		loaded(themes[i].name, &t);
		if (t.roles[ROLE_TEXT].style.bg == COLOUR_DEFAULT)
			continue;
		for (int role = 0; role < ROLE_COUNT; role++)
			for (size_t k = 0; k < ARRAY_LEN(overlays); k++)
				for (size_t d = 0; d < ARRAY_LEN(depths); d++) {
					struct cell c = CELL(.role = (uint8_t)role, .attrs = overlays[k]);
					struct style s = theme_style(&t, &c, depths[d]);
					double wanted = contrast_needed(t.name, role), seen = contrast(s.fg, s.bg);

					if (role == ROLE_CURSOR || role == ROLE_HIT ||
					    (role == ROLE_RULE && overlays[k]))
						continue;
					/* The 256 are coarse. */
					if (depths[d] == DEPTH_256)
						wanted *= 0.85;
					if (seen < wanted)
						fail_msg("%s: %s (overlay %d, depth %d) has a contrast of %.2f, not "
						         "%.1f",
						         t.name, role_names[role], overlays[k], depths[d], seen,
						         wanted);
				}
	}
}

/* Where there are only 16 nobody knows how they look, but the same on the same is nothing. */
static void stand_ins_are_never_the_same_on_the_same(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(themes); i++) {
		struct theme t;

		loaded(themes[i].name, &t);
		for (int role = 0; role < ROLE_COUNT; role++)
			for (int overlay = 0; overlay < 4; overlay++) {
				struct cell c =
				        CELL(.role = (uint8_t)role, .attrs = (uint8_t)((overlay & 1 ? CELL_CURSOR : 0) |
				                                                       (overlay & 2 ? CELL_HIT : 0)));
				struct style s = theme_style(&t, &c, DEPTH_16);

				if (role == ROLE_RULE || role == ROLE_CURSOR || role == ROLE_HIT)
					continue;
				assert_true(s.fg < 16 && s.bg < 16);
				if (s.fg == s.bg && s.fg != COLOUR_DEFAULT)
					fail_msg("%s: %s is %d on %d", t.name, role_names[role], s.fg, s.bg);
			}
	}
}

/* Machado, Oliveira and Fernandes 2009, severity 1, for linear RGB; the distance is that of OKLab, in hundredths. */
static const double deuteranopia[3][3] = {
        {0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}};
static const double protanopia[3][3] = {
        {0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}};
static const double tritanopia[3][3] = {
        {1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}};

static void multiply(const double m[3][3], const double in[3], double out[3])
{
	for (int i = 0; i < 3; i++)
		out[i] = m[i][0] * in[0] + m[i][1] * in[1] + m[i][2] * in[2];
}

static void seen_as(const double eye[3][3], int32_t colour, double lab[3])
{
	static const double to_lms[3][3] = {{0.4122214708, 0.5363325363, 0.0514459929},
	                                    {0.2119034982, 0.6806995451, 0.1073969566},
	                                    {0.0883024619, 0.2817188376, 0.6299787005}};
	static const double to_lab[3][3] = {{0.2104542553, 0.7936177850, -0.0040720468},
	                                    {1.9779984951, -2.4285922050, 0.4505937099},
	                                    {0.0259040371, 0.7827717662, -0.8086757660}};
	double rgb[3], shown[3], lms[3];

	linear_rgb(colour, rgb);
	multiply(eye, rgb, shown);
	for (int i = 0; i < 3; i++)
		shown[i] = fmin(1, fmax(0, shown[i]));
	multiply(to_lms, shown, lms);
	for (int i = 0; i < 3; i++)
		lms[i] = cbrt(lms[i]);
	multiply(to_lab, lms, lab);
}

static void states_apart(const char *name, const char *eye_name, const double eye[3][3])
{
	static const enum role states[] = { ROLE_FAILED, ROLE_SUCCESS, ROLE_RUNNING };
	struct theme t;

	loaded(name, &t);
	for (int i = 0; i < ROLE_COUNT; i++)
		for (int k = 0; k < i; k++) {
			bool both_states = false, both_series = is_series(i) && is_series(k);
			double a[3], b[3];

			for (size_t s = 0; s < ARRAY_LEN(states); s++)
				for (size_t u = 0; u < ARRAY_LEN(states); u++)
					both_states |= states[s] == (enum role)i && states[u] == (enum role)k;
			if (!both_states && !both_series)
				continue;
			seen_as(eye, t.roles[i].style.fg, a);
			seen_as(eye, t.roles[k].style.fg, b);
			double distance = 100 * sqrt(pow(a[0] - b[0], 2) + pow(a[1] - b[1], 2) + pow(a[2] - b[2], 2));
			if (distance < (both_states ? 20 : 10))
				fail_msg("%s: %s and %s are only %.1f apart with %s", name, role_names[i],
				         role_names[k], distance, eye_name);
		}
}

static void colour_blind_eyes_tell_states_apart(void **state)
{
	states_apart("red-green-blind", "deuteranopia", deuteranopia);
	states_apart("red-green-blind", "protanopia", protanopia);
	states_apart("blue-yellow-blind", "tritanopia", tritanopia);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(colours_of_all_kinds),
		cmocka_unit_test(faults_name_line_and_role),
		cmocka_unit_test(own_themes_go_first),
		cmocka_unit_test(the_example_of_the_manual_is_a_theme),
		cmocka_unit_test(roles_lie_over_cursor_and_hit),
		cmocka_unit_test(colours_are_made_to_fit),
		cmocka_unit_test(the_256_are_those_of_xterm),
		cmocka_unit_test(every_role_has_a_line_in_every_theme),
		cmocka_unit_test(all_can_be_read),
		cmocka_unit_test(stand_ins_are_never_the_same_on_the_same),
		cmocka_unit_test(colour_blind_eyes_tell_states_apart),
	};

	return cmocka_run_group_tests_name("theme", tests, NULL, NULL);
}
