#include "tests/runner/env_scratch.h"
#include <sys/file.h>
#include "base/json.h"
#include "base/time.h"
#include "runner/env/env_cache.h"

#define KEY_A "aaaa11111111111111111111111111111111111111111111111111111111aaaa"
#define KEY_B "aaaa22222222222222222222222222222222222222222222222222222222bbbb"
#define KEY_C "cccc33333333333333333333333333333333333333333333333333333333cccc"

static char *cache_folder(const char *xdg, const char *home)
{
	_free_ char *x = mem_printf("XDG_CACHE_HOME=%s", xdg ? xdg : ""), *h = mem_printf("HOME=%s", home);
	char *env[] = {"PATH=/bin", "XDG_CACHE_HOMES=/nowhere", h, xdg ? x : NULL, NULL};
	char *folder = NULL;

	assert_ok(env_cache_folder(env, &folder, e));
	return folder;
}

/* An environment as a build leaves it; size bytes of content. */
static void make_env(const char *cache, const char *key, const char *facts)
{
	put(at("%s/%s/bin/python", cache, key), "python");
	put(at("%s/%s.lock", cache, key), "");
	put(at("%s/%s.files", cache, key), "files");
	put(at("%s/%s.log", cache, key), "log");
	if (facts)
		put(at("%s/%s.ok", cache, key), facts);
}

static void used_at(const char *cache, const char *key, int64_t s)
{
	struct timespec times[2] = {{.tv_sec = s}, {.tv_sec = s}};

	assert_int_equal(utimensat(AT_FDCWD, at("%s/%s.lock", cache, key), times, 0), 0);
}

