#include <math.h>
#include "base/text.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "runner/pipeline/params.h"
#include "runner/pipeline/yaml.h"

enum { RUNS_MOST = 10000 };

struct values {
	char **v;
	size_t len, cap;
};

static void values_release(struct values *v)
{
	for (size_t i = 0; i < v->len; i++)
		free(v->v[i]);
	vec_release(v);
}

static char *trimmed(const char *s, size_t n)
{
	while (n && strchr(" \t\n", s[n - 1]))
		n--;
	while (n && strchr(" \t\n", *s)) {
		s++;
		n--;
	}
	return mem_strndup(s, n);
}

/* Where the first comma stands outside of brackets and quotes, or with close the bracket that ends what text begins
 * within; len when there is none. */
static size_t part_length(const char *text, size_t len, bool close)
{
	int depth = 0;
	char quote = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (quote) {
			if (c == '\\' && quote == '"' && i + 1 < len)
				i++;
			else if (c == quote)
				quote = 0;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (strchr("[{(", c)) {
			depth++;
		} else if (strchr("]})", c)) {
			if (close && !depth)
				return i;
			depth -= depth > 0;
		} else if (c == ',' && !depth && !close) {
			return i;
		}
	}
	return len;
}

/* Splits at commas that stand outside of brackets and quotes. */
static void split(const char *text, size_t len, struct values *out)
{
	for (size_t from = 0; from <= len;) {
		size_t n = part_length(text + from, len - from, false);

		vec_push(out, trimmed(text + from, n));
		from += n + 1;
	}
}

static const char *const functions[] = {"range", "choice"};
enum { RANGE, CHOICE, NO_FUNCTION };

/* Which function of sweeps text begins a call of. */
static int function_of(const char *text)
{
	for (int f = 0; f < NO_FUNCTION; f++)
		if (text_starts(text, functions[f]) && text[strlen(functions[f])] == '(')
			return f;
	return NO_FUNCTION;
}

/* Digits behind the point, or -1 for a number that has an exponent. */
static int decimals(const char *number)
{
	const char *point = strchr(number, '.');

	if (strpbrk(number, "eE"))
		return -1;
	return point ? (int)strlen(point + 1) : 0;
}

static char *range_value(double v, int places)
{
	char text[400];

	if (places < 0 || places > 15) {
		number_exact(v, text);
	} else {
		snprintf(text, sizeof text, "%.*f", places, v);
		size_t n = strlen(text);
		while (places && text[n - 1] == '0' && text[n - 2] != '.')
			text[--n] = '\0';
	}
	/* It must stay a number with a point when it is read as YAML. */
	return mem_printf("%s%s", text, strpbrk(text, ".eEn") ? "" : ".0");
}

/* How many values start, stop and step make. */
static __int128 whole_count(const int64_t range[3])
{
	__int128 way = (__int128)range[1] - range[0], step = range[2];

	if (way == 0 || (way < 0) != (step < 0))
		return 0;
	return (way + step - (step < 0 ? -1 : 1)) / step;
}

static int range(const char *axis, const char *text, size_t len, struct values *out, struct err *e)
{
	_cleanup_(values_release) struct values parts = {0};
	int64_t whole[3] = {0, 0, 1};
	double real[3] = {0, 0, 1};
	bool all_whole = true, reals = true;
	int places = 0;

	split(text, len, &parts);
	/* range(5) is range(0,5). */
	size_t first = parts.len == 1;
	for (size_t i = 0; i < parts.len && i + first < 3; i++) {
		all_whole &= integer_parse(parts.v[i], INT64_MIN, INT64_MAX, &whole[i + first]);
		reals &= number_parse(parts.v[i], strlen(parts.v[i]), &real[i + first]) && isfinite(real[i + first]);
		int n = decimals(parts.v[i]);
		places = n < 0 || places < 0 ? -1 : n > places && i + first != 1 ? n : places;
	}
	if (!reals || parts.len > 3)
		return err_set(
		        e, ERR_USAGE,
		        "--sweep %s: range takes numbers: range(STOP), range(START,STOP) or range(START,STOP,STEP)",
		        axis);
	if (all_whole ? !whole[2] : real[2] == 0)
		return err_set(e, ERR_USAGE, "--sweep %s: the step of the range is 0", axis);
	/* A stop that the steps meet but for rounding is not included. */
	double count = all_whole ? (double)whole_count(whole) : ceil((real[1] - real[0]) / real[2] - 1e-9);
	if (!(count >= 1))
		return err_set(e, ERR_USAGE, "--sweep %s: the range is empty", axis);
	if (count > RUNS_MOST)
		return err_set(e, ERR_USAGE, "--sweep %s: more than 10,000 runs", axis);
	for (int64_t i = 0; i < (int64_t)count; i++)
		vec_push(out, all_whole ? mem_printf("%lld", (long long)(whole[0] + (__int128)i * whole[2]))
		                        : range_value(real[0] + (double)i * real[2], places));
	return 0;
}

