#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "base/time.h"
#include "runner/code/code.h"

#define TELL_US US_PER_S
#define LOOK_US 5000
#define LOOK_LATER_US 50000

static code_wait_fn *tells;
static void *tells_arg;

void code_lock_tells(code_wait_fn *waits, void *arg)
{
	tells = waits;
	tells_arg = arg;
}

int code_lock(const char *jig, int *ret_fd, struct err *e)
{
	_free_ char *path = path_join(jig, "code.git.lock");
	_free_ char *text = NULL;
	int64_t began = time_mono();
	int r;

	if (!tells)
		return file_lock(path, true, ret_fd, e);
	while ((r = file_lock(path, false, ret_fd, e)) == ERR_BUSY) {
		bool first = !text;

		if (time_mono() - began < TELL_US) {
			usleep(LOOK_US);
			continue;
		}
		if (first)
			text = mem_printf("waiting for %s: another jig takes the code or frees space", path);
		if (!tells(tells_arg, first ? text : NULL))
			return err_set(e, ERR_INTERRUPTED, "%s: nobody waits for it any more", path);
		usleep(LOOK_LATER_US);
	}
	return r;
}
