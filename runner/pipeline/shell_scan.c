#include "runner/pipeline/shell_scan.h"

#include <ctype.h>
#include "base/text.h"
#include "base/vec.h"

enum {
	IN_BARE,
	IN_PAREN,
	IN_SINGLE,
	IN_DOUBLE,
	IN_BACKTICK,
	IN_BRACE,
	IN_ARITHMETIC,
	IN_DOCUMENT,
	IN_VERBATIM,
	IN_COMMENT
};

enum shell_place {
	SHELL_BARE,     /* outside of quotes */
	SHELL_SINGLE,   /* within '…' */
	SHELL_DOUBLE,   /* within "…" */
	SHELL_DOCUMENT, /* within a here-document whose text is expanded */
	SHELL_VERBATIM, /* within a here-document whose text is not */
	SHELL_COMMENT,
	SHELL_UNSURE, /* within `…`, ${…}, $((…)), or behind what sh and bash read differently */
};

struct document {
	char *end;
	size_t depth; /* of what announced it */
	bool verbatim, tabs;
};

struct shell_scan {
	VEC(char) in;                   /* innermost last; the first is IN_BARE */
	struct buf rest;                /* bytes that need the next ones to be understood */
	struct buf word;                /* the bare word so far */
	struct buf line;                /* of a here-document, so far */
	VEC(struct document) documents; /* announced, and to begin at the next line */
	size_t document;                /* the one that is read */
	bool valued;                    /* a value stands in that line */
	bool ended;                     /* a value ended a here-document */
	bool word_start;
	bool unsure;
};

struct shell_scan *shell_scan_new(void)
{
	struct shell_scan *s = mem_zero(sizeof *s);

	buf_init(&s->rest);
	buf_init(&s->word);
	buf_init(&s->line);
	vec_push(&s->in, IN_BARE);
	s->word_start = true;
	return s;
}

static void forget_documents(struct shell_scan *s)
{
	for (size_t i = 0; i < s->documents.len; i++)
		free(s->documents.v[i].end);
	s->documents.len = s->document = 0;
}

void shell_scan_free(struct shell_scan *s)
{
	if (!s)
		return;
	forget_documents(s);
	vec_release(&s->documents);
	vec_release(&s->in);
	buf_release(&s->rest);
	buf_release(&s->word);
	buf_release(&s->line);
	free(s);
}

void shell_scan_freep(struct shell_scan **s)
{
	shell_scan_free(*s);
}

static char inside(const struct shell_scan *s)
{
	return s->in.v[s->in.len - 1];
}

static void leave(struct shell_scan *s)
{
	if (s->in.len > 1)
		s->in.len--;
	else
		s->unsure = true;
}

/* A command within quotes: what looks bare must be known for sure. */
static bool within_quotes(const struct shell_scan *s)
{
	for (size_t i = 0; i < s->in.len; i++)
		if (s->in.v[i] == IN_DOUBLE || s->in.v[i] == IN_DOCUMENT)
			return true;
	return false;
}

static bool reads_document(const struct shell_scan *s)
{
	for (size_t i = 0; i < s->in.len; i++)
		if (s->in.v[i] == IN_DOCUMENT || s->in.v[i] == IN_VERBATIM)
			return true;
	return false;
}

static void end_word(struct shell_scan *s)
{
	/* The ")" of a case pattern would end the $(…) too early. */
	if (!strcmp(s->word.data, "case") && within_quotes(s))
		s->unsure = true;
	buf_reset(&s->word);
	s->word_start = true;
}

static void begin_document(struct shell_scan *s)
{
	buf_reset(&s->line);
	s->valued = false;
	vec_push(&s->in, s->documents.v[s->document].verbatim ? IN_VERBATIM : IN_DOCUMENT);
}

/* What follows the mark of a here-document's end on its line so far, or NULL. */
static const char *behind_end(const struct shell_scan *s)
{
	const struct document *d = &s->documents.v[s->document];
	const char *line = s->line.data;

	while (d->tabs && *line == '\t')
		line++;
	size_t n = strlen(d->end);
	return strncmp(line, d->end, n) ? NULL : line + n;
}

