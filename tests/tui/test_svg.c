#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include "base/utf8.h"
#include "tui/svg.h"
#include "tui/theme.h"

/* A reader of just the XML that there can be: elements, quoted attributes, text with the three escapes. */
static const char *read_name(const char *s)
{
	return s + strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-:");
}

static void assert_well_formed(const struct buf *b)
{
	char *open[32];
	int depth = 0, roots = 0;

	assert_true(utf8_valid(b->data, b->len));
	assert_int_equal(strlen(b->data), b->len);
	for (const char *s = b->data; *s;) {
		if (*s != '<') {
			assert_true(depth > 0 || *s == '\n');
			assert_true((unsigned char)*s >= 0x20 || *s == '\n');
			if (*s == '&')
				assert_true(!strncmp(s, "&amp;", 5) || !strncmp(s, "&lt;", 4) ||
				            !strncmp(s, "&gt;", 4));
			assert_true(*s != '>');
			s++;
			continue;
		}
		bool closing = s[1] == '/';
		const char *name = s + 1 + closing, *end = read_name(name);
		assert_true(end > name);
		if (closing) {
			assert_true(depth > 0);
			depth--;
			assert_int_equal(strlen(open[depth]), end - name);
			assert_memory_equal(open[depth], name, end - name);
			free(open[depth]);
			assert_true(*end == '>');
			s = end + 1;
			continue;
		}
		assert_true(depth < 31);
		roots += depth == 0;
		open[depth++] = mem_strndup(name, (size_t)(end - name));
		while (*end == ' ') {
			const char *eq = read_name(end + 1);
			assert_true(eq > end + 1 && eq[0] == '=' && eq[1] == '"');
			end = eq + 2 + strcspn(eq + 2, "\"<&");
			assert_true(*end == '"');
			end++;
		}
		if (*end == '/') {
			free(open[--depth]);
			end++;
		}
		assert_true(*end == '>');
		s = end + 1;
	}
	assert_int_equal(depth, 0);
	assert_int_equal(roots, 1);
}

static void has(const struct buf *b, const char *wanted)
{
	if (!strstr(b->data, wanted))
		fail_msg("\"%s\" is not in %s", wanted, b->data);
}

static void hasnt(const struct buf *b, const char *not_wanted)
{
	if (strstr(b->data, not_wanted))
		fail_msg("\"%s\" is in %s", not_wanted, b->data);
}

static void every_character_stands_in_its_column(void **state)
{
	struct theme t;
	struct err e;
	struct grid g;
	_buf_ struct buf b = BUF_INIT;

	assert_int_equal(theme_load("dark", &t, &e), 0);
	struct paint p = { .colour = true, .depth = DEPTH_TRUE, .theme = &t };
	grid_init(&g, 6, 30);
	grid_text(&g, 0, 2, -1, ROLE_TEXT, "a<b & c>d  far");
	grid_text(&g, 1, 0, -1, ROLE_FAILED, "✗ failed");
	grid_text(&g, 2, 0, -1, ROLE_TEXT, "日本 e\xcc\x81");
	grid_text(&g, 3, 0, -1, ROLE_RULE, "┌──┐ ▁█▌▓");
	grid_text(&g, 4, 0, -1, ROLE_SERIES_1, "\xe2\xa0\x81\xe2\xa3\xbf");
	grid_attr(&g, 1, 0, 30, CELL_CURSOR);
	grid_svg(&g, &p, &b);
	assert_well_formed(&b);
	/* 30 cells of 8.4 and 6 of 18 pixels, and 14 around. */
	has(&b, "viewBox=\"0 0 2800 1360\" width=\"280\" height=\"136\"");
	has(&b, "fill=\"#14171c\"");
	has(&b, "<text x=\"168\" y=\"133\" textLength=\"756\">a&lt;b &amp; c&gt;d</text>");
	has(&b, "<text x=\"1092\" y=\"133\" textLength=\"252\">far</text>");
	/* The row under the cursor is one rectangle. */
	has(&b, "<g transform=\"translate(140 320)\"><rect x=\"0\" width=\"2520\" height=\"180\" "
	        "shape-rendering=\"crispEdges\" fill=\"#262d39\"/>");
	has(&b, "<text x=\"42\" y=\"133\" fill=\"#ff7377\" font-weight=\"bold\" text-anchor=\"middle\">✗</text>");
	has(&b, "<text x=\"168\" y=\"133\" fill=\"#ff7377\" font-weight=\"bold\" textLength=\"504\">failed</text>");
	has(&b, "<text x=\"84\" y=\"133\" text-anchor=\"middle\">日</text><text x=\"252\" y=\"133\" "
	        "text-anchor=\"middle\">本</text>");
	has(&b, "<text x=\"462\" y=\"133\" text-anchor=\"middle\">e\xcc\x81</text>");
	/* Lines and blocks are shapes. */
	has(&b, "M84 90h168");
	hasnt(&b, "┌");
	hasnt(&b, "█");
	has(&b, "stroke-linecap=\"round\" d=\"M21 22h0M105 22h0");
	/* Nothing on the last row. */
	hasnt(&b, "translate(140 1040)");
	grid_release(&g);
}

