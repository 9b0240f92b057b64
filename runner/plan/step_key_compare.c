#include <limits.h>
#include "base/json.h"
#include "runner/plan/step_key.h"

void key_difference_release(struct key_difference *d)
{
	free(d->name);
	free(d->before);
	free(d->after);
	*d = (struct key_difference){ 0 };
}

/* As `jig` shows params: texts as they are, all else as JSON. NULL: not there. */
static char *value_text(const json_t *v)
{
	_buf_ struct buf out = BUF_INIT;

	if (!v)
		return NULL;
	if (json_is_string(v))
		buf_add(&out, json_string_value(v), json_string_length(v));
	else
		json_canonical(&out, v);
	return mem_strndup(out.data, out.len);
}

static bool differ(enum key_change change, char *name, const json_t *before, const json_t *after,
                   struct key_difference *ret)
{
	*ret = (struct key_difference){
	        .change = change, .name = name, .before = value_text(before), .after = value_text(after)};
	return true;
}

static const json_t *at(const json_t *object, const char *key)
{
	return object ? json_object_get(object, key) : NULL;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys of both objects (NULL: empty) in order of bytes, some twice. Borrowed; the caller frees the array. */
static const char **keys_of(const json_t *a, const json_t *b, size_t *ret_n)
{
	const char **keys = mem_array(NULL, json_object_size(a) + json_object_size(b) + 1, sizeof *keys);
	const char *key;
	json_t *value;
	size_t n = 0;

	json_object_foreach((json_t *)a, key, value)
		keys[n++] = key;
	json_object_foreach((json_t *)b, key, value)
		keys[n++] = key;
	if (n > 1)
		qsort(keys, n, sizeof *keys, by_text);
	*ret_n = n;
	return keys;
}

/* The innermost place where two values differ, under its dotted name. */
static bool differ_at(enum key_change change, const char *name, const json_t *before, const json_t *after,
                      struct key_difference *ret)
{
	size_t n = 0;

	if (!json_is_object(before) || !json_is_object(after))
		return differ(change, mem_strdup(name), before, after, ret);
	_free_ const char **keys = keys_of(before, after, &n);
	for (size_t i = 0; i < n; i++) {
		const json_t *x = at(before, keys[i]), *y = at(after, keys[i]);

		if (json_same(x, y))
			continue;
		_free_ char *inner = mem_printf("%s.%s", name, keys[i]);
		return differ_at(change, inner, x, y, ret);
	}
	return false;
}

/* The first key by which two objects (NULL: empty) differ. both: only keys that both have. */
static bool objects_differ(enum key_change change, const char *prefix, const json_t *before, const json_t *after,
                           bool both, struct key_difference *ret)
{
	size_t n = 0;
	_free_ const char **keys = keys_of(before, after, &n);

	for (size_t i = 0; i < n; i++) {
		const json_t *x = at(before, keys[i]), *y = at(after, keys[i]);

		if (json_same(x, y) || (both && (!x || !y)))
			continue;
		_free_ char *name = mem_printf("%s%s", prefix, keys[i]);
		return differ_at(change, name, x, y, ret);
	}
	return false;
}

/* Inputs are sorted by path. */
static bool inputs_differ(const json_t *before, const json_t *after, struct key_difference *ret)
{
	const json_t *changed[2] = { NULL }, *appeared = NULL, *gone = NULL;
	size_t i = 0, k = 0;

	while (i < json_array_size(before) || k < json_array_size(after)) {
		const json_t *x = json_array_get(before, i), *y = json_array_get(after, k);
		const char *xp = json_string_value(json_array_get(x, 0)), *yp = json_string_value(json_array_get(y, 0));
		int c = !xp ? 1 : !yp ? -1 : strcmp(xp, yp);

		if (c == 0 && !changed[0] && !json_same(x, y))
			changed[0] = x, changed[1] = y;
		if (c < 0 && !gone)
			gone = x;
		if (c > 0 && !appeared)
			appeared = y;
		i += c <= 0;
		k += c >= 0;
	}
	const json_t *was = changed[0] ? changed[0] : appeared ? NULL : gone, *is = changed[0] ? changed[1] : appeared;
	if (!was && !is)
		return false;
	const char *name = json_string_value(json_array_get(was ? was : is, 0));
	return differ(KEY_INPUT, mem_strdup(name), json_array_get(was, 2), json_array_get(is, 2), ret);
}

static bool find(const json_t *before, const json_t *now, struct key_difference *ret)
{
	bool command = !json_same(at(before, "command"), at(now, "command")) ||
	               !json_same(at(before, "shell"), at(now, "shell"));

	if (objects_differ(KEY_PARAM, "", at(before, "params"), at(now, "params"), command, ret) ||
	    objects_differ(KEY_PARAM, "matrix.", at(before, "item"), at(now, "item"), false, ret))
		return true;
	if (command)
		return differ(KEY_COMMAND, NULL, NULL, NULL, ret);
	if (!json_same(at(before, "outputs"), at(now, "outputs")) ||
	    !json_same(at(before, "metrics"), at(now, "metrics")))
		return differ(KEY_OUTPUTS, NULL, NULL, NULL, ret);
	if (at(before, "inputs") && at(now, "inputs") && inputs_differ(at(before, "inputs"), at(now, "inputs"), ret))
		return true;
	if (objects_differ(KEY_VARIABLE, "", at(before, "variables"), at(now, "variables"), false, ret))
		return true;
	if (!json_same(at(before, "env"), at(now, "env")))
		return differ(KEY_ENV, NULL, NULL, NULL, ret);
	if (!json_same(at(before, "code"), at(now, "code")))
		return differ(KEY_CODE, NULL, NULL, NULL, ret);
	return false;
}

/* The shape that step_key gives, as far as it is relied upon. */
static bool readable(const json_t *facts)
{
	const json_t *inputs = json_object_get(facts, "inputs");
	size_t i;
	json_t *one;

	if (!json_is_object(facts) || !json_is_array(json_object_get(facts, "command")) ||
	    (inputs && !json_is_array(inputs)))
		return false;
	json_array_foreach(inputs, i, one)
		if (json_array_size(one) != 3 || !json_is_string(json_array_get(one, 0)))
			return false;
	return true;
}

static bool read_both(const char *before, const char *now, json_t **ret_before, json_t **ret_now)
{
	struct err ignored;

	return json_parse(before, strlen(before), "facts", ret_before, &ignored) >= 0 &&
	       json_parse(now, strlen(now), "facts", ret_now, &ignored) >= 0 && readable(*ret_before) &&
	       readable(*ret_now);
}

void step_key_compare(const char *before, const char *now, struct key_difference *ret)
{
	_json_ json_t *x = NULL, *y = NULL;

	*ret = (struct key_difference){ .change = KEY_SAME };
	if (strcmp(before, now) == 0)
		return;
	if (!read_both(before, now, &x, &y))
		ret->change = KEY_COMMAND;
	else
		find(x, y, ret);
}

/* The keys by which two objects (NULL: empty) differ. */
static int count_keys(const json_t *before, const json_t *now)
{
	const char *key;
	json_t *value;
	int n = 0;

	json_object_foreach((json_t *)before, key, value)
		n += !json_same(value, at(now, key));
	json_object_foreach((json_t *)now, key, value)
		n += !at(before, key);
	return n;
}

/* Inputs are sorted by path. */
static int count_inputs(const json_t *before, const json_t *now)
{
	size_t i = 0, k = 0;
	int n = 0;

	while (i < json_array_size(before) || k < json_array_size(now)) {
		const json_t *x = json_array_get(before, i), *y = json_array_get(now, k);
		const char *xp = json_string_value(json_array_get(x, 0)), *yp = json_string_value(json_array_get(y, 0));
		int c = !xp ? 1 : !yp ? -1 : strcmp(xp, yp);

		n += c != 0 || !json_same(x, y);
		i += c <= 0;
		k += c >= 0;
	}
	return n;
}

int step_key_distance(const char *before, const char *now)
{
	_json_ json_t *x = NULL, *y = NULL;
	int n;

	if (strcmp(before, now) == 0)
		return 0;
	if (!read_both(before, now, &x, &y))
		return INT_MAX;
	n = count_keys(at(x, "params"), at(y, "params")) + count_keys(at(x, "item"), at(y, "item"));
	n += !n && !json_same(at(x, "command"), at(y, "command"));
	n += !json_same(at(x, "shell"), at(y, "shell"));
	n += !json_same(at(x, "outputs"), at(y, "outputs")) || !json_same(at(x, "metrics"), at(y, "metrics"));
	n += at(x, "inputs") && at(y, "inputs") ? count_inputs(at(x, "inputs"), at(y, "inputs")) : 0;
	n += count_keys(at(x, "variables"), at(y, "variables"));
	n += !json_same(at(x, "env"), at(y, "env")) + !json_same(at(x, "code"), at(y, "code"));
	return n;
}
