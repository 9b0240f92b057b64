#include "runner/code/code_walk.h"

#include "runner/trace/trace_resolve.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/path.h"
#include "base/text.h"
#include "runner/trace/trace_answer.h"

#define MOST_LINKS 40 /* as the kernel's */
static const char through_proc[] = "a path led through /proc to a folder that is not known";

/* What jig puts into a work folder, or the step is to make there: numbers of `handed`. */
enum { HANDED_INPUT = 1, HANDED_OWN = 2, HANDED_ABOVE = 4, HANDED_PARAMS = 8 };

/* One path, on its way. */
struct way {
	struct trace_resolver *r;
	unsigned how;
	const char *module;  /* NAME of LOOKUP_MODULE: then the way leads to its folder */
	struct buf rest;     /* what is still to be gone: from `at` */
	size_t at;
	bool inside, ended;
	/* inside: below the root of the work folder; outside: the folder's real path, "" for "/" */
	struct buf cur;
	struct buf text;     /* outside: the same place as it was named */
	/* parts of cur, the last ones: folders that jig made for inputs and outputs; then what the snapshot does not
	 * know */
	size_t made, behind;
	unsigned handed;     /* of the first part behind: HANDED_INPUT, HANDED_OWN, or 0 */
	int links;
};
#define _way_ _cleanup_(way_release)

static void way_release(struct way *w)
{
	buf_release(&w->rest);
	buf_release(&w->cur);
	buf_release(&w->text);
}

static void push(struct buf *path, bool slash, const char *part, size_t n)
{
	if (slash || path->len)
		buf_addc(path, '/');
	buf_add(path, part, n);
}

static void pop(struct buf *path)
{
	buf_cut(path, trace_parent_length(path->data));
}

static void see(struct trace_resolver *r, const char *path, unsigned what)
{
	if (!r->quiet)
		map_add(&r->rows, path, NULL)->num |= what;
}

static bool is_write_only(const struct way *w)
{
	return w->how == LOOKUP_WRITE;
}

/* ---- what jig puts there ---- */

static void hand(struct trace_resolver *r, const char *path, unsigned what)
{
	_free_ char *p = path_normal(path, NULL);

	if (*p == '/')
		return;
	map_add(&r->handed, p, NULL)->num |= what;
	for (size_t n; (n = trace_parent_length(p));) {
		p[n] = '\0';
		map_add(&r->handed, p, NULL)->num |= HANDED_ABOVE;
	}
}

static unsigned handed_at(const struct trace_resolver *r, const char *path)
{
	const struct map_entry *entry = r->handed.len ? map_find(&r->handed, path) : NULL;

	return entry ? entry->num : 0;
}

/* Of the path itself or a folder above it. */
static unsigned handed_within(const struct trace_resolver *r, const char *path)
{
	_free_ char *p = r->handed.len ? mem_strdup(path) : NULL;
	unsigned what = p ? handed_at(r, p) & ~(unsigned)HANDED_ABOVE : 0;

	while (p && !what && *p) {
		p[trace_parent_length(p)] = '\0';
		what = handed_at(r, p) & (HANDED_INPUT | HANDED_OWN);
	}
	return what;
}

/* ---- inside ---- */

static bool next_part(struct way *w, const char **ret, size_t *ret_n, bool *ret_last)
{
	for (;;) {
		const char *p = w->rest.data + w->at;
		size_t n;

		while (*p == '/')
			p++;
		n = strcspn(p, "/");
		w->at = p - w->rest.data + n;
		if (!n)
			return false;
		if (n == 1 && *p == '.')
			continue;
		*ret = p;
		*ret_n = n;
		*ret_last = !p[n];
		return true;
	}
}

/* The rest of the way leads by a link's target. */
static void go_by(struct way *w, const char *target)
{
	_buf_ struct buf rest = BUF_INIT;

	buf_adds(&rest, target);
	buf_add(&rest, w->rest.data + w->at, w->rest.len - w->at);
	buf_release(&w->rest);
	w->rest = rest;
	rest = (struct buf)BUF_INIT;
	w->at = 0;
}

static void resolve_real(struct trace_resolver *r);

