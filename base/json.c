#include "base/json.h"

#include <math.h>
#include "base/text.h"
#include "base/utf8.h"

int json_parse(const char *text, size_t len, const char *name, json_t **ret, struct err *e)
{
	json_error_t error;

	if (!len)
		return err_set(e, ERR_USAGE, "%s: the text is empty where JSON is expected", name);
	/* jansson takes a NUL behind the value for the end, whatever follows. */
	if (memchr(text, '\0', len))
		return err_set(e, ERR_USAGE, "%s: not valid JSON: it holds a NUL byte", name);
	json_t *v = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!v) {
		/* jansson quotes the text up to any byte of it. */
		_buf_ struct buf said = BUF_INIT;
		utf8_visible(&said, error.text, strlen(error.text), false);
		return err_set(e, ERR_USAGE, "%s:%d:%d: not valid JSON: %s", name, error.line, error.column, said.data);
	}
	*ret = v;
	return 0;
}

void json_string_text(struct buf *out, const char *s, size_t n)
{
	buf_addc(out, '"');
	for (size_t i = 0; i < n;) {
		size_t run = i;
		while (run < n && (unsigned char)s[run] >= 0x20 && s[run] != '"' && s[run] != '\\')
			run++;
		buf_add(out, s + i, run - i);
		if (run == n)
			break;
		static const char from[] = "\"\\\n\t\r\b\f", to[] = "\"\\ntrbf";
		const char *short_form = s[run] ? strchr(from, s[run]) : NULL;
		if (short_form) {
			buf_addc(out, '\\');
			buf_addc(out, to[short_form - from]);
		} else {
			buf_addf(out, "\\u%04x", (unsigned char)s[run]);
		}
		i = run + 1;
	}
	buf_addc(out, '"');
}

