#include "runner/log/metric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/text.h"
#include "base/time.h"
#include "base/utf8.h"
#include "base/vec.h"

#define DEPTH_MAX 32

struct metric_parser {
	VEC(struct metric_value) values;
	struct buf keys;              /* keys that had to be put together: nested or with escapes */
	/* values whose key lies in `keys`, at this offset (the buffer moves as it grows) */
	VEC(size_t) joined;
	VEC(size_t) joined_at;
	struct buf prefix;            /* "a.b." of the objects around */
	const char *line, *end, *at;
	int64_t step, ts;
};

struct metric_parser *metric_parser_new(void)
{
	struct metric_parser *p = mem_zero(sizeof *p);

	buf_init(&p->keys);
	buf_init(&p->prefix);
	return p;
}

void metric_parser_free(struct metric_parser *p)
{
	if (!p)
		return;
	vec_release(&p->values);
	vec_release(&p->joined);
	vec_release(&p->joined_at);
	buf_release(&p->keys);
	buf_release(&p->prefix);
	free(p);
}

static int wrong(const struct metric_parser *p, struct err *e, const char *what)
{
	return err_set(e, ERR_USAGE, "column %d: %s", (int)(p->at - p->line) + 1, what);
}

static void skip(struct metric_parser *p)
{
	while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\r'))
		p->at++;
}

static bool take(struct metric_parser *p, char c)
{
	skip(p);
	if (p->at >= p->end || *p->at != c)
		return false;
	p->at++;
	return true;
}

bool metric_step(double v, int64_t *ret)
{
	if (!(v >= -9007199254740992.0 && v <= 9007199254740992.0) || v != floor(v))
		return false;
	*ret = (int64_t)v;
	return true;
}

static bool is_key(const char *key, size_t n, const char *name)
{
	return n == strlen(name) && memcmp(key, name, n) == 0;
}

/* At the top level `step` and `ts` (seconds) belong to all values of the line. */
static int add(struct metric_parser *p, const char *key, size_t n, bool joined, double v, bool top, struct err *e)
{
	if (top && is_key(key, n, "step"))
		return metric_step(v, &p->step) ? 0 : wrong(p, e, "step is no whole number");
	if (top && is_key(key, n, "ts")) {
		if (!(v >= 0 && v < 9e12))
			return wrong(p, e, "ts is no time in seconds since 1970");
		p->ts = (int64_t)(v * US_PER_S);
		return 0;
	}
	if (joined) {
		vec_push(&p->joined, p->values.len);
		vec_push(&p->joined_at, p->keys.len);
		buf_add(&p->keys, key, n);
		key = NULL;
	}
	vec_push(&p->values, (struct metric_value){ key, n, v });
	return 0;
}

static bool hex4(const char *s, uint32_t *ret)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++) {
		char c = s[i];
		int d = c >= '0' && c <= '9'   ? c - '0'
		        : c >= 'a' && c <= 'f' ? c - 'a' + 10
		        : c >= 'A' && c <= 'F' ? c - 'A' + 10
		                               : -1;

		if (d < 0)
			return false;
		v = v << 4 | (uint32_t)d;
	}
	*ret = v;
	return true;
}

static int unescape(struct metric_parser *p, struct buf *out, struct err *e)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *known;
	uint32_t cp, low;
	char utf8[4];

	if (p->at + 1 >= p->end)
		return wrong(p, e, "a text without an end");
	known = strchr(from, p->at[1]);
	if (known && p->at[1]) {
		buf_addc(out, to[known - from]);
		p->at += 2;
		return 0;
	}
	if (p->at[1] != 'u' || p->end - p->at < 6 || !hex4(p->at + 2, &cp))
		return wrong(p, e, "an escape that JSON has not");
	p->at += 6;
	if (cp >= 0xd800 && cp < 0xdc00 && p->end - p->at >= 6 && p->at[0] == '\\' && p->at[1] == 'u' &&
	    hex4(p->at + 2, &low) && low >= 0xdc00 && low < 0xe000) {
		cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
		p->at += 6;
	}
	if ((cp >= 0xd800 && cp < 0xe000) || cp == 0)
		return wrong(p, e, "an escape that is no character");
	buf_add(out, utf8, utf8_put(cp, utf8));
	return 0;
}

