#include "runner/trace/trace.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/vec.h"
#include "runner/code/code.h"
#include "runner/trace/python_tokens.h"
#include "runner/trace/trace_answer.h"
#include "runner/trace/trace_outside.h"
#include "runner/trace/trace_resolve.h"

#define MOST_FIRST_LINE 256 /* as the kernel's */
#define MOST_OUTSIDE 10000 /* entries below folders outside that were moved or linked to */

void trace_params(const json_t *params, struct digest *ret)
{
	_buf_ struct buf text = BUF_INIT;

	json_canonical(&text, params);
	sha256_bytes(text.data, text.len, ret);
}

struct making {
	struct trace_resolver r;
	const struct trace_places *p;
	struct arena *a;
	struct { struct trace_row *v; size_t len, cap; } rows;
	struct trace_listing names; /* scratch */
	size_t below;               /* entries of folders outside */
};
#define _making_ _cleanup_(making_release)

static void making_release(struct making *m)
{
	trace_resolver_release(&m->r);
	vec_release(&m->rows);
	trace_listing_release(&m->names);
}

static struct trace_row *add_row(struct making *m, enum trace_kind kind, const char *path)
{
	struct trace_row *row = vec_add(&m->rows);

	row->kind = kind;
	row->path = arena_strdup(m->a, path);
	return row;
}

static void add_digest(struct making *m, enum trace_kind kind, const char *path, const struct digest *d)
{
	struct trace_row *row = add_row(m, kind, path);

	memcpy(row->digest, d->b, DIGEST_SIZE);
	row->digest_len = DIGEST_SIZE;
}

static void add_listing(struct making *m, enum trace_kind kind, const char *path)
{
	struct trace_row *row = add_row(m, kind, path);

	if (kind == TRACE_MODULE)
		trace_listing_module(m->r.names, path, &m->names);
	else
		trace_listing_folder(m->r.names, path, &m->names);
	/* A module that nothing could be has no digest. */
	if (kind == TRACE_MODULE && !m->names.len)
		return;
	trace_listing_digest(&m->names, row->digest);
	row->digest_len = DIGEST_SIZE;
}

static int add_tokens(struct making *m, const struct code_name *name, struct err *e)
{
	_buf_ struct buf text = BUF_INIT;
	struct digest d;

	if (code_read_blob(m->p->jig, name->oid, &text, e) < 0)
		return err_prefix(e, "%s", name->path);
	if (python_tokens(text.data, text.len, &d) == 0)
		add_digest(m, TRACE_PYTHON, name->path, &d);
	return 0;
}

/* Without a digest: the snapshot has no such file. */
static void add_params_text(struct making *m, const char *path)
{
	struct trace_row *row = add_row(m, TRACE_PARAMS, path);
	size_t at;

	if (code_names_find(m->r.names, path, &at) != CODE_FILE)
		return;
	memcpy(row->digest, m->r.names->v[at].oid, CODE_OID_BYTES);
	row->digest_len = CODE_OID_BYTES;
}

/* All that is to be compared at one path of the snapshot. */
static int add_seen(struct making *m, const char *path, unsigned what, struct err *e)
{
	size_t at = 0;

	if (what & (1u << TRACE_FILE | 1u << TRACE_LINK)) {
		bool file = what & 1u << TRACE_FILE;
		struct trace_row *row = add_row(m, file ? TRACE_FILE : TRACE_LINK, path);

		code_names_find(m->r.names, path, &at);
		const struct code_name *name = &m->r.names->v[at];
		memcpy(row->digest, name->oid, CODE_OID_BYTES);
		row->digest_len = CODE_OID_BYTES;
		row->mode = name->mode;
		if (file && what & TRACE_SEEN_SOURCE && !(what & TRACE_SEEN_CONTENT) && m->p->step->python_tokens &&
		    add_tokens(m, name, e) < 0)
			return e->code;
	}
	if (what & 1u << TRACE_LISTING)
		add_listing(m, TRACE_LISTING, path);
	else if (what & 1u << TRACE_FOLDER)
		add_row(m, TRACE_FOLDER, path);
	if (what & 1u << TRACE_NOTHING)
		add_row(m, TRACE_NOTHING, path);
	else if (what & TRACE_SEEN_WRITTEN && !(what & 1u << TRACE_FILE))
		add_row(m, TRACE_NOTHING, path)->mode = S_IFREG;
	if (what & 1u << TRACE_MODULE)
		add_listing(m, TRACE_MODULE, path);
	if (what & 1u << TRACE_PARAMS)
		add_params_text(m, path);
	return 0;
}

/* What the first line of a script names the kernel opens without a call that could be seen. */
static void see_interpreter(struct making *m, const struct buf *text)
{
	const char *p = text->data + 2;

	if (text->len < 2 || memcmp(text->data, "#!", 2))
		return;
	p += strspn(p, " \t");
	_free_ char *path = mem_strndup(p, strcspn(p, " \t\r\n"));
	if (*path == '/')
		trace_resolve(&m->r, path, LOOKUP_READ | LOOKUP_EXEC);
	else if (*path)
		m->r.unclear = "a script was executed whose first line names a relative path";
}

