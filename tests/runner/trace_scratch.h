/* Snapshots and lookups from short texts, for the tests of traces.
 *
 * A tree: names between blanks: "a.py=x" a file with content x, "tool*=y" an executable, "l->../b" a link. */
#ifndef TESTS_RUNNER_TRACE_SCRATCH_H
#define TESTS_RUNNER_TRACE_SCRATCH_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/sha256.h"
#include "base/vec.h"
#include "runner/code/code_names.h"
#include "runner/trace/trace.h"

#define UNUSED __attribute__((unused))

struct scratch_tree {
	struct code_names names;
	VEC(struct code_name) v;
	struct arena arena;
};

static int scratch_by_path(const void *a, const void *b)
{
	return code_path_compare(((const struct code_name *)a)->path, ((const struct code_name *)b)->path);
}

/* Not git's id, but one that hangs on the content alone, as git's does. */
static void scratch_add(struct scratch_tree *t, const char *path, unsigned mode, const char *content)
{
	struct code_name *n = vec_add(&t->v);
	struct digest d;

	sha256_bytes(content, strlen(content), &d);
	memcpy(n->oid, d.b, CODE_OID_BYTES);
	n->path = arena_strdup(&t->arena, path);
	n->mode = mode;
	n->target = mode == 0120000 ? arena_strdup(&t->arena, content) : NULL;
}

static void scratch_end(struct scratch_tree *t)
{
	struct digest d;
	_buf_ struct buf all = BUF_INIT;

	if (t->v.len)
		qsort(t->v.v, t->v.len, sizeof *t->v.v, scratch_by_path);
	for (size_t i = 0; i < t->v.len; i++) {
		buf_addf(&all, "%s %o ", t->v.v[i].path, t->v.v[i].mode);
		buf_add(&all, t->v.v[i].oid, CODE_OID_BYTES);
	}
	sha256_bytes(all.data, all.len, &d);
	for (int i = 0; i < CODE_OID_BYTES; i++)
		snprintf(t->names.tree + 2 * i, 3, "%02x", d.b[i]);
	t->names.v = t->v.v;
	t->names.len = t->v.len;
}

UNUSED static void scratch_parse(struct scratch_tree *t, const char *text)
{
	_free_ char *copy = mem_strdup(text);
	char *save = NULL;

	*t = (struct scratch_tree){ 0 };
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		char *arrow = strstr(word, "->"), *equal = strchr(word, '=');
		char *end = arrow ? arrow : equal;
		bool x = end > word && end[-1] == '*';

		assert_non_null(end);
		end[x ? -1 : 0] = '\0';
		scratch_add(t, word, arrow ? 0120000 : x ? 0100755 : 0100644, arrow ? arrow + 2 : equal + 1);
	}
	scratch_end(t);
}

static void scratch_release(struct scratch_tree *t)
{
	vec_release(&t->v);
	arena_release(&t->arena);
}
#define _scratch_tree_ _cleanup_(scratch_release)

/* Lookups are words "HOW:PATH", HOW of letters: s stat, l lstat, r read, p read as Python source, w write, d deep, m
 * module. */
UNUSED static void scratch_look(struct lookups *l, const char *work, const char *how, const char *path)
{
	static const char letters[] = "slrpwdm";
	_free_ char *full = *path == '/' ? mem_strdup(path) : mem_printf("%s/%s", work, path);
	unsigned bits = 0;

	for (; *how; how++)
		bits |= 1u << (strchr(letters, *how) - letters);
	map_add(&l->paths, full, NULL)->num |= bits;
}

UNUSED static const char *scratch_kind(enum trace_kind k)
{
#define SCRATCH_TEXT(s, text, ...) text,
	static const char *const texts[] = { TRACE_KINDS(SCRATCH_TEXT) };

	return texts[k];
}

#endif