static void looks_follow_theme_and_depth(void **state)
{
	struct theme t;
	struct err e;
	struct grid g;
	struct paint p = { .colour = true, .depth = DEPTH_16 };
	_buf_ struct buf b = BUF_INIT;

	grid_init(&g, 1, 10);
	grid_text(&g, 0, 0, -1, ROLE_SUCCESS, "ok");
	grid_text(&g, 0, 4, -1, ROLE_QUIET, "dim");
	/* The default has no ground: a dark one, with 16 colours that can be read there. */
	grid_svg(&g, &p, &b);
	assert_well_formed(&b);
	has(&b, "fill=\"#16191d\"");
	has(&b, "fill=\"#7fc07f\" textLength=\"168\">ok<");
	has(&b, "fill=\"#85898e\" textLength=\"252\">dim<");
	/* On a light ground the 16 are others. */
	buf_reset(&b);
	assert_int_equal(theme_parse("t", "text = on #ffffff\nsuccess = green italic underline", &t, &e), 0);
	p = (struct paint){ .colour = true, .depth = DEPTH_TRUE, .theme = &t };
	grid_svg(&g, &p, &b);
	has(&b, "fill=\"#1a6d30\" font-style=\"italic\" text-decoration=\"underline\" textLength=\"168\">ok<");
	/* A ground of the 16 is the same behind every cell. */
	buf_reset(&b);
	assert_int_equal(theme_load("light", &t, &e), 0);
	p = (struct paint){ .colour = true, .depth = DEPTH_16, .theme = &t };
	grid_svg(&g, &p, &b);
	has(&b, "fill=\"#fbfbf9\"");
	hasnt(&b, "height=\"180\"");
	/* Without colours: attributes, and what is under the cursor reversed. */
	buf_reset(&b);
	p = (struct paint){ .depth = DEPTH_TRUE, .theme = &t };
	grid_attr(&g, 0, 0, 10, CELL_CURSOR);
	grid_svg(&g, &p, &b);
	has(&b, "<rect x=\"0\" width=\"840\" height=\"180\" shape-rendering=\"crispEdges\" fill=\"#d0d4da\"/>");
	has(&b, "fill=\"#16191d\" textLength=\"168\">ok<");
	grid_release(&g);
}

static void any_grid_is_xml_and_always_the_same(void **state)
{
	static const uint32_t odd[] = {1,      0x1b,   '<',     '>',    '&',      '"',    '\'',   0x7f,
	                               0x9b,   0xfffe, 0xffff,  0xfffd, 0x10ffff, 0xd800, 0x254c, 0x2501,
	                               0x2590, 0x28ff, 0x1f600, 0x253c, 0x2580,   0x25b6};
	static const char *const names[] = { "default", "dark", "light", "mono", "high-contrast" };
	struct grid g;
	uint32_t seed = 7;

	grid_init(&g, 12, 60);
	for (int i = 0; i < 12 * 60; i++) {
		seed = seed * 1664525 + 1013904223;
		grid_put(&g, i / 60, i % 60, odd[(seed >> 16) % (sizeof odd / sizeof *odd)],
		         (enum role)((seed >> 8) % ROLE_COUNT));
		grid_attr(&g, i / 60, i % 60, 1, (uint8_t)(seed >> 24));
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (enum depth d = DEPTH_NONE; d <= DEPTH_TRUE; d++) {
			struct theme t;
			struct err e;
			struct paint p = { .colour = true, .depth = d, .theme = &t };
			_buf_ struct buf one = BUF_INIT, two = BUF_INIT;

			assert_int_equal(theme_load(names[i], &t, &e), 0);
			grid_svg(&g, &p, &one);
			assert_well_formed(&one);
			setlocale(LC_ALL, "de_DE.UTF-8");
			grid_svg(&g, &p, &two);
			setlocale(LC_ALL, "C");
			assert_string_equal(one.data, two.data);
		}
	grid_release(&g);
	_buf_ struct buf empty = BUF_INIT;
	struct paint p = { 0 };
	grid_init(&g, 0, 0);
	grid_svg(&g, &p, &empty);
	assert_well_formed(&empty);
	grid_release(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character_stands_in_its_column),
		cmocka_unit_test(looks_follow_theme_and_depth),
		cmocka_unit_test(any_grid_is_xml_and_always_the_same),
	};

	return cmocka_run_group_tests_name("svg", tests, NULL, NULL);
}
