#include <git2.h>
#include "runner/code/code_head.h"

uint64_t code_head_key(const struct code_user *u, const struct code_options *o, const unsigned char *tree)
{
	if (!u->stamp || u->by_program)
		return 0;
	uint64_t h = code_hash(0, tree, CODE_OID_BYTES);
	unsigned char flags[] = {u->has_tree, u->filemode, u->converts};
	h = code_hash(h, flags, sizeof flags);
	h = code_hash(h, u->head_tree.id, sizeof u->head_tree.id);
	h = code_hash(h, &u->stamp, sizeof u->stamp);
	for (size_t i = 0; i < o->ndata; i++)
		h = code_hash(h, o->data[i], strlen(o->data[i]) + 1);
	return h ? h : 1;
}

static int by_path(const void *a, const void *b)
{
	return code_path_compare(((const struct head_file *)a)->path, ((const struct head_file *)b)->path);
}

static bool same(const struct code_user *u, const struct head_file *head, const struct code_record *r)
{
	uint32_t mode = (head->mode & 0170000) == 0100000 ? (head->mode & 0100 ? 0100755 : 0100644) : head->mode;
	bool files = (mode & 0170000) == 0100000 && (r->mode & 0170000) == 0100000;
	return (mode == r->mode || (files && !u->filemode)) && !memcmp(head->oid.id, r->oid, sizeof r->oid);
}

/* git's own list of changed files, and what it does not know. */
static int count_asked(const char *root, const struct code_user *u, const struct code_list *l,
                       const struct code_left *left, int *ret, struct err *e)
{
	_map_ struct map changed = MAP_INIT;
	*ret = -1;
	if (u->commit || u->note) {
		/* Without an answer the number is unknown, which is no reason not to run. */
		if (code_user_ask_changed(u, root, &changed, e) < 0)
			return 0;
	} else {
		for (size_t i = 0; i < l->files.len; i++)
			map_add(&changed, code_list_path(l, &l->files.v[i]), NULL);
	}
	int n = 0;
	for (size_t i = 0; i < changed.len; i++)
		n += !code_left_covers(left, changed.entries[i].key);
	for (size_t i = 0; i < l->files.len; i++)
		n += l->files.v[i].is_new && !map_find(&changed, code_list_path(l, &l->files.v[i]));
	*ret = n;
	return 0;
}

/* Files whose bytes differ from HEAD's, but that git converts on the way: git is asked. */
static int without_converted(const char *root, const struct code_user *u, const struct head_file **v, size_t n,
                             struct err *e)
{
	size_t filtered = 0;
	while (filtered < n && !code_user_is_filtered(u, v[filtered]->path))
		filtered++;
	_map_ struct map changed = MAP_INIT;
	if (filtered == n || code_user_ask_changed(u, root, &changed, e) < 0)
		return n;
	int left = 0;
	for (size_t i = 0; i < n; i++)
		left += map_find(&changed, v[i]->path) != NULL;
	return left;
}

int code_head_changed(const char *root, struct code_user *u, const struct code_list *l, const struct code_left *left,
                      int *ret, struct err *e)
{
	struct head_files head = {0};
	int r = code_user_head(u, root, &head, e);
	if (r) {
		vec_release(&head.v);
		return r < 0 ? r : count_asked(root, u, l, left, ret, e);
	}
	if (head.v.len)
		qsort(head.v.v, head.v.len, sizeof *head.v.v, by_path);
	VEC(const struct head_file *) differing = {0};
	int n = 0;
	size_t i = 0, j = 0;
	while (i < head.v.len || j < l->files.len) {
		const struct head_file *h = i < head.v.len ? &head.v.v[i] : NULL;
		const struct code_record *f = j < l->files.len ? &l->files.v[j] : NULL;
		int order = !h ? 1 : !f ? -1 : code_path_compare(h->path, code_list_path(l, f));
		i += order <= 0;
		j += order >= 0;
		if (order > 0) {
			n++;
		} else if (order < 0) {
			const struct user_file *tracked = code_user_find(u, h->path);
			n += !(tracked && tracked->absent_is_fine) && !code_left_covers(left, h->path);
		} else if (!same(u, h, f)) {
			if (h->submodule)
				n++;
			else
				vec_push(&differing, h);
		}
	}
	*ret = n + without_converted(root, u, differing.v, differing.len, e);
	vec_release(&differing);
	vec_release(&head.v);
	return 0;
}
