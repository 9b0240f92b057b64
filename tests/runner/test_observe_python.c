/* What a step itself tells of its lookups, by names that it asks for and by notes on a board; a Python does so by its
 * hook. */
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
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/path.h"
#include "runner/process/spawn.h"
#include "runner/process/spawn_filter.h"
#include "runner/trace/observe.h"
#include "runner/trace/observe_board.h"
#include "runner/trace/python_hook.h"

#ifdef JIG_POSIX
int main(void)
{
	return observe_impossible() ? 0 : 1;
}
#else

#include "tests/runner/observe_case.h"

static int look_says(const char *dir)
{
	char path[PATH_MAX];
	struct stat st;
#define SAY(...) (snprintf(path, sizeof path, TRACE_SAYS __VA_ARGS__), access(path, F_OK))

	open("sub", O_RDONLY);
	SAY("list%s/./listed", dir);
	open("listed", O_RDONLY);
	SAY("list%s/twice", dir);
	open("twice", O_RDONLY);
	open("twice", O_RDONLY);
	SAY("source%s/source.py", dir);
	stat("source.py", &st);
	open("source.py", O_RDONLY);
	SAY("source%s/again.py", dir);
	open("again.py", O_RDONLY);
	open("again.py", O_RDONLY);
	SAY("script%s/script.py", dir);
	open("script.py", O_RDONLY);
	open("script.py", O_RDONLY);
	SAY("module/wanted%s", dir);
	SAY("script%s/later.py", dir);
	SAY("module/one%s/sub", dir);
	open("later.py", O_RDONLY);
	SAY("module/nonsense");
	SAY("module/%s/sub", dir);
	SAY("module");
	SAY("unknown/word");
	SAY("list%s/by-child", dir);
	if (fork() == 0) {
		open("by-child", O_RDONLY);
		_exit(0);
	}
	return wait(NULL) > 0 ? 0 : 1;
}

static int make_board(unsigned flags, size_t size, char **ret)
{
	int fd = (int)syscall(SYS_memfd_create, "test", flags);

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		return -1;
	*ret = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return *ret == MAP_FAILED ? -1 : fd;
}

static bool board_taken(int fd)
{
	char path[64];

	snprintf(path, sizeof path, TRACE_SAYS "board/%d", fd);
	return access(path, F_OK) == 0;
}

/* A board of its own, taken; NULL: not. */
static char *new_board(void)
{
	char *text;
	int fd = make_board(MFD_ALLOW_SEALING, OBSERVE_BOARD, &text);
	bool taken = fd >= 0 && board_taken(fd);

	close(fd);
	return taken ? text : NULL;
}

/* One note behind the other; what stands before `at` stays. */
static size_t write_note(char *board, size_t at, char letter, const char *dir, const char *name, int number)
{
	return at + (size_t)snprintf(board + at, OBSERVE_BOARD - at, "%c%s/%s%d", letter, dir, name, number) + 1;
}

static int look_boards(const char *dir)
{
	char *text, path[PATH_MAX];
	struct stat st;
	size_t n = 0;
	int live = 0, file = open("sub", O_RDONLY), plain = open("b-file", O_RDWR | O_CREAT, 0600);

	if (!(text = new_board()))
		return 1;
	for (size_t i = 0; i < 4; i++)
		n = write_note(text, n, "MSRP"[i], dir, "b-", (int)i);
	/* Longer than what is read at once. */
	for (int i = 0; n < 300000; i++)
		n = write_note(text, n, 'S', dir, "b-many-", i);
	write_note(text, n, 'S', dir, "b-last-", 0);
	/* Who writes may be killed. Boards that nobody can write to make room. */
	for (int i = 0; i < 2 * OBSERVE_BOARDS; i++) {
		if (fork() == 0) {
			text = new_board();
			if (text)
				write_note(text, 0, 'S', dir, "b-child-", i);
			raise(SIGKILL);
		}
		wait(NULL);
	}
	while (live <= OBSERVE_BOARDS && new_board())
		live++;
	/* The first is in use. */
	if (live != OBSERVE_BOARDS - 1)
		return 2;
	if (board_taken(999) || board_taken(file) || board_taken(plain))
		return 3;
	snprintf(path, sizeof path, "%s/away", dir);
	if (syscall(SYS_openat, TRACE_AWAY, path, O_RDONLY) >= 0 || errno != ENOENT ||
	    syscall(SYS_newfstatat, TRACE_AWAY, path, &st, 0) == 0 || errno != ENOENT)
		return 4;
	/* As it is no descriptor, it leads nowhere. */
	if (syscall(SYS_openat, TRACE_AWAY, "sub", O_RDONLY) >= 0 || errno != EBADF ||
	    syscall(SYS_newfstatat, TRACE_AWAY, "", &st, AT_EMPTY_PATH) == 0 || errno != EBADF)
		return 5;
	snprintf(path, sizeof path, "%s/near", dir);
	syscall(SYS_faccessat, TRACE_AWAY, path, F_OK);
	return 0;
}

