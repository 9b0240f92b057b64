#include "runner/work/offload.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include "base/mem.h"
#include "base/vec.h"

struct job {
	struct offload *owner;
	void (*work)(void *arg);
	void (*done)(void *arg);
	void *arg;
	pthread_t thread;
	atomic_bool finished;
};

struct offload {
	struct loop *loop;
	VEC(struct job *) jobs;
};

struct offload *offload_new(struct loop *l)
{
	struct offload *o = mem_zero(sizeof *o);

	o->loop = l;
	return o;
}

void offload_free(struct offload *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->jobs.len; i++) {
		pthread_join(o->jobs.v[i]->thread, NULL);
		free(o->jobs.v[i]);
	}
	vec_release(&o->jobs);
	free(o);
}

static void *run(void *arg)
{
	struct job *j = arg;

	j->work(j->arg);
	atomic_store(&j->finished, true);
	loop_wake(j->owner->loop);
	return NULL;
}

void offload_start(struct offload *o, void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
	struct job *j = mem_zero(sizeof *j);
	sigset_t all, old;

	*j = (struct job){ .owner = o, .work = work, .done = done, .arg = arg };
	/* Signals are the loop's: the new thread must never be the one that gets them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&j->thread, NULL, run, j) != 0) {
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		work(arg);
		free(j);
		done(arg);
		return;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	vec_push(&o->jobs, j);
}

void offload_poll(struct offload *o)
{
	for (size_t i = 0; i < o->jobs.len;) {
		struct job *j = o->jobs.v[i];

		if (!atomic_load(&j->finished)) {
			i++;
			continue;
		}
		vec_remove(&o->jobs, i);
		pthread_join(j->thread, NULL);
		j->done(j->arg);
		free(j);
	}
}
