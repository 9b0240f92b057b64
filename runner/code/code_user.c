#include <git2.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/code/code_list.h"
#include "runner/code/code_user.h"
#include "runner/process/spawn.h"

#define GITLINK 0160000
#define MAX_OUTPUT (256 << 20)
#define MAX_NESTING 32

extern char **environ;

void code_user_release(struct code_user *u)
{
	if (u->repo)
		git2.repository_free(u->repo);
	free(u->top);
	free(u->prefix);
	free(u->common);
	free(u->excludes);
	free(u->commit);
	free(u->branch);
	free(u->remote);
	free(u->note);
	vec_release(&u->files);
	arena_release(&u->arena);
	*u = (struct code_user)CODE_USER_INIT;
}

char *code_user_remote_clean(const char *url)
{
	const char *scheme = strstr(url, "://");
	if (!scheme)
		return mem_strdup(url); /* a path, or user@host:path, where no password can stand */
	const char *host = scheme + 3, *end = host + strcspn(host, "/?#"), *at = NULL;
	for (const char *p = host; p < end; p++)
		if (*p == '@')
			at = p;
	size_t keep = 0;
	if (at &&
	    text_starts(url,
	                "ssh")) /* there the user's name is part of the address; a token stands in for it elsewhere */
		keep = strcspn(host, ":@");
	const char *rest = at ? at + 1 : host;
	size_t len = strcspn(rest, "?#");
	return mem_printf("%.*s%.*s%s%.*s", (int)(host - url), url, (int)keep, host, keep ? "@" : "", (int)len, rest);
}

/* ---- the program git ---- */

static int ask(const char *root, const char *const *args, struct buf *out, struct err *e)
{
	VEC(const char *) argv = {0};
	VEC(const char *) envp = {0};
	static const char *const first[] = {"git", "--no-optional-locks", "-c", "core.fsmonitor=false",
	                                    "-c",  "safe.directory=*"};
	for (size_t i = 0; i < ARRAY_LEN(first); i++)
		vec_push(&argv, first[i]);
	for (; *args; args++)
		vec_push(&argv, *args);
	vec_push(&argv, NULL);
	/* Set inside a hook; they would point git at another repository. */
	static const char *const dropped[] = {
	        "GIT_DIR=",        "GIT_WORK_TREE=", "GIT_INDEX_FILE=", "GIT_OBJECT_DIRECTORY=",
	        "GIT_COMMON_DIR=", "GIT_NAMESPACE=", "GIT_PREFIX=",     "LC_ALL="};
	for (char **p = environ; *p; p++) {
		bool drop = false;
		for (size_t i = 0; i < ARRAY_LEN(dropped); i++)
			drop |= text_starts(*p, dropped[i]);
		if (!drop)
			vec_push(&envp, *p);
	}
	vec_push(&envp, "LC_ALL=C");
	vec_push(&envp, NULL);
	int status = 0, r = spawn_capture(argv.v, envp.v, root, MAX_OUTPUT, out, &status, e);
	if (r >= 0 && (!WIFEXITED(status) || WEXITSTATUS(status)))
		r = err_set(e, ERR_BROKEN, "git %s: failed in %s", argv.v[ARRAY_LEN(first)], root);
	vec_release(&argv);
	vec_release(&envp);
	return r < 0 ? r : 0;
}

static char *ask_line(const char *root, const char *const *args)
{
	_buf_ struct buf out = BUF_INIT;
	struct err ignored;
	if (ask(root, args, &out, &ignored) < 0)
		return NULL;
	buf_cut(&out, strcspn(out.data, "\n"));
	return out.len ? buf_steal(&out) : NULL;
}
#define ASK_LINE(root, ...) ask_line(root, (const char *const[]){__VA_ARGS__, NULL})

