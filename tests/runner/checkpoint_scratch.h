/* A folder of checkpoints in a new folder, a loop and a watch, and short forms for its entries. */
#ifndef TESTS_RUNNER_CHECKPOINT_SCRATCH_H
#define TESTS_RUNNER_CHECKPOINT_SCRATCH_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"
#include "runner/work/checkpoint.h"

#define UNUSED __attribute__((unused))

static char *home, *ckpt, *torn_folder;
static struct arena arena;
static struct loop *loop;
static struct checkpoint_watch *eye;

#define assert_ok(call) \
	do { \
		struct err e_ = {0}; \
		struct err *e = &e_; \
		if ((call) < 0) \
			fail_msg("%s: %s", #call, e_.text); \
	} while (0)

UNUSED static int set_up(void **state)
{
	struct err e;

	assert_int_equal(file_temp_dir("/tmp", "ckpt", &home, &e), 0);
	ckpt = path_join(home, "train.ckpt");
	torn_folder = path_join(home, "train.torn");
	loop = loop_new();
	eye = checkpoint_watch_new(loop);
	return mkdir(ckpt, 0755);
}

UNUSED static int tear_down(void **state)
{
	struct err e;
	int r;

	checkpoint_watch_free(eye);
	loop_free(loop);
	arena_release(&arena);
	r = file_remove_tree(home, &e);
	free(home);
	free(ckpt);
	free(torn_folder);
	return r;
}

UNUSED static char *in(const char *folder, const char *name)
{
	return arena_printf(&arena, "%s/%s", folder, name);
}

UNUSED static void put_in(const char *folder, const char *name, const char *text)
{
	const char *path = in(folder, name);
	assert_ok(file_mkdirs_parent(path, 0755, e));
	assert_ok(file_write(path, text, strlen(text), 0644, e));
}

UNUSED static void put(const char *name, const char *text)
{
	put_in(ckpt, name, text);
}

/* Seconds since 1970 as the time of the last change. */
UNUSED static void age(const char *name, time_t s)
{
	const struct timespec t[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = s}};
	assert_int_equal(utimensat(AT_FDCWD, in(ckpt, name), t, AT_SYMLINK_NOFOLLOW), 0);
}

UNUSED static bool there(const char *name)
{
	return file_exists(in(ckpt, name));
}

UNUSED static void assert_content(const char *path, const char *text)
{
	_buf_ struct buf b = BUF_INIT;
	assert_ok(file_read(path, 1 << 20, &b, e));
	assert_string_equal(b.data, text);
}

#define scratch_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
