/* The way of a path inside the work folder, as the snapshot has it, and what has to be compared there. */
#include "runner/code/code_walk.h"

#include "runner/trace/trace_resolve_parts.h"

#include <string.h>

static unsigned handed_at(const struct trace_resolver *r, const char *path)
{
	const struct map_entry *entry = map_find(&r->handed, path);

	return entry ? entry->num : 0;
}

/* Of the path itself or a folder above it. */
static unsigned handed_within(const struct trace_resolver *r, const char *path)
{
	_free_ char *p = mem_strdup(path);
	unsigned what = handed_at(r, p) & ~(unsigned)HANDED_ABOVE;

	while (!what && *p) {
		p[trace_parent_length(p)] = '\0';
		what = handed_at(r, p) & (HANDED_INPUT | HANDED_OWN);
	}
	return what;
}

static bool is_write_only(const struct way *w)
{
	return w->how == LOOKUP_WRITE;
}

static void follow_inside(struct way *w, const struct code_name *link, bool last)
{
	way_see(w->r, link->path, 1u << TRACE_LINK);
	/* Elsewhere it may lead elsewhere. */
	if (last && w->how & LOOKUP_DEEP && !w->r->declared)
		w->r->unclear = "a link was moved or linked to";
	if (++w->links > WAY_MOST_LINKS || !link->target || !*link->target) {
		w->ended = true;
		return;
	}
	way_pop(&w->cur);
	trace_resolve_by(w, link->target);
}

/* A name that is to be made, or may be, needs its folder. */
static void see_its_folder(struct way *w)
{
	if (!(w->how & (LOOKUP_WRITE | LOOKUP_LSTAT | LOOKUP_DEEP)) || w->made || w->module)
		return;
	_free_ char *folder = mem_strndup(w->cur.data, trace_parent_length(w->cur.data));
	if (*folder)
		way_see(w->r, folder, 1u << TRACE_FOLDER);
}

static void see_file(struct way *w, bool last)
{
	unsigned what = 1u << TRACE_FILE;

	if (last && is_write_only(w)) {
		see_its_folder(w);
		way_see(w->r, w->cur.data, TRACE_SEEN_WRITTEN);
		return;
	}
	if (!last || w->how & (LOOKUP_READ | LOOKUP_DEEP | LOOKUP_MODULE))
		what |= TRACE_SEEN_CONTENT;
	else if (w->how & LOOKUP_SOURCE)
		what |= w->how & LOOKUP_WRITE ? TRACE_SEEN_CONTENT : TRACE_SEEN_SOURCE;
	if (last && w->how & LOOKUP_EXEC)
		what |= TRACE_SEEN_RUN;
	way_see(w->r, w->cur.data, what);
}

static void see_nothing(struct way *w, const char *part, size_t n, bool last)
{
	bool never =
	        (n == 4 && (!memcmp(part, ".git", 4) || !memcmp(part, ".jig", 4))) || code_walk_is_made(part, n, !last);

	if (last || !w->rest.data[w->at + strspn(w->rest.data + w->at, "/.")])
		see_its_folder(w);
	if (!never)
		way_see(w->r, w->cur.data,
		        last && is_write_only(w) ? (unsigned)TRACE_SEEN_WRITTEN : 1u << TRACE_NOTHING);
}

void trace_resolve_inside_go(struct way *w, const char *part, size_t n, bool last)
{
	struct trace_resolver *r = w->r;
	unsigned handed;
	size_t at = 0;

	way_push(&w->cur, false, part, n);
	if (w->behind) {
		w->behind++;
		return;
	}
	handed = handed_at(r, w->cur.data);
	w->handed = handed & (HANDED_INPUT | HANDED_OWN);
	if (w->handed || handed & HANDED_PARAMS) {
		if (!w->handed && !r->quiet && !is_write_only(w))
			r->params = r->params_text = true;
		w->behind = 1;
		return;
	}
	switch (w->made ? CODE_NOTHING : code_names_find(r->names, w->cur.data, &at)) {
	case CODE_LINK:
		if (last && !w->module && !(w->how & ~(unsigned)LOOKUP_LSTAT)) {
			way_see(r, w->cur.data, 1u << TRACE_LINK);
			w->ended = true;
		} else {
			follow_inside(w, &r->names->v[at], last);
		}
		break;
	case CODE_FILE:
		see_file(w, last && !w->module);
		w->behind = 1;
		break;
	case CODE_FOLDER:
		break;
	case CODE_NOTHING:
		if (handed & HANDED_ABOVE) {
			w->made++;
			break;
		}
		see_nothing(w, part, n, last && !w->module);
		w->behind = 1;
		break;
	}
}