/* A line of a here-document ends, and with it the document if the line is what ends it. */
static void document_line(struct shell_scan *s)
{
	bool valued = s->valued;
	const char *rest = behind_end(s);
	bool last = rest && !*rest;

	buf_reset(&s->line);
	s->valued = false;
	if (!last)
		return;
	s->ended |= valued;
	/* In the midst of a command: some shells look for the end first, some for the command's. */
	if (inside(s) != IN_DOCUMENT && inside(s) != IN_VERBATIM) {
		s->unsure = true;
		return;
	}
	leave(s);
	if (++s->document < s->documents.len)
		begin_document(s);
	else
		forget_documents(s);
}

/* Bytes of a here-document, or of a command within one: shells look for its end in these as they are written. */
static void document_add(struct shell_scan *s, const char *p, size_t n)
{
	for (size_t i = 0; i < n && reads_document(s); i++) {
		if (p[i] == '\n') {
			document_line(s);
			continue;
		}
		buf_addc(&s->line, p[i]);
		if (p[i] != ')' || s->documents.v[s->document].depth == 1)
			continue;
		/* For some shells the mark and ")" end the document and the command that announced it. */
		const char *rest = behind_end(s);
		if (rest && *rest == ')') {
			s->ended |= s->valued;
			s->unsure = true;
		}
	}
}

/* "<<" and what follows: the bytes used, or 0 when more are needed. */
static size_t announce(struct shell_scan *s, const char *p, size_t n, bool last)
{
	size_t i = 2;
	bool tabs = false, verbatim = false;
	_buf_ struct buf end = BUF_INIT;

	if (i < n && p[i] == '<')
		return 3;
	if (i < n && p[i] == '-') {
		tabs = true;
		i++;
	}
	while (i < n && (p[i] == ' ' || p[i] == '\t'))
		i++;
	for (; i < n && !strchr(" \t\n;|&()<>", p[i]); i++) {
		if (p[i] == '\'' || p[i] == '"') {
			char quote = p[i++];
			verbatim = true;
			for (; i < n && p[i] != quote; i++)
				buf_addc(&end, p[i]);
			if (i == n)
				break;
		} else if (p[i] == '\\' && i + 1 < n) {
			verbatim = true;
			buf_addc(&end, p[++i]);
		} else {
			buf_addc(&end, p[i]);
		}
	}
	if (i >= n) {
		/* The word may go on in what comes next, a value of ours even: such a mark cannot be followed. */
		s->unsure |= last;
		return last ? n : 0;
	}
	/* One that is announced by a command within another: shells differ on which text is its own. */
	if (reads_document(s)) {
		s->unsure = true;
		return i;
	}
	vec_push(&s->documents,
	         (struct document){.end = buf_steal(&end), .depth = s->in.len, .verbatim = verbatim, .tabs = tabs});
	return i;
}

/* "$" and what follows, where it is expanded. */
static size_t dollar(struct shell_scan *s, const char *p, size_t n, bool last)
{
	if (n < 3 && !last)
		return 0;
	if (n >= 3 && p[1] == '(' && p[2] == '(') {
		vec_push(&s->in, IN_ARITHMETIC);
		return 2;
	}
	if (n >= 2 && p[1] == '(') {
		vec_push(&s->in, IN_PAREN);
		end_word(s);
		return 2;
	}
	if (n >= 2 && p[1] == '{') {
		vec_push(&s->in, IN_BRACE);
		return 2;
	}
	/* Quotes with escapes for bash, a dollar and plain quotes for others. */
	if (n >= 2 && p[1] == '\'' && (inside(s) == IN_BARE || inside(s) == IN_PAREN))
		s->unsure = true;
	return 1;
}

