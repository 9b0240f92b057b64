#include "runner/pipeline/requirements_line.h"

#include <ctype.h>
#include "base/text.h"
#include "base/utf8.h"

/* The begin of a text that may be long, for "%.*s". */
#define BEGIN_OF(s) (int)utf8_fit((s), strlen(s), 100), (s)

int requirements_line_fault(const struct requirements_line *l, struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_setv(e, ERR_USAGE, fmt, ap);
	va_end(ap);
	return err_prefix(e, "%s:%d", l->file, l->first);
}

bool requirements_line_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

char *requirements_line_skip(char *s)
{
	while (requirements_line_is_blank(*s))
		s++;
	return s;
}

char *requirements_line_word(char **s)
{
	char *p = requirements_line_skip(*s), *word = p, quote = 0;

	if (!*p)
		return NULL;
	for (; *p && (quote || !requirements_line_is_blank(*p)); p++)
		if (quote ? *p == quote : *p == '"' || *p == '\'')
			quote = quote ? 0 : *p;
	if (*p)
		*p++ = '\0';
	*s = p;
	return word;
}

static char *normal_name(struct arena *a, const char *name, size_t n)
{
	char *out = arena_strndup(a, name, n), *to = out;

	for (const char *p = out; *p; p++) {
		if (!strchr("-_.", *p))
			*to++ = (char)tolower((unsigned char)*p);
		else if (to == out || to[-1] != '-')
			*to++ = '-';
	}
	*to = '\0';
	return out;
}

static bool is_hex(const char *s, size_t n)
{
	return strlen(s) == n && strspn(s, "0123456789abcdefABCDEF") == n;
}

/* "sha256:…" or "sha256=…": whether it is a whole digest of a kind that pip takes. NULL, or what is wrong. */
static const char *hash_fault(const char *s)
{
	static const struct {
		const char *name;
		size_t digits;
	} kinds[] = {{"sha256", 64}, {"sha384", 96}, {"sha512", 128}};
	size_t n = strcspn(s, ":=");

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (n == strlen(kinds[i].name) && !memcmp(s, kinds[i].name, n) && s[n])
			return is_hex(s + n + 1, kinds[i].digits) ? NULL : "is no whole hash; was the line cut off?";
	return "is no hash; it should be sha256: and 64 hex digits";
}

/* How firm a URL is by itself: a commit, or a digest behind "#". */
static enum pin url_pin(const char *url)
{
	const char *fragment = strchr(url, '#'), *plus = strchr(url, '+'), *slashes = strstr(url, "://");

	if (plus && slashes && plus < slashes) {
		const char *at = NULL;
		for (const char *p = slashes + 3; *p && *p != '#'; p++)
			at = *p == '@' ? p : *p == '/' ? NULL : at;
		size_t n = at ? strcspn(at + 1, "#") : 0;
		return n == 40 && strspn(at + 1, "0123456789abcdefABCDEF") == 40 ? PIN_HASHED : PIN_LOOSE;
	}
	for (const char *p = fragment; p; p = strchr(p, '&')) {
		_free_ char *part = mem_strndup(p + 1, strcspn(p + 1, "&"));
		if (strchr(part, '=') && !hash_fault(part))
			return PIN_HASHED;
		p++;
	}
	return text_starts(url, "file:") ? PIN_VERSION : PIN_LOOSE;
}

bool requirements_line_is_url(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");

	return n && (text_starts(s + n, "://") || text_starts(s, "file:"));
}

static bool is_path(const char *s)
{
	static const char *const archives[] = {".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar"};

	if (*s == '.' || *s == '/')
		return true;
	if (strpbrk(s, "@<>="))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(archives); i++)
		if (text_ends(s, archives[i]))
			return true;
	return strchr(s, '/');
}

