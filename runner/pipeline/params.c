#include "runner/pipeline/params.h"

#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "runner/pipeline/yaml.h"

/* As deep as a file may be: an override cannot make what no file could hold. */
enum { PARTS_MOST = YAML_DEPTH_MOST };

void params_merge(json_t *base, const json_t *over)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)over, key, value)
	{
		json_t *old = json_object_get(base, key);
		if (json_is_object(old) && json_is_object(value)) {
			params_merge(old, value);
			continue;
		}
		/* Later changes to base must not reach into what it was made from. */
		json_object_set_new_nocheck(base, key, json_deep_copy(value));
	}
}

/* The object that holds the value at a dotted path, and the value's key there; a key may hold dots itself. */
static json_t *holder(json_t *root, const char *dotted, const char **ret_key)
{
	if (json_object_get(root, dotted)) {
		*ret_key = dotted;
		return root;
	}
	for (const char *dot = strchr(dotted, '.'); dot; dot = strchr(dot + 1, '.')) {
		json_t *inner = json_object_getn(root, dotted, (size_t)(dot - dotted));
		json_t *found = json_is_object(inner) ? holder(inner, dot + 1, ret_key) : NULL;
		if (found)
			return found;
	}
	return NULL;
}

struct paths {
	char **v;
	size_t len, cap;
};

static void gather(struct paths *all, struct buf *path, json_t *object)
{
	const char *key;
	json_t *value;
	size_t len = path->len;

	json_object_foreach(object, key, value)
	{
		if (len)
			buf_addc(path, '.');
		buf_adds(path, key);
		vec_push(all, mem_strdup(path->data));
		if (json_is_object(value))
			gather(all, path, value);
		buf_cut(path, len);
	}
}

static const char *last_name(const char *dotted)
{
	const char *dot = strrchr(dotted, '.');

	return dot ? dot + 1 : dotted;
}

/* ` (did you mean "train.lr"?)`, or nothing. */
static void add_hint(struct buf *out, json_t *params, const char *key)
{
	_buf_ struct buf path = BUF_INIT;
	struct paths all = {0};

	gather(&all, &path, params);
	/* "lr" for "train.lr" is commoner than a slip of the finger. */
	const char *near = NULL;
	for (size_t i = 0; i < all.len && !near; i++)
		if (!strcmp(last_name(all.v[i]), last_name(key)))
			near = all.v[i];
	if (!near)
		near = text_nearest(key, (const char *const *)all.v, all.len);
	if (near)
		buf_addf(out, " (did you mean \"%s\"?)", near);
	for (size_t i = 0; i < all.len; i++)
		free(all.v[i]);
	vec_release(&all);
}

static int check_text(const char *text, const char *key, struct err *e)
{
	size_t parts = 1;

	if (!utf8_valid(text, strlen(text)))
		return err_set(e, ERR_USAGE, "-p %s: the text is not UTF-8", text);
	for (const char *p = key; *p; p++)
		parts += *p == '.';
	return parts > PARTS_MOST ? err_set(e, ERR_USAGE, "-p %s: more than 64 levels", text) : 0;
}

/* A name that no file gave. */
static int check_key(const char *text, const char *key, bool adds, struct err *e)
{
	for (const char *p = key; adds && *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return err_set(e, ERR_USAGE, "-p %s: the name of a param that is added holds no blanks", text);
	if (!*key || *key == '.' || strstr(key, "..") || text_ends(key, "."))
		return err_set(e, ERR_USAGE,
		               "-p %s: a part of the param's name is empty; it is written as train.lr=0.3", text);
	return 0;
}

/* Puts value (taken over) at a path whose folders, so to say, are made. */
static int add(json_t *params, const char *text, const char *key, json_t *value, struct err *e)
{
	const char *last = last_name(key);
	json_t *at = params;

	for (const char *part = key; part < last;) {
		size_t n = strcspn(part, ".");
		json_t *inner = json_object_getn(at, part, n);
		if (inner && !json_is_object(inner)) {
			json_decref(value);
			return err_set(e, ERR_USAGE, "-p %s: \"%.*s\" is %s, and holds no further params", text,
			               (int)(part + n - key), key, json_is_array(inner) ? "a list" : "a single value");
		}
		if (!inner) {
			inner = json_object();
			json_object_setn_new_nocheck(at, part, n, inner);
		}
		at = inner;
		part += n + 1;
	}
	json_object_set_new_nocheck(at, last, value);
	return 0;
}

static int unknown(json_t *params, const char *text, const char *key, const char *way_out, struct err *e)
{
	_buf_ struct buf hint = BUF_INIT;

	add_hint(&hint, params, key);
	return err_set(e, ERR_USAGE, "-p %s: unknown param \"%s\"%s%s", text, key, hint.data, way_out);
}

size_t params_override_name(const char *text, const char **ret)
{
	*ret = text + (*text == '+' || *text == '~');
	return strcspn(*ret, "=");
}

int params_override(json_t *params, const char *text, struct err *e)
{
	bool adds = *text == '+', removes = *text == '~';
	const char *body, *last;
	size_t n = params_override_name(text, &body);
	const char *equals = body[n] ? body + n : NULL;
	_free_ char *key = mem_strndup(body, n);
	json_t *value;

	if (removes && equals)
		return err_set(e, ERR_USAGE, "-p %s: a param is removed by its name alone: -p ~%s", text, key);
	if (!removes && !equals)
		return err_set(e, ERR_USAGE, "-p %s: there is no value; it is written as %s=VALUE", text,
		               *key ? key : "train.lr");
	int r = check_text(text, key, e);
	if (r < 0)
		return r;
	json_t *in = holder(params, key, &last);
	if (!in && (r = check_key(text, key, adds, e)) < 0)
		return r;
	if (removes) {
		if (!in)
			return unknown(params, text, key, "; there is nothing to remove", e);
		json_object_del(in, last);
		return 0;
	}
	if (!in && !adds) {
		_free_ char *way_out = mem_printf("; -p +%s adds it", body);
		return unknown(params, text, key, way_out, e);
	}
	r = yaml_value(equals + 1, &value, e);
	if (r < 0)
		return err_prefix(e, "-p %s", text);
	if (!in)
		return add(params, text, key, value, e);
	json_object_set_new_nocheck(in, last, value);
	return 0;
}
