/* The hook in every Python that is here: what it tells and when, seen by a module that stands in front of
 * posix.access() and of Python's own audit events; and that nobody else notices it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/process/spawn.h"
#include "runner/trace/python_hook.h"

#define PYTHONS_MAX 16
#define OUT_MAX (1 << 20)

static struct {
	char *dir, *work, *user, *hook, *log;
	struct python { char *program; long minor; } pythons[PYTHONS_MAX];
	size_t n;
} f;

/* Loaded by a .pth of the environment, before any sitecustomize. */
static const char teller[] =
	"import os, posix, sys\n"
	"def start(path, work):\n"
	"    log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)\n"
	"    real = posix.access\n"
	"    def note(word, path): os.write(log, (word + ' ' + path + '\\n').encode())\n"
	"    def say(text):\n"
	"        word, _, rest = text.partition('/')\n"
	"        if word == 'module':\n"
	"            name, _, folder = rest.partition('/')\n"
	"            text = 'module/' + folder + '//' + name\n"
	"        if word != 'board': note('say', text)\n"
	"    def access(path, mode):\n"
	"        if os.fsdecode(path).startswith('/.jig-trace/'): say(os.fsdecode(path)[12:])\n"
	"        return real(path, mode)\n"
	"    posix.access = access\n"
	"    def hear(event, args):\n"
	"        if event in ('open', 'os.listdir') and isinstance(args[0], str):\n"
	"            full = os.path.normpath(os.path.join(os.getcwd(), args[0]))\n"
	"            if full == work or full.startswith(work + '/'): note(event, full)\n"
	"    if hasattr(sys, 'addaudithook'): sys.addaudithook(hear)\n"
	"start(os.environ['TELLER_LOG'], os.environ['TELLER_WORK'])\n";

static const struct { const char *name, *text;
} files[] = {
        {"main.py", "import local\nimport pkg.sub\nfrom pkg import rel\nimport space.inner\n"
                    "for i in range(3):\n    try:\n        import optional_thing\n    except ImportError:\n        "
                    "pass\nprint('done', rel.leaf.x)\n"},
        {"local.py", "x = 1\n"},
        {"late.py", "def work(): return 'late'\n"},
        {"never.py", "x = 1\n"},
        {"pkg/__init__.py", ""},
        {"pkg/sub.py", "print('sub', __name__)\n"},
        {"pkg/rel.py", "from . import sub\nfrom .deep import leaf\n"},
        {"pkg/deep/__init__.py", ""},
        {"pkg/deep/leaf.py", "x = 3\n"},
        {"pkg/deep/never.py", ""},
        {"space/inner.py", "y = 2\n"},
        {"lib/inlib.py", "z = 1\n"},
        {"lists.py", "import os\nos.listdir('.')\nimport local\nos.listdir(os.getcwd())\n"},
        {"again.py", "import importlib, local\nimportlib.invalidate_caches()\nimport late\n"},
        {"reads.py", "import local, pkg.sub, pkgutil, inspect, "
                     "linecache\nlocal.__loader__.get_source('local')\npkgutil.get_data('pkg', 'sub.py')\n"
                     "inspect.getsource(local)\nopen('local.py').close()\nopen('reads.py').close()\n"},
        {"relative.py", "import sys\nsys.path.insert(0, 'lib')\nimport inlib\nsys.path.insert(0, '')\nimport late\n"},
        {"spawns.py", "import multiprocessing\ndef child():\n    import late\n    print(late.work(), flush=True)\n"
                      "if __name__ == '__main__':\n    p = "
                      "multiprocessing.get_context('spawn').Process(target=child)\n    p.start()\n    p.join()\n"},
        {"threads.py",
         "import threading\nts = [threading.Thread(target=__import__, args=('local',)) for i in range(8)]\n"
         "[t.start() for t in ts]\n[t.join() for t in ts]\nprint('joined')\n"},
        {"fails.py", "import broken\n"},
        {"broken.py", "def f():\n    raise KeyError('here')\nf()\n"},
        {"looks.py", "import sys, os, inspect, importlib.machinery as m\n"
                     "print('sitecustomize' in sys.modules, [p for p in sys.path if 'python-' in os.path.basename(p)], "
                     "'python-' in os.environ['PYTHONPATH'])\n"
                     "print(inspect.signature(m.FileFinder.find_spec), m.FileFinder.find_spec.__qualname__, "
                     "m.FileFinder.find_spec.__module__)\n"},
        {"killed.py", "import local, os, signal\nprint('so far', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"},
        {"leaves.py", "import local, os\nos._exit(0)\n"},
        {"turns.py", "import local, os\n"
                     "try:\n    os.execv('/no/such/program', ['x'])\nexcept OSError:\n    import late\n"
                     "os.execvp('sh', ['sh', '-c', 'echo turned'])\n"},
        {"forks.py", "import local, os\npid = os.fork()\nif pid == 0:\n    import late\n    "
                     "os._exit(0)\nos.waitpid(pid, 0)\nimport pkg\n"},
        {"ends.py", "import atexit, local\natexit.register(__import__, 'late')\n"},
        {"after.py", "import sys\nsys.modules['kept'] = type('Kept', (), {'__del__': lambda self: "
                     "__import__('late')})()\nimport local\n"},
        {"pools.py", "import multiprocessing\ndef work(n):\n    import late\n    return n\n"
                     "if __name__ == '__main__':\n    with multiprocessing.get_context('fork').Pool(1) as p: "
                     "print(p.map(work, [1, 2]))\n"},
        {"app/__main__.py", "import part\n"},
        {"app/part.py", ""},
};

