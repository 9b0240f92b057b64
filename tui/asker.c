#include "tui/asker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>
#include "base/mem.h"

struct job {
	struct wish w;
	void *arg;
	bool dropped; /* a newer one of its lane came */
	int r;
	struct err e;
	struct job *next;
};

/* Jobs move from `wanted` to `under` in the thread, from there to `ended`, and leave in the loop. */
struct asker {
	pthread_t thread;
	pthread_mutex_t lock; /* over all that follows up to `quit` */
	pthread_cond_t wake;
	struct job *wanted[ASKER_LANES], *under, *ended, **last;
	bool quit;
	atomic_bool stop; /* what is under way has to end */
	struct loop_source *source;
	int pipe[2];
	char *dir;
};

static int must_stop(void *arg)
{
	struct asker *k = arg;

	return atomic_load_explicit(&k->stop, memory_order_relaxed);
}

static struct job *next_job(struct asker *k)
{
	for (int i = 0; i < ASKER_LANES; i++)
		if (k->wanted[i])
			return mem_take(k->wanted[i]);
	return NULL;
}

static void job_ended(struct asker *k, struct job *j)
{
	ssize_t ignored;

	j->next = NULL;
	*k->last = j;
	k->last = &j->next;
	/* A full pipe wakes the loop as well. */
	ignored = write(k->pipe[1], "", 1);
	(void)ignored;
}

static void *answer(void *arg)
{
	struct asker *k = arg;
	struct tracker *t = NULL;

	pthread_mutex_lock(&k->lock);
	while (!k->quit) {
		struct job *j = k->under = next_job(k);

		if (!j) {
			pthread_cond_wait(&k->wake, &k->lock);
			continue;
		}
		atomic_store(&k->stop, false);
		pthread_mutex_unlock(&k->lock);
		j->r = t ? 0 : tracker_open(k->dir, TRACKER_READ, &t, &j->e);
		if (j->r >= 0) {
			tracker_stop_when(t, must_stop, k);
			j->r = j->w.ask(j->arg, t, &j->e);
		}
		pthread_mutex_lock(&k->lock);
		k->under = NULL;
		/* Interrupted for one of a lower lane: asked again. */
		if (j->r == ERR_INTERRUPTED && !j->dropped && !k->quit)
			k->wanted[j->w.lane] = j;
		else
			job_ended(k, j);
	}
	pthread_mutex_unlock(&k->lock);
	tracker_close(t);
	return NULL;
}

static void job_drop(struct job *j)
{
	if (!j)
		return;
	j->w.drop(j->arg);
	free(j);
}

static void deliver(void *arg, int fd, short revents)
{
	struct asker *k = arg;
	struct job *j;
	char bytes[64];

	while (read(fd, bytes, sizeof bytes) > 0)
		;
	/* One at a time: a callback may wish anew, or drop what has ended behind it. */
	for (;;) {
		pthread_mutex_lock(&k->lock);
		j = k->ended;
		if (j && !(k->ended = j->next))
			k->last = &k->ended;
		pthread_mutex_unlock(&k->lock);
		if (!j)
			return;
		if (j->dropped) {
			job_drop(j);
			continue;
		}
		j->w.done(j->arg, j->r, &j->e);
		free(j);
	}
}

/* What stands also without the thread. */
static void release(struct asker *k)
{
	loop_remove(k->source);
	close(k->pipe[0]);
	close(k->pipe[1]);
	pthread_cond_destroy(&k->wake);
	pthread_mutex_destroy(&k->lock);
	free(k->dir);
	free(k);
}

int asker_new(struct loop *l, const char *dir, struct asker **ret, struct err *e)
{
	struct asker *k = mem_zero(sizeof *k);
	sigset_t all, before;
	int rc;

	k->last = &k->ended;
	if (pipe(k->pipe) < 0) {
		free(k);
		return err_errno(e, "cannot make a pipe");
	}
	for (int i = 0; i < 2; i++) {
		fcntl(k->pipe[i], F_SETFD, FD_CLOEXEC);
		fcntl(k->pipe[i], F_SETFL, O_NONBLOCK);
	}
	k->dir = mem_strdup(dir);
	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->wake, NULL);
	k->source = loop_fd(l, k->pipe[0], POLLIN, deliver, k);
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&k->thread, NULL, answer, k);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc) {
		errno = rc;
		rc = err_errno(e, "cannot start a thread");
		release(k);
		return rc;
	}
	*ret = k;
	return 0;
}

void asker_free(struct asker *k)
{
	struct job *j;

	if (!k)
		return;
	pthread_mutex_lock(&k->lock);
	k->quit = true;
	atomic_store(&k->stop, true);
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	while ((j = k->ended)) {
		k->ended = j->next;
		job_drop(j);
	}
	for (int i = 0; i < ASKER_LANES; i++)
		job_drop(k->wanted[i]);
	release(k);
}

bool asker_busy(const struct asker *k)
{
	struct asker *locked = (struct asker *)k;
	bool busy;

	pthread_mutex_lock(&locked->lock);
	busy = k->under || k->ended;
	for (int i = 0; i < ASKER_LANES; i++)
		busy = busy || k->wanted[i];
	pthread_mutex_unlock(&locked->lock);
	return busy;
}

void asker_wish(struct asker *k, const struct wish *w, void *arg)
{
	struct job *j = mem_zero(sizeof *j), *older;

	j->w = *w;
	j->arg = arg;
	pthread_mutex_lock(&k->lock);
	older = k->wanted[w->lane];
	k->wanted[w->lane] = j;
	for (struct job *o = k->ended; o; o = o->next)
		o->dropped = o->dropped || o->w.lane == w->lane;
	if (k->under && k->under->w.lane >= w->lane) {
		k->under->dropped = k->under->dropped || k->under->w.lane == w->lane;
		atomic_store(&k->stop, true);
	}
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->lock);
	job_drop(older);
}
