/* The workbench as a whole program under a pseudo-terminal, over the project of tests/lib/gen_screens.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "base/time.h"
#include "tests/lib/vt.h"

static char *jig, *gen, *home, *config, *suppressions;

static void must(int r, const struct err *e)
{
	if (r < 0)
		fail_msg("%s", e->text);
}

static char *self_folder(void)
{
	_free_ char *self = path_self();

	return mem_strndup(self, (size_t)(strrchr(self, '/') - self));
}

static int setup(void **state)
{
	_free_ char *here = self_folder();
	struct err e;

	jig = path_join(here, "../../jig");
	gen = path_join(here, "../lib/gen_screens");
	must(file_temp_dir("/tmp", "jig-workbench", &home, &e), &e);
	config = mem_printf("XDG_CONFIG_HOME=%s/config", home);
	_free_ char *lsan = path_join(home, "lsan");
	/* libgit2's own pattern cache is left to the end of the process. */
	must(file_write(lsan, "leak:libpcre2\n", 14, 0644, &e), &e);
	suppressions = mem_printf("LSAN_OPTIONS=suppressions=%s:print_suppressions=0", lsan);
	putenv(suppressions);
	return access(jig, X_OK) | access(gen, X_OK);
}

static int teardown(void **state)
{
	struct err e;

	must(file_remove_tree(home, &e), &e);
	unsetenv("LSAN_OPTIONS");
	free(jig);
	free(gen);
	free(home);
	free(config);
	free(suppressions);
	return 0;
}

/* A command that has to succeed, in a folder. */
static void run_in(const char *folder, const char *const *argv)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (chdir(folder) < 0 || !freopen("/dev/null", "w", stdout))
			_exit(126);
		execv(argv[0], (char **)argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		;
	if (status)
		fail_msg("%s %s: status %d", argv[0], argv[1], status);
}

/* A project of its own. Owned. */
static char *project(void)
{
	static int n;
	char *folder = mem_printf("%s/%d/penguins", home, ++n);

	run_in("/", (const char *const[]){gen, folder, NULL});
	return folder;
}

static struct vt *start_as(const char *folder, const char *const *more, int rows, int cols)
{
	_free_ char *h = mem_printf("HOME=%s", home);
	const char *env[12] = {h, config, "TZ=UTC", suppressions, "ASAN_OPTIONS=handle_segv=0:handle_abort=0"};
	int n = 5;

	while (more && *more)
		env[n++] = *more++;
	return vt_start(&(struct vt_options){.rows = rows, .cols = cols, .env = env, .cwd = folder},
	                (const char *const[]){jig, NULL});
}

static struct vt *start(const char *folder)
{
	return start_as(folder, NULL, 24, 80);
}

static void it_starts_and_leaves_the_terminal_as_it_was(void **state)
{
	_free_ char *folder = project();
	struct vt *v = start(folder);

	assert_true(vt_wait_text(v, "calm-otter"));
	assert_true(vt_wait_row(v, 0, "penguins ▸ runs"));
	assert_true(vt_mode(v, 1049));
	assert_false(vt_cursor(v, NULL, NULL));
	vt_keys(v, "Down Down Down Enter");
	assert_true(vt_wait_row(v, 0, "dull-heron"));
	assert_true(vt_wait_text(v, "could not convert"));
	vt_keys(v, "1");
	assert_true(vt_wait_text(v, "Traceback"));
	vt_keys(v, "Esc Esc");
	assert_true(vt_wait_row(v, 0, "penguins ▸ runs"));
	assert_true(vt_quit(v));
}

static bool cursor_is_shown(struct vt *v, void *arg)
{
	return vt_cursor(v, NULL, NULL);
}

static void a_filter_is_typed_where_the_cursor_stands(void **state)
{
	_free_ char *folder = project();
	struct vt *v = start(folder);

	assert_true(vt_wait_text(v, "calm-otter"));
	vt_keys(v, "/");
	assert_true(vt_wait(v, cursor_is_shown, NULL, "the cursor"));
	vt_paste(v, "state = failed");
	assert_true(vt_wait_gone(v, "calm-otter"));
	assert_true(vt_wait_text(v, "5 of 38"));
	vt_keys(v, "Enter");
	assert_true(vt_wait_row(v, 0, "state = failed"));
	vt_keys(v, "Esc");
	assert_true(vt_wait_text(v, "calm-otter"));
	assert_true(vt_quit(v));
}

