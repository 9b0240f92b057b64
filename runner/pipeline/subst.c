#include "runner/pipeline/subst.h"

#include <ctype.h>
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "base/vec.h"
#include "runner/pipeline/shell_scan.h"

static const char *const families[] = {"params.", "matrix.", "run.", "step."};
enum { PARAMS, MATRIX, RUN, STEP, NOT_OURS };

/* Which family a "${" opens, when text stands at it. */
static int family_of(const char *text)
{
	if (text[0] != '$' || text[1] != '{')
		return NOT_OURS;
	for (int f = 0; f < NOT_OURS; f++)
		if (text_starts(text + 2, families[f]))
			return f;
	return NOT_OURS;
}

static void add_value(struct buf *out, const json_t *v)
{
	if (json_is_string(v))
		buf_add(out, json_string_value(v), json_string_length(v));
	else
		json_canonical(out, v);
}

struct names {
	const char **v;
	size_t len, cap;
};

static void gather(struct names *all, struct buf *path, json_t *object, struct arena *a)
{
	const char *key;
	json_t *value;
	size_t len = path->len;

	json_object_foreach(object, key, value)
	{
		buf_adds(path, key);
		vec_push(all, arena_strdup(a, path->data));
		if (json_is_object(value)) {
			buf_addc(path, '.');
			gather(all, path, value, a);
		}
		buf_cut(path, len);
	}
}

static int undefined(const char *ref, int family, const struct subst *s, struct err *e)
{
	static const char *const run[] = {"run.number", "run.name"}, *const step[] = {"step.name", "step.attempt"};
	_arena_ struct arena arena = ARENA_INIT;
	_buf_ struct buf path = BUF_INIT;
	struct names all = {0};
	const char *near = NULL;

	if (family == MATRIX && !s->matrix)
		return err_set(e, ERR_USAGE, "${%s} is not defined: the step has no matrix", ref);
	if (family == RUN || family == STEP)
		near = text_nearest(ref, family == RUN ? run : step, 2);
	if (family == RUN || family == STEP)
		return err_set(e, ERR_USAGE, "${%s} is not defined%s%s%s; there are %s", ref,
		               near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "",
		               family == RUN ? "${run.number} and ${run.name}" : "${step.name} and ${step.attempt}");
	buf_adds(&path, families[family]);
	gather(&all, &path, (json_t *)(family == PARAMS ? s->params : s->matrix), &arena);
	for (size_t i = 0; i < all.len && !near; i++)
		if (text_ends(all.v[i], strrchr(ref, '.')))
			near = all.v[i];
	if (!near)
		near = text_nearest(ref, all.v, all.len);
	err_set(e, ERR_USAGE, "${%s} is not defined%s%s%s", ref, near ? " (did you mean \"" : "", near ? near : "",
	        near ? "\"?)" : "");
	vec_release(&all);
	return e->code;
}

/* 1 with the value's text in out, 0 when it is not known yet, negative when there is no such thing. */
static int look_up(const char *ref, int family, const struct subst *s, struct buf *out, struct err *e)
{
	const char *name = ref + strlen(families[family]);
	const json_t *from = family == PARAMS ? s->params : family == MATRIX ? s->matrix : NULL;
	const json_t *v = from ? json_path_get(from, name) : NULL;

	if (v) {
		add_value(out, v);
		return 1;
	}
	if (family == RUN && !strcmp(name, "number")) {
		buf_addf(out, "%lld", (long long)s->run_number);
		return s->run_number != 0;
	}
	if (family == RUN && !strcmp(name, "name")) {
		buf_adds(out, s->run_name ? s->run_name : "");
		return s->run_name != NULL;
	}
	if (family == STEP && !strcmp(name, "name")) {
		buf_adds(out, s->step_name ? s->step_name : "");
		return s->step_name != NULL;
	}
	if (family == STEP && !strcmp(name, "attempt")) {
		buf_addf(out, "%d", s->step_attempt);
		return s->step_attempt != 0;
	}
	return undefined(ref, family, s, e);
}

bool subst_has(const char *text)
{
	for (const char *p = strchr(text, '$'); p; p = strchr(p + 1, '$'))
		if (family_of(p) != NOT_OURS)
			return true;
	return false;
}

const json_t *subst_value(const char *text, const struct subst *s)
{
	int family = family_of(text);
	size_t n = strlen(text);
	const json_t *from = family == PARAMS ? s->params : family == MATRIX ? s->matrix : NULL;

	if (!from || text[n - 1] != '}' || memchr(text, '}', n - 1))
		return NULL;
	_free_ char *name = mem_strndup(text + 2, n - 3);
	return json_path_get(from, name + strlen(families[family]));
}

/* The command goes on behind the value of ref. */
static int scan_on(struct shell_scan *scan, const char *text, size_t n, const char *ref, struct err *e)
{
	const char *fault = scan ? shell_scan_add(scan, text, n) : NULL;

	return fault ? err_set(e, ERR_USAGE, "${%s}: %s", ref, fault) : 0;
}

