#include "runner/trace/python_tokens.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include "base/buf.h"
#include "base/utf8.h"

/* Python's own limits (tokenizer.h); what is beyond them it refuses. */
#define INDENTS_MAX 100
#define BRACKETS_MAX 200
#define TAB 8
#define BOM "\xef\xbb\xbf"

enum kind { FAULT = -1, END = 0, NAME, NUMBER, OPERATOR, STRING, NEWLINE, INDENT, DEDENT, COOKIE, SHEBANG, MARK };

struct lexer {
	const char *s; /* "\r\n" made "\n"; NUL behind */
	size_t n, at, begin;         /* begin: of the latest token, which ends at `at` */
	/* the closers that are awaited, those of an f-string's fields among them: they bound how deep the calls go */
	char brackets[BRACKETS_MAX];
	int nbrackets;
	struct buf out;
};

static char ahead(const struct lexer *x, size_t by)
{
	return x->at + by < x->n ? x->s[x->at + by] : '\0';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Bytes of other than ASCII letters are Python's affair: they stay in one token. */
static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\f';
}

static void put(struct lexer *x, enum kind kind, const char *text, size_t n)
{
	uint32_t length = (uint32_t)n;

	buf_addc(&x->out, (char)kind);
	if (kind == NEWLINE || kind == INDENT || kind == DEDENT)
		return;
	for (int i = 0; i < 4; i++)
		buf_addc(&x->out, (char)(length >> (8 * i)));
	buf_add(&x->out, text, n);
}

