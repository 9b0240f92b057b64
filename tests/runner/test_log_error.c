#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/log/log.h"

#define TB "Traceback (most recent call last):\n"
#define LIB "  File \"/usr/lib/python3.11/multiprocessing/pool.py\", line 125, in worker\n    result = func()\n"
#define DIRECT "\nThe above exception was the direct cause of the following exception:\n\n"

/* @W@ stands for the work folder. out and err: what the two streams wrote, out first. file NULL: no place. */
static const struct { const char *name, *out, *err, *file; int line; const char *message;
} cases[] = {
        {"what jig itself remarked", "", "[jig: checkpoint a was not complete when the step died; it was set aside]\n",
         NULL, 0, NULL},
        {"plain traceback", "epoch 1\n",
         TB "  File \"@W@/train.py\", line 31, in <module>\n    main()\n  File \"@W@/lib/data.py\", line 7, in load\n  "
            "  return x[\"a\"]\n           ~^^^^^\n"
            "KeyError: 'a'\n",
         "lib/data.py", 7, "KeyError: 'a'"},
        {"innermost of one's own", "",
         TB "  File \"@W@/train.py\", line 31, in <module>\n    fit()\n  File "
            "\"/env/lib/python3.11/site-packages/sklearn/base.py\", line 1473, in wrapper\n    x\n"
            "ValueError: Input X contains NaN.\nLogisticRegression does not accept missing values\n",
         "train.py", 31, "ValueError: Input X contains NaN."},
        {"an environment in the work folder is not one's own", "",
         TB "  File \"@W@/train.py\", line 3, in <module>\n    f()\n  File "
            "\"@W@/.venv/lib/python3.11/site-packages/a.py\", line 9, in f\n    g()\nOSError: no\n",
         "train.py", 3, "OSError: no"},
        {"relative names", "",
         TB "  File \"train.py\", line 4, in <module>\n    1/0\nZeroDivisionError: division by zero\n", "train.py", 4,
         "ZeroDivisionError: division by zero"},
        {"all elsewhere", "", TB "  File \"/opt/tool/cli.py\", line 8, in main\n    x()\nRuntimeError: broken\n",
         "/opt/tool/cli.py", 8, "RuntimeError: broken"},
        {"out of the work folder", "",
         TB "  File \"@W@/../other.py\", line 8, in main\n    x()\nRuntimeError: broken\n", "@W@/../other.py", 8,
         "RuntimeError: broken"},
        {"no file", "", TB "  File \"<string>\", line 1, in <module>\nNameError: name 'x' is not defined\n", NULL, 0,
         "NameError: name 'x' is not defined"},
        {"frozen frames", "",
         TB "  File \"@W@/a.py\", line 2, in <module>\n    import b\n  File \"<frozen importlib._bootstrap>\", line "
            "1027, in _find_and_load\nModuleNotFoundError: No module named 'b'\n",
         "a.py", 2, "ModuleNotFoundError: No module named 'b'"},
        {"chained, implicit", "",
         TB "  File \"@W@/a.py\", line 2, in f\n    d['x']\nKeyError: 'x'\n\nDuring handling of the above exception, "
            "another exception occurred:\n\n" TB
            "  File \"@W@/a.py\", line 9, in <module>\n    f()\n  File \"@W@/a.py\", line 4, in f\n    raise "
            "ValueError('bad')\nValueError: bad\n",
         "a.py", 4, "ValueError: bad"},
        {"chained, explicit", "",
         TB "  File \"@W@/a.py\", line 2, in f\n    d['x']\nKeyError: 'x'\n" DIRECT TB
            "  File \"@W@/b.py\", line 4, in g\n    raise E from e\nE\n",
         "b.py", 4, "E"},
        {"group", "",
         "  + Exception Group Traceback (most recent call last):\n  |   File \"@W@/g.py\", line 10, in <module>\n  |  "
         "   raise ExceptionGroup(\"eg\", x)\n"
         "  | ExceptionGroup: eg (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | Traceback (most "
         "recent call last):\n"
         "    |   File \"@W@/g.py\", line 3, in f\n    |     raise ValueError(\"a\")\n    | ValueError: a\n    "
         "+---------------- 2 ----------------\n"
         "    | Traceback (most recent call last):\n    |   File \"@W@/g.py\", line 6, in h\n    |     raise "
         "TypeError(\"b\")\n    | TypeError: b\n"
         "    +------------------------------------\n",
         "g.py", 6, "TypeError: b"},
        {"remote", "",
         "multiprocessing.pool.RemoteTraceback: \n\"\"\"\n" TB LIB
         "  File \"@W@/work.py\", line 5, in f\n    1/0\nZeroDivisionError: division by zero\n\"\"\"\n" DIRECT TB
         "  File \"@W@/work.py\", line 9, in <module>\n    pool.map(f, "
         "[1])\n" LIB "ZeroDivisionError: division by zero\n",
         "work.py", 5, "ZeroDivisionError: division by zero"},
        {"remote, told of outside", "",
         "joblib.externals.loky.process_executor._RemoteTraceback: \n\"\"\"\n" TB
         "  File \"@W@/w.py\", line 5, in f\n    1/0\nValueError: v\n\"\"\"\n" DIRECT TB LIB "ValueError: v\n",
         "w.py", 5, "ValueError: v"},
        {"ranks", "",
         "[rank1]: Traceback (most recent call last):\n[rank0]: Traceback (most recent call last):\n[rank1]:   File "
         "\"@W@/ddp.py\", line 20, in <module>\n"
         "[rank0]:   File \"@W@/ddp.py\", line 30, in <module>\n[rank1]:     step()\n[rank1]: RuntimeError: bad "
         "batch\n[rank0]:     sync()\n"
         "[rank0]: torch.distributed.DistBackendError: peer closed\n",
         "ddp.py", 20, "RuntimeError: bad batch"},
        {"default ranks under a launcher", "",
         "[default3]:Traceback (most recent call last):\n[default3]:  File \"@W@/ddp.py\", line 20, in "
         "<module>\n[default3]:    step()\n[default3]:OSError: gone\n" TB
         "  File \"/env/bin/torchrun\", line 8, in <module>\n    "
         "sys.exit(main())\ntorch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n",
         "ddp.py", 20, "OSError: gone"},
        {"launcher without prefixes", "",
         TB "  File \"@W@/ddp.py\", line 20, in <module>\n    step()\nOSError: gone\n" TB
            "  File \"/env/bin/torchrun\", line 8, in <module>\n    "
            "sys.exit(main())\ntorch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n",
         "ddp.py", 20, "OSError: gone"},
        {"ray", "",
         "(f pid=123, ip=10.0.0.1) Traceback (most recent call last):\n(f pid=123, ip=10.0.0.1)   File \"@W@/r.py\", "
         "line 2, in f\n(f pid=123, ip=10.0.0.1) ValueError: x\n",
         "r.py", 2, "ValueError: x"},
        {"mpirun", "",
         "[1,0]<stderr>:Traceback (most recent call last):\n[1,0]<stderr>:  File \"@W@/m.py\", line 2, in "
         "f\n[1,0]<stderr>:ValueError: x\n",
         "m.py", 2, "ValueError: x"},
        {"coloured", "",
         TB "  File \033[35m\"@W@/c.py\"\033[0m, line \033[35m3\033[0m, in \033[35m<module>\033[0m\n    "
            "\033[31m1\033[0m\033[1;31m/\033[0m0\n"
            "\033[1;35mZeroDivisionError\033[0m: \033[35mdivision by zero\033[0m\n",
         "c.py", 3, "ZeroDivisionError: division by zero"},
        {"behind a progress bar", "",
         "  0%|  | 0/10\r 50%|# | 5/10Traceback (most recent call last):\n  File \"@W@/p.py\", line 3, in f\n    "
         "x\nOSError: y\n",
         "p.py", 3, "OSError: y"},
        {"recursion", "",
         TB "  File \"@W@/r.py\", line 5, in <module>\n    f()\n  File \"@W@/r.py\", line 2, in f\n    return f()\n    "
            "       ^^^\n  [Previous line repeated 994 more times]\n"
            "RecursionError: maximum recursion depth exceeded\n",
         "r.py", 2, "RecursionError: maximum recursion depth exceeded"},
        {"syntax, the script", "",
         "  File \"@W@/s.py\", line 3\n    def f(:\n          ^\nSyntaxError: invalid syntax\n", "s.py", 3,
         "SyntaxError: invalid syntax"},
        {"syntax, a module", "",
         TB "  File \"@W@/a.py\", line 1, in <module>\n    import s\n  File \"@W@/s.py\", line 3\n    x = = 1\n        "
            "^\nSyntaxError: invalid syntax\n",
         "s.py", 3, "SyntaxError: invalid syntax"},
        {"indentation", "", "  File \"@W@/s.py\", line 4\n    x = 1\nIndentationError: unexpected indent\n", "s.py", 4,
         "IndentationError: unexpected indent"},
        {"segfault", "",
         "Fatal Python error: Segmentation fault\n\nCurrent thread 0x00007f2b (most recent call first):\n  File "
         "\"/usr/lib/python3.11/ctypes/__init__.py\", line 519 in string_at\n"
         "  File \"@W@/seg.py\", line 3 in f\n  File \"@W@/seg.py\", line 5 in <module>\nSegmentation fault (core "
         "dumped)\n",
         "seg.py", 3, "Fatal Python error: Segmentation fault"},
        {"segfault among threads", "",
         "Fatal Python error: Aborted\n\nThread 0x00007f2c (most recent call first):\n  File \"@W@/t.py\", line 50 in "
         "wait\n\nCurrent thread 0x00007f2b (most recent call first):\n"
         "  File \"@W@/t.py\", line 3 in f\n",
         "t.py", 3, "Fatal Python error: Aborted"},
        {"forged frame", "",
         TB "  File \"@W@/f.py\", line 3, in <module>\n    raise ValueError(text)\nValueError: see\n  File "
            "\"@W@/evil.py\", line 666, in x\nSyntaxError: no\n",
         "f.py", 3, "ValueError: see"},
        {"frames without a header", "  File \"@W@/evil.py\", line 1, in x\n", "gave up\n", NULL, 0, "gave up"},
        {"streams in between", "loss 0.3\n", TB "  File \"@W@/i.py\", line 3, in f\n    x\nOSError: y\n", "i.py", 3,
         "OSError: y"},
        {"traceback on stdout", TB "  File \"@W@/o.py\", line 3, in f\n    x\nOSError: y\n", "", "o.py", 3,
         "OSError: y"},
        {"notebook", "",
         "---------------------------------------------------------------------------\nZeroDivisionError              "
         "           Traceback (most recent call last)\n"
         "Cell In[1], line 3\n      1 import m\n----> 3 m.f()\n\nFile @W@/m.py:12, in f()\n     11 def f():\n---> 12  "
         "   1/0\n\nZeroDivisionError: division by zero\n",
         "m.py", 12, "ZeroDivisionError: division by zero"},
        {"handled, then the shell", "",
         TB "  File \"@W@/a.py\", line 3, in f\n    x\nOSError: y\n\nsh: 3: foo: not found\n", NULL, 0,
         "foo: not found"},
        {"R", "", "Error in fit(x) : object 'y' not found\nCalls: main -> fit\nExecution halted\n", NULL, 0,
         "Error in fit(x) : object 'y' not found"},
        {"R, long", "", "Error in library(nothere) : \n  there is no package called ‘nothere’\nExecution halted\n",
         NULL, 0, "Error in library(nothere) : there is no package called ‘nothere’"},
        {"R, with a place", "", "Error in f() (from train.R#3) : bad\nExecution halted\n", "train.R", 3,
         "Error in f() (from train.R#3) : bad"},
        {"R, parse", "",
         "Error in source(\"a.R\") : a.R:3:5: unexpected symbol\n2: \n3: x y\n       ^\nExecution halted\n", "a.R", 3,
         "Error in source(\"a.R\") : a.R:3:5: unexpected symbol"},
        {"R, top level", "", "Error: object 'x' not found\nExecution halted\n", NULL, 0, "Error: object 'x' not found"},
        {"Julia", "",
         "ERROR: LoadError: UndefVarError: `x` not defined\nStacktrace:\n [1] error(s::String)\n   @ Base "
         "./error.jl:35\n [2] f()\n   @ Main @W@/train.jl:3\n [3] top-level scope\n"
         "   @ @W@/train.jl:6\nin expression starting at @W@/train.jl:6\n",
         "train.jl", 3, "UndefVarError: `x` not defined"},
        {"Julia, old", "",
         "ERROR: LoadError: boom\nStacktrace:\n [1] error(::String) at ./error.jl:33\n [2] f() at @W@/t.jl:2\nin "
         "expression starting at @W@/t.jl:4\n",
         "t.jl", 2, "boom"},
        {"shell, dash", "", "sh: 3: foo: not found\n", NULL, 0, "foo: not found"},
        {"shell, bash script", "", "script.sh: line 3: foo: command not found\n", "script.sh", 3,
         "foo: command not found"},
        {"shell, dash script", "", "./tools/run.sh: 12: Syntax error: \"fi\" unexpected\n", "tools/run.sh", 12,
         "Syntax error: \"fi\" unexpected"},
        {"compiler", "",
         "src/a.c: In function ‘main’:\nsrc/a.c:3:5: error: ‘x’ undeclared (first use in this function)\n    3 |     "
         "x = 1;\nsrc/a.c:9:1: error: expected ‘;’\nmake: *** [Makefile:2: a] Error 1\n",
         "src/a.c", 3, "error: ‘x’ undeclared (first use in this function)"},
        {"compiler, fatal", "",
         "@W@/b.c:1:10: fatal error: nothere.h: No such file or directory\ncompilation terminated.\n", "b.c", 1,
         "fatal error: nothere.h: No such file or directory"},
        {"rustc", "", "error[E0425]: cannot find value `x` in this scope\n --> src/main.rs:2:5\n  |\n", "src/main.rs",
         2, "error[E0425]: cannot find value `x` in this scope"},
        {"C++ terminate", "",
         "terminate called after throwing an instance of 'std::runtime_error'\n  what():  bad file\nAborted (core "
         "dumped)\n",
         NULL, 0, "std::runtime_error: bad file"},
        {"last stderr line", "and more\n", "opening\ncannot open data.csv\n\n", NULL, 0, "cannot open data.csv"},
        {"last stdout line", "one\ntwo\n\n", "", NULL, 0, "two"},
        {"make", "", "cp: cannot stat 'a': No such file or directory\nmake: *** [Makefile:2: b] Error 1\n-----\n", NULL,
         0, "cp: cannot stat 'a': No such file or directory"},
        {"killed for memory", "", "run.sh: line 4:  4711 Killed                  python train.py\n", "run.sh", 4,
         "4711 Killed                  python train.py"},
        {"MemoryError", "", TB "  File \"@W@/m.py\", line 2, in <module>\n    x = bytearray(1 << 60)\nMemoryError\n",
         "m.py", 2, "MemoryError"},
        {"CUDA out of memory", "",
         TB
         "  File \"@W@/gpu.py\", line 14, in forward\n    return self.net(x)\n  File "
         "\"/env/lib/python3.11/site-packages/torch/nn/modules/module.py\", line 1739, in _wrapped_call_impl\n    y\n"
         "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of "
         "139.72 GiB\n",
         "gpu.py", 14,
         "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of "
         "139.72 GiB"},
        {"harmful bytes", "", "\033]0;title\aoops\x01 \xff\xfe end\n", NULL, 0, "oops \xef\xbf\xbd\xef\xbf\xbd end"},
        {"a line beyond all", "", TB "  File \"@W@/a.py\", line 99999999999999999999, in f\nE\n", "a.py", 2147483647,
         "E"},
        {"unfinished block", "", TB "  File \"@W@/a.py\", line 3, in f\n", NULL, 0, "File \"@W@/a.py\", line 3, in f"},
        {"silent", "", "", NULL, 0, NULL},
        {"only blank lines", "\n  \n", "", NULL, 0, NULL},
};

