#include <git2.h>
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/code/code.h"
#include "runner/code/code_repo.h"
#include "runner/code/code_take.h"
#include "runner/code/code_walk.h"

#define MAX_DEPTH 4096
#define MAX_NESTING 32
#define NAMED 5
#define POINTER_START "version https://git-lfs.github.com/spec/"
#define POINTER_MAX 1024 /* bytes, by the definition of git-lfs */

struct revising {
	const struct code_options *o;
	const char *revision;
	struct code_repo repo;
	struct code_user user;
	git_repository *opened; /* when code_user has none */
	struct code_list list;
	struct code_left left;
	struct buf path;        /* below the repository's top */
	const char *jig;        /* JIG below the root, NULL = elsewhere */
	bool filters, converts; /* a .gitattributes names a filter; asks for other line ends or encodings */
	char *commit;
};
/* The repository that a part of the tree comes from: the user's, or a submodule's. */
struct origin {
	git_repository *repo;
	git_odb *odb;
	int nesting;
};

static void revising_release(struct revising *v)
{
	code_repo_release(&v->repo);
	code_user_release(&v->user);
	if (v->opened)
		git2.repository_free(v->opened);
	code_list_release(&v->list);
	code_left_release(&v->left);
	buf_release(&v->path);
	free(v->commit);
}

static const char *below_root(const struct revising *v)
{
	return v->path.data + v->left.prefix_len;
}

/* ---- the revision ---- */

static int open_user(struct revising *v, git_repository **ret, struct err *e)
{
	struct code_user *u = &v->user;
	_free_ char *real = realpath(v->o->root, NULL);
	if (!real)
		return err_errno(e, "%s: cannot be reached", v->o->root);
	if (code_user_open(u, v->o->root, e) < 0)
		return e->code;
	if (!u->found)
		return err_set(e, ERR_USAGE, "there is no revision \"%s\": %s %s", v->revision, v->o->root,
		               u->note ? "stands in a repository that cannot be read"
		                       : "is in no git repository (git init, git add, git commit make one)");
	if (!u->repo && git2.repository_open_ext(&v->opened, real, 0, getenv("GIT_CEILING_DIRECTORIES")) < 0)
		return git2_error(
		        e, ERR_USAGE,
		        "revision \"%s\" of %s cannot be read by libgit2 %s: check it out and run the working "
		        "tree instead",
		        v->revision, u->top, LIBGIT2_VERSION);
	*ret = u->repo ? u->repo : v->opened;
	return 0;
}

static const char *short_name(const char *ref)
{
	static const char *const folders[] = {"refs/heads/", "refs/tags/", "refs/remotes/"};
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (text_starts(ref, folders[i]))
			return ref + strlen(folders[i]);
	return NULL;
}

static int no_revision(const struct revising *v, git_repository *repo, struct err *e)
{
	_buf_ struct buf b = BUF_INIT;
	git_strarray refs = {0};
	VEC(const char *) names = {0};
	if (git2.reference_list(&refs, repo) < 0)
		refs = (git_strarray){0};
	for (size_t i = 0; i < refs.count; i++) {
		const char *name = short_name(refs.strings[i]);
		if (name)
			vec_push(&names, name);
	}
	const char *nearest = text_nearest(v->revision, names.v, names.len);
	if (nearest) {
		buf_addf(&b, "did you mean \"%s\"?", nearest);
	} else {
		for (size_t i = 0; i < names.len && i < NAMED; i++)
			buf_addf(&b, "%s%s", i ? ", " : "it has ", names.v[i]);
		if (names.len > NAMED)
			buf_addf(&b, " and %zu more", names.len - NAMED);
		if (!names.len)
			buf_adds(&b, "it has no branch and no tag yet (git commit makes the first revision)");
	}
	_free_ char *shallow = v->user.common ? path_join(v->user.common, "shallow") : NULL;
	if (shallow && file_exists(shallow))
		buf_adds(&b, "; it is a shallow clone, which git fetch --unshallow completes");
	err_set(e, ERR_USAGE, "there is no revision \"%s\" in %s; %s", v->revision, v->user.top, b.data);
	vec_release(&names);
	git2.strarray_dispose(&refs);
	return e->code;
}

/* An object that the repository names and does not have. */
static int absent(const struct revising *v, const char *what, struct err *e)
{
	_buf_ struct buf quoted = BUF_INIT;

	text_shell_quote(&quoted, v->revision);
	return err_set(
	        e, ERR_USAGE,
	        "%s of revision \"%s\" is not in %s: in a partial clone `git archive %s >/dev/null` fetches what "
	        "is missing",
	        what, v->revision, v->user.top, quoted.data);
}

