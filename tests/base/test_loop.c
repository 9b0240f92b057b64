#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#include "base/loop.h"
#include "base/mem.h"
#include "base/time.h"

struct seen {
	struct loop *loop;
	struct loop_source *self, *other;
	int pipe[2];
	int calls, other_calls;
	short revents;
};

static int set_up(void **state)
{
	struct seen *s = mem_zero(sizeof *s);

	s->loop = loop_new();
	*state = s;
	return s->loop && pipe(s->pipe) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	struct seen *s = *state;

	loop_free(s->loop);
	close(s->pipe[0]);
	mem_closep(&s->pipe[1]);
	free(s);
	return 0;
}

static void step(struct seen *s, int64_t max_wait_us)
{
	struct err e;

	if (loop_step(s->loop, max_wait_us, &e) < 0)
		fail_msg("%s", e.text);
}

static void on_fd(void *arg, int fd, short revents)
{
	struct seen *s = arg;

	s->calls++;
	s->revents = revents;
}

static void on_timer(void *arg)
{
	((struct seen *)arg)->calls++;
}

static void on_signal(void *arg, int signo)
{
	((struct seen *)arg)->calls += signo == SIGUSR1 ? 1 : 100;
}

static void descriptors_are_watched(void **state)
{
	struct seen *s = *state;
	struct loop_source *in = loop_fd(s->loop, s->pipe[0], POLLIN, on_fd, s);

	step(s, 0);
	assert_int_equal(s->calls, 0);
	assert_int_equal(write(s->pipe[1], "x", 1), 1);
	step(s, -1);
	assert_int_equal(s->calls, 1);
	assert_true(s->revents & POLLIN);
	loop_fd_events(in, 0);
	step(s, 0);
	assert_int_equal(s->calls, 1);
	/* A hang-up of what is not watched keeps the loop quiet. */
	close(mem_take_fd(s->pipe[1]));
	step(s, 0);
	assert_int_equal(s->calls, 1);
	loop_fd_events(in, POLLIN);
	step(s, -1);
	assert_int_equal(s->calls, 2);
	assert_true(s->revents & POLLHUP);
	loop_remove(in);
	step(s, 0);
	assert_int_equal(s->calls, 2);
	loop_remove(NULL);
}

static void remove_both(void *arg, int fd, short revents)
{
	struct seen *s = arg;

	s->calls++;
	loop_remove(s->self);
	loop_remove(s->other);
	loop_remove(s->other);
}

static void callbacks_remove_any_source(void **state)
{
	struct seen *s = *state;

	s->self = loop_fd(s->loop, s->pipe[1], POLLOUT, remove_both, s);
	s->other = loop_fd(s->loop, s->pipe[1], POLLOUT, remove_both, s);
	struct loop_source *timer = loop_timer(s->loop, 0, on_timer, s);
	step(s, -1);
	/* The first took the second with it; the timer came too. */
	assert_int_equal(s->calls, 2);
	step(s, 0);
	assert_int_equal(s->calls, 2);
	loop_remove(timer);
}

static void add_another(void *arg, int fd, short revents)
{
	struct seen *s = arg;

	s->other_calls++;
	if (s->self) {
		loop_remove(s->self);
		s->self = NULL;
		for (int i = 0; i < 100; i++)
			loop_fd(s->loop, s->pipe[1], POLLOUT, on_fd, s);
	}
}

static void callbacks_add_sources(void **state)
{
	struct seen *s = *state;

	s->self = loop_fd(s->loop, s->pipe[1], POLLOUT, add_another, s);
	step(s, -1);
	assert_int_equal(s->other_calls, 1);
	assert_int_equal(s->calls, 0);
	step(s, -1);
	assert_int_equal(s->other_calls, 1);
	assert_int_equal(s->calls, 100);
}

static void step_again(void *arg)
{
	struct seen *s = arg;
	struct err e;

	s->calls = loop_step(s->loop, 0, &e);
}

static void callbacks_may_not_step(void **state)
{
	struct seen *s = *state;

	loop_timer(s->loop, 0, step_again, s);
	step(s, -1);
	assert_int_equal(s->calls, ERR_BROKEN);
	step(s, 0);
}

static void timers_are_one_shot(void **state)
{
	struct seen *s = *state;
	int64_t start = time_mono();
	struct loop_source *timer = loop_timer(s->loop, start + 3000, on_timer, s);

	while (!s->calls)
		step(s, -1);
	assert_true(time_mono() >= start + 3000);
	step(s, 0);
	assert_int_equal(s->calls, 1);
	loop_timer_set(timer, 0);
	step(s, -1);
	assert_int_equal(s->calls, 2);
	loop_timer_set(timer, 0);
	loop_timer_set(timer, -1);
	step(s, 0);
	assert_int_equal(s->calls, 2);
}