static bool is_digit_of(char c, int base)
{
	if (base <= 10)
		return c >= '0' && c < '0' + base;
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Digits with single underscores between; first: one may stand in front, as in 0x_ff. */
static void skip_digits(struct lexer *x, int base, bool first)
{
	if (first && ahead(x, 0) == '_' && is_digit_of(ahead(x, 1), base))
		x->at++;
	while (is_digit_of(ahead(x, 0), base)) {
		x->at++;
		if (ahead(x, 0) == '_' && is_digit_of(ahead(x, 1), base))
			x->at++;
	}
}

static void skip_number(struct lexer *x)
{
	char kind = ahead(x, 0) == '0' ? ahead(x, 1) | 0x20 : '\0';
	int base = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 0;

	if (base && (is_digit_of(ahead(x, 2), base) || (ahead(x, 2) == '_' && is_digit_of(ahead(x, 3), base)))) {
		x->at += 2;
		skip_digits(x, base, true);
		return;
	}
	skip_digits(x, 10, false);
	if (ahead(x, 0) == '.') {
		x->at++;
		skip_digits(x, 10, false);
	}
	if ((ahead(x, 0) | 0x20) == 'e') {
		size_t sign = ahead(x, 1) == '+' || ahead(x, 1) == '-';

		if (is_digit(ahead(x, 1 + sign))) {
			x->at += 1 + sign;
			skip_digits(x, 10, false);
		}
	}
	if ((ahead(x, 0) | 0x20) == 'j')
		x->at++;
}

static bool is_prefix(const char *name, size_t n, bool *ret_raw, bool *ret_fields)
{
	static const char *const prefixes[] = {"r", "u", "b", "f", "t", "br", "rb", "fr", "rf", "tr", "rt"};

	*ret_raw = *ret_fields = false;
	for (size_t i = 0; i < n && n <= 2; i++) {
		char c = name[i] | 0x20;

		*ret_raw |= c == 'r';
		*ret_fields |= c == 'f' || c == 't';
	}
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (strlen(prefixes[i]) == n && !strncasecmp(prefixes[i], name, n))
			return true;
	return false;
}

static bool at_quotes(const struct lexer *x, char quote, size_t quotes)
{
	for (size_t i = 0; i < quotes; i++)
		if (ahead(x, i) != quote)
			return false;
	return true;
}

static enum kind next_token(struct lexer *x, bool in_field);
static int skip_fields(struct lexer *x, char quote, size_t quotes, bool raw, bool in_format);

/* Behind the "{" of a field: its expression, conversion and format, up to and with its "}". Since 3.12 these are tokens
 * like any other; a text that older Pythons take as well ends at the same place by their rules. */
static int skip_field(struct lexer *x, char quote, size_t quotes, bool raw)
{
	int outside = x->nbrackets;

	if (outside == BRACKETS_MAX)
		return -1;
	x->brackets[x->nbrackets++] = '}';
	for (;;) {
		enum kind kind = next_token(x, true);

		if (kind == FAULT || kind == END)
			return -1;
		if (x->nbrackets == outside)
			return 0;
		if (kind == OPERATOR && x->nbrackets == outside + 1 && x->s[x->begin] == ':') {
			int r = skip_fields(x, quote, quotes, raw, true);

			x->nbrackets = outside;
			return r;
		}
	}
}

/* Text with fields, up to and with the quotes that end it; of a format: up to and with the "}" of its field. */
static int skip_fields(struct lexer *x, char quote, size_t quotes, bool raw, bool in_format)
{
	while (x->at < x->n) {
		char c = ahead(x, 0);

		if (c == quote && at_quotes(x, quote, quotes)) {
			x->at += quotes;
			return in_format ? -1 : 0;
		}
		if (c == '\n' && quotes == 1)
			return -1;
		x->at++;
		if (c == '\\') {
			/* A brace behind a backslash still begins or ends a field. */
			if (ahead(x, 0) == '{' || ahead(x, 0) == '}' || x->at == x->n)
				continue;
			if (!raw && ahead(x, 0) == 'N' && ahead(x, 1) == '{') {
				size_t close = strcspn(x->s + x->at, "}\n\"'");

				if (ahead(x, close) != '}')
					return -1;
				x->at += close;
			}
			x->at++;
		} else if (c == '{') {
			if (ahead(x, 0) == '{' && !in_format)
				x->at++;
			else if (skip_field(x, quote, quotes, raw) < 0)
				return -1;
		} else if (c == '}') {
			if (in_format)
				return 0;
			if (ahead(x, 0) != '}')
				return -1;
			x->at++;
		}
	}
	return -1;
}

static int skip_string(struct lexer *x, bool raw, bool fields)
{
	char quote = ahead(x, 0);
	size_t quotes = ahead(x, 1) == quote && ahead(x, 2) == quote ? 3 : 1;

	x->at += quotes;
	if (fields)
		return skip_fields(x, quote, quotes, raw, false);
	while (x->at < x->n) {
		if (at_quotes(x, quote, quotes)) {
			x->at += quotes;
			return 0;
		}
		if (ahead(x, 0) == '\n' && quotes == 1)
			return -1;
		x->at += ahead(x, 0) == '\\' && x->at + 1 < x->n ? 2 : 1;
	}
	return -1;
}

static int skip_operator(struct lexer *x, bool in_field)
{
	static const char *const three[] = {"**=", "//=", ">>=", "<<=", "..."};
	static const char *const two[] = {"!=", "==", "<=", ">=", "<<", ">>", "**", "//", "->", "+=",
	                                  "-=", "*=", "/=", "%=", "&=", "|=", "^=", "@=", ":=", "<>"};
	char c = ahead(x, 0);
	const char *p = x->s + x->at;
	/* In a field, outside all brackets of its own, ":" begins the format whatever follows. */
	bool format = in_field && c == ':' && x->nbrackets && x->brackets[x->nbrackets - 1] == '}';

	for (size_t i = 0; i < ARRAY_LEN(three); i++)
		if (!strncmp(p, three[i], 3)) {
			x->at += 3;
			return 0;
		}
	for (size_t i = 0; i < ARRAY_LEN(two) && !format; i++)
		if (!strncmp(p, two[i], 2)) {
			x->at += 2;
			return 0;
		}
	if (!c || !strchr(in_field ? "+-*/%&|^~<>()[]{},:;.=@!" : "+-*/%&|^~<>()[]{},:;.=@", c))
		return -1;
	x->at++;
	if (c == '(' || c == '[' || c == '{') {
		if (x->nbrackets == BRACKETS_MAX)
			return -1;
		x->brackets[x->nbrackets++] = c == '(' ? ')' : c == '[' ? ']' : '}';
	} else if (c == ')' || c == ']' || c == '}') {
		if (!x->nbrackets || x->brackets[x->nbrackets - 1] != c)
			return -1;
		x->nbrackets--;
	}
	return 0;
}

/* Blanks, comments, joined lines; between brackets ends of lines too. */
static int skip_between(struct lexer *x)
{
	for (;;) {
		char c = ahead(x, 0);

		if (c == '#') {
			x->at += strcspn(x->s + x->at, "\n");
		} else if (c == '\\') {
			if (ahead(x, 1) != '\n' || x->at + 2 >= x->n)
				return -1;
			x->at += 2;
		} else if (is_blank(c) || (c == '\n' && x->nbrackets)) {
			x->at++;
		} else {
			return 0;
		}
	}
}

static enum kind next_kind(struct lexer *x, bool in_field)
{
	size_t begin = x->at;
	char c = ahead(x, 0);

	if (x->at == x->n)
		return END;
	if (c == '\n') {
		x->at++;
		return NEWLINE;
	}
	if (is_letter(c)) {
		bool raw, fields;

		while (is_letter(ahead(x, 0)) || is_digit(ahead(x, 0)))
			x->at++;
		if ((ahead(x, 0) == '"' || ahead(x, 0) == '\'') &&
		    is_prefix(x->s + begin, x->at - begin, &raw, &fields))
			return skip_string(x, raw, fields) < 0 ? FAULT : STRING;
		return NAME;
	}
	if (is_digit(c) || (c == '.' && is_digit(ahead(x, 1)))) {
		skip_number(x);
		return NUMBER;
	}
	if (c == '"' || c == '\'')
		return skip_string(x, false, false) < 0 ? FAULT : STRING;
	return skip_operator(x, in_field) < 0 ? FAULT : OPERATOR;
}

static enum kind next_token(struct lexer *x, bool in_field)
{
	enum kind kind;
	size_t begin;

	if (skip_between(x) < 0)
		return FAULT;
	begin = x->at;
	kind = next_kind(x, in_field);
	x->begin = begin; /* the tokens of an f-string's fields have come and gone */
	return kind;
}

/* with tabs to the next multiple of 8, and with tabs of 1: both must agree on which line is deeper */
struct indent { int column, narrow; };

/* At the begin of a line outside brackets: 1 and its indent when it has tokens, else 0, behind it. */
static int read_indent(struct lexer *x, struct indent *ret)
{
	struct indent in = {0};

	for (; is_blank(ahead(x, 0)); x->at++)
		switch (ahead(x, 0)) {
		case ' ': in.column++, in.narrow++; break;
		case '\t': in.column = (in.column / TAB + 1) * TAB, in.narrow++; break;
		default: in = (struct indent){0};
		}
	if (ahead(x, 0) == '#')
		x->at += strcspn(x->s + x->at, "\n");
	if (x->at == x->n)
		return 0;
	if (ahead(x, 0) == '\n') {
		x->at++;
		return 0;
	}
	*ret = in;
	return 1;
}

static int put_indent(struct lexer *x, struct indent *stack, int *depth, struct indent in)
{
	if (in.column > stack[*depth].column) {
		if (*depth + 1 == INDENTS_MAX || in.narrow <= stack[*depth].narrow)
			return -1;
		stack[++*depth] = in;
		put(x, INDENT, NULL, 0);
		return 0;
	}
	for (; *depth && in.column < stack[*depth].column; --*depth)
		put(x, DEDENT, NULL, 0);
	return in.column == stack[*depth].column && in.narrow == stack[*depth].narrow ? 0 : -1;
}

static int read_lines(struct lexer *x)
{
	struct indent stack[INDENTS_MAX] = {{0}}, in;
	int depth = 0;

	while (x->at < x->n) {
		enum kind kind;

		if (!read_indent(x, &in))
			continue;
		/* What a backslash in front of a line means for its indent changed between Pythons. */
		if (ahead(x, 0) == '\\' || put_indent(x, stack, &depth, in) < 0)
			return -1;
		do {
			kind = next_token(x, false);
			if (kind == FAULT || (kind == END && x->nbrackets))
				return -1;
			if (kind == END)
				kind = NEWLINE;
			put(x, kind, x->s + x->begin, x->at - x->begin);
		} while (kind != NEWLINE);
	}
	for (; depth; depth--)
		put(x, DEDENT, NULL, 0);
	return 0;
}

/* The name of the encoding that a comment in this line declares: its length, 0 without. *ret_only: nothing else stands
 * in the line. */
static size_t find_cookie(const char *line, size_t n, const char **ret, bool *ret_only)
{
	size_t i = 0;

	while (i < n && is_blank(line[i]))
		i++;
	*ret_only = i == n || line[i] == '#';
	if (i == n || line[i] != '#')
		return 0;
	for (; i + 7 < n; i++) {
		size_t begin, end;

		if (memcmp(line + i, "coding", 6) || (line[i + 6] != ':' && line[i + 6] != '='))
			continue;
		for (begin = i + 7; begin < n && (line[begin] == ' ' || line[begin] == '\t'); begin++)
			;
		for (end = begin;
		     end < n && (is_digit(line[end]) || (is_letter(line[end]) && (unsigned char)line[end] < 0x80) ||
		                 line[end] == '-' || line[end] == '.');
		     end++)
			;
		if (end > begin) {
			*ret = line + begin;
			return end - begin;
		}
	}
	return 0;
}

/* Encodings in which every byte below 0x80 is the character that it is in ASCII, and no other byte is a fault unless
 * utf8_valid says so. */
static bool is_known(const char *name, size_t n, bool *ret_latin)
{
	static const struct { const char *name; bool latin;
	} known[] = {
	        {"utf-8", false}, {"utf8", false},      {"utf_8", false},      {"latin-1", true},
	        {"latin1", true}, {"iso-8859-1", true}, {"iso-latin-1", true},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strlen(known[i].name) == n && !strncasecmp(known[i].name, name, n)) {
			*ret_latin = known[i].latin;
			return true;
		}
	return false;
}

static int read_head(struct lexer *x, bool bom)
{
	bool latin = false, only = true;
	const char *line = x->s, *cookie;

	for (int i = 0; i < 2 && only; i++) {
		size_t length = strcspn(line, "\n"), n = find_cookie(line, length, &cookie, &only);

		if (n) {
			if (!is_known(cookie, n, &latin) || (bom && latin))
				return -1;
			put(x, COOKIE, cookie, n);
			break;
		}
		if (!line[length])
			break;
		line += length + 1;
	}
	return latin || utf8_valid(x->s, x->n) ? 0 : -1;
}

int python_tokens(const char *text, size_t n, struct digest *ret)
{
	_buf_ struct buf plain = BUF_INIT;
	struct lexer x = {.out = BUF_INIT};
	bool bom = n >= 3 && !memcmp(text, BOM, 3);
	int r = -1;

	if (n > INT32_MAX || memchr(text, '\0', n))
		return -1;
	if (bom) {
		put(&x, MARK, "", 0);
		text += 3;
		n -= 3;
	}
	if (!bom && n >= 2 && !memcmp(text, "#!", 2)) {
		const char *end = memchr(text, '\n', n);

		put(&x, SHEBANG, text, end ? (size_t)(end - text) : n);
	}
	buf_reserve(&plain, n);
	for (size_t i = 0; i < n; i++) {
		if (text[i] != '\r')
			buf_addc(&plain, text[i]);
		else if (i + 1 == n || text[i + 1] != '\n')
			goto out; /* not every part of Python takes it for a line's end */
	}
	x.s = plain.data;
	x.n = plain.len;
	r = read_head(&x, bom) < 0 ? -1 : read_lines(&x);
	if (r == 0)
		sha256_bytes(x.out.data, x.out.len, ret);
out:
	buf_release(&x.out);
	return r;
}