/* The tree of the revision at the repository's top. */
static int resolve(struct revising *v, git_repository *repo, git_tree **ret, struct err *e)
{
	_git_(object) git_object *object = NULL, *commit = NULL, *tree = NULL;
	int r = *v->revision ? git2.revparse_single(&object, repo, v->revision) : GIT_ENOTFOUND;
	if (r == GIT_EAMBIGUOUS)
		return err_set(e, ERR_USAGE, "\"%s\" begins the id of more than one object in %s: give more of it",
		               v->revision, v->user.top);
	if (r < 0)
		return no_revision(v, repo, e);
	if (!git2.object_peel(&commit, object, GIT_OBJECT_COMMIT)) {
		char hex[41];
		code_oid_hex(git2.object_id(commit)->id, hex);
		v->commit = mem_strdup(hex);
	}
	r = git2.object_peel(&tree, commit ? commit : object, GIT_OBJECT_TREE);
	if (r == GIT_ENOTFOUND)
		return absent(v, "the tree", e);
	if (r < 0)
		return err_set(e, ERR_USAGE, "\"%s\" in %s is no revision: it names a file", v->revision, v->user.top);
	*ret = (git_tree *)mem_take(tree);
	return 0;
}

/* ---- its files ---- */

static int read_blob(const struct revising *v, const struct origin *from, const git_oid *id, git_odb_object **ret,
                     struct err *e)
{
	int r = git2.odb_read(ret, from->odb, id);
	if (r == GIT_ENOTFOUND)
		return absent(v, below_root(v), e);
	return r < 0 ? git2_error(e, ERR_BROKEN, "%s: of revision \"%s\" cannot be read", below_root(v), v->revision)
	             : 0;
}

static int add_file(struct revising *v, const struct origin *from, const git_tree_entry *entry, struct err *e)
{
	unsigned mode = git2.tree_entry_filemode_raw(entry);
	const git_oid *id = git2.tree_entry_id(entry);
	if (!code_repo_has(&v->repo, id)) {
		_git_(odb_object) git_odb_object *object = NULL;
		git_oid written;
		if (read_blob(v, from, id, &object, e) < 0 ||
		    code_repo_write(&v->repo, git2.odb_object_data(object), git2.odb_object_size(object),
		                    GIT_OBJECT_BLOB, &written, e) < 0)
			return e->code;
	}
	struct code_record *r = vec_add(&v->list.files);
	r->mode = mode == 0120000 ? mode : mode & 0100 ? 0100755 : 0100644;
	memcpy(r->oid, id->id, sizeof r->oid);
	r->path = v->list.paths.len;
	buf_adds(&v->list.paths, below_root(v));
	buf_addc(&v->list.paths, 0);
	return 0;
}

static bool is_file(const git_tree_entry *entry)
{
	return git2.tree_entry_type(entry) == GIT_OBJECT_BLOB && git2.tree_entry_filemode_raw(entry) != 0120000;
}

static int look_for_filters(struct revising *v, const struct origin *from, const git_oid *id, struct err *e)
{
	_git_(odb_object) git_odb_object *object = NULL;
	if (read_blob(v, from, id, &object, e) < 0)
		return e->code;
	_free_ char *text = mem_strndup(git2.odb_object_data(object), git2.odb_object_size(object));
	v->filters |= strstr(text, "filter=") != NULL;
	v->converts |= strstr(text, "eol=crlf") || strstr(text, "working-tree-encoding=");
	return 0;
}

/* What a folder's own files say about what is in it. 1: it is an environment, and left out. */
static int look_at_folder(struct revising *v, const struct origin *from, const git_tree *tree, bool root, struct err *e)
{
	size_t n = git2.tree_entrycount(tree);
	for (size_t i = 0; !root && i < n; i++)
		if (code_walk_marks_environment(git2.tree_entry_name(git2.tree_entry_byindex(tree, i))))
			return 1;
	for (size_t i = 0; i < n; i++) {
		const git_tree_entry *entry = git2.tree_entry_byindex(tree, i);
		const char *name = git2.tree_entry_name(entry);
		if (!is_file(entry))
			continue;
		if (!strcmp(name, ".gitattributes") && look_for_filters(v, from, git2.tree_entry_id(entry), e) < 0)
			return e->code;
		if (strcmp(name, ".jigignore"))
			continue;
		_git_(odb_object) git_odb_object *object = NULL;
		if (read_blob(v, from, git2.tree_entry_id(entry), &object, e) < 0)
			return e->code;
		_free_ char *base = root ? mem_strdup(v->path.data) : mem_printf("%s/", v->path.data);
		struct ignore_set *set =
		        ignore_set_new(base, git2.odb_object_data(object), git2.odb_object_size(object));
		if (set)
			vec_push(&v->left.jig.sets, set);
	}
	return 0;
}

static int add_folder(struct revising *v, const struct origin *from, const git_oid *id, bool root, int depth,
                      struct err *e);

