#include "runner/trace/trace_resolve_parts.h"

#include <stdlib.h>
#include <string.h>
#include "base/path.h"
#include "base/text.h"

#define _way_ _cleanup_(way_release)

static void way_release(struct way *w)
{
	buf_release(&w->rest);
	buf_release(&w->cur);
	buf_release(&w->text);
}

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

static void begin_absolute(struct way *w)
{
	w->inside = path_within(w->rest.data, w->r->places->work);
	w->at = w->inside ? strlen(w->r->places->work) : 0;
	buf_reset(&w->cur);
	buf_reset(&w->text);
	w->made = w->behind = 0;
	if (!w->inside)
		trace_resolve_real(w->r);
}

void trace_resolve_by(struct way *w, const char *target)
{
	_buf_ struct buf rest = BUF_INIT;

	buf_adds(&rest, target);
	buf_add(&rest, w->rest.data + w->at, w->rest.len - w->at);
	buf_release(&w->rest);
	w->rest = rest;
	rest = (struct buf)BUF_INIT;
	w->at = 0;
	if (*target == '/')
		begin_absolute(w);
}

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

static void go(struct way *w)
{
	const char *part;
	size_t n;
	bool last;

	while (!w->ended && next_part(w, &part, &n, &last)) {
		bool up = n == 2 && !memcmp(part, "..", 2);

		if (w->inside && up)
			trace_resolve_inside_up(w);
		else if (w->inside)
			trace_resolve_inside_go(w, part, n, last);
		else if (up)
			trace_resolve_outside_up(w);
		else
			trace_resolve_outside_go(w, part, n, last);
	}
	if (w->ended)
		return;
	if (w->inside)
		trace_resolve_inside_end(w);
	else
		trace_resolve_outside_end(w);
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
		r->never = TRACE_THROUGH_PROC;
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
			way_see(r, r->handed.entries[i].key, 1u << TRACE_PARAMS);
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
	way_push(&w.cur, false, path_base(p), strlen(path_base(p)));
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