static void signals_give_the_terminal_back(void **state)
{
	static const int signals[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGSEGV};
	_free_ char *folder = project();

	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		struct vt *v = start(folder);
		int status;

		assert_true(vt_wait_text(v, "calm-otter"));
		kill(vt_pid(v), signals[i]);
		assert_true(vt_wait_end(v, &status));
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), signals[i]);
		assert_true(vt_modes_restored(v));
		vt_free(v);
	}
}

static void it_stops_and_comes_back(void **state)
{
	_free_ char *folder = project();
	struct vt *v = start(folder);

	assert_true(vt_wait_text(v, "calm-otter"));
	vt_keys(v, "Ctrl-z");
	assert_true(vt_wait_stop(v));
	assert_true(vt_modes_restored(v));
	vt_foreground(v);
	assert_true(vt_wait_text(v, "calm-otter"));
	assert_true(vt_mode(v, 1049));
	vt_keys(v, "Down");
	assert_true(vt_wait_text(v, "▌ 37"));
	assert_true(vt_quit(v));
}

static void it_takes_any_size_at_any_moment(void **state)
{
	static const int sizes[][2] = {{40, 120}, {10, 40}, {60, 200}, {24, 80}};
	_free_ char *folder = project();
	struct vt *v = start(folder);

	assert_true(vt_wait_text(v, "calm-otter"));
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		vt_resize(v, 9, 39);
		assert_true(vt_wait_text(v, "39×9 is too small"));
		vt_resize(v, sizes[i][0], sizes[i][1]);
		assert_true(vt_wait_text(v, "calm-otter"));
		assert_true(vt_wait_row(v, -1, "Enter open"));
	}
	assert_true(vt_quit(v));
}

static void terminals_that_cannot_are_told_what_to_do(void **state)
{
	static const struct {
		const char *env, *wanted;
	} rows[] = {{"TERM=dumb", "TERM=xterm-256color"},
	            {"TERM", "TERM=xterm-256color"},
	            {"TERM=no-such-terminal", "TERM=xterm-256color"}};
	_free_ char *folder = project();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct vt *v = start_as(folder, (const char *const[]){rows[i].env, NULL}, 24, 200);
		int status;

		assert_true(vt_wait_end(v, &status));
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 2);
		assert_true(vt_wait_text(v, rows[i].wanted));
		assert_true(vt_modes_restored(v));
		vt_free(v);
	}
}

static void idle_it_writes_nothing(void **state)
{
	_free_ char *folder = project();
	struct vt *v = start(folder);
	size_t n;

	assert_true(vt_wait_text(v, "calm-otter"));
	/* What is asked beside the list has come too. */
	assert_true(vt_wait_quiet(v, 2000));
	vt_mark(v);
	assert_true(vt_wait_quiet(v, 3000));
	vt_since(v, &n);
	assert_int_equal(n, 0);
	assert_true(vt_quit(v));
}

static void what_others_write_is_shown(void **state)
{
	_free_ char *folder = project();
	struct vt *v = start(folder);

	assert_true(vt_wait_text(v, "calm-otter"));
	vt_keys(v, "/");
	vt_type(v, "calm");
	assert_true(vt_wait_text(v, "1 of 38"));
	vt_keys(v, "Enter");
	assert_true(vt_wait_text(v, "the one to beat"));
	run_in(folder, (const char *const[]){jig, "note", "calm-otter", "no longer", NULL});
	assert_true(vt_wait_text(v, "no longer"));
	assert_true(vt_quit(v));
}

/* One Esc after the other: two at once are Alt-Esc. */
static void back_to_runs(struct vt *v)
{
	for (int i = 0; i < 8 && !vt_find(v, "this is the first screen", &(int){0}, &(int){0}); i++) {
		vt_keys(v, "Esc");
		assert_true(vt_wait_quiet(v, 100));
	}
	assert_true(vt_wait_text(v, "this is the first screen"));
	assert_true(vt_wait_row(v, 0, "▸ runs"));
}

