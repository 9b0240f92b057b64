#include "tracker/param.h"

#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/utf8.h"

#define KEY_MOST 250

static bool key_valid(const char *key)
{
	size_t n = strlen(key);

	return n > 0 && n <= KEY_MOST && utf8_valid(key, n) && key[0] != '.' && key[n - 1] != '.' && !strstr(key, "..");
}

static int taken(const char *key, const json_t *is, struct err *e)
{
	_buf_ struct buf text = BUF_INIT;

	json_canonical(&text, is);
	return err_set(e, ERR_EXISTS, "param %s of this run is %s already", key, text.data);
}

/* Whether something can be put below it. */
static bool joins(const json_t *v)
{
	return json_is_object(v) && json_object_size(v);
}

/* Length of the part to go down by: keys of the object may hold dots themselves, and the longest that is there counts.
 */
static size_t first_part(const json_t *params, const char *key)
{
	for (size_t n = strlen(key); n > 0; n--)
		if ((!key[n] || key[n] == '.') && json_object_getn(params, key, n))
			return n;
	return strcspn(key, ".");
}

/* The object that holds the last part of a key. make: those on the way that are missing are made; else NULL stands for
 * them. */
static int walk(json_t *params, const char *key, bool make, json_t **ret, const char **ret_last, struct err *e)
{
	const char *part = key;

	for (size_t n; part[n = first_part(params, part)]; part += n + 1) {
		json_t *is = json_object_getn(params, part, n);

		if (is && !joins(is)) {
			_free_ char *above = mem_strndup(key, (size_t)(part - key) + n);

			return taken(above, is, e);
		}
		if (!is && make)
			json_object_setn_new(params, part, n, is = json_object());
		params = is;
	}
	*ret = params;
	*ret_last = part;
	return 0;
}

/* make: puts it there, after a call without has found that it fits. */
static int put(json_t *params, const char *key, const json_t *value, bool make, struct err *e)
{
	json_t *into, *is, *item;
	const char *last, *below;
	int r;

	if (!key_valid(key))
		return err_set(e, ERR_USAGE,
		               "the name of a param is UTF-8 of 1 to %d bytes, its parts have a dot between them",
		               KEY_MOST);
	if ((r = walk(params, key, false, &into, &last, e)) < 0)
		return r;
	is = json_object_get(into, last);
	if (joins(value) && (!is || joins(is))) {
		json_object_foreach((json_t *)value, below, item)
		{
			_free_ char *path = mem_printf("%s.%s", key, below);

			if ((r = put(params, path, item, make, e)) < 0)
				return r;
		}
		return 0;
	}
	if (is && !json_equal(is, value) && !(joins(is) && json_is_object(value)))
		return taken(key, is, e);
	if (!is && make && (r = walk(params, key, true, &into, &last, e)) >= 0)
		json_object_set_new(into, last, json_deep_copy(value));
	return r;
}

int param_put(json_t *params, const char *key, const json_t *value, struct err *e)
{
	_json_ json_t *alone = json_object();
	int r = put(alone, key, value, true, e); /* dotted keys may contradict others of the same value */

	if (r >= 0)
		r = put(params, key, value, false, e);
	return r < 0 ? r : put(params, key, value, true, e);
}
