#include "base/toml.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/json.h"
#include "base/map.h"
#include "base/text.h"
#include "base/utf8.h"

#define DEPTH_MOST 100

/* What may still be added to a table or an array of tables. One that is not known here came from a value and is closed.
 */
enum state {
	CLOSED,
	IMPLICIT, /* made on the way to a header's last name */
	EXPLICIT, /* named by a header */
	DOTTED,   /* made by a dotted key */
	ARRAY,    /* of tables */
};

struct parser {
	const char *p, *end, *line_start, *name;
	int line;
	struct map states; /* by address: all stay alive below the root */
	struct err *e;
};

static int parse_value(struct parser *ps, int depth, json_t **ret);

__attribute__((format(printf, 2, 3))) static int fail(struct parser *ps, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_setv(ps->e, ERR_USAGE, fmt, ap);
	va_end(ap);
	return err_prefix(ps->e, "%s:%d:%d", ps->name, ps->line, (int)(ps->p - ps->line_start) + 1);
}

static enum state state_of(const struct parser *ps, const json_t *v)
{
	char key[32];

	snprintf(key, sizeof key, "%p", (const void *)v);
	struct map_entry *m = map_find(&ps->states, key);
	return m ? (enum state)m->num : CLOSED;
}

static void set_state(struct parser *ps, const json_t *v, enum state state)
{
	char key[32];

	snprintf(key, sizeof key, "%p", (const void *)v);
	map_add(&ps->states, key, NULL)->num = state;
}

static int peek(const struct parser *ps)
{
	return ps->p < ps->end ? (unsigned char)*ps->p : -1;
}

static bool at(const struct parser *ps, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(ps->end - ps->p) >= n && !memcmp(ps->p, word, n);
}

static bool take(struct parser *ps, char c)
{
	if (peek(ps) != c)
		return false;
	ps->p++;
	return true;
}

static bool take_newline(struct parser *ps)
{
	if (!at(ps, "\n") && !at(ps, "\r\n"))
		return false;
	ps->p += *ps->p == '\r' ? 2 : 1;
	ps->line++;
	ps->line_start = ps->p;
	return true;
}

static void skip_blanks(struct parser *ps)
{
	while (peek(ps) == ' ' || peek(ps) == '\t')
		ps->p++;
}

static bool is_control(int c)
{
	return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f;
}

static int skip_comment(struct parser *ps)
{
	if (peek(ps) != '#')
		return 0;
	while (ps->p < ps->end && !at(ps, "\n") && !at(ps, "\r\n")) {
		if (is_control(peek(ps)))
			return fail(ps, "a control character (0x%02x) in a comment", peek(ps));
		ps->p++;
	}
	return 0;
}

static int skip_lines(struct parser *ps)
{
	do {
		skip_blanks(ps);
		if (skip_comment(ps) < 0)
			return ps->e->code;
	} while (take_newline(ps));
	return 0;
}

/* What stands where something else was wanted. */
static int unexpected(struct parser *ps, const char *wanted)
{
	int c = peek(ps);
	char text[5];

	if (c < 0)
		return fail(ps, "the text ends where %s should follow; was it cut off?", wanted);
	if (c == '\n' || c == '\r')
		return fail(ps, "the line ends where %s should follow", wanted);
	if (is_control(c))
		return fail(ps, "a control character (0x%02x) where %s should follow", c, wanted);
	uint32_t cp;
	size_t n = utf8_decode(ps->p, ps->end - ps->p, &cp);
	memcpy(text, ps->p, n);
	text[n] = '\0';
	return fail(ps, "\"%s\" where %s should follow", text, wanted);
}