static void folder_comes_from_xdg_or_home(void **state)
{
	struct stat st;
	_free_ char *xdg = cache_folder(at("xdg"), at("home"));
	_free_ char *home = cache_folder(NULL, at("home"));
	_free_ char *relative = cache_folder("cache", at("home"));
	char *none[] = {"HOME=here", NULL};
	char *ret = NULL;

	assert_string_equal(xdg, at("xdg/jig/envs"));
	assert_string_equal(home, at("home/.cache/jig/envs"));
	assert_string_equal(relative, home);
	assert_int_equal(stat(xdg, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_fails(ERR_BROKEN, "set XDG_CACHE_HOME", env_cache_folder(none, &ret, e));
	assert_null(ret);
}

static void folder_that_cannot_be_made(void **state)
{
	_free_ char *variable = mem_printf("XDG_CACHE_HOME=%s", at("file"));
	char *env[] = {variable, NULL}, *ret = NULL;

	put(at("file"), "no folder");
	assert_fails(ERR_BROKEN, "set XDG_CACHE_HOME", env_cache_folder(env, &ret, e));
	/* A link to nowhere is no folder either. */
	assert_int_equal(unlink(at("file")), 0);
	assert_int_equal(symlink("nowhere", at("file")), 0);
	assert_fails(ERR_BROKEN, "cannot make the folder", env_cache_folder(env, &ret, e));
	assert_null(ret);
}

static void folder_behind_a_link(void **state)
{
	assert_ok(file_mkdirs(at("disk/cache"), 0755, e));
	assert_int_equal(symlink("disk/cache", at("link")), 0);
	_free_ char *folder = cache_folder(at("link"), "/");
	assert_string_equal(folder, at("disk/cache/jig/envs"));
	_free_ char *path = env_cache_path(folder, KEY_A, ".ok");
	assert_string_equal(path, at("disk/cache/jig/envs/" KEY_A ".ok"));
}

static void facts_only_of_what_is_built(void **state)
{
	_json_ json_t *facts = NULL;

	assert_fails(ERR_NOT_FOUND, "aaaa11111111", env_cache_facts(scratch, KEY_A, &facts, e));
	make_env("", KEY_A, NULL);
	assert_fails(ERR_NOT_FOUND, KEY_A ".ok", env_cache_facts(scratch, KEY_A, &facts, e));
	put(at(KEY_A ".ok"), "{\"kind\": \"requi");
	assert_fails(ERR_NOT_FOUND, "not wholly built", env_cache_facts(scratch, KEY_A, &facts, e));
	put(at(KEY_A ".ok"), "[]");
	assert_fails(ERR_NOT_FOUND, "damaged", env_cache_facts(scratch, KEY_A, &facts, e));
	put(at(KEY_A ".ok"), "{\"kind\": \"requirements\"}");
	assert_null(facts);
	assert_ok(env_cache_facts(scratch, KEY_A, &facts, e));
	assert_string_equal(json_string_value(json_object_get(facts, "kind")), "requirements");
	/* Facts of an environment that someone removed by hand. */
	assert_ok(file_remove_tree(at(KEY_A), e));
	json_t *more = NULL;
	assert_fails(ERR_NOT_FOUND, "no environment", env_cache_facts(scratch, KEY_A, &more, e));
}

static void locks_are_shared_or_not(void **state)
{
	int one = -1, two = -1, other = -1;

	assert_ok(env_cache_lock(scratch, KEY_A, false, false, &one, e));
	assert_ok(env_cache_lock(scratch, KEY_A, false, true, &two, e));
	assert_fails(ERR_BUSY, "in use", env_cache_lock(scratch, KEY_A, true, false, &other, e));
	close(one);
	assert_fails(ERR_BUSY, KEY_A ".lock", env_cache_lock(scratch, KEY_A, true, false, &other, e));
	close(two);
	assert_ok(env_cache_lock(scratch, KEY_A, true, false, &one, e));
	assert_fails(ERR_BUSY, "in use", env_cache_lock(scratch, KEY_A, false, false, &other, e));
	assert_fails(ERR_BUSY, "in use", env_cache_lock(scratch, KEY_A, true, false, &other, e));
	assert_int_equal(other, -1);
	close(one);
}

/* Whoever waits for an environment that is then removed gets a lock on a new file, not on the one that is gone. */
static void waiting_survives_removal(void **state)
{
	int one = -1, ready[2];
	char byte;

	assert_ok(env_cache_lock(scratch, KEY_A, true, false, &one, e));
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct err e;
		struct stat held, named;
		int fd = -1;
		close(one);
		if (write(ready[1], "x", 1) != 1 || env_cache_lock(scratch, KEY_A, false, true, &fd, &e) < 0)
			_exit(1);
		_exit(fstat(fd, &held) < 0 || stat(at(KEY_A ".lock"), &named) < 0 || held.st_ino != named.st_ino);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(unlink(at(KEY_A ".lock")), 0);
	close(one);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(ready[0]);
	close(ready[1]);
}

static bool uses_read_only(const void *arg)
{
	struct err e;
	_json_ json_t *facts = NULL;
	struct env_cache_list l = {0};
	int fd = -1;
	const char *cache = arg;
	bool good = env_cache_lock(cache, KEY_A, false, false, &fd, &e) == 0 && fd >= 0 &&
	            env_cache_facts(cache, KEY_A, &facts, &e) == 0;

	env_cache_used(cache, KEY_A);
	good = good && env_cache_list(cache, true, &l, &e) == 0 && l.list.len == 1 && l.list.v[0].ready &&
	       l.list.v[0].in_use && l.list.v[0].used == 1000 * US_PER_S;
	env_cache_list_release(&l);
	close(fd);
	/* What writes says so. */
	good = good && env_cache_lock(cache, KEY_B, false, false, &fd, &e) == ERR_BROKEN &&
	       strstr(e.text, KEY_B ".lock");
	good = good && env_cache_lock(cache, KEY_A, true, false, &fd, &e) == ERR_BROKEN &&
	       strstr(e.text, "permissions");
	return good && env_cache_remove(cache, KEY_A, &e) == ERR_BROKEN && file_exists(at(KEY_A ".ok"));
}

static void read_only_cache_is_used(void **state)
{
	make_env("", KEY_A, "{}");
	used_at("", KEY_A, 1000);
	assert_int_equal(chmod(scratch, 0555), 0);
	assert_true(as_nobody(uses_read_only, scratch));
	assert_int_equal(chmod(scratch, 0755), 0);
}

static void list_shows_all(void **state)
{
	struct env_cache_list l = {0};
	int fd = -1;

	make_env("", KEY_A, "{\"kind\": \"uv\"}");
	make_env("", KEY_B, NULL);
	put(at(KEY_C ".log"), "a build that died early");
	put(at(KEY_C ".lock"), "");
	put(at("README"), "not jig's");
	put(at("AAAA" KEY_A), "");
	put(at(KEY_A ".other"), "");
	put(at(".tmp-123456"), "");
	_free_ char *bytes = mem_zero(100000);
	put_bytes(at(KEY_A "/lib/data"), bytes, 100000);
	used_at("", KEY_A, 2000);
	used_at("", KEY_B, 3000);
	used_at("", KEY_C, 1000);
	assert_ok(env_cache_lock(scratch, KEY_B, true, false, &fd, e));
	assert_ok(env_cache_list(scratch, true, &l, e));
	assert_int_equal(l.list.len, 3);
	assert_string_equal(l.list.v[0].key, KEY_B);
	assert_true(!l.list.v[0].ready && l.list.v[0].in_use && !l.list.v[0].facts);
	assert_string_equal(l.list.v[1].key, KEY_A);
	assert_true(l.list.v[1].ready && !l.list.v[1].in_use);
	assert_int_equal(l.list.v[1].used, 2000 * US_PER_S);
	assert_true(l.list.v[1].size >= 100000 && l.list.v[1].size < 300000);
	assert_string_equal(json_string_value(json_object_get(l.list.v[1].facts, "kind")), "uv");
	assert_string_equal(l.list.v[2].key, KEY_C);
	assert_true(!l.list.v[2].ready && !l.list.v[2].in_use);
	env_cache_list_release(&l);
	close(fd);

	env_cache_used(scratch, KEY_C);
	assert_ok(env_cache_list(scratch, false, &l, e));
	assert_string_equal(l.list.v[0].key, KEY_C);
	assert_int_equal(l.list.v[0].size, -1);
	assert_true(l.list.v[0].used > 1600000000 * US_PER_S);
	env_cache_list_release(&l);
	assert_fails(ERR_NOT_FOUND, "cannot read the cache", env_cache_list(at("none"), false, &l, e));
}

static void find_by_prefix(void **state)
{
	char key[65] = "";

	make_env("", KEY_A, "{}");
	make_env("", KEY_B, "{}");
	put(at(KEY_C ".lock"), "");
	assert_ok(env_cache_find(scratch, "aaaa1", key, e));
	assert_string_equal(key, KEY_A);
	assert_ok(env_cache_find(scratch, KEY_B, key, e));
	assert_string_equal(key, KEY_B);
	assert_ok(env_cache_find(scratch, "cccc", key, e));
	assert_string_equal(key, KEY_C);
	assert_fails(ERR_USAGE, "2 environments begin with \"aaaa\"", env_cache_find(scratch, "aaaa", key, e));
	assert_fails(ERR_NOT_FOUND, "jig env ls", env_cache_find(scratch, "dddd", key, e));
	assert_fails(ERR_USAGE, "4 or more", env_cache_find(scratch, "aaa", key, e));
	assert_fails(ERR_USAGE, "4 or more", env_cache_find(scratch, "", key, e));
	assert_fails(ERR_USAGE, "4 or more", env_cache_find(scratch, "train", key, e));
	assert_fails(ERR_USAGE, "4 or more", env_cache_find(scratch, "../a", key, e));
	assert_fails(ERR_USAGE, "4 or more", env_cache_find(scratch, KEY_A "0", key, e));
	assert_string_equal(key, KEY_C);
}

static void remove_spares_what_is_used(void **state)
{
	int fd = -1;

	make_env("", KEY_A, "{}");
	make_env("", KEY_B, "{}");
	assert_ok(env_cache_lock(scratch, KEY_A, false, false, &fd, e));
	assert_fails(ERR_BUSY, "aaaa11111111", env_cache_remove(scratch, KEY_A, e));
	assert_true(file_exists(at(KEY_A ".ok")) && file_exists(at(KEY_A "/bin/python")));
	close(fd);
	assert_ok(env_cache_remove(scratch, KEY_A, e));
	static const char *const suffixes[] = {"", ".lock", ".files", ".ok", ".log"};
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		assert_false(file_exists(at(KEY_A "%s", suffixes[i])));
		assert_true(file_exists(at(KEY_B "%s", suffixes[i])));
	}
	assert_fails(ERR_NOT_FOUND, "no environment", env_cache_remove(scratch, KEY_A, e));
	/* Asking for it left nothing behind. */
	assert_false(file_exists(at(KEY_A ".lock")));
}

static void remove_takes_leftovers(void **state)
{
	struct timespec old[2] = {{.tv_sec = 1000000}, {.tv_sec = 1000000}};
	struct env_cache_list l = {0};

	/* What a killed build leaves: a folder without .ok, unwritable folders in it, a lock that nobody holds. */
	put(at(KEY_A "/lib/x/half"), "half");
	assert_int_equal(chmod(at(KEY_A "/lib/x"), 0555), 0);
	put(at(KEY_B ".log"), "log");
	put(at(".tmp-aaaaaa"), "old");
	put(at(".tmp-bbbbbb"), "new");
	assert_int_equal(utimensat(AT_FDCWD, at(".tmp-aaaaaa"), old, 0), 0);
	assert_ok(env_cache_list(scratch, false, &l, e));
	assert_int_equal(l.list.len, 2);
	for (size_t i = 0; i < l.list.len; i++) {
		assert_false(l.list.v[i].ready);
		assert_ok(env_cache_remove(scratch, l.list.v[i].key, e));
	}
	env_cache_list_release(&l);
	assert_ok(env_cache_list(scratch, false, &l, e));
	assert_int_equal(l.list.len, 0);
	env_cache_list_release(&l);
	assert_false(file_exists(at(".tmp-aaaaaa")));
	assert_true(file_exists(at(".tmp-bbbbbb")));
	/* An environment's place taken by a link: the link goes, what it names stays. */
	put(at("elsewhere/file"), "mine");
	assert_int_equal(symlink("elsewhere", at(KEY_C)), 0);
	assert_ok(env_cache_remove(scratch, KEY_C, e));
	assert_true(file_exists(at("elsewhere/file")) && !file_exists(at(KEY_C)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        scratch_test(folder_comes_from_xdg_or_home),
	        scratch_test(folder_that_cannot_be_made),
	        scratch_test(folder_behind_a_link),
	        scratch_test(facts_only_of_what_is_built),
	        scratch_test(locks_are_shared_or_not),
	        scratch_test(waiting_survives_removal),
	        scratch_test(read_only_cache_is_used),
	        scratch_test(list_shows_all),
	        scratch_test(find_by_prefix),
	        scratch_test(remove_spares_what_is_used),
	        scratch_test(remove_takes_leftovers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