/* git writes no such path; an index that was damaged or made by hand must not lead reads out of the project. */
static void add_file(struct code_user *u, const char *path, uint32_t mode, bool absent_is_fine)
{
	if (path_check_inside(path))
		return;
	vec_push(&u->files, (struct user_file){.path = arena_strdup(&u->arena, path),
	                                       .mode = mode,
	                                       .absent_is_fine = absent_is_fine});
}

/* Lines "H 100644 <id> 0\tpath", relative to the root, NUL-ended; "S" marks what a sparse checkout leaves out. */
static int ask_files(struct code_user *u, const char *root, struct err *e)
{
	_buf_ struct buf out = BUF_INIT;
	static const char *const args[] = {"ls-files", "-z", "-t", "--stage", NULL};
	if (ask(root, args, &out, e) < 0)
		return e->code;
	for (const char *p = out.data, *end = p + out.len; p < end; p += strlen(p) + 1) {
		const char *path = strchr(p, '\t');
		if (path && strlen(p) > 2)
			add_file(u, path + 1, strtoul(p + 2, NULL, 8), *p == 'S');
	}
	return 0;
}

static int open_by_program(struct code_user *u, const char *root, const char *real, struct err *e)
{
	_free_ char *top = ASK_LINE(root, "rev-parse", "--show-toplevel");
	if (!top || !path_within(real, top) || ask_files(u, root, e) < 0) {
		u->found = false;
		u->note = mem_printf("recorded without git: the repository around %s cannot be read by libgit2 %s, nor "
		                     "by the program git",
		                     root, LIBGIT2_VERSION);
		return 0;
	}
	u->by_program = u->found = true;
	free(u->top);
	u->top = mem_take(top);
	free(u->prefix);
	u->prefix =
	        !strcmp(real, u->top) ? mem_strdup("") : mem_printf("%s/", real + strlen(u->top) + (u->top[1] != 0));
	_free_ char *common = ASK_LINE(root, "rev-parse", "--git-common-dir");
	free(u->common);
	u->common = common ? path_join(root, common) : NULL;
	_free_ char *commit = ASK_LINE(root, "rev-parse", "--verify", "-q", "HEAD");
	if (commit && strlen(commit) == 40)
		u->commit = mem_take(commit);
	else if (commit)
		u->note = mem_printf("recorded without a commit: the repository names its objects by SHA-256");
	u->branch = ASK_LINE(root, "symbolic-ref", "-q", "--short", "HEAD");
	_free_ char *remote = ASK_LINE(root, "config", "--get", "remote.origin.url");
	u->remote = remote ? code_user_remote_clean(remote) : NULL;
	return 0;
}

int code_user_ask_changed(const struct code_user *u, const char *root, struct map *ret, struct err *e)
{
	_buf_ struct buf out = BUF_INIT;
	static const char *const args[] = {"diff",
	                                   "--name-only",
	                                   "-z",
	                                   "--no-renames",
	                                   "--no-ext-diff",
	                                   "--ignore-submodules=all",
	                                   "--relative",
	                                   "HEAD",
	                                   "--",
	                                   ".",
	                                   NULL};
	if (ask(root, args, &out, e) < 0)
		return e->code;
	for (const char *p = out.data, *end = p + out.len; p < end; p += strlen(p) + 1)
		map_add(ret, p, NULL);
	return 0;
}

/* ---- libgit2 ---- */

/* Not git_remote_list: it leaks 20 KB for each setting that is no remote (pcre2 in libgit2 1.5). */
static int first_remote(const git_config_entry *entry, void *user)
{
	struct code_user *u = user;
	if (!text_starts(entry->name, "remote.") || !text_ends(entry->name, ".url"))
		return 0;
	u->remote = code_user_remote_clean(entry->value);
	return 1;
}

/* The user's and the system's configuration, then the repository's: in the repository too, so that its attributes see
 * it. */
