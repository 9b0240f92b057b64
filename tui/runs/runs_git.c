#include "tui/runs/runs_git.h"

#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

enum { SHORT = 7, ID = 40 };

/* The text of a small file without its last newlines; false: it is not there. */
static bool small_file(const char *dir, const char *name, struct buf *ret)
{
	_free_ char *path = path_join(dir, name);
	struct err ignored;

	buf_reset(ret);
	if (file_read(path, 1 << 20, ret, &ignored) < 0)
		return false;
	while (ret->len && ret->data[ret->len - 1] == '\n')
		buf_cut(ret, ret->len - 1);
	return true;
}

/* The folder that holds HEAD; worktrees and submodules name it in a file. Owned; NULL: none. */
static char *git_folder(const char *root)
{
	_free_ char *dir = mem_strdup(root);
	_buf_ struct buf text = BUF_INIT;

	for (;;) {
		_free_ char *git = path_join(dir, ".git"), *head = path_join(git, "HEAD");
		char *slash;

		if (file_exists(head))
			return mem_take(git);
		if (small_file(dir, ".git", &text) && text_starts(text.data, "gitdir: "))
			return path_join(dir, text.data + 8);
		slash = strrchr(dir, '/');
		if (!slash || slash == dir)
			return NULL;
		*slash = '\0';
	}
}

static bool packed_id(const char *common, const char *ref, char out[SHORT + 1])
{
	_buf_ struct buf text = BUF_INIT;
	size_t n = strlen(ref);

	if (!small_file(common, "packed-refs", &text))
		return false;
	for (const char *line = text.data; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strcspn(line, "\n") == ID + 1 + n && !memcmp(line + ID + 1, ref, n)) {
			snprintf(out, SHORT + 1, "%s", line);
			return true;
		}
	return false;
}

void runs_git_text(struct buf *out, const char *root)
{
	_free_ char *git = git_folder(root), *common = NULL;
	_buf_ struct buf text = BUF_INIT, id = BUF_INIT;
	char commit[SHORT + 1] = "";
	const char *ref;

	if (!git || !small_file(git, "HEAD", &text))
		return;
	common = small_file(git, "commondir", &id) ? path_join(git, id.data) : mem_strdup(git);
	if (!text_starts(text.data, "ref: ")) {
		buf_addf(out, "%.7s", text.data);
		return;
	}
	ref = text.data + 5;
	if (small_file(git, ref, &id) || small_file(common, ref, &id))
		snprintf(commit, sizeof commit, "%s", id.data);
	else
		packed_id(common, ref, commit);
	buf_adds(out, text_starts(ref, "refs/heads/") ? ref + 11 : ref);
	if (*commit)
		buf_addf(out, " %s", commit);
}
