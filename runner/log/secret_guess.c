#include "runner/log/secret_guess.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include "base/mem.h"
#include "base/text.h"

#define PARAM_MIN 8    /* bytes of a value that its name alone makes a secret */
#define DISTINCT_MIN 8 /* different bytes in a real token; "xxxxxxxx" and "0000" are placeholders */

enum alphabet {
	LETTER = 1,
	DIGIT = 2,
	UPPER = 4, /* A–Z, 0–9 */
	UNDERSCORE = 8,
	DASH = 16,
	BASE64 = 32, /* + / = */
	ALNUM = LETTER | DIGIT,
	WORD = ALNUM | UNDERSCORE,
	URL64 = WORD | DASH,
};

/* Beginning, bytes behind it (least, most; 0: no limit), of what they are, and what they have to hold besides; as the
 * issuers document them. */
static const struct shape {
	const char *start;
	size_t min, max;
	unsigned alphabet;
	const char *needs;
	const char *kind;
} shapes[] = {
        {"AKIA", 16, 16, UPPER, NULL, "an AWS access key"},
        {"ASIA", 16, 16, UPPER, NULL, "an AWS access key"},
        {"AIza", 35, 35, URL64, NULL, "an API key of Google"},
        {"ghp_", 36, 255, ALNUM, NULL, "a token of GitHub"},
        {"gho_", 36, 255, ALNUM, NULL, "a token of GitHub"},
        {"ghu_", 36, 255, ALNUM, NULL, "a token of GitHub"},
        {"ghs_", 36, 255, ALNUM, NULL, "a token of GitHub"},
        {"ghr_", 36, 255, ALNUM, NULL, "a token of GitHub"},
        {"github_pat_", 60, 255, WORD, NULL, "a token of GitHub"},
        {"glpat-", 20, 255, URL64, NULL, "a token of GitLab"},
        {"hf_", 34, 34, ALNUM, NULL, "a token of Hugging Face"},
        {"npm_", 36, 36, ALNUM, NULL, "a token of npm"},
        {"pypi-AgE", 50, 0, URL64, NULL, "a token of PyPI"},
        {"rk_live_", 16, 0, ALNUM, NULL, "a key of Stripe"},
        {"sk_live_", 16, 0, ALNUM, NULL, "a key of Stripe"},
        {"sk-ant-", 80, 0, URL64, NULL, "an API key of Anthropic"},
        {"sk-or-v1-", 64, 64, ALNUM, NULL, "an API key of OpenRouter"},
        {"sk-", 40, 0, URL64, "T3BlbkFJ", "an API key of OpenAI"},
        {"sk-", 32, 64, ALNUM, NULL, "an API key"},
        {"xoxa-", 20, 0, ALNUM | DASH, NULL, "a token of Slack"},
        {"xoxb-", 20, 0, ALNUM | DASH, NULL, "a token of Slack"},
        {"xoxp-", 20, 0, ALNUM | DASH, NULL, "a token of Slack"},
        {"xoxr-", 20, 0, ALNUM | DASH, NULL, "a token of Slack"},
        {"xoxs-", 20, 0, ALNUM | DASH, NULL, "a token of Slack"},
};

/* What each byte is, in terms of enum alphabet. */
static const uint8_t classes[256] = {
        ['0' ... '9'] = DIGIT | UPPER,
        ['A' ... 'Z'] = LETTER | UPPER,
        ['a' ... 'z'] = LETTER,
        ['_'] = UNDERSCORE,
        ['-'] = DASH,
        ['+'] = BASE64,
        ['/'] = BASE64,
        ['='] = BASE64,
};

static bool is_a(char c, unsigned alphabet)
{
	return classes[(unsigned char)c] & alphabet;
}

static size_t span(const char *s, const char *end, unsigned alphabet)
{
	const char *p = s;

	while (p < end && is_a(*p, alphabet))
		p++;
	return (size_t)(p - s);
}

static bool starts_at(const char *s, const char *end, const char *what)
{
	size_t n = strlen(what);

	return (size_t)(end - s) >= n && !memcmp(s, what, n);
}

static bool varied(const char *s, size_t n)
{
	bool seen[256] = {0};
	size_t distinct = 0;

	for (size_t i = 0; i < n && distinct < DISTINCT_MIN; i++) {
		distinct += !seen[(unsigned char)s[i]];
		seen[(unsigned char)s[i]] = true;
	}
	return distinct >= DISTINCT_MIN;
}

/* Documentation writes AKIAIOSFODNN7EXAMPLE. */
static bool is_example(const char *s, size_t n)
{
	return memmem(s, n, "EXAMPLE", 7) != NULL;
}

static const char *guess_shape(const char *s, const char *end)
{
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		const struct shape *h = &shapes[i];
		if (h->start[0] != *s || !starts_at(s, end, h->start))
			continue;
		const char *body = s + strlen(h->start);
		size_t n = span(body, end, h->alphabet);
		/* A longer run of such bytes is something else: a digest, a name. */
		if (n < h->min || (h->max && n > h->max) || (body + n < end && is_a(body[n], ALNUM)))
			continue;
		if ((h->needs && !memmem(body, n, h->needs, strlen(h->needs))) || !varied(body, n) ||
		    is_example(body, n))
			continue;
		return h->kind;
	}
	return NULL;
}