int subst_text(const char *text, const struct subst *s, enum subst_how how, subst_seen_fn *seen, void *arg,
               struct buf *out, size_t *ret_at, struct err *e)
{
	_shell_scan_ struct shell_scan *scan = how == SUBST_SHELL ? shell_scan_new() : NULL;
	_free_ char *ref = NULL;
	const char *from = text;
	int r;

	for (const char *p = strchr(text, '$'); p; p = strchr(p, '$')) {
		if (p[1] == '$' && family_of(p + 1) != NOT_OURS) {
			/* The text without its first dollar, which the scan need not know: braces are followed as the
			 * shell will. */
			buf_add(out, from, (size_t)(p - from));
			r = scan_on(scan, from, (size_t)(p - from), ref, e);
			if (r < 0)
				return r;
			from = p + 1;
			p += 2;
			continue;
		}
		int family = family_of(p);
		if (family == NOT_OURS) {
			p++;
			continue;
		}
		buf_add(out, from, (size_t)(p - from));
		r = scan_on(scan, from, (size_t)(p - from), ref, e);
		if (r < 0)
			return r;
		if (ret_at)
			*ret_at = (size_t)(p - text);
		const char *end = strchr(p, '}');
		if (!end)
			return err_set(e, ERR_USAGE, "%.40s has no closing }; $%.20s… is the literal text", p, p);
		free(ref);
		ref = mem_strndup(p + 2, (size_t)(end - p) - 2);
		_buf_ struct buf value = BUF_INIT;
		r = look_up(ref, family, s, &value, e);
		if (r < 0)
			return r;
		if (seen)
			seen(arg, ref);
		const char *fault = NULL;
		if (r == 0)
			buf_add(out, p, (size_t)(end + 1 - p));
		else if (scan)
			fault = shell_scan_quote(scan, value.data, out);
		else
			buf_add(out, value.data, value.len);
		if (fault)
			return err_set(e, ERR_USAGE, "${%s}: %s", ref, fault);
		if (r == 0 && scan)
			shell_scan_unknown(scan);
		from = p = end + 1;
	}
	buf_adds(out, from);
	r = scan_on(scan, from, strlen(from), ref, e);
	return r < 0 ? r : scan_on(scan, "\n", 1, ref, e);
}

/* What stands within "${word.…}" that is not jig's, when text begins so; its length, else 0. */
static size_t strange_length(const char *text)
{
	const char *p = text + 2, *end;

	if (text[0] != '$' || text[1] != '{' || family_of(text) != NOT_OURS || isdigit((unsigned char)*p))
		return 0;
	while (isalnum((unsigned char)*p) || *p == '_')
		p++;
	if (p == text + 2 || *p != '.' || !(end = strchr(p, '}')))
		return 0;
	return (size_t)(end - text) - 2;
}

/* Whether an odd number of c stands right before at. */
static bool follows_odd(const char *text, const char *at, char c)
{
	const char *p = at;

	while (p > text && p[-1] == c)
		p--;
	return (at - p) % 2;
}

/* Whether the shell expands what stands where the scan is: how it has a dollar written there tells. */
static bool is_expanded(struct shell_scan *scan)
{
	_buf_ struct buf written = BUF_INIT;

	if (shell_scan_quote(scan, "'$", &written))
		return false;
	return strcmp(written.data, "'$") != 0 && strcmp(written.data, "'\\''$") != 0;
}

static int strange(const char *ref, const struct subst *s, struct err *e)
{
	static const char *const words[] = {"params", "matrix", "run", "step"};
	const char *rest = strchr(ref, '.');
	_free_ char *word = mem_strndup(ref, (size_t)(rest - ref)), *meant = NULL;
	const char *near = text_nearest(word, words, ARRAY_LEN(words));

	if (s->params && json_path_get(s->params, ref))
		meant = mem_printf(" (did you mean \"${params.%s}\"?)", ref);
	else if (near)
		meant = mem_printf(" (did you mean \"${%s%s}\"?)", near, rest);
	return err_set(e, ERR_USAGE, "${%s} is no reference of jig's, and no variable that a shell can have%s", ref,
	               meant ? meant : "; jig's begin with params., matrix., run. or step.");
}

int subst_check(const char *text, const struct subst *s, size_t *ret_at, struct err *e)
{
	_shell_scan_ struct shell_scan *scan = NULL;
	const char *from = text;

	for (const char *p = strchr(text, '$'); p; p = strchr(p + 1, '$')) {
		size_t n = strange_length(p);

		if (!n || follows_odd(text, p, '$') || follows_odd(text, p, '\\'))
			continue;
		if (!scan)
			scan = shell_scan_new();
		shell_scan_add(scan, from, (size_t)(p - from));
		if (is_expanded(scan)) {
			_free_ char *ref = mem_strndup(p + 2, n);

			*ret_at = (size_t)(p - text);
			return strange(ref, s, e);
		}
		from = p + n + 3;
		p = from - 1;
	}
	return 0;
}