static size_t bare(struct shell_scan *s, const char *p, size_t n, bool last)
{
	bool starts = s->word_start;

	switch (*p) {
	case '\\':
		if (n < 2 && !last)
			return 0;
		s->word_start = false;
		return n < 2 ? 1 : 2;
	case '\'':
	case '"':
		s->word_start = false;
		vec_push(&s->in, *p == '"' ? IN_DOUBLE : IN_SINGLE);
		return 1;
	case '`':
		s->word_start = false;
		vec_push(&s->in, IN_BACKTICK);
		return 1;
	case '$':
		s->word_start = false;
		return dollar(s, p, n, last);
	case '#':
		if (starts)
			vec_push(&s->in, IN_COMMENT);
		return 1;
	case '<':
		if (n < 2 && !last)
			return 0;
		end_word(s);
		return n >= 2 && p[1] == '<' ? announce(s, p, n, last) : 1;
	case '(':
		if (n < 2 && !last)
			return 0;
		/* Arithmetic for bash, a command within a command for others. */
		s->unsure |= n >= 2 && p[1] == '(';
		end_word(s);
		vec_push(&s->in, IN_PAREN);
		return 1;
	case ')':
		end_word(s);
		/* One too many is a case pattern. */
		if (s->in.len > 1)
			leave(s);
		/* The text of a here-document that follows its command's end is none for some shells. */
		s->unsure |= s->documents.len && s->documents.v[s->documents.len - 1].depth > s->in.len;
		return 1;
	case '\n':
		end_word(s);
		if (s->documents.len && !reads_document(s))
			begin_document(s);
		return 1;
	default:
		if (strchr(" \t;|&>", *p)) {
			end_word(s);
			return 1;
		}
		buf_addc(&s->word, *p);
		s->word_start = false;
		return 1;
	}
}

static size_t within_double(struct shell_scan *s, const char *p, size_t n, bool last)
{
	switch (*p) {
	case '\\':
		return n < 2 && !last ? 0 : n < 2 ? 1 : 2;
	case '"':
		leave(s);
		return 1;
	case '`':
		vec_push(&s->in, IN_BACKTICK);
		return 1;
	case '$':
		return dollar(s, p, n, last);
	default:
		return 1;
	}
}

static size_t within_document(struct shell_scan *s, const char *p, size_t n, bool last)
{
	if (inside(s) == IN_VERBATIM)
		return 1;
	switch (*p) {
	case '\\':
		if (n < 2 && !last)
			return 0;
		/* Joined lines: where the document ends is no longer plain to see. */
		s->unsure |= n >= 2 && p[1] == '\n';
		return n < 2 || p[1] == '\n' ? 1 : 2;
	case '`':
		vec_push(&s->in, IN_BACKTICK);
		return 1;
	case '$':
		return dollar(s, p, n, last);
	default:
		return 1;
	}
}

/* Within what cannot be told for sure only the end matters. */
static size_t within_unsure(struct shell_scan *s, const char *p, size_t n, bool last)
{
	char in = inside(s);

	if (*p == '\\')
		return n < 2 && !last ? 0 : n < 2 ? 1 : 2;
	if (*p == '\'' || *p == '"')
		s->unsure = true;
	if (in == IN_BACKTICK ? *p == '`' : in == IN_BRACE ? *p == '}' : *p == ')')
		leave(s);
	else if (in == IN_ARITHMETIC && *p == '(')
		vec_push(&s->in, IN_ARITHMETIC);
	else if (in == IN_BRACE && *p == '`')
		vec_push(&s->in, IN_BACKTICK);
	else if (in != IN_BACKTICK && *p == '$')
		return dollar(s, p, n, last);
	return 1;
}

/* The bytes used; 0 when the next ones are needed, which `last` says do not come. */
static size_t step(struct shell_scan *s, const char *p, size_t n, bool last)
{
	switch (inside(s)) {
	case IN_BARE:
	case IN_PAREN:
		return bare(s, p, n, last);
	case IN_SINGLE:
		if (*p == '\'')
			leave(s);
		return 1;
	case IN_DOUBLE:
		return within_double(s, p, n, last);
	case IN_DOCUMENT:
	case IN_VERBATIM:
		return within_document(s, p, n, last);
	case IN_COMMENT:
		if (*p != '\n')
			return 1;
		leave(s);
		return bare(s, p, n, last);
	default:
		return within_unsure(s, p, n, last);
	}
}

