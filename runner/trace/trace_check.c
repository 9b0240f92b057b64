#include <string.h>
#include "base/vec.h"
#include "runner/code/code.h"
#include "runner/trace/python_tokens.h"
#include "runner/trace/trace.h"
#include "runner/trace/trace_answer.h"
#include "runner/trace/trace_outside.h"

struct checking {
	const struct trace_now *now;
	struct arena *a;
	struct trace_difference best;
	const char *tokens;
	const char *there; size_t there_len; /* a folder that is known to be there, so that neighbours need not ask */
	struct trace_listing then, names;    /* scratch */
	const struct code_names *old;
	bool asked;
};
#define _checking_ _cleanup_(checking_release)

static void checking_release(struct checking *c)
{
	trace_listing_release(&c->then);
	trace_listing_release(&c->names);
}

static void differs(struct checking *c, enum trace_change change, const char *path, const unsigned char *before,
                    const unsigned char *after)
{
	struct trace_difference *best = &c->best;

	if (best->change != TRACE_SAME &&
	    (change > best->change || (change == best->change && strcmp(path, best->path) >= 0)))
		return;
	*best = (struct trace_difference){ .change = change, .path = arena_strdup(c->a, path) };
	if (before)
		memcpy(best->before, before, CODE_OID_BYTES);
	if (after)
		memcpy(best->after, after, CODE_OID_BYTES);
}

/* A name is missing in the same way as before only while its folder is a folder, or missing too: not when a link leads
 * on from there. Whether something else stands where a folder was. */
static bool check_above(struct checking *c, const char *path)
{
	size_t len = trace_parent_length(path);

	if (!len || (len == c->there_len && !memcmp(path, c->there, len)))
		return false;
	_free_ char *folder = mem_strndup(path, len);
	for (size_t n = len; n; n = trace_parent_length(folder)) {
		size_t at;

		folder[n] = '\0';
		switch (code_names_find(c->now->names, folder, &at)) {
		case CODE_FOLDER:
			if (n == len) {
				c->there = path;
				c->there_len = len;
			}
			return false;
		case CODE_NOTHING:
			break;
		default:
			differs(c, TRACE_TYPE, folder, NULL, NULL);
			return true;
		}
	}
	return false;
}

/* What was there is `kind` now. What went with a folder that became a link is told by that folder. */
static void check_gone(struct checking *c, const char *path, enum code_kind kind)
{
	if (kind != CODE_NOTHING)
		differs(c, TRACE_TYPE, path, NULL, NULL);
	else if (!check_above(c, path))
		differs(c, TRACE_GONE, path, NULL, NULL);
}

static int check_tokens(struct checking *c, const struct trace_row *python, const struct code_name *name,
                        bool *ret_same, struct err *e)
{
	_buf_ struct buf text = BUF_INIT;
	struct digest d;

	*ret_same = false;
	if (code_read_blob(c->now->jig, name->oid, &text, e) < 0)
		return err_prefix(e, "%s", name->path);
	*ret_same = python_tokens(text.data, text.len, &d) == 0 && !memcmp(d.b, python->digest, DIGEST_SIZE);
	return 0;
}

/* python: the row of its tokens, or NULL. */
static int check_file(struct checking *c, const struct trace_row *row, const struct trace_row *python, struct err *e)
{
	bool same_tokens = false;
	size_t at;
	enum code_kind kind = code_names_find(c->now->names, row->path, &at);
	const struct code_name *name = &c->now->names->v[at];

	if (kind != CODE_FILE) {
		check_gone(c, row->path, kind);
		return 0;
	}
	if (memcmp(name->oid, row->digest, CODE_OID_BYTES)) {
		if (python && check_tokens(c, python, name, &same_tokens, e) < 0)
			return e->code;
		if (!same_tokens) {
			differs(c, TRACE_CHANGED, row->path, row->digest, name->oid);
			return 0;
		}
		if (!c->tokens)
			c->tokens = row->path;
	}
	if (name->mode != row->mode)
		differs(c, TRACE_MODE, row->path, NULL, NULL);
	return 0;
}

static void check_link(struct checking *c, const struct trace_row *row)
{
	size_t at;
	enum code_kind kind = code_names_find(c->now->names, row->path, &at);

	if (kind != CODE_LINK)
		check_gone(c, row->path, kind);
	else if (memcmp(c->now->names->v[at].oid, row->digest, CODE_OID_BYTES))
		differs(c, TRACE_TARGET, row->path, NULL, NULL);
}