static void begin_absolute(struct way *w)
{
	w->inside = path_within(w->rest.data, w->r->places->work);
	w->at = w->inside ? strlen(w->r->places->work) : 0;
	buf_reset(&w->cur);
	buf_reset(&w->text);
	w->made = w->behind = 0;
	if (!w->inside)
		resolve_real(w->r);
}

static void follow_inside(struct way *w, const struct code_name *link, bool last)
{
	see(w->r, link->path, 1u << TRACE_LINK);
	/* Elsewhere it may lead elsewhere. */
	if (last && w->how & LOOKUP_DEEP && !w->r->declared)
		w->r->unclear = "a link was moved or linked to";
	if (++w->links > MOST_LINKS || !link->target || !*link->target) {
		w->ended = true;
		return;
	}
	pop(&w->cur);
	go_by(w, link->target);
	if (*link->target == '/')
		begin_absolute(w);
}

/* A name that is to be made, or may be, needs its folder. */
static void see_its_folder(struct way *w)
{
	if (!(w->how & (LOOKUP_WRITE | LOOKUP_LSTAT | LOOKUP_DEEP)) || w->made || w->module)
		return;
	_free_ char *folder = mem_strndup(w->cur.data, trace_parent_length(w->cur.data));
	if (*folder)
		see(w->r, folder, 1u << TRACE_FOLDER);
}

static void see_file(struct way *w, bool last)
{
	unsigned what = 1u << TRACE_FILE;

	if (last && is_write_only(w)) {
		see_its_folder(w);
		see(w->r, w->cur.data, TRACE_SEEN_WRITTEN);
		return;
	}
	if (!last || w->how & (LOOKUP_READ | LOOKUP_DEEP | LOOKUP_MODULE))
		what |= TRACE_SEEN_CONTENT;
	else if (w->how & LOOKUP_SOURCE)
		what |= w->how & LOOKUP_WRITE ? TRACE_SEEN_CONTENT : TRACE_SEEN_SOURCE;
	if (last && w->how & LOOKUP_EXEC)
		what |= TRACE_SEEN_RUN;
	see(w->r, w->cur.data, what);
}

static void see_nothing(struct way *w, const char *part, size_t n, bool last)
{
	bool never =
	        (n == 4 && (!memcmp(part, ".git", 4) || !memcmp(part, ".jig", 4))) || code_walk_is_made(part, n, !last);

	if (last || !w->rest.data[w->at + strspn(w->rest.data + w->at, "/.")])
		see_its_folder(w);
	if (!never)
		see(w->r, w->cur.data, last && is_write_only(w) ? (unsigned)TRACE_SEEN_WRITTEN : 1u << TRACE_NOTHING);
}

static void go_inside(struct way *w, const char *part, size_t n, bool last)
{
	struct trace_resolver *r = w->r;
	unsigned handed;
	size_t at = 0;

	push(&w->cur, false, part, n);
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
			see(r, w->cur.data, 1u << TRACE_LINK);
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

static void go_up_inside(struct way *w)
{
	struct trace_resolver *r = w->r;

	if (!w->cur.len) {
		resolve_real(r);
		w->inside = false;
		buf_adds(&w->cur, r->work);
		pop(&w->cur);
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
		see(r, w->cur.data, 1u << TRACE_FOLDER);
	pop(&w->cur);
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
		see(r, folder.data, 1u << TRACE_LISTING);
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
			see(r, name->path, 1u << TRACE_FILE | TRACE_SEEN_CONTENT);
		else
			vec_push(&r->deep, mem_strdup(name->path));
	}
}

static void see_module(struct way *w)
{
	_buf_ struct buf path = BUF_INIT;

	buf_adds(&path, w->cur.data);
	push(&path, false, w->module, strlen(w->module));
	see(w->r, path.data, 1u << TRACE_MODULE);
}

static void end_inside(struct way *w)
{
	if (w->behind)
		return;
	if (w->module)
		see_module(w);
	else if (w->made) {
		/* A folder in any case; only what it holds, and that it is no link, hangs on the snapshot. */
		if (w->how & ~(unsigned)(LOOKUP_STAT | LOOKUP_WRITE))
			see(w->r, w->cur.data, 1u << TRACE_NOTHING);
	} else if (w->r->quiet)
		return;
	else if (w->how & LOOKUP_DEEP)
		see_below(w);
	else if (w->how & (LOOKUP_READ | LOOKUP_SOURCE))
		see(w->r, w->cur.data, 1u << TRACE_LISTING);
	else if (w->cur.len)
		see(w->r, w->cur.data, 1u << TRACE_FOLDER);
}

/* ---- outside ---- */

static char *real_path(const char *path)
{
	char *real = realpath(path, NULL);

	return real ? real : mem_strdup(path);
}

/* What is asked of the disk at most once, and only when something outside was looked up. */
static void resolve_real(struct trace_resolver *r)
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
		if (strcmp(path, p->covered[i]) == 0)
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
	char *real;

	if (is_of_process(w->cur.data))
		w->r->never = through_proc;
	real = realpath(w->cur.data, NULL);
	if (!real) {
		w->behind = 1;
		return;
	}
	buf_reset(&w->cur);
	if (path_within(real, w->r->work)) {
		_free_ char *below = mem_strdup(real + strlen(w->r->work));

		go_by(w, below);
		w->inside = true;
	} else {
		buf_adds(&w->cur, strcmp(real, "/") ? real : "");
	}
	free(real);
}

