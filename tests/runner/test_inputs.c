/* "Not read again" is shown by a cache that says something else than the file. */
#include "pipeline_case.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "base/text.h"
#include "runner/work/inputs.h"
#include "runner/work/inputs_cache.h"
#include "store/tree.h"
#include "tests/lib/put_whole.h"

static char *jig, *cache_path;
static struct store *store;
static struct inputs *in;

static int setup(void **state)
{
	if (case_setup(state) < 0)
		return -1;
	jig = path_join(case_root, ".jig");
	cache_path = path_join(jig, "inputs.cache");
	store = store_new(jig);
	return file_mkdirs(jig, 0755, &case_e);
}

static int teardown(void **state)
{
	inputs_free(in);
	in = NULL;
	store_free(store);
	free(jig);
	free(cache_path);
	return case_teardown(state);
}
#define inputs_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static char *at(const char *rel)
{
	return path_join(case_root, rel);
}

static int try_read(bool dry, const struct inputs_recorded *recorded)
{
	struct inputs_options o = {
	        .pipeline = case_p, .root = case_root, .jig = jig, .store = store, .dry = dry, .recorded = recorded};

	inputs_free(in);
	in = NULL;
	buf_reset(&case_faults);
	int r = inputs_read(&o, &in, &case_faults, &case_e);
	_free_ bool *steps = mem_alloc(case_p->nsteps);
	memset(steps, true, case_p->nsteps);
	return r < 0 ? r : inputs_keep(in, steps, &case_e);
}

static void read_now(void)
{
	if (try_read(false, NULL) < 0)
		fail_msg("%s", case_e.text);
}

/* What the first step is handed, "path form hex8 …" in order. */
static char *handed(void)
{
	_arena_ struct arena a = ARENA_INIT;
	_buf_ struct buf out = BUF_INIT;
	struct facts f = { 0 };

	assert_int_equal(inputs_of(in, case_p, 0, NULL, store, &a, &f, &case_e), 0);
	for (size_t i = 0; i < f.len; i++) {
		char hex[DIGEST_HEX + 1];

		digest_to_hex(&f.v[i].digest, hex);
		buf_addf(&out, "%s%s %s %.8s", i ? " | " : "", f.v[i].path, word_of(WORDS_FORM, f.v[i].form)->text,
		         hex);
	}
	vec_release(&f);
	return buf_steal(&out);
}
#define assert_handed(want)                          \
	do {                                         \
		_free_ char *got_ = handed();        \
		assert_string_equal(got_, (want));   \
	} while (0)

static struct digest digest_of(const char *text)
{
	struct digest d;

	sha256_bytes(text, strlen(text), &d);
	return d;
}

/* A file that was last changed so long ago that it is no longer racy: there is no way to set a time of change, so what
 * could be racy is waited for. */
static void settle(const char *rel)
{
	_free_ char *path = at(rel);
	struct stat st;
	struct timespec now;

	assert_int_equal(lstat(path, &st), 0);
	do {
		usleep(5000);
		clock_gettime(CLOCK_REALTIME, &now);
	} while (inputs_racy(&st, now.tv_sec * 1000000000LL + now.tv_nsec));
}

/* Makes the cache say that the input, as it looks now, is `text`, which is put into the store. False: it is not in the
 * cache. */
static bool lie(const char *rel, const char *text, bool stored)
{
	struct inputs_cache *c = inputs_cache_open(cache_path);
	_free_ char *path = at(rel);
	struct inputs_look look = { 0 };
	struct digest d = digest_of(text), was;
	int64_t size;
	bool known;

	assert_int_equal(stat(path, &look.st), 0);
	known = inputs_cache_find(c, rel, &look, &was, &size);
	if (known) {
		inputs_cache_add(c, rel, &look, &d, (int64_t)strlen(text));
		if (stored)
			assert_int_equal(put_whole(store, text, strlen(text), &d, &case_e), 0);
	}
	inputs_cache_close(c);
	return known;
}

static const char one_file[] = "steps: {a: {run: \"true\", inputs: [data/x.csv]}}\n";
#define ONE "data/x.csv file 6b86b273" /* "1" */
#define TWO "data/x.csv file d4735e3a" /* "2" */

static void with_one_file(void)
{
	case_file("data/x.csv", "1");
	settle("data/x.csv");
	good(one_file);
	read_now();
	assert_handed(ONE);
}