static void check_nothing(struct checking *c, const struct trace_row *row)
{
	size_t at;

	enum code_kind kind = code_names_find(c->now->names, row->path, &at);

	/* What was only written may be a file as well as nothing, but no folder and no link to elsewhere. */
	if (kind != CODE_NOTHING && row->mode && kind != CODE_FILE)
		differs(c, TRACE_TYPE, row->path, NULL, NULL);
	else if (kind != CODE_NOTHING && !row->mode)
		differs(c, TRACE_NEW, row->path, NULL, NULL);
	else
		check_above(c, row->path);
}

static const struct code_names *names_of_then(struct checking *c)
{
	if (!c->asked && c->now->then)
		c->old = c->now->then(c->now->arg);
	c->asked = true;
	return c->old;
}

/* `folder` and a name in it. */
static void differs_at(struct checking *c, enum trace_change change, const char *folder, size_t folder_len,
                       const struct trace_name *name)
{
	_free_ char *path =
	        mem_printf("%.*s%s%.*s", (int)folder_len, folder, folder_len ? "/" : "", (int)name->len, name->text);

	differs(c, change, path, NULL, NULL);
}

static void check_listing(struct checking *c, const struct trace_row *row)
{
	unsigned char digest[DIGEST_SIZE];
	size_t at;
	enum code_kind kind = code_names_find(c->now->names, row->path, &at);
	const struct code_names *old;
	const struct trace_name *name = NULL;
	int change;

	if (kind != CODE_FOLDER) {
		check_gone(c, row->path, kind);
		return;
	}
	trace_listing_folder(c->now->names, row->path, &c->names);
	trace_listing_digest(&c->names, digest);
	if (!memcmp(digest, row->digest, DIGEST_SIZE))
		return;
	old = names_of_then(c);
	if (old) {
		trace_listing_folder(old, row->path, &c->then);
		name = trace_listing_differs(&c->then, &c->names, &change);
	}
	if (name)
		differs_at(c,
		           change > 0   ? TRACE_LISTED_NEW
		           : change < 0 ? TRACE_LISTED_GONE
		                        : TRACE_TYPE,
		           row->path, strlen(row->path), name);
	else
		differs(c, TRACE_LISTED_NEW, *row->path ? row->path : ".", NULL, NULL);
}

static void check_module(struct checking *c, const struct trace_row *row)
{
	unsigned char digest[DIGEST_SIZE];
	size_t folder = trace_parent_length(row->path);
	const struct trace_name *name = NULL;
	int change = 1;

	trace_listing_module(c->now->names, row->path, &c->names);
	if (!row->digest_len && !c->names.len) {
		check_above(c, row->path);
		return;
	}
	trace_listing_digest(&c->names, digest);
	if (row->digest_len && !memcmp(digest, row->digest, DIGEST_SIZE))
		return;
	vec_clear(&c->then);
	if (row->digest_len && names_of_then(c))
		trace_listing_module(c->old, row->path, &c->then);
	name = trace_listing_differs(&c->then, &c->names, &change);
	if (!c->names.len && (!name || change >= 0))
		differs(c, TRACE_GONE, row->path, NULL, NULL);
	else if (name)
		differs_at(c, change > 0 ? TRACE_NEW : change < 0 ? TRACE_GONE : TRACE_TYPE, row->path, folder, name);
	else
		differs(c, TRACE_NEW, row->path, NULL, NULL);
}

/* The first path at which two snapshots have other names. */
static void differ_names(struct checking *c, const struct code_names *then)
{
	const struct code_names *now = c->now->names;

	for (size_t i = 0, k = 0; i < then->len || k < now->len;) {
		int order = i == then->len  ? 1
		            : k == now->len ? -1
		                            : code_path_compare(then->v[i].path, now->v[k].path);

		if (order > 0)
			differs(c, TRACE_NAME_NEW, now->v[k].path, NULL, NULL);
		else if (order < 0)
			differs(c, TRACE_NAME_GONE, then->v[i].path, NULL, NULL);
		else if ((then->v[i].mode == 0120000) != (now->v[k].mode == 0120000))
			differs(c, TRACE_TYPE, now->v[k].path, NULL, NULL);
		else if (then->v[i].mode != now->v[k].mode)
			differs(c, TRACE_MODE, now->v[k].path, NULL, NULL);
		else if (now->v[k].mode == 0120000 && memcmp(then->v[i].oid, now->v[k].oid, CODE_OID_BYTES))
			differs(c, TRACE_TARGET, now->v[k].path, NULL, NULL);
		i += order <= 0;
		k += order >= 0;
	}
}