/* What stands between the brackets of a call that is the whole text. */
static int call(const char *axis, const char *text, const char *name, const char **ret, size_t *ret_len, struct err *e)
{
	const char *inner = text + strlen(name) + 1;
	size_t n = strlen(inner), len = part_length(inner, n, true);

	if (len == n)
		return err_set(e, ERR_USAGE, "--sweep %s: %s( has no closing )", axis, name);
	if (inner[len] != ')' || inner[len + 1])
		return err_set(e, ERR_USAGE, "--sweep %s: \"%s\" stands behind %s(…), which has to stand alone", axis,
		               inner + len + (inner[len] == ')'), name);
	*ret = inner;
	*ret_len = len;
	return 0;
}

static int axis_values(const char *axis, const char *text, struct values *out, struct err *e)
{
	const char *inner = text;
	size_t len = strlen(text);
	int function = function_of(text);

	if (function != NO_FUNCTION && call(axis, text, functions[function], &inner, &len, e) < 0)
		return e->code;
	if (function == RANGE)
		return range(axis, inner, len, out, e);
	split(inner, len, out);
	for (size_t i = 0; i < out->len; i++)
		if ((function = function_of(out->v[i])) != NO_FUNCTION)
			return err_set(e, ERR_USAGE, "--sweep %s: %s(…) has to stand alone; as a text it is '\"%s\"'",
			               axis, functions[function], out->v[i]);
	for (size_t i = 0; i < out->len; i++)
		if (!*out->v[i])
			return err_set(e, ERR_USAGE, "--sweep %s: a value is empty; values are parted by commas", axis);
	if (out->len > RUNS_MOST)
		return err_set(e, ERR_USAGE, "--sweep %s: more than 10,000 runs", axis);
	return 0;
}

/* One axis: its key, its values, and them as JSON under the key in spec. */
static int axis_parse(const char *axis, json_t *spec, char **ret_key, struct values *ret, struct err *e)
{
	const char *equals = strchr(axis, '=');
	_cleanup_(values_release) struct values values = {0};

	if (!utf8_valid(axis, strlen(axis)))
		return err_set(e, ERR_USAGE, "--sweep %s: the text is not UTF-8", axis);
	if (*axis == '~')
		return err_set(e, ERR_USAGE, "--sweep %s: a sweep gives values; -p %.*s removes a param", axis,
		               (int)strcspn(axis, "="), axis);
	if (!equals || equals == axis + (*axis == '+'))
		return err_set(e, ERR_USAGE, "--sweep %s: it is written as train.lr=0.1,0.3 or seed=range(0,5)", axis);
	_free_ char *key = mem_strndup(axis, (size_t)(equals - axis));
	_free_ char *text = trimmed(equals + 1, strlen(equals + 1));
	const char *bare = key + (*key == '+');
	if (json_object_get(spec, bare))
		return err_set(e, ERR_USAGE, "--sweep %s: \"%s\" is swept twice; give all its values in one", axis,
		               bare);
	int r = axis_values(axis, text, &values, e);
	if (r < 0)
		return r;
	json_t *list = json_array();
	json_object_set_new(spec, bare, list);
	for (size_t i = 0; i < values.len; i++) {
		json_t *v;
		r = yaml_value(values.v[i], &v, e);
		if (r < 0)
			return err_prefix(e, "--sweep %s", axis);
		json_array_append_new(list, v);
	}
	*ret_key = mem_take(key);
	*ret = values;
	values = (struct values){0};
	return 0;
}

int sweep_parse(const char *const *axes, size_t n, struct sweep *ret, struct err *e)
{
	struct sweep s = {.nruns = n ? 1 : 0, .naxes = n, .spec = json_object()};
	char **keys = mem_zero(n * sizeof *keys);
	struct values *values = mem_zero(n * sizeof *values);
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++) {
		r = axis_parse(axes[i], s.spec, &keys[i], &values[i], e);
		if (r >= 0 && (s.nruns *= values[i].len) > RUNS_MOST)
			r = err_set(e, ERR_USAGE, "--sweep %s: the product of the axes is more than 10,000 runs",
			            axes[i]);
	}
	if (r >= 0) {
		s.overrides = mem_zero(s.nruns * sizeof *s.overrides);
		for (size_t run = 0; run < s.nruns; run++) {
			s.overrides[run] = mem_zero(n * sizeof **s.overrides);
			size_t rest = run;
			for (size_t i = n; i-- > 0; rest /= values[i].len)
				s.overrides[run][i] = mem_printf("%s=%s", keys[i], values[i].v[rest % values[i].len]);
		}
		*ret = s;
	} else {
		json_decref(s.spec);
	}
	for (size_t i = 0; i < n; i++) {
		free(keys[i]);
		values_release(&values[i]);
	}
	free(keys);
	free(values);
	return r < 0 ? r : 0;
}

void sweep_release(struct sweep *s)
{
	for (size_t run = 0; run < s->nruns && s->overrides; run++) {
		for (size_t i = 0; i < s->naxes; i++)
			free(s->overrides[run][i]);
		free(s->overrides[run]);
	}
	free(s->overrides);
	json_decref(s->spec);
	*s = (struct sweep){0};
}
