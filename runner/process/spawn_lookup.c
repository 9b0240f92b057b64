#include "runner/process/spawn_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"

int spawn_lookup(const char *argv0, const char *const *envp, const char *cwd, char **ret)
{
	const char *path = "/usr/local/bin:/usr/bin:/bin";
	int error = ENOENT;
	_buf_ struct buf b = BUF_INIT;

	if (!*argv0)
		return ENOENT;
	if (strchr(argv0, '/')) {
		*ret = mem_strdup(argv0);
		return 0;
	}
	for (; *envp; envp++)
		if (strncmp(*envp, "PATH=", 5) == 0)
			path = *envp + 5;
	for (const char *p = path;; p++) {
		size_t n = strcspn(p, ":");
		struct stat st;
		buf_reset(&b);
		if (*p != '/' && cwd) {
			buf_adds(&b, cwd);
			buf_addc(&b, '/');
		}
		buf_add(&b, n ? p : ".", n ? n : 1);
		buf_addc(&b, '/');
		buf_adds(&b, argv0);
		p += n;
		errno = 0;
		if (access(b.data, X_OK) == 0 && stat(b.data, &st) == 0 && S_ISREG(st.st_mode)) {
			*ret = buf_steal(&b);
			return 0;
		}
		if (errno == EACCES)
			error = EACCES;
		if (!*p)
			return error;
	}
}