static int look_odd_boards(void)
{
	char *text;

	int fixed = make_board(0, OBSERVE_BOARD, &text), small = make_board(MFD_ALLOW_SEALING, 4096, &text);
	return fixed < 0 || small < 0 || board_taken(fixed) || board_taken(small);
}

static int look_damaged_board(const char *said)
{
	char *text = new_board();

	if (!text)
		return 1;
	if (strcmp(said, "endless") == 0)
		memset(text, 'S', OBSERVE_BOARD);
	else
		memcpy(text, said, strlen(said));
	return 0;
}

static int look(const char *what, const char *arg)
{
	if (strcmp(what, "says") == 0)
		return look_says(arg);
	if (strcmp(what, "boards") == 0)
		return look_boards(arg);
	if (strcmp(what, "odd-boards") == 0)
		return look_odd_boards();
	if (strcmp(what, "damaged-board") == 0)
		return look_damaged_board(arg);
	return 99;
}

static void says(struct watching *w, bool sandboxed)
{
	_lookups_ struct lookups l = { 0 };

	run(w, sandboxed, (const char *const[]){ self_path(), "--look", "says", w->f->dir, NULL }, &l);
	TRUSTED(l);
	HOW("sub", LOOKUP_READ);
	HOW("listed", LOOKUP_STAT);
	HOW("twice", LOOKUP_STAT | LOOKUP_READ);
	HOW("source.py", LOOKUP_STAT | LOOKUP_SOURCE);
	HOW("again.py", LOOKUP_SOURCE | LOOKUP_READ);
	HOW("script.py", LOOKUP_SOURCE);
	HOW("later.py", LOOKUP_READ);
	HOW("wanted", LOOKUP_MODULE);
	HOW("sub/one", LOOKUP_MODULE);
	HOW("by-child", LOOKUP_READ);
	for (size_t i = 0; i < l.paths.len; i++)
		assert_null(strstr(l.paths.entries[i].key, "jig-trace"));
}

static void test_says(void **state)
{
	says(*state, false);
}

static void test_says_in_sandbox(void **state)
{
	NEEDS_SANDBOX;
	says(*state, true);
}

static void boards(struct watching *w, bool sandboxed)
{
	_lookups_ struct lookups l = { 0 };

	run(w, sandboxed, (const char *const[]){ self_path(), "--look", "boards", w->f->dir, NULL }, &l);
	TRUSTED(l);
	HOW("b-0", LOOKUP_MODULE);
	HOW("b-1", LOOKUP_STAT);
	HOW("b-2", LOOKUP_READ);
	HOW("b-3", LOOKUP_SOURCE);
	HOW("b-many-1000", LOOKUP_STAT);
	HOW("b-last-0", LOOKUP_STAT);
	HOW("near", LOOKUP_STAT);
	HOW("away", -1);
	for (int i = 0; i < 2 * OBSERVE_BOARDS; i++) {
		_free_ char *name = mem_printf("b-child-%d", i);

		HOW(name, LOOKUP_STAT);
	}
}

static void test_boards(void **state)
{
	boards(*state, false);
}

static void test_boards_in_sandbox(void **state)
{
	NEEDS_SANDBOX;
	boards(*state, true);
}