/* Header, payload and signature, of which the first two are JSON objects in base64: "{" and a quote give "eyJ". */
static const char *guess_jwt(const char *s, const char *end)
{
	size_t header = span(s, end, URL64);
	const char *p = s + header;

	if (header < 16 || !starts_at(p, end, ".eyJ"))
		return NULL;
	size_t payload = span(p + 1, end, URL64);
	p += 1 + payload;
	return payload >= 16 && p < end && *p == '.' && span(p + 1, end, URL64) >= 20 ? "a JSON web token" : NULL;
}

/* The armour alone stands in every program that reads such keys: it counts with a line of the key behind it. */
static const char *guess_pem(const char *s, const char *end)
{
	const char *p = s + strlen("-----BEGIN "), *line = memchr(p, '-', (size_t)(end - p < 60 ? end - p : 60));

	if (!line || !memmem(p, (size_t)(line - p), "PRIVATE KEY", 11) || !starts_at(line, end, "-----"))
		return NULL;
	if (end - line > 600)
		end = line + 600;
	for (p = line + 5; p < end;) {
		size_t n = span(p, end, ALNUM | BASE64);
		if (n >= 40 && varied(p, n))
			return "a private key";
		p += n;
		if (starts_at(p, end, "-----"))
			return NULL;
		p++;
	}
	return NULL;
}

