/* A project in a home folder, with a record and secrets beside it, and steps that are tried in its sandbox. */
#ifndef TESTS_RUNNER_SANDBOX_CASE_H
#define TESTS_RUNNER_SANDBOX_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/process/spawn.h"
#include "runner/process/tmpdir.h"
#include "runner/work/sandbox.h"
#include "tests/runner/self_path.h"

#define CASE_UNUSED __attribute__((unused)) static

extern char **environ;
CASE_UNUSED bool have_sandbox, have_network_cut;

/* Where things stand, below the temporary folder. */
struct layout {
	const char *home, *root, *jig; /* jig NULL: root/.jig */
	const char *link, *target;     /* a symbolic link that is made first; NULL: none */
};
CASE_UNUSED const struct layout usual = { "home", "home/project", NULL, NULL, NULL };

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

CASE_UNUSED const char *below(struct fixture *f, const char *folder, const char *name)
{
	return arena_printf(&f->a, "%s/%s", folder, name);
}

CASE_UNUSED const char *put(struct fixture *f, const char *folder, const char *name, const char *text)
{
	const char *path = below(f, folder, name);
	struct err e;

	assert_int_equal(file_mkdirs_parent(path, 0755, &e), 0);
	assert_int_equal(file_write(path, text, strlen(text), 0644, &e), 0);
	return path;
}

CASE_UNUSED void set_variable(struct fixture *f, const char *name, const char *value)
{
	f->env[f->nenv++] = arena_printf(&f->a, "%s=%s", name, value);
}

CASE_UNUSED void init(struct fixture *f, const struct layout *l)
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

CASE_UNUSED int make(struct fixture *f, struct err *e)
{
	struct sandbox_options o = {.root = f->root, .jig = f->jig, .environ = (char *const *)f->env, .keep = f->keep};

	while (o.nkeep < ARRAY_LEN(f->keep) && f->keep[o.nkeep])
		o.nkeep++;
	return sandbox_new(&o, &f->s, e);
}

CASE_UNUSED void init_usual(struct fixture *f)
{
	init(f, &usual);
}

CASE_UNUSED void done(struct fixture *f)
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
CASE_UNUSED int run_argv(struct fixture *f, const char *const *argv, struct buf *out)
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

CASE_UNUSED void fail_with(const char *script, const char *arg, int status, const char *out)
{
	print_error("%s (%s): status %d: %s\n", script, arg, status, out);
	fail();
}

/* The script, with a path as $1, succeeds and writes just that. */
CASE_UNUSED void gives(struct fixture *f, const char *script, const char *arg, const char *text)
{
	_buf_ struct buf out = BUF_INIT;
	int status = run_argv(f, (const char *const[]){ "sh", "-c", script, "sh", arg, NULL }, &out);

	if (status != 0 || strcmp(out.data, text))
		fail_with(script, arg, status, out.data);
}

/* It fails, by itself and not because the sandbox could not be made. */
CASE_UNUSED void refuses(struct fixture *f, const char *script, const char *arg)
{
	_free_ char *whole = mem_printf("echo begun; %s", script);
	_buf_ struct buf out = BUF_INIT;
	int status = run_argv(f, (const char *const[]){ "sh", "-c", whole, "sh", arg, NULL }, &out);

	if (status == 0 || !text_starts(out.data, "begun\n") || strstr(out.data, "secret"))
		fail_with(script, arg, status, out.data);
}

CASE_UNUSED void cannot_read(struct fixture *f, const char *folder, const char *name)
{
	refuses(f, "cat \"$1\"", below(f, folder, name));
}

CASE_UNUSED void cannot_write(struct fixture *f, const char *folder, const char *name)
{
	const char *path = below(f, folder, name);
	bool was = file_exists(path);

	refuses(f, "echo more >> \"$1\"", path);
	assert_int_equal(file_exists(path), was);
}

CASE_UNUSED void can_write(struct fixture *f, const char *folder, const char *name)
{
	const char *path = below(f, folder, name);
	_buf_ struct buf b = BUF_INIT;
	struct err e;

	gives(f, "echo more >> \"$1\"", path, "");
	assert_int_equal(file_read(path, 1 << 16, &b, &e), 0);
	assert_true(text_ends(b.data, "more\n"));
}

CASE_UNUSED int inside_says(struct fixture *f, const char *word, const char *arg)
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

/* What such a program does before its tests; `inside` is what they start in the sandbox: this program with a word and
 * what belongs to it. The exit status of that; -1: on with the tests. */
static int sandbox_case_begin(int argc, char **argv, int (*inside)(const char *word, const char *arg))
{
	struct err e;

	if (argc > 3 && strcmp(argv[1], "--inside") == 0)
		return inside(argv[2], argv[3]);
	have_sandbox = sandbox_probe(environ, &have_network_cut, &e) == 0;
	if (!have_sandbox)
		print_message("skipping what needs a sandbox: %s\n", e.text);
	return -1;
}

#endif
