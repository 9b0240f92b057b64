/* What a step in the sandbox can read and write, wherever things stand. What it has of the machine:
 * test_sandbox_machine.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "runner/process/spawn.h"
#include "runner/work/sandbox.h"
#include "runner/work/sandbox_alias.h"
#include "tests/runner/sandbox_case.h"

static int inside(const char *word, const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (strcmp(word, "dial") != 0)
		return 99;
	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	return connect(fd, (struct sockaddr *)&at, sizeof at) == 0 ? 0 : 7;
}

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

int main(int argc, char **argv)
{
	int status = sandbox_case_begin(argc, argv, inside);
	if (status >= 0)
		return status;
#define CASE(t) cmocka_unit_test(t)
	const struct CMUnitTest tests[] = {
	        CASE(test_secrets_are_hidden),
	        CASE(test_secrets_that_variables_moved),
	        CASE(test_project_and_record_are_hidden), CASE(test_own_folders), CASE(test_the_rest_is_read_only),
	        CASE(test_walls_cannot_be_taken_down), CASE(test_kept_paths), CASE(test_kept_paths_around_hidden_ones),
	        CASE(test_caches), CASE(test_cache_elsewhere), CASE(test_cache_that_is_the_home),
	        CASE(test_caches_that_are_not_there), CASE(test_hidden_places_that_go), CASE(test_folders_made_later),
	        CASE(test_aliases), CASE(test_layouts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
