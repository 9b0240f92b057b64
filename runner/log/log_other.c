#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/log/log_trace.h"

static void set(struct trace *t, size_t at, char *message)
{
	trace_release(t);
	t->at = at;
	t->message = message;
}

static void set_place(const struct trace_context *c, struct trace *t, const char *file, size_t len, int line)
{
	_free_ char *name = mem_strndup(file, len);
	bool inside = c->inside(c->arg, name);

	if (t->file && (t->inside || !inside))
		return;
	free(t->file);
	t->file = mem_take(name);
	t->line = line;
	t->inside = inside;
}

/* "path:12" and what follows, from the last colon before digits that has a path in front. Returns what stands behind
 * the number, or NULL. */
static const char *place(const char *s, size_t *ret_len, int *ret_line)
{
	for (const char *p = s; (p = strchr(p, ':')); p++)
		if (p > s && isdigit((unsigned char)p[1]) && !memchr(s, ' ', (size_t)(p - s))) {
			char *end;
			*ret_len = (size_t)(p - s);
			*ret_line = trace_number(p + 1, &end);
			return end;
		}
	return NULL;
}

/* ---- R ---- */

/* `Error in f(x) : text`, the text on the next line when it is long; `(from train.R#3)` where locations are shown; a
 * parse error has `train.R:3:5: …`. */
static bool read_r(const struct trace_context *c, size_t i, bool halted, struct trace *t)
{
	const char *s = c->v[i].text, *next = i + 1 < c->len ? c->v[i + 1].text : "", *from, *colon;
	bool in = text_starts(s, "Error in ") && strstr(s, " :");
	size_t len;
	int line;

	if (!in && !(halted && text_starts(s, "Error: ")) && !(halted && strcmp(s, "Error:") == 0))
		return false;
	size_t n = strlen(s);
	bool more = s[n - 1] == ':' && *next == ' ';
	set(t, c->v[i].at, more ? mem_printf("%s %s", s, next + strspn(next, " ")) : mem_strdup(s));
	from = strstr(s, "(from ");
	if (from && (colon = strchr(from, '#')) && isdigit((unsigned char)colon[1])) {
		set_place(c, t, from + 6, (size_t)(colon - from - 6), trace_number(colon + 1, NULL));
		return true;
	}
	from = in ? strstr(s, " : ") : NULL;
	from = more ? next + strspn(next, " ") : from ? from + 3 : s + 6 + strspn(s + 6, " ");
	const char *rest = place(from, &len, &line);
	if (rest && rest[0] == ':' && isdigit((unsigned char)rest[1]))
		set_place(c, t, from, len, line);
	return true;
}

/* ---- Julia ---- */

static bool read_julia(const struct trace_context *c, size_t i, struct trace *t)
{
	const char *s = c->v[i].text;
	size_t len;
	int line;

	if (!text_starts(s, "ERROR: "))
		return false;
	bool load = text_starts(s + 7, "LoadError: "), julia = load;
	struct trace one = { 0 };
	set(&one, c->v[i].at, mem_strdup(s + (load ? 18 : 7)));
	for (size_t k = i + 1; k < c->len && k < i + 200; k++) {
		const char *p = c->v[k].text;
		const char *at = strstr(p, "@ ");
		if (text_starts(p, "Stacktrace:"))
			julia = true;
		else if (text_starts(p, "ERROR: "))
			break;
		else if (text_starts(p, "in expression starting at ") && place(p + 26, &len, &line))
			set_place(c, &one, p + 26, len, line);
		else if (*p == ' ' && at) {
			/* "@ Main /home/a.jl:3", "@ ~/a.jl:3"; Base's own files are named as if they stood here. */
			at += 2;
			if (text_starts(at, "Base ") || text_starts(at, "Core "))
				continue;
			const char *word = strrchr(at, ' ');
			at = word ? word + 1 : at;
			if (place(at, &len, &line))
				set_place(c, &one, at, len, line);
		} else if (*p == ' ' && (at = strstr(p, " at ")) && place(at + 4, &len, &line) &&
		           !text_starts(at + 4, "./"))
			set_place(c, &one, at + 4, len, line);
		else
			continue;
		one.at = c->v[k].at;
	}
	if (!julia) {
		trace_release(&one);
		return false;
	}
	trace_release(t);
	*t = one;
	return true;
}