static void test_odd_boards(void **state)
{
	static const char *const damages[] = { "no-letter", "Qabsent", "Srelative", "S", "endless" };
	struct watching *w = *state;
	_lookups_ struct lookups odd = { 0 };

	RUN(w, &odd, self_path(), "--look", "odd-boards");
	TRUSTED(odd);
	for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
		_lookups_ struct lookups l = { 0 };

		RUN(w, &l, self_path(), "--look", "damaged-board", damages[i]);
		assert_non_null(l.untrusted);
		assert_non_null(strstr(l.untrusted, "imports"));
	}
}

/* A Python with the hook, run as a step's is. One that may not make files of that size has no board, and asks about all
 * that it looks for. */
static void run_python(struct watching *w, const char *script, bool board, bool compiled, int status,
                       struct lookups *ret)
{
	_free_ char *cache = path_join(w->f->dir, "cache"), *hook = NULL, *path = NULL,
	            *trace = mem_printf("JIG_TRACE=%s", w->f->dir);
	struct err e;

	assert_int_equal(python_hook_folder(cache, &hook, &e), 0);
	path = mem_printf("PYTHONPATH=%s", hook);
	put(w, "main.py", script, 0644);
	const char *argv[] = { "sh", "-c", board ? "exec python3 main.py" : "ulimit -f 1; exec python3 main.py", NULL };
	const char *envp[] = {"PATH=/usr/local/bin:/usr/bin:/bin",           path, trace, "JIG_TRACE_SOURCE=1",
	                      compiled ? NULL : "PYTHONDONTWRITEBYTECODE=1", NULL};
	struct spawn_request r = {.token = 1,
	                          .argv = argv,
	                          .envp = envp,
	                          .cwd = w->f->dir,
	                          .out = w->f->null,
	                          .err = w->f->null,
	                          .attempt_id = ID,
	                          .trace = true};
	assert_int_equal(spawner_spawn(w->f->s, &r, &e), 0);
	struct spawn_event ev = end_of(w, 1);
	observer_end(w->o, 1, ret);
	if (ev.kind == SPAWN_FAILED)
		skip();
	assert_int_equal(ev.status, status);
	TRUSTED(*ret);
}

/* The folder counts by the modules that were looked for, whatever the end. */
static void test_python(void **state)
{
	static const struct { const char *script; int status;
	} cases[] = {
	        {"import local\ntry:\n    import absent\nexcept ImportError: pass\n", 0},
	        {"import local, absent\n", 1 << 8},
	        {"import local, os\nos._exit(0)\n", 0},
	        {"import local, os\nos.execv('/bin/true', ['true'])\n", 0},
	        {"import local, os\nif os.fork():\n    os.wait()\nelse:\n    import absent\n", 0},
	        {"import local, os\nif os.fork():\n    os.wait()\nelse:\n    os.kill(os.getpid(), 9)\n", 0},
	        {"import os\nif os.fork():\n    os.wait()\nelse:\n    import local\n    try:\n        import absent\n  "
	         "  except ImportError: os.kill(os.getpid(), 9)\n",
	         0},
	        {"import os, threading\nt = threading.Thread(target=__import__, "
	         "args=('local',))\nt.start()\nt.join()\n",
	         0},
	        {"import local, os\nos.kill(os.getpid(), 9)\n", 9},
	        {"import local, os, posix\nposix._exit(0)\n", 0},
	        {"import os\nos.closerange(3, 256)\nf = open('made', 'w')\nimport local\nf.write('all')\n", 0},
	};
	struct watching *w = *state;

	put(w, "local.py", "", 0644);
	for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
		const char *script = cases[i / 2].script;
		_lookups_ struct lookups l = { 0 };

		run_python(w, script, i % 2, false, cases[i / 2].status, &l);
		int folder = how(w, &l, w->f->dir), module = how(w, &l, "local"), absent = how(w, &l, "absent"),
		    source = how(w, &l, "local.py");
		if (folder < 0 || folder & LOOKUP_READ || module != LOOKUP_MODULE ||
		    source != (LOOKUP_STAT | LOOKUP_SOURCE))
			fail_msg("%sthe folder %d, the module %d, the source %d", script, folder, module, source);
		if (strstr(script, "absent"))
			assert_int_equal(absent, LOOKUP_MODULE);
	}
	_buf_ struct buf made = BUF_INIT;
	_free_ char *file = path_join(w->f->dir, "made");
	struct err e;
	assert_int_equal(file_read(file, 16, &made, &e), 0);
	assert_string_equal(made.data, "all");
}

