#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "base/vec.h"
#include "runner/env/container.h"
#include "runner/env/container_image.h"
#include "runner/process/spawn.h"
#include "runner/work/container_wrap.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define IMAGE "registry.example:5000/lab/tools@sha256:" HEX
#define SECRET "open sesame\nand a second line"

#define assert_ok(call) \
	do { \
		struct err e_ = { 0 }; \
		struct err *e = &e_; \
		if ((call) < 0) \
			fail_msg("%s: %s", #call, e_.text); \
	} while (0)
#define assert_has(text, part) \
	do { \
		if (!strstr(text, part)) \
			fail_msg("no \"%s\" in: %s", part, text); \
	} while (0)

/* A client that notes its arguments and runs the command right here, with the variables that it was told to pass. State
 * lies in the folder above its own: NAME.argv, NAME.info (its answer), NAME.broken (it fails with these words), images.
 */
static const char client[] =
	"#!/bin/sh\n"
	"me=${0##*/} state=${0%/bin/*}\n"
	"for a; do printf '%s\\n' \"$a\"; done >\"$state/$me.argv\"\n"
	"known() { grep -qxF \"$1\" \"$state/images\"; }\n"
	"case $1 in\n"
	"info)	[ ! -e \"$state/$me.broken\" ] || { cat \"$state/$me.broken\" >&2; exit 125; }\n"
	"	cat \"$state/$me.info\" ;;\n"
	"image)	for last; do :; done; known \"$last\" ;;\n"
	"pull)	printf 'Trying to pull\\rCopying 1 of 2\\n\\nCopying 2 of 2\\n'\n"
	"	case $2 in *nosuch*) printf 'Error: manifest unknown.\\n\\n' >&2; exit 125 ;; esac\n"
	"	echo \"$2\" >>\"$state/images\" ;;\n"
	"rm)	exit 1 ;;\n"
	"run)	shift; names=' '\n"
	"	while :; do case $1 in\n"
	"		--env) names=\"$names${2%%=*} \"; case $2 in *=*) export \"$2\" ;; esac; shift 2 ;;\n"
	"		--workdir) cd \"$2\"; shift 2 ;;\n"
	"		--rm|--init|--no-healthcheck|--*=*) shift ;;\n"
	"		--*) shift 2 ;;\n"
	"		*) break ;;\n"
	"	esac; done\n"
	"	known \"$1\" || { echo \"Error: $1: image not known\" >&2; exit 125; }\n"
	"	shift\n"
	"	PATH=/usr/bin:/bin\n"
	"	for n in $(env | sed -n 's/^\\([A-Za-z_][A-Za-z0-9_]*\\)=.*/\\1/p'); do\n"
	"		case $names in *\" $n \"*) ;; *) [ $n = PATH ] || unset $n ;; esac\n"
	"	done\n"
	"	command -v \"$1\" >/dev/null || { echo \"Error: $1 not found\" >&2; exit 127; }\n"
	"	exec \"$@\" ;;\n"
	"esac\n";

static char *top;	  /* what a test makes lies below it */
static char *path_env;	  /* "PATH=…" with the clients of the test in front */
static char *environ_[8]; /* of the caller */
static struct arena arena;

static char *below(const char *name)
{
	return path_join(top, name);
}

static void put(const char *name, const char *text, mode_t mode)
{
	_free_ char *path = below(name);
	assert_ok(file_mkdirs_parent(path, 0755, e));
	assert_ok(file_write(path, text, strlen(text), mode, e));
	assert_int_equal(chmod(path, mode), 0);
}

static const char *get(const char *name)
{
	_free_ char *path = below(name);
	_buf_ struct buf b = BUF_INIT;
	assert_ok(file_read(path, 1 << 20, &b, e));
	return arena_strndup(&arena, b.data, b.len);
}

static bool there(const char *name)
{
	_free_ char *path = below(name);
	return file_exists(path);
}

static int setup(void **state)
{
	assert_ok(file_temp_dir("/tmp", "container", &top, e));
	path_env = mem_printf("PATH=%s/bin:/usr/bin:/bin", top);
	environ_[0] = path_env;
	environ_[1] = "HOME=/home/someone";
	environ_[2] = "DOCKER_HOST=unix:///run/user/1/docker.sock";
	environ_[3] = "TMPDIR=/var/tmp";
	environ_[4] = "UNRELATED=1";
	environ_[5] = NULL;
	put("images", "", 0644);
	return 0;
}

static int teardown(void **state)
{
	arena_release(&arena);
	free(path_env);
	assert_ok(file_remove_tree(top, e));
	free(top);
	return 0;
}

static struct env_tool fake(const char *name, bool rootless)
{
	char *file = mem_printf("bin/%s", name);
	put(file, client, 0755);
	struct env_tool t = { .name = name, .path = below(file), .rootless = rootless };
	free(file);
	return t;
}

/* An attempt's folders below top, made for real; the names hold whatever a name may hold. */
static struct sandbox_attempt attempt_folders(void)
{
	struct sandbox_attempt f = { .network = true };
	const char *dir = arena_printf(&arena, "%s/a, \"b\" c:d", top);

	f.folder = dir;
	f.work = arena_printf(&arena, "%s/work", dir);
	f.tmp = arena_printf(&arena, "%s/t", top);
	f.checkpoints = arena_printf(&arena, "%s/ckpt", top);
	f.files[0] = arena_printf(&arena, "%s/metrics", dir);
	f.params = arena_printf(&arena, "%s/params.json", dir);
	const char *const made[] = { f.work, f.tmp, f.checkpoints };
	for (size_t i = 0; i < ARRAY_LEN(made); i++)
		assert_ok(file_mkdirs(made[i], 0755, e));
	assert_ok(file_write(f.files[0], "", 0, 0644, e));
	assert_ok(file_write(f.params, "{}\n", 3, 0644, e));
	return f;
}

static void step_variables(struct variables *v, const struct sandbox_attempt *f)
{
	*v = (struct variables){ 0 };
	variables_set(v, "PATH", "/project/.venv/bin:/usr/bin");
	variables_set(v, "HOME", "/home/someone");
	variables_set(v, "TMPDIR", f->tmp);
	variables_set(v, "SHELL", "/bin/zsh");
	variables_set(v, "LD_LIBRARY_PATH", "/opt/lib");
	variables_set(v, "VIRTUAL_ENV", "/project/.venv");
	variables_set(v, "SSL_CERT_FILE", "/etc/company.pem");
	variables_set(v, "HF_HOME", "/data/models/hub");
	variables_set(v, "http_proxy", "http://user:word@127.0.0.1:3128/");
	variables_set(v, "HTTPS_PROXY", "http://LocalHost:3128");
	variables_set(v, "all_proxy", "socks5://[::1]:1080");
	variables_set(v, "https_proxy", "http://proxy.example:3128");
	variables_set(v, "JIG_METRICS", f->files[0]);
	variables_set(v, "API_TOKEN", SECRET);
	variables_set(v, "EMPTY", "");
}

/* The words of a command line, joined by "\n" with one at each end. */
static const char *joined(const char *const *argv)
{
	_buf_ struct buf b = BUF_INIT;

	buf_addc(&b, '\n');
	for (; *argv; argv++)
		buf_addf(&b, "%s\n", *argv);
	return arena_strndup(&arena, b.data, b.len);
}

/* prefix and command run to their end; what they wrote is appended to out. The exit status, or -1 when a signal ended
 * them. */
static int run_client(const char *const *prefix, const char *const *command, char *const *env, struct buf *out)
{
	VEC(const char *) argv = { 0 };
	int status;

	for (; *prefix; prefix++)
		vec_push(&argv, *prefix);
	for (; *command; command++)
		vec_push(&argv, *command);
	vec_push(&argv, NULL);
	assert_ok(spawn_capture(argv.v, (const char *const *)env, "/", 1 << 20, out, &status, e));
	vec_release(&argv);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define RUN(prefix, env, out, ...) run_client(prefix, (const char *const[]){ __VA_ARGS__, NULL }, env, out)

/* ---- names ---- */

static void test_names(void **state)
{
	static const struct {
		const char *image, *exact;
	} cases[] = {
		{ "tools@sha256:" HEX, "tools@sha256:" HEX },
		{ "tools:1.2@sha256:" HEX, "tools@sha256:" HEX },
		{ "host:5000/lab/tools@sha256:" HEX, "host:5000/lab/tools@sha256:" HEX },
		{ "host:5000/lab/tools:1@sha256:" HEX, "host:5000/lab/tools@sha256:" HEX },
		{ "tools", NULL },
		{ "tools:latest", NULL },
		{ "", NULL },
		{ "@sha256:" HEX, NULL },
		{ "tools@sha256:", NULL },
		{ "tools@sha256:0123", NULL },
		{ "tools@sha256:" HEX "0", NULL },
		{ "tools@sha256:" HEX " ", NULL },
		{ "tools@sha512:" HEX, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_free_ char *exact = container_image_exact(cases[i].image);
		if (cases[i].exact)
			assert_string_equal(exact, cases[i].exact);
		else if (exact)
			fail_msg("%s passes as %s", cases[i].image, exact);
	}
}

/* ---- which client ---- */

static void expect_tool(const char *name, bool rootless)
{
	struct env_tool t = { 0 };
	_free_ char *path = mem_printf("%s/bin/%s", top, name);

	assert_ok(container_tool(environ_, &t, e));
	assert_string_equal(t.name, name);
	assert_string_equal(t.path, path);
	assert_int_equal(t.rootless, rootless);
	free(t.path);
}

static void test_tool(void **state)
{
	struct env_tool podman, docker, t = { 0 };
	struct err bad;

	environ_[0] = arena_printf(&arena, "PATH=%s/bin", top);
	assert_int_equal(container_tool(environ_, &t, &bad), ERR_BROKEN);
	assert_has(bad.text, "podman is not on PATH");
	assert_has(bad.text, "docker is not on PATH");
	assert_has(bad.text, "install podman");
	assert_has(bad.text, "lock file");
	assert_null(t.path);

	environ_[0] = path_env;
	docker = fake("docker", false);
	podman = fake("podman", false);
	put("podman.info", "true\n", 0644);
	put("docker.info", "28.0.1 [\"name=seccomp,profile=builtin\",\"name=cgroupns\"]\n", 0644);
	expect_tool("podman", true);
	put("podman.info", "false\n", 0644);
	expect_tool("podman", false);
	put("podman.broken", "WARN something\nError: cannot set up a namespace.\n", 0644);
	expect_tool("docker", false);
	put("docker.info", "28.0.1 [\"name=seccomp,profile=builtin\",\"name=rootless\"]\n", 0644);
	expect_tool("docker", true);

	/* A client without its daemon, in both ways that there are of saying so. */
	put("docker.info", " null\n", 0644);
	assert_int_equal(container_tool(environ_, &t, &bad), ERR_BROKEN);
	assert_has(bad.text, "does not work (cannot set up a namespace)");
	assert_has(bad.text, "its daemon does not answer");
	put("docker.broken", "Cannot connect to the Docker daemon. Is it running?\n", 0644);
	assert_int_equal(container_tool(environ_, &t, &bad), ERR_BROKEN);
	assert_has(bad.text, "Is it running?");
	assert_has(bad.text, docker.path);
	put("docker.broken", "\n \n", 0644);
	assert_int_equal(container_tool(environ_, &t, &bad), ERR_BROKEN);
	assert_has(bad.text, "it says nothing");
	free(podman.path);
	free(docker.path);
}

/* ---- the command line ---- */

static void test_wrap(void **state)
{
	struct sandbox_attempt f = attempt_folders();
	struct variables vars;
	const char *const links[] = { "/data/models" };
	struct container_attempt a = { .folders = &f, .name = "jig-01ATTEMPT", .image = IMAGE, .vars = &vars };
	struct env_tool podman = { .name = "podman", .path = "/usr/bin/podman" },
			docker = { .name = "docker", .path = "/usr/bin/docker" };
	const char *user = arena_printf(&arena, "\n--user\n%u:%u\n", (unsigned)getuid(), (unsigned)getgid());

	step_variables(&vars, &f);
	const char *text = joined(container_wrap(&podman, &a, &arena));
	assert_true(text_starts(text, "\n/usr/bin/podman\nrun\n--rm\n--pull\nnever\n--name\njig-01ATTEMPT\n"));
	assert_true(text_ends(text, "\n--entrypoint\n\n" IMAGE "\n"));
	assert_has(text, user);
	assert_has(text, "\n--log-driver\nnone\n");
	assert_has(text, "\n--http-proxy=false\n");
	assert_has(text, "\n--security-opt\nlabel=disable\n");
	assert_null(strstr(text, "keep-id"));
	assert_null(strstr(text, "--network"));
	assert_null(strstr(text, "gpu"));
	assert_has(text, arena_printf(&arena, "\n--workdir\n%s\n", f.work));
	assert_has(text, arena_printf(&arena, "\n--env\nHOME=%s\n--env\nTMPDIR=%s\n", f.tmp, f.tmp));
	/* A line of CSV: fields with a comma or a quote are quoted, a blank and a colon are nothing special. */
	assert_has(text,
		   arena_printf(&arena,
				"\ntype=bind,\"source=%s/a, \"\"b\"\" c:d/work\",\"target=%s/a, \"\"b\"\" c:d/work\"\n",
				top, top));
	assert_has(text,
		   arena_printf(&arena,
				"\ntype=bind,\"source=%s/a, \"\"b\"\" c:d\",\"target=%s/a, \"\"b\"\" c:d\",readonly\n",
				top, top));
	assert_has(text, arena_printf(&arena, "params.json\",readonly\n"));
	assert_has(text, arena_printf(&arena, "/metrics\"\n"));
	assert_has(text, arena_printf(&arena, "\ntype=bind,source=%s/ckpt,target=%s/ckpt\n", top, top));

	/* Variables by name, and none of those that mean the host. */
	static const char *const in[] = { "https_proxy", "JIG_METRICS", "API_TOKEN", "EMPTY" };
	static const char *const out[] = { "PATH",	  "HOME",	   "TMPDIR",  "SHELL",	    "LD_LIBRARY_PATH",
					   "VIRTUAL_ENV", "SSL_CERT_FILE", "HF_HOME", "http_proxy", "HTTPS_PROXY",
					   "all_proxy" };
	for (size_t i = 0; i < ARRAY_LEN(in); i++)
		assert_has(text, arena_printf(&arena, "\n--env\n%s\n", in[i]));
	for (size_t i = 0; i < ARRAY_LEN(out); i++)
		assert_null(strstr(text, arena_printf(&arena, "\n--env\n%s\n", out[i])));
	assert_null(strstr(text, "open sesame"));
	assert_null(strstr(text, "proxy.example"));

	/* A linked input is bound, and what names a place in it goes in. */
	a.links = links;
	a.nlinks = 1;
	a.gpus = true;
	f.network = false;
	podman.rootless = true;
	text = joined(container_wrap(&podman, &a, &arena));
	assert_has(text, "\n--mount\ntype=bind,source=/data/models,target=/data/models,readonly\n");
	assert_has(text, "\n--env\nHF_HOME\n");
	assert_has(text, "\n--device\nnvidia.com/gpu=all\n");
	assert_has(text, "\n--network\nnone\n");
	assert_has(text, "\n--userns=keep-id\n");
	assert_has(text, user);

	text = joined(container_wrap(&docker, &a, &arena));
	assert_has(text, "\n--init\n");
	assert_has(text, "\n--gpus\nall\n");
	assert_has(text, "\n--ulimit\ncore=0:0\n");
	assert_has(text, user);
	assert_null(strstr(text, "keep-id"));
	assert_null(strstr(text, "--http-proxy"));
	docker.rootless = true;
	text = joined(container_wrap(&docker, &a, &arena));
	assert_has(text, "\n--user\n0:0\n");
	variables_release(&vars);
}

static void test_variables(void **state)
{
	struct sandbox_attempt f = attempt_folders();
	struct variables vars, client_vars;

	step_variables(&vars, &f);
	container_variables(&vars, environ_, &client_vars);
	assert_string_equal(variables_get(&client_vars, "PATH"), path_env + 5);
	assert_string_equal(variables_get(&client_vars, "HOME"), "/home/someone");
	assert_string_equal(variables_get(&client_vars, "TMPDIR"), "/var/tmp");
	assert_string_equal(variables_get(&client_vars, "DOCKER_HOST"), "unix:///run/user/1/docker.sock");
	assert_string_equal(variables_get(&client_vars, "API_TOKEN"), SECRET);
	assert_string_equal(variables_get(&client_vars, "EMPTY"), "");
	assert_null(variables_get(&client_vars, "UNRELATED"));
	variables_release(&client_vars);

	/* Where the caller has none, the client has none: the step's are not its own. */
	environ_[3] = NULL;
	container_variables(&vars, environ_, &client_vars);
	assert_null(variables_get(&client_vars, "TMPDIR"));
	variables_release(&client_vars);
	variables_release(&vars);
}

/* ---- images ---- */

struct heard {
	int begun, done;
	struct buf said;
};

static void on_begun(void *arg, const char *source, const char *tool)
{
	struct heard *h = arg;
	assert_string_equal(tool, "podman");
	assert_true(text_starts(source, "registry.example:5000/"));
	h->begun++;
}

static void on_says(void *arg, const char *line)
{
	buf_addf(&((struct heard *)arg)->said, "%s|", line);
}

static void on_done(void *arg, const char *source, int64_t elapsed_us)
{
	assert_true(elapsed_us >= 0);
	((struct heard *)arg)->done++;
}

static void test_pull(void **state)
{
	struct env_tool t = fake("podman", true);
	struct heard h = { .said = BUF_INIT };
	struct env_watch w = { .arg = &h, .begun = on_begun, .says = on_says, .done = on_done };
	struct err bad;

	assert_false(container_has_image(&t, IMAGE, environ_));
	assert_ok(container_pull(&t, IMAGE, environ_, &w, e));
	assert_true(container_has_image(&t, IMAGE, environ_));
	assert_true(container_has_image(&t, "registry.example:5000/lab/tools:3@sha256:" HEX, environ_));
	assert_int_equal(h.begun, 1);
	assert_int_equal(h.done, 1);
	assert_string_equal(h.said.data, "Trying to pull|Copying 1 of 2|Copying 2 of 2|");
	/* What is there is neither fetched nor told. */
	assert_ok(container_pull(&t, IMAGE, environ_, &w, e));
	assert_int_equal(h.begun, 1);
	assert_null(strstr(get("podman.argv"), "pull"));

	buf_reset(&h.said);
	assert_int_equal(container_pull(&t, "registry.example:5000/nosuch@sha256:" HEX, environ_, &w, &bad),
			 ERR_BROKEN);
	assert_has(bad.text, "nosuch@sha256:" HEX ": podman cannot fetch the image: manifest unknown: ");
	assert_has(bad.text, "podman pull registry.example:5000/nosuch@sha256:" HEX);
	assert_has(h.said.data, "Error: manifest unknown.|");
	assert_int_equal(h.done, 1);
	assert_int_equal(container_pull(&t, "registry.example:5000/nosuch@sha256:" HEX, environ_, NULL, &bad),
			 ERR_BROKEN);
	assert_int_equal(container_pull(&t, "tools:latest", environ_, &w, &bad), ERR_USAGE);
	assert_has(bad.text, "tools:latest: the image has no digest");
	assert_false(container_has_image(&t, "tools:latest", environ_));

	free(t.path);
	t.path = below("bin/nothing");
	assert_int_equal(container_pull(&t, IMAGE, environ_, NULL, &bad), ERR_NOT_FOUND);
	assert_false(container_has_image(&t, IMAGE, environ_));
	free(t.path);
	buf_release(&h.said);
}

/* ---- running ---- */

static void test_run(void **state)
{
	struct env_tool t = fake("docker", false);
	struct sandbox_attempt f = attempt_folders();
	struct variables vars, cv;
	struct container_attempt a = { .folders = &f, .name = "jig-01ATTEMPT", .image = IMAGE, .vars = &vars };
	_buf_ struct buf out = BUF_INIT;

	step_variables(&vars, &f);
	container_variables(&vars, environ_, &cv);
	const char *const *prefix = container_wrap(&t, &a, &arena);
	assert_int_equal(RUN(prefix, cv.v, &out, "true"), 125);
	assert_has(out.data, "image not known");
	put("images", IMAGE "\n", 0644);
	buf_reset(&out);
	assert_int_equal(RUN(prefix, cv.v, &out, "sh", "-euc", "pwd; env; echo done >'out put'"), 0);
	assert_true(text_starts(out.data, f.work));
	assert_has(out.data, "\nAPI_TOKEN=" SECRET "\n");
	assert_has(out.data, "\nEMPTY=\n");
	assert_has(out.data, arena_printf(&arena, "\nHOME=%s\n", f.tmp));
	assert_has(out.data, arena_printf(&arena, "\nTMPDIR=%s\n", f.tmp));
	assert_null(strstr(out.data, "DOCKER_HOST"));
	assert_null(strstr(out.data, "VIRTUAL_ENV"));
	assert_true(there("a, \"b\" c:d/work/out put"));
	assert_null(strstr(get("docker.argv"), "open sesame"));
	assert_int_equal(RUN(prefix, cv.v, &out, "sh", "-c", "exit 3"), 3);
	assert_int_equal(RUN(prefix, cv.v, &out, "no-such-command"), 127);

	container_kill(&t, a.name, environ_);
	assert_string_equal(get("docker.argv"), "rm\n--force\n--volumes\njig-01ATTEMPT\n");
	struct env_tool podman = fake("podman", true);
	container_kill(&podman, a.name, environ_);
	assert_string_equal(get("podman.argv"), "rm\n--force\n--ignore\n--time\n0\n--volumes\njig-01ATTEMPT\n");
	free(podman.path);
	free(t.path);
	variables_release(&cv);
	variables_release(&vars);
}

/* ---- for real ---- */

extern char **environ;

struct real {
	struct env_tool tool; /* podman with a store of the test's own */
	VEC(char *) env;      /* the caller's */
	char *image;
};
static struct real real;

static int podman_says(struct buf *out, const char *const *args)
{
	return run_client((const char *const[]){ real.tool.path, NULL }, args, real.env.v, out);
}
#define PODMAN(out, ...) podman_says(out, (const char *const[]){ __VA_ARGS__, NULL })

/* An image from nothing but a static busybox; its entry point and its user are such that a step must not get them. */
static bool make_image(struct buf *why)
{
	_free_ char *root = below("root"), *tar = below("image.tar"), *box = below("root/bin/busybox");
	static const char *const applets[] = {
		"sh", "cat", "env", "id", "pwd", "sleep", "true", "kill", "touch", "stat"
	};
	const char *from = file_exists("/bin/busybox") ? "/bin/busybox" : "/usr/bin/busybox";

	if (!file_exists(from)) {
		buf_adds(why, "there is no busybox to make an image of");
		return false;
	}
	assert_ok(file_mkdirs_parent(box, 0755, e));
	assert_ok(file_copy(from, box, 0755, e));
	for (size_t i = 0; i < ARRAY_LEN(applets); i++) {
		_free_ char *link = mem_printf("%s/bin/%s", root, applets[i]);
		assert_int_equal(symlink("busybox", link), 0);
	}
	const char *const pack[] = { "tar", "-C", root, "-cf", tar, ".", NULL };
	assert_int_equal(run_client(pack, (const char *const[]){ NULL }, environ, why), 0);
	if (PODMAN(why, "import", "-q", "--change", "ENTRYPOINT=/bin/false", "--change", "USER=65534", tar,
		   "localhost/jig-test:1") != 0)
		return false;
	_buf_ struct buf out = BUF_INIT;
	assert_int_equal(PODMAN(&out, "image", "inspect", "--format", "{{.Digest}}", "localhost/jig-test:1"), 0);
	real.image = mem_printf("localhost/jig-test@%.*s", (int)strcspn(out.data, "\n"), out.data);
	return true;
}

static bool runs(struct buf *why)
{
	buf_reset(why);
	return PODMAN(why, "run", "--rm", "--network", "none", "--log-driver", "none", "--user", "0:0", "--entrypoint",
		      "", real.image, "true") == 0;
}

/* podman with a store below top; false and why where no container runs. */
static bool real_start(struct buf *why)
{
	struct err e;

	real = (struct real){ 0 };
	if (container_tool(environ, &real.tool, &e) < 0 || strcmp(real.tool.name, "podman") != 0) {
		buf_adds(why, real.tool.path ? "there is docker, which makes no image without a registry" : e.text);
		return false;
	}
	for (char **v = environ; *v; v++)
		vec_push(&real.env, mem_strdup(*v));
	vec_push(&real.env, NULL);
	put("bin/own",
	    arena_printf(&arena,
			 "#!/bin/sh\nexec '%s' --storage-driver vfs --root '%s/graph' --runroot '%s/run' \"$@\"\n",
			 real.tool.path, top, top),
	    0755);
	free(real.tool.path);
	real.tool.path = below("bin/own");
	if (!make_image(why))
		return false;
	if (runs(why))
		return true;
	/* A machine that is a container itself may have limits that even root cannot raise, and cgroups that only runc
	 * takes. */
	put("containers.conf",
	    arena_printf(&arena,
			 "[containers]\ndefault_ulimits = [\"nofile=%ld:%ld\", \"nproc=8192:8192\"]\n[engine]\n"
			 "runtime = \"runc\"\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"none\"\n",
			 sysconf(_SC_OPEN_MAX), sysconf(_SC_OPEN_MAX)),
	    0644);
	real.env.v[real.env.len - 1] = mem_printf("CONTAINERS_CONF=%s/containers.conf", top);
	vec_push(&real.env, NULL);
	_buf_ struct buf second = BUF_INIT;
	return runs(&second);
}

static void real_end(void)
{
	_buf_ struct buf out = BUF_INIT;

	/* Files of other numbers than the caller's lie in its store, which he alone cannot remove. */
	if (real.image && real.tool.rootless)
		PODMAN(&out, "unshare", "rm", "-rf", arena_printf(&arena, "%s/graph", top),
		       arena_printf(&arena, "%s/run", top));
	for (size_t i = 0; i < real.env.len; i++)
		free(real.env.v[i]);
	vec_release(&real.env);
	free(real.tool.path);
	free(real.image);
}

static pid_t start(const char *const *prefix, char *const *env, const char *script)
{
	VEC(const char *) argv = { 0 };
	pid_t pid;

	for (; *prefix; prefix++)
		vec_push(&argv, *prefix);
	vec_push(&argv, "sh");
	vec_push(&argv, "-c");
	vec_push(&argv, script);
	vec_push(&argv, NULL);
	assert_ok(spawn_detached(argv.v, (const char *const *)env, NULL, -1, &pid, e));
	vec_release(&argv);
	return pid;
}

static void wait_file(const char *path, pid_t pid)
{
	while (!file_exists(path)) {
		assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
		usleep(2000);
	}
}

static void real_steps(void)
{
	struct sandbox_attempt f = attempt_folders();
	struct variables vars, cv;
	struct container_attempt a = { .folders = &f,
				       .name = arena_printf(&arena, "jig-test-%d", (int)getpid()),
				       .image = real.image,
				       .vars = &vars };
	_buf_ struct buf out = BUF_INIT, away = BUF_INIT;
	struct stat st;
	int status;

	f.network = false;
	step_variables(&vars, &f);
	variables_set(&vars, "TMPDIR", f.tmp);
	container_variables(&vars, real.env.v, &cv);
	assert_true(container_has_image(&real.tool, real.image, real.env.v));
	const char *const *prefix = container_wrap(&real.tool, &a, &arena);

	int exit = RUN(prefix, cv.v, &out, "sh", "-euc",
		       "pwd; id -u; env; echo x >made; echo y >>\"$JIG_METRICS\"; echo z >\"$TMPDIR/z\"");
	if (exit != 0)
		fail_msg("it ended with %d: %s", exit, out.data);
	assert_true(text_starts(out.data, arena_printf(&arena, "%s\n%u\n", f.work, (unsigned)getuid())));
	assert_has(out.data, "\nAPI_TOKEN=" SECRET "\n");
	assert_has(out.data, "\nEMPTY=\n");
	assert_has(out.data, arena_printf(&arena, "\nHOME=%s\n", f.tmp));
	assert_has(out.data, arena_printf(&arena, "\nTMPDIR=%s\n", f.tmp));
	assert_null(strstr(out.data, "127.0.0.1"));
	assert_null(strstr(out.data, ".venv"));
	assert_string_equal(get("a, \"b\" c:d/work/made"), "x\n");
	assert_string_equal(get("a, \"b\" c:d/metrics"), "y\n");
	assert_string_equal(get("t/z"), "z\n");
	assert_int_equal(stat(arena_printf(&arena, "%s/made", f.work), &st), 0);
	assert_int_equal(st.st_uid, getuid());

	/* Its own folders and nothing else of the machine. */
	assert_int_not_equal(RUN(prefix, cv.v, &away, "sh", "-c", "echo >\"${JIG_METRICS%/*}/new\""), 0);
	assert_int_not_equal(RUN(prefix, cv.v, &away, "sh", "-c", "echo >\"${JIG_METRICS%/*}/params.json\""), 0);
	assert_int_not_equal(RUN(prefix, cv.v, &away, "cat", arena_printf(&arena, "%s/images", top)), 0);
	buf_reset(&out);
	assert_int_equal(RUN(prefix, cv.v, &out, "cat", "/proc/net/dev"), 0);
	assert_has(out.data, "lo:");
	assert_null(strstr(out.data, "eth"));

	assert_int_equal(RUN(prefix, cv.v, &away, "sh", "-c", "exit 3"), 3);
	buf_reset(&out);
	assert_int_not_equal(RUN(prefix, cv.v, &out, "/bin"), 0);
	assert_has(out.data, "ermission denied");
	buf_reset(&out);
	assert_int_not_equal(RUN(prefix, cv.v, &out, "no-such-command"), 0);
	if (!strstr(out.data, "not found"))
		assert_has(out.data, "o such file");
	assert_int_equal(RUN(prefix, cv.v, &away, "sh", "-c", "kill -9 $$"), 137);
	a.image = "localhost/nosuch@sha256:" HEX;
	assert_int_equal(RUN(container_wrap(&real.tool, &a, &arena), cv.v, &away, "true"), 125);
	assert_false(container_has_image(&real.tool, a.image, real.env.v));

	/* Signals go through the client, from a moment after the command's start on; one that comes before leaves the
	 * container. */
	const char *up = arena_printf(&arena, "%s/up", f.work);
	pid_t pid;
	for (int try = 1;; try++) {
		pid = start(prefix, cv.v, "trap 'exit 7' TERM; touch up; while :; do sleep 0.01; done");
		wait_file(up, pid);
		usleep((useconds_t)try * 20000);
		assert_int_equal(kill(pid, SIGTERM), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 7)
			break;
		assert_in_range(try, 1, 10);
		container_kill(&real.tool, a.name, real.env.v);
		assert_int_equal(unlink(up), 0);
	}
	assert_int_equal(PODMAN(&away, "container", "exists", a.name), 1);

	/* SIGKILL does not, and leaves it to be ended. */
	pid = start(prefix, cv.v, "touch up2; while :; do sleep 0.01; done");
	wait_file(arena_printf(&arena, "%s/up2", f.work), pid);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(PODMAN(&away, "container", "exists", a.name), 0);
	container_kill(&real.tool, a.name, real.env.v);
	assert_int_equal(PODMAN(&away, "container", "exists", a.name), 1);
	container_kill(&real.tool, a.name, real.env.v);
	variables_release(&cv);
	variables_release(&vars);
}

static void test_real(void **state)
{
	_buf_ struct buf why = BUF_INIT;
	bool ready = real_start(&why);

	if (ready)
		real_steps();
	real_end();
	if (!ready) {
		print_message("skipped: no container runs here: %s\n", why.data);
		buf_release(&why);
		skip();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tool, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_variables, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pull, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run, setup, teardown),
		cmocka_unit_test_setup_teardown(test_real, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