/* A real stays one when it is read again: 1.0, never 1. */
static void add_real(struct buf *out, double v)
{
	char text[32];

	number_exact(v, text);
	buf_adds(out, text);
	if (!text[strspn(text, "-0123456789")])
		buf_adds(out, ".0");
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys of an object, in order of insertion or of their bytes. The caller frees the array. */
static const char **keys_of(json_t *object, bool sorted, size_t *ret_n)
{
	const char **keys = mem_array(NULL, json_object_size(object), sizeof *keys);
	size_t n = 0;

	for (void *it = json_object_iter(object); it; it = json_object_iter_next(object, it))
		keys[n++] = json_object_iter_key(it);
	if (sorted)
		qsort(keys, n, sizeof *keys, by_bytes);
	*ret_n = n;
	return keys;
}

/* indent < 0: compact, with sorted keys. */
static void new_line(struct buf *out, int indent)
{
	if (indent < 0)
		return;
	buf_addc(out, '\n');
	buf_fill(out, ' ', 2 * (size_t)indent);
}

static void add_value(struct buf *out, const json_t *v, int indent)
{
	int inner = indent < 0 ? -1 : indent + 1;

	switch (json_typeof(v)) {
	case JSON_OBJECT: {
		size_t n;
		_free_ const char **keys = keys_of((json_t *)v, indent < 0, &n);
		buf_addc(out, '{');
		for (size_t i = 0; i < n; i++) {
			if (i)
				buf_addc(out, ',');
			new_line(out, inner);
			json_string_text(out, keys[i], strlen(keys[i]));
			buf_adds(out, indent < 0 ? ":" : ": ");
			add_value(out, json_object_get(v, keys[i]), inner);
		}
		if (n)
			new_line(out, indent);
		buf_addc(out, '}');
		return;
	}
	case JSON_ARRAY: {
		size_t n = json_array_size(v);
		buf_addc(out, '[');
		for (size_t i = 0; i < n; i++) {
			if (i)
				buf_addc(out, ',');
			new_line(out, inner);
			add_value(out, json_array_get(v, i), inner);
		}
		if (n)
			new_line(out, indent);
		buf_addc(out, ']');
		return;
	}
	case JSON_STRING:
		json_string_text(out, json_string_value(v), json_string_length(v));
		return;
	case JSON_INTEGER:
		buf_addi(out, json_integer_value(v));
		return;
	case JSON_REAL:
		add_real(out, json_real_value(v));
		return;
	case JSON_TRUE:
		buf_adds(out, "true");
		return;
	case JSON_FALSE:
		buf_adds(out, "false");
		return;
	case JSON_NULL:
		buf_adds(out, "null");
		return;
	}
}

void json_canonical(struct buf *out, const json_t *v)
{
	add_value(out, v, -1);
}

void json_pretty(struct buf *out, const json_t *v)
{
	add_value(out, v, 0);
}

bool json_same(const json_t *a, const json_t *b)
{
	_buf_ struct buf x = BUF_INIT, y = BUF_INIT;

	if (!a || !b)
		return a == b;
	json_canonical(&x, a);
	json_canonical(&y, b);
	return x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
}

json_t *json_sorted(const json_t *v)
{
	json_t *copy, *item;
	size_t n = 0, i;

	if (json_is_array(v)) {
		copy = json_array();
		json_array_foreach(v, i, item) json_array_append_new(copy, json_sorted(item));
		return copy;
	}
	if (!json_is_object(v))
		return json_copy((json_t *)v);
	_free_ const char **keys = keys_of((json_t *)v, true, &n);
	copy = json_object();
	for (i = 0; i < n; i++)
		json_object_set_new_nocheck(copy, keys[i], json_sorted(json_object_get(v, keys[i])));
	return copy;
}

json_t *json_number(double v)
{
	char text[32];

	if (isfinite(v))
		return json_real(v);
	number_exact(v, text);
	return json_string(text);
}

json_t *json_path_get(const json_t *root, const char *dotted)
{
	json_t *v = json_object_get(root, dotted);

	/* A key may hold dots itself: every split is tried, the longest rest of the path last. */
	for (const char *dot = strchr(dotted, '.'); !v && dot; dot = strchr(dot + 1, '.')) {
		json_t *inner = json_object_getn(root, dotted, (size_t)(dot - dotted));
		if (json_is_object(inner))
			v = json_path_get(inner, dot + 1);
	}
	return v;
}

static void walk(const json_t *v, struct buf *path, json_leaf_fn *cb, void *arg)
{
	if (!json_is_object(v) || !json_object_size(v)) {
		cb(arg, path->data, v);
		return;
	}
	size_t len = path->len;
	json_t *object = (json_t *)v;
	for (void *it = json_object_iter(object); it; it = json_object_iter_next(object, it)) {
		if (len)
			buf_addc(path, '.');
		buf_adds(path, json_object_iter_key(it));
		walk(json_object_iter_value(it), path, cb, arg);
		buf_cut(path, len);
	}
}

void json_leaves(const json_t *root, json_leaf_fn *cb, void *arg)
{
	_buf_ struct buf path = BUF_INIT;

	/* Nothing at all is no leaf. */
	if (json_is_object(root) && !json_object_size(root))
		return;
	walk(root, &path, cb, arg);
}

struct changes { const json_t *other; json_change_fn *cb; void *arg; };

static void changed_now(void *arg, const char *dotted, const json_t *leaf)
{
	struct changes *c = arg;
	const json_t *before = json_path_get(c->other, dotted);

	if (!json_same(before, leaf))
		c->cb(c->arg, dotted, before, leaf);
}

static void gone_now(void *arg, const char *dotted, const json_t *leaf)
{
	struct changes *c = arg;

	if (!json_path_get(c->other, dotted))
		c->cb(c->arg, dotted, leaf, NULL);
}

void json_changes(const json_t *before, const json_t *now, json_change_fn *cb, void *arg)
{
	json_leaves(now, changed_now, &(struct changes){before, cb, arg});
	json_leaves(before, gone_now, &(struct changes){now, cb, arg});
}
