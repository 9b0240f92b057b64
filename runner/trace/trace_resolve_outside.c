/* The way of a path outside the work folder, as the disk has it, and what has to be compared there. */
#include "runner/trace/trace_resolve_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/path.h"

static char *real_path(const char *path)
{
	char *real = realpath(path, NULL);

	return real ? real : mem_strdup(path);
}

void trace_resolve_real(struct trace_resolver *r)
{
	const struct trace_places *p = r->places;

	if (r->work)
		return;
	r->root = real_path(p->root);
	r->jig = real_path(p->jig);
	r->work = realpath(p->work, NULL);
	/* The work folder may be gone already. */
	if (!r->work)
		r->work = path_within(p->work, p->jig) ? mem_printf("%s%s", r->jig, p->work + strlen(p->jig))
		                                       : mem_strdup(p->work);
	r->params_file = real_path(p->params ? p->params : "");
	for (size_t i = 0; i < p->ncovered; i++)
		vec_push(&r->covered, real_path(p->covered[i]));
}

static bool is_program(const struct trace_places *p, const char *path)
{
	const char *base = path_base(path);

	for (size_t i = 0; i < p->nprograms; i++)
		if (strlen(p->programs[i]) + 1 == (size_t)(base - path) && path_within(path, p->programs[i]))
			return true;
	return false;
}

bool trace_resolve_covers(const struct trace_resolver *r, const char *path)
{
	const struct trace_places *p = r->places;

	if (trace_is_system(path))
		return true;
	for (size_t i = 0; i < p->ncovered; i++)
		if (!strcmp(path, p->covered[i]))
			return true;
	if (is_program(p, path))
		return false;
	for (size_t i = 0; i < p->ncovered; i++)
		if (path_within(path, p->covered[i]))
			return true;
	for (size_t i = 0; i < r->covered.len; i++)
		if (path_within(path, r->covered.v[i]))
			return true;
	for (size_t i = 0; i < p->ninputs; i++)
		if (p->inputs[i][0] == '/' && path_within(path, p->inputs[i]))
			return true;
	return false;
}

static void see_outside(struct trace_resolver *r, const char *path, unsigned how)
{
	if (!r->quiet && !trace_resolve_covers(r, path))
		map_add(&r->outside, path, NULL)->num |= how;
}

/* The kernel's own links to a process's folders and descriptors: here they would lead to our own. */
static bool is_of_process(const char *link)
{
	const char *base = path_base(link);
	size_t parent = trace_parent_length(link);

	return path_within(link, "/proc") &&
	       (!strcmp(base, "cwd") || !strcmp(base, "root") || (parent > 3 && !strncmp(link + parent - 3, "/fd", 3)));
}

static void follow_outside(struct way *w)
{
	_free_ char *real = realpath(w->cur.data, NULL);

	if (is_of_process(w->cur.data))
		w->r->never = TRACE_THROUGH_PROC;
	if (!real) {
		w->behind = 1;
		return;
	}
	buf_reset(&w->cur);
	if (path_within(real, w->r->work)) {
		const char *below = real + strlen(w->r->work);

		trace_resolve_by(w, *below ? below + 1 : "");
		w->inside = true;
	} else {
		buf_adds(&w->cur, strcmp(real, "/") ? real : "");
	}
}

void trace_resolve_outside_go(struct way *w, const char *part, size_t n, bool last)
{
	struct stat st;

	way_push(&w->cur, true, part, n);
	way_push(&w->text, true, part, n);
	if (w->behind) {
		w->behind++;
	} else if (!strcmp(w->cur.data, w->r->work)) {
		w->inside = true;
		buf_reset(&w->cur);
	} else if (lstat(w->cur.data, &st) < 0) {
		w->behind = 1;
	} else if (S_ISLNK(st.st_mode) && !(last && !(w->how & ~(unsigned)LOOKUP_LSTAT))) {
		if (++w->links > WAY_MOST_LINKS)
			w->ended = true;
		else
			follow_outside(w);
	}
}

void trace_resolve_outside_up(struct way *w)
{
	way_pop(&w->cur);
	if (w->behind) {
		see_outside(w->r, w->text.data, LOOKUP_STAT);
		way_pop(&w->text);
		w->behind--;
		return;
	}
	buf_reset(&w->text);
	buf_adds(&w->text, w->cur.data);
}

static bool is_above(const char *folder, const char *path)
{
	return !*folder || path_within(path, folder);
}

void trace_resolve_outside_end(struct way *w)
{
	struct trace_resolver *r = w->r;
	const char *cur = w->cur.data, *text = w->text.data;
	unsigned how = w->how & LOOKUP_MODULE ? LOOKUP_READ : w->how;

	if (path_within(cur, r->jig) || path_within(text, r->places->jig)) {
		r->params |= !r->quiet && !strcmp(cur, r->params_file);
		return;
	}
	/* That the folders above a step exist is nothing that it could find otherwise. */
	if (!(how & (LOOKUP_READ | LOOKUP_DEEP)) &&
	    (is_above(cur, r->root) || is_above(cur, r->work) || is_above(text, r->places->root)))
		return;
	see_outside(r, *text ? text : "/", how);
	r->moved_outside |= (how & LOOKUP_DEEP) && !trace_resolve_covers(r, text);
}