static void find_pythons(void)
{
	struct err e;

	for (int minor = 5; minor <= 14; minor++) {
		_free_ char *name = minor == 5 ? mem_strdup("python3") : mem_printf("python3.%d", minor);
		_free_ char *folder = mem_printf("%s/env-%d", f.dir, minor);
		_free_ char *program = mem_printf("%s/bin/python", folder), *module = NULL, *pth = NULL;
		_buf_ struct buf out = BUF_INIT;
		const char *make[] = {name, "-I", "-m", "venv", "--without-pip", folder, NULL};
		const char *ask[] = {
		        program, "-I", "-c",
		        "import sys, sysconfig; print(sys.version_info[1], sysconfig.get_paths()['purelib'], end='')",
		        NULL};
		char *place;
		bool known = false;
		int status;
		long found;

		if (spawn_capture(make, NULL, f.dir, OUT_MAX, &out, &status, &e) < 0 || status)
			continue;
		buf_reset(&out);
		assert_int_equal(spawn_capture(ask, NULL, f.dir, OUT_MAX, &out, &status, &e), 0);
		assert_int_equal(status, 0);
		found = strtol(out.data, &place, 10);
		for (size_t i = 0; i < f.n; i++)
			known |= f.pythons[i].minor == found;
		if (known)
			continue;
		module = path_join(place + 1, "teller.py");
		pth = path_join(place + 1, "teller.pth");
		assert_int_equal(file_write(module, teller, sizeof teller - 1, 0644, &e), 0);
		assert_int_equal(file_write(pth, "import teller\n", 14, 0644, &e), 0);
		f.pythons[f.n++] = (struct python){.program = mem_take(program), .minor = found};
	}
}