static void a_run_may_go_while_it_is_looked_at(void **state)
{
	static const char *const keys[] = {"", "1", "2", "3", "T"};
	_free_ char *folder = project();

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		_free_ char *number = mem_printf("%d", 25 - (int)i);
		_free_ char *filter = mem_printf("number = %s", number);
		struct vt *v = start(folder);

		assert_true(vt_wait_text(v, "calm-otter"));
		vt_keys(v, "/");
		vt_type(v, filter);
		assert_true(vt_wait_text(v, "1 of "));
		vt_keys(v, "Enter Enter");
		assert_true(vt_wait_row(v, 0, "sweep-"));
		if (*keys[i]) {
			vt_keys(v, keys[i]);
			assert_true(vt_wait_row(v, 0,
			                        *keys[i] == 'T'   ? "timeline"
			                        : *keys[i] == '1' ? "log"
			                        : *keys[i] == '2' ? "metrics"
			                                          : "files"));
		}
		run_in(folder, (const char *const[]){jig, "rm", number, "-y", NULL});
		assert_true(vt_wait_text(v, "deleted"));
		vt_keys(v, "Down Up Enter Tab g G y");
		back_to_runs(v);
		assert_true(vt_quit(v));
	}
}

static void write_config(const char *name, const char *text)
{
	_free_ char *path = mem_printf("%s/config/jig/%s", home, name);
	struct err e;

	must(file_mkdirs_parent(path, 0755, &e), &e);
	must(file_write(path, text, strlen(text), 0644, &e), &e);
}

static void faults_of_tastes_are_told_in_the_status_line(void **state)
{
	static const struct {
		const char *config, *theme, *wanted;
	} rows[] = {
	        {"theme = nosuch\n", NULL, "nosuch"},
	        {"key rums c = delete\n", NULL, "config:1: there is no screen \"rums\" (did you mean \"runs\"?) (/"},
	        {"key rums c = delete\nkey runs c = delet\n", NULL, "(did you mean \"runs\"?), and 1 more (/"},
	        {"key runs c = delet\n", NULL, "did you mean \"delete\""},
	        {"colour = red\n", NULL, "colour"},
	        {"theme = mine\n", "text = pink\n", "pink"},
	};
	_free_ char *folder = project(), *own = mem_printf("%s/config/jig", home);
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		write_config("config", rows[i].config);
		if (rows[i].theme)
			write_config("themes/mine", rows[i].theme);
		/* Wide, for the path of a theme stands before its fault. */
		struct vt *v = start_as(folder, NULL, 24, 200);
		assert_true(vt_wait_text(v, "calm-otter"));
		assert_true(vt_wait_row(v, -1, rows[i].wanted));
		vt_keys(v, "Down");
		assert_true(vt_wait_row(v, -1, "Enter open"));
		assert_true(vt_quit(v));
	}
	write_config("config", "key runs c = quit\n");
	struct vt *v = start(folder);
	int status;
	assert_true(vt_wait_text(v, "calm-otter"));
	vt_keys(v, "c");
	assert_true(vt_wait_end(v, &status));
	assert_int_equal(status, 0);
	vt_free(v);
	must(file_remove_tree(own, &e), &e);
}