static char *with_work(const char *text, const char *work)
{
	struct buf b = BUF_INIT;

	for (const char *p; (p = strstr(text, "@W@")); text = p + 3) {
		buf_add(&b, text, (size_t)(p - text));
		buf_adds(&b, work);
	}
	buf_adds(&b, text);
	return b.len ? buf_steal(&b) : mem_strdup("");
}

static void write_log(const char *folder, const char *out, const char *err)
{
	struct log *l = log_new(folder, 1 << 20);
	struct err e;
	int64_t size;

	assert_int_equal(log_write(l, 0, out, strlen(out), 1000, &e), 0);
	assert_int_equal(log_write(l, 1, err, strlen(err), 2000, &e), 0);
	assert_int_equal(log_finish(l, 3000, &size, &e), 0);
	log_free(l);
}

static void test_corpus(void **state)
{
	const char *dir = *state;
	_free_ char *work = path_join(dir, "work");
	struct err e;
	int bad = 0;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_free_ char *folder = mem_printf("%s/%zu", dir, i);
		_free_ char *out = with_work(cases[i].out, work), *err = with_work(cases[i].err, work);
		_free_ char *want_file = cases[i].file ? with_work(cases[i].file, work) : NULL;
		_free_ char *want = cases[i].message ? with_work(cases[i].message, work) : NULL;
		_free_ char *file = NULL, *message = NULL;
		int line = -1;

		assert_int_equal(file_mkdirs(folder, 0700, &e), 0);
		write_log(folder, out, err);
		assert_int_equal(log_root_error(folder, work, &file, &line, &message, &e), 0);
		if (strcmp(file ? file : "-", want_file ? want_file : "-") != 0 || line != cases[i].line ||
		    strcmp(message ? message : "-", want ? want : "-") != 0) {
			print_error("%s:\n  got  %s:%d: %s\n  want %s:%d: %s\n", cases[i].name, file ? file : "-", line,
			            message ? message : "-", want_file ? want_file : "-", cases[i].line,
			            want ? want : "-");
			bad++;
		}
	}
	assert_int_equal(bad, 0);
}