/* Whether a path is looked up only to make a board. */
static bool is_of_board(const char *path)
{
	return strstr(path, "mmap") || strstr(path, "lib-dynload");
}

/* With a board and without one the same is looked up in the same ways: read and compiled, found and not, by links, in
 * packages, in a folder that is not there. */
static void test_python_board_hides_nothing(void **state)
{
	static const char script[] =
		"import sys, os, shutil, importlib.util\n"
		"sys.path[1:1] = [os.path.abspath('later'), 'lib', os.path.abspath('linked')]\n"
		"import local, pkg.inner, in_lib, by_link, decimal, xml.dom.minidom\n"
		"for name in 'absent', 'pkg.absent', 'space.absent':\n"
		"    try: __import__(name)\n"
		"    except ImportError: pass\n"
		"assert importlib.util.find_spec('only_found') and importlib.util.find_spec('folder') and not "
		"importlib.util.find_spec('to_nowhere')\n"
		"os.mkdir('later'); open('later/late.py', 'w').close(); importlib.invalidate_caches()\n"
		/* 3.6 remembers that there was no folder. */
		"sys.path_importer_cache.clear()\n"
		"sys.dont_write_bytecode = True\nimport late\n"
		"shutil.rmtree('later')\n";
	static const char *const files[] = {"local.py",       "pkg/__init__.py", "pkg/inner.py",
	                                    "space/there.py", "lib/in_lib.py",   "real/by_link.py",
	                                    "only_found.py",  "folder/x.txt",    "folder.txt"};
	struct watching *w = *state;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		_free_ char *path = path_join(w->f->dir, files[i]);

		assert_int_equal(file_mkdirs_parent(path, 0755, &e), 0);
		put(w, files[i], "", 0644);
	}
	_free_ char *linked = path_join(w->f->dir, "linked"), *nowhere = path_join(w->f->dir, "to_nowhere.py");
	assert_int_equal(symlink("real", linked), 0);
	assert_int_equal(symlink("no-such-file", nowhere), 0);
	for (int compiled = 0; compiled < 2; compiled++) {
		_lookups_ struct lookups first = { 0 }, asked = { 0 }, told = { 0 };

		run_python(w, script, true, compiled, 0, &first);
		run_python(w, script, false, compiled, 0, &asked);
		run_python(w, script, true, compiled, 0, &told);
		assert_true(how(w, &asked, "local.py") == (LOOKUP_STAT | LOOKUP_SOURCE) &&
		            how(w, &asked, "later") >= 0);
		for (size_t i = 0; i < asked.paths.len; i++) {
			const struct map_entry *was = &asked.paths.entries[i], *is = map_find(&told.paths, was->key);

			if (!is || is->num != was->num)
				fail_msg("%s%s: %d, %d with a board", was->key, compiled ? ", compiled" : "",
				         (int)was->num, is ? (int)is->num : -1);
		}
		for (size_t i = 0; i < told.paths.len; i++) {
			const char *path = told.paths.entries[i].key;

			if (!is_of_board(path) && !map_find(&asked.paths, path))
				fail_msg("%s%s: only with a board", path, compiled ? ", compiled" : "");
		}
	}
}

int main(int argc, char **argv)
{
	int status = observe_case_begin(argc, argv, look);
	if (status >= 0)
		return status;
	const struct CMUnitTest tests[] = {
	        CASE(test_says),
	        CASE(test_says_in_sandbox),
	        CASE(test_boards),
	        CASE(test_boards_in_sandbox),
	        CASE(test_odd_boards),
	        CASE(test_python),
	        CASE(test_python_board_hides_nothing),
	        cmocka_unit_test(test_as_ordinary_user),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
