#include "runner/env_reflink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#ifndef JIG_POSIX
#include <linux/fs.h>
#include <sys/ioctl.h>
#endif
#include "base/mem.h"
#include "base/path.h"
#include "runner/env_variable.h"

#if defined(JIG_POSIX) || !defined(O_TMPFILE)

bool env_reflink_works(const char *folder, char *const *env)
{
	return false;
}

#else

bool env_reflink_works(const char *folder, char *const *env)
{
	const char *own = env_variable(env, "UV_CACHE_DIR"), *xdg = env_variable(env, "XDG_CACHE_HOME"),
	           *home = env_variable(env, "HOME");
	_free_ char *cache = own    ? mem_strdup(own)
	                     : xdg  ? path_join(xdg, "uv")
	                     : home ? path_join(home, ".cache/uv")
	                            : NULL;
	struct stat a, b;

	if (!cache || stat(cache, &a) < 0 || stat(folder, &b) < 0 || a.st_dev != b.st_dev)
		return false;
	_close_ int from = open(folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600),
	            to = open(folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	return from >= 0 && to >= 0 && write(from, "x", 1) == 1 && ioctl(to, FICLONE, from) == 0;
}

#endif