/* The path of a file: URL, without fragment; of a path without extras ("./lib[all]"). */
static const char *local_of(struct arena *a, const char *s)
{
	if (text_starts(s, "file:")) {
		s += 5;
		if (text_starts(s, "//localhost/"))
			s += 11;
		else if (text_starts(s, "//"))
			s += 2;
		return arena_strndup(a, s, strcspn(s, "#"));
	}
	size_t n = strlen(s);
	const char *bracket = n && s[n - 1] == ']' ? strrchr(s, '[') : NULL;
	return arena_strndup(a, s, bracket ? (size_t)(bracket - s) : n);
}

static void set_target(struct arena *a, struct requirement *q, const char *target)
{
	if (requirements_line_is_url(target)) {
		const char *fragment = strchr(target, '#'), *egg = fragment ? strstr(fragment, "egg=") : NULL;
		q->pin = url_pin(target);
		if (text_starts(target, "file:"))
			q->local = local_of(a, target);
		if (!q->name && egg && isalnum((unsigned char)egg[4]))
			q->name = normal_name(a, egg + 4, strcspn(egg + 4, "&["));
	} else {
		q->pin = PIN_VERSION;
		q->local = local_of(a, target);
	}
}

/* NULL, or what is wrong with "==1.2,>=1" (blanks within are fine). Finds the version of ==. */
static const char *read_specifiers(struct requirement *q, char *s, struct arena *a)
{
	static const char *const operators[] = {"===", "==", "~=", "!=", "<=", ">=", "<", ">"};
	char *clause;

	for (bool more = true; more; s = clause) {
		size_t i = 0, n, end = strcspn(s, ",");
		more = s[end] == ',';
		s[end] = '\0';
		clause = s + end + more;
		s = requirements_line_skip(s);
		while (i < ARRAY_LEN(operators) && !text_starts(s, operators[i]))
			i++;
		if (i == ARRAY_LEN(operators))
			return *s == '=' ? "has one \"=\"; a version is pinned by \"==\"" : "is no requirement";
		s = requirements_line_skip(s + strlen(operators[i]));
		n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!+_*-");
		if (!n)
			return "names no version behind the operator; was the line cut off?";
		if (*requirements_line_skip(s + n))
			return "is no requirement";
		if (i < 2 && !memchr(s, '*', n)) {
			q->version = arena_strndup(a, s, n);
			q->pin = PIN_VERSION;
		}
	}
	return NULL;
}

