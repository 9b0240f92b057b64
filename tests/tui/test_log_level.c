#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/mem.h"
#include "tui/log/log_level.h"

static enum log_level level(const char *text, bool indented)
{
	size_t n = strlen(text);
	_free_ char *copy = mem_dup(text, n); /* a look beyond the line is seen */
	enum log_level l = log_level_of(copy, n, indented);

	/* What is not plain is found by a pass, wherever it stands. */
	if (l != LEVEL_PLAIN)
		for (size_t before = 0; before < 40; before++) {
			_free_ char *padded = mem_alloc(before + n);
			memset(padded, '\n', before);
			memcpy(padded + before, text, n);
			assert_true(log_level_candidate(padded, padded + before + n) < padded + before + n);
		}
	return l;
}

static void errors_are_known(void **state)
{
	static const char *const errors[] = {
		"Traceback (most recent call last):",
		"[rank0]: Traceback (most recent call last):",
		"ValueError: could not convert string to float: 'NA'",
		"torch.cuda.OutOfMemoryError: CUDA out of memory",
		"AssertionError",
		"2026-11-21 10:00:00 ERROR loading failed",
		"2026-11-21 10:00:00 | CRITICAL | x",
		"[ERROR] x",
		"ERROR: LoadError: x",
		"\033[31mERROR\033[0m x",
		"\033[1;31merror\033[0m: x",
		"Error in f(x) : object 'y' not found",
		"Error: x",
		"src/a.c:3:5: error: expected ';'",
		"error[E0425]: cannot find value",
		"fatal: not a git repository",
		"fatal error: a.h: No such file",
		"a.c:1:10: fatal error: a.h: No such file",
		"Exception in thread \"main\" java.lang.NullPointerException",
		"Caused by: java.io.IOException: x",
		"panic: runtime error: index out of range",
		"thread 'main' panicked at src/main.rs:2:5",
		"Segmentation fault (core dumped)",
		"error: 404 Not Found",
		"FATAL x",
	};
	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		if (level(errors[i], false) != LEVEL_ERROR)
			fail_msg("no error: %s", errors[i]);
}

static void warnings_are_known(void **state)
{
	static const char *const warnings[] = {
		"WARNING: x", "10:00 WARN x", "lib/a.py:3: UserWarning: x", "warning: x", "Warning: x",
		"a.c:3:5: warning: unused", "W0000 WARNING", "Warning message:", "[WARN] x", "Warning in f(x) :",
	};
	for (size_t i = 0; i < ARRAY_LEN(warnings); i++)
		if (level(warnings[i], false) != LEVEL_WARNING)
			fail_msg("no warning: %s", warnings[i]);
	assert_int_equal(level("WARNING: ERROR x", false), LEVEL_ERROR);
}

static void figures_and_prose_are_plain(void **state)
{
	static const char *const plain[] = {
	        "", "e", "rr", "epoch 10  loss 0.412  acc 0.885", "error: 0.31", "Error: 0.31 acc 0.9",
	        "val_error: 0.2",
	        "mean squared error "
	        "0.3",
	        "Mean Squared Error  0.3",
	        "errors: 0",
	        "0 errors, 0 warnings",
	        "error_rate=0.1",
	        "error=0.3",
	        "MAX_ERRORS=3",
	        "no error here",
	        "During handling of the above exception, another exception occurred:",
	        "terror: "
	        "x",
	        "ERRORS", "warned: x", "default: x", "ERROR=1", "--error-limit", "Traceback", "the traceback was",
	        "critical", "don't panic", "by default", "error:3", "error: 12%",
	        "test error: 0.4, train error: 0.3",
	        "    raise ValueError(\"x\")",
	        "except ValueError",
	        "  File \"a.py\", line 3, in handle_error",
	        "MSE Error: -1.5e-3", "page fault", "Warnings", "fault", "XError=3",
	};
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (level(plain[i], false) != LEVEL_PLAIN)
			fail_msg("not plain: %s", plain[i]);
}

static void a_traceback_counts_once(void **state)
{
	assert_int_equal(level("ValueError: x", true), LEVEL_PLAIN);
	assert_int_equal(level("a.b.ValueError: x", true), LEVEL_PLAIN);
	assert_int_equal(level("AssertionError", true), LEVEL_PLAIN);
	assert_int_equal(level("10:00 ERROR x", true), LEVEL_ERROR);
	assert_int_equal(level("ERROR: ValueError: x", true), LEVEL_ERROR);
}

static void passes_skip_what_has_no_word(void **state)
{
	char s[200];
	memset(s, 'r', sizeof s);
	assert_ptr_equal(log_level_candidate(s, s + sizeof s), s + sizeof s);
	for (size_t at = 0; at + 5 <= sizeof s; at++) {
		memset(s, '.', sizeof s);
		memcpy(s + at, "ERROR", 5);
		assert_ptr_equal(log_level_candidate(s, s + sizeof s), s + at + 1);
		assert_ptr_equal(log_level_candidate(s, s + at + 4), s + at + 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_are_known),
		cmocka_unit_test(warnings_are_known),
		cmocka_unit_test(figures_and_prose_are_plain),
		cmocka_unit_test(a_traceback_counts_once),
		cmocka_unit_test(passes_skip_what_has_no_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