/* The files of a submodule, when it is checked out and knows the commit. */
static int add_submodule(struct revising *v, const struct origin *from, const git_oid *id, int depth, struct err *e)
{
	_git_(repository) git_repository *repo = NULL;
	_git_(odb) git_odb *odb = NULL;
	_git_(commit) git_commit *commit = NULL;
	_git_(tree) git_tree *tree = NULL;
	_free_ char *at = path_join(v->o->root, below_root(v));
	if (from->nesting >= MAX_NESTING ||
	    git2.repository_open_ext(&repo, at, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) < 0 ||
	    git2.repository_odb(&odb, repo) < 0 || git2.commit_lookup(&commit, repo, id) < 0 ||
	    git2.commit_tree(&tree, commit) < 0) {
		code_left_add(&v->left, below_root(v), LEFT_SUBMODULE, 0);
		return 0;
	}
	struct origin sub = {.repo = repo, .odb = odb, .nesting = from->nesting + 1};
	return add_folder(v, &sub, git2.tree_id(tree), false, depth, e);
}

/* As the walk over the working tree decides about a tracked name. */
static int add_entry(struct revising *v, const struct origin *from, const git_tree_entry *entry, int depth,
                     struct err *e)
{
	const char *name = git2.tree_entry_name(entry), *rel = below_root(v);
	git_object_t type = git2.tree_entry_type(entry);
	bool folder = type != GIT_OBJECT_BLOB;
	const char *wrong = strchr(name, '/') ? "has a /" : path_check_inside(name);
	if (wrong)
		return err_set(e, ERR_USAGE, "revision \"%s\" of %s cannot be used: a name in it %s: %s", v->revision,
		               v->user.top, wrong, name);
	if (!strcmp(name, ".jig") || !strcmp(name, ".git") || (v->jig && folder && !strcmp(rel, v->jig)))
		return 0;
	bool declared = code_walk_covered(v->o->data, v->o->ndata, rel);
	enum ignore_answer answer = declared ? IGNORE_OUT : ignore_stack_match(&v->left.jig, v->path.data, folder);
	if (answer == IGNORE_OUT) {
		code_left_add(&v->left, rel, declared ? LEFT_DECLARED : LEFT_JIGIGNORE, 0);
		return 0;
	}
	if (answer != IGNORE_IN && code_walk_is_made(name, strlen(name), folder)) {
		code_left_add(&v->left, rel, LEFT_MADE, 0);
		return 0;
	}
	const git_oid *id = git2.tree_entry_id(entry);
	return type == GIT_OBJECT_BLOB   ? add_file(v, from, entry, e)
	       : type == GIT_OBJECT_TREE ? add_folder(v, from, id, false, depth + 1, e)
	                                 : add_submodule(v, from, id, depth + 1, e);
}

static int add_folder(struct revising *v, const struct origin *from, const git_oid *id, bool root, int depth,
                      struct err *e)
{
	_git_(tree) git_tree *tree = NULL;
	size_t len = v->path.len;
	int r = depth > MAX_DEPTH ? -1 : git2.tree_lookup(&tree, from->repo, id);
	if (r == GIT_ENOTFOUND)
		return absent(v, root ? "the tree" : below_root(v), e);
	if (r < 0)
		return git2_error(e, ERR_BROKEN, "%s: of revision \"%s\" cannot be read", below_root(v), v->revision);
	r = look_at_folder(v, from, tree, root, e);
	if (r > 0)
		code_left_add(&v->left, below_root(v), LEFT_ENVIRONMENT, 0);
	if (r)
		return r < 0 ? r : 0;
	if (!root)
		buf_addc(&v->path, '/');
	size_t base = v->path.len, n = git2.tree_entrycount(tree);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		const git_tree_entry *entry = git2.tree_entry_byindex(tree, i);
		buf_cut(&v->path, base);
		buf_adds(&v->path, git2.tree_entry_name(entry));
		r = add_entry(v, from, entry, depth, e);
	}
	buf_cut(&v->path, len);
	return r;
}

/* Where the project is not the whole repository: its folder in the tree. */
static int find_folder(struct revising *v, const struct origin *from, const git_tree *top, git_oid *ret, struct err *e)
{
	_git_(tree_entry) git_tree_entry *entry = NULL;
	const git_tree_entry *attributes = git2.tree_entry_byname(top, ".gitattributes");
	const char *prefix = v->user.prefix;
	*ret = *git2.tree_id(top);
	if (!*prefix)
		return 0;
	if (attributes && is_file(attributes) && look_for_filters(v, from, git2.tree_entry_id(attributes), e) < 0)
		return e->code;
	_free_ char *folder = mem_strndup(prefix, strlen(prefix) - 1);
	int r = git2.tree_entry_bypath(&entry, top, folder);
	if (r == GIT_ENOTFOUND || (!r && git2.tree_entry_type(entry) != GIT_OBJECT_TREE))
		return err_set(e, ERR_USAGE, "revision \"%s\" of %s does not hold this project's folder %s",
		               v->revision, v->user.top, folder);
	if (r < 0)
		return git2_error(e, ERR_BROKEN, "%s: of revision \"%s\" cannot be read", folder, v->revision);
	*ret = *git2.tree_entry_id(entry);
	return 0;
}