/* The text behind an opening quote. Without escapes it is borrowed from the line, else it is put into `own`. */
static int text(struct metric_parser *p, struct buf *own, const char **ret, size_t *ret_n, bool *ret_own, struct err *e)
{
	const char *start = p->at;

	while (p->at < p->end && *p->at != '"' && *p->at != '\\' && (unsigned char)*p->at >= 0x20)
		p->at++;
	if (p->at < p->end && *p->at == '"') {
		*ret = start;
		*ret_n = p->at++ - start;
		*ret_own = false;
		return 0;
	}
	buf_reset(own);
	buf_add(own, start, p->at - start);
	while (p->at < p->end && *p->at != '"') {
		int r = 0;

		if ((unsigned char)*p->at < 0x20)
			return wrong(p, e, "a control character in a text");
		if (*p->at == '\\')
			r = unescape(p, own, e);
		else
			buf_addc(own, *p->at++);
		if (r < 0)
			return r;
	}
	if (p->at >= p->end)
		return wrong(p, e, "a text without an end");
	p->at++;
	*ret = own->data;
	*ret_n = own->len;
	*ret_own = true;
	return 0;
}

static int value(struct metric_parser *p, const char *key, size_t n, bool joined, int depth, struct err *e);

/* Lists, and texts that are no number: passed over. */
static int skip_list(struct metric_parser *p, int depth, struct err *e)
{
	size_t before = p->values.len, joined = p->joined.len;
	int64_t step = p->step, ts = p->ts;
	int r = 0;

	if (depth > DEPTH_MAX)
		return wrong(p, e, "nested more than 32 deep");
	if (take(p, ']'))
		return 0;
	do {
		r = value(p, "", 0, false, depth, e);
	} while (r >= 0 && take(p, ','));
	p->values.len = before;
	p->joined.len = p->joined_at.len = joined;
	p->step = step;
	p->ts = ts;
	if (r < 0)
		return r;
	return take(p, ']') ? 0 : wrong(p, e, "\",\" or \"]\" expected");
}

static int object(struct metric_parser *p, int depth, struct err *e)
{
	_buf_ struct buf own = BUF_INIT;
	size_t prefix = p->prefix.len;
	int r;

	if (depth > DEPTH_MAX)
		return wrong(p, e, "nested more than 32 deep");
	if (take(p, '}'))
		return 0;
	do {
		const char *key;
		size_t n;
		bool joined;

		if (!take(p, '"'))
			return wrong(p, e, "a name in quotes expected");
		r = text(p, &own, &key, &n, &joined, e);
		if (r < 0)
			return r;
		if (!take(p, ':'))
			return wrong(p, e, "\":\" expected");
		if (prefix) {
			buf_add(&p->prefix, key, n);
			key = p->prefix.data;
			n = p->prefix.len;
			joined = true;
		}
		r = value(p, key, n, joined, depth, e);
		buf_cut(&p->prefix, prefix);
		if (r < 0)
			return r;
	} while (take(p, ','));
	return take(p, '}') ? 0 : wrong(p, e, "\",\" or \"}\" expected");
}

static bool word(struct metric_parser *p, const char *w)
{
	size_t n = strlen(w);

	if ((size_t)(p->end - p->at) < n || memcmp(p->at, w, n) != 0)
		return false;
	p->at += n;
	return true;
}