static void read_config(struct code_user *u)
{
	_git_(config) git_config *config = NULL, *fixed = NULL;
	const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME"), *global = getenv("GIT_CONFIG_GLOBAL"),
	           *text;
	_free_ char *folder = xdg && *xdg ? path_join(xdg, "git") : home ? path_join(home, ".config/git") : NULL;
	_free_ char *xdg_file = folder ? path_join(folder, "config") : NULL;
	_free_ char *home_file = global ? mem_strdup(global) : home ? path_join(home, ".gitconfig") : NULL;
	_free_ char *local = u->common ? path_join(u->common, "config") : NULL;
	const struct {
		const char *path;
		git_config_level_t level;
	} files[] = {
	        {getenv("GIT_CONFIG_NOSYSTEM") ? NULL : "/etc/gitconfig", GIT_CONFIG_LEVEL_SYSTEM},
	        {global ? NULL : xdg_file, GIT_CONFIG_LEVEL_XDG},
	        {home_file, GIT_CONFIG_LEVEL_GLOBAL},
	        {local, GIT_CONFIG_LEVEL_LOCAL},
	};
	if (git2.config_new(&config) < 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (files[i].path)
			git2.config_add_file_ondisk(config, files[i].path, files[i].level, u->repo, 0);
	if (u->repo)
		git2.repository_set_config(u->repo, config);
	if (git2.config_snapshot(&fixed, config) < 0)
		return;
	int filemode;
	if (!git2.config_get_bool(&filemode, fixed, "core.filemode"))
		u->filemode = filemode;
	if (!git2.config_get_string(&text, fixed, "core.autocrlf"))
		u->converts = strcmp(text, "false") != 0;
	if (!git2.config_get_string(&text, fixed, "core.excludesfile"))
		u->excludes = text_starts(text, "~/") && home ? path_join(home, text + 2) : mem_strdup(text);
	else if (folder)
		u->excludes = path_join(folder, "ignore");
	if (u->repo && !git2.config_get_string(&text, fixed, "remote.origin.url"))
		u->remote = code_user_remote_clean(text);
	if (u->repo && !u->remote)
		git2.config_foreach(fixed, first_remote, u);
}

/* libgit2 makes room for as many entries as the head of the index says, before it reads the first. */
static bool index_is_whole(git_repository *repo)
{
	const size_t entry_least = 62;
	_free_ char *path = path_join(git2.repository_path(repo), "index");
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char head[12];
	struct stat st;
	if (fd < 0)
		return true;
	if (fstat(fd, &st) < 0 || read(fd, head, sizeof head) != (ssize_t)sizeof head)
		return false;
	uint32_t n = (uint32_t)head[8] << 24 | (uint32_t)head[9] << 16 | (uint32_t)head[10] << 8 | head[11];
	return n <= (uint64_t)st.st_size / entry_least;
}

/* The tracked files of a repository below `prefix` of its own, as paths that begin with `into`. Submodules are entered.
 */
static int add_index(struct code_user *u, git_repository *repo, const char *prefix, const char *folder,
                     const char *into, int depth)
{
	_git_(index) git_index *index = NULL;
	if (!index_is_whole(repo) || git2.repository_index(&index, repo) < 0)
		return -1;
	size_t n = git2.index_entrycount(index), prefix_len = strlen(prefix);
	vec_reserve(&u->files, u->files.len + n);
	for (size_t i = 0; i < n; i++) {
		const git_index_entry *entry = git2.index_get_byindex(index, i);
		if (strncmp(entry->path, prefix, prefix_len))
			continue;
		const char *path = entry->path + prefix_len;
		_free_ char *below = *into ? mem_printf("%s%s", into, path) : NULL;
		path = below ? below : path;
		if (entry->mode == 040000)
			return -1; /* a sparse index names folders instead of files */
		add_file(u, path, entry->mode, entry->flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE);
		if (entry->mode != GITLINK || depth >= MAX_NESTING)
			continue;
		_git_(repository) git_repository *sub = NULL;
		_free_ char *at = path_join(folder, path), *sub_into = mem_printf("%s/", path);
		if (!git2.repository_open_ext(&sub, at, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) &&
		    add_index(u, sub, "", folder, sub_into, depth + 1) < 0)
			return -1;
	}
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct user_file *)a)->path, ((const struct user_file *)b)->path);
}

