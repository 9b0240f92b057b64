#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>
#include "base/mem.h"
#include "store/pool.h"

unsigned pool_cores(void)
{
	long n = 0;
#if defined(__linux__) && !defined(JIG_POSIX)
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set) == 0)
		n = CPU_COUNT(&set);
#endif
	if (n < 1)
		n = sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : n > POOL_MAX ? POOL_MAX : (unsigned)n;
}

/* Starting threads costs a few tens of microseconds, worth it from here on. */
#define LARGE_BYTES (4 << 20)
#define LARGE_ITEMS 64

unsigned pool_threads(size_t items, int64_t bytes)
{
	if (items < 2 || (bytes < LARGE_BYTES && items < LARGE_ITEMS))
		return 1;
	unsigned cores = pool_cores();
	return cores < items ? cores : (unsigned)items;
}

struct pool {
	size_t n;
	pool_fn *fn;
	void *arg;
	atomic_size_t next;
	atomic_bool stop;
	pthread_mutex_t lock; /* of the two below */
	size_t failed;        /* item, n when none */
	struct err err;
};

struct pool_thread {
	struct pool *pool;
	void *own;
	pthread_t id;
};

static void *pool_work(void *p)
{
	struct pool_thread *t = p;
	struct pool *pool = t->pool;
	struct err e;
	while (!atomic_load(&pool->stop)) {
		size_t item = atomic_fetch_add(&pool->next, 1);
		if (item >= pool->n)
			break;
		if (pool->fn(pool->arg, t->own, item, &e) >= 0)
			continue;
		atomic_store(&pool->stop, true);
		pthread_mutex_lock(&pool->lock);
		if (item < pool->failed) {
			pool->failed = item;
			pool->err = e;
		}
		pthread_mutex_unlock(&pool->lock);
	}
	return NULL;
}

int pool_run(unsigned threads, size_t n, pool_fn *fn, void *arg, void *own, size_t own_size, struct err *e)
{
	struct pool pool = { .n = n, .fn = fn, .arg = arg, .lock = PTHREAD_MUTEX_INITIALIZER, .failed = n };
	struct pool_thread t[POOL_MAX];
	unsigned started = 1;
	if (threads > POOL_MAX)
		threads = POOL_MAX;
	if (threads > 1) {
		sigset_t all, before;
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before);
		for (; started < threads; started++) {
			t[started] = (struct pool_thread){ .pool = &pool, .own = (char *)own + started * own_size };
			/* Fewer threads than wished do the same work. */
			if (pthread_create(&t[started].id, NULL, pool_work, &t[started]) != 0)
				break;
		}
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	t[0] = (struct pool_thread){ .pool = &pool, .own = own };
	pool_work(&t[0]);
	for (unsigned i = 1; i < started; i++)
		pthread_join(t[i].id, NULL);
	if (pool.failed == n)
		return 0;
	*e = pool.err;
	return e->code;
}
