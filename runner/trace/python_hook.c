#include "runner/trace/python_hook.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/embed.h"
#include "base/file.h"
#include "base/path.h"
#include "base/sha256.h"

EMBED(python_hook_text, "runner/trace/python/sitecustomize.py");

#define NAME "sitecustomize.py"
#define DIGEST_SHOWN 16

static size_t text_size(void)
{
	return (size_t)(python_hook_text_end - python_hook_text);
}

static bool stands(const char *file)
{
	_buf_ struct buf b = BUF_INIT;
	struct err e;

	return file_read(file, text_size(), &b, &e) >= 0 && b.len == text_size() &&
	       !memcmp(b.data, python_hook_text, b.len);
}

/* The whole folder appears at once, so that no Python ever finds it empty. 1: somebody else's stands there. */
static int make_folder(const char *cache, const char *folder, struct err *e)
{
	_free_ char *temp = NULL, *file = NULL;
	struct err ignored;
	int r;

	r = file_mkdirs(cache, 0755, e);
	if (r < 0)
		return r;
	r = file_temp_dir(cache, "python", &temp, e);
	if (r < 0)
		return r;
	file = path_join(temp, NAME);
	r = file_write(file, python_hook_text, text_size(), 0644, e);
	if (r >= 0 && chmod(temp, 0755) < 0)
		r = err_errno(e, "cannot set the mode of %s", temp);
	if (r >= 0 && rename(temp, folder) < 0) {
		if (errno == EEXIST || errno == ENOTEMPTY)
			r = 1;
		else
			r = err_errno(e, "cannot move %s to %s", temp, folder);
	}
	if (r)
		file_remove_tree(temp, &ignored);
	return r;
}

/* What was compiled of another text must not outlive it: Python tells them apart by size and second only. */
static int mend(const char *folder, const char *file, struct err *e)
{
	_free_ char *compiled = path_join(folder, "__pycache__");
	int r;

	r = file_remove_tree(compiled, e);
	return r < 0 ? r : file_write_atomic(file, python_hook_text, text_size(), 0644, e);
}

int python_hook_folder(const char *cache, char **ret, struct err *e)
{
	_free_ char *folder = NULL, *file = NULL;
	char hex[DIGEST_HEX + 1];
	struct digest d;
	int r = 1;

	sha256_bytes(python_hook_text, text_size(), &d);
	digest_to_hex(&d, hex);
	folder = mem_printf("%s/python-%.*s", cache, DIGEST_SHOWN, hex);
	file = path_join(folder, NAME);
	if (!stands(file)) {
		if (!file_exists(folder))
			r = make_folder(cache, folder, e);
		if (r > 0 && !stands(file))
			r = mend(folder, file, e);
		if (r < 0)
			return err_prefix(e, "cannot prepare Python's %s", NAME);
	}
	*ret = mem_take(folder);
	return 0;
}