void trace_resolve_inside_up(struct way *w)
{
	struct trace_resolver *r = w->r;

	if (!w->cur.len) {
		trace_resolve_real(r);
		w->inside = false;
		buf_adds(&w->cur, r->work);
		way_pop(&w->cur);
		buf_reset(&w->text);
		buf_adds(&w->text, w->cur.data);
		return;
	}
	r->up |= !r->quiet;
	if (w->behind > 1 && w->handed & HANDED_INPUT)
		r->unclear = "a path led up from inside an input";
	if (w->behind)
		w->behind--;
	else if (w->made)
		w->made--;
	else
		way_see(r, w->cur.data, 1u << TRACE_FOLDER);
	way_pop(&w->cur);
}

static void see_folders(struct trace_resolver *r, size_t top, const char *path, const char *before)
{
	_buf_ struct buf folder = BUF_INIT;
	size_t same = 0;

	while (before && path[same] && path[same] == before[same])
		same++;
	for (const char *slash = strchr(path + (top ? top + 1 : 0), '/'); slash; slash = strchr(slash + 1, '/')) {
		if (before && (size_t)(slash - path) < same)
			continue;
		buf_reset(&folder);
		buf_add(&folder, path, slash - path);
		way_see(r, folder.data, 1u << TRACE_LISTING);
	}
}

static void see_below(struct way *w)
{
	struct trace_resolver *r = w->r;
	struct map_entry *entry = map_add(&r->rows, w->cur.data, NULL);
	const char *before = NULL;
	size_t at, len = w->cur.len;

	r->moved_inside = true;
	if (entry->num & TRACE_SEEN_BELOW)
		return;
	entry->num |= 1u << TRACE_LISTING | TRACE_SEEN_BELOW;
	code_names_find(r->names, w->cur.data, &at);
	for (; at < r->names->len; at++) {
		const struct code_name *name = &r->names->v[at];
		unsigned handed;

		if (len && (strncmp(name->path, w->cur.data, len) || name->path[len] != '/'))
			break;
		handed = handed_within(r, name->path);
		if (handed & (HANDED_INPUT | HANDED_OWN))
			continue;
		see_folders(r, len, name->path, before);
		before = name->path;
		if (handed & HANDED_PARAMS)
			r->params = r->params_text = true;
		else if (!name->target)
			way_see(r, name->path, 1u << TRACE_FILE | TRACE_SEEN_CONTENT);
		else
			vec_push(&r->deep, mem_strdup(name->path));
	}
}

static void see_module(struct way *w)
{
	_buf_ struct buf path = BUF_INIT;

	buf_adds(&path, w->cur.data);
	way_push(&path, false, w->module, strlen(w->module));
	way_see(w->r, path.data, 1u << TRACE_MODULE);
}

void trace_resolve_inside_end(struct way *w)
{
	if (w->behind)
		return;
	if (w->module)
		see_module(w);
	else if (w->made) {
		/* A folder in any case; only what it holds, and that it is no link, hangs on the snapshot. */
		if (w->how & ~(unsigned)(LOOKUP_STAT | LOOKUP_WRITE))
			way_see(w->r, w->cur.data, 1u << TRACE_NOTHING);
	} else if (w->r->quiet)
		return;
	else if (w->how & LOOKUP_DEEP)
		see_below(w);
	else if (w->how & (LOOKUP_READ | LOOKUP_SOURCE))
		way_see(w->r, w->cur.data, 1u << TRACE_LISTING);
	else if (w->cur.len)
		way_see(w->r, w->cur.data, 1u << TRACE_FOLDER);
}