static void go_outside(struct way *w, const char *part, size_t n, bool last)
{
	struct stat st;

	push(&w->cur, true, part, n);
	push(&w->text, true, part, n);
	if (w->behind) {
		w->behind++;
	} else if (!strcmp(w->cur.data, w->r->work)) {
		w->inside = true;
		buf_reset(&w->cur);
	} else if (lstat(w->cur.data, &st) < 0) {
		w->behind = 1;
	} else if (S_ISLNK(st.st_mode) && !(last && !(w->how & ~(unsigned)LOOKUP_LSTAT))) {
		if (++w->links > MOST_LINKS)
			w->ended = true;
		else
			follow_outside(w);
	}
}

static void go_up_outside(struct way *w)
{
	pop(&w->cur);
	if (w->behind) {
		see_outside(w->r, w->text.data, LOOKUP_STAT);
		pop(&w->text);
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

static void end_outside(struct way *w)
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

/* ---- all ---- */

static void go(struct way *w)
{
	const char *part;
	size_t n;
	bool last;

	while (!w->ended && next_part(w, &part, &n, &last)) {
		bool up = n == 2 && !memcmp(part, "..", 2);

		if (w->inside && up)
			go_up_inside(w);
		else if (w->inside)
			go_inside(w, part, n, last);
		else if (up)
			go_up_outside(w);
		else
			go_outside(w, part, n, last);
	}
	if (w->ended)
		return;
	if (w->inside)
		end_inside(w);
	else
		end_outside(w);
}

static bool has_up(const char *path)
{
	for (const char *p = path; (p = strstr(p, "/..")); p += 3)
		if (!p[3] || p[3] == '/')
			return true;
	return false;
}

/* The kernel's own links to a process's folders and descriptors lead anywhere. */
static bool leads_anywhere(const char *path, unsigned how)
{
	static const char *const links[] = { "/cwd", "/root", "/fd/" };
	bool opened = how & (LOOKUP_READ | LOOKUP_SOURCE | LOOKUP_DEEP | LOOKUP_MODULE);

	if (text_starts(path, "/dev/fd/"))
		return strchr(path + strlen("/dev/fd/"), '/');
	for (size_t i = 0; text_starts(path, "/proc/") && i < ARRAY_LEN(links); i++) {
		const char *found = strstr(path, links[i]);
		const char *behind = found ? found + strlen(links[i]) : NULL;

		if (behind &&
		    (links[i][1] == 'f' ? strchr(behind, '/') != NULL : *behind == '/' || (!*behind && opened)))
			return true;
	}
	return false;
}

static void resolve_inside(struct trace_resolver *r, const char *below, unsigned how)
{
	_way_ struct way w = {.r = r, .how = how, .rest = BUF_INIT, .cur = BUF_INIT, .text = BUF_INIT, .inside = true};

	buf_adds(&w.rest, below);
	go(&w);
}

void trace_resolve(struct trace_resolver *r, const char *path, unsigned how)
{
	const struct trace_places *p = r->places;
	_way_ struct way w = { .r = r, .how = how, .rest = BUF_INIT, .cur = BUF_INIT, .text = BUF_INIT };
	bool within = path_within(path, p->work);

	if (!within && p->params && !strcmp(path, p->params)) {
		r->params |= how != LOOKUP_WRITE;
		return;
	}
	if (!within && leads_anywhere(path, how)) {
		r->never = through_proc;
		return;
	}
	r->up |= !within && has_up(path) && !trace_is_system(path);
	if (!within && !has_up(path) && trace_resolve_covers(r, path))
		return;
	buf_adds(&w.rest, path);
	if (how & LOOKUP_MODULE) {
		size_t parent = trace_parent_length(path);

		/* Other bits than that are of the name as a path. */
		if (how & ~(unsigned)LOOKUP_MODULE)
			trace_resolve(r, path, how & ~(unsigned)LOOKUP_MODULE);
		w.how = LOOKUP_MODULE;
		w.module = path + parent + 1;
		buf_cut(&w.rest, parent);
	}
	begin_absolute(&w);
	go(&w);
}

void trace_resolve_end(struct trace_resolver *r)
{
	while (r->deep.len) {
		_free_ char *path = vec_pop(&r->deep);
		struct map_entry *entry = map_add(&r->rows, path, NULL);

		if (entry->num & TRACE_SEEN_BELOW)
			continue;
		entry->num |= TRACE_SEEN_BELOW;
		resolve_inside(r, path, LOOKUP_DEEP);
	}
	for (size_t i = 0; r->params_text && i < r->handed.len; i++)
		if (r->handed.entries[i].num & HANDED_PARAMS)
			see(r, r->handed.entries[i].key, 1u << TRACE_PARAMS);
	if (r->up && r->moved_inside)
		r->unclear = "a folder of the code was moved or linked to, and a path led up by \"..\"";
	if (r->up && r->moved_outside)
		r->never = "a folder outside was moved or linked to, and a path led up by \"..\"";
}

void trace_resolve_declared(struct trace_resolver *r)
{
	const struct step *s = r->places->step;

	map_release(&r->rows);
	r->unclear = NULL;
	r->up = r->moved_inside = false;
	r->declared = true;
	for (size_t i = 0; i < s->ncode; i++)
		resolve_inside(r, s->code[i], LOOKUP_DEEP);
	trace_resolve_end(r);
}

/* Where a params file stands: its folders may be links. */
static void hand_params(struct trace_resolver *r, const char *path)
{
	_free_ char *p = path_normal(path, NULL);
	_way_ struct way w = {
	        .r = r, .how = LOOKUP_STAT, .rest = BUF_INIT, .cur = BUF_INIT, .text = BUF_INIT, .inside = true};

	hand(r, p, HANDED_PARAMS);
	buf_add(&w.rest, p, trace_parent_length(p));
	r->quiet = true;
	go(&w);
	r->quiet = false;
	if (!w.inside || w.ended || w.behind)
		return;
	push(&w.cur, false, path_base(p), strlen(path_base(p)));
	if (strcmp(w.cur.data, p))
		hand(r, w.cur.data, HANDED_PARAMS);
}

void trace_resolver_init(struct trace_resolver *r, const struct trace_places *p, const struct code_names *n)
{
	const struct step *s = p->step;

	*r = (struct trace_resolver){
	        .places = p, .names = n, .rows = MAP_INIT, .outside = MAP_INIT, .handed = MAP_INIT};
	for (size_t i = 0; i < p->ninputs; i++)
		hand(r, p->inputs[i], HANDED_INPUT);
	for (size_t i = 0; i < s->noutputs; i++)
		hand(r, s->outputs[i].path, HANDED_OWN);
	if (s->checkpoints)
		hand(r, s->checkpoints, HANDED_OWN);
	for (size_t i = 0; i < p->nparam_files; i++)
		hand_params(r, p->param_files[i]);
}

void trace_resolver_release(struct trace_resolver *r)
{
	map_release(&r->rows);
	map_release(&r->outside);
	map_release(&r->handed);
	for (size_t i = 0; i < r->deep.len; i++)
		free(r->deep.v[i]);
	vec_release(&r->deep);
	for (size_t i = 0; i < r->covered.len; i++)
		free(r->covered.v[i]);
	vec_release(&r->covered);
	free(r->work);
	free(r->root);
	free(r->jig);
	free(r->params_file);
}
