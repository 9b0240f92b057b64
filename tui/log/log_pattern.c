#include "tui/log/log_pattern.h"

#include <ctype.h>
#include <regex.h>
#include <string.h>
#include "tui/log/log_vector.h"

#define REPEAT_MAX 1000
#define PATTERN_MAX 1000

/* A text that is looked for by two of its bytes, which are rare ones. */
struct text {
	char *s;
	size_t len, a, b;
	bool fold;
};

struct log_pattern {
	bool fold;  /* case does not count */
	bool plain; /* a text and no expression */
	struct text texts[LOG_PATTERN_TEXTS];
	size_t ntexts; /* every match holds one of them; 0: nothing is known */
	struct text also; /* len > 0: and this one, where there is but one */
	bool compiled;
	regex_t where, whether; /* the latter without places, which is faster */
};

/* ---- texts ---- */

static int commonness(unsigned char c)
{
	static const char common[] = "zqxjkvbpygfwmucldrhsnioate";
	const char *p = strchr(common, tolower(c));

	if (c == ' ')
		return 100;
	if (isdigit(c) || c == '.')
		return 60;
	return isalpha(c) && p ? (int)(p - common) + (isupper(c) ? 0 : 10) : 20;
}

static void text_set(struct text *t, const char *s, size_t n, bool fold)
{
	*t = (struct text){ .s = mem_strndup(s, n), .len = n, .fold = fold };
	for (size_t i = 1; i < n; i++)
		if (commonness((unsigned char)s[i]) < commonness((unsigned char)s[t->a]))
			t->a = i;
	t->b = t->a ? 0 : n - 1;
	for (size_t i = 0; i < n; i++)
		if (i != t->a && commonness((unsigned char)s[i]) < commonness((unsigned char)s[t->b]))
			t->b = i;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool text_is(const struct text *t, const char *s)
{
	if (!t->fold)
		return memcmp(s, t->s, t->len) == 0;
	for (size_t i = 0; i < t->len; i++)
		if (lower(s[i]) != t->s[i])
			return false;
	return true;
}

static unsigned char fold_mask(const struct text *t, size_t at)
{
	return t->fold && islower((unsigned char)t->s[at]) ? 0x20 : 0;
}

static const char *text_find(const struct text *t, const char *s, const char *end)
{
	if ((size_t)(end - s) < t->len)
		return end;
	const char *last = end - t->len; /* where it may begin at the latest */
	vector a = vector_of((unsigned char)t->s[t->a]), b = vector_of((unsigned char)t->s[t->b]);
	vector fold_a = vector_of(fold_mask(t, t->a)), fold_b = vector_of(fold_mask(t, t->b));
	while (s <= last) {
		const char *stop = last - s >= VECTOR ? s + VECTOR : last + 1;
		if (last - s >= VECTOR && !vector_any((vector)(((vector_load(s + t->a) | fold_a) == a) &
		                                               ((vector_load(s + t->b) | fold_b) == b)))) {
			s = stop;
			continue;
		}
		for (; s < stop; s++)
			if (lower(s[t->a]) == lower(t->s[t->a]) && text_is(t, s))
				return s;
	}
	return end;
}

/* ---- what an expression says ---- */

/* The longest texts that each alternative needs. */
struct reader {
	struct log_pattern *p;
	const char *s;
	struct buf run, best, second;
};

static void run_end(struct reader *r)
{
	if (r->run.len > r->best.len) {
		struct buf old = r->second;
		r->second = r->best;
		r->best = r->run;
		r->run = old;
	} else if (r->run.len > r->second.len) {
		struct buf old = r->second;
		r->second = r->run;
		r->run = old;
	}
	buf_reset(&r->run);
}

/* Without its last character. */
static void run_drop(struct reader *r)
{
	size_t n = r->run.len;

	while (n > 0 && ((unsigned char)r->run.data[n - 1] & 0xc0) == 0x80)
		n--;
	buf_cut(&r->run, n ? n - 1 : 0);
	run_end(r);
}

static const char *behind_bracket(const char *s)
{
	s += s[1] == '^' ? 2 : 1;
	s += *s == ']';
	while (*s && *s != ']') {
		if (*s == '[' && (s[1] == ':' || s[1] == '.' || s[1] == '=')) {
			char close[3] = { s[1], ']', 0 };
			const char *p = strstr(s + 2, close);
			s = p ? p + 2 : s + strlen(s);
		} else {
			s++;
		}
	}
	return *s ? s + 1 : s;
}

static const char *behind_group(const char *s)
{
	int depth = 0;

	while (*s) {
		if (*s == '\\' && s[1]) {
			s += 2;
		} else if (*s == '[') {
			s = behind_bracket(s);
		} else {
			depth += (*s == '(') - (*s == ')');
			s++;
			if (depth == 0)
				break;
		}
	}
	return s;
}

/* What stands before "*", "?" or "{", alone or among several of them, need not be there. */
static void read_repeats(struct reader *r)
{
	bool needed = true;

	while (*r->s && strchr("*+?{", *r->s)) {
		needed = needed && *r->s == '+';
		if (*r->s == '{')
			r->s += strcspn(r->s, "}");
		r->s += *r->s != 0;
	}
	if (needed)
		run_end(r);
	else
		run_drop(r);
}

/* One alternative; false when it needs no text. */
static bool read_alternative(struct reader *r)
{
	buf_reset(&r->run);
	buf_reset(&r->best);
	buf_reset(&r->second);
	while (*r->s && *r->s != '|') {
		char c = *r->s;
		if (c == '\\' && r->s[1] && ispunct((unsigned char)r->s[1]) && !strchr("<>`'", r->s[1])) {
			buf_addc(&r->run, r->s[1]);
			r->s += 2;
		} else if (c == '\\') {
			run_end(r);
			r->s += r->s[1] ? 2 : 1;
		} else if (c == '[') {
			run_end(r);
			r->s = behind_bracket(r->s);
		} else if (c == '(') {
			run_end(r);
			r->s = behind_group(r->s);
		} else if (strchr("*+?{", c)) {
			read_repeats(r);
		} else if (c == '.' || c == '^' || c == '$' || c == ')') {
			run_end(r);
			r->s++;
		} else if (r->p->fold && (unsigned char)c >= 0x80) {
			run_end(r);
			r->s++;
		} else {
			buf_addc(&r->run, c);
			r->s++;
		}
	}
	run_end(r);
	return r->best.len > 0;
}

static void texts_drop(struct log_pattern *p)
{
	for (size_t i = 0; i < p->ntexts; i++)
		free(p->texts[i].s);
	p->ntexts = 0;
}

static void read_texts(struct log_pattern *p, const char *s)
{
	struct reader r = { .p = p, .s = s, .run = BUF_INIT, .best = BUF_INIT, .second = BUF_INIT };
	bool all = true;

	for (;;) {
		all = read_alternative(&r) && p->ntexts < LOG_PATTERN_TEXTS;
		if (!all)
			break;
		text_set(&p->texts[p->ntexts++], r.best.data, r.best.len, p->fold);
		if (*r.s != '|')
			break;
		r.s++;
	}
	if (!all)
		texts_drop(p);
	else if (p->ntexts == 1 && r.second.len > 0)
		text_set(&p->also, r.second.data, r.second.len, p->fold);
	buf_release(&r.run);
	buf_release(&r.best);
	buf_release(&r.second);
}

/* Expressions that take the library very long: references back, and repeats of repeats. */
static int check_cost(const char *s, struct err *e)
{
	long repeats = 1;

	for (; *s; s++) {
		if (*s == '\\' && isdigit((unsigned char)s[1]))
			return err_set(e, ERR_USAGE, "\\%c refers back; the search has no references", s[1]);
		if (*s == '\\' && s[1]) {
			s++;
		} else if (*s == '[') {
			s = behind_bracket(s) - 1;
		} else if (*s == '{') {
			long most = 1;
			for (; *s && *s != '}'; s++)
				if (isdigit((unsigned char)*s)) {
					long v = strtol(s, (char **)&s, 10);
					most = v > most ? v : most;
					s--;
				}
			if (most > REPEAT_MAX || (repeats *= most) > REPEAT_MAX)
				return err_set(e, ERR_USAGE, "repeats more than %d times", REPEAT_MAX);
			if (!*s)
				break;
		}
	}
	return 0;
}

static bool has_capital(const char *s)
{
	for (; *s; s++) {
		if (*s == '\\' && s[1])
			s++;
		else if (isupper((unsigned char)*s))
			return true;
	}
	return false;
}

static int compile(struct log_pattern *p, const char *text, struct err *e)
{
	int flags = REG_EXTENDED | (p->fold ? REG_ICASE : 0), r = regcomp(&p->where, text, flags);

	if (r == 0) {
		r = regcomp(&p->whether, text, flags | REG_NOSUB);
		if (r)
			regfree(&p->where);
	}
	if (r) {
		char message[200];
		regerror(r, NULL, message, sizeof message);
		return err_set(e, ERR_USAGE, "%s", message);
	}
	p->compiled = true;
	return 0;
}

/* \d and \D, which POSIX does not know and everybody types, as brackets. */
static char *spell_digits(const char *s)
{
	_buf_ struct buf b = BUF_INIT;
	const char *bracket = s; /* behind the one that s is in */

	while (*s) {
		bool digit = *s == '\\' && (s[1] == 'd' || s[1] == 'D');

		if (s >= bracket && *s == '[')
			bracket = behind_bracket(s);
		if (digit && (s >= bracket || s[1] == 'd')) {
			buf_adds(&b, s < bracket ? "0-9" : s[1] == 'd' ? "[0-9]" : "[^0-9]");
			s += 2;
		} else {
			bool escape = s >= bracket && *s == '\\' && s[1];

			buf_add(&b, s, 1 + escape);
			s += 1 + escape;
		}
	}
	return buf_steal(&b);
}

int log_pattern_new(const char *text, struct log_pattern **ret, struct err *e)
{
	_free_ char *spelled = spell_digits(text);
	int r;

	text = spelled;
	if (!*text)
		return err_set(e, ERR_USAGE, "nothing to search for");
	if (strlen(text) > PATTERN_MAX)
		return err_set(e, ERR_USAGE, "longer than %d bytes", PATTERN_MAX);
	if ((r = check_cost(text, e)) < 0)
		return r;
	struct log_pattern *p = mem_zero(sizeof *p);
	p->fold = !has_capital(text);
	p->plain = !strpbrk(text, "\\[](){}*+?.^$|");
	for (const char *s = text; *s && p->fold && p->plain; s++)
		p->plain = (unsigned char)*s < 0x80;
	if (p->plain)
		text_set(&p->texts[p->ntexts++], text, strlen(text), p->fold);
	else if ((r = compile(p, text, e)) >= 0)
		read_texts(p, text);
	if (r < 0) {
		log_pattern_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

void log_pattern_free(struct log_pattern *p)
{
	if (!p)
		return;
	texts_drop(p);
	free(p->also.s);
	if (p->compiled) {
		regfree(&p->where);
		regfree(&p->whether);
	}
	free(p);
}

bool log_pattern_find(const struct log_pattern *p, const char *text, size_t n, size_t from, bool whole,
                      size_t *ret_from, size_t *ret_to)
{
	if (p->plain) {
		const char *s = text_find(&p->texts[0], text + from, text + n);
		if (s == text + n)
			return false;
		*ret_from = (size_t)(s - text);
		*ret_to = *ret_from + p->texts[0].len;
		return true;
	}
	while (from < n || whole) {
		regmatch_t m = { (regoff_t)from, (regoff_t)n };
		if (regexec(whole ? &p->whether : &p->where, text, 1, &m, REG_STARTEND | (from ? REG_NOTBOL : 0)) != 0)
			return false;
		*ret_from = (size_t)m.rm_so;
		*ret_to = (size_t)m.rm_eo;
		if (whole || m.rm_eo > m.rm_so)
			return true;
		from = (size_t)m.rm_eo + 1;
	}
	return false;
}

/* ---- passes ---- */

void log_pass_begin(struct log_pass *s, const struct log_pattern *p, const char *begin, const char *end)
{
	*s = (struct log_pass){ .pattern = p, .end = end, .line = LOG_LINE_INIT };
	for (size_t i = 0; i < p->ntexts; i++)
		s->found[i] = text_find(&p->texts[i], begin, end);
	s->special = log_line_special(begin, end);
}

void log_pass_release(struct log_pass *s)
{
	log_line_release(&s->line);
}

const char *log_pass_candidate(struct log_pass *s, const char *at)
{
	const struct log_pattern *p = s->pattern;

	if (p->ntexts == 0)
		return at;
	if (s->special < at)
		s->special = log_line_special(at, s->end);
	const char *first = s->special;
	for (size_t i = 0; i < p->ntexts; i++) {
		if (s->found[i] < at)
			s->found[i] = text_find(&p->texts[i], at, s->end);
		if (s->found[i] < first)
			first = s->found[i];
	}
	return first;
}

bool log_pass_match(struct log_pass *s, const char *line, size_t n, const char *candidate)
{
	size_t from, to;

	if (s->special < line)
		s->special = log_line_special(line, s->end);
	if (s->special < line + n) {
		log_line_set_text(&s->line, line, n);
		return log_pattern_find(s->pattern, s->line.text.data, s->line.text.len, 0, true, &from, &to);
	}
	if (memchr(line, 0, n)) {
		log_line_set_text(&s->line, line, n);
		line = s->line.text.data;
		n = s->line.text.len;
	} else if (s->pattern->plain && candidate == s->found[0] && candidate >= line &&
	           candidate + s->pattern->texts[0].len <= line + n) {
		return true;
	}
	if (s->pattern->also.len && text_find(&s->pattern->also, line, line + n) == line + n)
		return false;
	return log_pattern_find(s->pattern, line, n, 0, true, &from, &to);
}

