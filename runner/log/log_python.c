#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/text.h"
#include "runner/log/log_trace.h"

void trace_release(struct trace *t)
{
	free(t->file);
	free(t->message);
	*t = (struct trace){ 0 };
}

int trace_number(const char *s, char **ret_end)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (ret_end)
		*ret_end = end;
	return n > INT_MAX ? INT_MAX : n < 0 ? 0 : (int)n;
}

/* A place within a block; borrowed from the line. */
struct place { const char *file; size_t len; int line; };

struct reader {
	const struct trace_context *c;
	size_t i;
	bool grouped;           /* within an exception group: lines have a gutter */
	struct trace best;
	bool best_remote;       /* best came from another process, and the next block only tells of it */
};

/* Without the gutter of an exception group: "  |   File …", "  + Exception Group Traceback …", "    +---- 2 ----". */
static const char *text_at(struct reader *r, size_t i)
{
	const char *s = r->c->v[i].text, *p = s + strspn(s, " ");

	if (strncmp(p, "+ Exception Group Traceback", 27) == 0)
		return p + 2;
	if (!r->grouped || (*p != '|' && *p != '+'))
		return s;
	if (*p == '+')
		return "";
	return p[1] == ' ' ? p + 2 : p + 1;
}

static bool is_header(const char *s)
{
	const char *p = strstr(s, "Traceback (most recent call last)");

	return p && strspn(p + 33, ":") == strlen(p + 33);
}

/* `  File "train.py", line 31, in f`; faulthandler: ` line 31 in f`. */
static bool frame(const char *s, struct place *ret)
{
	const char *p = s + strspn(s, " \t"), *end;

	if (p == s || strncmp(p, "File \"", 6) != 0)
		return false;
	p += 6;
	end = strstr(p, "\", line ");
	if (!end || !isdigit((unsigned char)end[8]))
		return false;
	*ret = (struct place){ p, (size_t)(end - p), trace_number(end + 8, NULL) };
	return true;
}

/* IPython's `File ~/lib/m.py:3, in f(x)`. */
static bool notebook_frame(const char *s, struct place *ret)
{
	if (strncmp(s, "File ", 5) != 0)
		return false;
	s += 5;
	const char *end = strstr(s, ", in "), *stop = end ? end : s + strlen(s),
	           *colon = memrchr(s, ':', (size_t)(stop - s));
	if (!colon || !isdigit((unsigned char)colon[1]))
		return false;
	*ret = (struct place){ s, (size_t)(colon - s), trace_number(colon + 1, NULL) };
	return true;
}

static bool place_inside(const struct reader *r, const struct place *p)
{
	_free_ char *file = mem_strndup(p->file, p->len);

	return *file != '<' && r->c->inside(r->c->arg, file);
}

/* The frames of a block: one in the work folder goes before others, then the innermost. */
struct choice { struct place own, any; };

static void choose(const struct reader *r, struct choice *c, const struct place *p, bool innermost_first)
{
	bool inside = place_inside(r, p);

	if (inside && !(innermost_first && c->own.file))
		c->own = *p;
	if (*p->file != '<' && !(innermost_first && c->any.file))
		c->any = *p;
}

static void found(struct reader *r, const struct choice *c, const char *message, size_t at, bool remote)
{
	const struct place *p = c->own.file ? &c->own : &c->any;
	bool inside = c->own.file != NULL;

	/* What merely hands on the error of another process, or a launcher that says that its child failed. */
	if (r->best.message && r->best.inside && (r->best_remote || !inside)) {
		r->best.at = at;
		r->best_remote = false;
		return;
	}
	trace_release(&r->best);
	r->best = (struct trace){.at = at,
	                         .file = p->file ? mem_strndup(p->file, p->len) : NULL,
	                         .line = p->file ? p->line : 0,
	                         .message = mem_strdup(message),
	                         .inside = inside};
	r->best_remote = remote;
}

static const char *text_before(struct reader *r, size_t i)
{
	while (i-- > 0) {
		const char *s = text_at(r, i);
		if (*s)
			return s;
	}
	return "";
}

