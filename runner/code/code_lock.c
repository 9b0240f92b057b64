#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "base/time.h"
#include "runner/code/code.h"

#define TELL_US US_PER_S
#define LOOK_US 5000

static code_wait_fn *tells;

void code_lock_tells(code_wait_fn *waits)
{
	tells = waits;
}

int code_lock(const char *jig, int *ret_fd, struct err *e)
{
	_free_ char *path = path_join(jig, "code.git.lock");
	if (!tells)
		return file_lock(path, true, ret_fd, e);
	for (int64_t began = time_mono(); time_mono() - began < TELL_US; usleep(LOOK_US)) {
		int r = file_lock(path, false, ret_fd, e);
		if (r != ERR_BUSY)
			return r;
	}
	tells(path);
	return file_lock(path, true, ret_fd, e);
}