static void sort_files(struct code_user *u)
{
	for (size_t i = 1; i < u->files.len; i++)
		if (by_path(&u->files.v[i - 1], &u->files.v[i]) > 0) {
			qsort(u->files.v, u->files.len, sizeof *u->files.v, by_path);
			return;
		}
}

/* HEAD's commit, branch and tree. -1: it cannot be read. */
static int read_head(struct code_user *u)
{
	_git_(reference) git_reference *head = NULL, *symbolic = NULL;
	int r = git2.repository_head(&head, u->repo);
	if (r == GIT_EUNBORNBRANCH || r == GIT_ENOTFOUND) {
		if (!git2.reference_lookup(&symbolic, u->repo, "HEAD")) {
			const char *target = git2.reference_symbolic_target(symbolic);
			if (target && text_starts(target, "refs/heads/"))
				u->branch = mem_strdup(target + strlen("refs/heads/"));
		}
		return 0;
	}
	if (r < 0)
		return -1;
	if (git2.repository_head_detached(u->repo) == 0)
		u->branch = mem_strdup(git2.reference_shorthand(head));
	_git_(object) git_object *commit = NULL;
	_git_(tree) git_tree *tree = NULL;
	if (git2.reference_peel(&commit, head, GIT_OBJECT_COMMIT) < 0)
		return -1;
	char hex[41];
	code_oid_hex(git2.object_id(commit)->id, hex);
	u->commit = mem_strdup(hex);
	if (git2.commit_tree(&tree, (git_commit *)commit) < 0)
		return -1;
	if (!*u->prefix) {
		u->head_tree = *git2.tree_id(tree);
		u->has_tree = true;
		return 0;
	}
	_git_(tree_entry) git_tree_entry *entry = NULL;
	_free_ char *folder = mem_strndup(u->prefix, strlen(u->prefix) - 1);
	r = git2.tree_entry_bypath(&entry, tree, folder);
	if (r == GIT_ENOTFOUND)
		return 0;
	if (r < 0)
		return -1;
	u->head_tree = *git2.tree_entry_id(entry);
	u->has_tree = git2.tree_entry_type(entry) == GIT_OBJECT_TREE;
	return 0;
}

static void stamp_index(struct code_user *u)
{
	_free_ char *path = path_join(git2.repository_path(u->repo), "index");
	struct stat st;
	struct code_record r = {0};
	if (lstat(path, &st) < 0)
		return;
	code_record_stat(&r, &st);
	u->stamp = code_hash(0, &r, sizeof r);
}

static int open_by_library(struct code_user *u, const char *real)
{
	const char *workdir = git2.repository_workdir(u->repo);
	if (!workdir)
		return -1;
	size_t n = strlen(workdir);
	while (n > 1 && workdir[n - 1] == '/')
		n--;
	u->top = mem_strndup(workdir, n);
	if (!path_within(real, u->top))
		return -1;
	u->prefix = !strcmp(real, u->top) ? mem_strdup("") : mem_printf("%s/", real + n + (n > 1));
	u->common = mem_strdup(git2.repository_commondir(u->repo));
	if (read_head(u) < 0 || add_index(u, u->repo, u->prefix, real, "", 0) < 0)
		return -1;
	u->found = true;
	stamp_index(u);
	return 0;
}

int code_user_open(struct code_user *u, const char *root, struct err *e)
{
	if (git2_load(e) < 0)
		return e->code;
	_free_ char *real = realpath(root, NULL);
	if (!real)
		return err_errno(e, "%s: cannot be reached", root);
	int r = git2.repository_open_ext(&u->repo, real, 0, getenv("GIT_CEILING_DIRECTORIES"));
	if (!r && git2.repository_is_bare(u->repo)) {
		git2.repository_free(u->repo);
		u->repo = NULL;
	} else if ((r < 0 && r != GIT_ENOTFOUND) || (!r && open_by_library(u, real) < 0)) {
		code_user_release(u);
		if (open_by_program(u, root, real, e) < 0)
			return e->code;
	}
	read_config(u);
	sort_files(u);
	return 0;
}