/* From the line behind the header to the exception's own line, the first that is not indented. */
static void read_block(struct reader *r)
{
	struct choice c = { 0 };
	struct place p;
	const char *before = text_before(r, r->i);
	bool remote = strcmp(before, "\"\"\"") == 0 || strcmp(before, "'''") == 0 || strstr(before, "RemoteTraceback");

	for (r->i++; r->i < r->c->len; r->i++) {
		const char *s = text_at(r, r->i);
		if (frame(s, &p)) {
			choose(r, &c, &p, false);
			continue;
		}
		if (!*s || *s == ' ' || *s == '\t')
			continue;
		if (!is_header(s))
			found(r, &c, s, r->c->v[r->i++].at, remote);
		return;
	}
}

/* `NameError    Traceback (most recent call last)`, frames, and `NameError: …` behind an empty line. */
static void read_notebook(struct reader *r, const char *header)
{
	size_t name = strcspn(header, " ");
	struct choice c = { 0 };
	struct place p;

	for (r->i++; r->i < r->c->len; r->i++) {
		const char *s = text_at(r, r->i);
		if (notebook_frame(s, &p) || frame(s, &p)) {
			choose(r, &c, &p, false);
		} else if (strncmp(s, header, name) == 0 && (s[name] == ':' || !s[name])) {
			found(r, &c, s, r->c->v[r->i++].at, false);
			return;
		} else if (is_header(s)) {
			return;
		}
	}
}

/* The interpreter died: `Fatal Python error: …`, then threads, the frame it died in first. */
static void read_fatal(struct reader *r)
{
	const char *message = text_at(r, r->i);
	struct choice current = { 0 }, other = { 0 }, *c = NULL;
	size_t at = r->c->v[r->i].at;
	struct place p;

	for (r->i++; r->i < r->c->len; r->i++) {
		const char *s = text_at(r, r->i);
		if (strstr(s, "(most recent call first)"))
			c = strncmp(s, "Current thread", 14) == 0 ? &current : &other;
		else if (c && frame(s, &p))
			choose(r, c, &p, true);
		else if (*s && *s != ' ' && *s != '<')
			break;
		else
			continue;
		at = r->c->v[r->i].at;
	}
	found(r, current.any.file ? &current : &other, message, at, false);
}

/* A script that does not even compile is told of without a header. */
static bool read_syntax_error(struct reader *r)
{
	static const char *const names[] = { "SyntaxError: ", "IndentationError: ", "TabError: " };
	struct choice c = { 0 };
	struct place p;
	const char *s = text_at(r, r->i);

	if (!frame(s, &p) || strstr(s, ", in "))
		return false;
	for (size_t k = r->i + 1; k < r->c->len && k < r->i + 5; k++)
		for (size_t n = 0; n < ARRAY_LEN(names); n++)
			if (text_starts(text_at(r, k), names[n])) {
				choose(r, &c, &p, false);
				found(r, &c, text_at(r, k), r->c->v[k].at, false);
				r->i = k + 1;
				return true;
			}
	return false;
}

bool trace_python(const struct trace_context *c, struct trace *ret)
{
	struct reader r = { .c = c };
	bool after_error = false; /* in the text of an error's message, where frames may be a lie */

	while (r.i < c->len) {
		const char *raw = c->v[r.i].text, *p = raw + strspn(raw, " ");
		if (strncmp(p, "+ Exception Group Traceback", 27) == 0)
			r.grouped = true;
		else if (*p != '|' && *p != '+')
			r.grouped = false;
		const char *s = text_at(&r, r.i);
		if (is_header(s) && strstr(s, "):")) {
			read_block(&r);
			after_error = true;
		} else if (is_header(s)) {
			read_notebook(&r, s);
			after_error = true;
		} else if (text_starts(s, "Fatal Python error: ")) {
			read_fatal(&r);
			after_error = true;
		} else if (after_error || !read_syntax_error(&r)) {
			/* A message ends with an empty line. */
			after_error = after_error && *s;
			r.i++;
		} else {
			after_error = true;
		}
	}
	*ret = r.best;
	return r.best.message != NULL;
}