static void test_an_unchanged_file_is_not_read(void **state)
{
	struct stat before, after;

	with_one_file();
	assert_true(lie("data/x.csv", "lie", true));
	assert_int_equal(stat(cache_path, &before), 0);
	for (int i = 0; i < 3; i++) {
		read_now();
		char *got = handed();
		struct digest d = digest_of("lie");
		char hex[DIGEST_HEX + 1];
		digest_to_hex(&d, hex);
		assert_memory_equal(strrchr(got, ' ') + 1, hex, 8);
		free(got);
	}
	/* Nothing was learnt: nothing was written. */
	assert_int_equal(stat(cache_path, &after), 0);
	assert_true(before.st_ino == after.st_ino);
}

static void test_same_size_and_mtime(void **state)
{
	_free_ char *path = NULL;
	struct stat st;

	with_one_file();
	path = at("data/x.csv");
	assert_int_equal(stat(path, &st), 0);
	case_file("data/x.csv", "2");
	struct timespec times[2] = { st.st_atim, st.st_mtim };
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	read_now();
	assert_handed(TWO);
}

static void test_replaced_by_rename(void **state)
{
	_free_ char *from = NULL, *to = NULL;
	struct stat st;

	case_file("data/y.csv", "2");
	with_one_file();
	from = at("data/y.csv"), to = at("data/x.csv");
	assert_int_equal(stat(to, &st), 0);
	struct timespec times[2] = { st.st_atim, st.st_mtim };
	assert_int_equal(utimensat(AT_FDCWD, from, times, 0), 0);
	assert_int_equal(rename(from, to), 0);
	read_now();
	assert_handed(TWO);
}

static void test_a_racy_file_is_not_remembered(void **state)
{
	struct stat st = { 0 };

	/* Times to come: it always could change once more without changing them. */
	case_file("data/x.csv", "1");
	_free_ char *path = at("data/x.csv");
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = time_now() / US_PER_S + 86400 } };
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	good(one_file);
	read_now();
	assert_false(lie("data/x.csv", "lie", true));

	st.st_ctim = st.st_mtim = (struct timespec){ .tv_sec = 1000, .tv_nsec = 1 };
	assert_true(inputs_racy(&st, 1000 * 1000000000LL + 2));
	assert_false(inputs_racy(&st, 1001 * 1000000000LL));
	st.st_ctim.tv_nsec = st.st_mtim.tv_nsec = 0; /* whole seconds */
	assert_true(inputs_racy(&st, 1001 * 1000000000LL));
	assert_false(inputs_racy(&st, 1003 * 1000000000LL));
}

static void test_file_and_folder_change_places(void **state)
{
	_free_ char *path = NULL, *inside = NULL;

	with_one_file();
	path = at("data/x.csv"), inside = at("data/x.csv/z");
	assert_int_equal(unlink(path), 0);
	case_file("data/x.csv/z", "1");
	settle("data/x.csv/z");
	read_now();
	_free_ char *folder = handed();
	assert_true(text_starts(folder, "data/x.csv folder "));
	read_now();
	assert_handed(folder);
	assert_int_equal(unlink(inside), 0);
	assert_int_equal(rmdir(path), 0);
	case_file("data/x.csv", "2");
	read_now();
	assert_handed(TWO);
}

static void test_a_broken_cache_is_ignored(void **state)
{
	_buf_ struct buf whole = BUF_INIT;
	with_one_file();
	assert_true(lie("data/x.csv", "lie", true));
	assert_int_equal(file_read(cache_path, 1 << 20, &whole, &case_e), 0);
	for (size_t i = 0; i < whole.len; i++) {
		whole.data[i] ^= 0x20;
		assert_int_equal(file_write(cache_path, whole.data, whole.len, 0600, &case_e), 0);
		whole.data[i] ^= 0x20;
		struct inputs_cache *c = inputs_cache_open(cache_path);
		_free_ char *path = at("data/x.csv");
		struct inputs_look look = { 0 };
		struct digest d;
		int64_t size;
		assert_int_equal(stat(path, &look.st), 0);
		assert_false(inputs_cache_find(c, "data/x.csv", &look, &d, &size));
		inputs_cache_close(c);
	}
	for (size_t n = 0; n < whole.len; n += 7) {
		assert_int_equal(file_write(cache_path, whole.data, n, 0600, &case_e), 0);
		read_now();
		assert_handed(ONE);
	}
	/* A folder in its place: it can be neither read nor written. */
	assert_int_equal(unlink(cache_path), 0);
	assert_int_equal(mkdir(cache_path, 0700), 0);
	read_now();
	assert_handed(ONE);
}