static void check_names(struct checking *c, const struct trace_row *row)
{
	enum trace_change before = c->best.change;
	unsigned char digest[DIGEST_SIZE];

	trace_all_names(c->now->names, digest);
	if (!memcmp(digest, row->digest, DIGEST_SIZE))
		return;
	if (names_of_then(c))
		differ_names(c, c->old);
	if (before == TRACE_SAME && c->best.change == TRACE_SAME)
		differs(c, TRACE_NAME_NEW, ".", NULL, NULL);
}

static void check_tree(struct checking *c, const struct trace_row *row)
{
	unsigned char tree[CODE_OID_BYTES];

	trace_tree_bytes(c->now->names, tree);
	if (row->digest_len != CODE_OID_BYTES || memcmp(tree, row->digest, CODE_OID_BYTES))
		differs(c, TRACE_ANYTHING, row->path, NULL, NULL);
}

/* A file of params counts by its values, and, where it was opened, by how they are written. */
static void check_params_text(struct checking *c, const struct trace_row *row)
{
	size_t at;
	bool file = code_names_find(c->now->names, row->path, &at) == CODE_FILE;

	if (file != (row->digest_len == CODE_OID_BYTES) ||
	    (file && memcmp(c->now->names->v[at].oid, row->digest, CODE_OID_BYTES)))
		differs(c, TRACE_ALL_PARAMS, row->path, NULL, NULL);
}

static int check_row(struct checking *c, const struct trace_rows *rows, size_t i, struct err *e)
{
	const struct trace_row *row = &rows->v[i], *next = i + 1 < rows->len ? row + 1 : NULL;
	size_t at;
	enum code_kind kind;

	switch (row->kind) {
	case TRACE_FILE:
		/* Rows of one path stand together, by kind. */
		return check_file(
		        c, row, next && next->kind == TRACE_PYTHON && !strcmp(next->path, row->path) ? next : NULL, e);
	case TRACE_PYTHON:
		return 0;
	case TRACE_FOLDER:
		kind = code_names_find(c->now->names, row->path, &at);
		if (kind != CODE_FOLDER)
			check_gone(c, row->path, kind);
		return 0;
	case TRACE_LISTING:
		check_listing(c, row);
		return 0;
	case TRACE_LINK:
		check_link(c, row);
		return 0;
	case TRACE_NOTHING:
		check_nothing(c, row);
		return 0;
	case TRACE_MODULE:
		check_module(c, row);
		return 0;
	case TRACE_OUTSIDE:
		if (!trace_outside_same(row))
			differs(c, TRACE_UNDECLARED, row->path, NULL, NULL);
		return 0;
	case TRACE_PARAMS:
		if (*row->path)
			check_params_text(c, row);
		else if (!c->now->params || memcmp(c->now->params->b, row->digest, DIGEST_SIZE))
			differs(c, TRACE_ALL_PARAMS, row->path, NULL, NULL);
		return 0;
	case TRACE_NAMES:
		check_names(c, row);
		return 0;
	case TRACE_TREE:
		check_tree(c, row);
		return 0;
	}
	/* What this jig does not know it cannot prove. */
	differs(c, TRACE_ANYTHING, row->path, NULL, NULL);
	return 0;
}

int trace_check(const struct trace_rows *rows, const struct trace_now *now, bool stop_at_first, struct arena *a,
                struct trace_difference *ret, const char **ret_tokens_only, struct err *e)
{
	_checking_ struct checking c = { .now = now, .a = a };

	for (size_t i = 0; i < rows->len && !(stop_at_first && c.best.change != TRACE_SAME); i++)
		if (check_row(&c, rows, i, e) < 0)
			return e->code;
	*ret = c.best;
	if (ret_tokens_only)
		*ret_tokens_only = c.best.change == TRACE_SAME ? arena_strdup(a, c.tokens) : NULL;
	return 0;
}