/* ---- compilers ---- */

/* `src/a.c:3:5: error: …`; rustc: `error[E0425]: …` and `  --> src/main.rs:2:5` below it. */
static bool read_compiler(const struct trace_context *c, size_t i, struct trace *t)
{
	const char *s = c->v[i].text;
	size_t len;
	int line;

	if (text_starts(s, "error[E") || text_starts(s, "error: ")) {
		for (size_t k = i + 1; k < c->len && k < i + 3; k++) {
			const char *p = c->v[k].text + strspn(c->v[k].text, " ");
			if (!text_starts(p, "--> ") || !place(p + 4, &len, &line))
				continue;
			set(t, c->v[i].at, mem_strdup(s));
			set_place(c, t, p + 4, len, line);
			return true;
		}
		return false;
	}
	const char *rest = place(s, &len, &line);
	if (!rest)
		return false;
	if (*rest == ':' && isdigit((unsigned char)rest[1]))
		rest += 1 + strspn(rest + 1, "0123456789");
	if (!text_starts(rest, ": error: ") && !text_starts(rest, ": fatal error: "))
		return false;
	set(t, c->v[i].at, mem_strdup(rest + 2));
	set_place(c, t, s, len, line);
	return true;
}

/* ---- C++ ---- */

static bool read_terminate(const struct trace_context *c, size_t i, struct trace *t)
{
	static const char start[] = "terminate called after throwing an instance of '";
	const char *s = c->v[i].text, *next = i + 1 < c->len ? c->v[i + 1].text : "", *what = strstr(next, "what():");

	if (!text_starts(s, start))
		return false;
	s += sizeof start - 1;
	if (what)
		what += 7 + strspn(what + 7, " ");
	set(t, c->v[i].at, mem_printf("%.*s%s%s", (int)strcspn(s, "'"), s, what ? ": " : "", what ? what : ""));
	return true;
}

/* ---- shells ---- */

/* `sh: 3: foo: not found` (dash), `run.sh: line 3: foo: command not found` (bash). The text of `run:` is no file: then
 * there is no place. */
static bool read_shell(const struct trace_context *c, size_t i, struct trace *t)
{
	static const char *const shells[] = { "sh", "bash", "dash", "ash", "ksh", "zsh", "environment" };
	const char *s = c->v[i].text, *colon = strstr(s, ": "), *p;
	char *end;

	if (!colon || colon == s || memchr(s, ' ', (size_t)(colon - s)))
		return false;
	p = colon + 2;
	bool worded = text_starts(p, "line ");
	p += worded ? 5 : 0;
	if (!isdigit((unsigned char)*p))
		return false;
	int line = trace_number(p, &end);
	if (end[0] != ':' || end[1] != ' ')
		return false;
	_free_ char *file = mem_strndup(s, (size_t)(colon - s));
	const char *name = path_base(file);
	bool is_shell = false;
	for (size_t k = 0; k < ARRAY_LEN(shells); k++)
		is_shell = is_shell || strcmp(name, shells[k]) == 0;
	if (!is_shell && !worded && !text_ends(file, "sh"))
		return false;
	set(t, c->v[i].at, mem_strdup(end + 1 + strspn(end + 1, " ")));
	if (!is_shell)
		set_place(c, t, file, strlen(file), line);
	return true;
}

bool trace_other(const struct trace_context *c, struct trace *ret)
{
	struct trace t = { 0 };
	bool halted = false, compiling = false;

	for (size_t i = 0; i < c->len; i++)
		halted = halted || strcmp(c->v[i].text, "Execution halted") == 0;
	for (size_t i = 0; i < c->len; i++) {
		struct trace one = { 0 };
		if (read_compiler(c, i, &one)) {
			/* The first of a compiler's errors is the one to look at. */
			if (compiling) {
				t.at = one.at;
				trace_release(&one);
				continue;
			}
			compiling = true;
		} else if (read_r(c, i, halted, &one) || read_julia(c, i, &one) || read_terminate(c, i, &one) ||
		           read_shell(c, i, &one)) {
			compiling = false;
		} else {
			continue;
		}
		trace_release(&t);
		t = one;
	}
	*ret = t;
	return t.message != NULL;
}
