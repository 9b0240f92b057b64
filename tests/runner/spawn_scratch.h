/* A spawner with a folder of its own, for the tests of steps that are started plainly (test_spawn.c), wrapped
 * (test_spawn_wrap.c) or watched (observe_case.h), and of programs that are no steps (test_spawn_program.c). */
#ifndef TESTS_SPAWN_SCRATCH_H
#define TESTS_SPAWN_SCRATCH_H

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/path.h"
#include "runner/process/spawn.h"

struct fixture {
	struct spawner *s;
	char *dir, *file; /* a file in dir that steps may write what they have to say to */
	int null;
};

/* The nth attempt id of this program: found all over the machine, so other programs have others. */
__attribute__((unused)) static const char *attempt_id(int n)
{
	static char ids[3][27];

	if (!*ids[n])
		snprintf(ids[n], sizeof ids[n], "01ARZ3NDEKTSV4RRF%c%08u", 'A' + n, (unsigned)getpid() % 100000000u);
	return ids[n];
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct err e;

	assert_int_equal(file_temp_dir("/tmp", "spawn", &f->dir, &e), 0);
	f->file = path_join(f->dir, "pids");
	f->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_int_equal(spawner_start(&f->s, &e), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	struct err e;

	spawner_free(f->s);
	close(f->null);
	file_remove_tree(f->dir, &e);
	free(f->dir);
	free(f->file);
	free(f);
	return 0;
}

__attribute__((unused)) static struct spawn_event next_event(struct spawner *s)
{
	struct spawn_event ev;
	struct err e;

	for (;;) {
		int r = spawner_read(s, &ev, &e);
		assert_true(r >= 0);
		if (r > 0)
			return ev;
		struct pollfd p = { .fd = spawner_fd(s), .events = POLLIN };
		assert_true(poll(&p, 1, 20000) == 1);
	}
}

#endif