static void sql(const char *folder, const char *text)
{
	_free_ char *path = path_join(folder, ".jig/jig.db");
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void assert_refused(const char *folder, const char *wanted)
{
	struct vt *v = start_as(folder, NULL, 24, 200);
	int status;

	assert_true(vt_wait_end(v, &status));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
	assert_true(vt_wait_text(v, wanted));
	assert_true(vt_modes_restored(v));
	vt_free(v);
}

static void records_that_cannot_be_read_are_told(void **state)
{
	_free_ char *folder = project(), *path = path_join(folder, ".jig/jig.db");
	struct err e;

	sql(folder, "PRAGMA user_version = 999");
	assert_refused(folder, "newer jig");
	must(file_write(path, "this is no database, and never was one; it only has its name", 60, 0644, &e), &e);
	assert_refused(folder, "jig.db");
}

static void a_writer_that_takes_long_holds_nobody_up(void **state)
{
	_free_ char *folder = project(), *path = path_join(folder, ".jig/jig.db");
	sqlite3 *db;
	/* What was under way is buried before the record is held. */
	run_in(folder, (const char *const[]){jig, "ls", NULL});
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	struct vt *v = start(folder);

	assert_true(vt_wait_text(v, "calm-otter"));
	vt_keys(v, "Down Down Down Enter");
	assert_true(vt_wait_text(v, "could not convert"));
	assert_true(vt_quit(v));
	sqlite3_close(db);
}

/* All rows but the last, which names the action. */
static char *upper_rows(struct vt *v)
{
	_buf_ struct buf all = BUF_INIT;
	int rows, cols;

	vt_size(v, &rows, &cols);
	for (int i = 0; i < rows - 1; i++) {
		_free_ char *row = vt_row(v, i);

		buf_addf(&all, "%s\n", row);
	}
	return mem_strdup(all.data);
}

/* What differences made of the screen is what a drawing from nothing makes of it. */
static void differences_add_up_to_the_screen(void **state)
{
	static const char *const keys[] = {"Down", "Down", "Enter", "Down", "Down",  "Up",   "1", "2", "3",   "4", "5",
	                                   "6",    "Esc",  "Enter", "T",    "Esc",   "L",    "z", "z", "Esc", "G", "g",
	                                   "PgDn", "PgUp", "Space", "z",    "Right", "Left", "k", "j"};
	_free_ char *folder = project();
	struct vt *v = start_as(folder, NULL, 30, 110);
	uint64_t random = 7;

	assert_true(vt_wait_text(v, "calm-otter"));
	for (int round = 0; round < 30; round++) {
		for (int i = 0; i < 6; i++) {
			random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
			vt_keys(v, keys[(random >> 33) % ARRAY_LEN(keys)]);
		}
		/* Keys are taken in order: when the help stands, the others were drawn. */
		vt_keys(v, "F1");
		assert_true(vt_wait_text(v, "─ help: "));
		vt_keys(v, "Esc");
		assert_true(vt_wait_gone(v, "─ help: "));
		assert_true(vt_wait_quiet(v, 60));
		_free_ char *before = upper_rows(v);
		vt_mark(v);
		vt_keys(v, "Ctrl-l");
		assert_true(vt_wait_bytes(v, "\x1b[2J"));
		assert_true(vt_wait_quiet(v, 60));
		_free_ char *after = upper_rows(v);
		assert_string_equal(before, after);
	}
	assert_true(vt_quit(v));
}

static void first_contact_writes_only_what_was_agreed_to(void **state)
{
	_free_ char *folder = mem_printf("%s/new", home), *script = path_join(folder, "train.py"),
	            *yaml = path_join(folder, "jig.yaml");
	struct err e;

	must(file_mkdirs(folder, 0755, &e), &e);
	must(file_write(script, "print(1)\n", 9, 0644, &e), &e);
	struct vt *v = start(folder);
	assert_true(vt_wait_text(v, "There is no jig.yaml"));
	assert_true(vt_wait_text(v, "train.py"));
	vt_keys(v, "Enter");
	assert_true(vt_wait_row(v, -1, "write this as jig.yaml"));
	vt_keys(v, "x y Esc");
	assert_true(vt_wait_row(v, -1, "quit"));
	assert_int_not_equal(access(yaml, F_OK), 0);
	vt_keys(v, "Enter");
	assert_true(vt_wait_row(v, -1, "write this as jig.yaml"));
	vt_keys(v, "Enter");
	assert_true(vt_wait_text(v, "No run yet"));
	assert_int_equal(access(yaml, F_OK), 0);
	assert_true(vt_quit(v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(it_starts_and_leaves_the_terminal_as_it_was),
	        cmocka_unit_test(a_filter_is_typed_where_the_cursor_stands),
	        cmocka_unit_test(signals_give_the_terminal_back),
	        cmocka_unit_test(it_stops_and_comes_back),
	        cmocka_unit_test(it_takes_any_size_at_any_moment),
	        cmocka_unit_test(terminals_that_cannot_are_told_what_to_do),
	        cmocka_unit_test(idle_it_writes_nothing),
	        cmocka_unit_test(what_others_write_is_shown),
	        cmocka_unit_test(a_run_may_go_while_it_is_looked_at),
	        cmocka_unit_test(faults_of_tastes_are_told_in_the_status_line),
	        cmocka_unit_test(records_that_cannot_be_read_are_told),
	        cmocka_unit_test(a_writer_that_takes_long_holds_nobody_up),
	        cmocka_unit_test(differences_add_up_to_the_screen),
	        cmocka_unit_test(first_contact_writes_only_what_was_agreed_to),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