static size_t lower_bound(const struct code_user *u, const char *path)
{
	size_t from = 0, to = u->files.len;
	while (from < to) {
		size_t mid = (from + to) / 2;
		if (strcmp(u->files.v[mid].path, path) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

const struct user_file *code_user_find(const struct code_user *u, const char *path)
{
	size_t i = lower_bound(u, path);
	return i < u->files.len && !strcmp(u->files.v[i].path, path) ? &u->files.v[i] : NULL;
}

bool code_user_tracks_below(const struct code_user *u, const char *folder)
{
	_free_ char *below = mem_printf("%s/", folder);
	size_t i = lower_bound(u, below);
	return i < u->files.len && text_starts(u->files.v[i].path, below);
}

bool code_user_is_filtered(const struct code_user *u, const char *path)
{
	if (u->converts)
		return true;
	if (!u->repo)
		return false;
	static const char *names[] = {"filter", "text", "eol", "crlf", "ident", "working-tree-encoding"};
	const char *values[ARRAY_LEN(names)] = {0};
	_free_ char *full = mem_printf("%s%s", u->prefix, path);
	if (git2.attr_get_many(values, u->repo, GIT_ATTR_CHECK_FILE_THEN_INDEX, full, ARRAY_LEN(names), names) < 0)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (git2.attr_value(values[i]) == GIT_ATTR_VALUE_TRUE ||
		    git2.attr_value(values[i]) == GIT_ATTR_VALUE_STRING)
			return true;
	return false;
}

/* ---- HEAD's files ---- */

static int add_tree(struct code_user *u, git_repository *repo, const git_oid *id, const char *root, const char *into,
                    int depth, struct head_files *ret)
{
	_git_(tree) git_tree *tree = NULL;
	if (depth > 4096 || git2.tree_lookup(&tree, repo, id) < 0)
		return -1;
	size_t n = git2.tree_entrycount(tree);
	for (size_t i = 0; i < n; i++) {
		const git_tree_entry *entry = git2.tree_entry_byindex(tree, i);
		const char *name = git2.tree_entry_name(entry);
		struct head_file file = {
		        .path = arena_printf(&u->arena, "%s%s", into, name),
		        .mode = git2.tree_entry_filemode_raw(entry),
		        .oid = *git2.tree_entry_id(entry),
		        .submodule = repo != u->repo,
		};
		_free_ char *below = mem_printf("%s/", file.path);
		git_object_t type = git2.tree_entry_type(entry);
		if (type == GIT_OBJECT_TREE) {
			if (add_tree(u, repo, &file.oid, root, below, depth + 1, ret) < 0)
				return -1;
		} else if (type == GIT_OBJECT_COMMIT) {
			_git_(repository) git_repository *sub = NULL;
			_git_(commit) git_commit *commit = NULL;
			_git_(tree) git_tree *sub_tree = NULL;
			_free_ char *at = path_join(root, file.path);
			if (git2.repository_open_ext(&sub, at, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) < 0)
				continue; /* not checked out: no files on either side */
			if (git2.commit_lookup(&commit, sub, &file.oid) < 0 || git2.commit_tree(&sub_tree, commit) < 0)
				vec_push(&ret->v, file); /* on a commit that is not here: differs */
			else if (add_tree(u, sub, git2.tree_id(sub_tree), root, below, depth + 1, ret) < 0)
				return -1;
		} else {
			vec_push(&ret->v, file);
		}
	}
	return 0;
}

int code_user_head(struct code_user *u, const char *root, struct head_files *ret, struct err *e)
{
	if (u->by_program)
		return 1;
	return u->has_tree && add_tree(u, u->repo, &u->head_tree, root, "", 0, ret) < 0;
}
