#include <git2.h>
#include "tests/runner/code_scratch.h"
#include "runner/code/code_repo.h"

/* What stands between code_repo_read and libgit2: another process that writes the object anew, before or behind the
 * look number `at`. */
static struct {
	int (*read)(git_odb_object **, git_odb *, const git_oid *);
	const char *path, *good;
	int at, looks;
	bool behind;
} other;

static void write_anew(void)
{
	_free_ char *temp = mem_printf("%s.new", other.path);
	assert_ok(file_copy(other.good, temp, 0444, e));
	assert_int_equal(rename(temp, other.path), 0);
}

static int read_beside(git_odb_object **ret, git_odb *odb, const git_oid *id)
{
	bool now = other.looks++ == other.at;
	if (now && !other.behind)
		write_anew();
	int r = other.read(ret, odb, id);
	if (now && other.behind)
		write_anew();
	return r;
}

/* Reads a damaged object while another process writes it anew. */
static int read_damaged(struct code_repo *repo, const git_oid *id, int at, bool behind)
{
	_git_(odb_object) git_odb_object *object = NULL;
	_free_ char *path = code_repo_object_path(repo, id), *good = mem_printf("%s/good", home);
	struct err ignored;
	file_remove_tree(good, &ignored);
	assert_ok(file_copy(path, good, 0444, e));
	assert_int_equal(unlink(path), 0);
	assert_ok(file_write(path, "nonsense", 8, 0444, e));
	other.path = path;
	other.good = good;
	other.at = at;
	other.behind = behind;
	other.looks = 0;
	other.read = git2.odb_read;
	git2.odb_read = read_beside;
	int r = code_repo_read(repo, id, &object);
	git2.odb_read = other.read;
	return r;
}

static void open_all(struct code_repo *repo, git_oid *ret)
{
	put("a", "some content");
	take_ok();
	_free_ char *line = mem_printf("--git-dir=%s/code.git rev-parse %s:a", jig, snap.tree);
	git(line);
	assert_ok(code_repo_open(repo, jig, e));
	out.data[40] = 0;
	assert_int_equal(git2.oid_fromstr(ret, out.data), 0);
}

static void damaged_is_moved_away(void **state)
{
	_code_repo_ struct code_repo repo = CODE_REPO_INIT;
	git_oid id;
	open_all(&repo, &id);
	_free_ char *path = code_repo_object_path(&repo, &id), *cache = path_join(repo.path, "jig-stat");
	assert_true(file_exists(cache));
	assert_true(read_damaged(&repo, &id, 99, false) < 0);
	assert_false(file_exists(path));
	assert_false(file_exists(cache));
	take_ok();
	assert_content("a", "some content");
}

static void written_anew_stays(void **state)
{
	_code_repo_ struct code_repo repo = CODE_REPO_INIT;
	git_oid id;
	open_all(&repo, &id);
	_free_ char *path = code_repo_object_path(&repo, &id);
	assert_int_equal(read_damaged(&repo, &id, 0, true), 0);
	assert_int_equal(read_damaged(&repo, &id, 1, false), 0);
	assert_true(read_damaged(&repo, &id, 1, true) < 0);
	assert_true(file_exists(path));
	assert_content("a", "some content");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        scratch_test(damaged_is_moved_away),
	        scratch_test(written_anew_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
