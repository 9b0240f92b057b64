#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include "base/file.h"
#include "base/time.h"
#include "store/layout.h"

#define PATIENCE_US (60LL * US_PER_S)

int store_hold(struct store *s, bool alone, struct err *e)
{
	int64_t began = time_mono();
	int r = alone ? 0 : file_mkdirs(s->objects, 0700, e);

	if (r < 0 || s->held >= 0)
		return r;
	_close_ int fd = open(s->objects, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT && alone ? 0 : err_errno(e, "%s", s->objects);
	while (flock(fd, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB) < 0) {
		/* Where folders cannot be locked no other is kept away. */
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_is_machine(errno) ? err_errno(e, "%s: cannot be locked", s->objects) : 0;
		if (alone)
			return err_set(e, ERR_BUSY, "%s: a run is being prepared", s->objects);
		if (time_mono() - began > PATIENCE_US)
			return err_set(e, ERR_BUSY, "%s: `jig gc` has held it for a minute; is it stopped?",
			               s->objects);
		usleep(2000);
	}
	s->held = mem_take_fd(fd);
	return 0;
}

void store_let_go(struct store *s)
{
	if (s->held < 0)
		return;
	/* A process that was forked meanwhile has the descriptor, too. */
	flock(s->held, LOCK_UN);
	close(s->held);
	s->held = -1;
}