static int set_up(void **state)
{
	_free_ char *cache = NULL;
	struct err e;

	assert_int_equal(file_temp_dir("/tmp", "hook", &f.dir, &e), 0);
	f.work = path_join(f.dir, "work");
	f.user = path_join(f.dir, "user");
	f.log = path_join(f.dir, "log");
	cache = path_join(f.dir, "cache");
	assert_int_equal(python_hook_folder(cache, &f.hook, &e), 0);
	assert_int_equal(file_mkdirs(f.user, 0755, &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		_free_ char *path = path_join(f.work, files[i].name);

		assert_int_equal(file_mkdirs_parent(path, 0755, &e), 0);
		assert_int_equal(file_write(path, files[i].text, strlen(files[i].text), 0644, &e), 0);
	}
	find_pythons();
	return 0;
}

static int tear_down(void **state)
{
	struct err e;

	file_remove_tree(f.dir, &e);
	for (size_t i = 0; i < f.n; i++)
		free(f.pythons[i].program);
	free(f.dir);
	free(f.work);
	free(f.user);
	free(f.hook);
	free(f.log);
	return 0;
}

struct start {
	const char *cwd;   /* NULL: the work folder */
	const char *path;  /* behind the hook in PYTHONPATH; NULL: none */
	const char *trace; /* NULL: the work folder; "": not set */
	bool compiled;     /* compiled files are kept */
	bool no_sources;   /* which files are opened as source is not to be told */
};

struct seen { struct buf out, log; }; /* the log with "W" for the work folder, each line between newlines */
#define _seen_ _cleanup_(seen_release)

static void seen_release(struct seen *s)
{
	buf_release(&s->out);
	buf_release(&s->log);
}

static void replace(struct buf *out, const char *text, const char *word, const char *by)
{
	const char *at;

	for (; (at = strstr(text, word)); text = at + strlen(word)) {
		buf_add(out, text, (size_t)(at - text));
		buf_adds(out, by);
	}
	buf_adds(out, text);
}

/* How often the log has this line. */
static int count(const struct seen *s, const char *line)
{
	_free_ char *whole = mem_printf("\n%s\n", line);
	int n = 0;

	for (const char *at = s->log.data; (at = strstr(at, whole)); at++)
		n++;
	return n;
}

static void has(const struct python *p, const struct seen *s, const char *line, bool wanted)
{
	if (!count(s, line) == wanted)
		fail_msg("3.%ld: \"%s\" is %s in:%s\n%s", p->minor, line, wanted ? "not" : "wrongly", s->log.data,
		         s->out.data);
}

static struct seen run(const struct python *p, const struct start *how, const char *a, const char *b)
{
	_free_ char *path = mem_printf("PYTHONPATH=%s%s%s", f.hook, how->path ? ":" : "", how->path ? how->path : "");
	_free_ char *trace = mem_printf("JIG_TRACE=%s", how->trace ? how->trace : f.work),
	            *log = mem_printf("TELLER_LOG=%s", f.log);
	_free_ char *work = mem_printf("TELLER_WORK=%s", f.work);
	const char *argv[] = {"/bin/sh", "-c", "exec \"$0\" \"$@\" 2>&1", p->program, a, b, NULL};
	const char *envp[9] = {"PATH=/usr/bin:/bin", path, log, work};
	struct seen s = {BUF_INIT, BUF_INIT};
	_buf_ struct buf raw = BUF_INIT;
	struct err e;
	int status, n = 4;

	if (!how->trace || *how->trace)
		envp[n++] = trace;
	if (!how->no_sources)
		envp[n++] = "JIG_TRACE_SOURCE=1";
	if (!how->compiled)
		envp[n++] = "PYTHONDONTWRITEBYTECODE=1";
	unlink(f.log);
	assert_int_equal(spawn_capture(argv, envp, how->cwd ? how->cwd : f.work, OUT_MAX, &s.out, &status, &e), 0);
	buf_addc(&raw, '\n');
	if (file_exists(f.log))
		assert_int_equal(file_read(f.log, OUT_MAX, &raw, &e), 0);
	/* Lines share no newline, so that count() may look for both. */
	_buf_ struct buf twice = BUF_INIT;
	replace(&twice, raw.data, "\n", "\n\n");
	replace(&s.log, twice.data, f.work, "/W");
	return s;
}

/* Where Python tells of openings: what was said comes right before it. */
static void follows(const struct python *p, const struct seen *s, const char *said, const char *event)
{
	_free_ char *both = mem_printf("\n%s\n\n%s\n", said, event);

	if (p->minor >= 8 && !strstr(s->log.data, both))
		fail_msg("3.%ld: \"%s\" does not follow \"%s\" in:%s", p->minor, event, said, s->log.data);
}

static void for_each_python(void (*test)(const struct python *p))
{
	if (!f.n) {
		print_message("no python3 that can make an environment is here\n");
		skip();
	}
	for (size_t i = 0; i < f.n; i++)
		test(&f.pythons[i]);
}

static void imports(const struct python *p)
{
	_seen_ struct seen s = run(p, &(struct start){0}, "main.py", NULL);

	assert_string_equal(s.out.data, "sub pkg.sub\ndone 3\n");
	if (p->minor >= 7)
		has(p, &s, "say script/W/main.py", true);
	static const char *const told[] = {
	        "say module/W//local", "say module/W//pkg", "say module/W/pkg//sub", "say module/W/pkg//rel",
	        "say module/W/pkg//deep", "say module/W/pkg/deep//leaf", "say module/W//space",
	        "say module/W/space//inner", "say source/W/local.py", "say source/W/pkg/__init__.py",
	        "say source/W/pkg/deep/leaf.py",
	        "say "
	        "source/W/space/inner.py",
	        "say list/W",
	        "say list/W/pkg",
	        "say list/W/pkg/deep",
	        "say list/W/space",
	};
	for (size_t i = 0; i < ARRAY_LEN(told); i++)
		has(p, &s, told[i], true);
	assert_int_equal(count(&s, "say module/W//optional_thing"), 1);
	assert_null(strstr(s.log.data, "never"));
	follows(p, &s, "say list/W", "os.listdir /W");
	follows(p, &s, "say list/W/pkg", "os.listdir /W/pkg");
	follows(p, &s, "say source/W/local.py", "open /W/local.py");
	follows(p, &s, "say source/W/pkg/deep/leaf.py", "open /W/pkg/deep/leaf.py");
	/* Nothing outside the work folder is told. */
	for (const char *at = s.log.data; (at = strstr(at, "say ")); at++)
		assert_non_null(strstr(at, "/W"));
	assert_null(strstr(s.log.data, f.hook));
}

static void test_imports_are_told(void **state)
{
	for_each_python(imports);
}

static void own_calls(const struct python *p)
{
	_seen_ struct seen s = run(p, &(struct start){0}, "lists.py", NULL);
	_seen_ struct seen r = run(p, &(struct start){0}, "reads.py", NULL);

	if (p->minor >= 8) {
		assert_int_equal(count(&s, "os.listdir /W") - count(&s, "say list/W"), 2);
		assert_int_equal(count(&r, "open /W/local.py") >= 4, 1);
		assert_int_equal(count(&r, "open /W/reads.py") >= 1, 1);
	}
	assert_int_equal(count(&r, "say source/W/local.py"), 1);
	assert_int_equal(count(&r, "say source/W/pkg/sub.py"), 1);
}

static void test_a_scripts_own_calls_are_its_own(void **state)
{
	for_each_python(own_calls);
}

static void ways(const struct python *p)
{
	_free_ char *app = path_join(f.work, "app");

	_seen_ struct seen again = run(p, &(struct start){0}, "again.py", NULL);
	assert_true(count(&again, "say list/W") == 2);
	has(p, &again, "say source/W/late.py", true);

	_seen_ struct seen module = run(p, &(struct start){0}, "-m", "pkg.sub");
	assert_string_equal(module.out.data, "sub __main__\n");
	has(p, &module, "say source/W/pkg/sub.py", true);
	assert_null(strstr(module.log.data, "say script"));

	_seen_ struct seen word = run(p, &(struct start){0}, "-c", "import local");
	has(p, &word, "say source/W/local.py", true);
	assert_null(strstr(word.log.data, "say script"));

	_seen_ struct seen folder = run(p, &(struct start){0}, app, NULL);
	has(p, &folder, "say module/W/app//__main__", true);
	has(p, &folder, "say source/W/app/part.py", true);
	assert_null(strstr(folder.log.data, "say script"));

	_seen_ struct seen input = run(p, &(struct start){0}, "-", NULL);
	assert_null(strstr(input.log.data, "say"));

	_seen_ struct seen relative = run(p, &(struct start){0}, "relative.py", NULL);
	assert_string_equal(relative.out.data, "");
	has(p, &relative, "say module/W/lib//inlib", true);
	has(p, &relative, "say list/W/lib", true);
	has(p, &relative, "say source/W/lib/inlib.py", true);
	has(p, &relative, "say module/W//late", true);

	_seen_ struct seen spawns = run(p, &(struct start){0}, "spawns.py", NULL);
	assert_string_equal(spawns.out.data, "late\n");
	has(p, &spawns, "say source/W/late.py", true);

	_seen_ struct seen threads = run(p, &(struct start){0}, "threads.py", NULL);
	assert_string_equal(threads.out.data, "joined\n");
	assert_int_equal(count(&threads, "say module/W//local"), 1);
}

static void test_every_way_to_start_and_to_import(void **state)
{
	for_each_python(ways);
}

/* Compiled files that are at hand hide the source from the importer, not from us. */
static void compiled(const struct python *p)
{
	_seen_ struct seen first = run(p, &(struct start){.compiled = true}, "main.py", NULL);
	_seen_ struct seen second = run(p, &(struct start){.compiled = true}, "main.py", NULL);

	assert_string_equal(first.out.data, "sub pkg.sub\ndone 3\n");
	assert_string_equal(second.out.data, "sub pkg.sub\ndone 3\n");
	has(p, &second, "say source/W/local.py", true);
	has(p, &second, "say source/W/pkg/deep/leaf.py", true);
	follows(p, &second, "say source/W/local.py", "open /W/local.py");
}

static void test_compiled_files_do_not_hide_sources(void **state)
{
	for_each_python(compiled);
}

static void endings(const struct python *p)
{
	static const struct { const char *script, *out, *local, *late; } cases[] = {
		{"killed.py", "so far\n", "say module/W//local", NULL},
		{"leaves.py", "", "say module/W//local", NULL},
		{"turns.py", "turned\n", "say module/W//local", "say module/W//late"},
		{"forks.py", "", "say module/W//pkg", "say module/W//late"},
		{"ends.py", "", "say module/W//local", "say module/W//late"},
		{"after.py", "", "say module/W//local", NULL},
		{"pools.py", "[1, 2]\n", NULL, "say module/W//late"},
		{"spawns.py", "late\n", NULL, "say module/W//late"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_seen_ struct seen s = run(p, &(struct start){0}, cases[i].script, NULL);

		if (strncmp(s.out.data, cases[i].out, strlen(cases[i].out)))
			fail_msg("3.%ld: %s gave %s", p->minor, cases[i].script, s.out.data);
		if (cases[i].local)
			has(p, &s, cases[i].local, true);
		if (cases[i].late)
			has(p, &s, cases[i].late, true);
	}
	_seen_ struct seen files_untold = run(p, &(struct start){.no_sources = true}, "main.py", NULL);
	assert_null(strstr(files_untold.log.data, "say source"));
	assert_null(strstr(files_untold.log.data, "say script"));
	has(p, &files_untold, "say module/W//local", true);
}

static void test_names_are_told_whatever_the_end(void **state)
{
	for_each_python(endings);
}

static void write_user(const char *text)
{
	_free_ char *path = path_join(f.user, "sitecustomize.py");
	struct err e;

	assert_int_equal(file_write(path, text, strlen(text), 0644, &e), 0);
}

static void unseen(const struct python *p)
{
	_free_ char *path = path_join(f.user, "sitecustomize.py");
	_free_ char *plain = NULL;

	unlink(path);
	_seen_ struct seen without = run(p, &(struct start){0}, "looks.py", NULL);
	assert_string_equal(without.out.data, "False [] True\n(self, fullname, target=None) FileFinder.find_spec "
			    /* by the name under which Python froze it */ "_frozen_importlib_external\n");

	write_user("import sys\nsys.mine = __file__\nprint('mine', __name__)\n");
	_seen_ struct seen with =
	        run(p, &(struct start){.path = f.user}, "-c",
	            "import sys, sitecustomize as s; print(s is sys.modules['sitecustomize'], s.__file__ == sys.mine)");
	assert_string_equal(with.out.data, "mine sitecustomize\nTrue True\n");
	_seen_ struct seen untraced = run(p, &(struct start){.path = f.user, .trace = ""}, "looks.py", NULL);
	assert_true(text_starts(untraced.out.data, "mine sitecustomize\nTrue [] True\n"));
	assert_null(strstr(untraced.log.data, "say"));

	write_user("raise ValueError('mine')\n");
	_seen_ struct seen faulty = run(p, &(struct start){.path = f.user}, "-c", "print('goes on')");
	assert_non_null(strstr(faulty.out.data, "goes on\n"));
	assert_non_null(strstr(faulty.out.data,
	                       "Error in sitecustomize; set PYTHONVERBOSE for traceback:\nValueError: mine\n"));

	unlink(path);
	_seen_ struct seen fails = run(p, &(struct start){0}, "fails.py", NULL);
	plain = mem_strdup(fails.out.data);
	_seen_ struct seen fails_untraced = run(p, &(struct start){.trace = ""}, "fails.py", NULL);
	assert_string_equal(fails_untraced.out.data, plain);
	assert_null(strstr(plain, "sitecustomize"));

	_free_ char *script = path_join(f.user, "outside.py");
	struct err e;

	assert_int_equal(file_write(script, "import json, shlex\nprint('outside')\n", 35, 0644, &e), 0);
	_seen_ struct seen outside = run(p, &(struct start){.cwd = f.user}, "outside.py", NULL);
	assert_string_equal(outside.out.data, "outside\n");
	assert_null(strstr(outside.log.data, "say"));
}

static void test_nobody_notices(void **state)
{
	for_each_python(unseen);
}

static void test_folder_is_made_and_mended(void **state)
{
	_free_ char *cache = path_join(f.dir, "fresh/cache"), *blocked = path_join(f.work, "main.py"), *folder = NULL,
	            *again = NULL, *file = NULL, *compiled = NULL;
	_buf_ struct buf good = BUF_INIT, now = BUF_INIT;
	struct stat st;
	struct err e;

	assert_int_equal(python_hook_folder(cache, &folder, &e), 0);
	assert_true(text_starts(path_base(folder), "python-"));
	assert_int_equal(strlen(path_base(folder)), strlen("python-") + 16);
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	file = path_join(folder, "sitecustomize.py");
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(file_read(file, OUT_MAX, &good, &e), 0);
	assert_true(good.len > 1000);

	compiled = path_join(folder, "__pycache__/sitecustomize.cpython-312.pyc");
	assert_int_equal(file_mkdirs_parent(compiled, 0755, &e), 0);
	assert_int_equal(file_write(compiled, "old", 3, 0644, &e), 0);
	assert_int_equal(python_hook_folder(cache, &again, &e), 0);
	assert_string_equal(again, folder);
	assert_true(file_exists(compiled));

	/* Of the same size: told by content. */
	now.len = 0;
	buf_add(&now, good.data, good.len);
	now.data[good.len / 2] ^= 1;
	assert_int_equal(file_write(file, now.data, now.len, 0644, &e), 0);
	free(mem_take(again));
	assert_int_equal(python_hook_folder(cache, &again, &e), 0);
	assert_false(file_exists(compiled));
	buf_reset(&now);
	assert_int_equal(file_read(file, OUT_MAX, &now, &e), 0);
	assert_int_equal(now.len, good.len);
	assert_memory_equal(now.data, good.data, good.len);

	assert_int_equal(unlink(file), 0);
	free(mem_take(again));
	assert_int_equal(python_hook_folder(cache, &again, &e), 0);
	assert_true(file_exists(file));

	free(mem_take(again));
	assert_true(python_hook_folder(blocked, &again, &e) < 0);
	assert_non_null(strstr(e.text, "main.py"));
	assert_null(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_folder_is_made_and_mended),
		cmocka_unit_test(test_imports_are_told),
		cmocka_unit_test(test_a_scripts_own_calls_are_its_own),
		cmocka_unit_test(test_every_way_to_start_and_to_import),
		cmocka_unit_test(test_names_are_told_whatever_the_end),
		cmocka_unit_test(test_nobody_notices),
		cmocka_unit_test(test_compiled_files_do_not_hide_sources),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
