#include "tui/workbench/run_reads.h"

#include <string.h>
#include <sys/stat.h>

static void add_path(const char **list, size_t *n, const char *path)
{
	/* A file that was read as text and as Python source stands there twice, one after the other. */
	if (!*n || strcmp(list[*n - 1], path))
		list[(*n)++] = path;
}

/* Names that were looked for in vain, and folders on the way, decide as well, but nobody wants to declare them. */
static bool was_read(const struct trace_row *row)
{
	return row->mode && !(S_ISDIR(row->mode) && !row->mtime);
}

int run_reads_load(struct tracker *t, int64_t attempt, struct arena *a, struct run_reads *ret, struct err *e)
{
	struct past_attempt past;
	struct trace_rows rows;
	int r = query_past(t, attempt, a, &past, e);

	*ret = (struct run_reads){ 0 };
	if (r >= 0 && past.continued)
		r = query_past(t, past.continued, a, &ret->continued, e);
	if (r < 0 || !past.trace)
		return r;
	if ((r = query_trace(t, past.trace, a, &rows, e)) < 0)
		return r;
	ret->known = true;
	ret->witness = "lookups";
	ret->lookups = rows.len;
	ret->files = arena_array(a, const char *, rows.len);
	ret->undeclared = arena_array(a, const char *, rows.len);
	for (size_t i = 0; i < rows.len; i++) {
		const struct trace_row *row = &rows.v[i];

		if (row->kind == TRACE_FILE || row->kind == TRACE_PYTHON)
			add_path(ret->files, &ret->nfiles, row->path);
		else if (row->kind == TRACE_OUTSIDE && was_read(row))
			add_path(ret->undeclared, &ret->nundeclared, row->path);
		else if (row->kind == TRACE_TREE)
			ret->witness = "tree";
		else if (row->kind == TRACE_NAMES && strcmp(ret->witness, "tree"))
			ret->witness = "names";
	}
	return 0;
}