static void test_two_processes_at_once(void **state)
{
	good("steps: {a: {run: \"true\", inputs: [data/x.csv]}, b: {run: \"true\", inputs: [data/y.csv]}}\n");
	case_file("data/x.csv", "1");
	case_file("data/y.csv", "2");
	settle("data/y.csv");
	/* One began before the other ended: neither loses what the other learnt. */
	struct inputs_cache *early = inputs_cache_open(cache_path);
	struct inputs_look x = { 0 }, y = { 0 };
	_free_ char *px = at("data/x.csv"), *py = at("data/y.csv");
	struct digest d = digest_of("1"), got;
	int64_t size;
	assert_int_equal(stat(px, &x.st), 0);
	assert_int_equal(stat(py, &y.st), 0);
	struct inputs_cache *late = inputs_cache_open(cache_path);
	inputs_cache_add(early, "data/x.csv", &x, &d, 1);
	inputs_cache_add(late, "data/y.csv", &y, &d, 1);
	inputs_cache_close(early);
	inputs_cache_close(late);
	early = inputs_cache_open(cache_path);
	assert_true(inputs_cache_find(early, "data/x.csv", &x, &got, &size));
	assert_true(inputs_cache_find(early, "data/y.csv", &y, &got, &size));
	inputs_cache_close(early);
	assert_int_equal(unlink(cache_path), 0);

	pid_t child[4];
	for (size_t i = 0; i < ARRAY_LEN(child); i++) {
		child[i] = fork();
		assert_true(child[i] >= 0);
		if (child[i] == 0) {
			bool fine = true;
			for (int k = 0; k < 20 && fine; k++) {
				fine = try_read(false, NULL) == 0;
				if (k % 5 == 4)
					unlink(cache_path);
			}
			_exit(fine ? 0 : 1);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(child); i++) {
		int status;
		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		assert_int_equal(status, 0);
	}
	read_now();
	assert_handed(ONE);
	/* No temporary file is left. */
	_free_ char *left = mem_printf("%s.%ld", cache_path, (long)child[0]);
	assert_false(file_exists(left));
}

static void test_what_the_store_lost_is_stored_again(void **state)
{
	struct digest one = digest_of("1"), z = digest_of("zz");

	with_one_file();
	assert_int_equal(store_remove(store, &one, &case_e), 0);
	read_now();
	assert_handed(ONE);
	assert_true(store_has(store, &one, NULL));

	case_file("more/sub/z", "zz");
	settle("more/sub/z");
	good("steps: {a: {run: \"true\", inputs: [more/]}}\n");
	read_now();
	_free_ char *folder = handed();
	/* A file of the folder, though its list is there; then the list. */
	assert_int_equal(store_remove(store, &z, &case_e), 0);
	read_now();
	assert_handed(folder);
	assert_true(store_has(store, &z, NULL));
	struct facts f = { 0 };
	_arena_ struct arena a = ARENA_INIT;
	assert_int_equal(inputs_of(in, case_p, 0, NULL, store, &a, &f, &case_e), 0);
	assert_int_equal(f.len, 1);
	assert_int_equal(f.v[0].size, 2);
	assert_int_equal(store_remove(store, &f.v[0].digest, &case_e), 0);
	read_now();
	assert_handed(folder);
	assert_true(store_has(store, &f.v[0].digest, NULL));
	vec_release(&f);
}

static void cut_off(const struct digest *d)
{
	_free_ char *path = store_path(store, d);

	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(truncate(path, 0), 0);
}

static void test_what_has_another_size_is_stored_again(void **state)
{
	struct digest one = digest_of("1"), z = digest_of("zz");

	with_one_file();
	cut_off(&one);
	read_now();
	assert_handed(ONE);
	assert_int_equal(store_check(store, &one, &case_e), 0);

	case_file("more/sub/z", "zz");
	settle("more/sub/z");
	good("steps: {a: {run: \"true\", inputs: [more/]}}\n");
	read_now();
	cut_off(&z);
	read_now();
	assert_int_equal(store_check(store, &z, &case_e), 0);
}

/* An empty folder inside has no object. */
static void test_recorded_empty_folder_is_there(void **state)
{
	struct facts f = { 0 };
	_arena_ struct arena a = ARENA_INIT;

	case_file("more/z", "zz");
	_free_ char *empty = at("more/none");
	assert_int_equal(mkdir(empty, 0755), 0);
	good("steps: {a: {run: \"true\", inputs: [more/]}}\n");
	read_now();
	_free_ char *was = handed();
	assert_int_equal(inputs_of(in, case_p, 0, NULL, store, &a, &f, &case_e), 0);
	f.v[0].path = "more";
	struct inputs_recorded rec = { .v = f.v, .len = f.len, .run = 7 };
	case_file("more/z", "changed");
	assert_int_equal(try_read(false, &rec), 0);
	assert_handed(was);
	vec_release(&f);
}

static void test_dry_stores_nothing(void **state)
{
	_free_ char *objects = path_join(jig, "objects");
	struct digest one = digest_of("1");

	case_file("data/x.csv", "1");
	case_file("more/z", "zz");
	settle("more/z");
	good("steps: {a: {run: \"true\", inputs: [data/x.csv, more/]}}\n");
	assert_int_equal(try_read(true, NULL), 0);
	_free_ char *dry = handed();
	assert_false(file_exists(objects));
	/* What was hashed is known, and stored where it is asked. */
	read_now();
	assert_handed(dry);
	assert_true(store_has(store, &one, NULL));
	/* Without a store too, and without a place for the cache. */
	struct inputs_options o = { .pipeline = case_p, .root = case_root };
	inputs_free(in);
	in = NULL;
	assert_int_equal(inputs_read(&o, &in, NULL, &case_e), 0);
	assert_handed(dry);
}

static void test_folders(void **state)
{
	struct inputs_look look = { 0 };
	_free_ char *path = at("more"), *was = NULL, *now = NULL;
	struct digest d;
	int64_t size;

	case_file("more/a", "1");
	case_file("more/sub/b", "2");
	_free_ char *link = at("more/l");
	assert_int_equal(symlink("a", link), 0);
	settle("more/sub/b");
	_free_ char *b = at("more/sub/b");
	struct stat st;
	assert_int_equal(lstat(link, &st), 0);
	good("steps: {a: {run: \"true\", inputs: [more/]}}\n");
	settle("more/l");
	read_now();
	was = handed();
	/* It is known by what lies in it: a look without that does not fit. */
	struct inputs_cache *c = inputs_cache_open(cache_path);
	assert_int_equal(stat(path, &look.st), 0);
	assert_false(inputs_cache_find(c, "more", &look, &d, &size));
	inputs_cache_close(c);

	/* Same size and time. */
	assert_int_equal(stat(b, &st), 0);
	case_file("more/sub/b", "3");
	struct timespec times[2] = { st.st_atim, st.st_mtim };
	assert_int_equal(utimensat(AT_FDCWD, b, times, 0), 0);
	read_now();
	now = handed();
	assert_string_not_equal(now, was);
	case_file("more/sub/b", "2");
	read_now();
	assert_handed(was);
	/* A name more, a mode, a link's target, an empty folder. */
	case_file("more/sub/c", "");
	read_now();
	free(now);
	now = handed();
	assert_string_not_equal(now, was);
	_free_ char *c_path = at("more/sub/c");
	assert_int_equal(unlink(c_path), 0);
	read_now();
	assert_handed(was);
	assert_int_equal(chmod(b, 0755), 0);
	read_now();
	free(now);
	now = handed();
	assert_string_not_equal(now, was);
	assert_int_equal(chmod(b, 0644), 0);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("sub/b", link), 0);
	read_now();
	free(now);
	now = handed();
	assert_string_not_equal(now, was);
}

