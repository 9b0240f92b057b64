#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <regex.h>
#include <string.h>
#include "tui/log/log_pattern.h"

static struct err e;

static struct log_pattern *pattern(const char *text)
{
	struct log_pattern *p;
	if (log_pattern_new(text, &p, &e) < 0)
		fail_msg("%s: %s", text, e.text);
	return p;
}

static void assert_found(const char *text, const char *line, int from, int to)
{
	struct log_pattern *p = pattern(text);
	size_t a = 0, b = 0, n = strlen(line);
	_free_ char *copy = mem_strndup(line, n); /* the sanitizer wants an end where the library does not */
	bool found = log_pattern_find(p, copy, n, 0, false, &a, &b);
	if (found != (from >= 0))
		fail_msg("\"%s\" in \"%s\": %d", text, line, found);
	if (found) {
		assert_int_equal(a, from);
		assert_int_equal(b, to);
	}
	assert_true(!found || log_pattern_find(p, copy, n, 0, true, &a, &b));
	log_pattern_free(p);
}

static void matches_have_places(void **state)
{
	assert_found("loss", "epoch 1 loss 0.3", 8, 12);
	assert_found("loss", "Epoch 1 LOSS 0.3", 8, 12);
	assert_found("Loss", "loss", -1, 0);
	assert_found("LOSS", "loss LOSS", 5, 9);
	assert_found("l.ss [0-9]+", "loss 12x", 0, 7);
	assert_found("^a", "ba", -1, 0);
	assert_found("a$", "ba", 1, 2);
	assert_found("x*", "yyxx", 2, 4);
	assert_found("x*", "yy", -1, 0);
	assert_found("a|b|c", "xxc", 2, 3);
	assert_found("a\\.b", "axb a.b", 4, 7);
	assert_found("1", "0", -1, 0);
	assert_found("1", "1", 0, 1);
	assert_found("é", "caf\xc3\xa9", 3, 5);
	assert_found("@x", "@X `x", 0, 2);
}

static void faults_are_told(void **state)
{
	static const struct { const char *text, *says;
	} cases[] = {
	        {"", "nothing"},
	        {"(a", "("},
	        {"[a", "["},
	        {"a{1001}", "1000"},
	        {"((a{100}){100}){100}", "1000"},
	        {"(a)\\1", "\\1 refers back"},
	        {"a{2,1}", ""},
	        {"{", ""},
	        {"\\", ""},
	        {"*{99999999999}", "1000"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct log_pattern *p = (void *)1;
		assert_int_equal(log_pattern_new(cases[i].text, &p, &e), ERR_USAGE);
		assert_ptr_equal(p, (void *)1);
		assert_non_null(strstr(e.text, cases[i].says));
	}
	_buf_ struct buf b = BUF_INIT;
	buf_fill(&b, 'a', 1001);
	struct log_pattern *p;
	assert_int_equal(log_pattern_new(b.data, &p, &e), ERR_USAGE);
	log_pattern_free(NULL);
}

/* Lines of a text that a pass finds, as a mask. */
static unsigned pass(const char *text, const char *log, size_t n) /* a NUL stands behind the log */
{
	struct log_pattern *p = pattern(text);
	_free_ char *copy = mem_dup(log, n + 1);
	struct log_pass s;
	unsigned mask = 0;
	int line = 0;
	log_pass_begin(&s, p, copy, copy + n);
	for (const char *at = copy, *end = copy + n; at < end;) {
		const char *c = log_pass_candidate(&s, at), *nl;
		assert_true(c >= at && c <= end);
		while ((nl = memchr(at, '\n', (size_t)(end - at))) && nl < c) {
			at = nl + 1;
			line++;
		}
		if (c == end)
			break;
		nl = nl ? nl : end;
		if (log_pass_match(&s, at, (size_t)(nl - at), c))
			mask |= 1u << line;
		at = nl + 1;
		line++;
	}
	log_pass_release(&s);
	log_pattern_free(p);
	return mask;
}

static void passes_find_lines(void **state)
{
	static const char log[] =
	        "epoch 1 loss 0.5\n\033[31mlo\033[0mss\n\nfine 10%\r loss\nLOSS\r\nlo\0ss loss\nno\nxlos\bsss";
	static const struct { const char *pattern; unsigned lines;
	} cases[] = {
	        {"loss", 0x3b | 0x80}, {"LOSS", 0x10},   {"fine", 0},       {"lo·ss", 0x20},
	        {"^loss$", 0x12},      {"^$", 0x4},      {"o.*s", 0xbb},    {"e(p)och|no", 0x41},
	        {"nothing", 0},        {"x*", 0xff},     {"los+", 0xbb},    {"lx?os{1,3}", 0xbb},
	        {"0\\.5$", 0x1},       {"[o]", 0xfb},    {"1.?", 0x1},      {"31m", 0},
	        {"\\d", 0x1},          {"h \\d l", 0x1}, {"0\\.\\d$", 0x1}, {"[\\d.]+$", 0x1},
	        {"^\\D+$", 0xfa},      {"loss\\\\d", 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		unsigned got = pass(cases[i].pattern, log, sizeof log - 1);
		if (got != cases[i].lines)
			fail_msg("%s: %x, not %x", cases[i].pattern, got, cases[i].lines);
	}
}

/* A pass with its texts finds what the library finds line by line. */
static void passes_equal_the_library(void **state)
{
	static const char *const patterns[] = {
	        "ab",    "a",        "b+a",      "ab*c",    "a(b|c)d",      "abc|cab", "a?bc",     "(ab)+",
	        "[ab]c", "a.c",      "ca{0,2}b", "b{2}",    "c\\.a",        "^ab",     "bc$",      "(a|b)|ccc",
	        "ab|",   "\\<a",     "a\\|b",    "[]a]b",   "[[:digit:]]a", "a[^]]b",  "(a[)]b)c", "ac{0,0}b",
	        "ab.*c", "a[bc]*b1", "ab.*ab",   "a.*bc|c", "ab+*c",        "ab+?",    "cb++{0}",
	};
	unsigned seed = 7;
	for (size_t k = 0; k < ARRAY_LEN(patterns); k++) {
		regex_t re;
		assert_int_equal(regcomp(&re, patterns[k], REG_EXTENDED | REG_ICASE | REG_NOSUB), 0);
		for (int round = 0; round < 60; round++) {
			char log[33 * 20 + 1], *to = log;
			unsigned wanted = 0;
			for (int line = 0; line < 32; line++) {
				char *from = to;
				for (unsigned n = (seed = seed * 1103515245 + 12345) >> 16 & 15; n > 0; n--)
					*to++ = "abcABC. 1|)]"[((seed = seed * 1103515245 + 12345) >> 16) % 12];
				*to = 0;
				if (regexec(&re, from, 0, NULL, 0) == 0)
					wanted |= 1u << line;
				*to++ = '\n';
			}
			*to = 0;
			unsigned got = pass(patterns[k], log, (size_t)(to - log));
			if (got != wanted)
				fail_msg("%s in\n%.*s: %x, not %x", patterns[k], (int)(to - log), log, got, wanted);
		}
		regfree(&re);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_have_places),
		cmocka_unit_test(faults_are_told),
		cmocka_unit_test(passes_find_lines),
		cmocka_unit_test(passes_equal_the_library),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
