#include "runner/env/env_reflink.h"

#include <sys/stat.h>
#include "base/file.h"
#include "base/path.h"
#include "runner/env/env_variable.h"

bool env_reflink_works(const char *folder, char *const *env)
{
	const char *own = env_variable(env, "UV_CACHE_DIR"), *xdg = env_variable(env, "XDG_CACHE_HOME"),
	           *home = env_variable(env, "HOME");
	_free_ char *cache = own    ? mem_strdup(own)
	                     : xdg  ? path_join(xdg, "uv")
	                     : home ? path_join(home, ".cache/uv")
	                            : NULL;
	struct stat a, b;

	return cache && stat(cache, &a) == 0 && stat(folder, &b) == 0 && a.st_dev == b.st_dev && file_reflinks(folder);
}