static void test_globs_and_links(void **state)
{
	_free_ char *text = mem_printf(
	        "steps: {a: {run: \"true\", inputs: [\"data/*.csv\", data/x.csv, {link: %s/far}]}}\n", case_root);

	case_file("data/x.csv", "1");
	case_file("data/y.csv", "2");
	case_file("data/z.txt", "3");
	case_file("far", "1");
	settle("far");
	good(text);
	read_now();
	_free_ char *want =
	        mem_printf("%s/far link 6b86b273 | data/x.csv file 6b86b273 | data/y.csv file d4735e3a", case_root);
	assert_handed(want);
	assert_true(lie("data/y.csv", "1", true));
	read_now();
	_free_ char *lied =
	        mem_printf("%s/far link 6b86b273 | data/x.csv file 6b86b273 | data/y.csv file 6b86b273", case_root);
	assert_handed(lied);
	case_file("data/y.csv", "2");
	read_now();
	assert_handed(want);
}

static struct fact recorded_file(const char *path, const char *text)
{
	struct fact f = {
	        .path = path, .form = FORM_FILE, .has_digest = true, .size = (int64_t)strlen(text), .mode = 0644};

	assert_int_equal(put_whole(store, text, strlen(text), &f.digest, &case_e), 0);
	return f;
}