/* Words that stand for a password in examples. */
static bool is_placeholder(const char *s, size_t n)
{
	static const char *const words[] = {"password", "passwd", "pass", "pwd",      "pw",      "secret",
	                                    "token",    "key",    "user", "changeme", "example", "hunter2"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (n == strlen(words[i]) && !strncasecmp(s, words[i], n))
			return true;
	for (size_t i = 1; i < n; i++)
		if (s[i] != s[0])
			return false;
	return true;
}

/* A word or a gap as examples have it in an address: short and of small letters, or with "..." in it. */
static bool is_word(const char *s, size_t n)
{
	bool small = n < 10;

	for (size_t i = 0; i < n; i++)
		small &= !isdigit((unsigned char)s[i]) && !isupper((unsigned char)s[i]);
	return small || n < 4 || is_placeholder(s, n) || memmem(s, n, "...", 3);
}

/* s stands on the "//" behind a scheme: user:password@host, none of it a gap to be filled in. */
static const char *guess_url(const char *s, const char *end)
{
	const char *user = s + 2, *colon = NULL, *p = user;

	if (end - p > 300)
		end = p + 300;
	for (; p < end && *p != '@'; p++) {
		unsigned char c = (unsigned char)*p;
		if (c <= ' ' || c >= 0x7f || strchr("/\"'`<>{}()[]$*\\|^", c))
			return NULL;
		if (c == '%' && !(end - p > 2 && isxdigit((unsigned char)p[1]) && isxdigit((unsigned char)p[2])))
			return NULL;
		if (c == ':' && !colon)
			colon = p;
	}
	if (p == end || !colon || colon == user || p + 1 == end || !is_a(p[1], ALNUM))
		return NULL;
	return is_word(colon + 1, (size_t)(p - colon - 1)) ? NULL : "a password in an address";
}

/* What may begin at a byte; 0: nothing. */
enum begin { BEGIN_SHAPE = 1, BEGIN_JWT, BEGIN_PEM, BEGIN_URL };
static const uint8_t begins[256] = {
        ['A'] = BEGIN_SHAPE, ['g'] = BEGIN_SHAPE, ['h'] = BEGIN_SHAPE, ['n'] = BEGIN_SHAPE,
        ['p'] = BEGIN_SHAPE, ['r'] = BEGIN_SHAPE, ['s'] = BEGIN_SHAPE, ['x'] = BEGIN_SHAPE,
        ['e'] = BEGIN_JWT,   ['-'] = BEGIN_PEM,   ['/'] = BEGIN_URL,
};

/* Tokens begin where a word begins. */
static const char *guess_at(const char *text, const char *s, const char *end, enum begin b)
{
	bool inside = s > text && is_a(s[-1], ALNUM | UNDERSCORE | DASH);

	switch (b) {
	case BEGIN_SHAPE: {
		/* An escape (\n in a string) ends in a letter, too. */
		bool escaped = inside && s - text >= 2 && s[-2] == '\\' && strchr("nrt", s[-1]);
		return inside && !escaped ? NULL : guess_shape(s, end);
	}
	case BEGIN_JWT:
		return !inside && starts_at(s, end, "eyJ") ? guess_jwt(s, end) : NULL;
	case BEGIN_PEM:
		return starts_at(s, end, "-----BEGIN ") ? guess_pem(s, end) : NULL;
	case BEGIN_URL:
		return s - text >= 2 && s[-1] == ':' && is_a(s[-2], ALNUM) && starts_at(s, end, "//")
		               ? guess_url(s, end)
		               : NULL;
	}
	return NULL;
}

static int line_at(const char *text, const char *at)
{
	int line = 1;

	for (const char *p = text; (p = memchr(p, '\n', (size_t)(at - p))); p++)
		line++;
	return line;
}

const char *secret_guess(const char *text, size_t n, int *ret_line)
{
	const char *end = text + n;

	for (const char *s = text; s < end; s++) {
		enum begin b = begins[(unsigned char)*s];
		const char *kind = b ? guess_at(text, s, end, b) : NULL;
		if (!kind)
			continue;
		if (ret_line)
			*ret_line = line_at(text, s);
		return kind;
	}
	return NULL;
}

/* ---- params ---- */

#define WORD_MAX_BYTES 32
/* The last two words of a name's last part: "train.myHfToken" gives "hf", "token". Returns how many there are. */
static size_t last_words(const char *name, char words[2][WORD_MAX_BYTES])
{
	const char *dot = strrchr(name, '.');
	size_t n = 0, len = 0;
	char before = 0;

	for (const char *p = dot ? dot + 1 : name;; p++) {
		bool part = is_a(*p, ALNUM);
		if (len && (!part || (isupper((unsigned char)*p) && islower((unsigned char)before)))) {
			words[n++][len] = '\0';
			len = 0;
		}
		if (!*p)
			return n;
		if (part && n == 2) {
			memcpy(words[0], words[1], WORD_MAX_BYTES);
			n--;
		}
		if (part && len < WORD_MAX_BYTES - 1)
			words[n][len++] = (char)tolower((unsigned char)*p);
		before = *p;
	}
}

/* Tokens of language models have names like those of services. */
static bool is_of_text(const char *word)
{
	static const char *const words[] = {"bos",    "eos",   "pad",    "unk",      "mask",        "sep",    "cls",
	                                    "stop",   "start", "end",    "begin",    "special",     "class",  "image",
	                                    "audio",  "video", "target", "trigger",  "placeholder", "prompt", "prefix",
	                                    "suffix", "text",  "new",    "separator"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(word, words[i]))
			return true;
	return false;
}

struct named {
	const char *word, *kind;
};
/* The word that a name ends with. */
static const struct named ends[] = {
        {"password", "a password"},     {"passwd", "a password"},
        {"passphrase", "a password"},   {"secret", "a secret"},
        {"token", "a token"},           {"apikey", "an API key"},
        {"credential", "a credential"}, {"credentials", "a credential"},
};
/* The word before "key". */
static const struct named keys[] = {
        {"api", "an API key"},
        {"access", "an access key"},
        {"private", "a private key"},
        {"secret", "a secret key"},
        {"wandb", "a key of Weights & Biases"},
};

static const char *guess_name(const char *name)
{
	char words[2][WORD_MAX_BYTES];
	size_t n = last_words(name, words);

	if (n > 1 && !strcmp(words[n - 1], "key"))
		for (size_t i = 0; i < ARRAY_LEN(keys); i++)
			if (!strcmp(words[n - 2], keys[i].word))
				return keys[i].kind;
	for (size_t i = 0; n && i < ARRAY_LEN(ends); i++)
		if (!strcmp(words[n - 1], ends[i].word))
			return n > 1 && !strcmp(ends[i].word, "token") && is_of_text(words[n - 2]) ? NULL
			                                                                           : ends[i].kind;
	return NULL;
}

/* A text that may be a secret's value: one word, no path, no reference to a variable or a gap to be filled in. */
static bool may_be_value(const char *s, size_t n, bool token)
{
	static const char *const paths[] = {".json", ".yaml", ".yml", ".toml", ".txt", ".pem", ".key", ".env", ".csv"};
	bool name = true, digit = false;

	if (n < PARAM_MIN || strchr("<[{$/~.", s[0]) || is_placeholder(s, n))
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c <= ' ' && token)
			return false;
		name &= isupper(c) || isdigit(c) || c == '_';
		digit |= isdigit(c) != 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (text_ends(s, paths[i]))
			return false;
	/* HF_TOKEN is a variable's name. */
	return !(name && memchr(s, '_', n)) && (!token || digit);
}

static const char *guess_text(const char *kind, const char *s, size_t n)
{
	const char *shape = secret_guess(s, n, NULL);

	return shape ? shape : kind && may_be_value(s, n, !strcmp(kind, "a token")) ? kind : NULL;
}

const char *secret_guess_param(const char *name, const json_t *value)
{
	const char *kind = guess_name(name);

	if (json_is_string(value))
		return guess_text(kind, json_string_value(value), json_string_length(value));
	for (size_t i = 0; i < json_array_size(value); i++) {
		const char *found = secret_guess_param(name, json_array_get(value, i));
		if (found)
			return found;
	}
	return NULL;
}
