/* Any bytes as the index of the user's repository, with the right sum behind where the first byte says so: tracked
 * files in order, all of them inside the project, or a note. */
#include <git2.h>
#include <openssl/sha.h>
#include <unistd.h>
#include "runner/code/code_user.h"
#include "target.h"

/* libgit2 keeps the path of a compressed entry (version 4) that it refuses behind it. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libgit2";
}

static void begin(const char *git)
{
	static const char config[] = "[core]\n\trepositoryformatversion = 0\n\tbare = false\n",
	                  head[] = "ref: refs/heads/main\n";
	static const char *const folders[] = {"objects/info", "objects/pack", "refs/heads"};
	_free_ char *config_path = path_join(git, "config"), *head_path = path_join(git, "HEAD");
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		_free_ char *path = path_join(git, folders[i]);

		must(file_mkdirs(path, 0700, &e) >= 0);
	}
	target_write(config_path, config, sizeof config - 1);
	target_write(head_path, head, sizeof head - 1);
	/* What libgit2 cannot read, git would be asked about. */
	setenv("PATH", "/nonexistent", 1);
	setenv("HOME", git, 1);
	unsetenv("XDG_CONFIG_HOME");
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	git2_load(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool begun;
	_free_ char *root = path_join(target_folder(), "project"), *git = path_join(root, ".git"),
	            *index = path_join(git, "index");
	_buf_ struct buf file = BUF_INIT;
	_code_user_ struct code_user u = CODE_USER_INIT;
	unsigned char sum[20];
	struct err e = {0};

	if (!begun)
		begin(git);
	begun = true;
	if (!size)
		return 0;
	buf_add(&file, data + 1, size - 1);
	if (data[0] & 1) {
		SHA1((const unsigned char *)file.data, file.len, sum);
		buf_add(&file, sum, sizeof sum);
	}
	target_write(index, file.data, file.len);
	int r = code_user_open(&u, root, &e);
	if (r < 0)
		must(*e.text != 0);
	for (size_t i = 0; r >= 0 && i < u.files.len; i++) {
		must(!path_check_inside(u.files.v[i].path));
		must(!i || strcmp(u.files.v[i - 1].path, u.files.v[i].path) <= 0);
		must(code_user_find(&u, u.files.v[i].path) != NULL);
	}
	return 0;
}
