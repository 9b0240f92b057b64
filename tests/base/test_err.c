#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"

static void set_returns_the_code(void **state)
{
	struct err e;

	assert_int_equal(err_set(&e, ERR_USAGE, "no %s in %d", "step", 3), ERR_USAGE);
	assert_int_equal(e.code, ERR_USAGE);
	assert_string_equal(e.text, "no step in 3");
}

static void set_may_use_its_own_text(void **state)
{
	struct err e;

	err_set(&e, ERR_USAGE, "first");
	err_set(&e, ERR_BROKEN, "again: %s", e.text);
	assert_string_equal(e.text, "again: first");
}

static void long_texts_are_cut_at_a_character(void **state)
{
	struct err e;
	char text[4000];

	for (size_t shift = 0; shift < 4; shift++) {
		memset(text, 'a', sizeof text);
		for (size_t i = shift; i + 3 < sizeof text; i += 3)
			memcpy(text + i, "€", 3);
		text[sizeof text - 4] = '\0';
		err_set(&e, ERR_FAILED, "%s", text);
		assert_in_range(strlen(e.text), sizeof e.text - 4, sizeof e.text - 1);
		assert_true(utf8_valid(e.text, strlen(e.text)));
	}
}

static void errno_gives_reason_and_way_out(void **state)
{
	struct err e;

	errno = ENOENT;
	assert_int_equal(err_errno(&e, "cannot open %s", "x.csv"), ERR_NOT_FOUND);
	assert_string_equal(e.text, "cannot open x.csv: No such file or directory");
	assert_int_equal(errno, ENOENT);
	static const int with_way[] = {ENOSPC, EDQUOT, EMFILE, EROFS, EACCES};
	for (size_t i = 0; i < ARRAY_LEN(with_way); i++) {
		errno = with_way[i];
		assert_int_equal(err_errno(&e, "cannot write"), ERR_BROKEN);
		assert_non_null(strstr(e.text, "; "));
		assert_int_equal(errno, with_way[i]);
		assert_int_equal(e.full, with_way[i] == ENOSPC || with_way[i] == EDQUOT);
	}
	errno = ENOSPC;
	err_errno(&e, "cannot write");
	err_prefix(&e, "x.csv");
	assert_true(e.full);
	err_set(&e, ERR_BROKEN, "something else");
	assert_false(e.full);
}

static void errno_keeps_the_reason_behind_a_long_text(void **state)
{
	struct err e;
	char text[3000];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	errno = ENOSPC;
	err_errno(&e, "%s", text);
	assert_non_null(strstr(e.text, "free space on that disk"));
}

static void prefix_goes_in_front(void **state)
{
	struct err e;

	err_set(&e, ERR_NOT_FOUND, "no key");
	assert_int_equal(err_prefix(&e, "jig.yaml:%d", 7), ERR_NOT_FOUND);
	assert_string_equal(e.text, "jig.yaml:7: no key");
}

static void codes_have_exit_statuses(void **state)
{
	assert_int_equal(err_exit_status(ERR_OK), 0);
	assert_int_equal(err_exit_status(12), 0);
	assert_int_equal(err_exit_status(ERR_FAILED), 1);
	assert_int_equal(err_exit_status(ERR_USAGE), 2);
	assert_int_equal(err_exit_status(ERR_EXISTS), 2);
	assert_int_equal(err_exit_status(ERR_BUSY), 3);
	assert_int_equal(err_exit_status(ERR_INTERRUPTED), 130);
	assert_int_equal(err_exit_status(-999), 3);
}

static void give_back(void)
{
	if (write(STDERR_FILENO, "hook\n", 5) != 5)
		_exit(9);
}

static void out_of_memory_calls_the_hook_and_aborts(void **state)
{
	int fds[2], status;
	char text[100];

	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		err_oom_hook = give_back;
		mem_array(NULL, SIZE_MAX / 2, 4);
		_exit(0);
	}
	close(fds[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	ssize_t n = read(fds[0], text, sizeof text - 1);
	assert_true(n > 0);
	text[n] = '\0';
	assert_string_equal(text, "hook\njig: out of memory\n");
	close(fds[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(set_returns_the_code),
	        cmocka_unit_test(set_may_use_its_own_text),
	        cmocka_unit_test(long_texts_are_cut_at_a_character),
	        cmocka_unit_test(errno_gives_reason_and_way_out),
	        cmocka_unit_test(errno_keeps_the_reason_behind_a_long_text),
	        cmocka_unit_test(prefix_goes_in_front),
	        cmocka_unit_test(codes_have_exit_statuses),
	        cmocka_unit_test(out_of_memory_calls_the_hook_and_aborts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
