#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/env/env_variable.h"
#include "runner/process/spawn.h"
#include "runner/process/tmpdir.h"
#include "runner/work/sandbox.h"
#include "runner/work/sandbox_alias.h"

extern char **environ;
static bool have_sandbox, have_network_cut;

static const char *self_path(void)
{
	static char path[PATH_MAX];

	if (!*path) {
		ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
		assert_true(n > 0);
	}
	return path;
}

/* ---- what the tests start inside: this program with a word ---- */

static int connect_to(int port)
{
	struct sockaddr_in at = {
	        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0 ? 0
	       : errno == ECONNREFUSED || errno == ENETUNREACH                ? 7
	                                                                      : 8;
}

static int listen_here(int *ret_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 4) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &n) < 0)
		return -1;
	*ret_port = ntohs(at.sin_port);
	return fd;
}

/* Memory that processes share, as Python's multiprocessing makes it. */
static int share_memory(void)
{
	int fd = shm_open("/jig-test", O_RDWR | O_CREAT | O_EXCL, 0600), status;

	if (fd < 0 || ftruncate(fd, 1 << 20) < 0)
		return 1;
	char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return 2;
	pid_t pid = fork();
	if (pid == 0) {
		p[4096] = 42;
		_exit(0);
	}
	return waitpid(pid, &status, 0) == pid && p[4096] == 42 && shm_unlink("/jig-test") == 0 ? 0 : 3;
}

static int inside(const char *word, const char *arg)
{
	int port;

	if (strcmp(word, "connect") == 0)
		return connect_to((int)strtol(arg, NULL, 10));
	if (strcmp(word, "loopback") == 0)
		return listen_here(&port) < 0 ? 9 : connect_to(port);
	if (strcmp(word, "shm") == 0)
		return share_memory();
	if (strcmp(word, "sees") == 0)
		return kill((pid_t)strtol(arg, NULL, 10), 0) == 0 || errno != ESRCH ? 0 : 7;
	if (strcmp(word, "dial") == 0) {
		struct sockaddr_un at = { .sun_family = AF_UNIX };
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		snprintf(at.sun_path, sizeof at.sun_path, "%s", arg);
		return connect(fd, (struct sockaddr *)&at, sizeof at) == 0 ? 0 : 7;
	}
	return 99;
}

/* ---- a project in a home folder ---- */

/* Where things stand, below the temporary folder. */
struct layout {
	const char *home, *root, *jig; /* jig NULL: root/.jig */
	const char *link, *target;     /* a symbolic link that is made first; NULL: none */
};
static const struct layout usual = { "home", "home/project", NULL, NULL, NULL };

struct fixture {
	struct arena a;
	char *top, *tmps;
	const char *home, *root, *jig, *run, *folder, *work, *tmp, *checkpoints, *metrics, *params;
	const char *keep[4];
	const char *env[16];
	size_t nenv;
	struct sandbox *s;
	bool network;
};

static const char *below(struct fixture *f, const char *folder, const char *name)
{
	return arena_printf(&f->a, "%s/%s", folder, name);
}

static const char *put(struct fixture *f, const char *folder, const char *name, const char *text)
{
	const char *path = below(f, folder, name);
	struct err e;

	assert_int_equal(file_mkdirs_parent(path, 0755, &e), 0);
	assert_int_equal(file_write(path, text, strlen(text), 0644, &e), 0);
	return path;
}

static void set_variable(struct fixture *f, const char *name, const char *value)
{
	f->env[f->nenv++] = arena_printf(&f->a, "%s=%s", name, value);
}