/* Files that git-lfs keeps elsewhere stand in the tree as short texts that point at them. */
static char *pointers_remark(struct revising *v)
{
	_buf_ struct buf b = BUF_INIT;
	size_t n = 0;
	for (size_t i = 0; v->filters && i < v->list.files.len; i++) {
		_git_(odb_object) git_odb_object *object = NULL;
		git_oid id;
		memcpy(id.id, v->list.files.v[i].oid, sizeof id.id);
		if (code_repo_loose_size(&v->repo, &id) > POINTER_MAX || git2.odb_read(&object, v->repo.odb, &id) < 0)
			continue;
		size_t len = git2.odb_object_size(object);
		if (len >= POINTER_MAX || len < strlen(POINTER_START) ||
		    memcmp(git2.odb_object_data(object), POINTER_START, strlen(POINTER_START)))
			continue;
		if (n++ < NAMED)
			buf_addf(&b, "%s%s", n > 1 ? ", " : "", code_list_path(&v->list, &v->list.files.v[i]));
	}
	if (n > NAMED)
		buf_addf(&b, " and %zu more", n - NAMED);
	if (!n)
		return NULL;
	buf_adds(&b, ": in a revision these stand as pointers of git-lfs, without their content; only the working tree "
	             "has it");
	return buf_steal(&b);
}

static int add_all(struct revising *v, git_repository *repo, struct err *e)
{
	_git_(odb) git_odb *odb = NULL;
	_git_(tree) git_tree *top = NULL;
	const struct code_options *o = v->o;
	git_oid folder;
	v->left.options = o;
	v->left.prefix = mem_strdup(v->user.prefix);
	v->left.prefix_len = strlen(v->user.prefix);
	buf_adds(&v->path, v->user.prefix);
	if (path_within(o->jig, o->root) && strcmp(o->jig, o->root))
		v->jig = o->jig + strlen(o->root) + 1;
	if (resolve(v, repo, &top, e) < 0)
		return e->code;
	if (git2.repository_odb(&odb, repo) < 0)
		return git2_error(e, ERR_BROKEN, "%s: its objects cannot be read", v->user.top);
	struct origin from = {.repo = repo, .odb = odb};
	return find_folder(v, &from, top, &folder, e) < 0 ? e->code : add_folder(v, &from, &folder, true, 0, e);
}

static int revise(struct revising *v, struct code_snapshot *s, struct err *e)
{
	git_repository *repo = NULL;
	git_oid tree;
	if (open_user(v, &repo, e) < 0 || code_repo_create(&v->repo, v->o->jig, e) < 0 ||
	    code_repo_load(&v->repo, e) < 0 || add_all(v, repo, e) < 0 ||
	    code_take_tree(&v->repo, &v->list, &tree, e) < 0 || code_repo_sync(&v->repo, e) < 0)
		return e->code;
	code_oid_hex(tree.id, s->tree);
	code_repo_touch(&v->repo, &tree);
	if (code_repo_ref(&v->repo, "revision", s->tree, false, e) < 0)
		return e->code;
	s->nfiles = v->list.files.len;
	s->commit = mem_take(v->commit);
	s->remote = mem_take(v->user.remote);
	code_left_notes(&v->left, &s->notes, &s->nnotes);
	code_snapshot_note(s, pointers_remark(v));
	if (v->converts)
		code_snapshot_note(
		        s,
		        mem_strdup("git converts line ends or encodings of some files (.gitattributes); in a revision "
		                   "they stand as committed"));
	return 0;
}

int code_revision(const struct code_options *o, const char *revision, struct code_snapshot *ret, struct err *e)
{
	_close_ int lock = -1;
	if (git2_load(e) < 0 || code_lock(o->jig, &lock, e) < 0)
		return e->code;
	_cleanup_(revising_release) struct revising v = {
	        .o = o,
	        .revision = revision,
	        .repo = CODE_REPO_INIT,
	        .user = CODE_USER_INIT,
	        .list = CODE_LIST_INIT,
	        .path = BUF_INIT,
	};
	struct code_snapshot s = {0};
	int r = revise(&v, &s, e);
	if (r < 0) {
		code_snapshot_release(&s);
		return r;
	}
	*ret = s;
	return 0;
}