struct order {
	struct seen *seen;
	int number;
	struct loop_source *timer;
};

static void in_order(void *arg)
{
	struct order *o = arg;

	o->seen->calls = o->seen->calls * 10 + o->number;
	if (o->number == 2) {
		/* Set anew in the past: it must wait for the next step. Number 4 is due but taken away. */
		loop_timer_set(o->timer, 0);
		loop_timer_set(o[2].timer, -1);
	}
}

static void timers_fire_in_order(void **state)
{
	struct seen *s = *state;
	struct order orders[5];
	int64_t now = time_mono();

	for (int i = 4; i >= 0; i--) {
		orders[i] = (struct order){.seen = s, .number = i};
		orders[i].timer = loop_timer(s->loop, now - 100 + i, in_order, &orders[i]);
	}
	loop_remove(orders[0].timer);
	step(s, -1);
	assert_int_equal(s->calls, 123);
	s->calls = 0;
	step(s, -1);
	assert_int_equal(s->calls, 2);
}

static void signals_arrive_in_the_loop(void **state)
{
	struct seen *s = *state;
	struct sigaction before = {.sa_handler = SIG_IGN}, after;

	sigaction(SIGUSR1, &before, NULL);
	struct loop_source *usr1 = loop_signal(s->loop, SIGUSR1, on_signal, s);
	assert_non_null(usr1);
	assert_null(loop_signal(s->loop, SIGUSR1, on_signal, s));
	assert_null(loop_signal(s->loop, SIGKILL, on_signal, s));
	assert_null(loop_signal(s->loop, 0, on_signal, s));
	assert_null(loop_signal(s->loop, 10000, on_signal, s));
	raise(SIGUSR1);
	assert_int_equal(s->calls, 0);
	step(s, -1);
	assert_int_equal(s->calls, 1);
	step(s, 0);
	assert_int_equal(s->calls, 1);
	/* Any number of them at once loses nothing and is one call. */
	for (int i = 0; i < 100000; i++)
		raise(SIGUSR1);
	step(s, -1);
	assert_int_equal(s->calls, 2);
	step(s, 0);
	assert_int_equal(s->calls, 2);
	loop_remove(usr1);
	sigaction(SIGUSR1, NULL, &after);
	assert_true(after.sa_handler == SIG_IGN);
	assert_non_null(loop_signal(s->loop, SIGUSR1, on_signal, s));
	loop_free(s->loop);
	sigaction(SIGUSR1, NULL, &after);
	assert_true(after.sa_handler == SIG_IGN);
	s->loop = loop_new();
	/* The next loop may have it. */
	assert_non_null(loop_signal(s->loop, SIGUSR1, on_signal, s));
}

static void *interrupt(void *arg)
{
	pthread_t *waiting = arg;

	pthread_kill(*waiting, SIGUSR1);
	return NULL;
}

static void signals_interrupt_the_wait(void **state)
{
	struct seen *s = *state;
	pthread_t self = pthread_self(), thread;

	loop_signal(s->loop, SIGUSR1, on_signal, s);
	assert_int_equal(pthread_create(&thread, NULL, interrupt, &self), 0);
	while (!s->calls)
		step(s, -1);
	pthread_join(thread, NULL);
	assert_int_equal(s->calls, 1);
}

static void *wake_up(void *arg)
{
	loop_wake(arg);
	return NULL;
}

static void threads_wake_the_loop(void **state)
{
	struct seen *s = *state;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, wake_up, s->loop), 0);
	step(s, -1);
	pthread_join(thread, NULL);
	for (int i = 0; i < 200000; i++)
		loop_wake(s->loop);
	step(s, -1);
	int64_t start = time_mono();
	step(s, 2000);
	assert_true(time_mono() - start >= 1000);
}

static void freeing_takes_everything(void **state)
{
	struct loop *l = loop_new();

	for (int i = 0; i < 50; i++)
		loop_fd(l, 0, POLLIN, on_fd, NULL);
	loop_timer(l, 0, on_timer, NULL);
	loop_signal(l, SIGUSR2, on_signal, NULL);
	loop_free(l);
	loop_free(NULL);
}

#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        test(descriptors_are_watched),    test(callbacks_remove_any_source), test(callbacks_add_sources),
	        test(callbacks_may_not_step),     test(timers_are_one_shot),         test(timers_fire_in_order),
	        test(signals_arrive_in_the_loop), test(signals_interrupt_the_wait),  test(threads_wake_the_loop),
	        test(freeing_takes_everything),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
