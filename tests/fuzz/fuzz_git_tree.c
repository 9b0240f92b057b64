/* Any bytes as a tree object of git: refused, or files in order with paths that stay below the folder and on which no
 * other stands, and a folder is written from them that holds them and nothing outside. */
#include <git2.h>
#include <fcntl.h>
#include <unistd.h>
#include "base/text.h"
#include "runner/code/code.h"
#include "runner/code/code_list.h"
#include "runner/code/code_repo.h"
#include "target.h"

/* Read by the leak checker only: libgit2 1.5 forgets a match of pcre2 when it opens a repository of format 1. */
const char *__lsan_default_suppressions(void);
__attribute__((weak)) const char *__lsan_default_suppressions(void)
{
	return "leak:libpcre2\n";
}

static struct code_repo repo = CODE_REPO_INIT;
static void leave(void)
{
	code_repo_release(&repo);
}

static void begin(const char *jig)
{
	static const char *const texts[] = {"", "hello\n", "../outside", "/dev/null"};
	struct err e;
	git_oid id;

	must(code_repo_create(&repo, jig, &e) >= 0 && code_repo_load(&repo, &e) >= 0);
	atexit(leave);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		must(code_repo_write(&repo, texts[i], strlen(texts[i]), GIT_OBJECT_BLOB, &id, &e) >= 0);
	must(code_repo_write(&repo, "", 0, GIT_OBJECT_TREE, &id, &e) >= 0);
}

static void check_written(const struct code_tree *t, const char *jig)
{
	_free_ char *top = path_join(jig, "top"), *to = path_join(top, "to"), *outside = path_join(top, "outside");
	struct err e = {0};

	must(file_mkdirs(to, 0700, &e) >= 0);
	int fd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(fd >= 0);
	int r = code_tree_write(t, fd, NULL, NULL, &e);
	close(fd);
	if (r < 0)
		must(*e.text);
	must(!file_exists(outside));
	for (size_t i = 0; r >= 0 && i < t->len; i++) {
		_free_ char *path = path_join(to, t->v[i].path);

		must(file_exists(path));
	}
	must(file_remove_tree(top, &e) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *jig;
	struct code_tree *t = NULL;
	struct err e = {0};
	git_oid id;
	char hex[41];

	if (!jig) {
		jig = target_folder();
		begin(jig);
	}
	if (!size || code_repo_write(&repo, data, size, GIT_OBJECT_TREE, &id, &e) < 0)
		return 0;
	code_oid_hex(id.id, hex);
	int r = code_tree_open(jig, hex, &t, &e);
	if (r < 0)
		must(r == e.code && *e.text && !t);
	for (size_t i = 0; t && i < t->len; i++) {
		const struct code_file *f = &t->v[i];

		must(!path_check_inside(f->path) && (f->mode == 0100644 || f->mode == 0100755 || f->mode == 0120000));
		must(!i || strcmp(t->v[i - 1].path, f->path) < 0);
		for (size_t k = 0; k < t->len; k++)
			must(k == i || !path_within(t->v[k].path, f->path));
	}
	if (t)
		check_written(t, jig);
	code_tree_free(t);
	/* One that is no tree was moved aside. */
	_free_ char *loose = mem_printf("%s/code.git/objects/%.2s/%s", jig, hex, hex + 2);
	_free_ char *aside = mem_printf("%s/code.git/objects/%.2s/tmp_%s", jig, hex, hex + 2);
	unlink(loose);
	unlink(aside);
	return 0;
}