static int see_interpreters(struct making *m, struct err *e)
{
	/* Both maps grow on the way, by interpreters that are scripts themselves. */
	for (size_t i = 0, k = 0; i < m->r.rows.len || k < m->r.outside.len;) {
		_buf_ struct buf text = BUF_INIT;

		if (i < m->r.rows.len) {
			const struct map_entry *entry = &m->r.rows.entries[i++];
			size_t at;

			if (!(entry->num & TRACE_SEEN_RUN))
				continue;
			code_names_find(m->r.names, entry->key, &at);
			if (code_read_blob(m->p->jig, m->r.names->v[at].oid, &text, e) < 0)
				return err_prefix(e, "%s", entry->key);
		} else {
			const struct map_entry *entry = &m->r.outside.entries[k++];
			_close_ int fd =
			        entry->num & LOOKUP_EXEC ? open(entry->key, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;

			if (fd < 0 || buf_read(&text, fd, MOST_FIRST_LINE) <= 0)
				continue;
		}
		see_interpreter(m, &text);
	}
	return 0;
}

static int see_entry(void *arg, const char *rel, const char *path, const struct stat *st, struct err *e)
{
	struct making *m = arg;

	(void)rel;
	if (path_within(path, m->r.jig) || trace_resolve_covers(&m->r, path))
		return S_ISDIR(st->st_mode) ? FILE_WALK_SKIP : 0;
	if (++m->below > MOST_OUTSIDE)
		return err_set(e, ERR_USAGE, "%s: too much", path);
	map_add(&m->r.outside, path, NULL)->num |= S_ISLNK(st->st_mode) ? LOOKUP_STAT | LOOKUP_LSTAT : LOOKUP_READ;
	return 0;
}

/* A folder outside that got another name: what was read below that is not known, so all of it counts. */
static void see_below_outside(struct making *m)
{
	size_t n = m->r.outside.len;

	for (size_t i = 0; i < n && !m->r.never; i++) {
		_free_ char *path = mem_strdup(m->r.outside.entries[i].key);
		struct err e;

		if (m->r.outside.entries[i].num & LOOKUP_DEEP && file_is_dir(path) &&
		    file_walk(path, see_entry, m, &e) < 0)
			m->r.never = "a folder outside with more than can be compared was moved or linked to";
	}
}

static void add_outside(struct making *m)
{
	see_below_outside(m);
	for (size_t i = 0; i < m->r.outside.len; i++) {
		const struct map_entry *entry = &m->r.outside.entries[i];
		struct trace_row row;

		if (entry->num == LOOKUP_WRITE)
			continue;
		trace_outside_row(entry->key, entry->num, m->p->began, &row);
		/* Names of shared memory come and go with the processes. */
		if (!row.mode && path_within(entry->key, "/dev/shm"))
			continue;
		row.path = arena_strdup(m->a, entry->key);
		vec_push(&m->rows, row);
	}
}

/* Beside the code that was looked up: what stands for all of it, and the params. */
static void add_whole(struct making *m, const char *why, bool names)
{
	if (m->r.never) {
		add_row(m, TRACE_TREE, m->r.never);
	} else if (why) {
		struct trace_row *row = add_row(m, TRACE_TREE, why);

		trace_tree_bytes(m->r.names, row->digest);
		row->digest_len = CODE_OID_BYTES;
	}
	if (names) {
		struct trace_row *row = add_row(m, TRACE_NAMES, "");

		trace_all_names(m->r.names, row->digest);
		row->digest_len = DIGEST_SIZE;
	}
	if (m->r.params && m->p->params_digest)
		add_digest(m, TRACE_PARAMS, "", m->p->params_digest);
}

static int by_path_and_kind(const void *va, const void *vb)
{
	const struct trace_row *a = va, *b = vb;
	int order = strcmp(a->path, b->path);

	return order ? order : (a->kind > b->kind) - (a->kind < b->kind);
}

int trace_make(const struct lookups *l, const struct code_names *names, const struct trace_places *p, struct arena *a,
               struct trace_rows *ret, struct err *e)
{
	_making_ struct making m = { .p = p, .a = a };
	bool declared = p->step->ncode > 0;
	const char *why;

	trace_resolver_init(&m.r, p, names);
	for (size_t i = 0; i < l->paths.len; i++)
		trace_resolve(&m.r, l->paths.entries[i].key, l->paths.entries[i].num);
	if (see_interpreters(&m, e) < 0)
		return e->code;
	trace_resolve_end(&m.r);
	/* Where not every lookup was seen, those of the params may have been among the others. */
	m.r.params |= l->untrusted || l->witness != WITNESS_CALLS;
	why = l->untrusted ? l->untrusted : l->witness == WITNESS_NONE ? "nobody saw what it read" : m.r.unclear;
	if (declared) {
		trace_resolve_declared(&m.r);
		why = NULL;
	}
	for (size_t i = 0; i < m.r.rows.len && !why; i++)
		if (add_seen(&m, m.r.rows.entries[i].key, m.r.rows.entries[i].num, e) < 0)
			return e->code;
	add_outside(&m);
	add_whole(&m, why, !declared && !why && l->witness == WITNESS_FILES);
	if (m.rows.len)
		qsort(m.rows.v, m.rows.len, sizeof *m.rows.v, by_path_and_kind);
	*ret = (struct trace_rows){ .v = arena_dup(a, m.rows.v, m.rows.len * sizeof *m.rows.v), .len = m.rows.len };
	return 0;
}