static void init(struct fixture *f, const struct layout *l)
{
	struct err e;

	*f = (struct fixture){ 0 };
	assert_int_equal(file_temp_dir("/tmp", "sandbox", &f->top, &e), 0);
	assert_int_equal(tmpdir_make(&f->tmps, &e), 0);
	f->home = below(f, f->top, l->home);
	f->root = below(f, f->top, l->root);
	f->jig = l->jig ? below(f, f->top, l->jig) : below(f, f->root, ".jig");
	if (l->link) {
		const char *link = below(f, f->top, l->link), *target = below(f, f->top, l->target);
		assert_int_equal(file_mkdirs(target, 0755, &e), 0);
		assert_int_equal(file_mkdirs_parent(link, 0755, &e), 0);
		assert_int_equal(symlink(target, link), 0);
	}
	put(f, f->home, ".ssh/id", "secret\n");
	put(f, f->home, ".netrc", "secret\n");
	put(f, f->home, ".config/gh/hosts.yml", "secret\n");
	put(f, f->home, ".config/other/settings", "plain\n");
	put(f, f->home, ".cache/huggingface/token", "secret\n");
	put(f, f->home, ".cache/jig/envs/k/bin/tool", "tool\n");
	put(f, f->home, ".cache/uv/wheel", "wheel\n");
	put(f, f->home, "elsewhere/aws/key", "secret\n");
	assert_int_equal(symlink("elsewhere/aws", below(f, f->home, ".aws")), 0);
	put(f, f->home, "notes", "notes\n");
	put(f, f->root, "jig.yaml", "steps: {}\n");
	f->run = below(f, f->jig, "runs/3");
	put(f, f->jig, "jig.db", "record\n");
	put(f, f->jig, "runs/2/train@1/work/model", "other\n");
	put(f, f->run, "other@1/work/model", "other\n");
	f->folder = below(f, f->run, "train@1");
	f->work = below(f, f->folder, "work");
	f->checkpoints = below(f, f->run, "train.ckpt");
	f->tmp = below(f, f->tmps, "0");
	put(f, f->folder, "step.json", "{}\n");
	put(f, f->work, "train.py", "pass\n");
	f->metrics = put(f, f->folder, "metrics.jsonl", "");
	f->params = put(f, f->run, "params.json", "{}\n");
	put(f, f->tmps, "1/theirs", "other\n");
	assert_int_equal(file_mkdirs(f->tmp, 0755, &e), 0);
	assert_int_equal(file_mkdirs(f->checkpoints, 0755, &e), 0);
	set_variable(f, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	set_variable(f, "HOME", f->home);
	set_variable(f, "TMPDIR", f->tmp);
	set_variable(f, "ASAN_OPTIONS", "detect_leaks=0");
}

static int make(struct fixture *f, struct err *e)
{
	struct sandbox_options o = {.root = f->root, .jig = f->jig, .environ = (char *const *)f->env, .keep = f->keep};

	while (o.nkeep < ARRAY_LEN(f->keep) && f->keep[o.nkeep])
		o.nkeep++;
	return sandbox_new(&o, &f->s, e);
}

static void init_usual(struct fixture *f)
{
	init(f, &usual);
}

static void done(struct fixture *f)
{
	struct err e;

	sandbox_free(f->s);
	file_remove_tree(f->top, &e);
	file_remove_tree(f->tmps, &e);
	free(f->top);
	free(f->tmps);
	arena_release(&f->a);
}

/* Runs argv inside, in the work folder; what it wrote is appended. */
static int run_argv(struct fixture *f, const char *const *argv, struct buf *out)
{
	struct sandbox_attempt a = {.folder = f->folder,
	                            .work = f->work,
	                            .tmp = f->tmp,
	                            .checkpoints = f->checkpoints,
	                            .files = {f->metrics},
	                            .params = f->params,
	                            .network = f->network};
	const char *all[2000];
	struct err e;
	size_t n = 0;
	int status;

	if (!f->s)
		assert_int_equal(make(f, &e), 0);
	for (const char *const *p = sandbox_wrap(f->s, &a, &f->a); *p; p++)
		all[n++] = *p;
	for (; *argv; argv++)
		all[n++] = *argv;
	all[n] = NULL;
	assert_true(n < ARRAY_LEN(all));
	assert_int_equal(spawn_capture(all, f->env, f->work, 1 << 16, out, &status, &e), 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void fail_with(const char *script, const char *arg, int status, const char *out)
{
	print_error("%s (%s): status %d: %s\n", script, arg, status, out);
	fail();
}

/* The script, with a path as $1, succeeds and writes just that. */
static void gives(struct fixture *f, const char *script, const char *arg, const char *text)
{
	_buf_ struct buf out = BUF_INIT;
	int status = run_argv(f, (const char *const[]){ "sh", "-c", script, "sh", arg, NULL }, &out);

	if (status != 0 || strcmp(out.data, text))
		fail_with(script, arg, status, out.data);
}

/* It fails, by itself and not because the sandbox could not be made. */
static void refuses(struct fixture *f, const char *script, const char *arg)
{
	_free_ char *whole = mem_printf("echo begun; %s", script);
	_buf_ struct buf out = BUF_INIT;
	int status = run_argv(f, (const char *const[]){ "sh", "-c", whole, "sh", arg, NULL }, &out);

	if (status == 0 || !text_starts(out.data, "begun\n") || strstr(out.data, "secret"))
		fail_with(script, arg, status, out.data);
}

static void cannot_read(struct fixture *f, const char *folder, const char *name)
{
	refuses(f, "cat \"$1\"", below(f, folder, name));
}

static void cannot_write(struct fixture *f, const char *folder, const char *name)
{
	const char *path = below(f, folder, name);
	bool was = file_exists(path);

	refuses(f, "echo more >> \"$1\"", path);
	assert_int_equal(file_exists(path), was);
}

static void can_write(struct fixture *f, const char *folder, const char *name)
{
	const char *path = below(f, folder, name);
	_buf_ struct buf b = BUF_INIT;
	struct err e;

	gives(f, "echo more >> \"$1\"", path, "");
	assert_int_equal(file_read(path, 1 << 16, &b, &e), 0);
	assert_true(text_ends(b.data, "more\n"));
}

static int inside_says(struct fixture *f, const char *word, const char *arg)
{
	_buf_ struct buf out = BUF_INIT;

	return run_argv(f, (const char *const[]){ self_path(), "--inside", word, arg, NULL }, &out);
}

#define NEEDS_SANDBOX \
	do { \
		if (!have_sandbox) \
			skip(); \
	} while (0)
#define WITH_PROJECT \
	NEEDS_SANDBOX; \
	_cleanup_(done) struct fixture f; \
	init_usual(&f)

/* ---- tests ---- */

static void test_secrets_are_hidden(void **state)
{
	WITH_PROJECT;
	cannot_read(&f, f.home, ".ssh/id");
	gives(&f, "ls -A \"$1\"", below(&f, f.home, ".ssh"), "");
	cannot_read(&f, f.home, ".config/gh/hosts.yml");
	gives(&f, "cat \"$1\"", below(&f, f.home, ".netrc"), "");
	gives(&f, "cat \"$1\"", below(&f, f.home, ".cache/huggingface/token"), "");
	/* A link's target is hidden with it. */
	cannot_read(&f, f.home, ".aws/key");
	cannot_read(&f, f.home, "elsewhere/aws/key");
	/* Nothing can be put there either, to be believed later. */
	cannot_write(&f, f.home, ".ssh/config");
	cannot_write(&f, f.home, ".aws/config");
	gives(&f, "cat \"$1\"", below(&f, f.home, ".config/other/settings"), "plain\n");
	gives(&f, "cat \"$1\"", below(&f, f.home, "notes"), "notes\n");
}

static void test_secrets_that_variables_moved(void **state)
{
	WITH_PROJECT;
	const char *config = below(&f, f.top, "config"), *hub = below(&f, f.top, "hub");
	const char *runtime = below(&f, f.top, "runtime"), *agent = below(&f, f.top, "agent");
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	put(&f, config, "gh/hosts.yml", "secret\n");
	put(&f, hub, "token", "secret\n");
	put(&f, hub, "models/weights", "plain\n");
	put(&f, runtime, "bus", "secret\n");
	snprintf(at.sun_path, sizeof at.sun_path, "%s", agent);
	_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(inside_says(&f, "dial", agent), 0);
	sandbox_free(f.s);
	f.s = NULL;
	set_variable(&f, "XDG_CONFIG_HOME", config);
	set_variable(&f, "HF_HOME", hub);
	set_variable(&f, "XDG_RUNTIME_DIR", runtime);
	set_variable(&f, "SSH_AUTH_SOCK", agent);
	cannot_read(&f, config, "gh/hosts.yml");
	cannot_read(&f, f.home, ".config/gh/hosts.yml");
	gives(&f, "cat \"$1\"", below(&f, hub, "token"), "");
	gives(&f, "cat \"$1\"", below(&f, hub, "models/weights"), "plain\n");
	can_write(&f, hub, "models/more");
	cannot_read(&f, runtime, "bus");
	assert_int_equal(inside_says(&f, "dial", agent), 7);
}

static void test_project_and_record_are_hidden(void **state)
{
	WITH_PROJECT;
	cannot_read(&f, f.root, "jig.yaml");
	cannot_read(&f, f.jig, "jig.db");
	cannot_read(&f, f.jig, "runs/2/train@1/work/model");
	cannot_read(&f, f.run, "other@1/work/model");
	cannot_read(&f, f.work, "../../other@1/work/model");
	cannot_read(&f, f.tmps, "1/theirs");
	cannot_write(&f, f.root, "planted.py");
	cannot_write(&f, f.jig, "planted");
	cannot_write(&f, f.run, "planted");
	cannot_write(&f, f.tmps, "planted");
	gives(&f, "ls -A \"$1\"", f.root, ".jig\n");
}

static void test_own_folders(void **state)
{
	WITH_PROJECT;
	_free_ char *pwd = mem_printf("%s\n", f.work);

	gives(&f, "pwd", "", pwd);
	gives(&f, "cat train.py", "", "pass\n");
	can_write(&f, f.work, "model");
	can_write(&f, f.work, "train.py");
	can_write(&f, f.tmp, "scratch");
	can_write(&f, f.checkpoints, "epoch-1");
	can_write(&f, f.folder, "metrics.jsonl");
	gives(&f, "mkdir a && mv a b && ln -s b c && rm -r b c", "", "");
	gives(&f, "echo x > \"$1\".new && mv \"$1\".new \"$1\"", below(&f, f.checkpoints, "epoch-1"), "");
	gives(&f, "cat \"$1\"", f.params, "{}\n");
	gives(&f, "cat \"$1\"", below(&f, f.folder, "step.json"), "{}\n");
	cannot_write(&f, f.folder, "step.json");
	cannot_write(&f, f.folder, "planted");
	cannot_write(&f, f.run, "params.json");
}

static void test_the_rest_is_read_only(void **state)
{
	WITH_PROJECT;
	cannot_write(&f, f.home, "planted");
	cannot_write(&f, f.home, "notes");
	cannot_write(&f, f.home, ".config/other/settings");
	cannot_write(&f, f.home, ".bashrc");
	cannot_write(&f, f.top, "planted");
	cannot_write(&f, "", "planted");
	cannot_write(&f, "/tmp", "planted");
	cannot_write(&f, "/etc", "planted");
	cannot_write(&f, "/usr/bin", "planted");
	refuses(&f, "rm -f \"$1\"", below(&f, f.home, "notes"));
	refuses(&f, "chmod 600 \"$1\"", below(&f, f.home, "notes"));
	refuses(&f, "mv \"$1\" \"$1\"2", below(&f, f.home, "notes"));
	/* A second name does not help. */
	refuses(&f, "ln \"$1\" mine && echo more >> mine", below(&f, f.home, "notes"));
}

static void test_walls_cannot_be_taken_down(void **state)
{
	WITH_PROJECT;
	const char *ssh = below(&f, f.home, ".ssh");

	refuses(&f, "umount \"$1\" && cat \"$1\"/id", ssh);
	refuses(&f, "umount -l \"$1\" && cat \"$1\"/id", f.root);
	refuses(&f, "mount -o remount,rw / && touch /planted", "");
	refuses(&f, "mount -o remount,bind,rw / && touch /planted", "");
	refuses(&f, "mount --bind \"$TMPDIR\" \"$1\" && touch \"$1\"/x", ssh);
	refuses(&f, "unshare -m umount \"$1\" && cat \"$1\"/id", ssh);
	refuses(&f, "unshare -Urm umount \"$1\" && cat \"$1\"/id", ssh);
	refuses(&f, "cat /proc/1/root\"$1\"/id", ssh);
	refuses(&f, "mknod disk b 8 0", "");
	refuses(&f, "chroot /proc/1/root cat \"$1\"/id", ssh);
}

static void test_kept_paths(void **state)
{
	WITH_PROJECT;
	const char *venv = below(&f, f.root, ".venv"), *data = below(&f, f.top, "data"),
	           *env = below(&f, f.home, ".cache/jig/envs/k");

	put(&f, f.root, ".venv/bin/tool", "tool\n");
	put(&f, data, "big.csv", "1,2\n");
	assert_int_equal(symlink(data, below(&f, f.root, "linked")), 0);
	f.keep[0] = venv;
	f.keep[1] = below(&f, f.root, "linked");
	f.keep[2] = env;
	f.keep[3] = "/no/such/folder";
	gives(&f, "cat \"$1\"", below(&f, venv, "bin/tool"), "tool\n");
	cannot_write(&f, venv, "bin/tool");
	cannot_write(&f, venv, "planted");
	gives(&f, "cat \"$1\"", below(&f, env, "bin/tool"), "tool\n");
	cannot_write(&f, env, "bin/tool");
	cannot_write(&f, env, "planted");
	/* Through a link that stands in the hidden folder. */
	gives(&f, "cat \"$1\"", below(&f, f.root, "linked/big.csv"), "1,2\n");
	gives(&f, "cat \"$1\"", below(&f, data, "big.csv"), "1,2\n");
	cannot_write(&f, data, "big.csv");
	cannot_read(&f, f.root, "jig.yaml");
	cannot_write(&f, f.root, "planted");
}

/* The nearest word counts, whatever lies in what. */
static void test_kept_paths_around_hidden_ones(void **state)
{
	WITH_PROJECT;
	f.keep[0] = f.home;
	f.keep[1] = below(&f, f.home, ".netrc");
	f.keep[2] = f.root;
	f.keep[3] = below(&f, f.home, ".cache/models");
	put(&f, f.home, ".cache/models/m", "plain\n");
	cannot_read(&f, f.home, ".ssh/id");
	cannot_read(&f, f.root, "jig.yaml");
	cannot_write(&f, f.home, "notes");
	gives(&f, "cat \"$1\" | wc -l | tr -d ' '", f.keep[1], "1\n");
	cannot_write(&f, f.home, ".netrc");
	cannot_write(&f, f.home, ".cache/models/m");
	can_write(&f, f.home, ".cache/other");
}

static void test_caches(void **state)
{
	WITH_PROJECT;
	const char *hub = below(&f, f.root, "hub"), *torch = below(&f, f.top, "torch"),
	           *pip = below(&f, f.home, ".cache/pip");

	put(&f, hub, "weights", "plain\n");
	put(&f, torch, "weights", "plain\n");
	put(&f, pip, "wheel", "plain\n");
	set_variable(&f, "HF_HOME", hub);
	set_variable(&f, "TORCH_HOME", torch);
	set_variable(&f, "PIP_CACHE_DIR", pip);
	can_write(&f, f.home, ".cache/matplotlib");
	can_write(&f, hub, "weights");
	can_write(&f, torch, "weights");
	can_write(&f, pip, "wheel");
	cannot_write(&f, f.home, ".cache/jig/envs/k/bin/tool");
	cannot_write(&f, f.home, ".cache/jig/planted");
	cannot_write(&f, f.home, ".cache/uv/wheel");
	cannot_read(&f, f.root, "jig.yaml");
}

static void test_cache_elsewhere(void **state)
{
	WITH_PROJECT;
	const char *cache = below(&f, f.top, "cache");

	put(&f, cache, "jig/envs/k", "tool\n");
	put(&f, cache, "huggingface/token", "secret\n");
	set_variable(&f, "XDG_CACHE_HOME", cache);
	can_write(&f, cache, "matplotlib");
	cannot_write(&f, cache, "jig/envs/k");
	gives(&f, "cat \"$1\"", below(&f, cache, "huggingface/token"), "");
	cannot_write(&f, f.home, ".cache/matplotlib");
}

/* What environments are built from is no step's to make, nor to put something else in the place of. */
static void test_caches_that_are_not_there(void **state)
{
	WITH_PROJECT;
	const char *cache = below(&f, f.top, "cache"), *real = below(&f, f.top, "disk/jig");
	struct err e;

	put(&f, cache, "pip/wheel", "plain\n");
	set_variable(&f, "XDG_CACHE_HOME", cache);
	cannot_write(&f, cache, "jig/planted");
	cannot_write(&f, cache, "uv/planted");
	refuses(&f, "rmdir \"$1\"", below(&f, cache, "uv"));
	refuses(&f, "mv \"$1\" \"$1\"2", below(&f, cache, "uv"));
	can_write(&f, cache, "other");

	sandbox_free(f.s);
	f.s = NULL;
	assert_int_equal(file_remove_tree(below(&f, cache, "jig"), &e), 0);
	put(&f, real, "envs/k", "tool\n");
	assert_int_equal(symlink(real, below(&f, cache, "jig")), 0);
	gives(&f, "cat \"$1\"", below(&f, cache, "jig/envs/k"), "tool\n");
	refuses(&f, "rm \"$1\" && mkdir \"$1\"", below(&f, cache, "jig"));
	cannot_write(&f, cache, "jig/envs/k");
	can_write(&f, cache, "pip/wheel");
}

/* A variable cannot make the home writable. */
static void test_cache_that_is_the_home(void **state)
{
	WITH_PROJECT;
	set_variable(&f, "HF_HOME", f.home);
	set_variable(&f, "TORCH_HOME", f.top);
	set_variable(&f, "PIP_CACHE_DIR", "/");
	set_variable(&f, "XDG_CACHE_HOME", "relative");
	cannot_write(&f, f.home, "planted");
	cannot_write(&f, f.top, "planted");
	cannot_write(&f, "/etc", "planted");
	can_write(&f, f.home, ".cache/matplotlib");
}

/* A session may end while a run goes on, and take its sockets along. */
static void test_hidden_places_that_go(void **state)
{
	WITH_PROJECT;
	const char *runtime = below(&f, f.top, "runtime");
	struct err e;

	put(&f, runtime, "bus", "secret\n");
	set_variable(&f, "XDG_RUNTIME_DIR", runtime);
	cannot_read(&f, runtime, "bus");
	assert_int_equal(file_remove_tree(runtime, &e), 0);
	assert_int_equal(unlink(below(&f, f.home, ".netrc")), 0);
	gives(&f, "echo fine", "", "fine\n");
	cannot_read(&f, f.home, ".ssh/id");
}

/* The words are put together before the attempt's folders are made. */
static void test_folders_made_later(void **state)
{
	NEEDS_SANDBOX;
	static const struct layout linked = {"home", "home/project", "home/project/.jig", "home/project/.jig",
	                                     "disk/record"};
	_cleanup_(done) struct fixture f;
	struct err e;

	init(&f, &linked);
	assert_int_equal(make(&f, &e), 0);
	struct sandbox_attempt a = {.folder = below(&f, f.run, "later@1"),
	                            .work = below(&f, f.run, "later@1/work"),
	                            .tmp = f.tmp,
	                            .checkpoints = below(&f, f.run, "later.ckpt"),
	                            .params = f.params,
	                            .network = true};
	const char *const *words = sandbox_wrap(f.s, &a, &f.a);
	const char *all[2000];
	_buf_ struct buf out = BUF_INIT;
	size_t n = 0;
	int status;

	assert_int_equal(file_mkdirs(a.work, 0755, &e), 0);
	assert_int_equal(file_mkdirs(a.checkpoints, 0755, &e), 0);
	for (; words[n]; n++)
		all[n] = words[n];
	all[n++] = "touch";
	all[n++] = below(&f, a.checkpoints, "epoch-1");
	all[n] = NULL;
	assert_int_equal(spawn_capture(all, f.env, f.work, 1 << 16, &out, &status, &e), 0);
	assert_string_equal(out.data ? out.data : "", "");
	assert_int_equal(status, 0);
	assert_true(file_exists(all[n - 1]));
}

struct found { size_t n; char paths[4][PATH_MAX]; };

static void keep_found(void *arg, const char *path)
{
	struct found *found = arg;

	assert_true(found->n < ARRAY_LEN(found->paths));
	snprintf(found->paths[found->n++], PATH_MAX, "%s", path);
}

/* A link stands for a second mount of the same folder, which only root could make. */
static void test_aliases(void **state)
{
	WITH_PROJECT;
	const char *again = below(&f, f.top, "again"), *project = below(&f, f.top, "project again"),
	           *other = below(&f, f.top, "other");
	_cleanup_(mount_table_release) struct mount_table t = { 0 };
	struct found found = { 0 };

	assert_int_equal(symlink(f.home, again), 0);
	assert_int_equal(symlink(f.root, project), 0);
	put(&f, other, "project/jig.yaml", "another\n");
	vec_push(&t.list, (struct mount_point){ "8:1", "/", "/" });
	vec_push(&t.list, (struct mount_point){ "8:2", "/", f.home });
	vec_push(&t.list, (struct mount_point){ "8:2", "/", again });
	vec_push(&t.list, (struct mount_point){ "8:2", "/project", project });
	vec_push(&t.list, (struct mount_point){ "8:3", "/", again });
	vec_push(&t.list, (struct mount_point){ "8:2", "/", other });
	vec_push(&t.list, (struct mount_point){ "8:2", "/", "/no/such/folder" });
	vec_push(&t.list, (struct mount_point){ "8:2", "/proj", again });
	mount_table_aliases(&t, f.root, &f.a, keep_found, &found);
	assert_int_equal(found.n, 2);
	assert_string_equal(found.paths[0], below(&f, again, "project"));
	assert_string_equal(found.paths[1], project);

	mount_table_release(&t);
	mount_table_read(&t, &f.a);
	assert_true(t.list.len > 0);
	for (size_t i = 0; i < t.list.len; i++)
		assert_true(t.list.v[i].at[0] == '/');
}

/* Root's steps are as little the machine's as others: these are open to their owner whatever rights were dropped. */
static void test_settings_of_the_machine(void **state)
{
	WITH_PROJECT;
	refuses(&f, "test -w /proc/sys/kernel/core_pattern", "");
	refuses(&f, "test -w /proc/sys/vm/drop_caches", "");
	refuses(&f, "test -w /proc/sysrq-trigger", "");
	refuses(&f, "touch /sys/fs/cgroup/planted", "");
	gives(&f, "cat /proc/sys/kernel/ostype", "", "Linux\n");
}

/* A step signals its own group, as scripts do at their end, and nobody else's. */
static void test_own_group(void **state)
{
	WITH_PROJECT;
	if (access("/usr/bin/setsid", X_OK) < 0 && access("/bin/setsid", X_OK) < 0)
		skip();
	gives(&f, "trap '' TERM; kill 0; echo still", "", "still\n");
	gives(&f, "trap 'echo ended; exit 0' TERM; kill -TERM -$$; sleep 60", "", "ended\n");
}

static void test_network(void **state)
{
	WITH_PROJECT;
	int port;
	_close_ int fd = listen_here(&port);
	const char *text = arena_printf(&f.a, "%d", port);

	assert_true(fd >= 0);
	f.network = true;
	assert_int_equal(inside_says(&f, "connect", text), 0);
	assert_int_equal(inside_says(&f, "loopback", ""), 0);
	if (!have_network_cut) {
		print_message("the network cannot be cut off here\n");
		return;
	}
	f.network = false;
	assert_int_equal(inside_says(&f, "connect", text), 7);
	assert_int_equal(inside_says(&f, "loopback", ""), 0);
	gives(&f, "ls /sys/class/net 2>/dev/null | wc -l >/dev/null; grep -c : /proc/net/dev", "", "1\n");
}

static void test_processes(void **state)
{
	WITH_PROJECT;
	_buf_ struct buf out = BUF_INIT;

	assert_int_equal(
	        inside_says(&f, "sees", arena_printf(&f.a, "%d", (int)getpid() > 1000 ? (int)getpid() : 99999)), 7);
	assert_int_equal(run_argv(&f, (const char *const[]){"sh", "-c", "ls -d /proc/[0-9]* | wc -l", NULL}, &out), 0);
	assert_true(strtol(out.data, NULL, 10) <= 6);
}

static void test_devices(void **state)
{
	WITH_PROJECT;
	_free_ char *stray = mem_printf("/dev/shm/jig-test.%d", (int)getpid());
	struct err e;

	assert_int_equal(file_write(stray, "secret\n", 7, 0600, &e), 0);
	refuses(&f, "cat \"$1\"", stray);
	unlink(stray);
	assert_int_equal(inside_says(&f, "shm", ""), 0);
	gives(&f, "head -c 4 /dev/zero | wc -c | tr -d ' '; echo x > /dev/null; head -c 1 /dev/urandom >/dev/null", "",
	      "4\n");
	refuses(&f, "ls -d /dev/[hsv]d[a-z] /dev/nvme* /dev/mem", "");
}

/* The same walls and the same doors, wherever things stand. */
static void check_layout(const struct layout *l)
{
	_cleanup_(done) struct fixture f;
	_free_ char *real_work = NULL, *pwd = NULL;

	init(&f, l);
	real_work = realpath(f.work, NULL);
	pwd = mem_printf("%s\n", real_work);
	cannot_read(&f, f.home, ".ssh/id");
	cannot_read(&f, f.root, "jig.yaml");
	cannot_read(&f, f.jig, "jig.db");
	cannot_read(&f, f.jig, "runs/2/train@1/work/model");
	cannot_read(&f, f.run, "other@1/work/model");
	cannot_read(&f, f.tmps, "1/theirs");
	cannot_write(&f, f.root, "planted");
	cannot_write(&f, f.jig, "planted");
	cannot_write(&f, f.home, "planted");
	if (l->target) {
		/* Nor by the way around the link. */
		refuses(&f, "cat \"$1\"/jig.yaml", below(&f, f.top, l->target));
		refuses(&f, "cat \"$1\"/jig.db", below(&f, f.top, l->target));
		refuses(&f, "cat \"$1\"/2/train@1/work/model", below(&f, f.top, l->target));
	}
	gives(&f, "pwd -P", "", pwd);
	/* By the names that its variables hold. */
	can_write(&f, f.work, "model");
	can_write(&f, f.tmp, "scratch");
	can_write(&f, f.checkpoints, "epoch-1");
	can_write(&f, f.folder, "metrics.jsonl");
	can_write(&f, f.home, ".cache/more");
	cannot_write(&f, f.folder, "step.json");
	gives(&f, "cat \"$1\"", f.params, "{}\n");
}

static void test_layouts(void **state)
{
	static const struct layout cases[] = {
		{ "home", "project", NULL, NULL, NULL },
		{ "home", "home/.cache/project", NULL, NULL, NULL },
		{ "home", "home/.cache/jig/project", NULL, NULL, NULL },
		{ "home", "home/.docker/project", NULL, NULL, NULL },
		{ "home", "home/project", "jig", NULL, NULL },
		{ "home", "home/project", "home/.cache/records", NULL, NULL },
		{ "home", "home/project", "home/.ssh/jig", NULL, NULL },
		{ "home", "home/project", "home/project/../records", NULL, NULL },
		{ "home", "home/project", "home/project/deep/.jig", NULL, NULL },
		{ "home", "home/link", NULL, "home/link", "disk/project" },
		{ "home", "home/project", NULL, "home/project/.jig", "disk/jig" },
		{ "home", "home/project", NULL, "home/project/.jig/runs", "disk/runs" },
		{ "home", "home/project", "home/project/big/.jig", "home/project/big", "disk/big" },
		{ "link/home", "link/home/project", NULL, "link", "disk" },
		{ "home", "home/project", NULL, "home/.cache", "disk/cache" },
		{ "home", "home/p r\to\nj'e\"c$t\\", NULL, NULL, NULL },
		{ "ho me\n", "ho me\n/-project", "ho me\n/j ig", NULL, NULL },
	};

	NEEDS_SANDBOX;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_layout(&cases[i]);
}

#ifndef JIG_POSIX

/* A program that stands for bwrap. */
static void fake_bwrap(struct fixture *f, const char *script)
{
	const char *path = put(f, f->top, "bin/bwrap", script);

	assert_int_equal(chmod(path, 0755), 0);
}

static void test_probe(void **state)
{
	_cleanup_(done) struct fixture f;
	bool network = true;
	struct err e;

	init_usual(&f);
	const char *bin = below(&f, f.top, "bin");
	const char *path = arena_printf(&f.a, "PATH=%s", bin);
	char *const env[] = { (char *)path, NULL };

	assert_int_equal(sandbox_probe(env, &network, &e), ERR_BROKEN);
	assert_non_null(strstr(e.text, "install the package bubblewrap"));
	assert_non_null(strstr(e.text, "--isolation folder"));
	f.env[0] = path;
	assert_int_equal(make(&f, &e), ERR_BROKEN);
	assert_non_null(strstr(e.text, "install the package bubblewrap"));

	fake_bwrap(&f, "#!/bin/sh\necho 'bwrap: no namespaces today' >&2\nexit 1\n");
	assert_int_equal(sandbox_probe(env, &network, &e), ERR_BROKEN);
	assert_non_null(strstr(e.text, "bwrap: no namespaces today"));
	assert_non_null(strstr(e.text, "--isolation folder"));
	fake_bwrap(&f, "#!/bin/sh\nexit 1\n");
	assert_int_equal(sandbox_probe(env, &network, &e), ERR_BROKEN);
	assert_non_null(strstr(e.text, "without a word"));

	fake_bwrap(&f, "#!/bin/sh\ncase \"$*\" in *--unshare-net*) exit 1 ;; esac\n");
	assert_int_equal(sandbox_probe(env, &network, &e), 0);
	assert_false(network);
	fake_bwrap(&f, "#!/bin/sh\nexit 0\n");
	assert_int_equal(sandbox_probe(env, &network, &e), 0);
	assert_true(network);
}

static void test_project_that_holds_the_home(void **state)
{
	static const struct layout cases[] = {
		{ "project/home", "project", NULL, NULL, NULL },
		{ "home", "home", NULL, NULL, NULL },
		{ "jig/home", "project", "jig", NULL, NULL },
		{ "home", "link", NULL, "link", "home" },
	};
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_(done) struct fixture f;
		init(&f, &cases[i]);
		fake_bwrap(&f, "#!/bin/sh\n");
		f.env[0] = arena_printf(&f.a, "PATH=%s/bin", f.top);
		assert_int_equal(make(&f, &e), ERR_BROKEN);
		assert_non_null(strstr(e.text, "holds the home folder"));
		assert_non_null(strstr(e.text, "--isolation folder"));
		assert_null(f.s);
	}
	_cleanup_(done) struct fixture f;
	init_usual(&f);
	fake_bwrap(&f, "#!/bin/sh\n");
	f.env[0] = arena_printf(&f.a, "PATH=%s/bin", f.top);
	f.root = below(&f, f.top, "gone");
	assert_true(make(&f, &e) < 0);
	assert_non_null(strstr(e.text, f.root));
	sandbox_free(NULL);
}

#endif

int main(int argc, char **argv)
{
	struct err e;

	if (argc > 3 && strcmp(argv[1], "--inside") == 0)
		return inside(argv[2], argv[3]);
	have_sandbox = sandbox_probe(environ, &have_network_cut, &e) == 0;
	if (!have_sandbox)
		print_message("skipping what needs a sandbox: %s\n", e.text);
#define CASE(t) cmocka_unit_test(t)
	const struct CMUnitTest tests[] = {
	        CASE(test_secrets_are_hidden),
	        CASE(test_secrets_that_variables_moved),
	        CASE(test_project_and_record_are_hidden),
	        CASE(test_own_folders),
	        CASE(test_the_rest_is_read_only),
	        CASE(test_walls_cannot_be_taken_down),
	        CASE(test_kept_paths),
	        CASE(test_kept_paths_around_hidden_ones),
	        CASE(test_caches),
	        CASE(test_cache_elsewhere),
	        CASE(test_cache_that_is_the_home),
	        CASE(test_caches_that_are_not_there),
	        CASE(test_hidden_places_that_go),
	        CASE(test_folders_made_later),
	        CASE(test_aliases),
	        CASE(test_settings_of_the_machine),
	        CASE(test_own_group),
	        CASE(test_network),
	        CASE(test_processes),
	        CASE(test_devices),
	        CASE(test_layouts),
#ifndef JIG_POSIX
	        CASE(test_probe),
	        CASE(test_project_that_holds_the_home),
#endif
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