static void test_recorded(void **state)
{
	struct fact v[] = {recorded_file("data/x.csv", "2"),
	                   recorded_file("data/w.csv", "1"),
	                   {.path = "/nowhere", .form = FORM_LINK}};
	struct inputs_recorded rec = { .v = v, .len = 3, .run = 12 };

	with_one_file();
	assert_int_equal(try_read(false, &rec), 0);
	assert_handed(TWO);
	/* The file itself need not be there any more, and what the cache knows of it stays. */
	_free_ char *path = at("data/x.csv"), *aside = at("aside");
	assert_int_equal(rename(path, aside), 0);
	assert_int_equal(try_read(false, &rec), 0);
	assert_handed(TWO);
	/* A pattern takes what matches, and only that. */
	case_file("data/new.csv", "3");
	good("steps: {a: {run: \"true\", inputs: [\"data/*.csv\"]}}\n");
	assert_int_equal(try_read(false, &rec), 0);
	assert_handed("data/w.csv file 6b86b273 | data/x.csv file d4735e3a");
	/* What was not recorded is as it is now. */
	good("steps: {a: {run: \"true\", inputs: [data/new.csv, \"a*e\"]}}\n");
	assert_int_equal(try_read(true, &rec), 0);
	assert_handed("aside file 6b86b273 | data/new.csv file 4e074085");
}

static void test_recorded_and_collected(void **state)
{
	struct fact v[] = {recorded_file("data/x.csv", "2"),
	                   {.path = "data/f", .form = FORM_FOLDER, .has_digest = true}};
	struct inputs_recorded rec = { .v = v, .len = 2, .run = 12 };
	struct digest z = digest_of("zz");

	case_file("data/x.csv", "1");
	case_file("data/f/z", "zz");
	_free_ char *folder = at("data/f");
	assert_int_equal(tree_put(store, folder, STORE_COPY, &v[1].digest, NULL, &case_e), 0);
	good("steps: {a: {run: \"true\", inputs: [data/x.csv, data/f/]}}\n");
	assert_int_equal(try_read(false, &rec), 0);
	assert_int_equal(store_remove(store, &v[0].digest, &case_e), 0);
	assert_int_equal(store_remove(store, &z, &case_e), 0);
	for (int dry = 0; dry < 2; dry++) {
		assert_int_equal(try_read(dry, &rec), ERR_USAGE);
		assert_non_null(
		        strstr(case_faults.data,
		               "step \"a\": input \"data/x.csv\" of run 12 is no longer in the store; `--code work`"));
		assert_non_null(strstr(case_faults.data, "input \"data/f\" of run 12 is no longer in the store"));
	}
	good("steps: {a: {run: \"true\", inputs: [\"data/*.csv\"]}}\n");
	assert_int_equal(try_read(true, &rec), ERR_USAGE);
	assert_non_null(strstr(
	        case_e.text, "input \"data/*.csv\" matches \"data/x.csv\" of run 12, which is no longer in the store"));
}

static void test_faults(void **state)
{
	case_file("data/x.csv", "1");
	_free_ char *loop = at("data/loop"), *nothing = at("data/nothing"), *fifo = at("data/fifo");
	assert_int_equal(symlink("loop", loop), 0);
	assert_int_equal(symlink("gone", nothing), 0);
	assert_int_equal(mkfifo(fifo, 0644), 0);
	good("steps:\n  a:\n    run: \"true\"\n    inputs: [data/x.csv, data/loop, data/nothing, data/none.csv, "
	     "data/fifo, \"q*.csv\"]\n");
	for (int dry = 0; dry < 2; dry++) {
		assert_int_equal(try_read(dry, NULL), ERR_USAGE);
		assert_null(in);
		assert_non_null(
		        strstr(case_faults.data, "jig.yaml:4:26: step \"a\": input \"data/loop\" is a loop of links"));
		assert_non_null(strstr(case_faults.data, "input \"data/nothing\" is a link to nothing"));
		assert_non_null(
		        strstr(case_faults.data, "input \"data/none.csv\" does not exist, and no step makes it"));
		assert_non_null(strstr(case_faults.data, "input \"data/fifo\" is neither a file nor a folder"));
		assert_non_null(strstr(case_faults.data, "input \"q*.csv\" matches no file of the working tree"));
	}
	/* What could be read is remembered all the same. */
	struct inputs_options o = { .pipeline = case_p, .root = "/nonexistent/root", .dry = true };
	assert_true(inputs_read(&o, &in, NULL, &case_e) < 0);
	assert_non_null(strstr(case_e.text, "/nonexistent/root"));
}