/* The work folder named through a link: Python reports the real path. */
static void test_work_through_link(void **state)
{
	const char *dir = *state;
	_free_ char *real = path_join(dir, "real"), *link = path_join(dir, "link"), *folder = path_join(dir, "linked");
	struct err e;
	_free_ char *file = NULL, *message = NULL;
	int line;

	assert_int_equal(file_mkdirs(real, 0700, &e), 0);
	assert_int_equal(file_mkdirs(folder, 0700, &e), 0);
	assert_int_equal(symlink("real", link), 0);
	_free_ char *text = with_work(TB "  File \"@W@/a.py\", line 2, in f\n    x\nOSError: y\n", real);
	write_log(folder, "", text);
	assert_int_equal(log_root_error(folder, link, &file, &line, &message, &e), 0);
	assert_string_equal(file, "a.py");
}

/* Only the end of a big log is read, and a very long message is cut on a whole character. */
static void test_big_log(void **state)
{
	const char *dir = *state;
	_free_ char *folder = path_join(dir, "big");
	_free_ char *noise = mem_alloc(2000001), *file = NULL, *message = NULL;
	struct err e;
	int line;

	for (int i = 0; i < 2000000; i++)
		noise[i] = i % 80 == 79 ? '\n' : 'x';
	noise[2000000] = '\0';
	assert_int_equal(file_mkdirs(folder, 0700, &e), 0);
	write_log(folder, noise, TB "  File \"/w/a.py\", line 2, in f\n    x\nOSError: y\n");
	assert_int_equal(log_root_error(folder, "/w", &file, &line, &message, &e), 0);
	assert_string_equal(file, "a.py");
	free(mem_take(file));
	free(mem_take(message));

	_buf_ struct buf b = BUF_INIT;
	for (int i = 0; i < 3000; i++)
		buf_adds(&b, "é");
	write_log(folder, "", b.data);
	assert_int_equal(log_root_error(folder, "/w", &file, &line, &message, &e), 0);
	assert_null(file);
	assert_int_equal(strlen(message), 2000);
}

static void test_no_log(void **state)
{
	char *file = NULL, *message = NULL;
	int line;
	struct err e;

	assert_int_equal(log_root_error("/no/such/folder", "/w", &file, &line, &message, &e), 0);
	assert_null(file);
	assert_null(message);
}

static int set_up(void **state)
{
	struct err e;

	return file_temp_dir("/tmp", "logerr", (char **)state, &e);
}

static int tear_down(void **state)
{
	struct err e;

	file_remove_tree(*state, &e);
	free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_work_through_link),
		cmocka_unit_test(test_big_log),
		cmocka_unit_test(test_no_log),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