static int add_code_point(struct parser *ps, int digits, struct buf *out)
{
	uint32_t cp = 0;
	char bytes[4];

	for (int i = 0; i < digits; i++) {
		int c = peek(ps), low = c | 0x20;
		if (c >= '0' && c <= '9')
			cp = cp << 4 | (uint32_t)(c - '0');
		else if (low >= 'a' && low <= 'f')
			cp = cp << 4 | (uint32_t)(low - 'a' + 10);
		else
			return unexpected(ps, digits == 4 ? "a digit of \\uXXXX" : "a digit of \\UXXXXXXXX");
		ps->p++;
	}
	if (!cp)
		return fail(ps, "a text that holds a NUL");
	if (cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
		return fail(ps, "U+%04X is no character", cp);
	buf_add(out, bytes, utf8_put(cp, bytes));
	return 0;
}

/* ps stands behind the backslash. */
static int parse_escape(struct parser *ps, bool multiline, struct buf *out)
{
	static const char from[] = "btnfr\"\\", to[] = "\b\t\n\f\r\"\\";
	int c = peek(ps);
	const char *simple = c > 0 ? strchr(from, c) : NULL;

	if (simple) {
		ps->p++;
		buf_addc(out, to[simple - from]);
		return 0;
	}
	if (c == 'u' || c == 'U') {
		ps->p++;
		return add_code_point(ps, c == 'u' ? 4 : 8, out);
	}
	if (multiline) {
		skip_blanks(ps);
		if (take_newline(ps)) {
			do
				skip_blanks(ps);
			while (take_newline(ps));
			return 0;
		}
	}
	return unexpected(ps, "one of b t n f r u U \" \\ behind a backslash");
}

/* ps stands at the quote, which is " or '. */
static int parse_string(struct parser *ps, bool multiline_allowed, struct buf *out)
{
	char quote = *ps->p;
	const char *three = quote == '"' ? "\"\"\"" : "'''";
	bool multiline = multiline_allowed && at(ps, three);
	int first = ps->line;

	ps->p += multiline ? 3 : 1;
	if (multiline)
		take_newline(ps);
	for (;;) {
		const char *run = ps->p;
		while (ps->p < ps->end && *ps->p != quote && *ps->p != '\\' && !is_control((unsigned char)*ps->p))
			ps->p++;
		buf_add(out, run, ps->p - run);
		if (ps->p == ps->end)
			return fail(ps, "the text that begins in line %d has no closing %s; was the file cut off?",
			            first,
			            multiline      ? three
			            : quote == '"' ? "\""
			                           : "'");
		if (multiline && take_newline(ps)) {
			buf_addc(out, '\n');
			continue;
		}
		if (is_control((unsigned char)*ps->p))
			return unexpected(ps, "a closing quote");
		char c = *ps->p++;
		if (c == '\\' && quote == '\'') {
			buf_addc(out, c);
		} else if (c == '\\') {
			if (parse_escape(ps, multiline, out) < 0)
				return ps->e->code;
		} else if (!multiline) {
			return 0;
		} else {
			size_t n = 1;
			while (n < 5 && take(ps, quote))
				n++;
			buf_fill(out, quote, n < 3 ? n : n - 3);
			if (n >= 3)
				return 0;
		}
	}
}

static bool is_bare(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* One name of a key, and the blanks around it. */
static int parse_name(struct parser *ps, struct buf *out)
{
	buf_reset(out);
	skip_blanks(ps);
	if (peek(ps) == '"' || peek(ps) == '\'') {
		if (parse_string(ps, false, out) < 0)
			return ps->e->code;
	} else {
		const char *run = ps->p;
		while (is_bare(peek(ps)))
			ps->p++;
		if (ps->p == run)
			return unexpected(ps, "a key");
		buf_add(out, run, ps->p - run);
	}
	skip_blanks(ps);
	return 0;
}

static json_t *add_table(struct parser *ps, json_t *parent, const char *key, enum state state)
{
	json_t *t = json_object();

	json_object_set_new_nocheck(parent, key, t);
	set_state(ps, t, state);
	return t;
}

/* KEY = VALUE into a table: the body of a header, or an inline table. */
static int parse_pair(struct parser *ps, json_t *table, int depth)
{
	_buf_ struct buf key = BUF_INIT;
	json_t *v;

	if (parse_name(ps, &key) < 0)
		return ps->e->code;
	for (; take(ps, '.'); depth++) {
		json_t *next = json_object_get(table, key.data);
		enum state state = next ? state_of(ps, next) : CLOSED;
		if (depth >= DEPTH_MOST)
			return fail(ps, "nested deeper than %d", DEPTH_MOST);
		if (!next)
			next = add_table(ps, table, key.data, DOTTED);
		else if (state != DOTTED && state != IMPLICIT)
			return fail(ps, "\"%s\" is defined already; a dotted key cannot add to it", key.data);
		else
			set_state(ps, next, DOTTED);
		table = next;
		if (parse_name(ps, &key) < 0)
			return ps->e->code;
	}
	if (json_object_get(table, key.data))
		return fail(ps, "key \"%s\" is there twice", key.data);
	if (!take(ps, '='))
		return unexpected(ps, "\"=\"");
	skip_blanks(ps);
	if (parse_value(ps, depth, &v) < 0)
		return ps->e->code;
	json_object_set_new_nocheck(table, key.data, v);
	return 0;
}

static int parse_inline_table(struct parser *ps, int depth, json_t **ret)
{
	_json_ json_t *table = json_object();

	skip_blanks(ps);
	if (!take(ps, '}')) {
		do {
			if (parse_pair(ps, table, depth) < 0)
				return ps->e->code;
			skip_blanks(ps);
		} while (take(ps, ','));
		if (!take(ps, '}'))
			return unexpected(ps, "\",\" or \"}\"");
	}
	*ret = mem_take(table);
	return 0;
}

static int parse_array(struct parser *ps, int depth, json_t **ret)
{
	_json_ json_t *array = json_array();
	json_t *item;

	for (;;) {
		if (skip_lines(ps) < 0)
			return ps->e->code;
		if (take(ps, ']'))
			break;
		if (parse_value(ps, depth, &item) < 0)
			return ps->e->code;
		json_array_append_new(array, item);
		if (skip_lines(ps) < 0)
			return ps->e->code;
		if (!take(ps, ',') && peek(ps) != ']')
			return unexpected(ps, "\",\" or \"]\"");
	}
	*ret = mem_take(array);
	return 0;
}

/* n digits, as a number; -1: there are not so many. */
static int digits(const char **p, int n)
{
	int v = 0;

	for (int i = 0; i < n; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return -1;
		v = v * 10 + (**p - '0');
	}
	return v;
}

static bool skip_date(const char **p)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year = digits(p, 4), month, day;

	if (year < 0 || *(*p)++ != '-' || (month = digits(p, 2)) < 1 || month > 12 || *(*p)++ != '-' ||
	    (day = digits(p, 2)) < 1)
		return false;
	bool leap = (year % 4 == 0 && year % 100) || year % 400 == 0;
	return day <= days[month - 1] + (month == 2 && leap);
}

static bool skip_clock(const char **p)
{
	int hour = digits(p, 2), minute, second;

	if (hour < 0 || hour > 23 || *(*p)++ != ':' || (minute = digits(p, 2)) < 0 || minute > 59 || *(*p)++ != ':' ||
	    (second = digits(p, 2)) < 0 || second > 60)
		return false;
	if (**p != '.')
		return true;
	size_t n = strspn(++*p, "0123456789");
	*p += n;
	return n > 0;
}

static bool is_time(const char *s)
{
	const char *p = s;

	if (s[0] && s[1] && s[2] == ':')
		return skip_clock(&p) && !*p;
	if (!skip_date(&p))
		return false;
	if (!*p)
		return true;
	if ((*p != 'T' && *p != 't' && *p != ' ') || (p++, !skip_clock(&p)))
		return false;
	if (*p == 'Z' || *p == 'z')
		return !p[1];
	if (*p == '+' || *p == '-') {
		int hour = (p++, digits(&p, 2)), minute;
		if (hour < 0 || hour > 23 || *p++ != ':' || (minute = digits(&p, 2)) < 0 || minute > 59)
			return false;
	}
	return !*p;
}

/* Digits with single underscores between them, appended without these. */
static bool take_digits(const char **p, const char *set, struct buf *out)
{
	size_t n;

	do {
		n = strspn(*p, set);
		buf_add(out, *p, n);
		*p += n;
	} while (n && **p == '_' && (*p)++);
	return n > 0;
}

static json_t *number_of(const char *s, bool *ret_large)
{
	static const char decimal[] = "0123456789";
	static const struct {
		const char *prefix, *set;
		int base;
	} bases[] = {{"0x", "0123456789abcdefABCDEF", 16}, {"0o", "01234567", 8}, {"0b", "01", 2}};
	_buf_ struct buf b = BUF_INIT;
	const char *p = s;
	int base = 10;
	bool real = false;

	for (size_t i = 0; i < ARRAY_LEN(bases); i++)
		if (text_starts(s, bases[i].prefix)) {
			base = bases[i].base;
			p += 2;
			if (!take_digits(&p, bases[i].set, &b) || *p)
				return NULL;
		}
	if (base == 10) {
		if (*p == '+' || *p == '-')
			buf_addc(&b, *p++);
		double v;
		if (!strcmp(p, "inf") || !strcmp(p, "nan"))
			return number_parse(s, strlen(s), &v) ? json_number(v) : NULL;
		if ((p[0] == '0' && (p[1] == '_' || (p[1] >= '0' && p[1] <= '9'))) || !take_digits(&p, decimal, &b))
			return NULL;
		if (*p == '.') {
			real = true;
			buf_addc(&b, *p++);
			if (!take_digits(&p, decimal, &b))
				return NULL;
		}
		if (*p == 'e' || *p == 'E') {
			real = true;
			buf_addc(&b, *p++);
			if (*p == '+' || *p == '-')
				buf_addc(&b, *p++);
			if (!take_digits(&p, decimal, &b))
				return NULL;
		}
		if (*p)
			return NULL;
		if (real)
			return number_parse(b.data, b.len, &v) ? json_number(v) : NULL;
	}
	errno = 0;
	long long v = strtoll(b.data, NULL, base);
	*ret_large = errno == ERANGE;
	return *ret_large ? NULL : json_integer(v);
}

/* A number, a date, a time, a truth value. */
static int parse_word(struct parser *ps, json_t **ret)
{
	const char *start = ps->p;
	char word[128];
	bool large = false;

	while (is_bare(peek(ps)) || peek(ps) == '+' || peek(ps) == '.' || peek(ps) == ':')
		ps->p++;
	if (ps->p - start == 10 && start[4] == '-' && ps->end - ps->p > 3 && ps->p[0] == ' ' && ps->p[3] == ':') {
		ps->p++;
		while (is_bare(peek(ps)) || peek(ps) == '+' || peek(ps) == '.' || peek(ps) == ':')
			ps->p++;
	}
	size_t n = ps->p - start;
	if (!n)
		return unexpected(ps, "a value");
	ps->p = start;
	if (n >= sizeof word)
		return fail(ps, "no value of TOML begins so; texts stand in quotes");
	memcpy(word, start, n);
	word[n] = '\0';
	json_t *v = !strcmp(word, "true")    ? json_true()
	            : !strcmp(word, "false") ? json_false()
	            : is_time(word)          ? json_string_nocheck(word)
	                                     : number_of(word, &large);
	if (!v && large)
		return fail(ps, "%s does not fit 64 bits", word);
	if (!v)
		return fail(ps, "\"%s\" is no value of TOML; texts stand in quotes", word);
	ps->p += n;
	*ret = v;
	return 0;
}

static int parse_value(struct parser *ps, int depth, json_t **ret)
{
	int c = peek(ps);

	if (c == '"' || c == '\'') {
		_buf_ struct buf b = BUF_INIT;
		if (parse_string(ps, true, &b) < 0)
			return ps->e->code;
		*ret = json_string_nocheck(b.data);
		return 0;
	}
	if (c != '[' && c != '{')
		return parse_word(ps, ret);
	if (depth >= DEPTH_MOST)
		return fail(ps, "nested deeper than %d", DEPTH_MOST);
	ps->p++;
	return c == '[' ? parse_array(ps, depth + 1, ret) : parse_inline_table(ps, depth + 1, ret);
}

/* [a.b] or [[a.b]]: the table that the lines below it fill. */
static int parse_header(struct parser *ps, json_t *table, json_t **ret, int *ret_depth)
{
	_buf_ struct buf key = BUF_INIT;
	bool array = at(ps, "[[");
	int depth = 1;
	json_t *v;

	ps->p += array ? 2 : 1;
	if (parse_name(ps, &key) < 0)
		return ps->e->code;
	for (; take(ps, '.'); depth++) {
		v = json_object_get(table, key.data);
		enum state state = v ? state_of(ps, v) : CLOSED;
		if (depth >= DEPTH_MOST)
			return fail(ps, "nested deeper than %d", DEPTH_MOST);
		if (!v)
			v = add_table(ps, table, key.data, IMPLICIT);
		else if (state == CLOSED)
			return fail(ps, "\"%s\" is a value already; no table can stand below it", key.data);
		table = state == ARRAY ? json_array_get(v, json_array_size(v) - 1) : v;
		if (parse_name(ps, &key) < 0)
			return ps->e->code;
	}
	v = json_object_get(table, key.data);
	enum state state = v ? state_of(ps, v) : CLOSED;
	if (array ? v && state != ARRAY : v && state != IMPLICIT)
		return fail(ps, "\"%s\" is defined twice", key.data);
	if (!take(ps, ']') || (array && !take(ps, ']')))
		return unexpected(ps, array ? "\"]]\"" : "\"]\"");
	if (array) {
		if (!v) {
			json_object_set_new_nocheck(table, key.data, v = json_array());
			set_state(ps, v, ARRAY);
		}
		json_t *item = json_object();
		json_array_append_new(v, item);
		v = item;
	} else if (!v) {
		v = add_table(ps, table, key.data, EXPLICIT);
	}
	set_state(ps, v, EXPLICIT);
	*ret = v;
	*ret_depth = depth;
	return 0;
}

static int parse_text(struct parser *ps, json_t *root)
{
	json_t *table = root;
	int depth = 0;

	for (;;) {
		if (skip_lines(ps) < 0)
			return ps->e->code;
		if (ps->p == ps->end)
			return 0;
		if ((peek(ps) == '[' ? parse_header(ps, root, &table, &depth) : parse_pair(ps, table, depth)) < 0)
			return ps->e->code;
		skip_blanks(ps);
		if (skip_comment(ps) < 0)
			return ps->e->code;
		if (ps->p < ps->end && !take_newline(ps))
			return unexpected(ps, "the end of the line");
	}
}

/* Whether a byte is no UTF-8; ps then stands at it. */
static bool find_invalid(struct parser *ps)
{
	if (utf8_valid(ps->p, ps->end - ps->p))
		return false;
	for (;;) {
		uint32_t cp;
		size_t n = utf8_decode(ps->p, ps->end - ps->p, &cp);
		if (n == 1 && cp == 0xfffd)
			return true;
		if (!take_newline(ps))
			ps->p += n;
	}
}

int toml_parse(const char *text, size_t len, const char *name, json_t **ret, struct err *e)
{
	struct parser ps = {.p = text, .end = text + len, .name = name, .line = 1, .e = e};
	_json_ json_t *root = json_object();

	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		ps.p += 3;
	ps.line_start = ps.p;
	if (find_invalid(&ps))
		return fail(&ps, "the text is not UTF-8");
	int r = parse_text(&ps, root);
	map_release(&ps.states);
	if (r < 0)
		return r;
	*ret = mem_take(root);
	return 0;
}