/* "name[extra] ==1.2 ; marker", "name @ URL", a URL, a path. NULL, or what is wrong. */
static const char *read_requirement(struct arena *a, struct requirement *q, char *s)
{
	size_t n = 0;

	q->pin = PIN_LOOSE;
	bool url = requirements_line_is_url(s);
	char *first_end = s + strcspn(s, url ? " \t" : " \t;"), kept = *first_end;
	*first_end = '\0';
	bool target = url || is_path(s);
	if (target)
		set_target(a, q, s);
	*first_end = kept;
	if (target) {
		char *rest = requirements_line_skip(first_end);
		return !*rest || (*rest == ';' && *requirements_line_skip(rest + 1)) ? NULL : "is no requirement";
	}
	while (isalnum((unsigned char)s[n]) || (s[n] && strchr("-_.", s[n])))
		n++;
	if (!n || !isalnum((unsigned char)s[0]) || !isalnum((unsigned char)s[n - 1]))
		return "is no requirement";
	q->name = normal_name(a, s, n);
	s = requirements_line_skip(s + n);
	if (*s == '[') {
		size_t extras = strspn(s + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-, \t");
		if (s[1 + extras] != ']')
			return "has no closing \"]\" behind its extras; was the line cut off?";
		s = requirements_line_skip(s + extras + 2);
	}
	if (*s == '@') {
		s = requirements_line_skip(s + 1);
		char *end = s + strcspn(s, " \t");
		char *marker = requirements_line_skip(end);
		if (end == s || (*marker && *marker != ';'))
			return "names no URL behind \"@\"";
		*end = '\0';
		set_target(a, q, s);
		return NULL;
	}
	char *marker = strchr(s, ';');
	if (marker) {
		*marker = '\0';
		if (!*requirements_line_skip(marker + 1))
			return "names no marker behind \";\"; was the line cut off?";
	}
	for (n = strlen(s); n && requirements_line_is_blank(s[n - 1]); n--)
		s[n - 1] = '\0';
	if (n > 1 && s[0] == '(' && s[n - 1] == ')') {
		s[n - 1] = '\0';
		s++;
	}
	return *s ? read_specifiers(q, s, a) : NULL;
}

const char *requirements_line_option(const char *word, const char *shorter, const char *longer, char **rest)
{
	size_t n = strlen(longer);
	const char *value = NULL;

	if (!strncmp(word, longer, n) && word[n] == '=')
		return word + n + 1;
	if (!strcmp(word, longer) || (*shorter && !strcmp(word, shorter)))
		return (value = requirements_line_word(rest)) ? value : "";
	return *shorter && text_starts(word, shorter) && !text_starts(word, "--") ? word + strlen(shorter) : NULL;
}

/* What stands behind a requirement: its hashes and how to build it. */
static int read_options(const struct requirements_line *l, char *rest, struct requirement *q, struct err *e)
{
	static const struct {
		const char *shorter, *longer;
	} others[] = {{"", "--global-option"},
	              {"-C", "--config-settings"},
	              {"", "--config-setting"},
	              {"", "--install-option"}};
	bool hashed = false;

	for (char *word; (word = requirements_line_word(&rest));) {
		const char *value = requirements_line_option(word, "", "--hash", &rest);
		if (value) {
			const char *fault = hash_fault(value);
			if (fault)
				return requirements_line_fault(l, e, "hash \"%.*s\" of %.*s %s", BEGIN_OF(value),
				                               BEGIN_OF(q->text), fault);
			hashed = true;
			continue;
		}
		for (size_t i = 0; i < ARRAY_LEN(others) && !value; i++)
			value = requirements_line_option(word, others[i].shorter, others[i].longer, &rest);
		if (!value)
			return requirements_line_fault(l, e, "\"%.*s\" behind %.*s is no option of a requirement",
			                               BEGIN_OF(word), BEGIN_OF(q->text));
	}
	if (hashed && (q->pin == PIN_VERSION || strstr(q->text, "://")))
		q->pin = PIN_HASHED;
	return 0;
}

/* Blanks as one, none at the ends. */
static char *squeeze(struct arena *a, const char *s, size_t n)
{
	char *out = arena_alloc(a, n + 1), *to = out;

	for (size_t i = 0; i < n; i++)
		if (!requirements_line_is_blank(s[i]))
			*to++ = s[i];
		else if (to > out && to[-1] != ' ')
			*to++ = ' ';
	while (to > out && to[-1] == ' ')
		to--;
	*to = '\0';
	return out;
}

int requirements_line_read(const struct requirements_line *l, char *s, bool editable, struct arena *a,
                           struct requirement *ret, struct err *e)
{
	const char *fault = NULL;
	char *options = s;

	*ret = (struct requirement){.file = l->file, .line = l->first};
	while ((options = strchr(options, '-')) &&
	       !(options > s && requirements_line_is_blank(options[-1]) && (options[1] == '-' || options[1] == 'C')))
		options++;
	const char *plain = squeeze(a, s, options ? (size_t)(options - s) : strlen(s));
	_free_ char *copy = mem_strdup(plain);
	if (!*plain)
		return requirements_line_fault(l, e, editable ? "-e names no path" : "the line names no package");
	ret->text = editable ? arena_printf(a, "-e %s", plain) : plain;
	if (editable && !requirements_line_is_url(copy))
		set_target(a, ret, copy);
	else if ((fault = read_requirement(a, ret, copy)))
		return requirements_line_fault(l, e, "\"%.*s\" %s", BEGIN_OF(plain), fault);
	return options ? read_options(l, options, ret, e) : 0;
}