/* So many that the threads of the pool share them; each tenth is a link, and stands there twice. */
static void test_many(void **state)
{
	enum { MANY = 300 };
	_buf_ struct buf text = BUF_INIT;
	_arena_ struct arena a = ARENA_INIT;
	struct facts f = { 0 };
	char name[32], number[32];

	buf_adds(&text, "steps:\n  a:\n    run: x\n    inputs: [\"many/*9\"");
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "many/%03d", i);
		snprintf(number, sizeof number, "%d", i);
		_free_ char *path = at(name);
		if (i % 10)
			case_file(name, number);
		else
			case_file("many/target", number);
		if (i % 10 == 0)
			assert_int_equal(symlink("target", path), 0);
		buf_addf(&text, ", %s%s%s", name, i % 10 ? "" : ", ", i % 10 ? "" : name);
	}
	buf_adds(&text, "]\n  b:\n    run: x\n    inputs: many/000\n");
	good(text.data);
	for (int again = 0; again < 2; again++) {
		read_now();
		vec_clear(&f);
		assert_int_equal(inputs_of(in, case_p, 0, NULL, store, &a, &f, &case_e), 0);
		assert_int_equal(f.len, MANY);
		for (int i = 0; i < MANY; i++) {
			snprintf(name, sizeof name, "many/%03d", i);
			snprintf(number, sizeof number, "%d", i % 10 ? i : MANY - 10);
			struct digest want = digest_of(number);
			assert_string_equal(f.v[i].path, name);
			assert_int_equal(f.v[i].form, FORM_FILE);
			assert_true(digest_equal(&f.v[i].digest, &want));
		}
	}
	vec_release(&f);
	_free_ char *target = at("many/target"), *other = at("many/123");
	assert_int_equal(unlink(target), 0);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(try_read(false, NULL), ERR_USAGE);
	assert_non_null(strstr(case_faults.data, "step \"a\": input \"many/000\" is a link to nothing"));
	assert_non_null(
	        strstr(case_faults.data, "step \"a\": input \"many/123\" does not exist, and no step makes it"));
	assert_null(strstr(case_faults.data, "step \"b\""));
}

static void test_the_cache_forgets(void **state)
{
	struct inputs_look look = { 0 };
	struct inputs_cache *c = inputs_cache_open(cache_path);
	struct digest d = digest_of("1"), got;
	char name[32];
	int64_t size;

	for (int i = 0; i < 20500; i++) {
		snprintf(name, sizeof name, "old/%d", i);
		inputs_cache_add(c, name, &look, &d, 1);
	}
	inputs_cache_close(c);
	c = inputs_cache_open(cache_path);
	assert_true(inputs_cache_find(c, "old/20499", &look, &got, &size));
	inputs_cache_add(c, "new", &look, &d, 1);
	inputs_cache_close(c);
	/* What was asked for stays, and 20,000 others. */
	c = inputs_cache_open(cache_path);
	assert_true(inputs_cache_find(c, "new", &look, &got, &size));
	assert_true(inputs_cache_find(c, "old/20499", &look, &got, &size));
	assert_true(inputs_cache_find(c, "old/19999", &look, &got, &size));
	assert_false(inputs_cache_find(c, "old/20001", &look, &got, &size));
	inputs_cache_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		inputs_test(test_an_unchanged_file_is_not_read),
		inputs_test(test_same_size_and_mtime),
		inputs_test(test_replaced_by_rename),
		inputs_test(test_a_racy_file_is_not_remembered),
		inputs_test(test_file_and_folder_change_places),
		inputs_test(test_a_broken_cache_is_ignored),
		inputs_test(test_two_processes_at_once),
		inputs_test(test_what_the_store_lost_is_stored_again),
		inputs_test(test_what_has_another_size_is_stored_again),
		inputs_test(test_recorded_empty_folder_is_there),
		inputs_test(test_dry_stores_nothing),
		inputs_test(test_folders),
		inputs_test(test_globs_and_links),
		inputs_test(test_recorded),
		inputs_test(test_recorded_and_collected),
		inputs_test(test_faults),
		inputs_test(test_many),
		inputs_test(test_the_cache_forgets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