static void feed(struct shell_scan *s, bool last)
{
	size_t at = 0;

	while (at < s->rest.len) {
		bool reads = reads_document(s);
		size_t used = step(s, s->rest.data + at, s->rest.len - at, last);
		if (!used)
			break;
		if (reads)
			document_add(s, s->rest.data + at, used);
		at += used;
	}
	buf_drop(&s->rest, at);
}

const char *shell_scan_add(struct shell_scan *s, const char *text, size_t n)
{
	buf_add(&s->rest, text, n);
	feed(s, false);
	return s->ended ? "its value ends the here-document it stands in" : NULL;
}

static void add_value(struct shell_scan *s, const char *written)
{
	s->word_start = false;
	buf_addc(&s->word, '?');
	s->valued = true;
	document_add(s, written, strlen(written));
}

void shell_scan_unknown(struct shell_scan *s)
{
	add_value(s, "?");
}

static enum shell_place place_of(const struct shell_scan *s)
{
	if (s->unsure)
		return SHELL_UNSURE;
	for (size_t i = 0; i < s->in.len; i++)
		if (s->in.v[i] == IN_BACKTICK || s->in.v[i] == IN_BRACE || s->in.v[i] == IN_ARITHMETIC)
			return SHELL_UNSURE;
	switch (inside(s)) {
	case IN_SINGLE:
		return SHELL_SINGLE;
	case IN_DOUBLE:
		return SHELL_DOUBLE;
	case IN_DOCUMENT:
		return SHELL_DOCUMENT;
	case IN_VERBATIM:
		return SHELL_VERBATIM;
	case IN_COMMENT:
		return SHELL_COMMENT;
	default:
		return SHELL_BARE;
	}
}

static void escape(struct buf *out, const char *value, const char *special)
{
	for (; *value; value++) {
		if (strchr(special, *value))
			buf_addc(out, '\\');
		buf_addc(out, *value);
	}
}

static bool is_plain(const char *value)
{
	for (const char *p = value; *p; p++)
		if (!isascii((unsigned char)*p) || (!isalnum((unsigned char)*p) && !strchr("_@%+=:,./-", *p)))
			return false;
	return *value;
}

/* Appends the value as it has to be written here. NULL, or why it cannot be. */
static const char *quote(const struct shell_scan *s, const char *value, struct buf *out)
{
	enum shell_place place = place_of(s);
	bool lines = strchr(value, '\n');

	if (lines && reads_document(s))
		return "its value has several lines, and stands in a here-document; put it into a variable first";
	switch (place) {
	case SHELL_BARE:
		text_shell_quote(out, value);
		return NULL;
	case SHELL_SINGLE:
		for (; *value; value++) {
			if (*value == '\'')
				buf_adds(out, "'\\''");
			else
				buf_addc(out, *value);
		}
		return NULL;
	case SHELL_DOUBLE:
		escape(out, value, "\\\"$`");
		return NULL;
	case SHELL_DOCUMENT:
		escape(out, value, "\\$`");
		return NULL;
	case SHELL_COMMENT:
		if (lines)
			return "its value has several lines, and stands in a comment";
		buf_adds(out, value);
		return NULL;
	case SHELL_VERBATIM:
		buf_adds(out, value);
		return NULL;
	case SHELL_UNSURE:
		break;
	}
	if (!is_plain(value))
		return "its value needs quotes, and what surrounds it makes unclear which; put it into a variable "
		       "first, as in x=${…}";
	buf_adds(out, value);
	return NULL;
}

const char *shell_scan_quote(struct shell_scan *s, const char *value, struct buf *out)
{
	size_t from = out->len;

	/* A backslash right before would take the value's first byte, or the first of its quotes. */
	s->unsure |= s->rest.len && s->rest.data[0] == '\\';
	feed(s, true);
	const char *fault = quote(s, value, out);
	if (!fault)
		add_value(s, out->data + from);
	return fault;
}