static int value(struct metric_parser *p, const char *key, size_t n, bool joined, int depth, struct err *e)
{
	const char *start;
	double v;
	int r;

	skip(p);
	bool top = depth == 0;
	if (p->at >= p->end)
		return wrong(p, e, "a value expected");
	switch (*p->at) {
	case '{': {
		size_t before = p->prefix.len;

		p->at++;
		if (!before || key != p->prefix.data)
			buf_add(&p->prefix, key, n);
		buf_addc(&p->prefix, '.');
		r = object(p, depth + 1, e);
		buf_cut(&p->prefix, before);
		return r;
	}
	case '[':
		p->at++;
		return skip_list(p, depth + 1, e);
	case '"': {
		_buf_ struct buf own = BUF_INIT;
		const char *s;
		size_t len;
		bool is_own;

		p->at++;
		r = text(p, &own, &s, &len, &is_own, e);
		if (r < 0)
			return r;
		if (is_key(s, len, "NaN") || is_key(s, len, "Infinity") || is_key(s, len, "-Infinity")) {
			number_parse(s, len, &v);
			return add(p, key, n, joined, v, top, e);
		}
		return 0;
	}
	case 't':
		return word(p, "true") ? add(p, key, n, joined, 1, top, e) : wrong(p, e, "a value expected");
	case 'f':
		return word(p, "false") ? add(p, key, n, joined, 0, top, e) : wrong(p, e, "a value expected");
	case 'n':
		if (word(p, "null"))
			return 0;
		break;
	default:
		break;
	}
	start = p->at;
	while (p->at < p->end && !strchr(",}] \t\r", *p->at))
		p->at++;
	if (!number_parse(start, p->at - start, &v)) {
		p->at = start;
		return wrong(p, e, "a value expected");
	}
	return add(p, key, n, joined, v, top, e);
}

static int pairs(struct metric_parser *p, struct err *e)
{
	while (skip(p), p->at < p->end) {
		const char *start = p->at;
		const char *eq;
		double v;

		while (p->at < p->end && *p->at != ' ' && *p->at != '\t' && *p->at != '\r')
			p->at++;
		eq = memchr(start, '=', p->at - start);
		if (!eq || eq == start) {
			p->at = start;
			return wrong(p, e, "NAME=VALUE or a JSON object expected");
		}
		if (!number_parse(eq + 1, p->at - eq - 1, &v)) {
			p->at = eq + 1;
			return wrong(p, e, "a number expected");
		}
		int r = add(p, start, eq - start, false, v, true, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Almost every line is ASCII, which eight bytes at a time tell. */
static bool is_text(const char *s, size_t n)
{
	uint64_t word, high = 0;
	size_t i = 0;

	for (; i + sizeof word <= n; i += sizeof word) {
		memcpy(&word, s + i, sizeof word);
		high |= word;
	}
	for (; i < n; i++)
		high |= (unsigned char)s[i];
	return !(high & 0x8080808080808080u) || utf8_valid(s, n);
}

int metric_parse(struct metric_parser *p, const char *line, size_t n, struct metric_line *ret, struct err *e)
{
	int r;

	p->line = p->at = line;
	p->end = line + n;
	vec_clear(&p->values);
	vec_clear(&p->joined);
	vec_clear(&p->joined_at);
	buf_reset(&p->keys);
	buf_reset(&p->prefix);
	p->step = METRIC_NO_STEP;
	p->ts = -1;
	skip(p);
	if (p->at >= p->end || *p->at == '#')
		return 0;
	if (memchr(line, 0, n))
		return wrong(p, e, "a NUL byte");
	if (!is_text(line, n))
		return wrong(p, e, "the line is not UTF-8");
	r = take(p, '{') ? object(p, 0, e) : pairs(p, e);
	if (r < 0)
		return r;
	skip(p);
	if (p->at < p->end)
		return wrong(p, e, "something stands behind the object");
	for (size_t i = 0; i < p->joined.len; i++)
		p->values.v[p->joined.v[i]].key = p->keys.data + p->joined_at.v[i];
	*ret = (struct metric_line){ p->values.v, p->values.len, p->step, p->ts };
	return 1;
}
