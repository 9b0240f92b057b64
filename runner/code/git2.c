#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include "runner/code/git2.h"

#ifdef __APPLE__
#define LIBRARY "libgit2." LIBGIT2_SOVERSION ".dylib"
#else
#define LIBRARY "libgit2.so." LIBGIT2_SOVERSION
#endif

#define CACHE_BYTES (16 << 20)

struct git2 git2;

static const struct {
	const char *name;
	size_t at;
} functions[] = {
#define X(name) {"git_" #name, offsetof(struct git2, name)},
        GIT2_FUNCTIONS(X)
#undef X
};

static void *open_library(void)
{
	void *library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
#ifdef __APPLE__
	/* Homebrew's folders are not on the loader's default path. */
	static const char *const folders[] = {"/opt/homebrew/lib/" LIBRARY, "/usr/local/lib/" LIBRARY,
	                                      "/opt/local/lib/" LIBRARY};
	for (size_t i = 0; !library && i < ARRAY_LEN(folders); i++)
		library = dlopen(folders[i], RTLD_LAZY | RTLD_LOCAL);
#endif
	return library;
}

static int load(struct err *e)
{
	void *library = open_library();
	if (!library)
		return err_set(e, ERR_BROKEN,
		               "cannot load " LIBRARY ", which takes the snapshots of the code: install libgit2 %d.%d "
		               "(Debian and Ubuntu: libgit2-%d.%d; Fedora, Arch and Homebrew: libgit2)",
		               LIBGIT2_VER_MAJOR, LIBGIT2_VER_MINOR, LIBGIT2_VER_MAJOR, LIBGIT2_VER_MINOR);
	struct git2 found;
	for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
		void *f = dlsym(library, functions[i].name);
		if (!f) {
			dlclose(library);
			return err_set(e, ERR_BROKEN,
			               LIBRARY " has no %s: install the distribution's own libgit2 %d.%d",
			               functions[i].name, LIBGIT2_VER_MAJOR, LIBGIT2_VER_MINOR);
		}
		memcpy((char *)&found + functions[i].at, &f, sizeof f);
	}
	git2 = found;
	int r = git2.libgit2_init();
	static const int levels[] = {GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL,
	                             GIT_CONFIG_LEVEL_PROGRAMDATA};
	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(levels); i++)
		r = git2.libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
	if (r >= 0)
		r = git2.libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	if (r >= 0)
		r = git2.libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)CACHE_BYTES);
	/* Extensions that say nothing about what jig reads: HEAD, the index, trees. */
	static const char *extensions[] = {"partialclone", "worktreeconfig", "preciousobjects"};
	if (r >= 0)
		r = git2.libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions, ARRAY_LEN(extensions));
	if (r < 0) {
		git2_error(e, ERR_BROKEN, LIBRARY " cannot be set up");
		git2.libgit2_init = NULL;
		return e->code;
	}
	return 0;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_t loader;
static bool loading;

static void *load_beside(void *arg)
{
	struct err ignored;
	load(&ignored);
	return arg;
}

void git2_preload_end(void)
{
	pthread_mutex_lock(&mutex);
	if (loading)
		pthread_join(loader, NULL);
	loading = false;
	pthread_mutex_unlock(&mutex);
}

void git2_preload(void)
{
	sigset_t all, before;
	pthread_mutex_lock(&mutex);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!loading && !git2.libgit2_init)
		loading = pthread_create(&loader, NULL, load_beside, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_mutex_unlock(&mutex);
}

int git2_load(struct err *e)
{
	git2_preload_end();
	pthread_mutex_lock(&mutex);
	int r = git2.libgit2_init ? 0 : load(e);
	pthread_mutex_unlock(&mutex);
	return r;
}

int git2_error(struct err *e, int code, const char *fmt, ...)
{
	/* libgit2 takes much that the disk refuses for something that is not there. */
	int errnum = errno;
	va_list ap;
	va_start(ap, fmt);
	struct err context;
	err_setv(&context, code, fmt, ap);
	va_end(ap);
	const git_error *last = git2.error_last();
	const char *said = last && last->message ? last->message : "unknown reason";
	const char *reason = err_is_machine(errnum) ? strerror(errnum) : "";
	if (*reason && !strstr(said, reason))
		return err_set(e, code, "%s: %s (%s)", context.text, said, reason);
	return err_set(e, code, "%s: %s", context.text, said);
}
